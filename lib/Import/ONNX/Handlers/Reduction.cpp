// Reduction.cpp - the ten Reduce ops, ArgMax and ArgMin, running sums, softmax and its relatives.
#include "Axes.h"
#include "Compose.h"
#include "cameo/Export/ONNX/NodeBuilder.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::onnx;

namespace {

// ---- reduce

/// Which axes a Reduce node names: constants, or a tensor that only the run knows.
struct Reducer {
  Compose c;
  SmallVector<int64_t> axes;
  Value dynamicAxes;
  bool keepDims;

  Value operator()(Value x, StringRef kind, bool keep) {
    if (dynamicAxes)
      return c.make<ReduceDynamicOp>(x, dynamicAxes, kind, keep);
    return c.reduce(x, axes, kind, keep);
  }
  Value operator()(Value x, StringRef kind) { return (*this)(x, kind, keepDims); }
};

/// log(sum(exp(x))), shifted by the maximum so that nothing overflows.
Value logSumExp(Reducer &reduce, Value x) {
  Compose &c = reduce.c;
  // An infinite maximum would give inf - inf; the largest finite number in its place gives the right limits.
  auto type = cast<FloatType>(c.op.elementType(x));
  APFloat largest = APFloat::getLargest(type.getFloatSemantics());
  bool lost;
  largest.convert(APFloat::IEEEdouble(), APFloat::rmTowardZero, &lost);
  auto finite = [&](Value v) {
    return c.max(c.min(v, c.like(v, largest.convertToDouble())), c.like(v, -largest.convertToDouble()));
  };
  Value maximum = finite(reduce(x, "max", true));
  Value sum = reduce(c.make<ExpOp>(c.sub(x, maximum)), "sum");
  return c.add(c.make<LogOp>(sum), reduce.keepDims ? maximum : finite(reduce(x, "max", false)));
}

using Composition = Value (*)(Reducer &, Value);

FailureOr<Reducer> reducer(OpBinder &op) {
  Reducer r{Compose{op}, {}, {}, op.intAttr("keepdims", 1) != 0};
  Value x = op.input(0);
  bool noAxes = true;
  if (auto attribute = op.intsAttr("axes")) {
    auto axes = normalAxes(op, *attribute);
    if (failed(axes))
      return failure();
    r.axes = *axes;
    noAxes = axes->empty();
  } else if (op.hasInput(1)) {
    if (auto known = op.shapes().constantElements(op.input(1))) {
      auto axes = normalAxes(op, *known);
      if (failed(axes))
        return failure();
      r.axes = *axes;
      noAxes = axes->empty();
    } else {
      r.dynamicAxes = op.cast(op.input(1), op.builder.getI64Type());
      noAxes = false;
    }
  }
  if (noAxes && !op.intAttr("noop_with_empty_axes", 0))
    r.axes = r.c.axesFrom(x, 0);
  return r;
}

/// True when the node asks for x itself: no axes, and `noop_with_empty_axes`.
bool isNoop(const Reducer &r) { return r.axes.empty() && !r.dynamicAxes && r.c.op.intAttr("noop_with_empty_axes", 0); }

LogicalResult reduceKind(OpBinder &op, StringRef kind) {
  auto reduce = reducer(op);
  if (failed(reduce))
    return failure();
  return op.result(isNoop(*reduce) ? op.input(0) : (*reduce)(op.input(0), kind));
}

/// Compositions compute f16 and bf16 in f32; integers in f64 where `needsFloat`.
LogicalResult reduceComposed(OpBinder &op, Composition compose, bool needsFloat) {
  auto reduce = reducer(op);
  if (failed(reduce))
    return failure();
  Value x = op.input(0);
  if (isNoop(*reduce))
    return op.result(x);
  Type type = op.elementType(x);
  Type wide = needsFloat && isa<IntegerType>(type) ? Type(op.builder.getF64Type()) : reduce->c.wideType(type);
  return op.result(reduce->c.cast(compose(*reduce, op.cast(x, wide)), type));
}

// ---- extrema and running sums

template <typename OpT> LogicalResult argExtremum(OpBinder &op) {
  auto axis = axisAttr(op, 0);
  if (failed(axis))
    return failure();
  return op.result(
      op.create<OpT>(op.input(0), *axis, op.intAttr("keepdims", 1) != 0, op.intAttr("select_last_index", 0) != 0));
}

LogicalResult cumulate(OpBinder &op, StringRef kind) {
  Compose c{op};
  Value axis = c.cast(op.input(1), op.builder.getI64Type());
  return op.result(
      c.make<CumulateOp>(op.input(0), axis, kind, op.intAttr("exclusive", 0) != 0, op.intAttr("reverse", 0) != 0));
}

// ---- softmax

Value hardmax(Compose &c, Value x, int64_t axis) {
  // The first of the elements that equal the maximum.
  int64_t rank = c.op.rank(x), own = axis < 0 ? axis + rank : axis;
  Value isMaximum = c.make<EqualOp>(x, c.reduce(x, own, "max"));
  Value count = c.op.sizes({c.op.shapes().dimsOf(x)[own]});
  Value number = c.cast(c.make<RangeOp>(c.op.i64({0}), c.op.i64({1}), count), c.op.builder.getI32Type());
  number = c.along(number, own, rank);
  Value first = c.reduce(c.where(isMaximum, number, c.like(number, std::numeric_limits<int32_t>::max())), own, "min");
  return c.cast(c.make<EqualOp>(number, first), c.op.elementType(x));
}

Value applyAlong(Compose &c, Value x, int64_t axis, StringRef what) {
  if (what == "Softmax")
    return c.make<SoftmaxOp>(x, axis);
  if (what == "LogSoftmax")
    return c.make<LogSoftmaxOp>(x, axis);
  return hardmax(c, x, axis);
}

/// Up to opset 12 all axes from `axis` on are one.
LogicalResult softmaxOfRows(OpBinder &op) {
  Compose c{op};
  Value x = op.input(0);
  int64_t rank = op.rank(x);
  // The axis may be the rank here, which makes rows of one element.
  int64_t axis = op.intAttr("axis", 1);
  if (axis < -rank || axis > rank)
    return op.error("E-ATTR", "axis is " + Twine(axis) + ", but input '" + op.node.inputs[0] + "' has rank " +
                                  Twine(rank) + "; expected " + Twine(-rank) + " to " + Twine(rank));
  axis = axis < 0 ? axis + rank : axis;
  if (axis == rank - 1)
    return op.result(applyAlong(c, x, axis, op.node.opType));
  SmallVector<Dim> dims(op.shapes().dimsOf(x));
  DimContext &d = op.dims();
  Value rows = op.reshape(x, {d.product(ArrayRef(dims).take_front(axis)), d.product(ArrayRef(dims).drop_front(axis))});
  Value y = rows ? applyAlong(c, rows, 1, op.node.opType) : Value();
  return op.result(y ? op.reshape(y, ArrayRef<Dim>(dims)) : Value());
}

LogicalResult softmax(OpBinder &op) {
  auto axis = axisAttr(op, -1);
  if (failed(axis))
    return failure();
  Compose c{op};
  return op.result(applyAlong(c, op.input(0), *axis, op.node.opType));
}

// ---- as ONNX

std::string reduceName(StringRef kind) { return "Reduce" + kind.take_front().upper() + kind.drop_front().str(); }

LogicalResult exportReduce(ReduceOp op, NodeBuilder &b) {
  if (op.getAxes().empty()) // ONNX would reduce all
    return b.result(b.node("Identity", {b(op.getX())}));
  // What engines know best as a pool.
  int64_t rank = b.rank(op.getX());
  bool isSpatial = op.getKeepDims() && rank > 2 && llvm::equal(op.getAxes(), llvm::seq<int64_t>(2, rank));
  if (isSpatial && isa<FloatType>(b.elementType(op.getX())) && (op.getKind() == "mean" || op.getKind() == "max"))
    return b.result(b.node(op.getKind() == "mean" ? "GlobalAveragePool" : "GlobalMaxPool", {b(op.getX())}));
  return b.result(
      b.node(reduceName(op.getKind()), {b(op.getX()), b.i64(op.getAxes())}, {{"keepdims", op.getKeepDims()}}));
}

LogicalResult exportReduceDynamic(ReduceDynamicOp op, NodeBuilder &b) {
  return b.result(b.node(reduceName(op.getKind()), b.operands(), {{"keepdims", op.getKeepDims()}}));
}

LogicalResult exportCumulate(CumulateOp op, NodeBuilder &b) {
  return b.result(b.node(op.getKind() == "sum" ? "CumSum" : "CumProd", {b(op.getX()), b.scalar(op.getAxis())},
                         {{"exclusive", op.getExclusive()}, {"reverse", op.getReverse()}}));
}

} // namespace

namespace cameo::onnx {
void registerReductionHandlers(HandlerTable &table) {
  auto onReduce = [&](StringRef name, StringRef kind) {
    table.on(name, 1, [kind](OpBinder &op) { return reduceKind(op, kind); });
  };
  onReduce("ReduceSum", "sum");
  onReduce("ReduceMean", "mean");
  onReduce("ReduceProd", "prod");
  onReduce("ReduceMax", "max");
  onReduce("ReduceMin", "min");
  auto onComposed = [&](StringRef name, bool needsFloat, Composition compose) {
    table.on(name, 1, [=](OpBinder &op) { return reduceComposed(op, compose, needsFloat); });
  };
  onComposed("ReduceL1", false, [](Reducer &r, Value x) { return r(r.c.make<AbsOp>(x), "sum"); });
  onComposed("ReduceL2", true, [](Reducer &r, Value x) { return r.c.make<SqrtOp>(r(r.c.mul(x, x), "sum")); });
  onComposed("ReduceSumSquare", false, [](Reducer &r, Value x) { return r(r.c.mul(x, x), "sum"); });
  onComposed("ReduceLogSum", true, [](Reducer &r, Value x) { return r.c.make<LogOp>(r(x, "sum")); });
  onComposed("ReduceLogSumExp", true, logSumExp);
  table.on("ArgMax", 1, argExtremum<ArgMaxOp>);
  table.on("ArgMin", 1, argExtremum<ArgMinOp>);
  table.on("CumSum", 11, [](OpBinder &op) { return cumulate(op, "sum"); });
  table.on("CumProd", 26, [](OpBinder &op) { return cumulate(op, "prod"); });
  for (StringRef name : {"Softmax", "LogSoftmax", "Hardmax"}) {
    table.on(name, 1, softmaxOfRows);
    table.on(name, 13, softmax);
  }

  table.exports<ReduceOp>(exportReduce);
  table.exports<ReduceDynamicOp>(exportReduceDynamic);
  table.exports<ArgMaxOp>("ArgMax(axis, keepdims=keepDims?, select_last_index=last?)");
  table.exports<ArgMinOp>("ArgMin(axis, keepdims=keepDims?, select_last_index=last?)");
  table.exports<CumulateOp>(exportCumulate);
  table.exports<SoftmaxOp>("Softmax(axis)");
  table.exports<LogSoftmaxOp>("LogSoftmax(axis)");
}
} // namespace cameo::onnx
