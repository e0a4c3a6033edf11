// AnchorConvTranspose.cpp - cameo.conv_transpose over channels-last activations, as one convolution per phase of the
// stride. Neighbouring phases that differ in nothing but their weights share their code.
//
// Along an axis with stride s, dilation d and padding a, output q takes input p by tap t where q + a - t d = p s. All q
// that leave the same remainder q0 modulo s (a phase) use the same taps, and their p advance by 1: each phase is a
// convolution of stride 1 whose results lie s apart.
//
//   s = 2, kernel 4, a = 1:  q = 0, 2, 4..: q + 1 is odd,  taps 3, 1 read p = q/2 - 1, q/2      (padding 1 before)
//                            q = 1, 3, 5..: q + 1 is even, taps 2, 0 read p = q/2, q/2 + 1 (rounded down)
#include "Anchors.h"
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
  int64_t padBegin = 0, padEnd = 0;
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
  phase.padEnd = std::max<int64_t>(0, phase.surplus + reach - phase.padBegin);
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

/// What shares one piece of code: phases along height and width.
struct Plane {
  Run height, width;

  int64_t count() const { return height.count * width.count; }
  int64_t taps() const { return height.phase.taps.size() * width.phase.taps.size(); }
};

/// What is known at compile time: the filter [C, O/group, kernel..] and all phases.
struct Geometry {
  int64_t channels, outputsPerGroup, groups;
  Axis height, width;
  SmallVector<Plane> planes;

  int64_t outputs() const { return outputsPerGroup * groups; }
  bool isDepthwise() const { return groups > 1 && groups == channels && outputsPerGroup == 1; }
};

std::optional<Geometry> geometryOf(ConvTransposeOp op, ShapeAnalysis &shapes) {
  ArrayRef<Dim> x = shapes.dimsOf(op.getX()), filter = shapes.dimsOf(op.getFilter());
  if (!op.getChannelsLast() || x.size() > 4 || llvm::any_of(filter, [](Dim d) { return !d.constant(); }))
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
  if (numSpatial == 2)
    g.height = axisOf(0);
  g.width = axisOf(numSpatial - 1);
  auto vertical = runsOf(g.height), horizontal = runsOf(g.width);
  if (!vertical || !horizontal || int64_t(vertical->size() * horizontal->size()) > kMaxCodes)
    return std::nullopt;
  for (const Run &height : *vertical)
    for (const Run &width : *horizontal)
      g.planes.push_back({height, width});
  return g;
}

/// The convolution of each phase of a plane; `extent` makes sizes of Dims.
ConvolutionSpec specOf(const Geometry &g, const Plane &plane, DimContext &d, ArrayRef<Dim> x,
                       llvm::function_ref<Extent(Dim)> extent) {
  const Phase &vertical = plane.height.phase, &horizontal = plane.width.phase;
  ConvolutionSpec s;
  Dim inHeight = x.size() == 4 ? x[1] : d.constant(1), inWidth = x[x.size() - 2];
  s.n = extent(x[0]);
  s.inHeight = extent(inHeight);
  s.inWidth = extent(inWidth);
  s.outHeight = extent(d.add(inHeight, vertical.surplus));
  s.outWidth = extent(d.add(inWidth, horizontal.surplus));
  s.inChannels = g.channels;
  s.outChannels = g.outputs();
  s.groups = g.groups;
  s.kernelHeight = vertical.taps.size();
  s.kernelWidth = horizontal.taps.size();
  s.dilationHeight = vertical.dilation;
  s.dilationWidth = horizontal.dilation;
  s.padTop = vertical.padBegin;
  s.padBottom = vertical.padEnd;
  s.padLeft = horizontal.padBegin;
  s.padRight = horizontal.padEnd;
  return s;
}

/// The filter of phase `number` of a plane as ONNX would give it to a convolution: [O, C/group, taps..].
std::vector<float> phaseFilter(const Geometry &g, const Plane &plane, int64_t number, const float *source) {
  int64_t perGroup = g.channels / g.groups, area = g.height.kernel * g.width.kernel;
  Phase vertical = *phaseOf(g.height, plane.height.phase.first + number / plane.width.count);
  Phase horizontal = *phaseOf(g.width, plane.width.phase.first + number % plane.width.count);
  std::vector<float> filter;
  for (int64_t output = 0; output < g.outputs(); ++output)
    for (int64_t c = 0; c < perGroup; ++c) {
      int64_t channel = output / g.outputsPerGroup * perGroup + c;
      const float *window = source + (channel * g.outputsPerGroup + output % g.outputsPerGroup) * area;
      for (int64_t y : vertical.taps)
        for (int64_t x : horizontal.taps)
          filter.push_back(window[y * g.width.kernel + x]);
    }
  return filter;
}

/// One tile for all phases, which hardly differ.
ContractionShape shapeOfPhases(const Geometry &g, DimContext &d, ArrayRef<Dim> x) {
  ContractionShape shape = shapeOf(specOf(g, g.planes.front(), d, x, fixedExtent));
  for (const Plane &plane : g.planes)
    shape.directRows &= shapeOf(specOf(g, plane, d, x, fixedExtent)).directRows;
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
    for (auto [plane, filters] : llvm::zip_equal(g.planes, offsets)) {
      Dim perPhase = stepsOf(plane);
      work = std::max(work, emitPlane(plane, weights, filters, e.sub(begin, e.value(a.extent(steps))),
                                      e.sub(end, e.value(a.extent(steps))), e.value(a.extent(perPhase))));
      steps = d.add(steps, d.mul(perPhase, plane.count()));
    }
    a.setTiles(steps, work);
    return success();
  }

private:
  /// Steps [begin, end) of a plane, of which each phase has `perPhase`; its filters begin at element `filters`. Gives
  /// the work of one step.
  int64_t emitPlane(const Plane &plane, Value weights, int64_t filters, Value begin, Value end, Value perPhase) {
    ConvolutionSpec s = specOf(g, plane, a.dims(), x.dims, [&](Dim size) { return a.extent(size); });
    s.target = a.vectors();
    s.tile = tile;
    s.input = input;
    s.inputType = x.elementType;
    if (s.padTop || s.padBottom || s.padLeft || s.padRight)
      s.zeros = getZeros(a.b, a.loc(), a.kernelModule(), g.channels * elementBytes(x.elementType));
    Value zero = e.number(0), count = e.number(plane.count()), divisor = e.max(perPhase, e.number(1));
    Value first = e.div(e.max(begin, zero), divisor);
    Value last = e.min(count, e.div(e.add(e.max(end, zero), e.sub(divisor, e.number(1))), divisor));
    e.loop(plane.count() == 1 ? zero : first, plane.count() == 1 ? count : last, 1, [&](Value phase) {
      Value place = e.add(e.mul(phase, filterStride(plane)), filters), offset = e.mul(phase, perPhase);
      s.weights = emitElementPointer(a.b, a.loc(), Type(), weights, place);
      s.store = storeOf(plane, phase, s);
      Value from = e.min(e.max(e.sub(begin, offset), zero), perPhase);
      Value to = e.min(e.max(e.sub(end, offset), zero), perPhase);
      if (g.isDepthwise())
        emitDepthwise(a.b, a.loc(), s, from, to);
      else
        emitConvolution(a.b, a.loc(), s, from, to);
    });
    return workOf(s);
  }

  Dim stepsOf(const Plane &plane) {
    DimContext &d = a.dims();
    Dim height = d.add(x.rank() == 4 ? x.dims[1] : d.constant(1), plane.height.phase.surplus);
    Dim width = d.add(x.dims[x.rank() - 2], plane.width.phase.surplus), lines = d.mul(x.dims[0], height);
    if (g.isDepthwise())
      return lines;
    return a.steps(tile, d.constant(g.groups), d.mul(lines, width), d.constant(g.outputsPerGroup));
  }

  int64_t workOf(const ConvolutionSpec &s) {
    if (g.isDepthwise())
      return g.channels * s.kernelHeight * s.kernelWidth * (s.outWidth.isStatic() ? s.outWidth.fixed : 1);
    return multiplyAddsPerStep(tile, shapeOf(s));
  }

  /// Elements from the filter of one phase to the next, as vectors want them aligned.
  int64_t filterStride(const Plane &plane) const {
    int64_t elements =
        g.isDepthwise() ? g.channels * plane.taps()
                        : g.groups * packedRhsElements(tile, plane.taps() * (g.channels / g.groups), g.outputsPerGroup);
    return llvm::alignTo(elements, 16);
  }

  /// The filters of all phases, one after the other.
  Value pack() {
    int64_t elements = 0;
    SmallVector<int64_t> strides;
    for (const Plane &plane : g.planes) {
      offsets.push_back(elements);
      strides.push_back(filterStride(plane));
      elements += plane.count() * strides.back();
    }
    auto axisKey = [](const Axis &axis) {
      return llvm::formatv("{0}/{1}/{2}/{3}", axis.kernel, axis.stride, axis.dilation, axis.padBegin).str();
    };
    std::string key =
        llvm::formatv("conv_transpose c={0} o={1} groups={2} h={3} w={4} nr={5} lanes={6}", g.channels,
                      g.outputsPerGroup, g.groups, axisKey(g.height), axisKey(g.width), tile.nr, tile.lanes);
    auto make = [g = g, tile = tile, offsets = offsets, strides](const float *source, float *packed) {
      for (auto [plane, offset, stride] : llvm::zip_equal(g.planes, offsets, strides))
        for (int64_t phase = 0; phase < plane.count(); ++phase) {
          std::vector<float> filter = phaseFilter(g, plane, phase, source);
          float *to = packed + offset + phase * stride;
          if (g.isDepthwise())
            packDepthwiseWeights(filter.data(), g.channels, plane.taps(), to);
          else
            packConvolutionWeights(filter.data(), g.outputs(), g.channels / g.groups, plane.taps(), g.groups, tile, to);
        }
    };
    return a.packedFloats(op.getFilter(), std::move(key), elements, std::move(make));
  }

  /// Pixel (n, y, x) of phase `number` is pixel (n, y * stride + first, x * stride + first) of the result.
  StoreFn storeOf(const Plane &plane, Value number, const ConvolutionSpec &s) {
    Extent height = x.rank() == 4 ? a.extent(result.dims[1]) : Extent(1);
    Extent width = a.extent(result.dims[result.rank() - 2]);
    Value columns = e.number(plane.width.count);
    Value y0 = e.add(e.div(number, columns), plane.height.phase.first);
    Value x0 = e.add(e.rem(number, columns), plane.width.phase.first);
    StoreFn store = a.storeThroughEpilogue();
    return [=, this, phaseHeight = s.outHeight, phaseWidth = s.outWidth](OpBuilder &b, Location loc, Value vector,
                                                                         const TilePosition &at) {
      Emit e(b, loc);
      Value line = e.div(at.row, e.value(phaseWidth)), column = e.rem(at.row, e.value(phaseWidth));
      Value image = e.div(line, e.value(phaseHeight)), y = e.rem(line, e.value(phaseHeight));
      y = e.add(e.mul(y, g.height.stride), y0);
      column = e.add(e.mul(column, g.width.stride), x0);
      TilePosition moved = at;
      moved.row = e.add(e.mul(e.add(e.mul(image, height), y), width), column);
      store(b, loc, vector, moved);
    };
  }

  const Anchor &a;
  ConvTransposeOp op;
  Geometry g;
  const Tensor &x, &result;
  Emit e;
  Value input;
  ContractionTile tile;
  SmallVector<int64_t> offsets; ///< of the planes' filters, in elements
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
