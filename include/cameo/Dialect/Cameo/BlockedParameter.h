// BlockedParameter.h - scales and zero points of a tensor in blocks, as ops spread them over it.
#ifndef CAMEO_DIALECT_CAMEO_BLOCKEDPARAMETER_H
#define CAMEO_DIALECT_CAMEO_BLOCKEDPARAMETER_H

#include "mlir/IR/Value.h"
#include <optional>

namespace cameo {

/// Each element of `values` along `axis` counts for `block` elements of the tensor in a row.
struct BlockedParameter {
  mlir::Value values;
  int64_t axis, block;
};

/// What `v` spreads: slice? (reshape (expand (unsqueeze values))), as DequantizeLinear with a block_size is imported.
/// Nothing where it is computed in another way, or only the run knows `block`.
std::optional<BlockedParameter> blockedParameter(mlir::Value v);

} // namespace cameo
#endif
