// Cost.cpp - counts operations.
#include "cameo/Dialect/Cameo/Cost.h"
#include "mlir/IR/Dialect.h"

using namespace mlir;
using namespace cameo;

int64_t cameo::elementBytes(Type elementType) { return (storageType(elementType).getIntOrFloatBitWidth() + 7) / 8; }

Dim cameo::bytesOf(ShapeAnalysis &shapes, Value value) {
  return shapes.dims().mul(shapes.numElements(value), elementBytes(getElementTypeOrSelf(value.getType())));
}

int64_t cameo::operationsPerElement(Operation *op) {
  auto pointwise = dyn_cast<PointwiseInterface>(op);
  if (!pointwise)
    return 0;
  Block scratch;
  for (Value operand : op->getOperands())
    scratch.addArgument(computeType(getElementTypeOrSelf(operand.getType())), op->getLoc());
  OpBuilder b(op->getContext());
  b.setInsertionPointToEnd(&scratch);
  pointwise.buildScalar(b, scratch.getArguments());
  int64_t operations = 0;
  for (Operation &scalar : scratch) {
    if (scalar.hasTrait<OpTrait::ConstantLike>())
      continue;
    if (isa<math::MathDialect>(scalar.getDialect()))
      operations += isa<math::SqrtOp, math::FmaOp, math::AbsFOp, math::FloorOp, math::CeilOp>(scalar) ? 1 : 16;
    else
      operations +=
          isa<arith::DivFOp, arith::DivSIOp, arith::DivUIOp, arith::RemSIOp, arith::RemUIOp, arith::RemFOp>(scalar) ? 4
                                                                                                                    : 1;
  }
  return operations;
}

Dim cameo::flopsOf(ShapeAnalysis &shapes, Operation *op) {
  auto cost = dyn_cast<CostInterface>(op);
  return cost ? cost.flops(shapes) : shapes.dims().constant(0);
}

Dim cameo::bytesSaved(ShapeAnalysis &shapes, KernelOp kernel) {
  Block &body = kernel.getBody().front();
  Dim saved = shapes.dims().constant(0);
  auto add = [&](Value value, int64_t times) {
    saved = shapes.dims().add(saved, shapes.dims().mul(bytesOf(shapes, value), times));
  };
  for (BlockArgument argument : body.getArguments())
    if (!argument.use_empty())
      add(argument, std::distance(argument.user_begin(), argument.user_end()) - 1);
  for (Operation &op : body.without_terminator())
    for (Value value : op.getResults())
      if (isa<KernelInterface>(op)) {
        bool isYielded = llvm::is_contained(value.getUsers(), body.getTerminator());
        // Unused results of an anchor are stored all the same.
        add(value,
            std::distance(value.user_begin(), value.user_end()) - isYielded + (!isYielded && !value.use_empty()));
      }
  return saved;
}
