// Run.cpp - `cameo run`: hands over to the cameo-run beside this executable, which has no compiler in it.
#include "Common.h"
#include "Verb.h"
#include "llvm/Support/Errno.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <CLI/CLI.hpp>
#include <unistd.h>

using namespace cameo;
using namespace cameo::tool;

static int run(const CLI::App &app) {
  llvm::SmallString<256> tool(llvm::sys::path::parent_path(llvm::sys::fs::getMainExecutable(nullptr, nullptr)));
  llvm::sys::path::append(tool, "cameo-run");
  std::vector<std::string> arguments = app.remaining();
  std::vector<char *> pointers{tool.data()};
  for (std::string &argument : arguments)
    pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  execv(tool.c_str(), pointers.data());
  return fail("E-FILE", tool + " cannot be started: " + llvm::sys::StrError());
}

static std::function<int()> setUp(CLI::App &app) {
  app.prefix_command(); // all that follows is cameo-run's, --help too
  app.set_help_flag();
  return [&app] { return run(app); };
}

namespace cameo::tool {
const Verb runVerb{"run", "Runs a program, or a model by way of a cache; the same as cameo-run.", "", setUp};
} // namespace cameo::tool
