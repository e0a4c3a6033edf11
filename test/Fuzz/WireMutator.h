// WireMutator.h - changes protobuf messages as messages: a field is removed, doubled, moved or changed, and the lengths
// around it are right again. A fuzzer that changes bytes alone rarely gets past the first wrong length.
#pragma once
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace cameo::fuzz {

/// `message` with a few of its fields changed; the same for a seed. What is no message stays as it is.
std::string mutateMessage(std::string_view message, uint64_t seed);

namespace wire {

struct Field {
  uint64_t key = 0;       ///< number << 3 | wire type
  std::string_view value; ///< varint, fixed or payload bytes, without the length
  unsigned type() const { return key & 7; }
};

inline bool readVarint(std::string_view &in, uint64_t &value) {
  value = 0;
  for (unsigned shift = 0; shift < 64 && !in.empty(); shift += 7) {
    uint8_t byte = in.front();
    in.remove_prefix(1);
    value |= uint64_t(byte & 127) << shift;
    if (byte < 128)
      return true;
  }
  return false;
}

inline void writeVarint(std::string &out, uint64_t value) {
  for (; value > 127; value >>= 7)
    out += char(value | 128);
  out += char(value);
}

/// The fields of a message; false where the bytes are not one.
inline bool split(std::string_view in, std::vector<Field> &fields) {
  while (!in.empty()) {
    Field field;
    if (!readVarint(in, field.key) || field.key < 8)
      return false;
    std::string_view rest = in;
    uint64_t size = 0;
    switch (field.type()) {
    case 0: // the varint's own bytes
      if (!readVarint(rest, size))
        return false;
      size = in.size() - rest.size();
      break;
    case 1:
      size = 8;
      break;
    case 2:
      if (!readVarint(in, size))
        return false;
      break;
    case 5:
      size = 4;
      break;
    default:
      return false;
    }
    if (size > in.size())
      return false;
    field.value = in.substr(0, size);
    in.remove_prefix(size);
    fields.push_back(field);
  }
  return true;
}

inline void append(std::string &out, uint64_t key, std::string_view value) {
  writeVarint(out, key);
  if ((key & 7) == 2)
    writeVarint(out, value.size());
  out += value;
}

class Mutator {
public:
  explicit Mutator(uint64_t seed) : random(seed) {}

  /// Changes one field, or one of a message inside.
  std::string mutate(std::string_view message, int depth = 0) {
    std::vector<Field> fields, inner;
    if (!split(message, fields) || fields.empty())
      return mutateBytes(message);
    size_t at = below(fields.size());
    Field field = fields[at];
    std::string changed;
    bool isMessage = field.type() == 2 && field.value.size() > 1 && depth < 12 && split(field.value, inner);
    enum { Remove, Double, Swap, Change, Descend } what = Change;
    if (unsigned choice = below(10); choice < (isMessage ? 1u : 2u))
      what = Remove;
    else if (choice < 3)
      what = Double;
    else if (choice < 4)
      what = Swap;
    else if (isMessage)
      what = Descend;
    if (what == Descend)
      changed = mutate(field.value, depth + 1);
    else if (what == Change)
      changed = changeValue(field);
    std::string out;
    for (size_t i = 0; i < fields.size(); ++i) {
      const Field &f = what == Swap && i == at ? fields[below(fields.size())] : fields[i];
      if (i == at && what == Remove)
        continue;
      append(out, f.key, i == at && what >= Change ? std::string_view(changed) : f.value);
      if (i == at && what == Double)
        append(out, f.key, f.value);
    }
    return out;
  }

private:
  uint64_t below(uint64_t n) { return n ? random() % n : 0; }

  std::string changeValue(const Field &field) {
    if (field.type() == 0) {
      static constexpr uint64_t kInteresting[] = {
          0,          1,     2,        3,          7,          16,         64,
          127,        255,   1 << 16,  0x7fffffff, 1ull << 40, 1ull << 62, 0x7fffffffffffffff,
          1ull << 63, ~0ull, ~0ull - 1};
      std::string out;
      writeVarint(out, below(2) ? kInteresting[below(std::size(kInteresting))] : below(32));
      return out;
    }
    return mutateBytes(field.value);
  }

  std::string mutateBytes(std::string_view bytes) {
    std::string out(bytes);
    size_t at = below(out.size());
    switch (below(out.empty() ? 1 : 5)) {
    case 0:
      out.insert(at, 1 + below(8), char(random()));
      break;
    case 1:
      out.erase(at, 1 + below(8));
      break;
    case 2:
      out.resize(at);
      break;
    default:
      out[at] = below(2) ? char(random()) : char(out[at] ^ 1 << below(8));
    }
    return out;
  }

  std::mt19937_64 random;
};

} // namespace wire

inline std::string mutateMessage(std::string_view message, uint64_t seed) {
  wire::Mutator mutator(seed);
  std::string out(message);
  for (uint64_t edits = 1 + seed % 3; edits; --edits)
    out = mutator.mutate(out);
  return out;
}

} // namespace cameo::fuzz
