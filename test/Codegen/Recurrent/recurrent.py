#!/usr/bin/env python3
"""recurrent.py - recurrences at -O3, in f32 and with --precision=bf16 and f16, against their naive loops.

    recurrent.py list | recurrent.py run CASE

Rows of R sum to 1/2 in magnitude and states lie in [-1, 1]: a step's product is off by at most 2 2^-8 / 2 with bf16 (weight and
state are rounded), and hands on less than half of what the state before it was off by for an RNN, so states are within 2^-7. The gates
of GRU and LSTM have slopes of at most 1/4 but are multiplied by states: twice that. X W^T is rounded as well, at most 2^-7 of its
terms' magnitudes, 2 here. Together 2^-5 suffices; in f16, with 2^-11 in the place of 2^-8, 2^-7; in f32, with 2^-24, 2^-19. A pair of weights in the wrong order is off by 0.1.
Results must be bitwise equal for one and two threads.
"""
import pathlib
import sys
import tempfile

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "test/Support"))
import cameo  # noqa: E402

GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}
SIZES = {"one-row": (7, 1, 5, 32, "forward"), "odd": (9, 3, 6, 33, "bidirectional"), "reverse": (5, 2, 4, 16, "reverse")}


def model(op: str, size: str, path: str) -> dict:
    """Writes the model; returns what to feed it."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    steps, batch, inputs, hidden, direction = SIZES[size]
    count = 2 if direction == "bidirectional" else 1
    rng = np.random.default_rng(0)
    normalized = lambda w: (w / np.abs(w).sum(-1, keepdims=True)).astype(np.float32)
    weights = {"w": normalized(rng.standard_normal((count, GATES[op] * hidden, inputs))),
               "r": normalized(rng.standard_normal((count, GATES[op] * hidden, hidden))) / 2}
    names = ["y", "h", "c"][: 3 if op == "LSTM" else 2]
    linear = {"linear_before_reset": 1} if op == "GRU" else {}
    node = helper.make_node(op, ["x", "w", "r"], names, hidden_size=hidden, direction=direction, **linear)
    graph = helper.make_graph([node], "case", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [steps, batch, inputs])],
                              [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in names],
                              [numpy_helper.from_array(v, n) for n, v in weights.items()])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return {"x": rng.uniform(-2, 2, (steps, batch, inputs)).astype(np.float32)}


def run(op: str, size: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        feeds = model(op, size, f"{folder}/model.onnx")

        def results(threads: int, *flags: str) -> dict:
            return cameo.Program(cameo.compileModel(f"{folder}/model.onnx", *flags), threads).run(feeds)

        wanted = results(1, "-O0")
        for flags, bound in ((("-O3",), 2.0**-19), (("-O3", "--precision=bf16"), 2.0**-5), (("-O3", "--precision=bf16", "--cpu=x86-64-v3"), 2.0**-5),
                             (("-O3", "--precision=f16"), 2.0**-7)):
            one, two = results(1, *flags), results(2, *flags)
            for name, want in wanted.items():
                error = np.abs(one[name] - want).max()
                if one[name].tobytes() != two[name].tobytes() or not error <= bound:
                    sys.exit(f"{flags}: output {name} is off by {error:.3g} of {bound:.3g}, or differs with two threads")
                print(f"{flags}: output {name} is off by {error:.3g}")


CASES = {f"{op.lower()}-{size}": (op, size) for op in GATES for size in SIZES}

if __name__ == "__main__":
    if sys.argv[1] == "list":
        print("\n".join(CASES))
    else:
        run(*CASES[sys.argv[2]])
