// AnchorMatMul.cpp - cameo.matmul and cameo.matmul_integer by tiles of blocks. A constant right operand whose lines do
// not run as the atom needs them, or are no multiple of 16 bytes, is stored in lines that do and are.
#include "FewRows.h"
#include "GpuAnchors.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::codegen;

namespace {

class Emitter {
public:
  Emitter(const GpuAnchor &anchor, bool transposeLhs, bool transposeRhs)
      : a(anchor), transposeLhs(transposeLhs), transposeRhs(transposeRhs), lhs(a.operands[0]), rhs(a.operands[1]),
        factors(a.chip, lhs.elementType, rhs.elementType) {}

  std::optional<LogicalResult> emit() {
    if (!lhs.memref || !rhs.memref)
      return std::nullopt;
    p = describeProduct(a.dims(), lhs.dims, rhs.dims, a.results[0].dims, transposeLhs, transposeRhs);
    auto cut = chooseCut(a.chip, factors, {p.m.constant(), p.n.constant(), p.k.constant(), p.batch.constant()});
    if (p.k != p.rhsK) // only the run can tell whether the two agree
      return std::nullopt;
    auto lines = linesForFewRows(cut.has_value());
    if (lines && p.m.constant()) {
      emitFewRowsMatMul(a, p, *lines);
      return success();
    }
    if (!cut)
      return std::nullopt;
    if (lines) {
      a.k.setLaunches(2);
      a.isWanted = a.k.launch() == 0 ? a.areAtMost(p.m, kMostFewRows) : a.areMore(p.m, kMostFewRows);
      if (a.k.launch() == 0) {
        emitFewRowsMatMul(a, p, *lines);
        return success();
      }
    }
    BlockContraction c(*cut, factors);
    if (factors.areBytes() && !a.hasByteZeros(p.n))
      return std::nullopt;
    if (!lines)
      lines = linesForTiles();
    c.lhs.linesAlongK = factors.needLinesAlongK() || !transposeLhs;
    c.rhs.linesAlongK = factors.needLinesAlongK() || lines->alongK;
    Value batch = a.divideIntoBlocks(c, {p.batch, p.m, p.n});
    if (!batch) // sums of parts were added
      return success();
    c.k = a.size32(p.k);
    if (factors.areBytes())
      c.zeros = a.byteZeros(number(0), c.k);
    c.lhs = source(matrix(lhs, batch), !transposeLhs, p.m);
    c.rhs = lines->packed ? packedSource(*lines) : source(matrix(rhs, batch), transposeRhs, p.n);
    emitContraction(a.b, a.loc(), a.chip, c);
    return success();
  }

private:
  int64_t chunk() const { return 16 / factors.bytes(); }
  bool isInChunks(Dim line) const { return line.constant() && *line.constant() % chunk() == 0; }
  Value number(int64_t value) const { return ThreadBuilder(a.b, a.loc()).number(value); }

  /// A matrix of `rows` rows (of B: columns) as it lies, its lines along K or along the rows.
  TileSource source(Value base, bool liesAlongK, Dim rows) const {
    Value k = a.size32(p.k), count = a.size32(rows);
    if (liesAlongK)
      return linesOf(base, factors.lhs, true, count, k, k, isInChunks(p.k));
    if (factors.needLinesAlongK()) // gathered
      return linesOf(base, factors.lhs, true, count, k, number(1), false, count);
    return linesOf(base, factors.lhs, false, k, count, count, isInChunks(rows));
  }

  bool canPack() const {
    return p.k.constant() && p.n.constant() && isSharedMatrix(rhs.dims) && a.k.constantOperand(a.op->getOperand(1));
  }

  RhsLines linesForTiles() {
    bool alongK = factors.needLinesAlongK();
    bool packs = canPack() && (transposeRhs != alongK || !isInChunks(alongK ? p.k : p.n));
    return packs ? packed(alongK) : RhsLines{transposeRhs, {}};
  }

  /// How a product of few rows, or of as many as the run says, reads B; nullopt where it is none. Where only the run
  /// knows, tiles read it as well.
  std::optional<RhsLines> linesForFewRows(bool hasTile) {
    auto m = p.m.constant(), n = p.n.constant(), k = p.k.constant();
    if (lhs.elementType != rhs.elementType || !isFewRowsType(lhs.elementType) || !k || *k < 1 ||
        (transposeLhs && m != 1))
      return std::nullopt;
    if (m ? *m < 1 || *m > kMostFewRows : !hasTile || !isSharedMatrix(rhs.dims) || !p.batch.isConstant(1))
      return std::nullopt;
    bool isInPlace = transposeRhs && isInChunks(p.k), isAcross = !transposeRhs && n && isInChunks(p.n);
    if (!m && canPack() && factors.useFma()) { // whose tiles have lines along N
      if (!isInChunks(p.n))
        return std::nullopt;
      return transposeRhs ? packed(/*alongK=*/false) : RhsLines{false, {}};
    }
    if (isInPlace)
      return RhsLines{true, {}};
    if (canPack())
      return packed(/*alongK=*/true);
    return isAcross ? std::optional(RhsLines{false, {}}) : std::nullopt;
  }

  /// The constant B as lines of a whole number of chunks. What lies between the last element and the end of a line is
  /// zeros, which add nothing to elements of C.
  RhsLines packed(bool alongK) {
    int64_t k = *p.k.constant(), n = *p.n.constant();
    int64_t kStride = transposeRhs ? 1 : n, nStride = transposeRhs ? k : 1;
    WeightForm form = packedLines(alongK ? n : k, alongK ? nStride : kStride, alongK ? k : n,
                                  alongK ? kStride : nStride, packedPitch(alongK), factors.bytes());
    return {alongK, a.k.packedWeight(a.op->getOperand(1), std::move(form))};
  }
  int64_t packedPitch(bool alongK) const { return llvm::alignTo(*(alongK ? p.k : p.n).constant(), chunk()); }

  TileSource packedSource(const RhsLines &lines) {
    Value count = number(*(lines.alongK ? p.n : p.k).constant()), pitch = number(packedPitch(lines.alongK));
    return linesOf(lines.packed, factors.lhs, lines.alongK, count, pitch, pitch, true);
  }

  /// Where the matrix of a batch begins.
  Value matrix(const KernelTensor &t, Value batch) const {
    Value base = a.pointer(t), number = matrixOfBatch(a.k, p, a.b, a.loc(), t, batch);
    if (!number)
      return base;
    ThreadBuilder builder(a.b, a.loc());
    Value elements = a.k.size(a.dims().mul(t.dims.back(), t.dims[t.rank() - 2]));
    Value bytes = builder.mul(builder.mul(number, elements), t.elementType.getIntOrFloatBitWidth() / 8);
    return builder.offset(base, a.b.createOrFold<arith::IndexCastOp>(a.loc(), a.b.getI64Type(), bytes));
  }

  GpuAnchor a;
  bool transposeLhs, transposeRhs;
  const KernelTensor &lhs, &rhs;
  Factors factors;
  Product p;
};

} // namespace

std::optional<LogicalResult> cameo::codegen::emitGpuMatMul(const GpuAnchor &a) {
  auto op = cast<MatMulOp>(a.op);
  return Emitter(a, op.getTransposeLhs(), op.getTransposeRhs()).emit();
}

std::optional<LogicalResult> cameo::codegen::emitGpuMatMulInteger(const GpuAnchor &a) {
  return Emitter(a, false, cast<MatMulIntegerOp>(a.op).getTransposeRhs()).emit();
}
