// FewRows.h - products of few rows by a matrix that only the run knows, y[m, n] = sum_k x[m, k] w[k, n]: what they cost
// is to read w once, in order.
//
// Where lines of w run along K lanes hold elements of K, and a line after the other meets all rows of x; as many sums
// as there are lanes are added up across lanes together. Where lines run along N a step has all of K for some columns,
// whose sums lie on the stack, in L1: a few lines at a time are added to them, from end to end.
#ifndef LIB_CODEGEN_CPU_FEWROWS_H
#define LIB_CODEGEN_CPU_FEWROWS_H

#include "ContractionBuilder.h"

namespace cameo::codegen {

/// Products of more rows take longer than to read w.
constexpr int64_t kFewRows = 8;

struct FewRowsSpec {
  VectorTarget target;
  mlir::Type type; ///< of x and w: f32, f16 or bf16
  int64_t rows;    ///< up to kFewRows
  Extent n, k;
  bool linesAlongK; ///< of w, which is [n, k] then, else [k, n]
  /// Where x, of dense rows, and w begin.
  std::function<BatchPointers(mlir::OpBuilder &, mlir::Location, mlir::Value batch)> pointers = {};
  StoreFn store = {};

  /// Of one step.
  int64_t columns() const;
};

/// Emits the steps [begin, end) (i64 values) of batch * ceil(n / columns).
void emitFewRows(mlir::OpBuilder &b, mlir::Location loc, const FewRowsSpec &spec, mlir::Value begin, mlir::Value end);

/// For each row of x (pointers) the partial sums, one per lane, of its products with a line (a pointer) of `k`
/// elements.
llvm::SmallVector<mlir::Value> emitDots(Emit &e, int64_t lanes, mlir::Type lineType, mlir::Value line, mlir::Type xType,
                                        llvm::ArrayRef<mlir::Value> x, const Extent &k);

/// The sums of as many vectors as they have lanes, one per lane.
mlir::Value emitLaneSums(Emit &e, llvm::SmallVector<mlir::Value> vectors);

} // namespace cameo::codegen
#endif
