// HandlerTable.cpp - all handlers, family by family (Handlers/Families.inc).
#include "cameo/Import/ONNX/OpBinder.h"

using namespace cameo::onnx;

namespace cameo::onnx {
#define CAMEO_HANDLERS(family) void register##family##Handlers(HandlerTable &table);
#include "../Handlers/Families.inc"
#undef CAMEO_HANDLERS
} // namespace cameo::onnx

const Handler *HandlerTable::find(llvm::StringRef domain, llvm::StringRef op, int64_t opset) const {
  auto it = entries.find((domain + ":" + op).str());
  if (it == entries.end())
    return nullptr;
  auto version = it->second.upper_bound(opset);
  return version == it->second.begin() ? nullptr : &std::prev(version)->second;
}

Handler HandlerTable::checked(llvm::StringLiteral inputs, Handler handler) {
  return [inputs, handler = std::move(handler)](OpBinder &op) -> mlir::LogicalResult {
    llvm::SmallVector<llvm::StringRef> formals;
    inputs.split(formals, ' ');
    bool isVariadic = formals.back().ends_with("*");
    if (op.numInputs() > formals.size() && !isVariadic)
      return op.error("E-ARITY", "has " + llvm::Twine(op.numInputs()) + " inputs; expected at most " +
                                     llvm::Twine(formals.size()) + ": " + inputs);
    for (size_t i = 0; i < std::max(op.numInputs(), formals.size()); ++i) {
      llvm::StringRef formal = formals[std::min(i, formals.size() - 1)];
      bool isOptional = formal.consume_back("?");
      (void)formal.consume_back("*");
      auto [name, rank] = formal.split(':');
      if (!op.hasInput(i) && !isOptional)
        return op.error("E-ARITY", "its input " + llvm::Twine(i) + " (" + name + ") is missing; inputs are " + inputs);
      int64_t wanted;
      if (op.hasInput(i) && !rank.getAsInteger(10, wanted) && op.rank(op.input(i)) != wanted)
        return op.error("E-SHAPE", "input '" + op.node.inputs[i] + "' (" + name + ") has rank " +
                                       llvm::Twine(op.rank(op.input(i))) + "; expected " + llvm::Twine(wanted));
    }
    if (op.numOutputs() == 0)
      return op.error("E-ARITY", "has no outputs");
    return handler(op);
  };
}

const HandlerTable &cameo::onnx::handlers() {
  static const HandlerTable table = [] {
    HandlerTable table;
#define CAMEO_HANDLERS(family) register##family##Handlers(table);
#include "../Handlers/Families.inc"
#undef CAMEO_HANDLERS
    return table;
  }();
  return table;
}
