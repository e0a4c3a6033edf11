// BlockQuantized.cpp - com.microsoft's weights of few bits with a scale per block: MatMulNBits, MatMulBnb4 and
// GatherBlockQuantized.
#include "Axes.h"
#include "Compose.h"
#include "cameo/Dialect/Cameo/BlockedParameter.h"
#include "cameo/Dialect/Cameo/ConstantBytes.h"
#include "cameo/Export/ONNX/NodeBuilder.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::onnx;

namespace {

/// The first `count` columns of a matrix; x itself where it has no more.
Value firstColumns(OpBinder &op, Value x, int64_t axis, Dim count) {
  if (!x || op.shapes().dim(x, axis) == count)
    return x;
  Value end = op.sizes({count});
  return end ? op.create<SliceOp>(x, op.i64({0}), end, op.i64({1}), ArrayRef<int64_t>{axis}) : Value();
}

/// Bytes as the numbers they hold; those of 8 bits are there already.
Value unpacked(OpBinder &op, Value x, int64_t bits) { return !x || bits == 8 ? x : op.create<UnpackOp>(x, bits); }

/// Of one axis of weights, and of a block: so that their product fits in 64 bits.
constexpr int64_t kMostElements = int64_t(1) << 30;

FailureOr<int64_t> bitsOf(OpBinder &op) {
  int64_t bits = op.intAttr("bits", 4);
  if (bits != 2 && bits != 4 && bits != 8)
    return op.unsupported("bits is " + Twine(bits) + "; supported are 2, 4 and 8");
  return bits;
}

/// (numbers - zero) * scale, where the zero point may be an integer like the numbers or a float like the scale. Shapes
/// broadcast.
Value dequantized(Compose &c, Value numbers, Value scale, Value zero, int64_t bits) {
  if (!numbers || !scale)
    return {};
  if (!zero)
    zero = c.like(numbers, int64_t(1) << (bits - 1));
  if (isa<FloatType>(c.op.elementType(zero)))
    return c.mul(c.sub(c.cast(numbers, c.op.elementType(scale)), c.cast(zero, c.op.elementType(scale))), scale);
  return c.make<DequantizeOp>(numbers, scale, zero);
}

/// What matMulNBits reads of a node.
struct BlockedWeights {
  int64_t rows, blocks, block, bits; // of 4 or 8
  Value numbers, scale, zero;        ///< bytes, [rows, blocks], and the same or null
};

/// The op of its own that products with weights of 4 and 8 bits have.
Value blockProduct(Compose &c, Value a, const BlockedWeights &w) {
  OpBinder &op = c.op;
  Type ui8 = op.builder.getIntegerType(8, /*isSigned=*/false);
  Value zero = w.zero;
  if (!zero)
    zero = op.splat(ui8, {w.rows, w.blocks}, int64_t(1) << (w.bits - 1));
  bool byteActivations = op.intAttr("accuracy_level", 0) == 4;
  return c.make<MatMulNBitsOp>(a, op.reshape(w.numbers, {w.rows, w.blocks * w.block * w.bits / 8}), w.scale, zero,
                               w.block, byteActivations);
}

/// y = a w^T + bias with w [N, K] in blocks along K: [N, blocks, bytes of a block].
LogicalResult matMulNBits(OpBinder &op) {
  Compose c{op};
  auto bits = bitsOf(op);
  if (failed(bits))
    return failure();
  int64_t columns = op.intAttr("K", 0), rows = op.intAttr("N", 0), block = op.intAttr("block_size", 0);
  if (columns < 1 || rows < 1 || block < 16 || (block & (block - 1)) ||
      std::max({columns, rows, block}) > kMostElements)
    return op.error("E-ATTR", "K is " + Twine(columns) + ", N " + Twine(rows) + " and block_size " + Twine(block) +
                                  "; expected 1 to " + Twine(kMostElements) +
                                  ", and for block_size a power of two of at least 16");
  int64_t blocks = (columns + block - 1) / block;
  Value a = op.input(0), bytes = op.input(1), scales = op.input(2);
  Type type = op.elementType(a), ui8 = op.builder.getIntegerType(8, /*isSigned=*/false);
  if (op.elementType(bytes) != ui8)
    return op.unsupported("input '" + op.node.inputs[1] + "' is not of type uint8");
  if (op.shapes().numElements(bytes) != op.dims().constant(rows * blocks * (block * *bits / 8)))
    return op.error("E-SHAPE", "input '" + op.node.inputs[1] + "' has shape " + formatShape(op.shapes().dimsOf(bytes)) +
                                   "; expected [" + Twine(rows) + ", " + Twine(blocks) + ", " +
                                   Twine(block * *bits / 8) + "]");
  Value scale = op.reshape(op.cast(scales, type), {rows, blocks}), zero;
  if (Value given = op.input(3)) {
    // Bytes hold zero points like numbers, each row beginning with a new byte.
    bool isPacked = op.elementType(given) == ui8;
    zero = isPacked ? unpacked(op, op.reshape(given, {rows, (blocks * *bits + 7) / 8}), *bits)
                    : op.reshape(given, {rows, blocks});
    zero = firstColumns(op, zero, 1, op.dims().constant(blocks));
    if (!zero)
      return failure();
  }
  auto withBias = [&](Value y) { return op.hasInput(5) ? c.add(y, op.cast(op.input(5), type)) : y; };
  if (*bits >= 4 && !op.hasInput(4) && (!zero || op.elementType(zero) == ui8))
    return op.result(withBias(blockProduct(c, a, {rows, blocks, block, *bits, bytes, scale, zero})));
  Value numbers = unpacked(op, op.reshape(bytes, {rows, blocks * (block * *bits / 8)}), *bits), weights;
  if (op.hasInput(4)) {
    // Each column names its group.
    Value group = op.input(4);
    auto ofColumn = [&](Value v) { return v ? c.make<GatherOp>(v, group, int64_t(1)) : v; };
    Value zeroOfColumn = ofColumn(zero);
    if (zero && !zeroOfColumn)
      return failure();
    weights =
        dequantized(c, firstColumns(op, numbers, 1, op.dims().constant(columns)), ofColumn(scale), zeroOfColumn, *bits);
  } else {
    Value blocked = numbers ? op.reshape(numbers, {rows, blocks, block}) : Value();
    weights = dequantized(c, blocked, c.unsqueeze(scale, 2), zero ? c.unsqueeze(zero, 2) : zero, *bits);
    weights = weights ? op.reshape(weights, {rows, blocks * block}) : Value();
    weights = firstColumns(op, weights, 1, op.dims().constant(columns));
  }
  return op.result(withBias(c.make<MatMulOp>(a, weights, false, /*transposeRhs=*/true, TypeAttr())));
}

/// y = a w^T with w [N, K] in blocks over all of its elements, row by row. An element is one of 16 numbers, two to a
/// byte with the first in the upper half, times what is largest in its block (bitsandbytes' FP4 and NF4; QLoRA,
/// arXiv:2305.14314, appendix E).
LogicalResult matMulBnb4(OpBinder &op) {
  static constexpr float kFp4[] = {0,     0.00520833f,  0.66666667f,  1,  0.33333333f,  0.5f,  0.16666667f,  0.25f,
                                   -0.0f, -0.00520833f, -0.66666667f, -1, -0.33333333f, -0.5f, -0.16666667f, -0.25f};
  static constexpr float kNf4[] = {-1,
                                   -0.6961928009986877f,
                                   -0.5250730514526367f,
                                   -0.39491748809814453f,
                                   -0.28444138169288635f,
                                   -0.18477343022823334f,
                                   -0.09105003625154495f,
                                   0,
                                   0.07958029955625534f,
                                   0.16093020141124725f,
                                   0.24611230194568634f,
                                   0.33791524171829224f,
                                   0.44070982933044434f,
                                   0.5626170039176941f,
                                   0.7229568362236023f,
                                   1};
  Compose c{op};
  int64_t columns = op.intAttr("K", 0), rows = op.intAttr("N", 0), block = op.intAttr("block_size", 0),
          kind = op.intAttr("quant_type", -1);
  int64_t count;
  if (columns < 1 || rows < 1 || block < 16 || (block & (block - 1)) || (kind != 0 && kind != 1) ||
      llvm::MulOverflow(rows, columns, count))
    return op.error("E-ATTR", "K is " + Twine(columns) + ", N " + Twine(rows) + ", block_size " + Twine(block) +
                                  " and quant_type " + Twine(kind) +
                                  "; expected 1 or more, a power of two of at least 16, and 0 (FP4) or 1 (NF4)");
  if (op.intAttr("transB", 1) != 1)
    return op.unsupported("transB is 0; supported is 1");
  Value a = op.input(0), bytes = op.input(1), largest = op.input(2);
  Type type = op.elementType(a), ui8 = op.builder.getIntegerType(8, /*isSigned=*/false);
  int64_t blocks = count / block + (count % block != 0), pairCount = count / 2 + count % 2;
  if (op.elementType(bytes) != ui8 || op.shapes().numElements(bytes) != op.dims().constant(pairCount) ||
      op.shapes().numElements(largest) != op.dims().constant(blocks))
    return op.error("E-SHAPE", "inputs 'B' and 'absmax' have shapes " + formatShape(op.shapes().dimsOf(bytes)) +
                                   " and " + formatShape(op.shapes().dimsOf(largest)) + "; expected " +
                                   Twine(pairCount) + " bytes and " + Twine(blocks) + " numbers");
  auto tableType = RankedTensorType::get({16}, op.builder.getF32Type());
  Value table = op.create<ConstantOp>(DenseElementsAttr::get(tableType, ArrayRef<float>(kind ? kNf4 : kFp4)));
  Value pairs = op.reshape(bytes, {pairCount, 1});
  Value upper = c.make<ShiftRightOp>(pairs, c.like(pairs, 4)), lower = c.make<AndOp>(pairs, c.like(pairs, 15));
  if (!upper || !lower)
    return failure();
  Value codes = op.reshape(op.create<ConcatOp>(SmallVector<Value>{upper, lower}, int64_t(1)), {pairCount * 2});
  Value numbers = c.make<GatherOp>(table, c.cast(codes, op.builder.getI32Type()), int64_t(0));
  // The last block may be shorter.
  Value places = c.make<RangeOp>(op.i64({0}), op.i64({1}), op.i64({count}));
  Value scale =
      c.make<GatherOp>(op.reshape(largest, {blocks}), c.make<DivOp>(places, c.like(places, double(block))), int64_t(0));
  Value weights = c.mul(c.cast(firstColumns(op, numbers, 0, op.dims().constant(count)), type), c.cast(scale, type));
  return op.result(c.make<MatMulOp>(a, weights ? op.reshape(weights, {rows, columns}) : weights, false,
                                    /*transposeRhs=*/true, TypeAttr()));
}

/// Slices of a quantized table: gathered as they are stored, then dequantized. Bytes hold `bits` bits a number, packed
/// along the last axis, and mean 2^(bits - 1) where no zero point is given; types of 4 bits mean 0.
LogicalResult gatherBlockQuantized(OpBinder &op) {
  Compose c{op};
  Value data = op.input(0), indices = op.input(1), zero;
  auto integer = dyn_cast<IntegerType>(op.elementType(data));
  bool isPacked = integer && integer.isUnsigned() && integer.getWidth() == 8;
  auto bits = isPacked ? bitsOf(op) : FailureOr<int64_t>(4);
  if (failed(bits))
    return failure();
  if (!isPacked && !(integer && integer.getWidth() == 4))
    return op.unsupported("input '" + op.node.inputs[0] + "' is of type " + op.typeName(op.elementType(data)) +
                          "; supported are uint8, int4 and uint4");
  int64_t rank = op.rank(data), block = op.intAttr("block_size", 128);
  auto gatherAxis = normalAxis(op, "gather_axis", op.intAttr("gather_axis", 0), rank),
       quantizeAxis = normalAxis(op, "quantize_axis", op.intAttr("quantize_axis", 1), rank);
  if (failed(gatherAxis) || failed(quantizeAxis))
    return failure();
  if (*gatherAxis == *quantizeAxis || (isPacked && *gatherAxis != 0) || block < 1 || block > kMostElements)
    return op.unsupported("gather_axis is " + Twine(*gatherAxis) + ", quantize_axis " + Twine(*quantizeAxis) +
                          " and block_size " + Twine(block) +
                          "; supported are two different axes, of uint8 the first one to gather from, and 1 to " +
                          Twine(kMostElements));
  auto gathered = [&](Value v) { return v ? c.make<GatherOp>(v, indices, *gatherAxis) : v; };
  Value numbers = gathered(data), scale = gathered(op.input(2));
  if (isPacked)
    numbers = unpacked(op, numbers, *bits);
  if (!numbers || !scale)
    return failure();
  if (op.hasInput(3)) {
    zero = gathered(op.input(3));
    if (isPacked)
      zero = firstColumns(op, unpacked(op, zero, *bits), op.rank(numbers) - 1, op.shapes().dimsOf(scale).back());
    if (!zero)
      return failure();
  } else if (!isPacked) {
    zero = c.like(numbers, 0);
  }
  constexpr int64_t kMostSpread = 1 << 20;
  int64_t axis = *quantizeAxis + (*quantizeAxis > *gatherAxis ? op.rank(indices) - 1 : 0);
  SmallVector<Dim> sizes(op.shapes().dimsOf(numbers)), split(sizes);
  Dim blocks = op.shapes().dim(scale, axis);
  bool isSpread = zero && op.rank(zero);
  if (op.dims().mul(blocks, block) == sizes[axis]) {
    split[axis] = blocks;
    split.insert(split.begin() + axis + 1, op.dims().constant(block));
    numbers = op.reshape(numbers, split);
    scale = c.unsqueeze(scale, {axis + 1});
    zero = isSpread ? c.unsqueeze(zero, {axis + 1}) : zero;
  } else if (auto width = sizes[axis].constant(); width && *width <= kMostSpread) {
    Value blockOf = op.i64(llvm::map_to_vector(llvm::seq<int64_t>(*width), [&](int64_t i) { return i / block; }));
    scale = c.make<GatherOp>(scale, blockOf, axis);
    zero = isSpread ? c.make<GatherOp>(zero, blockOf, axis) : zero;
  } else {
    return op.unsupported("input '" + op.node.inputs[0] + "' has shape " + formatShape(op.shapes().dimsOf(data)) +
                          "; supported along axis " + Twine(*quantizeAxis) + " are whole blocks, or up to " +
                          Twine(kMostSpread) + " elements");
  }
  Value y = dequantized(c, numbers, scale, zero, *bits);
  return op.result(y ? op.reshape(y, sizes) : Value());
}

// ---- as ONNX

/// The zero points of a row in bytes, as MatMulNBits wants them; nothing where all are the default, the middle number.
FailureOr<Edge> packedZeros(MatMulNBitsOp op, NodeBuilder &b) {
  Value zero = op.getZero();
  auto expand = zero.getDefiningOp<ExpandOp>();
  const double middle = 1 << (bitsOfWeights(op) - 1);
  if (expand && inlineScalar(expand.getX()) == middle)
    return Edge();
  if (auto slice = zero.getDefiningOp<SliceOp>())
    zero = slice.getX();
  if (auto unpack = zero.getDefiningOp<UnpackOp>())
    return b(unpack.getX());
  if (bitsOfWeights(op) == 8)
    return b(zero);
  ElementsAttr constant = constantBehind(op.getZero());
  if (!constant)
    return b.refuse("its zero points are computed while it runs");
  std::vector<uint8_t> numbers = bytesOf(constant);
  if (llvm::all_of(numbers, [&](uint8_t n) { return n == middle; }))
    return Edge();
  auto type = cast<RankedTensorType>(op.getZero().getType());
  int64_t rows = type.getDimSize(0), blocks = type.getDimSize(1), width = (blocks + 1) / 2;
  std::vector<uint8_t> packed(rows * width);
  for (int64_t i = 0; i < rows * blocks; ++i)
    packed[i / blocks * width + i % blocks / 2] |= numbers[i] << (i % blocks % 2 * 4);
  return b.constant(
      DenseElementsAttr::get(RankedTensorType::get({rows, width}, type.getElementType()), ArrayRef(packed)));
}

LogicalResult exportMatMulNBits(MatMulNBitsOp op, NodeBuilder &b) {
  auto zeros = packedZeros(op, b);
  auto columns = cast<RankedTensorType>(op.getX().getType()).getShape().back();
  auto scales = cast<RankedTensorType>(op.getScale().getType());
  if (failed(zeros) || ShapedType::isDynamic(columns))
    return failed(zeros) ? failure() : b.refuse("the last size of its operand is not known");
  int64_t rows = scales.getDimSize(0), blocks = scales.getDimSize(1), block = op.getBlock(), bits = bitsOfWeights(op);
  if (!llvm::isPowerOf2_64(block))
    return b.refuse("its blocks are of " + Twine(block) + " weights, which is no power of two");
  return b.result(b.node("com.microsoft.MatMulNBits",
                         {b(op.getX()), b.reshape(b(op.getWeights()), {rows, blocks, block * bits / 8}),
                          b.reshape(b(op.getScale()), {-1}), *zeros},
                         {{"K", columns},
                          {"N", rows},
                          {"bits", bits},
                          {"block_size", block},
                          {"accuracy_level", op.getByteActivations() ? 4 : 0}}));
}

LogicalResult exportUnpack(UnpackOp op, NodeBuilder &b) {
  Type ui8 = b.elementType(op.getX());
  SmallVector<uint8_t> shifts;
  for (unsigned shift = 0; shift < 8; shift += op.getBits())
    shifts.push_back(shift);
  Edge shift =
      b.constant(DenseElementsAttr::get(RankedTensorType::get({int64_t(shifts.size())}, ui8), ArrayRef(shifts)));
  int64_t rank = b.rank(op.getX());
  Edge numbers = b.node("BitShift", {b.unsqueeze(b(op.getX()), {rank}), shift}, {{"direction", "RIGHT"}});
  SmallVector<int64_t> shape(rank, 0);
  shape.back() = -1;
  return b.result(b.reshape(b.node("BitwiseAnd", {numbers, b.number(ui8, (1 << op.getBits()) - 1)}), shape));
}

} // namespace

namespace cameo::onnx {
void registerBlockQuantizedHandlers(HandlerTable &table) {
  table.onMicrosoft("MatMulNBits", "A B scales zero_points? g_idx? bias?", matMulNBits);
  table.onMicrosoft("MatMulBnb4", "A B absmax", matMulBnb4);
  table.onMicrosoft("GatherBlockQuantized", "data indices scales zero_points?", gatherBlockQuantized);

  table.exports<MatMulNBitsOp>(exportMatMulNBits);
  table.exports<UnpackOp>(exportUnpack);
}
} // namespace cameo::onnx
