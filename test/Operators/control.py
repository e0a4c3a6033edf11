"""control.py - operators with bodies."""
import itertools

import numpy as np
from onnx import TensorProto, helper

from node import Node, normal

_INT64, _BOOL, _FLOAT = TensorProto.INT64, TensorProto.BOOL, TensorProto.FLOAT


def loop_of_no_iterations():
    """What it collects has the sizes that its body declares where only the run of an iteration would tell them."""
    for trips, declared, start in itertools.product((0, 2), ([2, "?"], [2, 3], ["?", 3]), (False, True)):
        nodes = [helper.make_node("Reshape", ["x", "sizes"], ["rows"]), *(helper.make_node("Identity", [name], [f"{name}_next"]) for name in ("go", "x", "sizes"))]
        carried = [("go", _BOOL, []), ("x", _FLOAT, [6]), ("sizes", _INT64, [2])]
        body = helper.make_graph(nodes, "body", [helper.make_tensor_value_info(*value) for value in [("number", _INT64, []), *carried]],
                                 [helper.make_tensor_value_info(f"{name}_next", *rest) for name, *rest in carried] + [helper.make_tensor_value_info("rows", _FLOAT, declared)])
        yield Node("Loop", {"trips": np.array(trips), "start": np.array(True) if start else None, "x0": normal(6), "sizes0": np.array([2, 3])},
                   ["x_last", "sizes_last", "collected"], {"body": body})
