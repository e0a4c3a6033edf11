// Anchors.cpp - the table of emitters, and what they share.
#include "Anchors.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::codegen;

/// Multiply-adds worth a thread of their own: about 10 us, against a fork and join of a few.
constexpr int64_t kGrainMultiplyAdds = 1 << 19;

const TunedOp *cameo::codegen::tunedCodeOf(Operation *op) {
  static const TunedOp *const all[] = {
      &tunedMatMul(),      &tunedMatMulInteger(), &tunedMatMulNBits(), &tunedConv(),
      &tunedConvInteger(), &tunedConvTranspose(), &tunedAttention(),   &tunedTranspose(),
      &tunedRnn(),         &tunedGru(),           &tunedLstm(),        &tunedTopK(),
      &tunedMaxPool(),     &tunedAveragePool(),   &tunedLpPool(),      &tunedResize()};
  static const auto byName = [] {
    llvm::StringMap<const TunedOp *> map;
    for (const TunedOp *tuned : all)
      map[tuned->opName()] = tuned;
    return map;
  }();
  return byName.lookup(op->getName().getStringRef());
}

std::optional<LogicalResult> CpuAnchorEmitter::emit(KernelOp kernel, Operation *op, KernelBuilder &k, OpBuilder &b,
                                                    ArrayRef<KernelTensor> operands, ArrayRef<KernelTensor> results) {
  const TunedOp *tuned = tunedCodeOf(op);
  return tuned ? tuned->emit({kernel, op, *tuned, k, b, operands, results, target}) : std::nullopt;
}

SmallVector<DictionaryAttr> cameo::codegen::candidateTiles(KernelOp kernel, ShapeAnalysis &shapes,
                                                           const CpuTarget &target, bool strict) {
  for (Operation &op : kernel.getBody().front())
    if (const TunedOp *tuned = tunedCodeOf(&op))
      if (auto tiles = tuned->tilesOf(&op, shapes, target, strict); !tiles.empty())
        return tiles;
  return {};
}

VectorTarget cameo::codegen::vectorTarget(const CpuTarget &target) {
  VectorTarget vectors = target.vectorBytes == 64   ? VectorTarget::avx512()
                         : target.vectorBytes == 32 ? VectorTarget::avx2()
                                                    : VectorTarget::sse();
  vectors.fusesAdd = target.hasFma;
  vectors.byteDots = target.byteDots;
  vectors.bf16Dots = target.hasBf16Dots;
  return vectors;
}

Extent Anchor::extent(Dim dim) const {
  if (auto constant = dim.constant())
    return *constant;
  return i64(k.size(dim));
}

Value Anchor::i64(Value index) const { return b.createOrFold<arith::IndexCastOp>(loc(), b.getI64Type(), index); }
Value Anchor::index(Value i64) const { return b.createOrFold<arith::IndexCastOp>(loc(), b.getIndexType(), i64); }

Value Anchor::packedBytes(Value operand, std::string key, int64_t bytes,
                          std::function<void(const uint8_t *, char *)> pack) const {
  WeightForm form;
  form.key = std::move(key);
  form.bytes = bytes;
  form.make = [bytes, pack = std::move(pack)](ElementsAttr value, WriteBytes write) {
    std::vector<uint8_t> source = bytesOf(value);
    std::vector<char> packed(bytes);
    pack(source.data(), packed.data());
    write(packed);
  };
  return k.packedWeight(operand, std::move(form));
}

Value Anchor::packedFloats(Value operand, std::string key, int64_t elements,
                           std::function<void(const float *, float *)> pack) const {
  WeightForm form;
  form.key = std::move(key);
  form.bytes = elements * sizeof(float);
  form.make = [elements, pack = std::move(pack)](ElementsAttr value, WriteBytes write) {
    std::vector<float> storage, packed(elements);
    pack(constantFloats(value, storage).data(), packed.data());
    write({reinterpret_cast<const char *>(packed.data()), packed.size() * sizeof(float)});
  };
  return k.packedWeight(operand, std::move(form));
}

Dim Anchor::steps(const ContractionTile &tile, Dim batch, Dim m, Dim n) const {
  DimContext &d = dims();
  return d.mul(d.mul(d.ceilDiv(n, tile.nr), d.ceilDiv(m, tile.mBlock)), batch);
}

void Anchor::setTiles(Dim steps, int64_t multiplyAdds) const {
  k.setTiles(steps, dims().constant(llvm::divideCeil(kGrainMultiplyAdds, std::max<int64_t>(1, multiplyAdds))));
}

void Anchor::setTiles(const ContractionTile &tile, const ContractionShape &shape, Dim batch, Dim m, Dim n) const {
  setTiles(steps(tile, batch, m, n), multiplyAddsPerStep(tile, shape));
}

StoreFn Anchor::storeThroughEpilogue(std::optional<Extent> rowsPerBatch) const {
  return [this, rowsPerBatch](OpBuilder &b, Location loc, Value vector, const TilePosition &at) {
    Emit e(b, loc);
    Value row = at.row;
    if (at.batch && rowsPerBatch)
      row = e.add(row, e.mul(at.batch, *rowsPerBatch));
    auto index = [&](Value v) { return b.createOrFold<arith::IndexCastOp>(loc, b.getIndexType(), v); };
    k.storeVector(b, loc, 0, vector, {index(row), index(at.col), at.mask});
  };
}
