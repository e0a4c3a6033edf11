// CudaChip.h - an NVIDIA architecture as a target: kernels become PTX.
#ifndef CAMEO_CODEGEN_CUDA_CUDACHIP_H
#define CAMEO_CODEGEN_CUDA_CUDACHIP_H

#include "cameo/Codegen/Target.h"

namespace cameo::codegen {

/// The target for a name of --chip ("sm_80", "sm_90a"); null, with a reason, where it is not known.
std::unique_ptr<Target> makeCudaChip(llvm::StringRef name, std::string &error);

} // namespace cameo::codegen
#endif
