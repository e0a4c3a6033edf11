// WgmmaAtom.cpp - products of f16 and bf16 by the instructions wgmma of Hopper's warpgroups, sums in f32. A warpgroup
// is four warps; an instruction takes 64 rows, up to 256 columns and 16 steps of K, and reads both tiles from shared
// memory by itself, while the threads go on: they may touch neither the accumulators nor the tiles until they have
// waited. When `multiply` returns, the products of its step are under way and those of the step before are done, so
// that tensor cores have work while threads wait for copies and meet at the barrier.
//
// Instructions read shared memory through another proxy than the threads' copies write it: a fence between the two
// belongs to each step. Tiles are described to them by 64 bits (PTX ISA, "matrix descriptor"): where the tile begins
// and how far its parts lie apart, in units of 16 bytes.
#include "TensorRows.h"

using namespace mlir;
using namespace cameo::codegen;

namespace {

constexpr int64_t kRows = 64, kThreads = 128; ///< of a warpgroup
constexpr int64_t kDepth = 16;                ///< of one instruction

class WgmmaAtom final : public TensorRows {
public:
  WgmmaAtom(const BlockTile &tile, const SharedTile &lhs, const SharedTile &rhs, const Factors &factors)
      : TensorRows(tile), lhs(lhs), rhs(rhs), factors(factors) {}

  int64_t numAccumulators() const override { return kRows * tile.n / kThreads; }

  void showCopies(ThreadBuilder &t) const override { t.intrinsic("fence.proxy.async.shared_cta", {}, {}); }

  void multiply(ThreadBuilder &t, Value lhsTile, Value rhsTile, SmallVectorImpl<Value> &sums) const override {
    Value rows = t.mul(t.div(t.threadNumber(), kThreads), lhs.linesAlongK ? kRows * lhs.kRunBytes : lhs.runBytes());
    Value a = descriptor(t, lhs, t.offset(lhsTile, rows));
    begin(t, rhsTile, sums, "wgmma.wait_group.sync.aligned 1;", [&](int64_t k) { return Fragment{at(t, lhs, a, k)}; });
  }
  /// Rows are summed before they are rounded.
  void multiplyHeld(ThreadBuilder &t, ArrayRef<Value> held, Value, Value rhsTile, SmallVectorImpl<Value> &sums,
                    MutableArrayRef<Value> rowSums) const override {
    for (auto [i, x] : llvm::enumerate(held))
      rowSums[size_t(rowOfHeld(int64_t(i)))] = t.addF(rowSums[size_t(rowOfHeld(int64_t(i)))], x);
    begin(t, rhsTile, sums, "wgmma.wait_group.sync.aligned 0;",
          [&](int64_t k) { return fragmentOf(t, held.slice(size_t(k / 8 * 4), 8), factors.lhs); });
  }
  bool sumsWholeRows() const override { return false; }
  int64_t stepsUnderWay() const override { return 1; }
  void finish(ThreadBuilder &t, SmallVectorImpl<Value> &sums) const override {
    t.assembly("wgmma.wait_group.sync.aligned 0;", sums);
  }

private:
  static constexpr int64_t kUnit = 16; ///< bytes

  static int64_t rowOfHeld(int64_t i) { return i % 4 / 2; }

  /// The products of a step, and then `wait`. `lhsAt` gives A from step `k` on: a descriptor (i64), or registers.
  void begin(ThreadBuilder &t, Value rhsTile, SmallVectorImpl<Value> &sums, StringRef wait,
             llvm::function_ref<Fragment(int64_t k)> lhsAt) const {
    Value b = descriptor(t, rhs, rhsTile);
    SmallVector<Value> operands;
    std::string text = "wgmma.fence.sync.aligned;\n{\n.reg .pred adds;\nsetp.ne.b32 adds, 1, 0;\n";
    for (int64_t k = 0; k < tile.k; k += kDepth) {
      Fragment a = lhsAt(k);
      bool isHeld = a.size() > 1;
      size_t first = 2 * sums.size() + operands.size();
      text += instruction() + " " + registers(0, sums.size()) + ", ";
      text += isHeld ? registers(first, a.size()) : "$" + std::to_string(first);
      text += ", $" + std::to_string(first + a.size()) + ", adds, 1, 1, ";
      text += (isHeld ? "" : std::to_string(!lhs.linesAlongK) + ", ") + std::to_string(!rhs.linesAlongK) + ";\n";
      llvm::append_range(operands, a);
      operands.push_back(at(t, rhs, b, k));
    }
    text += "}\nwgmma.commit_group.sync.aligned;\n" + wait.str();
    t.assembly(text, sums, operands);
  }

  std::string instruction() const {
    const std::string type = factors.lhs.isF16() ? ".f16" : ".bf16";
    return "wgmma.mma_async.sync.aligned.m64n" + std::to_string(tile.n) + "k16.f32" + type + type;
  }

  static std::string registers(size_t first, size_t count) {
    std::string all;
    for (size_t i = 0; i < count; ++i)
      all += (i ? ", $" : "{$") + std::to_string(first + i);
    return all + "}";
  }

  /// The descriptor of a tile's part from step `k` on.
  static Value at(ThreadBuilder &t, const SharedTile &shared, Value descriptor, int64_t k) {
    int64_t perRun = shared.kRunBytes / shared.elementBytes;
    int64_t bytes =
        shared.linesAlongK ? k / perRun * shared.runBytes() + k % perRun * shared.elementBytes : k * shared.kRunBytes;
    return t.add(descriptor, bytes / kUnit);
  }

  /// Bits 0 to 13: where the tile begins. From bit 16: from one run of 128 bytes of a line to the next (an
  /// instruction reads one of lines along K). From bit 32: from 8 lines to the next. Bits 62 and 63: swizzled in runs
  /// of 128 bytes.
  static Value descriptor(ThreadBuilder &t, const SharedTile &shared, Value tile) {
    constexpr int64_t kSwizzled = int64_t(1) << 62;
    int64_t nextRun = shared.linesAlongK ? 1 : shared.runBytes() / kUnit;
    int64_t nextLines = shared.kPatternLines * shared.kRunBytes / kUnit;
    Value address = LLVM::PtrToIntOp::create(t.b, t.loc, t.b.getI32Type(), tile);
    Value begin = arith::ExtUIOp::create(t.b, t.loc, t.b.getI64Type(), t.div(address, kUnit));
    return t.add(begin, nextRun << 16 | nextLines << 32 | kSwizzled);
  }

  SharedTile lhs, rhs;
  Factors factors;
};

} // namespace

std::unique_ptr<Atom> cameo::codegen::makeWgmmaAtom(const BlockTile &tile, const SharedTile &lhs, const SharedTile &rhs,
                                                    const Factors &factors) {
  return std::make_unique<WgmmaAtom>(tile, lhs, rhs, factors);
}
