// ModelCache.cpp - see ModelCache.h.
#include "cameo-run/ModelCache.h"
#include "cameo-run/Files.h"
#include "cameo-run/Interrupt.h"
#include "cameo-run/Protozero.h"
#include "cameo-run/UserError.h"
#include "cameo/Runtime/Digest.h"
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <set>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

namespace cameo::run {
namespace {

/// Field numbers of onnx.proto on the way to the names of external data files.
enum {
  ModelGraph = 7,
  GraphNode = 1,
  GraphInitializer = 5,
  NodeAttribute = 5,
  AttributeTensor = 5,
  AttributeGraph = 6,
  AttributeTensors = 10,
  AttributeGraphs = 11,
  TensorExternalData = 13,
  EntryKey = 1,
  EntryValue = 2
};

/// Collects the locations of all tensors of a model, those in nested graphs included. A model that is not sound ends
/// the walk early; saying so is the compiler's task.
class ExternalFiles {
public:
  static std::set<std::string> of(const MappedFile &model) {
    ExternalFiles files;
    try {
      protozero::pbf_reader message(reinterpret_cast<const char *>(model.data()), model.size());
      while (message.next(ModelGraph))
        files.walkGraph(message.get_message(), 0);
    } catch (const protozero::exception &) {
    }
    return std::move(files.locations);
  }

private:
  void walkGraph(protozero::pbf_reader graph, int depth) {
    constexpr int kDeepest = 64;
    while (depth < kDeepest && graph.next()) {
      if (graph.tag() == GraphInitializer)
        walkTensor(graph.get_message());
      else if (graph.tag() == GraphNode)
        walkNode(graph.get_message(), depth);
      else
        graph.skip();
    }
  }
  void walkNode(protozero::pbf_reader node, int depth) {
    while (node.next(NodeAttribute)) {
      protozero::pbf_reader attribute = node.get_message();
      while (attribute.next()) {
        if (attribute.tag() == AttributeTensor || attribute.tag() == AttributeTensors)
          walkTensor(attribute.get_message());
        else if (attribute.tag() == AttributeGraph || attribute.tag() == AttributeGraphs)
          walkGraph(attribute.get_message(), depth + 1);
        else
          attribute.skip();
      }
    }
  }
  void walkTensor(protozero::pbf_reader tensor) {
    while (tensor.next(TensorExternalData)) {
      protozero::pbf_reader entry = tensor.get_message();
      std::string key, value;
      while (entry.next()) {
        if (entry.tag() == EntryKey)
          key = entry.get_string();
        else if (entry.tag() == EntryValue)
          value = entry.get_string();
        else
          entry.skip();
      }
      if (key == "location")
        locations.insert(value);
    }
  }

  std::set<std::string> locations;
};

/// Size and time of change of a file, which stand for its content; zeros where there is none.
void addFile(rt::Sha256 &hash, const std::string &path) {
  struct stat status{};
  stat(path.c_str(), &status);
  int64_t facts[] = {int64_t(status.st_size), int64_t(status.st_mtim.tv_sec), int64_t(status.st_mtim.tv_nsec)};
  hash.update(facts, sizeof(facts));
}

void addText(rt::Sha256 &hash, const std::string &text) {
  uint64_t bytes = text.size();
  hash.update(&bytes, sizeof(bytes));
  hash.update(text.data(), text.size());
}

/// The processor's name and flags: programs are compiled for the CPU at hand.
std::string cpuIdentity() {
  std::string identity;
  FILE *file = fopen("/proc/cpuinfo", "re");
  if (!file)
    return identity;
  char line[8192];
  while (fgets(line, sizeof(line), file) && line[0] != '\n')
    if (!strncmp(line, "model", 5) || !strncmp(line, "flags", 5) || !strncmp(line, "Features", 8) ||
        !strncmp(line, "CPU part", 8))
      identity += line;
  fclose(file);
  return identity;
}

std::string compilerPath() {
  char self[PATH_MAX];
  ssize_t length = readlink("/proc/self/exe", self, sizeof(self));
  std::string path(self, length > 0 ? size_t(length) : 0);
  path = path.substr(0, path.rfind('/') + 1) + "cameo-compile";
  if (access(path.c_str(), X_OK) != 0)
    throw UserError("E-FILE", File,
                    "running a model needs cameo-compile beside cameo-run, and " + escaped(path) +
                        " cannot be executed; give a compiled program instead");
  return path;
}

std::string cacheFolder() {
  const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
  std::string base = cache && *cache == '/' ? cache : home && *home == '/' ? std::string(home) + "/.cache" : "";
  if (base.empty())
    throw UserError(
        "E-FILE", File,
        "there is no place for the compiled program: set XDG_CACHE_HOME or HOME, or compile with cameo-compile");
  std::string folder = base + "/cameo";
  for (size_t slash = folder.find('/', 1);; slash = folder.find('/', slash + 1)) {
    std::string part = folder.substr(0, slash);
    if (mkdir(part.c_str(), 0700) != 0 && errno != EEXIST)
      throw UserError("E-FILE", File,
                      escaped(part) + ": cannot be made: " + strerror(errno) +
                          "; set XDG_CACHE_HOME, or compile with cameo-compile");
    if (slash == std::string::npos)
      return folder;
  }
}

/// Runs the compiler to its end; its exit code, or 128 + signal.
int runCompiler(const std::string &compiler, const std::string &model, const std::vector<std::string> &flags,
                const std::string &output) {
  // The compiler's standard output would mix with ours, which may be JSON.
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
  // A model named like a flag stays a file's name.
  std::string file = model[0] == '-' ? "./" + model : model;
  std::vector<std::string> words{compiler, file, "-o", output};
  words.insert(words.end(), flags.begin(), flags.end());
  std::vector<char *> arguments;
  for (std::string &word : words)
    arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t child;
  int failure = posix_spawn(&child, compiler.c_str(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failure)
    throw UserError("E-FILE", File, escaped(compiler) + ": cannot be started: " + strerror(failure));
  setInterruptedChild(child);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR)
    continue;
  setInterruptedChild(0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

} // namespace

CachedProgram compileIntoCache(const std::string &model, const std::vector<std::string> &flags) {
  std::string compiler = compilerPath();
  rt::Sha256 hash;
  {
    MappedFile file(model);
    rt::Digest content = rt::sha256(file.data(), file.size());
    hash.update(content.data(), content.size());
    std::string folder = model.find('/') == std::string::npos ? "" : model.substr(0, model.rfind('/') + 1);
    for (const std::string &location : ExternalFiles::of(file)) {
      addText(hash, location);
      addFile(hash, folder + location);
    }
  }
  addText(hash, compiler);
  addFile(hash, compiler);
  addText(hash, cpuIdentity());
  for (const std::string &flag : flags)
    addText(hash, flag);
  std::string path = cacheFolder() + "/" + rt::toHex(hash.finish().data(), 20) + ".cameo";
  if (access(path.c_str(), R_OK) == 0)
    return {path, 0};

  auto start = std::chrono::steady_clock::now();
  std::string temporary = path + "." + std::to_string(getpid());
  int code = runCompiler(compiler, model, flags, temporary);
  std::chrono::duration<double, std::milli> elapsed = std::chrono::steady_clock::now() - start;
  if (code != 0 || rename(temporary.c_str(), path.c_str()) != 0) {
    int reason = errno;
    unlink(temporary.c_str());
    throwIfInterrupted();
    if (code > 128)
      throw UserError("E-INTERNAL", InternalError,
                      escaped(model) + ": cameo-compile ended by signal " + std::to_string(code - 128));
    if (code)
      throw UserError("E-COMPILE", ExitCode(code),
                      escaped(model) + ": could not be compiled; cameo-compile says why above");
    throw UserError("E-FILE", File, escaped(path) + ": cannot be written: " + strerror(reason));
  }
  return {path, elapsed.count()};
}

} // namespace cameo::run
