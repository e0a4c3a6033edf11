// Cameo.h - the dialect and all its ops. Ops are declared family by family in dialects/Cameo/*Ops.td.
#ifndef CAMEO_DIALECT_CAMEO_CAMEO_H
#define CAMEO_DIALECT_CAMEO_CAMEO_H

#include "cameo/Dialect/Cameo/KernelEmitter.h"
#include "cameo/Dialect/Cameo/Scalar.h"
#include "cameo/Dialect/Cameo/Shape.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace mlir::func {
class FuncOp;
} // namespace mlir::func

namespace cameo {
class SizeRequirements;

// Shared bodies of the generated pointwise and indexable ops (dialects/Cameo/Pointwise.cpp).
mlir::LogicalResult inferPointwise(mlir::Operation *op, mlir::Type elementType, ShapeAnalysis &shapes,
                                   llvm::SmallVectorImpl<ShapeInfo> &results);
mlir::LogicalResult emitIndexable(mlir::Operation *op, KernelEmitter &k, mlir::OpBuilder &b,
                                  llvm::ArrayRef<KernelTensor> operands, llvm::ArrayRef<KernelTensor> results);
mlir::Value pointwiseElement(mlir::Operation *op, KernelEmitter &k, mlir::OpBuilder &b,
                             llvm::ArrayRef<KernelTensor> operands, llvm::ArrayRef<Dim> resultDims,
                             mlir::ValueRange indices);
Dim pointwiseFlops(mlir::Operation *op, ShapeAnalysis &shapes);
} // namespace cameo

namespace cameo {
/// The trait of functions with f(c x, c y, ..) = c f(x, y, ..) for numbers c > 0.
template <typename OpT> class Homogeneous : public mlir::OpTrait::TraitBase<OpT, Homogeneous> {};
/// The trait of functions that give no float below 0, nor -0; NaN is allowed.
template <typename OpT> class NonNegative : public mlir::OpTrait::TraitBase<OpT, NonNegative> {};
/// The trait of ops whose kernels call services of the runtime: no constants are computed of them when a model is
/// compiled.
template <typename OpT> class CallsRuntime : public mlir::OpTrait::TraitBase<OpT, CallsRuntime> {};
/// The trait of functions for which an integer 0 as the second operand is an error of the run.
template <typename OpT> class DividesBySecond : public mlir::OpTrait::TraitBase<OpT, DividesBySecond> {};
} // namespace cameo

#include "cameo/Dialect/Cameo/CameoDialect.h.inc"
#include "cameo/Dialect/Cameo/CameoInterfaces.h.inc"

#define GET_TYPEDEF_CLASSES
#include "cameo/Dialect/Cameo/CameoTypes.h.inc"

#include "cameo/Dialect/Cameo/Ops.h.inc"

namespace cameo {

/// Stands for result types until finishOp has computed them.
mlir::Type placeholderType(mlir::MLIRContext *context);

/// Creates an op with one result whose type its shape function computes; the arguments are those of the generated
/// builder after the result type. Null (and an error emitted at `loc`) when the operands do not fit.
template <typename OpT, typename... Args>
OpT createOp(mlir::OpBuilder &b, ShapeAnalysis &shapes, mlir::Location loc, Args &&...args) {
  OpT op = OpT::create(b, loc, placeholderType(b.getContext()), std::forward<Args>(args)...);
  return mlir::cast_or_null<OpT>(finishOp(shapes, op));
}

/// The same for an op with `numResults` results.
template <typename OpT, typename... Args>
OpT createOpWithResults(mlir::OpBuilder &b, ShapeAnalysis &shapes, mlir::Location loc, unsigned numResults,
                        Args &&...args) {
  llvm::SmallVector<mlir::Type> types(numResults, placeholderType(b.getContext()));
  OpT op = OpT::create(b, loc, mlir::TypeRange(types), std::forward<Args>(args)...);
  return mlir::cast_or_null<OpT>(finishOp(shapes, op));
}

/// Gives the function the result types of what it returns, which may know more sizes than before.
void followReturn(mlir::func::FuncOp function);

/// Names of the ONNX nodes that a location stands for, each once, in order.
llvm::SmallVector<llvm::StringRef> nodeNames(mlir::Location loc);

/// Creates a constant vector (rank 1) or scalar (rank 0) of 64-bit integers.
mlir::Value constantI64(mlir::OpBuilder &b, mlir::Location loc, llvm::ArrayRef<int64_t> values);
mlir::Value constantI64Scalar(mlir::OpBuilder &b, mlir::Location loc, int64_t value);

} // namespace cameo
#endif
