// ContractionSparse.cpp - see ContractionSparse.h.
#include "ContractionSparse.h"
#include "ContractionBuilder.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <cstring>
#include <limits>

using namespace mlir;
using namespace cameo::codegen;

namespace {

constexpr int64_t kColumns = 16, kLineBytes = 64;
/// Rows in a register tile, and bytes that the copy of A takes of a thread's stack: half of L2.
constexpr int64_t kMostRows = 28, kMostCopyBytes = 512 << 10;
/// Sums that keep the multiply-add units busy.
constexpr int64_t kChains = 8;
/// Rows of a tile where only the run knows how many there are: few enough that one row is not much slower by it.
constexpr int64_t kRowsOfUnknown = 12;
/// Steps that share work well, and the panels below which a group repeats the copy of A too often.
constexpr int64_t kEnoughSteps = 8, kFewestPanels = 8;
/// Zeros in a sample below which skipping rows cannot pay, and the size of the sample.
constexpr double kFewestZeros = 0.3;
constexpr int64_t kSample = 1024;
/// Slots (ContractionTile.cpp): of a step besides its multiply-adds, of a panel, of 16x16 elements of A that are
/// copied.
constexpr double kStepSlots = 3, kPanelSlots = 60, kSquareSlots = 200;
/// What an unknown M is taken for.
constexpr int64_t kTypicalM = 509;

int64_t panelsOf(const ContractionShape &shape) { return llvm::divideCeil(shape.n, kColumns); }
int64_t alignLine(int64_t bytes) { return llvm::alignTo(bytes, kLineBytes); }

/// One row of A is used where it lies.
bool copies(const ContractionTile &tile) { return tile.mr > 1; }
/// Elements from one k to the next in the copy of A: whole vectors.
int64_t copyStride(const ContractionTile &tile) { return copies(tile) ? llvm::alignTo(tile.mr, tile.lanes) : 1; }
int64_t copyBytes(const ContractionTile &tile, const ContractionShape &shape) {
  return copies(tile) ? llvm::alignTo(shape.k, tile.lanes) * copyStride(tile) * 4 : 0;
}

/// Bytes before the numbers of A's elements, and before the rows.
int64_t offsetsAt(const ContractionShape &shape) { return alignLine((panelsOf(shape) + 1) * 8); }
int64_t rowsAt(const ContractionShape &shape) { return offsetsAt(shape) + alignLine(*shape.sparseRows * 4); }

class SparseEmitter {
public:
  SparseEmitter(Emit &e, const SparseSpec &spec)
      : e(e), spec(spec), tile(spec.tile), k(spec.shape.k), n(spec.shape.n), vectors(kColumns / tile.lanes) {}

  void emit(Value begin, Value end) {
    if (copies(tile))
      copy = e.stack(copyBytes(tile, spec.shape));
    int64_t groups = sparseGroups(tile, spec.shape), panels = panelsOf(spec.shape);
    e.loop(begin, end, 1, [&](Value step) {
      Value block = e.div(step, e.number(groups)), group = e.rem(step, e.number(groups));
      Value first = e.mul(block, tile.mr);
      Value rows = copies(tile) ? copy : e.offset(spec.lhs, e.mul(first, k * 4));
      if (copies(tile))
        copyRows(first);
      int64_t perGroup = llvm::divideCeil(panels, groups);
      Value from = e.mul(group, perGroup), to = e.min(e.add(from, perGroup), e.number(panels));
      e.loop(from, e.min(to, e.number(n / kColumns)), 1, [&](Value panel) { emitPanel(panel, rows, first, true); });
      if (n % kColumns)
        e.when(e.compare(Emit::Pred::eq, to, e.number(panels)),
               [&] { emitPanel(e.number(panels - 1), rows, first, false); });
    });
  }

private:
  /// Rows first .. first + mr of A, transposed; those that do not exist repeat the last.
  void copyRows(Value first) {
    int64_t lanes = tile.lanes, stride = copyStride(tile), whole = k / lanes * lanes;
    Value last = e.add(e.value(spec.m), -1);
    auto emitSquare = [&](Value column, Value mask, int64_t row) {
      SmallVector<Value> square;
      for (int64_t i = 0; i < lanes; ++i) {
        Value number = e.min(e.add(first, std::min(row + i, tile.mr - 1)), last);
        Value from = e.offset(e.offset(spec.lhs, e.mul(number, k * 4)), e.mul(column, 4));
        square.push_back(emitLoad(e.b, e.loc, Type(), from, lanes, mask));
      }
      Value to = e.offset(copy, e.mul(column, stride * 4));
      for (auto [i, vector] : llvm::enumerate(emitTransposedSquare(e, square)))
        emitStore(e.b, e.loc, Type(), vector, e.offset(to, (int64_t(i) * stride + row) * 4));
    };
    for (int64_t row = 0; row < tile.mr; row += lanes) {
      e.loop(e.number(0), e.number(whole), lanes, [&](Value column) { emitSquare(column, Value(), row); });
      if (whole < k)
        emitSquare(e.number(whole), e.mask(lanes, e.number(whole), e.number(k)), row);
    }
  }

  void emitPanel(Value panel, Value rows, Value first, bool whole) {
    Value at = e.offset(spec.rhs, e.mul(panel, 8));
    auto number = [&](int64_t bytes) -> Value {
      return LLVM::LoadOp::create(e.b, e.loc, e.b.getI64Type(), e.offset(at, bytes), 8);
    };
    Value begin = number(0), end = number(8);
    // Few rows have few sums, too few to keep the units busy: neighbouring steps then have sums of their own.
    int64_t sums = tile.mr * vectors, chains = llvm::divideCeil(kChains, sums);
    Value zero = arith::ConstantOp::create(e.b, e.loc, cast<TypedAttr>(e.b.getZeroAttr(e.vectorType(tile.lanes))));
    SmallVector<Value> state(sums * chains, zero);
    auto steps = [&](int64_t count) {
      return [&, count](Value index, ValueRange carried) {
        SmallVector<Value> next(carried);
        for (int64_t i = 0; i < count; ++i)
          emitStep(e.add(index, i), rows, MutableArrayRef<Value>(next).slice(i * sums, sums));
        return next;
      };
    };
    Value main = chains == 1 ? end : e.sub(end, e.rem(e.sub(end, begin), e.number(chains)));
    state = e.loop(begin, main, chains, state, steps(chains));
    if (chains > 1)
      state = e.loop(main, end, 1, state, steps(1));
    for (int64_t i = sums; i < sums * chains; ++i)
      state[i % sums] = arith::AddFOp::create(e.b, e.loc, state[i % sums], state[i]);
    storePanel(panel, first, ArrayRef(state).take_front(sums), whole);
  }

  /// Adds row `index` of B, times the elements of A that belong to it.
  void emitStep(Value index, Value rows, MutableArrayRef<Value> sums) {
    Value where = e.offset(e.offset(spec.rhs, offsetsAt(spec.shape)), e.mul(index, 4));
    Value bytes = LLVM::LoadOp::create(e.b, e.loc, e.b.getI32Type(), where, 4);
    Value elements = e.offset(rows, Value(arith::ExtUIOp::create(e.b, e.loc, e.b.getI64Type(), bytes)));
    Value weights = e.offset(e.offset(spec.rhs, rowsAt(spec.shape)), e.mul(index, kColumns * 4));
    SmallVector<Value> columns;
    for (int64_t v = 0; v < vectors; ++v)
      columns.push_back(emitLoad(e.b, e.loc, Type(), e.offset(weights, v * tile.lanes * 4), tile.lanes));
    for (int64_t row = 0; row < tile.mr; ++row) {
      Value element = LLVM::LoadOp::create(e.b, e.loc, e.b.getF32Type(), e.offset(elements, row * 4), 4);
      Value spread = vector::BroadcastOp::create(e.b, e.loc, e.vectorType(tile.lanes), element);
      for (int64_t v = 0; v < vectors; ++v) {
        Value &sum = sums[row * vectors + v];
        sum = vector::FMAOp::create(e.b, e.loc, spread, columns[v], sum);
      }
    }
  }

  void storePanel(Value panel, Value first, ArrayRef<Value> sums, bool whole) {
    bool allExist = spec.m.isStatic() && spec.m.fixed % tile.mr == 0;
    for (int64_t row = 0; row < tile.mr; ++row) {
      auto storeRow = [&] {
        for (int64_t v = 0; v < vectors; ++v) {
          TilePosition position{Value(), e.add(first, row), e.add(e.mul(panel, kColumns), v * tile.lanes), tile.lanes,
                                Value()};
          if (!whole)
            position.mask = e.mask(tile.lanes, position.col, e.number(n));
          spec.store(e.b, e.loc, sums[row * vectors + v], position);
        }
      };
      if (allExist || row == 0)
        storeRow();
      else
        e.when(e.compare(Emit::Pred::slt, e.add(first, row), e.value(spec.m)), storeRow);
    }
  }

  Emit &e;
  const SparseSpec &spec;
  const ContractionTile &tile;
  int64_t k, n, vectors;
  Value copy;
};

} // namespace

std::optional<int64_t> cameo::codegen::countSparseRows(ArrayRef<float> matrix, const MatrixLayout &layout) {
  int64_t size = matrix.size(), zeros = 0, sample = std::min(size, kSample);
  for (int64_t i = 0; i < sample; ++i)
    zeros += matrix[i * size / sample] == 0;
  if (sample == 0 || zeros < sample * kFewestZeros)
    return std::nullopt;
  int64_t rows = 0;
  for (int64_t first = 0; first < layout.n; first += kColumns)
    for (int64_t k = 0; k < layout.k; ++k)
      for (int64_t n = first; n < std::min(first + kColumns, layout.n); ++n)
        if (matrix[k * layout.kStride + n * layout.nStride] != 0) {
          ++rows;
          break;
        }
  return rows;
}

int64_t cameo::codegen::sparseGroups(const ContractionTile &tile, const ContractionShape &shape) {
  int64_t m = shape.m == kDynamicExtent ? kTypicalM : shape.m;
  int64_t blocks = std::max<int64_t>(1, llvm::divideCeil(m, tile.mr));
  int64_t most = std::max<int64_t>(1, panelsOf(shape) / kFewestPanels);
  return std::clamp<int64_t>(kEnoughSteps / blocks, 1, most);
}

double cameo::codegen::sparseSlots(const VectorTarget &target, const ContractionShape &shape,
                                   const ContractionTile &tile) {
  int64_t m = shape.m == kDynamicExtent ? kTypicalM : shape.m;
  double vectors = double(kColumns) / tile.lanes, perVector = (tile.lanes > 8 ? 2 : 1) * (target.fusesAdd ? 1 : 2);
  double step = tile.mr * vectors * perVector + vectors + kStepSlots;
  double block = *shape.sparseRows * step + panelsOf(shape) * (kPanelSlots + tile.mr * vectors * perVector);
  double squares = double(llvm::divideCeil(tile.mr, kColumns)) * llvm::divideCeil(shape.k, kColumns);
  if (copies(tile))
    block += squares * kSquareSlots * sparseGroups(tile, shape);
  return block * llvm::divideCeil(m, tile.mr);
}

std::optional<ContractionTile> cameo::codegen::chooseSparseTile(const VectorTarget &target,
                                                                const ContractionShape &shape) {
  std::optional<ContractionTile> best;
  double fewest = std::numeric_limits<double>::infinity();
  ContractionTile tile;
  tile.sparse = 1;
  tile.nr = kColumns;
  tile.lanes = std::min(target.lanes(), kColumns);
  tile.panelOuter = false;
  int64_t vectors = kColumns / tile.lanes;
  int64_t registers = target.numRegisters - vectors - 1 - (target.fusesAdd ? 0 : 2);
  int64_t most = std::min(kMostRows, registers / vectors);
  most = std::min(most, shape.m == kDynamicExtent ? kRowsOfUnknown : std::max<int64_t>(1, shape.m));
  for (int64_t mr = 1; mr <= most; ++mr) {
    tile.mr = tile.tailMr = tile.mBlock = mr;
    if (!fitsSparse(tile, shape))
      break;
    // Two threads end together when they have as many steps each.
    int64_t steps = sparseGroups(tile, shape) * llvm::divideCeil(shape.m == kDynamicExtent ? kTypicalM : shape.m, mr);
    double slots = sparseSlots(target, shape, tile) * 2 * llvm::divideCeil(steps, 2) / std::max<int64_t>(1, steps);
    if (slots < fewest) {
      fewest = slots;
      best = tile;
    }
  }
  return best;
}

bool cameo::codegen::fitsSparse(const ContractionTile &tile, const ContractionShape &shape) {
  return tile.nr == kColumns && tile.mBlock == tile.mr && copyBytes(tile, shape) <= kMostCopyBytes;
}

void cameo::codegen::emitSparse(OpBuilder &b, Location loc, const SparseSpec &spec, Value begin, Value end) {
  Emit e(b, loc);
  SparseEmitter(e, spec).emit(begin, end);
}

int64_t cameo::codegen::packedSparseBytes(const ContractionShape &shape) {
  return rowsAt(shape) + *shape.sparseRows * kColumns * 4;
}

void cameo::codegen::packSparseRhs(const float *source, const MatrixLayout &layout, const ContractionTile &tile,
                                   const ContractionShape &shape, char *packed) {
  std::memset(packed, 0, packedSparseBytes(shape));
  auto *starts = reinterpret_cast<int64_t *>(packed);
  auto *offsets = reinterpret_cast<int32_t *>(packed + offsetsAt(shape));
  auto *rows = reinterpret_cast<float *>(packed + rowsAt(shape));
  int64_t count = 0;
  for (int64_t panel = 0; panel < panelsOf(shape); ++panel) {
    *starts++ = count;
    int64_t first = panel * kColumns, columns = std::min(kColumns, layout.n - first);
    for (int64_t k = 0; k < layout.k; ++k) {
      const float *from = source + k * layout.kStride + first * layout.nStride;
      float *row = rows + count * kColumns;
      bool isZero = true;
      for (int64_t i = 0; i < columns; ++i)
        isZero &= from[i * layout.nStride] == 0;
      if (isZero)
        continue;
      for (int64_t i = 0; i < columns; ++i)
        row[i] = from[i * layout.nStride];
      offsets[count++] = static_cast<int32_t>(k * copyStride(tile) * 4);
    }
  }
  *starts = count;
}
