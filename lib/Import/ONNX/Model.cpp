// Model.cpp - accessors of the model structs, and the substitution of attributes into function bodies.
#include "cameo/Import/ONNX/Model.h"
#include "cameo/Import/ONNX/Schema.h"
#include "llvm/ADT/StringExtras.h"

using llvm::StringRef;

namespace cameo::onnx {

StringRef attributeTypeName(AttributeType type) {
  static constexpr StringRef names[] = {
      "UNDEFINED", "FLOAT",   "INT",    "STRING",        "TENSOR",         "GRAPH",      "FLOATS",     "INTS",
      "STRINGS",   "TENSORS", "GRAPHS", "SPARSE_TENSOR", "SPARSE_TENSORS", "TYPE_PROTO", "TYPE_PROTOS"};
  auto i = static_cast<size_t>(type);
  return i < std::size(names) ? names[i] : names[0];
}

std::string ValueType::str() const {
  std::string nested = element ? element->str() : "?";
  switch (kind) {
  case Kind::None:
    return "an unknown type";
  case Kind::Sequence:
    return "seq(" + nested + ")";
  case Kind::Optional:
    return "optional(" + nested + ")";
  case Kind::Map:
    return "map(" + dataTypeName(elementType).str() + "," + nested + ")";
  case Kind::Opaque:
    return "opaque";
  case Kind::Tensor:
  case Kind::SparseTensor:
    break;
  }
  std::string text = kind == Kind::Tensor ? "tensor(" : "sparse_tensor(";
  text += dataTypeName(elementType);
  if (hasShape) {
    text += "[";
    for (size_t i = 0; i < dims.size(); ++i) {
      text += i ? "," : "";
      text += dims[i].isStatic() ? std::to_string(dims[i].value) : dims[i].param.empty() ? "?" : dims[i].param.str();
    }
    text += "]";
  }
  return text + ")";
}

const Attribute *Node::find(StringRef attribute) const {
  for (const Attribute &a : attributes)
    if (a.name == attribute)
      return &a;
  return nullptr;
}

const Attribute *Node::get(StringRef attribute) const {
  if (const Attribute *own = find(attribute); own && !own->isReference())
    return own;
  if (const AttributeSchema *a = schema ? schema->attribute(attribute) : nullptr; a && a->hasDefault())
    return &a->defaultValue;
  return nullptr;
}

namespace {
/// The alternative T of an attribute that may be null.
template <typename T> const T *valueOf(const Attribute *a) { return a ? std::get_if<T>(&a->value) : nullptr; }

/// The only entry of an attribute whose singular form is a vector of one.
template <typename T> const T *onlyValueOf(const Attribute *a) {
  const auto *list = valueOf<std::vector<T>>(a);
  return list && list->size() == 1 ? &list->front() : nullptr;
}
} // namespace

std::optional<int64_t> Node::getInt(StringRef attribute) const {
  const auto *value = valueOf<int64_t>(get(attribute));
  return value ? std::optional(*value) : std::nullopt;
}
std::optional<float> Node::getFloat(StringRef attribute) const {
  const auto *value = valueOf<float>(get(attribute));
  return value ? std::optional(*value) : std::nullopt;
}
std::optional<StringRef> Node::getString(StringRef attribute) const {
  const auto *value = valueOf<StringRef>(get(attribute));
  return value ? std::optional(*value) : std::nullopt;
}
std::optional<llvm::ArrayRef<int64_t>> Node::getInts(StringRef attribute) const {
  const auto *value = valueOf<std::vector<int64_t>>(get(attribute));
  return value ? std::optional<llvm::ArrayRef<int64_t>>(*value) : std::nullopt;
}
std::optional<llvm::ArrayRef<float>> Node::getFloats(StringRef attribute) const {
  const auto *value = valueOf<std::vector<float>>(get(attribute));
  return value ? std::optional<llvm::ArrayRef<float>>(*value) : std::nullopt;
}
std::optional<llvm::ArrayRef<StringRef>> Node::getStrings(StringRef attribute) const {
  const auto *value = valueOf<std::vector<StringRef>>(get(attribute));
  return value ? std::optional<llvm::ArrayRef<StringRef>>(*value) : std::nullopt;
}
const TensorView *Node::getTensor(StringRef attribute) const { return onlyValueOf<TensorView>(get(attribute)); }
const SparseTensorView *Node::getSparseTensor(StringRef attribute) const {
  return onlyValueOf<SparseTensorView>(get(attribute));
}
const ValueType *Node::getType(StringRef attribute) const { return onlyValueOf<ValueType>(get(attribute)); }
const Graph *Node::getGraph(StringRef attribute) const {
  const auto *graph = onlyValueOf<std::shared_ptr<const Graph>>(get(attribute));
  return graph ? graph->get() : nullptr;
}

std::optional<int64_t> Model::opset(StringRef wanted) const {
  for (const OpsetImport &import : opsets)
    if (import.domain == wanted)
      return import.version;
  return std::nullopt;
}

namespace {

/// Replaces references in place; `call` and `function` give the values.
class Binder {
public:
  Binder(const Function &function, const Node &call) : function(function), call(call) {}

  void bind(std::vector<Node> &nodes) const {
    for (Node &node : nodes) {
      llvm::erase_if(node.attributes, [&](const Attribute &a) { return a.isReference() && !lookup(a.refName); });
      for (Attribute &a : node.attributes) {
        if (a.isReference()) {
          const Attribute *given = lookup(a.refName);
          a.refName = StringRef();
          a.type = given->type;
          a.value = given->value;
        } else if (auto *graphs = std::get_if<std::vector<std::shared_ptr<const Graph>>>(&a.value)) {
          for (auto &graph : *graphs)
            graph = bound(*graph);
        }
      }
    }
  }

private:
  const Function &function;
  const Node &call;

  const Attribute *lookup(StringRef name) const {
    if (const Attribute *given = call.get(name))
      return given;
    for (const Attribute &a : function.defaultAttributes)
      if (a.name == name)
        return &a;
    return nullptr;
  }

  std::shared_ptr<const Graph> bound(const Graph &graph) const {
    auto copy = std::make_shared<Graph>(graph);
    bind(copy->nodes);
    return copy;
  }
};

} // namespace

Function bindAttributes(const Function &function, const Node &call) {
  Function copy = function;
  Binder(function, call).bind(copy.nodes);
  return copy;
}

} // namespace cameo::onnx
