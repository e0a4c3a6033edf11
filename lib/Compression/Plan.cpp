// Plan.cpp - see Plan.h.
#include "cameo/Compression/Plan.h"
#include "Errors.h"
#include "cameo/Passes/Quantization/Layers.h"
#include "cameo/Passes/Quantization/Passes.h"
#include "cameo/Pipeline/Compile.h"
#include "cameo/Pipeline/TextProblem.h"
#include "cameo/Pipeline/WriteFile.h"
#include "cameo/Support/Escaped.h"
#include "mlir/AsmParser/AsmParser.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::compression;

std::string cameo::compression::describe(DictionaryAttr choice) {
  if (!choice)
    return "f32";
  Quantization q(choice);
  if (q.kind == QuantizationKind::Weights)
    return llvm::formatv("int{0} blocks of {1}, {2}{3}", q.bits, q.block, nameOf(q.method),
                         q.bytes ? ", int8 inputs" : "");
  StringRef width = q.kind == QuantizationKind::Bf16 ? "" : "int8 ";
  return (width + nameOf(q.kind) + (q.smooth > 0 ? ", smoothed" : "")).str();
}

int64_t cameo::compression::weightBytes(int64_t outputs, int64_t terms, DictionaryAttr choice) {
  if (!choice)
    return 4 * outputs * terms;
  Quantization q(choice);
  switch (q.kind) {
  case QuantizationKind::Bf16:
    return 2 * outputs * terms;
  case QuantizationKind::Static:
  case QuantizationKind::Dynamic:
    return outputs * terms + 4 * outputs;
  case QuantizationKind::Weights:
    // Two weights a byte, a scale and an offset of 4 bytes each.
    return outputs * ((terms + q.block - 1) / q.block) * (q.block / 2 + 8);
  }
  llvm_unreachable("all kinds are above");
}

DictionaryAttr cameo::compression::possibleChoice(DictionaryAttr choice, const Calibration &calibration, size_t layer) {
  Quantization q(choice);
  if (q.kind == QuantizationKind::Bf16)
    return choice;
  const Observer *seen = calibration.seenBy(layer);
  if (!seen)
    return {};
  if (q.kind != QuantizationKind::Weights || q.method != WeightMethod::Gptq || !seen->gram.empty())
    return choice;
  q.method = WeightMethod::Hqq;
  return q.attribute(choice.getContext());
}

static SmallVector<Layer> mainLayers(ModuleOp module) {
  return cameo::layersOf(module.lookupSymbol<func::FuncOp>("main"));
}

LogicalResult cameo::compression::apply(ModuleOp module, const Plan &plan, const Calibration &calibration,
                                        RangeMethod method, std::vector<cameo::Diagnostic> &diagnostics) {
  calibration.annotate(module, method);
  for (auto [layer, choice] : llvm::zip(mainLayers(module), plan.layers))
    if (choice)
      layer.op->setAttr(kQuantizationAttr, choice);
  return runPasses(module, [](OpPassManager &passes) { passes.addPass(createQuantizeLayersPass()); }, diagnostics);
}

LogicalResult cameo::compression::applySwitched(ModuleOp module, ArrayRef<std::vector<DictionaryAttr>> choices,
                                                const Calibration &calibration, RangeMethod method,
                                                std::vector<cameo::Diagnostic> &diagnostics) {
  calibration.annotate(module, method);
  for (auto [layer, own] : llvm::zip(mainLayers(module), choices))
    layer.op->setAttr(kChoicesAttr,
                      ArrayAttr::get(module.getContext(), SmallVector<Attribute>(own.begin(), own.end())));
  return runPasses(
      module,
      [](OpPassManager &passes) {
        passes.addPass(createSwitchLayersPass());
        passes.addPass(createQuantizeLayersPass());
      },
      diagnostics);
}

LogicalResult cameo::compression::savePlan(const std::string &path, const Plan &plan, const Calibration &calibration,
                                           std::vector<cameo::Diagnostic> &diagnostics) {
  llvm::json::Array rows;
  for (auto [layer, choice] : llvm::zip(calibration.layers, plan.layers)) {
    std::string printed;
    llvm::raw_string_ostream os(printed);
    if (choice)
      choice.print(os);
    rows.push_back(llvm::json::Object{{"layer", layer.name}, {"quantization", choice ? printed : "f32"}});
  }
  llvm::json::Object object{{"layers", std::move(rows)}};
  if (plan.pruned > 0)
    object["pruned"] = plan.pruned;
  auto problem = writeFile(
      path, [&](llvm::raw_ostream &os) { os << llvm::formatv("{0:2}", llvm::json::Value(std::move(object))) << "\n"; });
  if (problem)
    diagnostics.push_back(*problem);
  return failure(problem.has_value());
}

FailureOr<Plan> cameo::compression::loadPlan(const std::string &path, MLIRContext &context,
                                             const Calibration &calibration,
                                             std::vector<cameo::Diagnostic> &diagnostics) {
  auto file = llvm::MemoryBuffer::getFile(path);
  if (!file)
    return refuse(diagnostics, "E-FILE", path + ": cannot be read: " + file.getError().message());
  auto parsed = llvm::json::parse((*file)->getBuffer());
  if (!parsed)
    return refuse(diagnostics, "E-PLAN", path + ": is not JSON: " + llvm::toString(parsed.takeError()));
  llvm::json::Object *object = parsed->getAsObject();
  llvm::json::Array *rows = object ? object->getArray("layers") : nullptr;
  if (!rows)
    return refuse(diagnostics, "E-PLAN", path + ": has no list 'layers'");
  if (rows->size() != calibration.layers.size())
    return refuse(diagnostics, "E-PLAN",
                  path + ": is for a model of " + std::to_string(rows->size()) + " layers; this one has " +
                      std::to_string(calibration.layers.size()));
  Plan plan;
  if (const llvm::json::Value *share = object->get("pruned")) {
    plan.pruned = share->getAsNumber().value_or(-1);
    if (!(plan.pruned >= 0 && plan.pruned < 1))
      return refuse(diagnostics, "E-PLAN", path + ": 'pruned' is no share; expected a number from 0 to below 1");
  }
  ScopedDiagnosticHandler silent(&context, [](mlir::Diagnostic &) { return success(); });
  for (auto [row, layer] : llvm::zip(*rows, calibration.layers)) {
    llvm::json::Object *entry = row.getAsObject();
    auto name = entry ? entry->getString("layer") : std::nullopt;
    auto quantization = entry ? entry->getString("quantization") : std::nullopt;
    if (!name || *name != layer.name || !quantization)
      return refuse(diagnostics, "E-PLAN",
                    path + ": says nothing about layer '" + layer.name + "' in its place; is it another model's?");
    if (std::optional<TextProblem> problem = findTextProblem(*quantization))
      return refuse(diagnostics, "E-PLAN", path + ": layer '" + layer.name + "': " + problem->what);
    auto choice = *quantization == "f32" ? DictionaryAttr()
                                         : dyn_cast_if_present<DictionaryAttr>(parseAttribute(*quantization, &context));
    if (!choice && *quantization != "f32")
      return refuse(diagnostics, "E-PLAN",
                    path + ": layer '" + layer.name + "' is to be '" + escaped(*quantization) +
                        "', which is no quantization");
    std::string problem;
    if (choice && !Quantization::of(choice, problem))
      return refuse(diagnostics, "E-PLAN", path + ": layer '" + layer.name + "' " + problem);
    plan.layers.push_back(choice);
  }
  return plan;
}
