// Access.cpp - loads, stores, atomics.
#include "Machine.h"
#include <algorithm>

namespace cameo::sim {

void checkLaunchBefore(Thread &t, const Instruction &i) {
  if (t.block->launch.mayComeEarly && !t.hasAwaitedLaunch)
    t.fault(i, "touches what the launch before may still work on: no griddepcontrol.wait comes before it");
}

uint8_t *findBytes(Thread &t, const Instruction &i, uint64_t address, Space space, uint64_t bytes, bool isWrite,
                   bool isAtomic) {
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
    if (memchr(shared.inFlight.data() + address, 1, bytes))
      refuse("an asynchronous copy may still write: nothing has waited for it");
    if (isWrite && !shared.readers.empty()) {
      if (std::any_of(shared.readers.begin() + long(address), shared.readers.begin() + long(address + bytes),
                      [](uint8_t count) { return count != 0; }))
        refuse("a wgmma may still read: nothing has waited for it");
      std::fill_n(shared.written.begin() + long(address), bytes,
                  GenericWrite{++t.block->events, t.block->phase(), t.number});
    }
    break;
  }
  default: {
    checkLaunchBefore(t, i);
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

namespace {

uint8_t *find(Thread &t, const Instruction &i, Space space, uint64_t bytes, bool isWrite, bool isAtomic = false) {
  return findBytes(t, i, t.get<uint64_t>(i.a) + i.offset, space, bytes, isWrite, isAtomic);
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

} // namespace cameo::sim
