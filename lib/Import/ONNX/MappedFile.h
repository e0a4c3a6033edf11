// MappedFile.h - a regular file, mapped read-only.
#pragma once
#include "llvm/ADT/StringRef.h"
#include <memory>
#include <string>

namespace cameo::onnx {

class MappedFile {
public:
  ~MappedFile();
  MappedFile(const MappedFile &) = delete;
  MappedFile &operator=(const MappedFile &) = delete;

  llvm::StringRef bytes() const { return {data, size}; }

  /// Maps the file that `descriptor` is open on, whose size is `size`. Null with errno set when that fails.
  static std::unique_ptr<MappedFile> map(int descriptor, size_t size);

  /// Opens and maps `path`; null and a sentence without the path ("it is a directory") when that fails. Never blocks,
  /// so a FIFO is refused instead of waited for.
  static std::unique_ptr<MappedFile> open(const std::string &path, std::string &error);

private:
  MappedFile(const char *data, size_t size) : data(data), size(size) {}
  const char *data;
  size_t size;
};

/// A file descriptor that closes itself.
struct Descriptor {
  int value;
  explicit Descriptor(int value) : value(value) {}
  ~Descriptor();
  Descriptor(const Descriptor &) = delete;
  Descriptor &operator=(const Descriptor &) = delete;
};

/// What errno says: "no such file or directory".
std::string errnoText(int number);

} // namespace cameo::onnx
