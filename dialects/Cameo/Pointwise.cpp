// Pointwise.cpp - what all pointwise and indexable ops share: shape by broadcasting, one loop nest, element access.
#include "cameo/Dialect/Cameo/Cameo.h"

using namespace mlir;
using namespace cameo;

#define GET_OP_CLASSES
#include "cameo/Dialect/Cameo/PointwiseOps.cpp.inc"

namespace cameo {
void registerPointwiseOps(CameoDialect &dialect) {
  dialect.addFamily<
#define GET_OP_LIST
#include "cameo/Dialect/Cameo/PointwiseOps.cpp.inc"
      >();
}
} // namespace cameo

LogicalResult cameo::inferPointwise(Operation *op, Type elementType, ShapeAnalysis &shapes,
                                    SmallVectorImpl<ShapeInfo> &results) {
  auto dims = broadcastShapes(shapes, op, op->getOperands());
  if (failed(dims))
    return failure();
  ShapeInfo info{elementType, *dims, std::nullopt};

  // Size arithmetic: + - * / on small integer vectors is followed symbolically.
  auto operands = op->getOperands();
  if (isa<IntegerType>(elementType) && info.rank() <= 1 && isa<AddOp, SubOp, MulOp, DivOp, CastOp>(op)) {
    auto count = shapes.dims().product(info.dims).constant();
    SmallVector<SmallVector<Dim, 4>> inputs;
    for (Value v : operands)
      if (auto elements = shapes.get(v).contents)
        inputs.push_back(*elements);
    if (count && *count <= kMaxTrackedElements && inputs.size() == operands.size()) {
      info.contents.emplace();
      for (int64_t i = 0; i < *count; ++i) {
        auto at = [&](unsigned operand) { return inputs[operand][inputs[operand].size() == 1 ? 0 : i]; };
        Dim d = at(0);
        if (isa<AddOp>(op))
          d = shapes.dims().add(d, at(1));
        else if (isa<SubOp>(op))
          d = shapes.dims().sub(d, at(1));
        else if (isa<MulOp>(op))
          d = shapes.dims().mul(d, at(1));
        else if (isa<DivOp>(op)) {
          // ONNX truncates towards zero; floor agrees when neither side is negative.
          if (!shapes.dims().isNonNegative(d) || at(1).isConstant(0) || !shapes.dims().isNonNegative(at(1))) {
            info.contents.reset();
            break;
          }
          d = shapes.dims().floorDiv(d, at(1));
        }
        info.contents->push_back(d);
      }
      // Narrow types wrap; sizes do not. Only 32- and 64-bit integers are followed.
      if (!elementType.isInteger(64) && !elementType.isInteger(32))
        info.contents.reset();
    }
  }
  results.push_back(std::move(info));
  return success();
}

LogicalResult cameo::emitIndexable(Operation *op, KernelEmitter &k, OpBuilder &b, ArrayRef<Tensor> operands,
                                   ArrayRef<Tensor> results) {
  auto indexable = cast<IndexableInterface>(op);
  const Tensor &result = results.front();
  k.parallelNest(b, op->getLoc(), result.dims, [&](OpBuilder &b, Location loc, ValueRange indices) {
    result.store(b, loc, indexable.elementAt(k, b, operands, result.dims, indices), indices);
  });
  return success();
}

Value cameo::pointwiseElement(Operation *op, KernelEmitter &k, OpBuilder &b, ArrayRef<Tensor> operands,
                              ArrayRef<Dim> resultDims, ValueRange indices) {
  SmallVector<Value> x;
  for (const Tensor &operand : operands)
    x.push_back(operand.load(b, op->getLoc(), broadcastIndices(b, op->getLoc(), k, operand, resultDims, indices)));
  return cast<PointwiseInterface>(op).buildScalar(b, x);
}
