// Gpu.h - a simulated GPU with one array, for kernels of a few statements.
#pragma once
#include "cuda-sim/Machine.h"
#include <gtest/gtest.h>

namespace cameo::sim {

/// Memory with one array of `count` floats, its address as the kernel's only parameter.
class Gpu {
public:
  explicit Gpu(size_t count) : address(memory.allocate(count * 4)), count(count) {
    for (size_t i = 0; i < count; ++i)
      data()[i] = float(i);
  }
  float *data() {
    std::string problem;
    return reinterpret_cast<float *>(memory.find(address, count * 4, nullptr, problem));
  }
  /// Runs `body` with `threads` threads; empty, or what went wrong. %rd1 is the array, %r1 the thread's number, %rd2
  /// its element.
  std::string run(const std::string &body, unsigned threads, unsigned blocks = 1, uint64_t seed = 0,
                  bool copiesEarly = false, bool mayComeEarly = false) {
    std::string text =
        ".version 7.0\n.target sm_80\n.address_size 64\n.visible .entry k(.param .u64 p)\n{\n"
        ".reg .pred %p<9>;\n.reg .b16 %h<9>;\n.reg .b32 %r<40>;\n.reg .b64 %rd<20>;\n"
        ".shared .align 16 .b8 tile[256];\n"
        "ld.param.b64 %rd1, [p];\nmov.u32 %r1, %tid.x;\nmul.wide.u32 %rd3, %r1, 4;\nadd.s64 %rd2, %rd1, %rd3;\n"
        "cvt.u32.u64 %r2, %rd3;\n" +
        body + "\nret;\n}\n";
    try {
      ParsedModule module = parsePtx(text);
      Kernel kernel = decode(module.kernels.front(), {});
      Launch launch{&kernel, {blocks, 1, 1}, {threads, 1, 1}, 0, {}};
      launch.parameters.resize(8);
      memcpy(launch.parameters.data(), &address, 8);
      launch.mayComeEarly = mayComeEarly;
      cameo::sim::run(launch, memory, {seed, copiesEarly});
      return "";
    } catch (const PtxError &error) {
      return error.what();
    }
  }

  DeviceMemory memory;
  uint64_t address;
  size_t count;
};

inline void expectHas(const std::string &message, const std::string &part) {
  EXPECT_NE(message.find(part), std::string::npos) << message;
}

} // namespace cameo::sim
