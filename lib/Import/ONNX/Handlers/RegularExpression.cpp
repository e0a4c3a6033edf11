// RegularExpression.cpp - see RegularExpression.h. A recursive descent over the pattern builds Thompson's automaton
// with edges of byte ranges; the subset construction makes it deterministic.
#include "RegularExpression.h"
#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/ConvertUTF.h"
#include "llvm/Support/Unicode.h"
#include <map>

using llvm::StringRef;
using llvm::Twine;

namespace {

constexpr size_t kMostStates = 4096, kMostParts = 100'000;
constexpr uint32_t kLastCharacter = 0x10ffff;
constexpr unsigned kMostRepeats = 1000, kMostNesting = 500;

/// A set of characters: ascending ranges that do not touch.
class Characters {
public:
  Characters() = default;
  Characters(std::initializer_list<std::pair<uint32_t, uint32_t>> list) {
    for (auto [first, last] : list)
      add(first, last);
  }
  void add(uint32_t first, uint32_t last) {
    llvm::SmallVector<std::pair<uint32_t, uint32_t>> merged;
    for (auto [f, l] : ranges)
      if (l + 1 < first || last + 1 < f)
        merged.push_back({f, l});
      else
        first = std::min(first, f), last = std::max(last, l);
    merged.push_back({first, last});
    llvm::sort(merged);
    ranges = merged;
  }
  void add(const Characters &other) {
    for (auto [first, last] : other.ranges)
      add(first, last);
  }
  Characters inverted() const {
    Characters result;
    uint32_t next = 0;
    for (auto [first, last] : ranges) {
      if (next < first)
        result.ranges.push_back({next, first - 1});
      next = last + 1;
    }
    if (next <= kLastCharacter)
      result.ranges.push_back({next, kLastCharacter});
    return result;
  }
  /// With all characters that differ from these in case only.
  Characters withoutCase() const {
    static const auto byFolded = [] {
      std::multimap<int, uint32_t> map;
      for (uint32_t c = 0; c <= 0x1ffff; ++c) {
        int folded = llvm::sys::unicode::foldCharSimple(int(c));
        if (folded != int(c)) {
          map.insert({folded, c});
          map.insert({int(c), uint32_t(folded)});
        }
      }
      return map;
    }();
    Characters result = *this;
    for (auto [first, last] : ranges)
      for (uint32_t c = first; c <= std::min<uint32_t>(last, 0x1ffff); ++c) {
        int folded = llvm::sys::unicode::foldCharSimple(int(c));
        result.add(uint32_t(folded), uint32_t(folded));
        for (auto [it, end] = byFolded.equal_range(folded); it != end; ++it)
          result.add(it->second, it->second);
      }
    return result;
  }
  llvm::ArrayRef<std::pair<uint32_t, uint32_t>> get() const { return ranges; }

private:
  llvm::SmallVector<std::pair<uint32_t, uint32_t>> ranges;
};

/// What an edge of the nondeterministic automaton asks for: a byte, or that the place in the text is of a kind.
enum Condition : unsigned { None = 1, AtBegin = 2, AtEnd = 4, AtWordBoundary = 8, InsideWordOrOutside = 16, Byte = 32 };
struct Edge {
  Condition condition;
  uint8_t first, last;
  size_t target;
};

/// Part of the automaton with one way in and one way out.
struct Fragment {
  size_t in, out;
};

class Parser {
public:
  explicit Parser(StringRef pattern) : unquoted(withoutQuotes(pattern)), rest(unquoted) {}

  llvm::Expected<std::vector<int32_t>> compile(bool isSearch) {
    Fragment all = alternatives(0);
    if (problem.empty() && !rest.empty())
      fail("there is a ) without its (");
    std::vector<int32_t> table = problem.empty() ? determine(all, isSearch) : std::vector<int32_t>();
    if (!problem.empty())
      return llvm::createStringError(problem);
    return table;
  }

private:
  // ---- automaton
  size_t state() {
    if (edges.size() >= kMostParts)
      fail("it has too many parts");
    edges.emplace_back();
    return edges.size() - 1;
  }
  void connect(size_t from, size_t to, Condition condition = None, uint8_t first = 0, uint8_t last = 0) {
    edges[from].push_back({condition, first, last, to});
  }
  Fragment empty() {
    size_t s = state();
    return {s, s};
  }
  Fragment sequence(Fragment a, Fragment b) {
    connect(a.out, b.in);
    return {a.in, b.out};
  }
  Fragment onCondition(Condition condition) {
    Fragment f{state(), state()};
    connect(f.in, f.out, condition);
    return f;
  }

  Fragment wordBoundary(Condition condition) {
    hasWordBoundaries = true;
    return onCondition(condition);
  }

  Fragment characters(Characters set) {
    if (ignoresCase)
      set = set.withoutCase();
    Fragment f{state(), state()};
    for (auto [first, last] : set.get())
      addRange(f, first, last);
    return f;
  }

  /// The bytes of [first, last]: split where the number of bytes changes, then where leading bytes differ.
  void addRange(Fragment f, uint32_t first, uint32_t last) {
    for (uint32_t limit : {0x7fu, 0x7ffu, 0xd7ffu, 0xffffu})
      if (first <= limit && limit < last) {
        addRange(f, first, limit);
        addRange(f, std::max(limit + 1, limit == 0xd7ff ? 0xe000u : 0u), last);
        return;
      }
    if (first > last || (first >= 0xd800 && last <= 0xdfff))
      return;
    unsigned bytes = last <= 0x7f ? 1 : last <= 0x7ff ? 2 : last <= 0xffff ? 3 : 4;
    for (unsigned i = 1; i < bytes; ++i) {
      uint32_t low = (1u << (6 * i)) - 1;
      if ((first & ~low) == (last & ~low))
        continue;
      if (first & low) {
        addRange(f, first, first | low);
        addRange(f, (first | low) + 1, last);
        return;
      }
      if ((last & low) != low) {
        addRange(f, first, (last & ~low) - 1);
        addRange(f, last & ~low, last);
        return;
      }
    }
    size_t at = f.in;
    for (unsigned i = bytes; i-- > 0;) {
      auto byte = [&](uint32_t c) {
        uint32_t bits = c >> (6 * i);
        return uint8_t(i + 1 < bytes ? 0x80 | (bits & 0x3f) : bytes == 1 ? bits : (0xf00 >> bytes & 0xff) | bits);
      };
      size_t next = i ? state() : f.out;
      connect(at, next, Byte, byte(first), byte(last));
      at = next;
    }
  }

  // ---- syntax
  /// With a backslash before each special character between \Q and \E.
  static std::string withoutQuotes(StringRef pattern) {
    std::string result;
    for (bool isQuoted = false; !pattern.empty(); pattern = pattern.drop_front()) {
      if (pattern.consume_front(isQuoted ? "\\E" : "\\Q")) {
        isQuoted = !isQuoted;
        if (pattern.empty())
          break;
      }
      char c = pattern.front();
      if (isQuoted && uint8_t(c) < 128 && !llvm::isAlnum(c))
        result += '\\';
      result += c;
      if (!isQuoted && c == '\\' && pattern.size() > 1) { // what it escapes comes along
        pattern = pattern.drop_front();
        result += pattern.front();
      }
    }
    return result;
  }

  Fragment fail(const Twine &what) {
    if (problem.empty())
      problem = what.str();
    rest = "";
    return {0, 0};
  }

  Fragment alternatives(unsigned depth) {
    if (depth > kMostNesting)
      return fail("its groups are nested too deeply");
    bool outerCase = ignoresCase, outerLines = dotMatchesLines; // flags set inside a group end with it
    Fragment all{state(), state()};
    do {
      Fragment one = empty();
      while (problem.empty() && !rest.empty() && rest[0] != '|' && rest[0] != ')')
        one = sequence(one, repeated(depth));
      if (!problem.empty())
        return {0, 0};
      connect(all.in, one.in);
      connect(one.out, all.out);
    } while (rest.consume_front("|"));
    ignoresCase = outerCase;
    dotMatchesLines = outerLines;
    return all;
  }

  Fragment repeated(unsigned depth) {
    StringRef begin = rest;
    Fragment one = atom(depth);
    for (bool first = true; problem.empty(); first = false) {
      unsigned least = 0, most = kMostRepeats + 1; // above the limit: any number
      StringRef before = rest;
      if (rest.consume_front("*")) {
      } else if (rest.consume_front("+")) {
        least = 1;
      } else if (rest.consume_front("?")) {
        most = 1;
      } else if (!counts(least, most)) {
        return one;
      }
      if (!first)
        return fail("two repetitions follow each other");
      (void)rest.consume_front("?"); // which repetition is preferred makes no difference to a whole match
      one = repeat(one, begin.drop_back(before.size()), depth, least, most);
    }
    return one;
  }

  /// {n}, {n,} or {n,m}; anything else is not a count but text.
  bool counts(unsigned &least, unsigned &most) {
    StringRef text = rest;
    if (!text.consume_front("{") || text.consumeInteger(10, least))
      return false;
    most = least;
    if (text.consume_front(",") && text.consumeInteger(10, most))
      most = kMostRepeats + 1;
    if (!text.consume_front("}"))
      return false;
    rest = text;
    if (least > kMostRepeats || (most > kMostRepeats && most != kMostRepeats + 1) || most < least)
      fail("it repeats something {" + Twine(least) + "," + Twine(most) + "} times; the most is " + Twine(kMostRepeats));
    return problem.empty();
  }

  /// `one` again and again; further copies are parsed from its text.
  Fragment repeat(Fragment one, StringRef text, unsigned depth, unsigned least, unsigned most) {
    if (!problem.empty())
      return {0, 0};
    auto copy = [&] {
      StringRef kept = std::exchange(rest, text);
      Fragment made = atom(depth);
      rest = problem.empty() ? kept : "";
      return made;
    };
    Fragment all = empty();
    bool isOpen = most > kMostRepeats;
    unsigned copies = isOpen ? std::max(least, 1u) : most;
    for (unsigned i = 0; i < copies && problem.empty(); ++i) {
      Fragment next = i ? copy() : one;
      if (i >= least)
        connect(next.in, next.out);
      if (isOpen && i + 1 == copies)
        connect(next.out, next.in);
      all = sequence(all, next);
    }
    // Nothing may go back into what stands before or behind.
    return sequence(all, empty());
  }

  uint32_t character() {
    auto *at = reinterpret_cast<const llvm::UTF8 *>(rest.bytes_begin());
    llvm::UTF32 code = 0;
    if (llvm::convertUTF8Sequence(&at, rest.bytes_end(), &code, llvm::strictConversion) != llvm::conversionOK) {
      fail("it is not UTF-8");
      return 0;
    }
    rest = rest.drop_front(at - rest.bytes_begin());
    return code;
  }

  Fragment atom(unsigned depth) {
    if (rest.consume_front("("))
      return group(depth);
    if (rest.consume_front("["))
      return characters(bracketed());
    if (rest.consume_front("."))
      return characters(dotMatchesLines ? Characters{{0, kLastCharacter}} : Characters{{'\n', '\n'}}.inverted());
    if (rest.consume_front("^") || rest.consume_front("\\A"))
      return onCondition(AtBegin);
    if (rest.consume_front("$") || rest.consume_front("\\z"))
      return onCondition(AtEnd);
    if (rest.consume_front("\\b"))
      return wordBoundary(AtWordBoundary);
    if (rest.consume_front("\\B"))
      return wordBoundary(InsideWordOrOutside);
    if (rest[0] == '*' || rest[0] == '+' || rest[0] == '?')
      return fail("there is nothing to repeat before '" + rest.take_front(1) + "'");
    if (rest.consume_front("\\"))
      return characters(escaped());
    uint32_t c = character();
    return characters({{c, c}});
  }

  Fragment group(unsigned depth) {
    if (rest.consume_front("?P<") || rest.consume_front("?<")) {
      if (rest.starts_with("=") || rest.starts_with("!"))
        return fail("looking behind is not supported");
      rest = rest.drop_front(std::min(rest.find('>') + 1, rest.size()));
    } else if (rest.consume_front("?")) {
      if (rest.starts_with("=") || rest.starts_with("!"))
        return fail("looking ahead is not supported");
      for (bool on = true; !rest.consume_front(":");) {
        if (rest.consume_front(")")) // for the rest of the group around it
          return empty();
        if (rest.consume_front("-"))
          on = false;
        else if (rest.consume_front("i"))
          ignoresCase = on;
        else if (rest.consume_front("s"))
          dotMatchesLines = on;
        else if (!rest.consume_front("U"))
          return fail("the flag '" + rest.take_front(1) + "' is not supported; i, s and U are");
      }
    }
    Fragment inside = alternatives(depth + 1);
    if (problem.empty() && !rest.consume_front(")"))
      return fail("there is a ( without its )");
    return inside;
  }

  /// What follows a backslash.
  Characters escaped() {
    static const Characters digits{{'0', '9'}}, spaces{{'\t', '\n'}, {'\f', '\r'}, {' ', ' '}},
        words{{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
    uint32_t c = rest.empty() ? (fail("it ends with a backslash"), 0) : character();
    auto hexadecimal = [&]() -> Characters {
      uint32_t code = 0;
      StringRef number = rest.take_front(2);
      rest = rest.drop_front(number.size());
      if (number.starts_with("{")) {
        auto [inside, after] = (number + rest).str().find('}') == std::string::npos
                                   ? std::pair<StringRef, StringRef>("", "")
                                   : StringRef(number.data(), number.size() + rest.size()).drop_front().split('}');
        number = inside;
        rest = after;
      }
      if (number.empty() || number.getAsInteger(16, code) || code > kLastCharacter)
        fail("\\x is not followed by a hexadecimal number");
      return {{code, code}};
    };
    switch (c) {
    case 'd':
      return digits;
    case 'D':
      return digits.inverted();
    case 's':
      return spaces;
    case 'S':
      return spaces.inverted();
    case 'w':
      return words;
    case 'W':
      return words.inverted();
    case 'a':
      return {{7, 7}};
    case 'f':
      return {{'\f', '\f'}};
    case 'n':
      return {{'\n', '\n'}};
    case 'r':
      return {{'\r', '\r'}};
    case 't':
      return {{'\t', '\t'}};
    case 'v':
      return {{'\v', '\v'}};
    case 'x':
      return hexadecimal();
    default:
      if (llvm::isAlnum(char(c)) && c < 128)
        fail("\\" + Twine(char(c)) + " is not supported");
      return {{c, c}};
    }
  }

  /// [...], behind its bracket.
  Characters bracketed() {
    static const std::pair<StringRef, Characters> classes[] = {
        {"[:alnum:]", {{'0', '9'}, {'A', 'Z'}, {'a', 'z'}}},
        {"[:alpha:]", {{'A', 'Z'}, {'a', 'z'}}},
        {"[:ascii:]", {{0, 127}}},
        {"[:blank:]", {{'\t', '\t'}, {' ', ' '}}},
        {"[:cntrl:]", {{0, 31}, {127, 127}}},
        {"[:digit:]", {{'0', '9'}}},
        {"[:graph:]", {{'!', '~'}}},
        {"[:lower:]", {{'a', 'z'}}},
        {"[:print:]", {{' ', '~'}}},
        {"[:punct:]", {{'!', '/'}, {':', '@'}, {'[', '`'}, {'{', '~'}}},
        {"[:space:]", {{'\t', '\r'}, {' ', ' '}}},
        {"[:upper:]", {{'A', 'Z'}}},
        {"[:word:]", {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}},
        {"[:xdigit:]", {{'0', '9'}, {'A', 'F'}, {'a', 'f'}}}};
    Characters set;
    bool isInverted = rest.consume_front("^");
    auto single = [&]() -> Characters {
      if (rest.consume_front("\\"))
        return escaped();
      uint32_t c = character();
      return {{c, c}};
    };
    for (bool first = true; problem.empty() && (first || !rest.starts_with("]")); first = false) {
      if (rest.empty()) {
        fail("there is a [ without its ]");
        break;
      }
      auto named = llvm::find_if(classes, [&](auto &entry) { return rest.starts_with(entry.first); });
      if (named != std::end(classes)) {
        rest = rest.drop_front(named->first.size());
        set.add(named->second);
        continue;
      }
      Characters low = single();
      if (!problem.empty() || !rest.starts_with("-") || rest.starts_with("-]") || rest.size() < 2) {
        set.add(low);
        continue;
      }
      rest = rest.drop_front();
      Characters high = single();
      auto isOne = [](const Characters &c) { return c.get().size() == 1 && c.get()[0].first == c.get()[0].second; };
      if (problem.empty() && (!isOne(low) || !isOne(high) || high.get()[0].first < low.get()[0].first))
        fail("a range in [] does not go from one character up to another");
      if (problem.empty())
        set.add(low.get()[0].first, high.get()[0].first);
    }
    (void)rest.consume_front("]");
    if (ignoresCase)
      set = set.withoutCase();
    return isInverted ? set.inverted() : set;
  }

  // ---- subset construction
  /// Adds all states that are reached without reading a byte where `conditions` hold.
  void close(llvm::BitVector &set, unsigned conditions) {
    llvm::SmallVector<size_t> open(set.set_bits_begin(), set.set_bits_end());
    while (!open.empty())
      for (const Edge &e : edges[open.pop_back_val()])
        if ((e.condition & conditions) && !set.test(e.target)) {
          set.set(e.target);
          open.push_back(e.target);
        }
  }

  static bool isWord(unsigned byte) { return byte < 128 && (llvm::isAlnum(char(byte)) || byte == '_'); }
  static Condition boundary(bool before, bool behind) {
    return before != behind ? AtWordBoundary : InsideWordOrOutside;
  }

  std::vector<int32_t> determine(Fragment all, bool isSearch) {
    std::vector<int32_t> table;
    // A state of the deterministic automaton: a set of states, and whether the byte before was part of a word.
    std::map<std::pair<std::vector<unsigned>, bool>, int32_t> numbers;
    std::vector<std::pair<llvm::BitVector, bool>> states;
    auto number = [&](const llvm::BitVector &set, bool behindWord) {
      std::vector<unsigned> key(set.set_bits_begin(), set.set_bits_end());
      auto [it, isNew] = numbers.try_emplace({std::move(key), behindWord}, int32_t(states.size()));
      if (isNew)
        states.push_back({set, behindWord});
      return it->second;
    };
    llvm::BitVector start(edges.size());
    start.set(all.in);
    if (isSearch) // in the rows 1 and 2; row 0 is for the beginning of a text
      for (bool behindWord : {false, true}) {
        llvm::BitVector inside = start;
        close(inside, None);
        states.push_back({inside, behindWord});
      }
    close(start, None | AtBegin);
    states.insert(states.begin(), {start, false});
    for (size_t i = 0; i < states.size(); ++i) {
      if (states.size() > kMostStates) {
        fail("its automaton has more than " + Twine(kMostStates) + " states");
        return {};
      }
      auto [set, behindWord] = states[i];
      unsigned place = None | (i == 0 ? AtBegin : 0);
      llvm::BitVector beforeByte[2] = {set, set}; // by whether the byte is part of a word
      for (bool word : {false, true})
        close(beforeByte[word], place | boundary(behindWord, word));
      // Bytes between two bounds of ranges behave alike.
      llvm::BitVector bounds(257);
      bounds.set(0);
      for (unsigned byte = 1; byte < 256 && hasWordBoundaries; ++byte)
        if (isWord(byte) != isWord(byte - 1))
          bounds.set(byte);
      for (const llvm::BitVector &open : beforeByte)
        for (unsigned s : open.set_bits())
          for (const Edge &e : edges[s])
            if (e.condition == Byte) {
              bounds.set(e.first);
              bounds.set(e.last + 1u);
            }
      int32_t target = 0;
      for (unsigned byte = 0; byte < 256; ++byte) {
        if (bounds.test(byte)) {
          llvm::BitVector next(edges.size());
          for (unsigned s : beforeByte[isWord(byte)].set_bits())
            for (const Edge &e : edges[s])
              if (e.condition == Byte && e.first <= byte && byte <= e.last)
                next.set(e.target);
          close(next, None);
          target = number(next, hasWordBoundaries && isWord(byte));
        }
        table.push_back(target);
      }
      llvm::BitVector atEnd = set;
      close(atEnd, place | AtEnd | boundary(behindWord, false));
      int32_t accepts = atEnd.test(all.out);
      if (isSearch)
        accepts += 2 * beforeByte[true].test(all.out) + 4 * beforeByte[false].test(all.out);
      table.push_back(accepts);
    }
    return table;
  }

  std::string unquoted;
  StringRef rest;
  std::string problem;
  bool ignoresCase = false, dotMatchesLines = false, hasWordBoundaries = false;
  std::vector<llvm::SmallVector<Edge, 2>> edges;
};

} // namespace

llvm::Expected<std::vector<int32_t>> cameo::onnx::compileRegularExpression(StringRef pattern) {
  return Parser(pattern).compile(/*isSearch=*/false);
}

llvm::Expected<std::vector<int32_t>> cameo::onnx::compileSearch(StringRef pattern) {
  return Parser(pattern).compile(/*isSearch=*/true);
}
