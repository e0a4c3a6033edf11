// Quantize.cpp - `cameo quantize`: a model all of whose layers are quantized in one way.
#include "Measuring.h"
#include "Verb.h"
#include "llvm/ADT/StringExtras.h"
#include <CLI/CLI.hpp>

using namespace cameo;
using namespace cameo::tool;
using namespace cameo::compression;

namespace {

struct Options {
  ModelOptions model;
  CalibrationOptions calibration;
  Quantization quantization;
  std::string output, data, range = "mse", kind = nameOf(quantization.kind).str(),
                            method = nameOf(WeightMethod::Gptq).str();
};

/// An option that only some kinds of quantization read.
struct KindOption {
  const char *flag;
  std::vector<llvm::StringRef> kinds;
};
const KindOption kKindOptions[] = {{"--smooth", {"static", "dynamic"}},
                                   {"--bits", {"weights"}},
                                   {"--block", {"weights"}},
                                   {"--method", {"weights"}},
                                   {"--symmetric", {"static", "weights"}},
                                   {"--byte-activations", {"weights"}}};

} // namespace

/// One way for all layers, as far as each can go it.
static Plan uniformPlan(mlir::DictionaryAttr choice, const Calibration &calibration,
                        std::vector<Diagnostic> &diagnostics) {
  Plan plan;
  for (size_t i = 0; i < calibration.layers.size(); ++i) {
    plan.layers.push_back(possibleChoice(choice, calibration, i));
    if (plan.layers.back() == choice)
      continue;
    Diagnostic &warning = diagnostics.emplace_back();
    warning.severity = Severity::Warning;
    warning.node = calibration.layers[i].name;
    const Calibration::Entry &layer = calibration.layers[i];
    warning.message = "layer '" + layer.name +
                      (plan.layers.back() ? "' is too wide for GPTQ in memory; it is quantized by HQQ"
                       : layer.observer   ? "' stays f32: no sample gets there"
                                          : "' stays f32: only --kind=bf16 is known for it");
  }
  return plan;
}

static int quantize(Options &options) {
  Quantization &how = options.quantization;
  how.kind = *parseQuantizationKind(options.kind), how.method = *parseWeightMethod(options.method);
  how.correct = how.kind == QuantizationKind::Static;
  options.calibration.gramBytes = kGramBytes;
  options.calibration.convolutionGrams = !options.calibration.state.empty(); // a state is good for all verbs
  return measuring(options.calibration.compile, [&](mlir::MLIRContext &context, std::vector<Diagnostic> &diagnostics) {
    Calibrated loaded;
    if (failed(calibrateModel(options.model, options.data, options.calibration, context, loaded, diagnostics)) ||
        failed(loaded.model->calibration.expectLayers(diagnostics)))
      return;
    Plan plan = uniformPlan(how.attribute(&context), loaded.model->calibration, diagnostics);
    (void)writePlanned(*loaded.model, plan, *parseRangeMethod(options.range), options.calibration.compile,
                       options.output, diagnostics);
  });
}

static std::function<int()> setUp(CLI::App &app) {
  auto options = std::make_shared<Options>();
  addModelOptions(app, options->model);
  app.add_option("-o,--output", options->output, kOutputHelp)->type_name("OUT")->required();
  addDataOption(app, options->data)->required();
  addRangeOptions(app, options->range, options->calibration.state);
  addRunOptions(app, options->calibration);
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
  app.add_flag("--symmetric", options->quantization.symmetric, "for static and weights: zero points are in the middle");
  app.add_flag("--byte-activations", options->quantization.bytes, "for weights: inputs may be rounded to 8 bits");
  return [options, &app] {
    for (const KindOption &option : kKindOptions)
      if (app.count(option.flag) && !llvm::is_contained(option.kinds, options->kind))
        return fail("E-USAGE", std::string(option.flag) + " says nothing about --kind=" + options->kind +
                                   "; expected --kind=" + llvm::join(option.kinds, " or --kind="));
    return quantize(*options);
  };
}

namespace cameo::tool {
const Verb quantizeVerb{
    "quantize", "Quantizes all layers of a model in one way.",
    "Examples:\n"
    "  cameo quantize model.onnx --calib=inputs.npz -o model.cameo\n"
    "  cameo quantize model.onnx --calib=inputs.npz --kind=weights --bits=4 --block=128 -o model.cameo\n",
    setUp};
} // namespace cameo::tool
