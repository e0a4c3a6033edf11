// Context.cpp - a run: what it is given, where its outputs lie, how it ends; see Context.h.
#include "Context.h"
#include "Cpu.h"
#include "Error.h"
#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>

using namespace cameo::rt;

namespace {

/// A symbol's name, or "?" for a size without one.
const char *nameOf(const char *const *symbols, uint32_t axis) {
  return symbols && symbols[axis] && *symbols[axis] ? symbols[axis] : "?";
}

} // namespace

cameo_context::cameo_context(cameo_program *program, const cameo_context_options &options)
    : program(program), options(options) {
  program->retain();
}

cameo_context::~cameo_context() { program->release(); }

int32_t cameo_context::init(cameo_error *error) {
  const cameo_program_info &info = *program->info;
  if (options.threads > ThreadPool::kMaxThreads)
    return fail(error, CAMEO_INVALID_ARGUMENT, "%u threads asked for, at most %u are possible", options.threads,
                ThreadPool::kMaxThreads);
  if (!options.threads)
    options.threads = std::min(defaultThreads(), ThreadPool::kMaxThreads);
  budget.limit = options.memory_budget ? options.memory_budget : availableMemory();
  if (options.stream && !program->deviceProgram)
    return fail(error, CAMEO_INVALID_ARGUMENT, "a stream is given, but program '%s' was loaded for the CPU",
                info.model);
  if (program->deviceProgram) {
    deviceProgram = program->deviceProgram;
    queue = deviceProgram->makeQueue(options.stream, error);
    if (!queue)
      return error ? error->code : CAMEO_NO_DEVICE;
    deviceBudget.source = queue.get();
    deviceBudget.limit = options.memory_budget ? options.memory_budget : deviceProgram->freeBytes();
    if (!failures.reserve(deviceBudget, program->variant->num_kernels * sizeof(cameo_device_failure))) {
      outOfMemory("the list of failures", int64_t(program->variant->num_kernels * sizeof(cameo_device_failure)));
      return fail(error, failure.code, "%s", failure.message);
    }
    // Runs clear it; one that an application records may be waited for before it has.
    if (!queue->clear(failures.data(), program->variant->num_kernels * sizeof(cameo_device_failure)) ||
        !queue->finish())
      return fail(error, queue->problem.code, "%s", queue->problem.message);
  }
  if (info.arena_bytes > 0 && !working().allows(uint64_t(info.arena_bytes)))
    return fail(error, CAMEO_OUT_OF_MEMORY, "program '%s' needs %s of working memory, the budget is %s", info.model,
                BytesText(info.arena_bytes).text, BytesText(working().limit).text);
  if (info.num_slots > 1 << 20)
    return fail(error, CAMEO_INVALID_PROGRAM, "program '%s' wants %llu slots", info.model,
                (unsigned long long)info.num_slots);

  size_t numDims = program->inputSymbols.size();
  for (uint64_t i = 0; i < info.num_outputs; ++i)
    numDims += info.outputs[i].rank;
  dims.resize(numDims);
  symbolSizes.resize(program->symbols.size());
  slots.resize(info.num_slots);
  buffers.resize(info.num_inputs);
  inputs.resize(info.num_inputs);
  outputs.resize(info.num_outputs);
  cacheRows.resize(info.num_caches);
  int64_t *nextDims = dims.data();
  for (uint64_t i = 0; i < info.num_inputs; nextDims += info.inputs[i++].rank)
    buffers[i].dims = inputs[i].dims = nextDims;
  for (uint64_t i = 0; i < info.num_outputs; nextDims += info.outputs[i++].rank)
    outputs[i].dims = nextDims;

  if (options.threads > 1)
    pool = ThreadPool::shared(options.threads - 1);
  if (options.trace)
    spans.resize(options.threads);
  call.struct_size = sizeof(call);
  call.services = &kServices;
  call.weights = queue ? deviceProgram->weights() : program->weights;
  call.inputs = buffers.data();
  call.runtime = this;
  call.cache_rows = cacheRows.data();
  return succeed(error);
}

int32_t cameo_context::checkInputs(cameo_error *error) {
  const cameo_program_info &info = *program->info;
  char names[512] = "";
  size_t used = 0, missing = 0;
  for (uint64_t i = 0; i < info.num_inputs; ++i) {
    if (inputs[i].isSet)
      continue;
    if (used < sizeof(names) - 1)
      used += snprintf(names + used, sizeof(names) - used, "%s'%s'", missing ? ", " : "", info.inputs[i].name);
    ++missing;
  }
  if (missing)
    return fail(error, CAMEO_INVALID_ARGUMENT, "%s missing: %s", missing == 1 ? "an input is" : "inputs are", names);
  return CAMEO_OK;
}

int32_t cameo_context::checkSymbols(cameo_error *error) {
  if (symbolSizes.empty())
    return CAMEO_OK;
  const cameo_program_info &info = *program->info;
  std::fill(symbolSizes.begin(), symbolSizes.end(), -1);
  for (uint64_t i = 0; i < info.num_inputs; ++i)
    for (uint32_t axis = 0; axis < info.inputs[i].rank; ++axis) {
      int32_t symbol = program->inputSymbols[program->firstAxis[i] + axis];
      if (symbol < 0)
        continue;
      int64_t size = inputs[i].dims[axis];
      if (symbolSizes[symbol] < 0)
        symbolSizes[symbol] = size;
      else if (symbolSizes[symbol] != size)
        return fail(error, CAMEO_INVALID_ARGUMENT,
                    "input '%s' has shape %s, expected %s: an earlier input has %s = %lld", info.inputs[i].name,
                    ShapeText(inputs[i].dims, info.inputs[i].rank).text,
                    ShapeText(info.inputs[i].dims, info.inputs[i].rank, info.inputs[i].symbols).text,
                    nameOf(info.inputs[i].symbols, axis), (long long)symbolSizes[symbol]);
    }
  return CAMEO_OK;
}

int32_t cameo_context::placeOutputs(cameo_error *error) {
  const cameo_program_info &info = *program->info;
  for (uint64_t o = 0; o < outputs.size(); ++o) {
    Output &output = outputs[o];
    output.data = nullptr;
    bool isInput[2] = {false, false};
    for (uint64_t i = 0; i < buffers.size(); ++i) {
      auto *data = static_cast<const uint8_t *>(inputs[i].data);
      for (unsigned k = 0; k < 2; ++k)
        isInput[k] |= inputs[i].isOnDevice ? output.onDevice[k].contains(data) : output.own[k].contains(data);
      if (!output.bound || output.staysOnDevice != inputs[i].isOnDevice || shareCache(i, o))
        continue;
      auto *bound = static_cast<const uint8_t *>(output.bound);
      if (data < bound + output.boundBytes && bound < data + inputs[i].bytes)
        return fail(error, CAMEO_INVALID_ARGUMENT,
                    "the memory bound to output '%s' overlaps input '%s'; bind other memory", info.outputs[o].name,
                    info.inputs[i].name);
    }
    if (output.bound)
      continue;
    if (isInput[0] && isInput[1])
      return fail(
          error, CAMEO_INVALID_ARGUMENT,
          "two earlier results of output '%s' are bound as inputs; copy one of them or bind memory to the output",
          info.outputs[o].name);
    if (isInput[output.current])
      output.current ^= 1;
  }
  return CAMEO_OK;
}

int32_t cameo_context::numberInputs(cameo_error *error) {
  const cameo_program_info &info = *program->info;
  auto isText = [](const cameo_value_info &value) { return value.dtype == CAMEO_STRING; };
  if (!info.num_texts && std::none_of(info.inputs, info.inputs + info.num_inputs, isText) &&
      std::none_of(info.outputs, info.outputs + info.num_outputs, isText))
    return CAMEO_OK;
  // Those of the last run stay until this one begins: inputs may point there.
  Texts &own = texts[currentTexts ^ 1];
  own.reset(info, budget);
  for (uint64_t i = 0; i < info.num_inputs; ++i) {
    if (!isText(info.inputs[i]))
      continue;
    uint64_t count = cameo_tensor_bytes(CAMEO_I64, inputs[i].dims, info.inputs[i].rank) / sizeof(int64_t);
    auto *given = static_cast<const cameo_text *>(inputs[i].data);
    bool fits = inputs[i].numbers.reserve(budget, std::max<uint64_t>(count, 1) * sizeof(int64_t));
    auto *numbers = reinterpret_cast<int64_t *>(inputs[i].numbers.data());
    for (uint64_t e = 0; e < count && fits; ++e) {
      if (given[e].bytes && !given[e].data)
        return fail(error, CAMEO_INVALID_ARGUMENT, "text %llu of input '%s' has no data (null pointer)",
                    (unsigned long long)e, info.inputs[i].name);
      numbers[e] = own.number({given[e].data, given[e].bytes}, budget);
      fits = numbers[e] >= 0;
    }
    if (!fits)
      return fail(error, CAMEO_OUT_OF_MEMORY, "the texts of input '%s' do not fit into the budget of %s",
                  info.inputs[i].name, BytesText(budget.limit).text);
    buffers[i].data = numbers;
  }
  currentTexts ^= 1;
  return CAMEO_OK;
}

/// Compiled code gave the texts' numbers.
void cameo_context::handOutTexts(uint64_t index) {
  const cameo_value_info &value = program->info->outputs[index];
  Output &output = outputs[index];
  uint64_t bytes = cameo_tensor_bytes(CAMEO_STRING, output.dims, value.rank);
  Buffer &own = output.own[output.current];
  if (!output.bound && !own.reserve(budget, bytes)) {
    outOfMemory("an output", int64_t(bytes));
    return;
  }
  output.data = output.bound ? output.bound : own.data();
  auto *numbers = reinterpret_cast<const int64_t *>(output.numbers.data());
  for (uint64_t i = 0; i < bytes / sizeof(cameo_text); ++i) {
    std::string_view text = texts[currentTexts][numbers[i]];
    static_cast<cameo_text *>(output.data)[i] = {text.data(), text.size()};
  }
}

int32_t cameo_context::run(cameo_error *error) {
  int32_t code = runAsync(error);
  return code ? code : synchronize(error);
}

int32_t cameo_context::runAsync(cameo_error *error) {
  if (running.exchange(true, std::memory_order_acquire))
    return fail(error, CAMEO_INVALID_ARGUMENT,
                isInFlight ? "the run before was started and not waited for; call cameo_context_synchronize"
                           : "this context is running already; give each thread a context of its own");
  struct Guard {
    ~Guard() { isInFlight ? void() : running.store(false, std::memory_order_release); }
    bool &isInFlight;
    std::atomic<bool> &running;
  } guard{isInFlight, running};
  try {
    int32_t code = start(error);
    isInFlight = !code;
    return code;
  } catch (...) {
    if (queue)
      queue->finish(); // what was started still uses the memory
    stack.reset(working());
    fetched.reset(budget);
    marks.clear();
    throw;
  }
}

int32_t cameo_context::synchronize(cameo_error *error) {
  if (!isInFlight)
    return fail(error, CAMEO_INVALID_ARGUMENT, "no run was started; call cameo_context_run_async first");
  if (queue && queue->isCaptured())
    return fail(error, CAMEO_INVALID_ARGUMENT,
                "the stream is being captured; end that, launch the graph, and then wait for the run");
  struct Guard {
    ~Guard() {
      isInFlight = false;
      running.store(false, std::memory_order_release);
    }
    bool &isInFlight;
    std::atomic<bool> &running;
  } guard{isInFlight, running};
  return finish(error);
}

/// Everything up to what runs by itself. Only what is wrong with the bindings fails here.
int32_t cameo_context::start(cameo_error *error) {
  const cameo_program_info &info = *program->info;
  succeeded = false;
  int32_t code = checkInputs(error);
  if (!code)
    code = checkSymbols(error);
  if (!code)
    code = placeOutputs(error);
  if (!code && queue && queue->isCaptured())
    code = checkAllOnDevice(error);
  if (code)
    return code;
  // Compiled code does not test the pointer it gets for the planned arena, so it is there before that code runs.
  if (info.arena_bytes > 0 && !arena.reserve(working(), uint64_t(info.arena_bytes)))
    return fail(error, CAMEO_OUT_OF_MEMORY,
                "program '%s' needs %s of working memory; %s are in use and the budget is %s", info.model,
                BytesText(info.arena_bytes).text, BytesText(working().held).text, BytesText(working().limit).text);
  if (int32_t refused = numberInputs(error))
    return refused;

  call.status = CAMEO_OK;
  failing.store(0, std::memory_order_relaxed);
  if (queue)
    uploadInputs();
  int32_t returned = hasFailed() ? int32_t(call.status) : callEntry();
  if (returned && !hasFailed())
    recordFailure(CAMEO_INTERNAL, "the program's entry returned %d without naming a failure", returned);
  return succeed(error);
}

int32_t cameo_context::finish(cameo_error *error) {
  const cameo_program_info &info = *program->info;
  if (queue)
    downloadOutputs();
  stack.reset(working());
  if (cancelled.exchange(0, std::memory_order_acq_rel) && !hasFailed())
    recordFailure(CAMEO_CANCELLED, "the run was cancelled");
  for (uint64_t i = 0; i < outputs.size() && !hasFailed(); ++i)
    if (!outputs[i].data)
      recordFailure(CAMEO_INTERNAL, "the program did not produce output '%s'", info.outputs[i].name);
    else if (info.outputs[i].dtype == CAMEO_STRING)
      handOutTexts(i);
  if (hasFailed()) {
    if (error)
      *error = failure;
    return int32_t(call.status);
  }
  succeeded = true;
  return succeed(error);
}

int32_t cameo_context::output(uint64_t index, cameo_tensor &tensor, cameo_error *error) const {
  const cameo_program_info &info = *program->info;
  if (index >= info.num_outputs)
    return fail(error, CAMEO_INVALID_ARGUMENT, "output %llu asked for, but program '%s' has %llu outputs",
                (unsigned long long)index, info.model, (unsigned long long)info.num_outputs);
  bool isUnderWay = isInFlight && outputs[index].staysOnDevice && outputs[index].data;
  if (!succeeded && !isUnderWay)
    return fail(error, CAMEO_NOT_FOUND,
                isInFlight ? "there is no output '%s' yet: the run was started and not waited for"
                           : "there is no output '%s': no run has succeeded since the last failure",
                info.outputs[index].name);
  tensor = {outputs[index].data, info.outputs[index].dtype, info.outputs[index].rank, outputs[index].dims};
  return succeed(error);
}

void cameo_context::recordFailure(int32_t code, const char *format, ...) {
  if (failing.exchange(1, std::memory_order_acq_rel))
    return;
  char message[sizeof(failure.message)];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof(message), format, arguments);
  va_end(arguments);
  fail(&failure, code, "%s", message);
  __atomic_store_n(&call.status, uint32_t(code), __ATOMIC_RELEASE);
}

void *cameo_context::outOfMemory(const char *what, int64_t bytes) {
  if (bytes < 0)
    recordFailure(CAMEO_OUT_OF_MEMORY, "the size of %s is more than 2^63 bytes", what);
  else if (queue && queue->problem.code)
    recordFailure(queue->problem.code, "%s: %s", what, queue->problem.message);
  else
    recordFailure(CAMEO_OUT_OF_MEMORY, "%s needs %s more, %s are in use and the budget is %s", what,
                  BytesText(bytes).text, BytesText(working().held).text, BytesText(working().limit).text);
  return nullptr;
}
