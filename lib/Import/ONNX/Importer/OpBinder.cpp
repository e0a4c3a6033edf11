// OpBinder.cpp - typed access to one node, and the compositions that many handlers need.
#include "cameo/Import/ONNX/OpBinder.h"
#include "GraphImporter.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::onnx;

SmallVector<Value *> Binding::parts() {
  SmallVector<Value *> parts;
  if (tensor)
    parts.push_back(&tensor);
  if (list)
    for (Value &element : *list)
      parts.push_back(&element);
  if (ragged)
    parts.append({&ragged->elements, &ragged->shapes});
  if (map)
    parts.append({&map->keys, &map->values});
  if (present)
    parts.push_back(&present);
  return parts;
}

// ---- operands and attributes

bool OpBinder::hasInput(size_t i) const { return node.hasInput(i) && importer.isGiven(node.inputs[i]); }

Value OpBinder::input(size_t i) { return hasInput(i) ? importer.lookup(node.inputs[i]) : Value(); }

Binding OpBinder::binding(size_t i) { return hasInput(i) ? importer.binding(node.inputs[i]) : Binding(); }

FailureOr<Binding> OpBinder::sequenceInput(size_t i) {
  Binding given = binding(i);
  if (!given.isSequence())
    return error("E-TYPE", "input '" + escaped(node.inputs[i]) + "' is not a sequence");
  if (given.present)
    return error("E-TYPE", "input '" + escaped(node.inputs[i]) +
                               "' is an optional, and only the run knows whether it has an element; take it with "
                               "OptionalGetElement");
  return given;
}

SmallVector<Value> OpBinder::inputs() {
  SmallVector<Value> values;
  for (size_t i = 0; i < numInputs(); ++i)
    if (Value v = input(i))
      values.push_back(v);
  return values;
}

Type OpBinder::elementTypeOf(DataType type) { return onnx::elementTypeOf(type, builder.getContext()); }

int64_t OpBinder::intAttr(StringRef name, int64_t fallback) { return node.getInt(name).value_or(fallback); }

double OpBinder::floatAttr(StringRef name, double fallback) {
  auto value = node.getFloat(name);
  return value ? double(*value) : fallback;
}

StringRef OpBinder::stringAttr(StringRef name, StringRef fallback) { return node.getString(name).value_or(fallback); }

std::optional<SmallVector<int64_t>> OpBinder::intsAttr(StringRef name) {
  if (auto values = node.getInts(name))
    return llvm::to_vector(*values);
  return std::nullopt;
}

std::optional<SmallVector<float>> OpBinder::floatsAttr(StringRef name) {
  if (auto values = node.getFloats(name))
    return llvm::to_vector(*values);
  return std::nullopt;
}

FailureOr<Type> OpBinder::dtypeAttr(StringRef name, Type fallback) {
  auto number = node.getInt(name);
  if (!number)
    return fallback;
  if (*number < 1 || *number > lastDataType)
    return error("E-ATTR", name + " is " + Twine(*number) + ", which is not an element type; expected 1 to " +
                               Twine(lastDataType));
  if (Type type = elementTypeOf(DataType(*number)))
    return type;
  return unsupported(name + " is " + dataTypeName(DataType(*number)) + "; supported are " + kSupportedTypes);
}

const Graph *OpBinder::graphAttr(StringRef name) {
  const Graph *graph = node.getGraph(name);
  if (!graph)
    (void)error("E-ATTR", "graph attribute " + name + " is missing");
  return graph;
}

FailureOr<SmallVector<int64_t>> OpBinder::constantInput(size_t i, StringRef what) {
  if (auto values = shapes().constantElements(input(i)))
    return SmallVector<int64_t>(values->begin(), values->end());
  return error("E-UNSUPPORTED", what + " (input '" + node.inputs[i] +
                                    "') is not known at compile time, but the shape of the result depends on it");
}

// ---- creating

StringRef OpBinder::typeName(Type elementType) { return dataTypeName(dataTypeOf(elementType)); }

Value OpBinder::splat(Type elementType, ArrayRef<int64_t> shape, double value) {
  auto type = RankedTensorType::get(shape, elementType);
  if (isa<StringType>(elementType)) // the only text that stands for a number is the empty one
    return ConstantOp::create(builder, loc, type, DenseElementsAttr::get(type, ArrayRef<StringRef>("")));
  mlir::Attribute element;
  if (isa<FloatType>(elementType))
    element = builder.getFloatAttr(elementType, value);
  else
    element = IntegerAttr::get(elementType, APInt(elementType.getIntOrFloatBitWidth(), uint64_t(int64_t(value)),
                                                  /*isSigned=*/false, /*implicitTrunc=*/true));
  return ConstantOp::create(builder, loc, type, DenseElementsAttr::get(type, element));
}

Value OpBinder::texts(ArrayRef<StringRef> values) {
  auto type = RankedTensorType::get(int64_t(values.size()), StringType::get(builder.getContext()));
  return ConstantOp::create(builder, loc, type, DenseElementsAttr::get(type, values));
}

Value OpBinder::text(StringRef value) {
  auto type = RankedTensorType::get({}, StringType::get(builder.getContext()));
  return ConstantOp::create(builder, loc, type, DenseElementsAttr::get(type, value));
}

Value OpBinder::branch(Value condition, llvm::function_ref<Value()> then, llvm::function_ref<Value()> otherwise) {
  if (!condition)
    return {};
  auto made = IfOp::create(builder, loc, TypeRange{placeholderType(builder.getContext())}, condition);
  for (auto [region, make] : {std::pair(&made.getThenRegion(), then), std::pair(&made.getElseRegion(), otherwise)}) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToEnd(&region->emplaceBlock());
    Value value = make();
    if (!value)
      return {};
    YieldOp::create(builder, loc, ValueRange{value});
  }
  Operation *done = finishOp(shapes(), made);
  return done ? done->getResult(0) : Value();
}

Value OpBinder::constant(const TensorView &tensor) { return importer.constant(builder, loc, tensor); }

Value OpBinder::constant(const SparseTensorView &tensor) { return importer.sparseConstant(builder, loc, tensor); }

Value OpBinder::cast(Value v, Type elementType) {
  return getElementTypeOrSelf(v.getType()) == elementType ? v : create<CastOp>(v, elementType);
}

Value OpBinder::transpose(Value v, ArrayRef<int64_t> permutation) { return create<TransposeOp>(v, permutation); }

Value OpBinder::unsqueeze(Value v, ArrayRef<int64_t> axes) { return axes.empty() ? v : create<UnsqueezeOp>(v, axes); }

Value OpBinder::squeeze(Value v, ArrayRef<int64_t> axes) { return axes.empty() ? v : create<SqueezeOp>(v, axes); }

Value OpBinder::scalarOf(Value v) { return rank(v) == 0 ? v : reshape(v, ArrayRef<int64_t>{}); }

Value OpBinder::reshape(Value v, ArrayRef<int64_t> shape) {
  return create<ReshapeOp>(v, i64(shape), /*allowzero=*/false);
}

Value OpBinder::reshape(Value v, ArrayRef<Dim> dims) {
  Value shape = sizes(dims);
  return shape ? create<ReshapeOp>(v, shape, /*allowzero=*/true) : Value();
}

// ---- sizes as values

namespace {
/// Writes polynomials over sizes as ops on tensor<1xi64>. Null when an op could not be made (reported).
struct SizeBuilder {
  OpBinder &op;
  llvm::DenseMap<const DimAtom *, Value> written;

  Value atom(const DimAtom &a) {
    if (Value known = written.lookup(&a))
      return known;
    return written[&a] = write(a);
  }

  Value write(const DimAtom &a) {
    switch (a.kind) {
    case AtomKind::SizeOf:
      return op.create<ShapeOfOp>(a.value, a.index, a.index + 1);
    case AtomKind::ElementOf: {
      Value vector = op.cast(op.rank(a.value) == 0 ? op.unsqueeze(a.value, {0}) : a.value, op.builder.getI64Type());
      if (op.shapes().dim(vector, 0).isConstant(1))
        return vector;
      return op.create<SliceOp>(vector, op.i64({a.index}), op.i64({a.index + 1}), op.i64({1}), ArrayRef<int64_t>{0});
    }
    case AtomKind::FloorDiv: {
      Value x = size(a.lhs), y = size(a.rhs);
      // Quotients of negative numbers (a rounded-up quotient is -floor(-x / y)) are truncated by DivOp, exact ones are
      // not.
      if (!op.dims().isNonNegative(a.lhs))
        x = op.create<SubOp>(x, op.create<ModOp>(x, y));
      return op.create<DivOp>(x, y);
    }
    case AtomKind::Mod:
      return op.create<ModOp>(size(a.lhs), size(a.rhs));
    case AtomKind::Min: {
      Value x = size(a.lhs), y = size(a.rhs);
      return op.create<WhereOp>(op.create<LessOp>(x, y), x, y);
    }
    case AtomKind::Max: {
      Value x = size(a.lhs), y = size(a.rhs);
      return op.create<WhereOp>(op.create<LessOp>(x, y), y, x);
    }
    case AtomKind::Broadcast: {
      // Sizes are not negative, so x == 1 is x < 2 and not x < 1.
      Value x = size(a.lhs), y = size(a.rhs);
      Value small = op.create<WhereOp>(op.create<LessOp>(x, op.i64({1})), x, y);
      return op.create<WhereOp>(op.create<LessOp>(x, op.i64({2})), small, x);
    }
    }
    llvm_unreachable("all kinds are handled");
  }

  Value size(Dim d) {
    if (auto constant = d.constant())
      return op.i64({*constant});
    Value sum;
    for (const DimTerm &term : d.getNode()->terms) {
      Value product;
      for (const DimAtom *a : term.atoms) {
        Value factor = atom(*a);
        product = product ? op.create<MulOp>(product, factor) : factor;
      }
      if (!product)
        product = op.i64({term.coefficient});
      else if (term.coefficient != 1)
        product = op.create<MulOp>(product, op.i64({term.coefficient}));
      sum = sum ? op.create<AddOp>(sum, product) : product;
    }
    return sum;
  }
};
} // namespace

Value OpBinder::sizes(ArrayRef<Dim> dims) {
  if (llvm::all_of(dims, [](Dim d) { return d.constant().has_value(); }))
    return i64(llvm::map_to_vector(dims, [](Dim d) { return *d.constant(); }));
  SmallVector<Value> pieces;
  SizeBuilder sizes{*this, DenseMap<const DimAtom *, Value>()};
  for (Dim d : dims) {
    Value piece = sizes.size(d);
    if (!piece)
      return {};
    pieces.push_back(piece);
  }
  return pieces.size() == 1 ? pieces.front() : create<ConcatOp>(pieces, int64_t(0));
}

// ---- results and errors

std::optional<SmallVector<int64_t>> OpBinder::declaredShape(size_t i) {
  return node.hasOutput(i) ? importer.declaredShape(node.outputs[i]) : std::nullopt;
}

LogicalResult OpBinder::result(size_t i, Value value) {
  if (!value)
    return failure();
  return node.hasOutput(i) ? importer.bind(node.outputs[i], value) : success();
}

LogicalResult OpBinder::bindResult(size_t i, Binding value) {
  return node.hasOutput(i) ? importer.bind(node.outputs[i], std::move(value)) : success();
}

LogicalResult OpBinder::bindResults(ArrayRef<Binding> values) {
  for (auto [i, value] : llvm::enumerate(values))
    if (failed(bindResult(i, value)))
      return failure();
  return success();
}

FailureOr<SmallVector<Binding>> OpBinder::importSubgraph(const Graph &graph, Block *block,
                                                         ArrayRef<Binding> arguments) {
  return importer.importSubgraph(graph, block, arguments);
}

FailureOr<SmallVector<Binding>> OpBinder::importBranch(const Graph &graph, Block *block, std::string &why) {
  return importer.importBranch(graph, block, why);
}

LogicalResult OpBinder::importInPlace(const Graph &branch) { return importer.importInPlace(branch, node); }

FailureOr<SmallVector<Binding>> OpBinder::importRest(size_t graphs, Block *block, ArrayRef<Binding> results,
                                                     std::string &why) {
  return importer.importRest(node, graphs, block, results, why);
}

size_t OpBinder::numEnclosingGraphs() const { return importer.numEnclosingGraphs(); }

Binding OpBinder::requirePresent(size_t i) {
  return importer.requirePresent(loc, binding(i), "input '" + escaped(node.inputs[i]) + "'");
}

bool OpBinder::openAxesAreOne() { return importer.openAxesAreOne(); }

bool OpBinder::isFromPyTorch() const { return importer.isFromPyTorch(); }
LogicalResult OpBinder::checkSequenceLength(int64_t length) { return importer.checkSequenceLength(length); }

void OpBinder::endGraphs(size_t graphs, ArrayRef<Binding> outputs) { importer.endGraphs(graphs, outputs); }

FailureOr<SmallVector<Value>> OpBinder::importSubgraph(const Graph &graph, Block *block, ValueRange arguments) {
  auto bindings = importer.importSubgraph(graph, block, SmallVector<Binding>(arguments.begin(), arguments.end()));
  if (failed(bindings))
    return failure();
  SmallVector<Value> values;
  for (auto [i, binding] : llvm::enumerate(*bindings)) {
    if (!binding.tensor || binding.present)
      return error("E-TYPE", "output '" + escaped(graph.outputs[i].name) + "' of its graph is " +
                                 (binding.present ? "an optional of which only the run knows whether it has an element"
                                  : binding.isSequence() ? "a sequence"
                                                         : "an optional without an element") +
                                 "; expected a tensor");
    values.push_back(binding.tensor);
  }
  return values;
}

void OpBinder::discard(Operation *op) { importer.discard(op); }

ImportProgress OpBinder::progress() { return importer.progress(); }

void OpBinder::takeBack(ImportProgress to) {
  if (!importer.firstError(to.diagnostics))
    importer.takeBack(to);
}

LogicalResult OpBinder::error(StringRef code, const Twine &message) { return importer.error(code, message); }

LogicalResult OpBinder::unsupported(const Twine &message) { return importer.error("E-UNSUPPORTED", message); }

void OpBinder::warning(StringRef code, const Twine &message) { importer.warning(code, message); }

ShapeAnalysis &OpBinder::shapes() { return importer.shapes; }
