// AnchorRecurrent.cpp - cameo.rnn, gru and lstm with constant weights: per step one contraction, whose epilogue is the
// unit.
//
// Weights are packed so that a panel holds all gates of as many units as a vector has lanes: [units /
// lanes][k][gate][lane]. The sums of a panel are then finished together, and go from the registers through the gates
// into the next state; a step reads the weights once, front to back. States lie in whole vectors, the old and the new h
// by turns. Directions are the parallel steps.
//
// Weights of bf16 are packed in pairs of k, [units / lanes][k / 2][gate][lane][2], where the CPU multiplies those; each
// new h is then stored once more, rounded to bf16, for the next step's product.
//
// Left to the naive loops: sequences of different lengths, a gru whose r enters before the product, weights of the run,
// states of other types than f32.
#include "Anchors.h"
#include "cameo/Dialect/Cameo/Cost.h"
#include "cameo/Dialect/Cameo/Recurrent.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::codegen;

namespace {

/// Packs R^T, [D, H, G H], panel after panel; units beyond H get zeros.
void packRecurrentWeights(const float *source, int64_t directions, int64_t hidden, int64_t gates, int64_t lanes,
                          float *packed) {
  for (int64_t direction = 0; direction < directions; ++direction)
    for (int64_t first = 0; first < hidden; first += lanes)
      for (int64_t k = 0; k < hidden; ++k)
        for (int64_t gate = 0; gate < gates; ++gate)
          for (int64_t unit = first; unit < first + lanes; ++unit)
            *packed++ = unit < hidden ? source[((direction * hidden + k) * gates + gate) * hidden + unit] : 0;
}

/// The same for bits of bf16, in pairs.
void packRecurrentPairs(const uint16_t *source, int64_t directions, int64_t hidden, int64_t gates, int64_t lanes,
                        uint16_t *packed) {
  for (int64_t direction = 0; direction < directions; ++direction)
    for (int64_t first = 0; first < hidden; first += lanes)
      for (int64_t k = 0; k < hidden; k += 2)
        for (int64_t gate = 0; gate < gates; ++gate)
          for (int64_t unit = first; unit < first + lanes; ++unit)
            for (int64_t row = k; row < k + 2; ++row)
              *packed++ = unit < hidden && row < hidden
                              ? source[((direction * hidden + row) * gates + gate) * hidden + unit]
                              : 0;
}

template <typename OpT> class RecurrentEmitter {
public:
  RecurrentEmitter(const Anchor &a, OpT op, int64_t gates)
      : a(a), op(op), e(a.b, a.loc()), gates(gates), lanes(a.vectors().lanes()), inputs(a.operands[0]),
        initial(operand(op.getInitial())) {}

  std::optional<LogicalResult> emit() {
    auto size = a.operands[1].dims[1].constant(), count = a.operands[1].dims[0].constant();
    if (!inputs.elementType.isF32() || !inputs.memref || op.getLengths() || !a.k.constantOperand(op.getWeights()) ||
        !size || *size < 1 || !count || (initial && !initial.memref) || !setParameters())
      return std::nullopt;
    hidden = *size;
    directions = *count;
    padded = llvm::alignTo(hidden, lanes);
    pairs = a.target.hasBf16Dots && a.operands[1].elementType.isBF16();
    packWeights();
    DimContext &d = a.dims();
    batch = a.extent(inputs.dims[1]);
    stateBytes = e.times(batch, padded * 4);
    int64_t states = 2 + isLstm + pairs; // h by turns, cells, and h rounded by turns
    KernelTensor memory = a.k.temporary(a.b, a.loc(), a.b.getF32Type(),
                                        {d.constant(directions * states), inputs.dims[1], d.constant(padded)});
    Value base = a.pointer(memory);
    inputPointer = a.pointer(inputs);
    steps = e.value(a.extent(inputs.dims[0]));
    a.setTiles(d.constant(directions), kWorthAThread);
    auto [begin, end] = a.slice();
    for (direction = 0; direction < directions; ++direction) {
      h = e.offset(base, e.times(stateBytes, direction * states));
      cells = isLstm ? e.offset(h, e.times(stateBytes, 2)) : Value();
      roundedH = pairs ? e.offset(h, e.times(stateBytes, 2 + isLstm)) : Value();
      Value number = e.number(direction);
      e.when(e.both(e.compare(Emit::Pred::sle, begin, number), e.compare(Emit::Pred::slt, number, end)),
             [&] { emitDirection(); });
    }
    return success();
  }

private:
  static constexpr bool isLstm = std::is_same_v<OpT, LstmOp>, isGru = std::is_same_v<OpT, GruOp>;
  /// A direction is always worth a thread of its own.
  static constexpr int64_t kWorthAThread = int64_t(1) << 40;

  void packWeights() {
    std::string key = llvm::formatv("recurrent d={0} h={1} gates={2} lanes={3}", directions, hidden, gates, lanes);
    weightBytes = padded * gates * (pairs ? llvm::alignTo(hidden, 2) * 2 : hidden * 4);
    if (pairs)
      weights = a.packedBytes(op.getWeights(), key + " pairs", directions * weightBytes,
                              [directions = directions, hidden = hidden, gates = gates,
                               lanes = lanes](const uint8_t *source, char *packed) {
                                packRecurrentPairs(reinterpret_cast<const uint16_t *>(source), directions, hidden,
                                                   gates, lanes, reinterpret_cast<uint16_t *>(packed));
                              });
    else
      weights = a.packedFloats(
          op.getWeights(), key, directions * weightBytes / 4,
          [directions = directions, hidden = hidden, gates = gates, lanes = lanes](const float *source, float *packed) {
            packRecurrentWeights(source, directions, hidden, gates, lanes, packed);
          });
  }

  KernelTensor operand(Value v) {
    for (auto [own, tensor] : llvm::zip(op->getOperands(), a.operands))
      if (v && own == v)
        return tensor;
    return {};
  }

  /// The operands that only some kinds have; false when they are not buffers.
  bool setParameters() {
    if constexpr (isLstm) {
      initialCell = operand(op.getInitialCell());
      parameters = operand(op.getPeepholes());
    } else if constexpr (isGru) {
      parameters = operand(op.getHiddenBias());
    }
    return (!initialCell || initialCell.memref) && (!parameters || parameters.memref);
  }

  /// Vectors of units of each row; `mask` is null where all units exist.
  void forUnits(llvm::function_ref<void(Value row, Value unit, Value mask)> body) {
    e.loop(e.number(0), e.value(batch), 1, [&](Value row) {
      e.loop(e.number(0), e.number(padded), lanes, [&](Value unit) { body(row, unit, maskOf(unit)); });
    });
  }
  Value maskOf(Value unit) { return hidden % lanes ? e.mask(lanes, unit, e.number(hidden)) : Value(); }
  Value stateAt(Value state, Value row, Value unit) {
    return e.offset(state, e.mul(e.add(e.mul(row, padded), unit), 4));
  }
  Value load(Value pointer, Value mask = {}) { return emitLoad(e.b, e.loc, Type(), pointer, lanes, mask); }
  void store(Value vector, Value pointer) { emitStore(e.b, e.loc, Type(), vector, pointer); }
  Value element(Value base, Value index) { return e.offset(base, e.mul(index, 4)); }

  void start(Value state, const KernelTensor &from) {
    forUnits([&](Value row, Value unit, Value mask) {
      Value v;
      if (from) {
        Value line = e.add(e.mul(e.value(batch), direction), row);
        v = load(element(a.pointer(from), e.add(e.mul(line, hidden), unit)), mask);
      } else {
        v = arith::ConstantOp::create(e.b, e.loc, e.b.getZeroAttr(e.vectorType(lanes)));
      }
      store(v, stateAt(state, row, unit));
      if (pairs && state == h)
        storeRounded(v, e.number(0), row, unit);
    });
  }
  void finish(Value state, unsigned result) {
    forUnits([&](Value row, Value unit, Value mask) {
      Value line = e.add(e.mul(e.value(batch), direction), row);
      a.k.storeVector(e.b, e.loc, result, load(stateAt(state, row, unit)), {a.index(line), a.index(unit), mask});
    });
  }

  /// State h after an even and an odd number of steps, from the number's last bit.
  Value turn(Value number) { return e.offset(h, e.mul(e.rem(number, e.number(2)), stateBytes)); }
  Value roundedTurn(Value number) {
    return e.offset(roundedH, e.mul(e.rem(number, e.number(2)), e.mul(e.value(batch), padded * 2)));
  }
  void storeRounded(Value vector, Value number, Value row, Value unit) {
    Value at = e.mul(e.add(e.mul(row, padded), unit), 2);
    emitStore(e.b, e.loc, e.b.getBF16Type(), vector, e.offset(roundedTurn(number), at));
  }

  void emitDirection() {
    start(h, initial);
    if (isLstm)
      start(cells, initialCell);
    e.loop(e.number(0), steps, 1, [&](Value step) { emitStep(step); });
    finish(turn(steps), 1);
    if (isLstm)
      finish(cells, 2);
  }

  void emitStep(Value step) {
    bool backward = op.getReverse() || direction == 1;
    position = backward ? e.sub(e.add(steps, -1), step) : step;
    old = turn(step);
    next = turn(e.add(step, 1));
    this->step = step;
    ContractionSpec s;
    s.target = a.vectors();
    s.m = batch;
    s.n = gates * padded;
    s.k = hidden;
    s.lhs = pairs ? roundedTurn(step) : old;
    s.lhsRowStride = padded;
    if (pairs)
      s.lhsType = e.b.getBF16Type();
    s.bf16Dots = pairs;
    s.rhs = e.offset(weights, direction * weightBytes);
    s.tile = tile();
    SmallVector<Value, 4> sums; // of a row's gates, which are stored one after the other
    s.store = [&](OpBuilder &b, Location, Value sum, const TilePosition &at) {
      OpBuilder::InsertionGuard guard(e.b);
      e.b.restoreInsertionPoint(b.saveInsertionPoint());
      if (sums.empty())
        firstColumn = at.col;
      sums.push_back(sum);
      if (int64_t(sums.size()) < gates)
        return;
      emitUnits(std::exchange(sums, {}), at.row, e.div(firstColumn, e.number(gates)));
    };
    emitContraction(e.b, e.loc, s, e.number(0), emitContractionSteps(e.b, e.loc, s));
  }

  ContractionTile tile() {
    VectorTarget target = a.vectors();
    ContractionTile tile;
    tile.lanes = lanes;
    tile.nr = gates * lanes;
    // Accumulators, a row of weights and an element of h; without FMA what a product takes as well.
    int64_t most = (target.numRegisters - gates - 1 - (target.fusesAdd ? 0 : 2)) / gates;
    tile.mr =
        std::clamp<int64_t>(batch.isStatic() ? batch.fixed : most, 1, std::max<int64_t>(1, std::min<int64_t>(most, 8)));
    tile.tailMr = tile.mr;
    tile.mBlock = batch.isStatic() ? llvm::alignTo(batch.fixed, tile.mr) : 16 * tile.mr;
    tile.kUnroll = target.canUnroll(tile.mr * gates) ? 4 : 1;
    return tile;
  }

  void emitUnits(SmallVector<Value, 4> sums, Value row, Value first) {
    Value mask = maskOf(first);
    Value line = e.add(e.mul(position, batch), row); // of the inputs, per direction
    Value from = e.add(e.mul(e.add(e.mul(line, directions), direction), gates * hidden), first);
    auto parameter = [&](int64_t index) {
      return load(element(a.pointer(parameters), e.add(first, index * hidden)), mask);
    };
    RecurrentUnit unit;
    unit.direction = direction;
    for (int64_t gate = 0; gate < gates; ++gate) {
      Value input = load(element(inputPointer, e.add(from, gate * hidden)), mask);
      if (isGru && gate == 2) {
        unit.input = input;
        unit.gates.push_back(parameters ? arith::AddFOp::create(e.b, e.loc, sums[gate], parameter(direction))
                                        : sums[gate]);
      } else {
        unit.gates.push_back(arith::AddFOp::create(e.b, e.loc, input, sums[gate]));
      }
    }
    for (int64_t gate = 0; isLstm && parameters && gate < 3; ++gate)
      unit.peepholes.push_back(parameter(direction * 3 + gate));
    unit.h = load(stateAt(old, row, first));
    if (isLstm)
      unit.cell = load(stateAt(cells, row, first));
    RecurrentState state = emitUnit(op, a.k, e.b, unit);
    store(state.h, stateAt(next, row, first));
    if (pairs)
      storeRounded(state.h, e.add(step, 1), row, first);
    if (isLstm)
      store(state.cell, stateAt(cells, row, first));
    Value resultRow = e.add(e.mul(e.add(e.mul(position, directions), direction), e.value(batch)), row);
    a.k.storeVector(e.b, e.loc, 0, state.h, {a.index(resultRow), a.index(first), mask});
  }

  const Anchor &a;
  OpT op;
  Emit e;
  int64_t gates, lanes;
  const KernelTensor &inputs;
  KernelTensor initial, initialCell, parameters;                   ///< parameters: peepholes, or the hidden bias
  int64_t hidden = 0, directions = 0, padded = 0, weightBytes = 0; ///< weightBytes: of a direction
  bool pairs = false;
  Extent batch, stateBytes;
  Value weights, inputPointer, steps;
  // Of the direction, and the step.
  int64_t direction = 0;
  Value h, cells, roundedH, step, old, next, position, firstColumn;
};

template <typename OpT, int64_t gates> class TunedRecurrence final : public TunedOpOf<OpT> {
  /// A step reads all weights, from L2 mostly.
  double slotsOf(Operation *op, ShapeAnalysis &shapes, const CpuTarget &, DictionaryAttr) const override {
    constexpr double kFlopsPerSlot = 14, kBytesPerSlot = 13;
    auto recurrence = cast<OpT>(op);
    double weights = double(bytesOf(shapes, recurrence.getWeights()).constant().value_or(0));
    double steps = double(shapes.dimsOf(recurrence.getInputs())[0].constant().value_or(1));
    double flops = double(flopsOf(shapes, op).constant().value_or(0));
    return std::max(flops / kFlopsPerSlot, steps * weights / kBytesPerSlot);
  }
  std::optional<LogicalResult> emitOp(const Anchor &a, OpT op) const override {
    if constexpr (std::is_same_v<OpT, GruOp>)
      if (!op.getLinearBeforeReset())
        return std::nullopt;
    return RecurrentEmitter<OpT>(a, op, gates).emit();
  }
};

} // namespace

const TunedOp &cameo::codegen::tunedRnn() {
  static const TunedRecurrence<RnnOp, 1> code;
  return code;
}
const TunedOp &cameo::codegen::tunedGru() {
  static const TunedRecurrence<GruOp, 3> code;
  return code;
}
const TunedOp &cameo::codegen::tunedLstm() {
  static const TunedRecurrence<LstmOp, 4> code;
  return code;
}
