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

std::unique_ptr<Program> Trying::compile(const ObservedModule &model, const Plan &plan) {
  Variant copy(model.module.get());
  if (failed(apply(*copy, plan, model.calibration, options.range, diagnostics)))
    return nullptr;
  return Program::make(*copy, options.calibration.compile, options.calibration.threads, diagnostics);
}

static uint64_t numElements(const cameo_tensor &tensor) {
  uint64_t count = 1;
  for (uint32_t i = 0; i < tensor.rank; ++i)
    count *= uint64_t(tensor.dims[i]);
  return count;
}

ArrayRef<float> Trying::resultOf(const Program &program) const {
  cameo_tensor tensor = program.output(options.output);
  return ArrayRef(static_cast<const float *>(tensor.data), numElements(tensor));
}

std::optional<double> Trying::time(Program &program) {
  auto ms = program.time(evaluation.inputs(0), options.repeats, diagnostics);
  program.evict();
  return ms;
}

LogicalResult Sequence::next(ArrayRef<cameo_tensor> more) {
  std::vector<cameo_tensor> inputs = trying.evaluation.inputs(sample);
  for (auto [state, carried] : llvm::zip(states, trying.options.carried))
    if (sample > 0)
      inputs[carried.input].data = state.numbers.data(), inputs[carried.input].dims = state.dims.data();
  inputs.insert(inputs.end(), more.begin(), more.end());
  if (!program.run(inputs, trying.diagnostics))
    return failure();
  for (auto [state, carried] : llvm::zip(states, trying.options.carried)) {
    cameo_tensor left = program.output(carried.output);
    auto *numbers = static_cast<const float *>(left.data);
    state.numbers.assign(numbers, numbers + numElements(left));
    state.dims.assign(left.dims, left.dims + left.rank);
  }
  ++sample;
  return success();
}

// ---- f32

LogicalResult Baseline::checkOutput(ModuleOp module) {
  func::FuncOp main = module.lookupSymbol<func::FuncOp>("main");
  uint64_t output = trying.options.output;
  if (output >= main.getNumResults())
    return refuse(trying.diagnostics, "E-USAGE",
                  "--eval-output=" + std::to_string(output) + " is no output; the model has " +
                      std::to_string(main.getNumResults()) + ", counted from 0");
  if (!getElementTypeOrSelf(main.getResultTypes()[output]).isF32())
    return refuse(trying.diagnostics, "E-UNSUPPORTED",
                  "output " + std::to_string(output) +
                      " is not of f32 and has no loss to measure; choose another with --eval-output");
  return success();
}

/// Of the sample that the reference got last.
LogicalResult Baseline::checkLabels(size_t sample) {
  int64_t classes = reference.rowLengths.back();
  size_t rows = size_t(int64_t(reference.results.back().size()) / std::max<int64_t>(classes, 1));
  const std::vector<int64_t> &labels = reference.labels.back();
  MetricKind kind = trying.options.metric;
  bool wantsLabels = kind == MetricKind::Ppl || (kind == MetricKind::Top1 && !labels.empty());
  bool fits =
      labels.size() == rows && llvm::all_of(labels, [&](int64_t label) { return label >= 0 && label < classes; });
  if (!wantsLabels || fits)
    return success();
  return refuse(trying.diagnostics, "E-CALIB",
                "sample " + std::to_string(sample) + " of the evaluation data has " + std::to_string(labels.size()) +
                    " labels for " + std::to_string(rows) + " rows of " + std::to_string(classes) + " classes");
}

LogicalResult Baseline::run(const ObservedModule &whole) {
  if (failed(checkOutput(whole.module.get())))
    return failure();
  program = trying.compile(whole, Plan(whole.calibration.layers.size()));
  if (!program)
    return failure();
  Samples &evaluation = trying.evaluation;
  Sequence sequence(*program, trying);
  for (size_t i = 0; i < evaluation.size(); ++i) {
    trying.tell("f32 results", i, evaluation.size());
    if (failed(sequence.next()))
      return failure();
    ArrayRef<float> found = trying.resultOf(*program);
    if (llvm::any_of(found, [](float x) { return std::isnan(x); }))
      return refuse(trying.diagnostics, "E-CALIB",
                    "sample " + std::to_string(i) + " of the evaluation data gives a NaN in output " +
                        std::to_string(trying.options.output) +
                        " before anything is quantized, so that no loss can be measured; leave it out");
    cameo_tensor tensor = program->output(trying.options.output);
    reference.results.emplace_back(found.begin(), found.end());
    reference.rowLengths.push_back(tensor.rank ? tensor.dims[tensor.rank - 1] : 1);
    reference.labels.push_back(evaluation.labels());
    if (failed(checkLabels(i)))
      return failure();
  }
  own.emplace(metric());
  for (auto [i, result] : llvm::enumerate(reference.results))
    own->add(i, result);
  return success();
}

// ---- plans

Trials::Trials(const ObservedModule &model, Baseline &baseline, Trying trying)
    : model(model), baseline(baseline), trying(trying) {
  ModuleOp module = model.module.get();
  for (const Layer &layer : layersOf(module.lookupSymbol<func::FuncOp>("main")))
    layerSizes.push_back({layer.outputs, layer.terms, layer.isMatrix});
}

std::optional<std::vector<double>> Trials::layerTimes(const Plan &plan) {
  std::unique_ptr<Program> program = trying.compile(model, plan);
  auto launches = program
                      ? program->timeLaunches(trying.evaluation.inputs(0), trying.options.repeats, trying.diagnostics)
                      : std::nullopt;
  if (!launches)
    return std::nullopt;
  llvm::StringMap<size_t> layerOfNode;
  for (auto [i, layer] : llvm::enumerate(model.calibration.layers))
    layerOfNode.try_emplace(layer.name, i);
  std::vector<double> times(layerSizes.size(), 0);
  for (auto [launch, ms] : llvm::zip(program->launches, *launches)) {
    auto named = llvm::find_if(launch.nodes, [&](const std::string &node) { return layerOfNode.contains(node); });
    if (named != launch.nodes.end())
      times[layerOfNode.lookup(*named)] += ms;
  }
  return times;
}

LogicalResult Trials::switchAmong(ArrayRef<std::vector<DictionaryAttr>> choices) {
  Variant copy(model.module.get());
  const CompressOptions &options = trying.options;
  if (failed(applySwitched(*copy, choices, model.calibration, options.range, trying.diagnostics)))
    return failure();
  switched = Program::make(*copy, options.calibration.compile, options.calibration.threads, trying.diagnostics);
  return success(bool(switched));
}

std::optional<Metric> Trials::metricOf(const Choices &choices, size_t most) {
  Metric metric = baseline.metric();
  std::vector<int64_t> plan(choices.begin(), choices.end());
  int64_t length = int64_t(plan.size());
  Sequence sequence(*switched, trying);
  for (size_t i = 0; i < std::min(most, trying.evaluation.size()); ++i) {
    if (failed(sequence.next(cameo_tensor{plan.data(), CAMEO_I64, 1, &length})))
      return std::nullopt;
    metric.add(i, trying.resultOf(*switched));
  }
  switched->evict(); // the next plan reads other weights
  return metric;
}

FailureOr<Trials::Whole> Trials::measure(const Plan &plan) {
  std::unique_ptr<Program> program = trying.compile(model, plan);
  if (!program)
    return failure();
  Metric metric = baseline.metric();
  Sequence sequence(*program, trying);
  for (size_t i = 0; i < trying.evaluation.size(); ++i) {
    if (failed(sequence.next()))
      return failure();
    metric.add(i, trying.resultOf(*program));
  }
  auto ms = trying.time(*program), f32Ms = baseline.ms();
  if (!ms || !f32Ms)
    return failure();
  return Whole{*ms, *f32Ms, program->fileBytes, metric.score(), metric.loss()};
}
