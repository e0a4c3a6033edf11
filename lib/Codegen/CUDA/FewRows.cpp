// FewRows.cpp - see FewRows.h: tiles, the order of quantized numbers, the loop over K and the sum over warps.
#include "FewRows.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include <numeric>

using namespace mlir;
using namespace cameo::codegen;

constexpr int64_t kGroups = 8; ///< of lanes of a line, in a warp
constexpr int64_t kLaneBytes = 16, kStepBytes = kLanesOfLine * kLaneBytes;

FewRowsTile cameo::codegen::chooseFewRowsTile(const PtxTarget &chip, const FewRows &p, std::optional<int64_t> rows,
                                              std::optional<int64_t> columns) {
  constexpr int64_t kLarge = 1 << 14, kEnoughBlocks = 256;            // two per multiprocessor of a large chip
  constexpr int64_t kMostSums = 32;                                   // of a lane
  int64_t chunk = 128 / p.bits(), sumsOfResult = p.quantized ? 2 : 1; // of those that share a scale, and of all
  FewRowsTile tile{};
  tile.onTensorCores = p.linesAlongK && chip.hasMma && (p.element.isF16() || p.element.isBF16());
  int64_t mostRows = p.linesAlongK ? kMostFewRows : 2 * kMostSums / chunk;
  if (p.quantized && !tile.onTensorCores)
    mostRows = kMostFewRows / 2; // registers are for numbers, too
  tile.rows = std::min(rows.value_or(kMostFewRows), mostRows);
  int64_t blocksOfRows = llvm::divideCeil(rows.value_or(1), tile.rows);
  auto blocks = [&] { return llvm::divideCeil(columns.value_or(kLarge), tile.columns()) * blocksOfRows; };
  int64_t loads = p.quantized ? 4 : 8; // under way; quantized ones take more registers for what belongs to them
  if (p.linesAlongK) {
    for (tile.lines = 4; tile.lines > (tile.onTensorCores ? 2 : 1); tile.lines /= 2)
      if (blocks() >= kEnoughBlocks && (tile.onTensorCores || tile.lines * tile.rows * sumsOfResult <= kMostSums))
        break;
    tile.steps = std::max<int64_t>(1, loads / tile.lines);
  } else {
    tile.lines = chunk * kLanesOfLine / kGroups;
    tile.steps = loads * kGroups / kLinesAcrossK;
  }
  bool hasManySums = !p.linesAlongK && tile.rows * chunk > kMostSums; // more registers than 16 warps have
  tile.warps = blocks() < kEnoughBlocks / 2 && !hasManySums ? 16 : 8;
  int64_t all = llvm::divideCeil(p.k, p.depth());
  while (tile.steps > 1 && tile.steps * tile.warps > all)
    tile.steps /= 2;
  while (tile.warps > 1 && tile.warps > all)
    tile.warps /= 2;
  return tile;
}

// ---- how quantized numbers lie

int64_t cameo::codegen::quantizedLineBytes(int64_t bits, int64_t block, int64_t k) {
  return llvm::divideCeil(k, FewRowsRuns(bits, block).depth()) * kStepBytes;
}

void cameo::codegen::packQuantized(ArrayRef<uint8_t> numbers, int64_t bits, int64_t block, WriteBytes write) {
  FewRowsRuns runs(bits, block);
  std::vector<char> line(size_t(quantizedLineBytes(bits, block, int64_t(numbers.size()))));
  for (auto [number, value] : llvm::enumerate(numbers)) {
    int64_t i = int64_t(number), step = i / runs.depth(), inStep = i % runs.depth();
    int64_t run = inStep / (kLanesOfLine * runs.run), lane = inStep / runs.run % kLanesOfLine;
    int64_t ofLane = run * runs.run + inStep % runs.run, perWord = 32 / bits;
    int64_t bit = ofLane / perWord * 32 + bitInWord(ofLane % perWord, bits);
    char &byte = line[size_t(step * kStepBytes + lane * kLaneBytes + bit / 8)];
    byte = char(byte | value << bit % 8);
  }
  write(line);
}

namespace {

using Values = SmallVector<Value, 8>;

/// What a lane knows of the numbers of a line that share a scale.
struct Span {
  Value scale; ///< f32
  Value zero;  ///< what is subtracted: a pair or null, or an f32
};

/// What both forms have in common: the loop over K and the sum over warps.
class Emitter {
public:
  Emitter(OpBuilder &b, Location loc, const FewRows &p)
      : t(b, loc), p(p), tile(p.tile), thread(t.threadNumber()), lane(t.rem(thread, 32)),
        group(t.div(lane, kLanesOfLine)), part(t.rem(lane, kLanesOfLine)), warp(t.div(thread, 32)), depth(p.depth()),
        allSteps(llvm::divideCeil(p.k, depth)), isWhole(p.k % (depth * tile.warps * tile.steps) == 0) {}
  virtual ~Emitter() = default;

  void emit() {
    place();
    int64_t times = llvm::divideCeil(allSteps, tile.warps * tile.steps);
    SmallVector<Value> sums(size_t(numSums()), t.f32(0));
    auto loop = scf::ForOp::create(t.b, t.loc, t.number(0), t.number(times), t.number(1), sums);
    {
      OpBuilder inside = OpBuilder::atBlockBegin(loop.getBody());
      ThreadBuilder u(inside, t.loc);
      Value first = u.toI64(u.mul(u.add(u.mul(loop.getInductionVar(), tile.warps), warp), tile.steps));
      SmallVector<Value> carried(loop.getRegionIterArgs());
      SmallVector<Values> words;
      for (int64_t i = 0; i < tile.steps; ++i)
        words.push_back(load(u, u.add(first, i)));
      for (int64_t i = 0; i < tile.steps; ++i)
        multiply(u, u.add(first, i), words[size_t(i)], carried);
      scf::YieldOp::create(inside, t.loc, carried);
    }
    sums.assign(loop.getResults().begin(), loop.getResults().end());
    share(sums);
    t.barrier();
    storeTotals();
  }

protected:
  virtual int64_t numSums() const = 0;
  /// Where the lane finds what it reads.
  virtual void place() = 0;
  /// What the lane has of w at a step (i64) of the warp.
  virtual Values load(ThreadBuilder &u, Value step) = 0;
  virtual void multiply(ThreadBuilder &u, Value step, const Values &words, SmallVectorImpl<Value> &sums) = 0;
  /// Stores the warp's sums where inShared says.
  virtual void share(SmallVectorImpl<Value> &sums) = 0;

  int64_t elementBytes() const { return p.element.getIntOrFloatBitWidth() / 8; }

  /// Zeros where there is nothing, but something at `other` that can be read; `exists` is null where that cannot be.
  Value loadExisting(ThreadBuilder &u, Type type, Value pointer, Value other, Value exists, int64_t align) {
    if (!exists)
      return u.load(type, pointer, unsigned(align));
    Value zero = LLVM::ZeroOp::create(u.b, u.loc, type);
    return u.select(exists, u.load(type, u.select(exists, pointer, other), unsigned(align)), zero);
  }

  /// `count` elements of a row of x, in vectors of up to 16 bytes: from `k` (i64) on, where they lie `bytes` behind
  /// `start`.
  Values loadRow(ThreadBuilder &u, Value start, Value bytes, Value k, int64_t count) {
    bool isAligned = p.k % (kLaneBytes / elementBytes()) == 0;
    int64_t chunk = std::min(count, kLaneBytes / elementBytes()), width = isAligned ? chunk : 1;
    Values vectors, single;
    for (int64_t i = 0; i < count; i += width) {
      Value exists;
      if (!isWhole)
        exists = u.less(u.add(k, i), p.k);
      Type type = isAligned ? Type(VectorType::get({chunk}, p.element)) : p.element;
      Value pointer = u.offset(start, u.add(bytes, i * elementBytes()));
      single.push_back(loadExisting(u, type, pointer, p.x, exists, width * elementBytes()));
      if (!isAligned && int64_t(single.size()) < chunk)
        continue;
      vectors.push_back(isAligned ? single.back() : u.vectorOf(single));
      single.clear();
    }
    return vectors;
  }

  Value bitcast(ThreadBuilder &u, Type type, Value v) const { return LLVM::BitcastOp::create(u.b, u.loc, type, v); }
  Value element(ThreadBuilder &u, Value vector, int64_t i) const {
    return LLVM::ExtractElementOp::create(u.b, u.loc, vector, u.number(i));
  }
  Values floatsOf(ThreadBuilder &u, Value vector) const {
    Values floats;
    for (int64_t i = 0; i < cast<VectorType>(vector.getType()).getNumElements(); ++i) {
      Value x = element(u, vector, i);
      floats.push_back(x.getType().isF32() ? x : Value(arith::ExtFOp::create(u.b, u.loc, u.b.getF32Type(), x)));
    }
    return floats;
  }

  /// Sums of the block's warps lie one after the other, each row by row.
  Value inShared(ThreadBuilder &u, Value warp, Value row, Value column) {
    Value number = u.add(u.mul(u.add(u.mul(warp, tile.paddedRows()), row), tile.columns()), column);
    return u.offset(u.sharedMemory(), u.mul(number, 4));
  }

  /// Four neighbours by a thread.
  void storeTotals() {
    constexpr int64_t kRun = 4;
    auto type = VectorType::get({kRun}, t.b.getF32Type());
    int64_t perRow = tile.columns() / kRun, all = tile.rows * perRow;
    for (int64_t first = 0; first < all; first += tile.threads()) {
      Value number = t.add(thread, first);
      auto branch = scf::IfOp::create(t.b, t.loc, t.less(number, t.number(all)), /*withElseRegion=*/false);
      OpBuilder inside = branch.getThenBodyBuilder();
      ThreadBuilder u(inside, t.loc);
      Value row = u.div(number, perRow), column = u.mul(u.rem(number, perRow), kRun), total;
      for (int64_t i = 0; i < tile.warps; ++i) {
        Value part = u.load(type, inShared(u, u.number(i), row, column), kLaneBytes);
        total = total ? u.addF(total, part) : part;
      }
      SmallVector<Value> totals;
      for (int64_t i = 0; i < kRun; ++i)
        totals.push_back(element(u, total, i));
      p.result.storeRun(u, u.add(p.firstRow, row), u.add(p.firstColumn, column), totals);
    }
  }

  ThreadBuilder t;
  const FewRows &p;
  const FewRowsTile &tile;
  Value thread, lane, group, part, warp; ///< i32
  int64_t depth, allSteps;               ///< elements along K of a step; steps of all warps
  bool isWhole;                          ///< whether all steps of all warps exist, with all of their elements
};

/// w in lines along K.
class AlongK final : public Emitter {
public:
  AlongK(OpBuilder &b, Location loc, const FewRows &p) : Emitter(b, loc, p), runs(p.runs()) {}

private:
  int64_t rowFragments() const { return tile.paddedRows() / 8; }
  int64_t numSums() const override {
    return tile.onTensorCores ? tile.lines / 2 * rowFragments() * 4 : tile.rows * tile.lines;
  }

  // ---- where things lie

  /// Lines that don't exist are the last one again, and rows as well.
  void place() override {
    int64_t lineBytes =
        p.quantized ? quantizedLineBytes(p.quantized->bits, p.quantized->block, p.k) : p.pitch * elementBytes();
    for (int64_t i = 0; i < tile.lines; ++i) {
      Value line = t.add(p.firstColumn, t.add(group, i * kGroups));
      lines.push_back(t.least(line, t.add(p.result.columns, -1)));
      Value start = t.add(t.mul(t.toI64(lines.back()), lineBytes), t.toI64(t.mul(part, kLaneBytes)));
      lineStarts.push_back(t.offset(p.w, start));
    }
    int64_t count = tile.onTensorCores ? rowFragments() : tile.rows;
    for (int64_t i = 0; i < count; ++i) {
      Value row = t.add(p.firstRow, tile.onTensorCores ? t.add(group, i * 8) : t.number(i));
      row = t.least(row, t.add(p.result.rows, -1));
      Value start = t.add(t.mul(t.toI64(row), p.k), t.toI64(t.mul(part, runs.run)));
      rowStarts.push_back(t.offset(p.x, t.mul(start, elementBytes())));
    }
  }

  /// 16 bytes of each line.
  Values load(ThreadBuilder &u, Value step) override {
    auto type = VectorType::get({4}, u.b.getI32Type());
    Value exists;
    if (!isWhole)
      exists = p.quantized ? u.less(step, allSteps)
                           : u.less(u.add(u.mul(step, runs.depth()), u.toI64(u.mul(part, runs.run))), p.pitch);
    Values words;
    for (Value start : lineStarts)
      words.push_back(loadExisting(u, type, u.offset(start, u.mul(step, kStepBytes)), p.w, exists, kLaneBytes));
    return words;
  }

  /// Of a row of x what the lane has of a run, which begins at `k` (i64).
  Values runOf(ThreadBuilder &u, Value start, Value k) {
    return loadRow(u, start, u.mul(k, elementBytes()), u.add(k, u.toI64(u.mul(part, runs.run))), runs.run);
  }

  // ---- bits as numbers

  Type pairType() const { return VectorType::get({2}, p.element); }
  /// A pair as mma takes it.
  Value pair(ThreadBuilder &u, Value bits) const { return p.element.isF16() ? bitcast(u, pairType(), bits) : bits; }
  Values pairsOf(ThreadBuilder &u, Value vector) const {
    auto type = cast<VectorType>(vector.getType());
    int64_t count = type.getNumElements() * type.getElementTypeBitWidth() / 32;
    Value words = bitcast(u, VectorType::get({count}, u.b.getI32Type()), vector);
    Values pairs;
    for (int64_t i = 0; i < count; ++i)
      pairs.push_back(pair(u, element(u, words, i)));
    return pairs;
  }
  static constexpr int64_t kTwice = 0x00010001, kMiddleByte = 128; ///< a number in both halves of a word
  static constexpr int64_t kMagicF32 = 0x4b000000, kMagicF16 = 0x64006400, kMagicBf16 = 0x43004300;
  int64_t pairMagic() const { return p.element.isF16() ? kMagicF16 : kMagicBf16; }
  Value pairOfMagic(ThreadBuilder &u, Value bits) const { return bitcast(u, pairType(), u.either(bits, pairMagic())); }
  Value floatOfMagic(ThreadBuilder &u, Value bits) const {
    return bitcast(u, u.b.getF32Type(), u.either(bits, kMagicF32));
  }

  /// Numbers 2 i and 2 i + 1 of the lane, in the halves of a word.
  Value twoNumbers(ThreadBuilder &u, Value words, int64_t i) const {
    int64_t bits = p.quantized->bits, pairs = 16 / bits; // of a word
    return u.both(u.shiftRight(element(u, words, i / pairs), bitInWord(i % pairs * 2, bits)),
                  ((1 << bits) - 1) * kTwice);
  }
  /// Of bf16, which does not hold them beside its magic number.
  bool areBytesOfBf16() const { return p.quantized->bits == 8 && p.element.isBF16(); }
  /// Two numbers less `zero` (null: less 128 where they are bytes of bf16).
  Value pairLess(ThreadBuilder &u, Value two, Value zero) const {
    auto less = [&](Value x, Value y) -> Value { return LLVM::FSubOp::create(u.b, u.loc, x, y); };
    if (!areBytesOfBf16())
      return less(pairOfMagic(u, two), zero);
    Value clear = u.exclusiveOr(u.both(two, 0x80 * kTwice), u.number(0x80 * kTwice)), low = u.both(two, 0x7f * kTwice);
    Value lessMiddle = less(pairOfMagic(u, low), pairOfMagic(u, clear));
    return zero ? less(lessMiddle, zero) : lessMiddle;
  }
  /// What pairLess subtracts for a zero point (i32).
  Value pairZero(ThreadBuilder &u, Value zero) const {
    if (!areBytesOfBf16())
      return pairOfMagic(u, u.mul(zero, kTwice));
    if (!p.quantized->zero && p.quantized->fixedZero == kMiddleByte)
      return {};
    // The bits of a bf16 are the upper half of those of the f32.
    Value bits = bitcast(u, u.b.getI32Type(), u.subF(floatOfMagic(u, zero), u.f32(0x1p23 + kMiddleByte)));
    return bitcast(u, pairType(), u.either(u.both(bits, int64_t(int32_t(0xffff0000))), u.shiftRight(bits, 16)));
  }
  /// What the lane has of a run, as pairs.
  Values linePairs(ThreadBuilder &u, Value words, int64_t run, const Span &span) const {
    if (!p.quantized)
      return pairsOf(u, words);
    Values pairs;
    for (int64_t i = run * runs.run / 2; i < (run + 1) * runs.run / 2; ++i) {
      Value difference = pairLess(u, twoNumbers(u, words, i), span.zero);
      pairs.push_back(p.element.isF16() ? difference : bitcast(u, u.b.getI32Type(), difference));
    }
    return pairs;
  }
  /// The same as f32.
  Values lineFloats(ThreadBuilder &u, Value words, int64_t run, const Span &span) const {
    if (!p.quantized)
      return floatsOf(u, bitcast(u, VectorType::get({runs.run}, p.element), words));
    Values floats;
    for (int64_t i = run * runs.run / 2; i < (run + 1) * runs.run / 2; ++i) {
      Value both = twoNumbers(u, words, i);
      for (Value number : {u.both(both, 0xffff), u.shiftRight(both, 16)})
        floats.push_back(u.subF(floatOfMagic(u, number), span.zero));
    }
    return floats;
  }

  /// Of each line, for the numbers from `k` (i64) on.
  SmallVector<Span> spansAt(ThreadBuilder &u, Value k) {
    const QuantizedLines &q = *p.quantized;
    Value exists = isWhole ? Value() : u.less(k, p.k);
    SmallVector<Span> spans;
    for (Value line : lines) {
      Value at = u.add(u.mul(u.toI64(line), q.blocks), u.div(k, q.block));
      auto load = [&](Type type, Value base) {
        int64_t bytes = type.getIntOrFloatBitWidth() / 8;
        return loadExisting(u, type, u.offset(base, u.mul(at, bytes)), base, exists, bytes);
      };
      Value scale = load(q.scaleType, q.scale);
      if (!scale.getType().isF32())
        scale = arith::ExtFOp::create(u.b, u.loc, u.b.getF32Type(), scale);
      Value zero = q.zero ? Value(arith::ExtUIOp::create(u.b, u.loc, u.b.getI32Type(), load(u.b.getI8Type(), q.zero)))
                          : u.number(q.fixedZero);
      spans.push_back({scale, tile.onTensorCores ? pairZero(u, zero) : floatOfMagic(u, zero)});
    }
    return spans;
  }

  // ---- products

  void multiply(ThreadBuilder &u, Value step, const Values &words, SmallVectorImpl<Value> &sums) override {
    auto multiplyRun = [&](int64_t run, ArrayRef<Span> spans, SmallVectorImpl<Value> &to) {
      Value k = u.add(u.mul(step, runs.depth()), run * kLanesOfLine * runs.run);
      tile.onTensorCores ? multiplyPairs(u, words, run, k, spans, to) : multiplyFloats(u, words, run, k, spans, to);
    };
    if (!p.quantized) {
      multiplyRun(0, SmallVector<Span>(size_t(tile.lines)), sums);
      return;
    }
    int64_t runsOfSpan = std::gcd(runs.count, p.quantized->block / (kLanesOfLine * runs.run));
    for (int64_t run = 0; run < runs.count; run += runsOfSpan) {
      Value k = u.add(u.mul(step, runs.depth()), run * kLanesOfLine * runs.run);
      SmallVector<Span> spans = spansAt(u, k);
      SmallVector<Value> ofSpan(sums.size(), u.f32(0));
      for (int64_t i = run; i < run + runsOfSpan; ++i)
        multiplyRun(i, spans, ofSpan);
      for (auto [i, sum] : llvm::enumerate(sums))
        sum = LLVM::FMAOp::create(u.b, u.loc, ofSpan[i], spans[size_t(lineOf(int64_t(i)))].scale, sum);
    }
  }

  /// Among the lanes's own, that of a sum.
  int64_t lineOf(int64_t sum) const {
    return tile.onTensorCores ? sum / (4 * rowFragments()) * 2 + sum % 4 / 2 : sum % tile.lines;
  }

  /// A register of A is a pair of line `group` or `group` + 8, one of B a pair of row `group`.
  void multiplyPairs(ThreadBuilder &u, const Values &words, int64_t run, Value k, ArrayRef<Span> spans,
                     SmallVectorImpl<Value> &sums) {
    SmallVector<Values> x;
    for (Value start : rowStarts)
      x.push_back(pairsOf(u, runOf(u, start, k).front()));
    StringRef name = p.element.isF16() ? "mma.m16n8k16.row.col.f32.f32" : "mma.m16n8k16.row.col.bf16";
    for (int64_t i = 0; i < tile.lines; i += 2) {
      Values upper = linePairs(u, words[size_t(i)], run, spans[size_t(i)]),
             lower = linePairs(u, words[size_t(i + 1)], run, spans[size_t(i + 1)]);
      for (size_t j = 0; j < upper.size(); j += 2)
        for (auto [fragment, row] : llvm::enumerate(x)) {
          Value *sum = &sums[(size_t(i) / 2 * x.size() + fragment) * 4];
          Values operands{upper[j], lower[j], upper[j + 1], lower[j + 1], row[j], row[j + 1]};
          operands.append(sum, sum + 4);
          llvm::copy(u.intrinsic(name, u.b.getF32Type(), 4, operands), sum);
        }
    }
  }

  void multiplyFloats(ThreadBuilder &u, const Values &words, int64_t run, Value k, ArrayRef<Span> spans,
                      SmallVectorImpl<Value> &sums) {
    SmallVector<Values> w;
    for (auto [line, span] : llvm::zip(words, spans))
      w.push_back(lineFloats(u, line, run, span));
    for (auto [row, start] : llvm::enumerate(rowStarts)) {
      Values x;
      for (Value vector : runOf(u, start, k))
        llvm::append_range(x, floatsOf(u, vector));
      for (size_t i = 0; i < x.size(); ++i)
        for (auto [j, line] : llvm::enumerate(w)) {
          Value &sum = sums[row * w.size() + j];
          sum = LLVM::FMAOp::create(u.b, u.loc, x[i], line[i], sum);
        }
    }
  }

  // ---- the end

  void share(SmallVectorImpl<Value> &sums) override { tile.onTensorCores ? shareFragments(sums) : shareSums(sums); }

  void shareFragments(ArrayRef<Value> sums) {
    for (auto [i, sum] : llvm::enumerate(sums)) {
      int64_t fragment = int64_t(i) / 4, ofLane = int64_t(i) % 4;
      Value row = t.add(t.mul(part, 2), fragment % rowFragments() * 8 + ofLane % 2);
      t.store(sum, inShared(t, warp, row, t.add(group, lineOf(int64_t(i)) * kGroups)), 4);
    }
  }

  void shareSums(SmallVectorImpl<Value> &sums) {
    for (Value &sum : sums)
      for (int64_t distance = 1; distance < kLanesOfLine; distance *= 2)
        sum = t.addF(sum, t.exchange(sum, distance));
    auto branch = scf::IfOp::create(t.b, t.loc, t.isZero(part), /*withElseRegion=*/false);
    OpBuilder inside = branch.getThenBodyBuilder();
    ThreadBuilder u(inside, t.loc);
    for (auto [i, sum] : llvm::enumerate(sums))
      u.store(sum, inShared(u, warp, u.number(int64_t(i) / tile.lines), u.add(group, lineOf(int64_t(i)) * kGroups)), 4);
  }

  FewRowsRuns runs;
  SmallVector<Value> lines;                 ///< i32: numbers of the lane's
  SmallVector<Value> lineStarts, rowStarts; ///< where they and rows of x begin for the lane
};

/// w in lines along N: a group of lanes takes 4 lines that follow each other, and a lane 16 bytes of them.
class AcrossK final : public Emitter {
public:
  using Emitter::Emitter;

private:
  static constexpr int64_t kLines = kLinesAcrossK / kGroups;
  int64_t chunk() const { return kLaneBytes / elementBytes(); }
  int64_t numSums() const override { return tile.rows * chunk(); }

  /// Columns that don't exist are the last ones again, and rows as well.
  void place() override {
    column = t.least(t.add(p.firstColumn, t.mul(part, chunk())), t.add(p.result.columns, -chunk()));
    for (int64_t i = 0; i < tile.rows; ++i) {
      Value row = t.least(t.add(p.firstRow, i), t.add(p.result.rows, -1));
      rowStarts.push_back(t.offset(p.x, t.mul(t.mul(t.toI64(row), p.k), elementBytes())));
    }
  }

  Value firstLine(ThreadBuilder &u, Value step) { return u.add(u.mul(step, depth), u.toI64(u.mul(group, kLines))); }

  Values load(ThreadBuilder &u, Value step) override {
    auto type = VectorType::get({chunk()}, p.element);
    Values lines;
    for (int64_t i = 0; i < kLines; ++i) {
      Value line = u.add(firstLine(u, step), i), exists = isWhole ? Value() : u.less(line, p.k);
      Value number = u.add(u.mul(line, p.pitch), u.toI64(column));
      lines.push_back(loadExisting(u, type, u.offset(p.w, u.mul(number, elementBytes())), p.w, exists, kLaneBytes));
    }
    return lines;
  }

  void multiply(ThreadBuilder &u, Value step, const Values &words, SmallVectorImpl<Value> &sums) override {
    SmallVector<Values> w;
    for (Value line : words)
      w.push_back(floatsOf(u, line));
    Value k = firstLine(u, step);
    for (auto [row, start] : llvm::enumerate(rowStarts)) {
      Values x;
      for (Value vector : loadRow(u, start, u.mul(k, elementBytes()), k, kLines))
        llvm::append_range(x, floatsOf(u, vector));
      for (size_t i = 0; i < x.size(); ++i)
        for (auto [j, weight] : llvm::enumerate(w[i])) {
          Value &sum = sums[row * w[i].size() + j];
          sum = LLVM::FMAOp::create(u.b, u.loc, x[i], weight, sum);
        }
    }
  }

  void share(SmallVectorImpl<Value> &sums) override {
    for (Value &sum : sums)
      for (int64_t distance = kLanesOfLine; distance < 32; distance *= 2)
        sum = t.addF(sum, t.exchange(sum, distance));
    auto branch = scf::IfOp::create(t.b, t.loc, t.isZero(group), /*withElseRegion=*/false);
    OpBuilder inside = branch.getThenBodyBuilder();
    ThreadBuilder u(inside, t.loc);
    for (auto [i, sum] : llvm::enumerate(sums))
      u.store(sum, inShared(u, warp, u.number(int64_t(i) / chunk()), u.add(u.mul(part, chunk()), int64_t(i) % chunk())),
              4);
  }

  Value column; ///< i32
  SmallVector<Value> rowStarts;
};

} // namespace

void cameo::codegen::emitFewRows(OpBuilder &b, Location loc, const FewRows &p) {
  if (p.linesAlongK)
    AlongK(b, loc, p).emit();
  else
    AcrossK(b, loc, p).emit();
}
