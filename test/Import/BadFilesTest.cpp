// BadFilesTest.cpp - each file of test/BadInput/files and what the reader must say about it.
#include "ReaderTesting.h"
#include <sys/stat.h>

using namespace cameo;
using namespace cameo::onnx;
using namespace cameo::onnx::test;
namespace fs = std::filesystem;

namespace {

struct Row {
  const char *file;
  const char *code; ///< null: passes the reader, the importer must refuse it (or it is fine)
  ExitCode exit;
  const char *text;
};

constexpr auto invalid = ExitCode::InvalidModel;
constexpr Row rows[] = {
    {"01_empty", "E-PARSE", invalid, "the file is empty"},
    {"02_truncated", "E-PARSE", invalid, "protobuf ends early: the field at byte 2 has 59 bytes, but only 30 are left"},
    {"03_random", "E-PARSE", invalid, "not a protobuf ModelProto"},
    {"04_text", "E-PARSE", invalid, "it looks like text"},
    {"05_no_opset", "E-OPSET", invalid, "no opset import"},
    {"06_opset_999", "E-OPSET", ExitCode::Unsupported, "opset 999 of domain ai.onnx, which is newer than 28"},
    {"07_ir_999", "E-IRVER", ExitCode::Unsupported, "IR version 999"},
    {"08_opset_0", "E-OPSET", invalid, "must be at least 1"},
    {"09_unknown_op", nullptr, {}, ""},
    {"10_unknown_domain", nullptr, {}, ""},
    {"11_cycle", "E-CYCLE", invalid, "node #1 -> node #0 -> node #1"},
    {"12_dup_output", "E-SSA", invalid, "node #1 (Abs): output 'y' is already defined by node #0"},
    {"13_missing_value", "E-UNDEF", invalid, "node #0 (Relu): uses the value 'nope'"},
    {"14_graph_output_missing", "E-OUTPUT", invalid, "output 'y' of the graph"},
    {"15_rawdata_short", "E-TENSOR", invalid, "initializer 'w' has 4 bytes, expected 4000000"},
    {"16_neg_dim_init", "E-DIM", invalid, "initializer 'w' has the dimension -5"},
    {"17_dim_overflow", "E-OVERFLOW", ExitCode::LimitExceeded, "element count exceeds 2^63"},
    {"18_bad_dtype", "E-DTYPE", invalid, "data_type 99"},
    {"19_ext_dotdot", "E-EXTPATH", invalid, "'../../../etc/passwd' leaves the model's folder"},
    {"20_ext_abs", "E-EXTPATH", invalid, "absolute path"},
    {"21_ext_missing", "E-EXTFILE", ExitCode::File, "'none.bin' cannot be opened in folder"},
    {"22_ext_offset_past", "E-EXTRANGE", invalid, "offset 1099511627776, but the file has 24 bytes"},
    {"23_ext_len_huge", "E-EXTRANGE", invalid, "1125899906842624 bytes"},
    {"24_ext_neg_offset", "E-EXTRANGE", invalid, "offset '-8'; expected an integer of at least 0"},
    {"25_ext_wrap", "E-EXTRANGE", invalid, "offset '18446744073709551608'"},
    {"26_ext_short", "E-EXTRANGE", invalid, "24 bytes from byte 12 on"},
    {"27_ext_symlink", "E-EXTPATH", invalid, "symbolic link; pass --follow-symlinks"},
    {"29_recursive_function", "E-RECURSION", invalid, "'f' -> 'f'"},
    {"30_nested_if_20", nullptr, {}, ""},
    {"30_nested_if_60", "E-DEPTH", ExitCode::LimitExceeded, "over 32 deep; the limit is --max-graph-depth=32"},
    {"31_conv_group0", nullptr, {}, ""},
    {"32_conv_stride0", nullptr, {}, ""},
    {"33_conv_neg_pad", nullptr, {}, ""},
    {"34_conv_group_nodiv", nullptr, {}, ""},
    {"35_conv_dil_huge", nullptr, {}, ""},
    {"36_reshape_two_neg1", nullptr, {}, ""},
    {"37_gather_oob", nullptr, {}, ""},
    {"38_constofshape_1tb", nullptr, {}, ""},
    {"39_constofshape_overflow", nullptr, {}, ""},
    {"40_idiv0", nullptr, {}, ""},
    {"41_attr_type", "E-ATTR", invalid, "node #0 (Softmax, opset 17): attribute 'axis' is FLOAT; expected INT"},
    {"42_axis_oob", nullptr, {}, ""},
    {"43_matmul_mismatch", nullptr, {}, ""},
    {"44_declared_shape_lies", nullptr, {}, ""},
    {"45_too_few_inputs", "E-ARITY", invalid, "has 1 input; expected 2"},
    {"46_too_many_inputs", "E-ARITY", invalid, "has 3 inputs; expected 1"},
    {"47_tile_bomb", nullptr, {}, ""},
    {"48_split_zero", nullptr, {}, ""},
    {"49_quant_scale0", nullptr, {}, ""},
    {"50_no_nodes_no_out", "E-EMPTY", invalid, "no nodes and no outputs"},
    {"51_range_step0", nullptr, {}, ""},
    {"52_einsum_bad", nullptr, {}, ""},
    {"53_pad_len", nullptr, {}, ""},
    {"54_bad_utf8_name", "E-UTF8", invalid, "'Re\\xff\\xfe'"},
};

void PrintTo(const Row &row, std::ostream *out) { *out << row.file; }

/// The files as they lie in the tree, and link.bin, which can't.
class BadFilesFolder : public testing::Test {
protected:
  TemporaryFolder folder;
  void SetUp() override {
    fs::copy(fs::path(CAMEO_SOURCE_DIR) / "test/BadInput/files", folder.path, fs::copy_options::recursive);
    fs::create_symlink("/etc/hostname", folder.path / "link.bin");
  }
};

class BadFiles : public BadFilesFolder, public testing::WithParamInterface<Row> {};

TEST_P(BadFiles, IsRefusedForItsReason) {
  const Row &row = GetParam();
  Outcome o = readFile(folder.path / (std::string(row.file) + ".onnx"));
  if (row.code)
    expectError(o, row.code, row.exit, row.text);
  else
    expectAccepted(o);
}

INSTANTIATE_TEST_SUITE_P(All, BadFiles, testing::ValuesIn(rows),
                         [](const auto &info) { return "Row" + std::string(info.param.file); });

TEST_F(BadFilesFolder, HardLinkIsRefused) {
  fs::create_hard_link(folder.path / "w.bin", folder.path / "hard.bin");
  expectError(readFile(folder.path / "28_ext_hardlink.onnx"), "E-EXTPATH", ExitCode::InvalidModel, "has 2 hard links");
}

TEST(BadFilesTable, NamesEveryFile) {
  int files = 0;
  for (const auto &entry : fs::directory_iterator(fs::path(CAMEO_SOURCE_DIR) / "test/BadInput/files"))
    files += entry.path().extension() == ".onnx";
  EXPECT_EQ(files, int(std::size(rows)) + 1); // 28 has a test of its own
}

TEST(BadPaths, AreFileErrors) {
  TemporaryFolder folder;
  expectError(readFile(folder.path / "none.onnx"), "E-FILE", ExitCode::File, "no such file or directory");
  expectError(readFile(folder.path), "E-FILE", ExitCode::File, "it is a directory");
  ASSERT_EQ(::mkfifo((folder.path / "fifo").c_str(), 0600), 0);
  expectError(readFile(folder.path / "fifo"), "E-FILE", ExitCode::File, "not a regular file");
}

} // namespace
