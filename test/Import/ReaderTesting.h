// ReaderTesting.h - what the tests of the reader share: read a model, expect one refusal.
#pragma once
#include "ModelWriter.h"
#include "cameo/Import/ONNX/Reader.h"
#include "cameo/Import/ONNX/Schema.h"
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

namespace cameo::onnx::test {

struct Outcome {
  std::unique_ptr<ModelFile> file;
  std::vector<Diagnostic> diagnostics;
  std::string text() const {
    std::string all;
    for (const Diagnostic &d : diagnostics)
      all += d.render() + "\n";
    return all;
  }
};

/// Reads from memory; `bytes` must outlive the outcome.
inline Outcome readBytes(const std::string &bytes, const ReadOptions &options = {},
                         const std::string &path = "m.onnx") {
  Outcome o;
  o.file = readModelFromMemory(bytes, path, options, o.diagnostics);
  return o;
}

inline Outcome readFile(const std::filesystem::path &path, const ReadOptions &options = {}) {
  Outcome o;
  o.file = readModel(path.string(), options, o.diagnostics);
  return o;
}

/// Exactly one error, with this code, exit code and text in its message.
inline void expectError(const Outcome &o, llvm::StringRef code, ExitCode exit, llvm::StringRef text) {
  ASSERT_EQ(o.file, nullptr) << "was accepted; expected " << code.str();
  ASSERT_EQ(o.diagnostics.size(), 1u) << o.text();
  const Diagnostic &d = o.diagnostics[0];
  EXPECT_EQ(d.code.str(), code.str()) << d.render();
  EXPECT_EQ(d.exitCode, exit) << d.render();
  EXPECT_NE(d.message.find(text.str()), std::string::npos) << d.render() << "\n  lacks: " << text.str();
}

/// Accepted without a warning.
inline void expectAccepted(const Outcome &o) {
  EXPECT_NE(o.file, nullptr) << o.text();
  EXPECT_TRUE(o.diagnostics.empty()) << o.text();
}

/// A folder that is gone after the test.
struct TemporaryFolder {
  std::filesystem::path path;
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "cameo-reader-XXXXXX").string();
    path = ::mkdtemp(name.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path); }
  void write(const std::string &name, const std::string &bytes) const {
    std::filesystem::create_directories((path / name).parent_path());
    std::ofstream(path / name, std::ios::binary) << bytes;
  }
};

} // namespace cameo::onnx::test
