"""exported.py - holds an exported model against the onnx checker, and runs it in ONNX Runtime where that can run the original."""
import multiprocessing
import pathlib
import tempfile

import numpy as np
import onnx
import onnxruntime

import harness
import randomness

# A process for each case, because ONNX Runtime may crash; a fork of one that has everything imported.
context = multiprocessing.get_context("forkserver")
context.set_forkserver_preload(["exported"])


def run(path: str, feeds: dict) -> dict:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, feeds)))


def tensors(inputs: list[str]) -> dict:
    """The stored tensors of `--input NAME=FILE ...`."""
    pairs = (argument.split("=", 1) for argument in inputs if argument != "--input")
    return {name: onnx.numpy_helper.to_array(onnx.TensorProto.FromString(pathlib.Path(path).read_bytes())) for name, path in pairs}


def compare(case: dict, data: dict, actual: dict, wanted: dict) -> None:
    """Failed where the outputs are not what the case wants."""
    if case["random"]:
        if problem := randomness.check(case, data, actual, wanted):
            raise harness.Failed("mismatch", problem)
        return
    actual = harness.givenTensors({name: np.asarray(value) for name, value in actual.items()})
    for name, value in wanted.items():
        harness.compare(name, actual[name], value, case["rtol"], case["atol"])


def unreadInitializers(graph: onnx.GraphProto) -> list[str]:
    def read(graph: onnx.GraphProto) -> set:
        inner = [read(a.g) for node in graph.node for a in node.attribute if a.type == onnx.AttributeProto.GRAPH]
        return set().union({i for node in graph.node for i in node.input}, {o.name for o in graph.output}, *inner)

    names = read(graph)
    return [i.name for i in graph.initializer if i.name not in names]


def problem(case: dict, original: str, exported: str) -> str:
    try:
        onnx.checker.check_model(exported, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        return f"checker: {str(error).splitlines()[0]}"
    if unread := unreadInitializers(onnx.load(exported, load_external_data=False).graph):
        return f"nobody reads initializer '{unread[0]}'"
    isFlat = all(value.type.WhichOneof("value") == "tensor_type"
                 for graph in [onnx.load(original, load_external_data=False).graph] for value in [*graph.input, *graph.output])
    with tempfile.TemporaryDirectory() as folder:
        _, sets = harness.storedValues(case, folder)
        for data, (inputs, wanted) in zip(case["sets"], sets):
            try:
                if isFlat:
                    compare(case, data, run(original, tensors(inputs)), wanted)
            except Exception:  # whatever it is: ONNX Runtime is no reference for this case
                return ""
            try:
                compare(case, data, run(exported, tensors(inputs)), wanted)
            except harness.Failed as failure:
                return f"ONNX Runtime: {failure.detail}"
            except Exception as error:
                return f"ONNX Runtime: {str(error).splitlines()[0]}"
    return ""


def answer(to, *arguments) -> None:
    to.send(problem(*arguments))


def check(case: dict, original: str, exported: str, seconds: float) -> str:
    """What is wrong with the file `exported` that was made of the case's model `original`; empty when nothing is."""
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=answer, args=(there, case, original, exported))
    process.start()
    there.close()
    try:
        return here.recv()[:300] if here.poll(seconds) else f"more than {seconds} s in ONNX Runtime"
    except EOFError:
        return "ONNX Runtime crashed"
    finally:
        process.kill()
        process.join()
