// ContractionArithmetic.cpp - steps of f32, and of bytes by dot products or pairs. See ContractionArithmetic.h.
#include "ContractionArithmetic.h"
#include <algorithm>

using namespace mlir;
using namespace cameo::codegen;

namespace {

Value zeroOf(Emit &e, Type type) {
  return arith::ConstantOp::create(e.b, e.loc, cast<TypedAttr>(e.b.getZeroAttr(type)));
}

int64_t widest(const MicroKernel &kernel) { return *llvm::max_element(kernel.vectors); }

/// f32 sums of what one element of A and a row of B make.
class FloatSums : public Arithmetic {
public:
  Accumulators begin(Emit &e, const MicroKernel &kernel, Value &) const override {
    Accumulators sums;
    for (int64_t row = 0; row < kernel.rows; ++row)
      for (int64_t lanes : kernel.vectors)
        sums.push_back(zeroOf(e, e.vectorType(lanes)));
    return sums;
  }

protected:
  static SmallVector<Value> rowOf(Emit &e, const MicroKernel &kernel, Value rhs) {
    SmallVector<Value> columns;
    int64_t bytes = 0;
    for (auto [index, lanes] : llvm::enumerate(kernel.vectors)) {
      Value mask = kernel.rhsMasks.empty() ? Value() : kernel.rhsMasks[index];
      columns.push_back(emitLoad(e.b, e.loc, Type(), e.offset(rhs, bytes), lanes, mask));
      bytes += lanes * 4;
    }
    return columns;
  }
};

class FloatArithmetic final : public FloatSums {
public:
  void step(Emit &e, const MicroKernel &kernel, ArrayRef<RowPointer> rows, int64_t lhsBytes, Value rhs,
            MutableArrayRef<Value> sums, int64_t, int64_t) const override {
    SmallVector<Value> columns = rowOf(e, kernel, rhs);
    for (auto [row, pointer] : llvm::enumerate(rows)) {
      Type type = kernel.lhsType ? kernel.lhsType : e.b.getF32Type();
      Value address = e.offset(pointer.pointer, pointer.bytes + lhsBytes);
      Value element = LLVM::LoadOp::create(e.b, e.loc, type, address, elementBytes(kernel.lhsType));
      if (!type.isF32())
        element = arith::ExtFOp::create(e.b, e.loc, e.b.getF32Type(), element);
      Value wide = vector::BroadcastOp::create(e.b, e.loc, e.vectorType(widest(kernel)), element);
      for (auto [column, lanes] : llvm::enumerate(kernel.vectors)) {
        Value broadcast = wide;
        if (lanes != widest(kernel))
          broadcast = vector::BroadcastOp::create(e.b, e.loc, e.vectorType(lanes), element);
        Value &sum = sums[row * kernel.vectors.size() + column];
        sum = vector::FMAOp::create(e.b, e.loc, broadcast, columns[column], sum);
      }
    }
  }
};

/// sum + the dot products of the pairs of bf16 that share a lane of it.
Value emitBf16Dot(Emit &e, Value sum, Value lhs, Value rhs, int64_t lanes) {
  auto name = e.b.getStringAttr("llvm.x86.avx512bf16.dpbf16ps." + std::to_string(lanes * 32));
  return LLVM::CallIntrinsicOp::create(e.b, e.loc, sum.getType(), name, ValueRange{sum, lhs, rhs}).getResult(0);
}

class Bf16Arithmetic final : public FloatSums {
public:
  explicit Bf16Arithmetic(int64_t perStep) : perStep(perStep) {}

  int64_t stepElements() const override { return perStep; }

  void step(Emit &e, const MicroKernel &kernel, ArrayRef<RowPointer> rows, int64_t lhsBytes, Value rhs,
            MutableArrayRef<Value> sums, int64_t elements, int64_t) const override {
    bool isHalf = elements < perStep;
    SmallVector<Value> columns = rowOf(e, kernel, rhs);
    auto asPairs = [&](Value v, int64_t lanes) -> Value {
      return LLVM::BitcastOp::create(e.b, e.loc, VectorType::get({lanes * 2}, e.b.getBF16Type()), v);
    };
    for (auto [column, lanes] : llvm::enumerate(kernel.vectors))
      columns[column] = asPairs(columns[column], lanes);
    for (auto [row, pointer] : llvm::enumerate(rows)) {
      Value address = e.offset(pointer.pointer, pointer.bytes + lhsBytes - (isHalf ? 2 : 0)), pair;
      if (isHalf)
        pair = arith::ExtUIOp::create(e.b, e.loc, e.b.getI32Type(),
                                      Value(LLVM::LoadOp::create(e.b, e.loc, e.b.getI16Type(), address, 2)));
      else
        pair = LLVM::LoadOp::create(e.b, e.loc, e.b.getI32Type(), address, 2);
      for (auto [column, lanes] : llvm::enumerate(kernel.vectors)) {
        auto type = VectorType::get({lanes}, e.b.getI32Type());
        Value spread = asPairs(vector::BroadcastOp::create(e.b, e.loc, type, pair), lanes);
        Value &sum = sums[row * kernel.vectors.size() + column];
        sum = emitBf16Dot(e, sum, spread, columns[column], lanes);
      }
    }
  }

private:
  int64_t perStep;
};

/// One vector of the sums of each vector's lanes, in their order. There are as many as they have lanes; those that are
/// missing, at the end, leave their lanes open.
Value emitLaneSums(Emit &e, ArrayRef<Value> vectors, int64_t lanes) {
  if (vectors.size() == 1)
    return vectors.front();
  // Each lies in segments of what is left to add; those of odd ones go between those of even ones.
  SmallVector<Value> even, odd;
  for (size_t i = 0; i < vectors.size(); ++i)
    (i % 2 ? odd : even).push_back(vectors[i]);
  Value x = emitLaneSums(e, even, lanes), y = emitLaneSums(e, odd, lanes);
  if (!x)
    return x;
  SmallVector<int64_t> low, high;
  int64_t segment = lanes / int64_t(even.size()), half = segment / 2;
  for (int64_t first = 0; first < lanes; first += segment)
    for (int64_t vector = 0; vector < 2; ++vector)
      for (int64_t lane = 0; lane < half; ++lane) {
        low.push_back(first + vector * lanes + lane);
        high.push_back(low.back() + half);
      }
  auto shuffled = [&](ArrayRef<int64_t> from) -> Value {
    return vector::ShuffleOp::create(e.b, e.loc, x, y ? y : x, from);
  };
  return arith::AddFOp::create(e.b, e.loc, y ? shuffled(low) : x, shuffled(high));
}

class ArithmeticAlongK final : public FloatSums {
public:
  ArithmeticAlongK(int64_t lanes, bool bf16Dots) : lanes(lanes), bf16Dots(bf16Dots) {}

  int64_t stepElements() const override { return bf16Dots ? 2 * lanes : lanes; }

  void step(Emit &e, const MicroKernel &kernel, ArrayRef<RowPointer> rows, int64_t lhsBytes, Value rhs,
            MutableArrayRef<Value> sums, int64_t elements, int64_t) const override {
    bool isPart = elements < stepElements();
    Value mask = isPart ? e.mask(stepElements(), e.number(0), e.number(elements)) : Value();
    SmallVector<Value> columns;
    for (int64_t column = 0; column < int64_t(kernel.vectors.size()); ++column)
      columns.push_back(load(e, e.offset(rhs, column * lanes * 4), mask));
    for (auto [row, pointer] : llvm::enumerate(rows)) {
      Value address = e.offset(pointer.pointer, pointer.bytes + lhsBytes - (isPart ? elements * elementBytes() : 0));
      Value vector = load(e, address, mask);
      if (kernel.lhsAheadBytes)
        LLVM::Prefetch::create(e.b, e.loc, e.offset(address, kernel.lhsAheadBytes), /*rw=*/0, /*hint: L2=*/2,
                               /*cache: data=*/1);
      for (auto [column, value] : llvm::enumerate(columns)) {
        Value &sum = sums[row * columns.size() + column];
        sum = bf16Dots ? emitBf16Dot(e, sum, vector, value, lanes)
                       : Value(vector::FMAOp::create(e.b, e.loc, vector, value, sum));
      }
    }
  }

  void end(Emit &e, const MicroKernel &kernel, Value, Accumulators &sums) const override {
    int64_t columns = kernel.vectors.size(), width = std::max<int64_t>(4, llvm::PowerOf2Ceil(columns));
    Accumulators results;
    for (int64_t first = 0; first < kernel.rows; first += lanes / width) {
      SmallVector<Value> vectors(lanes);
      int64_t rows = std::min(lanes / width, kernel.rows - first);
      for (int64_t row = 0; row < rows; ++row)
        for (int64_t column = 0; column < columns; ++column)
          vectors[row * width + column] = sums[(first + row) * columns + column];
      Value all = emitLaneSums(e, vectors, lanes);
      for (int64_t row = 0; row < rows; ++row) {
        auto part = llvm::to_vector(llvm::seq<int64_t>(row * width, (row + 1) * width));
        results.push_back(width == lanes ? all : Value(vector::ShuffleOp::create(e.b, e.loc, all, all, part)));
      }
    }
    sums = std::move(results);
  }

private:
  int64_t elementBytes() const { return bf16Dots ? 2 : 4; }
  /// A step's elements of a row of A or a column of B.
  Value load(Emit &e, Value pointer, Value mask) const {
    if (!bf16Dots)
      return emitLoad(e.b, e.loc, Type(), pointer, lanes, mask);
    auto bits = VectorType::get({2 * lanes}, e.b.getI16Type());
    Value loaded;
    if (mask)
      loaded = LLVM::MaskedLoadOp::create(e.b, e.loc, bits, pointer, mask, zeroOf(e, bits), 2);
    else
      loaded = LLVM::LoadOp::create(e.b, e.loc, bits, pointer, 2);
    return LLVM::BitcastOp::create(e.b, e.loc, VectorType::get({2 * lanes}, e.b.getBF16Type()), loaded);
  }

  int64_t lanes;
  bool bf16Dots;
};

class ByteArithmetic final : public Arithmetic {
public:
  explicit ByteArithmetic(const ByteProduct &product) : product(product) {}

  int64_t stepElements() const override { return product.stepElements(); }

  Accumulators begin(Emit &e, const MicroKernel &kernel, Value &rhs) const override {
    Value zero = product.lhsZero;
    if (flips())
      zero = e.b.createOrFold<arith::AddIOp>(e.loc, zero, i32(e, 128));
    zero = e.b.createOrFold<arith::SubIOp>(e.loc, i32(e, 0), zero);
    SmallVector<Value> first;
    for (auto [lanes, row] : rowOf(e, kernel, rhs)) {
      Value factor = e.b.createOrFold<vector::BroadcastOp>(e.loc, intType(e, lanes), zero);
      first.push_back(e.b.createOrFold<arith::MulIOp>(e.loc, row, factor));
    }
    Accumulators sums;
    for (int64_t row = 0; row < kernel.rows; ++row)
      sums.append(first);
    if (product.rhsHasZero)
      sums.append(kernel.rows, zeroOf(e, intType(e, widest(kernel))));
    rhs = e.offset(rhs, e.times(kernel.rhsStepBytes, product.headRows()));
    return sums;
  }

  void step(Emit &e, const MicroKernel &kernel, ArrayRef<RowPointer> rows, int64_t lhsBytes, Value rhs,
            MutableArrayRef<Value> sums, int64_t elements, int64_t behind) const override {
    auto columns = rowOf(e, kernel, rhs);
    for (auto [row, pointer] : llvm::enumerate(rows)) {
      Value bits = loadElements(e, pointer.pointer, pointer.bytes + lhsBytes, elements, behind);
      DenseMap<int64_t, Value> spread;
      auto spreadOver = [&](int64_t lanes) {
        Value &v = spread[lanes];
        if (!v)
          v = widened(e, bits, lanes, elements, behind);
        return v;
      };
      for (auto [column, entry] : llvm::enumerate(columns)) {
        Value &sum = sums[row * columns.size() + column];
        sum = multiplyAdd(e, sum, spreadOver(entry.first), entry.second, entry.first);
      }
      if (product.rhsHasZero) {
        int64_t lanes = widest(kernel);
        auto bytes = VectorType::get({lanes * 4}, e.b.getI8Type());
        Value ones = arith::ConstantOp::create(e.b, e.loc, DenseElementsAttr::get(bytes, int8_t(1)));
        Value &sum = sums[kernel.rows * columns.size() + row];
        sum =
            multiplyAdd(e, sum, spreadOver(lanes), LLVM::BitcastOp::create(e.b, e.loc, intType(e, lanes), ones), lanes);
      }
    }
  }

  void end(Emit &e, const MicroKernel &kernel, Value rhs, Accumulators &sums) const override {
    if (!product.rhsHasZero)
      return;
    auto zeros = rowOf(e, kernel, e.offset(rhs, kernel.rhsStepBytes));
    for (int64_t row = 0; row < kernel.rows; ++row)
      for (auto [column, entry] : llvm::enumerate(zeros)) {
        auto [lanes, zero] = entry;
        Value rowSum = sums[kernel.rows * zeros.size() + row];
        if (lanes != widest(kernel))
          rowSum = vector::ShuffleOp::create(e.b, e.loc, rowSum, rowSum, llvm::to_vector(llvm::seq<int64_t>(0, lanes)));
        Value &sum = sums[row * zeros.size() + column];
        sum = arith::SubIOp::create(e.b, e.loc, sum, Value(arith::MulIOp::create(e.b, e.loc, zero, rowSum)));
      }
    sums.truncate(kernel.rows * zeros.size());
  }

private:
  /// Whether signed elements of A are made unsigned.
  bool flips() const { return product.dots == ByteDots::Quads && product.lhsIsSigned; }

  static VectorType intType(Emit &e, int64_t lanes) { return VectorType::get({lanes}, e.b.getI32Type()); }
  static Value i32(Emit &e, int64_t value) { return arith::ConstantIntOp::create(e.b, e.loc, e.b.getI32Type(), value); }

  /// The vectors of the panel's row at `rhs`, with their numbers of lanes.
  static SmallVector<std::pair<int64_t, Value>> rowOf(Emit &e, const MicroKernel &kernel, Value rhs) {
    SmallVector<std::pair<int64_t, Value>> row;
    int64_t bytes = 0;
    for (int64_t lanes : kernel.vectors) {
      row.push_back({lanes, LLVM::LoadOp::create(e.b, e.loc, intType(e, lanes), e.offset(rhs, bytes), 4)});
      bytes += lanes * 4;
    }
    return row;
  }

  /// The elements of one row and step as an i32: four bytes, or two i16.
  Value loadElements(Emit &e, Value pointer, int64_t bytes, int64_t elements, int64_t behind) const {
    Type i32Type = e.b.getI32Type();
    auto loadInt = [&](Type type, int64_t at) {
      return Value(LLVM::LoadOp::create(e.b, e.loc, type, e.offset(pointer, at), 1));
    };
    if (product.dots == ByteDots::Quads && (elements == 4 || behind >= 4))
      return loadInt(i32Type, elements == 4 ? bytes : bytes - 4);
    // One by one: pairs are widened, and a run of less than four bytes must not be left.
    int64_t first = elements == stepElements() ? bytes : bytes - elements, width = 32 / stepElements();
    Value all;
    for (int64_t i = 0; i < elements; ++i) {
      Value element = loadInt(e.b.getI8Type(), first + i);
      if (product.dots == ByteDots::Pairs && product.lhsIsSigned)
        element = arith::ExtSIOp::create(e.b, e.loc, e.b.getI16Type(), element);
      element = arith::ExtUIOp::create(e.b, e.loc, i32Type, element);
      if (i > 0)
        element = arith::ShLIOp::create(e.b, e.loc, element, i32(e, i * width));
      all = all ? Value(arith::OrIOp::create(e.b, e.loc, all, element)) : element;
    }
    return all;
  }

  Value widened(Emit &e, Value bits, int64_t lanes, int64_t elements, int64_t behind) const {
    Value v = vector::BroadcastOp::create(e.b, e.loc, intType(e, lanes), bits);
    auto every = [&](uint32_t value) {
      return arith::ConstantOp::create(e.b, e.loc, DenseElementsAttr::get(intType(e, lanes), int32_t(value)));
    };
    bool isPartial = elements < stepElements();
    if (flips())
      v = arith::XOrIOp::create(e.b, e.loc, v,
                                every(0x80808080u >> (isPartial && behind < 4 ? 8 * (4 - elements) : 0)));
    if (product.dots == ByteDots::Quads && isPartial && behind >= 4)
      v = arith::ShRUIOp::create(e.b, e.loc, v, every(8 * (4 - elements)));
    return v;
  }

  Value multiplyAdd(Emit &e, Value sum, Value lhs, Value rhs, int64_t lanes) const {
    Type narrow = product.dots == ByteDots::Quads ? e.b.getI8Type() : e.b.getI16Type();
    auto elements = VectorType::get({lanes * stepElements()}, narrow);
    lhs = LLVM::BitcastOp::create(e.b, e.loc, elements, lhs);
    return emitByteDot(e, product.dots, sum, lhs, LLVM::BitcastOp::create(e.b, e.loc, elements, rhs), lanes);
  }

  ByteProduct product;
};

} // namespace

Value cameo::codegen::emitByteDot(Emit &e, ByteDots dots, Value sum, Value lhs, Value rhs, int64_t lanes) {
  auto call = [&](StringRef name, ArrayRef<Value> operands) {
    return LLVM::CallIntrinsicOp::create(e.b, e.loc, sum.getType(), e.b.getStringAttr(name), operands).getResult(0);
  };
  if (dots == ByteDots::Quads)
    return call("llvm.x86.avx512.vpdpbusd." + std::to_string(lanes * 32), {sum, lhs, rhs});
  StringRef name = lanes == 4   ? "llvm.x86.sse2.pmadd.wd"
                   : lanes == 8 ? "llvm.x86.avx2.pmadd.wd"
                                : "llvm.x86.avx512.pmaddw.d.512";
  return arith::AddIOp::create(e.b, e.loc, sum, call(name, {lhs, rhs}));
}

std::unique_ptr<Arithmetic> cameo::codegen::floatArithmetic() { return std::make_unique<FloatArithmetic>(); }

std::unique_ptr<Arithmetic> cameo::codegen::bf16PairArithmetic() { return std::make_unique<Bf16Arithmetic>(1); }

std::unique_ptr<Arithmetic> cameo::codegen::bf16Arithmetic() { return std::make_unique<Bf16Arithmetic>(2); }

std::unique_ptr<Arithmetic> cameo::codegen::arithmeticAlongK(int64_t lanes, bool bf16Dots) {
  return std::make_unique<ArithmeticAlongK>(lanes, bf16Dots);
}

std::unique_ptr<Arithmetic> cameo::codegen::byteArithmetic(const ByteProduct &product) {
  return std::make_unique<ByteArithmetic>(product);
}
