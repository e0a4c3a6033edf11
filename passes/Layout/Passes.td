// Passes.td - layout: the order of axes that activations have in memory, and which of them share memory.
#ifndef CAMEO_PASSES_LAYOUT_TD
#define CAMEO_PASSES_LAYOUT_TD
include "mlir/Pass/PassBase.td"

def ChannelsLastPass : Pass<"cameo-channels-last", "::mlir::func::FuncOp"> {
  let summary = "runs convolutions and what surrounds them on [N, spatial.., C], with the fewest bytes transposed";
  let description = [{
    Before, all [N, C, H, W]:
    `%1 = cameo.conv %x, %w; %2 = cameo.relu %1; %3 = cameo.max_pool %2; return %3`.
    After:
    `%0 = cameo.transpose %x {permutation = [0, 2, 3, 1]}; %1 = cameo.conv %0, %w {channelsLast}; %2 = cameo.relu %1;
    %3 = cameo.max_pool %2 {channelsLast}; %4 = cameo.transpose %3 {permutation = [0, 3, 1, 2]}; return %4`.

    Ops that prefer channels last get it; every other op that can be permuted (LayoutInterface) is placed on one side or the other
    such that the values used on both sides have the fewest bytes in all, which is a minimum cut (see README.md). Among equal cuts the
    one with the most ops channels-last is taken, so that pointwise ops stay beside the convolution they can be fused with. Transposes
    that the model has itself between the two layouts count as borders and disappear where both sides agree.
    Transposes that move no bytes (only axes of size 1) become views. Left alone: blocks without an op that prefers channels last, and
    regions of control flow are decided one by one, their borders keeping the model's order. Time: a maximum flow per block,
    near linear in practice.
  }];
}

def NormalizeByChannelPass : Pass<"cameo-normalize-by-channel", "::mlir::func::FuncOp"> {
  let summary = "makes normalizations of each channel, or of all at once, means of channels and pointwise ops";
  let description = [{
    Before: `%y = cameo.group_norm %x, %scale, %bias {groups = 1}`, %x [N, C, H, W].
    After: `%m = reduce %x {axes = [2, 3], kind = "mean"}`, with one group then over the channels; `%d = sub %x, %m`; the same means of
    `mul %d, %d` are the variance; `%y = add (mul %d, scale / sqrt(variance + epsilon)), bias`, all of f32 at least.

    The op by itself wants the model's order of axes; these have none, so what surrounds a normalization stays channels-last (a
    convolution on one side needs two transposes per normalization else, and pools between normalizations walk rows). They run on as many threads as
    there are channels and pixels, where a single group is one thread's. Left alone: blocks without an op that prefers channels last, tensors
    without spatial axes, several groups (means of few channels cost more launches than the transposes take: BiT-R50 lost 3 %), and, with a
    remark, unknown numbers of channels. Runs before --cameo-channels-last. Linear.
  }];
}

def FlattenVolumesPass : Pass<"cameo-flatten-volumes", "::mlir::func::FuncOp"> {
  let summary = "makes convolutions over three spatial axes convolutions over two";
  let description = [{
    Before: `%y = cameo.conv %x, %w {channelsLast, strides = [1, 1, 1], pads = [1, 1, 1, 1, 1, 1]}`, %x [1, D, H, W, C] and %w a constant of
    [O, C, 3, 3, 3]. After: the slices [0, D), [1, D + 1), [2, D + 2) of the padded %x side by side as channels, one image of [H, W, 3 C] per slice:
    `%y = cameo.conv %slices, %v {channelsLast, strides = [1, 1], pads = [1, 1, 1, 1]}`, %v [O, 3 C, 3, 3]; and the images stacked again.

    Code for two axes is all that GPUs have (lib/Codegen/CUDA/AnchorConv.cpp), and a copy of the operand per tap is little beside the
    products that read it. CPUs' code walks the third axis itself, so that the pass does not run for them. Where each channel has a filter of its own, nothing is put side by side: the convolutions of the slices are added.
    A transposed convolution is one over images for each remainder of a slice's number by the stride; these take turns in the result.
    Left alone, with a remark: filters that are no constants; volumes of unknown size, if there are several, their slices are not
    neighbours or the convolution is transposed; transposed ones in groups. Runs after --cameo-channels-last. Linear.
  }];
}

def AppendInPlacePass : Pass<"cameo-append-in-place", "::mlir::func::FuncOp"> {
  let summary = "finds inputs that an output continues, so that the caller may keep both in one memory";
  let description = [{
    Before, with `%past` an input and `%present` an output: `%present = cameo.kernel(%past, %new) { concat }`.
    After: the kernel has `appends = 2`, and the input `cameo.cache = array<i64: OUTPUT, AXIS>`.

    This is how a decoder keeps the keys and values of earlier tokens. A program says which inputs these are
    (cameo_program_cache); where the caller binds memory with room for more rows to both, the kernel writes the new rows only, and
    rows of different heads lie apart. So everything that reads either must read by strides (KernelInterface::readsStrided): attention does.
    Left alone, with a remark: what others read, in another shape, or in branches. Linear.
  }];
}
#endif
