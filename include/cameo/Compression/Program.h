// Program.h - a module of cameo ops that is compiled, loaded into this process and run.
#ifndef CAMEO_COMPRESSION_PROGRAM_H
#define CAMEO_COMPRESSION_PROGRAM_H

#include "cameo/Pipeline/CompileOptions.h"
#include "cameo/Pipeline/CompileReport.h"
#include "cameo/Runtime/cameo.h"
#include "cameo/Support/Diagnostic.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringSet.h"
#include <memory>
#include <optional>
#include <vector>

namespace cameo::compression {

/// A copy of a module, to be changed and compiled. The constants that are made meanwhile are freed with it; the context
/// would keep them.
class Variant {
public:
  explicit Variant(mlir::ModuleOp original);
  ~Variant();
  mlir::ModuleOp operator*() { return *copy; }

private:
  llvm::StringSet<> constantsBefore;
  mlir::OwningOpRef<mlir::ModuleOp> copy;
};

class Program {
public:
  /// Compiles `module`, which is changed; null exactly when `diagnostics` got an error. `threads` as
  /// cameo_context_options says.
  static std::unique_ptr<Program> make(mlir::ModuleOp module, const CompileOptions &options, unsigned threads,
                                       std::vector<Diagnostic> &diagnostics);
  ~Program();

  /// Fails exactly when `diagnostics` got an error (E-RUN).
  bool run(llvm::ArrayRef<cameo_tensor> inputs, std::vector<Diagnostic> &diagnostics);
  cameo_tensor output(uint64_t index) const;
  uint64_t numOutputs() const { return cameo_program_num_outputs(program); }

  /// Wall time of run() in ms: the least of `repeats` runs after two that do not count.
  std::optional<double> time(llvm::ArrayRef<cameo_tensor> inputs, unsigned repeats,
                             std::vector<Diagnostic> &diagnostics);
  /// The same for each of `launches`, per run.
  std::optional<std::vector<double>> timeLaunches(llvm::ArrayRef<cameo_tensor> inputs, unsigned repeats,
                                                  std::vector<Diagnostic> &diagnostics);
  /// Gives back the memory of weights until they are next read.
  void evict() const { cameo_program_evict_weights(program); }
  uint64_t fileBytes = 0; ///< of the program file
  std::vector<KernelReport> launches;

private:
  Program() = default;
  cameo_program *program = nullptr;
  cameo_context *context = nullptr;
  std::vector<double> launchMs; ///< of the last run
};

} // namespace cameo::compression
#endif
