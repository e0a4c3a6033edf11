// AnchorConvolution.h - the geometry of convolutions with a constant filter, as the micro-kernels want it.
#ifndef LIB_CODEGEN_CPU_ANCHORCONVOLUTION_H
#define LIB_CODEGEN_CPU_ANCHORCONVOLUTION_H

#include "Anchors.h"

namespace cameo::codegen {

/// Constant filter sizes, [O, C/group, spatial..].
struct FilterSizes {
  int64_t outputs, perGroup, taps = 1;
};

/// Null when a size is only known at run time.
inline std::optional<FilterSizes> filterSizes(llvm::ArrayRef<Dim> filter) {
  FilterSizes sizes;
  for (auto [axis, d] : llvm::enumerate(filter)) {
    auto size = d.constant();
    if (!size)
      return std::nullopt;
    if (axis == 0)
      sizes.outputs = *size;
    else if (axis == 1)
      sizes.perGroup = *size;
    else
      sizes.taps *= *size;
  }
  return sizes;
}

/// Spatial axes that the micro-kernels know.
constexpr size_t kMostSpatialAxes = 3;

/// The geometry of a channels-last convolution of up to kMostSpatialAxes; `extent` makes sizes of Dims.
template <typename OpT>
ConvolutionSpec geometryOf(OpT op, const FilterSizes &sizes, llvm::ArrayRef<Dim> x, llvm::ArrayRef<Dim> filter,
                           llvm::ArrayRef<Dim> result, llvm::function_ref<Extent(Dim)> extent) {
  ConvolutionSpec s;
  s.n = extent(x[0]);
  s.inHeight = s.outHeight = 1;
  s.inChannels = sizes.perGroup * op.getGroup();
  s.outChannels = sizes.outputs;
  s.groups = op.getGroup();
  size_t axes = x.size() - 2;
  struct Axis {
    Extent &in, &out;
    int64_t &kernel, &stride, &dilation, &padBegin, &padEnd;
  };
  Axis all[kMostSpatialAxes] = {
      {s.inDepth, s.outDepth, s.kernelDepth, s.strideDepth, s.dilationDepth, s.padFront, s.padBack},
      {s.inHeight, s.outHeight, s.kernelHeight, s.strideHeight, s.dilationHeight, s.padTop, s.padBottom},
      {s.inWidth, s.outWidth, s.kernelWidth, s.strideWidth, s.dilationWidth, s.padLeft, s.padRight}};
  for (size_t i = 0; i < axes; ++i) {
    Axis &axis = all[kMostSpatialAxes - axes + i];
    axis.in = extent(x[1 + i]);
    axis.out = extent(result[1 + i]);
    axis.kernel = *filter[2 + i].constant();
    axis.stride = op.getStrides()[i];
    axis.dilation = op.getDilations()[i];
    axis.padBegin = op.getPads()[i];
    axis.padEnd = op.getPads()[axes + i];
  }
  s.inputType = mlir::getElementTypeOrSelf(op.getX().getType());
  return s;
}

/// One filter per channel.
template <typename OpT> bool isDepthwise(OpT op, const FilterSizes &sizes) {
  return op.getGroup() > 1 && sizes.perGroup == 1 && sizes.outputs == int64_t(op.getGroup());
}

} // namespace cameo::codegen
#endif
