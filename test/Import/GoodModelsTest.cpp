// GoodModelsTest.cpp - real models pass the reader, quickly and without touching their weights.
#include "ReaderTesting.h"
#include <chrono>
#include <cmath>

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

TEST(GoodModels, AHundredMegabytesTakeMilliseconds) {
  TemporaryFolder folder;
  folder.write("model.onnx", model({.nodes = {node("Add", {"x", "w"}, {"y"})},
                                    .initializers = {rawTensor("w", 1, {25, 1 << 20}, std::string(100 << 20, '\0'))}}));
  double best = HUGE_VAL; // of several: the other core may be busy with us
  for (int i = 0; i < 5; ++i) {
    auto start = std::chrono::steady_clock::now();
    Outcome o = readFile(folder.path / "model.onnx");
    best = std::min(best, std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
    expectAccepted(o);
    EXPECT_EQ(o.file->model().graph.initializers[0].bytesInFile()->size(), size_t(100 << 20));
  }
  EXPECT_LT(best, 50); // touching every page takes longer
}

} // namespace
