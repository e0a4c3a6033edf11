// LoopOrder.cpp - see LoopOrder.h.
#include "LoopOrder.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;
using namespace cameo::codegen;

/// Columns whose values lie in the first-level cache beside what is read.
constexpr int64_t kColumns = 2048;
/// Rows that are read side by side.
constexpr int64_t kRows = 8;
/// Rows nearer to each other than a page are found by the processor's own prefetching.
constexpr int64_t kFarBytes = 4096;

/// Whether an access in the loop's body steps over rows.
static bool stepsOverRows(scf::ForOp loop) {
  bool result = false;
  auto look = [&](MemRefType type, ValueRange indices) {
    SmallVector<int64_t> strides;
    int64_t offset;
    if (failed(type.getStridesAndOffset(strides, offset)))
      return;
    for (auto [index, stride] : llvm::zip(indices, strides))
      if (index == loop.getInductionVar())
        result |= ShapedType::isDynamic(stride) || stride * type.getElementTypeBitWidth() / 8 >= kFarBytes;
  };
  for (Operation &op : *loop.getBody())
    if (auto load = dyn_cast<memref::LoadOp>(op))
      look(load.getMemRefType(), load.getIndices());
  return result;
}

/// The only loop in the body, where what precedes it has no effects and it carries values from outside.
static scf::ForOp carryingLoop(scf::ForOp loop) {
  scf::ForOp found;
  for (Operation &op : loop.getBody()->without_terminator()) {
    auto nested = dyn_cast<scf::ForOp>(op);
    if (nested ? bool(found) : op.getNumRegions() > 0 || (!found && !isMemoryEffectFree(&op)))
      return {};
    found = nested ? nested : found;
  }
  if (!found || found.getRegionIterArgs().empty())
    return {};
  auto isOutside = [&](Value v) { return loop.isDefinedOutsideOfLoop(v); };
  bool hasLoops = llvm::any_of(*found.getBody(), [](Operation &op) { return isa<LoopLikeOpInterface>(op); });
  // Vectors of i1 lie in memory bit by bit, which loops of other lanes would read otherwise.
  bool carriesBits = llvm::any_of(found.getRegionIterArgs(), [](Value v) { return v.getType().isInteger(1); });
  return !hasLoops && !carriesBits && llvm::all_of(found.getOperands(), isOutside) && stepsOverRows(found)
             ? found
             : scf::ForOp();
}

std::optional<SmallVector<scf::ForOp, 3>> cameo::codegen::walkRowsInOrder(scf::ForOp loop) {
  scf::ForOp rows = carryingLoop(loop);
  auto function = loop->getParentOfType<func::FuncOp>();
  if (!rows || !loop.getRegionIterArgs().empty() || getConstantIntValue(rows.getStep()) != 1)
    return std::nullopt;
  auto first = getConstantIntValue(rows.getLowerBound()), last = getConstantIntValue(rows.getUpperBound());
  if (first && last && *last - *first <= kRows)
    return std::nullopt;
  Location loc = loop.getLoc();
  OpBuilder top = OpBuilder::atBlockBegin(&function.front());
  SmallVector<Value> kept = llvm::map_to_vector(rows.getRegionIterArgs(), [&](Value v) -> Value {
    return memref::AllocaOp::create(top, loc, MemRefType::get({kColumns}, v.getType()));
  });

  OpBuilder b(loop);
  auto number = [&](OpBuilder &b, int64_t n) -> Value { return arith::ConstantIndexOp::create(b, loc, n); };
  auto end = [&](OpBuilder &b, Value begin, int64_t size, Value limit) -> Value {
    return arith::MinSIOp::create(b, loc, arith::AddIOp::create(b, loc, begin, number(b, size)), limit);
  };
  OpBuilder in = b;
  Value begin = loop.getLowerBound(), pieceEnd = loop.getUpperBound();
  auto low = getConstantIntValue(begin), high = getConstantIntValue(pieceEnd);
  if (!low || !high || *high - *low > kColumns) {
    auto pieces = scf::ForOp::create(b, loc, begin, pieceEnd, number(b, kColumns));
    in = OpBuilder::atBlockTerminator(pieces.getBody());
    begin = pieces.getInductionVar();
    pieceEnd = end(in, begin, kColumns, pieceEnd);
  }

  // A loop over the columns of a piece, which begins with what precedes the loop over rows.
  using Body = llvm::function_ref<void(OpBuilder &, Value place, IRMapping &)>;
  auto overColumns = [&](OpBuilder &b, Body body) {
    auto columns = scf::ForOp::create(b, loc, begin, pieceEnd, number(b, 1));
    OpBuilder in = OpBuilder::atBlockTerminator(columns.getBody());
    IRMapping map;
    map.map(loop.getInductionVar(), columns.getInductionVar());
    for (Operation &op : *loop.getBody()) {
      if (&op == rows)
        break;
      in.clone(op, map);
    }
    body(in, arith::SubIOp::create(in, loc, columns.getInductionVar(), begin), map);
    return columns;
  };
  SmallVector<scf::ForOp, 3> result;
  result.push_back(overColumns(in, [&](OpBuilder &b, Value place, IRMapping &) {
    for (auto [memref, init] : llvm::zip(kept, rows.getInitArgs()))
      memref::StoreOp::create(b, loc, init, memref, place);
  }));
  auto some = scf::ForOp::create(in, loc, rows.getLowerBound(), rows.getUpperBound(), number(in, kRows));
  OpBuilder inSome = OpBuilder::atBlockTerminator(some.getBody());
  bool isWhole = first && last && (*last - *first) % kRows == 0;
  Value someEnd = isWhole ? Value(arith::AddIOp::create(inSome, loc, some.getInductionVar(), number(inSome, kRows)))
                          : end(inSome, some.getInductionVar(), kRows, rows.getUpperBound());
  result.push_back(overColumns(inSome, [&](OpBuilder &b, Value place, IRMapping &map) {
    SmallVector<Value> carried =
        llvm::map_to_vector(kept, [&](Value memref) -> Value { return memref::LoadOp::create(b, loc, memref, place); });
    auto few = scf::ForOp::create(b, loc, some.getInductionVar(), someEnd, number(b, 1), carried);
    OpBuilder inFew = OpBuilder::atBlockEnd(few.getBody());
    map.map(rows.getInductionVar(), few.getInductionVar());
    map.map(rows.getRegionIterArgs(), few.getRegionIterArgs());
    for (Operation &op : *rows.getBody())
      inFew.clone(op, map);
    for (auto [memref, value] : llvm::zip(kept, few.getResults()))
      memref::StoreOp::create(b, loc, value, memref, place);
  }));
  result.push_back(overColumns(in, [&](OpBuilder &b, Value place, IRMapping &map) {
    for (auto [memref, value] : llvm::zip(kept, rows.getResults()))
      map.map(value, Value(memref::LoadOp::create(b, loc, memref, place)));
    for (Operation *op = rows->getNextNode(); op != loop.getBody()->getTerminator(); op = op->getNextNode())
      b.clone(*op, map);
  }));
  loop.erase();
  return result;
}
