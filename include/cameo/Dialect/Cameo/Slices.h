// Slices.h - which parts of a function's tensors can only be cut out together, and cutting them out.
//
// A slice is what has one index along one axis of a tensor: a channel of an activation, a row of a weight, a head. Each
// op says how slices of its operands and results belong together (SliceInterface): those of a pointwise op one by one,
// those of a concatenation behind each other, a head's 64 columns with the head. What belongs together, through all
// ops, is a *bundle*. A bundle may go when every op can do without it, and when all that reads it are sums over it with
// constant weights: then cutting it is the same as making these weights 0.
//
//   %h = relu(matmul(%x, %w1 : 8x4)); %y = matmul(%h, %w2 : 4x3)
//
// has 4 bundles that may go: column i of %w1, of the product and of the relu, and row i of %w2, over which the second
// product sums. Those of %x and %y stay, for they are what the function is called with and returns.
#ifndef CAMEO_DIALECT_CAMEO_SLICES_H
#define CAMEO_DIALECT_CAMEO_SLICES_H

#include "cameo/Dialect/Cameo/Cameo.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/MapVector.h"
#include <functional>

namespace cameo {

/// What an op adds up: the slices of `x` along `axis`, each times the slice of `weights`, a constant, along
/// `weightAxis` that has its number modulo that axis's size (groups share their weights' axis).
struct SliceSum {
  mlir::Operation *op;
  mlir::Value x, weights;
  int64_t axis, weightAxis;
};

/// An axis of a tensor.
using SliceAxis = std::pair<mlir::Value, int64_t>;

class SliceTies {
public:
  /// Asks all ops of the function's body. Ops inside other ops keep what they read as it is.
  explicit SliceTies(mlir::func::FuncOp function);

  // ---- what ops say

  /// Slices that go together.
  void tie(mlir::Value x, int64_t axis, int64_t i, mlir::Value y, int64_t other, int64_t j);
  /// All slices of two axes, one by one. An axis of size 1 that meets a longer one is broadcast and goes with none of
  /// it.
  void same(mlir::Value x, int64_t axis, mlir::Value y, int64_t other);
  /// All axes of an operand with those of the result to which they broadcast.
  void broadcast(mlir::Value operand, mlir::Value result);
  /// The axis stays as it is.
  void pin(mlir::Value x, int64_t axis);
  /// The op sums over both axes. They stay where neither operand is a constant.
  void sum(mlir::Value x, int64_t axis, mlir::Value y, int64_t other);
  /// The axis will be spoken of later.
  void mention(mlir::Value x, int64_t axis) { mentioned.insert({x, axis}); }
  /// Is called when all ops have been asked, for what depends on what others say.
  void later(std::function<void()> tieMore) { deferred.push_back(std::move(tieMore)); }
  /// True when no slice of the axis may go, as far as is known.
  bool isPinned(mlir::Value x, int64_t axis) const;
  ShapeAnalysis &shapes() { return analysis; }

  // ---- what follows

  /// The number of the bundle of a slice; -1 where that stays.
  int64_t bundleOf(mlir::Value x, int64_t axis, int64_t i) const;
  int64_t numBundles() const { return int64_t(bundles.size()); }
  /// The axes on which a bundle has slices, in the order of the function.
  llvm::ArrayRef<SliceAxis> axesOf(int64_t bundle) const { return bundles[bundle]; }
  llvm::ArrayRef<SliceSum> sums() const { return allSums; }
  /// Values with static axes, in the order of the function.
  llvm::ArrayRef<mlir::Value> values() const { return ordered; }

private:
  void ask(mlir::Operation *op);
  void addValue(mlir::Value value);
  void collectBundles();
  uint32_t find(uint32_t slot) const;
  /// The first slot of an axis; nothing where its size is not known.
  std::optional<uint32_t> slots(mlir::Value x, int64_t axis) const;

  ShapeAnalysis analysis;
  mlir::Operation *current = nullptr;
  llvm::DenseMap<mlir::Value, llvm::SmallVector<uint32_t, 4>> starts; ///< first slot of each axis
  llvm::SmallVector<mlir::Value> ordered;
  mutable std::vector<uint32_t> parents; ///< of each slot
  std::vector<bool> pinned;              ///< by slot; of a set, its root's
  llvm::DenseSet<SliceAxis> mentioned;   ///< by the op that is asked
  std::vector<std::function<void()>> deferred;
  llvm::SmallVector<SliceSum> allSums;
  std::vector<int64_t> numbers; ///< bundle of each root
  std::vector<llvm::SmallVector<SliceAxis, 4>> bundles;
};

/// Bundles that go.
class SliceCut {
public:
  SliceCut(const SliceTies &ties, const std::vector<bool> &isCut);

  /// Makes the weights that are multiplied with the bundles 0. The function's results are then those that apply()
  /// leaves.
  void mask() const;
  /// Cuts the bundles out of all tensors, and changes the ops that name their sizes.
  void apply(mlir::func::FuncOp function) const;

  /// The indices along an axis that remain, in order; null where all do.
  const llvm::SmallVector<int64_t> *kept(mlir::Value x, int64_t axis) const;
  /// How many of the first `end` indices remain.
  int64_t keptBefore(mlir::Value x, int64_t axis, int64_t end) const;
  /// The size of an axis that is cut, as it was.
  int64_t sizeBefore(mlir::Value x, int64_t axis) const { return before.lookup({x, axis}); }

private:
  const SliceTies &ties;
  const std::vector<bool> &isCut;
  llvm::MapVector<SliceAxis, llvm::SmallVector<int64_t>> left;
  llvm::DenseMap<SliceAxis, int64_t> before; ///< sizes of the axes in `left`
};

} // namespace cameo

#include "cameo/Dialect/Cameo/SliceInterface.h.inc"
#endif
