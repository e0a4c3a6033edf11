// BlockProducts.cpp - products with constant weights of 4 bits in blocks, as products that read them so.
#include "Patterns.h"
#include "cameo/Dialect/Cameo/BlockedParameter.h"
#include "cameo/Passes/Quantization/Layers.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace cameo;

namespace {

/// A constant parameter of a matrix in blocks.
struct ConstantBlocks {
  ElementsAttr values;
  int64_t axis, block;
};

std::optional<ConstantBlocks> constantBlocks(Value v) {
  auto blocks = blockedParameter(v);
  ElementsAttr values = blocks ? constantBehind(blocks->values) : ElementsAttr();
  if (!values || cast<ShapedType>(values.getType()).getRank() != 2)
    return std::nullopt;
  return ConstantBlocks{values, blocks->axis, blocks->block};
}

/// A constant matrix of 4-bit integers as numbers from 0 to 15: signed ones are 8 more.
class Levels {
public:
  explicit Levels(ElementsAttr constant)
      : bytes(bytesOf(constant)), flip(constant.getElementType().isUnsignedInteger() ? 0 : 8) {}
  uint8_t operator[](int64_t i) const { return ((bytes[i / 2] >> (i % 2 * 4)) & 15) ^ flip; }

private:
  std::vector<uint8_t> bytes;
  uint8_t flip;
};

/// Where more rows are multiplied, weights that are floats for all of them cost less (2048 x 2048, AVX-512: 512 rows by
/// a tenth).
constexpr int64_t kMostRows = 256;

bool isOf4Bits(Value v) { return getElementTypeOrSelf(v).isInteger(4); }

/// matmul(x, dequantize(w, scale per block, zero point per block))  ->  matmul_nbits(x, w, scale, zero point)
struct BlockMatMul : GraphPattern<MatMulOp> {
  using GraphPattern::GraphPattern;
  LogicalResult matchAndRewrite(MatMulOp op, PatternRewriter &b) const override {
    Value rhs = op.getRhs();
    auto transpose = rhs.getDefiningOp<TransposeOp>();
    auto dequantize = (transpose ? transpose.getX() : rhs).getDefiningOp<DequantizeOp>();
    if (!dequantize || !isOf4Bits(dequantize.getX()) || shapes.rank(dequantize) != 2)
      return failure();
    auto leave = [&](const char *why) {
      return b.notifyMatchFailure(op, Twine("weights of 4 bits are made floats in every run: ") + why);
    };
    ElementsAttr weights = constantBehind(dequantize.getX());
    auto scale = constantBlocks(dequantize.getScale()), zero = constantBlocks(dequantize.getZeroPoint());
    ElementsAttr oneZero = constantBehind(dequantize.getZeroPoint());
    bool outputsFirst = op.getTransposeRhs() != bool(transpose);
    if (!weights || !scale || (!zero && (!oneZero || oneZero.getNumElements() != 1)))
      return leave("scales or zero points are computed, or not in blocks");
    if (scale->axis != int64_t(outputsFirst) || (zero && (zero->axis != scale->axis || zero->block != scale->block)))
      return leave("scales and zero points do not lie in blocks of what is summed");
    if (scale->block < 16 || !llvm::isPowerOf2_64(scale->block))
      return leave("a block is not 16, 32, 64, ... weights");
    if (op.getTransposeLhs() || getElementTypeOrSelf(op.getLhs()) != getElementTypeOrSelf(dequantize.getScale()))
      return leave("the other operand is transposed, or of another type than the scales");
    int64_t terms = cast<ShapedType>(weights.getType()).getDimSize(outputsFirst);
    if (!shapes.dim(op.getLhs(), shapes.rank(op.getLhs()) - 1).isConstant(terms))
      return leave("only the run knows the size of what is summed");
    auto elements = shapes.numElements(op.getLhs()).constant();
    if (elements && *elements > kMostRows * terms)
      return leave("there are rows enough to pay for that");
    return replace(b, op, product(b, op, weights, *scale, zero ? zero->values : oneZero, outputsFirst),
                   "reads weights of 4 bits in blocks as they are stored");
  }

private:
  Value product(PatternRewriter &b, MatMulOp op, ElementsAttr weights, const ConstantBlocks &scale, ElementsAttr zero,
                bool outputsFirst) const {
    Location loc = op.getLoc();
    auto shape = cast<ShapedType>(weights.getType()).getShape();
    int64_t outputs = shape[!outputsFirst], terms = shape[outputsFirst];
    int64_t blocks = cast<ShapedType>(scale.values.getType()).getDimSize(scale.axis);
    // Where element k of output n of a matrix with `terms` of them is in a constant that may hold terms first.
    auto at = [&](int64_t n, int64_t k, int64_t terms) { return outputsFirst ? n * terms + k : k * outputs + n; };

    Levels levels(weights), zeros(zero);
    int64_t rowBytes = blocks * scale.block / 2, elementBytes = storageBits(scale.values.getElementType()) / 8;
    std::vector<uint8_t> packed(outputs * rowBytes), packedZeros(outputs * blocks);
    std::vector<uint8_t> given = bytesOf(scale.values);
    std::vector<char> scales(given.size());
    for (int64_t n = 0; n < outputs; ++n) {
      for (int64_t k = 0; k < terms; ++k)
        packed[n * rowBytes + k / 2] |= uint8_t(levels[at(n, k, terms)] << (k % 2 * 4));
      for (int64_t block = 0; block < blocks; ++block) {
        packedZeros[n * blocks + block] = zeros[zero.getNumElements() == 1 ? 0 : at(n, block, blocks)];
        std::memcpy(&scales[(n * blocks + block) * elementBytes], &given[at(n, block, blocks) * elementBytes],
                    elementBytes);
      }
    }
    Type ui8 = b.getIntegerType(8, /*isSigned=*/false);
    auto scaleType = RankedTensorType::get({outputs, blocks}, scale.values.getElementType());
    return createOp<MatMulNBitsOp>(b, shapes, loc, op.getLhs(),
                                   constantOf<uint8_t>(b, loc, {outputs, rowBytes}, ui8, packed),
                                   constantOf(b, loc, scaleType, scales),
                                   constantOf<uint8_t>(b, loc, {outputs, blocks}, ui8, packedZeros), scale.block,
                                   /*byteActivations=*/false);
  }
};

} // namespace

void cameo::populateBlockProductPatterns(RewritePatternSet &patterns, GraphRewriter &graph,
                                         llvm::StringLiteral counted) {
  patterns.add<BlockMatMul>(patterns.getContext(), graph, counted);
}
