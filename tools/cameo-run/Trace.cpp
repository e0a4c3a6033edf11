// Trace.cpp - see Trace.h.
#include "cameo-run/Trace.h"
#include "cameo-run/Files.h"
#include <nlohmann/json.hpp>

namespace cameo::run {

void Trace::add(const cameo_trace_event &event) {
  for (uint64_t i = 0; i < event.num_spans; ++i)
    spans.push_back({event.spans[i], event.kernel, event.nodes ? event.nodes : "", event.launch});
}

void Trace::write(const std::string &path) const {
  using nlohmann::ordered_json;
  ordered_json events = ordered_json::array();
  int64_t start = spans.empty() ? 0 : spans.front().what.start_ns;
  uint32_t threads = 0;
  for (const Span &span : spans) {
    threads = std::max(threads, span.what.thread + 1);
    start = std::min(start, span.what.start_ns);
  }
  for (uint32_t thread = 0; thread < threads; ++thread)
    events.push_back({{"ph", "M"},
                      {"pid", 1},
                      {"tid", thread},
                      {"name", "thread_name"},
                      {"args", {{"name", thread ? "worker " + std::to_string(thread) : std::string("caller")}}}});
  for (const Span &span : spans)
    events.push_back({{"ph", "X"},
                      {"pid", 1},
                      {"tid", span.what.thread},
                      {"name", span.kernel},
                      {"ts", double(span.what.start_ns - start) / 1e3},
                      {"dur", double(span.what.duration_ns) / 1e3},
                      {"args", {{"nodes", span.nodes}, {"launch", span.launch}, {"tiles", span.what.tiles}}}});
  std::string text = ordered_json{{"displayTimeUnit", "ms"}, {"traceEvents", std::move(events)}}.dump(
      -1, ' ', false, ordered_json::error_handler_t::replace);
  text += '\n';
  writeFile(path, {{text.data(), text.size()}});
}

} // namespace cameo::run
