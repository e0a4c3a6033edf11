"""attention.py - attention and what stands around it, as ops and as exporters compose them."""
import math

import numpy as np

from graphs import Graph, Impossible, Value
from .table import op

CONTRIBUTED = "com.microsoft"


def heads(g: Graph) -> tuple[int, int, int, int, int]:
    """Batch, heads, queries, keys, width."""
    return g.draw.choice([1, 2]), g.draw.choice([1, 2, 4, 6]), g.draw.choice([1, 3, 8, 17]), g.draw.choice([1, 4, 16, 33]), g.draw.choice([4, 8, 16, 20])


def mask(g: Graph, shape: tuple, dtype) -> Value:
    """Of a shape that broadcasts to `shape`; each query may see the first key."""
    shape = shape[g.draw.choice([0, 0, len(shape) - 2]):]
    shape = (*[g.draw.choice([1, s]) for s in shape[:-2]], *shape[-2:])
    if dtype != np.bool_:
        return g.leaf(dtype, shape)
    seen = g.array(np.bool_, shape)
    seen[..., 0] = True
    return g.give(seen)


@op("Attention", since=23)
def attention(g, name):
    b, h, m, n, d = heads(g)
    groups, e = g.draw.choice([k for k in range(1, h + 1) if h % k == 0]), g.draw.choice([d, d, 8])
    dtype = g.draw.choice([np.float32, np.float32, np.float32, np.float16, np.float64])
    past = g.draw.choice([0, 0, 0, 5])
    flat = g.draw.random() < 0.3
    sizes = lambda count, length, width: (b, length, count * width) if flat else (b, count, length, width)
    operands = [g.leaf(dtype, sizes(h, m, d)), g.leaf(dtype, sizes(groups, n, d)), g.leaf(dtype, sizes(groups, n, e))]
    operands.append(mask(g, (b, h, m, n + past), g.draw.choice([dtype, np.bool_])) if g.draw.random() < 0.5 else None)
    outputs = [(dtype, sizes(h, m, e))]
    if past:
        operands += [g.leaf(dtype, (b, groups, past, d)), g.leaf(dtype, (b, groups, past, e))]
        outputs += [(dtype, (b, groups, n + past, d)), (dtype, (b, groups, n + past, e))]
    while operands[-1] is None:
        operands.pop()
    attributes = {"q_num_heads": h, "kv_num_heads": groups} if flat else {}
    causal = g.draw.choice([None, None, 1])
    if past and m == 1 < n:  # ONNX Runtime lets a single query see all keys, the specification those up to its own position
        causal = None
    g.add(name, operands, outputs, is_causal=causal, scale=g.draw.choice([None, None, 0.3]),
          softcap=g.draw.choice([None, None, 2.0]), **attributes)


def transposed(g: Graph, x: Value, *order: int) -> Value:
    return g.add("Transpose", [x], [(x.dtype, tuple(x.shape[i] for i in order))], perm=order)[0]


@op("composed attention")
def composedAttention(g, name):
    """softmax(q k^T * scale + mask) v in the ways in which exporters write it."""
    b, h, m, n, d = heads(g)
    q = g.leaf(np.float32, (b, h, m, d))
    k = g.leaf(np.float32, (b, h, d, n)) if g.draw.random() < 0.3 else transposed(g, *g.draw.choice([
        (g.leaf(np.float32, (b, h, n, d)), 0, 1, 3, 2), (g.leaf(np.float32, (b, n, h, d)), 0, 2, 3, 1)]))
    scale = g.draw.choice([None, "Mul", "Div", "before"])
    factor = g.constant(1 / math.sqrt(d) if scale != "Div" else math.sqrt(d), np.float32) if scale else None
    if scale == "before":
        q = g.add("Mul", [q, factor], [(np.float32, q.shape)])[0]
    scores = g.add("MatMul", [q, k], [(np.float32, (b, h, m, n))])[0]
    if scale in ("Mul", "Div"):
        scores = g.add(scale, [scores, factor], [(np.float32, scores.shape)])[0]
    if g.draw.random() < 0.5:
        kind = g.draw.choice([np.float32, np.bool_]) if g.opset >= 9 else np.float32
        if kind == np.bool_:
            scores = g.add("Where", [mask(g, scores.shape, kind), scores, g.constant(g.draw.choice([-1e9, -3.4028234663852886e38]), np.float32)], [(np.float32, scores.shape)])[0]
        else:
            scores = g.add("Add", [scores, mask(g, scores.shape, kind)], [(np.float32, scores.shape)])[0]
    weights = g.add("Softmax", [scores], [(np.float32, scores.shape)], axis=3)[0]
    y = g.add("MatMul", [weights, g.leaf(np.float32, (b, h, n, d))], [(np.float32, (b, h, m, d))])[0]
    if g.draw.random() < 0.4:
        y = transposed(g, y, 0, 2, 1, 3)
        g.add("Reshape", [y, g.constant([0, 0, -1])], [(np.float32, (b, m, h * d))])


@op("RotaryEmbedding", since=23)
def rotaryEmbedding(g, name):
    b, h, m, _, d = heads(g)
    dtype, turned = g.draw.choice([np.float32, np.float32, np.float16]), g.draw.choice([d, d, d // 2])
    flat = g.draw.random() < 0.4
    x = g.leaf(dtype, (b, m, h * d) if flat else (b, h, m, d))
    positions = [g.give(g.numbers.integers(0, 20, (b, m)))] if g.draw.random() < 0.6 else []
    angles = (20, turned // 2) if positions else (b, m, turned // 2)
    g.add(name, [x, g.leaf(dtype, angles), g.leaf(dtype, angles), *positions], [(dtype, x.shape)], interleaved=g.draw.choice([None, 1]),
          num_heads=h if flat else None, rotary_embedding_dim=turned if turned != d else None)


@op("MultiHeadAttention")
def multiHeadAttention(g, name):
    b, h, m, n, d = heads(g)
    operands = [g.leaf(np.float32, (b, m, h * d)), g.leaf(np.float32, (b, n, h * d)), g.leaf(np.float32, (b, n, h * d))]
    bias = g.leaf(np.float32, (3 * h * d,)) if g.draw.random() < 0.4 else None
    added = mask(g, (b, h, m, n), np.float32) if g.draw.random() < 0.4 else None
    if added and added.rank != 4:
        raise Impossible
    operands += [bias, None, added]
    while operands[-1] is None:
        operands.pop()
    g.add(name, operands, [(np.float32, (b, m, h * d))], domain=CONTRIBUTED, num_heads=h, scale=g.draw.choice([None, None, 0.4]))


@op("SkipLayerNormalization", "SkipSimplifiedLayerNormalization")
def skipNorm(g, name):
    x = g.pick(lambda v: 0 not in v.shape, dtype=np.float32, low=3, high=3)
    width = x.shape[-1:]
    parameters = [g.leaf(np.float32, width)]
    if name == "SkipLayerNormalization":
        parameters.append(g.leaf(np.float32, width) if g.draw.random() < 0.7 else None)
    if g.draw.random() < 0.5:
        parameters.append(g.leaf(np.float32, width))
    while parameters[-1] is None:
        parameters.pop()
    g.add(name, [x, g.leaf(np.float32, x.shape), *parameters], [(np.float32, x.shape)], domain=CONTRIBUTED, epsilon=1e-3)


@op("BiasGelu", "FastGelu", "QuickGelu", "Gelu (contributed)")
def contributedGelu(g, name):
    x = g.pick(dtype=np.float32, low=1)
    bias = [g.leaf(np.float32, x.shape[-1:])] if name == "BiasGelu" or name == "FastGelu" and g.draw.random() < 0.5 else []
    g.add(name.split()[0], [x, *bias], [(np.float32, x.shape, 2 * x.bound + 3)], domain=CONTRIBUTED, alpha=g.draw.choice([None, 1.0]) if name == "QuickGelu" else None)


@op("FusedMatMul")
def fusedMatMul(g, name):
    x = g.pick(lambda v: 0 not in v.shape, dtype=np.float32, low=2)
    a, b = g.draw.randrange(2), g.draw.randrange(2)
    k, n = x.shape[-2] if a else x.shape[-1], g.draw.choice([s for s in g.sizes if s])
    m = x.shape[-1] if a else x.shape[-2]
    g.add(name, [x, g.leaf(np.float32, (n, k) if b else (k, n))], [(np.float32, (*x.shape[:-2], m, n))], domain=CONTRIBUTED, transA=a, transB=b, alpha=g.draw.choice([None, 0.5]))


@op("composed norm", "composed gelu", "composed swish")
def composed(g, name):
    """Layer normalisation, GELU and Swish before there were ops for them."""
    x = g.pick(lambda v: 0 not in v.shape and v.bound <= 100, dtype=np.float32, low=1)
    node = lambda kind, operands, shape=x.shape, **attributes: g.add(kind, operands, [(np.float32, shape)], **attributes)[0]
    number = lambda value: g.constant(value, np.float32)
    if name == "composed swish":
        return node("Mul", [x, node("Sigmoid", [x])])
    if name == "composed gelu":
        if g.opset < 9:
            raise Impossible
        inner = node("Add", [node("Erf", [node("Div", [x, number(math.sqrt(2))])]), number(1)])
        return node("Mul", [node("Mul", [x, inner]), number(0.5)])
    last = (*x.shape[:-1], 1)
    mean = lambda v: node("ReduceMean", [v] if g.opset < 18 else [v, g.constant([-1])], last, **({"axes": [x.rank - 1]} if g.opset < 18 else {}))
    isRms = g.draw.random() < 0.4
    centred = x if isRms else node("Sub", [x, mean(x)])
    square = node("Mul", [centred, centred]) if g.draw.random() < 0.5 else node("Pow", [centred, number(2)])
    deviation = node("Sqrt", [node("Add", [mean(square), number(1e-3)], last)], last)
    y = node("Div", [centred, deviation]) if not isRms or g.draw.random() < 0.5 else node("Mul", [centred, node("Reciprocal", [deviation], last)])
    y = node("Mul", [y, g.leaf(np.float32, x.shape[-1:])])
    if not isRms:
        node("Add", [y, g.leaf(np.float32, x.shape[-1:])])
