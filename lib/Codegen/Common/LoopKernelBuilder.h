// LoopKernelBuilder.h - emits the loops of one cameo.kernel; its files: KernelEmission.cpp (the kernel as a whole),
// KernelElements.cpp (buffers, and what is read and stored element by element), KernelVectors.cpp (whole vectors).
#ifndef LIB_CODEGEN_COMMON_LOOPKERNELBUILDER_H
#define LIB_CODEGEN_COMMON_LOOPKERNELBUILDER_H

#include "cameo/Codegen/Kernel.h"

namespace cameo::codegen {

/// Values already computed, reusable where their block encloses the reader's.
class ElementCache {
public:
  mlir::Value find(mlir::Value tensor, mlir::ValueRange indices, mlir::Block *reader) {
    for (const Entry &e : entries[tensor])
      if (mlir::ValueRange(e.indices) == indices && encloses(e.block, reader))
        return e.element;
    return {};
  }
  void add(mlir::Value tensor, mlir::ValueRange indices, mlir::Block *block, mlir::Value element) {
    entries[tensor].push_back({llvm::SmallVector<mlir::Value>(indices), block, element});
  }

private:
  struct Entry {
    llvm::SmallVector<mlir::Value> indices;
    mlir::Block *block;
    mlir::Value element;
  };
  static bool encloses(mlir::Block *outer, mlir::Block *inner) {
    for (mlir::Block *block = inner; block;) {
      if (block == outer)
        return true;
      mlir::Operation *parent = block->getParentOp();
      block = parent ? parent->getBlock() : nullptr;
    }
    return false;
  }
  llvm::DenseMap<mlir::Value, llvm::SmallVector<Entry, 2>> entries;
};

class LoopKernelBuilder : public KernelBuilder {
public:
  LoopKernelBuilder(KernelOp kernel, ShapeAnalysis &analysis, const Placements &placements,
                    const EmissionOptions &options)
      : kernel(kernel), analysis(analysis), placements(placements), options(options) {}

  mlir::FailureOr<EmittedKernel> run();

  ShapeAnalysis &shapes() override { return analysis; }
  mlir::Value size(Dim dim) override;
  void parallelNest(mlir::OpBuilder &b, mlir::Location loc, llvm::ArrayRef<Dim> dims,
                    llvm::function_ref<void(mlir::OpBuilder &, mlir::Location, mlir::ValueRange)> body,
                    Dim work = {}) override;
  KernelTensor temporary(mlir::OpBuilder &b, mlir::Location loc, mlir::Type elementType,
                         llvm::ArrayRef<Dim> dims) override;
  void setResultSize(mlir::OpBuilder &b, mlir::Location loc, mlir::OpResult result, int64_t axis,
                     mlir::Value size) override;
  void failIf(mlir::OpBuilder &b, mlir::Location loc, mlir::Value condition, int32_t code, llvm::StringRef message,
              mlir::Value value) override;
  mlir::Value callService(mlir::OpBuilder &b, mlir::Location loc, Service service, mlir::ValueRange arguments) override;
  bool mayReassociate() const override { return options.mayReassociate; }
  mlir::Value callArgument() override { return function.getArgument(0); }
  mlir::Value sliceBegin() override { return begin; }
  mlir::Value sliceEnd() override { return end; }
  void setTiles(Dim tiles, Dim grain) override {
    signature.tiles = tiles;
    signature.grain = grain;
  }
  unsigned launch() const override { return options.launch; }
  void setLaunches(unsigned count) override { signature.launches = count; }
  mlir::ElementsAttr constantOperand(mlir::Value operand) override;
  mlir::Value packedWeight(mlir::Value operand, WeightForm form) override;
  void storeVector(mlir::OpBuilder &b, mlir::Location loc, unsigned result, mlir::Value vector,
                   const VectorPosition &at) override;

private:
  /// `memory`: its sizes in memory, where they are not `dims`.
  KernelTensor bufferTensor(mlir::OpBuilder &b, mlir::Type elementType, llvm::ArrayRef<Dim> dims, mlir::Value argument,
                            bool readable, bool writable, llvm::ArrayRef<Dim> memory = {});
  KernelTensor readTensor(mlir::Value value);
  mlir::Value readElement(mlir::OpBuilder &b, mlir::Location loc, mlir::Value value, mlir::ValueRange indices);
  mlir::Value readVector(mlir::OpBuilder &b, mlir::Location loc, mlir::Value value, llvm::ArrayRef<Dim> resultDims,
                         const VectorPosition &at, int64_t lanes);
  mlir::Value loadVector(mlir::OpBuilder &b, mlir::Location loc, const KernelTensor &t, llvm::ArrayRef<Dim> resultDims,
                         const VectorPosition &at, int64_t lanes);
  mlir::Value rows(const KernelTensor &t);
  mlir::Value rowOf(mlir::OpBuilder &b, mlir::Location loc, const KernelTensor &t, llvm::ArrayRef<Dim> resultDims,
                    mlir::Value row);
  KernelTensor linearTensor(mlir::Type elementType, llvm::ArrayRef<Dim> dims, mlir::Value argument);
  mlir::Value linearIndex(mlir::OpBuilder &b, mlir::Location loc, llvm::ArrayRef<Dim> dims, mlir::ValueRange indices);
  mlir::Value view(mlir::OpBuilder &b, mlir::Value argument, mlir::Type elementType, llvm::ArrayRef<Dim> dims,
                   llvm::ArrayRef<Dim> memory);
  mlir::Value addressOf(mlir::OpBuilder &b, mlir::Location loc, mlir::Value memref);
  llvm::SmallVector<mlir::Operation *> anchorsOf();
  KernelTensor resultTensor(mlir::Operation *op, unsigned number);
  llvm::SmallVector<llvm::SmallVector<int64_t, 2>> joinableAxes();
  llvm::SmallVector<Dim, 6> joined(llvm::SmallVector<Dim, 6> dims);
  void joinAxes();
  void separateAxes();
  bool findsOutSizes(mlir::Value v);
  mlir::OwningOpRef<mlir::ModuleOp> makeFunction();
  void viewBuffers();
  mlir::LogicalResult emitOp(mlir::OpBuilder &b, KernelInterface op, llvm::ArrayRef<KernelTensor> results,
                             bool mayBeTuned);
  mlir::LogicalResult emitBody(llvm::ArrayRef<mlir::Operation *> anchors);
  void completeSignature();

  KernelOp kernel;
  ShapeAnalysis &analysis;
  const Placements &placements;
  const EmissionOptions &options;
  mlir::func::FuncOp function;
  mlir::Value reportsArgument, sizesArgument, begin, end;
  mlir::Operation *sizesEnd = nullptr; ///< sizes are loaded before this op
  llvm::DenseMap<const DimNode *, mlir::Value> sizeValues;
  llvm::DenseMap<std::pair<mlir::Value, int64_t>, mlir::Value> reportedSizes;
  llvm::DenseMap<mlir::Value, KernelTensor> buffers;                     ///< of kernel arguments
  llvm::MapVector<mlir::Value, llvm::SmallVector<KernelTensor>> outputs; ///< buffers of yielded values
  llvm::DenseMap<mlir::Value, mlir::Value> matrices;                     ///< of buffers, see rows()
  llvm::DenseMap<mlir::Value, mlir::Value>
      pinned; ///< anchor results whose element (or vector) is at hand in the epilogue
  ElementCache cache;
  llvm::SmallVector<llvm::SmallVector<int64_t, 2>> axisGroups;   ///< one loop each; empty: as the body has them
  llvm::SmallVector<std::pair<mlir::Value, ShapeInfo>> separate; ///< shapes before their axes were joined
  /// Neighbours that share a byte of a packed result, which one thread must store; 0: all of them.
  int64_t neighbours = 1;
  KernelSignature signature;
  std::vector<FailSite> failSites;
};

/// An element of a buffer, in its compute type.
mlir::Value loadElement(mlir::OpBuilder &b, mlir::Location loc, mlir::Value memref, mlir::ValueRange indices,
                        mlir::Type elementType);
/// A scalar or vector of the compute type as it lies in memory.
mlir::Value toStorage(mlir::OpBuilder &b, mlir::Location loc, mlir::Value element, mlir::Type elementType);
/// The one element of a splat, as an attribute of the compute type `type`.
mlir::TypedAttr splatElement(ConstantOp constant, mlir::Type type);

} // namespace cameo::codegen
#endif
