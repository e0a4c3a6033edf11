// CompileReport.cpp - the report as JSON, and as a story.
#include "cameo/Pipeline/CompileReport.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace cameo;
namespace json = llvm::json;

std::map<std::string, int64_t> PassReport::counts() const {
  std::map<std::string, int64_t> result;
  for (const Decision &decision : decisions)
    result[decision.counted] += decision.changed;
  return result;
}

template <typename Number> static json::Value toJson(const std::optional<Number> &number) {
  return number ? json::Value(*number) : json::Value(nullptr);
}

static json::Object toJson(const Decision &decision) {
  json::Object object{{"changed", decision.changed},
                      {"counted", decision.counted},
                      {"nodes", json::Array(decision.nodes)},
                      {"text", decision.text}};
  for (auto &[key, value] : decision.metrics) {
    int64_t number;
    object[key] = llvm::StringRef(value).getAsInteger(10, number) ? json::Value(value) : json::Value(number);
  }
  return object;
}

json::Object CompileReport::toJson() const {
  json::Array phaseList, kernelList;
  for (const PhaseReport &phase : phases) {
    json::Array passList;
    for (const PassReport &pass : phase.passes) {
      json::Array decisions;
      for (const Decision &decision : pass.decisions)
        decisions.push_back(::toJson(decision));
      json::Object counts;
      for (auto &[counted, number] : pass.counts())
        counts[counted] = number;
      passList.push_back(json::Object{{"name", pass.name},
                                      {"seconds", pass.seconds},
                                      {"counts", std::move(counts)},
                                      {"decisions", std::move(decisions)}});
    }
    phaseList.push_back(
        json::Object{{"name", phase.name}, {"seconds", phase.seconds}, {"passes", std::move(passList)}});
  }
  for (const KernelReport &kernel : kernels)
    kernelList.push_back(json::Object{{"name", kernel.name},
                                      {"nodes", json::Array(kernel.nodes)},
                                      {"function", kernel.function},
                                      {"bytes_read", ::toJson(kernel.bytesRead)},
                                      {"bytes_written", ::toJson(kernel.bytesWritten)},
                                      {"bytes_saved", ::toJson(kernel.bytesSaved)},
                                      {"flops", ::toJson(kernel.flops)},
                                      {"expected_flops", ::toJson(kernel.expectedFlops)}});
  return json::Object{{"seconds", seconds},
                      {"launches", std::move(kernelList)},
                      {"kernels", distinctKernels},
                      {"weights_bytes", weightsBytes},
                      {"arena_bytes", arenaBytes},
                      {"code_bytes", codeBytes},
                      {"phases", std::move(phaseList)}};
}

// ---- the story

/// "1.5 M" for 1500000; "?" when only the run knows.
static std::string readable(std::optional<int64_t> number) {
  if (!number)
    return "? ";
  for (auto [unit, name] : {std::pair(1e9, "G"), std::pair(1e6, "M"), std::pair(1e3, "k")})
    if (double(*number) >= unit)
      return llvm::formatv("{0:F1} {1}", double(*number) / unit, name);
  return std::to_string(*number) + " ";
}

static std::string nodeList(const std::vector<std::string> &nodes) {
  constexpr size_t kMost = 6;
  std::string text = llvm::join(llvm::ArrayRef(nodes).take_front(kMost), ", ");
  if (nodes.size() > kMost)
    text += " and " + std::to_string(nodes.size() - kMost) + " more";
  return text;
}

/// What a pass did, then why it did nothing elsewhere. What is said of several nodes one by one is said once.
static void explainPass(const PassReport &pass, llvm::raw_ostream &os) {
  std::vector<std::string> counted;
  for (auto &[what, number] : pass.counts())
    if (number > 0)
      counted.push_back(std::to_string(number) + " " + what);
  os << "  " << pass.name << ": " << (counted.empty() ? "nothing to do" : llvm::join(counted, ", ")) << "\n";
  for (bool changed : {true, false}) {
    auto line = [&](const std::vector<std::string> &nodes, llvm::StringRef text) {
      os << "    " << (changed ? "" : "not ") << nodeList(nodes) << (nodes.empty() ? "" : ": ") << text << "\n";
    };
    llvm::MapVector<llvm::StringRef, std::vector<std::string>> single;
    for (const Decision &decision : pass.decisions)
      if (decision.changed == changed && decision.nodes.size() == 1)
        single[decision.text].push_back(decision.nodes.front());
      else if (decision.changed == changed)
        line(decision.nodes, decision.text);
    for (auto &[text, nodes] : single)
      line(nodes, text);
  }
}

/// Multiply-adds of one Zen 4 core in FLOP/s, which `cameo bench` measures where it runs.
constexpr double kTypicalRate = 118e9;

void CompileReport::explain(llvm::raw_ostream &os) const {
  for (const PhaseReport &phase : phases) {
    os << llvm::formatv("{0} ({1:F3} s)\n", phase.name, phase.seconds);
    for (const PassReport &pass : phase.passes)
      explainPass(pass, os);
  }
  if (kernels.empty())
    return;
  os << "launches\n";
  for (auto [i, kernel] : llvm::enumerate(kernels)) {
    os << llvm::formatv("  {0,3} {1}: {2}\n      reads {3}B, writes {4}B, {5}FLOP", i, kernel.name,
                        nodeList(kernel.nodes), readable(kernel.bytesRead), readable(kernel.bytesWritten),
                        readable(kernel.flops));
    if (kernel.bytesSaved != 0)
      os << "; sharing the kernel saves " << readable(kernel.bytesSaved) << "B";
    if (kernel.expectedFlops)
      os << llvm::formatv("; about {0:F3} ms", *kernel.expectedFlops / kTypicalRate * 1e3);
    os << "\n";
  }
  double expected = 0;
  for (const KernelReport &kernel : kernels)
    expected += kernel.expectedFlops.value_or(0);
  if (expected > 0)
    os << llvm::formatv(
        "about {0:F2} ms on one thread that multiplies and adds at {1:F0} GFLOP/s, by the models that chose "
        "the tiles; cameo bench --profile measures\n",
        expected / kTypicalRate * 1e3, kTypicalRate / 1e9);
  os << llvm::formatv("{0} launches of {1} kernels; {2}B of weights, arena of {3}B, {4}B of code; {5:F2} s\n",
                      kernels.size(), distinctKernels, readable(weightsBytes),
                      readable(arenaBytes < 0 ? std::nullopt : std::optional(arenaBytes)), readable(codeBytes),
                      seconds);
}
