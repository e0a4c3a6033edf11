// HostProgram.h - the entry function: sizes, memory, launches and control flow of one program.
#ifndef CAMEO_CODEGEN_HOSTPROGRAM_H
#define CAMEO_CODEGEN_HOSTPROGRAM_H

#include "cameo/Codegen/Kernel.h"
#include "cameo/Codegen/Weights.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace cameo::codegen {

/// One launch site: which kernel function (an index into the program's distinct kernels) and what it stands for.
struct LaunchSite {
  unsigned kernel;
  std::string name;  ///< "conv_relu"
  std::string nodes; ///< ONNX node names, joined by ", "
};

struct HostProgram {
  /// Holds `llvm.func @entry(%call: !llvm.ptr) -> i32`, built of llvm, scf and arith ops. Launch sites are addressed as
  /// elements of the external array @launches of cameo_kernel structs.
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::vector<LaunchSite> launches;
  int64_t arenaBytes = 0; ///< planned arena; -1 when it depends on run-time sizes
  int64_t numSlots = 0;
};

/// A kernel's number and signature, as the host asks for them by cameo.kernel op and launch. Launches of an op agree in
/// what they say of inputs and temporaries.
struct KernelUse {
  unsigned number;
  const KernelSignature *signature;
};
using KernelUses = llvm::function_ref<KernelUse(KernelOp, unsigned launch)>;

/// Whether the entry function can read and write what kernels read and write, or has to ask the runtime for copies.
enum class KernelMemory { Host, Device };

/// Emits the entry function of `main`, whose body consists of kernels, views, constants, control flow, and ops whose
/// results are known as sizes.
mlir::FailureOr<HostProgram> emitHostProgram(mlir::func::FuncOp main, ShapeAnalysis &shapes,
                                             const Placements &placements, WeightTable &weights, KernelMemory memory,
                                             KernelUses kernels);

/// True for tensors whose elements may be sizes of others. Those are read when a size is first asked for, which may be
/// after the last op that uses the tensor: their memory must stay.
bool mayHoldSizes(mlir::Value value);

} // namespace cameo::codegen
#endif
