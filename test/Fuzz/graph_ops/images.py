"""images.py - places in images, signals, and ops that make their own sizes."""
import numpy as np
from onnx import helper

from graphs import Impossible
from .table import like, op
from .windows import image


@op("GridSample", since=16)
def gridSample(g, name):
    x = image(g, 2)
    h, w = g.draw.choice([1, 3, 5]), g.draw.choice([2, 6])
    modes = ["linear", "nearest", "cubic"] if g.opset >= 20 else ["bilinear", "nearest", "bicubic"]
    mode = g.draw.choice(modes)
    grid = g.leaf(np.float32, (x.shape[0], h, w, 2), -1.3, 1.3)
    # Cubic behind the border: ONNX's reference clamps the point, ONNX Runtime and PyTorch the points around it.
    padding = g.draw.choice(["zeros"] if "cubic" in mode else ["zeros", "border", "reflection"])
    g.add(name, [x, grid], [(np.float32, (*x.shape[:2], h, w))], mode=mode, padding_mode=padding,
          align_corners=g.draw.randrange(2))


@op("AffineGrid", since=20)
def affineGrid(g, name):
    n, h, w = g.draw.choice([1, 2]), g.draw.choice([2, 5]), g.draw.choice([3, 4])
    g.add(name, [g.leaf(np.float32, (n, 2, 3)), g.constant([n, 3, h, w])], [(np.float32, (n, h, w, 2))], align_corners=g.draw.randrange(2))


@op("RoiAlign", since=10)
def roiAlign(g, name):
    x = image(g, 2)
    count = g.draw.choice([1, 3])
    corner = g.numbers.uniform(0, 3, (count, 2))
    rois = g.give(np.concatenate([corner, corner + g.numbers.uniform(1, 4, (count, 2))], 1).astype(np.float32))
    batch = g.give(g.numbers.integers(0, x.shape[0], count))
    h, w = g.draw.choice([1, 2]), g.draw.choice([1, 3])
    more = {"coordinate_transformation_mode": g.draw.choice(["half_pixel", "output_half_pixel"])} if g.opset >= 16 else {}
    g.add(name, [x, rois, batch], [(np.float32, (count, x.shape[1], h, w))], output_height=h, output_width=w, sampling_ratio=g.draw.choice([1, 2]),
          spatial_scale=g.draw.choice([None, 0.5]), mode=g.draw.choice([None, "avg"]), **more)


@op("MaxUnpool", since=9)
def maxUnpool(g, name):
    x = g.leaf(np.float32, (1, g.draw.choice([1, 3]), 4, 6))
    shape = (*x.shape[:2], 2, 3)
    y, places = g.add("MaxPool", [x], [(np.float32, shape, x.bound), (np.int64, shape, 1e6)], kernel_shape=[2, 2], strides=[2, 2])
    g.add(name, [y, places], [(np.float32, x.shape, x.bound)], kernel_shape=[2, 2], strides=[2, 2])


@op("Col2Im", since=18)
def col2Im(g, name):
    n, c = g.draw.choice([1, 2]), g.draw.choice([1, 3])
    x = g.leaf(np.float32, (n, c * 4, 4 * 5))
    g.add(name, [x, g.constant([5, 6]), g.constant([2, 2])], [(np.float32, (n, c, 5, 6))])


@op("CenterCropPad", since=18)
def centerCropPad(g, name):
    x = g.pick(lambda v: v.dtype != np.object_, low=1)
    axes = g.draw.sample(range(x.rank), g.draw.randrange(1, x.rank + 1))
    sizes = [g.draw.choice(g.sizes) for _ in axes]
    shape = list(x.shape)
    for a, s in zip(axes, sizes):
        shape[a] = s
    g.add(name, [x, g.constant(sizes)], [(x.dtype, tuple(shape), x.bound)], axes=axes)


@op("HannWindow", "HammingWindow", "BlackmanWindow", since=17)
def windowFunction(g, name):
    size = g.draw.choice([s for s in g.sizes if s])
    g.add(name, [g.constant(size)], [(np.float32, (size,), 1.5)], periodic=g.draw.randrange(2) if size > 1 else 1)


@op("DFT", since=17)
def dft(g, name):
    length = g.draw.choice([4, 7, 8, 16])
    parts = g.draw.choice([1, 2])
    x = g.leaf(np.float32, (g.draw.choice([1, 3]), length, parts))
    g.parameters.add(x.name)  # its last size says what its elements are
    one = parts == 1 and g.draw.random() < 0.5
    inverse = 0 if one else g.draw.randrange(2)
    shape = (x.shape[0], length // 2 + 1 if one else length, 2)
    if g.opset < 20:
        g.add(name, [x], [(np.float32, shape)], axis=1, onesided=int(one), inverse=inverse)
    else:
        g.add(name, [x, None, g.constant(1)], [(np.float32, shape)], onesided=int(one), inverse=inverse)


@op("STFT", since=17)
def stft(g, name):
    length, frame, step = 32, g.draw.choice([8, 16]), g.draw.choice([4, 8])
    x = g.leaf(np.float32, (g.draw.choice([1, 2]), length, 1))
    window = g.leaf(np.float32, (frame,))
    one = g.draw.randrange(2)
    frames = (length - frame) // step + 1
    g.add(name, [x, g.constant(step), window, g.constant(frame)], [(np.float32, (x.shape[0], frames, frame // 2 + 1 if one else frame, 2))], onesided=one)


@op("Det", since=11)
def det(g, name):
    n = g.draw.choice([1, 2, 3, 5])
    g.add(name, [g.leaf(np.float32, (*g.draw.choice([(), (3,)]), n, n))], [(np.float32, None)])


@op("EyeLike", since=9)
def eyeLike(g, name):
    x = g.pick(lambda v: v.dtype in (np.float32, np.float64, np.int64, np.int32), low=2, high=2)
    g.add(name, [x], [(x.dtype, x.shape, 1)], k=g.draw.choice([None, 0, 1, -2]))


@op("Range", since=11)
def sequenceOfNumbers(g, name):
    kind = g.draw.choice([np.float32, np.int64, np.int32, np.float64])
    start, step = g.draw.choice([0, 2, -3]), g.draw.choice([1, 2, -1])
    limit = start + step * g.draw.choice([0, 1, 5, 16])
    count = max(0, -(-(limit - start) // step))
    g.add(name, [g.constant(v, kind) for v in (start, limit, step)], [(kind, (count,), 40)])


@op("ConstantOfShape", since=9)
def constantOfShape(g, name):
    from onnx import numpy_helper
    shape = g.shape()
    kind = g.draw.choice([np.float32, np.int64, np.bool_, np.float16])
    value = numpy_helper.from_array(np.array([1], kind)) if g.draw.random() < 0.7 else None
    g.add(name, [g.constant(shape)], [(kind if value else np.float32, shape, 1)], value=value)


@op("Unique", since=11)
def unique(g, name):
    x = g.pick(dtype=np.int64, low=1) if g.draw.randrange(2) else g.leaf(np.float32, g.shape(1, 3))  # computed floats may be equal or nearly so
    if 0 in x.shape:
        raise Impossible
    g.add(name, [x], [(x.dtype, None), (np.int64, None), (np.int64, None), (np.int64, None)], sorted=g.draw.randrange(2))


@op("NonMaxSuppression", since=10)
def nonMaxSuppression(g, name):
    batch, classes, boxes = g.draw.choice([1, 2]), g.draw.choice([1, 3]), g.draw.choice([4, 12])
    corner = g.numbers.uniform(0, 1, (batch, boxes, 2))
    given = g.give(np.concatenate([corner, corner + g.numbers.uniform(0.1, 0.6, (batch, boxes, 2))], 2).astype(np.float32))
    g.add(name, [given, g.leaf(np.float32, (batch, classes, boxes), 0, 1), g.constant(g.draw.choice([1, 3, 20])), g.constant(0.4, np.float32), g.constant(0.2, np.float32)],
          [(np.int64, None)], center_point_box=g.draw.choice([None, 0, 1]))


@op("MeanVarianceNormalization", since=9)
def meanVariance(g, name):
    x = image(g, 2)
    axes = g.draw.choice([None, [0, 2, 3], [2, 3], [-1]])
    if np.prod([x.shape[a] for a in axes or [2, 3]]) < 4:
        raise Impossible  # the variance of one number is a rounding error, which may be below 0
    like(g, name, x, axes=axes)


@op("Dropout", since=7)
def dropout(g, name):
    x = g.float()
    g.add(name, [x], [(x.dtype, x.shape, x.bound)])


@op("CastLike", since=15)
def castLike(g, name):
    x = g.pick(lambda v: v.bound <= 100 and v.dtype != np.object_)
    y = g.pick(lambda v: v.dtype in (np.float32, np.float64, np.int64, np.float16))
    g.add(name, [x, y], [(y.dtype, x.shape, x.bound)])


@op("SoftmaxCrossEntropyLoss", "NegativeLogLikelihoodLoss", since=12)
def loss(g, name):
    n, c = g.draw.choice([1, 3]), g.draw.choice([2, 5])
    more = g.draw.choice([(), (4,), (2, 3)])
    reduction = g.draw.choice(["mean", "sum", "none"])
    ignored = g.draw.choice([None, 0])
    if ignored is not None and reduction != "sum":
        raise Impossible  # none may be left to divide by; ONNX Runtime's ignored losses are -0, whose reciprocals differ from 0's
    weights = [g.leaf(np.float32, (c,), 0.1, 2)] if g.draw.random() < 0.5 else []
    g.add(name, [g.leaf(np.float32, (n, c, *more)), g.give(g.numbers.integers(0, c, (n, *more))), *weights], [(np.float32, (n, *more) if reduction == "none" else ())],
          reduction=reduction, ignore_index=ignored)


@op("TensorScatter", since=24)
def tensorScatter(g, name):
    b, h, cache, new, d = g.draw.choice([1, 2]), g.draw.choice([1, 3]), 8, g.draw.choice([1, 3]), 4
    at = [g.give(g.numbers.integers(0, cache - new + 1, (b,)))] if g.draw.random() < 0.8 else []
    g.add(name, [g.leaf(np.float32, (b, h, cache, d)), g.leaf(np.float32, (b, h, new, d)), *at], [(np.float32, (b, h, cache, d))], mode=g.draw.choice([None, "linear", "circular"]))


@op("BitwiseNot", since=18)
def bitwiseNot(g, name):
    x = g.integer()
    like(g, name, x)


@op("BitCast", since=26)
def bitCast(g, name):
    x = g.pick(lambda v: v.dtype in (np.float32, np.int32, np.int64), low=0)
    to = {np.float32: np.int32, np.int32: np.uint32, np.int64: np.uint64}[x.dtype]
    g.add(name, [x], [(to, x.shape)], to=helper.np_dtype_to_tensor_dtype(np.dtype(to)))


@op("CumProd", since=26)
def cumProd(g, name):
    x = g.pick(lambda v: v.dtype in (np.float32, np.float64) and v.bound <= 2, low=1)
    g.add(name, [x, g.constant(g.axis(x))], [(x.dtype, x.shape)], exclusive=g.draw.randrange(2), reverse=g.draw.randrange(2))
