// Report.h - what cameo-run prints: for people, or as one JSON object.
#pragma once
#include "cameo-run/Compare.h"
#include "cameo-run/Options.h"
#include "cameo-run/Roof.h"
#include <map>

namespace cameo::run {

/// Time of one launch of the program over all timed runs.
struct KernelTime {
  const char *kernel = "", *nodes = "";
  int64_t launches = 0;
  int64_t ns = 0;
};

/// By number of the launch.
using Profile = std::map<uint64_t, KernelTime>;

/// What the compiler knows of a program (`metadata`); nothing where only the run knows the sizes.
struct Costs {
  struct Launch {
    std::optional<double> flops, bytes; ///< bytes: read and written
    /// The time that it should take on one thread, as what a loop of multiply-adds does meanwhile.
    std::optional<double> expectedFlops;
  };
  std::vector<Launch> launches;
  double weightBytes = 0;

  /// Of a whole run; a launch inside a loop counts once.
  std::optional<double> flops() const;
};

/// --seconds
struct Benchmark {
  double firstMs; ///< the first run after loading
  Roof roof;
};

struct Results {
  double compileMs = 0;
  double loadMs = 0;
  std::vector<double> timesMs; ///< one per timed run
  uint64_t workingBytes = 0;   ///< most working memory and outputs at a time
  unsigned threads = 1;
  std::vector<NpzEntry> outputs;
  std::vector<Comparison> comparisons;
  Profile kernels; ///< empty without --profile
  Costs costs;
  std::optional<Benchmark> benchmark;
};

/// Both end with a UserError where standard output is closed.
void printResults(const cameo_program *program, const Options &options, const Results &results);
void printSignature(const cameo_program *program, bool asJson);

} // namespace cameo::run
