// Target.h - what a program's kernels are compiled for: one CPU level, or one architecture of a device.
//
// Kernels are emitted as loops by common code; a target says how finely their parallel loops are split, has tuned code
// for anchors, and turns loops into code. The entry function of every program is a CPU's (HostTarget).
#ifndef CAMEO_CODEGEN_TARGET_H
#define CAMEO_CODEGEN_TARGET_H

#include "cameo/Codegen/HostProgram.h"
#include "cameo/Codegen/Kernel.h"

namespace llvm {
class Module;
} // namespace llvm

namespace cameo::codegen {

enum class CodeForm { LLVM, Assembly, Object };

struct CodeOptions {
  int optLevel = 3; ///< 0 to 3 as the user gave it
  CodeForm form = CodeForm::Object;
  std::string flopCounter; ///< a variable that the kernel adds its arithmetic to (FlopCounting.h); empty: none
};

using Code = llvm::SmallVector<char, 0>;

class Target {
public:
  virtual ~Target() = default;
  /// As the user says it, and as the program's variant is called: "x86-64-v3", "sm_80".
  virtual llvm::StringRef name() const = 0;
  /// The kind of device that runs the kernels ("cuda"); empty: the CPU that runs the entry function.
  virtual llvm::StringRef device() const { return {}; }
  virtual AnchorEmitter *anchors() { return nullptr; } ///< null: all anchors keep their naive loops
  virtual TileGranularity granularity() const { return {}; }
  KernelMemory memory() const { return device().empty() ? KernelMemory::Host : KernelMemory::Device; }
  /// How a device starts `kernel`.
  virtual DeviceBlock blockOf(const EmittedKernel &) const { return {}; }
  /// How long a launch of `kernel` is expected to take on one thread, as the floating-point operations that a loop of
  /// multiply-adds does meanwhile; null where nothing is expected.
  virtual std::optional<double> expectedFlops(KernelOp kernel, ShapeAnalysis &shapes) const { return std::nullopt; }
  /// Lowers a kernel, in place, and compiles it to a function called `symbol`. May run on several threads at once.
  virtual mlir::FailureOr<Code> compileKernel(EmittedKernel &kernel, llvm::StringRef symbol,
                                              const CodeOptions &options) = 0;
  /// Of a device: one image of the code of all its kernels.
  virtual std::string joinImage(llvm::ArrayRef<Code> kernels) const { return {}; }
};

/// A CPU level.
class HostTarget : public Target {
public:
  virtual uint64_t features() const = 0; ///< CAMEO_CPU_* bits that its code uses
  /// Compiles the module of an entry function (HostProgram), which becomes `symbol`; its launch table becomes
  /// `launches`.
  virtual mlir::FailureOr<Code> compileEntry(mlir::ModuleOp module, llvm::StringRef symbol, llvm::StringRef launches,
                                             const CodeOptions &options) = 0;
  /// Compiles constant data.
  virtual mlir::FailureOr<Code> compileData(llvm::Module &module) = 0;
};

} // namespace cameo::codegen
#endif
