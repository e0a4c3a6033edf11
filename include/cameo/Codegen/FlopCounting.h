// FlopCounting.h - kernels that count the arithmetic they do, to hold the costs that ops claim against it.
#ifndef CAMEO_CODEGEN_FLOPCOUNTING_H
#define CAMEO_CODEGEN_FLOPCOUNTING_H

#include "mlir/IR/BuiltinOps.h"

namespace cameo::codegen {

/// Makes the kernel in `module` add to the exported variable `counter` (i64) each time it has done arithmetic on
/// floating-point numbers, by the rules of CostInterface::flops. What only decides or addresses (its results end in
/// integers or comparisons) is not counted. For naive loops on one thread: additions to the counter are not atomic.
void countFlops(mlir::ModuleOp module, llvm::StringRef counter);

} // namespace cameo::codegen
#endif
