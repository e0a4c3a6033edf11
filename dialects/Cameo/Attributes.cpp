// Attributes.cpp - verification of the dialect's discardable attributes (Attributes.h).
#include "cameo/Dialect/Cameo/Attributes.h"
#include "cameo/Dialect/Cameo/Cameo.h"
#include "mlir/Interfaces/CallInterfaces.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace cameo;

namespace {
enum class Bearer { Module, Function, Layer, Call, Argument, Result };

struct KnownAttribute {
  StringRef name;
  SmallVector<Bearer, 2> bearers;
  bool (*fits)(Attribute value);
  StringRef wanted; ///< completes "must be".
};

template <typename AttrT> bool isA(Attribute value) { return isa<AttrT>(value); }
template <typename AttrT> bool isArrayOf(Attribute value) {
  auto array = dyn_cast<ArrayAttr>(value);
  return array && llvm::all_of(array, llvm::IsaPred<AttrT>);
}
bool isDictionaryOfIntegers(Attribute value) {
  auto dictionary = dyn_cast<DictionaryAttr>(value);
  return dictionary &&
         llvm::all_of(dictionary, [](NamedAttribute entry) { return isa<IntegerAttr>(entry.getValue()); });
}
bool isPair(Attribute value) {
  auto array = dyn_cast<DenseI64ArrayAttr>(value);
  return array && array.size() == 2;
}

const KnownAttribute kKnown[] = {
    {kModelAttr, {Bearer::Module}, isA<StringAttr>, "a string"},
    {kOpsetsAttr, {Bearer::Module}, isDictionaryOfIntegers, "a dictionary of integers"},
    {kNameAttr, {Bearer::Argument, Bearer::Result}, isA<StringAttr>, "a string"},
    {kDimsAttr, {Bearer::Argument, Bearer::Result}, isArrayOf<StringAttr>, "an array of strings"},
    {kCacheAttr, {Bearer::Argument}, isPair, "array<i64: output, axis>"},
    {kQuantizationAttr, {Bearer::Layer}, isA<DictionaryAttr>, "a dictionary"},
    {kChoicesAttr, {Bearer::Layer}, isArrayOf<DictionaryAttr>, "an array of dictionaries"},
    {kObservedAttr, {Bearer::Layer}, isA<DictionaryAttr>, "a dictionary"},
    {kThreadsAttr, {Bearer::Function}, isA<IntegerAttr>, "an integer"},
    {kSharedBytesAttr, {Bearer::Function}, isA<IntegerAttr>, "an integer"},
    {kKeepCallAttr, {Bearer::Call}, isA<UnitAttr>, "a unit attribute"},
};

StringRef nameOf(Bearer bearer) {
  constexpr StringRef names[] = {"modules", "functions", "ops of the dialect", "calls", "arguments", "results"};
  return names[unsigned(bearer)];
}

/// `owner`: for arguments and results, their function.
LogicalResult verify(Operation *owner, ArrayRef<Bearer> bearers, NamedAttribute attribute) {
  const auto *known = llvm::find_if(kKnown, [&](const KnownAttribute &one) { return one.name == attribute.getName(); });
  if (known == std::end(kKnown)) {
    auto names = llvm::map_range(kKnown, [](const KnownAttribute &one) { return one.name; });
    return owner->emitError("has the unknown attribute '")
           << attribute.getName().getValue() << "'; known are " << llvm::join(names, ", ");
  }
  if (llvm::none_of(bearers, [&](Bearer bearer) { return llvm::is_contained(known->bearers, bearer); })) {
    auto names = llvm::map_range(known->bearers, nameOf);
    return owner->emitError("has '") << known->name << "', which is an attribute of " << llvm::join(names, " and ");
  }
  if (!known->fits(attribute.getValue()))
    return owner->emitError("'") << known->name << "' is " << attribute.getValue() << "; it must be " << known->wanted;
  return success();
}

/// Of `shaped`: as many names as axes.
LogicalResult verifyDims(Operation *function, ShapedType shaped, ArrayAttr names) {
  if (int64_t(names.size()) == shaped.getRank())
    return success();
  return function->emitError("'") << kDimsAttr << "' has " << names.size() << " names for " << shaped
                                  << "; it must have one per axis";
}

/// Of the argument `shaped`: the output exists, and has its axes.
LogicalResult verifyCache(FunctionOpInterface function, ShapedType shaped, ArrayRef<int64_t> cache) {
  int64_t output = cache[0], axis = cache[1], outputs = function.getNumResults();
  if (output < 0 || output >= outputs)
    return function.emitError("'") << kCacheAttr << "' names output " << output << "; there are " << outputs;
  Type type = function.getResultTypes()[output];
  auto continued = dyn_cast<ShapedType>(type);
  if (axis < 0 || axis >= shaped.getRank() || !continued || !continued.hasRank() ||
      continued.getRank() != shaped.getRank())
    return function.emitError("'") << kCacheAttr << "' names axis " << axis << " of " << shaped << " and " << type
                                   << "; it must be an axis of both";
  return success();
}

/// Of an argument or result of `function` with the type `type`, which pointers have become in the end.
LogicalResult verify(FunctionOpInterface function, Bearer bearer, Type type, NamedAttribute attribute) {
  if (failed(verify(function, ArrayRef(bearer), attribute)))
    return failure();
  auto shaped = dyn_cast<ShapedType>(type);
  if (!shaped || !shaped.hasRank())
    return success();
  if (attribute.getName() == kDimsAttr)
    return verifyDims(function, shaped, cast<ArrayAttr>(attribute.getValue()));
  if (attribute.getName() == kCacheAttr)
    return verifyCache(function, shaped, cast<DenseI64ArrayAttr>(attribute.getValue()));
  return success();
}
} // namespace

LogicalResult CameoDialect::verifyOperationAttribute(Operation *op, NamedAttribute attribute) {
  SmallVector<Bearer, 2> bearers;
  if (isa<ModuleOp>(op))
    bearers.push_back(Bearer::Module);
  if (isa<FunctionOpInterface>(op))
    bearers.push_back(Bearer::Function);
  if (isa<CallOpInterface>(op))
    bearers.push_back(Bearer::Call);
  if (op->getDialect() == this)
    bearers.push_back(Bearer::Layer);
  return verify(op, bearers, attribute);
}

LogicalResult CameoDialect::verifyRegionArgAttribute(Operation *op, unsigned, unsigned argument,
                                                     NamedAttribute attribute) {
  auto function = cast<FunctionOpInterface>(op);
  return verify(function, Bearer::Argument, function.getArgumentTypes()[argument], attribute);
}

LogicalResult CameoDialect::verifyRegionResultAttribute(Operation *op, unsigned, unsigned result,
                                                        NamedAttribute attribute) {
  auto function = cast<FunctionOpInterface>(op);
  return verify(function, Bearer::Result, function.getResultTypes()[result], attribute);
}
