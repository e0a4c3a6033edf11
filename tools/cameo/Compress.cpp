// Compress.cpp - `cameo compress`: a model that does less, by search.
#include "cameo/Compression/Compress.h"
#include "Measuring.h"
#include "SampleFiles.h"
#include "Verb.h"
#include "cameo/Pipeline/WriteFile.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"
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
  std::vector<std::string> carry;
};

} // namespace

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

/// Plans that an earlier search left in a folder, which would be taken for points of this one's frontier.
static std::error_code removePlans(const std::string &folder) {
  std::error_code error;
  for (llvm::sys::fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    auto [stem, ending] = llvm::sys::path::filename(entry->path()).split('.');
    bool isPlan = stem.consume_front("plan-") && !stem.empty() &&
                  llvm::all_of(stem, [](char c) { return llvm::isDigit(c); }) &&
                  (ending == "json" || ending == "cameo" || ending == "onnx");
    if (std::error_code problem = isPlan ? llvm::sys::fs::remove(entry->path()) : std::error_code())
      return problem;
  }
  return error;
}

/// The plans of the frontier and what they make of the model, numbered by cost.
static llvm::LogicalResult saveFrontier(const Options &options, const Compression &result, const Calibrated &loaded,
                                        std::vector<Diagnostic> &diagnostics) {
  if (options.frontier.empty())
    return llvm::success();
  if (std::error_code error = llvm::sys::fs::create_directories(options.frontier)) {
    diagnostics.push_back(Diagnostic::error("E-FILE", options.frontier + ": cannot be made: " + error.message()));
    return llvm::failure();
  }
  if (std::error_code error = removePlans(options.frontier)) {
    diagnostics.push_back(
        Diagnostic::error("E-FILE", options.frontier + ": earlier plans cannot be removed: " + error.message()));
    return llvm::failure();
  }
  const CompressOptions &o = options.compress;
  for (size_t i = 0; i < result.frontier.size(); ++i) {
    const Plan &plan = result.frontier[i].plan;
    std::string path = llvm::formatv("{0}/plan-{1,0+2}", options.frontier, i);
    llvm::StringRef ending = llvm::StringRef(options.output).ends_with(".onnx") ? ".onnx" : ".cameo";
    if (failed(savePlan(path + ".json", plan, loaded.model->calibration, diagnostics)) ||
        failed(writePlanned(*result.models.at(plan.pruned), plan, o.range, o.calibration.compile, path + ending.str(),
                            diagnostics)))
      return llvm::failure();
  }
  return llvm::success();
}

/// All that happens once the options are known to make sense.
static void compressModel(Options &options, mlir::MLIRContext &context, std::vector<Diagnostic> &diagnostics) {
  CompressOptions &o = options.compress;
  for (const std::string &path : {options.output, options.report, options.savePlan})
    if (auto problem = checkWritable(path)) {
      diagnostics.push_back(*problem);
      return;
    }
  Calibrated loaded;
  if (failed(calibrateModel(options.model, options.data, o.calibration, context, loaded, diagnostics)))
    return;
  for (const std::string &text : options.carry) {
    auto carried = parseCarried(*loaded.model->module, text, diagnostics);
    if (failed(carried))
      return;
    o.carried.push_back(*carried);
  }
  std::unique_ptr<Samples> others;
  if (!options.evaluation.empty())
    others = openSamples(options.evaluation, inputsOf(*loaded.model->module), SIZE_MAX);
  Samples &evaluation = others ? *others : *loaded.samples;
  mlir::FailureOr<Compression> result = mlir::failure();
  if (options.loadPlan.empty()) {
    result = compress(loaded.model, *loaded.samples, evaluation, o, diagnostics);
  } else {
    auto plan = loadPlan(options.loadPlan, context, loaded.model->calibration, diagnostics);
    if (succeeded(plan))
      result = measure(loaded.model, *plan, *loaded.samples, evaluation, o, diagnostics);
  }
  if (failed(result))
    return;
  print(*result, o, llvm::outs());
  if (result->loss.bound > o.maxDrop) {
    diagnostics.push_back(Diagnostic::error(
        "E-ACCURACY", options.loadPlan + ": the plan loses " + std::to_string(result->loss.measured) +
                          ", on other samples probably at most " + std::to_string(result->loss.bound) +
                          ", --max-drop allows " + std::to_string(o.maxDrop) + "; nothing is written"));
    return;
  }
  if (!options.savePlan.empty() &&
      failed(savePlan(options.savePlan, result->plan, loaded.model->calibration, diagnostics)))
    return;
  if (failed(writeReport(options, *result, diagnostics)) || failed(saveFrontier(options, *result, loaded, diagnostics)))
    return;
  (void)writePlanned(*result->models.at(result->plan.pruned), result->plan, o.range, o.calibration.compile,
                     options.output, diagnostics);
}

static int compress(Options &options) {
  CompressOptions &o = options.compress;
  o.metric = *parseMetric(options.metric);
  o.goal = options.goal == "size" ? Goal::Size : Goal::Latency;
  o.range = *parseRangeMethod(options.range);
  auto maxDrop = parseShare(options.maxDrop);
  if (!maxDrop)
    return fail("E-USAGE", "--max-drop=" + options.maxDrop + " is no share; expected 0.5% or 0.005");
  o.maxDrop = *maxDrop;
  o.calibration.gramBytes = kGramBytes;
  o.calibration.convolutionGrams = o.prunes || !o.calibration.state.empty(); // a state is good for all verbs
  return measuring(o.calibration.compile, [&](mlir::MLIRContext &context, std::vector<Diagnostic> &diagnostics) {
    compressModel(options, context, diagnostics);
  });
}

static std::function<int()> setUp(CLI::App &app) {
  auto options = std::make_shared<Options>();
  addModelOptions(app, options->model);
  app.add_option("-o,--output", options->output, kOutputHelp)->type_name("OUT")->required();
  addDataOption(app, options->data)->required();
  addRangeOptions(app, options->range, options->compress.calibration.state);
  addRunOptions(app, options->compress.calibration);
  app.add_option("--eval", options->evaluation, "data to measure the loss on (default: those of --calib), as --calib")
      ->type_name("DATA");
  app.add_option("--metric", options->metric,
                 "top1 (of 'label', or of f32's answer), cosine (default), sqnr, ppl (of 'label')")
      ->check(CLI::IsMember({"top1", "cosine", "sqnr", "ppl"}));
  app.add_option("--max-drop", options->maxDrop,
                 "loss allowed, with a margin for how few samples tell it: points of top1, 1 - cosine, relative error "
                 "for sqnr, growth of "
                 "ppl (default 0.5%)")
      ->type_name("SHARE");
  app.add_option("--for", options->goal, "what is to be least: latency (default) or size")
      ->check(CLI::IsMember({"latency", "size"}));
  CLI::Option *noPrune = app.add_flag_callback(
      "--no-prune", [options] { options->compress.prunes = false; }, "leave all channels, heads and features");
  app.add_option("--eval-output", options->compress.output, "number of the output that is measured (default 0)");
  app.add_option(
         "--carry", options->carry,
         "samples of --eval follow one another: an output that the next one gets as this input; may be repeated")
      ->type_name("OUTPUT:INPUT")
      ->allow_extra_args(false);
  app.add_option("--repeat", options->compress.repeats, "runs of which the fastest counts (default 20)")
      ->check(CLI::Range(1, 100000));
  app.add_option("--report", options->report, "page with the plan and the frontier")->type_name("OUT.html");
  app.add_option("--save-plan", options->savePlan, "write the plan")->type_name("FILE.json");
  app.add_option("--frontier", options->frontier,
                 "write every point of the frontier here, plan and program, by cost; earlier ones go")
      ->type_name("FOLDER");
  app.add_option("--load-plan", options->loadPlan, "do what this plan says; nothing is searched")
      ->excludes(noPrune)
      ->type_name("FILE.json");
  return [options] { return compress(*options); };
}

namespace cameo::tool {
const Verb compressVerb{
    "compress", "Finds the fastest or smallest program that loses no more than allowed.",
    "Examples:\n"
    "  cameo compress model.onnx --calib=inputs.npz --eval=others.npz --metric=top1 --max-drop=0.5% -o "
    "model.cameo --report=report.html\n"
    "  cameo compress model.onnx --calib=inputs.npz --for=size -o model.cameo\n",
    setUp};
} // namespace cameo::tool
