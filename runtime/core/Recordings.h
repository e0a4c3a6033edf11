// Recordings.h - runs on a device that are done again as a whole. A run whose entry function asks the device for
// nothing but kernels and copies between addresses that stay (no value is fetched, nothing is allocated) does the same
// whenever sizes and addresses are the same. The second such run is recorded, later ones repeat the recording without
// the entry function.
#pragma once
#include "Device.h"
#include <algorithm>
#include <cstdint>
#include <vector>

namespace cameo::rt {

/// The latest runs of a context.
class Recordings {
public:
  /// All that a run depends on but its outputs: the inputs' sizes and addresses, the arena's.
  using Key = std::vector<uint64_t>;
  struct Output {
    std::vector<int64_t> dims;
    const void *address;
  };
  struct Run {
    Key key;
    std::vector<Output> outputs;
    std::unique_ptr<DeviceRecording> work; ///< null: it was done once
  };

  /// The latest for which `fits` holds; it becomes the last to be forgotten. Null: there is none.
  template <typename Fn> Run *find(const Key &key, Fn fits) {
    for (size_t i = runs.size(); i-- > 0;)
      if (runs[i].key == key && fits(runs[i])) {
        std::rotate(runs.begin() + i, runs.begin() + i + 1, runs.end());
        return &runs.back();
      }
    return nullptr;
  }
  /// The oldest one goes where there are many.
  void add(Run run) {
    constexpr size_t kMost = 8;
    if (runs.size() == kMost)
      runs.erase(runs.begin());
    runs.push_back(std::move(run));
  }

  bool isOff = false; ///< the device could not record

private:
  std::vector<Run> runs;
};

} // namespace cameo::rt
