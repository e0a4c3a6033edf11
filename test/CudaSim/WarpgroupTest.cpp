// WarpgroupTest.cpp - wgmma: that it reads shared memory and leaves its results as the PTX ISA says, and that what is
// typically wrong around it is noticed.
#include "Gpu.h"

using namespace cameo::sim;

namespace {

/// A[64, 16] * B[16, N] + 1 by one instruction of f16, where A is 1 where k is row % 16, and B is 8 k + column % 8.
struct Product {
  unsigned columns;
  bool alongK; ///< lines of both
  std::string body;
  std::vector<uint16_t> image; ///< of shared memory

  /// Where an element lies, in halves: lines of 128 bytes, chunks of 16 bytes exchanged by the number of the line.
  static size_t place(unsigned line, unsigned inLine) {
    return line * 64 + ((inLine / 8) ^ (line % 8)) * 8 + inLine % 8;
  }

  Product(unsigned columns, bool alongK) : columns(columns), alongK(alongK) {
    auto at = [&](unsigned row, unsigned k) { return alongK ? place(row, k) : place(k, row); };
    auto half = [](unsigned value) { // of a small whole number
      unsigned exponent = 0;
      while (value >> (exponent + 1))
        ++exponent;
      return uint16_t(value ? (exponent + 15) << 10 | ((value << 10 >> exponent) & 0x3ff) : 0);
    };
    unsigned ofA = alongK ? 64 * 64 : 16 * 64;
    image.resize(ofA + (alongK ? columns : 16) * 64);
    for (unsigned k = 0; k < 16; ++k) {
      for (unsigned row = 0; row < 64; ++row)
        image[at(row, k)] = half(k == row % 16);
      for (unsigned column = 0; column < columns; ++column)
        image[ofA + at(column, k)] = half(8 * k + column % 8);
    }
    std::string sums;
    for (unsigned i = 0; i < columns / 2; ++i)
      sums += (i ? ", %d" : "%d") + std::to_string(i);
    body = ".shared .align 1024 .b8 big[" + std::to_string(2 * image.size()) + "];\n.reg .b32 %d<" +
           std::to_string(columns / 2) + ">;\nmov.b64 %rd6, big;\nadd.s64 %rd7, %rd6, %rd3;\n";
    for (size_t word = 0; word < image.size() / 2; word += 128)
      body += "ld.global.b32 %r5, [%rd2+" + std::to_string(4 * word) + "];\nst.shared.b32 [%rd7+" +
              std::to_string(4 * word) + "], %r5;\n";
    body += "fence.proxy.async.shared::cta;\nbar.sync 0;\n";
    for (unsigned i = 0; i < columns / 2; ++i)
      body += "mov.b32 %d" + std::to_string(i) + ", 0f3F800000;\n";
    uint64_t fixed = uint64_t(1) << 16 | uint64_t(64) << 32 | uint64_t(1) << 62;
    body += "shr.u64 %rd8, %rd6, 4;\nor.b64 %rd8, %rd8, " + std::to_string(fixed) + ";\nadd.s64 %rd9, %rd8, " +
            std::to_string(ofA / 8) + ";\nsetp.ne.b32 %p1, 1, 0;\nwgmma.fence.sync.aligned;\n" +
            "wgmma.mma_async.sync.aligned.m64n" + std::to_string(columns) + "k16.f32.f16.f16 {" + sums +
            "}, %rd8, %rd9, %p1, 1, 1, " + (alongK ? "0, 0" : "1, 1") +
            ";\nwgmma.commit_group.sync.aligned;\nwgmma.wait_group.sync.aligned 0;\n";
    // Row 16 warp + lane / 4, column lane % 4 * 2.
    body += "shr.u32 %r5, %r1, 2;\nand.b32 %r5, %r5, 7;\nshr.u32 %r6, %r1, 5;\nshl.b32 %r6, %r6, 4;\nadd.s32 %r5, %r5, "
            "%r6;\nand.b32 %r6, %r1, 3;\nshl.b32 %r6, %r6, 1;\nmul.lo.s32 %r5, %r5, " +
            std::to_string(columns) +
            ";\nadd.s32 %r5, %r5, %r6;\nmul.wide.u32 %rd5, %r5, 4;\nadd.s64 %rd5, %rd5, %rd1;\n";
    for (unsigned i = 0; i < columns / 2; ++i)
      body += "st.global.b32 [%rd5+" + std::to_string(4 * (i / 2 % 2 * 8 * columns + i / 4 * 8 + i % 2)) + "], %d" +
              std::to_string(i) + ";\n";
  }

  Product &replace(const std::string &what, const std::string &by) {
    size_t at = body.find(what);
    EXPECT_NE(at, std::string::npos) << what;
    body.replace(at, what.size(), by);
    return *this;
  }

  std::string run(bool early = false, uint64_t seed = 0, unsigned threads = 128) {
    Gpu gpu(std::max<size_t>(image.size() / 2, 64 * columns));
    memcpy(gpu.data(), image.data(), 2 * image.size());
    std::string problem = gpu.run(body, threads, 1, seed, early);
    for (unsigned i = 0; i < 64 * columns && problem.empty(); ++i)
      if (float wanted = float(8 * (i / columns % 16) + i % 8 + 1); gpu.data()[i] != wanted)
        problem = "wrong: element " + std::to_string(i) + " is " + std::to_string(gpu.data()[i]) + ", not " +
                  std::to_string(wanted);
    return problem;
  }
};

} // namespace

TEST(Warpgroups, MultiplyAsTheFiguresSay) {
  for (bool early : {false, true})
    for (uint64_t seed : {0, 5}) {
      EXPECT_EQ(Product(8, true).run(early, seed), "");
      EXPECT_EQ(Product(64, true).run(early, seed), "");
      EXPECT_EQ(Product(64, false).run(early, seed), "");
    }
}

/// A comes from registers: of the same matrix, whose lane has a 1 where its row mod 16 is a step of its pair. The rows
/// of a lane are lane / 4 and 8 more, its steps lane % 4 * 2 and the next, and 8 more.
static Product heldProduct() {
  Product product(64, true);
  product.replace("}, %rd8, %rd9, %p1, 1, 1, 0, 0", "}, {%h0, %h1, %h2, %h3}, %rd9, %p1, 1, 1, 0");
  std::string held = ".reg .b32 %h<4>;\n.reg .pred %q<2>;\nshr.u32 %r5, %r1, 2;\nand.b32 %r5, %r5, 7;\n"
                     "and.b32 %r6, %r1, 3;\nshl.b32 %r6, %r6, 1;\nsub.s32 %r5, %r5, %r6;\n"
                     "setp.eq.s32 %q0, %r5, 0;\nsetp.eq.s32 %q1, %r5, 1;\nmov.b32 %h0, 0;\n"
                     "@%q0 mov.b32 %h0, 15360;\n@%q1 mov.b32 %h0, 1006632960;\n"
                     "mov.b32 %h1, 0;\nmov.b32 %h2, 0;\nmov.b32 %h3, %h0;\n"; // 1 in the lower half, in the upper
  return product.replace("wgmma.fence.sync.aligned;", held + "wgmma.fence.sync.aligned;");
}

TEST(Warpgroups, MultiplyRegisters) {
  for (bool early : {false, true})
    for (uint64_t seed : {0, 5})
      EXPECT_EQ(heldProduct().run(early, seed), "");
  expectHas(heldProduct().replace("{%h0, %h1, %h2, %h3}", "{%h1, %h0, %h2, %h3}").run(), "wrong: element");
  expectHas(heldProduct().replace("{%h0, %h1, %h2, %h3}", "{%h0, %h1, %h2}").run(), "registers of A, expected 4");
}

TEST(Planted, RegistersOfATooEarly) {
  const std::string fence = "wgmma.fence.sync.aligned;", commit = "wgmma.commit_group.sync.aligned;";
  expectHas(heldProduct().replace(fence, fence + "\nmov.b32 %h1, 1;").run(),
            "a register of A that was written after the last wgmma.fence");
  for (bool early : {false, true})
    expectHas(heldProduct().replace(commit, commit + "\nmov.b32 %h1, 1;").run(early),
              "a register of a wgmma that nothing has waited for");
}

TEST(Planted, DescriptorsThatAreWrong) {
  // 8 lines where the next 8 begin; a swizzle that is not known.
  expectHas(Product(64, true)
                .replace(std::to_string(uint64_t(1) << 16 | uint64_t(64) << 32 | uint64_t(1) << 62),
                         std::to_string(uint64_t(1) << 16 | uint64_t(32) << 32 | uint64_t(1) << 62))
                .run(),
            "wrong: element");
  expectHas(Product(8, true)
                .replace(std::to_string(uint64_t(1) << 16 | uint64_t(64) << 32 | uint64_t(1) << 62),
                         std::to_string(uint64_t(1) << 16 | uint64_t(64) << 32 | uint64_t(2) << 62))
                .run(),
            "not of the 128-byte swizzle");
  expectHas(Product(64, true).replace("1, 1, 0, 0", "1, 1, 0, 1").run(), "wrong: element");
}

TEST(Planted, WrongSwizzle) {
  Product product(8, true);
  for (unsigned row = 0; row < 64; ++row) // as if lines were not exchanged
    for (unsigned k = 0; k < 16; ++k)
      product.image[row * 64 + k] = k == row % 16 ? 0x3c00 : 0;
  expectHas(product.run(), "wrong: element");
}

TEST(Planted, ProxiesWithoutAFence) {
  for (bool early : {false, true})
    expectHas(Product(8, true).replace("fence.proxy.async.shared::cta;\n", "").run(early), "no fence.proxy.async");
  // Before what it should fence, and after the barrier, where all that read must do it.
  expectHas(Product(8, true)
                .replace("mov.b64 %rd6, big;", "mov.b64 %rd6, big;\nfence.proxy.async;")
                .replace("fence.proxy.async.shared::cta;\n", "")
                .run(),
            "no fence.proxy.async");
  EXPECT_EQ(
      Product(8, true).replace("fence.proxy.async.shared::cta;\nbar.sync 0;", "bar.sync 0;\nfence.proxy.async;").run(),
      "");
  expectHas(Product(8, true)
                .replace("fence.proxy.async.shared::cta;\nbar.sync 0;",
                         "bar.sync 0;\nsetp.eq.u32 %p2, %r1, 0;\n@%p2 fence.proxy.async;")
                .run(),
            "no fence.proxy.async");
}

TEST(Planted, WrittenWithoutABarrier) {
  expectHas(Product(8, true).replace("bar.sync 0;", "").run(), "races: reads what another thread writes");
}

TEST(Planted, RegistersWithoutAFence) {
  expectHas(Product(8, true).replace("wgmma.fence.sync.aligned;", "").run(), "has no wgmma.fence before it");
  expectHas(Product(8, true)
                .replace("wgmma.fence.sync.aligned;", "wgmma.fence.sync.aligned;\nmov.b32 %d3, 0f00000000;")
                .run(),
            "written after the last wgmma.fence");
}

TEST(Planted, AccumulatorsTooEarly) {
  const std::string wait = "wgmma.wait_group.sync.aligned 0;", commit = "wgmma.commit_group.sync.aligned;";
  for (bool early : {false, true}) {
    expectHas(Product(8, true).replace(wait, "").run(early), "a register of a wgmma that nothing has waited for");
    expectHas(Product(8, true).replace(wait, "wgmma.wait_group.sync.aligned 1;").run(early), "nothing has waited for");
    expectHas(Product(8, true).replace(commit, "").run(early), "nothing has waited for");
  }
}

TEST(Planted, TileReplacedTooEarly) {
  const std::string wait = "wgmma.wait_group.sync.aligned 0;";
  expectHas(Product(8, true).replace(wait, "st.shared.b32 [%rd7], %r1;\n" + wait).run(), "a wgmma may still read");
  expectHas(Product(8, true).replace(wait, wait + "\nst.shared.b32 [%rd7], %r1;").run(),
            "races: writes what another thread reads");
  EXPECT_EQ(Product(8, true).replace(wait, wait + "\nbar.sync 0;\nst.shared.b32 [%rd7], %r1;").run(), "");
}

TEST(Planted, EndOfAThreadWhoseProductIsUnderWay) {
  expectHas(Product(8, true).replace("wgmma.wait_group.sync.aligned 0;", "ret;").run(),
            "ends while a wgmma is under way");
}

TEST(Planted, WarpsMissingFromAProduct) { expectHas(Product(8, true).run(false, 0, 96), "needs four whole warps"); }
