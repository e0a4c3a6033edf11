// Compile.cpp - phases, kernels, entry functions, objects, file: one compilation from end to end.
#include "cameo/Pipeline/Compile.h"
#include "Messages.h"
#include "OutputFile.h"
#include "ProgramFile.h"
#include "VariantCompiler.h"
#include "cameo/Codegen/CPU/ObjectEmission.h"
#include "cameo/Dialect/Cameo/Cameo.h"
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
#include "llvm/Support/Path.h"
#include "llvm/Support/ThreadPool.h"
#include "llvm/Support/raw_ostream.h"
#include <chrono>

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

static LogicalResult compileModule(ModuleOp module, const CompileOptions &options, llvm::StringRef output,
                                   CompileReport &report) {
  auto start = std::chrono::steady_clock::now();
  Location loc = UnknownLoc::get(module.getContext());
  if (failed(verify(module)) || failed(runPhases(module, options)))
    return failure();
  if (options.emit == Emit::CameoMlir || !options.stopAfter.empty())
    return writeFile(output, loc, [&](llvm::raw_ostream &os) {
      OpPrintingFlags flags;
      flags.elideLargeElementsAttrs(64).elideLargeResourceString(64);
      module.print(os, flags);
    });

  auto main = module.lookupSymbol<func::FuncOp>("main");
  if (!main)
    return module.emitError("has no function @main");

  // What is linked into a program has symbols that carry its name, so that there may be several.
  bool isStatic = options.emit == Emit::StaticLibrary || options.emit == Emit::Object;
  std::string name = identifier(llvm::sys::path::stem(output));
  WeightTable weights;
  std::vector<std::unique_ptr<VariantCompiler>> variants;
  for (auto [i, cpu] : llvm::enumerate(options.cpus)) {
    std::string error;
    auto target = findCpuTarget(cpu, error);
    if (!target)
      return withCode("E-USAGE", mlir::emitError(loc)) << error;
    std::string suffix = "v" + std::to_string(i) + (isStatic ? "_" + name : "");
    variants.push_back(std::make_unique<VariantCompiler>(main, options, *target, suffix, weights));
    if (failed(variants.back()->emit()))
      return failure();
  }

  // Compile everything in parallel; results are kept in order, so the output does not depend on the threads.
  struct Task {
    VariantCompiler *variant;
    size_t index;
    FailureOr<SmallVector<char, 0>> result = failure();
  };
  std::vector<Task> tasks;
  for (auto &variant : variants)
    for (size_t i = 0; i < variant->numModules(); ++i)
      tasks.push_back({variant.get(), i});
  {
    llvm::DefaultThreadPool pool(llvm::hardware_concurrency(options.jobs));
    for (Task &task : tasks)
      pool.async([&task] { task.result = task.variant->compile(task.index); });
    pool.wait();
  }
  for (Task &task : tasks)
    if (failed(task.result))
      return mlir::emitError(loc) << "internal error: a kernel could not be compiled; please report the model";

  report.weightsBytes = weights.bytes();
  for (auto &variant : variants) {
    report.kernels += variant->variant.host.launches.size();
    report.distinctKernels += variant->numModules() - 1;
    report.arenaBytes = std::max(report.arenaBytes, variant->variant.host.arenaBytes);
  }
  auto finish = [&] {
    report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return success();
  };

  if (options.emit == Emit::LLVM || options.emit == Emit::Assembly) {
    if (failed(writeFile(output, loc, [&](llvm::raw_ostream &os) {
          for (Task &task : tasks) {
            bool isHost = task.index + 1 == task.variant->numModules();
            StringRef comment = options.emit == Emit::LLVM ? "; " : "# ";
            os << comment << (isHost ? "entry of " : task.variant->variant.kernelSymbols[task.index] + " for ")
               << task.variant->variant.target.name << "\n";
            os.write(task.result->data(), task.result->size());
            os << "\n";
          }
        })))
      return failure();
    return finish();
  }

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
    if (failed(addObject("code" + std::to_string(i) + ".o", *task.result)))
      return failure();

  std::vector<ProgramVariant> tables;
  uint64_t features = ~uint64_t(0);
  for (auto &variant : variants) {
    features &= variant->variant.target.required;
    tables.push_back(std::move(variant->variant));
  }
  std::string metadata = "{\"compiler\": \"cameo 0.1.0\", \"opt_level\": " + std::to_string(options.optLevel) + "}";
  llvm::LLVMContext context;
  std::string symbol = isStatic ? "cameo_" + name + "_program" : std::string(CAMEO_PROGRAM_SYMBOL);
  std::string weightsSymbol = isStatic ? "cameo_" + name + "_weights" : std::string();
  auto info = buildProgramInfo(context, main, tables, weights.bytes(), metadata, symbol, weightsSymbol);
  if (isStatic) {
    // The weights are ordinary read-only data there.
    std::string bytes;
    llvm::raw_string_ostream os(bytes);
    weights.write(os);
    llvm::GlobalVariable *data = info->getGlobalVariable(weightsSymbol);
    auto *array = llvm::ConstantDataArray::getString(context, bytes, /*AddNull=*/false);
    auto *global = new llvm::GlobalVariable(*info, array->getType(), true, llvm::GlobalValue::InternalLinkage, array);
    global->setAlignment(llvm::Align(4096));
    data->replaceAllUsesWith(global);
    data->eraseFromParent();
    global->setName(weightsSymbol);
  }
  auto object = emitObject(*info, tables.front().target, 1, false);
  if (failed(object) || failed(addObject("program.o", *object)))
    return failure();
  if (isStatic) {
    if (failed(options.emit == Emit::Object ? linkObject(objects, output, loc)
                                            : writeStaticLibrary(objects, output, loc)) ||
        failed(writeProgramHeader(output, symbol, loc)))
      return failure();
    return finish();
  }
  objects.push_back(folder.file("weights.o"));
  if (failed(writeWeightsObject(objects.back(), weights, loc)) || failed(linkProgram(objects, output, features, loc)))
    return failure();
  return finish();
}

LogicalResult cameo::compile(ModuleOp module, const CompileOptions &options, llvm::StringRef output,
                             CompileReport &report, std::vector<cameo::Diagnostic> &diagnostics) {
  std::string path = "model";
  if (auto file = module->getLoc()->findInstanceOf<FileLineColLoc>())
    path = file.getFilename().str();
  MessageCollector collector(module.getContext(), path, "E-INTERNAL", diagnostics, options.explain);
  LogicalResult result = compileModule(module, options, output, report);
  if (failed(result) && !hasErrors(diagnostics))
    mlir::emitError(module->getLoc()) << "the compilation failed without a reason; please report the model";
  return result;
}
