// LoopBuilder.cpp - the functions declared in LoopBuilder.h.
#include "LoopBuilder.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::onnx;

Attempt::~Attempt() { op.discard(mark); }

void Attempt::takeBack() {
  while (&mark->getBlock()->back() != mark)
    op.discard(&mark->getBlock()->back());
  op.builder.setInsertionPointToEnd(mark->getBlock());
  op.takeBack(start);
}

std::string cameo::onnx::collectedName(size_t output) {
  return ("output " + Twine(output) + ", which the loop collects").str();
}

FailureOr<Value> cameo::onnx::tensorOf(OpBinder &op, const Binding &value, const Twine &what) {
  if (value.tensor && !value.present)
    return value.tensor;
  return op.error("E-TYPE", what + " is " + describe(op, formOf(op, value)) + "; expected a tensor");
}

namespace {

/// A type of whole bytes that holds every value of a packed one: what a loop collects lies one iteration after the
/// other, and an iteration's elements need not fill bytes.
Type collectedType(OpBinder &op, Type type) {
  if (!isPacked(type))
    return type;
  return isNarrowFloat(type) ? Type(op.builder.getType<Float8E4M3FNType>())
                             : Type(op.builder.getIntegerType(8, !type.isUnsignedInteger()));
}

/// One try: carried values keep their forms and static sizes over all iterations.
class LoopBuilder {
public:
  LoopBuilder(OpBinder &op, ArrayRef<Binding> carried, ArrayRef<ValueInfo> declared, SmallVector<Form> &forms)
      : op(op), carried(carried), declared(declared), forms(forms) {}

  /// The results; nothing when `forms` have been widened, so that it takes another try.
  FailureOr<std::optional<SmallVector<Binding>>> build(Value tripCount, Value condition, LoopBody body);

private:
  LogicalResult widenForms(ArrayRef<Binding> yielded);
  FailureOr<SmallVector<Value>> collected(ArrayRef<Binding> values);
  void declareCollected(LoopOp loop, ValueRange yielded);

  OpBinder &op;
  ArrayRef<Binding> carried;
  ArrayRef<ValueInfo> declared;
  SmallVector<Form> &forms;
};

LogicalResult LoopBuilder::widenForms(ArrayRef<Binding> yielded) {
  for (auto [i, form, value] : llvm::enumerate(forms, yielded)) {
    Form next = formOf(op, value);
    auto joined = join(form, next);
    if (!joined)
      return op.error("E-SHAPE", "carried value " + Twine(i) + " enters the body as " + describe(op, form) +
                                     " and leaves it as " + describe(op, next) + "; Cameo needs one form");
    form = std::move(*joined);
  }
  return success();
}

/// As they are stacked.
FailureOr<SmallVector<Value>> LoopBuilder::collected(ArrayRef<Binding> values) {
  SmallVector<Value> tensors;
  for (auto [i, value] : llvm::enumerate(values)) {
    auto tensor = tensorOf(op, value, collectedName(carried.size() + i));
    if (failed(tensor))
      return failure();
    tensors.push_back(op.cast(*tensor, collectedType(op, op.elementType(*tensor))));
    if (!tensors.back())
      return failure();
  }
  return tensors;
}

/// Gives `loop` the types that its body declares for what it yields, where they say more than the body's ops do.
void LoopBuilder::declareCollected(LoopOp loop, ValueRange yielded) {
  SmallVector<Type> types;
  for (auto [value, info] : llvm::zip_equal(yielded, declared)) {
    auto type = cast<RankedTensorType>(value.getType());
    SmallVector<int64_t> sizes(type.getShape());
    if (info.type.hasShape && info.type.dims.size() == sizes.size())
      for (auto [size, dim] : llvm::zip_equal(sizes, info.type.dims))
        if (ShapedType::isDynamic(size) && dim.isStatic())
          size = dim.value;
    types.push_back(type.clone(sizes));
  }
  if (!llvm::equal(types, yielded.getTypes()))
    loop.setDeclaredAttr(op.builder.getTypeArrayAttr(types));
}

FailureOr<std::optional<SmallVector<Binding>>> LoopBuilder::build(Value tripCount, Value condition, LoopBody body) {
  using Result = std::optional<SmallVector<Binding>>;
  MLIRContext *context = op.builder.getContext();
  auto initial = partsOf(op, carried, forms);
  if (failed(initial))
    return failure();
  SmallVector<Type> results(initial->size() + declared.size(), placeholderType(context));
  auto loop = LoopOp::create(op.builder, op.loc, results, tripCount, condition, *initial, /*declared=*/ArrayAttr());
  Block *block = &loop.getBody().emplaceBlock();
  block->addArgument(RankedTensorType::get({}, op.builder.getI64Type()), op.loc);
  block->addArgument(RankedTensorType::get({}, op.builder.getI1Type()), op.loc);
  for (const Form &form : forms)
    for (Type type : form.partTypes(context))
      block->addArgument(type, op.loc);
  SmallVector<Type> collectedTypes;
  {
    OpBuilder::InsertionGuard guard(op.builder);
    op.builder.setInsertionPointToEnd(block);
    ValueRange arguments = block->getArguments();
    auto values = body(block, arguments[0], arguments[1], bindingsOf(op, forms, arguments.drop_front(2)));
    if (failed(values))
      return failure();
    op.builder.setInsertionPointToEnd(block);
    SmallVector<Form> before(forms);
    ArrayRef<Binding> next = ArrayRef(*values).slice(1, carried.size()),
                      stacked = ArrayRef(*values).drop_front(1 + carried.size());
    if (failed(widenForms(next)))
      return failure();
    if (!llvm::equal(before, forms))
      return Result();
    auto parts = partsOf(op, next, forms);
    auto tensors = collected(stacked);
    if (failed(parts) || failed(tensors))
      return failure();
    for (const Binding &value : stacked)
      collectedTypes.push_back(op.elementType(value.tensor));
    SmallVector<Value> yielded{values->front().tensor};
    llvm::append_range(yielded, *parts);
    llvm::append_range(yielded, *tensors);
    YieldOp::create(op.builder, op.loc, yielded);
    declareCollected(loop, *tensors);
  }
  if (!finishOp(op.shapes(), loop))
    return failure();
  SmallVector<Binding> finished = bindingsOf(op, forms, loop.getResults());
  for (auto [value, type] : llvm::zip_equal(loop.getResults().drop_front(initial->size()), collectedTypes))
    finished.push_back(op.cast(value, type));
  return Result(std::move(finished));
}

} // namespace

FailureOr<SmallVector<Binding>> cameo::onnx::buildLoop(OpBinder &op, Value tripCount, Value condition,
                                                       ArrayRef<Binding> carried, ArrayRef<ValueInfo> declared,
                                                       LoopBody body) {
  SmallVector<Form> forms = llvm::map_to_vector(carried, [&](const Binding &value) { return formOf(op, value); });
  LoopBuilder builder(op, carried, declared, forms);
  while (true) {
    Attempt attempt(op);
    auto results = builder.build(tripCount, condition, body);
    if (succeeded(results) && *results)
      return std::move(**results);
    attempt.takeBack();
    if (failed(results))
      return failure();
  }
}
