// Samples.h - inputs to measure on, whoever reads them.
#ifndef CAMEO_COMPRESSION_SAMPLES_H
#define CAMEO_COMPRESSION_SAMPLES_H

#include "cameo/Runtime/cameo.h"
#include "mlir/IR/BuiltinOps.h"
#include <string>
#include <vector>

namespace cameo::compression {

/// An input of a model; -1 for sizes that only the run knows.
struct InputInfo {
  std::string name;
  uint32_t dtype; ///< cameo_dtype
  std::vector<int64_t> dims;
};

/// The inputs of @main, in order.
std::vector<InputInfo> inputsOf(mlir::ModuleOp module);

class Samples {
public:
  virtual ~Samples() = default;
  virtual size_t size() const = 0;
  /// Tensors for the inputs of sample `index`, in their order. They live until the next call.
  virtual std::vector<cameo_tensor> inputs(size_t index) = 0;
  /// The right answer to the sample inputs() gave last, class by class; empty where the data have none.
  virtual std::vector<int64_t> labels() = 0;
  /// Changes where the data do.
  virtual std::string identity() const = 0;
};

} // namespace cameo::compression
#endif
