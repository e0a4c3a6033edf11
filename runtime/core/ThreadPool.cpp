// ThreadPool.cpp - see ThreadPool.h.
#include "ThreadPool.h"
#include <algorithm>
#include <csignal>
#include <pthread.h>
#include <system_error>
#include <time.h>
#include <unistd.h>

namespace cameo::rt {
namespace {

constexpr int64_t kSpinNs = 50'000;
constexpr int64_t kLateNs = 20'000;
constexpr int64_t kAloneFirstNs = 2'000'000;
constexpr int64_t kAloneMostNs = 1'000'000'000;
/// Pieces per participant: enough to even out unequal threads, few enough that a piece is worth its call.
constexpr int64_t kPieces = 4;
constexpr int64_t kPiecesAlone = 8;

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/// The word ThreadPool::state: workers inside the job, workers that ever joined it, how many may, whether it is closed.
struct JobState {
  static constexpr uint64_t kActive = 1;
  static constexpr uint64_t kJoined = 1ull << 10;
  static constexpr uint64_t kLimit = 1ull << 20;
  static constexpr uint64_t kClosed = 1ull << 30;

  static uint64_t active(uint64_t state) { return state & 1023; }
  static uint64_t joined(uint64_t state) { return state >> 10 & 1023; }
  static uint64_t limit(uint64_t state) { return state >> 20 & 1023; }
};

/// Notes in the end what thread `number` of a launch has done, where somebody asks.
class SpanNote {
public:
  SpanNote(const LaunchWork &work, unsigned number)
      : span(work.spans ? work.spans + number : nullptr), thread(number), start(span ? nowNs() : 0) {}
  void end(int64_t tiles) {
    if (span)
      *span = {thread, start, nowNs() - start, tiles};
  }

private:
  cameo_thread_span *span;
  unsigned thread;
  int64_t start;
};

} // namespace

int64_t nowNs() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1'000'000'000ll + time.tv_nsec;
}

void runAlone(const LaunchWork &work) {
  SpanNote note(work, 0);
  int64_t piece = std::max(work.grain, (work.tiles - 1) / kPiecesAlone + 1);
  int64_t begin = 0;
  while (begin < work.tiles && !work.stop()) {
    int64_t end = work.tiles - begin > piece ? begin + piece : work.tiles;
    work.fn(work.call, work.buffers, work.sizes, begin, end);
    begin = end;
  }
  note.end(begin);
}

std::shared_ptr<ThreadPool> ThreadPool::shared(unsigned workers) {
  static std::mutex mutex;
  static std::weak_ptr<ThreadPool> current;
  std::lock_guard lock(mutex);
  std::shared_ptr<ThreadPool> pool = current.lock();
  // After fork() the parent's pool has no threads here.
  if (!pool || pool->owner != getpid())
    current = pool = std::make_shared<ThreadPool>();
  pool->grow(workers);
  return pool;
}

ThreadPool::ThreadPool() : owner(getpid()), state(JobState::kClosed) {
  // grow() then never moves a running thread's object and never allocates while it holds a new one.
  workers.reserve(kMaxThreads);
}

ThreadPool::~ThreadPool() {
  stopping.store(true);
  epoch.fetch_add(1);
  epoch.notify_all();
  if (owner != getpid()) {
    // In a forked child these threads do not exist; joining or detaching them is undefined, so their objects are left
    // behind.
    new std::vector<std::thread>(std::move(workers));
    return;
  }
  for (std::thread &worker : workers)
    worker.join();
}

void ThreadPool::grow(unsigned wanted) {
  std::lock_guard lock(growMutex);
  wanted = std::min(wanted, kMaxThreads - 1);
  if (workers.size() >= wanted)
    return;
  // Signals are for the program's own threads.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    while (workers.size() < wanted) {
      workers.emplace_back([this] { workerLoop(); });
      pthread_setname_np(workers.back().native_handle(), "cameo-worker");
    }
  } catch (const std::system_error &) {
    // The system grants no more threads: the launches share what there is.
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  workerCount.store(unsigned(workers.size()), std::memory_order_release);
}

void ThreadPool::workerLoop() {
  int seen = 0;
  while (true) {
    int64_t giveUp = nowNs() + kSpinNs;
    int current;
    for (int spins = 0; (current = epoch.load(std::memory_order_acquire)) == seen; ++spins) {
      pause();
      if (spins % 64 == 63 && nowNs() > giveUp)
        epoch.wait(seen, std::memory_order_acquire);
    }
    seen = current;
    if (stopping.load())
      return;
    uint64_t job = state.load(std::memory_order_acquire);
    bool inside = false;
    while (!inside && !(job & JobState::kClosed) && JobState::joined(job) < JobState::limit(job))
      inside = state.compare_exchange_weak(job, job + JobState::kActive + JobState::kJoined, std::memory_order_acquire);
    if (!inside)
      continue;
    // Range 0 is the launching thread's.
    takePieces(unsigned(JobState::joined(job)) + 1);
    state.fetch_sub(JobState::kActive, std::memory_order_release);
  }
}

int64_t ThreadPool::takePieces(unsigned own) {
  SpanNote note(work, own);
  int64_t pieces = 0, tiles = 0;
  for (unsigned i = 0; i < participants; ++i) {
    Range &range = ranges[(own + i) % participants];
    while (range.next.load(std::memory_order_relaxed) < range.end && !work.stop()) {
      int64_t begin = range.next.fetch_add(piece, std::memory_order_relaxed);
      if (begin >= range.end)
        break;
      int64_t end = std::min(begin + piece, range.end);
      work.fn(work.call, work.buffers, work.sizes, begin, end);
      tiles += end - begin;
      ++pieces;
    }
  }
  note.end(tiles);
  return pieces;
}

bool ThreadPool::hasBackedOff(int64_t now) { return now < aloneUntil; }

void ThreadPool::noteJoin(int64_t waitedNs, int64_t pieceNs, int64_t now) {
  if (waitedNs <= kLateNs + 2 * pieceNs) {
    lateJoins = 0;
    aloneNs = 0;
    return;
  }
  if (++lateJoins < 2)
    return;
  aloneNs = std::clamp(aloneNs * 2, kAloneFirstNs, kAloneMostNs);
  aloneUntil = now + aloneNs;
  // The first launch after the pause decides alone.
  lateJoins = 1;
}

void ThreadPool::run(const LaunchWork &launched, unsigned threads) {
  // Tiles beyond any real size would overflow the counters.
  int64_t pieces = (launched.tiles - 1) / launched.grain + 1;
  threads = unsigned(std::min<int64_t>({threads, pieces, int64_t(numWorkers()) + 1}));
  if (threads <= 1 || launched.tiles > int64_t(1) << 56 || busy.exchange(true, std::memory_order_acquire))
    return runAlone(launched);
  int64_t start = nowNs();
  if (hasBackedOff(start)) {
    busy.store(false, std::memory_order_release);
    return runAlone(launched);
  }

  work = launched;
  participants = threads;
  int64_t share = work.tiles / threads, rest = work.tiles % threads, begin = 0;
  for (unsigned i = 0; i < threads; ++i) {
    ranges[i].next.store(begin, std::memory_order_relaxed);
    begin += share + (i < rest);
    ranges[i].end = begin;
  }
  piece = std::max(work.grain, share / kPieces);
  state.store(JobState::kLimit * (threads - 1), std::memory_order_release);
  epoch.fetch_add(1, std::memory_order_release);
  epoch.notify_all();

  int64_t done = takePieces(0);
  int64_t ownEnd = nowNs();
  uint64_t inside = JobState::active(state.fetch_or(JobState::kClosed, std::memory_order_acq_rel));
  int64_t joined = ownEnd;
  if (inside) {
    for (int spins = 0; JobState::active(state.load(std::memory_order_acquire)); ++spins) {
      if (spins < 4096)
        pause();
      else
        std::this_thread::yield();
    }
    joined = nowNs();
  }
  noteJoin(joined - ownEnd, (ownEnd - start) / std::max<int64_t>(done, 1), joined);
  busy.store(false, std::memory_order_release);
}

} // namespace cameo::rt
