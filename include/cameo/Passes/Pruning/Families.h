// Families.h - what structured pruning chooses among.
#ifndef CAMEO_PASSES_PRUNING_FAMILIES_H
#define CAMEO_PASSES_PRUNING_FAMILIES_H
#include "cameo/Dialect/Cameo/Slices.h"

namespace cameo {

/// Bundles with slices of the same tensors: the channels between two layers, the heads of an attention.
struct Family {
  std::string name;   ///< of the ONNX node that makes them
  mlir::Location loc; ///< its
  std::vector<int64_t> bundles;
};

/// Gives each use of a constant one of its own, so that what is equal by chance (biases of zeros) is not cut together.
void separateConstants(mlir::func::FuncOp function);

/// The families of a function that have more than one member, in its order.
std::vector<Family> familiesOf(const SliceTies &ties);

/// How many of `count` remain when `share` of them goes: a multiple of `multiple`, the nearest, where there are four
/// times as many; at least one. All when the share is 0.
int64_t keptOf(int64_t count, double share, int64_t multiple);

} // namespace cameo
#endif
