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
