// CpuTarget.h - a CPU level as data: LLVM's name and features for it, and what the emitters need to know.
#ifndef CAMEO_CODEGEN_CPU_CPUTARGET_H
#define CAMEO_CODEGEN_CPU_CPUTARGET_H

#include "cameo/Codegen/CPU/ContractionTile.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cameo::codegen {

struct CpuTarget {
  std::string cpu;       ///< LLVM's -mcpu: "znver4", "x86-64-v3"; what "native" stands for
  std::string features;  ///< LLVM's feature string: "+avx2,+fma"
  uint64_t required = 0; ///< CAMEO_CPU_* bits that code for this target uses
  int64_t vectorBytes = 16;
  bool hasFma = false;
  bool hasBf16Dots = false; ///< vdpbf16ps on vectors of any length
  bool hasScale = false;    ///< vreduceps and vscalefps on vectors of any length
  ByteDots byteDots = ByteDots::None;
};

/// The target for a name of --cpu: "native", "x86-64-v2", "x86-64-v3", "x86-64-v4", or any CPU that LLVM knows. Null
/// (with a message that lists what is known) otherwise.
std::optional<CpuTarget> findCpuTarget(llvm::StringRef name, std::string &error);

} // namespace cameo::codegen
#endif
