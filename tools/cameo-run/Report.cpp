// Report.cpp - see Report.h.
#include "cameo-run/Report.h"
#include "cameo-run/UserError.h"
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>

namespace cameo::run {
namespace {

using nlohmann::ordered_json;

std::string asLine(const ordered_json &json) {
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
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
ordered_json shapeAsJson(const int64_t *dims, uint32_t rank) {
  ordered_json shape = ordered_json::array();
  for (uint32_t i = 0; i < rank; ++i)
    shape.push_back(dims[i] < 0 ? ordered_json() : ordered_json(dims[i]));
  return shape;
}

/// Launches, the slowest first.
std::vector<std::pair<uint64_t, KernelTime>> ranked(const Profile &kernels) {
  std::vector<std::pair<uint64_t, KernelTime>> list(kernels.begin(), kernels.end());
  std::sort(list.begin(), list.end(), [](const auto &a, const auto &b) {
    return a.second.ns != b.second.ns ? a.second.ns > b.second.ns : a.first < b.first;
  });
  return list;
}

/// The value that so large a part of the sorted times does not exceed.
double percentile(const std::vector<double> &sorted, double part) {
  return sorted[std::min(sorted.size() - 1, size_t(part * double(sorted.size())))];
}

/// The least milliseconds for so much at so much per second.
double leastMs(double amount, double perSecond) { return amount / perSecond * 1e3; }

Costs::Launch costOf(const Results &results, uint64_t launch) {
  return launch < results.costs.launches.size() ? results.costs.launches[launch] : Costs::Launch();
}

ordered_json asJson(const Results &results, const Benchmark &benchmark) {
  std::vector<double> sorted = results.timesMs;
  std::sort(sorted.begin(), sorted.end());
  ordered_json json{{"first_ms", benchmark.firstMs},     {"runs", sorted.size()},
                    {"min_ms", sorted.front()},          {"median_ms", percentile(sorted, 0.5)},
                    {"p90_ms", percentile(sorted, 0.9)}, {"p99_ms", percentile(sorted, 0.99)},
                    {"max_ms", sorted.back()},           {"peak_flops", benchmark.roof.flops},
                    {"peak_bytes", benchmark.roof.bytes}};
  if (auto flops = results.costs.flops()) {
    json["flops"] = *flops;
    json["least_ms"] =
        std::max(leastMs(*flops, benchmark.roof.flops), leastMs(results.costs.weightBytes, benchmark.roof.bytes));
  }
  return json;
}

void printJson(const cameo_program *program, const Results &results) {
  ordered_json json{{"program", cameo_program_model(program)},
                    {"variant", cameo_program_variant(program)},
                    {"threads", results.threads},
                    {"times_ms", results.timesMs},
                    {"load_ms", results.loadMs},
                    {"compile_ms", results.compileMs},
                    {"peak_rss_mb", peakRssMb()},
                    {"working_mb", double(results.workingBytes) / (1 << 20)},
                    {"outputs", ordered_json::array()}};
  for (const NpzEntry &output : results.outputs)
    json["outputs"].push_back({{"name", output.name},
                               {"dtype", cameo_dtype_name(output.tensor.dtype)},
                               {"shape", shapeAsJson(output.tensor.dims, output.tensor.rank)}});
  for (const Comparison &comparison : results.comparisons)
    json["expect"].push_back({{"name", comparison.name}, {"agrees", comparison.agrees}, {"detail", comparison.text}});
  if (results.benchmark)
    json["bench"] = asJson(results, *results.benchmark);
  for (const auto &[launch, time] : ranked(results.kernels)) {
    json["kernels"].push_back({{"name", time.kernel},
                               {"nodes", time.nodes},
                               {"launch", launch},
                               {"launches", time.launches},
                               {"ms", double(time.ns) / 1e6}});
    if (auto flops = costOf(results, launch).flops)
      json["kernels"].back()["flops"] = *flops;
    if (auto bytes = costOf(results, launch).bytes)
      json["kernels"].back()["bytes"] = *bytes;
    if (auto expected = costOf(results, launch).expectedFlops)
      json["kernels"].back()["expected_flops"] = *expected;
  }
  printf("%s\n", asLine(json).c_str());
}

void printProfile(const Results &results) {
  int64_t total = 0;
  for (const auto &[launch, time] : results.kernels)
    total += time.ns;
  double runs = double(results.timesMs.size());
  // What is expected of one thread needs the rate of one.
  double rate1 = results.benchmark && results.threads == 1 ? results.benchmark->roof.flops : 0, expected = 0;
  printf("\n%10s %9s %6s %8s %9s %7s  kernel and nodes\n", "ms/run", rate1 ? "expected" : "", "share", "launches",
         "GFLOP/s", "GB/s");
  // A rate, or blanks where the amount is not known.
  auto rate = [](std::optional<double> amount, double ns) {
    char text[32];
    snprintf(text, sizeof(text), "%.1f", amount.value_or(0) / std::max(ns, 1.0));
    return std::string(amount ? text : "");
  };
  for (const auto &[launch, time] : ranked(results.kernels)) {
    double ns = double(time.ns) / double(std::max<int64_t>(time.launches, 1));
    Costs::Launch cost = costOf(results, launch);
    char expectedMs[32] = "";
    if (rate1 && cost.expectedFlops) {
      double ms = leastMs(*cost.expectedFlops, rate1) * double(time.launches) / runs;
      expected += ms;
      snprintf(expectedMs, sizeof(expectedMs), "%.4f", ms);
    }
    printf("%10.4f %9s %5.1f%% %8.4g %9s %7s  %s: %s\n", double(time.ns) / 1e6 / runs, expectedMs,
           100.0 * double(time.ns) / double(std::max<int64_t>(total, 1)), double(time.launches) / runs,
           rate(cost.flops, ns).c_str(), rate(cost.bytes, ns).c_str(), escaped(time.kernel).c_str(),
           escaped(time.nodes).c_str());
  }
  if (expected > 0)
    printf("%10.4f %9.4f  all kernels\n", double(total) / 1e6 / runs, expected);
}

void printBenchmark(const Results &results, const Benchmark &benchmark) {
  std::vector<double> sorted = results.timesMs;
  std::sort(sorted.begin(), sorted.end());
  double sum = 0, median = percentile(sorted, 0.5);
  for (double time : sorted)
    sum += time;
  printf("first run %.3f ms, then %zu runs: fastest %.3f ms, median %.3f, 90 %% %.3f, 99 %% %.3f, slowest %.3f; %.4g "
         "per second\n",
         benchmark.firstMs, sorted.size(), sorted.front(), median, percentile(sorted, 0.9), percentile(sorted, 0.99),
         sorted.back(), double(sorted.size()) / sum * 1e3);
  printf("this machine, now: %.1f GFLOP/s in f32, %.1f GB/s from memory\n", benchmark.roof.flops / 1e9,
         benchmark.roof.bytes / 1e9);
  std::optional<double> flops = results.costs.flops();
  if (!flops) {
    printf("how much arithmetic a run is, is not known before: it has sizes that only the run knows\n");
    return;
  }
  double arithmetic = leastMs(*flops, benchmark.roof.flops),
         reading = leastMs(results.costs.weightBytes, benchmark.roof.bytes);
  printf("%.4g GFLOP take %.3f ms at least, reading %.4g MB of weights %.3f ms: the median run reaches %.0f %%\n",
         *flops / 1e9, arithmetic, results.costs.weightBytes / 1e6, reading,
         100 * std::max(arithmetic, reading) / median);
}

void printText(const cameo_program *program, const Results &results) {
  if (results.compileMs > 0)
    printf("compiled in %.0f ms\n", results.compileMs);
  printf("%s (%s), %u thread%s, loaded in %.2f ms\n", escaped(cameo_program_model(program)).c_str(),
         escaped(cameo_program_variant(program)).c_str(), results.threads, results.threads == 1 ? "" : "s",
         results.loadMs);
  std::vector<double> sorted = results.timesMs;
  std::sort(sorted.begin(), sorted.end());
  if (results.benchmark)
    printBenchmark(results, *results.benchmark);
  else if (sorted.size() == 1)
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
        printf(" %s", asLine(std::string(textAt(output.tensor.data, shown))).c_str());
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

std::optional<double> Costs::flops() const {
  double sum = 0;
  for (const Launch &launch : launches) {
    if (!launch.flops)
      return std::nullopt;
    sum += *launch.flops;
  }
  return launches.empty() ? std::nullopt : std::optional(sum);
}

void printResults(const cameo_program *program, const Options &options, const Results &results) {
  if (options.json)
    printJson(program, results);
  else
    printText(program, results);
  finishOutput();
}

void printSignature(const cameo_program *program, bool asJson) {
  ordered_json json{{"program", cameo_program_model(program)}};
  for (bool isInput : {true, false}) {
    ordered_json &list = json[isInput ? "inputs" : "outputs"] = ordered_json::array();
    uint64_t count = isInput ? cameo_program_num_inputs(program) : cameo_program_num_outputs(program);
    for (uint64_t i = 0; i < count; ++i) {
      const cameo_value_info &info = isInput ? *cameo_program_input(program, i) : *cameo_program_output(program, i);
      if (!asJson)
        printf("%s '%s' %s %s\n", isInput ? "input" : "output", escaped(info.name).c_str(),
               cameo_dtype_name(info.dtype), shapeText(info.dims, info.rank, info.symbols).c_str());
      ordered_json symbols = ordered_json::array();
      for (uint32_t axis = 0; axis < info.rank; ++axis)
        symbols.push_back(info.symbols && info.symbols[axis] ? ordered_json(info.symbols[axis]) : ordered_json());
      list.push_back({{"name", info.name},
                      {"dtype", cameo_dtype_name(info.dtype)},
                      {"shape", shapeAsJson(info.dims, info.rank)},
                      {"symbols", std::move(symbols)}});
    }
  }
  json["metadata"] = ordered_json::parse(cameo_program_metadata(program), nullptr, /*allow_exceptions=*/false);
  if (asJson)
    printf("%s\n", asLine(json).c_str());
  finishOutput();
}

} // namespace cameo::run
