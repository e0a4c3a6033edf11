// Run.cpp - see Run.h.
#include "cameo-run/Run.h"
#include "cameo-run/Inputs.h"
#include "cameo-run/Interrupt.h"
#include "cameo-run/ModelCache.h"
#include "cameo-run/Report.h"
#include "cameo-run/UserError.h"
#include "cameo/Runtime/cameo.hpp"
#include <algorithm>
#include <chrono>
#include <cmath>

namespace cameo::run {
namespace {

double nowMs() {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void check(const Status &status) {
  if (!status)
    throw UserError(status.error);
}

/// A program, compiled first where the file is a model.
Program load(const Options &options, Results &results) {
  std::string path = options.program;
  if (path.ends_with(".onnx")) {
    CachedProgram cached = compileIntoCache(path);
    results.compileMs = cached.compileMs;
    path = cached.path;
  }
  throwIfInterrupted();
  cameo_program_options loading{};
  loading.struct_size = sizeof(loading);
  loading.verify_weights = options.verifyWeights;
  loading.variant = options.variant.empty() ? nullptr : options.variant.c_str();
  Program program;
  double start = nowMs();
  check(Program::load(path.c_str(), program, &loading));
  results.loadMs = nowMs() - start;
  return program;
}

/// While it lives, a signal cancels the context's run.
struct InterruptScope {
  explicit InterruptScope(cameo_context *context) { setInterruptedContext(context); }
  ~InterruptScope() { setInterruptedContext(nullptr); }
};

void addToProfile(void *user, const cameo_trace_event *event) {
  KernelTime &time = (*static_cast<Profile *>(user))[{event->kernel, event->nodes ? event->nodes : ""}];
  time.ns += event->duration_ns;
  ++time.launches;
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
    return Success;
  }
  std::vector<Tensor> inputs = makeInputs(program.get(), options);

  for (uint64_t i = 0; options.rejectNan && i < inputs.size(); ++i)
    rejectNan(inputs[i], program.input(i).name);

  cameo_context_options creating{};
  creating.threads = options.threads;
  creating.memory_budget = options.memoryBudget;
  creating.trace = options.profile ? addToProfile : nullptr;
  creating.trace_user = &results.kernels;
  Context context;
  check(Context::create(program, context, creating));
  results.threads = cameo_context_threads(context.get());
  for (uint64_t i = 0; i < inputs.size(); ++i)
    check(context.setInput(i, inputs[i].data.get(), inputs[i].dtype, inputs[i].dims));

  {
    InterruptScope scope(context.get());
    throwIfInterrupted();
    for (unsigned i = 0; i < options.warmup; ++i)
      check(context.run());
    results.kernels.clear();
    for (unsigned i = 0; i < options.repeat; ++i) {
      double start = nowMs();
      check(context.run());
      results.timesMs.push_back(nowMs() - start);
    }
  }

  for (uint64_t i = 0; i < program.numOutputs(); ++i)
    results.outputs.push_back({program.output(i).name, context.output(i)});
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
  return agrees ? Success : Different;
}

} // namespace cameo::run
