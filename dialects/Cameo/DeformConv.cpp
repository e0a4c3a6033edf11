// DeformConv.cpp - shape and loops of deform_conv: a convolution that reads between the pixels.
#include "ContractionHelpers.h"

using namespace mlir;
using namespace cameo;

LogicalResult DeformConvOp::inferShapes(ShapeAnalysis &shapes, SmallVectorImpl<ShapeInfo> &results) {
  const ShapeInfo &x = shapes.get(getX()), &filter = shapes.get(getFilter()), &offset = shapes.get(getOffset());
  if (x.rank() != 4 || filter.rank() != 4 || offset.rank() != 4 || (getMask() && shapes.rank(getMask()) != 4))
    return emitOpError("operand has shape ")
           << formatShape(x.dims) << ", filter " << formatShape(filter.dims) << ", offset " // C1
           << formatShape(offset.dims) << "; expected rank 4 (two spatial axes)";
  Window window{getStrides(), getDilations(), getPads()};
  if (failed(verifyWindow(*this, window, 2))) // C2
    return failure();
  for (Value v : getOperands())
    if (shapes.get(v).elementType != x.elementType)
      return emitOpError("operands have element types ")
             << x.elementType << " and " << shapes.get(v).elementType << "; expected one type"; // C3
  int64_t group = getGroup(), offsetGroup = getOffsetGroup();
  if (group < 1 || offsetGroup < 1)
    return emitOpError("group is ") << group << " and offsetGroup " << offsetGroup << "; expected 1 or more"; // C4
  auto channels = x.dims[1].constant(), perGroup = filter.dims[1].constant(), outputs = filter.dims[0].constant();
  if (channels &&
      (*channels % group != 0 || *channels % offsetGroup != 0 || (perGroup && *channels != *perGroup * group)))
    return emitOpError("operand has ") << *channels << " channels; filter " << formatShape(filter.dims) << " in "
                                       << group // C4
                                       << " groups and " << offsetGroup << " offset groups do not fit";
  if (outputs && *outputs % group != 0)
    return emitOpError("group ") << group << " does not divide the filter's " << *outputs << " outputs"; // C4
  DimContext &d = shapes.dims();
  ShapeInfo info{x.elementType, {x.dims[0], filter.dims[0]}, std::nullopt};
  for (int64_t i = 0; i < 2; ++i) {
    auto positions = windowPositions(*this, d, window, i, x.dims[2 + i], filter.dims[2 + i]);
    if (failed(positions))
      return failure();
    info.dims.push_back(*positions);
  }
  Dim taps = d.mul(d.mul(filter.dims[2], filter.dims[3]), offsetGroup);
  auto fits = [&](StringRef name, const ShapeInfo &operand, Dim rows) {
    return success(succeeded(verifySameSize(*this, operand.dims[0], x.dims[0], name + "'s first size")) && // C5
                   succeeded(verifySameSize(*this, operand.dims[1], rows, name + "'s second size")) &&
                   succeeded(verifySameSize(*this, operand.dims[2], info.dims[2], name + "'s third size")) &&
                   succeeded(verifySameSize(*this, operand.dims[3], info.dims[3], name + "'s fourth size")));
  };
  if (failed(fits("offset", offset, d.mul(taps, 2))) ||
      (getMask() && failed(fits("mask", shapes.get(getMask()), taps))))
    return failure();
  results.push_back(std::move(info));
  return success();
}

/// x[n, c, y, x], bilinear between pixels; corners outside count as 0.
static Value sampleBilinear(KernelEmitter &k, OpBuilder &b, Location loc, const KernelTensor &x, Value n, Value c,
                            ArrayRef<Value> at) {
  Type type = at[0].getType();
  Value one = constantScalar(b, loc, type, 1), zero = constantScalar(b, loc, type, 0),
        zeroIndex = constantIndex(b, loc, 0);
  SmallVector<Value> low, fraction;
  for (Value v : at) {
    Value floor = math::FloorOp::create(b, loc, v);
    fraction.push_back(arith::SubFOp::create(b, loc, v, floor));
    low.push_back(floorToIndex(b, loc, floor));
  }
  Value sum = zero;
  for (int corner = 0; corner < 4; ++corner) {
    SmallVector<Value> indices{n, c};
    Value weight = one, inside;
    for (int axis = 0; axis < 2; ++axis) {
      bool upper = corner >> axis & 1;
      Value index = upper ? addIndex(b, loc, low[axis], constantIndex(b, loc, 1)) : low[axis];
      Value ok = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, index, k.size(x.dims[2 + axis]));
      inside = inside ? Value(arith::AndIOp::create(b, loc, inside, ok)) : ok;
      indices.push_back(arith::SelectOp::create(b, loc, ok, index, zeroIndex));
      Value f = upper ? fraction[axis] : Value(arith::SubFOp::create(b, loc, one, fraction[axis]));
      weight = arith::MulFOp::create(b, loc, weight, f);
    }
    auto branch = scf::IfOp::create(b, loc, TypeRange{type}, inside, /*withElseRegion=*/true);
    OpBuilder thenBuilder = branch.getThenBodyBuilder(), elseBuilder = branch.getElseBodyBuilder();
    Value product = arith::MulFOp::create(thenBuilder, loc, weight, x.load(thenBuilder, loc, indices));
    scf::YieldOp::create(thenBuilder, loc, product);
    scf::YieldOp::create(elseBuilder, loc, zero);
    sum = arith::AddFOp::create(b, loc, sum, branch.getResult(0));
  }
  return sum;
}

LogicalResult DeformConvOp::emitLoops(KernelEmitter &k, OpBuilder &b, ArrayRef<KernelTensor> operands,
                                      ArrayRef<KernelTensor> results) {
  const KernelTensor &x = operands[0], &filter = operands[1], &offset = operands[2], &result = results[0];
  const KernelTensor *mask = getMask() ? &operands[3] : nullptr;
  Window window{getStrides(), getDilations(), getPads()};
  Type type = computeType(x.elementType);
  DimContext &d = k.dims();
  Location loc = getLoc();
  Value perGroup = agreeingSize(k, b, loc, filter.dims[1], d.floorDiv(x.dims[1], getGroup()),
                                "the filter's channels differ from the operand's");
  Value one = constantIndex(b, loc, 1);
  Value outputsPerGroup = maxIndex(b, loc, k.size(d.floorDiv(filter.dims[0], getGroup())), one);
  Value channelsPerOffset = maxIndex(b, loc, k.size(d.floorDiv(x.dims[1], getOffsetGroup())), one);
  Value height = k.size(filter.dims[2]), width = k.size(filter.dims[3]);
  Dim taps = d.mul(d.mul(filter.dims[2], filter.dims[3]), getOffsetGroup());
  SmallVector<Dim> offsetDims{result.dims[0], d.mul(taps, 2), result.dims[2], result.dims[3]};
  SmallVector<Dim> maskDims{result.dims[0], taps, result.dims[2], result.dims[3]};
  k.parallelNest(b, loc, result.dims, [&](OpBuilder &b, Location loc, ValueRange at) {
    Value group = arith::DivUIOp::create(b, loc, at[1], outputsPerGroup);
    Value base = mulIndex(b, loc, group, perGroup), zero = constantScalar(b, loc, type, 0);
    Value sum = reduceNest(
        b, loc, {perGroup, height, width}, {zero}, [&](OpBuilder &b, Location loc, ValueRange in, ValueRange carried) {
          Value channel = addIndex(b, loc, base, in[0]);
          Value offsetGroup = arith::DivUIOp::create(b, loc, channel, channelsPerOffset);
          // Number of (offset group, tap) in row-major order.
          Value tap = addIndex(
              b, loc, mulIndex(b, loc, addIndex(b, loc, mulIndex(b, loc, offsetGroup, height), in[1]), width), in[2]);
          SmallVector<Value> position;
          for (int axis = 0; axis < 2; ++axis) {
            Value row = addIndex(b, loc, mulIndex(b, loc, tap, constantIndex(b, loc, 2)), constantIndex(b, loc, axis));
            Value shift = loadWithin(k, b, loc, offset, offsetDims, {at[0], row, at[2], at[3]});
            Value start = subIndex(b, loc, mulIndex(b, loc, at[2 + axis], constantIndex(b, loc, window.strides[axis])),
                                   constantIndex(b, loc, window.padBegin(axis)));
            start =
                addIndex(b, loc, start, mulIndex(b, loc, in[1 + axis], constantIndex(b, loc, window.dilations[axis])));
            Value regular = arith::SIToFPOp::create(b, loc, type, indexToI64(b, loc, start));
            position.push_back(arith::AddFOp::create(b, loc, regular, shift));
          }
          Value v = sampleBilinear(k, b, loc, x, at[0], channel, position);
          if (mask)
            v = arith::MulFOp::create(b, loc, v, loadWithin(k, b, loc, *mask, maskDims, {at[0], tap, at[2], at[3]}));
          Value weight = filter.load(b, loc, {at[1], in[0], in[1], in[2]});
          return SmallVector<Value>{multiplyAdd(k, b, loc, carried[0], v, weight)};
        })[0];
    result.store(b, loc, sum, at);
  });
  return success();
}

bool DeformConvOp::allowsEpilogue() { return true; }

Dim DeformConvOp::flops(ShapeAnalysis &shapes) {
  Dim count = shapes.dims().mul(shapes.numElements(getResult()), 2);
  for (Dim size : shapes.dimsOf(getFilter()).drop_front())
    count = shapes.dims().mul(count, size);
  return count;
}
