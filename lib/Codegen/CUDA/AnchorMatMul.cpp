// AnchorMatMul.cpp - cameo.matmul by tiles of blocks. A constant right operand that is transposed, or whose rows are no
// multiple of 16 bytes, is stored row by row with rows that are.
#include "GpuAnchors.h"
#include "cameo/Codegen/Product.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::codegen;

namespace {

class Emitter {
public:
  Emitter(const GpuAnchor &a, MatMulOp op) : a(a), op(op), lhs(a.operands[0]), rhs(a.operands[1]) {}

  std::optional<LogicalResult> emit() {
    if (rhs.elementType != lhs.elementType || !lhs.memref || !rhs.memref)
      return std::nullopt;
    p = describeProduct(a.dims(), lhs.dims, rhs.dims, a.results[0].dims, op.getTransposeLhs(), op.getTransposeRhs());
    auto tile = chooseTile(a.chip, lhs.elementType, p.m.constant(), p.n.constant(), p.batch.constant());
    if (!tile || p.k != p.rhsK) // only the run can tell whether the two agree
      return std::nullopt;
    BlockContraction c;
    c.tile = *tile;
    c.type = lhs.elementType;
    c.lhs.linesAlongK = !op.getTransposeLhs();
    bool isPacked = packs();
    c.rhs.linesAlongK = !isPacked && op.getTransposeRhs();
    Value batch = a.divideIntoBlocks(c, p.batch, p.m, p.n);
    c.k = a.size32(p.k);
    Dim lhsLine = op.getTransposeLhs() ? p.m : p.k;
    c.lhs = linesOf(matrix(lhs, batch), c.type, c.lhs.linesAlongK, op.getTransposeLhs() ? c.k : c.result.rows,
                    op.getTransposeLhs() ? c.result.rows : c.k, a.size32(lhsLine), isInChunks(lhsLine));
    if (isPacked) {
      int64_t pitch = llvm::alignTo(*p.n.constant(), chunk());
      Value base = packed(pitch);
      // What lies between the last column and the end of a line is zeros, which no element of C is made of.
      c.rhs = linesOf(base, c.type, false, c.k, number(pitch), number(pitch), true);
    } else {
      Dim line = op.getTransposeRhs() ? p.k : p.n;
      c.rhs = linesOf(matrix(rhs, batch), c.type, c.rhs.linesAlongK, op.getTransposeRhs() ? c.result.columns : c.k,
                      op.getTransposeRhs() ? c.k : c.result.columns, a.size32(line), isInChunks(line));
    }
    Value rowsBefore = a.b.createOrFold<arith::MulIOp>(a.loc(), batch, a.k.size(p.m));
    c.result.store = [&](OpBuilder &b, Location loc, Value vector, Value row, Value column) {
      ThreadBuilder t(b, loc);
      a.k.storeVector(b, loc, 0, vector, {t.add(rowsBefore, t.toIndex(row)), t.toIndex(column), {}});
    };
    emitContraction(a.b, a.loc(), a.chip, c);
    return success();
  }

private:
  int64_t chunk() const { return 128 / lhs.elementType.getIntOrFloatBitWidth(); }
  bool isInChunks(Dim line) const { return line.constant() && *line.constant() % chunk() == 0; }
  Value number(int64_t value) const { return ThreadBuilder(a.b, a.loc()).number(value); }

  bool packs() {
    return p.k.constant() && p.n.constant() && isSharedMatrix(rhs.dims) && (op.getTransposeRhs() || !isInChunks(p.n)) &&
           a.k.constantOperand(op.getRhs());
  }

  /// The constant B as K lines of `pitch` elements.
  Value packed(int64_t pitch) {
    int64_t k = *p.k.constant(), n = *p.n.constant(), bytes = rhs.elementType.getIntOrFloatBitWidth() / 8;
    int64_t kStride = op.getTransposeRhs() ? 1 : n, nStride = op.getTransposeRhs() ? k : 1;
    WeightForm form;
    form.key = llvm::formatv("lines k={0}*{1} n={2}*{3} pitch={4}", k, kStride, n, nStride, pitch);
    form.bytes = k * pitch * bytes;
    form.make = [=](ElementsAttr value, WriteBytes write) {
      std::vector<uint8_t> source = bytesOf(value);
      std::vector<char> line(size_t(pitch * bytes));
      for (int64_t i = 0; i < k; ++i) {
        for (int64_t j = 0; j < n; ++j)
          memcpy(&line[size_t(j * bytes)], &source[size_t((i * kStride + j * nStride) * bytes)], size_t(bytes));
        write(line);
      }
    };
    return a.k.packedWeight(op.getRhs(), std::move(form));
  }

  /// Where the matrix of a batch begins.
  Value matrix(const Tensor &t, Value batch) const {
    Value base = a.pointer(t), number = matrixOfBatch(a.k, p, a.b, a.loc(), t, batch);
    if (!number)
      return base;
    ThreadBuilder builder(a.b, a.loc());
    Value elements = a.k.size(a.dims().mul(t.dims.back(), t.dims[t.rank() - 2]));
    Value bytes = builder.mul(builder.mul(number, elements), t.elementType.getIntOrFloatBitWidth() / 8);
    return builder.offset(base, a.b.createOrFold<arith::IndexCastOp>(a.loc(), a.b.getI64Type(), bytes));
  }

  const GpuAnchor &a;
  MatMulOp op;
  const Tensor &lhs, &rhs;
  Product p;
};

} // namespace

std::optional<LogicalResult> cameo::codegen::emitGpuMatMul(const GpuAnchor &a) {
  return Emitter(a, cast<MatMulOp>(a.op)).emit();
}
