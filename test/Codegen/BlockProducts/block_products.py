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


class Product:
    """x [rows, K] times weights of one kind with one scale and, or not, zero points: nodes and constants whose names begin with its own."""

    def __init__(self, size: str, kind: int, hasZeros: bool, dtype, rows: int):
        self.size, self.kind, self.dtype, self.rows = size, kind, np.dtype(dtype), rows
        name, low, count = KINDS[kind]
        rng = np.random.default_rng(7)
        self.levels, scales, zeros = weightsOf(rng, size, low, count)
        self.scales, self.zeros = scales.astype(dtype), zeros if hasZeros else None
        self.name = f"{name}_{rows}_rows{'_zeros' * hasZeros}_{self.dtype.name}"
        self.x = rng.standard_normal((rows, self.levels.shape[1])).astype(dtype)

    def graph(self, form: str, levels) -> tuple[list, list]:
        turned, block = (lambda a: a.T) if form == "terms-first" else (lambda a: a), SIZES[self.size][2]
        parameter = lambda a: turned(a) if block > 0 else a.reshape(-1) if block == 0 else a.reshape(())
        named = lambda name: f"{self.name}.{name}"
        four = lambda name, a: helper.make_tensor(named(name), self.kind, a.shape, a.flatten().tolist())
        constants = [four("w", turned(levels)), numpy_helper.from_array(np.ascontiguousarray(parameter(self.scales)), named("s"))]
        constants += [four("z", parameter(self.zeros))] if self.zeros is not None else []
        attributes = {"axis": 0 if form == "terms-first" else 1, "block_size": block} if block > 0 else {"axis": 1 if form == "terms-first" else 0}
        nodes = [helper.make_node("DequantizeLinear", [c.name for c in constants], [named("d")], **attributes)]
        if form == "transposed":
            nodes.append(helper.make_node("Transpose", [named("d")], [named("t")], perm=[1, 0]))
        operands = [named("x"), named("t" if form == "transposed" else "d")]
        nodes.append(helper.make_node("Gemm", operands, [named("y")], transB=1) if form == "gemm" else helper.make_node("MatMul", operands, [named("y")]))
        return nodes, constants

    def value(self, name: str, columns: int):
        return helper.make_tensor_value_info(f"{self.name}.{name}", helper.np_dtype_to_tensor_dtype(self.dtype), [self.rows, columns])

    def bound(self, naive):
        terms, _, block = SIZES[self.size]
        spread = lambda a: np.repeat(a, block if block > 0 else terms, axis=1)[:, :terms].astype(np.float64)
        real = (self.levels - (0 if self.zeros is None else spread(self.zeros))) * spread(self.scales)
        sums = np.abs(self.x.astype(np.float64)) @ np.abs(real).T
        return (2 * terms + 4) * 2.0**-24 * sums + (2.0**-11 * sums + 2.0**-10 * np.abs(naive) if self.dtype == np.float16 else 0)


def save(path: str, products: list[Product], form: str, change=lambda levels: levels) -> None:
    nodes, constants = (sum(parts, []) for parts in zip(*(p.graph(form, change(p.levels.copy())) for p in products)))
    terms, outputs, _ = SIZES[products[0].size]
    graph = helper.make_graph(nodes, "g", [p.value("x", terms) for p in products], [p.value("y", outputs) for p in products], constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10), path)


def run(size: str, form: str, change=lambda levels: levels) -> None:
    products = [Product(size, kind, hasZeros, dtype, rows) for kind, hasZeros, (dtype, rows) in
                itertools.product(KINDS, (True, False), ((np.float32, 1), (np.float32, 12), (np.float16, 3)))]
    feeds = {f"{p.name}.x": p.x for p in products}
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/m.onnx"
        save(path, products, form)
        naive = cameo.Program(cameo.compileModel(path, "-O0"), 1).run(feeds)
        save(path, products, form, change)
        program = cameo.compileModel(path, "-O3", "--stop-after=quantization", program=f"{folder}/m.mlir")
        if pathlib.Path(program).read_text().count("= cameo.matmul_nbits") != len(products):
            sys.exit("weights are made floats")
        fast = cameo.Program(cameo.compileModel(path, "-O3"), 1).run(feeds)
        for p in products:
            wanted, found = (results[f"{p.name}.y"].astype(np.float64) for results in (naive, fast))
            excess = (np.abs(found - wanted) / p.bound(wanted)).max()
            if not excess <= 1:
                sys.exit(f"{p.name}: error is {excess:.3g} times the bound")
            print(f"{p.name}: error is {excess:.2f} of the bound")


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
