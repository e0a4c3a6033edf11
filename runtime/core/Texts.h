// Texts.h - the texts of a run and their numbers; KernelABI.h says what the numbers mean.
#pragma once
#include "Memory.h"
#include "cameo/Runtime/KernelABI.h"
#include <string_view>
#include <vector>

namespace cameo::rt {

/// Numbers texts so that equal ones have equal numbers. Used by one thread at a time.
class Texts {
public:
  /// Begins again with the program's own texts.
  void reset(const cameo_program_info &program, MemoryBudget &budget);

  /// The number of a text, which is copied when it is new; -1 when memory is not to be had.
  int64_t number(std::string_view text, MemoryBudget &budget);
  /// Empty for a number that no text has.
  std::string_view operator[](int64_t number) const {
    return uint64_t(number) < texts.size() ? texts[number] : std::string_view();
  }

private:
  uint32_t &place(std::string_view text, uint64_t hash);
  void add(std::string_view text, uint64_t hash);
  char *copy(std::string_view text, MemoryBudget &budget);

  std::vector<std::string_view> texts; ///< by number
  std::vector<uint64_t> hashes;        ///< of the texts
  std::vector<uint32_t> table; ///< open addressing: a number, or 0 for a free place; twice as long as `texts` at least
  std::vector<Buffer> chunks;  ///< copies of texts
  uint64_t used = 0;           ///< bytes taken in the last chunk
};

/// In upper or lower case by the simple mappings of Unicode, as towupper and towlower of locale C.UTF-8 give them;
/// bytes that are not UTF-8 stay. False where the system lacks that locale.
bool changeCase(std::string_view text, bool toUpper, std::vector<char> &result);

/// The pieces between `delimiter`s, of which the first `most` count; between runs of white space where it is empty.
std::vector<std::string_view> splitText(std::string_view text, std::string_view delimiter, uint64_t most);

/// As cameo_services.text_tokens: appends the tokens of `text` to `tokens`.
void findTokens(std::string_view text, const int32_t *automaton, uint64_t least, bool between,
                std::vector<std::string_view> &tokens);

/// MurmurHash3_x86_32.
uint32_t murmurHash(std::string_view text, uint32_t seed);

/// Reads a whole text as a decimal number, "inf" or "nan" in any case (as the bits of a double), or as an integer.
/// False where it is none, or too large for an int64_t.
bool parseNumber(std::string_view text, bool isFloat, int64_t &bits);

/// A number as cameo_services.number_to_text writes it: infinities are INF and -INF, what is no number NaN, as ONNX's
/// Cast says.
class NumberText {
public:
  NumberText(int64_t number, int64_t digits);
  std::string_view view() const { return {text, size}; }

private:
  char text[40];
  size_t size;
};

} // namespace cameo::rt
