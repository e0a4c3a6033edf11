"""movement.py - ops that move elements, and those that ask for sizes."""
import math

import numpy as np

from graphs import Graph, Impossible, Value, broadcast
from .table import op


@op("Reshape")
def reshape(g, name):
    x = g.pick(lambda v: 0 not in v.shape)
    factors = [s for s in x.shape if s > 1]
    match g.draw.randrange(4):
        case 0:
            target = [-1]
        case 1 if x.rank > 1:
            at = g.draw.randrange(x.rank - 1)
            target = [*x.shape[:at], x.shape[at] * x.shape[at + 1], *x.shape[at + 2:]]
        case 2 if factors and factors[-1] % 2 == 0:
            target = [*factors[:-1], factors[-1] // 2, 2]
        case _:
            target = [0 if i < x.rank and g.draw.random() < 0.3 else s for i, s in enumerate(x.shape)]
            target.insert(g.draw.randrange(len(target) + 1), 1)
            if target.index(1) < x.rank:  # a 0 copies the size at its own place
                target = [s if s else -2 for s in target]
                target = [1, *x.shape]
    shape = np.zeros(x.shape).reshape([x.shape[i] if s == 0 else s for i, s in enumerate(target)]).shape
    if g.draw.random() < 0.3 and -1 not in target and target:
        target[g.draw.randrange(len(target))] = -1
    g.add(name, [x, g.constant(target)], [(x.dtype, shape, x.bound)])


@op("Transpose")
def transpose(g, name):
    x = g.pick(low=1)
    order = g.draw.sample(range(x.rank), x.rank)
    if g.draw.random() < 0.2:
        g.add(name, [x], [(x.dtype, x.shape[::-1], x.bound)])
    else:
        g.add(name, [x], [(x.dtype, tuple(x.shape[i] for i in order), x.bound)], perm=order)


@op("Flatten")
def flatten(g, name):
    x = g.pick(low=1)
    axis = g.draw.randrange(x.rank + 1)
    g.add(name, [x], [(x.dtype, (math.prod(x.shape[:axis]), math.prod(x.shape[axis:])), x.bound)], axis=axis)


@op("Squeeze")
def squeeze(g, name):
    x = g.pick(lambda v: 1 in v.shape)
    axes = [i for i, s in enumerate(x.shape) if s == 1]
    if g.draw.random() < 0.7:
        axes = g.draw.sample(axes, g.draw.randrange(1, len(axes) + 1))
    shape = tuple(s for i, s in enumerate(x.shape) if i not in axes)
    if g.opset < 13:
        g.add(name, [x], [(x.dtype, shape, x.bound)], axes=axes)
    else:
        g.add(name, [x, g.constant([a - g.draw.choice([0, x.rank]) for a in axes], isFixed=True)], [(x.dtype, shape, x.bound)])


@op("Unsqueeze")
def unsqueeze(g, name):
    x = g.pick(high=4)
    rank = x.rank + g.draw.choice([1, 1, 2])
    axes = g.draw.sample(range(rank), rank - x.rank)
    sizes = iter(x.shape)
    shape = tuple(1 if i in axes else next(sizes) for i in range(rank))
    if g.opset < 13:
        g.add(name, [x], [(x.dtype, shape, x.bound)], axes=axes)
    else:
        g.add(name, [x, g.constant(axes, isFixed=True)], [(x.dtype, shape, x.bound)])


@op("Concat")
def concat(g, name):
    x = g.pick(low=1)
    axis = g.axis(x)
    others = [v for v in g.values if v.dtype == x.dtype and v.rank == x.rank and all(a == b for i, (a, b) in enumerate(zip(v.shape, x.shape)) if i != axis % x.rank)]
    parts = [x, *[g.draw.choice(others) for _ in range(g.draw.choice([1, 1, 2]))]]
    shape = list(x.shape)
    if g.draw.random() < 0.4:
        shape[axis] = g.draw.choice(g.sizes)
        parts.insert(g.draw.randrange(2), g.leaf(x.dtype, shape))
    shape[axis] = sum(p.shape[axis] for p in parts)
    g.add(name, parts, [(x.dtype, tuple(shape), max(p.bound for p in parts))], axis=axis)


@op("Split")
def split(g, name):
    x = g.pick(lambda v: max(v.shape, default=0) > 1)
    axis = g.draw.choice([i for i, s in enumerate(x.shape) if s > 1])
    first = g.draw.randrange(x.shape[axis] + 1)
    sizes = [first, x.shape[axis] - first]
    if g.opset < 11 and 0 in sizes:
        raise Impossible
    outputs = [(x.dtype, (*x.shape[:axis], s, *x.shape[axis + 1:]), x.bound) for s in sizes]
    if g.opset < 13:
        g.add(name, [x], outputs, axis=axis, split=sizes)
    else:
        g.add(name, [x, g.constant(sizes)], outputs, axis=axis)


@op("Slice")
def slices(g, name):
    x = g.pick(low=1)
    axes = g.draw.sample(range(x.rank), g.draw.randrange(1, x.rank + 1))
    starts, ends, steps = [], [], []
    for a in axes:
        size = x.shape[a]
        step = g.draw.choice([1, 1, 1, 2, 3, -1, -2]) if g.opset >= 10 else 1
        begin, end = sorted(g.draw.choice([0, 1, size // 2, size - 1, size]) for _ in range(2))
        if step < 0:
            begin, end = end - 1 if end else 0, begin - 1
            end = end if end >= 0 else -2**31
        elif g.draw.random() < 0.3:
            end = 2**31 - 1
        elif g.draw.random() < 0.2 and begin:
            begin -= size
        starts.append(begin), ends.append(end), steps.append(step)
    shape = list(x.shape)
    for a, b, e, s in zip(axes, starts, ends, steps):
        shape[a] = len(range(*slice(b, None if e == -2**31 else e, s).indices(x.shape[a])))
    if g.opset < 10:
        g.add(name, [x], [(x.dtype, tuple(shape), x.bound)], axes=axes, starts=starts, ends=ends)
    else:
        more = [g.constant(steps)] if set(steps) != {1} or g.draw.random() < 0.5 else []
        g.add(name, [x, g.constant(starts), g.constant(ends), g.constant(axes), *more], [(x.dtype, tuple(shape), x.bound)])


@op("Pad")
def pad(g, name):
    x = g.float(low=1)
    mode = g.draw.choice(["constant", "constant", "reflect", "edge"] + (["wrap"] if g.opset >= 19 else []))
    low = 0 if mode != "constant" else -1 if min(x.shape) > 2 else 0
    pads = [g.draw.randrange(low, max(1, min(3, s if mode != "reflect" else s))) for s in (*x.shape, *x.shape)]
    if mode != "constant" and 0 in x.shape:
        raise Impossible
    shape = tuple(s + pads[i] + pads[i + x.rank] for i, s in enumerate(x.shape))
    if g.opset < 11:
        g.add(name, [x], [(x.dtype, shape, x.bound + 2)], mode=mode, pads=pads, value=g.draw.choice([0.0, 1.5]))
    else:
        value = [g.constant(g.draw.choice([0.0, 1.5]), x.dtype)] if mode == "constant" and g.draw.random() < 0.6 else []
        g.add(name, [x, g.constant(pads), *value], [(x.dtype, shape, x.bound + 2)], mode=mode)


@op("Tile")
def tile(g, name):
    x = g.pick(low=1)
    repeats = [g.draw.choice([1, 1, 2, 3]) for _ in x.shape]
    g.add(name, [x, g.constant(repeats)], [(x.dtype, tuple(s * r for s, r in zip(x.shape, repeats)), x.bound)])


@op("Expand", since=8)
def expand(g, name):
    x = g.pick()
    target = tuple(g.draw.choice(g.sizes) if s == 1 else g.draw.choice([1, s]) for s in x.shape)
    if g.draw.random() < 0.3:
        target = (2, *target)
    g.add(name, [x, g.constant(target)], [(x.dtype, broadcast(x.shape, target), x.bound)])


def indices(g: Graph, shape, size: int) -> Value:
    """Into an axis of that size; from its end too where the opset allows it."""
    if not size:
        raise Impossible
    low = -size if g.opset >= 11 else 0
    return g.give(g.numbers.integers(low, size, shape).astype(g.draw.choice([np.int64, np.int32])))


@op("Gather")
def gather(g, name):
    x = g.pick(low=1)
    axis = g.axis(x)
    i = indices(g, g.shape(0, 2), x.shape[axis])
    at = axis % x.rank
    if x.dtype == np.object_ and at:
        raise Impossible  # ONNX Runtime 1.32 loses texts there
    g.add(name, [x, i], [(x.dtype, (*x.shape[:at], *i.shape, *x.shape[at + 1:]), x.bound)], axis=axis)


@op("GatherElements", since=11)
def gatherElements(g, name):
    x = g.pick(low=1)
    axis = g.axis(x)
    shape = [g.draw.randrange(1, s + 1) if s else 0 for s in x.shape]
    i = indices(g, shape, x.shape[axis])
    g.add(name, [x, i], [(x.dtype, i.shape, x.bound)], axis=axis)


@op("GatherND", since=11)
def gatherNd(g, name):
    x = g.pick(lambda v: 0 not in v.shape, low=1)
    depth = g.draw.randrange(1, x.rank + 1)
    count = g.draw.choice([1, 3, 4])
    i = g.constant(np.stack([g.numbers.integers(-s, s, count) for s in x.shape[:depth]], -1))
    g.add(name, [x, i], [(x.dtype, (count, *x.shape[depth:]), x.bound)])


@op("ScatterElements", since=11)
def scatterElements(g, name):
    x = g.float(low=1)
    axis = g.draw.randrange(x.rank)
    shape = list(x.shape)
    shape[axis] = g.draw.randrange(1, shape[axis] + 1) if shape[axis] else 0
    if 0 in shape:
        raise Impossible
    order = np.argsort(g.numbers.random(x.shape), axis)  # no index twice
    i = g.give(np.take(order, range(shape[axis]), axis).astype(np.int64))
    reduction = g.draw.choice(["none", "add", "mul"] + (["max", "min"] if g.opset >= 18 else [])) if g.opset >= 16 else None
    g.add(name, [x, i, g.leaf(x.dtype, shape)], [(x.dtype, x.shape)], axis=axis, reduction=reduction)


@op("ScatterND", since=11)
def scatterNd(g, name):
    x = g.float(low=1, accepts=lambda v: 0 not in v.shape)
    count = g.draw.randrange(1, min(x.shape[0], 3) + 1)
    i = g.constant(g.numbers.permutation(x.shape[0])[:count, None])
    g.add(name, [x, i, g.leaf(x.dtype, (count, *x.shape[1:]))], [(x.dtype, x.shape)])


@op("DepthToSpace", "SpaceToDepth")
def blocks(g, name):
    if name == "DepthToSpace":
        n, c, h, w = g.draw.choice([1, 2]), g.draw.choice([4, 8, 12]), g.draw.choice(g.sizes), g.draw.choice(g.sizes[:2])
        x, shape = g.leaf(np.float32, (n, c, h, w)), (n, c // 4, h * 2, w * 2)
        mode = g.draw.choice(["DCR", "CRD"]) if g.opset >= 11 else None
    else:
        n, c, h, w = 1, g.draw.choice([1, 3]), g.draw.choice([2, 6]), g.draw.choice([4, 8])
        x, shape, mode = g.leaf(np.float32, (n, c, h, w)), (n, c * 4, h // 2, w // 2), None
    g.add(name, [x], [(x.dtype, shape, x.bound)], blocksize=2, mode=mode)


@op("ReverseSequence", since=10)
def reverseSequence(g, name):
    x = g.pick(low=2)
    time, batch = g.draw.choice([(0, 1), (1, 0)])
    lengths = g.give(g.numbers.integers(0 if x.shape[time] == 0 else 1, x.shape[time] + 1, x.shape[batch]).astype(np.int64))
    g.add(name, [x, lengths], [(x.dtype, x.shape, x.bound)], time_axis=time, batch_axis=batch)


@op("Trilu", since=14)
def trilu(g, name):
    x = g.pick(low=2)
    k = [g.constant(g.draw.randrange(-2, 4))] if g.draw.random() < 0.6 else []
    g.add(name, [x, *k], [(x.dtype, x.shape, x.bound)], upper=g.draw.randrange(2))


@op("NonZero", "Compress")
def someOf(g, name):
    if g.opset < 9:
        raise Impossible
    x = g.pick(low=1)
    if name == "NonZero":
        g.add(name, [x], [(np.int64, None)])
    else:
        axis = g.draw.randrange(x.rank)
        g.add(name, [x, g.leaf(np.bool_, (x.shape[axis],))], [(x.dtype, None)], axis=axis)


@op("OneHot", since=11)
def oneHot(g, name):
    i = indices(g, g.shape(1, 2), 5)
    g.add(name, [i, g.constant(5), g.constant([0.0, 2.0], np.float32)], [(np.float32, (*i.shape, 5), 2)])


@op("Shape", "Size")
def shapes(g, name):
    x = g.pick()
    g.add(name, [x], [(np.int64, (x.rank,) if name == "Shape" else (), 1 << 17)])


@op("TopK")
def topK(g, name):
    x = g.float(low=1, accepts=lambda v: v.dtype != np.float16)
    axis = g.axis(x)
    k = g.draw.randrange(1, x.shape[axis] + 1) if x.shape[axis] else 0
    at = axis % x.rank
    shape = (*x.shape[:at], k, *x.shape[at + 1:])
    more = {"largest": g.draw.randrange(2)} if g.opset >= 11 else {}
    outputs = [(x.dtype, shape, x.bound), (np.int64, shape, 64)]
    if g.opset < 10:
        g.add(name, [x], outputs, axis=axis, k=k)
    else:
        g.add(name, [x, g.constant([k])], outputs, axis=axis, **more)
