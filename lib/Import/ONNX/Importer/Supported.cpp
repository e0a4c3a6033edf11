// Supported.cpp - which ops can be imported; tells of all that cannot before anything is built.
#include "GraphImporter.h"
#include "cameo/Import/ONNX/Schema.h"
#include "llvm/ADT/MapVector.h"

using namespace cameo;
using namespace cameo::onnx;

static std::string qualifiedName(llvm::StringRef domain, llvm::StringRef name) {
  return domain.empty() ? name.str() : (domain + "." + name).str();
}

namespace {
/// Walks all graphs and functions and collects what has no way in.
struct Census {
  Census(const ModelFile &file, const PointwiseTable &table) : file(file), table(table) {}
  const ModelFile &file;
  const PointwiseTable &table;
  struct Entry {
    const Node *first;
    int64_t count = 0;
  };
  llvm::MapVector<std::pair<llvm::StringRef, llvm::StringRef>, Entry> missing; ///< by domain and name
  llvm::DenseMap<const Function *, bool> bodies;                               ///< whether all of the body is supported

  bool nodesSupported(llvm::ArrayRef<Node> nodes) {
    return llvm::all_of(nodes, [&](const Node &n) { return supported(n) && subgraphsSupported(n); });
  }

  bool subgraphsSupported(const Node &node) {
    bool all = true;
    forEachGraph(node, [&](const Graph &g) { all &= nodesSupported(g.nodes); });
    return all;
  }

  template <typename Fn> void forEachGraph(const Node &node, Fn fn) {
    for (const Attribute &a : node.attributes)
      if (auto *graphs = std::get_if<std::vector<std::shared_ptr<const Graph>>>(&a.value))
        for (const auto &g : *graphs)
          fn(*g);
  }

  /// Whether the node itself can be imported; the model's own functions are looked at by `visitFunction`.
  bool supported(const Node &node) {
    if (handlers().find(node.domain, node.opType, node.opset) || isPointwise(node, table))
      return true;
    const Function *body = node.function;
    if (!body && node.schema)
      body = file.schemaFunction(*node.schema, node.opset);
    if (!body)
      return false;
    if (node.function)
      return true;
    auto [it, isNew] = bodies.try_emplace(body, true);
    if (!isNew)
      return it->second;
    bool all = nodesSupported(body->nodes);
    return bodies[body] = all;
  }

  void visit(llvm::ArrayRef<Node> nodes) {
    for (const Node &node : nodes) {
      if (!supported(node))
        ++missing.try_emplace({node.domain, node.opType}, Entry{&node}).first->second.count;
      forEachGraph(node, [&](const Graph &g) { visit(g.nodes); });
    }
  }
};
} // namespace

/// What to do instead of using an op that has no way in; looked up by the beginning of its name.
static constexpr std::pair<llvm::StringLiteral, llvm::StringLiteral> kWorkarounds[] = {
    {"BeamSearch", "export the decoder alone and let the program around it search"},
    {"GreedySearch", "export the decoder alone and let the program around it search"},
    {"Sampling", "export the decoder alone and let the program around it sample"},
    {"WhisperBeamSearch", "export the decoder alone and let the program around it search"},
    {"DecoderMaskedSelfAttention", "optimize the decoder without it; MultiHeadAttention is supported"},
    {"Packed", "optimize the model without packing mode; Attention and MultiHeadAttention are supported"},
    {"RemovePadding", "optimize the model without packing mode"},
    {"RestorePadding", "optimize the model without packing mode"},
    {"PagedAttention", "export with GroupQueryAttention, whose caches lie in one piece"},
    {"SparseAttention", "export with GroupQueryAttention, or with attention as nodes of its own and a mask"},
    {"LongformerAttention", "leave attention as the nodes that PyTorch exports"},
    {"QOrdered", "quantize with QuantizeLinear and DequantizeLinear nodes (QDQ)"},
    {"EPContext", "compile the model that it was made from"},
};

/// Why there is no way to import the node, and what else could be done.
static std::string reasonFor(const Node &node) {
  if (node.domain == "com.microsoft.nchwc" || node.domain == "com.ms.internal.nhwc")
    return escaped(node.opType) +
           " of ONNX Runtime's layouts, whose blocks no file tells, is not supported; save the model "
           "with ORT_ENABLE_EXTENDED, not ORT_ENABLE_ALL";
  if (!node.schema && !node.function && node.domain != "com.microsoft")
    return whyUnknown(node);
  for (auto [name, workaround] : kWorkarounds)
    if (node.opType.starts_with(name))
      return escaped(node.opType) + " is not supported; " + workaround.str();
  return escaped(node.opType) + " is not supported; cameo-compile --list-ops says what is";
}

static Diagnostic unsupported(llvm::StringRef code, const llvm::Twine &message) {
  Diagnostic d;
  d.code = code;
  d.exitCode = exitCodeOfCode(code);
  d.message = message.str();
  return d;
}

/// The type of what ZipMap gives, whose handler gives a tensor for it: maps from labels to probabilities.
static bool isZipped(const ValueType &type) {
  const ValueType *map = type.kind == ValueType::Kind::Sequence ? type.element.get() : nullptr;
  const ValueType *value = map && map->kind == ValueType::Kind::Map ? map->element.get() : nullptr;
  return value && value->kind == ValueType::Kind::Tensor && value->elementType == DataType::Float;
}

/// The element types of the model's inputs and outputs; those inside are seen when their ops are imported.
static bool checkTypes(const ModelFile &file, mlir::MLIRContext *context, std::vector<Diagnostic> &diagnostics) {
  size_t before = diagnostics.size();
  auto check = [&](const ValueInfo &value, llvm::StringRef what, bool mayBeOpen) {
    const ValueType *type = &value.type;
    while (type->element && (type->kind == ValueType::Kind::Sequence || type->kind == ValueType::Kind::Optional))
      type = type->element.get();
    if (type == &value.type && type->kind == ValueType::Kind::Map && type->element &&
        elementTypeOf(type->elementType, context))
      type = type->element.get();
    bool isTensor = type->kind == ValueType::Kind::Tensor;
    if (value.hasInitializer || (mayBeOpen && type->kind == ValueType::Kind::None) ||
        (isTensor &&
         (elementTypeOf(type->elementType, context) || (mayBeOpen && type->elementType == DataType::Undefined))))
      return;
    diagnostics.push_back(unsupported("E-TYPE", escaped(file.path()) + ": " + what + " '" + escaped(value.name) +
                                                    "' has type " + escaped(value.type.str()) +
                                                    "; supported are tensors of " + kSupportedTypes +
                                                    ", and sequences, optionals and maps of them"));
  };
  for (const ValueInfo &input : file.model().graph.inputs)
    check(input, "input", false);
  for (const ValueInfo &output : file.model().graph.outputs)
    if (!isZipped(output.type))
      check(output, "output", true);
  return diagnostics.size() == before;
}

bool cameo::onnx::checkSupported(const ModelFile &file, const PointwiseTable &table, mlir::MLIRContext *context,
                                 std::vector<Diagnostic> &diagnostics) {
  Census census(file, table);
  census.visit(file.model().graph.nodes);
  for (const Function &function : file.model().functions)
    census.visit(function.nodes);
  for (auto &[op, entry] : census.missing) {
    const Node &node = *entry.first;
    bool isKnown = isSchemaDomain(node.domain) || node.domain == "com.microsoft";
    Diagnostic d = unsupported(
        isKnown ? "E-OP" : "E-DOMAIN",
        describeNode(file.path(), node) + ": " + reasonFor(node) +
            (entry.count > 1 ? " (first of " + std::to_string(entry.count) + " such nodes)" : std::string()));
    d.node = node.name.str();
    d.count = entry.count;
    diagnostics.push_back(std::move(d));
  }
  bool typesFit = checkTypes(file, context, diagnostics);
  return census.missing.empty() && typesFit;
}

std::vector<std::string> cameo::onnx::supportedOps(mlir::MLIRContext &context) {
  std::set<std::string> names;
  for (const auto &entry : pointwiseTable(context))
    names.insert(entry.first().str());
  for (const OpSchema &schema : allSchemas())
    if (!schema.deprecated && !schema.functions.empty())
      names.insert(qualifiedName(schema.domain, schema.name));
  handlers().forEach([&](llvm::StringRef domain, llvm::StringRef op) { names.insert(qualifiedName(domain, op)); });
  return {names.begin(), names.end()};
}
