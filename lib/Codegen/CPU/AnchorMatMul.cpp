// AnchorMatMul.cpp - cameo.matmul by the contraction micro-kernels.
//
// A constant right operand is stored in panels. One known only at run time is read where it lies when that is about as
// good (row-major and no wider than two panels), or for few rows (FewRows.h); otherwise every step packs the one panel
// that it multiplies by. Rows of zeros of a constant may be skipped. Lanes hold elements of K where columns are few.
#include "AnchorProduct.h"
#include "ContractionSparse.h"
#include "FewRows.h"
#include "cameo/Codegen/CPU/ContractionPacking.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::codegen;

namespace {

/// Rows from which packing a panel costs less than reading it from scattered rows.
constexpr int64_t kPackingRows = 16;

/// Whether pairs of bf16 are multiplied: rows of A lie along K, and B is constant.
bool usesBf16Dots(MatMulOp op, const Product &p, ArrayRef<Dim> rhs, const CpuTarget &target) {
  return target.hasBf16Dots && getElementTypeOrSelf(op.getLhs().getType()).isBF16() && !op.getTransposeLhs() &&
         p.k.constant() && p.n.constant() && isSharedMatrix(rhs) && constantInKernel(op, op.getRhs());
}

/// Sizes and strides; `extent` makes them of Dims.
void setSizes(ContractionSpec &s, MatMulOp op, const Product &p, Type lhsType, llvm::function_ref<Extent(Dim)> extent) {
  s.batch = extent(p.batch);
  s.m = extent(p.m);
  s.n = extent(p.n);
  s.k = extent(p.k);
  s.lhsType = lhsType;
  s.lhsRowStride = op.getTransposeLhs() ? Extent(1) : s.k;
  s.lhsKStride = op.getTransposeLhs() ? s.m : Extent(1); // rows of all batches are never joined then
  s.resultRowStride = s.n;
}

MatrixLayout layoutOfRhs(MatMulOp op, int64_t k, int64_t n) {
  return op.getTransposeRhs() ? MatrixLayout{k, n, 1, k} : MatrixLayout{k, n, n, 1};
}

/// See ContractionShape.
std::optional<int64_t> sparseRowsOf(MatMulOp op, const Product &p, ArrayRef<Dim> rhs) {
  ElementsAttr constant = constantInKernel(op, op.getRhs());
  bool isPlain =
      p.batchDims.empty() && !op.getTransposeLhs() && p.k.constant() && p.n.constant() && isSharedMatrix(rhs);
  if (!constant || !isPlain || !constant.getElementType().isF32())
    return std::nullopt;
  std::vector<float> storage;
  return countSparseRows(constantFloats(constant, storage), layoutOfRhs(op, *p.k.constant(), *p.n.constant()));
}

ContractionShape shapeOfMatMul(MatMulOp op, ShapeAnalysis &shapes, const CpuTarget &target) {
  Product p = describeProduct(shapes.dims(), shapes.dimsOf(op.getLhs()), shapes.dimsOf(op.getRhs()), shapes.dimsOf(op),
                              op.getTransposeLhs(), op.getTransposeRhs());
  ContractionSpec s;
  setSizes(s, op, p, getElementTypeOrSelf(op.getLhs().getType()), fixedExtent);
  s.bf16Dots = usesBf16Dots(op, p, shapes.dimsOf(op.getRhs()), target);
  ContractionShape shape = shapeOf(s);
  shape.sparseRows = sparseRowsOf(op, p, shapes.dimsOf(op.getRhs()));
  // A single column lies along K as it is.
  bool liesAlongK = p.n.isConstant(1) ||
                    (p.n.constant() && isSharedMatrix(shapes.dimsOf(op.getRhs())) && constantInKernel(op, op.getRhs()));
  int64_t step = vectorTarget(target).lanes() * (s.bf16Dots ? 2 : 1);
  if ((s.lhsType.isF32() || s.bf16Dots) && !op.getTransposeLhs() && p.k.constant().value_or(0) > 0 && liesAlongK)
    shape.alongK = {int64_t(llvm::divideCeil(*p.k.constant(), step))};
  return shape;
}

class MatMulEmitter {
public:
  MatMulEmitter(const Anchor &a, MatMulOp op) : a(a), op(op), lhs(a.operands[0]), rhs(a.operands[1]) {}

  std::optional<LogicalResult> emit() {
    if (!isMicroKernelType(lhs.elementType) || rhs.elementType != lhs.elementType || !lhs.memref || !rhs.memref)
      return std::nullopt;
    p = describeProduct(a.dims(), lhs.dims, rhs.dims, a.results[0].dims, op.getTransposeLhs(), op.getTransposeRhs());
    if (p.k != p.rhsK) // only the run can tell whether they agree
      return std::nullopt;
    ContractionShape shape = shapeOfMatMul(op, a.k.shapes(), a.target);
    auto chosen = a.tile(shape);
    if (failed(chosen))
      return failure();
    tile = *chosen;
    ElementsAttr constant = a.k.constantOperand(op.getRhs());
    if ((tile.sparse || (tile.alongK && !p.n.isConstant(1))) && !constant) { // its plain form is read as well
      shape.sparseRows.reset();
      shape.alongK.reset();
      tile = chooseTile(a.vectors(), shape);
    }
    if (tile.sparse)
      emitSparseConstant(shape);
    else if (constant && isSharedMatrix(rhs.dims) && p.k.constant() && p.n.constant())
      emitPackedConstant();
    else if (areFewRows())
      emitFewRowsInPlace();
    else if (readsInPlace())
      emitInPlace();
    else
      emitPackingSteps();
    return success();
  }

private:
  /// Everything but B.
  ContractionSpec spec() {
    ContractionSpec s;
    s.tile = tile;
    s.target = a.vectors();
    setSizes(s, op, p, lhs.elementType, [&](Dim d) { return a.extent(d); });
    s.lhs = a.pointer(lhs);
    s.store = a.storeThroughEpilogue(s.m);
    s.bf16Dots = usesBf16Dots(op, p, rhs.dims, a.target);
    s.lhsBatchStride = batchStride(lhs);
    s.rhsBatchStride = batchStride(rhs);
    return s;
  }

  /// Elements from one batch to the next, where that is one number.
  Extent batchStride(const KernelTensor &t) {
    if (ArrayRef(t.dims).drop_back(2) != ArrayRef(p.batchDims))
      return 0;
    return a.extent(a.dims().mul(t.dims.back(), t.dims[t.rank() - 2]));
  }

  Value batchPointer(OpBuilder &b, Location loc, const KernelTensor &t, Value base, Value batch) {
    return cameo::codegen::batchPointer(a, p, b, loc, t, base, batch);
  }

  void setBatchPointers(ContractionSpec &s) {
    if (p.batchDims.empty())
      return;
    s.batchPointers = [this, lhsBase = s.lhs, rhsBase = s.rhs](OpBuilder &b, Location loc,
                                                               Value batch) -> BatchPointers {
      return {batchPointer(b, loc, lhs, lhsBase, batch), batchPointer(b, loc, rhs, rhsBase, batch), Value()};
    };
  }

  void finish(ContractionSpec &s) {
    a.setTiles(s.tile, shapeOf(s), p.batch, p.m, p.n);
    auto [begin, end] = a.slice();
    emitContraction(a.b, a.loc(), s, begin, end);
  }

  void emitPackedConstant() {
    ContractionSpec s = spec();
    int64_t k = s.k.fixed, n = s.n.fixed;
    int64_t kStride = op.getTransposeRhs() ? 1 : n, nStride = op.getTransposeRhs() ? k : 1;
    std::string key = llvm::formatv("rhs k={0}*{1} n={2}*{3} nr={4} lanes={5}{6}", k, kStride, n, nStride, tile.nr,
                                    tile.lanes, s.bf16Dots ? " pairs" : "");
    auto offsets = [=] { // of K's elements
      SmallVector<int64_t> offsets;
      for (int64_t i = 0; i < k; ++i)
        offsets.push_back(i * kStride);
      return offsets;
    };
    if (tile.alongK && s.bf16Dots)
      s.rhs = a.packedBytes(op.getRhs(), key + " along k",
                            4 * packedRhsElements(tile, llvm::divideCeil(k, 2 * tile.lanes), n),
                            [=, tile = tile](const uint8_t *source, char *packed) {
                              packRhsAlongK(reinterpret_cast<const uint16_t *>(source), offsets(), nStride, n, k, tile,
                                            reinterpret_cast<uint16_t *>(packed));
                            });
    else if (s.bf16Dots)
      s.rhs = a.packedBytes(op.getRhs(), std::move(key), 4 * packedRhsElements(tile, (k + 1) / 2, n),
                            [=, tile = tile](const uint8_t *source, char *packed) {
                              packBf16Rhs(reinterpret_cast<const uint16_t *>(source), offsets(), nStride, n, k, tile,
                                          packed);
                            });
    else if (tile.alongK)
      s.rhs = a.packedFloats(op.getRhs(), key + " along k", packedRhsElements(tile, llvm::divideCeil(k, tile.lanes), n),
                             [=, tile = tile](const float *source, float *packed) {
                               packRhsAlongK(source, offsets(), nStride, n, k, tile, packed);
                             });
    else
      s.rhs = a.packedFloats(op.getRhs(), std::move(key), packedRhsElements(tile, k, n),
                             [=, tile = tile](const float *source, float *packed) {
                               packRhs(source, kStride, nStride, k, n, tile, packed);
                             });
    s.rhsBatchStride = 0;
    if (!p.batchDims.empty()) // A broadcasts, or is read transposed
      s.batchPointers = [this, lhsBase = s.lhs, rhsBase = s.rhs](OpBuilder &b, Location loc,
                                                                 Value batch) -> BatchPointers {
        return {batchPointer(b, loc, lhs, lhsBase, batch), rhsBase, Value()};
      };
    finish(s);
  }

  void emitSparseConstant(const ContractionShape &shape) {
    MatrixLayout layout = layoutOfRhs(op, shape.k, shape.n);
    SparseSpec s{tile, a.vectors(), shape, a.extent(p.m), a.pointer(lhs), Value(), a.storeThroughEpilogue()};
    s.rhs = a.packedBytes(op.getRhs(),
                          llvm::formatv("sparse rhs k={0}*{1} n={2}*{3} mr={4} lanes={5}", layout.k, layout.kStride,
                                        layout.n, layout.nStride, tile.mr, tile.lanes),
                          packedSparseBytes(shape), [=, tile = tile](const uint8_t *source, char *packed) {
                            packSparseRhs(reinterpret_cast<const float *>(source), layout, tile, shape, packed);
                          });
    DimContext &d = a.dims();
    Dim steps = d.mul(d.ceilDiv(p.m, tile.mr), d.constant(sparseGroups(tile, shape)));
    a.setTiles(steps, multiplyAddsPerStep(tile, shape));
    auto [begin, end] = a.slice();
    emitSparse(a.b, a.loc(), s, begin, end);
  }

  /// Not where lines are short, or a small B comes from the caches anyway.
  bool areFewRows() {
    constexpr int64_t kShortLine = 64, kSmallBytes = 256 << 10;
    auto m = p.m.constant(), n = p.n.constant(), k = p.k.constant();
    if (!m || *m < 1 || *m > kFewRows || tile.alongK || op.getTransposeLhs())
      return false;
    if (op.getTransposeRhs()) // each line ends with sums across lanes, as many as there are rows
      return !k || *k > 4 * *m;
    bool isShort = n && *n < kShortLine, isSmall = n && k && *n * *k * elementBytes(rhs.elementType) < kSmallBytes;
    return !isShort && !isSmall;
  }

  void emitFewRowsInPlace() {
    FewRowsSpec s{.target = a.vectors(),
                  .type = rhs.elementType,
                  .rows = *p.m.constant(),
                  .n = a.extent(p.n),
                  .k = a.extent(p.k),
                  .linesAlongK = op.getTransposeRhs(),
                  .store = a.storeThroughEpilogue(a.extent(p.m))};
    s.pointers = [this, lhsBase = a.pointer(lhs), rhsBase = a.pointer(rhs)](OpBuilder &b, Location loc,
                                                                            Value batch) -> BatchPointers {
      return {batchPointer(b, loc, lhs, lhsBase, batch), batchPointer(b, loc, rhs, rhsBase, batch), Value()};
    };
    DimContext &d = a.dims();
    a.setTiles(d.mul(p.batch, d.ceilDiv(p.n, s.columns())), s.rows * s.columns() * p.k.constant().value_or(1));
    auto [begin, end] = a.slice();
    emitFewRows(a.b, a.loc(), s, begin, end);
  }

  bool readsInPlace() {
    if (tile.alongK)
      return true;
    if (op.getTransposeRhs() || !rhs.elementType.isF32())
      return false;
    if (p.m.constant() && *p.m.constant() < kPackingRows)
      return true;
    return p.n.constant() && *p.n.constant() <= 128;
  }

  void emitInPlace() {
    ContractionSpec s = spec();
    s.rhs = a.pointer(rhs);
    s.rhsLayout = tile.alongK ? RhsLayout::Packed : RhsLayout::RowMajor;
    s.rhsRowStride = s.n;
    setBatchPointers(s);
    finish(s);
  }

  /// Each step packs a panel of one batch into its own place, then runs over all rows.
  void emitPackingSteps() {
    ContractionSpec s = spec();
    s.tile.panelOuter = true;
    s.tile.mBlock = allRows(s.m, s.tile.mr);
    DimContext &d = a.dims();
    Dim width = p.n.constant() ? d.constant(packedRhsElements(s.tile, 1, *p.n.constant()))
                               : d.mul(d.ceilDiv(p.n, s.tile.nr), s.tile.nr);
    Dim matrix = d.mul(width, p.k);
    KernelTensor packed = a.k.temporary(a.b, a.loc(), a.b.getF32Type(), {p.batch, matrix});
    Value packedBase = a.pointer(packed), rhsBase = a.pointer(rhs);
    Extent packedStride = a.extent(matrix);
    s.rhs = packedBase;
    s.batchPointers = [&, lhsBase = s.lhs](OpBuilder &b, Location loc, Value batch) -> BatchPointers {
      Emit e(b, loc);
      return {batchPointer(b, loc, lhs, lhsBase, batch), e.offset(packedBase, e.mul(e.mul(batch, packedStride), 4)),
              Value()};
    };
    PackRhsSpec pack;
    pack.tile = s.tile;
    pack.target = s.target;
    pack.k = s.k;
    pack.n = s.n;
    pack.sourceType = rhs.elementType;
    pack.kStride = op.getTransposeRhs() ? Extent(1) : s.n;
    pack.nStride = op.getTransposeRhs() ? s.k : Extent(1);
    a.setTiles(s.tile, shapeOf(s), p.batch, p.m, p.n);
    auto [begin, end] = a.slice();
    Emit e(a.b, a.loc());
    e.loop(begin, end, 1, [&](Value step) {
      Value panels = e.ceilDiv(e.value(s.n), s.tile.nr);
      Value batch = e.div(step, panels), panel = e.rem(step, panels);
      pack.source = batchPointer(a.b, a.loc(), rhs, rhsBase, batch);
      pack.packed = e.offset(packedBase, e.mul(e.mul(batch, packedStride), 4));
      emitPackRhs(a.b, a.loc(), pack, panel, e.add(panel, 1));
      emitContraction(a.b, a.loc(), s, step, e.add(step, 1));
    });
  }

  const Anchor &a;
  MatMulOp op;
  const KernelTensor &lhs, &rhs;
  Product p;
  ContractionTile tile;
};

class TunedMatMul final : public TunedContraction<MatMulOp> {
  std::optional<ContractionShape> contractionOf(MatMulOp op, ShapeAnalysis &shapes,
                                                const CpuTarget &target) const override {
    return shapeOfMatMul(op, shapes, target);
  }
  std::optional<LogicalResult> emitOp(const Anchor &anchor, MatMulOp op) const override {
    return MatMulEmitter(anchor, op).emit();
  }
};

} // namespace

const TunedOp &cameo::codegen::tunedMatMul() {
  static const TunedMatMul code;
  return code;
}
