// HalfConversions.cpp - see HalfConversions.h. Integer arithmetic on the formats' bits; f16 has 10 bits of mantissa and
// a bias of 15, f32 has 23 and 127.
#include "HalfConversions.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Module.h"
#include "llvm/Transforms/Utils/ModuleUtils.h"

using namespace llvm;

static bool usesHalf(const Function &function) {
  auto isHalf = [](const Type *type) { return type->getScalarType()->isHalfTy(); };
  return any_of(instructions(function), [&](const Instruction &i) {
    return isHalf(i.getType()) || any_of(i.operands(), [&](const Use &v) { return isHalf(v->getType()); });
  });
}

/// The bits of the f32 that the f16 with `bits` is; both i32.
static Value *extend(IRBuilder<> &b, Value *bits) {
  Value *magnitude = b.CreateShl(b.CreateAnd(bits, 0x7fff), 13);
  // Moves the bias, and makes what was subnormal normal.
  Value *moved = b.CreateFMul(b.CreateBitCast(magnitude, b.getFloatTy()), ConstantFP::get(b.getFloatTy(), 0x1p112));
  Value *isFinite = b.CreateICmpULT(magnitude, b.getInt32(0x7c00 << 13));
  Value *number = b.CreateSelect(isFinite, b.CreateBitCast(moved, b.getInt32Ty()), b.CreateOr(magnitude, 0x7f800000));
  return b.CreateOr(number, b.CreateShl(b.CreateAnd(bits, 0x8000), 16));
}

/// The bits of the f16 nearest to the f32 with `bits`; both i32.
static Value *truncate(IRBuilder<> &b, Value *bits) {
  Value *magnitude = b.CreateAnd(bits, 0x7fffffff);
  // Where bits fall away, a tie goes up from odd ones only; what is carried grows the exponent, at last to infinity.
  Value *odd = b.CreateAnd(b.CreateLShr(magnitude, 13), 1);
  Value *rounded = b.CreateAdd(b.CreateAdd(magnitude, b.getInt32(0xfff)), odd);
  Value *normal = b.CreateLShr(b.CreateSub(rounded, b.getInt32((127 - 15) << 23)), 13);
  // The last place of numbers in [0.5, 1) is that of subnormal f16.
  Value *sum = b.CreateFAdd(b.CreateBitCast(magnitude, b.getFloatTy()), ConstantFP::get(b.getFloatTy(), 0.5));
  Value *subnormal = b.CreateSub(b.CreateBitCast(sum, b.getInt32Ty()), b.getInt32(0x3f000000));
  Value *nan = b.CreateOr(b.CreateAnd(b.CreateLShr(magnitude, 13), 0x3ff), 0x7e00);
  Value *result = b.CreateSelect(b.CreateICmpULT(magnitude, b.getInt32((127 - 14) << 23)), subnormal, normal);
  result = b.CreateSelect(b.CreateICmpUGE(magnitude, b.getInt32((127 + 16) << 23)), b.getInt32(0x7c00), result);
  result = b.CreateSelect(b.CreateICmpUGT(magnitude, b.getInt32(0x7f800000)), nan, result);
  return b.CreateOr(result, b.CreateAnd(b.CreateLShr(bits, 16), 0x8000));
}

/// A function `name` from `from` to `to`, with the attributes of `other`; `convert` maps bits to bits, as i32.
static void define(Module &module, const Function &other, StringRef name, Type *from, Type *to,
                   Value *(*convert)(IRBuilder<> &, Value *)) {
  LLVMContext &context = module.getContext();
  auto *function = Function::Create(FunctionType::get(to, {from}, false), GlobalValue::InternalLinkage, name, module);
  function->setAttributes(AttributeList::get(context, other.getAttributes().getFnAttrs(), {}, {}));
  IRBuilder<> b(BasicBlock::Create(context, "", function));
  auto bitsOf = [&](Type *type) { return b.getIntNTy(type->getPrimitiveSizeInBits()); };
  Value *bits = convert(b, b.CreateZExt(b.CreateBitCast(function->getArg(0), bitsOf(from)), b.getInt32Ty()));
  b.CreateRet(b.CreateBitCast(b.CreateTrunc(bits, bitsOf(to)), to));
  appendToCompilerUsed(module, function);
}

void cameo::codegen::defineHalfConversions(Module &module) {
  auto user = find_if(module, usesHalf);
  if (user == module.end())
    return;
  Type *half = Type::getHalfTy(module.getContext()), *single = Type::getFloatTy(module.getContext());
  define(module, *user, "__extendhfsf2", half, single, extend);
  define(module, *user, "__truncsfhf2", single, half, truncate);
}
