// Machine.cpp - runs a grid: block after block, thread after thread, with rendezvous where threads wait for each other.
#include "Machine.h"
#include <algorithm>
#include <numeric>
#include <random>

namespace cameo::sim {

void Thread::fault(const Instruction &at, const std::string &what) const {
  const Kernel &kernel = *block->launch.kernel;
  const Statement &s = kernel.statements[at.statement];
  auto place = [](const unsigned (&index)[3]) {
    return std::to_string(index[0]) + "," + std::to_string(index[1]) + "," + std::to_string(index[2]);
  };
  const unsigned *size = block->launch.block;
  const unsigned own[3] = {number % size[0], number / size[0] % size[1], number / size[0] / size[1]};
  throw PtxError("kernel '" + kernel.name + "', line " + std::to_string(s.line) + " (" + s.opcode + "), block " +
                 place(block->index) + ", thread " + place(own) + ": " + what);
}

namespace {

/// Enough for any kernel of ours; one that runs longer does not end.
constexpr uint64_t kMostSteps = uint64_t(1) << 36;
constexpr uint32_t kWarpgroup = 128; ///< threads

class Grid {
public:
  Grid(const Launch &launch, DeviceMemory &memory, const RunOptions &options)
      : launch(launch), kernel(*launch.kernel), memory(memory), options(options), random(options.seed),
        numThreads(launch.block[0] * launch.block[1] * launch.block[2]) {}

  void run() {
    uint64_t numBlocks = uint64_t(launch.grid[0]) * launch.grid[1] * launch.grid[2];
    firstOfLaunch = memory.takeAccessors(1);
    size_t copies = kernel.isIndependent ? 1 : numThreads;
    slots.resize(copies * kernel.numSlots);
    local.resize(copies * kernel.localBytes);
    for (size_t i = 0; i < copies; ++i)
      std::copy(kernel.constants.begin(), kernel.constants.end(),
                slots.begin() + i * kernel.numSlots + kernel.numRegisters);
    std::vector<uint32_t> order(numThreads);
    for (uint32_t i = 0; i < numThreads; ++i)
      order[i] = i;
    for (uint64_t i = 0; i < numBlocks; ++i) {
      // With a seed, blocks are visited in steps that are coprime to their number.
      uint64_t number = options.seed ? (i * step(numBlocks) + options.seed) % numBlocks : i;
      if (options.seed)
        std::shuffle(order.begin(), order.end(), random);
      runBlock(number, order);
    }
  }

private:
  static uint64_t step(uint64_t count) {
    uint64_t candidate = count / 2 + 1;
    while (std::gcd(candidate, count) != 1)
      ++candidate;
    return candidate;
  }

  void runBlock(uint64_t number, const std::vector<uint32_t> &order) {
    Block block{launch, memory, {}, {}, {}, options.copiesEarly, {}};
    block.index[0] = unsigned(number % launch.grid[0]);
    block.index[1] = unsigned(number / launch.grid[0] % launch.grid[1]);
    block.index[2] = unsigned(number / launch.grid[0] / launch.grid[1]);
    block.shared.data.assign(kernel.sharedBytes + launch.sharedBytes, 0xff); // NaN in every type of float
    block.shared.footprints.resize(block.shared.data.size());
    block.shared.inFlight.resize(block.shared.data.size());
    if (kernel.hasWarpgroups) {
      block.shared.readers.resize(block.shared.data.size());
      block.shared.written.resize(block.shared.data.size());
      block.warpgroups.resize(numThreads / kWarpgroup);
    }
    uint32_t first = memory.takeAccessors(numbersOfPhase());
    Accessor accessor{0, firstOfLaunch, first, first, {}};
    if (kernel.isIndependent) {
      Thread thread;
      for (uint32_t i : order) {
        prepare(thread, block, i, 0, accessor);
        runThread(thread);
      }
      return;
    }
    block.threads.resize(numThreads);
    for (uint32_t i = 0; i < numThreads; ++i)
      prepare(block.threads[i], block, i, i, accessor);
    for (;;) {
      for (uint32_t i : order)
        if (block.threads[i].wait == Wait::None)
          runThread(block.threads[i]);
      if (std::all_of(block.threads.begin(), block.threads.end(), [](Thread &t) { return t.wait == Wait::Forever; }))
        return;
      if (!meetInWarps(block) && !meetInBlock(block, accessor))
        reportDeadlock(block);
    }
  }

  uint32_t numbersOfPhase() const { return 1 + (numThreads + 31) / 32 * kNumbersOfWarp; }
  static void setAccessor(Thread &t, const Accessor &ofBlock) {
    t.accessor = ofBlock;
    beginWarpPhase(t, ofBlock.firstOfPhase + 1 + t.number / 32 * kNumbersOfWarp);
  }
  static void beginWarpPhase(Thread &t, uint32_t first) {
    t.accessor.warpPhases.push_back(first);
    t.accessor.number = first + 1 + t.number % 32;
  }

  void prepare(Thread &t, Block &block, uint32_t number, size_t copy, const Accessor &accessor) {
    t.slots = slots.data() + copy * kernel.numSlots;
    t.local = local.data() + copy * kernel.localBytes;
    t.block = &block;
    t.number = number;
    t.pc = 0;
    t.wait = Wait::None;
    t.copies.clear();
    t.openGroup = 0;
    t.proxyFences.clear();
    t.hasAwaitedLaunch = false;
    t.busy = nullptr;
    setAccessor(t, accessor);
    std::fill_n(t.slots, kernel.numRegisters, ~uint64_t(0)); // no register holds a useful number before it is written
    std::fill_n(t.local, kernel.localBytes, 0xff);
    uint64_t *special = t.slots + kernel.numSlots - NumSpecials;
    for (unsigned axis = 0; axis < 3; ++axis) {
      special[NtidX + axis] = launch.block[axis];
      special[CtaidX + axis] = block.index[axis];
      special[NctaidX + axis] = launch.grid[axis];
    }
    special[TidX] = number % launch.block[0];
    special[TidY] = number / launch.block[0] % launch.block[1];
    special[TidZ] = number / launch.block[0] / launch.block[1];
    special[LaneId] = number % 32;
    special[WarpId] = number / 32;
  }

  void runThread(Thread &t) {
    const Instruction *code = kernel.code.data();
    while (t.wait == Wait::None) {
      const Instruction &i = code[t.pc++];
      if (i.guard && (t.slots[i.guard] & 1) == uint64_t(i.guardIsNegated))
        continue;
      if (t.busy)
        checkAccumulators(t, i);
      i.run(t, i);
      if (++steps > kMostSteps)
        t.fault(i, "runs for ever");
    }
  }

  /// Lets the lanes of each warp (of each four) go on that have come to the same statement, all that its mask names.
  bool meetInWarps(Block &block) {
    bool someWentOn = false;
    for (Thread &leader : block.threads) {
      if (leader.wait != Wait::Warp)
        continue;
      const Instruction &at = kernel.code[leader.pc - 1];
      uint32_t width = 32 * at.warps, first = leader.number / width * width;
      uint32_t count = std::min(width, numThreads - first);
      if (at.warps > 1 && count < width)
        leader.fault(at, "needs four whole warps, " + std::to_string(count) + " threads are here");
      uint32_t mask = leader.get<uint32_t>(at.e);
      std::vector<Thread *> lanes;
      bool isComplete = true;
      for (uint32_t other = 0; other < width; ++other) {
        if (at.warps == 1 && !(mask >> other & 1))
          continue;
        if (other >= count || block.threads[first + other].wait == Wait::Forever) {
          if (other < count)
            leader.fault(at, "waits for lane " + std::to_string(other) + ", which has ended");
          continue;
        }
        Thread &t = block.threads[first + other];
        isComplete &= t.wait == Wait::Warp && t.pc == leader.pc;
        lanes.push_back(&t);
      }
      if (!isComplete)
        continue;
      at.together(lanes, at);
      if (at.isBarrier && lanes.size() == count) {
        uint32_t firstNumber = memory.takeAccessors(kNumbersOfWarp);
        for (Thread *t : lanes)
          beginWarpPhase(*t, firstNumber);
      }
      for (Thread *t : lanes)
        t->wait = Wait::None;
      someWentOn = true;
    }
    return someWentOn;
  }

  /// Lets all threads go on when all that have not ended are at a barrier. What they do then comes after what they did.
  bool meetInBlock(Block &block, Accessor &accessor) {
    for (Thread &t : block.threads)
      if (t.wait != Wait::Block && t.wait != Wait::Forever)
        return false;
    uint32_t first = memory.takeAccessors(numbersOfPhase());
    if (first < accessor.firstOfPhase) // the numbers began anew
      firstOfLaunch = accessor.firstOfLaunch = accessor.firstOfBlock = first;
    accessor.firstOfPhase = first;
    block.firstEvents.push_back(block.events);
    for (Thread &t : block.threads) {
      setAccessor(t, accessor);
      if (t.wait == Wait::Block)
        t.wait = Wait::None;
    }
    return true;
  }

  [[noreturn]] void reportDeadlock(Block &block) {
    Thread *waiting = nullptr;
    for (Thread &t : block.threads)
      if (t.wait == Wait::Warp || (!waiting && t.wait == Wait::Block))
        waiting = &t;
    waiting->fault(kernel.code[waiting->pc - 1], "waits for ever: a deadlock");
  }

  const Launch &launch;
  const Kernel &kernel;
  DeviceMemory &memory;
  const RunOptions &options;
  std::mt19937_64 random;
  uint32_t numThreads, firstOfLaunch = 0;
  std::vector<uint64_t> slots;
  std::vector<uint8_t> local;
  uint64_t steps = 0;
};

} // namespace

void run(const Launch &launch, DeviceMemory &memory, const RunOptions &options) { Grid(launch, memory, options).run(); }

} // namespace cameo::sim
