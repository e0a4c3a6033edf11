// Program.cpp - see Program.h.
#include "cameo/Compression/Program.h"
#include "Errors.h"
#include "cameo/Pipeline/Compile.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinDialect.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FileSystem.h"
#include <algorithm>
#include <chrono>
#include <cmath>

using namespace cameo;
using namespace cameo::compression;

static mlir::DialectResourceBlobManager &blobManager(mlir::ModuleOp module) {
  return mlir::DenseResourceElementsHandle::getManagerInterface(module.getContext()).getBlobManager();
}

Variant::Variant(mlir::ModuleOp original) : copy(original.clone()) {
  blobManager(original).getBlobMap([&](const auto &blobs) {
    for (llvm::StringRef key : blobs.keys())
      constantsBefore.insert(key);
  });
}

Variant::~Variant() {
  mlir::DialectResourceBlobManager &manager = blobManager(*copy);
  copy = nullptr;
  std::vector<std::string> made;
  manager.getBlobMap([&](const auto &blobs) {
    for (llvm::StringRef key : blobs.keys())
      if (!constantsBefore.contains(key))
        made.push_back(key.str());
  });
  for (const std::string &key : made)
    manager.update(key, {});
}

std::unique_ptr<Program> Program::make(mlir::ModuleOp module, const CompileOptions &options, unsigned threads,
                                       std::vector<Diagnostic> &diagnostics) {
  llvm::SmallString<128> path;
  std::error_code error = llvm::sys::fs::getPotentiallyUniqueTempFileName("cameo", "cameo", path);
  if (error) {
    (void)refuse(diagnostics, "E-FILE", "cannot name a temporary file: " + error.message() + "; check TMPDIR");
    return nullptr;
  }
  CompileReport report;
  if (failed(compile(module, options, path, report, diagnostics)))
    return nullptr;
  std::unique_ptr<Program> made(new Program());
  made->launches = std::move(report.kernels);
  (void)llvm::sys::fs::file_size(path, made->fileBytes);
  cameo_error problem;
  int32_t code = cameo_program_load(path.c_str(), nullptr, &made->program, &problem);
  llvm::sys::fs::remove(path); // what is loaded stays mapped
  if (code != CAMEO_OK) {
    (void)refuse(diagnostics, "E-FILE",
                 "the temporary file " + path.str().str() + " does not load: " + problem.message +
                     "; where its folder is mounted noexec, choose another by TMPDIR");
    return nullptr;
  }
  cameo_context_options creating{};
  creating.struct_size = sizeof(creating);
  creating.threads = threads;
  creating.trace_user = &made->launchMs;
  creating.trace = [](void *user, const cameo_trace_event *event) {
    (*static_cast<std::vector<double> *>(user))[event->launch] += event->duration_ns * 1e-6;
  };
  if (cameo_context_create(made->program, &creating, &made->context, &problem) == CAMEO_OK)
    return made;
  (void)refuse(diagnostics, "E-INTERNAL", std::string("what was compiled does not run: ") + problem.message);
  return nullptr;
}

Program::~Program() {
  cameo_context_release(context);
  cameo_program_release(program);
}

bool Program::run(llvm::ArrayRef<cameo_tensor> inputs, std::vector<Diagnostic> &diagnostics) {
  cameo_error problem;
  int32_t code = CAMEO_OK;
  for (auto [i, input] : llvm::enumerate(inputs))
    if (code == CAMEO_OK)
      code = cameo_context_set_input(context, i, &input, &problem);
  launchMs.assign(launches.size(), 0);
  if (code == CAMEO_OK)
    code = cameo_context_run(context, &problem);
  if (code != CAMEO_OK)
    (void)refuse(diagnostics, "E-RUN", problem.message);
  return code == CAMEO_OK;
}

cameo_tensor Program::output(uint64_t index) const {
  cameo_tensor tensor{};
  cameo_context_output(context, index, &tensor, nullptr);
  return tensor;
}

static double nowMs() {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// What else runs on the machine makes times longer, never shorter.
static double least(const std::vector<double> &values) { return *std::min_element(values.begin(), values.end()); }

static constexpr unsigned kWarmup = 2;

std::optional<double> Program::time(llvm::ArrayRef<cameo_tensor> inputs, unsigned repeats,
                                    std::vector<Diagnostic> &diagnostics) {
  std::vector<double> times;
  for (unsigned i = 0; i < repeats + kWarmup; ++i) {
    double start = nowMs();
    if (!run(inputs, diagnostics))
      return std::nullopt;
    if (i >= kWarmup)
      times.push_back(nowMs() - start);
  }
  return least(times);
}

std::optional<std::vector<double>> Program::timeLaunches(llvm::ArrayRef<cameo_tensor> inputs, unsigned repeats,
                                                         std::vector<Diagnostic> &diagnostics) {
  std::vector<double> fastest(launches.size(), INFINITY);
  for (unsigned i = 0; i < repeats + kWarmup; ++i) {
    if (!run(inputs, diagnostics))
      return std::nullopt;
    for (size_t launch = 0; i >= kWarmup && launch < fastest.size(); ++launch)
      fastest[launch] = std::min(fastest[launch], launchMs[launch]);
  }
  return fastest;
}
