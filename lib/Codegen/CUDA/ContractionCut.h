// ContractionCut.h - how a contraction is cut into blocks: the tile of C that a block computes, and how many blocks
// share the K of one. An estimate of the time chooses, from what a multiprocessor does in a cycle:
//
//   steps * max(a block alone, the blocks of the busiest multiprocessor, what all blocks read from the L2 cache)
//     + where blocks share K: a second launch, and the sums of the parts, written and read
//
// A block alone takes a step's products, its reads of shared memory, or the way of its copies, whichever is longest,
// and never less than the latency of what follows each other in a step. Where tiles are few, blocks that share K have
// fewer steps each; the same tiles read no more from the L2 cache, as smaller tiles would.
#ifndef LIB_CODEGEN_CUDA_CONTRACTIONCUT_H
#define LIB_CODEGEN_CUDA_CONTRACTIONCUT_H

#include "Atom.h"

namespace cameo::codegen {

struct ContractionCut {
  BlockTile tile;
  int64_t parts = 1; ///< of K
};

/// Null: only the run knows.
struct ContractionSizes {
  std::optional<int64_t> m, n, k, batch;
};

/// The cut for a problem of this size; nullopt where the chip has no atom for the factors. Sizes that only the run
/// knows are taken as large, the batch as one, and K is not shared then.
std::optional<ContractionCut> chooseCut(const PtxTarget &chip, const Factors &factors, const ContractionSizes &sizes);

} // namespace cameo::codegen
#endif
