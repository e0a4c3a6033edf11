// PtxEmission.cpp - MLIR lowering, LLVM optimisation and PTX for NVIDIA chips.
#include "PtxEmission.h"
#include "cameo/Codegen/LlvmLowering.h"
#include "cameo/Runtime/KernelABI.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InlineAsm.h"
#include "llvm/IR/IntrinsicsNVPTX.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"

using namespace mlir;
using namespace cameo::codegen;

/// Defines fail_<i>(failure, value): the first of a launch site's threads that fails records what and with which value.
static void defineFailures(llvm::Module &module, const EmittedKernel &kernel) {
  llvm::IRBuilder<> b(module.getContext());
  for (size_t i = 0; i < kernel.failSites.size(); ++i) {
    llvm::Function *fail = module.getFunction("fail_" + std::to_string(i));
    if (!fail)
      continue;
    fail->setLinkage(llvm::GlobalValue::InternalLinkage);
    fail->addFnAttr(llvm::Attribute::AlwaysInline);
    auto *entry = llvm::BasicBlock::Create(module.getContext(), "", fail);
    auto *first = llvm::BasicBlock::Create(module.getContext(), "", fail);
    auto *done = llvm::BasicBlock::Create(module.getContext(), "", fail);
    b.SetInsertPoint(entry);
    llvm::Value *exchanged = b.CreateAtomicCmpXchg(fail->getArg(0), b.getInt32(0), b.getInt32(i + 1), llvm::Align(4),
                                                   llvm::AtomicOrdering::Monotonic, llvm::AtomicOrdering::Monotonic);
    b.CreateCondBr(b.CreateExtractValue(exchanged, 1), first, done);
    b.SetInsertPoint(first);
    b.CreateStore(fail->getArg(1),
                  b.CreateConstInBoundsGEP1_64(b.getInt8Ty(), fail->getArg(0), offsetof(cameo_device_failure, value)));
    b.CreateBr(done);
    b.SetInsertPoint(done);
    b.CreateRetVoid();
  }
}

/// The function that the device starts: see cameo_device_kernel for its parameters.
static void addEntry(llvm::Module &module, const EmittedKernel &kernel, const DeviceBlock &block, StringRef symbol,
                     const PtxTarget &target) {
  llvm::LLVMContext &context = module.getContext();
  auto *ptr = llvm::PointerType::getUnqual(context);
  auto *i64 = llvm::Type::getInt64Ty(context);
  llvm::Function *body = module.getFunction(kKernelFunction);
  body->setLinkage(llvm::GlobalValue::InternalLinkage);
  body->addFnAttr(llvm::Attribute::AlwaysInline);
  size_t numBuffers = body->arg_size() - 4, numSizes = kernel.signature.sizes.size(); // call, sizes, begin, end

  SmallVector<llvm::Type *> types(1 + numBuffers, ptr);
  types.append(numSizes + 1, i64);
  auto *type = llvm::FunctionType::get(llvm::Type::getVoidTy(context), types, false);
  auto *entry = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, symbol, module);
  entry->setCallingConv(llvm::CallingConv::PTX_Kernel);
  entry->addFnAttr("nvvm.maxntid", std::to_string(block.threads));
  for (size_t i = 0; i < numBuffers; ++i) {
    entry->addParamAttr(1 + i, llvm::Attribute::getWithAlignment(context, llvm::Align(CAMEO_BUFFER_ALIGN)));
    // Loads of a noalias pointer that nobody writes may come at any time, past the caches that others' stores reach:
    // not while the launch before runs.
    if (!target.hasDependentLaunches && body->hasParamAttribute(1 + i, llvm::Attribute::NoAlias))
      entry->addParamAttr(1 + i, llvm::Attribute::NoAlias);
  }

  auto *start = llvm::BasicBlock::Create(context, "", entry), *work = llvm::BasicBlock::Create(context, "", entry),
       *done = llvm::BasicBlock::Create(context, "", entry);
  llvm::IRBuilder<> b(start);
  // The next launch's blocks may come as soon as all of this one's are there; nothing is read or written before the
  // launch before has ended. As all launches wait, it has waited for those before it. LLVM's intrinsics for the two do
  // not order memory.
  if (target.hasDependentLaunches)
    b.CreateCall(llvm::InlineAsm::get(llvm::FunctionType::get(b.getVoidTy(), false),
                                      "griddepcontrol.launch_dependents;\n\tgriddepcontrol.wait;", "~{memory}",
                                      /*hasSideEffects=*/true));
  auto special = [&](llvm::Intrinsic::ID id) { return b.CreateZExt(b.CreateIntrinsic(id, {}), i64); };
  llvm::Value *sizes = b.CreateAlloca(i64, b.getInt64(std::max<size_t>(numSizes, 1)));
  for (size_t i = 0; i < numSizes; ++i)
    b.CreateStore(entry->getArg(1 + numBuffers + i), b.CreateConstInBoundsGEP1_64(i64, sizes, i));
  llvm::Value *tile = special(llvm::Intrinsic::nvvm_read_ptx_sreg_ctaid_x);
  if (block.tiles > 1)
    tile = b.CreateNUWAdd(b.CreateNUWMul(tile, b.getInt64(block.tiles)),
                          special(llvm::Intrinsic::nvvm_read_ptx_sreg_tid_x));
  llvm::Value *tiles = entry->getArg(entry->arg_size() - 1);
  b.CreateCondBr(b.CreateICmpSLT(tile, tiles), work, done);
  b.SetInsertPoint(work);
  SmallVector<llvm::Value *> arguments;
  for (size_t i = 0; i <= numBuffers; ++i)
    arguments.push_back(entry->getArg(i));
  arguments.append({sizes, tile, b.CreateNUWAdd(tile, b.getInt64(1))});
  b.CreateCall(body, arguments);
  b.CreateBr(done);
  b.SetInsertPoint(done);
  b.CreateRetVoid();
}

static std::unique_ptr<llvm::TargetMachine> makeMachine(const PtxTarget &target) {
  static const bool initialized = [] {
    LLVMInitializeNVPTXTargetInfo();
    LLVMInitializeNVPTXTarget();
    LLVMInitializeNVPTXTargetMC();
    LLVMInitializeNVPTXAsmPrinter();
    return true;
  }();
  (void)initialized;
  llvm::Triple triple("nvptx64-nvidia-cuda");
  std::string error;
  const llvm::Target *backend = llvm::TargetRegistry::lookupTarget(triple, error);
  return std::unique_ptr<llvm::TargetMachine>(
      backend->createTargetMachine(triple, target.chip, "+ptx" + std::to_string(target.version), llvm::TargetOptions(),
                                   std::nullopt, std::nullopt, llvm::CodeGenOptLevel::Aggressive));
}

FailureOr<Code> cameo::codegen::emitPtx(EmittedKernel &kernel, const DeviceBlock &block, StringRef symbol,
                                        const PtxTarget &target, const CodeOptions &options) {
  LoweringOptions lowering;
  lowering.mathSource = MathSource::Own;
  lowering.math.hasFma = true;
  lowering.hasBf16Conversions = target.hasBf16Conversions;
  if (failed(simplifyLoops(*kernel.module)) || failed(lowerToLLVM(*kernel.module, lowering)))
    return failure();
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> module = translateModuleToLLVMIR(*kernel.module, context);
  if (!module)
    return failure();
  std::unique_ptr<llvm::TargetMachine> machine = makeMachine(target);
  module->setTargetTriple(machine->getTargetTriple());
  module->setDataLayout(machine->createDataLayout());
  defineFailures(*module, kernel);
  addEntry(*module, kernel, block, symbol, target);
  Code code;
  llvm::raw_svector_ostream os(code);
  if (options.form == CodeForm::LLVM) {
    module->print(os, nullptr);
    return code;
  }
  optimize(*module, *machine, std::max(options.optLevel, 1), /*vectorizeLoops=*/false);
  for (llvm::GlobalVariable &global : module->globals()) // several kernels share an image
    global.setName(symbol + "_" + global.getName());
  llvm::legacy::PassManager emit;
  if (machine->addPassesToEmitFile(emit, os, nullptr, llvm::CodeGenFileType::AssemblyFile))
    return failure();
  emit.run(*module);
  return code;
}

std::string cameo::codegen::joinPtx(ArrayRef<Code> kernels) {
  // Each begins with comments and the same three directives; one set of them is enough.
  std::string image;
  constexpr StringLiteral kLast = ".address_size 64";
  for (const Code &code : kernels) {
    StringRef text(code.data(), code.size());
    size_t end = text.find(kLast) + kLast.size();
    if (image.empty())
      image = text.slice(text.find(".version"), end).str() + "\n";
    image += text.drop_front(end).ltrim('\n').str() + "\n";
  }
  return image;
}
