// ContractionJit.cpp - see ContractionJit.h.
#include "ContractionJit.h"
#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVMPass.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVMPass.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/SmallVectorMemoryBuffer.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/Transforms/Utils/Cloning.h"
#include <cstdlib>

using namespace mlir;
using namespace cameo::test;

CompiledKernel::CompiledKernel() = default;
CompiledKernel::CompiledKernel(CompiledKernel &&) = default;
CompiledKernel::~CompiledKernel() = default;

MLIRContext &cameo::test::testContext() {
  static MLIRContext *context = [] {
    DialectRegistry registry;
    registry.insert<arith::ArithDialect, cf::ControlFlowDialect, func::FuncDialect, LLVM::LLVMDialect,
                    math::MathDialect, scf::SCFDialect, vector::VectorDialect>();
    registerBuiltinDialectTranslation(registry);
    registerLLVMDialectTranslation(registry);
    auto *made = new MLIRContext(registry, MLIRContext::Threading::DISABLED);
    made->loadAllAvailableDialects();
    return made;
  }();
  return *context;
}

namespace {

[[noreturn]] void fail(const llvm::Twine &message) {
  llvm::errs() << "contraction-tests: " << message << "\n";
  std::exit(1);
}

template <typename T> T need(llvm::Expected<T> value) {
  if (!value)
    fail(llvm::toString(value.takeError()));
  return std::move(*value);
}

KernelArguments argumentsOf(OpBuilder &b, Location loc, Block &block, bool isKernel) {
  KernelArguments arguments;
  Value sizes = block.getArgument(isKernel ? 4 : 0);
  for (int i = 0; i < kKernelSizes; ++i) {
    Value at = LLVM::GEPOp::create(b, loc, LLVM::LLVMPointerType::get(b.getContext()), b.getI64Type(), sizes,
                                   ArrayRef<LLVM::GEPArg>{i});
    arguments.sizes.push_back(LLVM::LoadOp::create(b, loc, b.getI64Type(), at));
  }
  if (isKernel) {
    arguments.lhs = block.getArgument(0);
    arguments.rhs = block.getArgument(1);
    arguments.result = block.getArgument(2);
    arguments.extra = block.getArgument(3);
    arguments.begin = block.getArgument(5);
    arguments.end = block.getArgument(6);
  }
  return arguments;
}

std::unique_ptr<llvm::TargetMachine> targetMachine(llvm::StringRef cpu) {
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  std::string error;
  llvm::Triple triple(llvm::sys::getDefaultTargetTriple());
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target)
    fail(error);
  std::string features;
  if (cpu == "native") {
    cpu = llvm::sys::getHostCPUName();
    for (auto &feature : llvm::sys::getHostCPUFeatures())
      features += (features.empty() ? "" : ",") + std::string(feature.second ? "+" : "-") + feature.first().str();
  }
  return std::unique_ptr<llvm::TargetMachine>(target->createTargetMachine(triple, cpu, features, llvm::TargetOptions(),
                                                                          llvm::Reloc::PIC_, std::nullopt,
                                                                          llvm::CodeGenOptLevel::Aggressive));
}

void optimize(llvm::Module &module, llvm::TargetMachine &machine) {
  module.setDataLayout(machine.createDataLayout());
  module.setTargetTriple(machine.getTargetTriple());
  for (llvm::Function &function : module)
    if (!function.isDeclaration())
      function.addFnAttr("prefer-vector-width", "512");
  llvm::PipelineTuningOptions tuning;
  tuning.SLPVectorization = false;
  llvm::PassBuilder builder(&machine, tuning);
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager sccs;
  llvm::ModuleAnalysisManager modules;
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(sccs);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, sccs, modules);
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O3).run(module, modules);
}

llvm::SmallString<0> emitFile(llvm::Module &module, llvm::TargetMachine &machine, llvm::CodeGenFileType type) {
  llvm::SmallString<0> bytes;
  llvm::raw_svector_ostream stream(bytes);
  llvm::legacy::PassManager passes;
  if (machine.addPassesToEmitFile(passes, stream, nullptr, type))
    fail("the target cannot emit this kind of file");
  passes.run(module);
  return bytes;
}

} // namespace

CompiledKernel
cameo::test::compileKernel(llvm::StringRef cpu,
                           llvm::function_ref<void(OpBuilder &, Location, const KernelArguments &)> kernel,
                           llvm::function_ref<Value(OpBuilder &, Location, const KernelArguments &)> steps) {
  MLIRContext &context = testContext();
  OpBuilder b(&context);
  Location loc = b.getUnknownLoc();
  OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
  Type pointer = LLVM::LLVMPointerType::get(&context), i64 = b.getI64Type();

  b.setInsertionPointToEnd(module->getBody());
  auto stepsFn = func::FuncOp::create(b, loc, "steps", b.getFunctionType({pointer}, {i64}));
  auto kernelFn = func::FuncOp::create(b, loc, "kernel",
                                       b.getFunctionType({pointer, pointer, pointer, pointer, pointer, i64, i64}, {}));
  for (int i = 0; i < 5; ++i)
    kernelFn.setArgAttr(i, "llvm.noalias", b.getUnitAttr());
  b.setInsertionPointToStart(stepsFn.addEntryBlock());
  KernelArguments stepsArguments = argumentsOf(b, loc, stepsFn.front(), /*isKernel=*/false);
  func::ReturnOp::create(b, loc, steps(b, loc, stepsArguments));
  b.setInsertionPointToStart(kernelFn.addEntryBlock());
  KernelArguments kernelArguments = argumentsOf(b, loc, kernelFn.front(), /*isKernel=*/true);
  kernel(b, loc, kernelArguments);
  func::ReturnOp::create(b, loc);
  if (failed(module->verify()))
    fail("the emitted kernel does not verify");

  PassManager passes(&context);
  passes.addPass(createCSEPass());
  passes.addPass(createCanonicalizerPass());
  passes.addPass(createSCFToControlFlowPass());
  passes.addPass(createConvertVectorToLLVMPass());
  passes.addPass(createConvertMathToLLVMPass());
  passes.addPass(createArithToLLVMConversionPass());
  passes.addPass(createConvertControlFlowToLLVMPass());
  passes.addPass(createConvertFuncToLLVMPass());
  passes.addPass(createReconcileUnrealizedCastsPass());
  if (failed(passes.run(*module)))
    fail("lowering to the LLVM dialect failed");
  llvm::LLVMContext llvmContext;
  auto llvmModule = translateModuleToLLVMIR(*module, llvmContext);
  if (!llvmModule)
    fail("translation to LLVM IR failed");

  auto machine = targetMachine(cpu);
  optimize(*llvmModule, *machine);
  if (const char *file = std::getenv("CONTRACTION_TESTS_DUMP")) {
    std::error_code error;
    llvm::raw_fd_ostream out(file, error);
    llvmModule->print(out, nullptr);
  }
  CompiledKernel compiled;
  compiled.assembly = emitFile(*llvm::CloneModule(*llvmModule), *machine, llvm::CodeGenFileType::AssemblyFile).str();
  auto object = emitFile(*llvmModule, *machine, llvm::CodeGenFileType::ObjectFile);
  compiled.jit = need(llvm::orc::LLJITBuilder().create());
  if (auto error = compiled.jit->addObjectFile(
          std::make_unique<llvm::SmallVectorMemoryBuffer>(std::move(object), /*RequiresNullTerminator=*/false)))
    fail(llvm::toString(std::move(error)));
  compiled.run = need(compiled.jit->lookup("kernel")).toPtr<KernelFn>();
  compiled.steps = need(compiled.jit->lookup("steps")).toPtr<StepsFn>();
  return compiled;
}

std::string cameo::test::spillsInInnerLoops(llvm::StringRef assembly) {
  // An innermost loop of straight code is a label, instructions, and a conditional jump back to the label.
  std::string found;
  llvm::SmallVector<llvm::StringRef> lines;
  assembly.split(lines, '\n');
  // Spilled values are addressed without an index register, arrays on the stack with one.
  // %rbp is a general register unless a realigned stack makes it the frame pointer.
  bool hasFrame = assembly.contains("%rsp, %rbp");
  llvm::StringRef label;
  size_t start = 0;
  for (size_t i = 0; i < lines.size(); ++i) {
    llvm::StringRef line = lines[i].split('#').first.trim();
    if (line.ends_with(":")) {
      label = line.drop_back();
      start = i;
      continue;
    }
    auto [mnemonic, operand] = line.split('\t');
    if (label.empty() || !mnemonic.starts_with("j") || operand.trim() != label)
      continue;
    bool multiplies = false;
    std::string touches;
    for (size_t at = start; at < i; ++at) {
      multiplies |= lines[at].contains("vfmadd") || lines[at].contains("mulps");
      if (lines[at].contains("(%rsp)") || (hasFrame && lines[at].contains("(%rbp)")))
        touches += lines[at].trim().str() + "\n";
    }
    if (multiplies)
      found += touches;
    label = {};
  }
  return found;
}
