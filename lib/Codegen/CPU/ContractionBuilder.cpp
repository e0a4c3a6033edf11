// ContractionBuilder.cpp - loops, conditions, masks, and the loads and stores offered to callers.
#include "ContractionBuilder.h"
#include "mlir/Dialect/LLVMIR/LLVMAttrs.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;
using namespace cameo::codegen;

namespace {

LLVM::LoopAnnotationAttr keepShape(MLIRContext *context) {
  auto yes = BoolAttr::get(context, true);
  auto unroll = LLVM::LoopUnrollAttr::get(context, /*disable=*/yes, {}, {}, {}, {}, {}, {});
  auto vectorize = LLVM::LoopVectorizeAttr::get(context, /*disable=*/yes, {}, {}, {}, {}, {}, {});
  return LLVM::LoopAnnotationAttr::get(context, {}, vectorize, {}, unroll, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {});
}

/// Lane numbers, and `count` in every lane. 32-bit lanes: half the registers of i64, and what is left of a row fits.
std::pair<Value, Value> lanesBelow(Emit &e, int64_t lanes, Value count) {
  auto type = VectorType::get({lanes}, e.b.getI32Type());
  SmallVector<int32_t> numbers(lanes);
  for (int64_t lane = 0; lane < lanes; ++lane)
    numbers[lane] = lane;
  Value iota = arith::ConstantOp::create(e.b, e.loc, DenseIntElementsAttr::get(type, numbers));
  count = e.min(e.max(count, e.number(0)), e.number(lanes));
  count = arith::TruncIOp::create(e.b, e.loc, e.b.getI32Type(), count);
  return {iota, vector::BroadcastOp::create(e.b, e.loc, type, count)};
}

} // namespace

SmallVector<Value> Emit::loop(Value begin, Value end, int64_t step, ValueRange init,
                              llvm::function_ref<SmallVector<Value>(Value, ValueRange)> body) {
  auto first = getConstantIntValue(begin), limit = getConstantIntValue(end);
  if (first && limit && *limit <= *first)
    return SmallVector<Value>(init);
  if (first && limit && *limit - *first <= step)
    return body(begin, init);
  auto loop = scf::ForOp::create(b, loc, begin, end, number(step), init);
  // This spelling survives the way to LLVM IR: scf-to-cf copies attributes of the LLVM dialect as they are named.
  loop->setAttr("loop_annotation", keepShape(b.getContext()));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  SmallVector<Value> next = body(loop.getInductionVar(), loop.getRegionIterArgs());
  // A loop without carried values gets its terminator from the builder.
  if (!init.empty())
    scf::YieldOp::create(b, loc, next);
  return SmallVector<Value>(loop.getResults());
}

void Emit::loop(Value begin, Value end, int64_t step, llvm::function_ref<void(Value)> body) {
  loop(begin, end, step, ValueRange{}, [&](Value index, ValueRange) {
    body(index);
    return SmallVector<Value>{};
  });
}

void Emit::when(Value condition, llvm::function_ref<void()> body, llvm::function_ref<void()> otherwise) {
  choose(
      condition, TypeRange{},
      [&] {
        body();
        return SmallVector<Value>{};
      },
      [&] {
        if (otherwise)
          otherwise();
        return SmallVector<Value>{};
      });
}

SmallVector<Value> Emit::choose(Value condition, TypeRange types, llvm::function_ref<SmallVector<Value>()> body,
                                llvm::function_ref<SmallVector<Value>()> otherwise) {
  if (auto constant = getConstantIntValue(condition))
    return *constant ? body() : otherwise();
  auto branch = scf::IfOp::create(b, loc, types, condition, /*addThenBlock=*/true, /*addElseBlock=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.thenBlock());
  SmallVector<Value> results = body();
  scf::YieldOp::create(b, loc, results);
  b.setInsertionPointToStart(branch.elseBlock());
  results = otherwise();
  scf::YieldOp::create(b, loc, results);
  return SmallVector<Value>(branch.getResults());
}

Value Emit::mask(int64_t lanes, Value first, Value limit) {
  auto left = getConstantIntValue(b.createOrFold<arith::SubIOp>(loc, limit, first));
  if (left) {
    SmallVector<bool> bits(lanes);
    for (int64_t lane = 0; lane < lanes; ++lane)
      bits[lane] = lane < *left;
    return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(VectorType::get({lanes}, b.getI1Type()), bits));
  }
  auto [iota, rest] = lanesBelow(*this, lanes, sub(limit, first));
  return arith::CmpIOp::create(b, loc, Pred::slt, iota, rest);
}

Value Emit::mask(int64_t lanes, Value first, Value begin, Value limit) {
  auto [iota, skipped] = lanesBelow(*this, lanes, sub(begin, first));
  Value from = arith::CmpIOp::create(b, loc, Pred::sge, iota, skipped);
  return arith::AndIOp::create(b, loc, from, mask(lanes, first, limit));
}

Value Emit::stack(int64_t bytes) {
  auto function = b.getInsertionBlock()->getParentOp()->getParentOfType<FunctionOpInterface>();
  if (!function)
    function = cast<FunctionOpInterface>(b.getInsertionBlock()->getParentOp());
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(&function.getFunctionBody().front());
  return LLVM::AllocaOp::create(b, loc, pointerType(), b.getI8Type(), number(bytes), /*alignment=*/64);
}

Value cameo::codegen::emitLoad(OpBuilder &b, Location loc, Type type, Value pointer, int64_t lanes, Value mask) {
  Type element = type ? type : b.getF32Type();
  auto vectorType = VectorType::get({lanes}, element);
  Value loaded;
  if (mask) {
    // As integers: where there is no masked load, LLVM takes vectors of narrow floats apart through f32.
    auto bits = vectorType.clone(b.getIntegerType(elementBytes(type) * 8));
    Value zero = arith::ConstantOp::create(b, loc, b.getZeroAttr(bits));
    loaded = LLVM::MaskedLoadOp::create(b, loc, bits, pointer, mask, zero, elementBytes(type));
    loaded = arith::BitcastOp::create(b, loc, vectorType, loaded);
  } else {
    loaded = LLVM::LoadOp::create(b, loc, vectorType, pointer, elementBytes(type));
  }
  if (!element.isF32())
    loaded = arith::ExtFOp::create(b, loc, VectorType::get({lanes}, b.getF32Type()), loaded);
  return loaded;
}

void cameo::codegen::emitStore(OpBuilder &b, Location loc, Type type, Value vector, Value pointer, Value mask) {
  if (type && !type.isF32()) {
    auto shape = cast<VectorType>(vector.getType()).getShape();
    vector = arith::TruncFOp::create(b, loc, VectorType::get(shape, type), vector);
    vector = arith::BitcastOp::create(b, loc, VectorType::get(shape, b.getI16Type()), vector);
  }
  if (mask)
    LLVM::MaskedStoreOp::create(b, loc, vector, pointer, mask, elementBytes(type));
  else
    LLVM::StoreOp::create(b, loc, vector, pointer, elementBytes(type));
}

SmallVector<Value> cameo::codegen::emitTransposedSquare(Emit &e, ArrayRef<Value> rows) {
  // log2(lanes) rounds, each of which interleaves vector i with vector i + lanes / 2.
  int64_t lanes = rows.size();
  SmallVector<int64_t> low, high;
  for (int64_t lane = 0; lane < lanes; ++lane) {
    low.push_back(lane / 2 + lane % 2 * lanes);
    high.push_back(lanes / 2 + lane / 2 + lane % 2 * lanes);
  }
  SmallVector<Value> square(rows);
  for (int64_t round = 1; round < lanes; round *= 2) {
    SmallVector<Value> next;
    for (int64_t i = 0; i < lanes / 2; ++i) {
      next.push_back(vector::ShuffleOp::create(e.b, e.loc, square[i], square[i + lanes / 2], low));
      next.push_back(vector::ShuffleOp::create(e.b, e.loc, square[i], square[i + lanes / 2], high));
    }
    square = next;
  }
  return square;
}

Value cameo::codegen::emitElementPointer(OpBuilder &b, Location loc, Type type, Value pointer, Value index) {
  Emit e(b, loc);
  return e.offset(pointer, e.mul(index, elementBytes(type)));
}

Value cameo::codegen::emitPointerOf(OpBuilder &b, Location loc, Value memref) {
  Value address = memref::ExtractAlignedPointerAsIndexOp::create(b, loc, memref);
  address = arith::IndexCastOp::create(b, loc, b.getI64Type(), address);
  return LLVM::IntToPtrOp::create(b, loc, LLVM::LLVMPointerType::get(b.getContext()), address);
}

Value cameo::codegen::getZeros(OpBuilder &b, Location loc, ModuleOp module, int64_t bytes) {
  bytes = llvm::PowerOf2Ceil(std::max<int64_t>(bytes, 64));
  std::string name = "cameo_zeros_" + std::to_string(bytes);
  auto global = module.lookupSymbol<LLVM::GlobalOp>(name);
  if (!global) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(module.getBody());
    auto type = LLVM::LLVMArrayType::get(b.getI8Type(), bytes);
    global = LLVM::GlobalOp::create(b, loc, type, /*isConstant=*/true, LLVM::Linkage::Internal, name, Attribute(),
                                    /*alignment=*/64);
    b.createBlock(&global.getInitializerRegion());
    LLVM::ReturnOp::create(b, loc, LLVM::ZeroOp::create(b, loc, type));
  }
  return LLVM::AddressOfOp::create(b, loc, global);
}
