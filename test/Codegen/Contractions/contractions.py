#!/usr/bin/env python3
"""contractions.py - matrix products and convolutions at -O3 against -O0, on several CPU levels and thread counts, and on simulated GPUs.

    contractions.py list       the cases, and `planted`: a filter that is wrong in one number is noticed; planted-...: mistakes in code for GPUs
    contractions.py run CASE   one case; bf16-CASE, f16-CASE: the case in f32, compiled with that --precision;
                               gpu-CASE, gpu-tf32-CASE, gpu-f16-CASE: the same on the simulator of GPUs, for several chips;
                               early-CASE: on sm_90a, what is asynchronous done at once, threads and blocks shuffled

The two may differ by the order of their sums: |fast - naive| <= 2 K eps S, where K counts the terms of a sum, eps = 2^-24, and
S is the sum of the terms' magnitudes, which the same model at -O0 gives for |inputs| and |weights|. An f16 or bf16 result is rounded once
more on each side: + 2^-10 |y|, 2^-7 |y|. With --precision=bf16 factors and sums may be off by 2^-8: + (3 2^-8 + 2^-14) S, with
f16 by 2^-11: + (3 2^-11 + 2^-20) S, with tf32 factors by 2^-11: + 2^-9.9 S. Results must be bitwise equal for one and two threads, and no innermost loop that multiplies has a vector on the stack,
but for factors that are only shuffled (spills).
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import ml_dtypes
import numpy as np
import onnx
from onnx import helper, numpy_helper

ROOT = pathlib.Path(__file__).resolve().parents[3]
BUILD = pathlib.Path(os.environ.get("CAMEO_BUILD", ROOT / "build"))
sys.path.insert(0, str(ROOT / "test/Support"))
import cameo  # noqa: E402

BF16 = ml_dtypes.bfloat16
LEVELS = [level for level in cameo.LEVELS if level != "x86-64-v4"]


class Model:
    """A model under construction; weights are seeded, and negated signs are dropped in its magnitude twin."""

    def __init__(self, dtype=np.float32, seed=0):
        self.rng, self.dtype = np.random.default_rng(seed), dtype
        self.nodes, self.weights, self.inputs, self.terms = [], {}, {}, 0

    def input(self, shape) -> str:
        name = f"x{len(self.inputs)}"
        self.inputs[name] = shape
        return name

    def weight(self, *shape) -> str:
        name = f"w{len(self.weights)}"
        self.weights[name] = self.rng.standard_normal(shape).astype(self.dtype)
        return name

    def sparseWeight(self, k: int, n: int) -> str:
        """A tenth of the blocks of 16 columns of one row of K are not zero."""
        name = self.weight(k, n)
        keep = self.rng.random((k, -(-n // 16))) < 0.1
        self.weights[name] *= np.repeat(keep, 16, axis=1)[:, :n]
        return name

    def op(self, kind: str, *operands, **attributes) -> str:
        name = f"y{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, operands, [name], name=name, **attributes))
        return name

    def conv(self, x: str, filterShape, bias=True, **attributes) -> str:
        self.terms += int(np.prod(filterShape[1:])) + 1
        operands = [x, self.weight(*filterShape)] + ([self.weight(filterShape[0])] if bias else [])
        return self.op("Conv", *operands, **attributes)

    def matmul(self, a: str, b: str, k: int) -> str:
        self.terms += k
        return self.op("MatMul", a, b)

    def save(self, path: str, magnitudes: bool) -> None:
        element = helper.np_dtype_to_tensor_dtype(np.dtype(self.dtype))
        # Subtractions and activations have no place in a sum of magnitudes.
        nodes = [helper.make_node("Identity" if magnitudes and n.op_type in ("Relu", "Clip") else n.op_type, n.input[:1] if magnitudes and n.op_type == "Clip" else n.input,
                                  n.output, name=n.name) for n in self.nodes]
        for made, node in zip(nodes, self.nodes):
            if made.op_type != "Identity":
                made.attribute.extend(node.attribute)
        weights = [numpy_helper.from_array(np.abs(w) if magnitudes else w, n) for n, w in self.weights.items()]
        graph = helper.make_graph(nodes, "g", [helper.make_tensor_value_info(n, element, s) for n, s in self.inputs.items()],
                                  [helper.make_tensor_value_info(self.nodes[-1].output[0], element, None)], weights)
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22 if self.dtype == BF16 else 18)]), path)


CASES = {}


def case(function):
    CASES[function.__name__.replace("_", "-")] = function


# ---- matrix products: each returns the model, and the sizes of symbols to run it at


@case
def matmul_constant():
    m = Model()
    y = m.op("Add", m.matmul(m.input([37, 129]), m.weight(129, 131), 129), m.weight(131))
    m.op("Relu", y)
    return m, [{}]


@case
def matmul_one_row():
    m = Model()
    m.matmul(m.input([1, 300]), m.weight(300, 100), 300)
    return m, [{}]


@case
def matmul_few_columns():
    m = Model()
    y = m.op("Add", m.matmul(m.input(["n", 300]), m.weight(300, 5), 300), m.weight(5))
    m.matmul(m.op("Relu", y), m.weight(5, 1), 5)
    m.terms *= 4
    return m, [{"n": 1}, {"n": 30}]


@case
def matmul_one_column():
    m = Model()
    m.matmul(m.input([2, 37, 203]), m.input([2, 203, 1]), 203)
    return m, [{}]


@case
def matmul_few_columns_transposed():
    m = Model()
    m.terms += 200
    m.op("Gemm", m.input([64, 200]), m.weight(3, 200), m.weight(3), transB=1)
    return m, [{}]


@case
def matmul_rows_of_all_batches():
    m = Model()
    residual = m.input(["b", "s", 40])
    m.op("Add", m.matmul(m.input(["b", "s", 24]), m.weight(24, 40), 24), residual)
    return m, [{"b": 1, "s": 1}, {"b": 2, "s": 9}, {"b": 3, "s": 64}]


@case
def matmul_two_inputs():
    m = Model()
    m.matmul(m.input([65, 70]), m.input([70, 300]), 70)
    m.matmul(m.input([1, 65, 70]), m.input([1, 70, 300]), 70)
    return m, [{}]


# Few rows by what only the run knows (lib/Codegen/CPU/FewRows.h).
@case
def few_rows():
    m = Model()
    y = m.op("Add", m.matmul(m.input([1, 3, 203]), m.input([203, "n"]), 203), m.input(["n"]))
    m.op("Relu", y)
    return m, [{"n": 1}, {"n": 70}, {"n": 1500}]


@case
def few_rows_of_long_lines():
    m = Model()
    m.matmul(m.input([1, 67]), m.input([67, 5003]), 67)
    return m, [{}]


@case
def few_rows_batches_broadcast():
    m = Model()
    m.matmul(m.input([2, 1, 8, "k"]), m.input([3, "k", 260]), 130)
    return m, [{"k": 1}, {"k": 130}]


@case
def few_rows_transposed():
    m = Model()
    m.terms += 300
    m.op("Gemm", m.input([5, "k"]), m.input([77, "k"]), m.weight(77), transB=1)
    m.op("Gemm", m.input([1, 40]), m.input([130, 40]), transB=1)
    return m, [{"k": 3}, {"k": 300}]


@case
def few_rows_half():
    m = Model(np.float16)
    m.matmul(m.input([2, 4, 48]), m.input([2, 48, "n"]), 48)
    return m, [{"n": 90}]


@case
def few_rows_bf16():
    m = Model(BF16)
    m.matmul(m.input([2, 1, 48]), m.op("Transpose", m.input([2, "n", 48]), perm=[0, 2, 1]), 48)
    return m, [{"n": 90}]


@case
def matmul_batches_broadcast():
    m = Model()
    y = m.matmul(m.input([2, 1, 33, 20]), m.input([3, 20, 17]), 20)
    m.op("Mul", y, m.weight(3, 1, 17))
    return m, [{}]


@case
def matmul_attention():
    m = Model()
    q, k, mask = m.input(["b", 3, "s", 16]), m.input(["b", 3, "s", 16]), m.input(["b", 1, "s", "s"])
    scores = m.op("Add", m.matmul(q, m.op("Transpose", k, perm=[0, 1, 3, 2]), 16), mask)
    m.terms += 48
    m.matmul(scores, m.input(["b", 3, "s", 16]), 0)
    return m, [{"b": 1, "s": 1}, {"b": 2, "s": 21}, {"b": 1, "s": 48}]


@case
def matmul_half():
    m = Model(np.float16)
    m.op("Relu", m.matmul(m.input([20, 48]), m.weight(48, 40), 48))
    return m, [{}]


@case
def matmul_half_two_inputs():
    m = Model(np.float16)
    m.matmul(m.input([2, 20, 48]), m.input([2, 48, 40]), 48)
    return m, [{}]


@case
def matmul_bf16():
    m = Model(BF16)
    m.op("Relu", m.matmul(m.input([37, 129]), m.weight(129, 131), 129))
    return m, [{}]


@case
def matmul_bf16_one_row():
    m = Model(BF16)
    m.matmul(m.input([1, 300]), m.weight(300, 100), 300)
    return m, [{}]


@case
def matmul_bf16_few_columns():
    m = Model(BF16)
    m.matmul(m.input(["b", "s", 203]), m.weight(203, 3), 203)
    return m, [{"b": 1, "s": 1}, {"b": 3, "s": 21}]


@case
def matmul_bf16_rows_of_all_batches():
    m = Model(BF16)
    m.matmul(m.input(["b", "s", 33]), m.weight(33, 40), 33)
    return m, [{"b": 1, "s": 1}, {"b": 2, "s": 9}, {"b": 3, "s": 64}]


@case
def matmul_bf16_two_inputs():
    m = Model(BF16)
    m.matmul(m.input([2, 37, 71]), m.input([2, 71, 300]), 71)
    return m, [{}]


# Rows of zeros are skipped (test/Codegen/CPU/sparse.mlir).


@case
def sparse_constant():
    m = Model()
    m.op("Relu", m.op("Add", m.matmul(m.input([75, 403]), m.sparseWeight(403, 171), 403), m.weight(171)))
    return m, [{}]


@case
def sparse_one_row():
    m = Model()
    m.matmul(m.input([1, 1001]), m.sparseWeight(1001, 300), 1001)
    return m, [{}]


@case
def sparse_rows_of_all_batches():
    m = Model()
    residual = m.input(["b", "s", 160])
    m.op("Add", m.matmul(m.input(["b", "s", 240]), m.sparseWeight(240, 160), 240), residual)
    return m, [{"b": 1, "s": 1}, {"b": 2, "s": 9}, {"b": 3, "s": 64}]


@case
def sparse_transposed():
    m = Model()
    m.terms += 200
    weight = m.sparseWeight(200, 160)
    m.weights[weight] = np.ascontiguousarray(m.weights[weight].T)
    m.op("Gemm", m.input([64, 200]), weight, m.weight(160), transB=1)
    return m, [{}]


@case
def gemm_transposed():
    m = Model()
    m.terms += 50
    m.op("Gemm", m.input([50, 19]), m.weight(36, 50), m.weight(36), transA=1, transB=1)
    return m, [{}]


# ---- convolutions


def convolution(name, x, filterShape, sizes=({},), dtype=np.float32, **attributes):
    def make():
        m = Model(dtype)
        m.op("Relu", m.conv(m.input(x), filterShape, **attributes))
        return m, list(sizes)

    CASES[f"conv-{name}"] = make


convolution("1x1", [1, 24, 9, 11], [40, 24, 1, 1])
convolution("1x1-strided", [1, 24, 9, 11], [40, 24, 1, 1], strides=[2, 2])
convolution("3x3", [2, 32, 12, 10], [48, 32, 3, 3], pads=[1, 1, 1, 1])
convolution("3x3-asymmetric", [1, 8, 9, 9], [12, 8, 3, 3], pads=[0, 1, 2, 1], strides=[2, 1])
convolution("3x3-dilated", [1, 20, 14, 14], [24, 20, 3, 3], pads=[2, 3, 2, 3], dilations=[2, 3])
convolution("stem", [1, 3, 33, 35], [32, 3, 7, 7], pads=[3, 3, 3, 3], strides=[2, 2])
convolution("groups", [1, 24, 8, 8], [36, 6, 3, 3], pads=[1, 1, 1, 1], group=4)
convolution("groups-of-2", [2, 24, 9, 9], [24, 2, 3, 3], pads=[1, 1, 1, 1], group=12)
convolution("groups-of-4-strided", [1, 44, 13, 14], [44, 4, 3, 3], pads=[1, 1, 1, 1], strides=[2, 2], group=11)
convolution("groups-of-8", [1, 40, 9, 17], [40, 8, 5, 5], pads=[2, 2, 2, 2], group=5)
convolution("depthwise-31x31", [1, 20, 40, 44], [20, 1, 31, 31], pads=[15] * 4, group=20)
convolution("depthwise", [2, 44, 9, 12], [44, 1, 3, 3], pads=[1, 1, 1, 1], group=44)
convolution("depthwise-5x5-strided", [1, 35, 13, 13], [35, 1, 5, 5], pads=[2, 2, 2, 2], strides=[2, 2], group=35)
convolution("depthwise-dilated", [1, 16, 15, 15], [16, 1, 3, 3], pads=[4, 4, 4, 4], dilations=[4, 4], group=16)
convolution("depthwise-many-taps", [1, 20, 4, 160], [20, 1, 3, 100], pads=[1, 7, 1, 9], strides=[1, 2], group=20)
convolution("multiplier", [1, 12, 7, 7], [24, 1, 3, 3], group=12)
# Few channels of the result: lanes hold elements of K.
convolution("few-9x9", [1, 32, 14, 16], [3, 32, 9, 9], pads=[4, 4, 4, 4])
convolution("few-1x1", [2, 67, 5, 7], [2, 67, 1, 1])
convolution("few-1d", [1, 32, 100], [1, 32, 7], pads=[3, 3])
convolution("few-dilated", [1, 40, 11, 13], [4, 40, 3, 3], pads=[2, 3, 2, 3], dilations=[2, 3])
convolution("few-dynamic", ["n", 64, "h", "w"], [3, 64, 3, 3], sizes=[{"n": 1, "h": 3, "w": 3}, {"n": 2, "h": 17, "w": 9}], pads=[1, 1, 1, 1])
convolution("few-groups", [1, 72, 9, 8], [6, 24, 3, 3], pads=[1, 1, 1, 1], group=3)
convolution("bf16-few", [1, 67, 14, 16], [3, 67, 3, 3], pads=[1, 1, 1, 1], dtype=BF16, bias=False)
convolution("bf16-few-copied", [1, 21, 9, 13], [2, 21, 5, 5], pads=[2, 2, 2, 2], dtype=BF16, bias=False)
convolution("bf16-few-groups", [1, 192, 9, 8], [6, 64, 3, 3], pads=[1, 1, 1, 1], group=3, dtype=BF16, bias=False)
convolution("1d", [2, 20, 50], [30, 20, 5], pads=[2, 2], strides=[2])
convolution("3d", [1, 4, 5, 6, 7], [6, 4, 3, 3, 3], pads=[1] * 6)
convolution("3d-lines", [2, 8, 5, 6, 14], [16, 8, 3, 3, 5], pads=[1, 1, 2, 1, 1, 2])
convolution("3d-strided", [1, 3, 7, 9, 20], [24, 3, 3, 5, 5], strides=[1, 2, 2], pads=[1, 2, 2, 1, 2, 2])
convolution("3d-asymmetric", [2, 12, 7, 5, 6], [20, 12, 3, 2, 3], strides=[2, 1, 1], dilations=[2, 1, 2], pads=[0, 1, 2, 3, 0, 1])
convolution("3d-wide", [1, 70, 4, 5, 7], [24, 70, 3, 1, 3], pads=[1, 0, 1, 1, 0, 1])
convolution("3d-temporal", [1, 16, 6, 5, 7], [24, 16, 3, 1, 1], pads=[1, 0, 0, 1, 0, 0])
convolution("3d-1x1x1", [2, 24, 3, 5, 4], [40, 24, 1, 1, 1])
convolution("3d-groups", [1, 24, 5, 6, 7], [36, 6, 3, 3, 3], pads=[1] * 6, group=4)
convolution("3d-depthwise", [2, 20, 5, 6, 9], [20, 1, 3, 3, 3], pads=[1] * 6, group=20)
convolution("3d-depthwise-strided", [1, 35, 6, 7, 13], [35, 1, 2, 3, 5], strides=[2, 1, 2], pads=[0, 1, 2, 1, 1, 2], group=35)
convolution("3d-winograd", [1, 32, 4, 13, 15], [56, 32, 3, 3, 3], pads=[1] * 6)
convolution("3d-winograd-rests", [2, 19, 5, 9, 10], [37, 19, 2, 3, 3], strides=[2, 1, 1], dilations=[3, 1, 1], pads=[2, 1, 1, 1, 2, 0])
convolution("3d-dynamic", ["n", 16, "d", "h", "w"], [24, 16, 3, 3, 3], sizes=[{"n": 1, "d": 1, "h": 2, "w": 3}, {"n": 2, "d": 5, "h": 9, "w": 6}], pads=[1] * 6)
convolution("bf16-3d", [1, 10, 4, 6, 28], [24, 10, 3, 3, 3], pads=[1] * 6, dtype=BF16, bias=False)
convolution("half-3d-winograd", [1, 32, 4, 8, 15], [40, 32, 3, 3, 3], pads=[1] * 6, dtype=np.float16)
convolution("half", [1, 16, 10, 10], [24, 16, 3, 3], pads=[1, 1, 1, 1], dtype=np.float16)
convolution("bf16", [1, 16, 10, 10], [24, 16, 3, 3], pads=[1, 1, 1, 1], dtype=BF16, bias=False)
convolution("bf16-stem", [1, 3, 33, 35], [32, 3, 7, 7], pads=[3, 3, 3, 3], strides=[2, 2], dtype=BF16, bias=False)
convolution("bf16-1x1", [1, 25, 9, 11], [40, 25, 1, 1], dtype=BF16, bias=False)
convolution("bf16-dilated", [1, 21, 14, 14], [24, 21, 3, 3], pads=[2, 3, 2, 3], dilations=[2, 3], dtype=BF16, bias=False)
convolution("bf16-groups", [2, 21, 9, 8], [15, 7, 3, 3], pads=[1, 1, 1, 1], group=3, dtype=BF16, bias=False)
convolution("bf16-wide", [1, 67, 9, 9], [80, 67, 3, 3], pads=[1, 1, 1, 1], dtype=BF16, bias=False)
convolution("bf16-depthwise", [2, 44, 9, 12], [44, 1, 3, 3], pads=[1, 1, 1, 1], group=44, dtype=BF16, bias=False)
convolution("bf16-dynamic", ["n", 9, "h", "w"], [24, 9, 3, 3], sizes=[{"n": 1, "h": 3, "w": 3}, {"n": 2, "h": 17, "w": 9}], pads=[1, 1, 1, 1], dtype=BF16, bias=False)
# Tiles in lines of pixels: one per line, two, and more; lines of a prime width, whose tiles pass from one to the next.
convolution("lines", [2, 8, 14, 14], [16, 8, 5, 5], pads=[2, 2, 2, 2])
convolution("lines-of-two", [1, 12, 9, 28], [20, 12, 3, 7], pads=[1, 3, 1, 3])
convolution("lines-strided", ["n", 3, 28, 56], [24, 3, 7, 7], sizes=[{"n": 1}, {"n": 3}], pads=[3, 3, 3, 3], strides=[2, 2])
convolution("lines-dilated", [1, 16, 15, 42], [12, 16, 3, 3], pads=[2, 3, 2, 3], dilations=[2, 3])
convolution("lines-groups", [2, 32, 6, 21], [32, 8, 3, 3], pads=[1, 0, 0, 1], group=4)
convolution("lines-outside", [1, 4, 3, 2], [8, 4, 5, 5], pads=[4, 4, 4, 4])
convolution("prime-width", [1, 8, 9, 17], [12, 8, 3, 3], pads=[1, 1, 1, 1])
convolution("prime-width-wide", [1, 72, 5, 17], [24, 72, 3, 5], pads=[1, 2, 1, 2])
convolution("bf16-lines", [1, 10, 9, 28], [24, 10, 5, 5], pads=[2, 2, 2, 2], dtype=BF16, bias=False)
convolution("half-lines", [1, 10, 9, 28], [24, 10, 5, 5], pads=[2, 2, 2, 2], dtype=np.float16)
# Winograd's algorithm: rests of tiles of 2 and of 4, of channels and of panels; no border; one block and many.
convolution("winograd", [1, 32, 13, 15], [56, 32, 3, 3], pads=[1, 1, 1, 1])
convolution("winograd-rests", [2, 37, 22, 9], [75, 37, 3, 3], pads=[0, 2, 1, 1])
convolution("winograd-inside", [1, 64, 10, 10], [32, 64, 3, 3])
convolution("winograd-large", [1, 48, 50, 61], [64, 48, 3, 3], pads=[1, 1, 1, 1])
convolution("winograd-groups", [1, 160, 7, 7], [520, 160, 3, 3], pads=[1, 1, 1, 1])
convolution("winograd-batches", ["n", 160, 7, 7], [520, 160, 3, 3], sizes=[{"n": 1}, {"n": 3}, {"n": 20}], pads=[1, 1, 1, 1])
convolution("winograd-dynamic", ["n", 37, "h", "w"], [75, 37, 3, 3], sizes=[{"n": 1, "h": 2, "w": 1}, {"n": 3, "h": 22, "w": 9}, {"n": 1, "h": 33, "w": 70}], pads=[0, 2, 1, 1])
convolution("bf16-winograd", [1, 32, 13, 15], [56, 32, 3, 3], pads=[1, 1, 1, 1], dtype=BF16, bias=False)
convolution("half-winograd", [1, 37, 22, 9], [75, 37, 3, 3], pads=[0, 2, 1, 1], dtype=np.float16)
convolution("dynamic", ["n", 16, "h", "w"], [24, 16, 3, 3], sizes=[{"n": 1, "h": 3, "w": 3}, {"n": 2, "h": 17, "w": 9}], pads=[1, 1, 1, 1])
convolution("dynamic-depthwise", ["n", 24, "h", "w"], [24, 1, 3, 3], sizes=[{"n": 1, "h": 1, "w": 2}, {"n": 2, "h": 9, "w": 17}], pads=[1, 1, 1, 1], group=24)


def transposed(name, x, filterShape, sizes=({},), **attributes):
    def make():
        m = Model()
        outputs = filterShape[1] * attributes.get("group", 1)
        m.terms += int(filterShape[0] // attributes.get("group", 1) * np.prod(filterShape[2:])) + 1
        m.op("Relu", m.op("ConvTranspose", m.input(x), m.weight(*filterShape), m.weight(outputs), **attributes))
        return m, list(sizes)

    CASES[f"conv-transpose-{name}"] = make


transposed("2x2", [2, 24, 7, 9], [24, 20, 2, 2], strides=[2, 2])
transposed("4x4", [1, 12, 6, 5], [12, 10, 4, 4], strides=[2, 2], pads=[1, 1, 1, 1])
transposed("3x3-output-padding", [1, 8, 5, 5], [8, 12, 3, 3], strides=[2, 2], pads=[1, 1, 1, 1], output_padding=[1, 1])
transposed("5x5-stride-3-dilated", [1, 8, 5, 6], [8, 6, 5, 5], strides=[3, 2], dilations=[2, 3], pads=[1, 2, 0, 3])
transposed("groups", [1, 12, 5, 5], [12, 5, 3, 3], group=3, strides=[1, 2])
transposed("depthwise", [1, 20, 6, 6], [20, 1, 4, 4], group=20, strides=[2, 2], pads=[1, 1, 1, 1])
transposed("1d", [1, 10, 20], [10, 6, 8], strides=[4], pads=[2, 2])
# The last input of each line has no part in phases of one tap.
transposed("cropped-1d", [3, 5, 16], [5, 4, 3], strides=[3], pads=[0, 1])
transposed("cropped", ["n", 12, "h", "w"], [12, 10, 2, 3], sizes=[{"n": 1, "h": 1, "w": 2}, {"n": 2, "h": 5, "w": 7}], strides=[2, 3], pads=[0, 0, 1, 2])
transposed("3d", [2, 12, 3, 4, 5], [12, 10, 2, 2, 2], strides=[2, 2, 2])
transposed("3d-4x3x5", [1, 8, 4, 3, 5], [8, 6, 4, 3, 5], strides=[2, 1, 3], pads=[1, 1, 0, 1, 0, 2], dilations=[1, 2, 1])
transposed("3d-depthwise", [1, 20, 3, 4, 4], [20, 1, 4, 4, 4], group=20, strides=[2, 2, 2], pads=[1] * 6)
transposed("3d-dynamic", ["n", 8, "d", "h", "w"], [8, 6, 2, 2, 2], sizes=[{"n": 1, "d": 1, "h": 1, "w": 1}, {"n": 2, "d": 3, "h": 5, "w": 4}], strides=[2, 2, 2])
transposed("dynamic", ["n", 8, "h", "w"], [8, 6, 2, 2], sizes=[{"n": 1, "h": 1, "w": 1}, {"n": 2, "h": 5, "w": 8}], strides=[2, 2])
# Phases of two shapes along each axis; of one, in any number.
transposed("32x32", [1, 3, 3, 4], [3, 5, 32, 32], strides=[16, 16], pads=[8, 8, 8, 8])
transposed("depthwise-16x16", [1, 20, 3, 4], [20, 1, 16, 16], group=20, strides=[8, 8], pads=[4, 4, 4, 4])
transposed("dynamic-5x5", ["n", 8, "h", "w"], [8, 6, 5, 5], sizes=[{"n": 1, "h": 1, "w": 1}, {"n": 2, "h": 5, "w": 8}], strides=[5, 5])
transposed("no-tap-in-a-phase", [1, 4, 3, 3], [4, 4, 1, 1], strides=[2, 2])


@case
def conv_residual_block():
    m = Model()
    x = m.input([1, 16, 12, 12])
    y = m.op("Relu", m.conv(x, [24, 16, 1, 1]))
    y = m.op("Relu", m.conv(y, [24, 1, 3, 3], pads=[1, 1, 1, 1], group=24))
    y = m.op("Add", m.conv(y, [16, 24, 1, 1]), x)
    y = m.op("Concat", y, x, axis=1)
    m.op("MaxPool", m.conv(y, [8, 32, 3, 3]), kernel_shape=[2, 2], strides=[2, 2])
    m.terms *= 4  # an error is carried through four convolutions
    return m, [{}]


@case
def conv_filter_of_the_run():
    m = Model()
    m.terms = 9 * 4
    m.op("Conv", m.input([1, 4, 6, 6]), m.input([5, 4, 3, 3]))
    return m, [{}]


# ---- tiles of GPUs that only large products have, and borders within them: numbers of rows that only the run knows count as large


def largeProduct(name, a, b, dtype, sizes=({},)):
    def make():
        m = Model(dtype)
        m.op("Relu", m.matmul(m.input(a), m.weight(*b), b[0]))
        return m, list(sizes)

    CASES[name] = make


largeProduct("matmul-large", ["s", 21], [21, 616], np.float32, sizes=[{"s": 150}])
largeProduct("matmul-large-half", [1290, 40], [40, 1290], np.float16)
largeProduct("matmul-middle-bf16", [600, 72], [72, 700], BF16)

# ---- products of warpgroups, which have the largest tiles


@case
def warpgroups_two_inputs():  # 128 x 256, copied in chunks
    m = Model(BF16)
    m.matmul(m.input([2, "s", 336]), m.input([2, 336, 504]), 336)
    return m, [{"s": 1}, {"s": 150}]


@case
def warpgroups_gathered():  # 128 x 256, element by element
    m = Model(np.float16)
    y = m.op("Add", m.matmul(m.input(["s", 330]), m.weight(330, 301), 330), m.weight(301))
    m.op("Relu", m.op("Add", y, m.input(["s", 301])))
    return m, [{"s": 130}]


@case
def warpgroups_transposed():  # 128 x 128
    m = Model(np.float16)
    m.terms += 200
    m.op("Gemm", m.input([200, "s"]), m.input([104, 200]), m.weight(104), transA=1, transB=1)
    return m, [{"s": 129}]


@case
def warpgroups_transposed_chunks():  # 64 x 64, more tiles than a band is high
    m = Model(BF16)
    m.terms += 72
    m.op("Gemm", m.input([72, "s"]), m.weight(50, 72), transA=1, transB=1)
    return m, [{"s": 1096}]


convolution("warpgroups", ["n", 16, "h", "w"], [200, 16, 3, 3], sizes=[{"n": 1, "h": 3, "w": 3}, {"n": 2, "h": 17, "w": 9}], pads=[1, 1, 1, 1], dtype=np.float16, bias=False)
convolution("warpgroups-gathered", ["n", 20, "h", "w"], [144, 10, 3, 3], sizes=[{"n": 2, "h": 17, "w": 9}], strides=[2, 1], group=2, dtype=BF16, bias=False)

# ---- sums that several blocks of a GPU share: few tiles, many steps along K, of which the last is no whole one


@case
def parts():
    m = Model()
    y = m.op("Add", m.matmul(m.input([34, 1101]), m.weight(1101, 38), 1101), m.weight(38))
    m.op("Relu", m.op("Add", y, m.input([34, 38])))
    return m, [{}]


@case
def parts_half():
    m = Model(np.float16)
    m.op("Add", m.matmul(m.input([20, 1300]), m.weight(1300, 40), 1300), m.weight(40))
    return m, [{}]


@case
def parts_batches_broadcast():
    m = Model()
    y = m.matmul(m.input([2, 1, 33, 900]), m.input([3, 900, 17]), 900)
    m.op("Mul", y, m.weight(3, 1, 17))
    return m, [{}]


@case
def parts_warpgroups():
    m = Model(BF16)
    m.terms += 2104
    m.op("Relu", m.op("Gemm", m.input([70, 2104]), m.weight(72, 2104), m.weight(72), transB=1))
    return m, [{}]


convolution("parts", [1, 70, 6, 6], [36, 70, 3, 3], pads=[1, 1, 1, 1])
convolution("parts-groups", [1, 132, 5, 5], [44, 66, 3, 3], pads=[1, 1, 1, 1], group=2)
convolution("parts-warpgroups", [2, 128, 6, 6], [64, 128, 3, 3], pads=[1, 1, 1, 1], dtype=np.float16, bias=False)
# The simulator takes minutes for these.
SLOW = ["conv-3d-winograd", "conv-3d-winograd-rests", "conv-half-3d-winograd", "conv-winograd-large", "conv-winograd-inside", "conv-winograd-groups", "conv-winograd-batches", "conv-winograd-dynamic"]
CHIPS = ["sm_75", "sm_80", "sm_90a"]
EARLY = [name for name in CASES if "warpgroups" in name]
# What rounding of factors, and of sums, may add to the error, relative to S.
ROUNDING = {"f32": 0, "bf16": 3 * 2.0**-8 + 2.0**-14, "f16": 3 * 2.0**-11 + 2.0**-20, "tf32": 2.0**-9.9}
TENSOR_CORES = ["parts", "matmul-constant", "matmul-rows-of-all-batches", "conv-stem", "conv-3x3", "conv-groups", "conv-dynamic"]
ROUNDED = ["matmul-constant", "matmul-one-row", "matmul-rows-of-all-batches", "conv-stem", "conv-3x3", "conv-groups", "conv-depthwise", "conv-dynamic", "conv-winograd-large"]

# Mistakes in the code for warpgroups: what is replaced in its PTX (see tools/cuda-sim/Driver.cpp), and what is said of it.
PLANTED = {
    "swizzle": (r"xor\.b32 (\s*%r\d+), (%r\d+), %r\d+;=>mov.b32 $1, $2;", "times the bound"),
    "stride-of-lines": (f"{1 << 62 | 64 << 32 | 1 << 16}=>{1 << 62 | 32 << 32 | 1 << 16}", "times the bound"),
    "majorness": (r"1, 1, 0, 1;=>1, 1, 0, 0;", "times the bound"),
    "step-too-few": (r"setp\.ne\.b32 (\s*%p\d+, %r\d+), 384;=>setp.ne.b32 $1, 320;", "times the bound"),
    "parts-of-rows-exchanged": (r"(shfl\.sync\.bfly\.b32 [^,]*, [^,]*), 1,=>$1, 2,", "times the bound"),
    "sums-exchanged": (r"(wgmma\.mma_async[^{]*)\{(%r\d+), (%r\d+)=>$1{$3, $2", "shares accumulators"),
    "proxies-not-fenced": (r"fence\.proxy[^;]*;=>", "no fence.proxy.async"),
    "registers-not-fenced": (r"wgmma\.fence[^;]*;=>", "has no wgmma.fence"),
    "not-committed": (r"wgmma\.commit_group[^;]*;=>", "a wgmma may still read"),
    "tiles-not-waited-for": (r"(wgmma\.wait_group\.sync\.aligned) 1;=>$1 2;", "a wgmma may still read"),
    "sums-not-waited-for": (r"wgmma\.wait_group\.sync\.aligned 0;=>", "a register of a wgmma that nothing has waited for"),
    "copies-not-waited-for": (r"(cp\.async\.wait_group\s*)1;=>$012;", "an asynchronous copy may still write"),
    "barrier-dropped": (r"bar\.sync[^;]*;=>", "races"),
}

# The same in sums of parts, with case and chip: of sm_80's 41 steps a part has 5, of sm_90a's 33 too.
PLANTED_IN_PARTS = {
    "part-not-added": (r"add\.rn\.f32 (\s*%r\d+), (%r\d+), %r\d+;=>mov.b32 $1, $2;", "parts-half", "sm_80"),
    "part-begins-early": (r"(mul\.lo\.s32 \s*%r\d+, %r\d+), 5;=>$1, 4;", "parts-half", "sm_80"),
    "part-ends-late": (r"(add\.s32 \s*%r\d+, %r\d+), 5;=>$1, 6;", "parts-half", "sm_80"),
    "launch-before-not-awaited": (r"griddepcontrol\.wait;=>", "parts-warpgroups", "sm_90a"),
    "part-of-warpgroups-ends-early": (r"(add\.s32 \s*%r\d+, %r\d+), 5;=>$1, 4;", "parts-warpgroups", "sm_90a"),
}

# ---- running


def compileModel(path: str, opt: str, cpu: str = "native", *flags: str) -> str:
    return cameo.compileModel(path, f"-{opt}", f"--cpu={cpu}", *flags)


def runOnGpus(name: str, precision: str = "f32", chips=CHIPS) -> None:
    """The same bound; sums of tensor cores are no less exact than those in f32 that it speaks of. Up to 16 rows of f32 are no work for
    tensor cores, so that --precision=tf32 changes none of their results."""
    model, sizes = CASES[name]()
    options = ["--target=cuda", f"--precision={precision}"]
    with tempfile.TemporaryDirectory() as folder:
        model.save(f"{folder}/model.onnx", magnitudes=False)
        model.save(f"{folder}/magnitudes.onnx", magnitudes=True)
        naive = cameo.Program(compileModel(f"{folder}/model.onnx", "O0"), 1)
        magnitudes = cameo.Program(compileModel(f"{folder}/magnitudes.onnx", "O0"), 1)
        programs = {chip: cameo.Program(compileModel(f"{folder}/model.onnx", "O3", "native", *options, f"--chip={chip}"), 1, "cuda:sim")
                    for chip in chips}
        for symbols in sizes:
            feeds = {n: model.rng.standard_normal([symbols.get(d, d) for d in s]).astype(model.dtype) for n, s in model.inputs.items()}
            (wanted,), (scale,) = naive.run(feeds).values(), magnitudes.run({n: np.abs(v) for n, v in feeds.items()}).values()
            bound = boundOf(model, wanted, scale) + ROUNDING[precision] * scale.astype(np.float64)
            for chip, program in programs.items():
                (found,) = program.run(feeds).values()
                excess = np.abs(found.astype(np.float64) - wanted) / bound
                if found.shape != wanted.shape or not excess.max() <= 1:
                    sys.exit(f"{chip} at {symbols}: error is {excess.max():.3g} times the bound, shape {found.shape} against {wanted.shape}")
                print(f"{chip} at {symbols}: error is {excess.max():.2f} of the bound")
                isExact = (np.abs(found.astype(np.float64) - wanted) <= boundOf(model, wanted, scale)).all()
                areFew = name.startswith("matmul") and wanted.size // wanted.shape[-1] <= 16
                isShort = model.terms < 1000  # the bound of longer sums holds tf32, too
                if precision == "tf32" and isShort and isExact != (areFew or chip == "sm_75"):  # which has no instruction for it
                    sys.exit(f"{chip} at {symbols}: the result is {'as exact as' if isExact else 'less exact than'} without --precision=tf32")


def boundOf(model: Model, wanted: np.ndarray, scale: np.ndarray) -> np.ndarray:
    bound = 2 * model.terms * 2.0**-24 * scale.astype(np.float64) + 1e-30
    if model.dtype != np.float32:
        bound += 2.0 ** (-10 if model.dtype == np.float16 else -7) * np.abs(wanted.astype(np.float64))
    return bound


def spills(assembly: str) -> list[str]:
    """Vectors on the stack in innermost loops that multiply and add: from a label to the conditional jump back to it. Loops that
    subtract are the transforms of Winograd's algorithm, which have more vectors than there are registers; what is only shuffled is as fast to read
    from the stack."""
    found = []
    for function in assembly.split("@function"):
        # %rbp is a general register unless a realigned stack makes it the frame pointer.
        frame = ("(%rsp)", "(%rbp)") if "%rsp, %rbp" in function else ("(%rsp)",)
        label, body = None, []
        for line in (line.split("#")[0].strip() for line in function.splitlines()):
            if line.endswith(":"):
                label, body = line[:-1], []
            elif label and line.startswith("j") and line.split()[-1] == label:
                if any("vfmadd" in i or "mulps" in i for i in body) and not any("vsubps" in i for i in body):
                    slots = lambda i: set(re.findall(r"-?[0-9]*\(%r[sb]p\)", i))
                    shuffled = set().union(*(slots(i) for i in body if i.startswith(("vperm", "vshuf")))) - set().union(*(slots(i) for i in body if i.startswith("vfm")))
                    found += [i for i in body if "mm" in i.split()[-1] + i.split()[-2] and any(f in i for f in frame) and not slots(i) <= shuffled]
                label = None
            else:
                body.append(line)
    return found


def run(name: str, precision: str = "f32", spoil=lambda model: None) -> None:
    model, sizes = CASES[name]()
    with tempfile.TemporaryDirectory() as folder:
        model.save(f"{folder}/model.onnx", magnitudes=False)
        model.save(f"{folder}/magnitudes.onnx", magnitudes=True)
        naive = cameo.Program(compileModel(f"{folder}/model.onnx", "O0"), 1)
        magnitudes = cameo.Program(compileModel(f"{folder}/magnitudes.onnx", "O0"), 1)
        spoil(model)
        model.save(f"{folder}/model.onnx", magnitudes=False)
        levels = LEVELS + ["x86-64-v4"] * (model.dtype == BF16 and "x86-64-v4" in cameo.LEVELS)
        fast = {level: compileModel(f"{folder}/model.onnx", "O3", level, f"--precision={precision}") for level in levels}
        for level in levels[:2]:
            command = [BUILD / "bin/cameo-compile", f"{folder}/model.onnx", f"--cpu={level}", "--emit=asm", "-o", "-"]
            if found := spills(subprocess.run(command, capture_output=True, text=True, check=True).stdout):
                sys.exit(f"{level}: an inner loop touches the stack: {found}")
        for symbols in sizes:
            feeds = {n: model.rng.standard_normal([symbols.get(d, d) for d in s]).astype(model.dtype) for n, s in model.inputs.items()}
            (wanted,) = naive.run(feeds).values()
            (scale,) = magnitudes.run({n: np.abs(v) for n, v in feeds.items()}).values()
            bound = boundOf(model, wanted, scale) + ROUNDING[precision] * scale.astype(np.float64)
            for level, program in fast.items():
                (one,) = cameo.Program(program, 1).run(feeds).values()
                (two,) = cameo.Program(program, 2).run(feeds).values()
                if one.tobytes() != two.tobytes():
                    sys.exit(f"{level} at {symbols}: results of one and two threads differ")
                excess = np.abs(one.astype(np.float64) - wanted) / bound
                if one.shape != wanted.shape or not excess.max() <= 1:
                    sys.exit(f"{level} at {symbols}: error is {excess.max():.3g} times the bound, shape {one.shape} against {wanted.shape}")
                print(f"{level} at {symbols}: error is {excess.max():.2f} of the bound")


def planted() -> None:
    def spoil(model: Model) -> None:
        model.weights["w0"][5, 7, 1, 2] += 0.01

    try:
        run("conv-winograd", spoil=spoil)
    except SystemExit as end:
        if "times the bound" in str(end):
            return
    sys.exit("a filter that is off by 0.01 in one number was not noticed")


def plantedOnGpu(name: str) -> None:
    if name in PLANTED:
        (edit, message), case, chip = PLANTED[name], "warpgroups-two-inputs", "sm_90a"
    else:
        (edit, case, chip), message = PLANTED_IN_PARTS[name], "no griddepcontrol.wait" if "await" in name else "times the bound"
    cameo.expectNoticed(edit, message, lambda: runOnGpus(case, chips=[chip]))


def main() -> None:
    if sys.argv[1] == "list":
        onGpus = [name for name in CASES if name not in SLOW and not name.startswith("sparse")]
        print("\n".join([*CASES, *(f"{p}-{name}" for p in ("bf16", "f16") for name in ROUNDED), *(f"gpu-{name}" for name in onGpus),
                         *(f"gpu-{p}-{name}" for p in ("tf32", "f16") for name in TENSOR_CORES),
                         *(f"early-{name}" for name in EARLY), "planted", *(f"planted-{name}" for name in [*PLANTED, *PLANTED_IN_PARTS])]))
    elif sys.argv[2] == "planted":
        planted()
    elif sys.argv[2].startswith("planted-"):
        plantedOnGpu(sys.argv[2].removeprefix("planted-"))
    elif sys.argv[2].startswith("early-"):
        os.environ["CAMEO_CUDASIM"] = "early=1,seed=7"
        runOnGpus(sys.argv[2].removeprefix("early-"), chips=["sm_90a"])
    else:
        name = sys.argv[2].removeprefix("gpu-")
        precision = next((p for p in ROUNDING if name.startswith(f"{p}-")), "f32")
        (runOnGpus if name != sys.argv[2] else run)(name.removeprefix(f"{precision}-"), precision)


if __name__ == "__main__":
    main()
