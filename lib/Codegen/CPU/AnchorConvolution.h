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

/// The geometry; `extent` makes sizes of Dims.
template <typename OpT>
ConvolutionSpec geometryOf(OpT op, const FilterSizes &sizes, llvm::ArrayRef<Dim> x, llvm::ArrayRef<Dim> filter,
                           llvm::ArrayRef<Dim> result, llvm::function_ref<Extent(Dim)> extent) {
  bool isPlane = x.size() == 4;
  ConvolutionSpec s;
  s.n = extent(x[0]);
  s.inHeight = isPlane ? extent(x[1]) : Extent(1);
  s.inWidth = extent(x[x.size() - 2]);
  s.outHeight = isPlane ? extent(result[1]) : Extent(1);
  s.outWidth = extent(result[x.size() - 2]);
  s.inChannels = sizes.perGroup * op.getGroup();
  s.outChannels = sizes.outputs;
  s.groups = op.getGroup();
  size_t last = op.getStrides().size() - 1;
  s.kernelWidth = *filter.back().constant();
  s.strideWidth = op.getStrides()[last];
  s.dilationWidth = op.getDilations()[last];
  s.padLeft = op.getPads()[last];
  s.padRight = op.getPads()[2 * last + 1];
  if (isPlane) {
    s.kernelHeight = *filter[2].constant();
    s.strideHeight = op.getStrides()[0];
    s.dilationHeight = op.getDilations()[0];
    s.padTop = op.getPads()[0];
    s.padBottom = op.getPads()[2];
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
