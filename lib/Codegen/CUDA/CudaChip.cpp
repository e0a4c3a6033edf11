// CudaChip.cpp - see CudaChip.h; the table of chips.
#include "cameo/Codegen/CUDA/CudaChip.h"
#include "GpuAnchors.h"
#include "PtxEmission.h"
#include "ThreadBuilder.h"
#include "cameo/Dialect/Cameo/Attributes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace cameo::codegen;

/// Shared memory and multiply-adds from the tables of the CUDA C++ Programming Guide; multiprocessors and products of
/// tensor cores from the data sheets of T4, A100, A40, Orin, L40S, H100 and B200. The PTX versions are the oldest that
/// know the chip and what we use of it, so that old drivers take the code.
static constexpr PtxTarget kChips[] = {
    {"sm_75", 70, 40, 64, 512, 64 << 10, false, false, false, false, false},
    {"sm_80", 70, 108, 64, 1024, 163 << 10, false, true, true, false, false},
    {"sm_86", 71, 84, 128, 512, 99 << 10, false, true, true, false, false},
    {"sm_87", 74, 16, 128, 1024, 163 << 10, false, true, true, false, false},
    {"sm_89", 78, 142, 128, 512, 99 << 10, false, true, true, false, false},
    {"sm_90", 78, 132, 128, 1024, 227 << 10, true, true, true, false, true},
    {"sm_90a", 80, 132, 128, 1024, 227 << 10, true, true, true, true, true},
    {"sm_100", 86, 148, 128, 1024, 227 << 10, true, true, true, false, true},
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
  explicit CudaChip(const PtxTarget &chip) : target(chip), emitter(target) {}

  StringRef name() const override { return target.chip; }
  StringRef device() const override { return "cuda"; }
  TileGranularity granularity() const override { return {1, INT64_MAX}; }
  AnchorEmitter *anchors() override { return &emitter; }
  DeviceBlock blockOf(const EmittedKernel &kernel) const override {
    constexpr unsigned kThreads = 128; // where a thread takes a tile of its own
    ModuleOp module = kernel.module.get();
    auto function = module.lookupSymbol<func::FuncOp>(kKernelFunction);
    auto threads = function->getAttrOfType<IntegerAttr>(cameo::kThreadsAttr);
    if (!threads)
      return {kThreads, kThreads, 0};
    auto shared = function->getAttrOfType<IntegerAttr>(cameo::kSharedBytesAttr);
    return {unsigned(threads.getInt()), 1, unsigned(shared.getInt())};
  }
  FailureOr<Code> compileKernel(EmittedKernel &kernel, StringRef symbol, const CodeOptions &options) override {
    return emitPtx(kernel, blockOf(kernel), symbol, target, options);
  }
  std::string joinImage(ArrayRef<Code> kernels) const override { return joinPtx(kernels); }

private:
  const PtxTarget target;
  GpuAnchorEmitter emitter;
};

} // namespace

std::unique_ptr<Target> cameo::codegen::makeCudaChip(StringRef name, bool useTf32, std::string &error) {
  std::string known;
  const PtxTarget *found = findPtxTarget(name, known);
  if (!found) {
    error = "--chip=" + name.str() + " is not known; use " + known;
    return nullptr;
  }
  PtxTarget target = *found;
  target.usesTf32 = useTf32;
  return std::make_unique<CudaChip>(target);
}
