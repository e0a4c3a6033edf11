// ConcatInPlace.cpp - decides which kernels store where a concatenation wants what they compute (Placement.h).
#include "Anchors.h"
#include "cameo/Codegen/CPU/Passes.h"
#include "cameo/Codegen/HostProgram.h"
#include "cameo/Codegen/Placement.h"
#include "mlir/IR/Remarks.h"

namespace cameo::codegen {
#define GEN_PASS_DEF_CONCATINPLACEPASS
#include "cameo/Codegen/CPU/Passes.h.inc"
} // namespace cameo::codegen

using namespace mlir;
using namespace cameo;
using namespace cameo::codegen;

namespace {

/// Rows shorter than a vector are better copied than stored apart.
constexpr int64_t kLeastRow = 16;
/// Of a tensor; each concatenation that it is an operand of looks through all of them.
constexpr unsigned kMostReaders = 64;

class Planner {
public:
  Planner(StringRef pass, func::FuncOp main) : pass(pass), main(main) {}
  void run();

private:
  using Reason = std::string; ///< why not; empty: it may be

  void place(KernelOp kernel, ConcatOp concat);
  /// Of input `input`, which would lie at `place`.
  Reason problemOf(KernelOp kernel, int64_t input, int64_t axis, const Placement &place);
  Reason problemOfWriter(KernelOp writer);
  Reason problemOfReader(OpOperand &use);
  bool isKnownAtEntry(Dim size);

  StringRef pass;
  func::FuncOp main;
  ShapeAnalysis shapes;
  Placements placements{shapes};
};

} // namespace

/// Whether a size is one of the inputs', or made of those alone.
bool Planner::isKnownAtEntry(Dim size) {
  bool isKnown = true;
  forEachSymbol(size, [&](const DimAtom &symbol) {
    auto argument = dyn_cast<BlockArgument>(symbol.value);
    isKnown &= symbol.kind == AtomKind::SizeOf && argument && argument.getOwner() == &main.getBody().front();
  });
  return isKnown;
}

/// What keeps the kernel that computes a tensor from storing it with room between its rows.
Planner::Reason Planner::problemOfWriter(KernelOp writer) {
  for (Operation &op : writer.getBody().front().without_terminator())
    if (isa<IndexableInterface>(op) && tunedCodeOf(&op))
      return ("the " + op.getName().stripDialect() + " that computes it stores without room between rows").str();
  return {};
}

/// What keeps a reader of a tensor from reading it with room between its rows.
Planner::Reason Planner::problemOfReader(OpOperand &use) {
  Operation *reader = use.getOwner();
  if (isa<ShapeOfOp>(reader))
    return {};
  auto kernel = dyn_cast<KernelOp>(reader);
  if (!kernel)
    return isa<func::ReturnOp>(reader) ? "it is an output"
                                       : ("a " + reader->getName().stripDialect() + " reads it").str();
  for (OpOperand &inner : kernel.getBody().front().getArgument(use.getOperandNumber()).getUses()) {
    Operation *op = inner.getOwner();
    auto interface = dyn_cast<KernelInterface>(op);
    const TunedOp *tuned = tunedCodeOf(op);
    bool byStrides = !tuned || tuned->readsStrided() || (interface && interface.readsStrided(inner.getOperandNumber()));
    if (isa<AliasInterface>(op) || !byStrides)
      return ("the " + op->getName().stripDialect() + " that reads it takes it without room between rows").str();
  }
  return {};
}

Planner::Reason Planner::problemOf(KernelOp kernel, int64_t input, int64_t axis, const Placement &place) {
  Value part = kernel.getInputs()[input], whole = kernel.getResult(0);
  auto writer = part.getDefiningOp<KernelOp>();
  if (writer->getBlock() != kernel->getBlock())
    return "it is computed outside of a branch or a loop";
  if (part.hasNUsesOrMore(kMostReaders + 1))
    return "more than " + std::to_string(kMostReaders) + " read it";
  if (placements.find(part))
    return "it is part of another concatenation";
  if (!kernel.getBody().front().getArgument(input).hasOneUse())
    return "the kernel that joins it reads it in another way too";
  if (writer.getAppends())
    return "it is a cache";
  if (mayHoldSizes(part) || mayHoldSizes(whole) || isPacked(getElementTypeOrSelf(part)) ||
      isa<StringType>(getElementTypeOrSelf(part)))
    return "its elements are texts, sizes or smaller than a byte";
  ArrayRef<Dim> dims = shapes.dimsOf(part), wholeDims = shapes.dimsOf(whole);
  if (!llvm::all_of(llvm::concat<const Dim>(dims, wholeDims), [&](Dim d) { return isKnownAtEntry(d); }))
    return "its size is not known when it is computed";
  if (dims.take_front(axis) != wholeDims.take_front(axis) ||
      dims.drop_front(axis + 1) != wholeDims.drop_front(axis + 1))
    return "only the run knows whether its other sizes are those of the result";
  for (OpOperand &use : part.getUses())
    if (!isa<KernelOp, AliasInterface, ShapeOfOp, func::ReturnOp>(use.getOwner()))
      return "control flow takes it";
  if (isDense(dims, place.memory))
    return {};
  if (dims.drop_front().drop_back() != ArrayRef(place.memory).drop_front().drop_back() ||
      dims.back().constant().value_or(0) < kLeastRow)
    return "its elements would lie apart, not only its rows";
  if (Reason reason = problemOfWriter(writer); !reason.empty())
    return reason;
  for (OpOperand &use : part.getUses())
    if (Reason reason = problemOfReader(use); !reason.empty())
      return reason;
  return {};
}

void Planner::place(KernelOp kernel, ConcatOp concat) {
  auto options = remark::RemarkOpts::name("tensors joined in place").category(pass);
  int64_t axis = *normalizeAxis(concat, concat.getAxis(), shapes.rank(kernel.getResult(0))); // verified
  SmallVector<int64_t> placed;
  for (auto [operand, place] : llvm::zip(concat.getInputs(), placements.operandsOf(kernel))) {
    auto argument = dyn_cast<BlockArgument>(operand);
    Value part = argument ? kernel.getInputs()[argument.getArgNumber()] : Value();
    if (!part || !part.getDefiningOp<KernelOp>())
      continue;
    Reason reason = llvm::is_contained(kernel.getInputs().take_front(argument.getArgNumber()), part)
                        ? "it is an earlier operand too"
                        : problemOf(kernel, argument.getArgNumber(), axis, place);
    if (reason.empty())
      placed.push_back(argument.getArgNumber());
    else
      remark::missed(kernel.getLoc(), options)
          << "copies its operand " + std::to_string(argument.getArgNumber()) + ": " + reason;
  }
  if (placed.empty())
    return;
  kernel.setInPlace(placed);
  placements.add(kernel);
  remark::passed(kernel.getLoc(), options) << std::to_string(placed.size()) + " of " +
                                                  std::to_string(concat.getInputs().size()) +
                                                  " operands are stored where it wants them";
}

void Planner::run() {
  // Later ones first: where a result lies is known before its parts are looked at.
  main.walk([&](Block *block) {
    for (Operation &op : llvm::reverse(*block))
      if (auto kernel = dyn_cast<KernelOp>(op)) {
        kernel.removeInPlaceAttr();
        if (ConcatOp concat = concatOf(kernel))
          place(kernel, concat);
      }
  });
}

namespace {

struct ConcatInPlace : public cameo::codegen::impl::ConcatInPlacePassBase<ConcatInPlace> {
  using ConcatInPlacePassBase::ConcatInPlacePassBase;
  void runOnOperation() override { Planner(getArgument(), getOperation()).run(); }
};

} // namespace
