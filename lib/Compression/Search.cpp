// Search.cpp - see Search.h.
#include "Search.h"
#include <algorithm>

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

} // namespace

Search::Search(const ObservedModule &model, double pruned, Trials &trials, const CompressOptions &options)
    : calibration(model.calibration), context(model.module.get()->getContext()), pruned(pruned), trials(trials),
      options(options) {
  for (auto [size, entry] : llvm::zip(trials.sizes(), calibration.layers))
    layers.push_back({entry.name, {{DictionaryAttr(), 0, weightBytes(size.outputs, size.terms, {}), 0}}, 0, ""});
}

LogicalResult Search::start() {
  Plan f32(layers.size(), pruned);
  auto times = trials.layerTimes(f32);
  if (!times)
    return failure();
  auto whole = trials.measure(f32);
  if (failed(whole))
    return failure();
  for (auto [layer, ms] : llvm::zip(layers, *times))
    layer.options[0].ms = ms;
  frontier.push_back({f32, costOf(Choices(layers.size(), 0)), whole->loss});
  return success();
}

LogicalResult Search::run() {
  return success(succeeded(collectOptions()) && succeeded(makeSwitched()) && succeeded(measureNoise()) &&
                 succeeded(walkFrontier()));
}

/// Adds to each layer's options a way of quantizing it, where that pays.
LogicalResult Search::collectOptions() {
  std::vector<Way> ways = waysToTry();
  for (auto [number, way] : llvm::enumerate(ways)) {
    if (way.forSize && options.goal == Goal::Latency)
      continue;
    trials.tell("times of choices", number, ways.size());
    DictionaryAttr choice = way.quantization.attribute(context);
    Plan plan(0, pruned);
    for (auto [i, size] : llvm::enumerate(trials.sizes())) {
      bool fits = size.isMatrix || !way.forMatrices;
      plan.layers.push_back(fits ? possibleChoice(choice, calibration, i) : DictionaryAttr());
    }
    if (llvm::none_of(plan.layers, [](DictionaryAttr own) { return bool(own); }))
      continue;
    auto times = trials.layerTimes(plan);
    if (!times)
      return failure();
    for (auto [layer, size, own, ms] : llvm::zip(layers, trials.sizes(), plan.layers, *times)) {
      int64_t bytes = own ? weightBytes(size.outputs, size.terms, own) : 0;
      bool pays = options.goal == Goal::Size ? bytes < layer.options[0].bytes : ms < kWorthwhile * layer.options[0].ms;
      if (own && pays)
        layer.options.push_back({own, ms, bytes, 0});
    }
  }
  return success();
}

LogicalResult Search::makeSwitched() {
  std::vector<std::vector<DictionaryAttr>> choices;
  for (const LayerOptions &layer : layers) {
    auto &own = choices.emplace_back();
    for (const Option &option : ArrayRef(layer.options).drop_front())
      own.push_back(option.choice);
  }
  return trials.switchAmong(choices);
}

/// What each choice adds to the noise of the results when it is the only one.
LogicalResult Search::measureNoise() {
  Choices choices(layers.size(), 0);
  auto f32 = trials.metricOf(choices, kSensitivitySamples);
  if (!f32)
    return failure();
  for (auto [i, layer] : llvm::enumerate(layers)) {
    trials.tell("sensitivity of layers", i, layers.size());
    for (size_t k = 1; k < layer.options.size(); ++k) {
      choices[i] = k;
      auto metric = trials.metricOf(choices, kSensitivitySamples);
      if (!metric)
        return failure();
      double more = metric->noise() - f32->noise();
      layer.options[k].noise = more < 0 ? 0 : more; // stays a NaN where it is one
    }
    choices[i] = 0;
  }
  return success();
}

double Search::costOf(const Choices &choices) const {
  double sum = 0;
  for (auto [layer, chosen] : llvm::zip(layers, choices))
    sum += costOf(layer.options[chosen]);
  return sum;
}

Plan Search::planOf(const Choices &choices) const {
  Plan plan(0, pruned);
  for (auto [layer, chosen] : llvm::zip(layers, choices))
    plan.layers.push_back(layer.options[chosen].choice);
  return plan;
}

/// All plans on the way from f32 to the cheapest one, each by the step that costs least noise for what it gains: the
/// convex frontier if noises added up.
std::vector<Choices> Search::steps() const {
  std::vector<Choices> plans{Choices(layers.size(), 0)};
  while (true) {
    Choices next = plans.back();
    double best = -1;
    for (auto [i, layer] : llvm::enumerate(layers)) {
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

/// Measures a plan; remembers it as a point. True where it loses no more than allowed.
FailureOr<bool> Search::holds(const Choices &choices) {
  Plan plan = planOf(choices);
  auto point = llvm::find_if(frontier, [&](const Point &known) { return known.plan == plan; });
  if (point == frontier.end()) {
    auto metric = trials.metricOf(choices);
    if (!metric)
      return failure();
    point = frontier.insert(point, {plan, costOf(choices), metric->loss()});
  }
  return point->loss.bound <= options.maxDrop;
}

/// Finds the cheapest plans that lose no more than allowed: evenly along the steps, between the last good and the
/// first bad one, and then what can still be added.
LogicalResult Search::walkFrontier() {
  std::vector<Choices> plans = steps();
  size_t last = 0, bad = plans.size();
  for (size_t n = 0; n < kFrontierPoints; ++n) {
    trials.tell("frontier", n, kFrontierPoints);
    size_t at = (plans.size() - 1) * n / (kFrontierPoints - 1);
    auto good = holds(plans[at]);
    if (failed(good))
      return failure();
    if (*good && at < bad)
      last = at;
    else if (!*good)
      bad = std::min(bad, at);
  }
  while (bad - last > 1 && bad < plans.size()) {
    size_t middle = (last + bad) / 2;
    auto good = holds(plans[middle]);
    if (failed(good))
      return failure();
    (*good ? last : bad) = middle;
  }
  return extend(plans, last);
}

/// Adds steps after a good plan one by one, those that lose too much left out.
LogicalResult Search::extend(const std::vector<Choices> &plans, size_t good) {
  Choices best = plans[good];
  size_t tried = 0;
  for (size_t at = good + 1; at < plans.size() && tried < kExtraSteps; ++at, ++tried) {
    trials.tell("frontier", at, plans.size());
    Choices next = best;
    for (size_t i = 0; i < next.size(); ++i)
      if (plans[at][i] != plans[at - 1][i] &&
          costOf(layers[i].options[plans[at][i]]) < costOf(layers[i].options[next[i]]))
        next[i] = plans[at][i];
    if (next == best)
      continue;
    auto good = holds(next);
    if (failed(good))
      return failure();
    if (*good)
      best = next;
  }
  return success();
}
