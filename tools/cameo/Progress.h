// Progress.h - a line on the terminal that says how far a long compilation is.
#ifndef TOOLS_CAMEO_PROGRESS_H
#define TOOLS_CAMEO_PROGRESS_H

#include <chrono>
#include <cstddef>
#include <string>

namespace cameo::tool {

/// Writes to stderr when that is a terminal, from the second second on; the line is gone when the object is.
class Progress {
public:
  Progress();
  ~Progress() { clear(); }
  void show(const std::string &what, size_t done, size_t total);

private:
  void clear();

  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
  bool isTerminal, shown = false;
};

} // namespace cameo::tool
#endif
