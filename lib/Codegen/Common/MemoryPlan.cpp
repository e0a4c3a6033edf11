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
  buffers.push_back({begin, toTheEnd ? endOfProgram : std::max(own, lastUse(value)), bytes, /*isSized=*/false});
}

void MemoryPlan::addSized(Value value, int64_t bytes) {
  addValue(value, bytes, /*toTheEnd=*/false);
  buffers.back().isSized = true;
}

void MemoryPlan::addPart(Value whole, Value part) {
  auto it = values.find(whole);
  if (it == values.end())
    return; // has no place
  Buffer &buffer = buffers[it->second];
  buffer.begin = std::min(buffer.begin, positions.lookup(part.getDefiningOp()).first);
  buffer.end = std::max(buffer.end, lastUse(part));
}

void MemoryPlan::addTemporary(Operation *op, unsigned number, int64_t bytes) {
  auto [begin, end] = positions.lookup(op);
  temporaries[{op, number}] = buffers.size();
  buffers.push_back({begin, end, bytes, /*isSized=*/false});
}

void MemoryPlan::addSizedTemporary(Operation *op, unsigned number, int64_t bytes) {
  addTemporary(op, number, bytes);
  buffers.back().isSized = true;
}

int64_t MemoryPlan::addPersistent(int64_t bytes) {
  int64_t offset = persistent;
  persistent = llvm::alignTo(persistent + bytes, CAMEO_BUFFER_ALIGN);
  return offset;
}

void MemoryPlan::place() {
  placeInArena();
  placeInSlots();
}

void MemoryPlan::placeInArena() {
  SmallVector<size_t> order;
  for (size_t i = 0; i < buffers.size(); ++i)
    if (!buffers[i].isSized)
      order.push_back(i);
  llvm::sort(order,
             [&](size_t a, size_t b) { return std::pair(-buffers[a].bytes, a) < std::pair(-buffers[b].bytes, b); });
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
      if (offset + buffer.bytes <= o.place)
        break;
      offset = std::max<int64_t>(offset, llvm::alignTo(o.place + o.bytes, CAMEO_BUFFER_ALIGN));
    }
    buffer.place = offset;
    total = std::max<int64_t>(total, llvm::alignTo(offset + buffer.bytes, CAMEO_BUFFER_ALIGN));
    auto at = std::upper_bound(placed.begin(), placed.end(), i,
                               [&](size_t a, size_t b) { return buffers[a].place < buffers[b].place; });
    placed.insert(at, i);
  }
  total += persistent;
}

void MemoryPlan::placeInSlots() {
  struct Slot {
    int64_t end, bytes;
  };
  SmallVector<Slot> slots;
  SmallVector<Buffer *> order;
  for (Buffer &buffer : buffers)
    if (buffer.isSized)
      order.push_back(&buffer);
  llvm::sort(order, [](Buffer *a, Buffer *b) { return std::pair(a->begin, a) < std::pair(b->begin, b); });
  for (Buffer *buffer : order) {
    // The smallest that is large enough, else the largest.
    std::optional<size_t> best;
    for (auto [i, slot] : llvm::enumerate(slots)) {
      if (slot.end >= buffer->begin)
        continue;
      bool fits = slot.bytes >= buffer->bytes;
      if (!best || (fits ? slots[*best].bytes < buffer->bytes || slot.bytes < slots[*best].bytes
                         : slots[*best].bytes < slot.bytes))
        best = i;
    }
    buffer->place = best.value_or(slots.size());
    if (!best)
      slots.push_back({0, 0});
    Slot &slot = slots[buffer->place];
    slot = {buffer->end, std::max(slot.bytes, buffer->bytes)};
  }
}

const MemoryPlan::Buffer *MemoryPlan::find(Value value) const {
  auto it = values.find(value);
  return it == values.end() ? nullptr : &buffers[it->second];
}

const MemoryPlan::Buffer *MemoryPlan::find(Operation *op, unsigned number) const {
  auto it = temporaries.find({op, number});
  return it == temporaries.end() ? nullptr : &buffers[it->second];
}

std::optional<int64_t> MemoryPlan::offset(const Buffer *buffer) const {
  return buffer && !buffer->isSized ? std::optional(persistent + buffer->place) : std::nullopt;
}

std::optional<int64_t> MemoryPlan::slot(const Buffer *buffer) const {
  return buffer && buffer->isSized ? std::optional(buffer->place) : std::nullopt;
}

std::optional<int64_t> MemoryPlan::offset(Value value) const { return offset(find(value)); }
std::optional<int64_t> MemoryPlan::offset(Operation *op, unsigned number) const { return offset(find(op, number)); }
std::optional<int64_t> MemoryPlan::slot(Value value) const { return slot(find(value)); }
std::optional<int64_t> MemoryPlan::slot(Operation *op, unsigned number) const { return slot(find(op, number)); }
