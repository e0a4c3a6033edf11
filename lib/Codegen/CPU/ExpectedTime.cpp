// ExpectedTime.cpp - what a kernel is expected to take: its arithmetic by the models that choose tiles, and the bytes
// it moves.
//
// The unit is the slot of expectedSlots: a 256-bit multiply-add. Rates are those of one Zen 4 core in slots (measured);
// another machine's differ, and with them the expectation.
#include "Anchors.h"
#include "cameo/Codegen/CPU/CpuAnchors.h"
#include "cameo/Dialect/Cameo/ConstantBytes.h"
#include "cameo/Dialect/Cameo/Cost.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::codegen;

/// Machine operations on f32 per slot, where nothing else holds them up.
constexpr double kOperationsPerSlot = 8;
/// The same of layers without a tile (depthwise convolutions), which multiply and add.
constexpr double kLayerOperationsPerSlot = 13;
/// Bytes per slot of what other kernels wrote a moment ago, and of weights that come from memory.
constexpr double kActivationBytesPerSlot = 8, kWeightBytesPerSlot = 4;
/// Where products are added up, so much of the traffic is not hidden behind arithmetic.
constexpr double kVisible = 0.5;
/// A launch.
constexpr double kLaunchSlots = 1500;

double TunedOp::slotsOf(Operation *op, ShapeAnalysis &shapes, const CpuTarget &, DictionaryAttr) const {
  return flopsOf(shapes, op).constant().value_or(0) /
         (isa<LinearInterface>(op) ? kLayerOperationsPerSlot : kOperationsPerSlot);
}

static double pointwiseSlots(Operation *op, ShapeAnalysis &shapes) {
  double elements = 0;
  for (Value result : op->getResults())
    elements = std::max(elements, double(shapes.numElements(result).constant().value_or(0)));
  return elements * operationsPerElement(op) / kOperationsPerSlot;
}

std::optional<double> cameo::codegen::expectedSlots(KernelOp kernel, ShapeAnalysis &shapes, const CpuTarget &target) {
  double arithmetic = 0, activations = 0, weights = 0;
  bool multiplies = false;
  for (Operation &op : kernel.getBody().front().without_terminator()) {
    if (!flopsOf(shapes, &op).constant())
      return std::nullopt;
    const TunedOp *tuned = tunedCodeOf(&op);
    multiplies |= tuned && flopsOf(shapes, &op).constant() > 0;
    if (tuned)
      arithmetic += tuned->slotsOf(&op, shapes, target, tileEntry(kernel, target));
    else if (isa<PointwiseInterface>(op))
      arithmetic += pointwiseSlots(&op, shapes);
    else
      arithmetic += *flopsOf(shapes, &op).constant() / kOperationsPerSlot;
  }
  auto count = [&](Value value) {
    double bytes = double(bytesOf(shapes, value).constant().value_or(0));
    (constantBehind(value) ? weights : activations) += bytes;
  };
  llvm::for_each(kernel.getInputs(), count);
  llvm::for_each(kernel.getResults(), count);
  double traffic = activations / kActivationBytesPerSlot + weights / kWeightBytesPerSlot;
  double whole = multiplies ? std::max(arithmetic + kVisible * traffic, weights / kWeightBytesPerSlot)
                            : std::max(arithmetic, traffic);
  return whole + kLaunchSlots;
}
