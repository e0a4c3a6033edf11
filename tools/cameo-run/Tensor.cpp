// Tensor.cpp - see Tensor.h.
#include "cameo-run/Tensor.h"
#include "cameo-run/NarrowFloat.h"
#include "cameo-run/UserError.h"
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <sys/mman.h>

namespace cameo::run {
namespace {

template <typename T> T loadAs(const void *data, uint64_t index) {
  T value;
  memcpy(&value, static_cast<const uint8_t *>(data) + index * sizeof(T), sizeof(T));
  return value;
}

template <typename T> void storeAs(void *data, uint64_t index, T value) {
  memcpy(static_cast<uint8_t *>(data) + index * sizeof(T), &value, sizeof(T));
}

template <typename T> void storeInteger(void *data, uint64_t index, double value) {
  double rounded = std::nearbyint(value);
  // The largest 64-bit values are no doubles, so the comparison is with the next power of two.
  double above = std::ldexp(1.0, std::numeric_limits<T>::digits);
  double least = double(std::numeric_limits<T>::min());
  T result = std::isnan(rounded) || rounded < least ? std::numeric_limits<T>::min()
             : rounded >= above                     ? std::numeric_limits<T>::max()
                                                    : T(rounded);
  storeAs<T>(data, index, std::isnan(rounded) ? T(0) : result);
}

double halfToDouble(uint16_t bits) {
  int exponent = bits >> 10 & 31, mantissa = bits & 1023;
  double value = exponent == 31 ? (mantissa ? NAN : INFINITY)
                 : exponent     ? std::ldexp(1024 + mantissa, exponent - 25)
                                : std::ldexp(mantissa, -24);
  return bits >> 15 ? -value : value;
}

uint16_t doubleToHalf(double value) {
  uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  double size = std::fabs(value);
  if (std::isnan(value))
    return sign | 0x7e00;
  if (size >= 65520)
    return sign | 0x7c00;
  if (size < std::ldexp(1.0, -14))
    return sign | uint16_t(std::nearbyint(std::ldexp(size, 24)));
  int exponent = std::ilogb(size);
  // Rounding may carry into the exponent, which is then right as well.
  return sign | uint16_t((exponent + 14) * 1024 + int(std::nearbyint(std::ldexp(size, 10 - exponent))));
}

uint16_t doubleToBfloat(double value) {
  // The float's rounding first would round twice; halves of a bf16 step are exact in double, so that is decided here.
  float f = float(value);
  uint32_t bits = std::bit_cast<uint32_t>(f);
  if (std::isnan(f))
    return uint16_t(bits >> 16 | 0x40);
  uint32_t rest = bits & 0xffff;
  if (rest == 0x8000 && double(f) != value)
    rest = std::fabs(value) > std::fabs(double(f)) ? 0x8001 : 0x7fff;
  uint16_t top = uint16_t(bits >> 16);
  return rest > 0x8000 || (rest == 0x8000 && (top & 1)) ? top + 1 : top;
}

uint64_t splitMix(uint64_t &state) {
  uint64_t z = state += 0x9e3779b97f4a7c15;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

} // namespace

Tensor::Tensor(uint32_t dtype, std::vector<int64_t> dims, const std::string &what)
    : dtype(dtype), dims(std::move(dims)) {
  for (int64_t d : this->dims)
    if (d < 0)
      throw UserError("E-INPUT", BadInput,
                      what + ": shape " + shapeText(this->dims.data(), this->dims.size()) + " has a negative size");
  uint64_t size = bytes();
  if (cameo_dtype_bits(dtype) && size <= uint64_t(1) << 62) {
    // Huge pages, as the runtime has them: a decoder's cache is read at the speed of memory.
    constexpr uint64_t kHugePage = 2 << 20;
    uint64_t unit = size >= kHugePage ? kHugePage : CAMEO_BUFFER_ALIGN, rounded = (size / unit + 1) * unit;
    data.reset(static_cast<uint8_t *>(aligned_alloc(unit, rounded)));
    if (data && unit == kHugePage)
      madvise(data.get(), rounded, MADV_HUGEPAGE);
  }
  if (!data)
    throw UserError("E-MEMORY", LimitExceeded,
                    what + ": shape " + shapeText(this->dims.data(), this->dims.size()) + " does not fit into memory");
  // Here the product cannot overflow; where a size is 0 it might, in the others.
  count = size != 0;
  for (int64_t d : this->dims)
    count *= size ? uint64_t(d) : 0;
}

/// `dims` where they are a shape of `count` texts, so that no more memory is asked for than there are.
static std::vector<int64_t> shapeOfTexts(std::vector<int64_t> dims, uint64_t count, const std::string &what) {
  uint64_t bytes = cameo_tensor_bytes(CAMEO_STRING, dims.data(), uint32_t(dims.size()));
  if (bytes != count * sizeof(cameo_text))
    throw UserError("E-INPUT", BadInput,
                    what + ": has " + std::to_string(count) + " texts, shape " + shapeText(dims.data(), dims.size()) +
                        " needs " + (bytes == UINT64_MAX ? "too many" : std::to_string(bytes / sizeof(cameo_text))));
  return dims;
}

Tensor::Tensor(std::vector<std::string> elements, std::vector<int64_t> dims, const std::string &what)
    : Tensor(CAMEO_STRING, shapeOfTexts(std::move(dims), elements.size(), what), what) {
  texts = std::move(elements);
  for (size_t i = 0; i < texts.size(); ++i)
    storeAs<cameo_text>(data.get(), i, {texts[i].data(), texts[i].size()});
}

std::string_view textAt(const void *data, uint64_t index) {
  cameo_text text = loadAs<cameo_text>(data, index);
  return {text.data, text.bytes};
}

/// The bits of element `index` of a type below 8 bits.
static unsigned loadPacked(const void *data, unsigned bits, uint64_t index) {
  unsigned perByte = 8 / bits;
  return loadAs<uint8_t>(data, index / perByte) >> (index % perByte * bits) & ((1u << bits) - 1);
}

static void storePacked(void *data, unsigned bits, uint64_t index, unsigned value) {
  unsigned perByte = 8 / bits, mask = (1u << bits) - 1, shift = unsigned(index % perByte) * bits;
  unsigned others = loadAs<uint8_t>(data, index / perByte) & ~(mask << shift);
  storeAs<uint8_t>(data, index / perByte, uint8_t(others | (value & mask) << shift));
}

unsigned loadBits(const void *data, uint32_t dtype, uint64_t index) {
  unsigned bits = unsigned(cameo_dtype_bits(dtype));
  return bits < 8 ? loadPacked(data, bits, index) : loadAs<uint8_t>(data, index);
}

void storeBits(void *data, uint32_t dtype, uint64_t index, unsigned value) {
  if (unsigned bits = unsigned(cameo_dtype_bits(dtype)); bits < 8)
    storePacked(data, bits, index, value);
  else
    storeAs<uint8_t>(data, index, uint8_t(value));
}

double loadElement(const void *data, uint32_t dtype, uint64_t index) {
  switch (dtype) {
  case CAMEO_F32:
    return loadAs<float>(data, index);
  case CAMEO_F64:
    return loadAs<double>(data, index);
  case CAMEO_F16:
    return halfToDouble(loadAs<uint16_t>(data, index));
  case CAMEO_BF16:
    return std::bit_cast<float>(uint32_t(loadAs<uint16_t>(data, index)) << 16);
  case CAMEO_U8:
  case CAMEO_BOOL:
    return loadAs<uint8_t>(data, index);
  case CAMEO_I8:
    return loadAs<int8_t>(data, index);
  case CAMEO_U16:
    return loadAs<uint16_t>(data, index);
  case CAMEO_I16:
    return loadAs<int16_t>(data, index);
  case CAMEO_U32:
    return loadAs<uint32_t>(data, index);
  case CAMEO_I32:
    return loadAs<int32_t>(data, index);
  case CAMEO_U64:
    return double(loadAs<uint64_t>(data, index));
  case CAMEO_U2:
  case CAMEO_U4:
    return loadBits(data, dtype, index);
  case CAMEO_I2:
  case CAMEO_I4: {
    int sign = 1 << (cameo_dtype_bits(dtype) - 1);
    return (int(loadBits(data, dtype, index)) ^ sign) - sign;
  }
  case CAMEO_F8E4M3FN:
  case CAMEO_F8E4M3FNUZ:
  case CAMEO_F8E5M2:
  case CAMEO_F8E5M2FNUZ:
  case CAMEO_F8E8M0:
  case CAMEO_F4E2M1:
    return narrowToDouble(dtype, loadBits(data, dtype, index));
  default:
    return double(loadAs<int64_t>(data, index));
  }
}

void storeElement(void *data, uint32_t dtype, uint64_t index, double value) {
  switch (dtype) {
  case CAMEO_F32:
    return storeAs<float>(data, index, float(value));
  case CAMEO_F64:
    return storeAs<double>(data, index, value);
  case CAMEO_F16:
    return storeAs<uint16_t>(data, index, doubleToHalf(value));
  case CAMEO_BF16:
    return storeAs<uint16_t>(data, index, doubleToBfloat(value));
  case CAMEO_BOOL:
    return storeAs<uint8_t>(data, index, value != 0);
  case CAMEO_U8:
    return storeInteger<uint8_t>(data, index, value);
  case CAMEO_I8:
    return storeInteger<int8_t>(data, index, value);
  case CAMEO_U16:
    return storeInteger<uint16_t>(data, index, value);
  case CAMEO_I16:
    return storeInteger<int16_t>(data, index, value);
  case CAMEO_U32:
    return storeInteger<uint32_t>(data, index, value);
  case CAMEO_I32:
    return storeInteger<int32_t>(data, index, value);
  case CAMEO_U64:
    return storeInteger<uint64_t>(data, index, value);
  case CAMEO_U2:
  case CAMEO_U4:
  case CAMEO_I2:
  case CAMEO_I4: {
    bool isSigned = dtype == CAMEO_I2 || dtype == CAMEO_I4;
    double count = std::ldexp(1.0, int(cameo_dtype_bits(dtype))), least = isSigned ? -count / 2 : 0;
    double rounded = std::isnan(value) ? 0 : std::clamp(std::nearbyint(value), least, least + count - 1);
    return storeBits(data, dtype, index, unsigned(int(rounded)));
  }
  case CAMEO_F8E4M3FN:
  case CAMEO_F8E4M3FNUZ:
  case CAMEO_F8E5M2:
  case CAMEO_F8E5M2FNUZ:
  case CAMEO_F8E8M0:
  case CAMEO_F4E2M1:
    return storeBits(data, dtype, index, doubleToNarrow(dtype, value));
  default:
    return storeInteger<int64_t>(data, index, value);
  }
}

bool isFloat(uint32_t dtype) {
  return dtype == CAMEO_F32 || dtype == CAMEO_F64 || dtype == CAMEO_F16 || dtype == CAMEO_BF16 || isNarrowFloat(dtype);
}

std::string shapeText(const int64_t *dims, size_t rank, const char *const *symbols) {
  std::string text = rank ? "" : "scalar";
  for (size_t i = 0; i < rank; ++i) {
    text += i ? "x" : "";
    text += dims[i] >= 0 || !symbols ? std::to_string(dims[i]) : symbols[i] && *symbols[i] ? escaped(symbols[i]) : "?";
  }
  return text;
}

void fillRandom(Tensor &tensor, uint64_t seed, const std::string &name) {
  static const char digits[] = "01";
  uint64_t state = seed;
  for (unsigned char c : name)
    state = (state ^ c) * 0x100000001b3;
  for (uint64_t i = 0; i < tensor.size(); ++i) {
    uint64_t bits = splitMix(state);
    if (tensor.dtype == CAMEO_STRING)
      storeAs<cameo_text>(tensor.data.get(), i, {digits + (bits & 1), 1});
    else if (isFloat(tensor.dtype))
      storeElement(tensor.data.get(), tensor.dtype, i, std::ldexp(double(bits >> 11), -52) - 1);
    else if (tensor.dtype == CAMEO_U8 || tensor.dtype == CAMEO_I8)
      tensor.data[i] = uint8_t(bits);
    else
      storeElement(tensor.data.get(), tensor.dtype, i, double(bits & 1));
  }
}

void fillOnes(Tensor &tensor) {
  for (uint64_t i = 0; i < tensor.size(); ++i)
    if (tensor.dtype == CAMEO_STRING)
      storeAs<cameo_text>(tensor.data.get(), i, {"1", 1});
    else
      storeElement(tensor.data.get(), tensor.dtype, i, 1);
}

} // namespace cameo::run
