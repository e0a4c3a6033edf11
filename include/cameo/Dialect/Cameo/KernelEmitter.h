// KernelEmitter.h - what an op sees while it is turned into loops inside one kernel.
//
// The same lowering serves the naive path and fused kernels: a KernelTensor may be a buffer in memory, or a chain of
// producers that is evaluated where it is read; a result may be stored, or first pass through fused consumers. Ops
// never know which.
//
// Scalars have compute types (ElementType.h): f32 for f16 and bf16, i1 for bool, signless iN for iN and uiN; f32, f64
// as they are.
#ifndef CAMEO_DIALECT_CAMEO_KERNELEMITTER_H
#define CAMEO_DIALECT_CAMEO_KERNELEMITTER_H

#include "cameo/Dialect/Cameo/ElementType.h"
#include "cameo/Dialect/Cameo/Shape.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace cameo {

class KernelEmitter;

/// What the runtime does for kernels, as cameo_services of KernelABI.h says: with texts, which are numbers to compiled
/// code, and with pictures in files.
enum class Service {
  TextConcat,
  TextCase,
  TextSplit,
  TextPiece,
  TextMatch,
  TextTokens,
  TextHash,
  TextToNumber,
  TextFromNumber,
  ImageSize,
  ImageDecode,
  ImagePixel,
  TextLess
};

/// An operand or result during emission. Sizes are index values; `dims` say which are constants or equal to each other.
class KernelTensor {
public:
  using Loader = std::function<mlir::Value(mlir::OpBuilder &, mlir::Location, mlir::ValueRange indices)>;
  using Storer = std::function<void(mlir::OpBuilder &, mlir::Location, mlir::Value element, mlir::ValueRange indices)>;

  mlir::Type elementType;
  llvm::SmallVector<Dim, 6> dims;
  /// Sizes of the memory where it is a buffer; above `dims` on an axis that has room for more
  /// (KernelInterface::readsStrided).
  llvm::SmallVector<Dim, 6> memory;
  Loader loader;      ///< null for a pure output
  Storer storer;      ///< null for an input
  mlir::Value memref; ///< the buffer, when the tensor is one whose elements have addresses; row-major, storage type
  mlir::Value buffer; ///< the kernel argument behind it; also where elements are packed
  Dim stored;         ///< of a concat's first operand: how many of its rows lie in the result already; null: none

  explicit operator bool() const { return bool(elementType); } ///< false: an absent optional operand
  int64_t rank() const { return dims.size(); }
  mlir::Value load(mlir::OpBuilder &b, mlir::Location loc, mlir::ValueRange indices) const {
    return loader(b, loc, indices);
  }
  void store(mlir::OpBuilder &b, mlir::Location loc, mlir::Value element, mlir::ValueRange indices) const {
    storer(b, loc, element, indices);
  }
};

/// The kernel being built.
class KernelEmitter {
public:
  virtual ~KernelEmitter() = default;
  virtual ShapeAnalysis &shapes() = 0;
  DimContext &dims() { return shapes().dims(); }

  /// `dim` as an index value: a constant, or a size the entry function passes in. Usable anywhere in the kernel.
  virtual mlir::Value size(Dim dim) = 0;

  /// The iteration space that threads share. Call it once per kernel at most, at the top, for the outermost parallel
  /// loops: `body` gets one index per dim; different index vectors must write different elements. Further parallel
  /// loops are plain `loopNest`s. Kernels that never call it run on one thread, and so do those that store packed
  /// elements in another order than the indices'. `work` is how many scalar operations one call of `body` makes, where
  /// that is more than a few: then single indices are shared.
  virtual void parallelNest(mlir::OpBuilder &b, mlir::Location loc, llvm::ArrayRef<Dim> dims,
                            llvm::function_ref<void(mlir::OpBuilder &, mlir::Location, mlir::ValueRange)> body,
                            Dim work = {}) = 0;

  /// Temporary memory for the whole kernel. Only in kernels that do not call parallelNest, or before it.
  virtual KernelTensor temporary(mlir::OpBuilder &b, mlir::Location loc, mlir::Type elementType,
                                 llvm::ArrayRef<Dim> dims) = 0;

  /// Makes the run-time size of a data-dependent axis known (a symbol SizeOf(result, axis)); before the first store to
  /// it.
  virtual void setResultSize(mlir::OpBuilder &b, mlir::Location loc, mlir::OpResult result, int64_t axis,
                             mlir::Value size) = 0;

  /// Records a run-time failure when `condition` (i1) is true; execution goes on, so addresses must stay safe (clamp
  /// them). `message` is a sentence without final stop; "%lld" in it stands for `value` (may be null).
  virtual void failIf(mlir::OpBuilder &b, mlir::Location loc, mlir::Value condition, int32_t code,
                      llvm::StringRef message, mlir::Value value = {}) = 0;

  /// Calls a service of the runtime, which gives an i64; `arguments` are i64, or memrefs for pointers. Only in kernels
  /// that do not call parallelNest.
  virtual mlir::Value callService(mlir::OpBuilder &b, mlir::Location loc, Service service,
                                  mlir::ValueRange arguments) = 0;

  /// True when sums may be reassociated for speed (-O1 and up).
  virtual bool mayReassociate() const = 0;
};

// ---- small builders shared by all lowerings

mlir::Value constantIndex(mlir::OpBuilder &b, mlir::Location loc, int64_t value);
/// A scalar constant of a compute type; `value` is converted.
mlir::Value constantScalar(mlir::OpBuilder &b, mlir::Location loc, mlir::Type computeType, double value);
mlir::Value constantInt(mlir::OpBuilder &b, mlir::Location loc, mlir::Type computeType, int64_t value);

/// Sequential loops over [0, sizes); `body` gets the indices.
void loopNest(mlir::OpBuilder &b, mlir::Location loc, mlir::ValueRange sizes,
              llvm::function_ref<void(mlir::OpBuilder &, mlir::Location, mlir::ValueRange)> body);
/// Loops over [0, sizes) carrying values: returns what the last `body` returned (or `init`).
llvm::SmallVector<mlir::Value>
reduceNest(mlir::OpBuilder &b, mlir::Location loc, mlir::ValueRange sizes, mlir::ValueRange init,
           llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::OpBuilder &, mlir::Location,
                                                             mlir::ValueRange indices, mlir::ValueRange carried)>
               body);
llvm::SmallVector<mlir::Value> sizesOf(KernelEmitter &k, llvm::ArrayRef<Dim> dims);

/// Converts between element types with ONNX Cast meaning (float to int truncates; to bool is != 0). `from` and `to` are
/// semantic element types (so signedness is known), the scalar has computeType(from), the result computeType(to).
/// `rounding` counts for narrow floats only.
mlir::Value convertScalar(mlir::OpBuilder &b, mlir::Location loc, mlir::Value scalar, mlir::Type from, mlir::Type to,
                          NarrowRounding rounding = {});
/// An integer scalar of element type `type` as an index value (sign- or zero-extended).
mlir::Value toIndex(mlir::OpBuilder &b, mlir::Location loc, mlir::Value scalar, mlir::Type type);
/// Sum, product, maximum, ... of two scalars of the semantic element type (maximum and minimum propagate NaN).
mlir::Value addScalar(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x, mlir::Value y, bool reassociate = false);
mlir::Value mulScalar(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x, mlir::Value y);
mlir::Value maxScalar(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x, mlir::Value y, mlir::Type elementType);
mlir::Value minScalar(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x, mlir::Value y, mlir::Type elementType);
mlir::Value lessThan(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x, mlir::Value y, mlir::Type elementType);

/// Operand indices for one element of a broadcast result: axes of size 1 read index 0, missing leading axes are
/// dropped.
llvm::SmallVector<mlir::Value> broadcastIndices(mlir::OpBuilder &b, mlir::Location loc, KernelEmitter &k,
                                                const KernelTensor &operand, llvm::ArrayRef<Dim> resultDims,
                                                mlir::ValueRange indices);

} // namespace cameo
#endif
