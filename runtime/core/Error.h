// Error.h - filling a cameo_error without allocating, so that running out of memory can be reported too.
#pragma once
#include "cameo/Runtime/cameo.h"

namespace cameo::rt {

/// Writes code and sentence where `error` is not null, and returns the code. Control characters, which names taken from
/// a file may contain, become '?'.
__attribute__((format(printf, 3, 4))) int32_t fail(cameo_error *error, int32_t code, const char *format, ...);

/// Clears the error and returns CAMEO_OK.
int32_t succeed(cameo_error *error);

/// "1x3x224x?" for a message; "scalar" for rank 0. Negative sizes print as '?' or as the symbol's name.
struct ShapeText {
  char text[320];
  ShapeText(const int64_t *dims, uint64_t rank, const char *const *symbols = nullptr);
};

/// "1.5 GiB", "12 bytes".
struct BytesText {
  char text[32];
  explicit BytesText(uint64_t bytes);
};

} // namespace cameo::rt
