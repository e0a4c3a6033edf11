// Phases.cpp - the table of phases and the loop that runs it.
#include "cameo/Pipeline/Phases.h"
#include "PassRecorder.h"
#include "TuneTiles.h"
#include "cameo/Codegen/CPU/Passes.h"
#include "cameo/Passes/AllAreas.inc"
#include "mlir/Transforms/Passes.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace cameo;

static void foldConstants(PhaseBuilder &phase) {
  FoldConstantsPassOptions fold;
  if (phase.options.emit == OutputKind::ONNX) { // the file shall not grow
    fold.keepQuantized = true;
    fold.small = 64;
    fold.growth = 1;
  }
  phase.add(createFoldConstantsPass(fold));
  phase.add(createInferShapesPass());
  phase.add(createFoldSizesPass());
}

/// Code of GPUs reads densely, and images where that of CPUs walks three axes.
static bool isForCpusAlone(const CompileOptions &options) {
  return options.targets.kinds == std::vector<std::string>{"cpu"};
}

static constexpr Phase kPhases[] = {
    {"import", "the model in the dialect, as the importer made it", 0, [](PhaseBuilder &) {}},
    {"shapes", "sizes are constants where they can be, and what computed them is gone", 1,
     [](PhaseBuilder &phase) {
       phase.add(createInferShapesPass());
       phase.add(createFoldSizesPass());
     }},
    // Before constants, which would make quantized weights float again.
    {"quantization", "arithmetic on dequantized bytes is done on the bytes", 1,
     [](PhaseBuilder &phase) { phase.add(createIntegerArithmeticPass()); }},
    // After shapes: arithmetic on sizes that are known is constant too.
    {"constants", "what depends on constants alone is computed", 1, foldConstants},
    // After constants: what looks at the numbers of scales, pads and permutations finds them. CSE makes equal pieces
    // one value, as the next phase wants them.
    {"simplify", "ops that change nothing are gone, scales and offsets are part of weights", 1,
     [](PhaseBuilder &phase) {
       phase.add(createSimplifyPass());
       foldConstants(phase); // scaled weights
       phase.add(createCSEPass());
     }},
    // After simplify: views, powers and swapped operands are in one form. Before layout and fusion, which see whole
    // ops.
    {"recognize", "composites that exporters take apart are one op again", 1,
     [](PhaseBuilder &phase) {
       phase.add(createRecognizePass());
       phase.add(createRecognizeAttentionPass()); // reads softmax
       phase.add(createCSEPass());                // layers make the same mask
     }},
    // After simplify, which changes weights; normalizations and attention, which stay as they are, are whole.
    {"precision", "layers multiply narrower floats where that was asked for", 1,
     [](PhaseBuilder &phase) {
       if (phase.options.factors == FactorType::AsWritten)
         return;
       phase.add(createLowerPrecisionPass({.f16 = phase.options.factors == FactorType::F16}));
       foldConstants(phase); // weights
     }},
    // After precision: spectra, which spread over orders of magnitude, stay f32.
    {"transforms",
     "Fourier transforms of a known length are products, and so are convolutions whose filters only the run knows", 1,
     [](PhaseBuilder &phase) {
       if (phase.options.emit != OutputKind::ONNX) // the file shall not grow
         phase.add(createMultiplyTransformsPass());
       if (isForCpusAlone(phase.options) && phase.options.emit != OutputKind::ONNX) {
         phase.add(createMergePhasesPass());
         phase.add(createMultiplyWindowsPass());
       }
     }},
    // Before fusion: the transposes that it leaves are ops to be fused.
    {"layout", "convolutions and what surrounds them have channels last", 1,
     [](PhaseBuilder &phase) {
       if (isForCpusAlone(phase.options) &&
           phase.options.emit != OutputKind::ONNX) // GPUs' code has whole normalizations
         phase.add(createNormalizeByChannelPass());
       phase.add(createChannelsLastPass());
       if (!isForCpusAlone(phase.options))
         phase.add(createFlattenVolumesPass());
       foldConstants(phase); // changed weights, and transposes of constants
     }},
    // After all that adds or removes ops.
    {"fusion", "ops that hand elements to each other share a kernel", 1,
     [](PhaseBuilder &phase) {
       phase.add(createFuseKernelsPass());
       phase.add(createRoundInPlacePass());
     }},
    // What fusion left alone; the whole of it at -O0.
    {"kernels", "every op that computes belongs to a kernel", 0,
     [](PhaseBuilder &phase) {
       phase.add(createFormKernelsPass());
       phase.add(createAppendInPlacePass());
     }},
    // A kernel's tile depends on its contraction alone, so that it can be written by hand in a test.
    {"tiles", "the kernels of contractions and attention say in `config` how they are cut into register tiles, per CPU",
     1,
     [](PhaseBuilder &phase) {
       if (phase.options.tune != Tune::No)
         phase.add(createTuneTilesPass(phase.options));
       phase.add(codegen::createChooseTilesPass(
           {.cpus = llvm::to_vector(phase.options.targets.cpus), .strict = phase.options.strict}));
     }},
    // Last: what reads and what writes a tensor is decided.
    {"placement", "kernels store where a concatenation wants what they compute", 1,
     [](PhaseBuilder &phase) {
       if (isForCpusAlone(phase.options))
         phase.add(codegen::createConcatInPlacePass());
     }},
};

llvm::ArrayRef<Phase> cameo::phases() { return kPhases; }

void PhaseBuilder::add(std::unique_ptr<Pass> pass) {
  if (llvm::is_contained(options.disabledPasses, pass->getArgument()))
    return;
  added.push_back(pass->getArgument().str());
  passes.addPass(std::move(pass));
}

std::vector<std::string> cameo::optionalPasses() {
  std::vector<std::string> names;
  CompileOptions options;
  options.factors = FactorType::BF16; // so that what an option or a target adds is among them
  options.tune = Tune::Quick;
  for (const Phase &phase : phases())
    for (const char *target : {"cpu", "cuda"}) {
      options.targets.kinds = {target};
      OpPassManager passes(ModuleOp::getOperationName(), OpPassManager::Nesting::Implicit);
      PhaseBuilder builder(passes, options);
      phase.build(builder);
      for (const std::string &pass : builder.added)
        if (phase.minOptLevel > 0 && !llvm::is_contained(names, pass))
          names.push_back(pass);
    }
  return names;
}

void cameo::registerAllPasses() {
#include "cameo/Passes/Registration.inc"
  codegen::registerCameoCpuPasses();
}

static LogicalResult runPhase(const Phase &phase, ModuleOp module, const CompileOptions &options,
                              CompileReport &report) {
  // Implicit nesting: a pass on functions finds its place by itself.
  PassManager passes(module.getContext(), ModuleOp::getOperationName(), PassManager::Nesting::Implicit);
  PhaseBuilder builder(passes, options);
  phase.build(builder);
  report.phases.push_back({phase.name.str(), 0, {}});
  PassRecorder recorder(*module.getContext(), report);
  passes.addInstrumentation(recorder.instrumentation());
  return passes.run(module);
}

LogicalResult cameo::runPhases(ModuleOp module, const CompileOptions &options, CompileReport &report) {
  for (const Phase &phase : phases()) {
    if (options.progress)
      options.progress(phase.name.str(), 0, 0);
    if (options.optLevel >= phase.minOptLevel && failed(runPhase(phase, module, options, report)))
      return failure();
    if (llvm::is_contained(options.dumpAfter, phase.name)) {
      llvm::errs() << "// after phase '" << phase.name << "'\n";
      OpPrintingFlags flags;
      flags.elideLargeElementsAttrs(16).elideLargeResourceString(16);
      module.print(llvm::errs(), flags);
      llvm::errs() << "\n";
    }
    if (options.stopAfter == phase.name)
      break;
  }
  return success();
}
