// CpuAnchors.h - tuned CPU code for anchors: finds the emitter of an op, its tile, and the form of its constant
// operands.
#ifndef CAMEO_CODEGEN_CPU_CPUANCHORS_H
#define CAMEO_CODEGEN_CPU_CPUANCHORS_H

#include "cameo/Codegen/CPU/CpuTarget.h"
#include "cameo/Codegen/Kernel.h"

namespace mlir {
class Pass;
}

namespace cameo::codegen {

/// The anchors that one CPU level has emitters for. An op which none of them takes (another element type, a filter
/// known only at run time) keeps its naive loops.
class CpuAnchorEmitter final : public AnchorEmitter {
public:
  explicit CpuAnchorEmitter(const CpuTarget &target) : target(target) {}
  std::optional<mlir::LogicalResult> emit(KernelOp kernel, mlir::Operation *anchor, KernelBuilder &k,
                                          mlir::OpBuilder &b, llvm::ArrayRef<KernelTensor> operands,
                                          llvm::ArrayRef<KernelTensor> results) override;

private:
  const CpuTarget &target;
};

/// Tiles that `kernel` can have on `target`, as entries of its `config`: first the model's choice, then those that it
/// expects most of. Empty where the kernel has no tile. `strict` as in --cameo-choose-tiles.
llvm::SmallVector<mlir::DictionaryAttr> candidateTiles(KernelOp kernel, ShapeAnalysis &shapes, const CpuTarget &target,
                                                       bool strict);

/// What a launch of `kernel`, whose tile is in its `config`, is expected to take on one thread: slots as
/// ContractionTile.h counts them. Null where only the run knows the sizes.
std::optional<double> expectedSlots(KernelOp kernel, ShapeAnalysis &shapes, const CpuTarget &target);

} // namespace cameo::codegen
#endif
