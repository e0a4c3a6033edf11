// Contraction.h - emits matrix products and channels-last convolutions as register-tiled micro-kernels, inside a kernel
// function.
//
// The idea. One micro-kernel serves everything: it keeps a tile of accumulators (mr rows x a panel of columns, 1-D
// native vectors) in loop-carried registers, and per step of K loads one row of the panel of B, and for each row
// broadcasts one element of A and multiply-adds. What differs between a matrix product, a 1x1, a KxK and a grouped
// convolution is only where the elements of A lie; rows of A are never copied. For a convolution, row m of A is the
// window of output pixel m, read as one run of contiguous channels per tap; a tap outside the image reads a row of
// zeros instead.
//
// What is emitted is arith, scf, vector and the LLVM dialect (pointers), all integers i64. Lower it with scf-to-cf,
// vector-, arith-, cf-to-llvm. Compile with SLP off, and the pointer arguments `noalias`. Values given in the specs
// must be visible at the builder's insertion point, which must lie inside a function. Precision: f32 accumulators,
// whatever is loaded or stored; products of bytes are exact in i32.
//
// Parallel use. The iteration space of each emitter is one linear range; emit*Steps emits its size (for the entry
// function), and the kernel emits the slice [begin, end). Slices write disjoint parts of C.
#ifndef CAMEO_CODEGEN_CPU_CONTRACTION_H
#define CAMEO_CODEGEN_CPU_CONTRACTION_H

#include "cameo/Codegen/CPU/ContractionTile.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Value.h"
#include "llvm/Support/MathExtras.h"
#include <functional>

namespace mlir {
class ModuleOp;
} // namespace mlir

namespace cameo::codegen {

/// A size or stride, never negative: a number, or an i64 value known at run time. For shapeOf the value may be missing.
struct Extent {
  int64_t fixed = kDynamicExtent;
  mlir::Value value;

  Extent() = default;
  Extent(int64_t fixed) : fixed(fixed) {}
  Extent(mlir::Value value) : value(value) {}
  bool isStatic() const { return fixed != kDynamicExtent; }
};

/// A product of bytes (see ContractionArithmetic.h). The result's vectors are i32; without a StoreFn nothing stores
/// them.
struct ByteProduct {
  ByteDots dots = ByteDots::None;
  bool lhsIsSigned = false;
  bool rhsHasZero = false; ///< panels have a row of zero points; only with Quads
  mlir::Value lhsZero;     ///< i32: the zero point of A, as A is stored

  /// Elements of K that one step of the micro-kernel takes.
  int64_t stepElements() const { return dots == ByteDots::Quads ? 4 : 2; }
  bool widensLhs() const { return dots == ByteDots::Pairs || lhsIsSigned; }
  /// Rows of a panel before its first step.
  int64_t headRows() const { return rhsHasZero ? 2 : 1; }
  /// Rows of a panel for `runs` pieces of K of `length` elements each, every one of which begins with a new step.
  int64_t panelRows(int64_t runs, int64_t length) const {
    return headRows() + runs * ((length + stepElements() - 1) / stepElements());
  }
};

/// One vector of the result: `lanes` consecutive columns of one row.
struct TilePosition {
  mlir::Value batch; ///< i64; null when there is one batch
  mlir::Value row;   ///< i64, in [0, M)
  mlir::Value col;   ///< i64, of lane 0; for grouped convolutions counted over all groups
  int64_t lanes;
  mlir::Value mask; ///< vector<lanes x i1> of the columns that exist; null when all do
};

/// Called on each finished accumulator (vector<lanes x f32>), before the store: bias, activation, residual. Addresses
/// it loads from must use `emitLoad` with the position's mask.
using EpilogueFn = std::function<mlir::Value(mlir::OpBuilder &, mlir::Location, mlir::Value, const TilePosition &)>;
/// Replaces the store of a vector (after the epilogue).
using StoreFn = std::function<void(mlir::OpBuilder &, mlir::Location, mlir::Value, const TilePosition &)>;

/// Base pointers of one batch. B may be the same for all.
struct BatchPointers {
  mlir::Value lhs, rhs, result;
};

enum class RhsLayout {
  Packed,  ///< panels, see ContractionTile.h; 64-byte aligned, padded columns zero
  RowMajor ///< element (k, n) at rhs + k * rhsRowStride + n
};

/// C[b] = epilogue(A[b] * B[b]). Strides count elements. Element (m, k) of A lies at lhs + m * lhsRowStride + k *
/// lhsKStride.
struct ContractionSpec {
  ContractionTile tile;
  VectorTarget target;
  Extent batch = 1, m, n, k;
  mlir::Value lhs, rhs, result; ///< !llvm.ptr
  Extent lhsRowStride, lhsKStride = 1;
  RhsLayout rhsLayout = RhsLayout::Packed;
  Extent rhsRowStride; ///< for RhsLayout::RowMajor
  Extent resultRowStride;
  /// Elements between consecutive batches; 0 for a shared operand. For other batch arrangements set `batchPointers`.
  Extent lhsBatchStride = 0, rhsBatchStride = 0, resultBatchStride = 0;
  /// Overrides pointers and batch strides.
  std::function<BatchPointers(mlir::OpBuilder &, mlir::Location, mlir::Value batch)> batchPointers;
  /// f32, f16 or bf16; null means f32. B is f32.
  mlir::Type lhsType, resultType;
  /// Elements of A and B, and what K and strides count, are pairs of bf16 that follow each other along K; for targets
  /// with bf16Dots.
  bool bf16Pairs = false;
  /// A is bf16 with K stride 1 and B is packed by packBf16Rhs; for targets with bf16Dots. K must be static.
  bool bf16Dots = false;
  /// A is i8 or ui8 with K stride 1, B is packed by packByteRhs. K must be static.
  std::optional<ByteProduct> bytes;
  EpilogueFn epilogue; ///< may be null
  StoreFn store;       ///< may be null
};

/// A convolution over activations [n, depth, height, width, channels]; 2-D ones have depth 1, 1-D ones height 1, too.
/// Sizes count pixels and channels. Weights are packed by packConvolutionWeights with the same tile. Padding may be
/// negative at the end (a crop) but not at the start.
struct ConvolutionSpec {
  ContractionTile tile;
  VectorTarget target;
  Extent n = 1, inDepth = 1, inHeight, inWidth, outDepth = 1, outHeight, outWidth;
  int64_t inChannels = 0, outChannels = 0, groups = 1;
  int64_t kernelDepth = 1, strideDepth = 1, dilationDepth = 1;
  int64_t kernelHeight = 1, kernelWidth = 1, strideHeight = 1, strideWidth = 1, dilationHeight = 1, dilationWidth = 1;
  int64_t padFront = 0, padTop = 0, padLeft = 0, padBack = 0, padBottom = 0, padRight = 0;
  mlir::Value input, weights, result; ///< !llvm.ptr
  /// At least inChannels zeros of the input's type; needed when there is padding (see getZeros).
  mlir::Value zeros;
  mlir::Type inputType, resultType; ///< f32, f16 or bf16; null means f32
  /// The input is bf16, weights are packed by packBf16Rhs; for targets with bf16Dots.
  bool bf16Dots = false;
  /// The input is i8 or ui8, weights are packed by packByteConvolutionWeights, `zeros` holds zero points.
  std::optional<ByteProduct> bytes;
  EpilogueFn epilogue; ///< position.row is the output pixel ((n * outDepth + z) * outHeight + y) * outWidth + x
  StoreFn store;
};

/// Convolution of few channels per group (depthwise: one), weights from packDepthwiseWeights. inChannels = outChannels,
/// and several groups share a vector: see sharesVectors. tile is not used. Of bytes, weights are f32 with their zero
/// points subtracted, and sums are exact for up to kMaxByteTaps taps of one channel.
constexpr int64_t kMaxByteTaps = (1 << 24) / (255 * 255);
using DepthwiseSpec = ConvolutionSpec;

/// Whether emitDepthwise can take it, and is the better one: it shuffles what other taps read, too.
inline bool sharesVectors(const ConvolutionSpec &spec) {
  int64_t channels = spec.inChannels / spec.groups, taps = spec.kernelDepth * spec.kernelHeight * spec.kernelWidth;
  return spec.groups > 1 && spec.inChannels == spec.outChannels && llvm::isPowerOf2_64(channels) &&
         channels * 2 <= spec.target.lanes() && (channels == 1 || taps > 1);
}

/// Elements of K that lie one after the other in the image and in a panel of weights: a tap's channels, or those of a
/// line of taps. Panels of bytes begin each run with a new step.
int64_t convolutionRun(const ConvolutionSpec &spec);

/// What chooseTile should be asked for a convolution.
ContractionShape shapeOf(const ConvolutionSpec &spec);
ContractionShape shapeOf(const ContractionSpec &spec);

/// Number of parallel steps, an i64 value. Folds to a constant when sizes are static.
mlir::Value emitContractionSteps(mlir::OpBuilder &b, mlir::Location loc, const ContractionSpec &spec);
mlir::Value emitConvolutionSteps(mlir::OpBuilder &b, mlir::Location loc, const ConvolutionSpec &spec);
mlir::Value emitDepthwiseSteps(mlir::OpBuilder &b, mlir::Location loc, const DepthwiseSpec &spec);

/// Emits the steps [begin, end) (i64 values). K = 0 gives epilogue(0).
void emitContraction(mlir::OpBuilder &b, mlir::Location loc, const ContractionSpec &spec, mlir::Value begin,
                     mlir::Value end);
void emitConvolution(mlir::OpBuilder &b, mlir::Location loc, const ConvolutionSpec &spec, mlir::Value begin,
                     mlir::Value end);
void emitDepthwise(mlir::OpBuilder &b, mlir::Location loc, const DepthwiseSpec &spec, mlir::Value begin,
                   mlir::Value end);

/// Packs a B known only at run time. Element (k, n) of the source lies at source + k * kStride + n * nStride, one of
/// the two being 1. With a dynamic N all panels are `nr` wide: `packed` has ceil(N / nr) * nr * K elements, as many as
/// packedRhsElements says for static sizes. Steps are panels.
struct PackRhsSpec {
  ContractionTile tile;
  VectorTarget target;
  Extent k, n, kStride, nStride;
  mlir::Value source, packed; ///< !llvm.ptr; panels are f32
  mlir::Type sourceType;      ///< f32, f16 or bf16; null means f32
};
mlir::Value emitPackRhsSteps(mlir::OpBuilder &b, mlir::Location loc, const PackRhsSpec &spec);
void emitPackRhs(mlir::OpBuilder &b, mlir::Location loc, const PackRhsSpec &spec, mlir::Value begin, mlir::Value end);

/// Packs one panel of a right operand of bytes known only at run time: element (k, n) lies at source + k * kStride + n
/// * nStride, one of the two being 1. `packed` has 4 * packedRhsElements(tile, bytes.panelRows(1, k), n) bytes.
struct PackBytesSpec {
  ContractionTile tile;
  VectorTarget target;
  ByteProduct bytes;
  bool isSigned = false;
  mlir::Value rhsZero; ///< i32
  int64_t k, n, kStride, nStride;
  mlir::Value source, packed; ///< !llvm.ptr
};
void emitPackBytes(mlir::OpBuilder &b, mlir::Location loc, const PackBytesSpec &spec, mlir::Value panel);

// ---- helpers for callers

/// Loads `lanes` consecutive elements of `type` (f32, f16, bf16) as vector<lanes x f32>; masked-off lanes are zero.
mlir::Value emitLoad(mlir::OpBuilder &b, mlir::Location loc, mlir::Type type, mlir::Value pointer, int64_t lanes,
                     mlir::Value mask = {});
/// Stores a vector<lanes x f32> as elements of `type`.
void emitStore(mlir::OpBuilder &b, mlir::Location loc, mlir::Type type, mlir::Value vector, mlir::Value pointer,
               mlir::Value mask = {});
/// pointer + index * sizeof(type).
mlir::Value emitElementPointer(mlir::OpBuilder &b, mlir::Location loc, mlir::Type type, mlir::Value pointer,
                               mlir::Value index);
/// The aligned pointer of a memref as !llvm.ptr.
mlir::Value emitPointerOf(mlir::OpBuilder &b, mlir::Location loc, mlir::Value memref);
/// Address of a constant zero-filled buffer of at least `bytes`, shared by the kernels of `module`.
mlir::Value getZeros(mlir::OpBuilder &b, mlir::Location loc, mlir::ModuleOp module, int64_t bytes);

} // namespace cameo::codegen
#endif
