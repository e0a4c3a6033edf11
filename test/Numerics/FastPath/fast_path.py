#!/usr/bin/env python3
"""fast_path.py - what -O3 computes against the naive loops of -O0, op by op, at sizes that leave rests of every kind.

    fast_path.py list         one case per family, and `planted`: a wrong element is reported
    fast_path.py run CASE

The cases of a family are nodes of one model. It is compiled at -O0 and, at -O3, for this machine and for AVX2 (casts also for SSE); -O3 runs on one thread and on two, which must agree bit
for bit. Tolerances: `exact` for what only moves, compares or converts; else `ulp` units in the last place of the largest magnitude
that entered a result: a sum of n products in another order differs by at most n 2^-24 of the sum of magnitudes, in practice by
its square root, and the functions of MathFunctions.h by up to 2.2. A family of reductions compares with the largest result (ulp above 4).
"""
import pathlib
import sys
import tempfile

import ml_dtypes
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "test/Support"))
import cameo

TYPES = {"f32": (TensorProto.FLOAT, np.float32), "f16": (TensorProto.FLOAT16, np.float16), "f64": (TensorProto.DOUBLE, np.float64),
         "u8": (TensorProto.UINT8, np.uint8), "i8": (TensorProto.INT8, np.int8), "i32": (TensorProto.INT32, np.int32),
         "i64": (TensorProto.INT64, np.int64), "bool": (TensorProto.BOOL, np.bool_), "bf16": (TensorProto.BFLOAT16, ml_dtypes.bfloat16)}


class Case:
    """One node; inputs are (type, shape), or an array for a constant. `ulp` 0: exact."""

    def __init__(self, op, inputs, ulp=0.0, outputs=1, dynamic=False, opset=23, scale=2.0, **attributes):
        self.op, self.inputs, self.ulp, self.outputs, self.dynamic = op, inputs, ulp, outputs, dynamic
        self.opset, self.scale, self.attributes = opset, scale, attributes

    def add(self, prefix: str, graph: onnx.GraphProto, feeds: dict) -> None:
        """Adds the node, its inputs and outputs, all named `prefix`..., to a graph."""
        rng = np.random.default_rng(0)
        names = []
        for number, given in enumerate(self.inputs):
            name = f"{prefix}x{number}"
            names.append("" if given is None else name)
            if isinstance(given, (np.ndarray, np.generic)):
                graph.initializer.append(numpy_helper.from_array(np.asarray(given), name))
            elif given is not None:
                kind, shape = given
                proto, dtype = TYPES["f32" if kind == "special" else kind]
                if kind == "special":
                    feeds[name] = rng.choice(np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1, -1, 2], np.float32), shape)
                elif kind == "bool":
                    feeds[name] = rng.random(shape) < 0.5
                elif np.issubdtype(dtype, np.integer):
                    feeds[name] = rng.integers(0, 5, shape).astype(dtype)
                else:
                    feeds[name] = (rng.standard_normal(shape) * self.scale).astype(dtype)
                dims = [f"{name}d{axis}" for axis in range(len(shape))] if self.dynamic else shape
                graph.input.append(helper.make_tensor_value_info(name, proto, dims))
        outputs = [f"{prefix}y{i}" for i in range(self.outputs)]
        graph.node.append(helper.make_node(self.op, names, outputs, **self.attributes))
        graph.output.extend(onnx.ValueInfoProto(name=o) for o in outputs)

    def __str__(self):
        inputs = [(x.tolist() if x.size < 10 else x.shape) if isinstance(x, (np.ndarray, np.generic)) else x for x in self.inputs]
        return f"{self.op} {inputs} {self.attributes} dynamic={self.dynamic}"


def f32(*shape):
    return ("f32", list(shape))


def special(*shape):
    """Few values, so that many are equal: NaN, infinities, zeros of both signs."""
    return ("special", list(shape))


def ints(*values):
    return np.array(values, np.int64)


LASTS = [1, 3, 7, 8, 15, 16, 17, 33, 100, 1031]


def each(function):
    return [function(n) for n in LASTS]


def recurrent(op: str, gates: int, hidden: int, batch: int, **attributes) -> Case:
    """With constant weights, so that they can be packed. Three steps of 2 inputs; an error of one step goes through all."""
    rng = np.random.default_rng(hidden)
    directions = 2 if attributes.get("direction") == "bidirectional" else 1
    w, r, bias = (rng.standard_normal((directions, *s)).astype(np.float32) * 0.3 for s in ((gates * hidden, 2), (gates * hidden, hidden), (2 * gates * hidden,)))
    return Case(op, [f32(3, batch, 2), w, r, bias], ulp=32, outputs=3 if op == "LSTM" else 2, hidden_size=hidden, **attributes)


FAMILIES = {
    "recurrent": [recurrent(op, gates, hidden, batch, **a) for op, gates, a in (("RNN", 1, {}), ("GRU", 3, {"linear_before_reset": 1}), ("LSTM", 4, {"direction": "bidirectional"}))
                  for hidden, batch in ((1, 1), (7, 3), (16, 9), (40, 1), (37, 11))]
    + [Case("LSTM", [("f32", [2, 3, 4]), *(np.full((1, 4 * 20, n), 0.1, np.float32) for n in (4, 20))], ulp=32, outputs=3, dynamic=True, hidden_size=20, direction="reverse"),
       recurrent("GRU", 3, 20, 2, clip=0.4, linear_before_reset=1)],
    "pointwise": each(lambda n: Case("Add", [f32(5, n), f32(5, n)]))
    + each(lambda n: Case("Mul", [f32(3, 4, n), f32(n)]))
    + each(lambda n: Case("Sub", [f32(3, n, 2), f32(n, 1)]))
    + [Case(op, [f32(2, 3, 77)], dynamic=d) for op in ("Relu", "Abs", "Neg", "Floor", "Ceil", "Round", "Sqrt", "Sign", "HardSwish") for d in (False, True)]
    + [Case("Max", [f32(4, 37), f32(37)]), Case("Min", [f32(4, 37), f32(37)]), Case("Clip", [f32(4, 37), np.float32(-1), np.float32(1)])]
    + [Case("Where", [("bool", [3, 41]), f32(3, 41), f32(41)]), Case("Less", [f32(3, 41), f32(3, 41)]), Case("Not", [("bool", [3, 41])])]
    + [Case("Add", [("i64", [3, 41]), ("i64", [41])]), Case("Div", [("i32", [3, 41]), np.int32(7)]), Case("Add", [("f16", [3, 41]), ("f16", [41])])],
    "functions": [Case(op, [f32(3, 347)], ulp=4, **a) for op, a in (("Exp", {}), ("Log", {}), ("Tanh", {}), ("Erf", {}), ("Sigmoid", {}), ("Sin", {}),
                  ("Cos", {}), ("Elu", {}), ("Softplus", {}), ("Mish", {}), ("Atan", {}), ("Asinh", {}))]
    + [Case("Gelu", [f32(3, 347)], ulp=8), Case("Gelu", [f32(3, 347)], ulp=8, approximate="tanh")]  # cancels below 0
    + [Case("Pow", [f32(3, 347), f32(347)], ulp=4), Case("Pow", [f32(3, 347), np.float32(2)], ulp=2), Case("Exp", [("f16", [3, 347])], ulp=2), Case("Exp", [("f64", [3, 37])], ulp=4)],
    "casts": [Case("Cast", [(a, [3, 77])], to=TYPES[b][0]) for a in TYPES for b in TYPES if a != b],
    "quantization": [Case("QuantizeLinear", [f32(3, 77), np.float32(0.05), z]) for z in (np.uint8(128), np.int8(3))]
    + [Case("DequantizeLinear", [("u8", [3, 77]), np.float32(0.05), np.uint8(128)])],
    "softmax": each(lambda n: Case("Softmax", [f32(6, n)], ulp=8))
    + [Case("Softmax", [f32(3, 19, n)], ulp=8, axis=1) for n in LASTS]
    + [Case(op, [f32(3, 20, 45)], ulp=8, axis=a, dynamic=d) for op in ("Softmax", "LogSoftmax") for a in (0, 1, 2) for d in (False, True)]
    + [Case("Softmax", [("f16", [4, 45])], ulp=2), Case("Softmax", [f32(4, 45)], ulp=8, scale=60.0)],
    "norms": each(lambda n: Case("LayerNormalization", [f32(6, n), f32(n), f32(n)], ulp=32))
    + each(lambda n: Case("RMSNormalization", [f32(6, n), f32(n)], ulp=16))
    + [Case("LayerNormalization", [f32(2, 5, 45), f32(45)], ulp=32, dynamic=True), Case("LayerNormalization", [f32(4, 6, 50), f32(6, 50), f32(6, 50)], ulp=32, axis=1),
       Case("InstanceNormalization", [f32(2, 5, 7, 9), f32(5), f32(5)], ulp=32), Case("GroupNormalization", [f32(2, 6, 7, 9), f32(6), f32(6)], ulp=32, num_groups=3),
       Case("BatchNormalization", [f32(2, 5, 7, 9), f32(5), f32(5), f32(5), np.full(5, 0.7, np.float32)], ulp=8), Case("LRN", [f32(2, 7, 5, 9)], ulp=8, size=3)],
    # A convolution beside them has them computed by means of channels (cameo-normalize-by-channel).
    "channel-norms": [Case("Conv", [f32(1, 3, 7, 9), np.full((5, 3, 1, 1), 0.5, np.float32)], ulp=8)]
    + [Case("InstanceNormalization", [(t, [2, n, 7, 9]), (t, [n]), (t, [n])], ulp=32 if t == "f32" else 5) for t in ("f32", "f16", "f64") for n in (1, 5, 16, 37)]
    + [Case("GroupNormalization", [f32(2, 6, *spatial), f32(6), f32(6)], ulp=32, num_groups=g) for spatial in ((33,), (7, 9), (3, 5, 9)) for g in (1, 3, 6)],
    # Few channels and constant filters: their phases are channels of one convolution (cameo-merge-phases).
    "phases": [Case("ConvTranspose", [f32(2, 5, 7, 6), np.random.default_rng(k).standard_normal((5, o, k, k + 1)).astype(np.float32)], ulp=64, strides=list(s), pads=list(p), output_padding=list(q))
               for o, k, s, p, q in ((1, 9, (2, 2), (4, 4, 4, 4), (1, 1)), (3, 4, (2, 2), (1, 1, 1, 1), (0, 0)), (2, 5, (3, 1), (2, 0, 1, 3), (2, 0)), (1, 8, (4, 3), (0, 2, 3, 1), (0, 1)), (1, 7, (1, 2), (-1, 0, 2, 0), (0, 0)))]
              + [Case("ConvTranspose", [f32(2, 5, *x), np.random.default_rng(len(x)).standard_normal((5, o, *k)).astype(np.float32)], ulp=64, strides=list(s), pads=list(p), output_padding=list(q))
                 for x, o, k, s, p, q in (((19,), 1, (16,), (8,), (0, 0), (0,)), ((9,), 2, (7,), (3,), (2, 1), (1,)), ((3, 4, 5), 1, (4, 4, 5), (2, 2, 3), (1, 1, 1, 1, 2, 1), (0, 0, 0)))],
    # Filters that only the run knows, and places between the pixels: windows are gathered (cameo-multiply-windows), or a kernel adds up the taps of each channel.
    "windows": [Case("Conv", [(t, x), (t, w)], ulp=u, dynamic=d, **a) for t, u in (("f32", 32), ("f64", 32), ("f16", 8)) for d in (False, True) for x, w, a in
                         (([2, 6, 9, 11], [16, 3, 3, 2], {"group": 2, "strides": [2, 1], "dilations": [1, 2], "pads": [1, 0, 2, 1]}), ([1, 5, 40], [9, 5, 1], {}), ([2, 3, 5, 4, 6], [8, 3, 2, 1, 3], {"pads": [1, 0, 0, 0, 0, 1]}),
                          ([2, 5, 12, 37], [5, 1, 3, 4], {"group": 5, "pads": [1, 2, 1, 1], "strides": [1, 2]}), ([1, 4, 8, 9], [4, 1, 9, 8], {"group": 4, "pads": [4] * 4}), ([1, 20, 7, 7], [2, 20, 5, 5], {}))]
    + [Case("ConvTranspose", [(t, x), (t, w)], ulp=32, dynamic=d, **a) for t, d in (("f32", False), ("f64", False), ("f32", True)) for x, w, a in
       (([2, 16, 5, 7], [16, 3, 3, 3], {"group": 2, "strides": [2, 2], "pads": [1] * 4, "output_padding": [1, 0]}), ([1, 9, 9], [9, 4, 5], {"strides": [3], "dilations": [2], "pads": [4, 1]}),
        ([1, 8, 4, 3, 5], [8, 2, 2, 3, 1], {"strides": [2, 1, 1]}), ([1, 3, 8], [3, 2, 2], {"strides": [3]}))]
    + [Case("DeformConv", [f32(*x), f32(*w), f32(*o), f32(w[0]), *mask], ulp=64, dynamic=d, **a) for d in (False, True) for x, w, o, mask, a in
       (([2, 4, 9, 11], [6, 4, 3, 3], [2, 18, 9, 11], [], {"pads": [1] * 4}), ([1, 8, 7, 8], [4, 4, 2, 3], [1, 24, 3, 6], [f32(1, 12, 3, 6)], {"group": 2, "offset_group": 2, "strides": [2, 1]}),
        ([1, 2, 1, 6], [3, 2, 1, 2], [1, 4, 1, 4], [f32(1, 2, 1, 4)], {"dilations": [1, 2]}))],
    "reductions": [Case(op, [f32(4, 6, n), ints(*axes)], ulp=u, keepdims=k) for op, u in (("ReduceSum", 16), ("ReduceMax", 0), ("ReduceMin", 0), ("ReduceMean", 16), ("ReduceProd", 16))
                   for n in (1, 7, 17, 100) for axes, k in (((2,), 1), ((0,), 0), ((1,), 0), ((0, 1, 2), 0), ((1, 2), 1))]
    + [Case(op, [f32(4, 6, 50), ints(1)], ulp=32, dynamic=True) for op in ("ReduceSum", "ReduceL2", "ReduceLogSumExp", "ReduceSumSquare")]
    + [Case("ReduceSum", [("i64", [4, 50]), ints(1)]), Case("ReduceMax", [("u8", [4, 150]), ints(1)]), Case("ReduceSum", [("f16", [4, 50]), ints(1)], ulp=2), Case("GlobalAveragePool", [f32(2, 20, 7, 7)], ulp=16)],
    # Rows far from each other, with rests of rows and columns.
    "rows": [Case(op, [x, ints(0)], ulp=u, keepdims=0) for op, u in (("ReduceSum", 16), ("ReduceMax", 0)) for x in (f32(17, 1031), f32(16, 2048), f32(39, 2, 1100), f32(35, 2500), special(21, 1100), ("f16", [33, 2100]), ("i64", [18, 600]))]
    + [Case(op, [("bool", [19, n]), ints(0)], keepdims=0) for op in ("ReduceMax", "ReduceMin") for n in (600, 2100)]
    + [Case("ReduceMean", [f32(2, 20, 1100), ints(1)], ulp=16), Case("ReduceSum", [f32(3, 19, 1500), ints(0, 1)], ulp=32), Case("ReduceSum", [f32(40, 300), ints(0)], ulp=16, dynamic=True)]
    + [Case("ArgMax", [f32(23, 1100)], axis=0, select_last_index=s) for s in (0, 1)] + [Case("ArgMin", [special(19, 2100)], axis=0, dynamic=True)]
    + [Case("CumSum", [f32(21, 1100), np.int64(0)], ulp=64, exclusive=e, reverse=r) for e in (0, 1) for r in (0, 1)] + [Case("CumSum", [("i32", [9, 3000]), np.int64(0)])],
    "extrema": [Case(op, [f32(4, 23, n)], axis=a, select_last_index=s) for op in ("ArgMax", "ArgMin") for n in (1, 9, 40) for a in (0, 1, 2) for s in (0, 1)]
    + [Case(op, [x], axis=1, select_last_index=s, dynamic=d) for op in ("ArgMax", "ArgMin") for x in (special(7, 100), ("i8", [7, 100]), ("f64", [3, 41])) for s, d in ((0, 0), (1, 1))]
    + [Case("TopK", [x(3, n), ints(k)], outputs=2, largest=l) for x in (f32, special) for n, k in ((1, 1), (57, 7), (57, 57), (300, 16), (300, 17), (1031, 1), (1031, 5), (1031, 100)) for l in (0, 1)]
    + [Case("TopK", [(t, [130, 70]), ints(k)], outputs=2, largest=l) for t in ("u8", "i8", "i32", "i64", "f16", "f64") for k, l in ((3, 0), (20, 1))]
    + [Case("TopK", [f32(4, 101, 5), ints(k)], outputs=2, axis=a, dynamic=d) for k, a in ((3, 0), (4, 1), (40, 1), (2, 2)) for d in (0, 1)]
    + [Case("TopK", [f32(5, 57), ("i64", [1])], outputs=2)]
    + [Case("Hardmax", [x], axis=a) for x in (special(6, 50), f32(4, 33)) for a in (0, 1)],
    # Blocks of channels, with rests.
    "places": [Case("GridSample", [f32(2, c, 9, 7), grid(2, 6, 11, 2)], ulp=16, mode=m, padding_mode=p) for c, grid in ((1, f32), (7, f32), (5, special))
               for m in ("nearest", "linear", "cubic") for p in ("zeros", "border", "reflection")]
    + [Case("GridSample", [f32(2, 6, 5, 4, 7), f32(2, 3, 6, 5, 3)], ulp=16, align_corners=1), Case("GridSample", [f32(1, 9, 8, 7), f32(1, 6, 5, 2)], ulp=16, dynamic=True)]
    + [Case("RoiAlign", [f32(5, c, 13, 19), f32(6, 4), ("i64", [6])], ulp=32, scale=6.0, output_height=3, output_width=2, sampling_ratio=r, mode=m, dynamic=d)
       for c, r, m, d in ((1, 0, "avg", 0), (8, 2, "avg", 0), (21, 0, "avg", 1), (11, 2, "max", 0), (3, 0, "max", 1))],
    "pools": [Case(op, [f32(1, 19, 17, h)], ulp=u, kernel_shape=[k, k], strides=[s, s], pads=[p] * 4) for op, u in (("MaxPool", 0), ("AveragePool", 8))
              for h in (13, 40) for k, s, p in ((2, 2, 0), (3, 2, 1), (3, 1, 1), (5, 1, 2), (1, 2, 0))]
    + [Case("MaxPool", [f32(2, 3, 50)], kernel_shape=[3], strides=[2]), Case("MaxPool", [f32(1, 3, 20, 20)], outputs=2, kernel_shape=[2, 2]),
       Case("MaxPool", [("u8", [1, 3, 9, 40])], kernel_shape=[3, 3], pads=[1] * 4), Case("AveragePool", [f32(1, 3, 20, 40)], ulp=8, kernel_shape=[3, 3], pads=[1] * 4, count_include_pad=1),
       Case("MaxPool", [f32(1, 3, 21, 41)], kernel_shape=[3, 3], strides=[2, 2], dilations=[2, 2], ceil_mode=1), Case("MaxPool", [f32(2, 5, 21, 41)], kernel_shape=[3, 3], pads=[1] * 4, dynamic=True)]
    # Rows longer than what is kept of them, strides up to more than vectors are shuffled for, three axes, windows of many taps, windows that padding fills.
    + [Case(op, [f32(*shape)], ulp=u, dynamic=d, kernel_shape=list(ks), strides=list(s), pads=list(p)) for op, u in (("MaxPool", 0), ("AveragePool", 8), ("LpPool", 16)) for d in (False, True)
       for shape, ks, s, p in (((2, 3, 2500), (3,), (1,), (1, 0)), ((1, 2, 3, 1100), (1, 4), (1, 3), (0, 2, 0, 1)), ((1, 3, 700), (5,), (5,), (2, 2)), ((1, 2, 5, 6, 30), (3, 2, 3), (1, 2, 2), (1, 0, 1, 1, 1, 1)),
                               ((1, 3, 9, 50), (5, 40), (2, 1), (2, 20, 2, 19)), ((1, 40, 6, 6), (6, 6), (1, 1), (5, 5, 5, 5)))]
    + [Case("AveragePool", [f32(1, 3, 11, 30)], ulp=8, kernel_shape=[3, 4], strides=[2, 3], dilations=[2, 3], pads=[1, 2, 1, 3], count_include_pad=c, ceil_mode=m) for c in (0, 1) for m in (0, 1)],
    "movement": [Case("Transpose", [f32(3, 18, 35)], perm=p, dynamic=d) for p in ([0, 2, 1], [2, 1, 0], [1, 0, 2], [2, 0, 1], [1, 2, 0]) for d in (False, True)]
    + [Case("Transpose", [(t, [33, 50])], perm=[1, 0]) for t in ("u8", "f16", "f64", "bool", "i64")] + [Case("Transpose", [f32(1, 3, 20, 33)], perm=[0, 2, 3, 1]), Case("Transpose", [f32(1, 20, 33, 3)], perm=[0, 3, 1, 2])]
    + [Case("Transpose", [(t, [2, n, 41])], perm=[0, 2, 1]) for t in ("f32", "u8") for n in (2, 3, 4, 7)] + [Case("Transpose", [(t, [2, 41, n])], perm=[0, 2, 1]) for t in ("f32", "u8") for n in (2, 3, 4, 7)]
    + [Case("Concat", [f32(3, 5, 7), f32(3, 2, 7), f32(3, 20, 7)], axis=1), Case("Concat", [f32(4, 5), f32(4, 33)], axis=1), Case("Split", [f32(4, 38), ints(5, 33)], outputs=2, axis=1)]
    + [Case("Pad", [f32(3, 18, 35), ints(0, 1, 2, 0, 3, 4)], mode=m) for m in ("constant", "edge", "reflect")]
    + [Case("Pad", [f32(*x), ints(*p)], mode=m, dynamic=d) for m in ("edge", "reflect", "wrap") for d in (False, True)
       for x, p in (((3, 4, 100), (0, 2, 1, 0, 1, 2)), ((2, 40), (0, 37, 0, 5)), ((2, 3, 33), (0, 0, -2, 0, 0, 20)), ((3, 5), (0, 4, 0, 4)))]
    + [Case("Slice", [f32(3, 18, 35), ints(1, 2), ints(17, 30), ints(1, 2), ints(*s)]) for s in ((1, 1), (2, 3))] + [Case("Slice", [f32(3, 35), ints(-1), ints(-99), ints(1), ints(-1)])]
    + [Case("Gather", [f32(100, 37), ("i64", [4, 9])], axis=0), Case("Gather", [f32(7, 100), ("i64", [13])], axis=1), Case("Expand", [f32(5, 1), ints(2, 5, 37)]), Case("Tile", [f32(3, 19), ints(2, 3)])]
    + [Case("ScatterND", [f32(100, 37), np.arange(0, 90, 9).reshape(10, 1), f32(10, 37)]), Case("CumSum", [f32(9, 50), np.array(0)], ulp=32), Case("CumSum", [f32(9, 50), np.array(1)], ulp=32), Case("Trilu", [f32(20, 37)])],
    "resize": [Case("Resize", [f32(1, 5, 9, 13), None, np.array(s, np.float32)], ulp=8, mode=m, coordinate_transformation_mode=c, nearest_mode="floor")
               for m, c in (("nearest", "asymmetric"), ("linear", "half_pixel"), ("cubic", "align_corners")) for s in ((1, 1, 2, 2), (1, 1, 3, 3), (1, 1, 0.6, 1.7))]
    # Rows and columns of which no table has room for all, rows too long to be kept, one axis, three axes, other types, weights that count inside only.
    + [Case("Resize", [(t, shape), None, None, ints(*to)], ulp=u, mode=m, dynamic=d, **more) for m, more in (("nearest", {}), ("linear", {}), ("cubic", {"exclude_outside": 1}))
       for t, u, shape, to, d in (("f32", 16, [1, 2, 9, 70], (1, 2, 5, 1900), False), ("f32", 16, [1, 1, 3, 2200], (1, 1, 1700, 5), False), ("f32", 16, [2, 3, 41], (2, 3, 66), False),
                                  ("f32", 16, [1, 2, 4, 5, 6], (1, 2, 7, 3, 11), False), ("u8", 0, [1, 3, 8, 9], (1, 3, 5, 20), False), ("f64", 16, [1, 3, 8, 9], (1, 3, 5, 20), False),
                                  ("f16", 2, [1, 3, 8, 9], (1, 3, 5, 20), False), ("f32", 16, [1, 3, 8, 9], (1, 3, 5, 20), True))]
    + [Case("Resize", [f32(1, 2, 8, 9), None, None, ints(1, 2, 4, 5)], ulp=8, mode=m, antialias=1) for m in ("linear", "cubic")]
    + [Case("Resize", [f32(1, 2, 8, 9), np.array([0, 0, -.2, .1, 1, 1, .8, 1.3], np.float32), None, ints(1, 2, 12, 14)], ulp=8, mode="linear", coordinate_transformation_mode="tf_crop_and_resize")],
}


def difference(case: Case, got: np.ndarray, wanted: np.ndarray) -> str:
    if got.dtype != wanted.dtype or got.shape != wanted.shape:
        return f"{got.dtype}{got.shape} instead of {wanted.dtype}{wanted.shape}"
    if not case.ulp or not np.issubdtype(got.dtype, np.floating):
        same = (got == wanted) | (got != got) & (wanted != wanted)
        return "" if same.all() else f"{np.count_nonzero(~same)} elements differ, the first is {got[~same][0]!r} instead of {wanted[~same][0]!r}"
    special = ~np.isfinite(wanted)
    if not np.array_equal(got[special], wanted[special], equal_nan=True):
        return "infinities or NaN differ"
    scale = np.maximum(np.abs(wanted[~special]).astype(np.float64), np.max(np.abs(wanted[~special]), initial=0) * (case.ulp > 4))
    error = np.abs(got[~special].astype(np.float64) - wanted[~special]) / (np.finfo(wanted.dtype).eps * scale + np.finfo(wanted.dtype).tiny)
    worst = np.max(error, initial=0)
    return "" if worst <= case.ulp else f"differs by {worst:.1f} units; {case.ulp} are allowed"


def compute(model: onnx.ModelProto, feeds: dict, options: list[str], folder: str) -> list[dict]:
    """The outputs on one thread and on two."""
    onnx.save(model, f"{folder}/m.onnx")
    program = cameo.compileModel(f"{folder}/m.onnx", *options)
    return [cameo.Program(program, threads=threads).run(feeds) for threads in (1, 2)]


def check(cases: list[Case], folder: str, change=lambda array: array, levels: tuple = ("x86-64-v3",)) -> list[str]:
    graph, feeds, problems = onnx.GraphProto(name="cases"), {}, []
    for number, case in enumerate(cases):
        case.add(f"c{number}.", graph, feeds)
    opset = max(case.opset for case in cases)
    model = onnx.shape_inference.infer_shapes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10))
    wanted = compute(model, feeds, ["-O0"], folder)[0]
    for cpu in ["native", *(level for level in levels if level in cameo.LEVELS)]:
        alone, shared = compute(model, feeds, ["-O3", f"--cpu={cpu}"], folder)
        for name in wanted:
            case = cases[int(name[1 : name.index(".")])]
            text = difference(case, change(alone[name]), wanted[name])
            if not text and alone[name].tobytes() != shared[name].tobytes():
                text = "two threads give other bits than one"
            if text:
                problems.append(f"{case} --cpu={cpu}: {name} {text}")
    return problems


def run(name: str) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        if name != "planted":
            # x86-64-v2 has no instructions that convert f16, x86-64-v3 none for bf16.
            return check(FAMILIES[name], folder, levels=("x86-64-v3", "x86-64-v2") if name == "casts" else ("x86-64-v3",))

        def spoil(array):
            spoiled = array.copy()
            spoiled.flat[-1] *= 1 + 2.0**-14
            return spoiled

        cases = [Case("Mul", [f32(3, 17), f32(17)]), Case("ReduceSum", [f32(4, 100), ints(1)], ulp=16)]
        return [f"{case}: a wrong element was not reported" for case in cases if not check([case], folder, spoil)]


if __name__ == "__main__":
    if sys.argv[1] == "list":
        print("\n".join([*FAMILIES, "planted"]))
    else:
        found = run(sys.argv[2])
        print("\n".join(found))
        sys.exit(int(bool(found)))
