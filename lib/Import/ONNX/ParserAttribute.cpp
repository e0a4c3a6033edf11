// ParserAttribute.cpp - AttributeProto: what its fields may hold is collected, and the one that its type names is kept.
#include "ParserImpl.h"
#include "llvm/ADT/bit.h"

using llvm::StringRef;
using llvm::Twine;

namespace cameo::onnx {

/// The payload of an AttributeProto while it is read.
class Parser::AttributeReader {
public:
  AttributeReader(Parser &parser, Attribute &attribute, const Node *owner)
      : parser(parser), attribute(attribute), owner(owner) {}

  void read(StringRef message, int depth, int graphDepth);
  /// Keeps the value of the attribute's type; an error where there is another, or more than one, or none.
  void settle();

private:
  std::string what() const {
    return (owner ? describeNode(parser.path, *owner) + ": attribute '" : "default of function attribute '") +
           escaped(attribute.name) + "'";
  }
  [[noreturn]] void refuse(const Twine &problem) const {
    throw ParseError{"E-ATTR", ExitCode::InvalidModel, what() + " " + problem.str(),
                     owner ? escaped(owner->name) : std::string()};
  }
  void use(AttributeType type, int64_t size = 0) {
    given |= 1u << unsigned(type);
    bytes += size;
    if (bytes > parser.limits.attributeBytes)
      parser.failLimit(what() + " has over " + Twine(parser.limits.attributeBytes) + " bytes",
                       &ImportLimits::attributeBytes);
  }
  void useOnce(AttributeType type, int64_t size = 0) {
    if (given >> unsigned(type) & 1)
      refuse("has two values");
    use(type, size);
  }
  void readGraph(StringRef message, int depth, int graphDepth) {
    auto graph = std::make_shared<Graph>();
    parser.graph(message, *graph, depth + 1, graphDepth + 1);
    graphs.push_back(std::move(graph));
  }
  void keep();

  Parser &parser;
  Attribute &attribute;
  const Node *owner;  ///< null: the default of a function's attribute
  uint32_t given = 0; ///< a bit per AttributeType of the fields that occur
  int64_t bytes = 0;
  float real = 0;
  int64_t integer = 0;
  StringRef text;
  std::vector<float> reals;
  std::vector<int64_t> integers;
  std::vector<StringRef> texts;
  std::vector<TensorView> tensors;
  std::vector<SparseTensorView> sparseTensors;
  std::vector<ValueType> types;
  std::vector<std::shared_ptr<const Graph>> graphs;
};

void Parser::AttributeReader::read(StringRef message, int depth, int graphDepth) {
  for (Fields f(message, "AttributeProto"); f.next();)
    switch (f.tag()) {
    case 1:
      attribute.name = parser.name(f, "the name of an attribute");
      break;
    case 2:
      use(AttributeType::Float);
      real = f.fixed32();
      break;
    case 3:
      use(AttributeType::Int);
      integer = f.varint();
      break;
    case 4:
      text = f.bytes();
      use(AttributeType::String, text.size());
      break;
    case 5:
      useOnce(AttributeType::Tensor);
      parser.tensor(f.bytes(), tensors.emplace_back(), depth + 1);
      break;
    case 6:
      useOnce(AttributeType::Graph);
      readGraph(f.bytes(), depth, graphDepth);
      break;
    case 7: {
      StringRef run = f.repeatedFixed(4);
      use(AttributeType::Floats, run.size());
      size_t old = reals.size();
      reals.resize(old + run.size() / 4);
      if (!run.empty())
        std::memcpy(reals.data() + old, run.data(), run.size());
      break;
    }
    case 8:
      f.repeatedVarint([&](uint64_t v) {
        use(AttributeType::Ints, 8);
        integers.push_back(v);
      });
      break;
    case 9:
      texts.push_back(f.bytes());
      use(AttributeType::Strings, texts.back().size() + 1);
      break;
    case 10:
      use(AttributeType::Tensors, sizeof(TensorView));
      parser.tensor(f.bytes(), tensors.emplace_back(), depth + 1);
      break;
    case 11:
      use(AttributeType::Graphs, sizeof(Graph));
      readGraph(f.bytes(), depth, graphDepth);
      break;
    case 14:
      useOnce(AttributeType::TypeProto);
      parser.type(f.bytes(), types.emplace_back(), depth + 1);
      break;
    case 15:
      use(AttributeType::TypeProtos, sizeof(ValueType));
      parser.type(f.bytes(), types.emplace_back(), depth + 1);
      break;
    case 20: {
      uint64_t declared = f.varint();
      if (declared > uint64_t(AttributeType::TypeProtos))
        refuse("has type " + Twine(declared) + ", which is not an attribute type of ONNX; expected 1 to 14");
      attribute.type = AttributeType(declared);
      break;
    }
    case 21:
      attribute.refName = parser.name(f, "the ref_attr_name of an attribute");
      break;
    case 22:
      useOnce(AttributeType::SparseTensor);
      parser.sparseTensor(f.bytes(), sparseTensors.emplace_back(), depth + 1);
      break;
    case 23:
      use(AttributeType::SparseTensors, sizeof(SparseTensorView));
      parser.sparseTensor(f.bytes(), sparseTensors.emplace_back(), depth + 1);
      break;
    }
}

void Parser::AttributeReader::settle() {
  AttributeType &type = attribute.type;
  if (attribute.name.empty())
    refuse("has no name");
  if (given & (given - 1))
    refuse("has values of two types");
  if (attribute.isReference()) {
    if (given)
      refuse("refers to '" + escaped(attribute.refName) + "' and has a value too");
    return;
  }
  auto held = AttributeType(given ? llvm::countr_zero(given) : 0);
  // Before IR version 2 the type was optional.
  if (type == AttributeType::Undefined)
    type = held;
  bool isList =
      type >= AttributeType::Floats && type != AttributeType::SparseTensor && type != AttributeType::TypeProto;
  if (type == AttributeType::Undefined || (!given && !isList))
    refuse("has no value");
  if (given && held != type)
    refuse("is declared as " + attributeTypeName(type) + ", but its value is " + attributeTypeName(held));
  keep();
}

void Parser::AttributeReader::keep() {
  auto &value = attribute.value;
  switch (attribute.type) {
  case AttributeType::Undefined:
    break;
  case AttributeType::Float:
    value = real;
    break;
  case AttributeType::Int:
    value = integer;
    break;
  case AttributeType::String:
    value = text;
    break;
  case AttributeType::Floats:
    value = std::move(reals);
    break;
  case AttributeType::Ints:
    value = std::move(integers);
    break;
  case AttributeType::Strings:
    value = std::move(texts);
    break;
  case AttributeType::Tensor:
  case AttributeType::Tensors:
    value = std::move(tensors);
    break;
  case AttributeType::SparseTensor:
  case AttributeType::SparseTensors:
    value = std::move(sparseTensors);
    break;
  case AttributeType::TypeProto:
  case AttributeType::TypeProtos:
    value = std::move(types);
    break;
  case AttributeType::Graph:
  case AttributeType::Graphs:
    value = std::move(graphs);
    break;
  }
}

void Parser::attribute(StringRef message, Attribute &a, const Node *owner, int depth, int graphDepth) {
  enter(depth, "AttributeProto");
  AttributeReader reader(*this, a, owner);
  reader.read(message, depth, graphDepth);
  reader.settle();
}

} // namespace cameo::onnx
