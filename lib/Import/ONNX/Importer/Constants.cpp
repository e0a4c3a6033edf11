// Constants.cpp - tensors of the file as cameo.constant: small ones inline, weights as resources that point into the
// mapping.
#include "GraphImporter.h"
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
  case DataType::Int8:
    return b.getIntegerType(8);
  case DataType::Int16:
    return b.getIntegerType(16);
  case DataType::Int32:
    return b.getIntegerType(32);
  case DataType::Int64:
    return b.getIntegerType(64);
  case DataType::UInt8:
    return b.getIntegerType(8, false);
  case DataType::UInt16:
    return b.getIntegerType(16, false);
  case DataType::UInt32:
    return b.getIntegerType(32, false);
  case DataType::UInt64:
    return b.getIntegerType(64, false);
  case DataType::Bool:
    return b.getI1Type();
  default:
    return {};
  }
}

DataType cameo::onnx::dataTypeOf(Type type) {
  if (type.isF32())
    return DataType::Float;
  if (type.isF64())
    return DataType::Double;
  if (type.isF16())
    return DataType::Float16;
  if (type.isBF16())
    return DataType::BFloat16;
  auto integer = dyn_cast<IntegerType>(type);
  if (!integer)
    return DataType::Undefined;
  switch (integer.getWidth()) {
  case 1:
    return DataType::Bool;
  case 8:
    return integer.isUnsigned() ? DataType::UInt8 : DataType::Int8;
  case 16:
    return integer.isUnsigned() ? DataType::UInt16 : DataType::Int16;
  case 32:
    return integer.isUnsigned() ? DataType::UInt32 : DataType::Int32;
  case 64:
    return integer.isUnsigned() ? DataType::UInt64 : DataType::Int64;
  default:
    return DataType::Undefined;
  }
}

/// Dense row-major bytes as an inline attribute; one byte per bool.
static DenseElementsAttr inlineElements(RankedTensorType type, ArrayRef<char> bytes) {
  if (type.getElementType().isInteger(1)) {
    SmallVector<bool> values(llvm::map_range(bytes, [](char c) { return c != 0; }));
    return DenseElementsAttr::get(type, values);
  }
  return DenseElementsAttr::getFromRawBuffer(type, bytes);
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
                              ", which is not supported");
    return {};
  }
  auto type = RankedTensorType::get(tensor.dims, elementType);
  std::vector<char> storage;
  StringRef bytes = tensor.bytes(storage);
  ArrayRef<char> data(bytes.data(), bytes.size());
  ElementsAttr value;
  if (isInline(type, bytes.size())) {
    value = inlineElements(type, data);
  } else if (bytes.data() == storage.data()) {
    auto owner = std::make_shared<std::vector<char>>(std::move(storage));
    value = resource(type, tensor.name,
                     UnmanagedAsmResourceBlob::allocateWithAlign(*owner, 1, [owner](void *, size_t, size_t) {}));
  } else {
    value = resource(type, tensor.name,
                     UnmanagedAsmResourceBlob::allocateWithAlign(data, 1, [file = file](void *, size_t, size_t) {}));
  }
  return ConstantOp::create(b, loc, type, value);
}

Value GraphImporter::sparseConstant(OpBuilder &b, Location loc, const SparseTensorView &tensor) {
  Type elementType = elementTypeOf(tensor.values.type, b.getContext());
  if (!elementType) {
    (void)error("E-TYPE", "sparse constant '" + escaped(tensor.values.name) + "' has element type " +
                              dataTypeName(tensor.values.type) + ", which is not supported");
    return {};
  }
  auto type = RankedTensorType::get(tensor.dims, elementType);
  int64_t width = bitWidth(tensor.values.type) / 8;
  std::optional<int64_t> size = width;
  for (int64_t dim : tensor.dims)
    size = size ? llvm::checkedMul(*size, dim) : std::nullopt;
  if (!size || *size > options.read.limits.constantBytes) {
    (void)error("E-LIMIT", "sparse constant '" + escaped(tensor.values.name) + "' has more than " +
                               Twine(options.read.limits.constantBytes) + " bytes in dense form");
    return {};
  }
  auto dense = std::make_shared<std::vector<char>>(*size);
  std::vector<char> storage;
  StringRef values = tensor.values.bytes(storage);
  for (auto [i, position] : llvm::enumerate(tensor.positions()))
    std::copy_n(values.data() + i * width, width, dense->data() + position * width);
  ElementsAttr value;
  if (isInline(type, *size))
    value = inlineElements(type, *dense);
  else
    value = resource(type, tensor.values.name,
                     UnmanagedAsmResourceBlob::allocateWithAlign(*dense, 1, [dense](void *, size_t, size_t) {}));
  return ConstantOp::create(b, loc, type, value);
}
