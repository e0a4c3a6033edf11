// LoopCost.cpp - an op's arithmetic, counted on its own naive loops: they are built into a scratch function whose sizes
// are known as Dims, so each loop's length is one too. Nothing is said of ops whose loops are as long as data say.
#include "IndexHelpers.h"
#include "cameo/Dialect/Cameo/Cost.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/OwningOpRef.h"

using namespace mlir;
using namespace cameo;

namespace {

/// Builds loops that are only counted. Every buffer and size is an argument of the scratch function.
class ScratchEmitter : public KernelEmitter {
public:
  ScratchEmitter(ShapeAnalysis &analysis, Block &entry, Location loc) : analysis(analysis), entry(entry), loc(loc) {}

  ShapeAnalysis &shapes() override { return analysis; }
  Value size(Dim dim) override {
    Value &value = sizes[dim.getNode()];
    if (!value) {
      OpBuilder b = OpBuilder::atBlockBegin(&entry);
      value = dim.constant() ? constantIndex(b, loc, *dim.constant()) : Value(entry.addArgument(b.getIndexType(), loc));
      known[value] = dim;
    }
    return value;
  }
  void parallelNest(OpBuilder &b, Location loc, ArrayRef<Dim> dims,
                    llvm::function_ref<void(OpBuilder &, Location, ValueRange)> body, Dim) override {
    loopNest(b, loc, sizesOf(*this, dims), body);
  }
  KernelTensor temporary(OpBuilder &, Location, Type elementType, ArrayRef<Dim> dims) override {
    return buffer(elementType, dims);
  }
  void setResultSize(OpBuilder &, Location, OpResult, int64_t, Value) override {}
  void failIf(OpBuilder &, Location, Value, int32_t, llvm::StringRef, Value) override {}
  Value callService(OpBuilder &b, Location loc, Service, ValueRange) override {
    return constantInt(b, loc, b.getI64Type(), 0);
  }
  bool mayReassociate() const override { return false; }

  KernelTensor buffer(Type elementType, ArrayRef<Dim> dims) {
    KernelTensor t;
    t.elementType = elementType;
    t.dims.assign(dims.begin(), dims.end());
    SmallVector<int64_t> shape = llvm::map_to_vector(dims, [](Dim d) { return d.asStatic(); });
    Value memref = t.memref = t.buffer = entry.addArgument(MemRefType::get(shape, computeType(elementType)), loc);
    t.loader = [memref](OpBuilder &b, Location loc, ValueRange indices) -> Value {
      return memref::LoadOp::create(b, loc, memref, indices);
    };
    t.storer = [memref](OpBuilder &b, Location loc, Value element, ValueRange indices) {
      memref::StoreOp::create(b, loc, element, memref, indices);
    };
    return t;
  }

  /// What an index value is in terms of sizes; null where it depends on something else.
  Dim dimOf(Value value) {
    if (Dim d = known.lookup(value))
      return d;
    DimContext &d = analysis.dims();
    Operation *op = value.getDefiningOp();
    if (auto constant = dyn_cast_if_present<arith::ConstantOp>(op))
      if (auto number = dyn_cast<IntegerAttr>(constant.getValue()))
        return d.constant(number.getInt());
    if (!op || op->getNumOperands() != 2)
      return {};
    Dim x = dimOf(op->getOperand(0)), y = dimOf(op->getOperand(1));
    if (!x || !y)
      return {};
    if (isa<arith::AddIOp>(op))
      return d.add(x, y);
    if (isa<arith::SubIOp>(op))
      return d.sub(x, y);
    if (isa<arith::MulIOp>(op))
      return d.mul(x, y);
    if (isa<arith::MinSIOp>(op))
      return d.min(x, y);
    if (isa<arith::MaxSIOp>(op))
      return d.max(x, y);
    return {};
  }

private:
  ShapeAnalysis &analysis;
  Block &entry;
  Location loc;
  llvm::DenseMap<const DimNode *, Value> sizes;
  llvm::DenseMap<Value, Dim> known;
};

/// Arithmetic of a block and the loops in it; null where that depends on data.
Dim arithmeticOf(Block &block, ScratchEmitter &emitter, llvm::DenseMap<Value, bool> &known) {
  DimContext &d = emitter.dims();
  Dim sum = d.constant(countFloatArithmetic(block, known));
  for (Operation &op : block) {
    if (op.getNumRegions() == 0)
      continue;
    Dim inside;
    if (auto loop = dyn_cast<scf::ForOp>(op)) {
      Dim from = emitter.dimOf(loop.getLowerBound()), to = emitter.dimOf(loop.getUpperBound());
      Dim step = emitter.dimOf(loop.getStep()), body = arithmeticOf(*loop.getBody(), emitter, known);
      if (body && body.isConstant(0))
        continue;
      if (from && to && step && body)
        inside = d.mul(body, d.max(d.ceilDiv(d.sub(to, from), step), d.constant(0)));
    } else if (auto branch = dyn_cast<scf::IfOp>(op)) {
      Dim yes = arithmeticOf(branch.getThenRegion().front(), emitter, known);
      Dim no =
          branch.getElseRegion().empty() ? d.constant(0) : arithmeticOf(branch.getElseRegion().front(), emitter, known);
      if (yes && no) // the costlier one, where they differ
        inside = yes == no ? yes : d.max(yes, no);
    }
    if (!inside)
      return {};
    sum = d.add(sum, inside);
  }
  return sum;
}

} // namespace

Dim cameo::loopFlops(ShapeAnalysis &shapes, KernelInterface op) {
  OwningOpRef<ModuleOp> module = ModuleOp::create(op.getLoc());
  OpBuilder b = OpBuilder::atBlockEnd(module->getBody());
  auto function = func::FuncOp::create(b, op.getLoc(), "scratch", b.getFunctionType({}, {}));
  Block *entry = function.addEntryBlock();
  ScratchEmitter emitter(shapes, *entry, op.getLoc());
  auto tensorOf = [&](Value v) { return emitter.buffer(shapes.get(v).elementType, shapes.get(v).dims); };
  SmallVector<KernelTensor> operands = llvm::map_to_vector(op->getOperands(), tensorOf);
  SmallVector<KernelTensor> results = llvm::map_to_vector(op->getResults(), tensorOf);
  b.setInsertionPointToEnd(entry);
  llvm::DenseMap<Value, bool> known;
  Dim sum = succeeded(op.emitLoops(emitter, b, operands, results)) ? arithmeticOf(*entry, emitter, known) : Dim();
  return sum ? sum : shapes.dims().constant(0);
}
