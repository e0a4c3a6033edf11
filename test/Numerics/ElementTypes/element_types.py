#!/usr/bin/env python3
"""element_types.py - floats of 8 bits and less and integers below 8 bits: every conversion, and packed elements that are moved.

    element_types.py list
    element_types.py run CASE

A narrow float has at most 256 values, so the right result of a conversion is found by looking: the nearest value, the one with the
even code where two are as near, with the rules of ONNX's Cast for what is too large. Packed elements are moved and computed over sizes
that do not fill bytes, by several threads, and compared with NumPy.
"""
import os
import pathlib
import subprocess
import sys
import tempfile

import ml_dtypes
import numpy as np
import onnx
from onnx import TensorProto as T
from onnx import helper, numpy_helper

ROOT = pathlib.Path(__file__).resolve().parents[3]
BUILD = pathlib.Path(os.environ.get("CAMEO_BUILD", ROOT / "build"))
FLOATS = {T.FLOAT8E4M3FN: ml_dtypes.float8_e4m3fn, T.FLOAT8E4M3FNUZ: ml_dtypes.float8_e4m3fnuz, T.FLOAT8E5M2: ml_dtypes.float8_e5m2,
          T.FLOAT8E5M2FNUZ: ml_dtypes.float8_e5m2fnuz, T.FLOAT4E2M1: ml_dtypes.float4_e2m1fn}
INTEGERS = {T.INT4: (-8, 7), T.UINT4: (0, 15), T.INT2: (-2, 1), T.UINT2: (0, 3)}
SOURCES = {"float": (T.FLOAT, np.float32), "double": (T.DOUBLE, np.float64), "float16": (T.FLOAT16, np.float16)}
NAMES = {v.number: v.name.lower() for v in T.DataType.DESCRIPTOR.values}


def run(nodes, feeds: dict, outputs: dict, level: str, initializers=(), threads=1) -> dict:
    """Compiles the nodes and runs them; `feeds` and the result hold what NumPy's files hold."""
    types = {np.dtype(np.float32): T.FLOAT, np.dtype(np.float64): T.DOUBLE, np.dtype(np.float16): T.FLOAT16, np.dtype(np.int64): T.INT64,
             np.dtype(np.int8): T.INT8, np.dtype(np.uint8): T.UINT8}
    inputs = [helper.make_tensor_value_info(n, kind or types[a.dtype], a.shape) for n, (a, kind) in feeds.items()]
    results = [helper.make_tensor_value_info(n, t, None) for n, t in outputs.items()]
    graph = helper.make_graph(nodes, "test", inputs, results, initializer=list(initializers))
    with tempfile.TemporaryDirectory() as folder:
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 25)], ir_version=13), f"{folder}/m.onnx")
        np.savez(f"{folder}/in.npz", **{n: a for n, (a, _) in feeds.items()})
        subprocess.run([BUILD / "bin/cameo-compile", f"{folder}/m.onnx", "-o", f"{folder}/m.cameo", f"-{level}"], check=True)
        subprocess.run([BUILD / "bin/cameo-run", f"{folder}/m.cameo", "--input", f"{folder}/in.npz", "--output", f"{folder}/out.npz",
                        "--threads", str(threads), "--json"], check=True, stdout=subprocess.DEVNULL)
        with np.load(f"{folder}/out.npz") as archive:
            return {n: archive[n] for n in archive}


def check(name: str, got: np.ndarray, wanted: np.ndarray) -> None:
    if got.shape != wanted.shape:
        sys.exit(f"{name}: shape {got.shape}, expected {wanted.shape}")
    same = (got == wanted) | ((got != got) & (wanted != wanted))
    if not same.all():
        at = tuple(np.argwhere(~same)[0])
        sys.exit(f"{name}: {int((~same).sum())} of {same.size} differ, first at {at}: {got[at]!r}, expected {wanted[at]!r}")


def nearest(x: np.ndarray, kind: int, saturate: bool) -> np.ndarray:
    """The bits that x (in f64) becomes."""
    dtype = FLOATS[kind]
    width = 4 if kind == T.FLOAT4E2M1 else 8
    codes = np.arange(1 << (width - 1), dtype=np.uint8)
    values = codes.view(dtype).astype(np.float64)
    codes, values = codes[np.isfinite(values)], values[np.isfinite(values)]
    size = np.abs(x)
    above = np.clip(np.searchsorted(values, size), 1, len(values) - 1)
    low, high = values[above - 1], values[above]
    with np.errstate(invalid="ignore"):
        up = (size - low > high - size) | ((size - low == high - size) & (codes[above] % 2 == 0))
        # One step above the largest value is where "too large" begins, after rounding.
        step = values[-1] - values[-2]
        tooLarge = (size > values[-1] + step / 2) | ((size == values[-1] + step / 2) & (codes[-1] % 2 == 1))
    result = np.where(up, codes[above], codes[above - 1]).astype(np.uint8)
    with np.errstate(all="ignore"):
        nan = np.array(np.nan, np.float32).astype(dtype).view(np.uint8)
        infinity = np.array(np.inf, np.float32).astype(dtype).view(np.uint8)
    top = codes[-1] if saturate or width == 4 else infinity & 0x7F if kind in (T.FLOAT8E5M2, T.FLOAT8E4M3FN) else nan
    result = np.where(tooLarge, top, result)
    signed = (result != 0) & (result != 0x80) if kind in (T.FLOAT8E4M3FNUZ, T.FLOAT8E5M2FNUZ) else np.ones(x.shape, bool)
    result = np.where(signed & np.signbit(x), result | (1 << (width - 1)), result)
    if kind in (T.FLOAT8E4M3FN, T.FLOAT8E5M2):  # the others have one NaN, or none
        nan = np.where(np.signbit(x), nan | 0x80, nan & 0x7F)
    return np.where(np.isnan(x), nan, result).astype(np.uint8)


def arguments(dtype) -> np.ndarray:
    """All values of the narrow types, the middles between neighbours, what lies just beside both, and the edges."""
    points = [np.array([0.0, np.inf, np.nan, 1e-30, 1e30, 65504.0, 2.0**-24])]
    for kind in FLOATS.values():
        values = np.arange(128, dtype=np.uint8).view(kind).astype(np.float64)
        values = np.unique(values[np.isfinite(values)])
        points += [values, (values[:-1] + values[1:]) / 2, values[-1:] * 1.03, values[-1:] * 1.1]
    exact = np.concatenate(points)
    with np.errstate(all="ignore"):
        x = exact.astype(dtype)
        x = np.concatenate([x, np.nextafter(x, dtype(0)), np.nextafter(x, dtype(np.inf))])
    return np.concatenate([x, -x])


def cast(source: str, level: str) -> None:
    kind, dtype = SOURCES[source]
    x = arguments(dtype)
    nodes, outputs, wanted = [], {}, {}
    for to in FLOATS:
        for saturate in (1, 0):
            name = f"{NAMES[to]}_{saturate}"
            nodes += [helper.make_node("Cast", ["x"], [name], to=to, saturate=saturate),
                      helper.make_node("Cast", ["x"], [f"{name}_inner"], to=to, saturate=saturate),
                      helper.make_node("Cast", [f"{name}_inner"], [f"{name}_back"], to=kind)]
            outputs |= {name: to, f"{name}_back": kind}
            wanted[name] = nearest(x.astype(np.float64), to, bool(saturate))
            wanted[f"{name}_back"] = wanted[name].view(FLOATS[to]).astype(np.float32).astype(dtype)
    got = run(nodes, {"x": (x, kind)}, outputs, level)
    for name, value in wanted.items():
        check(name, got[name], value)


def castE8M0(source: str, level: str) -> None:
    kind, dtype = SOURCES[source]
    exponents = np.arange(-130, 129) if source != "float16" else np.arange(-24, 16)
    with np.errstate(over="ignore"):
        x = np.concatenate([np.ldexp(m, exponents).astype(dtype) for m in (1.0, 1.0009765625, 1.25, 1.5, 1.75, 1.9990234375)] +
                           [np.array([0.0, np.inf, np.nan], dtype)])
    with np.errstate(all="ignore"):
        mantissa, exponent = np.frexp(x.astype(np.float64))
    nodes, outputs, wanted = [], {}, {}
    for mode in ("up", "down", "nearest"):
        for saturate in (1, 0):
            name = f"{mode}_{saturate}"
            nodes.append(helper.make_node("Cast", ["x"], [name], to=T.FLOAT8E8M0, saturate=saturate, round_mode=mode))
            outputs[name] = T.FLOAT8E8M0
            up = mantissa > 0.5 if mode == "up" else mantissa >= 0.75 if mode == "nearest" else np.zeros(x.shape, bool)
            code = exponent.astype(np.int64) - 1 + up + 127
            small, large = x.astype(np.float64) < 2.0**-127, (code > 254) | np.isinf(x)
            code = np.where(small, 0 if saturate else 255, np.where(large, 254 if saturate else 255, np.maximum(code, 0)))
            wanted[name] = np.where(np.isnan(x), 255, code).astype(np.uint8)
    nodes.append(helper.make_node("Cast", ["up_1"], ["back"], to=T.FLOAT))
    outputs["back"] = T.FLOAT
    wanted["back"] = wanted["up_1"].view(ml_dtypes.float8_e8m0fnu).astype(np.float32)
    got = run(nodes, {"x": (x, kind)}, outputs, level)
    for name, value in wanted.items():
        check(name, got[name], value)


def packed(kind: int, level: str) -> None:
    """Movement and arithmetic over odd sizes, on four threads."""
    low, high = INTEGERS[kind]
    rng = np.random.default_rng(kind)
    x = rng.integers(low, high + 1, (37, 5, 211)).astype(np.int8 if low else np.uint8)
    real = (rng.standard_normal((129, 67)) * 3).astype(np.float32)
    scale = rng.uniform(0.5, 1.5, (67,)).astype(np.float32)
    nodes = [helper.make_node("Transpose", ["x"], ["transposed"], perm=[2, 0, 1]),
             helper.make_node("Reshape", ["x", "shape"], ["reshaped"]),
             helper.make_node("Pad", ["x", "pads"], ["padded"]),
             helper.make_node("QuantizeLinear", ["real", "scale"], ["quantized"], axis=1, output_dtype=kind),
             helper.make_node("DequantizeLinear", ["quantized", "scale"], ["dequantized"], axis=1),
             helper.make_node("DequantizeLinear", ["x", "one"], ["matrix"]),
             helper.make_node("MatMul", ["matrix", "ones"], ["sums"]),
             helper.make_node("Cast", ["x"], ["wide"], to=T.INT32 if low else T.INT64),
             helper.make_node("Cast", ["transposed"], ["float"], to=T.FLOAT)]
    initializers = [numpy_helper.from_array(np.array(v), n) for n, v in
                    {"shape": np.array([5, 37 * 211]), "pads": np.array([1, 0, 1, 0, 2, 0]), "one": np.float32(1),
                     "ones": np.ones((211, 3), np.float32)}.items()]
    got = run(nodes, {"x": (x, kind), "real": (real, None), "scale": (scale, None)},
              {"transposed": kind, "reshaped": kind, "padded": kind, "quantized": kind, "dequantized": T.FLOAT, "sums": T.FLOAT,
               "wide": T.INT32 if low else T.INT64, "float": T.FLOAT}, level, initializers, threads=4)
    quantized = np.clip(np.rint(real / scale), low, high)
    wanted = {"transposed": x.transpose(2, 0, 1), "reshaped": x.reshape(5, -1), "padded": np.pad(x, [(1, 0), (0, 2), (1, 0)]),
              "quantized": quantized.astype(x.dtype), "dequantized": (quantized * scale).astype(np.float32),
              "sums": np.repeat(x.astype(np.float32).sum(-1, keepdims=True), 3, -1), "wide": x, "float": x.transpose(2, 0, 1)}
    for name, value in wanted.items():
        check(name, got[name], value)


def collected(level: str) -> None:
    """What a Loop stacks does not fill bytes: five elements of two bits in each iteration."""
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["goOn"]), helper.make_node("Gather", ["rows", "i"], ["row"]),
         helper.make_node("Cast", ["row"], ["narrow"], to=T.UINT2), helper.make_node("Identity", ["kept"], ["keptOn"])], "body",
        [helper.make_tensor_value_info("i", T.INT64, []), helper.make_tensor_value_info("go", T.BOOL, []),
         helper.make_tensor_value_info("kept", T.INT4, [3])],
        [helper.make_tensor_value_info("goOn", T.BOOL, []), helper.make_tensor_value_info("keptOn", T.INT4, [3]),
         helper.make_tensor_value_info("narrow", T.UINT2, [5])])
    rows = np.arange(35).reshape(7, 5).astype(np.float32) % 4
    kept = np.array([-8, 7, -1], np.int8)
    got = run([helper.make_node("Loop", ["n", "", "kept"], ["last", "all"], body=body)],
              {"n": (np.array(7, np.int64), None), "rows": (rows, None), "kept": (kept, T.INT4)}, {"last": T.INT4, "all": T.UINT2}, level)
    check("last", got["last"], kept)
    check("all", got["all"], rows.astype(np.uint8))


CASES = {f"{f.__name__}-{source}-{level}": (f, (source, level)) for f in (cast, castE8M0) for source in SOURCES for level in ("O0", "O3")}
CASES |= {f"packed-{NAMES[kind]}-{level}": (packed, (kind, level)) for kind in INTEGERS for level in ("O0", "O3")}
CASES |= {f"collected-{level}": (collected, (level,)) for level in ("O0", "O3")}

if __name__ == "__main__":
    if sys.argv[1] == "list":
        print("\n".join(CASES))
    else:
        function, parameters = CASES[sys.argv[2]]
        function(*parameters)
