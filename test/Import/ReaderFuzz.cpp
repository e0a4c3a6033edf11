// ReaderFuzz.cpp - feeds the reader damaged models: the entry point of libFuzzer, and a small driver without it.
//
//   onnx-reader-fuzz [--mutations=N] [--seed=S] FILE...
//
// reads each file, then N copies of it with a few bytes changed, cut out, repeated or cut off (the same ones for the
// same seed). There is nothing to compare: the run must end, without a signal or a report of a sanitizer. What was
// accepted is also walked and decoded, as an importer would. Built with -fsanitize=fuzzer and CAMEO_LIBFUZZER, only the
// entry remains.
#include "cameo/Import/ONNX/Reader.h"
#include "cameo/Import/ONNX/Schema.h"
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>

using namespace cameo;
using namespace cameo::onnx;

namespace {

/// Touches everything that a reader's user may rely on; returns a value so that nothing is optimised away.
class Walker {
public:
  uint64_t sum = 0;

  void graph(const Graph &g) {
    for (const TensorView &t : g.initializers)
      tensor(t);
    for (const SparseTensorView &t : g.sparseInitializers)
      for (int64_t position : t.positions())
        sum += position;
    nodes(g.nodes);
  }

  void nodes(const std::vector<Node> &list) {
    for (const Node &n : list) {
      if (n.function)
        sum += bindAttributes(*n.function, n).nodes.size();
      if (n.schema)
        for (const AttributeSchema &a : n.schema->attributes)
          sum += n.get(a.name) != nullptr;
      for (const Attribute &a : n.attributes) {
        if (const auto *tensors = std::get_if<std::vector<TensorView>>(&a.value))
          for (const TensorView &t : *tensors)
            tensor(t);
        if (const auto *graphs = std::get_if<std::vector<std::shared_ptr<const Graph>>>(&a.value))
          for (const auto &g : *graphs)
            graph(*g);
      }
    }
  }

  void tensor(const TensorView &t) {
    if (t.type == DataType::String) {
      for (llvm::StringRef s : t.strings())
        sum += s.size();
      return;
    }
    std::vector<char> storage;
    llvm::StringRef bytes = t.bytes(storage);
    if (int64_t(bytes.size()) != t.byteSize())
      std::abort(); // what the header promises
    for (char c : bytes)
      sum += c;
  }
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  ReadOptions options;
  options.limits.constantBytes = 64 << 20;
  options.externalDataRoot = "/nonexistent";
  std::vector<Diagnostic> diagnostics;
  auto file = readModelFromMemory(llvm::StringRef(reinterpret_cast<const char *>(data), size), "fuzz.onnx", options,
                                  diagnostics);
  if ((file != nullptr) == hasErrors(diagnostics))
    std::abort();
  if (file) {
    Walker walker;
    walker.graph(file->model().graph);
    for (const Function &f : file->model().functions)
      walker.nodes(f.nodes);
    volatile uint64_t sink = walker.sum;
    (void)sink;
  }
  return 0;
}

#ifndef CAMEO_LIBFUZZER
namespace {

std::string mutated(std::string bytes, std::mt19937_64 &random) {
  auto below = [&](size_t n) { return n ? random() % n : 0; };
  for (size_t edits = 1 + below(8); edits && !bytes.empty(); --edits) {
    // Half of the edits near the ends, where the structure is; the middle is mostly weights.
    size_t at = below(2)   ? below(bytes.size())
                : below(2) ? below(std::min<size_t>(bytes.size(), 4096))
                           : bytes.size() - 1 - below(std::min<size_t>(bytes.size(), 4096));
    switch (below(6)) {
    case 0:
      bytes[at] = char(random());
      break;
    case 1:
      bytes[at] ^= char(1 << below(8));
      break;
    case 2:
      bytes[at] = char(0xff);
      break;
    case 3:
      bytes.erase(at, 1 + below(16));
      break;
    case 4: {
      std::string piece = bytes.substr(below(bytes.size()), 1 + below(64)); // insert() could not take a view of itself
      bytes.insert(at, piece);
      break;
    }
    case 5:
      if (below(8) == 0)
        bytes.resize(at);
      else
        bytes[at] = char(bytes[at] + (below(2) ? 1 : -1));
      break;
    }
  }
  return bytes;
}

void run(const std::string &bytes) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size());
}

} // namespace

int main(int argc, char **argv) {
  long mutations = 0, runs = 0;
  unsigned long seed = 1;
  for (int i = 1; i < argc; ++i) {
    llvm::StringRef argument = argv[i];
    if (argument.consume_front("--mutations=")) {
      mutations = std::atol(argument.data());
    } else if (argument.consume_front("--seed=")) {
      seed = std::strtoul(argument.data(), nullptr, 10);
    } else {
      std::ifstream in(argv[i], std::ios::binary);
      std::string bytes((std::istreambuf_iterator<char>(in)), {});
      if (!in) {
        std::fprintf(stderr, "onnx-reader-fuzz: cannot read %s\n", argv[i]);
        return 2;
      }
      std::mt19937_64 random(seed);
      run(bytes);
      for (long m = 0; m < mutations; ++m)
        run(mutated(bytes, random));
      runs += 1 + mutations;
    }
  }
  std::printf("%ld inputs read\n", runs);
  return 0;
}
#endif
