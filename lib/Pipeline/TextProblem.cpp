// TextProblem.cpp - see TextProblem.h.
#include "cameo/Pipeline/TextProblem.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;
using namespace cameo;

/// Text is parsed recursively; deeper than this is nothing anyone writes, and could exhaust the stack.
static constexpr int kMaxNesting = 256;

/// Numbers are converted in quadratic time.
static constexpr size_t kMaxDigits = 1000;

std::optional<TextProblem> cameo::findTextProblem(StringRef text) {
  int depth = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '"') {
      for (++i; i < text.size() && text[i] != '"' && text[i] != '\n'; ++i)
        i += text[i] == '\\';
    } else if (c == '/' && text.substr(i).starts_with("//")) {
      i = std::min(text.find('\n', i), text.size());
    } else if (c == '-' && text.substr(i).starts_with("->")) {
      ++i;
    } else if (StringRef("([{<").contains(c)) {
      if (++depth > kMaxNesting)
        return TextProblem{i, "brackets are nested more than " + std::to_string(kMaxNesting) + " deep"};
    } else if (StringRef(")]}>").contains(c)) {
      depth = std::max(0, depth - 1);
    } else if (isDigit(c)) {
      size_t digits = text.substr(i).take_while([](char d) { return isAlnum(d); }).size();
      if (digits > kMaxDigits)
        return TextProblem{i, "a number has more than " + std::to_string(kMaxDigits) + " digits"};
      i += digits - 1;
    }
  }
  return std::nullopt;
}
