// Signal.cpp - shapes and loops of dft and mel_weight_matrix.
#include "Interpolation.h"

using namespace mlir;
using namespace cameo;

#define GET_OP_CLASSES
#include "cameo/Dialect/Cameo/SignalOps.cpp.inc"

namespace cameo {
void registerSignalOps(CameoDialect &dialect) {
  dialect.addFamily<
#define GET_OP_LIST
#include "cameo/Dialect/Cameo/SignalOps.cpp.inc"
      >();
}
} // namespace cameo

/// The only element of an operand; null when the number of its elements is not known to be 1.
static Dim sizeOperand(ShapeAnalysis &shapes, Value operand) {
  auto elements = shapes.elements(operand);
  return elements && elements->size() == 1 ? elements->front() : Dim();
}

// ---- dft

LogicalResult DftOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  const ShapeInfo &x = shapes.get(getX());
  int64_t axis = getAxis();
  auto parts = x.rank() < 2 ? std::nullopt : x.dims.back().constant();
  if (!parts || (*parts != 1 && *parts != 2))
    return emitOpError("operand has shape ")
           << formatShape(x.dims) << "; expected rank 2 or more and a last size of 1 or 2"; // C1
  if (axis < 0 || axis >= x.rank() - 1)
    return emitOpError("axis is ") << axis << "; expected 0 to " << x.rank() - 2; // C2
  if (failed(verifyOneElement(*this, shapes, getLength(), "length")))             // C3
    return failure();
  DimContext &d = shapes.dims();
  Dim length = sizeOperand(shapes, getLength());
  if (!length)
    return emitOpError("the number of elements of length is not known at compile time; expected 1"); // C3
  if (length.constant() && *length.constant() < 1)
    return emitOpError("length is ") << *length.constant() << "; expected 1 or more"; // C3
  ShapeInfo info{x.elementType, x.dims, std::nullopt};
  info.dims[axis] = getOnesided() && !getInverse() ? d.add(d.floorDiv(length, 2), 1) : length;
  info.dims.back() = d.constant(getOnesided() && getInverse() ? 1 : 2);
  results.push_back(std::move(info));
  return success();
}

/// The table of factors, and for each place of the result two sums: of two products for complex elements, of one for
/// real ones. Elements that stand for their conjugates too are weighted; an inverse is divided by the length.
Dim DftOp::flops(ShapeAnalysis &shapes) {
  DimContext &d = shapes.dims();
  bool complex = shapes.dimsOf(getX()).back().isConstant(2), half = getOnesided() && getInverse();
  Dim length = sizeOperand(shapes, getLength());
  Dim terms = d.min(half ? d.add(d.floorDiv(length, 2), 1) : length, shapes.dim(getX(), getAxis()));
  Dim numbers = shapes.numElements(getResult());
  Dim places = half ? numbers : d.floorDiv(numbers, 2);
  Dim sums = d.mul(d.mul(places, terms), (complex ? 8 : 4) + (half ? (complex ? 2 : 1) : 0));
  Dim table = d.mul(length, 4);
  return d.add(d.add(table, sums), getInverse() ? numbers : d.constant(0));
}

LogicalResult DftOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                               ArrayRef<KernelTensor> results) {
  const KernelTensor &x = operands[0], &result = results[0];
  Location loc = getLoc();
  Type type = b.getF64Type();
  int64_t axis = getAxis();
  bool complex = x.dims.back().isConstant(2), realResult = result.dims.back().isConstant(1);
  Dim lengthDim = sizeOperand(k.shapes(), getLength());
  Value length = k.size(lengthDim), zeroIndex = constantIndex(b, loc, 0), oneIndex = constantIndex(b, loc, 1);
  Value scale = FloatMath(b, loc, type).fromIndex(length);

  // cosines[t] = cos(2 pi t / L): every factor is one of L numbers.
  KernelTensor cosines = k.temporary(b, loc, type, {lengthDim}), sines = k.temporary(b, loc, type, {lengthDim});
  loopNest(b, loc, {length}, [&](OpBuilder &b, Location loc, ValueRange t) {
    FloatMath m(b, loc, type);
    Value angle = m.div(m.mul(m.fromIndex(t[0]), 2 * M_PI), scale);
    cosines.store(b, loc, math::CosOp::create(b, loc, angle), t);
    sines.store(b, loc, math::SinOp::create(b, loc, angle), t);
  });

  // Elements of x that take part: those there are, below L (below L / 2 + 1).
  Value used = getOnesided() && getInverse() ? k.size(k.dims().add(k.dims().floorDiv(lengthDim, 2), 1)) : length;
  used = minIndex(b, loc, used, k.size(x.dims[axis]));
  SmallVector<Dim> outer(result.dims.begin(), result.dims.end() - 1);
  loopNest(b, loc, sizesOf(k, outer), [&](OpBuilder &b, Location loc, ValueRange at) {
    Value zero = constantScalar(b, loc, type, 0);
    auto sums = reduceNest(
        b, loc, {used}, {zero, zero, zeroIndex}, [&](OpBuilder &b, Location loc, ValueRange n, ValueRange carried) {
          FloatMath m(b, loc, type);
          SmallVector<Value> from(at);
          from[axis] = n[0];
          from.push_back(zeroIndex);
          auto element = [&](Value part) {
            from.back() = part;
            return convertScalar(b, loc, x.load(b, loc, from), x.elementType, type);
          };
          Value re = element(zeroIndex), im = complex ? element(oneIndex) : Value();
          if (getOnesided() && getInverse()) { // the conjugate half doubles all but the first and, for even L, the last
            Value first = isEqual(b, loc, n[0], zeroIndex),
                  last = isEqual(b, loc, addIndex(b, loc, n[0], n[0]), length);
            Value once = arith::OrIOp::create(b, loc, first, last);
            Value weight = m.select(once, m.constant(1), m.constant(2));
            re = m.mul(re, weight);
            im = im ? m.mul(im, weight) : im;
          }
          Value c = cosines.load(b, loc, {carried[2]}), s = sines.load(b, loc, {carried[2]});
          if (!getInverse())
            s = arith::NegFOp::create(b, loc, s);
          // (re + i im)(c + i s)
          Value real = m.mul(re, c), imaginary = m.mul(re, s);
          if (im) {
            real = m.sub(real, m.mul(im, s));
            imaginary = m.add(imaginary, m.mul(im, c));
          }
          // n k mod L, kept up by adding k, which is below L.
          Value next = addIndex(b, loc, carried[2], at[axis]), over = isLess(b, loc, next, length);
          next = arith::SelectOp::create(b, loc, over, next, subIndex(b, loc, next, length));
          return SmallVector<Value>{m.add(carried[0], real), m.add(carried[1], imaginary), next};
        });
    FloatMath m(b, loc, type);
    SmallVector<Value> to(at);
    to.push_back(zeroIndex);
    for (int part = 0; part < (realResult ? 1 : 2); ++part) {
      Value v = getInverse() ? m.div(sums[part], scale) : sums[part];
      to.back() = part ? oneIndex : zeroIndex;
      result.store(b, loc, convertScalar(b, loc, v, type, result.elementType), to);
    }
  });
  return success();
}

// ---- mel_weight_matrix

LogicalResult MelWeightMatrixOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  static constexpr StringRef names[] = {"bins", "length", "rate", "low", "high"};
  for (auto [name, operand] : llvm::zip(names, getOperands()))
    if (failed(verifyOneElement(*this, shapes, operand, name))) // C1
      return failure();
  DimContext &d = shapes.dims();
  Dim bins = sizeOperand(shapes, getBins()), length = sizeOperand(shapes, getLength());
  if (!bins || !length)
    return emitOpError("the number of elements of bins or length is not known at compile time; expected 1"); // C1
  results.push_back({getTo(), {d.add(d.floorDiv(length, 2), 1), bins}, std::nullopt});
  return success();
}

Value MelWeightMatrixOp::elementAt(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands, ArrayRef<Dim>,
                                   ValueRange indices) {
  Location loc = getLoc();
  FloatMath m(b, loc, b.getF64Type());
  auto operand = [&](int i) {
    return convertScalar(b, loc, loadScalar(b, loc, operands[i]), operands[i].elementType, m.type);
  };
  Value bins = operand(0), length = operand(1), rate = operand(2), low = operand(3), high = operand(4);
  double perMel = std::log(10.0) / 2595;
  auto toMel = [&](Value hz) {
    Value ratio = m.add(m.div(hz, m.constant(700)), 1);
    return m.div(math::LogOp::create(b, loc, ratio), m.constant(perMel));
  };
  Value lowMel = toMel(low), step = m.div(m.sub(toMel(high), lowMel), m.add(bins, 2));
  auto edge = [&](int64_t offset) {
    Value mel = m.add(m.mul(m.add(m.fromIndex(indices[1]), offset), step), lowMel);
    Value hz = m.mul(m.sub(math::ExpOp::create(b, loc, m.mul(mel, perMel)), 1), 700);
    return m.floor(m.div(m.mul(m.add(length, 1), hz), rate));
  };
  Value begin = edge(0), centre = edge(1), end = edge(2), j = m.fromIndex(indices[0]);
  Value zero = m.constant(0), one = m.constant(1);
  Value rise = m.sub(centre, begin), fall = m.sub(end, centre), flat = m.equal(rise, zero),
        steep = m.lessEqual(fall, zero);
  Value rising = m.div(m.sub(j, begin), m.select(flat, one, rise));
  Value falling = m.div(m.sub(end, j), m.select(steep, one, fall));
  auto both = [&](Value x, Value y) { return Value(arith::AndIOp::create(b, loc, x, y)); };
  Value v = m.select(both(m.lessEqual(begin, j), m.lessEqual(j, centre)), rising, zero);
  v = m.select(flat, m.select(m.equal(j, centre), one, zero), v);
  Value onFall = both(m.less(zero, fall), both(m.lessEqual(centre, j), m.less(j, end)));
  return convertScalar(b, loc, m.select(onFall, falling, v), m.type, getTo());
}
