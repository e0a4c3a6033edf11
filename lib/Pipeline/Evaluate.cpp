// Evaluate.cpp - compiles a function by the naive path, links it into this process with ORC, and runs it with services
// of its own. What a program file would hold is made in memory: the launch table, the weights, the buffers of inputs
// and outputs.
#include "cameo/Pipeline/Evaluate.h"
#include "VariantCompiler.h"
#include "cameo/Codegen/CPU/ObjectEmission.h"
#include "cameo/Dialect/Cameo/Cameo.h"
#include "cameo/Passes/Fold/ConstantEvaluator.h"
#include "cameo/Passes/Fusion/Passes.h"
#include "cameo/Runtime/KernelABI.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Index/IR/IndexDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/BuiltinDialect.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/CheckedArithmetic.h"
#include "llvm/Support/ThreadPool.h"
#include <deque>

using namespace mlir;
using namespace cameo;
using namespace cameo::codegen;

namespace {

/// Constants of at most this many bytes are inline attributes, larger ones resources.
constexpr int64_t kInlineBytes = 64;

/// One run: the memory behind it, its outputs, and the first failure.
class Run {
public:
  Run(func::FuncOp main, ArrayRef<ElementsAttr> arguments, const WeightTable &weightTable, size_t numSlots)
      : main(main), slots(numSlots), outputs(main.getNumResults()) {
    llvm::raw_svector_ostream os(weights);
    weightTable.write(os);
    for (ElementsAttr argument : arguments) {
      auto resource = dyn_cast<DenseResourceElementsAttr>(argument);
      AsmResourceBlob *blob = resource ? resource.getRawHandle().getBlob() : nullptr;
      ArrayRef<char> bytes = blob ? blob->getData() : ArrayRef<char>();
      if (!blob) {
        SmallVector<char, 0> &copy = copies.emplace_back();
        forEachConstantPiece(argument, [&](ArrayRef<char> piece) { copy.append(piece.begin(), piece.end()); });
        bytes = copy;
      }
      inputs.push_back({const_cast<char *>(bytes.data()), cast<ShapedType>(argument.getType()).getShape().data()});
    }
  }

  FailureOr<SmallVector<ElementsAttr>> operator()(int32_t (*entry)(cameo_call *));

private:
  struct Output {
    SmallVector<int64_t> dims;
    std::optional<AsmResourceBlob> blob;
  };

  static Run &of(cameo_call *call) { return *static_cast<Run *>(call->runtime); }
  void *allocate(int64_t bytes) {
    if (call.status != CAMEO_OK)
      return nullptr;
    if (bytes < 0 || bytes > (int64_t(1) << 40)) {
      recordFailure(CAMEO_OUT_OF_MEMORY, "a tensor is too large", 0);
      return nullptr;
    }
    blocks.push_back(HeapAsmResourceBlob::allocate(std::max<int64_t>(bytes, 1), CAMEO_BUFFER_ALIGN));
    return blocks.back().getMutableData().data();
  }
  void recordFailure(int32_t code, StringRef message, int64_t value) {
    if (call.status != CAMEO_OK)
      return;
    call.status = code;
    auto [before, after] = message.split("%lld");
    failure = before.size() == message.size() ? message.str() : (before + std::to_string(value) + after).str();
    failedNode = runningNode;
  }

  static void launch(cameo_call *call, const cameo_kernel *kernel, void *const *buffers, const int64_t *sizes,
                     int64_t tiles, int64_t) {
    if (call->status != CAMEO_OK || tiles <= 0)
      return;
    of(call).runningNode = kernel->nodes;
    kernel->fn(call, buffers, sizes, 0, tiles);
  }
  static void *allocateFor(cameo_call *call, int64_t bytes) { return of(call).allocate(bytes); }
  static int64_t mark(cameo_call *call) { return of(call).blocks.size(); }
  static void release(cameo_call *call, int64_t mark) {
    while (int64_t(of(call).blocks.size()) > mark)
      of(call).blocks.pop_back();
  }
  static void *slot(cameo_call *call, int64_t index, int64_t bytes) {
    std::vector<char> &buffer = of(call).slots[index];
    if (call->status != CAMEO_OK)
      return nullptr;
    if (int64_t(buffer.size()) < bytes)
      buffer.resize(bytes);
    return buffer.data();
  }
  static void *output(cameo_call *call, int64_t index, const int64_t *dims, int64_t rank);
  static void fail(cameo_call *call, int32_t code, const char *node, const char *message, int64_t value) {
    of(call).recordFailure(code, message, value);
    if (node)
      of(call).failedNode = node;
  }

  func::FuncOp main;
  SmallVector<char, 0> weights;
  std::deque<SmallVector<char, 0>> copies; ///< arguments that are not resources
  std::vector<cameo_buffer> inputs;
  std::vector<AsmResourceBlob> blocks;
  std::vector<std::vector<char>> slots;
  std::vector<Output> outputs;
  cameo_call call{};
  const char *runningNode = "";
  std::string failure, failedNode;
};

struct JitEvaluator : public ConstantEvaluator {
  using ConstantEvaluator::ConstantEvaluator;
  FailureOr<SmallVector<ElementsAttr>> evaluate(ModuleOp module, ArrayRef<ElementsAttr> arguments) const override;
};

} // namespace

void *Run::output(cameo_call *call, int64_t index, const int64_t *dims, int64_t rank) {
  Run &run = of(call);
  if (call->status != CAMEO_OK)
    return nullptr;
  Output &result = run.outputs[index];
  result.dims.assign(dims, dims + rank);
  auto type = RankedTensorType::get(result.dims, getElementTypeOrSelf(run.main.getResultTypes()[index]));
  std::optional<int64_t> bytes = storageType(type.getElementType()).getIntOrFloatBitWidth() / 8;
  for (int64_t size : result.dims)
    bytes = bytes && size >= 0 ? llvm::checkedMul(*bytes, size) : std::nullopt;
  if (!bytes) {
    run.recordFailure(CAMEO_OUT_OF_MEMORY, "a tensor is too large", 0);
    return nullptr;
  }
  result.blob = HeapAsmResourceBlob::allocate(std::max<int64_t>(*bytes, 1), CAMEO_BUFFER_ALIGN);
  return result.blob->getMutableData().data();
}

/// A constant of these bytes; bools have one byte each.
static ElementsAttr constantOf(RankedTensorType type, StringRef name, AsmResourceBlob blob) {
  Type element = type.getElementType();
  int64_t bytes = type.getNumElements() * (storageType(element).getIntOrFloatBitWidth() / 8);
  ArrayRef<char> data = blob.getData().take_front(bytes);
  bool isTracked = element.isInteger() && type.getNumElements() <= kMaxTrackedElements;
  if (bytes <= kInlineBytes || isTracked) {
    if (element.isInteger(1))
      return DenseElementsAttr::get(type, SmallVector<bool>(llvm::map_range(data, [](char c) { return c != 0; })));
    return DenseElementsAttr::getFromRawBuffer(type, data);
  }
  auto &manager = DenseResourceElementsHandle::getManagerInterface(type.getContext());
  return DenseResourceElementsAttr::get(type, manager.insert(name.empty() ? "folded" : name, std::move(blob)));
}

static StringRef nodeName(Location loc) {
  auto name = dyn_cast<NameLoc>(loc);
  return name ? name.getName().getValue() : StringRef();
}

FailureOr<SmallVector<ElementsAttr>> Run::operator()(int32_t (*entry)(cameo_call *)) {
  static const cameo_services services = {
      sizeof(cameo_services), CAMEO_ABI_VERSION, launch, allocateFor, allocateFor, mark, release, slot, output, fail};
  call = {sizeof(call), CAMEO_OK, &services, weights.data(), inputs.data(), this};
  entry(&call);
  MLIRContext *context = main.getContext();
  if (call.status != CAMEO_OK) {
    Location loc = failedNode.empty() ? main.getLoc() : Location(NameLoc::get(StringAttr::get(context, failedNode)));
    return mlir::emitError(loc) << failure << ", found while computing it from constants";
  }
  SmallVector<ElementsAttr> results;
  Operation *end = main.getBody().front().getTerminator();
  for (auto [output, value] : llvm::zip_equal(outputs, end->getOperands())) {
    auto type = RankedTensorType::get(output.dims, getElementTypeOrSelf(value.getType()));
    results.push_back(constantOf(type, nodeName(value.getLoc()), std::move(*output.blob)));
  }
  return results;
}

/// An object that defines the launch table as code expects it: near, with a row per launch site. Its names stay where
/// they are.
static FailureOr<SmallVector<char, 0>> launchTable(const ProgramVariant &variant) {
  llvm::LLVMContext context;
  llvm::Module module("launches", context);
  auto *pointer = llvm::PointerType::getUnqual(context);
  auto *row = llvm::StructType::get(pointer, pointer, pointer);
  auto text = [&](const std::string &s) {
    auto *address = llvm::ConstantInt::get(llvm::Type::getInt64Ty(context), reinterpret_cast<uintptr_t>(s.c_str()));
    return llvm::ConstantExpr::getIntToPtr(address, pointer);
  };
  SmallVector<llvm::Constant *> rows;
  for (const LaunchSite &site : variant.host.launches) {
    auto kernel = module.getOrInsertGlobal(variant.kernelSymbols[site.kernel], llvm::Type::getInt8Ty(context));
    rows.push_back(llvm::ConstantStruct::get(row, {kernel, text(site.name), text(site.nodes)}));
  }
  auto *type = llvm::ArrayType::get(row, rows.size());
  new llvm::GlobalVariable(module, type, /*isConstant=*/true, llvm::GlobalValue::ExternalLinkage,
                           llvm::ConstantArray::get(type, rows), "cameo_launches_" + variant.suffix);
  return emitObject(module, variant.target, 0, /*assembly=*/false);
}

FailureOr<SmallVector<ElementsAttr>> JitEvaluator::evaluate(ModuleOp module, ArrayRef<ElementsAttr> arguments) const {
  auto main = module.lookupSymbol<func::FuncOp>("main");
  PassManager passes(module.getContext());
  passes.addNestedPass<func::FuncOp>(createFormKernelsPass());
  if (failed(passes.run(module)))
    return failure();
  std::string error;
  auto target = findCpuTarget("native", error);
  if (!target)
    return mlir::emitError(main.getLoc()) << error;
  CompileOptions options;
  options.optLevel = 0;
  WeightTable weights;
  VariantCompiler compiler(main, options, *target, "fold", weights);
  if (failed(compiler.emit()))
    return failure();

  std::vector<FailureOr<SmallVector<char, 0>>> objects(compiler.numModules(), failure());
  {
    llvm::DefaultThreadPool pool;
    for (auto [i, object] : llvm::enumerate(objects))
      pool.async([&compiler, &object = object, i = i] { object = compiler.compile(i); });
    pool.wait();
  }
  objects.push_back(launchTable(compiler.variant));
  if (llvm::any_of(objects, [](auto &object) { return failed(object); }))
    return mlir::emitError(main.getLoc()) << "internal error: a kernel could not be compiled; please report the model";

  int32_t (*entry)(cameo_call *) = nullptr;
  std::unique_ptr<llvm::orc::LLJIT> jit;
  auto link = [&]() -> llvm::Error {
    using namespace llvm::orc;
    auto made = LLJITBuilder().create();
    if (!made)
      return made.takeError();
    jit = std::move(*made);
    JITDylib &dylib = jit->getMainJITDylib();
    auto process = DynamicLibrarySearchGenerator::GetForCurrentProcess(jit->getDataLayout().getGlobalPrefix());
    if (!process)
      return process.takeError();
    dylib.addGenerator(std::move(*process));
    for (auto &object : objects)
      if (llvm::Error e = jit->addObjectFile(
              llvm::MemoryBuffer::getMemBuffer(StringRef(object->data(), object->size()), "object", false)))
        return e;
    // Hidden, as in a program file.
    auto symbol = jit->getExecutionSession().lookup({{&dylib, JITDylibLookupFlags::MatchAllSymbols}},
                                                    jit->mangleAndIntern("cameo_entry_fold"));
    if (!symbol)
      return symbol.takeError();
    entry = symbol->getAddress().toPtr<int32_t (*)(cameo_call *)>();
    return llvm::Error::success();
  };
  if (llvm::Error e = link())
    return mlir::emitError(main.getLoc())
           << "internal error: constants cannot be computed: " << llvm::toString(std::move(e));
  return Run(main, arguments, weights, compiler.variant.host.numSlots)(entry);
}

void cameo::registerConstantEvaluator(DialectRegistry &registry) {
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
  registry.addExtension(+[](MLIRContext *context, CameoDialect *dialect) {
    dialect->addInterfaces<JitEvaluator>();
    // What lowering creates; a pass that is running cannot load dialects.
    context->loadDialect<LLVM::LLVMDialect, cf::ControlFlowDialect, index::IndexDialect, ub::UBDialect,
                         vector::VectorDialect>();
  });
}
