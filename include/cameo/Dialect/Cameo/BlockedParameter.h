// BlockedParameter.h - scales and zero points in blocks, as ops spread them over a tensor; widths of such weights.
#ifndef CAMEO_DIALECT_CAMEO_BLOCKEDPARAMETER_H
#define CAMEO_DIALECT_CAMEO_BLOCKEDPARAMETER_H

#include "mlir/IR/Value.h"
#include <optional>

namespace cameo {

class MatMulNBitsOp;

/// Bits of a weight: 8 where a row has as many bytes as all of its blocks have weights, else 4.
int64_t bitsOfWeights(MatMulNBitsOp op);

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
