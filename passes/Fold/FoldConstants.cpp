// FoldConstants.cpp - finds the constant part of a function, has it run, and puts the results in its place.
#include "cameo/Dialect/Cameo/Cameo.h"
#include "cameo/Dialect/Cameo/Cost.h"
#include "cameo/Passes/Fold/ConstantEvaluator.h"
#include "cameo/Passes/Fold/Passes.h"
#include "cameo/Passes/Remarks.h"
#include "cameo/Support/ErrorCode.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/Threading.h"

namespace cameo {
#define GEN_PASS_DEF_FOLDCONSTANTSPASS
#include "cameo/Passes/Fold/Passes.h.inc"
} // namespace cameo

using namespace mlir;
using namespace cameo;

/// Bytes of a value of a static type; nothing when a size is open.
static std::optional<int64_t> staticBytes(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  if (!type.hasStaticShape())
    return std::nullopt;
  return storageBytes(type.getElementType(), type.getNumElements());
}

/// True for constants that shape functions read, and for single numbers, which kernels hold as immediates.
static bool staysInline(ConstantOp constant) {
  auto type = cast<RankedTensorType>(constant.getType());
  return type.getNumElements() == 1 ||
         (type.getElementType().isInteger() && type.getNumElements() <= kMaxTrackedElements);
}

namespace {

/// Which ops may be folded.
struct Selection {
  bool nested;    ///< those in regions that may not run
  bool openSizes; ///< those whose results have sizes that only running them can tell
};

/// The ops of a function that depend on constants alone, in order, and those of their results that others use.
struct ConstantPart {
  llvm::SetVector<Operation *> ops;
  SmallVector<Value> results;
  int64_t mostBytes = 0; ///< operands and results of one op, as far as they are known
};

/// Of the ops that are folded so far.
struct Spent {
  int64_t bytes = 0; ///< of results
  int64_t work = 0;  ///< operations of loops
};

struct FoldConstants : public cameo::impl::FoldConstantsPassBase<FoldConstants> {
  using FoldConstantsPassBase::FoldConstantsPassBase;

  ConstantPart find(Selection selection);
  const ConstantEvaluator *evaluator() {
    return getContext().getLoadedDialect<CameoDialect>()->getRegisteredInterface<ConstantEvaluator>();
  }
  bool mayFold(ShapeAnalysis &shapes, Operation *op, Spent &spent, ConstantPart &part);
  OwningOpRef<ModuleOp> outline(const ConstantPart &part, bool keepSizes, SmallVectorImpl<ElementsAttr> &arguments);
  FailureOr<SmallVector<ElementsAttr>> evaluate(const ConstantPart &part);
  bool replace(const ConstantPart &part, ArrayRef<ElementsAttr> values, std::optional<Diagnostic> &problem);
  void runOnOperation() override;
};

} // namespace

/// Whether the result's size is worth it, and whether it can be computed in little time.
bool FoldConstants::mayFold(ShapeAnalysis &shapes, Operation *op, Spent &spent, ConstantPart &part) {
  int64_t operandBytes = 0, resultBytes = 0;
  for (Value v : op->getOperands())
    operandBytes += staticBytes(v).value_or(0);
  for (Value v : op->getResults()) {
    // A size that only running the op can tell is bounded by what it reads.
    int64_t rank = std::max<int64_t>(1, cast<RankedTensorType>(v.getType()).getRank());
    resultBytes += staticBytes(v).value_or(operandBytes * rank * 8);
  }
  bool fits = resultBytes <= std::max<int64_t>(small, operandBytes * growth);
  int64_t operations = flopsOf(shapes, op).constant().value_or(0);
  if (const ConstantEvaluator *fast = evaluator())
    operations /= fast->speedup(op);
  if (operations > work - spent.work) {
    left(getArgument(), op->getLoc(), "ops folded")
        << remark::add("left for run time: it is as much work as {0} operations, and {1} of {2} are left for folding",
                       operations, work - spent.work, int64_t(work));
    return false;
  }
  if (!fits || resultBytes > budget - spent.bytes) {
    left(getArgument(), op->getLoc(), "ops folded")
        << remark::add("left for run time: its result has {0} bytes, its operands {1}{2}", resultBytes, operandBytes,
                       fits ? ", and the budget is spent" : "");
    return false;
  }
  spent.bytes += resultBytes;
  spent.work += operations;
  part.mostBytes = std::max(part.mostBytes, operandBytes + resultBytes);
  return true;
}

ConstantPart FoldConstants::find(Selection selection) {
  ConstantPart part;
  ShapeAnalysis shapes;
  Spent spent;
  Block &body = getOperation().getBody().front();
  getOperation().walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (isa<KernelOp>(op) || (op->getBlock() != &body && op != getOperation() && !selection.nested))
      return WalkResult::skip();
    // The numbers of texts are given later.
    auto isText = [](Type type) { return isa<StringType>(getElementTypeOrSelf(type)); };
    bool computes = isa<ShapeInterface>(op) && !(keepQuantized && isa<ZeroPointInterface>(op)) &&
                    isa<KernelInterface, AliasInterface>(op) && !op->hasTrait<CallsRuntime>() &&
                    op->getNumRegions() == 0 && isMemoryEffectFree(op) &&
                    llvm::none_of(op->getOperandTypes(), isText) && llvm::none_of(op->getResultTypes(), isText);
    bool onConstants = computes && op->getNumOperands() > 0 && llvm::all_of(op->getOperands(), [&](Value v) {
                         Operation *producer = v.getDefiningOp();
                         return producer && (isa<ConstantOp>(producer) || part.ops.contains(producer));
                       });
    bool fits = selection.openSizes || llvm::all_of(op->getResults(), [](Value v) { return staticBytes(v); });
    if (onConstants && fits && mayFold(shapes, op, spent, part))
      part.ops.insert(op);
    return WalkResult::advance();
  });
  for (Operation *op : part.ops)
    for (Value v : op->getResults())
      if (llvm::any_of(v.getUsers(), [&](Operation *user) { return !part.ops.contains(user); }))
        part.results.push_back(v);
  return part;
}

/// @main with the ops of `part`; constants that are not inline become `arguments`. Without `keepSizes` the sizes of
/// arguments of floats are left open, so that ops which differ in nothing else (the batch normalizations of a network)
/// become equal kernels, compiled once. Null when a shape function needs the sizes.
OwningOpRef<ModuleOp> FoldConstants::outline(const ConstantPart &part, bool keepSizes,
                                             SmallVectorImpl<ElementsAttr> &arguments) {
  OwningOpRef<ModuleOp> module = ModuleOp::create(getOperation().getLoc());
  OpBuilder b = OpBuilder::atBlockEnd(module->getBody());
  auto main = func::FuncOp::create(b, module->getLoc(), "main", b.getFunctionType({}, {}));
  Block *body = main.addEntryBlock();
  b.setInsertionPointToEnd(body);

  IRMapping mapping;
  llvm::DenseMap<Attribute, Value> byValue;
  for (Operation *op : part.ops)
    for (Value operand : op->getOperands()) {
      auto constant = operand.getDefiningOp<ConstantOp>();
      if (!constant || mapping.contains(operand))
        continue;
      if (staysInline(constant)) {
        mapping.map(operand, b.clone(*constant)->getResult(0));
        continue;
      }
      Value &argument = byValue[constant.getValue()];
      if (!argument) {
        auto type = cast<RankedTensorType>(constant.getType());
        if (!keepSizes && isa<FloatType>(type.getElementType()))
          type = type.clone(SmallVector<int64_t>(type.getRank(), ShapedType::kDynamic));
        argument = body->addArgument(type, constant.getLoc());
        arguments.push_back(constant.getValue());
      }
      mapping.map(operand, argument);
    }
  main.setFunctionType(b.getFunctionType(body->getArgumentTypes(), {}));
  ShapeAnalysis shapes;
  for (Operation *op : part.ops)
    if (!finishOp(shapes, b.clone(*op, mapping)))
      return {};
  SmallVector<Value> results = llvm::map_to_vector(part.results, [&](Value v) { return mapping.lookup(v); });
  func::ReturnOp::create(b, module->getLoc(), results);
  main.setFunctionType(b.getFunctionType(body->getArgumentTypes(), ValueRange(results).getTypes()));
  return module;
}

FailureOr<SmallVector<ElementsAttr>> FoldConstants::evaluate(const ConstantPart &part) {
  if (!evaluator())
    return emitBug(getOperation().getLoc()) << "constants cannot be folded, because no evaluator is registered";
  SmallVector<ElementsAttr> arguments;
  OwningOpRef<ModuleOp> module;
  // Ops with loops of their own may be built around sizes that their operands have at compile time.
  bool mayBeOpen =
      llvm::none_of(part.ops, [](Operation *op) { return isa<KernelInterface>(op) && !isa<IndexableInterface>(op); });
  if (mayBeOpen) {
    ScopedDiagnosticHandler quiet(&getContext(), [](Diagnostic &) { return success(); });
    module = outline(part, /*keepSizes=*/false, arguments);
  }
  if (!module) {
    arguments.clear();
    module = outline(part, /*keepSizes=*/true, arguments);
  }
  if (!module)
    return failure();
  // Kernels have temporaries besides.
  return evaluator()->evaluate(*module, arguments, open + 4 * part.mostBytes);
}

/// What keeps an op of the function from taking the values that it reads, where these are known.
static std::optional<Diagnostic> findContradiction(func::FuncOp function) {
  std::optional<Diagnostic> problem;
  ScopedDiagnosticHandler listen(function.getContext(), [&, thread = llvm::get_threadid()](Diagnostic &d) {
    bool isOwn = thread == llvm::get_threadid();
    if (isOwn)
      problem = std::move(d);
    return success(isOwn);
  });
  ShapeAnalysis shapes;
  function.walk([&](ShapeInterface op) {
    SmallVector<ShapeInfo> inferred;
    return failed(op.inferShapes(shapes, inferred)) ? WalkResult::interrupt() : WalkResult::advance();
  });
  return problem;
}

/// False where ops that read the values cannot take them (`problem`); then nothing has changed.
bool FoldConstants::replace(const ConstantPart &part, ArrayRef<ElementsAttr> values,
                            std::optional<Diagnostic> &problem) {
  SmallVector<std::pair<OpOperand *, Value>> uses;
  SmallVector<ConstantOp> constants;
  for (auto [result, value] : llvm::zip_equal(part.results, values)) {
    OpBuilder b(&getContext());
    b.setInsertionPointAfterValue(result);
    constants.push_back(ConstantOp::create(b, result.getLoc(), value.getType(), value));
    for (OpOperand &use : result.getUses())
      uses.emplace_back(&use, result);
    Value(result).replaceAllUsesWith(constants.back());
  }
  if (llvm::any_of(constants, staysInline))
    if (auto contradiction = findContradiction(getOperation())) {
      for (auto [use, result] : uses)
        use->set(result);
      if (!findContradiction(getOperation())) {
        for (ConstantOp constant : constants)
          constant->erase();
        problem = std::move(contradiction);
        return false;
      }
      for (auto [result, constant] : llvm::zip_equal(part.results, constants)) // it was there before
        Value(result).replaceAllUsesWith(constant);
    }
  llvm::SetVector<Operation *> leaves;
  for (Operation *op : part.ops)
    for (Value operand : op->getOperands())
      if (!part.ops.contains(operand.getDefiningOp()))
        leaves.insert(operand.getDefiningOp());
  for (Operation *op : part.ops)
    changed(getArgument(), op->getLoc(), "ops folded") << "computed at compile time";
  for (Operation *op : llvm::reverse(part.ops))
    op->erase();
  for (Operation *leaf : leaves)
    if (leaf->use_empty())
      leaf->erase();
  // A result whose size only the run could tell may have become an output.
  followReturn(getOperation());
  return true;
}

void FoldConstants::runOnOperation() {
  if (getOperation().isExternal())
    return;
  // What fails may be in a branch that no call takes, or a value that turned out too large: less is folded then.
  std::optional<Diagnostic> problem;
  size_t failedOps = 0;
  for (Selection selection : {Selection{true, true}, {false, true}, {false, false}}) {
    ConstantPart part = find(selection);
    if (part.results.empty())
      break;
    if (part.ops.size() == failedOps)
      continue;
    FailureOr<SmallVector<ElementsAttr>> values;
    {
      ScopedDiagnosticHandler listen(&getContext(), [&, thread = llvm::get_threadid()](Diagnostic &d) {
        bool isOwn = thread == llvm::get_threadid(); // other functions are folded at the same time
        if (isOwn)
          problem = std::move(d);
        return success(isOwn);
      });
      values = evaluate(part);
    }
    bool folded = succeeded(values);
    if (folded && replace(part, *values, problem))
      return;
    failedOps = part.ops.size();
    if (!folded && (!problem || codeOf(*problem, "") == "E-INTERNAL")) {
      emitBug(problem ? problem->getLocation() : getOperation().getLoc())
          << (problem ? problem->str() : "constants cannot be folded");
      return signalPassFailure();
    }
    left(getArgument(), problem->getLocation(), "ops folded")
        << (selection.nested ? "what branches and loops compute from constants is left for run time: "
                             : "what has open sizes is left for run time: ")
        << problem->str();
  }
  if (!failedOps)
    return;
  // Every call fails there, as it would without this pass.
  InFlightDiagnostic warning = emitWarning(problem->getLocation()) << problem->str();
  auto &code = warning.getUnderlyingDiagnostic()->getMetadata();
  code = std::move(problem->getMetadata());
  if (code.empty())
    code.push_back(DiagnosticArgument("E-SHAPE"));
}
