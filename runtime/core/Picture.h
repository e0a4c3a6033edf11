// Picture.h - what a program decodes from files, with libcameo_images.so, which is loaded for the first of them.
#pragma once
#include "Memory.h"
#include "cameo/Runtime/cameo.h"

namespace cameo::rt {

/// Height and width of the picture in a file.
int32_t sizeOfPicture(const uint8_t *file, uint64_t bytes, int64_t *height, int64_t *width, cameo_error *error);

/// A decoded picture.
class Picture {
public:
  /// Decodes a file whose picture has this size.
  int32_t decode(const uint8_t *file, uint64_t bytes, int64_t height, int64_t width, MemoryBudget &budget,
                 cameo_error *error);

  int64_t numPixels() const { return count; }
  /// Red in the lowest eight bits, then green, then blue; 0 behind the last one.
  int64_t operator[](int64_t index) const {
    const uint8_t *pixel = pixels.data() + index * 3;
    return uint64_t(index) < uint64_t(count) ? pixel[0] | pixel[1] << 8 | pixel[2] << 16 : 0;
  }

private:
  Buffer pixels;
  int64_t count = 0;
};

} // namespace cameo::rt
