// GraphExporter.cpp - the walk over @main: inputs, ops by their writers, outputs, names.
#include "GraphExporter.h"
#include "cameo/Dialect/Cameo/Attributes.h"
#include "cameo/Dialect/Cameo/ConstantBytes.h"
#include "cameo/Import/ONNX/Schema.h"
#include "cameo/Support/ErrorCode.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/DialectResourceBlobManager.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::onnx;

// ---- what handlers register

Writer HandlerTable::written(llvm::StringLiteral form) {
  return [form](NodeBuilder &b) { return exportByForm(b, form); };
}

Operation *HandlerTable::operationOf(NodeBuilder &b) { return b.op; }

// ---- tensors

std::string GraphExporter::unique(StringRef name) {
  std::string base = name.empty() ? "tensor" : name.str(), result = base;
  for (int number = 1; !names.insert(result).second; ++number)
    result = base + "_" + std::to_string(number);
  return result;
}

Edge GraphExporter::newEdge(Type elementType, StringRef name) {
  model.tensorNames.push_back(name.str());
  return {int64_t(model.tensorNames.size()) - 1, elementType};
}

Edge GraphExporter::initializer(ElementsAttr value, ArrayRef<int64_t> dims, StringRef name) {
  Edge &edge = constants[{value.getAsOpaquePointer(), dims.vec()}];
  if (edge)
    return edge;
  Type elementType = cast<ShapedType>(value.getType()).getElementType();
  // Many equal numbers are a node, not bytes in the file. In the outermost graph, so that all others see it.
  constexpr int64_t kSplatBytes = 4096;
  auto splat = dyn_cast<DenseElementsAttr>(value);
  if (splat && splat.isSplat() && !isa<StringType>(elementType) && constantBytes(value) > kSplatBytes) {
    auto type = RankedTensorType::get({int64_t(dims.size())}, IntegerType::get(value.getContext(), 64));
    Edge shape = initializer(DenseElementsAttr::get(type, dims), type.getShape(), (name + "/shape").str());
    const OpSchema *schema = admittingSchema("", "ConstantOfShape", {shape}, {}, 1, value.getContext());
    ElementsAttr element = splat.resizeSplat(RankedTensorType::get({1}, elementType));
    if (schema->output(0)->types.allowsTensor(dataTypeOf(elementType))) {
      edge = newEdge(elementType);
      require("", schema->since);
      NodeRecord node{
          name.str(), "", "ConstantOfShape", {shape.number}, {edge.number}, {NodeAttribute("value", element)}};
      madeIn[edge.number] = &model.graph;
      model.graph.nodes.push_back(std::move(node));
      return edge;
    }
  }
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(value))
    name = resource.getRawHandle().getKey();
  return edge = newInitializer(value, dims, name.empty() ? "constant" : name);
}

Edge GraphExporter::newInitializer(ElementsAttr value, ArrayRef<int64_t> dims, StringRef name) {
  Edge edge = newEdge(value.getElementType(), unique(name));
  model.initializers.push_back({edge.number, value, SmallVector<int64_t>(dims)});
  return edge;
}

const InitializerRecord *GraphExporter::initializerOf(Edge edge) const {
  auto it = llvm::lower_bound(model.initializers, edge.number,
                              [](const InitializerRecord &i, int64_t n) { return i.number < n; });
  return it != model.initializers.end() && it->number == edge.number ? &*it : nullptr;
}

Edge GraphExporter::edgeOf(Value value) {
  if (auto it = edges.find(value); it != edges.end())
    return it->second;
  if (ElementsAttr constant = constantBehind(value)) {
    Value origin = value; // the constant's own name, not the view's
    while (Operation *view = isa<ConstantOp>(origin.getDefiningOp()) ? nullptr : origin.getDefiningOp())
      origin = view->getOperand(0);
    auto names = nodeNames(origin.getLoc());
    return initializer(constant, cast<RankedTensorType>(value.getType()).getShape(),
                       names.empty() ? StringRef() : names.back());
  }
  return {};
}

void GraphExporter::addNode(NodeRecord node) {
  for (int64_t output : node.outputs)
    madeIn[output] = current;
  current->nodes.push_back(std::move(node));
}

void GraphExporter::require(StringRef domain, int64_t since) {
  int64_t &opset = model.opsets[domain.str()];
  opset = std::max({opset, baseOpset(domain), since});
}

// ---- ops

LogicalResult GraphExporter::exportOp(Operation *op) {
  NodeBuilder b(*this, op);
  if (const Writer *writer = handlers().writer(op->getName().getStringRef()))
    return (*writer)(b);
  if (auto pointwise = dyn_cast<PointwiseInterface>(op); pointwise && !pointwise.onnxName().empty())
    return exportPointwise(b, pointwise.onnxName());
  return b.refuse(op->getName().getStringRef() + " has no form in ONNX" +
                  (isa<KernelOp>(op) ? "; stop after a phase that comes before kernels" : ""));
}

LogicalResult GraphExporter::exportBlock(Block &block) {
  bool ok = true;
  for (Operation &op : block.without_terminator()) {
    if (op.getNumResults() == 1 && constantBehind(op.getResult(0)))
      continue; // made where it is used
    if (succeeded(exportOp(&op)))
      continue;
    ok = false;
    for (Value result : op.getResults()) // so that what follows fails for its own reasons only
      bind(result, newEdge(getElementTypeOrSelf(result.getType())));
  }
  return success(ok);
}

Edge GraphExporter::ownOutput(Value value, llvm::DenseSet<int64_t> &taken, StringRef name) {
  Edge edge = edgeOf(value);
  auto producer = madeIn.find(edge.number);
  std::string &own = model.tensorNames[edge.number];
  if (producer != madeIn.end() && producer->second == current && own.empty() && taken.insert(edge.number).second) {
    own = name.str();
    return edge;
  }
  Edge copy = newEdge(edge.elementType, name);
  require("", 1);
  addNode({name.str(), "", "Identity", {edge.number}, {copy.number}, {}});
  taken.insert(copy.number);
  return copy;
}

std::shared_ptr<GraphRecord> GraphExporter::subgraph(Block &block, StringRef name) {
  auto graph = std::make_shared<GraphRecord>();
  graph->name = name;
  GraphRecord *outer = std::exchange(current, graph.get());
  for (BlockArgument argument : block.getArguments()) {
    auto type = cast<RankedTensorType>(argument.getType());
    bind(argument, newEdge(type.getElementType(), unique((name + "_in").str())));
    graph->inputs.push_back({edgeOf(argument).number, type, {}});
  }
  LogicalResult done = exportBlock(block);
  llvm::DenseSet<int64_t> taken;
  if (succeeded(done))
    for (Value value : block.getTerminator()->getOperands())
      graph->outputs.push_back(
          {ownOutput(value, taken, unique((name + "_out").str())).number, cast<RankedTensorType>(value.getType()), {}});
  current = outer;
  return succeeded(done) ? graph : nullptr;
}

static std::vector<std::string> dimNames(mlir::Attribute attribute) {
  std::vector<std::string> names;
  if (auto list = dyn_cast_or_null<ArrayAttr>(attribute))
    for (mlir::Attribute name : list)
      names.push_back(cast<StringAttr>(name).str());
  return names;
}

LogicalResult GraphExporter::exportMain(func::FuncOp main) {
  current = &model.graph;
  require("", 1);
  Operation *terminator = main.front().getTerminator();
  auto nameOf = [](mlir::Attribute name) { return cast<StringAttr>(name).getValue(); };
  SmallVector<StringRef> outputNames;
  for (unsigned i = 0; i < terminator->getNumOperands(); ++i) {
    outputNames.push_back(nameOf(main.getResultAttr(i, kNameAttr)));
    names.insert(outputNames.back());
  }
  for (BlockArgument argument : main.getArguments()) {
    StringRef name = nameOf(main.getArgAttr(argument.getArgNumber(), kNameAttr));
    names.insert(name);
    auto type = cast<RankedTensorType>(argument.getType());
    bind(argument, newEdge(type.getElementType(), name));
    model.graph.inputs.push_back(
        {edgeOf(argument).number, type, dimNames(main.getArgAttr(argument.getArgNumber(), kDimsAttr))});
  }
  if (failed(exportBlock(main.front())))
    return failure();
  llvm::DenseSet<int64_t> taken;
  for (auto [i, value] : llvm::enumerate(terminator->getOperands()))
    model.graph.outputs.push_back({ownOutput(value, taken, outputNames[i]).number,
                                   cast<RankedTensorType>(value.getType()),
                                   dimNames(main.getResultAttr(i, kDimsAttr))});
  nameNodes(model.graph);
  return success();
}

/// Of the nodes that one ONNX node has become, the last, which gives its results, has its name.
void GraphExporter::nameNodes(GraphRecord &graph) {
  llvm::StringMap<NodeRecord *> last;
  llvm::StringSet<> taken;
  SmallVector<NodeRecord *> nodes;
  std::function<void(GraphRecord &)> collect = [&](GraphRecord &graph) {
    for (NodeRecord &node : graph.nodes) {
      for (NodeAttribute &attribute : node.attributes)
        if (auto *inner = std::get_if<std::shared_ptr<GraphRecord>>(&attribute.value))
          collect(**inner);
      if (!node.name.empty())
        last[node.name] = &node;
      nodes.push_back(&node);
    }
  };
  collect(graph);
  for (auto &entry : last)
    taken.insert(entry.getKey());
  for (NodeRecord *node : nodes) {
    if (last.lookup(node->name) != node) {
      std::string base = node->name.empty() ? node->opType : node->name + "/" + node->opType;
      node->name = base;
      for (int number = 1; !taken.insert(node->name).second; ++number)
        node->name = base + "_" + std::to_string(number);
    }
    for (auto [i, output] : llvm::enumerate(node->outputs))
      if (std::string &name = model.tensorNames[output]; name.empty())
        name = unique(node->name + "_output_" + std::to_string(i));
  }
}
