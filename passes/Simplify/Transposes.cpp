// Transposes.cpp - transposes that need not move anything.
#include "Patterns.h"

using namespace mlir;
using namespace cameo;

namespace {

/// transpose x : 1x8x4 -> 8x1x4  ->  reshape x
struct TransposeOfUnitAxes : GraphPattern<TransposeOp> {
  using GraphPattern::GraphPattern;
  LogicalResult matchAndRewrite(TransposeOp op, PatternRewriter &b) const override {
    ArrayRef<Dim> dims = shapes.dimsOf(op.getX());
    int64_t last = -1;
    for (int64_t axis : op.getPermutation()) {
      if (dims[axis].isConstant(1))
        continue;
      if (axis < last)
        return failure();
      last = axis;
    }
    auto sizes = constantReshape(shapes.dims(), dims, shapes.dimsOf(op));
    if (!sizes)
      return failure();
    Value shape = constantI64(b, op.getLoc(), *sizes);
    return replace(b, op, ReshapeOp::create(b, op.getLoc(), op.getType(), op.getX(), shape, /*allowzero=*/false),
                   "a view: it only moves axes of size 1");
  }
};

/// matmul(x, transpose w)  ->  matmul(x, w) {transposeRhs}
///
/// A permutation that also moves other axes is split where that keeps the innermost axis of its operand innermost:
/// matmul(q, transpose k {0, 2, 3, 1})  ->  matmul(q, transpose k {0, 2, 1, 3}) {transposeRhs}.
struct TransposeIntoMatMul : GraphPattern<MatMulOp> {
  using GraphPattern::GraphPattern;
  LogicalResult matchAndRewrite(MatMulOp op, PatternRewriter &b) const override {
    for (bool isRhs : {false, true}) {
      OpOperand &operand = op->getOpOperand(isRhs);
      auto transpose = operand.get().getDefiningOp<TransposeOp>();
      if (!transpose)
        continue;
      SmallVector<int64_t> permutation(transpose.getPermutation());
      size_t rank = permutation.size();
      std::swap(permutation[rank - 2], permutation[rank - 1]);
      bool isSwap = transpose.swapsLastTwoDims();
      if (!isSwap && permutation.back() != int64_t(rank) - 1)
        continue;
      Value source = transpose.getX();
      if (!isSwap)
        source = createOp<TransposeOp>(b, shapes, transpose.getLoc(), source, ArrayRef<int64_t>(permutation));
      b.modifyOpInPlace(op, [&] {
        operand.set(source);
        isRhs ? op.setTransposeRhs(!op.getTransposeRhs()) : op.setTransposeLhs(!op.getTransposeLhs());
      });
      return done(transpose.getLoc(), isSwap ? "read through by the matrix product behind it"
                                             : "moves whole rows; the matrix product behind it reads them transposed");
    }
    return failure();
  }
};

} // namespace

void cameo::populateTransposePatterns(RewritePatternSet &patterns, GraphRewriter &graph, llvm::StringLiteral counted) {
  patterns.add<TransposeOfUnitAxes, TransposeIntoMatMul>(patterns.getContext(), graph, counted);
}
