// MemoryPlan.cpp - intervals and greedy placement.
#include "cameo/Codegen/MemoryPlan.h"
#include "cameo/Runtime/KernelABI.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::codegen;

MemoryPlan::MemoryPlan(func::FuncOp main) {
  int64_t next = 0;
  std::function<void(Operation *)> number = [&](Operation *op) {
    int64_t begin = next++;
    if (!isa<KernelOp>(op)) // a kernel is one step
      for (Region &region : op->getRegions())
        for (Operation &inner : region.getOps())
          number(&inner);
    positions[op] = {begin, next++};
  };
  for (Operation &op : main.getBody().getOps())
    number(&op);
  endOfProgram = next;
}

/// End of the interval that a use of `value` by `user` asks for.
int64_t MemoryPlan::useInScope(Value value, Operation *user) {
  int64_t end = positions.lookup(user).second;
  Operation *home = value.getParentRegion()->getParentOp();
  for (Operation *op = user->getParentOp(); op && op != home; op = op->getParentOp())
    if (isa<LoopOp>(op))
      end = std::max(end, positions.lookup(op).second);
  return end;
}

int64_t MemoryPlan::lastUse(Value value) {
  if (auto it = lastUses.find(value); it != lastUses.end())
    return it->second;
  int64_t end = -1;
  for (OpOperand &use : value.getUses()) {
    Operation *user = use.getOwner();
    end = std::max(end, useInScope(value, user));
    if (isa<func::ReturnOp>(user)) {
      end = endOfProgram;
    } else if (isa<AliasInterface>(user) && use.getOperandNumber() == 0) {
      end = std::max(end, lastUse(user->getResult(0)));
    } else if (auto yield = dyn_cast<YieldOp>(user)) {
      Operation *parent = yield->getParentOp();
      if (isa<IfOp>(parent))
        end = std::max(end, lastUse(parent->getResult(use.getOperandNumber())));
      else
        end = std::max(end, positions.lookup(parent).second);
    } else if (auto loop = dyn_cast<LoopOp>(user)) {
      end = std::max(end, positions.lookup(loop).second);
      // With no iteration the result is the operand.
      for (auto [carried, result] : llvm::zip(loop.getCarried(), loop.getResults()))
        if (carried == value)
          end = std::max(end, lastUse(result));
    }
  }
  return lastUses[value] = end;
}

void MemoryPlan::addValue(Value value, int64_t bytes, bool toTheEnd) {
  auto [begin, own] = positions.lookup(value.getDefiningOp());
  values[value] = buffers.size();
  buffers.push_back({begin, toTheEnd ? endOfProgram : std::max(own, lastUse(value)), bytes, 0});
}

void MemoryPlan::addPart(Value whole, Value part) {
  auto it = values.find(whole);
  if (it == values.end())
    return; // not in the arena
  Buffer &buffer = buffers[it->second];
  buffer.begin = std::min(buffer.begin, positions.lookup(part.getDefiningOp()).first);
  buffer.end = std::max(buffer.end, lastUse(part));
}

void MemoryPlan::addTemporary(Operation *op, unsigned number, int64_t bytes) {
  auto [begin, end] = positions.lookup(op);
  temporaries[{op, number}] = buffers.size();
  buffers.push_back({begin, end, bytes, 0});
}

int64_t MemoryPlan::addPersistent(int64_t bytes) {
  int64_t offset = persistent;
  persistent = llvm::alignTo(persistent + bytes, CAMEO_BUFFER_ALIGN);
  return offset;
}

void MemoryPlan::place() {
  SmallVector<size_t> order = llvm::to_vector(llvm::seq<size_t>(0, buffers.size()));
  llvm::sort(order, [&](size_t a, size_t b) { return std::pair(-buffers[a].bytes, a) < std::pair(-buffers[b].bytes, b); });
  // Already placed buffers by offset.
  std::vector<size_t> placed;
  total = 0;
  for (size_t i : order) {
    Buffer &buffer = buffers[i];
    int64_t offset = 0;
    for (size_t other : placed) {
      const Buffer &o = buffers[other];
      if (o.end < buffer.begin || buffer.end < o.begin)
        continue;
      if (offset + buffer.bytes <= o.offset)
        break;
      offset = std::max<int64_t>(offset, llvm::alignTo(o.offset + o.bytes, CAMEO_BUFFER_ALIGN));
    }
    buffer.offset = offset;
    total = std::max<int64_t>(total, llvm::alignTo(offset + buffer.bytes, CAMEO_BUFFER_ALIGN));
    auto at = std::upper_bound(placed.begin(), placed.end(), i,
                               [&](size_t a, size_t b) { return buffers[a].offset < buffers[b].offset; });
    placed.insert(at, i);
  }
  total += persistent;
}

std::optional<int64_t> MemoryPlan::offset(Value value) const {
  auto it = values.find(value);
  return it == values.end() ? std::nullopt : std::optional(persistent + buffers[it->second].offset);
}

std::optional<int64_t> MemoryPlan::offset(Operation *op, unsigned number) const {
  auto it = temporaries.find({op, number});
  return it == temporaries.end() ? std::nullopt : std::optional(persistent + buffers[it->second].offset);
}
