// LaneAnalysis.cpp - the analysis declared in LaneAnalysis.h: values are raised from uniform to linear to varying until
// nothing changes.
#include "cameo/Codegen/LaneAnalysis.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;
using namespace cameo::codegen;

/// What a function like exp becomes, about.
constexpr unsigned kFunctionOps = 16;

LaneAnalysis::LaneAnalysis(scf::ForOp loop, bool reduction) {
  lanes[loop.getInductionVar()] = {Lane::Linear, 1};
  if (!loop.getRegionIterArgs().empty() && !reduction)
    refuse("it carries values");
  for (Value arg : loop.getRegionIterArgs()) {
    lanes[arg] = {Lane::Varying};
    useType(arg.getType());
  }
  do {
    changed = false;
    accesses.clear();
    carried = ops = 0;
    visitBlock(*loop.getBody(), false);
  } while (changed && reason.empty());
  if (reason.empty())
    checkDependences();
}

void LaneAnalysis::raise(Value value, Lane lane) {
  if (lane.kind == Lane::Uniform)
    return;
  Lane &known = lanes[value];
  if (known == lane || known.kind == Lane::Varying)
    return;
  known = known.kind == Lane::Uniform ? lane : Lane{Lane::Varying};
  changed = true;
}

void LaneAnalysis::useType(Type type) {
  if (type.isIntOrFloat() && type.getIntOrFloatBitWidth() > 1)
    widest = std::max(widest, type.getIntOrFloatBitWidth());
}

void LaneAnalysis::visitBlock(Block &block, bool conditional) {
  for (Operation &op : block.without_terminator()) {
    if (!reason.empty())
      return;
    if (auto loop = dyn_cast<scf::ForOp>(op))
      visitFor(loop, conditional);
    else if (auto branch = dyn_cast<scf::IfOp>(op))
      visitIf(branch, conditional);
    else if (auto load = dyn_cast<memref::LoadOp>(op))
      visitAccess({load.getMemRef(), load.getIndices(), false}, &op, conditional);
    else if (auto store = dyn_cast<memref::StoreOp>(op))
      visitAccess({store.getMemRef(), store.getIndices(), true}, &op, conditional);
    else
      visitScalarOp(&op, conditional);
  }
}

void LaneAnalysis::visitFor(scf::ForOp loop, bool conditional) {
  for (Value bound : {loop.getLowerBound(), loop.getUpperBound(), loop.getStep()})
    if (of(bound).kind != Lane::Uniform)
      return refuse("a nested loop's bounds depend on the lane");
  auto yield = cast<scf::YieldOp>(loop.getBody()->getTerminator());
  auto join = [&](Value arg, Value source) {
    if (of(source).kind != Lane::Uniform)
      raise(arg, {Lane::Varying});
  };
  for (auto [init, arg] : llvm::zip(loop.getInitArgs(), loop.getRegionIterArgs()))
    join(arg, init);
  visitBlock(*loop.getBody(), conditional);
  unsigned varying = 0;
  for (auto [arg, yielded, result] : llvm::zip(loop.getRegionIterArgs(), yield.getOperands(), loop.getResults())) {
    join(arg, yielded);
    join(result, arg);
    if (of(arg).kind == Lane::Varying) {
      useType(arg.getType());
      ++varying;
    }
  }
  carried = std::max(carried, varying);
}

void LaneAnalysis::visitIf(scf::IfOp branch, bool conditional) {
  bool differs = of(branch.getCondition()).kind != Lane::Uniform;
  visitBlock(*branch.thenBlock(), conditional || differs);
  if (branch.elseBlock())
    visitBlock(*branch.elseBlock(), conditional || differs);
  for (auto [i, result] : llvm::enumerate(branch.getResults()))
    if (differs || of(branch.thenYield().getOperand(i)).kind != Lane::Uniform ||
        of(branch.elseYield().getOperand(i)).kind != Lane::Uniform)
      raise(result, {Lane::Varying});
}

void LaneAnalysis::visitAccess(Access access, Operation *op, bool conditional) {
  auto type = cast<MemRefType>(access.memref.getType());
  SmallVector<int64_t> strides;
  int64_t offset, step = 0;
  if (of(access.memref).kind != Lane::Uniform || failed(type.getStridesAndOffset(strides, offset)))
    return refuse("a buffer has no strides");
  for (auto [index, stride] : llvm::zip(access.indices, strides)) {
    Lane lane = of(index);
    if (lane.kind == Lane::Varying || (lane.kind == Lane::Linear && ShapedType::isDynamic(stride)))
      return refuse("an address is not linear in the lane");
    step += lane.step * (ShapedType::isDynamic(stride) ? 0 : stride);
  }
  if (step != 1 && (step < 0 || step > kMostStep || access.isStore || (step == 0 && conditional)))
    return refuse(step == 0 ? "all lanes access one element" : "the elements that lanes access are not neighbours");
  useType(type.getElementType());
  accesses.push_back(access);
  steps[op] = step;
  if (step != 0 && !access.isStore)
    raise(op->getResult(0), {Lane::Varying});
}

/// Sums, differences and constant multiples of indices stay linear.
Lane LaneAnalysis::indexArithmetic(Operation *op) const {
  auto lane = [&](unsigned i) { return of(op->getOperand(i)); };
  if (!isa<arith::AddIOp, arith::SubIOp, arith::MulIOp>(op) || lane(0).kind == Lane::Varying ||
      lane(1).kind == Lane::Varying)
    return {Lane::Varying};
  int64_t step = 0;
  if (isa<arith::MulIOp>(op)) {
    unsigned variable = lane(0).kind == Lane::Linear ? 0 : 1;
    std::optional<int64_t> factor = getConstantIntValue(op->getOperand(1 - variable));
    if (lane(1 - variable).kind == Lane::Linear || !factor)
      return {Lane::Varying};
    step = lane(variable).step * *factor;
  } else {
    step = lane(0).step + (isa<arith::SubIOp>(op) ? -lane(1).step : lane(1).step);
  }
  return step == 0 ? Lane{} : Lane{Lane::Linear, step};
}

void LaneAnalysis::visitScalarOp(Operation *op, bool conditional) {
  bool uniform = llvm::all_of(op->getOperands(), [&](Value v) { return of(v).kind == Lane::Uniform; });
  if (conditional && !isSpeculatable(op))
    return refuse("an op under a condition may not run without it");
  if (uniform && (isMemoryEffectFree(op) || (isa<func::CallOp>(op) && op->getNumResults() == 0 && !conditional)))
    return; // a call that records a failure: once for all lanes will do
  if (op->getNumResults() != 1 || !OpTrait::hasElementwiseMappableTraits(op))
    return refuse("an op has no vector form");
  Type type = op->getResult(0).getType();
  if (!type.isIntOrIndexOrFloat())
    return refuse("a value is neither a number nor an index");
  Lane lane = type.isIndex() ? indexArithmetic(op) : Lane{Lane::Varying};
  if (lane.kind == Lane::Varying) {
    useType(type);
    ops += isa<math::MathDialect>(op->getDialect()) ? kFunctionOps : 1;
  }
  raise(op->getResult(0), lane);
}

/// The buffer behind a view.
static Value rootOf(Value memref) {
  while (auto view = memref.getDefiningOp<memref::ReinterpretCastOp>())
    memref = view.getSource();
  return memref;
}

/// Where a buffer is written, lanes must keep to their own elements: every access through the same view, with the same
/// indices where lanes differ.
void LaneAnalysis::checkDependences() {
  for (const Access &store : accesses) {
    if (!store.isStore)
      continue;
    for (const Access &other : accesses) {
      if (rootOf(other.memref) != rootOf(store.memref))
        continue;
      bool same = other.memref == store.memref;
      for (auto [a, b] : llvm::zip(store.indices, other.indices))
        if (same && (of(a).kind != Lane::Uniform || of(b).kind != Lane::Uniform))
          same = a == b;
      if (!same)
        return refuse("lanes may read what other lanes write");
    }
  }
}
