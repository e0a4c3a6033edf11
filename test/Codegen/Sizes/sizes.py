#!/usr/bin/env python3
"""sizes.py - sizes that only the run knows and that do not fit are errors of the run, which name the node, or the input where every
run asks the same of it; nothing is read or written outside of a tensor.

    sizes.py list | sizes.py run CASE

Each case is one node with inputs of open sizes. Sizes that fit give what ONNX's reference implementation gives.
"""
import pathlib
import re
import sys
import tempfile

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "test/Support"))
import cameo  # noqa: E402

# Op and attributes, its inputs (open sizes have names; a type other than float32 comes first), sizes that fit, sizes that do not.
CASES = {
    "add": ("Add", {}, [["n", 9], ["m", 9]], [(5, 5), (5, 1), (1, 5)], [(5, 12), (12, 5), (2, 3)]),
    "add-constant": ("Add", {}, [["n", 9], [4, 9]], [(4, ), (1, )], [(7, ), (2, ), (0, )]),
    "add-ranks": ("Add", {}, [["n", 3, "k"], ["m"]], [(2, 5, 5), (2, 1, 5), (2, 5, 1)], [(2, 5, 4), (2, 4, 5)]),
    "where": ("Where", {}, [[bool, "n"], ["m"], ["k"]], [(3, 3, 1), (1, 3, 3), (3, 1, 1)], [(3, 3, 2), (2, 3, 3), (3, 2, 3)]),
    "max": ("Max", {}, [["n"], ["m"], ["k"]], [(4, 4, 1), (1, 1, 4)], [(4, 4, 3), (1, 4, 3)]),
    "prelu": ("PRelu", {}, [["n", "k"], ["m"]], [(7, 9, 9), (7, 9, 1)], [(7, 9, 5)]),
    "matmul": ("MatMul", {}, [["n", 3, 9], ["m", 9, 4]], [(2, 2), (1, 5), (5, 1)], [(2, 5), (7, 5)]),
    "matmul-inner": ("MatMul", {}, [[3, "n"], ["m", 4]], [(9, 9)], [(9, 5), (5, 9)]),
    "gemm": ("Gemm", {}, [["n", 9], [9, 4], ["m", 4]], [(7, 7), (7, 1)], [(7, 5)]),
    "layer-norm": ("LayerNormalization", {}, [["n", "k"], ["m"]], [(7, 9, 9), (7, 9, 1)], [(7, 9, 5), (7, 5, 9)]),
    "instance-norm": ("InstanceNormalization", {}, [["n", "c", 5], ["m"], ["k"]], [(2, 3, 3, 3)], [(2, 3, 2, 3), (2, 3, 3, 4)]),
    "batch-norm": ("BatchNormalization", {}, [["n", "c", 5], ["m"], ["m"], ["m"], ["m"]], [(2, 3, 3, 3, 3, 3)], [(2, 3, 2, 2, 2, 2)]),
    "conv-bias": ("Conv", {}, [["n", 3, 5, 5], [4, 3, 1, 1], ["m"]], [(2, 4)], [(2, 2)]),
    "conv-channels": ("Conv", {}, [["n", "c", 5, 5], [4, 3, 1, 1]], [(2, 3)], [(2, 2), (2, 5)]),
    "conv-transpose": ("ConvTranspose", {}, [["n", "c", 5, 5], [3, 4, 2, 2]], [(2, 3)], [(2, 2), (2, 5)]),
    "concat": ("Concat", {"axis": 1}, [["n", 4], ["m", 4]], [(5, 5)], [(1, 5), (5, 1)]),
    "quantize": ("QuantizeLinear", {"axis": 1}, [["n", "c", 3], ["m"]], [(2, 4, 4)], [(2, 4, 3), (2, 3, 4)]),
    "attention": ("Attention", {}, [["b", 2, "s", 8], ["d", 2, "t", 8], ["e", 2, "u", 8]], [(1, 3, 1, 5, 1, 5)],
                  [(1, 3, 1, 5, 1, 4), (1, 3, 1, 4, 1, 5), (2, 3, 1, 5, 1, 5), (2, 3, 2, 5, 1, 5)]),
    "attention-mask": ("Attention", {}, [["b", 2, "s", 8], ["b", 2, "t", 8], ["b", 2, "t", 8], ["r", "c"]], [(1, 3, 1, 5, 1, 5, 3, 5), (1, 3, 1, 5, 1, 5, 1, 5)],
                       [(1, 3, 1, 5, 1, 5, 2, 5), (1, 3, 1, 5, 1, 5, 3, 7)]),
    "attention-heads": ("Attention", {}, [[1, "h", 3, 8], [1, "g", 5, 8], [1, "f", 5, 8]], [(4, 2, 2), (4, 4, 4)], [(2, 4, 4), (8, 3, 3)]),
    "rotary": ("RotaryEmbedding", {}, [[1, 2, "s", "d"], ["t", "h"], ["u", "g"], [np.int64, 1, "v"]], [(3, 8, 5, 4, 5, 4, 3)],
               [(3, 4, 5, 3, 5, 3, 3), (3, 8, 5, 4, 5, 3, 3)]),
    "group-norm": ("GroupNormalization", {"num_groups": 2}, [["n", "c", 5], ["m"], ["k"]], [(2, 4, 4, 4)], [(2, 5, 5, 5), (2, 4, 3, 4)]),
    "matmul-integer": ("MatMulInteger", {}, [[np.uint8, "n", 9], [np.uint8, 9, "k"], [np.uint8, "m", 1]], [(7, 3, 7)], [(7, 3, 5), (5, 3, 7)]),
    "conv-groups": ("Conv", {"group": 2}, [["n", "c", 5, 5], [4, 3, 1, 1]], [(2, 6)], [(2, 7), (2, 5), (2, 12)]),
    "non-max-suppression": ("NonMaxSuppression", {}, [["b", "n", 4], ["c", 1, "m"], [np.int64, 1]], [],  # the reference wants all five inputs
                            [(1, 50, 1, 10), (1, 10, 1, 50), (1, 6, 2, 6), (2, 6, 1, 6)]),
    "gru": ("GRU", {"hidden_size": 4}, [["s", "b", 3], [1, 12, 3], [1, 12, 4], None, None, [1, "m", 4]], [(5, 2, 2)], [(5, 2, 1), (5, 1, 2)]),
    "lstm": ("LSTM", {"hidden_size": 4}, [["s", "b", "i"], [1, 16, 3], [1, 16, 4], [1, "k"]], [(5, 2, 3, 32)], [(5, 2, 2, 32), (5, 2, 3, 31)]),
    "gather-elements": ("GatherElements", {"axis": 1}, [["n", 4], [np.int64, "m", 3]], [(5, 5)], [(2, 5)]),
    "scatter-elements": ("ScatterElements", {"axis": 1}, [["n", 4], [np.int64, "m", 3], ["k", 3]], [(5, 5, 5)], [(5, 5, 2), (2, 5, 5)]),
    "einsum": ("Einsum", {"equation": "ij,jk->ik"}, [["n", "a"], ["b", 3]], [(2, 4, 4)], [(2, 4, 3), (2, 3, 4)]),
    "grid-sample": ("GridSample", {}, [["n", 2, 5, 5], ["m", 3, 3, 2]], [(2, 2)], [(2, 3), (3, 2)]),
}

# Their weights say how many channels the first input has, so its type does, and that is what does not fit.
FIXED = {"conv-channels", "conv-groups", "conv-transpose", "lstm"}


def write(path: str, op: str, attributes: dict, inputs: list) -> list[tuple[str, type, list]]:
    import onnx
    from onnx import helper

    values = [(f"x{i}", *((s[0], s[1:]) if s and isinstance(s[0], type) else (np.float32, s))) for i, s in enumerate(inputs) if s is not None]
    names = [f"x{i}" if s is not None else "" for i, s in enumerate(inputs)]
    infos = [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(np.dtype(t)), s) for n, t, s in values]
    outputs = ["", "y"] if op in ("GRU", "LSTM") else ["y"]
    node = helper.make_node(op, names, outputs, name="the_node", **attributes)
    graph = helper.make_graph([node], "case", infos, [helper.make_empty_tensor_value_info("y")])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 23)], ir_version=10), path)
    return values


def feedsOf(values: list[tuple[str, type, list]], sizes: tuple) -> dict[str, np.ndarray]:
    """The sizes are those of the named axes in their order; each name counts again where it comes again."""
    rng, left = np.random.default_rng(1), list(sizes)
    feeds = {}
    for name, kind, shape in values:
        dims = [left.pop(0) if isinstance(d, str) else d for d in shape]
        feeds[name] = (rng.random(dims) + 0.5).astype(np.float32) if kind is np.float32 else rng.integers(0, 2, dims).astype(kind)
    assert not left
    return feeds


def run(name: str) -> None:
    from onnx.reference import ReferenceEvaluator

    op, attributes, inputs, fitting, others = CASES[name]
    with tempfile.TemporaryDirectory() as folder:
        values = write(f"{folder}/model.onnx", op, attributes, inputs)
        for level in "03":
            cameo.compileModel(f"{folder}/model.onnx", f"-O{level}", "--strict", program=f"{folder}/{level}.cameo")
        reference = ReferenceEvaluator(f"{folder}/model.onnx")
        for sizes in fitting:
            feeds = feedsOf(values, sizes)
            wanted = reference.run(None, feeds)[0]
            for level in "03":
                found = cameo.Program(f"{folder}/{level}.cameo", 1).run(feeds)["y"]
                if found.shape != wanted.shape or not np.allclose(found, wanted, 1e-4, 1e-4):
                    sys.exit(f"-O{level}, sizes {sizes}: {found} instead of {wanted}")
        for sizes in others:
            for level in "03":
                try:
                    found = cameo.Program(f"{folder}/{level}.cameo", 1).run(feedsOf(values, sizes))["y"]
                except RuntimeError as error:
                    if not re.search("the_node" + "|input 'x0' has shape" * (name in FIXED), str(error)):
                        sys.exit(f"-O{level}, sizes {sizes}: the error does not name the node: {error}")
                    print(f"-O{level}, sizes {sizes}: {error}")
                else:
                    sys.exit(f"-O{level}, sizes {sizes}: gives {found.shape}, not an error")


if __name__ == "__main__":
    if sys.argv[1] == "list":
        print("\n".join(CASES))
    else:
        run(sys.argv[2])
