// Driver.cpp - see Driver.h.
#include "Driver.h"
#include "../core/Error.h"
#include <dlfcn.h>
#include <mutex>

namespace cameo::rt {
namespace {

struct Library {
  CudaDriver driver{};
  void *handle = nullptr;
};

int32_t load(Library &library, const char *name, const char *advice, cameo_error *error) {
  void *handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  if (!handle)
    return fail(error, CAMEO_NO_DEVICE, "%s cannot be loaded (%s): %s", name, dlerror(), advice);
  CudaDriver &d = library.driver;
  auto find = [&](auto &function, const char *symbol) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(handle, symbol));
    return function
               ? CAMEO_OK
               : fail(error, CAMEO_NO_DEVICE,
                      "%s has no function %s; the driver is too old: Cameo needs CUDA 11.4 or newer", name, symbol);
  };
  int32_t code = find(d.init, "cuInit");
  auto also = [&](auto &function, const char *symbol) {
    if (!code)
      code = find(function, symbol);
  };
  also(d.driverGetVersion, "cuDriverGetVersion");
  also(d.getErrorString, "cuGetErrorString");
  also(d.deviceGetCount, "cuDeviceGetCount");
  also(d.deviceGet, "cuDeviceGet");
  also(d.deviceGetName, "cuDeviceGetName");
  also(d.deviceGetAttribute, "cuDeviceGetAttribute");
  also(d.primaryContextRetain, "cuDevicePrimaryCtxRetain");
  also(d.primaryContextRelease, "cuDevicePrimaryCtxRelease_v2");
  also(d.contextPush, "cuCtxPushCurrent_v2");
  also(d.contextPop, "cuCtxPopCurrent_v2");
  also(d.memGetInfo, "cuMemGetInfo_v2");
  also(d.memAlloc, "cuMemAlloc_v2");
  also(d.memFree, "cuMemFree_v2");
  also(d.hostAlloc, "cuMemAllocHost_v2");
  also(d.hostFree, "cuMemFreeHost");
  also(d.copyHtoD, "cuMemcpyHtoDAsync_v2");
  also(d.copyDtoH, "cuMemcpyDtoHAsync_v2");
  also(d.copyDtoD, "cuMemcpyDtoDAsync_v2");
  also(d.memset8, "cuMemsetD8Async");
  also(d.streamCreate, "cuStreamCreate");
  also(d.streamDestroy, "cuStreamDestroy_v2");
  also(d.streamSynchronize, "cuStreamSynchronize");
  also(d.eventCreate, "cuEventCreate");
  also(d.eventRecord, "cuEventRecord");
  also(d.eventSynchronize, "cuEventSynchronize");
  also(d.eventDestroy, "cuEventDestroy_v2");
  also(d.streamBeginCapture, "cuStreamBeginCapture_v2");
  also(d.streamIsCapturing, "cuStreamIsCapturing");
  also(d.streamEndCapture, "cuStreamEndCapture");
  also(d.graphInstantiate, "cuGraphInstantiateWithFlags");
  also(d.graphLaunch, "cuGraphLaunch");
  also(d.graphExecDestroy, "cuGraphExecDestroy");
  also(d.graphDestroy, "cuGraphDestroy");
  also(d.pointerGetAttribute, "cuPointerGetAttribute");
  also(d.moduleLoad, "cuModuleLoadDataEx");
  also(d.moduleUnload, "cuModuleUnload");
  also(d.moduleGetFunction, "cuModuleGetFunction");
  also(d.functionSetAttribute, "cuFuncSetAttribute");
  also(d.launchKernel, "cuLaunchKernel");
  d.launchKernelEx = reinterpret_cast<decltype(d.launchKernelEx)>(dlsym(handle, "cuLaunchKernelEx"));
  if (code) {
    dlclose(handle);
    return code;
  }
  library.handle = handle;
  return succeed(error);
}

} // namespace

const CudaDriver *loadCudaDriver(bool isSimulator, cameo_error *error) {
  static std::mutex mutex;
  static Library libraries[2];
  std::lock_guard<std::mutex> lock(mutex);
  Library &library = libraries[isSimulator];
  if (!library.handle && (isSimulator ? load(library, "libcameo_cudasim.so", "it is built with Cameo's tests", error)
                                      : load(library, "libcuda.so.1",
                                             "is the NVIDIA driver installed? --target=cpu runs without it", error)))
    return nullptr;
  return &library.driver;
}

} // namespace cameo::rt
