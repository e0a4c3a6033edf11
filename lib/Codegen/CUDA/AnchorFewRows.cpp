// AnchorFewRows.cpp - cameo.matmul of few rows and cameo.matmul_nbits, which past registers reads its weights once.
#include "FewRows.h"
#include "GpuAnchors.h"
#include "cameo/Codegen/Product.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::codegen;

static bool isFloat(Type type) { return type.isF32() || type.isF16() || type.isBF16(); }

/// Moves a pointer to a matrix of `elements` elements by `number` (index; null: 0) matrices.
static Value matrixAt(const GpuAnchor &a, const Tensor &t, Value number, int64_t elements) {
  ThreadBuilder u(a.b, a.loc());
  if (!number)
    return a.pointer(t);
  Value bytes = u.mul(number, elements * t.elementType.getIntOrFloatBitWidth() / 8);
  return u.offset(a.pointer(t), a.b.createOrFold<arith::IndexCastOp>(a.loc(), a.b.getI64Type(), bytes));
}

std::optional<LogicalResult> cameo::codegen::emitFewRowsMatMul(const GpuAnchor &a, bool transposeLhs,
                                                               bool transposeRhs) {
  const Tensor &lhs = a.operands[0], &rhs = a.operands[1];
  if (!lhs.memref || !rhs.memref || lhs.elementType != rhs.elementType || !isFloat(lhs.elementType))
    return std::nullopt;
  Product p = describeProduct(a.dims(), lhs.dims, rhs.dims, a.results[0].dims, transposeLhs, transposeRhs);
  auto m = p.m.constant(), n = p.n.constant(), k = p.k.constant();
  if (!m || !k || p.k != p.rhsK || *m < 1 || *m > kMostFewRows || *k < 1 || (transposeLhs && *m > 1))
    return std::nullopt;
  int64_t bytes = lhs.elementType.getIntOrFloatBitWidth() / 8, chunk = 16 / bytes;
  bool isInPlace = transposeRhs && *k % chunk == 0, isAcross = !transposeRhs && n && *n % chunk == 0;
  bool isPacked = !isInPlace && n && isSharedMatrix(rhs.dims) && a.k.constantOperand(a.op->getOperand(1));
  if (!isInPlace && !isPacked && !isAcross)
    return std::nullopt;
  FewRows f;
  f.element = lhs.elementType;
  f.k = *k;
  f.linesAlongK = isInPlace || isPacked;
  f.pitch = f.linesAlongK ? llvm::alignTo(*k, chunk) : *n;
  f.tile = chooseFewRowsTile(a.chip, f, m, n);
  auto place =
      a.divideIntoBlocks(p.batch, p.m, p.n, f.tile.rows, f.tile.columns(), f.tile.threads(), f.tile.sharedBytes());
  f.firstRow = place.firstRow;
  f.firstColumn = place.firstColumn;
  f.x = matrixAt(a, lhs, matrixOfBatch(a.k, p, a.b, a.loc(), lhs, place.batch), *m * *k);
  if (!isPacked) {
    Value number = matrixOfBatch(a.k, p, a.b, a.loc(), rhs, place.batch);
    Value elements = number ? a.b.createOrFold<arith::MulIOp>(a.loc(), number, a.k.size(p.n)) : Value();
    f.w = matrixAt(a, rhs, elements, *k);
  } else {
    f.w = a.k.packedWeight(a.op->getOperand(1),
                           packedLines(*n, transposeRhs ? *k : 1, *k, transposeRhs ? 1 : *n, f.pitch, bytes));
  }
  f.result = a.resultOf(p.m, p.n, a.b.createOrFold<arith::MulIOp>(a.loc(), place.batch, a.k.size(p.m)));
  emitFewRows(a.b, a.loc(), f);
  return success();
}

/// Numbers of 4 bits as cameo.matmul_nbits has them.
static WeightForm packedNibbles(int64_t lines, int64_t k, int64_t block) {
  WeightForm form;
  form.key = llvm::formatv("few rows of nibbles block={0} lines={1} k={2}", block, lines, k);
  form.bytes = lines * nibbleLineBytes(block, k);
  form.make = [=](ElementsAttr value, WriteBytes write) {
    std::vector<uint8_t> bytes = bytesOf(value), numbers(static_cast<size_t>(k));
    int64_t lineBytes = int64_t(llvm::alignTo(k, block)) / 2;
    for (int64_t i = 0; i < lines; ++i) {
      for (int64_t j = 0; j < k; ++j)
        numbers[size_t(j)] = bytes[size_t(i * lineBytes + j / 2)] >> j % 2 * 4 & 15;
      packNibbles(numbers, block, write);
    }
  };
  return form;
}

std::optional<LogicalResult> cameo::codegen::emitGpuMatMulNBits(const GpuAnchor &a) {
  auto op = cast<MatMulNBitsOp>(a.op);
  const Tensor &x = a.operands[0], &scale = a.operands[2], &zero = a.operands[3];
  auto k = x.dims.back().constant(), n = a.results[0].dims.back().constant();
  ElementsAttr zeros = constantInKernel(op, op.getZero());
  if (!x.memref || !isFloat(x.elementType) || !scale.memref || !isFloat(scale.elementType) || !zeros || !k || !n ||
      *k < 1 || *n < 1 || a.dims().product(x.dims).isConstant(0) || !a.k.constantOperand(op.getWeights()))
    return std::nullopt;
  std::vector<uint8_t> zeroBytes = bytesOf(zeros);
  bool isOneZero = llvm::all_equal(zeroBytes);
  constexpr uint8_t kMostZero = 127;
  if ((!isOneZero && !zero.memref) || llvm::any_of(zeroBytes, [](uint8_t z) { return z > kMostZero; }))
    return std::nullopt;
  DimContext &d = a.dims();
  Dim rows = d.product(ArrayRef(x.dims).drop_back()), columns = d.constant(*n);
  FewRows f;
  f.element = x.elementType;
  f.k = *k;
  int64_t block = op.getBlock();
  f.quantized = QuantizedLines{block,
                               int64_t(llvm::divideCeil(*k, block)),
                               a.pointer(scale),
                               scale.elementType,
                               isOneZero ? Value() : a.pointer(zero),
                               zeroBytes.front()};
  f.tile = chooseFewRowsTile(a.chip, f, rows.constant(), *n);
  auto place = a.divideIntoBlocks(d.constant(1), rows, columns, f.tile.rows, f.tile.columns(), f.tile.threads(),
                                  f.tile.sharedBytes());
  f.firstRow = place.firstRow;
  f.firstColumn = place.firstColumn;
  f.x = a.pointer(x);
  f.w = a.k.packedWeight(op.getWeights(), packedNibbles(*n, *k, block));
  f.result = a.resultOf(rows, columns, place.batch);
  emitFewRows(a.b, a.loc(), f);
  return success();
}
