// Access.cpp - loads, stores, atomics, barriers and shuffles.
#include "Machine.h"
#include <algorithm>

namespace cameo::sim {
namespace {

/// The bytes that an access means. Ends the launch where there are none, where they are not aligned, or where it races.
uint8_t *find(Thread &t, const Instruction &i, Space space, uint64_t bytes, bool isWrite, bool isAtomic = false) {
  uint64_t address = t.get<uint64_t>(i.a) + i.offset;
  const char *what = isWrite ? "writes " : "reads ";
  auto refuse = [&](const std::string &problem) {
    char text[32];
    snprintf(text, sizeof(text), "0x%llx", (unsigned long long)address);
    t.fault(i, what + std::to_string(bytes) + " bytes at " + text + ", which " + problem);
  };
  if (space == Space::Generic) {
    if (address >= kSharedWindow && address < kSharedWindow + kWindowBytes) {
      space = Space::Shared;
      address -= kSharedWindow;
    } else if (address >= kLocalWindow && address < kLocalWindow + kWindowBytes) {
      space = Space::Local;
      address -= kLocalWindow;
    } else {
      space = Space::Global;
    }
  }
  if (address % bytes)
    refuse("is not a multiple of " + std::to_string(bytes));
  auto inside = [&](auto *data, uint64_t size, const char *name) {
    if (address > size || bytes > size - address)
      refuse("lies past the end of " + std::to_string(size) + " bytes of " + name + " memory");
    return data + address;
  };
  Footprint *footprints = nullptr;
  uint8_t *data = nullptr;
  switch (space) {
  case Space::Param: {
    const std::vector<uint8_t> &parameters = t.block->launch.parameters;
    return const_cast<uint8_t *>(inside(parameters.data(), parameters.size(), "parameter"));
  }
  case Space::Local:
    return inside(t.local, t.block->launch.kernel->localBytes, "local");
  case Space::Shared: {
    SharedMemory &shared = t.block->shared;
    data = inside(shared.data.data(), shared.data.size(), "shared");
    footprints = shared.footprints.data() + address;
    break;
  }
  default: {
    std::string problem;
    data = t.block->memory.find(address, bytes, &footprints, problem);
    if (!data)
      refuse(problem);
  }
  }
  if (!isAtomic)
    if (const char *race = note(footprints, bytes, isWrite, t.accessor))
      t.fault(i, std::string("races: ") + race + ", and no barrier orders the two");
  return data;
}

template <bool isSigned> uint64_t extend(uint64_t value, unsigned bytes) {
  if (!isSigned || bytes == 8)
    return value;
  unsigned shift = 64 - 8 * bytes;
  return uint64_t(int64_t(value << shift) >> shift);
}

template <bool isSigned> void load(Thread &t, const Instruction &i) {
  const uint8_t *data = find(t, i, i.space, uint64_t(i.width) * i.count, false);
  for (unsigned k = 0; k < i.count; ++k) {
    uint64_t value = 0;
    memcpy(&value, data + k * i.width, i.width);
    t.slots[i.d[k]] = extend<isSigned>(value, i.width);
  }
}

void store(Thread &t, const Instruction &i) {
  uint8_t *data = find(t, i, i.space, uint64_t(i.width) * i.count, true);
  for (unsigned k = 0; k < i.count; ++k)
    memcpy(data + k * i.width, &t.slots[i.d[k]], i.width);
}

template <typename T, auto F> void atomic(Thread &t, const Instruction &i) {
  uint8_t *data = find(t, i, i.space, sizeof(T), true, /*isAtomic=*/true);
  T old;
  memcpy(&old, data, sizeof(T));
  T next = T(F(old, t.get<T>(i.b), t.get<T>(i.c)));
  memcpy(data, &next, sizeof(T));
  t.put<T>(i.d[0], old);
}

template <auto F> Handler atomicOn(std::string_view type) {
  if (type == "s32")
    return atomic<int32_t, F>;
  if (type == "u32" || type == "b32")
    return atomic<uint32_t, F>;
  if (type == "s64")
    return atomic<int64_t, F>;
  if (type == "u64" || type == "b64")
    return atomic<uint64_t, F>;
  return nullptr;
}

bool readSpace(std::string_view text, Space &space) {
  if (text == "global" || text == "const")
    space = Space::Global;
  else if (text == "shared")
    space = Space::Shared;
  else if (text == "local")
    space = Space::Local;
  else if (text == "param")
    space = Space::Param;
  else
    return false;
  return true;
}

void waitForBlock(Thread &t, const Instruction &) { t.wait = Wait::Block; }
void waitForWarp(Thread &t, const Instruction &) { t.wait = Wait::Warp; }

enum ShuffleMode { Up, Down, Xor, Index, Rendezvous };

} // namespace

Handler findAccess(const std::vector<std::string> &op, Instruction &i) {
  unsigned elements = 1;
  std::string how;
  for (size_t k = 1; k + 1 < op.size(); ++k) {
    const std::string &part = op[k];
    if (readSpace(part, i.space))
      continue;
    if (part == "v2" || part == "v4")
      elements = unsigned(part[1] - '0');
    else if (part == "cas" || part == "add" || part == "min" || part == "max" || part == "exch" || part == "or" ||
             part == "and")
      how = part;
    else if (part != "nc" && part != "volatile" && part != "relaxed" && part != "acquire" && part != "release" &&
             part != "acq_rel" && part != "sys" && part != "gpu" && part != "cta")
      return nullptr;
  }
  const std::string &type = op.back();
  unsigned bits = type.size() > 1 ? unsigned(atoi(type.c_str() + 1)) : 0;
  if (bits != 8 && bits != 16 && bits != 32 && bits != 64)
    return nullptr;
  i.width = uint8_t(bits / 8);
  i.count = uint8_t(elements);
  if (op[0] == "ld")
    return type[0] == 's' ? load<true> : load<false>;
  if (op[0] == "st")
    return store;
  if (how == "cas")
    return atomicOn<[](auto old, auto b, auto c) { return old == b ? c : old; }>(type);
  if (how == "exch")
    return atomicOn<[](auto, auto b, auto) { return b; }>(type);
  if (how == "add" && type == "f32")
    return atomic<float, [](float old, float b, float) { return old + b; }>;
  if (how == "add")
    return atomicOn<[](auto old, auto b, auto) { return old + b; }>(type);
  if (how == "min")
    return atomicOn<[](auto old, auto b, auto) { return std::min(old, b); }>(type);
  if (how == "max")
    return atomicOn<[](auto old, auto b, auto) { return std::max(old, b); }>(type);
  if (how == "or")
    return atomicOn<[](auto old, auto b, auto) { return old | b; }>(type);
  if (how == "and")
    return atomicOn<[](auto old, auto b, auto) { return old & b; }>(type);
  return nullptr;
}

Handler findMeeting(const std::vector<std::string> &op, Instruction &i) {
  if ((op[0] == "bar" || op[0] == "barrier") && op.size() >= 2 &&
      (op[1] == "sync" || (op[1] == "cta" && op.size() > 2)))
    return waitForBlock;
  if (op[0] == "bar" && op.size() == 3 && op[1] == "warp" && op[2] == "sync") {
    i.detail = Rendezvous;
    return waitForWarp;
  }
  if (op[0] != "shfl" || op.size() != 4 || op[1] != "sync" || op[3] != "b32")
    return nullptr;
  const char *const modes[] = {"up", "down", "bfly", "idx"};
  for (uint32_t mode = 0; mode < std::size(modes); ++mode)
    if (op[2] == modes[mode]) {
      i.detail = mode;
      return waitForWarp;
    }
  return nullptr;
}

void shuffle(std::vector<Thread *> &lanes, const Instruction &at) {
  if (at.detail == Rendezvous)
    return;
  uint32_t values[32] = {};
  for (Thread *t : lanes)
    values[t->number % 32] = t->get<uint32_t>(at.a);
  uint32_t present = 0;
  for (Thread *t : lanes)
    present |= 1u << (t->number % 32);
  for (Thread *t : lanes) {
    uint32_t lane = t->number % 32, b = t->get<uint32_t>(at.b) & 31, c = t->get<uint32_t>(at.c);
    uint32_t limit = c & 31, segment = c >> 8 & 31; // PTX ISA, shfl.sync
    uint32_t highest = (lane & segment) | (limit & ~segment), lowest = lane & segment;
    int64_t from = lane;
    bool isInside = false;
    switch (at.detail) {
    case Up:
      from = int64_t(lane) - b;
      isInside = from >= int64_t(highest);
      break;
    case Down:
      from = lane + b;
      isInside = from <= highest;
      break;
    case Xor:
      from = lane ^ b;
      isInside = from <= highest;
      break;
    default:
      from = lowest | (b & ~segment);
      isInside = from <= highest;
    }
    if (!isInside)
      from = lane;
    if (!(present >> from & 1))
      t->fault(at, "takes a value from lane " + std::to_string(from) + ", which does not take part");
    t->put<uint32_t>(at.d[0], values[from]);
    if (at.d[1])
      t->put<uint8_t>(at.d[1], isInside);
  }
}

} // namespace cameo::sim
