// ContractionSparse.h - products with a constant matrix most of whose blocks of 16x1 are zero:
//
//     C[m, n] = sum over those k whose B[k, 16 columns around n] is not all zeros of A[m, k] * B[k, n]
//
// A *row* is 16 neighbouring columns of one k. The packed B lists, panel after panel, the rows that are not all zeros
// and where in A their k lies; the micro-kernel follows the list. K is thus visited in jumps: a step first copies its
// rows of A, transposed, so that the elements of one k are neighbours.
//
//     [panels + 1] i64   number of the first row of each panel
//     [rows]       i32   bytes from the start of the copy of A to the elements of the row's k
//     [rows][16]   f32   each part begins on a line of cache
//
// What is skipped is not multiplied: 0 * inf and 0 * NaN, which the whole product would add, are left out.
#ifndef LIB_CODEGEN_CPU_CONTRACTIONSPARSE_H
#define LIB_CODEGEN_CPU_CONTRACTIONSPARSE_H

#include "cameo/Codegen/CPU/Contraction.h"
#include "llvm/ADT/ArrayRef.h"

namespace cameo::codegen {

/// Where element (k, n) of a matrix lies: k * kStride + n * nStride.
struct MatrixLayout {
  int64_t k, n, kStride, nStride;
};

/// How many rows of B are not all zeros; nothing where so few are zero that skipping cannot pay.
std::optional<int64_t> countSparseRows(llvm::ArrayRef<float> matrix, const MatrixLayout &layout);

/// The best tile that skips rows, for a shape with sparseRows; none where a copy of the rows of A would be too large.
std::optional<ContractionTile> chooseSparseTile(const VectorTarget &target, const ContractionShape &shape);
/// expectedSlots of such a tile.
double sparseSlots(const VectorTarget &target, const ContractionShape &shape, const ContractionTile &tile);

/// Whether a tile that somebody wrote can skip rows of a product of that shape.
bool fitsSparse(const ContractionTile &tile, const ContractionShape &shape);

struct SparseSpec {
  ContractionTile tile;
  VectorTarget target;
  ContractionShape shape; ///< with sparseRows
  Extent m;
  mlir::Value lhs, rhs; ///< !llvm.ptr; rows of f32, one after the other, and what packSparseRhs made
  StoreFn store;
};

/// Groups of panels, each of which a step multiplies with one block of rows.
int64_t sparseGroups(const ContractionTile &tile, const ContractionShape &shape);
/// Emits the steps [begin, end) (i64 values): blocks of rows times groups.
void emitSparse(mlir::OpBuilder &b, mlir::Location loc, const SparseSpec &spec, mlir::Value begin, mlir::Value end);

/// Bytes of the packed B.
int64_t packedSparseBytes(const ContractionShape &shape);
void packSparseRhs(const float *source, const MatrixLayout &layout, const ContractionTile &tile,
                   const ContractionShape &shape, char *packed);

} // namespace cameo::codegen
#endif
