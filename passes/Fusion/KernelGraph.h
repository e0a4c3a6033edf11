// KernelGraph.h - the ops of a block, in groups that will be kernels: which may be joined without closing a cycle.
//
// A group runs as one step, so a path that leaves it and comes back cannot exist:
//
//     a ──► b        {a, c} is refused: b needs a and c needs b.
//     └──► c ◄─ b    {a, b} first, then {a, b, c}, is fine.
//
// Groups keep a topological order all the time. Joining looks only at what lies between the two in that order, and
// repairs it there (Pearce and Kelly, "A dynamic topological sort algorithm for directed acyclic graphs", 2007).
#ifndef PASSES_FUSION_KERNELGRAPH_H
#define PASSES_FUSION_KERNELGRAPH_H
#include "mlir/IR/Block.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"
#include <vector>

namespace cameo {

class KernelGraph {
public:
  /// Each op of `block` becomes a group of its own. An op with regions stands for all that lies in them.
  explicit KernelGraph(mlir::Block &block);

  unsigned groupOf(mlir::Operation *op) const { return group[number.lookup(op)]; }
  /// In the block's order.
  llvm::ArrayRef<mlir::Operation *> ops(unsigned group) const { return members[group]; }
  /// The op of this block that `user` is or lies in.
  mlir::Operation *inBlock(mlir::Operation *user) const { return block.findAncestorOpInBlock(*user); }
  /// True when an op of `b` uses a result of `a`.
  bool feeds(unsigned a, unsigned b) const;

  /// True when a path leads from group `from` to `to` through other groups than those that `ignored` names.
  bool leadsAround(unsigned from, unsigned to, llvm::function_ref<bool(unsigned)> ignored);

  /// Makes one group of two, which keeps the number of `a`. False, and nothing changes, when a path leads from one to
  /// the other through a third, or so many groups lie between them that one would have to look for long.
  bool join(unsigned a, unsigned b);

  /// Moves the ops of the block so that those of a group stand together.
  void sortBlock();

private:
  template <typename Neighbours>
  bool reach(unsigned from, unsigned to, int64_t low, int64_t high, Neighbours neighbours,
             std::vector<unsigned> &found);

  mlir::Block &block;
  llvm::DenseMap<mlir::Operation *, unsigned> number;
  std::vector<llvm::SmallVector<unsigned, 2>> users, producers; ///< by op number
  std::vector<unsigned> group;                                  ///< by op number
  std::vector<llvm::SmallVector<mlir::Operation *, 1>> members; ///< by group
  std::vector<int64_t> order;                                   ///< by group
  std::vector<unsigned> mark;                                   ///< by group: the last search that saw it
  unsigned search = 0;
};

} // namespace cameo
#endif
