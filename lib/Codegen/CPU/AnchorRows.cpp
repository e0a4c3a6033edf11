// AnchorRows.cpp - pools and resizes of tensors in the model's order, a row at a time.
#include "Anchors.h"
#include "cameo/Dialect/Cameo/RowLoops.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::codegen;

namespace {
template <typename OpT> class TunedRows final : public TunedOpOf<OpT> {
  bool readsStrided() const override { return true; }
  std::optional<LogicalResult> emitOp(const Anchor &a, OpT op) const override {
    return emitByRows(op, a.k, a.b, a.operands, a.results);
  }
};
} // namespace

template <typename OpT> static const TunedOp &tunedRows() {
  static const TunedRows<OpT> code;
  return code;
}

const TunedOp &cameo::codegen::tunedMaxPool() { return tunedRows<MaxPoolOp>(); }
const TunedOp &cameo::codegen::tunedAveragePool() { return tunedRows<AveragePoolOp>(); }
const TunedOp &cameo::codegen::tunedLpPool() { return tunedRows<LpPoolOp>(); }
const TunedOp &cameo::codegen::tunedResize() { return tunedRows<ResizeOp>(); }
