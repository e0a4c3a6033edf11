// Compress.cpp - see Compress.h.
#include "cameo/Compression/Compress.h"
#include "Errors.h"
#include "cameo/Compression/Program.h"
#include "cameo/Passes/Quantization/Layers.h"
#include "mlir/AsmParser/AsmParser.h"
#include "llvm/Support/FormatVariadic.h"
#include <algorithm>
#include <numeric>

using namespace mlir;
using namespace cameo;
using namespace cameo::compression;

namespace {

/// The ways that are tried, best first among equals; those for matrices only, and those that are meant to make a model
/// small.
struct Way {
  const char *attribute;
  bool forMatrices, forSize;
};
constexpr Way kWays[] = {
    {R"({kind = "static", correct})", false, false},
    {R"({kind = "static", correct, smooth = 5.000000e-01 : f32})", false, false},
    {R"({kind = "dynamic"})", false, false},
    {R"({kind = "dynamic", smooth = 5.000000e-01 : f32})", false, false},
    {R"({kind = "bf16"})", false, false},
    {R"({kind = "weights", bits = 4 : i64, block = 32 : i64, method = "gptq", bytes})", true, false},
    {R"({kind = "weights", bits = 4 : i64, block = 32 : i64, method = "gptq"})", true, true},
    {R"({kind = "weights", bits = 4 : i64, block = 128 : i64, method = "gptq"})", true, true},
};

/// A choice has to make a layer so much faster to be worth looking at.
constexpr double kWorthwhile = 0.95;
/// Samples that tell what one layer's choice does to the results.
constexpr size_t kSensitivitySamples = 8;
/// Plans of the frontier that are measured, and steps that are tried beyond the best of them.
constexpr size_t kFrontierPoints = 8, kExtraSteps = 24;

class Search {
public:
  Search(ModuleOp module, const Calibration &calibration, Samples &evaluation, const CompressOptions &options,
         std::vector<cameo::Diagnostic> &diagnostics)
      : module(module), calibration(calibration), evaluation(evaluation), options(options), diagnostics(diagnostics) {}

  FailureOr<Compression> run() {
    if (failed(measureF32()))
      return failure();
    if (result.layers.empty()) {
      result.verdict = "f32: the model has no convolution or product with constant weights outside control flow";
      return std::move(result);
    }
    if (failed(collectOptions()) || failed(makeSwitched()) || failed(measureNoise()) || failed(walkFrontier()) ||
        failed(decide()))
      return failure();
    explain();
    return std::move(result);
  }

  FailureOr<Compression> runPlan(const Plan &plan) {
    if (failed(measureF32()))
      return failure();
    for (auto [layer, choice] : llvm::zip(result.layers, plan))
      if (choice) {
        layer.options.push_back({choice, 0, weightBytes(layer, choice), 0});
        layer.chosen = 1, layer.why = "the plan says so";
      }
    if (failed(measureWhole(plan)))
      return failure();
    result.plan = plan;
    result.verdict = "the plan that was given";
    return std::move(result);
  }

private:
  using Choices = std::vector<size_t>;

  void tell(const std::string &what, size_t done, size_t total) {
    if (options.calibration.compile.progress)
      options.calibration.compile.progress(what, done, total);
  }

  std::unique_ptr<Program> compilePlan(const Plan &plan) {
    Variant copy(module);
    if (failed(apply(*copy, plan, calibration, options.range, diagnostics)))
      return nullptr;
    return Program::make(*copy, options.calibration.compile, options.calibration.threads, diagnostics);
  }

  ArrayRef<float> resultOf(const Program &program) {
    cameo_tensor tensor = program.output(options.output);
    uint64_t count = 1;
    for (uint32_t i = 0; i < tensor.rank; ++i)
      count *= uint64_t(tensor.dims[i]);
    return ArrayRef(static_cast<const float *>(tensor.data), count);
  }

  /// The f32 program: its time, and the results that all others are compared with.
  LogicalResult measureF32() {
    func::FuncOp main = module.lookupSymbol<func::FuncOp>("main");
    if (options.output >= main.getNumResults())
      return refuse(diagnostics, "E-USAGE",
                    "--output=" + std::to_string(options.output) + " is no output; the model has " +
                        std::to_string(main.getNumResults()) + ", counted from 0");
    if (!getElementTypeOrSelf(main.getResultTypes()[options.output]).isF32())
      return refuse(diagnostics, "E-UNSUPPORTED",
                    "output " + std::to_string(options.output) +
                        " is not of f32 and has no loss to measure; choose "
                        "another with --output");
    for (const Layer &layer : layersOf(main))
      sizes.push_back({layer.outputs, layer.terms, layer.isMatrix});
    for (auto [size, entry] : llvm::zip(sizes, calibration.layers))
      result.layers.push_back(
          {entry.name,
           {{DictionaryAttr(), 0, cameo::compression::weightBytes(size.outputs, size.terms, {}), 0}},
           0,
           ""});
    f32 = compilePlan(Plan(result.layers.size()));
    if (!f32)
      return failure();
    result.f32Bytes = f32->fileBytes;
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
      size_t rows = size_t(int64_t(found.size()) / std::max<int64_t>(reference.rowLengths.back(), 1));
      const std::vector<int64_t> &labels = reference.labels.back();
      bool needsLabels = options.metric == MetricKind::Ppl, fits = labels.size() == rows;
      for (int64_t label : labels)
        fits &= label >= 0 && label < reference.rowLengths.back();
      if ((options.metric == MetricKind::Ppl || options.metric == MetricKind::Top1) && !fits &&
          (needsLabels || !labels.empty()))
        return refuse(diagnostics, "E-CALIB",
                      "sample " + std::to_string(i) + " of the evaluation data has " + std::to_string(labels.size()) +
                          " labels for " + std::to_string(rows) + " rows of " +
                          std::to_string(reference.rowLengths.back()) + " classes");
    }
    baseline.emplace(options.metric, reference);
    for (auto [i, own] : llvm::enumerate(reference.results))
      baseline->add(i, own);
    result.f32Score = result.score = baseline->score();
    auto ms = f32->time(timingInputs(), options.repeats, diagnostics);
    result.f32Ms = result.ms = ms.value_or(0);
    result.bytes = result.f32Bytes;
    return success(ms.has_value());
  }

  std::vector<cameo_tensor> timingInputs() { return evaluation.inputs(0); }

  int64_t weightBytes(const LayerOptions &layer, DictionaryAttr choice) {
    const Size &size = sizes[&layer - result.layers.data()];
    return cameo::compression::weightBytes(size.outputs, size.terms, choice);
  }

  /// Adds to each layer's options a way of quantizing it, where that pays.
  LogicalResult collectOptions() {
    std::vector<double> f32Times;
    if (failed(timeLayers(*f32, f32Times)))
      return failure();
    for (auto [layer, ms] : llvm::zip(result.layers, f32Times))
      layer.options[0].ms = ms;
    for (auto [number, way] : llvm::enumerate(kWays)) {
      if (way.forSize && options.goal == Goal::Latency)
        continue;
      tell("times of choices", number, std::size(kWays));
      auto choice = cast<DictionaryAttr>(parseAttribute(way.attribute, module.getContext()));
      Plan plan;
      for (auto [i, size] : llvm::enumerate(sizes)) {
        bool fits = size.isMatrix || !way.forMatrices;
        plan.push_back(fits ? possibleChoice(choice, calibration, i) : DictionaryAttr());
      }
      if (llvm::none_of(plan, [](DictionaryAttr own) { return bool(own); }))
        continue;
      std::unique_ptr<Program> program = compilePlan(plan);
      std::vector<double> times;
      if (!program || failed(timeLayers(*program, times)))
        return failure();
      for (auto [layer, own, ms] : llvm::zip(result.layers, plan, times)) {
        int64_t bytes = own ? weightBytes(layer, own) : 0;
        bool pays =
            options.goal == Goal::Size ? bytes < layer.options[0].bytes : ms < kWorthwhile * layer.options[0].ms;
        if (own && pays)
          layer.options.push_back({own, ms, bytes, 0});
      }
    }
    return success();
  }

  /// What each layer's kernels take. A kernel belongs to the first layer whose node it names.
  LogicalResult timeLayers(Program &program, std::vector<double> &times) {
    auto kernels = program.timeKernels(timingInputs(), options.repeats, diagnostics);
    if (!kernels)
      return failure();
    times.assign(result.layers.size(), 0);
    for (auto &[nodes, ms] : *kernels) {
      SmallVector<StringRef> names;
      StringRef(nodes).split(names, ", ");
      for (StringRef name : names) {
        auto found = llvm::find_if(result.layers, [&](const LayerOptions &layer) { return layer.name == name; });
        if (found == result.layers.end())
          continue;
        times[found - result.layers.begin()] += ms;
        break;
      }
    }
    return success();
  }

  /// The program that takes a plan.
  LogicalResult makeSwitched() {
    f32.reset(); // the switched program holds the f32 weights, too
    std::vector<std::vector<DictionaryAttr>> choices;
    for (const LayerOptions &layer : result.layers) {
      auto &own = choices.emplace_back();
      for (const Option &option : ArrayRef(layer.options).drop_front())
        own.push_back(option.choice);
    }
    Variant copy(module);
    if (failed(applySwitched(*copy, choices, calibration, options.range, diagnostics)))
      return failure();
    switched = Program::make(*copy, options.calibration.compile, options.calibration.threads, diagnostics);
    return success(bool(switched));
  }

  /// Runs the switched program on the first `most` samples.
  std::optional<Metric> evaluate(const Choices &choices, size_t most) {
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
    return metric;
  }

  /// What each choice does to the results when it is the only one.
  LogicalResult measureNoise() {
    Choices choices(result.layers.size(), 0);
    for (auto [i, layer] : llvm::enumerate(result.layers)) {
      tell("sensitivity of layers", i, result.layers.size());
      for (size_t k = 1; k < layer.options.size(); ++k) {
        choices[i] = k;
        auto metric = evaluate(choices, kSensitivitySamples);
        if (!metric)
          return failure();
        layer.options[k].noise = metric->noise();
      }
      choices[i] = 0;
    }
    return success();
  }

  double costOf(const Option &option) const { return options.goal == Goal::Size ? double(option.bytes) : option.ms; }
  double costOf(const Choices &choices) const {
    double sum = 0;
    for (auto [layer, chosen] : llvm::zip(result.layers, choices))
      sum += costOf(layer.options[chosen]);
    return sum;
  }

  /// All plans on the way from f32 to the cheapest one, each by the step that costs least noise for what it gains: the
  /// convex frontier if noises added up.
  std::vector<Choices> steps() const {
    std::vector<Choices> plans{Choices(result.layers.size(), 0)};
    while (true) {
      Choices next = plans.back();
      double best = -1;
      for (auto [i, layer] : llvm::enumerate(result.layers)) {
        const Option &now = layer.options[plans.back()[i]];
        for (size_t k = 0; k < layer.options.size(); ++k) {
          double gain = costOf(now) - costOf(layer.options[k]), noise = layer.options[k].noise - now.noise;
          if (gain <= 0)
            continue;
          double worth = noise <= 0 ? INFINITY : gain / noise;
          if (worth > best)
            best = worth, next = plans.back(), next[i] = k;
        }
      }
      if (best < 0)
        return plans;
      plans.push_back(next);
    }
  }

  /// Measures a plan; remembers it as a point.
  FailureOr<double> dropOf(const Choices &choices) {
    for (const Point &point : result.frontier)
      if (point.choices == choices)
        return point.drop;
    auto metric = evaluate(choices, evaluation.size());
    if (!metric)
      return failure();
    result.frontier.push_back({choices, costOf(choices), metric->drop(*baseline)});
    return result.frontier.back().drop;
  }

  /// Finds the cheapest plans that lose no more than allowed: evenly along the steps, between the last good and the
  /// first bad one, and then what can still be added.
  LogicalResult walkFrontier() {
    std::vector<Choices> plans = steps();
    size_t good = 0, bad = plans.size();
    for (size_t n = 0; n < kFrontierPoints; ++n) {
      tell("frontier", n, kFrontierPoints);
      size_t at = (plans.size() - 1) * n / (kFrontierPoints - 1);
      auto drop = dropOf(plans[at]);
      if (failed(drop))
        return failure();
      if (*drop <= options.maxDrop && at < bad)
        good = at;
      else if (*drop > options.maxDrop)
        bad = std::min(bad, at);
    }
    while (bad - good > 1 && bad < plans.size()) {
      size_t middle = (good + bad) / 2;
      auto drop = dropOf(plans[middle]);
      if (failed(drop))
        return failure();
      (*drop <= options.maxDrop ? good : bad) = middle;
    }
    Choices best = plans[good];
    size_t tried = 0;
    for (size_t at = good + 1; at < plans.size() && tried < kExtraSteps; ++at, ++tried) {
      tell("frontier", at, plans.size());
      Choices next = best;
      for (size_t i = 0; i < next.size(); ++i)
        if (plans[at][i] != plans[at - 1][i] &&
            costOf(result.layers[i].options[plans[at][i]]) < costOf(result.layers[i].options[next[i]]))
          next[i] = plans[at][i];
      if (next == best)
        continue;
      auto drop = dropOf(next);
      if (failed(drop))
        return failure();
      if (*drop <= options.maxDrop)
        best = next;
    }
    llvm::sort(result.frontier, [](const Point &a, const Point &b) { return a.cost < b.cost; });
    return success();
  }

  Plan planOf(const Choices &choices) const {
    Plan plan;
    for (auto [layer, chosen] : llvm::zip(result.layers, choices))
      plan.push_back(layer.options[chosen].choice);
    return plan;
  }

  /// Compiles and measures a plan as a whole.
  LogicalResult measureWhole(const Plan &plan) {
    if (!f32)
      f32 = compilePlan(Plan(result.layers.size()));
    std::unique_ptr<Program> program = f32 ? compilePlan(plan) : nullptr;
    if (!program)
      return failure();
    Metric metric(options.metric, reference);
    for (size_t i = 0; i < evaluation.size(); ++i) {
      if (!program->run(evaluation.inputs(i), diagnostics))
        return failure();
      metric.add(i, resultOf(*program));
    }
    auto ms = program->time(timingInputs(), options.repeats, diagnostics);
    auto again = f32->time(timingInputs(), options.repeats, diagnostics); // at the same time, so to speak
    if (!ms || !again)
      return failure();
    result.f32Ms = std::min(result.f32Ms, *again);
    result.ms = *ms, result.bytes = program->fileBytes, result.score = metric.score();
    result.drop = metric.drop(*baseline);
    return success();
  }

  /// The cheapest plan that holds as a whole; f32 where none does.
  LogicalResult decide() {
    switched.reset();
    for (const Point &point : result.frontier) {
      if (point.drop > options.maxDrop || llvm::all_of(point.choices, [](size_t k) { return k == 0; }))
        continue;
      if (failed(measureWhole(planOf(point.choices))))
        return failure();
      bool pays = options.goal == Goal::Size ? result.bytes < result.f32Bytes : result.ms < result.f32Ms;
      if (result.drop > options.maxDrop || !pays)
        continue;
      for (auto [layer, chosen] : llvm::zip(result.layers, point.choices))
        layer.chosen = chosen;
      result.plan = planOf(point.choices);
      result.verdict = options.goal == Goal::Size ? "the smallest plan that loses no more than allowed"
                                                  : "the fastest plan that loses no more than allowed";
      return success();
    }
    result.plan.assign(result.layers.size(), DictionaryAttr());
    result.ms = result.f32Ms, result.bytes = result.f32Bytes, result.score = result.f32Score, result.drop = 0;
    result.verdict = "f32: every plan that was measured loses more than allowed, or gains nothing";
    return success();
  }

  void explain() {
    for (LayerOptions &layer : result.layers) {
      const Option &own = layer.options[layer.chosen];
      if (layer.options.size() == 1)
        layer.why = options.goal == Goal::Size ? "no choice is smaller" : "no choice is faster here";
      else if (layer.chosen == 0)
        layer.why = "every choice costs more accuracy than it gains";
      else if (options.goal == Goal::Size)
        layer.why = llvm::formatv("{0:f2} of f32's bytes", double(own.bytes) / double(layer.options[0].bytes));
      else
        layer.why = llvm::formatv("{0:f2} of f32's time", own.ms / layer.options[0].ms);
    }
  }

  struct Size {
    int64_t outputs, terms;
    bool isMatrix;
  };

  ModuleOp module;
  const Calibration &calibration;
  Samples &evaluation;
  const CompressOptions &options;
  std::vector<cameo::Diagnostic> &diagnostics;
  std::unique_ptr<Program> f32, switched;
  Reference reference;
  std::optional<Metric> baseline;
  std::vector<Size> sizes;
  Compression result;
};

} // namespace

FailureOr<Compression> cameo::compression::compress(ModuleOp module, const Calibration &calibration,
                                                    Samples &evaluation, const CompressOptions &options,
                                                    std::vector<cameo::Diagnostic> &diagnostics) {
  return Search(module, calibration, evaluation, options, diagnostics).run();
}

FailureOr<Compression> cameo::compression::measure(ModuleOp module, const Plan &plan, const Calibration &calibration,
                                                   Samples &evaluation, const CompressOptions &options,
                                                   std::vector<cameo::Diagnostic> &diagnostics) {
  return Search(module, calibration, evaluation, options, diagnostics).runPlan(plan);
}
