// Diagnostic.h - what the compiler tells its user about a file or a flag: a code, an exit code and a sentence.
// Plain data without MLIR, so that readers of files can use it before any MLIR context exists.
#pragma once
#include "llvm/ADT/StringRef.h"
#include <string>
#include <vector>

namespace cameo {

/// Exit codes of the tools. What a user can cause is never InternalError.
enum class ExitCode : int {
  Success = 0,
  Usage = 2,
  InvalidModel = 3,
  Unsupported = 4,
  LimitExceeded = 5,
  File = 6,
  InternalError = 70,
};

enum class Severity { Warning, Error };

struct Diagnostic {
  Severity severity = Severity::Error;
  /// Stable identifier such as "E-PARSE"; a static string.
  llvm::StringRef code;
  ExitCode exitCode = ExitCode::InvalidModel;
  /// The whole sentence, file and node included: lower case, no final stop, no line break, control characters escaped.
  std::string message;
  /// Name of the node it is about, as the user knows it; empty when it is about the file.
  std::string node;

  bool isError() const { return severity == Severity::Error; }
  /// `cameo: error[E-ATTR]: model.onnx: node 'enc/Softmax_3' (Softmax, opset 13): ...`
  std::string render() const {
    return std::string("cameo: ") + (isError() ? "error" : "warning") + "[" + code.str() + "]: " + message;
  }
};

inline bool hasErrors(const std::vector<Diagnostic> &diagnostics) {
  for (const Diagnostic &d : diagnostics)
    if (d.isError())
      return true;
  return false;
}

/// The exit code of the first error, or Success.
inline ExitCode exitCodeOf(const std::vector<Diagnostic> &diagnostics) {
  for (const Diagnostic &d : diagnostics)
    if (d.isError())
      return d.exitCode;
  return ExitCode::Success;
}

} // namespace cameo
