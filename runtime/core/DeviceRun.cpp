// DeviceRun.cpp - the part of a run that a device has: copies, recordings, failures of its kernels; see Context.h.
#include "Context.h"
#include <algorithm>

using namespace cameo::rt;

/// The program's entry function, or a recording of what it did before.
int32_t cameo_context::callEntry() {
  auto entry = program->variant->entry;
  if (!queue || options.trace || recordings.isOff || queue->isCaptured())
    return entry(&call);
  Recordings::Run *before =
      recordings.find(recordingKey(), [&](const Recordings::Run &run) { return placesOutputs(run); });
  if (before)
    return replay(*before);
  isRepeatable = true;
  int32_t returned = entry(&call);
  if (returned || hasFailed() || !isRepeatable)
    return returned;
  Recordings::Run done{recordingKey(), {}, nullptr};
  for (uint64_t i = 0; i < outputs.size(); ++i) {
    Output &output = outputs[i];
    uint32_t rank = program->info->outputs[i].rank;
    done.outputs.push_back({{output.dims, output.dims + rank},
                            output.staysOnDevice ? output.data : output.onDevice[output.current].data()});
  }
  recordings.add(std::move(done));
  return returned;
}

Recordings::Key cameo_context::recordingKey() const {
  Recordings::Key key{reinterpret_cast<uintptr_t>(arena.data())};
  for (uint64_t i = 0; i < inputs.size(); ++i) {
    key.push_back(reinterpret_cast<uintptr_t>(buffers[i].data));
    key.insert(key.end(), inputs[i].dims, inputs[i].dims + program->info->inputs[i].rank);
  }
  key.insert(key.end(), cacheRows.begin(), cacheRows.end());
  return key;
}

/// Whether the outputs lie where that run had them.
bool cameo_context::placesOutputs(const Recordings::Run &run) {
  for (uint64_t i = 0; i < outputs.size(); ++i) {
    const std::vector<int64_t> &dims = run.outputs[i].dims;
    if (call.services->output(&call, int64_t(i), dims.data(), int64_t(dims.size())) != run.outputs[i].address)
      return false;
  }
  return true;
}

int32_t cameo_context::replay(Recordings::Run &run) {
  auto entry = program->variant->entry;
  if (!run.work) {
    int32_t returned = 0;
    if (queue->beginRecording()) {
      returned = entry(&call);
      run.work = queue->endRecording();
    }
    if (returned || hasFailed()) {
      run.work = nullptr; // it ends before the run does
      return returned;
    }
  }
  if (run.work) {
    checkDevice(queue->replay(*run.work));
    return CAMEO_OK;
  }
  recordings.isOff = true;
  queue->problem = {};
  return entry(&call);
}

void cameo_context::uploadInputs() {
  const cameo_program_info &info = *program->info;
  queue->problem = {};
  checkDevice(queue->clear(failures.data(), program->variant->num_kernels * sizeof(cameo_device_failure)));
  for (uint64_t i = 0; i < inputs.size() && !hasFailed(); ++i) {
    if (inputs[i].isOnDevice)
      continue;
    bool isText = info.inputs[i].dtype == CAMEO_STRING; // their numbers
    uint64_t bytes = cameo_tensor_bytes(isText ? CAMEO_I64 : info.inputs[i].dtype, inputs[i].dims, info.inputs[i].rank);
    if (!inputs[i].onDevice.reserve(deviceBudget, bytes))
      outOfMemory("an input", int64_t(bytes));
    else if (bytes)
      checkDevice(queue->upload(inputs[i].onDevice.data(), isText ? inputs[i].numbers.data() : inputs[i].data, bytes));
    buffers[i].data = inputs[i].onDevice.data();
  }
}

void cameo_context::downloadOutputs() {
  checkKernels();
  for (Output &output : outputs)
    if (output.data && output.bytes && !output.staysOnDevice && !hasFailed())
      checkDevice(queue->download(output.data, output.onDevice[output.current].data(), output.bytes));
  if (!hasFailed())
    checkDevice(queue->finish());
  if (hasFailed())
    queue->finish(); // what was started still uses the memory
  fetched.reset(budget);
  marks.clear();
}

bool cameo_context::checkDevice(bool done) {
  if (!done)
    recordFailure(queue->problem.code ? queue->problem.code : CAMEO_INTERNAL, "%s", queue->problem.message);
  return done;
}

void cameo_context::checkKernels() {
  const cameo_variant &variant = *program->variant;
  bool canFail = std::any_of(variant.kernels, variant.kernels + variant.num_kernels,
                             [](const cameo_kernel &kernel) { return kernel.device && kernel.device->num_fail_sites; });
  if (!canFail || hasFailed())
    return;
  std::vector<cameo_device_failure> found(variant.num_kernels);
  if (!checkDevice(queue->download(found.data(), failures.data(), found.size() * sizeof(cameo_device_failure))))
    return;
  for (uint64_t site = 0; site < found.size(); ++site)
    if (const cameo_kernel &kernel = variant.kernels[site]; found[site].number && kernel.device) {
      if (found[site].number > kernel.device->num_fail_sites) {
        recordFailure(CAMEO_INTERNAL, "kernel '%s' reports failure %u of %u", kernel.name, found[site].number,
                      kernel.device->num_fail_sites);
        return;
      }
      const cameo_fail_site &reason = kernel.device->fail_sites[found[site].number - 1];
      call.services->fail(&call, reason.code, kernel.nodes, reason.message, found[site].value);
      return;
    }
}
