// AnchorConvInteger.cpp - cameo.conv_integer over channels-last activations: up to three spatial axes, a constant
// filter.
#include "AnchorBytes.h"
#include "AnchorConvolution.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::codegen;

namespace {

struct PackedConvolution {
  FilterSizes sizes;
  ByteProduct bytes;
  RhsZeros zeros;
};

/// Null when the emitter does not take the op.
std::optional<PackedConvolution> describe(ConvIntegerOp op, ShapeAnalysis &shapes, const CpuTarget &target) {
  ArrayRef<Dim> x = shapes.dimsOf(op.getX());
  auto sizes = filterSizes(shapes.dimsOf(op.getFilter()));
  if (!op.getChannelsLast() || x.size() > 2 + kMostSpatialAxes || !sizes ||
      sizes->outputs * sizes->perGroup * sizes->taps == 0 || !constantInKernel(op, op.getFilter()) ||
      !x.back().isConstant(sizes->perGroup * int64_t(op.getGroup())))
    return std::nullopt;
  auto zeros = constantZeros(op, op.getFilterZero(), sizes->outputs);
  auto bytes = zeros
                   ? byteProduct(target, getElementTypeOrSelf(op.getX()), getElementTypeOrSelf(op.getFilter()), *zeros)
                   : std::nullopt;
  if (!bytes || (isDepthwise(op, *sizes) && sizes->taps > kMaxByteTaps))
    return std::nullopt;
  return PackedConvolution{*sizes, *bytes, *zeros};
}

/// A row of zero points, for taps outside the image.
Value zeroPointRow(const Anchor &a, const ConvolutionSpec &s) {
  Emit e(a.b, a.loc());
  int64_t lanes = 16, bytes = llvm::alignTo(s.inChannels, lanes);
  Value row = e.stack(bytes);
  Value byte = arith::TruncIOp::create(a.b, a.loc(), a.b.getI8Type(), s.bytes->lhsZero);
  Value vector = vector::BroadcastOp::create(a.b, a.loc(), VectorType::get({lanes}, a.b.getI8Type()), byte);
  e.loop(e.number(0), e.number(bytes), lanes,
         [&](Value at) { LLVM::StoreOp::create(a.b, a.loc(), vector, e.offset(row, at), 1); });
  return row;
}

void emitDepthwiseBytes(const Anchor &a, ConvIntegerOp op, ConvolutionSpec &s, const PackedConvolution &c) {
  int64_t channels = s.outChannels, taps = c.sizes.taps;
  bool isSigned = !a.operands[1].elementType.isUnsignedInteger();
  s.weights = a.packedBytes(op.getFilter(),
                            llvm::formatv("depthwise bytes c={0} taps={1} zeros={2}", channels, taps, c.zeros.key),
                            channels * taps * 4, [=, zeros = c.zeros.values](const uint8_t *source, char *packed) {
                              auto *to = reinterpret_cast<float *>(packed);
                              for (int64_t tap = 0; tap < taps; ++tap)
                                for (int64_t channel = 0; channel < channels; ++channel) {
                                  uint8_t byte = source[channel * taps + tap];
                                  int32_t value = isSigned ? static_cast<int8_t>(byte) : byte;
                                  *to++ = value - zeros[zeros.size() == 1 ? 0 : channel];
                                }
                            });
  const KernelTensor &result = a.results[0];
  DimContext &d = a.dims();
  Dim lines = d.product(ArrayRef(result.dims).drop_back(2));
  a.setTiles(lines, channels * taps * result.dims[result.rank() - 2].constant().value_or(1));
  auto [begin, end] = a.slice();
  emitDepthwise(a.b, a.loc(), s, begin, end);
}

LogicalResult emitGroupedBytes(const Anchor &a, ConvIntegerOp op, ConvolutionSpec &s, const PackedConvolution &c) {
  ContractionShape shape = shapeOf(s);
  auto tile = a.tile(shape);
  if (failed(tile))
    return failure();
  s.tile = *tile;
  int64_t groups = s.groups, outputs = c.sizes.outputs / groups, perGroup = c.sizes.perGroup, taps = c.sizes.taps;
  int64_t run = convolutionRun(s), filter = taps * perGroup;
  bool isSigned = !a.operands[1].elementType.isUnsignedInteger();
  int64_t groupBytes = 4 * packedRhsElements(*tile, s.bytes->panelRows(filter / run, run), outputs);
  s.weights = a.packedBytes(
      op.getFilter(),
      llvm::formatv("conv bytes o={0} c={1} taps={2} groups={3} run={4} dots={5} zeros={6} nr={7} lanes={8}",
                    c.sizes.outputs, perGroup, taps, groups, run, int(s.bytes->dots), c.zeros.key, tile->nr,
                    tile->lanes),
      groups * groupBytes,
      [=, bytes = c.bytes, tile = *tile, zeros = c.zeros.values](const uint8_t *source, char *packed) {
        ByteMatrix matrix{source, isSigned, {}, filter, outputs, zeros};
        for (int64_t tap = 0; tap < taps; ++tap)
          for (int64_t channel = 0; channel < perGroup; ++channel)
            matrix.kOffsets.push_back(channel * taps + tap);
        for (int64_t group = 0; group < groups; ++group) {
          packByteRhs(matrix, run, bytes, tile, packed + group * groupBytes);
          matrix.source += outputs * filter;
          if (zeros.size() > 1)
            matrix.zeros = matrix.zeros.drop_front(outputs);
        }
      });
  const KernelTensor &result = a.results[0];
  DimContext &d = a.dims();
  a.setTiles(s.tile, shape, d.constant(groups), d.product(ArrayRef(result.dims).drop_back()), d.constant(outputs));
  auto [begin, end] = a.slice();
  emitConvolution(a.b, a.loc(), s, begin, end);
  return success();
}

ConvolutionSpec specOf(ConvIntegerOp op, const PackedConvolution &c, ArrayRef<Dim> x, ArrayRef<Dim> filter,
                       ArrayRef<Dim> result, llvm::function_ref<Extent(Dim)> extent) {
  ConvolutionSpec s = geometryOf(op, c.sizes, x, filter, result, extent);
  s.bytes = c.bytes;
  return s;
}

class TunedConvInteger final : public TunedContraction<ConvIntegerOp> {
  VectorTarget vectors(const CpuTarget &target) const override { return byteVectors(target); }
  std::optional<ContractionShape> contractionOf(ConvIntegerOp op, ShapeAnalysis &shapes,
                                                const CpuTarget &target) const override;
  std::optional<LogicalResult> emitOp(const Anchor &a, ConvIntegerOp op) const override;
};

} // namespace

const TunedOp &cameo::codegen::tunedConvInteger() {
  static const TunedConvInteger code;
  return code;
}

std::optional<ContractionShape> TunedConvInteger::contractionOf(ConvIntegerOp op, ShapeAnalysis &shapes,
                                                                const CpuTarget &target) const {
  auto c = describe(op, shapes, target);
  if (!c || isDepthwise(op, c->sizes))
    return std::nullopt;
  return shapeOf(
      specOf(op, *c, shapes.dimsOf(op.getX()), shapes.dimsOf(op.getFilter()), shapes.dimsOf(op), fixedExtent));
}

std::optional<LogicalResult> TunedConvInteger::emitOp(const Anchor &a, ConvIntegerOp op) const {
  if (!a.operands[0].memref || !a.k.constantOperand(op.getFilter()))
    return std::nullopt;
  const KernelTensor &x = a.operands[0];
  auto c = describe(op, a.k.shapes(), a.target);
  if (!c)
    return std::nullopt;
  ConvolutionSpec spec =
      specOf(op, *c, x.dims, a.operands[1].dims, a.results[0].dims, [&](Dim d) { return a.extent(d); });
  spec.target = a.vectors();
  spec.input = a.pointer(x);
  spec.bytes->lhsZero = loadZeroPoint(a, a.operands[2]);
  spec.store = a.storeThroughEpilogue();
  if (isDepthwise(op, c->sizes)) {
    emitDepthwiseBytes(a, op, spec, *c);
    return success();
  }
  if (llvm::any_of(op.getPads(), [](int64_t pad) { return pad > 0; }))
    spec.zeros = zeroPointRow(a, spec);
  return emitGroupedBytes(a, op, spec, *c);
}
