// FuzzImport.cpp - an ONNX file, read, checked, imported, its shapes inferred and its constants folded: a module that
// verifies, or an error. Mutations are those of messages.
#include "MemoryFile.h"
#include "WireMutator.h"
#include "cameo/Pipeline/Load.h"
#include "cameo/Pipeline/Phases.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Verifier.h"

using namespace cameo;

/// A context with all dialects, made anew now and then because it keeps what is imported: call it once for each input.
static mlir::MLIRContext &nextContext() {
  static std::unique_ptr<mlir::MLIRContext> current;
  static unsigned uses = 0;
  if (uses++ % 256 == 0) {
    mlir::DialectRegistry registry;
    registerDialects(registry);
    current = std::make_unique<mlir::MLIRContext>(registry, mlir::MLIRContext::Threading::DISABLED);
    current->loadAllAvailableDialects();
  }
  return *current;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  mlir::MLIRContext &context = nextContext();
  fuzz::MemoryFile file(data, size);
  onnx::ImportOptions options;
  options.read.limits.constantBytes = 16 << 20;
  options.read.limits.tensorBytes = 64 << 20;
  options.read.externalDataRoot = "/nonexistent";
  std::vector<Diagnostic> diagnostics;
  mlir::OwningOpRef<mlir::ModuleOp> module = loadModel(file.path(), context, options, diagnostics);
  if (bool(module) == hasErrors(diagnostics) || exitCodeOf(diagnostics) == ExitCode::InternalError)
    abort();
  if (!module)
    return 0;
  mlir::ScopedDiagnosticHandler quiet(&context, [](mlir::Diagnostic &) { return mlir::success(); });
  if (failed(verify(*module)))
    abort();
  CompileOptions compile;
  compile.stopAfter = "simplify";
  CompileReport report;
  (void)runPhases(*module, compile, report);
  return 0;
}

extern "C" size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t maxSize);

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t maxSize, unsigned seed) {
  std::string changed = fuzz::mutateMessage({reinterpret_cast<char *>(data), size}, seed);
  if (seed % 16 == 0 || changed.size() > maxSize)
    return LLVMFuzzerMutate(data, size, maxSize);
  changed.copy(reinterpret_cast<char *>(data), changed.size());
  return changed.size();
}
