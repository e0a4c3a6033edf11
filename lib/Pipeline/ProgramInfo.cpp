// ProgramInfo.cpp - the signature, variants and launch tables of a program as constant data.
#include "ProgramFile.h"
#include "cameo/Codegen/Caches.h"
#include "cameo/Dialect/Cameo/Attributes.h"
#include "cameo/Dialect/Cameo/Cameo.h"
#include "cameo/Pipeline/AbiType.h"
#include "cameo/Runtime/KernelABI.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"

using namespace mlir;
using namespace cameo;

cameo_dtype cameo::abiType(Type type) {
  if (type.isF32())
    return CAMEO_F32;
  if (type.isF64())
    return CAMEO_F64;
  if (type.isF16())
    return CAMEO_F16;
  if (type.isBF16())
    return CAMEO_BF16;
  if (isa<Float8E4M3FNType>(type))
    return CAMEO_F8E4M3FN;
  if (isa<Float8E4M3FNUZType>(type))
    return CAMEO_F8E4M3FNUZ;
  if (isa<Float8E5M2Type>(type))
    return CAMEO_F8E5M2;
  if (isa<Float8E5M2FNUZType>(type))
    return CAMEO_F8E5M2FNUZ;
  if (isa<Float8E8M0FNUType>(type))
    return CAMEO_F8E8M0;
  if (isa<Float4E2M1FNType>(type))
    return CAMEO_F4E2M1;
  if (isa<StringType>(type))
    return CAMEO_STRING;
  auto integer = cast<IntegerType>(type);
  switch (integer.getWidth()) {
  case 1:
    return CAMEO_BOOL;
  case 2:
    return integer.isUnsigned() ? CAMEO_U2 : CAMEO_I2;
  case 4:
    return integer.isUnsigned() ? CAMEO_U4 : CAMEO_I4;
  case 8:
    return integer.isUnsigned() ? CAMEO_U8 : CAMEO_I8;
  case 16:
    return integer.isUnsigned() ? CAMEO_U16 : CAMEO_I16;
  case 32:
    return integer.isUnsigned() ? CAMEO_U32 : CAMEO_I32;
  default:
    return integer.isUnsigned() ? CAMEO_U64 : CAMEO_I64;
  }
}

namespace {
/// Constant structures laid out as KernelABI.h says; every struct here has natural alignment only.
class TableBuilder {
public:
  TableBuilder(llvm::Module &module)
      : module(module), ptr(llvm::PointerType::getUnqual(module.getContext())),
        i32(llvm::Type::getInt32Ty(module.getContext())), i64(llvm::Type::getInt64Ty(module.getContext())) {}

  llvm::Constant *number32(uint64_t v) { return llvm::ConstantInt::get(i32, v); }
  llvm::Constant *number64(uint64_t v) { return llvm::ConstantInt::get(i64, v); }
  llvm::Constant *null() { return llvm::ConstantPointerNull::get(ptr); }
  llvm::Constant *string(llvm::StringRef text) {
    llvm::Constant *&global = strings[text];
    if (!global)
      global = constant(llvm::ConstantDataArray::getString(module.getContext(), text), "");
    return global;
  }
  llvm::Constant *record(llvm::ArrayRef<llvm::Constant *> fields) {
    return llvm::ConstantStruct::getAnon(module.getContext(), fields);
  }
  llvm::Constant *array(llvm::ArrayRef<llvm::Constant *> elements) {
    if (elements.empty())
      return null();
    auto *type = llvm::ArrayType::get(elements.front()->getType(), elements.size());
    return constant(llvm::ConstantArray::get(type, elements), "");
  }
  llvm::GlobalVariable *constant(llvm::Constant *value, const llvm::Twine &name) {
    auto *global =
        new llvm::GlobalVariable(module, value->getType(), true, llvm::GlobalValue::PrivateLinkage, value, name);
    return global;
  }
  llvm::Constant *deviceKernel(const ProgramKernel &kernel) {
    llvm::Constant *&global = deviceKernels[kernel.symbol];
    if (global)
      return global;
    llvm::SmallVector<llvm::Constant *> sites;
    for (const codegen::FailSite &site : kernel.failSites)
      sites.push_back(record({number32(site.code), number32(0), string(site.message)}));
    return global = constant(record({string(kernel.symbol), number32(kernel.numBuffers), number32(kernel.numSizes),
                                     number32(kernel.block.threads), number32(kernel.block.tiles),
                                     number32(kernel.block.sharedBytes), number32(sites.size()), array(sites)}),
                             "");
  }
  llvm::Constant *valueInfos(llvm::ArrayRef<Type> types, llvm::function_ref<DictionaryAttr(unsigned)> attributes) {
    llvm::SmallVector<llvm::Constant *> infos;
    for (auto [i, t] : llvm::enumerate(types)) {
      auto type = cast<RankedTensorType>(t);
      DictionaryAttr attrs = attributes(i);
      auto name = attrs ? attrs.getAs<StringAttr>(kNameAttr) : StringAttr();
      auto names = attrs ? attrs.getAs<ArrayAttr>(kDimsAttr) : ArrayAttr();
      llvm::SmallVector<llvm::Constant *> dims, symbols;
      for (auto [axis, size] : llvm::enumerate(type.getShape())) {
        dims.push_back(number64(ShapedType::isDynamic(size) ? -1 : size));
        StringRef symbol = names && axis < names.size() ? cast<StringAttr>(names[axis]).getValue() : "";
        symbols.push_back(symbol.empty() ? null() : string(symbol));
      }
      infos.push_back(
          record({string(name ? name.getValue() : "value_" + std::to_string(i)),
                  number32(abiType(type.getElementType())), number32(type.getRank()), array(dims), array(symbols)}));
    }
    return array(infos);
  }

private:
  llvm::Module &module;
  llvm::PointerType *ptr;
  llvm::Type *i32, *i64;
  llvm::StringMap<llvm::Constant *> strings, deviceKernels;
};
} // namespace

std::unique_ptr<llvm::Module> cameo::buildProgramInfo(llvm::LLVMContext &context, func::FuncOp main,
                                                      llvm::ArrayRef<ProgramVariant> variants,
                                                      const codegen::WeightTable &weightTable, llvm::StringRef metadata,
                                                      llvm::StringRef symbol, llvm::StringRef weightsSymbol) {
  auto module = std::make_unique<llvm::Module>("program", context);
  TableBuilder t(*module);
  auto external = [&](llvm::StringRef name, bool function) -> llvm::Constant * {
    llvm::GlobalValue *value;
    if (function)
      value = llvm::cast<llvm::GlobalValue>(
          module->getOrInsertFunction(name, llvm::FunctionType::get(llvm::Type::getVoidTy(context), false))
              .getCallee());
    else
      value = new llvm::GlobalVariable(*module, llvm::Type::getInt8Ty(context), true,
                                       llvm::GlobalValue::ExternalLinkage, nullptr, name);
    value->setVisibility(llvm::GlobalValue::HiddenVisibility);
    return value;
  };

  llvm::SmallVector<llvm::Constant *> variantRecords;
  int64_t arenaBytes = 0, numSlots = 0;
  for (const ProgramVariant &v : variants) {
    llvm::SmallVector<llvm::Constant *> sites;
    for (const codegen::LaunchSite &site : v.host.launches) {
      const ProgramKernel &kernel = v.kernels[site.kernel];
      sites.push_back(t.record({kernel.isForDevice ? t.null() : external(kernel.symbol, true), t.string(site.name),
                                t.string(site.nodes), kernel.isForDevice ? t.deviceKernel(kernel) : t.null()}));
    }
    // Never empty: the entry function refers to it.
    if (sites.empty())
      sites.push_back(t.record({t.null(), t.string(""), t.string(""), t.null()}));
    auto *type = llvm::ArrayType::get(sites.front()->getType(), sites.size());
    auto *table = new llvm::GlobalVariable(*module, type, true, llvm::GlobalValue::ExternalLinkage,
                                           llvm::ConstantArray::get(type, sites), "cameo_launches_" + v.suffix);
    table->setVisibility(llvm::GlobalValue::HiddenVisibility);
    llvm::Constant *device = t.null();
    if (!v.device.empty())
      device = t.constant(t.record({t.string(v.device), t.string(v.image), t.number64(v.image.size())}), "");
    variantRecords.push_back(
        t.record({t.string(v.name), t.number64(v.features), external("cameo_entry_" + v.suffix, true), table,
                  t.number64(v.host.launches.size()), device}));
    arenaBytes = std::max(arenaBytes, v.host.arenaBytes);
    numSlots = std::max(numSlots, v.host.numSlots);
  }

  auto inputs = t.valueInfos(main.getArgumentTypes(), [&](unsigned i) { return main.getArgAttrDict(i); });
  auto outputs = t.valueInfos(main.getResultTypes(), [&](unsigned i) { return main.getResultAttrDict(i); });
  auto model = main->getParentOfType<ModuleOp>()->getAttrOfType<StringAttr>(kModelAttr);
  llvm::SmallVector<llvm::Constant *> texts;
  for (const std::string &text : weightTable.texts())
    texts.push_back(t.record({t.string(text), t.number64(text.size())}));
  llvm::SmallVector<llvm::Constant *> caches;
  for (const codegen::Cache &cache : codegen::cachesOf(main))
    caches.push_back(
        t.record({t.number32(cache.input), t.number32(cache.output), t.number32(uint64_t(cache.axis)), t.number32(0)}));
  llvm::Constant *weights = t.null();
  if (!weightsSymbol.empty())
    weights = external(weightsSymbol, false);
  llvm::Constant *info = t.record(
      {t.number32(sizeof(cameo_program_info)), t.number32(CAMEO_ABI_VERSION),
       t.string(model ? model.getValue() : "model"), t.string(metadata), inputs, t.number64(main.getNumArguments()),
       outputs, t.number64(main.getNumResults()), t.array(variantRecords), t.number64(variants.size()), weights,
       t.number64(weightTable.bytes()), t.number64(uint64_t(arenaBytes)), t.number64(numSlots), t.array(texts),
       t.number64(texts.size()), t.array(caches), t.number64(caches.size())});
  new llvm::GlobalVariable(*module, info->getType(), true, llvm::GlobalValue::ExternalLinkage, info, symbol);
  return module;
}
