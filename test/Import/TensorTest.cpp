// TensorTest.cpp - payloads of tensors: what is a view, what is decoded, what is refused; external and sparse data.
#include "ReaderTesting.h"
#include <sys/stat.h>

using namespace cameo;
using namespace cameo::onnx;
using namespace cameo::onnx::test;

namespace {

constexpr auto invalid = ExitCode::InvalidModel;

std::string modelWithTensor(const std::string &tensor) {
  return model({.nodes = {node("Identity", {"w"}, {"y"})}, .initializers = {tensor}});
}
void expectBad(const std::string &tensor, llvm::StringRef code, llvm::StringRef text) {
  std::string bytes = modelWithTensor(tensor);
  expectError(readBytes(bytes), code, invalid, text);
}
const TensorView &onlyTensor(const Outcome &o) { return o.file->model().graph.initializers.at(0); }

template <typename T> std::string bytesOf(std::initializer_list<T> values) {
  return std::string(reinterpret_cast<const char *>(values.begin()), values.size() * sizeof(T));
}

/// A typed payload of varints, packed or one field per element.
std::string typed(int type, std::vector<int64_t> dims, int field, const std::vector<int64_t> &values,
                  bool packed = true) {
  std::string out = tensorHead("w", type, dims);
  protozero::pbf_writer w(out);
  if (packed)
    w.add_packed_int64(field, values.begin(), values.end());
  else
    for (int64_t v : values)
      w.add_int64(field, v);
  return out;
}

TEST(Tensor, RawDataIsAView) {
  std::string bytes = modelWithTensor(rawTensor("w", 1, {2}, bytesOf<float>({1.5f, -2.f})));
  Outcome o = readBytes(bytes);
  expectAccepted(o);
  auto view = onlyTensor(o).bytesInFile();
  ASSERT_TRUE(view);
  EXPECT_TRUE(view->begin() >= bytes.data() && view->end() <= bytes.data() + bytes.size());
  EXPECT_EQ(*view, bytesOf<float>({1.5f, -2.f}));
}

TEST(Tensor, PackedFloatsAreAViewAndScatteredOnesAreGathered) {
  float values[] = {1, 2, 3};
  std::string packed = tensorHead("w", 1, {3}), scattered = packed;
  protozero::pbf_writer(packed).add_packed_float(4, values, values + 3);
  for (float v : values)
    protozero::pbf_writer(scattered).add_float(4, v);
  std::string wanted = bytesOf<float>({1, 2, 3});
  for (bool isPacked : {true, false}) {
    std::string bytes = modelWithTensor(isPacked ? packed : scattered);
    Outcome o = readBytes(bytes);
    expectAccepted(o);
    EXPECT_EQ(onlyTensor(o).bytesInFile().has_value(), isPacked);
    std::vector<char> storage;
    EXPECT_EQ(onlyTensor(o).bytes(storage), wanted);
  }
}

struct TypedCase {
  int type;
  std::vector<int64_t> dims;
  int field;
  std::vector<int64_t> values;
  std::string wanted;
};
TEST(Tensor, TypedPayloadsDecodeToTheRawForm) {
  const TypedCase cases[] = {
      {6, {2}, 5, {-1, 7}, bytesOf<int32_t>({-1, 7})},
      {2, {2}, 5, {255, 0}, bytesOf<uint8_t>({255, 0})},
      {3, {2}, 5, {-128, 127}, bytesOf<int8_t>({-128, 127})},
      {4, {1}, 5, {65535}, bytesOf<uint16_t>({65535})},
      {5, {1}, 5, {-2}, bytesOf<int16_t>({-2})},
      {9, {2}, 5, {1, 0}, std::string("\1\0", 2)},
      {10, {1}, 5, {0x3c00}, bytesOf<uint16_t>({0x3c00})},
      {16, {1}, 5, {0x3f80}, bytesOf<uint16_t>({0x3f80})},
      {7, {2}, 7, {-5, 1ll << 40}, bytesOf<int64_t>({-5, 1ll << 40})},
      {12, {1}, 11, {4000000000}, bytesOf<uint32_t>({4000000000u})},
      {13, {1}, 11, {-1}, bytesOf<uint64_t>({~0ull})},
      {22, {3}, 5, {0x21, 0x03}, std::string("\x21\x03", 2)},     // int4: two in a byte
      {25, {5}, 5, {0xe4, 0x01}, std::string("\xe4\x01", 2)},     // uint2: four in a byte
      {27, {4}, 5, {1, 2, 3, 4}, std::string("\x81\x30\x10", 3)}, // float6: four in three bytes
      {27, {5}, 5, {1, 2, 3, 4, 63}, std::string("\x81\x30\x10\x3f", 4)},
  };
  for (const TypedCase &c : cases)
    for (bool packed : {true, false}) {
      std::string bytes = modelWithTensor(typed(c.type, c.dims, c.field, c.values, packed));
      Outcome o = readBytes(bytes);
      ASSERT_NE(o.file, nullptr) << c.type << o.text();
      std::vector<char> storage;
      EXPECT_EQ(onlyTensor(o).bytes(storage).str(), c.wanted) << "type " << c.type;
      EXPECT_EQ(onlyTensor(o).byteSize(), int64_t(c.wanted.size())) << "type " << c.type;
    }
}

TEST(Tensor, IntegersOfAnyWidth) {
  std::string bytes = modelWithTensor(rawTensor("w", 5, {2}, bytesOf<int16_t>({-3, 9})));
  EXPECT_EQ(onlyTensor(readBytes(bytes)).numElements(), 2);
  Outcome o = readBytes(bytes);
  EXPECT_EQ(onlyTensor(o).integers(), (std::vector<int64_t>{-3, 9}));
}

TEST(Tensor, Strings) {
  std::string t = tensorHead("w", 8, {2});
  protozero::pbf_writer(t).add_string(6, "one");
  protozero::pbf_writer(t).add_string(6, "");
  std::string bytes = modelWithTensor(t);
  Outcome o = readBytes(bytes);
  expectAccepted(o);
  EXPECT_EQ(onlyTensor(o).strings(), (std::vector<llvm::StringRef>{"one", ""}));
}

TEST(Tensor, ScalarsAndEmptyTensors) {
  std::string scalar = modelWithTensor(rawTensor("w", 1, {}, bytesOf<float>({1})));
  expectAccepted(readBytes(scalar));
  std::string empty = modelWithTensor(tensorHead("w", 1, {0, 1000000}));
  Outcome o = readBytes(empty);
  expectAccepted(o);
  EXPECT_EQ(onlyTensor(o).byteSize(), 0);
}

TEST(Tensor, WrongPayloads) {
  expectBad(rawTensor("w", 1, {2}, "abc"), "E-TENSOR", "has 3 bytes, expected 8 for 2 of float");
  expectBad(tensorHead("w", 1, {2}), "E-TENSOR", "has no data, expected 2 elements");
  expectBad(typed(1, {2}, 7, {1, 2}), "E-TENSOR", "in a field of another type");
  expectBad(typed(7, {2}, 7, {1, 2, 3}), "E-TENSOR", "has 3 elements, expected 2");
  expectBad(rawTensor("w", 1, {1}, "abcd") + typed(1, {}, 5, {1}), "E-TENSOR", "data in two fields");
  expectBad(rawTensor("w", 8, {1}, "abcd"), "E-TENSOR", "raw_data, expected string_data");
  expectBad(typed(3, {1}, 5, {300}), "E-TENSOR", "entry 300; expected -128 to 127 for int8");
  expectBad(rawTensor("w", 9, {2}, "\1\7"), "E-TENSOR", "entry 7; expected 0 to 1 for bool");
  expectBad(rawTensor("w", 0, {1}, "abcd"), "E-DTYPE", "data_type 0");
}

TEST(Tensor, HugeSizes) {
  std::string product = modelWithTensor(tensorHead("w", 1, {1ll << 40, 0, 1ll << 40}));
  expectError(readBytes(product), "E-OVERFLOW", ExitCode::LimitExceeded, "exceeds 2^63");
  std::string dim = modelWithTensor(tensorHead("w", 1, {1ll << 50, 0}));
  expectError(readBytes(dim), "E-LIMIT", ExitCode::LimitExceeded, "--max-dim");
  std::string bits = modelWithTensor(rawTensor("w", 15, {1ll << 31, 1ll << 31}, "x"));
  expectError(readBytes(bits), "E-TENSOR", invalid, "expected over 2^63 bytes");
}

TEST(Tensor, InAttributesOfSubgraphsToo) {
  std::string constant = node("Constant", {}, {"r"},
                              {.name = "c", .attributes = {tensorAttribute("value", rawTensor("", 1, {2}, "abc"))}});
  std::string branch = graph({.nodes = {constant}, .inputs = {}, .outputs = {value("r")}});
  std::string bytes = model(
      {.nodes = {node("If", {"c"}, {"y"},
                      {.attributes = {graphAttribute("then_branch", branch), graphAttribute("else_branch", branch)}})},
       .inputs = {value("c", {}, 9)}});
  Outcome o = readBytes(bytes);
  ASSERT_EQ(o.diagnostics.size(), 2u) << o.text();
  EXPECT_NE(o.text().find("attribute 'value' of node 'c' has 3 bytes"), std::string::npos) << o.text();
}

//===-- external
//------------------------------------------------------------------------------------------------------===//

class External : public testing::Test {
protected:
  TemporaryFolder folder;
  ReadOptions options;
  Outcome read(const std::vector<std::pair<std::string, std::string>> &entries) {
    folder.write("model.onnx", modelWithTensor(externalTensor("w", {2}, entries)));
    return readFile(folder.path / "model.onnx", options);
  }
  void SetUp() override {
    folder.write("w.bin", bytesOf<float>({0, 1, 2, 3}));
    folder.write("sub/w.bin", bytesOf<float>({4, 5}));
  }
};

TEST_F(External, IsMappedAtItsOffset) {
  Outcome o = read({{"location", "w.bin"}, {"offset", "4"}, {"length", "8"}});
  expectAccepted(o);
  EXPECT_EQ(*onlyTensor(o).bytesInFile(), bytesOf<float>({1, 2}));
}
TEST_F(External, LengthIsTheRestWhenLeftOut) {
  expectAccepted(read({{"location", "w.bin"}, {"offset", "8"}}));
  expectError(read({{"location", "w.bin"}}), "E-EXTRANGE", invalid,
              "has 16 bytes for the tensor; its shape and type need 8");
}
TEST_F(External, SubfoldersAreFine) { expectAccepted(read({{"location", "./sub/w.bin"}})); }
TEST_F(External, PathsThatAreRefused) {
  expectError(read({{"location", std::string("w.bin\0x", 7)}}), "E-EXTPATH", invalid, "zero byte");
  expectError(read({{"location", "*/_ORT_MEM_ADDR_/*"}, {"offset", "140000"}}), "E-EXTPATH", invalid,
              "address in the memory");
  expectError(read({{"location", ""}}), "E-EXTPATH", invalid, "is empty");
  expectError(read({{"location", "sub/../w.bin"}}), "E-EXTPATH", invalid, "leaves the model's folder");
  expectError(read({{"location", "sub"}}), "E-EXTPATH", invalid, "is a directory");
  ASSERT_EQ(::mkfifo((folder.path / "fifo").c_str(), 0600), 0);
  expectError(read({{"location", "fifo"}}), "E-EXTPATH", invalid, "not a regular file");
}
TEST_F(External, LinksNeedTheFlag) {
  std::filesystem::create_symlink(folder.path / "sub", folder.path / "linked");
  expectError(read({{"location", "linked/w.bin"}}), "E-EXTPATH", invalid, "--follow-symlinks");
  options.followSymlinks = true;
  expectAccepted(read({{"location", "linked/w.bin"}}));
}
TEST_F(External, OtherRoot) {
  options.externalDataRoot = (folder.path / "sub").string();
  expectAccepted(read({{"location", "w.bin"}}));
}
TEST_F(External, UnknownKeyIsAWarning) {
  Outcome o = read({{"location", "sub/w.bin"}, {"colour", "red"}});
  EXPECT_NE(o.file, nullptr);
  ASSERT_EQ(o.diagnostics.size(), 1u);
  EXPECT_EQ(o.diagnostics[0].severity, Severity::Warning);
  EXPECT_NE(o.text().find("key 'colour'"), std::string::npos);
}
TEST_F(External, ChecksumIsVerified) {
  folder.write("abc.bin", "abcdefgh"); // its SHA-1, from sha1sum(1):
  expectAccepted(read({{"location", "abc.bin"}, {"checksum", "425af12a0743502b322e93a015bcf868e324d56a"}}));
  expectError(read({{"location", "abc.bin"}, {"checksum", "00"}}), "E-CHECKSUM", invalid,
              "use the file the model came with");
}
TEST_F(External, MalformedEntry) {
  std::string tensor = externalTensor("w", {1}, {});
  protozero::pbf_writer(tensor).add_bytes(13, "\x0a\x7f");
  expectBad(tensor, "E-PARSE", "malformed StringStringEntryProto");
}
TEST_F(External, DataInTheModelToo) {
  std::string both = externalTensor("w", {1}, {{"location", "w.bin"}});
  protozero::pbf_writer(both).add_bytes(9, "abcd");
  expectBad(both, "E-TENSOR", "in the model and in an external file");
}

//===-- sparse
//--------------------------------------------------------------------------------------------------------===//

std::string sparseModel(const std::string &sparse) {
  return model({.nodes = {node("Identity", {"w"}, {"y"})}, .sparse = {sparse}});
}

TEST(Sparse, LinearAndCoordinateIndices) {
  std::string values = rawTensor("w", 1, {2}, bytesOf<float>({1, 2}));
  std::string linear = sparseModel(sparseTensor(values, int64Tensor("", {1, 5}), {2, 3}));
  std::string coordinates =
      sparseModel(sparseTensor(values, rawTensor("", 7, {2, 2}, bytesOf<int64_t>({0, 1, 1, 2})), {2, 3}));
  for (const std::string &bytes : {linear, coordinates}) {
    Outcome o = readBytes(bytes);
    expectAccepted(o);
    EXPECT_EQ(o.file->model().graph.sparseInitializers[0].positions(), (std::vector<int64_t>{1, 5}));
  }
}
TEST(Sparse, IsRefused) {
  std::string values = rawTensor("w", 1, {2}, bytesOf<float>({1, 2}));
  auto bad = [&](const std::string &indices, std::vector<int64_t> dims, llvm::StringRef code, llvm::StringRef text) {
    std::string bytes = sparseModel(sparseTensor(values, indices, dims));
    expectError(readBytes(bytes), code, invalid, text);
  };
  bad(int64Tensor("", {1, 6}), {2, 3}, "E-SPARSE", "index 6; expected 0 to 5");
  bad(int64Tensor("", {-1, 2}), {2, 3}, "E-SPARSE", "index -1");
  bad(int64Tensor("", {3, 3}), {2, 3}, "E-SPARSE", "do not ascend");
  bad(int64Tensor("", {1}), {2, 3}, "E-SPARSE", "indices of shape 1; expected 2 or 2x2");
  bad(int64Tensor("", {1, 2}), {-2, 3}, "E-DIM", "dimension -2");
  bad(externalTensor("", {2}, {{"location", "/etc/passwd"}}), {2, 3}, "E-EXTPATH", "absolute path");
}

} // namespace
