// Prune.cpp - `cameo prune`: a model with fewer channels, heads or weights.
#include "cameo/Compression/Prune.h"
#include "Measuring.h"
#include "SampleFiles.h"
#include "Verb.h"
#include "cameo/Pipeline/Compile.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"
#include <CLI/CLI.hpp>

using namespace cameo;
using namespace cameo::tool;
using namespace cameo::compression;

namespace {

struct Options {
  ModelOptions model;
  PruneOptions prune;
  CalibrationOptions calibration;
  std::string output, data, structured, sparsity = "50%", score = "magnitude", scope = "uniform";
  bool scan = false;
};

} // namespace

/// What a model costs, with zeros counted where a pattern makes them.
struct Cost {
  Summary summary;
  int64_t nonzero = 0;
};

static std::optional<Cost> costOf(mlir::ModuleOp module, bool countsZeros, std::vector<Diagnostic> &diagnostics) {
  auto summary = summaryOf(module, diagnostics);
  if (failed(summary))
    return std::nullopt;
  return Cost{*summary, countsZeros ? nonzeroWeights(module) : 0};
}

static void printChange(const Cost &before, const Cost &after) {
  auto row = [](const char *what, double from, double to, double unit, const char *name) {
    llvm::outs() << llvm::formatv("{0,-14}{1,10:f3} -> {2,10:f3} {3} ({4:f1} %)\n", what, from / unit, to / unit, name,
                                  from > 0 ? 100 * to / from : 100.0);
  };
  row("arithmetic", double(before.summary.total().flops), double(after.summary.total().flops), 1e6, "MFLOP");
  if (!before.nonzero || before.summary.parameters != after.summary.parameters)
    row("parameters", double(before.summary.parameters), double(after.summary.parameters), 1e6, "M");
  if (before.nonzero)
    row("weights not 0", double(before.nonzero), double(after.nonzero), 1e6, "M");
}

static void print(const std::vector<FamilyEffect> &effects) {
  llvm::outs() << llvm::formatv("{0,8} {1,8} {2,10} {3,10}  family\n", "members", "kept", "noise dB", "arithmetic");
  for (const FamilyEffect &effect : effects)
    llvm::outs() << llvm::formatv("{0,8} {1,8} {2,10:f1} {3,8:f1} %  {4}\n", effect.count, effect.kept,
                                  effect.noise == 0 ? -INFINITY : 10 * std::log10(effect.noise), 100 * effect.flops,
                                  effect.name);
}

/// All that happens once the options are known to make sense.
static void pruneModel(Options &options, std::vector<Diagnostic> &diagnostics, mlir::MLIRContext &context) {
  auto module = load(options.model, context, diagnostics);
  if (!module)
    return;
  std::unique_ptr<Samples> samples;
  if (!options.data.empty())
    samples = openSamples(options.data, inputsOf(*module), SIZE_MAX);
  if (failed(prepare(*module, options.calibration.compile, diagnostics)))
    return;
  Calibration calibration;
  if (samples && failed(calibration.run(*module, *samples, options.calibration, diagnostics)))
    return;
  const Calibration *seen = samples ? &calibration : nullptr;
  if (options.scan) {
    auto effects = scanFamilies(*module, seen, *samples, options.prune, options.calibration, diagnostics);
    if (succeeded(effects))
      print(*effects);
    return;
  }
  bool countsZeros = !options.prune.pattern.empty();
  auto before = costOf(*module, countsZeros, diagnostics);
  if (!before || failed(prune(*module, seen, options.prune, diagnostics)))
    return;
  auto after = costOf(*module, countsZeros, diagnostics);
  CompileOptions writing = options.calibration.compile;
  writing.emit = emitFor(options.output);
  CompileReport report;
  if (after && succeeded(compile(*module, writing, options.output, report, diagnostics)))
    printChange(*before, *after);
}

static int prune(Options &options) {
  auto share = parseShare(options.structured.empty() ? "0" : options.structured),
       sparsity = parseShare(options.sparsity);
  if (!share || !sparsity || *share >= 1 || *sparsity >= 1)
    return fail("E-USAGE", "--structured=" + options.structured + " --sparsity=" + options.sparsity +
                               ": expected shares from 0 to below 1, as 30% or 0.3");
  if (!options.prune.pattern.empty() && !isPattern(options.prune.pattern))
    return fail("E-USAGE",
                "--pattern=" + options.prune.pattern + ": expected unstructured, N:M with N up to M, or RxC");
  if (options.structured.empty() && options.prune.pattern.empty())
    return fail("E-USAGE", "nothing is to be pruned; say --structured=30% or --pattern=2:4");
  options.prune.score = options.score == "wanda"          ? PruneScore::Wanda
                        : options.score == "second-order" ? PruneScore::SecondOrder
                                                          : PruneScore::Magnitude;
  options.prune.scope = options.scope == "global" ? PruneScope::Global : PruneScope::Uniform;
  if ((options.prune.score != PruneScore::Magnitude || options.scan) && options.data.empty())
    return fail("E-USAGE", options.scan
                               ? "--scan measures on data; say --calib=DATA"
                               : "--score=" + options.score + " wants to know what layers read; say --calib=DATA");
  if (options.scan == !options.output.empty())
    return fail("E-USAGE", "expected either -o OUT or --scan");
  options.prune.share = *share, options.prune.sparsity = *sparsity;
  options.calibration.gramBytes = kGramBytes;
  options.calibration.convolutionGrams = true;
  return measuring(options.calibration.compile, [&](mlir::MLIRContext &context, std::vector<Diagnostic> &diagnostics) {
    pruneModel(options, diagnostics, context);
  });
}

static std::function<int()> setUp(CLI::App &app) {
  auto options = std::make_shared<Options>();
  addModelOptions(app, options->model);
  app.add_option("-o,--output", options->output, kOutputHelp)->type_name("OUT");
  app.add_option("--structured", options->structured,
                 "part of all channels, heads and features that goes; tensors get smaller")
      ->type_name("SHARE");
  app.add_option("--scope", options->scope, "uniform (default): each family loses its share; global: all together")
      ->check(CLI::IsMember({"uniform", "global"}));
  app.add_option("--multiple", options->prune.multiple, "large families keep a multiple of it (default 16)")
      ->check(CLI::Range(1, 4096));
  app.add_flag("--masked", options->prune.masked, "zero weights in place of smaller tensors, for comparison");
  app.add_option("--pattern", options->prune.pattern,
                 "zeros among weights: unstructured, N:M (2:4), or RxC, outputs by inputs (16x1)");
  app.add_option("--sparsity", options->sparsity,
                 "part of the weights that a pattern makes 0 (default 50%); N:M says it itself")
      ->type_name("SHARE");
  app.add_option("--score", options->score,
                 "what goes first: magnitude (default), wanda, second-order; the last two want --calib")
      ->check(CLI::IsMember({"magnitude", "wanda", "second-order"}));
  addDataOption(app, options->data, "; with it, what stays makes up for what goes");
  app.add_flag("!--no-reconstruct", options->prune.reconstruct, "leave the weights that stay as they are");
  app.add_flag("--scan", options->scan, "write nothing; show what each family alone does to the first output");
  addRunOptions(app, options->calibration);
  return [options] { return prune(*options); };
}

namespace cameo::tool {
const Verb pruneVerb{
    "prune", "Makes a model smaller: fewer channels and heads, or zeros among its weights.",
    "Examples:\n"
    "  cameo prune model.onnx --structured=30% --calib=inputs.npz --score=second-order -o smaller.onnx\n"
    "  cameo prune model.onnx --structured=30% --calib=inputs.npz --scan\n"
    "  cameo prune model.onnx --pattern=16x1 --sparsity=80% -o model.cameo\n",
    setUp};
} // namespace cameo::tool
