// Tensor.h - a tensor in memory: what the file readers make and the runtime takes.
#pragma once
#include "cameo/Runtime/cameo.h"
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

namespace cameo::run {

/// Dense, row-major, little-endian; elements below 8 bits share bytes as cameo_dtype says, bool is one byte. The data
/// is aligned to CAMEO_BUFFER_ALIGN.
struct Tensor {
  Tensor() = default;
  /// Uninitialised. UserError where the sizes are negative, or larger than memory.
  Tensor(uint32_t dtype, std::vector<int64_t> dims, const std::string &what);
  /// Of strings: one for each element.
  Tensor(std::vector<std::string> elements, std::vector<int64_t> dims, const std::string &what);

  uint64_t size() const { return count; }
  uint64_t bytes() const { return cameo_tensor_bytes(dtype, dims.data(), uint32_t(dims.size())); }
  cameo_tensor view() const { return {data.get(), dtype, uint32_t(dims.size()), dims.data()}; }

  uint32_t dtype = 0;
  std::vector<int64_t> dims;
  struct Free {
    void operator()(uint8_t *memory) const { free(memory); }
  };
  std::unique_ptr<uint8_t[], Free> data;

private:
  std::vector<std::string> texts; ///< what `data` points at, for a tensor of strings
  uint64_t count = 0;
};

/// Element `index` as a number. 64-bit integers beyond 2^53 are rounded.
double loadElement(const void *data, uint32_t dtype, uint64_t index);
/// Rounds to the nearest (floats below 32 bits: ties to even) and clamps integers and floats of 8 bits or less to their
/// range; bool is "not zero".
void storeElement(void *data, uint32_t dtype, uint64_t index, double value);

/// Element `index` of a tensor of strings.
std::string_view textAt(const void *data, uint64_t index);

/// The bits of an element of 8 bits or less.
unsigned loadBits(const void *data, uint32_t dtype, uint64_t index);
void storeBits(void *data, uint32_t dtype, uint64_t index, unsigned value);

bool isFloat(uint32_t dtype);

/// "1x3x224x?"; "scalar" for rank 0.
std::string shapeText(const int64_t *dims, size_t rank, const char *const *symbols = nullptr);

/// Reproducible from seed and name alone, on every machine. Floats are uniform in [-1, 1); u8 and i8 cover their range;
/// other integers are 0 or 1, which is safe where a model uses them as an index or a size; bool is 0 or 1; texts are
/// "0" or "1".
void fillRandom(Tensor &tensor, uint64_t seed, const std::string &name);
void fillOnes(Tensor &tensor);

} // namespace cameo::run
