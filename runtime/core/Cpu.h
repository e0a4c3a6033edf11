// Cpu.h - what this machine offers a program: instruction sets, processors, memory.
#pragma once
#include <cstdint>
#include <string>

namespace cameo::rt {

/// CAMEO_CPU_* bits of this CPU which the operating system has enabled. Computed once.
uint64_t cpuFeatures();

/// "avx512f, avx512vnni" for the bits of `features`; bits without a name print as "bit N".
std::string cpuFeatureNames(uint64_t features);

/// What the control groups of this process allow. `root` replaces "" in front of /proc and /sys in tests.
struct GroupLimits {
  double cpus = 0;          ///< processors' worth of time; 0: no limit
  uint64_t memoryBytes = 0; ///< 0: no limit
};
GroupLimits readGroupLimits(const std::string &root = "");

/// Processors in the affinity mask, and no more than the quota rounded up; at least 1.
unsigned defaultThreads();

/// Physical memory, or what the control group allows of it.
uint64_t availableMemory();

} // namespace cameo::rt
