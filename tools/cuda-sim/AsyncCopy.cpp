// AsyncCopy.cpp - cp.async: bytes from global to shared memory that are there when the thread has waited for them.
// Until then nobody may touch them, and what they replace has been read by all (a barrier orders the two). The move
// itself is done as late as possible, or as early.
#include "Machine.h"
#include <algorithm>

namespace cameo::sim {
namespace {

void move(Thread &t, const AsyncCopy &copy) {
  uint8_t *target = t.block->shared.data.data() + copy.target;
  const uint8_t *source = copy.read ? findBytes(t, *copy.at, copy.source, Space::Global, copy.read, false) : nullptr;
  if (source)
    memcpy(target, source, copy.read);
  memset(target + copy.read, 0, size_t(copy.bytes - copy.read));
}

/// cp.async.cg.shared.global [a], [b], width, c
void issue(Thread &t, const Instruction &i) {
  uint64_t target = t.get<uint64_t>(i.a) + i.offset, source = t.get<uint64_t>(i.b) + i.secondOffset;
  uint64_t read = i.c ? std::min<uint64_t>(t.get<uint32_t>(i.c), i.width) : i.width;
  if (source % i.width)
    t.fault(i, "copies " + std::to_string(i.width) + " bytes from an address that is not a multiple of it");
  checkLaunchBefore(t, i);
  findBytes(t, i, target, Space::Shared, i.width, true);
  std::fill_n(t.block->shared.inFlight.begin() + long(target), i.width, 1);
  AsyncCopy copy{target, source, i.width, uint8_t(read), t.openGroup, &i};
  if (t.block->copiesEarly)
    move(t, copy);
  t.copies.push_back(copy);
}

void commit(Thread &t, const Instruction &) { ++t.openGroup; }

void finishBefore(Thread &t, uint32_t group) {
  std::erase_if(t.copies, [&](const AsyncCopy &copy) {
    if (copy.group >= group)
      return false;
    std::fill_n(t.block->shared.inFlight.begin() + long(copy.target), copy.bytes, 0);
    findBytes(t, *copy.at, copy.target, Space::Shared, copy.bytes, true); // this thread has written it now
    if (!t.block->copiesEarly)
      move(t, copy);
    return true;
  });
}

void awaitGroups(Thread &t, const Instruction &i) {
  uint32_t open = t.get<uint32_t>(i.a);
  finishBefore(t, t.openGroup > open ? t.openGroup - open : 0);
}
void awaitAll(Thread &t, const Instruction &) { finishBefore(t, UINT32_MAX); }

} // namespace

Handler findCopy(const std::vector<std::string> &op, Instruction &i) {
  if (op.size() < 3 || op[1] != "async")
    return nullptr;
  if (op[2] == "commit_group")
    return commit;
  if (op[2] == "wait_group")
    return awaitGroups;
  if (op[2] == "wait_all")
    return awaitAll;
  i.space = Space::Shared;
  return (op[2] == "cg" || op[2] == "ca") && op.size() == 5 && op[3] == "shared" && op[4] == "global" ? issue : nullptr;
}

} // namespace cameo::sim
