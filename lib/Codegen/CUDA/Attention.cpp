// Attention.cpp - see Attention.h: tiles, the loop over keys, scores and their softmax.
#include "Attention.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include <limits>
#include <numbers>

using namespace mlir;
using namespace cameo::codegen;

constexpr int64_t kEnoughBlocks = 100; ///< about one per multiprocessor
constexpr int64_t kStages = 2;         ///< of keys and values in shared memory
constexpr double kLowest = -std::numeric_limits<double>::infinity();

/// The largest first. A thread has rows / warps * (keys + width) / 32 scores and sums of values.
static constexpr BlockAttentionTile kFmaTiles[] = {{64, 32, 4}, {32, 32, 4}, {32, 16, 4}, {16, 16, 4}, {16, 8, 4}};
static constexpr BlockAttentionTile kWgmmaTiles[] = {
    {128, 128, 8, true}, {128, 64, 8, true}, {64, 128, 4, true}, {64, 64, 4, true}};
static constexpr BlockAttentionTile kMmaTiles[] = {{128, 64, 8}, {64, 64, 4}, {64, 32, 4}, {32, 32, 2}, {16, 32, 1}};
constexpr int64_t kMostFmaSums = 80, kMostMmaSums = 144, kMostWgmmaSums = 160; ///< of both; more would be spilled

namespace {

/// What lies in shared memory, one after the other.
struct AttentionTiles {
  SharedTile q, k, v, weights;
  int64_t weightBytes; ///< 0: weights stay in registers

  AttentionTiles(const BlockAttentionTile &tile, const Factors &f, int64_t depth, int64_t width)
      : q(true, tile.rows, llvm::alignTo(depth, granule(tile, f, 4)), f.bytes(), tile.isForWarpgroups),
        k(true, tile.keys, q.columns, f.bytes(), tile.isForWarpgroups),
        v(false, llvm::alignTo(width, granule(tile, f, 32)), tile.keys, f.bytes(), tile.isForWarpgroups),
        weights(true, tile.rows, tile.keys, f.bytes()), weightBytes(f.useFma() ? weights.bytes() : 0) {}

  /// What depth and width are multiples of in shared memory.
  static int64_t granule(const BlockAttentionTile &tile, const Factors &f, int64_t ofFma) {
    return tile.isForWarpgroups ? SharedTile::kRunBytes / f.bytes() : f.useFma() ? ofFma : 16;
  }
  int64_t stageBytes() const { return k.bytes() + v.bytes(); }
  int64_t bytes() const { return q.bytes() + kStages * stageBytes() + weightBytes; }
};

} // namespace

int64_t cameo::codegen::sharedBytes(const BlockAttentionTile &tile, const Factors &factors, int64_t depth,
                                    int64_t width) {
  return AttentionTiles(tile, factors, depth, width).bytes();
}

std::optional<BlockAttentionTile> cameo::codegen::chooseAttentionTile(const PtxTarget &chip, const Factors &factors,
                                                                      int64_t depth, int64_t width,
                                                                      std::optional<int64_t> rows,
                                                                      std::optional<int64_t> heads) {
  if (!factors.fit(chip))
    return std::nullopt;
  constexpr int64_t kLarge = 1 << 14, kLeast = 33; // below, mma.sync does as much with less
  SmallVector<BlockAttentionTile> candidates;
  if (factors.fitWgmma(chip) && depth >= kLeast && width >= kLeast)
    llvm::append_range(candidates, kWgmmaTiles);
  llvm::append_range(candidates, factors.useFma() ? ArrayRef(kFmaTiles) : ArrayRef(kMmaTiles));
  std::optional<BlockAttentionTile> smallest;
  for (const BlockAttentionTile &tile : candidates) {
    if (tile.rows > candidates.back().rows && tile.rows / 2 >= rows.value_or(kLarge))
      continue; // half of it would do
    AttentionTiles tiles(tile, factors, depth, width);
    int64_t sums = tile.rows / tile.warps * (tile.keys + tiles.v.columns) / 32;
    int64_t most = tile.isForWarpgroups ? kMostWgmmaSums : factors.useFma() ? kMostFmaSums : kMostMmaSums;
    if (tiles.bytes() > chip.maxSharedBytes || sums > most)
      continue;
    if (llvm::divideCeil(rows.value_or(kLarge), tile.rows) * heads.value_or(1) >= kEnoughBlocks)
      return tile;
    smallest = tile;
  }
  return smallest;
}

int64_t cameo::codegen::chooseAttentionParts(const BlockAttentionTile &tile, std::optional<int64_t> rows, int64_t heads,
                                             std::optional<int64_t> keys) {
  constexpr int64_t kWanted = 264, kMostParts = 32; // blocks: two per multiprocessor, whose copies are under way
  constexpr int64_t kFewestSteps = 4;               // of a part
  if (!rows)
    return 1;
  int64_t blocks = llvm::divideCeil(*rows, tile.rows) * heads;
  if (blocks >= kEnoughBlocks)
    return 1;
  int64_t most = keys ? llvm::divideCeil(*keys, kFewestSteps * tile.keys) : kMostParts;
  return std::max<int64_t>(1, std::min({most, kMostParts, int64_t(llvm::divideCeil(kWanted, blocks))}));
}

/// Scores are powers of two. Not where a mask is added that may be the lowest number: a multiple would be infinity.
static double unitOf(bool maskIsAdded) { return maskIsAdded ? 1 : std::numbers::log2e; }

static Value powerOf(ThreadBuilder &u, Value x, bool maskIsAdded) {
  return u.intrinsic("ex2.approx.ftz.f", u.b.getF32Type(), u.mulF(x, std::numbers::log2e / unitOf(maskIsAdded)));
}

/// x, or 0 in its place where it is -infinity: 2^(-infinity - that) is 0.
static Value finiteOf(ThreadBuilder &u, Value x) { return u.select(u.isF(x, kLowest), u.f32(0), x); }

/// 1 / sum; 0 where nothing is left of a row.
static Value inverseOf(ThreadBuilder &u, Value sum) {
  Value inverse = arith::DivFOp::create(u.b, u.loc, u.f32(1), sum);
  return u.select(u.isF(sum, 0), u.f32(0), inverse);
}

constexpr int64_t kStateBytes = 8; ///< m and l

SmallVector<Value> cameo::codegen::joinAttentionParts(ThreadBuilder &t, const AttentionParts &parts, int64_t width,
                                                      bool maskIsAdded, Value row, Value column, int64_t run) {
  Type f32 = t.b.getF32Type();
  auto element = [&](Value vector, int64_t i) -> Value {
    return LLVM::ExtractElementOp::create(t.b, t.loc, vector, t.number(i));
  };
  SmallVector<Value> tops, sums;
  Value top, sum = t.f32(0);
  for (int64_t i = 0; i < parts.count; ++i) {
    Value at = t.mul(t.add(row, i * parts.rows), kStateBytes);
    Value state = t.load(VectorType::get({2}, f32), t.offset(parts.states, at), kStateBytes);
    tops.push_back(element(state, 0));
    sums.push_back(element(state, 1));
    top = top ? t.maxF(top, tops.back()) : tops.back();
  }
  SmallVector<Value> totals(size_t(run), sum);
  for (int64_t i = 0; i < parts.count; ++i) {
    Value factor = powerOf(t, t.subF(tops[size_t(i)], finiteOf(t, top)), maskIsAdded);
    sum = LLVM::FMAOp::create(t.b, t.loc, factor, sums[size_t(i)], sum);
    Value at = t.mul(t.add(t.mul(t.add(row, i * parts.rows), width), column), 4);
    Value own = t.load(VectorType::get({run}, f32), t.offset(parts.outputs, at), unsigned(4 * run));
    for (auto [j, total] : llvm::enumerate(totals))
      total = LLVM::FMAOp::create(t.b, t.loc, factor, element(own, int64_t(j)), total);
  }
  Value inverse = inverseOf(t, sum);
  for (Value &total : totals)
    total = t.mulF(total, inverse);
  return totals;
}

namespace {

class Emitter {
public:
  Emitter(OpBuilder &b, Location loc, const PtxTarget &chip, const BlockAttention &a)
      : t(b, loc), a(a), tiles(a.tile, a.factors, a.depth, a.width),
        scores(makeAtom(blockTile(a.tile.keys, tiles.q.columns), tiles.q, tiles.k, a.factors)),
        values(makeAtom(blockTile(tiles.v.columns, a.tile.keys), tiles.weights, tiles.v, a.factors)),
        shared(t.sharedMemory()), copier(chip, 32 * a.tile.warps, t.threadNumber()) {}

  void emit() {
    copier.copy(t, a.q, tiles.q, shared, a.firstRow, t.number(0));
    copyStep(t, t.number(0));
    for (int64_t r = 0; r < scores->numRows(); ++r) {
      rows.push_back(t.add(a.firstRow, scores->row(t, r)));
      windows.push_back(a.window ? a.window(t, rows.back()) : BlockAttention::Window());
    }
    Value steps = t.div(t.add(t.sub(a.last, a.first), a.tile.keys - 1), a.tile.keys);
    auto loop = scf::ForOp::create(t.b, t.loc, t.number(0), steps, t.number(1), start().all());
    {
      OpBuilder inside = OpBuilder::atBlockBegin(loop.getBody());
      ThreadBuilder u(inside, t.loc);
      State state = stateOf(loop.getRegionIterArgs());
      emitStep(u, loop.getInductionVar(), state);
      scf::YieldOp::create(inside, t.loc, state.all());
    }
    copier.wait(t, 0); // none may be under way when the block ends
    finish(stateOf(loop.getResults()));
  }

private:
  /// Of a thread: maxima and sums of its rows, the sums as the atom gives them, and its part of O.
  struct State {
    SmallVector<Value> tops, sums, outputs;
    SmallVector<Value> all() const {
      SmallVector<Value> values(tops);
      llvm::append_range(values, sums);
      llvm::append_range(values, outputs);
      return values;
    }
  };
  State stateOf(ValueRange all) const {
    size_t count = size_t(scores->numRows());
    return {SmallVector<Value>(all.take_front(count)), SmallVector<Value>(all.slice(count, count)),
            SmallVector<Value>(all.drop_front(2 * count))};
  }

  BlockTile blockTile(int64_t n, int64_t k) const {
    return {a.tile.rows, n, k, a.tile.warps, 1, kStages, a.tile.isForWarpgroups};
  }

  // ---- copies

  Value keysOf(ThreadBuilder &u, Value step) {
    return u.offset(shared, u.add(u.mul(u.rem(step, kStages), tiles.stageBytes()), tiles.q.bytes()));
  }
  Value valuesOf(ThreadBuilder &u, Value step) { return u.offset(keysOf(u, step), u.number(tiles.k.bytes())); }
  Value weightScratch(ThreadBuilder &u) {
    return u.offset(shared, u.number(tiles.q.bytes() + kStages * tiles.stageBytes()));
  }
  Value firstKey(ThreadBuilder &u, Value step) { return u.add(a.first, u.mul(step, a.tile.keys)); }

  void copyStep(ThreadBuilder &u, Value step) {
    Value key = firstKey(u, step);
    copier.copy(u, a.k, tiles.k, keysOf(u, step), key, u.number(0));
    copier.copy(u, a.v, tiles.v, valuesOf(u, step), u.number(0), key);
    copier.commit(u);
  }

  // ---- scores

  double unit() const { return unitOf(a.maskIsAdded); }
  Value power(ThreadBuilder &u, Value x) { return powerOf(u, x, a.maskIsAdded); }
  Value finite(ThreadBuilder &u, Value x) { return finiteOf(u, x); }

  /// Products become scores.
  void finishScores(ThreadBuilder &u, Value key, SmallVectorImpl<Value> &s) {
    for (auto [i, score] : llvm::enumerate(s)) {
      if (a.softcap) {
        score = u.mulF(score, a.scale / *a.softcap);
        score = u.mulF(math::TanhOp::create(u.b, u.loc, score), *a.softcap * unit());
      } else {
        score = u.mulF(score, a.scale * unit());
      }
      if (!a.mask)
        continue;
      Value at = u.add(key, scores->column(u, int64_t(i)));
      Value within = u.select(u.less(at, a.last), at, u.add(a.last, -1));
      score = u.addF(score, a.mask(u, rows[size_t(scores->rowOf(int64_t(i)))], within));
    }
  }

  /// Leaves out what a row doesn't see, in steps that hold such keys.
  void applyWindows(ThreadBuilder &u, Value key, SmallVectorImpl<Value> &s) {
    Value end = u.add(key, a.tile.keys), isWhole = u.isAtMost(end, a.lastInside ? a.lastInside : a.last);
    if (a.firstInside)
      isWhole = u.both(isWhole, u.isAtMost(a.firstInside, key));
    auto branch = scf::IfOp::create(u.b, u.loc, SmallVector<Type>(s.size(), u.b.getF32Type()), isWhole, true);
    OpBuilder whole = branch.getThenBodyBuilder(), cut = branch.getElseBodyBuilder();
    scf::YieldOp::create(whole, u.loc, s);
    ThreadBuilder v(cut, u.loc);
    SmallVector<Value> kept;
    for (auto [i, score] : llvm::enumerate(s)) {
      Value at = v.add(key, scores->column(v, int64_t(i)));
      const BlockAttention::Window &window = windows[size_t(scores->rowOf(int64_t(i)))];
      Value isSeen = v.less(at, a.last);
      if (window.highest)
        isSeen = v.both(isSeen, v.less(at, window.highest));
      if (window.lowest)
        isSeen = v.both(isSeen, v.isAtMost(window.lowest, at));
      kept.push_back(v.select(isSeen, score, v.f32(kLowest)));
    }
    scf::YieldOp::create(cut, u.loc, kept);
    s.assign(branch.getResults().begin(), branch.getResults().end());
  }

  // ---- softmax

  /// Of the lanes that share a row.
  Value overRow(ThreadBuilder &u, Value x, llvm::function_ref<Value(Value, Value)> combine) {
    for (int64_t distance = 1; distance < scores->lanesOfRow(); distance *= 2)
      x = combine(x, u.exchange(x, distance));
    return x;
  }

  State start() {
    State state;
    for (Value row : rows) {
      state.tops.push_back(t.f32(kLowest));
      state.sums.push_back(t.f32(0));
      if (!a.sink)
        continue;
      Value score = a.sink(t, row), weight = t.f32(1);
      if (!values->sumsWholeRows()) // it counts in the first lane of the row
        weight = t.select(t.isZero(t.rem(t.threadNumber(), scores->lanesOfRow())), weight, t.f32(0));
      state.sums.back() = t.select(t.isF(score, kLowest), t.f32(0), weight);
      state.tops.back() = t.mulF(score, unit());
    }
    state.outputs.assign(size_t(values->numAccumulators()), t.f32(0));
    return state;
  }

  void emitStep(ThreadBuilder &u, Value step, State &state) {
    copier.wait(u, 0);
    scores->showCopies(u);
    u.barrier();
    copyStep(u, u.add(step, 1));
    SmallVector<Value> s(size_t(scores->numAccumulators()), u.f32(0));
    scores->multiply(u, shared, keysOf(u, step), s);
    scores->finish(u, s);
    Value key = firstKey(u, step);
    finishScores(u, key, s);
    applyWindows(u, key, s);
    SmallVector<Value> tops(state.tops), factors;
    for (auto [i, score] : llvm::enumerate(s)) {
      Value &top = tops[size_t(scores->rowOf(int64_t(i)))];
      top = u.maxF(top, score);
    }
    for (size_t r = 0; r < rows.size(); ++r) {
      tops[r] = overRow(u, tops[r], [&](Value x, Value y) { return u.maxF(x, y); });
      factors.push_back(power(u, u.subF(state.tops[r], finite(u, tops[r]))));
      state.sums[r] = u.mulF(state.sums[r], factors[r]);
      state.tops[r] = tops[r];
    }
    for (auto [i, score] : llvm::enumerate(s)) {
      Value top = tops[size_t(scores->rowOf(int64_t(i)))];
      score = power(u, u.subF(score, finite(u, top)));
    }
    for (auto [i, output] : llvm::enumerate(state.outputs))
      output = u.mulF(output, factors[size_t(values->rowOf(int64_t(i)))]);
    values->multiplyHeld(u, s, tiles.weightBytes ? weightScratch(u) : Value(), valuesOf(u, step), state.outputs,
                         state.sums);
  }

  void finish(State state) {
    if (a.parts)
      return storePart(state);
    SmallVector<Value> factors;
    for (Value sum : state.sums) {
      if (!values->sumsWholeRows())
        sum = overRow(t, sum, [&](Value x, Value y) { return t.addF(x, y); });
      factors.push_back(inverseOf(t, sum));
    }
    for (auto [i, output] : llvm::enumerate(state.outputs))
      output = t.mulF(output, factors[size_t(values->rowOf(int64_t(i)))]);
    values->store(t, state.outputs, a.firstRow, t.number(0), a.result);
  }

  void storePart(State &state) {
    const AttentionParts &parts = *a.parts;
    Value rowsBefore = t.mul(a.part, parts.rows);
    TileResult part{a.result.rows, a.result.columns, a.result.fixedColumns, {}};
    part.store = [&](OpBuilder &b, Location loc, Value vector, Value row, Value column) {
      ThreadBuilder u(b, loc);
      Value number = u.add(u.mul(u.add(rowsBefore, row), a.width), column);
      int64_t count = cast<VectorType>(vector.getType()).getNumElements();
      u.store(vector, u.offset(parts.outputs, u.mul(number, 4)), a.width % count ? 4 : unsigned(4 * count));
    };
    values->store(t, state.outputs, a.firstRow, t.number(0), part);
    Value isFirst = t.isZero(t.rem(t.threadNumber(), scores->lanesOfRow()));
    for (auto [row, top, sum] : llvm::zip(rows, state.tops, state.sums)) {
      if (!values->sumsWholeRows())
        sum = overRow(t, sum, [&](Value x, Value y) { return t.addF(x, y); });
      auto branch = scf::IfOp::create(t.b, t.loc, t.both(isFirst, t.less(row, a.result.rows)), false);
      OpBuilder inside = branch.getThenBodyBuilder();
      ThreadBuilder u(inside, t.loc);
      u.store(u.vectorOf({top, sum}), u.offset(parts.states, u.mul(u.add(rowsBefore, row), kStateBytes)), kStateBytes);
    }
  }

  ThreadBuilder t;
  const BlockAttention &a;
  AttentionTiles tiles;
  std::unique_ptr<Atom> scores, values;
  Value shared;
  TileCopier copier;
  SmallVector<Value> rows; ///< of the thread, i32
  SmallVector<BlockAttention::Window> windows;
};

} // namespace

void cameo::codegen::emitAttention(OpBuilder &b, Location loc, const PtxTarget &chip, const BlockAttention &a) {
  Emitter(b, loc, chip, a).emit();
}
