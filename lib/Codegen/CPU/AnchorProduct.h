// AnchorProduct.h - what the emitters of matrix products share: where the matrices of batches lie.
#ifndef LIB_CODEGEN_CPU_ANCHORPRODUCT_H
#define LIB_CODEGEN_CPU_ANCHORPRODUCT_H

#include "Anchors.h"
#include "cameo/Codegen/Product.h"

namespace cameo::codegen {

/// Base of the matrix of `t`, which begins at `base`, that batch `batch` (i64) of the product's result reads.
mlir::Value batchPointer(const Anchor &a, const Product &p, mlir::OpBuilder &b, mlir::Location loc,
                         const KernelTensor &t, mlir::Value base, mlir::Value batch);

/// A block of rows that holds all `m` of them, a multiple of `mr`; m may be known only at run time.
inline int64_t allRows(const Extent &m, int64_t mr) {
  constexpr int64_t kAll = int64_t(1) << 40;
  return m.isStatic() ? llvm::alignTo(std::max<int64_t>(m.fixed, 1), mr) : kAll / mr * mr;
}

} // namespace cameo::codegen
#endif
