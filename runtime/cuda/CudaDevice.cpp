// CudaDevice.cpp - see CudaDevice.h.
#include "CudaDevice.h"
#include "../core/Error.h"
#include "Driver.h"
#include "Upload.h"
#include <algorithm>
#include <climits>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace cameo::rt {
namespace {

CUdeviceptr address(const void *pointer) { return reinterpret_cast<CUdeviceptr>(pointer); }

/// A driver's version, as 12040, or one of PTX, as 84.
struct Version {
  int major, minor;
  static Version ofDriver(int number) { return {number / 1000, number % 1000 / 10}; }
  bool operator<(const Version &other) const {
    return major != other.major ? major < other.major : minor < other.minor;
  }
};

/// The CUDA release whose driver first took this PTX (table of the PTX ISA's release notes).
Version cudaOfPtx(Version ptx) {
  if (ptx.major == 7)
    return {11, ptx.minor};
  if (ptx.major == 8)
    return {12, ptx.minor < 6 ? ptx.minor : ptx.minor + 1};
  return {ptx.major + 4, ptx.minor};
}

/// What ".version 8.0" in an image says.
Version ptxVersion(const char *image) {
  Version version{7, 0};
  if (const char *directive = strstr(image, ".version "))
    sscanf(directive, ".version %d.%d", &version.major, &version.minor);
  return version;
}

/// "sm_90a": the number, and whether it runs on no other chip.
struct Architecture {
  int number = 0;
  bool isExact = false;
  explicit Architecture(const char *name) {
    char letter = 0;
    if (sscanf(name, "sm_%d%c", &number, &letter) == 2)
      isExact = true;
  }
};

/// A GPU's primary context, which the application's other users of CUDA share.
class CudaDevice final : public Device, public std::enable_shared_from_this<CudaDevice> {
public:
  explicit CudaDevice(const CudaDriver &driver) : driver(driver) {}
  ~CudaDevice() override {
    if (context)
      driver.primaryContextRelease(device);
  }
  int32_t open(int index, cameo_error *error);
  const cameo_variant *choose(const cameo_program_info &info, const char *name, cameo_error *error) override;
  std::unique_ptr<DeviceProgram> load(const cameo_program_info &info, const cameo_variant &variant, const void *weights,
                                      cameo_error *error) override;

  int32_t check(CudaResult result, const char *what, cameo_error *error) const {
    if (result == kCudaSuccess)
      return CAMEO_OK;
    const char *text = nullptr;
    driver.getErrorString(result, &text);
    return fail(error, result == kCudaOutOfMemory ? CAMEO_OUT_OF_MEMORY : CAMEO_INTERNAL,
                "%s: %s failed: CUDA error %d, %s", name, what, result, text ? text : "without a text");
  }

  const CudaDriver &driver;
  CUdevice device = 0;
  CUcontext context = nullptr;
  int capability = 0; ///< 90 for 9.0
  char name[160] = "";
};

/// While it lives the calling thread works in the device's context.
class Scope {
public:
  explicit Scope(const CudaDevice &device) : device(device) { device.driver.contextPush(device.context); }
  ~Scope() {
    CUcontext before;
    device.driver.contextPop(&before);
  }

private:
  const CudaDevice &device;
};

struct Kernel {
  CUfunction function = nullptr;
  const cameo_device_kernel *description = nullptr;
};

class CudaProgram final : public DeviceProgram {
public:
  explicit CudaProgram(std::shared_ptr<CudaDevice> device) : device(std::move(device)) {}
  ~CudaProgram() override {
    Scope scope(*device);
    if (module)
      device->driver.moduleUnload(module);
    if (weightsAddress)
      device->driver.memFree(weightsAddress);
  }
  int32_t loadModule(const cameo_variant &variant, cameo_error *error);
  int32_t uploadWeights(const void *host, uint64_t bytes, cameo_error *error);
  const void *weights() const override { return reinterpret_cast<const void *>(weightsAddress); }
  uint64_t freeBytes() const override {
    Scope scope(*device);
    size_t free = 0, total = 0;
    device->driver.memGetInfo(&free, &total);
    return free;
  }
  std::unique_ptr<DeviceQueue> makeQueue(void *stream, cameo_error *error) override;

  std::shared_ptr<CudaDevice> device;
  std::vector<Kernel> kernels;  ///< by launch site
  bool launchesOverlap = false; ///< blocks of a launch may come before the last launch has ended, and wait for that

private:
  CUmodule module = nullptr;
  CUdeviceptr weightsAddress = 0;
};

/// A CUDA graph.
class CudaRecording final : public DeviceRecording {
public:
  explicit CudaRecording(const CudaDevice &device) : device(device) {}
  ~CudaRecording() override {
    Scope scope(device);
    if (executable)
      device.driver.graphExecDestroy(executable);
  }

  CUgraphExec executable = nullptr;

private:
  const CudaDevice &device;
};

class CudaQueue final : public DeviceQueue {
public:
  CudaQueue(CudaProgram &program, void *stream)
      : program(program), driver(program.device->driver), stream(static_cast<CUstream>(stream)), isOwn(!stream) {}
  ~CudaQueue() override {
    Scope scope(*program.device);
    if (stream && isOwn)
      driver.streamDestroy(stream);
  }
  int32_t open(cameo_error *error) {
    // Nothing is allocated between compiled code's calls.
    size_t most = 0;
    for (const Kernel &kernel : program.kernels)
      if (const cameo_device_kernel *d = kernel.description)
        most = std::max<size_t>(most, d->num_buffers + d->num_sizes + 2);
    parameters.reserve(most);
    if (!isOwn)
      return succeed(error);
    Scope scope(*program.device);
    return program.device->check(driver.streamCreate(&stream, kCudaStreamNonBlocking), "making a stream", error);
  }

  uint8_t *allocate(uint64_t bytes) override {
    Scope scope(*program.device);
    problem = {}; // a larger piece may have been refused before
    CUdeviceptr memory = 0;
    CudaResult result = driver.memAlloc(&memory, bytes);
    if (result == kCudaOutOfMemory) {
      size_t free = 0, total = 0;
      driver.memGetInfo(&free, &total);
      fail(&problem, CAMEO_OUT_OF_MEMORY, "%s: %s are needed, %s of %s are free", program.device->name,
           BytesText(bytes).text, BytesText(free).text, BytesText(total).text);
    } else {
      check(result, "allocating memory");
    }
    return reinterpret_cast<uint8_t *>(memory);
  }
  void release(uint8_t *block, uint64_t) override {
    Scope scope(*program.device);
    driver.streamSynchronize(stream);
    driver.memFree(address(block));
  }
  bool move(void *target, const void *source, uint64_t bytes) override {
    Scope scope(*program.device);
    return check(driver.copyDtoD(address(target), address(source), bytes, stream), "copying");
  }
  bool upload(void *target, const void *host, uint64_t bytes) override {
    Scope scope(*program.device);
    return check(driver.copyHtoD(address(target), host, bytes, stream), "copying to the GPU");
  }
  bool download(void *host, const void *source, uint64_t bytes) override {
    Scope scope(*program.device);
    return check(driver.copyDtoH(host, address(source), bytes, stream), "copying from the GPU") &&
           check(driver.streamSynchronize(stream), "running kernels");
  }
  bool clear(void *target, uint64_t bytes) override {
    Scope scope(*program.device);
    return check(driver.memset8(address(target), 0, bytes, stream), "clearing memory");
  }
  bool launch(uint64_t site, void *failure, void *const *buffers, const int64_t *sizes, int64_t tiles) override;
  bool finish() override {
    Scope scope(*program.device);
    return check(driver.streamSynchronize(stream), "running kernels");
  }
  bool reaches(const void *data) override;
  bool isCaptured() override {
    if (isOwn)
      return false;
    Scope scope(*program.device);
    int status = 0;
    return driver.streamIsCapturing(stream, &status) != kCudaSuccess || status != 0;
  }
  bool beginRecording() override {
    Scope scope(*program.device);
    return check(driver.streamBeginCapture(stream, kCudaCaptureRelaxed), "recording kernels");
  }
  std::unique_ptr<DeviceRecording> endRecording() override;
  bool replay(const DeviceRecording &recording) override {
    Scope scope(*program.device);
    return check(driver.graphLaunch(static_cast<const CudaRecording &>(recording).executable, stream),
                 "starting recorded kernels");
  }

private:
  bool check(CudaResult result, const char *what) { return program.device->check(result, what, &problem) == CAMEO_OK; }

  CudaProgram &program;
  const CudaDriver &driver;
  CUstream stream;
  bool isOwn; ///< the stream
  std::vector<void *> parameters;
};

int32_t CudaDevice::open(int index, cameo_error *error) {
  int count = 0;
  CudaResult result = driver.init(0);
  if (result == kCudaSuccess)
    result = driver.deviceGetCount(&count);
  if (result == kCudaNoDevice || (result == kCudaSuccess && index >= count))
    return fail(error, CAMEO_NO_DEVICE, "there is no GPU %d: the NVIDIA driver finds %d", index, count);
  if (result != kCudaSuccess) {
    const char *text = nullptr;
    driver.getErrorString(result, &text);
    return fail(error, CAMEO_NO_DEVICE, "the NVIDIA driver does not start: CUDA error %d, %s", result,
                text ? text : "without a text");
  }
  char model[128] = "GPU";
  snprintf(name, sizeof(name), "GPU %d", index);
  int major = 0, minor = 0;
  int32_t code = check(driver.deviceGet(&device, index), "opening it", error);
  if (!code)
    code = check(driver.deviceGetName(model, sizeof(model), device), "asking its name", error);
  if (!code)
    code = check(driver.deviceGetAttribute(&major, kCudaCapabilityMajor, device), "asking its architecture", error);
  if (!code)
    code = check(driver.deviceGetAttribute(&minor, kCudaCapabilityMinor, device), "asking its architecture", error);
  if (code)
    return code;
  capability = major * 10 + minor;
  snprintf(name, sizeof(name), "GPU %d (%s, sm_%d)", index, model, capability);
  CUcontext retained = nullptr;
  code = check(driver.primaryContextRetain(&retained, device), "making a context", error);
  if (!code)
    context = retained;
  return code;
}

const cameo_variant *CudaDevice::choose(const cameo_program_info &info, const char *wanted, cameo_error *error) {
  const cameo_variant *best = nullptr;
  std::string names;
  for (uint64_t i = 0; i < info.num_variants; ++i) {
    const cameo_variant &variant = info.variants[i];
    if (!variant.device || strcmp(variant.device->device, "cuda") != 0)
      continue;
    names += (names.empty() ? "" : ", ") + std::string(variant.name);
    if (wanted && strcmp(wanted, variant.name) != 0)
      continue;
    Architecture own(variant.name);
    if (own.isExact ? own.number != capability : own.number > capability)
      continue;
    Architecture other(best ? best->name : "");
    if (!best || own.number > other.number || (own.number == other.number && own.isExact))
      best = &variant;
  }
  if (best)
    return best;
  if (names.empty())
    fail(error, CAMEO_NOT_FOUND, "the program '%s' has no code for GPUs; compile the model with --target=cuda",
         info.model);
  else
    fail(error, CAMEO_NO_DEVICE,
         "%s cannot run the program '%s': it has code for %s%s%s; compile the model with --chip=sm_%d or an older one",
         name, info.model, names.c_str(), wanted ? ", and asked for is " : "", wanted ? wanted : "", capability);
  return nullptr;
}

std::unique_ptr<DeviceProgram> CudaDevice::load(const cameo_program_info &info, const cameo_variant &variant,
                                                const void *weights, cameo_error *error) {
  auto program = std::make_unique<CudaProgram>(shared_from_this());
  Scope scope(*this);
  if (program->loadModule(variant, error) || program->uploadWeights(weights, info.weights_bytes, error))
    return nullptr;
  return program;
}

int32_t CudaProgram::loadModule(const cameo_variant &variant, cameo_error *error) {
  const cameo_device_code &code = *variant.device;
  kernels.resize(variant.num_kernels);
  if (!code.image_bytes)
    return CAMEO_OK;
  int number = 0;
  device->driver.driverGetVersion(&number);
  Version found = Version::ofDriver(number), needed = cudaOfPtx(ptxVersion(code.image));
  if (found < needed)
    return fail(error, CAMEO_NO_DEVICE,
                "the NVIDIA driver is too old for the code for %s: it knows CUDA %d.%d, needed is %d.%d or newer",
                variant.name, found.major, found.minor, needed.major, needed.minor);
  constexpr Version kRecordsOverlaps{12, 3};
  launchesOverlap =
      device->driver.launchKernelEx && !(found < kRecordsOverlaps) && strstr(code.image, "griddepcontrol.wait");
  char log[600] = "";
  int options[] = {kCudaJitErrorLog, kCudaJitErrorLogBytes};
  void *values[] = {log, reinterpret_cast<void *>(uintptr_t(sizeof(log) - 1))};
  if (CudaResult result = device->driver.moduleLoad(&module, code.image, 2, options, values); result != kCudaSuccess)
    return fail(error, result == kCudaOutOfMemory ? CAMEO_OUT_OF_MEMORY : CAMEO_INVALID_PROGRAM,
                "%s does not take the code for %s: CUDA error %d; %s", device->name, variant.name, result, log);
  for (uint64_t site = 0; site < variant.num_kernels; ++site) {
    const cameo_device_kernel *description = variant.kernels[site].device;
    if (!description)
      continue;
    Kernel &kernel = kernels[site];
    kernel.description = description;
    int32_t code = device->check(device->driver.moduleGetFunction(&kernel.function, module, description->symbol),
                                 "looking for a kernel", error);
    constexpr uint32_t kGranted = 48 << 10; // without asking
    if (!code && description->shared_bytes > kGranted)
      code = device->check(device->driver.functionSetAttribute(kernel.function, kCudaMaxDynamicSharedBytes,
                                                               int(description->shared_bytes)),
                           "asking for shared memory", error);
    if (code)
      return code;
  }
  return CAMEO_OK;
}

int32_t CudaProgram::uploadWeights(const void *host, uint64_t bytes, cameo_error *error) {
  if (!bytes)
    return CAMEO_OK;
  CudaResult result = device->driver.memAlloc(&weightsAddress, bytes);
  if (result == kCudaOutOfMemory)
    return fail(error, CAMEO_OUT_OF_MEMORY, "%s: the weights need %s, %s are free", device->name, BytesText(bytes).text,
                BytesText(freeBytes()).text);
  int32_t code = device->check(result, "allocating memory for weights", error);
  if (code)
    return code;
  const char *failed = "";
  result = uploadInPieces(device->driver, device->context, weightsAddress, host, bytes, &failed);
  return device->check(result, (std::string("uploading weights: ") + failed).c_str(), error);
}

std::unique_ptr<DeviceQueue> CudaProgram::makeQueue(void *stream, cameo_error *error) {
  auto queue = std::make_unique<CudaQueue>(*this, stream);
  return queue->open(error) ? nullptr : std::move(queue);
}

bool CudaQueue::launch(uint64_t site, void *failure, void *const *buffers, const int64_t *sizes, int64_t tiles) {
  const Kernel &kernel = program.kernels[site];
  const cameo_device_kernel &d = *kernel.description;
  int64_t blocks = tiles / d.tiles_per_block + (tiles % d.tiles_per_block != 0);
  if (blocks > INT_MAX)
    return fail(&problem, CAMEO_OUT_OF_RANGE, "a kernel of %lld blocks is asked for; a GPU runs %d at a time",
                (long long)blocks, INT_MAX) == CAMEO_OK;
  // The driver reads the parameters through these pointers before it returns.
  parameters.clear();
  parameters.push_back(&failure);
  for (uint32_t i = 0; i < d.num_buffers; ++i)
    parameters.push_back(const_cast<void **>(&buffers[i]));
  for (uint32_t i = 0; i < d.num_sizes; ++i)
    parameters.push_back(const_cast<int64_t *>(&sizes[i]));
  parameters.push_back(&tiles);
  Scope scope(*program.device);
  if (!program.launchesOverlap)
    return check(driver.launchKernel(kernel.function, unsigned(blocks), 1, 1, d.threads, 1, 1, d.shared_bytes, stream,
                                     parameters.data(), nullptr),
                 "starting a kernel");
  CudaLaunchAttribute overlap{kCudaProgrammaticStreamSerialization, /*value=*/1, {}};
  CudaLaunchConfig config{unsigned(blocks), 1, 1, d.threads, 1, 1, d.shared_bytes, stream, &overlap, 1};
  return check(driver.launchKernelEx(&config, kernel.function, parameters.data(), nullptr), "starting a kernel");
}

bool CudaQueue::reaches(const void *data) {
  Scope scope(*program.device);
  unsigned type = 0;
  int ordinal = -1;
  // The driver does not know memory that is only the host's.
  bool isKnown = driver.pointerGetAttribute(&type, kCudaPointerMemoryType, address(data)) == kCudaSuccess &&
                 driver.pointerGetAttribute(&ordinal, kCudaPointerDeviceOrdinal, address(data)) == kCudaSuccess;
  return isKnown && type == kCudaMemoryTypeDevice && ordinal == program.device->device;
}

std::unique_ptr<DeviceRecording> CudaQueue::endRecording() {
  Scope scope(*program.device);
  CUgraph graph = nullptr;
  if (!check(driver.streamEndCapture(stream, &graph), "recording kernels"))
    return nullptr;
  auto recording = std::make_unique<CudaRecording>(*program.device);
  bool isMade = check(driver.graphInstantiate(&recording->executable, graph, 0), "making a graph of kernels");
  driver.graphDestroy(graph);
  return isMade ? std::move(recording) : nullptr;
}

} // namespace

std::shared_ptr<Device> openCudaDevice(const char *which, cameo_error *error) {
  bool isSimulator = strcmp(which, "sim") == 0;
  char *end = nullptr;
  long index = isSimulator ? 0 : strtol(which, &end, 10);
  if (!isSimulator && (*which < '0' || *which > '9' || *end || index > INT_MAX)) {
    fail(error, CAMEO_INVALID_ARGUMENT, "GPU '%s' is not known; expected an index from 0 on, or sim", which);
    return nullptr;
  }
  const CudaDriver *driver = loadCudaDriver(isSimulator, error);
  if (!driver)
    return nullptr;
  auto device = std::make_shared<CudaDevice>(*driver);
  return device->open(int(index), error) ? nullptr : device;
}

} // namespace cameo::rt
