// Caches.h - --cache-room: inputs that an output continues, in one memory with it.
#pragma once
#include "cameo-run/Tensor.h"
#include "cameo/Runtime/cameo.hpp"

namespace cameo::run {

class Caches {
public:
  /// Copies the inputs of the program's caches into memory with room for `room` rows, and binds it. UserError where
  /// that is too little.
  void bind(const Program &program, Context &context, const std::vector<Tensor> &inputs, int64_t room);
  /// What the last run made of the outputs, without the room between rows; they are ordinary tensors otherwise.
  cameo_tensor output(const Context &context, uint64_t index);

private:
  struct Cache {
    cameo_cache_info info;
    Tensor memory, dense;
  };
  std::vector<Cache> caches;
};

} // namespace cameo::run
