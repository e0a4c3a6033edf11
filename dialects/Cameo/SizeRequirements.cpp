// SizeRequirements.cpp - what each op asks of sizes that only a run knows; see SizeRequirements.h.
#include "cameo/Dialect/Cameo/SizeRequirements.h"
#include "WindowHelpers.h"

using namespace mlir;
using namespace cameo;

using Kind = SizeRequirement::Kind;

void SizeRequirements::require(unsigned operand, int64_t axis, Dim size, Dim wanted, Kind kind) {
  bool mayBeOne = kind == Kind::EqualOrOne || kind == Kind::AtMostOrOne;
  bool holds = size == wanted || (mayBeOne && size.isConstant(1)) ||
               (kind == Kind::MultipleOf && (size.isConstant(0) || wanted.isConstant(1)));
  if (!holds && !(size.constant() && wanted.constant())) // inferShapes has judged constants
    kept.push_back({operand, axis, size, wanted, kind});
}

void SizeRequirements::fits(unsigned operand, ArrayRef<Dim> wanted, Kind kind) {
  ArrayRef<Dim> dims = shapes.dimsOf(op->getOperand(operand));
  size_t offset = wanted.size() - dims.size();
  for (auto [axis, size] : llvm::enumerate(dims))
    require(operand, axis, size, wanted[offset + axis], kind);
}

void SizeRequirements::fits(Value operand, ArrayRef<Dim> wanted, Kind kind) {
  if (operand)
    fits(unsigned(llvm::find(op->getOperands(), operand) - op->operand_begin()), wanted, kind);
}

void SizeRequirements::allBroadcast() {
  for (unsigned i = 0; i < op->getNumOperands(); ++i)
    fits(i, shapes.dimsOf(op->getResult(0)), Kind::EqualOrOne);
}

void StringConcatOp::requireSizes(SizeRequirements &required) { required.allBroadcast(); }

void ExpandOp::requireSizes(SizeRequirements &required) {
  ShapeAnalysis &shapes = required.shapes;
  ArrayRef<Dim> result = shapes.dimsOf(getResult());
  required.fits(0u, result, Kind::EqualOrOne);
  if (auto &sizes = shapes.get(getShape()).contents)
    for (auto [axis, size] : llvm::enumerate(*sizes))
      required.require(1, axis, size, result[result.size() - sizes->size() + axis], Kind::EqualOrOne);
}

/// The inner sizes and the leading axes of a product's two factors.
static void requireProduct(SizeRequirements &required, Operation *op, bool transposeLhs, bool transposeRhs) {
  ShapeAnalysis &shapes = required.shapes;
  ArrayRef<Dim> lhs = shapes.dimsOf(op->getOperand(0)), rhs = shapes.dimsOf(op->getOperand(1));
  int64_t inner = lhs.size() - (transposeLhs ? 2 : 1);
  required.require(0, inner, lhs[inner], rhs[rhs.size() - (transposeRhs ? 1 : 2)], Kind::Equal);
  ArrayRef<Dim> result = shapes.dimsOf(op->getResult(0)).drop_back(2);
  for (unsigned i = 0; i < 2; ++i) {
    ArrayRef<Dim> dims = shapes.dimsOf(op->getOperand(i)).drop_back(2);
    for (auto [axis, size] : llvm::enumerate(dims))
      required.require(i, axis, size, result[result.size() - dims.size() + axis], Kind::EqualOrOne);
  }
  // The zero points of integers.
  for (unsigned i = 2; i < op->getNumOperands(); ++i)
    required.fits(i, shapes.dimsOf(op->getOperand(i - 2)), Kind::EqualOrOne);
}

void MatMulOp::requireSizes(SizeRequirements &required) {
  requireProduct(required, *this, getTransposeLhs(), getTransposeRhs());
}
void MatMulIntegerOp::requireSizes(SizeRequirements &required) {
  requireProduct(required, *this, /*transposeLhs=*/false, getTransposeRhs());
}

/// Of the operands x and filter: each group sums over the filter's channels.
static void requireChannels(SizeRequirements &required, Operation *op, bool channelsLast, int64_t groups) {
  ShapeAnalysis &shapes = required.shapes;
  int64_t axis = ActivationAxes{shapes.rank(op->getOperand(0)), channelsLast}.channel();
  Dim channels = shapes.dim(op->getOperand(0), axis), perGroup = shapes.dim(op->getOperand(1), 1);
  required.require(0, axis, channels, shapes.dims().mul(perGroup, shapes.dims().constant(groups)), Kind::Equal);
}

void ConvOp::requireSizes(SizeRequirements &required) {
  requireChannels(required, *this, getChannelsLast(), getGroup());
}
void ConvIntegerOp::requireSizes(SizeRequirements &required) {
  requireChannels(required, *this, getChannelsLast(), getGroup());
}
void ConvTransposeOp::requireSizes(SizeRequirements &required) {
  ShapeAnalysis &shapes = required.shapes;
  int64_t axis = ActivationAxes{shapes.rank(getX()), getChannelsLast()}.channel();
  required.require(0, axis, shapes.dim(getX(), axis), shapes.dim(getFilter(), 0), Kind::Equal);
}
void DeformConvOp::requireSizes(SizeRequirements &required) {
  requireChannels(required, *this, /*channelsLast=*/false, getGroup());
}

void NonMaxSuppressionOp::requireSizes(SizeRequirements &required) {
  ShapeAnalysis &shapes = required.shapes;
  ArrayRef<Dim> boxes = shapes.dimsOf(getOperand(0)), scores = shapes.dimsOf(getOperand(1));
  required.require(0, 2, boxes[2], shapes.dims().constant(4), Kind::Equal);
  required.require(1, 0, scores[0], boxes[0], Kind::Equal);
  required.require(1, 2, scores[2], boxes[1], Kind::Equal);
}

/// Scale and bias of a norm, which broadcast to x.
static void requireBroadcastToFirst(SizeRequirements &required, Operation *op) {
  for (unsigned i = 1; i < op->getNumOperands(); ++i)
    required.fits(i, required.shapes.dimsOf(op->getOperand(0)), Kind::EqualOrOne);
}

void LayerNormOp::requireSizes(SizeRequirements &required) { requireBroadcastToFirst(required, *this); }
void RmsNormOp::requireSizes(SizeRequirements &required) { requireBroadcastToFirst(required, *this); }

void GroupNormOp::requireSizes(SizeRequirements &required) {
  ShapeAnalysis &shapes = required.shapes;
  Dim channels = shapes.dim(getX(), 1);
  required.fits(getScale(), {channels});
  required.fits(getBias(), {channels});
  if (getGroups() > 0)
    required.require(0, 1, channels, shapes.dims().constant(getGroups()), Kind::MultipleOf);
}

void GridSampleOp::requireSizes(SizeRequirements &required) {
  ShapeAnalysis &shapes = required.shapes;
  required.require(1, 0, shapes.dim(getGrid(), 0), shapes.dim(getX(), 0), Kind::Equal);
}

void AttentionOp::requireSizes(SizeRequirements &required) {
  ShapeAnalysis &shapes = required.shapes;
  ArrayRef<Dim> q = shapes.dimsOf(getQ()), k = shapes.dimsOf(getK()), v = shapes.dimsOf(getV());
  required.fits(getK(), {q[0], k[1], k[2], q[3]});
  required.fits(getV(), {q[0], k[1], k[2], v[3]});
  required.require(0, 1, q[1], k[1], Kind::MultipleOf);
  if (Value mask = getMask()) {
    unsigned number = llvm::find((*this)->getOperands(), mask) - (*this)->operand_begin();
    SmallVector<Dim> dims(shapes.dimsOf(mask)), scores{q[0], q[1], q[2], k[2]};
    for (auto [axis, size] : llvm::enumerate(dims))
      required.require(number, axis, size, scores[4 - dims.size() + axis],
                       axis + 1 == dims.size() ? Kind::AtMostOrOne : Kind::EqualOrOne);
  }
  required.fits(getLengths(), {q[0]}, Kind::EqualOrOne);
  required.fits(getOffsets(), {q[0]}, Kind::EqualOrOne);
  required.fits(getSinks(), {q[1]});
}

void LinearAttentionOp::requireSizes(SizeRequirements &required) {
  ShapeAnalysis &shapes = required.shapes;
  ArrayRef<Dim> q = shapes.dimsOf(getQ()), k = shapes.dimsOf(getK()), v = shapes.dimsOf(getV());
  Dim batch = q[0], steps = q[1], groups = k[2], depth = q[3], width = v[3];
  required.fits(getK(), {batch, steps, groups, depth});
  required.fits(getV(), {batch, steps, groups, width});
  required.require(0, 2, q[2], groups, Kind::MultipleOf);
  required.fits(getInitial(), {batch, groups, depth, width});
  required.fits(getDecay(), {batch, steps, groups, depth}, Kind::EqualOrOne);
  required.fits(getBeta(), {batch, steps, groups}, Kind::EqualOrOne);
}

void RotaryEmbeddingOp::requireSizes(SizeRequirements &required) {
  ShapeAnalysis &shapes = required.shapes;
  ArrayRef<Dim> x = shapes.dimsOf(getX()), cos = shapes.dimsOf(getCos());
  Dim batch = x[0], steps = x[getAxis()];
  required.require(1, cos.size() - 1, shapes.dims().mul(cos.back(), shapes.dims().constant(2)), x[3], Kind::AtMost);
  if (getPositions()) {
    required.fits(getSin(), {cos[0], cos[1]});
    required.fits(getPositions(), {batch, steps}, Kind::EqualOrOne);
  } else {
    required.fits(getCos(), {batch, steps, cos[2]});
    required.fits(getSin(), {batch, steps, cos[2]});
  }
}

template <typename OpT> static void requireSteps(SizeRequirements &required, OpT layer) {
  ShapeAnalysis &shapes = required.shapes;
  ArrayRef<Dim> inputs = shapes.dimsOf(layer.getInputs()), state = shapes.dimsOf(layer->getResult(1));
  Dim directions = state[0], batch = state[1], hidden = state[2];
  required.fits(layer.getInputs(), {inputs[0], batch, directions, shapes.dim(layer.getWeights(), 2)});
  required.fits(layer.getInitial(), {directions, batch, hidden});
  required.fits(layer.getLengths(), {batch});
  if constexpr (std::is_same_v<OpT, GruOp>)
    required.fits(layer.getHiddenBias(), {directions, hidden});
  if constexpr (std::is_same_v<OpT, LstmOp>) {
    required.fits(layer.getInitialCell(), {directions, batch, hidden});
    required.fits(layer.getPeepholes(), {directions, shapes.dims().mul(hidden, 3)});
  }
}

void RnnOp::requireSizes(SizeRequirements &required) { requireSteps(required, *this); }
void GruOp::requireSizes(SizeRequirements &required) { requireSteps(required, *this); }
void LstmOp::requireSizes(SizeRequirements &required) { requireSteps(required, *this); }
