// NodeBuilder.cpp - nodes, constants, and what writers compose often.
#include "cameo/Export/ONNX/NodeBuilder.h"
#include "GraphExporter.h"
#include "cameo/Dialect/Cameo/ConstantBytes.h"
#include "cameo/Import/ONNX/Schema.h"
#include "cameo/Support/ErrorCode.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::onnx;

NodeAttribute::NodeAttribute(StringRef name, Type elementType) : name(name), value(int64_t(dataTypeOf(elementType))) {}

ShapeAnalysis &NodeBuilder::shapes() { return exporter.shapes; }

// ---- operands

Edge NodeBuilder::operator()(Value value) { return value ? exporter.edgeOf(value) : Edge(); }

SmallVector<Edge> NodeBuilder::operator()(ValueRange values) {
  return llvm::map_to_vector(values, [&](Value value) { return (*this)(value); });
}

Edge NodeBuilder::vector(Value value) { return rank(value) == 1 ? (*this)(value) : reshape((*this)(value), {1}); }

Edge NodeBuilder::scalar(Value value) {
  return rank(value) == 0 ? (*this)(value) : reshape((*this)(value), ArrayRef<int64_t>());
}

// ---- nodes

SmallVector<Edge> NodeBuilder::nodes(StringRef opType, ArrayRef<Edge> inputs, ArrayRef<NodeAttribute> attributes,
                                     unsigned numOutputs) {
  if (failed)
    return SmallVector<Edge>(numOutputs);
  StringRef domain;
  if (size_t dot = opType.rfind('.'); dot != StringRef::npos)
    std::tie(domain, opType) = std::pair(opType.take_front(dot), opType.drop_front(dot + 1));
  while (!inputs.empty() && !inputs.back())
    inputs = inputs.drop_back();
  NodeRecord node;
  node.domain = domain;
  node.opType = opType;
  if (auto names = nodeNames(op->getLoc()); !names.empty())
    node.name = names.back();
  const OpSchema *schema = nullptr;
  if (isSchemaDomain(domain)) {
    schema = admittingSchema(domain, opType, inputs, attributes, numOutputs, op->getContext());
    if (!schema) {
      std::string types;
      for (Edge input : inputs)
        types += (types.empty() ? "" : ", ") +
                 (input && input.elementType ? dataTypeName(dataTypeOf(input.elementType)).str() : std::string("?"));
      (void)refuse("no version of ONNX's " + opType + " takes elements of type " + types);
      return SmallVector<Edge>(numOutputs);
    }
  }
  exporter.require(domain, schema ? schema->since : 1);
  for (Edge input : inputs)
    node.inputs.push_back(input.number);
  if (schema) // Loop counts what is left out
    node.inputs.resize(std::max<size_t>(node.inputs.size(), schema->minInputs), Edge().number);
  SmallVector<Edge> outputs;
  for (unsigned i = 0; i < numOutputs; ++i) {
    Type type = schema ? outputType(*schema, i, inputs, attributes, op->getContext()) : Type();
    outputs.push_back(exporter.newEdge(type));
    node.outputs.push_back(outputs.back().number);
  }
  node.attributes.assign(attributes.begin(), attributes.end());
  exporter.addNode(std::move(node));
  return outputs;
}

Edge NodeBuilder::node(StringRef opType, ArrayRef<Edge> inputs, ArrayRef<NodeAttribute> attributes) {
  return nodes(opType, inputs, attributes, 1).front();
}

std::shared_ptr<GraphRecord> NodeBuilder::graph(Block &block, StringRef name) {
  std::shared_ptr<GraphRecord> graph = exporter.subgraph(block, name);
  failed |= !graph;
  return graph;
}

// ---- constants and short compositions

Edge NodeBuilder::constant(ElementsAttr value) {
  auto names = nodeNames(op->getLoc());
  return exporter.initializer(value, cast<ShapedType>(value.getType()).getShape(),
                              names.empty() ? StringRef() : names.back());
}

Edge NodeBuilder::ownConstant(ElementsAttr value) {
  auto names = nodeNames(op->getLoc());
  return exporter.newInitializer(value, cast<ShapedType>(value.getType()).getShape(),
                                 names.empty() ? std::string("zero") : (names.back() + "/zero").str());
}

Edge NodeBuilder::i64(ArrayRef<int64_t> values) {
  return constant(DenseElementsAttr::get(RankedTensorType::get({int64_t(values.size())}, i64Type()), values));
}

Edge NodeBuilder::i64Scalar(int64_t value) {
  return constant(DenseElementsAttr::get(RankedTensorType::get({}, i64Type()), value));
}

Edge NodeBuilder::number(Type elementType, double value) {
  auto type = RankedTensorType::get({}, elementType);
  if (auto floatType = dyn_cast<FloatType>(elementType)) {
    bool loses;
    APFloat number(value);
    number.convert(floatType.getFloatSemantics(), APFloat::rmNearestTiesToEven, &loses);
    return constant(DenseElementsAttr::get(type, number));
  }
  return constant(DenseElementsAttr::get(type, APInt(elementType.getIntOrFloatBitWidth(), int64_t(value), true, true)));
}

Edge NodeBuilder::cast(Edge x, Type elementType) {
  return x.elementType == elementType ? x : node("Cast", {x}, {{"to", elementType}});
}

Edge NodeBuilder::transposed(Edge x, int64_t rank) {
  SmallVector<int64_t> permutation = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  std::swap(permutation[rank - 2], permutation[rank - 1]);
  return transpose(x, permutation);
}

Edge NodeBuilder::reshape(Edge x, ArrayRef<int64_t> shape) {
  const InitializerRecord *constant = exporter.initializerOf(x);
  SmallVector<int64_t> dims(shape);
  if (!constant || llvm::is_contained(dims, 0) || llvm::count(dims, -1) > 1)
    return node("Reshape", {x, i64(shape)});
  int64_t total = cast<ShapedType>(constant->value.getType()).getNumElements(), given = 1;
  for (int64_t size : dims)
    given *= size < 0 ? 1 : size;
  for (int64_t &size : dims)
    size = size < 0 ? total / given : size;
  return exporter.initializer(constant->value, dims, exporter.nameOf(x));
}

Edge NodeBuilder::channelsFirst(Edge x, int64_t rank, bool isLast) {
  SmallVector<int64_t> permutation = llvm::to_vector(llvm::seq<int64_t>(0, rank - 1));
  permutation.insert(permutation.begin() + 1, rank - 1);
  return isLast ? transpose(x, permutation) : x;
}

Edge NodeBuilder::channelsLast(Edge y, int64_t rank, bool isLast) {
  SmallVector<int64_t> permutation = llvm::to_vector(llvm::seq<int64_t>(2, rank));
  permutation.insert(permutation.begin(), 0);
  permutation.push_back(1);
  return isLast ? transpose(y, permutation) : y;
}

// ---- results

LogicalResult NodeBuilder::result(unsigned i, Edge edge) {
  if (failed || !edge)
    return failure();
  if (!edge.elementType)
    edge.elementType = elementType(op->getResult(i));
  exporter.bind(op->getResult(i), edge);
  return success();
}

LogicalResult NodeBuilder::results(ArrayRef<Edge> edges) {
  for (auto [i, edge] : llvm::enumerate(edges))
    if (mlir::failed(result(i, edge)))
      return failure();
  return success();
}

LogicalResult NodeBuilder::refuse(const Twine &why) {
  failed = true;
  return withCode("E-UNSUPPORTED", op->emitOpError()) << "cannot be written as ONNX: " << why;
}
