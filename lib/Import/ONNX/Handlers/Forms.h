// Forms.h - how control flow hands on what is no tensor. A binding that the branches of an If or the iterations of a
// Loop give must consist of the same tensors whichever of them runs; its form says of which.
#ifndef CAMEO_IMPORT_ONNX_HANDLERS_FORMS_H
#define CAMEO_IMPORT_ONNX_HANDLERS_FORMS_H

#include "Ragged.h"

namespace cameo::onnx {

struct Form {
  enum class Kind { Nothing, Tensor, List, Ragged };

  Kind kind = Kind::Nothing;
  bool isOptional = false; ///< the run decides whether there is an element
  /// Of the tensor, or of each element of the list; what sizes differ are open.
  llvm::SmallVector<mlir::RankedTensorType> types;
  /// Of a ragged sequence.
  mlir::Type elementType;
  int64_t rank = 0;
  bool hasOneRank = true;

  bool operator==(const Form &other) const;
  /// The types of its parts, in the order of Binding::parts.
  llvm::SmallVector<mlir::Type> partTypes(mlir::MLIRContext *context) const;
  /// The binding of this form with these parts.
  Binding bind(mlir::ValueRange parts) const;
};

Form formOf(OpBinder &op, const Binding &binding);

/// The narrowest form that both can be converted to: lists of different lengths are ragged, what may be nothing is
/// optional. Nothing for tensors that differ in element type or rank, sequences that differ in element type, a tensor
/// and a sequence.
std::optional<Form> join(const Form &x, const Form &y);

/// The form of a list or ragged sequence as a ragged one; without element type when it is an empty list. Nothing when
/// the elements differ in type.
std::optional<Form> raggedForm(const Form &form);

/// The binding in a form that its own joins to, with the builder where its parts are needed. A part is null on failure
/// (reported).
Binding convert(OpBinder &op, const Binding &binding, const Form &form);

/// The parts of bindings in their forms, one behind the other. Errors are reported.
mlir::FailureOr<llvm::SmallVector<mlir::Value>> partsOf(OpBinder &op, llvm::ArrayRef<Binding> bindings,
                                                        llvm::ArrayRef<Form> forms);
/// The inverse; parts behind those that the forms ask for are not looked at.
llvm::SmallVector<Binding> bindingsOf(OpBinder &op, llvm::ArrayRef<Form> forms, mlir::ValueRange parts);

/// "a tensor of f32 and rank 2", for messages.
std::string describe(OpBinder &op, const Form &form);

} // namespace cameo::onnx
#endif
