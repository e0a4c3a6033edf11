// Report.h - collects the problems that the checks find, a bounded number of them.
#pragma once
#include "cameo/Import/ONNX/Reader.h"
#include "llvm/ADT/Twine.h"

namespace cameo::onnx {

class Report {
public:
  Report(llvm::StringRef path, const ImportLimits &limits, std::vector<Diagnostic> &diagnostics)
      : path(path), limits(limits), diagnostics(diagnostics) {}

  const llvm::StringRef path;
  const ImportLimits &limits;

  /// About the file: "model.onnx: <message>".
  void error(llvm::StringRef code, const llvm::Twine &message, ExitCode exit = ExitCode::InvalidModel) {
    add(Severity::Error, code, exit, path + ": " + message, {});
  }
  /// About a node: "model.onnx: node 'x' (Softmax, opset 13): <message>".
  void error(llvm::StringRef code, const Node &node, const llvm::Twine &message,
             ExitCode exit = ExitCode::InvalidModel) {
    add(Severity::Error, code, exit, describeNode(path, node) + ": " + message, node.name);
  }
  void warning(llvm::StringRef code, const llvm::Twine &message) {
    add(Severity::Warning, code, ExitCode::Success, path + ": " + message, {});
  }
  /// About a limit, whose flag is added to the message.
  void limit(llvm::StringRef code, const llvm::Twine &message, int64_t ImportLimits::*field);

  bool failed() const { return errors != 0; }

private:
  /// More of one kind than this help nobody, and could fill memory.
  static constexpr int maxShown = 50;
  std::vector<Diagnostic> &diagnostics;
  int errors = 0, warnings = 0;

  void add(Severity severity, llvm::StringRef code, ExitCode exit, const llvm::Twine &message, llvm::StringRef node);
};

} // namespace cameo::onnx
