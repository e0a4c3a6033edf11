// Device.h - what the runtime asks of a device whose kernels have memory of their own. The CPU is none: its kernels are
// called.
#pragma once
#include "Memory.h"
#include "cameo/Runtime/cameo.h"
#include <memory>

namespace cameo::rt {

/// Work that a queue recorded, to be done again as a whole.
class DeviceRecording {
public:
  virtual ~DeviceRecording() = default;
};

/// The work of one context, done in order. Where a call returns false, or no memory, `problem` says why and the work is
/// over.
class DeviceQueue : public MemorySource {
public:
  /// From the host's memory, which may be changed after the call; to the host's, once all work so far is done.
  virtual bool upload(void *target, const void *host, uint64_t bytes) = 0;
  virtual bool download(void *host, const void *source, uint64_t bytes) = 0;
  virtual bool clear(void *target, uint64_t bytes) = 0;
  /// Starts the kernel of launch site `site` of the variant.
  virtual bool launch(uint64_t site, void *failure, void *const *buffers, const int64_t *sizes, int64_t tiles) = 0;
  virtual bool finish() = 0;
  /// Whether the device's kernels can reach what lies there.
  virtual bool reaches(const void *data) = 0;
  /// Whether the application is recording what is put into its stream.
  virtual bool isCaptured() = 0;
  /// From the one to the other, what `launch`, `move` and `clear` are asked for is recorded instead of done. No other
  /// call may come between.
  virtual bool beginRecording() = 0;
  virtual std::unique_ptr<DeviceRecording> endRecording() = 0;
  virtual bool replay(const DeviceRecording &recording) = 0;

  cameo_error problem{};
};

/// A program's code and weights on a device; shared by contexts.
class DeviceProgram {
public:
  virtual ~DeviceProgram() = default;
  virtual const void *weights() const = 0;
  virtual uint64_t freeBytes() const = 0;
  /// With a `stream`, the work is done in its order, among what others put there; it outlives the queue.
  virtual std::unique_ptr<DeviceQueue> makeQueue(void *stream, cameo_error *error) = 0;
};

class Device {
public:
  virtual ~Device() = default;
  /// The best of the program's variants that it can run, or the one called `name`; null, with the reason, where there
  /// is none.
  virtual const cameo_variant *choose(const cameo_program_info &info, const char *name, cameo_error *error) = 0;
  virtual std::unique_ptr<DeviceProgram> load(const cameo_program_info &info, const cameo_variant &variant,
                                              const void *weights, cameo_error *error) = 0;
};

/// The device called `target`: "cuda:0". Null, with the reason, where it is not there.
std::shared_ptr<Device> openDevice(const char *target, cameo_error *error);

} // namespace cameo::rt
