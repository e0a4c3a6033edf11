// GraphImporter.cpp - scopes, names and the walk over nodes: handler, pointwise op, or inlined function.
#include "GraphImporter.h"
#include "cameo/Import/ONNX/Schema.h"
#include "cameo/Support/ErrorCode.h"
#include "mlir/IR/Verifier.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CheckedArithmetic.h"
#include "llvm/Support/SaveAndRestore.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::onnx;

GraphImporter::GraphImporter(std::shared_ptr<const ModelFile> file, MLIRContext &context, const ImportOptions &options,
                             std::vector<cameo::Diagnostic> &diagnostics, bool openAxesAreOne)
    : file(std::move(file)), options(options), diagnostics(diagnostics), builder(&context),
      pointwise(pointwiseTable(context)), openAxesAnswer(openAxesAreOne) {}

/// How often a node may be imported on average until what the loops around it carry is known.
constexpr int64_t kTriesPerNode = 16;

// ---- messages

void GraphImporter::report(cameo::Severity severity, StringRef code, const Twine &message) {
  cameo::Diagnostic d;
  d.severity = severity;
  d.code = code;
  d.exitCode = exitCodeOfCode(code);
  if (place.node) {
    d.node = place.node->name.str();
    d.message = describeNode(file->path(), *place.node) + ": ";
    if (!place.bodyOp.empty())
      d.message += "in its definition, " + place.bodyOp.str() + ": ";
  } else {
    d.message = escaped(file->path()) + ": ";
  }
  d.message += message.str();
  diagnostics.push_back(std::move(d));
}

LogicalResult GraphImporter::error(StringRef code, const Twine &message) {
  report(cameo::Severity::Error, code, message);
  return failure();
}

/// Errors of shape functions and verifiers say `'cameo.reshape' op ...`; the user knows the node, so only the rest is
/// told.
LogicalResult GraphImporter::handleDiagnostic(mlir::Diagnostic &diagnostic) {
  if (diagnostic.getSeverity() != DiagnosticSeverity::Error && diagnostic.getSeverity() != DiagnosticSeverity::Warning)
    return success();
  std::string text = diagnostic.str();
  StringRef message = text;
  if (message.consume_front("'cameo."))
    message = message.split("' op ").second;
  bool isError = diagnostic.getSeverity() == DiagnosticSeverity::Error;
  StringRef code = codeOf(diagnostic, place.node ? "E-SHAPE" : "E-INTERNAL");
  report(isError ? cameo::Severity::Error : cameo::Severity::Warning, code, message);
  return success();
}

// ---- names

void GraphImporter::addInitializers(Scope &scope, const Graph &graph) {
  for (const TensorView &tensor : graph.initializers)
    scope.initializers[tensor.name] = &tensor;
  for (const SparseTensorView &tensor : graph.sparseInitializers)
    scope.sparseInitializers[tensor.values.name] = &tensor;
}

bool GraphImporter::isGiven(StringRef name) const {
  if (name.empty())
    return false;
  for (const Scope *s = scope; s; s = s->parent) {
    if (auto it = s->values.find(name); it != s->values.end())
      return it->second.isGiven();
    if (s->initializers.contains(name) || s->sparseInitializers.contains(name))
      return true;
  }
  return false;
}

Value GraphImporter::lookup(StringRef name) {
  Binding value = binding(name);
  if (value.isSequence() || value.map)
    (void)error("E-TYPE", "'" + escaped(name) + "' is a " + (value.map ? "map" : "sequence") + "; expected a tensor");
  return value.tensor;
}

Binding GraphImporter::binding(StringRef name) {
  for (Scope *s = scope; s; s = s->parent) {
    if (auto it = s->values.find(name); it != s->values.end())
      return it->second;
    if (s->initializers.contains(name) || s->sparseInitializers.contains(name))
      return materialize(*s, name);
  }
  (void)error("E-UNDEF", "value '" + escaped(name) + "' is used but never defined");
  return {};
}

Value GraphImporter::materialize(Scope &owner, StringRef name) {
  OpBuilder::InsertionGuard guard(builder);
  Operation *&last = lastConstant[owner.block];
  if (last)
    builder.setInsertionPointAfter(last);
  else
    builder.setInsertionPointToStart(owner.block);
  Location loc = NameLoc::get(builder.getStringAttr(name));
  Value value;
  if (auto it = owner.initializers.find(name); it != owner.initializers.end())
    value = constant(builder, loc, *it->second);
  else
    value = sparseConstant(builder, loc, *owner.sparseInitializers.find(name)->second);
  if (!value)
    return {};
  last = value.getDefiningOp();
  owner.values[name] = value;
  if (owner.isMain && failed(checkDeclared(name, value)))
    return {};
  return value;
}

LogicalResult GraphImporter::bind(StringRef name, Binding value) {
  for (Value *part : value.parts())
    if (failed(checkSize(name, *part)))
      return failure();
  if (value.tensor && scope->isMain && failed(checkDeclared(name, value.tensor)))
    return failure();
  scope->values[name] = std::move(value);
  return success();
}

LogicalResult GraphImporter::checkSize(StringRef name, Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  if (type.getRank() > options.read.limits.rank)
    return error("E-RANK", "'" + escaped(name) + "' has rank " + Twine(type.getRank()) + "; the limit is " +
                               Twine(options.read.limits.rank));
  std::optional<int64_t> bytes = storageBytes(type.getElementType(), 1);
  for (Dim dim : shapes.dimsOf(value)) {
    std::optional<int64_t> size = dim.constant(); // -2^63 is what types mean an open size by
    if (!size)
      continue;
    if (*size < 0)
      return error("E-SHAPE", "'" + escaped(name) + "' has a negative size: " + formatShape(shapes.dimsOf(value)));
    bytes = bytes ? llvm::checkedMul(*bytes, *size) : std::nullopt;
  }
  if (llvm::is_contained(type.getShape(), 0))
    return success();
  if (!bytes)
    return error("E-OVERFLOW",
                 "'" + escaped(name) + "' has shape " + formatShape(shapes.dimsOf(value)) + ", more than 2^63 bytes");
  if (*bytes > options.read.limits.tensorBytes)
    return error("E-MEMORY", "'" + escaped(name) + "' has shape " + formatShape(shapes.dimsOf(value)) + " and needs " +
                                 Twine(*bytes >> 20) + " MiB; the limit is " +
                                 Twine(options.read.limits.tensorBytes >> 20) + " MiB (--max-tensor-bytes)");
  return success();
}

/// A declared type may say less than the inferred one, not something else. Sizes are compared where both are static:
/// names and unknown sizes are often wrong in real files.
LogicalResult GraphImporter::checkDeclared(StringRef name, Value value) {
  auto it = declared.find(name);
  if (it == declared.end() || it->second->kind != ValueType::Kind::Tensor)
    return success();
  const ValueType &wanted = *it->second;
  auto type = cast<RankedTensorType>(value.getType());
  // Sizes that --dim fixes may make static sizes that were computed by the exporter untrue; a shape with open sizes is
  // what converters write that have not computed it, and exporters write the shape of a scalar where they mean that
  // they don't know.
  bool isScalar = wanted.hasShape && wanted.dims.empty();
  bool lenient = options.lenientShapes || !options.dims.empty() ||
                 !llvm::all_of(wanted.dims, [](const Dimension &d) { return d.isStatic(); });
  auto contradict = [&](const Twine &message, bool lenient) -> LogicalResult {
    report(lenient ? cameo::Severity::Warning : cameo::Severity::Error, "E-SHAPE",
           "'" + escaped(name) + "' " + message + (lenient ? "" : "; --lenient-shapes makes this a warning"));
    return success(lenient);
  };
  if (wanted.elementType != DataType::Undefined && wanted.elementType != dataTypeOf(type.getElementType()))
    return contradict("is declared as " + dataTypeName(wanted.elementType) + ", but computed as " +
                          dataTypeName(dataTypeOf(type.getElementType())),
                      lenient);
  bool isOutput = scope->isMain && llvm::is_contained(scope->outputs, name);
  if (!wanted.hasShape || (isScalar && !isOutput))
    return success();
  bool fits = int64_t(wanted.dims.size()) == type.getRank();
  for (size_t i = 0; fits && i < wanted.dims.size(); ++i)
    fits = wanted.dims[i].value <= 0 || type.isDynamicDim(i) || wanted.dims[i].value == type.getDimSize(i);
  if (fits)
    return success();
  // PyTorch's exporter declares the states that an LSTM returns with an axis of size 1 more.
  SmallVector<int64_t> wantedSizes = llvm::map_to_vector(wanted.dims, [](const Dimension &d) { return d.value; });
  SmallVector<int64_t> sizes(type.getShape());
  llvm::erase(wantedSizes, 1);
  llvm::erase(sizes, 1);
  bool hasOneMore = type.hasStaticShape() && int64_t(wanted.dims.size()) == type.getRank() + 1 && wantedSizes == sizes;
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::interleave(wanted.dims, os, [&](const Dimension &d) { d.isStatic() ? os << d.value : os << "?"; }, "x");
  return contradict("is declared with shape " + Twine(text.empty() ? "scalar" : text) + ", but inferred as " +
                        formatShape(shapes.dimsOf(value)),
                    lenient || isScalar || hasOneMore);
}

std::optional<SmallVector<int64_t>> GraphImporter::declaredShape(StringRef name) const {
  auto it = declared.find(name);
  if (!scope->isMain || it == declared.end() || !it->second->hasShape)
    return std::nullopt;
  SmallVector<int64_t> sizes;
  for (const Dimension &dim : it->second->dims) {
    if (!dim.isStatic())
      return std::nullopt;
    sizes.push_back(dim.value);
  }
  return sizes;
}

// ---- nodes

Location GraphImporter::locationOf(const Node &node) {
  if (place.inSchemaBody)
    return *place.bodyLocation;
  std::string name = node.name.empty() ? (node.opType + "_#" + Twine(node.index)).str() : node.name.str();
  return NameLoc::get(builder.getStringAttr(place.callPrefix + name));
}

LogicalResult GraphImporter::importNodes(ArrayRef<Node> nodes) {
  for (size_t i = 0; i < nodes.size() && !scope->isEnded; ++i) {
    scope->rest = nodes.drop_front(i + 1);
    if (failed(importNode(nodes[i])))
      return failure();
  }
  return success();
}

/// Whether the node, or a graph in it, uses a value that could not be computed.
static bool usesFailed(const Node &node, const llvm::StringSet<> &failedNames) {
  auto isFailed = [&](StringRef name) { return failedNames.contains(name); };
  if (llvm::any_of(node.inputs, isFailed))
    return true;
  for (const onnx::Attribute &a : node.attributes)
    if (auto *graphs = std::get_if<std::vector<std::shared_ptr<const Graph>>>(&a.value))
      for (const auto &graph : *graphs)
        if (llvm::any_of(graph->nodes, [&](const Node &n) { return usesFailed(n, failedNames); }) ||
            llvm::any_of(graph->outputs, [&](const ValueInfo &v) { return isFailed(v.name); }))
          return true;
  return false;
}

LogicalResult GraphImporter::importMainNodes(ArrayRef<Node> nodes) {
  constexpr int64_t mostErrors = 50;
  int64_t errors = 0;
  llvm::StringSet<> failedNames;
  for (size_t i = 0; i < nodes.size() && !scope->isEnded; ++i) {
    const Node &node = nodes[i];
    scope->rest = nodes.drop_front(i + 1);
    bool skipped = usesFailed(node, failedNames);
    if (!skipped && succeeded(importNode(node)))
      continue;
    // A model over a limit may only get larger.
    if (!skipped && (++errors == mostErrors || diagnostics.back().exitCode == ExitCode::LimitExceeded))
      return failure();
    for (StringRef output : node.outputs)
      if (!output.empty() && !standIn(output))
        failedNames.insert(output);
  }
  return success(errors == 0);
}

bool GraphImporter::standIn(StringRef name) {
  auto it = declared.find(name);
  if (it == declared.end() || it->second->kind != ValueType::Kind::Tensor || !it->second->hasShape)
    return false;
  Type elementType = elementTypeOf(it->second->elementType, builder.getContext());
  if (!elementType)
    return false;
  SmallVector<int64_t> sizes;
  for (const Dimension &dim : it->second->dims)
    sizes.push_back(dim.isStatic() && dim.value >= 0 ? dim.value : ShapedType::kDynamic);
  Type type = RankedTensorType::get(sizes, elementType);
  scope->values[name] =
      UnrealizedConversionCastOp::create(builder, builder.getUnknownLoc(), type, ValueRange{}).getResult(0);
  return true;
}

LogicalResult GraphImporter::checkSequenceLength(int64_t length) {
  int64_t limit = options.read.limits.sequenceLength;
  return length <= limit ? success()
                         : error("E-LIMIT", "a sequence has more than " + Twine(limit) +
                                                " elements, or a loop that carries one more iterations; the limit is "
                                                "--max-sequence-length=" +
                                                Twine(limit));
}

/// Of the ops behind `before` in the current block, for a node whose element types nothing else has checked.
LogicalResult GraphImporter::checkOperandTypes(Operation *before) {
  Block *block = builder.getInsertionBlock();
  std::string problem;
  ScopedDiagnosticHandler listen(builder.getContext(), [&](mlir::Diagnostic &d) {
    if (problem.empty())
      problem = d.str();
    return success();
  });
  auto first = before && before->getBlock() == block ? std::next(before->getIterator()) : block->begin();
  for (Operation &op : llvm::make_range(first, block->end()))
    if (failed(verify(&op)))
      return error("E-DTYPE", "its inputs have other types than it takes: " + problem);
  return success();
}

LogicalResult GraphImporter::importNode(const Node &node) {
  llvm::SaveAndRestore<const Node *> saveNode(place.node, place.inSchemaBody ? place.node : &node);
  llvm::SaveAndRestore<StringRef> saveBodyOp(place.bodyOp, place.inSchemaBody ? node.opType : StringRef());
  if (++importedNodes > options.read.limits.nodes)
    return error("E-LIMIT", "the model has more than " + Twine(options.read.limits.nodes) +
                                " nodes once its functions and loops are expanded (--max-nodes)");
  if (++triedNodes / kTriesPerNode > options.read.limits.nodes)
    return error("E-LIMIT", "finding what the loops carry takes more than " + Twine(kTriesPerNode) +
                                " imports for each of " + Twine(options.read.limits.nodes) +
                                " nodes (--max-nodes); declare fixed sizes for what they carry");
  for (StringRef name : node.inputs)
    if (isGiven(name) && !binding(name).isGiven())
      return failure();
  if (failed(checkInputs(node)))
    return failure();

  size_t reported = diagnostics.size();
  OpBinder binder(*this, node, builder, locationOf(node));
  LogicalResult result = failure();
  Operation *before = builder.getInsertionBlock()->empty() ? nullptr : &builder.getInsertionBlock()->back();
  if (const Handler *handler = handlers().find(node.domain, node.opType, node.opset))
    result = (*handler)(binder);
  else if (isPointwise(node, pointwise))
    result = importPointwise(binder, pointwise);
  else if (node.function)
    return inlineFunction(*node.function, node);
  else if (const Function *body = node.schema ? file->schemaFunction(*node.schema, node.opset) : nullptr)
    return inlineFunction(*body, node);
  else
    return error("E-OP", node.opType + " is not supported"); // checkSupported has said so before.

  if (succeeded(result) && !node.schema)
    result = checkOperandTypes(before);
  if (failed(result)) {
    if (!firstError(reported))
      return error("E-INTERNAL", "the import failed without a reason; please report it");
    return failure();
  }
  for (StringRef output : node.outputs)
    if (!output.empty() && !scope->isEnded && !scope->values.contains(output))
      return error("E-UNSUPPORTED", "its output '" + escaped(output) + "' is not supported");
  return success();
}

/// As ONNX writes it.
static std::string typeOf(const MapValue &map) {
  auto name = [](Value v) { return dataTypeName(dataTypeOf(getElementTypeOrSelf(v.getType()))); };
  return ("map(" + name(map.keys) + ",tensor(" + name(map.values) + "))").str();
}

/// What a parameter may be, for a message.
static std::string expectedTypes(const FormalParameter &formal) {
  std::string allowed;
  for (int32_t t = 1; t <= lastDataType; ++t)
    if (formal.types.allowsTensor(DataType(t)))
      allowed += (allowed.empty() ? "" : ", ") + dataTypeName(DataType(t)).str();
  return allowed.empty() ? llvm::join(formal.types.others, ", ") : allowed;
}

/// What the reader could not see: the inputs' types, and which of them a call of the function around leaves out.
LogicalResult GraphImporter::checkInputs(const Node &node) {
  auto mustBeTensor = [&](StringRef name) {
    Binding given = isGiven(name) ? binding(name) : Binding();
    if (given.isSequence() || given.map)
      return error("E-TYPE",
                   "input '" + escaped(name) + "' is a " + (given.map ? "map" : "sequence") + "; expected a tensor");
    if (given.present)
      return error("E-TYPE",
                   "input '" + escaped(name) +
                       "' is an optional, and only the run knows whether it has an element; expected a tensor, "
                       "such as OptionalGetElement gives");
    return success();
  };
  if (!node.schema)
    return success(node.function ||
                   llvm::all_of(node.inputs, [&](StringRef name) { return succeeded(mustBeTensor(name)); }));
  llvm::StringMap<std::pair<StringRef, DataType>> variables;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const FormalParameter *formal = node.schema->input(i);
    if (!formal)
      continue;
    bool takesOptionals = llvm::any_of(formal->types.others, [](StringRef t) { return t.starts_with("optional("); });
    if (!isGiven(node.inputs[i])) {
      if (formal->kind == FormalParameter::Kind::Optional || takesOptionals)
        continue;
      return error("E-ARITY", "input " + Twine(i) + " ('" + formal->name + "') is required, but '" +
                                  escaped(node.inputs[i]) + "' is left out where its function is called");
    }
    Binding given = binding(node.inputs[i]);
    if (given.present && !takesOptionals)
      return mustBeTensor(node.inputs[i]);
    if (given.isSequence()) {
      if (!llvm::any_of(formal->types.others, [](StringRef t) { return t.contains("seq("); }))
        return error("E-DTYPE", "input '" + escaped(node.inputs[i]) + "' (" + formal->name +
                                    ") is a sequence; expected " +
                                    (formal->types.tensors ? "a tensor" : expectedTypes(*formal)));
      continue;
    }
    if (given.map) {
      std::string type = typeOf(*given.map);
      if (!llvm::is_contained(formal->types.others, type))
        return error("E-DTYPE", "input '" + escaped(node.inputs[i]) + "' (" + formal->name + ") is a " + type +
                                    "; expected " + (formal->types.tensors ? "a tensor" : expectedTypes(*formal)));
      continue;
    }
    // Where only sequences or optionals are allowed, a tensor is an optional that has an element.
    if (!formal->types.tensors && takesOptionals)
      continue;
    DataType type = dataTypeOf(getElementTypeOrSelf(given.tensor.getType()));
    if (!formal->types.allowsTensor(type))
      return error("E-DTYPE", "input '" + escaped(node.inputs[i]) + "' (" + formal->name + ") has type " +
                                  dataTypeName(type) + "; expected " + expectedTypes(*formal));
    if (formal->kind == FormalParameter::Kind::Variadic && !formal->homogeneous)
      continue;
    auto [it, isNew] = variables.try_emplace(formal->typeName, node.inputs[i], type);
    if (!isNew && it->second.second != type)
      return error("E-DTYPE", "inputs '" + escaped(it->second.first) + "' and '" + escaped(node.inputs[i]) +
                                  "' have types " + dataTypeName(it->second.second) + " and " + dataTypeName(type) +
                                  "; expected one type");
  }
  return success();
}

LogicalResult GraphImporter::inlineFunction(const Function &function, const Node &call) {
  Function bound = bindAttributes(function, call);
  Scope inner;
  inner.block = builder.getInsertionBlock();
  for (auto [i, name] : llvm::enumerate(bound.inputs))
    inner.values[name] = i < call.inputs.size() && isGiven(call.inputs[i]) ? binding(call.inputs[i]) : Binding();
  inner.outputs.assign(bound.outputs.begin(), bound.outputs.end());
  inner.replaced = Replaced{scope, &call, place};
  SmallVector<Binding> outputs;
  {
    Location loc = locationOf(call);
    llvm::SaveAndRestore<Scope *> saveScope(scope, &inner);
    llvm::SaveAndRestore<Place> savePlace(place);
    place.inSchemaBody |= call.function != &function;
    if (place.inSchemaBody)
      place.bodyLocation = loc;
    place.callPrefix = (cast<NameLoc>(loc).getName().strref() + "/").str();
    if (failed(importNodes(bound.nodes)))
      return failure();
    if (inner.replaced->scope->isEnded)
      return success();
    for (auto [i, name] : llvm::enumerate(bound.outputs)) {
      size_t reported = diagnostics.size();
      outputs.push_back(call.hasOutput(i) ? binding(name) : Binding());
      if (firstError(reported))
        return failure();
    }
  }
  for (auto [i, value] : llvm::enumerate(outputs))
    if (call.hasOutput(i) && failed(bind(call.outputs[i], value)))
      return failure();
  return success();
}

GraphImporter::Scope GraphImporter::scopeOf(const Graph &graph, Block *block) {
  Scope inner;
  inner.parent = scope;
  inner.block = block;
  addInitializers(inner, graph);
  for (const ValueInfo &output : graph.outputs)
    inner.outputs.push_back(output.name);
  return inner;
}

LogicalResult GraphImporter::importInPlace(const Graph &branch, const Node &node) {
  Scope inner = scopeOf(branch, builder.getInsertionBlock());
  inner.replaced = Replaced{scope, &node, place};
  FailureOr<SmallVector<Binding>> values = failure();
  {
    llvm::SaveAndRestore<Scope *> saveScope(scope, &inner);
    if (failed(importNodes(branch.nodes)))
      return failure();
    if (inner.replaced->scope->isEnded)
      return success();
    values = outputs(inner);
  }
  if (failed(values))
    return failure();
  for (auto [name, value] : llvm::zip(node.outputs, *values))
    if (!name.empty() && failed(bind(name, value)))
      return failure();
  return success();
}

FailureOr<SmallVector<Binding>> GraphImporter::importSubgraph(const Graph &graph, Block *block,
                                                              ArrayRef<Binding> arguments) {
  Scope inner = scopeOf(graph, block);
  for (auto [input, value] : llvm::zip(graph.inputs, arguments))
    inner.values[input.name] = value;
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(block);
  llvm::SaveAndRestore<Scope *> saveScope(scope, &inner);
  if (failed(importNodes(graph.nodes)))
    return failure();
  return outputs(inner);
}

FailureOr<SmallVector<Binding>> GraphImporter::outputs(const Scope &scope) {
  SmallVector<Binding> outputs;
  for (StringRef name : scope.outputs) {
    size_t reported = diagnostics.size();
    outputs.push_back(binding(name));
    if (outputs.back().map)
      return error("E-TYPE", "'" + escaped(name) + "', an output of its graph, is a map; expected a tensor");
    if (firstError(reported))
      return failure();
  }
  return outputs;
}

const cameo::Diagnostic *GraphImporter::firstError(size_t reported) const {
  ArrayRef<cameo::Diagnostic> since = ArrayRef(diagnostics).drop_front(reported);
  auto error = llvm::find_if(since, [](const cameo::Diagnostic &d) { return d.isError(); });
  return error == since.end() ? nullptr : error;
}

FailureOr<SmallVector<Binding>> GraphImporter::importBranch(const Graph &graph, Block *block, std::string &why) {
  ImportProgress start = progress();
  auto values = importSubgraph(graph, block, {});
  if (succeeded(values))
    return values;
  if (const cameo::Diagnostic *error = firstError(start.diagnostics);
      error && (error->code == "E-SHAPE" || error->code == "E-INDEX")) {
    why = error->message;
    takeBack(start);
  }
  return failure();
}

size_t GraphImporter::numEnclosingGraphs() const {
  size_t graphs = 1;
  for (const Scope *s = scope; s->replaced; s = s->replaced->scope)
    ++graphs;
  return graphs;
}

FailureOr<SmallVector<Binding>> GraphImporter::importRest(const Node &node, size_t graphs, Block *block,
                                                          ArrayRef<Binding> results, std::string &why) {
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(block);
  llvm::SaveAndRestore<Scope *> saveScope(scope);
  llvm::SaveAndRestore<Place> savePlace(place);
  ImportProgress start = progress();

  // One scope for the rest of each graph, which stand in place of the nodes that the graphs stand in place of.
  std::vector<Scope> rests(graphs);
  Scope *outer = scope;
  for (auto [i, rest] : llvm::enumerate(rests)) {
    rest.parent = outer;
    rest.block = block;
    rest.outputs = outer->outputs;
    if (i + 1 == graphs)
      break;
    rest.replaced = Replaced{&rests[i + 1], outer->replaced->node, outer->replaced->place};
    outer = outer->replaced->scope;
  }

  const Node *done = &node;
  FailureOr<SmallVector<Binding>> values = SmallVector<Binding>(results);
  for (Scope &rest : rests) {
    if (!rest.isEnded) {
      for (auto [name, value] : llvm::zip(done->outputs, *values))
        if (!name.empty())
          rest.values[name] = value;
      scope = &rest;
      if (failed(importNodes(rest.parent->rest))) {
        values = failure();
        break;
      }
    }
    if (rest.replaced && rest.replaced->scope->isEnded)
      continue;
    scope = &rest;
    values = outputs(rest);
    if (failed(values))
      break;
    if (rest.replaced) {
      done = rest.replaced->node;
      place = rest.replaced->place;
    }
  }
  if (succeeded(values))
    return values;
  if (const cameo::Diagnostic *error = firstError(start.diagnostics);
      error && error->exitCode != ExitCode::LimitExceeded) {
    why = error->message;
    takeBack(start);
  }
  return values;
}

void GraphImporter::endGraphs(size_t graphs, ArrayRef<Binding> outputs) {
  Scope *outermost = scope;
  outermost->isEnded = true;
  for (size_t i = 1; i < graphs; ++i) {
    outermost = outermost->replaced->scope;
    outermost->isEnded = true;
  }
  for (auto [name, value] : llvm::zip_equal(outermost->outputs, outputs))
    outermost->values[name] = value;
}

void GraphImporter::discard(Operation *op) {
  if (auto it = lastConstant.find(op->getBlock()); it != lastConstant.end() && it->second == op)
    lastConstant.erase(it);
  op->remove();
  discarded.emplace_back(op);
}
