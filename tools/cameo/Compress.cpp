// Compress.cpp - `cameo quantize` and `cameo compress`: a model that does less, by decision or by search.
#include "cameo/Compression/Compress.h"
#include "Measuring.h"
#include "SampleFiles.h"
#include "Verb.h"
#include "cameo/Compression/Program.h"
#include "cameo/Pipeline/Compile.h"
#include "cameo/Pipeline/WriteFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"
#include <CLI/CLI.hpp>

using namespace cameo;
using namespace cameo::tool;
using namespace cameo::compression;

namespace {

struct Options {
  ModelOptions model;
  CompressOptions compress;
  std::string output, data, evaluation, range = "mse", metric = "cosine", goal = "latency", maxDrop = "0.5%", report,
                                        savePlan, loadPlan, frontier;
  // quantize
  Quantization quantization;
  std::string kind = nameOf(quantization.kind).str(), method = nameOf(WeightMethod::Gptq).str();
};

struct Loaded {
  mlir::MLIRContext &context;
  std::vector<Diagnostic> &diagnostics;
  std::shared_ptr<ObservedModule> model = std::make_shared<ObservedModule>();
  std::unique_ptr<Samples> samples = nullptr, evaluation = nullptr;
};

} // namespace

static bool calibrate(Options &options, Loaded &loaded) {
  auto &[module, calibration] = *loaded.model;
  module = load(options.model, loaded.context, loaded.diagnostics);
  if (!module)
    return false;
  std::vector<InputInfo> inputs = inputsOf(*module);
  loaded.samples = openSamples(options.data, inputs, SIZE_MAX);
  if (!options.evaluation.empty())
    loaded.evaluation = openSamples(options.evaluation, inputs, SIZE_MAX);
  options.compress.range = *parseRangeMethod(options.range);
  CalibrationOptions &seeing = options.compress.calibration;
  seeing.gramBytes = kGramBytes;
  seeing.convolutionGrams = options.compress.prunes || !seeing.state.empty(); // a state is good for all verbs
  return succeeded(prepare(*module, seeing.compile, loaded.diagnostics)) &&
         succeeded(calibration.run(*module, *loaded.samples, seeing, loaded.diagnostics));
}

/// Writes `model`, which is copied, as the plan for it says. Fails exactly when there was an error.
static llvm::LogicalResult write(const Options &options, Loaded &loaded, const ObservedModule &model, const Plan &plan,
                                 const std::string &path) {
  CompileReport report;
  Variant copy(model.module.get());
  CompileOptions writing = options.compress.calibration.compile;
  writing.emit = emitFor(options.output);
  return llvm::success(succeeded(apply(*copy, plan, model.calibration, options.compress.range, loaded.diagnostics)) &&
                       succeeded(compile(*copy, writing, path, report, loaded.diagnostics)));
}

/// Runs `work` on what is loaded.
static int measuringLoaded(Options &options, llvm::function_ref<void(Loaded &)> work) {
  return measuring(options.compress.calibration.compile,
                   [&](mlir::MLIRContext &context, std::vector<Diagnostic> &diagnostics) {
                     Loaded loaded{context, diagnostics};
                     work(loaded);
                   });
}

// ---- quantize

static int quantize(Options &options) {
  Quantization &how = options.quantization;
  how.kind = *parseQuantizationKind(options.kind), how.method = *parseWeightMethod(options.method);
  how.correct = how.kind == QuantizationKind::Static;
  options.compress.prunes = false;
  return measuringLoaded(options, [&](Loaded &loaded) {
    const Calibration &calibration = loaded.model->calibration;
    if (!calibrate(options, loaded) || failed(calibration.expectLayers(loaded.diagnostics)))
      return;
    mlir::DictionaryAttr choice = how.attribute(&loaded.context);
    Plan plan;
    for (size_t i = 0; i < calibration.layers.size(); ++i) {
      plan.layers.push_back(possibleChoice(choice, calibration, i));
      if (plan.layers.back() != choice)
        fprintf(stderr, "cameo: warning: layer '%s' is too wide for GPTQ in memory; it is quantized by HQQ\n",
                calibration.layers[i].name.c_str());
    }
    (void)write(options, loaded, *loaded.model, plan, options.output);
  });
}

// ---- compress

static llvm::LogicalResult writeReport(const Options &options, const Compression &result,
                                       std::vector<Diagnostic> &diagnostics) {
  if (options.report.empty())
    return llvm::success();
  auto problem = writeFile(options.report,
                           [&](llvm::raw_ostream &os) { writeHtml(result, options.compress, options.model.path, os); });
  if (problem)
    diagnostics.push_back(*problem);
  return llvm::failure(problem.has_value());
}

/// The plans of the frontier and what they make of the model, numbered by cost.
static llvm::LogicalResult saveFrontier(const Options &options, const Compression &result, Loaded &loaded) {
  if (options.frontier.empty())
    return llvm::success();
  if (std::error_code error = llvm::sys::fs::create_directories(options.frontier)) {
    loaded.diagnostics.push_back(
        Diagnostic::error("E-FILE", options.frontier + ": cannot be made: " + error.message()));
    return llvm::failure();
  }
  for (size_t i = 0; i < result.frontier.size(); ++i) {
    const Plan &plan = result.frontier[i].plan;
    std::string path = llvm::formatv("{0}/plan-{1,0+2}", options.frontier, i);
    llvm::StringRef ending = llvm::StringRef(options.output).ends_with(".onnx") ? ".onnx" : ".cameo";
    if (failed(savePlan(path + ".json", plan, loaded.model->calibration, loaded.diagnostics)) ||
        failed(write(options, loaded, *result.models.at(plan.pruned), plan, path + ending.str())))
      return llvm::failure();
  }
  return llvm::success();
}

static int compress(Options &options) {
  CompressOptions &o = options.compress;
  o.metric = *parseMetric(options.metric);
  o.goal = options.goal == "size" ? Goal::Size : Goal::Latency;
  auto maxDrop = parseShare(options.maxDrop);
  if (!maxDrop)
    return fail("E-USAGE", "--max-drop=" + options.maxDrop + " is no share; expected 0.5% or 0.005");
  o.maxDrop = *maxDrop;
  return measuringLoaded(options, [&](Loaded &loaded) {
    if (!calibrate(options, loaded))
      return;
    Samples &evaluation = loaded.evaluation ? *loaded.evaluation : *loaded.samples;
    mlir::FailureOr<Compression> result = mlir::failure();
    if (options.loadPlan.empty()) {
      result = compress(loaded.model, *loaded.samples, evaluation, o, loaded.diagnostics);
    } else {
      auto plan = loadPlan(options.loadPlan, loaded.context, loaded.model->calibration, loaded.diagnostics);
      if (succeeded(plan))
        result = measure(loaded.model, *plan, *loaded.samples, evaluation, o, loaded.diagnostics);
    }
    if (failed(result))
      return;
    print(*result, o, llvm::outs());
    if (result->drop > o.maxDrop) {
      loaded.diagnostics.push_back(Diagnostic::error(
          "E-ACCURACY", options.loadPlan + ": the plan loses " + std::to_string(result->drop) + ", --max-drop allows " +
                            std::to_string(o.maxDrop) + "; nothing is written"));
      return;
    }
    if (!options.savePlan.empty() &&
        failed(savePlan(options.savePlan, result->plan, loaded.model->calibration, loaded.diagnostics)))
      return;
    if (failed(writeReport(options, *result, loaded.diagnostics)) || failed(saveFrontier(options, *result, loaded)))
      return;
    (void)write(options, loaded, *result->models.at(result->plan.pruned), result->plan, options.output);
  });
}

static void addCommonOptions(CLI::App &app, Options &options) {
  addModelOptions(app, options.model);
  app.add_option("-o", options.output, kOutputHelp)->type_name("OUT")->required();
  addDataOption(app, options.data)->required();
  addRangeOptions(app, options.range, options.compress.calibration.state);
  addRunOptions(app, options.compress.calibration);
}

static std::function<int()> setUpQuantize(CLI::App &app) {
  auto options = std::make_shared<Options>();
  addCommonOptions(app, *options);
  app.add_option(
         "--kind", options->kind,
         "static (default): int8, ranges by calibration; dynamic: int8, ranges as it runs; weights: 2 to 4 bits, "
         "in blocks; bf16")
      ->check(CLI::IsMember({"static", "dynamic", "weights", "bf16"}));
  app.add_option("--smooth", options->quantization.smooth,
                 "strength of SmoothQuant for static and dynamic, 0 (default) to 1")
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--bits", options->quantization.bits, "of weights (default 4)")->check(CLI::Range(2, 4));
  app.add_option("--block", options->quantization.block, "weights that share a scale: 16, 32 (default), 64, ...")
      ->check(CLI::IsMember({16, 32, 64, 128, 256}));
  app.add_option("--method", options->method, "for weights: rtn, hqq, awq, gptq (default)")
      ->check(CLI::IsMember({"rtn", "hqq", "awq", "gptq"}));
  app.add_flag("--symmetric", options->quantization.symmetric, "zero points are in the middle");
  app.add_flag("--byte-activations", options->quantization.bytes, "for weights: inputs may be rounded to 8 bits");
  return [options] { return quantize(*options); };
}

static std::function<int()> setUpCompress(CLI::App &app) {
  auto options = std::make_shared<Options>();
  addCommonOptions(app, *options);
  app.add_option("--eval", options->evaluation, "data to measure the loss on (default: those of --calib), as --calib")
      ->type_name("DATA");
  app.add_option("--metric", options->metric,
                 "top1 (of 'label', or of f32's answer), cosine (default), sqnr, ppl (of 'label')")
      ->check(CLI::IsMember({"top1", "cosine", "sqnr", "ppl"}));
  app.add_option("--max-drop", options->maxDrop,
                 "loss allowed: points of top1, 1 - cosine, relative error for sqnr, growth of ppl (default 0.5%)")
      ->type_name("SHARE");
  app.add_option("--for", options->goal, "what is to be least: latency (default) or size")
      ->check(CLI::IsMember({"latency", "size"}));
  CLI::Option *noPrune =
      app.add_flag("!--no-prune", options->compress.prunes, "leave all channels, heads and features");
  app.add_option("--output", options->compress.output, "number of the output that is measured (default 0)");
  app.add_option("--repeat", options->compress.repeats, "runs of which the fastest counts (default 20)")
      ->check(CLI::Range(1, 100000));
  app.add_option("--report", options->report, "page with the plan and the frontier")->type_name("OUT.html");
  app.add_option("--save-plan", options->savePlan, "write the plan")->type_name("FILE.json");
  app.add_option("--frontier", options->frontier, "write every point of the frontier here, plan and program, by cost")
      ->type_name("FOLDER");
  app.add_option("--load-plan", options->loadPlan, "do what this plan says; nothing is searched")
      ->excludes(noPrune)
      ->type_name("FILE.json");
  return [options] { return compress(*options); };
}

namespace cameo::tool {
const Verb quantizeVerb{
    "quantize", "Quantizes all layers of a model in one way.",
    "Examples:\n"
    "  cameo quantize model.onnx --calib=inputs.npz -o model.cameo\n"
    "  cameo quantize model.onnx --calib=inputs.npz --kind=weights --bits=4 --block=128 -o model.cameo\n",
    setUpQuantize};
const Verb compressVerb{
    "compress", "Finds the fastest or smallest program that loses no more than allowed.",
    "Examples:\n"
    "  cameo compress model.onnx --calib=inputs.npz --eval=others.npz --metric=top1 --max-drop=0.5% -o "
    "model.cameo --report=report.html\n"
    "  cameo compress model.onnx --calib=inputs.npz --for=size -o model.cameo\n",
    setUpCompress};
} // namespace cameo::tool
