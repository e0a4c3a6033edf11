// ThreadsTest.cpp - the pool, many contexts at once, forks, and how many threads a machine gives.
#include "Cpu.h"
#include "Testing.h"
#include "ThreadPool.h"
#include <filesystem>
#include <fstream>
#include <random>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace cameo;
using namespace cameo::testing;

namespace {

std::atomic<uint32_t> notCancelled{0};

/// Counts how often each tile ran; sizes[0] is where the counters are.
void countTiles(cameo_call *, void *const *buffers, const int64_t *, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; ++i)
    static_cast<std::atomic<int> *>(buffers[0])[i].fetch_add(1, std::memory_order_relaxed);
}

} // namespace

TEST(ThreadPool, EachTileRunsOnce) {
  std::shared_ptr<rt::ThreadPool> pool = rt::ThreadPool::shared(5);
  cameo_call call{};
  for (int64_t tiles : {1, 2, 3, 7, 64, 1000, 4097})
    for (int64_t grain : {1, 3, 50, 5000})
      for (unsigned threads : {1u, 2u, 3u, 6u}) {
        std::vector<std::atomic<int>> counts(tiles);
        void *buffers[] = {counts.data()};
        pool->run({countTiles, &call, buffers, nullptr, tiles, grain, {&notCancelled, &call.status}}, threads);
        for (int64_t i = 0; i < tiles; ++i)
          ASSERT_EQ(counts[i].load(), 1) << "tile " << i << " of " << tiles << ", grain " << grain << ", threads "
                                         << threads;
      }
}

TEST(ThreadPool, IsSharedAndEnds) {
  std::weak_ptr<rt::ThreadPool> weak;
  {
    std::shared_ptr<rt::ThreadPool> first = rt::ThreadPool::shared(1), second = rt::ThreadPool::shared(3);
    EXPECT_EQ(first, second);
    EXPECT_EQ(first->numWorkers(), 3u);
    weak = first;
  }
  EXPECT_TRUE(weak.expired());
}

TEST(Threads, ManyCallersShareOneProgram) {
  Program program = staticProgram();
  constexpr int kCallers = 32, kCalls = 200;
  std::atomic<int> failures{0};
  std::vector<std::thread> callers;
  for (int caller = 0; caller < kCallers; ++caller)
    callers.emplace_back([&, caller] {
      std::mt19937 random(caller);
      for (int call = 0; call < kCalls;) {
        cameo_context_options options{};
        options.threads = 1 + random() % 4;
        Bound bound(program, options, int64_t(random() % 300));
        for (int i = 0; i < 20; ++i, ++call) {
          if (random() % 4 == 0)
            bound.bind(int64_t(random() % 300));
          Mode mode = Mode(std::array{Plain, Plain, Plain, FailInKernel, ManyAllocs}[random() % 5]);
          bool isFine = bool(bound.run(mode));
          if (isFine != (mode != FailInKernel) || (isFine && !bound.isRight()))
            ++failures;
        }
      }
    });
  for (std::thread &caller : callers)
    caller.join();
  EXPECT_EQ(failures, 0);
}

TEST(Threads, CancellingFromOutsideAtAnyMoment) {
  Program program = staticProgram();
  cameo_context_options options{};
  options.threads = 3;
  Bound bound(program, options, 200);
  std::atomic<bool> isDone{false};
  std::thread canceller([&] {
    while (!isDone) {
      bound.context.cancel();
      std::this_thread::yield();
    }
  });
  int cancelled = 0;
  for (int i = 0; i < 500 || (!cancelled && i < 1000000); ++i) {
    Status status = bound.run();
    cancelled += status.code() == CAMEO_CANCELLED;
    EXPECT_TRUE(status || status.code() == CAMEO_CANCELLED) << status.message();
  }
  isDone = true;
  canceller.join();
  EXPECT_GT(cancelled, 0);
}

TEST(Threads, AForkedChildRunsAlone) {
#ifdef CAMEO_THREAD_SANITIZER
  GTEST_SKIP() << "ThreadSanitizer does not follow a fork of a threaded process";
#endif
  Program program = staticProgram();
  cameo_context_options options{};
  options.threads = 3;
  Bound bound(program, options, 200);
  ASSERT_TRUE(bound.run(UsesArena));
  pid_t child = fork();
  if (child == 0) {
    bool isFine = bool(bound.run(UsesArena)) && bound.isRight();
    Bound fresh(program, options, 100);
    isFine = isFine && fresh.run(UsesArena) && fresh.isRight();
    _exit(isFine ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(bound.run(UsesArena));
}

TEST(Cpu, GroupLimitsOfVersion2) {
  TemporaryFolder folder;
  namespace fs = std::filesystem;
  fs::create_directories(folder / "proc/self");
  fs::create_directories(folder / "sys/fs/cgroup/a/b");
  std::ofstream(folder / "proc/self/cgroup") << "0::/a/b\n";
  std::ofstream(folder / "sys/fs/cgroup/a/cpu.max") << "150000 100000\n";
  std::ofstream(folder / "sys/fs/cgroup/a/b/cpu.max") << "max 100000\n";
  std::ofstream(folder / "sys/fs/cgroup/a/b/memory.max") << "1048576\n";
  rt::GroupLimits limits = rt::readGroupLimits(folder / "");
  EXPECT_DOUBLE_EQ(limits.cpus, 1.5);
  EXPECT_EQ(limits.memoryBytes, 1048576u);
}

TEST(Cpu, GroupLimitsOfVersion1) {
  TemporaryFolder folder;
  namespace fs = std::filesystem;
  fs::create_directories(folder / "proc/self");
  fs::create_directories(folder / "sys/fs/cgroup/cpu");
  fs::create_directories(folder / "sys/fs/cgroup/memory/c");
  // The group's own folder is not visible inside a container; the mount's top is.
  std::ofstream(folder / "proc/self/cgroup") << "5:memory:/c\n4:cpu,cpuacct:/docker/123\n0::/\n";
  std::ofstream(folder / "sys/fs/cgroup/cpu/cpu.cfs_quota_us") << "400000\n";
  std::ofstream(folder / "sys/fs/cgroup/cpu/cpu.cfs_period_us") << "100000\n";
  std::ofstream(folder / "sys/fs/cgroup/memory/c/memory.limit_in_bytes") << "9223372036854771712\n";
  rt::GroupLimits limits = rt::readGroupLimits(folder / "");
  EXPECT_DOUBLE_EQ(limits.cpus, 4);
  EXPECT_EQ(limits.memoryBytes, 0u);
}

TEST(Cpu, FeatureNames) {
  EXPECT_EQ(rt::cpuFeatureNames(CAMEO_CPU_AVX512VNNI | CAMEO_CPU_AVX2), "avx2, avx512vnni");
  EXPECT_EQ(rt::cpuFeatureNames(CAMEO_CPU_LZCNT), "lzcnt");
}
