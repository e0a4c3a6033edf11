// contraction-tests.cpp - the contraction emitters against a double-precision reference, and against a peak loop.
//
//   contraction-tests                 every correctness case at all CPU levels, no spills in inner loops
//   contraction-tests --speed         the shapes of the speed table: fraction of a multiply-add loop in this process
//   contraction-tests --filter=TEXT   only cases whose name contains TEXT
//   contraction-tests --print-asm     also the assembly of each kernel
//
// Exit code 1 when a case fails.
#include "ContractionCases.h"
#include "ContractionJit.h"
#include "cameo/Codegen/CPU/ContractionPacking.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/TargetParser/Host.h"
#include <cmath>
#include <ctime>
#include <random>
#include <sys/mman.h>

using namespace cameo::codegen;
using namespace cameo::test;

namespace {

llvm::cl::opt<bool> speed("speed", llvm::cl::desc("Time the speed table"));
llvm::cl::opt<std::string> filter("filter", llvm::cl::desc("Only cases whose name contains this"));
llvm::cl::list<int64_t> tileSize("tile", llvm::cl::desc("Rows and columns of the tile, instead of the chooser's"),
                                 llvm::cl::CommaSeparated);
llvm::cl::opt<bool> printAsm("print-asm", llvm::cl::desc("Print the assembly"));

llvm::cl::opt<bool> hugePages("huge-pages", llvm::cl::init(true), llvm::cl::desc("Ask for huge pages"));

/// 64-byte aligned floats.
class Buffer {
public:
  explicit Buffer(size_t count) : count(count), data(allocate(count * 4)) {}
  ~Buffer() { std::free(data); }
  Buffer(const Buffer &) = delete;
  operator float *() { return data; }
  void randomize(unsigned seed) {
    std::mt19937 generator(seed);
    std::uniform_real_distribution<float> uniform(-1, 1);
    for (size_t i = 0; i < count; ++i)
      data[i] = uniform(generator);
  }
  void fill(float value) { std::fill(data, data + count, value); }
  size_t count;
  float *data;

private:
  static float *allocate(size_t bytes) {
    size_t align = bytes >= (4 << 20) ? 2 << 20 : 64;
    void *made = std::aligned_alloc(align, (bytes + align - 1) / align * align);
    if (align > 64 && hugePages)
      madvise(made, bytes, MADV_HUGEPAGE);
    return static_cast<float *>(made);
  }
};

double secondsOf(llvm::function_ref<void()> work) {
  double best = 1e9, total = 0;
  // The thread's own time: what other processes take from this core does not count.
  auto now = [] {
    timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return time.tv_sec + time.tv_nsec * 1e-9;
  };
  for (int i = 0; i < 5 || (total < 0.25 && i < 2000); ++i) {
    double start = now();
    work();
    double took = now() - start;
    best = std::min(best, took);
    total += took;
  }
  return best;
}

/// Multiply-adds per second of 12 independent chains of vectors of 64 (`wide`) or 32 bytes.
double chainRate(bool wide) {
  constexpr int64_t kSteps = 2000000;
#define CHAINS(REG) "1:\n" REG "dec %0\n jnz 1b\n"
#define FMA(R, N) "vfmadd231ps %%" R "mm15, %%" R "mm14, %%" R "mm" #N "\n"
#define TWELVE(R)                                                                                                      \
  FMA(R, 0)                                                                                                            \
  FMA(R, 1) FMA(R, 2) FMA(R, 3) FMA(R, 4) FMA(R, 5) FMA(R, 6) FMA(R, 7) FMA(R, 8) FMA(R, 9) FMA(R, 10) FMA(R, 11)
#define CLOBBERS                                                                                                       \
  "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm14", "xmm15",  \
      "cc"
  double seconds = secondsOf([&] {
    int64_t steps = kSteps;
    if (wide)
      asm volatile("vpxorq %%zmm14, %%zmm14, %%zmm14\n vpxorq %%zmm15, %%zmm15, %%zmm15\n" CHAINS(TWELVE("z"))
                   : "+r"(steps)::CLOBBERS);
    else
      asm volatile("vxorps %%ymm14, %%ymm14, %%ymm14\n vxorps %%ymm15, %%ymm15, %%ymm15\n" CHAINS(TWELVE("y"))
                   : "+r"(steps)::CLOBBERS);
  });
  return kSteps * 12.0 * (wide ? 16 : 8) / seconds;
}

bool hasWideVectors() { return llvm::sys::getHostCPUFeatures()["avx512f"]; }

/// The share of what a case wants that a host is held to. Fractions were measured where a cycle has one multiply-add of
/// 64 bytes; where it has two, loads and stores have half the time beside them.
double withinReach() {
  constexpr double kTwoUnits = 0.5;
  return hasWideVectors() && chainRate(true) > 1.5 * chainRate(false) ? kTwoUnits : 1;
}

struct Outcome {
  double worst = 0; ///< error in units of the sum of absolute products
  std::string spills;
  double rate = 0; ///< multiply-adds per second
  ContractionTile tile;
};

ContractionTile tileFor(const VectorTarget &target, const ContractionShape &shape) {
  ContractionTile tile = chooseTile(target, shape);
  if (tileSize.size() == 2) {
    tile.mr = tile.tailMr = tileSize[0];
    tile.nr = tileSize[1];
    tile.mBlock = (tile.mBlock + tile.mr - 1) / tile.mr * tile.mr;
  }
  return tile;
}

using Check = std::function<void(int64_t index, double &value, double &magnitude)>;

/// Compares `samples` elements (all when there are few) with the reference.
double worstError(Buffer &result, const Check &reference) {
  std::mt19937_64 generator(7);
  double worst = 0;
  int64_t samples = result.count <= 40000 ? result.count : 4000;
  for (int64_t i = 0; i < samples; ++i) {
    int64_t index = samples == int64_t(result.count) ? i : generator() % result.count;
    double value = 0, magnitude = 1e-6;
    reference(index, value, magnitude);
    double error = std::abs(result[index] - value) / magnitude;
    if (!(error <= worst)) // also true for NaN
      worst = std::isnan(error) ? INFINITY : error;
  }
  return worst;
}

void runSlices(const CompiledKernel &kernel, const float *lhs, const float *rhs, float *result, const float *extra,
               const int64_t *sizes) {
  // Three uneven slices, the last one first: slices must not depend on each other.
  int64_t steps = kernel.steps(sizes), first = steps / 3, second = steps / 3 + steps / 2;
  second = std::min(second, steps);
  kernel.run(lhs, rhs, result, extra, sizes, second, steps);
  kernel.run(lhs, rhs, result, extra, sizes, 0, first);
  kernel.run(lhs, rhs, result, extra, sizes, first, second);
}

double time(const CompiledKernel &kernel, const float *lhs, const float *rhs, float *result, const float *extra,
            const int64_t *sizes) {
  int64_t steps = kernel.steps(sizes);
  return secondsOf([&] { kernel.run(lhs, rhs, result, extra, sizes, 0, steps); });
}

Outcome runContraction(const ContractionCase &test, const Level &level) {
  ContractionSpec shape; // sizes as the compiler knows them
  auto known = [&](int64_t size, bool isDynamic) { return isDynamic ? Extent(kDynamicExtent) : Extent(size); };
  shape.m = known(test.m, test.dynamicM);
  shape.n = known(test.n, test.dynamicN);
  shape.k = known(test.k, test.dynamicK);
  shape.batch = test.batch;
  bool lhsStrideDynamic = test.transposedLhs ? test.dynamicM : test.dynamicK;
  shape.lhsRowStride = test.transposedLhs ? Extent(1) : known(test.k, lhsStrideDynamic);
  ContractionShape wanted = shapeOf(shape);
  if (test.packed && !test.packAtRunTime && !test.transposedLhs && shape.n.isStatic() && shape.k.isStatic())
    wanted.alongK = {int64_t(llvm::divideCeil(test.k, level.target.lanes()))};
  shape.tile = tileFor(level.target, wanted);
  if (test.dynamicN && test.n < shape.tile.lanes)
    shape.tile.nr = shape.tile.lanes;
  const ContractionTile &tile = shape.tile;

  auto fill = [&](ContractionSpec &spec, const KernelArguments &at) {
    spec = shape;
    spec.target = level.target;
    auto extent = [&](int64_t size, bool isDynamic, int index) {
      return isDynamic ? Extent(at.sizes[index]) : Extent(size);
    };
    spec.m = extent(test.m, test.dynamicM, 0);
    spec.n = extent(test.n, test.dynamicN, 1);
    spec.k = extent(test.k, test.dynamicK, 2);
    spec.batch = extent(test.batch, test.dynamicM && test.batch > 1, 3);
    spec.lhsRowStride = test.transposedLhs ? Extent(1) : spec.k;
    spec.lhsKStride = test.transposedLhs ? spec.m : Extent(1);
    spec.resultRowStride = spec.n;
    spec.rhsLayout = test.packed ? RhsLayout::Packed : RhsLayout::RowMajor;
    spec.rhsRowStride = spec.n;
    spec.lhsBatchStride = extent(test.m * test.k, test.dynamicM || test.dynamicK, 4);
    spec.resultBatchStride = extent(test.m * test.n, test.dynamicM || test.dynamicN, 5);
    spec.lhs = at.lhs;
    spec.rhs = at.rhs;
    spec.result = at.result;
    if (test.bias)
      spec.epilogue = [at](mlir::OpBuilder &b, mlir::Location loc, mlir::Value sum, const TilePosition &position) {
        return emitBiasRelu(b, loc, sum, at.extra, position);
      };
  };
  CompiledKernel kernel = compileKernel(
      level.cpu,
      [&](mlir::OpBuilder &b, mlir::Location loc, const KernelArguments &at) {
        ContractionSpec spec;
        fill(spec, at);
        emitContraction(b, loc, spec, at.begin, at.end);
      },
      [&](mlir::OpBuilder &b, mlir::Location loc, const KernelArguments &at) {
        ContractionSpec spec;
        fill(spec, at);
        return emitContractionSteps(b, loc, spec);
      });
  if (printAsm)
    llvm::outs() << kernel.assembly;

  int64_t m = test.m, n = test.n, k = test.k;
  Buffer lhs(test.batch * m * k), rhs(k * n), result(test.batch * m * n), bias(n);
  lhs.randomize(1);
  rhs.randomize(2);
  bias.randomize(3);
  result.fill(NAN);
  int64_t sizes[kKernelSizes] = {m, n, k, test.batch, m * k, m * n, 0, 0};
  // B is [K,N] here, or [N,K] when transposedRhs.
  int64_t kStride = test.transposedRhs ? 1 : n, nStride = test.transposedRhs ? k : 1;
  int64_t panelRows = tile.alongK ? wanted.alongK->steps : k;
  int64_t packedCount =
      test.dynamicN ? (n + tile.nr - 1) / tile.nr * tile.nr * k : packedRhsElements(tile, panelRows, n);
  Buffer packed(packedCount);
  packed.fill(NAN);
  if (tile.alongK) {
    std::vector<int64_t> offsets;
    for (int64_t i = 0; i < k; ++i)
      offsets.push_back(i * kStride);
    packRhsAlongK<float>(rhs, offsets, nStride, n, k, tile, packed);
  } else if (test.packed && !test.packAtRunTime) {
    packRhs(rhs, kStride, nStride, k, n, tile, packed);
  } else if (test.packed) {
    auto packSpec = [&](const KernelArguments &at) {
      PackRhsSpec spec;
      spec.tile = tile;
      spec.target = level.target;
      spec.k = test.dynamicK ? Extent(at.sizes[2]) : Extent(k);
      spec.n = test.dynamicN ? Extent(at.sizes[1]) : Extent(n);
      spec.kStride = test.transposedRhs ? Extent(1) : spec.n;
      spec.nStride = test.transposedRhs ? spec.k : Extent(1);
      spec.source = at.lhs;
      spec.packed = at.result;
      return spec;
    };
    CompiledKernel pack = compileKernel(
        level.cpu,
        [&](mlir::OpBuilder &b, mlir::Location loc, const KernelArguments &at) {
          emitPackRhs(b, loc, packSpec(at), at.begin, at.end);
        },
        [&](mlir::OpBuilder &b, mlir::Location loc, const KernelArguments &at) {
          return emitPackRhsSteps(b, loc, packSpec(at));
        });
    runSlices(pack, rhs, nullptr, packed, nullptr, sizes);
    if (speed)
      llvm::outs() << "  packing " << time(pack, rhs, nullptr, packed, nullptr, sizes) * 1e6 << " us\n";
  }
  float *operand = test.packed ? packed.data : rhs.data;
  runSlices(kernel, lhs, operand, result, bias, sizes);
  Outcome outcome;
  outcome.tile = shape.tile;
  if (test.tight())
    outcome.spills = spillsInInnerLoops(kernel.assembly);
  outcome.worst = worstError(result, [&](int64_t index, double &value, double &magnitude) {
    int64_t column = index % n, row = index / n;
    const float *a = test.transposedLhs ? lhs + row / m * m * k + row % m : lhs + row * k;
    int64_t aStride = test.transposedLhs ? m : 1;
    for (int64_t i = 0; i < k; ++i) {
      double product = double(a[i * aStride]) * rhs[i * kStride + column * nStride];
      value += product;
      magnitude += std::abs(product);
    }
    if (test.bias)
      value = std::max(value + bias[column], 0.0);
  });
  if (speed)
    outcome.rate = double(test.batch) * m * n * k / time(kernel, lhs, operand, result, bias, sizes);
  return outcome;
}

/// Where the weights of a window's elements lie, [channel][tap], in the order in which it is read.
std::vector<int64_t> windowOffsets(int64_t channels, int64_t taps) {
  std::vector<int64_t> offsets;
  for (int64_t tap = 0; tap < taps; ++tap)
    for (int64_t channel = 0; channel < channels; ++channel)
      offsets.push_back(channel * taps + tap);
  return offsets;
}

Outcome runConvolution(const ConvolutionCase &test, const Level &level) {
  int64_t groupIn = test.inChannels / test.groups, groupOut = test.outChannels / test.groups;
  int64_t outDepth = test.outDepth(), outHeight = test.outHeight(), outWidth = test.outWidth();
  ConvolutionSpec shape;
  auto known = [&](int64_t size) { return test.dynamic ? Extent(kDynamicExtent) : Extent(size); };
  shape.target = level.target;
  shape.n = known(test.n);
  shape.inDepth = test.depth;
  shape.outDepth = outDepth;
  shape.kernelDepth = test.kernelDepth;
  shape.strideDepth = test.depth == 1 ? 1 : test.stride;
  shape.dilationDepth = test.dilation;
  shape.padFront = test.padFront;
  shape.padBack = test.padBack;
  shape.inHeight = known(test.height);
  shape.inWidth = known(test.width);
  shape.outHeight = known(outHeight);
  shape.outWidth = known(outWidth);
  shape.inChannels = test.inChannels;
  shape.outChannels = test.outChannels;
  shape.groups = test.groups;
  shape.kernelHeight = test.kernelHeight;
  shape.kernelWidth = test.kernelWidth;
  shape.strideHeight = shape.strideWidth = test.stride;
  shape.dilationHeight = shape.dilationWidth = test.dilation;
  shape.padTop = test.padTop;
  shape.padLeft = test.padLeft;
  shape.padBottom = test.padBottom;
  shape.padRight = test.padRight;
  ContractionShape wanted = shapeOf(shape);
  shape.tile = tileFor(level.target, wanted);
  bool depthwise = sharesVectors(shape);
  auto fill = [&](const KernelArguments &at) {
    ConvolutionSpec spec = shape;
    if (test.dynamic) {
      spec.n = at.sizes[0];
      spec.inHeight = at.sizes[1];
      spec.inWidth = at.sizes[2];
      spec.outHeight = at.sizes[3];
      spec.outWidth = at.sizes[4];
    }
    spec.input = at.lhs;
    spec.weights = at.rhs;
    spec.result = at.result;
    spec.epilogue = [at](mlir::OpBuilder &b, mlir::Location loc, mlir::Value sum, const TilePosition &position) {
      return emitBiasRelu(b, loc, sum, at.extra, position);
    };
    return spec;
  };
  CompiledKernel kernel = compileKernel(
      level.cpu,
      [&](mlir::OpBuilder &b, mlir::Location loc, const KernelArguments &at) {
        ConvolutionSpec spec = fill(at);
        auto module = b.getInsertionBlock()->getParentOp()->getParentOfType<mlir::ModuleOp>();
        spec.zeros = getZeros(b, loc, module, test.inChannels * 4);
        if (depthwise)
          emitDepthwise(b, loc, spec, at.begin, at.end);
        else
          emitConvolution(b, loc, spec, at.begin, at.end);
      },
      [&](mlir::OpBuilder &b, mlir::Location loc, const KernelArguments &at) {
        return depthwise ? emitDepthwiseSteps(b, loc, fill(at)) : emitConvolutionSteps(b, loc, fill(at));
      });
  if (printAsm)
    llvm::outs() << kernel.assembly;

  int64_t plane = test.kernelHeight * test.kernelWidth, taps = test.kernelDepth * plane;
  int64_t inPixels = test.n * test.depth * test.height * test.width,
          outPixels = test.n * outDepth * outHeight * outWidth;
  Buffer input(inPixels * test.inChannels), weights(test.outChannels * groupIn * taps);
  Buffer result(outPixels * test.outChannels), bias(test.outChannels);
  int64_t panelRows = shape.tile.alongK ? wanted.alongK->steps : taps * groupIn;
  Buffer packed(depthwise ? taps * groupIn * test.inChannels
                          : test.groups * packedRhsElements(shape.tile, panelRows, groupOut));
  input.randomize(1);
  weights.randomize(2);
  bias.randomize(3);
  result.fill(NAN);
  packed.fill(NAN);
  if (depthwise)
    packDepthwiseWeights(weights, test.inChannels, groupIn, taps, packed);
  else if (shape.tile.alongK)
    for (int64_t group = 0; group < test.groups; ++group)
      packRhsAlongK(weights + group * groupOut * groupIn * taps, windowOffsets(groupIn, taps), groupIn * taps, groupOut,
                    convolutionRun(shape), shape.tile,
                    packed + group * packedRhsElements(shape.tile, panelRows, groupOut));
  else
    packConvolutionWeights(weights, test.outChannels, groupIn, taps, test.groups, shape.tile, packed);
  int64_t sizes[kKernelSizes] = {test.n, test.height, test.width, outHeight, outWidth, 0, 0, 0};
  runSlices(kernel, input, packed, result, bias, sizes);
  Outcome outcome;
  outcome.tile = shape.tile;
  if (test.tight())
    outcome.spills = spillsInInnerLoops(kernel.assembly);
  outcome.worst = worstError(result, [&](int64_t index, double &value, double &magnitude) {
    int64_t channel = index % test.outChannels, pixel = index / test.outChannels;
    int64_t x = pixel % outWidth, y = pixel / outWidth % outHeight, z = pixel / outWidth / outHeight % outDepth;
    int64_t image = pixel / outWidth / outHeight / outDepth;
    for (int64_t tap = 0; tap < taps; ++tap) {
      int64_t inZ = z * shape.strideDepth - test.padFront + tap / plane * test.dilation;
      int64_t inY = y * test.stride - test.padTop + tap % plane / test.kernelWidth * test.dilation;
      int64_t inX = x * test.stride - test.padLeft + tap % test.kernelWidth * test.dilation;
      if (inZ < 0 || inZ >= test.depth || inY < 0 || inY >= test.height || inX < 0 || inX >= test.width)
        continue;
      int64_t inPixel = ((image * test.depth + inZ) * test.height + inY) * test.width + inX;
      for (int64_t c = 0; c < groupIn; ++c) {
        double product = double(input[inPixel * test.inChannels + channel / groupOut * groupIn + c]) *
                         weights[(channel * groupIn + c) * taps + tap];
        value += product;
        magnitude += std::abs(product);
      }
    }
    value = std::max(value + bias[channel], 0.0);
  });
  if (speed)
    outcome.rate = double(result.count) * taps * groupIn / time(kernel, input, packed, result, bias, sizes);
  return outcome;
}

/// Prints one line; returns whether the case passed.
bool report(llvm::StringRef name, const Level &level, const Outcome &outcome, double peak, double wanted) {
  // Sums of K rounded products in f32, in units of the sum of their magnitudes.
  constexpr double kTolerance = 1e-5;
  bool right = outcome.worst <= kTolerance, clean = outcome.spills.empty();
  double fraction = peak ? outcome.rate / peak : 1;
  bool fast = fraction >= wanted;
  llvm::outs() << (right && clean && fast ? "PASS " : "FAIL ") << level.name << " " << name
               << llvm::format(" error %.1e", outcome.worst) << ", tile " << outcome.tile.mr << "x" << outcome.tile.nr;
  if (peak)
    llvm::outs() << llvm::format(", %.1f %% of peak (%.1f GFLOP/s), wanted %.0f %%", fraction * 100,
                                 outcome.rate * 2e-9, wanted * 100);
  if (!clean)
    llvm::outs() << ", stack accesses in an inner loop:\n" << outcome.spills;
  llvm::outs() << "\n";
  llvm::outs().flush();
  return right && clean && fast;
}

} // namespace

int main(int argc, char **argv) {
  llvm::cl::ParseCommandLineOptions(argc, argv);
  int failures = 0, cases = 0;
  double peak = 0, reach = speed ? withinReach() : 1;
  for (const Level &level : hostLevels()) {
    if (speed && level.name != "native")
      continue;
    auto wants = [&](llvm::StringRef name) { return name.contains(filter.getValue()); };
    // A busy machine slows the kernel and the peak loop at different moments: the best of both over a few attempts.
    auto timed = [&](double wanted, llvm::function_ref<Outcome()> run) {
      Outcome best = run();
      for (int attempt = 0; speed && attempt < 4; ++attempt) {
        peak = std::max(peak, chainRate(hasWideVectors()));
        if (best.rate >= peak * std::max(wanted, 0.9))
          break;
        best.rate = std::max(best.rate, run().rate);
      }
      return best;
    };
    for (const ContractionCase &test : speed ? contractionSpeedCases() : contractionCases())
      if (wants(test.name)) {
        ++cases;
        Outcome outcome = timed(test.wanted * reach, [&] { return runContraction(test, level); });
        failures += !report(test.name, level, outcome, peak, test.wanted * reach);
      }
    for (const ConvolutionCase &test : speed ? convolutionSpeedCases() : convolutionCases())
      if (wants(test.name)) {
        ++cases;
        Outcome outcome = timed(test.wanted * reach, [&] { return runConvolution(test, level); });
        failures += !report(test.name, level, outcome, peak, test.wanted * reach);
      }
  }
  llvm::outs() << cases - failures << " passed, " << failures << " failed\n";
  return failures ? 1 : 0;
}
