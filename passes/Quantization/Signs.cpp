// Signs.cpp - signed activations become unsigned: q + 128 with zero point z + 128 means the same real numbers, and is
// what vpdpbusd multiplies. Tensors that ops move between each other change together.
#include "Patterns.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace cameo;

namespace {

/// The number that a constant of i8 is everywhere.
std::optional<int8_t> uniformByte(Value value) {
  DenseElementsAttr elements;
  if (!matchPattern(value, m_Constant(&elements)) || !elements.isSplat() ||
      !elements.getElementType().isSignlessInteger(8))
    return std::nullopt;
  return static_cast<int8_t>(elements.getSplatValue<APInt>().getSExtValue());
}

/// Number of the zero point of what a use reads; -1 when its user cannot take raised numbers.
int64_t zeroOperandOf(OpOperand &use) {
  auto reader = dyn_cast<ZeroPointInterface>(use.getOwner());
  return reader ? reader.zeroPointOperand(use.getOperandNumber()) : -1;
}

/// Tensors of i8 that change together, and the zero points that change with them.
struct Group {
  llvm::SetVector<Value> values;
  SmallVector<OpOperand *> zeros;

  /// Collects all that hangs together with `value`. False where something sees the numbers.
  bool grow(Value value) {
    values.insert(value);
    for (size_t i = 0; i < values.size(); ++i)
      if (!addProducer(values[i]) || !llvm::all_of(values[i].getUses(), [&](OpOperand &use) { return addUse(use); }))
        return false;
    return true;
  }

private:
  bool addProducer(Value value) {
    if (auto quantize = value.getDefiningOp<QuantizeOp>())
      return addZero(quantize.getZeroPointMutable());
    if (uniformByte(value)) // what is padded
      return value.hasOneUse();
    return addSelection(value.getDefiningOp<SelectionInterface>());
  }

  bool addSelection(SelectionInterface select) {
    if (!select || select->getNumResults() != 1)
      return false;
    for (unsigned i : select.selectedOperands())
      values.insert(select->getOperand(i));
    values.insert(select->getResult(0));
    return true;
  }

  bool addUse(OpOperand &use) {
    if (int64_t zero = zeroOperandOf(use); zero >= 0)
      return addZero(use.getOwner()->getOpOperand(zero));
    auto select = dyn_cast<SelectionInterface>(use.getOwner());
    return select && llvm::is_contained(select.selectedOperands(), use.getOperandNumber()) && addSelection(select);
  }

  bool addZero(OpOperand &zero) {
    if (!uniformByte(zero.get()))
      return false;
    if (!llvm::is_contained(zeros, &zero))
      zeros.push_back(&zero);
    return true;
  }
};

/// `value`, a constant of one number, plus 128 and unsigned.
Value raised(OpBuilder &b, Value value) {
  auto type = cast<RankedTensorType>(value.getType()).clone(b.getIntegerType(8, /*isSigned=*/false));
  APInt number(8, uint8_t(*uniformByte(value) + 128));
  return ConstantOp::create(b, value.getLoc(), type, DenseElementsAttr::get(type, number));
}

void makeUnsigned(const Group &group) {
  OpBuilder b(group.values.front().getContext());
  Type unsignedByte = b.getIntegerType(8, /*isSigned=*/false);
  for (OpOperand *zero : group.zeros) {
    b.setInsertionPoint(zero->getOwner());
    zero->set(raised(b, zero->get()));
  }
  for (Value value : group.values) {
    if (value.getDefiningOp<ConstantOp>()) {
      b.setInsertionPointAfterValue(value);
      value.replaceAllUsesWith(raised(b, value));
    } else {
      value.setType(cast<RankedTensorType>(value.getType()).clone(unsignedByte));
    }
  }
}

} // namespace

void cameo::makeActivationsUnsigned(func::FuncOp function, StringRef pass, llvm::StringLiteral counted) {
  SmallVector<QuantizeOp> quantizes;
  function.walk([&](QuantizeOp op) { quantizes.push_back(op); });
  for (QuantizeOp op : quantizes) {
    if (!getElementTypeOrSelf(op).isSignlessInteger(8))
      continue;
    Group group;
    if (!group.grow(op))
      continue;
    makeUnsigned(group);
    changed(pass, op.getLoc(), counted) << "gives unsigned numbers, with a zero point greater by 128";
  }
}
