// ConstantEvaluator.h - how passes run code at compile time without knowing how code is made.
// lib/Pipeline implements it and registers it with the dialect (cameo/Pipeline/Evaluate.h).
#ifndef CAMEO_PASSES_FOLD_CONSTANTEVALUATOR_H
#define CAMEO_PASSES_FOLD_CONSTANTEVALUATOR_H
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectInterface.h"

namespace cameo {

class ConstantEvaluator : public mlir::DialectInterface::Base<ConstantEvaluator> {
public:
  explicit ConstantEvaluator(mlir::Dialect *dialect) : Base(dialect) {}

  /// How many times faster than by its loops evaluate() computes `op` where that is much work; 1: not faster.
  virtual int64_t speedup(mlir::Operation *op) const = 0;

  /// Runs func.func @main of `module`, whose body is straight-line cameo ops, on `arguments`. Changes the module. Gives
  /// @main's results with the shapes they turned out to have. What fails during the run, a value of more than
  /// `mostBytes` too, is emitted as an error with a code (ErrorCode.h) at the location of the op that failed.
  virtual mlir::FailureOr<llvm::SmallVector<mlir::ElementsAttr>>
  evaluate(mlir::ModuleOp module, llvm::ArrayRef<mlir::ElementsAttr> arguments, int64_t mostBytes) const = 0;
};

} // namespace cameo
#endif
