#!/usr/bin/env python3
"""block_products.py - products with DequantizeLinear's weights of 4 and 8 bits, which -O3 reads as they are stored, against -O0.

    block_products.py list | block_products.py run CASE

Both add K products in f32, with the scale of a block inside or outside of its sum: |fast - naive| <= (2 K + 4) eps S, where S is the sum of the
terms' magnitudes, in f64 from the same numbers, and eps = 2^-24. -O0 rounds weights to f16 where scales are: + 2^-11 S, and both their results: + 2^-10 |y|.
`planted`: weights one of which is another number are noticed.
"""
import itertools
import pathlib
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "Support"))
import cameo  # noqa: E402

SIZES = {"even": (64, 48, 32), "odd": (80, 33, 16), "partial": (100, 20, 32), "large": (256, 64, 128), "columns": (200, 36, 0), "one": (77, 19, -1)}  # K, N, block
FORMS = ("terms-first", "transposed", "gemm")
KINDS = {TensorProto.INT4: ("int4", -8, 16), TensorProto.UINT4: ("uint4", 0, 16), TensorProto.INT8: ("int8", -128, 256), TensorProto.UINT8: ("uint8", 0, 256)}


def weightsOf(rng, name: str, low: int, count: int):
    """Levels [N, K], scales and zero points [N, blocks]. Instead of a block, 0 stands for a scale per output, -1 for one of all."""
    terms, outputs, block = SIZES[name]
    shape = (outputs, -(-terms // block)) if block > 0 else (outputs, 1) if block == 0 else (1, 1)
    return rng.integers(low, low + count, (outputs, terms)), rng.uniform(0.01, 0.1, shape), rng.integers(low, low + count, shape)


def save(path: str, size: str, form: str, levels, scales, zeros, kind: int, dtype, rows: int) -> None:
    turned, block = (lambda a: a.T) if form == "terms-first" else (lambda a: a), SIZES[size][2]
    parameter = lambda a: turned(a) if block > 0 else a.reshape(-1) if block == 0 else a.reshape(())
    four = lambda name, a: helper.make_tensor(name, kind, a.shape, a.flatten().tolist())
    constants = [four("w", turned(levels)), numpy_helper.from_array(np.ascontiguousarray(parameter(scales)).astype(dtype), "s")]
    constants += [four("z", parameter(zeros))] if zeros is not None else []
    attributes = {"axis": 0 if form == "terms-first" else 1, "block_size": block} if block > 0 else {"axis": 1 if form == "terms-first" else 0}
    nodes = [helper.make_node("DequantizeLinear", [c.name for c in constants], ["d"], **attributes)]
    if form == "transposed":
        nodes.append(helper.make_node("Transpose", ["d"], ["t"], perm=[1, 0]))
    nodes.append(helper.make_node("Gemm", ["x", "d"], ["y"], transB=1) if form == "gemm" else helper.make_node("MatMul", ["x", "t" if form == "transposed" else "d"], ["y"]))
    element = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    value = lambda name, shape: helper.make_tensor_value_info(name, element, shape)
    graph = helper.make_graph(nodes, "g", [value("x", [rows, levels.shape[1]])], [value("y", [rows, levels.shape[0]])], constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10), path)


def run(size: str, form: str, change=lambda levels: levels) -> None:
    terms, _, block = SIZES[size]
    with tempfile.TemporaryDirectory() as folder:
        for (kind, (name, low, count)), hasZeros, (dtype, rows) in itertools.product(KINDS.items(), (True, False), ((np.float32, 1), (np.float32, 12), (np.float16, 3))):
            rng = np.random.default_rng(7)
            levels, scales, zeros = weightsOf(rng, size, low, count)
            scales, path = scales.astype(dtype), f"{folder}/m.onnx"
            save(path, size, form, levels, scales, zeros if hasZeros else None, kind, dtype, rows)
            x = rng.standard_normal((rows, terms)).astype(dtype)
            naive = cameo.Program(cameo.compileModel(path, "-O0"), 1).run({"x": x})["y"].astype(np.float64)
            save(path, size, form, change(levels.copy()), scales, zeros if hasZeros else None, kind, dtype, rows)
            program = cameo.compileModel(path, "-O3", "--stop-after=quantization", program=f"{folder}/m.mlir")
            if "cameo.matmul_nbits" not in pathlib.Path(program).read_text():
                sys.exit("weights are made floats")
            fast = cameo.Program(cameo.compileModel(path, "-O3"), 1).run({"x": x})["y"].astype(np.float64)
            spread = lambda a: np.repeat(a, block if block > 0 else terms, axis=1)[:, :terms].astype(np.float64)
            real = (levels - (spread(zeros) if hasZeros else 0)) * spread(scales)
            sums = np.abs(x.astype(np.float64)) @ np.abs(real).T
            bound = (2 * terms + 4) * 2.0**-24 * sums + (2.0**-11 * sums + 2.0**-10 * np.abs(naive) if dtype == np.float16 else 0)
            excess = (np.abs(fast - naive) / bound).max()
            said = f"{name}, {rows} rows, zero points {hasZeros}, {dtype.__name__}"
            if not excess <= 1:
                sys.exit(f"{said}: error is {excess:.3g} times the bound")
            print(f"{said}: error is {excess:.2f} of the bound")


def planted() -> None:
    def spoil(levels):
        levels[5, 7] += 1 if levels[5, 7] < 7 else -1
        return levels

    try:
        run("even", "gemm", spoil)
    except SystemExit as end:
        if "times the bound" in str(end):
            return
    sys.exit("a weight that is off by one step was not noticed")


CASES = {f"{size}-{form}": (size, form) for size in SIZES for form in FORMS}

if __name__ == "__main__":
    if sys.argv[1] == "list":
        print("\n".join([*CASES, "planted"]))
    elif sys.argv[2] == "planted":
        planted()
    else:
        run(*CASES[sys.argv[2]])
