// Api.cpp - the C functions of cameo.h: argument checks, and no exception gets out.
#include "Context.h"
#include "Cpu.h"
#include "Error.h"
#include <algorithm>
#include <cstring>
#include <new>

#ifndef CAMEO_VERSION
#error "CMake defines CAMEO_VERSION"
#endif

using namespace cameo::rt;

namespace {

/// Runs `fn` and turns what the standard library throws into a status.
template <typename Fn> int32_t guarded(cameo_error *error, Fn fn) {
  try {
    return fn();
  } catch (const std::bad_alloc &) {
    return fail(error, CAMEO_OUT_OF_MEMORY, "out of memory");
  } catch (const std::exception &problem) {
    return fail(error, CAMEO_INTERNAL, "internal error: %s", problem.what());
  }
}

/// The options with this library's size: what an older caller does not know stays zero.
template <typename T> int32_t readOptions(const T *given, T &options, cameo_error *error) {
  memset(static_cast<void *>(&options), 0, sizeof(T));
  if (!given)
    return CAMEO_OK;
  if (given->struct_size < sizeof(uint32_t) * 2 || given->struct_size > 4096)
    return fail(error, CAMEO_INVALID_ARGUMENT, "the options have struct_size %u, expected sizeof of their type",
                given->struct_size);
  memcpy(static_cast<void *>(&options), given, std::min<size_t>(given->struct_size, sizeof(T)));
  return CAMEO_OK;
}

int32_t nullArgument(cameo_error *error, const char *name) {
  return fail(error, CAMEO_INVALID_ARGUMENT, "argument '%s' is null", name);
}

int64_t find(const cameo_value_info *values, uint64_t count, const char *name) {
  for (uint64_t i = 0; name && i < count; ++i)
    if (strcmp(values[i].name, name) == 0)
      return int64_t(i);
  return -1;
}

struct DtypeEntry {
  const char *name;
  uint64_t bits;
};
const DtypeEntry kDtypes[] = {
    {"?", 0},          {"f32", 32},   {"u8", 8},         {"i8", 8},           {"u16", 16},  {"i16", 16},
    {"i32", 32},       {"i64", 64},   {"string", 128},   {"bool", 8},         {"f16", 16},  {"f64", 64},
    {"u32", 32},       {"u64", 64},   {"complex64", 64}, {"complex128", 128}, {"bf16", 16}, {"f8e4m3fn", 8},
    {"f8e4m3fnuz", 8}, {"f8e5m2", 8}, {"f8e5m2fnuz", 8}, {"u4", 4},           {"i4", 4},    {"f4e2m1", 4},
    {"f8e8m0", 8},     {"u2", 2},     {"i2", 2}};
const char *const kCodes[] = {"ok",
                              "invalid argument",
                              "out of range",
                              "division by zero",
                              "out of memory",
                              "cancelled",
                              "invalid program",
                              "unsupported CPU",
                              "version mismatch",
                              "not found",
                              "input/output error",
                              "shape mismatch",
                              "internal error",
                              "damaged program",
                              "no such device"};

} // namespace

extern "C" {

int32_t cameo_program_load(const char *path, const cameo_program_options *options, cameo_program **program,
                           cameo_error *error) {
  if (!path || !program)
    return nullArgument(error, path ? "program" : "path");
  *program = nullptr;
  return guarded(error, [&] {
    cameo_program_options known;
    if (int32_t code = readOptions(options, known, error))
      return code;
    auto loaded = std::make_unique<cameo_program>();
    loaded->file = std::make_unique<ProgramFile>();
    int32_t code = loaded->file->load(path, error);
    if (!code)
      code = loaded->init(loaded->file->info(), &known, error);
    if (!code)
      *program = loaded.release();
    return code;
  });
}

int32_t cameo_program_from_static(const cameo_program_info *info, const cameo_program_options *options,
                                  cameo_program **program, cameo_error *error) {
  if (!info || !program)
    return nullArgument(error, info ? "program" : "info");
  *program = nullptr;
  return guarded(error, [&] {
    cameo_program_options known;
    if (int32_t code = readOptions(options, known, error))
      return code;
    auto loaded = std::make_unique<cameo_program>();
    int32_t code = loaded->init(info, &known, error);
    if (!code)
      *program = loaded.release();
    return code;
  });
}

void cameo_program_release(cameo_program *program) {
  if (program)
    program->release();
}

int32_t cameo_program_verify_weights(const cameo_program *program, cameo_error *error) {
  if (!program)
    return nullArgument(error, "program");
  return guarded(error, [&] { return program->file ? program->file->verifyWeights(error) : succeed(error); });
}

void cameo_program_evict_weights(const cameo_program *program) {
  if (program && program->file)
    program->file->evictWeights();
}

const char *cameo_program_model(const cameo_program *program) { return program->info->model; }
const char *cameo_program_metadata(const cameo_program *program) { return program->info->metadata; }
const char *cameo_program_variant(const cameo_program *program) {
  return program->variant ? program->variant->name : "";
}
const cameo_program_info *cameo_program_tables(const cameo_program *program) { return program->info; }
int32_t cameo_program_choose(const cameo_program *program, const char *target, const cameo_variant **variant,
                             cameo_error *error) {
  if (!program || !target || !variant)
    return nullArgument(error, !program ? "program" : target ? "variant" : "target");
  *variant = nullptr;
  return guarded(error, [&] {
    cameo_error own;
    std::shared_ptr<Device> device;
    *variant = program->choose(target, nullptr, device, &own);
    return *variant ? succeed(error) : fail(error, own.code, "%s", own.message);
  });
}
uint64_t cameo_program_num_inputs(const cameo_program *program) { return program->info->num_inputs; }
uint64_t cameo_program_num_outputs(const cameo_program *program) { return program->info->num_outputs; }

const cameo_value_info *cameo_program_input(const cameo_program *program, uint64_t index) {
  return index < program->info->num_inputs ? &program->info->inputs[index] : nullptr;
}

const cameo_value_info *cameo_program_output(const cameo_program *program, uint64_t index) {
  return index < program->info->num_outputs ? &program->info->outputs[index] : nullptr;
}

uint64_t cameo_program_num_caches(const cameo_program *program) { return program->info->num_caches; }
const cameo_cache_info *cameo_program_cache(const cameo_program *program, uint64_t index) {
  return index < program->info->num_caches ? &program->info->caches[index] : nullptr;
}
int64_t cameo_program_find_input(const cameo_program *program, const char *name) {
  return find(program->info->inputs, program->info->num_inputs, name);
}

int64_t cameo_program_find_output(const cameo_program *program, const char *name) {
  return find(program->info->outputs, program->info->num_outputs, name);
}

int32_t cameo_context_create(cameo_program *program, const cameo_context_options *options, cameo_context **context,
                             cameo_error *error) {
  if (!program || !context)
    return nullArgument(error, program ? "context" : "program");
  *context = nullptr;
  if (!program->variant)
    return fail(error, CAMEO_INVALID_ARGUMENT,
                "the program '%s' was loaded to be looked at, not for a target that runs it", program->info->model);
  return guarded(error, [&] {
    cameo_context_options known;
    if (int32_t code = readOptions(options, known, error))
      return code;
    auto created = std::make_unique<cameo_context>(program, known);
    int32_t code = created->init(error);
    if (!code)
      *context = created.release();
    return code;
  });
}

void cameo_context_release(cameo_context *context) { delete context; }

int32_t cameo_context_set_input(cameo_context *context, uint64_t index, const cameo_tensor *tensor,
                                cameo_error *error) {
  if (!context || !tensor)
    return nullArgument(error, context ? "tensor" : "context");
  return context->setInput(index, *tensor, cameo_context::Place::Host, error);
}

int32_t cameo_context_set_device_input(cameo_context *context, uint64_t index, const cameo_tensor *tensor,
                                       cameo_error *error) {
  if (!context || !tensor)
    return nullArgument(error, context ? "tensor" : "context");
  return context->setInput(index, *tensor, cameo_context::Place::Device, error);
}

int32_t cameo_context_bind_output(cameo_context *context, uint64_t index, void *data, uint64_t bytes,
                                  cameo_error *error) {
  if (!context)
    return nullArgument(error, "context");
  return context->bindOutput(index, data, bytes, cameo_context::Place::Host, error);
}

int32_t cameo_context_bind_device_output(cameo_context *context, uint64_t index, void *data, uint64_t bytes,
                                         cameo_error *error) {
  if (!context)
    return nullArgument(error, "context");
  return context->bindOutput(index, data, bytes, cameo_context::Place::Device, error);
}

int32_t cameo_context_bind_cache(cameo_context *context, uint64_t index, const cameo_tensor *memory, int64_t rows,
                                 cameo_error *error) {
  if (!context || !memory)
    return nullArgument(error, context ? "memory" : "context");
  return context->bindCache(index, *memory, rows, cameo_context::Place::Host, error);
}

int32_t cameo_context_bind_device_cache(cameo_context *context, uint64_t index, const cameo_tensor *memory,
                                        int64_t rows, cameo_error *error) {
  if (!context || !memory)
    return nullArgument(error, context ? "memory" : "context");
  return context->bindCache(index, *memory, rows, cameo_context::Place::Device, error);
}

int32_t cameo_context_run(cameo_context *context, cameo_error *error) {
  if (!context)
    return nullArgument(error, "context");
  return guarded(error, [&] { return context->run(error); });
}

int32_t cameo_context_run_async(cameo_context *context, cameo_error *error) {
  if (!context)
    return nullArgument(error, "context");
  return guarded(error, [&] { return context->runAsync(error); });
}

int32_t cameo_context_synchronize(cameo_context *context, cameo_error *error) {
  if (!context)
    return nullArgument(error, "context");
  return guarded(error, [&] { return context->synchronize(error); });
}

int32_t cameo_context_output(const cameo_context *context, uint64_t index, cameo_tensor *tensor, cameo_error *error) {
  if (!context || !tensor)
    return nullArgument(error, context ? "tensor" : "context");
  return context->output(index, *tensor, error);
}

void cameo_context_cancel(cameo_context *context) { context->cancelled.store(1, std::memory_order_release); }
uint32_t cameo_context_threads(const cameo_context *context) { return context->options.threads; }

void cameo_context_memory(const cameo_context *context, uint64_t *held, uint64_t *peak) {
  if (held)
    *held = context->budget.held + context->deviceBudget.held;
  if (peak)
    *peak = context->budget.peak + context->deviceBudget.peak;
}

const char *cameo_version(void) { return CAMEO_VERSION; }
const char *cameo_dtype_name(uint32_t dtype) { return dtype < std::size(kDtypes) ? kDtypes[dtype].name : "?"; }
uint64_t cameo_dtype_bits(uint32_t dtype) { return dtype < std::size(kDtypes) ? kDtypes[dtype].bits : 0; }
uint64_t cameo_tensor_bytes(uint32_t dtype, const int64_t *dims, uint32_t rank) {
  uint64_t bits = cameo_dtype_bits(dtype), elements = 1;
  bool isEmpty = false, isTooLarge = false;
  for (uint32_t i = 0; i < rank; ++i) {
    isEmpty |= dims[i] == 0;
    isTooLarge |= dims[i] < 0 || __builtin_mul_overflow(elements, uint64_t(dims[i]), &elements);
  }
  if (isEmpty || !bits)
    return isTooLarge && !isEmpty ? UINT64_MAX : 0;
  uint64_t bytes = bits < 8 ? elements / (8 / bits) + (elements % (8 / bits) != 0) : elements;
  isTooLarge |= __builtin_mul_overflow(bytes, bits < 8 ? 1 : bits / 8, &bytes) || bytes > uint64_t(INT64_MAX);
  return isTooLarge ? UINT64_MAX : bytes;
}
const char *cameo_code_name(int32_t code) {
  return code >= 0 && size_t(code) < std::size(kCodes) ? kCodes[code] : "unknown code";
}
uint32_t cameo_default_threads(void) { return defaultThreads(); }

const cameo_api *cameo_get_api(uint32_t version) {
  static const cameo_api api = {sizeof(cameo_api),
                                CAMEO_API_VERSION,
                                cameo_program_load,
                                cameo_program_from_static,
                                cameo_program_release,
                                cameo_program_verify_weights,
                                cameo_program_model,
                                cameo_program_metadata,
                                cameo_program_variant,
                                cameo_program_num_inputs,
                                cameo_program_num_outputs,
                                cameo_program_input,
                                cameo_program_output,
                                cameo_program_find_input,
                                cameo_program_find_output,
                                cameo_context_create,
                                cameo_context_release,
                                cameo_context_set_input,
                                cameo_context_bind_output,
                                cameo_context_run,
                                cameo_context_output,
                                cameo_context_cancel,
                                cameo_context_threads,
                                cameo_context_memory,
                                cameo_version,
                                cameo_dtype_name,
                                cameo_dtype_bits,
                                cameo_tensor_bytes,
                                cameo_code_name,
                                cameo_default_threads,
                                cameo_program_tables,
                                cameo_program_choose,
                                cameo_program_num_caches,
                                cameo_program_cache,
                                cameo_context_bind_cache,
                                cameo_program_evict_weights,
                                cameo_context_set_device_input,
                                cameo_context_bind_device_output,
                                cameo_context_bind_device_cache,
                                cameo_context_run_async,
                                cameo_context_synchronize};
  return version <= CAMEO_API_VERSION ? &api : nullptr;
}

} // extern "C"
