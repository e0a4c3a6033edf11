// ProgramFile.cpp - see ProgramFile.h.
#include "ProgramFile.h"
#include "Cpu.h"
#include "Error.h"
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace cameo::rt {
namespace {

#if defined(__x86_64__)
constexpr uint16_t kMachine = EM_X86_64;
constexpr const char *kMachineName = "x86-64";
#elif defined(__aarch64__)
constexpr uint16_t kMachine = EM_AARCH64;
constexpr const char *kMachineName = "AArch64";
#else
#error "Cameo's runtime knows x86-64 and AArch64"
#endif

/// A range inside a file of `fileBytes`, without overflow.
bool isInside(uint64_t offset, uint64_t bytes, uint64_t fileBytes) {
  return offset <= fileBytes && bytes <= fileBytes - offset;
}

/// Copies a structure out of the file: section headers of a damaged file need not be aligned.
template <typename T> T readAt(const uint8_t *file, uint64_t offset) {
  T value;
  memcpy(&value, file + offset, sizeof(T));
  return value;
}

/// Another spelling of an absolute path for each call after the first: "/a/b.cameo", "/a/./b.cameo", "/a/.//b.cameo", …
/// dlopen hands out a library that is already loaded under the same name even where the file has been replaced since;
/// under a new name it compares the files themselves.
std::string uniqueSpelling(const std::string &absolute) {
  static std::atomic<uint64_t> numLoads{0};
  std::string number;
  for (uint64_t n = numLoads.fetch_add(1, std::memory_order_relaxed); n; n >>= 1)
    number.insert(0, n & 1 ? "./" : "/");
  size_t name = absolute.rfind('/') + 1;
  return absolute.substr(0, name) + number + absolute.substr(name);
}

/// The whole file, read-only; MAP_FAILED where it cannot be mapped. Large ones begin at a huge page's boundary and ask
/// for huge pages, which file systems give that keep the file in them.
void *mapFile(int descriptor, uint64_t bytes) {
  constexpr uint64_t kHugePage = 2 << 20;
  void *place = nullptr; // a hint: where another thread takes it meanwhile, the map lies elsewhere
  if (bytes >= kHugePage) {
    void *free = mmap(nullptr, bytes + kHugePage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (free != MAP_FAILED) {
      munmap(free, bytes + kHugePage);
      place = static_cast<uint8_t *>(free) + -reinterpret_cast<uintptr_t>(free) % kHugePage;
    }
  }
  void *map = mmap(place, bytes, PROT_READ, MAP_SHARED, descriptor, 0);
  if (map != MAP_FAILED && bytes >= kHugePage)
    madvise(map, bytes, MADV_HUGEPAGE);
  return map;
}

} // namespace

const char *findElfSection(const uint8_t *file, uint64_t fileBytes, const char *name, FileRange &section) {
  section = {};
  if (fileBytes < sizeof(Elf64_Ehdr) || memcmp(file, ELFMAG, SELFMAG) != 0)
    return "it is not an ELF file";
  auto elf = readAt<Elf64_Ehdr>(file, 0);
  if (elf.e_ident[EI_CLASS] != ELFCLASS64 || elf.e_ident[EI_DATA] != ELFDATA2LSB)
    return "it is not a 64-bit little-endian ELF file";
  if (elf.e_shentsize != sizeof(Elf64_Shdr) || elf.e_shnum == 0 || elf.e_shstrndx >= elf.e_shnum)
    return "its ELF header describes no section table";
  if (!isInside(elf.e_shoff, uint64_t(elf.e_shnum) * sizeof(Elf64_Shdr), fileBytes))
    return "its section table lies outside the file";
  auto sectionAt = [&](uint64_t i) { return readAt<Elf64_Shdr>(file, elf.e_shoff + i * sizeof(Elf64_Shdr)); };
  Elf64_Shdr names = sectionAt(elf.e_shstrndx);
  if (names.sh_type != SHT_STRTAB || !isInside(names.sh_offset, names.sh_size, fileBytes))
    return "its section names lie outside the file";
  uint64_t nameBytes = strlen(name) + 1;
  for (uint64_t i = 1; i < elf.e_shnum; ++i) {
    Elf64_Shdr candidate = sectionAt(i);
    if (!isInside(candidate.sh_name, nameBytes, names.sh_size) ||
        memcmp(file + names.sh_offset + candidate.sh_name, name, nameBytes) != 0)
      continue;
    if (candidate.sh_type == SHT_NOBITS || !isInside(candidate.sh_offset, candidate.sh_size, fileBytes))
      return "a section lies outside the file";
    section = {candidate.sh_offset, candidate.sh_size};
    return nullptr;
  }
  return nullptr;
}

ProgramFile::~ProgramFile() {
  if (library)
    dlclose(library);
  if (bytes)
    munmap(const_cast<uint8_t *>(bytes), fileBytes);
  if (descriptor >= 0)
    close(descriptor);
}

int32_t ProgramFile::load(const char *file, cameo_error *error) {
  path = file;
  int32_t code = map(error);
  if (!code)
    code = checkHeader(error);
  if (!code)
    code = checkCode(error);
  if (!code)
    code = openLibrary(error);
  return code;
}

int32_t ProgramFile::map(cameo_error *error) {
  // O_NONBLOCK: opening a named pipe must not wait for a writer.
  descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat status;
  if (descriptor < 0 || fstat(descriptor, &status) != 0)
    return fail(error, CAMEO_IO, "%s: cannot be opened: %s", path.c_str(), strerror(errno));
  if (!S_ISREG(status.st_mode))
    return fail(error, CAMEO_IO, "%s: is %s, expected a program file", path.c_str(),
                S_ISDIR(status.st_mode) ? "a directory" : "not a regular file");
  if (status.st_size == 0)
    return fail(error, CAMEO_INVALID_PROGRAM, "%s: the file is empty; write it again with cameo-compile", path.c_str());
  void *map = mapFile(descriptor, status.st_size);
  if (map == MAP_FAILED)
    return fail(error, CAMEO_IO, "%s: cannot be mapped: %s", path.c_str(), strerror(errno));
  bytes = static_cast<const uint8_t *>(map);
  fileBytes = status.st_size;
  return CAMEO_OK;
}

int32_t ProgramFile::checkHeader(cameo_error *error) {
  if (const char *problem = findElfSection(bytes, fileBytes, CAMEO_HEADER_SECTION, headerRange))
    return fail(error, CAMEO_INVALID_PROGRAM, "%s: not a Cameo program: %s; expected a file written by cameo-compile",
                path.c_str(), problem);
  if (headerRange.bytes == 0)
    return fail(error, CAMEO_INVALID_PROGRAM,
                "%s: not a Cameo program: this ELF file has no section " CAMEO_HEADER_SECTION, path.c_str());
  if (headerRange.bytes < sizeof(header))
    return fail(error, CAMEO_INVALID_PROGRAM, "%s: the program header has %llu bytes, expected %zu", path.c_str(),
                (unsigned long long)headerRange.bytes, sizeof(header));
  header = readAt<cameo_file_header>(bytes, headerRange.offset);
  if (memcmp(header.magic, CAMEO_MAGIC, sizeof(header.magic)) != 0)
    return fail(error, CAMEO_INVALID_PROGRAM, "%s: the program header does not begin with Cameo's mark", path.c_str());
  // The version stands before the digest: another version may define another digest.
  if (header.format_major != CAMEO_FORMAT_MAJOR)
    return fail(error, CAMEO_VERSION_MISMATCH,
                "%s: program format %u.%u, this runtime reads %u.x; compile the model again", path.c_str(),
                header.format_major, header.format_minor, CAMEO_FORMAT_MAJOR);
  if (header.header_bytes != headerRange.bytes)
    return fail(error, CAMEO_DAMAGED, "%s: the program header says %u bytes, its section has %llu; the file is damaged",
                path.c_str(), header.header_bytes, (unsigned long long)headerRange.bytes);
  if (memcmp(headerDigest(header).data(), header.header_sha256, 32) != 0)
    return fail(error, CAMEO_DAMAGED, "%s: the program header does not match its digest; the file is damaged",
                path.c_str());
  if (header.abi_version != CAMEO_ABI_VERSION)
    return fail(error, CAMEO_VERSION_MISMATCH, "%s: kernel ABI %u, this runtime has %u; compile the model again",
                path.c_str(), header.abi_version, CAMEO_ABI_VERSION);
  if (header.file_bytes != fileBytes)
    return fail(error, CAMEO_DAMAGED, "%s: the file has %llu bytes, its header says %llu; it is %s", path.c_str(),
                (unsigned long long)fileBytes, (unsigned long long)header.file_bytes,
                fileBytes < header.file_bytes ? "truncated" : "damaged");
  if (!header.weights_bytes)
    header.weights_offset = 0;
  bool overlaps = header.weights_offset < headerRange.end() &&
                  headerRange.offset < header.weights_offset + header.weights_bytes && header.weights_bytes;
  if (!isInside(header.weights_offset, header.weights_bytes, fileBytes) || header.weights_offset % 4096 || overlaps)
    return fail(error, CAMEO_INVALID_PROGRAM, "%s: the weights' place in the file (%llu bytes at %llu) is not possible",
                path.c_str(), (unsigned long long)header.weights_bytes, (unsigned long long)header.weights_offset);
  return CAMEO_OK;
}

int32_t ProgramFile::checkCode(cameo_error *error) {
  Digest digest = codeDigest(bytes, fileBytes, headerRange, {header.weights_offset, header.weights_bytes});
  if (memcmp(digest.data(), header.code_sha256, 32) != 0)
    return fail(error, CAMEO_DAMAGED,
                "%s: the code does not match its digest (found %s..., header says %s...); the file is damaged",
                path.c_str(), toHex(digest.data(), 4).c_str(), toHex(header.code_sha256, 4).c_str());
  auto elf = readAt<Elf64_Ehdr>(bytes, 0);
  if (elf.e_machine != kMachine || elf.e_type != ET_DYN)
    return fail(error, CAMEO_UNSUPPORTED_CPU,
                "%s: compiled for another kind of machine (ELF machine %u), this one is %s", path.c_str(),
                elf.e_machine, kMachineName);
  if (uint64_t missing = header.features & ~cpuFeatures())
    return fail(error, CAMEO_UNSUPPORTED_CPU,
                "%s: needs %s, which this CPU does not have; compile for it, for example with --cpu=x86-64-v2",
                path.c_str(), cpuFeatureNames(missing).c_str());
  return CAMEO_OK;
}

int32_t ProgramFile::openLibrary(cameo_error *error) {
  // A path with a slash keeps dlopen from searching its own folders; the real name is what gdb and perf show.
  char *absolute = realpath(path.c_str(), nullptr);
  if (!absolute)
    return fail(error, CAMEO_IO, "%s: cannot be opened: %s", path.c_str(), strerror(errno));
  struct stat checked, now;
  library = dlopen(uniqueSpelling(absolute).c_str(), RTLD_NOW | RTLD_LOCAL);
  const char *problem = library ? nullptr : dlerror();
  bool same = fstat(descriptor, &checked) == 0 && stat(absolute, &now) == 0 && checked.st_dev == now.st_dev &&
              checked.st_ino == now.st_ino;
  free(absolute);
  if (!same)
    return fail(error, CAMEO_IO, "%s: was replaced by another file while it was being loaded; load it again",
                path.c_str());
  if (problem)
    return fail(error, CAMEO_INVALID_PROGRAM, "%s: the system's loader refuses it: %s", path.c_str(), problem);
  program = static_cast<const cameo_program_info *>(dlsym(library, CAMEO_PROGRAM_SYMBOL));
  if (!program)
    return fail(error, CAMEO_INVALID_PROGRAM, "%s: has no symbol " CAMEO_PROGRAM_SYMBOL, path.c_str());
  if (!program->weights && program->weights_bytes != header.weights_bytes)
    return fail(error, CAMEO_INVALID_PROGRAM, "%s: its code wants %llu bytes of weights, the file has %llu",
                path.c_str(), (unsigned long long)program->weights_bytes, (unsigned long long)header.weights_bytes);
  close(descriptor);
  descriptor = -1;
  return CAMEO_OK;
}

void ProgramFile::evictWeights() const {
  madvise(const_cast<uint8_t *>(weights()), header.weights_bytes, MADV_DONTNEED);
}

int32_t ProgramFile::verifyWeights(cameo_error *error) const {
  Digest digest = sha256(weights(), header.weights_bytes);
  if (memcmp(digest.data(), header.weights_sha256, 32) != 0)
    return fail(error, CAMEO_DAMAGED,
                "%s: the weights do not match their digest (found %s..., header says %s...); the file is damaged",
                path.c_str(), toHex(digest.data(), 4).c_str(), toHex(header.weights_sha256, 4).c_str());
  return succeed(error);
}

} // namespace cameo::rt
