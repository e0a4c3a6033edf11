// KernelVectors.cpp - what anchors store as whole vectors: the ops behind them, applied to vectors, and broadcast
// operands of these.
#include "LoopKernelBuilder.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::codegen;

/// A buffer as a matrix: all axes but the last flattened; there may be room between its rows. Rank 0 becomes 1x1.
Value LoopKernelBuilder::rows(const KernelTensor &t) {
  Value &matrix = matrices[t.memref];
  if (matrix)
    return matrix;
  DimContext &d = analysis.dims();
  Dim last = t.dims.empty() ? d.constant(1) : t.dims.back();
  Dim leading = t.dims.empty() ? last : d.product(ArrayRef(t.dims).drop_back());
  OpBuilder b(sizesEnd);
  return matrix = view(b, t.buffer, t.elementType, {leading, last}, {leading, t.dims.empty() ? last : t.memory.back()});
}

/// The row of a broadcast operand that row `row` of the result reads.
Value LoopKernelBuilder::rowOf(OpBuilder &b, Location loc, const KernelTensor &t, ArrayRef<Dim> resultDims, Value row) {
  ArrayRef<Dim> own = t.dims, leading = resultDims.drop_back();
  own = own.empty() ? own : own.drop_back();
  if (own == leading)
    return row;
  if (llvm::all_of(own, [](Dim d) { return d.isConstant(1); }))
    return constantIndex(b, loc, 0);
  SmallVector<Value> indices(leading.size());
  for (int64_t i = int64_t(leading.size()) - 1; i >= 0; --i) {
    indices[i] = i == 0 ? row : b.createOrFold<arith::RemUIOp>(loc, row, size(leading[i]));
    if (i > 0)
      row = b.createOrFold<arith::DivUIOp>(loc, row, size(leading[i]));
  }
  KernelTensor outer;
  outer.dims.assign(own.begin(), own.end());
  Value result = constantIndex(b, loc, 0);
  for (auto [index, d] : llvm::zip(broadcastIndices(b, loc, *this, outer, leading, indices), own))
    result = b.createOrFold<arith::AddIOp>(loc, b.createOrFold<arith::MulIOp>(loc, result, size(d)), index);
  return result;
}

/// A vector of stored elements as its compute type.
static Value fromStorage(OpBuilder &b, Location loc, Value vector, Type elementType) {
  auto type = cast<VectorType>(vector.getType());
  if (elementType.isInteger(1))
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, vector,
                                 arith::ConstantOp::create(b, loc, b.getZeroAttr(type)));
  if (elementType.isF16() || elementType.isBF16())
    return arith::ExtFOp::create(b, loc, type.clone(b.getF32Type()), vector);
  return vector;
}

Value LoopKernelBuilder::loadVector(OpBuilder &b, Location loc, const KernelTensor &t, ArrayRef<Dim> resultDims,
                                    const VectorPosition &at, int64_t lanes) {
  auto type = VectorType::get({lanes}, computeType(t.elementType));
  Dim width = t.dims.empty() ? analysis.dims().constant(1) : t.dims.back();
  Value row = rowOf(b, loc, t, resultDims, at.row);
  Value matrix = isPacked(t.elementType) ? Value() : rows(t);
  auto number = [&](Value column) { // of a packed element
    return b.createOrFold<arith::AddIOp>(loc, b.createOrFold<arith::MulIOp>(loc, row, size(width)), column);
  };
  auto element = [&](Value column) {
    return matrix ? loadElement(b, loc, matrix, {row, column}, t.elementType)
                  : loadPacked(b, loc, t.buffer, number(column), t.elementType);
  };
  if (width.isConstant(1))
    return vector::BroadcastOp::create(b, loc, type, element(constantIndex(b, loc, 0)));
  auto storage = VectorType::get({lanes}, storageType(t.elementType));
  if (width == resultDims.back() || width.constant()) {
    Value loaded;
    if (!matrix)
      return loadPackedVector(b, loc, type, t.buffer, number(at.column), t.elementType, at.mask);
    if (at.mask)
      loaded = vector::MaskedLoadOp::create(b, loc, storage, matrix, ValueRange{row, at.column}, at.mask,
                                            arith::ConstantOp::create(b, loc, b.getZeroAttr(storage)));
    else
      loaded = vector::LoadOp::create(b, loc, storage, matrix, ValueRange{row, at.column});
    return fromStorage(b, loc, loaded, t.elementType);
  }
  // Only the run knows whether this axis broadcasts.
  Value vector = arith::ConstantOp::create(b, loc, b.getZeroAttr(type));
  Value last = arith::SubIOp::create(b, loc, size(resultDims.back()), constantIndex(b, loc, 1));
  for (int64_t lane = 0; lane < lanes; ++lane) {
    Value column = arith::AddIOp::create(b, loc, at.column, constantIndex(b, loc, lane));
    column = arith::MinSIOp::create(b, loc, column, last); // lanes that do not exist read the last that does
    KernelTensor axis;
    axis.dims.push_back(width);
    Value own = broadcastIndices(b, loc, *this, axis, resultDims.back(), column).front();
    vector = vector::InsertOp::create(b, loc, element(own), vector, lane);
  }
  return vector;
}

Value LoopKernelBuilder::readVector(OpBuilder &b, Location loc, Value value, ArrayRef<Dim> resultDims,
                                    const VectorPosition &at, int64_t lanes) {
  if (Value vector = pinned.lookup(value))
    return vector;
  if (auto it = buffers.find(value); it != buffers.end())
    return pinned[value] = loadVector(b, loc, it->second, resultDims, at, lanes);
  Operation *op = value.getDefiningOp();
  if (auto constant = dyn_cast<ConstantOp>(op)) {
    auto type = VectorType::get({lanes}, computeType(getElementTypeOrSelf(value.getType())));
    TypedAttr attr = splatElement(constant, type.getElementType());
    return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(type, Attribute(attr)));
  }
  SmallVector<Value> x =
      llvm::map_to_vector(op->getOperands(), [&](Value v) { return readVector(b, loc, v, resultDims, at, lanes); });
  return pinned[value] = cast<PointwiseInterface>(op).buildScalar(b, x);
}

void LoopKernelBuilder::storeVector(OpBuilder &b, Location loc, unsigned result, Value vector,
                                    const VectorPosition &at) {
  Value value = anchorsOf().front()->getResult(result);
  int64_t lanes = cast<VectorType>(vector.getType()).getNumElements();
  pinned[value] = vector; // with everything computed from it, until this vector is stored
  for (auto &[y, tensors] : outputs) {
    // Another result of the anchor, which stores it by itself; nothing is fused behind one of several.
    if (y != value && y.getDefiningOp() == value.getDefiningOp())
      continue;
    Value computed = readVector(b, loc, y, analysis.get(value).dims, at, lanes);
    for (KernelTensor &t : tensors) {
      Value stored = toStorage(b, loc, computed, t.elementType), matrix = rows(t);
      if (at.mask)
        vector::MaskedStoreOp::create(b, loc, matrix, ValueRange{at.row, at.column}, at.mask, stored);
      else
        vector::StoreOp::create(b, loc, stored, matrix, ValueRange{at.row, at.column});
    }
  }
  pinned.clear();
}
