// Memory.h - the memories of a simulated GPU. Addresses are not the host's, so that neither side reaches the other's
// memory by mistake. Fresh memory holds bits that are NaN in every type of float. Accesses of different threads to the
// same bytes that nothing orders, one of them writing, are races.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace cameo::sim {

/// Where shared and local memory lie in the generic address space.
constexpr uint64_t kSharedWindow = 0x0100000000, kLocalWindow = 0x0200000000, kWindowBytes = 0x0100000000;

/// Who touched a byte last: numbers of accessors. An accessor is a thread between two barriers of its block or its
/// warp.
struct Footprint {
  uint32_t writer = 0, reader = 0;
};

/// A thread's number for footprints. Larger ones are later.
struct Accessor {
  uint32_t number = 0;
  uint32_t firstOfLaunch = 0; ///< smaller ones are of earlier launches
  uint32_t firstOfBlock = 0;  ///< those from here to firstOfPhase are of this block, before a barrier
  uint32_t firstOfPhase = 0;  ///< those from here on are of this block since its last barrier
  /// Of the thread's warp, since then: where its numbers begin, anew after each barrier of the warp. What is before the
  /// last of them comes before what the thread does now.
  std::vector<uint32_t> warpPhases;
};
constexpr uint32_t kNumbersOfWarp = 33; ///< its lanes', and before them one that stands for several

/// Notes an access; what it races with, if anything ("writes what another thread reads").
const char *note(Footprint *footprints, uint64_t bytes, bool isWrite, const Accessor &who);

class DeviceMemory {
public:
  ~DeviceMemory();
  /// 0: more than there is.
  uint64_t allocate(uint64_t bytes);
  bool release(uint64_t address);
  uint64_t freeBytes() const { return kBytes - held; }
  static constexpr uint64_t kBytes = uint64_t(16) << 30;

  /// The bytes at an address; null, with the reason, where they are not all inside one allocation.
  uint8_t *find(uint64_t address, uint64_t bytes, Footprint **footprints, std::string &problem);

  /// Numbers for the threads of a launch or a phase; all footprints are forgotten when they run out.
  uint32_t takeAccessors(uint32_t count);

private:
  struct Allocation {
    uint64_t address, bytes;
    uint8_t *data;
    Footprint *footprints;
  };
  void forgetFootprints();

  std::map<uint64_t, Allocation> allocations; ///< by address
  Allocation *last = nullptr;
  uint64_t next = 0x7f0000000000, held = 0;
  uint32_t accessors = 1;
};

/// A write by a thread's own instructions (the generic proxy).
struct GenericWrite {
  uint32_t event = 0; ///< counted from 1 in the block; 0: none
  uint32_t phase = 0; ///< barriers of the block before it
  uint32_t thread = 0;
};

/// Of one block.
struct SharedMemory {
  std::vector<uint8_t> data;
  std::vector<Footprint> footprints;
  std::vector<uint8_t> inFlight; ///< 1: an asynchronous copy that nobody has waited for may write the byte
  // For kernels whose wgmma read it, else empty.
  std::vector<uint8_t> readers;      ///< how many wgmma that nobody has waited for may read the byte
  std::vector<GenericWrite> written; ///< the last one
};

} // namespace cameo::sim
