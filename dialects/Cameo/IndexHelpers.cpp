// IndexHelpers.cpp - the range checks and guarded accesses declared in IndexHelpers.h.
#include "IndexHelpers.h"
#include "cameo/Support/ErrorCode.h"

using namespace mlir;
using namespace cameo;

FailureOr<SmallVector<Dim, 4>> cameo::wantedSizes(Operation *op, ShapeAnalysis &shapes, Value sizes) {
  if (shapes.rank(sizes) == 1)
    if (auto rank = shapes.dim(sizes, 0).constant(); rank && *rank > kMaxTrackedElements)
      return withCode("E-RANK", op->emitOpError())
             << "gives a tensor of rank " << *rank << "; the limit is " << kMaxTrackedElements;
  auto elements = shapes.elements(sizes);
  if (!elements || shapes.rank(sizes) != 1)
    return op->emitOpError("the length of the shape operand is not known at compile time, so the result's rank is not");
  return *elements;
}

Value cameo::indexToI64(OpBuilder &b, Location loc, Value x) {
  return arith::IndexCastOp::create(b, loc, b.getI64Type(), x);
}
Value cameo::addIndex(OpBuilder &b, Location loc, Value x, Value y) { return b.createOrFold<arith::AddIOp>(loc, x, y); }
Value cameo::subIndex(OpBuilder &b, Location loc, Value x, Value y) { return b.createOrFold<arith::SubIOp>(loc, x, y); }
Value cameo::mulIndex(OpBuilder &b, Location loc, Value x, Value y) { return b.createOrFold<arith::MulIOp>(loc, x, y); }
Value cameo::minIndex(OpBuilder &b, Location loc, Value x, Value y) {
  return b.createOrFold<arith::MinSIOp>(loc, x, y);
}
Value cameo::maxIndex(OpBuilder &b, Location loc, Value x, Value y) {
  return b.createOrFold<arith::MaxSIOp>(loc, x, y);
}
Value cameo::isLess(OpBuilder &b, Location loc, Value x, Value y) {
  return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, x, y);
}
Value cameo::isEqual(OpBuilder &b, Location loc, Value x, Value y) {
  return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, x, y);
}

CheckedIndex cameo::checkIndex(KernelEmitter &k, OpBuilder &b, Location loc, Value index, Dim size, StringRef what,
                               bool allowNegative) {
  Value zero = constantIndex(b, loc, 0), n = k.size(size);
  Value wrapped = index;
  if (allowNegative)
    wrapped = arith::SelectOp::create(b, loc, isLess(b, loc, index, zero), addIndex(b, loc, index, n), index);
  // Unsigned: what is still negative is huge.
  Value ok = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, wrapped, n);
  Value bad = arith::XOrIOp::create(b, loc, ok, constantInt(b, loc, b.getI1Type(), 1));
  std::string message = (what + " %lld is outside the axis").str();
  if (auto known = size.constant())
    message += " of size " + std::to_string(*known);
  k.failIf(b, loc, bad, CAMEO_OUT_OF_RANGE, message, indexToI64(b, loc, index));
  return {arith::SelectOp::create(b, loc, ok, wrapped, zero), ok};
}

Value cameo::loadIf(OpBuilder &b, Location loc, const KernelTensor &tensor, ValueRange indices, Value ok) {
  bool neverEmpty = llvm::all_of(tensor.dims, [](Dim d) { return d.constant() && *d.constant() > 0; });
  if (!ok || neverEmpty)
    return tensor.load(b, loc, indices);
  Type type = computeType(tensor.elementType);
  auto branch = scf::IfOp::create(b, loc, TypeRange{type}, ok, /*withElseRegion=*/true);
  OpBuilder thenBuilder = branch.getThenBodyBuilder(), elseBuilder = branch.getElseBodyBuilder();
  scf::YieldOp::create(thenBuilder, loc, tensor.load(thenBuilder, loc, indices));
  scf::YieldOp::create(elseBuilder, loc, constantScalar(elseBuilder, loc, type, 0));
  return branch.getResult(0);
}

Value cameo::loadWithin(KernelEmitter &k, OpBuilder &b, Location loc, const KernelTensor &tensor,
                        ArrayRef<Dim> expected, ValueRange indices, int64_t skippedAxis) {
  Value inside;
  for (auto [axis, d] : llvm::enumerate(tensor.dims)) {
    if (int64_t(axis) == skippedAxis || d == expected[axis])
      continue;
    Value fits = isLess(b, loc, indices[axis], k.size(d));
    inside = inside ? Value(arith::AndIOp::create(b, loc, inside, fits)) : fits;
  }
  if (!inside)
    return tensor.load(b, loc, indices);
  Value bad = arith::XOrIOp::create(b, loc, inside, constantInt(b, loc, b.getI1Type(), 1));
  k.failIf(b, loc, bad, CAMEO_SHAPE_MISMATCH, "sizes of the operands differ at run time");
  Type type = computeType(tensor.elementType);
  auto branch = scf::IfOp::create(b, loc, TypeRange{type}, inside, /*withElseRegion=*/true);
  OpBuilder thenBuilder = branch.getThenBodyBuilder(), elseBuilder = branch.getElseBodyBuilder();
  scf::YieldOp::create(thenBuilder, loc, tensor.load(thenBuilder, loc, indices));
  scf::YieldOp::create(elseBuilder, loc, constantScalar(elseBuilder, loc, type, 0));
  return branch.getResult(0);
}

ChannelBlocks::ChannelBlocks(KernelEmitter &k, Dim size, int64_t most) {
  int64_t known = size.constant().value_or(0);
  perBlock = k.mayReassociate() ? std::max<int64_t>(1, known ? std::min(known, most) : most) : 1;
  blocks = k.dims().ceilDiv(size, perBlock);
  if (known % perBlock || (!known && perBlock > 1))
    channels = k.size(size);
}

SmallVector<Value> ChannelBlocks::of(OpBuilder &b, Location loc, Value block) const {
  SmallVector<Value> result;
  Value first = mulIndex(b, loc, block, constantIndex(b, loc, perBlock)), one = constantIndex(b, loc, 1);
  for (int64_t i = 0; i < perBlock; ++i) {
    Value channel = addIndex(b, loc, first, constantIndex(b, loc, i));
    result.push_back(channels ? minIndex(b, loc, channel, subIndex(b, loc, channels, one)) : channel);
  }
  return result;
}

Value cameo::loadScalar(OpBuilder &b, Location loc, const KernelTensor &tensor) {
  SmallVector<Value> indices(tensor.rank(), Value());
  for (Value &index : indices)
    index = constantIndex(b, loc, 0);
  return tensor.load(b, loc, indices);
}

Value cameo::loadScalarIndex(KernelEmitter &k, OpBuilder &b, Location loc, Value operand, const KernelTensor &tensor) {
  if (auto known = k.shapes().constantElements(operand); known && known->size() == 1)
    return constantIndex(b, loc, known->front());
  return toIndex(b, loc, loadScalar(b, loc, tensor), tensor.elementType);
}

KernelTensor cameo::operandTensor(Operation *op, ArrayRef<KernelTensor> operands, Value operand) {
  return operand ? operands[llvm::find(op->getOperands(), operand) - op->operand_begin()] : KernelTensor();
}

Value cameo::loadStored(OpBuilder &b, Location loc, const KernelTensor &result, ValueRange indices) {
  if (result.loader)
    return result.load(b, loc, indices);
  Value stored = memref::LoadOp::create(b, loc, result.memref, indices);
  Type element = result.elementType;
  if (element.isInteger(1))
    return arith::TruncIOp::create(b, loc, b.getI1Type(), stored);
  if (element.isF16() || element.isBF16())
    return arith::ExtFOp::create(b, loc, b.getF32Type(), stored);
  return stored;
}

LogicalResult cameo::verifyOneElement(Operation *op, ShapeAnalysis &shapes, Value operand, StringRef name) {
  const ShapeInfo &info = shapes.get(operand);
  auto count = shapes.dims().product(info.dims).constant();
  if (info.rank() > 1 || (count && *count != 1))
    return op->emitOpError("operand ") << name << " has shape " << formatShape(info.dims) << "; expected one element";
  return success();
}

LogicalResult cameo::verifySameSize(Operation *op, Dim found, Dim wanted, const Twine &what) {
  auto a = found.constant(), c = wanted.constant();
  if (a && c && *a != *c)
    return op->emitOpError() << what << " is " << *a << "; expected " << *c;
  return success();
}
