// OpBinder.h - what a handler sees of one ONNX node: typed operands and attributes, and a builder for cameo ops.
//
// A handler turns one node into cameo ops. By the time it runs, the reader has checked arity, attribute names and types
// against the schema, so handlers check meaning only. Every failure goes through `error`, which adds file, node and
// opset.
#ifndef CAMEO_IMPORT_ONNX_OPBINDER_H
#define CAMEO_IMPORT_ONNX_OPBINDER_H

#include "cameo/Dialect/Cameo/Cameo.h"
#include "cameo/Import/ONNX/Model.h"
#include "llvm/ADT/StringMap.h"

namespace cameo::onnx {

class GraphImporter;
class NodeBuilder;

/// The MLIR type of an element type; null for those that Cameo has no tensors of.
mlir::Type elementTypeOf(DataType type, mlir::MLIRContext *context);
/// The inverse.
DataType dataTypeOf(mlir::Type elementType);

/// A sequence whose length only the run knows.
struct RaggedSequence {
  mlir::Value elements; ///< vector: the elements, each in row-major order, one behind the other
  mlir::Value shapes;   ///< i64, length x rank: the sizes of each; those of fewer axes than others end with -1
  /// No row of `shapes` has a -1.
  bool hasOneRank = true;
  /// What is known at compile time of the elements' sizes, by axis: -1 where they differ, or nothing is known. Empty:
  /// nothing is known of any axis.
  llvm::SmallVector<int64_t, 4> knownSizes = {};

  /// False: a step that makes it has failed.
  explicit operator bool() const { return elements && shapes; }
};

/// A map, which only inputs of models are: vectors with its keys, in any order, and with what belongs to each.
struct MapValue {
  mlir::Value keys, values;
};

/// What a name of the graph stands for: a tensor, a sequence, a map, or nothing, as an optional without an element and
/// an input that a call leaves out. An optional that has an element is that element. A sequence is the list of its
/// elements, which costs a run nothing, unless only the run knows its length.
struct Binding {
  Binding() = default;
  Binding(mlir::Value tensor) : tensor(tensor) {}
  Binding(std::vector<mlir::Value> elements) : list(std::move(elements)) {}
  Binding(RaggedSequence sequence) : ragged(sequence) {}
  Binding(MapValue map) : map(map) {}
  bool isSequence() const { return list || ragged; }
  bool isGiven() const { return tensor || isSequence() || map; }
  /// The tensors that it is made of, `present` last.
  llvm::SmallVector<mlir::Value *> parts();

  mlir::Value tensor;
  std::optional<std::vector<mlir::Value>> list;
  std::optional<RaggedSequence> ragged;
  std::optional<MapValue> map;
  /// i1: whether the run finds that this optional has an element; null where that is known at compile time.
  mlir::Value present;
};

/// How far an import has come.
struct ImportProgress {
  size_t diagnostics = 0; ///< reported
  int64_t nodes = 0;      ///< imported, each as often as it is part of the program
};

/// One node being imported. Shapes of all its operands are known (ranks always, sizes maybe symbolic).
class OpBinder {
public:
  OpBinder(GraphImporter &importer, const Node &node, mlir::OpBuilder &builder, mlir::Location loc)
      : builder(builder), loc(loc), importer(importer), node(node) {}

  // ---- operands
  size_t numInputs() const { return node.inputs.size(); }
  size_t numOutputs() const { return node.outputs.size(); }
  /// Whether input `i` is given. Inside an inlined function an input that the call leaves out is not given either, so
  /// ask this and not the node.
  bool hasInput(size_t i) const;
  bool hasOutput(size_t i) const { return node.hasOutput(i); }
  /// Input `i`; null when it is left out.
  mlir::Value input(size_t i);
  /// Input `i`, whatever it is.
  Binding binding(size_t i);
  /// Input `i`, a sequence that is there in any case. Errors are reported.
  mlir::FailureOr<Binding> sequenceInput(size_t i);
  /// All inputs that are given.
  llvm::SmallVector<mlir::Value> inputs();
  mlir::Type elementType(mlir::Value v) { return mlir::getElementTypeOrSelf(v.getType()); }
  /// Null for types that Cameo has no tensors of.
  mlir::Type elementTypeOf(DataType type);
  /// ONNX's name of an element type, for messages.
  llvm::StringRef typeName(mlir::Type elementType);
  int64_t rank(mlir::Value v) { return shapes().rank(v); }

  // ---- attributes (defaults come from the schema where it has them)
  int64_t intAttr(llvm::StringRef name, int64_t fallback);
  double floatAttr(llvm::StringRef name, double fallback);
  llvm::StringRef stringAttr(llvm::StringRef name, llvm::StringRef fallback);
  std::optional<llvm::SmallVector<int64_t>> intsAttr(llvm::StringRef name);
  std::optional<llvm::SmallVector<float>> floatsAttr(llvm::StringRef name);
  const Attribute *attr(llvm::StringRef name) { return node.get(name); }
  bool hasAttr(llvm::StringRef name) { return node.find(name) != nullptr; }
  /// The MLIR element type of an attribute that holds a TensorProto.DataType (Cast's `to`); null when absent, error
  /// when the type is unsupported.
  mlir::FailureOr<mlir::Type> dtypeAttr(llvm::StringRef name, mlir::Type fallback);
  /// Null when it is missing (reported).
  const Graph *graphAttr(llvm::StringRef name);

  // ---- creating
  /// Creates an op with one result; types are computed by its shape function. Null on failure (already reported).
  template <typename OpT, typename... Args> mlir::Value create(Args &&...args) {
    OpT op = createOp<OpT>(builder, shapes(), loc, std::forward<Args>(args)...);
    return op ? op->getResult(0) : mlir::Value();
  }
  template <typename OpT, typename... Args> OpT createWithResults(unsigned numResults, Args &&...args) {
    return createOpWithResults<OpT>(builder, shapes(), loc, numResults, std::forward<Args>(args)...);
  }
  /// A constant of element type `type` and shape `shape` with every element `value`.
  mlir::Value splat(mlir::Type elementType, llvm::ArrayRef<int64_t> shape, double value);
  mlir::Value scalar(mlir::Type elementType, double value) { return splat(elementType, {}, value); }
  mlir::Value i64(llvm::ArrayRef<int64_t> values) { return constantI64(builder, loc, values); }
  mlir::Value i64Scalar(int64_t value) { return constantI64Scalar(builder, loc, value); }
  /// A vector of texts, or one text.
  mlir::Value texts(llvm::ArrayRef<llvm::StringRef> values);
  mlir::Value text(llvm::StringRef value);
  /// A TensorProto (attribute or initializer) as a constant; null on failure (reported).
  mlir::Value constant(const TensorView &tensor);
  mlir::Value constant(const SparseTensorView &tensor);
  /// Often needed compositions. `axes` may be negative.
  mlir::Value cast(mlir::Value v, mlir::Type elementType);
  mlir::Value transpose(mlir::Value v, llvm::ArrayRef<int64_t> permutation);
  mlir::Value unsqueeze(mlir::Value v, llvm::ArrayRef<int64_t> axes);
  mlir::Value squeeze(mlir::Value v, llvm::ArrayRef<int64_t> axes);
  /// A value with one element as a scalar.
  mlir::Value scalarOf(mlir::Value v);
  /// Reshape to sizes given as constants (0: copy, -1: infer).
  mlir::Value reshape(mlir::Value v, llvm::ArrayRef<int64_t> shape);
  /// `dims` as a tensor<nxi64> that is computed from sizes and elements of existing values.
  mlir::Value sizes(llvm::ArrayRef<Dim> dims);
  /// Reshape to symbolic sizes.
  mlir::Value reshape(mlir::Value v, llvm::ArrayRef<Dim> dims);

  /// What `then` makes where the run finds `condition` true, else what `otherwise` makes: tensors of one type and rank,
  /// whose sizes may differ. Null on failure.
  mlir::Value branch(mlir::Value condition, llvm::function_ref<mlir::Value()> then,
                     llvm::function_ref<mlir::Value()> otherwise);

  /// Input `i` as compile-time integers; an error that names the input when it is not constant.
  mlir::FailureOr<llvm::SmallVector<int64_t>> constantInput(size_t i, llvm::StringRef what);

  // ---- results
  /// The sizes that the model declares for output `i`, when all are static and the node is in the main graph.
  std::optional<llvm::SmallVector<int64_t>> declaredShape(size_t i);
  /// Gives output `i` its value; ignored when the output is left out. Null is a failure already reported.
  mlir::LogicalResult result(size_t i, mlir::Value value);
  mlir::LogicalResult result(mlir::Value value) { return result(0, value); }
  /// The same for results that may be something else than a tensor.
  mlir::LogicalResult bindResult(size_t i, Binding value);
  /// The outputs from the first on.
  mlir::LogicalResult bindResults(llvm::ArrayRef<Binding> values);

  /// Imports a graph attribute into `block` (its arguments are the caller's); inner names see outer values. Gives the
  /// graph's outputs.
  mlir::FailureOr<llvm::SmallVector<Binding>> importSubgraph(const Graph &graph, mlir::Block *block,
                                                             llvm::ArrayRef<Binding> arguments);
  /// The same where only tensors will do, which are there in any case.
  mlir::FailureOr<llvm::SmallVector<mlir::Value>> importSubgraph(const Graph &graph, mlir::Block *block,
                                                                 mlir::ValueRange arguments);
  /// A branch, which may be one that no run takes. Where its nodes contradict each other in sizes or indices, `why`
  /// says so and nothing is reported; a failure without that is reported.
  mlir::FailureOr<llvm::SmallVector<Binding>> importBranch(const Graph &graph, mlir::Block *block, std::string &why);

  /// Imports a branch of this node, which always runs, and gives the node's outputs their values.
  mlir::LogicalResult importInPlace(const Graph &branch);

  /// For a node whose results are not of one kind and rank on all paths: the outputs of the graph that it belongs to,
  /// computed in `block` by the nodes behind it when its own outputs are `results`. Where these nodes cannot follow,
  /// `why` says so and nothing is reported; a failure without that is reported. A graph that stands in place of a node,
  /// as the body of a function does, goes on behind that node: `graphs`, at most numEnclosingGraphs(), says how many
  /// graphs are imported to their ends.
  mlir::FailureOr<llvm::SmallVector<Binding>> importRest(size_t graphs, mlir::Block *block,
                                                         llvm::ArrayRef<Binding> results, std::string &why);
  size_t numEnclosingGraphs() const;
  /// Then: what the outputs of the outermost of these graphs are. The nodes behind this one are done.
  void endGraphs(size_t graphs, llvm::ArrayRef<Binding> outputs);

  /// Takes an op out of the program again; it is freed when the import ends, because sizes may name its values.
  void discard(mlir::Operation *op);
  ImportProgress progress();
  /// The nodes imported since then are no part of the program, and their warnings say nothing about it; errors stay.
  void takeBack(ImportProgress to);

  /// "model.onnx: node 'n' (Softmax, opset 13): <message>", code E-... of the error table. Always returns failure.
  mlir::LogicalResult error(llvm::StringRef code, const llvm::Twine &message);
  /// An attribute value or type that Cameo doesn't support (exit code 4); the message says what would be.
  mlir::LogicalResult unsupported(const llvm::Twine &message);

  /// The element of input `i`, an optional that the run checks for one.
  Binding requirePresent(size_t i);

  /// An error where a sequence of `length` that is known at compile time, or so many iterations that carry one, are
  /// beyond the limit.
  mlir::LogicalResult checkSequenceLength(int64_t length);

  /// The same form; the import goes on.
  void warning(llvm::StringRef code, const llvm::Twine &message);

  /// Whether axes of open size that a node drops when they are 1 (Squeeze without axes) are 1; to be asked where there
  /// is one. A model is imported with the answer no; one that PyTorch's exporter wrote, which declares what a trace
  /// had, again with yes where that failed or its outputs have not their declared ranks.
  bool openAxesAreOne();
  /// Whether PyTorch's exporter wrote the model.
  bool isFromPyTorch() const;

  int64_t opset() const { return node.opset; }
  ShapeAnalysis &shapes();
  DimContext &dims() { return shapes().dims(); }

  mlir::OpBuilder &builder;
  mlir::Location loc;
  GraphImporter &importer;
  const Node &node;
};

using Handler = std::function<mlir::LogicalResult(OpBinder &)>;
/// The way back: adds the ONNX nodes of a cameo op (cameo/Export/ONNX/NodeBuilder.h).
using Writer = std::function<mlir::LogicalResult(NodeBuilder &)>;

/// (domain, op, since-version) -> handler. The newest entry whose version is not above the node's opset is taken.
/// cameo op -> writer.
class HandlerTable {
public:
  void on(llvm::StringRef op, int64_t since, Handler handler) { add("", op, since, std::move(handler)); }
  /// For ops that the reader has no schema of. `inputs` are their formal inputs in order, as "A:2 B C? D*": `:2` is a
  /// rank, `?` may be left out, `*` is any number of one or more. What a node gives is held against them before the
  /// handler runs.
  void onMicrosoft(llvm::StringRef op, llvm::StringLiteral inputs, Handler handler) {
    add("com.microsoft", op, 1, checked(inputs, std::move(handler)));
  }
  static Handler checked(llvm::StringLiteral inputs, Handler handler);
  void onMl(llvm::StringRef op, int64_t since, Handler handler) { add("ai.onnx.ml", op, since, std::move(handler)); }
  void add(llvm::StringRef domain, llvm::StringRef op, int64_t since, Handler handler) {
    entries[(domain + ":" + op).str()][since] = std::move(handler);
  }
  /// How ops of type OpT are written: `form` as NodeBuilder.h says, or a function of the op and the builder.
  template <typename OpT> void exports(llvm::StringLiteral form) { writers[OpT::getOperationName()] = written(form); }
  template <typename OpT> void exports(mlir::LogicalResult (*write)(OpT op, NodeBuilder &b)) {
    writers[OpT::getOperationName()] = [write](NodeBuilder &b) { return write(mlir::cast<OpT>(operationOf(b)), b); };
  }
  /// Null for an op that has no writer.
  const Writer *writer(llvm::StringRef operation) const {
    auto it = writers.find(operation);
    return it == writers.end() ? nullptr : &it->second;
  }

  const Handler *find(llvm::StringRef domain, llvm::StringRef op, int64_t opset) const;
  void forEach(llvm::function_ref<void(llvm::StringRef domain, llvm::StringRef op)> fn) const {
    for (const auto &entry : entries) {
      auto [domain, op] = llvm::StringRef(entry.first).split(':');
      fn(domain, op);
    }
  }

private:
  static Writer written(llvm::StringLiteral form);
  static mlir::Operation *operationOf(NodeBuilder &b);

  std::map<std::string, std::map<int64_t, Handler>> entries;
  llvm::StringMap<Writer> writers; ///< by the name of the operation
};

/// Each family of handlers lives in lib/Import/ONNX/Handlers/<Family>.cpp and registers itself from HandlerTable.cpp.
const HandlerTable &handlers();

} // namespace cameo::onnx
#endif
