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
  std::string output, data, structured, sparsity = "50%";
  bool scan = false;
};

} // namespace

static void printChange(const Summary &before, const Summary &after) {
  auto row = [](const char *what, double from, double to, double unit, const char *name) {
    llvm::outs() << llvm::formatv("{0,-12}{1,10:f3} -> {2,10:f3} {3} ({4:f1} %)\n", what, from / unit, to / unit, name,
                                  from > 0 ? 100 * to / from : 100.0);
  };
  row("arithmetic", double(before.total().flops), double(after.total().flops), 1e6, "MFLOP");
  row("parameters", double(before.parameters), double(after.parameters), 1e6, "M");
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
  auto before = summaryOf(*module, diagnostics);
  if (failed(before) || failed(prune(*module, seen, options.prune, diagnostics)))
    return;
  auto after = summaryOf(*module, diagnostics);
  CompileOptions writing = options.calibration.compile;
  writing.emit = emitFor(options.output);
  CompileReport report;
  if (succeeded(after) && succeeded(compile(*module, writing, options.output, report, diagnostics)))
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
  if ((options.prune.score != "magnitude" || options.scan) && options.data.empty())
    return fail("E-USAGE",
                options.scan ? "--scan measures on data; say --calib=DATA"
                             : "--score=" + options.prune.score + " wants to know what layers read; say --calib=DATA");
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
  app.add_option("-o", options->output, kOutputHelp)->type_name("OUT");
  app.add_option("--structured", options->structured,
                 "part of all channels, heads and features that goes; tensors get smaller")
      ->type_name("SHARE");
  app.add_option("--scope", options->prune.scope,
                 "uniform (default): each family loses its share; global: all together")
      ->check(CLI::IsMember({"uniform", "global"}));
  app.add_option("--multiple", options->prune.multiple, "large families keep a multiple of it (default 16)")
      ->check(CLI::Range(1, 4096));
  app.add_flag("--masked", options->prune.masked, "zero weights in place of smaller tensors, for comparison");
  app.add_option("--pattern", options->prune.pattern,
                 "zeros among weights: unstructured, N:M (2:4), or RxC, outputs by inputs (16x1)");
  app.add_option("--sparsity", options->sparsity,
                 "part of the weights that a pattern makes 0 (default 50%); N:M says it itself")
      ->type_name("SHARE");
  app.add_option("--score", options->prune.score,
                 "what goes first: magnitude (default), wanda, second-order; the last two want --calib")
      ->check(CLI::IsMember({"magnitude", "wanda", "second-order"}));
  app.add_option("--calib", options->data, std::string(kDataHelp) + "; with it, what stays makes up for what goes")
      ->type_name("DATA");
  app.add_flag("!--no-reconstruct", options->prune.reconstruct, "leave the weights that stay as they are");
  app.add_flag("--scan", options->scan, "write nothing; show what each family alone does to the first output");
  app.add_option("--cpu", options->calibration.compile.targets.cpus, "CPU levels, as for cameo compile")
      ->delimiter(',')
      ->allow_extra_args(false);
  app.add_option("--threads", options->calibration.threads, "threads of a run (default: all CPUs)");
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
