// Interrupt.cpp - see Interrupt.h.
#include "cameo-run/Interrupt.h"
#include "cameo-run/UserError.h"
#include <atomic>
#include <csignal>
#include <ctime>
#include <unistd.h>

namespace cameo::run {
namespace {

std::atomic<cameo_context *> interruptedContext{nullptr};
std::atomic<pid_t> interruptedChild{0};
std::atomic<int64_t> firstSignalNs{0};

int64_t nowNs() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1'000'000'000ll + time.tv_nsec;
}

void handle(int) {
  // Only async-signal-safe things here; cameo_context_cancel stores one atomic.
  // One request may come as two signals (timeout(1) signals the process and then its group): only a later signal is
  // an impatient second request.
  constexpr int64_t sameRequestNs = 300'000'000;
  int64_t first = 0, now = nowNs();
  if (!firstSignalNs.compare_exchange_strong(first, now)) {
    if (now - first > sameRequestNs)
      _exit(int(Cancelled));
    return;
  }
  if (cameo_context *context = interruptedContext)
    cameo_context_cancel(context);
  if (pid_t child = interruptedChild)
    kill(child, SIGTERM);
}

} // namespace

void installInterruptHandler() {
  struct sigaction action{};
  action.sa_handler = handle;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  // A closed standard output is noticed when it is written to.
  signal(SIGPIPE, SIG_IGN);
}

void setInterruptedContext(cameo_context *context) { interruptedContext = context; }
void setInterruptedChild(pid_t child) { interruptedChild = child; }

void throwIfInterrupted() {
  if (firstSignalNs)
    throw UserError("E-CANCELLED", Cancelled, "interrupted");
}

} // namespace cameo::run
