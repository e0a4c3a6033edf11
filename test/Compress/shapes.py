"""shapes.py - ResNet-50 and an encoder of BERT's shape in any width, with random weights; and what they multiply once pruned.

`kept` says how many of a family of channels or heads remain; with the identity it is the whole model.
"""
from collections.abc import Callable

import networks
import numpy as np
from onnx import TensorProto

Kept = Callable[[int], int]


class Shaped(networks.Graph):
    """A graph with random weights, scaled so that activations keep their size."""

    def __init__(self):
        super().__init__()
        self.rng, self.names = np.random.default_rng(0), {}

    def next(self, op: str) -> str:
        self.names[op] = self.names.get(op, 0) + 1
        return f"{op}{self.names[op]}"

    def weight(self, *shape: int) -> str:
        fanIn = np.prod(shape[1:]) if len(shape) == 4 else shape[0]
        return self.constant(self.next("w"), (self.rng.standard_normal(shape) * (1.5 / fanIn) ** 0.5).astype(np.float32))

    def vector(self, size: int) -> str:
        return self.constant(self.next("b"), (self.rng.standard_normal(size) * 0.1).astype(np.float32))

    def add(self, op: str, *inputs: str, **attributes) -> str:
        return self.node(op, *inputs, name=self.next(op), **attributes)


# ---- ResNet-50: stages of bottlenecks, (blocks, width over the first's, stride)

STAGES = [(3, 1, 1), (4, 2, 2), (6, 4, 2), (3, 8, 2)]


def resnet50(path, width: int, image: int, classes: int) -> None:
    g = Shaped()

    def conv(x: str, inputs: int, outputs: int, kernel: int, stride: int = 1, relu: bool = True) -> str:
        y = g.add("Conv", x, g.weight(outputs, inputs, kernel, kernel), g.vector(outputs), strides=[stride] * 2, pads=[kernel // 2] * 4)
        return g.add("Relu", y) if relu else y

    x = g.add("MaxPool", conv("pixels", 3, width, 7, 2), kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    inputs = width
    for blocks, factor, stride in STAGES:
        middle, outputs = width * factor, 4 * width * factor
        for block in range(blocks):
            step = stride if block == 0 else 1
            y = conv(conv(x, inputs, middle, 1), middle, middle, 3, step)
            y = conv(y, middle, outputs, 1, relu=False)
            x = x if block else conv(x, inputs, outputs, 1, step, relu=False)
            x, inputs = g.add("Relu", g.add("Add", y, x)), outputs
    x = g.add("Flatten", g.add("GlobalAveragePool", x))
    g.node("Gemm", x, g.weight(inputs, classes), g.vector(classes), name="scores")
    g.save(path, [("pixels", TensorProto.FLOAT, [1, 3, image, image])], [("scores", TensorProto.FLOAT, [1, classes])])


def resnet50Products(width: int, image: int, classes: int, kept: Kept) -> int:
    size = -(-image // 2)
    sum = 3 * kept(width) * 49 * size**2
    inputs, size = kept(width), -(-size // 2)
    for blocks, factor, stride in STAGES:
        middle, outputs = kept(width * factor), kept(4 * width * factor)
        for block in range(blocks):
            sum += inputs * middle * size**2  # the first 1x1, before the stride
            size = -(-size // (stride if block == 0 else 1))
            sum += (9 * middle * middle + middle * outputs + (inputs * outputs if block == 0 else 0)) * size**2
            inputs = outputs
    return sum + inputs * classes


# ---- BERT: attention and two products, each added to what it reads and normalized; HEAD features per head

HEAD = 64


def bert(path, layers: int, heads: int, tokens: int) -> None:
    g, width = Shaped(), heads * HEAD
    dense = lambda x, inputs, outputs: g.add("Add", g.add("MatMul", x, g.weight(inputs, outputs)), g.vector(outputs))  # noqa: E731
    norm = lambda x: g.add("LayerNormalization", x, g.vector(width), g.vector(width))  # noqa: E731
    split = g.constant("split", np.array([0, 0, -1, HEAD], np.int64))
    joined = g.constant("joined", np.array([0, 0, -1], np.int64))
    scale = g.constant("scale", np.float32(HEAD**-0.5))
    x = "x"
    for _ in range(layers):
        q, k, v = (g.add("Reshape", dense(x, width, width), split) for _ in range(3))
        q, v = (g.add("Transpose", t, perm=[0, 2, 1, 3]) for t in (q, v))
        scores = g.add("MatMul", q, g.add("Transpose", k, perm=[0, 2, 3, 1]))
        y = g.add("MatMul", g.add("Softmax", g.add("Mul", scores, scale), axis=-1), v)
        y = g.add("Reshape", g.add("Transpose", y, perm=[0, 2, 1, 3]), joined)
        x = norm(g.add("Add", dense(y, width, width), x))
        y = g.add("Gelu", dense(x, width, 4 * width))
        x = norm(g.add("Add", dense(y, 4 * width, width), x))
    g.nodes[-1].output[0] = "y"
    g.save(path, [("x", TensorProto.FLOAT, [1, tokens, width])], [("y", TensorProto.FLOAT, [1, tokens, width])])


def bertProducts(layers: int, heads: int, tokens: int, kept: Kept) -> int:
    width, own, inner = heads * HEAD, kept(heads) * HEAD, kept(4 * heads * HEAD)
    return layers * tokens * (4 * width * own + 2 * tokens * own + 2 * width * inner)
