// Memory.h - the memory a context works in, counted against its budget.
// Used by one thread at a time. Nothing here throws: a null pointer or false means that the memory is not to be had.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace cameo::rt {

/// Where blocks come from, when that is not the host's memory.
class MemorySource {
public:
  virtual ~MemorySource() = default;
  virtual uint8_t *allocate(uint64_t bytes) = 0; ///< null: there is none
  virtual void release(uint8_t *block, uint64_t bytes) = 0;
  virtual bool move(void *target, const void *source, uint64_t bytes) = 0;
};

/// Bytes held and the most allowed.
struct MemoryBudget {
  MemorySource *source = nullptr; ///< null: the host
  uint64_t limit = UINT64_MAX;
  uint64_t held = 0;
  uint64_t peak = 0;

  bool allows(uint64_t bytes) const { return bytes <= limit && held <= limit - bytes; }
};

/// One aligned block which can grow. From 2 MiB on it starts at a huge page's boundary and asks for huge pages.
class Buffer {
public:
  Buffer() = default;
  Buffer(Buffer &&other) noexcept;
  Buffer &operator=(Buffer &&other) noexcept;
  ~Buffer();

  /// Makes it at least `bytes` long. Growing moves the block; the first `keep` bytes of its content move along.
  bool reserve(MemoryBudget &budget, uint64_t bytes, uint64_t keep = 0);
  void free(MemoryBudget &budget);

  uint8_t *data() const { return block; }
  uint64_t capacity() const { return blockBytes; }
  bool contains(const void *pointer) const { return pointer >= block && pointer < block + blockBytes; }

private:
  MemorySource *source = nullptr; ///< of the block
  uint8_t *block = nullptr;
  uint64_t blockBytes = 0;
};

/// Memory taken and given back in stack order. It grows in chunks; after a run that needed several chunks it is made
/// one, so that a repeated run of the same size allocates nothing.
class Stack {
public:
  void *alloc(MemoryBudget &budget, uint64_t bytes);
  /// A position which `release` accepts: bytes below it, over all chunks.
  uint64_t mark() const;
  void release(uint64_t mark);
  /// Releases everything and joins the chunks.
  void reset(MemoryBudget &budget);

private:
  struct Chunk {
    Buffer buffer;
    uint64_t base; ///< capacity of all chunks before this one
  };
  std::vector<Chunk> chunks;
  size_t current = 0; ///< the chunk that allocations come from
  uint64_t used = 0;  ///< bytes taken in it
};

} // namespace cameo::rt
