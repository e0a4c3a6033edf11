"""Writes a 1x1 convolution followed by a BatchNormalization, as exports in training mode or by older tools have them."""
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

weights = {"w": np.linspace(-1, 1, 6).reshape(3, 2, 1, 1), "scale": [1.5, 0.5, 2], "bias": [0, 1, 2], "mean": [1, 2, 3], "variance": [1, 4, 9]}
nodes = [helper.make_node("Conv", ["x", "w"], ["c"]), helper.make_node("BatchNormalization", ["c", "scale", "bias", "mean", "variance"], ["y"])]
graph = helper.make_graph(nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 2, 4, 4])],
                          [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
                          [numpy_helper.from_array(np.array(v, np.float32), n) for n, v in weights.items()])
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)]), sys.argv[1])
