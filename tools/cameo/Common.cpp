// Common.cpp - see Common.h.
#include "Common.h"
#include "llvm/Support/raw_ostream.h"
#include <CLI/CLI.hpp>

using namespace cameo;
using namespace cameo::tool;

void cameo::tool::addModelOptions(CLI::App &app, ModelOptions &options, bool isOptional) {
  app.add_option("model", options.path, "MODEL.onnx")->required(!isOptional);
  app.add_option("--dim", options.dims, "fix a symbolic size: NAME is a dim_param or INPUT.AXIS; may be repeated")
      ->allow_extra_args(false)
      ->type_name("NAME:VALUE");
  app.add_option(
         "--shape", options.shapes,
         "shape of an input that declares none; NAME[0], NAME[1], ... are the elements of a sequence, NAME:none is "
         "an empty sequence or optional; may be repeated")
      ->allow_extra_args(false)
      ->type_name("NAME:SIZExSIZE|scalar|none");
  app.add_flag("--lenient-shapes", options.import.lenientShapes,
               "declared shapes that contradict the inferred ones are warnings");
  app.add_flag("--follow-symlinks", options.import.read.followSymlinks,
               "external data may be reached through symbolic links");
  app.add_option("--external-data-root", options.import.read.externalDataRoot,
                 "folder of external data (default: the model's)")
      ->type_name("FOLDER");
  for (const onnx::LimitFlag &flag : onnx::limitFlags())
    app.add_option(flag.flag.str(), options.import.read.limits.*flag.field, flag.help.str())
        ->capture_default_str()
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
  auto [name, size] = text.rsplit(':');
  binding.name = name.str();
  return !name.empty() && !size.getAsInteger(10, binding.size) && binding.size >= 0;
}

static bool parseShape(llvm::StringRef text, onnx::ShapeBinding &binding) {
  auto [name, shape] = text.rsplit(':');
  binding.name = name.str();
  if (name.empty() || shape.empty())
    return false;
  if (shape == "none")
    return true;
  binding.sizes.emplace();
  llvm::SmallVector<llvm::StringRef> sizes;
  if (shape != "scalar")
    shape.split(sizes, 'x');
  for (llvm::StringRef size : sizes) {
    int64_t number = -1;
    if (size != "?" && (size.getAsInteger(10, number) || number < 0))
      return false;
    binding.sizes->push_back(number);
  }
  return true;
}

mlir::OwningOpRef<mlir::ModuleOp> cameo::tool::load(ModelOptions &options, mlir::MLIRContext &context,
                                                    std::vector<Diagnostic> &diagnostics) {
  auto refuse = [&](const std::string &message) { diagnostics.push_back(Diagnostic::error("E-USAGE", message)); };
  for (const std::string &text : options.dims) {
    onnx::DimBinding binding;
    if (parseDim(text, binding))
      options.import.dims.push_back(binding);
    else
      refuse("--dim=" + escaped(text) + " is not NAME:VALUE with a size of 0 or more");
  }
  for (const std::string &text : options.shapes) {
    onnx::ShapeBinding binding;
    if (parseShape(text, binding))
      options.import.shapes.push_back(binding);
    else
      refuse("--shape=" + escaped(text) +
             " is not NAME:SIZExSIZE, NAME:scalar or NAME:none with sizes of 0 or more, or ? for an open one");
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
  return tell({Diagnostic::error(code, message.str())});
}

int cameo::tool::fail(llvm::StringRef code, ExitCode exitCode, const llvm::Twine &message) {
  Diagnostic problem = Diagnostic::error(code, message.str());
  problem.exitCode = exitCode;
  return tell({problem});
}
