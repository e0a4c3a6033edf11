// Png.cpp - PNG, by libpng.
#include "Format.h"
#include <png.h>

using namespace cameo::images;

namespace {

struct Picture : png_image {
  explicit Picture(Bytes file) : png_image() {
    version = PNG_IMAGE_VERSION;
    if (!png_image_begin_read_from_memory(this, file.data, file.size))
      refuse();
  }
  ~Picture() { png_image_free(this); }
  [[noreturn]] void refuse() const { throw Refusal(message); }
};

Size sizeOf(Bytes file) {
  Picture picture(file);
  return checkedSize(picture.height, picture.width);
}

void decode(Bytes file, Size size, uint8_t *pixels) {
  Picture picture(file);
  picture.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;
  picture.format = PNG_FORMAT_RGBA; // of RGB, opacity would be mixed in
  std::vector<uint8_t> read(PNG_IMAGE_SIZE(picture));
  if (!png_image_finish_read(&picture, nullptr, read.data(), 0, nullptr))
    picture.refuse();
  for (int64_t i = 0; i < size.height * size.width; ++i)
    for (int64_t c = 0; c < 3; ++c)
      pixels[i * 3 + c] = read[size_t(i * 4 + c)];
}

} // namespace

const Format cameo::images::kPng = {"PNG", [](Bytes file) { return beginsWith(file, "\x89PNG\r\n\x1a\n"); }, sizeOf,
                                    decode};
