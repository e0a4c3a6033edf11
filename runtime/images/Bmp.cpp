// Bmp.cpp - Windows bitmaps without compression: palettes of 1, 4 and 8 bits, and 16, 24 and 32 bits per pixel, with
// masks of colors or without.
// https://learn.microsoft.com/windows/win32/gdi/bitmap-header-types
#include "Format.h"
#include <bit>

using namespace cameo::images;

namespace {

constexpr uint64_t kFileHeader = 14;

struct Header {
  Size size;
  bool topDown;
  uint64_t bits, pixels, palette, colors, entry; ///< palette: where its first entry of `entry` bytes is
  uint32_t masks[3];                             ///< red, green, blue, where there is no palette

  explicit Header(Bytes file) {
    uint64_t headerBytes = file.little(kFileHeader, 4), compression = 0;
    bool isCore = headerBytes == 12; // the form of OS/2
    if (!isCore && headerBytes < 40)
      throw Refusal("its header has " + std::to_string(headerBytes) + " bytes, expected 12, or 40 or more");
    pixels = file.little(10, 4);
    int64_t width = isCore ? int64_t(file.little(18, 2)) : int32_t(file.little(18, 4));
    int64_t height = isCore ? int64_t(file.little(20, 2)) : int32_t(file.little(22, 4));
    topDown = height < 0;
    size = checkedSize(topDown ? -height : height, width);
    bits = file.little(isCore ? 24 : 28, 2);
    colors = 0;
    if (!isCore) {
      compression = file.little(30, 4);
      colors = file.little(46, 4);
    }
    constexpr uint64_t kMasks = 3, kMasksWithOpacity = 6;
    bool hasMasks = compression == kMasks || compression == kMasksWithOpacity;
    if (compression != 0 && !hasMasks)
      throw Refusal("its compression is " + std::to_string(compression) + ", expected none or masks of colors");
    if (bits != 1 && bits != 4 && bits != 8 && bits != 16 && bits != 24 && bits != 32)
      throw Refusal("it has " + std::to_string(bits) + " bits per pixel, expected 1, 4, 8, 16, 24 or 32");
    palette = kFileHeader + headerBytes;
    entry = isCore ? 3 : 4;
    if (bits <= 8 && (colors == 0 || colors > uint64_t(1) << bits))
      colors = uint64_t(1) << bits;
    for (unsigned i = 0; i < 3; ++i)
      masks[i] = hasMasks     ? uint32_t(file.little(54 + 4 * i, 4))
                 : bits == 16 ? 0x1fu << 5 * (2 - i)
                              : 0xffu << 8 * (2 - i);
  }

  /// Throws where the pixels do not lie in the file.
  void checkPixels(Bytes file) const {
    if (pixels > file.size || (file.size - pixels) / rowBytes() < uint64_t(size.height))
      throw Refusal("the file ends within its pixels");
  }
  uint64_t rowBytes() const { return (uint64_t(size.width) * bits + 31) / 32 * 4; }
};

uint8_t colorOf(uint32_t pixel, uint32_t mask) {
  if (!mask)
    return 0;
  uint64_t value = (pixel & mask) >> std::countr_zero(mask), most = mask >> std::countr_zero(mask);
  return uint8_t((value * 255 + most / 2) / most);
}

Size sizeOf(Bytes file) {
  Header header(file);
  header.checkPixels(file);
  return header.size;
}

void decode(Bytes file, Size, uint8_t *pixels) {
  Header header(file);
  uint64_t rowBytes = header.rowBytes(), height = uint64_t(header.size.height);
  header.checkPixels(file);
  for (uint64_t y = 0; y < height; ++y) {
    const uint8_t *row = file.data + header.pixels + (header.topDown ? y : height - 1 - y) * rowBytes;
    for (uint64_t x = 0; x < uint64_t(header.size.width); ++x, pixels += 3) {
      if (header.bits <= 8) {
        uint64_t bit = x * header.bits;
        uint64_t color = row[bit / 8] >> (8 - header.bits - bit % 8) & ((1u << header.bits) - 1);
        if (color >= header.colors)
          throw Refusal("a pixel has color " + std::to_string(color) + " of " + std::to_string(header.colors));
        for (unsigned c = 0; c < 3; ++c)
          pixels[c] = uint8_t(file.little(header.palette + color * header.entry + 2 - c, 1));
        continue;
      }
      uint32_t pixel = 0;
      for (unsigned i = 0; i < header.bits / 8; ++i)
        pixel |= uint32_t(row[x * header.bits / 8 + i]) << 8 * i;
      for (unsigned c = 0; c < 3; ++c)
        pixels[c] = colorOf(pixel, header.masks[c]);
    }
  }
}

} // namespace

const Format cameo::images::kBmp = {"BMP", [](Bytes file) { return beginsWith(file, "BM"); }, sizeOf, decode};
