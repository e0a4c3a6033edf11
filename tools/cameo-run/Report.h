// Report.h - what cameo-run prints: for people, or as one JSON object.
#pragma once
#include "cameo-run/Compare.h"
#include "cameo-run/Options.h"
#include <map>

namespace cameo::run {

/// Time of one launch site over all timed runs.
struct KernelTime {
  int64_t launches = 0;
  int64_t ns = 0;
};

/// By name of the kernel and ONNX nodes.
using Profile = std::map<std::pair<std::string, std::string>, KernelTime>;

struct Results {
  double compileMs = 0;
  double loadMs = 0;
  std::vector<double> timesMs; ///< one per timed run
  uint64_t workingBytes = 0;   ///< most working memory and outputs at a time
  unsigned threads = 1;
  std::vector<NpzEntry> outputs;
  std::vector<Comparison> comparisons;
  Profile kernels; ///< empty without --profile
};

/// Both end with a UserError where standard output is closed.
void printResults(const cameo_program *program, const Options &options, const Results &results);
void printSignature(const cameo_program *program, bool asJson);

} // namespace cameo::run
