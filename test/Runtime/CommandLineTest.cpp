// CommandLineTest.cpp - cameo-run from outside: what it prints, writes and ends with.
#include "Testing.h"
#include "cameo-run/Files.h"
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace cameo;
using namespace cameo::testing;

namespace {

struct Outcome {
  int exitCode;
  std::string text; ///< standard output and standard error together
};

class CommandLine : public ::testing::Test {
protected:
  CommandLine() : program(folder.write("test.cameo", programFile())) {}

  Outcome run(const std::string &arguments, const std::string &runner = CAMEO_RUN) {
    FILE *pipe = popen(("(cd " + folder / "" + " && " + runner + " " + arguments + ") 2>&1").c_str(), "r");
    Outcome outcome;
    char chunk[4096];
    for (size_t size; (size = fread(chunk, 1, sizeof(chunk), pipe)) > 0;)
      outcome.text.append(chunk, size);
    int status = pclose(pipe);
    outcome.exitCode = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return outcome;
  }
  void expect(const std::string &arguments, int exitCode, const std::string &text) {
    Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.exitCode, exitCode) << arguments << ": " << outcome.text;
    EXPECT_NE(outcome.text.find(text), std::string::npos) << arguments << ": " << outcome.text;
  }

  TemporaryFolder folder;
  std::string program;
};

} // namespace

TEST_F(CommandLine, RunsAndReports) {
  expect("test.cameo --input mode=zeros --dim N:3", 0, "output 'z' f32 3x4:");
  expect("test.cameo --input mode=zeros --repeat 3 --json", 0,
         "\"outputs\":[{\"name\":\"z\",\"dtype\":\"f32\",\"shape\":[1,4]}");
  expect("test.cameo --input mode=zeros --profile", 0, "add: Add_0, Add_1");
  expect("test.cameo --signature", 0, "input 'x' f32 Nx4");
  expect("test.cameo --signature --json", 0, "\"symbols\":[\"N\",null]");
  expect("--version", 0, "cameo-run ");
}

TEST_F(CommandLine, RandomInputsDependOnTheSeedOnly) {
  std::string first = run("test.cameo --input mode=zeros --input x=random:7 --output a.npz").text;
  EXPECT_EQ(run("test.cameo --input mode=zeros --input x=random:7 --output b.npz").exitCode, 0);
  expect("test.cameo --input mode=zeros --input x=random:7 --expect a.npz --rtol 0 --atol 0", 0,
         "expected 'z': agrees");
  expect("test.cameo --input mode=zeros --input x=random:8 --expect a.npz", 1, "values differ");
  std::ifstream a(folder / "a.npz", std::ios::binary), b(folder / "b.npz", std::ios::binary);
  EXPECT_TRUE(std::equal(std::istreambuf_iterator<char>(a), {}, std::istreambuf_iterator<char>(b), {}));
}

TEST_F(CommandLine, UsageErrorsEndWithTwo) {
  expect("", 2, "error[E-USAGE]");
  expect("test.cameo --inptu x", 2, "did you mean --input?");
  expect("test.cameo --threads", 2, "--threads");
  expect("test.cameo --threads 100000", 2, "not in range");
  expect("test.cameo --repeat 0", 2, "not in range");
  expect("test.cameo --dim N", 2, "expected NAME:VALUE");
  expect("test.cameo --dim M:3", 2, "there is N");
  expect("test.cameo --rtol 1 --rtol 2", 2, "--rtol");
  expect("test.cameo --variant other", 2, "imaginary, baseline");
  expect("test.cameo --input x=ones --input x=ones", 2, "given twice");
  expect("test.cameo --input x=random:no", 2, "seed");
  expect("test.cameo --input x=picture.jpg", 2, "is not known");
}

TEST_F(CommandLine, InputErrorsEndWithEight) {
  std::ofstream(folder / "bad.npy") << "no array";
  std::ofstream(folder / "bad.npz") << "no archive";
  std::ofstream(folder / "bad.pb") << "no tensor";
  std::ofstream(folder / "bad.png") << "no picture";
  expect("test.cameo --input w=ones", 8, "there is no input 'w'; the program has 'x', 'y', 'mode'");
  expect("test.cameo --input x=bad.npy", 8, "error[E-NPY]: bad.npy: not a .npy file");
  expect("test.cameo --input bad.npz", 8, "error[E-NPY]: bad.npz: not a .npz archive");
  expect("test.cameo --input x=bad.pb", 8, "error[E-PARSE]: bad.pb");
  expect("test.cameo --input x=bad.png", 8, "a picture needs rank 3 or 4");
  expect("test.cameo --input x=missing.npy", 6, "error[E-FILE]: missing.npy");
  expect("test.cameo --input mode=ones", 8, "error[E-DIV0]: node 'net/Div_0'");
}

TEST_F(CommandLine, DamagedProgramsEndWithSeven) {
  std::vector<uint8_t> bytes = programFile();
  bytes[300] ^= 1;
  folder.write("damaged.cameo", bytes);
  expect("damaged.cameo", 7, "error[E-CHECKSUM]");
  bytes.resize(bytes.size() / 2);
  folder.write("cut.cameo", bytes);
  expect("cut.cameo", 7, "error[E-");
  expect("missing.cameo", 6, "error[E-FILE]");
  expect(". ", 6, "is a directory");
}

TEST_F(CommandLine, OutputThatCannotBeWrittenLeavesNothing) {
  expect("test.cameo --input mode=zeros --output missing/out.npz", 6, "missing/out.npz: cannot be written");
  expect("test.cameo --input mode=zeros > /dev/full", 9, "standard output was closed");
  for (const auto &entry : std::filesystem::directory_iterator(folder / ""))
    EXPECT_EQ(entry.path().filename(), "test.cameo");
}

TEST_F(CommandLine, ASignalEndsARunWithNine) {
  cameo::run::Tensor mode(CAMEO_I64, {}, "mode");
  cameo::run::storeElement(mode.data.get(), CAMEO_I64, 0, double(Forever));
  cameo::run::writeNpz(folder / "in.npz", {{"mode", mode.view()}});
  Outcome outcome = run("test.cameo --input in.npz & sleep 0.5; kill -INT $!; wait $!; exit $?");
  EXPECT_EQ(outcome.exitCode, 9) << outcome.text;
  EXPECT_NE(outcome.text.find("error[E-CANCELLED]"), std::string::npos) << outcome.text;
}

TEST_F(CommandLine, ModelsAreCompiledOnce) {
  // A compiler that copies the test program and counts its calls, beside a copy of cameo-run.
  std::filesystem::create_directory(folder / "bin");
  std::filesystem::copy_file(CAMEO_RUN, folder / "bin/cameo-run");
  std::ofstream(folder / "bin/cameo-compile") << "#!/bin/sh\necho called >> " << folder / "calls" << "\necho chatter\n"
                                              << "grep -q bad \"$1\" && exit 3\ncp " << program << " \"$3\"\n";
  chmod((folder / "bin/cameo-compile").c_str(), 0755);
  auto calls = [&] {
    std::ifstream stream(folder / "calls");
    return std::count(std::istreambuf_iterator<char>(stream), {}, '\n');
  };
  std::string runner = "XDG_CACHE_HOME=" + folder / "cache" + " bin/cameo-run";
  std::ofstream(folder / "m.onnx") << "one";
  Outcome outcome = run("m.onnx --input mode=zeros --json 2>/dev/null", runner);
  EXPECT_EQ(outcome.exitCode, 0) << outcome.text;
  EXPECT_TRUE(outcome.text.starts_with("{")) << outcome.text;
  EXPECT_EQ(calls(), 1);
  EXPECT_EQ(run("m.onnx --input mode=zeros", runner).exitCode, 0);
  EXPECT_EQ(calls(), 1);
  std::ofstream(folder / "m.onnx") << "two";
  EXPECT_EQ(run("m.onnx --input mode=zeros", runner).exitCode, 0);
  EXPECT_EQ(calls(), 2);
  std::ofstream(folder / "m.onnx") << "bad";
  outcome = run("m.onnx", runner);
  EXPECT_EQ(outcome.exitCode, 3) << outcome.text;
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder / "cache/cameo"), {}), 2);
}
