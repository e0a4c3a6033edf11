// CudaChip.cpp - see CudaChip.h; the table of chips.
#include "cameo/Codegen/CUDA/CudaChip.h"
#include "PtxEmission.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace cameo::codegen;

/// Shared memory from the CUDA C++ Programming Guide's table of technical specifications. The PTX versions are the
/// oldest that know the chip and what we use of it, so that old drivers take the code.
static constexpr PtxTarget kChips[] = {
    {"sm_75", 70, 64 << 10, false},  {"sm_80", 70, 163 << 10, false}, {"sm_86", 71, 99 << 10, false},
    {"sm_87", 74, 163 << 10, false}, {"sm_89", 78, 99 << 10, false},  {"sm_90", 78, 227 << 10, true},
    {"sm_90a", 80, 227 << 10, true}, {"sm_100", 86, 227 << 10, true},
};

const PtxTarget *cameo::codegen::findPtxTarget(StringRef chip, std::string &known) {
  const PtxTarget *found = llvm::find_if(kChips, [&](const PtxTarget &t) { return t.chip == chip; });
  if (found != std::end(kChips))
    return found;
  known = llvm::join(llvm::map_range(kChips, [](const PtxTarget &t) { return t.chip; }), ", ");
  return nullptr;
}

namespace {

class CudaChip final : public Target {
public:
  explicit CudaChip(const PtxTarget &target) : target(target) {}

  StringRef name() const override { return target.chip; }
  StringRef device() const override { return "cuda"; }
  TileGranularity granularity() const override { return {1, INT64_MAX}; }
  DeviceBlock blockOf(const EmittedKernel &kernel) const override {
    constexpr unsigned kThreads = 128;
    const DeviceBlock &own = kernel.signature.block;
    return own.threads ? own : DeviceBlock{kThreads, kThreads, 0};
  }
  FailureOr<Code> compileKernel(EmittedKernel &kernel, StringRef symbol, const CodeOptions &options) override {
    return emitPtx(kernel, blockOf(kernel), symbol, target, options);
  }
  std::string joinImage(ArrayRef<Code> kernels) const override { return joinPtx(kernels); }

private:
  const PtxTarget &target;
};

} // namespace

std::unique_ptr<Target> cameo::codegen::makeCudaChip(StringRef name, std::string &error) {
  std::string known;
  if (const PtxTarget *target = findPtxTarget(name, known))
    return std::make_unique<CudaChip>(*target);
  error = "--chip=" + name.str() + " is not known; use " + known;
  return nullptr;
}
