// Quantization.cpp - see Quantization.h.
#include "cameo/Passes/Quantization/Quantization.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace cameo;

static constexpr llvm::StringLiteral kKinds[] = {"static", "dynamic", "weights", "bf16"};
static constexpr llvm::StringLiteral kMethods[] = {"rtn", "hqq", "awq", "gptq"};

StringRef cameo::nameOf(QuantizationKind kind) { return kKinds[size_t(kind)]; }
StringRef cameo::nameOf(WeightMethod method) { return kMethods[size_t(method)]; }

template <typename Enum> static std::optional<Enum> parse(ArrayRef<llvm::StringLiteral> names, StringRef name) {
  auto found = llvm::find(names, name);
  return found == names.end() ? std::nullopt : std::optional(Enum(found - names.begin()));
}

std::optional<QuantizationKind> cameo::parseQuantizationKind(StringRef name) {
  return parse<QuantizationKind>(kKinds, name);
}
std::optional<WeightMethod> cameo::parseWeightMethod(StringRef name) { return parse<WeightMethod>(kMethods, name); }

std::optional<Quantization> Quantization::of(DictionaryAttr attribute, std::string &problem) {
  Quantization q;
  std::string kind, method = nameOf(q.method).str();
  for (NamedAttribute entry : attribute) {
    StringRef name = entry.getName();
    auto take = [&](StringRef own, auto &into, auto read) {
      if (name != own)
        return false;
      if (auto value = read(entry.getValue()))
        into = *value;
      else
        problem = ("has '" + own + "' of another type in its quantization").str();
      return true;
    };
    auto text = [](Attribute a) {
      auto found = dyn_cast<StringAttr>(a);
      return found ? std::optional(found.getValue().str()) : std::nullopt;
    };
    auto integer = [](Attribute a) {
      auto found = dyn_cast<IntegerAttr>(a);
      bool isNumber = found && found.getType().isSignlessIntOrIndex() && found.getValue().getSignificantBits() <= 64;
      return isNumber ? std::optional(found.getInt()) : std::nullopt;
    };
    auto real = [](Attribute a) {
      auto found = dyn_cast<FloatAttr>(a);
      return found ? std::optional(float(found.getValueAsDouble())) : std::nullopt;
    };
    auto flag = [](Attribute a) { return isa<UnitAttr>(a) ? std::optional(true) : std::nullopt; };
    bool isKnown = take("kind", kind, text) || take("method", method, text) || take("bits", q.bits, integer) ||
                   take("block", q.block, integer) || take("smooth", q.smooth, real) ||
                   take("symmetric", q.symmetric, flag) || take("correct", q.correct, flag) ||
                   take("bytes", q.bytes, flag);
    if (!isKnown)
      problem = ("has '" + name +
                 "' in its quantization; expected kind, method, bits, block, smooth, symmetric, correct or "
                 "bytes")
                    .str();
    if (!problem.empty())
      return std::nullopt;
  }
  auto foundKind = parseQuantizationKind(kind);
  auto foundMethod = parseWeightMethod(method);
  if (!foundKind)
    problem = "is to be quantized as '" + kind + "'; expected static, dynamic, weights or bf16";
  else if (!foundMethod)
    problem = "is to be quantized by '" + method + "'; expected rtn, hqq, awq or gptq";
  else if (q.bits < 2 || q.bits > 4 || q.block < 16 || q.block > 256 || !llvm::isPowerOf2_64(q.block))
    problem = "is to have weights of " + std::to_string(q.bits) + " bits in blocks of " + std::to_string(q.block) +
              "; expected 2 to 4 bits, and blocks of 16, 32, 64, 128 or 256";
  else if (!(q.smooth >= 0 && q.smooth <= 1))
    problem = "is to be smoothed by " + std::to_string(q.smooth) + "; expected 0 to 1";
  if (!problem.empty())
    return std::nullopt;
  q.kind = *foundKind, q.method = *foundMethod;
  return q;
}

Quantization::Quantization(DictionaryAttr attribute) {
  std::string problem;
  auto read = of(attribute, problem);
  assert(read && "was read before");
  *this = *read;
}

DictionaryAttr Quantization::attribute(MLIRContext *context) const {
  Builder b(context);
  NamedAttrList entries;
  entries.set("kind", b.getStringAttr(nameOf(kind)));
  if (kind == QuantizationKind::Weights) {
    entries.set("bits", b.getI64IntegerAttr(bits));
    entries.set("block", b.getI64IntegerAttr(block));
    entries.set("method", b.getStringAttr(nameOf(method)));
  }
  for (auto [name, isSet] : {std::pair("symmetric", symmetric), {"correct", correct}, {"bytes", bytes}})
    if (isSet)
      entries.set(name, b.getUnitAttr());
  if (smooth > 0)
    entries.set("smooth", b.getF32FloatAttr(smooth));
  return entries.getDictionary(context);
}
