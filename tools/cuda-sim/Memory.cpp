// Memory.cpp - see Memory.h.
#include "Memory.h"
#include <algorithm>
#include <cstring>
#include <sys/mman.h>

namespace cameo::sim {
namespace {

constexpr int kPoison = 0xff;

void *reserve(uint64_t bytes) {
  void *memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return memory == MAP_FAILED ? nullptr : memory;
}

} // namespace

const char *note(Footprint *footprints, uint64_t bytes, bool isWrite, const Accessor &who) {
  auto isOfWarp = [](uint32_t accessor, uint32_t first) {
    return accessor >= first && accessor < first + kNumbersOfWarp;
  };
  // Another thread's access that no barrier orders.
  auto isForeign = [&](uint32_t accessor) {
    if (accessor < who.firstOfLaunch || accessor == who.number ||
        (accessor >= who.firstOfBlock && accessor < who.firstOfPhase))
      return false;
    return std::none_of(who.warpPhases.begin(), who.warpPhases.end() - 1,
                        [&](uint32_t first) { return isOfWarp(accessor, first); });
  };
  // The first numbers of a launch, of a phase and of a warp's stand for several readers.
  auto several = [&](uint32_t accessor) {
    uint32_t warp = who.warpPhases.back();
    return isOfWarp(accessor, warp) ? warp : accessor >= who.firstOfPhase ? who.firstOfPhase : who.firstOfLaunch;
  };
  const char *race = nullptr;
  for (uint64_t i = 0; i < bytes; ++i) {
    Footprint &f = footprints[i];
    if (isForeign(f.writer))
      race = isWrite ? "writes what another thread writes" : "reads what another thread writes";
    if (!isWrite) {
      f.reader = isForeign(f.reader) ? several(f.reader) : who.number;
      continue;
    }
    if (isForeign(f.reader))
      race = "writes what another thread reads";
    f.writer = who.number;
  }
  return race;
}

DeviceMemory::~DeviceMemory() {
  while (!allocations.empty())
    release(allocations.begin()->first);
}

uint64_t DeviceMemory::allocate(uint64_t bytes) {
  if (!bytes || bytes > freeBytes())
    return 0;
  auto *data = static_cast<uint8_t *>(reserve(bytes));
  auto *footprints = static_cast<Footprint *>(reserve(bytes * sizeof(Footprint)));
  if (!data || !footprints)
    return 0;
  memset(data, kPoison, bytes);
  constexpr uint64_t kGap = 1 << 20; // no address past an allocation is another's
  uint64_t address = next;
  next = (next + bytes + 2 * kGap) / kGap * kGap;
  allocations[address] = {address, bytes, data, footprints};
  held += bytes;
  return address;
}

bool DeviceMemory::release(uint64_t address) {
  auto it = allocations.find(address);
  if (it == allocations.end())
    return false;
  Allocation &a = it->second;
  munmap(a.data, a.bytes);
  munmap(a.footprints, a.bytes * sizeof(Footprint));
  held -= a.bytes;
  if (last == &a)
    last = nullptr;
  allocations.erase(it);
  return true;
}

uint8_t *DeviceMemory::find(uint64_t address, uint64_t bytes, Footprint **footprints, std::string &problem) {
  if (!last || address < last->address || address - last->address >= last->bytes) {
    auto it = allocations.upper_bound(address);
    if (it == allocations.begin()) {
      problem = address ? "lies before all memory" : "is null";
      return nullptr;
    }
    last = &std::prev(it)->second;
  }
  uint64_t offset = address - last->address;
  if (offset > last->bytes || bytes > last->bytes - offset) {
    problem = "lies " + std::to_string(offset + bytes - last->bytes) + " bytes past the end of an allocation of " +
              std::to_string(last->bytes) + " bytes";
    last = nullptr;
    return nullptr;
  }
  if (footprints)
    *footprints = last->footprints + offset;
  return last->data + offset;
}

uint32_t DeviceMemory::takeAccessors(uint32_t count) {
  if (accessors > UINT32_MAX - count) {
    forgetFootprints();
    accessors = 1;
  }
  accessors += count;
  return accessors - count;
}

void DeviceMemory::forgetFootprints() {
  for (auto &[address, a] : allocations)
    madvise(a.footprints, a.bytes * sizeof(Footprint), MADV_DONTNEED);
}

} // namespace cameo::sim
