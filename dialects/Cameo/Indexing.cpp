// Indexing.cpp - shapes and loops of gathers, scatters and selection by condition.
#include "IndexHelpers.h"

using namespace mlir;
using namespace cameo;

#define GET_OP_CLASSES
#include "cameo/Dialect/Cameo/IndexingOps.cpp.inc"

namespace cameo {
void registerIndexingOps(CameoDialect &dialect) {
  dialect.addFamily<
#define GET_OP_LIST
#include "cameo/Dialect/Cameo/IndexingOps.cpp.inc"
      >();
}
} // namespace cameo

/// The element of `indices` at `at`, checked against an axis of `size`.
static CheckedIndex indexAt(KernelEmitter &k, OpBuilder &b, Location loc, const KernelTensor &indices, ValueRange at,
                            Dim size) {
  return checkIndex(k, b, loc, toIndex(b, loc, indices.load(b, loc, at), indices.elementType), size, "index");
}

static Value both(OpBuilder &b, Location loc, Value x, Value y) {
  return x ? Value(arith::AndIOp::create(b, loc, x, y)) : y;
}

/// Known indices are checked once, at compile time.
static LogicalResult verifyIndices(Operation *op, ShapeAnalysis &shapes, Value indices, Dim size) {
  auto n = size.constant();
  auto known = shapes.constantElements(indices);
  if (n && known)
    for (int64_t index : *known)
      if (index < -*n || index >= *n)
        return op->emitOpError("index ") << index << " is outside the axis of size " << *n << "; expected " << -*n
                                         << " to " << *n - 1;
  return success();
}

// ---- gather

LogicalResult GatherOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  const ShapeInfo &x = shapes.get(getX()), &indices = shapes.get(getIndices());
  auto axis = normalizeAxis(getOperation(), getAxis(), x.rank()); // C1
  if (failed(axis) || failed(verifyIndices(getOperation(), shapes, getIndices(), x.dims[*axis])))
    return failure(); // C2
  ShapeInfo info{x.elementType, {}, std::nullopt};
  info.dims.append(x.dims.begin(), x.dims.begin() + *axis);
  info.dims.append(indices.dims);
  info.dims.append(x.dims.begin() + *axis + 1, x.dims.end());
  auto known = shapes.constantElements(getIndices());
  if (x.contents && x.rank() == 1 && known && indices.rank() <= 1) {
    info.contents.emplace();
    int64_t n = x.contents->size();
    for (int64_t index : *known)
      info.contents->push_back((*x.contents)[index < 0 ? index + n : index]);
  }
  results.push_back(std::move(info));
  return success();
}

Value GatherOp::elementAt(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands, ArrayRef<Dim>,
                          ValueRange indices) {
  const KernelTensor &x = operands[0];
  int64_t axis = axisFromFront(getAxis(), x.rank()), count = operands[1].rank();
  CheckedIndex index = indexAt(k, b, getLoc(), operands[1], indices.slice(axis, count), x.dims[axis]);
  SmallVector<Value> source(indices.take_front(axis));
  source.push_back(index.index);
  llvm::append_range(source, indices.drop_front(axis + count));
  return loadIf(b, getLoc(), x, source, index.ok);
}

LogicalResult GatherOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                  ArrayRef<KernelTensor> results) {
  // Each index is checked once; the slice behind it is then a plain copy.
  const KernelTensor &x = operands[0], &result = results[0];
  int64_t axis = axisFromFront(getAxis(), x.rank()), count = operands[1].rank();
  ArrayRef<Dim> dims = result.dims, inner = dims.drop_front(axis + count);
  k.parallelNest(b, getLoc(), dims.take_front(axis + count), [&](OpBuilder &b, Location loc, ValueRange outer) {
    CheckedIndex index = indexAt(k, b, loc, operands[1], outer.drop_front(axis), x.dims[axis]);
    loopNest(b, loc, sizesOf(k, inner), [&](OpBuilder &b, Location loc, ValueRange rest) {
      SmallVector<Value> from(outer.take_front(axis)), to(outer);
      from.push_back(index.index);
      llvm::append_range(from, rest);
      llvm::append_range(to, rest);
      result.store(b, loc, loadIf(b, loc, x, from, index.ok), to);
    });
  });
  return success();
}

bool GatherOp::allowsPrologue(unsigned operand) {
  // A row may be picked many times, unless there are no more indices than rows.
  auto x = cast<RankedTensorType>(getX().getType()), indices = cast<RankedTensorType>(getIndices().getType());
  int64_t rows = x.getShape()[axisFromFront(getAxis(), x.getRank())];
  return operand == 1 ? indices.getRank() <= 1
                      : indices.hasStaticShape() && (indices.getNumElements() <= 1 || indices.getNumElements() <= rows);
}

// ---- gather_elements

LogicalResult GatherElementsOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  const ShapeInfo &x = shapes.get(getX()), &indices = shapes.get(getIndices());
  if (x.rank() != indices.rank())
    return emitOpError("operand has rank ")
           << x.rank() << ", indices rank " << indices.rank() << "; expected one rank"; // C1
  auto axis = normalizeAxis(getOperation(), getAxis(), x.rank());                       // C2
  if (failed(axis) || failed(verifyIndices(getOperation(), shapes, getIndices(), x.dims[*axis])))
    return failure();
  for (int64_t i = 0; i < x.rank(); ++i)
    if (auto a = indices.dims[i].constant(), n = x.dims[i].constant(); i != *axis && a && n && *a > *n)
      return emitOpError("indices have shape ") << formatShape(indices.dims) << ", which is longer than the operand's "
                                                << formatShape(x.dims) << " on axis " << i; // C3
  results.push_back({x.elementType, indices.dims, std::nullopt});
  return success();
}

Value GatherElementsOp::elementAt(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                  ArrayRef<Dim> resultDims, ValueRange indices) {
  const KernelTensor &x = operands[0];
  int64_t axis = axisFromFront(getAxis(), x.rank());
  CheckedIndex index = indexAt(k, b, getLoc(), operands[1], indices, x.dims[axis]);
  SmallVector<Value> source(indices);
  source[axis] = index.index;
  Value ok = index.ok;
  for (int64_t i = 0; i < x.rank(); ++i)
    if (i != axis && x.dims[i] != resultDims[i] && !(x.dims[i].constant() && resultDims[i].constant())) {
      CheckedIndex position = checkIndex(k, b, getLoc(), indices[i], x.dims[i], "position", /*allowNegative=*/false);
      source[i] = position.index;
      ok = both(b, getLoc(), ok, position.ok);
    }
  return loadIf(b, getLoc(), x, source, ok);
}

// ---- gather_nd

LogicalResult GatherNDOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  const ShapeInfo &x = shapes.get(getX()), &indices = shapes.get(getIndices());
  int64_t batch = getBatchDims();
  if (indices.rank() < 1 || batch < 0 || batch >= indices.rank())
    return emitOpError("batch_dims is ") << batch << ", but indices have rank " << indices.rank() << "; expected 0 to "
                                         << indices.rank() - 1; // C2
  auto m = indices.dims.back().constant();
  if (!m)
    return emitOpError("the last size of indices is not known at compile time, so the result's rank is not"); // C1
  if (batch + *m > x.rank())
    return emitOpError("tuples of ") << *m << " indices after " << batch << " batch axes do not fit an operand of rank "
                                     << x.rank(); // C1
  ShapeInfo info{x.elementType, {}, std::nullopt};
  for (int64_t i = 0; i < batch; ++i)
    if (failed(verifySameSize(getOperation(), indices.dims[i], x.dims[i], "batch axis " + Twine(i) + " of indices")))
      return failure(); // C3
  info.dims.append(indices.dims.begin(), indices.dims.end() - 1);
  info.dims.append(x.dims.begin() + batch + *m, x.dims.end());
  results.push_back(std::move(info));
  return success();
}

/// Indices tuple[0..m) at `at` of `indices`, each checked against its axis of `x` from `firstAxis`; `ok` is true when
/// all fit.
static std::pair<SmallVector<Value>, Value> tupleAt(KernelEmitter &k, OpBuilder &b, Location loc,
                                                    const KernelTensor &indices, ValueRange at, int64_t m,
                                                    const KernelTensor &x, int64_t firstAxis) {
  SmallVector<Value> tuple, position(at);
  position.push_back({});
  Value ok;
  for (int64_t i = 0; i < m; ++i) {
    position.back() = constantIndex(b, loc, i);
    CheckedIndex index = indexAt(k, b, loc, indices, position, x.dims[firstAxis + i]);
    tuple.push_back(index.index);
    ok = both(b, loc, ok, index.ok);
  }
  return {tuple, ok};
}

Value GatherNDOp::elementAt(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands, ArrayRef<Dim>,
                            ValueRange indices) {
  Location loc = getLoc();
  const KernelTensor &x = operands[0], &table = operands[1];
  int64_t batch = getBatchDims(), leading = table.rank() - 1, m = *table.dims.back().constant();
  auto [tuple, ok] = tupleAt(k, b, loc, table, indices.take_front(leading), m, x, batch);
  SmallVector<Value> source;
  for (int64_t i = 0; i < batch; ++i) {
    if (x.dims[i] == table.dims[i]) {
      source.push_back(indices[i]);
      continue;
    }
    CheckedIndex position = checkIndex(k, b, loc, indices[i], x.dims[i], "batch entry", /*allowNegative=*/false);
    source.push_back(position.index);
    ok = both(b, loc, ok, position.ok);
  }
  llvm::append_range(source, tuple);
  llvm::append_range(source, indices.drop_front(leading));
  return loadIf(b, loc, x, source, ok);
}

// ---- scatter

static LogicalResult verifyReduction(Operation *op, StringRef reduction) {
  if (!llvm::is_contained({"none", "add", "mul", "max", "min"}, reduction))
    return op->emitOpError("reduction is '") << reduction << "'; expected none, add, mul, max or min";
  return success();
}

static void copyAll(KernelEmitter &k, OpBuilder &b, Location loc, const KernelTensor &from, const KernelTensor &to) {
  loopNest(b, loc, sizesOf(k, to.dims), [&](OpBuilder &b, Location loc, ValueRange indices) {
    to.store(b, loc, from.load(b, loc, indices), indices);
  });
}

/// Stores `update` at `indices`, combined with what is there; nothing where `ok` is false.
static void updateElement(OpBuilder &b, Location loc, const KernelTensor &result, ValueRange indices, Value update,
                          Value ok, StringRef reduction) {
  auto store = [&](OpBuilder &b) {
    Value value = update;
    if (reduction != "none") {
      Value old = loadStored(b, loc, result, indices);
      if (reduction == "add")
        value = addScalar(b, loc, old, update);
      else if (reduction == "mul")
        value = mulScalar(b, loc, old, update);
      else if (reduction == "max")
        value = maxScalar(b, loc, old, update, result.elementType);
      else
        value = minScalar(b, loc, old, update, result.elementType);
    }
    result.store(b, loc, value, indices);
  };
  if (!ok)
    return store(b);
  auto branch = scf::IfOp::create(b, loc, ok, /*withElseRegion=*/false);
  OpBuilder inside = branch.getThenBodyBuilder();
  store(inside);
}

LogicalResult ScatterElementsOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  const ShapeInfo &x = shapes.get(getX()), &indices = shapes.get(getIndices()), &updates = shapes.get(getUpdates());
  if (x.rank() != indices.rank() || x.rank() != updates.rank())
    return emitOpError("operand, indices and updates have ranks ")
           << x.rank() << ", " << indices.rank() << " and " << updates.rank() << "; expected one rank"; // C1
  auto axis = normalizeAxis(getOperation(), getAxis(), x.rank());                                       // C2
  if (failed(axis) || failed(verifyReduction(getOperation(), getReduction())) ||                        // C4
      failed(verifyIndices(getOperation(), shapes, getIndices(), x.dims[*axis])))
    return failure();
  if (x.elementType != updates.elementType)
    return emitOpError("updates have element type ") << updates.elementType << "; expected " << x.elementType; // C5
  for (int64_t i = 0; i < x.rank(); ++i) {
    if (failed(verifySameSize(getOperation(), updates.dims[i], indices.dims[i], "size " + Twine(i) + " of updates")))
      return failure(); // C3
    if (auto a = indices.dims[i].constant(), n = x.dims[i].constant(); i != *axis && a && n && *a > *n)
      return emitOpError("indices have shape ") << formatShape(indices.dims) << ", which is longer than the operand's "
                                                << formatShape(x.dims) << " on axis " << i; // C6
  }
  results.push_back({x.elementType, x.dims, std::nullopt});
  return success();
}

LogicalResult ScatterElementsOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                           ArrayRef<KernelTensor> results) {
  const KernelTensor &x = operands[0], &indices = operands[1], &updates = operands[2], &result = results[0];
  int64_t axis = axisFromFront(getAxis(), x.rank());
  copyAll(k, b, getLoc(), x, result);
  loopNest(b, getLoc(), sizesOf(k, indices.dims), [&](OpBuilder &b, Location loc, ValueRange at) {
    CheckedIndex index = indexAt(k, b, loc, indices, at, x.dims[axis]);
    SmallVector<Value> target(at);
    target[axis] = index.index;
    Value ok = index.ok;
    for (int64_t i = 0; i < x.rank(); ++i)
      if (i != axis && x.dims[i] != indices.dims[i] && !(x.dims[i].constant() && indices.dims[i].constant())) {
        CheckedIndex position = checkIndex(k, b, loc, at[i], x.dims[i], "position", /*allowNegative=*/false);
        target[i] = position.index;
        ok = both(b, loc, ok, position.ok);
      }
    Value update = loadWithin(k, b, loc, updates, indices.dims, at);
    updateElement(b, loc, result, target, update, ok, getReduction());
  });
  return success();
}

LogicalResult ScatterNDOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  const ShapeInfo &x = shapes.get(getX()), &indices = shapes.get(getIndices()), &updates = shapes.get(getUpdates());
  if (indices.rank() < 1)
    return emitOpError("indices have rank 0; expected 1 or more"); // C1
  auto m = indices.dims.back().constant();
  if (!m)
    return emitOpError("the last size of indices is not known at compile time, so the updates' rank is not"); // C1
  if (*m > x.rank())
    return emitOpError("tuples of ") << *m << " indices do not fit an operand of rank " << x.rank(); // C1
  if (failed(verifyReduction(getOperation(), getReduction())))
    return failure(); // C3
  if (x.elementType != updates.elementType)
    return emitOpError("updates have element type ") << updates.elementType << "; expected " << x.elementType; // C4
  SmallVector<Dim, 6> wanted(indices.dims.begin(), indices.dims.end() - 1);
  wanted.append(x.dims.begin() + *m, x.dims.end());
  if (wanted.size() != updates.dims.size())
    return emitOpError("updates have shape ")
           << formatShape(updates.dims) << "; expected " << formatShape(wanted); // C2
  for (auto [i, found, want] : llvm::enumerate(updates.dims, wanted))
    if (failed(verifySameSize(getOperation(), found, want, "size " + Twine(i) + " of updates")))
      return failure(); // C2
  results.push_back({x.elementType, x.dims, std::nullopt});
  return success();
}

LogicalResult ScatterNDOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                     ArrayRef<KernelTensor> results) {
  const KernelTensor &x = operands[0], &indices = operands[1], &updates = operands[2], &result = results[0];
  int64_t leading = indices.rank() - 1, m = *indices.dims.back().constant();
  ArrayRef<Dim> outer = ArrayRef<Dim>(indices.dims).drop_back(), inner = ArrayRef<Dim>(x.dims).drop_front(m);
  SmallVector<Dim, 6> updateDims(outer);
  updateDims.append(inner.begin(), inner.end());
  copyAll(k, b, getLoc(), x, result);
  loopNest(b, getLoc(), sizesOf(k, outer), [&](OpBuilder &b, Location loc, ValueRange at) {
    auto [tuple, ok] = tupleAt(k, b, loc, indices, at.take_front(leading), m, x, 0);
    loopNest(b, loc, sizesOf(k, inner), [&, &tuple = tuple, &ok = ok](OpBuilder &b, Location loc, ValueRange rest) {
      SmallVector<Value> target(tuple), source(at);
      llvm::append_range(target, rest);
      llvm::append_range(source, rest);
      updateElement(b, loc, result, target, loadWithin(k, b, loc, updates, updateDims, source), ok, getReduction());
    });
  });
  return success();
}

LogicalResult TensorScatterOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  const ShapeInfo &x = shapes.get(getX()), &updates = shapes.get(getUpdates()), &starts = shapes.get(getStarts());
  auto axis = normalizeAxis(getOperation(), getAxis(), x.rank()); // C1
  if (failed(axis))
    return failure();
  if (*axis == 0)
    return emitOpError("axis is 0, the batch axis; expected another one"); // C1
  if (updates.rank() != x.rank())
    return emitOpError("updates have rank ") << updates.rank() << "; expected " << x.rank(); // C2
  if (updates.elementType != x.elementType)
    return emitOpError("updates have element type ") << updates.elementType << "; expected " << x.elementType; // C4
  for (int64_t i = 0; i < x.rank(); ++i)
    if (i != *axis &&
        failed(verifySameSize(getOperation(), updates.dims[i], x.dims[i], "size " + Twine(i) + " of updates")))
      return failure(); // C2
  if (auto a = updates.dims[*axis].constant(), n = x.dims[*axis].constant(); a && n && *a > *n)
    return emitOpError("updates have ") << *a << " entries along axis " << *axis << ", the cache only " << *n; // C2
  if (starts.rank() != 1)
    return emitOpError("starts have rank ") << starts.rank() << "; expected 1"; // C3
  if (failed(verifySameSize(getOperation(), starts.dims[0], x.dims[0], "the number of starts")))
    return failure(); // C3
  results.push_back({x.elementType, x.dims, std::nullopt});
  return success();
}

Value TensorScatterOp::elementAt(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                 ArrayRef<Dim> resultDims, ValueRange indices) {
  Location loc = getLoc();
  const KernelTensor &x = operands[0], &updates = operands[1];
  int64_t axis = axisFromFront(getAxis(), x.rank());
  Value zero = constantIndex(b, loc, 0), length = k.size(resultDims[axis]), count = k.size(updates.dims[axis]);
  Value start =
      toIndex(b, loc, loadWithin(k, b, loc, operands[2], {resultDims[0]}, {indices[0]}), operands[2].elementType);
  // A linear cache must have room for all entries; a circular one for the first.
  Value last = getCircular() ? start : subIndex(b, loc, addIndex(b, loc, start, count), constantIndex(b, loc, 1));
  Value bad = arith::OrIOp::create(b, loc, isLess(b, loc, start, zero),
                                   arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sge, last, length));
  k.failIf(b, loc, bad, CAMEO_OUT_OF_RANGE, "write position %lld is outside the cache", indexToI64(b, loc, start));
  Value entry = subIndex(b, loc, indices[axis], start);
  if (getCircular())
    entry = arith::SelectOp::create(b, loc, isLess(b, loc, entry, zero), addIndex(b, loc, entry, length), entry);
  Value isNew = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, entry, count);
  auto branch = scf::IfOp::create(b, loc, TypeRange{computeType(x.elementType)}, isNew, /*withElseRegion=*/true);
  OpBuilder thenBuilder = branch.getThenBodyBuilder(), elseBuilder = branch.getElseBodyBuilder();
  SmallVector<Value> source(indices);
  source[axis] = entry;
  scf::YieldOp::create(thenBuilder, loc, loadWithin(k, thenBuilder, loc, updates, resultDims, source, axis));
  scf::YieldOp::create(elseBuilder, loc, x.load(elseBuilder, loc, indices));
  return branch.getResult(0);
}

// ---- compress and non_zero

LogicalResult CompressOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  const ShapeInfo &x = shapes.get(getX()), &condition = shapes.get(getCondition());
  auto axis = normalizeAxis(getOperation(), getAxis(), x.rank()); // C1
  if (failed(axis))
    return failure();
  if (condition.rank() != 1)
    return emitOpError("condition has rank ") << condition.rank() << "; expected 1"; // C2
  if (auto a = condition.dims[0].constant(), n = x.dims[*axis].constant(); a && n && *a > *n)
    return emitOpError("condition has ") << *a << " elements, more than the " << *n << " of axis " << *axis; // C2
  ShapeInfo info{x.elementType, x.dims, std::nullopt};
  info.dims[*axis] = shapes.dims().sizeOf(getOperation()->getResult(0), *axis);
  results.push_back(std::move(info));
  return success();
}

Dim CompressOp::sizeBound(ShapeAnalysis &shapes, unsigned, int64_t axis) {
  int64_t own = axisFromFront(getAxis(), shapes.rank(getX()));
  return axis == own ? shapes.dims().min(shapes.dim(getCondition(), 0), shapes.dim(getX(), own)) : Dim();
}

LogicalResult CompressOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                    ArrayRef<KernelTensor> results) {
  Location loc = getLoc();
  const KernelTensor &x = operands[0], &condition = operands[1], &result = results[0];
  int64_t axis = axisFromFront(getAxis(), x.rank());
  Value one = constantIndex(b, loc, 1), zero = constantIndex(b, loc, 0);
  Value length = minIndex(b, loc, k.size(condition.dims[0]), k.size(x.dims[axis]));
  Value total = reduceNest(b, loc, length, zero, [&](OpBuilder &b, Location loc, ValueRange at, ValueRange sum) {
    Value next = addIndex(b, loc, sum[0], one);
    return SmallVector<Value>{arith::SelectOp::create(b, loc, condition.load(b, loc, at), next, sum[0])};
  })[0];
  k.setResultSize(b, loc, getOperation()->getResult(0), axis, total);
  SmallVector<Value> sizes = sizesOf(k, x.dims);
  sizes.erase(sizes.begin() + axis);
  reduceNest(b, loc, length, zero, [&](OpBuilder &b, Location loc, ValueRange at, ValueRange position) {
    Value taken = condition.load(b, loc, at);
    auto branch = scf::IfOp::create(b, loc, taken, /*withElseRegion=*/false);
    OpBuilder inside = branch.getThenBodyBuilder();
    loopNest(inside, loc, sizes, [&](OpBuilder &b, Location loc, ValueRange rest) {
      SmallVector<Value> from(rest), to(rest);
      from.insert(from.begin() + axis, at[0]);
      to.insert(to.begin() + axis, position[0]);
      result.store(b, loc, x.load(b, loc, from), to);
    });
    return SmallVector<Value>{arith::SelectOp::create(b, loc, taken, addIndex(b, loc, position[0], one), position[0])};
  });
  return success();
}

LogicalResult NonZeroOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  int64_t rank = std::max<int64_t>(shapes.rank(getX()), 1);
  results.push_back({IntegerType::get(getContext(), 64),
                     {shapes.dims().constant(rank), shapes.dims().sizeOf(getOperation()->getResult(0), 1)},
                     std::nullopt});
  return success();
}

Dim NonZeroOp::sizeBound(ShapeAnalysis &shapes, unsigned, int64_t axis) {
  return axis == 1 ? shapes.numElements(getX()) : Dim();
}

LogicalResult NonZeroOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                   ArrayRef<KernelTensor> results) {
  Location loc = getLoc();
  const KernelTensor &x = operands[0], &result = results[0];
  SmallVector<Value> sizes = sizesOf(k, x.dims);
  Value one = constantIndex(b, loc, 1), zero = constantIndex(b, loc, 0);
  auto isSet = [&](OpBuilder &b, Location loc, ValueRange at) {
    return convertScalar(b, loc, x.load(b, loc, at), x.elementType, b.getI1Type());
  };
  Value total = reduceNest(b, loc, sizes, zero, [&](OpBuilder &b, Location loc, ValueRange at, ValueRange sum) {
    Value next = addIndex(b, loc, sum[0], one);
    return SmallVector<Value>{arith::SelectOp::create(b, loc, isSet(b, loc, at), next, sum[0])};
  })[0];
  k.setResultSize(b, loc, getOperation()->getResult(0), 1, total);
  reduceNest(b, loc, sizes, zero, [&](OpBuilder &b, Location loc, ValueRange at, ValueRange position) {
    Value taken = isSet(b, loc, at);
    auto branch = scf::IfOp::create(b, loc, taken, /*withElseRegion=*/false);
    OpBuilder inside = branch.getThenBodyBuilder();
    SmallVector<Value> indices(at);
    if (indices.empty())
      indices.push_back(zero);
    for (auto [axis, index] : llvm::enumerate(indices))
      result.store(inside, loc, indexToI64(inside, loc, index),
                   ValueRange{constantIndex(inside, loc, axis), position[0]});
    return SmallVector<Value>{arith::SelectOp::create(b, loc, taken, addIndex(b, loc, position[0], one), position[0])};
  });
  return success();
}
