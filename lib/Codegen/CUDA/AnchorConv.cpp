// AnchorConv.cpp - cameo.conv and cameo.conv_integer over channels-last activations as a product: rows are output
// pixels, K is taps times channels, columns are output channels. Nothing is unfolded in memory: the copies to shared
// memory compute where each element comes from. Depthwise convolutions, which read each element a few times only, keep
// their naive loops.
#include "GpuAnchors.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::codegen;

namespace {

/// Sizes of a constant filter [O, C/group, height, width]; 1-D ones have height 1.
struct Filter {
  int64_t outputs, channels, height = 1, width;
  static std::optional<Filter> of(ArrayRef<Dim> dims) {
    if (dims.size() > 4 || !llvm::all_of(dims, [](Dim d) { return d.constant().has_value(); }))
      return std::nullopt;
    Filter f{*dims[0].constant(), *dims[1].constant(), 1, *dims.back().constant()};
    if (dims.size() == 4)
      f.height = *dims[2].constant();
    return f;
  }
  int64_t depth() const { return channels * height * width; }
};

/// What the two ops have in common.
struct Window {
  ArrayRef<int64_t> strides, dilations, pads;
  int64_t groups;
  bool channelsLast;
  template <typename Op>
  explicit Window(Op op)
      : strides(op.getStrides()), dilations(op.getDilations()), pads(op.getPads()), groups(op.getGroup()),
        channelsLast(op.getChannelsLast()) {}
};

class Emitter {
public:
  Emitter(const GpuAnchor &a, const Window &window)
      : a(a), op(window), groups(window.groups), x(a.operands[0]), result(a.results[0]),
        factors(a.chip, x.elementType, a.operands[1].elementType) {}

  std::optional<LogicalResult> emit() {
    auto sizes = Filter::of(a.operands[1].dims);
    if (!op.channelsLast || x.rank() > 4 || !x.memref || !sizes || !a.k.constantOperand(filterOperand()) ||
        !x.dims.back().isConstant(sizes->channels * groups) || (groups > 1 && sizes->channels == 1))
      return std::nullopt;
    filter = *sizes;
    DimContext &d = a.dims();
    Dim pixels = d.product(ArrayRef(result.dims).drop_back());
    int64_t columns = filter.outputs / groups;
    auto cut = chooseCut(a.chip, factors, {pixels.constant(), columns, filter.depth(), groups});
    if (!cut || (factors.areBytes() && !a.hasByteZeros(d.constant(filter.outputs))))
      return std::nullopt;
    BlockContraction c(*cut, factors);
    c.rhs.linesAlongK = factors.needLinesAlongK();
    Value group = a.divideIntoBlocks(c, {d.constant(groups), pixels, d.constant(columns), /*areSideBySide=*/true});
    if (!group) // sums of parts were added
      return success();
    ThreadBuilder t(a.b, a.loc());
    c.k = t.number(filter.depth());
    Value group32 = t.toI32(group);
    c.lhs.inChunks = filter.channels % chunk() == 0;
    c.lhs.place = [&, base = a.pointer(x), first = t.mul(group32, filter.channels)](ThreadBuilder &u, Value pixel,
                                                                                    Value k) {
      return input(u, base, first, pixel, k, c.result.rows);
    };
    setRhs(c, t, group32);
    if (factors.areBytes()) {
      // In the padding a byte is its zero point, and so is what fills the last step along K.
      c.zeros = a.byteZeros(t.mul(group32, columns), t.number(llvm::alignTo(filter.depth(), c.tile.k)));
      if (c.zeros.lhs)
        c.lhs.fill = arith::TruncIOp::create(a.b, a.loc(), a.b.getI8Type(), c.zeros.lhs);
    }
    emitContraction(a.b, a.loc(), a.chip, c);
    return success();
  }

private:
  Value filterOperand() const { return a.op->getOperand(1); }
  int64_t elementBytes() const { return factors.bytes(); }
  int64_t chunk() const { return 16 / elementBytes(); }
  bool isPlane() const { return x.rank() == 4; }

  /// Element k of the window of an output pixel: that of tap k / channels.
  Place input(ThreadBuilder &t, Value base, Value firstChannel, Value pixel, Value k, Value pixels) {
    int64_t last = int64_t(op.strides.size()) - 1;
    Value tap = t.div(k, filter.channels), channel = t.rem(k, filter.channels);
    Value width = size32(t, x.dims[x.rank() - 2]), outWidth = size32(t, result.dims[x.rank() - 2]);
    Value column = window(t, t.rem(pixel, outWidth), t.rem(tap, filter.width), last);
    Value rest = t.div(pixel, outWidth);
    Value exists =
        t.both(t.both(t.less(pixel, pixels), t.less(k, t.number(filter.depth()))), t.isWithin(column, width));
    Value line = rest; // over all images
    if (isPlane()) {
      Value height = size32(t, x.dims[1]), outHeight = size32(t, result.dims[1]);
      Value row = window(t, t.rem(rest, outHeight), t.div(tap, filter.width), 0);
      exists = t.both(exists, t.isWithin(row, height));
      line = t.add(t.mul(t.div(rest, outHeight), height), row);
    }
    Value number = t.add(t.mul(t.toI64(line), t.toI64(width)), t.toI64(column));
    number = t.add(t.mul(number, filter.channels * groups), t.toI64(t.add(firstChannel, channel)));
    return {t.select(exists, t.offset(base, t.mul(number, elementBytes())), base), exists};
  }

  Value size32(ThreadBuilder &t, Dim dim) const { return t.toI32(a.k.size(dim)); }
  Value window(ThreadBuilder &t, Value out, Value tap, int64_t axis) {
    return t.add(t.add(t.mul(out, op.strides[size_t(axis)]), t.mul(tap, op.dilations[size_t(axis)])),
                 -op.pads[size_t(axis)]);
  }

  /// The filter as lines of a whole number of chunks: along K one for each group and output, else one for each group,
  /// tap and channel.
  void setRhs(BlockContraction &c, ThreadBuilder &t, Value group) {
    bool alongK = factors.needLinesAlongK();
    int64_t outputs = filter.outputs / groups, lines = alongK ? outputs : filter.depth();
    int64_t columns = alongK ? filter.depth() : outputs, pitch = llvm::alignTo(columns, chunk());
    Value all = packed(alongK, lines, columns, pitch);
    Value ofGroup = t.offset(all, t.mul(t.toI64(group), lines * pitch * elementBytes()));
    c.rhs = linesOf(ofGroup, factors.rhs, alongK, t.number(lines), t.number(pitch), t.number(pitch), true);
  }

  Value packed(bool alongK, int64_t lines, int64_t columns, int64_t pitch) {
    int64_t bytes = elementBytes(), taps = filter.height * filter.width, outputs = filter.outputs / groups;
    WeightForm form;
    form.key = llvm::formatv("conv {0} o={1} c={2} taps={3} groups={4} pitch={5}", alongK ? "outputs" : "lines",
                             filter.outputs, filter.channels, taps, groups, pitch);
    form.bytes = groups * lines * pitch * bytes;
    form.make = [=, groups = groups, channels = filter.channels](ElementsAttr value, WriteBytes write) {
      std::vector<uint8_t> source = bytesOf(value);
      std::vector<char> line(size_t(pitch * bytes));
      for (int64_t i = 0; i < groups * lines; ++i) {
        for (int64_t j = 0; j < columns; ++j) {
          int64_t output = i / lines * outputs + (alongK ? i % lines : j), k = alongK ? j : i % lines;
          int64_t from = (output * channels + k % channels) * taps + k / channels;
          memcpy(&line[size_t(j * bytes)], &source[size_t(from * bytes)], size_t(bytes));
        }
        write(line);
      }
    };
    return a.k.packedWeight(filterOperand(), std::move(form));
  }

  const GpuAnchor &a;
  Window op;
  int64_t groups;
  const KernelTensor &x, &result;
  Factors factors;
  Filter filter{};
};

} // namespace

std::optional<LogicalResult> cameo::codegen::emitGpuConv(const GpuAnchor &a) {
  return Emitter(a, Window(cast<ConvOp>(a.op))).emit();
}

std::optional<LogicalResult> cameo::codegen::emitGpuConvInteger(const GpuAnchor &a) {
  return Emitter(a, Window(cast<ConvIntegerOp>(a.op))).emit();
}
