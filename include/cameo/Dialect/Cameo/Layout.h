// Layout.h - permutations of a tensor's axes. A tensor permuted by p has the original's axis p[i] as its axis i, as in
// cameo.transpose; so channels-last is [0, 2, 3, 1] of [N, C, H, W].
#ifndef CAMEO_DIALECT_CAMEO_LAYOUT_H
#define CAMEO_DIALECT_CAMEO_LAYOUT_H

#include "cameo/Dialect/Cameo/Cameo.h"

namespace cameo {

/// [N, C, spatial..] -> [N, spatial.., C].
llvm::SmallVector<int64_t> channelsLastPermutation(int64_t rank);
llvm::SmallVector<int64_t> inversePermutation(llvm::ArrayRef<int64_t> permutation);
/// True when a permuted tensor has the same bytes: axes longer than 1 stay in order.
bool movesOnlyUnitAxes(llvm::ArrayRef<Dim> dims, llvm::ArrayRef<int64_t> permutation);

} // namespace cameo
#endif
