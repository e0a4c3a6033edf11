// Tiff.cpp - TIFF, by libtiff: the first picture of a file.
#include "Format.h"
#include <algorithm>
#include <cstring>
#include <tiffio.h>

using namespace cameo::images;

namespace {

/// An open file in memory.
class Picture {
public:
  explicit Picture(Bytes file) : file(file) {
    TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
    if (!options)
      throw std::bad_alloc();
    TIFFOpenOptionsSetErrorHandlerExtR(options, keepError, this);
    TIFFOpenOptionsSetWarningHandlerExtR(options, keepNothing, nullptr);
    tiff = TIFFClientOpenExt("picture", "rm", this, read, write, seek, close, length, map, unmap, options);
    TIFFOpenOptionsFree(options);
    if (!tiff)
      refuse();
  }
  ~Picture() { TIFFClose(tiff); }

  Size size() {
    uint32_t width = 0, height = 0;
    if (!TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &width) || !TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &height))
      throw Refusal("it has no size");
    return checkedSize(height, width);
  }

  void decode(Size size, uint8_t *pixels) {
    takeAsStored();
    std::vector<uint32_t> raster(size_t(size.height * size.width));
    if (!TIFFReadRGBAImageOriented(tiff, uint32_t(size.width), uint32_t(size.height), raster.data(),
                                   ORIENTATION_TOPLEFT, /*stopOnError=*/1))
      refuse();
    for (uint32_t pixel : raster) {
      *pixels++ = uint8_t(TIFFGetR(pixel));
      *pixels++ = uint8_t(TIFFGetG(pixel));
      *pixels++ = uint8_t(TIFFGetB(pixel));
    }
  }

private:
  /// Keeps libtiff from multiplying colors by opacity, and from turning the picture.
  void takeAsStored() {
    uint16_t count = 0, *kinds = nullptr;
    if (TIFFGetField(tiff, TIFFTAG_EXTRASAMPLES, &count, &kinds) && count > 0) {
      std::vector<uint16_t> associated(count, EXTRASAMPLE_ASSOCALPHA);
      TIFFSetField(tiff, TIFFTAG_EXTRASAMPLES, count, associated.data());
    }
    TIFFSetField(tiff, TIFFTAG_ORIENTATION, ORIENTATION_TOPLEFT);
  }

  [[noreturn]] void refuse() const { throw Refusal(*message ? message : "it cannot be decoded"); }

  static int keepError(TIFF *, void *user, const char *, const char *format, va_list arguments) {
    Picture &self = *static_cast<Picture *>(user);
    if (!*self.message)
      vsnprintf(self.message, sizeof(self.message), format, arguments);
    return 1;
  }
  static int keepNothing(TIFF *, void *, const char *, const char *, va_list) { return 1; }

  static tmsize_t read(thandle_t user, void *to, tmsize_t bytes) {
    Picture &self = *static_cast<Picture *>(user);
    uint64_t left = self.at < self.file.size ? self.file.size - self.at : 0;
    uint64_t count = std::min(left, uint64_t(std::max<tmsize_t>(bytes, 0)));
    memcpy(to, self.file.data + self.at, count);
    self.at += count;
    return tmsize_t(count);
  }
  static tmsize_t write(thandle_t, void *, tmsize_t) { return -1; }
  static toff_t seek(thandle_t user, toff_t offset, int whence) {
    Picture &self = *static_cast<Picture *>(user);
    uint64_t base = whence == SEEK_CUR ? self.at : whence == SEEK_END ? self.file.size : 0;
    return self.at = std::min(base + offset, self.file.size);
  }
  static int close(thandle_t) { return 0; }
  static toff_t length(thandle_t user) { return static_cast<Picture *>(user)->file.size; }
  static int map(thandle_t, void **, toff_t *) { return 0; }
  static void unmap(thandle_t, void *, toff_t) {}

  Bytes file;
  uint64_t at = 0;
  TIFF *tiff = nullptr;
  char message[200] = "";
};

} // namespace

const Format cameo::images::kTiff = {
    "TIFF", [](Bytes file) { return beginsWith(file, "II*\0") || beginsWith(file, "MM\0*"); },
    [](Bytes file) { return Picture(file).size(); },
    [](Bytes file, Size size, uint8_t *pixels) { Picture(file).decode(size, pixels); }};
