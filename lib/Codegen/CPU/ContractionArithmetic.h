// ContractionArithmetic.h - what one step of K is: how a micro-kernel loads, multiplies and adds. All else about tiles,
// panels and loops is the same for every kind, because a step always reads four bytes per column of B:
//
// | kind                | elements of K per step | a column's four bytes | accumulators |
// |---------------------|------------------------|-----------------------|--------------|
// | f32, f16, bf16      | 1                      | an f32                | f32          |
// | bf16, dot products  | 2                      | two bf16              | f32          |
// | pairs of bf16       | 1, a pair              | two bf16              | f32          |
// | bytes, dot products | 4                      | four s8               | i32          |
// | bytes, pairs        | 2                      | two i16               | i32          |
//
// Where lanes hold elements of K a step takes a vector of them, a column of B is as many columns wide as that has
// lanes, and the accumulators' lanes are added up behind the loop.
//
// Bytes. y = sum_k (a_k - az)(b_k - bz) is taken apart so that the loop over K multiplies bytes as they lie in memory:
//
//     y = sum_k a_k b_k  -  az sum_k (b_k - bz)  -  bz sum_k a_k
//
// A panel of B begins with a row that holds sum_k (b_k - bz) of each column, so the second term is what accumulators
// start from. The third one is needed only where bz is not 0: the panel then has a second row with bz, and the loop
// sums the rows of A on the side. Everything is exact in i32, wrapping like the sum it stands for.
//
// vpdpbusd multiplies u8 by s8. An a that is signed becomes unsigned by flipping its top bit, which adds 128 to it and
// to az; a b that is unsigned becomes signed the same way, when it is packed. Pairs widen both to i16 (pmaddwd), so
// nothing saturates; b - bz fits into i16, so bz is 0 in their panels.
#ifndef CAMEO_CODEGEN_CPU_CONTRACTIONARITHMETIC_H
#define CAMEO_CODEGEN_CPU_CONTRACTIONARITHMETIC_H

#include "ContractionLoops.h"

namespace cameo::codegen {

/// Accumulators of a tile, row by row, with what else the loop over K carries.
using Accumulators = llvm::SmallVector<mlir::Value>;

class Arithmetic {
public:
  virtual ~Arithmetic() = default;
  /// Elements of K that one step takes.
  virtual int64_t stepElements() const { return 1; }
  /// What the loop over K starts from, for the panel at `rhs`, and where its first step's row lies.
  virtual Accumulators begin(Emit &e, const MicroKernel &kernel, mlir::Value &rhs) const = 0;
  /// Adds one step: a row of the panel against the elements of each row of A at `rows` + `lhsBytes`. `elements` is
  /// fewer than stepElements() at the end of a run: then the step takes the last `elements` before that address, of the
  /// `behind` that lie there.
  virtual void step(Emit &e, const MicroKernel &kernel, llvm::ArrayRef<RowPointer> rows, int64_t lhsBytes,
                    mlir::Value rhs, llvm::MutableArrayRef<mlir::Value> sums, int64_t elements,
                    int64_t behind) const = 0;
  /// The finished sums of the panel's columns, row by row, without anything else. `rhs` is what `begin` was given.
  virtual void end(Emit &, const MicroKernel &, mlir::Value /*rhs*/, Accumulators &) const {}
};

/// The arithmetic of f32, f16 and bf16 in A, and f32 in B.
std::unique_ptr<Arithmetic> floatArithmetic();
/// The arithmetic of pairs of bf16 in A and B, each of which counts as one element.
std::unique_ptr<Arithmetic> bf16PairArithmetic();
/// The same with single elements: K may be odd.
std::unique_ptr<Arithmetic> bf16Arithmetic();
/// The arithmetic of f32, or of pairs of bf16, where lanes hold elements of K.
std::unique_ptr<Arithmetic> arithmeticAlongK(int64_t lanes, bool bf16Dots);
/// The arithmetic of bytes.
std::unique_ptr<Arithmetic> byteArithmetic(const ByteProduct &product);

} // namespace cameo::codegen
#endif
