// ObserveLayers.cpp - what layers read leaves the program, where whoever runs it counts it.
#include "cameo/Dialect/Cameo/Attributes.h"
#include "cameo/Passes/Quantization/Layers.h"
#include "cameo/Passes/Quantization/Passes.h"
#include "cameo/Passes/Remarks.h"
#include "llvm/ADT/SetVector.h"

namespace cameo {
#define GEN_PASS_DEF_OBSERVELAYERSPASS
#include "cameo/Passes/Quantization/Passes.h.inc"
} // namespace cameo

using namespace mlir;
using namespace cameo;

namespace {

/// Values inside control flow, seen from outside: every channel's numbers one below the other, a row for each position
/// of each time that the value is computed, and no row where it is not.
class Outlet {
public:
  /// Of what is read in `block`; `axis` of `value` has `channels` elements, whatever its type says. Outside control
  /// flow it is shown as it is.
  static Value of(Value value, int64_t axis, int64_t channels, Block *block) {
    if (isOutside(block))
      return value;
    Value rows = asRows(value, axis, channels, block);
    while (!isOutside(rows.getParentBlock())) {
      Operation *parent = rows.getParentBlock()->getParentOp();
      if (auto branch = dyn_cast<IfOp>(parent))
        rows = throughBranch(branch, rows);
      else
        rows = throughLoop(cast<LoopOp>(parent), rows);
    }
    return rows;
  }

private:
  static bool isOutside(Block *block) { return isa<func::FuncOp>(block->getParentOp()); }
  static int64_t channelsOf(Value rows) { return cast<RankedTensorType>(rows.getType()).getDimSize(1); }
  static RankedTensorType anyRows(Value rows) {
    auto type = cast<RankedTensorType>(rows.getType());
    return type.clone({ShapedType::kDynamic, channelsOf(rows)});
  }
  static Value noRows(OpBuilder &b, Value like) {
    return constantOf<float>(b, like.getLoc(), {0, channelsOf(like)}, b.getF32Type(), {});
  }

  static Value asRows(Value value, int64_t axis, int64_t channels, Block *block) {
    OpBuilder b(block->getTerminator());
    ShapeAnalysis shapes;
    Location loc = value.getLoc();
    SmallVector<int64_t> order;
    for (int64_t i = 0; i < shapes.rank(value); ++i)
      if (i != axis)
        order.push_back(i);
    order.push_back(axis);
    Value last = createOp<TransposeOp>(b, shapes, loc, value, order);
    return createOp<ReshapeOp>(b, shapes, loc, last, constantI64(b, loc, {-1, channels}), /*allowzero=*/false);
  }

  static Value throughBranch(IfOp op, Value rows) {
    for (Region *region : {&op.getThenRegion(), &op.getElseRegion()}) {
      Operation *end = region->front().getTerminator();
      OpBuilder b(end);
      end->insertOperands(end->getNumOperands(), &region->front() == rows.getParentBlock() ? rows : noRows(b, rows));
    }
    OpBuilder b(op);
    SmallVector<Type> types(op.getResultTypes());
    types.push_back(anyRows(rows));
    auto made = IfOp::create(b, op.getLoc(), types, op.getCondition());
    made.getThenRegion().takeBody(op.getThenRegion());
    made.getElseRegion().takeBody(op.getElseRegion());
    op->replaceAllUsesWith(made.getResults().drop_back());
    op->erase();
    return made.getResults().back();
  }

  /// Rows are carried, and those of an iteration come below those before.
  static Value throughLoop(LoopOp op, Value rows) {
    Block &body = op.getBody().front();
    Operation *end = body.getTerminator();
    OpBuilder b(op), inside(end);
    ShapeAnalysis shapes;
    unsigned carried = op.getCarried().size();
    SmallVector<Value> start(op.getCarried());
    start.push_back(noRows(b, rows));
    SmallVector<Type> types(op.getResultTypes());
    types.insert(types.begin() + carried, anyRows(rows));
    Value before = body.addArgument(anyRows(rows), op.getLoc());
    Value both = createOp<ConcatOp>(inside, shapes, op.getLoc(), ValueRange{before, rows}, /*axis=*/0);
    end->insertOperands(1 + carried, both);
    auto made =
        LoopOp::create(b, op.getLoc(), types, op.getTripCount(), op.getCondition(), start, op.getDeclaredAttr());
    made.getBody().takeBody(op.getBody());
    SmallVector<Value> results(made.getResults());
    Value all = results[carried];
    results.erase(results.begin() + carried);
    op->replaceAllUsesWith(results);
    op->erase();
    return all;
  }
};

struct ObserveLayers : public cameo::impl::ObserveLayersPassBase<ObserveLayers> {
  using ObserveLayersPassBase::ObserveLayersPassBase;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isExternal())
      return;
    Operation *end = function.getBody().front().getTerminator();
    OpBuilder b(end);
    auto show = [&](const Layer &layer, Value value, int64_t axis, int64_t channels, const Twine &name) {
      value = Outlet::of(value, axis, channels, layer.op->getBlock());
      end->insertOperands(end->getNumOperands(), value);
      (void)function.insertResult(function.getNumResults(), value.getType(),
                                  b.getDictionaryAttr(b.getNamedAttr(kNameAttr, b.getStringAttr(name))));
    };
    // What is shown makes control flow anew, so that values of layers after it change.
    SmallVector<Operation *> ops;
    SmallVector<size_t> readers;
    DenseSet<Layer::Reading> seen;
    for (const Layer &layer : layersOf(function)) {
      if (layer.input && seen.insert(layer.reading()).second)
        readers.push_back(ops.size());
      ops.push_back(layer.op);
    }
    for (size_t i : readers) {
      Layer layer = *Layer::of(ops[i]);
      show(layer, layer.input, layer.inputAxis, layer.channels, "observed:" + Twine(i));
      changed(getArgument(), layer.op->getLoc(), "activations observed") << "shows what it reads";
    }
    for (int64_t i : windows) {
      auto layer = i >= 0 && i < int64_t(ops.size()) ? Layer::of(ops[i]) : std::nullopt;
      if (!layer || !layer->input || layer->isMatrix || layer->group != 1) {
        function.emitError("expected that windows numbers convolutions of one group among ")
            << ops.size() << " layers; found " << i;
        return signalPassFailure();
      }
      OpBuilder before(layer->op);
      show(*layer, windowsOf(before, *layer), /*axis=*/1, layer->terms, "windows:" + Twine(i));
    }
  }

private:
  /// Each channel by each tap alone: the convolution with filters of one 1.
  static Value windowsOf(OpBuilder &b, const Layer &layer) {
    auto convolution = cast<ConvOp>(layer.op);
    int64_t taps = layer.terms / layer.channels;
    SmallVector<float> filters(layer.terms * taps, 0);
    for (int64_t term = 0; term < layer.terms; ++term)
      filters[term * taps + term % taps] = 1;
    SmallVector<int64_t> shape(cast<RankedTensorType>(layer.weights.getType()).getShape());
    shape[0] = layer.terms, shape[1] = 1;
    auto result = cast<RankedTensorType>(convolution.getType());
    SmallVector<int64_t> sizes(result.getShape());
    sizes[1] = layer.terms;
    Value filter = constantOf<float>(b, layer.op->getLoc(), shape, b.getF32Type(), filters);
    return ConvOp::create(b, layer.op->getLoc(), result.clone(sizes), layer.input, filter, convolution.getStrides(),
                          convolution.getDilations(), convolution.getPads(), layer.channels, /*channelsLast=*/false,
                          /*accumulator=*/TypeAttr());
  }
};

} // namespace
