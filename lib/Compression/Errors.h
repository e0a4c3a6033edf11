// Errors.h - one line that reports an error.
#ifndef LIB_COMPRESSION_ERRORS_H
#define LIB_COMPRESSION_ERRORS_H
#include "cameo/Support/Diagnostic.h"
#include "llvm/Support/LogicalResult.h"

namespace cameo::compression {

/// Adds an error; returns failure.
inline llvm::LogicalResult refuse(std::vector<Diagnostic> &diagnostics, llvm::StringRef code,
                                  const std::string &message) {
  diagnostics.push_back(Diagnostic::error(code, message));
  return llvm::failure();
}

} // namespace cameo::compression
#endif
