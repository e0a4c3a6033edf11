// Report.cpp - see Report.h.
#include "cameo-run/Report.h"
#include "cameo-run/UserError.h"
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace cameo::run {
namespace {

std::string quoted(const std::string &text) {
  std::string result = "\"";
  for (unsigned char c : text) {
    if (c == '"' || c == '\\')
      result += '\\';
    if (c >= 0x20) {
      result += char(c);
      continue;
    }
    char code[8];
    snprintf(code, sizeof(code), "\\u%04x", c);
    result += code;
  }
  return result + "\"";
}

std::string number(double value, const char *format = "%.6g") {
  char text[64];
  snprintf(text, sizeof(text), format, value);
  return text;
}

/// The largest resident size of this process. getrusage would also count the program that started this one.
double peakRssMb() {
  FILE *file = fopen("/proc/self/status", "re");
  if (!file)
    return 0;
  char line[256];
  double kilobytes = 0;
  while (fgets(line, sizeof(line), file))
    if (!strncmp(line, "VmHWM:", 6))
      kilobytes = atof(line + 6);
  fclose(file);
  return kilobytes / 1024;
}

void finishOutput() {
  if (fflush(stdout) != 0 || ferror(stdout))
    throw UserError("E-FILE", Cancelled, "standard output was closed");
}

/// [1,3,null]; null where a size is dynamic.
std::string jsonShape(const int64_t *dims, uint32_t rank) {
  std::string text = "[";
  for (uint32_t i = 0; i < rank; ++i)
    text += (i ? ", " : "") + (dims[i] < 0 ? "null" : std::to_string(dims[i]));
  return text + "]";
}

/// Launch sites, the slowest first.
auto ranked(const Profile &kernels) {
  std::vector<std::pair<Profile::key_type, KernelTime>> list(kernels.begin(), kernels.end());
  std::sort(list.begin(), list.end(), [](const auto &a, const auto &b) {
    return a.second.ns != b.second.ns ? a.second.ns > b.second.ns : a.first < b.first;
  });
  return list;
}

void printJson(const cameo_program *program, const Results &results) {
  std::string text = "{\"program\": " + quoted(cameo_program_model(program)) +
                     ", \"variant\": " + quoted(cameo_program_variant(program)) +
                     ", \"threads\": " + std::to_string(results.threads) + ", \"times_ms\": [";
  for (size_t i = 0; i < results.timesMs.size(); ++i)
    text += (i ? ", " : "") + number(results.timesMs[i]);
  text += "], \"load_ms\": " + number(results.loadMs) + ", \"compile_ms\": " + number(results.compileMs) +
          ", \"peak_rss_mb\": " + number(peakRssMb()) +
          ", \"working_mb\": " + number(double(results.workingBytes) / (1 << 20)) + ", \"outputs\": [";
  for (size_t i = 0; i < results.outputs.size(); ++i) {
    const NpzEntry &output = results.outputs[i];
    text += (i ? ", " : "") + ("{\"name\": " + quoted(output.name)) +
            ", \"dtype\": " + quoted(cameo_dtype_name(output.tensor.dtype)) +
            ", \"shape\": " + jsonShape(output.tensor.dims, output.tensor.rank) + "}";
  }
  text += "]";
  if (!results.comparisons.empty()) {
    text += ", \"expect\": [";
    for (size_t i = 0; i < results.comparisons.size(); ++i) {
      const Comparison &comparison = results.comparisons[i];
      text += (i ? ", " : "") + ("{\"name\": " + quoted(comparison.name)) +
              ", \"agrees\": " + (comparison.agrees ? "true" : "false") + ", \"detail\": " + quoted(comparison.text) +
              "}";
    }
    text += "]";
  }
  if (!results.kernels.empty()) {
    text += ", \"kernels\": [";
    bool isFirst = true;
    for (const auto &[site, time] : ranked(results.kernels)) {
      text += (isFirst ? "" : ", ") + ("{\"name\": " + quoted(site.first)) + ", \"nodes\": " + quoted(site.second) +
              ", \"launches\": " + std::to_string(time.launches) + ", \"ms\": " + number(double(time.ns) / 1e6) + "}";
      isFirst = false;
    }
    text += "]";
  }
  printf("%s}\n", text.c_str());
}

void printProfile(const Results &results) {
  int64_t total = 0;
  for (const auto &[site, time] : results.kernels)
    total += time.ns;
  double runs = double(results.timesMs.size());
  printf("\n%10s %6s %8s  kernel and nodes\n", "ms/run", "share", "launches");
  for (const auto &[site, time] : ranked(results.kernels))
    printf("%10.4f %5.1f%% %8.4g  %s: %s\n", double(time.ns) / 1e6 / runs,
           100.0 * double(time.ns) / double(std::max<int64_t>(total, 1)), double(time.launches) / runs,
           escaped(site.first).c_str(), escaped(site.second).c_str());
}

void printText(const cameo_program *program, const Results &results) {
  if (results.compileMs > 0)
    printf("compiled in %.0f ms\n", results.compileMs);
  printf("%s (%s), %u thread%s, loaded in %.2f ms\n", escaped(cameo_program_model(program)).c_str(),
         escaped(cameo_program_variant(program)).c_str(), results.threads, results.threads == 1 ? "" : "s",
         results.loadMs);
  std::vector<double> sorted = results.timesMs;
  std::sort(sorted.begin(), sorted.end());
  if (sorted.size() == 1)
    printf("run in %.3f ms\n", sorted[0]);
  else
    printf("%zu runs: fastest %.3f ms, median %.3f ms, slowest %.3f ms\n", sorted.size(), sorted.front(),
           sorted[sorted.size() / 2], sorted.back());
  for (const NpzEntry &output : results.outputs) {
    uint64_t size = 1, shown;
    for (uint32_t i = 0; i < output.tensor.rank; ++i)
      size *= uint64_t(output.tensor.dims[i]);
    printf("output '%s' %s %s:", escaped(output.name).c_str(), cameo_dtype_name(output.tensor.dtype),
           shapeText(output.tensor.dims, output.tensor.rank).c_str());
    for (shown = 0; shown < std::min<uint64_t>(size, 8); ++shown)
      if (output.tensor.dtype == CAMEO_STRING)
        printf(" %s", quoted(std::string(textAt(output.tensor.data, shown))).c_str());
      else
        printf(" %.6g", loadElement(output.tensor.data, output.tensor.dtype, shown));
    printf(shown < size ? " ...\n" : "\n");
  }
  for (const Comparison &comparison : results.comparisons)
    printf("expected '%s': %s\n", escaped(comparison.name).c_str(), comparison.text.c_str());
  if (!results.kernels.empty())
    printProfile(results);
}

} // namespace

void printResults(const cameo_program *program, const Options &options, const Results &results) {
  if (options.json)
    printJson(program, results);
  else
    printText(program, results);
  finishOutput();
}

void printSignature(const cameo_program *program, bool asJson) {
  std::string json = "{\"program\": " + quoted(cameo_program_model(program));
  for (bool isInput : {true, false}) {
    uint64_t count = isInput ? cameo_program_num_inputs(program) : cameo_program_num_outputs(program);
    json += isInput ? ", \"inputs\": [" : ", \"outputs\": [";
    for (uint64_t i = 0; i < count; ++i) {
      const cameo_value_info &info = isInput ? *cameo_program_input(program, i) : *cameo_program_output(program, i);
      if (!asJson)
        printf("%s '%s' %s %s\n", isInput ? "input" : "output", escaped(info.name).c_str(),
               cameo_dtype_name(info.dtype), shapeText(info.dims, info.rank, info.symbols).c_str());
      json += (i ? ", " : "") + ("{\"name\": " + quoted(info.name)) +
              ", \"dtype\": " + quoted(cameo_dtype_name(info.dtype)) +
              ", \"shape\": " + jsonShape(info.dims, info.rank) + ", \"symbols\": [";
      for (uint32_t axis = 0; axis < info.rank; ++axis)
        json += (axis ? ", " : "") +
                (info.symbols && info.symbols[axis] ? quoted(info.symbols[axis]) : std::string("null"));
      json += "]}";
    }
    json += "]";
  }
  if (asJson)
    printf("%s, \"metadata\": %s}\n", json.c_str(), cameo_program_metadata(program));
  finishOutput();
}

} // namespace cameo::run
