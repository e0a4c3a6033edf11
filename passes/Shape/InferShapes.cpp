// InferShapes.cpp - asks the shape functions, checks the types against them and refines these.
#include "cameo/Dialect/Cameo/Cameo.h"
#include "cameo/Passes/Remarks.h"
#include "cameo/Passes/Shape/Passes.h"

namespace cameo {
#define GEN_PASS_DEF_INFERSHAPESPASS
#include "cameo/Passes/Shape/Passes.h.inc"
} // namespace cameo

using namespace mlir;
using namespace cameo;

namespace {

struct InferShapes : public cameo::impl::InferShapesPassBase<InferShapes> {
  using InferShapesPassBase::InferShapesPassBase;

  void runOnOperation() override {
    ShapeAnalysis shapes;
    WalkResult walked = getOperation().walk([&](ShapeInterface op) { return WalkResult(refine(shapes, op)); });
    if (walked.wasInterrupted())
      return signalPassFailure();
    if (!getOperation().isExternal())
      followReturn(getOperation());
  }

  /// tensor<?x8xf32> whose sizes turn out to be 2x8  ->  tensor<2x8xf32>
  LogicalResult refine(ShapeAnalysis &shapes, ShapeInterface op) {
    SmallVector<ShapeInfo> inferred;
    if (failed(op.inferShapes(shapes, inferred)))
      return failure();
    for (auto [result, info] : llvm::zip_equal(op->getResults(), inferred)) {
      auto type = cast<RankedTensorType>(result.getType());
      if (type.getElementType() != info.elementType || failed(verifyCompatibleShape(type, info.type())))
        return op->emitOpError("result ")
               << result.getResultNumber() << " has type " << type << ", but its operands give " << info.type();
      SmallVector<int64_t> sizes(type.getShape());
      for (auto [size, dim] : llvm::zip(sizes, info.dims))
        if (ShapedType::isDynamic(size))
          size = dim.asStatic();
      if (ArrayRef(sizes) == type.getShape())
        continue;
      result.setType(type.clone(sizes));
      changed(getArgument(), op.getLoc(), "types refined") << "its sizes are known to be constants";
    }
    return success();
  }
};

} // namespace
