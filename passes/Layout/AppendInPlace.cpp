// AppendInPlace.cpp - finds inputs that an output continues, whose memory may be one.
#include "cameo/Dialect/Cameo/Attributes.h"
#include "cameo/Dialect/Cameo/Cameo.h"
#include "cameo/Passes/Layout/Passes.h"
#include "cameo/Passes/Remarks.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace cameo {
#define GEN_PASS_DEF_APPENDINPLACEPASS
#include "cameo/Passes/Layout/Passes.h.inc"
} // namespace cameo

using namespace mlir;
using namespace cameo;

namespace {

struct AppendInPlace : public cameo::impl::AppendInPlacePassBase<AppendInPlace> {
  using AppendInPlacePassBase::AppendInPlacePassBase;

  void runOnOperation() override {
    func::FuncOp main = getOperation();
    if (main.isExternal())
      return;
    ShapeAnalysis shapes;
    auto ret = cast<func::ReturnOp>(main.getBody().front().getTerminator());
    for (auto [output, value] : llvm::enumerate(ret.getOperands())) {
      auto kernel = value.getDefiningOp<KernelOp>();
      auto concat = kernel ? appendTo(kernel) : ConcatOp();
      if (!concat)
        continue;
      auto past =
          dyn_cast<BlockArgument>(kernel.getInputs()[cast<BlockArgument>(concat.getInputs()[0]).getArgNumber()]);
      if (!past || past.getOwner() != &main.getBody().front() || isPacked(getElementTypeOrSelf(value)) ||
          isa<StringType>(getElementTypeOrSelf(value)))
        continue;
      if (std::string reason = problemOf(shapes, past, kernel, main); !reason.empty()) {
        left(getArgument(), kernel.getLoc(), "inputs continued in place") << "copies its first input: " + reason;
        continue;
      }
      int64_t axis = normalizeAxis(concat, concat.getAxis(), shapes.rank(value)).value_or(0);
      concat.setAxis(axis);
      kernel.setAppends(axis);
      main.setArgAttr(past.getArgNumber(), kCacheAttr, DenseI64ArrayAttr::get(&getContext(), {int64_t(output), axis}));
      changed(getArgument(), kernel.getLoc(), "inputs continued in place")
          << "writes only what is new where its first input and its result share memory";
    }
  }

private:
  /// The concatenation that `kernel` consists of, and whose first operand is an argument that nothing else in it reads.
  static ConcatOp appendTo(KernelOp kernel) {
    auto yield = cast<YieldOp>(kernel.getBody().front().getTerminator());
    auto concat = kernel.getNumResults() == 1 ? yield.getValues()[0].getDefiningOp<ConcatOp>() : ConcatOp();
    auto first = concat ? dyn_cast<BlockArgument>(concat.getInputs()[0]) : BlockArgument();
    return first && first.hasOneUse() ? concat : ConcatOp();
  }

  /// Why the memory of `past` and of the kernel's result cannot have room between rows; empty: it can.
  static std::string problemOf(ShapeAnalysis &shapes, Value past, KernelOp kernel, func::FuncOp main) {
    if (llvm::count_if(past.getUsers(), [](Operation *user) { return !isa<ShapeOfOp>(user); }) != 1)
      return "others read that too, and not by strides";
    Value result = kernel.getResult(0);
    if (llvm::count_if(result.getUses(), [](OpOperand &use) { return isa<func::ReturnOp>(use.getOwner()); }) != 1)
      return "its result is two outputs";
    return readersProblem(shapes, result, result, main);
  }

  /// The same of what reads `value`, a view of `result`.
  static std::string readersProblem(ShapeAnalysis &shapes, Value value, Value result, func::FuncOp main) {
    for (OpOperand &use : value.getUses()) {
      Operation *reader = use.getOwner();
      if (isa<func::ReturnOp, ShapeOfOp>(reader)) {
        if (isa<func::ReturnOp>(reader) && value != result)
          return "its result is an output in another shape";
        continue;
      }
      if (reader->getBlock() != &main.getBody().front())
        return "a branch or a loop reads its result";
      if (isa<AliasInterface>(reader)) {
        if (std::string problem = readersProblem(shapes, reader->getResult(0), result, main); !problem.empty())
          return problem;
        continue;
      }
      auto other = dyn_cast<KernelOp>(reader);
      if (!other || shapes.dimsOf(value) != shapes.dimsOf(result))
        return "its result is read in another shape";
      for (OpOperand &inner : other.getBody().front().getArgument(use.getOperandNumber()).getUses())
        if (auto op = dyn_cast<KernelInterface>(inner.getOwner()); !op || !op.readsStrided(inner.getOperandNumber()))
          return ("a " + inner.getOwner()->getName().stripDialect() + " reads its result, and not by strides").str();
    }
    return {};
  }
};

} // namespace
