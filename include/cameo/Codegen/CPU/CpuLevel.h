// CpuLevel.h - a CPU level as a target.
#ifndef CAMEO_CODEGEN_CPU_CPULEVEL_H
#define CAMEO_CODEGEN_CPU_CPULEVEL_H

#include "cameo/Codegen/Target.h"

namespace cameo::codegen {

/// The target for a name of --cpu (CpuTarget.h); null, with a reason, where there is none.
std::unique_ptr<HostTarget> makeCpuLevel(llvm::StringRef name, std::string &error);

} // namespace cameo::codegen
#endif
