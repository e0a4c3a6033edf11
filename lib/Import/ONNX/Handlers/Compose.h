// Compose.h - writes an ONNX op as several cameo ops. A step that failed (reported) gives a null value, and steps on
// null values give null, so a handler checks once, at its end: OpBinder::result does.
#ifndef CAMEO_IMPORT_ONNX_HANDLERS_COMPOSE_H
#define CAMEO_IMPORT_ONNX_HANDLERS_COMPOSE_H

#include "cameo/Import/ONNX/OpBinder.h"

namespace cameo::onnx {

struct Compose {
  OpBinder &op;

  template <typename OpT, typename... Args> mlir::Value make(Args &&...args) {
    auto isGiven = [](const auto &argument) {
      if constexpr (std::is_same_v<std::decay_t<decltype(argument)>, mlir::Value>)
        return bool(argument);
      return true;
    };
    return (isGiven(args) && ...) ? op.create<OpT>(std::forward<Args>(args)...) : mlir::Value();
  }

  mlir::Value add(mlir::Value x, mlir::Value y) { return make<AddOp>(x, y); }
  mlir::Value sub(mlir::Value x, mlir::Value y) { return make<SubOp>(x, y); }
  mlir::Value mul(mlir::Value x, mlir::Value y) { return make<MulOp>(x, y); }
  mlir::Value div(mlir::Value x, mlir::Value y) { return make<DivOp>(x, y); }
  mlir::Value max(mlir::Value x, mlir::Value y) { return make<MaxOp>(x, y); }
  mlir::Value min(mlir::Value x, mlir::Value y) { return make<MinOp>(x, y); }
  mlir::Value add(mlir::Value x, double y) { return make<AddOp>(x, like(x, y)); }
  mlir::Value mul(mlir::Value x, double y) { return make<MulOp>(x, like(x, y)); }
  mlir::Value div(mlir::Value x, double y) { return make<DivOp>(x, like(x, y)); }
  mlir::Value where(mlir::Value condition, mlir::Value x, mlir::Value y) { return make<WhereOp>(condition, x, y); }
  /// x, where the run finds that `condition` holds; it ends with `message` otherwise, in which "%lld" stands for x if
  /// that is an integer of rank 0.
  mlir::Value require(mlir::Value x, mlir::Value condition, const llvm::Twine &message) {
    return make<RequireOp>(x, condition, true, message.str());
  }
  mlir::Value scalarOf(mlir::Value x) { return x ? op.scalarOf(x) : x; }
  mlir::Value cast(mlir::Value x, mlir::Type type) { return x ? op.cast(x, type) : x; }
  /// As ONNX's Cast does: also numbers as texts, and texts as numbers.
  mlir::Value convert(mlir::Value x, mlir::Type type);
  mlir::Value unsqueeze(mlir::Value x, llvm::ArrayRef<int64_t> axes) { return x ? op.unsqueeze(x, axes) : x; }
  mlir::Value squeeze(mlir::Value x, llvm::ArrayRef<int64_t> axes) { return x ? op.squeeze(x, axes) : x; }
  mlir::Value reduce(mlir::Value x, llvm::ArrayRef<int64_t> axes, llvm::StringRef kind, bool keepDims = true) {
    return make<ReduceOp>(x, axes, kind, keepDims);
  }
  /// A scalar of x's element type.
  mlir::Value like(mlir::Value x, double value) { return x ? op.scalar(op.elementType(x), value) : x; }
  /// A vector with one entry per element of axis `axis` of a tensor of rank `rank`, in a shape that broadcasts to it.
  mlir::Value along(mlir::Value vector, int64_t axis, int64_t rank) {
    return unsqueeze(vector, llvm::to_vector(llvm::seq<int64_t>(1, rank - axis)));
  }
  /// Axes [first, rank) of x.
  llvm::SmallVector<int64_t> axesFrom(mlir::Value x, int64_t first) {
    return llvm::to_vector(llvm::seq<int64_t>(first, op.rank(x)));
  }
  /// f32 for f16 and bf16, whose sums and squares would overflow where they are stored in between.
  mlir::Type wideType(mlir::Type type) {
    return type.isF16() || type.isBF16() ? mlir::Type(op.builder.getF32Type()) : type;
  }
  llvm::APFloat f32(double value) { return llvm::APFloat(float(value)); }
};

/// The only element of a constant that is stored inline; null otherwise.
std::optional<double> inlineScalar(mlir::Value value);

/// Before opset 7 the second operand of arithmetic broadcasts only on request (`broadcast`), and may be aligned with an
/// axis of the first (`axis`): operand 1 in a shape for which NumPy's rule says the same. Null on failure (reported).
mlir::Value secondOperand(OpBinder &op);

} // namespace cameo::onnx
#endif
