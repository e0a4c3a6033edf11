// Testing.h - the test program in its forms, bindings for it, and the counting allocator.
#pragma once
#include "cameo/Runtime/cameo.hpp"
#include <atomic>
#include <cstdint>
#include <gtest/gtest.h>
#include <string>
#include <vector>

extern "C" const cameo_program_info cameo_test_program;

namespace cameo::testing {

/// Values of input `mode` of TestProgram.c.
enum Mode : int64_t {
  Plain,
  Fail,
  FailInKernel,
  Forever,
  Hungry,
  ManyAllocs,
  Slots,
  NoOutput,
  NegativeOutput,
  UsesArena,
  HugeOutput
};

/// A context of the test program with inputs of `rows` rows bound.
struct Bound {
  explicit Bound(const Program &program, cameo_context_options options = {}, int64_t rows = 8);
  void bind(int64_t rows);
  Status run(Mode mode = Plain);
  /// Whether the outputs are what they should be.
  bool isRight() const;

  Context context;
  int64_t rows = 0, mode = Plain;
  std::vector<float> x, y;
};

Program staticProgram();

/// A complete program file as the compiler writes it: the bytes of the linked test program, padding, weights, header
/// filled in.
std::vector<uint8_t> programFile();
/// Fills in the digests after a change of the header's other fields.
void sealHeader(std::vector<uint8_t> &file, void (*change)(cameo_file_header &) = nullptr);

inline void expectMessage(const Status &status, cameo_code code, const char *message) {
  EXPECT_EQ(status.code(), code);
  EXPECT_EQ(status.message(), message);
}

/// A folder that goes with the object.
class TemporaryFolder {
public:
  TemporaryFolder();
  ~TemporaryFolder();
  std::string operator/(const std::string &name) const { return path + "/" + name; }
  /// Writes a file and returns its path.
  std::string write(const std::string &name, const void *bytes, size_t size) const;
  std::string write(const std::string &name, const std::vector<uint8_t> &bytes) const {
    return write(name, bytes.data(), bytes.size());
  }

private:
  std::string path;
};

/// ThreadSanitizer has an operator new of its own, which cannot be replaced.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define CAMEO_THREAD_SANITIZER 1
#endif
#endif

/// Calls of operator new in the whole process.
extern std::atomic<int64_t> numAllocations;
/// Where this is not negative, so many more allocations of this thread succeed and then all fail.
extern thread_local int64_t allocationsLeft;

} // namespace cameo::testing
