// Context.cpp - binding, checking and running; see Context.h.
#include "Context.h"
#include "Cpu.h"
#include "Error.h"
#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>

using namespace cameo::rt;

namespace {

/// What the address of a tensor's data must be a multiple of.
uint64_t alignmentOf(uint32_t dtype) { return std::clamp<uint64_t>(cameo_dtype_bits(dtype) / 8, 1, 8); }

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

/// Whether `tensor` may be bound to the input `want`.
int32_t cameo_context::checkTensor(const cameo_value_info &want, const cameo_tensor &tensor, cameo_error *error) const {
  if (tensor.dtype != want.dtype)
    return fail(error, CAMEO_INVALID_ARGUMENT, "input '%s' has element type %s, expected %s", want.name,
                cameo_dtype_name(tensor.dtype), cameo_dtype_name(want.dtype));
  // The shapes' texts cost some microseconds, so they are made only for a message.
  auto refuse = [&](const char *problem) {
    return fail(error, CAMEO_INVALID_ARGUMENT, "input '%s' has shape %s%s, expected %s", want.name,
                ShapeText(tensor.dims, std::min<uint32_t>(tensor.rank, CAMEO_MAX_RANK)).text, problem,
                ShapeText(want.dims, want.rank, want.symbols).text);
  };
  if (tensor.rank && !tensor.dims)
    return fail(error, CAMEO_INVALID_ARGUMENT, "input '%s' has rank %u but its dims are null", want.name, tensor.rank);
  if (tensor.rank != want.rank)
    return refuse("");
  for (uint32_t i = 0; i < want.rank; ++i) {
    if (tensor.dims[i] < 0)
      return refuse(" with a negative size");
    if (want.dims[i] >= 0 && tensor.dims[i] != want.dims[i])
      return refuse("");
  }
  uint64_t bytes = cameo_tensor_bytes(tensor.dtype, tensor.dims, tensor.rank);
  if (bytes == UINT64_MAX)
    return refuse(", which is larger than the address space");
  if (bytes && !tensor.data)
    return fail(error, CAMEO_INVALID_ARGUMENT, "input '%s' has no data (null pointer), expected %llu bytes", want.name,
                (unsigned long long)bytes);
  if (reinterpret_cast<uintptr_t>(tensor.data) % alignmentOf(want.dtype))
    return fail(error, CAMEO_INVALID_ARGUMENT, "input '%s' begins at an address that is not a multiple of %llu bytes",
                want.name, (unsigned long long)alignmentOf(want.dtype));
  return succeed(error);
}

int32_t cameo_context::checkIdle(cameo_error *error) const {
  return isInFlight ? fail(error, CAMEO_INVALID_ARGUMENT,
                           "a run was started and not waited for; call cameo_context_synchronize before binding")
                    : succeed(error);
}

/// What a capture of the stream by the application asks for: copies to and from the host would be part of its graph.
int32_t cameo_context::checkAllOnDevice(cameo_error *error) const {
  const cameo_program_info &info = *program->info;
  for (uint64_t i = 0; i < inputs.size(); ++i)
    if (!inputs[i].isOnDevice)
      return fail(error, CAMEO_INVALID_ARGUMENT,
                  "the stream is being captured, but input '%s' is in the host's memory; bind memory of the device",
                  info.inputs[i].name);
  for (uint64_t i = 0; i < outputs.size(); ++i)
    if (!outputs[i].staysOnDevice)
      return fail(error, CAMEO_INVALID_ARGUMENT,
                  "the stream is being captured, but output '%s' is in the host's memory; bind memory of the device",
                  info.outputs[i].name);
  return succeed(error);
}

/// Whether memory at `data` may be bound as memory of `place`.
int32_t cameo_context::checkPlace(Place place, const void *data, const cameo_value_info &value, const char *kind,
                                  cameo_error *error) const {
  if (place == Place::Host)
    return succeed(error);
  if (!queue)
    return fail(error, CAMEO_INVALID_ARGUMENT,
                "memory of a device is given for %s '%s', but program '%s' was loaded for the CPU", kind, value.name,
                program->info->model);
  if (value.dtype == CAMEO_STRING)
    return fail(error, CAMEO_INVALID_ARGUMENT, "%s '%s' is of strings, which are in the host's memory", kind,
                value.name);
  if (data && !queue->reaches(data))
    return fail(error, CAMEO_INVALID_ARGUMENT, "the memory given for %s '%s' does not lie on the program's device",
                kind, value.name);
  return succeed(error);
}

int32_t cameo_context::setInput(uint64_t index, const cameo_tensor &tensor, Place place, cameo_error *error) {
  const cameo_program_info &info = *program->info;
  if (index >= info.num_inputs)
    return fail(error, CAMEO_INVALID_ARGUMENT, "input %llu given, but program '%s' has %llu inputs",
                (unsigned long long)index, info.model, (unsigned long long)info.num_inputs);
  if (int32_t code = checkIdle(error))
    return code;
  const cameo_value_info &want = info.inputs[index];
  Input &input = inputs[index];
  releaseCaches(/*isInput=*/true, index);
  input.isSet = false;
  int32_t code = checkTensor(want, tensor, error);
  if (!code)
    code = checkPlace(place, tensor.data, want, "input", error);
  if (code)
    return code;
  input.data = tensor.data;
  input.isOnDevice = place == Place::Device;
  input.bytes = cameo_tensor_bytes(tensor.dtype, tensor.dims, tensor.rank);
  if (want.dtype != CAMEO_STRING)
    buffers[index].data = const_cast<void *>(tensor.data);
  if (want.rank)
    memcpy(input.dims, tensor.dims, want.rank * sizeof(int64_t));
  input.isSet = true;
  return succeed(error);
}

/// Undoes bindCache for what is bound by itself now.
void cameo_context::releaseCaches(bool isInput, uint64_t index) {
  for (uint64_t i = 0; i < cacheRows.size(); ++i) {
    const cameo_cache_info &cache = program->info->caches[i];
    if (!cacheRows[i] || (isInput ? cache.input : cache.output) != index)
      continue;
    cacheRows[i] = 0;
    inputs[cache.input].isSet = false;
    outputs[cache.output].bound = nullptr;
    outputs[cache.output].boundBytes = 0;
    outputs[cache.output].staysOnDevice = false;
  }
}

int32_t cameo_context::bindCache(uint64_t index, const cameo_tensor &memory, int64_t rows, Place place,
                                 cameo_error *error) {
  const cameo_program_info &info = *program->info;
  if (index >= info.num_caches)
    return fail(error, CAMEO_INVALID_ARGUMENT, "cache %llu bound, but program '%s' has %llu caches",
                (unsigned long long)index, info.model, (unsigned long long)info.num_caches);
  const cameo_cache_info &cache = info.caches[index];
  const cameo_value_info &want = info.inputs[cache.input];
  if (queue && place == Place::Host)
    return fail(
        error, CAMEO_INVALID_ARGUMENT,
        "the memory of input '%s' can be that of output '%s' only on the device that runs the program; bind memory of "
        "that device",
        want.name, info.outputs[cache.output].name);
  // The axis has the size of the rows, not of the room.
  int64_t dims[CAMEO_MAX_RANK], room = memory.rank == want.rank && memory.dims ? memory.dims[cache.axis] : 0;
  cameo_tensor held = memory;
  if (room) {
    memcpy(dims, memory.dims, want.rank * sizeof(int64_t));
    dims[cache.axis] = rows;
    held.dims = dims;
  }
  if (int32_t code = setInput(cache.input, held, place, error))
    return code;
  inputs[cache.input].isSet = false;
  if (rows > room)
    return fail(error, CAMEO_INVALID_ARGUMENT, "input '%s' has %lld rows, but its memory has room for %lld", want.name,
                (long long)rows, (long long)room);
  uint64_t bytes = cameo_tensor_bytes(memory.dtype, memory.dims, memory.rank);
  if (bytes == UINT64_MAX || (bytes && !memory.data))
    return fail(error, CAMEO_INVALID_ARGUMENT, "the memory of input '%s' %s", want.name,
                memory.data ? "is larger than the address space" : "is a null pointer");
  if (int32_t code = bindOutput(cache.output, const_cast<void *>(memory.data), bytes, place, error))
    return code;
  inputs[cache.input].isSet = true;
  inputs[cache.input].bytes = bytes;
  cacheRows[index] = room;
  return succeed(error);
}

bool cameo_context::shareCache(uint64_t input, uint64_t output) const {
  for (uint64_t i = 0; i < cacheRows.size(); ++i)
    if (cacheRows[i] && program->info->caches[i].input == input && program->info->caches[i].output == output)
      return true;
  return false;
}

int32_t cameo_context::bindOutput(uint64_t index, void *data, uint64_t bytes, Place place, cameo_error *error) {
  const cameo_program_info &info = *program->info;
  if (index >= info.num_outputs)
    return fail(error, CAMEO_INVALID_ARGUMENT, "output %llu bound, but program '%s' has %llu outputs",
                (unsigned long long)index, info.model, (unsigned long long)info.num_outputs);
  if (int32_t code = checkIdle(error))
    return code;
  const cameo_value_info &want = info.outputs[index];
  if (reinterpret_cast<uintptr_t>(data) % alignmentOf(want.dtype))
    return fail(error, CAMEO_INVALID_ARGUMENT,
                "the memory bound to output '%s' begins at an address that is not a multiple of %llu bytes", want.name,
                (unsigned long long)alignmentOf(want.dtype));
  if (int32_t code = checkPlace(place, data, want, "output", error))
    return code;
  releaseCaches(/*isInput=*/false, index);
  outputs[index].staysOnDevice = place == Place::Device;
  outputs[index].bound = data;
  outputs[index].boundBytes = data ? bytes : 0;
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

/// The program's entry function, or a recording of what it did before.
int32_t cameo_context::callEntry() {
  auto entry = program->variant->entry;
  if (!queue || options.trace || recordings.isOff || queue->isCaptured())
    return entry(&call);
  Recordings::Run *before =
      recordings.find(recordingKey(), [&](const Recordings::Run &run) { return placesOutputs(run); });
  if (before)
    return replay(*before);
  isRepeatable = true;
  int32_t returned = entry(&call);
  if (returned || hasFailed() || !isRepeatable)
    return returned;
  Recordings::Run done{recordingKey(), {}, nullptr};
  for (uint64_t i = 0; i < outputs.size(); ++i) {
    Output &output = outputs[i];
    uint32_t rank = program->info->outputs[i].rank;
    done.outputs.push_back({{output.dims, output.dims + rank},
                            output.staysOnDevice ? output.data : output.onDevice[output.current].data()});
  }
  recordings.add(std::move(done));
  return returned;
}

Recordings::Key cameo_context::recordingKey() const {
  Recordings::Key key{reinterpret_cast<uintptr_t>(arena.data())};
  for (uint64_t i = 0; i < inputs.size(); ++i) {
    key.push_back(reinterpret_cast<uintptr_t>(buffers[i].data));
    key.insert(key.end(), inputs[i].dims, inputs[i].dims + program->info->inputs[i].rank);
  }
  key.insert(key.end(), cacheRows.begin(), cacheRows.end());
  return key;
}

/// Whether the outputs lie where that run had them.
bool cameo_context::placesOutputs(const Recordings::Run &run) {
  for (uint64_t i = 0; i < outputs.size(); ++i) {
    const std::vector<int64_t> &dims = run.outputs[i].dims;
    if (call.services->output(&call, int64_t(i), dims.data(), int64_t(dims.size())) != run.outputs[i].address)
      return false;
  }
  return true;
}

int32_t cameo_context::replay(Recordings::Run &run) {
  auto entry = program->variant->entry;
  if (!run.work) {
    int32_t returned = 0;
    if (queue->beginRecording()) {
      returned = entry(&call);
      run.work = queue->endRecording();
    }
    if (returned || hasFailed()) {
      run.work = nullptr; // it ends before the run does
      return returned;
    }
  }
  if (run.work) {
    checkDevice(queue->replay(*run.work));
    return CAMEO_OK;
  }
  recordings.isOff = true;
  queue->problem = {};
  return entry(&call);
}

void cameo_context::uploadInputs() {
  const cameo_program_info &info = *program->info;
  queue->problem = {};
  checkDevice(queue->clear(failures.data(), program->variant->num_kernels * sizeof(cameo_device_failure)));
  for (uint64_t i = 0; i < inputs.size() && !hasFailed(); ++i) {
    if (inputs[i].isOnDevice)
      continue;
    bool isText = info.inputs[i].dtype == CAMEO_STRING; // their numbers
    uint64_t bytes = cameo_tensor_bytes(isText ? CAMEO_I64 : info.inputs[i].dtype, inputs[i].dims, info.inputs[i].rank);
    if (!inputs[i].onDevice.reserve(deviceBudget, bytes))
      outOfMemory("an input", int64_t(bytes));
    else if (bytes)
      checkDevice(queue->upload(inputs[i].onDevice.data(), isText ? inputs[i].numbers.data() : inputs[i].data, bytes));
    buffers[i].data = inputs[i].onDevice.data();
  }
}

void cameo_context::downloadOutputs() {
  checkKernels();
  for (Output &output : outputs)
    if (output.data && output.bytes && !output.staysOnDevice && !hasFailed())
      checkDevice(queue->download(output.data, output.onDevice[output.current].data(), output.bytes));
  if (!hasFailed())
    checkDevice(queue->finish());
  if (hasFailed())
    queue->finish(); // what was started still uses the memory
  fetched.reset(budget);
  marks.clear();
}

bool cameo_context::checkDevice(bool done) {
  if (!done)
    recordFailure(queue->problem.code ? queue->problem.code : CAMEO_INTERNAL, "%s", queue->problem.message);
  return done;
}

void cameo_context::checkKernels() {
  const cameo_variant &variant = *program->variant;
  bool canFail = std::any_of(variant.kernels, variant.kernels + variant.num_kernels,
                             [](const cameo_kernel &kernel) { return kernel.device && kernel.device->num_fail_sites; });
  if (!canFail || hasFailed())
    return;
  std::vector<cameo_device_failure> found(variant.num_kernels);
  if (!checkDevice(queue->download(found.data(), failures.data(), found.size() * sizeof(cameo_device_failure))))
    return;
  for (uint64_t site = 0; site < found.size(); ++site)
    if (const cameo_kernel &kernel = variant.kernels[site]; found[site].number && kernel.device) {
      if (found[site].number > kernel.device->num_fail_sites) {
        recordFailure(CAMEO_INTERNAL, "kernel '%s' reports failure %u of %u", kernel.name, found[site].number,
                      kernel.device->num_fail_sites);
        return;
      }
      const cameo_fail_site &reason = kernel.device->fail_sites[found[site].number - 1];
      call.services->fail(&call, reason.code, kernel.nodes, reason.message, found[site].value);
      return;
    }
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
