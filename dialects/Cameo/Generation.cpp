// Generation.cpp - shapes and elements of range, eye_like and one_hot.
#include "IndexHelpers.h"

using namespace mlir;
using namespace cameo;

#define GET_OP_CLASSES
#include "cameo/Dialect/Cameo/GenerationOps.cpp.inc"

namespace cameo {
void registerGenerationOps(CameoDialect &dialect) {
  dialect.addFamily<
#define GET_OP_LIST
#include "cameo/Dialect/Cameo/GenerationOps.cpp.inc"
      >();
}
} // namespace cameo

// ---- range
// ----------------------------------------------------------------------------------------------------------------

LogicalResult RangeOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  Operation *op = getOperation();
  if (failed(verifyOneElement(op, shapes, getStart(), "start")) ||
      failed(verifyOneElement(op, shapes, getDelta(), "delta")) ||
      failed(verifyOneElement(op, shapes, getCount(), "count")))
    return failure(); // C1
  Type element = shapes.get(getStart()).elementType, other = shapes.get(getDelta()).elementType;
  if (element != other)
    return emitOpError("start has element type ") << element << ", delta " << other << "; expected one type"; // C2
  DimContext &d = shapes.dims();
  auto count = shapes.elements(getCount());
  if (!count)
    return emitOpError("count is not a tensor of one element"); // C1
  ShapeInfo info{element, {d.max(count->front(), d.constant(0))}, std::nullopt};
  auto start = shapes.elements(getStart()), delta = shapes.elements(getDelta());
  if (auto n = info.dims[0].constant(); n && *n <= kMaxTrackedElements && start && delta && element.isInteger(64)) {
    info.contents.emplace();
    for (int64_t i = 0; i < *n; ++i)
      info.contents->push_back(d.add(start->front(), d.mul(delta->front(), i)));
  }
  results.push_back(std::move(info));
  return success();
}

Value RangeOp::elementAt(KernelEmitter &, OpBuilder &b, ArrayRef<Tensor> operands, ArrayRef<Dim>, ValueRange indices) {
  Location loc = getLoc();
  Value start = loadScalar(b, loc, operands[0]), delta = loadScalar(b, loc, operands[1]);
  Value i = convertScalar(b, loc, indexToI64(b, loc, indices[0]), b.getI64Type(), computeType(operands[0].elementType));
  return addScalar(b, loc, start, mulScalar(b, loc, i, delta));
}

// ---- eye_like
// -------------------------------------------------------------------------------------------------------------

LogicalResult EyeLikeOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  const ShapeInfo &x = shapes.get(getX());
  if (x.rank() != 2)
    return emitOpError("operand has rank ") << x.rank() << "; expected 2"; // C1
  results.push_back({getTo(), x.dims, std::nullopt});
  return success();
}

Value EyeLikeOp::elementAt(KernelEmitter &, OpBuilder &b, ArrayRef<Tensor>, ArrayRef<Dim>, ValueRange indices) {
  Location loc = getLoc();
  Value onDiagonal = isEqual(b, loc, subIndex(b, loc, indices[1], indices[0]), constantIndex(b, loc, getK()));
  return convertScalar(b, loc, onDiagonal, b.getI1Type(), getTo());
}

// ---- one_hot
// --------------------------------------------------------------------------------------------------------------

LogicalResult OneHotOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  const ShapeInfo &indices = shapes.get(getIndices()), &values = shapes.get(getValues());
  auto axis = normalizeAxis(getOperation(), getAxis(), indices.rank() + 1); // C1
  if (failed(axis))
    return failure();
  auto depth = shapes.elements(getDepth());
  if (!depth || depth->size() != 1)
    return emitOpError("depth is not a tensor of one element"); // C2
  if (values.rank() != 1)
    return emitOpError("values has rank ") << values.rank() << "; expected 1"; // C3
  DimContext &d = shapes.dims();
  if (failed(verifySameSize(getOperation(), values.dims[0], d.constant(2), "the number of values")))
    return failure(); // C3
  if (auto c = depth->front().constant(); c && *c < 0)
    return emitOpError("depth is ") << *c << "; expected 0 or more"; // C2
  ShapeInfo info{values.elementType, indices.dims, std::nullopt};
  info.dims.insert(info.dims.begin() + *axis, d.max(depth->front(), d.constant(0)));
  results.push_back(std::move(info));
  return success();
}

Value OneHotOp::elementAt(KernelEmitter &k, OpBuilder &b, ArrayRef<Tensor> operands, ArrayRef<Dim> resultDims,
                          ValueRange indices) {
  Location loc = getLoc();
  int64_t axis = axisFromFront(getAxis(), resultDims.size());
  SmallVector<Value> source(indices);
  source.erase(source.begin() + axis);
  Value zero = constantIndex(b, loc, 0), one = constantIndex(b, loc, 1);
  Value index = toIndex(b, loc, operands[0].load(b, loc, source), operands[0].elementType);
  Value wrapped = arith::SelectOp::create(b, loc, isLess(b, loc, index, zero),
                                          addIndex(b, loc, index, k.size(resultDims[axis])), index);
  Value off = operands[2].load(b, loc, ValueRange{zero}), on = operands[2].load(b, loc, ValueRange{one});
  return arith::SelectOp::create(b, loc, isEqual(b, loc, wrapped, indices[axis]), on, off);
}
