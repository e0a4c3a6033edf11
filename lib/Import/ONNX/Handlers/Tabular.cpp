// Tabular.cpp - the ai.onnx.ml ops that are short compositions of others.
#include "Axes.h"

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

/// A vector of one value per column, or one for all, as float.
FailureOr<Value> columnValues(OpBinder &op, StringRef name, float fallback) {
  auto values = op.floatsAttr(name);
  SmallVector<float> given = values ? *values : SmallVector<float>{fallback};
  auto columns = op.rank(op.input(0)) == 0 ? std::nullopt : op.shapes().dimsOf(op.input(0)).back().constant();
  if (given.size() != 1 && (!columns || int64_t(given.size()) != *columns))
    return op.error("E-ATTR", name + " has " + Twine(given.size()) +
                                  " values; expected one, or one per column of input '" + op.node.inputs[0] + "'");
  auto type = RankedTensorType::get({int64_t(given.size())}, op.builder.getF32Type());
  return Value(ConstantOp::create(op.builder, op.loc, type, DenseElementsAttr::get(type, ArrayRef<float>(given))));
}

/// (x - offset) * scale.
LogicalResult scaler(OpBinder &op) {
  auto offset = columnValues(op, "offset", 0), scale = columnValues(op, "scale", 1);
  if (failed(offset) || failed(scale))
    return failure();
  Value x = op.cast(op.input(0), op.builder.getF32Type());
  Value shifted = x ? op.create<SubOp>(x, *offset) : Value();
  return shifted ? op.result(op.create<MulOp>(shifted, *scale)) : failure();
}

} // namespace

namespace cameo::onnx {
void registerTabularHandlers(HandlerTable &table) {
  table.onMl("ArrayFeatureExtractor", 1, arrayFeatureExtractor);
  table.onMl("Binarizer", 1, binarizer);
  table.onMl("Scaler", 1, scaler);
}
} // namespace cameo::onnx
