// Signal.cpp - DFT, STFT (frames, window, DFT) and MelWeightMatrix. The window functions have bodies in ONNX.
#include "Compose.h"
#include "cameo/Export/ONNX/NodeBuilder.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::onnx;

namespace {

/// Where the node does not give the length.
Dim transformLength(OpBinder &op, Value x, int64_t axis) {
  Dim size = op.shapes().dim(x, axis);
  bool fromHalf = op.intAttr("inverse", 0) != 0 && op.intAttr("onesided", 0) != 0;
  return fromHalf ? op.dims().mul(op.dims().sub(size, 1), 2) : size;
}

/// A transform of x, whose last axis has the real parts or real and imaginary ones: where only the run knows which, a
/// transform of each. A last size that is neither ends the run.
Value transform(OpBinder &op, Value x, Value length, int64_t axis, bool inverse, bool onesided) {
  auto of = [&](Value signal) { return signal ? op.create<DftOp>(signal, length, axis, inverse, onesided) : Value(); };
  SmallVector<Dim> dims(op.shapes().dimsOf(x));
  if (dims.empty() || dims.back().constant())
    return of(x);
  Compose c{op};
  Value parts = c.squeeze(op.sizes({dims.back()}), {0});
  auto are = [&](int64_t count) { return c.make<EqualOp>(parts, op.i64Scalar(count)); };
  parts = c.require(parts, c.make<OrOp>(are(1), are(2)),
                    "the last size of the signal is %lld; expected 1 (real numbers) or 2 (real and imaginary parts)");
  Value isComplex = are(2);
  if (!isComplex)
    return {};
  auto withParts = [&](int64_t parts) {
    dims.back() = op.dims().constant(parts);
    return of(op.reshape(x, dims));
  };
  return op.branch(isComplex, [&] { return withParts(2); }, [&] { return withParts(1); });
}

/// `axis` is in [0, rank - 1).
Value dftAlong(OpBinder &op, Value x, int64_t axis) {
  Value length =
      op.hasInput(1) ? op.cast(op.input(1), op.builder.getI64Type()) : op.sizes({transformLength(op, x, axis)});
  return length ? transform(op, x, length, axis, op.intAttr("inverse", 0) != 0, op.intAttr("onesided", 0) != 0)
                : Value();
}

LogicalResult dftAlongKnown(OpBinder &op, int64_t axis) {
  int64_t rank = op.rank(op.input(0));
  if (axis < -rank || axis >= rank || axis == -1 || axis == rank - 1)
    return op.error("E-ATTR", "axis is " + Twine(axis) + ", but input '" + op.node.inputs[0] + "' has rank " +
                                  Twine(rank) +
                                  "; expected an axis of the signal, not the last one of real and imaginary parts");
  return op.result(dftAlong(op, op.input(0), axis < 0 ? axis + rank : axis));
}

LogicalResult dftAttribute(OpBinder &op) { return dftAlongKnown(op, op.intAttr("axis", 1)); }

LogicalResult dft(OpBinder &op) {
  if (!op.hasInput(2))
    return dftAlongKnown(op, -2);
  Value given = op.input(2);
  if (!op.shapes().numElements(given).isConstant(1))
    return op.error("E-SHAPE", "input '" + op.node.inputs[2] + "' (axis) has shape " +
                                   formatShape(op.shapes().dimsOf(given)) + "; expected one element");
  if (auto axis = op.shapes().constantElements(given))
    return dftAlongKnown(op, (*axis)[0]);
  // One transform for each axis that it may be.
  Compose c{op};
  int64_t rank = op.rank(op.input(0));
  Value axis = c.cast(op.reshape(given, ArrayRef<int64_t>{}), op.builder.getI64Type());
  axis = c.where(c.make<LessOp>(axis, c.like(axis, 0)), c.add(axis, double(rank)), axis);
  SmallVector<int64_t> candidates;
  Value isValid = op.scalar(op.builder.getI1Type(), 0);
  auto is = [&](int64_t candidate) { return c.make<EqualOp>(axis, c.like(axis, double(candidate))); };
  for (int64_t candidate = 0; candidate + 1 < rank; ++candidate)
    if (op.hasInput(1) || !transformLength(op, op.input(0), candidate).isConstant(0)) {
      candidates.push_back(candidate);
      isValid = c.make<OrOp>(isValid, is(candidate));
    }
  if (candidates.empty())
    return op.error("E-SHAPE", "input '" + op.node.inputs[0] + "' has no axis that can be transformed");
  Value x = c.make<RequireOp>(op.input(0), isValid, true, "axis is not an axis of the signal");
  std::function<Value(ArrayRef<int64_t>)> among = [&](ArrayRef<int64_t> axes) -> Value {
    if (!x || axes.size() == 1)
      return x ? dftAlong(op, x, axes.front()) : x;
    return op.branch(
        is(axes.front()), [&] { return dftAlong(op, x, axes.front()); }, [&] { return among(axes.drop_front()); });
  };
  return op.result(among(candidates));
}

/// 0, step, 2 step, ... (count of them)
Value range(OpBinder &op, Dim step, Dim count) {
  Value delta = op.sizes({step}), number = op.sizes({count});
  return delta && number ? op.create<RangeOp>(op.i64({0}), delta, number) : Value();
}

LogicalResult stft(OpBinder &op) {
  Value signal = op.input(0);
  if (op.rank(signal) == 2)
    signal = op.unsqueeze(signal, {2});
  if (!signal || op.rank(signal) != 3)
    return op.error("E-SHAPE", "input '" + op.node.inputs[0] + "' has rank " + Twine(op.rank(op.input(0))) +
                                   "; expected 3: batch, signal, real and imaginary part");
  auto single = [&](size_t i) -> FailureOr<Dim> {
    auto elements = op.shapes().elements(op.input(i));
    if (!elements || elements->size() != 1)
      return op.error("E-SHAPE", "input '" + op.node.inputs[i] + "' needs one element");
    return (*elements)[0];
  };
  auto step = single(1);
  if (failed(step))
    return failure();
  if (step->constant() && *step->constant() < 1)
    return op.error("E-ATTR", "frame_step is " + Twine(*step->constant()) + "; expected 1 or more");
  FailureOr<Dim> length = op.shapes().dim(signal, 1);
  if (op.hasInput(3))
    length = single(3);
  else if (op.hasInput(2))
    length = op.shapes().dim(op.input(2), 0);
  if (failed(length))
    return failure();
  DimContext &d = op.dims();
  Dim total = op.shapes().dim(signal, 1);
  if (total.constant() && length->constant() && *length->constant() > *total.constant())
    return op.error("E-SHAPE", "frame_length is " + Twine(*length->constant()) + ", but the signal has length " +
                                   Twine(*total.constant()));
  Dim frames = d.add(d.floorDiv(d.sub(total, *length), *step), 1);
  // Sample t of frame f is signal[f * step + t].
  Value starts = range(op, *step, frames), offsets = range(op, d.constant(1), *length);
  Value places = starts && offsets ? op.create<AddOp>(op.unsqueeze(starts, {1}), offsets) : Value();
  Value x = places ? op.create<GatherOp>(signal, places, int64_t(1)) : Value();
  if (x && op.hasInput(2))
    x = op.create<MulOp>(x, op.unsqueeze(op.cast(op.input(2), op.elementType(x)), {1}));
  Value size = x ? op.sizes({*length}) : Value();
  if (!size)
    return failure();
  return op.result(transform(op, x, size, 2, /*inverse=*/false, op.intAttr("onesided", 1) != 0));
}

LogicalResult melWeightMatrix(OpBinder &op) {
  auto to = op.dtypeAttr("output_datatype", op.builder.getF32Type());
  if (failed(to))
    return failure();
  Type i64 = op.builder.getI64Type();
  SmallVector<Value> counts;
  for (size_t i = 0; i < 3; ++i)
    counts.push_back(op.cast(op.input(i), i64));
  return op.result(op.create<MelWeightMatrixOp>(counts[0], counts[1], counts[2], op.input(3), op.input(4), *to));
}

// ---- as ONNX

LogicalResult exportDft(DftOp op, NodeBuilder &b) {
  return b.result(b.node("DFT", {b(op.getX()), b.scalar(op.getLength()), b.i64Scalar(op.getAxis())},
                         {{"inverse", op.getInverse()}, {"onesided", op.getOnesided()}}));
}

LogicalResult exportMelWeightMatrix(MelWeightMatrixOp op, NodeBuilder &b) {
  SmallVector<Edge> inputs = llvm::map_to_vector(op->getOperands(), [&](Value v) { return b.scalar(v); });
  return b.result(b.node("MelWeightMatrix", inputs, {{"output_datatype", op.getTo()}}));
}

} // namespace

namespace cameo::onnx {
void registerSignalHandlers(HandlerTable &table) {
  table.on("DFT", 17, dftAttribute);
  table.on("DFT", 20, dft);
  table.on("STFT", 17, stft);
  table.on("MelWeightMatrix", 17, melWeightMatrix);

  table.exports<DftOp>(exportDft);
  table.exports<MelWeightMatrixOp>(exportMelWeightMatrix);
}
} // namespace cameo::onnx
