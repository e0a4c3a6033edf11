// ContractionPackBytes.cpp - packs a right operand of bytes that is known only at run time.
//
// First the bytes go to their places: as dwords, by the packing of f32 panels, where four of them lie together in the
// source (K innermost); else one row of the panel at a time, interleaved from rows of the source. Then a pass over the
// panel, which lies in L1 by now, makes them signed and sums each column.
#include "ContractionBuilder.h"

using namespace mlir;
using namespace cameo::codegen;

namespace {

class PackBytes {
public:
  PackBytes(Emit &e, const PackBytesSpec &spec)
      : e(e), spec(spec), isQuad(spec.bytes.dots == ByteDots::Quads), perStep(spec.bytes.stepElements()),
        steps(llvm::divideCeil(spec.k, perStep)) {}

  void emitPanel(Value panel) {
    auto emitWidth = [&](ArrayRef<int64_t> vectors, Value index, int64_t columns) {
      int64_t width = 0;
      for (int64_t lanes : vectors)
        width += lanes;
      Value packed = e.offset(spec.packed, e.mul(index, spec.tile.nr * 4 * (spec.bytes.headRows() + steps)));
      Value rows = e.offset(packed, spec.bytes.headRows() * width * 4);
      Value firstColumn = e.mul(index, spec.tile.nr);
      if (isQuad && spec.kStride == 1 && spec.k % 4 == 0)
        emitDwords(panel, rows);
      else
        emitRows(e.offset(spec.source, e.mul(firstColumn, spec.nStride)), rows, width, columns);
      int64_t lane = 0;
      for (int64_t lanes : vectors) {
        emitHead(e.offset(packed, lane * 4), e.offset(rows, lane * 4), width, lanes);
        lane += lanes;
      }
    };
    int64_t fullPanels = spec.n / spec.tile.nr, rest = spec.n % spec.tile.nr;
    auto emitFull = [&] {
      SmallVector<int64_t, 8> full(spec.tile.nr / spec.tile.lanes, spec.tile.lanes);
      emitWidth(full, panel, spec.tile.nr);
    };
    if (rest == 0)
      return emitFull();
    e.when(e.compare(Emit::Pred::slt, panel, e.number(fullPanels)), emitFull,
           [&] { emitWidth(panelVectors(spec.tile, spec.n, fullPanels), e.number(fullPanels), rest); });
  }

private:
  VectorType intType(int64_t lanes) { return VectorType::get({lanes}, e.b.getI32Type()); }
  Value every(int64_t lanes, uint32_t value) {
    return arith::ConstantOp::create(e.b, e.loc, DenseElementsAttr::get(intType(lanes), int32_t(value)));
  }

  /// Panels of dwords, which have no head: where this panel's would begin is known from where its rows do.
  void emitDwords(Value panel, Value rows) {
    PackRhsSpec dwords;
    dwords.tile = spec.tile;
    dwords.target = spec.target;
    dwords.k = steps;
    dwords.n = spec.n;
    dwords.kStride = 1;
    dwords.nStride = spec.nStride / 4;
    dwords.source = spec.source;
    dwords.packed = e.offset(rows, e.sub(e.number(0), e.mul(panel, spec.tile.nr * 4 * steps)));
    emitPackRhs(e.b, e.loc, dwords, panel, e.add(panel, 1));
  }

  /// Whole vectors of whole steps by shuffles, the rest element by element.
  void emitRows(Value source, Value rows, int64_t width, int64_t columns) {
    int64_t lanes = spec.tile.lanes, wholeSteps = spec.k / perStep, wholeColumns = columns / lanes * lanes;
    if (!isQuad || spec.nStride != 1)
      return emitElements(source, rows, width, 0, columns, 0);
    e.loop(e.number(0), e.number(wholeSteps), 1, [&](Value step) {
      Value from = e.offset(source, e.mul(step, 4 * spec.kStride)), to = e.offset(rows, e.mul(step, width * 4));
      for (int64_t column = 0; column < wholeColumns; column += lanes)
        emitInterleaved(e.offset(from, column), e.offset(to, column * 4), lanes);
    });
    if (wholeColumns < width)
      emitElements(source, rows, width, wholeColumns, columns, 0);
    if (wholeSteps < steps)
      emitElements(source, rows, width, 0, columns, wholeSteps);
  }

  /// Four rows of bytes as one of dwords.
  void emitInterleaved(Value from, Value to, int64_t lanes) {
    auto type = VectorType::get({lanes}, e.b.getI8Type());
    SmallVector<Value> row;
    for (int64_t i = 0; i < 4; ++i)
      row.push_back(LLVM::LoadOp::create(e.b, e.loc, type, e.offset(from, i * spec.kStride), 1));
    SmallVector<int64_t> bytes, pairs;
    for (int64_t lane = 0; lane < lanes; ++lane) {
      bytes.append({lane, lanes + lane});
      pairs.append({2 * lane, 2 * lane + 1, 2 * (lanes + lane), 2 * (lanes + lane) + 1});
    }
    Value low = vector::ShuffleOp::create(e.b, e.loc, row[0], row[1], bytes);
    Value high = vector::ShuffleOp::create(e.b, e.loc, row[2], row[3], bytes);
    LLVM::StoreOp::create(e.b, e.loc, Value(vector::ShuffleOp::create(e.b, e.loc, low, high, pairs)), to, 4);
  }

  /// Columns from `first` on of the steps from `firstStep` on; those from `columns` on do not exist and are 0.
  void emitElements(Value source, Value rows, int64_t width, int64_t first, int64_t columns, int64_t firstStep) {
    Type byte = e.b.getI8Type(), narrow = isQuad ? byte : Type(e.b.getI16Type());
    e.loop(e.number(firstStep), e.number(steps), 1, [&](Value step) {
      for (int64_t i = 0; i < perStep; ++i) {
        Value k = e.add(e.mul(step, perStep), i);
        Value exists = e.compare(Emit::Pred::slt, k, e.number(spec.k));
        Value from = e.offset(source, e.mul(e.select(exists, k, e.number(0)), spec.kStride));
        Value to = e.offset(e.offset(rows, e.mul(step, width * 4)), i * (4 / perStep));
        auto store = [&](Value column, Value element) {
          LLVM::StoreOp::create(e.b, e.loc, element, e.offset(to, e.mul(column, 4)), 1);
        };
        e.loop(e.number(first), e.number(columns), 1, [&](Value column) {
          Value element = LLVM::LoadOp::create(e.b, e.loc, byte, e.offset(from, e.mul(column, spec.nStride)), 1);
          if (!isQuad) {
            element = spec.isSigned ? Value(arith::ExtSIOp::create(e.b, e.loc, narrow, element))
                                    : Value(arith::ExtUIOp::create(e.b, e.loc, narrow, element));
            element =
                arith::SubIOp::create(e.b, e.loc, element, arith::TruncIOp::create(e.b, e.loc, narrow, spec.rhsZero));
          }
          store(column, e.select(exists, element, arith::ConstantOp::create(e.b, e.loc, e.b.getZeroAttr(narrow))));
        });
        e.loop(e.number(columns), e.number(width), 1,
               [&](Value column) { store(column, arith::ConstantOp::create(e.b, e.loc, e.b.getZeroAttr(narrow))); });
      }
    });
  }

  /// The sums of `lanes` columns, and their zero points; makes the bytes below signed.
  void emitHead(Value head, Value rows, int64_t width, int64_t lanes) {
    auto elements = VectorType::get({lanes * perStep}, isQuad ? e.b.getI8Type() : e.b.getI16Type());
    Value ones = arith::ConstantOp::create(e.b, e.loc,
                                           isQuad ? DenseElementsAttr::get(elements, int8_t(1))
                                                  : DenseElementsAttr::get(elements, int16_t(1)));
    bool flips = isQuad && !spec.isSigned;
    auto addStep = [&](Value step, uint32_t flipped, ValueRange sums) {
      Value at = e.offset(rows, e.mul(step, width * 4));
      Value row = LLVM::LoadOp::create(e.b, e.loc, intType(lanes), at, 4);
      if (flips) {
        row = arith::XOrIOp::create(e.b, e.loc, row, every(lanes, flipped));
        LLVM::StoreOp::create(e.b, e.loc, row, at, 4);
      }
      return SmallVector<Value>{
          emitByteDot(e, spec.bytes.dots, sums[0], ones, LLVM::BitcastOp::create(e.b, e.loc, elements, row), lanes)};
    };
    int64_t whole = spec.k / perStep, rest = spec.k % perStep;
    SmallVector<Value> sums = {every(lanes, 0)};
    sums = e.loop(e.number(0), e.number(whole), 1, sums,
                  [&](Value step, ValueRange carried) { return addStep(step, 0x80808080u, carried); });
    if (rest > 0) // what lies beyond K stays 0
      sums = addStep(e.number(whole), 0x80808080u >> (8 * (4 - rest)), sums);
    Value sum = sums[0];
    if (isQuad) {
      Value zero = spec.rhsZero;
      if (flips)
        zero = e.b.createOrFold<arith::SubIOp>(e.loc, zero,
                                               arith::ConstantIntOp::create(e.b, e.loc, e.b.getI32Type(), 128));
      zero = vector::BroadcastOp::create(e.b, e.loc, intType(lanes), zero);
      sum =
          arith::SubIOp::create(e.b, e.loc, sum, Value(arith::MulIOp::create(e.b, e.loc, zero, every(lanes, spec.k))));
      if (spec.bytes.rhsHasZero)
        LLVM::StoreOp::create(e.b, e.loc, zero, e.offset(head, width * 4), 4);
    }
    LLVM::StoreOp::create(e.b, e.loc, sum, head, 4);
  }

  Emit &e;
  const PackBytesSpec &spec;
  bool isQuad;
  int64_t perStep, steps;
};

} // namespace

void cameo::codegen::emitPackBytes(OpBuilder &b, Location loc, const PackBytesSpec &spec, Value panel) {
  Emit e(b, loc);
  PackBytes(e, spec).emitPanel(panel);
}
