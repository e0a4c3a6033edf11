// Phases.cpp - the table of phases and the loop that runs it.
#include "cameo/Pipeline/Phases.h"
#include "cameo/Codegen/CPU/LoopVectorization.h"
#include "cameo/Passes/AllAreas.inc"
#include "cameo/Codegen/CPU/CpuAnchors.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace cameo;

static void foldConstants(OpPassManager &passes, const CompileOptions &) {
  passes.addNestedPass<func::FuncOp>(createFoldConstantsPass());
  passes.addNestedPass<func::FuncOp>(createInferShapesPass());
  passes.addNestedPass<func::FuncOp>(createFoldSizesPass());
}

static constexpr Phase kPhases[] = {
    {"import", "the model in the dialect, as the importer made it", 0, [](OpPassManager &, const CompileOptions &) {}},
    {"shapes", "sizes are constants where they can be, and what computed them is gone", 1,
     [](OpPassManager &passes, const CompileOptions &) {
       passes.addNestedPass<func::FuncOp>(createInferShapesPass());
       passes.addNestedPass<func::FuncOp>(createFoldSizesPass());
     }},
    {"constants", "what depends on constants alone is computed", 1, foldConstants},
    {"simplify", "ops that change nothing are gone, scales and offsets are part of weights", 1,
     [](OpPassManager &passes, const CompileOptions &) {
       passes.addNestedPass<func::FuncOp>(createSimplifyPass());
       passes.addNestedPass<func::FuncOp>(createCSEPass());
     }},
    {"recognize", "composites that exporters take apart are one op again", 1,
     [](OpPassManager &passes, const CompileOptions &) { passes.addNestedPass<func::FuncOp>(createRecognizePass()); }},
    {"layout", "convolutions and what surrounds them have channels last", 1,
     [](OpPassManager &passes, const CompileOptions &options) {
       passes.addNestedPass<func::FuncOp>(createChannelsLastPass());
       foldConstants(passes, options); // changed weights, and transposes of constants
     }},
    {"fusion", "ops that hand elements to each other share a kernel", 1,
     [](OpPassManager &passes, const CompileOptions &) { passes.addNestedPass<func::FuncOp>(createFuseKernelsPass()); }},
    {"kernels", "every op that computes belongs to a kernel", 0,
     [](OpPassManager &passes, const CompileOptions &) { passes.addNestedPass<func::FuncOp>(createFormKernelsPass()); }},
    {"tiles", "the kernels of contractions say in `config` how they are cut into register tiles, per CPU", 1,
     [](OpPassManager &passes, const CompileOptions &options) {
       passes.addNestedPass<func::FuncOp>(codegen::createChooseTilesPass(options.cpus));
     }},
};

llvm::ArrayRef<Phase> cameo::phases() { return kPhases; }

void cameo::registerAllPasses() {
#include "cameo/Passes/Registration.inc"
  codegen::registerLoopVectorizationPass();
}

LogicalResult cameo::runPhases(ModuleOp module, const CompileOptions &options) {
  for (const Phase &phase : phases()) {
    if (options.optLevel >= phase.minOptLevel) {
      PassManager passes(module.getContext());
      passes.enableVerifier(true);
      phase.build(passes, options);
      if (failed(passes.run(module)))
        return failure();
    }
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
