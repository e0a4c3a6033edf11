// Compile.cpp - phases, kernels, entry functions, objects, file: one compilation from end to end.
#include "cameo/Pipeline/Compile.h"
#include "Messages.h"
#include "OutputFile.h"
#include "PassRecorder.h"
#include "ProgramFile.h"
#include "VariantCompiler.h"
#include "cameo/Codegen/Placement.h"
#include "cameo/Dialect/Cameo/Cost.h"
#include "cameo/Export/ONNX/Export.h"
#include "cameo/Pipeline/Phases.h"
#include "cameo/Runtime/KernelABI.h"
#include "cameo/Support/ErrorCode.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/ThreadPool.h"
#include "llvm/Support/raw_ostream.h"
#include <mutex>

using namespace mlir;
using namespace cameo;
using namespace cameo::codegen;

/// A C identifier made of a file's stem.
static std::string identifier(llvm::StringRef text) {
  std::string result;
  for (char c : text)
    result += llvm::isAlnum(c) ? c : '_';
  if (result.empty() || llvm::isDigit(result.front()))
    result = "_" + result;
  return result;
}

namespace {

class Compilation {
public:
  Compilation(ModuleOp module, const CompileOptions &options, llvm::StringRef output, CompileReport &report)
      : module(module), options(options), output(output), report(report), loc(UnknownLoc::get(module.getContext())),
        isStatic(options.emit == OutputKind::StaticLibrary || options.emit == OutputKind::Object),
        name(identifier(llvm::sys::path::stem(output))) {}

  LogicalResult run();

private:
  /// A module that is compiled by itself, and what comes of it.
  struct Task {
    VariantCompiler *variant;
    size_t index;
    FailureOr<Code> result = failure();

    bool isEntry() const { return index + 1 == variant->numModules(); }
    bool isForHost() const { return variant->isForHost(index); }
  };

  LogicalResult writeDialect();
  LogicalResult exportModel();
  LogicalResult emitLoops();
  LogicalResult compileModules();
  LogicalResult writeText();
  LogicalResult writeProgram();
  FailureOr<Code> compileProgramInfo(uint64_t &features);
  void embedWeights(llvm::Module &info, llvm::StringRef symbol);
  void describeKernels();
  llvm::json::Object describeProgram() const;

  ModuleOp module;
  const CompileOptions &options;
  llvm::StringRef output;
  CompileReport &report;
  Location loc;
  bool isStatic;    ///< an archive or an object, for the user's own linker
  std::string name; ///< symbols of what is linked into a program carry it, so that there may be several
  func::FuncOp main;
  WeightTable weights;
  std::vector<std::unique_ptr<Target>> targets;
  std::unique_ptr<HostTarget> host; ///< runs the entry functions of variants for devices, and holds the tables
  std::vector<std::unique_ptr<VariantCompiler>> variants;
  std::vector<Task> tasks; ///< in order of variant and module, so the output does not depend on threads
};

} // namespace

LogicalResult Compilation::run() {
  if (options.emit == OutputKind::ONNX)
    return exportModel();
  if (failed(verify(module)) || failed(runPhases(module, options, report)))
    return failure();
  if (options.emit == OutputKind::CameoMlir || !options.stopAfter.empty())
    return writeDialect();
  main = module.lookupSymbol<func::FuncOp>("main");
  if (!main)
    return module.emitError("has no function @main");

  Stopwatch code;
  if (failed(emitLoops()) || failed(compileModules()))
    return failure();
  describeKernels();
  report.phases.push_back({"code", code.seconds(), {}});

  Stopwatch link;
  bool isText = llvm::is_contained({OutputKind::LLVM, OutputKind::Assembly, OutputKind::Ptx}, options.emit);
  if (failed(isText ? writeText() : writeProgram()))
    return failure();
  report.phases.push_back({"link", link.seconds(), {}});
  return success();
}

LogicalResult Compilation::writeDialect() {
  return writeFile(output, loc, [&](llvm::raw_ostream &os) {
    OpPrintingFlags flags;
    flags.elideLargeElementsAttrs(64).elideLargeResourceString(64);
    module.print(os, flags);
  });
}

/// An ONNX model after the named phase; without one, after those that clean up, with quantized layers as the model has
/// them.
LogicalResult Compilation::exportModel() {
  CompileOptions upTo = options;
  if (upTo.stopAfter.empty()) {
    upTo.stopAfter = "simplify";
    upTo.disabledPasses.push_back("cameo-integer-arithmetic");
  }
  if (failed(verify(module)) || failed(runPhases(module, upTo, report)))
    return failure();
  std::unique_ptr<onnx::ExportedModel> model = onnx::ExportedModel::make(module);
  if (!model)
    return failure();
  if (model->weightBytes() <= onnx::kMostInlineBytes)
    return writeFile(output, loc, [&](llvm::raw_ostream &os) { model->write(os); });
  if (output == "-")
    return withCode("E-USAGE", mlir::emitError(loc))
           << "has more weights than one ONNX file can hold; give a file with -o";
  std::string data = (output + ".data").str(), name = llvm::sys::path::filename(data).str();
  return success(succeeded(writeFile(data, loc, [&](llvm::raw_ostream &os) { model->writeData(os); })) &&
                 succeeded(writeFile(output, loc, [&](llvm::raw_ostream &os) { model->write(os, name); })));
}

/// Kernels and entry function for each target, as modules of loops.
LogicalResult Compilation::emitLoops() {
  std::string error;
  targets = makeTargets(options.targets, error);
  if (targets.empty())
    return withCode("E-USAGE", mlir::emitError(loc)) << error;
  host = makeBaselineHost();
  for (auto [i, target] : llvm::enumerate(targets)) {
    std::string suffix = "v" + std::to_string(i) + (isStatic ? "_" + name : "");
    HostTarget &own = target->device().empty() ? static_cast<HostTarget &>(*target) : *host;
    variants.push_back(std::make_unique<VariantCompiler>(main, options, *target, own, suffix, weights));
    if (failed(variants.back()->emit()))
      return failure();
  }
  return success();
}

/// From loops to objects and images, all modules at once.
LogicalResult Compilation::compileModules() {
  for (auto &variant : variants)
    for (size_t i = 0; i < variant->numModules(); ++i)
      tasks.push_back({variant.get(), i});
  std::mutex oneAtATime;
  size_t done = 0;
  llvm::DefaultThreadPool pool(llvm::hardware_concurrency(options.jobs));
  for (Task &task : tasks)
    pool.async([&] {
      task.result = task.variant->compile(task.index);
      std::lock_guard<std::mutex> lock(oneAtATime);
      ++done;
      if (options.progress)
        options.progress("code", done, tasks.size());
    });
  pool.wait();
  for (Task &task : tasks)
    if (failed(task.result))
      return emitBug(loc) << "a kernel cannot be compiled";
  for (auto &variant : variants) {
    std::vector<Code> parts;
    for (Task &task : tasks)
      if (task.variant == variant.get() && !task.isForHost())
        parts.push_back(*task.result);
    variant->joinImage(parts);
  }
  return success();
}

/// LLVM IR or assembly, one module after the other; PTX, a device's image after the other.
LogicalResult Compilation::writeText() {
  if (options.emit == OutputKind::Ptx)
    return writeFile(output, loc, [&](llvm::raw_ostream &os) {
      for (auto &variant : variants)
        os << variant->variant.image;
    });
  return writeFile(output, loc, [&](llvm::raw_ostream &os) {
    for (Task &task : tasks) {
      const ProgramVariant &variant = task.variant->variant;
      os << (options.emit == OutputKind::LLVM ? "; "
             : task.isForHost()               ? "# "
                                              : "// ")
         << (task.isEntry() ? "entry of " : variant.kernels[task.index].symbol + " for ") << variant.name << "\n";
      os.write(task.result->data(), task.result->size());
      os << "\n";
    }
  });
}

/// A shared object, or an archive with its header.
LogicalResult Compilation::writeProgram() {
  TemporaryFolder folder;
  if (!folder.valid())
    return withCode("E-FILE", mlir::emitError(loc)) << "cannot create a folder for temporary files; check TMPDIR";
  std::vector<std::string> objects;
  auto addObject = [&](llvm::StringRef file, llvm::ArrayRef<char> bytes) {
    objects.push_back(folder.file(file));
    report.codeBytes += bytes.size();
    return writeFile(objects.back(), loc, [&](llvm::raw_ostream &os) { os.write(bytes.data(), bytes.size()); });
  };
  for (auto [i, task] : llvm::enumerate(tasks))
    if (task.isForHost() && failed(addObject("code" + std::to_string(i) + ".o", *task.result)))
      return failure();
  uint64_t features = ~uint64_t(0);
  auto info = compileProgramInfo(features);
  if (failed(info) || failed(addObject("program.o", *info)))
    return failure();
  if (isStatic) {
    auto write = options.emit == OutputKind::Object ? linkObject : writeStaticLibrary;
    return success(succeeded(write(objects, output, loc)) &&
                   succeeded(writeProgramHeader(output, "cameo_" + name + "_program", loc)));
  }
  objects.push_back(folder.file("sections.o"));
  return success(succeeded(writeSectionsObject(objects.back(), loc)) &&
                 succeeded(linkProgram(objects, weights, output, features, loc)));
}

/// The program's metadata: what made it, and what each launch computes and moves, null where only the run knows the
/// sizes.
llvm::json::Object Compilation::describeProgram() const {
  llvm::json::Array launches;
  for (const KernelReport &kernel : report.kernels) {
    llvm::json::Object launch{{"flops", nullptr}, {"bytes", nullptr}};
    if (kernel.flops)
      launch["flops"] = *kernel.flops;
    if (kernel.bytesRead && kernel.bytesWritten)
      launch["bytes"] = *kernel.bytesRead + *kernel.bytesWritten;
    if (kernel.expectedFlops)
      launch["expected_flops"] = *kernel.expectedFlops;
    launches.push_back(std::move(launch));
  }
  return llvm::json::Object{{"compiler", "cameo " CAMEO_VERSION},
                            {"opt_level", options.optLevel},
                            {"weights_bytes", weights.bytes()},
                            {"launches", std::move(launches)}};
}

/// The object that holds signature and launch tables. `features` loses the bits that not all variants require.
FailureOr<Code> Compilation::compileProgramInfo(uint64_t &features) {
  std::vector<ProgramVariant> tables;
  for (auto &variant : variants) {
    features &= variant->variant.features;
    tables.push_back(std::move(variant->variant));
  }
  std::string metadata = llvm::formatv("{0}", llvm::json::Value(describeProgram())).str();
  llvm::LLVMContext context;
  std::string symbol = isStatic ? "cameo_" + name + "_program" : std::string(CAMEO_PROGRAM_SYMBOL);
  std::string weightsSymbol = isStatic ? "cameo_" + name + "_weights" : std::string();
  auto info = buildProgramInfo(context, main, tables, weights, metadata, symbol, weightsSymbol);
  if (isStatic)
    embedWeights(*info, weightsSymbol);
  return host->compileData(*info);
}

/// In a static library the weights are ordinary read-only data.
void Compilation::embedWeights(llvm::Module &info, llvm::StringRef symbol) {
  std::string bytes;
  llvm::raw_string_ostream os(bytes);
  weights.write(os);
  llvm::GlobalVariable *declared = info.getGlobalVariable(symbol);
  auto *array = llvm::ConstantDataArray::getString(info.getContext(), bytes, /*AddNull=*/false);
  auto *global = new llvm::GlobalVariable(info, array->getType(), true, llvm::GlobalValue::InternalLinkage, array);
  global->setAlignment(llvm::Align(4096));
  declared->replaceAllUsesWith(global);
  declared->eraseFromParent();
  global->setName(symbol);
}

/// The launches of the first variant, as the report shows them.
void Compilation::describeKernels() {
  VariantCompiler &best = *variants.front();
  report.weightsBytes = weights.bytes();
  report.arenaBytes = best.variant.host.arenaBytes;
  report.distinctKernels = best.numModules() - 1;
  ShapeAnalysis shapes;
  DimContext &dims = shapes.dims();
  auto sum = [&](ValueRange values) {
    Dim bytes = dims.constant(0);
    for (Value value : values)
      bytes = dims.add(bytes, bytesOf(shapes, value));
    return bytes;
  };
  unsigned site = 0;
  main.walk([&](KernelOp kernel) {
    if (isInPlace(kernel))
      return WalkResult::skip();
    const LaunchSite &launch = best.variant.host.launches[site];
    site += best.use(kernel).signature->launches;
    Dim flops = dims.constant(0);
    for (Operation &op : kernel.getBody().front().without_terminator())
      flops = dims.add(flops, flopsOf(shapes, &op));
    KernelReport &entry = report.kernels.emplace_back();
    entry.name = launch.name;
    for (StringRef node : nodeNames(kernel.getLoc()))
      entry.nodes.push_back(node.str());
    entry.function = launch.kernel;
    SmallVector<Value> inPlace;
    for (int64_t input : inputsInPlace(kernel))
      inPlace.push_back(kernel.getInputs()[input]);
    entry.bytesRead = dims.sub(sum(kernel.getInputs()), sum(inPlace)).constant();
    entry.bytesWritten = dims.sub(sum(kernel.getResults()), sum(inPlace)).constant();
    entry.bytesSaved = bytesSaved(shapes, kernel).constant();
    entry.flops = flops.constant();
    entry.expectedFlops = best.expectedFlops(kernel, shapes);
    return WalkResult::skip();
  });
}

/// Adds to bugs of ours where they are, and what to do.
static void explainBugs(std::vector<cameo::Diagnostic> &diagnostics, const CompileReport &report) {
  bool isPass = !report.failedPass.empty();
  size_t done = report.phases.size() - (isPass ? 1 : 0);
  for (cameo::Diagnostic &d : diagnostics)
    if (d.code == "E-INTERNAL")
      d.message += "; this is a bug of Cameo in " + (isPass ? "--" + report.failedPass : "code generation") +
                   ": please report it with the model" +
                   (done ? " or with what --stop-after=" + report.phases[done - 1].name + " writes" : "");
}

/// Collects what `work` reports about the module.
static LogicalResult reporting(ModuleOp module, std::vector<cameo::Diagnostic> &diagnostics,
                               const CompileReport &report, llvm::function_ref<LogicalResult()> work) {
  std::string path = "model";
  if (auto file = module->getLoc()->findInstanceOf<FileLineColLoc>())
    path = file.getFilename().str();
  MessageCollector collector(module.getContext(), path, "E-INTERNAL", diagnostics);
  LogicalResult result = work();
  if (failed(result) && !hasErrors(diagnostics))
    emitBug(module->getLoc()) << "the compilation failed without a reason";
  explainBugs(diagnostics, report);
  return result;
}

LogicalResult cameo::compile(ModuleOp module, const CompileOptions &options, llvm::StringRef output,
                             CompileReport &report, std::vector<cameo::Diagnostic> &diagnostics) {
  return reporting(module, diagnostics, report, [&] {
    Stopwatch all;
    LogicalResult result = Compilation(module, options, output, report).run();
    report.seconds = all.seconds();
    return result;
  });
}

LogicalResult cameo::transform(ModuleOp module, const CompileOptions &options, CompileReport &report,
                               std::vector<cameo::Diagnostic> &diagnostics) {
  return reporting(module, diagnostics, report, [&] { return runPhases(module, options, report); });
}

LogicalResult cameo::runPasses(ModuleOp module, llvm::function_ref<void(OpPassManager &)> build,
                               std::vector<cameo::Diagnostic> &diagnostics) {
  CompileReport report;
  return reporting(module, diagnostics, report, [&] {
    PassManager passes(module.getContext(), ModuleOp::getOperationName(), PassManager::Nesting::Implicit);
    build(passes);
    report.phases.push_back({});
    PassRecorder recorder(*module.getContext(), report);
    passes.addInstrumentation(recorder.instrumentation());
    return passes.run(module);
  });
}
