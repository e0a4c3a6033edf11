// Upload.cpp - see Upload.h.
#include "Upload.h"
#include "../core/Cpu.h"
#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstring>
#include <system_error>
#include <thread>

namespace cameo::rt {
namespace {

constexpr uint64_t kPieceBytes = uint64_t(2) << 20;
constexpr unsigned kMostThreads = 4; ///< one copies about 10 GB/s of a mapped file; a PCI Express 5.0 link takes 50

class Upload {
public:
  Upload(const CudaDriver &driver, CUcontext context, CUdeviceptr target, const void *host, uint64_t bytes)
      : driver(driver), context(context), target(target), host(static_cast<const uint8_t *>(host)), bytes(bytes) {}

  CudaResult run(const char **what) {
    uint64_t pieces = (bytes + kPieceBytes - 1) / kPieceBytes;
    std::thread helpers[kMostThreads - 1];
    unsigned wanted = std::min({kMostThreads, defaultThreads(), unsigned(std::min<uint64_t>(pieces, kMostThreads))});
    // Signals are for the program's own threads.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (unsigned i = 0; i + 1 < wanted; ++i)
      try {
        helpers[i] = std::thread([this] { copyPieces(); });
      } catch (const std::system_error &) {
        break; // fewer do it
      }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    copyPieces();
    for (std::thread &helper : helpers)
      if (helper.joinable())
        helper.join();
    *what = failedIn;
    return result;
  }

private:
  struct Slot {
    void *memory = nullptr;
    CUevent isFree = nullptr;
  };

  void copyPieces() {
    CUcontext before;
    if (!check(driver.contextPush(context), "entering a context"))
      return;
    CUstream stream = nullptr;
    Slot slots[2];
    bool isReady = check(driver.streamCreate(&stream, kCudaStreamNonBlocking), "making a stream");
    for (Slot &slot : slots) {
      isReady = isReady && check(driver.eventCreate(&slot.isFree, kCudaEventDisableTiming), "making an event");
      // Where no memory can be locked, the driver copies from the mapping by itself.
      if (isReady && driver.hostAlloc(&slot.memory, std::min(bytes, kPieceBytes)))
        slot.memory = nullptr;
    }
    for (unsigned i = 0; isReady && !result; i ^= 1) {
      uint64_t from = next.fetch_add(kPieceBytes);
      if (from >= bytes)
        break;
      size_t count = size_t(std::min(kPieceBytes, bytes - from));
      if (!check(driver.eventSynchronize(slots[i].isFree), "copying"))
        break;
      const void *source = slots[i].memory ? memcpy(slots[i].memory, host + from, count) : host + from;
      if (!check(driver.copyHtoD(target + from, source, count, stream), "copying") ||
          !check(driver.eventRecord(slots[i].isFree, stream), "copying"))
        break;
    }
    if (stream) {
      check(driver.streamSynchronize(stream), "copying");
      driver.streamDestroy(stream);
    }
    for (Slot &slot : slots) {
      if (slot.isFree)
        driver.eventDestroy(slot.isFree);
      if (slot.memory)
        driver.hostFree(slot.memory);
    }
    driver.contextPop(&before);
  }

  bool check(CudaResult found, const char *what) {
    CudaResult none = kCudaSuccess;
    if (found && result.compare_exchange_strong(none, found))
      failedIn = what;
    return !found;
  }

  const CudaDriver &driver;
  CUcontext context;
  CUdeviceptr target;
  const uint8_t *host;
  uint64_t bytes;
  std::atomic<uint64_t> next{0}; ///< of the bytes, where the next piece begins
  std::atomic<CudaResult> result{kCudaSuccess};
  const char *failedIn = "";
};

} // namespace

CudaResult uploadInPieces(const CudaDriver &driver, CUcontext context, CUdeviceptr target, const void *host,
                          uint64_t bytes, const char **failed) {
  return Upload(driver, context, target, host, bytes).run(failed);
}

} // namespace cameo::rt
