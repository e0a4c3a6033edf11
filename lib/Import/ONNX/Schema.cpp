// Schema.cpp - decodes the table of ONNX op schemas that tools/dev/generate-schemas.py wrote at build time.
// The blob is ours, so a malformed one is a bug of the generator, not a user's error. Decoding takes about a
// millisecond and happens at first use.
#include "cameo/Import/ONNX/Schema.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <cassert>
#include <cstring>

namespace cameo::onnx {
namespace {

constexpr char blob[] =
#include "cameo/Import/ONNX/Schemas.inc"
    ;

struct Table {
  int64_t irVersion = 0;
  std::vector<std::pair<llvm::StringRef, int64_t>> domains;
  std::vector<OpSchema> schemas; // by domain, name, version
  llvm::DenseMap<std::pair<llvm::StringRef, llvm::StringRef>, std::pair<uint32_t, uint32_t>> ranges;
};

/// Reads the form that generate-schemas.py documents.
class Decoder {
public:
  Table decode() {
    Table table;
    table.irVersion = number();
    strings.resize(number());
    for (llvm::StringRef &s : strings) {
      size_t length = number();
      s = llvm::StringRef(at, length);
      at += length;
    }
    table.domains.resize(number());
    for (auto &[name, newest] : table.domains) {
      name = string();
      newest = number();
    }
    typeSets.resize(number());
    for (TypeSet &set : typeSets) {
      set.tensors = number();
      set.others.resize(number());
      for (llvm::StringRef &other : set.others)
        other = string();
    }
    table.schemas.resize(number());
    for (OpSchema &s : table.schemas)
      schema(s);
    assert(at == blob + sizeof(blob) - 1 && "the blob and its decoder disagree");
    for (uint32_t i = 0; i < table.schemas.size(); ++i) {
      const OpSchema &s = table.schemas[i];
      auto [it, fresh] = table.ranges.try_emplace({s.domain, s.name}, i, i);
      it->second.second = i + 1;
    }
    return table;
  }

private:
  const char *at = blob;
  std::vector<llvm::StringRef> strings;
  std::vector<TypeSet> typeSets;

  uint64_t number() {
    uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
      auto byte = static_cast<uint8_t>(*at++);
      value |= uint64_t(byte & 0x7f) << shift;
      if (byte < 0x80)
        return value;
    }
  }
  int64_t zigzag() {
    uint64_t value = number();
    return int64_t(value >> 1) ^ -int64_t(value & 1);
  }
  float real() {
    auto bits = static_cast<uint32_t>(number());
    float value;
    std::memcpy(&value, &bits, sizeof(value));
    return value;
  }
  llvm::StringRef string() { return strings[number()]; }

  void parameters(std::vector<FormalParameter> &list) {
    list.resize(number());
    for (FormalParameter &p : list) {
      p.name = string();
      p.typeName = string();
      p.kind = FormalParameter::Kind(number());
      p.homogeneous = number();
      p.minArity = number();
      p.types = typeSets[number()];
    }
  }

  void defaultValue(Attribute &a) {
    switch (a.type) {
    case AttributeType::Int:
      a.value = zigzag();
      break;
    case AttributeType::Float:
      a.value = real();
      break;
    case AttributeType::String:
      a.value = string();
      break;
    case AttributeType::Ints: {
      std::vector<int64_t> list(number());
      std::generate(list.begin(), list.end(), [&] { return zigzag(); });
      a.value = std::move(list);
      break;
    }
    case AttributeType::Floats: {
      std::vector<float> list(number());
      std::generate(list.begin(), list.end(), [&] { return real(); });
      a.value = std::move(list);
      break;
    }
    case AttributeType::Strings: {
      std::vector<llvm::StringRef> list(number());
      std::generate(list.begin(), list.end(), [&] { return string(); });
      a.value = std::move(list);
      break;
    }
    default:
      assert(false && "generate-schemas.py writes no default of this type");
    }
  }

  void schema(OpSchema &s) {
    s.domain = string();
    s.name = string();
    for (int64_t *field : {&s.since, &s.minInputs, &s.maxInputs, &s.minOutputs, &s.maxOutputs})
      *field = number();
    uint64_t flags = number();
    s.deprecated = flags & 1;
    s.deterministic = !(flags & 2);
    s.contextDependentBody = flags & 4;
    parameters(s.inputs);
    parameters(s.outputs);
    s.attributes.resize(number());
    for (AttributeSchema &a : s.attributes) {
      a.name = string();
      a.type = AttributeType(number());
      uint64_t attributeFlags = number();
      a.required = attributeFlags & 1;
      if (attributeFlags & 2) {
        a.defaultValue.name = a.name;
        a.defaultValue.type = a.type;
        defaultValue(a.defaultValue);
      }
    }
    s.functions.resize(number());
    for (FunctionBody &f : s.functions) {
      f.opset = number();
      f.bytes = string();
    }
  }
};

const Table &table() {
  static const Table decoded = Decoder().decode();
  return decoded;
}

const FormalParameter *parameterAt(const std::vector<FormalParameter> &list, size_t i) {
  if (i < list.size())
    return &list[i];
  if (!list.empty() && list.back().kind == FormalParameter::Kind::Variadic)
    return &list.back();
  return nullptr;
}

} // namespace

int64_t newestOpset() { return newestVersion(""); }
int64_t newestIrVersion() { return table().irVersion; }

int64_t newestVersion(llvm::StringRef domain) {
  for (const auto &[name, newest] : table().domains)
    if (name == domain)
      return newest;
  return 0;
}

bool isSchemaDomain(llvm::StringRef domain) { return newestVersion(domain) != 0; }

llvm::ArrayRef<OpSchema> allSchemas() { return table().schemas; }

const OpSchema *findSchema(llvm::StringRef domain, llvm::StringRef name, int64_t opset) {
  const Table &t = table();
  auto it = t.ranges.find({domain, name});
  if (it == t.ranges.end())
    return nullptr;
  auto [begin, end] = it->second;
  const OpSchema *found = nullptr;
  for (uint32_t i = begin; i < end && t.schemas[i].since <= opset; ++i)
    found = &t.schemas[i];
  return found;
}

std::vector<llvm::StringRef> nearestOps(llvm::StringRef domain, llvm::StringRef name, int64_t opset) {
  constexpr size_t count = 3;
  // Beyond a third of the letters the suggestion is noise.
  unsigned allowed = std::max<size_t>(1, std::min<size_t>(name.size(), 64) / 3);
  std::vector<std::pair<unsigned, llvm::StringRef>> candidates;
  if (name.size() <= 64)
    for (const OpSchema &s : table().schemas)
      if (s.domain == domain && s.since <= opset && (candidates.empty() || candidates.back().second != s.name))
        candidates.emplace_back(name.edit_distance_insensitive(s.name, true, allowed), s.name);
  llvm::sort(candidates);
  std::vector<llvm::StringRef> names;
  for (const auto &[distance, candidate] : candidates)
    if (distance <= allowed && names.size() < count)
      names.push_back(candidate);
  return names;
}

const AttributeSchema *OpSchema::attribute(llvm::StringRef wanted) const {
  for (const AttributeSchema &a : attributes)
    if (a.name == wanted)
      return &a;
  return nullptr;
}

const FormalParameter *OpSchema::input(size_t i) const { return parameterAt(inputs, i); }
const FormalParameter *OpSchema::output(size_t i) const { return parameterAt(outputs, i); }

} // namespace cameo::onnx
