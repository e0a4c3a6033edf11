// Supported.cpp - which ops can be imported; tells of all that cannot before anything is built.
#include "GraphImporter.h"
#include "cameo/Import/ONNX/Schema.h"
#include "llvm/ADT/MapVector.h"
#include <set>

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
    int64_t count = 0;
    std::string first;
    llvm::StringRef domain;
  };
  llvm::MapVector<llvm::StringRef, Entry> missing; ///< by name with domain; the keys live in `names`
  std::set<std::string> names;
  llvm::DenseMap<const Function *, bool> bodies; ///< whether all of the body is supported

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
      if (!supported(node)) {
        llvm::StringRef key = *names.insert(qualifiedName(node.domain, node.opType)).first;
        Entry &entry = missing[key];
        if (entry.count++ == 0) {
          entry.domain = node.domain;
          entry.first = node.name.empty() ? ("#" + llvm::Twine(node.index)).str() : escaped(node.name);
        }
      }
      forEachGraph(node, [&](const Graph &g) { visit(g.nodes); });
    }
  }
};
} // namespace

static bool isKnownDomain(llvm::StringRef domain) { return isSchemaDomain(domain) || domain == "com.microsoft"; }

bool cameo::onnx::checkSupported(const ModelFile &file, const PointwiseTable &table,
                                 std::vector<Diagnostic> &diagnostics) {
  Census census(file, table);
  census.visit(file.model().graph.nodes);
  for (const Function &function : file.model().functions)
    census.visit(function.nodes);

  std::string path = escaped(file.path());
  auto tell = [&](bool knownDomain, llvm::StringRef code, llvm::StringRef what, llvm::StringRef next) {
    int64_t nodes = 0;
    std::string list, first;
    for (auto &[name, entry] : census.missing) {
      if (isKnownDomain(entry.domain) != knownDomain)
        continue;
      if (nodes == 0)
        first = entry.first;
      list += (list.empty() ? "" : ", ") + escaped(name) + " (" + std::to_string(entry.count) +
              (entry.count > 1 ? ", first '" : ", '") + entry.first + "')";
      nodes += entry.count;
    }
    if (nodes == 0)
      return;
    Diagnostic d;
    d.code = code;
    d.exitCode = exitCodeOfCode(code);
    d.node = first;
    d.message = path + ": " + std::to_string(nodes) + (nodes == 1 ? " node uses " : " nodes use ") + what.str() + ": " +
                list + "; " + next.str();
    diagnostics.push_back(std::move(d));
  };
  tell(true, "E-OP", "operators that are not supported", "see cameo-compile --list-ops");
  tell(false, "E-DOMAIN", "operators of domains that are not known",
       "known are ONNX's own domains and com.microsoft; a function of the model may define them");
  return census.missing.empty();
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
