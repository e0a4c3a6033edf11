// LoopReductions.cpp - see LoopReductions.h.
#include "cameo/Codegen/LoopReductions.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;
using namespace cameo::codegen;

Value cameo::codegen::combine(OpBuilder &b, Operation *combiner, Value x, Value y) {
  OperationState state(combiner->getLoc(), combiner->getName(), {x, y}, x.getType(), combiner->getAttrs());
  return b.create(state)->getResult(0);
}

/// The accumulators of an innermost loop, when each is only combined with something and yielded.
static std::optional<SmallVector<Accumulator>> accumulatorsOf(scf::ForOp loop) {
  SmallVector<Accumulator> result;
  auto yield = cast<scf::YieldOp>(loop.getBody()->getTerminator());
  for (auto [arg, yielded] : llvm::zip(loop.getRegionIterArgs(), yield.getOperands())) {
    Operation *combiner = yielded.getDefiningOp();
    if (!combiner || !arg.hasOneUse() || *arg.user_begin() != combiner || !yielded.hasOneUse() ||
        combiner->getNumOperands() != 2 || combiner->getBlock() != loop.getBody())
      return std::nullopt;
    bool ordered =
        isa<arith::AddFOp, arith::MulFOp>(combiner) &&
        !arith::bitEnumContainsAll(cast<arith::ArithFastMathInterface>(combiner).getFastMathFlagsAttr().getValue(),
                                   arith::FastMathFlags::reassoc);
    // MLIR knows no limits of the index type.
    bool isLimitless = isa<arith::MinSIOp, arith::MaxSIOp, arith::MinUIOp, arith::MaxUIOp>(combiner) &&
                       combiner->getResult(0).getType().isIndex();
    std::optional<TypedAttr> neutral = isLimitless ? std::nullopt : arith::getNeutralElement(combiner);
    if (ordered || !neutral || !OpTrait::hasElementwiseMappableTraits(combiner))
      return std::nullopt;
    result.push_back({combiner, *neutral});
  }
  return result;
}

std::optional<ReductionNest> cameo::codegen::reductionNest(scf::ForOp inner) {
  auto accumulators = accumulatorsOf(inner);
  if (!accumulators)
    return std::nullopt;
  ReductionNest nest{{inner}, std::move(*accumulators)};
  while (auto outer = dyn_cast<scf::ForOp>(nest.loops.front()->getParentOp())) {
    scf::ForOp loop = nest.loops.front();
    auto yield = cast<scf::YieldOp>(outer.getBody()->getTerminator());
    bool forwards = outer.getNumResults() > 0 && llvm::equal(loop.getInitArgs(), outer.getRegionIterArgs()) &&
                    llvm::equal(yield.getOperands(), loop.getResults()) &&
                    llvm::all_of(outer.getRegionIterArgs(), [](Value v) { return v.hasOneUse(); }) &&
                    llvm::all_of(outer.getBody()->without_terminator(), [&](Operation &op) {
                      return &op == loop.getOperation() || (op.getNumRegions() == 0 && isMemoryEffectFree(&op));
                    });
    if (!forwards)
      break;
    nest.loops.insert(nest.loops.begin(), outer);
  }
  return nest;
}
