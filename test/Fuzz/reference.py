"""reference.py - what a graph computes by ONNX Runtime, at once or node by node, and how far arithmetic may move it.

Steps evaluates a graph's nodes one after the other, each in a session of its own, so that every value has the type the graph gives it
(ONNX Runtime alone computes chains of float16 in float32). A seed moves every number on its way into a node by a few units in the last
place. How far the results then move is the condition of the graph: what another order of sums, or another but equally exact function, may do.
"""
import os

import ml_dtypes
import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper

from graphs import isFloat

# Ops that compute places in an image in float32: a place is off by a rounding of the image's size, a result by what neighbours differ.
PLACES = {"Resize", "Upsample"}
# Sums that 16-bit arithmetic may round before a bias is added.
BIASED = {"Conv", "ConvTranspose", "Gemm"}
# Sums inside of the op that cancel: of cosines and sines, 1 + erf(x) where that is nearly -1.
CANCEL = {"HannWindow", "HammingWindow", "BlackmanWindow", "DFT", "STFT", "Gelu", "BiasGelu", "FastGelu"}


def evaluate(model: bytes, feeds: dict):
    """ONNX Runtime's results (a sequence is a list); a string where it has no such kernel; None where the graph is not valid."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    # As it is written: fused kernels round elsewhere, that of blocks of 4 bits even the other factor to 8 bits.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        if any("bfloat16" in v.type for v in (*session.get_inputs(), *session.get_outputs())):
            return "its interface has no bfloat16"
        names = [o.name for o in session.get_outputs()]
        return dict(zip(names, session.run(names, feeds)))
    except onnxruntime.capi.onnxruntime_pybind11_state.NotImplemented as error:
        return str(error)
    except Exception as error:
        return str(error) if "Failed to construct locale" in str(error) else None


def ends(model: bytes, feeds: dict) -> bool:
    """Whether ONNX Runtime would end this process: its Scan divides by the size of tensors without elements."""
    if all(np.size(value) for value in feeds.values()):
        return False
    child = os.fork()
    if child == 0:
        evaluate(model, feeds)
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def epsilon(array: np.ndarray) -> float:
    return float(ml_dtypes.finfo(array.dtype).eps) if isFloat(array.dtype) else 0.0


def moved(array, numbers: np.random.Generator, sign: int):
    """Each number (of a tensor, or of all in a sequence) 4 to 12 units in the last place away, all in the same direction."""
    if isinstance(array, list):
        return [moved(a, numbers, sign) for a in array]
    if not isFloat(array.dtype):
        return array
    with np.errstate(all="ignore"):
        return np.asarray(array * (1 + (numbers.uniform(-4, 4, array.shape) + 8 * sign) * epsilon(array))).astype(array.dtype)


def captured(graph: onnx.GraphProto) -> set[str]:
    """Names that a subgraph takes from outside."""
    made = {i.name for i in graph.input} | {t.name for t in graph.initializer} | {o for n in graph.node for o in n.output}
    used = {i for n in graph.node for i in n.input} | {o.name for o in graph.output}
    return (used | {name for node in graph.node for name in inner(node)}) - made - {""}


def inner(node: onnx.NodeProto) -> set[str]:
    return {name for a in node.attribute if a.type == onnx.AttributeProto.GRAPH for name in captured(a.g)}


def flat(values: dict) -> dict:
    """Tensors alone: the items of a sequence have names of their own."""
    return {name: a for n, v in values.items() for name, a in ({f"{n}[{i}]": a for i, a in enumerate(v)} if isinstance(v, list) else {n: v}).items()}


def info(name: str, value) -> onnx.ValueInfoProto:
    """The type of a value that is known: a tensor or a sequence of them."""
    if isinstance(value, list):
        return helper.make_tensor_sequence_value_info(name, helper.np_dtype_to_tensor_dtype(value[0].dtype), None)
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape)


class Steps:
    def __init__(self, proto: onnx.ModelProto, fallback=lambda model, feeds: None):
        """`fallback` evaluates nodes that ONNX Runtime does not implement."""
        self.proto, self.fallback = proto, fallback

    def model(self, node: onnx.NodeProto, values: dict, constants: dict) -> tuple[bytes, dict]:
        """The node alone: what is constant in the graph stays so, because some kernels want it."""
        names = sorted(({*node.input} | inner(node)) - {""})
        inputs = [info(n, values[n]) for n in names if n not in constants]
        initializers = [numpy_helper.from_array(values[n], n) for n in names if n in constants]
        outputs = [helper.make_empty_tensor_value_info(o) for o in node.output if o]
        graph = helper.make_graph([node], "step", inputs, outputs, initializers)
        model = helper.make_model(graph, opset_imports=self.proto.opset_import, ir_version=self.proto.ir_version)
        return model.SerializeToString(), {i.name: values[i.name] for i in inputs}

    def run(self, feeds: dict, seed: int | None = None) -> dict | None:
        """All values by name, moved ones with a seed; None where a node cannot be evaluated."""
        numbers, sign = np.random.default_rng(seed), 1 if seed is None or seed % 2 else -1
        move = (lambda a: a) if seed is None else (lambda a: moved(a, numbers, sign))
        graph = self.proto.graph
        constants = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
        scales = {i for node in graph.node if node.op_type in PLACES for i in node.input[1:]}  # some must be exactly 1
        values = {n: move(a) for n, a in feeds.items()} | {n: a if n in scales else move(a) for n, a in constants.items()}
        for node in graph.node:
            model, inputs = self.model(node, values, constants)
            given = [a.t for a in node.attribute if node.op_type == "Constant" and a.name == "value"]
            # The interface of ONNX Runtime has no numbers of 4 bits.
            results = {node.output[0]: numpy_helper.to_array(given[0])} if given else evaluate(model, inputs)
            if isinstance(results, str):
                results = self.fallback(model, inputs)
            if not isinstance(results, dict):
                return None
            if node.op_type == "Constant":
                constants |= results
            for name, array in results.items():
                if seed is not None and node.op_type in PLACES and array.size and isFloat(array.dtype):
                    reach = max(*array.shape, *values[node.input[0]].shape) * np.ptp(values[node.input[0]].astype(np.float64)) * float(np.finfo(np.float32).eps)
                    array = np.asarray(array + numbers.uniform(-4, 4, array.shape) * reach).astype(array.dtype)
                if seed is not None and (node.op_type in CANCEL or (node.op_type in BIASED and array.itemsize == 2)):
                    reach = max(1, np.abs(array).max(initial=0)) * epsilon(array)
                    array = (array + numbers.uniform(-4, 4, array.shape) * reach).astype(array.dtype)
                values[name] = move(array)
        return values
