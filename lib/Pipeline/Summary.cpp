// Summary.cpp - walks the imported ops for their costs, then forms kernels and plans their results for the memory.
#include "cameo/Pipeline/Summary.h"
#include "Messages.h"
#include "cameo/Codegen/MemoryPlan.h"
#include "cameo/Dialect/Cameo/Attributes.h"
#include "cameo/Dialect/Cameo/Cost.h"
#include "cameo/Pipeline/Phases.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace cameo;

namespace {

/// The value of a size when everything unknown has the assumed one. Saturates.
class Sizes {
public:
  explicit Sizes(bool &hasOpenSizes) : hasOpenSizes(hasOpenSizes) {}

  int64_t operator()(Dim dim) {
    int64_t sum = 0;
    for (const DimTerm &term : dim.getNode()->terms) {
      int64_t product = term.coefficient;
      for (const DimAtom *a : term.atoms)
        product = llvm::MulOverflow(product, atom(*a), product) ? INT64_MAX : product;
      sum = llvm::AddOverflow(sum, product, sum) ? INT64_MAX : sum;
    }
    return std::max<int64_t>(0, sum);
  }

private:
  bool &hasOpenSizes;
  DenseMap<const DimAtom *, int64_t> values; ///< sizes are graphs, with more paths than atoms

  int64_t atom(const DimAtom &a) {
    auto known = values.find(&a);
    return known != values.end() ? known->second : values[&a] = compute(a);
  }

  int64_t compute(const DimAtom &a) {
    if (a.kind == AtomKind::SizeOf || a.kind == AtomKind::ElementOf) {
      hasOpenSizes = true;
      return Summary::assumedSize;
    }
    int64_t x = (*this)(a.lhs), y = (*this)(a.rhs);
    switch (a.kind) {
    case AtomKind::FloorDiv:
      return y ? llvm::divideFloorSigned(x, y) : 0;
    case AtomKind::Mod:
      return y ? x - llvm::divideFloorSigned(x, y) * y : 0;
    case AtomKind::Min:
      return std::min(x, y);
    case AtomKind::Max:
      return std::max(x, y);
    default:
      return x == 1 ? y : x; // Broadcast
    }
  }
};

using Kinds = std::map<std::string, KindCost>;

/// sum + x * times of what is not negative, or the largest number.
int64_t saturatingSum(int64_t sum, int64_t x, int64_t times = 1) {
  uint64_t most = INT64_MAX;
  return int64_t(std::min(most, llvm::SaturatingMultiplyAdd(uint64_t(x), uint64_t(times), uint64_t(sum))));
}

/// Adds `costs`, `times` over.
void addTo(Kinds &kinds, const Kinds &costs, int64_t times = 1) {
  for (auto &[name, cost] : costs) {
    KindCost &kind = kinds[name];
    kind.count += cost.count;
    kind.flops = saturatingSum(kind.flops, cost.flops, times);
    kind.bytes = saturatingSum(kind.bytes, cost.bytes, times);
  }
}

int64_t flopsOf(const Kinds &kinds) {
  int64_t sum = 0;
  for (auto &[name, cost] : kinds)
    sum = saturatingSum(sum, cost.flops);
  return sum;
}

struct CostWalk {
  ShapeAnalysis &shapes;
  Sizes &sizes;

  int64_t bytes(Value v) { return storageBytes(getElementTypeOrSelf(v.getType()), sizes(shapes.numElements(v))); }

  Kinds cost(Block &block) {
    Kinds kinds;
    for (Operation &op : block)
      addTo(kinds, cost(op));
    return kinds;
  }

  /// Of branches the dearer one counts; a loop as often as it is known to run.
  Kinds cost(Operation &op) {
    if (auto branch = dyn_cast<IfOp>(op)) {
      Kinds a = cost(branch.getThenRegion().front()), b = cost(branch.getElseRegion().front());
      return flopsOf(a) < flopsOf(b) ? b : a;
    }
    if (auto loop = dyn_cast<LoopOp>(op)) {
      auto trips = loop.getTripCount() ? shapes.elements(loop.getTripCount()) : std::nullopt;
      Kinds kinds;
      addTo(kinds, cost(loop.getBody().front()), trips ? sizes(trips->front()) : Summary::assumedSize);
      return kinds;
    }
    if (!isa<ShapeInterface>(op) || isa<ConstantOp, AliasInterface>(op))
      return {};
    KindCost cost{1, 0, 0};
    cost.flops = sizes(flopsOf(shapes, &op));
    for (Value v : llvm::concat<Value>(op.getOperands(), op.getResults()))
      cost.bytes = saturatingSum(cost.bytes, bytes(v));
    return {{op.getName().stripDialect().str(), cost}};
  }
};

Summary::Value describe(Type type, DictionaryAttr attributes) {
  auto tensor = cast<RankedTensorType>(type);
  Summary::Value value;
  if (auto name = attributes ? attributes.getAs<StringAttr>(kNameAttr) : StringAttr())
    value.name = name.str();
  if (isa<StringType>(tensor.getElementType()))
    value.type = "string";
  else
    llvm::raw_string_ostream(value.type) << tensor.getElementType();
  auto names = attributes ? attributes.getAs<ArrayAttr>(kDimsAttr) : ArrayAttr();
  for (auto [axis, size] : llvm::enumerate(tensor.getShape())) {
    StringRef name = names && axis < names.size() ? cast<StringAttr>(names[axis]).getValue() : "";
    value.dims.push_back(!ShapedType::isDynamic(size) ? std::to_string(size) : name.empty() ? "?" : name.str());
  }
  return value;
}

/// The bytes that the results of kernels need at once.
int64_t planArena(func::FuncOp main, ShapeAnalysis &shapes, Sizes &sizes) {
  codegen::MemoryPlan plan(main);
  auto ret = cast<func::ReturnOp>(main.getBody().front().getTerminator());
  main.walk([&](KernelOp kernel) {
    for (Value v : kernel.getResults())
      if (!llvm::is_contained(ret.getOperands(), v)) // outputs are the caller's memory
        plan.addValue(v, storageBytes(getElementTypeOrSelf(v.getType()), sizes(shapes.numElements(v))),
                      /*toTheEnd=*/false);
  });
  plan.place();
  return plan.bytes();
}

} // namespace

KindCost Summary::total() const {
  KindCost sum;
  for (auto &[name, cost] : kinds) {
    sum.count += cost.count;
    sum.flops += cost.flops;
    sum.bytes += cost.bytes;
  }
  return sum;
}

FailureOr<Summary> cameo::summarize(ModuleOp module, std::vector<cameo::Diagnostic> &diagnostics) {
  Summary summary;
  Sizes sizes(summary.hasOpenSizes);
  auto main = module.lookupSymbol<func::FuncOp>("main");
  {
    ShapeAnalysis shapes;
    CostWalk walk{shapes, sizes};
    summary.kinds = walk.cost(main.getBody().front());
    for (BlockArgument argument : main.getArguments()) {
      summary.inputs.push_back(describe(argument.getType(), main.getArgAttrDict(argument.getArgNumber())));
      summary.inputBytes += walk.bytes(argument);
    }
    auto ret = cast<func::ReturnOp>(main.getBody().front().getTerminator());
    for (auto [i, value] : llvm::enumerate(ret.getOperands())) {
      summary.outputs.push_back(describe(value.getType(), main.getResultAttrDict(i)));
      summary.outputBytes += walk.bytes(value);
    }
  }
  main.walk([&](ConstantOp constant) {
    auto type = cast<RankedTensorType>(constant.getResult().getType());
    if (type.getNumElements() < 2)
      return;
    summary.parameters += type.getNumElements();
    summary.parameterBytes += storageBytes(type.getElementType(), type.getNumElements());
  });
  if (auto opsets = module->getAttrOfType<DictionaryAttr>(kOpsetsAttr))
    for (NamedAttribute opset : opsets)
      summary.opsets[opset.getName().str()] = cast<IntegerAttr>(opset.getValue()).getInt();

  // Folding runs code; what it would remove is small.
  CompileOptions options;
  options.disabledPasses = {"cameo-fold-constants"};
  options.stopAfter = "kernels";
  MessageCollector collector(module.getContext(), "model", "E-INTERNAL", diagnostics);
  CompileReport report;
  if (failed(runPhases(module, options, report)))
    return failure();
  ShapeAnalysis shapes;
  summary.arenaBytes = planArena(main, shapes, sizes);
  return summary;
}
