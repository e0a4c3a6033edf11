// Parser.cpp - protobuf bytes to the structs of Model.h: the messages that are structure.
// Field numbers are those of onnx.proto. Unknown fields are skipped, as protobuf wants it; a known field of another
// wire type, or a second value of a message field that can have one, is an error, since no writer makes such files.
#include "ParserImpl.h"

using llvm::StringRef;
using llvm::Twine;

namespace cameo::onnx {
namespace {

StringRef normalisedDomain(StringRef domain) { return domain == "ai.onnx" ? StringRef() : domain; }

} // namespace

void Parser::model(StringRef message, Model &m) {
  bool hasGraph = false;
  for (Fields f(message, "ModelProto"); f.next();)
    switch (f.tag()) {
    case 1:
      m.irVersion = f.varint();
      break;
    case 2:
      m.producerName = name(f, "producer_name");
      break;
    case 3:
      m.producerVersion = name(f, "producer_version");
      break;
    case 4:
      m.domain = name(f, "the model's domain");
      break;
    case 5:
      m.modelVersion = f.varint();
      break;
    case 7:
      once(hasGraph, "the model's graph");
      graph(f.bytes(), m.graph, 2, 0);
      break;
    case 8:
      opset(f.bytes(), m.opsets);
      break;
    case 14:
      metadata(f.bytes(), m.metadata);
      break;
    case 25:
      if (int64_t(m.functions.size()) >= limits.functions)
        failLimit("the model has more than " + Twine(limits.functions) + " functions", &ImportLimits::functions);
      function(f.bytes(), m.functions.emplace_back(), 2);
      break;
    }
  if (!hasGraph)
    fail("E-PARSE", m.irVersion ? "the model has no graph" : "not an ONNX model: neither an ir_version nor a graph");
}

void Parser::opset(StringRef message, std::vector<OpsetImport> &opsets) {
  if (int64_t(opsets.size()) >= limits.opsetImports)
    failLimit("more than " + Twine(limits.opsetImports) + " opset imports", &ImportLimits::opsetImports);
  OpsetImport &import = opsets.emplace_back();
  for (Fields f(message, "OperatorSetIdProto"); f.next();)
    switch (f.tag()) {
    case 1:
      import.domain = normalisedDomain(name(f, "the domain of an opset import"));
      break;
    case 2:
      import.version = f.varint();
      break;
    }
}

void Parser::metadata(StringRef message, std::vector<std::pair<StringRef, StringRef>> &entries) {
  count(metadataEntries, &ImportLimits::metadataEntries, "metadata entries");
  auto &[key, value] = entries.emplace_back();
  for (Fields f(message, "StringStringEntryProto"); f.next();)
    switch (f.tag()) {
    case 1:
      key = name(f, "a metadata key");
      break;
    case 2:
      value = f.bytes();
      break;
    }
}

void Parser::addNode(StringRef message, std::vector<Node> &list, int depth, int graphDepth) {
  count(nodes, &ImportLimits::nodes, "nodes");
  Node &n = list.emplace_back();
  n.index = list.size() - 1;
  node(message, n, depth, graphDepth);
}

void Parser::function(StringRef message, Function &fn, int depth) {
  enter(depth, "FunctionProto");
  for (Fields f(message, "FunctionProto"); f.next();)
    switch (f.tag()) {
    case 1:
      fn.name = name(f, "a function's name");
      break;
    case 4:
    case 5: {
      auto &list = f.tag() == 4 ? fn.inputs : fn.outputs;
      if (int64_t(list.size()) >= limits.valuesPerNode)
        failLimit("function '" + escaped(fn.name) + "' has more than " + Twine(limits.valuesPerNode) +
                      " inputs or outputs",
                  &ImportLimits::valuesPerNode);
      list.push_back(name(f, "a function's input or output"));
      break;
    }
    case 6:
    case 11:
      if (int64_t(fn.requiredAttributes.size() + fn.defaultAttributes.size()) >= limits.attributesPerNode)
        failLimit("function '" + escaped(fn.name) + "' has more than " + Twine(limits.attributesPerNode) +
                      " attributes",
                  &ImportLimits::attributesPerNode);
      if (f.tag() == 6)
        fn.requiredAttributes.push_back(name(f, "a function's attribute"));
      else
        attribute(f.bytes(), fn.defaultAttributes.emplace_back(), nullptr, depth + 1, 0);
      break;
    case 7:
      addNode(f.bytes(), fn.nodes, depth + 1, 0);
      break;
    case 9:
      opset(f.bytes(), fn.opsets);
      break;
    case 10:
      fn.domain = normalisedDomain(name(f, "a function's domain"));
      break;
    case 12:
      valueInfo(f.bytes(), fn.valueInfos.emplace_back(), depth + 1);
      break;
    case 13:
      fn.overload = name(f, "a function's overload");
      break;
    }
}

void Parser::graph(StringRef message, Graph &g, int depth, int graphDepth) {
  if (graphDepth > limits.graphDepth)
    failLimit("subgraphs are nested over " + Twine(limits.graphDepth) + " deep", &ImportLimits::graphDepth, "E-DEPTH");
  enter(depth, "GraphProto");
  for (Fields f(message, "GraphProto"); f.next();)
    switch (f.tag()) {
    case 1:
      addNode(f.bytes(), g.nodes, depth + 1, graphDepth);
      break;
    case 2:
      g.name = name(f, "a graph's name");
      break;
    case 5:
      count(initializers, &ImportLimits::initializers, "initializers");
      tensor(f.bytes(), g.initializers.emplace_back(), depth + 1);
      break;
    case 11:
      valueInfo(f.bytes(), g.inputs.emplace_back(), depth + 1);
      break;
    case 12:
      valueInfo(f.bytes(), g.outputs.emplace_back(), depth + 1);
      break;
    case 13:
      valueInfo(f.bytes(), g.valueInfos.emplace_back(), depth + 1);
      break;
    case 15:
      count(initializers, &ImportLimits::initializers, "initializers");
      sparseTensor(f.bytes(), g.sparseInitializers.emplace_back(), depth + 1);
      break;
    }
}

void Parser::node(StringRef message, Node &n, int depth, int graphDepth) {
  enter(depth, "NodeProto");
  std::vector<StringRef> attributes;
  for (Fields f(message, "NodeProto"); f.next();)
    switch (f.tag()) {
    case 1:
    case 2: {
      auto &list = f.tag() == 1 ? n.inputs : n.outputs;
      if (int64_t(list.size()) >= limits.valuesPerNode)
        failLimit("node #" + Twine(n.index) + " has more than " + Twine(limits.valuesPerNode) + " inputs or outputs",
                  &ImportLimits::valuesPerNode);
      list.push_back(name(f, (f.tag() == 1 ? "an input of node #" : "an output of node #") + Twine(n.index)));
      break;
    }
    case 3:
      n.name = name(f, "the name of node #" + Twine(n.index));
      break;
    case 4:
      n.opType = name(f, "the op_type of node #" + Twine(n.index));
      break;
    case 5:
      if (int64_t(attributes.size()) >= limits.attributesPerNode)
        failLimit("node #" + Twine(n.index) + " has more than " + Twine(limits.attributesPerNode) + " attributes",
                  &ImportLimits::attributesPerNode);
      attributes.push_back(f.bytes());
      break;
    case 7:
      n.domain = normalisedDomain(name(f, "the domain of node #" + Twine(n.index)));
      break;
    case 8:
      n.overload = name(f, "the overload of node #" + Twine(n.index));
      break;
    }
  // After the rest, so that messages about an attribute can name the node.
  n.attributes.resize(attributes.size());
  for (size_t i = 0; i < attributes.size(); ++i)
    attribute(attributes[i], n.attributes[i], &n, depth + 1, graphDepth);
}

namespace {

/// Words a malformed message: a stopped download, a file of another kind, or damage inside a model.
Diagnostic diagnose(const WireError &e, StringRef file, StringRef path) {
  Diagnostic d;
  d.code = "E-PARSE";
  std::string at = std::to_string(e.at - file.begin());
  bool inModel = e.messageName == "ModelProto";
  bool knownField = (e.tag >= 1 && e.tag <= 8) || e.tag == 14 || e.tag == 20 || e.tag == 25 || e.tag == 26;
  if (inModel && knownField && e.kind == WireError::Kind::TooLong && e.at != file.begin())
    d.message = (path + ": protobuf ends early: the field at byte " + at + " has " + Twine(e.wanted) +
                 " bytes, but only " + Twine(e.available) + " are left; is the file complete?")
                    .str();
  else if (inModel)
    d.message = (path + ": not a protobuf ModelProto (byte " + at + " begins no field of it)").str();
  else
    d.message = (path + ": damaged model: malformed " + e.messageName + " at byte " + at).str();
  return d;
}

template <typename Body> bool guarded(StringRef file, StringRef path, Diagnostic &error, Body body) {
  try {
    body();
    return true;
  } catch (const WireError &e) {
    error = diagnose(e, file, path);
  } catch (ParseError &e) {
    error.code = e.code;
    error.exitCode = e.exitCode;
    // Messages about a node have the path already.
    error.message = e.node.empty() && !StringRef(e.message).starts_with(path) ? (path + ": " + e.message).str()
                                                                              : std::move(e.message);
    error.node = std::move(e.node);
  } catch (const std::bad_alloc &) {
    error.code = "E-MEMORY";
    error.exitCode = ExitCode::LimitExceeded;
    error.message = (path + ": not enough memory to read the model").str();
  }
  return false;
}

} // namespace

bool parseModel(StringRef bytes, StringRef path, const ImportLimits &limits, Model &model, Diagnostic &error) {
  return guarded(bytes, path, error, [&] { Parser(path, limits).model(bytes, model); });
}

bool parseFunction(StringRef bytes, StringRef path, const ImportLimits &limits, Function &function, Diagnostic &error) {
  return guarded(bytes, path, error, [&] { Parser(path, limits).function(bytes, function, 1); });
}

} // namespace cameo::onnx
