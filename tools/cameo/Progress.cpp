// Progress.cpp - rewrites one line by a carriage return and "clear to the end of the line".
#include "Progress.h"
#include <cstdio>
#include <unistd.h>

using namespace cameo::tool;

Progress::Progress() : isTerminal(isatty(STDERR_FILENO)) {}

void Progress::show(const std::string &what, size_t done, size_t total) {
  if (!isTerminal || std::chrono::steady_clock::now() - start < std::chrono::seconds(2))
    return;
  if (total)
    fprintf(stderr, "\r\033[K%s: %zu of %zu", what.c_str(), done, total);
  else
    fprintf(stderr, "\r\033[K%s", what.c_str());
  fflush(stderr);
  shown = true;
}

void Progress::clear() {
  if (shown)
    fputs("\r\033[K", stderr);
  shown = false;
}
