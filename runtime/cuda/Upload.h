// Upload.h - many bytes of the host's memory, such as a mapped file, brought to a GPU.
#pragma once
#include "Driver.h"

namespace cameo::rt {

/// Copies them by way of page-locked memory, which the GPU reads by itself. A few threads fill it, each two pieces in
/// turn: while one is on its way the other is filled, and pages of a file are read by several at once. Where none can
/// be locked the driver copies from `host` itself. The error is the first that the driver gave, `failed` then says in
/// what.
CudaResult uploadInPieces(const CudaDriver &driver, CUcontext context, CUdeviceptr target, const void *host,
                          uint64_t bytes, const char **failed);

} // namespace cameo::rt
