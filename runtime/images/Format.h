// Format.h - one file format of pictures.
#pragma once
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace cameo::images {

/// Why a picture cannot be decoded: a sentence without final stop.
struct Refusal : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Bytes {
  const uint8_t *data;
  uint64_t size;

  /// An unsigned number of `count` bytes, the lowest first. Throws where it does not lie in the file.
  uint64_t little(uint64_t at, unsigned count) const {
    uint64_t value = 0;
    if (at > size || size - at < count)
      throw Refusal("the file ends within its header");
    for (unsigned i = 0; i < count; ++i)
      value |= uint64_t(data[at + i]) << 8 * i;
    return value;
  }
};

struct Size {
  int64_t height, width;
};

/// Checked by those who read it from a header: 1 to 2^28 pixels.
inline Size checkedSize(int64_t height, int64_t width) {
  constexpr int64_t kMostPixels = int64_t(1) << 28;
  if (height < 1 || width < 1 || height > kMostPixels / width)
    throw Refusal("it has " + std::to_string(width) + "x" + std::to_string(height) + " pixels, expected 1 to 2^28");
  return {height, width};
}

/// All of it throws Refusal.
struct Format {
  const char *name;
  bool (*matches)(Bytes);                       ///< by the first bytes
  Size (*size)(Bytes);                          ///< by the header
  void (*decode)(Bytes, Size, uint8_t *pixels); ///< as Images.h says
};

extern const Format kBmp, kJpeg, kJpeg2000, kPng, kPnm, kTiff, kWebp;

/// Whether the file begins so.
template <size_t N> bool beginsWith(Bytes file, const char (&magic)[N], uint64_t at = 0) {
  for (size_t i = 0; i + 1 < N; ++i)
    if (at + i >= file.size || file.data[at + i] != uint8_t(magic[i]))
      return false;
  return true;
}

} // namespace cameo::images
