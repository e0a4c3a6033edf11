// Shape.cpp - ShapeAnalysis: asks each op's shape function once.
#include "cameo/Dialect/Cameo/Shape.h"
#include "cameo/Dialect/Cameo/Attributes.h"
#include "cameo/Dialect/Cameo/Cameo.h"

using namespace mlir;
using namespace cameo;

RankedTensorType ShapeInfo::type() const {
  return RankedTensorType::get(llvm::map_to_vector(dims, [](Dim d) { return d.asStatic(); }), elementType);
}

const ShapeInfo &ShapeAnalysis::get(Value value) {
  // Producers first, without recursion: a graph may be a chain of thousands of ops.
  SmallVector<Value> stack{value};
  while (!stack.empty()) {
    Value v = stack.back();
    if (known.count(v)) {
      stack.pop_back();
      continue;
    }
    size_t before = stack.size();
    if (Operation *op = v.getDefiningOp()) {
      for (Value operand : op->getOperands())
        if (!known.count(operand))
          stack.push_back(operand);
    } else if (auto kernel = dyn_cast<KernelOp>(v.getParentBlock()->getParentOp())) {
      Value operand = kernel.getInputs()[cast<BlockArgument>(v).getArgNumber()];
      if (!known.count(operand))
        stack.push_back(operand);
    }
    if (stack.size() != before)
      continue;
    stack.pop_back();
    ShapeInfo info = compute(v);
    known.try_emplace(v, std::make_unique<ShapeInfo>(std::move(info)));
  }
  return *known.find(value)->second;
}

/// What the type alone says: each `?` is a symbol of its own.
static ShapeInfo fromType(ShapeAnalysis &shapes, Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  ShapeInfo info;
  info.elementType = type.getElementType();
  for (auto [axis, size] : llvm::enumerate(type.getShape()))
    info.dims.push_back(ShapedType::isDynamic(size) ? shapes.dims().sizeOf(value, axis) : shapes.dims().constant(size));
  return info;
}

ShapeInfo ShapeAnalysis::compute(Value value) {
  if (auto result = dyn_cast<OpResult>(value)) {
    Operation *op = result.getOwner();
    if (auto shaped = dyn_cast<ShapeInterface>(op)) {
      SmallVector<ShapeInfo> results;
      if (succeeded(shaped.inferShapes(*this, results)) && results.size() == op->getNumResults()) {
        for (auto [other, info] : llvm::zip(op->getResults(), results)) {
          // What the type knows and the function does not (a narrowed type) is kept.
          if (auto type = dyn_cast<RankedTensorType>(other.getType()); type && type.getRank() == info.rank())
            for (auto [dim, size] : llvm::zip(info.dims, type.getShape()))
              if (!dim.constant() && !ShapedType::isDynamic(size))
                dim = context.constant(size);
          if (other != value)
            known.try_emplace(other, std::make_unique<ShapeInfo>(info));
        }
        return results[result.getResultNumber()];
      }
    }
    return fromType(*this, value);
  }
  auto argument = cast<BlockArgument>(value);
  if (auto kernel = dyn_cast_or_null<KernelOp>(argument.getOwner()->getParentOp()))
    return get(kernel.getInputs()[argument.getArgNumber()]);
  ShapeInfo info = fromType(*this, value);
  // Graph inputs whose ONNX dim_param names are equal have equal sizes: the first input with the name gives the symbol.
  if (auto func = dyn_cast_or_null<func::FuncOp>(argument.getOwner()->getParentOp())) {
    auto namesOf = [&](unsigned arg) { return func.getArgAttrOfType<ArrayAttr>(arg, kDimsAttr); };
    if (ArrayAttr names = namesOf(argument.getArgNumber()))
      for (auto [axis, name] : llvm::enumerate(names)) {
        if (info.dims[axis].constant() || cast<StringAttr>(name).empty())
          continue;
        bool found = false;
        for (unsigned arg = 0; arg < argument.getArgNumber() && !found; ++arg)
          if (ArrayAttr others = namesOf(arg))
            for (auto [otherAxis, otherName] : llvm::enumerate(others))
              if (otherName == name &&
                  cast<RankedTensorType>(func.getArgument(arg).getType()).isDynamicDim(otherAxis)) {
                info.dims[axis] = context.sizeOf(func.getArgument(arg), otherAxis);
                found = true;
                break;
              }
      }
  }
  return info;
}

std::optional<SmallVector<Dim, 4>> ShapeAnalysis::elements(Value value) {
  // A kernel's argument is the operand it stands for: only that lies in memory.
  while (auto argument = dyn_cast<BlockArgument>(value)) {
    auto kernel = dyn_cast_or_null<KernelOp>(argument.getOwner()->getParentOp());
    if (!kernel)
      break;
    value = kernel.getInputs()[argument.getArgNumber()];
  }
  const ShapeInfo &info = get(value);
  if (info.contents)
    return info.contents;
  if (info.rank() > 1 || !isa<IntegerType>(info.elementType) || isPacked(info.elementType))
    return std::nullopt;
  auto count = context.product(info.dims).constant();
  if (!count || *count > kMaxTrackedElements)
    return std::nullopt;
  SmallVector<Dim, 4> result;
  for (int64_t i = 0; i < *count; ++i)
    result.push_back(context.elementOf(value, i));
  return result;
}

std::optional<SmallVector<int64_t, 4>> ShapeAnalysis::constantElements(Value value) {
  auto contents = elements(value);
  if (!contents)
    return std::nullopt;
  SmallVector<int64_t, 4> result;
  for (Dim d : *contents) {
    if (!d.constant())
      return std::nullopt;
    result.push_back(*d.constant());
  }
  return result;
}

std::string cameo::formatShape(ArrayRef<Dim> dims) {
  if (dims.empty())
    return "scalar";
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::interleave(dims, os, [&](Dim d) { d.constant() ? os << *d.constant() : os << "?"; }, "x");
  return text;
}

FailureOr<SmallVector<Dim, 6>> cameo::broadcastShapes(ShapeAnalysis &shapes, Operation *op, ValueRange values) {
  SmallVector<Dim, 6> result;
  for (Value value : values) {
    SmallVector<Dim, 6> dims(shapes.dimsOf(value));
    if (dims.size() > result.size())
      result.insert(result.begin(), dims.size() - result.size(), shapes.dims().constant(1));
    size_t offset = result.size() - dims.size();
    for (auto [i, d] : llvm::enumerate(dims)) {
      Dim merged = shapes.dims().broadcast(result[offset + i], d);
      if (!merged)
        return op->emitOpError("cannot broadcast shapes ")
               << formatShape(shapes.dimsOf(values[0])) << " and " << formatShape(dims) << ": axis " << offset + i
               << " has sizes " << *result[offset + i].constant() << " and " << *d.constant();
      result[offset + i] = merged;
    }
  }
  return result;
}

FailureOr<int64_t> cameo::normalizeAxis(Operation *op, int64_t axis, int64_t rank) {
  if (axis < -rank || axis >= rank)
    return op->emitOpError("axis is ") << axis << ", but the operand has rank " << rank << "; expected " << -rank
                                       << " to " << rank - 1;
  return axis < 0 ? axis + rank : axis;
}

std::optional<SmallVector<int64_t>> cameo::constantReshape(DimContext &d, ArrayRef<Dim> x, ArrayRef<Dim> dims) {
  SmallVector<int64_t> sizes;
  std::optional<size_t> rest;
  Dim others = d.constant(1);
  for (auto [axis, dim] : llvm::enumerate(dims)) {
    auto constant = dim.constant();
    bool copies = !constant && axis < x.size() && x[axis] == dim;
    if (constant == 0 || (!constant && !copies && rest))
      return std::nullopt;
    if (!constant && !copies)
      rest = axis;
    else
      others = d.mul(others, dim);
    sizes.push_back(constant ? *constant : copies ? 0 : -1);
  }
  if (rest && d.floorDiv(d.product(x), others) != dims[*rest])
    return std::nullopt;
  return sizes;
}

Operation *cameo::finishOp(ShapeAnalysis &shapes, Operation *op) {
  SmallVector<ShapeInfo> results;
  if (failed(cast<ShapeInterface>(op).inferShapes(shapes, results))) {
    op->erase();
    return nullptr;
  }
  for (auto [value, info] : llvm::zip(op->getResults(), results)) {
    value.setType(info.type());
    shapes.forget(value);
    shapes.set(value, info);
  }
  return op;
}

void cameo::followReturn(func::FuncOp function) {
  Operation *end = function.getBody().front().getTerminator();
  auto type = FunctionType::get(function.getContext(), function.getArgumentTypes(), end->getOperandTypes());
  function.setFunctionType(type);
}

Type cameo::placeholderType(MLIRContext *context) { return NoneType::get(context); }

Value cameo::constantI64(OpBuilder &b, Location loc, ArrayRef<int64_t> values) {
  auto type = RankedTensorType::get({int64_t(values.size())}, b.getI64Type());
  return ConstantOp::create(b, loc, type, DenseElementsAttr::get(type, values));
}

Value cameo::constantI64Scalar(OpBuilder &b, Location loc, int64_t value) {
  auto type = RankedTensorType::get({}, b.getI64Type());
  return ConstantOp::create(b, loc, type, DenseElementsAttr::get(type, value));
}
