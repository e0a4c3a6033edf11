// HostProgram.cpp - the entry function as a whole: its steps in order, launches, outputs.
#include "HostEmitter.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::codegen;

/// The length of each buffer of a launch.
FailureOr<SmallVector<Value>> HostEmitter::bufferBytes(KernelOp kernel) {
  const KernelSignature &s = *kernels(kernel, 0).signature;
  SmallVector<Value> all;
  auto add = [&](Dim count, Type elementType) {
    auto total = bytes(count, elementType);
    all.push_back(succeeded(total) ? *total : Value());
    return succeeded(total);
  };
  for (Value v : kernel.getInputs())
    if (!add(shapes.numElements(v), getElementTypeOrSelf(v.getType())))
      return failure();
  for (Value v : kernel.getResults())
    if (!add(countBound(v), getElementTypeOrSelf(v.getType())))
      return failure();
  if (!s.sizeReports.empty())
    all.push_back(number(s.sizeReports.size() * 8));
  for (Dim t : s.temporaries)
    if (!add(t, b.getI8Type()))
      return failure();
  return all;
}

LogicalResult HostEmitter::emitLaunch(KernelOp kernel) {
  for (auto concat : kernel.getBody().getOps<ConcatOp>())
    if (failed(checkConcat(concat)))
      return failure();
  if (isInPlace(kernel))
    return resultPointer(kernel.getResult(0));
  for (auto op : kernel.getBody().getOps<ShapeInterface>()) {
    SizeRequirements required(shapes, op);
    op.requireSizes(required);
    for (const SizeRequirement &requirement : required.all())
      if (failed(checkSize(kernel, op, requirement)))
        return failure();
  }
  const KernelSignature &s = *kernels(kernel, 0).signature;
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
    auto p = resultPointer(result);
    if (failed(p))
      return failure();
    buffers.push_back(*p);
  }
  if (!s.sizeReports.empty())
    buffers.push_back(reportsArray);
  for (auto [i, t] : llvm::enumerate(s.temporaries)) {
    if (auto offset = plan.offset(kernel, i)) {
      buffers.push_back(offsetBy(b, arena, *offset));
      continue;
    }
    if (auto slot = plan.slot(kernel, i)) {
      auto p = slotPointer(*slot);
      if (failed(p))
        return failure();
      buffers.push_back(*p);
      continue;
    }
    auto total = bytes(t, b.getI8Type());
    if (failed(total))
      return failure();
    buffers.push_back(service(offsetof(cameo_services, alloc), address(), {*total}));
  }
  // Everything is computed before the arrays are filled: asking for an output's buffer uses them too.
  struct Launch {
    unsigned number;
    SmallVector<Value> sizes;
    Value tiles, grain;
  };
  SmallVector<Launch> stages;
  for (unsigned i = 0; i < s.launches; ++i) {
    KernelUse own = kernels(kernel, i);
    Launch &launch = stages.emplace_back();
    launch.number = own.number;
    for (Dim d : own.signature->sizes) {
      auto v = size(d);
      if (failed(v))
        return failure();
      launch.sizes.push_back(*v);
    }
    auto tiles = size(own.signature->tiles), grain = size(own.signature->grain);
    if (failed(tiles) || failed(grain))
      return failure();
    launch.tiles = *tiles;
    launch.grain = *grain;
  }
  // A kernel that only the CPU can run works on copies when the others are a device's.
  SmallVector<Value> copied, lengths;
  if (s.needsHost && memory == KernelMemory::Device) {
    auto all = bufferBytes(kernel);
    if (failed(all))
      return failure();
    lengths = std::move(*all);
    for (auto [i, buffer, length] : llvm::enumerate(buffers, lengths))
      copied.push_back(
          service(offsetof(cameo_services, fetch), address(), {i < s.usesInput.size() ? buffer : null, length}));
  }
  for (auto [i, v] : llvm::enumerate(copied.empty() ? buffers : copied))
    LLVM::StoreOp::create(b, loc, v, offsetBy(b, buffersArray, i * 8));
  std::string nodes = llvm::join(nodeNames(kernel.getLoc()), ", ");
  for (const Launch &launch : stages) {
    for (auto [i, v] : llvm::enumerate(launch.sizes))
      LLVM::StoreOp::create(b, loc, v, offsetBy(b, sizesArray, i * 8));
    Value site = offsetBy(b, launches, program.launches.size() * sizeof(cameo_kernel));
    program.launches.push_back({launch.number, s.name, nodes});
    service(offsetof(cameo_services, launch), {}, {site, buffersArray, sizesArray, launch.tiles, launch.grain});
  }
  for (size_t i = s.usesInput.size(); i < copied.size(); ++i)
    service(offsetof(cameo_services, store), {}, {buffers[i], copied[i], lengths[i]});

  Operation *yield = kernel.getBody().front().getTerminator();
  for (auto [i, report] : llvm::enumerate(s.sizeReports)) {
    Value found = loadElement(i64(), reportsArray, i * 8);
    knownSizes.add({yield->getOperand(report.first), report.second}, b.getInsertionBlock(), found);
  }
  return success();
}

void HostEmitter::failIf(Value condition, Location where, const Twine &message, Value value) {
  auto branch = scf::IfOp::create(b, loc, condition, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(&branch.getThenRegion().front());
  Value code = arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(CAMEO_SHAPE_MISMATCH));
  service(offsetof(cameo_services, fail), {},
          {code, text(llvm::join(nodeNames(where), ", ")), text(message.str()), value});
}

LogicalResult HostEmitter::checkEqual(Dim given, Dim wanted, Location where, const Twine &message) {
  if (given == wanted)
    return success();
  auto x = size(given), y = size(wanted);
  if (failed(x) || failed(y))
    return failure();
  failIf(compare(arith::CmpIPredicate::ne, *x, *y), where, message, *x);
  return success();
}

LogicalResult HostEmitter::checkReshape(ReshapeOp op) {
  return checkEqual(shapes.numElements(op.getX()), shapes.numElements(op.getResult()), op.getLoc(),
                    "the operand has %lld elements, and the new shape another number");
}

LogicalResult HostEmitter::checkConcat(ConcatOp op) {
  ArrayRef<Dim> dims = shapes.dimsOf(op.getResult());
  int64_t joined = *normalizeAxis(op, op.getAxis(), dims.size());
  for (auto [i, operand] : llvm::enumerate(op.getInputs()))
    for (auto [axis, given, wanted] : llvm::enumerate(shapes.dimsOf(operand), dims))
      if (int64_t(axis) != joined &&
          failed(checkEqual(given, wanted, op.getLoc(),
                            "operand " + Twine(i) + " has size %lld along axis " + Twine(axis) +
                                ", and another operand another; what is joined along axis " + Twine(joined) +
                                " may differ there only")))
        return failure();
  return success();
}

LogicalResult HostEmitter::checkSize(KernelOp kernel, Operation *op, const SizeRequirement &required) {
  // Sizes that the kernel itself finds out its own code compares.
  bool isKnown = true;
  for (Dim d : {required.size, required.wanted})
    forEachSymbol(d, [&](const DimAtom &symbol) {
      Value value = symbol.value;
      isKnown &= !kernel.getBody().isAncestor(value.getParentRegion());
    });
  auto key = std::tuple(b.getInsertionBlock(), required.size.getNode(), required.wanted.getNode(), int(required.kind));
  if (!isKnown || !checkedSizes.insert(key).second)
    return success();
  auto found = size(required.size), wanted = size(required.wanted);
  if (failed(found) || failed(wanted))
    return failure();
  using Kind = SizeRequirement::Kind;
  StringRef fault;
  Value bad;
  switch (required.kind) {
  case Kind::Equal:
  case Kind::EqualOrOne:
    bad = compare(arith::CmpIPredicate::ne, *found, *wanted);
    fault =
        required.kind == Kind::Equal ? "and the others want another" : "which does not broadcast to that of the others";
    break;
  case Kind::AtMost:
  case Kind::AtMostOrOne:
    bad = compare(arith::CmpIPredicate::sgt, *found, *wanted);
    fault = "and the others want less";
    break;
  case Kind::MultipleOf: {
    Value divisor = arith::MaxSIOp::create(b, loc, *wanted, number(1));
    Value rest = arith::RemSIOp::create(b, loc, *found, divisor);
    bad = arith::OrIOp::create(b, loc, compare(arith::CmpIPredicate::ne, rest, number(0)),
                               compare(arith::CmpIPredicate::slt, *wanted, number(1)));
    fault = "which the number of groups or of key heads does not divide";
    break;
  }
  }
  if (required.kind == Kind::EqualOrOne || required.kind == Kind::AtMostOrOne)
    bad = arith::AndIOp::create(b, loc, bad, compare(arith::CmpIPredicate::ne, *found, number(1)));
  failIf(bad, op->getLoc(), "axis " + Twine(required.axis) + " of an operand has size %lld, " + fault, *found);
  return success();
}

Value HostEmitter::text(StringRef characters) {
  OpBuilder top = OpBuilder::atBlockEnd(program.module->getBody());
  std::string name = "text_" + std::to_string(numTexts++), terminated = characters.str() + '\0';
  auto type = LLVM::LLVMArrayType::get(b.getI8Type(), terminated.size());
  LLVM::GlobalOp::create(top, loc, type, /*isConstant=*/true, LLVM::Linkage::Internal, name,
                         top.getStringAttr(terminated));
  return LLVM::AddressOfOp::create(b, loc, address(), name);
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
    else if (auto reshape = dyn_cast<ReshapeOp>(op))
      done = checkReshape(reshape);
    // Constants, other views and size arithmetic are written where something reads them.
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

FailureOr<HostProgram> cameo::codegen::emitHostProgram(func::FuncOp main, ShapeAnalysis &shapes,
                                                       const Placements &placements, WeightTable &weights,
                                                       KernelMemory memory, KernelUses kernels) {
  return HostEmitter(main, shapes, placements, weights, memory, kernels).run();
}
