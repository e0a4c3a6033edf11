// InProcess.h - kernels of a function as machine code in this process, and runs of the function without an entry
// function: sizes, buffers and launches are done here, as the function is straight line and compiling what runs once
// would cost more than it saves.
#ifndef LIB_PIPELINE_INPROCESS_H
#define LIB_PIPELINE_INPROCESS_H

#include "VariantCompiler.h"
#include "cameo/Runtime/KernelABI.h"
#include "mlir/IR/AsmState.h"

namespace llvm::orc {
class LLJIT;
}

namespace cameo {

/// Kernels of a function, linked into this process.
class LoadedKernels {
public:
  LoadedKernels();
  ~LoadedKernels();
  /// Compiles and links, on `jobs` threads (0: all); errors are emitted at `loc`.
  mlir::LogicalResult load(VariantCompiler &compiler, mlir::Location loc, unsigned jobs = 0);
  cameo_kernel_fn operator[](unsigned number) const { return functions[number]; }

private:
  std::unique_ptr<llvm::orc::LLJIT> jit;
  std::vector<cameo_kernel_fn> functions;
};

/// One run of @main.
class InProcessRun {
public:
  /// Called for each kernel with its launch, which it calls once or more, and the memory of its results.
  using Observer = llvm::function_ref<void(KernelOp kernel, llvm::function_ref<void()> launch,
                                           llvm::ArrayRef<llvm::ArrayRef<char>> results)>;

  /// No value may have more than `mostBytes`. `purpose` is what errors of the run were found while doing.
  InProcessRun(mlir::func::FuncOp main, llvm::ArrayRef<mlir::ElementsAttr> arguments, ShapeAnalysis &shapes,
               VariantCompiler &compiler, const LoadedKernels &functions, int64_t mostBytes, llvm::StringRef purpose)
      : main(main), arguments(arguments), shapes(shapes), compiler(compiler), functions(functions),
        mostBytes(mostBytes), purpose(purpose) {}
  /// The results; errors of the run are emitted.
  mlir::FailureOr<llvm::SmallVector<mlir::ElementsAttr>>
  operator()(Observer observe = [](KernelOp, llvm::function_ref<void()> launch, auto) { launch(); });

private:
  using Atoms = llvm::DenseMap<const DimAtom *, int64_t>;
  int64_t size(Dim dim) {
    Atoms known;
    return size(dim, known);
  }
  int64_t size(Dim dim, Atoms &known);
  int64_t atom(const DimAtom &a, Atoms &known);
  int64_t element(mlir::Value tensor, int64_t index);
  char *allocate(mlir::Value owner, int64_t bytes);
  int64_t bytesBound(mlir::Value value);
  char *pointer(mlir::Value tensor);
  char *packed(mlir::Value constant, const codegen::WeightForm &form);
  mlir::LogicalResult launch(KernelOp kernel, Observer observe);
  mlir::ElementsAttr result(mlir::Value value);

  static void fail(cameo_call *call, int32_t code, const char *, const char *message, int64_t value);
  static void *allocateFor(cameo_call *call, int64_t bytes) {
    return static_cast<InProcessRun *>(call->runtime)->allocate({}, bytes);
  }

  mlir::func::FuncOp main;
  llvm::ArrayRef<mlir::ElementsAttr> arguments;
  ShapeAnalysis &shapes;
  VariantCompiler &compiler;
  const LoadedKernels &functions;
  int64_t mostBytes; ///< of one value
  llvm::StringRef purpose;
  llvm::DenseMap<mlir::Value, mlir::AsmResourceBlob> memory; ///< of results of kernels, known vectors and constants
  std::vector<mlir::AsmResourceBlob> temporaries;            ///< of the kernel that is running
  llvm::DenseMap<std::pair<mlir::Value, int64_t>, int64_t> sizes; ///< that only kernels could tell
  llvm::DenseMap<mlir::Operation *, llvm::SmallVector<mlir::Value, 2>>
      lastUses; ///< whose memory is not needed after an op
  cameo_call call{};
  std::string failure;
};

} // namespace cameo
#endif
