// Digest.h - SHA-256 and what exactly the digests of a program file cover.
// Used by the compiler, which writes the digests, and by the runtime, which checks them; standard library only. Link
// cameo-digest.
#pragma once
#include "cameo/Runtime/KernelABI.h"
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace cameo::rt {

using Digest = std::array<uint8_t, 32>;

/// SHA-256 (FIPS 180-4) over data given in pieces. Uses the CPU's SHA instructions where it has them;
/// then as fast as OpenSSL.
class Sha256 {
public:
  Sha256();
  void update(const void *data, size_t bytes);
  /// The digest; the object must not be used afterwards.
  Digest finish();

private:
  uint32_t state[8];
  uint64_t total = 0;
  uint8_t pending[64];
  size_t numPending = 0;
};

Digest sha256(const void *data, size_t bytes);

/// A range of bytes of the file.
struct FileRange {
  uint64_t offset = 0;
  uint64_t bytes = 0;
  uint64_t end() const { return offset + bytes; }
};

/// cameo_file_header.code_sha256: all bytes of the file in file order, ELF headers and padding included, without the
/// bytes of the section .cameo.header and without the range [weights_offset, weights_offset + weights_bytes). The two
/// ranges must lie inside the file and must not overlap; their order does not matter.
Digest codeDigest(const void *file, uint64_t fileBytes, FileRange header, FileRange weights);

/// cameo_file_header.header_sha256: the bytes of the structure before the field itself.
Digest headerDigest(const cameo_file_header &header);

/// Lower-case hexadecimal digits.
std::string toHex(const uint8_t *digest, size_t bytes = 32);

} // namespace cameo::rt
