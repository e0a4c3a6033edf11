// Cost.cpp - counts operations.
#include "cameo/Dialect/Cameo/Cost.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
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

bool cameo::isFloatArithmetic(Operation &op) {
  if (op.getNumResults() != 1 || !isa<FloatType>(getElementTypeOrSelf(op.getResult(0).getType())))
    return false;
  return isa<math::MathDialect>(op.getDialect()) ||
         isa<arith::AddFOp, arith::SubFOp, arith::MulFOp, arith::DivFOp, arith::RemFOp, arith::MaximumFOp,
             arith::MinimumFOp, arith::MaxNumFOp, arith::MinNumFOp>(op);
}

/// Whether a use makes its value part of what the kernel stores, and does not only decide or address.
static bool becomesNumber(OpOperand &use, llvm::DenseMap<Value, bool> &known);

static bool becomesNumber(Value value, llvm::DenseMap<Value, bool> &known) {
  auto [it, isNew] = known.try_emplace(value, false);
  if (isNew) {
    bool becomes = llvm::any_of(value.getUses(), [&](OpOperand &use) { return becomesNumber(use, known); });
    known[value] = becomes;
  }
  return known[value];
}

static bool becomesNumber(OpOperand &use, llvm::DenseMap<Value, bool> &known) {
  Operation *user = use.getOwner();
  if (isa<memref::StoreOp>(user))
    return use.getOperandNumber() == 0;
  if (isa<memref::LoadOp, arith::CmpFOp, arith::CmpIOp, scf::IfOp>(user))
    return false;
  if (auto loop = dyn_cast<scf::ForOp>(user))
    return use.getOperandNumber() >= loop.getNumControlOperands();
  if (user->getNumResults() == 0)
    return true; // a yield, a call
  return llvm::any_of(user->getResults(), [&](Value result) { return becomesNumber(result, known); });
}

int64_t cameo::countFloatArithmetic(Block &block, llvm::DenseMap<Value, bool> &known) {
  return llvm::count_if(block,
                        [&](Operation &op) { return isFloatArithmetic(op) && becomesNumber(op.getResult(0), known); });
}

Dim cameo::flopsOf(ShapeAnalysis &shapes, Operation *op) {
  if (auto cost = dyn_cast<CostInterface>(op))
    return cost.flops(shapes);
  auto kernel = dyn_cast<KernelInterface>(op);
  return kernel ? loopFlops(shapes, kernel) : shapes.dims().constant(0);
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
