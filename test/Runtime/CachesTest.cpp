// CachesTest.cpp - an input and the output that continues it, in one memory with room between their rows.
#include "Testing.h"

using namespace cameo;
using namespace cameo::testing;

namespace {

/// present[2, N + 1] = past[2, N] with a column of 7 behind.
int32_t append(cameo_call *call) {
  const cameo_services &s = *call->services;
  int64_t rows = call->inputs[0].dims[1], room = call->cache_rows[0], dims[] = {2, rows + 1};
  auto *past = static_cast<const float *>(call->inputs[0].data);
  auto *present = static_cast<float *>(s.output(call, 0, dims, 2));
  for (int64_t head = 0; present && head < 2; ++head) {
    float *own = present + head * (room ? room : rows + 1);
    for (int64_t i = 0; !room && i < rows; ++i)
      own[i] = past[head * rows + i];
    own[rows] = 7;
  }
  return 0;
}

const int64_t openDims[] = {2, -1};
const cameo_value_info past = {"past", CAMEO_F32, 2, openDims, nullptr},
                       present = {"present", CAMEO_F32, 2, openDims, nullptr};
const cameo_variant variant = {"any", 0, append, nullptr, 0, nullptr};
const cameo_cache_info cache = {0, 0, 1, 0};
const cameo_program_info info = {sizeof(info),
                                 CAMEO_ABI_VERSION,
                                 "caches",
                                 "{}",
                                 &past,
                                 1,
                                 &present,
                                 1,
                                 &variant,
                                 1,
                                 nullptr,
                                 0,
                                 0,
                                 0,
                                 nullptr,
                                 0,
                                 &cache,
                                 1};

struct Appending {
  Appending() {
    EXPECT_TRUE(Program::fromStatic(info, program));
    EXPECT_TRUE(Context::create(program, context));
  }
  Status bind(int64_t rows, int64_t room = 4, uint64_t index = 0) {
    int64_t dims[] = {2, room};
    return context.bindCache(index, memory.data(), CAMEO_F32, dims, rows);
  }
  Program program;
  Context context;
  std::vector<float> memory{1, 2, 0, 0, 3, 4, 0, 0};
};

} // namespace

TEST(Caches, GrowInPlace) {
  Appending appending;
  ASSERT_TRUE(appending.bind(2));
  ASSERT_TRUE(appending.context.run());
  EXPECT_EQ(appending.memory, (std::vector<float>{1, 2, 7, 0, 3, 4, 7, 0}));
  EXPECT_EQ(appending.context.output(0).data, appending.memory.data());
  EXPECT_EQ(appending.context.output(0).dims[1], 3);
  ASSERT_TRUE(appending.bind(3));
  ASSERT_TRUE(appending.context.run());
  EXPECT_EQ(appending.memory, (std::vector<float>{1, 2, 7, 7, 3, 4, 7, 7}));
}

TEST(Caches, AreFullWhereThereIsNoRoom) {
  Appending appending;
  ASSERT_TRUE(appending.bind(4));
  expectMessage(appending.context.run(), CAMEO_INVALID_ARGUMENT,
                "output 'present' has 5 rows, but its memory has room for 4");
  ASSERT_TRUE(appending.bind(3));
  EXPECT_TRUE(appending.context.run());
}

TEST(Caches, AreDenseAgainWhereOneOfTheTwoIsBoundByItself) {
  Appending appending;
  ASSERT_TRUE(appending.bind(2));
  float own[] = {1, 2, 3, 4}, bound[6];
  int64_t dims[] = {2, 2};
  ASSERT_TRUE(appending.context.setInput(0, own, CAMEO_F32, dims));
  ASSERT_TRUE(appending.context.run());
  EXPECT_EQ(appending.context.output(0).as<float>()[3], 3);
  ASSERT_TRUE(appending.bind(2));
  ASSERT_TRUE(appending.context.bindOutput(0, bound, sizeof(bound)));
  expectMessage(appending.context.run(), CAMEO_INVALID_ARGUMENT, "an input is missing: 'past'");
}

TEST(Caches, FitTheProgram) {
  Appending appending;
  expectMessage(appending.bind(2, 4, 1), CAMEO_INVALID_ARGUMENT, "cache 1 bound, but program 'caches' has 1 caches");
  expectMessage(appending.bind(5), CAMEO_INVALID_ARGUMENT, "input 'past' has 5 rows, but its memory has room for 4");
  expectMessage(appending.bind(-1), CAMEO_INVALID_ARGUMENT,
                "input 'past' has shape 2x? with a negative size, expected 2x?");
  int64_t dims[] = {3, 4};
  expectMessage(appending.context.bindCache(0, appending.memory.data(), CAMEO_F32, dims, 2), CAMEO_INVALID_ARGUMENT,
                "input 'past' has shape 3x2, expected 2x?");
  expectMessage(appending.context.bindCache(0, nullptr, CAMEO_F32, std::span(openDims).first(0), 0),
                CAMEO_INVALID_ARGUMENT, "input 'past' has shape scalar, expected 2x?");
  expectMessage(appending.context.run(), CAMEO_INVALID_ARGUMENT, "an input is missing: 'past'");
}
