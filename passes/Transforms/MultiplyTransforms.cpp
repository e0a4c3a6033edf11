// MultiplyTransforms.cpp - Fourier transforms as products with constant matrices.
#include "cameo/Dialect/Cameo/Cameo.h"
#include "cameo/Dialect/Cameo/ConstantStorage.h"
#include "cameo/Passes/Remarks.h"
#include "cameo/Passes/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinDialect.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include <cmath>
#include <map>

namespace cameo {
#define GEN_PASS_DEF_MULTIPLYTRANSFORMSPASS
#include "cameo/Passes/Transforms/Passes.h.inc"
} // namespace cameo

using namespace mlir;
using namespace cameo;

/// Elements of a matrix beyond which it is not made.
static constexpr int64_t kMostElements = 4 << 20;
/// Two products instead of one, and the transposes between them, are worth a quarter of the multiplications.
static constexpr int64_t kSplitGain = 4;

namespace {

/// What a transform computes: `used` elements of `parts` numbers (real ones, or real and imaginary) become `results`
/// elements of `resultParts`.
struct Transform {
  int64_t length, used, parts, results, resultParts;
  bool isInverse;
  bool isHalf; ///< inverse: of elements [0, length / 2], which stand for their conjugates too

  auto operator<=>(const Transform &) const = default;

  /// What a 1 in part `from` of an element adds to part `to` of one that it is turned by `steps` / length of a circle
  /// for.
  double turned(int64_t steps, int64_t from, int64_t to) const {
    double angle = 2 * M_PI * double(steps % length) / double(length);
    if (from == to)
      return std::cos(angle);
    return (from < to) == isInverse ? std::sin(angle) : -std::sin(angle);
  }
  double scale() const { return isInverse ? 1.0 / double(length) : 1.0; }
};

/// One transform of length n m as m of length n and n of length m: element n' m + m' of x, element n'' + n m'' of the
/// result. Where only half of the result is wanted, only `kept` of the m''.
struct Split {
  int64_t n, m, kept;
  int64_t multiplications(const Transform &t) const { return t.length * (2 * n * t.parts + 4 * kept); }
};

/// A matrix by its rows.
struct Matrix {
  SmallVector<int64_t> shape;
  std::vector<double> elements;
};

Matrix wholeMatrix(const Transform &t) {
  Matrix matrix{{t.used * t.parts, t.results * t.resultParts}, {}};
  for (int64_t n = 0; n < t.used; ++n)
    for (int64_t from = 0; from < t.parts; ++from)
      for (int64_t k = 0; k < t.results; ++k)
        for (int64_t to = 0; to < t.resultParts; ++to) {
          bool isTwice = t.isHalf && n != 0 && 2 * n != t.length;
          matrix.elements.push_back(t.turned(n * k, from, to) * t.scale() * (isTwice ? 2 : 1));
        }
  return matrix;
}

/// [n parts, n 2]: along n'.
Matrix firstMatrix(const Transform &t, const Split &s) {
  Matrix matrix{{s.n * t.parts, s.n * 2}, {}};
  for (int64_t row = 0; row < s.n * t.parts; ++row)
    for (int64_t column = 0; column < s.n * 2; ++column)
      matrix.elements.push_back(t.turned(row / t.parts * (column / 2) * s.m, row % t.parts, column % 2));
  return matrix;
}

/// [n, m 2, kept 2]: along m', for each n''.
Matrix secondMatrix(const Transform &t, const Split &s) {
  Matrix matrix{{s.n, s.m * 2, s.kept * 2}, {}};
  for (int64_t first = 0; first < s.n; ++first)
    for (int64_t row = 0; row < s.m * 2; ++row)
      for (int64_t column = 0; column < s.kept * 2; ++column)
        matrix.elements.push_back(t.turned(row / 2 * (first + s.n * (column / 2)), row % 2, column % 2) * t.scale());
  return matrix;
}

/// The split with the fewest multiplications; null where none saves enough.
std::optional<Split> bestSplit(const Transform &t) {
  if (t.used != t.length || t.resultParts != 2)
    return std::nullopt;
  std::optional<Split> best;
  for (int64_t n = 2; n * 2 <= t.length; ++n) {
    if (t.length % n != 0)
      continue;
    Split split{n, t.length / n, int64_t(llvm::divideCeil(t.results, n))};
    if (n * t.parts * n * 2 <= kMostElements && split.m * 4 * split.kept * n <= kMostElements &&
        (!best || split.multiplications(t) < best->multiplications(t)))
      best = split;
  }
  int64_t whole = t.used * t.parts * t.results * 2;
  return best && best->multiplications(t) * kSplitGain <= whole ? best : std::nullopt;
}

struct MultiplyTransforms : public cameo::impl::MultiplyTransformsPassBase<MultiplyTransforms> {
  using MultiplyTransformsPassBase::MultiplyTransformsPassBase;

  void runOnOperation() override {
    matrices.clear();
    ShapeAnalysis shapes;
    SmallVector<DftOp> found;
    getOperation().walk([&](DftOp op) { found.push_back(op); });
    for (DftOp op : found) {
      Transform transform{};
      std::string problem = describe(op, shapes, transform);
      Value result = problem.empty() ? product(op, shapes, transform) : Value();
      if (!result) {
        left(getArgument(), op.getLoc(), "transforms multiplied") << "is computed by loops: " + problem;
        continue;
      }
      op->replaceAllUsesWith(ValueRange{result});
      shapes.erased(op.getResult());
      op->erase();
    }
    followReturn(getOperation());
  }

private:
  static std::string describe(DftOp op, ShapeAnalysis &shapes, Transform &transform);
  Value product(DftOp op, ShapeAnalysis &shapes, const Transform &transform);
  Value constant(const Transform &transform, int64_t kind, FloatType type, llvm::function_ref<Matrix()> make);

  /// By transform, which of its matrices, and element type.
  std::map<std::tuple<Transform, int64_t, const void *>, Value> matrices;
};

/// The ops of one transform.
struct ProductBuilder {
  OpBuilder b;
  Location loc;
  ShapeAnalysis &shapes;
  int64_t leading; ///< axes before those of a row

  template <typename OpT, typename... Args> Value make(Args &&...args) {
    return createOp<OpT>(b, shapes, loc, std::forward<Args>(args)...);
  }
  /// The axes behind the leading ones become `tail`.
  Value reshaped(Value x, ArrayRef<int64_t> tail) {
    SmallVector<int64_t> shape(leading, 0);
    llvm::append_range(shape, tail);
    return make<ReshapeOp>(x, constantI64(b, loc, shape), /*allowzero=*/false);
  }
  Value transposed(Value x, ArrayRef<int64_t> permutation) {
    return llvm::is_sorted(permutation) ? x : make<TransposeOp>(x, permutation);
  }
  Value multiplied(Value x, Value matrix) {
    bool isRow = shapes.rank(x) == 1;
    x = isRow ? make<UnsqueezeOp>(x, ArrayRef<int64_t>{0}) : x;
    Value y = make<MatMulOp>(x, matrix, /*transposeLhs=*/false, /*transposeRhs=*/false, TypeAttr());
    return isRow ? make<SqueezeOp>(y, ArrayRef<int64_t>{0}) : y;
  }
  /// Elements [0, count) along `axis`.
  Value first(Value x, int64_t axis, int64_t count) {
    auto number = [&](int64_t value) { return constantI64(b, loc, {value}); };
    return make<SliceOp>(x, number(0), number(count), number(1), ArrayRef<int64_t>{axis});
  }
  Value inTwo(Value x, const Transform &t, const Split &s, Value firstMatrix, Value secondMatrix);
};

} // namespace

/// [.., n m, parts] -> [.., m, n parts] -> [.., m, n 2] -> [n, .., m 2] -> [n, .., kept 2] -> [.., n kept, 2], of which
/// the first are the result.
Value ProductBuilder::inTwo(Value x, const Transform &t, const Split &s, Value firstMatrix, Value secondMatrix) {
  int64_t l = leading;
  auto order = [](int64_t begin, int64_t end, ArrayRef<int64_t> behind) {
    SmallVector<int64_t> axes = llvm::to_vector(llvm::seq(begin, end));
    llvm::append_range(axes, behind);
    return axes;
  };
  x = transposed(reshaped(x, {s.n, s.m, t.parts}), order(0, l, {l + 1, l, l + 2}));
  x = multiplied(reshaped(x, {s.m, s.n * t.parts}), firstMatrix);
  SmallVector<int64_t> firstBefore = order(0, l, {l, l + 2});
  firstBefore.insert(firstBefore.begin(), l + 1);
  x = transposed(reshaped(x, {s.m, s.n, 2}), firstBefore);
  ++leading;
  SmallVector<int64_t> row(l == 0, 1);
  row.push_back(s.m * 2);
  x = reshaped(x, row);
  for (int64_t i = 1; i < l; ++i)
    secondMatrix = make<UnsqueezeOp>(secondMatrix, ArrayRef<int64_t>{1});
  x = reshaped(multiplied(x, secondMatrix), {s.kept, 2});
  x = transposed(x, order(1, l + 1, {l + 1, 0, l + 2}));
  --leading;
  x = reshaped(x, {s.kept * s.n, 2});
  return s.kept * s.n > t.results ? first(x, l, t.results) : x;
}

/// Why it stays as it is; empty: `transform` is what it computes.
std::string MultiplyTransforms::describe(DftOp op, ShapeAnalysis &shapes, Transform &transform) {
  auto type = cast<FloatType>(getElementTypeOrSelf(op.getX().getType()));
  auto length = shapes.constantElements(op.getLength());
  auto size = shapes.dim(op.getX(), op.getAxis()).constant();
  if (!length || !size)
    return "only the run knows its length";
  if (!type.isF32() && !type.isF64())
    return "elements of 16 bits are too coarse for its sines";
  bool isHalf = op.getInverse() && op.getOnesided();
  int64_t n = length->front(), used = std::min(*size, isHalf ? n / 2 + 1 : n);
  int64_t parts = *shapes.dimsOf(op.getX()).back().constant(), results = *shapes.dim(op, op.getAxis()).constant();
  transform = {n, used, parts, results, *shapes.dimsOf(op).back().constant(), op.getInverse(), isHalf};
  constexpr int64_t kLongest = 1 << 24; // so that products of sizes fit
  if (used == 0 || n > kLongest || (!bestSplit(transform) && used * parts * results * 2 > kMostElements))
    return "its matrices would have more than " + std::to_string(kMostElements >> 20) + " million elements";
  return "";
}

Value MultiplyTransforms::constant(const Transform &transform, int64_t kind, FloatType type,
                                   llvm::function_ref<Matrix()> make) {
  Value &known = matrices[{transform, kind, type.getAsOpaquePointer()}];
  if (known)
    return known;
  OpBuilder b = OpBuilder::atBlockBegin(&getOperation().getBody().front());
  Matrix matrix = make();
  auto tensor = RankedTensorType::get(matrix.shape, type);
  auto store = [&](const auto &values) {
    ArrayRef<char> bytes(reinterpret_cast<const char *>(values.data()), values.size() * sizeof(values[0]));
    auto &manager = DenseResourceElementsHandle::getManagerInterface(b.getContext());
    return DenseResourceElementsAttr::get(tensor,
                                          manager.insert("transform", ConstantStorage::of(b.getContext()).copy(bytes)));
  };
  auto elements =
      type.isF64() ? store(matrix.elements) : store(std::vector<float>(matrix.elements.begin(), matrix.elements.end()));
  return known = ConstantOp::create(b, getOperation().getLoc(), tensor, elements);
}

/// Moves the transformed axis before the last, multiplies rows of numbers, and moves it back.
Value MultiplyTransforms::product(DftOp op, ShapeAnalysis &shapes, const Transform &t) {
  int64_t axis = op.getAxis(), rank = shapes.rank(op.getX());
  ProductBuilder make{OpBuilder(op), op.getLoc(), shapes, rank - 2};
  SmallVector<int64_t> toEnd = llvm::to_vector(llvm::seq<int64_t>(0, rank)), back = toEnd;
  toEnd.erase(toEnd.begin() + axis);
  toEnd.insert(toEnd.end() - 1, axis);
  for (auto [to, from] : llvm::enumerate(toEnd))
    back[from] = to;
  Value x = op.getX();
  if (!shapes.dim(x, axis).isConstant(t.used))
    x = make.first(x, axis, t.used);
  x = make.transposed(x, toEnd);
  auto type = cast<FloatType>(getElementTypeOrSelf(x.getType()));
  std::string how;
  if (auto split = bestSplit(t)) {
    Value first = constant(t, 1, type, [&] { return firstMatrix(t, *split); });
    Value second = constant(t, 2, type, [&] { return secondMatrix(t, *split); });
    x = make.inTwo(x, t, *split, first, second);
    how = "is products with matrices of " + std::to_string(split->n) + " and " + std::to_string(split->m) + " turns";
  } else {
    x = make.multiplied(make.reshaped(x, {t.used * t.parts}), constant(t, 0, type, [&] { return wholeMatrix(t); }));
    x = make.reshaped(x, {t.results, t.resultParts});
    how = "is a product with a matrix of " + std::to_string(t.used * t.parts) + " x " +
          std::to_string(t.results * t.resultParts);
  }
  changed(getArgument(), op.getLoc(), "transforms multiplied") << how;
  return make.transposed(x, back);
}
