// FuseKernels.cpp - decides which ops share a kernel, block by block, and forms the kernels. Decisions come first, on a
// KernelGraph; the IR changes afterwards.
#include "KernelGraph.h"
#include "Kernels.h"
#include "cameo/Dialect/Cameo/Cost.h"
#include "cameo/Passes/Blocks.h"
#include "cameo/Passes/Fusion/Passes.h"
#include "cameo/Passes/Remarks.h"
#include "mlir/IR/Iterators.h"
#include <map>
#include <queue>

namespace cameo {
#define GEN_PASS_DEF_FUSEKERNELSPASS
#include "cameo/Passes/Fusion/Passes.h.inc"
} // namespace cameo

using namespace mlir;
using namespace cameo;

/// Whether `op` makes more bytes of what it reads, element by element, and of numbers: a dequantization, a conversion
/// to a wider type. Its readers had better do that.
static bool widens(ShapeAnalysis &shapes, Operation *op) {
  if (!isa<PointwiseInterface>(op) || op->getNumOperands() == 0)
    return false;
  Value x = op->getOperand(0), result = op->getResult(0);
  return storageBits(getElementTypeOrSelf(x)) < storageBits(getElementTypeOrSelf(result)) &&
         shapes.dimsOf(x) == shapes.dimsOf(result) && !x.getDefiningOp<ConstantOp>() &&
         llvm::all_of(op->getOperands().drop_front(), [&](Value v) { return shapes.numElements(v).isConstant(1); });
}

/// Whether `op` makes fewer bytes of what it reads, element by element.
static bool narrows(Operation *op) {
  return isa<PointwiseInterface>(op) && op->getNumOperands() > 0 &&
         storageBits(getElementTypeOrSelf(op->getOperand(0))) > storageBits(getElementTypeOrSelf(op->getResult(0)));
}

/// Gives each reader of what an op widens a copy of that op.
static void separateReaders(Block &block) {
  ShapeAnalysis shapes;
  for (Operation &op : llvm::make_early_inc_range(block)) {
    if (op.getNumResults() != 1 || op.getResult(0).hasOneUse() || !widens(shapes, &op))
      continue;
    OpBuilder b(&op);
    llvm::SmallDenseMap<Operation *, Value> copies;
    for (OpOperand &use : llvm::make_early_inc_range(op.getResult(0).getUses())) {
      Value &copy = copies[use.getOwner()];
      if (!copy)
        copy = copies.size() == 1 ? op.getResult(0) : b.clone(op)->getResult(0);
      use.set(copy);
    }
  }
}

namespace {

/// More would make kernels that neither LLVM nor a reader enjoys.
constexpr size_t kMostOps = 32;
constexpr size_t kMostResults = 6;
/// What a launch costs, as bytes moved: half a microsecond at 16 GB/s.
constexpr int64_t kLaunchBytes = 8192;
/// A core computes about two vectorised operations in the time that one byte takes between it and its L2 cache.
constexpr int64_t kOperationsPerByte = 2;
/// What is read out of order should lie in a core's L2 cache.
constexpr int64_t kCacheBytes = 1 << 20;
/// Kernels on more than this gain nothing from a shared launch.
constexpr int64_t kSmallBytes = 32768;

class BlockFusion {
public:
  BlockFusion(StringRef pass, Block &block) : pass(pass), block(block), graph(block) {}

  void run() {
    for (Operation &op : block)
      if (isAnchor(&op))
        growEpilogue(&op);
    for (Operation &op : llvm::reverse(block))
      if (isIndexable(&op) && isAlone(&op))
        intoReaders(&op);
    joinSmall();
    formKernels();
  }

private:
  using Reason = std::string; ///< why not; empty: it may be

  bool isIndexable(Operation *op) { return isa<IndexableInterface>(op) && needsKernel(shapes, op); }
  bool isAnchor(Operation *op) { return !isa<IndexableInterface>(op) && needsKernel(shapes, op); }
  bool isKernel(Operation *op) { return needsKernel(shapes, op); }
  bool isAlone(Operation *op) { return graph.ops(graph.groupOf(op)).size() == 1; }
  bool haveEqualShapes(Value x, Value y) { return shapes.dimsOf(x) == shapes.dimsOf(y); }
  Operation *anchorOf(unsigned group) {
    auto it = llvm::find_if(graph.ops(group), [&](Operation *op) { return isAnchor(op); });
    return it == graph.ops(group).end() ? nullptr : *it;
  }

  SmallVector<Value> results(unsigned a, std::optional<unsigned> b = {});
  Value spaceOf(unsigned group);
  llvm::SmallPtrSet<Operation *, 16> epilogueOf(unsigned group);
  bool isPointwise(unsigned group);
  Reason join(unsigned a, unsigned b);

  void growEpilogue(Operation *anchor);
  Reason fitsEpilogue(Operation *op, Operation *anchor);
  bool isLeftToReaders(Operation *op);
  bool rowsStayRows(Value source, Value result);

  void intoReaders(Operation *op);
  Reason mayEvaluateIn(Operation *op, unsigned group, Dim &times);
  Reason isWorthIt(Operation *op, Dim times);
  Reason isReadWell(Operation *op);

  void joinSmall();
  void formKernels();

  StringRef pass;
  Block &block;
  ShapeAnalysis shapes;
  KernelGraph graph;
  DenseMap<Operation *, Dim> evaluations; ///< of elements of ops that are evaluated where they are read
  DenseMap<Operation *, Reason> refused;  ///< the last attempt that failed, as a sentence about the node
};

} // namespace

// ---- groups

/// Values of one group (or of two as if joined) that others use.
SmallVector<Value> BlockFusion::results(unsigned a, std::optional<unsigned> b) {
  SmallVector<Value> values;
  auto isInside = [&](Operation *user) {
    Operation *at = graph.inBlock(user);
    return at && (graph.groupOf(at) == a || graph.groupOf(at) == b);
  };
  for (unsigned group : {a, b.value_or(a)}) {
    for (Operation *op : graph.ops(group))
      for (Value v : op->getResults())
        if (llvm::any_of(v.getUsers(), [&](Operation *user) { return !isInside(user); }))
          values.push_back(v);
    if (!b)
      break;
  }
  return values;
}

/// The tensor over whose elements the group's kernel iterates when it stores: every result must have its shape. Null
/// when the group's anchor stores in its own way.
Value BlockFusion::spaceOf(unsigned group) {
  if (Operation *anchor = anchorOf(group)) {
    bool hasSpace = anchor->getNumResults() == 1 && cast<KernelInterface>(anchor).allowsEpilogue();
    return hasSpace ? Value(anchor->getResult(0)) : Value();
  }
  return graph.ops(group).back()->getResult(0);
}

/// The ops of a group with an anchor that are evaluated when it stores, on whole vectors: all that results need, up to
/// the anchor.
llvm::SmallPtrSet<Operation *, 16> BlockFusion::epilogueOf(unsigned group) {
  llvm::SmallPtrSet<Operation *, 16> epilogue;
  if (!anchorOf(group))
    return epilogue;
  SmallVector<Value> open = results(group);
  while (!open.empty()) {
    Operation *op = open.pop_back_val().getDefiningOp();
    if (op && op->getBlock() == &block && isKernel(op) && graph.groupOf(op) == group && !isAnchor(op) &&
        epilogue.insert(op).second)
      llvm::append_range(open, op->getOperands());
  }
  return epilogue;
}

bool BlockFusion::isPointwise(unsigned group) {
  return llvm::all_of(graph.ops(group), [](Operation *op) { return isa<PointwiseInterface>(op); });
}

BlockFusion::Reason BlockFusion::join(unsigned a, unsigned b) {
  if (graph.ops(a).size() + graph.ops(b).size() > kMostOps)
    return "the kernel would hold more than " + std::to_string(kMostOps) + " ops";
  if (results(a, b).size() > kMostResults)
    return "the kernel would store more than " + std::to_string(kMostResults) + " results";
  if (!graph.join(a, b))
    return "what lies between needs the one and is needed by the other";
  return {};
}

// ---- pointwise ops behind an anchor

/// Whether all readers of what `op` widens can do that themselves; then the narrow numbers are stored.
bool BlockFusion::isLeftToReaders(Operation *op) {
  return widens(shapes, op) && llvm::all_of(op->getResult(0).getUses(), [&](OpOperand &use) {
           Operation *reader = use.getOwner();
           return reader->getBlock() == &block && isKernel(reader) &&
                  cast<KernelInterface>(reader).allowsPrologue(use.getOperandNumber());
         });
}

BlockFusion::Reason BlockFusion::fitsEpilogue(Operation *op, Operation *anchor) {
  Value space = anchor->getResult(0);
  if (!haveEqualShapes(op->getResult(0), space))
    return "its result has another shape than that of the op before it";
  if (isPacked(getElementTypeOrSelf(op->getResult(0))))
    return "its elements share bytes, which must be stored in order";
  for (Value v : op->getOperands()) {
    Operation *producer = v.getDefiningOp();
    if (producer && producer->getBlock() == &block && graph.groupOf(producer) == graph.groupOf(anchor) &&
        !haveEqualShapes(v, space))
      return "it broadcasts what the kernel before it computes";
  }
  return {};
}

void BlockFusion::growEpilogue(Operation *anchor) {
  if (anchor->getNumResults() != 1 || !cast<KernelInterface>(anchor).allowsEpilogue())
    return;
  // In the block's order: a later op may need an earlier one inside.
  auto later = [](Operation *a, Operation *b) { return b->isBeforeInBlock(a); };
  std::priority_queue<Operation *, std::vector<Operation *>, decltype(later)> candidates(later);
  auto addUsers = [&](Operation *op) {
    for (Operation *user : op->getUsers())
      if (user->getBlock() == &block && isa<PointwiseInterface>(user) && isKernel(user) && isAlone(user))
        candidates.push(user);
  };
  addUsers(anchor);
  llvm::SmallSetVector<Operation *, 4> waiting; // for a reader that joins
  while (!candidates.empty()) {
    Operation *op = candidates.top();
    candidates.pop();
    if (!isAlone(op))
      continue;
    if (isLeftToReaders(op)) {
      waiting.insert(op);
      addUsers(op);
      continue;
    }
    llvm::SmallSetVector<Operation *, 4> joining; // an op may use one producer twice
    for (Value v : op->getOperands())
      if (Operation *producer = v.getDefiningOp(); waiting.contains(producer) && isAlone(producer))
        joining.insert(producer);
    joining.insert(op);
    Reason reason;
    for (Operation *each : joining)
      reason = reason.empty() ? fitsEpilogue(each, anchor) : reason;
    auto joins = [&](unsigned group) {
      return llvm::any_of(joining, [&](Operation *each) { return graph.groupOf(each) == group; });
    };
    if (reason.empty() && joining.size() > 1 && graph.leadsAround(graph.groupOf(anchor), graph.groupOf(op), joins))
      reason = "what lies between needs the one and is needed by the other";
    for (Operation *each : joining)
      reason = reason.empty() ? join(graph.groupOf(anchor), graph.groupOf(each)) : reason;
    if (reason.empty())
      addUsers(op);
    else
      refused[op] =
          "is not applied before the " + anchor->getName().stripDialect().str() + " before it stores: " + reason;
  }
}

// ---- producers into their readers

/// Whether evaluating `times` elements of `op` costs less than storing its result and reading it back.
BlockFusion::Reason BlockFusion::isWorthIt(Operation *op, Dim times) {
  Value result = op->getResult(0);
  int64_t operations = operationsPerElement(op);
  if (operations > 0 && times != shapes.numElements(result)) {
    auto extra = shapes.dims().sub(times, shapes.numElements(result)).constant();
    if (!extra)
      return "only the run knows whether its elements are needed more than once";
    int64_t saved = bytesOf(shapes, result).constant().value_or(0) * 2 + kLaunchBytes;
    if (*extra > saved * kOperationsPerByte / operations)
      return "computing it again for each element of its reader costs more than reading it";
  }
  return isa<PointwiseInterface>(op) ? Reason() : isReadWell(op);
}

/// Whether rows of `source` are, as far as sizes tell, rows of `result` again.
bool BlockFusion::rowsStayRows(Value source, Value result) {
  return shapes.rank(source) == shapes.rank(result) && shapes.rank(result) > 0 &&
         shapes.dimsOf(source).back() == shapes.dimsOf(result).back();
}

/// Whether a reader gets the elements of `op`, which only moves data, about as fast from where they come from.
BlockFusion::Reason BlockFusion::isReadWell(Operation *op) {
  if (op->getNumOperands() == 0)
    return {};
  Value source = op->getOperand(0), result = op->getResult(0);
  int64_t bytes = bytesOf(shapes, source).constant().value_or(INT64_MAX);
  if (!rowsStayRows(source, result) && bytes > kCacheBytes)
    return "its reader would read out of order what does not fit into a cache";
  auto isData = [&](Value v) { return getElementTypeOrSelf(v) == getElementTypeOrSelf(result) && shapes.rank(v) > 0; };
  if (llvm::count_if(op->getOperands(), isData) > 1 && bytes > kSmallBytes)
    return "it joins several tensors, which is faster as copies than as a choice per element";
  return {};
}

/// Whether the readers of `op` in `group` may compute its elements where they read them. `times`: how many in all.
BlockFusion::Reason BlockFusion::mayEvaluateIn(Operation *op, unsigned group, Dim &times) {
  Value result = op->getResult(0), space = spaceOf(group);
  DimContext &d = shapes.dims();
  llvm::SmallPtrSet<Operation *, 16> epilogue = epilogueOf(group);
  times = d.constant(0);
  for (OpOperand &use : result.getUses()) {
    Operation *reader = use.getOwner();
    if (reader->getBlock() != &block || graph.groupOf(reader) != group)
      continue;
    if (epilogue.contains(reader)) {
      if (!isa<PointwiseInterface>(op) || !haveEqualShapes(result, space))
        return "the kernel that reads it applies its last ops to vectors of one shape";
      times = d.max(times, shapes.numElements(result));
      continue;
    }
    if (!cast<KernelInterface>(reader).allowsPrologue(use.getOperandNumber()))
      return ("the " + reader->getName().stripDialect() + " that reads it needs its elements several times").str();
    // Vectors of few bytes, then blocks of them turned in registers.
    if (narrows(op) && isa<IndexableInterface>(reader) && !isa<PointwiseInterface>(reader) &&
        !rowsStayRows(result, reader->getResult(0)))
      return "it makes fewer bytes of what it reads, which are moved faster";
    auto known = evaluations.find(reader);
    times = d.max(times, isAnchor(reader)             ? shapes.numElements(result)
                         : known != evaluations.end() ? known->second
                                                      : shapes.numElements(reader->getResult(0)));
  }
  return isWorthIt(op, times);
}

/// Puts `op` into a kernel that reads it, with its result when others read that too.
void BlockFusion::intoReaders(Operation *op) {
  Value result = op->getResult(0);
  auto readers = [&] {
    llvm::SmallSetVector<unsigned, 4> groups;
    for (Operation *user : op->getUsers())
      if (user->getBlock() == &block && isKernel(user))
        groups.insert(graph.groupOf(user));
    return groups;
  };
  // Kernels that read it and store its shape read it once if they are one.
  llvm::SmallSetVector<unsigned, 4> groups = readers();
  if (groups.size() > 1 && groups.size() <= kMostOps &&
      llvm::all_of(groups, [&](unsigned g) { return isPointwise(g) && haveEqualShapes(spaceOf(g), result); })) {
    for (unsigned other : ArrayRef(groups.getArrayRef()).drop_front())
      if (!graph.feeds(groups[0], other) && !graph.feeds(other, groups[0]))
        (void)join(groups[0], other);
    groups = readers();
  }
  bool isStored = groups.size() > 1 || llvm::any_of(op->getUsers(), [&](Operation *user) {
                    return user->getBlock() != &block || !isKernel(user);
                  });
  Reason reason;
  for (unsigned group : groups) {
    bool storesShape = spaceOf(group) && haveEqualShapes(spaceOf(group), result) && isa<PointwiseInterface>(op) &&
                       (anchorOf(group) || isPointwise(group));
    Dim times;
    reason = isStored && !storesShape ? "others read it too, and the kernel behind it stores something else"
                                      : mayEvaluateIn(op, group, times);
    if (reason.empty())
      reason = join(group, graph.groupOf(op));
    if (reason.empty()) {
      evaluations[op] = times;
      return;
    }
  }
  if (!groups.empty())
    refused[op] = "its result goes through memory: " + reason;
}

// ---- small kernels of one shape

/// One launch for several small pointwise kernels that do not need each other.
void BlockFusion::joinSmall() {
  constexpr size_t kMostOpen = 4;
  std::map<std::vector<const DimNode *>, SmallVector<unsigned>> openByShape;
  for (Operation &op : block) {
    if (!isIndexable(&op) || graph.ops(graph.groupOf(&op)).back() != &op)
      continue;
    unsigned group = graph.groupOf(&op);
    if (!isPointwise(group) || bytesOf(shapes, op.getResult(0)).constant().value_or(INT64_MAX) > kSmallBytes)
      continue;
    std::vector<const DimNode *> shape;
    for (Dim d : shapes.dimsOf(op.getResult(0)))
      shape.push_back(d.getNode());
    SmallVector<unsigned> &open = openByShape[shape];
    bool joined = llvm::any_of(open, [&](unsigned other) {
      return !graph.feeds(other, group) && !graph.feeds(group, other) && join(other, group).empty();
    });
    if (joined)
      continue;
    open.push_back(group);
    if (open.size() > kMostOpen)
      open.erase(open.begin());
  }
}

// ---- kernels

void BlockFusion::formKernels() {
  for (Operation &op : block)
    if (auto reason = refused.find(&op); reason != refused.end() && !anchorOf(graph.groupOf(&op)))
      left(pass, op.getLoc(), "kernels of several ops") << reason->second;
  graph.sortBlock();
  SmallVector<SmallVector<Operation *>> kernels;
  for (Operation &op : block)
    if (ArrayRef<Operation *> ops = graph.ops(graph.groupOf(&op)); ops.size() > 1 && ops.front() == &op)
      kernels.push_back(llvm::to_vector(ops));
  SmallVector<KernelOp> formed =
      llvm::map_to_vector(kernels, [](ArrayRef<Operation *> ops) { return formKernel(ops); });
  ShapeAnalysis after;
  for (KernelOp kernel : formed) {
    auto remark = changed(pass, kernel.getLoc(), "kernels of several ops");
    if (!remark)
      continue;
    if (auto saved = bytesSaved(after, kernel).constant())
      remark << remark::add("share a kernel, which saves {0} bytes of memory traffic", *saved)
             << remark::metric("bytes_saved", *saved);
    else
      remark << "share a kernel";
  }
}

// ---- the pass

struct FuseKernels : public cameo::impl::FuseKernelsPassBase<FuseKernels> {
  using FuseKernelsPassBase::FuseKernelsPassBase;

  void runOnOperation() override {
    getOperation().walk<WalkOrder::PostOrder, ReverseIterator>([](Operation *op) {
      if (isOpTriviallyDead(op))
        op->erase();
    });
    for (Block *block : blocksOutsideKernels(getOperation())) {
      separateReaders(*block);
      BlockFusion(getArgument(), *block).run();
    }
  }
};
