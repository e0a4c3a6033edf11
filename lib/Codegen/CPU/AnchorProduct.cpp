// AnchorProduct.cpp - see AnchorProduct.h.
#include "AnchorProduct.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::codegen;

Value cameo::codegen::batchPointer(const Anchor &a, const Product &p, OpBuilder &b, Location loc, const KernelTensor &t,
                                   Value base, Value batch) {
  Emit e(b, loc);
  Value index = batch ? b.createOrFold<arith::IndexCastOp>(loc, b.getIndexType(), batch) : Value();
  Value number = matrixOfBatch(a.k, p, b, loc, t, index);
  if (!number)
    return base;
  Extent matrix = a.extent(a.dims().mul(t.dims.back(), t.dims[t.rank() - 2]));
  number = b.createOrFold<arith::IndexCastOp>(loc, b.getI64Type(), number);
  return e.offset(base, e.mul(e.mul(number, matrix), elementBytes(t.elementType)));
}
