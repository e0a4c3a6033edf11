// Prune.cpp - see Prune.h.
#include "cameo/Compression/Prune.h"
#include "Errors.h"
#include "cameo/Compression/Program.h"
#include "cameo/Passes/Pruning/Families.h"
#include "cameo/Passes/Pruning/Passes.h"
#include "cameo/Passes/Pruning/WeightPattern.h"
#include "cameo/Passes/Quantization/Layers.h"
#include "cameo/Passes/Shape/Passes.h"
#include "cameo/Pipeline/Compile.h"
#include "mlir/Transforms/Passes.h"
#include <algorithm>

using namespace mlir;
using namespace cameo;
using namespace cameo::compression;

bool cameo::compression::isPattern(StringRef text) { return WeightPattern::parse(text).has_value(); }

LogicalResult cameo::compression::prune(ModuleOp module, const Calibration *calibration, const PruneOptions &options,
                                        std::vector<cameo::Diagnostic> &diagnostics) {
  if (calibration)
    calibration->annotate(module, RangeMethod::MinMax);
  return runPasses(
      module,
      [&](OpPassManager &passes) {
        if (options.share > 0 || !options.shares.empty()) {
          PruneChannelsPassOptions channels;
          channels.share = options.share;
          channels.shares.assign(options.shares.begin(), options.shares.end());
          channels.score = options.score;
          channels.scope = options.scope;
          channels.multiple = options.multiple;
          channels.masked = options.masked;
          channels.reconstruct = options.reconstruct;
          passes.addPass(createPruneChannelsPass(channels));
          passes.addPass(createInferShapesPass());
          passes.addPass(createCSEPass()); // constants that nobody reads any more are gone
        }
        if (!options.pattern.empty()) {
          PruneWeightsPassOptions weights;
          weights.pattern = options.pattern;
          weights.sparsity = options.sparsity;
          weights.score = options.score;
          passes.addPass(createPruneWeightsPass(weights));
        }
      },
      diagnostics);
}

static int64_t numWeights(ModuleOp module) {
  int64_t count = 0;
  for (const Layer &layer : layersOf(module.lookupSymbol<func::FuncOp>("main")))
    count += layer.outputs * layer.terms;
  return count;
}

FailureOr<OwningOpRef<ModuleOp>> cameo::compression::withoutChannels(const ObservedModule &whole, double share,
                                                                     std::vector<cameo::Diagnostic> &diagnostics) {
  OwningOpRef<ModuleOp> smaller = whole.module.get().clone();
  PruneOptions how;
  how.share = share, how.score = PruneScore::Wanda;
  if (failed(prune(*smaller, &whole.calibration, how, diagnostics)))
    return failure();
  if (numWeights(*smaller) == numWeights(whole.module.get()))
    smaller = nullptr;
  return std::move(smaller);
}

int64_t cameo::compression::nonzeroWeights(ModuleOp module) {
  int64_t count = 0;
  for (const Layer &layer : layersOf(module.lookupSymbol<func::FuncOp>("main")))
    count += llvm::count_if(layer.matrix(), [](float w) { return w != 0; });
  return count;
}

FailureOr<Summary> cameo::compression::summaryOf(ModuleOp module, std::vector<cameo::Diagnostic> &diagnostics) {
  Variant copy(module);
  return summarize(*copy, diagnostics);
}

/// The first result of each of the first samples. Nothing exactly when `diagnostics` got an error.
static std::optional<std::vector<std::vector<float>>> resultsOf(ModuleOp module, Samples &samples,
                                                                const CalibrationOptions &running,
                                                                std::vector<cameo::Diagnostic> &diagnostics) {
  constexpr size_t kSamples = 8;
  auto program = Program::make(module, running.compile, running.threads, diagnostics);
  std::vector<std::vector<float>> results;
  for (size_t i = 0; program && i < std::min(samples.size(), kSamples); ++i) {
    if (!program->run(samples.inputs(i), diagnostics))
      return std::nullopt;
    cameo_tensor found = program->output(0);
    int64_t count = 1;
    for (uint32_t axis = 0; axis < found.rank; ++axis)
      count *= found.dims[axis];
    auto *numbers = static_cast<const float *>(found.data);
    results.emplace_back(numbers, numbers + count);
  }
  return program ? std::optional(std::move(results)) : std::nullopt;
}

FailureOr<std::vector<FamilyEffect>> cameo::compression::scanFamilies(ModuleOp module, const Calibration *calibration,
                                                                      Samples &samples, const PruneOptions &options,
                                                                      const CalibrationOptions &running,
                                                                      std::vector<cameo::Diagnostic> &diagnostics) {
  auto main = module.lookupSymbol<func::FuncOp>("main");
  if (main.getNumResults() == 0 || !getElementTypeOrSelf(main.getResultTypes().front()).isF32())
    return refuse(diagnostics, "E-UNSUPPORTED", "the first output, by which families are compared, is not of f32");
  Variant separate(module);
  auto function = (*separate).lookupSymbol<func::FuncOp>("main");
  separateConstants(function);
  std::vector<Family> families = familiesOf(SliceTies(function));
  FailureOr<Summary> whole = summaryOf(module, diagnostics);
  if (failed(whole))
    return failure();
  Variant unpruned(module);
  auto reference = resultsOf(*unpruned, samples, running, diagnostics);
  if (!reference)
    return failure();
  std::vector<FamilyEffect> effects;
  for (auto [i, family] : llvm::enumerate(families)) {
    if (running.compile.progress)
      running.compile.progress("families", i, families.size());
    PruneOptions own = options;
    own.shares.assign(i + 1, 0);
    own.shares[i] = options.share;
    Variant copy(module);
    if (failed(prune(*copy, calibration, own, diagnostics)))
      return failure();
    FailureOr<Summary> left = summaryOf(*copy, diagnostics);
    auto results = succeeded(left) ? resultsOf(*copy, samples, running, diagnostics) : std::nullopt;
    if (!results)
      return failure();
    double error = 0, signal = 0;
    for (auto [found, wanted] : llvm::zip(*results, *reference))
      for (auto [x, y] : llvm::zip(found, wanted))
        error += double(x - y) * (x - y), signal += double(y) * y;
    int64_t count = family.bundles.size();
    effects.push_back({family.name, count, keptOf(count, options.share, options.multiple),
                       signal > 0 ? error / signal : 0,
                       whole->total().flops ? double(left->total().flops) / double(whole->total().flops) : 1});
  }
  return effects;
}
