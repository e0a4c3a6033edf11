"""Other ways to give a case to the compiler than as it is written: the same numbers must come out.

dynamic   no size of an input is known; the declared shapes of outputs and inner values go too
constant  the inputs are initializers, so that folding computes the outputs
export    the model is written as ONNX; ONNX Runtime and Cameo run that file (harness.runExported)
"""
import copy
import pathlib

MODES = ("static", "dynamic", "constant", "export")


def isTensor(value) -> bool:
    return value.type.WhichOneof("value") == "tensor_type"


def forgetSizes(model) -> None:
    """Symbols instead of the sizes of inputs; a name of its own for each. The length of a vector of integers stays: it may be a rank."""
    from onnx import TensorProto

    initialized = {t.name for t in model.graph.initializer}
    for value in model.graph.input:
        if isTensor(value) and value.type.tensor_type.HasField("shape") and value.name not in initialized:
            isRank = len(value.type.tensor_type.shape.dim) == 1 and value.type.tensor_type.elem_type in (TensorProto.INT32, TensorProto.INT64)
            if isRank:
                continue
            for axis, dim in enumerate(value.type.tensor_type.shape.dim):
                dim.dim_param = f"size{axis}_of_{value.name}"
    for value in model.graph.output:
        if isTensor(value):
            value.type.tensor_type.ClearField("shape")
    del model.graph.value_info[:]


def variants(case: dict, mode: str, folder: str) -> list[dict]:
    """The case as it is given in `mode`: one case, or one per data set; models that differ from the stored one lie in `folder`."""
    if mode == "static":
        return [case]
    import onnx

    model = onnx.load(case["model"])
    if mode == "dynamic":
        forgetSizes(model)
        path = pathlib.Path(folder, "dynamic.onnx")
        onnx.save(model, path)
        return [case | {"model": str(path)}]
    result = []
    for number, data in enumerate(case["sets"]):
        made, left = copy.deepcopy(model), []
        kinds = {value.name: value for value in made.graph.input}
        for name, file in data["inputs"]:
            if not isTensor(kinds[name]):
                left.append([name, file])
                continue
            tensor = onnx.TensorProto.FromString(pathlib.Path(file).read_bytes())
            tensor.name = name
            made.graph.initializer.append(tensor)
            made.graph.input.remove(kinds[name])
        path = pathlib.Path(folder, f"constant{number}.onnx")
        onnx.save(made, path)
        result.append(case | {"model": str(path), "sets": [data | {"inputs": left}]})
    return result
