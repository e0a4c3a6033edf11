// AbiType.h - element types as the runtime numbers them.
#ifndef CAMEO_PIPELINE_ABITYPE_H
#define CAMEO_PIPELINE_ABITYPE_H

#include "cameo/Runtime/KernelABI.h"
#include "mlir/IR/Types.h"

namespace cameo {

/// The number of an element type that the dialect has.
cameo_dtype abiType(mlir::Type elementType);

} // namespace cameo
#endif
