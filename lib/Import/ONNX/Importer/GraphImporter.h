// GraphImporter.h - walks a model's nodes and builds cameo ops; owns the scopes of names and the shape analysis.
//
// Scopes nest as ONNX graphs do: a name is looked up from the innermost graph outwards. The body of a function starts a
// scope that sees nothing outside. Initializers become constants at their first use, at the start of their graph's
// block, so that they dominate every later use.
#ifndef CAMEO_LIB_IMPORT_ONNX_GRAPHIMPORTER_H
#define CAMEO_LIB_IMPORT_ONNX_GRAPHIMPORTER_H

#include "cameo/Import/ONNX/Import.h"
#include "cameo/Import/ONNX/OpBinder.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

namespace cameo::onnx {

/// For messages about other types.
constexpr llvm::StringLiteral kSupportedTypes =
    "float, double, float16, bfloat16, float8 of all kinds, float4e2m1, integers of 2 to 64 bits, bool and string";

/// Pointwise ops by the name of the ONNX op they are the meaning of.
using PointwiseTable = llvm::StringMap<mlir::RegisteredOperationName>;
PointwiseTable pointwiseTable(mlir::MLIRContext &context);
/// Imports a node as the pointwise op of its name; Sum and Mean as sums.
mlir::LogicalResult importPointwise(OpBinder &op, const PointwiseTable &table);
/// Whether importPointwise knows the op.
bool isPointwise(const Node &node, const PointwiseTable &table);

/// Reports every node that cannot be imported, and every input and output of a type that Cameo has not, all at once;
/// false when there are any.
bool checkSupported(const ModelFile &file, const PointwiseTable &table, mlir::MLIRContext *context,
                    std::vector<Diagnostic> &diagnostics);

class GraphImporter {
public:
  /// `openAxesAreOne` answers the question of that name.
  GraphImporter(std::shared_ptr<const ModelFile> file, mlir::MLIRContext &context, const ImportOptions &options,
                std::vector<Diagnostic> &diagnostics, bool openAxesAreOne = false);

  /// Builds @main in `module`; false after an error, which is reported.
  bool importMain(mlir::ModuleOp module);
  // ---- after importMain
  /// Whether a node asked.
  bool dependsOnOpenAxes() const { return askedForOpenAxes; }
  /// Whether the outputs have the ranks that the file declares for them.
  bool hasDeclaredRanks() const { return !hasOtherRank; }

  // ---- for OpBinder and handlers
  /// Whether PyTorch's exporter wrote the model.
  bool isFromPyTorch() const { return file->model().producerName == "pytorch"; }
  bool openAxesAreOne() {
    askedForOpenAxes = true;
    return openAxesAnswer;
  }
  /// What a name stands for: defined, or an initializer (then created). Nothing also after a reported error.
  Binding binding(llvm::StringRef name);
  /// The same where only a tensor will do; an error for a sequence.
  mlir::Value lookup(llvm::StringRef name);
  /// Whether the name has a value.
  bool isGiven(llvm::StringRef name) const;
  /// Gives a name its value in the innermost scope, checks its size and, in the main graph, the declared type.
  mlir::LogicalResult bind(llvm::StringRef name, Binding value);
  /// The declared sizes of a value of the main graph, when all are static.
  std::optional<llvm::SmallVector<int64_t>> declaredShape(llvm::StringRef name) const;
  /// A constant with the builder at its place; null after a reported error.
  mlir::Value constant(mlir::OpBuilder &b, mlir::Location loc, const TensorView &tensor);
  mlir::Value sparseConstant(mlir::OpBuilder &b, mlir::Location loc, const SparseTensorView &tensor);
  mlir::FailureOr<llvm::SmallVector<Binding>> importSubgraph(const Graph &graph, mlir::Block *block,
                                                             llvm::ArrayRef<Binding> arguments);
  /// A branch, which may be one that no run takes: sizes and indices that contradict each other (E-SHAPE, E-INDEX) are
  /// not reported, but told in `why`.
  mlir::FailureOr<llvm::SmallVector<Binding>> importBranch(const Graph &graph, mlir::Block *block, std::string &why);
  /// Imports a branch of `node`, which always runs, and gives the node's outputs their values.
  mlir::LogicalResult importInPlace(const Graph &branch, const Node &node);
  /// How many graphs end behind the current node: the innermost, and as long as one stands in place of a node, the one
  /// around it.
  size_t numEnclosingGraphs() const;
  /// The outputs of the outermost of `graphs` graphs, computed in `block` by the nodes behind `node`, whose outputs are
  /// `results`. What keeps these nodes from being imported is not reported, but told in `why`; a limit that is exceeded
  /// is reported.
  mlir::FailureOr<llvm::SmallVector<Binding>> importRest(const Node &node, size_t graphs, mlir::Block *block,
                                                         llvm::ArrayRef<Binding> results, std::string &why);
  /// Gives the outputs of the outermost of `graphs` graphs their values; the nodes behind the current one are done.
  void endGraphs(size_t graphs, llvm::ArrayRef<Binding> outputs);
  /// Takes an op out of the program. It stays in memory until the import ends, because sizes may name its values.
  void discard(mlir::Operation *op);
  ImportProgress progress() const { return {diagnostics.size(), importedNodes}; }
  /// Forgets what was reported and counted since then.
  void takeBack(ImportProgress to) {
    diagnostics.resize(to.diagnostics);
    importedNodes = to.nodes;
  }
  /// The first error behind the first `reported` diagnostics; null when there is none.
  const Diagnostic *firstError(size_t reported) const;
  /// Reports an error about the current node, or about the file outside of nodes.
  mlir::LogicalResult error(llvm::StringRef code, const llvm::Twine &message);
  mlir::LogicalResult checkSequenceLength(int64_t length);
  /// The element of an optional, which the run checks for; `what` is it.
  Binding requirePresent(mlir::Location loc, Binding value, const llvm::Twine &what);
  void warning(llvm::StringRef code, const llvm::Twine &message) { report(Severity::Warning, code, message); }

  ShapeAnalysis shapes;

private:
  /// Whose node is being imported, for messages and locations.
  struct Place {
    const Node *node = nullptr; ///< the user's
    /// Set while the body that ONNX gives for an op is inlined: its nodes are not the user's, so messages and locations
    /// name the user's node, and `bodyOp` the op inside.
    bool inSchemaBody = false;
    llvm::StringRef bodyOp;
    std::optional<mlir::Location> bodyLocation;
    /// Goes in front of the names of nodes in the model's own functions: "call/".
    std::string callPrefix;
  };
  struct Scope;
  /// The node in place of which a graph stands: a branch that always runs, or the body of a function.
  struct Replaced {
    Scope *scope;
    const Node *node;
    Place place;
  };
  struct Scope {
    Scope *parent = nullptr;
    std::optional<Replaced> replaced;
    mlir::Block *block = nullptr;
    bool isMain = false;
    llvm::StringMap<Binding> values;
    llvm::StringMap<const TensorView *> initializers;
    llvm::StringMap<const SparseTensorView *> sparseInitializers;
    llvm::SmallVector<llvm::StringRef> outputs; ///< names of the graph's
    llvm::ArrayRef<Node> rest;                  ///< nodes after the current one
    bool isEnded = false;                       ///< the outputs have their values, and what was left is imported
  };

  void addInitializers(Scope &scope, const Graph &graph);
  /// A scope inside the current one, for nodes that are imported into `block`.
  Scope scopeOf(const Graph &graph, mlir::Block *block);
  mlir::Value materialize(Scope &scope, llvm::StringRef name);
  mlir::FailureOr<llvm::SmallVector<Binding>> outputs(const Scope &scope);
  mlir::LogicalResult importNodes(llvm::ArrayRef<Node> nodes);
  /// The main graph's nodes. After one that fails, those go on which do not need its outputs, or whose types are
  /// declared, so that all problems are told at once.
  mlir::LogicalResult importMainNodes(llvm::ArrayRef<Node> nodes);
  /// Gives a value that could not be computed a stand-in of its declared type; false where that is unknown.
  bool standIn(llvm::StringRef name);
  mlir::LogicalResult checkOperandTypes(mlir::Operation *before);
  mlir::LogicalResult importNode(const Node &node);
  mlir::LogicalResult inlineFunction(const Function &function, const Node &call);
  mlir::LogicalResult checkInputs(const Node &node);
  mlir::LogicalResult checkDeclared(llvm::StringRef name, mlir::Value value);
  mlir::LogicalResult checkSize(llvm::StringRef name, mlir::Value value);
  mlir::LogicalResult addInputs(mlir::func::FuncOp func, Scope &scope);
  mlir::FailureOr<Binding> addInput(mlir::func::FuncOp func, llvm::StringRef name, const ValueType &type);
  /// Vectors NAME.keys and NAME.values.
  mlir::FailureOr<Binding> addMapInput(mlir::func::FuncOp func, llvm::StringRef name, const ValueType &type);
  mlir::FailureOr<mlir::Value> addTensorInput(mlir::func::FuncOp func, llvm::StringRef name, const ValueType &type);
  mlir::LogicalResult addOutputs(mlir::func::FuncOp func);
  mlir::Location locationOf(const Node &node);
  void report(Severity severity, llvm::StringRef code, const llvm::Twine &message);
  mlir::LogicalResult handleDiagnostic(mlir::Diagnostic &diagnostic);

  std::shared_ptr<const ModelFile> file;
  const ImportOptions &options;
  std::vector<Diagnostic> &diagnostics;
  mlir::OpBuilder builder;
  PointwiseTable pointwise;
  Scope *scope = nullptr;
  Place place;
  llvm::StringMap<const ValueType *> declared;
  llvm::StringSet<> usedBindings, usedShapes, inputNames;
  llvm::DenseMap<mlir::Block *, mlir::Operation *> lastConstant;
  std::vector<mlir::OwningOpRef<mlir::Operation *>> discarded;
  int64_t importedNodes = 0; ///< that are part of the program
  int64_t triedNodes = 0;    ///< all of them
  bool openAxesAnswer, askedForOpenAxes = false, hasOtherRank = false;
};

} // namespace cameo::onnx
#endif
