// Compile.cpp - phases, kernels, entry functions, objects, file: one compilation from end to end.
#include "cameo/Pipeline/Compile.h"
#include "ProgramFile.h"
#include "cameo/Codegen/CPU/CpuAnchors.h"
#include "cameo/Codegen/CPU/ObjectEmission.h"
#include "cameo/Dialect/Cameo/Cameo.h"
#include "cameo/Pipeline/Phases.h"
#include "cameo/Runtime/KernelABI.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/ThreadPool.h"
#include "llvm/Support/raw_ostream.h"
#include <atomic>
#include <chrono>

using namespace mlir;
using namespace cameo;
using namespace cameo::codegen;

namespace {

/// Code generation of one CPU level.
class VariantCompiler {
public:
  VariantCompiler(func::FuncOp main, const CompileOptions &options, CpuTarget target, std::string suffix, WeightTable &weights)
      : main(main), options(options), weights(weights) {
    variant.target = std::move(target);
    variant.suffix = std::move(suffix);
  }

  /// Emits the loops of all kernels and the entry function.
  LogicalResult emit();
  /// The modules still to be compiled: distinct kernels, then the host.
  size_t numModules() const { return kernels.size() + 1; }
  /// Compiles module `i` into an object (or assembly, or LLVM IR). May run on several threads at once.
  FailureOr<SmallVector<char, 0>> compile(size_t i);

  ProgramVariant variant;

private:
  func::FuncOp main;
  const CompileOptions &options;
  WeightTable &weights;
  std::vector<EmittedKernel> kernels; ///< distinct ones
};

} // namespace

/// The text of a module without locations: equal texts are equal kernels.
static std::string fingerprint(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream os(text);
  OpPrintingFlags flags;
  flags.printGenericOpForm().assumeVerified().enableDebugInfo(false);
  module.print(os, flags);
  return text;
}

LogicalResult VariantCompiler::emit() {
  ShapeAnalysis shapes;
  DenseMap<Operation *, std::pair<unsigned, std::unique_ptr<KernelSignature>>> uses;
  llvm::StringMap<unsigned> byText;
  CpuAnchorEmitter anchors(variant.target);
  WalkResult walked = main.walk([&](KernelOp kernel) {
    auto emitted = emitKernel(kernel, shapes, options.optLevel > 0 ? &anchors : nullptr, options.optLevel > 0);
    if (failed(emitted))
      return WalkResult::interrupt();
    std::string text = fingerprint(*emitted->module);
    for (const FailSite &site : emitted->failSites)
      text += site.message;
    auto signature = std::make_unique<KernelSignature>(emitted->signature);
    auto [entry, fresh] = byText.try_emplace(text, kernels.size());
    if (fresh) {
      variant.kernelSymbols.push_back("cameo_kernel_" + std::to_string(kernels.size()) + "_" + variant.suffix);
      kernels.push_back(std::move(*emitted));
    }
    uses[kernel] = {entry->second, std::move(signature)};
    return WalkResult::skip();
  });
  if (walked.wasInterrupted())
    return failure();
  auto host = emitHostProgram(main, shapes, weights, [&](KernelOp kernel) {
    auto &[number, signature] = uses[kernel];
    return KernelUse{number, signature.get()};
  });
  if (failed(host))
    return failure();
  variant.host = std::move(*host);
  return success();
}

FailureOr<SmallVector<char, 0>> VariantCompiler::compile(size_t i) {
  bool isHost = i == kernels.size();
  ModuleOp module = isHost ? *variant.host.module : *kernels[i].module;
  PassManager cleanup(module.getContext());
  cleanup.enableVerifier(false);
  cleanup.addPass(createCanonicalizerPass());
  cleanup.addPass(createCSEPass());
  cleanup.addPass(createLoopInvariantCodeMotionPass());
  if (options.optLevel > 0 && failed(cleanup.run(module)))
    return failure();
  if (failed(lowerToLLVM(module, variant.target, options.optLevel > 0)))
    return failure();
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> code = translateToLLVM(module, context, variant.target);
  if (!code)
    return failure();
  if (isHost) {
    code->getFunction("entry")->setName("cameo_entry_" + variant.suffix);
    code->getFunction("cameo_entry_" + variant.suffix)->setVisibility(llvm::GlobalValue::HiddenVisibility);
    llvm::GlobalVariable *launches = code->getGlobalVariable("launches");
    launches->setName("cameo_launches_" + variant.suffix);
    launches->setVisibility(llvm::GlobalValue::HiddenVisibility);
  } else {
    addKernelEntry(*code, kernels[i], variant.kernelSymbols[i]);
  }
  if (options.emit == Emit::LLVM) {
    SmallVector<char, 0> text;
    llvm::raw_svector_ostream os(text);
    code->print(os, nullptr);
    return text;
  }
  return emitObject(*code, variant.target, isHost ? std::min(1, options.optLevel) : options.optLevel,
                    options.emit == Emit::Assembly);
}

/// A C identifier made of a file's stem.
static std::string identifier(llvm::StringRef text) {
  std::string result;
  for (char c : text)
    result += llvm::isAlnum(c) ? c : '_';
  if (result.empty() || llvm::isDigit(result.front()))
    result = "_" + result;
  return result;
}

LogicalResult cameo::compile(ModuleOp module, const CompileOptions &options, llvm::StringRef output, CompileReport &report) {
  auto start = std::chrono::steady_clock::now();
  Location loc = UnknownLoc::get(module.getContext());
  if (failed(verify(module)) || failed(runPhases(module, options)))
    return failure();
  if (options.emit == Emit::CameoMlir || !options.stopAfter.empty())
    return writeFileAtomically(output, loc, [&](llvm::raw_ostream &os) {
      OpPrintingFlags flags;
      flags.elideLargeElementsAttrs(64).elideLargeResourceString(64);
      module.print(os, flags);
    });

  auto main = module.lookupSymbol<func::FuncOp>("main");
  if (!main)
    return module.emitError("has no function @main");

  // The static library's symbols carry its name, so that several can be linked into one program.
  bool isStatic = options.emit == Emit::StaticLibrary;
  std::string name = identifier(llvm::sys::path::stem(output));
  WeightTable weights;
  std::vector<std::unique_ptr<VariantCompiler>> variants;
  for (auto [i, cpu] : llvm::enumerate(options.cpus)) {
    std::string error;
    auto target = findCpuTarget(cpu, error);
    if (!target)
      return mlir::emitError(loc) << error;
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
    if (failed(writeFileAtomically(output, loc, [&](llvm::raw_ostream &os) {
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
    return mlir::emitError(loc) << "cannot create a folder for temporary files; check TMPDIR";
  std::vector<std::string> objects;
  auto addObject = [&](llvm::StringRef file, llvm::ArrayRef<char> bytes) {
    objects.push_back(folder.file(file));
    report.codeBytes += bytes.size();
    return writeFileAtomically(objects.back(), loc, [&](llvm::raw_ostream &os) { os.write(bytes.data(), bytes.size()); });
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
    if (failed(writeStaticLibrary(objects, output, symbol, loc)))
      return failure();
    return finish();
  }
  objects.push_back(folder.file("weights.o"));
  if (failed(writeWeightsObject(objects.back(), weights, loc)) || failed(linkProgram(objects, output, features, loc)))
    return failure();
  return finish();
}
