// String.cpp - shapes and loops of the ops on texts: each element is one call of the runtime's services for texts.
#include "IndexHelpers.h"

using namespace mlir;
using namespace cameo;

#define GET_OP_CLASSES
#include "cameo/Dialect/Cameo/StringOps.cpp.inc"

namespace cameo {
void registerStringOps(CameoDialect &dialect) {
  dialect.addFamily<
#define GET_OP_LIST
#include "cameo/Dialect/Cameo/StringOps.cpp.inc"
      >();
}
} // namespace cameo

/// A loop over all elements of `result`, on one thread.
static void forEachElement(KernelEmitter &k, OpBuilder &b, Location loc, const KernelTensor &result,
                           llvm::function_ref<Value(OpBuilder &, ValueRange indices)> element) {
  loopNest(b, loc, sizesOf(k, result.dims),
           [&](OpBuilder &b, Location loc, ValueRange indices) { result.store(b, loc, element(b, indices), indices); });
}

static Value i64(OpBuilder &b, Location loc, int64_t value) { return constantInt(b, loc, b.getI64Type(), value); }

// ---- string_concat

LogicalResult StringConcatOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  return inferPointwise(getOperation(), shapes.get(getX()).elementType, shapes, results);
}

LogicalResult StringConcatOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                        ArrayRef<KernelTensor> results) {
  Location loc = getLoc();
  forEachElement(k, b, loc, results[0], [&](OpBuilder &b, ValueRange indices) {
    SmallVector<Value> texts = llvm::map_to_vector(operands, [&](const KernelTensor &t) {
      return t.load(b, loc, broadcastIndices(b, loc, k, t, results[0].dims, indices));
    });
    return k.callService(b, loc, Service::TextConcat, texts);
  });
  return success();
}

// ---- string_case

LogicalResult StringCaseOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  results.push_back({shapes.get(getX()).elementType, shapes.get(getX()).dims, std::nullopt});
  return success();
}

LogicalResult StringCaseOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                      ArrayRef<KernelTensor> results) {
  Location loc = getLoc();
  forEachElement(k, b, loc, results[0], [&](OpBuilder &b, ValueRange indices) {
    Value text = operands[0].load(b, loc, indices);
    return k.callService(b, loc, Service::TextCase, {text, i64(b, loc, getUpper())});
  });
  return success();
}

// ---- string_pieces and string_split

/// Splits the text at `indices`; the number of pieces.
template <typename OpT>
static Value split(OpT op, KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands, ValueRange indices) {
  Location loc = op.getLoc();
  Value text = operands[0].load(b, loc, indices), delimiter = loadScalar(b, loc, operands[1]);
  return k.callService(b, loc, Service::TextSplit, {text, delimiter, i64(b, loc, int64_t(op.getMostSplits()))});
}

LogicalResult StringPiecesOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  if (failed(verifyOneElement(getOperation(), shapes, getDelimiter(), "delimiter")))
    return failure(); // C1
  results.push_back({IntegerType::get(getContext(), 64), shapes.get(getX()).dims, std::nullopt});
  return success();
}

LogicalResult StringPiecesOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                        ArrayRef<KernelTensor> results) {
  forEachElement(k, b, getLoc(), results[0],
                 [&](OpBuilder &b, ValueRange indices) { return split(*this, k, b, operands, indices); });
  return success();
}

/// Stores the pieces of the text that was split last in the row of `result` at `indices`.
static void storePieces(KernelEmitter &k, OpBuilder &b, Location loc, const KernelTensor &result, ValueRange indices) {
  loopNest(b, loc, k.size(result.dims.back()), [&](OpBuilder &b, Location loc, ValueRange piece) {
    SmallVector<Value> place(indices);
    place.push_back(piece[0]);
    result.store(b, loc, k.callService(b, loc, Service::TextPiece, indexToI64(b, loc, piece[0])), place);
  });
}

/// The result of an op that gives the first `count` pieces of each text.
static LogicalResult inferPieces(Operation *op, Value x, Value count, ShapeAnalysis &shapes,
                                 SmallVectorImpl<ShapeInfo> &results) {
  if (failed(verifyOneElement(op, shapes, count, "count")))
    return failure();
  auto most = shapes.elements(count);
  if (!most)
    return op->emitOpError("count is not a tensor of one element");
  ShapeInfo info{shapes.get(x).elementType, shapes.get(x).dims, std::nullopt};
  info.dims.push_back(shapes.dims().max(most->front(), shapes.dims().constant(0)));
  results.push_back(std::move(info));
  return success();
}

LogicalResult StringSplitOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  if (failed(verifyOneElement(getOperation(), shapes, getDelimiter(), "delimiter")))
    return failure();                                                      // C1
  return inferPieces(getOperation(), getX(), getCount(), shapes, results); // C1
}

LogicalResult StringSplitOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                       ArrayRef<KernelTensor> results) {
  loopNest(b, getLoc(), sizesOf(k, operands[0].dims), [&](OpBuilder &b, Location loc, ValueRange indices) {
    split(*this, k, b, operands, indices);
    storePieces(k, b, loc, results[0], indices);
  });
  return success();
}

// ---- string_match

LogicalResult StringMatchOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  const ShapeInfo &automaton = shapes.get(getAutomaton());
  if (automaton.rank() != 2 || !automaton.dims[1].isConstant(257) || automaton.dims[0].isConstant(0))
    return emitOpError("automaton has shape ")
           << formatShape(automaton.dims) << "; expected [states, 257], states >= 1"; // C1
  results.push_back({IntegerType::get(getContext(), 1), shapes.get(getX()).dims, std::nullopt});
  return success();
}

LogicalResult StringMatchOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                       ArrayRef<KernelTensor> results) {
  Location loc = getLoc();
  if (!operands[1].buffer)
    return emitOpError("internal error: the automaton is not in memory");
  forEachElement(k, b, loc, results[0], [&](OpBuilder &b, ValueRange indices) -> Value {
    Value text = operands[0].load(b, loc, indices);
    Value matches = k.callService(b, loc, Service::TextMatch, {text, operands[1].buffer});
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, matches, i64(b, loc, 0));
  });
  return success();
}

// ---- string_token_count and string_tokens

template <typename OpT> static LogicalResult verifyTokens(OpT op, ShapeAnalysis &shapes) {
  if (op.getAutomata().empty())
    return op.emitOpError("there is no automaton; expected 1 or more"); // C1
  for (Value automaton : op.getAutomata()) {
    ArrayRef<Dim> dims = shapes.dimsOf(automaton);
    if (dims.size() != 2 || !dims[1].isConstant(257) || dims[0].constant().value_or(3) < 3)
      return op.emitOpError("automaton has shape ")
             << formatShape(dims) << "; expected [states, 257], states >= 3"; // C1
  }
  if (int64_t(op.getLeast()) < 1)
    return op.emitOpError("least is ") << int64_t(op.getLeast()) << "; expected 1 or more"; // C2
  return success();
}

/// Finds the tokens of the text at `indices`; how many.
template <typename OpT>
static Value findTokens(OpT op, KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands, ValueRange indices) {
  Location loc = op.getLoc();
  Value text = operands[0].load(b, loc, indices), pieces = i64(b, loc, -1), count;
  for (const KernelTensor &automaton : operands.take_back(op.getAutomata().size()))
    count = k.callService(
        b, loc, Service::TextTokens,
        {count ? pieces : text, automaton.buffer, i64(b, loc, op.getLeast()), i64(b, loc, op.getBetween())});
  return count;
}

template <typename OpT> static LogicalResult checkInMemory(OpT op, ArrayRef<KernelTensor> operands) {
  if (llvm::all_of(operands.take_back(op.getAutomata().size()), [](const KernelTensor &t) { return bool(t.buffer); }))
    return success();
  return op.emitOpError("internal error: an automaton is not in memory");
}

LogicalResult StringTokenCountOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  results.push_back({IntegerType::get(getContext(), 64), shapes.get(getX()).dims, std::nullopt});
  return verifyTokens(*this, shapes);
}

LogicalResult StringTokenCountOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                            ArrayRef<KernelTensor> results) {
  if (failed(checkInMemory(*this, operands)))
    return failure();
  forEachElement(k, b, getLoc(), results[0],
                 [&](OpBuilder &b, ValueRange indices) { return findTokens(*this, k, b, operands, indices); });
  return success();
}

LogicalResult StringTokensOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  if (failed(verifyTokens(*this, shapes)))
    return failure();
  return inferPieces(getOperation(), getX(), getCount(), shapes, results); // C3
}

LogicalResult StringTokensOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                        ArrayRef<KernelTensor> results) {
  if (failed(checkInMemory(*this, operands)))
    return failure();
  loopNest(b, getLoc(), sizesOf(k, operands[0].dims), [&](OpBuilder &b, Location loc, ValueRange indices) {
    findTokens(*this, k, b, operands, indices);
    storePieces(k, b, loc, results[0], indices);
  });
  return success();
}

// ---- string_hash

LogicalResult StringHashOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  results.push_back({IntegerType::get(getContext(), 32, IntegerType::Unsigned), shapes.get(getX()).dims, std::nullopt});
  return success();
}

LogicalResult StringHashOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                      ArrayRef<KernelTensor> results) {
  Location loc = getLoc();
  forEachElement(k, b, loc, results[0], [&](OpBuilder &b, ValueRange indices) -> Value {
    Value text = operands[0].load(b, loc, indices);
    Value hash = k.callService(b, loc, Service::TextHash, {text, i64(b, loc, getSeed())});
    return arith::TruncIOp::create(b, loc, b.getI32Type(), hash);
  });
  return success();
}

// ---- string_parse and string_format

LogicalResult StringParseOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  if (!getTo().isF64() && !getTo().isSignlessInteger(64))
    return emitOpError("to is ") << getTo() << "; expected f64 or i64";
  results.push_back({getTo(), shapes.get(getX()).dims, std::nullopt});
  return success();
}

LogicalResult StringParseOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                       ArrayRef<KernelTensor> results) {
  Location loc = getLoc();
  bool isFloat = isa<FloatType>(getTo());
  forEachElement(k, b, loc, results[0], [&](OpBuilder &b, ValueRange indices) -> Value {
    Value text = operands[0].load(b, loc, indices);
    Value bits = k.callService(b, loc, Service::TextToNumber, {text, i64(b, loc, isFloat)});
    return isFloat ? Value(arith::BitcastOp::create(b, loc, b.getF64Type(), bits)) : bits;
  });
  return success();
}

LogicalResult StringFormatOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  results.push_back({StringType::get(getContext()), shapes.get(getX()).dims, std::nullopt});
  return success();
}

LogicalResult StringFormatOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                        ArrayRef<KernelTensor> results) {
  Location loc = getLoc();
  Type type = operands[0].elementType;
  int64_t digits = type.isF32() ? 24 : type.isF64() ? 53 : type.isUnsignedInteger() ? 65 : 64;
  forEachElement(k, b, loc, results[0], [&](OpBuilder &b, ValueRange indices) {
    Value number = operands[0].load(b, loc, indices);
    if (type.isF32())
      number = arith::ExtFOp::create(b, loc, b.getF64Type(), number);
    if (isa<FloatType>(type))
      number = arith::BitcastOp::create(b, loc, b.getI64Type(), number);
    return k.callService(b, loc, Service::TextFromNumber, {number, i64(b, loc, digits)});
  });
  return success();
}
