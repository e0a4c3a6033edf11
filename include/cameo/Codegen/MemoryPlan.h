// MemoryPlan.h - places for all buffers: of sizes known at compile time in one arena, of others in slots that the run
// allocates.
//
// Lifetimes are intervals over the ops in execution order, with the regions of control flow inlined; a buffer used in a
// loop that does not create it lives until the loop ends. Buffers whose intervals do not meet may share bytes.
// Placement is greedy: in the arena largest first, into the lowest gap that fits; in slots, which are as large as the
// largest of their buffers turns out to be, first to last, into the free slot that fits best by typical sizes.
#ifndef CAMEO_CODEGEN_MEMORYPLAN_H
#define CAMEO_CODEGEN_MEMORYPLAN_H

#include "cameo/Dialect/Cameo/Cameo.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"

namespace cameo::codegen {

class MemoryPlan {
public:
  explicit MemoryPlan(mlir::func::FuncOp main);

  /// Plans `bytes` for a value, live from its op to the last use of it or of anything that may share its memory; with
  /// `toTheEnd` to the end of the program.
  void addValue(mlir::Value value, int64_t bytes, bool toTheEnd);
  /// The same for a value whose size the run tells; `bytes` is a typical one.
  void addSized(mlir::Value value, int64_t bytes);
  /// `part` lies in the memory planned for `whole`, which lives from the earlier begin to the later end.
  void addPart(mlir::Value whole, mlir::Value part);
  /// Plans `bytes` that only `op` uses; `number` tells several of one op apart.
  void addTemporary(mlir::Operation *op, unsigned number, int64_t bytes);
  void addSizedTemporary(mlir::Operation *op, unsigned number, int64_t bytes);
  /// Plans `bytes` for the whole program, at once.
  int64_t addPersistent(int64_t bytes);

  /// Assigns all offsets. Call once, after the adds.
  void place();
  std::optional<int64_t> offset(mlir::Value value) const;
  std::optional<int64_t> offset(mlir::Operation *op, unsigned number) const;
  std::optional<int64_t> slot(mlir::Value value) const;
  std::optional<int64_t> slot(mlir::Operation *op, unsigned number) const;
  int64_t bytes() const { return total; }

private:
  struct Buffer {
    int64_t begin, end, bytes;
    bool isSized;      ///< by the run
    int64_t place = 0; ///< offset in the arena behind what is persistent, or number of the slot
  };
  void placeInArena();
  void placeInSlots();
  const Buffer *find(mlir::Value value) const;
  const Buffer *find(mlir::Operation *op, unsigned number) const;
  std::optional<int64_t> offset(const Buffer *buffer) const;
  std::optional<int64_t> slot(const Buffer *buffer) const;
  int64_t lastUse(mlir::Value value);
  int64_t useInScope(mlir::Value value, mlir::Operation *user);

  llvm::DenseMap<mlir::Operation *, std::pair<int64_t, int64_t>> positions;
  llvm::DenseMap<mlir::Value, int64_t> lastUses;
  llvm::DenseMap<mlir::Value, size_t> values;
  llvm::DenseMap<std::pair<mlir::Operation *, unsigned>, size_t> temporaries;
  llvm::SmallVector<Buffer> buffers;
  int64_t persistent = 0, total = 0, endOfProgram = 0;
};

} // namespace cameo::codegen
#endif
