// CpuTarget.cpp - CPU levels by LLVM's names, the features that a program of each needs, and the host's.
#include "cameo/Codegen/CPU/CpuTarget.h"
#include "cameo/Runtime/KernelABI.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"

using namespace cameo::codegen;

namespace {
/// LLVM's name of a feature and our bit for it.
struct FeatureBit {
  const char *name;
  uint64_t bit;
};
constexpr FeatureBit kFeatureBits[] = {
    {"sse4.2", CAMEO_CPU_SSE42},
    {"avx", CAMEO_CPU_AVX},
    {"avx2", CAMEO_CPU_AVX2},
    {"fma", CAMEO_CPU_FMA},
    {"f16c", CAMEO_CPU_F16C},
    {"bmi2", CAMEO_CPU_BMI2},
    {"avx512f", CAMEO_CPU_AVX512F},
    {"avx512bw", CAMEO_CPU_AVX512BW},
    {"avx512vl", CAMEO_CPU_AVX512VL},
    {"avx512dq", CAMEO_CPU_AVX512DQ},
    {"avx512cd", CAMEO_CPU_AVX512CD},
    {"avx512vnni", CAMEO_CPU_AVX512VNNI},
    {"avx512bf16", CAMEO_CPU_AVX512BF16},
    {"avx512vbmi", CAMEO_CPU_AVX512VBMI},
    {"popcnt", CAMEO_CPU_POPCNT},
    {"movbe", CAMEO_CPU_MOVBE},
    {"lzcnt", CAMEO_CPU_LZCNT},
};
} // namespace

std::optional<CpuTarget> cameo::codegen::findCpuTarget(llvm::StringRef name, std::string &error) {
  static const bool initialized = [] {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
    llvm::InitializeNativeTargetAsmParser();
    return true;
  }();
  (void)initialized;
  CpuTarget target;
  target.cpu = name == "native" ? llvm::sys::getHostCPUName().str() : name.str();
  std::string triple = llvm::sys::getProcessTriple(), reason;
  const llvm::Target *backend = llvm::TargetRegistry::lookupTarget(llvm::Triple(triple), reason);
  if (!backend) {
    error = "LLVM has no code generator for this machine: " + reason;
    return std::nullopt;
  }
  std::unique_ptr<llvm::MCSubtargetInfo> info(backend->createMCSubtargetInfo(llvm::Triple(triple), "", ""));
  if (!info->isCPUStringValid(target.cpu)) {
    error = "--cpu=" + name.str() +
            " is not a CPU that LLVM knows; use native, x86-64-v2, x86-64-v3, x86-64-v4, or a name that "
            "`clang --print-supported-cpus` lists (znver4, skylake-avx512, ...)";
    return std::nullopt;
  }
  // The virtual machine's CPU may lack what its model name promises.
  if (name == "native")
    for (const auto &[feature, present] : llvm::sys::getHostCPUFeatures())
      target.features += (target.features.empty() ? "" : ",") + std::string(present ? "+" : "-") + feature.str();
  info.reset(backend->createMCSubtargetInfo(llvm::Triple(triple), target.cpu, target.features));
  auto has = [&](llvm::StringRef feature) { return info->checkFeatures(("+" + feature).str()); };
  for (const FeatureBit &f : kFeatureBits)
    if (has(f.name))
      target.required |= f.bit;
  if (has("avx512f") && has("avx512vl")) {
    target.vectorBytes = 64;
    target.hasScale = has("avx512dq");
    target.hasBf16Dots = has("avx512bf16");
  } else if (has("avx2")) {
    target.vectorBytes = 32;
  }
  target.hasFma = has("fma");
  if (has("avx512vnni") && has("avx512vl"))
    target.byteDots = ByteDots::Quads;
  else if (has("sse2") && (target.vectorBytes < 64 || has("avx512bw")))
    target.byteDots = ByteDots::Pairs;
  return target;
}
