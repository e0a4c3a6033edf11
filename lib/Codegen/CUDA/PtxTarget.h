// PtxTarget.h - an NVIDIA architecture as data: what LLVM calls it and what its chips offer.
#ifndef LIB_CODEGEN_CUDA_PTXTARGET_H
#define LIB_CODEGEN_CUDA_PTXTARGET_H

#include "llvm/ADT/StringRef.h"

namespace cameo::codegen {

struct PtxTarget {
  llvm::StringRef chip;     ///< "sm_90a"; code for names with a letter runs on no other chip
  unsigned version;         ///< of the PTX that is written: 80 for 8.0
  unsigned multiprocessors; ///< of a large chip of its kind
  unsigned multiplyAdds;    ///< of f32, that a multiprocessor begins in a cycle
  unsigned tensorProducts;  ///< of f16, that mma.sync takes from a multiprocessor in a cycle; wgmma takes twice as many
  unsigned maxSharedBytes;  ///< that a block may ask for
  bool hasBf16Conversions;  ///< cvt between bf16 and f32
  bool hasAsyncCopies;      ///< cp.async
  bool hasMma;              ///< mma.sync of 16 rows: f16, bf16, tf32 and bytes
  bool hasWgmma;            ///< wgmma.mma_async
  bool hasDependentLaunches; ///< griddepcontrol: blocks may be there before the launch they depend on has ended
  bool usesTf32 = false;     ///< multiplies f32 as tf32 where it can: as the user asks
};

/// Null where the name is not in the table; `known` is then what there is.
const PtxTarget *findPtxTarget(llvm::StringRef chip, std::string &known);

} // namespace cameo::codegen
#endif
