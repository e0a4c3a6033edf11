// Scores.cpp - scales, casts, views, caps and masks, from the softmax down to the product.
#include "Scores.h"

using namespace mlir;
using namespace cameo;

/// More ops than any exporter puts between product and softmax, and between a sum and the product that it is made of.
constexpr int kMostOps = 32, kMostOpsOfSummand = 8;

bool cameo::isOut(double number, Type type) {
  if (std::isinf(number))
    return number < 0;
  // f16 has no number that a score could not be.
  return number <= -1e30 && !type.isF16();
}

/// x * number or x / number, once.
static std::optional<std::pair<Value, double>> factorOf(Operation *op) {
  if (auto mul = dyn_cast<MulOp>(op))
    for (unsigned i = 0; i < 2; ++i)
      if (auto number = uniformFloat(mul->getOperand(i)))
        return std::pair(mul->getOperand(1 - i), *number);
  if (auto div = dyn_cast<DivOp>(op))
    if (auto number = uniformFloat(div.getY()))
      return std::pair(div.getX(), 1 / *number);
  return std::nullopt;
}

std::pair<Value, double> cameo::withoutFactor(Value value) {
  double factor = 1;
  while (Operation *op = value.getDefiningOp()) {
    auto found = factorOf(op);
    if (!found)
      break;
    factor *= found->second;
    value = found->first;
  }
  return {value, factor};
}

namespace {

class ScoreReader {
public:
  ScoreReader(ShapeAnalysis &shapes, std::string &reason) : shapes(shapes), reason(reason) {}

  /// `value` times `factor` is what was found so far.
  bool read(Value value, double factor) {
    Operation *op = value.getDefiningOp();
    if (!op || ++opsRead > kMostOps)
      return false;
    if (!value.hasOneUse())
      return refuse("others read its scores, so they are needed in memory");
    if (shapes.rank(value) == 4 && scores.split.empty())
      scores.split.assign(shapes.dimsOf(value).begin(), shapes.dimsOf(value).end());
    if (auto product = dyn_cast<MatMulOp>(op)) {
      scores.product = product;
      scores.scale *= factor;
      return true;
    }
    if (auto inner = factorOf(op))
      return read(inner->first, factor * inner->second);
    if (auto cast = dyn_cast<CastOp>(op))
      return isa<FloatType>(getElementTypeOrSelf(cast.getX())) && read(cast.getX(), factor);
    if (isa<AliasInterface>(op)) {
      ArrayRef<Dim> from = shapes.dimsOf(op->getOperand(0)), to = shapes.dimsOf(value);
      bool keepsRows = from.size() >= 2 && to.size() >= 2 && from.take_back(2) == to.take_back(2);
      return keepsRows ? read(op->getOperand(0), factor) : refuse("a view rearranges its scores");
    }
    if (auto cap = dyn_cast<TanhOp>(op))
      return readCap(cap, factor);
    for (unsigned i = 0; i < 2 && isa<AddOp>(op); ++i)
      if (leadsToProduct(op->getOperand(i), value))
        return addMask(value, {op->getOperand(1 - i), factor, true, 0, {}}) && read(op->getOperand(i), factor);
    if (auto sub = dyn_cast<SubOp>(op); sub && leadsToProduct(sub.getX(), value))
      return addMask(value, {sub.getY(), -factor, true, 0, {}}) && read(sub.getX(), factor);
    if (auto where = dyn_cast<WhereOp>(op))
      for (bool keeps : {true, false}) {
        Value kept = keeps ? where.getX() : where.getY(), other = keeps ? where.getY() : where.getX();
        auto low = uniformFloat(other);
        if (!low || !leadsToProduct(kept, value))
          continue;
        if (!isOut(*low * factor, getElementTypeOrSelf(value)))
          return refuse("its mask puts a number in place of scores that they could be as well");
        return addMask(value, {where.getCondition(), 1, keeps, *low * factor, {}}) && read(kept, factor);
      }
    return false;
  }

  Scores scores;

private:
  bool refuse(StringRef why) {
    reason = why;
    return false;
  }

  bool addMask(Value scoresThere, MaskTerm mask) {
    mask.space.assign(shapes.dimsOf(scoresThere).begin(), shapes.dimsOf(scoresThere).end());
    if (shapes.rank(mask.value) > int64_t(mask.space.size()))
      return false;
    scores.masks.push_back(std::move(mask));
    return true;
  }

  bool readCap(TanhOp cap, double factor) {
    if (scores.softcap)
      return false;
    size_t before = scores.masks.size();
    scores.softcap = factor;
    scores.scale = factor; // cap * tanh(k product) is what softcap makes of cap * k * product
    if (!read(cap.getX(), 1))
      return false;
    return scores.masks.size() == before || refuse("its softcap also caps the mask");
  }

  /// Whether `value`, of the shape of the scores `whole`, is made of a product.
  bool leadsToProduct(Value value, Value whole) {
    return shapes.dimsOf(value) == shapes.dimsOf(whole) && leadsToProduct(value, kMostOpsOfSummand);
  }
  static bool leadsToProduct(Value value, int mostOps) {
    Operation *op = value.getDefiningOp();
    if (!op || mostOps == 0)
      return false;
    if (isa<MatMulOp>(op))
      return true;
    if (auto inner = factorOf(op))
      return leadsToProduct(inner->first, mostOps - 1);
    bool isPart = isa<CastOp, TanhOp, AliasInterface, AddOp, SubOp, WhereOp>(op);
    return isPart && llvm::any_of(op->getOperands(), [&](Value v) { return leadsToProduct(v, mostOps - 1); });
  }

  ShapeAnalysis &shapes;
  std::string &reason;
  int opsRead = 0;
};

} // namespace

std::optional<Scores> cameo::readScores(GraphRewriter &graph, Value value, std::string &reason) {
  ScoreReader reader(graph.shapes, reason);
  if (!reader.read(value, 1))
    return std::nullopt;
  return std::move(reader.scores);
}
