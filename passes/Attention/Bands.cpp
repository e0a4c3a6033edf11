// Bands.cpp - integers as sums of multiples of indices, and what comparisons of such keep.
#include "Bands.h"

using namespace mlir;
using namespace cameo;

namespace {

/// base + sum of steps[axis] * index[axis].
struct Affine {
  int64_t base = 0;
  SmallVector<int64_t> steps;

  bool isNumber() const {
    return llvm::all_of(steps, [](int64_t s) { return s == 0; });
  }
  bool isNonNegative() const {
    return base >= 0 && llvm::all_of(steps, [](int64_t s) { return s >= 0; });
  }
};

class BandReader {
public:
  explicit BandReader(GraphRewriter &graph) : shapes(graph.shapes) {}

  std::optional<Band> band(Value value) {
    Operation *op = value.getDefiningOp();
    if (!op || !count())
      return std::nullopt;
    DenseElementsAttr constant;
    if (matchPattern(value, m_Constant(&constant)) && constant.isSplat() && constant.getElementType().isInteger(1))
      return constant.getSplatValue<bool>() ? std::optional(Band{}) : std::nullopt;
    if (isa<AndOp>(op)) {
      auto x = band(op->getOperand(0)), y = band(op->getOperand(1));
      if (!x || !y)
        return std::nullopt;
      auto nearer = [](std::optional<int64_t> a, std::optional<int64_t> b) {
        return a && b ? std::optional(std::min(*a, *b)) : a ? a : b;
      };
      return Band{nearer(x->left, y->left), nearer(x->right, y->right)};
    }
    if (isa<EqualOp>(op)) {
      auto difference = minus(op);
      return difference && difference->isNumber() && difference->base == 0 ? std::optional(Band{}) : std::nullopt;
    }
    if (!isa<LessOp, LessEqualOp>(op))
      return std::nullopt;
    // x <= y: what y is more than x is not negative.
    auto difference = minus(op);
    if (!difference || difference->steps.size() < 2)
      return std::nullopt;
    int64_t more = -difference->base - isa<LessOp>(op);
    MutableArrayRef<int64_t> steps(difference->steps);
    int64_t row = -steps[steps.size() - 2], column = -steps.back();
    if (llvm::any_of(steps.drop_back(2), [](int64_t s) { return s != 0; }))
      return std::nullopt;
    if (row == 1 && column == -1)
      return Band{std::nullopt, more};
    if (row == -1 && column == 1)
      return Band{more, std::nullopt};
    return row == 0 && column == 0 && more >= 0 ? std::optional(Band{}) : std::nullopt;
  }

private:
  /// Masks share their parts; each is looked at once, and no more of them than any exporter writes.
  bool count() { return ++looked <= 200; }

  std::optional<Affine> affine(Value value) {
    auto [it, isNew] = known.try_emplace(value);
    if (!isNew)
      return it->second;
    auto found = compute(value);
    return known[value] = found;
  }

  std::optional<Affine> compute(Value value) {
    Operation *op = value.getDefiningOp();
    if (!op || !count())
      return std::nullopt;
    size_t rank = shapes.rank(value);
    if (auto number = splatInteger(value))
      return Affine{*number, SmallVector<int64_t>(rank)};
    if (auto range = dyn_cast<RangeOp>(op)) {
      auto start = splatInteger(range.getStart()), delta = splatInteger(range.getDelta());
      return start && delta ? std::optional(Affine{*start, {*delta}}) : std::nullopt;
    }
    if (isa<AliasInterface>(op))
      return throughView(op, value);
    if (auto expand = dyn_cast<ExpandOp>(op)) {
      auto x = affine(expand.getX());
      return x ? broadcast(*x, sizes(expand.getX()), sizes(value)) : std::nullopt;
    }
    if (isa<SubOp>(op))
      return minus(op);
    if (isa<AddOp>(op))
      return sum(op, 1);
    if (auto slice = dyn_cast<SliceOp>(op))
      return throughSlice(slice);
    if (auto concat = dyn_cast<ConcatOp>(op))
      return continued(concat);
    if (auto gather = dyn_cast<GatherNDOp>(op))
      return gathered(gather);
    if (auto cast = dyn_cast<CastOp>(op)) {
      Type from = getElementTypeOrSelf(cast.getX());
      if (from.isInteger(1))
        return fromBool(cast.getX(), rank);
      return isa<IntegerType>(from) ? affine(cast.getX()) : std::nullopt;
    }
    if (auto cumulate = dyn_cast<CumulateOp>(op)) {
      auto x = affine(cumulate.getX());
      return x && x->isNumber() && x->base == 0 && cumulate.getKind() == "sum" ? x : std::nullopt;
    }
    return std::nullopt;
  }

  std::optional<int64_t> splatInteger(Value value) {
    DenseElementsAttr elements;
    bool isSplat = matchPattern(value, m_Constant(&elements)) && elements.isSplat() &&
                   isa<IntegerType>(elements.getElementType()) && !elements.getElementType().isInteger(1);
    if (!isSplat)
      return std::nullopt;
    int64_t number = elements.getSplatValue<APInt>().getSExtValue();
    return number >= -kMostDistance && number <= kMostDistance ? std::optional(number) : std::nullopt;
  }

  /// 1 for true everywhere, 0 for false everywhere.
  std::optional<Affine> fromBool(Value value, size_t rank) {
    bool negated = isa_and_present<NotOp>(value.getDefiningOp());
    auto all = band(negated ? value.getDefiningOp()->getOperand(0) : value);
    if (!all || all->left || all->right)
      return std::nullopt;
    return Affine{negated ? 0 : 1, SmallVector<int64_t>(rank)};
  }

  std::optional<Affine> broadcast(const Affine &x, ArrayRef<Dim> from, ArrayRef<Dim> to) {
    Affine result{x.base, SmallVector<int64_t>(to.size())};
    for (size_t i = 1; i <= from.size(); ++i) {
      if (x.steps[from.size() - i] == 0 || from[from.size() - i].isConstant(1))
        continue;
      if (from[from.size() - i] != to[to.size() - i])
        return std::nullopt;
      result.steps[to.size() - i] = x.steps[from.size() - i];
    }
    return result;
  }

  std::optional<Affine> minus(Operation *op) { return sum(op, -1); }
  /// Operand 0 and `sign` times operand 1.
  std::optional<Affine> sum(Operation *op, int64_t sign) {
    auto x = affine(op->getOperand(0)), y = affine(op->getOperand(1));
    SmallVector<Dim> dims = sizes(op->getResult(0));
    if (x)
      x = broadcast(*x, sizes(op->getOperand(0)), dims);
    if (y)
      y = broadcast(*y, sizes(op->getOperand(1)), dims);
    if (!x || !y)
      return std::nullopt;
    x->base += sign * y->base;
    for (auto [a, b] : llvm::zip(x->steps, y->steps))
      a += sign * b;
    return x;
  }

  /// Views that add or drop axes of size 1.
  std::optional<Affine> throughView(Operation *op, Value value) {
    auto x = affine(op->getOperand(0));
    if (!x)
      return std::nullopt;
    SmallVector<Dim> from = sizes(op->getOperand(0)), to = sizes(value);
    Affine result{x->base, SmallVector<int64_t>(to.size())};
    size_t at = 0;
    for (auto [axis, size] : llvm::enumerate(from)) {
      if (size.isConstant(1))
        continue;
      while (at < to.size() && to[at].isConstant(1))
        ++at;
      if (at == to.size() || to[at] != size)
        return x->isNumber() ? std::optional(Affine{x->base, SmallVector<int64_t>(to.size())}) : std::nullopt;
      result.steps[at++] = x->steps[axis];
    }
    return result;
  }

  std::optional<Affine> throughSlice(SliceOp slice) {
    auto x = affine(slice.getX());
    auto starts = shapes.constantElements(slice.getStarts()), steps = shapes.constantElements(slice.getSteps());
    if (!x || x->isNumber() || !starts || !steps)
      return x && x->isNumber() ? x : std::nullopt;
    for (auto [start, step, axis] : llvm::zip(*starts, *steps, slice.getAxes())) {
      if (start < 0 || step != 1)
        return std::nullopt;
      x->base += start * x->steps[axis < 0 ? axis + x->steps.size() : axis];
    }
    return x;
  }

  /// Pieces each of which goes on where the one before it ends.
  std::optional<Affine> continued(ConcatOp concat) {
    int64_t axis = concat.getAxis(), at = 0;
    axis = axis < 0 ? axis + shapes.rank(concat) : axis;
    std::optional<Affine> all;
    std::optional<int64_t> step;
    SmallVector<std::pair<int64_t, int64_t>> begins; ///< where, with what
    for (auto [i, piece] : llvm::enumerate(concat->getOperands())) {
      auto x = affine(piece);
      if (!x)
        return std::nullopt;
      auto size = whereSomething(shapes.dim(piece, axis)).constant();
      if (size != 1) {
        if (step && *step != x->steps[axis])
          return std::nullopt;
        step = x->steps[axis];
      }
      begins.push_back({at, x->base});
      x->steps[axis] = 0;
      if (all && all->steps != x->steps)
        return std::nullopt;
      if (!all)
        all = x;
      if (!size && i + 1 < concat->getNumOperands())
        return std::nullopt;
      at += size.value_or(0);
    }
    for (auto [where, base] : begins)
      if (!all || base != all->base + step.value_or(0) * where)
        return std::nullopt;
    all->steps[axis] = step.value_or(0);
    return all;
  }
  /// The sizes of a value where no size is 0: otherwise there are no queries, or no keys. Then min(x, 1) is 1.
  SmallVector<Dim> sizes(Value value) {
    return llvm::map_to_vector(shapes.dimsOf(value), [&](Dim d) { return whereSomething(d); });
  }
  Dim whereSomething(Dim size) {
    DimContext &d = shapes.dims();
    Dim total = d.constant(0);
    for (const DimTerm &term : size.getNode()->terms) {
      Dim product = d.constant(term.coefficient);
      for (const DimAtom *atom : term.atoms)
        product = d.mul(product, whereSomething(*atom));
      total = d.add(total, product);
    }
    return total;
  }
  Dim whereSomething(const DimAtom &atom) {
    if (Dim known = decided.lookup(&atom))
      return known;
    return decided[&atom] = decide(atom);
  }
  Dim decide(const DimAtom &atom) {
    DimContext &d = shapes.dims();
    if (atom.kind == AtomKind::SizeOf)
      return d.sizeOf(atom.value, atom.index);
    if (atom.kind == AtomKind::ElementOf)
      return d.elementOf(atom.value, atom.index);
    Dim x = whereSomething(atom.lhs), y = whereSomething(atom.rhs);
    switch (atom.kind) {
    case AtomKind::Min:
      for (auto [one, other] : {std::pair(x, y), std::pair(y, x)})
        if (one.isConstant(1) && !other.constant() && d.isNonNegative(other))
          return one;
      return d.min(x, y);
    case AtomKind::Max:
      return d.max(x, y);
    case AtomKind::FloorDiv:
      return d.floorDiv(x, y);
    case AtomKind::Mod:
      return d.mod(x, y);
    default:
      return d.broadcast(x, y);
    }
  }

  /// Elements at computed indices, all axes of which are given, one by one.
  std::optional<Affine> gathered(GatherNDOp gather) {
    auto x = affine(gather.getX());
    size_t rank = shapes.rank(gather);
    if (x && x->isNumber())
      return Affine{x->base, SmallVector<int64_t>(rank)};
    auto parts = gather.getIndices().getDefiningOp<ConcatOp>();
    if (!x || !parts || gather.getBatchDims() != 0 || parts->getNumOperands() != x->steps.size())
      return std::nullopt;
    int64_t axis = parts.getAxis(), last = shapes.rank(parts) - 1;
    if ((axis < 0 ? axis + last + 1 : axis) != last || size_t(last) != rank)
      return std::nullopt;
    Affine result{x->base, SmallVector<int64_t>(rank)};
    for (auto [part, step] : llvm::zip(parts->getOperands(), x->steps)) {
      auto index = affine(part);
      // A negative index would count from the end.
      if (!index || !index->isNonNegative() || !shapes.dim(part, last).isConstant(1))
        return std::nullopt;
      result.base += step * index->base;
      for (size_t i = 0; i < rank; ++i)
        result.steps[i] += step * index->steps[i];
    }
    return result;
  }

  ShapeAnalysis &shapes;
  llvm::DenseMap<const DimAtom *, Dim> decided; ///< by whereSomething
  DenseMap<Value, std::optional<Affine>> known;
  int looked = 0;
};

} // namespace

std::optional<Band> cameo::bandOf(GraphRewriter &graph, Value condition) { return BandReader(graph).band(condition); }
