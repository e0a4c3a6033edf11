// Common.cpp - see Common.h.
#include "Common.h"
#include "llvm/Support/raw_ostream.h"
#include <CLI/CLI.hpp>

using namespace cameo;
using namespace cameo::tool;

void cameo::tool::addModelOptions(CLI::App &app, ModelOptions &options, bool isOptional) {
  app.add_option("model", options.path, "MODEL.onnx")->required(!isOptional);
  app.add_option("--dim", options.dims,
                 "fix or bound a symbolic size: NAME is a dim_param or INPUT.AXIS; may be repeated")
      ->allow_extra_args(false)
      ->type_name("NAME:VALUE|MIN..MAX");
  app.add_flag("--lenient-shapes", options.import.lenientShapes,
               "declared shapes that contradict the inferred ones are warnings");
  app.add_flag("--follow-symlinks", options.import.read.followSymlinks,
               "external data may be reached through symbolic links");
  app.add_option("--external-data-root", options.import.read.externalDataRoot,
                 "folder of external data (default: the model's)")
      ->type_name("FOLDER");
  for (const onnx::LimitFlag &flag : onnx::limitFlags())
    app.add_option(flag.flag.str(), options.import.read.limits.*flag.field, flag.help.str())
        ->check(CLI::NonNegativeNumber)
        ->group("Limits");
}

std::unique_ptr<mlir::MLIRContext> cameo::tool::makeContext() {
  mlir::DialectRegistry registry;
  registerDialects(registry);
  auto context = std::make_unique<mlir::MLIRContext>(registry);
  context->loadAllAvailableDialects();
  return context;
}

static bool parseDim(llvm::StringRef text, onnx::DimBinding &binding) {
  auto [name, range] = text.rsplit(':');
  auto [low, high] = range.split("..");
  binding.name = name.str();
  if (name.empty() || low.getAsInteger(10, binding.min))
    return false;
  binding.max = binding.min;
  if (range.contains("..") && high.getAsInteger(10, binding.max))
    return false;
  return binding.min >= 0 && binding.max >= binding.min;
}

mlir::OwningOpRef<mlir::ModuleOp> cameo::tool::load(ModelOptions &options, mlir::MLIRContext &context,
                                                    std::vector<Diagnostic> &diagnostics) {
  for (const std::string &text : options.dims) {
    onnx::DimBinding binding;
    if (parseDim(text, binding)) {
      options.import.dims.push_back(binding);
      continue;
    }
    Diagnostic d;
    d.code = "E-USAGE";
    d.exitCode = ExitCode::Usage;
    d.message = "--dim=" + onnx::escaped(text) + " is not NAME:VALUE or NAME:MIN..MAX with sizes of 0 or more";
    diagnostics.push_back(d);
  }
  if (hasErrors(diagnostics))
    return {};
  return loadModel(options.path, context, options.import, diagnostics);
}

int cameo::tool::tell(const std::vector<Diagnostic> &diagnostics) {
  for (const Diagnostic &d : diagnostics)
    llvm::errs() << d.render() << "\n";
  return int(exitCodeOf(diagnostics));
}

int cameo::tool::fail(llvm::StringRef code, const llvm::Twine &message) {
  Diagnostic d;
  d.code = code;
  d.exitCode = exitCodeOfCode(code);
  d.message = message.str();
  return tell({d});
}
