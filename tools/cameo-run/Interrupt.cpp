// Interrupt.cpp - see Interrupt.h.
#include "cameo-run/Interrupt.h"
#include "cameo-run/UserError.h"
#include <atomic>
#include <csignal>
#include <unistd.h>

namespace cameo::run {
namespace {

std::atomic<cameo_context *> interruptedContext{nullptr};
std::atomic<pid_t> interruptedChild{0};
std::atomic<int> numSignals{0};

void handle(int) {
  // Only async-signal-safe things here; cameo_context_cancel stores one atomic.
  if (numSignals.fetch_add(1))
    _exit(Cancelled);
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
  if (numSignals)
    throw UserError("E-CANCELLED", Cancelled, "interrupted");
}

} // namespace cameo::run
