// TuneTiles.cpp - a function with one copy of a kernel per tile, run in this process, says which is fastest.
#include "TuneTiles.h"
#include "InProcess.h"
#include "TileDatabase.h"
#include "cameo/Codegen/CPU/CpuAnchors.h"
#include "cameo/Codegen/Placement.h"
#include "cameo/Dialect/Cameo/Cameo.h"
#include "cameo/Dialect/Cameo/ConstantBytes.h"
#include "cameo/Dialect/Cameo/ConstantStorage.h"
#include "cameo/Passes/Remarks.h"
#include "cameo/Support/ErrorCode.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinDialect.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/xxhash.h"
#include <ctime>
#include <limits>
#include <map>
#include <random>

using namespace mlir;
using namespace cameo;
using namespace cameo::codegen;

/// Tiles that are measured with --tune=quick.
static constexpr size_t kQuickTiles = 12;
/// Another tile takes the place of the model's choice where it needs at most so much of its time.
static constexpr double kGain = 0.97;
/// Every copy is measured in so many rounds, but those that the first one shows to need kHopeless times the best.
static constexpr int kRounds = 7;
static constexpr double kHopeless = 1.3;
/// Launches are repeated for so many seconds where one is shorter.
static constexpr double kSampleSeconds = 1e-3;
/// Bytes of any value of such a function.
static constexpr int64_t kMostBytes = int64_t(4) << 30;

/// Of this thread's own time: whatever else the machine does is not counted.
static double secondsOf(llvm::function_ref<void()> run) {
  auto now = [] {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return double(time.tv_sec) + double(time.tv_nsec) * 1e-9;
  };
  double start = now();
  run();
  return now() - start;
}

/// Of one launch, on average where it is short.
static double secondsOfLaunch(llvm::function_ref<void()> launch) {
  launch(); // pages and caches
  double once = secondsOf(launch);
  if (once >= kSampleSeconds)
    return once;
  int64_t times = int64_t(kSampleSeconds / std::max(once, 1e-8)) + 1;
  double all = secondsOf([&] {
    for (int64_t i = 0; i < times; ++i)
      launch();
  });
  return all / double(times);
}

static double median(auto &&range) {
  SmallVector<double> values(range);
  llvm::sort(values);
  return values[values.size() / 2];
}

/// Numbers like those of activations: floats of magnitude below 1, bytes of all values, bools true.
static ElementsAttr numbersOf(RankedTensorType type) {
  Type element = type.getElementType();
  std::vector<char> bytes(storageBytes(element, type.getNumElements()));
  std::minstd_rand next(1);
  auto fill = [&](auto zero, auto make) {
    for (size_t at = 0; at + sizeof(zero) <= bytes.size(); at += sizeof(zero)) {
      decltype(zero) value = make(next());
      std::memcpy(bytes.data() + at, &value, sizeof(value));
    }
  };
  if (element.isF32())
    fill(0.0f, [](uint32_t n) { return float(n % 20011) / 10007 - 1; });
  else if (element.isF64())
    fill(0.0, [](uint32_t n) { return double(n % 20011) / 10007 - 1; });
  else if (element.isF16())
    fill(uint16_t(0), [](uint32_t n) { return uint16_t((n & 0x8000) | 0x3800 | (n & 0x3ff)); });
  else if (element.isBF16())
    fill(uint16_t(0), [](uint32_t n) { return uint16_t((n & 0x8000) | 0x3f00 | (n & 0x7f)); });
  else if (element.isInteger(1))
    fill(uint8_t(0), [](uint32_t) { return uint8_t(1); });
  else if (element.isInteger(8))
    fill(uint8_t(0), [](uint32_t n) { return uint8_t(n >> 8); });
  auto &manager = DenseResourceElementsHandle::getManagerInterface(type.getContext());
  return DenseResourceElementsAttr::get(type,
                                        manager.insert("measured", ConstantStorage::of(type.getContext()).copy(bytes)));
}

/// Some of a result's elements as numbers, spread evenly; nothing where they are not of whole bytes.
static std::vector<double> sampleOf(Type element, ArrayRef<char> bytes) {
  constexpr size_t kMost = 4096;
  std::vector<double> numbers;
  if (!element.isIntOrFloat() || element.getIntOrFloatBitWidth() % 8)
    return numbers;
  unsigned bits = element.getIntOrFloatBitWidth();
  size_t count = bytes.size() / (bits / 8), step = count / kMost + 1;
  for (size_t i = 0; i < count; i += step) {
    uint64_t raw = 0;
    std::memcpy(&raw, bytes.data() + i * (bits / 8), bits / 8);
    APInt value(bits, raw);
    if (auto type = dyn_cast<FloatType>(element))
      numbers.push_back(APFloat(type.getFloatSemantics(), value).convertToDouble());
    else
      numbers.push_back(element.isUnsignedInteger() ? double(value.getZExtValue()) : double(value.getSExtValue()));
  }
  return numbers;
}

/// Whether two results may be those of the same kernel: of sums in another order, rounded to bf16 (2^-7 of the largest)
/// at worst, but in one of a hundred places, where a step (a rounding, a comparison) went the other way.
static bool areClose(const std::vector<double> &a, const std::vector<double> &b) {
  double largest = 0;
  for (double number : a)
    if (std::isfinite(number))
      largest = std::max(largest, std::abs(number));
  size_t others = 0;
  for (auto [x, y] : llvm::zip_equal(a, b)) {
    bool isSame = x == y || (std::isnan(x) && std::isnan(y));
    others += !isSame && !(std::abs(x - y) <= 0.01 * largest);
  }
  return others <= a.size() / 100;
}

namespace {

/// A function with copies of one kernel.
class Copies {
public:
  Copies(KernelOp kernel, ArrayRef<DictionaryAttr> configs);
  func::FuncOp main;

private:
  OwningOpRef<ModuleOp> module;
};

class TuneTiles : public PassWrapper<TuneTiles, OperationPass<func::FuncOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(TuneTiles)
  explicit TuneTiles(const CompileOptions &options) : options(options) {}
  StringRef getArgument() const override { return "cameo-tune-tiles"; }
  void runOnOperation() override;

private:
  /// A kernel and its equals.
  struct Group {
    SmallVector<KernelOp> kernels;
    SmallVector<DictionaryAttr> tiles; ///< all that it can have, the model's choice first
  };
  std::string keyOf(KernelOp kernel, ArrayRef<DictionaryAttr> tiles, const CpuTarget &target) const;
  FailureOr<MeasuredTile> measure(KernelOp kernel, ArrayRef<DictionaryAttr> tiles, const CpuTarget &target);
  void setTile(KernelOp kernel, const CpuTarget &target, DictionaryAttr tile, DictionaryAttr choice,
               const MeasuredTile &measured);

  const CompileOptions &options;
};

} // namespace

static DictionaryAttr withTile(KernelOp kernel, const CpuTarget &target, DictionaryAttr tile) {
  NamedAttrList config(kernel.getConfigAttr() ? kernel.getConfigAttr() : DictionaryAttr::get(kernel.getContext()));
  config.set(target.cpu, tile);
  return config.getDictionary(kernel.getContext());
}

Copies::Copies(KernelOp kernel, ArrayRef<DictionaryAttr> configs) {
  OpBuilder b(kernel.getContext());
  Location loc = kernel.getLoc();
  module = ModuleOp::create(loc);
  b.setInsertionPointToStart(module->getBody());
  main = func::FuncOp::create(b, loc, "main", b.getFunctionType({}, {}));
  Block *body = main.addEntryBlock();
  b.setInsertionPointToStart(body);
  IRMapping map;
  for (Value input : kernel.getInputs()) {
    if (map.contains(input))
      continue;
    if (auto constant = input.getDefiningOp<ConstantOp>())
      b.clone(*constant, map);
    else
      map.map(input, body->addArgument(input.getType(), loc));
  }
  for (DictionaryAttr config : configs) {
    IRMapping own = map; // what lies in the kernel is each copy's own
    cast<KernelOp>(b.clone(*kernel, own)).setConfigAttr(config);
  }
  func::ReturnOp::create(b, loc);
  main.setFunctionType(b.getFunctionType(body->getArgumentTypes(), {}));
}

/// Why a kernel cannot be run alone; null where it can.
static const char *obstacle(KernelOp kernel) {
  auto isKnown = [](Type type) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    return tensor && tensor.hasStaticShape();
  };
  if (!llvm::all_of(kernel->getOperandTypes(), isKnown) || !llvm::all_of(kernel->getResultTypes(), isKnown))
    return "only the run knows its sizes; --dim fixes those of inputs";
  if (!inputsInPlace(kernel).empty() || isInPlace(kernel))
    return "it writes into another tensor's memory";
  if (llvm::any_of(kernel->getResultTypes(),
                   [](Type type) { return cast<RankedTensorType>(type).getNumElements() == 0; }))
    return "it has no elements";
  for (Value input : kernel.getInputs()) {
    Type element = getElementTypeOrSelf(input.getType());
    if (!constantBehind(input) && !element.isInteger(1) && !element.isInteger(8) && !isa<FloatType>(element))
      return "what it does depends on integers or texts that only the run knows";
  }
  return nullptr;
}

/// Everything that a kernel's time depends on, but the values of its constants, and the tiles to choose from, which
/// also say whether many constants are zero.
std::string TuneTiles::keyOf(KernelOp kernel, ArrayRef<DictionaryAttr> tiles, const CpuTarget &target) const {
  DictionaryAttr none;
  Copies alone(kernel, none);
  std::string text;
  llvm::raw_string_ostream os(text);
  os << options.optLevel << "\n";
  llvm::interleave(tiles, os, "\n");
  for (Operation &op : alone.main.getBody().front()) {
    if (isa<ConstantOp>(op))
      os << "constant " << op.getResultTypes().front() << "\n";
    else
      op.print(os, OpPrintingFlags().printGenericOpForm().useLocalScope().assumeVerified());
  }
  llvm::XXH128_hash_t hash = llvm::xxh3_128bits(llvm::arrayRefFromStringRef(text));
  return llvm::formatv("{0} {1} {2:x-16}{3:x-16}", target.cpu, CAMEO_VERSION, hash.high64, hash.low64);
}

static std::string describe(DictionaryAttr tile) {
  std::string text;
  llvm::raw_string_ostream(text) << tile;
  return text;
}

/// What a kernel computes, for people: "conv+add+relu 1x56x56x64".
static std::string describe(KernelOp kernel) {
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::interleave(
      kernel.getBody().front().without_terminator(), os, [&](Operation &op) { os << op.getName().stripDialect(); },
      "+");
  os << " ";
  llvm::interleave(cast<RankedTensorType>(kernel->getResultTypes().front()).getShape(), os, "x");
  return text;
}

/// Failures are reported.
FailureOr<MeasuredTile> TuneTiles::measure(KernelOp kernel, ArrayRef<DictionaryAttr> tiles, const CpuTarget &target) {
  Copies copies(kernel,
                llvm::map_to_vector(tiles, [&](DictionaryAttr tile) { return withTile(kernel, target, tile); }));
  std::string error;
  std::unique_ptr<HostTarget> host = makeNativeHost(error);
  if (!host)
    return withCode("E-TARGET", mlir::emitError(kernel.getLoc())) << error;
  CompileOptions alone;
  alone.optLevel = options.optLevel;
  WeightTable weights;
  ShapeAnalysis shapes;
  VariantCompiler compiler(copies.main, alone, *host, *host, "tune", weights);
  LoadedKernels functions;
  if (failed(compiler.emitKernels(shapes, Placements(copies.main, shapes))) ||
      failed(functions.load(compiler, kernel.getLoc(), options.jobs)))
    return failure();
  SmallVector<ElementsAttr> arguments = llvm::map_to_vector(
      copies.main.getArgumentTypes(), [](Type type) { return numbersOf(cast<RankedTensorType>(type)); });
  auto run = [&](InProcessRun::Observer observe) {
    return InProcessRun(copies.main, arguments, shapes, compiler, functions, kMostBytes, "measuring it")(observe);
  };
  // A tile whose results are not those of the model's choice is none to be taken.
  size_t count = tiles.size();
  std::vector<bool> isHopeless;
  SmallVector<std::vector<double>> wanted;
  auto compare = [&](KernelOp, llvm::function_ref<void()> launch, ArrayRef<ArrayRef<char>> results) {
    launch();
    SmallVector<std::vector<double>> found;
    for (auto [result, bytes] : llvm::zip(kernel.getResults(), results))
      found.push_back(sampleOf(getElementTypeOrSelf(result.getType()), bytes));
    if (isHopeless.empty())
      wanted = found;
    isHopeless.push_back(!llvm::equal(wanted, found, areClose));
    if (isHopeless.back())
      left(getArgument(), kernel.getLoc(), "tiles that agree")
          << "has other results with the tile " + describe(tiles[isHopeless.size() - 1]) + ", which is a bug of Cameo";
  };
  if (failed(run(compare)))
    return failure();
  // Launches of all copies, again and again: a machine's pace drifts, the ratios within a round do not.
  std::vector<SmallVector<double>> rounds;
  for (int round = 0; round < kRounds; ++round) {
    SmallVector<double> seconds;
    auto sample = [&](KernelOp, llvm::function_ref<void()> launch, auto) {
      seconds.push_back(isHopeless[seconds.size()] ? std::numeric_limits<double>::infinity() : secondsOfLaunch(launch));
    };
    if (failed(run(sample)))
      return failure();
    if (round == 0)
      for (size_t i = 1; i < count; ++i)
        if (seconds[i] > kHopeless * *llvm::min_element(seconds))
          isHopeless[i] = true;
    rounds.push_back(std::move(seconds));
  }
  auto ratio = [&](size_t i) {
    return median(llvm::map_range(rounds, [&](auto &round) { return round[i] / round[0]; }));
  };
  auto fastest = [&](size_t i) {
    return llvm::min_element(rounds, [&](auto &a, auto &b) { return a[i] < b[i]; })->data()[i];
  };
  size_t winner = 0;
  for (size_t i = 1; i < count; ++i)
    if (double mine = ratio(i); mine < kGain && mine < ratio(winner))
      winner = i;
  return MeasuredTile{describe(kernel), int64_t(count), fastest(winner) * 1e6, fastest(0) * 1e6,
                      toNumbers(tiles[winner])};
}

void TuneTiles::setTile(KernelOp kernel, const CpuTarget &target, DictionaryAttr tile, DictionaryAttr choice,
                        const MeasuredTile &measured) {
  kernel.setConfigAttr(withTile(kernel, target, tile));
  std::string text = llvm::formatv("takes {0:f1} us", measured.microseconds);
  if (tile != choice)
    changed(getArgument(), kernel.getLoc(), "tiles measured")
        << text + llvm::formatv(" with the fastest of {0} tiles, and {1:f1} us with the model's choice", measured.among,
                                measured.ofModel)
                      .str();
  else
    left(getArgument(), kernel.getLoc(), "tiles measured")
        << text +
               llvm::formatv(" with the model's choice, and not less with {0} other tiles", measured.among - 1).str();
}

void TuneTiles::runOnOperation() {
  std::string error;
  auto target = findCpuTarget("native", error);
  bool isCompiledFor = target && llvm::any_of(options.targets.cpus, [&](const std::string &name) {
                         auto cpu = findCpuTarget(name, error);
                         return cpu && cpu->cpu == target->cpu;
                       });
  Location loc = UnknownLoc::get(&getContext());
  if (!isCompiledFor) {
    withCode("E-USAGE", mlir::emitError(loc))
        << "--tune measures on this machine, and --cpu names others; add native to it, or leave it out";
    return signalPassFailure();
  }
  TileDatabase database(options.tuneDatabase);
  if (failed(database.read(loc)))
    return signalPassFailure();

  ShapeAnalysis shapes;
  llvm::MapVector<std::string, Group, std::map<std::string, unsigned>> groups;
  getOperation().walk([&](KernelOp kernel) {
    auto tiles = candidateTiles(kernel, shapes, *target, options.strict);
    if (tiles.size() < 2 || (kernel.getConfigAttr() && kernel.getConfigAttr().get(target->cpu)))
      return WalkResult::skip();
    if (const char *reason = obstacle(kernel)) {
      left(getArgument(), kernel.getLoc(), "tiles measured") << "has the model's choice: " << reason;
      return WalkResult::skip();
    }
    Group &group = groups[keyOf(kernel, tiles, *target)];
    group.kernels.push_back(kernel);
    group.tiles = std::move(tiles);
    return WalkResult::skip();
  });
  size_t done = 0;
  for (auto &[key, group] : groups) {
    if (options.progress)
      options.progress("tiles", done++, groups.size());
    auto attributeOf = [&](const MeasuredTile &measured) {
      const auto *it =
          llvm::find_if(group.tiles, [&](DictionaryAttr tile) { return toNumbers(tile) == measured.tile; });
      return it == group.tiles.end() ? DictionaryAttr() : *it;
    };
    // What was measured among fewer tiles, or is none of today's, is measured again.
    size_t count = options.tune == Tune::Quick ? std::min(group.tiles.size(), kQuickTiles) : group.tiles.size();
    const MeasuredTile *known = database.find(key);
    bool isKnown = known && known->among >= int64_t(count) && attributeOf(*known);
    if (!isKnown) {
      std::string problem;
      FailureOr<MeasuredTile> measured = failure();
      {
        ScopedDiagnosticHandler quiet(&getContext(), [&](mlir::Diagnostic &diagnostic) { problem = diagnostic.str(); });
        measured = measure(group.kernels.front(), ArrayRef(group.tiles).take_front(count), *target);
      }
      if (failed(measured)) {
        for (KernelOp kernel : group.kernels)
          left(getArgument(), kernel.getLoc(), "tiles measured")
              << "has the model's choice: it cannot be run alone (" + problem + ")";
        continue;
      }
      database.add(key, std::move(*measured));
      database.write(loc); // a compilation that is interrupted has not measured in vain
      known = database.find(key);
    }
    for (KernelOp kernel : group.kernels)
      setTile(kernel, *target, attributeOf(*known), group.tiles.front(), *known);
  }
}

std::unique_ptr<Pass> cameo::createTuneTilesPass(const CompileOptions &options) {
  return std::make_unique<TuneTiles>(options);
}
