// HostProgram.cpp - emits the entry function: computes sizes, places buffers, launches kernels, runs control flow.
#include "cameo/Codegen/HostProgram.h"
#include "cameo/Codegen/MemoryPlan.h"
#include "cameo/Runtime/KernelABI.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::codegen;

namespace {

/// Of a type whose elements have addresses.
int64_t elementBytes(Type elementType) { return storageBytes(elementType, 1); }

/// A host value per key, usable in the block where it was made and in blocks inside it.
template <typename Key> class ScopedValues {
public:
  Value find(const Key &key, Block *reader) const {
    auto it = entries.find(key);
    if (it == entries.end())
      return {};
    for (auto &[block, value] : it->second)
      for (Block *b = reader; b; b = b->getParentOp() ? b->getParentOp()->getBlock() : nullptr)
        if (b == block)
          return value;
    return {};
  }
  void add(const Key &key, Block *block, Value value) { entries[key].push_back({block, value}); }

private:
  DenseMap<Key, SmallVector<std::pair<Block *, Value>, 1>> entries;
};

class HostEmitter {
public:
  HostEmitter(func::FuncOp main, ShapeAnalysis &shapes, WeightTable &weights,
              llvm::function_ref<KernelUse(KernelOp)> kernels)
      : main(main), shapes(shapes), weights(weights), kernels(kernels), plan(main), b(main.getContext()),
        loc(UnknownLoc::get(main.getContext())), entryBuilder(main.getContext()) {}

  FailureOr<HostProgram> run();

private:
  using Address = LLVM::LLVMPointerType;
  Type i64() { return b.getI64Type(); }
  Type address() { return Address::get(b.getContext()); }
  Value number(int64_t v) { return number(b, v); }
  Value number(OpBuilder &b, int64_t v) { return arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(v)); }
  Value offsetBy(OpBuilder &b, Value base, int64_t bytes) {
    return LLVM::GEPOp::create(b, loc, address(), b.getI8Type(), base, ArrayRef<LLVM::GEPArg>{int32_t(bytes)});
  }
  Value offsetBy(Value base, Value bytes) {
    return LLVM::GEPOp::create(b, loc, address(), b.getI8Type(), base, ArrayRef<LLVM::GEPArg>{bytes});
  }
  Value load(OpBuilder &b, Type type, Value base, int64_t bytes) {
    return LLVM::LoadOp::create(b, loc, type, offsetBy(b, base, bytes));
  }
  Value add(Value x, Value y) { return arith::AddIOp::create(b, loc, x, y); }
  Value mul(Value x, Value y) { return arith::MulIOp::create(b, loc, x, y); }
  Value compare(arith::CmpIPredicate p, Value x, Value y) { return arith::CmpIOp::create(b, loc, p, x, y); }
  Value choose(Value c, Value x, Value y) { return arith::SelectOp::create(b, loc, c, x, y); }

  /// services->field(call, args...)
  Value service(size_t fieldOffset, Type result, ValueRange arguments);
  void copy(Value target, Value source, Value bytes);

  LogicalResult planMemory();
  std::optional<int64_t> staticBytes(Value value);
  Dim countBound(Value value);
  FailureOr<Value> size(Dim dim);
  FailureOr<Value> atom(const DimAtom &a);
  FailureOr<Value> bytes(Dim count, Type elementType);
  FailureOr<Value> pointer(Value tensor);
  Value weight(ElementsAttr value, const WeightForm &form = {});
  FailureOr<Value> element(Value tensor, int64_t index);
  FailureOr<Value> allocate(Value value);
  FailureOr<Value> outputBuffer(int64_t index, Value value);
  LogicalResult emitBlock(Block &block);
  LogicalResult emitLaunch(KernelOp kernel);
  LogicalResult emitIf(IfOp op);
  LogicalResult emitLoop(LoopOp op);
  LogicalResult emitReturn(func::ReturnOp op);
  SmallVector<int64_t> ownAxes(Value result);

  func::FuncOp main;
  ShapeAnalysis &shapes;
  WeightTable &weights;
  llvm::function_ref<KernelUse(KernelOp)> kernels;
  MemoryPlan plan;
  OpBuilder b;
  Location loc;
  OpBuilder entryBuilder; ///< before the first step of the program
  Value call, services, inputs, weightsBase, arena, buffersArray, sizesArray, reportsArray, zeros, launches;
  ScopedValues<Value> pointers;
  ScopedValues<const DimNode *> sizes;
  ScopedValues<const DimAtom *> atoms;
  ScopedValues<std::pair<Value, int64_t>> knownSizes;
  DenseMap<Value, int64_t> contentPlaces; ///< offset of host-written small tensors
  DenseMap<Value, int64_t> directOutputs; ///< kernel result -> output it is written to at once
  DenseMap<Operation *, std::pair<int64_t, int64_t>> loopCells;
  HostProgram program;
};

} // namespace

Value HostEmitter::service(size_t fieldOffset, Type result, ValueRange arguments) {
  SmallVector<Type> types{address()};
  llvm::append_range(types, arguments.getTypes());
  Type resultType = result ? result : LLVM::LLVMVoidType::get(b.getContext());
  auto type = LLVM::LLVMFunctionType::get(resultType, types);
  SmallVector<Value> operands{load(b, address(), services, fieldOffset), call};
  operands.append(arguments.begin(), arguments.end());
  auto op = LLVM::CallOp::create(b, loc, type, operands);
  return result ? op.getResult() : Value();
}

void HostEmitter::copy(Value target, Value source, Value bytes) {
  Value null = LLVM::ZeroOp::create(b, loc, address());
  Value ok = arith::AndIOp::create(b, loc, LLVM::ICmpOp::create(b, loc, LLVM::ICmpPredicate::ne, target, null),
                                   LLVM::ICmpOp::create(b, loc, LLVM::ICmpPredicate::ne, source, null));
  auto branch = scf::IfOp::create(b, loc, ok, false);
  OpBuilder inner = branch.getThenBodyBuilder();
  LLVM::MemmoveOp::create(inner, loc, target, source, bytes, /*isVolatile=*/false);
}

// ---- sizes ----------------------------------------------------------------------------------------------------------------

FailureOr<Value> HostEmitter::atom(const DimAtom &a) {
  if (Value known = atoms.find(&a, b.getInsertionBlock()))
    return known;
  Value result;
  switch (a.kind) {
  case AtomKind::SizeOf: {
    if (Value known = knownSizes.find({a.value, a.index}, b.getInsertionBlock()))
      return known;
    auto argument = dyn_cast<BlockArgument>(a.value);
    if (!argument || argument.getOwner() != &main.getBody().front())
      return mlir::emitError(a.value.getLoc()) << "internal error: the size of axis " << a.index << " of " << a.value
                                               << " is asked for before it is known";
    Value buffer = offsetBy(entryBuilder, inputs, argument.getArgNumber() * sizeof(cameo_buffer));
    Value dims = load(entryBuilder, address(), buffer, offsetof(cameo_buffer, dims));
    result = load(entryBuilder, i64(), dims, a.index * 8);
    atoms.add(&a, call.getParentBlock(), result);
    return result;
  }
  case AtomKind::ElementOf: {
    auto loaded = element(a.value, a.index);
    if (failed(loaded))
      return failure();
    result = *loaded;
    break;
  }
  default: {
    auto x = size(a.lhs), y = size(a.rhs);
    if (failed(x) || failed(y))
      return failure();
    Value zero = number(0), one = number(1);
    switch (a.kind) {
    case AtomKind::Min: result = arith::MinSIOp::create(b, loc, *x, *y); break;
    case AtomKind::Max: result = arith::MaxSIOp::create(b, loc, *x, *y); break;
    case AtomKind::Broadcast: result = choose(compare(arith::CmpIPredicate::eq, *x, one), *y, *x); break;
    default: {
      // Division by a size that is 0 gives 0 here; sizes of 0 make the tensors empty anyway.
      Value isZero = compare(arith::CmpIPredicate::eq, *y, zero);
      Value divisor = choose(isZero, one, *y);
      Value quotient = arith::DivSIOp::create(b, loc, *x, divisor);
      Value remainder = arith::SubIOp::create(b, loc, *x, mul(quotient, divisor));
      Value inexact = compare(arith::CmpIPredicate::ne, remainder, zero);
      Value opposite = compare(arith::CmpIPredicate::slt, arith::XOrIOp::create(b, loc, remainder, divisor), zero);
      Value down = arith::AndIOp::create(b, loc, inexact, opposite);
      if (a.kind == AtomKind::FloorDiv)
        result = choose(down, arith::SubIOp::create(b, loc, quotient, one), quotient);
      else
        result = choose(down, add(remainder, divisor), remainder);
      result = choose(isZero, zero, result);
    }
    }
  }
  }
  atoms.add(&a, b.getInsertionBlock(), result);
  return result;
}

FailureOr<Value> HostEmitter::size(Dim dim) {
  if (auto constant = dim.constant())
    return number(*constant);
  if (Value known = sizes.find(dim.getNode(), b.getInsertionBlock()))
    return known;
  Value sum;
  for (const DimTerm &term : dim.getNode()->terms) {
    Value product;
    for (const DimAtom *a : term.atoms) {
      auto factor = atom(*a);
      if (failed(factor))
        return failure();
      product = product ? mul(product, *factor) : *factor;
    }
    if (!product)
      product = number(term.coefficient);
    else if (term.coefficient != 1)
      product = mul(product, number(term.coefficient));
    sum = sum ? add(sum, product) : product;
  }
  sizes.add(dim.getNode(), b.getInsertionBlock(), sum);
  return sum;
}

/// Bytes of `count` elements, or -1 (which no allocation grants) when the product of sizes may have overflowed.
FailureOr<Value> HostEmitter::bytes(Dim count, Type elementType) {
  Dim total = storageBytes(shapes.dims(), elementType, count);
  if (total.constant())
    return number(*total.constant());
  auto exact = size(total);
  if (failed(exact))
    return failure();
  Value estimate;
  for (const DimTerm &term : count.getNode()->terms) {
    double coefficient = double(term.coefficient) * double(elementBytes(elementType));
    Value product = arith::ConstantOp::create(b, loc, b.getF64FloatAttr(coefficient));
    for (const DimAtom *a : term.atoms) {
      auto factor = atom(*a);
      if (failed(factor))
        return failure();
      product = arith::MulFOp::create(b, loc, product, arith::SIToFPOp::create(b, loc, b.getF64Type(), *factor));
    }
    estimate = estimate ? Value(arith::AddFOp::create(b, loc, estimate, product)) : product;
  }
  Value limit = arith::ConstantOp::create(b, loc, b.getF64FloatAttr(double(int64_t(1) << 52)));
  Value sane = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLE, estimate, limit);
  return choose(sane, *exact, number(-1));
}

// ---- buffers --------------------------------------------------------------------------------------------------------------

/// Elements to reserve memory for: those of `value`, with bounds in place of sizes that only its kernel can tell.
Dim HostEmitter::countBound(Value value) {
  Dim count = shapes.dims().constant(1);
  auto kernel = value.getDefiningOp<KernelOp>();
  Value inner = kernel ? kernel.getBody().front().getTerminator()->getOperand(cast<OpResult>(value).getResultNumber()) : value;
  auto shaped = inner.getDefiningOp<ShapeInterface>();
  for (auto [axis, d] : llvm::enumerate(shapes.get(value).dims)) {
    Dim bound = shaped ? shaped.sizeBound(shapes, cast<OpResult>(inner).getResultNumber(), axis) : Dim();
    count = shapes.dims().mul(count, bound ? bound : d);
  }
  return count;
}

std::optional<int64_t> HostEmitter::staticBytes(Value value) {
  return storageBytes(shapes.dims(), shapes.get(value).elementType, countBound(value)).constant();
}

/// True for tensors whose elements may be sizes of others. Those are read when a size is first asked for, which may be after the
/// last op that uses the tensor.
static bool mayHoldSizes(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  return type.getElementType().isInteger() && type.hasStaticShape() && type.getNumElements() <= kMaxTrackedElements;
}

LogicalResult HostEmitter::planMemory() {
  size_t mostBuffers = 1, mostSizes = 1;
  // A kernel result that is returned once, and whose size its kernel need not find out, is written in place.
  auto ret = cast<func::ReturnOp>(main.getBody().front().getTerminator());
  for (auto [index, value] : llvm::enumerate(ret.getOperands())) {
    mostSizes = std::max<size_t>(mostSizes, shapes.rank(value)); // asking for its buffer takes its sizes
    auto kernel = value.getDefiningOp<KernelOp>();
    if (kernel && kernel->getBlock() == &main.getBody().front() && llvm::count(ret.getOperands(), value) == 1 &&
        kernels(kernel).signature->sizeReports.empty())
      directOutputs[value] = index;
  }
  main.walk([&](Operation *op) {
    if (auto kernel = dyn_cast<KernelOp>(op)) {
      const KernelSignature &s = *kernels(kernel).signature;
      mostBuffers = std::max(mostBuffers, s.usesInput.size() + kernel.getNumResults() + 1 + s.temporaries.size());
      mostSizes = std::max(mostSizes, s.sizes.size());
      for (Value v : kernel.getResults())
        if (auto bytes = staticBytes(v); bytes && !directOutputs.count(v))
          plan.addValue(v, *bytes, mayHoldSizes(v));
      for (auto [i, t] : llvm::enumerate(s.temporaries))
        if (t.constant())
          plan.addTemporary(op, i, *t.constant());
      return WalkResult::skip();
    }
    if (isa<LoopOp>(op))
      loopCells[op] = {plan.addPersistent(8), plan.addPersistent(1)};
    if (!isa<ConstantOp, AliasInterface, IfOp, LoopOp>(op))
      for (Value v : op->getResults())
        if (shapes.get(v).contents)
          contentPlaces[v] = plan.addPersistent(shapes.get(v).contents->size() * 8);
    return WalkResult::advance();
  });
  // Views of host-known vectors get a place of their own too: the vector behind them may have none.
  main.walk([&](AliasInterface op) {
    if (shapes.get(op->getResult(0)).contents && op->getOperand(0).getDefiningOp() &&
        !op->getOperand(0).getDefiningOp<KernelOp>())
      contentPlaces[op->getResult(0)] = plan.addPersistent(shapes.get(op->getResult(0)).contents->size() * 8);
  });
  plan.place();
  program.arenaBytes = plan.bytes();
  arena = service(offsetof(cameo_services, arena), address(), number(plan.bytes()));
  auto stack = [&](Type type, int64_t count) {
    return LLVM::AllocaOp::create(b, loc, address(), type, number(count), 16);
  };
  buffersArray = stack(address(), mostBuffers);
  sizesArray = stack(i64(), mostSizes);
  reportsArray = stack(i64(), 64);
  return success();
}

FailureOr<Value> HostEmitter::element(Value tensor, int64_t index) {
  Type elementType = getElementTypeOrSelf(tensor.getType());
  auto base = pointer(tensor);
  if (failed(base))
    return failure();
  // After a failed allocation there is nothing to read; the run is over, but sizes are still computed.
  Value null = LLVM::ZeroOp::create(b, loc, address());
  Value missing = LLVM::ICmpOp::create(b, loc, LLVM::ICmpPredicate::eq, *base, null);
  Value safe = LLVM::SelectOp::create(b, loc, missing, zeros, *base);
  Value loaded = load(b, storageType(elementType), safe, index * elementBytes(elementType));
  if (elementBytes(elementType) == 8)
    return loaded;
  return elementType.isUnsignedInteger() || elementType.isInteger(1)
             ? Value(arith::ExtUIOp::create(b, loc, i64(), loaded))
             : Value(arith::ExtSIOp::create(b, loc, i64(), loaded));
}

Value HostEmitter::weight(ElementsAttr value, const WeightForm &form) {
  return LLVM::GEPOp::create(entryBuilder, loc, address(), b.getI8Type(), weightsBase,
                             ArrayRef<LLVM::GEPArg>{number(entryBuilder, weights.add(value, form))});
}

FailureOr<Value> HostEmitter::pointer(Value tensor) {
  if (Value known = pointers.find(tensor, b.getInsertionBlock()))
    return known;
  Block *entryBlock = call.getParentBlock();
  if (auto argument = dyn_cast<BlockArgument>(tensor)) {
    if (argument.getOwner() != &main.getBody().front())
      return mlir::emitError(tensor.getLoc()) << "internal error: a region's argument has no buffer";
    Value p = load(entryBuilder, address(), inputs, argument.getArgNumber() * sizeof(cameo_buffer));
    pointers.add(tensor, entryBlock, p);
    return p;
  }
  Operation *op = tensor.getDefiningOp();
  if (auto constant = dyn_cast<ConstantOp>(op)) {
    Value p = weight(constant.getValue());
    pointers.add(tensor, entryBlock, p);
    return p;
  }
  if (auto place = contentPlaces.find(tensor); place != contentPlaces.end()) {
    const ShapeInfo &info = shapes.get(tensor);
    Value base = offsetBy(b, arena, place->second);
    int64_t width = elementBytes(info.elementType);
    for (auto [i, d] : llvm::enumerate(*info.contents)) {
      auto v = size(d);
      if (failed(v))
        return failure();
      Value stored = width == 8 ? *v : Value(arith::TruncIOp::create(b, loc, storageType(info.elementType), *v));
      LLVM::StoreOp::create(b, loc, stored, offsetBy(b, base, i * width));
    }
    pointers.add(tensor, b.getInsertionBlock(), base);
    return base;
  }
  if (isa<AliasInterface>(op)) {
    auto p = pointer(op->getOperand(0));
    if (succeeded(p))
      pointers.add(tensor, b.getInsertionBlock(), *p);
    return p;
  }
  return op->emitOpError("internal error: is not part of a kernel and its value is not known as sizes");
}

FailureOr<Value> HostEmitter::outputBuffer(int64_t index, Value value) {
  const ShapeInfo &info = shapes.get(value);
  for (auto [axis, d] : llvm::enumerate(info.dims)) {
    auto v = size(d);
    if (failed(v))
      return failure();
    LLVM::StoreOp::create(b, loc, *v, offsetBy(b, sizesArray, axis * 8));
  }
  return service(offsetof(cameo_services, output), address(), {number(index), sizesArray, number(info.rank())});
}

FailureOr<Value> HostEmitter::allocate(Value value) {
  if (auto direct = directOutputs.find(value); direct != directOutputs.end())
    return outputBuffer(direct->second, value);
  if (auto offset = plan.offset(value))
    return offsetBy(b, arena, *offset);
  auto total = bytes(countBound(value), getElementTypeOrSelf(value.getType()));
  if (failed(total))
    return failure();
  return service(offsetof(cameo_services, alloc), address(), {*total});
}

// ---- steps ----------------------------------------------------------------------------------------------------------------

LogicalResult HostEmitter::emitLaunch(KernelOp kernel) {
  KernelUse use = kernels(kernel);
  const KernelSignature &s = *use.signature;
  SmallVector<Value> buffers;
  Value null = LLVM::ZeroOp::create(b, loc, address());
  for (auto [input, used, form] : llvm::zip(kernel.getInputs(), s.usesInput, s.inputForms)) {
    FailureOr<Value> p = null;
    if (used)
      p = form.isPlain() ? pointer(input) : FailureOr<Value>(weight(constantBehind(input), form));
    if (failed(p))
      return failure();
    buffers.push_back(*p);
  }
  for (Value result : kernel.getResults()) {
    auto p = allocate(result);
    if (failed(p))
      return failure();
    pointers.add(result, b.getInsertionBlock(), *p);
    buffers.push_back(*p);
  }
  if (!s.sizeReports.empty())
    buffers.push_back(reportsArray);
  for (auto [i, t] : llvm::enumerate(s.temporaries)) {
    if (auto offset = plan.offset(kernel, i)) {
      buffers.push_back(offsetBy(b, arena, *offset));
      continue;
    }
    auto total = bytes(t, b.getI8Type());
    if (failed(total))
      return failure();
    buffers.push_back(service(offsetof(cameo_services, alloc), address(), {*total}));
  }
  // Everything is computed before the arrays are filled: asking for an output's buffer uses them too.
  SmallVector<Value> sizeValues;
  for (Dim d : s.sizes) {
    auto v = size(d);
    if (failed(v))
      return failure();
    sizeValues.push_back(*v);
  }
  auto tiles = size(s.tiles), grain = size(s.grain);
  if (failed(tiles) || failed(grain))
    return failure();
  for (auto [i, v] : llvm::enumerate(buffers))
    LLVM::StoreOp::create(b, loc, v, offsetBy(b, buffersArray, i * 8));
  for (auto [i, v] : llvm::enumerate(sizeValues))
    LLVM::StoreOp::create(b, loc, v, offsetBy(b, sizesArray, i * 8));

  std::string nodes = llvm::join(nodeNames(kernel.getLoc()), ", ");
  Value site = offsetBy(b, launches, program.launches.size() * sizeof(cameo_kernel));
  program.launches.push_back({use.number, s.name, nodes});
  service(offsetof(cameo_services, launch), {}, {site, buffersArray, sizesArray, *tiles, *grain});

  Operation *yield = kernel.getBody().front().getTerminator();
  for (auto [i, report] : llvm::enumerate(s.sizeReports)) {
    Value found = load(b, i64(), reportsArray, i * 8);
    knownSizes.add({yield->getOperand(report.first), report.second}, b.getInsertionBlock(), found);
  }
  return success();
}

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
  LLVM::StoreOp::create(b, loc, iteration, iterationCell);
  LLVM::StoreOp::create(b, loc, arith::ExtUIOp::create(b, loc, b.getI8Type(), after->getArgument(1)), conditionCell);
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
    Value slot = service(offsetof(cameo_services, slot), address(),
                         {number(firstSlot + 2 * carried + i), add(offset, *total)});
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
    pointers.add(result, here, service(offsetof(cameo_services, slot), address(),
                                       {number(firstSlot + 2 * carried + i), *total}));
  }
  return success();
}

LogicalResult HostEmitter::emitReturn(func::ReturnOp op) {
  for (auto [index, value] : llvm::enumerate(op.getOperands())) {
    if (directOutputs.count(value))
      continue;
    auto source = pointer(value);
    auto total = bytes(shapes.numElements(value), getElementTypeOrSelf(value.getType()));
    if (failed(source) || failed(total))
      return failure();
    auto target = outputBuffer(index, value);
    if (failed(target))
      return failure();
    copy(*target, *source, *total);
  }
  Value status = load(b, b.getI32Type(), call, offsetof(cameo_call, status));
  LLVM::ReturnOp::create(b, loc, status);
  return success();
}

LogicalResult HostEmitter::emitBlock(Block &block) {
  for (Operation &op : block) {
    LogicalResult done = success();
    if (auto kernel = dyn_cast<KernelOp>(op))
      done = emitLaunch(kernel);
    else if (auto branch = dyn_cast<IfOp>(op))
      done = emitIf(branch);
    else if (auto loop = dyn_cast<LoopOp>(op))
      done = emitLoop(loop);
    else if (auto ret = dyn_cast<func::ReturnOp>(op))
      done = emitReturn(ret);
    // Constants, views and size arithmetic are written where something reads them.
    if (failed(done))
      return failure();
  }
  return success();
}

FailureOr<HostProgram> HostEmitter::run() {
  program.module = ModuleOp::create(loc);
  b.setInsertionPointToEnd(program.module->getBody());
  auto bytesType = [&](int64_t n) { return LLVM::LLVMArrayType::get(b.getI8Type(), n); };
  LLVM::GlobalOp::create(b, loc, bytesType(0), /*isConstant=*/true, LLVM::Linkage::External, "launches", Attribute());
  LLVM::GlobalOp::create(b, loc, bytesType(kMaxTrackedElements * 8), true, LLVM::Linkage::Internal, "zeros",
                         b.getZeroAttr(RankedTensorType::get({kMaxTrackedElements * 8}, b.getI8Type())));
  auto entry = LLVM::LLVMFuncOp::create(b, loc, "entry", LLVM::LLVMFunctionType::get(b.getI32Type(), {address()}));
  Block *block = entry.addEntryBlock(b);
  b.setInsertionPointToEnd(block);
  call = block->getArgument(0);
  services = load(b, address(), call, offsetof(cameo_call, services));
  inputs = load(b, address(), call, offsetof(cameo_call, inputs));
  weightsBase = load(b, address(), call, offsetof(cameo_call, weights));
  launches = LLVM::AddressOfOp::create(b, loc, address(), "launches");
  zeros = LLVM::AddressOfOp::create(b, loc, address(), "zeros");
  if (failed(planMemory()))
    return failure();
  // Inputs' pointers and sizes are read here, ahead of every step.
  Operation *marker = arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(0));
  entryBuilder.setInsertionPoint(marker);
  if (failed(emitBlock(main.getBody().front())))
    return failure();
  return std::move(program);
}

FailureOr<HostProgram> cameo::codegen::emitHostProgram(func::FuncOp main, ShapeAnalysis &shapes, WeightTable &weights,
                                                       llvm::function_ref<KernelUse(KernelOp)> kernels) {
  return HostEmitter(main, shapes, weights, kernels).run();
}
