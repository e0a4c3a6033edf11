// QuantizeLayers.cpp - layers are quantized as their attribute says. What follows (--cameo-integer-arithmetic) makes
// integer kernels of it.
#include "WeightGrids.h"
#include "cameo/Passes/Precision/MultiplyNarrow.h"
#include "cameo/Passes/Quantization/Layers.h"
#include "cameo/Passes/Quantization/Passes.h"
#include "cameo/Passes/Quantization/Quantization.h"
#include "cameo/Passes/Simplify/GraphRewriter.h"

namespace cameo {
#define GEN_PASS_DEF_QUANTIZELAYERSPASS
#include "cameo/Passes/Quantization/Passes.h.inc"
} // namespace cameo

using namespace mlir;
using namespace cameo;

namespace {

/// Symmetric 8-bit weights with a scale per output.
struct ByteWeights {
  SmallVector<int8_t> levels;
  SmallVector<float> scales;

  ByteWeights(const Layer &layer, ArrayRef<float> rows) : levels(rows.size()), scales(layer.outputs) {
    for (int64_t n = 0; n < layer.outputs; ++n) {
      float most = 0;
      for (float w : rows.slice(n * layer.terms, layer.terms))
        most = std::max(most, std::abs(w));
      scales[n] = most > 0 ? most / 127 : 1;
      for (int64_t k = 0; k < layer.terms; ++k)
        levels[n * layer.terms + k] = int8_t(std::nearbyint(rows[n * layer.terms + k] / scales[n]));
    }
  }
};

class LayerQuantizer {
public:
  LayerQuantizer(StringRef pass, func::FuncOp function) : pass(pass), function(function), b(function.getContext()) {}

  LogicalResult run() {
    SmallVector<Operation *> layers;
    function.walk([&](Operation *op) {
      if (op->hasAttrOfType<DictionaryAttr>(kQuantizationAttr))
        layers.push_back(op);
    });
    for (Operation *op : layers) {
      b.setInsertionPoint(op);
      loc = op->getLoc();
      auto layer = Layer::of(op); // only now: its input may be the result of a layer before
      if (!layer) {
        left(pass, loc, "layers quantized") << "is no layer: its weights are not constants of f32";
        continue;
      }
      std::string problem;
      auto quantization = Quantization::of(op->getAttrOfType<DictionaryAttr>(kQuantizationAttr), problem);
      if (!quantization)
        return op->emitOpError(problem);
      if (failed(quantize(*layer, *quantization)))
        return failure();
    }
    return success();
  }

private:
  LogicalResult quantize(const Layer &layer, const Quantization &how) {
    if (!layer.input && how.kind != QuantizationKind::Bf16)
      return layer.op->emitOpError("is to be quantized to integers; only bf16 is known for such layers");
    switch (how.kind) {
    case QuantizationKind::Static:
      return quantizeStatic(layer, how);
    case QuantizationKind::Dynamic:
      return quantizeDynamic(layer, how);
    case QuantizationKind::Weights:
      return quantizeWeights(layer, how);
    case QuantizationKind::Bf16:
      layer.op->removeAttr(kQuantizationAttr);
      layer.op->removeAttr(kObservedAttr);
      return finish(layer,
                    multiplyNarrow(shapes, layer.op, cast<ProductInterface>(layer.op).factorsWorthRounding(shapes),
                                   b.getBF16Type()),
                    "multiplies bf16");
    }
    llvm_unreachable("all kinds are above");
  }

  // ---- pieces

  Type f32() { return b.getF32Type(); }
  Value number(float value) { return constantOf<float>(b, loc, {}, f32(), {value}); }
  template <typename T> Value zeroPoint(Type type, int value) { return constantOf<T>(b, loc, {}, type, {T(value)}); }
  Value floats(ArrayRef<int64_t> shape, ArrayRef<float> values) { return constantOf(b, loc, shape, f32(), values); }

  /// Numbers of the input's channels, where all of them were observed.
  SmallVector<float> observed(const Layer &layer, StringRef name) {
    SmallVector<float> values = floatsOf(layer.op->getAttrOfType<DictionaryAttr>(kObservedAttr), name);
    return int64_t(values.size()) == layer.channels ? values : SmallVector<float>();
  }

  /// SmoothQuant: per channel what its input is divided by. All layers that read the input in the same way agree, so
  /// that it is quantized once. Empty: nothing. Source: Xiao et al. 2023, equation 4.
  SmallVector<float> smoothing(const Layer &layer, float strength) {
    SmallVector<float> low = observed(layer, "low"), high = observed(layer, "high");
    if (strength <= 0 || low.empty() || high.empty())
      return {};
    Attribute own = layer.op->getAttr(kQuantizationAttr);
    SmallVector<float> &found = factors[{layer.input, own}];
    if (!found.empty())
      return found;
    SmallVector<float> largest(layer.channels, 0);
    for (Operation *user : layer.input.getUsers()) {
      auto other = Layer::of(user);
      if (!other || other->input != layer.input || other->channels != layer.channels ||
          user->getAttr(kQuantizationAttr) != own)
        continue;
      SmallVector<float> rows = other->matrix();
      for (int64_t n = 0; n < other->outputs; ++n)
        for (int64_t k = 0; k < other->terms; ++k) {
          float &most = largest[other->channelOf(n, k)];
          most = std::max(most, std::abs(rows[n * other->terms + k]));
        }
    }
    found.assign(layer.channels, 1);
    double logs = 0;
    for (int64_t c = 0; c < layer.channels; ++c) {
      float peak = std::max(std::abs(low[c]), std::abs(high[c]));
      if (peak > 0 && largest[c] > 0)
        found[c] = std::pow(peak, strength) / std::pow(largest[c], 1 - strength);
      found[c] = std::clamp(found[c], 1e-5f, 1e5f);
      logs += std::log(found[c]);
    }
    for (float &factor : found) // of geometric mean 1, so that nothing over- or underflows
      factor /= float(std::exp(logs / double(layer.channels)));
    return found;
  }

  /// The layer's weights as [outputs][terms], each multiplied with its channel's factor.
  SmallVector<float> scaledMatrix(const Layer &layer, ArrayRef<float> perChannel) {
    SmallVector<float> rows = layer.matrix();
    if (!perChannel.empty())
      for (int64_t n = 0; n < layer.outputs; ++n)
        for (int64_t k = 0; k < layer.terms; ++k)
          rows[n * layer.terms + k] *= perChannel[layer.channelOf(n, k)];
    return rows;
  }

  /// dequantize(bytes, scales, 0) with the shape of the weights.
  Value byteWeights(const Layer &layer, const ByteWeights &bytes) {
    auto shape = cast<RankedTensorType>(layer.weights.getType()).getShape();
    Value levels =
        constantOf<int8_t>(b, loc, shape, b.getIntegerType(8), layer.stored<int8_t>(ArrayRef<int8_t>(bytes.levels)));
    return createOp<DequantizeOp>(b, shapes, loc, levels, floats(layer.perOutputShape(), bytes.scales),
                                  zeroPoint<int8_t>(b.getIntegerType(8), 0));
  }

  /// What rounding the weights changes in the mean of each output, to be added; empty where the input's means are not
  /// known.
  SmallVector<float> correction(const Layer &layer, ArrayRef<float> rows, const ByteWeights &bytes,
                                ArrayRef<float> perChannel) {
    SmallVector<float> means = observed(layer, "mean"), result;
    if (means.empty())
      return result;
    for (int64_t n = 0; n < layer.outputs; ++n) {
      double sum = 0;
      for (int64_t k = 0; k < layer.terms; ++k) {
        int64_t at = n * layer.terms + k, channel = layer.channelOf(n, k);
        double mean = perChannel.empty() ? means[channel] : means[channel] / perChannel[channel];
        sum += (rows[at] - double(bytes.levels[at]) * bytes.scales[n]) * mean;
      }
      result.push_back(float(sum));
    }
    return result;
  }

  /// Puts a copy of the layer on other operands, with `addend` per output (may be empty), in its place.
  LogicalResult replace(const Layer &layer, Value input, Value weights, ArrayRef<float> addend, const Twine &what) {
    Operation *copy = b.clone(*layer.op);
    for (OpOperand &operand : copy->getOpOperands())
      operand.set(operand.get() == layer.weights ? weights : input);
    copy->removeAttr(kQuantizationAttr);
    copy->removeAttr(kObservedAttr);
    Value result = finishOp(shapes, copy)->getResult(0);
    if (!addend.empty()) {
      SmallVector<int64_t> shape(layer.isMatrix ? 1 : cast<RankedTensorType>(result.getType()).getRank() - 1, 1);
      shape[0] = layer.outputs;
      result = createOp<AddOp>(b, shapes, loc, result, floats(shape, addend));
    }
    return finish(layer, result, what);
  }

  LogicalResult finish(const Layer &layer, ValueRange results, const Twine &what) {
    layer.op->replaceAllUsesWith(results);
    for (Value result : layer.op->getResults())
      shapes.erased(result);
    layer.op->erase();
    changed(pass, loc, "layers quantized") << what.str();
    return success();
  }

  // ---- kinds

  /// layer(x, w)  ->  layer(dequantize(quantize(x, scale per channel), scale), dequantize(bytes of w))
  LogicalResult quantizeStatic(const Layer &layer, const Quantization &how) {
    float low = std::min(0.0f, bound(layer, "least")), high = std::max(0.0f, bound(layer, "most"));
    SmallVector<float> perChannel = smoothing(layer, how.smooth);
    if (!perChannel.empty()) {
      SmallVector<float> lows = observed(layer, "low"), highs = observed(layer, "high");
      low = high = 0;
      for (int64_t c = 0; c < layer.channels; ++c)
        low = std::min(low, lows[c] / perChannel[c]), high = std::max(high, highs[c] / perChannel[c]);
    }
    if (!(high > low) || !std::isfinite(high - low))
      return layer.op->emitOpError("is to be quantized by a range that was not observed; see --cameo-observe-layers");
    if (how.symmetric)
      high = std::max(high, -low), low = -high;
    float scale = (high - low) / 255;
    int zero = int(std::clamp(std::nearbyint(-low / scale), 0.0f, 255.0f));
    Value uniform = number(scale), from = uniform;
    if (!perChannel.empty()) {
      SmallVector<float> scales(perChannel);
      for (float &s : scales)
        s *= scale;
      from = floats(layer.perChannelShape(), scales);
    }
    Value zeros = zeroPoint<uint8_t>(b.getIntegerType(8, /*isSigned=*/false), zero);
    Value bytes = createOp<QuantizeOp>(b, shapes, loc, layer.input, from, zeros, /*saturate=*/true);
    Value input = createOp<DequantizeOp>(b, shapes, loc, bytes, uniform, zeros);
    SmallVector<float> rows = scaledMatrix(layer, perChannel), addend;
    ByteWeights weights(layer, rows);
    if (how.correct)
      addend = correction(layer, rows, weights, perChannel);
    return replace(layer, input, byteWeights(layer, weights), addend,
                   "is quantized to 8 bits by the range that was observed");
  }

  /// layer(x, w)  ->  layer(dequantize(quantize(x, max |x| / 127)), dequantize(bytes of w)), with a maximum per row of
  /// a product and per sample of a convolution
  LogicalResult quantizeDynamic(const Layer &layer, const Quantization &how) {
    int64_t rank = shapes.rank(layer.input);
    SmallVector<float> perChannel = smoothing(layer, how.smooth);
    Value x = layer.input;
    if (!perChannel.empty()) {
      SmallVector<float> inverse(perChannel);
      for (float &s : inverse)
        s = 1 / s;
      x = createOp<MulOp>(b, shapes, loc, x, floats(layer.perChannelShape(), inverse));
    }
    SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(layer.isMatrix ? rank - 1 : 1, rank));
    Value largest = createOp<ReduceOp>(b, shapes, loc, createOp<AbsOp>(b, shapes, loc, x), axes, "max", true);
    Value scale = createOp<MulOp>(b, shapes, loc, largest, number(1.0f / 127));
    scale = createOp<MaxOp>(b, shapes, loc, scale, number(1e-30f)); // of rows of zeros
    Value zero = zeroPoint<int8_t>(b.getIntegerType(8), 0);
    Value bytes = createOp<QuantizeOp>(b, shapes, loc, x, scale, zero, /*saturate=*/true);
    Value input = createOp<DequantizeOp>(b, shapes, loc, bytes, scale, zero);
    ByteWeights weights(layer, scaledMatrix(layer, perChannel));
    return replace(layer, input, byteWeights(layer, weights), {},
                   layer.isMatrix ? "is quantized to 8 bits row by row as it runs"
                                  : "is quantized to 8 bits sample by sample as it runs");
  }

  /// matmul(x, w)  ->  matmul_nbits(x, w in blocks of 4 bits)
  LogicalResult quantizeWeights(const Layer &layer, const Quantization &how) {
    if (!layer.isMatrix) {
      left(pass, loc, "layers quantized") << "keeps its weights: only matrices are kept in blocks";
      return success();
    }
    SmallVector<float> rows = layer.matrix(), gram = floatsOf(seen(layer), "gram"), factors;
    WeightGrid grid(layer.outputs, layer.terms, unsigned(how.bits), how.block, how.symmetric);
    switch (how.method) {
    case WeightMethod::Awq: {
      SmallVector<float> squares = observed(layer, "square");
      if (squares.empty())
        return layer.op->emitOpError("is to be quantized by AWQ, which needs 'square' in ") << kObservedAttr;
      std::vector<float> found = activationAware(
          grid, rows, squares,
          int64_t(gram.size()) == layer.terms * layer.terms ? ArrayRef<float>(gram) : ArrayRef<float>());
      factors.assign(found.begin(), found.end());
      rows = scaledMatrix(layer, factors);
      roundToNearest(grid, rows);
      break;
    }
    case WeightMethod::Gptq:
      if (int64_t(gram.size()) != layer.terms * layer.terms)
        return layer.op->emitOpError("is to be quantized by GPTQ, which needs 'gram' in ") << kObservedAttr;
      if (!compensated(grid, rows, gram))
        left(pass, loc, "weights compensated") << "is rounded to nearest: its inputs' second moments are degenerate";
      break;
    case WeightMethod::Hqq:
      halfQuadratic(grid, rows);
      break;
    case WeightMethod::Rtn:
      roundToNearest(grid, rows);
      break;
    }
    Value x = layer.input;
    if (!factors.empty()) {
      for (float &s : factors)
        s = 1 / s;
      x = createOp<MulOp>(b, shapes, loc, x, floats(layer.perChannelShape(), factors));
    }
    return finish(layer, blockProduct(layer, x, grid, how.bytes),
                  "has weights of " + Twine(how.bits) + " bits in blocks of " + Twine(how.block) + " (" +
                      nameOf(how.method) + ")");
  }

  Value blockProduct(const Layer &layer, Value x, const WeightGrid &grid, bool byteActivations) {
    int64_t blocks = grid.blocks(), rowBytes = blocks * grid.block / 2;
    SmallVector<uint8_t> packed(layer.outputs * rowBytes, 0);
    for (int64_t n = 0; n < layer.outputs; ++n)
      for (int64_t k = 0; k < layer.terms; ++k)
        packed[n * rowBytes + k / 2] |= uint8_t(grid.levels[n * layer.terms + k] << (k % 2 * 4));
    Type ui8 = b.getIntegerType(8, /*isSigned=*/false);
    return createOp<MatMulNBitsOp>(
        b, shapes, loc, x, constantOf<uint8_t>(b, loc, {layer.outputs, rowBytes}, ui8, packed),
        floats({layer.outputs, blocks}, grid.scales),
        constantOf<uint8_t>(b, loc, {layer.outputs, blocks}, ui8, ArrayRef<uint8_t>(grid.zeros)), grid.block,
        byteActivations);
  }

  /// Of the range that was observed; 0 where none was.
  float bound(const Layer &layer, StringRef name) {
    auto found = seen(layer) ? seen(layer).getAs<FloatAttr>(name) : FloatAttr();
    return found ? float(found.getValueAsDouble()) : 0;
  }

  DictionaryAttr seen(const Layer &layer) { return layer.op->getAttrOfType<DictionaryAttr>(kObservedAttr); }

  StringRef pass;
  func::FuncOp function;
  OpBuilder b;
  Location loc = UnknownLoc::get(b.getContext());
  ShapeAnalysis shapes;
  DenseMap<std::pair<Value, Attribute>, SmallVector<float>> factors;
};

struct QuantizeLayers : public cameo::impl::QuantizeLayersPassBase<QuantizeLayers> {
  using QuantizeLayersPassBase::QuantizeLayersPassBase;
  void runOnOperation() override {
    if (!getOperation().isExternal() && failed(LayerQuantizer(getArgument(), getOperation()).run()))
      signalPassFailure();
  }
};

} // namespace
