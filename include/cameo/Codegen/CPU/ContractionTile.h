// ContractionTile.h - how a contraction is cut into register tiles: the target's numbers in, a few numbers out.
//
// C[M,N] = A[M,K] * B[K,N] is computed by a micro-kernel that keeps `mr` rows times one panel of columns in vector
// registers and runs over K once. Columns are cut into panels of `nr`; the last one may be narrower. A packed B holds
// panel after panel, each [K][width of the panel], so that the micro-kernel reads it front to back.
//
//   N = 72, lanes = 16, nr = 64:
//     panel 0: columns 0..63 as vectors 16+16+16+16,  panel 1: columns 64..71 as one vector of 8
//
// Plain numbers only (no MLIR): the chooser, the compile-time packing and the emitters all agree through these
// structures, and one can write a tile by hand in a test.
#ifndef CAMEO_CODEGEN_CPU_CONTRACTIONTILE_H
#define CAMEO_CODEGEN_CPU_CONTRACTIONTILE_H

#include "llvm/ADT/SmallVector.h"
#include <cstdint>
#include <optional>

namespace cameo::codegen {

/// How a CPU level multiplies bytes: not at all, pairs of them widened to 16 bits, or four at once (see
/// ContractionArithmetic.h).
enum class ByteDots { None, Pairs, Quads };

/// What a CPU level offers. Vectors wider than `vectorBytes` are never emitted.
struct VectorTarget {
  int64_t vectorBytes = 16;
  int64_t numRegisters = 16;
  bool fusesAdd = false; ///< a product and its addition are one instruction
  ByteDots byteDots = ByteDots::None;
  bool bf16Dots = false; ///< multiplies pairs of bf16 and adds both to an f32
  int64_t l1Bytes = 32 << 10;
  int64_t l2Bytes = 1 << 20;

  static VectorTarget sse() { return {}; }
  static VectorTarget avx2() { return {32, 16, true, ByteDots::None, false, 32 << 10, 512 << 10}; }
  static VectorTarget avx512() { return {64, 32, true, ByteDots::None, false, 32 << 10, 1 << 20}; }

  int64_t lanes() const { return vectorBytes / 4; }
  /// Whether several steps of K with that many accumulators may be one piece of straight code: LLVM moves the loads of
  /// later steps up, and without FMA their products compete as well, so most registers must be free.
  bool canUnroll(int64_t accumulators) const { return fusesAdd && accumulators * 4 <= numRegisters; }
};

/// Stands for a size known only at run time.
constexpr int64_t kDynamicExtent = -1;

/// What the chooser needs to know. Sizes count elements; kDynamicExtent where unknown.
struct ContractionShape {
  int64_t m = kDynamicExtent;
  /// What an unknown M is a multiple of, and taken for: the pixels of one image. 0: nothing is known.
  int64_t mFactor = 0;
  int64_t n = kDynamicExtent;
  int64_t k = kDynamicExtent;
  /// Independent contractions of this shape (groups, batch).
  int64_t batch = 1;
  /// Distance between rows of A; a multiple of 4 KB makes rows collide in L1.
  int64_t lhsRowBytes = 0;
  /// Each row of A has its own pointer (convolution): general registers limit `mr` as well.
  bool indirectRows = false;
  /// Bit r: not those of r rows at a time, which lie at a constant distance.
  uint32_t directRows = 0;
  bool hasDirect(int64_t rows) const { return rows < 32 && (directRows >> rows & 1); }
  /// Elements of A are widened as they are read (f16, bf16), which takes a register more.
  bool widensLhs = false;
  /// Pairs of bf16 are multiplied: slower where each pair of A is for one vector.
  bool bf16Dots = false;
  /// Rows of A are summed on the side, which takes a register per row and one more.
  bool sumsRows = false;
  /// Set where Winograd's algorithm may compute it (ContractionWinograd.h): a convolution by `taps` planes of 3x3, its
  /// images, the size of their results, and the channels they have. Channels and taps are always known.
  struct Images {
    int64_t count, height, width, channels, taps = 1;
    /// The products' K.
    int64_t terms() const { return channels * taps; }
    bool areKnown() const { return count != kDynamicExtent && height != kDynamicExtent && width != kDynamicExtent; }
  };
  std::optional<Images> winograd;
  /// Set where B is constant with many rows of 16 columns that are all zeros: how many are not (ContractionSparse.h).
  std::optional<int64_t> sparseRows;
  /// Set where lanes may hold elements of K, f32 or pairs of bf16: A is contiguous along K, and so can B be.
  struct AlongK {
    int64_t steps;           ///< vectors of K, the last of each run filled up
    uint32_t directRows = 0; ///< as above
  };
  std::optional<AlongK> alongK;
};

/// The decision. `nr` is a multiple of `lanes` and `mBlock` of `mr`.
struct ContractionTile {
  int64_t mr = 1;     ///< rows of the register tile
  int64_t nr = 16;    ///< columns of a full panel
  int64_t lanes = 16; ///< elements of one vector
  int64_t tailMr = 1; ///< rows of the register tile in the last, narrower panel
  int64_t mBlock = 1; ///< rows that one parallel step takes: the unit of the iteration space, with one panel
  /// Panels vary slowest: for a big B and few rows. Otherwise blocks of rows do, and all panels pass over one block.
  bool panelOuter = true;
  /// Steps of K in one iteration of the inner loop.
  int64_t kUnroll = 1;
  /// Outputs along each side of a tile of Winograd's algorithm, 2 or 4; 0: the convolution as it stands. Rows are such
  /// tiles then, and mBlock is how many are transformed at a time.
  int64_t winograd = 0;
  /// 1: rows of 16 columns of B that are all zeros are skipped. mBlock is mr then, nr 16.
  int64_t sparse = 0;
  /// 1: lanes hold elements of K instead of columns, which are few. Each column has a vector of its own in the only
  /// panel, `nr` elements wide, and the lanes of the accumulators are added up at the end.
  int64_t alongK = 0;

  bool operator==(const ContractionTile &) const = default;
};

/// Vectors of panel `panel` (their lane counts), for static `n`: all `lanes` wide, but the last of the last panel may
/// be 4 or 8.
llvm::SmallVector<int64_t, 8> panelVectors(const ContractionTile &tile, int64_t n, int64_t panel);
/// Lanes of the vectors that hold the results of a panel: of panelVectors, or of one that takes all columns where lanes
/// hold elements of K.
llvm::SmallVector<int64_t, 8> resultVectors(const ContractionTile &tile, int64_t n, int64_t panel);
/// What canUnroll is asked for a tile of `rows` and a panel of `vectors`: accumulators, and the vectors of A and B that
/// LLVM loads ahead where lanes hold elements of K.
int64_t vectorsInRegisters(const ContractionTile &tile, int64_t rows, int64_t vectors);
/// Whether a tile with alongK = 1 fits the registers.
bool fitsAlongK(const VectorTarget &target, const ContractionTile &tile, int64_t n);
/// Columns of panel `panel` as stored, padding included.
int64_t panelWidth(const ContractionTile &tile, int64_t n, int64_t panel);
/// Number of panels for static `n`.
int64_t panelCount(const ContractionTile &tile, int64_t n);
/// Elements of a packed [K,N] operand, padding included; K counts vectors where lanes hold its elements.
int64_t packedRhsElements(const ContractionTile &tile, int64_t k, int64_t n);

/// The analytic model: the fewest vector cycles over all tiles that fit the registers, with padding, tails and fixed
/// costs counted; ties go to the tile with the least traffic on B. Winograd's algorithm is taken, and rows of zeros are
/// skipped, where that is faster and `shape` allows it.
ContractionTile chooseTile(const VectorTarget &target, const ContractionShape &shape);

/// Tiles that compute `shape`, for somebody who measures them: the model's choice, then all others that it knows with
/// the best in front, those with other blocks of rows included.
llvm::SmallVector<ContractionTile> candidateTiles(const VectorTarget &target, const ContractionShape &shape);

/// What the model expects of a tile, one thread, in slots: half cycles of a machine with one 512-bit multiply-add per
/// cycle.
double expectedSlots(const VectorTarget &target, const ContractionShape &shape, const ContractionTile &tile);

/// How Winograd's algorithm goes through a convolution: blocks of `tile.mBlock` tiles, and groups of panels. A parallel
/// step does a share of the blocks for one group, in scratch memory of its own: there are min(blocks, mostShares) *
/// groups.
struct WinogradPlan {
  int64_t tiles, blocks, steps; ///< of typical images where their number or size is unknown
  int64_t groups, mostShares;
  int64_t lhsRow;          ///< elements between rows of the transformed input
  int64_t inputElements;   ///< f32 of a block's transformed input
  int64_t scratchElements; ///< f32 per step: that, and the products of one panel
};
WinogradPlan planWinograd(const ContractionTile &tile, const ContractionShape &shape);

/// Work of one parallel step in multiply-adds, for the launch grain. Unknown sizes count as 1.
int64_t multiplyAddsPerStep(const ContractionTile &tile, const ContractionShape &shape);

} // namespace cameo::codegen
#endif
