// ContractionCases.cpp - see ContractionCases.h.
#include "ContractionCases.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/TargetParser/Host.h"

using namespace cameo::codegen;
using namespace cameo::test;

std::vector<Level> cameo::test::hostLevels() {
  auto features = llvm::sys::getHostCPUFeatures();
  bool avx2 = features["avx2"] && features["fma"];
  bool avx512 = avx2 && features["avx512f"] && features["avx512vl"] && features["avx512bw"];
  std::vector<Level> levels;
  levels.push_back({"native", "native",
                    avx512 ? VectorTarget::avx512()
                    : avx2 ? VectorTarget::avx2()
                           : VectorTarget::sse()});
  if (avx512)
    levels.push_back({"v3", "x86-64-v3", VectorTarget::avx2()});
  if (avx2)
    levels.push_back({"v2", "x86-64-v2", VectorTarget::sse()});
  return levels;
}

mlir::Value cameo::test::emitBiasRelu(mlir::OpBuilder &b, mlir::Location loc, mlir::Value sum, mlir::Value bias,
                                      const TilePosition &position) {
  mlir::Value at = emitElementPointer(b, loc, {}, bias, position.col);
  mlir::Value biased =
      mlir::arith::AddFOp::create(b, loc, sum, emitLoad(b, loc, {}, at, position.lanes, position.mask));
  mlir::Value zero = mlir::arith::ConstantOp::create(b, loc, mlir::cast<mlir::TypedAttr>(b.getZeroAttr(sum.getType())));
  return mlir::arith::MaximumFOp::create(b, loc, biased, zero);
}

std::vector<ContractionCase> cameo::test::contractionCases() {
  std::vector<ContractionCase> cases;
  auto add = [&](ContractionCase test) { cases.push_back(std::move(test)); };
  add({.name = "126x768x768", .m = 126, .n = 768, .k = 768});
  add({.name = "127x129x131", .m = 127, .n = 129, .k = 131});
  add({.name = "1x1x1", .m = 1, .n = 1, .k = 1});
  add({.name = "3x5x0", .m = 3, .n = 5, .k = 0});
  add({.name = "1x1000x512", .m = 1, .n = 1000, .k = 512});
  add({.name = "5x24x7", .m = 5, .n = 24, .k = 7});
  add({.name = "197x192x64", .m = 197, .n = 192, .k = 64});
  add({.name = "33x72x40-plain", .m = 33, .n = 72, .k = 40, .bias = false});
  for (int64_t n : {2, 3, 4, 6, 8, 9, 12, 15, 17, 20, 31})
    add({.name = "19x" + std::to_string(n) + "x21", .m = 19, .n = n, .k = 21});
  // Few columns: lanes hold elements of K.
  for (int64_t n : {1, 2, 3, 4, 5, 7, 10})
    for (int64_t m : {1, 6, 37})
      add({.name = "along k " + std::to_string(m) + "x" + std::to_string(n) + "x300", .m = m, .n = n, .k = 300});
  add({.name = "along k 53x3x128-dynamic-m", .m = 53, .n = 3, .k = 128, .dynamicM = true});
  add({.name = "along k batch 3 of 10x2x100", .m = 10, .n = 2, .k = 100, .batch = 3});
  for (int64_t m : {1, 2, 3, 4, 5, 6, 7, 8, 13, 100}) {
    std::string rows = std::to_string(m);
    add({.name = rows + "x80x33-dynamic-m", .m = m, .n = 80, .k = 33, .dynamicM = true});
    add({.name = rows + "x37x33-dynamic",
         .m = m,
         .n = 37,
         .k = 33,
         .dynamicM = true,
         .dynamicN = true,
         .dynamicK = true,
         .packAtRunTime = true});
  }
  add({.name = "batch 3 of 10x40x12", .m = 10, .n = 40, .k = 12, .batch = 3});
  add({.name = "batch 3 of 10x40x12-dynamic",
       .m = 10,
       .n = 40,
       .k = 12,
       .batch = 3,
       .dynamicM = true,
       .dynamicK = true});
  add({.name = "50x70x30-row-major", .m = 50, .n = 70, .k = 30, .packed = false});
  add({.name = "50x70x30-row-major-dynamic",
       .m = 50,
       .n = 70,
       .k = 30,
       .dynamicM = true,
       .dynamicN = true,
       .dynamicK = true,
       .packed = false});
  add({.name = "50x70x30-pack", .m = 50, .n = 70, .k = 30, .packAtRunTime = true});
  add({.name = "50x70x30-pack-transposed", .m = 50, .n = 70, .k = 30, .packAtRunTime = true, .transposedRhs = true});
  for (int64_t n : {1, 15, 16, 17, 33, 70})
    for (int64_t k : {1, 15, 16, 37})
      add({.name = "9x" + std::to_string(n) + "x" + std::to_string(k) + "-pack-transposed-dynamic",
           .m = 9,
           .n = n,
           .k = k,
           .dynamicM = true,
           .dynamicN = true,
           .dynamicK = true,
           .packAtRunTime = true,
           .transposedRhs = true});
  add({.name = "40x50x60-transposed-lhs", .m = 40, .n = 50, .k = 60, .transposedLhs = true});
  add({.name = "40x50x60-transposed-lhs-dynamic", .m = 40, .n = 50, .k = 60, .dynamicM = true, .transposedLhs = true});
  add({.name = "40x50x60-transposed-both", .m = 40, .n = 50, .k = 60, .transposedLhs = true, .transposedRhs = true});
  return cases;
}

std::vector<ContractionCase> cameo::test::contractionSpeedCases() {
  std::vector<ContractionCase> cases;
  auto add = [&](ContractionCase test) { cases.push_back(std::move(test)); };
  add({.name = "1008x1024x1152", .m = 1008, .n = 1024, .k = 1152, .wanted = 0.85});
  add({.name = "1024x1024x1024", .m = 1024, .n = 1024, .k = 1024, .wanted = 0.8});
  add({.name = "126x768x768", .m = 126, .n = 768, .k = 768, .wanted = 0.8});
  add({.name = "128x768x768-dynamic-m", .m = 128, .n = 768, .k = 768, .dynamicM = true, .wanted = 0.7});
  add({.name = "128x3072x768", .m = 128, .n = 3072, .k = 768, .wanted = 0.75});
  add({.name = "128x768x3072", .m = 128, .n = 768, .k = 3072, .wanted = 0.75});
  add({.name = "127x129x131", .m = 127, .n = 129, .k = 131, .wanted = 0.5});
  add({.name = "197x768x768", .m = 197, .n = 768, .k = 768, .wanted = 0.75});
  add({.name = "1x4096x4096", .m = 1, .n = 4096, .k = 4096});
  add({.name = "8x4096x4096", .m = 8, .n = 4096, .k = 4096});
  add({.name = "128x128x64-row-major", .m = 128, .n = 128, .k = 64, .packed = false, .wanted = 0.5});
  add({.name = "512x512x64-row-major", .m = 512, .n = 512, .k = 64, .packed = false, .wanted = 0.5});
  add({.name = "512x64x512-row-major", .m = 512, .n = 64, .k = 512, .packed = false, .wanted = 0.5});
  add({.name = "512x1024x512-row-major", .m = 512, .n = 1024, .k = 512, .packed = false, .wanted = 0.5});
  add({.name = "512x512x64-pack-transposed",
       .m = 512,
       .n = 512,
       .k = 64,
       .packAtRunTime = true,
       .transposedRhs = true,
       .wanted = 0.5});
  return cases;
}

namespace {

/// Square kernel, input and padding.
ConvolutionCase square(std::string name, int64_t size, int64_t in, int64_t out, int64_t kernel, int64_t stride,
                       int64_t pad, double wanted = 0) {
  ConvolutionCase test;
  test.name = std::move(name);
  test.n = 1;
  test.height = test.width = size;
  test.inChannels = in;
  test.outChannels = out;
  test.kernelHeight = test.kernelWidth = kernel;
  test.stride = stride;
  test.padTop = test.padLeft = test.padBottom = test.padRight = pad;
  test.wanted = wanted;
  return test;
}

ConvolutionCase grouped(ConvolutionCase test, int64_t groups) {
  test.groups = groups;
  return test;
}

/// The same kernel and padding along a third axis.
ConvolutionCase deep(ConvolutionCase test, int64_t depth) {
  test.depth = depth;
  test.kernelDepth = test.kernelHeight;
  test.padFront = test.padBack = test.padTop;
  return test;
}

} // namespace

std::vector<ConvolutionCase> cameo::test::convolutionCases() {
  std::vector<ConvolutionCase> cases = {
      square("3x3 16->24@9", 9, 16, 24, 3, 1, 1),
      square("3x3 5->7@8", 8, 5, 7, 3, 1, 1),
      square("3x3/2 3->32@17", 17, 3, 32, 3, 2, 1),
      square("3x3 3->16@12 unpadded", 12, 3, 16, 3, 1, 0),
      square("7x7/2 3->64@32", 32, 3, 64, 7, 2, 3),
      square("1x1 20->40@7", 7, 20, 40, 1, 1, 0),
      square("1x1/2 20->40@7", 7, 20, 40, 1, 2, 0),
      square("1x1 padded 4->4@5", 5, 4, 4, 1, 1, 1),
      square("5x5 on 3", 3, 6, 10, 5, 1, 2),
      square("3x3 70->64@10", 10, 70, 64, 3, 1, 1),
      grouped(square("3x3 grouped 4 of 8->6@9", 9, 32, 24, 3, 1, 1), 4),
      grouped(square("3x3/2 grouped 2 of 3->20@9", 9, 6, 40, 3, 2, 1), 2),
      grouped(square("1x1 grouped 2 of 8->8@5", 5, 16, 16, 1, 1, 0), 2),
      grouped(square("3x3 multiplier 2 of 8@9", 9, 8, 16, 3, 1, 1), 8),
      grouped(square("depthwise 3x3 32@12", 12, 32, 32, 3, 1, 1), 32),
      grouped(square("depthwise 3x3/2 24@15", 15, 24, 24, 3, 2, 1), 24),
      grouped(square("depthwise 5x5 19@11", 11, 19, 19, 5, 1, 2), 19),
      grouped(square("depthwise 5x5/2 3@10", 10, 3, 3, 5, 2, 2), 3),
      grouped(square("depthwise 7x7 48@9", 9, 48, 48, 7, 1, 3), 48),
      grouped(square("depthwise 3x3 16@2", 2, 16, 16, 3, 1, 1), 16),
      grouped(square("depthwise 3x3 16@9 unpadded", 9, 16, 16, 3, 1, 0), 16),
      grouped(square("depthwise 21x21 20@30", 30, 20, 20, 21, 1, 10), 20),
      grouped(square("depthwise 3x3/2 16@41", 41, 16, 16, 3, 2, 1), 16),
      grouped(square("3x3 grouped of 2 24@9", 9, 24, 24, 3, 1, 1), 12),
      grouped(square("3x3/2 grouped of 4 44@13", 13, 44, 44, 3, 2, 1), 11),
      grouped(square("5x5 grouped of 8 40@9", 9, 40, 40, 5, 1, 2), 5),
      // Few channels of the result: lanes hold elements of K. Runs of whole vectors and of others, copied windows,
      // lines.
      square("3x3 64->3@12", 12, 64, 3, 3, 1, 1),
      square("9x9 32->3@16", 16, 32, 3, 9, 1, 4),
      square("3x3 24->1@9", 9, 24, 1, 3, 1, 1),
      square("3x3 134->2@10", 10, 134, 2, 3, 1, 1),
      square("5x5/2 48->4@13", 13, 48, 4, 5, 2, 2),
      square("7x7 20->5@9 unpadded", 9, 20, 5, 7, 1, 0),
      square("1x1 100->3@7", 7, 100, 3, 1, 1, 0),
      grouped(square("3x3 grouped 3 of 32->2@9", 9, 96, 6, 3, 1, 1), 3),
      deep(square("3x3x3 32->2@4x9", 9, 32, 2, 3, 1, 1), 4),
      deep(square("3x3x3 12->20@4x9", 9, 12, 20, 3, 1, 1), 4),
      deep(square("3x3x3 8->16@5x14", 14, 8, 16, 3, 1, 1), 5),
      deep(square("3x3x3/2 5->7@7x8", 8, 5, 7, 3, 2, 1), 7),
      deep(square("3x3x3 70->24@3x5", 5, 70, 24, 3, 1, 1), 3),
      deep(square("1x1x1 20->40@3x7", 7, 20, 40, 1, 1, 0), 3),
      grouped(deep(square("depthwise 3x3x3 20@4x9", 9, 20, 20, 3, 1, 1), 4), 20),
  };
  size_t plain = cases.size();
  ConvolutionCase test = square("3x3 dilated 2 8->16@11", 11, 8, 16, 3, 1, 2);
  test.dilation = 2;
  cases.push_back(test);
  test = grouped(square("depthwise dilated 3 17@13", 13, 17, 17, 3, 1, 3), 17);
  test.dilation = 3;
  cases.push_back(test);
  test = square("asymmetric pads 3x2 8->16", 7, 8, 16, 3, 2, 0);
  test.kernelWidth = 2;
  test.width = 10;
  test.padTop = 1;
  test.padRight = 3;
  cases.push_back(test);
  test = square("1-D k=3 80->48@50", 1, 80, 48, 1, 1, 0);
  test.kernelWidth = 3;
  test.width = 50;
  test.padLeft = test.padRight = 1;
  cases.push_back(test);
  test = square("batch 3 3x3 4->8@6", 6, 4, 8, 3, 1, 1);
  test.n = 3;
  cases.push_back(test);
  test = grouped(square("batch 2 depthwise 3x3 20@7", 7, 20, 20, 3, 2, 1), 20);
  test.n = 2;
  cases.push_back(test);
  for (size_t i = 0, count = cases.size(); i < count; ++i)
    if (i < plain || cases[i].n > 1) {
      ConvolutionCase dynamic = cases[i];
      dynamic.name += " dynamic";
      dynamic.dynamic = true;
      cases.push_back(dynamic);
    }
  return cases;
}

std::vector<ConvolutionCase> cameo::test::convolutionSpeedCases() {
  return {
      square("3x3 64@56", 56, 64, 64, 3, 1, 1, 0.8),
      square("3x3 128@28", 28, 128, 128, 3, 1, 1, 0.8),
      square("3x3 256@14", 14, 256, 256, 3, 1, 1, 0.8),
      square("3x3 512@7", 7, 512, 512, 3, 1, 1, 0.75),
      square("1x1 64->256@56", 56, 64, 256, 1, 1, 0, 0.7),
      square("1x1 1024->256@14", 14, 1024, 256, 1, 1, 0, 0.75),
      square("1x1 16->96@112", 112, 16, 96, 1, 1, 0, 0.25),
      square("1x1/2 256->512@56", 56, 256, 512, 1, 2, 0, 0.7),
      square("7x7/2 3->64@224", 224, 3, 64, 7, 2, 3, 0.6),
      square("3x3/2 3->32@416", 416, 3, 32, 3, 2, 1, 0.3),
      square("3x3 16->64@56", 56, 16, 64, 3, 1, 1, 0.6),
      square("3x3 24->24@52", 52, 24, 24, 3, 1, 1, 0.5),
      grouped(square("3x3 grouped 32 of 4->4@56", 56, 128, 128, 3, 1, 1, 0.6), 32),
      grouped(square("3x3 grouped 32 of 8->8@28", 28, 256, 256, 3, 1, 1, 0.7), 32),
      square("few channels 9x9 32->3@128", 128, 32, 3, 9, 1, 4, 0.75),
      square("few channels 3x3 64->1@128", 128, 64, 1, 3, 1, 1, 0.6),
      square("few channels 3x3 64->3@128", 128, 64, 3, 3, 1, 1, 0.65),
      square("few channels 5x5 32->4@128", 128, 32, 4, 5, 1, 2, 0.7),
      deep(square("3x3x3 16@16x56", 56, 16, 16, 3, 1, 1, 0.7), 16),
      deep(square("3x3x3 64@8x28", 28, 64, 64, 3, 1, 1, 0.8), 8),
      grouped(square("depthwise 3x3 144@56", 56, 144, 144, 3, 1, 1), 144),
      grouped(square("depthwise 3x3/2 144@56", 56, 144, 144, 3, 2, 1), 144),
      grouped(square("depthwise 5x5 240@28", 28, 240, 240, 5, 1, 2), 240),
      grouped(square("depthwise 3x3 384@14", 14, 384, 384, 3, 1, 1, 0.7), 384),
      grouped(square("depthwise 3x3 960@7", 7, 960, 960, 3, 1, 1, 0.6), 960),
      grouped(square("depthwise 3x3/2 576@14", 14, 576, 576, 3, 2, 1), 576),
      grouped(square("depthwise 31x31 64@56", 56, 64, 64, 31, 1, 15, 0.7), 64),
  };
}
