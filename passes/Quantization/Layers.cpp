// Layers.cpp - finds layers; their weights as matrices of numbers and back.
#include "cameo/Passes/Quantization/Layers.h"
#include "Patterns.h"
#include "cameo/Dialect/Cameo/ConstantStorage.h"
#include "cameo/Dialect/Cameo/ElementType.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/BuiltinDialect.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace cameo;

static bool isF32(Value value) { return getElementTypeOrSelf(value.getType()).isF32(); }

/// A layer whose input is what its weights are multiplied with.
static std::optional<Layer> quantizable(LinearInterface linear) {
  Operation *op = linear;
  Layer layer{};
  layer.op = op;
  layer.input = op->getOperand(0), layer.weights = op->getOperand(linear.weightOperand());
  auto input = cast<RankedTensorType>(layer.input.getType()), weights = cast<RankedTensorType>(layer.weights.getType());
  if (!input.getElementType().isF32() || !weights.getElementType().isF32() || !weights.hasStaticShape() ||
      weights.getNumElements() == 0 || !constantBehind(layer.weights))
    return std::nullopt;
  bool found = llvm::TypeSwitch<Operation *, bool>(op)
                   .Case([&](MatMulOp product) {
                     layer.isMatrix = true, layer.group = 1, layer.inputAxis = input.getRank() - 1;
                     layer.hasOutputsFirst = product.getTransposeRhs();
                     layer.outputs = weights.getDimSize(layer.hasOutputsFirst ? 0 : 1);
                     layer.channels = weights.getDimSize(layer.hasOutputsFirst ? 1 : 0);
                     return weights.getRank() == 2 && !product.getTransposeLhs();
                   })
                   .Case([&](ConvOp convolution) {
                     layer.group = convolution.getGroup(), layer.inputAxis = 1;
                     layer.hasOutputsFirst = true;
                     layer.outputs = weights.getDimSize(0);
                     layer.channels = weights.getDimSize(1) * layer.group;
                     return !convolution.getChannelsLast();
                   })
                   .Default(false);
  layer.terms = layer.outputs ? weights.getNumElements() / layer.outputs : 0;
  return found ? std::optional(layer) : std::nullopt;
}

/// A layer whose factors are rounded where they are.
static std::optional<Layer> roundable(ProductInterface op) {
  ShapeAnalysis shapes;
  Layer layer{};
  layer.op = op, layer.hasOutputsFirst = true, layer.outputs = 1, layer.group = 1;
  for (unsigned factor : op.factorsWorthRounding(shapes)) {
    Value operand = op->getOperand(factor);
    if (!isF32(operand))
      return std::nullopt;
    auto type = cast<RankedTensorType>(operand.getType());
    if (type.hasStaticShape() && constantBehind(operand))
      layer.weights = operand, layer.terms = type.getNumElements();
  }
  return layer.terms > 0 && llvm::all_of(op->getResults(), isF32) ? std::optional(layer) : std::nullopt;
}

std::optional<Layer> Layer::of(Operation *op) {
  if (auto linear = dyn_cast<LinearInterface>(op))
    if (auto layer = quantizable(linear))
      return layer;
  auto product = dyn_cast<ProductInterface>(op);
  return product ? roundable(product) : std::nullopt;
}

int64_t Layer::shownAxis() const { return isa<func::FuncOp>(op->getParentOp()) ? inputAxis : 1; }

SmallVector<float> Layer::matrix() const {
  SmallVector<float> values = *constantFloats(weights);
  if (hasOutputsFirst)
    return values;
  SmallVector<float> rows(values.size());
  for (int64_t k = 0; k < terms; ++k)
    for (int64_t n = 0; n < outputs; ++n)
      rows[n * terms + k] = values[k * outputs + n];
  return rows;
}

SmallVector<int64_t> Layer::perOutputShape() const {
  auto type = cast<RankedTensorType>(weights.getType());
  SmallVector<int64_t> shape(type.getRank(), 1);
  shape[hasOutputsFirst ? 0 : 1] = outputs;
  return shape;
}

SmallVector<int64_t> Layer::perChannelShape() const {
  SmallVector<int64_t> shape(cast<RankedTensorType>(input.getType()).getRank() - inputAxis, 1);
  shape[0] = channels;
  return shape;
}

SmallVector<Layer> cameo::layersOf(func::FuncOp function) {
  SmallVector<Layer> layers;
  function.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (isa<KernelOp>(op)) // what is in one has been fused
      return WalkResult::skip();
    if (auto layer = Layer::of(op))
      layers.push_back(*layer);
    return WalkResult::advance();
  });
  return layers;
}

SmallVector<float> cameo::floatsOf(DictionaryAttr dictionary, StringRef name) {
  Attribute found = dictionary ? dictionary.get(name) : Attribute();
  if (auto array = dyn_cast_if_present<DenseF32ArrayAttr>(found))
    return SmallVector<float>(array.asArrayRef());
  auto resource = dyn_cast_if_present<DenseResourceElementsAttr>(found);
  AsmResourceBlob *blob = resource ? resource.getRawHandle().getBlob() : nullptr;
  if (!blob)
    return {};
  ConstantStorage::of(dictionary.getContext()).touch(blob->getData().size());
  auto values = blob->getDataAs<float>();
  return SmallVector<float>(values.begin(), values.end());
}

Value cameo::constantOf(OpBuilder &b, Location loc, RankedTensorType type, ArrayRef<char> bytes) {
  constexpr size_t kInlineBytes = 64;
  if (bytes.size() <= kInlineBytes)
    return ConstantOp::create(b, loc, type, elementsFromBytes(type, bytes));
  auto &manager = DenseResourceElementsHandle::getManagerInterface(b.getContext());
  auto attribute = DenseResourceElementsAttr::get(
      type, manager.insert("quantized", ConstantStorage::of(b.getContext()).copy(bytes)));
  return ConstantOp::create(b, loc, type, attribute);
}
