// Export.h - a module of cameo ops as an ONNX model.
#ifndef CAMEO_EXPORT_ONNX_EXPORT_H
#define CAMEO_EXPORT_ONNX_EXPORT_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/raw_ostream.h"
#include <memory>

namespace cameo::onnx {

struct ModelRecord;

/// A model that is ready to be written. Weights stay where the module has them until then, so the module must live as
/// long.
class ExportedModel {
public:
  /// The function @main of `module` with the names that the importer left (inputs, outputs, sizes; nodes by their
  /// locations), in the oldest opset from 21 on that has all its ops for their types. Null when an op cannot be
  /// written; then errors name all such ops.
  static std::unique_ptr<ExportedModel> make(mlir::ModuleOp module);
  ~ExportedModel();

  /// Bytes of all initializers.
  int64_t weightBytes() const;
  /// Writes the model. With a `dataName`, the name of a file in the same folder, larger initializers lie in that file,
  /// which `writeData` makes: a message of protobuf ends at 2 GB.
  void write(llvm::raw_ostream &os, llvm::StringRef dataName = {}) const;
  void writeData(llvm::raw_ostream &os) const;

private:
  explicit ExportedModel(std::unique_ptr<ModelRecord> model);
  std::unique_ptr<ModelRecord> model;
};

/// More bytes of weights than this go into a file of their own.
inline constexpr int64_t kMostInlineBytes = int64_t(2000) << 20;

} // namespace cameo::onnx
#endif
