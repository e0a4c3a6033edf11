// LoopVectorization.cpp - chooses the loops whose iterations become lanes, and rewrites them.
#include "cameo/Codegen/CPU/LoopVectorization.h"
#include "LoopBorders.h"
#include "LoopOrder.h"
#include "Shuffles.h"
#include "cameo/Codegen/CPU/Passes.h"
#include "cameo/Codegen/LoopReductions.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"

namespace cameo::codegen {
#define GEN_PASS_DEF_VECTORIZELOOPSPASS
#include "cameo/Codegen/CPU/Passes.h.inc"
} // namespace cameo::codegen

using namespace mlir;
using namespace cameo::codegen;

namespace {

/// A loop is made of vectors of `lanes` elements; `blocks` of them are handled per iteration.
class VectorLoopBuilder {
public:
  VectorLoopBuilder(const LaneAnalysis &analysis, int64_t lanes, int64_t blocks)
      : analysis(analysis), lanes(lanes), maxBlocks(blocks) {}

  /// Replaces a loop without carried values.
  void replaceParallel(scf::ForOp loop);
  /// Replaces the outermost loop of the nest.
  void replaceReduction(const ReductionNest &nest);

private:
  using Vectors = SmallVector<Value, 4>;

  /// The loop over full vectors, then the masked rest; `carried` are accumulators, `maxBlocks` vectors each.
  SmallVector<Vectors> buildLoop(OpBuilder &b, scf::ForOp loop, SmallVector<Vectors> carried);
  SmallVector<Vectors> buildNest(OpBuilder &b, const ReductionNest &nest, size_t depth, SmallVector<Vectors> carried);
  SmallVector<Vectors> buildPart(OpBuilder &b, scf::ForOp loop, Value from, Value to, bool masked,
                                 SmallVector<Vectors> carried);
  void buildBlock(OpBuilder &b, Block &block, const Vectors &masks);
  void buildFor(OpBuilder &b, scf::ForOp loop, const Vectors &masks);
  void buildUniformIf(OpBuilder &b, scf::IfOp branch, const Vectors &masks);
  void buildVaryingIf(OpBuilder &b, scf::IfOp branch, const Vectors &masks);
  void buildLoad(OpBuilder &b, memref::LoadOp load, const Vectors &masks);
  void buildStore(OpBuilder &b, memref::StoreOp store, const Vectors &masks);
  void buildElementwise(OpBuilder &b, Operation *op);

  bool isVarying(Value v) const { return analysis.of(v).kind == Lane::Varying; }
  Value scalar(Value v) const { return scalars.lookupOrDefault(v); }
  Value vectorOf(OpBuilder &b, Value v, int64_t block);
  SmallVector<Value> indicesOf(OpBuilder &b, Location loc, ValueRange indices, int64_t block);
  VectorType vectorType(Type element, int64_t width) const { return VectorType::get({width}, element); }
  VectorType vectorType(Type element) const { return vectorType(element, lanes); }
  /// Results (or carried values) of a rebuilt loop or branch: one scalar, or a vector per block.
  void flatten(OpBuilder &b, ValueRange sources, ValueRange like, SmallVectorImpl<Value> &flat);
  void unflatten(ValueRange like, ValueRange flat);

  const LaneAnalysis &analysis;
  int64_t lanes, maxBlocks;
  int64_t blocks = 1; ///< of the part being built
  IRMapping scalars;  ///< uniform values, and lane 0 of block 0 of linear ones
  DenseMap<Value, Vectors> vectors;
};

} // namespace

static Value constantIndexAt(OpBuilder &b, Location loc, int64_t value) {
  return arith::ConstantIndexOp::create(b, loc, value);
}

Value VectorLoopBuilder::vectorOf(OpBuilder &b, Value v, int64_t block) {
  if (isVarying(v))
    return vectors[v][block];
  Location loc = v.getLoc();
  Value base = scalar(v);
  VectorType type = vectorType(base.getType());
  Lane lane = analysis.of(v);
  if (lane.kind == Lane::Uniform)
    return vector::BroadcastOp::create(b, loc, type, base);
  SmallVector<int64_t> offsets;
  for (int64_t i = 0; i < lanes; ++i)
    offsets.push_back((block * lanes + i) * lane.step);
  Value steps = arith::ConstantOp::create(
      b, loc, DenseElementsAttr::get(type, llvm::map_to_vector(offsets, [&](int64_t i) {
                                       return Attribute(b.getIntegerAttr(type.getElementType(), i));
                                     })));
  return arith::AddIOp::create(b, loc, vector::BroadcastOp::create(b, loc, type, base), steps);
}

/// Indices of the first lane of a block.
SmallVector<Value> VectorLoopBuilder::indicesOf(OpBuilder &b, Location loc, ValueRange indices, int64_t block) {
  return llvm::map_to_vector(indices, [&](Value index) -> Value {
    int64_t step = analysis.of(index).step;
    if (block == 0 || step == 0)
      return scalar(index);
    return arith::AddIOp::create(b, loc, scalar(index), constantIndexAt(b, loc, block * lanes * step));
  });
}

/// Lanes `step` elements apart: the vectors that hold all of these elements, the last of which ends with the last
/// lane's, and a shuffle.
void VectorLoopBuilder::buildLoad(OpBuilder &b, memref::LoadOp load, const Vectors &masks) {
  Vectors result;
  Location loc = load.getLoc();
  VectorType type = vectorType(load.getType());
  int64_t step = analysis.stepOf(load);
  // The last part ends with the last lane's element, and no other goes beyond.
  auto beginOf = [&](int64_t part) { return std::min(part * lanes, (lanes - 1) * (step - 1)); };
  for (int64_t block = 0; block < blocks; ++block) {
    Vectors parts;
    for (int64_t part = 0; part < step; ++part) {
      SmallVector<Value> at = indicesOf(b, loc, load.getIndices(), block);
      if (part > 0)
        at.back() = arith::AddIOp::create(b, loc, at.back(), constantIndexAt(b, loc, beginOf(part)));
      if (masks.empty()) {
        parts.push_back(vector::LoadOp::create(b, loc, type, load.getMemRef(), at));
        continue;
      }
      Value mask = masks[block];
      if (step > 1) {
        Value none = arith::ConstantOp::create(b, loc, DenseElementsAttr::get(vectorType(b.getI1Type()), false));
        mask = pickElements(b, loc, {mask, none}, [&](int64_t lane) {
          int64_t element = beginOf(part) + lane;
          return element % step == 0 ? element / step : lanes;
        });
      }
      parts.push_back(vector::MaskedLoadOp::create(b, loc, type, load.getMemRef(), at, mask,
                                                   arith::ConstantOp::create(b, loc, b.getZeroAttr(type))));
    }
    result.push_back(step == 1 ? parts[0] : pickElements(b, loc, parts, [&](int64_t lane) {
      int64_t element = lane * step, part = 0;
      while (element >= beginOf(part) + lanes)
        ++part;
      return part * lanes + element - beginOf(part);
    }));
  }
  vectors[load.getResult()] = std::move(result);
}

void VectorLoopBuilder::buildStore(OpBuilder &b, memref::StoreOp store, const Vectors &masks) {
  for (int64_t block = 0; block < blocks; ++block) {
    SmallVector<Value> at = indicesOf(b, store.getLoc(), store.getIndices(), block);
    Value value = vectorOf(b, store.getValue(), block);
    if (masks.empty())
      vector::StoreOp::create(b, store.getLoc(), value, store.getMemRef(), at);
    else
      vector::MaskedStoreOp::create(b, store.getLoc(), store.getMemRef(), at, masks[block], value);
  }
}

void VectorLoopBuilder::buildElementwise(OpBuilder &b, Operation *op) {
  Vectors result;
  for (int64_t block = 0; block < blocks; ++block) {
    SmallVector<Value> operands =
        llvm::map_to_vector(op->getOperands(), [&](Value v) { return vectorOf(b, v, block); });
    OperationState state(op->getLoc(), op->getName(), operands, vectorType(op->getResult(0).getType()), op->getAttrs());
    result.push_back(b.create(state)->getResult(0));
  }
  vectors[op->getResult(0)] = std::move(result);
}

void VectorLoopBuilder::flatten(OpBuilder &b, ValueRange sources, ValueRange like, SmallVectorImpl<Value> &flat) {
  for (auto [source, l] : llvm::zip(sources, like)) {
    if (!isVarying(l))
      flat.push_back(scalar(source));
    else
      for (int64_t block = 0; block < blocks; ++block)
        flat.push_back(vectorOf(b, source, block));
  }
}

void VectorLoopBuilder::unflatten(ValueRange like, ValueRange flat) {
  for (Value l : like) {
    unsigned count = isVarying(l) ? blocks : 1;
    if (isVarying(l))
      vectors[l] = Vectors(flat.take_front(count));
    else
      scalars.map(l, flat.front());
    flat = flat.drop_front(count);
  }
}

void VectorLoopBuilder::buildFor(OpBuilder &b, scf::ForOp loop, const Vectors &masks) {
  SmallVector<Value> init;
  flatten(b, loop.getInitArgs(), loop.getRegionIterArgs(), init);
  auto built = scf::ForOp::create(b, loop.getLoc(), scalar(loop.getLowerBound()), scalar(loop.getUpperBound()),
                                  scalar(loop.getStep()), init);
  scalars.map(loop.getInductionVar(), built.getInductionVar());
  unflatten(loop.getRegionIterArgs(), built.getRegionIterArgs());
  OpBuilder inside = OpBuilder::atBlockBegin(built.getBody());
  buildBlock(inside, *loop.getBody(), masks);
  if (!init.empty()) {
    SmallVector<Value> yielded;
    flatten(inside, cast<scf::YieldOp>(loop.getBody()->getTerminator()).getOperands(), loop.getRegionIterArgs(),
            yielded);
    scf::YieldOp::create(inside, loop.getLoc(), yielded);
  }
  unflatten(loop.getResults(), built.getResults());
}

void VectorLoopBuilder::buildUniformIf(OpBuilder &b, scf::IfOp branch, const Vectors &masks) {
  SmallVector<Type> types;
  for (Value result : branch.getResults())
    if (isVarying(result))
      types.append(blocks, vectorType(result.getType()));
    else
      types.push_back(result.getType());
  auto built =
      scf::IfOp::create(b, branch.getLoc(), types, scalar(branch.getCondition()), branch.elseBlock() != nullptr);
  for (auto [from, to] : {std::pair{branch.thenBlock(), built.thenBlock()}, {branch.elseBlock(), built.elseBlock()}}) {
    if (!from)
      continue;
    OpBuilder inside = OpBuilder::atBlockBegin(to);
    buildBlock(inside, *from, masks);
    if (!types.empty()) {
      SmallVector<Value> yielded;
      flatten(inside, from->getTerminator()->getOperands(), branch.getResults(), yielded);
      scf::YieldOp::create(inside, branch.getLoc(), yielded);
    }
  }
  unflatten(branch.getResults(), built.getResults());
}

/// Both branches run, each for its lanes.
void VectorLoopBuilder::buildVaryingIf(OpBuilder &b, scf::IfOp branch, const Vectors &masks) {
  Location loc = branch.getLoc();
  Vectors conditions, thenMasks, elseMasks;
  for (int64_t block = 0; block < blocks; ++block) {
    Value condition = vectorOf(b, branch.getCondition(), block);
    Value all = arith::ConstantOp::create(b, loc, DenseElementsAttr::get(vectorType(b.getI1Type()), true));
    Value other = arith::XOrIOp::create(b, loc, condition, all);
    conditions.push_back(condition);
    thenMasks.push_back(masks.empty() ? condition : Value(arith::AndIOp::create(b, loc, condition, masks[block])));
    elseMasks.push_back(masks.empty() ? other : Value(arith::AndIOp::create(b, loc, other, masks[block])));
  }
  buildBlock(b, *branch.thenBlock(), thenMasks);
  if (branch.elseBlock())
    buildBlock(b, *branch.elseBlock(), elseMasks);
  for (auto [i, result] : llvm::enumerate(branch.getResults())) {
    Vectors selected;
    for (int64_t block = 0; block < blocks; ++block)
      selected.push_back(arith::SelectOp::create(b, loc, conditions[block],
                                                 vectorOf(b, branch.thenYield().getOperand(i), block),
                                                 vectorOf(b, branch.elseYield().getOperand(i), block)));
    vectors[result] = std::move(selected);
  }
}

void VectorLoopBuilder::buildBlock(OpBuilder &b, Block &block, const Vectors &masks) {
  for (Operation &op : block.without_terminator()) {
    if (auto loop = dyn_cast<scf::ForOp>(op))
      buildFor(b, loop, masks);
    else if (auto branch = dyn_cast<scf::IfOp>(op))
      isVarying(branch.getCondition()) || analysis.of(branch.getCondition()).kind == Lane::Linear
          ? buildVaryingIf(b, branch, masks)
          : buildUniformIf(b, branch, masks);
    else if (auto store = dyn_cast<memref::StoreOp>(op))
      buildStore(b, store, masks);
    else if (op.getNumResults() == 0 || !isVarying(op.getResult(0)))
      b.clone(op, scalars); // uniform, or an index of lane 0
    else if (auto load = dyn_cast<memref::LoadOp>(op))
      buildLoad(b, load, masks);
    else
      buildElementwise(b, &op);
  }
}

auto VectorLoopBuilder::buildPart(OpBuilder &b, scf::ForOp loop, Value from, Value to, bool masked,
                                  SmallVector<Vectors> carried) -> SmallVector<Vectors> {
  Location loc = loop.getLoc();
  blocks = masked ? 1 : maxBlocks;
  SmallVector<Value> init;
  for (const Vectors &v : carried)
    init.append(v.begin(), v.begin() + blocks);
  auto built = scf::ForOp::create(b, loc, from, to, constantIndexAt(b, loc, blocks * lanes), init);
  OpBuilder inside = OpBuilder::atBlockBegin(built.getBody());
  scalars.map(loop.getInductionVar(), built.getInductionVar());
  unflatten(loop.getRegionIterArgs(), built.getRegionIterArgs());
  Vectors masks;
  if (masked) {
    Value left = arith::SubIOp::create(inside, loc, to, built.getInductionVar());
    Value numbers =
        arith::ConstantOp::create(inside, loc,
                                  DenseIntElementsAttr::get(vectorType(b.getI32Type()),
                                                            llvm::to_vector_of<int32_t>(llvm::seq<int64_t>(0, lanes))));
    left = arith::IndexCastOp::create(inside, loc, b.getI32Type(), left); // fewer than the lanes of a part
    left = vector::BroadcastOp::create(inside, loc, vectorType(b.getI32Type()), left);
    masks.push_back(arith::CmpIOp::create(inside, loc, arith::CmpIPredicate::slt, numbers, left));
  }
  buildBlock(inside, *loop.getBody(), masks);
  if (!init.empty()) {
    SmallVector<Value> yielded;
    flatten(inside, cast<scf::YieldOp>(loop.getBody()->getTerminator()).getOperands(), loop.getRegionIterArgs(),
            yielded);
    if (masked)
      for (auto [value, old] : llvm::zip(yielded, built.getRegionIterArgs()))
        value = arith::SelectOp::create(inside, loc, masks[0], value, old);
    scf::YieldOp::create(inside, loc, yielded);
  }
  ValueRange results = built.getResults();
  for (Vectors &v : carried) {
    llvm::copy(results.take_front(blocks), v.begin());
    results = results.drop_front(blocks);
  }
  return carried;
}

auto VectorLoopBuilder::buildLoop(OpBuilder &b, scf::ForOp loop, SmallVector<Vectors> carried) -> SmallVector<Vectors> {
  Location loc = loop.getLoc();
  Value from = scalar(loop.getLowerBound()), to = scalar(loop.getUpperBound()), middle = to;
  auto low = getConstantIntValue(loop.getLowerBound()), high = getConstantIntValue(loop.getUpperBound());
  int64_t chunk = maxBlocks * lanes;
  bool hasRest = true;
  if (low && high) {
    int64_t full = std::max<int64_t>(0, *high - *low) / chunk * chunk;
    hasRest = full < *high - *low;
    middle = constantIndexAt(b, loc, *low + full);
    if (full == 0)
      middle = from;
  } else {
    Value size = arith::MaxSIOp::create(b, loc, arith::SubIOp::create(b, loc, to, from), constantIndexAt(b, loc, 0));
    Value rest = arith::AndIOp::create(b, loc, size, constantIndexAt(b, loc, chunk - 1));
    middle = arith::AddIOp::create(b, loc, from, arith::SubIOp::create(b, loc, size, rest));
  }
  if (middle != from)
    carried = buildPart(b, loop, from, middle, false, std::move(carried));
  if (hasRest)
    carried = buildPart(b, loop, middle, to, true, std::move(carried));
  blocks = maxBlocks;
  return carried;
}

void VectorLoopBuilder::replaceParallel(scf::ForOp loop) {
  OpBuilder b(loop);
  buildLoop(b, loop, {});
  loop.erase();
}

auto VectorLoopBuilder::buildNest(OpBuilder &b, const ReductionNest &nest, size_t depth, SmallVector<Vectors> carried)
    -> SmallVector<Vectors> {
  scf::ForOp loop = nest.loops[depth];
  if (depth + 1 == nest.loops.size())
    return buildLoop(b, loop, std::move(carried));
  SmallVector<Value> flat;
  for (const Vectors &v : carried)
    llvm::append_range(flat, v);
  auto built = scf::ForOp::create(b, loop.getLoc(), scalar(loop.getLowerBound()), scalar(loop.getUpperBound()),
                                  scalar(loop.getStep()), flat);
  scalars.map(loop.getInductionVar(), built.getInductionVar());
  OpBuilder inside = OpBuilder::atBlockBegin(built.getBody());
  auto distribute = [&](ValueRange values) {
    for (Vectors &v : carried)
      for (Value &block : v) {
        block = values.front();
        values = values.drop_front();
      }
  };
  distribute(built.getRegionIterArgs());
  for (Operation &op : loop.getBody()->without_terminator())
    if (&op == nest.loops[depth + 1])
      carried = buildNest(inside, nest, depth + 1, std::move(carried));
    else
      inside.clone(op, scalars);
  flat.clear();
  for (const Vectors &v : carried)
    llvm::append_range(flat, v);
  scf::YieldOp::create(inside, loop.getLoc(), flat);
  distribute(built.getResults());
  return carried;
}

void VectorLoopBuilder::replaceReduction(const ReductionNest &nest) {
  scf::ForOp root = nest.loops.front();
  OpBuilder b(root);
  Location loc = root.getLoc();
  blocks = maxBlocks;
  SmallVector<Vectors> carried;
  for (const Accumulator &a : nest.accumulators) {
    Value neutral = arith::ConstantOp::create(
        b, loc, DenseElementsAttr::get(vectorType(a.neutral.getType()), Attribute(a.neutral)));
    carried.push_back(Vectors(maxBlocks, neutral));
  }
  carried = buildNest(b, nest, 0, std::move(carried));
  // A tree of halves: first the vectors of a block, then the lanes.
  for (auto [accumulator, parts, init, result] :
       llvm::zip(nest.accumulators, carried, root.getInitArgs(), root.getResults())) {
    for (size_t count = parts.size(); count > 1; count /= 2)
      for (size_t i = 0; i < count / 2; ++i)
        parts[i] = combine(b, accumulator.combiner, parts[i], parts[i + count / 2]);
    Value vector = parts[0];
    for (int64_t width = lanes / 2; width >= 1; width /= 2) {
      SmallVector<int64_t> low = llvm::to_vector(llvm::seq<int64_t>(0, width));
      SmallVector<int64_t> high = llvm::to_vector(llvm::seq<int64_t>(width, 2 * width));
      vector = combine(b, accumulator.combiner, vector::ShuffleOp::create(b, loc, vector, vector, low),
                       vector::ShuffleOp::create(b, loc, vector, vector, high));
    }
    Value total = vector::ExtractOp::create(b, loc, vector, ArrayRef<int64_t>{0});
    result.replaceAllUsesWith(combine(b, accumulator.combiner, init, total));
  }
  root.erase();
}

// ---- choice

/// An upper bound of an index, and a lower one, where they are plain.
static int64_t upperBound(Value v);
static int64_t lowerBound(Value v) {
  if (auto c = getConstantIntValue(v))
    return *c;
  if (auto max = v.getDefiningOp<arith::MaxSIOp>())
    return std::max(lowerBound(max.getLhs()), lowerBound(max.getRhs()));
  return std::numeric_limits<int32_t>::min();
}
static int64_t upperBound(Value v) {
  if (auto c = getConstantIntValue(v))
    return *c;
  if (auto min = v.getDefiningOp<arith::MinSIOp>())
    return std::min(upperBound(min.getLhs()), upperBound(min.getRhs()));
  if (auto sub = v.getDefiningOp<arith::SubIOp>())
    return upperBound(sub.getLhs()) - lowerBound(sub.getRhs());
  return std::numeric_limits<int32_t>::max();
}

static int64_t maxIterations(scf::ForOp loop) {
  return upperBound(loop.getUpperBound()) - lowerBound(loop.getLowerBound());
}

static SmallVector<scf::ForOp> innermostLoops(Operation *op) {
  SmallVector<scf::ForOp> result;
  op->walk([&](scf::ForOp loop) {
    bool hasInner = false;
    loop.getBody()->walk([&](LoopLikeOpInterface) { hasInner = true; });
    if (!hasInner)
      result.push_back(loop);
  });
  return result;
}

namespace {

/// Vectors of each row, where rows are read side by side: each is followed by its next elements soon.
constexpr int64_t kBlocksOfRows = 2;

/// How else than usual a loop's vectors may be.
struct VectorForm {
  bool narrow = false; ///< shorter than registers, down to 8 lanes
  int64_t mostBlocks = std::numeric_limits<int64_t>::max();
};

class LoopVectorizer {
public:
  explicit LoopVectorizer(int64_t vectorBytes) : vectorBytes(vectorBytes) {}

  /// Vectorises `loop`, or loops in it.
  void run(scf::ForOp loop) {
    SmallVector<scf::ForOp> inner = innermostLoops(loop);
    if (llvm::all_of(inner, [&](scf::ForOp l) { return vectorize(l, /*dryRun=*/true); })) {
      for (scf::ForOp l : inner)
        vectorize(l, /*dryRun=*/false);
      return;
    }
    if (!llvm::is_contained(inner, loop) && vectorize(loop, /*dryRun=*/true)) {
      auto parts = walkRowsInOrder(loop);
      if (!parts)
        vectorize(loop, /*dryRun=*/false);
      for (scf::ForOp l : parts.value_or(SmallVector<scf::ForOp, 3>()))
        vectorize(l, /*dryRun=*/false, {.mostBlocks = kBlocksOfRows});
      return;
    }
    SmallVector<scf::ForOp> nested;
    loop.getBody()->walk<WalkOrder::PreOrder>([&](scf::ForOp l) {
      nested.push_back(l);
      return WalkResult::skip();
    });
    for (scf::ForOp l : nested)
      run(l);
    if (nested.empty())
      vectorize(loop, /*dryRun=*/false, {.narrow = true});
  }

private:
  bool vectorize(scf::ForOp loop, bool dryRun, VectorForm form = {}) {
    bool reduction = !loop.getRegionIterArgs().empty();
    std::optional<ReductionNest> nest;
    if (reduction && !(nest = reductionNest(loop)))
      return false;
    if (!loop.getInductionVar().getType().isIndex() || getConstantIntValue(loop.getStep()) != 1)
      return false;
    LaneAnalysis analysis(loop, reduction);
    int64_t lanes = vectorBytes * 8 / analysis.widestElement(), iterations = maxIterations(loop);
    while (form.narrow && !reduction && lanes > 8 && 2 * iterations < lanes)
      lanes /= 2;
    // Half-filled vectors still pay; emptier ones rarely do.
    if (!analysis.refusal().empty() || 2 * iterations < lanes)
      return false;
    if (dryRun)
      return true;
    // Independent chains hide the latency of an add; wide pieces of rows please the caches; short bodies amortise the
    // loop. Long bodies need the registers for their constants.
    bool isLong = analysis.numOps() > 8;
    int64_t limit = isLong ? 1 : 4, blocks = 1;
    if (reduction)
      limit = isLong ? 2 : 4;
    else if (analysis.numCarried())
      limit = (isLong ? 8 : 16) / analysis.numCarried();
    limit = std::min(limit, form.mostBlocks);
    while (2 * blocks <= limit && 2 * blocks * lanes <= iterations)
      blocks *= 2;
    VectorLoopBuilder builder(analysis, lanes, blocks);
    if (reduction)
      builder.replaceReduction(*nest);
    else
      builder.replaceParallel(loop);
    return true;
  }

  int64_t vectorBytes;
};

struct VectorizeLoops : public cameo::codegen::impl::VectorizeLoopsPassBase<VectorizeLoops> {
  using VectorizeLoopsPassBase::VectorizeLoopsPassBase;
  void runOnOperation() override { vectorizeLoops(getOperation(), vectorBytes); }
};

} // namespace

void cameo::codegen::vectorizeLoops(func::FuncOp function, int64_t vectorBytes) {
  splitBorders(function);
  SmallVector<scf::ForOp> outermost;
  function.walk<WalkOrder::PreOrder>([&](scf::ForOp loop) {
    outermost.push_back(loop);
    return WalkResult::skip();
  });
  for (scf::ForOp loop : outermost)
    LoopVectorizer(vectorBytes).run(loop);
}
