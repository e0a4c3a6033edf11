// Images.cpp - finds the format of a picture by its first bytes.
#include "Images.h"
#include "Format.h"
#include <new>

using namespace cameo::images;

static const Format &formatOf(Bytes file) {
  for (const Format *format : {&kBmp, &kJpeg, &kJpeg2000, &kPng, &kPnm, &kTiff, &kWebp})
    if (format->matches(file))
      return *format;
  throw Refusal("it begins like no picture; decoded are BMP, JPEG, JPEG 2000, PNG, PNM, TIFF and WebP");
}

/// What `fn` does, its refusal written to `message`.
template <typename Fn> static int32_t guarded(Bytes file, char *message, uint64_t room, Fn fn) {
  const char *name = "the picture";
  try {
    const Format &format = formatOf(file);
    name = format.name;
    fn(format);
    return 0;
  } catch (const Refusal &refusal) {
    snprintf(message, room, "%s: %s", name, refusal.what());
  } catch (const std::bad_alloc &) {
    snprintf(message, room, "%s: it does not fit into memory", name);
  }
  return 1;
}

#define EXPORT extern "C" __attribute__((visibility("default")))

EXPORT int32_t cameo_image_size(const uint8_t *data, uint64_t bytes, int64_t *height, int64_t *width, char *message,
                                uint64_t room) {
  Bytes file{data, bytes};
  return guarded(file, message, room, [&](const Format &format) {
    Size size = format.size(file);
    *height = size.height;
    *width = size.width;
  });
}

EXPORT int32_t cameo_image_decode(const uint8_t *data, uint64_t bytes, uint8_t *pixels, int64_t height, int64_t width,
                                  char *message, uint64_t room) {
  Bytes file{data, bytes};
  return guarded(file, message, room, [&](const Format &format) {
    Size size = format.size(file);
    if (size.height != height || size.width != width)
      throw Refusal("it has " + std::to_string(size.width) + "x" + std::to_string(size.height) + " pixels, expected " +
                    std::to_string(width) + "x" + std::to_string(height));
    format.decode(file, size, pixels);
  });
}
