// NodeBuilder.h - what the writer of an op sees: the op's operands as tensors of the file, and a way to add nodes.
//
// A writer turns one cameo op into ONNX nodes. It stands beside the import handler of its family and is registered in
// the same list:
//   table.on("Transpose", 1, transpose);
//   table.exports<TransposeOp>("Transpose(perm=permutation)");
// Most ops are one node of the same operands, so a form says it: the ONNX op (with its domain, unless it is ONNX's
// own), and its attributes by the op's, `onnx=op` where the names differ, `onnx=op?` for one that is 1 where the op has
// it and 0 elsewhere. Others are a function, which may add several nodes.
//
// A step that failed (reported) gives no edge, and results without an edge are failures, so a writer need not check on
// its way.
#ifndef CAMEO_EXPORT_ONNX_NODEBUILDER_H
#define CAMEO_EXPORT_ONNX_NODEBUILDER_H

#include "cameo/Dialect/Cameo/Cameo.h"
#include <memory>
#include <variant>

namespace cameo::onnx {

class GraphExporter;
struct GraphRecord;

/// A tensor of the file that is being written. Without a number: an optional input that is left out.
struct Edge {
  int64_t number = -1;
  mlir::Type elementType; ///< null where it is not known
  explicit operator bool() const { return number >= 0; }
};

/// An attribute of a node.
struct NodeAttribute {
  using Value = std::variant<int64_t, float, std::string, std::vector<int64_t>, std::vector<float>,
                             std::vector<std::string>, mlir::ElementsAttr, std::shared_ptr<GraphRecord>>;
  template <typename T, std::enable_if_t<std::is_integral_v<T>, bool> = true>
  NodeAttribute(llvm::StringRef name, T value) : name(name), value(int64_t(value)) {}
  NodeAttribute(llvm::StringRef name, const llvm::APFloat &value) : name(name), value(value.convertToFloat()) {}
  NodeAttribute(llvm::StringRef name, float value) : name(name), value(value) {}
  NodeAttribute(llvm::StringRef name, llvm::StringRef value) : name(name), value(value.str()) {}
  NodeAttribute(llvm::StringRef name, const char *value) : name(name), value(std::string(value)) {}
  NodeAttribute(llvm::StringRef name, llvm::ArrayRef<int64_t> values) : name(name), value(values.vec()) {}
  NodeAttribute(llvm::StringRef name, llvm::ArrayRef<float> values) : name(name), value(values.vec()) {}
  NodeAttribute(llvm::StringRef name, std::vector<std::string> values) : name(name), value(std::move(values)) {}
  NodeAttribute(llvm::StringRef name, mlir::ElementsAttr value) : name(name), value(value) {}
  NodeAttribute(llvm::StringRef name, std::shared_ptr<GraphRecord> graph) : name(name), value(std::move(graph)) {}
  /// The number of the element type.
  NodeAttribute(llvm::StringRef name, mlir::Type elementType);

  std::string name;
  Value value;
};

class NodeBuilder {
public:
  NodeBuilder(GraphExporter &exporter, mlir::Operation *op) : op(op), exporter(exporter) {}

  // ---- operands
  /// The tensor of `value`; nothing for null.
  Edge operator()(mlir::Value value);
  llvm::SmallVector<Edge> operands() { return (*this)(op->getOperands()); }
  llvm::SmallVector<Edge> operator()(mlir::ValueRange values);
  /// A value of one element as a vector, or as a scalar.
  Edge vector(mlir::Value value);
  Edge scalar(mlir::Value value);
  mlir::Type elementType(mlir::Value value) { return mlir::getElementTypeOrSelf(value.getType()); }
  int64_t rank(mlir::Value value) { return mlir::cast<mlir::RankedTensorType>(value.getType()).getRank(); }
  ShapeAnalysis &shapes();

  // ---- nodes
  /// A node, `opType` with its domain before a dot unless it is ONNX's own. Fails where no version of the op takes
  /// these types.
  Edge node(llvm::StringRef opType, llvm::ArrayRef<Edge> inputs, llvm::ArrayRef<NodeAttribute> attributes = {});
  llvm::SmallVector<Edge> nodes(llvm::StringRef opType, llvm::ArrayRef<Edge> inputs,
                                llvm::ArrayRef<NodeAttribute> attributes, unsigned numOutputs);
  /// The block as a graph: its arguments are inputs, the operands of its terminator outputs.
  std::shared_ptr<GraphRecord> graph(mlir::Block &block, llvm::StringRef name);

  // ---- constants and short compositions
  Edge constant(mlir::ElementsAttr value);
  /// An initializer that no other node reads. Engines which rewrite zero points in place need that.
  Edge ownConstant(mlir::ElementsAttr value);
  Edge i64(llvm::ArrayRef<int64_t> values);
  Edge i64Scalar(int64_t value);
  /// A scalar of an element type.
  Edge number(mlir::Type elementType, double value);
  mlir::Type f32() { return mlir::Float32Type::get(op->getContext()); }
  mlir::Type i64Type() { return mlir::IntegerType::get(op->getContext(), 64); }
  Edge cast(Edge x, mlir::Type elementType);
  Edge transpose(Edge x, llvm::ArrayRef<int64_t> permutation) {
    return node("Transpose", {x}, {{"perm", permutation}});
  }
  /// The last two axes exchanged.
  Edge transposed(Edge x, int64_t rank);
  /// A constant gets another shape without a node.
  Edge reshape(Edge x, llvm::ArrayRef<int64_t> shape);
  Edge squeeze(Edge x, llvm::ArrayRef<int64_t> axes) { return node("Squeeze", {x, i64(axes)}); }
  Edge unsqueeze(Edge x, llvm::ArrayRef<int64_t> axes) { return node("Unsqueeze", {x, i64(axes)}); }
  Edge add(Edge x, Edge y) { return node("Add", {x, y}); }
  Edge sub(Edge x, Edge y) { return node("Sub", {x, y}); }
  Edge mul(Edge x, Edge y) { return node("Mul", {x, y}); }
  /// x[.., begin, end, ..] along an axis.
  Edge slice(Edge x, int64_t axis, Edge begin, Edge end) { return node("Slice", {x, begin, end, i64({axis})}); }

  // ---- activations with channels last
  /// x with its channels as ONNX wants them, and y as the op gives it.
  Edge channelsFirst(Edge x, int64_t rank, bool isLast);
  Edge channelsLast(Edge y, int64_t rank, bool isLast);

  // ---- results
  mlir::LogicalResult result(unsigned i, Edge edge);
  mlir::LogicalResult result(Edge edge) { return result(0, edge); }
  mlir::LogicalResult results(llvm::ArrayRef<Edge> edges);

  /// "cannot be written as ONNX: <why>", with the node's name. Always failure.
  mlir::LogicalResult refuse(const llvm::Twine &why);

  mlir::Operation *op;

private:
  GraphExporter &exporter;
  bool failed = false;
};

} // namespace cameo::onnx
#endif
