// Server.cpp - cameo-server: calls the driver `cameo` for many command lines, each in a forked child, so that LLVM is
// loaded once and a crash is one case's outcome.
//
// A line of standard input is a JSON array of arguments: ["cameo", "check", "model.onnx"]; anything but "cameo" is a
// program to start. A line of standard output answers it: {"exit": 0, "signal": 0, "seconds": 0.01, "peak_kb": 90000,
// "text": "…"}, where text is what the child wrote to standard output and standard error. A child that takes more than
// SECONDS (the server's argument) is killed: its signal is 9.
#include "cameo/Common.h"
#include "cameo/Verb.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"
#include <chrono>
#include <cstdio>
#include <iostream>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

using Clock = std::chrono::steady_clock;

/// Does not return.
[[noreturn]] static void runChild(std::vector<std::string> &arguments, int output, unsigned seconds) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  rlimit computing{seconds, seconds + 1};
  setrlimit(RLIMIT_CPU, &computing);
  rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  close(STDIN_FILENO);
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  std::vector<char *> pointers;
  for (std::string &argument : arguments)
    pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  if (arguments.front() == "cameo")
    exit(cameo::tool::runDriver(int(arguments.size()), pointers.data()));
  execvp(pointers.front(), pointers.data());
  perror(pointers.front());
  _exit(127);
}

/// What was written to a memory file, which is emptied.
static std::string takeText(int output) {
  std::string text(std::min<off_t>(lseek(output, 0, SEEK_END), 1 << 20), '\0');
  ssize_t size = pread(output, text.data(), text.size(), 0);
  text.resize(std::max<ssize_t>(size, 0));
  if (ftruncate(output, 0) || lseek(output, 0, SEEK_SET))
    perror("cameo-server");
  return llvm::json::fixUTF8(text);
}

static llvm::json::Object serve(std::vector<std::string> arguments, int output, unsigned seconds) {
  auto start = Clock::now();
  pid_t child = fork();
  if (child == 0)
    runChild(arguments, output, seconds);
  pollfd waiting{int(syscall(SYS_pidfd_open, child, 0)), POLLIN, 0};
  if (poll(&waiting, 1, int(seconds * 10000)) == 0)
    kill(child, SIGKILL);
  close(waiting.fd);
  int status = 0;
  rusage usage{};
  wait4(child, &status, 0, &usage);
  return llvm::json::Object{{"exit", WIFEXITED(status) ? WEXITSTATUS(status) : -1},
                            {"signal", WIFSIGNALED(status) ? WTERMSIG(status) : 0},
                            {"seconds", std::chrono::duration<double>(Clock::now() - start).count()},
                            {"peak_kb", usage.ru_maxrss},
                            {"text", takeText(output)}};
}

int main(int argc, char **argv) {
  unsigned seconds = argc > 1 ? atoi(argv[1]) : 10;
  cameo::tool::makeContext(); // touches what every child would touch
  int output = memfd_create("output", MFD_CLOEXEC);
  for (std::string line; std::getline(std::cin, line);) {
    auto request = llvm::json::parse(line);
    std::vector<std::string> arguments;
    llvm::json::Path::Root root;
    if (!request || !llvm::json::fromJSON(*request, arguments, root) || arguments.empty()) {
      llvm::consumeError(request.takeError());
      fprintf(stderr, "cameo-server: a request is a JSON array of arguments, found: %s\n", line.c_str());
      return 2;
    }
    llvm::outs() << llvm::json::Value(serve(std::move(arguments), output, seconds)) << "\n";
    llvm::outs().flush();
  }
  return 0;
}
