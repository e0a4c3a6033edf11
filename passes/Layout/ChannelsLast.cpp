// ChannelsLast.cpp - decides per op between the model's order of axes and channels-last, as a minimum cut, and
// rewrites. Runs when sizes are known and before kernels form.
#include "MinimumCut.h"
#include "cameo/Dialect/Cameo/Cost.h"
#include "cameo/Dialect/Cameo/Layout.h"
#include "cameo/Passes/Blocks.h"
#include "cameo/Passes/Layout/Passes.h"
#include "cameo/Passes/Remarks.h"

namespace cameo {
#define GEN_PASS_DEF_CHANNELSLASTPASS
#include "cameo/Passes/Layout/Passes.h.inc"
} // namespace cameo

using namespace mlir;
using namespace cameo;

/// What a size that only the run knows is taken for.
static constexpr int64_t kTypicalSize = 128;

namespace {

/// One block. The source's side of the cut is channels-last, the sink's side has the model's order.
class BlockLayout {
public:
  BlockLayout(StringRef pass, Block &block, ShapeAnalysis &shapes) : pass(pass), block(block), shapes(shapes) {}

  /// False when nothing here prefers channels last.
  bool decide();
  void rewrite();

private:
  enum class Border { None, ToChannelsLast, ToModelOrder };

  Border borderOf(Operation *op);
  int64_t rankOf(Operation *op) { return std::max(shapes.rank(op->getOperand(0)), shapes.rank(op->getResult(0))); }
  bool isPermuted(OpOperand &use);
  bool isScattered(Operation *op);
  int64_t transposedBytes(Value value, int64_t rank);
  void addValue(Value value, size_t producer);
  Value transpose(OpBuilder &b, Location loc, Value value, ArrayRef<int64_t> permutation);
  Value channelsLast(Value value, int64_t rank);
  void rewrite(LayoutInterface op);

  StringRef pass;
  Block &block;
  ShapeAnalysis &shapes;
  MinimumCut cut;
  DenseMap<Operation *, size_t> nodes;                       ///< of ops that can be permuted
  DenseMap<Operation *, SmallVector<unsigned>> permuted;     ///< their permuted operands
  std::vector<bool> isChannelsLast;                          ///< by node
  DenseMap<std::pair<Value, int64_t>, Value> channelsLastOf; ///< by value and rank of the tensor it is used as
};

} // namespace

/// A transpose of the model between the two orders.
BlockLayout::Border BlockLayout::borderOf(Operation *op) {
  auto transpose = dyn_cast_if_present<TransposeOp>(op);
  if (!transpose || transpose.getPermutation().size() < 3)
    return Border::None;
  SmallVector<int64_t> toLast = channelsLastPermutation(transpose.getPermutation().size());
  if (transpose.getPermutation() == ArrayRef(toLast))
    return Border::ToChannelsLast;
  if (transpose.getPermutation() == ArrayRef(inversePermutation(toLast)))
    return Border::ToModelOrder;
  return Border::None;
}

bool BlockLayout::isPermuted(OpOperand &use) {
  auto it = permuted.find(use.getOwner());
  return it != permuted.end() && llvm::is_contained(it->second, use.getOperandNumber());
}

/// Whether channels-last leaves an op with loops of its own nothing but a few channels side by side. It then costs as
/// much as a transpose, at least: a softmax of [1, 196, 196, 4] along its third axis took 25 times that of [1, 4, 196,
/// 196].
bool BlockLayout::isScattered(Operation *op) {
  constexpr int64_t kFewChannels = 8;
  if (isa<PointwiseInterface, IndexableInterface>(op) || cast<LayoutInterface>(op).prefersChannelsLast() ||
      shapes.rank(op->getResult(0)) != rankOf(op))
    return false;
  auto channels = shapes.dim(op->getResult(0), 1).constant();
  return channels && *channels < kFewChannels;
}

/// Bytes that a transpose of `value`, seen with `rank` axes, moves.
int64_t BlockLayout::transposedBytes(Value value, int64_t rank) {
  if (value.getDefiningOp<ConstantOp>())
    return 0; // reordered at compile time
  const ShapeInfo &info = shapes.get(value);
  SmallVector<Dim> dims(rank - info.rank(), shapes.dims().constant(1));
  llvm::append_range(dims, info.dims);
  if (movesOnlyUnitAxes(dims, channelsLastPermutation(rank)))
    return 0;
  int64_t bytes = elementBytes(info.elementType);
  for (Dim d : dims)
    if (llvm::MulOverflow(bytes, d.constant().value_or(kTypicalSize), bytes) || bytes > MinimumCut::kNever / 1024)
      return MinimumCut::kNever / 1024;
  return bytes;
}

/// Charges for `value` when it is made on one side and used on the other; once, however many users there are.
void BlockLayout::addValue(Value value, size_t producer) {
  int64_t rank = shapes.rank(value);
  int64_t bytes = rank >= 3 ? transposedBytes(value, rank) : 0;
  SmallVector<size_t> consumers;
  for (OpOperand &use : value.getUses()) {
    Operation *user = use.getOwner();
    if (user->getBlock() != &block) {
      consumers.push_back(MinimumCut::kSink);
    } else if (isPermuted(use)) {
      if (rankOf(user) == rank)
        consumers.push_back(nodes[user]);
      else if (rank > 0) // a broadcast operand, needed in the model's order and reordered for this user
        cut.addEdge(nodes[user], MinimumCut::kSink, transposedBytes(value, rankOf(user)));
    } else {
      consumers.push_back(borderOf(user) == Border::ToChannelsLast ? MinimumCut::kSource : MinimumCut::kSink);
    }
  }
  if (bytes == 0 || consumers.empty())
    return;
  if (producer != MinimumCut::kSink) { // made channels-last, and somebody needs the model's order
    size_t needed = cut.addNode();
    cut.addEdge(producer, needed, bytes);
    for (size_t consumer : consumers)
      cut.addEdge(needed, consumer, MinimumCut::kNever);
  }
  if (producer != MinimumCut::kSource) {
    size_t needed = cut.addNode();
    cut.addEdge(needed, producer, bytes);
    for (size_t consumer : consumers)
      cut.addEdge(consumer, needed, MinimumCut::kNever);
  }
}

bool BlockLayout::decide() {
  bool wanted = false;
  for (Operation &op : block) {
    auto layout = dyn_cast<LayoutInterface>(op);
    if (!layout || op.getNumOperands() == 0 || rankOf(&op) < 3)
      continue;
    SmallVector<unsigned> operands = layout.permutedOperands(shapes, channelsLastPermutation(rankOf(&op)));
    if (operands.empty())
      continue;
    nodes[&op] = cut.addNode();
    permuted[&op] = std::move(operands);
    if (isScattered(&op))
      cut.addEdge(nodes[&op], MinimumCut::kSink, transposedBytes(op.getResult(0), rankOf(&op)));
    if (layout.prefersChannelsLast()) {
      cut.addEdge(MinimumCut::kSource, nodes[&op], MinimumCut::kNever);
      wanted = true;
    }
  }
  if (!wanted)
    return false;
  for (Value argument : block.getArguments())
    addValue(argument, MinimumCut::kSink);
  for (Operation &op : block)
    for (Value result : op.getResults()) {
      size_t producer = MinimumCut::kSink;
      if (auto node = nodes.find(&op); node != nodes.end() && shapes.rank(result) == rankOf(&op))
        producer = node->second;
      else if (borderOf(&op) == Border::ToModelOrder)
        producer = MinimumCut::kSource;
      addValue(result, producer);
    }
  cut.solve(isChannelsLast);
  return true;
}

/// A transpose, or views where it moves nothing.
Value BlockLayout::transpose(OpBuilder &b, Location loc, Value value, ArrayRef<int64_t> permutation) {
  ArrayRef<Dim> dims = shapes.dimsOf(value);
  if (!movesOnlyUnitAxes(dims, permutation)) {
    changed(pass, loc, "transposes inserted") << "transposed at the border of two layouts";
    return createOp<TransposeOp>(b, shapes, loc, value, b.getDenseI64ArrayAttr(permutation));
  }
  SmallVector<int64_t> from, to;
  for (auto [axis, d] : llvm::enumerate(dims))
    if (d.isConstant(1))
      from.push_back(axis);
  for (auto [axis, old] : llvm::enumerate(permutation))
    if (dims[old].isConstant(1))
      to.push_back(axis);
  Value squeezed = createOp<SqueezeOp>(b, shapes, loc, value, b.getDenseI64ArrayAttr(from));
  return createOp<UnsqueezeOp>(b, shapes, loc, squeezed, b.getDenseI64ArrayAttr(to));
}

/// `value`, used as a tensor of `rank` axes, channels-last.
Value BlockLayout::channelsLast(Value value, int64_t rank) {
  if (shapes.rank(value) == 0)
    return value;
  if (Value known = channelsLastOf.lookup({value, rank}))
    return known;
  if (borderOf(value.getDefiningOp()) == Border::ToModelOrder && shapes.rank(value) == rank)
    return channelsLastOf[{value, rank}] = value.getDefiningOp()->getOperand(0);
  OpBuilder b(block.getParentOp()->getContext());
  if (value.getParentBlock() == &block && value.getDefiningOp())
    b.setInsertionPointAfterValue(value);
  else
    b.setInsertionPointToStart(&block);
  Value full = value;
  if (int64_t missing = rank - shapes.rank(value))
    full = createOp<UnsqueezeOp>(b, shapes, value.getLoc(), value,
                                 b.getDenseI64ArrayAttr(llvm::to_vector(llvm::seq<int64_t>(0, missing))));
  Value result = transpose(b, value.getLoc(), full, channelsLastPermutation(rank));
  return channelsLastOf[{value, rank}] = result;
}

void BlockLayout::rewrite(LayoutInterface op) {
  int64_t rank = rankOf(op);
  SmallVector<Value> operands(op->getOperands());
  for (unsigned i : permuted[op])
    operands[i] = channelsLast(operands[i], rank);
  OpBuilder b(op);
  auto copy = cast<LayoutInterface>(b.clone(*op));
  copy->setOperands(operands);
  b.setInsertionPoint(copy);
  copy.permuteAxes(b, channelsLastPermutation(rank));
  [[maybe_unused]] Operation *typed = finishOp(shapes, copy);
  assert(typed && "a permuted op fits its permuted operands");
  for (auto [old, result] : llvm::zip(op->getResults(), copy->getResults())) {
    if (shapes.rank(old) == rank)
      channelsLastOf[{old, rank}] = result;
    else
      old.replaceAllUsesWith(result);
  }
  changed(pass, op->getLoc(), "ops channels-last") << "computes with channels last";
}

void BlockLayout::rewrite() {
  SmallVector<Operation *> ops = llvm::to_vector(llvm::make_pointer_range(block));
  SmallVector<Operation *> replaced, borders;
  for (Operation *op : ops) {
    if (auto node = nodes.find(op); node != nodes.end() && isChannelsLast[node->second]) {
      rewrite(cast<LayoutInterface>(op));
      replaced.push_back(op);
    } else if (borderOf(op) == Border::ToChannelsLast) {
      Value &known = channelsLastOf[{op->getOperand(0), shapes.rank(op->getOperand(0))}];
      if (!known) {
        known = op->getResult(0);
        continue;
      }
      op->getResult(0).replaceAllUsesWith(known);
      op->erase();
    } else if (borderOf(op) == Border::ToModelOrder) {
      borders.push_back(op);
    }
  }
  // Last to first, so that what still uses an old result needs the model's order.
  for (Operation *op : llvm::reverse(replaced)) {
    int64_t rank = rankOf(op);
    for (Value old : op->getResults()) {
      if (old.use_empty())
        continue;
      Value result = channelsLastOf[{old, rank}];
      OpBuilder b(op);
      old.replaceAllUsesWith(transpose(b, op->getLoc(), result, inversePermutation(channelsLastPermutation(rank))));
    }
    op->erase();
  }
  for (Operation *op : borders)
    if (op->use_empty())
      op->erase();
}

namespace {

struct ChannelsLast : public cameo::impl::ChannelsLastPassBase<ChannelsLast> {
  using ChannelsLastPassBase::ChannelsLastPassBase;

  void runOnOperation() override {
    for (Block *block : blocksOutsideKernels(getOperation())) {
      ShapeAnalysis shapes;
      BlockLayout layout(getArgument(), *block, shapes);
      if (layout.decide())
        layout.rewrite();
    }
    followReturn(getOperation());
  }
};

} // namespace
