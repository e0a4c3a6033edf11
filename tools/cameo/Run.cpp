// Run.cpp - `cameo run` and `cameo bench`: hand over to the cameo-run beside this executable, which has no compiler in
// it.
#include "Common.h"
#include "Verb.h"
#include "llvm/Support/Errno.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <CLI/CLI.hpp>
#include <unistd.h>

using namespace cameo;
using namespace cameo::tool;

/// Becomes cameo-run with these arguments.
static int handOver(std::vector<std::string> arguments) {
  llvm::SmallString<256> tool(llvm::sys::path::parent_path(llvm::sys::fs::getMainExecutable(nullptr, nullptr)));
  llvm::sys::path::append(tool, "cameo-run");
  std::vector<char *> pointers{tool.data()};
  for (std::string &argument : arguments)
    pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  execv(tool.c_str(), pointers.data());
  return fail("E-FILE", tool + " cannot be started: " + llvm::sys::StrError());
}

/// All that follows the verb is cameo-run's, --help too.
static void leaveArguments(CLI::App &app) {
  app.prefix_command();
  app.set_help_flag();
}

static std::function<int()> setUpRun(CLI::App &app) {
  leaveArguments(app);
  return [&app] { return handOver(app.remaining()); };
}

static std::function<int()> setUpBench(CLI::App &app) {
  leaveArguments(app);
  return [&app] {
    std::vector<std::string> arguments = app.remaining();
    auto saysHowLong = [](llvm::StringRef argument) {
      llvm::StringRef flag = argument.split('=').first;
      return flag == "--seconds" || flag == "--repeat";
    };
    if (llvm::none_of(arguments, saysHowLong))
      arguments.push_back("--seconds=3");
    return handOver(arguments);
  };
}

namespace cameo::tool {
const Verb runVerb{"run", "Runs a program, or a model by way of a cache; the same as cameo-run.", "", setUpRun};
const Verb benchVerb{"bench", "Times a program for --seconds=3: percentiles, and the share of what the machine can do.",
                     "", setUpBench};
} // namespace cameo::tool
