// Ptx.h - the part of PTX that Cameo emits, as data: what the parser reads and the decoder makes runnable.
// Names and meanings are those of NVIDIA's PTX ISA. What is not known is refused by its name, with its line.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace cameo::sim {

/// Text that is not the PTX we know, or a kernel that does what it may not. The message says where.
class PtxError : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

enum class Space : uint8_t { Generic, Param, Global, Shared, Local };

/// "%r1", "[%rd4+16]", "5", "{%r1, %r2}" or a name.
struct Operand {
  enum Kind : uint8_t { Register, Number, Symbol, Address, Vector } kind = Number;
  bool isNegated = false;        ///< "!%p1"
  uint64_t number = 0;           ///< bits; of an address the offset
  std::string name;              ///< of a register or symbol; of an address its base
  std::vector<Operand> elements; ///< of a vector
};

/// "@!%p1 add.rn.f32 %r1, %r2, 0f3F800000;"
struct Statement {
  unsigned line = 0;
  std::string guard; ///< empty: always
  bool guardIsNegated = false;
  std::string opcode; ///< with all suffixes
  std::vector<Operand> operands;
  std::string second; ///< "%p2" of a destination "%r1|%p2"
};

/// A named piece of memory.
struct Variable {
  Space space;
  uint64_t offset = 0; ///< in the kernel's block of that space
  uint64_t bytes = 0;
};

struct ParsedKernel {
  std::string name;
  unsigned line = 0;
  std::vector<std::string> registers;
  std::map<std::string, Variable> variables;               ///< parameters, and those of the body
  std::map<std::string, size_t> labels;                    ///< of the statement that follows
  std::map<std::string, std::vector<std::string>> targets; ///< of brx.idx
  std::vector<Statement> statements;
  uint64_t paramBytes = 0, localBytes = 0, sharedBytes = 0; ///< shared: the static part, dynamic follows
  unsigned maxThreads = 0;                                  ///< .maxntid; 0: not said
};

/// Of ".global .b8 table[4] = {1, 2, 3, 4};", or shared by all kernels of a module.
struct GlobalVariable {
  std::string name;
  Space space;
  uint64_t align = 1;
  std::vector<uint8_t> content;
};

struct ParsedModule {
  std::string target;
  std::vector<GlobalVariable> globals;
  std::vector<ParsedKernel> kernels;
};

/// Throws PtxError.
ParsedModule parsePtx(std::string_view text);

} // namespace cameo::sim
