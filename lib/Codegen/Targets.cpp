// Targets.cpp - the table of targets.
#include "cameo/Codegen/Targets.h"
#include "cameo/Codegen/CPU/CpuLevel.h"
#include "cameo/Codegen/CUDA/CudaChip.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/bit.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"

using namespace cameo::codegen;

namespace {
struct Kind {
  llvm::StringRef name, flag; ///< of --target, and the flag that says which of them
  std::vector<std::string> TargetNames::*members;
  std::unique_ptr<Target> (*make)(const TargetNames &names, llvm::StringRef name, std::string &error);
};
constexpr Kind kKinds[] = {
    {"cpu", "--cpu", &TargetNames::cpus,
     [](const TargetNames &, llvm::StringRef name, std::string &error) -> std::unique_ptr<Target> {
       return makeCpuLevel(name, error);
     }},
    {"cuda", "--chip", &TargetNames::chips,
     [](const TargetNames &names, llvm::StringRef name, std::string &error) {
       return makeCudaChip(name, names.useTf32, error);
     }},
};
} // namespace

std::vector<std::string> cameo::codegen::targetKinds() {
  std::vector<std::string> kinds;
  for (const Kind &kind : kKinds)
    kinds.push_back(kind.name.str());
  return kinds;
}

std::vector<std::unique_ptr<Target>> cameo::codegen::makeTargets(const TargetNames &names, std::string &error) {
  std::vector<std::unique_ptr<Target>> targets;
  for (const std::string &name : names.kinds) {
    const Kind *kind = llvm::find_if(kKinds, [&](const Kind &k) { return k.name == name; });
    if (kind == std::end(kKinds)) {
      error = "--target=" + name + " is not built in; use " + llvm::join(targetKinds(), " or ");
      return {};
    }
    // The runtime takes the first that the machine can run: those that ask for more come first.
    auto asksForMore = [](const auto &a, const auto &b) {
      return a->device().empty() && llvm::popcount(static_cast<HostTarget &>(*a).features()) >
                                        llvm::popcount(static_cast<HostTarget &>(*b).features());
    };
    size_t first = targets.size();
    for (const std::string &member : names.*kind->members) {
      std::unique_ptr<Target> target = kind->make(names, member, error);
      if (!target)
        return {};
      if (llvm::any_of(llvm::drop_begin(targets, first), [&](auto &t) { return t->name() == target->name(); })) {
        error = kind->flag.str() + "=" + member + " stands for " + target->name().str() +
                ", which is given already; name each once";
        return {};
      }
      auto place = std::upper_bound(targets.begin() + first, targets.end(), target, asksForMore);
      targets.insert(place, std::move(target));
    }
  }
  return targets;
}

std::unique_ptr<HostTarget> cameo::codegen::makeBaselineHost() {
  std::string unused;
  bool isX86 = llvm::Triple(llvm::sys::getProcessTriple()).isX86();
  return makeCpuLevel(isX86 ? "x86-64-v2" : "generic", unused);
}

std::unique_ptr<HostTarget> cameo::codegen::makeNativeHost(std::string &error) { return makeCpuLevel("native", error); }
