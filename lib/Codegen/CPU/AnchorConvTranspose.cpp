// AnchorConvTranspose.cpp - cameo.conv_transpose over channels-last activations, as one convolution per phase of the
// stride. Neighbouring phases that differ in nothing but their weights share their code.
//
// Along an axis with stride s, dilation d and padding a, output q takes input p by tap t where q + a - t d = p s. All q
// that leave the same remainder q0 modulo s (a phase) use the same taps, and their p advance by 1: each phase is a
// convolution of stride 1 whose results lie s apart.
//
//   s = 2, kernel 4, a = 1:  q = 0, 2, 4..: q + 1 is odd,  taps 3, 1 read p = q/2 - 1, q/2      (padding 1 before)
//                            q = 1, 3, 5..: q + 1 is even, taps 2, 0 read p = q/2, q/2 + 1 (rounded down)
#include "AnchorConvolution.h"
#include "cameo/Codegen/CPU/ContractionPacking.h"
#include "llvm/Support/FormatVariadic.h"
#include <numeric>

using namespace mlir;
using namespace cameo;
using namespace cameo::codegen;

namespace {

/// One spatial axis as the op has it.
struct Axis {
  int64_t stride = 1, dilation = 1, kernel = 1, padBegin = 0, padEnd = 0, outputPadding = 0;
};

/// One phase of one axis.
struct Phase {
  int64_t first = 0;               ///< the smallest q
  SmallVector<int64_t> taps = {0}; ///< in the order in which they read the input
  int64_t dilation = 1;            ///< inputs between taps
  int64_t padBegin = 0;
  int64_t padEnd = 0;  ///< negative: the last inputs are read by none
  int64_t surplus = 0; ///< outputs of this phase minus inputs
};

/// Phase q0; nothing when it has no tap, or begins behind the first input.
std::optional<Phase> phaseOf(const Axis &axis, int64_t q0) {
  Phase phase;
  phase.first = q0;
  phase.taps.clear();
  for (int64_t tap = axis.kernel - 1; tap >= 0; --tap)
    if ((q0 + axis.padBegin - tap * axis.dilation) % axis.stride == 0)
      phase.taps.push_back(tap);
  if (phase.taps.empty())
    return std::nullopt;
  phase.dilation = axis.dilation / std::gcd(axis.dilation, axis.stride);
  phase.padBegin = (phase.taps.front() * axis.dilation - q0 - axis.padBegin) / axis.stride;
  if (phase.padBegin < 0)
    return std::nullopt;
  int64_t constant = (axis.kernel - 1) * axis.dilation + 1 + axis.outputPadding - axis.padBegin - axis.padEnd - q0;
  phase.surplus = llvm::divideCeilSigned(constant, axis.stride) - 1;
  int64_t reach = (int64_t(phase.taps.size()) - 1) * phase.dilation;
  phase.padEnd = phase.surplus + reach - phase.padBegin;
  return phase;
}

/// Phases phase.first, phase.first + 1, ... of one axis: they have one shape, and their taps advance with them.
struct Run {
  Phase phase;
  int64_t count = 1;

  bool continuesWith(const Phase &next) const {
    return next.taps.size() == phase.taps.size() && next.padBegin == phase.padBegin && next.padEnd == phase.padEnd &&
           next.surplus == phase.surplus;
  }
};

/// Strides over this keep their naive loops, and so do geometries that need more than this many pieces of code.
constexpr int64_t kMaxStride = 1024, kMaxCodes = 64;

/// Nothing when a phase is nothing.
std::optional<SmallVector<Run>> runsOf(const Axis &axis) {
  if (axis.stride > std::min(axis.kernel, kMaxStride)) // every tap is of one phase
    return std::nullopt;
  SmallVector<Run> runs;
  for (int64_t q0 = 0; q0 < axis.stride; ++q0) {
    auto phase = phaseOf(axis, q0);
    if (!phase)
      return std::nullopt;
    if (!runs.empty() && runs.back().continuesWith(*phase))
      ++runs.back().count;
    else
      runs.push_back({*phase});
  }
  return runs;
}

/// What shares one piece of code: phases along depth, height and width.
struct Piece {
  Run depth, height, width;

  int64_t count() const { return depth.count * height.count * width.count; }
  int64_t taps() const { return depth.phase.taps.size() * height.phase.taps.size() * width.phase.taps.size(); }
};

/// What is known at compile time: the filter [C, O/group, kernel..] and all phases.
struct Geometry {
  int64_t channels, outputsPerGroup, groups;
  Axis depth, height, width;
  SmallVector<Piece, 0> pieces;

  int64_t outputs() const { return outputsPerGroup * groups; }
  bool isDepthwise() const { return groups > 1 && groups == channels && outputsPerGroup == 1; }
};

std::optional<Geometry> geometryOf(ConvTransposeOp op, ShapeAnalysis &shapes) {
  ArrayRef<Dim> x = shapes.dimsOf(op.getX()), filter = shapes.dimsOf(op.getFilter());
  if (!op.getChannelsLast() || x.size() > 2 + kMostSpatialAxes ||
      llvm::any_of(filter, [](Dim d) { return !d.constant(); }))
    return std::nullopt;
  Geometry g;
  g.channels = *filter[0].constant();
  g.outputsPerGroup = *filter[1].constant();
  g.groups = op.getGroup();
  if (!x.back().isConstant(g.channels))
    return std::nullopt;
  size_t numSpatial = x.size() - 2;
  auto axisOf = [&](size_t i) {
    return Axis{op.getStrides()[i], op.getDilations()[i],         *filter[2 + i].constant(),
                op.getPads()[i],    op.getPads()[numSpatial + i], op.getOutputPadding()[i]};
  };
  Axis *axes[kMostSpatialAxes] = {&g.depth, &g.height, &g.width};
  for (size_t i = 0; i < numSpatial; ++i)
    *axes[kMostSpatialAxes - numSpatial + i] = axisOf(i);
  auto depths = runsOf(g.depth), heights = runsOf(g.height), widths = runsOf(g.width);
  if (!depths || !heights || !widths || int64_t(depths->size() * heights->size() * widths->size()) > kMaxCodes)
    return std::nullopt;
  for (const Run &depth : *depths)
    for (const Run &height : *heights)
      for (const Run &width : *widths)
        g.pieces.push_back({depth, height, width});
  return g;
}

/// Size of spatial axis `fromLast`, counted from the last, of a channels-last tensor; 1 where it has none.
Dim spatialSize(DimContext &d, ArrayRef<Dim> dims, size_t fromLast) {
  return dims.size() > 2 + fromLast ? dims[dims.size() - 2 - fromLast] : d.constant(1);
}

/// The convolution of each phase of a piece; `extent` makes sizes of Dims.
ConvolutionSpec specOf(const Geometry &g, const Piece &piece, DimContext &d, ArrayRef<Dim> x,
                       llvm::function_ref<Extent(Dim)> extent) {
  const Phase &depth = piece.depth.phase, &height = piece.height.phase, &width = piece.width.phase;
  ConvolutionSpec s;
  Dim inDepth = spatialSize(d, x, 2), inHeight = spatialSize(d, x, 1), inWidth = spatialSize(d, x, 0);
  s.n = extent(x[0]);
  s.inDepth = extent(inDepth);
  s.inHeight = extent(inHeight);
  s.inWidth = extent(inWidth);
  s.outDepth = extent(d.add(inDepth, depth.surplus));
  s.outHeight = extent(d.add(inHeight, height.surplus));
  s.outWidth = extent(d.add(inWidth, width.surplus));
  s.inChannels = g.channels;
  s.outChannels = g.outputs();
  s.groups = g.groups;
  s.kernelDepth = depth.taps.size();
  s.kernelHeight = height.taps.size();
  s.kernelWidth = width.taps.size();
  s.dilationDepth = depth.dilation;
  s.dilationHeight = height.dilation;
  s.dilationWidth = width.dilation;
  s.padFront = depth.padBegin;
  s.padBack = depth.padEnd;
  s.padTop = height.padBegin;
  s.padBottom = height.padEnd;
  s.padLeft = width.padBegin;
  s.padRight = width.padEnd;
  return s;
}

/// The filter of phase `number` of a piece as ONNX would give it to a convolution: [O, C/group, taps..].
std::vector<float> phaseFilter(const Geometry &g, const Piece &piece, int64_t number, const float *source) {
  int64_t perGroup = g.channels / g.groups, volume = g.depth.kernel * g.height.kernel * g.width.kernel;
  int64_t line = number / piece.width.count;
  Phase depth = *phaseOf(g.depth, piece.depth.phase.first + line / piece.height.count);
  Phase height = *phaseOf(g.height, piece.height.phase.first + line % piece.height.count);
  Phase width = *phaseOf(g.width, piece.width.phase.first + number % piece.width.count);
  std::vector<float> filter;
  for (int64_t output = 0; output < g.outputs(); ++output)
    for (int64_t c = 0; c < perGroup; ++c) {
      int64_t channel = output / g.outputsPerGroup * perGroup + c;
      const float *window = source + (channel * g.outputsPerGroup + output % g.outputsPerGroup) * volume;
      for (int64_t z : depth.taps)
        for (int64_t y : height.taps)
          for (int64_t x : width.taps)
            filter.push_back(window[(z * g.height.kernel + y) * g.width.kernel + x]);
    }
  return filter;
}

/// One tile for all phases, which hardly differ.
ContractionShape shapeOfPhases(const Geometry &g, DimContext &d, ArrayRef<Dim> x) {
  ContractionShape shape = shapeOf(specOf(g, g.pieces.front(), d, x, fixedExtent));
  for (const Piece &piece : g.pieces)
    shape.directRows &= shapeOf(specOf(g, piece, d, x, fixedExtent)).directRows;
  shape.alongK.reset(); // filters of phases are packed for lanes of columns
  return shape;
}

class ConvTransposeEmitter {
public:
  ConvTransposeEmitter(const Anchor &a, ConvTransposeOp op, Geometry geometry)
      : a(a), op(op), g(std::move(geometry)), x(a.operands[0]), result(a.results[0]), e(a.b, a.loc()),
        input(a.pointer(x)) {}

  LogicalResult emit() {
    auto chosen = a.tile(shapeOfPhases(g, a.dims(), x.dims));
    if (failed(chosen))
      return failure();
    tile = *chosen;
    DimContext &d = a.dims();
    Value weights = pack();
    auto [begin, end] = a.slice();
    Dim steps = d.constant(0);
    int64_t work = 1;
    for (auto [piece, filters] : llvm::zip_equal(g.pieces, offsets)) {
      Dim perPhase = stepsOf(piece);
      work = std::max(work, emitPiece(piece, weights, filters, e.sub(begin, e.value(a.extent(steps))),
                                      e.sub(end, e.value(a.extent(steps))), e.value(a.extent(perPhase))));
      steps = d.add(steps, d.mul(perPhase, piece.count()));
    }
    a.setTiles(steps, work);
    return success();
  }

private:
  /// Steps [begin, end) of a piece, of which each phase has `perPhase`; its filters begin at element `filters`. Gives
  /// the work of one step.
  int64_t emitPiece(const Piece &piece, Value weights, int64_t filters, Value begin, Value end, Value perPhase) {
    ConvolutionSpec s = specOf(g, piece, a.dims(), x.dims, [&](Dim size) { return a.extent(size); });
    s.target = a.vectors();
    s.tile = tile;
    s.input = input;
    s.inputType = x.elementType;
    if (llvm::any_of(ArrayRef{s.padFront, s.padBack, s.padTop, s.padBottom, s.padLeft, s.padRight},
                     [](int64_t pad) { return pad > 0; }))
      s.zeros = getZeros(a.b, a.loc(), a.kernelModule(), g.channels * elementBytes(x.elementType));
    Value zero = e.number(0), count = e.number(piece.count()), divisor = e.max(perPhase, e.number(1));
    Value first = e.div(e.max(begin, zero), divisor);
    Value last = e.min(count, e.div(e.add(e.max(end, zero), e.sub(divisor, e.number(1))), divisor));
    e.loop(piece.count() == 1 ? zero : first, piece.count() == 1 ? count : last, 1, [&](Value phase) {
      Value place = e.add(e.mul(phase, filterStride(piece)), filters), offset = e.mul(phase, perPhase);
      s.weights = emitElementPointer(a.b, a.loc(), Type(), weights, place);
      s.store = storeOf(piece, phase, s);
      Value from = e.min(e.max(e.sub(begin, offset), zero), perPhase);
      Value to = e.min(e.max(e.sub(end, offset), zero), perPhase);
      if (g.isDepthwise())
        emitDepthwise(a.b, a.loc(), s, from, to);
      else
        emitConvolution(a.b, a.loc(), s, from, to);
    });
    return workOf(piece, s);
  }

  Dim stepsOf(const Piece &piece) {
    DimContext &d = a.dims();
    auto sizeOf = [&](size_t fromLast, const Run &run) {
      return d.add(spatialSize(d, x.dims, fromLast), run.phase.surplus);
    };
    Dim lines = d.mul(d.mul(x.dims[0], sizeOf(2, piece.depth)), sizeOf(1, piece.height));
    if (g.isDepthwise())
      return lines;
    return a.steps(tile, d.constant(g.groups), d.mul(lines, sizeOf(0, piece.width)), d.constant(g.outputsPerGroup));
  }

  int64_t workOf(const Piece &piece, const ConvolutionSpec &s) {
    if (g.isDepthwise())
      return g.channels * piece.taps() * (s.outWidth.isStatic() ? s.outWidth.fixed : 1);
    return multiplyAddsPerStep(tile, shapeOf(s));
  }

  /// Elements from the filter of one phase to the next, as vectors want them aligned.
  int64_t filterStride(const Piece &piece) const {
    int64_t elements =
        g.isDepthwise() ? g.channels * piece.taps()
                        : g.groups * packedRhsElements(tile, piece.taps() * (g.channels / g.groups), g.outputsPerGroup);
    return llvm::alignTo(elements, 16);
  }

  /// The filters of all phases, one after the other.
  Value pack() {
    int64_t elements = 0;
    SmallVector<int64_t> strides;
    for (const Piece &piece : g.pieces) {
      offsets.push_back(elements);
      strides.push_back(filterStride(piece));
      elements += piece.count() * strides.back();
    }
    auto axisKey = [](const Axis &axis) {
      return llvm::formatv("{0}/{1}/{2}/{3}", axis.kernel, axis.stride, axis.dilation, axis.padBegin).str();
    };
    std::string key = llvm::formatv("conv_transpose c={0} o={1} groups={2} d={3} h={4} w={5} nr={6} lanes={7}",
                                    g.channels, g.outputsPerGroup, g.groups, axisKey(g.depth), axisKey(g.height),
                                    axisKey(g.width), tile.nr, tile.lanes);
    auto make = [g = g, tile = tile, offsets = offsets, strides](const float *source, float *packed) {
      for (auto [piece, offset, stride] : llvm::zip_equal(g.pieces, offsets, strides))
        for (int64_t phase = 0; phase < piece.count(); ++phase) {
          std::vector<float> filter = phaseFilter(g, piece, phase, source);
          float *to = packed + offset + phase * stride;
          if (g.isDepthwise())
            packDepthwiseWeights(filter.data(), g.channels, 1, piece.taps(), to);
          else
            packConvolutionWeights(filter.data(), g.outputs(), g.channels / g.groups, piece.taps(), g.groups, tile, to);
        }
    };
    return a.packedFloats(op.getFilter(), std::move(key), elements, std::move(make));
  }

  /// Pixel (n, z, y, x) of phase `number` is pixel (n, z * stride + first, y * stride + first, x * stride + first) of
  /// the result.
  StoreFn storeOf(const Piece &piece, Value number, const ConvolutionSpec &s) {
    auto sizeOf = [&](size_t fromLast) { return a.extent(spatialSize(a.dims(), result.dims, fromLast)); };
    Value columns = e.number(piece.width.count), lines = e.number(piece.height.count),
          lineNumber = e.div(number, columns);
    Value z0 = e.add(e.div(lineNumber, lines), piece.depth.phase.first);
    Value y0 = e.add(e.rem(lineNumber, lines), piece.height.phase.first);
    Value x0 = e.add(e.rem(number, columns), piece.width.phase.first);
    StoreFn store = a.storeThroughEpilogue();
    return [=, this, outDepth = sizeOf(2), outHeight = sizeOf(1), outWidth = sizeOf(0), phaseDepth = s.outDepth,
            phaseHeight = s.outHeight,
            phaseWidth = s.outWidth](OpBuilder &b, Location loc, Value vector, const TilePosition &at) {
      Emit e(b, loc);
      auto moved = [&](Value place, int64_t stride, Value first) { return e.add(e.mul(place, stride), first); };
      Value line = e.div(at.row, e.value(phaseWidth)), plane = e.div(line, e.value(phaseHeight));
      Value x = moved(e.rem(at.row, e.value(phaseWidth)), g.width.stride, x0);
      Value y = moved(e.rem(line, e.value(phaseHeight)), g.height.stride, y0);
      Value z = moved(e.rem(plane, e.value(phaseDepth)), g.depth.stride, z0), image = e.div(plane, e.value(phaseDepth));
      TilePosition position = at;
      position.row = e.add(e.mul(e.add(e.mul(e.add(e.mul(image, outDepth), z), outHeight), y), outWidth), x);
      store(b, loc, vector, position);
    };
  }

  const Anchor &a;
  ConvTransposeOp op;
  Geometry g;
  const KernelTensor &x, &result;
  Emit e;
  Value input;
  ContractionTile tile;
  SmallVector<int64_t> offsets; ///< of the pieces' filters, in elements
};

class TunedConvTranspose final : public TunedContraction<ConvTransposeOp> {
  std::optional<ContractionShape> contractionOf(ConvTransposeOp op, ShapeAnalysis &shapes,
                                                const CpuTarget &) const override {
    auto geometry = geometryOf(op, shapes);
    if (!geometry)
      return std::nullopt;
    return shapeOfPhases(*geometry, shapes.dims(), shapes.dimsOf(op.getX()));
  }
  std::optional<LogicalResult> emitOp(const Anchor &a, ConvTransposeOp op) const override {
    if (!isMicroKernelType(a.operands[0].elementType) || !a.operands[0].memref || !a.k.constantOperand(op.getFilter()))
      return std::nullopt;
    auto geometry = geometryOf(op, a.k.shapes());
    if (!geometry)
      return std::nullopt;
    return ConvTransposeEmitter(a, op, std::move(*geometry)).emit();
  }
};

} // namespace

const TunedOp &cameo::codegen::tunedConvTranspose() {
  static const TunedConvTranspose code;
  return code;
}
