// LoaderTest.cpp - program files: sound ones run, and any damage is a status.
#include "ProgramFile.h"
#include "Testing.h"
#include "cameo/Runtime/Digest.h"
#include <algorithm>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace cameo;
using namespace cameo::testing;

namespace {

std::string hexOf(const char *text) { return rt::toHex(rt::sha256(text, strlen(text)).data()); }

/// A file that is changed in place through a shared mapping.
struct MutableFile {
  explicit MutableFile(const std::string &path) : path(path) {
    descriptor = open(path.c_str(), O_RDWR);
    size = size_t(lseek(descriptor, 0, SEEK_END));
    bytes = static_cast<uint8_t *>(mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0));
  }
  ~MutableFile() {
    munmap(bytes, size);
    close(descriptor);
  }
  std::string path;
  int descriptor;
  size_t size;
  uint8_t *bytes;
};

int32_t load(const std::string &path) {
  Program program;
  return Program::load(path.c_str(), program).code();
}

int32_t loadChanged(void (*change)(cameo_file_header &), std::string &message) {
  TemporaryFolder folder;
  std::vector<uint8_t> bytes = programFile();
  sealHeader(bytes, change);
  Program program;
  Status status = Program::load(folder.write("a.cameo", bytes).c_str(), program);
  message = status.message();
  return status.code();
}

} // namespace

TEST(Digest, KnownValues) {
  // FIPS 180-4, examples of the appendix and of NIST's test vectors.
  EXPECT_EQ(hexOf(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hexOf("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hexOf("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  rt::Sha256 hash;
  std::string chunk(997, 'a');
  for (size_t left = 1000000; left;) {
    size_t now = std::min(left, chunk.size());
    hash.update(chunk.data(), now);
    left -= now;
  }
  EXPECT_EQ(rt::toHex(hash.finish().data()), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Digest, CodeDigestSkipsHeaderAndWeights) {
  std::vector<uint8_t> file(1000);
  for (size_t i = 0; i < file.size(); ++i)
    file[i] = uint8_t(i * 7);
  std::vector<uint8_t> rest;
  for (size_t i = 0; i < file.size(); ++i)
    if (!(i >= 100 && i < 150) && !(i >= 600 && i < 900))
      rest.push_back(file[i]);
  rt::Digest wanted = rt::sha256(rest.data(), rest.size());
  EXPECT_EQ(rt::codeDigest(file.data(), file.size(), {100, 50}, {600, 300}), wanted);
  EXPECT_EQ(rt::codeDigest(file.data(), file.size(), {600, 300}, {100, 50}), wanted);
}

TEST(Loader, SoundFileRuns) {
  TemporaryFolder folder;
  std::string path = folder.write("a.cameo", programFile());
  Program program;
  auto start = std::chrono::steady_clock::now();
  Status status = Program::load(path.c_str(), program);
  auto elapsed = std::chrono::steady_clock::now() - start;
  ASSERT_TRUE(status) << status.message();
  RecordProperty("load_us", int(elapsed / std::chrono::microseconds(1)));
  EXPECT_EQ(program.model(), "test");
  EXPECT_EQ(program.variant(), "baseline");
  EXPECT_TRUE(program.verifyWeights());
  Bound bound(program);
  ASSERT_TRUE(bound.run());
  EXPECT_TRUE(bound.isRight());
}

TEST(Loader, EveryBitOfTheHeaderIsGuarded) {
  TemporaryFolder folder;
  MutableFile file(folder.write("a.cameo", programFile()));
  rt::FileRange header;
  ASSERT_EQ(rt::findElfSection(file.bytes, file.size, CAMEO_HEADER_SECTION, header), nullptr);
  for (uint64_t i = header.offset; i < header.end(); ++i)
    for (int bit = 0; bit < 8; ++bit) {
      file.bytes[i] ^= 1 << bit;
      EXPECT_NE(load(file.path), CAMEO_OK) << "byte " << i - header.offset << " bit " << bit;
      file.bytes[i] ^= 1 << bit;
    }
  EXPECT_EQ(load(file.path), CAMEO_OK);
}

TEST(Loader, EveryByteOfTheCodeIsGuarded) {
  TemporaryFolder folder;
  MutableFile file(folder.write("a.cameo", programFile()));
  for (size_t i = 0; i < file.size - 16; ++i) {
    file.bytes[i] ^= 1 << (i % 8);
    int32_t code = load(file.path);
    EXPECT_TRUE(code == CAMEO_DAMAGED || code == CAMEO_INVALID_PROGRAM || code == CAMEO_VERSION_MISMATCH)
        << "byte " << i << " code " << code;
    file.bytes[i] ^= 1 << (i % 8);
  }
}

TEST(Loader, DamagedWeightsAreFoundOnRequest) {
  TemporaryFolder folder;
  std::vector<uint8_t> bytes = programFile();
  bytes.back() ^= 4;
  std::string path = folder.write("a.cameo", bytes);
  Program program;
  ASSERT_TRUE(Program::load(path.c_str(), program));
  EXPECT_EQ(program.verifyWeights().code(), CAMEO_DAMAGED);
  cameo_program_options options{sizeof(options), 1, nullptr, nullptr};
  Status status = Program::load(path.c_str(), program, &options);
  EXPECT_EQ(status.code(), CAMEO_DAMAGED);
  EXPECT_NE(status.message().find("weights do not match"), std::string::npos) << status.message();
}

TEST(Loader, EveryTruncationIsAnError) {
  TemporaryFolder folder;
  std::vector<uint8_t> bytes = programFile();
  std::string path = folder.write("a.cameo", bytes);
  for (off_t size = off_t(bytes.size()) - 1; size >= 0; --size) {
    ASSERT_EQ(truncate(path.c_str(), size), 0);
    int32_t code = load(path);
    EXPECT_TRUE(code == CAMEO_DAMAGED || code == CAMEO_INVALID_PROGRAM) << "size " << size << " code " << code;
  }
}

TEST(Loader, OtherVersionsAndCpusAreNamed) {
  std::string message;
  EXPECT_EQ(loadChanged([](cameo_file_header &h) { h.format_major = 7; }, message), CAMEO_VERSION_MISMATCH);
  EXPECT_NE(message.find("program format 7.0"), std::string::npos) << message;
  EXPECT_EQ(loadChanged([](cameo_file_header &h) { h.abi_version = 9; }, message), CAMEO_VERSION_MISMATCH);
  EXPECT_NE(message.find("kernel ABI 9"), std::string::npos) << message;
  EXPECT_EQ(loadChanged([](cameo_file_header &h) { h.features = 1ull << 63; }, message), CAMEO_UNSUPPORTED_CPU);
  EXPECT_NE(message.find("needs bit 63"), std::string::npos) << message;
  EXPECT_EQ(loadChanged([](cameo_file_header &h) { h.weights_offset = ~0ull << 12; }, message), CAMEO_INVALID_PROGRAM);
  EXPECT_EQ(loadChanged([](cameo_file_header &h) { h.weights_offset = 100; }, message), CAMEO_INVALID_PROGRAM);
  EXPECT_EQ(loadChanged([](cameo_file_header &h) { h.format_minor = 3; }, message), CAMEO_OK);
}

TEST(Loader, FilesThatAreNoProgramsAreRefused) {
  TemporaryFolder folder;
  EXPECT_EQ(load(folder / "missing.cameo"), CAMEO_IO);
  EXPECT_EQ(load(folder / "."), CAMEO_IO);
  mkfifo((folder / "pipe").c_str(), 0600);
  EXPECT_EQ(load(folder / "pipe"), CAMEO_IO);
  EXPECT_EQ(load(folder.write("empty", "", 0)), CAMEO_INVALID_PROGRAM);
  EXPECT_EQ(load(folder.write("text", "version https://git-lfs", 23)), CAMEO_INVALID_PROGRAM);
  EXPECT_EQ(load("/proc/self/exe"), CAMEO_INVALID_PROGRAM);
  EXPECT_EQ(cameo_program_load(nullptr, nullptr, nullptr, nullptr), CAMEO_INVALID_ARGUMENT);
}

TEST(Loader, AReplacedFileIsLoadedAnew) {
  TemporaryFolder folder;
  std::vector<uint8_t> bytes = programFile();
  std::string path = folder.write("a.cameo", bytes);
  Program first, second, third;
  ASSERT_TRUE(Program::load(path.c_str(), first));
  const char model[] = "\0test";
  auto place = std::search(bytes.begin(), bytes.end(), model, model + sizeof(model));
  ASSERT_NE(place, bytes.end());
  place[1] = 'b';
  sealHeader(bytes);
  ASSERT_EQ(rename(folder.write("b.cameo", bytes).c_str(), path.c_str()), 0);
  ASSERT_TRUE(Program::load(path.c_str(), second));
  ASSERT_TRUE(Program::load(path.c_str(), third));
  EXPECT_EQ(first.model(), "test");
  EXPECT_EQ(second.model(), "best");
  EXPECT_EQ(third.model(), "best");
}

TEST(Loader, WithoutATargetItCanOnlyBeLookedAt) {
  TemporaryFolder folder;
  std::string path = folder.write("a.cameo", programFile());
  cameo_program_options options{};
  options.struct_size = sizeof(options);
  options.target = "none";
  Program program;
  ASSERT_TRUE(Program::load(path.c_str(), program, &options));
  EXPECT_EQ(program.variant(), "");
  const cameo_variant *chosen = nullptr;
  cameo_error error;
  EXPECT_EQ(cameo_program_choose(program.get(), "cpu", &chosen, &error), CAMEO_OK);
  ASSERT_NE(chosen, nullptr);
  Program loaded;
  ASSERT_TRUE(Program::load(path.c_str(), loaded));
  EXPECT_EQ(loaded.variant(), chosen->name);
  EXPECT_EQ(cameo_program_choose(program.get(), "tpu", &chosen, &error), CAMEO_INVALID_ARGUMENT);
  EXPECT_EQ(chosen, nullptr);
  cameo_context *context = nullptr;
  EXPECT_EQ(cameo_context_create(program.get(), nullptr, &context, &error), CAMEO_INVALID_ARGUMENT);
  EXPECT_EQ(context, nullptr);
}

TEST(Loader, UnknownVariantIsNamed) {
  cameo_program_options options{sizeof(options), 0, "x86-64-v9", nullptr};
  Program program;
  Status status = Program::fromStatic(cameo_test_program, program, &options);
  EXPECT_EQ(status.code(), CAMEO_NOT_FOUND);
  EXPECT_NE(status.message().find("imaginary, baseline"), std::string::npos) << status.message();
  options.variant = "imaginary";
  EXPECT_EQ(Program::fromStatic(cameo_test_program, program, &options).code(), CAMEO_UNSUPPORTED_CPU);
}
