// ObjectEmission.cpp - MLIR lowering, LLVM optimisation and object emission for CPUs.
#include "cameo/Codegen/CPU/ObjectEmission.h"
#include "FloatConversions.h"
#include "cameo/Codegen/LlvmLowering.h"
#include "cameo/Runtime/KernelABI.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"

using namespace mlir;
using namespace cameo::codegen;

std::unique_ptr<llvm::Module> cameo::codegen::translateToLLVM(ModuleOp module, llvm::LLVMContext &context,
                                                              const CpuTarget &target) {
  std::unique_ptr<llvm::Module> result = translateModuleToLLVMIR(module, context);
  if (!result)
    return nullptr;
  for (llvm::Function &f : *result) {
    if (f.isDeclaration())
      continue;
    f.addFnAttr("target-cpu", target.cpu);
    if (!target.features.empty())
      f.addFnAttr("target-features", target.features);
    f.addFnAttr("prefer-vector-width", std::to_string(target.vectorBytes * 8));
    f.addFnAttr(llvm::Attribute::NoUnwind);
  }
  return result;
}

void cameo::codegen::addKernelEntry(llvm::Module &module, const EmittedKernel &kernel, llvm::StringRef symbol) {
  llvm::LLVMContext &context = module.getContext();
  auto *ptr = llvm::PointerType::getUnqual(context);
  auto *i64 = llvm::Type::getInt64Ty(context);
  auto *i32 = llvm::Type::getInt32Ty(context);
  auto *voidType = llvm::Type::getVoidTy(context);
  llvm::Function *body = module.getFunction(kKernelFunction);
  body->setLinkage(llvm::GlobalValue::InternalLinkage);

  auto *type = llvm::FunctionType::get(voidType, {ptr, ptr, ptr, i64, i64}, false);
  auto *entry = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, symbol, module);
  entry->setVisibility(llvm::GlobalValue::HiddenVisibility);
  entry->copyAttributesFrom(body);
  entry->setLinkage(llvm::GlobalValue::ExternalLinkage);
  entry->setVisibility(llvm::GlobalValue::HiddenVisibility);
  entry->setAttributes(llvm::AttributeList::get(context, body->getAttributes().getFnAttrs(), {}, {}));
  llvm::IRBuilder<> b(llvm::BasicBlock::Create(context, "", entry));
  llvm::SmallVector<llvm::Value *> arguments{entry->getArg(0)};
  unsigned buffers = body->arg_size() - 4; // call, sizes, begin, end
  for (unsigned i = 0; i < buffers; ++i)
    arguments.push_back(b.CreateLoad(ptr, b.CreateConstInBoundsGEP1_64(ptr, entry->getArg(1), i)));
  arguments.append({entry->getArg(2), entry->getArg(3), entry->getArg(4)});
  b.CreateCall(body, arguments);
  b.CreateRetVoid();

  for (auto [i, site] : llvm::enumerate(kernel.failSites)) {
    llvm::Function *fail = module.getFunction("fail_" + std::to_string(i));
    if (!fail)
      continue;
    fail->setLinkage(llvm::GlobalValue::InternalLinkage);
    fail->addFnAttr(llvm::Attribute::NoInline);
    fail->addFnAttr(llvm::Attribute::Cold);
    b.SetInsertPoint(llvm::BasicBlock::Create(context, "", fail));
    llvm::Value *call = fail->getArg(0);
    llvm::Value *services =
        b.CreateLoad(ptr, b.CreateConstInBoundsGEP1_64(b.getInt8Ty(), call, offsetof(cameo_call, services)));
    llvm::Value *function =
        b.CreateLoad(ptr, b.CreateConstInBoundsGEP1_64(b.getInt8Ty(), services, offsetof(cameo_services, fail)));
    auto *failType = llvm::FunctionType::get(voidType, {ptr, i32, ptr, ptr, i64}, false);
    // A null node is the one whose kernel is running; kernels with equal code are shared, so the name is not in here.
    b.CreateCall(failType, function,
                 {call, b.getInt32(site.code), llvm::ConstantPointerNull::get(ptr), b.CreateGlobalString(site.message),
                  fail->getArg(1)});
    b.CreateRetVoid();
  }
}

/// Above this a function's registers are allocated in one pass. The better allocators take more than linear time: 22 s
/// for a host program of 5,000 launches, whose straight-line code they make no faster.
static constexpr unsigned kManyInstructions = 10000;

FailureOr<SmallVector<char, 0>> cameo::codegen::emitObject(llvm::Module &module, const CpuTarget &target, int optLevel,
                                                           bool assembly) {
  llvm::Triple triple(llvm::sys::getProcessTriple());
  std::string error;
  const llvm::Target *backend = llvm::TargetRegistry::lookupTarget(triple, error);
  auto level = optLevel >= 2 ? llvm::CodeGenOptLevel::Aggressive : llvm::CodeGenOptLevel::Less;
  std::unique_ptr<llvm::TargetMachine> machine(backend->createTargetMachine(
      triple, target.cpu, target.features, llvm::TargetOptions(), llvm::Reloc::PIC_, std::nullopt, level));
  module.setTargetTriple(triple);
  module.setDataLayout(machine->createDataLayout());
  module.setPICLevel(llvm::PICLevel::BigPIC);

  optimize(module, *machine, optLevel, optLevel >= 1);
  defineFloatConversions(module, target);
  if (llvm::any_of(module, [](llvm::Function &f) { return f.getInstructionCount() > kManyInstructions; }))
    machine->setOptLevel(llvm::CodeGenOptLevel::None);

  SmallVector<char, 0> object;
  llvm::raw_svector_ostream os(object);
  llvm::legacy::PassManager emit;
  auto kind = assembly ? llvm::CodeGenFileType::AssemblyFile : llvm::CodeGenFileType::ObjectFile;
  if (machine->addPassesToEmitFile(emit, os, nullptr, kind))
    return failure();
  emit.run(module);
  return object;
}
