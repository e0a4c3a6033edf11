// Caches.h - inputs that outputs continue (the pass cameo-append-in-place): how their memory is laid out.
//
// An argument of main with the attribute `cameo.cache` = [output, axis] is appended to by the kernel whose result is
// that output, which `appends` along that axis. The run may keep both in one memory with room for more rows
// (cameo_call.cache_rows), so the entry function computes three sizes that have no tensor: the rows there is room for
// behind either, and how many of the result's rows are stored already. Here they are symbols of the value, numbered
// behind its axes.
#ifndef CAMEO_CODEGEN_CACHES_H
#define CAMEO_CODEGEN_CACHES_H

#include "cameo/Dialect/Cameo/Attributes.h"
#include "cameo/Dialect/Cameo/Cameo.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace cameo::codegen {

struct Cache {
  unsigned input, output;
  int64_t axis;
};

/// In the order of the inputs.
llvm::SmallVector<Cache> cachesOf(mlir::func::FuncOp main);

/// The cache's input or output that `value` is, or that it is a view of in the same shape; null where it is no cache.
mlir::Value cacheBehind(ShapeAnalysis &shapes, mlir::Value value);

/// The sizes of the memory of `value` where that is a cache, else its own.
llvm::SmallVector<Dim, 6> cacheDims(ShapeAnalysis &shapes, mlir::Value value);

/// How many of the rows that `kernel` appends to are stored already.
Dim storedRows(ShapeAnalysis &shapes, KernelOp kernel);

/// What a symbol behind the axes of a cache's input or output stands for.
enum class CacheSize { Room, Stored };
std::optional<CacheSize> cacheSizeOf(ShapeAnalysis &shapes, const DimAtom &symbol);

} // namespace cameo::codegen
#endif
