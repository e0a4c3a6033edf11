// Calibrate.cpp - `cameo calibrate`: what the layers of a model read on real inputs.
#include "Measuring.h"
#include "SampleFiles.h"
#include "Verb.h"
#include "cameo/Compression/Calibration.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"
#include <CLI/CLI.hpp>

using namespace cameo;
using namespace cameo::tool;
using namespace cameo::compression;

namespace {
struct Options {
  ModelOptions model;
  CalibrationOptions calibration;
  std::string data, method = "mse";
  size_t limit = SIZE_MAX;
};
} // namespace

static void print(const Calibration &calibration, RangeMethod method) {
  llvm::outs() << llvm::formatv("{0,10} {1,10} {2,10} {3,10}  layer\n", "least", "most", "range from", "to");
  for (auto [i, layer] : llvm::enumerate(calibration.layers)) {
    const Observer *seen = calibration.seenBy(i);
    if (!seen) {
      llvm::outs() << llvm::formatv("{0,43}  {1}\n", layer.observer ? "no sample gets here" : "can only be bf16",
                                    layer.name);
      continue;
    }
    Range range = seen->histogram.range(method);
    llvm::outs() << llvm::formatv("{0,10:f4} {1,10:f4} {2,10:f4} {3,10:f4}  {4}\n", seen->histogram.least,
                                  seen->histogram.most, range.least, range.most, layer.name);
  }
  llvm::outs() << llvm::formatv("{0} layers, {1} samples\n", calibration.layers.size(), calibration.samplesSeen);
}

static int calibrate(Options &options) {
  CalibrationOptions &o = options.calibration;
  o.convolutionGrams = !o.state.empty(); // which other verbs go on from
  o.gramBytes = o.state.empty() ? 0 : kGramBytes;
  return measuring(o.compile, [&](mlir::MLIRContext &context, std::vector<Diagnostic> &diagnostics) {
    auto module = load(options.model, context, diagnostics);
    if (!module)
      return;
    auto samples = openSamples(options.data, inputsOf(*module), options.limit);
    Calibration calibration;
    if (succeeded(prepare(*module, o.compile, diagnostics)) &&
        succeeded(calibration.run(*module, *samples, o, diagnostics)) &&
        succeeded(calibration.expectLayers(diagnostics)))
      print(calibration, *parseRangeMethod(options.method));
  });
}

static std::function<int()> setUp(CLI::App &app) {
  auto options = std::make_shared<Options>();
  addModelOptions(app, options->model);
  addDataOption(app, options->data)->required();
  app.add_option("--samples", options->limit, "the most samples that are used (default: all)")->type_name("N");
  addRangeOptions(app, options->method, options->calibration.state);
  app.add_option("--stop-after-samples", options->calibration.most, "end early; with --state, to go on another time")
      ->type_name("N");
  addRunOptions(app, options->calibration);
  return [options] { return calibrate(*options); };
}

namespace cameo::tool {
const Verb calibrateVerb{"calibrate", "Shows the ranges of what a model's layers read on given inputs.",
                         "Examples:\n"
                         "  cameo calibrate model.onnx --calib=inputs.npz\n"
                         "  cameo calibrate model.onnx --calib=folder --range=entropy --state=model.state\n",
                         setUp};
} // namespace cameo::tool
