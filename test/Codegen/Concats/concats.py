#!/usr/bin/env python3
"""concats.py - concatenations whose operands are stored where they belong: -O3 against the naive loops, bit by bit.

    concats.py list | concats.py run CASE

All numbers are small integers, so sums are exact in any order. Each case says how many kernels still copy operands of a concatenation.
Results must be the same for one and two threads, and for each size of a dynamic axis; where sizes do not fit, both fail.
"""
import itertools
import json
import pathlib
import sys
import tempfile

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "test/Support"))
import cameo  # noqa: E402


class Graph:
    """An ONNX model that grows by method calls: g.Relu(x) adds a node and returns its result."""

    def __init__(self):
        self.nodes, self.weights, self.rng = [], [], np.random.default_rng(0)

    def weight(self, *shape: int) -> str:
        return self.constant(self.rng.integers(-2, 3, shape).astype(np.float32))

    def constant(self, value: np.ndarray) -> str:
        from onnx import numpy_helper

        self.weights.append(numpy_helper.from_array(value, f"w{len(self.weights)}"))
        return self.weights[-1].name

    def __getattr__(self, op: str):
        def add(*inputs: str, **attributes) -> str:
            from onnx import helper

            self.nodes.append(helper.make_node(op, inputs, [f"t{len(self.nodes)}"], **attributes))
            return self.nodes[-1].output[0]

        return add

    def conv(self, x: str, inputs: int, outputs: int, size: int = 1) -> str:
        return self.Conv(x, self.weight(outputs, inputs, size, size), kernel_shape=[size] * 2, pads=[size // 2] * 4)

    def write(self, path: str, inputs: dict[str, list], outputs: list[str]) -> None:
        import onnx
        from onnx import TensorProto, helper

        tensor = lambda name, dims: helper.make_tensor_value_info(name, TensorProto.FLOAT, dims)
        graph = helper.make_graph(self.nodes, "case", [tensor(n, s) for n, s in inputs.items()], [tensor(n, None) for n in outputs], self.weights)
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def denseBlock(g: Graph) -> list[str]:
    """Each layer reads what all before it have computed, joined anew."""
    parts = [g.conv("x", 3, 32)]
    for layer in range(3):
        joined = g.Concat(*parts, axis=1) if layer else parts[0]
        parts.append(g.conv(g.Relu(g.Mul(joined, g.weight(1, 32 + 16 * layer, 1, 1))), 32 + 16 * layer, 16))
    return [g.ReduceMax(g.Concat(*parts, axis=1), axes=[2, 3])]


def skip(g: Graph) -> list[str]:
    """What is joined late is pooled, and much lies between."""
    early = g.Relu(g.conv("x", 3, 16))
    y = g.MaxPool(early, kernel_shape=[2, 2], strides=[2, 2])
    for _ in range(3):
        y = g.Clip(g.conv(y, 16, 16), g.constant(np.float32(-3)), g.constant(np.float32(3)))
    up = g.ConvTranspose(y, g.weight(16, 24, 2, 2), kernel_shape=[2, 2], strides=[2, 2])
    return [g.conv(g.Concat(early, up, axis=1), 40, 5)]


def rows(g: Graph) -> list[str]:
    """Along the outermost axis, parts may be read by anything and in other shapes; a slice is copied."""
    slice = lambda y: g.Slice(y, *(g.constant(np.array([n])) for n in (1, 3, 0)))
    a, b = g.MatMul("x", g.weight(9, 21)), g.MatMul("x", g.weight(9, 21))
    view = g.Reshape(b, g.constant(np.array([-1])))
    return [g.MatMul(g.Concat(a, b, slice(g.MatMul("x", g.weight(9, 21))), axis=0), g.weight(21, 3)), g.MatMul(a, g.weight(21, 4)), g.ReduceMax(view, axes=[0])]


def outputs(g: Graph) -> list[str]:
    """The result and a part are outputs: the part would have room between its rows."""
    a, b = g.MatMul("x", g.weight(9, 16)), g.MatMul("x", g.weight(9, 16))
    return [g.Concat(a, b, axis=1), a]


def outputRows(g: Graph) -> list[str]:
    a, b = g.MatMul("x", g.weight(9, 16)), g.MatMul("x", g.weight(9, 16))
    return [g.Concat(a, b, axis=0), a]


def both(g: Graph) -> list[str]:
    """One tensor in two concatenations, which share no beginning."""
    a, b, c = (g.MatMul("x", g.weight(9, n)) for n in (16, 20, 24))
    return [g.Concat(a, b, axis=1), g.Concat(c, b, axis=1)]


def nested(g: Graph) -> list[str]:
    """Along different axes: the inner parts' offsets count rows and columns."""
    a, b, c = (g.MatMul("x", g.weight(9, n)) for n in (16, 20, 36))
    inner = g.Concat(a, b, axis=1)
    return [g.MatMul(g.Concat(c, inner, axis=0), g.weight(36, 3)), g.ReduceMax(inner, axes=[1])]


def twice(g: Graph) -> list[str]:
    a = g.MatMul("x", g.weight(9, 16))
    return [g.Relu(g.Concat(a, a, axis=1)), g.ReduceMax(a, axes=[0])]


def narrow(g: Graph) -> list[str]:
    """Rows of 5 elements are copied."""
    return [g.Concat(g.MatMul("x", g.weight(9, 5)), g.MatMul("x", g.weight(9, 5)), axis=1)]


def bytes17(g: Graph) -> list[str]:
    """Rows end one byte behind a vector, and the next part begins there: no store is wider than what is left."""
    quantized = lambda scale: g.QuantizeLinear("x", g.constant(np.float32(scale)), g.constant(np.uint8(0)))
    joined = g.Concat(quantized(1), quantized(0.5), axis=1)
    return [g.Cast(g.MatMulInteger(joined, g.constant(np.arange(102, dtype=np.uint8).reshape(34, 3))), to=1)]


def twoInputs(g: Graph) -> list[str]:
    """Only the run knows whether they have the same number of rows."""
    return [g.Concat(g.MatMul("x", g.weight(9, 16)), g.MatMul("y", g.weight(9, 16)), axis=1)]


def twoBatches(g: Graph) -> list[str]:
    return [g.Concat(g.MatMul("x", g.weight(9, 16)), g.MatMul("y", g.weight(9, 20)), axis=2)]


def broadcast(g: Graph) -> list[str]:
    """The first operand's rows are those of x or of y, whichever are more."""
    both = g.Add(g.MatMul("x", g.weight(9, 16)), g.MatMul("y", g.weight(9, 16)))
    return [g.Concat(both, g.MatMul("x", g.weight(9, 16)), axis=1)]


IMAGE, MATRIX = [1, 3, 10, 14], [11, 9]
# Model, shape of its input (a name is a size that only the run knows), kernels that copy.
CASES = {
    "dense-block": (denseBlock, IMAGE, 0),
    "dense-block-of-two": (denseBlock, [2, *IMAGE[1:]], 0),
    "dense-block-dynamic": (denseBlock, ["n", *IMAGE[1:]], 0),
    "skip": (skip, IMAGE, 0),
    "skip-of-two": (skip, [2, *IMAGE[1:]], 0),
    "skip-dynamic": (skip, ["n", *IMAGE[1:]], 0),
    "rows": (rows, MATRIX, 1),
    "rows-dynamic": (rows, ["n", 9], 1),
    "outputs": (outputs, MATRIX, 1),
    "output-rows": (outputRows, MATRIX, 0),
    "output-rows-dynamic": (outputRows, ["n", 9], 0),
    "both": (both, MATRIX, 1),
    "nested": (nested, MATRIX, 0),
    "nested-dynamic": (nested, ["n", 9], 0),
    "twice": (twice, MATRIX, 1),
    "narrow": (narrow, MATRIX, 1),
    "bytes": (bytes17, [11, 17], 0),
    "two-inputs": (twoInputs, MATRIX, 0, MATRIX),
    "two-inputs-dynamic": (twoInputs, ["n", 9], 1, ["m", 9]),
    "two-inputs-of-one-size": (twoInputs, ["n", 9], 0, ["n", 9]),
    "two-batches": (twoBatches, ["n", 3, 9], 1, ["m", 3, 9]),
    "broadcast": (broadcast, ["n", 9], 1, ["m", 9]),
}


def check(folder: str, feeds: dict[str, np.ndarray]) -> None:
    """-O3 gives what -O0 gives: the same bits, or an error."""
    try:
        wanted = cameo.Program(f"{folder}/0.cameo", 1).run(feeds)
    except RuntimeError as error:
        wanted = {}
        print(f"-O0: {error}")
    for threads in (1, 2):
        program = cameo.Program(f"{folder}/3.cameo", threads)
        for _ in range(2):
            try:
                found = program.run(feeds)
            except RuntimeError as error:
                found = {}
                print(f"-O3: {error}")
            if found.keys() != wanted.keys() or not all(np.array_equal(found[o], wanted[o]) for o in wanted):
                sizes = {name: value.shape for name, value in feeds.items()}
                sys.exit(f"{threads} threads, {sizes}: outputs are not those of -O0 ({'an error' if not wanted else 'no error'} there)")


def run(name: str) -> None:
    build, shape, copies, *second = CASES[name]
    shapes = dict(zip("xy", (shape, *second)))
    with tempfile.TemporaryDirectory() as folder:
        g = Graph()
        g.write(f"{folder}/model.onnx", shapes, build(g))
        for level in "03":
            cameo.compileModel(f"{folder}/model.onnx", f"-O{level}", "--strict", f"--report={folder}/report", program=f"{folder}/{level}.cameo")
        launches = [launch["name"] for launch in json.loads(pathlib.Path(folder, "report").read_text())["launches"]]
        if sum("concat" in launch for launch in launches) != copies:
            sys.exit(f"expected {copies} kernels that copy operands of concatenations: {', '.join(launches)}")
        names = sorted({d for s in shapes.values() for d in s if isinstance(d, str)})
        for sizes in itertools.product((1, 5, 12), repeat=len(names)):
            size = dict(zip(names, sizes))
            rng = np.random.default_rng(sum(sizes))
            check(folder, {n: rng.integers(-3, 4, [size.get(d, d) for d in s]).astype(np.float32) for n, s in shapes.items()})


if __name__ == "__main__":
    if sys.argv[1] == "list":
        print("\n".join(CASES))
    else:
        run(sys.argv[2])
