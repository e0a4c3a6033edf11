// DeviceTest.cpp - the runtime with a GPU, which the simulator is: memory there, streams, recorded runs.
#include "../../runtime/cuda/Driver.h"
#include "cameo/Runtime/dlpack.hpp"
#include <dlfcn.h>
#include <dlpack/dlpack.h>
#include <gtest/gtest.h>
#include <numeric>
#include <vector>

using namespace cameo;
using namespace cameo::rt;

namespace {

// add: to[i] = from[i] + 1 for each tile i; put: to[0] = 7.
constexpr char kImage[] = R"(.version 7.0
.target sm_75
.address_size 64
.visible .entry add(.param .u64 fail, .param .u64 from, .param .u64 to, .param .u64 tiles)
{
.reg .pred %p<2>;
.reg .b32 %r<2>;
.reg .f32 %f<3>;
.reg .b64 %rd<7>;
ld.param.b64 %rd1, [from];
ld.param.b64 %rd2, [to];
mov.u32 %r1, %ctaid.x;
mul.wide.u32 %rd3, %r1, 4;
add.s64 %rd4, %rd1, %rd3;
add.s64 %rd5, %rd2, %rd3;
ld.global.b32 %f1, [%rd4];
add.rn.f32 %f2, %f1, 0f3F800000;
st.global.b32 [%rd5], %f2;
ret;
}
.visible .entry put(.param .u64 fail, .param .u64 to, .param .u64 tiles)
{
.reg .f32 %f<2>;
.reg .b64 %rd<2>;
ld.param.b64 %rd1, [to];
mov.b32 %f1, 0f40E00000;
st.global.b32 [%rd1], %f1;
ret;
}
)";
const cameo_device_kernel addOnDevice = {"add", 2, 0, 1, 1, 0, 0, nullptr},
                          putOnDevice = {"put", 1, 0, 1, 1, 0, 0, nullptr};
const cameo_kernel kernels[] = {{nullptr, "add", "a", &addOnDevice}, {nullptr, "put", "p", &putOnDevice}};

/// y[N] = x[N] + 1.
int32_t increment(cameo_call *call) {
  int64_t count = call->inputs[0].dims[0];
  void *buffers[] = {call->inputs[0].data, call->services->output(call, 0, &count, 1)};
  call->services->launch(call, &kernels[0], buffers, nullptr, count, 1);
  return 0;
}

/// The same after a look at the first element.
int32_t incrementPositive(cameo_call *call) {
  auto *first = static_cast<const float *>(call->services->fetch(call, call->inputs[0].data, sizeof(float)));
  if (first && *first < 0)
    call->services->fail(call, CAMEO_INVALID_ARGUMENT, "a", "the first one is negative", 0);
  return increment(call);
}

/// y[N] = the first N weights.
int32_t showWeights(cameo_call *call) {
  int64_t count = call->inputs[0].dims[0];
  call->services->copy(call, call->services->output(call, 0, &count, 1), call->weights, count * int64_t(sizeof(float)));
  return 0;
}

/// y[N + 1] = x[N] with a 7 behind.
int32_t append(cameo_call *call) {
  int64_t rows = call->inputs[0].dims[0], dims[] = {rows + 1};
  auto *own = static_cast<float *>(call->services->output(call, 0, dims, 1));
  if (!call->cache_rows[0])
    call->services->copy(call, own, call->inputs[0].data, rows * int64_t(sizeof(float)));
  void *buffers[] = {own + rows};
  call->services->launch(call, &kernels[1], buffers, nullptr, 1, 1);
  return 0;
}

const cameo_device_code code = {"cuda", kImage, sizeof(kImage) - 1};
const int64_t openDims[] = {-1};
const cameo_value_info x = {"x", CAMEO_F32, 1, openDims, nullptr}, y = {"y", CAMEO_F32, 1, openDims, nullptr};
const cameo_cache_info cache = {0, 0, 0, 0};

/// The simulator, as a program that uses CUDA itself sees it.
struct Cuda {
  template <typename Fn> static Fn find(const char *name) {
    static void *library = dlopen("libcameo_cudasim.so", RTLD_NOW);
    EXPECT_TRUE(library) << dlerror();
    return reinterpret_cast<Fn>(dlsym(library, name));
  }
  CudaDriver driver{};
  Cuda() {
    driver.memAlloc = find<decltype(driver.memAlloc)>("cuMemAlloc_v2");
    driver.copyHtoD = find<decltype(driver.copyHtoD)>("cuMemcpyHtoDAsync_v2");
    driver.copyDtoH = find<decltype(driver.copyDtoH)>("cuMemcpyDtoHAsync_v2");
    driver.streamCreate = find<decltype(driver.streamCreate)>("cuStreamCreate");
    driver.streamDestroy = find<decltype(driver.streamDestroy)>("cuStreamDestroy_v2");
    driver.streamBeginCapture = find<decltype(driver.streamBeginCapture)>("cuStreamBeginCapture_v2");
    driver.streamEndCapture = find<decltype(driver.streamEndCapture)>("cuStreamEndCapture");
    driver.graphInstantiate = find<decltype(driver.graphInstantiate)>("cuGraphInstantiateWithFlags");
    driver.graphLaunch = find<decltype(driver.graphLaunch)>("cuGraphLaunch");
    driver.graphExecDestroy = find<decltype(driver.graphExecDestroy)>("cuGraphExecDestroy");
    driver.graphDestroy = find<decltype(driver.graphDestroy)>("cuGraphDestroy");
  }
  float *upload(const std::vector<float> &values) {
    CUdeviceptr memory = 0;
    EXPECT_EQ(driver.memAlloc(&memory, values.size() * sizeof(float)), kCudaSuccess);
    EXPECT_EQ(driver.copyHtoD(memory, values.data(), values.size() * sizeof(float), nullptr), kCudaSuccess);
    return reinterpret_cast<float *>(memory);
  }
  std::vector<float> download(const void *from, size_t count) {
    std::vector<float> values(count);
    EXPECT_EQ(driver.copyDtoH(values.data(), reinterpret_cast<CUdeviceptr>(from), count * sizeof(float), nullptr),
              kCudaSuccess);
    return values;
  }
  static uint64_t graphLaunches() { return find<uint64_t (*)()>("cameoCudasimGraphLaunches")(); }
};

using Floats = std::vector<float>;

/// A context of a program with this entry function.
struct OnDevice : Cuda {
  explicit OnDevice(int32_t (*entry)(cameo_call *) = increment, void *stream = nullptr, const Floats &weights = {}) {
    variant = {"sm_75", 0, entry, kernels, 2, &code};
    info = {
        sizeof(info), CAMEO_ABI_VERSION,        "device", "{}", &x, 1, &y, 1, &variant, 1, nullptr, 0, 0, 0, nullptr, 0,
        &cache,       uint64_t(entry == append)};
    info.weights = weights.data();
    info.weights_bytes = weights.size() * sizeof(float);
    cameo_program_options options{sizeof(options), 0, nullptr, "cuda:sim"};
    Status status = Program::fromStatic(info, program, &options);
    EXPECT_TRUE(status) << status.message();
    cameo_context_options contextOptions{};
    contextOptions.stream = stream;
    status = Context::create(program, context, contextOptions);
    EXPECT_TRUE(status) << status.message();
  }
  Status input(const void *data, int64_t count) { return context.setInput(0, data, CAMEO_F32, std::span(&count, 1)); }
  Status deviceInput(const void *data, int64_t count) {
    return context.setDeviceInput(0, data, CAMEO_F32, std::span(&count, 1));
  }
  Floats hostOutput() const {
    auto values = context.output(0).as<float>();
    return {values.begin(), values.end()};
  }

  cameo_variant variant;
  cameo_program_info info;
  Program program;
  Context context;
};

void expectMessage(const Status &status, const char *message) {
  EXPECT_EQ(status.code(), CAMEO_INVALID_ARGUMENT);
  EXPECT_EQ(status.message(), message);
}

} // namespace

TEST(DeviceMemory, IsReadAndWrittenWhereItLies) {
  OnDevice gpu;
  float *in = gpu.upload({1, 2, 3}), *out = gpu.upload({0, 0, 0, 9});
  ASSERT_TRUE(gpu.deviceInput(in, 3));
  ASSERT_TRUE(gpu.context.bindDeviceOutput(0, out, 3 * sizeof(float)));
  ASSERT_TRUE(gpu.context.run());
  EXPECT_EQ(gpu.context.output(0).data, out);
  EXPECT_EQ(gpu.download(out, 4), (Floats{2, 3, 4, 9}));
  EXPECT_EQ(gpu.download(in, 3), (Floats{1, 2, 3}));
}

TEST(DeviceMemory, OfARunIsTheNextOnesInput) {
  OnDevice gpu;
  Floats values{1, 2};
  ASSERT_TRUE(gpu.input(values.data(), 2));
  ASSERT_TRUE(gpu.context.bindDeviceOutput(0));
  for (int step = 0; step < 6; ++step) {
    ASSERT_TRUE(gpu.context.run());
    ASSERT_TRUE(gpu.deviceInput(gpu.context.output(0).data, 2));
  }
  EXPECT_EQ(gpu.download(gpu.context.output(0).data, 2), (Floats{7, 8}));
  // And back to the host.
  ASSERT_TRUE(gpu.context.bindOutput(0, nullptr, 0));
  ASSERT_TRUE(gpu.context.run());
  EXPECT_EQ(gpu.hostOutput(), (Floats{8, 9}));
}

TEST(DeviceMemory, GoesInAndOutAsDLPack) {
  OnDevice gpu;
  int64_t shape[] = {2}, strides[] = {1}, apart[] = {2};
  DLTensor given{};
  given.data = gpu.upload({9, 1, 2});
  given.byte_offset = sizeof(float);
  given.device = {kDLCUDA, 0};
  given.ndim = 1;
  given.dtype = {kDLFloat, 32, 1};
  given.shape = shape;
  given.strides = strides;
  ASSERT_TRUE(setInput(gpu.context, 0, given));
  ASSERT_TRUE(gpu.context.bindDeviceOutput(0));
  ASSERT_TRUE(gpu.context.run());
  auto view = toDLPack<DLTensor>(gpu.context.output(0), given.device);
  EXPECT_EQ(gpu.download(view.data, 2), (Floats{2, 3}));
  EXPECT_EQ(view.dtype.code, kDLFloat);
  EXPECT_EQ(view.dtype.bits, 32);
  EXPECT_EQ(view.ndim, 1);
  EXPECT_EQ(view.shape[0], 2);

  Floats onHost{5, 6};
  DLTensor host = given;
  host.data = onHost.data();
  host.byte_offset = 0;
  host.device = {kDLCPU, 0};
  host.strides = nullptr;
  ASSERT_TRUE(setInput(gpu.context, 0, host));
  ASSERT_TRUE(gpu.context.run());
  EXPECT_EQ(gpu.download(gpu.context.output(0).data, 2), (Floats{6, 7}));

  given.strides = apart;
  expectMessage(setInput(gpu.context, 0, given),
                "the DLPack tensor is not dense and row-major; copy it (torch: .contiguous())");
  given.strides = strides;
  given.dtype.lanes = 4;
  expectMessage(setInput(gpu.context, 0, given),
                "the DLPack tensor has an element type that Cameo has not, or vectors as elements");
  given.dtype.lanes = 1;
  given.device = {kDLMetal, 0};
  expectMessage(setInput(gpu.context, 0, given),
                "the DLPack tensor lies on a device that is neither the host nor an NVIDIA GPU");
}

TEST(DeviceMemory, IsRefusedWhereItIsNone) {
  OnDevice gpu;
  Floats values{1, 2};
  expectMessage(gpu.deviceInput(values.data(), 2),
                "the memory given for input 'x' does not lie on the program's device");
  expectMessage(gpu.context.bindDeviceOutput(0, values.data(), 8),
                "the memory given for output 'y' does not lie on the program's device");
  float *small = gpu.upload({0});
  ASSERT_TRUE(gpu.input(values.data(), 2));
  ASSERT_TRUE(gpu.context.bindDeviceOutput(0, small, 4));
  expectMessage(gpu.context.run(), "output 'y' has shape 2 and needs 8 bytes, but 4 are bound to it");
  float *in = gpu.upload({1, 2});
  ASSERT_TRUE(gpu.deviceInput(in, 2));
  ASSERT_TRUE(gpu.context.bindDeviceOutput(0, in, 8));
  expectMessage(gpu.context.run(), "the memory bound to output 'y' overlaps input 'x'; bind other memory");
}

TEST(DeviceMemory, HoldsACacheThatGrowsInPlace) {
  OnDevice gpu(append);
  float *memory = gpu.upload({1, 2, 0, 0});
  const int64_t room = 4;
  for (int64_t rows = 2; rows < 4; ++rows) {
    ASSERT_TRUE(gpu.context.bindDeviceCache(0, memory, CAMEO_F32, std::span(&room, 1), rows));
    ASSERT_TRUE(gpu.context.run());
    EXPECT_EQ(gpu.context.output(0).data, memory);
  }
  EXPECT_EQ(gpu.download(memory, 4), (Floats{1, 2, 7, 7}));
  expectMessage(
      gpu.context.bindCache(0, memory, CAMEO_F32, std::span(&room, 1), 2),
      "the memory of input 'x' can be that of output 'y' only on the device that runs the program; bind memory of that "
      "device");
  // Bound by itself again, the input takes the output with it, back to the host.
  Floats values{5};
  ASSERT_TRUE(gpu.context.bindDeviceCache(0, memory, CAMEO_F32, std::span(&room, 1), 2));
  ASSERT_TRUE(gpu.input(values.data(), 1));
  ASSERT_TRUE(gpu.context.run());
  EXPECT_EQ(gpu.hostOutput(), (Floats{5, 7}));
}

// By way of page-locked memory, whose copies the simulator does late: a piece that is filled too early is noticed.
TEST(Weights, AreThereHoweverManyPiecesTheyAre) {
  for (size_t count : {size_t(3), size_t(11) << 19, (size_t(5) << 19) + 7}) {
    Floats weights(count);
    std::iota(weights.begin(), weights.end(), 1.0f);
    OnDevice gpu(showWeights, nullptr, weights);
    ASSERT_TRUE(gpu.input(weights.data(), int64_t(count)));
    ASSERT_TRUE(gpu.context.run());
    EXPECT_TRUE(gpu.hostOutput() == weights) << count;
  }
}

TEST(Recordings, RepeatRunsOfTheSameSizes) {
  OnDevice gpu;
  Floats values{1, 2, 3};
  auto run = [&](int64_t count) {
    EXPECT_TRUE(gpu.input(values.data(), count));
    uint64_t before = gpu.graphLaunches();
    EXPECT_TRUE(gpu.context.run());
    Floats wanted(values.begin(), values.begin() + count);
    for (float &value : wanted)
      value += 1;
    EXPECT_EQ(gpu.hostOutput(), wanted);
    values[0] += 10;
    return gpu.graphLaunches() - before;
  };
  EXPECT_EQ(run(3), 0u); // as it is
  EXPECT_EQ(run(3), 1u); // recorded, and started so
  EXPECT_EQ(run(3), 1u);
  EXPECT_EQ(run(2), 0u); // another size
  EXPECT_EQ(run(2), 1u);
  EXPECT_EQ(run(3), 1u); // not forgotten
  for (int64_t step = 0; step < 20; ++step)
    EXPECT_EQ(run(1 + step % 3), step == 0 ? 0u : 1u) << step;
}

TEST(Recordings, FollowTheAddresses) {
  OnDevice gpu;
  float *ins[] = {gpu.upload({1}), gpu.upload({5})}, *outs[] = {gpu.upload({0}), gpu.upload({0})};
  for (int step = 0; step < 12; ++step) {
    float *in = ins[step % 2], *out = outs[step / 2 % 2];
    ASSERT_TRUE(gpu.deviceInput(in, 1));
    ASSERT_TRUE(gpu.context.bindDeviceOutput(0, out, 4));
    ASSERT_TRUE(gpu.context.run());
    EXPECT_EQ(gpu.download(out, 1), gpu.download(in, 1)[0] == 1 ? Floats{2} : Floats{6}) << step;
  }
}

TEST(Recordings, LeaveRunsAloneThatLookAtValues) {
  OnDevice gpu(incrementPositive);
  Floats values{1};
  ASSERT_TRUE(gpu.input(values.data(), 1));
  uint64_t before = gpu.graphLaunches();
  for (int step = 0; step < 4; ++step)
    ASSERT_TRUE(gpu.context.run());
  EXPECT_EQ(gpu.graphLaunches(), before);
  values[0] = -1;
  expectMessage(gpu.context.run(), "node 'a': the first one is negative");
  values[0] = 4;
  ASSERT_TRUE(gpu.context.run());
  EXPECT_EQ(gpu.hostOutput(), Floats{5});
}

TEST(Async, OutputsOnTheDeviceAreKnownAtOnce) {
  OnDevice gpu;
  float *in = gpu.upload({1, 2});
  ASSERT_TRUE(gpu.deviceInput(in, 2));
  ASSERT_TRUE(gpu.context.bindDeviceOutput(0));
  expectMessage(gpu.context.synchronize(), "no run was started; call cameo_context_run_async first");
  ASSERT_TRUE(gpu.context.runAsync());
  EXPECT_EQ(gpu.context.output(0).size(), 2u);
  expectMessage(gpu.context.runAsync(),
                "the run before was started and not waited for; call cameo_context_synchronize");
  ASSERT_TRUE(gpu.context.synchronize());
  EXPECT_EQ(gpu.download(gpu.context.output(0).data, 2), (Floats{2, 3}));

  ASSERT_TRUE(gpu.context.bindOutput(0, nullptr, 0));
  ASSERT_TRUE(gpu.context.runAsync());
  cameo_tensor tensor;
  Status status;
  cameo_context_output(gpu.context.get(), 0, &tensor, &status.error);
  EXPECT_EQ(status.message(), "there is no output 'y' yet: the run was started and not waited for");
  ASSERT_TRUE(gpu.context.synchronize());
  EXPECT_EQ(gpu.hostOutput(), (Floats{2, 3}));
}

TEST(Async, WorkGoesToTheCallersStream) {
  Cuda cuda;
  CUstream stream = nullptr;
  ASSERT_EQ(cuda.driver.streamCreate(&stream, 0), kCudaSuccess);
  {
    OnDevice gpu(increment, stream);
    float *in = gpu.upload({1}), *out = gpu.upload({0});
    ASSERT_TRUE(gpu.deviceInput(in, 1));
    ASSERT_TRUE(gpu.context.bindDeviceOutput(0, out, 4));
    ASSERT_TRUE(gpu.context.run());
    EXPECT_EQ(gpu.download(out, 1), Floats{2});
    // What the caller records on it holds the run.
    gpu.driver.copyHtoD(reinterpret_cast<CUdeviceptr>(in), Floats{8}.data(), 4, nullptr);
    ASSERT_EQ(gpu.driver.streamBeginCapture(stream, kCudaCaptureRelaxed), kCudaSuccess);
    ASSERT_TRUE(gpu.context.runAsync());
    EXPECT_EQ(gpu.download(out, 1), Floats{2});
    expectMessage(gpu.context.synchronize(),
                  "the stream is being captured; end that, launch the graph, and then wait for the run");
    expectMessage(gpu.deviceInput(in, 1),
                  "a run was started and not waited for; call cameo_context_synchronize before binding");
    CUgraph graph = nullptr;
    CUgraphExec executable = nullptr;
    ASSERT_EQ(gpu.driver.streamEndCapture(stream, &graph), kCudaSuccess);
    ASSERT_EQ(gpu.driver.graphInstantiate(&executable, graph, 0), kCudaSuccess);
    ASSERT_EQ(gpu.driver.graphLaunch(executable, stream), kCudaSuccess);
    ASSERT_TRUE(gpu.context.synchronize());
    EXPECT_EQ(gpu.download(out, 1), Floats{9});
    gpu.driver.graphExecDestroy(executable);
    gpu.driver.graphDestroy(graph);
    // Which does not end the runtime's own recordings.
    uint64_t before = gpu.graphLaunches();
    ASSERT_TRUE(gpu.context.run());
    EXPECT_EQ(gpu.graphLaunches(), before + 1);
    // Memory of the host has no place in a capture.
    ASSERT_TRUE(gpu.context.bindOutput(0, nullptr, 0));
    ASSERT_EQ(gpu.driver.streamBeginCapture(stream, kCudaCaptureRelaxed), kCudaSuccess);
    expectMessage(gpu.context.runAsync(),
                  "the stream is being captured, but output 'y' is in the host's memory; bind memory of the device");
    ASSERT_EQ(gpu.driver.streamEndCapture(stream, &graph), kCudaSuccess);
    gpu.driver.graphDestroy(graph);
  }
  EXPECT_EQ(cuda.driver.streamDestroy(stream), kCudaSuccess); // still the caller's
}
