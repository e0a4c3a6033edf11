// ContractionDepthwise.cpp - channels-last convolution of few channels per group (depthwise: one): channels across the
// lanes, a few output columns per tile.
//
// One parallel step is one output line. Within it, per block of channels, a tile of columns keeps one accumulator per
// column; each input vector is loaded once per kernel line and feeds every (column, tap) pair it belongs to. A group's
// channels lie in neighbouring lanes: for each of them the vector is shuffled so that all lanes of the group hold it.
// Kernel planes and lines outside the image are skipped by the loops' bounds. Where the width is known, tiles at the
// sides leave out the pairs that lie outside; otherwise columns whose windows leave the image sideways are computed one
// by one, with bounds on taps.
#include "ContractionBuilder.h"
#include <algorithm>
#include <map>
#include <tuple>

using namespace mlir;
using namespace cameo::codegen;

/// Lines of the kernel with more taps are walked by a loop.
constexpr int64_t kMaxUnrolledTaps = 64;
/// Multiply-adds of tiles at the sides of the image that may be written out.
constexpr int64_t kMaxSideMultiplyAdds = 3072;

namespace {

class Depthwise {
public:
  Depthwise(Emit &e, const DepthwiseSpec &spec)
      : e(e), spec(spec), channels(spec.inChannels), groupChannels(channels / spec.groups),
        inBytes(elementBytes(spec.inputType)), outBytes(elementBytes(spec.resultType)),
        inLine(e.times(spec.inWidth, channels * inBytes)), inPlane(e.times(inLine, spec.inHeight)) {}

  void emitLine(Value line) {
    Value height = e.value(spec.outHeight), depth = e.value(spec.outDepth);
    Value y = e.rem(line, height), plane = e.div(line, height), z = e.rem(plane, depth), image = e.div(plane, depth);
    Value firstY = e.add(e.mul(y, spec.strideHeight), -spec.padTop);
    Value firstZ = e.add(e.mul(z, spec.strideDepth), -spec.padFront);
    this->line = line;
    std::tie(beginY, endY) = tapBounds(firstY, spec.inHeight, spec.kernelHeight, spec.dilationHeight);
    std::tie(beginZ, endZ) = tapBounds(firstZ, spec.inDepth, spec.kernelDepth, spec.dilationDepth);
    Value firstLine = e.add(e.mul(e.add(e.mul(image, spec.inDepth), firstZ), spec.inHeight), firstY);
    input = e.offset(spec.input, e.mul(firstLine, inLine));

    int64_t lanes = spec.target.lanes();
    while (lanes > 4 && channels <= lanes / 2)
      lanes /= 2;
    int64_t whole = channels / lanes * lanes;
    e.loop(e.number(0), e.number(whole), lanes, [&](Value channel) { emitChannels(channel, lanes, Value()); });
    for (int64_t at = whole; at < channels; at += lanes) {
      while (lanes > 4 && channels - at <= lanes / 2)
        lanes /= 2;
      Value mask = channels - at < lanes ? e.mask(lanes, e.number(at), e.number(channels)) : Value();
      emitChannels(e.number(at), lanes, mask);
    }
  }

private:
  /// First and last + 1 tap of `count` that lie in [0, size) for a window that starts at `first`.
  std::pair<Value, Value> tapBounds(Value first, const Extent &size, int64_t count, int64_t dilation) {
    // Tap t is at first + t * dilation: t >= ceil(-first / dilation), t < ceil((size - first) / dilation).
    Value zero = e.number(0);
    Value begin = e.ceilDiv(e.max(e.sub(zero, first), zero), dilation);
    Value end = e.min(e.number(count), e.ceilDiv(e.max(e.sub(e.value(size), first), zero), dilation));
    return {e.min(begin, end), end};
  }

  /// Whether the weights of a kernel line stay in registers while its vectors of the image pass by; otherwise the
  /// vectors under a tile stay while weights pass by.
  bool keepsWeights() const { return spec.kernelWidth <= 3 || columnsBesideWeights() >= 6; }
  int64_t columnsBesideWeights() const {
    return std::min<int64_t>(8, std::max<int64_t>(2, spec.target.numRegisters - 2 - spec.kernelWidth));
  }
  int64_t mostColumns() const {
    int64_t most = keepsWeights() ? columnsBesideWeights()
                                  : std::max<int64_t>(2, (spec.target.numRegisters - 4) / (1 + spec.strideWidth));
    if (groupChannels == 1)
      return most;
    // The vectors under a tile stay for all channels of a group, those of 8 also shuffled.
    int64_t perPixel = groupChannels == 8 ? 2 : 1, overlap = (spec.kernelWidth - 1) * spec.dilationWidth;
    int64_t room = spec.target.numRegisters - 4 - spec.kernelWidth - perPixel * overlap;
    return std::clamp<int64_t>(room / (1 + perPixel * spec.strideWidth), 1, most);
  }

  /// Columns per tile: as few tiles as registers allow, of one size if possible.
  int64_t columnsPerTile() const {
    if (!spec.outWidth.isStatic())
      return std::min<int64_t>(mostColumns(), 7);
    int64_t width = spec.outWidth.fixed, tiles = llvm::divideCeil(std::max<int64_t>(1, width), mostColumns());
    int64_t columns = llvm::divideCeil(std::max<int64_t>(1, width), tiles);
    for (int64_t fewer = columns; fewer > columns * 3 / 4; --fewer)
      if (width % fewer == 0)
        return fewer;
    return columns;
  }

  /// Columns whose windows lie inside the image, for static widths.
  std::pair<int64_t, int64_t> insideColumns() const {
    int64_t out = spec.outWidth.fixed, reach = (spec.kernelWidth - 1) * spec.dilationWidth;
    int64_t first = std::min<int64_t>(out, llvm::divideCeil(std::max<int64_t>(spec.padLeft, 0), spec.strideWidth));
    int64_t room = spec.inWidth.fixed + spec.padLeft - reach - 1;
    int64_t limit = room < 0 ? 0 : room / spec.strideWidth + 1;
    limit = std::max(first, std::min(out, limit));
    return {first, limit};
  }

  std::pair<Value, Value> insideColumnValues() {
    if (spec.outWidth.isStatic() && spec.inWidth.isStatic()) {
      auto [first, limit] = insideColumns();
      return {e.number(first), e.number(limit)};
    }
    Value out = e.value(spec.outWidth), zero = e.number(0);
    int64_t reach = (spec.kernelWidth - 1) * spec.dilationWidth;
    Value first = e.min(out, e.number(llvm::divideCeil(std::max<int64_t>(spec.padLeft, 0), spec.strideWidth)));
    // room < 0 gives 0 because of the + stride before the division.
    Value room = e.add(e.value(spec.inWidth), spec.padLeft - reach - 1 + spec.strideWidth);
    Value limit = e.div(e.max(room, zero), e.number(spec.strideWidth));
    return {first, e.max(first, e.min(out, limit))};
  }

  void emitChannels(Value channel, int64_t lanes, Value mask) {
    this->channel = channel;
    this->lanes = lanes;
    this->mask = mask;
    int64_t columns = columnsPerTile();
    if (writesOutSides(columns)) {
      emitKnownLine(columns);
      return;
    }
    auto [first, limit] = insideColumnValues();
    Value out = e.value(spec.outWidth);
    e.loop(e.number(0), first, 1, [&](Value x) { emitBorderColumn(x); });
    Value mainEnd = e.sub(limit, e.rem(e.sub(limit, first), e.number(columns)));
    e.loop(first, mainEnd, columns, [&](Value x) { emitColumns(x, columns); });
    e.loop(mainEnd, limit, 1, [&](Value x) { emitColumns(x, 1); });
    e.loop(limit, out, 1, [&](Value x) { emitBorderColumn(x); });
  }

  /// Tiles of a line of known width: at the sides some leave the image, the last may have fewer columns.
  bool isInside(int64_t x, int64_t columns) const {
    auto [first, limit] = insideColumns();
    return x >= first && x + columns <= limit;
  }
  bool writesOutSides(int64_t columns) const {
    if (!spec.outWidth.isStatic() || !spec.inWidth.isStatic() || spec.kernelWidth > kMaxUnrolledTaps)
      return false;
    int64_t atSides = 0;
    for (int64_t x = 0; x < spec.outWidth.fixed; x += columns)
      atSides += isInside(x, columns) ? 0 : columns;
    return atSides * spec.kernelWidth * groupChannels <= kMaxSideMultiplyAdds;
  }
  void emitKnownLine(int64_t columns) {
    int64_t width = spec.outWidth.fixed, x = 0;
    auto emitSides = [&](bool stopsInside) {
      for (; x < width && !(stopsInside && isInside(x, columns)); x += columns)
        emitColumns(e.number(x), std::min(columns, width - x), x);
    };
    emitSides(true);
    int64_t first = x;
    while (x < width && isInside(x, columns))
      x += columns;
    e.loop(e.number(first), e.number(x), columns, [&](Value x) { emitColumns(x, columns); });
    emitSides(false);
  }

  /// Pointer to the window's first element of column x: plane and line 0 of its taps, this channel block.
  Value windowAt(Value x) {
    Value column = e.add(e.mul(x, spec.strideWidth), -spec.padLeft);
    Value at = e.offset(input, e.mul(column, channels * inBytes));
    return e.offset(at, e.mul(channel, inBytes));
  }

  /// `body` for each line of taps inside the image: where it lies in the image and its weights.
  SmallVector<Value>
  overLines(Value window, SmallVector<Value> sums,
            llvm::function_ref<SmallVector<Value>(Value line, Value weights, ValueRange carried)> body) {
    Value weights = e.offset(spec.weights, e.mul(channel, 4));
    int64_t lineWeights = spec.kernelWidth * tapBytes();
    return e.loop(beginZ, endZ, 1, sums, [&](Value tapZ, ValueRange carried) {
      Value planeWeights = e.offset(weights, e.mul(tapZ, spec.kernelHeight * lineWeights));
      Value plane = e.offset(window, e.mul(e.mul(tapZ, spec.dilationDepth), inPlane));
      return e.loop(beginY, endY, 1, carried, [&](Value tapY, ValueRange carried) {
        Value line = e.offset(plane, e.mul(e.mul(tapY, spec.dilationHeight), inLine));
        return body(line, e.offset(planeWeights, e.mul(tapY, lineWeights)), carried);
      });
    });
  }

  Value load(Type type, Value pointer) { return emitLoad(e.b, e.loc, type, pointer, lanes, mask); }
  Value loadPixel(Value pointer) {
    if (!spec.bytes)
      return load(spec.inputType, pointer);
    auto type = VectorType::get({lanes}, e.b.getI8Type()), wide = VectorType::get({lanes}, e.b.getI32Type());
    Value bytes;
    if (mask)
      bytes = LLVM::MaskedLoadOp::create(e.b, e.loc, type, pointer, mask,
                                         arith::ConstantOp::create(e.b, e.loc, e.b.getZeroAttr(type)), 1);
    else
      bytes = LLVM::LoadOp::create(e.b, e.loc, type, pointer, 1);
    Value pixel = spec.bytes->lhsIsSigned ? Value(arith::ExtSIOp::create(e.b, e.loc, wide, bytes))
                                          : Value(arith::ExtUIOp::create(e.b, e.loc, wide, bytes));
    Value zero = e.b.createOrFold<vector::BroadcastOp>(e.loc, wide, spec.bytes->lhsZero);
    pixel = e.b.createOrFold<arith::SubIOp>(e.loc, pixel, zero);
    return arith::SIToFPOp::create(e.b, e.loc, e.vectorType(lanes), pixel);
  }
  Value zeroVector() {
    return arith::ConstantOp::create(e.b, e.loc, cast<TypedAttr>(e.b.getZeroAttr(e.vectorType(lanes))));
  }

  /// Bytes of the weights of one tap: [channel of the group][channels].
  int64_t tapBytes() const { return groupChannels * channels * 4; }
  Value loadWeight(Value weights, int64_t tap, int64_t member) {
    return load(Type(), e.offset(weights, tap * tapBytes() + member * channels * 4));
  }
  /// Channel `member` of its group in each lane.
  Value memberOf(Value pixel, int64_t member) {
    if (groupChannels == 1)
      return pixel;
    auto from = llvm::map_to_vector(llvm::seq<int64_t>(0, lanes),
                                    [&](int64_t lane) { return lane / groupChannels * groupChannels + member; });
    return vector::ShuffleOp::create(e.b, e.loc, pixel, pixel, from);
  }

  /// A tile of columns from x on; all of its taps lie inside the image, or x is `place` and those that don't are left
  /// out.
  void emitColumns(Value x, int64_t columns, std::optional<int64_t> place = std::nullopt) {
    Value window = windowAt(x);
    SmallVector<Value> sums(columns, zeroVector());
    sums = overLines(window, sums, [&](Value line, Value weights, ValueRange carried) {
      return spec.kernelWidth > kMaxUnrolledTaps ? emitTapLoop(line, weights, carried)
                                                 : emitTaps(line, weights, carried, place);
    });
    finish(x, sums);
  }

  /// sums plus all taps of a line of the kernel, written out.
  SmallVector<Value> emitTaps(Value line, Value weights, ValueRange sums, std::optional<int64_t> place) {
    struct Pair {
      int64_t column, tap;
    };
    // By what stays while the other passes by: an input vector feeds every (column, tap) pair that lies over it.
    std::map<int64_t, SmallVector<Pair>> steps;
    auto pixelOf = [&](Pair pair) { return pair.column * spec.strideWidth + pair.tap * spec.dilationWidth; };
    for (int64_t column = 0; column < int64_t(sums.size()); ++column)
      for (int64_t tap = 0; tap < spec.kernelWidth; ++tap) {
        Pair pair{column, tap};
        int64_t pixel = place ? *place * spec.strideWidth - spec.padLeft + pixelOf(pair) : 0;
        if (!place || (pixel >= 0 && pixel < spec.inWidth.fixed))
          steps[keepsWeights() ? pixelOf(pair) : tap].push_back(pair);
      }
    SmallVector<Value> next(sums);
    DenseMap<int64_t, Value> pixels;
    for (int64_t member = 0; member < groupChannels; ++member) {
      DenseMap<int64_t, Value> taps, members;
      for (const auto &[step, pairs] : steps)
        for (Pair pair : pairs) {
          Value &tap = taps[pair.tap], &pixel = pixels[pixelOf(pair)], &factor = members[pixelOf(pair)];
          if (!tap)
            tap = loadWeight(weights, pair.tap, member);
          if (!pixel)
            pixel = loadPixel(e.offset(line, pixelOf(pair) * channels * inBytes));
          if (!factor)
            factor = memberOf(pixel, member);
          next[pair.column] = vector::FMAOp::create(e.b, e.loc, factor, tap, next[pair.column]);
        }
    }
    return next;
  }

  /// The same in a loop: one weight and one input vector per column at a time.
  SmallVector<Value> emitTapLoop(Value line, Value weights, ValueRange sums) {
    return e.loop(e.number(0), e.number(spec.kernelWidth), 1, sums, [&](Value tap, ValueRange carried) {
      Value tapWeights = e.offset(weights, e.mul(tap, tapBytes()));
      Value pixels = e.offset(line, e.mul(tap, spec.dilationWidth * channels * inBytes));
      SmallVector<Value> next(carried);
      for (auto [column, sum] : llvm::enumerate(next)) {
        Value pixel = loadPixel(e.offset(pixels, int64_t(column) * spec.strideWidth * channels * inBytes));
        for (int64_t member = 0; member < groupChannels; ++member)
          sum = vector::FMAOp::create(e.b, e.loc, memberOf(pixel, member), loadWeight(tapWeights, 0, member), sum);
      }
      return next;
    });
  }

  void emitBorderColumn(Value x) {
    Value window = windowAt(x);
    Value firstX = e.add(e.mul(x, spec.strideWidth), -spec.padLeft);
    auto [beginX, endX] = tapBounds(firstX, spec.inWidth, spec.kernelWidth, spec.dilationWidth);
    SmallVector<Value> sum = {zeroVector()};
    sum = overLines(window, sum, [&, beginX = beginX, endX = endX](Value line, Value weights, ValueRange carried) {
      return e.loop(beginX, endX, 1, carried, [&](Value tapX, ValueRange carried) {
        Value tapWeights = e.offset(weights, e.mul(tapX, tapBytes()));
        Value pixel = loadPixel(e.offset(line, e.mul(tapX, spec.dilationWidth * channels * inBytes)));
        SmallVector<Value> next(carried);
        for (int64_t member = 0; member < groupChannels; ++member)
          next[0] =
              vector::FMAOp::create(e.b, e.loc, memberOf(pixel, member), loadWeight(tapWeights, 0, member), next[0]);
        return next;
      });
    });
    finish(x, sum);
  }

  void finish(Value x, MutableArrayRef<Value> sums) {
    if (spec.bytes) // integers so far, all of less than 24 bits
      for (Value &sum : sums)
        sum = arith::FPToSIOp::create(e.b, e.loc, VectorType::get({lanes}, e.b.getI32Type()), sum);
    Value pixel = e.add(e.mul(line, spec.outWidth), x);
    SmallVector<TilePosition> positions;
    for (size_t column = 0; column < sums.size(); ++column)
      positions.push_back({Value(), e.add(pixel, column), channel, lanes, mask});
    if (spec.epilogue)
      for (auto [sum, position] : llvm::zip_equal(sums, positions))
        sum = spec.epilogue(e.b, e.loc, sum, position);
    if (spec.store) {
      for (auto [sum, position] : llvm::zip_equal(sums, positions))
        spec.store(e.b, e.loc, sum, position);
      return;
    }
    Value at = e.offset(spec.result, e.mul(e.add(e.mul(pixel, channels), channel), outBytes));
    for (auto [column, sum] : llvm::enumerate(sums))
      emitStore(e.b, e.loc, spec.resultType, sum, e.offset(at, column * channels * outBytes), mask);
  }

  Emit &e;
  const DepthwiseSpec &spec;
  int64_t channels, groupChannels, inBytes, outBytes;
  Extent inLine, inPlane;
  // Of the line and channel block being emitted.
  Value line, beginZ, endZ, beginY, endY, input, channel, mask;
  int64_t lanes = 0;
};

} // namespace

Value cameo::codegen::emitDepthwiseSteps(OpBuilder &b, Location loc, const DepthwiseSpec &spec) {
  Emit e(b, loc);
  return e.value(e.times(e.times(spec.n, spec.outDepth), spec.outHeight));
}

void cameo::codegen::emitDepthwise(OpBuilder &b, Location loc, const DepthwiseSpec &spec, Value begin, Value end) {
  Emit e(b, loc);
  Depthwise depthwise(e, spec);
  e.loop(begin, end, 1, [&](Value line) { depthwise.emitLine(line); });
}
