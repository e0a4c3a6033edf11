// Product.h - matrix products as batches of plain matrices, for every target.
#ifndef CAMEO_CODEGEN_PRODUCT_H
#define CAMEO_CODEGEN_PRODUCT_H

#include "cameo/Dialect/Cameo/KernelEmitter.h"

namespace cameo::codegen {

/// A product seen as batches of plain matrices.
struct Product {
  llvm::SmallVector<Dim> batchDims; ///< of the result; empty when rows of all batches follow each other and share B
  Dim batch, m, n, k, rhsK;
};

Product describeProduct(DimContext &d, llvm::ArrayRef<Dim> lhs, llvm::ArrayRef<Dim> rhs, llvm::ArrayRef<Dim> result,
                        bool transposeLhs, bool transposeRhs);

/// True when all batches share one matrix.
bool isSharedMatrix(llvm::ArrayRef<Dim> dims);

/// The number of the matrix of `t` that batch `batch` (index) of the product's result reads; null where all share one.
mlir::Value matrixOfBatch(KernelEmitter &k, const Product &p, mlir::OpBuilder &b, mlir::Location loc,
                          const KernelTensor &t, mlir::Value batch);

} // namespace cameo::codegen
#endif
