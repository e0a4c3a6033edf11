// Pointwise.cpp - imports every op that is a pointwise op of the dialect: the def's ONNX name is all it takes.
#include "GraphImporter.h"
#include "cameo/Import/ONNX/Schema.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::onnx;

PointwiseTable cameo::onnx::pointwiseTable(MLIRContext &context) {
  PointwiseTable table;
  context.loadDialect<CameoDialect>();
  // getRegisteredOperationsByDialect searches with a comparison that is no order (LLVM 22), so all are looked at.
  for (RegisteredOperationName name : context.getRegisteredOperations())
    if (auto *interface = name.getInterface<PointwiseInterface>())
      if (StringRef onnxName = interface->onnxName(); !onnxName.empty())
        table.try_emplace(onnxName, name);
  return table;
}

/// Ops with any number of operands are folds of the binary op that this names.
static StringRef binaryForm(StringRef opType) {
  return llvm::StringSwitch<StringRef>(opType).Cases({"Sum", "Mean"}, "Add").Default(opType);
}

bool cameo::onnx::isPointwise(const Node &node, const PointwiseTable &table) {
  return node.domain.empty() && table.contains(binaryForm(node.opType));
}

/// ONNX attributes that the op also has, by name. Floats are f32, integers i64.
static LogicalResult copyAttributes(OpBinder &op, RegisteredOperationName name, OperationState &state) {
  for (StringAttr attribute : name.getAttributeNames()) {
    const onnx::Attribute *value = op.attr(attribute);
    if (!value)
      continue;
    Builder &b = op.builder;
    mlir::Attribute converted;
    if (auto *f = std::get_if<float>(&value->value))
      converted = b.getF32FloatAttr(*f);
    else if (auto *i = std::get_if<int64_t>(&value->value))
      converted = b.getI64IntegerAttr(*i);
    else if (auto *s = std::get_if<StringRef>(&value->value))
      converted = b.getStringAttr(*s);
    else if (auto *ints = std::get_if<std::vector<int64_t>>(&value->value))
      converted = b.getDenseI64ArrayAttr(*ints);
    else if (auto *floats = std::get_if<std::vector<float>>(&value->value))
      converted = b.getDenseF32ArrayAttr(*floats);
    else
      return op.error("E-ATTR", attribute.getValue() + " has type " + attributeTypeName(value->type) +
                                    "; expected a number or a string");
    state.addAttribute(attribute, converted);
  }
  return success();
}

static Value build(OpBinder &op, RegisteredOperationName name, ValueRange operands) {
  OperationState state(op.loc, name);
  state.addOperands(operands);
  state.addTypes(placeholderType(op.builder.getContext()));
  if (failed(copyAttributes(op, name, state)))
    return {};
  Operation *created = finishOp(op.shapes(), op.builder.create(state));
  return created ? created->getResult(0) : Value();
}

/// Before opset 7 the second operand broadcasts only on request, and may be aligned with an axis of the first.
static Value alignLegacyOperand(OpBinder &op, Value x, Value y) {
  int64_t rankX = op.rank(x), rankY = op.rank(y);
  if (!op.intAttr("broadcast", 0) || !op.hasAttr("axis"))
    return y;
  int64_t axis = op.intAttr("axis", 0);
  if (axis < 0)
    axis += rankX;
  int64_t missing = rankX - axis - rankY;
  if (axis < 0 || missing < 0) {
    (void)op.error("E-ATTR", "axis is " + Twine(op.intAttr("axis", 0)) + ", but the operands have ranks " +
                                 Twine(rankX) + " and " + Twine(rankY) + "; expected 0 to " + Twine(rankX - rankY));
    return {};
  }
  return op.unsqueeze(y, llvm::to_vector(llvm::seq<int64_t>(rankY, rankY + missing)));
}

/// Where no schema has checked them, as in models of an opset before the op: that there are as many inputs as operands.
static LogicalResult checkArity(OpBinder &op, RegisteredOperationName name, ArrayRef<Value> x) {
  size_t wanted = name.hasTrait<OpTrait::OneOperand>()           ? 1
                  : name.hasTrait<OpTrait::NOperands<2>::Impl>() ? 2
                  : name.hasTrait<OpTrait::NOperands<3>::Impl>() ? 3
                                                                 : x.size();
  if (x.size() != wanted || op.numInputs() != wanted)
    return op.error("E-ARITY", "it has " + Twine(op.numInputs()) + " inputs, " + Twine(x.size()) +
                                   " of them given; expected " + Twine(wanted));
  return success();
}

LogicalResult cameo::onnx::importPointwise(OpBinder &op, const PointwiseTable &table) {
  RegisteredOperationName name = table.find(binaryForm(op.node.opType))->second;
  SmallVector<Value> x = op.inputs();
  const FormalParameter *formal = op.node.schema ? op.node.schema->input(0) : nullptr;
  if (formal && formal->kind == FormalParameter::Kind::Variadic) {
    Value result = x.front();
    for (Value next : ArrayRef(x).drop_front())
      if (!(result = build(op, name, {result, next})))
        return failure();
    if (op.node.opType == "Mean" && x.size() > 1)
      result = op.create<DivOp>(result, op.scalar(op.elementType(result), x.size()));
    return op.result(result);
  }
  if (failed(checkArity(op, name, x)))
    return failure();
  if (x.size() == 2 && op.opset() < 7) {
    x[1] = alignLegacyOperand(op, x[0], x[1]);
    if (!x[1])
      return failure();
  }
  return op.result(build(op, name, x));
}
