// Trace.h - kernel launches as a file for Perfetto (ui.perfetto.dev) and chrome://tracing.
#pragma once
#include "cameo/Runtime/cameo.h"
#include <string>
#include <vector>

namespace cameo::run {

/// What each thread did, launch by launch.
class Trace {
public:
  void add(const cameo_trace_event &event);
  /// Forgets what was added.
  void clear() { spans.clear(); }
  /// Trace Event Format, JSON: a complete event ("X") per launch and thread, named like the kernel, with its ONNX
  /// nodes, tiles and number.
  void write(const std::string &path) const;

private:
  struct Span {
    cameo_thread_span what;
    const char *kernel, *nodes;
    uint64_t launch;
  };
  std::vector<Span> spans;
};

} // namespace cameo::run
