// Structure.cpp - constants, shapes as values, reshapes, casts, and ops that pass their input through.
#include "Compose.h"
#include "cameo/Export/ONNX/NodeBuilder.h"
#include "cameo/Import/ONNX/Schema.h"
#include "llvm/Support/CheckedArithmetic.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::onnx;

namespace {

LogicalResult importIdentity(OpBinder &op) { return op.bindResult(0, op.binding(0)); }

Value tensorOf(OpBinder &op, ArrayRef<int64_t> shape, ArrayRef<float> values) {
  auto type = RankedTensorType::get(shape, op.builder.getF32Type());
  return ConstantOp::create(op.builder, op.loc, type, DenseElementsAttr::get(type, values));
}

/// Exactly one of the value attributes says what the constant is.
LogicalResult importConstant(OpBinder &op) {
  if (const TensorView *tensor = op.node.getTensor("value"))
    return op.result(op.constant(*tensor));
  if (const SparseTensorView *tensor = op.node.getSparseTensor("sparse_value"))
    return op.result(op.constant(*tensor));
  if (auto value = op.node.getFloat("value_float"))
    return op.result(op.scalar(op.builder.getF32Type(), *value));
  if (auto value = op.node.getInt("value_int"))
    return op.result(op.i64Scalar(*value));
  if (auto values = op.node.getFloats("value_floats"))
    return op.result(tensorOf(op, {int64_t(values->size())}, *values));
  if (auto values = op.node.getInts("value_ints"))
    return op.result(op.i64(*values));
  if (op.hasAttr("value_string") || op.hasAttr("value_strings"))
    return op.unsupported("its value is a string; supported are numbers and bool");
  return op.error("E-ATTR", "it has no value; expected one of value, sparse_value, value_float, value_floats, "
                            "value_int, value_ints");
}

/// A splat when the shape is known, else one element expanded.
LogicalResult importConstantOfShape(OpBinder &op) {
  Value shape = op.input(0);
  Value element;
  if (const TensorView *tensor = op.node.getTensor("value")) {
    if (tensor->numElements() != 1)
      return op.error("E-ATTR", "value has " + Twine(tensor->numElements()) + " elements; expected one");
    TensorView scalar = *tensor;
    scalar.dims.clear();
    element = op.constant(scalar);
  } else {
    element = op.scalar(op.builder.getF32Type(), 0);
  }
  if (!element)
    return failure();
  auto sizes = op.shapes().constantElements(shape);
  if (!sizes)
    return op.result(op.create<ExpandOp>(element, shape));
  std::optional<int64_t> count = 1;
  for (int64_t size : *sizes) {
    if (size < 0)
      return op.error("E-SHAPE", "size " + Twine(size) + " in the shape is negative");
    count = count ? llvm::checkedMul(*count, size) : std::nullopt;
  }
  // The program's file would hold it all. Sizes that overflow are refused where the result gets its name.
  constexpr int64_t mostBytes = 16 << 20;
  if (!count || *count > mostBytes || storageBytes(op.elementType(element), *count) > mostBytes)
    return op.result(op.create<ExpandOp>(element, shape));
  auto type = RankedTensorType::get(*sizes, op.elementType(element));
  auto splat = cast<DenseElementsAttr>(element.getDefiningOp<ConstantOp>().getValue());
  return op.result(ConstantOp::create(op.builder, op.loc, type, splat.resizeSplat(type)));
}

LogicalResult importShape(OpBinder &op) {
  int64_t rank = op.rank(op.input(0));
  return op.result(op.create<ShapeOfOp>(op.input(0), op.intAttr("start", 0), op.intAttr("end", rank)));
}

LogicalResult importSize(OpBinder &op) {
  Value count = op.sizes({op.shapes().numElements(op.input(0))});
  return op.result(count ? op.reshape(count, ArrayRef<int64_t>{}) : Value());
}

LogicalResult importReshapeAttribute(OpBinder &op) {
  auto shape = op.intsAttr("shape");
  if (!shape)
    return op.error("E-ATTR", "shape is missing; expected one size per axis");
  return op.result(op.reshape(op.input(0), *shape));
}

LogicalResult importReshape(OpBinder &op) {
  return op.result(op.create<ReshapeOp>(op.input(0), op.input(1), op.intAttr("allowzero", 0) != 0));
}

LogicalResult importFlatten(OpBinder &op) {
  Value x = op.input(0);
  int64_t rank = op.rank(x), axis = op.intAttr("axis", 1);
  if (axis < -rank || axis > rank)
    return op.error("E-ATTR", "axis is " + Twine(axis) + ", but input '" + op.node.inputs[0] + "' has rank " +
                                  Twine(rank) + "; expected " + Twine(-rank) + " to " + Twine(rank));
  if (axis < 0)
    axis += rank;
  SmallVector<Dim> dims(op.shapes().dimsOf(x));
  return op.result(op.reshape(x, ArrayRef<Dim>{op.dims().product(ArrayRef(dims).take_front(axis)),
                                               op.dims().product(ArrayRef(dims).drop_front(axis))}));
}

/// Axes come as an attribute before opset 13 and as an input since.
FailureOr<std::optional<SmallVector<int64_t>>> axesOf(OpBinder &op) {
  if (op.hasInput(1)) {
    auto axes = op.constantInput(1, "axes");
    if (failed(axes))
      return failure();
    return std::optional(*axes);
  }
  return op.intsAttr("axes");
}

/// Axes that only the run knows leave the result's rank and sizes open; a static declared shape settles them.
bool hasOnlyDeclaredShape(OpBinder &op) {
  return op.hasInput(1) && !op.shapes().constantElements(op.input(1)) && op.declaredShape(0);
}

/// How many axes input 1 gives, where only the run knows which; nothing where they are constants, or their number is
/// open too.
std::optional<int64_t> numRunTimeAxes(OpBinder &op) {
  if (!op.hasInput(1) || op.shapes().constantElements(op.input(1)))
    return std::nullopt;
  return op.shapes().numElements(op.input(1)).constant();
}

/// x with the axes of its result at places that only the run knows: `isAxis` says of each place of the result whether x
/// has no axis there, and `source` which of x's axes is there otherwise.
LogicalResult reshapeByAxes(Compose &c, Value isAxis, Value source) {
  OpBinder &op = c.op;
  Value x = op.input(0);
  Value sizes = op.i64(SmallVector<int64_t>(*op.shapes().dim(source, 0).constant(), 1));
  if (int64_t rank = op.rank(x)) {
    Value own = op.sizes(SmallVector<Dim>(op.shapes().dimsOf(x)));
    Value inside = c.min(source, c.like(source, double(rank - 1)));
    Value there = c.make<GatherOp>(own, inside, int64_t(0));
    sizes = isAxis ? c.where(isAxis, c.like(there, 1), there) : there;
  }
  return op.result(c.make<ReshapeOp>(x, sizes, /*allowzero=*/true));
}

/// Input 1 as a vector of axes counted from the front, of a tensor of rank `rank`.
Value runTimeAxes(Compose &c, int64_t rank) {
  OpBinder &op = c.op;
  Value axes = c.cast(op.reshape(op.input(1), ArrayRef<int64_t>{-1}), op.builder.getI64Type());
  return c.where(c.make<LessOp>(axes, c.like(axes, 0)), c.add(axes, double(rank)), axes);
}

Value places(OpBinder &op, int64_t count) { return op.i64(llvm::to_vector(llvm::seq<int64_t>(0, count))); }

LogicalResult importSqueeze(OpBinder &op) {
  if (hasOnlyDeclaredShape(op))
    return op.result(op.create<ReshapeOp>(op.input(0), op.i64(*op.declaredShape(0)), /*allowzero=*/true));
  if (int64_t rank = op.rank(op.input(0)); rank > 0 && numRunTimeAxes(op) == 1) {
    // What stands behind the axis moves up by one.
    Compose c{op};
    Value to = places(op, rank - 1), isBehind = c.make<LessEqualOp>(runTimeAxes(c, rank), to);
    return reshapeByAxes(c, Value(), c.add(to, c.cast(isBehind, op.builder.getI64Type())));
  }
  auto given = axesOf(op);
  if (failed(given))
    return failure();
  Value x = op.input(0);
  SmallVector<int64_t> axes;
  if (*given) {
    axes = **given;
  } else {
    // What a size is that only the run knows is assumed, and the run checks that.
    bool isOpen = llvm::any_of(op.shapes().dimsOf(x), [](Dim dim) { return !dim.constant(); });
    bool isDropped = isOpen && op.openAxesAreOne();
    for (auto [axis, dim] : llvm::enumerate(SmallVector<Dim>(op.shapes().dimsOf(x)))) {
      if (dim.isConstant(1) || (!dim.constant() && isDropped))
        axes.push_back(axis);
      if (dim.constant() || !x)
        continue;
      Value isOne = op.create<EqualOp>(op.sizes({dim}), op.i64({1}));
      std::string message =
          "axis " + std::to_string(axis) +
          (isDropped ? " has not size 1, so Squeeze without axes would keep it, but the program was compiled for "
                       "size 1, with which the model's outputs have their declared ranks; fix the size with --dim"
                     : " has size 1, so Squeeze without axes would drop it, but the program was compiled for other "
                       "sizes; fix the size with --dim");
      x = isOne ? op.create<RequireOp>(x, isOne, isDropped, message) : Value();
    }
    if (!x)
      return failure();
  }
  return op.result(op.squeeze(x, axes));
}

LogicalResult importUnsqueeze(OpBinder &op) {
  if (hasOnlyDeclaredShape(op))
    return op.result(op.create<ReshapeOp>(op.input(0), op.i64(*op.declaredShape(0)), /*allowzero=*/true));
  if (auto count = numRunTimeAxes(op)) {
    // An axis of x stands at as many places behind its own as there are new axes before it.
    Compose c{op};
    int64_t rank = op.rank(op.input(0)) + *count;
    Value to = places(op, rank), axes = c.unsqueeze(runTimeAxes(c, rank), {1});
    auto countAxes = [&](Value which) { return c.reduce(c.cast(which, op.builder.getI64Type()), {0}, "sum", false); };
    Value isAxis = c.make<LessOp>(c.like(to, 0), countAxes(c.make<EqualOp>(axes, to)));
    return reshapeByAxes(c, isAxis, c.sub(to, countAxes(c.make<LessOp>(axes, to))));
  }
  auto axes = axesOf(op);
  if (failed(axes))
    return failure();
  if (!*axes)
    return op.error("E-ATTR", "axes are missing");
  return op.result(op.unsqueeze(op.input(0), **axes));
}

/// com.microsoft: one axis, given as a number.
LogicalResult expandDims(OpBinder &op) {
  auto axis = op.constantInput(1, "axis");
  if (failed(axis))
    return failure();
  if (axis->size() != 1)
    return op.error("E-SHAPE", "axis has " + Twine(axis->size()) + " elements; expected 1");
  return op.result(op.unsqueeze(op.input(0), *axis));
}

LogicalResult castTo(OpBinder &op, Type type) {
  StringRef mode = op.stringAttr("round_mode", "up");
  if (mode != "up" && mode != "down" && mode != "nearest")
    return op.error("E-ATTR", "round_mode is '" + mode + "'; expected up, down or nearest");
  Type from = op.elementType(op.input(0));
  if (from == type || isa<StringType>(from) || isa<StringType>(type))
    return op.result(Compose{op}.convert(op.input(0), type));
  return op.result(op.create<CastOp>(op.input(0), type, op.intAttr("saturate", 1) != 0, mode));
}

LogicalResult importCast(OpBinder &op) {
  auto type = op.dtypeAttr("to", {});
  if (failed(type))
    return failure();
  if (!*type)
    return op.error("E-ATTR", "attribute to is missing");
  return castTo(op, *type);
}

/// Opsets 1 to 5 name the type.
LogicalResult importCastByName(OpBinder &op) {
  std::string wanted = op.stringAttr("to", "").lower();
  for (int32_t t = 1; t <= lastDataType; ++t)
    if (dataTypeName(DataType(t)) == wanted)
      if (Type type = op.elementTypeOf(DataType(t)))
        return castTo(op, type);
  return op.unsupported("to is '" + wanted +
                        "'; supported are float, double, float16, integers of 8 to 64 bits, bool, string");
}

LogicalResult importCastLike(OpBinder &op) { return castTo(op, op.elementType(op.input(1))); }

// ---- as ONNX

LogicalResult exportSqueeze(SqueezeOp op, NodeBuilder &b) { return b.result(b.squeeze(b(op.getX()), op.getAxes())); }

LogicalResult exportUnsqueeze(UnsqueezeOp op, NodeBuilder &b) {
  return b.result(b.unsqueeze(b(op.getX()), op.getAxes()));
}

LogicalResult exportCast(CastOp op, NodeBuilder &b) {
  SmallVector<NodeAttribute> attributes{{"to", op.getTo()}};
  if (!op.getSaturate())
    attributes.emplace_back("saturate", 0);
  if (op.getRoundMode() != "up")
    attributes.emplace_back("round_mode", op.getRoundMode());
  return b.result(b.node("Cast", {b(op.getX())}, attributes));
}

/// ONNX has nothing that ends a run.
LogicalResult exportRequire(RequireOp op, NodeBuilder &b) {
  op.emitWarning() << "the ONNX file does not check this: " << op.getMessage();
  return b.result(b.node("Identity", {b(op.getX())}));
}

} // namespace

namespace cameo::onnx {
void registerStructureHandlers(HandlerTable &table) {
  table.on("Identity", 1, importIdentity);
  table.on("Constant", 1, importConstant);
  table.on("ConstantOfShape", 9, importConstantOfShape);
  table.on("Shape", 1, importShape);
  table.on("Size", 1, importSize);
  table.on("Reshape", 1, importReshapeAttribute);
  table.on("Reshape", 5, importReshape);
  table.on("Flatten", 1, importFlatten);
  table.on("Squeeze", 1, importSqueeze);
  table.on("Unsqueeze", 1, importUnsqueeze);
  table.onMicrosoft("ExpandDims", "X axis", expandDims);
  table.on("Cast", 1, importCastByName);
  table.on("Cast", 6, importCast);
  table.on("CastLike", 15, importCastLike);

  table.exports<ReshapeOp>("Reshape(allowzero=allowzero?)");
  table.exports<SqueezeOp>(exportSqueeze);
  table.exports<UnsqueezeOp>(exportUnsqueeze);
  table.exports<ShapeOfOp>("Shape(start, end)");
  table.exports<CastOp>(exportCast);
  table.exports<RequireOp>(exportRequire);
}
} // namespace cameo::onnx
