// CudaChip.h - an NVIDIA architecture as a target: kernels become PTX.
#ifndef CAMEO_CODEGEN_CUDA_CUDACHIP_H
#define CAMEO_CODEGEN_CUDA_CUDACHIP_H

#include "cameo/Codegen/Target.h"

namespace cameo::codegen {

/// The target for a name of --chip ("sm_80", "sm_90a"); null, with a reason, where it is not known. With `useTf32`
/// products and convolutions of f32 are multiplied as tf32 where the chip has tensor cores for it: each factor is off
/// by 2^-11.
std::unique_ptr<Target> makeCudaChip(llvm::StringRef name, bool useTf32, std::string &error);

} // namespace cameo::codegen
#endif
