// Options.cpp - flags of cameo-compile by CLI11. (LLVM's own command line library would show, and collide with, LLVM's flags.)
#include "Options.h"
#include "cameo/Pipeline/Phases.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/raw_ostream.h"
#include <CLI/CLI.hpp>

using namespace cameo;
using namespace cameo::tool;

int cameo::tool::fail(ExitCode code, const std::string &tag, const std::string &message) {
  llvm::errs() << "cameo: error[" << tag << "]: " << message << "\n";
  return int(code);
}

static bool parseDim(llvm::StringRef text, onnx::DimBinding &binding) {
  auto [name, range] = text.rsplit(':');
  if (name.empty() || range.empty())
    return false;
  binding.name = name.str();
  auto [low, high] = range.split("..");
  if (low.getAsInteger(10, binding.min))
    return false;
  binding.max = binding.min;
  if (range.contains("..") && high.getAsInteger(10, binding.max))
    return false;
  return binding.min >= 0 && binding.max >= binding.min;
}

static bool isPhase(const std::string &name) {
  return llvm::any_of(phases(), [&](const Phase &phase) { return phase.name == name; });
}

std::optional<int> cameo::tool::parseOptions(int argc, char **argv, Options &options) {
  CLI::App app("Compiles an ONNX model into a native program.", "cameo-compile");
  app.footer("\nExamples:\n"
             "  cameo-compile model.onnx -o model.cameo         for this machine's CPU\n"
             "  cameo-compile model.onnx --cpu=x86-64-v4,x86-64-v3 -o model.cameo\n"
             "  cameo-compile model.onnx --dim=batch:1 --emit=asm -o -\n"
             "  cameo-run model.cameo                           runs it\n");
  std::vector<std::string> dims;
  std::string target = "cpu";
  const std::map<std::string, Emit> emits{{"cameo-mlir", Emit::CameoMlir}, {"llvm", Emit::LLVM},
                                          {"asm", Emit::Assembly},         {"obj", Emit::Object},
                                          {"static-lib", Emit::StaticLibrary}, {"shared", Emit::Shared}};
  CompileOptions &compile = options.compile;
  app.set_version_flag("--version", "cameo-compile 0.1.0 (LLVM 22)");
  app.add_option("model", options.input, "MODEL.onnx");
  app.add_option("-o", options.output, "file to write; - is standard output (default: the model's name with .cameo)");
  app.add_option("-O", compile.optLevel, "0: naive loops, every op by itself; 1 to 3: fused and tuned (default 3)")
      ->check(CLI::Range(0, 3));
  app.add_option("--target", target, "what the program runs on: cpu");
  app.add_option("--cpu", compile.cpus,
                 "CPU levels: native (default), x86-64-v2, x86-64-v3, x86-64-v4; several give a program that picks the best at load")
      ->delimiter(',');
  app.add_option("--dim", dims, "fix or bound a symbolic size: NAME:VALUE or NAME:MIN..MAX; NAME is a dim_param or input.axis")
      ->allow_extra_args(false);
  app.add_option("--emit", compile.emit, "what to write: cameo-mlir, llvm, asm, obj, static-lib (an archive and a C header), shared")
      ->transform(CLI::CheckedTransformer(emits));
  app.add_flag("--explain", compile.explain, "say what every pass did to which node, and why not elsewhere");
  app.add_option("--report", options.report, "write a summary as JSON");
  app.add_option("--stop-after", compile.stopAfter, "write the dialect after this phase (see --list-phases)");
  app.add_option("--dump-after", compile.dumpAfter, "print the dialect after these phases")->delimiter(',');
  app.add_option("--disable-pass", compile.disabledPasses, "skip passes by name: cameo-fuse-kernels, ...")->delimiter(',');
  app.add_flag("--list-phases", options.listPhases, "print the phases and end");
  app.add_flag("--list-ops", options.listOps, "print the ONNX ops that can be imported and end");
  app.add_option("-j", compile.jobs, "threads (default: all CPUs)");
  app.add_flag("--lenient-shapes", options.import.lenientShapes,
               "declared shapes that contradict the inferred ones are warnings");
  app.add_flag("--follow-symlinks", options.import.read.followSymlinks, "external data may be reached through symbolic links");
  app.add_option("--external-data-root", options.import.read.externalDataRoot, "folder of external data (default: the model's)");
  for (const onnx::LimitFlag &flag : onnx::limitFlags())
    app.add_option(flag.flag.str(), options.import.read.limits.*flag.field, flag.help.str())->group("Limits");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    if (error.get_exit_code() == 0) { // --help, --version
      app.exit(error);
      return 0;
    }
    return fail(ExitCode::Usage, "E-USAGE", std::string(error.what()) + "; see cameo-compile --help");
  }
  if (target != "cpu")
    return fail(ExitCode::Unsupported, "E-TARGET", "--target=" + target + " is not built in; use --target=cpu");
  std::vector<std::string> named = compile.dumpAfter;
  if (!compile.stopAfter.empty())
    named.push_back(compile.stopAfter);
  for (const std::string &name : named)
    if (!isPhase(name))
      return fail(ExitCode::Usage, "E-USAGE", "there is no phase '" + name + "'; see cameo-compile --list-phases");
  for (const std::string &text : dims) {
    onnx::DimBinding binding;
    if (!parseDim(text, binding))
      return fail(ExitCode::Usage, "E-USAGE", "--dim=" + text + " is not NAME:VALUE or NAME:MIN..MAX with sizes >= 0");
    options.import.dims.push_back(binding);
  }
  if (options.input.empty() && !options.listOps && !options.listPhases)
    return fail(ExitCode::Usage, "E-USAGE", "no model given; see cameo-compile --help");
  return std::nullopt;
}
