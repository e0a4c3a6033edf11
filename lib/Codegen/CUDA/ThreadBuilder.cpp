// ThreadBuilder.cpp - see ThreadBuilder.h.
#include "ThreadBuilder.h"
#include "cameo/Dialect/Cameo/Attributes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;
using namespace cameo::codegen;

Value ThreadBuilder::sharedMemory() {
  constexpr unsigned kSharedSpace = 3, kAlign = 1024;
  constexpr StringLiteral kName = "shared";
  auto module = b.getInsertionBlock()->getParentOp()->getParentOfType<ModuleOp>();
  auto global = module.lookupSymbol<LLVM::GlobalOp>(kName);
  if (!global) {
    OpBuilder top = OpBuilder::atBlockBegin(module.getBody());
    global = LLVM::GlobalOp::create(top, loc, LLVM::LLVMArrayType::get(b.getI8Type(), 0), /*isConstant=*/false,
                                    LLVM::Linkage::External, kName, Attribute(), kAlign, kSharedSpace);
  }
  return LLVM::AddressOfOp::create(b, loc, global);
}

Value ThreadBuilder::vectorOf(ValueRange elements) {
  auto type = VectorType::get({int64_t(elements.size())}, elements.front().getType());
  Value vector = LLVM::PoisonOp::create(b, loc, type);
  for (auto [i, element] : llvm::enumerate(elements))
    vector = LLVM::InsertElementOp::create(b, loc, vector, element, number(int64_t(i)));
  return vector;
}

Value ThreadBuilder::exchange(Value value, int64_t distance) {
  StringRef name = value.getType().isF32() ? "shfl.sync.bfly.f32" : "shfl.sync.bfly.i32";
  return intrinsic(name, value.getType(), {number(-1), value, number(distance), number(31)});
}

Value ThreadBuilder::intrinsic(StringRef name, Type result, ValueRange operands) {
  StringAttr full = b.getStringAttr("llvm.nvvm." + name);
  if (result)
    return LLVM::CallIntrinsicOp::create(b, loc, result, full, operands).getResult(0);
  LLVM::CallIntrinsicOp::create(b, loc, full, operands);
  return {};
}

SmallVector<Value, 4> ThreadBuilder::intrinsic(StringRef name, Type type, unsigned count, ValueRange operands) {
  SmallVector<Type> members(count, type);
  Value all = intrinsic(name, LLVM::LLVMStructType::getLiteral(b.getContext(), members), operands);
  SmallVector<Value, 4> values;
  for (unsigned i = 0; i < count; ++i)
    values.push_back(LLVM::ExtractValueOp::create(b, loc, all, i));
  return values;
}

void ThreadBuilder::assembly(StringRef text, MutableArrayRef<Value> values, ValueRange operands) {
  auto classOf = [](Type type) { return type.isF32() ? "f" : type.getIntOrFloatBitWidth() == 64 ? "l" : "r"; };
  std::string results, inputs;
  SmallVector<Value> all(values.begin(), values.end());
  llvm::append_range(all, operands);
  for (auto [i, value] : llvm::enumerate(values)) {
    results += std::string("=") + classOf(value.getType()) + ",";
    inputs += std::to_string(i) + ",";
  }
  for (Value operand : operands)
    inputs += std::string(classOf(operand.getType())) + ",";
  auto type = LLVM::LLVMStructType::getLiteral(b.getContext(), llvm::to_vector(ValueRange(values).getTypes()));
  auto op = LLVM::InlineAsmOp::create(b, loc, type, all, text, results + inputs + "~{memory}",
                                      /*has_side_effects=*/true, /*is_align_stack=*/false,
                                      LLVM::tailcallkind::TailCallKind::None, LLVM::AsmDialectAttr(), ArrayAttr());
  for (auto [i, value] : llvm::enumerate(values))
    value = LLVM::ExtractValueOp::create(b, loc, op.getRes(), int64_t(i));
}

void cameo::codegen::setBlock(Operation *inside, int64_t threads, int64_t sharedBytes) {
  auto function = inside->getParentOfType<func::FuncOp>();
  Builder b(inside->getContext());
  function->setAttr(kThreadsAttr, b.getI64IntegerAttr(threads));
  function->setAttr(kSharedBytesAttr, b.getI64IntegerAttr(sharedBytes));
}
