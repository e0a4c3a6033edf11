// Driver.h - the part of the CUDA driver API that the runtime uses, as a table that is filled when a GPU is first asked
// for. Names, types and numbers are those of NVIDIA's cuda.h; tools/cuda-sim implements the same functions.
#pragma once
#include "cameo/Runtime/cameo.h"
#include <cstddef>
#include <cstdint>

namespace cameo::rt {

using CUdevice = int;
using CUdeviceptr = unsigned long long;
using CUcontext = struct CUctx_st *;
using CUmodule = struct CUmod_st *;
using CUfunction = struct CUfunc_st *;
using CUstream = struct CUstream_st *;
using CUevent = struct CUevent_st *;
using CUgraph = struct CUgraph_st *;
using CUgraphExec = struct CUgraphExec_st *;

/// CUresult: the numbers that are told apart here.
enum CudaResult : int {
  kCudaSuccess = 0,
  kCudaInvalidValue = 1,
  kCudaOutOfMemory = 2,
  kCudaNoDevice = 100,
  kCudaInvalidPtx = 218,
  kCudaNotFound = 500,
  kCudaLaunchFailed = 719,
  kCudaCaptureUnsupported = 900,
};
/// CUdevice_attribute, CUjit_option, CUfunction_attribute, CUstream_flags, CUevent_flags, CUstreamCaptureMode,
/// CUpointer_attribute with the values of its memory type.
enum { kCudaCapabilityMajor = 75, kCudaCapabilityMinor = 76 };
enum { kCudaJitErrorLog = 5, kCudaJitErrorLogBytes = 6 };
enum { kCudaMaxDynamicSharedBytes = 8 };
enum { kCudaStreamNonBlocking = 1 };
enum { kCudaEventDisableTiming = 2 };
enum { kCudaCaptureRelaxed = 2 };
enum { kCudaPointerMemoryType = 2, kCudaPointerDeviceOrdinal = 9 };
enum { kCudaMemoryTypeDevice = 2 };

/// CUlaunchAttribute and CUlaunchConfig.
enum { kCudaProgrammaticStreamSerialization = 6 };
struct CudaLaunchAttribute {
  int id;
  alignas(8) int value; ///< of a union of 64 bytes
  char unused[60];
};
static_assert(sizeof(CudaLaunchAttribute) == 72);
struct CudaLaunchConfig {
  unsigned gridX, gridY, gridZ, blockX, blockY, blockZ, sharedBytes;
  CUstream stream;
  CudaLaunchAttribute *attributes;
  unsigned numAttributes;
};

struct CudaDriver {
  CudaResult (*init)(unsigned flags);
  CudaResult (*driverGetVersion)(int *version);
  CudaResult (*getErrorString)(CudaResult error, const char **text);
  CudaResult (*deviceGetCount)(int *count);
  CudaResult (*deviceGet)(CUdevice *device, int index);
  CudaResult (*deviceGetName)(char *name, int bytes, CUdevice device);
  CudaResult (*deviceGetAttribute)(int *value, int attribute, CUdevice device);
  CudaResult (*primaryContextRetain)(CUcontext *context, CUdevice device);
  CudaResult (*primaryContextRelease)(CUdevice device);
  CudaResult (*contextPush)(CUcontext context);
  CudaResult (*contextPop)(CUcontext *context);
  CudaResult (*memGetInfo)(size_t *free, size_t *total);
  CudaResult (*memAlloc)(CUdeviceptr *memory, size_t bytes);
  CudaResult (*memFree)(CUdeviceptr memory);
  CudaResult (*hostAlloc)(void **memory, size_t bytes);
  CudaResult (*hostFree)(void *memory);
  CudaResult (*copyHtoD)(CUdeviceptr target, const void *host, size_t bytes, CUstream stream);
  CudaResult (*copyDtoH)(void *host, CUdeviceptr source, size_t bytes, CUstream stream);
  CudaResult (*copyDtoD)(CUdeviceptr target, CUdeviceptr source, size_t bytes, CUstream stream);
  CudaResult (*memset8)(CUdeviceptr target, unsigned char value, size_t bytes, CUstream stream);
  CudaResult (*streamCreate)(CUstream *stream, unsigned flags);
  CudaResult (*streamDestroy)(CUstream stream);
  CudaResult (*streamSynchronize)(CUstream stream);
  CudaResult (*eventCreate)(CUevent *event, unsigned flags);
  CudaResult (*eventRecord)(CUevent event, CUstream stream);
  CudaResult (*eventSynchronize)(CUevent event);
  CudaResult (*eventDestroy)(CUevent event);
  CudaResult (*streamBeginCapture)(CUstream stream, int mode);
  CudaResult (*streamIsCapturing)(CUstream stream, int *status);
  CudaResult (*streamEndCapture)(CUstream stream, CUgraph *graph);
  CudaResult (*graphInstantiate)(CUgraphExec *executable, CUgraph graph, unsigned long long flags);
  CudaResult (*graphLaunch)(CUgraphExec executable, CUstream stream);
  CudaResult (*graphExecDestroy)(CUgraphExec executable);
  CudaResult (*graphDestroy)(CUgraph graph);
  CudaResult (*pointerGetAttribute)(void *value, int attribute, CUdeviceptr pointer);
  CudaResult (*moduleLoad)(CUmodule *module, const void *image, unsigned numOptions, int *options, void **values);
  CudaResult (*moduleUnload)(CUmodule module);
  CudaResult (*moduleGetFunction)(CUfunction *function, CUmodule module, const char *name);
  CudaResult (*functionSetAttribute)(CUfunction function, int attribute, int value);
  /// Null where the driver is older than CUDA 12.
  CudaResult (*launchKernelEx)(const CudaLaunchConfig *config, CUfunction function, void **parameters, void **extra);
  CudaResult (*launchKernel)(CUfunction function, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned blockX,
                             unsigned blockY, unsigned blockZ, unsigned sharedBytes, CUstream stream, void **parameters,
                             void **extra);
};

/// The functions of the driver, or of the simulator; null, with the reason, where the library is not there or is not
/// complete. The library is loaded once and stays.
const CudaDriver *loadCudaDriver(bool isSimulator, cameo_error *error);

} // namespace cameo::rt
