// HostControlFlow.cpp - cameo.if and cameo.loop in the entry function: sizes and pointers handed on beside each other.
#include "HostEmitter.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::codegen;

/// Axes whose size is a symbol of the value itself: control flow hands them on beside the pointer.
SmallVector<int64_t> HostEmitter::ownAxes(Value value) {
  SmallVector<int64_t> axes;
  for (auto [axis, d] : llvm::enumerate(shapes.get(value).dims))
    if (d == shapes.dims().sizeOf(value, axis))
      axes.push_back(axis);
  return axes;
}

LogicalResult HostEmitter::emitIf(IfOp op) {
  auto condition = element(op.getCondition(), 0);
  if (failed(condition))
    return failure();
  SmallVector<Type> types;
  for (Value result : op.getResults()) {
    types.push_back(address());
    types.append(ownAxes(result).size(), i64());
  }
  auto branch = scf::IfOp::create(b, loc, types, compare(arith::CmpIPredicate::ne, *condition, number(0)), true);
  for (auto [region, target] : {std::pair(&op.getThenRegion(), &branch.getThenRegion()),
                                std::pair(&op.getElseRegion(), &branch.getElseRegion())}) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToEnd(&target->front());
    if (failed(emitBlock(region->front())))
      return failure();
    SmallVector<Value> yielded;
    for (auto [result, value] : llvm::zip(op.getResults(), region->front().getTerminator()->getOperands())) {
      auto p = pointer(value);
      if (failed(p))
        return failure();
      yielded.push_back(*p);
      for (int64_t axis : ownAxes(result)) {
        auto v = size(shapes.dim(value, axis));
        if (failed(v))
          return failure();
        yielded.push_back(*v);
      }
    }
    scf::YieldOp::create(b, loc, yielded);
  }
  unsigned next = 0;
  for (Value result : op.getResults()) {
    pointers.add(result, b.getInsertionBlock(), branch.getResult(next++));
    for (int64_t axis : ownAxes(result))
      knownSizes.add({result, axis}, b.getInsertionBlock(), branch.getResult(next++));
  }
  return success();
}

LogicalResult HostEmitter::emitLoop(LoopOp op) {
  Block &body = op.getBody().front();
  unsigned carried = op.getCarried().size(), collected = op.getNumResults() - carried;
  // Slots: two per carried value (an iteration reads one and writes the other), one per collected output.
  int64_t firstSlot = program.numSlots;
  program.numSlots += 2 * carried + collected;

  Value trip = number(INT64_MAX);
  if (op.getTripCount()) {
    auto v = element(op.getTripCount(), 0);
    if (failed(v))
      return failure();
    trip = *v;
  }
  Value goOn = arith::ConstantOp::create(b, loc, b.getBoolAttr(true));
  if (op.getCondition()) {
    auto v = element(op.getCondition(), 0);
    if (failed(v))
      return failure();
    goOn = compare(arith::CmpIPredicate::ne, *v, number(0));
  }
  SmallVector<Value> init{number(0), goOn};
  for (unsigned i = 0; i < carried; ++i) {
    auto p = pointer(op.getCarried()[i]);
    if (failed(p))
      return failure();
    init.push_back(*p);
    for (int64_t axis : ownAxes(body.getArgument(2 + i))) {
      auto v = size(shapes.dim(op.getCarried()[i], axis));
      if (failed(v))
        return failure();
      init.push_back(*v);
    }
  }
  for (unsigned i = 0; i < collected; ++i)
    for (int64_t axis : ownAxes(op.getResult(carried + i)))
      if (axis != 0)
        init.push_back(number(0));

  SmallVector<Type> types = llvm::map_to_vector(init, [](Value v) { return v.getType(); });
  SmallVector<Location> locs(types.size(), loc);
  auto loop = scf::WhileOp::create(b, loc, types, init);
  Block *before = b.createBlock(&loop.getBefore(), {}, types, locs);
  Value running = compare(arith::CmpIPredicate::slt, before->getArgument(0), trip);
  Value status = load(b, b.getI32Type(), call, offsetof(cameo_call, status));
  Value fine = compare(arith::CmpIPredicate::eq, status, arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(0)));
  running = arith::AndIOp::create(b, loc, arith::AndIOp::create(b, loc, running, before->getArgument(1)), fine);
  scf::ConditionOp::create(b, loc, running, before->getArguments());

  Block *after = b.createBlock(&loop.getAfter(), {}, types, locs);
  Value iteration = after->getArgument(0);
  auto [iterationPlace, conditionPlace] = loopCells[op];
  Value iterationCell = offsetBy(b, arena, iterationPlace), conditionCell = offsetBy(b, arena, conditionPlace);
  storeElement(iteration, iterationCell, 0);
  storeElement(arith::ExtUIOp::create(b, loc, b.getI8Type(), after->getArgument(1)), conditionCell, 0);
  pointers.add(body.getArgument(0), after, iterationCell);
  pointers.add(body.getArgument(1), after, conditionCell);
  unsigned next = 2;
  for (unsigned i = 0; i < carried; ++i) {
    BlockArgument a = body.getArgument(2 + i);
    pointers.add(a, after, after->getArgument(next++));
    for (int64_t axis : ownAxes(a))
      knownSizes.add({a, axis}, after, after->getArgument(next++));
  }
  Value mark = service(offsetof(cameo_services, mark), i64(), {});
  if (failed(emitBlock(body)))
    return failure();

  Operation *yield = body.getTerminator();
  auto keepGoing = element(yield->getOperand(0), 0);
  if (failed(keepGoing))
    return failure();
  SmallVector<Value> yielded{add(iteration, number(1)), compare(arith::CmpIPredicate::ne, *keepGoing, number(0))};
  Value parity = arith::AndIOp::create(b, loc, iteration, number(1));
  for (unsigned i = 0; i < carried; ++i) {
    Value value = yield->getOperand(1 + i);
    auto p = pointer(value);
    auto total = bytes(shapes.numElements(value), getElementTypeOrSelf(value.getType()));
    if (failed(p) || failed(total))
      return failure();
    Value slot = service(offsetof(cameo_services, slot), address(), {add(number(firstSlot + 2 * i), parity), *total});
    copy(slot, *p, *total);
    yielded.push_back(slot);
    for (int64_t axis : ownAxes(body.getArgument(2 + i))) {
      auto v = size(shapes.dim(value, axis));
      if (failed(v))
        return failure();
      yielded.push_back(*v);
    }
  }
  for (unsigned i = 0; i < collected; ++i) {
    Value value = yield->getOperand(1 + carried + i);
    auto p = pointer(value);
    auto total = bytes(shapes.numElements(value), getElementTypeOrSelf(value.getType()));
    if (failed(p) || failed(total))
      return failure();
    Value offset = mul(iteration, *total);
    Value slot =
        service(offsetof(cameo_services, slot), address(), {number(firstSlot + 2 * carried + i), add(offset, *total)});
    Value null = LLVM::ZeroOp::create(b, loc, address());
    Value missing = LLVM::ICmpOp::create(b, loc, LLVM::ICmpPredicate::eq, slot, null);
    copy(LLVM::SelectOp::create(b, loc, missing, null, offsetBy(slot, offset)), *p, *total);
    for (int64_t axis : ownAxes(op.getResult(carried + i)))
      if (axis != 0) {
        auto v = size(shapes.dim(value, axis - 1));
        if (failed(v))
          return failure();
        yielded.push_back(*v);
      }
  }
  service(offsetof(cameo_services, release), {}, {mark});
  scf::YieldOp::create(b, loc, yielded);

  b.setInsertionPointAfter(loop);
  Block *here = b.getInsertionBlock();
  next = 2;
  for (unsigned i = 0; i < carried; ++i) {
    pointers.add(op.getResult(i), here, loop.getResult(next++));
    SmallVector<int64_t> inner = ownAxes(body.getArgument(2 + i));
    for (int64_t axis : inner)
      knownSizes.add({op.getResult(i), axis}, here, loop.getResult(next++));
  }
  for (unsigned i = 0; i < collected; ++i) {
    Value result = op.getResult(carried + i);
    for (int64_t axis : ownAxes(result))
      knownSizes.add({result, axis}, here, axis == 0 ? loop.getResult(0) : loop.getResult(next++));
    auto total = bytes(shapes.numElements(result), getElementTypeOrSelf(result.getType()));
    if (failed(total))
      return failure();
    pointers.add(result, here,
                 service(offsetof(cameo_services, slot), address(), {number(firstSlot + 2 * carried + i), *total}));
  }
  return success();
}
