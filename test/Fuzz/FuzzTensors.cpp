// FuzzTensors.cpp - the files that cameo-run reads tensors from. The first byte says which format the rest is.
#include "MemoryFile.h"
#include "cameo-run/Files.h"
#include "cameo-run/UserError.h"

using namespace cameo;
using namespace cameo::run;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0)
    return 0;
  uint8_t format = *data++;
  fuzz::MemoryFile file(data, --size);
  int64_t free[] = {1, 3, -1, -1}, fixed[] = {8, 8, 1};
  cameo_value_info picture{};
  picture.name = "picture";
  picture.dtype = format & 8 ? CAMEO_F32 : CAMEO_U8;
  picture.rank = format & 16 ? 4 : 3;
  picture.dims = format & 16 ? free : fixed;
  try {
    switch (format % 4) {
    case 0:
      fromNpyType(readNpy(data, size, "fuzz"), format / 8, "fuzz");
      break;
    case 1:
      readNpz(file.path());
      break;
    case 2:
      readPb(file.path());
      break;
    case 3:
      readPng(file.path(), {}, picture);
      break;
    }
  } catch (const UserError &) {
  }
  return 0;
}
