// Options.h - the command line of cameo-run.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cameo::run {

struct Options {
  std::string program;             ///< a .cameo file, or an .onnx file to be compiled first
  std::vector<std::string> inputs; ///< as given: ALL.npz, NAME=SPEC, or a file for a program with one input
  std::vector<std::pair<std::string, int64_t>> dims; ///< --dim: sizes of generated inputs by symbol
  std::string output;
  std::string expect;
  double rtol = 1e-3;
  double atol = 1e-4;
  unsigned threads = 0; ///< 0: what the machine offers
  unsigned warmup = 0;
  unsigned repeat = 1;
  uint64_t memoryBudget = 0;        ///< bytes; 0: what the machine has
  std::optional<int64_t> cacheRoom; ///< rows of the memory of inputs that outputs continue
  std::string variant;
  std::string target = "cpu";
  std::optional<double> benchSeconds; ///< --seconds: a benchmark
  std::string trace;                  ///< --trace: a file
  bool specialize = false;            ///< compile a model for the sizes of its inputs
  bool json = false;
  bool profile = false;
  bool signature = false;
  bool verifyWeights = false;
  bool rejectNan = false;
};

/// The options, or nothing after --help or --version have been printed. UserError(E-USAGE) for what cannot be read.
std::optional<Options> parseOptions(int argc, char **argv);

} // namespace cameo::run
