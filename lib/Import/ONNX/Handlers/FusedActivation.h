// FusedActivation.h - the activation that ONNX Runtime's fused nodes (FusedConv, FusedGemm) carry as an attribute.
#ifndef CAMEO_IMPORT_ONNX_HANDLERS_FUSEDACTIVATION_H
#define CAMEO_IMPORT_ONNX_HANDLERS_FUSEDACTIVATION_H

#include "cameo/Import/ONNX/OpBinder.h"

namespace cameo::onnx {

/// What the attributes `activation` and its parameters (`activation_params`, or `activation_alpha` and the like) say,
/// applied to x. Null on failure (reported), and where x is null.
mlir::Value fusedActivation(OpBinder &op, mlir::Value x);

} // namespace cameo::onnx
#endif
