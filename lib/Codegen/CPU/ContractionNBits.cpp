// ContractionNBits.cpp - see ContractionNBits.h.
#include "ContractionNBits.h"
#include "ContractionArithmetic.h"
#include <numeric>

using namespace mlir;
using namespace cameo::codegen;

namespace {

/// Stack that rounded rows of A may take.
constexpr int64_t kMostRowBytes = 96 << 10;

/// The number that is stored as 0 for floats.
constexpr int32_t lowestStored(int64_t bits) { return bits == 8 ? 128 : 0; }

VectorType intType(Emit &e, int64_t lanes) { return VectorType::get({lanes}, e.b.getI32Type()); }
Value every(Emit &e, int64_t lanes, int32_t value) {
  return arith::ConstantOp::create(e.b, e.loc, DenseElementsAttr::get(intType(e, lanes), value));
}
Value zeros(Emit &e, VectorType type) {
  return arith::ConstantOp::create(e.b, e.loc, cast<TypedAttr>(e.b.getZeroAttr(type)));
}
Value spread(Emit &e, int64_t lanes, Value number) {
  return vector::BroadcastOp::create(e.b, e.loc, VectorType::get({lanes}, number.getType()), number);
}
Value loadFloat(Emit &e, Value pointer, int64_t lanes) {
  return spread(e, lanes, LLVM::LoadOp::create(e.b, e.loc, e.b.getF32Type(), pointer, 4));
}
/// An element of A as f32.
Value loadElement(Emit &e, Type type, Value pointer) {
  Value element = LLVM::LoadOp::create(e.b, e.loc, type, pointer, unsigned(elementBytes(type)));
  return type.isF32() ? element : Value(arith::ExtFOp::create(e.b, e.loc, e.b.getF32Type(), element));
}

/// The vectors of a row of a panel at `pointer`.
SmallVector<Value> rowOf(Emit &e, const MicroKernel &kernel, Value pointer, Type element) {
  SmallVector<Value> row;
  int64_t bytes = 0;
  for (int64_t lanes : kernel.vectors) {
    row.push_back(LLVM::LoadOp::create(e.b, e.loc, VectorType::get({lanes}, element), e.offset(pointer, bytes), 4));
    bytes += lanes * 4;
  }
  return row;
}

/// Accumulators of `element`, all zero.
Accumulators zeroSums(Emit &e, const MicroKernel &kernel, Type element) {
  Accumulators sums;
  for (int64_t row = 0; row < kernel.rows; ++row)
    for (int64_t lanes : kernel.vectors)
      sums.push_back(zeros(e, VectorType::get({lanes}, element)));
  return sums;
}

/// Steps of one block.
class BlockArithmetic : public Arithmetic {
public:
  BlockArithmetic() = default;
  explicit BlockArithmetic(int64_t bits) : bits(bits) {}
  int64_t stepElements() const override { return 32 / bits; }
  Accumulators begin(Emit &e, const MicroKernel &kernel, Value &) const override {
    return zeroSums(e, kernel, e.b.getF32Type());
  }

protected:
  int64_t bits = 4;
};

class FloatWeights final : public BlockArithmetic {
public:
  FloatWeights() = default;
  /// `scales` and `zeroPoints` are rows of the panel; there are none of zero points where `zero` is all of them, and
  /// none of scales where sums are scaled.
  FloatWeights(const NBitsSpec &spec, ArrayRef<Value> scales, ArrayRef<Value> zeroPoints)
      : BlockArithmetic(spec.bits), lhsType(spec.lhsType), scales(scales), zeroPoints(zeroPoints), zero(spec.zero) {}
  void step(Emit &e, const MicroKernel &kernel, ArrayRef<RowPointer> rows, int64_t lhsBytes, Value rhs,
            MutableArrayRef<Value> sums, int64_t elements, int64_t) const override {
    int64_t bytes = elementBytes(lhsType), first = elements == stepElements() ? lhsBytes : lhsBytes - elements * bytes;
    SmallVector<Value> dwords = bits == 4 ? rowOf(e, kernel, rhs, e.b.getI32Type()) : SmallVector<Value>();
    for (int64_t i = 0; i < elements; ++i) {
      SmallVector<Value> columns = dwords.empty() ? bytesOfRow(e, kernel, rhs, i) : nibbles(e, kernel, dwords, i);
      for (auto [column, lanes] : llvm::enumerate(kernel.vectors)) {
        Value &v = columns[column];
        if (zero && *zero != lowest())
          v = arith::SubIOp::create(e.b, e.loc, v, every(e, lanes, *zero - lowest()));
        v = arith::SIToFPOp::create(e.b, e.loc, e.vectorType(lanes), v);
        if (!zero)
          v = arith::SubFOp::create(e.b, e.loc, v, zeroPoints[column]);
        if (!scales.empty())
          v = arith::MulFOp::create(e.b, e.loc, v, scales[column]);
      }
      for (auto [row, pointer] : llvm::enumerate(rows)) {
        Value x = loadElement(e, lhsType, e.offset(pointer.pointer, pointer.bytes + first + i * bytes));
        for (auto [column, lanes] : llvm::enumerate(kernel.vectors)) {
          Value &sum = sums[row * kernel.vectors.size() + column];
          sum = vector::FMAOp::create(e.b, e.loc, spread(e, lanes, x), columns[column], sum);
        }
      }
    }
  }

private:
  /// What is stored as 0.
  int32_t lowest() const { return lowestStored(bits); }

  /// Element i of the step in i32.
  static SmallVector<Value> nibbles(Emit &e, const MicroKernel &kernel, ArrayRef<Value> dwords, int64_t i) {
    SmallVector<Value> columns(dwords);
    for (auto [column, lanes] : llvm::enumerate(kernel.vectors)) {
      Value &v = columns[column];
      if (int64_t shift = i % 4 * 8 + i / 4 * 4)
        v = arith::ShRUIOp::create(e.b, e.loc, v, every(e, lanes, shift));
      v = arith::AndIOp::create(e.b, e.loc, v, every(e, lanes, 15));
    }
    return columns;
  }
  static SmallVector<Value> bytesOfRow(Emit &e, const MicroKernel &kernel, Value rhs, int64_t i) {
    SmallVector<Value> columns;
    int64_t width = std::accumulate(kernel.vectors.begin(), kernel.vectors.end(), int64_t(0)), at = i * width;
    for (int64_t lanes : kernel.vectors) {
      auto type = VectorType::get({lanes}, e.b.getI8Type());
      Value narrow = LLVM::LoadOp::create(e.b, e.loc, type, e.offset(rhs, at), 1);
      columns.push_back(arith::ExtSIOp::create(e.b, e.loc, intType(e, lanes), narrow));
      at += lanes;
    }
    return columns;
  }

  Type lhsType;
  SmallVector<Value> scales, zeroPoints;
  std::optional<int32_t> zero;
};

class ByteWeights final : public BlockArithmetic {
public:
  using BlockArithmetic::BlockArithmetic;
  void step(Emit &e, const MicroKernel &kernel, ArrayRef<RowPointer> rows, int64_t lhsBytes, Value rhs,
            MutableArrayRef<Value> sums, int64_t, int64_t) const override {
    SmallVector<Value> dwords = rowOf(e, kernel, rhs, e.b.getI32Type());
    for (int64_t part = 0; part < 8 / bits; ++part) {
      SmallVector<Value> columns;
      for (auto [column, lanes] : llvm::enumerate(kernel.vectors)) {
        Value v = dwords[column];
        if (part)
          v = arith::ShRUIOp::create(e.b, e.loc, v, every(e, lanes, 4));
        if (bits == 4)
          v = arith::AndIOp::create(e.b, e.loc, v, every(e, lanes, 0x0f0f0f0f));
        columns.push_back(bytes(e, v, lanes));
      }
      for (auto [row, pointer] : llvm::enumerate(rows)) {
        Value address = e.offset(pointer.pointer, pointer.bytes + lhsBytes + part * 4);
        Value dword = LLVM::LoadOp::create(e.b, e.loc, e.b.getI32Type(), address, 1);
        for (auto [column, lanes] : llvm::enumerate(kernel.vectors)) {
          Value &sum = sums[row * kernel.vectors.size() + column];
          sum = emitByteDot(e, ByteDots::Quads, sum, columns[column], bytes(e, spread(e, lanes, dword), lanes), lanes);
        }
      }
    }
  }

private:
  static Value bytes(Emit &e, Value dwords, int64_t lanes) {
    return LLVM::BitcastOp::create(e.b, e.loc, VectorType::get({lanes * 4}, e.b.getI8Type()), dwords);
  }
};

/// Rows of floats, or of bytes with a scale and a sum per block; the loop over blocks.
class BlockedRows final : public LhsRows {
public:
  /// `factors`: for bytes, pairs by row and block: the scale, and scale * sum of the bytes or with one zero point for
  /// all the integer -zero * sum.
  BlockedRows(const NBitsSpec &spec, Value factors) : spec(spec), factors(factors) {}

  SmallVector<Value> accumulate(Emit &e, const MicroKernel &kernel, const TileRows &tile, ValueRange state) override {
    int64_t bytes = spec.inBytes ? 1 : elementBytes(spec.lhsType);
    int64_t rowBytes = (spec.inBytes ? spec.blocks() * spec.block : spec.k) * bytes;
    SmallVector<Value> numbers;
    for (int64_t row = 0; row < kernel.rows; ++row) {
      Value m = e.add(tile.m, row);
      numbers.push_back(tile.last ? e.min(m, tile.last) : m);
    }
    auto emitBlock = [&](Value index, int64_t length, ValueRange carried) {
      SmallVector<RowPointer> rows;
      for (Value m : numbers)
        rows.push_back({e.offset(tile.lhs, e.add(e.mul(m, rowBytes), e.mul(index, spec.block * bytes)))});
      SmallVector<Value> next(carried);
      Value scaleRow = e.offset(next.back(), e.times(kernel.rhsStepBytes, spec.block / spec.stepElements()));
      Value zeroRow = e.offset(scaleRow, kernel.rhsStepBytes);
      auto zeroPoints = [&] { return spec.zero ? SmallVector<Value>() : rowOf(e, kernel, zeroRow, e.b.getF32Type()); };
      MicroKernel inner = kernel;
      if (!spec.inBytes) {
        next = addFloats(e, inner, rows, length, next, scaleRow, zeroPoints());
      } else {
        ByteWeights arithmetic(spec.bits);
        inner.arithmetic = &arithmetic;
        SmallVector<Value> sums = firstSums(e, kernel, numbers, index);
        sums.push_back(next.back());
        sums = emitRun(e, inner, rows, 1, spec.block, sums);
        sums.pop_back();
        // Loads of a panel ascend, as prefetchers like it.
        addBlock(e, kernel, numbers, index, sums, rowOf(e, kernel, scaleRow, e.b.getF32Type()), zeroPoints(),
                 MutableArrayRef<Value>(next).drop_back());
      }
      next.back() = spec.zero ? zeroRow : e.offset(zeroRow, kernel.rhsStepBytes);
      return next;
    };
    int64_t whole = spec.inBytes ? spec.blocks() : spec.k / spec.block, rest = spec.k % spec.block;
    SmallVector<Value> next = e.loop(e.number(0), e.number(whole), 1, state, [&](Value index, ValueRange carried) {
      return emitBlock(index, spec.block, carried);
    });
    if (!spec.inBytes && rest > 0)
      next = emitBlock(e.number(whole), rest, next);
    return next;
  }

private:
  /// totals += sums of a block of `length` elements.
  SmallVector<Value> addFloats(Emit &e, MicroKernel &kernel, ArrayRef<RowPointer> rows, int64_t length,
                               ArrayRef<Value> totals, Value scaleRow, ArrayRef<Value> zeroPoints) {
    bool scalesSums =
        spec.blocks() == 1 || kernel.rows * int64_t(kernel.vectors.size()) * 4 <= spec.target.numRegisters;
    auto scales = [&] { return rowOf(e, kernel, scaleRow, e.b.getF32Type()); };
    FloatWeights arithmetic(spec, scalesSums ? SmallVector<Value>() : scales(), zeroPoints);
    kernel.arithmetic = &arithmetic;
    int64_t bytes = elementBytes(spec.lhsType);
    if (!scalesSums)
      return emitRun(e, kernel, rows, bytes, length, totals);
    SmallVector<Value> sums = zeroSums(e, kernel, e.b.getF32Type());
    sums.push_back(totals.back());
    sums = emitRun(e, kernel, rows, bytes, length, sums);
    SmallVector<Value> ofColumn = scales();
    for (auto [i, total] : llvm::enumerate(totals.drop_back()))
      sums[i] = vector::FMAOp::create(e.b, e.loc, sums[i], ofColumn[i % ofColumn.size()], total);
    return sums;
  }

  /// What the sums of a block start from: 0, or -zero * sum of the row's bytes.
  SmallVector<Value> firstSums(Emit &e, const MicroKernel &kernel, ArrayRef<Value> numbers, Value index) {
    if (!spec.zero)
      return zeroSums(e, kernel, e.b.getI32Type());
    SmallVector<Value> sums;
    for (Value m : numbers) {
      Value at = e.offset(factors, e.add(e.mul(e.add(e.mul(m, spec.blocks()), index), 8), 4));
      Value start = LLVM::LoadOp::create(e.b, e.loc, e.b.getI32Type(), at, 4);
      for (int64_t lanes : kernel.vectors)
        sums.push_back(spread(e, lanes, start));
    }
    return sums;
  }

  /// totals += sums * (scale of the row's block) * scales - (scale * sum of the row's block) * zeroPoints * scales
  void addBlock(Emit &e, const MicroKernel &kernel, ArrayRef<Value> numbers, Value index, ArrayRef<Value> sums,
                ArrayRef<Value> scales, ArrayRef<Value> zeroPoints, MutableArrayRef<Value> totals) {
    size_t columns = kernel.vectors.size();
    SmallVector<Value> offsets;
    for (auto [column, zero] : llvm::enumerate(zeroPoints))
      offsets.push_back(arith::MulFOp::create(e.b, e.loc, scales[column], zero));
    for (auto [row, m] : llvm::enumerate(numbers)) {
      Value at = e.offset(factors, e.mul(e.add(e.mul(m, spec.blocks()), index), 8));
      for (auto [column, lanes] : llvm::enumerate(kernel.vectors)) {
        Value scale = loadFloat(e, at, lanes);
        Value real = arith::SIToFPOp::create(e.b, e.loc, e.vectorType(lanes), sums[row * columns + column]);
        real = arith::MulFOp::create(e.b, e.loc, real, scale);
        Value &total = totals[row * columns + column];
        total = vector::FMAOp::create(e.b, e.loc, real, scales[column], total);
        if (spec.zero)
          continue;
        Value negated = arith::NegFOp::create(e.b, e.loc, loadFloat(e, e.offset(at, 4), lanes));
        total = vector::FMAOp::create(e.b, e.loc, negated, offsets[column], total);
      }
    }
  }

  const NBitsSpec &spec;
  Value factors;
};

/// Rounds rows [first, limit) of A to bytes at `bytes`, and writes each block's scale and sum to `factors`.
void emitRounding(Emit &e, const NBitsSpec &spec, Value first, Value limit, Value bytes, Value factors) {
  constexpr int64_t lanes = 16; // no block is smaller
  VectorType floats = e.vectorType(lanes), ints = intType(e, lanes);
  Type f32 = e.b.getF32Type();
  int64_t blocks = spec.blocks();
  auto number = [&](float v) { return arith::ConstantOp::create(e.b, e.loc, e.b.getF32FloatAttr(v)); };
  e.loop(first, limit, 1, [&](Value m) {
    Value row = e.offset(spec.lhs, e.mul(m, spec.k * elementBytes(spec.lhsType))),
          to = e.offset(bytes, e.mul(e.sub(m, first), blocks * spec.block));
    Value pairs = e.offset(factors, e.mul(e.sub(m, first), blocks * 8));
    auto emitBlock = [&](Value index, int64_t length) {
      Value from = e.offset(row, e.mul(index, spec.block * elementBytes(spec.lhsType))),
            there = e.offset(to, e.mul(index, spec.block));
      auto load = [&](int64_t at) -> Value {
        if (at >= length)
          return zeros(e, floats);
        Value mask = at + lanes <= length ? Value() : e.mask(lanes, e.number(at), e.number(length));
        return emitLoad(e.b, e.loc, spec.lhsType, e.offset(from, at * elementBytes(spec.lhsType)), lanes, mask);
      };
      Value largest = zeros(e, floats), sum = zeros(e, ints);
      for (int64_t at = 0; at < length; at += lanes)
        largest = arith::MaxNumFOp::create(e.b, e.loc, largest, Value(math::AbsFOp::create(e.b, e.loc, load(at))));
      Value most = vector::ReductionOp::create(e.b, e.loc, vector::CombiningKind::MAXNUMF, largest);
      Value isZero = arith::CmpFOp::create(e.b, e.loc, arith::CmpFPredicate::OEQ, most, number(0));
      Value factor = arith::DivFOp::create(e.b, e.loc, number(127), e.select(isZero, number(1), most));
      Value scale = arith::MulFOp::create(e.b, e.loc, most, number(1.0f / 127));
      Value wide = spread(e, lanes, factor), magic = spread(e, lanes, number(0x1.8p23f));
      for (int64_t at = 0; at < spec.block; at += lanes) {
        // Adding 1.5 * 2^23 rounds half to even and leaves the integer in the low bits.
        Value scaled = arith::MulFOp::create(e.b, e.loc, load(at), wide);
        Value bits =
            arith::BitcastOp::create(e.b, e.loc, ints, Value(arith::AddFOp::create(e.b, e.loc, scaled, magic)));
        Value narrow = arith::TruncIOp::create(e.b, e.loc, VectorType::get({lanes}, e.b.getI8Type()), bits);
        LLVM::StoreOp::create(e.b, e.loc, narrow, e.offset(there, at), 1);
        sum = arith::AddIOp::create(e.b, e.loc, sum, Value(arith::ExtSIOp::create(e.b, e.loc, ints, narrow)));
      }
      Value total = vector::ReductionOp::create(e.b, e.loc, vector::CombiningKind::ADD, sum);
      Value correction;
      if (spec.zero)
        correction = arith::MulIOp::create(
            e.b, e.loc, total, Value(arith::ConstantIntOp::create(e.b, e.loc, e.b.getI32Type(), -*spec.zero)));
      else
        correction = arith::MulFOp::create(e.b, e.loc, Value(arith::SIToFPOp::create(e.b, e.loc, f32, total)), scale);
      Value pair = e.offset(pairs, e.mul(index, 8));
      LLVM::StoreOp::create(e.b, e.loc, scale, pair, 4);
      LLVM::StoreOp::create(e.b, e.loc, correction, e.offset(pair, 4), 4);
    };
    int64_t whole = spec.k / spec.block, rest = spec.k % spec.block;
    e.loop(e.number(0), e.number(whole), 1, [&](Value index) { emitBlock(index, spec.block); });
    if (rest > 0)
      emitBlock(e.number(whole), rest);
  });
}

Value panelsOf(Emit &e, const NBitsSpec &spec) { return e.number(panelCount(spec.tile, spec.n)); }

} // namespace

ContractionTile cameo::codegen::chooseNBitsTile(const NBitsSpec &spec) {
  ContractionTile tile;
  tile.lanes = spec.target.lanes();
  bool isVector = spec.m.isStatic() && spec.m.fixed == 1;
  // Bytes take two sets of accumulators; one row wants enough columns for independent sums.
  // Floats widen each row of B once per tile, so tiles are tall.
  int64_t vectors = isVector ? 4 : 2;
  tile.mr = isVector ? 1 : spec.inBytes ? 6 : 10;
  if (spec.target.numRegisters < 32) {
    vectors = 2;
    tile.mr = isVector ? 1 : 3;
  }
  if (spec.m.isStatic())
    tile.mr = std::max<int64_t>(1, std::min(tile.mr, spec.m.fixed));
  tile.nr = vectors * tile.lanes;
  tile.tailMr = tile.mr;
  tile.kUnroll = 1;
  return tile;
}

int64_t cameo::codegen::nBitsRows(const NBitsSpec &spec) {
  int64_t mr = spec.tile.mr, block = llvm::alignTo(24, mr);
  int64_t most = spec.m.isStatic() ? llvm::alignTo(std::max<int64_t>(1, spec.m.fixed), mr) : block;
  int64_t fit = kMostRowBytes / std::max<int64_t>(1, spec.blocks() * spec.block);
  return std::max(mr, std::min({most, block, fit / mr * mr}));
}

void cameo::codegen::emitNBits(OpBuilder &b, Location loc, const NBitsSpec &spec, Value begin, Value end) {
  Emit e(b, loc);
  int64_t rows = nBitsRows(spec), blocks = spec.blocks();
  Value bytes, factors;
  if (spec.inBytes) {
    bytes = e.stack(rows * blocks * spec.block);
    factors = e.stack(rows * blocks * 8);
  }
  // Steps of one block of rows are neighbours: its rows are rounded once.
  Value panels = panelsOf(e, spec);
  bool isOneBlock = spec.m.isStatic() && spec.m.fixed <= rows;
  auto emitRows = [&](Value rowBlock) {
    Value first = e.mul(rowBlock, rows), limit = e.min(e.add(first, rows), e.value(spec.m));
    Value firstStep = e.mul(rowBlock, panels);
    if (spec.inBytes)
      emitRounding(e, spec, first, limit, bytes, factors);
    ContractionLoops loops;
    loops.arithmetic = std::make_shared<FloatWeights>();
    loops.tile = spec.tile;
    loops.tile.panelOuter = true;
    loops.tile.mBlock = rows;
    loops.target = spec.target;
    loops.m = isOneBlock ? spec.m : Extent(e.sub(limit, first));
    loops.n = spec.n;
    loops.panelRows = spec.panelRows();
    loops.store = [&](OpBuilder &b, Location loc, Value vector, const TilePosition &at) {
      TilePosition moved = at;
      moved.row = Emit(b, loc).add(at.row, first);
      spec.store(b, loc, vector, moved);
    };
    Value lhs = spec.inBytes ? bytes : e.offset(spec.lhs, e.mul(first, spec.k * elementBytes(spec.lhsType)));
    loops.batchAt = [&spec, lhs](Emit &e, Value) -> ContractionLoops::Batch {
      return {lhs, spec.weights, Value(), e.number(0)};
    };
    BlockedRows blocked(spec, factors);
    loops.emit(e, blocked, e.max(e.sub(begin, firstStep), e.number(0)), e.min(e.sub(end, firstStep), panels));
  };
  if (isOneBlock)
    return emitRows(e.number(0));
  e.loop(e.div(begin, panels), e.div(e.add(end, e.add(panels, -1)), panels), 1, emitRows);
}

void cameo::codegen::packNBits(const uint8_t *weights, ArrayRef<float> scales, ArrayRef<uint8_t> zeroPoints,
                               const NBitsSpec &spec, char *packed) {
  int64_t blocks = spec.blocks(), rowBytes = blocks * spec.block * spec.bits / 8;
  int32_t lowest = spec.inBytes ? 0 : lowestStored(spec.bits);
  for (int64_t panel = 0, panels = panelCount(spec.tile, spec.n); panel < panels; ++panel) {
    int64_t first = panel * spec.tile.nr, width = panelWidth(spec.tile, spec.n, panel);
    int64_t columns = std::min(spec.tile.nr, spec.n - first);
    std::fill(packed, packed + spec.panelRows() * width * 4, 0);
    for (int64_t column = 0; column < columns; ++column)
      for (int64_t block = 0; block < blocks; ++block) {
        char *rows = packed + block * spec.blockRows() * width * 4;
        auto *behind = reinterpret_cast<float *>(rows + spec.block * spec.bits / 8 * width);
        behind[column] = scales[(first + column) * blocks + block];
        if (!spec.zero)
          behind[width + column] = float(zeroPoints[(first + column) * blocks + block] - lowest);
        const uint8_t *from = weights + (first + column) * rowBytes + block * spec.block * spec.bits / 8;
        for (int64_t i = 0; i < spec.block; ++i) {
          if (spec.bits == 8) {
            rows[spec.inBytes ? (i / 4 * width + column) * 4 + i % 4 : i * width + column] = char(from[i] - lowest);
            continue;
          }
          int number = from[i / 2] >> (i % 2 * 4) & 15;
          char *to = rows + (i / 8 * width + column) * 4;
          to[i % 4] |= static_cast<char>(number << (i % 8 / 4 * 4));
        }
      }
    packed += spec.panelRows() * width * 4;
  }
}
