// ContractionLoops.cpp - micro-kernel, tile, block and slice. See ContractionLoops.h.
#include "ContractionArithmetic.h"

using namespace mlir;
using namespace cameo::codegen;

namespace {

/// Steps written out where there are registers to spare.
constexpr int64_t kStraightRun = 4;
constexpr int64_t kLineBytes = 64;
/// Least distance at which lines of A are asked for ahead of time, and most bytes of a tile of which they are.
constexpr int64_t kLhsAheadBytes = 4096, kMostTileBytes = 32 << 10;
/// Rows of a block from which on arithmetic takes longer than reading B from memory.
constexpr int64_t kPrefetchRows = 12;

/// Steps [index, index + count) of a run, `stepBytes` apart in A.
SmallVector<Value> emitSteps(Emit &e, const MicroKernel &kernel, ArrayRef<RowPointer> rows, const Extent &stepBytes,
                             Value index, int64_t count, ValueRange state) {
  SmallVector<Value> next(state);
  MutableArrayRef<Value> accumulators = MutableArrayRef<Value>(next).drop_back();
  int64_t elements = kernel.arithmetic->stepElements();
  Value distance = e.mul(index, stepBytes);
  SmallVector<RowPointer> shifted;
  DenseMap<Value, Value> moved;
  for (const RowPointer &row : rows) {
    Value &pointer = moved[row.pointer];
    if (!pointer)
      pointer = e.offset(row.pointer, distance);
    shifted.push_back({pointer, row.bytes});
  }
  for (int64_t step = 0; step < count; ++step) {
    kernel.arithmetic->step(e, kernel, shifted, stepBytes.isStatic() ? step * stepBytes.fixed : 0, next.back(),
                            accumulators, elements, elements);
    if (kernel.prefetchLines) {
      Value line = e.offset(next.back(), kernel.prefetchBytes);
      for (int64_t i = 0; i < kernel.prefetchLines; ++i)
        LLVM::Prefetch::create(e.b, e.loc, e.offset(line, i * kLineBytes), /*rw=*/0, /*hint: L2=*/2, /*cache: data=*/1);
    }
    next.back() = e.offset(next.back(), kernel.rhsStepBytes);
    if (!stepBytes.isStatic() && step + 1 < count)
      for (RowPointer &row : shifted)
        row.pointer = e.offset(row.pointer, stepBytes.value);
  }
  return next;
}

/// Whole steps of a run.
SmallVector<Value> emitWholeSteps(Emit &e, const MicroKernel &kernel, ArrayRef<RowPointer> rows,
                                  const Extent &stepBytes, const Extent &length, ValueRange state) {
  auto steps = [&](int64_t count) {
    return [&, count](Value index, ValueRange carried) {
      return emitSteps(e, kernel, rows, stepBytes, index, count, carried);
    };
  };
  if (length.isStatic() && length.fixed <= kernel.straightRun)
    return emitSteps(e, kernel, rows, stepBytes, e.number(0), length.fixed, state);
  if (kernel.kUnroll == 1)
    return e.loop(e.number(0), e.value(length), 1, state, steps(1));
  Value end = e.value(length);
  Value mainEnd = e.sub(end, e.rem(end, e.number(kernel.kUnroll)));
  SmallVector<Value> carried = e.loop(e.number(0), mainEnd, kernel.kUnroll, state, steps(kernel.kUnroll));
  return e.loop(mainEnd, end, 1, carried, steps(1));
}

} // namespace

SmallVector<Value> cameo::codegen::emitRun(Emit &e, const MicroKernel &kernel, ArrayRef<RowPointer> rows,
                                           const Extent &kStrideBytes, const Extent &length, ValueRange state) {
  int64_t elements = kernel.arithmetic->stepElements();
  if (elements == 1)
    return emitWholeSteps(e, kernel, rows, kStrideBytes, length, state);
  int64_t steps = length.fixed / elements, rest = length.fixed % elements;
  SmallVector<Value> next = emitWholeSteps(e, kernel, rows, kStrideBytes.fixed * elements, steps, state);
  if (rest > 0) {
    kernel.arithmetic->step(e, kernel, rows, length.fixed * kStrideBytes.fixed, next.back(),
                            MutableArrayRef<Value>(next).drop_back(), rest, length.fixed);
    next.back() = e.offset(next.back(), kernel.rhsStepBytes);
  }
  return next;
}

SmallVector<Value> StridedRows::accumulate(Emit &e, const MicroKernel &kernel, const TileRows &tile, ValueRange state) {
  SmallVector<RowPointer> rows;
  // Products of few columns read A at the speed of memory. The hardware foresees long rows, but not short ones side by
  // side.
  MicroKernel ahead = kernel;
  if (rowStrideBytes.isStatic() && rowStrideBytes.fixed > 0 && rowStrideBytes.fixed <= kMostTileBytes / kernel.rows)
    ahead.lhsAheadBytes = llvm::alignTo(kLhsAheadBytes, kernel.rows * rowStrideBytes.fixed);
  Value first = e.offset(tile.lhs, e.mul(tile.m, rowStrideBytes));
  for (int64_t row = 0; row < kernel.rows; ++row) {
    if (tile.last && row > 0)
      rows.push_back({e.offset(tile.lhs, e.mul(e.min(e.add(tile.m, row), tile.last), rowStrideBytes))});
    else if (rowStrideBytes.isStatic() && llvm::isInt<31>(rowStrideBytes.fixed * kernel.rows))
      rows.push_back({first, row * rowStrideBytes.fixed});
    else
      rows.push_back({e.offset(first, e.times(rowStrideBytes, row))});
  }
  return emitRun(e, ahead, rows, kStrideBytes, k, state);
}

namespace {

/// The panel that is being worked on.
struct Panel {
  SmallVector<int64_t, 8> vectors;
  SmallVector<int64_t, 8> results; ///< lanes of each vector of a row of the result
  SmallVector<Value, 8> masks;     ///< one per vector of a row of the result, null where all columns exist
  int64_t mr;
  Value firstColumn; ///< within the batch
};

class BlockEmitter {
public:
  BlockEmitter(const ContractionLoops &spec, LhsRows &lhs, const ContractionLoops::Batch &batch, Value batchIndex)
      : spec(spec), lhs(lhs), batch(batch), batchIndex(batchIndex) {}

  /// All rows [first, limit) of a block, whose index is `block`.
  void emitBlock(Emit &e, const Panel &panel, Value rhs, Value first, Value limit) {
    int64_t mr = panel.mr;
    Value count = e.sub(limit, first);
    Value rest = e.rem(count, e.number(mr));
    Value fullEnd = e.sub(limit, rest);
    bool isAligned = spec.tile.mBlock % mr == 0;
    e.loop(first, fullEnd, mr, [&](Value m) { emitTile(e, panel, rhs, mr, m, Value(), isAligned); });
    if (isAligned && spec.mFactor % mr == 0)
      return;
    if (spec.m.isStatic()) {
      // Blocks have tile.mBlock rows, the last one what is left: at most two different rests.
      int64_t lastBlock = spec.m.fixed - (llvm::divideCeil(spec.m.fixed, spec.tile.mBlock) - 1) * spec.tile.mBlock;
      SmallVector<int64_t, 2> rests;
      for (int64_t rows : {spec.tile.mBlock, lastBlock})
        if (rows % mr && rows <= spec.m.fixed && !llvm::is_contained(rests, rows % mr))
          rests.push_back(rows % mr);
      for (int64_t rows : rests)
        e.when(e.compare(Emit::Pred::eq, rest, e.number(rows)),
               [&] { emitTile(e, panel, rhs, rows, fullEnd, Value()); });
      return;
    }
    Value last = e.add(limit, -1);
    int64_t half = (mr + 1) / 2;
    e.when(e.compare(Emit::Pred::sgt, rest, e.number(half)), [&] { emitTile(e, panel, rhs, mr, fullEnd, last); });
    e.when(e.both(e.compare(Emit::Pred::sgt, rest, e.number(0)), e.compare(Emit::Pred::sle, rest, e.number(half))),
           [&] { emitTile(e, panel, rhs, half, fullEnd, last); });
  }

private:
  void emitTile(Emit &e, const Panel &panel, Value rhs, int64_t rows, Value m, Value last, bool isAligned = false) {
    MicroKernel kernel;
    kernel.arithmetic = spec.arithmetic.get();
    kernel.vectors = panel.vectors;
    kernel.rows = rows;
    kernel.lhsType = spec.lhsType;
    kernel.kUnroll = spec.tile.kUnroll;
    if (spec.target.canUnroll(vectorsInRegisters(spec.tile, rows, panel.vectors.size())))
      kernel.straightRun = kStraightRun;
    if (spec.rhsLayout == RhsLayout::Packed) {
      int64_t width = 0;
      for (int64_t lanes : panel.vectors)
        width += lanes;
      kernel.rhsStepBytes = width * 4;
      if (!last)
        prefetchNextPanel(e, kernel, width * 4, m);
    } else {
      kernel.rhsStepBytes = e.times(spec.rhsRowStride, 4);
      kernel.rhsMasks = panel.masks;
    }
    Value firstStep = rhs;
    SmallVector<Value> state = spec.arithmetic->begin(e, kernel, firstStep);
    state.push_back(firstStep);
    state = lhs.accumulate(e, kernel, TileRows{batch.lhs, m, last, isAligned}, state);
    state.pop_back();
    spec.arithmetic->end(e, kernel, rhs, state);

    // Epilogues of all vectors before the first store: loads that rows share (bias) stay shared without alias analysis.
    SmallVector<TilePosition> positions;
    Value column = e.add(panel.firstColumn, batch.firstColumn);
    for (int64_t row = 0; row < rows; ++row) {
      int64_t lane = 0;
      for (auto [index, lanes] : llvm::enumerate(panel.results)) {
        positions.push_back({batchIndex, e.add(m, row), e.add(column, lane), lanes, panel.masks[index]});
        lane += lanes;
      }
    }
    if (last && spec.epilogue) // rows that do not exist must not be loaded from either
      for (TilePosition &position : positions)
        position.row = e.min(position.row, last);
    if (spec.epilogue)
      for (auto [value, position] : llvm::zip_equal(state, positions))
        value = spec.epilogue(e.b, e.loc, value, position);

    Value base;
    if (!spec.store) {
      int64_t bytes = elementBytes(spec.resultType);
      base = e.offset(batch.result, e.mul(e.mul(m, spec.resultRowStride), bytes));
      base = e.offset(base, e.mul(panel.firstColumn, bytes));
    }
    for (int64_t row = 0; row < rows; ++row) {
      auto storeRow = [&] { emitStoreRow(e, panel, base, row, state, positions); };
      if (last && row > 0)
        e.when(e.compare(Emit::Pred::sle, e.add(m, row), last), storeRow);
      else
        storeRow();
    }
  }

  /// While rows pass over one panel, the next one comes from memory: each tile of rows asks for a few lines per step,
  /// in turn.
  void prefetchNextPanel(Emit &e, MicroKernel &kernel, int64_t stepBytes, Value m) {
    int64_t rows = spec.m.isStatic() ? std::min(spec.m.fixed, spec.tile.mBlock) : spec.tile.mBlock;
    if (rows < kPrefetchRows || !spec.panelRows.isStatic())
      return;
    int64_t lines = llvm::divideCeil(stepBytes, kLineBytes), tiles = llvm::divideCeil(rows, spec.tile.mr);
    kernel.prefetchLines = llvm::divideCeil(lines, tiles);
    Value turn = e.rem(e.div(m, e.number(spec.tile.mr)), e.number(llvm::divideCeil(lines, kernel.prefetchLines)));
    kernel.prefetchBytes =
        e.add(e.value(e.times(spec.panelRows, stepBytes)), e.mul(turn, kernel.prefetchLines * kLineBytes));
  }

  void emitStoreRow(Emit &e, const Panel &panel, Value base, int64_t row, ArrayRef<Value> values,
                    ArrayRef<TilePosition> positions) {
    int64_t bytes = elementBytes(spec.resultType), lane = 0;
    Value pointer = base ? e.offset(base, e.times(spec.resultRowStride, row * bytes)) : Value();
    for (auto [index, lanes] : llvm::enumerate(panel.results)) {
      int64_t at = row * panel.results.size() + index;
      if (spec.store)
        spec.store(e.b, e.loc, values[at], positions[at]);
      else
        emitStore(e.b, e.loc, spec.resultType, values[at], e.offset(pointer, lane * bytes), panel.masks[index]);
      lane += lanes;
    }
  }

  const ContractionLoops &spec;
  LhsRows &lhs;
  const ContractionLoops::Batch &batch;
  Value batchIndex;
};

Value panelsOf(Emit &e, const ContractionLoops &spec) { return e.ceilDiv(e.value(spec.n), spec.tile.nr); }
Value blocksOf(Emit &e, const ContractionLoops &spec) { return e.ceilDiv(e.value(spec.m), spec.tile.mBlock); }

} // namespace

Value ContractionLoops::steps(Emit &e) const { return e.mul(e.mul(panelsOf(e, *this), blocksOf(e, *this)), batch); }

void ContractionLoops::emit(Emit &e, LhsRows &lhs, Value begin, Value end) const {
  Value panels = panelsOf(e, *this), blocks = blocksOf(e, *this);
  e.loop(begin, end, 1, [&](Value step) {
    Value inner = tile.panelOuter ? blocks : panels;
    Value innerIndex = e.rem(step, inner), rest = e.div(step, inner);
    Value batchIndex;
    Value outerIndex = rest;
    if (!batch.isStatic() || batch.fixed != 1) {
      Value outer = tile.panelOuter ? panels : blocks;
      batchIndex = e.div(rest, outer);
      outerIndex = e.rem(rest, outer);
    }
    Value panelIndex = tile.panelOuter ? outerIndex : innerIndex;
    Value blockIndex = tile.panelOuter ? innerIndex : outerIndex;
    Value first = e.mul(blockIndex, tile.mBlock);
    Value limit = e.min(e.add(first, tile.mBlock), e.value(m));
    Batch at = batchAt(e, batchIndex);
    BlockEmitter block(*this, lhs, at, batchIndex);

    auto emitPanel = [&](bool whole, Value index) {
      Panel panel;
      panel.mr = whole ? tile.mr : tile.tailMr;
      panel.firstColumn = e.mul(index, tile.nr);
      if (whole || !n.isStatic())
        panel.vectors.assign(tile.nr / tile.lanes, tile.lanes);
      else
        panel.vectors = panelVectors(tile, n.fixed, n.fixed / tile.nr);
      panel.results = tile.alongK ? resultVectors(tile, n.fixed, 0) : panel.vectors;
      int64_t lane = 0;
      for (int64_t lanes : panel.results) {
        Value mask;
        if (!whole && !(n.isStatic() && n.fixed / tile.nr * tile.nr + lane + lanes <= n.fixed))
          mask = e.mask(lanes, e.add(panel.firstColumn, lane), e.value(n));
        panel.masks.push_back(mask);
        lane += lanes;
      }
      Value rhs = rhsLayout == RhsLayout::Packed ? e.offset(at.rhs, e.mul(e.mul(index, tile.nr * 4), panelRows))
                                                 : e.offset(at.rhs, e.mul(panel.firstColumn, 4));
      block.emitBlock(e, panel, rhs, first, limit);
    };
    if (n.isStatic()) {
      int64_t fullPanels = n.fixed / tile.nr;
      if (n.fixed % tile.nr == 0)
        emitPanel(true, panelIndex);
      else
        e.when(
            e.compare(Emit::Pred::slt, panelIndex, e.number(fullPanels)), [&] { emitPanel(true, panelIndex); },
            [&] { emitPanel(false, e.number(fullPanels)); });
      return;
    }
    e.when(
        e.compare(Emit::Pred::sle, e.mul(e.add(panelIndex, 1), tile.nr), e.value(n)),
        [&] { emitPanel(true, panelIndex); }, [&] { emitPanel(false, panelIndex); });
  });
}
