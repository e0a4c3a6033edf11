#!/usr/bin/env python3
"""concats.py - concatenations whose operands are stored where they belong: -O3 against the naive loops, bit by bit.

    concats.py list | concats.py run CASE

All numbers are small integers, so sums are exact in any order. Each case says how many kernels still copy operands of a concatenation.
Results must be the same for one and two threads, and for each size of a dynamic axis.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[3]
BUILD = pathlib.Path(os.environ.get("CAMEO_BUILD", ROOT / "build"))
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

    def write(self, path: str, shape: list, outputs: list[str]) -> None:
        import onnx
        from onnx import TensorProto, helper

        tensor = lambda name, dims: helper.make_tensor_value_info(name, TensorProto.FLOAT, dims)
        graph = helper.make_graph(self.nodes, "case", [tensor("x", shape)], [tensor(n, None) for n in outputs], self.weights)
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
}


def run(name: str) -> None:
    build, shape, copies = CASES[name]
    with tempfile.TemporaryDirectory() as folder:
        g = Graph()
        g.write(f"{folder}/model.onnx", shape, build(g))
        for level in "03":
            subprocess.run([BUILD / "bin/cameo-compile", f"{folder}/model.onnx", "-o", f"{folder}/{level}.cameo", f"-O{level}", "--strict", f"--report={folder}/report"],
                           check=True)
        launches = [launch["name"] for launch in json.loads(pathlib.Path(folder, "report").read_text())["launches"]]
        if sum("concat" in launch for launch in launches) != copies:
            sys.exit(f"expected {copies} kernels that copy operands of concatenations: {', '.join(launches)}")
        for n in (1, 5, 12) if "n" in shape else (0,):
            feeds = {"x": np.random.default_rng(n).integers(-3, 4, [n if d == "n" else d for d in shape]).astype(np.float32)}
            wanted = cameo.Program(f"{folder}/0.cameo", 1).run(feeds)
            for threads in (1, 2):
                program = cameo.Program(f"{folder}/3.cameo", threads)
                for _ in range(2):
                    for output, found in program.run(feeds).items():
                        if not np.array_equal(found, wanted[output]):
                            sys.exit(f"{threads} threads, n = {n}: output {output} is not that of -O0")


if __name__ == "__main__":
    if sys.argv[1] == "list":
        print("\n".join(CASES))
    else:
        run(sys.argv[2])
