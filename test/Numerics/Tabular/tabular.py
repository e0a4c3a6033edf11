#!/usr/bin/env python3
"""tabular.py - models of ai.onnx.ml: scikit-learn's, LightGBM's and XGBoost's as their converters write them, and random trees.

    tabular.py list
    tabular.py run CASE

data/NAME.onnx was made by skl2onnx and onnxmltools from a model trained on one of scikit-learn's data sets or a random table, data/NAME.npz has rows of
that set and what ONNX Runtime 1.30 makes of them ("expected.OUTPUT"). Random trees have every test, aggregate and transform, NaN among
the inputs, and row counts that do not fill the groups which the code walks together; ONNX Runtime is asked for the right answer.
(It leaves the base value out for targets that get no vote, so the random trees have one with one target only.)
"""
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto as T
from onnx import helper

ROOT = pathlib.Path(__file__).resolve().parents[3]
BUILD = pathlib.Path(os.environ.get("CAMEO_BUILD", ROOT / "build"))
DATA = pathlib.Path(__file__).parent / "data"
MODES = ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"]


def run(model: str, feeds: dict, level: str, threads=1) -> dict:
    with tempfile.TemporaryDirectory() as folder:
        np.savez(f"{folder}/in.npz", **feeds)
        subprocess.run([BUILD / "bin/cameo-compile", model, "-o", f"{folder}/m.cameo", f"-{level}"], check=True)
        subprocess.run([BUILD / "bin/cameo-run", f"{folder}/m.cameo", "--input", f"{folder}/in.npz", "--output", f"{folder}/out.npz",
                        "--threads", str(threads), "--json"], check=True, stdout=subprocess.DEVNULL)
        with np.load(f"{folder}/out.npz") as archive:
            return {n: archive[n] for n in archive}


def check(name: str, got: np.ndarray, wanted: np.ndarray, atol: float = 1e-5) -> None:
    if got.shape != wanted.shape or got.dtype != wanted.dtype:
        sys.exit(f"{name}: {got.dtype}{got.shape}, expected {wanted.dtype}{wanted.shape}")
    same = got == wanted if wanted.dtype.kind == "i" else np.isclose(got, wanted, rtol=1e-4, atol=atol, equal_nan=True)
    if not same.all():
        at = tuple(np.argwhere(~same)[0])
        sys.exit(f"{name}: {int((~same).sum())} of {same.size} differ, first at {at}: {got[at]}, expected {wanted[at]}")


def stored(name: str, level: str) -> None:
    arrays = dict(np.load(DATA / f"{name}.npz"))
    feeds = {n: a for n, a in arrays.items() if not n.startswith("expected.")}
    got = run(str(DATA / f"{name}.onnx"), feeds, level)
    for output, wanted in arrays.items():
        if output.startswith("expected."):
            check(output, got[output.removeprefix("expected.")], wanted)


def randomTree(rng, tree: int, depth: int, features: int, modes: list[str], nodes: dict, leaves: list) -> None:
    """Nodes of one tree in the order of their numbers; a branch ends early now and then."""
    count = 0

    def grow(level: int) -> int:
        nonlocal count
        number, row = count, len(nodes["nodes_nodeids"])
        count += 1
        isLeaf = level == depth or (level > 1 and rng.random() < 0.2)
        entry = {"nodes_treeids": tree, "nodes_nodeids": number, "nodes_featureids": 0 if isLeaf else int(rng.integers(features)),
                 "nodes_values": 0.0 if isLeaf else float(rng.integers(-2, 3)), "nodes_modes": "LEAF" if isLeaf else str(rng.choice(modes)),
                 "nodes_missing_value_tracks_true": int(rng.integers(2)), "nodes_truenodeids": 0, "nodes_falsenodeids": 0}
        for key, value in entry.items():
            nodes[key].append(value)
        if isLeaf:
            leaves.append((tree, number))
        else:
            nodes["nodes_truenodeids"][row] = grow(level + 1)
            nodes["nodes_falsenodeids"][row] = grow(level + 1)
        return number

    grow(0)


def random(aggregate: str, transform: str, targets: int, level: str) -> None:
    import onnxruntime

    rng = np.random.default_rng(len(aggregate) * 100 + len(transform) * 10 + targets)
    keys = ["nodes_treeids", "nodes_nodeids", "nodes_featureids", "nodes_values", "nodes_modes", "nodes_missing_value_tracks_true",
            "nodes_truenodeids", "nodes_falsenodeids"]
    nodes, leaves = {k: [] for k in keys}, []
    for tree in range(13):
        randomTree(rng, tree, int(rng.integers(1, 6)), 5, MODES if aggregate != "SUM" or targets > 1 else MODES[:1], nodes, leaves)
    attributes = {"n_targets": targets, "aggregate_function": aggregate, "post_transform": transform, **({"base_values": [0.25]} if targets == 1 else {}),
                  "target_treeids": [t for t, _ in leaves], "target_nodeids": [n for _, n in leaves],
                  "target_ids": [int(i) for i in rng.integers(targets, size=len(leaves))],
                  "target_weights": [float(w) for w in rng.uniform(0.01, 0.05, len(leaves))], **nodes}
    node = helper.make_node("TreeEnsembleRegressor", ["x"], ["y"], domain="ai.onnx.ml", **attributes)
    graph = helper.make_graph([node], "trees", [helper.make_tensor_value_info("x", T.FLOAT, ["n", 5])],
                              [helper.make_tensor_value_info("y", T.FLOAT, ["n", targets])])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)], ir_version=8)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    with tempfile.TemporaryDirectory() as folder:
        onnx.save(model, f"{folder}/m.onnx")
        for rows, threads in ((1, 1), (8, 1), (4099, 4)):
            x = rng.integers(-3, 4, (rows, 5)).astype(np.float32)
            x[rng.random(x.shape) < 0.1] = np.nan
            # ONNX Runtime's PROBIT cancels around 0.
            check(f"{rows} rows", run(f"{folder}/m.onnx", {"x": x}, level, threads=threads)["y"], session.run(None, {"x": x})[0],
                  1e-3 if transform == "PROBIT" else 1e-5)


CASES = {f"{p.stem}-{level}": (stored, (p.stem, level)) for p in sorted(DATA.glob("*.onnx")) for level in ("O0", "O3")}
CASES |= {f"random-{a.lower()}-{t.lower()}-{n}-{level}": (random, (a, t, n, level)) for a, t, n in (
    ("SUM", "NONE", 1), ("SUM", "LOGISTIC", 3), ("AVERAGE", "SOFTMAX", 4), ("MIN", "NONE", 1), ("MAX", "NONE", 3), ("SUM", "PROBIT", 2),
    ("SUM", "SOFTMAX_ZERO", 40)) for level in ("O0", "O3")}

if __name__ == "__main__":
    if sys.argv[1] == "list":
        print("\n".join(CASES))
    else:
        function, parameters = CASES[sys.argv[2]]
        function(*parameters)
