// LoopBorders.cpp - a loop whose first and last iterations differ from those between them becomes three.
#include "LoopBorders.h"
#include "cameo/Codegen/LaneAnalysis.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace cameo::codegen;

namespace {

/// Finds the iterations of a loop in which minima, maxima and range checks of indices are decided as in the middle.
class BorderSplitter {
public:
  explicit BorderSplitter(scf::ForOp loop) : loop(loop), b(loop), loc(loop.getLoc()) {}
  bool run();

private:
  Value decided(Value v) const {
    Value known = decisions.lookup(v);
    return known ? known : v;
  }
  std::optional<int64_t> stepOf(Value v);
  std::optional<int64_t> stepOfResult(Operation *op);
  Value first(Value v);
  void decide(Operation *op);
  void from(Value distance, int64_t step);
  void upTo(Value distance, int64_t step);
  Value sub(Value x, Value y) { return b.createOrFold<arith::SubIOp>(loc, x, y); }
  Value add(Value x, Value y) { return b.createOrFold<arith::AddIOp>(loc, x, y); }
  Value number(int64_t n) { return arith::ConstantIndexOp::create(b, loc, n); }

  scf::ForOp loop;
  OpBuilder b;
  Location loc;
  DenseMap<Value, std::optional<int64_t>> steps;
  IRMapping atFirst; ///< values of the first iteration
  Value begin, end;  ///< of the middle
  /// What the result of an op is there; null: true.
  llvm::MapVector<Value, Value> decisions;
};

} // namespace

/// By how much an index grows per iteration; nullopt: not by a constant.
std::optional<int64_t> BorderSplitter::stepOf(Value v) {
  v = decided(v);
  if (v == loop.getInductionVar())
    return 1;
  if (loop.isDefinedOutsideOfLoop(v))
    return 0;
  if (!steps.contains(v)) {
    Operation *op = v.getDefiningOp();
    auto step = op && op->getNumRegions() == 0 && isPure(op) ? stepOfResult(op) : std::nullopt;
    steps[v] = step;
  }
  return steps[v];
}

std::optional<int64_t> BorderSplitter::stepOfResult(Operation *op) {
  SmallVector<int64_t> steps;
  for (Value operand : op->getOperands()) {
    auto step = stepOf(operand);
    if (!step)
      return std::nullopt;
    steps.push_back(*step);
  }
  if (llvm::all_of(steps, [](int64_t step) { return step == 0; }))
    return 0;
  if (isa<arith::AddIOp>(op))
    return steps[0] + steps[1];
  if (isa<arith::SubIOp>(op))
    return steps[0] - steps[1];
  if (isa<arith::MulIOp>(op))
    for (auto [i, step] : llvm::enumerate(steps))
      if (auto factor = getConstantIntValue(op->getOperand(1 - i)))
        return step * *factor;
  return std::nullopt;
}

/// A value that stepOf knows, in the first iteration, as the middle has it.
Value BorderSplitter::first(Value v) {
  v = decided(v);
  if (loop.isDefinedOutsideOfLoop(v) || atFirst.contains(v))
    return atFirst.lookupOrDefault(v);
  Operation *op = v.getDefiningOp();
  IRMapping operands = atFirst;
  for (Value operand : op->getOperands())
    operands.map(operand, first(operand));
  Operation *copy = b.clone(*op, operands);
  SmallVector<Value> results(copy->getResults()), folded;
  if (succeeded(b.tryFold(copy, folded)) && !folded.empty()) {
    results = folded;
    copy->erase();
  }
  atFirst.map(op->getResults(), results);
  return atFirst.lookup(v);
}

/// The middle begins where `distance` has been covered.
void BorderSplitter::from(Value distance, int64_t step) {
  Value iterations = step == 1 ? distance : b.createOrFold<arith::CeilDivSIOp>(loc, distance, number(step));
  begin = b.createOrFold<arith::MaxSIOp>(loc, begin, add(loop.getLowerBound(), iterations));
}

/// The middle ends behind the last iteration that has covered at most `distance`.
void BorderSplitter::upTo(Value distance, int64_t step) {
  Value iterations = step == 1 ? distance : b.createOrFold<arith::FloorDivSIOp>(loc, distance, number(step));
  end = b.createOrFold<arith::MinSIOp>(loc, end, add(loop.getLowerBound(), add(iterations, number(1))));
}

/// Maxima are decided at the beginning of a loop, minima at its end, range checks at both.
void BorderSplitter::decide(Operation *op) {
  if (!isa<arith::MaxSIOp, arith::MinSIOp, arith::CmpIOp>(op) || !op->getOperand(0).getType().isIndex())
    return;
  Value moving = op->getOperand(0), fixed = op->getOperand(1);
  auto step = stepOf(moving), other = stepOf(fixed);
  auto compare = dyn_cast<arith::CmpIOp>(op);
  if (step == 0 && !compare)
    std::swap(moving, fixed), std::swap(step, other);
  if (!step || *step == 0 || other != 0)
    return;
  if (compare) {
    if (compare.getPredicate() != arith::CmpIPredicate::ult || *step < 0)
      return;
    from(sub(number(0), first(moving)), *step);
    upTo(sub(sub(first(fixed), number(1)), first(moving)), *step);
    decisions.insert({op->getResult(0), Value()});
    return;
  }
  bool grows = *step > 0;
  Value distance = grows ? sub(first(fixed), first(moving)) : sub(first(moving), first(fixed));
  isa<arith::MaxSIOp>(op) ? from(distance, std::abs(*step)) : upTo(distance, std::abs(*step));
  // What is beyond a bound at first is within it later, and the other way round.
  decisions.insert({op->getResult(0), decided(grows ? moving : fixed)});
}

/// Folds what the decisions leave to fold.
static void foldBody(scf::ForOp loop) {
  loop.getBody()->walk([](Operation *op) {
    OpBuilder b(op);
    SmallVector<Value> folded;
    if (succeeded(b.tryFold(op, folded)) && !folded.empty())
      op->replaceAllUsesWith(folded);
  });
  SmallVector<Operation *> ops;
  loop.getBody()->walk([&](Operation *op) { ops.push_back(op); });
  for (Operation *op : llvm::reverse(ops))
    if (op->getNumRegions() == 0 && isOpTriviallyDead(op))
      op->erase();
}

bool BorderSplitter::run() {
  begin = loop.getLowerBound(), end = loop.getUpperBound();
  atFirst.map(loop.getInductionVar(), begin);
  loop.getBody()->walk([&](Operation *op) { decide(op); });
  if (decisions.empty())
    return false;
  begin = b.createOrFold<arith::MinSIOp>(loc, begin, loop.getUpperBound());
  end = b.createOrFold<arith::MaxSIOp>(loc, end, begin);
  auto before = cast<scf::ForOp>(b.clone(*loop));
  before.setUpperBound(begin);
  IRMapping inMiddle;
  auto middle = cast<scf::ForOp>(b.clone(*loop, inMiddle));
  middle.setLowerBound(begin);
  middle.setUpperBound(end);
  OpBuilder early = OpBuilder::atBlockBegin(middle.getBody());
  Value always = arith::ConstantIntOp::create(early, loc, 1, 1);
  for (auto [result, value] : decisions)
    inMiddle.lookup(result).replaceAllUsesWith(value ? inMiddle.lookupOrDefault(value) : always);
  foldBody(middle);
  if (!LaneAnalysis(middle, /*reduction=*/false).refusal().empty()) {
    before.erase(), middle.erase();
    return false;
  }
  loop.setLowerBound(end);
  for (scf::ForOp part : {before, loop})
    if (isEqualConstantIntOrValue(part.getLowerBound(), part.getUpperBound()))
      part.erase();
  return true;
}

void cameo::codegen::splitBorders(func::FuncOp function) {
  SmallVector<scf::ForOp> loops;
  function.walk([&](scf::ForOp loop) {
    if (loop.getRegionIterArgs().empty() && getConstantIntValue(loop.getStep()) == 1 &&
        loop.getBody()->getOps<LoopLikeOpInterface>().empty() &&
        !LaneAnalysis(loop, /*reduction=*/false).refusal().empty())
      loops.push_back(loop);
  });
  for (scf::ForOp loop : loops)
    BorderSplitter(loop).run();
}
