// Compress.cpp - see Compress.h.
#include "cameo/Compression/Compress.h"
#include "Trials.h"
#include "llvm/Support/FormatVariadic.h"
#include <algorithm>
#include <numeric>

using namespace mlir;
using namespace cameo;
using namespace cameo::compression;

namespace {

/// A way that is tried; some are for matrices only, some are meant to make a model small.
struct Way {
  Quantization quantization;
  bool forMatrices = false, forSize = false;
};

/// Best first among equals.
std::vector<Way> waysToTry() {
  auto bytes = [](QuantizationKind kind, float smooth) {
    Quantization q;
    q.kind = kind, q.smooth = smooth, q.correct = kind == QuantizationKind::Static;
    return Way{q};
  };
  auto blocks = [](int64_t block, bool byteActivations) {
    Quantization q;
    q.kind = QuantizationKind::Weights, q.block = block, q.method = WeightMethod::Gptq, q.bytes = byteActivations;
    return Way{q, /*forMatrices=*/true, /*forSize=*/!byteActivations};
  };
  using enum QuantizationKind;
  return {bytes(Static, 0), bytes(Static, 0.5f), bytes(Dynamic, 0), bytes(Dynamic, 0.5f),
          bytes(Bf16, 0),   blocks(32, true),    blocks(32, false), blocks(128, false)};
}

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
      : module(module), calibration(calibration), options(options),
        trials(module, calibration, evaluation, options, diagnostics) {
    for (auto [size, entry] : llvm::zip(trials.sizes(), calibration.layers))
      result.layers.push_back(
          {entry.name, {{DictionaryAttr(), 0, weightBytes(size.outputs, size.terms, {}), 0}}, 0, ""});
  }

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
    for (auto [layer, size, choice] : llvm::zip(result.layers, trials.sizes(), plan))
      if (choice) {
        layer.options.push_back({choice, 0, weightBytes(size.outputs, size.terms, choice), 0});
        layer.chosen = 1, layer.why = "the plan says so";
      }
    if (failed(measureWhole(plan)))
      return failure();
    result.plan = plan;
    result.verdict = "the plan that was given";
    return std::move(result);
  }

private:
  LogicalResult measureF32() {
    if (failed(trials.runF32()))
      return failure();
    auto ms = trials.f32Ms();
    result.f32Ms = result.ms = ms.value_or(0);
    result.f32Bytes = result.bytes = trials.f32Bytes();
    result.f32Score = result.score = trials.f32Score();
    return success(ms.has_value());
  }

  /// Adds to each layer's options a way of quantizing it, where that pays.
  LogicalResult collectOptions() {
    auto f32Times = trials.layerTimes(Plan(result.layers.size()));
    if (!f32Times)
      return failure();
    for (auto [layer, ms] : llvm::zip(result.layers, *f32Times))
      layer.options[0].ms = ms;
    std::vector<Way> ways = waysToTry();
    for (auto [number, way] : llvm::enumerate(ways)) {
      if (way.forSize && options.goal == Goal::Latency)
        continue;
      trials.tell("times of choices", number, ways.size());
      DictionaryAttr choice = way.quantization.attribute(module.getContext());
      Plan plan;
      for (auto [i, size] : llvm::enumerate(trials.sizes())) {
        bool fits = size.isMatrix || !way.forMatrices;
        plan.push_back(fits ? possibleChoice(choice, calibration, i) : DictionaryAttr());
      }
      if (llvm::none_of(plan, [](DictionaryAttr own) { return bool(own); }))
        continue;
      auto times = trials.layerTimes(plan);
      if (!times)
        return failure();
      for (auto [layer, size, own, ms] : llvm::zip(result.layers, trials.sizes(), plan, *times)) {
        int64_t bytes = own ? weightBytes(size.outputs, size.terms, own) : 0;
        bool pays =
            options.goal == Goal::Size ? bytes < layer.options[0].bytes : ms < kWorthwhile * layer.options[0].ms;
        if (own && pays)
          layer.options.push_back({own, ms, bytes, 0});
      }
    }
    return success();
  }

  LogicalResult makeSwitched() {
    std::vector<std::vector<DictionaryAttr>> choices;
    for (const LayerOptions &layer : result.layers) {
      auto &own = choices.emplace_back();
      for (const Option &option : ArrayRef(layer.options).drop_front())
        own.push_back(option.choice);
    }
    return trials.switchAmong(choices);
  }

  /// What each choice does to the results when it is the only one.
  LogicalResult measureNoise() {
    Choices choices(result.layers.size(), 0);
    for (auto [i, layer] : llvm::enumerate(result.layers)) {
      trials.tell("sensitivity of layers", i, result.layers.size());
      for (size_t k = 1; k < layer.options.size(); ++k) {
        choices[i] = k;
        auto metric = trials.metricOf(choices, kSensitivitySamples);
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
    auto metric = trials.metricOf(choices);
    if (!metric)
      return failure();
    result.frontier.push_back({choices, costOf(choices), trials.dropOf(*metric)});
    return result.frontier.back().drop;
  }

  /// Finds the cheapest plans that lose no more than allowed: evenly along the steps, between the last good and the
  /// first bad one, and then what can still be added.
  LogicalResult walkFrontier() {
    std::vector<Choices> plans = steps();
    size_t good = 0, bad = plans.size();
    for (size_t n = 0; n < kFrontierPoints; ++n) {
      trials.tell("frontier", n, kFrontierPoints);
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
      trials.tell("frontier", at, plans.size());
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

  LogicalResult measureWhole(const Plan &plan) {
    auto whole = trials.measure(plan);
    if (failed(whole))
      return failure();
    result.f32Ms = std::min(result.f32Ms, whole->f32Ms);
    result.ms = whole->ms, result.bytes = whole->bytes, result.score = whole->score, result.drop = whole->drop;
    return success();
  }

  /// The cheapest plan that holds as a whole; f32 where none does.
  LogicalResult decide() {
    for (const Point &point : result.frontier) {
      if (point.drop > options.maxDrop || llvm::all_of(point.choices, [](size_t k) { return k == 0; }))
        continue;
      if (failed(measureWhole(result.planOf(point))))
        return failure();
      bool pays = options.goal == Goal::Size ? result.bytes < result.f32Bytes : result.ms < result.f32Ms;
      if (result.drop > options.maxDrop || !pays)
        continue;
      for (auto [layer, chosen] : llvm::zip(result.layers, point.choices))
        layer.chosen = chosen;
      result.plan = result.planOf(point);
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

  ModuleOp module;
  const Calibration &calibration;
  const CompressOptions &options;
  Trials trials;
  Compression result;
};

} // namespace

Plan Compression::planOf(const Point &point) const {
  Plan plan;
  for (auto [layer, chosen] : llvm::zip(layers, point.choices))
    plan.push_back(layer.options[chosen].choice);
  return plan;
}

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
