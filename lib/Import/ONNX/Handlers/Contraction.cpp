// Contraction.cpp - matrix products: MatMul, Gemm, Det and ONNX Runtime's fused forms, CDist and Inverse. Einsum has
// its own file.
#include "Compose.h"
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

/// com.microsoft: of integers of 16 bits, in 32.
LogicalResult matMulInteger16(OpBinder &op) {
  Compose c{op};
  auto isUnsigned = [&](size_t i) { return op.elementType(op.input(i)).isUnsignedInteger(); };
  Type type = op.builder.getIntegerType(32, /*isSigned=*/false);
  if (!isUnsigned(0) || !isUnsigned(1))
    type = op.builder.getI32Type();
  Value a = op.cast(op.input(0), type), b = op.cast(op.input(1), type);
  return op.result(c.make<MatMulOp>(a, b, false, false, TypeAttr()));
}

/// The distance of each row of A [m, k] from each row of B [n, k].
LogicalResult distances(OpBinder &op) {
  StringRef metric = op.stringAttr("metric", "sqeuclidean");
  if (metric != "euclidean" && metric != "sqeuclidean")
    return op.error("E-ATTR", "metric is '" + metric + "'; expected euclidean or sqeuclidean");
  Compose c{op};
  Value difference = c.sub(c.unsqueeze(op.input(0), {1}), c.unsqueeze(op.input(1), {0}));
  Value sum = c.reduce(c.mul(difference, difference), {2}, "sum", /*keepDims=*/false);
  return op.result(metric == "euclidean" ? c.make<SqrtOp>(sum) : sum);
}

/// The inverse of each matrix, by Gauss and Jordan's elimination with pivots: what makes `rest` the identity makes the
/// identity the inverse. Each row is a few ops, so the number of rows is bounded.
LogicalResult inverse(OpBinder &op) {
  constexpr int64_t kMostRows = 64;
  Compose c{op};
  Value x = op.input(0);
  int64_t rank = op.rank(x), rows = rank - 2, columns = rank - 1;
  auto size = rank < 2 ? std::nullopt : op.shapes().dim(x, columns).constant();
  if (!size || !op.shapes().dim(x, rows).isConstant(*size) || *size > kMostRows)
    return op.unsupported("input '" + op.node.inputs[0] + "' has shape " + formatShape(op.shapes().dimsOf(x)) +
                          "; supported are square matrices of at most " + Twine(kMostRows) + " rows");
  Type i64 = op.builder.getI64Type();
  Value number = op.unsqueeze(op.i64(llvm::to_vector(llvm::seq<int64_t>(0, *size))), {1});
  Value rest = c.cast(x, c.wideType(op.elementType(x)));
  Value isDiagonal = c.make<EqualOp>(number, c.make<TransposeOp>(number, ArrayRef<int64_t>{1, 0}));
  Value result =
      c.unsqueeze(c.where(isDiagonal, c.like(rest, 1), c.like(rest, 0)), llvm::to_vector(llvm::seq<int64_t>(0, rows)));
  for (int64_t row = 0; rest && row < *size; ++row) {
    Value isRow = c.make<EqualOp>(number, op.scalar(i64, row)), isAbove = c.make<LessOp>(number, op.scalar(i64, row));
    Value column = c.make<SliceOp>(rest, op.i64({row}), op.i64({row + 1}), op.i64({1}), ArrayRef<int64_t>{columns});
    Value pivot = c.make<ArgMaxOp>(c.where(isAbove, c.like(rest, -1), c.make<AbsOp>(column)), rows, true, false);
    Value isPivot = c.make<EqualOp>(number, pivot);
    // The row at a mask of rows; the pivot's and this one change places, and it is subtracted from all others.
    auto rowAt = [&](Value m, Value mask) { return c.reduce(c.where(mask, m, c.like(m, 0)), {rows}, "sum"); };
    auto swapped = [&](Value m) { return c.where(isRow, rowAt(m, isPivot), c.where(isPivot, rowAt(m, isRow), m)); };
    rest = swapped(rest);
    result = swapped(result);
    Value factors = c.make<SliceOp>(rest, op.i64({row}), op.i64({row + 1}), op.i64({1}), ArrayRef<int64_t>{columns});
    Value scale = rowAt(factors, isRow);
    auto eliminated = [&](Value m) {
      Value chosen = c.div(rowAt(m, isRow), scale);
      return c.where(isRow, chosen, c.sub(m, c.mul(factors, chosen)));
    };
    rest = eliminated(rest);
    result = eliminated(result);
  }
  return op.result(c.cast(result, op.elementType(x)));
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
  table.onMicrosoft("MatMulInteger16", "A B", matMulInteger16);
  table.onMicrosoft("FusedMatMul", "A B", fusedMatMul);
  table.onMicrosoft("TransposeMatMul", "A B", fusedMatMul);
  table.onMicrosoft("CDist", "A:2 B:2", distances);
  table.onMicrosoft("Inverse", "X", inverse);
  table.onMicrosoft("FusedGemm", "A B C?", fusedGemm);

  table.exports<MatMulOp>(exportMatMul);
  table.exports<DetOp>("Det");
}
} // namespace cameo::onnx
