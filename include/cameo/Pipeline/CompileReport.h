// CompileReport.h - what a compilation did, as data: --explain prints it, --report writes it.
#ifndef CAMEO_PIPELINE_COMPILEREPORT_H
#define CAMEO_PIPELINE_COMPILEREPORT_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace cameo {

/// What a pass says about some nodes: one remark (cameo/Passes/Remarks.h).
struct Decision {
  bool changed;                               ///< false: left alone, and why
  std::string counted;                        ///< "ops fused"
  std::vector<std::string> nodes;             ///< ONNX names
  std::string text;                           ///< completes "node 'x': "
  std::map<std::string, std::string> metrics; ///< "bytes_saved": "4096"
};

struct PassReport {
  std::string name; ///< its argument
  double seconds = 0;
  std::vector<Decision> decisions;

  /// How often it changed something, by what is counted.
  std::map<std::string, int64_t> counts() const;
};

struct PhaseReport {
  std::string name;
  double seconds = 0;
  std::vector<PassReport> passes;
};

/// One launch. Sizes are unset when only the run knows them.
struct KernelReport {
  std::string name;               ///< "conv_add_relu"
  std::vector<std::string> nodes; ///< ONNX names
  unsigned function;              ///< which of the distinct compiled functions
  std::optional<int64_t> bytesRead, bytesWritten, flops;
  std::optional<double> expectedFlops; ///< the time it should take on one thread, as Target::expectedFlops counts it
  std::optional<int64_t> bytesSaved;   ///< not written and read back because ops share the kernel
};

struct CompileReport {
  double seconds = 0;
  std::vector<PhaseReport> phases; ///< then "code" and "link"
  std::string failedPass;          ///< its argument; empty when none failed
  std::vector<KernelReport> kernels;
  unsigned distinctKernels = 0; ///< compiled functions of one CPU variant
  int64_t weightsBytes = 0, arenaBytes = 0, codeBytes = 0;

  llvm::json::Object toJson() const;
  /// A paragraph per phase, then a line per kernel.
  void explain(llvm::raw_ostream &os) const;
};

} // namespace cameo
#endif
