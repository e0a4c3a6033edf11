// Softmax.cpp - softmax and its logarithm: shapes and loops.
#include "IndexHelpers.h"
#include "ReductionHelpers.h"

using namespace mlir;
using namespace cameo;

static LogicalResult inferSoftmax(Operation *op, Value x, int64_t axis, ShapeAnalysis &shapes,
                                  SmallVectorImpl<ShapeInfo> &results) {
  const ShapeInfo &info = shapes.get(x);
  if (failed(normalizeAxis(op, axis, info.rank()))) // C1
    return failure();
  results.push_back({info.elementType, info.dims, std::nullopt});
  return success();
}

/// Three passes over each row: maximum, sum of exponentials, results. A result that is a plain f32 or f64 buffer holds
/// the exponentials between the second and third pass; otherwise (fused consumers, f16) they are computed twice.
/// Without reassociation, each step of f16 and bf16 rounds as in ONNX's function body (README.md).
static LogicalResult emitSoftmax(Operation *op, KernelEmitter &k, OpBuilder &b, const KernelTensor &x,
                                 const KernelTensor &y, int64_t axis, bool isLog) {
  axis = axis < 0 ? axis + x.rank() : axis;
  Type type = computeType(x.elementType);
  SmallVector<Dim> outerDims(x.dims.begin(), x.dims.end());
  outerDims.erase(outerDims.begin() + axis);
  Value length = k.size(x.dims[axis]);
  bool keepsExponentials = !isLog && y.memref && y.elementType == type;
  bool roundsSteps = x.elementType != type && !k.mayReassociate();
  auto step = [&](OpBuilder &b, Location loc, Value value) {
    return roundsSteps ? convertScalar(b, loc, value, type, x.elementType) : value;
  };
  k.parallelNest(b, op->getLoc(), outerDims, [&](OpBuilder &b, Location loc, ValueRange outer) {
    auto position = [&](Value i) {
      SmallVector<Value> at(outer);
      at.insert(at.begin() + axis, i);
      return at;
    };
    Value lowest = constantScalar(b, loc, type, -std::numeric_limits<double>::infinity());
    Value maximum = reduceNest(b, loc, length, lowest,
                               [&](OpBuilder &b, Location loc, ValueRange i, ValueRange acc) -> SmallVector<Value> {
                                 return {maxScalar(b, loc, acc[0], x.load(b, loc, position(i[0])), x.elementType)};
                               })[0];
    auto shifted = [&](OpBuilder &b, Location loc, Value i) -> Value {
      return step(b, loc, arith::SubFOp::create(b, loc, x.load(b, loc, position(i)), maximum));
    };
    // What is next to nothing beside the maximum's 1 may be 0.
    auto flags = k.mayReassociate() ? arith::FastMathFlags::afn : arith::FastMathFlags::none;
    auto exponential = [&](OpBuilder &b, Location loc, Value i) -> Value {
      return step(b, loc, math::ExpOp::create(b, loc, shifted(b, loc, i), flags));
    };
    Value sum = sumNest(k, b, loc, x.elementType, length, [&](OpBuilder &b, Location loc, ValueRange i) {
      Value e = exponential(b, loc, i[0]);
      if (keepsExponentials)
        memref::StoreOp::create(b, loc, e, y.memref, position(i[0]));
      return e;
    });
    sum = convertScalar(b, loc, sum, sum.getType(), type);
    if (roundsSteps) { // where that is not above f16's range
      Value rounded = step(b, loc, sum), top = constantScalar(b, loc, type, std::numeric_limits<double>::infinity());
      Value fits = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNE, rounded, top);
      sum = arith::SelectOp::create(b, loc, fits, rounded, sum);
    }
    Value logSum, factor;
    if (isLog)
      logSum = step(b, loc, math::LogOp::create(b, loc, sum));
    else if (!roundsSteps)
      factor = arith::DivFOp::create(b, loc, constantScalar(b, loc, type, 1), sum);
    loopNest(b, loc, length, [&](OpBuilder &b, Location loc, ValueRange i) {
      SmallVector<Value> at = position(i[0]);
      Value value;
      if (isLog)
        value = arith::SubFOp::create(b, loc, shifted(b, loc, i[0]), logSum);
      else if (roundsSteps)
        value = arith::DivFOp::create(b, loc, exponential(b, loc, i[0]), sum);
      else if (keepsExponentials)
        value = arith::MulFOp::create(b, loc, Value(memref::LoadOp::create(b, loc, y.memref, at)), factor);
      else
        value = arith::MulFOp::create(b, loc, exponential(b, loc, i[0]), factor);
      y.store(b, loc, value, at);
    });
  });
  return success();
}

/// `perElement` for each element and one for each row.
static Dim rowwiseFlops(ShapeAnalysis &shapes, Value x, int64_t axis, int64_t perElement) {
  DimContext &d = shapes.dims();
  Dim rows = d.constant(1);
  for (auto [i, size] : llvm::enumerate(shapes.dimsOf(x)))
    if (int64_t(i) != axisFromFront(axis, shapes.rank(x)))
      rows = d.mul(rows, size);
  return d.add(d.mul(shapes.numElements(x), perElement), rows);
}
// Exponentials that cannot be kept in the result, because that is narrower, are computed twice, and each is divided.
Dim SoftmaxOp::flops(ShapeAnalysis &shapes) {
  Type type = getElementTypeOrSelf(getX().getType());
  return computeType(type) == type ? rowwiseFlops(shapes, getX(), getAxis(), 5)
                                   : shapes.dims().mul(shapes.numElements(getX()), 7);
}
Dim LogSoftmaxOp::flops(ShapeAnalysis &shapes) { return rowwiseFlops(shapes, getX(), getAxis(), 6); }

LogicalResult SoftmaxOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  return inferSoftmax(*this, getX(), getAxis(), shapes, results);
}
LogicalResult SoftmaxOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                   ArrayRef<KernelTensor> results) {
  return emitSoftmax(*this, k, b, operands[0], results[0], getAxis(), /*isLog=*/false);
}
bool SoftmaxOp::allowsEpilogue() { return true; }
bool SoftmaxOp::allowsPrologue(unsigned) { return false; }

LogicalResult LogSoftmaxOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  return inferSoftmax(*this, getX(), getAxis(), shapes, results);
}
LogicalResult LogSoftmaxOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                      ArrayRef<KernelTensor> results) {
  return emitSoftmax(*this, k, b, operands[0], results[0], getAxis(), /*isLog=*/true);
}
bool LogSoftmaxOp::allowsEpilogue() { return true; }
bool LogSoftmaxOp::allowsPrologue(unsigned) { return false; }
