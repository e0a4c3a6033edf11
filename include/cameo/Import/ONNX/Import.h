// Import.h - from an ONNX file to a module of cameo ops.
#ifndef CAMEO_IMPORT_ONNX_IMPORT_H
#define CAMEO_IMPORT_ONNX_IMPORT_H

#include "cameo/Import/ONNX/Reader.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include <string>
#include <vector>

namespace cameo::onnx {

/// `--dim=NAME:VALUE`. NAME is a dim_param, or `input.axis` for any axis of an input.
struct DimBinding {
  std::string name;
  int64_t size = 0; ///< 0 or more
};

/// `--shape=INPUT:SIZExSIZE`: the shape of an input, whatever the model declares; `?` leaves a size open, "scalar" is
/// rank 0. INPUT[0], INPUT[1], ... are the elements of a sequence, which then has as many; INPUT:none is a sequence
/// without elements, or an optional that has none.
struct ShapeBinding {
  std::string name;
  /// -1 for an open size; null for `none`.
  std::optional<std::vector<int64_t>> sizes;
};

struct ImportOptions {
  ReadOptions read;
  std::vector<DimBinding> dims;
  std::vector<ShapeBinding> shapes;
  /// A declared shape or type that contradicts the inferred one is a warning, not an error (`--lenient-shapes`). It
  /// always is where the declared shape has an open size or `dims` are given, and a shape also where an output is
  /// declared a scalar.
  bool lenientShapes = false;
};

/// Reads, checks and imports a model. Null exactly when `diagnostics` got an error; warnings may come with either
/// result.
///
/// The module has `func.func @main`. Its arguments are the graph inputs without initializer, the elements of a sequence
/// one by one as NAME[0], NAME[1], ...; so are its results. A result that is a sequence whose length only the run knows
/// is NAME.elements, a vector of all that its elements hold, and NAME.shapes, i64 of length x rank, with -1 behind the
/// sizes of those of fewer axes than others; NAME.present, i1, says whether the optional NAME has an element. Arguments
/// and results have the attributes `cameo.name` and `cameo.dims`: one name per axis, empty where it has none; sizes
/// that became constants keep theirs. Equal names are equal sizes. The module has `cameo.model` (the file's stem) and
/// `cameo.opsets` (domain -> version). Its location names the file; each op's location is a NameLoc with its node's
/// name, `Op_#index` where it has none.
///
/// Weights are dense resources that point into the mapped file, which lives as long as `context`. No alignment is
/// promised; bool is one byte per element. Tensors of at most 64 bytes and integer vectors of at most 64 elements are
/// inline.
mlir::OwningOpRef<mlir::ModuleOp> importModel(llvm::StringRef path, mlir::MLIRContext &context,
                                              const ImportOptions &options, std::vector<Diagnostic> &diagnostics);

/// Every op that can be imported, as `domain.Name` (no domain for ONNX's own), sorted.
std::vector<std::string> supportedOps(mlir::MLIRContext &context);

} // namespace cameo::onnx
#endif
