// Slices.cpp - see Slices.h: bundles by union-find, and cutting constants, types and ops.
#include "cameo/Dialect/Cameo/Slices.h"
#include "cameo/Dialect/Cameo/ConstantBytes.h"
#include "cameo/Dialect/Cameo/ConstantStorage.h"
#include "cameo/Dialect/Cameo/ElementType.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/BuiltinDialect.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"

#include "cameo/Dialect/Cameo/SliceInterface.cpp.inc"

using namespace mlir;
using namespace cameo;

// ---- ties

static int64_t sizeOf(Value x, int64_t axis) { return cast<RankedTensorType>(x.getType()).getDimSize(axis); }
static int64_t rankOf(Value x) { return cast<RankedTensorType>(x.getType()).getRank(); }

/// True for elements that lie in bytes of their own.
static bool isCuttable(Type element) { return element.isIntOrFloat() && storageBits(element) >= 8; }

SliceTies::SliceTies(func::FuncOp function) {
  Block &body = function.getBody().front();
  for (BlockArgument argument : body.getArguments())
    addValue(argument);
  for (Operation &op : body)
    for (Value result : op.getResults())
      addValue(result);
  for (BlockArgument argument : body.getArguments())
    for (int64_t axis = 0; axis < rankOf(argument); ++axis)
      pin(argument, axis);
  for (Operation &op : body)
    ask(&op);
  for (const std::function<void()> &tieMore : deferred)
    tieMore();
  collectBundles();
}

void SliceTies::addValue(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type)
    return;
  SmallVector<uint32_t, 4> first;
  for (int64_t size : type.getShape()) {
    first.push_back(parents.size());
    for (int64_t i = 0; i < (ShapedType::isDynamic(size) ? 0 : size); ++i)
      parents.push_back(parents.size());
  }
  pinned.resize(parents.size(), false);
  ordered.push_back(value);
  starts.try_emplace(value, std::move(first));
}

void SliceTies::ask(Operation *op) {
  mentioned.clear();
  if (matchPattern(op, m_Constant())) {
    Type element = getElementTypeOrSelf(op->getResult(0).getType());
    for (int64_t axis = 0; !isCuttable(element) && axis < rankOf(op->getResult(0)); ++axis)
      pin(op->getResult(0), axis);
    return;
  }
  current = op;
  if (auto slices = dyn_cast<SliceInterface>(op))
    slices.tieSlices(*this);
  else if (isa<PointwiseInterface>(op))
    for (Value operand : op->getOperands())
      broadcast(operand, op->getResult(0));
  op->walk([&](Operation *inner) { // the op itself, too
    for (Value operand : inner->getOperands())
      for (int64_t axis = 0; starts.contains(operand) && axis < rankOf(operand); ++axis)
        if (inner != op || !mentioned.contains({operand, axis}))
          pin(operand, axis);
  });
  for (Value result : op->getResults())
    for (int64_t axis = 0; starts.contains(result) && axis < rankOf(result); ++axis)
      if (!mentioned.contains({result, axis}))
        pin(result, axis);
}

uint32_t SliceTies::find(uint32_t slot) const {
  while (parents[slot] != slot)
    slot = parents[slot] = parents[parents[slot]];
  return slot;
}

std::optional<uint32_t> SliceTies::slots(Value x, int64_t axis) const {
  auto found = starts.find(x);
  if (found == starts.end() || ShapedType::isDynamic(sizeOf(x, axis)))
    return std::nullopt;
  return found->second[axis];
}

void SliceTies::tie(Value x, int64_t axis, int64_t i, Value y, int64_t other, int64_t j) {
  mentioned.insert({x, axis}), mentioned.insert({y, other});
  uint32_t a = find(*slots(x, axis) + i), b = find(*slots(y, other) + j);
  if (a == b)
    return;
  pinned[std::min(a, b)] = pinned[a] || pinned[b];
  parents[std::max(a, b)] = std::min(a, b);
}

void SliceTies::same(Value x, int64_t axis, Value y, int64_t other) {
  mentioned.insert({x, axis}), mentioned.insert({y, other});
  int64_t n = sizeOf(x, axis), m = sizeOf(y, other);
  if (ShapedType::isDynamic(n) || ShapedType::isDynamic(m)) {
    pin(x, axis), pin(y, other);
    return;
  }
  for (int64_t i = 0; n == m && i < n; ++i)
    tie(x, axis, i, y, other, i);
}

void SliceTies::broadcast(Value operand, Value result) {
  int64_t missing = rankOf(result) - rankOf(operand);
  for (int64_t axis = 0; axis < rankOf(operand); ++axis)
    same(operand, axis, result, axis + missing);
  for (int64_t axis = 0; axis < missing; ++axis)
    mentioned.insert({result, axis});
}

void SliceTies::pin(Value x, int64_t axis) {
  mentioned.insert({x, axis});
  if (auto first = slots(x, axis))
    for (int64_t i = 0; i < sizeOf(x, axis); ++i)
      pinned[find(*first + i)] = true;
}

bool SliceTies::isPinned(Value x, int64_t axis) const {
  auto first = slots(x, axis);
  for (int64_t i = 0; first && i < sizeOf(x, axis); ++i)
    if (!pinned[find(*first + i)])
      return false;
  return true;
}

void SliceTies::sum(Value x, int64_t axis, Value y, int64_t other) {
  if (!matchPattern(y, m_Constant())) {
    std::swap(x, y), std::swap(axis, other);
    if (!matchPattern(y, m_Constant())) {
      pin(x, axis), pin(y, other);
      return;
    }
  }
  allSums.push_back({current, x, y, axis, other});
  int64_t n = sizeOf(x, axis), m = sizeOf(y, other);
  if (ShapedType::isDynamic(n) || n % m) {
    pin(x, axis), pin(y, other);
    return;
  }
  for (int64_t i = 0; i < n; ++i)
    tie(x, axis, i, y, other, i % m);
}

void SliceTies::collectBundles() {
  numbers.assign(parents.size(), -1);
  std::vector<bool> isSummed(parents.size(), false);
  for (const SliceSum &sum : allSums)
    for (int64_t i = 0; i < sizeOf(sum.weights, sum.weightAxis); ++i)
      isSummed[find(*slots(sum.weights, sum.weightAxis) + i)] = true;
  for (Value value : ordered)
    for (int64_t axis = 0; axis < rankOf(value); ++axis) {
      auto first = slots(value, axis);
      for (int64_t i = 0; first && i < sizeOf(value, axis); ++i) {
        uint32_t root = find(*first + i);
        if (pinned[root] || !isSummed[root])
          continue;
        if (numbers[root] < 0) {
          numbers[root] = bundles.size();
          bundles.emplace_back();
        }
        auto &axes = bundles[numbers[root]];
        if (axes.empty() || axes.back() != SliceAxis(value, axis))
          axes.push_back({value, axis});
      }
    }
}

int64_t SliceTies::bundleOf(Value x, int64_t axis, int64_t i) const {
  auto first = slots(x, axis);
  return first ? numbers[find(*first + i)] : -1;
}

// ---- cutting

SliceCut::SliceCut(const SliceTies &ties, const std::vector<bool> &isCut) : ties(ties), isCut(isCut) {
  for (int64_t bundle = 0; bundle < ties.numBundles(); ++bundle)
    for (auto [value, axis] : isCut[bundle] ? ties.axesOf(bundle) : ArrayRef<SliceAxis>()) {
      auto [found, isNew] = left.try_emplace({value, axis});
      before.try_emplace({value, axis}, sizeOf(value, axis));
      for (int64_t i = 0; isNew && i < sizeOf(value, axis); ++i) {
        int64_t own = ties.bundleOf(value, axis, i);
        if (own < 0 || !isCut[own])
          found->second.push_back(i);
      }
    }
}

const SmallVector<int64_t> *SliceCut::kept(Value x, int64_t axis) const {
  auto found = left.find({x, axis});
  return found == left.end() ? nullptr : &found->second;
}

int64_t SliceCut::keptBefore(Value x, int64_t axis, int64_t end) const {
  const SmallVector<int64_t> *indices = kept(x, axis);
  return indices ? llvm::lower_bound(*indices, end) - indices->begin() : end;
}

static DenseResourceElementsAttr asResource(RankedTensorType type, ArrayRef<char> bytes) {
  auto &manager = DenseResourceElementsHandle::getManagerInterface(type.getContext());
  return DenseResourceElementsAttr::get(type,
                                        manager.insert("cut", ConstantStorage::of(type.getContext()).copy(bytes)));
}

static ElementsAttr elementsOf(RankedTensorType type, ArrayRef<char> bytes) {
  constexpr size_t kInlineBytes = 64;
  return bytes.size() <= kInlineBytes ? ElementsAttr(elementsFromBytes(type, bytes))
                                      : ElementsAttr(asResource(type, bytes));
}

/// How often the axis of a constant of `bytes` bytes is run through, and the bytes of one of its indices.
static std::pair<int64_t, int64_t> stridesOf(RankedTensorType type, int64_t axis, int64_t bytes) {
  int64_t outer = 1;
  for (int64_t size : type.getShape().take_front(axis))
    outer *= size;
  return {outer, outer * type.getDimSize(axis) ? bytes / (outer * type.getDimSize(axis)) : 0};
}

void SliceCut::mask() const {
  for (const SliceSum &sum : ties.sums()) {
    auto constant = sum.weights.getDefiningOp<ConstantOp>();
    if (!kept(sum.weights, sum.weightAxis))
      continue;
    auto type = cast<RankedTensorType>(sum.weights.getType());
    std::vector<uint8_t> bytes = bytesOf(cast<ElementsAttr>(constant.getValue()));
    auto [outer, inner] = stridesOf(type, sum.weightAxis, bytes.size());
    int64_t size = type.getDimSize(sum.weightAxis);
    for (int64_t i = 0; i < size; ++i) {
      int64_t own = ties.bundleOf(sum.weights, sum.weightAxis, i);
      for (int64_t o = 0; own >= 0 && isCut[own] && o < outer; ++o)
        std::fill_n(bytes.begin() + (o * size + i) * inner, inner, uint8_t(0));
    }
    constant.setValueAttr(elementsOf(type, ArrayRef(reinterpret_cast<const char *>(bytes.data()), bytes.size())));
  }
}

void SliceCut::apply(func::FuncOp function) const {
  // Values whose axes are cut one after the other get their type when all of their indices are known.
  llvm::MapVector<Value, SmallVector<int64_t>> axesOf;
  for (auto &[axis, indices] : left)
    axesOf[axis.first].push_back(axis.second);
  for (auto &[value, axes] : axesOf) {
    auto type = cast<RankedTensorType>(value.getType());
    std::vector<uint8_t> bytes;
    auto constant = value.getDefiningOp<ConstantOp>();
    if (constant)
      bytes = bytesOf(cast<ElementsAttr>(constant.getValue()));
    for (int64_t axis : axes) {
      const SmallVector<int64_t> &indices = left.find({value, axis})->second;
      SmallVector<int64_t> shape(type.getShape());
      auto [outer, inner] = constant ? stridesOf(type, axis, bytes.size()) : std::pair<int64_t, int64_t>();
      std::vector<uint8_t> smaller;
      for (int64_t o = 0; constant && o < outer; ++o)
        for (int64_t i : indices) {
          auto from = bytes.begin() + (o * shape[axis] + i) * inner;
          smaller.insert(smaller.end(), from, from + inner);
        }
      bytes = std::move(smaller);
      shape[axis] = indices.size();
      type = RankedTensorType::get(shape, type.getElementType(), type.getEncoding());
    }
    if (constant)
      constant.setValueAttr(elementsOf(type, ArrayRef(reinterpret_cast<const char *>(bytes.data()), bytes.size())));
    value.setType(type);
  }
  OpBuilder b(function);
  for (Operation &op : llvm::make_early_inc_range(function.getBody().front())) {
    b.setInsertionPoint(&op);
    if (auto slices = dyn_cast<SliceInterface>(op))
      slices.cutSlices(b, *this);
  }
}
