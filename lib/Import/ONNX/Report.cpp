// Report.cpp - wording shared by all messages about a model: nodes, limits, text from the file.
#include "Report.h"
#include "Parser.h"
#include "llvm/ADT/StringExtras.h"

using llvm::StringRef;
using llvm::Twine;

namespace cameo::onnx {

std::string describeNode(StringRef path, const Node &node) {
  std::string text = path.str() + ": node ";
  text += node.name.empty() ? "#" + std::to_string(node.index) : "'" + escaped(node.name) + "'";
  text += " (";
  if (!node.domain.empty())
    text += escaped(node.domain) + ".";
  text += escaped(node.opType);
  if (node.opset)
    text += ", opset " + std::to_string(node.opset);
  return text + ")";
}

llvm::ArrayRef<LimitFlag> limitFlags() {
  static constexpr LimitFlag flags[] = {
      {"--max-nodes", &ImportLimits::nodes, "nodes of all graphs together, after inlining functions"},
      {"--max-initializers", &ImportLimits::initializers, "initializers of all graphs together"},
      {"--max-rank", &ImportLimits::rank, "dimensions of a tensor"},
      {"--max-dim", &ImportLimits::dim, "size of one dimension"},
      {"--max-constant-bytes", &ImportLimits::constantBytes, "bytes of all constant tensors together"},
      {"--max-tensor-bytes", &ImportLimits::tensorBytes, "bytes of one computed tensor whose size is known"},
      {"--max-name-bytes", &ImportLimits::nameBytes, "bytes of a name"},
      {"--max-attributes", &ImportLimits::attributesPerNode, "attributes of one node"},
      {"--max-attribute-bytes", &ImportLimits::attributeBytes, "bytes of one attribute that is not a tensor"},
      {"--max-node-values", &ImportLimits::valuesPerNode, "inputs, and outputs, of one node"},
      {"--max-value-infos", &ImportLimits::valueInfos, "declared types of all graphs together"},
      {"--max-functions", &ImportLimits::functions, "functions in the model"},
      {"--max-opset-imports", &ImportLimits::opsetImports, "opset imports"},
      {"--max-metadata", &ImportLimits::metadataEntries, "metadata entries"},
      {"--max-graph-depth", &ImportLimits::graphDepth, "subgraphs in subgraphs"},
      {"--max-call-depth", &ImportLimits::callDepth, "functions that call functions"},
      {"--max-sequence-length", &ImportLimits::sequenceLength,
       "elements of a sequence, and iterations of a loop that carries one"},
      {"--max-message-depth", &ImportLimits::messageDepth, "protobuf messages in messages"},
  };
  return flags;
}

std::string limitText(const ImportLimits &limits, int64_t ImportLimits::*field) {
  for (const LimitFlag &f : limitFlags())
    if (f.field == field)
      return (f.flag + "=" + Twine(limits.*field)).str();
  return std::to_string(limits.*field);
}

void Report::limit(StringRef code, const Twine &message, int64_t ImportLimits::*field) {
  add(Severity::Error, code, ExitCode::LimitExceeded,
      path + ": " + message + "; the limit is " + limitText(limits, field), {});
}

void Report::add(Severity severity, StringRef code, ExitCode exit, const Twine &message, StringRef node) {
  int &count = severity == Severity::Error ? errors : warnings;
  if (++count > maxShown)
    return;
  diagnostics.push_back({severity, code, exit, message.str(), escaped(node)});
}

} // namespace cameo::onnx
