// AnchorConv.cpp - cameo.conv over channels-last activations by the convolution micro-kernels: up to three spatial
// axes, a constant filter. The layout pass has made convolutions channels-last; others keep their naive loops.
#include "AnchorConvolution.h"
#include "ContractionWinograd.h"
#include "cameo/Codegen/CPU/ContractionPacking.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::codegen;

namespace {

void emitDepthwiseConv(const Anchor &a, ConvOp op, ConvolutionSpec &s, const FilterSizes &sizes) {
  int64_t channels = s.outChannels, perGroup = sizes.perGroup, taps = sizes.taps;
  s.weights = a.packedFloats(op.getFilter(), llvm::formatv("depthwise c={0}*{1} taps={2}", channels, perGroup, taps),
                             channels * perGroup * taps, [=](const float *source, float *packed) {
                               packDepthwiseWeights(source, channels, perGroup, taps, packed);
                             });
  const KernelTensor &result = a.results[0];
  DimContext &d = a.dims();
  Dim lines = d.product(ArrayRef(result.dims).drop_back(2));
  int64_t perLine = channels * perGroup * taps * result.dims[result.rank() - 2].constant().value_or(1);
  a.setTiles(lines, perLine);
  auto [begin, end] = a.slice();
  emitDepthwise(a.b, a.loc(), s, begin, end);
}

/// Whether pairs of bf16 are multiplied.
bool usesBf16Dots(ConvOp op, const CpuTarget &target) {
  return target.hasBf16Dots && getElementTypeOrSelf(op.getX().getType()).isBF16() &&
         constantInKernel(op, op.getFilter());
}

/// Whether emitDepthwise takes it. Pairs of bf16 are multiplied faster within a group.
bool goesByDepthwise(ConvOp op, const FilterSizes &sizes, const ConvolutionSpec &spec, const CpuTarget &target) {
  return isDepthwise(op, sizes) || (!usesBf16Dots(op, target) && sharesVectors(spec));
}

ContractionShape tileShape(const ConvolutionSpec &spec) {
  ContractionShape shape = shapeOf(spec);
  shape.winograd = winogradImages(spec);
  return shape;
}

void emitWinogradConv(const Anchor &a, ConvOp op, ConvolutionSpec &s, const ContractionShape &shape) {
  int64_t outputs = s.outChannels, channels = s.inChannels, planes = s.kernelDepth;
  int64_t positions = (s.tile.winograd + 2) * (s.tile.winograd + 2);
  s.weights = a.packedFloats(op.getFilter(),
                             llvm::formatv("winograd m={0} o={1} c={2} planes={3} nr={4} lanes={5}", s.tile.winograd,
                                           outputs, channels, planes, s.tile.nr, s.tile.lanes),
                             positions * packedRhsElements(s.tile, planes * channels, outputs),
                             [=, tile = s.tile](const float *source, float *packed) {
                               packWinogradWeights(source, outputs, channels, planes, tile, packed);
                             });
  WinogradPlan plan = planWinograd(s.tile, shape);
  DimContext &d = a.dims();
  ArrayRef<Dim> images = ArrayRef(a.results[0].dims).drop_back(3), sides = a.results[0].dims;
  sides = sides.drop_back().take_back(2);
  Dim tiles =
      d.mul(d.product(images), d.mul(d.ceilDiv(sides[0], s.tile.winograd), d.ceilDiv(sides[1], s.tile.winograd)));
  Dim steps = d.mul(d.min(d.ceilDiv(tiles, s.tile.mBlock), d.constant(plan.mostShares)), plan.groups);
  KernelTensor scratch = a.k.temporary(a.b, a.loc(), a.b.getF32Type(), {steps, d.constant(plan.scratchElements)});
  Value scratchBase = a.pointer(scratch);
  a.setTiles(steps, multiplyAddsPerStep(s.tile, shape));
  auto [begin, end] = a.slice();
  emitWinograd(a.b, a.loc(), s, plan, scratchBase, begin, end);
}

LogicalResult emitGroupedConv(const Anchor &a, ConvOp op, ConvolutionSpec &s, const FilterSizes &sizes) {
  ContractionShape shape = tileShape(s);
  auto tile = a.tile(shape);
  if (failed(tile))
    return failure();
  s.tile = *tile;
  if (s.tile.winograd) {
    emitWinogradConv(a, op, s, shape);
    return success();
  }
  int64_t groups = s.groups, outputs = sizes.outputs / groups;
  std::string key = llvm::formatv("conv o={0} c={1} taps={2} groups={3} nr={4} lanes={5}", sizes.outputs,
                                  sizes.perGroup, sizes.taps, groups, s.tile.nr, s.tile.lanes);
  int64_t run = convolutionRun(s), filter = sizes.taps * sizes.perGroup;
  auto offsets = [=] { // of K's elements, in the order in which windows are read
    SmallVector<int64_t> offsets;
    for (int64_t tap = 0; tap < sizes.taps; ++tap)
      for (int64_t channel = 0; channel < sizes.perGroup; ++channel)
        offsets.push_back(channel * sizes.taps + tap);
    return offsets;
  };
  if (s.tile.alongK) {
    int64_t step = s.tile.lanes * (s.bf16Dots ? 2 : 1);
    int64_t elements = packedRhsElements(s.tile, filter / run * llvm::divideCeil(run, step), outputs);
    auto pack = [=, tile = s.tile](auto *source, auto *packed) {
      for (int64_t group = 0; group < groups; ++group)
        packRhsAlongK(source + group * outputs * filter, offsets(), filter, outputs, run, tile,
                      packed + group * elements * (step / tile.lanes));
    };
    key += llvm::formatv(" along k{0} run={1}", s.bf16Dots ? " pairs" : "", run).str();
    if (s.bf16Dots)
      s.weights = a.packedBytes(
          op.getFilter(), std::move(key), groups * elements * 4, [=](const uint8_t *source, char *packed) {
            pack(reinterpret_cast<const uint16_t *>(source), reinterpret_cast<uint16_t *>(packed));
          });
    else
      s.weights = a.packedFloats(op.getFilter(), std::move(key), groups * elements, pack);
  } else if (s.bf16Dots) {
    int64_t groupBytes = 4 * packedRhsElements(s.tile, filter / run * llvm::divideCeil(run, 2), outputs);
    s.weights = a.packedBytes(op.getFilter(), llvm::formatv("{0} pairs run={1}", key, run), groups * groupBytes,
                              [=, tile = s.tile](const uint8_t *source, char *packed) {
                                auto *weights = reinterpret_cast<const uint16_t *>(source);
                                for (int64_t group = 0; group < groups; ++group)
                                  packBf16Rhs(weights + group * outputs * filter, offsets(), filter, outputs, run, tile,
                                              packed + group * groupBytes);
                              });
  } else {
    int64_t elements = groups * packedRhsElements(s.tile, sizes.taps * sizes.perGroup, outputs);
    s.weights = a.packedFloats(
        op.getFilter(), std::move(key), elements, [=, tile = s.tile](const float *source, float *packed) {
          packConvolutionWeights(source, sizes.outputs, sizes.perGroup, sizes.taps, groups, tile, packed);
        });
  }
  const KernelTensor &result = a.results[0];
  DimContext &d = a.dims();
  Dim pixels = d.product(ArrayRef(result.dims).drop_back());
  a.setTiles(s.tile, shape, d.constant(groups), pixels, d.constant(outputs));
  auto [begin, end] = a.slice();
  emitConvolution(a.b, a.loc(), s, begin, end);
  return success();
}

class TunedConv final : public TunedContraction<ConvOp> {
  std::optional<ContractionShape> contractionOf(ConvOp op, ShapeAnalysis &shapes,
                                                const CpuTarget &target) const override;
  std::optional<LogicalResult> emitOp(const Anchor &a, ConvOp op) const override;
};

} // namespace

const TunedOp &cameo::codegen::tunedConv() {
  static const TunedConv code;
  return code;
}

std::optional<ContractionShape> TunedConv::contractionOf(ConvOp op, ShapeAnalysis &shapes,
                                                         const CpuTarget &target) const {
  ArrayRef<Dim> x = shapes.dimsOf(op.getX()), filter = shapes.dimsOf(op.getFilter());
  auto sizes = filterSizes(filter);
  if (!op.getChannelsLast() || x.size() > 2 + kMostSpatialAxes || !sizes)
    return std::nullopt;
  ConvolutionSpec spec = geometryOf(op, *sizes, x, filter, shapes.dimsOf(op), fixedExtent);
  spec.target = vectorTarget(target);
  if (goesByDepthwise(op, *sizes, spec, target))
    return std::nullopt;
  spec.bf16Dots = usesBf16Dots(op, target);
  return tileShape(spec);
}

std::optional<LogicalResult> TunedConv::emitOp(const Anchor &a, ConvOp op) const {
  if (!op.getChannelsLast() || a.operands[0].rank() > 2 + int64_t(kMostSpatialAxes) ||
      !isMicroKernelType(a.operands[0].elementType) || a.operands[1].elementType != a.operands[0].elementType ||
      !a.operands[0].memref)
    return std::nullopt;
  const KernelTensor &x = a.operands[0], &filter = a.operands[1];
  auto sizes = filterSizes(filter.dims);
  if (!sizes || !a.k.constantOperand(op.getFilter()) ||
      !x.dims.back().isConstant(sizes->perGroup * int64_t(op.getGroup())))
    return std::nullopt;
  ConvolutionSpec spec =
      geometryOf(op, *sizes, x.dims, filter.dims, a.results[0].dims, [&](Dim d) { return a.extent(d); });
  spec.target = a.vectors();
  spec.input = a.pointer(x);
  if (llvm::any_of(op.getPads(), [](int64_t pad) { return pad > 0; }) || winogradImages(spec))
    spec.zeros = getZeros(a.b, a.loc(), a.kernelModule(), spec.inChannels * elementBytes(spec.inputType));
  spec.store = a.storeThroughEpilogue();
  if (goesByDepthwise(op, *sizes, spec, a.target)) {
    emitDepthwiseConv(a, op, spec, *sizes);
    return success();
  }
  spec.bf16Dots = usesBf16Dots(op, a.target);
  return emitGroupedConv(a, op, spec, *sizes);
}
