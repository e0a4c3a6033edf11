// AnchorMatMulInteger.cpp - cameo.matmul_integer by the contraction micro-kernels: a constant right operand, stored in
// panels with its sums and zero points.
#include "AnchorBytes.h"
#include "AnchorProduct.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::codegen;

namespace {

/// A product of bytes with a constant right operand.
struct PackedProduct {
  Product product;
  ByteProduct bytes;
  RhsZeros zeros;
};

/// Null when the emitter does not take the op.
std::optional<PackedProduct> describe(MatMulIntegerOp op, ShapeAnalysis &shapes, const CpuTarget &target) {
  ArrayRef<Dim> rhs = shapes.dimsOf(op.getRhs());
  PackedProduct p{
      describeProduct(shapes.dims(), shapes.dimsOf(op.getLhs()), rhs, shapes.dimsOf(op), false, op.getTransposeRhs()),
      {},
      {}};
  auto n = p.product.n.constant();
  if (!n || !p.product.k.constant() || p.product.k != p.product.rhsK || !isSharedMatrix(rhs) ||
      !constantInKernel(op, op.getRhs()) || !shapes.numElements(op.getLhsZero()).isConstant(1))
    return std::nullopt;
  auto zeros = constantZeros(op, op.getRhsZero(), *n);
  auto bytes = zeros ? byteProduct(target, getElementTypeOrSelf(op.getLhs()), getElementTypeOrSelf(op.getRhs()), *zeros)
                     : std::nullopt;
  if (!bytes)
    return std::nullopt;
  p.bytes = *bytes;
  p.zeros = *zeros;
  return p;
}

ContractionSpec specOf(const PackedProduct &p, Type lhsType, llvm::function_ref<Extent(Dim)> extent) {
  ContractionSpec s;
  s.batch = extent(p.product.batch);
  s.m = extent(p.product.m);
  s.n = extent(p.product.n);
  s.k = extent(p.product.k);
  s.lhsType = lhsType;
  s.lhsRowStride = s.k;
  s.resultRowStride = s.n;
  s.bytes = p.bytes;
  return s;
}

} // namespace

std::optional<ContractionShape> cameo::codegen::matMulIntegerShape(MatMulIntegerOp op, ShapeAnalysis &shapes,
                                                                   const CpuTarget &target) {
  auto p = describe(op, shapes, target);
  if (!p)
    return std::nullopt;
  return shapeOf(specOf(*p, getElementTypeOrSelf(op.getLhs()), fixedExtent));
}

std::optional<LogicalResult> cameo::codegen::emitMatMulInteger(const Anchor &a) {
  auto op = dyn_cast<MatMulIntegerOp>(a.op);
  if (!op)
    return std::nullopt;
  const Tensor &lhs = a.operands[0], &rhs = a.operands[1];
  auto p = describe(op, a.k.shapes(), a.target);
  if (!p || !lhs.memref || !a.k.constantOperand(op.getRhs()))
    return std::nullopt;
  ContractionSpec s = specOf(*p, lhs.elementType, [&](Dim d) { return a.extent(d); });
  s.target = a.vectors();
  auto tile = a.tile(shapeOf(s));
  if (failed(tile))
    return failure();
  s.tile = *tile;
  s.bytes->lhsZero = loadZeroPoint(a, a.operands[2]);
  s.lhs = a.pointer(lhs);
  s.store = a.storeThroughEpilogue(s.m);
  int64_t k = s.k.fixed, n = s.n.fixed;
  bool transposed = op.getTransposeRhs(), isSigned = !rhs.elementType.isUnsignedInteger();
  s.rhs =
      a.packedBytes(op.getRhs(),
                    llvm::formatv("bytes k={0} n={1} transposed={2} dots={3} zeros={4} nr={5} lanes={6}", k, n,
                                  transposed, int(s.bytes->dots), p->zeros.key, tile->nr, tile->lanes),
                    4 * packedRhsElements(*tile, s.bytes->panelRows(1, k), n),
                    [=, bytes = p->bytes, tile = *tile, zeros = p->zeros.values](const uint8_t *source, char *packed) {
                      ByteMatrix matrix{source, isSigned, std::vector<int64_t>(k), transposed ? k : 1, n, zeros};
                      for (int64_t i = 0; i < k; ++i)
                        matrix.kOffsets[i] = transposed ? i : i * n;
                      packByteRhs(matrix, k, bytes, tile, packed);
                    });
  if (!p->product.batchDims.empty()) // A broadcasts
    s.batchPointers = [&a, &p, &lhs, lhsBase = s.lhs, rhsBase = s.rhs](OpBuilder &b, Location loc,
                                                                       Value batch) -> BatchPointers {
      return {batchPointer(a, p->product, b, loc, lhs, lhsBase, batch), rhsBase, Value()};
    };
  a.setTiles(s.tile, shapeOf(s), p->product.batch, p->product.m, p->product.n);
  auto [begin, end] = a.slice();
  emitContraction(a.b, a.loc(), s, begin, end);
  return success();
}
