// LoopDistribution.cpp - see LoopDistribution.h.
#include "LoopDistribution.h"
#include "ThreadBuilder.h"
#include "cameo/Codegen/LoopReductions.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;
using namespace cameo::codegen;

namespace {

constexpr int64_t kWarp = 32;
/// Iterations of a loop whose number only the run knows.
constexpr int64_t kAssumed = 1024;
/// Loops with fewer iterations leave most of a warp idle.
constexpr int64_t kFewest = 16;
constexpr int64_t kSlotBytes = 8; ///< of an accumulator in shared memory

int64_t iterationsOf(scf::ForOp loop) {
  auto low = getConstantIntValue(loop.getLowerBound()), high = getConstantIntValue(loop.getUpperBound());
  return low && high ? *high - *low : kAssumed;
}

bool stores(Operation *op) {
  return op
      ->walk([](Operation *inner) {
        bool isKnown = inner->getNumRegions() > 0 || isa<memref::LoadOp>(inner) || isMemoryEffectFree(inner) ||
                       inner->hasTrait<OpTrait::IsTerminator>();
        return isKnown ? WalkResult::advance() : WalkResult::interrupt();
      })
      .wasInterrupted();
}

class Distributor {
public:
  explicit Distributor(func::FuncOp kernel) : kernel(kernel) {}

  void run() {
    Block *tile = tileBlock();
    if (!tile || !plan(*tile) || longest < kFewest)
      return;
    threads = longest <= 4 * kWarp ? kWarp : longest <= 1024 ? 4 * kWarp : 8 * kWarp;
    OpBuilder top = OpBuilder::atBlockBegin(&kernel.getBody().front());
    ThreadBuilder t(top, kernel.getLoc());
    thread = t.threadNumber();
    for (ReductionNest &nest : reductions)
      distribute(nest);
    for (scf::ForOp loop : parallels) {
      startAtThread(loop);
      putBarriersAround(loop);
    }
    for (Operation *store : lonely)
      storeByOne(store);
    setBlock(tile->getParentOp() == kernel ? tile->getTerminator() : tile->getParentOp(), threads,
             threads > kWarp ? int64_t(mostAccumulators) * threads / kWarp * kSlotBytes : 0);
  }

private:
  /// What a tile is: the body of the one loop from the slice's begin, or the kernel's own.
  Block *tileBlock() {
    Block &body = kernel.getBody().front();
    Value begin = body.getArgument(body.getNumArguments() - 2);
    for (Operation &op : body)
      if (auto loop = dyn_cast<scf::ForOp>(op); loop && loop.getLowerBound() == begin) {
        bool isAlone = llvm::all_of(body, [&](Operation &other) {
          return &other == &op || isMemoryEffectFree(&other) || other.hasTrait<OpTrait::IsTerminator>() ||
                 isa<memref::LoadOp>(other);
        });
        return isAlone && loop.getRegionIterArgs().empty() ? loop.getBody() : nullptr;
      }
    return begin.use_empty() ? &body : nullptr;
  }

  /// Sorts what is in a tile; false where it can't be distributed.
  bool plan(Block &tile) {
    for (Operation &op : tile.without_terminator()) {
      if (auto loop = dyn_cast<scf::ForOp>(op)) {
        if (!planLoop(loop))
          return false;
      } else if (isa<memref::StoreOp>(op)) {
        lonely.push_back(&op);
      } else if (stores(&op)) {
        return false;
      }
    }
    return true;
  }

  bool planLoop(scf::ForOp loop) {
    scf::ForOp inner = loop;
    for (;;) { // of a nest of reductions the innermost
      auto nested = llvm::to_vector(inner.getBody()->getOps<scf::ForOp>());
      if (nested.size() != 1 || inner.getRegionIterArgs().empty())
        break;
      inner = nested.front();
    }
    auto isDivisible = [](scf::ForOp l, bool isReduction) {
      return getConstantIntValue(l.getStep()) == 1 && LaneAnalysis(l, isReduction).refusal().empty();
    };
    if (!loop.getRegionIterArgs().empty()) {
      std::optional<ReductionNest> nest = reductionNest(inner);
      if (nest && nest->loops.front() == loop && isDivisible(inner, true)) {
        longest = std::max(longest, iterationsOf(inner));
        mostAccumulators = std::max(mostAccumulators, nest->accumulators.size());
        reductions.push_back(std::move(*nest));
        return true;
      }
    } else if (isDivisible(loop, false)) {
      longest = std::max(longest, iterationsOf(loop));
      parallels.push_back(loop);
      return true;
    }
    return !stores(loop); // all threads do the same
  }

  void startAtThread(scf::ForOp loop) {
    OpBuilder b(loop);
    ThreadBuilder t(b, loop.getLoc());
    loop.setLowerBound(t.add(loop.getLowerBound(), t.toIndex(thread)));
    loop.setStep(arith::ConstantIndexOp::create(b, loop.getLoc(), threads));
  }

  void putBarriersAround(Operation *op) {
    OpBuilder b(op);
    ThreadBuilder(b, op->getLoc()).barrier();
    b.setInsertionPointAfter(op);
    ThreadBuilder(b, op->getLoc()).barrier();
  }

  void storeByOne(Operation *store) {
    OpBuilder b(store);
    ThreadBuilder t(b, store->getLoc());
    Value isFirst = arith::CmpIOp::create(b, store->getLoc(), arith::CmpIPredicate::eq, thread, t.number(0));
    auto branch = scf::IfOp::create(b, store->getLoc(), isFirst, /*withElseRegion=*/false);
    store->moveBefore(branch.thenYield());
    putBarriersAround(branch);
  }

  void distribute(ReductionNest &nest) {
    scf::ForOp outer = nest.loops.front();
    startAtThread(nest.loops.back());
    SmallVector<Value> init(outer.getInitArgs());
    OpBuilder b(outer);
    for (auto [i, accumulator] : llvm::enumerate(nest.accumulators))
      outer.getInitArgsMutable()[i].set(arith::ConstantOp::create(b, outer.getLoc(), accumulator.neutral));
    b.setInsertionPointAfter(outer);
    SmallVector<Value> parts(outer.getResults()), totals;
    SmallVector<SmallVector<OpOperand *>> uses;
    for (Value part : parts)
      uses.push_back(llvm::map_to_vector(part.getUses(), [](OpOperand &use) { return &use; }));
    ThreadBuilder t(b, outer.getLoc());
    for (auto [accumulator, part] : llvm::zip(nest.accumulators, parts))
      for (int64_t distance = kWarp / 2; distance; distance /= 2)
        part = combine(b, accumulator.combiner, part, exchange(t, part, distance));
    if (threads > kWarp)
      combineWarps(t, nest, parts);
    for (auto [accumulator, part, start, places] : llvm::zip(nest.accumulators, parts, init, uses)) {
      Value total = combine(b, accumulator.combiner, start, part);
      for (OpOperand *use : places)
        use->set(total);
    }
  }

  /// The value of the lane whose number differs in the bit `distance`.
  Value exchange(ThreadBuilder &t, Value value, int64_t distance) {
    unsigned width = value.getType().getIntOrFloatBitWidth();
    Type bitsType = t.b.getIntegerType(width), word = t.b.getI32Type();
    auto swap = [&](Value bits) { return t.exchange(bits, distance); };
    Value bits = toBits(t, value);
    Value result;
    if (width <= 32) {
      result = width < 32 ? Value(arith::ExtUIOp::create(t.b, t.loc, word, bits)) : bits;
      result = swap(result);
      if (width < 32)
        result = arith::TruncIOp::create(t.b, t.loc, bitsType, result);
    } else {
      Value shift = arith::ConstantOp::create(t.b, t.loc, t.b.getIntegerAttr(bitsType, 32));
      Value low = swap(arith::TruncIOp::create(t.b, t.loc, word, bits));
      Value high =
          swap(arith::TruncIOp::create(t.b, t.loc, word, Value(arith::ShRUIOp::create(t.b, t.loc, bits, shift))));
      high = arith::ShLIOp::create(t.b, t.loc, Value(arith::ExtUIOp::create(t.b, t.loc, bitsType, high)), shift);
      result = arith::OrIOp::create(t.b, t.loc, high, Value(arith::ExtUIOp::create(t.b, t.loc, bitsType, low)));
    }
    return fromBits(t, value.getType(), result);
  }

  static Value toBits(ThreadBuilder &t, Value value) {
    if (value.getType().isInteger())
      return value;
    return arith::BitcastOp::create(t.b, t.loc, t.b.getIntegerType(value.getType().getIntOrFloatBitWidth()), value);
  }
  static Value fromBits(ThreadBuilder &t, Type type, Value bits) {
    return type.isInteger() ? bits : Value(arith::BitcastOp::create(t.b, t.loc, type, bits));
  }

  /// Each warp's first lane stores its part, and all threads combine them in the same order.
  void combineWarps(ThreadBuilder &t, ReductionNest &nest, SmallVectorImpl<Value> &parts) {
    int64_t warps = threads / kWarp;
    Value shared = t.sharedMemory();
    Value isFirst = arith::CmpIOp::create(t.b, t.loc, arith::CmpIPredicate::eq, t.rem(thread, kWarp), t.number(0));
    auto branch = scf::IfOp::create(t.b, t.loc, isFirst, /*withElseRegion=*/false);
    {
      OpBuilder inside = branch.getThenBodyBuilder();
      ThreadBuilder u(inside, t.loc);
      for (auto [i, part] : llvm::enumerate(parts))
        u.store(part, u.offset(shared, u.mul(u.add(u.div(thread, kWarp), int64_t(i) * warps), kSlotBytes)), 8);
    }
    t.barrier();
    for (auto [i, part] : llvm::enumerate(parts))
      for (int64_t warp = 0; warp < warps; ++warp) {
        Value other = t.load(part.getType(), t.offset(shared, t.number((int64_t(i) * warps + warp) * kSlotBytes)), 8);
        part = warp ? combine(t.b, nest.accumulators[i].combiner, part, other) : other;
      }
    t.barrier(); // the places are free again
  }

  func::FuncOp kernel;
  SmallVector<ReductionNest> reductions;
  SmallVector<scf::ForOp> parallels;
  SmallVector<Operation *> lonely; ///< stores outside of loops
  int64_t longest = 0, threads = 0;
  size_t mostAccumulators = 0;
  Value thread;
};

} // namespace

void cameo::codegen::distributeLoops(func::FuncOp kernel) { Distributor(kernel).run(); }
