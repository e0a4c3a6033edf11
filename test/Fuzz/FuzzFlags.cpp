// FuzzFlags.cpp - command lines: one argument a line. The first line's first character says whose they are: those of
// `cameo check`, whose --dim and --shape are applied to a model, or those of cameo-run, whose --input and --dim are
// applied to a program.
#include "cameo-run/Inputs.h"
#include "cameo-run/Options.h"
#include "cameo-run/UserError.h"
#include "cameo/Common.h"
#include "cameo/Runtime/cameo.h"
#include "common/CommandLine.h"
#include <CLI/CLI.hpp>
#include <sstream>

using namespace cameo;

static std::string model, programPath;
static cameo_program *program;

static void compileFlags(std::vector<char *> &arguments) {
  CLI::App app("", "cameo");
  tool::ModelOptions options;
  tool::addModelOptions(app, options, /*isOptional=*/true);
  try {
    app.parse(int(arguments.size()), arguments.data());
  } catch (const CLI::Success &) {
    return;
  } catch (const CLI::ParseError &problem) {
    if (tool::usageMessage(app, problem).empty())
      abort();
    return;
  }
  static auto context = tool::makeContext();
  std::vector<Diagnostic> diagnostics;
  options.path = model;
  auto module = tool::load(options, *context, diagnostics);
  if (bool(module) == hasErrors(diagnostics) || exitCodeOf(diagnostics) == ExitCode::InternalError)
    abort();
}

static void runFlags(std::vector<char *> &arguments) {
  try {
    std::optional<run::Options> options = run::parseOptions(int(arguments.size()), arguments.data());
    if (!options)
      return;
    for (auto &[name, size] : options->dims)
      size = std::min<int64_t>(size, 1 << 10); // what is asked for is made
    run::makeInputs(program, *options);
  } catch (const run::UserError &error) {
    if (error.exitCode == ExitCode::InternalError)
      abort();
  }
}

extern "C" int LLVMFuzzerInitialize(int *argc, char ***argv) {
  const char *folder = getenv("CAMEO_FUZZ_DATA"); // dynamic.onnx, dynamic.cameo
  if (!folder) {
    fprintf(stderr, "CAMEO_FUZZ_DATA is not set; use tools/dev/fuzz\n");
    exit(2);
  }
  model = std::string(folder) + "/dynamic.onnx";
  cameo_error error;
  if (cameo_program_load((std::string(folder) + "/dynamic.cameo").c_str(), nullptr, &program, &error)) {
    fprintf(stderr, "%s\n", error.message);
    exit(2);
  }
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::istringstream lines(std::string(reinterpret_cast<const char *>(data), size));
  std::vector<std::string> texts;
  for (std::string line; std::getline(lines, line);)
    texts.push_back(line.c_str()); // arguments end at a zero byte
  if (texts.empty())
    return 0;
  bool isRun = texts[0].starts_with("r");
  texts[0] = "cameo";
  std::vector<char *> arguments;
  for (std::string &text : texts)
    arguments.push_back(text.data());
  isRun ? runFlags(arguments) : compileFlags(arguments);
  return 0;
}
