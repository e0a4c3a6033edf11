// Texts.cpp - see Texts.h.
#include "Texts.h"
#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string>
#include <wctype.h>

using namespace cameo::rt;

// ---- numbers

void Texts::reset(const cameo_program_info &program, MemoryBudget &budget) {
  size_t own = program.num_texts + 1;
  for (size_t i = texts.size(); i-- > own;)
    place(texts[i], hashes[i]) = 0; // in the reverse order of insertion, so that no search breaks off early
  for (Buffer &chunk : chunks)
    chunk.free(budget);
  chunks.clear();
  if (!texts.empty()) {
    texts.resize(own);
    hashes.resize(own);
    return;
  }
  add({}, 0);
  for (uint64_t i = 0; i < program.num_texts; ++i) {
    std::string_view text(program.texts[i].data, program.texts[i].bytes);
    add(text, std::hash<std::string_view>()(text));
  }
}

/// Where the text's number stands in the table, or would.
uint32_t &Texts::place(std::string_view text, uint64_t hash) {
  size_t mask = table.size() - 1;
  for (size_t at = hash & mask;; at = (at + 1) & mask)
    if (!table[at] || (hashes[table[at]] == hash && texts[table[at]] == text))
      return table[at];
}

void Texts::add(std::string_view text, uint64_t hash) {
  texts.push_back(text);
  hashes.push_back(hash);
  if (table.size() >= 2 * texts.size()) {
    if (texts.size() > 1)
      place(text, hash) = uint32_t(texts.size() - 1);
    return;
  }
  table.assign(std::bit_ceil(std::max<size_t>(64, 4 * texts.size())), 0);
  for (size_t i = 1; i < texts.size(); ++i)
    place(texts[i], hashes[i]) = uint32_t(i);
}

int64_t Texts::number(std::string_view text, MemoryBudget &budget) {
  if (text.empty())
    return 0;
  uint64_t hash = std::hash<std::string_view>()(text);
  if (uint32_t known = place(text, hash))
    return known;
  char *own = texts.size() < UINT32_MAX ? copy(text, budget) : nullptr;
  if (!own)
    return -1;
  add({own, text.size()}, hash);
  return int64_t(texts.size() - 1);
}

char *Texts::copy(std::string_view text, MemoryBudget &budget) {
  constexpr uint64_t kChunkBytes = 1 << 16;
  if (chunks.empty() || text.size() > chunks.back().capacity() - used) {
    Buffer chunk;
    if (!chunk.reserve(budget, std::max<uint64_t>(kChunkBytes, text.size())))
      return nullptr;
    chunks.push_back(std::move(chunk));
    used = 0;
  }
  char *to = reinterpret_cast<char *>(chunks.back().data()) + used;
  memcpy(to, text.data(), text.size());
  used += text.size();
  return to;
}

// ---- characters

namespace {

/// The character at the beginning of `text` and its bytes; a byte that begins none is (its value, 0).
struct Character {
  uint32_t code;
  unsigned bytes;
};

Character firstCharacter(std::string_view text) {
  auto byte = [&](size_t i) { return uint8_t(text[i]); };
  uint8_t lead = byte(0);
  unsigned bytes = lead < 0x80                   ? 1
                   : lead >= 0xc2 && lead < 0xe0 ? 2
                   : lead >= 0xe0 && lead < 0xf0 ? 3
                   : lead >= 0xf0 && lead < 0xf5 ? 4
                                                 : 0;
  if (!bytes || bytes > text.size())
    return {lead, 0};
  uint32_t code = bytes == 1 ? lead : lead & (0x7f >> bytes);
  for (unsigned i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xc0) != 0x80)
      return {lead, 0};
    code = code << 6 | (byte(i) & 0x3f);
  }
  return {code, bytes};
}

void append(std::vector<char> &text, uint32_t code) {
  if (code < 0x80) {
    text.push_back(char(code));
    return;
  }
  unsigned more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  text.push_back(char((0xf00 >> (more + 1) & 0xff) | code >> (6 * more)));
  while (more--)
    text.push_back(char(0x80 | (code >> (6 * more) & 0x3f)));
}

/// Unicode's white space.
bool isSpace(uint32_t code) {
  return (code >= 9 && code <= 13) || (code >= 28 && code <= 32) || code == 0x85 || code == 0xa0 || code == 0x1680 ||
         (code >= 0x2000 && code <= 0x200a) || code == 0x2028 || code == 0x2029 || code == 0x202f || code == 0x205f ||
         code == 0x3000;
}

} // namespace

bool cameo::rt::changeCase(std::string_view text, bool toUpper, std::vector<char> &result) {
  static const locale_t unicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  if (!unicode)
    return false;
  result.clear();
  while (!text.empty()) {
    Character c = firstCharacter(text);
    if (c.bytes)
      append(result, uint32_t(toUpper ? towupper_l(wint_t(c.code), unicode) : towlower_l(wint_t(c.code), unicode)));
    else
      result.push_back(text[0]);
    text.remove_prefix(std::max(c.bytes, 1u));
  }
  return true;
}

std::vector<std::string_view> cameo::rt::splitText(std::string_view text, std::string_view delimiter, uint64_t most) {
  std::vector<std::string_view> pieces;
  if (!delimiter.empty()) {
    for (size_t at; pieces.size() < most && (at = text.find(delimiter)) != text.npos;) {
      pieces.push_back(text.substr(0, at));
      text.remove_prefix(at + delimiter.size());
    }
    pieces.push_back(text);
    return pieces;
  }
  // As Python's str.split: what is left after the last split loses white space at its beginning only.
  auto skip = [&](bool spaces) {
    size_t bytes = 0;
    while (bytes < text.size()) {
      Character c = firstCharacter(text.substr(bytes));
      if (isSpace(c.bytes ? c.code : 'x') != spaces)
        break;
      bytes += std::max(c.bytes, 1u);
    }
    std::string_view skipped = text.substr(0, bytes);
    text.remove_prefix(bytes);
    return skipped;
  };
  for (skip(true); !text.empty(); skip(true)) {
    if (pieces.size() == most) {
      pieces.push_back(text);
      break;
    }
    pieces.push_back(skip(false));
  }
  return pieces;
}

// ---- tokens

namespace {

/// The first and longest part of `text` from `begin` on that the automaton accepts; its data is null where there is
/// none.
std::string_view findFirst(std::string_view text, size_t begin, const int32_t *automaton) {
  constexpr int64_t kRow = 257;
  auto isWord = [&](size_t i) {
    char c = text[i];
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
  };
  // No UTF-8 has the byte 255: what it leads to, and never leaves nor accepts, need not be followed.
  int64_t dead = automaton[255];
  const int32_t *row = automaton + dead * kRow;
  if (row[256] || !std::all_of(row, row + 256, [&](int32_t next) { return next == dead; }))
    dead = -1;
  for (; begin <= text.size();
       begin += begin < text.size() ? std::max(firstCharacter(text.substr(begin)).bytes, 1u) : 1) {
    int64_t state = begin == 0 ? 0 : isWord(begin - 1) ? 2 : 1, longest = -1;
    for (size_t end = begin; state != dead; ++end) {
      int32_t where = end == text.size() ? 1 : isWord(end) ? 2 : 4;
      if (automaton[state * kRow + 256] & where)
        longest = int64_t(end);
      if (end == text.size())
        break;
      state = automaton[state * kRow + uint8_t(text[end])];
    }
    if (longest >= 0)
      return text.substr(begin, size_t(longest) - begin);
  }
  return {};
}

} // namespace

void cameo::rt::findTokens(std::string_view text, const int32_t *automaton, uint64_t least, bool between,
                           std::vector<std::string_view> &tokens) {
  auto isLongEnough = [&](std::string_view token) {
    uint64_t count = 0;
    for (; count < least && !token.empty(); ++count)
      token.remove_prefix(std::max(firstCharacter(token).bytes, 1u));
    return count == least;
  };
  size_t begin = 0;
  while (true) {
    std::string_view found = findFirst(text, begin, automaton);
    if (!found.data())
      break;
    size_t place = size_t(found.data() - text.data());
    std::string_view token = between ? text.substr(begin, place - begin) : found;
    bool isTaken = isLongEnough(token);
    if (isTaken)
      tokens.push_back(token);
    // Behind what was found; but a token that is too short, and a separator that is empty, end after one character.
    if (between ? !found.empty() : isTaken && !found.empty())
      begin = place + found.size();
    else if (place < text.size())
      begin = place + std::max(firstCharacter(text.substr(place)).bytes, 1u);
    else
      break;
  }
  if (std::string_view last = text.substr(std::min(begin, text.size())); between && isLongEnough(last))
    tokens.push_back(last);
}

uint32_t cameo::rt::murmurHash(std::string_view text, uint32_t seed) {
  auto mixed = [](uint32_t block) { return std::rotl(block * 0xcc9e2d51u, 15) * 0x1b873593u; };
  uint32_t hash = seed;
  size_t whole = text.size() / 4 * 4;
  for (size_t i = 0; i < whole; i += 4) {
    uint32_t block;
    memcpy(&block, text.data() + i, 4);
    hash = std::rotl(hash ^ mixed(block), 13) * 5 + 0xe6546b64u;
  }
  uint32_t rest = 0;
  for (size_t i = text.size(); i-- > whole;)
    rest = rest << 8 | uint8_t(text[i]);
  hash ^= mixed(rest) ^ uint32_t(text.size());
  hash = (hash ^ hash >> 16) * 0x85ebca6bu;
  hash = (hash ^ hash >> 13) * 0xc2b2ae35u;
  return hash ^ hash >> 16;
}

// ---- numbers as texts
// By strtod and snprintf: the conversions of <charconv> would double the library's size.

namespace {

locale_t plainLocale() {
  static const locale_t plain = newlocale(LC_ALL_MASK, "C", nullptr);
  return plain;
}

/// The least number of digits that reads back as `value`.
template <typename Real>
size_t writeShortest(char *text, size_t size, Real value, Real (*read)(const char *, char **, locale_t)) {
  locale_t before = uselocale(plainLocale());
  int length = 0, precision = 0;
  do
    length = snprintf(text, size, "%.*g", ++precision, double(value));
  while (precision < std::numeric_limits<Real>::max_digits10 && read(text, nullptr, plainLocale()) != value);
  uselocale(before);
  return size_t(length);
}

} // namespace

bool cameo::rt::parseNumber(std::string_view text, bool isFloat, int64_t &bits) {
  while (!text.empty() && isSpace(uint8_t(text.front())))
    text.remove_prefix(1);
  while (!text.empty() && isSpace(uint8_t(text.back())))
    text.remove_suffix(1);
  if (!isFloat) {
    if (text.starts_with('+') && !text.starts_with("+-"))
      text.remove_prefix(1);
    auto [stop, problem] = std::from_chars(text.data(), text.data() + text.size(), bits);
    return problem == std::errc() && stop == text.data() + text.size();
  }
  std::string terminated(text);
  char *stop = nullptr;
  double value = strtod_l(terminated.c_str(), &stop, plainLocale());
  bits = std::bit_cast<int64_t>(value);
  bool isHexadecimal = text.find_first_of("xX") != text.npos;
  return !text.empty() && !isHexadecimal && stop == terminated.c_str() + terminated.size();
}

NumberText::NumberText(int64_t number, int64_t digits) {
  double value = std::bit_cast<double>(number);
  if (digits == 65)
    size = size_t(snprintf(text, sizeof(text), "%llu", (unsigned long long)number));
  else if (digits == 64)
    size = size_t(snprintf(text, sizeof(text), "%lld", (long long)number));
  else if (std::isnan(value) || std::isinf(value))
    size = size_t(snprintf(text, sizeof(text), "%s", std::isnan(value) ? "NaN" : value < 0 ? "-INF" : "INF"));
  else if (digits == 24)
    size = writeShortest<float>(text, sizeof(text), float(value), strtof_l);
  else
    size = writeShortest<double>(text, sizeof(text), value, strtod_l);
}
