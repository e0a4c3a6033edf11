// Messages.h - what MLIR reports becomes what a user reads: file and node in front, a code, no names of ours.
#ifndef LIB_PIPELINE_MESSAGES_H
#define LIB_PIPELINE_MESSAGES_H

#include "cameo/Support/Diagnostic.h"
#include "mlir/IR/Diagnostics.h"
#include <string>

namespace cameo {

/// While it lives, collects a context's diagnostics: "model.onnx: node 'enc/Softmax_3': …" after import,
/// "model.mlir:4:8: …" for text. Safe to report to from several threads.
class MessageCollector {
public:
  /// `path` goes in front; errors that have no code of their own (withCode) get `code`.
  MessageCollector(mlir::MLIRContext *context, llvm::StringRef path, llvm::StringLiteral code,
                   std::vector<Diagnostic> &diagnostics);

private:
  mlir::ScopedDiagnosticHandler handler;
};

} // namespace cameo
#endif
