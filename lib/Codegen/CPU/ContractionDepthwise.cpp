// ContractionDepthwise.cpp - NHWC depthwise convolution: channels across the lanes, a few output columns per tile.
//
// One parallel step is one output line. Within it, per block of channels, a tile of columns keeps one accumulator per
// column; each input vector is loaded once per kernel line and feeds every (column, tap) pair it belongs to. Kernel
// lines outside the image are skipped by the loop's bounds; columns whose windows leave the image sideways take a
// one-column path with the same bounds trick on taps.
#include "ContractionBuilder.h"
#include <algorithm>
#include <map>

using namespace mlir;
using namespace cameo::codegen;

/// Lines of the kernel with more taps are walked by a loop.
constexpr int64_t kMaxUnrolledTaps = 64;

namespace {

class Depthwise {
public:
  Depthwise(Emit &e, const DepthwiseSpec &spec)
      : e(e), spec(spec), channels(spec.inChannels), inBytes(elementBytes(spec.inputType)),
        outBytes(elementBytes(spec.resultType)), inLine(e.times(spec.inWidth, channels * inBytes)) {}

  void emitLine(Value line) {
    Value height = e.value(spec.outHeight);
    Value y = e.rem(line, height), image = e.div(line, height);
    Value firstY = e.add(e.mul(y, spec.strideHeight), -spec.padTop);
    auto [tapBegin, tapEnd] = tapBounds(firstY, spec.inHeight, spec.kernelHeight, spec.dilationHeight);
    this->line = line;
    beginY = tapBegin;
    endY = tapEnd;
    input = e.offset(spec.input, e.mul(e.add(e.mul(image, spec.inHeight), firstY), inLine));

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

  /// Columns per tile: few enough for the registers with one kernel line of weights, dividing the line's inside well.
  int64_t columnsPerTile() const {
    int64_t most = std::min<int64_t>(8, std::max<int64_t>(2, spec.target.numRegisters - 2 - spec.kernelWidth));
    if (!spec.outWidth.isStatic())
      return std::min<int64_t>(most, 7);
    auto [first, limit] = insideColumns();
    int64_t inside = limit - first, best = 1, bestTiles = inside;
    for (int64_t columns = 1; columns <= most; ++columns)
      if (int64_t tiles = inside / columns + (inside % columns) * 2; tiles < bestTiles) {
        bestTiles = tiles;
        best = columns;
      }
    return best;
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
    auto [first, limit] = insideColumnValues();
    Value out = e.value(spec.outWidth);
    e.loop(e.number(0), first, 1, [&](Value x) { emitBorderColumn(x); });
    Value mainEnd = e.sub(limit, e.rem(e.sub(limit, first), e.number(columns)));
    e.loop(first, mainEnd, columns, [&](Value x) { emitColumns(x, columns); });
    e.loop(mainEnd, limit, 1, [&](Value x) { emitColumns(x, 1); });
    e.loop(limit, out, 1, [&](Value x) { emitBorderColumn(x); });
  }

  /// Pointer to the window's first element of column x: line beginY = 0, this channel block.
  Value windowAt(Value x) {
    Value column = e.add(e.mul(x, spec.strideWidth), -spec.padLeft);
    Value at = e.offset(input, e.mul(column, channels * inBytes));
    return e.offset(at, e.mul(channel, inBytes));
  }

  Value weightsAt(Value tapY) {
    return e.offset(e.offset(spec.weights, e.mul(channel, 4)), e.mul(tapY, spec.kernelWidth * channels * 4));
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

  void emitColumns(Value x, int64_t columns) {
    Value window = windowAt(x);
    SmallVector<Value> sums(columns, zeroVector());
    sums = e.loop(beginY, endY, 1, sums, [&](Value tapY, ValueRange carried) {
      Value weights = weightsAt(tapY);
      Value line = e.offset(window, e.mul(e.mul(tapY, spec.dilationHeight), inLine));
      if (spec.kernelWidth > kMaxUnrolledTaps)
        return emitTapLoop(line, weights, carried);
      SmallVector<Value> next(carried);
      SmallVector<Value> taps;
      for (int64_t tap = 0; tap < spec.kernelWidth; ++tap)
        taps.push_back(load(Type(), e.offset(weights, tap * channels * 4)));
      // An input vector feeds every (column, tap) pair that lies over it.
      std::map<int64_t, SmallVector<std::pair<int64_t, int64_t>>> readers;
      for (int64_t column = 0; column < columns; ++column)
        for (int64_t tap = 0; tap < spec.kernelWidth; ++tap)
          readers[column * spec.strideWidth + tap * spec.dilationWidth].push_back({column, tap});
      for (const auto &[at, pairs] : readers) {
        Value pixel = loadPixel(e.offset(line, at * channels * inBytes));
        for (auto [column, tap] : pairs)
          next[column] = vector::FMAOp::create(e.b, e.loc, pixel, taps[tap], next[column]);
      }
      return next;
    });
    finish(x, sums);
  }

  /// sums plus all taps of a line of the kernel: one weight and one input vector per column at a time.
  SmallVector<Value> emitTapLoop(Value line, Value weights, ValueRange sums) {
    return e.loop(e.number(0), e.number(spec.kernelWidth), 1, sums, [&](Value tap, ValueRange carried) {
      Value weight = load(Type(), e.offset(weights, e.mul(tap, channels * 4)));
      Value pixels = e.offset(line, e.mul(tap, spec.dilationWidth * channels * inBytes));
      SmallVector<Value> next;
      for (auto [column, sum] : llvm::enumerate(carried)) {
        Value pixel = loadPixel(e.offset(pixels, int64_t(column) * spec.strideWidth * channels * inBytes));
        next.push_back(vector::FMAOp::create(e.b, e.loc, pixel, weight, sum));
      }
      return next;
    });
  }

  void emitBorderColumn(Value x) {
    Value window = windowAt(x);
    Value firstX = e.add(e.mul(x, spec.strideWidth), -spec.padLeft);
    auto [beginX, endX] = tapBounds(firstX, spec.inWidth, spec.kernelWidth, spec.dilationWidth);
    SmallVector<Value> sum = {zeroVector()};
    sum = e.loop(beginY, endY, 1, sum, [&, beginX = beginX, endX = endX](Value tapY, ValueRange carried) {
      Value weights = weightsAt(tapY);
      Value line = e.offset(window, e.mul(e.mul(tapY, spec.dilationHeight), inLine));
      return e.loop(beginX, endX, 1, carried, [&](Value tapX, ValueRange carried) {
        Value weight = load(Type(), e.offset(weights, e.mul(tapX, channels * 4)));
        Value pixel = loadPixel(e.offset(line, e.mul(tapX, spec.dilationWidth * channels * inBytes)));
        return SmallVector<Value>{vector::FMAOp::create(e.b, e.loc, pixel, weight, carried[0])};
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
  int64_t channels, inBytes, outBytes;
  Extent inLine;
  // Of the line and channel block being emitted.
  Value line, beginY, endY, input, channel, mask;
  int64_t lanes = 0;
};

} // namespace

Value cameo::codegen::emitDepthwiseSteps(OpBuilder &b, Location loc, const DepthwiseSpec &spec) {
  Emit e(b, loc);
  return e.value(e.times(spec.n, spec.outHeight));
}

void cameo::codegen::emitDepthwise(OpBuilder &b, Location loc, const DepthwiseSpec &spec, Value begin, Value end) {
  Emit e(b, loc);
  Depthwise depthwise(e, spec);
  e.loop(begin, end, 1, [&](Value line) { depthwise.emitLine(line); });
}
