// Jpeg.cpp - JPEG, by libjpeg-turbo.
#include "Format.h"
#include <turbojpeg.h>

using namespace cameo::images;

namespace {

struct Decompressor {
  tjhandle handle = tjInitDecompress();
  ~Decompressor() { tjDestroy(handle); }

  void check(int code) const {
    if (code && (!handle || tjGetErrorCode(handle) != TJERR_WARNING))
      throw Refusal(tjGetErrorStr2(handle));
  }

  Size header(Bytes file) const {
    int width = 0, height = 0, subsampling = 0, colors = 0;
    check(tjDecompressHeader3(handle, file.data, file.size, &width, &height, &subsampling, &colors));
    if (colors == TJCS_CMYK || colors == TJCS_YCCK)
      throw Refusal("its colors are CMYK, expected grey or YCbCr");
    return checkedSize(height, width);
  }
};

void decode(Bytes file, Size size, uint8_t *pixels) {
  Decompressor decompressor;
  decompressor.header(file);
  decompressor.check(tjDecompress2(decompressor.handle, file.data, file.size, pixels, int(size.width), 0,
                                   int(size.height), TJPF_RGB, TJFLAG_ACCURATEDCT));
}

} // namespace

const Format cameo::images::kJpeg = {"JPEG", [](Bytes file) { return beginsWith(file, "\xff\xd8\xff"); },
                                     [](Bytes file) { return Decompressor().header(file); }, decode};
