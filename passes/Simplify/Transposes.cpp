// Transposes.cpp - transposes that need not move anything.
#include "Patterns.h"
#include "cameo/Dialect/Cameo/Layout.h"

using namespace mlir;
using namespace cameo;

/// NxLxC <-> NxCxL
static bool turnsRows(TransposeOp op) { return op.getPermutation() == ArrayRef<int64_t>{0, 2, 1}; }

static SmallVector<Dim> permuted(ArrayRef<Dim> dims, ArrayRef<int64_t> permutation) {
  return llvm::map_to_vector(permutation, [&](int64_t axis) { return dims[axis]; });
}

/// Whether sizes NxLxC can be those of an image NxCx...
static bool areRowsOf(ArrayRef<Dim> image, ArrayRef<Dim> rows) {
  return image.size() >= 4 && image[0] == rows[0] && image[1] == rows[2];
}

/// What the rows are reshaped to when `op` turns a view of an image and is to turn the image; see RowsOfImage.
static std::optional<SmallVector<int64_t>> rowsOfImage(TransposeOp op, ShapeAnalysis &shapes) {
  auto view = op.getX().getDefiningOp<AliasInterface>();
  if (!view || !turnsRows(op))
    return std::nullopt;
  SmallVector<Dim> image(shapes.dimsOf(view->getOperand(0))), rows(shapes.dimsOf(op));
  if (!areRowsOf(image, rows))
    return std::nullopt;
  return constantReshape(shapes.dims(), permuted(image, channelsLastPermutation(image.size())), rows);
}

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

/// Images are what transformers see as rows of channels: the transpose between the two becomes one between the orders
/// of an image's axes, and the view stays beside the rows, so that convolutions need none.
///
/// reshape(transpose x : NxLxC -> NxCxL) : NxCxHxW  ->  transpose(reshape x : NxHxWxC) : NxCxHxW
struct ImageOfRows : GraphPattern<AliasInterface> {
  using GraphPattern::GraphPattern;
  LogicalResult matchAndRewrite(AliasInterface op, PatternRewriter &b) const override {
    auto transpose = op->getOperand(0).getDefiningOp<TransposeOp>();
    if (!transpose || !turnsRows(transpose))
      return failure();
    SmallVector<Dim> from(shapes.dimsOf(transpose.getX())), image(shapes.dimsOf(op->getResult(0)));
    if (!areRowsOf(image, from))
      return failure();
    SmallVector<int64_t> toLast = channelsLastPermutation(image.size());
    auto sizes = constantReshape(shapes.dims(), from, permuted(image, toLast));
    if (!sizes)
      return failure();
    Value view = createOp<ReshapeOp>(b, shapes, op->getLoc(), transpose.getX(), constantI64(b, op->getLoc(), *sizes),
                                     /*allowzero=*/false);
    Value result = createOp<TransposeOp>(b, shapes, transpose.getLoc(), view, ArrayRef(inversePermutation(toLast)));
    return replace(b, op, result, "moved before the transpose, which then is between two orders of an image");
  }
};

/// transpose(reshape x : NxCxHxW -> NxCxL) : NxLxC  ->  reshape(transpose x : NxHxWxC) : NxLxC
struct RowsOfImage : GraphPattern<TransposeOp> {
  using GraphPattern::GraphPattern;
  LogicalResult matchAndRewrite(TransposeOp op, PatternRewriter &b) const override {
    auto sizes = rowsOfImage(op, shapes);
    if (!sizes)
      return failure();
    auto view = op.getX().getDefiningOp<AliasInterface>();
    Value image = view->getOperand(0);
    Value transposed = createOp<TransposeOp>(b, shapes, op.getLoc(), image,
                                             ArrayRef<int64_t>(channelsLastPermutation(shapes.rank(image))));
    Value shape = constantI64(b, view->getLoc(), *sizes);
    Value result = createOp<ReshapeOp>(b, shapes, view->getLoc(), transposed, shape, /*allowzero=*/false);
    return replace(b, op, result, "moved before the view, where it is between two orders of an image");
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
      if (!transpose || rowsOfImage(transpose, shapes))
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
  patterns.add<TransposeOfUnitAxes, ImageOfRows, RowsOfImage, TransposeIntoMatMul>(patterns.getContext(), graph,
                                                                                   counted);
}
