// Calibration.cpp - see Calibration.h.
#include "cameo/Compression/Calibration.h"
#include "Errors.h"
#include "cameo/Compression/Program.h"
#include "cameo/Dialect/Cameo/Attributes.h"
#include "cameo/Dialect/Cameo/ConstantStorage.h"
#include "cameo/Passes/Quantization/Layers.h"
#include "cameo/Passes/Quantization/Passes.h"
#include "cameo/Pipeline/AbiType.h"
#include "cameo/Pipeline/Compile.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/BuiltinDialect.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Support/xxhash.h"
#include <chrono>

using namespace mlir;
using namespace cameo;
using namespace cameo::compression;

/// Of a layer's second moments, per sample: a few tens of milliseconds.
constexpr int64_t kWindowMultiplications = int64_t(1) << 28;

static func::FuncOp mainOf(ModuleOp module) { return module.lookupSymbol<func::FuncOp>("main"); }

/// Several layers of one ONNX node, as an LSTM has them, get names of their own, by which their kernels are known.
static void nameApart(ArrayRef<Layer> layers) {
  llvm::StringMap<unsigned> seen;
  for (const Layer &layer : layers) {
    SmallVector<StringRef> names = nodeNames(layer.op->getLoc());
    if (names.empty())
      continue;
    if (unsigned number = ++seen[names.front()]; number > 1)
      layer.op->setLoc(NameLoc::get(StringAttr::get(layer.op->getContext(), names.front() + "#" + Twine(number)),
                                    layer.op->getLoc()));
  }
}

LogicalResult cameo::compression::prepare(ModuleOp module, const CompileOptions &options,
                                          std::vector<cameo::Diagnostic> &diagnostics) {
  CompileOptions until = options;
  until.stopAfter = "recognize";
  CompileReport report;
  if (failed(transform(module, until, report, diagnostics)))
    return failure();
  nameApart(layersOf(mainOf(module)));
  return success();
}

std::vector<InputInfo> cameo::compression::inputsOf(ModuleOp module) {
  std::vector<InputInfo> inputs;
  func::FuncOp main = mainOf(module);
  for (BlockArgument argument : main.getArguments()) {
    auto type = cast<RankedTensorType>(argument.getType());
    InputInfo info;
    if (auto name = main.getArgAttrOfType<StringAttr>(argument.getArgNumber(), kNameAttr))
      info.name = name.getValue().str();
    info.dtype = abiType(type.getElementType());
    for (int64_t size : type.getShape())
      info.dims.push_back(ShapedType::isDynamic(size) ? -1 : size);
    inputs.push_back(std::move(info));
  }
  return inputs;
}

namespace {

/// A copy of a module that shows what layers read, compiled.
struct ObservingProgram {
  std::unique_ptr<Program> program;
  std::vector<uint64_t> outputs; ///< number of the output for each layer of `layers` that has an input
  uint64_t firstWindows;         ///< of the outputs that show windows

  /// Null program exactly when `diagnostics` got an error.
  ObservingProgram(ModuleOp module, ArrayRef<Layer> layers, ArrayRef<int64_t> windows,
                   const CalibrationOptions &options, std::vector<cameo::Diagnostic> &diagnostics) {
    Variant copy(module);
    ObserveLayersPassOptions shown;
    shown.windows.assign(windows.begin(), windows.end());
    if (failed(runPasses(
            *copy, [&](OpPassManager &passes) { passes.addPass(createObserveLayersPass(shown)); }, diagnostics)))
      return;
    program = Program::make(*copy, options.compile, options.threads, diagnostics);
    if (!program)
      return;
    // One output per activation, named by its first layer.
    DenseMap<Layer::Reading, uint64_t> numbers;
    uint64_t next = mainOf(module).getNumResults();
    for (const Layer &layer : layers)
      outputs.push_back(layer.input ? numbers.try_emplace(layer.reading(), next + numbers.size()).first->second : 0);
    firstWindows = next + numbers.size();
  }
};

/// Hash of what a calibration depends on.
uint64_t identityOf(ArrayRef<Layer> layers, const Samples &samples) {
  uint64_t hash = llvm::xxh3_64bits(samples.identity());
  for (const Layer &layer : layers) {
    SmallVector<float> rows = layer.matrix();
    uint64_t own =
        llvm::xxh3_64bits(ArrayRef(reinterpret_cast<const uint8_t *>(rows.data()), rows.size() * sizeof(float)));
    uint64_t both[] = {hash, own};
    hash = llvm::xxh3_64bits(ArrayRef(reinterpret_cast<const uint8_t *>(both), sizeof(both)));
  }
  return hash;
}

/// Calls `see` for each sample from `first` on that has been run. False exactly when `diagnostics` got an error.
bool runAll(Program &program, Samples &samples, size_t first, const CalibrationOptions &options,
            std::vector<cameo::Diagnostic> &diagnostics, llvm::function_ref<bool(size_t)> see) {
  for (size_t i = first; i < std::min(samples.size(), options.most); ++i) {
    if (options.compile.progress)
      options.compile.progress("calibration", i, samples.size());
    if (!program.run(samples.inputs(i), diagnostics) || !see(i))
      return false;
  }
  return true;
}

} // namespace

LogicalResult Calibration::run(ModuleOp module, Samples &samples, const CalibrationOptions &options,
                               std::vector<cameo::Diagnostic> &diagnostics) {
  SmallVector<Layer> found = layersOf(mainOf(module));
  if (found.empty())
    return success();
  std::vector<int64_t> axes, windows;
  uint64_t gramBytes = options.gramBytes;
  DenseMap<Layer::Reading, size_t> numbers;
  std::vector<size_t> firstReaders; ///< of each observer
  for (auto [i, layer] : llvm::enumerate(found)) {
    SmallVector<StringRef> names = nodeNames(layer.op->getLoc());
    layers.push_back({names.empty() ? "layer " + std::to_string(i) : names.front().str(), std::nullopt, {}});
    if (!layer.input)
      continue;
    auto [number, isNew] = numbers.try_emplace(layer.reading(), observers.size());
    layers.back().observer = number->second;
    auto fits = [&](uint64_t size) {
      uint64_t bytes = size * size * sizeof(float);
      bool does = size < (uint64_t(1) << 30) && bytes <= gramBytes;
      gramBytes -= does ? bytes : 0;
      return does;
    };
    bool wantsMoments = layer.isMatrix || (options.convolutionGrams && layer.group == 1);
    bool hasWindows = wantsMoments && layer.terms > layer.channels && fits(layer.terms);
    if (hasWindows) {
      layers.back().windows = Moments(layer.terms);
      windows.push_back(int64_t(i));
    }
    if (!isNew)
      continue;
    observers.emplace_back(layer.channels, wantsMoments && !hasWindows && fits(layer.channels));
    axes.push_back(layer.shownAxis());
    firstReaders.push_back(i);
  }
  ObservingProgram observing(module, found, windows, options, diagnostics);
  if (!observing.program)
    return failure();
  uint64_t identity = identityOf(found, samples);
  if (!options.state.empty() && llvm::sys::fs::exists(options.state) && !load(options.state, identity))
    return refuse(diagnostics, "E-CALIB",
                  options.state + ": is not the state of a calibration of this model with these samples; delete it to "
                                  "begin anew");
  using Clock = std::chrono::steady_clock;
  Clock::time_point saved = Clock::now();
  bool done = runAll(*observing.program, samples, samplesSeen, options, diagnostics, [&](size_t) {
    for (auto [i, observer] : llvm::enumerate(observers)) {
      cameo_tensor seen = observing.program->output(observing.outputs[firstReaders[i]]);
      ArrayRef<int64_t> dims(seen.dims, seen.rank);
      if (observer.channels != dims[axes[i]])
        return succeeded(refuse(diagnostics, "E-INTERNAL", "an activation has other channels than its weights"));
      observer.add(static_cast<const float *>(seen.data), dims, axes[i]);
    }
    for (auto [i, layer] : llvm::enumerate(windows)) {
      cameo_tensor seen = observing.program->output(observing.firstWindows + i);
      layers[layer].windows.add(static_cast<const float *>(seen.data), ArrayRef(seen.dims, seen.rank), /*axis=*/1,
                                kWindowMultiplications);
    }
    ++samplesSeen;
    if (options.state.empty() || Clock::now() - saved < std::chrono::seconds(1))
      return true;
    saved = Clock::now();
    return save(options.state, identity) || succeeded(refuse(diagnostics, "E-FILE", "cannot write " + options.state));
  });
  if (done && !options.state.empty() && !save(options.state, identity))
    done = succeeded(refuse(diagnostics, "E-FILE", "cannot write " + options.state));
  for (auto [i, observer] : llvm::enumerate(observers))
    if (done && !(std::isfinite(observer.histogram.least) && std::isfinite(observer.histogram.most)))
      done = succeeded(refuse(diagnostics, "E-CALIB",
                              "what node '" + layers[firstReaders[i]].name + "' reads is infinite or NaN on a sample"));
  return success(done);
}

const Observer *Calibration::seenBy(size_t layer) const {
  std::optional<size_t> number = layers[layer].observer;
  return number && observers[*number].numbers > 0 ? &observers[*number] : nullptr;
}

LogicalResult Calibration::expectLayers(std::vector<cameo::Diagnostic> &diagnostics) const {
  return !layers.empty()
             ? success()
             : refuse(diagnostics, "E-UNSUPPORTED",
                      "the model has no convolution or product with constant weights in f32: there is nothing to "
                      "quantize");
}

/// Second moments as an attribute that borrows them.
static Attribute gramAttribute(MLIRContext *context, const Moments &gram) {
  auto type = RankedTensorType::get({int64_t(gram.values().size())}, Float32Type::get(context));
  ArrayRef<char> bytes = gram.storage()->bytes();
  if (gram.storage()->isInFile())
    ConstantStorage::of(context).share(gram.storage(), bytes);
  auto &manager = DenseResourceElementsHandle::getManagerInterface(context);
  return DenseResourceElementsAttr::get(
      type, manager.insert("gram", UnmanagedAsmResourceBlob::allocateWithAlign(bytes, alignof(float))));
}

void Calibration::annotate(ModuleOp module, RangeMethod method) const {
  Builder b(module.getContext());
  for (auto [i, layer] : llvm::enumerate(layersOf(mainOf(module)))) {
    if (!seenBy(i))
      continue;
    const Observer &seen = *seenBy(i);
    Range range = seen.histogram.range(method);
    SmallVector<float> mean, square;
    for (int64_t c = 0; c < seen.channels; ++c) {
      mean.push_back(float(seen.sum[c] / double(std::max<int64_t>(seen.numbers, 1))));
      square.push_back(float(seen.square[c]));
    }
    SmallVector<NamedAttribute> entries = {b.getNamedAttr("least", b.getF32FloatAttr(range.least)),
                                           b.getNamedAttr("most", b.getF32FloatAttr(range.most)),
                                           b.getNamedAttr("low", b.getDenseF32ArrayAttr(seen.low)),
                                           b.getNamedAttr("high", b.getDenseF32ArrayAttr(seen.high)),
                                           b.getNamedAttr("mean", b.getDenseF32ArrayAttr(mean)),
                                           b.getNamedAttr("square", b.getDenseF32ArrayAttr(square))};
    if (const Moments &gram = layers[i].windows.empty() ? seen.gram : layers[i].windows; !gram.empty())
      entries.push_back(b.getNamedAttr("gram", gramAttribute(b.getContext(), gram)));
    layer.op->setAttr(kObservedAttr, b.getDictionaryAttr(entries));
  }
}

// ---- the state: a header and the observers' numbers one after the other

static constexpr char kMagic[8] = {'c', 'a', 'm', 'e', 'o', 'c', 'a', '1'};

template <typename Visit> static void visitMoments(const Moments &moments, Visit visit) {
  if (moments.empty())
    return;
  visit(moments.values().data(), moments.values().size() * sizeof(float));
  moments.storage()->release();
}

/// Calls `visit(pointer, bytes)` for each piece of an observer.
template <typename ObserverT, typename Visit> static void visitPieces(ObserverT &observer, Visit visit) {
  visit(&observer.numbers, sizeof(observer.numbers));
  for (auto *number : {&observer.histogram.limit, &observer.histogram.least, &observer.histogram.most})
    visit(number, sizeof(*number));
  visit(observer.histogram.counts.data(), observer.histogram.counts.size() * sizeof(uint64_t));
  for (auto *list : {&observer.low, &observer.high})
    visit(list->data(), list->size() * sizeof(float));
  visitMoments(observer.gram, visit);
  for (auto *list : {&observer.sum, &observer.square})
    visit(list->data(), list->size() * sizeof(double));
}

bool Calibration::save(const std::string &path, uint64_t identity) const {
  std::string temporary = path + ".new";
  std::error_code error;
  {
    llvm::raw_fd_ostream os(temporary, error);
    if (error)
      return false;
    auto write = [&](const void *data, size_t bytes) { os.write(static_cast<const char *>(data), bytes); };
    write(kMagic, sizeof(kMagic));
    write(&identity, sizeof(identity));
    write(&samplesSeen, sizeof(samplesSeen));
    for (const Observer &observer : observers)
      visitPieces(observer, write);
    for (const Entry &layer : layers)
      visitMoments(layer.windows, write);
    os.close();
    error = os.error();
    os.clear_error();
  }
  return !error && !llvm::sys::fs::rename(temporary, path);
}

bool Calibration::load(const std::string &path, uint64_t identity) {
  auto file = llvm::MemoryBuffer::getFile(path);
  if (!file)
    return false;
  StringRef left = (*file)->getBuffer();
  bool isWhole = true;
  auto read = [&](void *data, size_t bytes) {
    isWhole &= left.size() >= bytes;
    if (isWhole) {
      std::memcpy(data, left.data(), bytes);
      left = left.drop_front(bytes);
    }
  };
  char magic[sizeof(kMagic)] = {};
  uint64_t found = 0;
  read(magic, sizeof(magic));
  read(&found, sizeof(found));
  read(&samplesSeen, sizeof(samplesSeen));
  if (!isWhole || std::memcmp(magic, kMagic, sizeof(kMagic)) || found != identity)
    return false;
  for (Observer &observer : observers)
    visitPieces(observer, read);
  for (Entry &layer : layers)
    visitMoments(layer.windows, read);
  return isWhole && left.empty();
}
