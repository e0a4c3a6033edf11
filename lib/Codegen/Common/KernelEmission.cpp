// KernelEmission.cpp - turns a cameo.kernel into loops: the anchor's own loops with its producers evaluated where they
// are read and its consumers applied before the store; without an anchor, one loop nest over the results.
#include "LoopKernelBuilder.h"
#include "cameo/Codegen/Placement.h"
#include "cameo/Runtime/KernelABI.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/ADT/ScopeExit.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::codegen;

namespace {

/// Elements that the arguments for sizes and their reports are said to have. Nothing depends on it: an argument that is
/// a bare pointer has a type of static shape.
constexpr int64_t kDeclaredSizes = 4096;

} // namespace

void LoopKernelBuilder::parallelNest(OpBuilder &b, Location loc, ArrayRef<Dim> dims,
                                     llvm::function_ref<void(OpBuilder &, Location, ValueRange)> body, Dim work) {
  OpBuilder::InsertionGuard guard(b);
  DimContext &d = analysis.dims();
  Value one = constantIndex(b, loc, 1);
  if (dims.empty()) {
    body(b, loc, {});
    return;
  }
  if (neighbours == 0) {
    loopNest(b, loc, sizesOf(*this, dims), body);
    return;
  }
  if (dims.size() == 1 && !work) {
    // Chunks of the only axis.
    int64_t elements = std::max(options.granularity.elements, neighbours);
    signature.tiles = d.ceilDiv(dims[0], elements);
    signature.grain = d.constant(16);
    Value from = begin, to = end;
    if (elements > 1) {
      Value chunk = constantIndex(b, loc, elements);
      from = arith::MulIOp::create(b, loc, begin, chunk);
      to = arith::MinSIOp::create(b, loc, arith::MulIOp::create(b, loc, end, chunk), size(dims[0]));
    }
    auto loop = scf::ForOp::create(b, loc, from, to, one);
    b.setInsertionPointToStart(loop.getBody());
    body(b, loc, loop.getInductionVar());
    return;
  }
  // Leading axes are flattened into the shared space until there is enough to share; the rest are plain loops. Where an
  // index is much work, all axes may be shared.
  size_t shared = 0, most = work || options.granularity.elements == 1 ? dims.size() : dims.size() - 1;
  Dim tiles = d.constant(1);
  while (shared < most && (!tiles.constant() || *tiles.constant() < options.granularity.enough))
    tiles = d.mul(tiles, dims[shared++]);
  Dim inner = d.product(dims.drop_front(shared));
  if (work)
    inner = d.mul(inner, work);
  signature.tiles = d.ceilDiv(tiles, neighbours);
  int64_t perTile = std::max<int64_t>(1, inner.constant().value_or(1));
  signature.grain = d.constant(inner.constant() ? std::max<int64_t>(1, 16384 / perTile) : 1);
  Value from = begin, to = end;
  if (neighbours > 1) {
    Value step = constantIndex(b, loc, neighbours);
    from = arith::MulIOp::create(b, loc, begin, step);
    to = arith::MinSIOp::create(b, loc, arith::MulIOp::create(b, loc, end, step), size(tiles));
  }
  auto loop = scf::ForOp::create(b, loc, from, to, one);
  b.setInsertionPointToStart(loop.getBody());
  SmallVector<Value> indices(shared);
  Value rest = loop.getInductionVar();
  for (int64_t i = int64_t(shared) - 1; i >= 0; --i) {
    if (i == 0) {
      indices[i] = rest;
    } else if (dims[i].isConstant(1)) {
      indices[i] = constantIndex(b, loc, 0);
    } else {
      indices[i] = arith::RemUIOp::create(b, loc, rest, size(dims[i]));
      rest = arith::DivUIOp::create(b, loc, rest, size(dims[i]));
    }
  }
  loopNest(b, loc, sizesOf(*this, dims.drop_front(shared)), [&](OpBuilder &b, Location loc, ValueRange innerIndices) {
    SmallVector<Value> all(indices);
    all.append(innerIndices.begin(), innerIndices.end());
    body(b, loc, all);
  });
}

void LoopKernelBuilder::setResultSize(OpBuilder &b, Location loc, OpResult result, int64_t axis, Value size) {
  auto yield = cast<YieldOp>(kernel.getBody().front().getTerminator());
  unsigned number = llvm::find(yield.getValues(), Value(result)) - yield.getValues().begin();
  reportedSizes[{result, axis}] = size;
  if (number == yield.getValues().size())
    return; // nobody uses this result
  int64_t slot = signature.sizeReports.size();
  signature.sizeReports.push_back({number, axis});
  Value stored = arith::IndexCastOp::create(b, loc, b.getI64Type(), size);
  memref::StoreOp::create(b, loc, stored, reportsArgument, constantIndex(b, loc, slot));
}

void LoopKernelBuilder::failIf(OpBuilder &b, Location loc, Value condition, int32_t code, StringRef message,
                               Value value) {
  auto site = llvm::find_if(failSites, [&](const FailSite &s) { return s.code == code && s.message == message; });
  size_t number = site - failSites.begin();
  if (site == failSites.end())
    failSites.push_back({code, message.str()});
  std::string name = "fail_" + std::to_string(number);
  auto module = function->getParentOfType<ModuleOp>();
  if (!module.lookupSymbol(name)) {
    OpBuilder top = OpBuilder::atBlockEnd(module.getBody());
    auto type = b.getFunctionType({LLVM::LLVMPointerType::get(b.getContext()), b.getI64Type()}, {});
    func::FuncOp::create(top, loc, name, type).setPrivate();
  }
  auto branch = scf::IfOp::create(b, loc, condition, /*withElseRegion=*/false);
  OpBuilder inner = branch.getThenBodyBuilder();
  Value number64;
  if (!value)
    number64 = constantInt(inner, loc, inner.getI64Type(), 0);
  else if (value.getType().isIndex())
    number64 = arith::IndexCastOp::create(inner, loc, inner.getI64Type(), value);
  else if (value.getType().getIntOrFloatBitWidth() < 64)
    number64 = arith::ExtSIOp::create(inner, loc, inner.getI64Type(), value);
  else
    number64 = value;
  func::CallOp::create(inner, loc, name, TypeRange{}, ValueRange{callArgument(), number64});
}

/// Where a service is in the table of the runtime.
static size_t offsetOf(Service service) {
  switch (service) {
  case Service::TextConcat:
    return offsetof(cameo_services, text_concat);
  case Service::TextCase:
    return offsetof(cameo_services, text_case);
  case Service::TextSplit:
    return offsetof(cameo_services, text_split);
  case Service::TextPiece:
    return offsetof(cameo_services, text_piece);
  case Service::TextMatch:
    return offsetof(cameo_services, text_match);
  case Service::TextTokens:
    return offsetof(cameo_services, text_tokens);
  case Service::TextHash:
    return offsetof(cameo_services, text_hash);
  case Service::TextLess:
    return offsetof(cameo_services, text_less);
  case Service::TextToNumber:
    return offsetof(cameo_services, text_to_number);
  case Service::TextFromNumber:
    return offsetof(cameo_services, number_to_text);
  case Service::ImageSize:
    return offsetof(cameo_services, image_size);
  case Service::ImageDecode:
    return offsetof(cameo_services, image_decode);
  case Service::ImagePixel:
    return offsetof(cameo_services, image_pixel);
  }
  llvm_unreachable("all services are above");
}

Value LoopKernelBuilder::callService(OpBuilder &b, Location loc, Service service, ValueRange arguments) {
  signature.needsHost = true;
  auto pointer = LLVM::LLVMPointerType::get(b.getContext());
  auto field = [&](Value base, size_t bytes) {
    Value address = LLVM::GEPOp::create(b, loc, pointer, b.getI8Type(), base, ArrayRef<LLVM::GEPArg>{int32_t(bytes)});
    return Value(LLVM::LoadOp::create(b, loc, pointer, address));
  };
  SmallVector<Value> operands{field(field(callArgument(), offsetof(cameo_call, services)), offsetOf(service)),
                              callArgument()};
  for (Value argument : arguments)
    operands.push_back(isa<MemRefType>(argument.getType()) ? addressOf(b, loc, argument) : argument);
  auto type =
      LLVM::LLVMFunctionType::get(b.getI64Type(), llvm::to_vector(ValueRange(operands).drop_front().getTypes()));
  return LLVM::CallOp::create(b, loc, type, operands).getResult();
}

/// Ops of the body that must be emitted by their own loops: neither evaluated in place nor views nor constants.
SmallVector<Operation *> LoopKernelBuilder::anchorsOf() {
  SmallVector<Operation *> result;
  for (Operation &op : kernel.getBody().front().without_terminator())
    if (!isa<IndexableInterface, AliasInterface, ConstantOp, ShapeOfOp>(op))
      result.push_back(&op);
  return result;
}

/// Groups of adjacent axes that every pointwise op and every buffer of the kernel treats alike, so that they can be one
/// loop; empty where none can. None can when the body holds anything but pointwise ops.
SmallVector<SmallVector<int64_t, 2>> LoopKernelBuilder::joinableAxes() {
  Block &body = kernel.getBody().front();
  auto yield = cast<YieldOp>(body.getTerminator());
  ArrayRef<Dim> dims = analysis.get(yield.getValues().front()).dims;
  int64_t rank = dims.size();
  if (rank < 2)
    return {};
  SmallVector<ArrayRef<Dim>> shapes;
  for (Operation &op : body.without_terminator()) {
    if (isa<ConstantOp>(op))
      continue;
    if (!isa<PointwiseInterface>(op))
      return {};
    for (Value v : op.getOperands())
      if (!v.getDefiningOp<ConstantOp>())
        shapes.push_back(analysis.get(v).dims);
    shapes.push_back(analysis.get(op.getResult(0)).dims);
  }
  for (Value v : yield.getValues()) // arguments that are copied
    shapes.push_back(analysis.get(v).dims);
  SmallVector<SmallVector<Dim, 6>> memories;
  for (Value v : llvm::concat<Value>(kernel.getInputs(), kernel.getResults()))
    memories.push_back(placements.memoryDims(v));
  // Whether axis i of a buffer continues where its neighbour outside ends.
  auto isWhole = [&](ValueRange buffers, ArrayRef<SmallVector<Dim, 6>> memories, int64_t axis) {
    return llvm::all_of(llvm::zip(buffers, memories), [&](auto pair) {
      auto [buffer, memory] = pair;
      int64_t own = axis - (rank - int64_t(memory.size()));
      return own < 0 || memory[own] == analysis.dim(buffer, own);
    });
  };
  // How a shape uses axis i of the result: whole, or as one element; unknown blocks the collapse.
  enum Use { Whole, One, Unknown };
  auto use = [&](ArrayRef<Dim> shape, int64_t axis) {
    int64_t own = axis - (rank - int64_t(shape.size()));
    if (own < 0 || (shape[own].isConstant(1) && !dims[axis].isConstant(1)))
      return One;
    return shape[own] == dims[axis] ? Whole : Unknown;
  };
  SmallVector<SmallVector<int64_t, 2>> groups{{0}};
  for (int64_t axis = 1; axis < rank; ++axis) {
    bool joins = llvm::all_of(shapes, [&](ArrayRef<Dim> s) {
      Use a = use(s, axis - 1), c = use(s, axis);
      if (dims[axis].isConstant(1) || dims[axis - 1].isConstant(1))
        return a != Unknown && c != Unknown;
      return a == c && a != Unknown;
    });
    joins = joins && isWhole(kernel.getInputs(), ArrayRef(memories).take_front(kernel.getInputs().size()), axis) &&
            isWhole(kernel.getResults(), ArrayRef(memories).drop_front(kernel.getInputs().size()), axis);
    // A unit axis says nothing about its neighbours: the whole group must agree.
    if (joins)
      joins = llvm::all_of(shapes, [&](ArrayRef<Dim> s) {
        std::optional<Use> seen;
        SmallVector<int64_t, 2> members(groups.back());
        members.push_back(axis);
        for (int64_t m : members) {
          if (dims[m].isConstant(1))
            continue;
          if (seen && *seen != use(s, m))
            return false;
          seen = use(s, m);
        }
        return true;
      });
    if (joins)
      groups.back().push_back(axis);
    else
      groups.push_back({axis});
  }
  return int64_t(groups.size()) < rank ? groups : SmallVector<SmallVector<int64_t, 2>>();
}

/// The kernel's function, without its loops: pointers to the call, inputs, results, reports of sizes and sizes, and the
/// slice of tiles.
OwningOpRef<ModuleOp> LoopKernelBuilder::makeFunction() {
  MLIRContext *context = kernel.getContext();
  Location loc = kernel.getLoc();
  OwningOpRef<ModuleOp> module = ModuleOp::create(UnknownLoc::get(context));
  OpBuilder top = OpBuilder::atBlockEnd(module->getBody());
  auto yield = cast<YieldOp>(kernel.getBody().front().getTerminator());
  auto bufferType = [&](Value v) { return MemRefType::get({1}, storageType(getElementTypeOrSelf(v.getType()))); };
  SmallVector<Type> types{LLVM::LLVMPointerType::get(context)};
  for (BlockArgument a : kernel.getBody().getArguments())
    types.push_back(bufferType(a));
  bool reports = false;
  for (Value v : yield.getValues()) {
    types.push_back(bufferType(v));
    reports |= findsOutSizes(v);
  }
  types.append(1 + reports, MemRefType::get({kDeclaredSizes}, top.getI64Type()));
  types.append(2, top.getIndexType());
  function = func::FuncOp::create(top, loc, kKernelFunction, top.getFunctionType(types, {}));
  Block *entry = function.addEntryBlock();
  if (reports)
    reportsArgument = entry->getArgument(types.size() - 4);
  sizesArgument = entry->getArgument(types.size() - 3);
  begin = entry->getArgument(types.size() - 2);
  end = entry->getArgument(types.size() - 1);
  for (size_t i = 1; i + 3 < types.size(); ++i)
    function.setArgAttr(i, "llvm.noalias", UnitAttr::get(context));
  // Views and sizes come first, in the order they are asked for; the loops follow this marker.
  OpBuilder b = OpBuilder::atBlockEnd(entry);
  sizesEnd = arith::ConstantIndexOp::create(b, loc, 0);
  func::ReturnOp::create(b, loc);
  return module;
}

/// Whether the kernel finds out a size of `v`, which it yields.
bool LoopKernelBuilder::findsOutSizes(Value v) {
  auto shaped = v.getDefiningOp<ShapeInterface>();
  for (int64_t axis = 0; shaped && axis < analysis.rank(v); ++axis)
    if (shaped.sizeBound(analysis, cast<OpResult>(v).getResultNumber(), axis))
      return true;
  return false;
}

/// Sizes of a tensor with its axes joined.
SmallVector<Dim, 6> LoopKernelBuilder::joined(SmallVector<Dim, 6> dims) {
  if (axisGroups.empty())
    return dims;
  int64_t rank = axisGroups.back().back() + 1;
  SmallVector<Dim, 6> result;
  for (ArrayRef<int64_t> group : axisGroups) {
    Dim product = analysis.dims().constant(1);
    for (int64_t axis : group)
      if (int64_t own = axis - (rank - int64_t(dims.size())); own >= 0)
        product = analysis.dims().mul(product, dims[own]);
    result.push_back(product);
  }
  return result;
}

/// Has the analysis speak of joined axes while this kernel is emitted.
void LoopKernelBuilder::joinAxes() {
  for (Value v : kernel.getResults())
    analysis.get(v); // by the axes that the body has
  axisGroups = joinableAxes();
  if (axisGroups.empty())
    return;
  auto join = [&](ValueRange values) {
    for (Value v : values) {
      ShapeInfo info = analysis.get(v);
      separate.push_back({v, info});
      info.dims = joined(info.dims);
      analysis.forget(v);
      analysis.set(v, info);
    }
  };
  for (Operation &op : llvm::reverse(kernel.getBody().front().without_terminator()))
    join(op.getResults());
  join(kernel.getBody().getArguments());
}

void LoopKernelBuilder::separateAxes() {
  for (auto &[v, info] : separate) {
    analysis.forget(v);
    analysis.set(v, info);
  }
}

/// Arguments of the function as tensors.
void LoopKernelBuilder::viewBuffers() {
  auto yield = cast<YieldOp>(kernel.getBody().front().getTerminator());
  OpBuilder early(sizesEnd);
  unsigned position = 1;
  auto inMemory = [&](Value outside) {
    SmallVector<Dim, 6> memory = placements.memoryDims(outside);
    return ArrayRef(memory) == analysis.dimsOf(outside) ? SmallVector<Dim, 6>() : joined(memory);
  };
  for (auto [a, outside] : llvm::zip(kernel.getBody().getArguments(), kernel.getInputs()))
    buffers[a] = bufferTensor(early, getElementTypeOrSelf(a.getType()), SmallVector<Dim, 6>(analysis.dimsOf(a)),
                              function.getArgument(position++), true, false, inMemory(outside));
  if (kernel.getAppends())
    buffers[yield.getValues()[0].getDefiningOp()->getOperand(0)].stored = storedRows(analysis, kernel);
  for (int64_t input : inputsInPlace(kernel)) {
    KernelTensor &piece = buffers[kernel.getBody().getArgument(input)];
    piece.stored = piece.dims[*normalizeAxis(kernel, concatOf(kernel).getAxis(), piece.rank())];
  }
  for (auto [v, outside] : llvm::zip(yield.getValues(), kernel.getResults())) {
    SmallVector<Dim, 6> dims(analysis.dimsOf(v));
    Type type = getElementTypeOrSelf(v.getType());
    Value argument = function.getArgument(position++);
    // A buffer whose size the kernel finds out is viewed when the size is known: strides must use it.
    outputs[v].push_back(findsOutSizes(v) ? linearTensor(type, dims, argument)
                                          : bufferTensor(early, type, dims, argument, true, true, inMemory(outside)));
  }
}

/// An op with loops of its own, by the target's emitter where that takes it.
LogicalResult LoopKernelBuilder::emitOp(OpBuilder &b, KernelInterface op, ArrayRef<KernelTensor> results,
                                        bool mayBeTuned) {
  SmallVector<KernelTensor> operands = llvm::map_to_vector(op->getOperands(), [&](Value v) { return readTensor(v); });
  if (options.anchors && mayBeTuned)
    if (auto done = options.anchors->emit(kernel, op, *this, b, operands, results))
      return *done;
  return op.emitLoops(*this, b, operands, results);
}

/// The loops, by what the body holds.
LogicalResult LoopKernelBuilder::emitBody(ArrayRef<Operation *> anchors) {
  Block &body = kernel.getBody().front();
  OpBuilder b(function.front().getTerminator());
  if (anchors.size() > 1)
    return kernel.emitOpError("holds ") << anchors.size() << " ops with loops of their own; one is the most";
  if (anchors.size() == 1) {
    SmallVector<KernelTensor> results;
    for (unsigned i = 0; i < anchors.front()->getNumResults(); ++i)
      results.push_back(resultTensor(anchors.front(), i));
    return emitOp(b, cast<KernelInterface>(anchors.front()), results, /*mayBeTuned=*/neighbours != 0);
  }
  auto &[first, tensors] = *outputs.begin();
  // One result: its op knows the best loops, a copy per operand for a concatenation, say.
  if (auto root = first.getDefiningOp<KernelInterface>(); root && outputs.size() == 1 && tensors.size() == 1)
    return emitOp(b, root, tensors, llvm::hasSingleElement(body.without_terminator()));
  SmallVector<Dim, 6> dims(analysis.dimsOf(first));
  parallelNest(b, kernel.getLoc(), dims, [&](OpBuilder &b, Location loc, ValueRange indices) {
    for (auto &[v, tensors] : outputs) {
      Value element = readTensor(v).load(b, loc, indices);
      for (KernelTensor &t : tensors)
        t.store(b, loc, element, indices);
    }
  });
  return success();
}

/// The parts of the signature that the loops decide.
void LoopKernelBuilder::completeSignature() {
  Block &body = kernel.getBody().front();
  signature.usesInput.clear();
  for (unsigned i = 0; i < body.getNumArguments(); ++i) {
    // The view exists in any case; it counts only when something reads it.
    Value argument = function.getArgument(1 + i);
    bool used = llvm::any_of(argument.getUsers(), [](Operation *user) {
      return !user->use_empty() || !isa<memref::ReinterpretCastOp>(user);
    });
    signature.usesInput.push_back(used);
  }
  SmallVector<StringRef> names;
  for (Operation &op : body.without_terminator())
    if (!isa<ConstantOp>(op) && names.size() < 4)
      names.push_back(op.getName().stripDialect());
  signature.name = llvm::join(names, "_");
}

FailureOr<EmittedKernel> LoopKernelBuilder::run() {
  signature.tiles = signature.grain = analysis.dims().constant(1);
  signature.inputForms.resize(kernel.getBody().getNumArguments());
  OwningOpRef<ModuleOp> module = makeFunction();
  SmallVector<Operation *> anchors = anchorsOf();
  if (anchors.empty() && kernel.getNumResults() == 0)
    return kernel.emitOpError("yields nothing");
  for (Value v : kernel.getResults())
    if (Type type = getElementTypeOrSelf(v.getType()); isPacked(type))
      neighbours = anchors.empty() && neighbours ? std::max<int64_t>(neighbours, 8 / storageBits(type)) : 0;
  llvm::scope_exit restore([&] { separateAxes(); });
  if (anchors.empty())
    joinAxes();
  viewBuffers();
  if (failed(emitBody(anchors)))
    return failure();
  completeSignature();
  return EmittedKernel{std::move(module), std::move(signature), std::move(failSites)};
}

FailureOr<EmittedKernel> cameo::codegen::emitKernel(KernelOp kernel, ShapeAnalysis &shapes,
                                                    const Placements &placements, const EmissionOptions &options) {
  return LoopKernelBuilder(kernel, shapes, placements, options).run();
}
