// ModelFile.cpp - opens a model, runs the checks in their order, and owns everything that the views point into.
#include "Check.h"
#include "MappedFile.h"
#include "Parser.h"
#include "llvm/ADT/DenseMap.h"
#include <mutex>

using llvm::StringRef;
using llvm::Twine;

namespace cameo::onnx {

struct ModelFile::Impl {
  Impl(const ReadOptions &options, StringRef path) : path(path.str()), options(options), external(options, path) {}

  std::string path;
  ReadOptions options;
  std::unique_ptr<MappedFile> file; ///< null for a model in memory
  ExternalData external;
  Model model;

  std::mutex mutex; ///< guards schemaFunctions
  llvm::DenseMap<const char *, std::unique_ptr<Function>> schemaFunctions;
};

ModelFile::ModelFile(std::unique_ptr<Impl> impl) : impl(std::move(impl)) {}
ModelFile::~ModelFile() = default;
const Model &ModelFile::model() const { return impl->model; }
const std::string &ModelFile::path() const { return impl->path; }

const Function *ModelFile::schemaFunction(const OpSchema &schema, int64_t opset) const {
  const FunctionBody *body = nullptr;
  for (const FunctionBody &candidate : schema.functions)
    if (candidate.opset <= opset)
      body = &candidate;
  // Softplus-1 has a body since opset 18 only: older models get it too, as the meaning did not change.
  if (!body && !schema.functions.empty())
    body = &schema.functions.front();
  if (!body)
    return nullptr;

  std::lock_guard lock(impl->mutex);
  std::unique_ptr<Function> &function = impl->schemaFunctions[body->bytes.data()];
  if (function)
    return function.get();
  auto parsed = std::make_unique<Function>();
  Diagnostic error;
  // The body is ours, from the schema table; what is wrong with it is found by the test that reads them all.
  ImportLimits limits;
  if (!parseFunction(body->bytes, schema.name, limits, *parsed, error))
    return nullptr;
  std::vector<Diagnostic> diagnostics;
  Report report(schema.name, limits, diagnostics);
  for (const AttributeSchema &a : schema.attributes)
    if (a.hasDefault())
      parsed->defaultAttributes.push_back(a.defaultValue);
    else
      parsed->requiredAttributes.push_back(a.name);
  checkNames(*parsed, report);
  resolveOps(*parsed, report);
  checkNodes(*parsed, report);
  if (report.failed())
    return nullptr;
  function = std::move(parsed);
  return function.get();
}

namespace {

/// A file that is text was meant to be something else; say what.
std::optional<std::string> textKind(StringRef bytes) {
  StringRef head = bytes.take_front(512);
  for (char c : head)
    if (static_cast<uint8_t>(c) < 0x20 && c != '\n' && c != '\r' && c != '\t')
      return std::nullopt;
  StringRef start = head.ltrim();
  if (start.starts_with("version https://git-lfs"))
    return "it is a Git LFS pointer; run `git lfs pull` to get the model";
  if (start.starts_with_insensitive("<!doctype") || start.starts_with_insensitive("<html"))
    return "it is a web page; the download gave an error or a login page instead of the model";
  return "it looks like text";
}

/// Bits of `message` that are no model at all get a message of their own, ahead of what the parser stumbles over.
bool parseStructure(StringRef bytes, ModelFile::Impl &impl, std::vector<Diagnostic> &diagnostics) {
  Diagnostic error;
  if (bytes.empty()) {
    diagnostics.push_back(
        {Severity::Error, "E-PARSE", ExitCode::InvalidModel, impl.path + ": the file is empty, not an ONNX model", {}});
    return false;
  }
  if (parseModel(bytes, impl.path, impl.options.limits, impl.model, error))
    return true;
  if (error.code == "E-PARSE")
    if (std::optional<std::string> kind = textKind(bytes))
      error.message = impl.path + ": not an ONNX model: " + *kind;
  diagnostics.push_back(std::move(error));
  return false;
}

std::unique_ptr<ModelFile> readBytes(StringRef bytes, std::unique_ptr<ModelFile::Impl> owned,
                                     std::vector<Diagnostic> &diagnostics, SupportCheck isSupported) {
  if (!parseStructure(bytes, *owned, diagnostics))
    return nullptr;
  ModelFile::Impl &impl = *owned;
  Model &model = impl.model;
  Report report(impl.path, impl.options.limits, diagnostics);
  // Before IR version 3 there were no opset imports, and ONNX's own was version 1.
  if (model.opsets.empty() && model.irVersion > 0 && model.irVersion < 3)
    model.opsets.push_back({"", 1});

  using Step = void (*)(ModelFile::Impl &, Report &);
  static constexpr Step namesToCalls[] = {
      [](ModelFile::Impl &m, Report &r) { checkNames(m.model, r); },
      [](ModelFile::Impl &m, Report &r) { checkVersions(m.model, r); },
      [](ModelFile::Impl &m, Report &r) { resolveOps(m.model, r); },
      [](ModelFile::Impl &m, Report &r) { checkCalls(m.model, r); },
  };
  for (Step step : namesToCalls) {
    step(impl, report);
    if (report.failed())
      return nullptr;
  }
  auto file = std::make_unique<ModelFile>(std::move(owned));
  // Ops without a way in are told together with wrong attributes of the others: both are about nodes.
  bool supported = !isSupported || isSupported(*file);
  checkNodes(model, report);
  if (!supported || report.failed())
    return nullptr;
  checkTensors(model, impl.external, report);
  return report.failed() ? nullptr : std::move(file);
}

} // namespace

std::unique_ptr<ModelFile> readModel(StringRef path, const ReadOptions &options, std::vector<Diagnostic> &diagnostics,
                                     SupportCheck isSupported) {
  auto impl = std::make_unique<ModelFile::Impl>(options, path);
  std::string problem;
  impl->file = MappedFile::open(impl->path, problem);
  if (!impl->file) {
    diagnostics.push_back(
        {Severity::Error, "E-FILE", ExitCode::File, (path + ": cannot be read: " + problem).str(), {}});
    return nullptr;
  }
  StringRef bytes = impl->file->bytes();
  return readBytes(bytes, std::move(impl), diagnostics, isSupported);
}

std::unique_ptr<ModelFile> readModelFromMemory(StringRef bytes, StringRef path, const ReadOptions &options,
                                               std::vector<Diagnostic> &diagnostics) {
  return readBytes(bytes, std::make_unique<ModelFile::Impl>(options, path), diagnostics, {});
}

} // namespace cameo::onnx
