// HostEmitter.h - emits the entry function of a program; its files: HostProgram.cpp (steps and launches),
// HostValues.cpp (sizes, buffers and services), HostControlFlow.cpp (If and Loop).
#ifndef LIB_CODEGEN_COMMON_HOSTEMITTER_H
#define LIB_CODEGEN_COMMON_HOSTEMITTER_H

#include "cameo/Codegen/HostProgram.h"
#include "cameo/Codegen/MemoryPlan.h"
#include "cameo/Codegen/Placement.h"
#include "cameo/Dialect/Cameo/SizeRequirements.h"
#include "cameo/Runtime/KernelABI.h"
#include "llvm/ADT/SetVector.h"
#include <set>

namespace cameo::codegen {

/// A host value per key, usable in the block where it was made and in blocks inside it.
template <typename Key> class ScopedValues {
public:
  mlir::Value find(const Key &key, mlir::Block *reader) const {
    auto it = entries.find(key);
    if (it == entries.end())
      return {};
    for (auto &[block, value] : it->second)
      for (mlir::Block *b = reader; b; b = b->getParentOp() ? b->getParentOp()->getBlock() : nullptr)
        if (b == block)
          return value;
    return {};
  }
  void add(const Key &key, mlir::Block *block, mlir::Value value) { entries[key].push_back({block, value}); }

private:
  llvm::DenseMap<Key, llvm::SmallVector<std::pair<mlir::Block *, mlir::Value>, 1>> entries;
};

class HostEmitter {
public:
  HostEmitter(mlir::func::FuncOp main, ShapeAnalysis &shapes, const Placements &placements, WeightTable &weights,
              KernelMemory memory, KernelUses kernels)
      : main(main), shapes(shapes), placements(placements), weights(weights), memory(memory), kernels(kernels),
        plan(main), b(main.getContext()), loc(mlir::UnknownLoc::get(main.getContext())),
        entryBuilder(main.getContext()) {}

  mlir::FailureOr<HostProgram> run();

private:
  using Address = mlir::LLVM::LLVMPointerType;
  mlir::Type i64() { return b.getI64Type(); }
  mlir::Type address() { return Address::get(b.getContext()); }
  mlir::Value number(int64_t v) { return number(b, v); }
  mlir::Value number(mlir::OpBuilder &b, int64_t v) {
    return mlir::arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(v));
  }
  mlir::Value offsetBy(mlir::OpBuilder &b, mlir::Value base, int64_t bytes) {
    return mlir::LLVM::GEPOp::create(b, loc, address(), b.getI8Type(), base, mlir::ValueRange{number(b, bytes)});
  }
  mlir::Value offsetBy(mlir::Value base, mlir::Value bytes) {
    return mlir::LLVM::GEPOp::create(b, loc, address(), b.getI8Type(), base, llvm::ArrayRef<mlir::LLVM::GEPArg>{bytes});
  }
  mlir::Value load(mlir::OpBuilder &b, mlir::Type type, mlir::Value base, int64_t bytes) {
    return mlir::LLVM::LoadOp::create(b, loc, type, offsetBy(b, base, bytes));
  }
  mlir::Value add(mlir::Value x, mlir::Value y) { return mlir::arith::AddIOp::create(b, loc, x, y); }
  mlir::Value mul(mlir::Value x, mlir::Value y) { return mlir::arith::MulIOp::create(b, loc, x, y); }
  mlir::Value compare(mlir::arith::CmpIPredicate p, mlir::Value x, mlir::Value y) {
    return mlir::arith::CmpIOp::create(b, loc, p, x, y);
  }
  mlir::Value choose(mlir::Value c, mlir::Value x, mlir::Value y) {
    return mlir::arith::SelectOp::create(b, loc, c, x, y);
  }

  /// services->field(call, args...)
  mlir::Value service(size_t fieldOffset, mlir::Type result, mlir::ValueRange arguments);
  /// Bytes between buffers of kernels.
  void copy(mlir::Value target, mlir::Value source, mlir::Value bytes);
  /// A scalar in a buffer of kernels.
  mlir::Value loadElement(mlir::Type type, mlir::Value base, int64_t bytes);
  void storeElement(mlir::Value value, mlir::Value base, int64_t bytes);

  // What the shape analysis cannot tell, the run checks.
  /// Has the run fail with CAMEO_SHAPE_MISMATCH in the nodes of `where`; "%lld" in `message` stands for `value`.
  void failIf(mlir::Value condition, mlir::Location where, const llvm::Twine &message, mlir::Value value);
  /// Ends the run where the sizes differ; "%lld" in `message` stands for `given`.
  mlir::LogicalResult checkEqual(Dim given, Dim wanted, mlir::Location where, const llvm::Twine &message);
  /// What an op of `kernel` asks of sizes, before that starts.
  mlir::LogicalResult checkSize(KernelOp kernel, mlir::Operation *op, const SizeRequirement &required);
  /// A reshape is of as many elements as there are.
  mlir::LogicalResult checkReshape(ReshapeOp op);
  /// Operands of a concatenation differ along its axis only; kernels rely on it.
  mlir::LogicalResult checkConcat(ConcatOp op);
  /// A constant of the program that ends with 0.
  mlir::Value text(llvm::StringRef characters);
  /// `dim` where symbols are some size: for comparing sizes.
  double typicalSize(Dim dim);
  mlir::LogicalResult planMemory();
  std::optional<int64_t> staticBytes(mlir::Value value);
  Dim countBound(mlir::Value value);
  mlir::FailureOr<mlir::Value> size(Dim dim);
  mlir::FailureOr<mlir::Value> atom(const DimAtom &a);
  mlir::FailureOr<mlir::Value> cacheSize(const DimAtom &a, CacheSize kind);
  mlir::FailureOr<mlir::Value> bytes(Dim count, mlir::Type elementType);
  mlir::FailureOr<mlir::Value> pointer(mlir::Value tensor);
  mlir::Value weight(mlir::ElementsAttr value, const WeightForm &form = {});
  mlir::FailureOr<mlir::Value> element(mlir::Value tensor, int64_t index);
  /// Whether the sizes of inputs say at once how much of a buffer of `kernel` that is.
  bool hasKnownSize(KernelOp kernel, Dim count);
  /// Collects what the slots of `plan` have to hold.
  void sizeSlots();
  /// Memory that buffers share one after the other.
  mlir::FailureOr<mlir::Value> slotPointer(int64_t number);
  /// Memory for a kernel's result: a new one, or a part of another result's.
  mlir::FailureOr<mlir::Value> allocate(mlir::Value value);
  /// The same, once for each result.
  mlir::FailureOr<mlir::Value> resultPointer(mlir::Value value);
  mlir::FailureOr<mlir::Value> outputBuffer(int64_t index, mlir::Value value);
  mlir::LogicalResult emitBlock(mlir::Block &block);
  mlir::LogicalResult emitLaunch(KernelOp kernel);
  mlir::FailureOr<llvm::SmallVector<mlir::Value>> bufferBytes(KernelOp kernel);
  mlir::LogicalResult emitIf(IfOp op);
  mlir::LogicalResult emitLoop(LoopOp op);
  mlir::FailureOr<llvm::SmallVector<mlir::Value>> loopStart(LoopOp op);
  mlir::LogicalResult emitIteration(LoopOp op, mlir::Block *iteration, int64_t firstSlot);
  mlir::LogicalResult receiveResults(LoopOp op, mlir::ValueRange results, int64_t firstSlot);
  mlir::LogicalResult emitReturn(mlir::func::ReturnOp op);
  llvm::SmallVector<int64_t> ownAxes(mlir::Value result);
  mlir::LogicalResult handSizes(mlir::Value value, llvm::ArrayRef<int64_t> axes,
                                llvm::SmallVectorImpl<mlir::Value> &to);
  mlir::LogicalResult handOn(mlir::Value value, mlir::Value receiver, llvm::SmallVectorImpl<mlir::Value> &to);
  unsigned receive(mlir::Value receiver, mlir::Value likeIt, mlir::ValueRange handed, unsigned next);

  mlir::func::FuncOp main;
  ShapeAnalysis &shapes;
  const Placements &placements;
  WeightTable &weights;
  KernelMemory memory;
  KernelUses kernels;
  MemoryPlan plan;
  mlir::OpBuilder b;
  mlir::Location loc;
  mlir::OpBuilder entryBuilder; ///< before the first step of the program
  mlir::Value call, services, inputs, weightsBase, arena, buffersArray, sizesArray, reportsArray, scalarCell, zeros,
      launches;
  ScopedValues<mlir::Value> pointers;
  ScopedValues<const DimNode *> sizes;
  ScopedValues<const DimAtom *> atoms;
  ScopedValues<std::pair<mlir::Value, int64_t>> knownSizes;
  llvm::DenseMap<const DimNode *, double> typicalSizes;
  std::set<std::tuple<mlir::Block *, const DimNode *, const DimNode *, int>> checkedSizes;
  llvm::DenseMap<mlir::Value, int64_t> contentPlaces; ///< offset of host-written small tensors
  llvm::DenseMap<mlir::Value, int64_t> directOutputs; ///< kernel result -> output it is written to at once
  llvm::DenseMap<mlir::Operation *, std::pair<int64_t, int64_t>> loopCells;
  /// Memory of `plan` that the run allocates, at its first use: what it has to hold, as elements of a type.
  struct Slot {
    llvm::SetVector<std::pair<const DimNode *, mlir::Type>> contents;
    mlir::Value pointer;
  };
  llvm::SmallVector<Slot> slots;
  HostProgram program;
  unsigned numTexts = 0;
};

} // namespace cameo::codegen
#endif
