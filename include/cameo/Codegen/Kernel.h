// Kernel.h - one cameo.kernel becomes one function in a module of its own.
#ifndef CAMEO_CODEGEN_KERNEL_H
#define CAMEO_CODEGEN_KERNEL_H

#include "cameo/Codegen/Placement.h"
#include "cameo/Codegen/Weights.h"
#include "cameo/Dialect/Cameo/Cameo.h"
#include "mlir/IR/OwningOpRef.h"

namespace cameo::codegen {

/// A place in a kernel that can record a run-time failure.
struct FailSite {
  int32_t code;
  std::string message;
};

/// How a device starts a kernel; a CPU has no use for it.
struct DeviceBlock {
  unsigned threads = 0; ///< of a block
  unsigned tiles = 0;   ///< of a block: one, or one for each thread
  unsigned sharedBytes = 0;
};

/// What the entry function must know to launch a kernel. Buffers are: the inputs, the results, when
/// `sizeReports` is not empty one array of i64 for the sizes that only the kernel can tell, and the temporaries.
struct KernelSignature {
  std::string name;                                            ///< readable: "conv_add_relu"
  llvm::SmallVector<bool> usesInput;                           ///< false: the kernel never reads the buffer
  llvm::SmallVector<WeightForm> inputForms;                    ///< how it reads constant inputs; plain for all others
  llvm::SmallVector<Dim> sizes;                                ///< values of the `sizes` array
  llvm::SmallVector<Dim> temporaries;                          ///< bytes of each
  llvm::SmallVector<std::pair<unsigned, int64_t>> sizeReports; ///< (result, axis) of each reported size
  Dim tiles;                                                   ///< length of the parallel iteration space
  Dim grain;                                                   ///< least number of tiles worth a thread
  unsigned launches = 1;  ///< functions that are started one after the other, with the same buffers
  bool needsHost = false; ///< calls services, so only the CPU can run it
};

/// A kernel's code: `module` holds `func.func @kernel(%call: !llvm.ptr, %buffers: memref<1xT>..., %sizes:
/// memref<4096xi64>, %begin: index, %end: index)` and calls of `@fail_<i>(%call, %value: i64)` for the i-th of
/// `failSites`.
struct EmittedKernel {
  mlir::OwningOpRef<mlir::ModuleOp> module;
  KernelSignature signature;
  std::vector<FailSite> failSites;
};

constexpr llvm::StringLiteral kKernelFunction = "kernel";

/// Consecutive elements of a dense row-major result: its axes but the last, flattened, are the row.
struct VectorPosition {
  mlir::Value row;    ///< index
  mlir::Value column; ///< index along the last axis, of lane 0
  mlir::Value mask;   ///< vector<lanes x i1> of the elements that exist; null when all do
};

/// State of one kernel during emission, for target emitters: the common KernelEmitter plus evaluation of fused ops on
/// vectors.
class KernelBuilder : public KernelEmitter {
public:
  virtual mlir::Value callArgument() = 0;
  virtual mlir::Value sliceBegin() = 0;
  virtual mlir::Value sliceEnd() = 0;
  /// Declares the parallel iteration space when a target emitter uses [sliceBegin, sliceEnd) by itself.
  virtual void setTiles(Dim tiles, Dim grain) = 0;
  /// Which of the kernel's launches is emitted. On a device, where blocks can't wait for each other, an emitter may ask
  /// for several: it is then called for each, with the same buffers and temporaries. All that one launch stores is
  /// there when the next begins.
  virtual unsigned launch() const = 0;
  virtual void setLaunches(unsigned count) = 0;
  /// The constant that `operand` of the anchor is, when only the anchor reads it, so that packedWeight may change its
  /// form; else null.
  virtual mlir::ElementsAttr constantOperand(mlir::Value operand) = 0;
  /// Has a constantOperand stored in `form`: its base pointer (!llvm.ptr, aligned to CAMEO_BUFFER_ALIGN).
  virtual mlir::Value packedWeight(mlir::Value operand, WeightForm form) = 0;
  /// Applies the ops fused behind result `result` of the anchor to a vector of its elements, and stores what the kernel
  /// yields. `vector` has the compute type. Lanes that the mask leaves out are neither read nor stored.
  virtual void storeVector(mlir::OpBuilder &b, mlir::Location loc, unsigned result, mlir::Value vector,
                           const VectorPosition &at) = 0;
};

/// The constant that an operand of an op in a kernel is; null when it is none.
mlir::ElementsAttr constantInKernel(mlir::Operation *reader, mlir::Value operand);

/// A target's tuned code for anchors. Returns nullopt to leave the op to its naive loops.
class AnchorEmitter {
public:
  virtual ~AnchorEmitter() = default;
  virtual std::optional<mlir::LogicalResult> emit(KernelOp kernel, mlir::Operation *anchor, KernelBuilder &k,
                                                  mlir::OpBuilder &b, llvm::ArrayRef<KernelTensor> operands,
                                                  llvm::ArrayRef<KernelTensor> results) = 0;
};

/// How parallel loops are shared by threads.
struct TileGranularity {
  int64_t elements = 1024; ///< of a tile, along one axis that is alone; with 1 the last of several axes is shared too
  int64_t enough = 64;     ///< as many tiles need no further axis
};

struct EmissionOptions {
  AnchorEmitter *anchors = nullptr; ///< null at -O0
  bool mayReassociate = false;      ///< allows sums in another order
  TileGranularity granularity;
  unsigned launch = 0; ///< see KernelBuilder::launch
};

/// `placements` are those of the function that `kernel` is in.
mlir::FailureOr<EmittedKernel> emitKernel(KernelOp kernel, ShapeAnalysis &shapes, const Placements &placements,
                                          const EmissionOptions &options);

} // namespace cameo::codegen
#endif
