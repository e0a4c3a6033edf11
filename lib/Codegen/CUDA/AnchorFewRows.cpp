// AnchorFewRows.cpp - cameo.matmul of few rows and cameo.matmul_nbits, which past registers reads its weights once.
// matmul_nbits of many rows makes its weights floats first.
#include "FewRows.h"
#include "GpuAnchors.h"
#include "WidenedLines.h"
#include "cameo/Dialect/Cameo/BlockedParameter.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::codegen;

/// Moves a pointer to a matrix of `elements` elements by `number` (index; null: 0) matrices.
static Value matrixAt(const GpuAnchor &a, const KernelTensor &t, Value number, int64_t elements) {
  ThreadBuilder u(a.b, a.loc());
  if (!number)
    return a.pointer(t);
  Value bytes = u.mul(number, elements * t.elementType.getIntOrFloatBitWidth() / 8);
  return u.offset(a.pointer(t), a.b.createOrFold<arith::IndexCastOp>(a.loc(), a.b.getI64Type(), bytes));
}

void cameo::codegen::emitFewRowsMatMul(const GpuAnchor &a, const Product &p, const RhsLines &lines) {
  const KernelTensor &lhs = a.operands[0], &rhs = a.operands[1];
  int64_t chunk = 16 / (lhs.elementType.getIntOrFloatBitWidth() / 8), k = *p.k.constant();
  auto m = p.m.constant(), n = p.n.constant();
  FewRows f;
  f.element = lhs.elementType;
  f.k = k;
  f.linesAlongK = lines.alongK;
  f.pitch = lines.alongK ? llvm::alignTo(k, chunk) : *n;
  f.tile = chooseFewRowsTile(a.chip, f, m, n);
  auto place =
      a.divideIntoBlocks(p.batch, p.m, p.n, f.tile.rows, f.tile.columns(), f.tile.threads(), f.tile.sharedBytes());
  f.firstRow = place.firstRow;
  f.firstColumn = place.firstColumn;
  Value number = matrixOfBatch(a.k, p, a.b, a.loc(), lhs, place.batch);
  f.x = m ? matrixAt(a, lhs, number, *m * k) : a.pointer(lhs); // of many batches rows are known
  if (lines.packed) {
    f.w = lines.packed;
  } else {
    number = matrixOfBatch(a.k, p, a.b, a.loc(), rhs, place.batch);
    Value elements = number ? a.b.createOrFold<arith::MulIOp>(a.loc(), number, a.k.size(p.n)) : Value();
    f.w = matrixAt(a, rhs, elements, k);
  }
  f.result = a.resultOf({p.batch, p.m, p.n}, place.batch);
  emitFewRows(a.b, a.loc(), f);
}

/// Numbers of few bits as cameo.matmul_nbits has them.
static WeightForm packedNumbers(int64_t lines, int64_t k, int64_t bits, int64_t block) {
  WeightForm form;
  form.key = llvm::formatv("few rows of {0} bits block={1} lines={2} k={3}", bits, block, lines, k);
  form.bytes = lines * quantizedLineBytes(bits, block, k);
  form.make = [=](ElementsAttr value, WriteBytes write) {
    std::vector<uint8_t> bytes = bytesOf(value), numbers(static_cast<size_t>(k));
    int64_t lineBytes = int64_t(llvm::alignTo(k, block)) * bits / 8;
    for (int64_t i = 0; i < lines; ++i) {
      for (int64_t j = 0; j < k; ++j)
        numbers[size_t(j)] = bytes[size_t(i * lineBytes + j * bits / 8)] >> j * bits % 8 & ((1 << bits) - 1);
      packQuantized(numbers, bits, block, write);
    }
  };
  return form;
}

namespace {

/// Where there may be more rows, weights are made floats for all of them and the product is that of tiles. So many are
/// 16 times read again by the blocks of few, from the L2 cache.
constexpr int64_t kMostRowsOfNumbers = 256;
/// What weights as floats may take.
constexpr int64_t kMostWidenedBytes = int64_t(256) << 20;

class NBitsEmitter {
public:
  explicit NBitsEmitter(const GpuAnchor &anchor)
      : a(anchor), op(cast<MatMulNBitsOp>(a.op)), x(a.operands[0]), factors(a.chip, x.elementType, x.elementType) {}

  std::optional<LogicalResult> emit() {
    const KernelTensor &scale = a.operands[2], &zero = a.operands[3];
    auto k = x.dims.back().constant(), n = a.results[0].dims.back().constant();
    ElementsAttr zeros = constantInKernel(op, op.getZero());
    if (!x.memref || !isFewRowsType(x.elementType) || !scale.memref || !isFewRowsType(scale.elementType) || !zeros ||
        !k || !n || *k < 1 || *n < 1 || a.dims().product(x.dims).isConstant(0) || !a.k.constantOperand(op.getWeights()))
      return std::nullopt;
    std::vector<uint8_t> zeroBytes = bytesOf(zeros);
    bool isOneZero = llvm::all_equal(zeroBytes);
    int64_t block = op.getBlock(), bits = bitsOfWeights(op);
    constexpr uint8_t kMostZero = 127; // of 4 bits
    if ((!isOneZero && !zero.memref) || (bits == 4 && llvm::any_of(zeroBytes, [](uint8_t z) { return z > kMostZero; })))
      return std::nullopt;
    w.element = x.elementType;
    w.lines = *n;
    w.k = *k;
    w.numbers = QuantizedLines{bits,
                               block,
                               int64_t(llvm::divideCeil(*k, block)),
                               a.pointer(scale),
                               scale.elementType,
                               isOneZero ? Value() : a.pointer(zero),
                               zeroBytes.front()};
    w.from = a.k.packedWeight(op.getWeights(), packedNumbers(*n, *k, bits, block));
    rows = a.dims().product(ArrayRef(x.dims).drop_back());
    columns = a.dims().constant(*n);
    auto m = rows.constant();
    auto cut = chooseCut(a.chip, factors, {m, *n, /*k=*/std::nullopt, 1}); // K is not shared
    bool areMany = m && *m > kMostRowsOfNumbers;
    if (!cut || w.bytes() > kMostWidenedBytes || (m && !areMany)) {
      emitFew();
      return success();
    }
    // What makes floats of weights, what multiplies them, and first, where only the run knows how many rows there are,
    // the product of few.
    a.k.setLaunches(m ? 2 : 3);
    w.to = a.pointer(a.k.temporary(a.b, a.loc(), w.element, {columns, a.dims().constant(w.pitch())}));
    unsigned launch = a.k.launch() + (m ? 1 : 0);
    if (!m)
      a.isWanted = launch == 0 ? a.areAtMost(rows, kMostRowsOfNumbers) : a.areMore(rows, kMostRowsOfNumbers);
    if (launch == 0)
      emitFew();
    else if (launch == 1)
      emitWidening();
    else
      emitMany(*cut);
    return success();
  }

private:
  void emitFew() {
    FewRows f;
    f.element = w.element;
    f.k = w.k;
    f.quantized = w.numbers;
    f.tile = chooseFewRowsTile(a.chip, f, rows.constant(), columns.constant());
    auto place = a.divideIntoBlocks(a.dims().constant(1), rows, columns, f.tile.rows, f.tile.columns(),
                                    f.tile.threads(), f.tile.sharedBytes());
    f.firstRow = place.firstRow;
    f.firstColumn = place.firstColumn;
    f.x = a.pointer(x);
    f.w = w.from;
    f.result = a.resultOf({a.dims().constant(1), rows, columns}, place.batch);
    emitFewRows(a.b, a.loc(), f);
  }

  /// A thread for each 16 bytes.
  void emitWidening() {
    Dim all = a.dims().constant(w.lines * w.chunksOfLine());
    a.k.setTiles(a.isWanted ? a.dims().mul(all, a.isWanted) : all, a.dims().constant(1));
    ThreadBuilder t(a.b, a.loc());
    emitWidenedLines(t, w, t.toI32(a.k.sliceBegin()));
  }

  void emitMany(const ContractionCut &cut) {
    BlockContraction c(cut, factors);
    c.lhs.linesAlongK = c.rhs.linesAlongK = true;
    a.divideIntoBlocks(c, {a.dims().constant(1), rows, columns});
    ThreadBuilder t(a.b, a.loc());
    Value k = t.number(w.k), pitch = t.number(w.pitch());
    c.k = k;
    c.lhs = linesOf(a.pointer(x), w.element, true, a.size32(rows), k, k, w.pitch() == w.k);
    c.rhs = linesOf(w.to, w.element, true, t.number(w.lines), pitch, pitch, true);
    emitContraction(a.b, a.loc(), a.chip, c);
  }

  GpuAnchor a;
  MatMulNBitsOp op;
  const KernelTensor &x;
  Factors factors;
  WidenedLines w;
  Dim rows, columns;
};

} // namespace

std::optional<LogicalResult> cameo::codegen::emitGpuMatMulNBits(const GpuAnchor &a) { return NBitsEmitter(a).emit(); }
