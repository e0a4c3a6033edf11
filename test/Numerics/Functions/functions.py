#!/usr/bin/env python3
"""functions.py - exp, log, tanh, ... of compiled programs against double precision, with the bounds that MathFunctions.h states.

    functions.py list         one case per function and CPU level, and `planted`: a result off by three units is reported
    functions.py run CASE

Arguments are a million bit patterns of f32, evenly spaced from 0 to NaN with either sign, and the edges: zeros, subnormals,
infinities, and both sides of the places where a function changes its method. References are NumPy's and Python's in f64, whose
error of about 2^-53 does not count. An error is measured in units of the last place (ULP) of the exact result's binade.
"""
import math
import pathlib
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "test/Support"))
import cameo

LEVELS = ["x86-64-v2", "x86-64-v3", "native"]


def sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x < 0, e, 1.0) / (1.0 + e)


# name: ONNX op, attributes, reference in f64, largest error in ULP, places where the method changes
FUNCTIONS = {
    "exp": ("Exp", {}, np.exp, 1.0, [88.72284, -103.97208, -87.33655]),
    "expm1": ("Elu", {"alpha": 1.0}, lambda x: np.where(x < 0, np.expm1(x), x), 1.5, [-30.0, -0.3465736]),
    "log": ("Log", {}, np.log, 1.1, [2 / 3, 4 / 3, 1.0, 2.0**-126]),
    "tanh": ("Tanh", {}, np.tanh, 1.4, [0.625, -0.625, 9.01]),
    "erf": ("Erf", {}, np.vectorize(math.erf, otypes=[np.float64]), 1.1, [0.927734375, 4.0, -4.0]),
    "sigmoid": ("Sigmoid", {}, sigmoid, 2.2, [0.0, -88.0, 88.0]),
    "gelu": ("Gelu", {}, lambda x: x * 0.5 * np.vectorize(math.erfc, otypes=[np.float64])(-x / math.sqrt(2)), 3.2, [0.0]),
    "sin": ("Sin", {}, np.sin, 1.5, [2.0**20, math.pi, math.pi / 4]),
    "cos": ("Cos", {}, np.cos, 1.5, [2.0**20, math.pi / 2, math.pi / 4]),
    "pow": ("Pow", {}, np.power, 0.6, [1.0, 2 / 3, 4 / 3]),
}


# Subnormal results of these may be 0.
DECAYING = {"sigmoid"}


def arguments(edges) -> np.ndarray:
    patterns = np.arange(0, 2**32, 4093, dtype=np.uint32)
    bits = np.array([0, 1, 0x7FFFFF, 0x800000, 0x7F7FFFFF, 0x7F800000, 0x7FC00000, 0x7F800001, 0x3F800000], np.uint32)
    near = np.array(edges, np.float32).view(np.uint32)[:, None] + np.arange(-64, 65, dtype=np.int64)
    return np.concatenate([patterns, bits, bits | 0x80000000, near.ravel().astype(np.uint32)]).view(np.float32)


def model(op: str, inputs: list[str], attributes: dict) -> onnx.ModelProto:
    value = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n"])
    graph = helper.make_graph([helper.make_node(op, inputs, ["out"], **attributes)], op, [value(i) for i in inputs], [value("out")])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def compute(op: str, feeds: dict, attributes: dict, cpu: str) -> np.ndarray:
    with tempfile.TemporaryDirectory() as folder:
        onnx.save(model(op, list(feeds), attributes), f"{folder}/m.onnx")
        return cameo.Program(cameo.compileModel(f"{folder}/m.onnx", "-O3", f"--cpu={cpu}"), threads=1).run(feeds)["out"]


def report(feeds: dict, got: np.ndarray, exact: np.ndarray, bound: float) -> str:
    """Empty when every result is within `bound`, else a sentence about the worst."""
    with np.errstate(all="ignore"):
        wanted = exact.astype(np.float32)
    special = ~np.isfinite(wanted) | ~np.isfinite(got)
    # Where the exact result lies within the bound of overflow, infinity and the largest number are both right.
    edge = special & (np.abs(exact) >= float(np.finfo(np.float32).max)) & (np.abs(exact) < 2.0**128) & (np.abs(got) >= np.finfo(np.float32).max)
    wrong = special & ~edge & ~((np.isnan(wanted) & np.isnan(got)) | (wanted == got))
    wrong |= (exact == 0) & (got == 0) & (np.signbit(exact) != np.signbit(got))
    exponent = np.frexp(np.where(special, 1.0, exact))[1]
    got64 = np.where(special, 0, got).astype(np.float64)
    error = np.abs(got64 - np.where(special, 0, exact)) * np.exp2(24.0 - np.maximum(exponent, -125))
    error = np.where(wrong, np.inf, error)
    worst = int(np.argmax(error))
    at = ", ".join(f"{v[worst]!r}" for v in feeds.values())
    line = f"largest error {error[worst]:.3f} ULP at {at}: {got[worst]!r}, exactly {exact[worst]!r}; bound {bound}"
    print(line)
    return line if error[worst] > bound else ""


def run(case: str) -> str:
    name, cpu = case.split(".", 1) if "." in case else ("exp", "native")
    op, attributes, reference, bound, edges = FUNCTIONS[name]
    feeds = {"x": arguments(edges)}
    if name == "pow":
        rng = np.random.default_rng(0)
        special = np.array([0.0, -0.0, 1, -1, 2, -2, 0.5, -0.5, 3, -3, np.inf, -np.inf, np.nan, 1e-40, 1e38, -1e38, 16777216, 1.5], np.float32)
        pairs = np.stack(np.meshgrid(special, special)).reshape(2, -1)
        base = np.concatenate([feeds["x"], rng.uniform(0.01, 20, 1 << 20).astype(np.float32), pairs[0]])
        power = np.concatenate([rng.permutation(feeds["x"]), rng.uniform(-20, 20, 1 << 20).astype(np.float32), pairs[1]])
        feeds = {"x": base, "y": power}
    elif name == "gelu":
        feeds["x"] = feeds["x"][~(feeds["x"] <= 0) & np.isfinite(feeds["x"])]  # below 0 it is not in ULP: FastPath compares there
    elif name in ("sin", "cos"):
        feeds["x"] = np.concatenate([feeds["x"], np.linspace(-100, 100, 1 << 20, dtype=np.float32)])
    if case != "planted" and cpu != "native" and not supported(cpu):
        return "skip"
    got = compute(op, feeds, attributes, cpu)
    with np.errstate(all="ignore"):
        exact = reference(*(v.astype(np.float64) for v in feeds.values()))
    if name in DECAYING:
        subnormal = np.abs(exact) < 2.0**-126
        exact, got = np.where(subnormal, 0, exact), np.where(subnormal & (np.abs(got) < 2.0**-126), 0, got)
    if case == "planted":
        place = int(np.argmax(feeds["x"] > 1.5))
        got = got.copy()
        got[place] = np.nextafter(np.nextafter(np.nextafter(got[place], np.inf), np.inf), np.inf)
        return "" if report(feeds, got, exact, bound) else "an error of three units was not reported"
    return report(feeds, got, exact, bound)


def supported(cpu: str) -> bool:
    flags = pathlib.Path("/proc/cpuinfo").read_text()
    return all(f" {flag}" in flags for flag in {"x86-64-v2": ["sse4_2"], "x86-64-v3": ["avx2", "fma"]}[cpu])


if __name__ == "__main__":
    if sys.argv[1] == "list":
        print("\n".join([f"{name}.{cpu}" for name in FUNCTIONS for cpu in LEVELS] + ["planted"]))
    else:
        problem = run(sys.argv[2])
        if problem:
            print(problem)
        sys.exit(77 if problem == "skip" else int(bool(problem)))
