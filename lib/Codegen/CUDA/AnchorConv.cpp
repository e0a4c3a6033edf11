// AnchorConv.cpp - cameo.conv over channels-last activations as a product: rows are output pixels, K is taps times
// channels, columns are output channels. Nothing is unfolded in memory: the copies to shared memory compute where each
// element comes from. Depthwise convolutions, which read each element a few times only, keep their naive loops.
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

class Emitter {
public:
  Emitter(const GpuAnchor &a, ConvOp op) : a(a), op(op), x(a.operands[0]), result(a.results[0]) {}

  std::optional<LogicalResult> emit() {
    auto sizes = Filter::of(a.operands[1].dims);
    groups = op.getGroup();
    if (!op.getChannelsLast() || x.rank() > 4 || !x.memref || a.operands[1].elementType != x.elementType || !sizes ||
        !a.k.constantOperand(op.getFilter()) || !x.dims.back().isConstant(sizes->channels * groups) ||
        (groups > 1 && sizes->channels == 1))
      return std::nullopt;
    filter = *sizes;
    DimContext &d = a.dims();
    Dim pixels = d.product(ArrayRef(result.dims).drop_back());
    int64_t columns = filter.outputs / groups;
    auto tile = chooseTile(a.chip, x.elementType, pixels.constant(), columns, groups);
    if (!tile)
      return std::nullopt;
    BlockContraction c;
    c.tile = *tile;
    c.type = x.elementType;
    c.rhs.linesAlongK = false;
    Value group = a.divideIntoBlocks(c, d.constant(groups), pixels, d.constant(columns));
    ThreadBuilder t(a.b, a.loc());
    c.k = t.number(filter.depth());
    Value group32 = t.toI32(group);
    c.lhs.inChunks = filter.channels % chunk() == 0;
    c.lhs.place = [&, base = a.pointer(x), first = t.mul(group32, filter.channels)](ThreadBuilder &u, Value pixel,
                                                                                    Value k) {
      return input(u, base, first, pixel, k, c.result.rows);
    };
    int64_t pitch = llvm::alignTo(columns, chunk());
    Value weights = packed(pitch);
    weights = t.offset(weights, t.mul(t.toI64(group32), filter.depth() * pitch * elementBytes()));
    c.rhs.inChunks = true;
    c.rhs.place = [=, this, depth = c.k](ThreadBuilder &u, Value line, Value column) -> Place {
      Value exists = u.both(u.less(line, depth), u.less(column, u.number(pitch)));
      Value pointer = u.offset(weights, u.mul(u.toI64(u.add(u.mul(line, pitch), column)), elementBytes()));
      return {u.select(exists, pointer, weights), exists};
    };
    Value firstColumn = t.mul(group, columns);
    c.result.store = [&](OpBuilder &b, Location loc, Value vector, Value row, Value column) {
      ThreadBuilder u(b, loc);
      a.k.storeVector(b, loc, 0, vector, {u.toIndex(row), u.add(firstColumn, u.toIndex(column)), {}});
    };
    emitContraction(a.b, a.loc(), a.chip, c);
    return success();
  }

private:
  int64_t elementBytes() const { return x.elementType.getIntOrFloatBitWidth() / 8; }
  int64_t chunk() const { return 16 / elementBytes(); }
  bool isPlane() const { return x.rank() == 4; }

  /// Element k of the window of an output pixel: that of tap k / channels.
  Place input(ThreadBuilder &t, Value base, Value firstChannel, Value pixel, Value k, Value pixels) {
    int64_t last = int64_t(op.getStrides().size()) - 1;
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
    return t.add(t.add(t.mul(out, op.getStrides()[size_t(axis)]), t.mul(tap, op.getDilations()[size_t(axis)])),
                 -op.getPads()[size_t(axis)]);
  }

  /// The filter as lines of `pitch` elements, one for each group, tap and channel, of that group's outputs.
  Value packed(int64_t pitch) {
    int64_t bytes = elementBytes(), taps = filter.height * filter.width, outputs = filter.outputs / groups;
    WeightForm form;
    form.key = llvm::formatv("conv lines o={0} c={1} taps={2} groups={3} pitch={4}", filter.outputs, filter.channels,
                             taps, groups, pitch);
    form.bytes = groups * filter.depth() * pitch * bytes;
    form.make = [=, groups = groups, channels = filter.channels](ElementsAttr value, WriteBytes write) {
      std::vector<uint8_t> source = bytesOf(value);
      std::vector<char> line(size_t(pitch * bytes));
      for (int64_t group = 0; group < groups; ++group)
        for (int64_t tap = 0; tap < taps; ++tap)
          for (int64_t channel = 0; channel < channels; ++channel) {
            for (int64_t o = 0; o < outputs; ++o)
              memcpy(&line[size_t(o * bytes)],
                     &source[size_t((((group * outputs + o) * channels + channel) * taps + tap) * bytes)],
                     size_t(bytes));
            write(line);
          }
    };
    return a.k.packedWeight(op.getFilter(), std::move(form));
  }

  const GpuAnchor &a;
  ConvOp op;
  const Tensor &x, &result;
  Filter filter{};
  int64_t groups = 1;
};

} // namespace

std::optional<LogicalResult> cameo::codegen::emitGpuConv(const GpuAnchor &a) {
  return Emitter(a, cast<ConvOp>(a.op)).emit();
}
