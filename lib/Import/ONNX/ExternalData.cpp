// ExternalData.cpp - tensors whose bytes lie in other files.
#include "ExternalData.h"
#include "Wire.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SHA1.h"
#include <cerrno>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

using llvm::StringRef;
using llvm::Twine;

namespace cameo::onnx {
namespace {

/// Why a location may not be opened at all, or empty. Lexical: what the file system makes of it is openBeneath's part.
std::string refusal(StringRef location) {
  if (location.empty())
    return "is empty";
  if (location.contains('\0'))
    return "contains a zero byte";
  if (location.contains("_ORT_MEM_ADDR_"))
    return "is an address in the memory of the program that wrote it, not a file";
  if (location.starts_with("/"))
    return "is an absolute path; expected a path relative to the model's folder";
  llvm::SmallVector<StringRef> parts;
  location.split(parts, '/');
  if (llvm::is_contained(parts, ".."))
    return "leaves the model's folder";
  if (location.size() >= 4096)
    return "is longer than a path can be";
  return {};
}

/// Opens component by component without following links, for kernels (before 5.6) and sandboxes without openat2.
int openByComponents(int root, StringRef location) {
  constexpr int common = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
  llvm::SmallVector<StringRef> parts;
  location.split(parts, '/', -1, /*KeepEmpty=*/false);
  int at = ::fcntl(root, F_DUPFD_CLOEXEC, 0);
  for (size_t i = 0; i < parts.size() && at >= 0; ++i) {
    bool last = i + 1 == parts.size();
    int next = ::openat(at, parts[i].str().c_str(), common | (last ? O_RDONLY : O_PATH | O_DIRECTORY));
    int error = errno;
    // A symbolic link where a folder should be gives ENOTDIR; say what it is.
    struct stat status;
    if (next < 0 && error == ENOTDIR && ::fstatat(at, parts[i].str().c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISLNK(status.st_mode))
      error = ELOOP;
    ::close(at);
    at = next;
    errno = error;
  }
  return at;
}

/// Opens `location` for reading so that the result lies inside `root`; -1 with errno ELOOP for symbolic links.
int openBeneath(int root, StringRef location, bool followSymlinks) {
  constexpr int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
  if (followSymlinks)
    return ::openat(root, location.str().c_str(), flags);
  open_how how = {};
  how.flags = flags;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  long result = ::syscall(SYS_openat2, root, location.str().c_str(), &how, sizeof(how));
  if (result >= 0 || (errno != ENOSYS && errno != EPERM))
    return result;
  return openByComponents(root, location);
}

/// A non-negative decimal that fits int64.
bool parseSize(StringRef text, int64_t &value) {
  return !text.empty() && llvm::all_of(text, llvm::isDigit) && !text.getAsInteger(10, value);
}

} // namespace

ExternalData::ExternalData(const ReadOptions &options, StringRef modelPath)
    : root(options.externalDataRoot), followSymlinks(options.followSymlinks) {
  if (root.empty())
    root = llvm::sys::path::parent_path(modelPath).str();
  if (root.empty())
    root = ".";
}

ExternalData::File &ExternalData::open(StringRef location) {
  auto [entry, fresh] = files.try_emplace(location);
  if (fresh)
    openInto(entry->second, location);
  return entry->second;
}

void ExternalData::openInto(File &file, StringRef location) {
  file.code = "E-EXTPATH";
  file.problem = refusal(location);
  if (!file.problem.empty())
    return;
  auto failOpening = [&](int error) {
    if (error == ELOOP && !followSymlinks) {
      file.problem = "is or passes a symbolic link; pass --follow-symlinks if you trust the model";
    } else if (error == EXDEV) {
      file.problem = "leaves the model's folder";
    } else {
      file.code = "E-EXTFILE";
      file.exitCode = ExitCode::File;
      file.problem = "cannot be opened in folder '" + escaped(root) + "': " + errnoText(error);
    }
  };
  Descriptor folder(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (folder.value < 0)
    return failOpening(errno);
  Descriptor descriptor(openBeneath(folder.value, location, followSymlinks));
  struct stat status;
  if (descriptor.value < 0 || ::fstat(descriptor.value, &status) != 0)
    return failOpening(errno);
  if (!S_ISREG(status.st_mode)) {
    file.problem = S_ISDIR(status.st_mode) ? "is a directory" : "is not a regular file";
    return;
  }
  if (status.st_nlink != 1) {
    file.problem = "has " + std::to_string(status.st_nlink) + " hard links; expected 1, so copy the file";
    return;
  }
  file.mapped = MappedFile::map(descriptor.value, status.st_size);
  if (!file.mapped)
    failOpening(errno);
}

void ExternalData::resolve(TensorView &tensor, const std::string &what, Report &report) {
  StringRef location, offsetText, lengthText, checksum;
  bool hasOffset = false, hasLength = false;
  for (Fields f(tensor.message, "TensorProto"); f.next();) {
    if (f.tag() != 13)
      continue;
    StringRef key, value;
    for (Fields entry(f.bytes(), "StringStringEntryProto"); entry.next();) {
      if (entry.tag() == 1)
        key = entry.bytes();
      else if (entry.tag() == 2)
        value = entry.bytes();
    }
    if (key == "location") {
      location = value;
    } else if (key == "offset") {
      offsetText = value;
      hasOffset = true;
    } else if (key == "length") {
      lengthText = value;
      hasLength = true;
    } else if (key == "checksum") {
      checksum = value;
    } else if (key != "basepath") { // written by onnx's own helper for its own use
      report.warning("E-EXTPATH", what + ": external data has the key '" + escaped(key) +
                                      "', which is ignored; known are location, offset, length and checksum");
    }
  }

  File &file = open(location);
  std::string where = what + ": external data '" + escaped(location) + "' ";
  if (!file.mapped)
    return report.error(file.code, where + file.problem, file.exitCode);

  int64_t size = file.mapped->bytes().size(), wanted = tensor.byteSize(), offset = 0, length = 0;
  if (hasOffset && !parseSize(offsetText, offset))
    return report.error("E-EXTRANGE", where + "has the offset '" + escaped(offsetText) +
                                          "'; expected an integer of at least 0 that fits 64 bits");
  if (hasLength && !parseSize(lengthText, length))
    return report.error("E-EXTRANGE", where + "has the length '" + escaped(lengthText) +
                                          "'; expected an integer of at least 0 that fits 64 bits");
  if (offset > size)
    return report.error("E-EXTRANGE",
                        where + "has the offset " + Twine(offset) + ", but the file has " + Twine(size) + " bytes");
  if (!hasLength)
    length = size - offset;
  if (length > size - offset)
    return report.error("E-EXTRANGE", where + "should have " + Twine(length) + " bytes from byte " + Twine(offset) +
                                          " on, but the file has " + Twine(size) + " bytes");
  if (length != wanted)
    return report.error("E-EXTRANGE", where + "has " + Twine(length) +
                                          " bytes for the tensor; its shape and type need " + Twine(wanted));
  if (!checksum.empty()) {
    if (file.sha1.empty()) {
      StringRef bytes = file.mapped->bytes();
      file.sha1 = llvm::toHex(
          llvm::SHA1::hash(llvm::ArrayRef(reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size())), true);
    }
    if (!checksum.equals_insensitive(file.sha1))
      return report.error("E-CHECKSUM", where + "has the SHA-1 digest " + file.sha1 + ", but the model wants '" +
                                            escaped(checksum) + "'; use the file the model came with");
  }
  tensor.view = file.mapped->bytes().substr(offset, length);
}

} // namespace cameo::onnx
