// LoopBuilder.h - builds a cameo.loop from what imports its body.
#ifndef CAMEO_IMPORT_ONNX_HANDLERS_LOOPBUILDER_H
#define CAMEO_IMPORT_ONNX_HANDLERS_LOOPBUILDER_H

#include "Forms.h"

namespace cameo::onnx {

/// Ops that are made while it lives, at the end of one block, and may be taken back.
class Attempt {
public:
  explicit Attempt(OpBinder &op) : op(op), start(op.progress()), mark(op.i64Scalar(0).getDefiningOp()) {}
  ~Attempt();
  /// The warnings go with the ops; errors stay.
  void takeBack();

private:
  OpBinder &op;
  ImportProgress start;
  mlir::Operation *mark; ///< an initializer that is first used now becomes a constant in front of it, and stays
};

/// The tensor that a body must give for `what`, of which the run needs no check; anything else is an error.
mlir::FailureOr<mlir::Value> tensorOf(OpBinder &op, const Binding &value, const llvm::Twine &what);
/// What `output` of the node is, for tensorOf.
std::string collectedName(size_t output);

/// Imports the body of a loop into `block`, with the builder at its end: (condition, carried..., collected...). It may
/// be asked more than once. Errors are reported.
using LoopBody = llvm::function_ref<mlir::FailureOr<llvm::SmallVector<Binding>>(
    mlir::Block *block, mlir::Value iteration, mlir::Value condition, llvm::ArrayRef<Binding> carried)>;

/// The results of a loop: what it carries, in the form that all iterations keep, then what it collects, which are
/// tensors and `declared` by the body. It runs `tripCount` times and as long as `condition` holds; both are scalars or
/// null. Errors are reported.
mlir::FailureOr<llvm::SmallVector<Binding>> buildLoop(OpBinder &op, mlir::Value tripCount, mlir::Value condition,
                                                      llvm::ArrayRef<Binding> carried,
                                                      llvm::ArrayRef<ValueInfo> declared, LoopBody body);

} // namespace cameo::onnx
#endif
