// SimulatorTest.cpp - the simulator computes as the PTX ISA says, and reports what a kernel may not do, by kernel and
// line. Each planted error is a short kernel that differs in one statement from a right one.
#include "Gpu.h"
#include <cmath>

using namespace cameo::sim;

namespace {

float bitsToFloat(uint32_t bits) { return std::bit_cast<float>(bits); }

} // namespace

TEST(Arithmetic, NarrowFloatsConvert) {
  Gpu gpu(8);
  gpu.data()[0] = 1 + 0x1p-8f + 0x1p-20f; // above the middle between 1 and the next bf16
  gpu.data()[1] = -2.5f;
  EXPECT_EQ(
      gpu.run(
          "ld.global.b32 %r3, [%rd1];\ncvt.rn.bf16.f32 %h1, %r3;\ncvt.f32.bf16 %r4, %h1;\nst.global.b32 [%rd1+8], "
          "%r4;\n"
          "ld.global.b32 %r3, [%rd1+4];\ncvt.rn.bf16.f32 %h1, %r3;\ncvt.rni.s32.bf16 %r5, %h1;\nst.global.b32 "
          "[%rd1+12], %r5;\n"
          "cvt.rzi.s32.bf16 %r5, %h1;\nst.global.b32 [%rd1+16], %r5;\n"
          "cvt.f64.bf16 %rd4, %h1;\ncvt.rn.f16.f64 %h2, %rd4;\ncvt.f32.f16 %r6, %h2;\nst.global.b32 [%rd1+20], %r6;\n"
          "mov.b32 %r7, 257;\ncvt.rn.bf16.s32 %h3, %r7;\ncvt.f32.bf16 %r8, %h3;\nst.global.b32 [%rd1+24], %r8;",
          1),
      "");
  EXPECT_EQ(gpu.data()[2], 1 + 0x1p-7f);
  EXPECT_EQ(std::bit_cast<int32_t>(gpu.data()[3]), -2); // to even
  EXPECT_EQ(std::bit_cast<int32_t>(gpu.data()[4]), -2);
  EXPECT_EQ(gpu.data()[5], -2.5f);
  EXPECT_EQ(gpu.data()[6], 256.0f); // 257 has nine bits
}

TEST(Arithmetic, FmaRoundsOnce) {
  Gpu gpu(4);
  gpu.data()[0] = 1 + 0x1p-12f;
  // (1 + 2^-12)^2 - (1 + 2^-11) is 2^-24, which the product of its own rounds away.
  EXPECT_EQ(gpu.run("ld.global.b32 %r3, [%rd1];\nfma.rn.f32 %r4, %r3, %r3, 0fBF801000;\nst.global.b32 [%rd1+4], %r4;\n"
                    "mul.rn.f32 %r5, %r3, %r3;\nadd.rn.f32 %r6, %r5, 0fBF801000;\nst.global.b32 [%rd1+8], %r6;",
                    1),
            "");
  EXPECT_EQ(gpu.data()[1], 0x1p-24f);
  EXPECT_EQ(gpu.data()[2], 0);
}

TEST(Arithmetic, ConversionsRoundAsNamed) {
  Gpu gpu(8);
  gpu.data()[0] = -2.5f;
  gpu.data()[1] = 1 + 0x1p-11f;            // half way between two halves: to the even one
  gpu.data()[2] = 1 + 0x3p-11f;            // and here up
  gpu.data()[3] = bitsToFloat(0x3f808000); // the same for bf16
  EXPECT_EQ(gpu.run("ld.global.b32 %r3, [%rd1];\ncvt.rzi.s32.f32 %r4, %r3;\nst.global.b32 [%rd1+16], %r4;\n"
                    "cvt.rni.f32.f32 %r5, %r3;\nst.global.b32 [%rd1], %r5;\n"
                    "ld.global.b32 %r6, [%rd1+4];\ncvt.rn.f16.f32 %h1, %r6;\nst.global.b16 [%rd1+20], %h1;\n"
                    "ld.global.b32 %r7, [%rd1+8];\ncvt.rn.f16.f32 %h2, %r7;\nst.global.b16 [%rd1+22], %h2;\n"
                    "ld.global.b32 %r8, [%rd1+12];\ncvt.rn.bf16.f32 %h3, %r8;\nst.global.b16 [%rd1+24], %h3;",
                    1),
            "");
  const auto *words = reinterpret_cast<const int32_t *>(gpu.data());
  const auto *halves = reinterpret_cast<const uint16_t *>(gpu.data());
  EXPECT_EQ(words[4], -2);
  EXPECT_EQ(gpu.data()[0], -2.0f);
  EXPECT_EQ(halves[10], 0x3c00);
  EXPECT_EQ(halves[11], 0x3c02);
  EXPECT_EQ(halves[12], 0x3f80);
}

TEST(Arithmetic, Tf32RoundsTiesAwayFromZero) {
  Gpu gpu(4);
  gpu.data()[0] = -(1 + 0x1p-11f); // half way
  gpu.data()[1] = 1 + 0x1p-12f;
  EXPECT_EQ(gpu.run("ld.global.b32 %r3, [%rd2];\ncvt.rna.tf32.f32 %r4, %r3;\nst.global.b32 [%rd2], %r4;", 2), "");
  EXPECT_EQ(gpu.data()[0], -(1 + 0x1p-10f));
  EXPECT_EQ(gpu.data()[1], 1);
}

TEST(Arithmetic, ApproximationsAreOffByWhatTheyMayBe) {
  Gpu gpu(64);
  for (int i = 0; i < 61; ++i)
    gpu.data()[i] = -3.7f + 0.13f * float(i);
  gpu.data()[61] = -INFINITY;
  gpu.data()[62] = -130; // a subnormal number, which .ftz makes 0
  gpu.data()[63] = NAN;
  std::vector<float> x(gpu.data(), gpu.data() + 64);
  EXPECT_EQ(gpu.run("ld.global.b32 %r3, [%rd2];\nex2.approx.ftz.f32 %r4, %r3;\nst.global.b32 [%rd2], %r4;", 64), "");
  double most = 0;
  for (int i = 0; i < 61; ++i)
    most = std::max(most, std::abs(gpu.data()[i] / std::exp2(double(x[size_t(i)])) - 1));
  EXPECT_LE(most, 0x1p-22 + 0x1p-24);
  EXPECT_GE(most, 0x1p-23);
  EXPECT_EQ(gpu.data()[61], 0);
  EXPECT_EQ(gpu.data()[62], 0);
  EXPECT_TRUE(std::isnan(gpu.data()[63]));
}

TEST(Arithmetic, IntegersWrapAndShiftsEnd) {
  Gpu gpu(4);
  EXPECT_EQ(
      gpu.run(
          "mov.u32 %r3, 4294967295;\nmul.hi.u32 %r4, %r3, %r3;\nst.global.b32 [%rd1], %r4;\n"
          "shl.b32 %r5, %r3, 32;\nst.global.b32 [%rd1+4], %r5;\nshr.s32 %r6, %r3, 40;\nst.global.b32 [%rd1+8], %r6;\n"
          "mul.wide.s32 %rd5, %r3, 7;\ncvt.u32.u64 %r7, %rd5;\nst.global.b32 [%rd1+12], %r7;",
          1),
      "");
  const auto *words = reinterpret_cast<const uint32_t *>(gpu.data());
  EXPECT_EQ(words[0], 0xfffffffeu);
  EXPECT_EQ(words[1], 0u);
  EXPECT_EQ(words[2], 0xffffffffu);
  EXPECT_EQ(words[3], uint32_t(-7));
}

TEST(Arithmetic, PairsOfNarrowFloats) {
  Gpu gpu(8);
  auto *words = reinterpret_cast<uint32_t *>(gpu.data());
  words[0] = 0x64056403; // 1029, 1027 as f16
  words[1] = 0x64086408; // 1032
  words[2] = 0x43054303; // 133, 131 as bf16
  words[3] = 0x43084308; // 136
  EXPECT_EQ(gpu.run("ld.global.v4.b32 {%r3, %r4, %r5, %r6}, [%rd1];\nsub.rn.f16x2 %r7, %r3, %r4;\n"
                    "sub.rn.bf16x2 %r8, %r5, %r6;\nfma.rn.bf16x2 %r9, %r6, 0xBF80BF80, %r5;\n"
                    "st.global.v2.b32 [%rd1+16], {%r7, %r8};\nst.global.b32 [%rd1+24], %r9;",
                    1),
            "");
  EXPECT_EQ(words[4], 0xc200c500u); // -3, -5
  EXPECT_EQ(words[5], 0xc040c0a0u);
  EXPECT_EQ(words[6], 0xc040c0a0u);
}

TEST(Refused, UnknownInstructionByNameAndLine) {
  Gpu gpu(1);
  std::string message = gpu.run("lg2.approx.f32 %r3, %r2;", 1);
  expectHas(message, "kernel 'k', line 16: 'lg2.approx.f32': is not known");
  expectHas(gpu.run("div.full.f32 %r3, %r2, %r2;", 1), "'div.full.f32': is not known");
}

TEST(Planted, MissingBoundsCheck) {
  Gpu gpu(40);
  const std::string guarded = "setp.ge.u32 %p1, %r1, 40;\n@%p1 bra $end;\nst.global.b32 [%rd2], %r1;\n$end:";
  EXPECT_EQ(gpu.run(guarded, 64), "");
  std::string message = gpu.run("st.global.b32 [%rd2], %r1;", 64);
  expectHas(message, "line 16 (st.global.b32), block 0,0,0, thread 40,0,0: writes 4 bytes");
  expectHas(message, "4 bytes past the end of an allocation of 160 bytes");
}

TEST(Planted, OffByOneTile) {
  Gpu gpu(64);
  EXPECT_EQ(gpu.run("ld.global.b32 %r3, [%rd2];", 64), "");
  expectHas(gpu.run("ld.global.b32 %r3, [%rd2+4];", 64), "past the end");
  expectHas(gpu.run("ld.global.b32 %r3, [%rd2+-4];", 64), "lies before all memory");
}

TEST(Planted, MisalignedVector) {
  Gpu gpu(64);
  EXPECT_EQ(gpu.run("ld.global.v4.b32 {%r3, %r4, %r5, %r6}, [%rd1+16];", 1), "");
  expectHas(gpu.run("ld.global.v4.b32 {%r3, %r4, %r5, %r6}, [%rd1+4];", 1), "is not a multiple of 16");
}

TEST(Planted, RaceInGlobalMemory) {
  Gpu gpu(64);
  expectHas(gpu.run("st.global.b32 [%rd1], %r1;", 2), "races: writes what another thread writes");
  expectHas(gpu.run("ld.global.b32 %r3, [%rd1];\nst.global.b32 [%rd2], %r3;", 2, 2),
            "races: reads what another thread writes");
  EXPECT_EQ(gpu.run("atom.global.add.u32 %r3, [%rd1], 1;", 64), "");
}

/// Each thread takes through shared memory the number of the one whose number is `distance` away.
static std::string exchange(const std::string &between, unsigned distance = 1) {
  return "mov.b64 %rd6, tile;\nadd.s64 %rd7, %rd6, %rd3;\nst.shared.b32 [%rd7], %r1;\n" + between +
         "\nxor.b64 %rd8, %rd3, " + std::to_string(4 * distance) +
         ";\nadd.s64 %rd9, %rd6, %rd8;\nld.shared.b32 %r4, [%rd9];\nst.global.b32 [%rd2], %r4;";
}

TEST(Planted, DroppedBarrier) {
  for (uint64_t seed : {0, 1, 2}) {
    Gpu gpu(64);
    EXPECT_EQ(gpu.run(exchange("bar.sync 0;"), 64, 1, seed), "");
    EXPECT_EQ(reinterpret_cast<const uint32_t *>(gpu.data())[6], 7u);
    expectHas(gpu.run(exchange(""), 64, 1, seed), "races: ");
  }
}

TEST(Planted, BarrierOfAWarpBetweenTwo) {
  Gpu gpu(64);
  EXPECT_EQ(gpu.run(exchange("bar.warp.sync -1;"), 64), "");
  expectHas(gpu.run(exchange("bar.warp.sync -1;", 32), 64), "races: reads what another thread writes");
}

TEST(Warp, MayReplaceWhatAllItsLanesHaveRead) {
  Gpu gpu(64);
  const std::string read = "ld.shared.b32 %r5, [tile];\n",
                    write = "setp.ne.u32 %p1, %r1, 3;\n@%p1 bra $end;\nst.shared.b32 [tile], %r1;\n$end:";
  EXPECT_EQ(gpu.run(read + "bar.warp.sync -1;\n" + write, 32), "");
  expectHas(gpu.run(read + write, 32), "races: writes what another thread reads");
  expectHas(gpu.run(read + "bar.warp.sync -1;\n" + write, 64), "races: writes what another thread reads");
}

TEST(Planted, SharedMemoryIsPoisoned) {
  Gpu gpu(1);
  EXPECT_EQ(gpu.run("mov.b64 %rd6, tile;\nld.shared.b32 %r4, [%rd6];\nst.global.b32 [%rd1], %r4;", 1), "");
  EXPECT_TRUE(std::isnan(gpu.data()[0]));
}

TEST(Planted, BarrierThatSomeDoNotReach) {
  Gpu gpu(64);
  // A thread that has ended counts as arrived; one that waits elsewhere does not.
  expectHas(
      gpu.run("setp.eq.u32 %p1, %r1, 3;\n@%p1 bra $other;\nbar.sync 0;\nbra $end;\n$other:\nbar.warp.sync -1;\n$end:",
              64),
      "waits for ever: a deadlock");
}

TEST(Warp, SumByShuffles) {
  Gpu gpu(32);
  std::string body = "ld.global.b32 %r3, [%rd2];\n";
  for (int step : {16, 8, 4, 2, 1})
    body += "shfl.sync.bfly.b32 %r4|%p1, %r3, " + std::to_string(step) + ", 31, -1;\nadd.rn.f32 %r3, %r3, %r4;\n";
  EXPECT_EQ(gpu.run(body + "st.global.b32 [%rd2], %r3;", 32), "");
  EXPECT_EQ(gpu.data()[0], 496);
  EXPECT_EQ(gpu.data()[31], 496);
}

TEST(Warp, ShuffleDownKeepsOwnValueAtTheEnd) {
  Gpu gpu(32);
  EXPECT_EQ(
      gpu.run("ld.global.b32 %r3, [%rd2];\nshfl.sync.down.b32 %r4, %r3, 1, 31, -1;\nst.global.b32 [%rd2], %r4;", 32),
      "");
  EXPECT_EQ(gpu.data()[0], 1);
  EXPECT_EQ(gpu.data()[30], 31);
  EXPECT_EQ(gpu.data()[31], 31);
}

TEST(Planted, LaneThatHasEnded) {
  Gpu gpu(32);
  expectHas(gpu.run("setp.eq.u32 %p1, %r1, 5;\n@%p1 ret;\nshfl.sync.bfly.b32 %r4, %r2, 1, 31, -1;", 32),
            "waits for lane 5, which has ended");
}

TEST(Launches, ThatMayComeEarlyWaitForTheOneBefore) {
  auto run = [](const std::string &body) { return Gpu(32).run(body, 32, 1, 0, false, /*mayComeEarly=*/true); };
  const std::string wait = "griddepcontrol.launch_dependents;\ngriddepcontrol.wait;\n",
                    load = "ld.global.b32 %r3, [%rd2];";
  EXPECT_EQ(run(wait + load), "");
  expectHas(run(load + wait), "no griddepcontrol.wait comes before it");
  expectHas(run("setp.eq.u32 %p1, %r1, 0;\n@%p1 griddepcontrol.wait;\n" + load),
            "thread 1,0,0: touches what the launch before");
  expectHas(run("mov.b64 %rd4, tile;\ncp.async.cg.shared.global [%rd4], [%rd1], 16;\n" + wait),
            "(cp.async.cg.shared.global)");
}
