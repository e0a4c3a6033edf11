// ThreadBuilder.h - short spellings for what one thread of a block does: 32-bit arithmetic, shared memory, barriers,
// copies, and the instructions of tensor cores. Everything folds constants.
#ifndef LIB_CODEGEN_CUDA_THREADBUILDER_H
#define LIB_CODEGEN_CUDA_THREADBUILDER_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace cameo::codegen {

class ThreadBuilder {
public:
  mlir::OpBuilder &b;
  mlir::Location loc;

  ThreadBuilder(mlir::OpBuilder &b, mlir::Location loc) : b(b), loc(loc) {}

  // ---- i32
  mlir::Value number(int64_t value) { return mlir::arith::ConstantIntOp::create(b, loc, b.getI32Type(), value); }
  mlir::Value add(mlir::Value x, mlir::Value y) { return b.createOrFold<mlir::arith::AddIOp>(loc, x, y); }
  mlir::Value add(mlir::Value x, int64_t y) { return y == 0 ? x : add(x, like(x, y)); }
  mlir::Value mul(mlir::Value x, mlir::Value y) { return b.createOrFold<mlir::arith::MulIOp>(loc, x, y); }
  mlir::Value mul(mlir::Value x, int64_t y) { return y == 1 ? x : mul(x, like(x, y)); }
  mlir::Value sub(mlir::Value x, mlir::Value y) { return b.createOrFold<mlir::arith::SubIOp>(loc, x, y); }
  mlir::Value div(mlir::Value x, int64_t y) {
    return y == 1 ? x : b.createOrFold<mlir::arith::DivUIOp>(loc, x, like(x, y));
  }
  mlir::Value rem(mlir::Value x, int64_t y) { return b.createOrFold<mlir::arith::RemUIOp>(loc, x, like(x, y)); }
  mlir::Value div(mlir::Value x, mlir::Value y) { return b.createOrFold<mlir::arith::DivUIOp>(loc, x, y); }
  mlir::Value rem(mlir::Value x, mlir::Value y) { return b.createOrFold<mlir::arith::RemUIOp>(loc, x, y); }
  mlir::Value less(mlir::Value x, mlir::Value y) {
    return b.createOrFold<mlir::arith::CmpIOp>(loc, mlir::arith::CmpIPredicate::slt, x, y);
  }
  mlir::Value less(mlir::Value x, int64_t y) { return less(x, like(x, y)); }
  mlir::Value isAtMost(mlir::Value x, mlir::Value y) {
    return b.createOrFold<mlir::arith::CmpIOp>(loc, mlir::arith::CmpIPredicate::sle, x, y);
  }
  mlir::Value isZero(mlir::Value x) {
    return b.createOrFold<mlir::arith::CmpIOp>(loc, mlir::arith::CmpIPredicate::eq, x, like(x, 0));
  }
  mlir::Value least(mlir::Value x, mlir::Value y) { return b.createOrFold<mlir::arith::MinSIOp>(loc, x, y); }
  mlir::Value greatest(mlir::Value x, mlir::Value y) { return b.createOrFold<mlir::arith::MaxSIOp>(loc, x, y); }
  /// 0 <= x < y.
  mlir::Value isWithin(mlir::Value x, mlir::Value y) {
    return b.createOrFold<mlir::arith::CmpIOp>(loc, mlir::arith::CmpIPredicate::ult, x, y);
  }
  mlir::Value both(mlir::Value x, mlir::Value y) { return b.createOrFold<mlir::arith::AndIOp>(loc, x, y); }
  mlir::Value exclusiveOr(mlir::Value x, mlir::Value y) { return b.createOrFold<mlir::arith::XOrIOp>(loc, x, y); }
  mlir::Value both(mlir::Value x, int64_t y) { return both(x, like(x, y)); }
  mlir::Value either(mlir::Value x, int64_t y) { return b.createOrFold<mlir::arith::OrIOp>(loc, x, like(x, y)); }
  mlir::Value either(mlir::Value x, mlir::Value y) { return b.createOrFold<mlir::arith::OrIOp>(loc, x, y); }
  mlir::Value shiftRight(mlir::Value x, int64_t bits) {
    return bits == 0 ? x : b.createOrFold<mlir::arith::ShRUIOp>(loc, x, like(x, bits));
  }
  mlir::Value select(mlir::Value condition, mlir::Value x, mlir::Value y) {
    return b.createOrFold<mlir::arith::SelectOp>(loc, condition, x, y);
  }
  mlir::Value toI32(mlir::Value index) { return b.createOrFold<mlir::arith::IndexCastOp>(loc, b.getI32Type(), index); }
  mlir::Value toI64(mlir::Value x) { return b.createOrFold<mlir::arith::ExtSIOp>(loc, b.getI64Type(), x); }
  mlir::Value toIndex(mlir::Value x) { return b.createOrFold<mlir::arith::IndexCastOp>(loc, b.getIndexType(), x); }

  // ---- f32
  mlir::Value f32(double value) { return mlir::arith::ConstantOp::create(b, loc, b.getF32FloatAttr(value)); }
  mlir::Value addF(mlir::Value x, mlir::Value y) { return mlir::arith::AddFOp::create(b, loc, x, y); }
  mlir::Value subF(mlir::Value x, mlir::Value y) { return mlir::arith::SubFOp::create(b, loc, x, y); }
  mlir::Value mulF(mlir::Value x, mlir::Value y) { return mlir::arith::MulFOp::create(b, loc, x, y); }
  mlir::Value mulF(mlir::Value x, double y) { return y == 1 ? x : mulF(x, f32(y)); }
  /// The number where one is NaN.
  mlir::Value maxF(mlir::Value x, mlir::Value y) { return mlir::arith::MaxNumFOp::create(b, loc, x, y); }
  mlir::Value isF(mlir::Value x, double y) {
    return mlir::arith::CmpFOp::create(b, loc, mlir::arith::CmpFPredicate::OEQ, x, f32(y));
  }
  mlir::Value vectorOf(mlir::ValueRange elements);

  // ---- memory
  mlir::Type pointerType(unsigned space = 0) { return mlir::LLVM::LLVMPointerType::get(b.getContext(), space); }
  mlir::Value offset(mlir::Value pointer, mlir::Value bytes) {
    return mlir::LLVM::GEPOp::create(b, loc, pointer.getType(), b.getI8Type(), pointer, mlir::ValueRange{bytes});
  }
  mlir::Value load(mlir::Type type, mlir::Value pointer, unsigned align) {
    return mlir::LLVM::LoadOp::create(b, loc, type, pointer, align);
  }
  void store(mlir::Value value, mlir::Value pointer, unsigned align) {
    mlir::LLVM::StoreOp::create(b, loc, value, pointer, align);
  }
  /// The block's shared memory, of which the kernel's attribute says how much there is. Aligned to 1024 bytes.
  mlir::Value sharedMemory();

  // ---- the block
  mlir::Value threadNumber() { return intrinsic("read.ptx.sreg.tid.x", b.getI32Type(), {}); }
  void barrier() { intrinsic("barrier.cta.sync.aligned.all", {}, number(0)); }

  /// Among the lanes of a warp.
  void warpBarrier() { intrinsic("bar.warp.sync", {}, number(-1)); }
  /// The i32 or f32 of the lane whose number differs in the bit `distance`.
  mlir::Value exchange(mlir::Value value, int64_t distance);

  /// llvm.nvvm.NAME; null where it gives nothing.
  mlir::Value intrinsic(llvm::StringRef name, mlir::Type result, mlir::ValueRange operands);
  /// Of one that gives a structure of `count` elements of `type`.
  llvm::SmallVector<mlir::Value, 4> intrinsic(llvm::StringRef name, mlir::Type type, unsigned count,
                                              mlir::ValueRange operands);
  /// PTX that changes `values`, two or more: they are $0 and so on, and twice as many on `operands` begin. Orders
  /// memory.
  void assembly(llvm::StringRef text, llvm::MutableArrayRef<mlir::Value> values, mlir::ValueRange operands = {});

private:
  mlir::Value like(mlir::Value x, int64_t y) {
    return mlir::arith::ConstantOp::create(b, loc, b.getIntegerAttr(x.getType(), y));
  }
};

/// How many threads a block of the kernel that `inside` is in has, and how many bytes of shared memory: attributes of
/// its function, so that kernels that differ in nothing else are different.
void setBlock(mlir::Operation *inside, int64_t threads, int64_t sharedBytes);

} // namespace cameo::codegen
#endif
