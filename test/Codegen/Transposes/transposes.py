#!/usr/bin/env python3
"""transposes.py - cameo.transpose through shared memory, on simulated GPUs against NumPy, bit by bit.

    transposes.py list | transposes.py run CASE     `planted`: without its barrier the code is reported
"""
import pathlib
import sys
import tempfile

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "test/Support"))
import cameo  # noqa: E402

TYPES = {"f32": np.float32, "f16": np.float16, "i8": np.int8, "i64": np.int64, "i1": np.bool_}
# Shape (a name is a size that only the run knows), permutation, element type.
CASES = {
    "matrix": ([70, 45], [1, 0], "f32"),
    "whole-tiles": ([64, 96], [1, 0], "f32"),
    "batches": ([3, 40, 50], [0, 2, 1], "f16"),
    "to-channels-last": ([2, 40, 9, 11], [0, 2, 3, 1], "f32"),
    "last-to-first": ([5, 7, 33], [2, 0, 1], "i8"),
    "outer-axes-change": ([3, 9, 2, 34], [3, 2, 1, 0], "i64"),
    "booleans": ([31, 33], [1, 0], "i1"),
    "dynamic": (["n", "m", 4], [1, 0, 2], "f32"),
    "dynamic-matrix": (["n", "m"], [1, 0], "f32"),
}


def run(name: str, chips=("sm_75", "sm_90a")) -> None:
    shape, permutation, element = CASES[name]
    spell = lambda dims: "tensor<" + "".join(f"{'?' if isinstance(d, str) else d}x" for d in dims) + f"{element}>"
    source, target = spell(shape), spell([shape[p] for p in permutation])
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        text = pathlib.Path(folder, "main.mlir")
        text.write_text(f"func.func @main(%x: {source}) -> {target} {{\n  %y = cameo.transpose %x {{permutation = array<i64: {', '.join(map(str, permutation))}>}} "
                        f": ({source}) -> {target}\n  return %y : {target}\n}}\n")
        for chip in chips:
            program = cameo.Program(cameo.compileModel(text, "--target=cuda", f"--chip={chip}"), 1, "cuda:sim")
            for n, m in ((37, 70), (1, 5)) if "dynamic" in name else ((0, 0),):
                x = rng.integers(0, 256, [{"n": n, "m": m}.get(d, d) for d in shape]).astype(TYPES[element])
                (found,) = program.run({program.inputs[0]: x}).values()
                if found.tobytes() != np.ascontiguousarray(x.transpose(permutation)).tobytes():
                    sys.exit(f"{chip}: {x.shape} is not transposed as NumPy does it")


def planted() -> None:
    cameo.expectNoticed(r"bar\.sync[^;]*;=>", "races", lambda: run("matrix", ["sm_90a"]))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["list"]:
            print("\n".join([*CASES, "planted"]))
        case ["run", "planted"]:
            planted()
        case ["run", name]:
            run(name)
        case _:
            sys.exit(__doc__)
