// Warp.cpp - what threads do together: barriers, shuffles, and the multiplication of matrices that lie in a warp's
// registers.
#include "Machine.h"
#include "NarrowFloats.h"
#include <algorithm>
#include <array>

namespace cameo::sim {
namespace {

void waitForBlock(Thread &t, const Instruction &) { t.wait = Wait::Block; }
void waitForWarp(Thread &t, const Instruction &) { t.wait = Wait::Warp; }

void rendezvous(std::vector<Thread *> &, const Instruction &) {}

enum ShuffleMode { Up, Down, Xor, Index };

void shuffle(std::vector<Thread *> &lanes, const Instruction &at) {
  uint32_t values[32] = {};
  for (Thread *t : lanes)
    values[t->number % 32] = t->get<uint32_t>(at.a);
  uint32_t present = 0;
  for (Thread *t : lanes)
    present |= 1u << (t->number % 32);
  for (Thread *t : lanes) {
    uint32_t lane = t->number % 32, b = t->get<uint32_t>(at.b) & 31, c = t->get<uint32_t>(at.c);
    uint32_t limit = c & 31, segment = c >> 8 & 31; // PTX ISA, shfl.sync
    uint32_t highest = (lane & segment) | (limit & ~segment), lowest = lane & segment;
    int64_t from = lane;
    bool isInside = false;
    switch (at.detail) {
    case Up:
      from = int64_t(lane) - b;
      isInside = from >= int64_t(highest);
      break;
    case Down:
      from = lane + b;
      isInside = from <= highest;
      break;
    case Xor:
      from = lane ^ b;
      isInside = from <= highest;
      break;
    default:
      from = lowest | (b & ~segment);
      isInside = from <= highest;
    }
    if (!isInside)
      from = lane;
    if (!(present >> from & 1))
      t->fault(at, "takes a value from lane " + std::to_string(from) + ", which does not take part");
    t->put<uint32_t>(at.d[0], values[from]);
    if (at.d[1])
      t->put<uint8_t>(at.d[1], isInside);
  }
}

/// ldmatrix: lane 8 j + r gives the address of row r of matrix j, of 8 elements of 16 bits. Lane 4 r + c gets elements
/// 2 c and 2 c + 1 of row r of each matrix; transposed, those of column r.
template <bool isTransposed> void loadMatrices(std::vector<Thread *> &lanes, const Instruction &at) {
  if (lanes.size() != 32)
    lanes.front()->fault(at, "needs all lanes of a warp, " + std::to_string(lanes.size()) + " are here");
  uint16_t rows[32][8];
  for (unsigned lane = 0; lane < 8u * at.count; ++lane) {
    Thread &t = *lanes[lane];
    memcpy(rows[lane], findBytes(t, at, t.get<uint64_t>(at.a) + at.offset, at.space, 16, false), 16);
  }
  for (unsigned lane = 0; lane < 32; ++lane)
    for (unsigned matrix = 0; matrix < at.count; ++matrix) {
      unsigned row = lane / 4, column = lane % 4 * 2;
      auto element = [&](unsigned k) {
        return isTransposed ? rows[8 * matrix + column + k][row] : rows[8 * matrix + row][column + k];
      };
      lanes[lane]->put<uint32_t>(at.d[matrix], element(0) | uint32_t(element(1)) << 16);
    }
}

/// mma.m16n8kK: by the PTX ISA's figures a register of lane 4 g + t holds, of A, row g or g + 8 (the odd registers) and
/// the t-th word of the first or second 16 bytes along K (the upper registers), of B the same of column g, of C and D
/// rows g and g + 8 at columns 2 t and 2 t + 1. `elements` makes the numbers of a word. Products are exact; their sum
/// with C is made in f64 and rounded once, where a GPU's own order and rounding are not documented. Integers wrap.
template <unsigned words, auto lhsElements, auto rhsElements, typename Sum>
void multiplyMatrices(std::vector<Thread *> &lanes, const Instruction &at) {
  if (lanes.size() != 32)
    lanes.front()->fault(at, "needs all lanes of a warp, " + std::to_string(lanes.size()) + " are here");
  constexpr size_t perWord = std::tuple_size_v<decltype(lhsElements(0))>, depth = words * 4 * perWord;
  constexpr bool isInteger = std::is_integral_v<Sum>;
  using Number = std::conditional_t<isInteger, int64_t, double>;
  Number a[16][depth], b[depth][8];
  for (unsigned lane = 0; lane < 32; ++lane) {
    Thread &t = *lanes[lane];
    unsigned group = lane / 4, inGroup = lane % 4;
    for (unsigned k = 0; k < 3 * words; ++k) {
      bool isA = k < 2 * words;
      unsigned word = isA ? k / 2 : k - 2 * words;
      auto set = [&](auto elements) {
        for (unsigned i = 0; i < perWord; ++i) {
          size_t along = (word * 4 + inGroup) * perWord + i;
          (isA ? a[group + k % 2 * 8][along] : b[along][group]) = Number(elements[i]);
        }
      };
      uint32_t bits = t.get<uint32_t>(at.more[k]);
      isA ? set(lhsElements(bits)) : set(rhsElements(bits));
    }
  }
  for (unsigned lane = 0; lane < 32; ++lane)
    for (unsigned k = 0; k < 4; ++k) {
      unsigned row = lane / 4 + k / 2 * 8, column = lane % 4 * 2 + k % 2;
      Number sum = Number(lanes[lane]->get<Sum>(at.more[3 * words + k]));
      for (unsigned j = 0; j < depth; ++j)
        sum += a[row][j] * b[j][column];
      lanes[lane]->put<Sum>(at.d[k], Sum(sum));
    }
}

template <float (*widen)(uint16_t)>
constexpr auto halves = [](uint32_t word) { return std::array{widen(uint16_t(word)), widen(uint16_t(word >> 16))}; };
/// The lowest 13 bits don't count.
constexpr auto tf32 = [](uint32_t word) { return std::array{std::bit_cast<float>(word & ~0x1fffu)}; };
template <typename Byte>
constexpr auto bytes =
    [](uint32_t word) { return std::array{Byte(word), Byte(word >> 8), Byte(word >> 16), Byte(word >> 24)}; };

/// Of two types of bytes, "u8.s8".
Meeting findByteProduct(const std::string &types) {
  if (types == "u8.u8")
    return multiplyMatrices<2, bytes<uint8_t>, bytes<uint8_t>, int32_t>;
  if (types == "u8.s8")
    return multiplyMatrices<2, bytes<uint8_t>, bytes<int8_t>, int32_t>;
  if (types == "s8.u8")
    return multiplyMatrices<2, bytes<int8_t>, bytes<uint8_t>, int32_t>;
  return types == "s8.s8" ? multiplyMatrices<2, bytes<int8_t>, bytes<int8_t>, int32_t> : nullptr;
}

} // namespace

Handler findMeeting(const std::vector<std::string> &op, Instruction &i) {
  if ((op[0] == "bar" || op[0] == "barrier") && op.size() >= 2 &&
      (op[1] == "sync" || (op[1] == "cta" && op.size() > 2)))
    return waitForBlock;
  if (op[0] == "bar" && op.size() == 3 && op[1] == "warp" && op[2] == "sync") {
    i.together = rendezvous;
    i.isBarrier = true;
    return waitForWarp;
  }
  if (op[0] != "shfl" || op.size() != 4 || op[1] != "sync" || op[3] != "b32")
    return nullptr;
  const char *const modes[] = {"up", "down", "bfly", "idx"};
  for (uint32_t mode = 0; mode < std::size(modes); ++mode)
    if (op[2] == modes[mode]) {
      i.detail = mode;
      i.together = shuffle;
      return waitForWarp;
    }
  return nullptr;
}

Meeting findMatrix(const std::vector<std::string> &op, Instruction &i, std::vector<unsigned> &registers) {
  std::string name = op[0];
  for (size_t k = 1; k < op.size(); ++k)
    name += "." + op[k];
  i.run = waitForWarp;
  i.space = Space::Shared;
  for (unsigned count : {1, 2, 4}) {
    std::string prefix = "ldmatrix.sync.aligned.m8n8.x" + std::to_string(count);
    i.count = uint8_t(count);
    if (name == prefix + ".shared.b16")
      return loadMatrices<false>;
    if (name == prefix + ".trans.shared.b16")
      return loadMatrices<true>;
  }
  const std::string mma = "mma.sync.aligned.m16n8k";
  registers = {4, 4, 2, 4};
  if (name == mma + "16.row.col.f32.f16.f16.f32")
    return multiplyMatrices<2, halves<fromHalf>, halves<fromHalf>, float>;
  if (name == mma + "16.row.col.f32.bf16.bf16.f32")
    return multiplyMatrices<2, halves<fromBf16>, halves<fromBf16>, float>;
  if (name == mma + "8.row.col.f32.tf32.tf32.f32")
    return multiplyMatrices<2, tf32, tf32, float>;
  const std::string ofBytes = mma + "32.row.col.s32.";
  if (name.starts_with(ofBytes) && name.ends_with(".s32"))
    return findByteProduct(name.substr(ofBytes.size(), name.size() - ofBytes.size() - 4));
  registers = {4, 2, 1, 4};
  return name == mma + "8.row.col.f32.f16.f16.f32" ? multiplyMatrices<1, halves<fromHalf>, halves<fromHalf>, float>
                                                   : nullptr;
}

} // namespace cameo::sim
