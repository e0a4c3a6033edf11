// Error.cpp - see Error.h.
#include "Error.h"
#include <cinttypes>
#include <cstdarg>
#include <cstdio>
#include <cstring>

namespace cameo::rt {

int32_t fail(cameo_error *error, int32_t code, const char *format, ...) {
  if (!error)
    return code;
  error->code = code;
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(error->message, sizeof(error->message), format, arguments);
  va_end(arguments);
  if (length >= int(sizeof(error->message)))
    memcpy(error->message + sizeof(error->message) - 4, "...", 4);
  for (char *c = error->message; *c; ++c)
    if (static_cast<unsigned char>(*c) < 0x20 || *c == 0x7f)
      *c = '?';
  return code;
}

int32_t succeed(cameo_error *error) {
  if (error) {
    error->code = CAMEO_OK;
    error->message[0] = 0;
  }
  return CAMEO_OK;
}

ShapeText::ShapeText(const int64_t *dims, uint64_t rank, const char *const *symbols) {
  strcpy(text, rank ? "" : "scalar");
  size_t used = strlen(text);
  for (uint64_t i = 0; i < rank && used < sizeof(text) - 1; ++i) {
    const char *times = i ? "x" : "";
    if (dims[i] >= 0)
      used += snprintf(text + used, sizeof(text) - used, "%s%" PRId64, times, dims[i]);
    else
      used += snprintf(text + used, sizeof(text) - used, "%s%s", times, symbols && symbols[i] ? symbols[i] : "?");
  }
}

BytesText::BytesText(uint64_t bytes) {
  static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1024) {
    snprintf(text, sizeof(text), "%" PRIu64 " byte%s", bytes, bytes == 1 ? "" : "s");
    return;
  }
  double value = double(bytes) / 1024;
  int unit = 0;
  for (; value >= 1024 && unit < 5; value /= 1024)
    ++unit;
  snprintf(text, sizeof(text), "%.4g %s", value, units[unit]);
}

} // namespace cameo::rt
