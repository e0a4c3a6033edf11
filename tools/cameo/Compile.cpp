// Compile.cpp - `cameo compile`, also known as cameo-compile: a model in, a program (or a stage on the way to it) out.
#include "cameo/Pipeline/Compile.h"
#include "Common.h"
#include "Progress.h"
#include "Verb.h"
#include "cameo/Pipeline/Interrupt.h"
#include "cameo/Pipeline/Phases.h"
#include "cameo/Pipeline/WriteFile.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include <CLI/CLI.hpp>
#include <sys/resource.h>

using namespace cameo;
using namespace cameo::tool;

namespace {

struct Options {
  ModelOptions model;
  CompileOptions compile;
  std::string output, report;
  bool namesChips = false, explain = false, listPhases = false, listPasses = false, listOps = false;
};

struct EmitName {
  const char *name, *extension;
  OutputKind emit;
};
constexpr EmitName kEmits[] = {{"cameo-mlir", "mlir", OutputKind::CameoMlir},
                               {"onnx", "onnx", OutputKind::ONNX},
                               {"llvm", "ll", OutputKind::LLVM},
                               {"asm", "s", OutputKind::Assembly},
                               {"ptx", "ptx", OutputKind::Ptx},
                               {"obj", "o", OutputKind::Object},
                               {"static-lib", "a", OutputKind::StaticLibrary},
                               {"shared", "cameo", OutputKind::Shared}};

} // namespace

static std::string defaultOutput(const Options &options) {
  llvm::SmallString<128> name(llvm::sys::path::filename(options.model.path));
  OutputKind emit = options.compile.emit;
  if (!options.compile.stopAfter.empty() && emit != OutputKind::ONNX)
    emit = OutputKind::CameoMlir;
  const auto *row = llvm::find_if(kEmits, [&](const EmitName &e) { return e.emit == emit; });
  llvm::sys::path::replace_extension(name, row->extension);
  return name.str().str();
}

/// Beside the programs that cameo-run keeps (ModelCache.h); empty where there is no such place.
static std::string defaultTuneDatabase() {
  llvm::SmallString<128> path;
  if (!llvm::sys::path::cache_directory(path))
    return {};
  llvm::sys::path::append(path, "cameo", "tiles.json");
  return path.str().str();
}

/// Whether --tune makes sense beside the other options, and where it keeps its results.
static int checkTuning(CompileOptions &compile) {
  if (compile.tune == Tune::No)
    return compile.tuneDatabase.empty() ? 0 : fail("E-USAGE", "--tune-database is for --tune; add --tune=quick");
  if (compile.optLevel == 0)
    return fail("E-USAGE", "--tune measures tiles, which -O0 has none of; leave one of them out");
  if (!llvm::is_contained(compile.targets.kinds, "cpu"))
    return fail("E-USAGE", "--tune measures code for CPUs; add --target=cpu, or leave it out");
  if (compile.emit == OutputKind::ONNX)
    return fail("E-USAGE", "--tune measures code, and --emit=onnx writes none; leave one of them out");
  if (compile.tuneDatabase.empty())
    compile.tuneDatabase = defaultTuneDatabase();
  return compile.tuneDatabase.empty() ? fail("E-FILE", "there is no place for measured tiles: set XDG_CACHE_HOME or "
                                                       "HOME, or give --tune-database")
                                      : 0;
}

/// What is wrong with a name that is not in `names`: the nearest one is proposed. Empty when it is there.
static std::string unknownName(const std::string &kind, const std::string &name,
                               const std::vector<std::string> &names) {
  if (llvm::is_contained(names, name))
    return {};
  auto distance = [&](const std::string &other) { return llvm::StringRef(name).edit_distance(other); };
  auto nearest =
      llvm::min_element(names, [&](const std::string &a, const std::string &b) { return distance(a) < distance(b); });
  return "there is no " + kind + " '" + name + "'; did you mean '" + *nearest + "'? Known are " +
         llvm::join(names, ", ");
}

static std::string checkPhase(const std::string &name) {
  std::vector<std::string> names;
  for (const Phase &phase : phases())
    names.push_back(phase.name.str());
  return unknownName("phase", name, names);
}

static std::string checkPass(const std::string &name) { return unknownName("optional pass", name, optionalPasses()); }

static void listPasses() {
  for (const std::string &pass : optionalPasses())
    llvm::outs() << pass << "\n";
}

static void listPhases() {
  for (const Phase &phase : phases())
    llvm::outs() << llvm::left_justify(phase.name, 16) << phase.summary
                 << (phase.minOptLevel ? " (from -O" + std::to_string(phase.minOptLevel) + ")" : "") << "\n";
}

static int writeReport(const Options &options, const std::string &output, const CompileReport &report) {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  llvm::json::Object object = report.toJson();
  object["model"] = options.model.path;
  object["output"] = output;
  object["peak_rss_mb"] = double(usage.ru_maxrss) / 1024;
  llvm::json::Value json(std::move(object));
  auto problem = writeFile(options.report, [&](llvm::raw_ostream &os) { os << llvm::formatv("{0:2}", json) << "\n"; });
  return problem ? tell({*problem}) : 0;
}

static bool compileWithProgress(mlir::ModuleOp module, CompileOptions options, const std::string &output,
                                CompileReport &report, std::vector<Diagnostic> &diagnostics) {
  Progress progress;
  options.progress = [&](const std::string &what, size_t done, size_t total) { progress.show(what, done, total); };
  return succeeded(compile(module, options, output, report, diagnostics));
}

static int run(Options &options) {
  if (options.listPasses)
    return listPasses(), 0;
  if (options.listPhases)
    return listPhases(), 0;
  handleInterrupts();
  auto context = makeContext();
  if (options.listOps) {
    for (const std::string &op : onnx::supportedOps(*context))
      llvm::outs() << op << "\n";
    return 0;
  }
  if (options.model.path.empty())
    return fail("E-USAGE", "no model given; see --help");
  for (const std::string &kind : options.compile.targets.kinds)
    if (!llvm::is_contained(codegen::targetKinds(), kind))
      return fail("E-TARGET",
                  "--target=" + kind + " is not built in; use " + llvm::join(codegen::targetKinds(), " or "));
  bool hasPtx = llvm::is_contained(options.compile.targets.kinds, "cuda");
  if (options.compile.emit == OutputKind::Ptx && !hasPtx)
    return fail("E-USAGE", "--emit=ptx writes code for GPUs; add --target=cuda");
  if (options.compile.targets.useTf32 && !hasPtx)
    return fail("E-USAGE", "--precision=tf32 is arithmetic of GPUs; add --target=cuda");
  if (options.namesChips && !hasPtx)
    return fail("E-USAGE", "--chip names GPUs; add --target=cuda");
  if (options.compile.countFlops && options.compile.optLevel > 0)
    return fail("E-USAGE", "--count-flops counts what naive loops do; add -O0");

  if (int code = checkTuning(options.compile))
    return code;

  std::vector<Diagnostic> diagnostics;
  mlir::OwningOpRef<mlir::ModuleOp> module = load(options.model, *context, diagnostics);
  std::string output = options.output.empty() ? defaultOutput(options) : options.output;
  CompileReport report;
  bool done = module && compileWithProgress(*module, options.compile, output, report, diagnostics);
  int exitCode = tell(diagnostics);
  if (done && options.explain)
    report.explain(llvm::errs());
  return done && !options.report.empty() ? writeReport(options, output, report) : exitCode;
}

static std::function<int()> setUp(CLI::App &app) {
  auto options = std::make_shared<Options>();
  CompileOptions &compile = options->compile;
  std::vector<std::string> emits;
  for (const EmitName &e : kEmits)
    emits.push_back(e.name);
  addModelOptions(app, options->model, /*isOptional=*/true);
  app.add_option("-o,--output", options->output,
                 "file to write; - is standard output (default: the model's name with .cameo)")
      ->type_name("OUT");
  app.add_option("-O", compile.optLevel, "0: naive loops, every op by itself; 1 to 3: fused and tuned (default 3)")
      ->check(CLI::Range(0, 3));
  app.add_flag(
      "--strict", compile.strict,
      "no faster arithmetic than sums in another order: convolutions by 3x3 without Winograd's algorithm, whose error "
      "is up to 1e-5 of the largest result, and products with constant zeros are not left out, which infinities show");
  app.add_option_function<std::string>(
         "--precision",
         [&compile](const std::string &precision) {
           compile.factors = precision == "bf16"  ? FactorType::BF16
                             : precision == "f16" ? FactorType::F16
                                                  : FactorType::AsWritten;
           compile.targets.useTf32 = precision == "tf32";
         },
         "f32 (default); bf16: products, convolutions and recurrences with constant weights and attention of many "
         "queries multiply bf16 and add in f32, each sum within 0.0118 of its terms' magnitudes, and weights take half "
         "the space; all else stays f32; f16: the same with f16, each sum within 0.0015, for GPUs (a CPU widens the "
         "rounded numbers to f32 again, in time and space as f32) and models without numbers beyond 65504, which would "
         "become infinite; tf32: on GPUs from sm_80 on products and convolutions multiply with 10 bits of the "
         "fraction, "
         "each sum within 0.001 of its terms' magnitudes")
      ->check(CLI::IsMember({"f32", "bf16", "f16", "tf32"}));
  app.add_option("--target", compile.targets.kinds, "what the program runs on: cpu (default), cuda, or both")
      ->delimiter(',')
      ->allow_extra_args(false);
  app.add_option("--chip", compile.targets.chips,
                 "with --target=cuda, NVIDIA architectures: sm_75, sm_80, ..., sm_90a (default sm_80,sm_90a); a GPU "
                 "runs the newest "
                 "that is not newer than itself, and names with a letter run on their own kind alone")
      ->delimiter(',')
      ->allow_extra_args(false);
  app.add_option("--cpu", compile.targets.cpus,
                 "CPU levels: native (default), x86-64-v2, x86-64-v3, x86-64-v4; several give a program that picks the "
                 "best at load")
      ->delimiter(',')
      ->allow_extra_args(false);
  app.add_option_function<std::string>(
         "--emit",
         [&compile](const std::string &name) {
           compile.emit = llvm::find_if(kEmits, [&](const EmitName &e) { return name == e.name; })->emit;
         },
         "what to write: cameo-mlir, onnx (with --stop-after: the model as a phase left it), llvm, asm, ptx, obj or "
         "static-lib (each with a C header beside it), shared (default)")
      ->check(CLI::IsMember(emits));
  app.add_option_function<std::string>(
         "--tune", [&compile](const std::string &tune) { compile.tune = tune == "full" ? Tune::Full : Tune::Quick; },
         "measure on this machine how kernels of products, convolutions and attention are cut into tiles, in place of "
         "an analytic "
         "model: quick, a dozen tiles of each (seconds to a minute), or full, all (minutes)")
      ->check(CLI::IsMember({"quick", "full"}));
  app.add_option(
         "--tune-database", compile.tuneDatabase,
         "file that keeps what was measured, for later compilations (default: tiles.json in $XDG_CACHE_HOME/cameo "
         "or ~/.cache/cameo)")
      ->type_name("FILE");
  app.add_flag("--explain", options->explain, "say what every pass did to which node, and why not elsewhere");
  app.add_option("--report", options->report, "write a summary as JSON")->type_name("FILE");
  app.add_option("--stop-after", compile.stopAfter,
                 "write the dialect (or --emit=onnx) after this phase (see --list-phases)")
      ->check(checkPhase);
  app.add_option("--dump-after", compile.dumpAfter, "print the dialect after these phases")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(checkPhase);
  app.add_option("--disable-pass", compile.disabledPasses, "skip passes by name: cameo-fuse-kernels, …")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(checkPass);
  app.add_flag("--count-flops", compile.countFlops,
               "with -O0: kernels add up their arithmetic in exported variables, which test/Costs reads");
  app.add_flag("--list-phases", options->listPhases, "print the phases and end");
  app.add_flag("--list-passes", options->listPasses, "print the passes that --disable-pass takes and end");
  app.add_flag("--list-ops", options->listOps, "print the ONNX ops that can be imported and end");
  app.add_option("-j", compile.jobs, "threads (default: all CPUs)");
  return [options, &app] {
    options->namesChips = app.count("--chip");
    return run(*options);
  };
}

namespace cameo::tool {
const Verb compileVerb{"compile", "Compiles an ONNX model into a native program.",
                       "Examples:\n"
                       "  cameo compile model.onnx -o model.cameo         for this machine's CPU\n"
                       "  cameo compile model.onnx --cpu=x86-64-v4,x86-64-v3 -o model.cameo\n"
                       "  cameo compile model.onnx --dim=batch:1 --emit=asm -o -\n"
                       "  cameo run model.cameo                           runs it\n",
                       setUp};
} // namespace cameo::tool
