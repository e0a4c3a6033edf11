"""cases.py - where the ONNX backend suite's cases come from and which group each belongs to.

Two sources: the archive of stored cases (the last tree that held them, 1,802 node cases) and the pinned `onnx` package, which
makes node cases in Python; what the package has beyond the archive is written to the cache in the archive's form. The
folder build/conformance holds both, and index.json with what the harness needs, so a second run starts at once.
"""
import hashlib
import json
import pathlib
import shutil
import tarfile
import warnings

import randomness

ARCHIVE = "onnx_backend_data_6be0677f.tar.gz"
# DFT and STFT end near zero where the exact result is zero; 1e-7 is below the rounding of a length-20 f32 sum.
LOOSE_ATOL = {"DFT": 1e-4, "STFT": 1e-4}
GROUPS = ["core", "loss", "float16", "bfloat16", "float8", "4-bit", "sequence", "string", "random", "FlexAttention", "ImageDecoder",
          "ai.onnx.ml", "training", "simple", "pytorch-converted", "pytorch-operator", "light"]


def groupOf(model) -> str:
    """The group of a node case: the first thing on the list below that it needs."""
    from onnx import TensorProto as T

    ops, types, domains = set(), set(), {o.domain for o in model.opset_import}

    def addType(t):
        kind = t.WhichOneof("value")
        if kind == "tensor_type":
            types.add(t.tensor_type.elem_type)
        elif kind:
            types.add(kind)

    def walk(graph):
        for value in [*graph.input, *graph.output, *graph.value_info]:
            addType(value.type)
        types.update(t.data_type for t in graph.initializer)
        for node in graph.node:
            ops.add(node.op_type)
            for a in node.attribute:
                if a.name in ("to", "dtype") and a.i:
                    types.add(a.i)
                if a.HasField("t"):
                    types.add(a.t.data_type)
                if a.HasField("g"):
                    walk(a.g)

    walk(model.graph)
    float8 = {T.FLOAT8E4M3FN, T.FLOAT8E4M3FNUZ, T.FLOAT8E5M2, T.FLOAT8E5M2FNUZ, T.FLOAT8E8M0}
    small = {T.INT4, T.UINT4, T.FLOAT4E2M1, T.INT2, T.UINT2}
    name = model.graph.name
    rules = [
        ("FlexAttention", "FlexAttention" in ops or "ai.onnx.preview" in domains and "flex" in name),
        ("training", "ai.onnx.preview.training" in domains),
        ("ai.onnx.ml", "ai.onnx.ml" in domains),
        ("ImageDecoder", "ImageDecoder" in ops),
        ("sequence", bool(types & {"sequence_type", "optional_type", "map_type"}) or any("Sequence" in op or "Optional" in op for op in ops)),
        ("string", T.STRING in types),
        ("random", bool(ops & {"Bernoulli", "RandomUniformLike"}) or "training_dropout" in name),
        ("float8", bool(types & float8)),
        ("4-bit", bool(types & small)),
        ("loss", bool(ops & {"NegativeLogLikelihoodLoss", "SoftmaxCrossEntropyLoss"}) or "nllloss" in name or "sce_" in name),
        ("bfloat16", T.BFLOAT16 in types),
        ("float16", T.FLOAT16 in types),
    ]
    return next((group for group, holds in rules if holds), "core")


def describe(kind: str, name: str, folder: pathlib.Path) -> dict:
    """What the harness must know of one case: names, files, tolerances."""
    import onnx

    model = onnx.load(folder / "model.onnx", load_external_data=False)
    initializers = {t.name for t in model.graph.initializer}
    inputs = [v.name for v in model.graph.input if v.name not in initializers]
    outputs = [v.name for v in model.graph.output]
    ops = {n.op_type for n in model.graph.node}
    data = json.loads((folder / "data.json").read_text()) if (folder / "data.json").exists() else {}
    sets = []
    for dataSet in sorted(folder.glob("test_data_set_*")):
        sets.append({
            "inputs": [[n, str(dataSet / f"input_{i}.pb")] for i, n in enumerate(inputs) if (dataSet / f"input_{i}.pb").exists()],
            "outputs": [[n, str(dataSet / f"output_{i}.pb")] for i, n in enumerate(outputs) if (dataSet / f"output_{i}.pb").exists()],
        })
    loose = max([LOOSE_ATOL.get(op, 0) for op in ops], default=0)
    if "dft" in name:  # an expanded DFT has no DFT node left
        loose = max(loose, LOOSE_ATOL["DFT"])
    return {
        "name": f"{kind}/{name}",
        "group": groupOf(model) if kind == "node" else kind,
        "stored": True,
        "model": str(folder / "model.onnx"),
        "rtol": data.get("rtol", 1e-3),
        "atol": max(data.get("atol", 1e-7), loose),
        "random": kind == "node" and randomness.isRandom(model),
        "sets": sets,
    }


def writeLight(data: pathlib.Path) -> None:
    """The `real` cases point at models in light/ whose input is made, not stored: a ramp from 0 to 1, as the suite's runner does."""
    import numpy as np
    import onnx
    from onnx import numpy_helper

    for case in sorted((data / "real").iterdir()):
        source = data / "light" / pathlib.Path(json.loads((case / "data.json").read_text())["url"]).name
        shutil.copy(source, case / "model.onnx")
        graph = onnx.load(source).graph
        initializers = {t.name for t in graph.initializer}
        (value,) = [v for v in graph.input if v.name not in initializers]
        shape = [d.dim_value or 1 for d in value.type.tensor_type.shape.dim]
        n = int(np.prod(shape))
        folder = case / "test_data_set_0"
        folder.mkdir(exist_ok=True)
        ramp = (np.arange(n).reshape(shape) / n).astype(np.float32)
        (folder / "input_0.pb").write_bytes(numpy_helper.from_array(ramp, value.name).SerializeToString())
        shutil.copy(source.with_name(source.stem + "_output_0.pb"), folder / "output_0.pb")


def writeMade(node: pathlib.Path, stored: set[str]) -> None:
    """Writes those cases of the onnx package which the archive does not hold."""
    from onnx import numpy_helper
    from onnx.backend.test.loader import load_model_tests

    def serialized(value, info):
        if hasattr(value, "SerializeToString"):
            return value.SerializeToString()
        kind = info.type.WhichOneof("value")
        if kind == "sequence_type":
            return numpy_helper.from_list(value, info.name).SerializeToString()
        if kind == "optional_type":
            return numpy_helper.from_optional(value, info.name).SerializeToString()
        return numpy_helper.from_array(value, info.name).SerializeToString()

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = load_model_tests(kind="node")
    for case in made:
        if case.name in stored:
            continue
        folder = node / case.name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "model.onnx").write_bytes(case.model.SerializeToString())
        for number, (inputs, outputs) in enumerate(case.data_sets):
            dataSet = folder / f"test_data_set_{number}"
            dataSet.mkdir(exist_ok=True)
            for i, (value, info) in enumerate(zip(inputs, case.model.graph.input)):
                (dataSet / f"input_{i}.pb").write_bytes(serialized(value, info))
            for i, (value, info) in enumerate(zip(outputs, case.model.graph.output)):
                (dataSet / f"output_{i}.pb").write_bytes(serialized(value, info))


def load(archive: pathlib.Path, cache: pathlib.Path) -> list[dict]:
    """All cases, from the cache when archive, onnx and this file are those it was made from."""
    import onnx

    key = hashlib.sha256(pathlib.Path(__file__).read_bytes() + onnx.__version__.encode() + str(archive.stat().st_size).encode()).hexdigest()
    index = cache / "index.json"
    if index.exists():
        stored = json.loads(index.read_text())
        if stored["key"] == key:
            return stored["cases"]
    print("conformance: unpacking the suite and making the cases of the onnx package", flush=True)
    shutil.rmtree(cache, ignore_errors=True)
    cache.mkdir(parents=True)
    with tarfile.open(archive) as tar:
        tar.extractall(cache)
    data = cache / "onnx/backend/test/data"
    stored = {f.name for f in (data / "node").iterdir()}
    writeMade(data / "node", stored)
    writeLight(data)
    cases = []
    for kind, folder in [("node", "node"), ("simple", "simple"), ("pytorch-converted",) * 2, ("pytorch-operator",) * 2, ("light", "real")]:
        for case in sorted((data / folder).iterdir()):
            if (case / "model.onnx").exists():
                cases.append(describe(kind, case.name, case))
                cases[-1]["stored"] = kind != "node" or case.name in stored
    index.write_text(json.dumps({"key": key, "cases": cases}))
    return cases
