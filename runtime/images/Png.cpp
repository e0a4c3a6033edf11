// Png.cpp - PNG, by libpng. Values are those of the file: a gamma or a color profile that it notes is not applied.
#include "Format.h"
#include <csetjmp>
#include <cstring>
#include <png.h>

using namespace cameo::images;

namespace {

/// Reads one file. Members are what a jump must not lose.
class Reader {
public:
  explicit Reader(Bytes file) : file(file) {
    png = png_create_read_struct(PNG_LIBPNG_VER_STRING, this, leave, ignore);
    info = png ? png_create_info_struct(png) : nullptr;
    if (!info) {
      png_destroy_read_struct(&png, nullptr, nullptr);
      throw std::bad_alloc();
    }
  }
  ~Reader() { png_destroy_read_struct(&png, &info, nullptr); }

  Size size() {
    if (setjmp(png_jmpbuf(png)))
      throw Refusal(message);
    png_set_read_fn(png, this, read);
    png_read_info(png, info);
    return checkedSize(png_get_image_height(png, info), png_get_image_width(png, info));
  }

  void decode(Size size, uint8_t *pixels) {
    rows.resize(size_t(size.height));
    for (int64_t y = 0; y < size.height; ++y)
      rows[size_t(y)] = pixels + y * size.width * 3;
    if (setjmp(png_jmpbuf(png)))
      throw Refusal(message);
    png_set_expand(png);
    png_set_gray_to_rgb(png);
    png_set_scale_16(png);
    png_set_strip_alpha(png);
    png_set_interlace_handling(png);
    png_read_update_info(png, info);
    if (png_get_rowbytes(png, info) != uint64_t(size.width) * 3)
      png_error(png, "its rows are not of three bytes a pixel");
    png_read_image(png, rows.data());
    png_read_end(png, nullptr);
  }

private:
  [[noreturn]] static void leave(png_structp png, png_const_charp text) {
    Reader &self = *static_cast<Reader *>(png_get_error_ptr(png));
    snprintf(self.message, sizeof(self.message), "%s", text);
    png_longjmp(png, 1);
  }
  static void ignore(png_structp, png_const_charp) {}
  static void read(png_structp png, png_bytep to, size_t bytes) {
    Reader &self = *static_cast<Reader *>(png_get_io_ptr(png));
    if (bytes > self.file.size - self.at)
      png_error(png, "the file ends within its pixels");
    memcpy(to, self.file.data + self.at, bytes);
    self.at += bytes;
  }

  Bytes file;
  uint64_t at = 0;
  char message[200] = "";
  std::vector<png_bytep> rows;
  png_structp png = nullptr;
  png_infop info = nullptr;
};

} // namespace

const Format cameo::images::kPng = {"PNG", [](Bytes file) { return beginsWith(file, "\x89PNG\r\n\x1a\n"); },
                                    [](Bytes file) { return Reader(file).size(); },
                                    [](Bytes file, Size size, uint8_t *pixels) {
                                      Reader reader(file);
                                      (void)reader.size();
                                      reader.decode(size, pixels);
                                    }};
