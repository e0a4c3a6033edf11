// ErrorCode.h - codes of ErrorCodes.inc ("E-DIV0") on MLIR diagnostics, which carry them as metadata.
#pragma once
#include "mlir/IR/Diagnostics.h"

namespace cameo {

/// `return withCode("E-DIV0", op->emitOpError()) << "divides by 0"`. A diagnostic without a code gets the one of the
/// stage that reports it.
inline mlir::InFlightDiagnostic withCode(llvm::StringLiteral code, mlir::InFlightDiagnostic diagnostic) {
  diagnostic.getUnderlyingDiagnostic()->getMetadata().push_back(mlir::DiagnosticArgument(code));
  return diagnostic;
}

/// What no model, text or flag may cause. Who reports it to the user says where it happened and what to do.
inline mlir::InFlightDiagnostic emitBug(mlir::Location loc) { return withCode("E-INTERNAL", mlir::emitError(loc)); }

inline llvm::StringRef codeOf(mlir::Diagnostic &diagnostic, llvm::StringRef otherwise) {
  return diagnostic.getMetadata().empty() ? otherwise : diagnostic.getMetadata().front().getAsString();
}

} // namespace cameo
