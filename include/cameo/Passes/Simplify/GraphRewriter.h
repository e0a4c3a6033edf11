// GraphRewriter.h - patterns that see the shapes of the whole function and say what they did to which node.
//
// A pattern derives from GraphPattern. It returns failure() where the op is none of its business, declines with a
// reason
// (`b.notifyMatchFailure`) where a user could have expected it to fire, and ends with `done`. Remarks, counting and the
// upkeep of the analysis are then the rewriter's work.
#ifndef CAMEO_PASSES_SIMPLIFY_GRAPHREWRITER_H
#define CAMEO_PASSES_SIMPLIFY_GRAPHREWRITER_H
#include "cameo/Dialect/Cameo/Cameo.h"
#include "cameo/Passes/Remarks.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/MapVector.h"

namespace cameo {

/// Applies patterns to a function until none fires. Owns what the patterns share.
class GraphRewriter : public mlir::RewriterBase::Listener {
public:
  GraphRewriter(llvm::StringRef pass, mlir::func::FuncOp function);

  const llvm::StringRef pass; ///< its argument, for remarks

  /// Shapes of the function's values. Rewriting keeps values' meanings, so what is known stays true; what is erased is
  /// forgotten.
  ShapeAnalysis shapes;

  /// True when `value` depends on constants alone; --cameo-fold-constants can compute it.
  bool isConstant(mlir::Value value) const {
    return value.getDefiningOp() && constants.contains(value.getDefiningOp());
  }
  /// True when both have the same sizes.
  bool haveEqualShapes(mlir::Value x, mlir::Value y) { return shapes.dimsOf(x) == shapes.dimsOf(y); }

  /// Runs `patterns` and the ops' own folders to a fixed point, then emits a remark for each reason that was still
  /// given.
  void apply(mlir::RewritePatternSet patterns);

private:
  void notifyOperationInserted(mlir::Operation *op, mlir::OpBuilder::InsertPoint) override;
  void notifyOperationErased(mlir::Operation *op) override;
  void notifyMatchFailure(mlir::Location loc, llvm::function_ref<void(mlir::Diagnostic &)> reason) override;

  mlir::func::FuncOp function;
  llvm::DenseSet<mlir::Operation *> constants;
  llvm::MapVector<mlir::Location, std::string> reasons;
};

/// The number that a float constant is everywhere.
std::optional<double> uniformFloat(mlir::Value value);

template <typename OpT>
concept IsOp = requires { OpT::getOperationName(); };

/// MLIR's pattern on ops of type OpT, or on all ops that have the interface OpT.
template <typename OpT>
using PatternOn = std::conditional_t<IsOp<OpT>, mlir::OpRewritePattern<OpT>, mlir::OpInterfaceRewritePattern<OpT>>;

template <typename OpT> class GraphPattern : public PatternOn<OpT> {
public:
  /// `counted` is what remarks of this kind count.
  GraphPattern(mlir::MLIRContext *context, GraphRewriter &graph, llvm::StringLiteral counted,
               mlir::PatternBenefit benefit = 1)
      : PatternOn<OpT>(context, benefit), graph(graph), shapes(graph.shapes), counted(counted) {}

protected:
  /// Ends a rewrite: counts it and tells the user `what` happened to the node at `loc`.
  mlir::LogicalResult done(mlir::Location loc, const llvm::Twine &what) const {
    changed(graph.pass, loc, counted) << what.str();
    return mlir::success();
  }
  /// Ends a rewrite that puts `value` in place of the op's only result.
  mlir::LogicalResult replace(mlir::PatternRewriter &b, OpT op, mlir::Value value, const llvm::Twine &what) const {
    mlir::Location loc = op->getLoc();
    b.replaceOp(op, value);
    return done(loc, what);
  }

  GraphRewriter &graph;
  ShapeAnalysis &shapes;

private:
  llvm::StringLiteral counted;
};

} // namespace cameo
#endif
