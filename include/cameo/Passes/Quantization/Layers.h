// Layers.h - what quantizing means by a layer, and its weights as a matrix.
#ifndef CAMEO_PASSES_QUANTIZATION_LAYERS_H
#define CAMEO_PASSES_QUANTIZATION_LAYERS_H
#include "cameo/Dialect/Cameo/Attributes.h"
#include "cameo/Dialect/Cameo/Cameo.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace cameo {

/// A product or convolution of an activation with constant weights, both f32; or another op that multiplies constants
/// of f32, such as a recurrent cell, of which only `op`, `weights` and the number of these are known.
struct Layer {
  mlir::Operation *op;
  mlir::Value input; ///< null for another op: its weights can be rounded to bf16, and nothing else
  mlir::Value weights;
  int64_t inputAxis;      ///< of the input: its channels, which are summed over
  bool isMatrix;          ///< a product with a matrix, not a convolution
  bool hasOutputsFirst;   ///< the weights are stored as [outputs][what is summed], not the other way round
  int64_t outputs, terms; ///< sizes of the weights as a matrix
  int64_t channels;       ///< of the input
  int64_t group;          ///< of a convolution; 1 otherwise

  /// Nothing where no weights are stored as constants.
  static std::optional<Layer> of(mlir::Operation *op);

  /// What is read, and the block in which it is: in another one it may be read more or less often.
  using Reading = std::pair<mlir::Value, mlir::Block *>;
  Reading reading() const { return {input, op->getBlock()}; }
  /// Axis of the channels in what --cameo-observe-layers shows of the input.
  int64_t shownAxis() const;

  /// The weights as [outputs][terms], row by row.
  llvm::SmallVector<float> matrix() const;
  /// The input's channel that a weight is multiplied with.
  int64_t channelOf(int64_t output, int64_t term) const {
    int64_t perGroup = channels / group, taps = terms / perGroup;
    return output / (outputs / group) * perGroup + term / taps;
  }
  /// Numbers in the order of `matrix` as the weights are stored.
  template <typename T> llvm::SmallVector<T> stored(llvm::ArrayRef<T> rows) const {
    llvm::SmallVector<T> result(rows);
    if (!hasOutputsFirst)
      for (int64_t n = 0; n < outputs; ++n)
        for (int64_t k = 0; k < terms; ++k)
          result[k * outputs + n] = rows[n * terms + k];
    return result;
  }
  /// The shape that numbers per output have to broadcast over the weights.
  llvm::SmallVector<int64_t> perOutputShape() const;
  /// The shape that numbers per channel have to broadcast over the input.
  llvm::SmallVector<int64_t> perChannelShape() const;
};

/// The layers of @main in order, those inside control flow among them.
llvm::SmallVector<Layer> layersOf(mlir::func::FuncOp function);

/// The numbers of an entry of a dictionary of a layer; empty where there is none.
llvm::SmallVector<float> floatsOf(mlir::DictionaryAttr dictionary, llvm::StringRef name);

/// A constant, as a resource where it is large.
mlir::Value constantOf(mlir::OpBuilder &b, mlir::Location loc, mlir::RankedTensorType type, llvm::ArrayRef<char> bytes);
template <typename T>
mlir::Value constantOf(mlir::OpBuilder &b, mlir::Location loc, llvm::ArrayRef<int64_t> shape, mlir::Type element,
                       llvm::ArrayRef<T> values) {
  return constantOf(b, loc, mlir::RankedTensorType::get(shape, element),
                    llvm::ArrayRef(reinterpret_cast<const char *>(values.data()), values.size() * sizeof(T)));
}

} // namespace cameo
#endif
