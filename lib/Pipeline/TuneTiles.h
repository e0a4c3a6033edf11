// TuneTiles.h - tiles by measurement, in place of the model's choice.
#ifndef LIB_PIPELINE_TUNETILES_H
#define LIB_PIPELINE_TUNETILES_H

#include "cameo/Pipeline/CompileOptions.h"
#include "mlir/Pass/Pass.h"

namespace cameo {

/// "cameo-tune-tiles". Before: `cameo.kernel(%x, %w) { cameo.matmul }`. After: the same with an entry in `config` for
/// this machine's CPU, as cameo-choose-tiles writes them: of the tiles that the model expects most of (`options.tune`),
/// the one with which the kernel, alone and on one thread, was fastest; the model's choice where no other was faster by
/// 3 %. What `options.tuneDatabase` has is not measured again. Kernels with sizes that only the run knows stay without,
/// and so do those that write into another tensor's memory. An error where this machine's CPU is not compiled for
/// (E-USAGE).
std::unique_ptr<mlir::Pass> createTuneTilesPass(const CompileOptions &options);

} // namespace cameo
#endif
