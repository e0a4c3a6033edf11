"""quantized.py - numbers of 8 and 4 bits, and floats that stand for them."""
import math

import numpy as np

from graphs import Graph, Impossible, Value
from .attention import CONTRIBUTED
from .table import op
from .windows import window


SCALES = (0.05, 0.5)


def scale(g: Graph, size: tuple = (), low=0.01, high=0.2) -> Value:
    return g.give(np.asarray(g.numbers.uniform(low, high, size), np.float32), True if g.draw.random() < 0.8 else None)


def zero(g: Graph, kind, size: tuple = ()) -> Value:
    return g.give(g.array(kind, size, 0 if kind in (np.uint8, np.uint16) else -5, 9), True if g.draw.random() < 0.8 else None)


@op("QuantizeLinear", since=10)
def quantize(g, name):
    x = g.pick(lambda v: v.bound <= 1e4, dtype=np.float32)
    kind = g.draw.choice([np.uint8, np.int8] + ([np.uint16, np.int16] if g.opset >= 21 else []))
    if g.opset >= 13 and x.rank and g.draw.random() < 0.3:
        axis = g.axis(x)
        size = (x.shape[axis],)
        g.add(name, [x, scale(g, size), zero(g, kind, size)], [(kind, x.shape, 1 << 16)], axis=axis)
    else:
        g.add(name, [x, g.constant(g.draw.choice(SCALES), np.float32), g.constant(g.draw.choice([0, 3]), kind)], [(kind, x.shape, 1 << 16)])


@op("DequantizeLinear", since=10)
def dequantize(g, name):
    x = g.leaf(g.draw.choice([np.uint8, np.int8]), g.shape(1, 3), 0, 100)
    axis = g.draw.randrange(x.rank)
    size = () if g.opset < 13 or g.draw.random() < 0.6 else (x.shape[axis],)
    point = [g.leaf(x.dtype, size, 0, 9)] if g.draw.random() < 0.6 else []
    g.add(name, [x, g.leaf(np.float32, size, 0.1, 1), *point], [(np.float32, x.shape, 255)], axis=axis if g.opset >= 13 else None)


@op("DynamicQuantizeLinear", since=11)
def dynamicQuantize(g, name):
    x = g.pick(lambda v: 0 not in v.shape and v.bound < 1e6, dtype=np.float32)
    g.add(name, [x], [(np.uint8, x.shape, 255), (np.float32, ()), (np.uint8, (), 255)])


@op("MatMulInteger", since=10)
def matMulInteger(g, name):
    m, k, n = (g.draw.choice([s for s in g.sizes if s]) for _ in range(3))
    a, b = g.leaf(np.uint8, (m, k), 0, 255), g.leaf(g.draw.choice([np.uint8, np.int8]), (k, n), 0, 100)
    points = [g.leaf(np.uint8, (), 0, 200), g.leaf(b.dtype, (), 0, 9)] if g.draw.random() < 0.6 else []
    g.add(name, [a, b, *points], [(np.int32, (m, n))])


@op("QLinearMatMul", since=10)
def qLinearMatMul(g, name):
    m, k, n = (g.draw.choice([s for s in g.sizes if s]) for _ in range(3))
    one = lambda kind, low, high: g.leaf(kind, (), low, high)
    a, b = g.leaf(np.uint8, (m, k), 0, 255), g.leaf(np.uint8, (k, n), 0, 255)
    g.add(name, [a, one(np.float32, 0.1, 0.5), one(np.uint8, 0, 99), b, one(np.float32, 0.1, 0.5), one(np.uint8, 0, 99), one(np.float32, 1, 9), one(np.uint8, 0, 99)],
          [(np.uint8, (m, n), 255)])


def dequantized(g: Graph, x: Value, size: tuple = (), axis: int | None = None) -> Value:
    """x as the floats that its bytes stand for."""
    point = [zero(g, x.dtype, size)] if g.draw.random() < 0.7 else []
    return g.add("DequantizeLinear", [x, scale(g, size), *point], [(np.float32, x.shape, 60)], axis=axis)[0]


def weights(g: Graph, shape: tuple, axis: int) -> Value:
    """Dequantized constant bytes, with one scale or one per output channel."""
    kind = g.draw.choice([np.int8, np.int8, np.uint8])
    x = g.give(g.array(kind, shape, -127 if kind == np.int8 else 0, 127), True)
    return dequantized(g, x, (shape[axis],), axis) if g.opset >= 13 and g.draw.random() < 0.5 else dequantized(g, x)


def bytesOf(g: Graph, shape: tuple) -> Value:
    return dequantized(g, g.leaf(g.draw.choice([np.uint8, np.int8]), shape, 0, 120))


@op("quantized layer", since=10)
def layer(g, name):
    """Floats between dequantized bytes and a quantization, as quantizers write them."""
    kind = g.draw.choice(["Conv", "MatMul", "Gemm", "Add", "Mul", "Relu", "MaxPool", "Concat", "GlobalAveragePool"])
    m, k, n = (g.draw.choice([s for s in g.sizes if s]) for _ in range(3))
    attributes = {}
    if kind == "Conv":
        c, o = g.draw.choice([1, 3, 8]), g.draw.choice([1, 4, 17])
        size = g.draw.choice([1, 3])
        x = bytesOf(g, (1, c, 7, 12))
        attributes, places = window(g, (7, 12), [size, size], clamps=True)
        y = [x, weights(g, (o, c, size, size), 0)], (1, o, *places)
    elif kind == "MatMul":
        y = [bytesOf(g, (m, k)), weights(g, (k, n), 1)], (m, n)
    elif kind == "Gemm":
        y = [bytesOf(g, (m, k)), weights(g, (n, k), 0), g.leaf(np.float32, (n,))], (m, n)
        attributes = {"transB": 1}
    elif kind in ("Add", "Mul"):
        y = [bytesOf(g, (m, n)), bytesOf(g, g.draw.choice([(m, n), (n,), ()]))], (m, n)
    elif kind == "Relu":
        y = [bytesOf(g, (m, n))], (m, n)
    elif kind == "Concat":
        y = [bytesOf(g, (m, n)), bytesOf(g, (m, k))], (m, n + k)
        attributes = {"axis": 1}
    elif kind == "MaxPool":
        attributes, places = window(g, (7, 12), [2, 3], dilations=False)
        attributes["kernel_shape"] = [2, 3]
        y = [bytesOf(g, (1, 4, 7, 12))], (1, 4, *places)
    else:
        y = [bytesOf(g, (2, 8, 5, 5))], (2, 8, 1, 1)
    made = g.add(kind, y[0], [(np.float32, y[1])], **attributes)[0]
    if g.draw.random() < 0.3:
        made = g.add("Relu", [made], [(np.float32, made.shape)])[0]
    if g.draw.random() < 0.8:
        to = g.draw.choice([np.uint8, np.int8])
        g.add("QuantizeLinear", [made, scale(g, (), 0.1, 1), zero(g, to)], [(to, made.shape, 255)])


@op("ConvInteger", "QLinearConv", since=10)
def convInteger(g, name):
    x = g.leaf(np.uint8, (g.draw.choice([1, 2]), g.draw.choice([1, 3, 8]), 7, 12), 0, 255)
    o, size = g.draw.choice([1, 4, 17]), [g.draw.choice([1, 2, 3]), g.draw.choice([1, 3])]
    attributes, places = window(g, x.shape[2:], size, clamps=True)
    kind = np.uint8 if name == "ConvInteger" else g.draw.choice([np.uint8, np.int8])
    w = g.give(g.array(kind, (o, x.shape[1], *size), 0 if kind == np.uint8 else -127, 127), g.draw.random() < 0.7)
    shape = (x.shape[0], o, *places)
    if name == "ConvInteger":
        points = [zero(g, np.uint8), zero(g, kind)] if g.draw.random() < 0.6 else []
        return g.add(name, [x, w, *points], [(np.int32, shape)], kernel_shape=size, **attributes)
    channels = (o,) if g.draw.random() < 0.4 else ()
    bias = [g.give(g.array(np.int32, (o,), -1000, 1000), True)] if g.draw.random() < 0.5 else []
    g.add(name, [x, scale(g), zero(g, np.uint8), w, scale(g, channels), g.give(np.zeros(channels, kind) + kind(g.draw.choice([0, 3])), True), scale(g, (), 0.5, 2),
                 zero(g, np.uint8), *bias], [(np.uint8, shape, 255)], kernel_shape=size, **attributes)


@op("QLinearAdd", "QLinearMul", "QLinearConcat", "QLinearSigmoid", "QLinearLeakyRelu", "QLinearGlobalAveragePool", "QLinearSoftmax")
def contributed(g, name):
    kind = g.draw.choice([np.uint8, np.int8])
    low = 0 if kind == np.uint8 else -120
    shape = (2, 3, 5, 5) if "Pool" in name else g.shape(1, 3)
    if 0 in shape:
        raise Impossible
    one = lambda size: [g.leaf(kind, size, low, 120), scale(g), zero(g, kind)]
    to = [scale(g), zero(g, kind)]
    node = lambda operands, made=shape, **attributes: g.add(name, operands, [(kind, made, 255)], domain=CONTRIBUTED, **attributes)
    if name == "QLinearConcat":
        other = (*shape[:-1], g.draw.choice([s for s in g.sizes if s]))
        node([*to, *one(shape), *one(other)], (*shape[:-1], shape[-1] + other[-1]), axis=len(shape) - 1)
    elif name in ("QLinearAdd", "QLinearMul"):
        node([*one(shape), *one(g.draw.choice([shape, shape[-1:], ()])), *to])
    elif name == "QLinearGlobalAveragePool":
        node([*one(shape), *to], (2, 3, 1, 1), channels_last=0)
    elif name == "QLinearSoftmax":
        node([*one(shape), g.constant(1 / 256, np.float32), g.constant(0 if kind == np.uint8 else -128, kind)], opset=g.opset, axis=len(shape) - 1)
    else:
        node([*one(shape), *to], **({"alpha": 0.1} if "Leaky" in name else {}))


@op("DynamicQuantizeMatMul", "MatMulIntegerToFloat", "MatMulNBits", "QGemm")
def contributedProducts(g, name):
    m, k, n = (g.draw.choice([s for s in g.sizes if s]) for _ in range(3))
    x = g.pick(lambda v: 0 not in v.shape and v.bound < 1e4, dtype=np.float32, low=2, high=3)
    bias = [g.leaf(np.float32, (n,))] if g.draw.random() < 0.5 else []
    kind = g.draw.choice([np.uint8, np.int8])
    channels = (n,) if g.draw.random() < 0.5 else ()
    b = lambda k: g.give(g.array(kind, (k, n), 0 if kind == np.uint8 else -127, 127), True)
    if name == "DynamicQuantizeMatMul":
        g.add(name, [x, b(x.shape[-1]), scale(g, channels), zero(g, kind, channels), *bias], [(np.float32, (*x.shape[:-1], n))], domain=CONTRIBUTED)
    elif name == "MatMulIntegerToFloat":
        a = g.leaf(np.uint8, (m, k), 0, 255)
        g.add(name, [a, b(k), scale(g), scale(g, channels), zero(g, np.uint8), zero(g, kind, channels), *bias], [(np.float32, (m, n))], domain=CONTRIBUTED)
    elif name == "QGemm":
        a = g.leaf(np.uint8, (m, k), 0, 255)
        to = [scale(g, (), 0.5, 2), zero(g, np.uint8)] if g.draw.random() < 0.5 else []
        c = [g.give(g.array(np.int32, (n,), -1000, 1000), True)] if g.draw.random() < 0.5 else [None] if to else []
        g.add(name, [a, scale(g), zero(g, np.uint8), b(k), scale(g), zero(g, kind), *c, *to], [(np.uint8 if to else np.float32, (m, n), 255) if to else (np.float32, (m, n))],
              domain=CONTRIBUTED, alpha=1.0, transA=0, transB=0)
    else:
        k, block = x.shape[-1], g.draw.choice([16, 32])
        blocks = math.ceil(k / block)
        packed = g.give(g.numbers.integers(0, 256, (n, blocks, block // 2)).astype(np.uint8), True)
        points = [g.give(g.numbers.integers(0, 256, (n * math.ceil(blocks / 2),)).astype(np.uint8), True)] if g.draw.random() < 0.5 else []
        g.add(name, [x, packed, g.give(g.array(np.float32, (n * blocks,), 0.01, 0.2), True), *points], [(np.float32, (*x.shape[:-1], n))], domain=CONTRIBUTED,
              K=k, N=n, bits=4, block_size=block)


@op("weights of 4 bits", since=21)
def fourBits(g, name):
    """A product with blocks of numbers of 4 bits, each with its scale."""
    import ml_dtypes
    kind, block = g.draw.choice([ml_dtypes.int4, ml_dtypes.uint4]), 16
    k, n, m = block * g.draw.choice([1, 2, 4]), g.draw.choice([s for s in g.sizes if s]), g.draw.choice([1, 3, 16])
    low = -8 if kind == ml_dtypes.int4 else 0
    number = lambda *shape: g.give(g.numbers.integers(low, low + 16, shape).astype(kind), True)
    points = [number(k // block, n)] if g.draw.random() < 0.5 else []
    w = g.add("DequantizeLinear", [number(k, n), scale(g, (k // block, n)), *points], [(np.float32, (k, n))], axis=0, block_size=block)[0]
    g.add("MatMul", [g.leaf(np.float32, (m, k)), w], [(np.float32, (m, n))])
