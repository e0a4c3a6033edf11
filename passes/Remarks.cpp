// Remarks.cpp - remarks by category and name, and those that a rewriter's listener makes.
#include "cameo/Passes/Remarks.h"

using namespace mlir;
using namespace cameo;

static remark::RemarkOpts options(StringRef pass, StringRef counted) {
  return remark::RemarkOpts::name(counted).category(pass);
}

remark::detail::InFlightRemark cameo::changed(StringRef pass, Location loc, llvm::StringLiteral counted) {
  return remark::passed(loc, options(pass, counted));
}

remark::detail::InFlightRemark cameo::left(StringRef pass, Location loc, llvm::StringLiteral counted) {
  return remark::missed(loc, options(pass, counted));
}

/// "(anonymous namespace)::FoldTransposedRhs" -> "FoldTransposedRhs"
static StringRef nameOf(const Pattern &pattern) {
  StringRef name = pattern.getDebugName();
  return name.rsplit("::").second.empty() ? name : name.rsplit("::").second;
}

void RemarkListener::notifyPatternBegin(const Pattern &applied, Operation *op) {
  pattern = nameOf(applied);
  loc = op->getLoc(); // the op may be gone at the end
}

void RemarkListener::notifyPatternEnd(const Pattern &applied, LogicalResult status) {
  if (succeeded(status) && loc)
    remark::passed(*loc, options(pass, nameOf(applied))) << "rewritten";
  loc.reset();
}

void RemarkListener::notifyMatchFailure(Location loc, llvm::function_ref<void(mlir::Diagnostic &)> reason) {
  auto remark = remark::missed(loc, options(pass, pattern));
  if (!remark)
    return;
  mlir::Diagnostic text(loc, DiagnosticSeverity::Remark);
  reason(text);
  remark << text.str();
}
