// Constants.cpp - tensors of the file as cameo.constant: small ones inline, weights as resources that point into the
// mapping.
#include "GraphImporter.h"
#include "cameo/Dialect/Cameo/ConstantStorage.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/BuiltinDialect.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/Support/CheckedArithmetic.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::onnx;

/// Tensors of at most this many bytes are inline, as are integer vectors whose contents ShapeAnalysis follows.
static constexpr int64_t kInlineBytes = 64;

Type cameo::onnx::elementTypeOf(DataType type, MLIRContext *context) {
  Builder b(context);
  switch (type) {
  case DataType::Float:
    return b.getF32Type();
  case DataType::Double:
    return b.getF64Type();
  case DataType::Float16:
    return b.getF16Type();
  case DataType::BFloat16:
    return b.getBF16Type();
  case DataType::Float8E4M3FN:
    return b.getType<Float8E4M3FNType>();
  case DataType::Float8E4M3FNUZ:
    return b.getType<Float8E4M3FNUZType>();
  case DataType::Float8E5M2:
    return b.getType<Float8E5M2Type>();
  case DataType::Float8E5M2FNUZ:
    return b.getType<Float8E5M2FNUZType>();
  case DataType::Float8E8M0:
    return b.getType<Float8E8M0FNUType>();
  case DataType::Float4E2M1:
    return b.getType<Float4E2M1FNType>();
  case DataType::Int2:
  case DataType::Int4:
  case DataType::Int8:
  case DataType::Int16:
  case DataType::Int32:
  case DataType::Int64:
    return b.getIntegerType(bitWidth(type));
  case DataType::UInt2:
  case DataType::UInt4:
  case DataType::UInt8:
  case DataType::UInt16:
  case DataType::UInt32:
  case DataType::UInt64:
    return b.getIntegerType(bitWidth(type), false);
  case DataType::Bool:
    return b.getI1Type();
  case DataType::String:
    return b.getType<StringType>();
  default:
    return {};
  }
}

DataType cameo::onnx::dataTypeOf(Type type) {
  for (int32_t i = 1; i <= lastDataType; ++i)
    if (elementTypeOf(DataType(i), type.getContext()) == type)
      return DataType(i);
  return DataType::Undefined;
}

static bool isInline(RankedTensorType type, int64_t bytes) {
  return bytes <= kInlineBytes ||
         (type.getElementType().isInteger() && type.getRank() <= 1 && type.getNumElements() <= kMaxTrackedElements);
}

/// A resource named after the tensor; `blob` keeps alive what it points into.
static ElementsAttr resource(RankedTensorType type, StringRef name, AsmResourceBlob blob) {
  auto &manager = DenseResourceElementsHandle::getManagerInterface(type.getContext());
  return DenseResourceElementsAttr::get(type, manager.insert(name.empty() ? "constant" : name, std::move(blob)));
}

Value GraphImporter::constant(OpBuilder &b, Location loc, const TensorView &tensor) {
  Type elementType = elementTypeOf(tensor.type, b.getContext());
  if (!elementType) {
    (void)error("E-TYPE", "constant '" + escaped(tensor.name) + "' has element type " + dataTypeName(tensor.type) +
                              "; supported are " + kSupportedTypes);
    return {};
  }
  auto type = RankedTensorType::get(tensor.dims, elementType);
  if (tensor.type == DataType::String)
    return ConstantOp::create(b, loc, type, DenseElementsAttr::get(type, ArrayRef<StringRef>(tensor.strings())));
  std::vector<char> storage;
  StringRef bytes = tensor.bytes(storage);
  ArrayRef<char> data(bytes.data(), bytes.size());
  ElementsAttr value;
  if (isInline(type, bytes.size())) {
    value = elementsFromBytes(type, data);
  } else if (bytes.data() == storage.data()) {
    auto owner = std::make_shared<std::vector<char>>(std::move(storage));
    value = resource(type, tensor.name,
                     UnmanagedAsmResourceBlob::allocateWithAlign(*owner, 1, [owner](void *, size_t, size_t) {}));
  } else {
    ConstantStorage::of(b.getContext()).share(file, data);
    value = resource(type, tensor.name,
                     UnmanagedAsmResourceBlob::allocateWithAlign(data, 1, [file = file](void *, size_t, size_t) {}));
  }
  return ConstantOp::create(b, loc, type, value);
}

Value GraphImporter::sparseConstant(OpBuilder &b, Location loc, const SparseTensorView &tensor) {
  Type elementType = elementTypeOf(tensor.values.type, b.getContext());
  if (!elementType || isa<StringType>(elementType)) {
    (void)error("E-TYPE", "sparse constant '" + escaped(tensor.values.name) + "' has element type " +
                              dataTypeName(tensor.values.type) + "; supported are " + kSupportedTypes);
    return {};
  }
  auto type = RankedTensorType::get(tensor.dims, elementType);
  int64_t bits = bitWidth(tensor.values.type);
  std::optional<int64_t> size = 1;
  for (int64_t dim : tensor.dims)
    size = size ? llvm::checkedMul(*size, dim) : std::nullopt;
  if (!size || *size > options.read.limits.constantBytes ||
      (size = storageBytes(elementType, *size)) > options.read.limits.constantBytes) {
    (void)error("E-LIMIT", "sparse constant '" + escaped(tensor.values.name) + "' has more than " +
                               Twine(options.read.limits.constantBytes) + " bytes in dense form");
    return {};
  }
  auto dense = std::make_shared<std::vector<char>>(*size);
  std::vector<char> storage;
  StringRef values = tensor.values.bytes(storage);
  for (auto [i, position] : llvm::enumerate(tensor.positions())) {
    if (bits >= 8) {
      std::copy_n(values.data() + i * bits / 8, bits / 8, dense->data() + position * bits / 8);
      continue;
    }
    int element = uint8_t(values[i * bits / 8]) >> (i * bits % 8) & ((1 << bits) - 1);
    (*dense)[position * bits / 8] |= char(element << (position * bits % 8));
  }
  ElementsAttr value;
  if (isInline(type, *size))
    value = elementsFromBytes(type, *dense);
  else
    value = resource(type, tensor.values.name,
                     UnmanagedAsmResourceBlob::allocateWithAlign(*dense, 1, [dense](void *, size_t, size_t) {}));
  return ConstantOp::create(b, loc, type, value);
}
