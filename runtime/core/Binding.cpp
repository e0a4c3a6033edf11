// Binding.cpp - which memory may be bound to inputs, outputs and caches; see Context.h.
#include "Context.h"
#include "Error.h"
#include <algorithm>
#include <cstring>

using namespace cameo::rt;

/// What the address of a tensor's data must be a multiple of.
static uint64_t alignmentOf(uint32_t dtype) { return std::clamp<uint64_t>(cameo_dtype_bits(dtype) / 8, 1, 8); }

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
