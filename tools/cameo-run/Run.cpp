// Run.cpp - see Run.h.
#include "cameo-run/Run.h"
#include "cameo-run/Caches.h"
#include "cameo-run/Inputs.h"
#include "cameo-run/Interrupt.h"
#include "cameo-run/ModelCache.h"
#include "cameo-run/Report.h"
#include "cameo-run/Trace.h"
#include "cameo-run/UserError.h"
#include "cameo/Runtime/cameo.hpp"
#include <algorithm>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>

namespace cameo::run {
namespace {

double nowMs() {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void check(const Status &status) {
  if (!status)
    throw UserError(status.error);
}

Program loadFile(const std::string &path, const Options &options, Results &results) {
  throwIfInterrupted();
  cameo_program_options loading{};
  loading.struct_size = sizeof(loading);
  loading.verify_weights = options.verifyWeights;
  loading.variant = options.variant.empty() ? nullptr : options.variant.c_str();
  loading.target = options.target.c_str();
  Program program;
  double start = nowMs();
  check(Program::load(path.c_str(), program, &loading));
  results.loadMs = nowMs() - start;
  return program;
}

/// The sizes of all inputs as flags for the compiler.
std::vector<std::string> sizesOf(const cameo_program *program, const std::vector<Tensor> &inputs) {
  std::vector<std::string> flags;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const cameo_value_info &input = *cameo_program_input(program, i);
    for (uint32_t axis = 0; axis < input.rank; ++axis)
      if (input.dims[axis] < 0)
        flags.push_back("--dim=" + std::string(input.name) + "." + std::to_string(axis) + ":" +
                        std::to_string(inputs[i].dims[axis]));
  }
  return flags;
}

/// A program, compiled first where the file is a model.
Program load(const Options &options, Results &results) {
  bool isModel = options.program.ends_with(".onnx");
  if (options.specialize && !isModel)
    throw UserError("E-USAGE", Usage, "--specialize compiles anew, which takes a model, not a program");
  if (!isModel)
    return loadFile(options.program, options, results);
  std::vector<std::string> flags;
  if (options.target.starts_with("cuda"))
    flags.push_back("--target=cuda");
  if (options.specialize) {
    // Compiled quickly to learn what inputs there are.
    CachedProgram open = compileIntoCache(options.program, {"-O0"});
    results.compileMs += open.compileMs;
    Options onCpu = options;
    onCpu.target = "cpu";
    onCpu.variant.clear();
    Program program = loadFile(open.path, onCpu, results);
    std::vector<std::string> sizes = sizesOf(program.get(), makeInputs(program.get(), options));
    flags.insert(flags.end(), sizes.begin(), sizes.end());
  }
  CachedProgram cached = compileIntoCache(options.program, flags);
  results.compileMs += cached.compileMs;
  return loadFile(cached.path, options, results);
}

/// While it lives, a signal cancels the context's run.
struct InterruptScope {
  explicit InterruptScope(cameo_context *context) { setInterruptedContext(context); }
  ~InterruptScope() { setInterruptedContext(nullptr); }
};

/// Who listens to launches.
struct Listener {
  Profile &profile;
  Trace trace;

  static void hear(void *user, const cameo_trace_event *event) {
    auto &listener = *static_cast<Listener *>(user);
    KernelTime &time = listener.profile[event->launch];
    time.kernel = event->kernel;
    time.nodes = event->nodes ? event->nodes : "";
    time.ns += event->duration_ns;
    ++time.launches;
    listener.trace.add(*event);
  }
  void clear() {
    profile.clear();
    trace.clear();
  }
};

Costs readCosts(const char *metadata) {
  Costs costs;
  auto object = nlohmann::json::parse(metadata, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object())
    return costs;
  costs.weightBytes = object.value("weights_bytes", 0.0);
  for (const auto &launch : object.value("launches", nlohmann::json::array())) {
    Costs::Launch &cost = costs.launches.emplace_back();
    for (auto [key, field] :
         {std::pair("flops", &cost.flops), {"bytes", &cost.bytes}, {"expected_flops", &cost.expectedFlops}})
      if (launch.is_object() && launch.value(key, nlohmann::json()).is_number())
        *field = launch[key].get<double>();
  }
  return costs;
}

double timeRun(Context &context) {
  double start = nowMs();
  check(context.run());
  return nowMs() - start;
}

/// The runs of --seconds: as many as fit into the time, at least ten, after a tenth of the time for warming up.
void runBenchmark(Context &context, double seconds, Listener &listener, Results &results) {
  results.benchmark = {timeRun(context), {}};
  for (double end = nowMs() + seconds * 100; nowMs() < end;)
    timeRun(context);
  listener.clear();
  for (double end = nowMs() + seconds * 1000; nowMs() < end || results.timesMs.size() < 10;)
    results.timesMs.push_back(timeRun(context));
  results.benchmark->roof = measureRoof(results.threads);
}

void rejectNan(const Tensor &tensor, const std::string &name) {
  for (uint64_t i = 0; isFloat(tensor.dtype) && i < tensor.size(); ++i)
    if (std::isnan(loadElement(tensor.data.get(), tensor.dtype, i)))
      throw UserError("E-INPUT", BadInput,
                      "input '" + escaped(name) + "' holds a NaN, first as element " + std::to_string(i) + " of " +
                          std::to_string(tensor.size()) + ", which --reject-nan refuses");
}

} // namespace

int runProgram(const Options &options) {
  Results results;
  Program program = load(options, results);
  if (options.signature) {
    printSignature(program.get(), options.json);
    return int(Success);
  }
  std::vector<Tensor> inputs = makeInputs(program.get(), options);

  for (uint64_t i = 0; options.rejectNan && i < inputs.size(); ++i)
    rejectNan(inputs[i], program.input(i).name);

  cameo_context_options creating{};
  creating.threads = options.threads;
  creating.memory_budget = options.memoryBudget;
  Listener listener{results.kernels, {}};
  creating.trace = options.profile || !options.trace.empty() ? Listener::hear : nullptr;
  creating.trace_user = &listener;
  Context context;
  check(Context::create(program, context, creating));
  results.threads = cameo_context_threads(context.get());
  for (uint64_t i = 0; i < inputs.size(); ++i)
    check(context.setInput(i, inputs[i].data.get(), inputs[i].dtype, inputs[i].dims));
  Caches caches;
  if (options.cacheRoom)
    caches.bind(program, context, inputs, *options.cacheRoom);

  {
    InterruptScope scope(context.get());
    throwIfInterrupted();
    for (unsigned i = 0; i < options.warmup; ++i)
      check(context.run());
    listener.clear();
    if (options.benchSeconds)
      runBenchmark(context, *options.benchSeconds, listener, results);
    else
      for (unsigned i = 0; i < options.repeat; ++i)
        results.timesMs.push_back(timeRun(context));
  }

  results.costs = readCosts(cameo_program_metadata(program.get()));
  if (!options.trace.empty())
    listener.trace.write(options.trace);
  if (!options.profile)
    results.kernels.clear();
  for (uint64_t i = 0; i < program.numOutputs(); ++i)
    results.outputs.push_back({program.output(i).name, caches.output(context, i)});
  cameo_context_memory(context.get(), nullptr, &results.workingBytes);
  if (!options.output.empty())
    writeNpz(options.output, results.outputs);
  if (!options.expect.empty())
    results.comparisons =
        compareOutputs(results.outputs, options.expect, options.rtol, options.atol, [&](const std::string &name) {
          return cameo_program_find_input(program.get(), name.c_str()) >= 0;
        });
  printResults(program.get(), options, results);
  bool agrees =
      std::all_of(results.comparisons.begin(), results.comparisons.end(), [](const Comparison &c) { return c.agrees; });
  return int(agrees ? Success : Different);
}

} // namespace cameo::run
