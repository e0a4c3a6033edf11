// cameo.hpp - the C++ face of cameo.h: handles that release themselves, and a Status instead of code and out-parameter.
//
//   cameo::Program program;
//   cameo::Context context;
//   if (auto status = cameo::Program::load("model.cameo", program); !status) return report(status.message());
//   if (auto status = cameo::Context::create(program, context); !status) return report(status.message());
//   int64_t dims[] = {1, 28, 28};
//   if (auto status = context.setInput("image", pixels, dims); !status) ...
//   if (auto status = context.run(); !status) ...
//   cameo::Tensor out = context.output(0);   // out.as<float>() is a span
//
// Header-only, no exceptions of its own. Threads: as cameo.h says.
#pragma once
#include "cameo/Runtime/cameo.h"
#include <cstring>
#include <span>
#include <string_view>
#include <utility>

namespace cameo {

/// Success, or a code and a sentence.
class [[nodiscard]] Status {
public:
  Status() { error.code = CAMEO_OK, error.message[0] = 0; }
  explicit operator bool() const { return error.code == CAMEO_OK; }
  cameo_code code() const { return cameo_code(error.code); }
  std::string_view message() const { return error.message; }

  cameo_error error;
};

template <typename T> struct DtypeOf;
template <> struct DtypeOf<float> {
  static constexpr cameo_dtype value = CAMEO_F32;
};
template <> struct DtypeOf<double> {
  static constexpr cameo_dtype value = CAMEO_F64;
};
template <> struct DtypeOf<int8_t> {
  static constexpr cameo_dtype value = CAMEO_I8;
};
template <> struct DtypeOf<uint8_t> {
  static constexpr cameo_dtype value = CAMEO_U8;
};
template <> struct DtypeOf<int16_t> {
  static constexpr cameo_dtype value = CAMEO_I16;
};
template <> struct DtypeOf<uint16_t> {
  static constexpr cameo_dtype value = CAMEO_U16;
};
template <> struct DtypeOf<int32_t> {
  static constexpr cameo_dtype value = CAMEO_I32;
};
template <> struct DtypeOf<uint32_t> {
  static constexpr cameo_dtype value = CAMEO_U32;
};
template <> struct DtypeOf<int64_t> {
  static constexpr cameo_dtype value = CAMEO_I64;
};
template <> struct DtypeOf<uint64_t> {
  static constexpr cameo_dtype value = CAMEO_U64;
};
template <> struct DtypeOf<bool> {
  static constexpr cameo_dtype value = CAMEO_BOOL;
};

template <> struct DtypeOf<cameo_text> {
  static constexpr cameo_dtype value = CAMEO_STRING;
};

/// A text as an element of a tensor of strings, and back.
inline cameo_text toText(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view toView(cameo_text text) { return {text.data, text.bytes}; }

/// A view of an output. Empty (null data, rank 0) when there is none.
struct Tensor : cameo_tensor {
  Tensor() : cameo_tensor{nullptr, 0, 0, nullptr} {}
  std::span<const int64_t> shape() const { return {dims, rank}; }
  uint64_t size() const {
    uint64_t count = 1;
    for (int64_t d : shape())
      count *= uint64_t(d);
    return data ? count : 0;
  }
  /// The elements; empty when the element type is another one.
  template <typename T> std::span<const T> as() const {
    return dtype == DtypeOf<T>::value ? std::span(static_cast<const T *>(data), size()) : std::span<const T>();
  }
};

class Program {
public:
  Program() = default;
  Program(Program &&other) noexcept : handle(std::exchange(other.handle, nullptr)) {}
  Program &operator=(Program &&other) noexcept { return std::swap(handle, other.handle), *this; }
  ~Program() { cameo_program_release(handle); }

  static Status load(const char *path, Program &program, const cameo_program_options *options = nullptr) {
    Status status;
    Program loaded;
    cameo_program_load(path, options, &loaded.handle, &status.error);
    std::swap(program.handle, loaded.handle);
    return status;
  }
  static Status fromStatic(const cameo_program_info &info, Program &program,
                           const cameo_program_options *options = nullptr) {
    Status status;
    Program loaded;
    cameo_program_from_static(&info, options, &loaded.handle, &status.error);
    std::swap(program.handle, loaded.handle);
    return status;
  }

  explicit operator bool() const { return handle; }
  cameo_program *get() const { return handle; }
  std::string_view model() const { return cameo_program_model(handle); }
  std::string_view metadata() const { return cameo_program_metadata(handle); }
  std::string_view variant() const { return cameo_program_variant(handle); }
  uint64_t numInputs() const { return cameo_program_num_inputs(handle); }
  uint64_t numOutputs() const { return cameo_program_num_outputs(handle); }
  const cameo_value_info &input(uint64_t index) const { return *cameo_program_input(handle, index); }
  const cameo_value_info &output(uint64_t index) const { return *cameo_program_output(handle, index); }
  std::span<const cameo_cache_info> caches() const {
    return {cameo_program_cache(handle, 0), size_t(cameo_program_num_caches(handle))};
  }
  Status verifyWeights() const {
    Status status;
    cameo_program_verify_weights(handle, &status.error);
    return status;
  }
  void evictWeights() const { cameo_program_evict_weights(handle); }

private:
  cameo_program *handle = nullptr;
};

class Context {
public:
  Context() = default;
  Context(Context &&other) noexcept : handle(std::exchange(other.handle, nullptr)), program(other.program) {}
  Context &operator=(Context &&other) noexcept {
    std::swap(handle, other.handle);
    std::swap(program, other.program);
    return *this;
  }
  ~Context() { cameo_context_release(handle); }

  static Status create(const Program &program, Context &context, cameo_context_options options = {}) {
    Status status;
    Context created;
    options.struct_size = sizeof(options);
    cameo_context_create(program.get(), &options, &created.handle, &status.error);
    std::swap(context.handle, created.handle);
    context.program = program.get();
    return status;
  }

  explicit operator bool() const { return handle; }
  cameo_context *get() const { return handle; }

  Status setInput(uint64_t index, const void *data, uint32_t dtype, std::span<const int64_t> dims) {
    Status status;
    cameo_tensor tensor{data, dtype, uint32_t(dims.size()), dims.data()};
    cameo_context_set_input(handle, index, &tensor, &status.error);
    return status;
  }
  template <typename T> Status setInput(const char *name, const T *data, std::span<const int64_t> dims) {
    // An unknown name becomes an index that no program has, and so the runtime's own message.
    return setInput(uint64_t(cameo_program_find_input(program, name)), data, DtypeOf<T>::value, dims);
  }
  Status bindOutput(uint64_t index, void *data, uint64_t bytes) {
    Status status;
    cameo_context_bind_output(handle, index, data, bytes, &status.error);
    return status;
  }
  /// `memory` has room for dims[axis of the cache] rows and holds `rows`.
  Status bindCache(uint64_t index, const void *memory, uint32_t dtype, std::span<const int64_t> dims, int64_t rows) {
    Status status;
    cameo_tensor tensor{memory, dtype, uint32_t(dims.size()), dims.data()};
    cameo_context_bind_cache(handle, index, &tensor, rows, &status.error);
    return status;
  }
  /// The same for memory of the program's device.
  Status setDeviceInput(uint64_t index, const void *data, uint32_t dtype, std::span<const int64_t> dims) {
    Status status;
    cameo_tensor tensor{data, dtype, uint32_t(dims.size()), dims.data()};
    cameo_context_set_device_input(handle, index, &tensor, &status.error);
    return status;
  }
  Status bindDeviceOutput(uint64_t index, void *data = nullptr, uint64_t bytes = 0) {
    Status status;
    cameo_context_bind_device_output(handle, index, data, bytes, &status.error);
    return status;
  }
  Status bindDeviceCache(uint64_t index, const void *memory, uint32_t dtype, std::span<const int64_t> dims,
                         int64_t rows) {
    Status status;
    cameo_tensor tensor{memory, dtype, uint32_t(dims.size()), dims.data()};
    cameo_context_bind_device_cache(handle, index, &tensor, rows, &status.error);
    return status;
  }
  Status run() {
    Status status;
    cameo_context_run(handle, &status.error);
    return status;
  }
  Status runAsync() {
    Status status;
    cameo_context_run_async(handle, &status.error);
    return status;
  }
  Status synchronize() {
    Status status;
    cameo_context_synchronize(handle, &status.error);
    return status;
  }
  Tensor output(uint64_t index) const {
    Tensor tensor;
    cameo_context_output(handle, index, &tensor, nullptr);
    return tensor;
  }
  void cancel() { cameo_context_cancel(handle); }

private:
  cameo_context *handle = nullptr;
  cameo_program *program = nullptr;
};

} // namespace cameo
