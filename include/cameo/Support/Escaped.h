// Escaped.h - text of the user's in messages. Plain C++, for the compiler and for cameo-run, which has no LLVM.
#pragma once
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

namespace cameo {

/// The bytes of the character that `text` begins with; 0 where that is a control character or no UTF-8 (Unicode 16,
/// table 3-7).
inline size_t printableBytes(std::string_view text) {
  auto byte = [&](size_t i) { return i < text.size() ? uint8_t(text[i]) : 0; };
  auto isIn = [](uint8_t x, uint8_t least, uint8_t most) { return x >= least && x <= most; };
  uint8_t first = byte(0);
  if (first < 0x80)
    return isIn(first, 0x20, 0x7e);
  size_t length = isIn(first, 0xc2, 0xdf) ? 2 : isIn(first, 0xe0, 0xef) ? 3 : isIn(first, 0xf0, 0xf4) ? 4 : 0;
  // U+0080 to U+009F are control characters; then overlong forms, surrogates, and what is past U+10FFFF.
  uint8_t least = first == 0xc2 || first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
  uint8_t most = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
  bool isWhole = isIn(byte(1), least, most);
  for (size_t i = 2; i < length; ++i)
    isWhole &= isIn(byte(i), 0x80, 0xbf);
  return isWhole ? length : 0;
}

/// A whole message with control characters and what is no UTF-8 as \xNN. What is escaped already stays.
inline std::string escapedSentence(std::string_view text) {
  constexpr char digits[] = "0123456789abcdef";
  std::string result;
  while (!text.empty()) {
    size_t length = printableBytes(text);
    if (length > 0)
      result += text.substr(0, length);
    else
      result += {'\\', 'x', digits[uint8_t(text[0]) >> 4], digits[uint8_t(text[0]) & 15]};
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  return result;
}

/// A name or other text of the user's fit to be quoted in a message: escaped, and shortened after 200 bytes.
inline std::string escaped(std::string_view text) {
  constexpr size_t longest = 200;
  return escapedSentence(text.substr(0, longest)) + (text.size() > longest ? "..." : "");
}

} // namespace cameo
