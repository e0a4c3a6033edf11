// Recurrent.h - what one step of rnn, gru and lstm makes of a unit: for scalars, and for vectors of neighbouring units.
#ifndef CAMEO_DIALECT_CAMEO_RECURRENT_H
#define CAMEO_DIALECT_CAMEO_RECURRENT_H

#include "cameo/Dialect/Cameo/Cameo.h"
#include "cameo/Dialect/Cameo/KernelEmitter.h"

namespace cameo {

/// A unit before a step. All values have one type, a compute type or a vector of it.
struct RecurrentUnit {
  int64_t direction = 0;
  /// inputs + h R^T in the op's order, before their functions. Of a gru the last one is what its r already has entered,
  /// or with linearBeforeReset h R_n^T + hiddenBias alone.
  llvm::SmallVector<mlir::Value, 4> gates;
  mlir::Value input;                           ///< of gru with linearBeforeReset: the inputs of gate n
  mlir::Value h, cell;                         ///< cell: of lstm
  llvm::SmallVector<mlir::Value, 3> peepholes; ///< of lstm: for the gates i, o, f; empty without
};

struct RecurrentState {
  mlir::Value h, cell;
};

RecurrentState emitUnit(RnnOp op, KernelEmitter &k, mlir::OpBuilder &b, const RecurrentUnit &unit);
RecurrentState emitUnit(GruOp op, KernelEmitter &k, mlir::OpBuilder &b, const RecurrentUnit &unit);
RecurrentState emitUnit(LstmOp op, KernelEmitter &k, mlir::OpBuilder &b, const RecurrentUnit &unit);

} // namespace cameo
#endif
