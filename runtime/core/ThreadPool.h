// ThreadPool.h - the worker threads all contexts of a process share, and how one launch is split over them.
//
// One launch at a time uses the workers; a launch which finds them busy runs on its own thread alone. So any number of
// contexts may run at once and there are never more runtime threads than one context asked for.
//
// A launch never waits for a worker to wake: each participant has a range of tiles, takes pieces of it by an atomic
// counter, and then takes pieces of the others' ranges. When the launching thread finds nothing left it closes the job,
// and waits only for workers that are inside a piece. A worker that comes late finds the job closed.
//
// Workers spin about 50 us for the next launch, then sleep. They are not pinned one by one: they may run wherever the
// affinity mask of the thread that created them allows, because pinned workers of two processes would share one
// processor. Where other processes compete for the processors, a worker that loses its processor inside a piece holds
// up the launch; after two late joins in a row the launching thread works alone for 2 ms, then longer, before it tries
// again.
#pragma once
#include "cameo/Runtime/cameo.h"
#include <atomic>
#include <memory>
#include <mutex>
#include <sys/types.h>
#include <thread>
#include <vector>

namespace cameo::rt {

/// Asked before each piece; true ends the launch.
struct StopCheck {
  const std::atomic<uint32_t> *cancelled;
  const uint32_t *status; ///< cameo_call.status

  bool operator()() const {
    return cancelled->load(std::memory_order_relaxed) || __atomic_load_n(status, __ATOMIC_RELAXED);
  }
};

/// What one launch runs.
struct LaunchWork {
  cameo_kernel_fn fn;
  cameo_call *call;
  void *const *buffers;
  const int64_t *sizes;
  int64_t tiles;
  int64_t grain;
  StopCheck stop;
  cameo_thread_span *spans =
      nullptr; ///< where each thread says what it did, by its number in the launch; null: nobody asks
};

/// The clock of launches and of what is recorded of them.
int64_t nowNs();

/// Runs the work on the calling thread alone, in a few pieces so that it can be stopped between them.
void runAlone(const LaunchWork &work);

class ThreadPool {
public:
  static constexpr unsigned kMaxThreads = 512;

  /// The process's pool, with at least `workers` of them where the system grants so many threads. It ends when the last
  /// holder lets go.
  static std::shared_ptr<ThreadPool> shared(unsigned workers);

  ThreadPool();
  ~ThreadPool();

  /// Runs the work on up to `threads` threads, the calling one included.
  void run(const LaunchWork &work, unsigned threads);

  unsigned numWorkers() const { return workerCount.load(std::memory_order_acquire); }

private:
  struct alignas(64) Range {
    std::atomic<int64_t> next{0};
    int64_t end = 0;
  };

  void grow(unsigned workers);
  void workerLoop();
  /// Pieces from range `own`, then from the others; returns how many.
  int64_t takePieces(unsigned own);
  bool hasBackedOff(int64_t now);
  void noteJoin(int64_t waitedNs, int64_t pieceNs, int64_t now);

  std::mutex growMutex;
  std::vector<std::thread> workers;
  std::atomic<unsigned> workerCount{0};
  pid_t owner; ///< a forked child has the object and no workers

  std::atomic<bool> busy{false}; ///< a launch uses the workers
  std::atomic<bool> stopping{false};
  alignas(64) std::atomic<int> epoch{0}; ///< raised by each launch; workers wait for it
  /// Of the current job, in one word so that joining is one compare-and-swap: see JobState in ThreadPool.cpp.
  alignas(64) std::atomic<uint64_t> state;

  // Written by the launching thread before the job opens, constant until it is closed and left by all.
  LaunchWork work{};
  int64_t piece = 0;
  unsigned participants = 0;
  Range ranges[kMaxThreads];

  // Of the thread that holds `busy`.
  unsigned lateJoins = 0;
  int64_t aloneUntil = 0;
  int64_t aloneNs = 0;
};

} // namespace cameo::rt
