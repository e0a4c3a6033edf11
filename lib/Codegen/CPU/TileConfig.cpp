// TileConfig.cpp - tiles as attributes of cameo.kernel: written by a pass for everybody to see, read by the emitters.
//
//   cameo.kernel(%x, %w) attributes {config = {native = {mr = 6, nr = 64, lanes = 16, …}}}
//
// One entry per CPU that is compiled for, by the name that --cpu gives it. An entry written by hand is kept.
#include "Anchors.h"
#include "cameo/Support/ErrorCode.h"
#include "mlir/Pass/Pass.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::codegen;

namespace {

/// A field of ContractionTile by name; flags are 0 and 1.
struct TileField {
  StringRef name;
  int64_t (*get)(const ContractionTile &);
  void (*set)(ContractionTile &, int64_t);
};

#define FIELD(NAME)                                                                                                    \
  {#NAME, [](const ContractionTile &t) { return int64_t(t.NAME); },                                                    \
   [](ContractionTile &t, int64_t v) { t.NAME = static_cast<decltype(t.NAME)>(v); }}
constexpr TileField kFields[] = {FIELD(mr),     FIELD(nr),         FIELD(lanes),  FIELD(tailMr),
                                 FIELD(mBlock), FIELD(panelOuter), FIELD(kUnroll)};
#undef FIELD

DictionaryAttr toAttribute(MLIRContext *context, const ContractionTile &tile) {
  Builder b(context);
  SmallVector<NamedAttribute> entries;
  for (const TileField &field : kFields)
    entries.push_back(b.getNamedAttr(field.name, b.getI64IntegerAttr(field.get(tile))));
  return b.getDictionaryAttr(entries);
}

/// What is wrong with a tile, or null.
const char *problemOf(const ContractionTile &tile, const VectorTarget &target) {
  if (tile.mr < 1 || tile.tailMr < 1 || tile.mBlock < 1 || tile.kUnroll < 1)
    return "mr, tailMr, mBlock and kUnroll are 1 or more";
  if (tile.lanes != 4 && tile.lanes != 8 && tile.lanes != 16)
    return "lanes is 4, 8 or 16";
  if (tile.lanes > target.lanes())
    return "lanes is not more than the CPU's vectors have";
  if (tile.nr < tile.lanes || tile.nr % tile.lanes != 0)
    return "nr is a multiple of lanes";
  if (tile.mBlock % tile.mr != 0)
    return "mBlock is a multiple of mr";
  // The last panel, of tailMr rows, is narrower by an amount that the tile does not say.
  if ((tile.mr + 1) * (tile.nr / tile.lanes) + 1 > target.numRegisters || tile.tailMr + 2 > target.numRegisters)
    return "a tile of mr rows and a row of B fit the CPU's vector registers";
  return nullptr;
}

class ChooseTiles : public PassWrapper<ChooseTiles, OperationPass<func::FuncOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ChooseTiles)
  explicit ChooseTiles(std::vector<std::string> cpus) : cpus(std::move(cpus)) {}
  StringRef getArgument() const override { return "cameo-choose-tiles"; }
  StringRef getDescription() const override { return "gives every contraction its tile, per CPU"; }

  void runOnOperation() override {
    ShapeAnalysis shapes;
    for (const std::string &cpu : cpus) {
      std::string error;
      auto target = findCpuTarget(cpu, error);
      if (!target) {
        withCode("E-USAGE", mlir::emitError(UnknownLoc::get(&getContext()))) << error;
        return signalPassFailure();
      }
      getOperation().walk([&](KernelOp kernel) {
        for (Operation &op : kernel.getBody().front())
          if (auto shape = contractionShape(&op, shapes))
            setTile(kernel, *target, chooseTile(vectorTarget(*target), *shape));
        return WalkResult::skip();
      });
    }
  }

private:
  void setTile(KernelOp kernel, const CpuTarget &target, const ContractionTile &tile) {
    NamedAttrList config(kernel.getConfigAttr() ? kernel.getConfigAttr() : DictionaryAttr::get(&getContext()));
    if (config.get(target.name))
      return;
    config.set(target.name, toAttribute(&getContext(), tile));
    kernel.setConfigAttr(config.getDictionary(&getContext()));
  }

  std::vector<std::string> cpus;
};

} // namespace

FailureOr<ContractionTile> Anchor::tile(const ContractionShape &shape) const {
  KernelOp op = kernel;
  DictionaryAttr config = op.getConfigAttr();
  auto entry = config ? config.getAs<DictionaryAttr>(target.name) : DictionaryAttr();
  if (!entry)
    return chooseTile(vectors(), shape);
  ContractionTile tile;
  for (const TileField &field : kFields) {
    auto value = entry.getAs<IntegerAttr>(field.name);
    if (!value)
      return op.emitOpError("config of ") << target.name << " lacks the number '" << field.name << "'";
    field.set(tile, value.getInt());
  }
  if (const char *problem = problemOf(tile, vectors()))
    return op.emitOpError("config of ") << target.name << " is " << entry << "; expected that " << problem;
  return tile;
}

std::unique_ptr<Pass> cameo::codegen::createChooseTilesPass(std::vector<std::string> cpus) {
  return std::make_unique<ChooseTiles>(std::move(cpus));
}
