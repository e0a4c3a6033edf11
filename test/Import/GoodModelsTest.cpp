// GoodModelsTest.cpp - real models pass the reader, quickly and without touching their weights.
#include "ReaderTesting.h"
#include <chrono>

using namespace cameo;
using namespace cameo::onnx;
using namespace cameo::onnx::test;
namespace fs = std::filesystem;

namespace {

/// The folder of real models beside the checkout, where there is one.
fs::path sharedModels() { return fs::path(CAMEO_SOURCE_DIR).parent_path() / "shared/models"; }

TEST(GoodModels, AreAccepted) {
  if (!fs::exists(sharedModels()))
    GTEST_SKIP() << "no ../shared/models beside the checkout";
  int count = 0;
  for (const auto &entry : fs::recursive_directory_iterator(sharedModels())) {
    if (entry.path().extension() != ".onnx" || entry.path().parent_path().filename() == "bad_natural")
      continue;
    Outcome o = readFile(entry.path());
    EXPECT_NE(o.file, nullptr) << o.text();
    ++count;
  }
  EXPECT_GE(count, 20);
}

TEST(GoodModels, NaturallyBadOnesAreRefusedForTheTrueReason) {
  fs::path folder = sharedModels() / "bad_natural";
  if (!fs::exists(folder))
    GTEST_SKIP() << "no ../shared/models beside the checkout";
  auto expect = [&](const char *file, llvm::StringRef code, llvm::StringRef text) {
    Outcome o = readFile(folder / file);
    ASSERT_EQ(o.file, nullptr) << file;
    EXPECT_EQ(o.diagnostics.at(0).code, code) << o.text();
    EXPECT_NE(o.text().find(text.str()), std::string::npos) << o.text();
  };
  expect("pcb_aoi.onnx", "E-OP", "ImageScaler is not in ai.onnx-1");
  expect("spectrogram_stft.onnx", "E-DOMAIN", "com.microsoft.experimental is not imported");
  expect("squeezenet_dao_fp16.onnx", "E-OP", "Debug is not in ai.onnx-7");
  expect("winml_colorize_me.onnx", "E-SSA", "'less2_output' is already defined by node 'Less_17'");
}

TEST(GoodModels, AHundredMegabytesTakeMilliseconds) {
  TemporaryFolder folder;
  folder.write("model.onnx", model({.nodes = {node("Add", {"x", "w"}, {"y"})},
                                    .initializers = {rawTensor("w", 1, {25, 1 << 20}, std::string(100 << 20, '\0'))}}));
  auto start = std::chrono::steady_clock::now();
  Outcome o = readFile(folder.path / "model.onnx");
  double ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  expectAccepted(o);
  EXPECT_EQ(o.file->model().graph.initializers[0].bytesInFile()->size(), size_t(100 << 20));
  EXPECT_LT(ms, 50); // copying them alone takes longer on the slowest machine we build on
}

} // namespace
