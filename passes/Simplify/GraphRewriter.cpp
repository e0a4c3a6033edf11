// GraphRewriter.cpp - runs patterns greedily and keeps what they share in step with the IR.
#include "cameo/Passes/Simplify/GraphRewriter.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;
using namespace cameo;

GraphRewriter::GraphRewriter(StringRef pass, func::FuncOp function) : pass(pass), function(function) {
  function.walk<WalkOrder::PreOrder>([&](Operation *op) { notifyOperationInserted(op, {}); });
}

void GraphRewriter::notifyOperationInserted(Operation *op, OpBuilder::InsertPoint) {
  bool computes = isa<ShapeInterface>(op) && op->getNumRegions() == 0 && op->getNumOperands() > 0;
  if (isa<ConstantOp>(op) || (computes && llvm::all_of(op->getOperands(), [&](Value v) { return isConstant(v); })))
    constants.insert(op);
}

void GraphRewriter::notifyOperationErased(Operation *op) {
  constants.erase(op);
  if (auto reason = reasons.find(op->getLoc()); reason != reasons.end())
    reason->second.clear(); // an op in its place may be declined again
  for (Value v : op->getResults())
    shapes.erased(v);
}

void GraphRewriter::notifyMatchFailure(Location loc, llvm::function_ref<void(Diagnostic &)> reason) {
  Diagnostic text(loc, DiagnosticSeverity::Remark);
  reason(text);
  reasons[loc] = text.str();
}

void GraphRewriter::apply(RewritePatternSet patterns) {
  GreedyRewriteConfig config;
  config.setListener(this).setRegionSimplificationLevel(GreedySimplifyRegionLevel::Disabled);
  // Every rewrite makes progress; where the bound on iterations ends it, what was done is right all the same.
  (void)applyPatternsGreedily(function, std::move(patterns), config);
  for (auto &[loc, reason] : reasons)
    if (!reason.empty())
      left(pass, loc, "nodes declined") << reason;
  followReturn(function);
}

std::optional<double> cameo::uniformFloat(Value value) {
  DenseElementsAttr elements;
  if (!matchPattern(value, m_Constant(&elements)) || !elements.isSplat() || !isa<FloatType>(elements.getElementType()))
    return std::nullopt;
  bool lost;
  APFloat number = elements.getSplatValue<APFloat>();
  number.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &lost);
  return number.convertToDouble();
}
