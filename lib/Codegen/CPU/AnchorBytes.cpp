// AnchorBytes.cpp - zero points of integer products. See AnchorBytes.h.
#include "AnchorBytes.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::codegen;

std::optional<RhsZeros> cameo::codegen::constantZeros(Operation *reader, Value operand, int64_t columns) {
  ElementsAttr constant = constantInKernel(reader, operand);
  if (!constant || (constant.getNumElements() != 1 && constant.getNumElements() != columns))
    return std::nullopt;
  std::vector<uint8_t> bytes = bytesOf(constant);
  bool isSigned = !constant.getElementType().isUnsignedInteger();
  if (llvm::all_equal(bytes))
    bytes.resize(1);
  RhsZeros zeros;
  for (uint8_t byte : bytes)
    zeros.values.push_back(isSigned ? static_cast<int8_t>(byte) : byte);
  zeros.key = bytes.size() == 1 ? std::to_string(zeros.values[0]) : "#" + llvm::utohexstr(llvm::xxh3_64bits(bytes));
  return zeros;
}

std::optional<ByteProduct> cameo::codegen::byteProduct(const CpuTarget &target, Type lhs, Type rhs,
                                                       const std::optional<RhsZeros> &zeros) {
  if (target.byteDots == ByteDots::None)
    return std::nullopt;
  ByteProduct product;
  product.dots = target.byteDots;
  product.lhsIsSigned = !lhs.isUnsignedInteger();
  int32_t neutral = rhs.isUnsignedInteger() ? 128 : 0;
  bool isNeutral = zeros && llvm::all_of(zeros->values, [&](int32_t zero) { return zero == neutral; });
  product.rhsHasZero = product.dots == ByteDots::Quads && !isNeutral;
  return product;
}

Value cameo::codegen::loadZeroPoint(const Anchor &a, const KernelTensor &zero) {
  SmallVector<Value> first(zero.rank(), constantIndex(a.b, a.loc(), 0));
  Type i32 = a.b.getI32Type();
  return convertScalar(a.b, a.loc(), zero.load(a.b, a.loc(), first), zero.elementType, i32);
}
