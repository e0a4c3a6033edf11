// Cpu.cpp - cpuid, affinity mask and control groups (version 1 and 2).
#include "Cpu.h"
#include "cameo/Runtime/KernelABI.h"
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sched.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace cameo::rt {
namespace {

const char *const kFeatureNames[] = {"sse4.2",     "avx",        "avx2",     "fma",      "f16c",     "bmi2",
                                     "avx512f",    "avx512bw",   "avx512vl", "avx512dq", "avx512cd", "avx512vnni",
                                     "avx512bf16", "avx512vbmi", "popcnt",   "movbe",    "lzcnt"};

uint64_t detectFeatures() {
  uint64_t features = 0;
#if defined(__x86_64__)
  unsigned a, b, c, d;
  auto add = [&](unsigned word, int bit, uint64_t feature) { features |= (word >> bit & 1) ? feature : 0; };
  if (!__get_cpuid(1, &a, &b, &c, &d))
    return 0;
  add(c, 20, CAMEO_CPU_SSE42);
  add(c, 22, CAMEO_CPU_MOVBE);
  add(c, 23, CAMEO_CPU_POPCNT);
  // Which registers the operating system saves: 6 = SSE and AVX state, 0xe0 = mask and upper ZMM state.
  uint64_t saved = 0;
  if (c >> 27 & 1) {
    unsigned low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    saved = uint64_t(high) << 32 | low;
  }
  bool avx = (saved & 6) == 6, avx512 = avx && (saved & 0xe0) == 0xe0;
  if (avx) {
    add(c, 28, CAMEO_CPU_AVX);
    add(c, 12, CAMEO_CPU_FMA);
    add(c, 29, CAMEO_CPU_F16C);
  }
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d)) {
    add(b, 8, CAMEO_CPU_BMI2);
    if (avx)
      add(b, 5, CAMEO_CPU_AVX2);
    if (avx512) {
      add(b, 16, CAMEO_CPU_AVX512F);
      add(b, 17, CAMEO_CPU_AVX512DQ);
      add(b, 28, CAMEO_CPU_AVX512CD);
      add(b, 30, CAMEO_CPU_AVX512BW);
      add(b, 31, CAMEO_CPU_AVX512VL);
      add(c, 1, CAMEO_CPU_AVX512VBMI);
      add(c, 11, CAMEO_CPU_AVX512VNNI);
      if (__get_cpuid_count(7, 1, &a, &b, &c, &d))
        add(a, 5, CAMEO_CPU_AVX512BF16);
    }
  }
  if (__get_cpuid(0x80000001, &a, &b, &c, &d))
    add(c, 5, CAMEO_CPU_LZCNT);
#endif
  return features;
}

/// First line of a small file; empty when there is none.
std::string readLine(const std::string &path) {
  FILE *file = fopen(path.c_str(), "re");
  if (!file)
    return "";
  char line[256] = "";
  if (!fgets(line, sizeof(line), file))
    line[0] = 0;
  fclose(file);
  line[strcspn(line, "\n")] = 0;
  return line;
}

void lower(double &limit, double value) { limit = limit > 0 ? std::min(limit, value) : value; }
void lower(uint64_t &limit, uint64_t value) { limit = limit ? std::min(limit, value) : value; }

/// Every folder from `path` up to the mount point can hold a limit; inside a container `path` may not exist under the
/// mount, whose top is then the container's own group.
template <typename Fn> void forEachAncestor(std::string path, Fn fn) {
  for (;;) {
    fn(path == "/" ? "" : path);
    if (path.empty() || path == "/")
      return;
    path.resize(path.rfind('/'));
  }
}

void readVersion2(const std::string &mount, const std::string &path, GroupLimits &limits) {
  forEachAncestor(path, [&](const std::string &group) {
    double quota, period;
    if (sscanf(readLine(mount + group + "/cpu.max").c_str(), "%lf %lf", &quota, &period) == 2 && period > 0)
      lower(limits.cpus, quota / period);
    unsigned long long bytes;
    if (sscanf(readLine(mount + group + "/memory.max").c_str(), "%llu", &bytes) == 1)
      lower(limits.memoryBytes, bytes);
  });
}

void readVersion1(const std::string &mount, const std::string &controllers, const std::string &path,
                  GroupLimits &limits) {
  std::string list = "," + controllers + ",";
  if (list.find(",cpu,") != std::string::npos)
    forEachAncestor(path, [&](const std::string &group) {
      double quota = atof(readLine(mount + "/cpu" + group + "/cpu.cfs_quota_us").c_str());
      double period = atof(readLine(mount + "/cpu" + group + "/cpu.cfs_period_us").c_str());
      if (quota > 0 && period > 0)
        lower(limits.cpus, quota / period);
    });
  if (list.find(",memory,") != std::string::npos)
    forEachAncestor(path, [&](const std::string &group) {
      unsigned long long bytes;
      // No limit is written as a number close to 2^63.
      if (sscanf(readLine(mount + "/memory" + group + "/memory.limit_in_bytes").c_str(), "%llu", &bytes) == 1 &&
          bytes < 1ull << 62)
        lower(limits.memoryBytes, bytes);
    });
}

} // namespace

uint64_t cpuFeatures() {
  static const uint64_t features = detectFeatures();
  return features;
}

std::string cpuFeatureNames(uint64_t features) {
  std::string names;
  for (unsigned bit = 0; bit < 64; ++bit) {
    if (!(features >> bit & 1))
      continue;
    if (!names.empty())
      names += ", ";
    names += bit < std::size(kFeatureNames) ? kFeatureNames[bit] : "bit " + std::to_string(bit);
  }
  return names;
}

GroupLimits readGroupLimits(const std::string &root) {
  GroupLimits limits;
  FILE *file = fopen((root + "/proc/self/cgroup").c_str(), "re");
  if (!file)
    return limits;
  char line[4096];
  while (fgets(line, sizeof(line), file)) {
    // "0::/path" in version 2, "4:cpu,cpuacct:/path" in version 1.
    line[strcspn(line, "\n")] = 0;
    char *controllers = strchr(line, ':');
    char *path = controllers ? strchr(controllers + 1, ':') : nullptr;
    if (!path || path[1] != '/')
      continue;
    *path++ = 0;
    if (controllers[1] == 0)
      readVersion2(root + "/sys/fs/cgroup", path, limits);
    else
      readVersion1(root + "/sys/fs/cgroup", controllers + 1, path, limits);
  }
  fclose(file);
  return limits;
}

unsigned defaultThreads() {
  cpu_set_t mask;
  long cpus = sched_getaffinity(0, sizeof(mask), &mask) == 0 ? CPU_COUNT(&mask) : sysconf(_SC_NPROCESSORS_ONLN);
  double quota = readGroupLimits().cpus;
  if (quota > 0)
    cpus = std::min<long>(cpus, std::lround(std::ceil(quota)));
  return unsigned(std::max(1l, cpus));
}

uint64_t availableMemory() {
  uint64_t bytes = uint64_t(sysconf(_SC_PHYS_PAGES)) * uint64_t(sysconf(_SC_PAGESIZE));
  lower(bytes, readGroupLimits().memoryBytes ? readGroupLimits().memoryBytes : bytes);
  return bytes;
}

} // namespace cameo::rt
