// Calibration.h - what the layers of a model read, seen by running it on samples.
#ifndef CAMEO_COMPRESSION_CALIBRATION_H
#define CAMEO_COMPRESSION_CALIBRATION_H

#include "cameo/Compression/Observer.h"
#include "cameo/Compression/Samples.h"
#include "cameo/Pipeline/CompileOptions.h"
#include "cameo/Support/Diagnostic.h"
#include "mlir/IR/OwningOpRef.h"

namespace cameo::compression {

/// The module that the functions of this library work on: constants folded, composites recognised, layers in f32. Fails
/// exactly when `diagnostics` got an error.
mlir::LogicalResult prepare(mlir::ModuleOp module, const CompileOptions &options, std::vector<Diagnostic> &diagnostics);

struct CalibrationOptions {
  CompileOptions compile;
  unsigned threads = 0;
  uint64_t gramBytes =
      0; ///< memory for second moments of what products read, which GPTQ wants; those that fit are observed
  bool convolutionGrams = false; ///< the same of the windows that convolutions of one group sum over, for pruning, or
                                 ///< where only that fits of the channels that they read
  size_t most = SIZE_MAX;        ///< samples that run() looks at; those that the state has seen count
  std::string state;             ///< file that takes the observers as they grow, and gives them back; empty: none
};

class Calibration {
public:
  /// What is observed for one layer.
  struct Entry {
    std::string name;               ///< its ONNX node; with "#2" and so on for further layers of one node
    std::optional<size_t> observer; ///< several layers may read one activation; none for those without an input
    Moments windows;                ///< of what a convolution sums over; empty: not observed
  };

  /// Runs `module` (prepared; not changed) on all samples, or on those that the state has not seen. There may be no
  /// layers. Fails exactly when `diagnostics` got an error.
  mlir::LogicalResult run(mlir::ModuleOp module, Samples &samples, const CalibrationOptions &options,
                          std::vector<Diagnostic> &diagnostics);

  /// Writes what was observed on the layers of `module` (a copy of what was run): the attribute cameo.observed. It
  /// borrows second moments: this object outlives the module.
  void annotate(mlir::ModuleOp module, RangeMethod method) const;

  /// What the layer reads; null where no sample reached it, or it has no input.
  const Observer *seenBy(size_t layer) const;

  /// Says so (E-UNSUPPORTED) where there are no layers.
  mlir::LogicalResult expectLayers(std::vector<Diagnostic> &diagnostics) const;

  std::vector<Entry> layers; ///< of @main, in order
  std::vector<Observer> observers;
  uint64_t samplesSeen = 0;

private:
  bool load(const std::string &path, uint64_t identity);
  bool save(const std::string &path, uint64_t identity) const;
};

/// A module (prepared) with what was seen of it.
struct ObservedModule {
  mlir::OwningOpRef<mlir::ModuleOp> module;
  Calibration calibration;
};

} // namespace cameo::compression
#endif
