// Blocks.h - where ops of a graph stand.
#ifndef CAMEO_PASSES_BLOCKS_H
#define CAMEO_PASSES_BLOCKS_H

#include "cameo/Dialect/Cameo/Cameo.h"

namespace cameo {

/// The blocks of `root`, those of branches and loops included, outer ones first; not those of kernels.
inline llvm::SmallVector<mlir::Block *> blocksOutsideKernels(mlir::Operation *root) {
  llvm::SmallVector<mlir::Block *> blocks;
  root->walk<mlir::WalkOrder::PreOrder>([&](mlir::Operation *op) {
    if (llvm::isa<KernelOp>(op))
      return mlir::WalkResult::skip();
    for (mlir::Region &region : op->getRegions())
      for (mlir::Block &block : region)
        blocks.push_back(&block);
    return mlir::WalkResult::advance();
  });
  return blocks;
}

} // namespace cameo
#endif
