// ContractionBuilder.h - short spellings for the i64 arithmetic, pointers and loops that the contraction emitters need.
// Everything folds constants, so that static sizes leave no trace in the IR.
#ifndef CAMEO_CODEGEN_CPU_CONTRACTIONBUILDER_H
#define CAMEO_CODEGEN_CPU_CONTRACTIONBUILDER_H

#include "cameo/Codegen/CPU/Contraction.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace cameo::codegen {

class Emit {
public:
  using Pred = mlir::arith::CmpIPredicate;

  mlir::OpBuilder &b;
  mlir::Location loc;

  Emit(mlir::OpBuilder &b, mlir::Location loc) : b(b), loc(loc) {}

  mlir::Value number(int64_t value) { return mlir::arith::ConstantIntOp::create(b, loc, b.getI64Type(), value); }
  mlir::Value value(const Extent &extent) { return extent.isStatic() ? number(extent.fixed) : extent.value; }

  mlir::Value add(mlir::Value x, mlir::Value y) { return b.createOrFold<mlir::arith::AddIOp>(loc, x, y); }
  mlir::Value add(mlir::Value x, int64_t y) { return y == 0 ? x : add(x, number(y)); }
  mlir::Value sub(mlir::Value x, mlir::Value y) { return b.createOrFold<mlir::arith::SubIOp>(loc, x, y); }
  mlir::Value mul(mlir::Value x, mlir::Value y) { return b.createOrFold<mlir::arith::MulIOp>(loc, x, y); }
  mlir::Value mul(mlir::Value x, int64_t y) { return y == 1 ? x : mul(x, number(y)); }
  mlir::Value mul(mlir::Value x, const Extent &y) { return y.isStatic() ? mul(x, y.fixed) : mul(x, y.value); }
  mlir::Value div(mlir::Value x, mlir::Value y) { return b.createOrFold<mlir::arith::DivUIOp>(loc, x, y); }
  mlir::Value rem(mlir::Value x, mlir::Value y) { return b.createOrFold<mlir::arith::RemUIOp>(loc, x, y); }
  mlir::Value ceilDiv(mlir::Value x, int64_t y) { return div(add(x, y - 1), number(y)); }
  mlir::Value min(mlir::Value x, mlir::Value y) { return b.createOrFold<mlir::arith::MinSIOp>(loc, x, y); }
  mlir::Value max(mlir::Value x, mlir::Value y) { return b.createOrFold<mlir::arith::MaxSIOp>(loc, x, y); }
  mlir::Value both(mlir::Value x, mlir::Value y) { return b.createOrFold<mlir::arith::AndIOp>(loc, x, y); }
  mlir::Value compare(Pred pred, mlir::Value x, mlir::Value y) {
    return b.createOrFold<mlir::arith::CmpIOp>(loc, pred, x, y);
  }
  mlir::Value select(mlir::Value condition, mlir::Value x, mlir::Value y) {
    return b.createOrFold<mlir::arith::SelectOp>(loc, condition, x, y);
  }
  /// i1 -> i64, 0 or 1.
  mlir::Value widen(mlir::Value flag) { return b.createOrFold<mlir::arith::ExtUIOp>(loc, b.getI64Type(), flag); }

  Extent times(const Extent &x, int64_t y) { return x.isStatic() ? Extent(x.fixed * y) : Extent(mul(x.value, y)); }
  Extent times(const Extent &x, const Extent &y) {
    return y.isStatic() ? times(x, y.fixed) : x.isStatic() ? times(y, x.fixed) : Extent(mul(x.value, y.value));
  }

  mlir::VectorType vectorType(int64_t lanes) { return mlir::VectorType::get({lanes}, b.getF32Type()); }
  mlir::Type pointerType() { return mlir::LLVM::LLVMPointerType::get(b.getContext()); }

  /// pointer + bytes. Not inbounds: convolutions form addresses outside the image before they select.
  mlir::Value offset(mlir::Value pointer, mlir::Value bytes) {
    if (auto constant = mlir::getConstantIntValue(bytes))
      return offset(pointer, *constant);
    return mlir::LLVM::GEPOp::create(b, loc, pointerType(), b.getI8Type(), pointer, mlir::ValueRange{bytes});
  }
  mlir::Value offset(mlir::Value pointer, int64_t bytes) {
    if (bytes == 0)
      return pointer;
    if (!llvm::isInt<mlir::LLVM::kGEPConstantBitWidth>(bytes))
      return mlir::LLVM::GEPOp::create(b, loc, pointerType(), b.getI8Type(), pointer, mlir::ValueRange{number(bytes)});
    return mlir::LLVM::GEPOp::create(b, loc, pointerType(), b.getI8Type(), pointer,
                                     llvm::ArrayRef<mlir::LLVM::GEPArg>{static_cast<int32_t>(bytes)});
  }
  mlir::Value offset(mlir::Value pointer, const Extent &bytes) {
    return bytes.isStatic() ? offset(pointer, bytes.fixed) : offset(pointer, bytes.value);
  }

  /// for (i = begin; i < end; i += step) with carried values; straight code when it runs exactly once. The body returns
  /// the next carried values. Loops are marked so that LLVM neither unrolls nor vectorises them: their shape is
  /// deliberate.
  llvm::SmallVector<mlir::Value>
  loop(mlir::Value begin, mlir::Value end, int64_t step, mlir::ValueRange init,
       llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Value, mlir::ValueRange)> body);
  void loop(mlir::Value begin, mlir::Value end, int64_t step, llvm::function_ref<void(mlir::Value)> body);

  /// if (condition) ...; straight code or nothing when the condition is a constant.
  void when(mlir::Value condition, llvm::function_ref<void()> body, llvm::function_ref<void()> otherwise = nullptr);
  llvm::SmallVector<mlir::Value> choose(mlir::Value condition, mlir::TypeRange types,
                                        llvm::function_ref<llvm::SmallVector<mlir::Value>()> body,
                                        llvm::function_ref<llvm::SmallVector<mlir::Value>()> otherwise);

  /// vector<lanes x i1>: lane i is set when first + i < limit.
  mlir::Value mask(int64_t lanes, mlir::Value first, mlir::Value limit);
  /// vector<lanes x i1>: lane i is set when begin <= first + i < limit.
  mlir::Value mask(int64_t lanes, mlir::Value first, mlir::Value begin, mlir::Value limit);
  /// Memory on the stack, taken once at the function's entry.
  mlir::Value stack(int64_t bytes);
};

/// As many vectors as they have lanes, with rows and columns exchanged.
llvm::SmallVector<mlir::Value> emitTransposedSquare(Emit &e, llvm::ArrayRef<mlir::Value> rows);

/// sum + the dot products of the bytes (unsigned lhs, signed rhs) or i16 that share a lane of it.
mlir::Value emitByteDot(Emit &e, ByteDots dots, mlir::Value sum, mlir::Value lhs, mlir::Value rhs, int64_t lanes);

/// Size in bytes of an element that the emitters load or store; null stands for f32.
inline int64_t elementBytes(mlir::Type type) { return type ? type.getIntOrFloatBitWidth() / 8 : 4; }

} // namespace cameo::codegen
#endif
