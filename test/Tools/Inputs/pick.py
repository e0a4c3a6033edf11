"""pick.py FILE - Relu, Gather ('pick') and Add, whose indices come when it runs."""
import sys

import onnx
from onnx import TensorProto, helper

nodes = [helper.make_node("Relu", ["x"], ["r"], "first"), helper.make_node("Gather", ["r", "i"], ["p"], "pick"), helper.make_node("Add", ["p", "p"], ["y"], "twice")]
graph = helper.make_graph(nodes, "pick", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [4, 3]), helper.make_tensor_value_info("i", TensorProto.INT64, ["n"])],
                          [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 3])])
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), sys.argv[1])
