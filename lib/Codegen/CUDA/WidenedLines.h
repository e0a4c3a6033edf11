// WidenedLines.h - quantized numbers, as FewRows.h stores them, as lines of floats in memory.
#ifndef LIB_CODEGEN_CUDA_WIDENEDLINES_H
#define LIB_CODEGEN_CUDA_WIDENEDLINES_H

#include "FewRows.h"
#include "llvm/Support/MathExtras.h"

namespace cameo::codegen {

struct WidenedLines {
  QuantizedLines numbers;
  mlir::Type element; ///< f32, f16 or bf16
  int64_t lines, k;
  mlir::Value from, to; ///< pointers; lines of floats are `pitch` elements apart, zeros behind the last

  int64_t pitch() const { return llvm::alignTo(k, 128 / element.getIntOrFloatBitWidth()); }
  int64_t bytes() const { return lines * pitch() * element.getIntOrFloatBitWidth() / 8; }
  /// Pieces of 16 bytes of a line of numbers.
  int64_t chunksOfLine() const { return quantizedLineBytes(numbers.bits, numbers.block, k) / 16; }
};

/// Makes floats of the numbers in one piece of 16 bytes, of lines * chunksOfLine (i32): (number - zero) * scale,
/// rounded to the element type.
void emitWidenedLines(ThreadBuilder &t, const WidenedLines &w, mlir::Value chunk);

} // namespace cameo::codegen
#endif
