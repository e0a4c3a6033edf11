// Program.cpp - see Program.h.
#include "Program.h"
#include "Cpu.h"
#include "Error.h"
#include <cstring>
#include <string>

using namespace cameo::rt;

int32_t cameo_program::init(const cameo_program_info *programInfo, const cameo_program_options *options,
                            cameo_error *error) {
  info = programInfo;
  if (info->struct_size < sizeof(cameo_program_info) || info->abi_version != CAMEO_ABI_VERSION)
    return fail(error, CAMEO_VERSION_MISMATCH,
                "the program has kernel ABI %u, this runtime has %u; compile the model again", info->abi_version,
                CAMEO_ABI_VERSION);
  constexpr uint64_t kMostValues = 1 << 20, kMostTexts = 1 << 30;
  if (!info->model || !info->metadata || info->num_inputs > kMostValues || info->num_outputs > kMostValues ||
      !info->variants || !info->num_variants || info->num_texts > kMostTexts || (info->num_texts && !info->texts) ||
      info->num_caches > kMostValues || (info->num_caches && !info->caches))
    return fail(error, CAMEO_INVALID_PROGRAM, "the program's tables are not complete");
  int32_t code = checkValues(info->inputs, info->num_inputs, "input", error);
  if (!code)
    code = checkValues(info->outputs, info->num_outputs, "output", error);
  if (!code)
    code = checkCaches(error);
  weights = info->weights ? info->weights : file ? file->weights() : nullptr;
  const char *target = options && options->target ? options->target : "cpu",
             *name = options ? options->variant : nullptr;
  if (code)
    return code;
  if (strcmp(target, "none") != 0) {
    std::shared_ptr<Device> device;
    cameo_error own;
    variant = choose(target, name, device, &own);
    if (variant && device)
      deviceProgram = device->load(*info, *variant, weights, &own);
    if (!variant || (device && !deviceProgram))
      return fail(error, own.code, "%s", own.message);
  }
  indexSymbols();
  return options && options->verify_weights && file ? file->verifyWeights(error) : succeed(error);
}

int32_t cameo_program::checkValues(const cameo_value_info *values, uint64_t count, const char *kind,
                                   cameo_error *error) const {
  if (count && !values)
    return fail(error, CAMEO_INVALID_PROGRAM, "the program has no %s table", kind);
  for (uint64_t i = 0; i < count; ++i) {
    const cameo_value_info &value = values[i];
    if (!value.name || value.rank > CAMEO_MAX_RANK || (value.rank && !value.dims))
      return fail(error, CAMEO_INVALID_PROGRAM, "%s %llu of the program is not described completely", kind,
                  (unsigned long long)i);
    if (!cameo_dtype_bits(value.dtype))
      return fail(error, CAMEO_INVALID_PROGRAM,
                  "%s '%s' of the program has element type %u, which this runtime does not have", kind, value.name,
                  value.dtype);
  }
  return CAMEO_OK;
}

int32_t cameo_program::checkCaches(cameo_error *error) const {
  for (uint64_t i = 0; i < info->num_caches; ++i) {
    const cameo_cache_info &cache = info->caches[i];
    bool fits = cache.input < info->num_inputs && cache.output < info->num_outputs &&
                cache.axis < info->inputs[cache.input].rank &&
                info->inputs[cache.input].rank == info->outputs[cache.output].rank &&
                info->inputs[cache.input].dtype == info->outputs[cache.output].dtype &&
                cameo_dtype_bits(info->inputs[cache.input].dtype) >= 8;
    if (!fits)
      return fail(error, CAMEO_INVALID_PROGRAM, "cache %llu of the program is not described completely",
                  (unsigned long long)i);
  }
  return CAMEO_OK;
}

const cameo_variant *cameo_program::chooseForCpu(const char *name, cameo_error *error) const {
  std::string names, devices;
  uint64_t missing = 0;
  for (uint64_t i = 0; i < info->num_variants; ++i) {
    const cameo_variant &candidate = info->variants[i];
    std::string &list = candidate.device ? devices : names;
    list += (list.empty() ? "" : ", ") + std::string(candidate.name);
    if (candidate.device)
      continue;
    if (name && strcmp(name, candidate.name) != 0)
      continue;
    missing = candidate.features & ~cpuFeatures();
    if (!missing && candidate.entry)
      return &candidate;
    if (name)
      break;
  }
  if (missing)
    fail(error, CAMEO_UNSUPPORTED_CPU, "the program '%s' (code for %s) needs %s, which this CPU does not have",
         info->model, name ? name : names.c_str(), cpuFeatureNames(missing).c_str());
  else if (names.empty())
    fail(error, CAMEO_NOT_FOUND, "the program '%s' has no code for CPUs, it has %s; load it with the target cuda:0",
         info->model, devices.c_str());
  else
    fail(error, CAMEO_NOT_FOUND, "the program '%s' has no code variant '%s'; it has %s", info->model, name ? name : "",
         names.c_str());
  return nullptr;
}

const cameo_variant *cameo_program::choose(const char *target, const char *name, std::shared_ptr<Device> &device,
                                           cameo_error *error) const {
  if (strcmp(target, "cpu") == 0)
    return chooseForCpu(name, error);
  device = openDevice(target, error);
  const cameo_variant *chosen = device ? device->choose(*info, name, error) : nullptr;
  if (!chosen)
    return nullptr;
  if (uint64_t missing = chosen->features & ~cpuFeatures()) {
    fail(error, CAMEO_UNSUPPORTED_CPU, "the program '%s' (code for %s) needs %s, which this CPU does not have",
         info->model, chosen->name, cpuFeatureNames(missing).c_str());
    return nullptr;
  }
  return chosen;
}

void cameo_program::indexSymbols() {
  for (uint64_t i = 0; i < info->num_inputs; ++i) {
    const cameo_value_info &input = info->inputs[i];
    firstAxis.push_back(uint32_t(inputSymbols.size()));
    for (uint32_t axis = 0; axis < input.rank; ++axis) {
      const char *name = input.dims[axis] < 0 && input.symbols ? input.symbols[axis] : nullptr;
      int32_t symbol = -1;
      if (name && *name) {
        for (symbol = 0; symbol < int32_t(symbols.size()); ++symbol)
          if (strcmp(symbols[symbol], name) == 0)
            break;
        if (symbol == int32_t(symbols.size()))
          symbols.push_back(name);
      }
      inputSymbols.push_back(symbol);
    }
  }
}
