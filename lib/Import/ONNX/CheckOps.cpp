// CheckOps.cpp - versions, and what every node's op is: an op of ONNX, a function of the model, or somebody else's.
#include "Check.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringExtras.h"

using llvm::StringRef;
using llvm::Twine;

namespace cameo::onnx {
namespace {

/// "ai.onnx" for ONNX's own domain, whose short form is empty.
std::string shownDomain(StringRef domain) { return domain.empty() ? "ai.onnx" : escaped(domain); }

/// ONNX Runtime's own ops; its exporters often forget to import the domain, and it has only one version.
constexpr StringRef microsoft = "com.microsoft";

void checkImports(llvm::ArrayRef<OpsetImport> imports, const Twine &where, Report &report) {
  llvm::SmallDenseMap<StringRef, int64_t> seen;
  for (const OpsetImport &import : imports) {
    std::string domain = shownDomain(import.domain);
    int64_t newest = newestVersion(import.domain);
    if (import.version < 1)
      report.error("E-OPSET", where + "imports opset " + Twine(import.version) + " of domain " + domain +
                                  "; it must be at least 1");
    else if (newest && import.version > newest)
      report.error("E-OPSET",
                   where + "imports opset " + Twine(import.version) + " of domain " + domain +
                       ", which is newer than " + Twine(newest) +
                       ", the newest supported; export the model with an older opset",
                   ExitCode::Unsupported);
    auto [it, fresh] = seen.try_emplace(import.domain, import.version);
    if (!fresh && it->second != import.version)
      report.error("E-OPSET", where + "imports domain " + domain + " as opset " + Twine(it->second) + " and as opset " +
                                  Twine(import.version));
  }
}

/// Resolves the nodes of one model or function. Ops that neither ONNX nor the model defines stay unresolved: whether
/// there is a handler is the importer's question, which tells of all that have none at once.
class Resolver {
public:
  explicit Resolver(Report &report) : report(report) {}

  void addFunction(const Function &function) {
    auto [it, fresh] = functions[{function.domain, function.name}].try_emplace(function.overload, &function);
    if (!fresh)
      report.error("E-SSA",
                   "function '" + shownDomain(function.domain) + "." + escaped(function.name) + "' is defined twice");
  }

  void resolve(std::vector<Node> &nodes, llvm::ArrayRef<OpsetImport> imports) {
    forEachNode(nodes, [&](Node &node, int) { resolve(node, imports); });
  }

private:
  Report &report;
  llvm::DenseMap<std::pair<StringRef, StringRef>, llvm::SmallDenseMap<StringRef, const Function *, 1>> functions;
  bool saidNoOpset = false;

  void resolve(Node &node, llvm::ArrayRef<OpsetImport> imports) {
    const auto *import = llvm::find_if(imports, [&](const OpsetImport &i) { return i.domain == node.domain; });
    if (import != imports.end())
      node.opset = import->version;
    else if (node.domain == microsoft)
      node.opset = 1;
    else if (node.domain.empty() && !std::exchange(saidNoOpset, true))
      report.error("E-OPSET", node, "there is no opset import for domain ai.onnx, so the op's version is unknown");
    if (!node.opset)
      return;
    if (auto it = functions.find({node.domain, node.opType}); it != functions.end()) {
      node.function = it->second.lookup(node.overload);
      if (node.function)
        return;
    }
    node.schema = findSchema(node.domain, node.opType, node.opset);
  }
};

} // namespace

void checkVersions(const Model &model, Report &report) {
  if (model.irVersion > newestIrVersion())
    report.error("E-IRVER",
                 "the model has IR version " + Twine(model.irVersion) + ", which is newer than " +
                     Twine(newestIrVersion()) +
                     ", the newest supported; export the model with an older version of onnx",
                 ExitCode::Unsupported);
  else if (model.irVersion < 1)
    report.error("E-IRVER",
                 "the model has IR version " + Twine(model.irVersion) + "; expected 1 to " + Twine(newestIrVersion()));
  if (model.opsets.empty())
    report.error("E-OPSET", "there is no opset import; expected at least one for domain ai.onnx");
  checkImports(model.opsets, "the model ", report);
  for (const Function &f : model.functions)
    checkImports(f.opsets, "function '" + escaped(f.name) + "' ", report);
}

void resolveOps(Model &model, Report &report) {
  Resolver resolver(report);
  for (const Function &f : model.functions)
    resolver.addFunction(f);
  resolver.resolve(model.graph.nodes, model.opsets);
  for (Function &f : model.functions)
    // Before IR version 10 a function could leave its imports to the model.
    resolver.resolve(f.nodes, f.opsets.empty() ? model.opsets : f.opsets);
}

void resolveOps(Function &function, Report &report) {
  Resolver resolver(report);
  resolver.resolve(function.nodes, function.opsets);
}

std::string whyUnknown(const Node &node) {
  std::string op = escaped(node.opType), set = shownDomain(node.domain) + "-" + std::to_string(node.opset);
  if (!node.opset)
    return "domain " + escaped(node.domain) + " is not imported, and the model has no such functions";
  if (!isSchemaDomain(node.domain))
    return op + " is neither known nor a function of the model";
  if (const OpSchema *later = findSchema(node.domain, node.opType, INT64_MAX)) {
    // The table is sorted by version, so the first of this name is the oldest.
    while (later != allSchemas().begin() && (later - 1)->name == later->name && (later - 1)->domain == later->domain)
      --later;
    return op + " is not in " + set + "; it exists since opset " + std::to_string(later->since);
  }
  std::vector<StringRef> nearest = nearestOps(node.domain, node.opType, node.opset);
  return op + " is not in " + set +
         (nearest.empty() ? std::string() : "; the nearest names are " + llvm::join(nearest, ", "));
}

} // namespace cameo::onnx
