// CudaDevice.h - NVIDIA GPUs as devices.
#pragma once
#include "../core/Device.h"

namespace cameo::rt {

/// `which` is an index, or "sim" for the simulator that stands in for the driver. Loads the driver library on the first
/// call.
std::shared_ptr<Device> openCudaDevice(const char *which, cameo_error *error);

} // namespace cameo::rt
