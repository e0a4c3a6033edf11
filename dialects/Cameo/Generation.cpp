// Generation.cpp - shapes and elements of range, eye_like, one_hot and random.
#include "Interpolation.h"

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

Value RangeOp::elementAt(KernelEmitter &, OpBuilder &b, ArrayRef<KernelTensor> operands, ArrayRef<Dim>,
                         ValueRange indices) {
  Location loc = getLoc();
  Value start = loadScalar(b, loc, operands[0]), delta = loadScalar(b, loc, operands[1]);
  Value i = convertScalar(b, loc, indexToI64(b, loc, indices[0]), b.getI64Type(), computeType(operands[0].elementType));
  return addScalar(b, loc, start, mulScalar(b, loc, i, delta));
}

// ---- eye_like

LogicalResult EyeLikeOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  const ShapeInfo &x = shapes.get(getX());
  if (x.rank() != 2)
    return emitOpError("operand has rank ") << x.rank() << "; expected 2"; // C1
  results.push_back({getTo(), x.dims, std::nullopt});
  return success();
}

Value EyeLikeOp::elementAt(KernelEmitter &, OpBuilder &b, ArrayRef<KernelTensor>, ArrayRef<Dim>, ValueRange indices) {
  Location loc = getLoc();
  Value onDiagonal = isEqual(b, loc, subIndex(b, loc, indices[1], indices[0]), constantIndex(b, loc, getK()));
  return convertScalar(b, loc, onDiagonal, b.getI1Type(), getTo());
}

// ---- one_hot

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

Value OneHotOp::elementAt(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands, ArrayRef<Dim> resultDims,
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

// ---- random

LogicalResult RandomOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  auto sizes = shapes.elements(getSizes());
  if (!sizes || shapes.rank(getSizes()) != 1)
    return emitOpError("operand sizes has shape ")
           << formatShape(shapes.dimsOf(getSizes())) << "; expected a vector of known length"; // C1
  if (getDistribution() != "uniform" && getDistribution() != "normal")
    return emitOpError("distribution is '") << getDistribution() << "'; expected uniform or normal"; // C2
  results.push_back({getTo(), {sizes->begin(), sizes->end()}, std::nullopt});
  return success();
}

/// Number `index` of the sequence that `seed` begins, as a float in [0, 1).
static Value randomFloat(OpBuilder &b, Location loc, Type type, int64_t seed, Value index) {
  Type i64 = b.getI64Type();
  auto constant = [&](uint64_t v) { return constantInt(b, loc, i64, int64_t(v)); };
  auto mix = [&](Value z, int64_t shift, uint64_t factor) -> Value {
    z = arith::XOrIOp::create(b, loc, z, Value(arith::ShRUIOp::create(b, loc, z, constant(shift))));
    return factor ? Value(arith::MulIOp::create(b, loc, z, constant(factor))) : z;
  };
  Value z = arith::AddIOp::create(b, loc, Value(arith::MulIOp::create(b, loc, index, constant(0x9E3779B97F4A7C15))),
                                  constant(uint64_t(seed) + 0x9E3779B97F4A7C15));
  z = mix(mix(mix(z, 30, 0xBF58476D1CE4E5B9), 27, 0x94D049BB133111EB), 31, 0);
  // As many of the high bits as the type holds exactly.
  int64_t bits = type.isF64() ? 53 : 24;
  z = arith::ShRUIOp::create(b, loc, z, constant(64 - bits));
  return FloatMath(b, loc, type).mul(arith::SIToFPOp::create(b, loc, type, z), std::ldexp(1.0, -int(bits)));
}

Value RandomOp::elementAt(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor>, ArrayRef<Dim> resultDims,
                          ValueRange indices) {
  Location loc = getLoc();
  Type type = computeType(getTo());
  FloatMath m(b, loc, type);
  Value linear = constantIndex(b, loc, 0);
  for (auto [index, d] : llvm::zip(indices, resultDims))
    linear = addIndex(b, loc, mulIndex(b, loc, linear, k.size(d)), index);
  Value number = indexToI64(b, loc, linear);
  double first = getA().convertToDouble(), second = getB().convertToDouble();
  Value value;
  if (getDistribution() == "uniform") {
    value = m.add(m.mul(randomFloat(b, loc, type, getSeed(), number), second - first), first);
  } else {
    Value two = constantInt(b, loc, b.getI64Type(), 2), one = constantInt(b, loc, b.getI64Type(), 1);
    Value even = arith::MulIOp::create(b, loc, number, two), odd = arith::AddIOp::create(b, loc, even, one);
    Value u = m.sub(m.constant(1), randomFloat(b, loc, type, getSeed(), even)),
          v = randomFloat(b, loc, type, getSeed(), odd);
    Value radius = math::SqrtOp::create(b, loc, m.mul(math::LogOp::create(b, loc, u), -2));
    Value normal = m.mul(radius, math::CosOp::create(b, loc, m.mul(v, 2 * M_PI)));
    value = m.add(m.mul(normal, second), first);
  }
  return convertScalar(b, loc, value, type, getTo());
}
