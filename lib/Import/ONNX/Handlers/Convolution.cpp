// Convolution.cpp - Conv, ConvTranspose, DeformConv, Col2Im, CausalConvWithState, and ONNX Runtime's FusedConv and
// NhwcConv.
#include "FusedActivation.h"
#include "Pooling.h"
#include "WindowAttributes.h"
#include "cameo/Dialect/Cameo/ConstantBytes.h"
#include "cameo/Export/ONNX/NodeBuilder.h"

using namespace mlir;
using namespace cameo;
using namespace cameo::onnx;

namespace {

/// y + bias, one bias per channel (axis 1); y when there is no bias.
Value withBias(OpBinder &op, Value y, size_t biasInput) {
  if (!y || !op.hasInput(biasInput))
    return y;
  Value bias = op.input(biasInput);
  if (op.rank(bias) != 1) {
    (void)op.error("E-SHAPE", "input '" + op.node.inputs[biasInput] + "', the bias, has rank " + Twine(op.rank(bias)) +
                                  "; expected 1");
    return {};
  }
  Dim channels = op.shapes().dim(y, 1), size = op.shapes().dim(bias, 0);
  if (channels.constant() && size.constant() && channels != size) {
    (void)op.error("E-SHAPE", "input '" + op.node.inputs[biasInput] + "', the bias, has size " +
                                  Twine(*size.constant()) + "; expected " + Twine(*channels.constant()) +
                                  ", one per output channel");
    return {};
  }
  SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(1, op.rank(y) - 1));
  if (!axes.empty())
    bias = op.unsqueeze(bias, axes);
  return bias ? op.create<AddOp>(y, bias) : Value();
}

/// The attribute `group`; an error below 1.
FailureOr<int64_t> groupAttr(OpBinder &op, StringRef name = "group") {
  int64_t group = op.intAttr(name, 1);
  if (group < 1)
    return op.error("E-ATTR", name + " is " + Twine(group) + "; expected 1 or more");
  return group;
}

/// Input 0 and the filter have one rank, 3 or more, and `kernel_shape` is the filter's.
LogicalResult checkFilter(OpBinder &op, Value filter) {
  Value x = op.input(0);
  if (op.rank(x) < 3 || op.rank(x) != op.rank(filter))
    return op.error("E-SHAPE", "inputs '" + op.node.inputs[0] + "' and '" + op.node.inputs[1] + "' have ranks " +
                                   Twine(op.rank(x)) + " and " + Twine(op.rank(filter)) +
                                   "; expected one rank, 3 or more (batch, channels and spatial axes)");
  auto kernel = op.intsAttr("kernel_shape");
  if (!kernel || kernel->empty())
    return success();
  ArrayRef<Dim> sizes = op.shapes().dimsOf(filter).drop_front(2);
  if (kernel->size() != sizes.size())
    return op.error("E-ATTR",
                    "kernel_shape has " + Twine(kernel->size()) + " entries; expected " + Twine(sizes.size()));
  for (auto [i, size] : llvm::enumerate(sizes))
    if (size.constant() && *size.constant() != (*kernel)[i])
      return op.error("E-SHAPE", "kernel_shape[" + Twine(i) + "] is " + Twine((*kernel)[i]) + ", but filter '" +
                                     op.node.inputs[1] + "' has size " + Twine(*size.constant()) + " there");
  return success();
}

/// The convolution of x, of input 0's shape or that with channels first, without bias.
Value convolution(OpBinder &op, Value x, Value filter) {
  auto group = groupAttr(op);
  if (!x || !filter || failed(group) || failed(checkFilter(op, filter)))
    return {};
  auto window = windowAttributes(op, op.shapes().dimsOf(x).drop_front(2), op.shapes().dimsOf(filter).drop_front(2));
  if (failed(window))
    return {};
  auto pads = window->constantPads();
  if (!pads) {
    x = padSpatial(op, x, window->pads, 0.0);
    pads.emplace(window->pads.size(), 0);
  }
  if (!x)
    return {};
  return op.create<ConvOp>(x, filter, ArrayRef<int64_t>(window->strides), ArrayRef<int64_t>(window->dilations),
                           ArrayRef<int64_t>(*pads), *group, /*channelsLast=*/false, TypeAttr());
}

LogicalResult conv(OpBinder &op) { return op.result(withBias(op, convolution(op, op.input(0), op.input(1)), 2)); }

/// com.microsoft's, where `isLast` with channels last in input 0, what is added, and the result; where
/// `isFilterLast` the filter is [M, kH, kW, C / group].
LogicalResult fusedConv(OpBinder &op, bool isLast, bool isFilterLast = false) {
  auto first = [&](size_t i, bool isLast) { return isLast ? channelsFirst(op, op.input(i)) : op.input(i); };
  Value x = first(0, isLast), filter = first(1, isFilterLast);
  if (!x || !filter)
    return failure();
  Value y = withBias(op, convolution(op, x, filter), 2);
  if (y && isLast)
    y = channelsLast(op, y);
  if (y && op.hasInput(3))
    y = op.create<AddOp>(y, op.input(3));
  return op.result(fusedActivation(op, y));
}

LogicalResult convTranspose(OpBinder &op) {
  auto group = groupAttr(op);
  if (failed(group) || failed(checkFilter(op, op.input(1))))
    return failure();
  Value x = op.input(0), filter = op.input(1);
  size_t rank = op.rank(x) - 2;
  auto sizes = op.shapes().dimsOf(x).drop_front(2), kernel = op.shapes().dimsOf(filter).drop_front(2);
  auto strides = spatialAttr(op, "strides", rank, 1, 1), dilations = spatialAttr(op, "dilations", rank, 1, 1);
  auto pads = spatialAttr(op, "pads", 2 * rank, INT32_MIN, 0), extra = spatialAttr(op, "output_padding", rank, 0, 0);
  if (failed(strides) || failed(dilations) || failed(pads) || failed(extra))
    return failure();
  for (size_t i = 0; i < rank; ++i)
    if ((*extra)[i] >= std::max((*strides)[i], (*dilations)[i]))
      return op.error("E-ATTR", "output_padding[" + Twine(i) + "] is " + Twine((*extra)[i]) +
                                    "; expected less than the stride or dilation");
  auto outputShape = op.intsAttr("output_shape");
  if (outputShape && outputShape->size() == rank + 2) // some exporters give all axes
    outputShape->erase(outputShape->begin(), outputShape->begin() + 2);
  if (outputShape && !outputShape->empty() && outputShape->size() != rank)
    return op.error("E-ATTR", "output_shape has " + Twine(outputShape->size()) + " entries; expected " + Twine(rank));
  if (outputShape)
    for (auto [i, size] : llvm::enumerate(*outputShape))
      if (size < 0 || size > INT32_MAX)
        return op.error("E-ATTR",
                        "output_shape[" + Twine(i) + "] is " + Twine(size) + "; expected 0 to " + Twine(INT32_MAX));
  StringRef mode = op.stringAttr("auto_pad", "NOTSET");
  bool same = mode == "SAME_UPPER" || mode == "SAME_LOWER";
  if (!same && mode != "NOTSET" && mode != "VALID" && !mode.empty())
    return op.error("E-ATTR", "auto_pad is '" + mode + "'; expected NOTSET, SAME_UPPER, SAME_LOWER or VALID");
  if (same || (outputShape && !outputShape->empty())) {
    // total = (n - 1) * stride + output_padding + extent - wanted; SAME_UPPER puts the larger half to the end,
    // everything else to the beginning. A negative total lengthens the result.
    DimContext &d = op.dims();
    for (size_t i = 0; i < rank; ++i) {
      Dim wanted =
          outputShape && !outputShape->empty() ? d.constant((*outputShape)[i]) : d.mul(sizes[i], (*strides)[i]);
      Dim full = d.add(d.mul(d.sub(sizes[i], 1), (*strides)[i]), (*extra)[i] + 1);
      full = d.add(full, d.mul(d.sub(kernel[i], 1), (*dilations)[i]));
      auto total = d.sub(full, wanted).constant();
      if (!total)
        return op.unsupported(
            "padding follows from sizes that are known only at run time (output_shape or auto_pad on spatial "
            "axis " +
            Twine(i) + "); give that input fixed spatial sizes");
      int64_t half = *total < 0 ? 0 : *total / 2, rest = *total - half;
      bool upper = mode == "SAME_UPPER" || *total < 0;
      (*pads)[i] = upper ? half : rest;
      (*pads)[rank + i] = upper ? rest : half;
    }
  } else if (mode == "VALID") {
    pads->assign(2 * rank, 0);
  }
  Value y =
      op.create<ConvTransposeOp>(x, filter, ArrayRef<int64_t>(*strides), ArrayRef<int64_t>(*dilations),
                                 ArrayRef<int64_t>(*pads), ArrayRef<int64_t>(*extra), *group, /*channelsLast=*/false);
  y = withBias(op, y, 2);
  return y ? op.result(y) : failure();
}

LogicalResult deformConv(OpBinder &op) {
  auto group = groupAttr(op), offsetGroup = groupAttr(op, "offset_group");
  if (failed(group) || failed(offsetGroup) || failed(checkFilter(op, op.input(1))))
    return failure();
  if (op.rank(op.input(0)) != 4)
    return op.unsupported("input '" + op.node.inputs[0] + "' has rank " + Twine(op.rank(op.input(0))) +
                          "; DeformConv is supported over two spatial axes (rank 4)");
  auto window = windowAttributes(op, op.shapes().dimsOf(op.input(0)).drop_front(2),
                                 op.shapes().dimsOf(op.input(1)).drop_front(2));
  if (failed(window))
    return failure();
  Value mask = op.hasInput(4) ? op.input(4) : Value();
  Value y = op.create<DeformConvOp>(op.input(0), op.input(1), op.input(2), mask, ArrayRef<int64_t>(window->strides),
                                    ArrayRef<int64_t>(window->dilations), ArrayRef<int64_t>(*window->constantPads()),
                                    *group, *offsetGroup);
  y = withBias(op, y, 3);
  return y ? op.result(y) : failure();
}

LogicalResult col2Im(OpBinder &op) {
  auto block = op.shapes().elements(op.input(2));
  if (!block)
    return op.error("E-SHAPE", "input '" + op.node.inputs[2] + "' has shape " +
                                   formatShape(op.shapes().dimsOf(op.input(2))) +
                                   "; expected a vector of known length");
  size_t rank = block->size();
  auto strides = spatialAttr(op, "strides", rank, 1, 1), dilations = spatialAttr(op, "dilations", rank, 1, 1);
  auto pads = spatialAttr(op, "pads", 2 * rank, 0, 0);
  if (failed(strides) || failed(dilations) || failed(pads))
    return failure();
  return op.result(op.create<Col2ImOp>(op.input(0), op.input(1), op.input(2), ArrayRef<int64_t>(*strides),
                                       ArrayRef<int64_t>(*dilations), ArrayRef<int64_t>(*pads)));
}

/// A depthwise convolution over [past | x] along the last axis; the last k - 1 positions are the next call's past.
LogicalResult causalConv(OpBinder &op) {
  Value x = op.input(0), weight = op.input(1);
  if (op.rank(x) != 3 || op.rank(weight) != 3)
    return op.error("E-SHAPE", "input and weight have ranks " + Twine(op.rank(x)) + " and " + Twine(op.rank(weight)) +
                                   "; expected 3");
  auto channels = op.shapes().dim(weight, 0).constant(), taps = op.shapes().dim(weight, 2).constant();
  int64_t dilation = op.intAttr("dilation", 1);
  if (dilation < 1 || dilation > INT32_MAX)
    return op.error("E-ATTR", "dilation is " + Twine(dilation) + "; expected 1 or more");
  if (!channels || !taps || *taps < 1)
    return op.unsupported("the weight's sizes are known only at run time; give '" + op.node.inputs[1] +
                          "' fixed sizes");
  int64_t reach; // positions before its own that a tap reads
  if (llvm::MulOverflow(*taps - 1, dilation, reach))
    return op.error("E-OVERFLOW", "dilation is " + Twine(dilation) + " and the weight has " + Twine(*taps) +
                                      " taps; expected taps - 1 times dilation below 2^63");
  Value past;
  if (op.hasInput(3)) {
    past = op.input(3);
  } else {
    Value shape = op.sizes({op.shapes().dim(x, 0), op.dims().constant(*channels), op.dims().constant(reach)});
    past = shape ? op.create<ExpandOp>(op.scalar(op.elementType(x), 0.0), shape) : Value();
  }
  if (!past)
    return failure();
  Value joined = op.create<ConcatOp>(ValueRange{past, x}, int64_t(2));
  if (!joined)
    return failure();
  int64_t one[] = {1}, none[] = {0, 0}, apart[] = {dilation};
  Value y = op.create<ConvOp>(joined, weight, ArrayRef<int64_t>(one), ArrayRef<int64_t>(apart), ArrayRef<int64_t>(none),
                              *channels,
                              /*channelsLast=*/false, TypeAttr());
  y = withBias(op, y, 2);
  StringRef activation = op.stringAttr("activation", "none");
  if (y && (activation == "silu" || activation == "swish")) {
    Value gate = op.create<SigmoidOp>(y);
    y = gate ? op.create<MulOp>(y, gate) : Value();
  } else if (activation != "none") {
    return op.error("E-ATTR", "activation is '" + activation + "'; expected none, silu or swish");
  }
  if (!y || failed(op.result(0, y)))
    return failure();
  if (!op.hasOutput(1))
    return success();
  Value length = op.sizes({op.shapes().dim(joined, 2)}),
        start = op.sizes({op.dims().sub(op.shapes().dim(joined, 2), reach)});
  if (!length || !start)
    return failure();
  int64_t axis[] = {2};
  return op.result(1, op.create<SliceOp>(joined, start, length, op.i64({1}), ArrayRef<int64_t>(axis)));
}

/// com.microsoft: what it has in common with ONNX's, and dilation.
LogicalResult microsoftCausalConv(OpBinder &op) {
  for (auto [name, supported] : {std::pair("ndim", 1), std::pair("channels_last", 0), std::pair("state_window", 0),
                                 std::pair("state_update_capacity", 0), std::pair("state_length", 0),
                                 std::pair("input_channels", 0), std::pair("input_channel_offset", 0)})
    if (int64_t given = op.intAttr(name, supported); given != supported)
      return op.unsupported(Twine(name) + " is " + Twine(given) + "; supported is " + Twine(supported));
  return causalConv(op);
}

// ---- as ONNX

template <typename OpT> SmallVector<NodeAttribute> windowOf(OpT op) {
  return {{"strides", op.getStrides()}, {"dilations", op.getDilations()}, {"pads", op.getPads()}};
}

/// The convolution whose bias `add` adds: one number per channel, to a result that nothing else reads. ONNX has it as
/// an input.
Operation *biasedBy(AddOp add, Value &bias) {
  for (auto [y, other] : {std::pair(add.getX(), add.getY()), std::pair(add.getY(), add.getX())}) {
    Operation *producer = y.getDefiningOp();
    auto type = cast<RankedTensorType>(other.getType()), full = cast<RankedTensorType>(y.getType());
    if (!isa_and_nonnull<ConvOp, ConvTransposeOp>(producer) || !y.hasOneUse() || producer->hasAttr("channelsLast") ||
        !isa<FloatType>(full.getElementType()) || !constantBehind(other) || type.getRank() < full.getRank() - 1 ||
        type.getRank() > full.getRank())
      continue;
    SmallVector<int64_t> wanted(full.getRank(), 1);
    wanted[1] = full.getDimSize(1);
    if (type.getShape() == ArrayRef(wanted).take_back(type.getRank())) {
      bias = other;
      return producer;
    }
  }
  return nullptr;
}

/// The bias that the node of `convolution` has, as a vector.
Edge biasOf(Operation *convolution, NodeBuilder &b) {
  Value bias;
  auto add = convolution->hasOneUse() ? dyn_cast<AddOp>(*convolution->user_begin()) : AddOp();
  if (!add || biasedBy(add, bias) != convolution)
    return {};
  return b.reshape(b(bias), {cast<RankedTensorType>(convolution->getResult(0).getType()).getDimSize(1)});
}

LogicalResult exportAdd(AddOp op, NodeBuilder &b) {
  Value bias;
  if (Operation *convolution = biasedBy(op, bias))
    return b.result(b(convolution->getResult(0)));
  return b.result(b.node("Add", b.operands()));
}

LogicalResult exportConv(ConvOp op, NodeBuilder &b) {
  int64_t rank = b.rank(op.getX());
  Edge x = b.channelsFirst(b(op.getX()), rank, op.getChannelsLast());
  SmallVector<NodeAttribute> attributes = windowOf(op);
  attributes.emplace_back("group", op.getGroup());
  bool isInteger = isa<IntegerType>(op.accumulatorType());
  Edge y = b.node(isInteger ? "ConvInteger" : "Conv", {x, b(op.getFilter()), biasOf(op, b)}, attributes);
  return b.result(b.channelsLast(y, rank, op.getChannelsLast()));
}

/// ONNX's pads are not negative: what they would add is added behind.
LogicalResult exportConvTranspose(ConvTransposeOp op, NodeBuilder &b) {
  int64_t rank = b.rank(op.getX());
  SmallVector<int64_t> pads(op.getPads()), added(2 * rank, 0);
  for (auto [i, pad] : llvm::enumerate(pads)) {
    int64_t side = i / (rank - 2), axis = i % (rank - 2);
    added[side * rank + 2 + axis] = -std::min<int64_t>(pad, 0);
    pad = std::max<int64_t>(pad, 0);
  }
  Edge y = b.node("ConvTranspose",
                  {b.channelsFirst(b(op.getX()), rank, op.getChannelsLast()), b(op.getFilter()), biasOf(op, b)},
                  {{"strides", op.getStrides()},
                   {"dilations", op.getDilations()},
                   {"pads", ArrayRef<int64_t>(pads)},
                   {"output_padding", op.getOutputPadding()},
                   {"group", op.getGroup()}});
  if (llvm::any_of(added, [](int64_t n) { return n != 0; }))
    y = b.node("Pad", {y, b.i64(added)});
  return b.result(b.channelsLast(y, rank, op.getChannelsLast()));
}

LogicalResult exportDeformConv(DeformConvOp op, NodeBuilder &b) {
  SmallVector<NodeAttribute> attributes = windowOf(op);
  attributes.emplace_back("group", op.getGroup());
  attributes.emplace_back("offset_group", op.getOffsetGroup());
  return b.result(
      b.node("DeformConv", {b(op.getX()), b(op.getFilter()), b(op.getOffset()), Edge(), b(op.getMask())}, attributes));
}

} // namespace

namespace cameo::onnx {
void registerConvolutionHandlers(HandlerTable &table) {
  table.on("Conv", 1, conv);
  table.on("ConvTranspose", 1, convTranspose);
  table.on("DeformConv", 19, deformConv);
  table.on("Col2Im", 18, col2Im);
  table.on("CausalConvWithState", 27, causalConv);
  table.onMicrosoft("CausalConvWithState", "input:3 weight:3 bias? past_state:3?", microsoftCausalConv);
  table.onMicrosoft("FusedConv", "X W B? Z?", [](OpBinder &op) { return fusedConv(op, /*isLast=*/false); });
  table.onMicrosoft("NhwcFusedConv", "X W B? Z?", [](OpBinder &op) { return fusedConv(op, /*isLast=*/true); });
  table.onMicrosoft("NhwcConv", "X W B?",
                    [](OpBinder &op) { return fusedConv(op, /*isLast=*/true, /*isFilterLast=*/true); });

  table.exports<AddOp>(exportAdd);
  table.exports<ConvOp>(exportConv);
  table.exports<ConvTransposeOp>(exportConvTranspose);
  table.exports<DeformConvOp>(exportDeformConv);
  table.exports<Col2ImOp>("Col2Im(strides, dilations, pads)");
}
} // namespace cameo::onnx
