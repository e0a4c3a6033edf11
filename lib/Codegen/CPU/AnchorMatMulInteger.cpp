// AnchorMatMulInteger.cpp - cameo.matmul_integer by the contraction micro-kernels. A constant right operand is stored
// in panels with its sums and zero points; of one known only at run time every step packs the panel that it multiplies
// by.
#include "AnchorBytes.h"
#include "AnchorProduct.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::codegen;

namespace {

struct Description {
  Product product;
  ByteProduct bytes;
  std::optional<RhsZeros> zeros; ///< of a constant right operand that all batches share; null for others
};

/// Null when the emitter does not take the op.
std::optional<Description> describe(MatMulIntegerOp op, ShapeAnalysis &shapes, const CpuTarget &target) {
  ArrayRef<Dim> rhs = shapes.dimsOf(op.getRhs());
  auto product =
      describeProduct(shapes.dims(), shapes.dimsOf(op.getLhs()), rhs, shapes.dimsOf(op), false, op.getTransposeRhs());
  if (!product.n.constant() || !product.k.constant() || product.k != product.rhsK ||
      !shapes.numElements(op.getLhsZero()).isConstant(1))
    return std::nullopt;
  auto zeros = constantZeros(op, op.getRhsZero(), *product.n.constant());
  auto bytes = byteProduct(target, getElementTypeOrSelf(op.getLhs()), getElementTypeOrSelf(op.getRhs()), zeros);
  if (!bytes)
    return std::nullopt;
  if (zeros && isSharedMatrix(rhs) && constantInKernel(op, op.getRhs()))
    return Description{product, *bytes, zeros};
  if (!shapes.numElements(op.getRhsZero()).isConstant(1))
    return std::nullopt;
  return Description{product, *bytes, std::nullopt};
}

ContractionSpec specOf(const Description &d, Type lhsType, llvm::function_ref<Extent(Dim)> extent) {
  ContractionSpec s;
  s.batch = extent(d.product.batch);
  s.m = extent(d.product.m);
  s.n = extent(d.product.n);
  s.k = extent(d.product.k);
  s.lhsType = lhsType;
  s.lhsRowStride = s.k;
  s.resultRowStride = s.n;
  s.bytes = d.bytes;
  return s;
}

class MatMulIntegerEmitter {
public:
  MatMulIntegerEmitter(const Anchor &a, MatMulIntegerOp op, const Description &d)
      : a(a), op(op), d(d), p(d.product), lhs(a.operands[0]), rhs(a.operands[1]),
        s(specOf(d, lhs.elementType, [&](Dim size) { return a.extent(size); })), k(s.k.fixed), n(s.n.fixed),
        isSigned(!rhs.elementType.isUnsignedInteger()) {}

  LogicalResult emit() {
    s.target = a.vectors();
    auto tile = a.tile(shapeOf(s));
    if (failed(tile))
      return failure();
    s.tile = *tile;
    s.bytes->lhsZero = loadZeroPoint(a, a.operands[2]);
    s.lhs = a.pointer(lhs);
    s.store = a.storeThroughEpilogue(s.m);
    if (d.zeros)
      emitPackedConstant();
    else
      emitPackingSteps();
    return success();
  }

private:
  /// Elements of a packed matrix, dwords all.
  int64_t packedElements() const { return packedRhsElements(s.tile, s.bytes->panelRows(1, k), n); }

  void emitPackedConstant() {
    bool transposed = op.getTransposeRhs();
    std::string key = llvm::formatv("bytes k={0} n={1} transposed={2} dots={3} zeros={4} nr={5} lanes={6}", k, n,
                                    transposed, int(s.bytes->dots), d.zeros->key, s.tile.nr, s.tile.lanes);
    s.rhs = a.packedBytes(op.getRhs(), std::move(key), 4 * packedElements(),
                          [k = k, n = n, transposed, isSigned = isSigned, bytes = d.bytes, tile = s.tile,
                           zeros = d.zeros->values](const uint8_t *source, char *packed) {
                            ByteMatrix matrix{source, isSigned, std::vector<int64_t>(k), transposed ? k : 1, n, zeros};
                            for (int64_t i = 0; i < k; ++i)
                              matrix.kOffsets[i] = transposed ? i : i * n;
                            packByteRhs(matrix, k, bytes, tile, packed);
                          });
    if (!p.batchDims.empty()) // A broadcasts
      s.batchPointers = [this](OpBuilder &b, Location loc, Value batch) -> BatchPointers {
        return {batchPointer(a, p, b, loc, lhs, s.lhs, batch), s.rhs, Value()};
      };
    a.setTiles(s.tile, shapeOf(s), p.batch, p.m, p.n);
    auto [begin, end] = a.slice();
    emitContraction(a.b, a.loc(), s, begin, end);
  }

  /// Each step packs a panel of one batch into its own place, then runs over all rows.
  void emitPackingSteps() {
    s.tile.panelOuter = true;
    s.tile.mBlock = allRows(s.m, s.tile.mr);
    int64_t matrixBytes = 4 * packedElements();
    KernelTensor packed = a.k.temporary(a.b, a.loc(), a.b.getI8Type(), {p.batch, a.dims().constant(matrixBytes)});
    Value packedBase = a.pointer(packed), rhsBase = a.pointer(rhs);
    Emit e(a.b, a.loc());
    s.rhs = packedBase;
    s.batchPointers = [this, packedBase, matrixBytes](OpBuilder &b, Location loc, Value batch) -> BatchPointers {
      Emit e(b, loc);
      return {batchPointer(a, p, b, loc, lhs, s.lhs, batch), e.offset(packedBase, e.mul(batch, matrixBytes)), Value()};
    };
    PackBytesSpec pack;
    pack.tile = s.tile;
    pack.target = s.target;
    pack.bytes = *s.bytes;
    pack.isSigned = isSigned;
    pack.rhsZero = loadZeroPoint(a, a.operands[3]);
    pack.k = k;
    pack.n = n;
    pack.kStride = op.getTransposeRhs() ? 1 : n;
    pack.nStride = op.getTransposeRhs() ? k : 1;
    a.setTiles(s.tile, shapeOf(s), p.batch, p.m, p.n);
    auto [begin, end] = a.slice();
    int64_t panels = panelCount(s.tile, n);
    e.loop(begin, end, 1, [&](Value step) {
      Value batch = e.div(step, e.number(panels)), panel = e.rem(step, e.number(panels));
      pack.source = batchPointer(a, p, a.b, a.loc(), rhs, rhsBase, batch);
      pack.packed = e.offset(packedBase, e.mul(batch, matrixBytes));
      emitPackBytes(a.b, a.loc(), pack, panel);
      emitContraction(a.b, a.loc(), s, step, e.add(step, 1));
    });
  }

  const Anchor &a;
  MatMulIntegerOp op;
  const Description &d;
  const Product &p;
  const KernelTensor &lhs, &rhs;
  ContractionSpec s;
  int64_t k, n;
  bool isSigned;
};

class TunedMatMulInteger final : public TunedContraction<MatMulIntegerOp> {
  VectorTarget vectors(const CpuTarget &target) const override { return byteVectors(target); }
  std::optional<ContractionShape> contractionOf(MatMulIntegerOp op, ShapeAnalysis &shapes,
                                                const CpuTarget &target) const override {
    auto d = describe(op, shapes, target);
    if (!d)
      return std::nullopt;
    return shapeOf(specOf(*d, getElementTypeOrSelf(op.getLhs()), fixedExtent));
  }
  std::optional<LogicalResult> emitOp(const Anchor &a, MatMulIntegerOp op) const override {
    auto d = describe(op, a.k.shapes(), a.target);
    if (!d || !a.operands[0].memref ||
        !(d->zeros ? bool(a.k.constantOperand(op.getRhs())) : bool(a.operands[1].memref)))
      return std::nullopt;
    return MatMulIntegerEmitter(a, op, *d).emit();
  }
};

} // namespace

const TunedOp &cameo::codegen::tunedMatMulInteger() {
  static const TunedMatMulInteger code;
  return code;
}
