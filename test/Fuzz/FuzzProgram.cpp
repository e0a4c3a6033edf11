// FuzzProgram.cpp - a program file, loaded. The header's digest is made right, so that what stands in the header is
// tried and not only that the digest finds damage. Code whose digest is wrong is never run; the loader's promise is
// that nothing else is either.
#include "MemoryFile.h"
#include "ProgramFile.h"
#include "cameo/Runtime/Digest.h"
#include "cameo/Runtime/cameo.h"
#include <cstring>
#include <vector>

using namespace cameo;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::vector<uint8_t> bytes(data, data + size);
  rt::FileRange range;
  cameo_file_header header;
  if (!rt::findElfSection(bytes.data(), size, CAMEO_HEADER_SECTION, range) && range.bytes >= sizeof(header)) {
    memcpy(&header, bytes.data() + range.offset, sizeof(header));
    memcpy(header.header_sha256, rt::headerDigest(header).data(), sizeof(header.header_sha256));
    memcpy(bytes.data() + range.offset, &header, sizeof(header));
  }
  fuzz::MemoryFile file(bytes.data(), size);
  cameo_program *program = nullptr;
  cameo_error error;
  cameo_program_options options{};
  options.struct_size = sizeof(options);
  options.verify_weights = 1;
  if ((cameo_program_load(file.path().c_str(), &options, &program, &error) == CAMEO_OK) != (program != nullptr))
    abort();
  cameo_program_release(program);
  return 0;
}
