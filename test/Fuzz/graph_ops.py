"""graph_ops.py - how each op of a random graph draws its operands and attributes; the table OPS by ONNX name.

Shapes are computed here, so that later nodes can fit; what ONNX leaves open (conversions out of range, shifts by more than the width,
indices out of range) is not drawn.
"""
import math

import numpy as np

from graphs import UNKNOWN, Graph, Impossible, Value, broadcast

OPS: dict = {}


def op(*names: str, since: int = 1, until: int = 99):
    def register(function):
        def guarded(g: Graph, name: str):
            if not since <= g.opset <= until:
                raise Impossible
            function(g, name)
        for name in names:
            OPS[name] = guarded
        return function
    return register


def like(g: Graph, name: str, x: Value, bound: float = UNKNOWN, **attributes) -> None:
    g.add(name, [x], [(x.dtype, x.shape, bound)], **attributes)


# Pointwise.

BOUNDED = {"Sigmoid": 1, "Tanh": 1, "Softsign": 1, "HardSigmoid": 1, "Sin": 1, "Cos": 1, "Erf": 1, "Atan": 2, "Sign": 1}


@op("Sigmoid", "Tanh", "Softsign", "HardSigmoid", "Sin", "Cos", "Erf", "Atan", "Sign", "Asinh")
def squash(g, name):
    if name in ("Sign", "Erf", "Asinh") and g.opset < 9:
        raise Impossible
    like(g, name, g.float(), BOUNDED.get(name, UNKNOWN), **({"alpha": 0.3, "beta": 0.4} if name == "HardSigmoid" and g.draw.random() < 0.5 else {}))


@op("Relu", "Abs", "Neg", "Identity", "Floor", "Ceil", "LeakyRelu", "Elu", "Selu", "ThresholdedRelu", "Softplus")
def keep(g, name):
    x = g.float()
    alpha = g.draw.choice([0.1, 0.5, 1.5]) if name in ("LeakyRelu", "Elu", "ThresholdedRelu", "Selu") and g.draw.random() < 0.5 else None
    if name == "ThresholdedRelu" and g.opset < 10:
        raise Impossible
    like(g, name, x, 2 * x.bound + 1, alpha=alpha)


@op("Round", since=11)
def roundEven(g, name):
    x = g.float()
    like(g, name, x, x.bound + 1)


@op("HardSwish", "Celu", "Mish", "Gelu", "Swish")
def newer(g, name):
    if g.opset < {"HardSwish": 14, "Celu": 12, "Mish": 18, "Gelu": 20, "Swish": 24}[name]:
        raise Impossible
    x = g.float()
    attributes = {"Celu": {"alpha": g.draw.choice([0.5, 1.0, 2.0])}, "Gelu": {"approximate": g.draw.choice(["none", "tanh"])}}.get(name, {})
    like(g, name, x, 2 * x.bound + 1, **attributes)


@op("Exp", "Sinh", "Cosh")
def grow(g, name):
    if name != "Exp" and g.opset < 9:
        raise Impossible
    x = g.float(accepts=lambda v: v.bound <= 8)
    like(g, name, x, math.exp(x.bound))


@op("Log", "Sqrt", "Reciprocal", "Asin", "Acos", "Tan", "Acosh", "Atanh")
def partial(g, name):
    if name in ("Acosh", "Atanh") and g.opset < 9:
        raise Impossible
    low, high = {"Acosh": (1, 3), "Log": (0.1, 3), "Sqrt": (0, 3)}.get(name, (-1, 1))
    like(g, name, g.leaf(g.draw.choice([np.float32, np.float64]), g.shape(), low, high) if g.draw.random() < 0.7 else g.float())


@op("Shrink", since=9)
def shrink(g, name):
    x = g.float()
    like(g, name, x, x.bound + 1, bias=g.draw.choice([0.0, 0.5]), lambd=g.draw.choice([0.2, 1.0]))


@op("Clip")
def clip(g, name):
    x = g.float()
    low, high = sorted(g.draw.choice([(-1.0, 1.0), (0.0, 6.0), (-0.5, 2.5), (1.0, 1.0)]))
    if g.opset < 11:
        if x.dtype != np.float32:
            raise Impossible
        like(g, name, x, max(abs(low), high), min=low, max=high)
    else:
        ends = [g.constant(low, x.dtype) if g.draw.random() < 0.8 else None, g.constant(high, x.dtype) if g.draw.random() < 0.8 else None]
        g.add(name, [x, *ends], [(x.dtype, x.shape, max(abs(low), high) if None not in ends else UNKNOWN)])


@op("IsNaN", "IsInf", "Not")
def ask(g, name):
    if name != "Not" and g.opset < 10:
        raise Impossible
    x = g.boolean() if name == "Not" else g.pick(dtype=np.float32)
    g.add(name, [x], [(np.bool_, x.shape, 1)])


@op("Add", "Sub", "Mul", "Max", "Min", "Sum", "Mean")
def combine(g, name):
    integers = g.opset >= 13 and name not in ("Sum", "Mean") and g.draw.random() < 0.3
    x = g.integer() if integers else g.float()
    y = g.partner(x)
    operands = [(x, y) if g.draw.random() < 0.5 else (y, x)][0]
    if name in ("Max", "Min", "Sum", "Mean") and g.draw.random() < 0.4:
        operands = (*operands, g.partner(x))
    shape: tuple | None = ()
    for v in operands:
        shape = broadcast(shape, v.shape) if shape is not None else None
    if shape is None or g.opset < 8 and name in ("Max", "Min", "Sum", "Mean") and len({v.shape for v in operands}) > 1:
        raise Impossible
    bounds = [v.bound for v in operands]
    bound = {"Mul": math.prod(bounds), "Add": sum(bounds), "Sub": sum(bounds), "Sum": sum(bounds)}.get(name, max(bounds))
    g.add(name, list(operands), [(x.dtype, shape, bound if bound == bound and np.dtype(x.dtype).kind != "u" else UNKNOWN)])


@op("Div", "Mod")
def divide(g, name):
    if name == "Mod" and g.opset < 10:
        raise Impossible
    isFloat = g.draw.random() < 0.6
    x = g.float() if isFloat else g.integer()
    y = g.leaf(x.dtype, g.draw.choice([x.shape, ()]), 1, 5)
    if not isFloat and np.dtype(x.dtype).kind == "i" and g.draw.random() < 0.4:
        y = g.leaf(x.dtype, (), -5, -1)
    fmod = 1 if isFloat or g.draw.random() < 0.3 else 0
    g.add(name, [x, y], [(x.dtype, x.shape, x.bound)], **({"fmod": fmod} if name == "Mod" else {}))


@op("Pow")
def power(g, name):
    x = g.float(accepts=lambda v: v.bound <= 16)
    exponent = g.give(np.asarray(g.draw.choice([0.0, 0.5, 1.0, 2.0, 3.0, -1.0, 2.5]), x.dtype))
    g.add(name, [x, exponent], [(x.dtype, x.shape)])


@op("PRelu")
def prelu(g, name):
    x = g.float(low=1)
    slope = g.leaf(x.dtype, g.draw.choice([(1,), x.shape, (*x.shape[1:2], *[1] * (x.rank - 2)) if x.rank > 1 else x.shape]))
    g.add(name, [x, slope], [(x.dtype, x.shape)])


@op("Equal", "Greater", "Less", "GreaterOrEqual", "LessOrEqual")
def compare(g, name):
    if g.opset < 9 and name != "Equal" or "OrEqual" in name and g.opset < 12:
        raise Impossible
    x = g.integer() if g.opset < 11 or g.draw.random() < 0.5 else g.float()
    y = g.partner(x)
    g.add(name, [x, y], [(np.bool_, broadcast(x.shape, y.shape), 1)])


@op("And", "Or", "Xor")
def logic(g, name):
    x = g.boolean()
    y = g.partner(x)
    g.add(name, [x, y], [(np.bool_, broadcast(x.shape, y.shape), 1)])


@op("Where", since=9)
def where(g, name):
    x = g.pick()
    y = g.partner(x)
    shape = broadcast(x.shape, y.shape)
    condition = g.boolean(g.draw.choice([shape, shape[1:], ()]))
    g.add(name, [condition, x, y], [(x.dtype, shape, max(x.bound, y.bound))])


@op("BitShift", since=11)
def shift(g, name):
    x = g.leaf(g.draw.choice([np.uint8, np.uint32, np.uint64]), g.shape(), 0, 200)
    y = g.leaf(x.dtype, x.shape, 0, 7)
    g.add(name, [x, y], [(x.dtype, x.shape)], direction=g.draw.choice(["LEFT", "RIGHT"]))


@op("BitwiseAnd", "BitwiseOr", "BitwiseXor", since=18)
def bits(g, name):
    x = g.integer()
    y = g.partner(x)
    g.add(name, [x, y], [(x.dtype, broadcast(x.shape, y.shape))])


@op("Cast")
def cast(g, name):
    x = g.pick(lambda v: v.bound <= 100 or np.dtype(v.dtype).kind in "ub")
    to = g.draw.choice([np.float32, np.float32, np.float16, np.float64, np.int64, np.int32, np.bool_] + ([np.int8, np.int16] if x.bound <= 100 else []))
    from onnx import helper
    g.add(name, [x], [(to, x.shape, x.bound if to != np.bool_ else 1)], to=helper.np_dtype_to_tensor_dtype(np.dtype(to)))


# Moving elements.

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
    i = indices(g, g.shape(0, 2), 5)
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


# Along axes.

REDUCTIONS = ["ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp",
              "ReduceSumSquare"]


@op(*REDUCTIONS)
def reduce(g, name):
    x = g.float(low=1, accepts=lambda v: 0 not in v.shape)
    axes = sorted(g.draw.sample(range(x.rank), g.draw.randrange(1, x.rank + 1)))
    keep = g.draw.randrange(2)
    shape = tuple(1 if i in axes else s for i, s in enumerate(x.shape) if keep or i not in axes)
    if g.opset >= 11:
        axes = [a - g.draw.choice([0, x.rank]) for a in axes]
    bound = x.bound if name in ("ReduceMean", "ReduceMax", "ReduceMin") else UNKNOWN
    if g.opset < (13 if name == "ReduceSum" else 18):
        g.add(name, [x], [(x.dtype, shape, bound)], axes=axes, keepdims=keep)
    else:
        g.add(name, [x, g.constant(axes, isFixed=not keep)], [(x.dtype, shape, bound)], keepdims=keep)


@op("ArgMax", "ArgMin")
def arg(g, name):
    x = g.float(low=1, accepts=lambda v: 0 not in v.shape)
    axis, keep = g.axis(x), g.draw.randrange(2)
    shape = tuple(1 if i == axis % x.rank else s for i, s in enumerate(x.shape) if keep or i != axis % x.rank)
    last = g.draw.randrange(2) if g.opset >= 12 else None
    g.add(name, [x], [(np.int64, shape, 64)], axis=axis, keepdims=keep, select_last_index=last)


@op("CumSum", since=11)
def cumSum(g, name):
    x = g.pick(lambda v: v.dtype in (np.float32, np.float64, np.int32, np.int64), low=1)
    g.add(name, [x, g.constant(g.axis(x))], [(x.dtype, x.shape)], exclusive=g.draw.randrange(2), reverse=g.draw.randrange(2))


@op("Softmax", "LogSoftmax", "Hardmax")
def softmax(g, name):
    x = g.float(low=1, accepts=lambda v: 0 not in v.shape)
    like(g, name, x, 1 if name != "LogSoftmax" else UNKNOWN, **({"axis": g.axis(x)} if g.draw.random() < 0.8 else {}))


@op("LpNormalization")
def lpNormalization(g, name):
    x = g.pick(lambda v: 0 not in v.shape, dtype=np.float32, low=1)
    like(g, name, x, 1, axis=g.axis(x), p=g.draw.choice([1, 2]))


@op("LayerNormalization", since=17)
def layerNorm(g, name):
    x = g.pick(lambda v: 0 not in v.shape, dtype=np.float32, low=1)
    axis = g.draw.randrange(x.rank)
    parameters = [g.leaf(np.float32, x.shape[axis:]) for _ in range(g.draw.choice([1, 2]))]
    g.add(name, [x, *parameters], [(x.dtype, x.shape)], axis=axis - g.draw.choice([0, x.rank]), epsilon=1e-3)


@op("RMSNormalization", since=23)
def rmsNorm(g, name):
    x = g.pick(lambda v: 0 not in v.shape, dtype=np.float32, low=1)
    g.add(name, [x, g.leaf(np.float32, x.shape[-1:])], [(x.dtype, x.shape)], axis=-1, epsilon=1e-3)


# Contractions and windows.

@op("MatMul")
def matMul(g, name):
    x = g.float(low=1, accepts=lambda v: v.dtype != np.float16)
    k, n = x.shape[-1], g.draw.choice(g.sizes)
    shape = g.draw.choice([(k, n), (k, n), (k, n), (k,), (*x.shape[:-2], k, n)]) if x.rank > 1 else g.draw.choice([(k, n), (k,)])
    y = g.leaf(x.dtype, shape)
    out = np.matmul(np.zeros(x.shape, np.int8), np.zeros(shape, np.int8)).shape
    if math.prod(out) * k > 1 << 22:
        raise Impossible
    g.add(name, [x, y], [(x.dtype, out, x.bound * 2 * k)])


@op("Gemm")
def gemm(g, name):
    x = g.pick(lambda v: v.rank == 2 and 0 not in v.shape, dtype=np.float32, low=2, high=2)
    a, b = g.draw.randrange(2), g.draw.randrange(2)
    m, k = x.shape[::-1] if a else x.shape
    n = g.draw.choice([s for s in g.sizes if s])
    c = [g.leaf(np.float32, g.draw.choice([(n,), (m, n), (1, n), (m, 1), (1,)]))] if g.opset < 11 or g.draw.random() < 0.7 else []
    g.add(name, [x, g.leaf(np.float32, (n, k) if b else (k, n)), *c], [(np.float32, (m, n))], transA=a, transB=b,
          alpha=g.draw.choice([1.0, 1.0, 0.5]), beta=g.draw.choice([1.0, 1.0, 2.0]))


@op("Einsum", since=12)
def einsum(g, name):
    b, i, j, k = (g.draw.choice([s for s in g.sizes if s]) for _ in range(4))
    equation, shapes = g.draw.choice([("bij,bjk->bik", [(b, i, j), (b, j, k)]), ("ij,kj->ik", [(i, j), (k, j)]), ("bij->bji", [(b, i, j)]),
                                      ("bij,bkj->bik", [(b, i, j), (b, k, j)]), ("ii->i", [(i, i)]), ("ij,ij->", [(i, j), (i, j)]), ("i,j->ij", [(i,), (j,)])])
    arrays = [g.leaf(np.float32, s) for s in shapes]
    out = np.einsum(equation, *[np.zeros(s) for s in shapes]).shape
    g.add(name, arrays, [(np.float32, out)], equation=equation)


def image(g: Graph, spatial: int, channels: int | None = None) -> Value:
    fits = [v for v in g.values if v.rank == spatial + 2 and v.dtype == np.float32 and 0 not in v.shape and (channels is None or v.shape[1] == channels)]
    if fits and g.draw.random() < 0.6:
        return g.draw.choice(fits)
    size = {1: [5, 16, 33], 2: [4, 7, 12], 3: [3, 5]}[spatial]
    return g.leaf(np.float32, (g.draw.choice([1, 1, 2]), channels or g.draw.choice([1, 2, 3, 4, 8, 16, 17]), *[g.draw.choice(size) for _ in range(spatial)]))


def window(g: Graph, sizes: tuple, kernel: list[int], ceil: bool = False, dilations: bool = True) -> tuple[dict, list[int]]:
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
        out.append(-(-size // strides[i]) if same else (-(-room // strides[i]) if ceil else room // strides[i]) + 1)
    attributes = {"strides": strides, **({"auto_pad": g.draw.choice(["SAME_UPPER", "SAME_LOWER"])} if same else {"pads": pads})}
    if dilations:
        attributes["dilations"] = dilation
    return attributes, out


@op("Conv")
def conv(g, name):
    spatial = g.draw.choice([1, 2, 2, 2, 3])
    x = image(g, spatial)
    c = x.shape[1]
    group = g.draw.choice([1, 1, c, *[d for d in (2, 4) if c % d == 0]])
    m = group * g.draw.choice([1, 2, 4] if group > 1 else [1, 3, 8, 16, 17])
    kernel = [min(g.draw.choice([1, 1, 2, 3, 5]), s) for s in x.shape[2:]]
    attributes, out = window(g, x.shape[2:], kernel)
    bias = [g.leaf(np.float32, (m,))] if g.draw.random() < 0.5 else []
    g.add(name, [x, g.leaf(np.float32, (m, c // group, *kernel)), *bias], [(np.float32, (x.shape[0], m, *out))], group=group, kernel_shape=kernel, **attributes)


@op("ConvTranspose")
def convTranspose(g, name):
    spatial = g.draw.choice([1, 2, 2])
    x = image(g, spatial)
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
    bias = [g.leaf(np.float32, (m * group,))] if g.draw.random() < 0.5 else []
    g.add(name, [x, g.leaf(np.float32, (c, m, *kernel)), *bias], [(np.float32, (x.shape[0], m * group, *out))], group=group, strides=strides, pads=pads,
          output_padding=extra)


@op("MaxPool", "AveragePool", "LpPool")
def pool(g, name):
    x = image(g, g.draw.choice([1, 2, 2, 3]))
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
    g.add(name, [x], [(np.float32, (*x.shape[:2], *out), x.bound * 30)], kernel_shape=kernel, **attributes)


@op("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool")
def globalPool(g, name):
    x = image(g, g.draw.choice([1, 2, 3]))
    g.add(name, [x], [(np.float32, (*x.shape[:2], *[1] * (x.rank - 2)))])


@op("BatchNormalization", since=9)
def batchNorm(g, name):
    x = image(g, g.draw.choice([1, 2, 2, 3]))
    c = (x.shape[1],)
    parameters = [g.leaf(np.float32, c) for _ in range(3)] + [g.leaf(np.float32, c, 0.1, 2)]
    g.add(name, [x, *parameters], [(np.float32, x.shape)], epsilon=1e-3)


@op("InstanceNormalization", "GroupNormalization", "LRN")
def norm(g, name):
    x = image(g, g.draw.choice([1, 2, 2]) if name != "LRN" else 2)
    c = x.shape[1]
    if name == "LRN":
        return g.add(name, [x], [(np.float32, x.shape)], size=g.draw.choice([1, 3, 5]), alpha=0.1, beta=g.draw.choice([0.5, 0.75]))
    if name == "GroupNormalization" and g.opset < 21:
        raise Impossible
    groups = {"num_groups": g.draw.choice([d for d in (1, 2, 4, c) if c % d == 0])} if name == "GroupNormalization" else {}
    g.add(name, [x, g.leaf(np.float32, (c,)), g.leaf(np.float32, (c,))], [(np.float32, x.shape)], epsilon=1e-3, **groups)


@op("Resize", since=11)
def resize(g, name):
    x = image(g, 2)
    mode = g.draw.choice(["nearest", "linear", "cubic"])
    coordinates = g.draw.choice(["half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"])
    nearest = g.draw.choice(["round_prefer_floor", "floor", "ceil"]) if mode == "nearest" else None
    sizes = [*x.shape[:2], *[max(1, g.draw.choice([s * 2, s + 3, s // 2])) for s in x.shape[2:]]]
    empty = None if g.opset >= 13 else g.constant([], np.float32)
    g.add(name, [x, empty, empty, g.constant(sizes)], [(np.float32, tuple(sizes))], mode=mode, coordinate_transformation_mode=coordinates, nearest_mode=nearest)


@op("Upsample", since=9, until=9)
def upsample(g, name):
    x = image(g, 2)
    g.add(name, [x, g.constant([1, 1, 2, 3], np.float32)], [(np.float32, (*x.shape[:2], x.shape[2] * 2, x.shape[3] * 3))], mode=g.draw.choice(["nearest", "linear"]))


# Numbers of 8 bits.

@op("QuantizeLinear", since=10)
def quantize(g, name):
    x = g.pick(lambda v: v.bound <= 1e4, dtype=np.float32)
    scale = g.constant(g.draw.choice([0.05, 0.5]), np.float32)
    kind = g.draw.choice([np.uint8, np.int8])
    g.add(name, [x, scale, g.constant(g.draw.choice([0, 3]), kind)], [(kind, x.shape, 255)])


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


# State and control flow.

@op("RNN", "GRU", "LSTM")
def recurrent(g, name):
    length, batch, size, hidden = g.draw.choice([1, 3, 5]), g.draw.choice([1, 2]), g.draw.choice([2, 5]), g.draw.choice([1, 3, 8])
    gates, direction = {"RNN": 1, "GRU": 3, "LSTM": 4}[name], g.draw.choice(["forward", "reverse", "bidirectional"])
    d = 2 if direction == "bidirectional" else 1
    bias = [g.leaf(np.float32, (d, 2 * gates * hidden))] if g.draw.random() < 0.7 else [None]
    lengths = [g.give(g.numbers.integers(1, length + 1, batch).astype(np.int32))] if g.draw.random() < 0.3 else [None]
    state = [g.leaf(np.float32, (d, batch, hidden)) for _ in range(g.draw.randrange(2 if name != "LSTM" else 3))]
    outputs = [(np.float32, (length, d, batch, hidden)), (np.float32, (d, batch, hidden)), *([(np.float32, (d, batch, hidden))] if name == "LSTM" else [])]
    more = {"linear_before_reset": g.draw.randrange(2)} if name == "GRU" else {}
    g.add(name, [g.leaf(np.float32, (length, batch, size)), g.leaf(np.float32, (d, gates * hidden, size)), g.leaf(np.float32, (d, gates * hidden, hidden)),
                 *bias, *lengths, *state], outputs, hidden_size=hidden, direction=direction, **more)


@op("If", "Loop", since=11)
def control(g, name):
    """A branch or a body of one pointwise node over an outer value."""
    from onnx import TensorProto, helper

    x = g.pick(dtype=np.float32)
    y = g.partner(x)
    if broadcast(x.shape, y.shape) != x.shape:
        raise Impossible
    info = lambda n, s, t=TensorProto.FLOAT: helper.make_tensor_value_info(n, t, s)
    g.use(x), g.use(y)
    if name == "If":
        graphs = {}
        for branch in ("then_branch", "else_branch"):
            out = g.name("b")
            node = helper.make_node(g.draw.choice(["Add", "Mul", "Sub"]), [x.name, y.name], [out])
            graphs[branch] = helper.make_graph([node], branch, [], [info(out, x.shape)])
        g.add(name, [g.leaf(np.bool_, ())], [(np.float32, x.shape)], **graphs)
        return
    n, c, v, out, keep, scanned = (g.name("l") for _ in range(6))
    nodes = [helper.make_node(g.draw.choice(["Add", "Mul", "Max"]), [v, y.name], [out]), helper.make_node("Identity", [c], [keep]), helper.make_node("Relu", [out], [scanned])]
    body = helper.make_graph(nodes, "body", [info(n, (), TensorProto.INT64), info(c, (), TensorProto.BOOL), info(v, x.shape)],
                             [info(keep, (), TensorProto.BOOL), info(out, x.shape), info(scanned, x.shape)])
    trips = g.draw.choice([1, 3] if g.isDynamic else [0, 1, 3])  # no slice, no size that only a slice would have
    g.add(name, [g.constant(trips), g.constant(True, np.bool_), x], [(np.float32, x.shape), (np.float32, (trips, *x.shape))], body=body)
