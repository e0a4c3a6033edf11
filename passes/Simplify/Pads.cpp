// Pads.cpp - zeros added before an op that adds zeros by itself.
#include "Patterns.h"

using namespace mlir;
using namespace cameo;

/// True for a constant that is 0 everywhere, of either sign.
static bool isZero(Value value) {
  DenseElementsAttr elements;
  if (!matchPattern(value, m_Constant(&elements)) || !elements.isSplat())
    return false;
  if (isa<FloatType>(elements.getElementType()))
    return elements.getSplatValue<APFloat>().isZero();
  return elements.getSplatValue<APInt>().isZero();
}

namespace {

/// Operand and pads of a window op whose operand is padded with zeros on spatial axes only.
struct ZeroPadding {
  Value x;
  SmallVector<int64_t> pads; ///< begins, then ends; those of the window op included
};

} // namespace

template <typename OpT> static FailureOr<ZeroPadding> zeroPadding(OpT op, ShapeAnalysis &shapes, PatternRewriter &b) {
  auto pad = op.getX().template getDefiningOp<PadOp>();
  if (!pad)
    return failure();
  auto added = shapes.constantElements(pad.getPads());
  if (pad.getMode() != "constant" || !isZero(pad.getValue()) || !added)
    return b.notifyMatchFailure(op, "does not take over the padding before it: that is not a known number of zeros");
  ZeroPadding result{pad.getX(), SmallVector<int64_t>(op.getPads())};
  int64_t rank = shapes.rank(pad), spatial = rank - 2, first = op.getChannelsLast() ? 1 : 2;
  for (int64_t axis = 0; axis < rank; ++axis)
    for (bool isEnd : {false, true}) {
      int64_t count = (*added)[axis + isEnd * rank];
      bool isSpatial = axis >= first && axis < first + spatial;
      if (count < 0 || (count > 0 && !isSpatial))
        return b.notifyMatchFailure(op,
                                    "does not take over the padding before it: that also changes other axes, or cuts");
      if (isSpatial)
        result.pads[axis - first + isEnd * spatial] += count;
    }
  return result;
}

namespace {

/// conv(pad(x, 0, n))  ->  conv(x) {pads += n}
struct PadIntoConv : GraphPattern<ConvOp> {
  using GraphPattern::GraphPattern;
  LogicalResult matchAndRewrite(ConvOp op, PatternRewriter &b) const override {
    auto padding = zeroPadding(op, shapes, b);
    if (failed(padding))
      return failure();
    b.modifyOpInPlace(op, [&] {
      op.getXMutable().assign(padding->x);
      op.setPads(padding->pads);
    });
    return done(op.getLoc(), "takes over the padding before it");
  }
};

/// average_pool(pad(x, 0, n))  ->  average_pool(x) {pads += n, countIncludePad}
struct PadIntoAveragePool : GraphPattern<AveragePoolOp> {
  using GraphPattern::GraphPattern;
  LogicalResult matchAndRewrite(AveragePoolOp op, PatternRewriter &b) const override {
    auto padding = zeroPadding(op, shapes, b);
    if (failed(padding))
      return failure();
    bool padsItself = llvm::any_of(op.getPads(), [](int64_t pad) { return pad != 0; });
    if (op.getCeilMode() || (padsItself && !op.getCountIncludePad()))
      return b.notifyMatchFailure(
          op, "does not take over the padding before it: its windows count their elements differently");
    b.modifyOpInPlace(op, [&] {
      op.getXMutable().assign(padding->x);
      op.setPads(padding->pads);
      op.setCountIncludePad(true);
    });
    return done(op.getLoc(), "takes over the padding before it");
  }
};

} // namespace

void cameo::populatePadPatterns(RewritePatternSet &patterns, GraphRewriter &graph, llvm::StringLiteral counted) {
  patterns.add<PadIntoConv, PadIntoAveragePool>(patterns.getContext(), graph, counted);
}
