// Info.cpp - `cameo info`: what a program file holds, and which of its code would run on this machine.
#include "Common.h"
#include "Verb.h"
#include "cameo-run/UserError.h"
#include "cameo/Runtime/cameo.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include <CLI/CLI.hpp>

using namespace cameo;
using namespace cameo::tool;

namespace {
struct Options {
  std::string path;
  std::vector<std::string> targets;
  bool kernels = false;
};
} // namespace

static llvm::raw_ostream &row(llvm::StringRef title) { return llvm::outs() << llvm::left_justify(title, 12); }

static void printValue(llvm::StringRef title, const cameo_value_info &value) {
  llvm::raw_ostream &os = row(title) << value.name << ": " << cameo_dtype_name(value.dtype);
  for (uint32_t axis = 0; axis < value.rank; ++axis) {
    os << (axis ? " x " : " ");
    if (value.dims[axis] >= 0)
      os << value.dims[axis];
    else
      os << (value.symbols && value.symbols[axis] ? value.symbols[axis] : "?");
  }
  os << (value.rank ? "\n" : " scalar\n");
}

/// "CPU", or the kind of device that runs the kernel.
static llvm::StringRef placeOf(const cameo_variant &variant, const cameo_kernel &kernel) {
  return kernel.device ? variant.device->device : "cpu";
}

static void printVariant(const cameo_variant &variant, bool withKernels) {
  uint64_t onDevice = 0;
  for (uint64_t i = 0; i < variant.num_kernels; ++i)
    onDevice += variant.kernels[i].device != nullptr;
  uint64_t onCpu = variant.num_kernels - onDevice;
  llvm::raw_ostream &os = row("code") << variant.name << ": ";
  if (variant.device)
    os << onDevice << " launches on " << variant.device->device << ", ";
  os << onCpu << (onCpu == 1 ? " kernel" : " kernels") << " on the CPU";
  if (variant.device)
    os << "; " << variant.device->image_bytes << " bytes of code for the device";
  os << "\n";
  for (uint64_t i = 0; withKernels && i < variant.num_kernels; ++i)
    os << llvm::format("%12s%-6s", "", placeOf(variant, variant.kernels[i]).data()) << variant.kernels[i].name << "  "
       << variant.kernels[i].nodes << "\n";
}

static int describe(const Options &options) {
  cameo_program_options none{};
  none.struct_size = sizeof(none);
  none.target = "none";
  cameo_program *program = nullptr;
  cameo_error error;
  if (cameo_program_load(options.path.c_str(), &none, &program, &error)) {
    run::UserError problem(error);
    return fail(problem.code, problem.exitCode, problem.what());
  }
  llvm::scope_exit release([&] { cameo_program_release(program); });
  const cameo_program_info &info = *cameo_program_tables(program);

  row("model") << info.model << "\n";
  for (uint64_t i = 0; i < info.num_inputs; ++i)
    printValue("input", info.inputs[i]);
  for (uint64_t i = 0; i < info.num_outputs; ++i)
    printValue("output", info.outputs[i]);
  row("weights") << info.weights_bytes << " bytes\n";
  if (info.arena_bytes >= 0)
    row("memory") << info.arena_bytes << " bytes of working memory\n";
  else
    row("memory") << "as much as the sizes of the inputs ask for\n";
  for (uint64_t i = 0; i < info.num_variants; ++i)
    printVariant(info.variants[i], options.kernels);
  for (const std::string &target : options.targets) {
    const cameo_variant *chosen = nullptr;
    llvm::raw_ostream &os = row("on " + target);
    if (cameo_program_choose(program, target.c_str(), &chosen, &error))
      os << "does not run: " << error.message << "\n";
    else
      os << "runs the code for " << chosen->name << "\n";
  }
  return 0;
}

static std::function<int()> setUp(CLI::App &app) {
  auto options = std::make_shared<Options>();
  options->targets = {"cpu", "cuda:0"};
  app.add_option("program", options->path, "a program file")->required();
  app.add_option("--target", options->targets,
                 "what it would run on here: cpu, cuda:0, cuda:1, ... (default cpu,cuda:0)")
      ->delimiter(',')
      ->allow_extra_args(false);
  app.add_flag("--kernels", options->kernels, "list the launches of each code variant: where, what, for which nodes");
  return [options] { return describe(*options); };
}

namespace cameo::tool {
const Verb infoVerb{"info", "Says what a program file holds, and which of its code would run on this machine.",
                    "Examples:\n"
                    "  cameo info model.cameo\n"
                    "  cameo info model.cameo --kernels --target=cuda:1\n",
                    setUp};
} // namespace cameo::tool
