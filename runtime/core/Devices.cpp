// Devices.cpp - the kinds of devices that are built in.
#include "../cuda/CudaDevice.h"
#include "Device.h"
#include "Error.h"
#include <cstring>

namespace cameo::rt {
namespace {

struct Kind {
  const char *name;
  std::shared_ptr<Device> (*open)(const char *which, cameo_error *error);
};
constexpr Kind kKinds[] = {{"cuda", openCudaDevice}};

} // namespace

std::shared_ptr<Device> openDevice(const char *target, cameo_error *error) {
  const char *colon = strchr(target, ':');
  size_t length = colon ? size_t(colon - target) : strlen(target);
  for (const Kind &kind : kKinds)
    if (strlen(kind.name) == length && strncmp(kind.name, target, length) == 0)
      return kind.open(colon ? colon + 1 : "0", error);
  fail(error, CAMEO_INVALID_ARGUMENT, "target '%s' is not known; expected cpu, cuda:0, cuda:1, ... or cuda:sim",
       target);
  return nullptr;
}

} // namespace cameo::rt
