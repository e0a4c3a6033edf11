// Context.h - one caller's state: bound inputs, outputs, working memory, and the services compiled code calls.
#pragma once
#include "Memory.h"
#include "Picture.h"
#include "Program.h"
#include "Recordings.h"
#include "Texts.h"
#include "ThreadPool.h"

namespace cameo::rt {
/// The service table every call gets (Services.cpp).
extern const cameo_services kServices;
} // namespace cameo::rt

struct cameo_context {
  struct Input {
    int64_t *dims = nullptr;    ///< rank entries inside cameo_context::dims
    const void *data = nullptr; ///< the caller's
    uint64_t bytes = 0;         ///< there
    bool isSet = false;
    bool isOnDevice = false;   ///< `data`
    cameo::rt::Buffer numbers; ///< of its texts, for a tensor of strings
    cameo::rt::Buffer onDevice;
  };
  struct Output {
    int64_t *dims = nullptr;
    void *bound = nullptr; ///< the caller's memory, or null
    uint64_t boundBytes = 0;
    bool staysOnDevice = false; ///< `bound` and `data` are addresses there
    /// Runtime-owned memory of the host and of the device. The second one is used while the first serves as an input,
    /// and the other way round.
    cameo::rt::Buffer own[2], onDevice[2];
    unsigned current = 0;
    void *data = nullptr;      ///< where the last run wrote it; null when it did not
    cameo::rt::Buffer numbers; ///< of its texts, as compiled code wrote them
    uint64_t bytes = 0;        ///< on the device
  };

  cameo_context(cameo_program *program, const cameo_context_options &options);
  ~cameo_context();
  cameo_context(const cameo_context &) = delete;
  cameo_context &operator=(const cameo_context &) = delete;

  int32_t init(cameo_error *error);
  /// Whose memory a caller binds.
  enum class Place { Host, Device };
  int32_t setInput(uint64_t index, const cameo_tensor &tensor, Place place, cameo_error *error);
  int32_t bindOutput(uint64_t index, void *data, uint64_t bytes, Place place, cameo_error *error);
  int32_t bindCache(uint64_t index, const cameo_tensor &memory, int64_t rows, Place place, cameo_error *error);
  int32_t run(cameo_error *error);
  int32_t runAsync(cameo_error *error);
  int32_t synchronize(cameo_error *error);
  int32_t output(uint64_t index, cameo_tensor &tensor, cameo_error *error) const;

  /// Records the first failure of a run; any thread may call it.
  __attribute__((format(printf, 3, 4))) void recordFailure(int32_t code, const char *format, ...);
  bool hasFailed() const { return __atomic_load_n(&call.status, __ATOMIC_ACQUIRE) != CAMEO_OK; }
  void *outOfMemory(const char *what, int64_t bytes);
  /// Ends the run with what went wrong on the device, when `done` is false.
  bool checkDevice(bool done);
  /// Waits for the device's kernels and records the first failure that one of them found.
  void checkKernels();
  /// Of what compiled code works with: the arena, intermediate values, slots.
  cameo::rt::MemoryBudget &working() { return queue ? deviceBudget : budget; }

  cameo_call call{};
  cameo_program *program;
  cameo_context_options options;
  std::shared_ptr<cameo::rt::ThreadPool> pool; ///< null with one thread

  /// The device that runs the kernels; null: they are called here. It outlives the memory it gave.
  std::shared_ptr<cameo::rt::DeviceProgram> deviceProgram;
  std::unique_ptr<cameo::rt::DeviceQueue> queue;
  cameo::rt::MemoryBudget deviceBudget;
  cameo::rt::Buffer failures;                       ///< a cameo_device_failure per launch site, on the device
  cameo::rt::Stack fetched;                         ///< copies in the host's memory
  std::vector<std::pair<uint64_t, uint64_t>> marks; ///< of `stack` and `fetched`
  cameo::rt::Recordings recordings;
  bool isRepeatable = false; ///< nothing was fetched, stored or allocated in this run

  cameo::rt::MemoryBudget budget;
  cameo::rt::Buffer arena;
  cameo::rt::Stack stack;
  std::vector<cameo::rt::Buffer> slots;
  /// Of the last run, whose outputs point there, and of the run before, whose outputs may be inputs now.
  cameo::rt::Texts texts[2];
  unsigned currentTexts = 0;
  std::vector<std::string_view> pieces; ///< of the text that was split last
  cameo::rt::Picture picture;           ///< that was decoded last

  const cameo_kernel *launched = nullptr; ///< on the CPU, while its launch lasts
  std::vector<cameo_thread_span> spans;   ///< one per thread where launches are traced

  std::vector<int64_t> dims; ///< of all inputs, then of all outputs
  std::vector<int64_t> symbolSizes;
  std::vector<cameo_buffer> buffers; ///< what call.inputs points at
  std::vector<Input> inputs;
  std::vector<Output> outputs;
  std::vector<int64_t> cacheRows; ///< what call.cache_rows points at

  std::atomic<uint32_t> cancelled{0};
  std::atomic<uint32_t> failing{0}; ///< taken by the first thread that records a failure
  std::atomic<bool> running{false};
  bool isInFlight = false; ///< started, and not yet waited for
  bool succeeded = false;
  cameo_error failure{};

private:
  void releaseCaches(bool isInput, uint64_t index);
  bool shareCache(uint64_t input, uint64_t output) const;
  int32_t checkTensor(const cameo_value_info &want, const cameo_tensor &tensor, cameo_error *error) const;
  int32_t checkInputs(cameo_error *error);
  int32_t checkSymbols(cameo_error *error);
  int32_t placeOutputs(cameo_error *error);
  int32_t numberInputs(cameo_error *error);
  void handOutTexts(uint64_t output);
  int32_t checkIdle(cameo_error *error) const;
  int32_t checkAllOnDevice(cameo_error *error) const;
  int32_t checkPlace(Place place, const void *data, const cameo_value_info &value, const char *kind,
                     cameo_error *error) const;
  int32_t start(cameo_error *error);
  int32_t finish(cameo_error *error);
  int32_t callEntry();
  cameo::rt::Recordings::Key recordingKey() const;
  bool placesOutputs(const cameo::rt::Recordings::Run &run);
  int32_t replay(cameo::rt::Recordings::Run &run);
  void uploadInputs();
  void downloadOutputs();
};
