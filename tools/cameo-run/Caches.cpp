// Caches.cpp - see Caches.h.
#include "cameo-run/Caches.h"
#include "cameo-run/UserError.h"
#include <cstring>

namespace cameo::run {
namespace {

/// Copies the first rows along `axis` from memory of one size to that of another.
void copyRows(const uint8_t *from, const std::vector<int64_t> &fromDims, uint8_t *to,
              const std::vector<int64_t> &toDims, uint32_t axis, uint64_t elementBytes) {
  uint64_t outer = 1, row = elementBytes;
  for (uint32_t i = 0; i < axis; ++i)
    outer *= uint64_t(fromDims[i]);
  for (size_t i = axis + 1; i < fromDims.size(); ++i)
    row *= uint64_t(fromDims[i]);
  uint64_t rows = uint64_t(std::min(fromDims[axis], toDims[axis]));
  for (uint64_t i = 0; i < outer; ++i)
    memcpy(to + i * uint64_t(toDims[axis]) * row, from + i * uint64_t(fromDims[axis]) * row, rows * row);
}

} // namespace

void Caches::bind(const Program &program, Context &context, const std::vector<Tensor> &inputs, int64_t room) {
  if (program.caches().empty())
    throw UserError("E-USAGE", Usage, "--cache-room: no output of the program continues an input where that lies");
  for (size_t i = 0; i < program.caches().size(); ++i) {
    const cameo_cache_info &info = program.caches()[i];
    const Tensor &input = inputs[info.input];
    std::vector<int64_t> dims = input.dims;
    dims[info.axis] = std::max(room, input.dims[info.axis]);
    Tensor memory(input.dtype, dims, "the memory of input '" + std::string(program.input(info.input).name) + "'");
    copyRows(input.data.get(), input.dims, memory.data.get(), dims, info.axis, cameo_dtype_bits(input.dtype) / 8);
    if (Status status = context.bindCache(i, memory.data.get(), input.dtype, dims, input.dims[info.axis]); !status)
      throw UserError(status.error);
    caches.push_back({info, std::move(memory), {}});
  }
}

cameo_tensor Caches::output(const Context &context, uint64_t index) {
  cameo_tensor tensor = context.output(index);
  for (Cache &cache : caches) {
    if (cache.info.output != index)
      continue;
    std::vector<int64_t> dims(tensor.dims, tensor.dims + tensor.rank);
    cache.dense = Tensor(tensor.dtype, dims, "an output");
    copyRows(static_cast<const uint8_t *>(tensor.data), cache.memory.dims, cache.dense.data.get(), dims,
             cache.info.axis, cameo_dtype_bits(tensor.dtype) / 8);
    return cache.dense.view();
  }
  return tensor;
}

} // namespace cameo::run
