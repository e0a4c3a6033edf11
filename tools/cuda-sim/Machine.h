// Machine.h - kernels in the form that runs, the threads that run them, and what they share.
#pragma once
#include "Memory.h"
#include "Ptx.h"
#include <bit>
#include <cstring>
#include <deque>

namespace cameo::sim {

struct Thread;
struct Instruction;
using Handler = void (*)(Thread &, const Instruction &);
/// What the lanes of a warp do once all in the mask have come to the same instruction.
using Meeting = void (*)(std::vector<Thread *> &lanes, const Instruction &);

/// One decoded statement. Operands are numbers of slots of the thread: registers, then constants, then special
/// registers.
struct Instruction {
  Handler run;
  uint32_t guard = 0; ///< slot of the predicate; 0: always (slot 0 is no register)
  bool guardIsNegated = false;
  Space space = Space::Generic;
  uint8_t width = 0;  ///< bytes of an access
  uint8_t count = 1;  ///< elements of a vector access
  uint32_t d[4] = {}; ///< destinations; of a store the sources
  uint32_t a = 0, b = 0, c = 0, e = 0;
  uint32_t more[10] = {};    ///< sources of what multiplies matrices: those of A, B, C; of wgmma A, where it is held
  uint64_t offset = 0;       ///< of an address; the target of a branch
  uint64_t secondOffset = 0; ///< of the address that a copy reads, whose base is `b`
  uint32_t detail = 0;       ///< what the handler makes of it
  Meeting together = nullptr;
  uint8_t warps = 1;      ///< that meet
  bool isBarrier = false; ///< of a warp: orders what its lanes do
  uint32_t statement = 0; ///< for messages
};

/// Whom a thread waits for.
enum class Wait : uint8_t { None, Block, Warp, Forever };

struct Kernel {
  std::string name;
  std::vector<Instruction> code;
  std::vector<Statement> statements;
  std::vector<std::vector<uint32_t>> branchTables;
  std::vector<std::vector<uint32_t>> accumulators; ///< slots, of each wgmma
  uint32_t numRegisters = 0;
  std::vector<uint64_t> constants; ///< of the slots after the registers
  uint32_t numSlots = 0;           ///< with the special ones, in the order of Special
  uint64_t paramBytes = 0, localBytes = 0, sharedBytes = 0;
  std::vector<Variable> parameters; ///< in order
  unsigned maxThreads = 0;
  bool isIndependent = true; ///< no thread waits for another
  bool hasWarpgroups = false;
};

enum Special : uint32_t {
  TidX,
  TidY,
  TidZ,
  NtidX,
  NtidY,
  NtidZ,
  CtaidX,
  CtaidY,
  CtaidZ,
  NctaidX,
  NctaidY,
  NctaidZ,
  LaneId,
  WarpId,
  NumSpecials
};

struct Launch {
  const Kernel *kernel;
  unsigned grid[3], block[3];
  unsigned sharedBytes; ///< dynamic
  std::vector<uint8_t> parameters;
  bool mayComeEarly = false; ///< before the launch before has ended
};

struct Block;

/// cp.async, until it is waited for.
struct AsyncCopy {
  uint64_t target, source; ///< in shared memory, in global memory
  uint8_t bytes, read;     ///< written, and of these taken from the source; the rest are zeros
  uint32_t group;          ///< counted from 0 as they are committed
  const Instruction *at;
};

/// wgmma.mma_async, until it is waited for.
struct WarpgroupProduct {
  const Instruction *at;
  void (*multiply)(Thread &first, const WarpgroupProduct &);
  bool adds;                    ///< to the accumulators, else they begin at 0
  uint32_t group;               ///< counted from 0 as they are committed
  std::vector<uint32_t> chunks; ///< addresses of the 16-byte chunks of A (but of registers), then of B
};

/// Four warps that multiply together.
struct Warpgroup {
  std::deque<WarpgroupProduct> products; ///< not yet waited for
  uint32_t openGroup = 0;                ///< that the next products belong to
  std::vector<uint8_t> isBusy;           ///< slots: those of accumulators of such products, and of A where it is held
  std::vector<uint64_t> fenced;          ///< the threads' slots as the last wgmma.fence found them; empty: none did
};

struct Thread {
  uint64_t *slots;
  uint32_t pc = 0;
  Wait wait = Wait::None; ///< Forever: it has ended
  uint32_t number = 0;    ///< in its block
  uint8_t *local = nullptr;
  Block *block = nullptr;
  Accessor accessor;
  std::vector<AsyncCopy> copies;              ///< not yet waited for
  uint32_t openGroup = 0;                     ///< that the next copies belong to
  std::vector<uint32_t> proxyFences;          ///< events of fence.proxy.async
  bool hasAwaitedLaunch = false;              ///< griddepcontrol.wait
  const std::vector<uint8_t> *busy = nullptr; ///< of its warpgroup, while one of its products is under way

  template <typename T> T get(uint32_t slot) const {
    T value;
    memcpy(&value, &slots[slot], sizeof(T));
    return value;
  }
  template <typename T> void put(uint32_t slot, T value) {
    slots[slot] = 0;
    memcpy(&slots[slot], &value, sizeof(T));
  }
  /// Ends the launch with a message about this thread's statement.
  [[noreturn]] void fault(const Instruction &at, const std::string &what) const;
};

/// A block while it runs.
struct Block {
  const Launch &launch;
  DeviceMemory &memory;
  SharedMemory shared;
  unsigned index[3];
  std::vector<Thread> threads;
  bool copiesEarly = false;
  std::vector<Warpgroup> warpgroups;
  uint32_t events = 0;                  ///< writes to shared memory, and fences, so far
  std::vector<uint32_t> firstEvents{0}; ///< of each phase: where a barrier of the block was
  uint32_t phase() const { return uint32_t(firstEvents.size() - 1); }
};

/// Resolves names, chooses handlers. Throws PtxError for what is not known.
Kernel decode(const ParsedKernel &parsed, const std::map<std::string, uint64_t> &globals);

/// The handler of an opcode that computes, given in its parts; null where it is not known.
Handler findArithmetic(const std::vector<std::string> &opcode);
/// The same for conversions.
Handler findConversion(const std::vector<std::string> &opcode);
/// The same for accesses of memory. Fills in what the opcode says about the access.
Handler findAccess(const std::vector<std::string> &opcode, Instruction &instruction);
/// The same for what several threads do together.
Handler findMeeting(const std::vector<std::string> &opcode, Instruction &instruction);
/// The same for cp.async, and what commits and awaits it.
Handler findCopy(const std::vector<std::string> &opcode, Instruction &instruction);
/// What a warp does in ldmatrix and mma; null where it is not known. Says how many registers each operand has.
Meeting findMatrix(const std::vector<std::string> &opcode, Instruction &instruction, std::vector<unsigned> &registers);

/// What a warpgroup does in wgmma; null where it is not known.
Meeting findWarpgroup(const std::vector<std::string> &opcode, Instruction &instruction);
/// Ends the launch where an instruction touches a register of a product that is under way.
void checkAccumulators(Thread &t, const Instruction &i);
/// Ends the launch where global memory is touched that the launch before may still work on.
void checkLaunchBefore(Thread &t, const Instruction &i);
/// fence.proxy.async
void fenceProxies(Thread &t, const Instruction &);

/// The bytes that an access means. Ends the launch where there are none, where they are not aligned, or where it races.
uint8_t *findBytes(Thread &t, const Instruction &i, uint64_t address, Space space, uint64_t bytes, bool isWrite,
                   bool isAtomic = false);

struct RunOptions {
  uint64_t seed = 0;        ///< of the order of blocks and threads; 0: in order
  bool copiesEarly = false; ///< asynchronous copies are done when they are issued, not when they are awaited
};

/// Runs a grid to its end. Throws PtxError for a kernel that does what it may not.
void run(const Launch &launch, DeviceMemory &memory, const RunOptions &options);

} // namespace cameo::sim
