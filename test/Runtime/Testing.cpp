// Testing.cpp - see Testing.h.
#include "Testing.h"
#include "ProgramFile.h"
#include "cameo/Runtime/Digest.h"
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <new>

namespace cameo::testing {

std::atomic<int64_t> numAllocations{0};
thread_local int64_t allocationsLeft = -1;

Bound::Bound(const Program &program, cameo_context_options options, int64_t rows) {
  Status status = Context::create(program, context, options);
  EXPECT_TRUE(status) << status.message();
  bind(rows);
}

void Bound::bind(int64_t newRows) {
  rows = newRows;
  x.resize(rows * 4 + 1);
  y.resize(rows * 4 + 1);
  for (int64_t i = 0; i < rows * 4; ++i) {
    x[i] = float(i % 1000);
    y[i] = float(i % 7);
  }
  int64_t dims[] = {rows, 4};
  EXPECT_TRUE(context.setInput("x", x.data(), dims));
  EXPECT_TRUE(context.setInput("y", y.data(), dims));
  EXPECT_TRUE(context.setInput("mode", &mode, {}));
}

Status Bound::run(Mode asked) {
  mode = asked;
  return context.run();
}

bool Bound::isRight() const {
  Tensor z = context.output(0), count = context.output(1);
  if (z.as<float>().size() != size_t(rows * 4) || count.as<int64_t>().size() != 1 || count.as<int64_t>()[0] != rows)
    return false;
  for (int64_t i = 0; i < rows * 4; ++i)
    if (z.as<float>()[i] != x[i] + y[i] + 0.25f * float(i % 4 + 1))
      return false;
  return true;
}

Program staticProgram() {
  Program program;
  Status status = Program::fromStatic(cameo_test_program, program);
  EXPECT_TRUE(status) << status.message();
  return program;
}

std::vector<uint8_t> programFile() {
  std::ifstream stream(CAMEO_TEST_PROGRAM, std::ios::binary);
  std::vector<uint8_t> file((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  uint64_t offset = (file.size() + 4095) / 4096 * 4096;
  file.resize(offset);
  const float weights[] = {0.25f, 0.5f, 0.75f, 1};
  file.insert(file.end(), reinterpret_cast<const uint8_t *>(weights), reinterpret_cast<const uint8_t *>(weights + 4));
  rt::FileRange range;
  EXPECT_EQ(rt::findElfSection(file.data(), file.size(), CAMEO_HEADER_SECTION, range), nullptr);
  EXPECT_EQ(range.bytes, sizeof(cameo_file_header));
  cameo_file_header header{};
  memcpy(header.magic, CAMEO_MAGIC, 8);
  header.header_bytes = sizeof(header);
  header.format_major = CAMEO_FORMAT_MAJOR;
  header.format_minor = CAMEO_FORMAT_MINOR;
  header.abi_version = CAMEO_ABI_VERSION;
  header.file_bytes = file.size();
  header.weights_offset = offset;
  header.weights_bytes = sizeof(weights);
  memcpy(file.data() + range.offset, &header, sizeof(header));
  sealHeader(file);
  return file;
}

void sealHeader(std::vector<uint8_t> &file, void (*change)(cameo_file_header &)) {
  rt::FileRange range;
  rt::findElfSection(file.data(), file.size(), CAMEO_HEADER_SECTION, range);
  cameo_file_header header;
  memcpy(&header, file.data() + range.offset, sizeof(header));
  rt::Digest code = rt::codeDigest(file.data(), file.size(), range, {header.weights_offset, header.weights_bytes});
  rt::Digest weights = rt::sha256(file.data() + header.weights_offset, header.weights_bytes);
  memcpy(header.code_sha256, code.data(), 32);
  memcpy(header.weights_sha256, weights.data(), 32);
  if (change)
    change(header);
  rt::Digest self = rt::headerDigest(header);
  memcpy(header.header_sha256, self.data(), 32);
  memcpy(file.data() + range.offset, &header, sizeof(header));
}

TemporaryFolder::TemporaryFolder() {
  std::string pattern = ::testing::TempDir() + "cameo-runtime-XXXXXX";
  path = mkdtemp(pattern.data());
}

TemporaryFolder::~TemporaryFolder() { std::filesystem::remove_all(path); }

std::string TemporaryFolder::write(const std::string &name, const void *bytes, size_t size) const {
  std::ofstream(*this / name, std::ios::binary).write(static_cast<const char *>(bytes), std::streamsize(size));
  return *this / name;
}

} // namespace cameo::testing

#ifndef CAMEO_THREAD_SANITIZER
// The counting allocator.
static void *countedNew(size_t bytes, size_t alignment) {
  using namespace cameo::testing;
  numAllocations.fetch_add(1, std::memory_order_relaxed);
  if (allocationsLeft == 0)
    return nullptr;
  if (allocationsLeft > 0)
    --allocationsLeft;
  return aligned_alloc(alignment, (bytes / alignment + 1) * alignment);
}

static void *countedNewOrThrow(size_t bytes, size_t alignment) {
  if (void *memory = countedNew(bytes, alignment))
    return memory;
  throw std::bad_alloc();
}

void *operator new(size_t bytes) { return countedNewOrThrow(bytes, 16); }
void *operator new[](size_t bytes) { return countedNewOrThrow(bytes, 16); }
void *operator new(size_t bytes, std::align_val_t alignment) { return countedNewOrThrow(bytes, size_t(alignment)); }
void *operator new(size_t bytes, const std::nothrow_t &) noexcept { return countedNew(bytes, 16); }
void *operator new(size_t bytes, std::align_val_t alignment, const std::nothrow_t &) noexcept {
  return countedNew(bytes, size_t(alignment));
}
void operator delete(void *memory) noexcept { free(memory); }
void operator delete[](void *memory) noexcept { free(memory); }
void operator delete(void *memory, size_t) noexcept { free(memory); }
void operator delete[](void *memory, size_t) noexcept { free(memory); }
void operator delete(void *memory, std::align_val_t) noexcept { free(memory); }
void operator delete(void *memory, size_t, std::align_val_t) noexcept { free(memory); }
#endif
