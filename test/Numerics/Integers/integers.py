#!/usr/bin/env python3
"""integers.py - products of integers against NumPy over random layers: of bytes bit by bit, of 4-bit weights within a bound.

    integers.py list         one case per kind and CPU level or simulated GPU, and `planted`: a wrong sum is reported
    integers.py run CASE     CASE is KIND-LEVEL or KIND-CHIP

Kinds: matmul (MatMulInteger with a constant right operand), product (both operands known only at run time), conv (ConvInteger: kernels,
strides, dilations, pads, groups, depthwise). Each case has 80 layers of random sizes, types u8 and s8, and zero points (none, per
tensor, per column), drawn from extreme bytes as often as not; it runs at -O3 on one thread and on two. On the simulator of GPUs it has 20.

nibbles (MatMulNBits: blocks of 16 to 128, the last one full or not, one zero point or many): floats may be off by 2 (K + 2) 2^-24 of
the sum of magnitudes. At accuracy level 4 each activation may have been rounded by 1/254 of its block's largest.
"""
import pathlib
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "test/Support"))
import cameo  # noqa: E402

LAYERS = 80
CHIPS = ["sm_80", "sm_90a"]


class Layers:
    """A model of independent layers, their inputs, and what each must give."""

    def __init__(self, seed: int):
        self.rng = np.random.default_rng(seed)
        self.graph, self.feeds, self.wanted, self.bounds = onnx.GraphProto(name="layers"), {}, {}, {}

    def bytes(self, shape) -> np.ndarray:
        dtype = self.rng.choice([np.uint8, np.int8])
        values = self.rng.integers(0, 256, shape, np.uint8)
        if self.rng.random() < 0.5:
            values = self.rng.choice(np.array([0, 127, 128, 255], np.uint8), shape)
        return values.view(dtype)

    def zero(self, of: np.ndarray, columns: int = 0) -> np.ndarray | None:
        """A zero point: none, one, or one per column where there are some."""
        kind = self.rng.integers(0, 4 if columns else 3)
        if kind == 0:
            return None
        count = (columns,) if kind == 3 else ()
        return self.rng.integers(0, 256, count, np.uint8).view(of.dtype)

    def operand(self, name: str, value: np.ndarray | None, constant: bool) -> str:
        if value is None:
            return ""
        if constant:
            self.graph.initializer.append(numpy_helper.from_array(value, name))
        else:
            self.feeds[name] = value
            self.graph.input.append(helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape))
        return name

    def add(self, op: str, x, w, xZero, wZero, wanted: np.ndarray, constant: bool, zeroConstant: bool, **attributes) -> None:
        name = f"y{len(self.wanted)}"
        operands = [self.operand(f"{name}.x", x, False), self.operand(f"{name}.w", w, constant),
                    self.operand(f"{name}.xz", xZero, zeroConstant), self.operand(f"{name}.wz", wZero, True)]
        self.graph.node.append(helper.make_node(op, operands, [name], name=name, **attributes))
        self.graph.output.append(helper.make_tensor_value_info(name, TensorProto.INT32, wanted.shape))
        self.wanted[name] = wanted.astype(np.int32)


def centred(x: np.ndarray, zero: np.ndarray | None) -> np.ndarray:
    return x.astype(np.int64) - (0 if zero is None else zero.astype(np.int64))


def matmul(layers: Layers, constant: bool = True) -> None:
    rng = layers.rng
    m, k, n = (int(rng.choice([1, 2, 3, 5, 17, 40, int(rng.integers(1, 300))])) for _ in range(3))
    if rng.random() < 0.3:  # which the blocks of a GPU share
        k = 2000
    batch = tuple(rng.integers(1, 4, int(rng.integers(0, 3))))
    x, w = layers.bytes((*batch, m, k)), layers.bytes((k, n) if constant or rng.random() < 0.3 else (*batch, k, n))
    xZero, wZero = layers.zero(x), layers.zero(w, n if constant else 0)
    layers.add("MatMulInteger", x, w, xZero, wZero, centred(x, xZero) @ centred(w, wZero), constant, bool(rng.random() < 0.7))


def convolve(x: np.ndarray, w: np.ndarray, strides, dilations, pads, group: int) -> np.ndarray:
    padded = np.pad(x, [(0, 0), (0, 0), (pads[0], pads[2]), (pads[1], pads[3])])
    kernel = [(w.shape[2 + i] - 1) * dilations[i] + 1 for i in (0, 1)]
    windows = np.lib.stride_tricks.sliding_window_view(padded, kernel, axis=(2, 3))
    windows = windows[:, :, :: strides[0], :: strides[1], :: dilations[0], :: dilations[1]]
    split = windows.reshape(x.shape[0], group, -1, *windows.shape[2:])
    filters = w.reshape(group, w.shape[0] // group, *w.shape[1:])
    y = np.einsum("ngchwkl,gockl->ngohw", split, filters, optimize=True)
    return y.reshape(x.shape[0], w.shape[0], *y.shape[3:])


def conv(layers: Layers) -> None:
    rng = layers.rng
    kernel = [int(rng.choice([1, 1, 3, 3, 5, 7])), int(rng.choice([1, 3, 3, 4, 7]))] if rng.random() < 0.8 else [1, 1]
    group = int(rng.choice([1, 1, 2, 3, 8]))
    perGroup, outputs = int(rng.choice([1, 3, 4, 7, 16, 30, 64, 66])), int(rng.choice([1, 4, 9, 16, 33, 70]))
    if rng.random() < 0.25:  # depthwise
        group, perGroup, outputs = int(rng.choice([3, 8, 16, 37, 96])), 1, 1
    strides, dilations = [int(v) for v in rng.integers(1, 3, 2)], [int(v) for v in rng.choice([1, 1, 2], 2)]
    pads = [int(v) for v in rng.integers(0, 3, 4)] if rng.random() < 0.7 else [0, 0, 0, 0]
    sizes = [int(rng.integers((k - 1) * d + 1, 20)) if (k - 1) * d + 1 < 20 else (k - 1) * d + 1 for k, d in zip(kernel, dilations)]
    x, w = layers.bytes((int(rng.integers(1, 3)), group * perGroup, *sizes)), layers.bytes((group * outputs, perGroup, *kernel))
    xZero, wZero = layers.zero(x), layers.zero(w, group * outputs)
    filters = centred(w, None if wZero is None else wZero.reshape(-1, 1, 1, 1))
    wanted = convolve(centred(x, xZero), filters, strides, dilations, pads, group)
    layers.add("ConvInteger", x, w, xZero, wZero, wanted, True, bool(rng.random() < 0.7), strides=strides, dilations=dilations, pads=pads, group=group)


def nibbles(layers: Layers) -> None:
    rng, name = layers.rng, f"y{len(layers.wanted)}"
    m, n, k = (int(rng.choice([1, 1, 2, 5, 13, 30])), int(rng.choice([1, 7, 16, 33, 64, 100])), int(rng.choice([1, 16, 40, 64, 200, 256])))
    size, level = int(rng.choice([16, 32, 64, 128])), int(rng.choice([0, 4]))
    blocks = -(-k // size)
    x = rng.standard_normal((m, k)).astype(np.float32) * np.float32(10) ** rng.integers(-2, 3, (m, 1)).astype(np.float32)
    w = rng.integers(0, 16, (n, blocks * size), np.uint8)
    scale = rng.uniform(-1, 1, (n, blocks)).astype(np.float32)
    zeros = rng.integers(0, 16, (n, blocks), np.uint8) if rng.random() < 0.5 else np.full((n, blocks), rng.integers(0, 16), np.uint8)
    packed = np.pad(zeros, [(0, 0), (0, blocks % 2)]).reshape(n, -1, 2)
    operands = [layers.operand(f"{name}.x", x, False), layers.operand(f"{name}.w", (w[:, ::2] | w[:, 1::2] << 4).reshape(n, blocks, size // 2), True),
                layers.operand(f"{name}.s", scale.reshape(-1), True)]
    if rng.random() < 0.3:
        zeros = np.full((n, blocks), 8, np.uint8)
    else:
        operands.append(layers.operand(f"{name}.z", (packed[..., 0] | packed[..., 1] << 4).reshape(-1), True))
    layers.graph.node.append(helper.make_node("MatMulNBits", operands, [name], name=name, domain="com.microsoft", K=k, N=n, bits=4, block_size=size, accuracy_level=level))
    layers.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [m, n]))
    wide = ((w.astype(np.float64) - np.repeat(zeros, size, 1)) * np.repeat(scale, size, 1).astype(np.float64))[:, :k]
    layers.wanted[name] = x.astype(np.float64) @ wide.T
    magnitudes = np.abs(x).astype(np.float64) @ np.abs(wide.T)
    # A zero point that is summed apart has magnitudes of its own.
    offsets = np.abs(x).astype(np.float64) @ np.abs(np.repeat(zeros.astype(np.float64) * scale, size, 1)[:, :k].T)
    layers.bounds[name] = 2 * (k + 2) * 2.0**-24 * (magnitudes + offsets)
    if level == 4:
        largest = np.abs(np.pad(x, [(0, 0), (0, blocks * size - k)])).reshape(m, blocks, size).max(2)
        layers.bounds[name] += np.repeat(largest, size, 1)[:, :k] * (1 + 1e-5) / 254 @ np.abs(wide.T)


KINDS = {"nibbles": nibbles, "matmul": matmul, "product": lambda layers: matmul(layers, constant=False), "conv": conv}


def check(kind: str, level: str, seed: int, change=lambda array: array) -> list[str]:
    layers = Layers(seed)
    isGpu = level in CHIPS
    for _ in range(LAYERS // 4 if isGpu else LAYERS):
        KINDS[kind](layers)
    model = helper.make_model(layers.graph, opset_imports=[helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)], ir_version=10)
    problems = []
    with tempfile.TemporaryDirectory() as folder:
        onnx.save(model, f"{folder}/m.onnx")
        program = cameo.compileModel(f"{folder}/m.onnx", "-O3", *(["--target=cuda", f"--chip={level}"] if isGpu else [f"--cpu={level}"]))
        for threads in (1,) if isGpu else (1, 2):
            found = cameo.Program(program, threads, "cuda:sim" if isGpu else "cpu").run(layers.feeds)
            for node in layers.graph.node:
                got, wanted = change(found[node.output[0]]), layers.wanted[node.output[0]]
                bound = layers.bounds.get(node.name, 0)
                if got.shape != wanted.shape or not (np.abs(got.astype(np.float64) - wanted) <= bound).all():
                    wrong = np.argwhere(np.abs(got.astype(np.float64) - wanted) > bound) if got.shape == wanted.shape else got.shape
                    operands = [(name, layers.feeds.get(name, name)) for name in node.input]
                    problems.append(f"{threads} threads: {len(wrong)} of {wanted.size} sums are wrong, the first at {wrong[0]}: {onnx.printer.to_text(node)} {wanted.shape} "
                                    + str([v.shape if hasattr(v, "shape") else v for _, v in operands]))
    return problems


def run(case: str) -> list[str]:
    if case != "planted":
        kind, level = case.split("-", 1)
        return check(kind, level, seed=list(KINDS).index(kind) * 10 + [*cameo.LEVELS, *CHIPS].index(level))

    def spoil(array):
        spoiled = array.copy()
        spoiled.flat[-1] += 1
        return spoiled

    return [f"a wrong sum of {kind} was not reported" for kind in ("matmul", "nibbles") if not check(kind, "native", 0, spoil)]


if __name__ == "__main__":
    if sys.argv[1] == "list":
        print("\n".join([f"{kind}-{level}" for kind in KINDS for level in cameo.LEVELS + CHIPS] + ["planted"]))
    else:
        found = run(sys.argv[2])
        print("\n".join(found))
        sys.exit(int(bool(found)))
