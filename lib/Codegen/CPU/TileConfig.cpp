// TileConfig.cpp - tiles as attributes of cameo.kernel: written by a pass for everybody to see, read by the emitters.
//
//   cameo.kernel(%x, %w) attributes {config = {znver4 = {mr = 6, nr = 64, lanes = 16, …}}}
//   of attention: {config = {znver4 = {queries = 64, keys = 256, scores = {mr = 4, …}, values = {mr = 6, …}}}}
//
// One entry per CPU that is compiled for, by LLVM's name for it. An entry written by hand is kept.
#include "Anchors.h"
#include "ContractionSparse.h"
#include "cameo/Codegen/CPU/Passes.h"
#include "cameo/Support/ErrorCode.h"
#include "mlir/IR/Remarks.h"

namespace cameo::codegen {
#define GEN_PASS_DEF_CHOOSETILESPASS
#include "cameo/Codegen/CPU/Passes.h.inc"
} // namespace cameo::codegen

using namespace mlir;
using namespace cameo;
using namespace cameo::codegen;

namespace {

/// A field of ContractionTile by name; flags are 0 and 1. One that is not `required` may be left out, which means 0.
struct TileField {
  StringRef name;
  bool required;
  int64_t (*get)(const ContractionTile &);
  void (*set)(ContractionTile &, int64_t);
};

#define FIELD(NAME, REQUIRED)                                                                                          \
  {#NAME, REQUIRED, [](const ContractionTile &t) { return int64_t(t.NAME); },                                          \
   [](ContractionTile &t, int64_t v) { t.NAME = static_cast<decltype(t.NAME)>(v); }}
constexpr TileField kFields[] = {
    FIELD(mr, true),         FIELD(nr, true),      FIELD(lanes, true),     FIELD(tailMr, true),  FIELD(mBlock, true),
    FIELD(panelOuter, true), FIELD(kUnroll, true), FIELD(winograd, false), FIELD(sparse, false), FIELD(alongK, false)};
#undef FIELD

/// What is wrong with a tile, or null.
const char *problemOf(const ContractionTile &tile, const VectorTarget &target, const ContractionShape &shape) {
  if (tile.winograd != 0 && tile.winograd != 2 && tile.winograd != 4)
    return "winograd is 0, 2 or 4";
  if (tile.winograd != 0 && !shape.winograd)
    return "winograd is of convolutions of floats by 3x3 with stride 1 and one group";
  constexpr int64_t kMost = 1 << 16, kMostSteps = 64; // far from any overflow of what follows; that are code each
  auto isWithin = [](int64_t x, int64_t most) { return x >= 1 && x <= most; };
  if (!isWithin(tile.mr, kMost) || !isWithin(tile.tailMr, kMost) || !isWithin(tile.mBlock, kMost) ||
      !isWithin(tile.nr, kMost))
    return "mr, tailMr, nr and mBlock are 1 to 65536";
  if (!isWithin(tile.kUnroll, kMostSteps))
    return "kUnroll is 1 to 64";
  if (tile.lanes != 4 && tile.lanes != 8 && tile.lanes != 16)
    return "lanes is 4, 8 or 16";
  if (tile.lanes > target.lanes())
    return "lanes is not more than the CPU's vectors have";
  if (tile.nr < tile.lanes || tile.nr % tile.lanes != 0)
    return "nr is a multiple of lanes";
  if (tile.mBlock % tile.mr != 0)
    return "mBlock is a multiple of mr";
  if (tile.alongK != 0 && tile.alongK != 1)
    return "alongK is 0 or 1";
  if (tile.alongK != 0 && !shape.alongK)
    return "alongK is of products of f32 or bf16, contiguous along K, with constant weights or one column";
  if ((tile.winograd != 0) + (tile.sparse != 0) + (tile.alongK != 0) > 1)
    return "winograd, sparse and alongK are not 0 one at a time";
  if (tile.alongK != 0)
    return tile.tailMr == tile.mr && fitsAlongK(target, tile, shape.n)
               ? nullptr
               : "where alongK is 1 lanes are the CPU's, nr is a vector per column, tailMr is mr, and all fits its "
                 "vector registers";
  // The last panel, of tailMr rows, is narrower by an amount that the tile does not say.
  if ((tile.mr + 1) * (tile.nr / tile.lanes) + 1 > target.numRegisters || tile.tailMr + 2 > target.numRegisters)
    return "a tile of mr rows and a row of B fit the CPU's vector registers";
  if (tile.sparse != 0 && tile.sparse != 1)
    return "sparse is 0 or 1";
  if (tile.sparse != 0 && !shape.sparseRows)
    return "sparse is of products of f32 with constant weights, three tenths of them zero or more";
  if (tile.sparse != 0 && !fitsSparse(tile, shape))
    return "where sparse is 1 nr is 16, mBlock is mr, and a copy of mr rows fits a thread's stack";
  return nullptr;
}

const char *problemOf(const AttentionTile &tile, const VectorTarget &target, const AttentionShape &shape) {
  constexpr int64_t kMost = 1 << 16; // far from any overflow of what follows
  if (tile.queries < 1 || tile.queries > kMost || tile.keys < 1 || tile.keys > kMost)
    return "queries and keys are 1 to 65536";
  if (tile.queries != paddedLanes(target, tile.queries) || tile.keys % target.lanes() != 0)
    return "queries fill vectors, and keys is a multiple of the CPU's lanes";
  if (attentionScratch(target, tile, shape).bytes() > kMostAttentionScratch)
    return "what a block needs fits a thread's stack";
  return nullptr;
}

class ChooseTiles : public cameo::codegen::impl::ChooseTilesPassBase<ChooseTiles> {
public:
  using ChooseTilesPassBase::ChooseTilesPassBase;

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
          if (const TunedOp *tuned = tunedCodeOf(&op))
            if (DictionaryAttr tile = tuned->tileOf(&op, shapes, *target, strict))
              setTile(kernel, *target, tile, op.getLoc());
        return WalkResult::skip();
      });
    }
  }

private:
  void setTile(KernelOp kernel, const CpuTarget &target, DictionaryAttr tile, Location loc) {
    NamedAttrList config(kernel.getConfigAttr() ? kernel.getConfigAttr() : DictionaryAttr::get(&getContext()));
    if (config.get(target.cpu))
      return;
    config.set(target.cpu, tile);
    kernel.setConfigAttr(config.getDictionary(&getContext()));
    if (tile.get("sparse"))
      remark::passed(loc, remark::RemarkOpts::name("products that skip zeros").category(getArgument()))
          << "rows of 16 weights that are all 0 are skipped on " + target.cpu;
  }
};

} // namespace

DictionaryAttr cameo::codegen::toAttribute(MLIRContext *context, const ContractionTile &tile) {
  Builder b(context);
  SmallVector<NamedAttribute> entries;
  for (const TileField &field : kFields)
    if (field.required || field.get(tile) != 0)
      entries.push_back(b.getNamedAttr(field.name, b.getI64IntegerAttr(field.get(tile))));
  return b.getDictionaryAttr(entries);
}

DictionaryAttr cameo::codegen::toAttribute(MLIRContext *context, const AttentionTile &tile) {
  Builder b(context);
  return b.getDictionaryAttr({b.getNamedAttr("queries", b.getI64IntegerAttr(tile.queries)),
                              b.getNamedAttr("keys", b.getI64IntegerAttr(tile.keys)),
                              b.getNamedAttr("scores", toAttribute(context, tile.scores)),
                              b.getNamedAttr("values", toAttribute(context, tile.values))});
}

ContractionTile cameo::codegen::tileFromAttribute(DictionaryAttr entry) {
  ContractionTile tile;
  for (const TileField &field : kFields) {
    auto value = entry.getAs<IntegerAttr>(field.name);
    field.set(tile, value ? value.getInt() : 0);
  }
  return tile;
}

DictionaryAttr cameo::codegen::tileEntry(KernelOp kernel, const CpuTarget &target) {
  DictionaryAttr config = kernel.getConfigAttr();
  return config ? config.getAs<DictionaryAttr>(target.cpu) : DictionaryAttr();
}

static InFlightDiagnostic emitLack(KernelOp kernel, const CpuTarget &target, StringRef name) {
  return withCode("E-ATTR", kernel.emitOpError("config of ")) << target.cpu << " lacks '" << name << "'";
}

static InFlightDiagnostic emitProblem(KernelOp kernel, const CpuTarget &target, StringRef expected) {
  return withCode("E-ATTR", kernel.emitOpError("config of "))
         << target.cpu << " is " << tileEntry(kernel, target) << "; expected that " << expected;
}

/// The tile in `entry`, which is the kernel's or lies in it.
static FailureOr<ContractionTile> readTile(KernelOp kernel, const CpuTarget &target, DictionaryAttr entry,
                                           const ContractionShape &shape) {
  for (const TileField &field : kFields)
    if (field.required && !entry.getAs<IntegerAttr>(field.name))
      return emitLack(kernel, target, field.name);
  ContractionTile tile = tileFromAttribute(entry);
  if (const char *problem = problemOf(tile, vectorTarget(target), shape))
    return emitProblem(kernel, target, problem);
  return tile;
}

FailureOr<ContractionTile> Anchor::tile(ContractionShape shape) const {
  if (DictionaryAttr entry = tileEntry(kernel, target))
    return readTile(kernel, target, entry, shape);
  shape.winograd.reset(); // only a tile that somebody chose may round otherwise
  return chooseTile(vectors(), shape);
}

FailureOr<AttentionTile> Anchor::attentionTile(const AttentionShape &shape) const {
  DictionaryAttr entry = tileEntry(kernel, target);
  if (!entry)
    return chooseAttentionTile(vectors(), shape);
  AttentionTile tile;
  for (auto [name, field] : {std::pair("queries", &tile.queries), std::pair("keys", &tile.keys)}) {
    auto value = entry.getAs<IntegerAttr>(name);
    if (!value)
      return emitLack(kernel, target, name);
    *field = value.getInt();
  }
  for (auto [name, field] : {std::pair("scores", &tile.scores), std::pair("values", &tile.values)}) {
    auto part = entry.getAs<DictionaryAttr>(name);
    if (!part)
      return emitLack(kernel, target, name);
    auto read = readTile(kernel, target, part, ContractionShape());
    if (failed(read))
      return failure();
    *field = *read;
  }
  if (const char *problem = problemOf(tile, vectors(), shape))
    return emitProblem(kernel, target, problem);
  return tile;
}
