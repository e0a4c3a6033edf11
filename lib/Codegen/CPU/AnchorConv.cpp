// AnchorConv.cpp - cameo.conv over channels-last activations by the convolution micro-kernels: up to two spatial axes,
// a constant filter. The layout pass has made convolutions channels-last; others keep their naive loops.
#include "Anchors.h"
#include "cameo/Codegen/CPU/ContractionPacking.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::codegen;

namespace {

/// Constant filter sizes, [O, C/group, spatial..].
struct FilterSizes {
  int64_t outputs, perGroup, taps = 1;
};

std::optional<FilterSizes> filterSizes(const Tensor &filter) {
  FilterSizes sizes;
  for (auto [axis, d] : llvm::enumerate(filter.dims)) {
    auto size = d.constant();
    if (!size)
      return std::nullopt;
    if (axis == 0)
      sizes.outputs = *size;
    else if (axis == 1)
      sizes.perGroup = *size;
    else
      sizes.taps *= *size;
  }
  return sizes;
}

ConvolutionSpec specOf(const Anchor &a, ConvOp op, const FilterSizes &sizes) {
  const Tensor &x = a.operands[0], &filter = a.operands[1], &result = a.results[0];
  bool isPlane = x.rank() == 4;
  ConvolutionSpec s;
  s.target = a.vectors();
  s.n = a.extent(x.dims[0]);
  s.inHeight = isPlane ? a.extent(x.dims[1]) : Extent(1);
  s.inWidth = a.extent(x.dims[x.rank() - 2]);
  s.outHeight = isPlane ? a.extent(result.dims[1]) : Extent(1);
  s.outWidth = a.extent(result.dims[x.rank() - 2]);
  s.inChannels = sizes.perGroup * op.getGroup();
  s.outChannels = sizes.outputs;
  s.groups = op.getGroup();
  size_t last = op.getStrides().size() - 1;
  s.kernelWidth = *filter.dims.back().constant();
  s.strideWidth = op.getStrides()[last];
  s.dilationWidth = op.getDilations()[last];
  s.padLeft = op.getPads()[last];
  s.padRight = op.getPads()[2 * last + 1];
  if (isPlane) {
    s.kernelHeight = *filter.dims[2].constant();
    s.strideHeight = op.getStrides()[0];
    s.dilationHeight = op.getDilations()[0];
    s.padTop = op.getPads()[0];
    s.padBottom = op.getPads()[2];
  }
  s.input = a.pointer(x);
  s.inputType = x.elementType;
  bool padded = llvm::any_of(op.getPads(), [](int64_t pad) { return pad > 0; });
  if (padded)
    s.zeros = getZeros(a.b, a.loc(), a.kernelModule(), s.inChannels * elementBytes(s.inputType));
  s.store = a.storeThroughEpilogue();
  return s;
}

/// The filter in the form that `pack` writes: `elements` f32 values.
Value packFilter(const Anchor &a, ConvOp op, std::string key, int64_t elements,
                 std::function<void(const float *source, float *packed)> pack) {
  WeightForm form;
  form.key = std::move(key);
  form.bytes = elements * sizeof(float);
  form.make = [=](ElementsAttr value, WriteBytes write) {
    std::vector<float> storage, packed(elements);
    pack(constantFloats(value, storage).data(), packed.data());
    write({reinterpret_cast<const char *>(packed.data()), packed.size() * sizeof(float)});
  };
  return a.k.packedWeight(op.getFilter(), std::move(form));
}

void emitDepthwiseConv(const Anchor &a, ConvOp op, ConvolutionSpec &s, int64_t taps) {
  int64_t channels = s.outChannels;
  s.weights =
      packFilter(a, op, llvm::formatv("depthwise c={0} taps={1}", channels, taps), channels * taps,
                 [=](const float *source, float *packed) { packDepthwiseWeights(source, channels, taps, packed); });
  const Tensor &result = a.results[0];
  DimContext &d = a.dims();
  Dim lines = result.rank() == 4 ? d.mul(result.dims[0], result.dims[1]) : result.dims[0];
  int64_t perLine = channels * taps * result.dims[result.rank() - 2].constant().value_or(1);
  a.setTiles(lines, perLine);
  auto [begin, end] = a.slice();
  emitDepthwise(a.b, a.loc(), s, begin, end);
}

void emitGroupedConv(const Anchor &a, ConvOp op, ConvolutionSpec &s, const FilterSizes &sizes) {
  ContractionShape shape = shapeOf(s);
  s.tile = a.tile(shape);
  int64_t groups = s.groups, outputs = sizes.outputs / groups;
  int64_t elements = groups * packedRhsElements(s.tile, sizes.taps * sizes.perGroup, outputs);
  s.weights =
      packFilter(a, op,
                 llvm::formatv("conv o={0} c={1} taps={2} groups={3} nr={4} lanes={5}", sizes.outputs, sizes.perGroup,
                               sizes.taps, groups, s.tile.nr, s.tile.lanes),
                 elements, [=, tile = s.tile](const float *source, float *packed) {
                   packConvolutionWeights(source, sizes.outputs, sizes.perGroup, sizes.taps, groups, tile, packed);
                 });
  const Tensor &result = a.results[0];
  DimContext &d = a.dims();
  Dim pixels = d.product(ArrayRef(result.dims).drop_back());
  a.setTiles(s.tile, shape, d.constant(groups), pixels, d.constant(outputs));
  auto [begin, end] = a.slice();
  emitConvolution(a.b, a.loc(), s, begin, end);
}

} // namespace

std::optional<LogicalResult> cameo::codegen::emitConv(const Anchor &a) {
  auto op = dyn_cast<ConvOp>(a.op);
  if (!op || !op.getChannelsLast() || a.operands[0].rank() > 4 || !isMicroKernelType(a.operands[0].elementType) ||
      a.operands[1].elementType != a.operands[0].elementType || !a.operands[0].memref)
    return std::nullopt;
  auto sizes = filterSizes(a.operands[1]);
  if (!sizes || !a.k.constantOperand(op.getFilter()) ||
      !a.operands[0].dims.back().isConstant(sizes->perGroup * int64_t(op.getGroup())))
    return std::nullopt;
  ConvolutionSpec spec = specOf(a, op, *sizes);
  bool isDepthwise = op.getGroup() > 1 && sizes->perGroup == 1 && sizes->outputs == int64_t(op.getGroup());
  if (isDepthwise)
    emitDepthwiseConv(a, op, spec, sizes->taps);
  else
    emitGroupedConv(a, op, spec, *sizes);
  return success();
}
