// Caches.cpp - see Caches.h.
#include "cameo/Codegen/Caches.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::codegen;

SmallVector<Cache> codegen::cachesOf(func::FuncOp main) {
  SmallVector<Cache> caches;
  for (unsigned i = 0; i < main.getNumArguments(); ++i)
    if (auto cache = main.getArgAttrOfType<DenseI64ArrayAttr>(i, kCacheAttr))
      caches.push_back({i, unsigned(cache[0]), cache[1]});
  return caches;
}

/// The axis along which a cache's input or output has room.
static std::optional<int64_t> axisOf(Value value) {
  if (auto kernel = value.getDefiningOp<KernelOp>())
    return kernel.getAppends();
  auto argument = dyn_cast<BlockArgument>(value);
  auto main = argument ? dyn_cast<func::FuncOp>(argument.getOwner()->getParentOp()) : func::FuncOp();
  auto cache =
      main ? main.getArgAttrOfType<DenseI64ArrayAttr>(argument.getArgNumber(), kCacheAttr) : DenseI64ArrayAttr();
  return cache ? std::optional(cache[1]) : std::nullopt;
}

Value codegen::cacheBehind(ShapeAnalysis &shapes, Value value) {
  Value source = value;
  while (auto view = source.getDefiningOp<AliasInterface>())
    source = view->getOperand(0);
  return axisOf(source) && shapes.dimsOf(source) == shapes.dimsOf(value) ? source : Value();
}

SmallVector<Dim, 6> codegen::cacheDims(ShapeAnalysis &shapes, Value value) {
  SmallVector<Dim, 6> dims(shapes.dimsOf(value));
  if (Value cache = cacheBehind(shapes, value))
    dims[*axisOf(cache)] = shapes.dims().sizeOf(cache, dims.size());
  return dims;
}

Dim codegen::storedRows(ShapeAnalysis &shapes, KernelOp kernel) {
  Value result = kernel.getResult(0);
  return shapes.dims().sizeOf(result, shapes.rank(result) + 1);
}

std::optional<CacheSize> codegen::cacheSizeOf(ShapeAnalysis &shapes, const DimAtom &symbol) {
  int64_t behind = symbol.kind == AtomKind::SizeOf ? symbol.index - shapes.rank(symbol.value) : -1;
  return behind < 0 ? std::nullopt : std::optional(behind == 0 ? CacheSize::Room : CacheSize::Stored);
}
