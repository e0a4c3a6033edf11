// MappedFile.cpp - whole files: mapping them to read, replacing them to write.
#include "cameo-run/Files.h"
#include "cameo-run/UserError.h"
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace cameo::run {

MappedFile::MappedFile(const std::string &path) {
  int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat status;
  if (descriptor < 0 || fstat(descriptor, &status) != 0) {
    std::string reason = strerror(errno);
    if (descriptor >= 0)
      close(descriptor);
    throw UserError("E-FILE", File, escaped(path) + ": cannot be opened: " + reason);
  }
  bool isRegular = S_ISREG(status.st_mode);
  void *map =
      isRegular && status.st_size ? mmap(nullptr, status.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0) : nullptr;
  close(descriptor);
  if (!isRegular)
    throw UserError("E-FILE", File, escaped(path) + ": is not a regular file");
  if (map == MAP_FAILED)
    throw UserError("E-FILE", File, escaped(path) + ": cannot be mapped: " + strerror(errno));
  bytes = static_cast<const uint8_t *>(map);
  count = map ? uint64_t(status.st_size) : 0;
}

MappedFile::~MappedFile() {
  if (bytes)
    munmap(const_cast<uint8_t *>(bytes), count);
}

void writeFile(const std::string &path, const std::vector<std::pair<const void *, uint64_t>> &pieces) {
  std::string temporary = path + ".XXXXXX";
  int descriptor = mkostemp(temporary.data(), O_CLOEXEC);
  auto giveUp = [&] {
    std::string reason = strerror(errno);
    if (descriptor >= 0) {
      close(descriptor);
      unlink(temporary.c_str());
    }
    throw UserError("E-FILE", File, escaped(path) + ": cannot be written: " + reason);
  };
  if (descriptor < 0)
    giveUp();
  for (auto [data, bytes] : pieces) {
    auto *next = static_cast<const uint8_t *>(data);
    while (bytes) {
      ssize_t written = write(descriptor, next, bytes);
      if (written < 0 && errno == EINTR)
        continue;
      if (written <= 0)
        giveUp();
      next += written;
      bytes -= uint64_t(written);
    }
  }
  mode_t mask = umask(0);
  umask(mask);
  if (fchmod(descriptor, 0666 & ~mask) != 0 || rename(temporary.c_str(), path.c_str()) != 0)
    giveUp();
  close(descriptor);
}

} // namespace cameo::run
