// SizeRequirements.cpp - see SizeRequirements.h.
#include "cameo/Dialect/Cameo/SizeRequirements.h"
#include "WindowHelpers.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace cameo;

namespace {

using Kind = SizeRequirement::Kind;

class Collector {
public:
  Collector(ShapeAnalysis &shapes, Operation *op) : shapes(shapes), op(op) {}

  void require(unsigned operand, int64_t axis, Dim size, Dim wanted, Kind kind) {
    bool mayBeOne = kind == Kind::EqualOrOne || kind == Kind::AtMostOrOne;
    bool holds = size == wanted || (mayBeOne && size.isConstant(1)) ||
                 (kind == Kind::MultipleOf && (size.isConstant(0) || wanted.isConstant(1)));
    if (!holds && !(size.constant() && wanted.constant())) // inferShapes has judged constants
      found.push_back({operand, axis, size, wanted, kind});
  }
  /// The sizes of `operand` are the last ones of `wanted`.
  void fits(unsigned operand, ArrayRef<Dim> wanted, Kind kind) {
    ArrayRef<Dim> dims = shapes.dimsOf(op->getOperand(operand));
    size_t offset = wanted.size() - dims.size();
    for (auto [axis, size] : llvm::enumerate(dims))
      require(operand, axis, size, wanted[offset + axis], kind);
  }
  void allBroadcast() {
    for (unsigned i = 0; i < op->getNumOperands(); ++i)
      fits(i, shapes.dimsOf(op->getResult(0)), Kind::EqualOrOne);
  }
  /// The same for an operand that may be left out, by its value.
  void fits(Value operand, ArrayRef<Dim> wanted, Kind kind = Kind::Equal) {
    if (operand)
      fits(unsigned(llvm::find(op->getOperands(), operand) - op->operand_begin()), wanted, kind);
  }
  void expand(ExpandOp expand);
  void product();
  void convolution(bool channelsLast, int64_t groups);
  void nonMaxSuppression();
  void attention(AttentionOp attention);
  void linearAttention(LinearAttentionOp attention);
  void rotaryEmbedding(RotaryEmbeddingOp embedding);
  template <typename OpT> void recurrent(OpT layer);

  ShapeAnalysis &shapes;
  Operation *op;
  SmallVector<SizeRequirement> found;
};

} // namespace

void Collector::expand(ExpandOp expand) {
  ArrayRef<Dim> result = shapes.dimsOf(op->getResult(0));
  fits(0u, result, Kind::EqualOrOne);
  if (auto &sizes = shapes.get(expand.getShape()).contents)
    for (auto [axis, size] : llvm::enumerate(*sizes))
      require(1, axis, size, result[result.size() - sizes->size() + axis], Kind::EqualOrOne);
}

/// The leading axes of a product's two factors. That the inner sizes are equal the kernels check.
void Collector::product() {
  ArrayRef<Dim> result = shapes.dimsOf(op->getResult(0)).drop_back(2);
  for (unsigned i = 0; i < 2; ++i) {
    ArrayRef<Dim> dims = shapes.dimsOf(op->getOperand(i)).drop_back(2);
    for (auto [axis, size] : llvm::enumerate(dims))
      require(i, axis, size, result[result.size() - dims.size() + axis], Kind::EqualOrOne);
  }
  // The zero points of integers.
  for (unsigned i = 2; i < op->getNumOperands(); ++i)
    fits(i, shapes.dimsOf(op->getOperand(i - 2)), Kind::EqualOrOne);
}

/// Of the operands x and filter: each group sums over the filter's channels.
void Collector::convolution(bool channelsLast, int64_t groups) {
  int64_t axis = ActivationAxes{shapes.rank(op->getOperand(0)), channelsLast}.channel();
  Dim channels = shapes.dim(op->getOperand(0), axis), perGroup = shapes.dim(op->getOperand(1), 1);
  require(0, axis, channels, shapes.dims().mul(perGroup, shapes.dims().constant(groups)), Kind::Equal);
}

void Collector::nonMaxSuppression() {
  ArrayRef<Dim> boxes = shapes.dimsOf(op->getOperand(0)), scores = shapes.dimsOf(op->getOperand(1));
  require(0, 2, boxes[2], shapes.dims().constant(4), Kind::Equal);
  require(1, 0, scores[0], boxes[0], Kind::Equal);
  require(1, 2, scores[2], boxes[1], Kind::Equal);
}

void Collector::attention(AttentionOp attention) {
  ArrayRef<Dim> q = shapes.dimsOf(attention.getQ()), k = shapes.dimsOf(attention.getK()),
                v = shapes.dimsOf(attention.getV());
  fits(attention.getK(), {q[0], k[1], k[2], q[3]});
  fits(attention.getV(), {q[0], k[1], k[2], v[3]});
  require(0, 1, q[1], k[1], Kind::MultipleOf);
  if (Value mask = attention.getMask()) {
    unsigned number = llvm::find(op->getOperands(), mask) - op->operand_begin();
    SmallVector<Dim> dims(shapes.dimsOf(mask)), scores{q[0], q[1], q[2], k[2]};
    for (auto [axis, size] : llvm::enumerate(dims))
      require(number, axis, size, scores[4 - dims.size() + axis],
              axis + 1 == dims.size() ? Kind::AtMostOrOne : Kind::EqualOrOne);
  }
  fits(attention.getLengths(), {q[0]}, Kind::EqualOrOne);
  fits(attention.getOffsets(), {q[0]}, Kind::EqualOrOne);
  fits(attention.getSinks(), {q[1]});
}

void Collector::linearAttention(LinearAttentionOp attention) {
  ArrayRef<Dim> q = shapes.dimsOf(attention.getQ()), k = shapes.dimsOf(attention.getK()),
                v = shapes.dimsOf(attention.getV());
  Dim batch = q[0], steps = q[1], groups = k[2], depth = q[3], width = v[3];
  fits(attention.getK(), {batch, steps, groups, depth});
  fits(attention.getV(), {batch, steps, groups, width});
  require(0, 2, q[2], groups, Kind::MultipleOf);
  fits(attention.getInitial(), {batch, groups, depth, width});
  fits(attention.getDecay(), {batch, steps, groups, depth}, Kind::EqualOrOne);
  fits(attention.getBeta(), {batch, steps, groups}, Kind::EqualOrOne);
}

void Collector::rotaryEmbedding(RotaryEmbeddingOp embedding) {
  ArrayRef<Dim> x = shapes.dimsOf(embedding.getX()), cos = shapes.dimsOf(embedding.getCos());
  Dim batch = x[0], steps = x[embedding.getAxis()];
  require(1, cos.size() - 1, shapes.dims().mul(cos.back(), shapes.dims().constant(2)), x[3], Kind::AtMost);
  if (embedding.getPositions()) {
    fits(embedding.getSin(), {cos[0], cos[1]});
    fits(embedding.getPositions(), {batch, steps}, Kind::EqualOrOne);
  } else {
    fits(embedding.getCos(), {batch, steps, cos[2]});
    fits(embedding.getSin(), {batch, steps, cos[2]});
  }
}

template <typename OpT> void Collector::recurrent(OpT layer) {
  ArrayRef<Dim> inputs = shapes.dimsOf(layer.getInputs()), state = shapes.dimsOf(op->getResult(1));
  Dim directions = state[0], batch = state[1], hidden = state[2];
  fits(layer.getInputs(), {inputs[0], batch, directions, shapes.dim(layer.getWeights(), 2)});
  fits(layer.getInitial(), {directions, batch, hidden});
  fits(layer.getLengths(), {batch});
  if constexpr (std::is_same_v<OpT, GruOp>)
    fits(layer.getHiddenBias(), {directions, hidden});
  if constexpr (std::is_same_v<OpT, LstmOp>) {
    fits(layer.getInitialCell(), {directions, batch, hidden});
    fits(layer.getPeepholes(), {directions, shapes.dims().mul(hidden, 3)});
  }
}

SmallVector<SizeRequirement> cameo::sizeRequirements(ShapeAnalysis &shapes, Operation *op) {
  Collector all(shapes, op);
  llvm::TypeSwitch<Operation *>(op)
      .Case<PointwiseInterface, StringConcatOp>([&](auto) { all.allBroadcast(); })
      .Case([&](ExpandOp expand) { all.expand(expand); })
      .Case<MatMulOp, MatMulIntegerOp>([&](auto) { all.product(); })
      .Case<ConvOp, ConvIntegerOp>([&](auto conv) { all.convolution(conv.getChannelsLast(), conv.getGroup()); })
      .Case([&](DeformConvOp conv) { all.convolution(/*channelsLast=*/false, conv.getGroup()); })
      .Case([&](NonMaxSuppressionOp) { all.nonMaxSuppression(); })
      .Case<LayerNormOp, RmsNormOp>([&](auto) {
        for (unsigned i = 1; i < op->getNumOperands(); ++i)
          all.fits(i, shapes.dimsOf(op->getOperand(0)), Kind::EqualOrOne);
      })
      .Case([&](GroupNormOp norm) {
        all.fits(norm.getScale(), {shapes.dim(norm.getX(), 1)});
        all.fits(norm.getBias(), {shapes.dim(norm.getX(), 1)});
        if (norm.getGroups() > 0)
          all.require(0, 1, shapes.dim(norm.getX(), 1), shapes.dims().constant(norm.getGroups()), Kind::MultipleOf);
      })
      .Case([&](GridSampleOp sample) {
        all.require(1, 0, shapes.dim(sample.getGrid(), 0), shapes.dim(sample.getX(), 0), Kind::Equal);
      })
      .Case([&](AttentionOp attention) { all.attention(attention); })
      .Case([&](LinearAttentionOp attention) { all.linearAttention(attention); })
      .Case([&](RotaryEmbeddingOp embedding) { all.rotaryEmbedding(embedding); })
      .Case<RnnOp, GruOp, LstmOp>([&](auto layer) { all.recurrent(layer); });
  return std::move(all.found);
}
