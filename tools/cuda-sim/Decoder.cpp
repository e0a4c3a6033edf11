// Decoder.cpp - statements to instructions: names become slots, opcodes handlers.
#include "Machine.h"
#include <algorithm>

namespace cameo::sim {
namespace {

constexpr const char *kSpecials[] = {"%tid.x",    "%tid.y",    "%tid.z",   "%ntid.x",  "%ntid.y",
                                     "%ntid.z",   "%ctaid.x",  "%ctaid.y", "%ctaid.z", "%nctaid.x",
                                     "%nctaid.y", "%nctaid.z", "%laneid",  "%warpid"};
static_assert(std::size(kSpecials) == NumSpecials);

std::vector<std::string> split(const std::string &opcode) {
  std::vector<std::string> parts(1);
  for (char c : opcode)
    if (c == '.')
      parts.emplace_back();
    else
      parts.back() += c;
  return parts;
}

// ---- what is neither arithmetic nor an access

void branch(Thread &t, const Instruction &i) { t.pc = uint32_t(i.offset); }
void branchByTable(Thread &t, const Instruction &i) {
  const std::vector<uint32_t> &table = t.block->launch.kernel->branchTables[i.detail];
  uint32_t index = t.get<uint32_t>(i.a);
  if (index >= table.size())
    t.fault(i, "branches by entry " + std::to_string(index) + " of a table of " + std::to_string(table.size()));
  t.pc = table[index];
}
void end(Thread &t, const Instruction &i) {
  if (t.busy)
    t.fault(i, "ends while a wgmma is under way");
  t.wait = Wait::Forever;
}
void trap(Thread &t, const Instruction &i) { t.fault(i, "traps"); }
void nothing(Thread &, const Instruction &) {}
template <uint64_t window> void toGeneric(Thread &t, const Instruction &i) {
  t.put(i.d[0], t.get<uint64_t>(i.a) + window);
}
template <uint64_t window> void fromGeneric(Thread &t, const Instruction &i) {
  t.put(i.d[0], t.get<uint64_t>(i.a) - window);
}
/// mov.b64 {%r1, %r2}, %rd and back; detail: bits of a part.
void unpack(Thread &t, const Instruction &i) {
  uint64_t value = t.slots[i.a];
  for (unsigned k = 0; k < i.count; ++k)
    t.put<uint64_t>(i.d[k], value >> (k * i.detail) & (~uint64_t(0) >> (64 - i.detail)));
}
void pack(Thread &t, const Instruction &i) {
  uint64_t value = 0;
  const uint32_t parts[] = {i.a, i.b, i.c, i.e};
  for (unsigned k = 0; k < i.count; ++k)
    value |= (t.slots[parts[k]] & (~uint64_t(0) >> (64 - i.detail))) << (k * i.detail);
  t.put(i.d[0], value);
}

class Decoder {
public:
  Decoder(const ParsedKernel &parsed, const std::map<std::string, uint64_t> &globals)
      : parsed(parsed), globals(globals) {}

  Kernel decode() {
    kernel.name = parsed.name;
    kernel.statements = parsed.statements;
    kernel.paramBytes = parsed.paramBytes;
    kernel.localBytes = parsed.localBytes;
    kernel.sharedBytes = parsed.sharedBytes;
    kernel.maxThreads = parsed.maxThreads;
    for (auto &[name, variable] : parsed.variables)
      if (variable.space == Space::Param)
        kernel.parameters.push_back(variable);
    std::sort(kernel.parameters.begin(), kernel.parameters.end(),
              [](const Variable &a, const Variable &b) { return a.offset < b.offset; });
    for (const std::string &name : parsed.registers)
      slots.emplace(name, uint32_t(slots.size() + 1));
    kernel.numRegisters = uint32_t(slots.size() + 1);
    for (size_t i = 0; i < parsed.statements.size(); ++i) {
      statement = &parsed.statements[i];
      Instruction instruction{};
      instruction.statement = uint32_t(i);
      decodeStatement(instruction);
      kernel.code.push_back(instruction);
    }
    Instruction last{};
    last.run = end;
    last.statement = uint32_t(parsed.statements.size() - 1);
    kernel.code.push_back(last);
    // Constants and special registers come after the registers, whose number is known now.
    uint32_t firstSpecial = kernel.numRegisters + uint32_t(kernel.constants.size());
    for (Instruction &i : kernel.code)
      for (uint32_t *slot : {&i.a, &i.b, &i.c, &i.e, &i.d[0], &i.d[1], &i.d[2], &i.d[3]})
        if (*slot >= kSpecial)
          *slot = *slot - kSpecial + firstSpecial;
    kernel.numSlots = firstSpecial + NumSpecials;
    return std::move(kernel);
  }

private:
  static constexpr uint32_t kSpecial = 0x80000000; ///< their slots, until the number of constants is known

  [[noreturn]] void refuse(const std::string &what) const {
    throw PtxError("kernel '" + parsed.name + "', line " + std::to_string(statement->line) + ": '" + statement->opcode +
                   "': " + what);
  }

  uint32_t constant(uint64_t value) {
    auto [it, isNew] = constants.emplace(value, kernel.numRegisters + uint32_t(kernel.constants.size()));
    if (isNew)
      kernel.constants.push_back(value);
    return it->second;
  }

  uint64_t addressOf(const std::string &name) const {
    if (auto own = parsed.variables.find(name); own != parsed.variables.end())
      return own->second.offset; // in its space
    if (auto global = globals.find(name); global != globals.end())
      return global->second;
    refuse("there is no variable '" + name + "'");
  }

  uint32_t slot(const Operand &o) {
    if (o.isNegated)
      refuse("a negated operand is not known here");
    switch (o.kind) {
    case Operand::Number:
      return constant(o.number);
    case Operand::Symbol:
      return constant(addressOf(o.name));
    case Operand::Register:
      if (auto it = slots.find(o.name); it != slots.end())
        return it->second;
      for (uint32_t i = 0; i < NumSpecials; ++i)
        if (o.name == kSpecials[i])
          return kSpecial + i;
      refuse("there is no register '" + o.name + "'");
    default:
      refuse("an operand of this form is not known here");
    }
  }

  uint32_t target(const std::string &label) const {
    auto it = parsed.labels.find(label);
    if (it == parsed.labels.end())
      refuse("there is no label '" + label + "'");
    return uint32_t(it->second);
  }

  void needOperands(size_t count) const {
    if (statement->operands.size() != count)
      refuse("has " + std::to_string(statement->operands.size()) + " operands, expected " + std::to_string(count));
  }

  void setAddress(Instruction &i, const Operand &address) { setAddress(address, i.a, i.offset); }
  void setAddress(const Operand &address, uint32_t &base, uint64_t &offset) {
    if (address.kind != Operand::Address)
      refuse("expected an address in brackets");
    offset = address.number;
    if (address.name.empty())
      base = constant(0);
    else if (address.name[0] == '%' || slots.count(address.name))
      base = slot({Operand::Register, false, 0, address.name, {}});
    else
      base = constant(addressOf(address.name));
  }

  /// The value or values that a load writes or a store reads.
  void setElements(Instruction &i, const Operand &o) {
    if (o.kind != Operand::Vector) {
      i.count = 1;
      i.d[0] = slot(o);
      return;
    }
    if (o.elements.size() > std::size(i.d))
      refuse("has more elements than are known");
    i.count = uint8_t(o.elements.size());
    for (size_t k = 0; k < o.elements.size(); ++k)
      i.d[k] = o.elements[k].name == "_" ? 0 : slot(o.elements[k]);
  }

  void decodeStatement(Instruction &i) {
    const Statement &s = *statement;
    std::vector<std::string> op = split(s.opcode);
    const std::string &name = op[0];
    if (!s.guard.empty()) {
      i.guard = slot({Operand::Register, false, 0, s.guard, {}});
      i.guardIsNegated = s.guardIsNegated;
    }
    if (name == "bra") {
      needOperands(1);
      i.run = branch;
      i.offset = target(s.operands[0].name);
    } else if (name == "brx") {
      needOperands(2);
      auto it = parsed.targets.find(s.operands[1].name);
      if (it == parsed.targets.end())
        refuse("there is no list of targets '" + s.operands[1].name + "'");
      i.run = branchByTable;
      i.a = slot(s.operands[0]);
      i.detail = uint32_t(kernel.branchTables.size());
      std::vector<uint32_t> &table = kernel.branchTables.emplace_back();
      for (const std::string &label : it->second)
        table.push_back(target(label));
    } else if (name == "ret" || name == "exit") {
      i.run = end;
    } else if (name == "trap") {
      i.run = trap;
    } else if (s.opcode == "fence.proxy.async.shared::cta" || s.opcode == "fence.proxy.async") {
      i.run = fenceProxies;
    } else if (s.opcode == "griddepcontrol.wait") {
      i.run = [](Thread &t, const Instruction &) { t.hasAwaitedLaunch = true; };
    } else if (s.opcode == "griddepcontrol.launch_dependents") {
      i.run = nothing;
    } else if (name == "membar" || (name == "fence" && op.size() > 1 && op[1] != "proxy")) {
      i.run = nothing;
    } else if (name == "cvta") {
      decodeAddressConversion(i, op);
    } else if (name == "ld" || name == "st" || name == "atom") {
      decodeAccess(i, op);
    } else if (name == "bar" || name == "barrier" || name == "shfl" || name == "vote" || name == "activemask") {
      i.run = findMeeting(op, i);
      if (!i.run)
        refuse("is not known");
      kernel.isIndependent = false;
      decodeOperands(i, name == "shfl");
      if (name != "shfl")
        std::swap(i.a, i.e); // where a shuffle has its mask
    } else if (name == "cp") {
      decodeCopy(i, op);
    } else if (name == "wgmma") {
      decodeWarpgroup(i, op);
    } else if (name == "ldmatrix" || name == "mma") {
      decodeMatrix(i, op);
    } else if (name == "mov" && s.operands.size() == 2 &&
               (s.operands[0].kind == Operand::Vector || s.operands[1].kind == Operand::Vector)) {
      decodePacking(i, op);
    } else {
      i.run = findArithmetic(op);
      if (!i.run)
        refuse("is not known");
      decodeOperands(i, true);
    }
  }

  /// Destination, if any, and up to four sources.
  void decodeOperands(Instruction &i, bool hasDestination) {
    const std::vector<Operand> &operands = statement->operands;
    uint32_t *sources[] = {&i.a, &i.b, &i.c, &i.e};
    size_t first = hasDestination ? 1 : 0;
    if (operands.size() < first || operands.size() - first > std::size(sources))
      refuse("has " + std::to_string(operands.size()) + " operands");
    if (hasDestination)
      i.d[0] = slot(operands[0]);
    if (!statement->second.empty())
      i.d[1] = slot({Operand::Register, false, 0, statement->second, {}});
    for (size_t k = first; k < operands.size(); ++k)
      *sources[k - first] = slot(operands[k]);
  }

  void decodeAddressConversion(Instruction &i, const std::vector<std::string> &op) {
    needOperands(2);
    bool isToSpace = op.size() > 1 && op[1] == "to";
    const std::string space = op.size() > size_t(1 + isToSpace) ? op[1 + isToSpace] : "";
    if (space == "global" || space == "param" || space == "const")
      i.run = toGeneric<0>;
    else if (space == "shared")
      i.run = isToSpace ? Handler(fromGeneric<kSharedWindow>) : toGeneric<kSharedWindow>;
    else if (space == "local")
      i.run = isToSpace ? Handler(fromGeneric<kLocalWindow>) : toGeneric<kLocalWindow>;
    else
      refuse("is not known");
    decodeOperands(i, true);
  }

  void decodeAccess(Instruction &i, const std::vector<std::string> &op) {
    i.run = findAccess(op, i);
    if (!i.run)
      refuse("is not known");
    const std::vector<Operand> &o = statement->operands;
    if (op[0] == "atom") {
      if (o.size() < 3)
        refuse("has " + std::to_string(o.size()) + " operands");
      i.d[0] = o[0].name == "_" ? 0 : slot(o[0]);
      setAddress(i, o[1]);
      i.b = slot(o[2]);
      if (o.size() > 3)
        i.c = slot(o[3]);
      return;
    }
    needOperands(2);
    bool isLoad = op[0] == "ld";
    setElements(i, o[isLoad ? 0 : 1]);
    setAddress(i, o[isLoad ? 1 : 0]);
  }

  /// cp.async.cg.shared.global [to], [from], 16, bytes; and what commits and awaits such copies.
  void decodeCopy(Instruction &i, const std::vector<std::string> &op) {
    i.run = findCopy(op, i);
    if (!i.run)
      refuse("is not known");
    const std::vector<Operand> &o = statement->operands;
    if (i.space != Space::Shared) {
      for (const Operand &operand : o)
        i.a = slot(operand);
      return;
    }
    if (o.size() < 3 || (o[2].number != 4 && o[2].number != 8 && o[2].number != 16))
      refuse("copies neither 4 nor 8 nor 16 bytes");
    setAddress(i, o[0]);
    setAddress(o[1], i.b, i.secondOffset);
    i.width = uint8_t(o[2].number);
    if (o.size() > 3)
      i.c = slot(o[3]);
  }

  void decodeMatrix(Instruction &i, const std::vector<std::string> &op) {
    std::vector<unsigned> registers;
    i.together = findMatrix(op, i, registers);
    if (!i.together)
      refuse("is not known");
    kernel.isIndependent = false;
    const std::vector<Operand> &o = statement->operands;
    i.e = constant(0xffffffff); // all lanes
    if (registers.empty()) {
      needOperands(2);
      unsigned count = i.count;
      setElements(i, o[0]);
      setAddress(i, o[1]);
      if (i.count != count)
        refuse("loads " + std::to_string(count) + " matrices to " + std::to_string(i.count) + " registers");
      return;
    }
    needOperands(4);
    uint32_t *more = i.more;
    for (size_t k = 0; k < 4; ++k) {
      if (o[k].elements.size() != registers[k])
        refuse("operand " + std::to_string(k) + " is not of " + std::to_string(registers[k]) + " registers");
      if (k == 0)
        setElements(i, o[0]);
      else
        for (const Operand &element : o[k].elements)
          *more++ = slot(element);
    }
  }

  /// wgmma.mma_async {accumulators}, A, B, adds, 1, 1, is A transposed, is B; and what fences, commits and awaits them.
  /// A may be four registers, which no word says are transposed.
  void decodeWarpgroup(Instruction &i, const std::vector<std::string> &op) {
    i.together = findWarpgroup(op, i);
    if (!i.together)
      refuse("is not known");
    kernel.isIndependent = false;
    kernel.hasWarpgroups = true;
    const std::vector<Operand> &o = statement->operands;
    if (op[1] != "mma_async") {
      if (o.size() > 1)
        refuse("has " + std::to_string(o.size()) + " operands");
      i.offset = o.empty() ? 0 : o[0].number;
      return;
    }
    bool isHeld = o.size() > 1 && o[1].kind == Operand::Vector;
    needOperands(isHeld ? 7 : 8);
    if (o[0].elements.size() != 4u * i.count)
      refuse("has " + std::to_string(o[0].elements.size()) + " accumulators, expected " + std::to_string(4 * i.count));
    i.detail = uint32_t(kernel.accumulators.size());
    std::vector<uint32_t> &accumulators = kernel.accumulators.emplace_back();
    for (const Operand &element : o[0].elements)
      accumulators.push_back(slot(element));
    if (isHeld && o[1].elements.size() != 4)
      refuse("has " + std::to_string(o[1].elements.size()) + " registers of A, expected 4");
    for (size_t k = 0; isHeld && k < 4; ++k)
      i.more[k] = slot(o[1].elements[k]);
    i.b = slot(o[2]);
    i.a = isHeld ? i.b : slot(o[1]);
    i.c = slot(o[3]);
    if (o[4].number != 1 || o[5].number != 1)
      refuse("a factor of -1 is not known");
    i.offset = (isHeld ? 0 : o[6].number & 1) | (o.back().number & 1) << 1;
  }

  void decodePacking(Instruction &i, const std::vector<std::string> &op) {
    const Operand &to = statement->operands[0], &from = statement->operands[1];
    unsigned bits = op.back() == "b64" ? 64 : op.back() == "b32" ? 32 : 0;
    const std::vector<Operand> &elements = to.kind == Operand::Vector ? to.elements : from.elements;
    if (!bits || elements.size() > 4)
      refuse("is not known");
    i.count = uint8_t(elements.size());
    i.detail = bits / unsigned(elements.size());
    if (to.kind == Operand::Vector) {
      i.run = unpack;
      setElements(i, to);
      i.a = slot(from);
      return;
    }
    i.run = pack;
    i.d[0] = slot(to);
    uint32_t *sources[] = {&i.a, &i.b, &i.c, &i.e};
    for (size_t k = 0; k < elements.size(); ++k)
      *sources[k] = slot(elements[k]);
  }

  const ParsedKernel &parsed;
  const std::map<std::string, uint64_t> &globals;
  const Statement *statement = nullptr;
  std::map<std::string, uint32_t> slots;
  std::map<uint64_t, uint32_t> constants;
  Kernel kernel;
};

} // namespace

Kernel decode(const ParsedKernel &parsed, const std::map<std::string, uint64_t> &globals) {
  return Decoder(parsed, globals).decode();
}

} // namespace cameo::sim
