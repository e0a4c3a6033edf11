// Program.h - a loaded program: immutable, shared by contexts, counted.
#pragma once
#include "Device.h"
#include "ProgramFile.h"
#include <atomic>
#include <memory>
#include <vector>

struct cameo_program {
  /// Checks the tables which the compiler wrote and picks the code variant. Call once.
  int32_t init(const cameo_program_info *info, const cameo_program_options *options, cameo_error *error);
  /// The variant that `target` runs, or the one called `name`; null, with the reason, where there is none. `device` is
  /// then what `target` means.
  const cameo_variant *choose(const char *target, const char *name, std::shared_ptr<cameo::rt::Device> &device,
                              cameo_error *error) const;

  void retain() { references.fetch_add(1, std::memory_order_relaxed); }
  void release() {
    if (references.fetch_sub(1, std::memory_order_acq_rel) == 1)
      delete this;
  }

  std::atomic<uint64_t> references{1};
  const cameo_program_info *info = nullptr;
  const cameo_variant *variant = nullptr; ///< null: loaded to be looked at
  const void *weights = nullptr;
  std::unique_ptr<cameo::rt::ProgramFile> file;            ///< null for a static program
  std::shared_ptr<cameo::rt::DeviceProgram> deviceProgram; ///< null: the CPU runs it

  /// The dynamic sizes of the inputs by name. A dimension of input i at axis d has symbol
  /// inputSymbols[firstAxis[i] + d], -1 for none.
  std::vector<const char *> symbols;
  std::vector<int32_t> inputSymbols;
  std::vector<uint32_t> firstAxis;

private:
  int32_t checkValues(const cameo_value_info *values, uint64_t count, const char *kind, cameo_error *error) const;
  int32_t checkCaches(cameo_error *error) const;
  const cameo_variant *chooseForCpu(const char *name, cameo_error *error) const;
  void indexSymbols();
};
