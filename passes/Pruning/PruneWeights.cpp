// PruneWeights.cpp - sets the weights to 0 that matter least, in patterns.
#include "LeastSquares.h"
#include "cameo/Passes/Pruning/Passes.h"
#include "cameo/Passes/Pruning/WeightPattern.h"
#include "cameo/Passes/Quantization/Layers.h"
#include "cameo/Passes/Remarks.h"
#include "llvm/Support/FormatVariadic.h"
#include <algorithm>

namespace cameo {
#define GEN_PASS_DEF_PRUNEWEIGHTSPASS
#include "cameo/Passes/Pruning/Passes.h.inc"
} // namespace cameo

using namespace mlir;
using namespace cameo;

std::optional<WeightPattern> WeightPattern::parse(StringRef text) {
  WeightPattern pattern;
  if (text == "unstructured")
    return pattern;
  bool isShare = text.contains(':');
  auto [a, b] = text.split(isShare ? ':' : 'x');
  int64_t first = 0, second = 0;
  if (a.getAsInteger(10, first) || b.getAsInteger(10, second) || first < 1 || second < 1 || (isShare && first > second))
    return std::nullopt;
  (isShare ? pattern.keep : pattern.rows) = first;
  (isShare ? pattern.of : pattern.columns) = second;
  return pattern;
}

namespace {

/// The weights [outputs][terms] of one layer while they are pruned.
class Pruner {
public:
  Pruner(const Layer &layer, const WeightPattern &pattern, double sparsity)
      : layer(layer), pattern(pattern), sparsity(sparsity), weights(layer.matrix()) {}

  /// Squares times the power of what they are multiplied with, decided over the whole layer; with powers per output,
  /// which each have sums of their own.
  void byScore(ArrayRef<float> powers) {
    std::vector<double> losses(weights.size());
    for (auto [i, w] : llvm::enumerate(weights)) {
      int64_t n = int64_t(i) / layer.terms, k = int64_t(i) % layer.terms;
      losses[i] = double(w) * w * (powers.empty() ? 1 : powers[layer.channelOf(n, k)]);
    }
    if (powers.empty())
      return zero(losses, 0, layer.outputs, 0, layer.terms);
    for (int64_t n = 0; n < layer.outputs; n += pattern.rows)
      zero(losses, n, std::min(n + pattern.rows, layer.outputs), 0, layer.terms);
  }

  /// Column by column: what a weight that goes leaves over, those behind it take. False where moments do not tell.
  bool bySecondOrder(ArrayRef<float> gram) {
    int64_t k = layer.terms;
    // inverse(G) = U^T U with U upper: that of the channels from the last to the first is lower.
    std::vector<double> reversed(k * k);
    for (int64_t i = 0; i < k; ++i)
      for (int64_t j = 0; j < k; ++j)
        reversed[i * k + j] = gram[(k - 1 - i) * k + k - 1 - j];
    auto factor = Cholesky::of(std::move(reversed), k, 0.01);
    if (!factor)
      return false;
    std::vector<double> inverse = factor->inverseOfFactor();
    auto u = [&](int64_t i, int64_t j) { return inverse[(k - 1 - i) * k + k - 1 - j]; };
    int64_t step = llvm::alignTo(128, std::max<int64_t>(pattern.of, pattern.columns));
    std::vector<float> row(k);
    std::vector<double> losses(weights.size());
    for (int64_t first = 0; first < k; first += step) {
      int64_t end = std::min(first + step, k);
      for (int64_t n = 0; n < layer.outputs; ++n)
        for (int64_t j = first; j < end; ++j)
          losses[n * k + j] = std::pow(weights[n * k + j] / u(j, j), 2);
      SmallVector<float> before(weights);
      for (int64_t n = 0; n < layer.outputs; n += pattern.rows)
        zero(losses, n, std::min(n + pattern.rows, layer.outputs), first, end);
      SmallVector<bool> goes(weights.size());
      for (size_t i = 0; i < weights.size(); ++i)
        goes[i] = weights[i] == 0 && before[i] != 0;
      weights = std::move(before);
      for (int64_t j = first; j < end; ++j) {
        for (int64_t i = j; i < k; ++i)
          row[i] = float(u(j, i));
        for (int64_t n = 0; n < layer.outputs; ++n) {
          float *own = &weights[n * k];
          if (!goes[n * k + j])
            continue;
          float error = own[j] / row[j];
          for (int64_t i = j + 1; i < k; ++i)
            own[i] -= error * row[i];
          own[j] = 0;
        }
      }
    }
    return true;
  }

  /// Makes them the layer's.
  void store() {
    OpBuilder b(layer.op);
    auto type = cast<RankedTensorType>(layer.weights.getType());
    Value constant = constantOf<float>(b, layer.weights.getLoc(), type.getShape(), type.getElementType(),
                                       layer.stored<float>(weights));
    layer.op->setOperand(cast<LinearInterface>(layer.op).weightOperand(), constant);
    if (Operation *before = layer.weights.getDefiningOp(); before->use_empty())
      before->erase();
  }

  double zeros() const { return double(llvm::count(weights, 0.0f)) / double(weights.size()); }

private:
  /// Zeros the blocks of least loss in a part of the weights.
  void zero(ArrayRef<double> losses, int64_t rowBegin, int64_t rowEnd, int64_t begin, int64_t end) {
    struct Block {
      double loss;
      int64_t n, k;
    };
    int64_t terms = layer.terms;
    auto lossOf = [&](int64_t n, int64_t k) {
      double sum = 0;
      for (int64_t i = n; i < std::min(n + pattern.rows, rowEnd); ++i)
        for (int64_t j = k; j < std::min(k + pattern.columns, end); ++j)
          sum += losses[i * terms + j];
      return sum;
    };
    auto drop = [&](SmallVectorImpl<Block> &blocks, size_t count) {
      llvm::sort(blocks, [](const Block &a, const Block &b) {
        return std::tie(a.loss, a.n, a.k) < std::tie(b.loss, b.n, b.k);
      });
      for (const Block &block : ArrayRef(blocks).take_front(count))
        for (int64_t i = block.n; i < std::min(block.n + pattern.rows, rowEnd); ++i)
          for (int64_t j = block.k; j < std::min(block.k + pattern.columns, end); ++j)
            weights[i * terms + j] = 0;
    };
    SmallVector<Block> blocks;
    for (int64_t n = rowBegin; n < rowEnd; n += pattern.rows)
      for (int64_t k = begin; k < end; k += pattern.columns) {
        blocks.push_back({lossOf(n, k), n, k});
        if (pattern.of && int64_t(blocks.size()) == pattern.of) {
          drop(blocks, pattern.of - pattern.keep);
          blocks.clear();
        } else if (pattern.of && k + 1 == end) {
          blocks.clear(); // fewer than M stay
        }
      }
    if (!pattern.of)
      drop(blocks, size_t(double(blocks.size()) * sparsity + 0.5));
  }

  const Layer &layer;
  const WeightPattern &pattern;
  double sparsity;
  SmallVector<float> weights;
};

struct PruneWeights : public cameo::impl::PruneWeightsPassBase<PruneWeights> {
  using PruneWeightsPassBase::PruneWeightsPassBase;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isExternal())
      return;
    auto parsed = WeightPattern::parse(pattern);
    if (!parsed || sparsity < 0 || sparsity > 1) {
      function.emitError("pattern is unstructured, N:M with N up to M, or RxC; sparsity from 0 to 1; found pattern=")
          << pattern.getValue() << " sparsity=" << sparsity.getValue();
      return signalPassFailure();
    }
    if (sparsity == 0 && !parsed->of)
      return;
    for (const Layer &layer : layersOf(function))
      if (layer.input && failed(prune(layer, *parsed)))
        return signalPassFailure();
  }

private:
  LogicalResult prune(const Layer &layer, const WeightPattern &parsed) {
    if (layer.terms < fewest) {
      left(getArgument(), layer.op->getLoc(), "layers left")
          << "has " + std::to_string(layer.terms) + " weights per output";
      return success();
    }
    auto observed = layer.op->getAttrOfType<DictionaryAttr>(kObservedAttr);
    SmallVector<float> squares = floatsOf(observed, "square"), gram = floatsOf(observed, "gram");
    if (score != PruneScore::Magnitude && int64_t(squares.size()) != layer.channels)
      return layer.op->emitError("score=")
             << (score == PruneScore::Wanda ? "wanda" : "second-order")
             << " wants what was observed at its input (cameo.observed with an entry 'square' per channel)";
    Pruner pruner(layer, parsed, sparsity);
    bool hasMoments = int64_t(gram.size()) == layer.terms * layer.terms;
    bool wantsMoments = score == PruneScore::SecondOrder,
         isSecondOrder = wantsMoments && hasMoments && pruner.bySecondOrder(gram);
    if (!isSecondOrder)
      pruner.byScore(score == PruneScore::Magnitude ? ArrayRef<float>() : ArrayRef<float>(squares));
    pruner.store();
    std::string how =
        wantsMoments && !isSecondOrder ? ", by wanda: no second moments of what it sums were observed" : "";
    changed(getArgument(), layer.op->getLoc(), "layers pruned")
        << llvm::formatv("{0:f1} % of its weights are 0", 100 * pruner.zeros()).str() + how;
    return success();
  }
};

} // namespace
