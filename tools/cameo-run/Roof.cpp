// Roof.cpp - two loops that do nothing but multiply and add, or read.
#include "cameo-run/Roof.h"
#include "cameo-run/UserError.h"
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <functional>
#include <sys/mman.h>
#include <thread>
#include <vector>

namespace cameo::run {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kSteps = 20'000;
/// Independent sums: the latency of an FMA (4 to 5 cycles) times two per cycle, and some.
constexpr int kSums = 12;
constexpr uint64_t kReadBytes = 64 << 20; ///< of each thread
constexpr auto kTime = std::chrono::milliseconds(80);
constexpr int kTries = 3;

// One function per width, because a function's instructions are an attribute of it. They return what they computed, so
// that it is.
#define CAMEO_MULTIPLY_ADD(name, attribute, bytes)                                                                     \
  attribute float name() {                                                                                             \
    typedef float Vector __attribute__((vector_size(bytes)));                                                          \
    Vector sums[kSums] = {}, x = Vector{} + 0.5f, y = Vector{} + 1.0f;                                                 \
    for (int i = 0; i < kSteps; ++i) {                                                                                 \
      _Pragma("clang loop unroll(full)") for (Vector &sum : sums) sum = sum * x + y;                                   \
    }                                                                                                                  \
    Vector sum = {};                                                                                                   \
    for (Vector &each : sums)                                                                                          \
      sum += each;                                                                                                     \
    return sum[0];                                                                                                     \
  }

struct Loop {
  float (*run)();
  double flops;
};

#if defined(__x86_64__)
CAMEO_MULTIPLY_ADD(multiplyAdd512, __attribute__((target("avx512f"))), 64)
CAMEO_MULTIPLY_ADD(multiplyAdd256, __attribute__((target("avx2,fma"))), 32)
CAMEO_MULTIPLY_ADD(multiplyAdd128, , 16)

Loop bestLoop() {
  auto flops = [](int bytes) { return double(kSteps) * kSums * bytes / sizeof(float) * 2; };
  if (__builtin_cpu_supports("avx512f"))
    return {multiplyAdd512, flops(64)};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return {multiplyAdd256, flops(32)};
  return {multiplyAdd128, flops(16)};
}
#else
CAMEO_MULTIPLY_ADD(multiplyAdd128, , 16)

Loop bestLoop() { return {multiplyAdd128, double(kSteps) * kSums * 4 * 2}; }
#endif

uint64_t readAll(const uint64_t *numbers, uint64_t bytes) {
  typedef uint64_t Vector __attribute__((vector_size(64)));
  Vector sums[4] = {};
  auto *vectors = reinterpret_cast<const Vector *>(numbers);
  for (uint64_t i = 0; i < bytes / sizeof(Vector); i += 4)
    for (int j = 0; j < 4; ++j)
      sums[j] += vectors[i + j];
  Vector sum = sums[0] + sums[1] + sums[2] + sums[3];
  return sum[0] + sum[7];
}

/// The best of a few tries: how often per second all threads together call `body(thread)`.
double callsPerSecond(unsigned threads, const std::function<uint64_t(unsigned)> &body) {
  double best = 0;
  std::atomic<uint64_t> keep{0};
  for (int i = 0; i < kTries; ++i) {
    std::atomic<unsigned> ready{0};
    std::vector<double> rates(threads);
    auto work = [&](unsigned thread) {
      ++ready;
      while (ready < threads)
        std::this_thread::yield();
      auto start = Clock::now();
      int64_t calls = 0;
      for (; Clock::now() - start < kTime; ++calls)
        keep += body(thread);
      rates[thread] = double(calls) / std::chrono::duration<double>(Clock::now() - start).count();
    };
    std::vector<std::thread> others;
    for (unsigned thread = 1; thread < threads; ++thread)
      others.emplace_back(work, thread);
    work(0);
    for (std::thread &other : others)
      other.join();
    double sum = 0;
    for (double rate : rates)
      sum += rate;
    best = std::max(best, sum);
  }
  return best;
}

} // namespace

Roof measureRoof(unsigned threads) {
  Loop loop = bestLoop();
  Roof roof;
  roof.flops = loop.flops * callsPerSecond(threads, [&](unsigned) { return uint64_t(loop.run()); });
  uint64_t bytes = threads * kReadBytes;
  void *memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    throw UserError("E-MEMORY", LimitExceeded,
                    "the memory that measures the bandwidth is not to be had: " + std::to_string(bytes >> 20) + " MB");
  memset(memory, 1, bytes);
  auto *numbers = static_cast<const uint64_t *>(memory);
  roof.bytes = double(kReadBytes) * callsPerSecond(threads, [&](unsigned thread) {
                 return readAll(numbers + thread * (kReadBytes / 8), kReadBytes);
               });
  munmap(memory, bytes);
  return roof;
}

} // namespace cameo::run
