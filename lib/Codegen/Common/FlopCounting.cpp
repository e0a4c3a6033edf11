// FlopCounting.cpp - see FlopCounting.h.
#include "cameo/Codegen/FlopCounting.h"
#include "cameo/Dialect/Cameo/Cost.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace cameo;

void cameo::codegen::countFlops(ModuleOp module, StringRef counter) {
  OpBuilder b = OpBuilder::atBlockBegin(module.getBody());
  Location loc = module.getLoc();
  Type i64 = b.getI64Type();
  LLVM::GlobalOp::create(b, loc, i64, /*isConstant=*/false, LLVM::Linkage::External, counter, b.getI64IntegerAttr(0));
  llvm::DenseMap<Value, bool> known;
  module.walk([&](Block *block) {
    int64_t count = countFloatArithmetic(*block, known);
    if (!count)
      return;
    b.setInsertionPoint(block->getTerminator());
    Value address = LLVM::AddressOfOp::create(b, loc, LLVM::LLVMPointerType::get(b.getContext()), counter);
    Value before = LLVM::LoadOp::create(b, loc, i64, address);
    Value sum = LLVM::AddOp::create(b, loc, before, LLVM::ConstantOp::create(b, loc, b.getI64IntegerAttr(count)));
    LLVM::StoreOp::create(b, loc, sum, address);
  });
}
