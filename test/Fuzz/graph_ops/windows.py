"""windows.py - contractions, and windows that slide over images."""
import math

import numpy as np

from graphs import Graph, Impossible, Value
from .table import op


@op("MatMul")
def matMul(g, name):
    x = g.float(low=1)
    k, n = x.shape[-1], g.draw.choice(g.sizes)
    shape = g.draw.choice([(k, n), (k, n), (k, n), (k,), (*x.shape[:-2], k, n)]) if x.rank > 1 else g.draw.choice([(k, n), (k,)])
    y = g.leaf(x.dtype, shape)
    out = np.matmul(np.zeros(x.shape, np.int8), np.zeros(shape, np.int8)).shape
    if math.prod(out) * k > 1 << 22:
        raise Impossible
    g.add(name, [x, y], [(x.dtype, out, x.bound * 2 * k)])


@op("Gemm")
def gemm(g, name):
    x = g.float(low=2, high=2, accepts=lambda v: 0 not in v.shape)
    a, b = g.draw.randrange(2), g.draw.randrange(2)
    m, k = x.shape[::-1] if a else x.shape
    n = g.draw.choice([s for s in g.sizes if s])
    c = [g.leaf(x.dtype, g.draw.choice([(n,), (m, n), (1, n), (m, 1), (1,)]))] if g.opset < 11 or g.draw.random() < 0.7 else []
    g.add(name, [x, g.leaf(x.dtype, (n, k) if b else (k, n)), *c], [(x.dtype, (m, n))], transA=a, transB=b,
          alpha=g.draw.choice([1.0, 1.0, 0.5]), beta=g.draw.choice([1.0, 1.0, 2.0]))


@op("Einsum", since=12)
def einsum(g, name):
    b, i, j, k = (g.draw.choice([s for s in g.sizes if s]) for _ in range(4))
    equation, shapes = g.draw.choice([("bij,bjk->bik", [(b, i, j), (b, j, k)]), ("ij,kj->ik", [(i, j), (k, j)]), ("bij->bji", [(b, i, j)]),
                                      ("bij,bkj->bik", [(b, i, j), (b, k, j)]), ("ii->i", [(i, i)]), ("ij,ij->", [(i, j), (i, j)]), ("i,j->ij", [(i,), (j,)])])
    arrays = [g.leaf(np.float32, s) for s in shapes]
    out = np.einsum(equation, *[np.zeros(s) for s in shapes]).shape
    g.add(name, arrays, [(np.float32, out)], equation=equation)


def image(g: Graph, spatial: int, dtype=np.float32) -> Value:
    """[N, C, spatial...]"""
    fits = [v for v in g.values if v.rank == spatial + 2 and v.dtype == dtype and 0 not in v.shape]
    if fits and g.draw.random() < 0.6:
        return g.draw.choice(fits)
    size = {1: [5, 16, 33], 2: [4, 7, 12], 3: [3, 5]}[spatial]
    return g.leaf(dtype, (g.draw.choice([1, 1, 2]), g.draw.choice([1, 2, 3, 4, 8, 16, 17]), *[g.draw.choice(size) for _ in range(spatial)]))


def window(g: Graph, sizes: tuple, kernel: list[int], ceil: bool = False, dilations: bool = True, clamps: bool = False) -> tuple[dict, list[int]]:
    """Attributes of a sliding window, and how many places it has."""
    spatial = len(sizes)
    strides = [g.draw.choice([1, 1, 2, 3]) for _ in sizes]
    dilation = [g.draw.choice([1, 1, 2]) if dilations else 1 for _ in sizes]
    pads = [g.draw.randrange(min(k, 3)) for k in (*kernel, *kernel)]
    same = g.draw.random() < 0.15
    out = []
    for i, size in enumerate(sizes):
        span = (kernel[i] - 1) * dilation[i] + 1
        room = size + pads[i] + pads[i + spatial] - span
        if room < 0 or same and dilation[i] > 1:
            raise Impossible
        if same and kernel[i] < strides[i] and not clamps:  # whether padding can be negative is left open
            raise Impossible
        out.append(-(-size // strides[i]) if same else (-(-room // strides[i]) if ceil else room // strides[i]) + 1)
    attributes = {"strides": strides, **({"auto_pad": g.draw.choice(["SAME_UPPER", "SAME_LOWER"])} if same else {"pads": pads})}
    if dilations:
        attributes["dilations"] = dilation
    return attributes, out


@op("Conv")
def conv(g, name):
    spatial = g.draw.choice([1, 2, 2, 2, 3])
    x = image(g, spatial, g.draw.choice(g.floats))
    c = x.shape[1]
    group = g.draw.choice([1, 1, c, *[d for d in (2, 4) if c % d == 0]])
    m = group * g.draw.choice([1, 2, 4] if group > 1 else [1, 3, 8, 16, 17])
    kernel = [min(g.draw.choice([1, 1, 2, 3, 5]), s) for s in x.shape[2:]]
    attributes, out = window(g, x.shape[2:], kernel, clamps=True)
    bias = [g.leaf(x.dtype, (m,))] if g.draw.random() < 0.5 else []
    g.add(name, [x, g.leaf(x.dtype, (m, c // group, *kernel)), *bias], [(x.dtype, (x.shape[0], m, *out))], group=group, kernel_shape=kernel, **attributes)


@op("ConvTranspose")
def convTranspose(g, name):
    spatial = g.draw.choice([1, 2, 2])
    x = image(g, spatial, g.draw.choice(g.floats))
    c = x.shape[1]
    group = g.draw.choice([1, 1, c, *[d for d in (2,) if c % d == 0]])
    kernel = [g.draw.choice([1, 2, 3, 4]) for _ in range(spatial)]
    strides = [g.draw.choice([1, 2, 3]) for _ in range(spatial)]
    pads = [g.draw.randrange(min(k, 2)) for k in (*kernel, *kernel)]
    extra = [g.draw.randrange(s) for s in strides]
    out = [s * (n - 1) + k + e - pads[i] - pads[i + spatial] for i, (n, s, k, e) in enumerate(zip(x.shape[2:], strides, kernel, extra))]
    m = g.draw.choice([1, 2, 5])
    if min(out) < 1:
        raise Impossible
    bias = [g.leaf(x.dtype, (m * group,))] if g.draw.random() < 0.5 else []
    g.add(name, [x, g.leaf(x.dtype, (c, m, *kernel)), *bias], [(x.dtype, (x.shape[0], m * group, *out))], group=group, strides=strides, pads=pads,
          output_padding=extra)


@op("MaxPool", "AveragePool", "LpPool")
def pool(g, name):
    x = image(g, g.draw.choice([1, 2, 2, 3]), g.draw.choice(g.floats))
    kernel = [min(g.draw.choice([1, 2, 3]), s) for s in x.shape[2:]]
    modern = g.opset >= {"MaxPool": 10, "AveragePool": 19, "LpPool": 18}[name]
    ceil = g.opset >= {"MaxPool": 10, "AveragePool": 10, "LpPool": 18}[name] and g.draw.random() < 0.2
    attributes, out = window(g, x.shape[2:], kernel, ceil, dilations=modern)
    if ceil and "auto_pad" not in attributes:  # the last window must begin inside
        for i, o in enumerate(out):
            if (o - 1) * attributes["strides"][i] >= x.shape[2 + i] + attributes["pads"][i]:
                raise Impossible
    if name == "AveragePool" and "pads" in attributes and g.draw.random() < 0.5:
        attributes["count_include_pad"] = 1
    if ceil:
        attributes["ceil_mode"] = 1
    g.add(name, [x], [(x.dtype, (*x.shape[:2], *out), x.bound * 30)], kernel_shape=kernel, **attributes)


@op("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool")
def globalPool(g, name):
    x = image(g, g.draw.choice([1, 2, 3]), g.draw.choice(g.floats))
    g.add(name, [x], [(x.dtype, (*x.shape[:2], *[1] * (x.rank - 2)))])


@op("BatchNormalization", since=9)
def batchNorm(g, name):
    x = image(g, g.draw.choice([1, 2, 2, 3]), g.draw.choice(g.floats))
    c = (x.shape[1],)
    parameters = [g.leaf(x.dtype, c) for _ in range(3)] + [g.leaf(x.dtype, c, 0.1, 2)]
    g.add(name, [x, *parameters], [(x.dtype, x.shape)], epsilon=1e-3)


@op("InstanceNormalization", "GroupNormalization", "LRN")
def norm(g, name):
    x = image(g, g.draw.choice([1, 2, 2]) if name != "LRN" else 2, g.draw.choice(g.floats))
    c = x.shape[1]
    if name == "LRN":
        return g.add(name, [x], [(x.dtype, x.shape)], size=g.draw.choice([1, 3, 5]), alpha=0.1, beta=g.draw.choice([0.5, 0.75]))
    if name == "GroupNormalization" and g.opset < 21:
        raise Impossible
    groups = {"num_groups": g.draw.choice([d for d in (1, 2, 4, c) if c % d == 0])} if name == "GroupNormalization" else {}
    g.add(name, [x, g.leaf(x.dtype, (c,)), g.leaf(x.dtype, (c,))], [(x.dtype, x.shape)], epsilon=1e-3, **groups)


@op("Resize", since=11)
def resize(g, name):
    x = image(g, 2, g.draw.choice(g.floats))
    mode = g.draw.choice(["nearest", "linear", "cubic"])
    coordinates = g.draw.choice(["half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"])
    nearest = g.draw.choice(["round_prefer_floor", "floor", "ceil"]) if mode == "nearest" else None
    sizes = [*x.shape[:2], *[max(1, g.draw.choice([s * 2, s + 3, s // 2])) for s in x.shape[2:]]]
    empty = None if g.opset >= 13 else g.constant([], np.float32)
    g.add(name, [x, empty, empty, g.constant(sizes)], [(x.dtype, tuple(sizes))], mode=mode, coordinate_transformation_mode=coordinates, nearest_mode=nearest)


@op("Upsample", since=9, until=9)
def upsample(g, name):
    x = image(g, 2, g.draw.choice(g.floats))
    g.add(name, [x, g.constant([1, 1, 2, 3], np.float32)], [(x.dtype, (*x.shape[:2], x.shape[2] * 2, x.shape[3] * 3))], mode=g.draw.choice(["nearest", "linear"]))
