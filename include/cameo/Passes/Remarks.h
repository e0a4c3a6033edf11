// Remarks.h - how a pass says what it did to which node, and why it left another alone. MLIR's remark engine carries
// it.
//
// A remark's category is the pass, its name is what is counted ("ops fused"), its location names the ONNX nodes.
// cameo-compile prints remarks as a story (--explain), writes them into its report and counts them: a pass keeps no
// statistics of its own. cameo-opt prints them with --remarks-filter=NAME-OF-PASS. When nobody listens a remark costs a
// look at a null pointer.
#ifndef CAMEO_PASSES_REMARKS_H
#define CAMEO_PASSES_REMARKS_H
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/Remarks.h"

namespace cameo {

/// The pass `pass` (its argument, "cameo-fuse-kernels") changed what `loc` names. `counted` says what is counted, in
/// the plural; the text streamed in completes "node 'x': ". Numbers for the report go in as
/// remark::metric("bytes_saved", n).
///
///     changed(getArgument(), op.getLoc(), "reshapes with constant sizes") << "its sizes are known";
mlir::remark::detail::InFlightRemark changed(llvm::StringRef pass, mlir::Location loc, llvm::StringLiteral counted);

/// The pass had reason to look at what `loc` names and left it alone; the text says why.
mlir::remark::detail::InFlightRemark left(llvm::StringRef pass, mlir::Location loc, llvm::StringLiteral counted);

/// Makes remarks of what a greedy rewriter does: a pattern that applies is counted by its name, a pattern that refuses
/// through notifyMatchFailure says why. Patterns that return plain failure(), because the op is not theirs at all, stay
/// silent.
///
///     RemarkListener remarks(getArgument());
///     applyPatternsGreedily(getOperation(), patterns, GreedyRewriteConfig().setListener(&remarks));
class RemarkListener : public mlir::RewriterBase::Listener {
public:
  explicit RemarkListener(llvm::StringRef pass) : pass(pass) {}
  void notifyPatternBegin(const mlir::Pattern &pattern, mlir::Operation *op) override;
  void notifyPatternEnd(const mlir::Pattern &pattern, llvm::LogicalResult status) override;
  void notifyMatchFailure(mlir::Location loc, llvm::function_ref<void(mlir::Diagnostic &)> reason) override;

private:
  llvm::StringRef pass, pattern;
  std::optional<mlir::Location> loc;
};

} // namespace cameo
#endif
