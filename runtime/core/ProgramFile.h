// ProgramFile.h - a .cameo file, checked and mapped.
// Everything that can be said about the file without running its code is checked first, in this order: ELF structure,
// header magic and digest, versions, size, digest of the code, CPU features. Only then does the dynamic loader see it.
#pragma once
#include "cameo/Runtime/Digest.h"
#include "cameo/Runtime/cameo.h"
#include <string>

namespace cameo::rt {

/// Finds a section of a 64-bit little-endian ELF file by name. Returns null, or why the file is not sound ("its section
/// table lies outside the file"); a sound file without the section gives a range of 0 bytes.
const char *findElfSection(const uint8_t *file, uint64_t fileBytes, const char *name, FileRange &section);

class ProgramFile {
public:
  ProgramFile() = default;
  ProgramFile(const ProgramFile &) = delete;
  ProgramFile &operator=(const ProgramFile &) = delete;
  ~ProgramFile();

  /// Opens, checks and loads. Call once; after a failure the object can only be destroyed.
  int32_t load(const char *path, cameo_error *error);
  int32_t verifyWeights(cameo_error *error) const;
  void evictWeights() const;

  const cameo_program_info *info() const { return program; }
  const uint8_t *weights() const { return bytes + header.weights_offset; }
  uint64_t weightsBytes() const { return header.weights_bytes; }

private:
  int32_t map(cameo_error *error);
  int32_t checkHeader(cameo_error *error);
  int32_t checkCode(cameo_error *error);
  int32_t openLibrary(cameo_error *error);

  std::string path;
  int descriptor = -1;
  const uint8_t *bytes = nullptr; ///< the whole file, read-only, shared with other processes
  uint64_t fileBytes = 0;
  FileRange headerRange;
  cameo_file_header header{};
  void *library = nullptr;
  const cameo_program_info *program = nullptr;
};

} // namespace cameo::rt
