// ContractionPackRhs.cpp - packs an operand that is known only at run time into panels.
//
// Row-major sources are copied a vector at a time. Transposed sources ([N,K]) are read in squares of lanes x lanes
// elements and transposed in registers.
#include "ContractionBuilder.h"

using namespace mlir;
using namespace cameo::codegen;

namespace {

class PackRhs {
public:
  PackRhs(Emit &e, const PackRhsSpec &spec)
      : e(e), spec(spec), lanes(spec.tile.lanes), bytes(elementBytes(spec.sourceType)) {}

  void emitPanel(Value panel) {
    auto emitWidth = [&](ArrayRef<int64_t> vectors, Value index, bool whole) {
      Value firstColumn = e.mul(index, spec.tile.nr);
      int64_t width = 0;
      for (int64_t each : vectors)
        width += each;
      Value packed = e.offset(spec.packed, e.mul(e.mul(index, spec.tile.nr * 4), spec.k));
      Value source = e.offset(spec.source, e.mul(e.mul(firstColumn, spec.nStride), bytes));
      int64_t lane = 0;
      for (int64_t each : vectors) {
        Value first = e.add(firstColumn, lane);
        emitColumns(e.offset(source, e.times(spec.nStride, lane * bytes)), e.offset(packed, lane * 4), width, each,
                    whole ? Value() : e.sub(e.value(spec.n), first));
        lane += each;
      }
    };
    SmallVector<int64_t, 8> full(spec.tile.nr / lanes, lanes);
    if (!spec.n.isStatic()) {
      e.when(
          e.compare(Emit::Pred::sle, e.mul(e.add(panel, 1), spec.tile.nr), spec.n.value),
          [&] { emitWidth(full, panel, true); }, [&] { emitWidth(full, panel, false); });
      return;
    }
    int64_t fullPanels = spec.n.fixed / spec.tile.nr;
    if (spec.n.fixed % spec.tile.nr == 0)
      return emitWidth(full, panel, true);
    e.when(
        e.compare(Emit::Pred::slt, panel, e.number(fullPanels)), [&] { emitWidth(full, panel, true); },
        [&] { emitWidth(panelVectors(spec.tile, spec.n.fixed, fullPanels), e.number(fullPanels), false); });
  }

private:
  bool isTransposed() const { return spec.kStride.isStatic() && spec.kStride.fixed == 1; }

  /// Columns [0, lanes) of a panel of `width`; `exist` counts how many there are in the source (null: all).
  void emitColumns(Value source, Value packed, int64_t width, int64_t lanes, Value exist) {
    Value k = e.value(spec.k), zero = e.number(0);
    if (!isTransposed()) {
      Value mask = exist ? e.mask(lanes, zero, exist) : Value();
      e.loop(zero, k, 1, [&](Value row) {
        Value from = e.offset(source, e.mul(e.mul(row, spec.kStride), bytes));
        Value to = e.offset(packed, e.mul(row, width * 4));
        emitStore(e.b, e.loc, Type(), emitLoad(e.b, e.loc, spec.sourceType, from, lanes, mask), to);
      });
      return;
    }
    Value mainEnd = e.sub(k, e.rem(k, e.number(lanes)));
    e.loop(zero, mainEnd, lanes, [&](Value row) { emitSquare(source, packed, width, lanes, exist, row, Value()); });
    e.when(e.compare(Emit::Pred::slt, mainEnd, k),
           [&] { emitSquare(source, packed, width, lanes, exist, mainEnd, e.sub(k, mainEnd)); });
  }

  /// Rows [row, row + lanes) of K; `rows` counts how many there are (null: all).
  void emitSquare(Value source, Value packed, int64_t width, int64_t lanes, Value exist, Value row, Value rows) {
    Value from = e.offset(source, e.mul(row, bytes)), to = e.offset(packed, e.mul(row, width * 4));
    Value rowMask = rows ? e.mask(lanes, e.number(0), rows) : Value();
    SmallVector<Value> square;
    for (int64_t column = 0; column < lanes; ++column) {
      // Columns that do not exist read the last one that does and become zero.
      Value at = e.number(column), there;
      if (exist) {
        there = e.compare(Emit::Pred::slt, at, exist);
        at = e.min(at, e.add(exist, -1));
      }
      Value pointer = e.offset(from, e.mul(e.mul(at, spec.nStride), bytes));
      Value loaded = emitLoad(e.b, e.loc, spec.sourceType, pointer, lanes, rowMask);
      if (there) {
        Value zero = arith::ConstantOp::create(e.b, e.loc, cast<TypedAttr>(e.b.getZeroAttr(e.vectorType(lanes))));
        loaded = e.select(there, loaded, zero);
      }
      square.push_back(loaded);
    }
    square = emitTransposedSquare(e, square);
    for (int64_t step = 0; step < lanes; ++step) {
      auto store = [&] { emitStore(e.b, e.loc, Type(), square[step], e.offset(to, step * width * 4)); };
      if (rows && step > 0)
        e.when(e.compare(Emit::Pred::slt, e.number(step), rows), store);
      else
        store();
    }
  }

  Emit &e;
  const PackRhsSpec &spec;
  int64_t lanes, bytes;
};

} // namespace

Value cameo::codegen::emitPackRhsSteps(OpBuilder &b, Location loc, const PackRhsSpec &spec) {
  Emit e(b, loc);
  return e.ceilDiv(e.value(spec.n), spec.tile.nr);
}

void cameo::codegen::emitPackRhs(OpBuilder &b, Location loc, const PackRhsSpec &spec, Value begin, Value end) {
  Emit e(b, loc);
  PackRhs pack(e, spec);
  e.loop(begin, end, 1, [&](Value panel) { pack.emitPanel(panel); });
}
