// ProgramFile.h - packs objects, weights and header into the file a user gets.
#ifndef LIB_PIPELINE_PROGRAMFILE_H
#define LIB_PIPELINE_PROGRAMFILE_H

#include "cameo/Codegen/HostProgram.h"
#include "cameo/Codegen/Weights.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include <string>

namespace llvm {
class LLVMContext;
class Module;
} // namespace llvm

namespace cameo {

/// One distinct kernel of a variant.
struct ProgramKernel {
  std::string symbol;
  bool isForDevice; ///< false: a function of the host
  unsigned numBuffers, numSizes;
  codegen::DeviceBlock block;
  std::vector<codegen::FailSite> failSites;
};

/// The code for one target, as it goes into a program.
struct ProgramVariant {
  std::string name;
  std::string device;    ///< kind of device; empty: the CPU
  std::string image;     ///< the device's code
  uint64_t features = 0; ///< of the CPU
  codegen::HostProgram host;
  std::vector<ProgramKernel> kernels;
  std::string suffix; ///< of its entry and launch table: "v0"
};

/// Builds the module that holds cameo_program_info and the launch tables. `symbol` names the info. With `weightsSymbol`
/// the weights are an array of that name, else they lie in the file's weights section.
std::unique_ptr<llvm::Module> buildProgramInfo(llvm::LLVMContext &context, mlir::func::FuncOp main,
                                               llvm::ArrayRef<ProgramVariant> variants,
                                               const codegen::WeightTable &weightTable, llvm::StringRef metadata,
                                               llvm::StringRef symbol, llvm::StringRef weightsSymbol);

/// Writes an ELF relocatable file with the header section (zeroed) and the weights section (empty) to `path`.
mlir::LogicalResult writeSectionsObject(llvm::StringRef path, mlir::Location loc);

/// Links `objects`, among them one of writeSectionsObject, into the shared object `output` by lld in this process,
/// fills in the header and puts the weights at the end, straight from where they are made.
mlir::LogicalResult linkProgram(llvm::ArrayRef<std::string> objects, const codegen::WeightTable &weights,
                                llvm::StringRef output, uint64_t features, mlir::Location loc);

/// Links `objects` into the relocatable file `output`.
mlir::LogicalResult linkObject(llvm::ArrayRef<std::string> objects, llvm::StringRef output, mlir::Location loc);

/// Writes the archive `output` (objects and weights).
mlir::LogicalResult writeStaticLibrary(llvm::ArrayRef<std::string> objects, llvm::StringRef output, mlir::Location loc);

/// Writes a C header that declares the program `symbol`, beside `output`.
mlir::LogicalResult writeProgramHeader(llvm::StringRef output, llvm::StringRef symbol, mlir::Location loc);

} // namespace cameo
#endif
