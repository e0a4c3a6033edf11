"""randomness.py - cases whose results are drawn at random: compared by distribution, over many draws.

The stored results are one generator's, so the case is enlarged instead: its first input COPIES times along the first axis. Then each
element has been drawn often enough to tell its probability.
"""
import pathlib

import numpy as np

COPIES = 4096
# How far a share of COPIES draws may be from its probability: five standard deviations of the widest distribution.
FAR = 5 * 0.5 / COPIES**0.5


def isRandom(model) -> bool:
    """Whether the results depend on the generator. Where nothing is dropped, they do not."""
    ops = {node.op_type for node in model.graph.node}
    name = model.graph.name
    return bool(ops & {"Bernoulli", "RandomUniformLike"}) or ("training_dropout" in name and "zero_ratio" not in name)


def enlarged(case: dict, folder: str) -> dict:
    import onnx
    from onnx import numpy_helper

    model = onnx.load(case["model"])
    first = model.graph.input[0]
    rows = first.type.tensor_type.shape.dim[0].dim_value
    for value in [first, *model.graph.output]:
        value.type.tensor_type.shape.dim[0].dim_value = rows * COPIES
    del model.graph.value_info[:]
    path = pathlib.Path(folder, "enlarged.onnx")
    onnx.save(model, path)
    sets = []
    for data in case["sets"]:
        (name, file), *others = data["inputs"]
        tensor = numpy_helper.to_array(onnx.TensorProto.FromString(pathlib.Path(file).read_bytes()))
        many = pathlib.Path(folder, "input.pb")
        many.write_bytes(numpy_helper.from_array(np.concatenate([tensor] * COPIES), name).SerializeToString())
        given = [[name, str(many)], *others]
        sets.append(data | {"inputs": given, "given": given})  # `given` stays when the inputs become initializers
    return case | {"model": str(path), "sets": sets}


def check(case: dict, data: dict, actual: dict, wanted: dict) -> str:
    """What is wrong with the outputs of an enlarged case; empty when they are drawn as they should be."""
    import onnx
    from onnx import numpy_helper

    inputs = [numpy_helper.to_array(onnx.TensorProto.FromString(pathlib.Path(file).read_bytes())) for _, file in data["given"]]
    x = inputs[0].astype(np.float64)
    y, *mask = [actual[name] for name in wanted]
    for name, value in wanted.items():
        if actual[name].dtype != value.dtype or actual[name].shape != x.shape:
            return f"output '{name}' is {actual[name].dtype}{list(actual[name].shape)}, expected {value.dtype}{list(x.shape)}"
    draws = lambda array: array.reshape(COPIES, -1)
    if len(inputs) == 1 and not mask and not np.any(y * (1 - y)):  # Bernoulli: x are the probabilities
        if case["name"].endswith("_expanded"):
            x = 1 - x  # the body that the suite expands it to is random > x
        far = np.abs(draws(y).mean(axis=0) - draws(x)[0]).max()
        return "" if far <= FAR else f"an element is 1 in a share of draws that is {far:.3f} off its probability"
    ratio = float(inputs[1]) if len(inputs) > 1 else 0.5
    kept = mask[0] if mask else y != 0
    scaled = np.where(kept, x / (1 - ratio), 0)
    if not np.allclose(y, scaled, rtol=1e-6, atol=0):
        return "an element is neither dropped nor scaled by 1 / (1 - ratio)"
    far = np.abs(draws(kept).mean(axis=0) - (1 - ratio)).max()
    return "" if far <= FAR else f"an element is kept in a share of draws that is {far:.3f} off 1 - ratio"
