// ParserImpl.h - the class behind Parser.h: one method per kind of message. Parser.cpp has the messages that are
// structure (model, graph, node, function), ParserAttribute.cpp the attribute, ParserValues.cpp those that describe
// values (tensors, types).
#pragma once
#include "Parser.h"
#include "Wire.h"

namespace cameo::onnx {

class Parser {
public:
  Parser(llvm::StringRef path, const ImportLimits &limits) : path(path), limits(limits) {}

  void model(llvm::StringRef message, Model &model);
  void function(llvm::StringRef message, Function &function, int depth);

private:
  class AttributeReader;

  llvm::StringRef path;
  const ImportLimits &limits;
  int64_t nodes = 0, initializers = 0, valueInfos = 0, metadataEntries = 0;

  void graph(llvm::StringRef message, Graph &graph, int depth, int graphDepth);
  void node(llvm::StringRef message, Node &node, int depth, int graphDepth);
  void attribute(llvm::StringRef message, Attribute &attribute, const Node *owner, int depth, int graphDepth);
  void tensor(llvm::StringRef message, TensorView &tensor, int depth);
  void sparseTensor(llvm::StringRef message, SparseTensorView &tensor, int depth);
  void valueInfo(llvm::StringRef message, ValueInfo &info, int depth);
  void type(llvm::StringRef message, ValueType &type, int depth);
  void shape(llvm::StringRef message, ValueType &type);
  void opset(llvm::StringRef message, std::vector<OpsetImport> &opsets);
  void metadata(llvm::StringRef message, std::vector<std::pair<llvm::StringRef, llvm::StringRef>> &entries);

  /// A new node of a list, counted against the limit.
  void addNode(llvm::StringRef message, std::vector<Node> &list, int depth, int graphDepth);

  [[noreturn]] static void fail(llvm::StringRef code, const llvm::Twine &message,
                                ExitCode exit = ExitCode::InvalidModel) {
    throw ParseError{code, exit, message.str(), {}};
  }
  [[noreturn]] void failLimit(const llvm::Twine &what, int64_t ImportLimits::*field, llvm::StringRef code = "E-LIMIT") {
    fail(code, what + "; the limit is " + limitText(limits, field), ExitCode::LimitExceeded);
  }
  void count(int64_t &counter, int64_t ImportLimits::*field, llvm::StringRef what) {
    if (++counter > limits.*field)
      failLimit("the model has more than " + llvm::Twine(limits.*field) + " " + what, field);
  }
  void enter(int depth, llvm::StringRef messageName) {
    if (depth > limits.messageDepth)
      failLimit(messageName + " is nested " + llvm::Twine(depth) + " messages deep", &ImportLimits::messageDepth,
                "E-DEPTH");
  }
  /// A name: bounded, UTF-8 without zero bytes.
  llvm::StringRef name(Fields &fields, const llvm::Twine &what);
  static void once(bool &seen, llvm::StringRef what) {
    if (seen)
      fail("E-PARSE", what + " is given twice");
    seen = true;
  }
};

} // namespace cameo::onnx
