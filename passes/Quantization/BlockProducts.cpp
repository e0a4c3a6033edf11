// BlockProducts.cpp - products with constant weights of 4 and 8 bits, as products that read them so.
#include "Patterns.h"
#include "cameo/Dialect/Cameo/BlockedParameter.h"
#include "cameo/Passes/Quantization/Layers.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace cameo;

namespace {

/// A constant scale or zero point of a matrix: one for all, one per output, or one per output and block.
struct Parameter {
  ElementsAttr values;
  bool isPerOutput = false;
  int64_t block = 0; ///< 0: not in blocks
  int64_t axis = -1; ///< of the matrix, along which blocks lie
};

/// The parameter of a matrix whose outputs lie along `outputAxis`; nothing where it is computed or varies in another
/// way.
std::optional<Parameter> constantParameter(ShapeAnalysis &shapes, Value v, int64_t outputAxis) {
  if (auto blocks = blockedParameter(v)) {
    ElementsAttr values = constantBehind(blocks->values);
    if (!values || cast<ShapedType>(values.getType()).getRank() != 2)
      return std::nullopt;
    return Parameter{values, true, blocks->block, blocks->axis};
  }
  ElementsAttr values = constantBehind(v);
  if (!values)
    return std::nullopt;
  bool isPerOutput = values.getNumElements() != 1;
  int64_t missing = 2 - int64_t(shapes.rank(v));
  for (auto [axis, size] : llvm::enumerate(shapes.dimsOf(v)))
    if (!size.isConstant(1) && int64_t(axis) + missing != outputAxis)
      return std::nullopt;
  return Parameter{values, isPerOutput};
}

/// A constant matrix of integers of 4 or 8 bits as unsigned numbers: signed ones are half their range more.
class Levels {
public:
  explicit Levels(ElementsAttr constant)
      : bytes(bytesOf(constant)), bits(constant.getElementType().getIntOrFloatBitWidth()),
        flip(constant.getElementType().isUnsignedInteger() ? 0 : 1 << (bits - 1)) {}
  uint8_t operator[](int64_t i) const { return (bits == 8 ? bytes[i] : (bytes[i / 2] >> (i % 2 * 4)) & 15) ^ flip; }

private:
  std::vector<uint8_t> bytes;
  unsigned bits;
  uint8_t flip;
};

/// Where more rows are multiplied, weights that are floats for all of them cost less (2048 x 2048, AVX-512: 512 rows by
/// a tenth).
constexpr int64_t kMostRows = 256;
/// What a block of a column is a multiple of, where that is one block.
constexpr int64_t kColumnMultiple = 64;

int64_t bitsOf(Value v) { return getElementTypeOrSelf(v).getIntOrFloatBitWidth(); }

/// matmul(x, dequantize(w, scale, zero point))  ->  matmul_nbits(x, w, scales per block, zero points per block)
struct BlockMatMul : GraphPattern<MatMulOp> {
  using GraphPattern::GraphPattern;
  LogicalResult matchAndRewrite(MatMulOp op, PatternRewriter &b) const override {
    bool outputsFirst = op.getTransposeRhs();
    auto behindTranspose = [&](Value v) {
      auto transpose = v.getDefiningOp<TransposeOp>();
      outputsFirst ^= transpose && transpose.getPermutation().front() == 1; // of two axes
      return transpose ? transpose.getX() : v;
    };
    if (shapes.rank(op.getRhs()) != 2)
      return failure();
    auto dequantize = behindTranspose(op.getRhs()).getDefiningOp<DequantizeOp>();
    if (!dequantize || (bitsOf(dequantize.getX()) != 4 && bitsOf(dequantize.getX()) != 8))
      return failure();
    auto leave = [&](const char *why) {
      return b.notifyMatchFailure(op, "weights of " + Twine(bitsOf(dequantize.getX())) +
                                          " bits are made floats in every run: " + why);
    };
    bool parametersFirst = outputsFirst;
    ElementsAttr weights = constantBehind(behindTranspose(dequantize.getX()));
    auto scale = constantParameter(shapes, dequantize.getScale(), parametersFirst ? 0 : 1),
         zero = constantParameter(shapes, dequantize.getZeroPoint(), parametersFirst ? 0 : 1);
    if (!weights || cast<ShapedType>(weights.getType()).getRank() != 2 || !isa<IntegerType>(weights.getElementType()))
      return failure();
    if (!scale || !zero)
      return leave("scales or zero points are computed, or vary along what is summed other than in blocks");
    for (const Parameter &p : {*scale, *zero})
      if (p.block && p.axis != int64_t(parametersFirst))
        return leave("scales and zero points do not lie in blocks of what is summed");
    if (scale->block && zero->block && scale->block != zero->block)
      return leave("scales and zero points lie in different blocks");
    int64_t terms = cast<ShapedType>(weights.getType()).getDimSize(outputsFirst);
    int64_t block = std::max(scale->block, zero->block);
    if (block == 0)
      block = llvm::alignTo(std::max<int64_t>(terms, 1), kColumnMultiple);
    if (block != 16 && block != 32 && block % kColumnMultiple != 0)
      return leave("a block is not 16, 32 or a multiple of 64 weights");
    if (op.getTransposeLhs() || getElementTypeOrSelf(op.getLhs()) != getElementTypeOrSelf(dequantize.getScale()))
      return leave("the other operand is transposed, or of another type than the scales");
    if (!shapes.dim(op.getLhs(), shapes.rank(op.getLhs()) - 1).isConstant(terms))
      return leave("only the run knows the size of what is summed");
    auto elements = shapes.numElements(op.getLhs()).constant();
    if (elements && *elements > kMostRows * terms)
      return leave("there are rows enough to pay for that");
    Matrix matrix{weights, *scale, *zero, block, outputsFirst, parametersFirst};
    return replace(b, op, product(b, op, matrix),
                   "reads weights of " + Twine(bitsOf(dequantize.getX())) + " bits as they are stored");
  }

private:
  struct Matrix {
    ElementsAttr weights;
    Parameter scale, zero;
    int64_t block;
    bool outputsFirst, parametersFirst; ///< of weights, and of parameters in blocks
  };

  Value product(PatternRewriter &b, MatMulOp op, const Matrix &m) const {
    Location loc = op.getLoc();
    auto shape = cast<ShapedType>(m.weights.getType()).getShape();
    int64_t outputs = shape[!m.outputsFirst], terms = shape[m.outputsFirst];
    int64_t blocks = llvm::divideCeil(terms, m.block), bits = storageBits(m.weights.getElementType());
    // Where element k of output n of a matrix with `terms` of them is in a constant that may hold terms first.
    auto at = [&](int64_t n, int64_t k, int64_t terms, bool outputsFirst) {
      return outputsFirst ? n * terms + k : k * outputs + n;
    };
    auto ofBlock = [&](const Parameter &p, int64_t n, int64_t block) {
      return p.block ? at(n, block, blocks, m.parametersFirst) : p.isPerOutput ? n : 0;
    };

    Levels levels(m.weights), zeros(m.zero.values);
    int64_t rowBytes = blocks * m.block * bits / 8, elementBytes = storageBits(m.scale.values.getElementType()) / 8;
    std::vector<uint8_t> packed(outputs * rowBytes), packedZeros(outputs * blocks);
    std::vector<uint8_t> given = bytesOf(m.scale.values);
    std::vector<char> scales(outputs * blocks * elementBytes);
    for (int64_t n = 0; n < outputs; ++n) {
      for (int64_t k = 0; k < terms; ++k) {
        int64_t bit = k * bits;
        packed[n * rowBytes + bit / 8] |= uint8_t(levels[at(n, k, terms, m.outputsFirst)] << bit % 8);
      }
      for (int64_t block = 0; block < blocks; ++block) {
        packedZeros[n * blocks + block] = zeros[ofBlock(m.zero, n, block)];
        std::memcpy(&scales[(n * blocks + block) * elementBytes], &given[ofBlock(m.scale, n, block) * elementBytes],
                    elementBytes);
      }
    }
    Type ui8 = b.getIntegerType(8, /*isSigned=*/false);
    auto scaleType = RankedTensorType::get({outputs, blocks}, m.scale.values.getElementType());
    return createOp<MatMulNBitsOp>(b, shapes, loc, op.getLhs(),
                                   constantOf<uint8_t>(b, loc, {outputs, rowBytes}, ui8, packed),
                                   constantOf(b, loc, scaleType, scales),
                                   constantOf<uint8_t>(b, loc, {outputs, blocks}, ui8, packedZeros), m.block,
                                   /*byteActivations=*/false);
  }
};

} // namespace

void cameo::populateBlockProductPatterns(RewritePatternSet &patterns, GraphRewriter &graph,
                                         llvm::StringLiteral counted) {
  patterns.add<BlockMatMul>(patterns.getContext(), graph, counted);
}
