// Shuffles.h - vectors made of the elements of several.
#ifndef LIB_CODEGEN_CPU_SHUFFLES_H
#define LIB_CODEGEN_CPU_SHUFFLES_H

#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace cameo::codegen {

/// Lane i is element place(i) of `from`, vectors of one length seen as one sequence.
inline mlir::Value pickElements(mlir::OpBuilder &b, mlir::Location loc, llvm::ArrayRef<mlir::Value> from,
                                llvm::function_ref<int64_t(int64_t)> place) {
  int64_t lanes = llvm::cast<mlir::VectorType>(from[0].getType()).getNumElements();
  mlir::Value result = from[0];
  for (int64_t source = 0; source < int64_t(from.size()); ++source) {
    llvm::SmallVector<int64_t> mask;
    bool isUsed = false;
    for (int64_t lane = 0; lane < lanes; ++lane) {
      int64_t at = place(lane);
      bool isHere = at / lanes == source;
      isUsed |= isHere;
      mask.push_back(isHere ? lanes + at % lanes : source == 0 ? 0 : lane);
    }
    if (isUsed)
      result = mlir::vector::ShuffleOp::create(b, loc, result, from[source], mask);
  }
  return result;
}

} // namespace cameo::codegen
#endif
