// MatrixTest.cpp - asynchronous copies and the instructions of tensor cores: that they do as the PTX ISA's figures say,
// and that what is typically wrong around them is noticed.
#include "Gpu.h"

using namespace cameo::sim;

namespace {

/// 64 halves 0, 1, ... in the array, copied to `tile` by 8 lanes with 16 bytes each; then `wait`; then lane l reads row
/// l as ldmatrix does.
std::string copyAndLoad(const std::string &wait,
                        const std::string &load = "ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%r4}, [%rd8]",
                        const std::string &bytes = "16") {
  return "mov.b64 %rd6, tile;\nand.b64 %rd7, %rd3, 31;\nshl.b64 %rd7, %rd7, 2;\nadd.s64 %rd8, %rd6, %rd7;\nadd.s64 "
         "%rd9, %rd1, %rd7;\n"
         "setp.ge.u32 %p1, %r1, 8;\n@%p1 bra $copied;\ncp.async.cg.shared.global [%rd8], [%rd9], 16, " +
         bytes + ";\n$copied:\ncp.async.commit_group;\n" + wait + "\n" + load + ";\nst.global.b32 [%rd2+256], %r4;";
}

void fillWithHalves(Gpu &gpu) {
  for (uint16_t i = 0; i < 64; ++i)
    reinterpret_cast<uint16_t *>(gpu.data())[i] = i;
}

uint16_t resultOf(Gpu &gpu, unsigned lane, unsigned half) {
  return reinterpret_cast<uint16_t *>(gpu.data() + 64)[2 * lane + half];
}

constexpr const char *kWait = "cp.async.wait_group 0;\nbar.sync 0;";

/// D = A * B for A[i][k] = 1 where k == i, B[k][j] = 8 k + j as bf16 or f16 bits in two table look-ups; the fragments
/// as the ISA has them.
std::string multiply(const std::string &a1 = "%r5", const std::string &a2 = "%r6") {
  // lane = 4 g + t: %r2 = g, %r3 = t
  std::string body = "shr.u32 %r2, %r1, 2;\nand.b32 %r3, %r1, 3;\n";
  auto half = [](const std::string &to, const std::string &row, const std::string &column) {
    // 1 in f16 where row == column
    return "setp.eq.u32 %p1, " + row + ", " + column + ";\nselp.b32 " + to + ", 15360, 0, %p1;\n";
  };
  auto pair = [&](const std::string &to, const std::string &row, unsigned firstColumn) {
    return "shl.b32 %r20, %r3, 1;\nadd.s32 %r20, %r20, " + std::to_string(firstColumn) + ";\n" +
           half("%r21", row, "%r20") + "add.s32 %r20, %r20, 1;\n" + half("%r22", row, "%r20") +
           "shl.b32 %r22, %r22, 16;\nor.b32 " + to + ", %r21, %r22;\n";
  };
  body += "add.s32 %r10, %r2, 8;\n" + pair("%r4", "%r2", 0) + pair("%r5", "%r10", 0) + pair("%r6", "%r2", 8) +
          pair("%r7", "%r10", 8);
  auto element = [](const std::string &to, unsigned row) { // f16 of 8 k + j, k = 2 t + row, j = g
    return "shl.b32 %r20, %r3, 1;\nadd.s32 %r20, %r20, " + std::to_string(row) +
           ";\nshl.b32 %r20, %r20, 3;\nadd.s32 %r20, %r20, %r2;\n" +
           "cvt.rn.f32.u32 %r21, %r20;\ncvt.rn.f16.f32 %h1, %r21;\ncvt.u32.u16 " + to + ", %h1;\n";
  };
  for (unsigned k : {0u, 8u})
    body += element("%r22", k) + element("%r23", k + 1) + "shl.b32 %r23, %r23, 16;\nor.b32 " + (k ? "%r9" : "%r8") +
            ", %r22, %r23;\n";
  body +=
      "mov.b32 %r11, 0f3F800000;\nmma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%r12, %r13, %r14, %r15}, {%r4, " +
      a1 + ", " + a2 + ", %r7}, {%r8, %r9}, {%r11, %r11, %r11, %r11};\n";
  // c0 at (g, 2 t)
  body += "shl.b32 %r24, %r2, 3;\nshl.b32 %r25, %r3, 1;\nadd.s32 %r24, %r24, %r25;\nmul.wide.u32 %rd5, %r24, "
          "4;\nadd.s64 %rd6, %rd1, %rd5;\n"
          "st.global.b32 [%rd6], %r12;\nst.global.b32 [%rd6+4], %r13;\nst.global.b32 [%rd6+256], %r14;\nst.global.b32 "
          "[%rd6+260], %r15;";
  return body;
}

bool isProduct(Gpu &gpu) {
  for (int i = 0; i < 128; ++i)
    if (gpu.data()[i] != float(i + 1))
      return false;
  return true;
}

} // namespace

TEST(Matrices, LoadedAsTheFigureSays) {
  for (bool early : {false, true}) {
    Gpu gpu(96);
    fillWithHalves(gpu);
    ASSERT_EQ(gpu.run(copyAndLoad(kWait), 32, 1, 0, early), "");
    EXPECT_EQ(resultOf(gpu, 0, 1), 1);
    EXPECT_EQ(resultOf(gpu, 5, 0), 8 + 2); // row 1, elements 2 and 3
    EXPECT_EQ(resultOf(gpu, 31, 1), 63);
  }
}

TEST(Matrices, TransposedByTheLoad) {
  Gpu gpu(96);
  fillWithHalves(gpu);
  ASSERT_EQ(gpu.run(copyAndLoad(kWait, "ldmatrix.sync.aligned.m8n8.x1.trans.shared.b16 {%r4}, [%rd8]"), 32), "");
  EXPECT_EQ(resultOf(gpu, 5, 0), 2 * 8 + 1); // element 1 of rows 2 and 3
  EXPECT_EQ(resultOf(gpu, 5, 1), 3 * 8 + 1);
}

TEST(Matrices, MultipliedAsTheFiguresSay) {
  Gpu gpu(128);
  ASSERT_EQ(gpu.run(multiply(), 32), "");
  EXPECT_TRUE(isProduct(gpu)) << gpu.data()[0] << " " << gpu.data()[1] << " " << gpu.data()[8];
}

/// Stores as floats the accumulators %r12 to %r15 of an instruction, rows %r2 and %r2 + 8 of 8 columns.
static const std::string kStoreSums =
    "shl.b32 %r24, %r2, 3;\nshl.b32 %r25, %r3, 1;\nadd.s32 %r24, %r24, %r25;\nmul.wide.u32 %rd5, %r24, 4;\n"
    "add.s64 %rd6, %rd1, %rd5;\nst.global.b32 [%rd6], %r12;\nst.global.b32 [%rd6+4], %r13;\n"
    "st.global.b32 [%rd6+256], %r14;\nst.global.b32 [%rd6+260], %r15;";
static const std::string kPlace = "shr.u32 %r2, %r1, 2;\nand.b32 %r3, %r1, 3;\n"; // lane = 4 %r2 + %r3

TEST(Matrices, OfBytesMultipliedAsTheFiguresSay) {
  // A is 1 where row and k are equal, B is 8 k + column: four of a register follow each other along k.
  std::string body =
      kPlace +
      "shr.u32 %r4, %r2, 2;\nadd.s32 %r5, %r4, 2;\nand.b32 %r6, %r2, 3;\nshl.b32 %r6, %r6, 3;\nmov.b32 %r7, "
      "1;\nshl.b32 %r7, %r7, %r6;\n"
      "setp.eq.u32 %p1, %r4, %r3;\nselp.b32 %r4, %r7, 0, %p1;\nsetp.eq.u32 %p1, %r5, %r3;\nselp.b32 %r5, %r7, 0, %p1;\n"
      "shl.b32 %r8, %r3, 5;\nadd.s32 %r8, %r8, %r2;\nmul.lo.s32 %r8, %r8, 16843009;\nadd.s32 %r8, %r8, "
      "403703808;\nmov.b32 %r9, 0;\nmov.b32 %r11, 1;\n"
      "mma.sync.aligned.m16n8k32.row.col.s32.u8.s8.s32 {%r12, %r13, %r14, %r15}, {%r4, %r5, %r9, %r9}, {%r8, %r8}, "
      "{%r11, %r11, %r11, %r11};\n";
  for (int i = 12; i < 16; ++i)
    body += "cvt.rn.f32.s32 %r" + std::to_string(i) + ", %r" + std::to_string(i) + ";\n";
  Gpu gpu(128);
  ASSERT_EQ(gpu.run(body + kStoreSums, 32), "");
  EXPECT_TRUE(isProduct(gpu)) << gpu.data()[0] << " " << gpu.data()[1] << " " << gpu.data()[8];
}

TEST(Matrices, OfBytesWithSigns) {
  const std::string all = "mov.b32 %r4, -1;\nmov.b32 %r5, 0;\n" + kPlace,
                    operands = " {%r12, %r13, %r14, %r15}, {%r4, %r4, %r4, %r4}, {%r4, %r4}, {%r5, %r5, %r5, %r5};\n";
  for (auto [types, product] : {std::pair("s8.s8", 1), {"u8.s8", -255}, {"s8.u8", -255}, {"u8.u8", 255 * 255}}) {
    Gpu gpu(128);
    ASSERT_EQ(gpu.run(all + "mma.sync.aligned.m16n8k32.row.col.s32." + types + ".s32" + operands + kStoreSums, 32), "");
    EXPECT_EQ(reinterpret_cast<int32_t *>(gpu.data())[77], 32 * product) << types;
  }
}

TEST(Matrices, OfTf32MultipliedAsTheFiguresSay) {
  std::string body = kPlace + "add.s32 %r10, %r3, 4;\n";
  for (auto [to, k] : {std::pair("%r4", "%r3"), {"%r6", "%r10"}}) // A is 1 where row and k are equal
    body += std::string("setp.eq.u32 %p1, %r2, ") + k + ";\nselp.b32 " + to + ", 1065353216, 0, %p1;\n";
  for (auto [to, k] : {std::pair("%r8", "%r3"), {"%r9", "%r10"}}) // 8 k + column, and bits that don't count
    body += std::string("shl.b32 %r20, ") + k + ", 3;\nadd.s32 %r20, %r20, %r2;\ncvt.rn.f32.u32 " + to +
            ", %r20;\nor.b32 " + to + ", " + to + ", 4097;\n";
  body += "mov.b32 %r5, 0;\nmov.b32 %r11, 0f3F800000;\nmma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 "
          "{%r12, %r13, %r14, %r15}, {%r4, %r5, %r6, %r5}, {%r8, %r9}, {%r11, %r11, %r11, %r11};\n";
  Gpu gpu(128);
  ASSERT_EQ(gpu.run(body + kStoreSums, 32), "");
  for (int i = 0; i < 128; ++i)
    EXPECT_EQ(gpu.data()[i], i < 64 ? float(i + 1) : 1) << i;
}

TEST(Copies, BytesBeyondTheSourceAreZeros) {
  Gpu gpu(96);
  fillWithHalves(gpu);
  ASSERT_EQ(gpu.run(copyAndLoad(kWait, "ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%r4}, [%rd8]", "4"), 32), "");
  EXPECT_EQ(resultOf(gpu, 4, 1), 9);
  EXPECT_EQ(resultOf(gpu, 5, 0), 0);
}

TEST(Planted, WrongFragmentOrder) {
  Gpu gpu(128);
  ASSERT_EQ(gpu.run(multiply("%r7"), 32), ""); // rows 8 to 15: the second half of K where the first belongs
  EXPECT_FALSE(isProduct(gpu));
}

TEST(Planted, DroppedWait) {
  for (bool early : {false, true})
    for (const char *wait : {"bar.sync 0;", "cp.async.wait_group 1;\nbar.sync 0;"}) {
      Gpu gpu(96);
      expectHas(gpu.run(copyAndLoad(wait), 32, 1, 0, early),
                "an asynchronous copy may still write: nothing has waited for it");
    }
}

TEST(Planted, WaitWithoutABarrier) {
  Gpu gpu(96);
  // Rows are read by the lanes that copied them, except where another lane's address is taken.
  const std::string wait = "cp.async.wait_group 0;\n", other = "xor.b64 %rd8, %rd8, 16;";
  expectHas(gpu.run(copyAndLoad(wait + other), 32), "races: reads what another thread writes");
  for (const char *barrier : {"bar.sync 0;\n", "bar.warp.sync -1;\n"})
    EXPECT_EQ(gpu.run(copyAndLoad(wait + barrier + other), 32), "");
}

TEST(Planted, CopyOverWhatOthersStillRead) {
  Gpu gpu(96);
  std::string read = "ld.shared.b32 %r5, [tile+128];\n",
              write = "\nmov.b64 %rd6, tile;\nsetp.ne.u32 %p1, %r1, 7;\n@%p1 bra $end;\n"
                      "cp.async.cg.shared.global [%rd6+128], [%rd1], 16;\n$end:\ncp.async.wait_all;";
  expectHas(gpu.run(read + write, 32), "races: writes what another thread reads");
  EXPECT_EQ(gpu.run(read + "bar.sync 0;" + write, 32), "");
}

TEST(Planted, CopyFromAMisalignedAddress) {
  Gpu gpu(96);
  expectHas(gpu.run("mov.b64 %rd6, tile;\ncp.async.cg.shared.global [%rd6], [%rd1+4], 16;\ncp.async.wait_all;", 1),
            "copies 16 bytes from an address that is not a multiple of it");
}

TEST(Planted, LaneMissingFromAMultiplication) {
  Gpu gpu(128);
  expectHas(gpu.run("setp.eq.u32 %p1, %r1, 9;\n@%p1 ret;\n" + multiply(), 32), "waits for lane 9, which has ended");
}
