// MemoryFile.h - bytes of a fuzzer as a file, for code that takes a path; nothing is written to a disk.
#pragma once
#include <cstdint>
#include <cstdlib>
#include <string>
#include <sys/mman.h>
#include <unistd.h>

namespace cameo::fuzz {

class MemoryFile {
public:
  MemoryFile(const uint8_t *bytes, size_t size) : descriptor(memfd_create("fuzz", MFD_CLOEXEC)) {
    if (descriptor < 0 || write(descriptor, bytes, size) != ssize_t(size))
      abort();
  }
  ~MemoryFile() { close(descriptor); }
  MemoryFile(const MemoryFile &) = delete;
  MemoryFile &operator=(const MemoryFile &) = delete;

  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor); }

private:
  int descriptor;
};

} // namespace cameo::fuzz
