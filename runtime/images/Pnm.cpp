// Pnm.cpp - portable bitmaps, graymaps and pixmaps, P1 to P6.
// https://netpbm.sourceforge.net/doc/pnm.html
#include "Format.h"

using namespace cameo::images;

namespace {

class Reader {
public:
  explicit Reader(Bytes file) : file(file), kind(file.data[1] - '0') {
    int64_t width = number(), height = number();
    size = checkedSize(height, width);
    most = isBitmap() ? 1 : number();
    if (most < 1 || most > 65535)
      throw Refusal("its largest value is " + std::to_string(most) + ", expected 1 to 65535");
    if (!isText())
      ++at; // one character of white space
    if (at > file.size || leastBytes() > file.size - at)
      throw Refusal(kEndsEarly);
  }

  void decode(uint8_t *pixels) {
    for (int64_t y = 0; y < size.height; ++y) {
      bit = 0;
      for (int64_t x = 0; x < size.width; ++x, pixels += 3) {
        pixels[0] = sample();
        for (int c = 1; c < 3; ++c)
          pixels[c] = isColored() ? sample() : pixels[0];
      }
      at += bit != 0; // rows of bits end with a byte
    }
  }

  Size size{};

private:
  static constexpr const char *kEndsEarly = "the file ends within its pixels";

  /// What the pixels take.
  uint64_t leastBytes() const {
    uint64_t count = uint64_t(size.height * size.width);
    if (kind == 4)
      return uint64_t(size.height) * ((uint64_t(size.width) + 7) / 8);
    return count * (isColored() ? 3 : 1) * (!isText() && most > 255 ? 2 : 1); // a text has a digit for each
  }

  bool isText() const { return kind <= 3; }
  bool isBitmap() const { return kind == 1 || kind == 4; }
  bool isColored() const { return kind == 3 || kind == 6; }

  uint8_t next() {
    if (at >= file.size)
      throw Refusal(kEndsEarly);
    return file.data[at++];
  }

  /// Behind white space and comments.
  void skip() {
    for (bool inComment = false; at < file.size; ++at) {
      uint8_t c = file.data[at];
      inComment = inComment ? c != '\n' : c == '#';
      if (!inComment && c != ' ' && (c < '\t' || c > '\r'))
        return;
    }
  }

  int64_t number() {
    skip();
    int64_t value = -1;
    for (; at < file.size && file.data[at] >= '0' && file.data[at] <= '9'; ++at) {
      value = (value < 0 ? 0 : value) * 10 + (file.data[at] - '0');
      if (value > INT32_MAX)
        throw Refusal("a number is above 2^31");
    }
    if (value < 0)
      throw Refusal("a number is missing");
    return value;
  }

  /// From 0 to 255.
  uint8_t sample() {
    if (kind == 1) { // digits need no white space between them; 1 is black
      skip();
      uint8_t digit = next();
      if (digit != '0' && digit != '1')
        throw Refusal("a pixel is neither 0 nor 1");
      return digit == '0' ? 255 : 0;
    }
    if (kind == 4) {
      if (at >= file.size)
        throw Refusal(kEndsEarly);
      uint8_t value = file.data[at] >> (7 - bit) & 1;
      bit = (bit + 1) % 8;
      at += bit == 0;
      return value ? 0 : 255;
    }
    int64_t value = isText() ? number() : next();
    if (!isText() && most > 255)
      value = value * 256 + next();
    return uint8_t(((value < most ? value : most) * 255 + most / 2) / most);
  }

  Bytes file;
  int kind;
  uint64_t at = 2;
  unsigned bit = 0; ///< of the byte at `at`, where there are eight pixels in it
  int64_t most = 1;
};

} // namespace

const Format cameo::images::kPnm = {
    "PNM",
    [](Bytes file) { return file.size > 2 && file.data[0] == 'P' && file.data[1] >= '1' && file.data[1] <= '6'; },
    [](Bytes file) { return Reader(file).size; },
    [](Bytes file, Size, uint8_t *pixels) { Reader(file).decode(pixels); }};
