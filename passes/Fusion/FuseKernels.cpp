// FuseKernels.cpp - grows kernels from anchors over pointwise consumers and element-wise producers.
#include "Kernels.h"
#include "cameo/Passes/Fusion/Passes.h"
#include <set>

namespace cameo {
#define GEN_PASS_DEF_FUSEKERNELSPASS
#include "cameo/Passes/Fusion/Passes.h.inc"
} // namespace cameo

using namespace mlir;
using namespace cameo;

namespace {

/// More would make kernels that neither LLVM nor a reader enjoys.
constexpr size_t kMaxOps = 24;
constexpr size_t kMaxResults = 3;

class Grower {
public:
  Grower(ShapeAnalysis &shapes, Block &block) : shapes(shapes), block(block) {}

  /// The kernel that grows from `seed`, in block order.
  SmallVector<Operation *> grow(Operation *seed) {
    members.insert(seed);
    auto anchor = cast<KernelInterface>(seed);
    bool isAnchor = !isa<IndexableInterface>(seed);
    if (seed->getNumResults() == 1 && anchor.allowsEpilogue())
      growForward(seed);
    growBackward(isAnchor ? seed : nullptr);
    SmallVector<Operation *> ops(members.begin(), members.end());
    llvm::sort(ops, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
    return ops;
  }

private:
  /// The op of this block that `user` is, or lies in; null when it is elsewhere.
  Operation *inBlock(Operation *user) { return block.findAncestorOpInBlock(*user); }

  bool sameShape(Value a, Value b) { return shapes.dimsOf(a) == shapes.dimsOf(b); }

  /// True when no op outside the kernel uses a member's result before `place`.
  bool usersComeAfter(Operation *place, Operation *candidate) {
    size_t results = 0;
    for (Operation *member : members) {
      bool escapes = false;
      for (Operation *user : member->getUsers()) {
        if (members.contains(user) || user == candidate)
          continue;
        escapes = true;
        Operation *at = inBlock(user);
        if (!at || !place->isBeforeInBlock(at))
          return false;
      }
      results += escapes;
    }
    return results < kMaxResults;
  }

  void growForward(Operation *seed) {
    Value shape = seed->getResult(0);
    SmallVector<Operation *> work{seed};
    // Candidates in block order: a later one may need an earlier one inside.
    std::set<Operation *, bool (*)(Operation *, Operation *)> candidates(
        [](Operation *a, Operation *b) { return a != b && a->isBeforeInBlock(b); });
    auto addUsers = [&](Operation *op) {
      for (Operation *user : op->getUsers())
        if (user->getBlock() == &block && isa<PointwiseInterface>(user) && needsKernel(shapes, user))
          candidates.insert(user);
    };
    addUsers(seed);
    while (!candidates.empty() && members.size() < kMaxOps) {
      Operation *op = *candidates.begin();
      candidates.erase(candidates.begin());
      if (members.contains(op) || !sameShape(op->getResult(0), shape))
        continue;
      // A member read through a broadcast would be needed at other indices than its own.
      bool aligned = llvm::all_of(op->getOperands(), [&](Value v) {
        return !members.contains(v.getDefiningOp()) || sameShape(v, shape);
      });
      if (!aligned || !usersComeAfter(op, op))
        continue;
      members.insert(op);
      addUsers(op);
    }
  }

  /// Takes in producers with one use that can be evaluated where they are read. With an anchor only its own operands count:
  /// what is fused behind it reads vectors from memory.
  void growBackward(Operation *anchor) {
    SmallVector<Operation *> work;
    if (anchor)
      work.push_back(anchor);
    else
      work.append(members.begin(), members.end());
    while (!work.empty() && members.size() < kMaxOps) {
      Operation *reader = work.pop_back_val();
      for (auto [i, operand] : llvm::enumerate(reader->getOperands())) {
        Operation *producer = operand.getDefiningOp();
        if (!producer || producer->getBlock() != &block || members.contains(producer) || !operand.hasOneUse() ||
            !isa<IndexableInterface>(producer) || !needsKernel(shapes, producer) ||
            !cast<KernelInterface>(reader).allowsPrologue(i))
          continue;
        // Reading it more often than once per element would repeat its work.
        if (isa<IndexableInterface>(reader) &&
            shapes.numElements(operand) != shapes.numElements(reader->getResult(0)))
          continue;
        members.insert(producer);
        work.push_back(producer);
      }
    }
  }

  ShapeAnalysis &shapes;
  Block &block;
  llvm::SmallSetVector<Operation *, 16> members;
};

struct FuseKernels : public cameo::impl::FuseKernelsPassBase<FuseKernels> {
  using FuseKernelsPassBase::FuseKernelsPassBase;

  void fuseBlock(Block &block) {
    ShapeAnalysis shapes;
    // Anchors first: they gain most from what follows them.
    for (bool anchors : {true, false}) {
      SmallVector<Operation *> seeds;
      for (Operation &op : block)
        if (isa<IndexableInterface>(op) != anchors && needsKernel(shapes, &op) && !op.use_empty())
          seeds.push_back(&op);
      llvm::SmallPtrSet<Operation *, 32> gone;
      for (Operation *seed : seeds) {
        if (gone.contains(seed))
          continue;
        SmallVector<Operation *> ops = Grower(shapes, block).grow(seed);
        if (ops.size() == 1)
          continue;
        fused += ops.size() - 1;
        gone.insert(ops.begin(), ops.end());
        // Facts about the moved values go with them; the analysis relearns the kernel's results.
        for (Operation *op : ops)
          for (Value v : op->getResults())
            shapes.forget(v);
        formKernel(ops);
      }
    }
  }

  void runOnOperation() override {
    SmallVector<Block *> blocks;
    getOperation().walk<WalkOrder::PreOrder>([&](Operation *op) {
      if (isa<KernelOp>(op))
        return WalkResult::skip();
      for (Region &region : op->getRegions())
        for (Block &block : region)
          blocks.push_back(&block);
      return WalkResult::advance();
    });
    for (Block *block : blocks)
      fuseBlock(*block);
  }
};

} // namespace
