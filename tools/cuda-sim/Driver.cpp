// Driver.cpp - the CUDA driver API as far as runtime/cuda/Driver.h has it, on the simulated GPU. Streams do their work
// at once, but for copies from page-locked memory, which are done when something waits for them or comes after them in
// their stream. What a kernel does wrong is told at the next synchronisation, as a GPU does it.
//
// CAMEO_CUDASIM, a list like "sm=80,seed=7,early=1", says which chip it is (sm_90 unless told), shuffles blocks and
// threads, and does asynchronous copies when they are issued instead of when they are awaited.
// CAMEO_CUDASIM_EDIT=PATTERN=>REPLACEMENT plants a mistake: the first place of each module that the regular expression
// (ECMAScript) matches is replaced.
#include "../../runtime/cuda/Driver.h"
#include "Machine.h"
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <mutex>
#include <regex>
#include <sstream>

using namespace cameo::sim;
using namespace cameo::rt;

namespace {

struct Module {
  ParsedModule parsed;
  std::map<std::string, uint64_t> globals; ///< addresses
  std::map<std::string, Kernel> kernels;   ///< decoded when they are asked for
};

using Work = std::function<CudaResult()>;
struct Stream {
  std::unique_ptr<std::vector<Work>> capture; ///< what it records, while it does
  std::deque<Work> copies;                    ///< from page-locked memory, not yet done
  uint64_t numDone = 0;                       ///< of them, so far
};
struct Event {
  Stream *stream = nullptr;
  uint64_t copies = 0; ///< of the stream, that come before it
};
struct Graph {
  std::vector<Work> nodes;
};

struct Simulator {
  std::mutex mutex;
  DeviceMemory memory;
  int capability = 90;
  RunOptions options;
  std::string failure; ///< of a kernel; the context is of no use from then on
  Stream defaultStream;
  std::map<const uint8_t *, size_t> lockedMemory; ///< of the host: where pieces begin, and their bytes
  uint64_t graphLaunches = 0;

  /// What CAMEO_CUDASIM does not know ends the process: a test would pass that tests something else.
  Simulator() {
    const char *given = getenv("CAMEO_CUDASIM");
    std::istringstream settings(given ? given : "");
    for (std::string setting; std::getline(settings, setting, ',');) {
      unsigned long long value = 0;
      char key[8], rest;
      bool isRead = sscanf(setting.c_str(), "%7[a-z]=%llu%c", key, &value, &rest) == 2;
      if (isRead && !strcmp(key, "sm")) {
        capability = int(value);
      } else if (isRead && !strcmp(key, "seed")) {
        options.seed = value;
      } else if (isRead && !strcmp(key, "early")) {
        options.copiesEarly = value;
      } else {
        fprintf(stderr, "CAMEO_CUDASIM: '%s' is not known; expected sm=, seed= or early= and a number\n",
                setting.c_str());
        abort();
      }
    }
  }
};

Simulator &simulator() {
  static Simulator it;
  return it;
}

CudaResult failed(const std::string &text) {
  if (simulator().failure.empty())
    simulator().failure = text;
  return kCudaLaunchFailed;
}

/// Bytes of device memory for a copy.
CudaResult find(CUdeviceptr address, size_t bytes, uint8_t *&data) {
  std::string problem;
  data = simulator().memory.find(address, bytes, nullptr, problem);
  return data ? kCudaSuccess
              : failed("a copy of " + std::to_string(bytes) + " bytes at " + std::to_string(address) + ": " + problem);
}

/// The text of a module with the mistake that is to be planted.
std::string edited(std::string text) {
  const char *edit = getenv("CAMEO_CUDASIM_EDIT");
  if (!edit)
    return text;
  const char *arrow = strstr(edit, "=>");
  std::regex pattern(edit, arrow ? size_t(arrow - edit) : strlen(edit));
  if (!std::regex_search(text, pattern))
    throw PtxError("CAMEO_CUDASIM_EDIT: nothing matches " + std::string(edit));
  return std::regex_replace(text, pattern, arrow ? arrow + 2 : "", std::regex_constants::format_first_only);
}

template <typename Fn> CudaResult locked(Fn fn) {
  Simulator &s = simulator();
  std::lock_guard<std::mutex> lock(s.mutex);
  return s.failure.empty() ? fn(s) : kCudaLaunchFailed;
}

/// Does the copies that wait in a stream, as many as were ever before the `upTo`-th.
CudaResult doCopies(Stream &stream, uint64_t upTo = UINT64_MAX) {
  while (!stream.copies.empty() && stream.numDone < upTo) {
    CudaResult result = stream.copies.front()();
    stream.copies.pop_front();
    ++stream.numDone;
    if (result)
      return result;
  }
  return kCudaSuccess;
}

bool isLocked(const void *host, size_t bytes) {
  auto *begin = static_cast<const uint8_t *>(host);
  auto after = simulator().lockedMemory.upper_bound(begin);
  return after != simulator().lockedMemory.begin() &&
         std::prev(after)->first + std::prev(after)->second >= begin + bytes;
}

Stream &streamOf(CUstream stream) { return stream ? *reinterpret_cast<Stream *>(stream) : simulator().defaultStream; }

/// Does the work, or records it.
CudaResult enqueue(CUstream stream, Work work) {
  return locked([&](Simulator &) {
    if (!streamOf(stream).capture) {
      CudaResult result = doCopies(streamOf(stream));
      return result ? result : work();
    }
    streamOf(stream).capture->push_back(std::move(work));
    return kCudaSuccess;
  });
}

/// For what cannot be recorded: it must not be asked for while the stream records.
template <typename Fn> CudaResult outsideOfCapture(CUstream stream, Fn fn) {
  return locked([&](Simulator &) {
    if (streamOf(stream).capture)
      return kCudaCaptureUnsupported;
    CudaResult result = doCopies(streamOf(stream));
    return result ? result : fn();
  });
}

} // namespace

#define EXPORT extern "C" __attribute__((visibility("default"))) CudaResult

EXPORT cuInit(unsigned) { return kCudaSuccess; }
EXPORT cuDriverGetVersion(int *version) { return *version = 13000, kCudaSuccess; }
EXPORT cuGetErrorString(CudaResult error, const char **text) {
  *text = error == kCudaLaunchFailed && !simulator().failure.empty() ? simulator().failure.c_str()
          : error == kCudaOutOfMemory                                ? "out of memory"
          : error == kCudaInvalidPtx                                 ? "a PTX JIT compilation failed"
                                                                     : "simulated error";
  return kCudaSuccess;
}
EXPORT cuDeviceGetCount(int *count) { return *count = 1, kCudaSuccess; }
EXPORT cuDeviceGet(CUdevice *device, int index) { return *device = index, index ? kCudaInvalidValue : kCudaSuccess; }
EXPORT cuDeviceGetName(char *name, int bytes, CUdevice) {
  snprintf(name, size_t(bytes), "simulator");
  return kCudaSuccess;
}
EXPORT cuDeviceGetAttribute(int *value, int attribute, CUdevice) {
  int capability = simulator().capability;
  *value = attribute == kCudaCapabilityMajor ? capability / 10 : capability % 10;
  return attribute == kCudaCapabilityMajor || attribute == kCudaCapabilityMinor ? kCudaSuccess : kCudaInvalidValue;
}
EXPORT cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice) {
  *context = reinterpret_cast<CUcontext>(&simulator());
  return kCudaSuccess;
}
EXPORT cuDevicePrimaryCtxRelease_v2(CUdevice) { return kCudaSuccess; }
EXPORT cuCtxPushCurrent_v2(CUcontext) { return kCudaSuccess; }
EXPORT cuCtxPopCurrent_v2(CUcontext *) { return kCudaSuccess; }

EXPORT cuMemGetInfo_v2(size_t *free, size_t *total) {
  *free = simulator().memory.freeBytes();
  *total = DeviceMemory::kBytes;
  return kCudaSuccess;
}
EXPORT cuMemAlloc_v2(CUdeviceptr *memory, size_t bytes) {
  return locked([&](Simulator &s) {
    *memory = s.memory.allocate(bytes);
    return *memory ? kCudaSuccess : bytes ? kCudaOutOfMemory : kCudaInvalidValue;
  });
}
EXPORT cuMemFree_v2(CUdeviceptr memory) {
  std::lock_guard<std::mutex> lock(simulator().mutex);
  return simulator().memory.release(memory) ? kCudaSuccess : kCudaInvalidValue;
}
EXPORT cuMemAllocHost_v2(void **memory, size_t bytes) {
  return locked([&](Simulator &s) {
    *memory = malloc(bytes);
    s.lockedMemory[static_cast<uint8_t *>(*memory)] = bytes;
    return kCudaSuccess;
  });
}
EXPORT cuMemFreeHost(void *memory) {
  std::lock_guard<std::mutex> lock(simulator().mutex);
  if (!simulator().lockedMemory.erase(static_cast<uint8_t *>(memory)))
    return kCudaInvalidValue;
  free(memory);
  return kCudaSuccess;
}
EXPORT cuMemcpyHtoDAsync_v2(CUdeviceptr target, const void *host, size_t bytes, CUstream stream) {
  auto copy = [=] {
    uint8_t *data;
    CudaResult result = find(target, bytes, data);
    if (!result)
      memcpy(data, host, bytes);
    return result;
  };
  return locked([&](Simulator &) {
    Stream &queue = streamOf(stream);
    if (queue.capture)
      return kCudaCaptureUnsupported;
    if (isLocked(host, bytes)) {
      queue.copies.push_back([=] {
        return isLocked(host, bytes) ? copy() : failed("a copy reads page-locked memory that was freed before");
      });
      return kCudaSuccess;
    }
    CudaResult result = doCopies(queue);
    return result ? result : copy();
  });
}
EXPORT cuMemcpyDtoHAsync_v2(void *host, CUdeviceptr source, size_t bytes, CUstream stream) {
  return outsideOfCapture(stream, [&] {
    uint8_t *data;
    CudaResult result = find(source, bytes, data);
    if (!result)
      memcpy(host, data, bytes);
    return result;
  });
}
EXPORT cuMemcpyDtoDAsync_v2(CUdeviceptr target, CUdeviceptr source, size_t bytes, CUstream stream) {
  return enqueue(stream, [=] {
    uint8_t *from, *to;
    CudaResult result = find(source, bytes, from);
    if (!result)
      result = find(target, bytes, to);
    if (!result)
      memmove(to, from, bytes);
    return result;
  });
}
EXPORT cuMemsetD8Async(CUdeviceptr target, unsigned char value, size_t bytes, CUstream stream) {
  return enqueue(stream, [=] {
    uint8_t *data;
    CudaResult result = bytes ? find(target, bytes, data) : kCudaSuccess;
    if (!result && bytes)
      memset(data, value, bytes);
    return result;
  });
}

EXPORT cuStreamCreate(CUstream *stream, unsigned) {
  *stream = reinterpret_cast<CUstream>(new Stream);
  return kCudaSuccess;
}
EXPORT cuStreamDestroy_v2(CUstream stream) {
  CudaResult result = outsideOfCapture(stream, [] { return kCudaSuccess; });
  return delete reinterpret_cast<Stream *>(stream), result;
}
EXPORT cuEventCreate(CUevent *event, unsigned) {
  *event = reinterpret_cast<CUevent>(new Event);
  return kCudaSuccess;
}
EXPORT cuEventRecord(CUevent event, CUstream stream) {
  return locked([&](Simulator &) {
    Stream &queue = streamOf(stream);
    *reinterpret_cast<Event *>(event) = {&queue, queue.numDone + queue.copies.size()};
    return kCudaSuccess;
  });
}
EXPORT cuEventSynchronize(CUevent event) {
  return locked([&](Simulator &) {
    auto &[stream, copies] = *reinterpret_cast<Event *>(event);
    return stream ? doCopies(*stream, copies) : kCudaSuccess;
  });
}
EXPORT cuEventDestroy_v2(CUevent event) { return delete reinterpret_cast<Event *>(event), kCudaSuccess; }
EXPORT cuStreamSynchronize(CUstream stream) {
  return outsideOfCapture(stream, [] { return kCudaSuccess; });
}
EXPORT cuStreamBeginCapture_v2(CUstream stream, int) {
  return outsideOfCapture(stream, [&] {
    streamOf(stream).capture = std::make_unique<std::vector<Work>>();
    return kCudaSuccess;
  });
}
EXPORT cuStreamIsCapturing(CUstream stream, int *status) {
  return locked([&](Simulator &) { return *status = bool(streamOf(stream).capture), kCudaSuccess; });
}
EXPORT cuStreamEndCapture(CUstream stream, CUgraph *graph) {
  return locked([&](Simulator &) {
    auto capture = std::move(streamOf(stream).capture);
    if (!capture)
      return kCudaInvalidValue;
    *graph = reinterpret_cast<CUgraph>(new Graph{std::move(*capture)});
    return kCudaSuccess;
  });
}
EXPORT cuGraphInstantiateWithFlags(CUgraphExec *executable, CUgraph graph, unsigned long long) {
  *executable = reinterpret_cast<CUgraphExec>(new Graph(*reinterpret_cast<Graph *>(graph)));
  return kCudaSuccess;
}
EXPORT cuGraphLaunch(CUgraphExec executable, CUstream stream) {
  return outsideOfCapture(stream, [&] {
    ++simulator().graphLaunches;
    for (const Work &node : reinterpret_cast<Graph *>(executable)->nodes)
      if (CudaResult result = node())
        return result;
    return kCudaSuccess;
  });
}
EXPORT cuGraphExecDestroy(CUgraphExec executable) { return delete reinterpret_cast<Graph *>(executable), kCudaSuccess; }
EXPORT cuGraphDestroy(CUgraph graph) { return delete reinterpret_cast<Graph *>(graph), kCudaSuccess; }

/// For tests: how often a graph was launched.
extern "C" __attribute__((visibility("default"))) uint64_t cameoCudasimGraphLaunches() {
  return simulator().graphLaunches;
}

EXPORT cuPointerGetAttribute(void *value, int attribute, CUdeviceptr pointer) {
  return locked([&](Simulator &s) {
    std::string problem;
    if (!s.memory.find(pointer, 1, nullptr, problem))
      return kCudaInvalidValue;
    *static_cast<int *>(value) = attribute == kCudaPointerMemoryType ? kCudaMemoryTypeDevice : 0;
    return kCudaSuccess;
  });
}

EXPORT cuModuleLoadDataEx(CUmodule *module, const void *image, unsigned numOptions, int *options, void **values) {
  return locked([&](Simulator &s) {
    try {
      auto loaded = std::make_unique<Module>();
      loaded->parsed = parsePtx(edited(static_cast<const char *>(image)));
      for (const GlobalVariable &global : loaded->parsed.globals) {
        uint64_t address = s.memory.allocate(std::max<size_t>(global.content.size(), 1));
        std::string problem;
        memcpy(s.memory.find(address, global.content.size(), nullptr, problem), global.content.data(),
               global.content.size());
        loaded->globals[global.name] = address;
      }
      *module = reinterpret_cast<CUmodule>(loaded.release());
      return kCudaSuccess;
    } catch (const PtxError &error) {
      for (unsigned i = 0; i + 1 < numOptions; ++i)
        if (options[i] == kCudaJitErrorLog && options[i + 1] == kCudaJitErrorLogBytes)
          snprintf(static_cast<char *>(values[i]), reinterpret_cast<size_t>(values[i + 1]), "%s", error.what());
      return kCudaInvalidPtx;
    }
  });
}
EXPORT cuModuleUnload(CUmodule module) {
  std::lock_guard<std::mutex> lock(simulator().mutex);
  auto *loaded = reinterpret_cast<Module *>(module);
  for (auto &[name, address] : loaded->globals)
    simulator().memory.release(address);
  delete loaded;
  return kCudaSuccess;
}
EXPORT cuModuleGetFunction(CUfunction *function, CUmodule module, const char *name) {
  return locked([&](Simulator &) {
    auto &loaded = *reinterpret_cast<Module *>(module);
    if (!loaded.kernels.count(name)) {
      auto parsed = std::find_if(loaded.parsed.kernels.begin(), loaded.parsed.kernels.end(),
                                 [&](const ParsedKernel &k) { return k.name == name; });
      if (parsed == loaded.parsed.kernels.end())
        return kCudaNotFound;
      try {
        loaded.kernels[name] = decode(*parsed, loaded.globals);
      } catch (const PtxError &error) {
        return failed(error.what());
      }
    }
    *function = reinterpret_cast<CUfunction>(&loaded.kernels[name]);
    return kCudaSuccess;
  });
}
EXPORT cuFuncSetAttribute(CUfunction, int, int) { return kCudaSuccess; }
static CudaResult start(CUfunction function, const CudaLaunchConfig &c, void **parameters) {
  const Kernel &kernel = *reinterpret_cast<Kernel *>(function);
  if (!c.gridX || !c.gridY || !c.gridZ || !c.blockX ||
      (kernel.maxThreads && c.blockX * c.blockY * c.blockZ > kernel.maxThreads))
    return kCudaInvalidValue;
  Launch launch{&kernel, {c.gridX, c.gridY, c.gridZ}, {c.blockX, c.blockY, c.blockZ}, c.sharedBytes, {}};
  for (unsigned i = 0; i < c.numAttributes; ++i)
    if (c.attributes[i].id == kCudaProgrammaticStreamSerialization)
      launch.mayComeEarly = c.attributes[i].value;
    else
      return kCudaInvalidValue;
  launch.parameters.resize(kernel.paramBytes);
  for (size_t i = 0; i < kernel.parameters.size(); ++i)
    memcpy(launch.parameters.data() + kernel.parameters[i].offset, parameters[i], kernel.parameters[i].bytes);
  return enqueue(c.stream, [launch] {
    try {
      run(launch, simulator().memory, simulator().options);
    } catch (const PtxError &error) {
      failed(error.what());
    }
    return kCudaSuccess; // a GPU has not even begun
  });
}
EXPORT cuLaunchKernel(CUfunction function, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned blockX,
                      unsigned blockY, unsigned blockZ, unsigned sharedBytes, CUstream stream, void **parameters,
                      void **) {
  return start(function, {gridX, gridY, gridZ, blockX, blockY, blockZ, sharedBytes, stream, nullptr, 0}, parameters);
}
EXPORT cuLaunchKernelEx(const CudaLaunchConfig *config, CUfunction function, void **parameters, void **) {
  return start(function, *config, parameters);
}
