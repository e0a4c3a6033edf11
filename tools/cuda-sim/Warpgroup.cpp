// Warpgroup.cpp - wgmma: four warps multiply matrices that lie in shared memory, while their threads go on. What the
// PTX ISA asks for is checked: registers are fenced before a product, shared memory is fenced between the threads'
// writes and the product (which reads it through the asynchronous proxy), and nobody touches accumulators, or writes
// what is read, before a wait for the product's group. Products are done as late as possible, or as early.
#include "Machine.h"
#include "NarrowFloats.h"
#include <algorithm>

namespace cameo::sim {
namespace {

constexpr unsigned kThreads = 128, kRows = 64, kDepth = 16, kMostColumns = 256;
constexpr uint64_t kChunk = 16, kRun = 128, kPatternLines = 8; ///< bytes, bytes, lines
constexpr unsigned kPerChunk = kChunk / 2;                     ///< elements

Warpgroup &warpgroupOf(const Thread &t) { return t.block->warpgroups[t.number / kThreads]; }
Thread *threadsOf(const Thread &t) { return &t.block->threads[t.number / kThreads * kThreads]; }
const std::vector<uint32_t> &accumulatorsOf(const Thread &t, const Instruction &at) {
  return t.block->launch.kernel->accumulators[at.detail];
}

/// The warpgroup as one that accesses memory: ordered with threads by barriers of the block only.
Thread asReader(const Thread &lead) {
  Thread reader{};
  reader.block = lead.block;
  reader.number = lead.number;
  reader.accessor = lead.accessor;
  reader.accessor.number = lead.accessor.firstOfPhase;
  reader.accessor.warpPhases = {lead.accessor.firstOfPhase};
  return reader;
}

// ---- operands

/// Whether A comes from registers.
bool isHeld(const Instruction &at) { return at.more[0] != 0; }
constexpr unsigned kHeldRegisters = 4;

/// What Warpgroup::isBusy says of a register.
constexpr uint8_t kOfSums = 1, kOfFactors = 2;

/// Chunk n of a matrix of 16 steps of K, whose lines run along K: row n / 2, one half of K. Else: step n % 16 of K,
/// eight rows from n / 16 * 8 on.
void addChunks(Thread &t, const Instruction &at, uint64_t descriptor, unsigned rows, bool isTransposed,
               std::vector<uint32_t> &chunks) {
  constexpr uint64_t kField = 0x3fff, kMeant = kField | kField << 16 | kField << 32 | uint64_t(3) << 62;
  if (descriptor >> 62 != 1 || descriptor & ~kMeant)
    t.fault(at, "has a descriptor that is not of the 128-byte swizzle with no base offset");
  auto field = [&](unsigned bit) { return (descriptor >> bit & kField) * kChunk; };
  uint64_t begin = field(0), nextRun = field(16), nextLines = field(32);
  for (unsigned n = 0; n < rows * kDepth / kPerChunk; ++n) {
    unsigned line = isTransposed ? n % kDepth : n / 2, inLine = isTransposed ? n / kDepth : n % 2;
    uint64_t address = begin + line / kPatternLines * nextLines + line % kPatternLines * kRun;
    address += inLine / (kRun / kChunk) * nextRun + inLine % (kRun / kChunk) * kChunk;
    chunks.push_back(uint32_t(address ^ (address / kRun % kPatternLines * kChunk)));
  }
}

/// Whether a fence of the proxies lies between the write and what the warpgroup does now: by the thread that wrote, and
/// then a barrier; or, after a barrier, by all threads of the warpgroup.
bool isShown(const Thread &lead, const GenericWrite &write) {
  const Block &block = *lead.block;
  const std::vector<uint32_t> &own = block.threads[write.thread].proxyFences;
  auto fence = std::upper_bound(own.begin(), own.end(), write.event);
  if (fence != own.end() && *fence <= block.firstEvents.back())
    return true;
  return write.phase < block.phase() && std::all_of(
                                            threadsOf(lead), threadsOf(lead) + kThreads,
                                            [&](const Thread &t) {
                                              return !t.proxyFences.empty() &&
                                                     t.proxyFences.back() > block.firstEvents[write.phase + 1];
                                            });
}

void beginToRead(Thread &lead, const Instruction &at, const std::vector<uint32_t> &chunks) {
  SharedMemory &shared = lead.block->shared;
  Thread reader = asReader(lead);
  uint32_t lastShown = 0;
  for (uint32_t chunk : chunks) {
    findBytes(reader, at, chunk, Space::Shared, kChunk, false);
    for (uint64_t i = chunk; i < chunk + kChunk; ++i) {
      const GenericWrite &write = shared.written[i];
      if (write.event != lastShown && write.event && !isShown(lead, write))
        lead.fault(at, "reads shared memory that thread " + std::to_string(write.thread) +
                           " has written: no fence.proxy.async with a barrier lies between");
      lastShown = write.event;
      ++shared.readers[i];
    }
  }
}

void endReading(Thread &lead, const WarpgroupProduct &product) {
  Thread reader = asReader(lead);
  for (uint32_t chunk : product.chunks) {
    for (uint64_t i = chunk; i < chunk + kChunk; ++i)
      --lead.block->shared.readers[i];
    findBytes(reader, *product.at, chunk, Space::Shared, kChunk, false);
  }
}

// ---- products

/// By the PTX ISA's figure lane 4 g + t of warp w has in accumulator 4 j + 2 h + i row 16 w + g + 8 h, column 8 j + 2 t
/// + i; and, of A in registers, in the halves of register 2 i + h row 16 w + g + 8 h, steps 8 i + 2 t and 8 i + 2 t
/// + 1. Products are exact; their sum is made in f64 and rounded once for each instruction.
template <float (*widen)(uint16_t)> void multiply(Thread &lead, const WarpgroupProduct &product) {
  double a[kRows][kDepth], b[kDepth][kMostColumns];
  const Instruction &at = *product.at;
  const uint8_t *data = lead.block->shared.data.data();
  unsigned ofA = isHeld(at) ? 0 : kRows * kDepth / kPerChunk;
  for (unsigned i = 0; isHeld(at) && i < kThreads * kHeldRegisters; ++i) {
    unsigned number = i / kHeldRegisters, held = i % kHeldRegisters;
    unsigned row = number / 32 * 16 + number % 32 / 4 + held % 2 * 8, k = held / 2 * 8 + number % 4 * 2;
    uint32_t bits = threadsOf(lead)[number].get<uint32_t>(at.more[held]);
    a[row][k] = widen(uint16_t(bits));
    a[row][k + 1] = widen(uint16_t(bits >> 16));
  }
  for (unsigned n = 0; n < product.chunks.size(); ++n) {
    bool isA = n < ofA, isTransposed = at.offset >> (isA ? 0 : 1) & 1;
    unsigned own = isA ? n : n - ofA;
    for (unsigned i = 0; i < kPerChunk; ++i) {
      uint16_t bits;
      memcpy(&bits, data + product.chunks[n] + 2 * i, 2);
      unsigned row = isTransposed ? own / kDepth * kPerChunk + i : own / 2;
      unsigned k = isTransposed ? own % kDepth : own % 2 * kPerChunk + i;
      (isA ? a[row][k] : b[k][row]) = widen(bits);
    }
  }
  const std::vector<uint32_t> &accumulators = accumulatorsOf(lead, at);
  for (unsigned number = 0; number < kThreads; ++number) {
    Thread &t = threadsOf(lead)[number];
    for (unsigned i = 0; i < accumulators.size(); ++i) {
      unsigned row = number / 32 * 16 + number % 32 / 4 + i / 2 % 2 * 8, column = i / 4 * 8 + number % 4 * 2 + i % 2;
      double sum = product.adds ? t.get<float>(accumulators[i]) : 0;
      for (unsigned k = 0; k < kDepth; ++k)
        sum += a[row][k] * b[k][column];
      t.put<float>(accumulators[i], float(sum));
    }
  }
}

void checkFenced(Thread &lead, const Instruction &at, uint32_t slot, const std::string &what) {
  const std::vector<uint64_t> &fenced = warpgroupOf(lead).fenced;
  for (unsigned number = 0; number < kThreads; ++number)
    if (threadsOf(lead)[number].slots[slot] != fenced[number * (fenced.size() / kThreads) + slot])
      threadsOf(lead)[number].fault(at, "has " + what + " that was written after the last wgmma.fence");
}

/// Registers that no product has must be as the last fence found them.
void checkFenced(Thread &lead, const Instruction &at) {
  Warpgroup &group = warpgroupOf(lead);
  const std::vector<uint32_t> &accumulators = accumulatorsOf(lead, at);
  if (group.fenced.empty())
    lead.fault(at, "has no wgmma.fence before it");
  for (uint32_t slot : accumulators) {
    if (group.isBusy[slot]) {
      if (accumulatorsOf(lead, *group.products.back().at) != accumulators)
        lead.fault(at, "shares accumulators with a product of another shape that is under way");
      continue;
    }
    checkFenced(lead, at, slot, "an accumulator");
  }
  for (unsigned k = 0; isHeld(at) && k < kHeldRegisters; ++k)
    checkFenced(lead, at, at.more[k], "a register of A");
}

void markBusy(Thread &lead, const Instruction &at) {
  std::vector<uint8_t> &isBusy = warpgroupOf(lead).isBusy;
  for (uint32_t slot : accumulatorsOf(lead, at))
    isBusy[slot] = kOfSums;
  for (unsigned k = 0; isHeld(at) && k < kHeldRegisters; ++k)
    isBusy[at.more[k]] = kOfFactors;
}

template <float (*widen)(uint16_t)> void issue(std::vector<Thread *> &lanes, const Instruction &at) {
  Thread &lead = *lanes.front();
  WarpgroupProduct product{&at, multiply<widen>, bool(lead.get<uint8_t>(at.c) & 1), warpgroupOf(lead).openGroup, {}};
  for (Thread *t : lanes)
    if (t->get<uint64_t>(at.a) != lead.get<uint64_t>(at.a) || t->get<uint64_t>(at.b) != lead.get<uint64_t>(at.b) ||
        bool(t->get<uint8_t>(at.c) & 1) != product.adds)
      t->fault(at, "has other operands than the rest of its warpgroup");
  Warpgroup &group = warpgroupOf(lead);
  group.isBusy.resize(lead.block->launch.kernel->numSlots);
  checkFenced(lead, at);
  if (!isHeld(at))
    addChunks(lead, at, lead.get<uint64_t>(at.a), kRows, at.offset & 1, product.chunks);
  addChunks(lead, at, lead.get<uint64_t>(at.b), at.count * 8u, at.offset >> 1 & 1, product.chunks);
  beginToRead(lead, at, product.chunks);
  if (lead.block->copiesEarly)
    multiply<widen>(lead, product);
  markBusy(lead, at);
  for (Thread *t : lanes)
    t->busy = &group.isBusy;
  group.products.push_back(std::move(product));
}

// ---- order

void fenceRegisters(std::vector<Thread *> &lanes, const Instruction &) {
  Warpgroup &group = warpgroupOf(*lanes.front());
  size_t registers = lanes.front()->block->launch.kernel->numRegisters;
  group.fenced.resize(lanes.size() * registers);
  for (size_t i = 0; i < lanes.size(); ++i)
    std::copy_n(lanes[i]->slots, registers, group.fenced.begin() + long(i * registers));
}

void commit(std::vector<Thread *> &lanes, const Instruction &) { ++warpgroupOf(*lanes.front()).openGroup; }

void await(std::vector<Thread *> &lanes, const Instruction &at) {
  Thread &lead = *lanes.front();
  Warpgroup &group = warpgroupOf(lead);
  size_t registers = group.fenced.size() / kThreads;
  while (!group.products.empty() && group.products.front().group + at.offset < group.openGroup) {
    WarpgroupProduct product = std::move(group.products.front());
    group.products.pop_front();
    endReading(lead, product);
    if (!lead.block->copiesEarly)
      product.multiply(lead, product);
    for (uint32_t slot : accumulatorsOf(lead, *product.at))
      for (unsigned number = 0; number < kThreads; ++number)
        group.fenced[number * registers + slot] = threadsOf(lead)[number].slots[slot];
  }
  std::fill(group.isBusy.begin(), group.isBusy.end(), 0);
  for (const WarpgroupProduct &product : group.products)
    markBusy(lead, *product.at);
  if (group.products.empty())
    for (Thread *t : lanes)
      t->busy = nullptr;
}

void waitForWarpgroup(Thread &t, const Instruction &) { t.wait = Wait::Warp; }

} // namespace

void checkAccumulators(Thread &t, const Instruction &i) {
  auto isBusy = [&](uint32_t slot) { return (*t.busy)[slot] != 0; };
  // Products may share a register of A.
  auto isBusyHere = [&](uint32_t slot) { return (*t.busy)[slot] & (i.warps > 1 ? kOfSums : kOfSums | kOfFactors); };
  if (isBusy(i.guard) || isBusy(i.a) || isBusy(i.b) || isBusy(i.c) || isBusy(i.e) ||
      std::any_of(i.d, std::end(i.d), isBusy) || std::any_of(i.more, std::end(i.more), isBusyHere))
    t.fault(i, "touches a register of a wgmma that nothing has waited for");
}

void fenceProxies(Thread &t, const Instruction &) { t.proxyFences.push_back(++t.block->events); }

Meeting findWarpgroup(const std::vector<std::string> &op, Instruction &i) {
  if (op.size() < 4 || op[2] != "sync" || op[3] != "aligned")
    return nullptr;
  i.run = waitForWarpgroup;
  i.warps = kThreads / 32;
  if (op.size() == 4)
    return op[1] == "fence"          ? fenceRegisters
           : op[1] == "commit_group" ? commit
           : op[1] == "wait_group"   ? await
                                     : nullptr;
  unsigned columns = 0;
  char rest;
  if (op[1] != "mma_async" || op.size() != 8 || sscanf(op[4].c_str(), "m64n%uk16%c", &columns, &rest) != 1 ||
      columns < 8 || columns > kMostColumns || columns % 8 || op[5] != "f32" || op[6] != op[7])
    return nullptr;
  i.count = uint8_t(columns / 8);
  return op[6] == "f16" ? issue<fromHalf> : op[6] == "bf16" ? issue<fromBf16> : nullptr;
}

} // namespace cameo::sim
