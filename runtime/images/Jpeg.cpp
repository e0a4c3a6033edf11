// Jpeg.cpp - JPEG, by libjpeg-turbo's interface of libjpeg.
#include "Format.h"
#include <csetjmp>
#include <jpeglib.h>
// After the header that it needs.
#include <jerror.h>

using namespace cameo::images;

namespace {

/// Where libjpeg goes when it cannot go on.
struct Errors : jpeg_error_mgr {
  std::jmp_buf out;
  char message[JMSG_LENGTH_MAX];
};

[[noreturn]] void leave(j_common_ptr info) {
  auto &errors = static_cast<Errors &>(*info->err);
  errors.format_message(info, errors.message);
  std::longjmp(errors.out, 1);
}

/// Pixels that are missing are errors; other oddities, as bytes between segments, are not.
void judge(j_common_ptr info, int level) {
  int code = info->err->msg_code;
  if (level < 0 && (code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER))
    leave(info);
}

/// Small files can ask for much work by many scans.
void limitScans(j_common_ptr info) {
  constexpr int kMostScans = 500;
  if (reinterpret_cast<j_decompress_ptr>(info)->input_scan_number > kMostScans)
    ERREXIT(info, JERR_BAD_PROGRESSION);
}

/// Reads one file. Members are what a jump must not lose.
class Decompressor {
public:
  explicit Decompressor(Bytes file) : file(file) {
    info.err = jpeg_std_error(&errors);
    errors.error_exit = leave;
    errors.emit_message = judge;
    progress.progress_monitor = limitScans;
  }
  ~Decompressor() { jpeg_destroy_decompress(&info); }

  Size size() {
    if (setjmp(errors.out))
      throw Refusal(errors.message);
    jpeg_create_decompress(&info);
    info.progress = &progress;
    jpeg_mem_src(&info, file.data, file.size);
    jpeg_read_header(&info, TRUE);
    if (info.jpeg_color_space == JCS_CMYK || info.jpeg_color_space == JCS_YCCK)
      throw Refusal("its colors are CMYK, expected grey, RGB or YCbCr");
    return checkedSize(info.image_height, info.image_width);
  }

  void decode(uint8_t *pixels) {
    if (setjmp(errors.out))
      throw Refusal(errors.message);
    info.out_color_space = JCS_RGB;
    jpeg_start_decompress(&info);
    while (info.output_scanline < info.output_height) {
      JSAMPROW row = pixels + uint64_t(info.output_scanline) * info.output_width * 3;
      jpeg_read_scanlines(&info, &row, 1);
    }
    jpeg_finish_decompress(&info);
  }

private:
  Bytes file;
  Errors errors{};
  jpeg_progress_mgr progress{};
  jpeg_decompress_struct info{};
};

} // namespace

const Format cameo::images::kJpeg = {"JPEG", [](Bytes file) { return beginsWith(file, "\xff\xd8\xff"); },
                                     [](Bytes file) { return Decompressor(file).size(); },
                                     [](Bytes file, Size, uint8_t *pixels) {
                                       Decompressor decompressor(file);
                                       (void)decompressor.size();
                                       decompressor.decode(pixels);
                                     }};
