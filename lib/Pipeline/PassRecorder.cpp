// PassRecorder.cpp - a pass instrumentation for times, a remark streamer for decisions.
#include "PassRecorder.h"
#include "cameo/Dialect/Cameo/Cameo.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Pass/Pass.h"
#include <mutex>

using namespace mlir;
using namespace cameo;

/// Passes on several functions may run on several threads.
struct PassRecorder::State {
  explicit State(CompileReport &report) : phase(report.phases.back()), failedPass(report.failedPass) {}

  PassReport &reportOf(StringRef pass) {
    auto it = llvm::find_if(phase.passes, [&](const PassReport &p) { return p.name == pass; });
    return it != phase.passes.end() ? *it : phase.passes.emplace_back(PassReport{pass.str(), 0, {}});
  }

  std::mutex mutex;
  PhaseReport &phase;
  std::string &failedPass;
  Stopwatch watch;
  llvm::DenseMap<Pass *, Stopwatch> running;
};

namespace {

template <typename State> struct Timer : PassInstrumentation {
  explicit Timer(std::shared_ptr<State> state) : state(std::move(state)) {}

  // Adaptors, which hold the passes of a function, have no argument.
  void runBeforePass(Pass *pass, Operation *) override {
    std::lock_guard<std::mutex> lock(state->mutex);
    if (!pass->getArgument().empty())
      state->running[pass] = Stopwatch();
  }
  void runAfterPass(Pass *pass, Operation *) override {
    std::lock_guard<std::mutex> lock(state->mutex);
    if (!pass->getArgument().empty())
      state->reportOf(pass->getArgument()).seconds += state->running[pass].seconds();
  }
  void runAfterPassFailed(Pass *pass, Operation *) override {
    std::lock_guard<std::mutex> lock(state->mutex);
    if (!pass->getArgument().empty())
      state->failedPass = pass->getArgument();
  }

  std::shared_ptr<State> state;
};

template <typename State> struct Collector : remark::detail::MLIRRemarkStreamerBase {
  explicit Collector(std::shared_ptr<State> state) : state(std::move(state)) {}

  void streamOptimizationRemark(const remark::detail::Remark &remark) override {
    Decision decision;
    decision.changed = remark.getRemarkType() == llvm::remarks::Type::Passed;
    decision.counted = remark.getRemarkName().str();
    for (StringRef node : nodeNames(remark.getLocation()))
      decision.nodes.push_back(node.str());
    for (const remark::detail::Remark::Arg &arg : remark.getArgs())
      if (arg.key == "Remark")
        decision.text += arg.val;
      else
        decision.metrics[arg.key] = arg.val;
    std::lock_guard<std::mutex> lock(state->mutex);
    state->reportOf(remark.getCategoryName()).decisions.push_back(std::move(decision));
  }

  std::shared_ptr<State> state;
};

} // namespace

PassRecorder::PassRecorder(MLIRContext &context, CompileReport &report)
    : context(context), state(std::make_shared<State>(report)) {
  remark::RemarkCategories everything;
  everything.passed = everything.missed = everything.analysis = everything.failed = ".*";
  // Cannot fail: the categories are no user's regular expressions.
  (void)remark::enableOptimizationRemarks(context, std::make_unique<Collector<State>>(state),
                                          std::make_unique<remark::RemarkEmittingPolicyAll>(), everything);
}

PassRecorder::~PassRecorder() {
  context.setRemarkEngine(nullptr);
  state->phase.seconds = state->watch.seconds();
}

std::unique_ptr<PassInstrumentation> PassRecorder::instrumentation() { return std::make_unique<Timer<State>>(state); }
