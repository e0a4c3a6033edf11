// Messages.cpp - places and wording of MLIR's diagnostics.
#include "Messages.h"
#include "cameo/Support/ErrorCode.h"
#include "mlir/IR/Location.h"

using namespace mlir;
using namespace cameo;

/// The place and what stands there.
static std::string placeOf(Location location, StringRef path) {
  if (auto name = location->findInstanceOf<NameLoc>())
    return (path + ": node '" + name.getName().getValue() + "'").str();
  if (auto at = location->findInstanceOf<FileLineColLoc>(); at && at.getLine())
    return (at.getFilename().getValue() + ":" + Twine(at.getLine()) + ":" + Twine(at.getColumn())).str();
  return path.str();
}

MessageCollector::MessageCollector(MLIRContext *context, StringRef path, llvm::StringLiteral code,
                                   std::vector<cameo::Diagnostic> &diagnostics)
    : handler(context, [path = path.str(), code, &diagnostics](mlir::Diagnostic &d) {
        cameo::Diagnostic message;
        switch (d.getSeverity()) {
        case DiagnosticSeverity::Error:
          message.code = codeOf(d, code);
          message.exitCode = exitCodeOfCode(message.code);
          break;
        case DiagnosticSeverity::Warning:
          message.severity = Severity::Warning;
          message.code = codeOf(d, "");
          break;
        default:
          return success();
        }
        // Op errors begin with the op's name, which is not the user's; one line each.
        std::string text = d.str();
        StringRef sentence = text;
        bool isNode = bool(d.getLocation()->findInstanceOf<NameLoc>());
        if (isNode && sentence.consume_front("'cameo."))
          sentence = sentence.split("' op ").second;
        if (auto name = d.getLocation()->findInstanceOf<NameLoc>())
          message.node = name.getName().str();
        message.message = placeOf(d.getLocation(), path) + ": " + sentence.split('\n').first.str();
        // A pass that runs several times says the same each time.
        bool isKnown = llvm::any_of(diagnostics, [&](const cameo::Diagnostic &other) {
          return other.severity == message.severity && other.message == message.message;
        });
        if (!isKnown)
          diagnostics.push_back(std::move(message));
        return success();
      }) {}
