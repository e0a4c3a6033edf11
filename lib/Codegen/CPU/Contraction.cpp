// Contraction.cpp - matrix products: rows of A at a constant distance.
#include "ContractionArithmetic.h"

using namespace mlir;
using namespace cameo::codegen;

namespace {

/// Rows of a panel of B; K's elements share them in dot products.
Extent panelRowsOf(const ContractionSpec &spec) {
  if (!spec.k.isStatic())
    return spec.k;
  if (spec.tile.alongK)
    return llvm::divideCeil(spec.k.fixed, spec.tile.lanes * (spec.bf16Dots ? 2 : 1));
  return spec.bytes ? spec.bytes->panelRows(1, spec.k.fixed) : spec.bf16Dots ? (spec.k.fixed + 1) / 2 : spec.k.fixed;
}

ContractionLoops loopsOf(const ContractionSpec &spec) {
  ContractionLoops loops;
  loops.tile = spec.tile;
  loops.target = spec.target;
  loops.batch = spec.batch;
  loops.m = spec.m;
  loops.n = spec.n;
  loops.arithmetic = spec.tile.alongK ? arithmeticAlongK(spec.tile.lanes, spec.bf16Dots)
                     : spec.bytes     ? byteArithmetic(*spec.bytes)
                     : spec.bf16Pairs ? bf16PairArithmetic()
                     : spec.bf16Dots  ? bf16Arithmetic()
                                      : floatArithmetic();
  loops.panelRows = panelRowsOf(spec);
  loops.rhsLayout = spec.rhsLayout;
  loops.rhsRowStride = spec.rhsRowStride;
  loops.resultRowStride = spec.resultRowStride;
  loops.lhsType = spec.lhsType;
  loops.resultType = spec.resultType;
  loops.epilogue = spec.epilogue;
  loops.store = spec.store;
  loops.batchAt = [&spec](Emit &e, Value batch) -> ContractionLoops::Batch {
    Value zero = e.number(0);
    if (!batch && !spec.batchPointers)
      return {spec.lhs, spec.rhs, spec.result, zero};
    if (spec.batchPointers) {
      BatchPointers at = spec.batchPointers(e.b, e.loc, batch ? batch : zero);
      return {at.lhs, at.rhs, at.result, zero};
    }
    auto move = [&](Value pointer, const Extent &stride, int64_t bytes) {
      return pointer ? e.offset(pointer, e.mul(e.mul(batch, stride), bytes)) : pointer;
    };
    return {move(spec.lhs, spec.lhsBatchStride, elementBytes(spec.lhsType)), move(spec.rhs, spec.rhsBatchStride, 4),
            move(spec.result, spec.resultBatchStride, elementBytes(spec.resultType)), zero};
  };
  return loops;
}

} // namespace

ContractionShape cameo::codegen::shapeOf(const ContractionSpec &spec) {
  ContractionShape shape;
  shape.m = spec.m.fixed;
  shape.n = spec.n.fixed;
  ContractionSpec plain = spec;
  plain.tile.alongK = 0;
  shape.k = panelRowsOf(plain).fixed;
  shape.batch = spec.batch.fixed;
  if (spec.lhsRowStride.isStatic())
    shape.lhsRowBytes = spec.lhsRowStride.fixed * elementBytes(spec.lhsType);
  shape.widensLhs = spec.bytes ? spec.bytes->widensLhs() : elementBytes(spec.lhsType) < 4 && !spec.bf16Dots;
  shape.bf16Dots = spec.bf16Dots;
  shape.sumsRows = spec.bytes && spec.bytes->rhsHasZero;
  // The tail of a dynamic M has a pointer per row, too.
  shape.indirectRows = !spec.m.isStatic() || !spec.lhsRowStride.isStatic();
  return shape;
}

Value cameo::codegen::emitContractionSteps(OpBuilder &b, Location loc, const ContractionSpec &spec) {
  Emit e(b, loc);
  return loopsOf(spec).steps(e);
}

void cameo::codegen::emitContraction(OpBuilder &b, Location loc, const ContractionSpec &spec, Value begin, Value end) {
  Emit e(b, loc);
  int64_t bytes = elementBytes(spec.lhsType);
  StridedRows rows(e.times(spec.lhsRowStride, bytes), e.times(spec.lhsKStride, bytes), spec.k);
  loopsOf(spec).emit(e, rows, begin, end);
}
