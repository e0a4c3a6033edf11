// Jpeg2000.cpp - JPEG 2000, by OpenJPEG: files (JP2) and bare code streams, grey or RGB.
#include "Format.h"
#include <algorithm>
#include <cstring>
#include <openjpeg.h>

using namespace cameo::images;

namespace {

/// A file in memory and what decodes it.
class Picture {
public:
  explicit Picture(Bytes file) : file(file) {
    codec.reset(opj_create_decompress(isCodeStream(file) ? OPJ_CODEC_J2K : OPJ_CODEC_JP2));
    stream.reset(opj_stream_default_create(OPJ_TRUE));
    if (!codec || !stream)
      throw std::bad_alloc();
    opj_set_error_handler(codec.get(), keepError, this);
    opj_stream_set_user_data(stream.get(), this, nullptr);
    opj_stream_set_user_data_length(stream.get(), file.size);
    opj_stream_set_read_function(stream.get(), read);
    opj_stream_set_skip_function(stream.get(), skip);
    opj_stream_set_seek_function(stream.get(), seek);
    opj_dparameters_t parameters;
    opj_set_default_decoder_parameters(&parameters);
    opj_image_t *header = nullptr;
    bool isRead = opj_setup_decoder(codec.get(), &parameters) && opj_read_header(stream.get(), codec.get(), &header);
    image.reset(header);
    if (!isRead || !image)
      refuse();
    if (image->numcomps > 4)
      throw Refusal("it has " + std::to_string(image->numcomps) + " colors, expected 1 to 4");
  }

  static bool isCodeStream(Bytes file) { return beginsWith(file, "\xff\x4f\xff\x51"); }

  Size size() const { return checkedSize(int64_t(image->y1) - image->y0, int64_t(image->x1) - image->x0); }

  void decode(Size size, uint8_t *pixels) {
    if (!opj_decode(codec.get(), stream.get(), image.get()) || !opj_end_decompress(codec.get(), stream.get()))
      refuse();
    if (image->color_space == OPJ_CLRSPC_SYCC || image->color_space == OPJ_CLRSPC_EYCC ||
        image->color_space == OPJ_CLRSPC_CMYK)
      throw Refusal("its colors are neither grey nor RGB");
    unsigned colors = image->numcomps >= 3 ? 3 : 1; // what is behind them is opacity
    for (unsigned c = 0; c < 3; ++c) {
      const opj_image_comp_t &component = image->comps[colors == 3 ? c : 0];
      if (int64_t(component.w) != size.width || int64_t(component.h) != size.height || !component.data)
        throw Refusal("its colors have different sizes");
      if (component.prec < 1 || component.prec > 31)
        throw Refusal("it has " + std::to_string(component.prec) + " bits per color, expected 1 to 31");
      int64_t most = (int64_t(1) << component.prec) - 1, offset = component.sgnd ? (most + 1) / 2 : 0;
      for (int64_t i = 0; i < size.height * size.width; ++i) {
        int64_t value = std::clamp<int64_t>(component.data[i] + offset, 0, most);
        pixels[i * 3 + c] = uint8_t((value * 255 + most / 2) / most);
      }
    }
  }

private:
  [[noreturn]] void refuse() const { throw Refusal(*message ? message : "it cannot be decoded"); }

  static void keepError(const char *text, void *user) {
    Picture &self = *static_cast<Picture *>(user);
    if (!*self.message)
      snprintf(self.message, sizeof(self.message), "%.*s", int(std::strcspn(text, "\n")), text);
  }
  static OPJ_SIZE_T read(void *to, OPJ_SIZE_T bytes, void *user) {
    Picture &self = *static_cast<Picture *>(user);
    uint64_t count = std::min<uint64_t>(self.file.size - self.at, bytes);
    if (!count)
      return OPJ_SIZE_T(-1);
    memcpy(to, self.file.data + self.at, count);
    self.at += count;
    return count;
  }
  static OPJ_OFF_T skip(OPJ_OFF_T bytes, void *user) {
    Picture &self = *static_cast<Picture *>(user);
    if (bytes < 0 || uint64_t(bytes) > self.file.size - self.at)
      return -1;
    self.at += uint64_t(bytes);
    return bytes;
  }
  static OPJ_BOOL seek(OPJ_OFF_T to, void *user) {
    Picture &self = *static_cast<Picture *>(user);
    if (to < 0 || uint64_t(to) > self.file.size)
      return OPJ_FALSE;
    self.at = uint64_t(to);
    return OPJ_TRUE;
  }

  template <auto Free> struct Freed {
    template <typename T> void operator()(T *value) const { Free(value); }
  };
  Bytes file;
  uint64_t at = 0;
  char message[200] = "";
  std::unique_ptr<opj_codec_t, Freed<opj_destroy_codec>> codec{nullptr};
  std::unique_ptr<opj_stream_t, Freed<opj_stream_destroy>> stream{nullptr};
  std::unique_ptr<opj_image_t, Freed<opj_image_destroy>> image{nullptr};
};

} // namespace

const Format cameo::images::kJpeg2000 = {
    "JPEG 2000", [](Bytes file) { return Picture::isCodeStream(file) || beginsWith(file, "jP  \r\n\x87\n", 4); },
    [](Bytes file) { return Picture(file).size(); },
    [](Bytes file, Size size, uint8_t *pixels) { Picture(file).decode(size, pixels); }};
