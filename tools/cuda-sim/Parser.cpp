// Parser.cpp - PTX text to statements.
#include "Ptx.h"
#include <cctype>
#include <cstdlib>
#include <cstring>

namespace cameo::sim {
namespace {

struct Token {
  std::string_view text;
  unsigned line;
};

bool isWordCharacter(char c) { return isalnum(static_cast<unsigned char>(c)) || strchr("_.$%", c); }

std::vector<Token> tokenize(std::string_view text) {
  std::vector<Token> tokens;
  unsigned line = 1;
  for (size_t i = 0; i < text.size();) {
    char c = text[i];
    size_t begin = i;
    if (c == '\n') {
      ++line, ++i;
    } else if (isspace(static_cast<unsigned char>(c))) {
      ++i;
    } else if (text.substr(i, 2) == "//") {
      i = std::min(text.find('\n', i), text.size());
    } else if (c == '"') {
      i = text.find('"', i + 1);
      if (i == text.npos)
        throw PtxError("line " + std::to_string(line) + ": a text has no end");
      ++i;
      tokens.push_back({text.substr(begin, i - begin), line});
    } else if (c && isWordCharacter(c)) {
      while (i < text.size() && ((text[i] && isWordCharacter(text[i])) || text.substr(i, 2) == "::"))
        i += text[i] == ':' ? 2 : 1; // "shared::cta"
      tokens.push_back({text.substr(begin, i - begin), line});
    } else if (c == 0) {
      break;
    } else {
      tokens.push_back({text.substr(i++, 1), line});
    }
  }
  tokens.push_back({"", line});
  return tokens;
}

uint64_t bytesOfType(std::string_view type) {
  if (type == ".pred")
    return 1;
  int bits = type.size() > 2 ? atoi(std::string(type.substr(2)).c_str()) : 0;
  return uint64_t(bits) / 8;
}

class Parser {
public:
  explicit Parser(std::string_view text) : tokens(tokenize(text)) {}

  ParsedModule parse() {
    while (!peek().empty()) {
      if (accept(".version") || accept(".address_size")) {
        take();
      } else if (accept(".target")) {
        module.target = take();
        while (accept(","))
          take();
      } else {
        parseTopLevel();
      }
    }
    placeShared();
    return std::move(module);
  }

private:
  std::string_view peek() const { return tokens[at].text; }
  unsigned line() const { return tokens[at].line; }
  std::string take() { return std::string(tokens[at].text.empty() ? tokens[at].text : tokens[at++].text); }
  bool accept(std::string_view text) { return peek() == text ? ++at, true : false; }
  [[noreturn]] void refuse(const std::string &what) { throw PtxError("line " + std::to_string(line()) + ": " + what); }
  void expect(std::string_view text) {
    if (!accept(text))
      refuse("expected '" + std::string(text) + "', found '" + std::string(peek()) + "'");
  }

  /// Shared variables of the module are each kernel's own; those without a size begin where the launch's bytes do.
  void placeShared() {
    constexpr uint64_t kAlign = 16;
    for (ParsedKernel &kernel : module.kernels) {
      uint64_t alignOfRest = kAlign;
      for (const GlobalVariable &global : module.globals) {
        if (global.space != Space::Shared)
          continue;
        if (global.content.empty())
          alignOfRest = std::max(alignOfRest, global.align);
        else
          kernel.variables[global.name] = {Space::Shared, place(kernel.sharedBytes, global.content.size(), kAlign),
                                           global.content.size()};
      }
      kernel.sharedBytes = (kernel.sharedBytes + alignOfRest - 1) / alignOfRest * alignOfRest;
      for (const GlobalVariable &global : module.globals)
        if (global.space == Space::Shared && global.content.empty())
          kernel.variables[global.name] = {Space::Shared, kernel.sharedBytes, 0};
    }
    std::erase_if(module.globals, [](const GlobalVariable &global) { return global.space == Space::Shared; });
  }

  void parseTopLevel() {
    while (accept(".visible") || accept(".extern") || accept(".weak"))
      ;
    if (accept(".entry"))
      parseKernel();
    else if (accept(".global") || accept(".const"))
      parseGlobal(Space::Global);
    else if (accept(".shared"))
      parseGlobal(Space::Shared);
    else
      refuse("'" + std::string(peek()) + "' is not known at the top level");
  }

  /// ".align 4 .b8 name[16]" after the space. Returns bytes; 0 for "name[]".
  uint64_t parseDeclaration(std::string &name, uint64_t &align) {
    align = 1;
    while (accept(".align"))
      align = parseInteger();
    if (accept(".ptr")) { // of a parameter: says nothing about its size
    }
    uint64_t size = bytesOfType(take());
    if (!size)
      refuse("a variable of an unknown type");
    align = std::max(align, size);
    while (accept(".ptr") || accept(".global") || accept(".shared"))
      ;
    while (accept(".align"))
      parseInteger();
    name = take();
    if (!accept("["))
      return size;
    if (accept("]"))
      return 0;
    size *= parseInteger();
    expect("]");
    return size;
  }

  void parseGlobal(Space space) {
    GlobalVariable global;
    global.space = space;
    size_t typeAt = at;
    uint64_t bytes = parseDeclaration(global.name, global.align);
    while (tokens[typeAt].text == ".align")
      typeAt += 2;
    uint64_t width = bytesOfType(tokens[typeAt].text);
    global.content.resize(bytes);
    if (accept("=")) {
      bool isList = accept("{");
      uint64_t place = 0;
      do {
        uint64_t value = parseNumber();
        if (place + width > bytes)
          refuse("more numbers than '" + global.name + "' has room for");
        memcpy(global.content.data() + place, &value, width);
        place += width;
      } while (isList && accept(","));
      if (isList)
        expect("}");
    }
    expect(";");
    module.globals.push_back(std::move(global));
  }

  uint64_t parseInteger() {
    std::string text = take();
    char *end;
    uint64_t value = strtoull(text.c_str(), &end, 0);
    if (text.empty() || (*end && strcmp(end, "U") != 0))
      refuse("'" + text + "' is not a number");
    return value;
  }

  /// Integers, "0f3F800000" and "0d3FF0000000000000".
  uint64_t parseNumber() {
    bool isNegative = accept("-");
    if (peek().size() > 2 && peek()[0] == '0' && strchr("fFdD", peek()[1])) {
      std::string text = take();
      return strtoull(text.c_str() + 2, nullptr, 16);
    }
    uint64_t value = parseInteger();
    return isNegative ? -value : value;
  }

  static uint64_t place(uint64_t &used, uint64_t bytes, uint64_t align) {
    used = (used + align - 1) / align * align;
    used += bytes;
    return used - bytes;
  }

  void parseKernel() {
    ParsedKernel kernel;
    kernel.line = line();
    kernel.name = take();
    if (accept("(")) {
      while (!accept(")")) {
        expect(".param");
        std::string name;
        uint64_t align, bytes = parseDeclaration(name, align);
        kernel.variables[name] = {Space::Param, place(kernel.paramBytes, bytes, align), bytes};
        accept(",");
      }
    }
    while (peek() != "{") {
      if (accept(".maxntid")) {
        kernel.maxThreads = unsigned(parseInteger());
        while (accept(","))
          kernel.maxThreads *= unsigned(parseInteger());
      } else if (accept(".minnctapersm") || accept(".maxnreg")) {
        parseInteger();
      } else if (accept(".reqntid")) {
        do
          parseInteger();
        while (accept(","));
      } else {
        refuse("'" + std::string(peek()) + "' is not known before a body");
      }
    }
    expect("{");
    for (;;) {
      if (accept("{"))
        scopes.emplace_back();
      else if (!accept("}"))
        parseInBody(kernel);
      else if (scopes.empty())
        break;
      else
        scopes.pop_back();
    }
    module.kernels.push_back(std::move(kernel));
  }

  void parseInBody(ParsedKernel &kernel) {
    if (accept(".reg")) {
      take(); // registers have no type here: each instruction says how it reads them
      do {
        std::string name = take();
        if (!scopes.empty()) // the same name is another register in the next scope
          name = scopes.back()[name] = name + "@" + std::to_string(kernel.registers.size());
        if (accept("<")) {
          uint64_t count = parseInteger();
          expect(">");
          for (uint64_t i = 0; i < count; ++i)
            kernel.registers.push_back(name + std::to_string(i));
        } else {
          kernel.registers.push_back(name);
        }
      } while (accept(","));
      expect(";");
    } else if (accept(".local")) {
      parseVariable(kernel, Space::Local, kernel.localBytes);
    } else if (accept(".shared")) {
      parseVariable(kernel, Space::Shared, kernel.sharedBytes);
    } else if (accept(".pragma")) {
      take();
      expect(";");
    } else if (tokens[at + 1].text == ":") {
      std::string label = take();
      expect(":");
      if (accept(".branchtargets")) {
        do
          kernel.targets[label].push_back(take());
        while (accept(","));
        expect(";");
      } else {
        kernel.labels[label] = kernel.statements.size();
      }
    } else {
      kernel.statements.push_back(parseStatement());
    }
  }

  void parseVariable(ParsedKernel &kernel, Space space, uint64_t &used) {
    std::string name;
    uint64_t align, bytes = parseDeclaration(name, align);
    expect(";");
    kernel.variables[name] = {space, place(used, bytes, align), bytes};
  }

  Statement parseStatement() {
    Statement s;
    s.line = line();
    if (accept("@")) {
      s.guardIsNegated = accept("!");
      s.guard = resolve(take());
    }
    s.opcode = take();
    if (s.opcode.empty() || s.opcode.front() == '.')
      refuse("'" + s.opcode + "' is not known in a body");
    while (!accept(";")) {
      s.operands.push_back(parseOperand());
      if (accept("|"))
        s.second = resolve(take());
      if (!accept(",") && peek() != ";")
        refuse("expected ',' or ';', found '" + std::string(peek()) + "'");
    }
    return s;
  }

  Operand parseOperand() {
    Operand o;
    if (accept("{")) {
      o.kind = Operand::Vector;
      do
        o.elements.push_back(parseOperand());
      while (accept(","));
      expect("}");
      return o;
    }
    if (accept("[")) {
      o.kind = Operand::Address;
      if (isdigit(static_cast<unsigned char>(peek()[0])))
        o.number = parseNumber();
      else
        o.name = resolve(take());
      if (accept("+"))
        o.number = parseNumber();
      else if (peek() == "-")
        o.number = parseNumber();
      expect("]");
      return o;
    }
    o.isNegated = accept("!");
    if (peek() == "-" || (!peek().empty() && isdigit(static_cast<unsigned char>(peek()[0])))) {
      o.number = parseNumber();
      return o;
    }
    std::string name = take();
    o.name = resolve(name);
    o.kind = name[0] == '%' || o.name != name ? Operand::Register : Operand::Symbol;
    return o;
  }

  /// A register of the innermost scope that has one of this name; else the name.
  std::string resolve(const std::string &name) const {
    for (auto scope = scopes.rbegin(); scope != scopes.rend(); ++scope)
      if (auto it = scope->find(name); it != scope->end())
        return it->second;
    return name;
  }

  std::vector<Token> tokens;
  size_t at = 0;
  std::vector<std::map<std::string, std::string>> scopes; ///< "{ .reg .b16 tmp; ... }"
  ParsedModule module;
};

} // namespace

ParsedModule parsePtx(std::string_view text) { return Parser(text).parse(); }

} // namespace cameo::sim
