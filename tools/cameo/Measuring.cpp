// Measuring.cpp - see Measuring.h.
#include "Measuring.h"
#include "Progress.h"
#include "SampleFiles.h"
#include "cameo-run/UserError.h"
#include "cameo/Compression/Program.h"
#include "cameo/Pipeline/Compile.h"
#include "cameo/Pipeline/Interrupt.h"
#include "llvm/Support/raw_ostream.h"
#include <CLI/CLI.hpp>
#include <cmath>

using namespace cameo;
using namespace cameo::tool;
using namespace cameo::compression;

std::optional<double> cameo::tool::parseShare(llvm::StringRef text) {
  bool isPercent = text.consume_back("%");
  double number;
  if (text.getAsDouble(number) || !std::isfinite(number) || number < 0)
    return std::nullopt;
  return isPercent ? number / 100 : number;
}

CLI::Option *cameo::tool::addDataOption(CLI::App &app, std::string &data, const std::string &more) {
  return app.add_option("--calib", data, kDataHelp + more)->type_name("DATA");
}

void cameo::tool::addRunOptions(CLI::App &app, CalibrationOptions &options) {
  app.add_option("--cpu", options.compile.targets.cpus, "CPU levels, as for cameo compile")
      ->delimiter(',')
      ->allow_extra_args(false);
  app.add_option("--threads", options.threads, "threads of a run (default: all CPUs)")->check(CLI::Range(0, 512));
}

void cameo::tool::addRangeOptions(CLI::App &app, std::string &range, std::string &state) {
  app.add_option("--range", range, "how 8-bit ranges follow: min-max, percentile (99.99 %), entropy, mse (default)")
      ->check(CLI::IsMember({"min-max", "percentile", "entropy", "mse"}));
  app.add_option(
         "--state", state,
         "file that takes what calibration saw as it grows; the same command goes on from it, and compress from "
         "what calibrate wrote")
      ->type_name("FILE");
}

llvm::LogicalResult cameo::tool::calibrateModel(ModelOptions &options, const std::string &data,
                                                const CalibrationOptions &calibration, mlir::MLIRContext &context,
                                                Calibrated &result, std::vector<Diagnostic> &diagnostics) {
  ObservedModule &model = *result.model;
  model.module = load(options, context, diagnostics);
  if (!model.module)
    return llvm::failure();
  result.samples = openSamples(data, inputsOf(*model.module), SIZE_MAX);
  return llvm::success(succeeded(prepare(*model.module, calibration.compile, diagnostics)) &&
                       succeeded(model.calibration.run(*model.module, *result.samples, calibration, diagnostics)));
}

llvm::LogicalResult cameo::tool::writePlanned(const ObservedModule &model, const Plan &plan, RangeMethod range,
                                              CompileOptions writing, const std::string &path,
                                              std::vector<Diagnostic> &diagnostics) {
  CompileReport report;
  Variant copy(model.module.get());
  writing.emit = emitFor(path);
  return llvm::success(succeeded(apply(*copy, plan, model.calibration, range, diagnostics)) &&
                       succeeded(compile(*copy, writing, path, report, diagnostics)));
}

int cameo::tool::measuring(CompileOptions &options,
                           llvm::function_ref<void(mlir::MLIRContext &, std::vector<Diagnostic> &)> work) {
  handleInterrupts();
  auto context = makeContext();
  std::vector<Diagnostic> diagnostics;
  try {
    Progress progress;
    options.progress = [&](const std::string &what, size_t done, size_t total) { progress.show(what, done, total); };
    work(*context, diagnostics);
  } catch (const run::UserError &error) {
    tell(diagnostics);
    return fail(error.code, error.exitCode, error.what());
  }
  return tell(diagnostics);
}
