// Check.cpp - `cameo check`: what a model is, what it costs, and everything that keeps it from being compiled, without
// compiling it.
#include "Common.h"
#include "Verb.h"
#include "cameo/Pipeline/Interrupt.h"
#include "cameo/Pipeline/Summary.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"
#include <CLI/CLI.hpp>

using namespace cameo;
using namespace cameo::tool;
namespace json = llvm::json;

namespace {
struct Options {
  ModelOptions model;
  bool json = false;
};
using NamedCost = std::pair<std::string, KindCost>;
} // namespace

/// "12.3 M": three digits and a prefix.
static std::string shortNumber(int64_t value) {
  double scaled = double(value);
  const char *prefix = "";
  for (const char *next : {"k", "M", "G", "T", "P"})
    if (scaled >= 999.5) {
      scaled /= 1000;
      prefix = next;
    }
  int decimals = !*prefix || scaled >= 99.95 ? 0 : scaled >= 9.995 ? 1 : 2;
  char text[32];
  snprintf(text, sizeof(text), "%.*f %s", decimals, scaled, prefix);
  return text;
}

static std::string typeText(const Summary::Value &value) {
  return value.type + (value.dims.empty() ? " scalar" : " " + llvm::join(value.dims, " x "));
}

/// The kinds, those with the most arithmetic and then the most bytes first.
static std::vector<NamedCost> sorted(const std::map<std::string, KindCost> &kinds) {
  std::vector<NamedCost> list(kinds.begin(), kinds.end());
  llvm::sort(list, [](const NamedCost &a, const NamedCost &b) {
    return std::tuple(-a.second.flops, -a.second.bytes, a.first) <
           std::tuple(-b.second.flops, -b.second.bytes, b.first);
  });
  return list;
}

static void printText(const Options &options, const Summary &s) {
  llvm::raw_ostream &os = llvm::outs();
  os << options.model.path << " compiles\n";
  auto row = [&](llvm::StringRef title, const llvm::Twine &text) {
    os << llvm::left_justify(title, 12) << text << "\n";
  };
  for (const Summary::Value &v : s.inputs)
    row("input", v.name + ": " + typeText(v));
  for (const Summary::Value &v : s.outputs)
    row("output", v.name + ": " + typeText(v));
  for (auto &[domain, version] : s.opsets)
    row("opset", domain + " " + std::to_string(version));
  row("parameters", shortNumber(s.parameters) + ", " + shortNumber(s.parameterBytes) + "B");
  row("memory", shortNumber(s.peakBytes()) + "B: parameters " + shortNumber(s.parameterBytes) + "B, working memory " +
                    shortNumber(s.arenaBytes) + "B, inputs and outputs " + shortNumber(s.inputBytes + s.outputBytes) +
                    "B");
  KindCost total = s.total();
  row("arithmetic",
      shortNumber(total.flops) + "FLOP, " + shortNumber(total.bytes) + "B read and written if nothing is fused");
  if (s.hasOpenSizes)
    row("", "sizes that the run gives are taken as " + std::to_string(Summary::assumedSize) +
                "; --dim=NAME:VALUE fixes them");
  os << "\n"
     << llvm::left_justify("op", 20) << llvm::right_justify("count", 6) << llvm::right_justify("FLOP", 10)
     << llvm::right_justify("share", 8) << llvm::right_justify("bytes", 10) << "\n";
  for (auto &[name, cost] : sorted(s.kinds))
    os << llvm::left_justify(name, 20) << llvm::format("%6lld", (long long)cost.count)
       << llvm::right_justify(shortNumber(cost.flops), 10)
       << llvm::format("%7.1f%%", total.flops ? 100.0 * double(cost.flops) / double(total.flops) : 0)
       << llvm::right_justify(shortNumber(cost.bytes), 10) << "\n";
}

static json::Array valuesJson(const std::vector<Summary::Value> &values) {
  json::Array array;
  for (const Summary::Value &v : values)
    array.push_back(json::Object{{"name", v.name}, {"type", v.type}, {"dims", json::Array(v.dims)}});
  return array;
}

static void printJson(const Options &options, const std::optional<Summary> &summary,
                      const std::vector<Diagnostic> &diagnostics) {
  json::Array problems;
  for (const Diagnostic &d : diagnostics)
    problems.push_back(json::Object{{"severity", d.isError() ? "error" : "warning"},
                                    {"code", d.code},
                                    {"node", d.node},
                                    {"count", d.count},
                                    {"message", d.message}});
  json::Object object{
      {"model", options.model.path}, {"compiles", summary.has_value()}, {"problems", std::move(problems)}};
  if (summary) {
    json::Object opsets, kinds;
    for (auto &[domain, version] : summary->opsets)
      opsets[domain] = version;
    for (auto &[name, cost] : summary->kinds)
      kinds[name] = json::Object{{"count", cost.count}, {"flops", cost.flops}, {"bytes", cost.bytes}};
    KindCost total = summary->total();
    object["inputs"] = valuesJson(summary->inputs);
    object["outputs"] = valuesJson(summary->outputs);
    object["opsets"] = std::move(opsets);
    object["parameters"] = summary->parameters;
    object["parameter_bytes"] = summary->parameterBytes;
    object["arena_bytes"] = summary->arenaBytes;
    object["peak_bytes"] = summary->peakBytes();
    object["flops"] = total.flops;
    object["bytes"] = total.bytes;
    object["kinds"] = std::move(kinds);
    object["assumed_size"] = summary->hasOpenSizes ? json::Value(Summary::assumedSize) : json::Value(nullptr);
  }
  llvm::outs() << llvm::formatv("{0:2}", json::Value(std::move(object))) << "\n";
}

static int run(Options &options) {
  handleInterrupts();
  auto context = makeContext();
  std::vector<Diagnostic> diagnostics;
  mlir::OwningOpRef<mlir::ModuleOp> module = load(options.model, *context, diagnostics);
  std::optional<Summary> summary;
  if (module)
    if (auto made = summarize(*module, diagnostics); succeeded(made))
      summary = *made;
  if (options.json)
    printJson(options, summary, diagnostics);
  else if (summary)
    printText(options, *summary);
  return options.json ? int(exitCodeOf(diagnostics)) : tell(diagnostics);
}

static std::function<int()> setUp(CLI::App &app) {
  auto options = std::make_shared<Options>();
  addModelOptions(app, options->model);
  app.add_flag("--json", options->json, "print one JSON object, problems included");
  return [options] { return run(*options); };
}

namespace cameo::tool {
const Verb checkVerb{"check", "Says whether a model compiles, what it needs and what it costs, without compiling it.",
                     "Examples:\n"
                     "  cameo check model.onnx\n"
                     "  cameo check model.onnx --dim=batch:8 --json\n",
                     setUp};
} // namespace cameo::tool
