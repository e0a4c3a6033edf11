// Contraction.cpp - matrix products: MatMul, Gemm, Det and ONNX Runtime's fused forms. Einsum has its own file.
#include "FusedActivation.h"
#include "cameo/Export/ONNX/NodeBuilder.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::onnx;

namespace {

/// NumPy's matmul: operands of rank 1 are a row on the left, a column on the right, and lose that axis again.
Value matMul(OpBinder &op, Value lhs, Value rhs, bool transposeLhs = false, bool transposeRhs = false) {
  int64_t lhsRank = op.rank(lhs), rhsRank = op.rank(rhs);
  if (lhsRank == 0 || rhsRank == 0) {
    (void)op.error("E-SHAPE", "an input is a scalar; expected rank 1 or more");
    return {};
  }
  if (lhsRank == 1)
    lhs = op.unsqueeze(lhs, {0});
  if (rhsRank == 1)
    rhs = op.unsqueeze(rhs, {1});
  Value y = op.create<MatMulOp>(lhs, rhs, transposeLhs && lhsRank > 1, transposeRhs && rhsRank > 1, TypeAttr());
  if (!y || (lhsRank > 1 && rhsRank > 1))
    return y;
  SmallVector<int64_t> dropped;
  if (lhsRank == 1)
    dropped.push_back(-2);
  if (rhsRank == 1)
    dropped.push_back(-1);
  return op.squeeze(y, dropped);
}

/// x * factor, or x where the factor is 1.
Value scaled(OpBinder &op, Value x, double factor) {
  if (!x || factor == 1.0)
    return x;
  return op.create<MulOp>(x, op.scalar(op.elementType(x), factor));
}

/// alpha * A' * B' + beta * C.
Value gemmValue(OpBinder &op) {
  Value a = op.input(0), b = op.input(1);
  if (op.rank(a) != 2 || op.rank(b) != 2) {
    (void)op.error("E-SHAPE", "inputs '" + op.node.inputs[0] + "' and '" + op.node.inputs[1] + "' have ranks " +
                                  Twine(op.rank(a)) + " and " + Twine(op.rank(b)) + "; expected 2");
    return {};
  }
  Value y = op.create<MatMulOp>(a, b, op.intAttr("transA", 0) != 0, op.intAttr("transB", 0) != 0, TypeAttr());
  y = scaled(op, y, op.floatAttr("alpha", 1.0));
  double beta = op.floatAttr("beta", 1.0);
  if (!y || !op.hasInput(2) || beta == 0.0)
    return y;
  Value c = op.input(2);
  if (op.rank(c) > 2) {
    (void)op.error("E-SHAPE",
                   "input '" + op.node.inputs[2] + "' has rank " + Twine(op.rank(c)) + "; expected 2 or less");
    return {};
  }
  c = scaled(op, c, beta);
  return c ? op.create<AddOp>(y, c) : Value();
}

LogicalResult gemm(OpBinder &op) {
  Value y = gemmValue(op);
  return y ? op.result(y) : failure();
}

LogicalResult fusedGemm(OpBinder &op) {
  Value y = fusedActivation(op, gemmValue(op));
  return y ? op.result(y) : failure();
}

/// x[b.., m, k] from x[m, b.., k] (transBatchA: the batch axes and the first matrix axis are rotated).
Value withBatchFirst(OpBinder &op, Value x) {
  SmallVector<int64_t> permutation;
  int64_t rank = op.rank(x);
  for (int64_t axis = 1; axis < rank - 1; ++axis)
    permutation.push_back(axis);
  permutation.push_back(0);
  permutation.push_back(rank - 1);
  return op.transpose(x, permutation);
}

LogicalResult fusedMatMul(OpBinder &op) {
  Value a = op.input(0), b = op.input(1);
  if (op.intAttr("transBatchA", 0) && op.rank(a) > 2)
    a = withBatchFirst(op, a);
  if (op.intAttr("transBatchB", 0) && op.rank(b) > 2)
    b = withBatchFirst(op, b);
  if (!a || !b)
    return failure();
  Value y = matMul(op, a, b, op.intAttr("transA", 0) != 0, op.intAttr("transB", 0) != 0);
  y = scaled(op, y, op.floatAttr("alpha", 1.0));
  return y ? op.result(y) : failure();
}

LogicalResult matMulNode(OpBinder &op) {
  Value y = matMul(op, op.input(0), op.input(1));
  return y ? op.result(y) : failure();
}

// ---- as ONNX

LogicalResult exportMatMul(MatMulOp op, NodeBuilder &b) {
  Type type = op.accumulatorType(), wide = type;
  if (auto integer = dyn_cast<IntegerType>(type);
      integer && integer.getWidth() < 32) // ONNX's integers have 32 bits or 64; they wrap alike
    wide = IntegerType::get(op.getContext(), 32, integer.getSignedness());
  Edge lhs = b.cast(b(op.getLhs()), wide), rhs = b.cast(b(op.getRhs()), wide);
  int64_t lhsRank = b.rank(op.getLhs()), rhsRank = b.rank(op.getRhs());
  bool isTransposed = op.getTransposeLhs() || op.getTransposeRhs();
  if (isTransposed && lhsRank == 2 && rhsRank == 2 && isa<FloatType>(type))
    return b.result(b.node("Gemm", {lhs, rhs}, {{"transA", op.getTransposeLhs()}, {"transB", op.getTransposeRhs()}}));
  if (op.getTransposeLhs())
    lhs = b.transposed(lhs, lhsRank);
  if (op.getTransposeRhs())
    rhs = b.transposed(rhs, rhsRank);
  return b.result(b.cast(b.node("MatMul", {lhs, rhs}), type));
}

} // namespace

namespace cameo::onnx {
void registerContractionHandlers(HandlerTable &table) {
  table.on("MatMul", 1, matMulNode);
  table.on("Gemm", 1, gemm);
  table.on("Det", 11, [](OpBinder &op) { return op.result(op.create<DetOp>(op.input(0))); });
  table.onMicrosoft("FusedMatMul", "A B", fusedMatMul);
  table.onMicrosoft("TransposeMatMul", "A B", fusedMatMul);
  table.onMicrosoft("FusedGemm", "A B C?", fusedGemm);

  table.exports<MatMulOp>(exportMatMul);
  table.exports<DetOp>("Det");
}
} // namespace cameo::onnx
