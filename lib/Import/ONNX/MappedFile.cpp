// MappedFile.cpp - a regular file, mapped read-only.
#include "MappedFile.h"
#include <cerrno>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace cameo::onnx {

std::string errnoText(int number) {
  std::string text = std::generic_category().message(number);
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z')
    text[0] += 'a' - 'A';
  return text;
}

Descriptor::~Descriptor() {
  if (value >= 0)
    ::close(value);
}

MappedFile::~MappedFile() {
  if (size)
    ::munmap(const_cast<char *>(data), size);
}

std::unique_ptr<MappedFile> MappedFile::map(int descriptor, size_t size) {
  if (size == 0) // mmap refuses empty mappings
    return std::unique_ptr<MappedFile>(new MappedFile("", 0));
  void *at = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
  if (at == MAP_FAILED)
    return nullptr;
  return std::unique_ptr<MappedFile>(new MappedFile(static_cast<const char *>(at), size));
}

std::unique_ptr<MappedFile> MappedFile::open(const std::string &path, std::string &error) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status;
  if (file.value < 0 || ::fstat(file.value, &status) != 0) {
    error = errnoText(errno);
    return nullptr;
  }
  if (!S_ISREG(status.st_mode)) {
    error = S_ISDIR(status.st_mode) ? "it is a directory" : "it is not a regular file";
    return nullptr;
  }
  std::unique_ptr<MappedFile> mapped = map(file.value, status.st_size);
  if (!mapped)
    error = errnoText(errno);
  return mapped;
}

} // namespace cameo::onnx
