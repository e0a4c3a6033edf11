// AnchorMatMulNBits.cpp - cameo.matmul_nbits with constant weights, by the micro-kernels for numbers of 4 and 8 bits.
#include "Anchors.h"
#include "ContractionNBits.h"
#include "cameo/Dialect/Cameo/BlockedParameter.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::codegen;

namespace {
class TunedMatMulNBits final : public TunedOpOf<MatMulNBitsOp> {
  std::optional<LogicalResult> emitOp(const Anchor &a, MatMulNBitsOp op) const override;
};
} // namespace

const TunedOp &cameo::codegen::tunedMatMulNBits() {
  static const TunedMatMulNBits code;
  return code;
}

std::optional<LogicalResult> TunedMatMulNBits::emitOp(const Anchor &a, MatMulNBitsOp op) const {
  if (!isMicroKernelType(a.operands[0].elementType) || !a.operands[0].memref || !a.k.constantOperand(op.getWeights()))
    return std::nullopt;
  ElementsAttr scale = constantInKernel(op, op.getScale()), zero = constantInKernel(op, op.getZero());
  const KernelTensor &x = a.operands[0];
  auto k = x.dims.back().constant(), n = a.results[0].dims.back().constant();
  if (!scale || !zero || !k || !n || *k == 0 || *n == 0 || !isMicroKernelType(scale.getElementType()))
    return std::nullopt;
  DimContext &d = a.dims();
  Dim m = d.product(ArrayRef(x.dims).drop_back());
  NBitsSpec s;
  s.target = a.vectors();
  s.m = a.extent(m);
  s.n = *n;
  s.k = *k;
  s.block = op.getBlock();
  s.bits = bitsOfWeights(op);
  s.inBytes = op.getByteActivations() && a.target.byteDots == ByteDots::Quads;
  s.tile = chooseNBitsTile(s);
  s.lhsType = x.elementType;
  s.lhs = a.pointer(x);
  s.store = a.storeThroughEpilogue();
  std::vector<float> storage;
  ArrayRef<float> scales = constantFloats(scale, storage);
  std::vector<uint8_t> zeros = bytesOf(zero);
  if (llvm::all_equal(zeros))
    s.zero = zeros.front();
  auto bits = ArrayRef(reinterpret_cast<const uint8_t *>(scales.data()), scales.size() * sizeof(float));
  s.weights = a.packedBytes(
      op.getWeights(),
      llvm::formatv("{0} bits k={1} n={2} block={3} scales=#{4:x} zeros=#{5:x} nr={6} lanes={7} bytes={8}", s.bits, s.k,
                    s.n, s.block, llvm::xxh3_64bits(bits), llvm::xxh3_64bits(zeros), s.tile.nr, s.tile.lanes,
                    s.inBytes),
      4 * packedRhsElements(s.tile, s.panelRows(), s.n), [s, scale, zeros](const uint8_t *source, char *packed) {
        std::vector<float> storage;
        packNBits(source, constantFloats(scale, storage), zeros, s, packed);
      });
  int64_t rows = nBitsRows(s);
  a.setTiles(d.mul(d.ceilDiv(m, rows), panelCount(s.tile, s.n)), rows * s.tile.nr * s.k / (s.inBytes ? 4 : 1));
  auto [begin, end] = a.slice();
  emitNBits(a.b, a.loc(), s, begin, end);
  return success();
}
