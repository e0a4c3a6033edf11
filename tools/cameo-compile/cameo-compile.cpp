// cameo-compile.cpp - an ONNX file in, a program (or a stage on the way to it) out.
#include "Options.h"
#include "cameo/Dialect/Cameo/Cameo.h"
#include "cameo/Pipeline/Compile.h"
#include "cameo/Pipeline/Evaluate.h"
#include "cameo/Pipeline/Phases.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Index/IR/IndexDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"
#include <sys/resource.h>

using namespace mlir;
using namespace cameo;
using namespace cameo::tool;

static std::string defaultOutput(const Options &options) {
  llvm::SmallString<128> name(llvm::sys::path::filename(options.input));
  const char *extension = "cameo";
  if (options.compile.emit == Emit::CameoMlir || !options.compile.stopAfter.empty())
    extension = "mlir";
  else if (options.compile.emit == Emit::LLVM)
    extension = "ll";
  else if (options.compile.emit == Emit::Assembly)
    extension = "s";
  else if (options.compile.emit == Emit::Object)
    extension = "o";
  else if (options.compile.emit == Emit::StaticLibrary)
    extension = "a";
  llvm::sys::path::replace_extension(name, extension);
  return name.str().str();
}

static bool writeReport(const Options &options, const std::string &output, const CompileReport &report) {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::error_code error;
  llvm::raw_fd_ostream os(options.report, error);
  if (error) {
    fail(ExitCode::File, "E-FILE", "cannot write " + options.report + ": " + error.message());
    return false;
  }
  llvm::json::Value json(llvm::json::Object{{"model", options.input},
                                            {"output", output},
                                            {"seconds", report.seconds},
                                            {"launches", report.kernels},
                                            {"kernels", report.distinctKernels},
                                            {"weights_bytes", report.weightsBytes},
                                            {"arena_bytes", report.arenaBytes},
                                            {"code_bytes", report.codeBytes},
                                            {"peak_rss_mb", double(usage.ru_maxrss) / 1024}});
  os << llvm::formatv("{0:2}", json) << "\n";
  return true;
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  Options options;
  if (std::optional<int> exitCode = parseOptions(argc, argv, options))
    return *exitCode;

  MLIRContext context;
  DialectRegistry registry;
  registry.insert<CameoDialect, LLVM::LLVMDialect, cf::ControlFlowDialect, index::IndexDialect, ub::UBDialect,
                  vector::VectorDialect, scf::SCFDialect, func::FuncDialect>();
  registerConstantEvaluator(registry);
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
  context.appendDialectRegistry(registry);
  context.loadAllAvailableDialects();

  if (options.listPhases) {
    for (const Phase &phase : phases())
      llvm::outs() << llvm::left_justify(phase.name, 16) << phase.summary
                   << (phase.minOptLevel ? " (from -O" + std::to_string(phase.minOptLevel) + ")" : "") << "\n";
    return 0;
  }
  if (options.listOps) {
    for (const std::string &op : onnx::supportedOps(context))
      llvm::outs() << op << "\n";
    return 0;
  }

  OwningOpRef<ModuleOp> module;
  if (llvm::StringRef(options.input).ends_with(".mlir")) {
    llvm::SourceMgr sources;
    SourceMgrDiagnosticHandler handler(sources, &context);
    module = parseSourceFile<ModuleOp>(options.input, sources, &context);
    if (!module)
      return int(ExitCode::InvalidModel);
  } else {
    std::vector<cameo::Diagnostic> diagnostics;
    module = onnx::importModel(options.input, context, options.import, diagnostics);
    for (const cameo::Diagnostic &d : diagnostics)
      llvm::errs() << d.render() << "\n";
    if (!module)
      return int(exitCodeOf(diagnostics));
  }

  // Whatever fails now was accepted by the importer: its message names the node.
  ScopedDiagnosticHandler handler(&context, [&](mlir::Diagnostic &d) {
    if (d.getSeverity() == DiagnosticSeverity::Remark && !options.compile.explain)
      return success();
    llvm::StringRef severity = d.getSeverity() == DiagnosticSeverity::Error     ? "error[E-COMPILE]"
                               : d.getSeverity() == DiagnosticSeverity::Warning ? "warning"
                                                                                : "remark";
    llvm::errs() << "cameo: " << severity << ": " << llvm::sys::path::filename(options.input) << ": ";
    if (auto name = dyn_cast<NameLoc>(d.getLocation()))
      llvm::errs() << "node '" << name.getName().getValue() << "': ";
    llvm::errs() << d << "\n";
    return success();
  });
  std::string output = options.output.empty() ? defaultOutput(options) : options.output;
  CompileReport report;
  if (failed(compile(*module, options.compile, output, report)))
    return int(ExitCode::InternalError);
  if (!options.report.empty() && !writeReport(options, output, report))
    return int(ExitCode::File);
  return 0;
}
