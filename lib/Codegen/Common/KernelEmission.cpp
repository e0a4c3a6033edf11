// KernelEmission.cpp - turns a cameo.kernel into loops: the anchor's own loops with its producers evaluated where they are
// read and its consumers applied before the store; without an anchor, one loop nest over the results.
#include "cameo/Codegen/Kernel.h"
#include "llvm/ADT/ScopeExit.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::codegen;

namespace {

/// Largest number of run-time sizes a kernel may take; only the type of the argument depends on it.
constexpr int64_t kMaxSizes = 4096;

/// Values already computed, reusable where their block encloses the reader's.
class ElementCache {
public:
  Value find(Value tensor, ValueRange indices, Block *reader) {
    for (const Entry &e : entries[tensor])
      if (ValueRange(e.indices) == indices && encloses(e.block, reader))
        return e.element;
    return {};
  }
  void add(Value tensor, ValueRange indices, Block *block, Value element) {
    entries[tensor].push_back({SmallVector<Value>(indices), block, element});
  }

private:
  struct Entry {
    SmallVector<Value> indices;
    Block *block;
    Value element;
  };
  static bool encloses(Block *outer, Block *inner) {
    for (Block *block = inner; block;) {
      if (block == outer)
        return true;
      Operation *parent = block->getParentOp();
      block = parent ? parent->getBlock() : nullptr;
    }
    return false;
  }
  DenseMap<Value, SmallVector<Entry, 2>> entries;
};

class LoopKernelBuilder : public KernelBuilder {
public:
  LoopKernelBuilder(KernelOp kernel, ShapeAnalysis &analysis, bool reassociate)
      : kernel(kernel), analysis(analysis), reassociate(reassociate) {}

  FailureOr<EmittedKernel> run(AnchorEmitter *anchors);

  ShapeAnalysis &shapes() override { return analysis; }
  Value size(Dim dim) override;
  void parallelNest(OpBuilder &b, Location loc, ArrayRef<Dim> dims,
                    llvm::function_ref<void(OpBuilder &, Location, ValueRange)> body, Dim work = {}) override;
  Tensor temporary(OpBuilder &b, Location loc, Type elementType, ArrayRef<Dim> dims) override;
  void setResultSize(OpBuilder &b, Location loc, OpResult result, int64_t axis, Value size) override;
  void failIf(OpBuilder &b, Location loc, Value condition, int32_t code, StringRef message, Value value) override;
  bool mayReassociate() const override { return reassociate; }
  Value callArgument() override { return function.getArgument(0); }
  Value sliceBegin() override { return begin; }
  Value sliceEnd() override { return end; }
  void setTiles(Dim tiles, Dim grain) override {
    signature.tiles = tiles;
    signature.grain = grain;
  }
  ElementsAttr constantOperand(Value operand) override;
  Value packedWeight(Value operand, WeightForm form) override;
  void storeVector(OpBuilder &b, Location loc, unsigned result, Value vector, const VectorPosition &at) override;

private:
  Tensor bufferTensor(OpBuilder &b, Type elementType, ArrayRef<Dim> dims, Value argument, bool readable, bool writable);
  Tensor readTensor(Value value);
  Value readElement(OpBuilder &b, Location loc, Value value, ValueRange indices);
  Value readVector(OpBuilder &b, Location loc, Value value, ArrayRef<Dim> resultDims, const VectorPosition &at, int64_t lanes);
  Value loadVector(OpBuilder &b, Location loc, const Tensor &t, ArrayRef<Dim> resultDims, const VectorPosition &at, int64_t lanes);
  Value rows(const Tensor &t);
  Value rowOf(OpBuilder &b, Location loc, const Tensor &t, ArrayRef<Dim> resultDims, Value row);
  Tensor linearTensor(Type elementType, ArrayRef<Dim> dims, Value argument);
  Value linearIndex(OpBuilder &b, Location loc, ArrayRef<Dim> dims, ValueRange indices);
  Value view(OpBuilder &b, Value argument, Type elementType, ArrayRef<Dim> dims);
  SmallVector<Operation *> anchorsOf();
  Tensor resultTensor(Operation *op, unsigned number);
  bool collapse(SmallVectorImpl<SmallVector<int64_t, 2>> &groups);

  KernelOp kernel;
  ShapeAnalysis &analysis;
  bool reassociate;
  func::FuncOp function;
  Value reportsArgument, sizesArgument, begin, end;
  Operation *sizesEnd = nullptr; ///< sizes are loaded before this op
  DenseMap<const DimNode *, Value> sizeValues;
  DenseMap<std::pair<Value, int64_t>, Value> reportedSizes;
  DenseMap<Value, Tensor> buffers;      ///< of kernel arguments
  llvm::MapVector<Value, SmallVector<Tensor>> outputs; ///< buffers of yielded values
  DenseMap<Value, Value> matrices;      ///< of buffers, see rows()
  DenseMap<Value, Value> pinned;        ///< anchor results whose element (or vector) is at hand in the epilogue
  ElementCache cache;
  /// Neighbours that share a byte of a packed result, which one thread must store; 0: all of them.
  int64_t neighbours = 1;
  KernelSignature signature;
  std::vector<FailSite> failSites;
};

} // namespace

Value LoopKernelBuilder::size(Dim dim) {
  Value &value = sizeValues[dim.getNode()];
  if (value)
    return value;
  OpBuilder b(sizesEnd);
  Location loc = kernel.getLoc();
  if (auto constant = dim.constant())
    return value = constantIndex(b, loc, *constant);
  // A size this very kernel found out is in a register already.
  if (dim.getNode()->terms.size() == 1 && dim.getNode()->terms[0].atoms.size() == 1) {
    const DimAtom *atom = dim.getNode()->terms[0].atoms[0];
    if (atom->kind == AtomKind::SizeOf)
      if (Value known = reportedSizes.lookup({atom->value, atom->index})) {
        sizeValues.erase(dim.getNode());
        return known;
      }
  }
  Value index = constantIndex(b, loc, signature.sizes.size());
  signature.sizes.push_back(dim);
  Value loaded = memref::LoadOp::create(b, loc, sizesArgument, index);
  return value = arith::IndexCastOp::create(b, loc, b.getIndexType(), loaded);
}

/// `argument` (memref<1xT>) as a dense row-major buffer of the given sizes.
Value LoopKernelBuilder::view(OpBuilder &b, Value argument, Type elementType, ArrayRef<Dim> dims) {
  Location loc = kernel.getLoc();
  SmallVector<OpFoldResult> sizes, strides(dims.size());
  SmallVector<int64_t> shape;
  for (Dim d : dims) {
    shape.push_back(d.asStatic());
    sizes.push_back(d.constant() ? OpFoldResult(b.getIndexAttr(*d.constant())) : OpFoldResult(size(d)));
  }
  Dim stride = analysis.dims().constant(1);
  SmallVector<int64_t> staticStrides(dims.size());
  for (int64_t i = int64_t(dims.size()) - 1; i >= 0; --i) {
    strides[i] = stride.constant() ? OpFoldResult(b.getIndexAttr(*stride.constant())) : OpFoldResult(size(stride));
    staticStrides[i] = stride.asStatic();
    stride = analysis.dims().mul(stride, dims[i]);
  }
  auto layout = StridedLayoutAttr::get(b.getContext(), 0, staticStrides);
  auto type = MemRefType::get(shape, storageType(elementType), layout);
  return memref::ReinterpretCastOp::create(b, loc, type, argument, b.getIndexAttr(0), sizes, strides);
}

static Value loadElement(OpBuilder &b, Location loc, Value memref, ValueRange indices, Type elementType) {
  Value v = memref::LoadOp::create(b, loc, memref, indices);
  if (elementType.isInteger(1))
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, v, constantInt(b, loc, v.getType(), 0));
  if (elementType.isF16() || elementType.isBF16())
    return arith::ExtFOp::create(b, loc, b.getF32Type(), v);
  return v;
}

static Value toStorage(OpBuilder &b, Location loc, Value element, Type elementType) {
  Type target = storageType(elementType);
  if (auto vector = dyn_cast<VectorType>(element.getType()))
    target = vector.clone(target);
  if (elementType.isInteger(1))
    return arith::ExtUIOp::create(b, loc, target, element);
  if (elementType.isF16() || elementType.isBF16())
    return Value(arith::TruncFOp::create(b, loc, target, element));
  return element;
}

Value LoopKernelBuilder::linearIndex(OpBuilder &b, Location loc, ArrayRef<Dim> dims, ValueRange indices) {
  Value linear = constantIndex(b, loc, 0);
  for (auto [index, d] : llvm::zip(indices, dims))
    linear = arith::AddIOp::create(b, loc, arith::MulIOp::create(b, loc, linear, size(d)), index);
  return linear;
}

/// A buffer addressed by row-major element numbers: one of packed elements, or one whose sizes are known only where it is used.
Tensor LoopKernelBuilder::linearTensor(Type elementType, ArrayRef<Dim> dims, Value argument) {
  Tensor t;
  t.elementType = elementType;
  t.dims.assign(dims.begin(), dims.end());
  t.buffer = argument;
  t.loader = [=, this, dims = t.dims](OpBuilder &b, Location loc, ValueRange indices) {
    Value index = linearIndex(b, loc, dims, indices);
    return isPacked(elementType) ? loadPacked(b, loc, argument, index, elementType)
                                 : loadElement(b, loc, argument, index, elementType);
  };
  t.storer = [=, this, dims = t.dims](OpBuilder &b, Location loc, Value element, ValueRange indices) {
    Value index = linearIndex(b, loc, dims, indices);
    if (isPacked(elementType))
      storePacked(b, loc, element, argument, index, elementType);
    else
      memref::StoreOp::create(b, loc, toStorage(b, loc, element, elementType), argument, index);
  };
  return t;
}

Tensor LoopKernelBuilder::bufferTensor(OpBuilder &b, Type elementType, ArrayRef<Dim> dims, Value argument, bool readable,
                             bool writable) {
  Tensor t = linearTensor(elementType, dims, argument);
  if (!isPacked(elementType)) {
    Value memref = t.memref = view(b, argument, elementType, dims);
    t.loader = [=](OpBuilder &b, Location loc, ValueRange indices) {
      return loadElement(b, loc, memref, indices, elementType);
    };
    t.storer = [=](OpBuilder &b, Location loc, Value element, ValueRange indices) {
      memref::StoreOp::create(b, loc, toStorage(b, loc, element, elementType), memref, indices);
    };
  }
  if (!readable)
    t.loader = nullptr;
  if (!writable)
    t.storer = nullptr;
  return t;
}

/// A value of the kernel's body as something to read from: a buffer, or its producer evaluated in place.
Tensor LoopKernelBuilder::readTensor(Value value) {
  if (auto it = buffers.find(value); it != buffers.end())
    return it->second;
  const ShapeInfo &info = analysis.get(value);
  Tensor t;
  t.elementType = info.elementType;
  t.dims = info.dims;
  if (auto alias = value.getDefiningOp<AliasInterface>()) {
    Tensor source = readTensor(alias->getOperand(0));
    if (source.buffer) {
      // The same bytes under another shape.
      OpBuilder b(sizesEnd);
      return bufferTensor(b, t.elementType, t.dims, source.buffer, true, false);
    }
    t.loader = [this, source, dims = t.dims](OpBuilder &b, Location loc, ValueRange indices) {
      Value linear = linearIndex(b, loc, dims, indices);
      SmallVector<Value> other(source.dims.size());
      for (int64_t i = int64_t(source.dims.size()) - 1; i >= 0; --i) {
        other[i] = i == 0 ? linear : Value(arith::RemUIOp::create(b, loc, linear, size(source.dims[i])));
        if (i > 0)
          linear = arith::DivUIOp::create(b, loc, linear, size(source.dims[i]));
      }
      return source.load(b, loc, other);
    };
    return t;
  }
  t.loader = [this, value](OpBuilder &b, Location loc, ValueRange indices) {
    return readElement(b, loc, value, indices);
  };
  return t;
}

static TypedAttr splatElement(ConstantOp constant, Type type) {
  auto dense = dyn_cast<DenseElementsAttr>(constant.getValue());
  if (!dense || !dense.isSplat())
    return {};
  if (auto f = dyn_cast<FloatAttr>(dense.getSplatValue<Attribute>())) {
    APFloat v = f.getValue();
    bool inexact;
    if (isa<IntegerType>(type)) // narrow floats are their bits
      return IntegerAttr::get(type, v.bitcastToAPInt());
    v.convert(cast<FloatType>(type).getFloatSemantics(), APFloat::rmNearestTiesToEven, &inexact);
    return FloatAttr::get(type, v);
  }
  return IntegerAttr::get(type, dense.getSplatValue<APInt>());
}

Value LoopKernelBuilder::readElement(OpBuilder &b, Location loc, Value value, ValueRange indices) {
  if (Value element = pinned.lookup(value))
    return element;
  Block *block = b.getInsertionBlock();
  if (Value element = cache.find(value, indices, block))
    return element;
  Operation *op = value.getDefiningOp();
  Value element;
  if (auto constant = dyn_cast<ConstantOp>(op)) { // inside kernels all are splats: any index reads the same element
    TypedAttr attr = splatElement(constant, computeType(getElementTypeOrSelf(value.getType())));
    element = arith::ConstantOp::create(b, loc, attr);
  } else {
    SmallVector<Tensor> operands = llvm::map_to_vector(op->getOperands(), [&](Value v) { return readTensor(v); });
    element = cast<IndexableInterface>(op).elementAt(*this, b, operands, analysis.get(value).dims, indices);
  }
  cache.add(value, indices, block, element);
  return element;
}

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
    constexpr int64_t kChunk = 1024;
    signature.tiles = d.ceilDiv(dims[0], kChunk);
    signature.grain = d.constant(16);
    Value chunk = constantIndex(b, loc, kChunk);
    Value from = arith::MulIOp::create(b, loc, begin, chunk);
    Value to = arith::MinSIOp::create(b, loc, arith::MulIOp::create(b, loc, end, chunk), size(dims[0]));
    auto loop = scf::ForOp::create(b, loc, from, to, one);
    b.setInsertionPointToStart(loop.getBody());
    body(b, loc, loop.getInductionVar());
    return;
  }
  // Leading axes are flattened into the shared space until there is enough to share; the rest are plain loops. Where an index is
  // much work, all axes may be shared.
  constexpr int64_t kEnough = 64;
  size_t shared = 0;
  Dim tiles = d.constant(1);
  while (shared + (work ? 0 : 1) < dims.size() && (!tiles.constant() || *tiles.constant() < kEnough))
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

Tensor LoopKernelBuilder::temporary(OpBuilder &b, Location loc, Type elementType, ArrayRef<Dim> dims) {
  signature.temporaries.push_back(storageBytes(analysis.dims(), elementType, analysis.dims().product(dims)));
  // Buffer arguments precede sizes, begin and end.
  unsigned position = function.getNumArguments() - 3;
  auto type = MemRefType::get({1}, storageType(elementType));
  (void)function.insertArgument(position, type, {}, loc);
  function.setArgAttr(position, "llvm.noalias", UnitAttr::get(b.getContext()));
  OpBuilder early(sizesEnd);
  return bufferTensor(early, elementType, dims, function.getArgument(position), true, true);
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

void LoopKernelBuilder::failIf(OpBuilder &b, Location loc, Value condition, int32_t code, StringRef message, Value value) {
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

/// Ops of the body that must be emitted by their own loops: neither evaluated in place nor views nor constants.
SmallVector<Operation *> LoopKernelBuilder::anchorsOf() {
  SmallVector<Operation *> result;
  for (Operation &op : kernel.getBody().front().without_terminator())
    if (!isa<IndexableInterface, AliasInterface, ConstantOp, ShapeOfOp>(op))
      result.push_back(&op);
  return result;
}

/// Result `number` of the anchor: stores its element where it is yielded, and every yielded value computed from it.
Tensor LoopKernelBuilder::resultTensor(Operation *op, unsigned number) {
  Value value = op->getResult(number);
  const ShapeInfo &info = analysis.get(value);
  Tensor t;
  t.elementType = info.elementType;
  t.dims = info.dims;
  auto yield = cast<YieldOp>(kernel.getBody().front().getTerminator());
  SmallVector<Value> dependent;
  for (Value y : yield.getValues())
    if (y != value && !llvm::is_contained(dependent, y) && y.getDefiningOp() != op && isa_and_nonnull<IndexableInterface>(y.getDefiningOp()))
      dependent.push_back(y);
  auto own = outputs.find(value);
  if (own != outputs.end() && own->second.size() == 1 && dependent.empty())
    return own->second.front();
  t.storer = [this, value, dependent](OpBuilder &b, Location loc, Value element, ValueRange indices) {
    if (auto it = outputs.find(value); it != outputs.end())
      for (Tensor &output : it->second)
        output.store(b, loc, element, indices);
    pinned[value] = element;
    for (Value y : dependent) {
      Value computed = readElement(b, loc, y, indices);
      for (Tensor &output : outputs[y])
        output.store(b, loc, computed, indices);
    }
    pinned.erase(value);
  };
  return t;
}

ElementsAttr LoopKernelBuilder::constantOperand(Value operand) {
  auto argument = dyn_cast<BlockArgument>(operand);
  if (!argument || !argument.hasOneUse())
    return {};
  return constantBehind(kernel.getInputs()[argument.getArgNumber()]);
}

Value LoopKernelBuilder::packedWeight(Value operand, WeightForm form) {
  unsigned number = cast<BlockArgument>(operand).getArgNumber();
  signature.inputForms[number] = std::move(form);
  OpBuilder b(sizesEnd);
  Location loc = kernel.getLoc();
  Value address = memref::ExtractAlignedPointerAsIndexOp::create(b, loc, function.getArgument(1 + number));
  address = arith::IndexCastOp::create(b, loc, b.getI64Type(), address);
  return LLVM::IntToPtrOp::create(b, loc, LLVM::LLVMPointerType::get(b.getContext()), address);
}

/// A dense buffer as a matrix: all axes but the last flattened. Rank 0 becomes 1x1.
Value LoopKernelBuilder::rows(const Tensor &t) {
  Value &matrix = matrices[t.memref];
  if (matrix)
    return matrix;
  DimContext &d = analysis.dims();
  Dim last = t.dims.empty() ? d.constant(1) : t.dims.back();
  Dim leading = t.dims.empty() ? last : d.product(ArrayRef(t.dims).drop_back());
  OpBuilder b(sizesEnd);
  return matrix = view(b, t.buffer, t.elementType, {leading, last});
}

/// The row of a broadcast operand that row `row` of the result reads.
Value LoopKernelBuilder::rowOf(OpBuilder &b, Location loc, const Tensor &t, ArrayRef<Dim> resultDims, Value row) {
  ArrayRef<Dim> own = t.dims, leading = resultDims.drop_back();
  own = own.empty() ? own : own.drop_back();
  if (own == leading)
    return row;
  if (llvm::all_of(own, [](Dim d) { return d.isConstant(1); }))
    return constantIndex(b, loc, 0);
  SmallVector<Value> indices(leading.size());
  for (int64_t i = int64_t(leading.size()) - 1; i >= 0; --i) {
    indices[i] = i == 0 ? row : b.createOrFold<arith::RemUIOp>(loc, row, size(leading[i]));
    if (i > 0)
      row = b.createOrFold<arith::DivUIOp>(loc, row, size(leading[i]));
  }
  Tensor outer;
  outer.dims.assign(own.begin(), own.end());
  Value result = constantIndex(b, loc, 0);
  for (auto [index, d] : llvm::zip(broadcastIndices(b, loc, *this, outer, leading, indices), own))
    result = b.createOrFold<arith::AddIOp>(loc, b.createOrFold<arith::MulIOp>(loc, result, size(d)), index);
  return result;
}

/// A vector of stored elements as its compute type.
static Value fromStorage(OpBuilder &b, Location loc, Value vector, Type elementType) {
  auto type = cast<VectorType>(vector.getType());
  if (elementType.isInteger(1))
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, vector,
                                 arith::ConstantOp::create(b, loc, b.getZeroAttr(type)));
  if (elementType.isF16() || elementType.isBF16())
    return arith::ExtFOp::create(b, loc, type.clone(b.getF32Type()), vector);
  return vector;
}

Value LoopKernelBuilder::loadVector(OpBuilder &b, Location loc, const Tensor &t, ArrayRef<Dim> resultDims,
                                    const VectorPosition &at, int64_t lanes) {
  auto type = VectorType::get({lanes}, computeType(t.elementType));
  Dim width = t.dims.empty() ? analysis.dims().constant(1) : t.dims.back();
  Value row = rowOf(b, loc, t, resultDims, at.row);
  Value matrix = isPacked(t.elementType) ? Value() : rows(t);
  auto number = [&](Value column) { // of a packed element
    return b.createOrFold<arith::AddIOp>(loc, b.createOrFold<arith::MulIOp>(loc, row, size(width)), column);
  };
  auto element = [&](Value column) {
    return matrix ? loadElement(b, loc, matrix, {row, column}, t.elementType)
                  : loadPacked(b, loc, t.buffer, number(column), t.elementType);
  };
  if (width.isConstant(1))
    return vector::BroadcastOp::create(b, loc, type, element(constantIndex(b, loc, 0)));
  auto storage = VectorType::get({lanes}, storageType(t.elementType));
  if (width == resultDims.back() || width.constant()) {
    Value loaded;
    if (!matrix)
      return loadPackedVector(b, loc, type, t.buffer, number(at.column), t.elementType, at.mask);
    if (at.mask)
      loaded = vector::MaskedLoadOp::create(b, loc, storage, matrix, ValueRange{row, at.column}, at.mask,
                                            arith::ConstantOp::create(b, loc, b.getZeroAttr(storage)));
    else
      loaded = vector::LoadOp::create(b, loc, storage, matrix, ValueRange{row, at.column});
    return fromStorage(b, loc, loaded, t.elementType);
  }
  // Only the run knows whether this axis broadcasts.
  Value vector = arith::ConstantOp::create(b, loc, b.getZeroAttr(type));
  Value last = arith::SubIOp::create(b, loc, size(resultDims.back()), constantIndex(b, loc, 1));
  for (int64_t lane = 0; lane < lanes; ++lane) {
    Value column = arith::AddIOp::create(b, loc, at.column, constantIndex(b, loc, lane));
    column = arith::MinSIOp::create(b, loc, column, last); // lanes that do not exist read the last that does
    Tensor axis;
    axis.dims.push_back(width);
    Value own = broadcastIndices(b, loc, *this, axis, resultDims.back(), column).front();
    vector = vector::InsertOp::create(b, loc, element(own), vector, lane);
  }
  return vector;
}

Value LoopKernelBuilder::readVector(OpBuilder &b, Location loc, Value value, ArrayRef<Dim> resultDims,
                                    const VectorPosition &at, int64_t lanes) {
  if (Value vector = pinned.lookup(value))
    return vector;
  if (auto it = buffers.find(value); it != buffers.end())
    return pinned[value] = loadVector(b, loc, it->second, resultDims, at, lanes);
  Operation *op = value.getDefiningOp();
  if (auto constant = dyn_cast<ConstantOp>(op)) {
    auto type = VectorType::get({lanes}, computeType(getElementTypeOrSelf(value.getType())));
    TypedAttr attr = splatElement(constant, type.getElementType());
    return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(type, Attribute(attr)));
  }
  SmallVector<Value> x =
      llvm::map_to_vector(op->getOperands(), [&](Value v) { return readVector(b, loc, v, resultDims, at, lanes); });
  return pinned[value] = cast<PointwiseInterface>(op).buildScalar(b, x);
}

void LoopKernelBuilder::storeVector(OpBuilder &b, Location loc, unsigned result, Value vector, const VectorPosition &at) {
  Value value = anchorsOf().front()->getResult(result);
  int64_t lanes = cast<VectorType>(vector.getType()).getNumElements();
  pinned[value] = vector; // with everything computed from it, until this vector is stored
  for (auto &[y, tensors] : outputs) {
    Value computed = readVector(b, loc, y, analysis.get(value).dims, at, lanes);
    for (Tensor &t : tensors) {
      Value stored = toStorage(b, loc, computed, t.elementType), matrix = rows(t);
      if (at.mask)
        vector::MaskedStoreOp::create(b, loc, matrix, ValueRange{at.row, at.column}, at.mask, stored);
      else
        vector::StoreOp::create(b, loc, stored, matrix, ValueRange{at.row, at.column});
    }
  }
  pinned.clear();
}

/// Groups of adjacent axes that every pointwise op and every buffer of the kernel treats alike, so that they can be one loop.
/// Fails when the body holds anything but pointwise ops.
bool LoopKernelBuilder::collapse(SmallVectorImpl<SmallVector<int64_t, 2>> &groups) {
  Block &body = kernel.getBody().front();
  auto yield = cast<YieldOp>(body.getTerminator());
  ArrayRef<Dim> dims = analysis.get(yield.getValues().front()).dims;
  int64_t rank = dims.size();
  if (rank < 2)
    return false;
  SmallVector<ArrayRef<Dim>> shapes;
  for (Operation &op : body.without_terminator()) {
    if (isa<ConstantOp>(op))
      continue;
    if (!isa<PointwiseInterface>(op))
      return false;
    for (Value v : op.getOperands())
      if (!v.getDefiningOp<ConstantOp>())
        shapes.push_back(analysis.get(v).dims);
    shapes.push_back(analysis.get(op.getResult(0)).dims);
  }
  // How a shape uses axis i of the result: whole, or as one element; unknown blocks the collapse.
  enum Use { Whole, One, Unknown };
  auto use = [&](ArrayRef<Dim> shape, int64_t axis) {
    int64_t own = axis - (rank - int64_t(shape.size()));
    if (own < 0 || (shape[own].isConstant(1) && !dims[axis].isConstant(1)))
      return One;
    return shape[own] == dims[axis] ? Whole : Unknown;
  };
  groups.push_back({0});
  for (int64_t axis = 1; axis < rank; ++axis) {
    bool joins = llvm::all_of(shapes, [&](ArrayRef<Dim> s) {
      Use a = use(s, axis - 1), c = use(s, axis);
      if (dims[axis].isConstant(1) || dims[axis - 1].isConstant(1))
        return a != Unknown && c != Unknown;
      return a == c && a != Unknown;
    });
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
  return int64_t(groups.size()) < rank;
}

FailureOr<EmittedKernel> LoopKernelBuilder::run(AnchorEmitter *anchorEmitter) {
  MLIRContext *context = kernel.getContext();
  Location loc = kernel.getLoc();
  OwningOpRef<ModuleOp> module = ModuleOp::create(UnknownLoc::get(context));
  OpBuilder top = OpBuilder::atBlockEnd(module->getBody());
  Block &body = kernel.getBody().front();
  auto yield = cast<YieldOp>(body.getTerminator());
  signature.tiles = signature.grain = analysis.dims().constant(1);
  signature.inputForms.resize(body.getNumArguments());

  auto bufferType = [&](Type elementType) { return MemRefType::get({1}, storageType(elementType)); };
  SmallVector<Type> types{LLVM::LLVMPointerType::get(context)};
  for (BlockArgument a : body.getArguments())
    types.push_back(bufferType(getElementTypeOrSelf(a.getType())));
  for (Value v : yield.getValues())
    types.push_back(bufferType(getElementTypeOrSelf(v.getType())));
  bool reports = false;
  for (auto [number, v] : llvm::enumerate(yield.getValues()))
    if (auto shaped = v.getDefiningOp<ShapeInterface>())
      for (int64_t axis = 0; axis < analysis.rank(v); ++axis)
        reports |= bool(shaped.sizeBound(analysis, cast<OpResult>(v).getResultNumber(), axis));
  if (reports)
    types.push_back(MemRefType::get({kMaxSizes}, top.getI64Type()));
  types.push_back(MemRefType::get({kMaxSizes}, top.getI64Type()));
  types.append(2, top.getIndexType());
  function = func::FuncOp::create(top, loc, kKernelFunction, top.getFunctionType(types, {}));
  Block *entry = function.addEntryBlock();
  OpBuilder b = OpBuilder::atBlockEnd(entry);
  if (reports)
    reportsArgument = entry->getArgument(types.size() - 4);
  sizesArgument = entry->getArgument(types.size() - 3);
  begin = entry->getArgument(types.size() - 2);
  end = entry->getArgument(types.size() - 1);
  for (size_t i = 1; i + 3 < types.size(); ++i)
    function.setArgAttr(i, "llvm.noalias", UnitAttr::get(context));
  // Views and sizes come first, in the order they are asked for; the loops follow this marker.
  sizesEnd = arith::ConstantIndexOp::create(b, loc, 0);
  b.setInsertionPoint(func::ReturnOp::create(b, loc));

  // Pointwise kernels run over as few axes as their broadcasts allow.
  SmallVector<Operation *> anchors = anchorsOf();
  for (Value v : yield.getValues())
    if (Type type = getElementTypeOrSelf(v.getType()); isPacked(type))
      neighbours = anchors.empty() && neighbours ? std::max<int64_t>(neighbours, 8 / storageBits(type)) : 0;
  SmallVector<SmallVector<int64_t, 2>> groups;
  bool collapsed = anchors.empty() && collapse(groups);
  int64_t rank = analysis.rank(yield.getValues().empty() ? Value(body.getArgument(0)) : yield.getValues().front());
  auto collapsedDims = [&](Value v) {
    SmallVector<Dim, 6> dims(analysis.dimsOf(v));
    if (!collapsed)
      return dims;
    SmallVector<Dim, 6> result;
    for (ArrayRef<int64_t> group : groups) {
      Dim product = analysis.dims().constant(1);
      for (int64_t axis : group)
        if (int64_t own = axis - (rank - int64_t(dims.size())); own >= 0)
          product = analysis.dims().mul(product, dims[own]);
      result.push_back(product);
    }
    return result;
  };
  // The analysis speaks of collapsed shapes while this kernel is emitted.
  SmallVector<std::pair<Value, ShapeInfo>> originals;
  llvm::scope_exit restore([&] {
    for (auto &[v, info] : originals) {
      analysis.forget(v);
      analysis.set(v, info);
    }
  });
  for (Value v : kernel.getResults())
    analysis.get(v);
  if (collapsed)
    for (Operation &op : body.without_terminator())
      for (Value v : op.getResults()) {
        ShapeInfo info = analysis.get(v);
        originals.push_back({v, info});
        info.dims = collapsedDims(v);
        analysis.forget(v);
        analysis.set(v, info);
      }

  OpBuilder early(sizesEnd);
  unsigned position = 1;
  for (BlockArgument a : body.getArguments())
    buffers[a] = bufferTensor(early, getElementTypeOrSelf(a.getType()), collapsedDims(a), entry->getArgument(position++),
                              true, false);
  for (Value v : yield.getValues()) {
    SmallVector<Dim, 6> dims(analysis.dimsOf(v));
    // A buffer whose size the kernel finds out is viewed when the size is known: strides must use it.
    auto shaped = v.getDefiningOp<ShapeInterface>();
    bool dependent = false;
    for (int64_t axis = 0; shaped && axis < int64_t(dims.size()); ++axis)
      dependent |= bool(shaped.sizeBound(analysis, cast<OpResult>(v).getResultNumber(), axis));
    if (!dependent) {
      outputs[v].push_back(bufferTensor(early, getElementTypeOrSelf(v.getType()), dims, entry->getArgument(position++), true, true));
      continue;
    }
    outputs[v].push_back(linearTensor(getElementTypeOrSelf(v.getType()), dims, entry->getArgument(position++)));
  }

  KernelInterface root;
  if (outputs.size() == 1 && outputs.begin()->second.size() == 1)
    root = outputs.begin()->first.getDefiningOp<KernelInterface>();
  if (anchors.empty() && yield.getValues().empty())
    return kernel.emitOpError("yields nothing");
  if (anchors.empty() && root) {
    // One result: its op knows the best loops, a copy per operand for a concatenation, say.
    SmallVector<Tensor> operands = llvm::map_to_vector(root->getOperands(), [&](Value v) { return readTensor(v); });
    std::optional<LogicalResult> done;
    if (anchorEmitter && llvm::hasSingleElement(body.without_terminator()))
      done = anchorEmitter->emit(kernel, root, *this, b, operands, outputs.begin()->second);
    if (!done)
      done = root.emitLoops(*this, b, operands, outputs.begin()->second);
    if (failed(*done))
      return failure();
  } else if (anchors.empty()) {
    SmallVector<Dim, 6> dims(analysis.dimsOf(yield.getValues().front()));
    parallelNest(b, loc, dims, [&](OpBuilder &b, Location loc, ValueRange indices) {
      for (auto &[v, tensors] : outputs) {
        Tensor source = readTensor(v);
        Value element = source.load(b, loc, indices);
        for (Tensor &t : tensors)
          t.store(b, loc, element, indices);
      }
    });
  } else if (anchors.size() == 1) {
    Operation *anchor = anchors.front();
    SmallVector<Tensor> operands = llvm::map_to_vector(anchor->getOperands(), [&](Value v) { return readTensor(v); });
    SmallVector<Tensor> results;
    for (unsigned i = 0; i < anchor->getNumResults(); ++i)
      results.push_back(resultTensor(anchor, i));
    std::optional<LogicalResult> done;
    if (anchorEmitter && neighbours)
      done = anchorEmitter->emit(kernel, anchor, *this, b, operands, results);
    if (!done)
      done = cast<KernelInterface>(anchor).emitLoops(*this, b, operands, results);
    if (failed(*done))
      return failure();
  } else {
    return kernel.emitOpError("holds ") << anchors.size() << " ops with loops of their own; one is the most";
  }

  signature.usesInput.clear();
  for (unsigned i = 0; i < body.getNumArguments(); ++i) {
    // The view exists in any case; it counts only when something reads it.
    Value argument = function.getArgument(1 + i);
    bool used = llvm::any_of(argument.getUsers(), [](Operation *user) { return !user->use_empty() || !isa<memref::ReinterpretCastOp>(user); });
    signature.usesInput.push_back(used);
  }
  SmallVector<StringRef> names;
  for (Operation &op : body.without_terminator())
    if (!isa<ConstantOp>(op) && names.size() < 4)
      names.push_back(op.getName().stripDialect());
  signature.name = llvm::join(names, "_");
  return EmittedKernel{std::move(module), std::move(signature), std::move(failSites)};
}

FailureOr<EmittedKernel> cameo::codegen::emitKernel(KernelOp kernel, ShapeAnalysis &shapes, AnchorEmitter *anchors,
                                                    bool mayReassociate) {
  return LoopKernelBuilder(kernel, shapes, mayReassociate).run(anchors);
}
