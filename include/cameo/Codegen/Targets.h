// Targets.h - the targets that are built in, by their names.
#ifndef CAMEO_CODEGEN_TARGETS_H
#define CAMEO_CODEGEN_TARGETS_H

#include "cameo/Codegen/Target.h"

namespace cameo::codegen {

/// What a program is compiled for.
struct TargetNames {
  std::vector<std::string> kinds{"cpu"};
  std::vector<std::string> cpus{"native"};           ///< levels of "cpu"
  std::vector<std::string> chips{"sm_80", "sm_90a"}; ///< architectures of "cuda"
  bool useTf32 = false;                              ///< GPUs multiply f32 as tf32 (CudaChip.h)
};

/// What TargetNames::kinds may hold.
std::vector<std::string> targetKinds();

/// One target per variant of the program, in its order. Empty, with a reason, where a name is not known.
std::vector<std::unique_ptr<Target>> makeTargets(const TargetNames &names, std::string &error);

/// The CPU level whose code runs on every machine of this architecture; for the entry functions of devices.
std::unique_ptr<HostTarget> makeBaselineHost();

/// The CPU of this machine; null, with a reason, where LLVM has no code generator for it.
std::unique_ptr<HostTarget> makeNativeHost(std::string &error);

} // namespace cameo::codegen
#endif
