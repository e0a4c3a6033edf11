// Model.h - an ONNX model as light structs: names and tensors are views into the mapped file.
// Made by readModel (Reader.h), which has checked everything stated here; the ModelFile must outlive all of it.
#pragma once
#include "cameo/Import/ONNX/Tensor.h"
#include <memory>
#include <utility>
#include <variant>

namespace cameo::onnx {

struct Graph;
struct Function;
struct OpSchema;

/// One dimension of a declared type. Unknown when `value` is negative and `param` is empty.
struct Dimension {
  int64_t value = -1;
  llvm::StringRef param;
  bool isStatic() const { return value >= 0; }
};

/// A declared type (TypeProto).
struct ValueType {
  enum class Kind : uint8_t { None, Tensor, Sequence, Map, Optional, SparseTensor, Opaque };
  Kind kind = Kind::None;
  /// Element type of Tensor and SparseTensor, key type of Map.
  DataType elementType = DataType::Undefined;
  /// False: even the rank is unknown.
  bool hasShape = false;
  std::vector<Dimension> dims;
  /// The element of Sequence and Optional, the value of Map; null otherwise.
  std::shared_ptr<const ValueType> element;
  /// As ONNX writes it: "tensor(float)", "seq(tensor(int64))", "map(string,tensor(float))".
  std::string str() const;
};

struct ValueInfo {
  llvm::StringRef name;
  ValueType type;
  /// Graph inputs only: an initializer has this name, so the input is a default that a caller need not give.
  bool hasInitializer = false;
};

/// The numbers are those of AttributeProto.AttributeType.
enum class AttributeType : uint8_t {
  Undefined = 0,
  Float = 1,
  Int = 2,
  String = 3,
  Tensor = 4,
  Graph = 5,
  Floats = 6,
  Ints = 7,
  Strings = 8,
  Tensors = 9,
  Graphs = 10,
  SparseTensor = 11,
  SparseTensors = 12,
  TypeProto = 13,
  TypeProtos = 14,
};
/// "INT", "FLOATS", "GRAPH".
llvm::StringRef attributeTypeName(AttributeType type);

/// An attribute. `value` holds the alternative that `type` names: a plural type its vector, a singular Tensor, Graph,
/// SparseTensor or TypeProto the vector with one entry. With a `refName` it has no value: inside a function it stands
/// for the attribute of that name at the call (see bindAttributes).
struct Attribute {
  llvm::StringRef name;
  llvm::StringRef refName;
  AttributeType type = AttributeType::Undefined;
  std::variant<std::monostate, float, int64_t, llvm::StringRef, std::vector<float>, std::vector<int64_t>,
               std::vector<llvm::StringRef>, std::vector<TensorView>, std::vector<SparseTensorView>,
               std::vector<ValueType>, std::vector<std::shared_ptr<const Graph>>>
      value;

  bool isReference() const { return !refName.empty(); }
};

struct Node {
  llvm::StringRef name;
  llvm::StringRef opType;
  llvm::StringRef domain; ///< "" for ONNX's own ("ai.onnx" is normalised to it)
  llvm::StringRef overload;
  /// Names; an empty one is an optional input or output that is left out.
  std::vector<llvm::StringRef> inputs, outputs;
  std::vector<Attribute> attributes;
  /// Position in the file's list of nodes of its graph.
  int64_t index = 0;
  /// Version of the node's domain that holds here.
  int64_t opset = 0;
  /// What ONNX says about this op; null for calls of the model's own functions and for domains that ONNX doesn't define
  /// (com.microsoft and the like; also SimplifiedLayerNormalization, which ONNX Runtime puts into ONNX's own domain):
  /// these nodes are unchecked beyond structure.
  const OpSchema *schema = nullptr;
  /// The model's own function that this node calls, or null.
  const Function *function = nullptr;

  bool hasInput(size_t i) const { return i < inputs.size() && !inputs[i].empty(); }
  bool hasOutput(size_t i) const { return i < outputs.size() && !outputs[i].empty(); }

  /// The node's own attribute, or null.
  const Attribute *find(llvm::StringRef attribute) const;
  /// The node's own attribute, else the schema's default, else null. References count as absent.
  const Attribute *get(llvm::StringRef attribute) const;

  /// Typed forms of `get`; nullopt or null where it is absent (or, without schema, of another type).
  std::optional<int64_t> getInt(llvm::StringRef attribute) const;
  std::optional<float> getFloat(llvm::StringRef attribute) const;
  std::optional<llvm::StringRef> getString(llvm::StringRef attribute) const;
  std::optional<llvm::ArrayRef<int64_t>> getInts(llvm::StringRef attribute) const;
  std::optional<llvm::ArrayRef<float>> getFloats(llvm::StringRef attribute) const;
  std::optional<llvm::ArrayRef<llvm::StringRef>> getStrings(llvm::StringRef attribute) const;
  const TensorView *getTensor(llvm::StringRef attribute) const;
  const SparseTensorView *getSparseTensor(llvm::StringRef attribute) const;
  const Graph *getGraph(llvm::StringRef attribute) const;
  const ValueType *getType(llvm::StringRef attribute) const;
};

/// A graph or subgraph. Names a subgraph uses without defining them come from the graphs around it; a subgraph's output
/// may be such a name.
struct Graph {
  llvm::StringRef name;
  /// In topological order whatever the file's order was.
  std::vector<Node> nodes;
  std::vector<TensorView> initializers;
  std::vector<SparseTensorView> sparseInitializers;
  std::vector<ValueInfo> inputs, outputs, valueInfos;
};

struct OpsetImport {
  llvm::StringRef domain;
  int64_t version = 0;
};

/// A function: the model's own, or the body ONNX gives for one of its ops.
struct Function {
  llvm::StringRef domain, name, overload;
  std::vector<llvm::StringRef> inputs, outputs;
  /// Attributes a call must give, and those with a default.
  std::vector<llvm::StringRef> requiredAttributes;
  std::vector<Attribute> defaultAttributes;
  /// In topological order. No name from outside is visible.
  std::vector<Node> nodes;
  std::vector<OpsetImport> opsets;
  std::vector<ValueInfo> valueInfos;
};

struct Model {
  int64_t irVersion = 0;
  llvm::StringRef producerName, producerVersion, domain;
  int64_t modelVersion = 0;
  std::vector<OpsetImport> opsets;
  Graph graph;
  std::vector<Function> functions;
  std::vector<std::pair<llvm::StringRef, llvm::StringRef>> metadata;

  /// Version of `domain` ("" is ONNX's own) that the model imports.
  std::optional<int64_t> opset(llvm::StringRef domain = "") const;
};

/// A copy of `function` whose attribute references, also those in subgraphs, hold the values of the node `call`, or the
/// defaults of the function or of the call's schema. A reference to an attribute that has none is dropped: the
/// attribute is then absent, as ONNX wants it.
Function bindAttributes(const Function &function, const Node &call);

} // namespace cameo::onnx
