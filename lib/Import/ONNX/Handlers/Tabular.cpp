// Tabular.cpp - the ai.onnx.ml ops that are short compositions of others: columns, linear models, encoders.
#include "Axes.h"
#include "Scores.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace cameo;
using namespace cameo::onnx;

namespace {

/// Picks columns of the last axis; a vector counts as one row.
LogicalResult arrayFeatureExtractor(OpBinder &op) {
  Value x = op.rank(op.input(0)) == 1 ? op.unsqueeze(op.input(0), {0}) : op.input(0);
  Value columns = op.reshape(op.input(1), ArrayRef<int64_t>{-1});
  if (op.rank(op.input(0)) == 0)
    return op.error("E-SHAPE", "input '" + op.node.inputs[0] + "' is a scalar; expected rank 1 or more");
  if (!x || !columns)
    return failure();
  return op.result(op.create<GatherOp>(x, columns, op.rank(x) - 1));
}

/// 1 above the threshold, else 0.
LogicalResult binarizer(OpBinder &op) {
  Type type = op.elementType(op.input(0));
  Value above = op.create<LessOp>(op.scalar(type, op.floatAttr("threshold", 0)), op.input(0));
  return above ? op.result(op.cast(above, type)) : failure();
}

/// A constant of that shape; a vector without one.
Value f32Vector(OpBinder &op, ArrayRef<float> values, SmallVector<int64_t> shape = {}) {
  if (shape.empty())
    shape.push_back(values.size());
  auto type = RankedTensorType::get(shape, op.builder.getF32Type());
  return ConstantOp::create(op.builder, op.loc, type, DenseElementsAttr::get(type, values));
}

/// The first input for use with `count` values of `name`: one for all columns, or one per column. Where only the run
/// knows how many columns there are, it sees to that.
Value columnsFor(OpBinder &op, StringRef name, int64_t count) {
  Value x = op.input(0);
  if (count == 1)
    return x;
  Dim columns = op.rank(x) == 0 ? op.dims().constant(1) : op.shapes().dimsOf(x).back();
  std::string message =
      (name + " has " + Twine(count) + " values; expected one, or one per column of input '" + op.node.inputs[0] + "'")
          .str();
  if (columns.constant() && *columns.constant() != count) {
    (void)op.error("E-ATTR", message);
    return {};
  }
  Compose c{op};
  return columns.constant()
             ? x
             : c.make<RequireOp>(x, c.make<EqualOp>(op.sizes({columns}), op.i64({count})), true, message);
}

/// (x - offset) * scale.
LogicalResult scaler(OpBinder &op) {
  Compose c{op};
  auto offset = op.floatsAttr("offset").value_or(SmallVector<float>{0});
  auto scale = op.floatsAttr("scale").value_or(SmallVector<float>{1});
  Value x = columnsFor(op, "offset", offset.size()), same = columnsFor(op, "scale", scale.size());
  if (!x || !same)
    return failure();
  x = c.cast(offset.size() == 1 ? same : x, op.builder.getF32Type());
  return op.result(c.mul(c.sub(x, f32Vector(op, offset)), f32Vector(op, scale)));
}

/// A vector as one row.
Value rowsOf(Compose &c, Value x) { return x && c.op.rank(x) == 1 ? c.unsqueeze(x, {0}) : x; }

/// x times the transposed coefficients plus the intercepts: [rows, outputs]. The coefficients of one output are
/// contiguous.
Value linear(Compose &c, int64_t outputs) {
  OpBinder &op = c.op;
  Value x = c.cast(rowsOf(c, op.input(0)), op.builder.getF32Type());
  if (!x)
    return {};
  auto coefficients = op.floatsAttr("coefficients").value_or(SmallVector<float>());
  auto intercepts = op.floatsAttr("intercepts").value_or(SmallVector<float>());
  auto features = op.rank(x) == 2 ? op.shapes().dim(x, 1).constant() : std::nullopt;
  if (outputs < 1 || coefficients.empty() || coefficients.size() % outputs ||
      (features && int64_t(coefficients.size()) / outputs != *features)) {
    (void)op.error("E-ATTR", "coefficients has " + Twine(coefficients.size()) + " entries; expected " +
                                 (features ? Twine(*features) : Twine("the number of columns of the input")) +
                                 " for each of " + Twine(outputs) + " outputs");
    return {};
  }
  if (!intercepts.empty() && int64_t(intercepts.size()) != outputs) {
    (void)op.error("E-ATTR", "intercepts has " + Twine(intercepts.size()) + " entries; expected " + Twine(outputs));
    return {};
  }
  Value weights = f32Vector(op, coefficients, {outputs, int64_t(coefficients.size()) / outputs});
  Value y = c.make<MatMulOp>(x, weights, /*transposeLhs=*/false, /*transposeRhs=*/true, TypeAttr());
  return intercepts.empty() ? y : c.add(y, f32Vector(op, intercepts, {outputs}));
}

LogicalResult linearRegressor(OpBinder &op) {
  Compose c{op};
  return op.result(postTransform(c, linear(c, op.intAttr("targets", 1)), op.stringAttr("post_transform", "NONE")));
}

LogicalResult linearClassifier(OpBinder &op) {
  Compose c{op};
  size_t labels = std::max(op.node.getInts("classlabels_ints").value_or(ArrayRef<int64_t>()).size(),
                           op.node.getStrings("classlabels_strings").value_or(ArrayRef<StringRef>()).size());
  auto intercepts = op.floatsAttr("intercepts");
  int64_t outputs = intercepts && !intercepts->empty() ? intercepts->size() : labels;
  // One output for two classes: the score of the second.
  BinaryScore binary = outputs == 1 && labels == 2 ? BinaryScore::Margin : BinaryScore::None;
  return classify(c, linear(c, outputs), binary, "classlabels_ints", "classlabels_strings");
}

/// Rows divided by their largest element, their sum of magnitudes, or their length; rows where that is 0 stay.
LogicalResult normalizer(OpBinder &op) {
  Compose c{op};
  Value x = c.cast(op.input(0), op.builder.getF32Type());
  if (!x || op.rank(x) < 1)
    return x ? op.error("E-SHAPE", "the input is a scalar; expected rank 1 or 2") : failure();
  SmallVector<int64_t> last{op.rank(x) - 1};
  StringRef norm = op.stringAttr("norm", "MAX");
  Value size;
  if (norm == "MAX")
    size = c.reduce(x, last, "max");
  else if (norm == "L1")
    size = c.reduce(c.make<AbsOp>(x), last, "sum");
  else if (norm == "L2")
    size = c.make<SqrtOp>(c.reduce(c.mul(x, x), last, "sum"));
  else
    return op.error("E-ATTR", "norm is '" + norm + "'; expected MAX, L1 or L2");
  Value isZero = c.make<EqualOp>(size, c.like(size, 0));
  return op.result(c.div(x, c.where(isZero, c.like(size, 1), size)));
}

/// Replaces one value (which may be NaN) by others, one for all columns or one per column.
LogicalResult imputer(OpBinder &op) {
  Compose c{op};
  bool isFloat = isa<FloatType>(op.elementType(op.input(0)));
  Value x, replacement, isMissing;
  auto ints = op.node.getInts("imputed_value_int64s");
  if (isFloat) {
    auto values = op.floatsAttr("imputed_value_floats").value_or(SmallVector<float>{0});
    if (!(x = columnsFor(op, "imputed_value_floats", values.size())))
      return failure();
    replacement = c.cast(f32Vector(op, values), op.elementType(x));
    double missing = op.floatAttr("replaced_value_float", 0);
    isMissing = std::isnan(missing) ? c.make<IsNaNOp>(x) : c.make<EqualOp>(x, c.like(x, missing));
  } else {
    if (!ints || ints->empty())
      return op.error("E-ATTR", "imputed_value_int64s is missing, but the input has integers");
    if (!(x = columnsFor(op, "imputed_value_int64s", ints->size())))
      return failure();
    replacement = c.cast(ints->size() == 1 ? op.i64Scalar(ints->front()) : op.i64(*ints), op.elementType(x));
    Value missing = c.cast(op.i64Scalar(op.intAttr("replaced_value_int64", 0)), op.elementType(x));
    isMissing = c.make<EqualOp>(x, missing);
  }
  return op.result(c.where(isMissing, replacement, x));
}

/// One column per category: 1 where the element is that category. Without `zeros` every element must be of one.
LogicalResult oneHotEncoder(OpBinder &op) {
  Compose c{op};
  Value x = op.input(0), categories;
  if (isa<StringType>(op.elementType(x))) {
    categories = op.texts(op.node.getStrings("cats_strings").value_or(ArrayRef<StringRef>()));
  } else {
    categories = op.i64(op.node.getInts("cats_int64s").value_or(ArrayRef<int64_t>()));
    x = c.cast(x, op.builder.getI64Type());
  }
  if (op.shapes().dim(categories, 0).isConstant(0))
    return op.error("E-ATTR", "it has no categories for elements of type " + op.typeName(op.elementType(op.input(0))) +
                                  "; expected cats_strings for strings and cats_int64s for numbers");
  int64_t rank = op.rank(x);
  Value y = c.cast(c.make<EqualOp>(c.unsqueeze(x, {rank}), categories), op.builder.getF32Type());
  if (op.intAttr("zeros", 1) == 0) {
    Value least =
        c.reduce(c.reduce(y, {rank}, "max", false), llvm::to_vector(llvm::seq<int64_t>(0, rank)), "min", false);
    y = c.require(y, c.make<LessOp>(c.like(least, 0), least),
                  "an element is none of the categories, and zeros is 0; expected known ones");
  }
  return op.result(y);
}

LogicalResult featureVectorizer(OpBinder &op) {
  Compose c{op};
  SmallVector<Value> columns;
  for (Value x : op.inputs()) {
    columns.push_back(c.cast(rowsOf(c, x), op.builder.getF32Type()));
    if (!columns.back())
      return failure();
  }
  return op.result(columns.size() == 1 ? columns.front() : op.create<ConcatOp>(columns, int64_t(1)));
}

/// For each element of x the value whose key equals it, or `fallback`. Of several keys the last counts; NaN is a key
/// too.
Value lookUp(Compose &c, Value x, Value keys, Value values, Value fallback) {
  OpBinder &op = c.op;
  int64_t rank = op.rank(x);
  Value column = c.unsqueeze(x, {rank});
  Value equal = c.make<EqualOp>(column, keys);
  if (isa<FloatType>(op.elementType(x)))
    equal = c.make<OrOp>(equal, c.make<AndOp>(c.make<IsNaNOp>(column), c.make<IsNaNOp>(keys)));
  Value number = c.cast(equal, op.builder.getI32Type());
  Value position = c.make<ArgMaxOp>(number, rank, /*keepDims=*/false, /*last=*/true);
  Value found = c.make<LessOp>(c.like(number, 0), c.reduce(number, {rank}, "max", false));
  return c.where(found, c.make<GatherOp>(values, position, int64_t(0)), fallback);
}

/// Keys and values of a LabelEncoder as vectors: from the lists of one of the types, or a tensor.
Value listOf(OpBinder &op, StringRef prefix) {
  if (const TensorView *tensor = op.node.getTensor((prefix + "tensor").str()))
    return op.constant(*tensor);
  if (auto strings = op.node.getStrings((prefix + "strings").str()); strings && !strings->empty())
    return op.texts(*strings);
  if (auto ints = op.node.getInts((prefix + "int64s").str()); ints && !ints->empty())
    return op.i64(*ints);
  if (auto floats = op.node.getFloats((prefix + "floats").str()); floats && !floats->empty())
    return f32Vector(op, *floats);
  (void)op.error("E-ATTR", prefix + "tensor is missing, and so are " + prefix + "strings, " + prefix + "int64s and " +
                               prefix + "floats");
  return {};
}

LogicalResult labelEncoder(OpBinder &op) {
  Compose c{op};
  Value x = op.input(0), keys = listOf(op, "keys_"), values = keys ? listOf(op, "values_") : Value();
  if (!values)
    return failure();
  if (op.rank(keys) != 1 || op.rank(values) != 1 || op.shapes().dim(keys, 0) != op.shapes().dim(values, 0))
    return op.error("E-ATTR", "keys_* has shape " + formatShape(op.shapes().dimsOf(keys)) + " and values_* " +
                                  formatShape(op.shapes().dimsOf(values)) + "; expected vectors of one length");
  Type type = op.elementType(values);
  Value fallback;
  if (const TensorView *tensor = op.node.getTensor("default_tensor")) {
    Value given = op.constant(*tensor);
    if (given && op.elementType(given) != type)
      return op.error("E-TYPE", "default_tensor has elements of type " + dataTypeName(tensor->type) + "; expected " +
                                    op.typeName(type) + ", as the values have");
    fallback = given ? op.reshape(given, ArrayRef<int64_t>{}) : given;
  } else if (isa<StringType>(type)) {
    fallback = op.text(op.stringAttr("default_string", "_Unused"));
  } else {
    fallback = isa<FloatType>(type) ? op.scalar(type, op.floatAttr("default_float", -0.0))
                                    : c.cast(op.i64Scalar(op.intAttr("default_int64", -1)), type);
  }
  return op.result(lookUp(c, x, keys, values, fallback));
}

/// The number that belongs to a text, or the text that belongs to a number.
LogicalResult categoryMapper(OpBinder &op) {
  Compose c{op};
  auto strings = op.node.getStrings("cats_strings").value_or(ArrayRef<StringRef>());
  auto numbers = op.node.getInts("cats_int64s").value_or(ArrayRef<int64_t>());
  if (strings.empty() || strings.size() != numbers.size())
    return op.error("E-ATTR", "cats_strings has " + Twine(strings.size()) + " entries and cats_int64s " +
                                  Twine(numbers.size()) + "; expected as many, and one or more");
  bool toNumber = isa<StringType>(op.elementType(op.input(0)));
  Value fallback =
      toNumber ? op.i64Scalar(op.intAttr("default_int64", -1)) : op.text(op.stringAttr("default_string", "_Unused"));
  Value keys = toNumber ? op.texts(strings) : op.i64(numbers), values = toNumber ? op.i64(numbers) : op.texts(strings);
  return op.result(lookUp(c, op.input(0), keys, values, fallback));
}

/// What the map has for each word of a vocabulary, as one row; 0 or the empty text for those that are no keys.
LogicalResult dictVectorizer(OpBinder &op) {
  Compose c{op};
  MapValue map = *op.binding(0).map;
  bool isText = isa<StringType>(op.elementType(map.keys));
  auto strings = op.node.getStrings("string_vocabulary").value_or(ArrayRef<StringRef>());
  auto numbers = op.node.getInts("int64_vocabulary").value_or(ArrayRef<int64_t>());
  int64_t count = isText ? strings.size() : numbers.size();
  if (count == 0)
    return op.error("E-ATTR", "it has no vocabulary for keys of type " + op.typeName(op.elementType(map.keys)) +
                                  "; expected string_vocabulary for strings and int64_vocabulary for integers");
  Value words = c.unsqueeze(isText ? op.texts(strings) : op.i64(numbers), {1});
  // Where no key is the word, all are 0, and the first is the one in front.
  Type i32 = op.builder.getI32Type();
  Value isKey = c.cast(c.make<EqualOp>(words, map.keys), i32);
  isKey = isKey ? op.create<ConcatOp>(SmallVector<Value>{op.splat(i32, {count, 1}, 0), isKey}, int64_t(1)) : isKey;
  Value none = isa<StringType>(op.elementType(map.values)) ? op.text("") : c.like(map.values, 0);
  none = c.unsqueeze(none, {0});
  Value values = none ? op.create<ConcatOp>(SmallVector<Value>{none, map.values}, int64_t(0)) : none;
  Value position = c.make<ArgMaxOp>(isKey, int64_t(1), /*keepDims=*/false, /*last=*/false);
  return op.result(c.unsqueeze(c.make<GatherOp>(values, position, int64_t(0)), {0}));
}

/// A map's values as one row: in the order of their keys, or each in the column that its key names.
LogicalResult castMap(OpBinder &op) {
  Compose c{op};
  MapValue map = *op.binding(0).map;
  Builder &b = op.builder;
  StringRef to = op.stringAttr("cast_to", "TO_FLOAT"), form = op.stringAttr("map_form", "DENSE");
  Type type = to == "TO_FLOAT"    ? Type(b.getF32Type())
              : to == "TO_INT64"  ? Type(b.getI64Type())
              : to == "TO_STRING" ? Type(StringType::get(b.getContext()))
                                  : Type();
  if (!type)
    return op.error("E-ATTR", "cast_to is '" + to + "'; expected TO_FLOAT, TO_INT64 or TO_STRING");
  if (form != "DENSE" && form != "SPARSE")
    return op.error("E-ATTR", "map_form is '" + form + "'; expected DENSE or SPARSE");
  Value values = c.convert(map.values, type);
  if (form == "DENSE") {
    auto sorted = op.createWithResults<UniqueOp>(4, map.keys, int64_t(0), /*sorted=*/true);
    return sorted ? op.result(c.unsqueeze(c.make<GatherOp>(values, sorted.getIndices(), int64_t(0)), {0})) : failure();
  }
  int64_t columns = op.intAttr("max_map", 1);
  if (columns < 1)
    return op.error("E-ATTR", "max_map is " + Twine(columns) + "; expected 1 or more");
  Value least = c.reduce(map.keys, {0}, "min", /*keepDims=*/false);
  Value keys = c.require(map.keys, c.make<LessOp>(op.i64Scalar(-1), least), "a key is negative; expected 0 or more");
  Value isColumn = c.make<LessOp>(keys, op.i64Scalar(columns));
  bool areTexts = isa<StringType>(type) && isa<StringType>(op.elementType(map.values));
  Value none = areTexts ? op.text("") : c.convert(op.scalar(b.getF32Type(), 0), type);
  Value row = c.make<ExpandOp>(none, op.i64({columns}));
  row = c.make<ScatterElementsOp>(row, c.make<CompressOp>(keys, isColumn, int64_t(0)),
                                  c.make<CompressOp>(values, isColumn, int64_t(0)), int64_t(0), StringRef("none"));
  return op.result(c.unsqueeze(row, {0}));
}

/// Probabilities by label become a tensor whose columns are in the order of the labels.
LogicalResult zipMap(OpBinder &op) {
  op.warning("E-TYPE", "its output '" + op.node.outputs[0] +
                           "', a sequence of maps, is given as the tensor [rows, labels] that it is made of");
  return op.result(op.input(0));
}

} // namespace

namespace cameo::onnx {
void registerTabularHandlers(HandlerTable &table) {
  table.onMl("ArrayFeatureExtractor", 1, arrayFeatureExtractor);
  table.onMl("Binarizer", 1, binarizer);
  table.onMl("Scaler", 1, scaler);
  table.onMl("LinearRegressor", 1, linearRegressor);
  table.onMl("LinearClassifier", 1, linearClassifier);
  table.onMl("Normalizer", 1, normalizer);
  table.onMl("Imputer", 1, imputer);
  table.onMl("OneHotEncoder", 1, oneHotEncoder);
  table.onMl("FeatureVectorizer", 1, featureVectorizer);
  table.onMl("LabelEncoder", 2, labelEncoder);
  table.onMl("CategoryMapper", 1, categoryMapper);
  table.onMl("DictVectorizer", 1, dictVectorizer);
  table.onMl("CastMap", 1, castMap);
  table.onMl("ZipMap", 1, zipMap);
}
} // namespace cameo::onnx
