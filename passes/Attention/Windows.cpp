// Windows.cpp - which keys a mask keeps: the elements of a constant, or the op that makes a triangle.
#include "Windows.h"
#include "Bands.h"
#include "cameo/Dialect/Cameo/ConstantBytes.h"

using namespace mlir;
using namespace cameo;

// ---- constants

namespace {
enum class Entry { Keeps, Masks, Other };
}

/// Calls `body` with each element, bools as 0 and 1. False for element types that masks do not have.
static bool forEachNumber(ElementsAttr elements, llvm::function_ref<void(double)> body) {
  Type type = elements.getElementType();
  if (type.isInteger(1)) {
    for (uint8_t value : bytesOf(elements))
      body(value);
    return true;
  }
  if (type.isF64()) {
    std::vector<uint8_t> bytes = bytesOf(elements);
    for (double value : ArrayRef(reinterpret_cast<const double *>(bytes.data()), bytes.size() / sizeof(double)))
      body(value);
    return true;
  }
  if (!type.isF32() && !type.isF16() && !type.isBF16())
    return false;
  std::vector<float> storage;
  for (float value : constantFloats(elements, storage))
    body(value);
  return true;
}

/// Bounds are not negative: instead the queries stand further along the keys.
static KeyWindow normalized(std::optional<int64_t> left, std::optional<int64_t> right) {
  KeyWindow w{left, right, 0, Value()};
  w.offset = right ? *right : left ? std::max<int64_t>(0, -*left) : 0;
  if (right)
    w.right = 0;
  if (left)
    w.left = *left + w.offset;
  return w;
}

namespace {

/// One side of a band, seen from the diagonal: `last - row` for the side above. Rows that the end of the keys cuts off
/// only say that the bound lies no nearer.
struct Bound {
  std::optional<int64_t> at, cut;
  bool agrees = true;

  void add(int64_t distance, bool isCut) {
    std::optional<int64_t> &known = isCut ? cut : at;
    agrees &= isCut || !at || *at == distance;
    known = std::max(known.value_or(distance), distance);
  }
  bool isOne() const { return agrees && (!at || !cut || *cut <= *at); }
};

/// The keys that rows keep, row after row.
class RowReader {
public:
  RowReader(int64_t keys) : keys(keys) {}

  void add(Entry entry) {
    onlyMasks &= entry != Entry::Other;
    if (entry != Entry::Masks) {
      isBand &= last < 0 || last + 1 == column;
      first = first < 0 ? column : first;
      last = column;
    }
    if (++column == keys)
      endRow();
  }

  bool keepsOneInEachRow() const { return onlyMasks && !hasEmptyRow; }
  std::optional<KeyWindow> window() const {
    if (!isBand || !keepsOneInEachRow() || !above.isOne() || !below.isOne())
      return std::nullopt;
    return normalized(below.at, above.at);
  }

private:
  void endRow() {
    hasEmptyRow |= first < 0;
    if (first >= 0) {
      above.add(last - row, last + 1 == keys);
      below.add(row - first, first == 0);
    }
    first = last = -1;
    column = 0;
    ++row;
  }

  int64_t keys, row = 0, column = 0, first = -1, last = -1;
  bool isBand = true, onlyMasks = true, hasEmptyRow = false;
  Bound above, below;
};

} // namespace

std::optional<ConstantMask> cameo::readConstantMask(GraphRewriter &graph, const MaskTerm &mask) {
  ElementsAttr elements = constantBehind(mask.value);
  ArrayRef<Dim> dims = graph.shapes.dimsOf(mask.value);
  if (!elements || dims.size() < 2)
    return std::nullopt;
  auto queries = mask.space[mask.space.size() - 2].constant(), keys = mask.space.back().constant();
  bool isWhole = dims[dims.size() - 2].constant() == queries && dims.back().constant() == keys;
  if (!queries || !keys || !isWhole || *queries * *keys == 0)
    return std::nullopt;
  Type type = elements.getElementType();
  int64_t matrix = *queries * *keys;
  std::optional<RowReader> rows;
  std::optional<ConstantMask> all;
  int64_t at = 0;
  bool isKnown = forEachNumber(elements, [&](double number) {
    if (at % matrix == 0)
      rows.emplace(*keys);
    Entry entry = Entry::Other;
    if (type.isInteger(1))
      entry = (number != 0) == mask.keeps ? Entry::Keeps : Entry::Masks;
    else if (number == 0 || isOut(number * mask.factor, type))
      entry = number == 0 ? Entry::Keeps : Entry::Masks;
    rows->add(entry);
    if (++at % matrix != 0)
      return;
    ConstantMask one{rows->keepsOneInEachRow(), rows->window()};
    if (!all) {
      all = one;
      return;
    }
    all->keepsOneInEachRow &= one.keepsOneInEachRow;
    bool isSame = all->window && one.window && all->window->left == one.window->left &&
                  all->window->right == one.window->right && all->window->offset == one.window->offset;
    if (!isSame)
      all->window.reset();
  });
  return isKnown ? all : std::nullopt;
}

// ---- triangles of run-time size

/// A bool matrix that is true for j <= i + k, or false there.
namespace {
struct Triangle {
  int64_t k;
  Value start; ///< added to k; may be null
  bool isLower;
};
} // namespace

static std::optional<int64_t> constantInteger(GraphRewriter &graph, Value value) {
  auto elements = graph.shapes.constantElements(value);
  bool isNear = elements && elements->size() == 1 && std::abs(double((*elements)[0])) <= double(kMostDistance);
  return isNear ? std::optional((*elements)[0]) : std::nullopt;
}

static std::optional<Triangle> triangleOf(GraphRewriter &graph, Value value, int mostOps = 8);

/// x if `value` is a triangle of a matrix that is x everywhere; numbers other than 0 count as true.
static std::optional<Triangle> nonZero(GraphRewriter &graph, Value value, int mostOps) {
  while (isa_and_present<AliasInterface, CastOp>(value.getDefiningOp()))
    value = value.getDefiningOp()->getOperand(0);
  if (getElementTypeOrSelf(value).isInteger(1))
    return triangleOf(graph, value, mostOps);
  auto trilu = value.getDefiningOp<TriluOp>();
  auto k = trilu ? constantInteger(graph, trilu.getK()) : std::nullopt;
  auto expand = trilu ? trilu.getX().getDefiningOp<ExpandOp>() : ExpandOp();
  auto number = uniformFloat(expand ? expand.getX() : trilu ? trilu.getX() : value);
  if (!k || !number || *number == 0 || std::isnan(*number))
    return std::nullopt;
  // The upper triangle from k on is what the lower one to k - 1 leaves.
  return trilu.getUpper() ? Triangle{*k - 1, Value(), false} : Triangle{*k, Value(), true};
}

/// Element `index` of a tensor that was put together of single ones, as tensor<1xi64>; null when it was not.
static Value oneOf(Value elements, size_t index) {
  auto isOne = [](Value v) { return cast<RankedTensorType>(v.getType()).getShape() == ArrayRef<int64_t>{1}; };
  if (isOne(elements))
    return elements;
  auto concat = elements.getDefiningOp<ConcatOp>();
  return concat && llvm::all_of(concat->getOperands(), isOne) ? concat->getOperand(index) : Value();
}

/// The leading rows and columns, from row `start` on, of a constant triangle.
static std::optional<Triangle> cutOut(GraphRewriter &graph, SliceOp slice, int mostOps) {
  Value source = slice.getX();
  int64_t rank = graph.shapes.rank(source);
  auto inner = triangleOf(graph, source, mostOps);
  if (!inner) {
    ArrayRef<Dim> dims = graph.shapes.dimsOf(source);
    MaskTerm whole{source, 1, true, 0, {dims.begin(), dims.end()}};
    auto constant = rank >= 2 ? readConstantMask(graph, whole) : std::nullopt;
    if (!constant || !constant->window || constant->window->left || !constant->window->right)
      return std::nullopt;
    inner = Triangle{constant->window->offset, Value(), true};
  }
  auto starts = graph.shapes.elements(slice.getStarts()), steps = graph.shapes.elements(slice.getSteps());
  if (!starts || !steps || starts->size() != slice.getAxes().size())
    return std::nullopt;
  for (auto [i, axis] : llvm::enumerate(slice.getAxes())) {
    int64_t fromEnd = (axis < 0 ? -axis : rank - axis);
    if (!(*steps)[i].isConstant(1))
      return std::nullopt;
    if ((*starts)[i].isConstant(0))
      continue;
    auto rows = (*starts)[i].constant();
    // A negative start would count from the end.
    if (fromEnd != 2 || inner->start || !graph.shapes.dims().isNonNegative((*starts)[i]))
      return std::nullopt;
    if (rows)
      inner->k += *rows;
    else if (!(inner->start = oneOf(slice.getStarts(), i)))
      return std::nullopt;
  }
  return inner;
}

static std::optional<Triangle> triangleOf(GraphRewriter &graph, Value value, int mostOps) {
  while (isa_and_present<AliasInterface>(value.getDefiningOp()))
    value = value.getDefiningOp()->getOperand(0);
  Operation *op = value.getDefiningOp();
  if (!op || mostOps == 0 || !getElementTypeOrSelf(value).isInteger(1))
    return std::nullopt;
  if (isa<NotOp>(op)) {
    auto inner = triangleOf(graph, op->getOperand(0), mostOps - 1);
    if (inner)
      inner->isLower = !inner->isLower;
    return inner;
  }
  if (isa<EqualOp>(op))
    for (unsigned i = 0; i < 2; ++i)
      if (auto zero = uniformFloat(op->getOperand(i)); zero && *zero == 0) {
        auto inner = nonZero(graph, op->getOperand(1 - i), mostOps - 1);
        if (inner)
          inner->isLower = !inner->isLower;
        return inner;
      }
  if (isa<CastOp>(op))
    return nonZero(graph, op->getOperand(0), mostOps - 1);
  if (auto slice = dyn_cast<SliceOp>(op))
    return cutOut(graph, slice, mostOps - 1);
  return std::nullopt;
}

std::optional<KeyWindow> cameo::windowOf(GraphRewriter &graph, const MaskTerm &mask) {
  if (auto constant = readConstantMask(graph, mask))
    return constant->window;
  ArrayRef<Dim> dims = graph.shapes.dimsOf(mask.value);
  ArrayRef<Dim> space = mask.space;
  auto spans = [&](Dim own, Dim wanted) {
    return own == wanted || (!own.isConstant(1) && graph.shapes.dims().broadcast(own, wanted) == wanted);
  };
  bool isWhole = dims.size() >= 2 && llvm::all_of_zip(dims.take_back(2), space.take_back(2), spans);
  if (!isWhole || llvm::any_of(dims.drop_back(2), [](Dim d) { return !d.isConstant(1); }))
    return std::nullopt;
  Value condition = mask.value;
  bool keeps = mask.keeps;
  double low = mask.low;
  if (!mask.isBool()) {
    // where(c, low, 0) or where(c, 0, low)
    while (isa_and_present<AliasInterface>(condition.getDefiningOp()))
      condition = condition.getDefiningOp()->getOperand(0);
    auto where = condition.getDefiningOp<WhereOp>();
    auto x = where ? uniformFloat(where.getX()) : std::nullopt, y = where ? uniformFloat(where.getY()) : std::nullopt;
    if (!x || !y)
      return std::nullopt;
    keeps = *x == 0;
    low = (keeps ? *y : *x) * mask.factor;
    if ((keeps ? *x : *y) != 0 || !isOut(low, getElementTypeOrSelf(where.getType())))
      return std::nullopt;
    condition = where.getCondition();
  }
  KeyWindow window;
  if (auto triangle = triangleOf(graph, condition)) {
    if (triangle->isLower != keeps)
      return std::nullopt;
    window = KeyWindow{std::nullopt, 0, triangle->k, triangle->start};
  } else {
    auto band = keeps ? bandOf(graph, condition) : std::nullopt;
    if (!band)
      return std::nullopt;
    window = normalized(band->left, band->right);
    if (window.left && *window.left < 0)
      return std::nullopt;
  }
  // A row that keeps nothing would have equal weights in pieces, unless what it has in place of scores is -infinity.
  bool reachesBack = !window.left || (space.back() == space[space.size() - 2] && *window.left >= window.offset);
  if (!std::isinf(low) && (window.offset < 0 || !reachesBack))
    return std::nullopt;
  return window;
}
