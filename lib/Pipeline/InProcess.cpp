// InProcess.cpp - links kernels with ORC and launches them.
#include "InProcess.h"
#include "cameo/Codegen/Placement.h"
#include "cameo/Dialect/Cameo/Cameo.h"
#include "cameo/Dialect/Cameo/ConstantBytes.h"
#include "cameo/Dialect/Cameo/ConstantStorage.h"
#include "cameo/Support/ErrorCode.h"
#include "mlir/IR/BuiltinDialect.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/Support/CheckedArithmetic.h"
#include "llvm/Support/ThreadPool.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::codegen;

/// Constants of at most this many bytes are inline attributes, larger ones resources.
static constexpr int64_t kInlineBytes = 64;

LoadedKernels::LoadedKernels() = default;
LoadedKernels::~LoadedKernels() = default;

/// The value in whose memory `value` lies: views have none of their own.
static Value ownerOf(Value value) {
  while (auto view = value.getDefiningOp<AliasInterface>())
    value = view->getOperand(0);
  return value;
}

// ---- machine code

LogicalResult LoadedKernels::load(VariantCompiler &compiler, Location loc, unsigned jobs) {
  std::vector<FailureOr<Code>> objects(compiler.numKernels(), failure());
  {
    llvm::DefaultThreadPool pool(llvm::hardware_concurrency(jobs));
    for (auto [i, object] : llvm::enumerate(objects))
      pool.async([&compiler, &object = object, i = i] { object = compiler.compile(i); });
    pool.wait();
  }
  if (llvm::any_of(objects, [](auto &object) { return failed(object); }))
    return emitBug(loc) << "a kernel cannot be compiled";
  auto link = [&]() -> llvm::Error {
    using namespace llvm::orc;
    auto made = LLJITBuilder().create();
    if (!made)
      return made.takeError();
    jit = std::move(*made);
    JITDylib &dylib = jit->getMainJITDylib();
    auto process = DynamicLibrarySearchGenerator::GetForCurrentProcess(jit->getDataLayout().getGlobalPrefix());
    if (!process)
      return process.takeError();
    dylib.addGenerator(std::move(*process));
    for (auto &object : objects)
      if (llvm::Error e = jit->addObjectFile(
              llvm::MemoryBuffer::getMemBuffer(StringRef(object->data(), object->size()), "kernel", false)))
        return e;
    for (const ProgramKernel &kernel : compiler.variant.kernels) {
      // Hidden, as in a program file.
      auto symbol = jit->getExecutionSession().lookup({{&dylib, JITDylibLookupFlags::MatchAllSymbols}},
                                                      jit->mangleAndIntern(kernel.symbol));
      if (!symbol)
        return symbol.takeError();
      functions.push_back(symbol->getAddress().toPtr<cameo_kernel_fn>());
    }
    return llvm::Error::success();
  };
  if (llvm::Error e = link())
    return emitBug(loc) << "kernels cannot be linked into this process: " << llvm::toString(std::move(e));
  return success();
}

// ---- sizes

int64_t InProcessRun::atom(const DimAtom &a, Atoms &known) {
  if (auto it = known.find(&a); it != known.end())
    return it->second;
  auto is = [&](int64_t value) { return known[&a] = value; };
  if (a.kind == AtomKind::ElementOf)
    return is(element(a.value, a.index));
  if (a.kind == AtomKind::SizeOf) {
    if (auto argument = dyn_cast<BlockArgument>(a.value))
      return is(cast<ShapedType>(arguments[argument.getArgNumber()].getType()).getDimSize(a.index));
    return is(sizes.lookup({a.value, a.index}));
  }
  int64_t x = size(a.lhs, known), y = size(a.rhs, known);
  switch (a.kind) {
  case AtomKind::Min:
    return is(std::min(x, y));
  case AtomKind::Max:
    return is(std::max(x, y));
  case AtomKind::Broadcast:
    return is(x == 1 ? y : x);
  default: {
    if (y == 0)
      return is(0); // as in the entry function; what has this size is empty anyway
    int64_t quotient = x / y, remainder = x % y;
    bool down = remainder != 0 && (remainder < 0) != (y < 0);
    return is(a.kind == AtomKind::FloorDiv ? quotient - down : remainder + (down ? y : 0));
  }
  }
}

int64_t InProcessRun::size(Dim dim, Atoms &known) {
  uint64_t sum = 0;
  for (const DimTerm &term : dim.getNode()->terms) {
    uint64_t product = term.coefficient;
    for (const DimAtom *a : term.atoms)
      product *= uint64_t(atom(*a, known));
    sum += product;
  }
  return int64_t(sum);
}

int64_t InProcessRun::element(Value tensor, int64_t index) {
  Type type = getElementTypeOrSelf(tensor.getType());
  char *base = pointer(tensor);
  int64_t bytes = storageBytes(type, 1), value = 0;
  if (!base)
    return 0;
  std::memcpy(&value, base + index * bytes, bytes);
  bool isUnsigned = type.isUnsignedInteger() || type.isInteger(1);
  return bytes == 8 || isUnsigned ? value : llvm::SignExtend64(uint64_t(value), unsigned(8 * bytes));
}

// ---- memory

/// Memory of `owner`, or of the running kernel when that is null. Null after a failure.
char *InProcessRun::allocate(Value owner, int64_t bytes) {
  if (call.status != CAMEO_OK)
    return nullptr;
  if (bytes < 0 || bytes > mostBytes) {
    fail(&call, CAMEO_OUT_OF_MEMORY, nullptr, "a value needs more than %lld bytes", mostBytes);
    return nullptr;
  }
  AsmResourceBlob blob = ConstantStorage::of(main.getContext()).allocate(std::max<int64_t>(bytes, 1));
  char *data = blob.getMutableData().data();
  if (owner)
    memory[owner] = std::move(blob);
  else
    temporaries.push_back(std::move(blob));
  return data;
}

/// Bytes for a kernel's result, with bounds in place of sizes that only the kernel can tell; -1 when that overflows.
int64_t InProcessRun::bytesBound(Value value) {
  auto kernel = value.getDefiningOp<KernelOp>();
  unsigned number = cast<OpResult>(value).getResultNumber();
  Value inner = kernel.getBody().front().getTerminator()->getOperand(number);
  auto shaped = inner.getDefiningOp<ShapeInterface>();
  std::optional<int64_t> bits = storageBits(getElementTypeOrSelf(value.getType()));
  for (auto [axis, own] : llvm::enumerate(SmallVector<Dim>(shapes.dimsOf(value)))) {
    Dim bound = shaped ? shaped.sizeBound(shapes, cast<OpResult>(inner).getResultNumber(), axis) : Dim();
    int64_t n = size(bound ? bound : own);
    bits = bits && n >= 0 ? llvm::checkedMul(*bits, n) : std::nullopt;
  }
  return bits ? int64_t(llvm::divideCeil(*bits, 8)) : -1;
}

char *InProcessRun::pointer(Value tensor) {
  Value owner = ownerOf(tensor);
  if (auto known = memory.find(owner); known != memory.end())
    return known->second.getMutableData().data();
  auto constant = owner.getDefiningOp<ConstantOp>();
  auto argument = dyn_cast<BlockArgument>(owner);
  if (constant || argument) {
    ElementsAttr value = argument ? arguments[argument.getArgNumber()] : constant.getValue();
    auto resource = dyn_cast<DenseResourceElementsAttr>(value);
    if (AsmResourceBlob *blob = resource ? resource.getRawHandle().getBlob() : nullptr) {
      ConstantStorage::of(main.getContext()).touch(blob->getData().size());
      return const_cast<char *>(blob->getData().data()); // kernels only read their operands
    }
    char *data = allocate(owner, constantBytes(value)), *at = data;
    if (data)
      forEachConstantPiece(value, [&](ArrayRef<char> piece) { at = std::copy(piece.begin(), piece.end(), at); });
    return data;
  }
  // A vector that is known as sizes.
  const ShapeInfo &info = shapes.get(owner);
  if (!info.contents)
    return nullptr;
  int64_t bytes = storageBytes(info.elementType, 1);
  SmallVector<Dim, 4> contents(*info.contents);
  char *data = allocate(owner, bytes * int64_t(contents.size()));
  for (auto [i, d] : llvm::enumerate(contents)) {
    int64_t value = size(d);
    if (data)
      std::memcpy(data + int64_t(i) * bytes, &value, bytes);
  }
  return data;
}

// ---- steps

void InProcessRun::fail(cameo_call *call, int32_t code, const char *, const char *message, int64_t value) {
  if (call->status != CAMEO_OK)
    return;
  call->status = code;
  auto [before, after] = StringRef(message).split("%lld");
  bool hasValue = StringRef(message).contains("%lld");
  static_cast<InProcessRun *>(call->runtime)->failure = hasValue ? (before + Twine(value) + after).str() : before.str();
}

/// The code of an error of the run, for one that is found at compile time.
static StringLiteral errorCode(int32_t status) {
  switch (status) {
  case CAMEO_OUT_OF_RANGE:
    return "E-INDEX";
  case CAMEO_DIVISION_BY_ZERO:
    return "E-DIV0";
  case CAMEO_OUT_OF_MEMORY:
    return "E-MEMORY";
  default:
    return "E-SHAPE";
  }
}

/// A constant in the form that the running kernel wants.
char *InProcessRun::packed(Value constant, const WeightForm &form) {
  char *data = allocate({}, form.bytes), *at = data;
  if (data)
    form.make(constantBehind(constant), [&](ArrayRef<char> piece) { at = std::copy(piece.begin(), piece.end(), at); });
  return data;
}

LogicalResult InProcessRun::launch(KernelOp kernel, Observer observe) {
  KernelUse use = compiler.use(kernel);
  const KernelSignature &s = *use.signature;
  SmallVector<void *> buffers;
  for (auto [input, used, form] : llvm::zip(kernel.getInputs(), s.usesInput, s.inputForms))
    buffers.push_back(!used ? nullptr : form.isPlain() ? pointer(input) : packed(input, form));
  SmallVector<ArrayRef<char>> results;
  for (Value result : kernel.getResults()) {
    int64_t bytes = bytesBound(result);
    char *data = allocate(result, bytes);
    buffers.push_back(data);
    results.emplace_back(data, data ? bytes : 0);
  }
  SmallVector<int64_t> reports(s.sizeReports.size());
  if (!reports.empty())
    buffers.push_back(reports.data());
  for (Dim bytes : s.temporaries)
    buffers.push_back(allocate({}, size(bytes)));
  SmallVector<int64_t> kernelSizes = llvm::map_to_vector(s.sizes, [&](Dim d) { return size(d); });
  int64_t tiles = size(s.tiles);
  size_t own = temporaries.size();
  if (call.status == CAMEO_OK && tiles > 0)
    observe(
        kernel,
        [&] {
          if (call.status == CAMEO_OK)
            functions[use.number](&call, buffers.data(), kernelSizes.data(), 0, tiles);
          temporaries.erase(temporaries.begin() + own, temporaries.end()); // what it asked for
        },
        results);
  temporaries.clear();
  Operation *yield = kernel.getBody().front().getTerminator();
  if (call.status != CAMEO_OK)
    return withCode(errorCode(call.status), mlir::emitError(yield->getPrevNode()->getLoc()))
           << failure << ", found while " << purpose;
  for (auto [report, found] : llvm::zip(s.sizeReports, reports))
    sizes[{yield->getOperand(report.first), report.second}] = found;
  return success();
}

static StringRef nodeName(Location loc) {
  if (auto fused = dyn_cast<FusedLoc>(loc); fused && !fused.getLocations().empty())
    loc = fused.getLocations().front();
  auto name = dyn_cast<NameLoc>(loc);
  return name ? name.getName().getValue() : StringRef();
}

/// A result as a constant. Takes the memory where it is the result's own.
ElementsAttr InProcessRun::result(Value value) {
  SmallVector<int64_t> dims =
      llvm::map_to_vector(SmallVector<Dim>(shapes.dimsOf(value)), [&](Dim d) { return size(d); });
  auto type = RankedTensorType::get(dims, getElementTypeOrSelf(value.getType()));
  Type element = type.getElementType();
  int64_t bytes = storageBytes(element, type.getNumElements());
  ArrayRef<char> data(pointer(value), bytes);
  bool isTracked = element.isInteger() && type.getNumElements() <= kMaxTrackedElements;
  if (bytes <= kInlineBytes || isTracked)
    return elementsFromBytes(type, data);
  auto own = memory.find(value);
  AsmResourceBlob blob = own != memory.end() && int64_t(own->second.getData().size()) == bytes
                             ? std::move(own->second)
                             : ConstantStorage::of(type.getContext()).copy(data);
  StringRef name = nodeName(value.getLoc());
  auto &manager = DenseResourceElementsHandle::getManagerInterface(type.getContext());
  return DenseResourceElementsAttr::get(type, manager.insert(name.empty() ? "folded" : name, std::move(blob)));
}

FailureOr<SmallVector<ElementsAttr>> InProcessRun::operator()(Observer observe) {
  cameo_services services{};
  services.struct_size = sizeof(services);
  services.abi_version = CAMEO_ABI_VERSION;
  services.alloc = allocateFor;
  services.fail = fail;
  call = {sizeof(call), CAMEO_OK, &services, nullptr, nullptr, this, nullptr};

  Block &body = main.getBody().front();
  DenseMap<Value, Operation *> last;
  for (Operation &op : body)
    for (Value operand : op.getOperands())
      last[ownerOf(operand)] = &op;
  for (auto kernel : body.getOps<KernelOp>())
    for (Value result : kernel.getResults())
      last.try_emplace(result, kernel); // nobody reads it
  // Elements that may be sizes of others are read when such a size is asked for, which may be after the last use.
  for (auto &[value, op] : last)
    if (op != body.getTerminator() && !codegen::mayHoldSizes(value))
      lastUses[op].push_back(value);

  for (Operation &op : body) {
    if (auto kernel = dyn_cast<KernelOp>(op))
      if (failed(launch(kernel, observe)))
        return mlir::failure();
    if (auto reshape = dyn_cast<ReshapeOp>(op))
      if (size(shapes.numElements(reshape.getX())) != size(shapes.numElements(reshape.getResult())))
        return withCode(errorCode(CAMEO_SHAPE_MISMATCH), mlir::emitError(op.getLoc()))
               << "the new shape has another number of elements, found while " << purpose;
    for (Value value : lastUses.lookup(&op))
      memory.erase(value);
  }
  // Views first: what they look at may be handed out.
  ValueRange values = body.getTerminator()->getOperands();
  SmallVector<ElementsAttr> results(values.size());
  for (bool isView : {true, false})
    for (auto [attribute, value] : llvm::zip(results, values))
      if ((ownerOf(value) != value) == isView)
        attribute = result(value);
  return results;
}
