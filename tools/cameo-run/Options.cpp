// Options.cpp - see Options.h.
#include "cameo-run/Options.h"
#include "cameo-run/UserError.h"
#include "common/CommandLine.h"
#include <CLI/CLI.hpp>

namespace cameo::run {
namespace {

const char *const kFooter = R"(
An input is given as
  --input ALL.npz            NumPy's archive; its entries are named like the program's inputs
  --input NAME=FILE.npy      also .npz (its only entry), .pb (ONNX TensorProto), .png
  --input NAME=random[:SEED] floats in [-1, 1), u8 and i8 over their range, other integers 0 or 1; the same for a seed everywhere
  --input NAME=ones          also zeros
NAME= may be left out where the program has one input. What is not given is random with seed 0.
A picture is resized to the input's height and width; its pixels are (p * scale - mean) / std with p from 0 to 255. Options
follow the file's name: FILE.png:scale=0.00392:mean=0.485,0.456,0.406:std=0.229,0.224,0.225:order=bgr
Types NumPy lacks: bf16 is its bits in uint16, floats of 8 bits or less their bits in uint8, 4- and 2-bit integers are int8 or uint8.

Exit codes: 0 done, 1 --expect found a difference, 2 usage, 5 limit exceeded, 6 file, 7 program file, 8 input, 9 cancelled,
70 internal error; what cameo-compile ended with where that failed.)";

std::vector<std::pair<std::string, int64_t>> parseDims(const std::vector<std::string> &given) {
  std::vector<std::pair<std::string, int64_t>> dims;
  for (const std::string &text : given) {
    size_t colon = text.rfind(':');
    char *end = nullptr;
    errno = 0;
    int64_t size = colon == std::string::npos ? -1 : strtoll(text.c_str() + colon + 1, &end, 10);
    if (size < 0 || errno || end == text.c_str() + colon + 1 || *end)
      throw UserError("E-USAGE", Usage, "--dim=" + escaped(text) + ": expected NAME:VALUE with a size of 0 or more");
    dims.emplace_back(text.substr(0, colon), size);
  }
  return dims;
}

} // namespace

std::optional<Options> parseOptions(int argc, char **argv) {
  Options options;
  std::vector<std::string> dims;
  CLI::App app("Runs a compiled program, or an ONNX model after compiling it into a cache.", "cameo-run");
  app.footer(kFooter);
  app.set_version_flag("--version", std::string("cameo-run ") + cameo_version());
  app.add_option("program", options.program, "PROGRAM.cameo or MODEL.onnx")->required();
  app.add_option("-i,--input", options.inputs, "An input, see below; may be repeated")
      ->allow_extra_args(false)
      ->type_name("SPEC");
  app.add_option("--dim", dims, "Size of a dynamic dimension of generated inputs, 1 if not given; may be repeated")
      ->allow_extra_args(false)
      ->type_name("NAME:VALUE");
  app.add_flag(
      "--specialize", options.specialize,
      "Compile MODEL.onnx for the sizes of these inputs alone, instead of for all that its symbols can stand for");
  app.add_option("-o,--output", options.output, "Write all outputs to this archive")->type_name("ALL.npz");
  app.add_option("--expect", options.expect, "Compare the outputs with this archive; exit with 1 where they differ")
      ->type_name("ALL.npz");
  app.add_option("--rtol", options.rtol, "Allowed: |found - expected| <= atol + rtol * |expected|")
      ->check(CLI::NonNegativeNumber)
      ->type_name("NUMBER")
      ->capture_default_str();
  app.add_option("--atol", options.atol, "See --rtol")
      ->check(CLI::NonNegativeNumber)
      ->type_name("NUMBER")
      ->capture_default_str();
  app.add_option("--threads", options.threads, "Threads, the calling one included; 0: what affinity and cgroup allow")
      ->check(CLI::Range(0, 512))
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--warmup", options.warmup, "Runs that are not timed")->type_name("N")->capture_default_str();
  CLI::Option *repeat = app.add_option("--repeat", options.repeat, "Timed runs");
  repeat->check(CLI::Range(1u, 1000000000u))->type_name("N")->capture_default_str();
  app.add_option("--memory-budget", options.memoryBudget,
                 "Working memory and outputs, and as much again for inputs that are not given; for example 512MB; 0: "
                 "what the machine has")
      ->transform(CLI::AsSizeValue(false))
      ->type_name("SIZE");
  app.add_option(
         "--cache-room", options.cacheRoom,
         "Keep inputs that an output continues, a decoder's past keys and values, in one memory with it that has "
         "room for so many rows: only new ones are written")
      ->check(CLI::NonNegativeNumber)
      ->type_name("ROWS");
  app.add_option("--target", options.target, "What runs the kernels: cpu, cuda:0 for the first NVIDIA GPU, or cuda:sim")
      ->type_name("NAME")
      ->capture_default_str();
  app.add_option("--variant", options.variant, "Run this code variant instead of the best one for the target")
      ->type_name("NAME");
  app.add_flag("--json", options.json, "Print one JSON object");
  app.add_option("--seconds", options.benchSeconds,
                 "Run for so long, after a warm-up; say percentiles, and what this machine could do")
      ->check(CLI::Range(0.1, 86400.0))
      ->type_name("SECONDS")
      ->excludes(repeat);
  app.add_option("--trace", options.trace, "Write what each thread did in each kernel, for ui.perfetto.dev")
      ->type_name("FILE.json");
  app.add_flag("--profile", options.profile, "Time each kernel");
  app.add_flag("--signature", options.signature, "Print inputs and outputs and do not run");
  app.add_flag("--verify-weights", options.verifyWeights, "Compare the weights with their digest while loading");
  app.add_flag("--reject-nan", options.rejectNan, "Refuse inputs that hold a NaN");
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success &request) {
    app.exit(request);
    return std::nullopt;
  } catch (const CLI::ParseError &problem) {
    throw UserError("E-USAGE", Usage, tool::usageMessage(app, problem));
  }
  options.dims = parseDims(dims);
  return options;
}

} // namespace cameo::run
