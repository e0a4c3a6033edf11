// Measuring.cpp - see Measuring.h.
#include "Measuring.h"
#include "Progress.h"
#include "cameo-run/UserError.h"
#include "cameo/Pipeline/Interrupt.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>

using namespace cameo;
using namespace cameo::tool;

std::optional<double> cameo::tool::parseShare(llvm::StringRef text) {
  bool isPercent = text.consume_back("%");
  double number;
  if (text.getAsDouble(number) || !std::isfinite(number) || number < 0)
    return std::nullopt;
  return isPercent ? number / 100 : number;
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
