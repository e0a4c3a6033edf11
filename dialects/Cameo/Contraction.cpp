// Contraction.cpp - shapes and loops of matmul, einsum and det.
#include "ContractionHelpers.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/DenseSet.h"
#include <map>

using namespace mlir;
using namespace cameo;

#define GET_OP_CLASSES
#include "cameo/Dialect/Cameo/ContractionOps.cpp.inc"

namespace cameo {
void registerContractionOps(CameoDialect &dialect) {
  dialect.addFamily<
#define GET_OP_LIST
#include "cameo/Dialect/Cameo/ContractionOps.cpp.inc"
      >();
}
} // namespace cameo

// ---- matmul, matmul_integer

namespace {
/// Sizes of a product, read through its transpose flags.
struct MatMulSizes {
  Dim m, n, lhsK, rhsK;
};
} // namespace

static MatMulSizes matMulSizes(ArrayRef<Dim> lhs, ArrayRef<Dim> rhs, bool transposeLhs, bool transposeRhs) {
  Dim m = lhs[lhs.size() - 2], lhsK = lhs.back(), rhsK = rhs[rhs.size() - 2], n = rhs.back();
  if (transposeLhs)
    std::swap(m, lhsK);
  if (transposeRhs)
    std::swap(n, rhsK);
  return {m, n, lhsK, rhsK};
}

/// The sizes of a product; emits an op error where the operands' do not fit together.
static FailureOr<SmallVector<Dim>> productSizes(Operation *op, DimContext &d, ArrayRef<Dim> lhs, ArrayRef<Dim> rhs,
                                                bool transposeLhs, bool transposeRhs) {
  if (lhs.size() < 2 || rhs.size() < 2)
    return op->emitOpError("operands have ranks ") << lhs.size() << " and " << rhs.size() << "; expected 2 or more";
  MatMulSizes sizes = matMulSizes(lhs, rhs, transposeLhs, transposeRhs);
  if (sizes.lhsK.constant() && sizes.rhsK.constant() && sizes.lhsK != sizes.rhsK)
    return op->emitOpError("inner dimensions differ: lhs ")
           << formatShape(lhs) << " has K=" << *sizes.lhsK.constant() << ", rhs " << formatShape(rhs)
           << " has K=" << *sizes.rhsK.constant();
  SmallVector<Dim> result;
  ArrayRef<Dim> a = lhs.drop_back(2), c = rhs.drop_back(2);
  size_t rank = std::max(a.size(), c.size());
  for (size_t i = 0; i < rank; ++i) {
    Dim one = d.constant(1);
    Dim x = i + a.size() < rank ? one : a[i + a.size() - rank], y = i + c.size() < rank ? one : c[i + c.size() - rank];
    Dim merged = d.broadcast(x, y);
    if (!merged)
      return op->emitOpError("leading axes do not broadcast: lhs ")
             << formatShape(lhs) << " and rhs " << formatShape(rhs) << " have " << *x.constant() << " and "
             << *y.constant();
    result.push_back(merged);
  }
  result.append({sizes.m, sizes.n});
  return result;
}

/// The loops of a product. `element` loads one element of an operand (by its number) as a scalar that can be
/// multiplied.
static void
emitProduct(KernelEmitter &k, OpBuilder &b, Location opLoc, ArrayRef<KernelTensor> operands, const KernelTensor &result,
            Type sumType, bool transposeLhs, bool transposeRhs,
            llvm::function_ref<Value(OpBuilder &, Location, unsigned operand, ValueRange indices)> element) {
  const KernelTensor &lhs = operands[0], &rhs = operands[1];
  MatMulSizes sizes = matMulSizes(lhs.dims, rhs.dims, transposeLhs, transposeRhs);
  Value length = agreeingSize(k, b, opLoc, sizes.lhsK, sizes.rhsK, "inner sizes of the matrix product differ");
  k.parallelNest(b, opLoc, result.dims, [&](OpBuilder &b, Location loc, ValueRange at) {
    // The batch part of an operand's index; its last two entries are added below.
    auto batch = [&](const KernelTensor &operand) {
      KernelTensor leading;
      leading.dims.assign(operand.dims.begin(), operand.dims.end() - 2);
      return broadcastIndices(b, loc, k, leading, ArrayRef(result.dims).drop_back(2), at.drop_back(2));
    };
    SmallVector<Value> lhsBatch = batch(lhs), rhsBatch = batch(rhs);
    Value m = at[at.size() - 2], n = at.back();
    Value zero = constantScalar(b, loc, sumType, 0);
    Value sum =
        reduceNest(b, loc, {length}, {zero}, [&](OpBuilder &b, Location loc, ValueRange kk, ValueRange carried) {
          auto load = [&](unsigned operand, SmallVector<Value> indices, Value row, Value column, bool transposed) {
            indices.push_back(transposed ? column : row);
            indices.push_back(transposed ? row : column);
            return element(b, loc, operand, indices);
          };
          Value x = load(0, lhsBatch, m, kk[0], transposeLhs), y = load(1, rhsBatch, kk[0], n, transposeRhs);
          return SmallVector<Value>{multiplyAdd(k, b, loc, carried[0], x, y)};
        })[0];
    result.store(b, loc, sum, at);
  });
}

Type MatMulOp::accumulatorType() { return getAccumulator().value_or(getElementTypeOrSelf(getLhs().getType())); }

LogicalResult cameo::verifyAccumulator(Operation *op, Type lhs, Type rhs, std::optional<Type> accumulator) {
  if (accumulator && !isa<IntegerType>(*accumulator))
    return op->emitOpError("accumulator is ") << *accumulator << "; expected an integer type";
  if (lhs == rhs && (!accumulator || isa<IntegerType>(lhs)))
    return success();
  if (accumulator && isa<IntegerType>(lhs) && isa<IntegerType>(rhs))
    return success();
  return op->emitOpError("element types of the operands are ")
         << lhs << " and " << rhs << "; expected one type, or two integer types and an accumulator";
}

LogicalResult MatMulOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  const ShapeInfo &lhs = shapes.get(getLhs()), &rhs = shapes.get(getRhs());
  auto dims = productSizes(*this, shapes.dims(), lhs.dims, rhs.dims, getTransposeLhs(), getTransposeRhs()); // C1 C4 C5
  if (failed(dims) || failed(verifyAccumulator(*this, lhs.elementType, rhs.elementType, getAccumulator()))) // C2 C3
    return failure();
  results.push_back({accumulatorType(), {dims->begin(), dims->end()}, std::nullopt});
  return success();
}

Value cameo::multiplyAdd(KernelEmitter &k, OpBuilder &b, Location loc, Value sum, Value x, Value y) {
  if (!k.mayReassociate() || !isa<FloatType>(getElementTypeOrSelf(sum.getType())))
    return addScalar(b, loc, sum, mulScalar(b, loc, x, y));
  auto flags = arith::FastMathFlags::reassoc | arith::FastMathFlags::contract; // one rounding where the target has it
  return arith::AddFOp::create(b, loc, sum, Value(arith::MulFOp::create(b, loc, x, y, flags)), flags);
}

LogicalResult MatMulOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                  ArrayRef<KernelTensor> results) {
  emitProduct(k, b, getLoc(), operands, results[0], computeType(accumulatorType()), getTransposeLhs(),
              getTransposeRhs(), [&](OpBuilder &b, Location loc, unsigned i, ValueRange indices) {
                return convertScalar(b, loc, operands[i].load(b, loc, indices), operands[i].elementType,
                                     accumulatorType());
              });
  return success();
}

bool MatMulOp::allowsEpilogue() { return true; }

SmallVector<unsigned> cameo::factorsOfConstantWeights(Operation *op, ArrayRef<unsigned> factors) {
  return matchPattern(op->getOperand(factors.back()), m_Constant()) ? SmallVector<unsigned>(factors)
                                                                    : SmallVector<unsigned>();
}

SmallVector<unsigned> MatMulOp::factorsWorthRounding(ShapeAnalysis &) {
  return factorsOfConstantWeights(*this, {0, weightOperand()});
}

unsigned MatMulOp::weightOperand() { return getRhsMutable().getOperandNumber(); }
int64_t MatMulOp::channelAxis() { return cast<RankedTensorType>(getType()).getRank() - 1; }
int64_t MatMulOp::weightAxis() {
  int64_t rank = cast<RankedTensorType>(getRhs().getType()).getRank();
  return getTransposeRhs() ? rank - 2 : rank - 1;
}

Dim MatMulOp::flops(ShapeAnalysis &shapes) {
  if (!isa<FloatType>(getElementTypeOrSelf(getLhs().getType())))
    return shapes.dims().constant(0);
  Dim count = shapes.numElements(getResult());
  MatMulSizes sizes =
      matMulSizes(shapes.dimsOf(getLhs()), shapes.dimsOf(getRhs()), getTransposeLhs(), getTransposeRhs());
  return shapes.dims().mul(shapes.dims().mul(count, sizes.lhsK), 2);
}

/// Requires `zero` to have `operand`'s type and to broadcast to it, with size 1 along axis `inner`.
static LogicalResult verifyZeroPoint(Operation *op, const ShapeInfo &operand, const ShapeInfo &zero, int64_t inner,
                                     StringRef name) {
  if (zero.elementType != operand.elementType)
    return op->emitOpError() << name << " has element type " << zero.elementType << "; expected " << operand.elementType
                             << ", its operand's"; // C2
  int64_t missing = operand.rank() - zero.rank();
  bool fits = missing >= 0;
  for (int64_t axis = std::max<int64_t>(missing, 0); fits && axis < operand.rank(); ++axis) {
    auto own = zero.dims[axis - missing].constant(), size = operand.dims[axis].constant();
    fits = !own || *own == 1 || (axis != inner && (!size || *own == *size));
  }
  if (fits)
    return success();
  return op->emitOpError() << name << " has shape " << formatShape(zero.dims) << "; expected one that broadcasts to "
                           << formatShape(operand.dims) << " and has size 1 on axis " << inner; // C5
}

LogicalResult MatMulIntegerOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  const ShapeInfo &lhs = shapes.get(getLhs()), &rhs = shapes.get(getRhs());
  auto dims = productSizes(*this, shapes.dims(), lhs.dims, rhs.dims, false, getTransposeRhs()); // C1 C3 C4
  if (failed(dims) || failed(verifyZeroPoint(*this, lhs, shapes.get(getLhsZero()), lhs.rank() - 1, "lhsZero")) ||
      failed(
          verifyZeroPoint(*this, rhs, shapes.get(getRhsZero()), rhs.rank() - (getTransposeRhs() ? 1 : 2), "rhsZero")))
    return failure();
  results.push_back({IntegerType::get(getContext(), 32), {dims->begin(), dims->end()}, std::nullopt});
  return success();
}

Value cameo::loadCentred(KernelEmitter &k, OpBuilder &b, Location loc, const KernelTensor &x, ValueRange indices,
                         const KernelTensor &zero, ValueRange zeroIndices) {
  auto wide = [&](const KernelTensor &t, ValueRange at) {
    return convertScalar(b, loc, t.load(b, loc, at), t.elementType, b.getI32Type());
  };
  return arith::SubIOp::create(b, loc, wide(x, indices), wide(zero, zeroIndices));
}

LogicalResult MatMulIntegerOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                         ArrayRef<KernelTensor> results) {
  emitProduct(k, b, getLoc(), operands, results[0], b.getI32Type(), false, getTransposeRhs(),
              [&](OpBuilder &b, Location loc, unsigned i, ValueRange indices) {
                const KernelTensor &zero = operands[2 + i];
                return loadCentred(k, b, loc, operands[i], indices, zero,
                                   broadcastIndices(b, loc, k, zero, operands[i].dims, indices));
              });
  return success();
}

bool MatMulIntegerOp::allowsEpilogue() { return true; }

int64_t MatMulIntegerOp::zeroPointOperand(unsigned operand) { return operand < 2 ? operand + 2 : -1; }

// ---- einsum

static ArrayRef<int64_t> labelsOf(EinsumOp op, size_t operand) {
  return cast<DenseI64ArrayAttr>(op.getLabels()[operand]).asArrayRef();
}

/// Size of each label: what the axes that carry it agree on, 1 only where all are.
static FailureOr<std::map<int64_t, Dim>> labelSizes(EinsumOp op, ShapeAnalysis &shapes) {
  std::map<int64_t, Dim> sizes;
  for (auto [i, input] : llvm::enumerate(op.getInputs()))
    for (auto [label, size] : llvm::zip(labelsOf(op, i), shapes.dimsOf(input))) {
      Dim &known = sizes[label];
      Dim merged = known ? shapes.dims().broadcast(known, size) : size;
      if (!merged)
        return op.emitOpError("operand ") << i << " has size " << *size.constant()
                                          << " where another axis of the same label has " << *known.constant();
      known = merged;
    }
  return sizes;
}

LogicalResult EinsumOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  if (getInputs().empty() || getLabels().size() != getInputs().size())
    return emitOpError("has ") << getInputs().size() << " operands and " << getLabels().size()
                               << " lists of labels; expected one list per operand, at least one"; // C1
  Type element = shapes.get(getInputs()[0]).elementType;
  for (auto [i, input] : llvm::enumerate(getInputs())) {
    auto labels = dyn_cast<DenseI64ArrayAttr>(getLabels()[i]);
    if (!labels || labels.size() != shapes.rank(input))
      return emitOpError("operand ") << i << " has rank " << shapes.rank(input) << "; its labels are "
                                     << getLabels()[i]; // C1
    if (shapes.get(input).elementType != element)
      return emitOpError("operand ") << i << " has element type " << shapes.get(input).elementType << ", operand 0 "
                                     << element; // C2
  }
  auto sizes = labelSizes(*this, shapes); // C3
  if (failed(sizes))
    return failure();
  ShapeInfo info{element, {}, std::nullopt};
  llvm::SmallDenseSet<int64_t> seen;
  for (int64_t label : getOutput()) {
    auto it = sizes->find(label);
    if (it == sizes->end() || !seen.insert(label).second)
      return emitOpError("output label ")
             << label << (it == sizes->end() ? " is not a label of an operand" : " is given twice"); // C4
    info.dims.push_back(it->second);
  }
  results.push_back(std::move(info));
  return success();
}

LogicalResult EinsumOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                  ArrayRef<KernelTensor> results) {
  auto sizes = labelSizes(*this, k.shapes());
  if (failed(sizes))
    return failure();
  const KernelTensor &result = results[0];
  SmallVector<int64_t> summed;
  for (auto &[label, size] : *sizes)
    if (!llvm::is_contained(getOutput(), label))
      summed.push_back(label);
  // Where the compiler cannot tell that an axis has its label's size, the run checks it.
  for (auto [i, operand] : llvm::enumerate(operands))
    for (auto [label, size] : llvm::zip(labelsOf(*this, i), operand.dims))
      if (Dim wanted = (*sizes)[label]; size != wanted && !size.isConstant(1)) {
        Value differ = arith::CmpIOp::create(b, getLoc(), arith::CmpIPredicate::ne, k.size(size), k.size(wanted));
        Value notOne =
            arith::CmpIOp::create(b, getLoc(), arith::CmpIPredicate::ne, k.size(size), constantIndex(b, getLoc(), 1));
        k.failIf(b, getLoc(), arith::AndIOp::create(b, getLoc(), differ, notOne), CAMEO_SHAPE_MISMATCH,
                 "axes of one label have different sizes");
      }
  SmallVector<Value> bounds = llvm::map_to_vector(summed, [&](int64_t label) { return k.size((*sizes)[label]); });
  Type sumType = computeType(result.elementType);
  k.parallelNest(b, getLoc(), result.dims, [&](OpBuilder &b, Location loc, ValueRange at) {
    Value zero = constantScalar(b, loc, sumType, 0);
    Value sum =
        reduceNest(b, loc, bounds, {zero}, [&](OpBuilder &b, Location loc, ValueRange inner, ValueRange carried) {
          std::map<int64_t, Value> index;
          for (auto [label, value] : llvm::zip(getOutput(), at))
            index[label] = value;
          for (auto [label, value] : llvm::zip(summed, inner))
            index[label] = value;
          Value product;
          for (auto [i, operand] : llvm::enumerate(operands)) {
            SmallVector<Value> indices;
            for (auto [label, size] : llvm::zip(labelsOf(*this, i), operand.dims)) {
              Value v = index[label];
              if (size != (*sizes)[label]) // 1, or equal at run time: clamped, so that both read inside
                v = minIndex(b, loc, v, subIndex(b, loc, k.size(size), constantIndex(b, loc, 1)));
              indices.push_back(v);
            }
            Value x = operand.load(b, loc, indices);
            product = product ? mulScalar(b, loc, product, x) : x;
          }
          return SmallVector<Value>{addScalar(b, loc, carried[0], product, k.mayReassociate())};
        })[0];
    result.store(b, loc, sum, at);
  });
  return success();
}

bool EinsumOp::allowsEpilogue() { return true; }

Dim EinsumOp::flops(ShapeAnalysis &shapes) {
  if (!isa<FloatType>(getElementTypeOrSelf(getInputs().front().getType())))
    return shapes.dims().constant(0);
  // The product of n factors and its addition.
  Dim count = shapes.dims().constant(getInputs().size());
  auto sizes = labelSizes(*this, shapes);
  if (succeeded(sizes))
    for (auto &[label, size] : *sizes)
      count = shapes.dims().mul(count, size);
  return count;
}

// ---- det

LogicalResult DetOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  const ShapeInfo &x = shapes.get(getX());
  if (x.rank() < 2)
    return emitOpError("operand has rank ") << x.rank() << "; expected 2 or more"; // C1
  Dim rows = x.dims[x.rank() - 2], columns = x.dims.back();
  if (rows.constant() && columns.constant() && rows != columns)
    return emitOpError("matrices are ") << *rows.constant() << "x" << *columns.constant()
                                        << "; expected square ones"; // C2
  ShapeInfo info{x.elementType, {x.dims.begin(), x.dims.end() - 2}, std::nullopt};
  results.push_back(std::move(info));
  return success();
}

LogicalResult DetOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                               ArrayRef<KernelTensor> results) {
  const KernelTensor &x = operands[0], &result = results[0];
  Location loc = getLoc();
  Dim size = x.dims.back();
  Value n = agreeingSize(k, b, loc, x.dims[x.rank() - 2], size, "the matrix is not square");
  Type type = computeType(x.elementType);
  KernelTensor work = k.temporary(b, loc, type, {size, size});
  loopNest(b, loc, sizesOf(k, result.dims), [&](OpBuilder &b, Location loc, ValueRange batch) {
    loopNest(b, loc, {n, n}, [&](OpBuilder &b, Location loc, ValueRange ij) {
      SmallVector<Value> from(batch);
      llvm::append_range(from, ij);
      work.store(b, loc, x.load(b, loc, from), ij);
    });
    Value one = constantScalar(b, loc, type, 1), zero = constantScalar(b, loc, type, 0),
          oneIndex = constantIndex(b, loc, 1);
    Value det = reduceNest(b, loc, {n}, {one}, [&](OpBuilder &b, Location loc, ValueRange step, ValueRange carried) {
      Value column = step[0];
      Value rest = subIndex(b, loc, n, column);
      // The row with the largest entry in this column goes on top; a swap changes the sign.
      auto pivot = reduceNest(b, loc, {rest}, {column, constantScalar(b, loc, type, -1)},
                              [&](OpBuilder &b, Location loc, ValueRange i, ValueRange best) {
                                Value row = addIndex(b, loc, column, i[0]);
                                Value size = math::AbsFOp::create(b, loc, work.load(b, loc, {row, column}));
                                Value larger = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT, size, best[1]);
                                return SmallVector<Value>{arith::SelectOp::create(b, loc, larger, row, best[0]),
                                                          arith::SelectOp::create(b, loc, larger, size, best[1])};
                              });
      loopNest(b, loc, {n}, [&](OpBuilder &b, Location loc, ValueRange j) {
        Value upper = work.load(b, loc, {column, j[0]}), lower = work.load(b, loc, {pivot[0], j[0]});
        work.store(b, loc, lower, {column, j[0]});
        // When both are one row this writes what it read.
        work.store(b, loc, upper, {pivot[0], j[0]});
      });
      Value same = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, pivot[0], column);
      Value top = work.load(b, loc, {column, column});
      Value isZero = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, top, zero);
      Value divisor = arith::SelectOp::create(b, loc, isZero, one, top); // the product is 0 then, whatever follows
      loopNest(b, loc, {subIndex(b, loc, rest, oneIndex)}, [&](OpBuilder &b, Location loc, ValueRange i) {
        Value row = addIndex(b, loc, addIndex(b, loc, column, oneIndex), i[0]);
        Value factor = arith::DivFOp::create(b, loc, work.load(b, loc, {row, column}), divisor);
        loopNest(b, loc, {rest}, [&](OpBuilder &b, Location loc, ValueRange j) {
          Value at = addIndex(b, loc, column, j[0]);
          Value product = mulScalar(b, loc, factor, work.load(b, loc, {column, at}));
          work.store(b, loc, arith::SubFOp::create(b, loc, work.load(b, loc, {row, at}), product), {row, at});
        });
      });
      Value signedTop = arith::SelectOp::create(b, loc, same, top, Value(arith::NegFOp::create(b, loc, top)));
      return SmallVector<Value>{mulScalar(b, loc, carried[0], signedTop)};
    })[0];
    result.store(b, loc, det, batch);
  });
  return success();
}
