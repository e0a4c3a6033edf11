// PruneChannels.cpp - scores bundles of slices, takes the least of each family, makes the readers' weights do without.
#include "LeastSquares.h"
#include "cameo/Dialect/Cameo/ConstantBytes.h"
#include "cameo/Passes/Pruning/Families.h"
#include "cameo/Passes/Pruning/Passes.h"
#include "cameo/Passes/Quantization/Layers.h"
#include "cameo/Passes/Remarks.h"
#include <algorithm>

namespace cameo {
#define GEN_PASS_DEF_PRUNECHANNELSPASS
#include "cameo/Passes/Pruning/Passes.h.inc"
} // namespace cameo

using namespace mlir;
using namespace cameo;

namespace {

constexpr double kRidge = 0.01; ///< of the mean moment: what was not seen often is not relied on

/// The sum of squares of each slice of a constant, over that of all. Empty for other types than floats.
std::vector<double> slicePowers(Value constant, int64_t axis) {
  auto type = cast<RankedTensorType>(constant.getType());
  Type element = type.getElementType();
  if (!element.isF32() && !element.isF16() && !element.isBF16())
    return {};
  std::vector<float> storage;
  ArrayRef<float> values = constantFloats(constantBehind(constant), storage);
  int64_t size = type.getDimSize(axis), inner = 1;
  for (int64_t i = axis + 1; i < type.getRank(); ++i)
    inner *= type.getDimSize(i);
  std::vector<double> powers(size, 0);
  double all = 0;
  for (auto [i, value] : llvm::enumerate(values)) {
    powers[int64_t(i) / inner % size] += double(value) * value;
    all += double(value) * value;
  }
  for (double &power : powers)
    power /= all > 0 ? all : 1;
  return powers;
}

/// What a layer of one group reads and sums over, with what was seen of it.
struct Reader {
  Layer layer;
  SmallVector<float> squares, gram; ///< per channel; of channels, or of all terms, by each other
  int64_t taps() const { return layer.terms / layer.channels; }
  /// How many moments a channel has along each side of `gram`: one for all its taps, or one for each.
  int64_t perChannel() const { return int64_t(gram.size()) == layer.terms * layer.terms ? taps() : 1; }

  static std::optional<Reader> of(const SliceSum &sum) {
    auto layer = Layer::of(sum.op);
    if (!layer || layer->weights != sum.weights || layer->group != 1)
      return std::nullopt;
    auto observed = sum.op->getAttrOfType<DictionaryAttr>(kObservedAttr);
    Reader reader{*layer, floatsOf(observed, "square"), floatsOf(observed, "gram")};
    if (int64_t(reader.squares.size()) != layer->channels)
      return std::nullopt;
    int64_t moments = reader.gram.size();
    if (moments != layer->channels * layer->channels && moments != layer->terms * layer->terms)
      reader.gram.clear();
    return reader;
  }

  /// Of each channel: what the layer's results lose in power without it, over all that they have.
  std::vector<double> losses(bool isSecondOrder) const {
    SmallVector<float> rows = layer.matrix();
    int64_t each = perChannel();
    std::vector<double> diagonal, losses(layer.channels, 0);
    if (isSecondOrder && !gram.empty())
      if (auto factor = Cholesky::of({gram.begin(), gram.end()}, layer.channels * each, kRidge))
        diagonal = factor->inverseDiagonal();
    double all = 0;
    for (auto [i, w] : llvm::enumerate(rows)) {
      int64_t term = int64_t(i) % layer.terms, c = term / taps();
      double power = double(w) * w;
      int64_t m = term * each / taps();
      losses[c] += power * (diagonal.empty() ? squares[c] : 1 / diagonal[m]);
      all += power * (diagonal.empty() ? squares[c] : gram[m * layer.channels * each + m]);
    }
    for (double &loss : losses)
      loss /= all > 0 ? all : 1;
    return losses;
  }

  /// Weights for which the channels that stay, by least squares, also do the work of those that go. False, and nothing
  /// changes, where what was seen allows no solution (numbers that are not finite).
  bool reconstruct(ArrayRef<int64_t> staying, ArrayRef<int64_t> going) {
    int64_t each = perChannel(), side = layer.channels * each;
    auto expanded = [&](ArrayRef<int64_t> channels) {
      SmallVector<int64_t> rows;
      for (int64_t c : channels)
        for (int64_t i = 0; i < each; ++i)
          rows.push_back(c * each + i);
      return rows;
    };
    SmallVector<int64_t> stay = expanded(staying), go = expanded(going);
    int64_t n = stay.size(), m = go.size();
    std::vector<double> moments(n * n), mixed(n * m);
    for (int64_t i = 0; i < n; ++i) {
      for (int64_t j = 0; j < n; ++j)
        moments[i * n + j] = gram[stay[i] * side + stay[j]];
      for (int64_t j = 0; j < m; ++j)
        mixed[i * m + j] = gram[stay[i] * side + go[j]];
    }
    auto factor = Cholesky::of(std::move(moments), n, kRidge);
    if (!factor)
      return false;
    factor->solve(mixed, m);
    SmallVector<float> rows = layer.matrix();
    int64_t runs = taps() / each; // of terms that one moment stands for
    for (int64_t o = 0; o < layer.outputs; ++o)
      for (int64_t t = 0; t < runs; ++t)
        for (int64_t i = 0; i < n; ++i) {
          double more = 0;
          for (int64_t j = 0; j < m; ++j)
            more += mixed[i * m + j] * rows[o * layer.terms + go[j] * runs + t];
          rows[o * layer.terms + stay[i] * runs + t] += float(more);
        }
    auto constant = layer.weights.getDefiningOp<ConstantOp>();
    OpBuilder b(constant);
    auto type = cast<RankedTensorType>(layer.weights.getType());
    auto changed =
        constantOf<float>(b, constant.getLoc(), type.getShape(), type.getElementType(), layer.stored<float>(rows));
    constant.setValueAttr(changed.getDefiningOp<ConstantOp>().getValueAttr());
    changed.getDefiningOp()->erase();
    return true;
  }
};

struct PruneChannels : public cameo::impl::PruneChannelsPassBase<PruneChannels> {
  using PruneChannelsPassBase::PruneChannelsPassBase;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isExternal())
      return;
    if (share < 0 || share >= 1 || multiple < 1 || llvm::any_of(shares, [](double s) { return s < 0 || s >= 1; })) {
      function.emitError("shares are from 0 to below 1, multiple is 1 or more; found ")
          << wrongShare() << " multiple=" << multiple.getValue();
      return signalPassFailure();
    }
    if (share == 0 && shares.empty())
      return;
    separateConstants(function);
    SliceTies ties(function);
    std::vector<Family> families = familiesOf(ties);
    std::vector<double> scores = scoresOf(ties, families);
    std::vector<int64_t> kept = keptPerFamily(families, scores);
    std::vector<bool> isCut(ties.numBundles(), false);
    bool isAnyCut = false;
    for (auto [family, count] : llvm::zip(families, kept)) {
      std::vector<int64_t> order = family.bundles;
      llvm::sort(order, [&](int64_t a, int64_t b) { return std::pair(scores[b], a) < std::pair(scores[a], b); });
      for (int64_t bundle : ArrayRef(order).drop_front(count))
        isCut[bundle] = isAnyCut = true;
      if (count < int64_t(order.size()))
        changed(getArgument(), family.loc, "families pruned")
            << "keeps " + std::to_string(count) + " of " + std::to_string(order.size());
      else
        left(getArgument(), family.loc, "families left") << "keeps all " + std::to_string(count);
    }
    if (!isAnyCut)
      return;
    SliceCut cut(ties, isCut);
    if (reconstruct)
      reconstructReaders(ties, cut);
    cut.mask();
    if (masked)
      return;
    cut.apply(function);
    function.walk([](Operation *op) { op->removeAttr(kObservedAttr); }); // of what is no more
  }

private:
  /// The first share that is none, else `share`.
  std::string wrongShare() const {
    for (auto [i, s] : llvm::enumerate(shares))
      if (s < 0 || s >= 1)
        return "shares[" + std::to_string(i) + "]=" + std::to_string(s);
    return "share=" + std::to_string(share);
  }
  std::vector<double> scoresOf(const SliceTies &ties, const std::vector<Family> &families) {
    std::vector<double> scores(ties.numBundles(), 0);
    std::vector<bool> isScored(ties.numBundles(), false);
    auto add = [&](Value value, int64_t axis, ArrayRef<double> losses) {
      for (auto [i, loss] : llvm::enumerate(losses))
        if (int64_t bundle = ties.bundleOf(value, axis, i); bundle >= 0)
          scores[bundle] += loss, isScored[bundle] = true;
    };
    if (score != PruneScore::Magnitude)
      for (const SliceSum &sum : ties.sums())
        if (auto reader = Reader::of(sum)) {
          bool isSecondOrder = score == PruneScore::SecondOrder;
          if (isSecondOrder && reader->gram.empty())
            left(getArgument(), sum.op->getLoc(), "layers without second moments")
                << "is scored by wanda: no second moments of what it reads were observed";
          add(sum.x, sum.axis, reader->losses(isSecondOrder));
        }
    for (const Family &family : families)
      if (score != PruneScore::Magnitude && llvm::any_of(family.bundles, [&](int64_t b) { return !isScored[b]; }))
        left(getArgument(), family.loc, "families without observations")
            << "is scored by magnitude: nothing was observed of what its readers read";
    // Weights alone decide where nothing was seen.
    DenseMap<SliceAxis, std::vector<double>> powers;
    std::vector<bool> isSeen = isScored;
    for (int64_t bundle = 0; bundle < ties.numBundles(); ++bundle)
      for (SliceAxis axis : isSeen[bundle] ? ArrayRef<SliceAxis>() : ties.axesOf(bundle))
        if (axis.first.getDefiningOp<ConstantOp>())
          powers.try_emplace(axis);
    for (auto &[axis, list] : powers) {
      list = slicePowers(axis.first, axis.second);
      for (auto [i, power] : llvm::enumerate(list))
        if (int64_t bundle = ties.bundleOf(axis.first, axis.second, i); bundle >= 0 && !isSeen[bundle])
          scores[bundle] += power;
    }
    return scores;
  }

  std::vector<int64_t> keptPerFamily(const std::vector<Family> &families, const std::vector<double> &scores) {
    std::vector<int64_t> kept;
    if (scope == PruneScope::Uniform || !shares.empty()) {
      for (auto [i, family] : llvm::enumerate(families)) {
        double own = shares.empty() ? share : i < shares.size() ? shares[i] : 0;
        kept.push_back(keptOf(family.bundles.size(), own, multiple));
      }
      return kept;
    }
    // All together: by score over the mean of the family, which keeps a tenth in any case.
    std::vector<std::pair<double, size_t>> all;
    for (auto [i, family] : llvm::enumerate(families)) {
      double sum = 0;
      for (int64_t bundle : family.bundles)
        sum += scores[bundle];
      for (int64_t bundle : family.bundles)
        all.push_back({sum > 0 ? scores[bundle] * double(family.bundles.size()) / sum : 0, i});
    }
    llvm::sort(all);
    std::vector<int64_t> gone(families.size(), 0);
    int64_t going = int64_t(double(all.size()) * share);
    for (auto [relative, i] : all)
      if (going > 0 && gone[i] < int64_t(double(families[i].bundles.size()) * 0.9))
        ++gone[i], --going;
    for (auto [family, count] : llvm::zip(families, gone))
      kept.push_back(keptOf(family.bundles.size(), double(count) / double(family.bundles.size()), multiple));
    return kept;
  }

  void reconstructReaders(const SliceTies &ties, const SliceCut &cut) {
    for (const SliceSum &sum : ties.sums()) {
      const SmallVector<int64_t> *staying = cut.kept(sum.x, sum.axis);
      auto reader = staying && sum.weights.hasOneUse() ? Reader::of(sum) : std::nullopt;
      if (!reader || reader->gram.empty())
        continue;
      SmallVector<int64_t> going;
      for (int64_t c = 0; c < reader->layer.channels; ++c)
        if (!llvm::is_contained(*staying, c))
          going.push_back(c);
      if (!reader->reconstruct(*staying, going)) {
        left(getArgument(), sum.op->getLoc(), "layers not reconstructed")
            << "keeps its weights: the moments of what it reads have no inverse";
        continue;
      }
      changed(getArgument(), sum.op->getLoc(), "layers reconstructed")
          << "has the weights that make the best of " + std::to_string(staying->size()) + " channels of " +
                 std::to_string(reader->layer.channels);
    }
  }
};

} // namespace
