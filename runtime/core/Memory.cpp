// Memory.cpp - see Memory.h.
#include "Memory.h"
#include "cameo/Runtime/KernelABI.h"
#include <algorithm>
#include <cstring>
#include <new>
#include <sys/mman.h>
#include <utility>

namespace cameo::rt {
namespace {

constexpr uint64_t kHugePage = 2 << 20;
constexpr uint64_t kFirstChunk = 256 << 10;

uint64_t roundUp(uint64_t bytes, uint64_t unit) { return (bytes + unit - 1) / unit * unit; }

/// `bytes` is a multiple of the huge page from there on, else of CAMEO_BUFFER_ALIGN.
uint8_t *allocBlock(MemorySource *source, uint64_t bytes) {
  if (source)
    return source->allocate(bytes);
  if (bytes < kHugePage)
    return static_cast<uint8_t *>(::operator new(bytes, std::align_val_t(CAMEO_BUFFER_ALIGN), std::nothrow));
  // Maps one huge page more than needed and gives back what lies outside the boundaries.
  void *map = mmap(nullptr, bytes + kHugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (map == MAP_FAILED)
    return nullptr;
  auto *start = static_cast<uint8_t *>(map);
  uint64_t before = roundUp(reinterpret_cast<uintptr_t>(start), kHugePage) - reinterpret_cast<uintptr_t>(start);
  if (before)
    munmap(start, before);
  munmap(start + before + bytes, kHugePage - before);
  madvise(start + before, bytes, MADV_HUGEPAGE);
  return start + before;
}

void freeBlock(MemorySource *source, uint8_t *block, uint64_t bytes) {
  if (source)
    source->release(block, bytes);
  else if (bytes < kHugePage)
    ::operator delete(block, std::align_val_t(CAMEO_BUFFER_ALIGN));
  else
    munmap(block, bytes);
}

} // namespace

Buffer::Buffer(Buffer &&other) noexcept
    : source(other.source), block(std::exchange(other.block, nullptr)), blockBytes(std::exchange(other.blockBytes, 0)) {
}

Buffer &Buffer::operator=(Buffer &&other) noexcept {
  std::swap(source, other.source);
  std::swap(block, other.block);
  std::swap(blockBytes, other.blockBytes);
  return *this;
}

Buffer::~Buffer() {
  if (block)
    freeBlock(source, block, blockBytes);
}

bool Buffer::reserve(MemoryBudget &budget, uint64_t bytes, uint64_t keep) {
  if (block && bytes <= blockBytes)
    return true;
  if (bytes > uint64_t(1) << 62)
    return false;
  bytes = roundUp(std::max<uint64_t>(bytes, 1), bytes < kHugePage ? CAMEO_BUFFER_ALIGN : kHugePage);
  // With nothing to keep, the old block goes first, so that both never count together.
  if (!keep)
    free(budget);
  if (!budget.allows(bytes))
    return false;
  uint8_t *grown = allocBlock(budget.source, bytes);
  if (!grown)
    return false;
  if (keep && source && !source->move(grown, block, std::min(keep, blockBytes))) {
    freeBlock(source, grown, bytes);
    return false;
  }
  if (keep && !source)
    memcpy(grown, block, std::min(keep, blockBytes));
  budget.held += bytes;
  budget.peak = std::max(budget.peak, budget.held);
  free(budget);
  source = budget.source;
  block = grown;
  blockBytes = bytes;
  return true;
}

void Buffer::free(MemoryBudget &budget) {
  if (!block)
    return;
  freeBlock(source, block, blockBytes);
  budget.held -= blockBytes;
  block = nullptr;
  blockBytes = 0;
}

void *Stack::alloc(MemoryBudget &budget, uint64_t bytes) {
  if (bytes > uint64_t(1) << 62)
    return nullptr;
  bytes = roundUp(std::max<uint64_t>(bytes, 1), CAMEO_BUFFER_ALIGN);
  for (;;) {
    if (current < chunks.size() && bytes <= chunks[current].buffer.capacity() - used) {
      void *memory = chunks[current].buffer.data() + used;
      used += bytes;
      return memory;
    }
    if (current + 1 < chunks.size()) {
      ++current;
      used = 0;
      continue;
    }
    uint64_t base = chunks.empty() ? 0 : chunks.back().base + chunks.back().buffer.capacity();
    Buffer buffer;
    // Doubling keeps the number of chunks small; near the budget only what is needed is taken.
    if (!buffer.reserve(budget, std::max({bytes, base, kFirstChunk})) && !buffer.reserve(budget, bytes))
      return nullptr;
    try {
      chunks.push_back({std::move(buffer), base});
    } catch (const std::bad_alloc &) {
      buffer.free(budget);
      return nullptr;
    }
    current = chunks.size() - 1;
    used = 0;
  }
}

uint64_t Stack::mark() const { return chunks.empty() ? 0 : chunks[current].base + used; }

void Stack::release(uint64_t mark) {
  if (mark > this->mark())
    return;
  while (current > 0 && mark < chunks[current].base)
    --current;
  used = chunks.empty() ? 0 : mark - chunks[current].base;
}

void Stack::reset(MemoryBudget &budget) {
  if (chunks.size() > 1) {
    uint64_t all = chunks.back().base + chunks.back().buffer.capacity();
    for (Chunk &chunk : chunks)
      chunk.buffer.free(budget);
    chunks.resize(1);
    chunks[0].base = 0;
    // Where this fails the next alloc starts anew with what it needs.
    if (!chunks[0].buffer.reserve(budget, all))
      chunks.clear();
  }
  current = 0;
  used = 0;
}

} // namespace cameo::rt
