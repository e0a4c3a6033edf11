/* FakeCuda.c - a CUDA driver without a GPU, for the runtime's error paths. FAKE_CUDA says what goes wrong:
 *
 *   no-gpu      the driver finds none            old       it is for CUDA 11.0
 *   sm_70       the GPU is of that architecture  bad-ptx   it refuses the code
 *   memory=N    so many bytes are free           launch    kernels fail
 *   no-graphs   it records no kernels            no-locks  it locks no memory of the host
 *   copies      copies from the host fail        two-gpus  there are two
 *   cuda-12.2   it is for that, and takes no attributes of launches
 *
 * Without it all calls succeed, memory is the host's and kernels do nothing. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int is(const char *mode) { return getenv("FAKE_CUDA") && strcmp(getenv("FAKE_CUDA"), mode) == 0; }
static size_t freeBytes(void) {
  const char *mode = getenv("FAKE_CUDA");
  return mode && strncmp(mode, "memory=", 7) == 0 ? strtoull(mode + 7, NULL, 10) : (size_t)8 << 30;
}

int cuInit(unsigned flags) { return is("no-gpu") ? 100 : 0; }
int cuDriverGetVersion(int *version) { return *version = is("old") ? 11000 : is("cuda-12.2") ? 12020 : 13000, 0; }
int cuGetErrorString(int error, const char **text) {
  *text = error == 719 ? "unspecified launch failure" : "some failure";
  return 0;
}
int cuDeviceGetCount(int *count) { return *count = is("two-gpus") ? 2 : 1, 0; }
int cuDeviceGet(int *device, int index) { return *device = index, 0; }
int cuDeviceGetName(char *name, int bytes, int device) { return snprintf(name, (size_t)bytes, "Fake"), 0; }
int cuDeviceGetAttribute(int *value, int attribute, int device) {
  *value = attribute == 75 ? (is("sm_70") ? 7 : 9) : 0;
  return 0;
}
int cuDevicePrimaryCtxRetain(void **context, int device) { return *context = "context", 0; }
int cuDevicePrimaryCtxRelease_v2(int device) { return 0; }
int cuCtxPushCurrent_v2(void *context) { return 0; }
int cuCtxPopCurrent_v2(void **context) { return 0; }
int cuMemGetInfo_v2(size_t *bytes, size_t *total) { return *bytes = *total = freeBytes(), 0; }
int cuMemAlloc_v2(unsigned long long *memory, size_t bytes) {
  if (bytes > freeBytes())
    return 2;
  *memory = (uintptr_t)calloc(1, bytes);
  return 0;
}
int cuMemAllocHost_v2(void **memory, size_t bytes) { return is("no-locks") ? 2 : (*memory = malloc(bytes), 0); }
int cuMemFreeHost(void *memory) { return free(memory), 0; }
int cuMemFree_v2(unsigned long long memory) { return free((void *)(uintptr_t)memory), 0; }
int cuMemcpyHtoDAsync_v2(unsigned long long to, const void *from, size_t bytes, void *stream) {
  return is("copies") ? 719 : (memcpy((void *)(uintptr_t)to, from, bytes), 0);
}
int cuMemcpyDtoHAsync_v2(void *to, unsigned long long from, size_t bytes, void *stream) {
  return memcpy(to, (void *)(uintptr_t)from, bytes), 0;
}
int cuMemcpyDtoDAsync_v2(unsigned long long to, unsigned long long from, size_t bytes, void *stream) {
  return memmove((void *)(uintptr_t)to, (void *)(uintptr_t)from, bytes), 0;
}
int cuMemsetD8Async(unsigned long long to, unsigned char value, size_t bytes, void *stream) {
  return memset((void *)(uintptr_t)to, value, bytes), 0;
}
int cuStreamCreate(void **stream, unsigned flags) { return *stream = "stream", 0; }
int cuStreamDestroy_v2(void *stream) { return 0; }
int cuStreamSynchronize(void *stream) { return is("launch") ? 719 : 0; }
int cuEventCreate(void **event, unsigned flags) { return *event = "event", 0; }
int cuEventRecord(void *event, void *stream) { return 0; }
int cuEventSynchronize(void *event) { return 0; }
int cuEventDestroy_v2(void *event) { return 0; }
int cuStreamBeginCapture_v2(void *stream, int mode) { return is("no-graphs") ? 900 : 0; }
int cuStreamIsCapturing(void *stream, int *status) { return *status = 0, 0; }
int cuStreamEndCapture(void *stream, void **graph) { return *graph = "graph", 0; }
int cuGraphInstantiateWithFlags(void **executable, void *graph, unsigned long long flags) {
  return *executable = "graph", 0;
}
int cuGraphLaunch(void *executable, void *stream) { return 0; }
int cuGraphExecDestroy(void *executable) { return 0; }
int cuGraphDestroy(void *graph) { return 0; }
int cuPointerGetAttribute(void *value, int attribute, unsigned long long pointer) { return 1; }
int cuModuleLoadDataEx(void **module, const void *image, unsigned count, int *options, void **values) {
  if (!is("bad-ptx"))
    return *module = "module", 0;
  for (unsigned i = 0; i < count; ++i)
    if (options[i] == 5)
      strcpy(values[i], "ptxas fatal : Unresolved extern function");
  return 218;
}
int cuModuleUnload(void *module) { return 0; }
int cuModuleGetFunction(void **function, void *module, const char *name) { return *function = "function", 0; }
int cuFuncSetAttribute(void *function, int attribute, int value) { return 0; }
int cuLaunchKernelEx(const void *config, void *function, void **parameters, void **extra) {
  return is("cuda-12.2") ? 1 : 0;
}
int cuLaunchKernel(void *function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                   unsigned bytes, void *stream, void **parameters, void **extra) {
  return 0;
}
