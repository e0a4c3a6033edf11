// Trials.cpp - see Trials.h.
#include "Trials.h"
#include "Errors.h"
#include "cameo/Passes/Quantization/Layers.h"
#include "llvm/ADT/StringMap.h"
#include <algorithm>
#include <cmath>

using namespace mlir;
using namespace cameo;
using namespace cameo::compression;

Trials::Trials(ModuleOp module, const Calibration &calibration, Samples &evaluation, const CompressOptions &options,
               std::vector<cameo::Diagnostic> &diagnostics)
    : module(module), calibration(calibration), evaluation(evaluation), options(options), diagnostics(diagnostics) {
  for (const Layer &layer : layersOf(module.lookupSymbol<func::FuncOp>("main")))
    layerSizes.push_back({layer.outputs, layer.terms, layer.isMatrix});
}

std::unique_ptr<Program> Trials::compilePlan(const Plan &plan) {
  Variant copy(module);
  if (failed(apply(*copy, plan, calibration, options.range, diagnostics)))
    return nullptr;
  return Program::make(*copy, options.calibration.compile, options.calibration.threads, diagnostics);
}

ArrayRef<float> Trials::resultOf(const Program &program) const {
  cameo_tensor tensor = program.output(options.output);
  uint64_t count = 1;
  for (uint32_t i = 0; i < tensor.rank; ++i)
    count *= uint64_t(tensor.dims[i]);
  return ArrayRef(static_cast<const float *>(tensor.data), count);
}

LogicalResult Trials::checkOutput() {
  func::FuncOp main = module.lookupSymbol<func::FuncOp>("main");
  if (options.output >= main.getNumResults())
    return refuse(diagnostics, "E-USAGE",
                  "--output=" + std::to_string(options.output) + " is no output; the model has " +
                      std::to_string(main.getNumResults()) + ", counted from 0");
  if (!getElementTypeOrSelf(main.getResultTypes()[options.output]).isF32())
    return refuse(diagnostics, "E-UNSUPPORTED",
                  "output " + std::to_string(options.output) +
                      " is not of f32 and has no loss to measure; choose another with --output");
  return success();
}

/// Of the sample that the reference got last.
LogicalResult Trials::checkLabels(size_t sample) {
  int64_t classes = reference.rowLengths.back();
  size_t rows = size_t(int64_t(reference.results.back().size()) / std::max<int64_t>(classes, 1));
  const std::vector<int64_t> &labels = reference.labels.back();
  bool isPpl = options.metric == MetricKind::Ppl,
       wantsLabels = isPpl || (options.metric == MetricKind::Top1 && !labels.empty());
  bool fits =
      labels.size() == rows && llvm::all_of(labels, [&](int64_t label) { return label >= 0 && label < classes; });
  if (!wantsLabels || fits)
    return success();
  return refuse(diagnostics, "E-CALIB",
                "sample " + std::to_string(sample) + " of the evaluation data has " + std::to_string(labels.size()) +
                    " labels for " + std::to_string(rows) + " rows of " + std::to_string(classes) + " classes");
}

LogicalResult Trials::runF32() {
  if (failed(checkOutput()))
    return failure();
  f32 = compilePlan(Plan(layerSizes.size()));
  if (!f32)
    return failure();
  for (size_t i = 0; i < evaluation.size(); ++i) {
    tell("f32 results", i, evaluation.size());
    if (!f32->run(evaluation.inputs(i), diagnostics))
      return failure();
    ArrayRef<float> found = resultOf(*f32);
    if (llvm::any_of(found, [](float x) { return std::isnan(x); }))
      return refuse(diagnostics, "E-CALIB",
                    "sample " + std::to_string(i) + " of the evaluation data gives a NaN in output " +
                        std::to_string(options.output) +
                        " before anything is quantized, so that no loss can be measured; leave it out");
    cameo_tensor tensor = f32->output(options.output);
    reference.results.emplace_back(found.begin(), found.end());
    reference.rowLengths.push_back(tensor.rank ? tensor.dims[tensor.rank - 1] : 1);
    reference.labels.push_back(evaluation.labels());
    if (failed(checkLabels(i)))
      return failure();
  }
  baseline.emplace(options.metric, reference);
  for (auto [i, own] : llvm::enumerate(reference.results))
    baseline->add(i, own);
  return success();
}

std::optional<double> Trials::f32Ms() {
  auto ms = f32->time(timingInputs(), options.repeats, diagnostics);
  f32->evict();
  return ms;
}

std::optional<std::vector<double>> Trials::layerTimes(const Plan &plan) {
  bool isF32 = llvm::none_of(plan, [](DictionaryAttr choice) { return bool(choice); });
  std::unique_ptr<Program> own = isF32 ? nullptr : compilePlan(plan);
  Program *program = isF32 ? f32.get() : own.get();
  auto launches = program ? program->timeLaunches(timingInputs(), options.repeats, diagnostics) : std::nullopt;
  if (!launches)
    return std::nullopt;
  program->evict();
  llvm::StringMap<size_t> layerOfNode;
  for (auto [i, layer] : llvm::enumerate(calibration.layers))
    layerOfNode.try_emplace(layer.name, i);
  std::vector<double> times(calibration.layers.size(), 0);
  for (auto [launch, ms] : llvm::zip(program->launches, *launches)) {
    auto named = llvm::find_if(launch.nodes, [&](const std::string &node) { return layerOfNode.contains(node); });
    if (named != launch.nodes.end())
      times[layerOfNode.lookup(*named)] += ms;
  }
  return times;
}

LogicalResult Trials::switchAmong(ArrayRef<std::vector<DictionaryAttr>> choices) {
  Variant copy(module);
  if (failed(applySwitched(*copy, choices, calibration, options.range, diagnostics)))
    return failure();
  switched = Program::make(*copy, options.calibration.compile, options.calibration.threads, diagnostics);
  return success(bool(switched));
}

std::optional<Metric> Trials::metricOf(const Choices &choices, size_t most) {
  Metric metric(options.metric, reference);
  std::vector<int64_t> plan(choices.begin(), choices.end());
  int64_t length = int64_t(plan.size());
  for (size_t i = 0; i < std::min(most, evaluation.size()); ++i) {
    std::vector<cameo_tensor> inputs = evaluation.inputs(i);
    inputs.push_back({plan.data(), CAMEO_I64, 1, &length});
    if (!switched->run(inputs, diagnostics))
      return std::nullopt;
    metric.add(i, resultOf(*switched));
  }
  switched->evict(); // the next plan reads other weights
  return metric;
}

FailureOr<Trials::Whole> Trials::measure(const Plan &plan) {
  std::unique_ptr<Program> program = compilePlan(plan);
  if (!program)
    return failure();
  Metric metric(options.metric, reference);
  for (size_t i = 0; i < evaluation.size(); ++i) {
    if (!program->run(evaluation.inputs(i), diagnostics))
      return failure();
    metric.add(i, resultOf(*program));
  }
  auto ms = program->time(timingInputs(), options.repeats, diagnostics);
  program->evict();
  auto again = f32Ms();
  if (!ms || !again)
    return failure();
  return Whole{*ms, *again, program->fileBytes, metric.score(), dropOf(metric)};
}
