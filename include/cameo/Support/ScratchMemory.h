// ScratchMemory.h - memory that need not be in memory: its pages lie in a temporary file without a name.
#ifndef CAMEO_SUPPORT_SCRATCHMEMORY_H
#define CAMEO_SUPPORT_SCRATCHMEMORY_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/FileSystem.h"
#include <cstdlib>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>

namespace cameo {

/// Gives back to the system the pages that lie wholly in `bytes`, which is mapped from a file and not changed
/// privately: they are read again when they are next touched.
inline void releasePages(llvm::ArrayRef<char> bytes) {
  uintptr_t page = uintptr_t(sysconf(_SC_PAGESIZE)), start = reinterpret_cast<uintptr_t>(bytes.data());
  uintptr_t first = (start + page - 1) / page * page, last = (start + bytes.size()) / page * page;
  if (first < last)
    madvise(reinterpret_cast<void *>(first), last - first, MADV_DONTNEED);
}

/// Bytes that begin as zeros. From kLeast bytes on they are mapped from a file in the folder for temporary files that
/// was removed as soon as it was made; less than that, and all where no such file can be had (the disk is full), is
/// from the heap.
class ScratchMemory {
public:
  static constexpr size_t kLeast = size_t(64) << 10;

  ScratchMemory() = default;
  explicit ScratchMemory(size_t bytes) : count(bytes) {
    start = bytes >= kLeast ? map(bytes) : nullptr;
    isMapped = start != nullptr;
    if (!isMapped)
      start = static_cast<char *>(std::calloc(bytes ? bytes : 1, 1));
    if (!start)
      llvm::report_bad_alloc_error("scratch memory");
  }
  ScratchMemory(ScratchMemory &&other) noexcept
      : start(std::exchange(other.start, nullptr)), count(std::exchange(other.count, 0)), isMapped(other.isMapped) {}
  ScratchMemory &operator=(ScratchMemory other) noexcept {
    std::swap(start, other.start), std::swap(count, other.count), std::swap(isMapped, other.isMapped);
    return *this;
  }
  ~ScratchMemory() {
    if (isMapped && start)
      munmap(start, count);
    else
      std::free(start);
  }

  llvm::MutableArrayRef<char> bytes() const { return {start, count}; }
  bool isInFile() const { return isMapped; }
  /// Nothing is lost.
  void release() const {
    if (isMapped)
      releasePages(bytes());
  }

private:
  static char *map(size_t bytes) {
    int descriptor;
    llvm::SmallString<128> path;
    if (llvm::sys::fs::createTemporaryFile("cameo", "scratch", descriptor, path))
      return nullptr;
    llvm::sys::fs::remove(path);
    // Where there is no room for it, touching a page would end the process.
    void *at = posix_fallocate(descriptor, 0, off_t(bytes)) == 0
                   ? mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
                   : MAP_FAILED;
    close(descriptor);
    return at == MAP_FAILED ? nullptr : static_cast<char *>(at);
  }

  char *start = nullptr;
  size_t count = 0;
  bool isMapped = false;
};

} // namespace cameo
#endif
