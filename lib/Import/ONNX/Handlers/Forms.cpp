// Forms.cpp - the functions declared in Forms.h.
#include "Forms.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::onnx;

bool Form::operator==(const Form &other) const {
  return kind == other.kind && isOptional == other.isOptional && types == other.types &&
         elementType == other.elementType && rank == other.rank && hasOneRank == other.hasOneRank;
}

SmallVector<Type> Form::partTypes(MLIRContext *context) const {
  SmallVector<Type> parts(types.begin(), types.end());
  if (kind == Kind::Ragged) {
    parts.push_back(RankedTensorType::get({ShapedType::kDynamic}, elementType));
    parts.push_back(RankedTensorType::get({ShapedType::kDynamic, rank}, IntegerType::get(context, 64)));
  }
  if (isOptional)
    parts.push_back(RankedTensorType::get({}, IntegerType::get(context, 1)));
  return parts;
}

Binding Form::bind(ValueRange parts) const {
  Binding binding;
  if (kind == Kind::Tensor)
    binding.tensor = parts.front();
  if (kind == Kind::List)
    binding.list.emplace(parts.begin(), parts.begin() + types.size());
  if (kind == Kind::Ragged)
    binding.ragged = RaggedSequence{parts[0], parts[1], hasOneRank};
  if (isOptional)
    binding.present = parts.back();
  return binding;
}

Form cameo::onnx::formOf(OpBinder &op, const Binding &binding) {
  Form form;
  form.isOptional = bool(binding.present);
  auto addType = [&](Value v) { form.types.push_back(cast<RankedTensorType>(v.getType())); };
  if (binding.tensor) {
    form.kind = Form::Kind::Tensor;
    addType(binding.tensor);
  } else if (binding.list) {
    form.kind = Form::Kind::List;
    llvm::for_each(*binding.list, addType);
  } else if (binding.ragged) {
    form.kind = Form::Kind::Ragged;
    form.elementType = op.elementType(binding.ragged->elements);
    form.rank = raggedRank(op, *binding.ragged);
    form.hasOneRank = binding.ragged->hasOneRank;
  }
  return form;
}

/// Sizes that differ become open; null for types that differ in more.
static RankedTensorType join(RankedTensorType x, RankedTensorType y) {
  if (x.getElementType() != y.getElementType() || x.getRank() != y.getRank())
    return {};
  SmallVector<int64_t> sizes(x.getShape());
  for (auto [size, other] : llvm::zip(sizes, y.getShape()))
    size = size == other ? size : ShapedType::kDynamic;
  return RankedTensorType::get(sizes, x.getElementType());
}

std::optional<Form> cameo::onnx::raggedForm(const Form &form) {
  if (form.kind == Form::Kind::Ragged)
    return form;
  Form ragged;
  ragged.kind = Form::Kind::Ragged;
  ragged.isOptional = form.isOptional;
  for (RankedTensorType type : form.types) {
    if (ragged.elementType && ragged.elementType != type.getElementType())
      return std::nullopt;
    ragged.elementType = type.getElementType();
    ragged.hasOneRank &= type.getRank() == form.types.front().getRank();
    ragged.rank = std::max(ragged.rank, type.getRank());
  }
  return ragged;
}

std::optional<Form> cameo::onnx::join(const Form &x, const Form &y) {
  if (x.kind == Form::Kind::Nothing || y.kind == Form::Kind::Nothing) {
    Form joined = x.kind == Form::Kind::Nothing ? y : x;
    joined.isOptional |= x.kind != y.kind;
    return joined;
  }
  if ((x.kind == Form::Kind::Tensor) != (y.kind == Form::Kind::Tensor))
    return std::nullopt;
  bool isOptional = x.isOptional || y.isOptional;
  if (x.kind == y.kind && x.kind != Form::Kind::Ragged && x.types.size() == y.types.size()) {
    Form joined = x;
    joined.isOptional = isOptional;
    for (auto [type, other] : llvm::zip(joined.types, y.types))
      type = ::join(type, other);
    if (!llvm::is_contained(joined.types, RankedTensorType()))
      return joined;
    if (x.kind == Form::Kind::Tensor)
      return std::nullopt;
  }
  auto a = raggedForm(x), b = raggedForm(y);
  if (!a || !b)
    return std::nullopt;
  if (!a->elementType || !b->elementType) {
    Form joined = a->elementType ? *a : *b; // the other is empty
    joined.isOptional = isOptional;
    return joined;
  }
  if (a->elementType != b->elementType)
    return std::nullopt;
  a->isOptional = isOptional;
  a->hasOneRank &= b->hasOneRank && a->rank == b->rank;
  a->rank = std::max(a->rank, b->rank);
  return a;
}

Binding cameo::onnx::convert(OpBinder &op, const Binding &binding, const Form &form) {
  Binding result = binding;
  if (form.isOptional && !binding.present)
    result.present = op.scalar(op.builder.getI1Type(), binding.isGiven());
  if (!binding.isGiven()) { // what stands in its place is not looked at
    auto standIn = [&](RankedTensorType type) {
      SmallVector<int64_t> sizes(type.getShape());
      std::replace(sizes.begin(), sizes.end(), ShapedType::kDynamic, int64_t(0));
      return op.splat(type.getElementType(), sizes, 0);
    };
    if (form.kind == Form::Kind::Tensor)
      result.tensor = standIn(form.types.front());
    if (form.kind == Form::Kind::List) {
      auto elements = llvm::map_range(form.types, standIn);
      result.list.emplace(elements.begin(), elements.end());
    }
    if (form.kind == Form::Kind::Ragged)
      result.ragged = raggedOf(op, {}, form.elementType, form.rank);
  }
  if (form.kind != Form::Kind::Ragged)
    return result;
  if (result.list) {
    result.ragged = raggedOf(op, *result.list, form.elementType, form.rank);
    result.list.reset();
  }
  if (!*result.ragged)
    return result;
  result.ragged = withRank(op, *result.ragged, form.rank);
  result.ragged->hasOneRank = form.hasOneRank;
  return result;
}

FailureOr<SmallVector<Value>> cameo::onnx::partsOf(OpBinder &op, ArrayRef<Binding> bindings, ArrayRef<Form> forms) {
  SmallVector<Value> parts;
  for (auto [binding, form] : llvm::zip_equal(bindings, forms)) {
    Binding converted = convert(op, binding, form);
    for (Value *part : converted.parts())
      parts.push_back(*part);
    if (llvm::is_contained(parts, Value()))
      return failure();
  }
  return parts;
}

SmallVector<Binding> cameo::onnx::bindingsOf(OpBinder &op, ArrayRef<Form> forms, ValueRange parts) {
  SmallVector<Binding> bindings;
  for (const Form &form : forms) {
    size_t count = form.partTypes(op.builder.getContext()).size();
    bindings.push_back(form.bind(parts.take_front(count)));
    parts = parts.drop_front(count);
  }
  return bindings;
}

std::string cameo::onnx::describe(OpBinder &op, const Form &form) {
  std::string text;
  llvm::raw_string_ostream os(text);
  if (form.isOptional)
    os << "an optional of ";
  switch (form.kind) {
  case Form::Kind::Nothing:
    os << "nothing";
    break;
  case Form::Kind::Tensor:
    os << "a tensor of " << op.typeName(form.types.front().getElementType()) << " and rank "
       << form.types.front().getRank();
    break;
  case Form::Kind::List: {
    os << "a sequence of " << form.types.size() << (form.types.size() == 1 ? " tensor" : " tensors");
    SmallVector<StringRef> names =
        llvm::map_to_vector(form.types, [&](RankedTensorType type) { return op.typeName(type.getElementType()); });
    if (llvm::all_equal(names))
      names.truncate(std::min<size_t>(names.size(), 1));
    if (!names.empty())
      os << " of " << llvm::join(names, ", ");
    break;
  }
  case Form::Kind::Ragged:
    os << "a sequence of tensors of " << op.typeName(form.elementType);
    break;
  }
  return text;
}
