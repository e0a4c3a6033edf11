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

/// Adds the sizes of `value` along `axes`.
LogicalResult HostEmitter::handSizes(Value value, ArrayRef<int64_t> axes, SmallVectorImpl<Value> &to) {
  for (int64_t axis : axes) {
    auto v = size(shapes.dim(value, axis));
    if (failed(v))
      return failure();
    to.push_back(*v);
  }
  return success();
}

/// Adds where `value` lies, and the sizes that `receiver`, which will stand for it, has as symbols of its own.
LogicalResult HostEmitter::handOn(Value value, Value receiver, SmallVectorImpl<Value> &to) {
  auto p = pointer(value);
  if (failed(p))
    return failure();
  to.push_back(*p);
  return handSizes(value, ownAxes(receiver), to);
}

/// Takes what `handOn` added for `likeIt`, from number `next` of `handed`; returns the number behind it.
unsigned HostEmitter::receive(Value receiver, Value likeIt, ValueRange handed, unsigned next) {
  Block *here = b.getInsertionBlock();
  pointers.add(receiver, here, handed[next++]);
  for (int64_t axis : ownAxes(likeIt))
    knownSizes.add({receiver, axis}, here, handed[next++]);
  return next;
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
    for (auto [result, value] : llvm::zip(op.getResults(), region->front().getTerminator()->getOperands()))
      if (failed(handOn(value, result, yielded)))
        return failure();
    scf::YieldOp::create(b, loc, yielded);
  }
  unsigned next = 0;
  for (Value result : op.getResults())
    next = receive(result, result, branch.getResults(), next);
  return success();
}

/// Axes of a collected result but the first, which counts the iterations; in the value of one iteration each is one
/// less.
static SmallVector<int64_t> innerAxes(ArrayRef<int64_t> axes) {
  SmallVector<int64_t> inner;
  for (int64_t axis : axes)
    if (axis != 0)
      inner.push_back(axis - 1);
  return inner;
}

/// What an scf.while hands from iteration to iteration: its number, whether there is a next one, each carried value,
/// the inner sizes of each collected one.
FailureOr<SmallVector<Value>> HostEmitter::loopStart(LoopOp op) {
  unsigned carried = op.getCarried().size();
  Value goOn = arith::ConstantOp::create(b, loc, b.getBoolAttr(true));
  if (op.getCondition()) {
    auto v = element(op.getCondition(), 0);
    if (failed(v))
      return failure();
    goOn = compare(arith::CmpIPredicate::ne, *v, number(0));
  }
  SmallVector<Value> start{number(0), goOn};
  for (auto [value, argument] : llvm::zip(op.getCarried(), op.getBody().getArguments().drop_front(2)))
    if (failed(handOn(value, argument, start)))
      return failure();
  for (auto [i, result] : llvm::enumerate(op.getResults().drop_front(carried))) {
    auto declared = op.declaredType(i);
    for (int64_t axis : innerAxes(ownAxes(result)))
      start.push_back(number(declared && !declared.isDynamicDim(axis) ? declared.getDimSize(axis) : 0));
  }
  return start;
}

/// The body, which reads what `iteration` has as arguments, and what it hands on. An iteration reads one slot of a
/// carried value and writes the other.
LogicalResult HostEmitter::emitIteration(LoopOp op, Block *iteration, int64_t firstSlot) {
  Block &body = op.getBody().front();
  unsigned carried = op.getCarried().size();
  Value index = iteration->getArgument(0);
  auto [indexPlace, conditionPlace] = loopCells[op];
  Value indexCell = offsetBy(b, arena, indexPlace), conditionCell = offsetBy(b, arena, conditionPlace);
  storeElement(index, indexCell, 0);
  storeElement(arith::ExtUIOp::create(b, loc, b.getI8Type(), iteration->getArgument(1)), conditionCell, 0);
  pointers.add(body.getArgument(0), iteration, indexCell);
  pointers.add(body.getArgument(1), iteration, conditionCell);
  unsigned next = 2;
  for (Value argument : body.getArguments().drop_front(2))
    next = receive(argument, argument, iteration->getArguments(), next);
  Value mark = service(offsetof(cameo_services, mark), i64(), {});
  if (failed(emitBlock(body)))
    return failure();

  Operation *yield = body.getTerminator();
  auto keepGoing = element(yield->getOperand(0), 0);
  if (failed(keepGoing))
    return failure();
  SmallVector<Value> yielded{add(index, number(1)), compare(arith::CmpIPredicate::ne, *keepGoing, number(0))};
  Value parity = arith::AndIOp::create(b, loc, index, number(1));
  for (unsigned i = 0; i < carried; ++i) {
    Value value = yield->getOperand(1 + i);
    auto p = pointer(value);
    auto total = bytes(shapes.numElements(value), getElementTypeOrSelf(value.getType()));
    if (failed(p) || failed(total))
      return failure();
    Value slot = service(offsetof(cameo_services, slot), address(), {add(number(firstSlot + 2 * i), parity), *total});
    copy(slot, *p, *total);
    yielded.push_back(slot);
    if (failed(handSizes(value, ownAxes(body.getArgument(2 + i)), yielded)))
      return failure();
  }
  for (unsigned i = 0; i < op.getNumResults() - carried; ++i) {
    Value value = yield->getOperand(1 + carried + i);
    auto p = pointer(value);
    auto total = bytes(shapes.numElements(value), getElementTypeOrSelf(value.getType()));
    if (failed(p) || failed(total))
      return failure();
    Value offset = mul(index, *total);
    Value slot =
        service(offsetof(cameo_services, slot), address(), {number(firstSlot + 2 * carried + i), add(offset, *total)});
    Value null = LLVM::ZeroOp::create(b, loc, address());
    Value missing = LLVM::ICmpOp::create(b, loc, LLVM::ICmpPredicate::eq, slot, null);
    copy(LLVM::SelectOp::create(b, loc, missing, null, offsetBy(slot, offset)), *p, *total);
    if (failed(handSizes(value, innerAxes(ownAxes(op.getResult(carried + i))), yielded)))
      return failure();
  }
  service(offsetof(cameo_services, release), {}, {mark});
  scf::YieldOp::create(b, loc, yielded);
  return success();
}

LogicalResult HostEmitter::receiveResults(LoopOp op, ValueRange results, int64_t firstSlot) {
  Block *here = b.getInsertionBlock();
  unsigned carried = op.getCarried().size(), next = 2;
  for (unsigned i = 0; i < carried; ++i)
    next = receive(op.getResult(i), op.getBody().getArgument(2 + i), results, next);
  for (unsigned i = 0; i < op.getNumResults() - carried; ++i) {
    Value result = op.getResult(carried + i);
    for (int64_t axis : ownAxes(result))
      knownSizes.add({result, axis}, here, axis == 0 ? results[0] : results[next++]);
    auto total = bytes(shapes.numElements(result), getElementTypeOrSelf(result.getType()));
    if (failed(total))
      return failure();
    pointers.add(result, here,
                 service(offsetof(cameo_services, slot), address(), {number(firstSlot + 2 * carried + i), *total}));
  }
  return success();
}

LogicalResult HostEmitter::emitLoop(LoopOp op) {
  unsigned carried = op.getCarried().size();
  // Slots: two per carried value, one per collected output.
  int64_t firstSlot = program.numSlots;
  program.numSlots += 2 * carried + (op.getNumResults() - carried);

  Value trip = number(INT64_MAX);
  if (op.getTripCount()) {
    auto v = element(op.getTripCount(), 0);
    if (failed(v))
      return failure();
    trip = *v;
  }
  auto start = loopStart(op);
  if (failed(start))
    return failure();
  SmallVector<Type> types = llvm::map_to_vector(*start, [](Value v) { return v.getType(); });
  SmallVector<Location> locs(types.size(), loc);
  auto loop = scf::WhileOp::create(b, loc, types, *start);
  Block *before = b.createBlock(&loop.getBefore(), {}, types, locs);
  Value running = compare(arith::CmpIPredicate::slt, before->getArgument(0), trip);
  Value status = load(b, b.getI32Type(), call, offsetof(cameo_call, status));
  Value fine = compare(arith::CmpIPredicate::eq, status, arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(0)));
  running = arith::AndIOp::create(b, loc, arith::AndIOp::create(b, loc, running, before->getArgument(1)), fine);
  scf::ConditionOp::create(b, loc, running, before->getArguments());

  if (failed(emitIteration(op, b.createBlock(&loop.getAfter(), {}, types, locs), firstSlot)))
    return failure();
  b.setInsertionPointAfter(loop);
  return receiveResults(op, loop.getResults(), firstSlot);
}
