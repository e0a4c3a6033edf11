// CompileOptions.h - everything a user can choose about a compilation, in one place.
#ifndef CAMEO_PIPELINE_COMPILEOPTIONS_H
#define CAMEO_PIPELINE_COMPILEOPTIONS_H

#include "cameo/Codegen/Targets.h"
#include <functional>
#include <string>
#include <vector>

namespace cameo {

/// What a compilation writes.
enum class OutputKind { CameoMlir, ONNX, LLVM, Assembly, Ptx, Object, StaticLibrary, Shared };

/// What ops of f32 that add up products multiply where that pays (ProductInterface); they add in f32 in any case.
enum class FactorType { AsWritten, BF16, F16 };

/// Whether tiles are measured on this machine: none, a dozen for each kernel, or all.
enum class Tune { No, Quick, Full };

struct CompileOptions {
  int optLevel = 3; ///< 0 (naive) to 3
  OutputKind emit = OutputKind::Shared;
  codegen::TargetNames targets; ///< one code variant each, of every kind the best first
  bool strict = false; ///< sums may change their order and no more: no Winograd convolutions, no zeros left out
  FactorType factors = FactorType::AsWritten;
  Tune tune = Tune::No;
  std::string tuneDatabase; ///< file that keeps what was measured (lib/Pipeline/TileDatabase.h)
  unsigned jobs = 0;        ///< threads; 0: all of this process's CPUs
  bool countFlops =
      false; ///< kernels add up their arithmetic in cameo_flops_<n> (FlopCounting.h); for -O0, one CPU, one thread
  std::string stopAfter;                   ///< phase name; empty: run all
  std::vector<std::string> dumpAfter;      ///< phase names whose IR is printed to stderr
  std::vector<std::string> disabledPasses; ///< pass arguments ("cameo-fuse-kernels") that are skipped
  /// Called as work goes on, from any thread, one call at a time: a phase's name, and how much of it is done when that
  /// can be counted (`total` is 0 otherwise). May be empty.
  std::function<void(const std::string &what, size_t done, size_t total)> progress;
};

} // namespace cameo
#endif
