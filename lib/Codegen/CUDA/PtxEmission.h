// PtxEmission.h - from a kernel's loops to PTX.
#ifndef LIB_CODEGEN_CUDA_PTXEMISSION_H
#define LIB_CODEGEN_CUDA_PTXEMISSION_H

#include "PtxTarget.h"
#include "cameo/Codegen/Target.h"

namespace cameo::codegen {

/// The kernel as PTX text, or as the LLVM IR it is made of. A thread takes the tile of its number in the grid; where
/// `block` gives a tile several threads, the tile of its block's.
mlir::FailureOr<Code> emitPtx(EmittedKernel &kernel, const DeviceBlock &block, llvm::StringRef symbol,
                              const PtxTarget &target, const CodeOptions &options);

/// One module of what emitPtx gave for several kernels.
std::string joinPtx(llvm::ArrayRef<Code> kernels);

} // namespace cameo::codegen
#endif
