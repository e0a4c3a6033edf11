// Tensor.cpp - sizes of ONNX's element types, and the payloads that must be decoded.
// Works on messages that Parser.cpp has accepted, so the Wire.h walk below cannot throw.
#include "cameo/Import/ONNX/Tensor.h"
#include "Wire.h"
#include "llvm/Support/ErrorHandling.h"
#include <cassert>
#include <limits>

using llvm::StringRef;

namespace cameo::onnx {
namespace {

struct TypeInfo {
  StringRef name;
  unsigned bits;
};
constexpr TypeInfo typeInfos[] = {
    {"undefined", 0},      {"float", 32},    {"uint8", 8},        {"int8", 8},           {"uint16", 16},
    {"int16", 16},         {"int32", 32},    {"int64", 64},       {"string", 0},         {"bool", 8},
    {"float16", 16},       {"double", 64},   {"uint32", 32},      {"uint64", 64},        {"complex64", 64},
    {"complex128", 128},   {"bfloat16", 16}, {"float8e4m3fn", 8}, {"float8e4m3fnuz", 8}, {"float8e5m2", 8},
    {"float8e5m2fnuz", 8}, {"uint4", 4},     {"int4", 4},         {"float4e2m1", 4},     {"float8e8m0", 8},
    {"uint2", 2},          {"int2", 2},      {"float6e2m3", 6},   {"float6e3m2", 6},
};
static_assert(std::size(typeInfos) == lastDataType + 1);

const TypeInfo &info(DataType type) {
  auto i = static_cast<uint32_t>(type);
  return typeInfos[i <= uint32_t(lastDataType) ? i : 0];
}

uint32_t payloadTag(TensorView::Payload payload) {
  switch (payload) {
  case TensorView::Payload::Float:
    return 4;
  case TensorView::Payload::Int32:
    return 5;
  case TensorView::Payload::String:
    return 6;
  case TensorView::Payload::Int64:
    return 7;
  case TensorView::Payload::Double:
    return 10;
  case TensorView::Payload::UInt64:
    return 11;
  default:
    return 0;
  }
}

/// Calls `use` with each element of a varint payload.
template <typename Use> void eachVarint(const TensorView &t, Use use) {
  uint32_t tag = payloadTag(t.payload);
  for (Fields f(t.message, "TensorProto"); f.next();)
    if (f.tag() == tag)
      f.repeatedVarint(use);
}

template <typename T> void append(std::vector<char> &storage, T value) {
  const char *bytes = reinterpret_cast<const char *>(&value);
  storage.insert(storage.end(), bytes, bytes + sizeof(T));
}

template <typename T> int64_t load(StringRef bytes, int64_t i) {
  T value;
  std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
  return int64_t(value);
}

} // namespace

std::optional<int64_t> firstEntryOutside(const TensorView &tensor, int64_t least, int64_t most) {
  std::optional<int64_t> found;
  eachVarint(tensor, [&](uint64_t v) {
    // int32_data is sign-extended; writers that use an unsigned varint for negative values exist too.
    int64_t value = tensor.payload == TensorView::Payload::Int32 ? int32_t(v) : int64_t(v);
    if (!found && (value < least || value > most))
      found = value;
  });
  return found;
}

StringRef dataTypeName(DataType type) { return info(type).name; }
unsigned bitWidth(DataType type) { return info(type).bits; }

int64_t TensorView::numElements() const {
  int64_t product = 1;
  for (int64_t dim : dims)
    product *= dim;
  return product;
}

int64_t TensorView::byteSize() const {
  int64_t elements = numElements(), bits = bitWidth(type);
  return bits >= 8 ? elements * (bits / 8) : (elements * bits + 7) / 8;
}

std::optional<StringRef> TensorView::bytesInFile() const {
  switch (payload) {
  case Payload::None:
    return StringRef();
  case Payload::Raw:
  case Payload::External:
    return view;
  case Payload::Float:
  case Payload::Double:
    if (!view.empty())
      return view;
    return std::nullopt;
  default:
    return std::nullopt;
  }
}

StringRef TensorView::bytes(std::vector<char> &storage) const {
  if (std::optional<StringRef> inFile = bytesInFile())
    return *inFile;
  storage.clear();
  storage.reserve(byteSize());
  switch (payload) {
  case Payload::Float:
  case Payload::Double: {
    unsigned width = payload == Payload::Float ? 4 : 8;
    for (Fields f(message, "TensorProto"); f.next();)
      if (f.tag() == payloadTag(payload)) {
        StringRef run = f.repeatedFixed(width);
        storage.insert(storage.end(), run.begin(), run.end());
      }
    break;
  }
  case Payload::Int64:
    eachVarint(*this, [&](uint64_t v) { append(storage, v); });
    break;
  case Payload::UInt64:
    if (bitWidth(type) == 32)
      eachVarint(*this, [&](uint64_t v) { append(storage, uint32_t(v)); });
    else
      eachVarint(*this, [&](uint64_t v) { append(storage, v); });
    break;
  case Payload::Int32:
    switch (bitWidth(type)) {
    case 32:
      eachVarint(*this, [&](uint64_t v) { append(storage, uint32_t(v)); });
      break;
    case 16:
      eachVarint(*this, [&](uint64_t v) { append(storage, uint16_t(v)); });
      break;
    case 6: { // one entry per element here, but four elements in three bytes in the dense form
      uint32_t pending = 0, count = 0;
      eachVarint(*this, [&](uint64_t v) {
        pending |= uint32_t(v & 0x3f) << count;
        for (count += 6; count >= 8; count -= 8, pending >>= 8)
          storage.push_back(char(pending));
      });
      if (count)
        storage.push_back(char(pending));
      break;
    }
    default: // one byte per entry: a whole element, or the packed ones of 4 and 2 bits
      eachVarint(*this, [&](uint64_t v) { storage.push_back(char(v)); });
      break;
    }
    break;
  default:
    assert(payload == Payload::String && "all numeric payloads are handled above");
    break;
  }
  return StringRef(storage.data(), storage.size());
}

std::vector<int64_t> TensorView::integers() const {
  std::vector<char> storage;
  StringRef data = bytes(storage);
  std::vector<int64_t> result(numElements());
  for (size_t i = 0; i < result.size(); ++i)
    switch (type) {
    case DataType::Int64:
    case DataType::UInt64:
      result[i] = load<int64_t>(data, i);
      break;
    case DataType::Int32:
      result[i] = load<int32_t>(data, i);
      break;
    case DataType::UInt32:
      result[i] = load<uint32_t>(data, i);
      break;
    case DataType::Int16:
      result[i] = load<int16_t>(data, i);
      break;
    case DataType::UInt16:
      result[i] = load<uint16_t>(data, i);
      break;
    case DataType::Int8:
      result[i] = load<int8_t>(data, i);
      break;
    case DataType::UInt8:
    case DataType::Bool:
      result[i] = load<uint8_t>(data, i);
      break;
    default:
      llvm::report_fatal_error("TensorView::integers on a tensor that is not of integers");
    }
  return result;
}

std::vector<StringRef> TensorView::strings() const {
  std::vector<StringRef> result;
  for (Fields f(message, "TensorProto"); f.next();)
    if (f.tag() == payloadTag(Payload::String))
      result.push_back(f.bytes());
  return result;
}

std::vector<int64_t> SparseTensorView::positions() const {
  std::vector<int64_t> entries = indices.integers();
  if (indices.dims.size() < 2)
    return entries;
  size_t rank = dims.size();
  std::vector<int64_t> result(indices.dims[0]);
  for (size_t i = 0; i < result.size(); ++i)
    for (size_t axis = 0; axis < rank; ++axis)
      result[i] = result[i] * dims[axis] + entries[i * rank + axis];
  return result;
}

} // namespace cameo::onnx
