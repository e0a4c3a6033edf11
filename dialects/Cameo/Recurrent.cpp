// Recurrent.cpp - shapes and loops of rnn, gru and lstm.
//
// A step adds h R^T to its gates and then works through its units. The product is a sum of rows of R^T: each is
// contiguous, and several are added at once so that the gates are loaded and stored less often than the weights.
#include "cameo/Dialect/Cameo/Recurrent.h"
#include "ContractionHelpers.h"
#include "Interpolation.h"
#include "cameo/Dialect/Cameo/Cost.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace cameo;

#define GET_OP_CLASSES
#include "cameo/Dialect/Cameo/RecurrentOps.cpp.inc"

namespace cameo {
void registerRecurrentOps(CameoDialect &dialect) {
  dialect.addFamily<
#define GET_OP_LIST
#include "cameo/Dialect/Cameo/RecurrentOps.cpp.inc"
      >();
}
} // namespace cameo

// ---- activations

using Activation = Value (*)(const FloatMath &, Value x, double alpha, double beta);

/// The function that ONNX calls `name`; null for other names.
static Activation activationOf(StringRef name) {
  return llvm::StringSwitch<Activation>(name)
      .Case("Relu",
            [](const FloatMath &m, Value x, double, double) -> Value {
              return arith::MaximumFOp::create(m.b, m.loc, x, m.constant(0));
            })
      .Case("Tanh",
            [](const FloatMath &m, Value x, double, double) -> Value { return math::TanhOp::create(m.b, m.loc, x); })
      .Case("Sigmoid",
            [](const FloatMath &m, Value x, double, double) {
              ImplicitLocOpBuilder b(m.loc, m.b);
              return sigmoidScalar(b, x);
            })
      .Case("Affine",
            [](const FloatMath &m, Value x, double alpha, double beta) { return m.add(m.mul(x, alpha), beta); })
      .Case("LeakyRelu", [](const FloatMath &m, Value x, double alpha,
                            double) { return m.select(m.less(x, m.constant(0)), m.mul(x, alpha), x); })
      .Case("ThresholdedRelu", [](const FloatMath &m, Value x, double alpha,
                                  double) { return m.select(m.less(m.constant(alpha), x), x, m.constant(0)); })
      .Case("ScaledTanh", [](const FloatMath &m, Value x, double alpha,
                             double beta) { return m.mul(math::TanhOp::create(m.b, m.loc, m.mul(x, beta)), alpha); })
      .Case("HardSigmoid",
            [](const FloatMath &m, Value x, double alpha, double beta) {
              ImplicitLocOpBuilder b(m.loc, m.b);
              return hardSigmoidScalar(b, x, alpha, beta);
            })
      .Case("Elu",
            [](const FloatMath &m, Value x, double alpha, double) {
              return m.select(m.less(x, m.constant(0)), m.mul(math::ExpM1Op::create(m.b, m.loc, x), alpha), x);
            })
      .Case("Softsign", [](const FloatMath &m, Value x, double, double) { return m.div(x, m.add(m.abs(x), 1)); })
      .Case("Softplus",
            [](const FloatMath &m, Value x, double, double) {
              Value e = math::ExpOp::create(m.b, m.loc, Value(arith::NegFOp::create(m.b, m.loc, m.abs(x))));
              return m.add(Value(arith::MaximumFOp::create(m.b, m.loc, x, m.constant(0))),
                           Value(math::Log1pOp::create(m.b, m.loc, e)));
            })
      .Default(nullptr);
}

// ---- shapes

/// Requires `operand`, when there is one, to have the sizes `wanted`.
static LogicalResult verifyShape(Operation *op, ShapeAnalysis &shapes, Value operand, StringRef name,
                                 ArrayRef<Dim> wanted) {
  if (!operand)
    return success();
  ArrayRef<Dim> dims = shapes.dimsOf(operand);
  bool fits = dims.size() == wanted.size();
  for (size_t i = 0; fits && i < dims.size(); ++i)
    fits = !dims[i].constant() || !wanted[i].constant() || dims[i] == wanted[i];
  if (!fits)
    return op->emitOpError("operand ") << name << " has shape " << formatShape(dims) << "; expected "
                                       << formatShape(wanted);
  return success();
}

/// Sizes of a recurrent op, and the checks that its kinds share. `gates` and `functions` are how many each direction
/// has.
template <typename OpT>
static LogicalResult inferRecurrent(OpT op, int64_t gates, int64_t functions, unsigned numStates, ShapeAnalysis &shapes,
                                    SmallVectorImpl<ShapeInfo> &results) {
  const ShapeInfo &inputs = shapes.get(op.getInputs()), &weights = shapes.get(op.getWeights());
  DimContext &d = shapes.dims();
  bool fits = inputs.rank() == 4 && weights.rank() == 3;
  if (fits)
    for (auto [found, wanted] : {std::pair(weights.dims[0], inputs.dims[2]), std::pair(weights.dims[2], inputs.dims[3]),
                                 std::pair(weights.dims[2], d.mul(weights.dims[1], gates))})
      fits &= !found.constant() || !wanted.constant() || found == wanted;
  if (!fits)
    return op.emitOpError("inputs have shape ")
           << formatShape(inputs.dims) << " and weights " << formatShape(weights.dims)
           << "; expected [steps, batch, directions, " << gates << " hidden] and [directions, hidden, " << gates
           << " hidden]"; // C1
  auto directions = weights.dims[0].constant();
  if (!directions || *directions < 1 || *directions > (op.getReverse() ? 1 : 2))
    return op.emitOpError("has ") << formatShape(weights.dims[0]) << " directions; expected "
                                  << (op.getReverse() ? "1, because it is reversed" : "1 or 2"); // C2
  for (Value v : op->getOperands())
    if (Type type = getElementTypeOrSelf(v.getType());
        v != op.getLengths() && type != inputs.elementType &&
        !(v == op.getWeights() && (type.isBF16() || type.isF16()) && inputs.elementType.isF32()))
      return op.emitOpError("has operands of element types ")
             << inputs.elementType << " and " << type << "; expected the same"; // C3
  Dim steps = inputs.dims[0], batch = inputs.dims[1], direction = weights.dims[0], hidden = weights.dims[1];
  SmallVector<Dim, 6> state{direction, batch, hidden};
  if (failed(verifyShape(op, shapes, op.getInitial(), "initial", state)) || // C4
      failed(verifyShape(op, shapes, op.getLengths(), "lengths", {batch}))) // C5
    return failure();
  size_t count = functions * *directions;
  if (op.getActivations().size() != count || op.getAlpha().size() != count || op.getBeta().size() != count)
    return op.emitOpError("has ") << op.getActivations().size() << " activations, " << op.getAlpha().size()
                                  << " alpha and " << op.getBeta().size() << " beta; expected " << count; // C6
  for (StringAttr name : op.getActivations().template getAsRange<StringAttr>())
    if (!activationOf(name))
      return op.emitOpError("activation is '")
             << name.getValue() << "'; expected Relu, Tanh, Sigmoid, Affine, LeakyRelu, ThresholdedRelu, ScaledTanh, "
             << "HardSigmoid, Elu, Softsign or Softplus"; // C6
  results.push_back({inputs.elementType, {steps, direction, batch, hidden}, std::nullopt});
  for (unsigned i = 0; i < numStates; ++i)
    results.push_back({inputs.elementType, state, std::nullopt});
  return success();
}

LogicalResult RnnOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  return inferRecurrent(*this, 1, 1, 1, shapes, results);
}

LogicalResult GruOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  if (failed(inferRecurrent(*this, 3, 2, 1, shapes, results)))
    return failure();
  if (getHiddenBias() && !getLinearBeforeReset())
    return emitOpError("has a hidden bias without linearBeforeReset; expected it to be part of the inputs"); // C7
  ArrayRef<Dim> state = results[1].dims;
  return verifyShape(*this, shapes, getHiddenBias(), "hiddenBias", {state[0], state[2]}); // C7
}

LogicalResult LstmOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  if (failed(inferRecurrent(*this, 4, 3, 2, shapes, results)))
    return failure();
  ArrayRef<Dim> state = results[1].dims;
  Dim peepholes = shapes.dims().mul(state[2], 3);
  if (failed(verifyShape(*this, shapes, getInitialCell(), "initialCell", state))) // C4
    return failure();
  return verifyShape(*this, shapes, getPeepholes(), "peepholes", {state[0], peepholes}); // C7
}

/// Operations of activation function `i` of the op's list.
template <typename OpT> static int64_t activationFlops(OpT op, size_t i) {
  Block scratch;
  Type type = computeType(getElementTypeOrSelf(op.getInputs().getType()));
  OpBuilder b(op.getContext());
  b.setInsertionPointToEnd(&scratch);
  FloatMath m(b, op.getLoc(), type);
  Value x = scratch.addArgument(type, op.getLoc());
  activationOf(cast<StringAttr>(op.getActivations()[i]).getValue())(m, x, op.getAlpha()[i], op.getBeta()[i]);
  return llvm::count_if(scratch, isFloatArithmetic);
}

/// The products of states and weights, and for each unit `perUnit`, the limits of `clipped` gates, and each activation
/// function of a direction as often as `uses` says. All steps count, as if no sequence ended early.
template <typename OpT>
static Dim recurrentFlops(OpT op, ShapeAnalysis &shapes, int64_t perUnit, int64_t clipped, ArrayRef<int64_t> uses) {
  DimContext &d = shapes.dims();
  ArrayRef<Dim> inputs = shapes.dimsOf(op.getInputs());
  Dim hidden = shapes.dim(op.getWeights(), 1);
  int64_t directions = op.getActivations().size() / uses.size();
  int64_t ofUnits = directions * (perUnit + (op.getClip() ? 2 * clipped : 0));
  for (size_t i = 0; i < op.getActivations().size(); ++i)
    ofUnits += activationFlops(op, i) * uses[i % uses.size()];
  Dim products = d.mul(d.mul(d.product(inputs), hidden), 2);
  return d.add(products, d.mul(d.mul(d.mul(inputs[0], inputs[1]), hidden), ofUnits));
}
// States are rounded where they meet the weights.
SmallVector<unsigned> RnnOp::factorsWorthRounding(ShapeAnalysis &) {
  return factorsOfConstantWeights(*this, {getWeightsMutable().getOperandNumber()});
}
SmallVector<unsigned> GruOp::factorsWorthRounding(ShapeAnalysis &) {
  return factorsOfConstantWeights(*this, {getWeightsMutable().getOperandNumber()});
}
SmallVector<unsigned> LstmOp::factorsWorthRounding(ShapeAnalysis &) {
  return factorsOfConstantWeights(*this, {getWeightsMutable().getOperandNumber()});
}

Dim RnnOp::flops(ShapeAnalysis &shapes) { return recurrentFlops(*this, shapes, 0, 1, {1}); }
Dim GruOp::flops(ShapeAnalysis &shapes) {
  return recurrentFlops(*this, shapes, getLinearBeforeReset() ? 6 : 5, 3, {2, 1});
}
Dim LstmOp::flops(ShapeAnalysis &shapes) {
  int64_t coupled = getInputForget(); // the forget gate is 1 - i
  return recurrentFlops(*this, shapes, 4 + coupled + (getPeepholes() ? 6 - 2 * coupled : 0), 4 - coupled,
                        {3 - coupled, 1, 1});
}

// ---- one unit

/// How many activation functions a direction has.
template <typename OpT> constexpr int64_t kFunctions = 3;
template <> constexpr int64_t kFunctions<GruOp> = 2;
template <> constexpr int64_t kFunctions<RnnOp> = 1;

/// Function `number` of the direction.
template <typename OpT> static Value activate(OpT op, OpBuilder &b, int64_t direction, int64_t number, Value x) {
  size_t i = direction * kFunctions<OpT> + number;
  FloatMath m(b, op.getLoc(), x.getType());
  return activationOf(cast<StringAttr>(op.getActivations()[i]).getValue())(m, x, op.getAlpha()[i], op.getBeta()[i]);
}
/// The same of a gate's x, which `clip` limits.
template <typename OpT> static Value activateGate(OpT op, OpBuilder &b, int64_t direction, int64_t number, Value x) {
  if (op.getClip()) {
    FloatMath m(b, op.getLoc(), x.getType());
    double clip = op.getClip()->convertToDouble();
    x = arith::MaximumFOp::create(b, m.loc, x, m.constant(-clip));
    x = arith::MinimumFOp::create(b, m.loc, x, m.constant(clip));
  }
  return activate(op, b, direction, number, x);
}

RecurrentState cameo::emitUnit(RnnOp op, KernelEmitter &, OpBuilder &b, const RecurrentUnit &unit) {
  return {activateGate(op, b, unit.direction, 0, unit.gates[0]), Value()};
}

RecurrentState cameo::emitUnit(GruOp op, KernelEmitter &k, OpBuilder &b, const RecurrentUnit &unit) {
  FloatMath m(b, op.getLoc(), unit.h.getType());
  Value z = activateGate(op, b, unit.direction, 0, unit.gates[0]), n = unit.gates[2];
  if (op.getLinearBeforeReset())
    n = multiplyAdd(k, b, m.loc, unit.input, activateGate(op, b, unit.direction, 0, unit.gates[1]), n);
  n = activateGate(op, b, unit.direction, 1, n);
  return {m.add(m.mul(m.sub(m.constant(1), z), n), m.mul(z, unit.h)), Value()};
}

RecurrentState cameo::emitUnit(LstmOp op, KernelEmitter &k, OpBuilder &b, const RecurrentUnit &unit) {
  enum { I, O, F, C }; // peepholes are in the same order
  FloatMath m(b, op.getLoc(), unit.cell.getType());
  auto gate = [&](int64_t number, int64_t function, Value cell) {
    Value x = unit.gates[number];
    if (cell && !unit.peepholes.empty())
      x = multiplyAdd(k, b, m.loc, x, unit.peepholes[number], cell);
    return activateGate(op, b, unit.direction, function, x);
  };
  Value i = gate(I, 0, unit.cell), f = op.getInputForget() ? m.sub(m.constant(1), i) : gate(F, 0, unit.cell);
  Value cell = multiplyAdd(k, b, m.loc, m.mul(f, unit.cell), i, gate(C, 1, Value()));
  return {m.mul(gate(O, 0, cell), activate(op, b, unit.direction, 2, cell)), cell};
}

// ---- loops

namespace {

/// A direction, as a number and as an index value.
struct Direction {
  int64_t number;
  Value index;
};

/// Emits the loops around the units of one recurrent op.
class Recurrence {
public:
  template <typename OpT>
  Recurrence(OpT op, KernelEmitter &k, ArrayRef<KernelTensor> operands)
      : loc(op.getLoc()), k(k), inputs(operands[0]), weights(operands[1]),
        lengths(operandTensor(op, operands, op.getLengths())), reverse(op.getReverse()),
        type(computeType(inputs.elementType)), batch(inputs.dims[1]), hidden(weights.dims[1]) {}

  /// Numbers for every unit of every row: a state, or several per unit.
  KernelTensor temporary(OpBuilder &b, int64_t perUnit = 1) {
    return k.temporary(b, loc, type, {batch, k.dims().mul(hidden, perUnit)});
  }

  /// Calls `body` for each direction, one after the other.
  void forEachDirection(OpBuilder &b, llvm::function_ref<void(OpBuilder &, Direction)> body) {
    for (int64_t d = 0; d < *weights.dims[0].constant(); ++d)
      body(b, {d, constantIndex(b, loc, d)});
  }
  /// Calls `body` for each step of a direction; the index counts steps, not positions.
  void forEachStep(OpBuilder &b, llvm::function_ref<void(OpBuilder &, Value step)> body) {
    loopNest(b, loc, {k.size(inputs.dims[0])}, [&](OpBuilder &b, Location, ValueRange step) { body(b, step[0]); });
  }

  /// state = `initial` of the direction, or 0 where the operand is absent.
  void start(OpBuilder &b, const KernelTensor &state, const KernelTensor &initial, Direction at) {
    loopNest(b, loc, sizesOf(k, state.dims), [&](OpBuilder &b, Location loc, ValueRange i) {
      Value v = initial ? initial.load(b, loc, {at.index, i[0], i[1]}) : constantScalar(b, loc, type, 0);
      state.store(b, loc, v, i);
    });
  }
  /// `last` of the direction = state.
  void finish(OpBuilder &b, const KernelTensor &state, const KernelTensor &last, Direction at) {
    loopNest(b, loc, sizesOf(k, state.dims), [&](OpBuilder &b, Location loc, ValueRange i) {
      last.store(b, loc, state.load(b, loc, i), {at.index, i[0], i[1]});
    });
  }

  /// gates[row, j] = `value` of the step's input at column j, for columns [from, to) in units of the hidden size.
  void fill(OpBuilder &b, const KernelTensor &gates, Direction at, Value step, int64_t from, int64_t to,
            llvm::function_ref<Value(OpBuilder &, Value row, Value position, Value column)> value) {
    loopNest(b, loc, {k.size(batch)}, [&](OpBuilder &b, Location loc, ValueRange row) {
      Value position = positionOf(b, at, step, row[0]).first;
      forColumns(b, from, to, [&](OpBuilder &b, Value column) {
        gates.store(b, loc, value(b, row[0], position, column), {row[0], column});
      });
    });
  }
  Value input(OpBuilder &b, Direction at, Value row, Value position, Value column) {
    return inputs.load(b, loc, {position, row, at.index, column});
  }

  /// gates[row, j] += sum_k state[row, k] weights[direction, k, j], for columns [from, to) in units of the hidden size.
  void accumulate(OpBuilder &b, const KernelTensor &gates, const KernelTensor &state, Direction at, int64_t from,
                  int64_t to) {
    constexpr int64_t kRows = 8;
    Value size = k.size(hidden), rows = constantIndex(b, loc, kRows), one = constantIndex(b, loc, 1);
    Value whole = k.size(k.dims().mul(k.dims().floorDiv(hidden, kRows), kRows));
    auto addRows = [&](Value begin, Value end, Value step, int64_t count) {
      OpBuilder::InsertionGuard guard(b);
      auto blocks = scf::ForOp::create(b, loc, begin, end, step);
      b.setInsertionPointToStart(blocks.getBody());
      loopNest(b, loc, {k.size(batch)}, [&](OpBuilder &b, Location loc, ValueRange row) {
        SmallVector<Value> from_, factor;
        for (int64_t i = 0; i < count; ++i) {
          from_.push_back(addIndex(b, loc, blocks.getInductionVar(), constantIndex(b, loc, i)));
          factor.push_back(state.load(b, loc, {row[0], from_.back()}));
        }
        forColumns(b, from, to, [&](OpBuilder &b, Value column) {
          Value sum = gates.load(b, loc, {row[0], column});
          for (int64_t i = 0; i < count; ++i)
            sum = multiplyAdd(b, sum, factor[i], weights.load(b, loc, {at.index, from_[i], column}));
          gates.store(b, loc, sum, {row[0], column});
        });
      });
    };
    addRows(constantIndex(b, loc, 0), whole, rows, kRows);
    addRows(whole, size, one, 1);
  }

  /// Calls `body` for every unit of rows that have this step; it updates the state and returns h, which goes to `y`.
  /// Rows whose sequence has ended get 0 there.
  void forEachUnit(OpBuilder &b, Direction at, Value step, const KernelTensor &y,
                   llvm::function_ref<Value(OpBuilder &, Value row, Value position, Value unit)> body) {
    loopNest(b, loc, {k.size(batch)}, [&](OpBuilder &b, Location loc, ValueRange row) {
      auto [position, active] = positionOf(b, at, step, row[0]);
      auto units = [&](OpBuilder &b, llvm::function_ref<Value(OpBuilder &, Value)> h) {
        loopNest(b, loc, {k.size(hidden)}, [&](OpBuilder &b, Location loc, ValueRange unit) {
          y.store(b, loc, h(b, unit[0]), {position, at.index, row[0], unit[0]});
        });
      };
      auto update = [&](OpBuilder &b, Value unit) { return body(b, row[0], position, unit); };
      if (!active)
        return units(b, update);
      auto branch = scf::IfOp::create(b, loc, active, /*withElseRegion=*/true);
      OpBuilder thenBuilder = branch.getThenBodyBuilder(), elseBuilder = branch.getElseBodyBuilder();
      units(thenBuilder, update);
      units(elseBuilder, [&](OpBuilder &b, Value) { return constantScalar(b, loc, type, 0); });
    });
  }

  Value column(OpBuilder &b, int64_t gate, Value unit) {
    return addIndex(b, loc, k.size(k.dims().mul(hidden, gate)), unit);
  }
  Value gate(OpBuilder &b, const KernelTensor &gates, Value row, int64_t gate, Value unit) {
    return gates.load(b, loc, {row, column(b, gate, unit)});
  }
  Value multiplyAdd(OpBuilder &b, Value sum, Value x, Value y) { return cameo::multiplyAdd(k, b, loc, sum, x, y); }

  Location loc;

private:
  void forColumns(OpBuilder &b, int64_t from, int64_t to, llvm::function_ref<void(OpBuilder &, Value)> body) {
    Value begin = k.size(k.dims().mul(hidden, from));
    loopNest(b, loc, {k.size(k.dims().mul(hidden, to - from))},
             [&](OpBuilder &b, Location loc, ValueRange j) { body(b, from ? addIndex(b, loc, begin, j[0]) : j[0]); });
  }

  /// The position in the sequence that `step` of a row reads and writes, and whether the row is that long (null:
  /// always).
  std::pair<Value, Value> positionOf(OpBuilder &b, Direction at, Value step, Value row) {
    bool backward = reverse || at.number == 1;
    Value one = constantIndex(b, loc, 1), size = k.size(inputs.dims[0]);
    auto mirrored = [&](Value length) { return subIndex(b, loc, subIndex(b, loc, length, one), step); };
    if (!lengths)
      return {backward ? mirrored(size) : step, Value()};
    Value length = toIndex(b, loc, lengths.load(b, loc, {row}), lengths.elementType);
    Value fits = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ule, length, size);
    Value bad = arith::XOrIOp::create(b, loc, fits, constantInt(b, loc, b.getI1Type(), 1));
    k.failIf(b, loc, bad, CAMEO_OUT_OF_RANGE, "sequence length %lld is not between 0 and the number of steps",
             indexToI64(b, loc, length));
    length = arith::SelectOp::create(b, loc, fits, length, constantIndex(b, loc, 0));
    Value active = isLess(b, loc, step, length);
    return {backward ? Value(arith::SelectOp::create(b, loc, active, mirrored(length), step)) : step, active};
  }

  KernelEmitter &k;
  const KernelTensor &inputs, &weights;
  KernelTensor lengths;
  bool reverse;
  Type type;
  Dim batch, hidden;
};

} // namespace

LogicalResult RnnOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                               ArrayRef<KernelTensor> results) {
  KernelTensor initial = operandTensor(*this, operands, getInitial());
  Recurrence r(*this, k, operands);
  KernelTensor h = r.temporary(b), gates = r.temporary(b);
  r.forEachDirection(b, [&](OpBuilder &b, Direction at) {
    r.start(b, h, initial, at);
    r.forEachStep(b, [&](OpBuilder &b, Value step) {
      r.fill(b, gates, at, step, 0, 1, [&](OpBuilder &b, Value row, Value position, Value column) {
        return r.input(b, at, row, position, column);
      });
      r.accumulate(b, gates, h, at, 0, 1);
      r.forEachUnit(b, at, step, results[0], [&](OpBuilder &b, Value row, Value, Value unit) {
        Value next = emitUnit(*this, k, b, {at.number, {r.gate(b, gates, row, 0, unit)}, {}, {}, {}, {}}).h;
        h.store(b, r.loc, next, {row, unit});
        return next;
      });
    });
    r.finish(b, h, results[1], at);
  });
  return success();
}

LogicalResult GruOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                               ArrayRef<KernelTensor> results) {
  KernelTensor initial = operandTensor(*this, operands, getInitial());
  KernelTensor hiddenBias = operandTensor(*this, operands, getHiddenBias());
  Recurrence r(*this, k, operands);
  bool linear = getLinearBeforeReset();
  Type type = computeType(results[0].elementType);
  // `reset` holds r h; its product with R_n goes on top of the input, or stands alone while r is still to be applied.
  KernelTensor h = r.temporary(b), gates = r.temporary(b, 3), reset;
  if (!linear)
    reset = r.temporary(b);
  r.forEachDirection(b, [&](OpBuilder &b, Direction at) {
    r.start(b, h, initial, at);
    r.forEachStep(b, [&](OpBuilder &b, Value step) {
      auto input = [&](OpBuilder &b, Value row, Value position, Value column) {
        return r.input(b, at, row, position, column);
      };
      r.fill(b, gates, at, step, 0, linear ? 2 : 3, input);
      if (linear) {
        r.fill(b, gates, at, step, 2, 3, [&](OpBuilder &b, Value, Value, Value column) {
          if (!hiddenBias)
            return constantScalar(b, r.loc, type, 0);
          Value unit = subIndex(b, r.loc, column, r.column(b, 2, constantIndex(b, r.loc, 0)));
          return hiddenBias.load(b, r.loc, {at.index, unit});
        });
        r.accumulate(b, gates, h, at, 0, 3);
      } else {
        r.accumulate(b, gates, h, at, 0, 2);
        loopNest(b, r.loc, sizesOf(k, h.dims), [&](OpBuilder &b, Location loc, ValueRange i) {
          Value gate = activateGate(*this, b, at.number, 0, r.gate(b, gates, i[0], 1, i[1]));
          reset.store(b, loc, mulScalar(b, loc, gate, h.load(b, loc, i)), i);
        });
        r.accumulate(b, gates, reset, at, 2, 3);
      }
      r.forEachUnit(b, at, step, results[0], [&](OpBuilder &b, Value row, Value position, Value unit) {
        RecurrentUnit u{at.number, {}, {}, h.load(b, r.loc, {row, unit}), {}, {}};
        for (int64_t gate = 0; gate < 3; ++gate)
          u.gates.push_back(r.gate(b, gates, row, gate, unit));
        if (linear)
          u.input = r.input(b, at, row, position, r.column(b, 2, unit));
        Value next = emitUnit(*this, k, b, u).h;
        h.store(b, r.loc, next, {row, unit});
        return next;
      });
    });
    r.finish(b, h, results[1], at);
  });
  return success();
}

LogicalResult LstmOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                ArrayRef<KernelTensor> results) {
  KernelTensor initial = operandTensor(*this, operands, getInitial());
  KernelTensor initialCell = operandTensor(*this, operands, getInitialCell());
  KernelTensor peepholes = operandTensor(*this, operands, getPeepholes());
  Recurrence r(*this, k, operands);
  KernelTensor h = r.temporary(b), c = r.temporary(b), gates = r.temporary(b, 4);
  r.forEachDirection(b, [&](OpBuilder &b, Direction at) {
    r.start(b, h, initial, at);
    r.start(b, c, initialCell, at);
    r.forEachStep(b, [&](OpBuilder &b, Value step) {
      r.fill(b, gates, at, step, 0, 4, [&](OpBuilder &b, Value row, Value position, Value column) {
        return r.input(b, at, row, position, column);
      });
      r.accumulate(b, gates, h, at, 0, 4);
      r.forEachUnit(b, at, step, results[0], [&](OpBuilder &b, Value row, Value, Value unit) {
        RecurrentUnit u{at.number, {}, {}, {}, c.load(b, r.loc, {row, unit}), {}};
        for (int64_t gate = 0; gate < 4; ++gate)
          u.gates.push_back(r.gate(b, gates, row, gate, unit));
        for (int64_t gate = 0; peepholes && gate < 3; ++gate)
          u.peepholes.push_back(peepholes.load(b, r.loc, {at.index, r.column(b, gate, unit)}));
        auto [next, cell] = emitUnit(*this, k, b, u);
        c.store(b, r.loc, cell, {row, unit});
        h.store(b, r.loc, next, {row, unit});
        return next;
      });
    });
    r.finish(b, h, results[1], at);
    r.finish(b, c, results[2], at);
  });
  return success();
}
