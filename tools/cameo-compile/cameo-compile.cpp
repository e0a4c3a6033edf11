// cameo-compile.cpp - the compiler's command line: an ONNX file in, a program (or a stage on the way to it) out.
#include "cameo/Dialect/Cameo/Cameo.h"
#include "cameo/Import/ONNX/Import.h"
#include "cameo/Pipeline/Compile.h"
#include "cameo/Pipeline/Phases.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"
#include <sys/resource.h>

using namespace mlir;
using namespace cameo;
namespace cl = llvm::cl;

namespace {
cl::OptionCategory category("Options of cameo-compile");
cl::opt<std::string> input(cl::Positional, cl::desc("MODEL.onnx"), cl::cat(category));
cl::opt<std::string> output("o", cl::desc("file to write (default: the model's name with .cameo; '-' is standard output)"),
                            cl::value_desc("FILE"), cl::cat(category));
cl::opt<unsigned> optLevel("O", cl::Prefix, cl::init(3), cl::cat(category),
                           cl::desc("0: naive loops, every op by itself; 1 to 3: fused and tuned (default 3)"));
cl::opt<std::string> target("target", cl::init("cpu"), cl::desc("what the program runs on: cpu"), cl::cat(category));
cl::list<std::string> cpus("cpu", cl::CommaSeparated, cl::cat(category), cl::value_desc("NAME,..."),
                           cl::desc("CPU levels to compile for: native (default), x86-64-v2, x86-64-v3, x86-64-v4; several give a "
                                    "program that picks the best at load"));
cl::list<std::string> dims("dim", cl::cat(category), cl::value_desc("NAME:VALUE|NAME:MIN..MAX"),
                           cl::desc("fix or bound a symbolic size; NAME is a dim_param, or input.axis"));
cl::opt<Emit> emit("emit", cl::cat(category), cl::init(Emit::Shared), cl::desc("what to write:"),
                   cl::values(clEnumValN(Emit::CameoMlir, "cameo-mlir", "the dialect after the last phase"),
                              clEnumValN(Emit::LLVM, "llvm", "LLVM IR of every kernel and of the entry function"),
                              clEnumValN(Emit::Assembly, "asm", "their assembly"),
                              clEnumValN(Emit::Object, "obj", "one relocatable object"),
                              clEnumValN(Emit::StaticLibrary, "static-lib", "an archive and a C header"),
                              clEnumValN(Emit::Shared, "shared", "a program file (default)")));
cl::opt<bool> explain("explain", cl::desc("say what every pass did to which node"), cl::cat(category));
cl::opt<std::string> report("report", cl::desc("write a summary as JSON"), cl::value_desc("FILE.json"), cl::cat(category));
cl::opt<std::string> stopAfter("stop-after", cl::desc("write the dialect after this phase"), cl::value_desc("PHASE"),
                               cl::cat(category));
cl::list<std::string> dumpAfter("dump-after", cl::CommaSeparated, cl::desc("print the dialect after these phases"),
                                cl::value_desc("PHASE,..."), cl::cat(category));
cl::list<std::string> disablePasses("disable-pass", cl::CommaSeparated, cl::desc("skip passes by name (cameo-fuse-kernels, ...)"),
                                    cl::value_desc("PASS,..."), cl::cat(category));
cl::opt<bool> listPhases("list-phases", cl::desc("print the phases and end"), cl::cat(category));
cl::opt<bool> listOps("list-ops", cl::desc("print the ONNX ops that can be imported and end"), cl::cat(category));
cl::opt<unsigned> jobs("j", cl::Prefix, cl::init(0), cl::desc("threads (default: all CPUs)"), cl::cat(category));
cl::opt<bool> followSymlinks("follow-symlinks", cl::desc("external data may be reached through symbolic links"),
                             cl::cat(category));
cl::opt<std::string> externalDataRoot("external-data-root", cl::desc("folder of external data (default: the model's)"),
                                      cl::value_desc("DIR"), cl::cat(category));
cl::opt<bool> lenientShapes("lenient-shapes", cl::desc("declared shapes that contradict the inferred ones are warnings"),
                            cl::cat(category));

/// One flag per import limit; they live until the command line has been read.
std::vector<std::unique_ptr<cl::opt<int64_t>>> registerLimits() {
  std::vector<std::unique_ptr<cl::opt<int64_t>>> options;
  onnx::ImportLimits defaults;
  for (const onnx::LimitFlag &flag : onnx::limitFlags())
    options.push_back(std::make_unique<cl::opt<int64_t>>(flag.flag.drop_front(2), cl::desc(flag.help),
                                                         cl::init(defaults.*flag.field), cl::cat(category), cl::Hidden));
  return options;
}

int fail(ExitCode code, const llvm::Twine &tag, const llvm::Twine &message) {
  llvm::errs() << "cameo: error[" << tag << "]: " << message << "\n";
  return int(code);
}

bool parseDim(llvm::StringRef text, onnx::DimBinding &binding) {
  auto [name, range] = text.rsplit(':');
  if (name.empty() || range.empty())
    return false;
  binding.name = name.str();
  auto [low, high] = range.split("..");
  if (low.getAsInteger(10, binding.min))
    return false;
  binding.max = binding.min;
  if (range.contains("..") && high.getAsInteger(10, binding.max))
    return false;
  return binding.min >= 0 && binding.max >= binding.min;
}
} // namespace

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  auto limits = registerLimits();
  cl::HideUnrelatedOptions(category);
  cl::SetVersionPrinter([](llvm::raw_ostream &os) { os << "cameo-compile 0.1.0 (LLVM 22)\n"; });
  std::string usage;
  llvm::raw_string_ostream usageStream(usage);
  if (!cl::ParseCommandLineOptions(argc, argv,
                                   "Compiles an ONNX model into a native program.\n\n"
                                   "  cameo-compile model.onnx -o model.cameo      for this machine's CPU\n"
                                   "  cameo-run model.cameo --input photo.png      runs it\n",
                                   &usageStream))
    return fail(ExitCode::Usage, "E-USAGE", llvm::StringRef(usage).trim() + "; see cameo-compile --help");

  MLIRContext context;
  DialectRegistry registry;
  registry.insert<CameoDialect, LLVM::LLVMDialect, vector::VectorDialect, scf::SCFDialect, func::FuncDialect>();
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
  context.appendDialectRegistry(registry);
  context.loadAllAvailableDialects();

  if (listPhases) {
    for (const Phase &phase : phases())
      llvm::outs() << llvm::left_justify(phase.name, 16) << phase.summary
                   << (phase.minOptLevel ? " (from -O" + std::to_string(phase.minOptLevel) + ")" : "") << "\n";
    return 0;
  }
  if (listOps) {
    for (const std::string &op : onnx::supportedOps(context))
      llvm::outs() << op << "\n";
    return 0;
  }
  if (input.empty())
    return fail(ExitCode::Usage, "E-USAGE", "no model given; see cameo-compile --help");
  if (optLevel > 3)
    return fail(ExitCode::Usage, "E-USAGE", "-O" + llvm::Twine(optLevel) + " does not exist; use -O0 to -O3");
  if (target != "cpu")
    return fail(ExitCode::Unsupported, "E-TARGET", "--target=" + target + " is not built in; use --target=cpu");
  auto isPhase = [](llvm::StringRef name) { return llvm::any_of(phases(), [&](const Phase &p) { return p.name == name; }); };
  SmallVector<std::string> named(dumpAfter.begin(), dumpAfter.end());
  if (!stopAfter.empty())
    named.push_back(stopAfter);
  for (const std::string &name : named)
    if (!isPhase(name))
      return fail(ExitCode::Usage, "E-USAGE", "there is no phase '" + name + "'; see cameo-compile --list-phases");

  CompileOptions options;
  options.optLevel = optLevel;
  options.emit = emit;
  if (!cpus.empty())
    options.cpus.assign(cpus.begin(), cpus.end());
  options.jobs = jobs;
  options.stopAfter = stopAfter;
  options.dumpAfter.assign(dumpAfter.begin(), dumpAfter.end());
  options.disabledPasses.assign(disablePasses.begin(), disablePasses.end());
  options.explain = explain;

  std::string path = output;
  if (path.empty()) {
    llvm::SmallString<128> name(llvm::sys::path::filename(input));
    const char *extension = emit == Emit::CameoMlir || !stopAfter.empty() ? "mlir"
                            : emit == Emit::LLVM                          ? "ll"
                            : emit == Emit::Assembly                      ? "s"
                            : emit == Emit::Object                        ? "o"
                            : emit == Emit::StaticLibrary                 ? "a"
                                                                          : "cameo";
    llvm::sys::path::replace_extension(name, extension);
    path = name.str();
  }

  OwningOpRef<ModuleOp> module;
  if (llvm::StringRef(input).ends_with(".mlir")) {
    llvm::SourceMgr sources;
    SourceMgrDiagnosticHandler handler(sources, &context);
    module = parseSourceFile<ModuleOp>(input, sources, &context);
    if (!module)
      return int(ExitCode::InvalidModel);
  } else {
    onnx::ImportOptions import;
    import.read.followSymlinks = followSymlinks;
    import.read.externalDataRoot = externalDataRoot;
    import.lenientShapes = lenientShapes;
    for (auto [flag, value] : llvm::zip(onnx::limitFlags(), limits))
      import.read.limits.*flag.field = *value;
    for (const std::string &text : dims) {
      onnx::DimBinding binding;
      if (!parseDim(text, binding))
        return fail(ExitCode::Usage, "E-USAGE", "--dim=" + text + " is not NAME:VALUE or NAME:MIN..MAX with sizes >= 0");
      import.dims.push_back(binding);
    }
    std::vector<cameo::Diagnostic> diagnostics;
    module = onnx::importModel(input, context, import, diagnostics);
    for (const cameo::Diagnostic &d : diagnostics)
      llvm::errs() << d.render() << "\n";
    if (!module)
      return int(exitCodeOf(diagnostics));
  }

  // Whatever fails now was accepted by the importer: its message names the node.
  ScopedDiagnosticHandler handler(&context, [&](mlir::Diagnostic &d) {
    if (d.getSeverity() == DiagnosticSeverity::Remark && !explain)
      return success();
    llvm::StringRef severity = d.getSeverity() == DiagnosticSeverity::Error     ? "error[E-COMPILE]"
                               : d.getSeverity() == DiagnosticSeverity::Warning ? "warning"
                                                                                : "remark";
    llvm::errs() << "cameo: " << severity << ": " << llvm::sys::path::filename(input) << ": ";
    if (auto name = dyn_cast<NameLoc>(d.getLocation()))
      llvm::errs() << "node '" << name.getName().getValue() << "': ";
    llvm::errs() << d << "\n";
    return success();
  });
  CompileReport result;
  if (failed(compile(*module, options, path, result)))
    return int(ExitCode::InternalError);
  if (!report.empty()) {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    std::error_code error;
    llvm::raw_fd_ostream os(report, error);
    if (error)
      return fail(ExitCode::File, "E-FILE", "cannot write " + report + ": " + error.message());
    os << llvm::formatv("{0:2}", llvm::json::Value(llvm::json::Object{{"model", std::string(input)},
                                                                      {"output", path},
                                                                      {"seconds", result.seconds},
                                                                      {"launches", result.kernels},
                                                                      {"kernels", result.distinctKernels},
                                                                      {"weights_bytes", result.weightsBytes},
                                                                      {"arena_bytes", result.arenaBytes},
                                                                      {"code_bytes", result.codeBytes},
                                                                      {"peak_rss_mb", usage.ru_maxrss / 1024.0}}))
       << "\n";
  }
  return 0;
}
