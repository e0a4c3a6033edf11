// ContextTest.cpp - binding, checking, running, failing, cancelling; no allocation once warm.
#include "Testing.h"
#include <chrono>
#include <thread>

using namespace cameo;
using namespace cameo::testing;

TEST(Context, RunsAtSeveralSizes) {
  Program program = staticProgram();
  Bound bound(program);
  for (int64_t rows : {8, 1, 0, 3000, 17}) {
    bound.bind(rows);
    Status status = bound.run();
    ASSERT_TRUE(status) << status.message();
    EXPECT_TRUE(bound.isRight()) << rows;
  }
}

TEST(Context, InputsAreChecked) {
  Program program = staticProgram();
  Context context;
  ASSERT_TRUE(Context::create(program, context));
  expectMessage(context.run(), CAMEO_INVALID_ARGUMENT, "inputs are missing: 'x', 'y', 'mode'");
  alignas(8) float data[16] = {};
  int64_t good[] = {2, 4}, other[] = {3, 4}, wrong[] = {2, 5}, negative[] = {-2, 4}, huge[] = {int64_t(1) << 61, 4},
          three[] = {1, 2, 4};
  expectMessage(context.setInput(0, data, CAMEO_F64, good), CAMEO_INVALID_ARGUMENT,
                "input 'x' has element type f64, expected f32");
  expectMessage(context.setInput("x", data, wrong), CAMEO_INVALID_ARGUMENT, "input 'x' has shape 2x5, expected Nx4");
  expectMessage(context.setInput("x", data, three), CAMEO_INVALID_ARGUMENT, "input 'x' has shape 1x2x4, expected Nx4");
  expectMessage(context.setInput("x", data, negative), CAMEO_INVALID_ARGUMENT,
                "input 'x' has shape ?x4 with a negative size, expected Nx4");
  EXPECT_EQ(context.setInput("x", data, huge).code(), CAMEO_INVALID_ARGUMENT);
  expectMessage(context.setInput<float>("x", nullptr, good), CAMEO_INVALID_ARGUMENT,
                "input 'x' has no data (null pointer), expected 32 bytes");
  expectMessage(context.setInput("x", reinterpret_cast<float *>(reinterpret_cast<char *>(data) + 2), good),
                CAMEO_INVALID_ARGUMENT, "input 'x' begins at an address that is not a multiple of 4 bytes");
  EXPECT_EQ(context.setInput("nothing", data, good).code(), CAMEO_INVALID_ARGUMENT);
  int64_t mode = 0;
  ASSERT_TRUE(context.setInput("x", data, good));
  expectMessage(context.run(), CAMEO_INVALID_ARGUMENT, "inputs are missing: 'y', 'mode'");
  ASSERT_TRUE(context.setInput("y", data, other));
  ASSERT_TRUE(context.setInput("mode", &mode, {}));
  expectMessage(context.run(), CAMEO_INVALID_ARGUMENT,
                "input 'y' has shape 3x4, expected Nx4: an earlier input has N = 2");
  EXPECT_EQ(context.output(0).data, nullptr);
  ASSERT_TRUE(context.setInput("y", data, good));
  EXPECT_TRUE(context.run());
}

TEST(Context, FailuresNameTheNode) {
  Program program = staticProgram();
  cameo_context_options options{};
  options.threads = 2;
  Bound bound(program, options);
  expectMessage(bound.run(Fail), CAMEO_DIVISION_BY_ZERO, "node 'net/Div_0': the divisor is zero, 100% of the time");
  Status status = bound.run(FailInKernel);
  EXPECT_EQ(status.code(), CAMEO_OUT_OF_RANGE);
  EXPECT_TRUE(status.message().starts_with("node 'net/Gather_3': index ")) << status.message();
  EXPECT_EQ(bound.run(NoOutput).code(), CAMEO_INTERNAL);
  EXPECT_EQ(bound.run(NegativeOutput).code(), CAMEO_SHAPE_MISMATCH);
  EXPECT_EQ(bound.run(HugeOutput).code(), CAMEO_OUT_OF_MEMORY);
  EXPECT_EQ(bound.context.output(0).data, nullptr);
  ASSERT_TRUE(bound.run());
  EXPECT_TRUE(bound.isRight());
}

TEST(Context, MemoryServices) {
  Program program = staticProgram();
  Bound bound(program, {}, 100);
  for (Mode mode : {ManyAllocs, Slots, UsesArena, ManyAllocs, Slots}) {
    Status status = bound.run(mode);
    EXPECT_TRUE(status) << status.message();
    EXPECT_TRUE(bound.isRight());
  }
  uint64_t held, peak;
  cameo_context_memory(bound.context.get(), &held, &peak);
  EXPECT_GT(held, 8u << 20);
  EXPECT_GE(peak, held);
}

TEST(Context, BudgetIsKept) {
  Program program = staticProgram();
  cameo_context_options options{};
  options.memory_budget = 4 << 20;
  Bound bound(program, options, 100);
  expectMessage(bound.run(Hungry), CAMEO_OUT_OF_MEMORY,
                "an intermediate value needs 1 PiB more, 0 bytes are in use and the budget is 4 MiB");
  EXPECT_EQ(bound.run(UsesArena).code(), CAMEO_OUT_OF_MEMORY);
  EXPECT_TRUE(bound.run());
  cameo_program_info planned = cameo_test_program;
  planned.arena_bytes = 5 << 20;
  Program large;
  ASSERT_TRUE(Program::fromStatic(planned, large));
  Context context;
  expectMessage(Context::create(large, context, options), CAMEO_OUT_OF_MEMORY,
                "program 'test' needs 5 MiB of working memory, the budget is 4 MiB");
}

TEST(Context, WithoutBudgetTheMachineIsTheLimit) {
  Program program = staticProgram();
  Bound bound(program);
  EXPECT_EQ(bound.run(Hungry).code(), CAMEO_OUT_OF_MEMORY);
  EXPECT_TRUE(bound.run());
}

TEST(Context, WarmRunsAllocateNothing) {
#ifdef CAMEO_THREAD_SANITIZER
  GTEST_SKIP() << "allocations are not counted under ThreadSanitizer";
#endif
  Program program = staticProgram();
  for (unsigned threads : {1u, 2u}) {
    cameo_context_options options{};
    options.threads = threads;
    Bound bound(program, options, 100);
    for (Mode mode : {Plain, ManyAllocs, Slots, UsesArena}) {
      for (int i = 0; i < 2; ++i)
        ASSERT_TRUE(bound.run(mode));
      int64_t before = numAllocations;
      for (int i = 0; i < 5; ++i)
        ASSERT_TRUE(bound.run(mode));
      EXPECT_EQ(numAllocations, before) << "mode " << mode << ", threads " << threads;
    }
  }
}

TEST(Context, EveryFailingAllocationIsAStatus) {
#ifdef CAMEO_THREAD_SANITIZER
  GTEST_SKIP() << "allocations are not counted under ThreadSanitizer";
#endif
  for (int64_t allowed = 0;; ++allowed) {
    cameo_program *program = nullptr;
    cameo_context *context = nullptr;
    cameo_error error;
    float data[400] = {};
    int64_t dims[] = {100, 4}, mode = ManyAllocs;
    allocationsLeft = allowed;
    int32_t code = cameo_program_from_static(&cameo_test_program, nullptr, &program, &error);
    if (!code)
      code = cameo_context_create(program, nullptr, &context, &error);
    cameo_tensor rows{data, CAMEO_F32, 2, dims}, scalar{&mode, CAMEO_I64, 0, nullptr};
    if (!code) {
      cameo_context_set_input(context, 0, &rows, nullptr);
      cameo_context_set_input(context, 1, &rows, nullptr);
      cameo_context_set_input(context, 2, &scalar, nullptr);
      code = cameo_context_run(context, &error);
    }
    allocationsLeft = -1;
    if (context) {
      // The objects survive, and with memory they work.
      EXPECT_EQ(cameo_context_run(context, &error), CAMEO_OK) << error.message;
    }
    cameo_context_release(context);
    cameo_program_release(program);
    if (code == CAMEO_OK)
      break;
    ASSERT_EQ(code, CAMEO_OUT_OF_MEMORY) << error.message;
    ASSERT_LT(allowed, 1000);
  }
}

TEST(Context, HasNoDeviceOnTheCPU) {
  Program program = staticProgram();
  Bound bound(program);
  std::vector<float> z(32);
  const int64_t dims[] = {8, 4};
  expectMessage(bound.context.setDeviceInput(0, z.data(), CAMEO_F32, dims), CAMEO_INVALID_ARGUMENT,
                "memory of a device is given for input 'x', but program 'test' was loaded for the CPU");
  bound.bind(8);
  expectMessage(bound.context.bindDeviceOutput(0, z.data(), 128), CAMEO_INVALID_ARGUMENT,
                "memory of a device is given for output 'z', but program 'test' was loaded for the CPU");
  ASSERT_TRUE(bound.run());
  EXPECT_TRUE(bound.isRight());
  cameo_context_options options{};
  options.stream = &options;
  Context context;
  expectMessage(Context::create(program, context, options), CAMEO_INVALID_ARGUMENT,
                "a stream is given, but program 'test' was loaded for the CPU");
}

TEST(Context, CanBeStartedAndWaitedFor) {
  Program program = staticProgram();
  Bound bound(program);
  ASSERT_TRUE(bound.context.runAsync());
  expectMessage(bound.context.run(), CAMEO_INVALID_ARGUMENT,
                "the run before was started and not waited for; call cameo_context_synchronize");
  ASSERT_TRUE(bound.context.synchronize());
  EXPECT_TRUE(bound.isRight());
  expectMessage(bound.context.synchronize(), CAMEO_INVALID_ARGUMENT,
                "no run was started; call cameo_context_run_async first");
  // What goes wrong in the run is told by the one that waits.
  bound.mode = Fail;
  ASSERT_TRUE(bound.context.runAsync());
  EXPECT_EQ(bound.context.synchronize().code(), CAMEO_DIVISION_BY_ZERO);
  ASSERT_TRUE(bound.run());
  EXPECT_TRUE(bound.isRight());
}

TEST(Context, OutputsCanBeBound) {
  Program program = staticProgram();
  Bound bound(program);
  std::vector<float> z(32, -1);
  ASSERT_TRUE(bound.context.bindOutput(0, z.data(), z.size() * 4));
  ASSERT_TRUE(bound.run());
  EXPECT_TRUE(bound.isRight());
  EXPECT_EQ(bound.context.output(0).data, z.data());
  bound.bind(9);
  expectMessage(bound.run(), CAMEO_INVALID_ARGUMENT,
                "output 'z' has shape 9x4 and needs 144 bytes, but 128 are bound to it");
  ASSERT_TRUE(bound.context.bindOutput(0, bound.x.data() + 8, 64));
  expectMessage(bound.run(), CAMEO_INVALID_ARGUMENT,
                "the memory bound to output 'z' overlaps input 'x'; bind other memory");
  ASSERT_TRUE(bound.context.bindOutput(0, nullptr, 0));
  ASSERT_TRUE(bound.run());
  EXPECT_TRUE(bound.isRight());
}

TEST(Context, OutputsCanBeInputsOfTheNextRun) {
  Program program = staticProgram();
  Bound bound(program, {}, 2);
  std::vector<float> wanted = bound.x;
  int64_t dims[] = {2, 4};
  for (int step = 0; step < 6; ++step) {
    ASSERT_TRUE(bound.run());
    for (int i = 0; i < 8; ++i)
      wanted[i] += bound.y[i] + 0.25f * float(i % 4 + 1);
    std::span<const float> z = bound.context.output(0).as<float>();
    EXPECT_TRUE(std::equal(z.begin(), z.end(), wanted.begin())) << step;
    ASSERT_TRUE(bound.context.setInput("x", z.data(), dims));
  }
}

TEST(Context, CancelEndsTheRun) {
  Program program = staticProgram();
  for (unsigned threads : {1u, 2u}) {
    cameo_context_options options{};
    options.threads = threads;
    Bound bound(program, options);
    std::chrono::steady_clock::time_point asked;
    std::thread other([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      asked = std::chrono::steady_clock::now();
      bound.context.cancel();
    });
    expectMessage(bound.run(Forever), CAMEO_CANCELLED, "the run was cancelled");
    auto elapsed = std::chrono::steady_clock::now();
    other.join();
    EXPECT_LT(elapsed - asked, std::chrono::milliseconds(500));
    ASSERT_TRUE(bound.run());
    EXPECT_TRUE(bound.isRight());
    bound.context.cancel();
    EXPECT_EQ(bound.run().code(), CAMEO_CANCELLED);
    EXPECT_TRUE(bound.run());
  }
}

TEST(Context, TraceSeesEachLaunch) {
  Program program = staticProgram();
  std::vector<cameo_trace_event> events;
  cameo_context_options options{};
  options.trace = [](void *user, const cameo_trace_event *event) {
    static_cast<std::vector<cameo_trace_event> *>(user)->push_back(*event);
  };
  options.trace_user = &events;
  Bound bound(program, options);
  ASSERT_TRUE(bound.run());
  ASSERT_EQ(events.size(), 1u);
  EXPECT_STREQ(events[0].kernel, "add");
  EXPECT_STREQ(events[0].nodes, "Add_0, Add_1");
  EXPECT_EQ(events[0].tiles, 8);
  EXPECT_EQ(events[0].launch, 0u);
  EXPECT_GE(events[0].duration_ns, 0);
}

TEST(Context, TraceSaysWhatEachThreadDid) {
  struct Seen {
    int64_t launches = 0, tiles = 0, spans = 0;
    bool isInside = true, areOrdered = true;
  } seen;
  for (unsigned threads : {1u, 2u, 3u}) {
    Program program = staticProgram();
    cameo_context_options options{};
    options.threads = threads;
    options.trace = [](void *user, const cameo_trace_event *event) {
      Seen &seen = *static_cast<Seen *>(user);
      ++seen.launches;
      seen.spans += int64_t(event->num_spans);
      for (uint64_t i = 0; i < event->num_spans; ++i) {
        const cameo_thread_span &span = event->spans[i];
        seen.tiles += span.tiles;
        seen.isInside &= span.start_ns >= event->start_ns &&
                         span.start_ns + span.duration_ns <= event->start_ns + event->duration_ns;
        seen.areOrdered &= span.thread < event->threads && (i == 0 || event->spans[i - 1].thread < span.thread);
      }
    };
    seen = {};
    options.trace_user = &seen;
    Bound bound(program, options);
    for (int i = 0; i < 50; ++i)
      ASSERT_TRUE(bound.run());
    EXPECT_EQ(seen.launches, 50);
    EXPECT_EQ(seen.tiles, 50 * 8);
    EXPECT_GE(seen.spans, 50);
    EXPECT_LE(seen.spans, 50 * int64_t(threads));
    EXPECT_TRUE(seen.isInside);
    EXPECT_TRUE(seen.areOrdered);
  }
}

TEST(Context, KeepsItsProgramAlive) {
  Program program = staticProgram();
  Bound bound(program);
  program = Program();
  ASSERT_TRUE(bound.run());
  EXPECT_TRUE(bound.isRight());
}

TEST(Api, TableGrowsByVersion) {
  const cameo_api *api = cameo_get_api(1);
  ASSERT_NE(api, nullptr);
  EXPECT_EQ(api->struct_size, sizeof(cameo_api));
  EXPECT_EQ(api->context_run, &cameo_context_run);
  EXPECT_EQ(cameo_get_api(99), nullptr);
  EXPECT_STREQ(cameo_dtype_name(CAMEO_BF16), "bf16");
  EXPECT_EQ(cameo_dtype_bits(CAMEO_U2), 2u);
  EXPECT_EQ(cameo_dtype_bits(999), 0u);
  EXPECT_GE(cameo_default_threads(), 1u);
}

TEST(Api, BytesOfTensors) {
  auto bytes = [](uint32_t dtype, std::vector<int64_t> dims) {
    return cameo_tensor_bytes(dtype, dims.data(), uint32_t(dims.size()));
  };
  EXPECT_EQ(bytes(CAMEO_F32, {2, 3}), 24u);
  EXPECT_EQ(bytes(CAMEO_I4, {}), 1u);
  EXPECT_EQ(bytes(CAMEO_I4, {5}), 3u);
  EXPECT_EQ(bytes(CAMEO_U2, {3, 3}), 3u);
  EXPECT_EQ(bytes(CAMEO_F64, {0, INT64_MAX, INT64_MAX}), 0u);
  EXPECT_EQ(bytes(CAMEO_U2, {INT64_MAX}), uint64_t(1) << 61);
  EXPECT_EQ(bytes(CAMEO_F32, {INT64_MAX}), UINT64_MAX);
  EXPECT_EQ(bytes(CAMEO_F32, {INT64_MAX, 4}), UINT64_MAX);
  EXPECT_EQ(bytes(CAMEO_F32, {-1}), UINT64_MAX);
}

TEST(Api, OptionsOfAnotherSizeAreRead) {
  Program program = staticProgram();
  // An older caller knew the first two fields only.
  cameo_context_options options{};
  options.struct_size = 8;
  options.threads = 1;
  options.memory_budget = 1;
  cameo_context *context;
  cameo_error error;
  ASSERT_EQ(cameo_context_create(program.get(), &options, &context, &error), CAMEO_OK) << error.message;
  EXPECT_EQ(cameo_context_threads(context), 1u);
  cameo_context_release(context);
  options.struct_size = 0;
  EXPECT_EQ(cameo_context_create(program.get(), &options, &context, &error), CAMEO_INVALID_ARGUMENT);
}
