// Verbs.cpp - command lines become calls of verbs; what goes wrong there is E-USAGE, exit code 2.
#include "Common.h"
#include "Verb.h"
#include "common/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/PrettyStackTrace.h"
#include <CLI/CLI.hpp>
#include <new>

using namespace cameo;
using namespace cameo::tool;

static constexpr const char *kExitCodes = "\nExit codes: 0 done, 1 a comparison failed, 2 usage, 3 invalid model, "
                                          "4 unsupported, 5 limit exceeded, 6 file, 7 damaged or foreign program, "
                                          "8 input does not fit, 9 cancelled, 70 internal error.";
static constexpr const char *kVersion = CAMEO_VERSION " (LLVM 22)";

static std::function<int()> setUp(const Verb &verb, CLI::App &app) {
  app.footer(std::string("\n") + verb.help + kExitCodes);
  return verb.setUp(app);
}

static int parseAndRun(CLI::App &app, int argc, char **argv, llvm::function_ref<int()> run) {
  // No signal of a closed pipe: that is an error like others, and temporary files must go.
  llvm::InitLLVM init(argc, argv, /*InstallPipeSignalExitHandler=*/false);
  llvm::setBugReportMsg(
      "cameo: error[E-INTERNAL]: a crash, which is a bug of Cameo. Please report the command, the model "
      "and the lines below.\n");
  try {
    app.parse(argc, argv);
    return run();
  } catch (const CLI::Success &request) { // --help, --version
    return app.exit(request);
  } catch (const CLI::ParseError &problem) {
    const CLI::App *asked = app.get_subcommands().empty() ? &app : app.get_subcommands().front();
    return fail("E-USAGE", usageMessage(*asked, problem));
  } catch (const std::bad_alloc &) {
    return fail("E-MEMORY", "out of memory");
  } catch (const std::exception &problem) {
    return fail("E-INTERNAL", std::string(problem.what()) + "; please report it");
  }
}

int cameo::tool::runAlone(const Verb &verb, const char *program, int argc, char **argv) {
  CLI::App app(verb.summary, program);
  app.set_version_flag("--version", std::string(program) + " " + kVersion);
  std::function<int()> run = setUp(verb, app);
  return parseAndRun(app, argc, argv, run);
}

int cameo::tool::runDriver(int argc, char **argv) {
  static const Verb *const verbs[] = {
#define CAMEO_VERB(name) &name##Verb,
#include "Verbs.inc"
#undef CAMEO_VERB
  };
  CLI::App app("Cameo compiles ONNX models into native programs.", "cameo");
  app.set_version_flag("--version", std::string("cameo ") + kVersion);
  app.require_subcommand(1);
  app.footer("\ncameo VERB --help says more.");
  std::vector<std::pair<CLI::App *, std::function<int()>>> runs;
  for (const Verb *verb : verbs) {
    CLI::App *sub = app.add_subcommand(verb->name, verb->summary);
    runs.emplace_back(sub, setUp(*verb, *sub));
  }
  return parseAndRun(app, argc, argv, [&] {
    for (auto &[sub, run] : runs)
      if (sub->parsed())
        return run();
    return 0;
  });
}
