// Product.cpp - see Product.h.
#include "cameo/Codegen/Product.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::codegen;

bool cameo::codegen::isSharedMatrix(ArrayRef<Dim> dims) {
  return llvm::all_of(dims.drop_back(2), [](Dim d) { return d.isConstant(1); });
}

Product cameo::codegen::describeProduct(DimContext &d, ArrayRef<Dim> lhs, ArrayRef<Dim> rhs, ArrayRef<Dim> result,
                                        bool transposeLhs, bool transposeRhs) {
  Product p;
  p.m = result[result.size() - 2];
  p.n = result.back();
  p.k = transposeLhs ? lhs[lhs.size() - 2] : lhs.back();
  p.rhsK = transposeRhs ? rhs.back() : rhs[rhs.size() - 2];
  p.batchDims.assign(result.begin(), result.end() - 2);
  if (isSharedMatrix(rhs) && !transposeLhs && lhs.drop_back(2) == ArrayRef(p.batchDims)) {
    p.m = d.mul(d.product(p.batchDims), p.m);
    p.batchDims.clear();
  }
  p.batch = d.product(p.batchDims);
  return p;
}

Value cameo::codegen::matrixOfBatch(KernelEmitter &k, const Product &p, OpBuilder &b, Location loc,
                                    const KernelTensor &t, Value batch) {
  if (p.batchDims.empty() || isSharedMatrix(t.dims))
    return {};
  ArrayRef<Dim> batchDims = ArrayRef(t.dims).drop_back(2);
  if (batchDims == ArrayRef(p.batchDims))
    return batch;
  SmallVector<Value> indices(p.batchDims.size());
  for (size_t i = indices.size(); i-- > 0;) {
    Value size = k.size(p.batchDims[i]);
    indices[i] = i == 0 ? batch : b.createOrFold<arith::RemUIOp>(loc, batch, size);
    if (i > 0)
      batch = b.createOrFold<arith::DivUIOp>(loc, batch, size);
  }
  KernelTensor outer;
  outer.dims.assign(batchDims.begin(), batchDims.end());
  Value linear = constantIndex(b, loc, 0);
  for (auto [index, d] : llvm::zip(broadcastIndices(b, loc, k, outer, p.batchDims, indices), outer.dims))
    linear = b.createOrFold<arith::AddIOp>(loc, b.createOrFold<arith::MulIOp>(loc, linear, k.size(d)), index);
  return linear;
}
