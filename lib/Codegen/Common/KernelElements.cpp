// KernelElements.cpp - buffers of a kernel, and values read from them or evaluated where they are read, element by
// element.
#include "LoopKernelBuilder.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::codegen;

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

/// `argument` (memref<1xT>) as a row-major buffer of the given sizes, in memory of the sizes `memory`.
Value LoopKernelBuilder::view(OpBuilder &b, Value argument, Type elementType, ArrayRef<Dim> dims,
                              ArrayRef<Dim> memory) {
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
    stride = analysis.dims().mul(stride, memory[i]);
  }
  auto layout = StridedLayoutAttr::get(b.getContext(), 0, staticStrides);
  auto type = MemRefType::get(shape, storageType(elementType), layout);
  return memref::ReinterpretCastOp::create(b, loc, type, argument, b.getIndexAttr(0), sizes, strides);
}

Value codegen::loadElement(OpBuilder &b, Location loc, Value memref, ValueRange indices, Type elementType) {
  Value v = memref::LoadOp::create(b, loc, memref, indices);
  if (elementType.isInteger(1))
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, v, constantInt(b, loc, v.getType(), 0));
  if (elementType.isF16() || elementType.isBF16())
    return arith::ExtFOp::create(b, loc, b.getF32Type(), v);
  return v;
}

Value codegen::toStorage(OpBuilder &b, Location loc, Value element, Type elementType) {
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

/// A buffer addressed by row-major element numbers: one of packed elements, or one whose sizes are known only where it
/// is used.
KernelTensor LoopKernelBuilder::linearTensor(Type elementType, ArrayRef<Dim> dims, Value argument) {
  KernelTensor t;
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

KernelTensor LoopKernelBuilder::bufferTensor(OpBuilder &b, Type elementType, ArrayRef<Dim> dims, Value argument,
                                             bool readable, bool writable, ArrayRef<Dim> memory) {
  memory = memory.empty() ? dims : memory;
  KernelTensor t = linearTensor(elementType, dims, argument);
  t.memory.assign(memory.begin(), memory.end());
  if (!isPacked(elementType)) {
    Value memref = t.memref = view(b, argument, elementType, dims, memory);
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
KernelTensor LoopKernelBuilder::readTensor(Value value) {
  if (auto it = buffers.find(value); it != buffers.end())
    return it->second;
  const ShapeInfo &info = analysis.get(value);
  KernelTensor t;
  t.elementType = info.elementType;
  t.dims = info.dims;
  if (auto alias = value.getDefiningOp<AliasInterface>()) {
    KernelTensor source = readTensor(alias->getOperand(0));
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

TypedAttr codegen::splatElement(ConstantOp constant, Type type) {
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
    SmallVector<KernelTensor> operands = llvm::map_to_vector(op->getOperands(), [&](Value v) { return readTensor(v); });
    element = cast<IndexableInterface>(op).elementAt(*this, b, operands, analysis.get(value).dims, indices);
  }
  cache.add(value, indices, block, element);
  return element;
}

KernelTensor LoopKernelBuilder::temporary(OpBuilder &b, Location loc, Type elementType, ArrayRef<Dim> dims) {
  signature.temporaries.push_back(storageBytes(analysis.dims(), elementType, analysis.dims().product(dims)));
  // Buffer arguments precede sizes, begin and end.
  unsigned position = function.getNumArguments() - 3;
  auto type = MemRefType::get({1}, storageType(elementType));
  (void)function.insertArgument(position, type, {}, loc);
  function.setArgAttr(position, "llvm.noalias", UnitAttr::get(b.getContext()));
  OpBuilder early(sizesEnd);
  return bufferTensor(early, elementType, dims, function.getArgument(position), true, true);
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
  return addressOf(b, kernel.getLoc(), function.getArgument(1 + number));
}

Value LoopKernelBuilder::addressOf(OpBuilder &b, Location loc, Value memref) {
  Value address = memref::ExtractAlignedPointerAsIndexOp::create(b, loc, memref);
  address = arith::IndexCastOp::create(b, loc, b.getI64Type(), address);
  return LLVM::IntToPtrOp::create(b, loc, LLVM::LLVMPointerType::get(b.getContext()), address);
}

/// Result `number` of the anchor: stores its element where it is yielded, and every yielded value computed from it.
KernelTensor LoopKernelBuilder::resultTensor(Operation *op, unsigned number) {
  Value value = op->getResult(number);
  const ShapeInfo &info = analysis.get(value);
  KernelTensor t;
  t.elementType = info.elementType;
  t.dims = info.dims;
  auto yield = cast<YieldOp>(kernel.getBody().front().getTerminator());
  SmallVector<Value> dependent;
  for (Value y : yield.getValues())
    if (y != value && !llvm::is_contained(dependent, y) && y.getDefiningOp() != op &&
        isa_and_nonnull<IndexableInterface>(y.getDefiningOp()))
      dependent.push_back(y);
  auto own = outputs.find(value);
  if (own != outputs.end() && own->second.size() == 1 && dependent.empty())
    return own->second.front();
  t.storer = [this, value, dependent](OpBuilder &b, Location loc, Value element, ValueRange indices) {
    if (auto it = outputs.find(value); it != outputs.end())
      for (KernelTensor &output : it->second)
        output.store(b, loc, element, indices);
    pinned[value] = element;
    for (Value y : dependent) {
      Value computed = readElement(b, loc, y, indices);
      for (KernelTensor &output : outputs[y])
        output.store(b, loc, computed, indices);
    }
    pinned.erase(value);
  };
  return t;
}

ElementsAttr cameo::codegen::constantInKernel(Operation *reader, Value operand) {
  if (auto constant = operand.getDefiningOp<ConstantOp>())
    return constant.getValue();
  auto argument = dyn_cast<BlockArgument>(operand);
  auto kernel = reader->getParentOfType<KernelOp>();
  return argument && kernel ? constantBehind(kernel.getInputs()[argument.getArgNumber()]) : ElementsAttr();
}
