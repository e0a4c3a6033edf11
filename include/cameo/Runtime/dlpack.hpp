// dlpack.hpp - tensors of other frameworks (torch, CuPy, JAX, NumPy) in and out without a copy, by DLPack
// (https://dmlc.github.io/dlpack, dlpack.h from 0.6 on, which the application includes before this file).
//
//   cameo::setInput(context, 0, managed->dl_tensor);      // where its memory is, on the host or the GPU
//   auto view = cameo::toDLPack<DLTensor>(context.output(0), {kDLCUDA, 0});
//
// Nothing is owned here: the memory outlives what reads it, as cameo.h says.
#pragma once
#include "cameo/Runtime/cameo.hpp"
#include <algorithm>

namespace cameo {
namespace dlpack {

/// Of a DLDataType's code and bits: "f32" is 2 and 32. 0: no element type of Cameo's.
inline uint32_t dtypeOf(unsigned code, unsigned bits) {
  enum { Int = 0, Uint = 1, Float = 2, Bfloat = 4, Bool = 6 };
  switch (code * 1000 + bits) {
  case Int * 1000 + 8:
    return CAMEO_I8;
  case Int * 1000 + 16:
    return CAMEO_I16;
  case Int * 1000 + 32:
    return CAMEO_I32;
  case Int * 1000 + 64:
    return CAMEO_I64;
  case Uint * 1000 + 8:
    return CAMEO_U8;
  case Uint * 1000 + 16:
    return CAMEO_U16;
  case Uint * 1000 + 32:
    return CAMEO_U32;
  case Uint * 1000 + 64:
    return CAMEO_U64;
  case Float * 1000 + 16:
    return CAMEO_F16;
  case Float * 1000 + 32:
    return CAMEO_F32;
  case Float * 1000 + 64:
    return CAMEO_F64;
  case Bfloat * 1000 + 16:
    return CAMEO_BF16;
  case Bool * 1000 + 8:
    return CAMEO_BOOL;
  }
  return 0;
}

/// Axes of one element may have any stride, and those of a tensor of none.
inline bool isDense(const int64_t *dims, const int64_t *strides, int rank) {
  int64_t wanted = 1;
  if (std::count(dims, dims + rank, 0))
    return true;
  for (int axis = rank; strides && axis-- > 0; wanted *= dims[axis])
    if (dims[axis] != 1 && strides[axis] != wanted)
      return false;
  return true;
}

inline Status refuse(const char *message) {
  Status status;
  status.error.code = CAMEO_INVALID_ARGUMENT;
  strncpy(status.error.message, message, sizeof(status.error.message) - 1);
  return status;
}

} // namespace dlpack

/// Binds a DLTensor to an input, where its memory is: on the host (also pinned), or on the GPU that runs the program.
/// Dense tensors only; CAMEO_INVALID_ARGUMENT for others, other devices and element types that have none here.
template <typename DLTensor> Status setInput(Context &context, uint64_t index, const DLTensor &tensor) {
  enum { Cpu = 1, Cuda = 2, CudaHost = 3, CudaManaged = 13 };
  uint32_t dtype = dlpack::dtypeOf(tensor.dtype.code, tensor.dtype.bits);
  if (!dtype || tensor.dtype.lanes != 1)
    return dlpack::refuse("the DLPack tensor has an element type that Cameo has not, or vectors as elements");
  if (!dlpack::isDense(tensor.shape, tensor.strides, tensor.ndim))
    return dlpack::refuse("the DLPack tensor is not dense and row-major; copy it (torch: .contiguous())");
  const void *data = static_cast<const char *>(tensor.data) + tensor.byte_offset;
  std::span<const int64_t> dims(tensor.shape, size_t(tensor.ndim));
  switch (int(tensor.device.device_type)) {
  case Cpu:
  case CudaHost:
    return context.setInput(index, data, dtype, dims);
  case Cuda:
  case CudaManaged:
    return context.setDeviceInput(index, data, dtype, dims);
  }
  return dlpack::refuse("the DLPack tensor lies on a device that is neither the host nor an NVIDIA GPU");
}

/// A view of an output, whose sizes live as long as the context. `device` is where the output was bound. Texts, and
/// elements of less than 16 bits other than integers and booleans, have no type there: dtype.bits is 0.
template <typename DLTensor, typename DLDevice> DLTensor toDLPack(const Tensor &output, DLDevice device) {
  DLTensor view{};
  view.data = const_cast<void *>(output.data);
  view.device = device;
  view.ndim = int(output.rank);
  view.shape = const_cast<int64_t *>(output.dims);
  for (unsigned code : {0, 1, 2, 4, 6})
    for (unsigned bits : {8, 16, 32, 64})
      if (dlpack::dtypeOf(code, bits) == output.dtype) {
        view.dtype.code = uint8_t(code);
        view.dtype.bits = uint8_t(bits);
        view.dtype.lanes = 1;
      }
  return view;
}

} // namespace cameo
