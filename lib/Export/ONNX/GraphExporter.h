// GraphExporter.h - walks @main and collects the nodes that its ops are written as.
#ifndef CAMEO_LIB_EXPORT_ONNX_GRAPHEXPORTER_H
#define CAMEO_LIB_EXPORT_ONNX_GRAPHEXPORTER_H

#include "ModelRecord.h"
#include "cameo/Import/ONNX/OpBinder.h"
#include "llvm/ADT/StringSet.h"

namespace cameo::onnx {

class GraphExporter {
public:
  explicit GraphExporter(ModelRecord &model) : model(model) {}

  mlir::LogicalResult exportMain(mlir::func::FuncOp main);

  // ---- for NodeBuilder
  Edge edgeOf(mlir::Value value);
  /// A new tensor, called like the node that gives it unless it gets a name.
  Edge newEdge(mlir::Type elementType, llvm::StringRef name = {});
  /// `value` under the sizes `dims`; one initializer for equal ones.
  Edge initializer(mlir::ElementsAttr value, llvm::ArrayRef<int64_t> dims, llvm::StringRef name);
  Edge newInitializer(mlir::ElementsAttr value, llvm::ArrayRef<int64_t> dims, llvm::StringRef name);
  /// The initializer that an edge is, or null; valid until there is another.
  const InitializerRecord *initializerOf(Edge edge) const;
  llvm::StringRef nameOf(Edge edge) const { return model.tensorNames[edge.number]; }
  void bind(mlir::Value value, Edge edge) { edges[value] = edge; }
  mlir::LogicalResult exportBlock(mlir::Block &block);
  /// Adds the node to the graph that is being collected.
  void addNode(NodeRecord node);
  std::shared_ptr<GraphRecord> subgraph(mlir::Block &block, llvm::StringRef name);
  /// The ops of `domain` of version `since` are used.
  void require(llvm::StringRef domain, int64_t since);

  ShapeAnalysis shapes;

private:
  mlir::LogicalResult exportOp(mlir::Operation *op);
  /// What `value` is inside the current graph under a name of its own: an output cannot be an input, or another output.
  Edge ownOutput(mlir::Value value, llvm::DenseSet<int64_t> &taken, llvm::StringRef name);
  std::string unique(llvm::StringRef name);
  void nameNodes(GraphRecord &graph);

  ModelRecord &model;
  GraphRecord *current = nullptr;
  llvm::DenseMap<mlir::Value, Edge> edges;
  llvm::DenseMap<int64_t, GraphRecord *> madeIn; ///< the graph whose node gives a tensor
  std::map<std::pair<const void *, std::vector<int64_t>>, Edge> constants;
  llvm::StringSet<> names;
};

/// Writes an op by its form (NodeBuilder.h).
mlir::LogicalResult exportByForm(NodeBuilder &b, llvm::StringRef form);
/// A pointwise op by the ONNX name in its def, its attributes by name.
mlir::LogicalResult exportPointwise(NodeBuilder &b, llvm::StringRef onnxName);

/// The oldest version of the op from the base opset on that takes a node of these inputs and attributes, with the types
/// of its outputs as far as the schema tells; null when there is none.
const OpSchema *admittingSchema(llvm::StringRef domain, llvm::StringRef opType, llvm::ArrayRef<Edge> inputs,
                                llvm::ArrayRef<NodeAttribute> attributes, unsigned numOutputs,
                                mlir::MLIRContext *context);
mlir::Type outputType(const OpSchema &schema, unsigned output, llvm::ArrayRef<Edge> inputs,
                      llvm::ArrayRef<NodeAttribute> attributes, mlir::MLIRContext *context);

/// The version of a domain that models are written in unless an op needs a newer one. ONNX's own: 21 has blocked and
/// 4-bit quantization. ai.onnx.ml: 3 still has ensembles whose leaves vote for several targets.
int64_t baseOpset(llvm::StringRef domain);

} // namespace cameo::onnx
#endif
