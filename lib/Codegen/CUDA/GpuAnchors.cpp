// GpuAnchors.cpp - the table of emitters, and what they share.
#include "GpuAnchors.h"
#include "LoopDistribution.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::codegen;

std::optional<LogicalResult> GpuAnchorEmitter::emit(KernelOp, Operation *op, KernelBuilder &k, OpBuilder &b,
                                                    ArrayRef<KernelTensor> operands, ArrayRef<KernelTensor> results) {
  static const llvm::StringMap<GpuEmitFn> emitters{{AttentionOp::getOperationName(), emitGpuAttention},
                                                   {ConvOp::getOperationName(), emitGpuConv},
                                                   {ConvIntegerOp::getOperationName(), emitGpuConvInteger},
                                                   {MatMulOp::getOperationName(), emitGpuMatMul},
                                                   {MatMulIntegerOp::getOperationName(), emitGpuMatMulInteger},
                                                   {MatMulNBitsOp::getOperationName(), emitGpuMatMulNBits},
                                                   {TransposeOp::getOperationName(), emitGpuTranspose}};
  GpuEmitFn emit = emitters.lookup(op->getName().getStringRef());
  if (emit)
    if (auto done = emit({op, k, b, operands, results, chip}))
      return done;
  if (failed(cast<KernelInterface>(op).emitLoops(k, b, operands, results)))
    return failure();
  distributeLoops(cast<func::FuncOp>(k.sliceBegin().getParentBlock()->getParentOp()));
  return success();
}

Value GpuAnchor::size32(Dim dim) const {
  return b.createOrFold<arith::IndexCastOp>(loc(), b.getI32Type(), k.size(dim));
}

Value GpuAnchor::pointer(const KernelTensor &tensor) const {
  Value address = memref::ExtractAlignedPointerAsIndexOp::create(b, loc(), tensor.memref);
  address = arith::IndexCastOp::create(b, loc(), b.getI64Type(), address);
  return LLVM::IntToPtrOp::create(b, loc(), LLVM::LLVMPointerType::get(b.getContext()), address);
}

/// Rows of tiles that blocks of tensor cores take together: what runs at a time is about as high as wide, and shares
/// what it reads. Fused multiply-adds are slow enough without.
constexpr int64_t kBandTiles = 16;

GpuAnchor::BlockPlace GpuAnchor::divideIntoBlocks(Dim batch, Dim rows, Dim columns, int64_t tileRows,
                                                  int64_t tileColumns, int64_t threads, int64_t sharedBytes,
                                                  bool inBands) const {
  DimContext &d = dims();
  Dim down = d.ceilDiv(rows, tileRows), across = d.ceilDiv(columns, tileColumns);
  Dim all = d.mul(d.mul(down, across), batch);
  k.setTiles(isWanted ? d.mul(all, isWanted) : all, d.constant(1));
  setBlock(k.sliceBegin().getParentBlock()->getTerminator(), threads, sharedBytes);
  ThreadBuilder t(b, loc());
  Value number = t.toI32(k.sliceBegin()), perBatch = t.mul(size32(down), size32(across));
  BlockPlace place;
  place.batch = t.toIndex(t.div(number, perBatch));
  number = t.rem(number, perBatch);
  Value firstTile = t.number(0), height = size32(down);
  if (inBands && (!down.constant() || *down.constant() > kBandTiles)) {
    Value perBand = t.mul(size32(across), kBandTiles);
    firstTile = t.mul(t.div(number, perBand), kBandTiles);
    height = t.least(t.sub(height, firstTile), t.number(kBandTiles));
    number = t.rem(number, perBand);
  }
  place.firstRow = t.mul(t.add(firstTile, t.rem(number, height)), tileRows);
  place.firstColumn = t.mul(t.div(number, height), tileColumns);
  return place;
}

Dim GpuAnchor::areMore(Dim rows, int64_t most) const {
  DimContext &d = dims();
  return d.min(d.constant(1), d.max(d.constant(0), d.add(rows, -most)));
}

Dim GpuAnchor::areAtMost(Dim rows, int64_t most) const { return dims().sub(dims().constant(1), areMore(rows, most)); }

/// The rows, or columns, of the op's result before those of a batch (index).
static Value linesBefore(const GpuAnchor &a, const ProductResult &product, Value batch) {
  return ThreadBuilder(a.b, a.loc()).mul(batch, a.k.size(product.areSideBySide ? product.columns : product.rows));
}

static VectorPosition positionOf(ThreadBuilder &t, const ProductResult &product, Value before, Value row,
                                 Value column) {
  Value rowOfBatch = t.toIndex(row), columnOfBatch = t.toIndex(column);
  if (product.areSideBySide)
    return {rowOfBatch, t.add(before, columnOfBatch), {}};
  return {t.add(before, rowOfBatch), columnOfBatch, {}};
}

TileResult GpuAnchor::resultOf(const ProductResult &product, Value batch) const {
  TileResult result;
  result.rows = size32(product.rows);
  result.columns = size32(product.columns);
  result.fixedColumns = product.columns.constant();
  Value before = linesBefore(*this, product, batch);
  result.store = [this, product, before](OpBuilder &b, Location loc, Value vector, Value row, Value column) {
    ThreadBuilder t(b, loc);
    k.storeVector(b, loc, 0, vector, positionOf(t, product, before, row, column));
  };
  return result;
}

constexpr int64_t kSumBytes = 4; ///< of f32 or i32

/// Of a vector whose elements are in a line together, and begin at a multiple of them.
static unsigned alignmentOfSums(Type vector) {
  return unsigned(std::min<int64_t>(16, kSumBytes * cast<VectorType>(vector).getNumElements()));
}

/// Where the sum of an element lies that has number `matrix` among the batches of all parts.
static Value placeOfSum(ThreadBuilder &t, const ProductResult &product, Value sums, Value matrix, Value row,
                        Value column) {
  Value line = t.add(t.mul(matrix, *product.rows.constant()), row);
  return t.offset(sums, t.mul(t.add(t.mul(t.toI64(line), *product.columns.constant()), t.toI64(column)), kSumBytes));
}

/// The second launch: a thread for some neighbouring elements.
static void addParts(const GpuAnchor &a, const BlockContraction &c, const ProductResult &product, Value sums) {
  DimContext &d = a.dims();
  int64_t columns = *product.columns.constant(), run = columns % 4 == 0 ? 4 : 1, runs = columns / run;
  a.k.setTiles(d.mul(d.mul(product.batch, product.rows), runs), d.constant(1));
  ThreadBuilder t(a.b, a.loc());
  Value number = t.toI32(a.k.sliceBegin()), line = t.div(number, runs), column = t.mul(t.rem(number, runs), run);
  Value batch = t.div(line, *product.rows.constant()), row = t.rem(line, *product.rows.constant());
  auto type = VectorType::get({run}, c.factors.sum());
  Value sum;
  for (int64_t part = 0; part < c.parts; ++part) {
    Value matrix = t.add(t.mul(batch, c.parts), part);
    Value own = t.load(type, placeOfSum(t, product, sums, matrix, row, column), alignmentOfSums(type));
    sum = !sum ? own : c.factors.areBytes() ? t.add(sum, own) : t.addF(sum, own);
  }
  a.k.storeVector(a.b, a.loc(), 0, sum, positionOf(t, product, linesBefore(a, product, t.toIndex(batch)), row, column));
}

Value GpuAnchor::divideIntoBlocks(BlockContraction &c, const ProductResult &product) const {
  DimContext &d = dims();
  Value sums;
  if (c.parts > 1) {
    k.setLaunches(2);
    sums = pointer(
        k.temporary(b, loc(), c.factors.sum(), {d.mul(d.mul(product.batch, c.parts), product.rows), product.columns}));
    if (k.launch() == 1) {
      addParts(*this, c, product, sums);
      return {};
    }
  }
  BlockPlace place = divideIntoBlocks(d.mul(product.batch, c.parts), product.rows, product.columns, c.tile.m, c.tile.n,
                                      c.tile.threads(), codegen::sharedBytes(c), /*inBands=*/!c.factors.useFma());
  c.firstRow = place.firstRow;
  c.firstColumn = place.firstColumn;
  c.result = resultOf(product, place.batch);
  if (c.parts == 1)
    return place.batch;
  ThreadBuilder t(b, loc());
  Value matrix = t.toI32(place.batch);
  c.part = t.rem(matrix, c.parts);
  c.result.store = [=](OpBuilder &b, Location loc, Value vector, Value row, Value column) {
    ThreadBuilder u(b, loc);
    u.store(vector, placeOfSum(u, product, sums, matrix, row, column), alignmentOfSums(vector.getType()));
  };
  return t.toIndex(t.div(matrix, c.parts));
}

WeightForm cameo::codegen::packedLines(int64_t lines, int64_t lineStride, int64_t columns, int64_t columnStride,
                                       int64_t pitch, int64_t bytes) {
  WeightForm form;
  form.key = llvm::formatv("lines {0}*{1} of {2}*{3} pitch={4}", lines, lineStride, columns, columnStride, pitch);
  form.bytes = lines * pitch * bytes;
  form.make = [=](ElementsAttr value, WriteBytes write) {
    std::vector<uint8_t> elements = bytesOf(value);
    std::vector<char> line(size_t(pitch * bytes));
    for (int64_t i = 0; i < lines; ++i) {
      for (int64_t j = 0; j < columns; ++j)
        memcpy(&line[size_t(j * bytes)], &elements[size_t((i * lineStride + j * columnStride) * bytes)], size_t(bytes));
      write(line);
    }
  };
  return form;
}

bool GpuAnchor::hasByteZeros(Dim columns) const {
  auto count = [&](const KernelTensor &t) { return dims().product(t.dims).constant(); };
  return count(operands[2]) == 1 &&
         (count(operands[3]) == 1 || (columns.constant() && count(operands[3]) == columns.constant()));
}

ByteZeros GpuAnchor::byteZeros(Value firstColumn, Value terms) const {
  constexpr size_t kLhs = 2, kRhs = 3;
  auto isNothing = [&](size_t operand) {
    ElementsAttr constant = constantInKernel(op, op->getOperand(unsigned(operand)));
    return constant && llvm::all_of(bytesOf(constant), [](uint8_t byte) { return byte == 0; });
  };
  /// As i32; `column` counts where there is one for each.
  auto load = [](ThreadBuilder &t, const KernelTensor &tensor, Value column) -> Value {
    SmallVector<Value> at;
    for (Dim dim : tensor.dims)
      at.push_back(t.toIndex(dim.isConstant(1) ? t.number(0) : column));
    Value byte = tensor.load(t.b, t.loc, at);
    Type word = t.b.getI32Type();
    if (byte.getType() == word)
      return byte;
    return tensor.elementType.isUnsignedInteger() ? Value(arith::ExtUIOp::create(t.b, t.loc, word, byte))
                                                  : Value(arith::ExtSIOp::create(t.b, t.loc, word, byte));
  };
  ByteZeros zeros;
  zeros.terms = terms;
  if (!isNothing(kLhs)) {
    ThreadBuilder t(b, loc());
    zeros.lhs = load(t, operands[kLhs], {});
  }
  if (!isNothing(kRhs))
    zeros.rhs = [this, load, firstColumn](ThreadBuilder &t, Value column) {
      // A tile may have columns beyond the last.
      Dim count = dims().product(operands[kRhs].dims);
      Value existing = t.least(t.add(firstColumn, column), t.number(*count.constant() - 1));
      return load(t, operands[kRhs], existing);
    };
  return zeros;
}
