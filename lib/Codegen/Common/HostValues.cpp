// HostValues.cpp - what the entry function knows at run time: sizes, where tensors lie, what the runtime gives.
#include "HostEmitter.h"
#include "cameo/Support/ErrorCode.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::codegen;

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
  if (memory == KernelMemory::Device) {
    service(offsetof(cameo_services, copy), {}, {target, source, bytes});
    return;
  }
  Value null = LLVM::ZeroOp::create(b, loc, address());
  Value ok = arith::AndIOp::create(b, loc, LLVM::ICmpOp::create(b, loc, LLVM::ICmpPredicate::ne, target, null),
                                   LLVM::ICmpOp::create(b, loc, LLVM::ICmpPredicate::ne, source, null));
  auto branch = scf::IfOp::create(b, loc, ok, false);
  OpBuilder inner = branch.getThenBodyBuilder();
  LLVM::MemmoveOp::create(inner, loc, target, source, bytes, /*isVolatile=*/false);
}

/// Whether there was no memory for `base`.
static Value isNull(OpBuilder &b, Location loc, Value base) {
  Value null = LLVM::ZeroOp::create(b, loc, base.getType());
  return LLVM::ICmpOp::create(b, loc, LLVM::ICmpPredicate::eq, base, null);
}

/// `base` when it is not null, else memory full of zeros: after a failure there is nothing to read, but sizes are still
/// computed.
static Value orZeros(OpBuilder &b, Location loc, Value base, Value zeros) {
  return LLVM::SelectOp::create(b, loc, isNull(b, loc, base), zeros, base);
}

Value HostEmitter::loadElement(Type type, Value base, int64_t bytes) {
  if (memory == KernelMemory::Host)
    return load(b, type, orZeros(b, loc, base, zeros), bytes);
  int64_t width = llvm::divideCeil(type.getIntOrFloatBitWidth(), 8);
  Value copied = service(offsetof(cameo_services, fetch), address(), {offsetBy(b, base, bytes), number(width)});
  return load(b, type, orZeros(b, loc, copied, zeros), 0);
}

void HostEmitter::storeElement(Value value, Value base, int64_t bytes) {
  Value place = offsetBy(b, base, bytes);
  LLVM::StoreOp::create(b, loc, value, memory == KernelMemory::Host ? place : scalarCell);
  if (memory == KernelMemory::Device)
    service(offsetof(cameo_services, store), {},
            {place, scalarCell, number(llvm::divideCeil(value.getType().getIntOrFloatBitWidth(), 8))});
}

/// A size of a cache's memory, of which the runtime says how many rows it has room for; 0: it is dense.
FailureOr<Value> HostEmitter::cacheSize(const DimAtom &a, CacheSize kind) {
  auto kernel = a.value.getDefiningOp<KernelOp>();
  SmallVector<Cache> caches = cachesOf(main);
  auto ret = main.getBody().front().getTerminator();
  auto *found = llvm::find_if(caches, [&](const Cache &cache) {
    return (kernel ? ret->getOperand(cache.output) : Value(main.getArgument(cache.input))) == a.value;
  });
  if (found == caches.end())
    return withCode("E-ATTR", main.emitError("no input says by '"))
           << kCacheAttr << "' which output continues it; let the pass cameo-append-in-place say so";
  const Cache &cache = *found;
  int64_t number = found - caches.begin();
  Value rows = load(entryBuilder, address(), call, offsetof(cameo_call, cache_rows));
  rows = load(entryBuilder, i64(), rows, number * 8);
  auto dense = size(shapes.dim(kind == CacheSize::Room ? a.value : Value(main.getArgument(cache.input)), cache.axis));
  if (failed(dense))
    return failure();
  Value isShared = compare(arith::CmpIPredicate::ne, rows, this->number(0));
  return kind == CacheSize::Room ? choose(isShared, rows, *dense) : choose(isShared, *dense, this->number(0));
}

FailureOr<Value> HostEmitter::atom(const DimAtom &a) {
  if (Value known = atoms.find(&a, b.getInsertionBlock()))
    return known;
  Value result;
  if (auto kind = cacheSizeOf(shapes, a)) {
    auto size = cacheSize(a, *kind);
    if (succeeded(size))
      atoms.add(&a, b.getInsertionBlock(), *size);
    return size;
  }
  switch (a.kind) {
  case AtomKind::SizeOf: {
    if (Value known = knownSizes.find({a.value, a.index}, b.getInsertionBlock()))
      return known;
    auto argument = dyn_cast<BlockArgument>(a.value);
    if (!argument || argument.getOwner() != &main.getBody().front())
      return emitBug(a.value.getLoc()) << "the size of axis " << a.index << " of " << a.value
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
    case AtomKind::Min:
      result = arith::MinSIOp::create(b, loc, *x, *y);
      break;
    case AtomKind::Max:
      result = arith::MaxSIOp::create(b, loc, *x, *y);
      break;
    case AtomKind::Broadcast:
      result = choose(compare(arith::CmpIPredicate::eq, *x, one), *y, *x);
      break;
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
    double coefficient = double(term.coefficient) * double(storageBytes(elementType, 1));
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

/// Elements to reserve memory for: those of `value`, with bounds in place of sizes that only its kernel can tell.
Dim HostEmitter::countBound(Value value) {
  Dim count = shapes.dims().constant(1);
  auto kernel = value.getDefiningOp<KernelOp>();
  Value inner =
      kernel ? kernel.getBody().front().getTerminator()->getOperand(cast<OpResult>(value).getResultNumber()) : value;
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

bool codegen::mayHoldSizes(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  return type.getElementType().isInteger() && type.hasStaticShape() && type.getNumElements() <= kMaxTrackedElements;
}

double HostEmitter::typicalSize(Dim dim) {
  constexpr double kTypicalSize = 128;
  if (auto known = typicalSizes.find(dim.getNode()); known != typicalSizes.end())
    return known->second;
  double sum = 0;
  for (const DimTerm &term : dim.getNode()->terms) {
    double product = term.coefficient;
    for (const DimAtom *a : term.atoms) {
      if (!a->lhs) {
        product *= kTypicalSize;
        continue;
      }
      double x = typicalSize(a->lhs), y = typicalSize(a->rhs);
      product *= a->kind == AtomKind::Min         ? std::min(x, y)
                 : a->kind == AtomKind::Max       ? std::max(x, y)
                 : a->kind == AtomKind::Mod       ? y / 2
                 : a->kind == AtomKind::Broadcast ? (x == 1 ? y : x)
                                                  : x / std::max(y, 1.0);
    }
    sum += product;
  }
  return typicalSizes[dim.getNode()] = sum;
}

bool HostEmitter::hasKnownSize(KernelOp kernel, Dim count) {
  bool isKnown = kernel->getBlock() == &main.getBody().front();
  forEachSymbol(count, [&](const DimAtom &a) {
    auto argument = dyn_cast_or_null<BlockArgument>(a.value);
    isKnown &=
        a.kind == AtomKind::SizeOf && argument && argument.getOwner() == kernel->getBlock() && !cacheSizeOf(shapes, a);
  });
  return isKnown;
}

LogicalResult HostEmitter::planMemory() {
  size_t mostBuffers = 1, mostSizes = 1, mostReports = 1;
  // A kernel result that is returned once, and whose size its kernel need not find out, is written in place.
  auto ret = cast<func::ReturnOp>(main.getBody().front().getTerminator());
  SmallVector<Value> parts;
  for (auto [index, value] : llvm::enumerate(ret.getOperands())) {
    mostSizes = std::max<size_t>(mostSizes, shapes.rank(value)); // asking for its buffer takes its sizes
    auto kernel = value.getDefiningOp<KernelOp>();
    if (kernel && kernel->getBlock() == &main.getBody().front() && llvm::count(ret.getOperands(), value) == 1 &&
        !placements.find(value) && (isInPlace(kernel) || kernels(kernel, 0).signature->sizeReports.empty()))
      directOutputs[value] = index;
  }
  main.walk([&](Operation *op) {
    if (auto kernel = dyn_cast<KernelOp>(op)) {
      for (Value v : kernel.getResults())
        if (placements.find(v))
          parts.push_back(v);
        else if (directOutputs.count(v))
          continue;
        else if (auto bytes = staticBytes(v))
          plan.addValue(v, *bytes, mayHoldSizes(v));
        else if (Dim count = countBound(v); hasKnownSize(kernel, count))
          plan.addSized(v, typicalSize(storageBytes(shapes.dims(), getElementTypeOrSelf(v.getType()), count)));
      if (isInPlace(kernel))
        return WalkResult::skip();
      const KernelSignature &s = *kernels(kernel, 0).signature;
      mostBuffers = std::max(mostBuffers, s.usesInput.size() + kernel.getNumResults() + 1 + s.temporaries.size());
      for (unsigned i = 0; i < s.launches; ++i)
        mostSizes = std::max(mostSizes, kernels(kernel, i).signature->sizes.size());
      mostReports = std::max(mostReports, s.sizeReports.size());
      for (auto [i, t] : llvm::enumerate(s.temporaries))
        if (t.constant())
          plan.addTemporary(op, i, *t.constant());
        else if (hasKnownSize(kernel, t))
          plan.addSizedTemporary(op, i, typicalSize(t));
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
  for (Value part : parts)
    plan.addPart(placements.find(part)->whole, part);
  std::optional<int64_t> reports;
  if (memory == KernelMemory::Device)
    reports = plan.addPersistent(mostReports * 8);
  plan.place();
  sizeSlots();
  program.arenaBytes = plan.bytes();
  arena = service(offsetof(cameo_services, arena), address(), number(plan.bytes()));
  auto stack = [&](Type type, int64_t count) {
    return LLVM::AllocaOp::create(b, loc, address(), type, number(count), 16);
  };
  buffersArray = stack(address(), mostBuffers);
  sizesArray = stack(i64(), mostSizes);
  scalarCell = stack(i64(), 1);
  reportsArray = reports ? offsetBy(b, arena, *reports) : stack(i64(), mostReports);
  return success();
}

FailureOr<Value> HostEmitter::element(Value tensor, int64_t index) {
  Type elementType = getElementTypeOrSelf(tensor.getType());
  auto base = pointer(tensor);
  if (failed(base))
    return failure();
  Value loaded = loadElement(storageType(elementType), *base, index * storageBytes(elementType, 1));
  if (storageBytes(elementType, 1) == 8)
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
      return emitBug(tensor.getLoc()) << "a region's argument has no buffer";
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
    int64_t width = storageBytes(info.elementType, 1);
    for (auto [i, d] : llvm::enumerate(*info.contents)) {
      auto v = size(d);
      if (failed(v))
        return failure();
      Value stored = width == 8 ? *v : Value(arith::TruncIOp::create(b, loc, storageType(info.elementType), *v));
      storeElement(stored, base, i * width);
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
  return withCode("E-INTERNAL", op->emitOpError()) << "is not part of a kernel and its value is not known as sizes";
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

FailureOr<Value> HostEmitter::resultPointer(Value value) {
  if (Value known = pointers.find(value, b.getInsertionBlock()))
    return known; // a part of it came first
  auto p = allocate(value);
  if (succeeded(p))
    pointers.add(value, b.getInsertionBlock(), *p);
  return p;
}

FailureOr<Value> HostEmitter::allocate(Value value) {
  if (const Placement *place = placements.find(value)) {
    auto whole = resultPointer(place->whole), offset = size(place->offset);
    if (failed(whole) || failed(offset))
      return failure();
    Value part = offsetBy(*whole, mul(*offset, number(storageBytes(getElementTypeOrSelf(value.getType()), 1))));
    return LLVM::SelectOp::create(b, loc, isNull(b, loc, *whole), *whole, part).getResult();
  }
  if (auto direct = directOutputs.find(value); direct != directOutputs.end())
    return outputBuffer(direct->second, value);
  if (auto offset = plan.offset(value))
    return offsetBy(b, arena, *offset);
  if (auto slot = plan.slot(value))
    return slotPointer(*slot);
  auto total = bytes(countBound(value), getElementTypeOrSelf(value.getType()));
  if (failed(total))
    return failure();
  return service(offsetof(cameo_services, alloc), address(), {*total});
}

void HostEmitter::sizeSlots() {
  auto add = [&](std::optional<int64_t> slot, Dim count, Type elementType) {
    if (!slot)
      return;
    slots.resize(std::max<size_t>(slots.size(), *slot + 1));
    slots[*slot].contents.insert({count.getNode(), elementType});
  };
  for (auto kernel : main.getOps<KernelOp>()) {
    for (Value v : kernel.getResults())
      add(plan.slot(v), countBound(v), getElementTypeOrSelf(v.getType()));
    if (!isInPlace(kernel))
      for (auto [i, t] : llvm::enumerate(kernels(kernel, 0).signature->temporaries))
        add(plan.slot(kernel, i), t, b.getI8Type());
  }
}

FailureOr<Value> HostEmitter::slotPointer(int64_t number) {
  Slot &slot = slots[number];
  if (slot.pointer)
    return slot.pointer;
  Value most; // -1 is the largest: no memory is granted for it
  for (auto [count, elementType] : slot.contents) {
    auto total = bytes(Dim(count), elementType);
    if (failed(total))
      return failure();
    most = most ? Value(arith::MaxUIOp::create(b, loc, most, *total)) : *total;
  }
  return slot.pointer = service(offsetof(cameo_services, alloc), address(), {most});
}
