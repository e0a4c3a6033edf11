// FormKernels.cpp - wraps each op that computes in a cameo.kernel, the unit of code generation.
#include "Kernels.h"
#include "cameo/Passes/Fusion/Passes.h"

namespace cameo {
#define GEN_PASS_DEF_FORMKERNELSPASS
#include "cameo/Passes/Fusion/Passes.h.inc"
} // namespace cameo

using namespace mlir;
using namespace cameo;

namespace {

struct FormKernels : public cameo::impl::FormKernelsPassBase<FormKernels> {
  using FormKernelsPassBase::FormKernelsPassBase;

  void runOnOperation() override {
    SmallVector<Operation *> ops;
    ShapeAnalysis shapes;
    getOperation().walk<WalkOrder::PreOrder>([&](Operation *op) {
      if (isa<KernelOp>(op))
        return WalkResult::skip();
      if (needsKernel(shapes, op))
        ops.push_back(op);
      return WalkResult::advance();
    });
    for (Operation *op : llvm::reverse(ops)) {
      if (op->use_empty()) {
        op->erase();
        continue;
      }
      formKernel(op);
    }
  }
};

} // namespace
