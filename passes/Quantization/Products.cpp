// Products.cpp - products and convolutions of dequantized bytes as integer products times the scales.
#include "Patterns.h"

using namespace mlir;
using namespace cameo;

namespace {

/// Sums of so many products of two differences of bytes fit 32 bits.
constexpr int64_t kMostTerms = ((int64_t(1) << 31) - 1) / (255 * 255);

bool isByte(Value v) { return getElementTypeOrSelf(v).isInteger(8); }

/// Why `op`, the producer of an operand, is not a dequantize that an integer product can read; empty: it is.
std::string problemOf(DequantizeOp op) {
  if (!op)
    return "is not quantized";
  if (!isByte(op.getX()))
    return "holds integers of " + std::to_string(getElementTypeOrSelf(op.getX()).getIntOrFloatBitWidth()) + " bits";
  if (!getElementTypeOrSelf(op).isF32())
    return "has scales of another type than f32";
  return {};
}

/// How a parameter of a quantized tensor of rank `rank` varies: not at all, along `axis` alone, or in another way.
enum class Extent { Uniform, AlongAxis, Other };

Extent extentOf(ShapeAnalysis &shapes, Value parameter, int64_t rank, int64_t axis) {
  if (shapes.numElements(parameter).isConstant(1))
    return Extent::Uniform;
  ArrayRef<Dim> dims = shapes.dimsOf(parameter);
  int64_t missing = rank - int64_t(dims.size());
  for (auto [own, size] : llvm::enumerate(dims))
    if (!size.isConstant(1) && int64_t(own) + missing != axis)
      return Extent::Other;
  return Extent::AlongAxis;
}

/// Matches and rewrites what products and convolutions have in common.
template <typename OpT> struct ProductPattern : GraphPattern<OpT> {
  using GraphPattern<OpT>::GraphPattern;

protected:
  /// Whether a scale of a tensor of rank `rank` varies along `axis` or one behind it.
  bool variesAlong(Value scale, int64_t rank, int64_t axis) const {
    ArrayRef<Dim> dims = this->shapes.dimsOf(scale);
    return llvm::any_of(dims.take_back(std::min<size_t>(dims.size(), rank - axis)),
                        [](Dim size) { return !size.isConstant(1); });
  }

  /// The operands of a product, and how the right one's parameters vary along its output axis.
  struct Operands {
    DequantizeOp lhs, rhs;
  };

  /// Fails with a reason where one operand is quantized and the product cannot be one of integers; silently where none
  /// is.
  ///
  /// The left operand's scales may vary along axes before `summedFrom`, the right one's along `outputAxis`.
  FailureOr<Operands> operandsOf(PatternRewriter &b, OpT op, int64_t summedFrom, int64_t outputAxis, Dim terms) const {
    ShapeAnalysis &shapes = this->shapes;
    Operands operands{op->getOperand(0).template getDefiningOp<DequantizeOp>(),
                      op->getOperand(1).template getDefiningOp<DequantizeOp>()};
    if (!operands.lhs && !operands.rhs)
      return failure();
    auto refuse = [&](const Twine &why) {
      (void)b.notifyMatchFailure(op, "stays in float: " + why);
      return failure();
    };
    if (std::string problem = problemOf(operands.lhs); !problem.empty())
      return refuse("its left operand " + problem);
    if (std::string problem = problemOf(operands.rhs); !problem.empty())
      return refuse("its right operand " + problem);
    if (!shapes.numElements(operands.lhs.getZeroPoint()).isConstant(1))
      return refuse("its left operand has zero points per axis");
    if (variesAlong(operands.lhs.getScale(), shapes.rank(operands.lhs), summedFrom))
      return refuse("the scales of its left operand vary along summed axes");
    for (Value parameter : {operands.rhs.getScale(), operands.rhs.getZeroPoint()})
      if (extentOf(shapes, parameter, shapes.rank(operands.rhs), outputAxis) == Extent::Other)
        return refuse("the scales or zero points of its right operand vary along summed axes");
    if (!terms.constant() || *terms.constant() > kMostTerms)
      return refuse("sums of " +
                    (terms.constant() ? std::to_string(*terms.constant()) : std::string("an unknown number of")) +
                    " products may not fit 32 bits");
    return operands;
  }

  /// A parameter of the right operand as a scalar, or as a vector followed by `behind` axes of size 1.
  Value aligned(PatternRewriter &b, Value parameter, int64_t behind) const {
    if (this->shapes.numElements(parameter).isConstant(1))
      return asScalar(b, this->shapes, parameter);
    SmallVector<int64_t> sizes(behind + 1, 1);
    sizes[0] = -1;
    return createOp<ReshapeOp>(b, this->shapes, parameter.getLoc(), parameter,
                               constantI64(b, parameter.getLoc(), sizes),
                               /*allowzero=*/false);
  }

  /// The integer sums times both scales.
  LogicalResult finish(PatternRewriter &b, OpT op, Value sums, Operands operands, int64_t behind) const {
    Location loc = op.getLoc();
    Value scale = aligned(b, operands.rhs.getScale(), behind), own = operands.lhs.getScale();
    Value real = createOp<CastOp>(b, this->shapes, loc, sums, b.getF32Type());
    if (this->shapes.numElements(own).isConstant(1))
      scale = createOp<MulOp>(b, this->shapes, loc, asScalar(b, this->shapes, own), scale);
    else // per row: no table of all products
      real = createOp<MulOp>(b, this->shapes, loc, real, own);
    return this->replace(b, op, createOp<MulOp>(b, this->shapes, loc, real, scale),
                         "multiplies bytes and sums them in 32 bits");
  }
};

/// matmul(dequantize a, dequantize w)  ->  cast(matmul_integer(a, w)) * (scale of a * scale of w)
struct IntegerMatMul : ProductPattern<MatMulOp> {
  using ProductPattern::ProductPattern;
  LogicalResult matchAndRewrite(MatMulOp op, PatternRewriter &b) const override {
    int64_t rank = shapes.rank(op.getRhs()), column = rank - (op.getTransposeRhs() ? 2 : 1);
    auto operands = operandsOf(b, op, op.getTransposeLhs() ? 0 : shapes.rank(op.getLhs()) - 1, column,
                               shapes.dim(op.getRhs(), rank - (op.getTransposeRhs() ? 1 : 2)));
    if (failed(operands))
      return failure();
    if (!graph.isConstant(operands->rhs.getX()) && (!shapes.dim(op.getRhs(), column).constant() ||
                                                    !shapes.numElements(operands->rhs.getZeroPoint()).isConstant(1)))
      return b.notifyMatchFailure(op,
                                  "stays in float: its right operand is computed at run time, and is of a size that "
                                  "only the run knows or has zero points per column");
    Value lhs = operands->lhs.getX();
    if (op.getTransposeLhs()) {
      SmallVector<int64_t> permutation = llvm::to_vector(llvm::seq<int64_t>(0, shapes.rank(lhs)));
      std::swap(permutation.back(), permutation[permutation.size() - 2]);
      lhs = createOp<TransposeOp>(b, shapes, op.getLoc(), lhs, ArrayRef<int64_t>(permutation));
    }
    Value rhsZero = aligned(b, operands->rhs.getZeroPoint(), op.getTransposeRhs() ? 1 : 0);
    Value sums =
        createOp<MatMulIntegerOp>(b, shapes, op.getLoc(), lhs, operands->rhs.getX(),
                                  asScalar(b, shapes, operands->lhs.getZeroPoint()), rhsZero, op.getTransposeRhs());
    return finish(b, op, sums, *operands, 0);
  }
};

/// conv(dequantize x, dequantize w)  ->  cast(conv_integer(x, w)) * (scale of x * scales of w)
struct IntegerConv : ProductPattern<ConvOp> {
  using ProductPattern::ProductPattern;
  LogicalResult matchAndRewrite(ConvOp op, PatternRewriter &b) const override {
    if (op.getChannelsLast())
      return failure();
    auto operands = operandsOf(b, op, 1, 0, shapes.dims().product(shapes.dimsOf(op.getFilter()).drop_front()));
    if (failed(operands))
      return failure();
    if (!graph.isConstant(operands->rhs.getX()))
      return b.notifyMatchFailure(op, "stays in float: its filter is computed at run time");
    Value sums = createOp<ConvIntegerOp>(b, shapes, op.getLoc(), operands->lhs.getX(), operands->rhs.getX(),
                                         asScalar(b, shapes, operands->lhs.getZeroPoint()),
                                         aligned(b, operands->rhs.getZeroPoint(), 0), op.getStrides(),
                                         op.getDilations(), op.getPads(), op.getGroup(), /*channelsLast=*/false);
    return finish(b, op, sums, *operands, shapes.rank(op) - 2);
  }
};

} // namespace

void cameo::populateProductPatterns(RewritePatternSet &patterns, GraphRewriter &graph, llvm::StringLiteral counted) {
  patterns.add<IntegerMatMul, IntegerConv>(patterns.getContext(), graph, counted);
}
