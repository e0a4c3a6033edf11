// FloatConversions.cpp - see FloatConversions.h. Integer arithmetic on the formats' bits; f16 has 10 bits of mantissa
// and a bias of 15, f32 has 23 and 127, bf16 is the upper half of an f32.
#include "FloatConversions.h"
#include "cameo/Runtime/KernelABI.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Module.h"
#include "llvm/Transforms/Utils/ModuleUtils.h"

using namespace llvm;

/// A function that has values of `type`, or null.
static const Function *userOf(const Module &module, const Type *type) {
  auto has = [&](const Type *other) { return other->getScalarType() == type; };
  for (const Function &function : module)
    for (const Instruction &i : instructions(function))
      if (has(i.getType()) || any_of(i.operands(), [&](const Use &v) { return has(v->getType()); }))
        return &function;
  return nullptr;
}

/// The bits of the f32 that the f16 with `bits` is; both i32.
static Value *extend(IRBuilder<> &b, Value *bits) {
  Value *magnitude = b.CreateAnd(bits, 0x7fff), *shifted = b.CreateShl(magnitude, 13);
  Value *normal = b.CreateAdd(shifted, b.getInt32((127 - 15) << 23));
  Value *places = b.CreateFMul(b.CreateUIToFP(magnitude, b.getFloatTy()), ConstantFP::get(b.getFloatTy(), 0x1p-24));
  Value *number =
      b.CreateSelect(b.CreateICmpULT(magnitude, b.getInt32(0x400)), b.CreateBitCast(places, b.getInt32Ty()), normal);
  number = b.CreateSelect(b.CreateICmpULT(magnitude, b.getInt32(0x7c00)), number, b.CreateOr(shifted, 0x7f800000));
  return b.CreateOr(number, b.CreateShl(b.CreateAnd(bits, 0x8000), 16));
}

/// The bits of the f16 nearest to the f32 with `bits`; both i32.
static Value *truncateToHalf(IRBuilder<> &b, Value *bits) {
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

/// The bits of the bf16 nearest to the f32 with `bits`; both i32.
static Value *truncateToBf16(IRBuilder<> &b, Value *bits) {
  Value *upper = b.CreateLShr(bits, 16), *odd = b.CreateAnd(upper, 1);
  Value *rounded = b.CreateLShr(b.CreateAdd(b.CreateAdd(bits, b.getInt32(0x7fff)), odd), 16);
  Value *isNaN = b.CreateICmpUGT(b.CreateAnd(bits, 0x7fffffff), b.getInt32(0x7f800000));
  return b.CreateSelect(isNaN, b.CreateOr(upper, 0x40), rounded);
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

void cameo::codegen::defineFloatConversions(Module &module, const CpuTarget &target) {
  LLVMContext &context = module.getContext();
  Type *half = Type::getHalfTy(context), *bf16 = Type::getBFloatTy(context), *single = Type::getFloatTy(context);
  const Function *ofHalf = target.required & CAMEO_CPU_F16C ? nullptr : userOf(module, half);
  const Function *ofBf16 = target.required & CAMEO_CPU_AVX512BF16 ? nullptr : userOf(module, bf16);
  if (ofHalf) {
    define(module, *ofHalf, "__extendhfsf2", half, single, extend);
    define(module, *ofHalf, "__truncsfhf2", single, half, truncateToHalf);
  }
  if (ofBf16)
    define(module, *ofBf16, "__truncsfbf2", single, bf16, truncateToBf16);
}
