// Webp.cpp - WebP, by libwebp: pictures that do not move.
#include "Format.h"
#include <webp/decode.h>

using namespace cameo::images;

static Size sizeOf(Bytes file) {
  WebPBitstreamFeatures features;
  if (WebPGetFeatures(file.data, file.size, &features) != VP8_STATUS_OK)
    throw Refusal("its header cannot be read");
  if (features.has_animation)
    throw Refusal("it is an animation, expected one picture");
  return checkedSize(features.height, features.width);
}

static void decode(Bytes file, Size size, uint8_t *pixels) {
  uint64_t row = uint64_t(size.width) * 3;
  if (!WebPDecodeRGBInto(file.data, file.size, pixels, row * uint64_t(size.height), int(row)))
    throw Refusal("its pixels cannot be decoded");
}

const Format cameo::images::kWebp = {
    "WebP", [](Bytes file) { return beginsWith(file, "RIFF") && beginsWith(file, "WEBP", 8); }, sizeOf, decode};
