// Diagnostic.h - what the compiler tells its user about a file or a flag: a code, an exit code and a sentence.
// Plain data without MLIR, so that readers of files can use it before any MLIR context exists.
#pragma once
#include "cameo/Support/Escaped.h"
#include "cameo/Support/ExitCode.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/StringSwitch.h"
#include <string>
#include <vector>

namespace cameo {

/// The exit code that belongs to an error code, by ErrorCodes.inc.
inline ExitCode exitCodeOfCode(llvm::StringRef code) {
  return llvm::StringSwitch<ExitCode>(code)
#define CAMEO_ERROR(code, exit, meaning) .Case(code, ExitCode::exit)
#include "cameo/Support/ErrorCodes.inc"
#undef CAMEO_ERROR
      .Default(ExitCode::InternalError);
}

enum class Severity { Warning, Error };

struct Diagnostic {
  Severity severity = Severity::Error;
  /// Stable identifier such as "E-PARSE"; a static string.
  llvm::StringRef code;
  ExitCode exitCode = ExitCode::InvalidModel;
  /// The whole sentence, file and node included: lower case, no final stop. Names in it may be raw:
  /// `render` escapes.
  std::string message;
  /// Name of the node it is about, as the user knows it; empty when it is about the file.
  std::string node;
  /// How many nodes have the problem; `node` is the first.
  int64_t count = 1;

  /// An error whose exit code is the one of its code.
  static Diagnostic error(llvm::StringRef code, std::string message) {
    Diagnostic d;
    d.code = code;
    d.exitCode = exitCodeOfCode(code);
    d.message = std::move(message);
    return d;
  }

  bool isError() const { return severity == Severity::Error; }
  /// One line without control characters:
  /// `cameo: error[E-ATTR]: model.onnx: node 'enc/Softmax_3' (Softmax, opset 13): ...`
  std::string render() const {
    return std::string("cameo: ") + (isError() ? "error" : "warning") + (code.empty() ? "" : "[" + code.str() + "]") +
           ": " + escapedSentence(message);
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
