// PassRecorder.h - watches the passes of a phase: how long each takes, and the remarks it makes.
#ifndef LIB_PIPELINE_PASSRECORDER_H
#define LIB_PIPELINE_PASSRECORDER_H

#include "cameo/Pipeline/CompileReport.h"
#include "mlir/Pass/PassInstrumentation.h"
#include <chrono>
#include <memory>

namespace mlir {
class MLIRContext;
}

namespace cameo {

/// Fills `phase`, the last of `report`, while it lives, and names the pass that fails; the context's remarks go to it,
/// and to nobody afterwards.
class PassRecorder {
public:
  PassRecorder(mlir::MLIRContext &context, CompileReport &report);
  ~PassRecorder();
  PassRecorder(const PassRecorder &) = delete;
  PassRecorder &operator=(const PassRecorder &) = delete;

  std::unique_ptr<mlir::PassInstrumentation> instrumentation();

private:
  struct State;
  mlir::MLIRContext &context;
  std::shared_ptr<State> state;
};

/// Seconds since `start`.
class Stopwatch {
public:
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); }

private:
  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
};

} // namespace cameo
#endif
