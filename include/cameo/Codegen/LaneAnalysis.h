// LaneAnalysis.h - what happens to each value of a loop when neighbouring iterations become the lanes of vectors,
// or the threads of a block.
#ifndef CAMEO_CODEGEN_LANEANALYSIS_H
#define CAMEO_CODEGEN_LANEANALYSIS_H

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/DenseMap.h"

namespace cameo::codegen {

/// How a value differs between lanes.
struct Lane {
  enum Kind {
    Uniform, ///< not at all
    Linear,  ///< an index: lane 0's value + lane * step
    Varying, ///< in any way
  };
  Kind kind = Uniform;
  int64_t step = 0;
  bool operator==(const Lane &other) const = default;
};

/// A loop and those nested in it, as lanes. Nested loops need bounds that are the same in all lanes; memory is written
/// at consecutive addresses, and read at such, at every second to fourth one, or at one address for all lanes.
class LaneAnalysis {
public:
  /// `reduction`: the loop's carried values are accumulators, one per lane; otherwise it may carry none.
  LaneAnalysis(mlir::scf::ForOp loop, bool reduction);

  /// Why the lanes of vectors may not stand for iterations of the loop; empty when they may.
  llvm::StringRef refusal() const { return reason; }
  Lane of(mlir::Value value) const { return lanes.lookup(value); }
  /// Elements between what neighbouring lanes access.
  int64_t stepOf(mlir::Operation *access) const { return steps.lookup(access); }
  /// Width of the widest element that lies in memory or is computed, in bits.
  unsigned widestElement() const { return widest; }
  /// Values that a nested loop carries per lane, at most.
  unsigned numCarried() const { return carried; }
  /// Ops that become vector ops.
  unsigned numOps() const { return ops; }

private:
  /// Of a longer step, vectors would hold little of what they load.
  static constexpr int64_t kMostStep = 4;

  struct Access {
    mlir::Value memref;
    mlir::ValueRange indices;
    bool isStore;
  };

  void visitBlock(mlir::Block &block, bool conditional);
  void visitFor(mlir::scf::ForOp loop, bool conditional);
  void visitIf(mlir::scf::IfOp branch, bool conditional);
  void visitAccess(Access access, mlir::Operation *op, bool conditional);
  void visitScalarOp(mlir::Operation *op, bool conditional);
  Lane indexArithmetic(mlir::Operation *op) const;
  void checkDependences();
  void raise(mlir::Value value, Lane lane);
  void refuse(llvm::StringRef why) { reason = reason.empty() ? why : reason; }
  void useType(mlir::Type type);

  llvm::DenseMap<mlir::Value, Lane> lanes;
  llvm::DenseMap<mlir::Operation *, int64_t> steps;
  llvm::SmallVector<Access> accesses;
  llvm::StringRef reason;
  unsigned widest = 8, carried = 0, ops = 0;
  bool changed = false;
};

} // namespace cameo::codegen
#endif
