// Compress.cpp - see Compress.h.
#include "cameo/Compression/Compress.h"
#include "Errors.h"
#include "Search.h"
#include "cameo/Compression/Prune.h"
#include "cameo/Dialect/Cameo/Attributes.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::compression;

namespace {

/// Parts of all channels that are tried to go, until one of them alone loses more than allowed.
constexpr double kShares[] = {0.125, 0.25, 0.375, 0.5};

/// The model, or what remains of it without some of its channels, and what was found for it.
struct Candidate {
  Candidate(const ObservedModule &model, double pruned, Baseline &baseline, const Trying &trying)
      : trials(model, baseline, trying), search(model, pruned, trials, trying.options) {}

  Trials trials;
  Search search;
};

class Compressor {
public:
  Compressor(std::shared_ptr<const ObservedModule> whole, Samples &samples, const Trying &trying)
      : whole(std::move(whole)), samples(samples), trying(trying), options(trying.options), baseline(trying) {
    result.models[0] = this->whole;
  }

  FailureOr<Compression> search() {
    if (failed(measureF32()))
      return failure();
    if (whole->calibration.layers.empty()) {
      result.verdict = "f32: the model has no convolution or product with constant weights";
      return std::move(result);
    }
    Candidate &unpruned = add(whole, 0);
    if (failed(unpruned.search.start()) || failed(unpruned.search.run()) || (options.prunes && failed(searchPruned())))
      return failure();
    for (const auto &[share, candidate] : candidates)
      llvm::append_range(result.frontier, candidate.search.frontier);
    llvm::sort(result.frontier, [](const Point &a, const Point &b) { return a.cost < b.cost; });
    if (failed(decide()))
      return failure();
    return std::move(result);
  }

  FailureOr<Compression> follow(const Plan &plan) {
    if (failed(measureF32()))
      return failure();
    std::shared_ptr<const ObservedModule> model = whole;
    if (plan.pruned > 0) {
      auto smaller = observed(plan.pruned);
      if (failed(smaller))
        return failure();
      if (!*smaller)
        return refuse(
            trying.diagnostics, "E-PLAN",
            llvm::formatv("the plan prunes {0:f1} % of all channels, of which this model has none that may go",
                          100 * plan.pruned));
      model = *smaller;
    }
    Candidate &candidate = add(model, plan.pruned);
    for (auto [layer, size, choice] : llvm::zip(candidate.search.layers, candidate.trials.sizes(), plan.layers))
      if (choice)
        layer.options.push_back({choice, 0, weightBytes(size.outputs, size.terms, choice), 0});
    if (failed(measureWhole(candidate, plan)))
      return failure();
    choose(candidate, plan, "the plan that was given");
    return std::move(result);
  }

private:
  Candidate &add(std::shared_ptr<const ObservedModule> model, double pruned) {
    result.models[pruned] = model;
    return candidates.try_emplace(pruned, *model, pruned, baseline, trying).first->second;
  }

  /// The model without channels, observed anew. Null where none may go.
  FailureOr<std::shared_ptr<ObservedModule>> observed(double share) {
    auto smaller = std::make_shared<ObservedModule>();
    auto module = withoutChannels(*whole, share, trying.diagnostics);
    if (failed(module))
      return failure();
    if (!*module)
      return std::shared_ptr<ObservedModule>();
    smaller->module = std::move(*module);
    CalibrationOptions again = options.calibration;
    again.state.clear();
    if (failed(smaller->calibration.run(*smaller->module, samples, again, trying.diagnostics)))
      return failure();
    return smaller;
  }

  LogicalResult measureF32() {
    if (failed(baseline.run(*whole)))
      return failure();
    auto ms = baseline.ms();
    result.f32Ms = result.ms = ms.value_or(0);
    result.f32Bytes = result.bytes = baseline.bytes();
    result.f32Score = result.score = baseline.score();
    return success(ms.has_value());
  }

  /// Takes as many channels away as the loss allows, and looks for plans of what remains.
  LogicalResult searchPruned() {
    Candidate *smallest = nullptr;
    for (double share : kShares) {
      trying.tell("pruned models", size_t(&share - kShares), std::size(kShares));
      auto model = observed(share);
      if (failed(model))
        return failure();
      if (!*model)
        break;
      Candidate &candidate = add(*model, share);
      if (failed(candidate.search.start()))
        return failure();
      if (candidate.search.frontier.front().loss.bound > options.maxDrop)
        break;
      smallest = &candidate;
    }
    return smallest ? smallest->search.run() : success();
  }

  LogicalResult measureWhole(Candidate &candidate, const Plan &plan) {
    auto whole = candidate.trials.measure(plan);
    if (failed(whole))
      return failure();
    result.f32Ms = std::min(result.f32Ms, whole->f32Ms);
    result.ms = whole->ms, result.bytes = whole->bytes, result.score = whole->score, result.loss = whole->loss;
    return success();
  }

  /// The cheapest plan that holds as a whole; f32 where none does.
  LogicalResult decide() {
    bool isSize = options.goal == Goal::Size;
    Plan f32(whole->calibration.layers.size());
    for (const Point &point : result.frontier) {
      if (point.loss.bound > options.maxDrop || point.plan == f32)
        continue;
      Candidate &candidate = candidates.at(point.plan.pruned);
      if (failed(measureWhole(candidate, point.plan)))
        return failure();
      bool pays = isSize ? result.bytes < result.f32Bytes : result.ms < result.f32Ms;
      if (result.loss.bound > options.maxDrop || !pays)
        continue;
      choose(candidate, point.plan,
             isSize ? "the smallest plan that loses no more than allowed"
                    : "the fastest plan that loses no more than allowed");
      return success();
    }
    result.ms = result.f32Ms, result.bytes = result.f32Bytes, result.score = result.f32Score, result.loss = {};
    choose(candidates.at(0), f32, "f32: every plan that was measured loses more than allowed, or gains nothing");
    return success();
  }

  void choose(Candidate &candidate, const Plan &plan, const char *verdict) {
    result.plan = plan, result.verdict = verdict;
    result.layers = candidate.search.layers;
    for (auto [layer, choice] : llvm::zip(result.layers, plan.layers)) {
      auto own = llvm::find_if(layer.options, [&](const Option &option) { return option.choice == choice; });
      layer.chosen = size_t(own - layer.options.begin());
      layer.why = why(layer);
    }
  }

  std::string why(const LayerOptions &layer) const {
    bool isSize = options.goal == Goal::Size;
    const Option &own = layer.options[layer.chosen];
    if (layer.options.size() == 1)
      return isSize ? "no choice is smaller" : "no choice is faster here";
    if (layer.chosen == 0)
      return "every choice costs more accuracy than it gains";
    if (isSize || own.ms == 0) // a plan that is followed has no times of layers
      return llvm::formatv("{0:f2} of f32's bytes", double(own.bytes) / double(layer.options[0].bytes));
    return llvm::formatv("{0:f2} of f32's time", own.ms / layer.options[0].ms);
  }

  std::shared_ptr<const ObservedModule> whole;
  Samples &samples;
  Trying trying;
  const CompressOptions &options;
  Baseline baseline;
  std::map<double, Candidate> candidates; ///< by the share that is pruned
  Compression result;
};

} // namespace

FailureOr<Carried> cameo::compression::parseCarried(ModuleOp module, StringRef text,
                                                    std::vector<cameo::Diagnostic> &diagnostics) {
  auto main = module.lookupSymbol<func::FuncOp>("main");
  for (unsigned output = 0; output < main.getNumResults(); ++output)
    for (unsigned input = 0; input < main.getNumArguments(); ++input) {
      auto from = main.getResultAttrOfType<StringAttr>(output, kNameAttr),
           to = main.getArgAttrOfType<StringAttr>(input, kNameAttr);
      if (!from || !to || text != from.getValue().str() + ":" + to.getValue().str())
        continue;
      auto given = cast<RankedTensorType>(main.getResultTypes()[output]),
           taken = cast<RankedTensorType>(main.getArgumentTypes()[input]);
      if (given.getElementType().isF32() && taken.getElementType().isF32() && given.getRank() == taken.getRank())
        return Carried{output, input};
    }
  return refuse(diagnostics, "E-USAGE",
                "--carry=" + text.str() +
                    " names no output and input of f32 and equal rank; expected OUTPUT:INPUT, see cameo check");
}

FailureOr<Compression> cameo::compression::compress(std::shared_ptr<const ObservedModule> whole, Samples &samples,
                                                    Samples &evaluation, const CompressOptions &options,
                                                    std::vector<cameo::Diagnostic> &diagnostics) {
  return Compressor(std::move(whole), samples, {evaluation, options, diagnostics}).search();
}

FailureOr<Compression> cameo::compression::measure(std::shared_ptr<const ObservedModule> whole, const Plan &plan,
                                                   Samples &samples, Samples &evaluation,
                                                   const CompressOptions &options,
                                                   std::vector<cameo::Diagnostic> &diagnostics) {
  return Compressor(std::move(whole), samples, {evaluation, options, diagnostics}).follow(plan);
}
