"""decoder.py MODEL.onnx IN.npz - a step of a decoder with 20 tokens in its caches and 2 new ones, and an output that is copied."""
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper

kv = lambda name, rows: helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 2, rows, 16])
graph = helper.make_graph(
    [
        helper.make_node("Concat", ["past_k", "k"], ["present_k"], "append_k", axis=-2),
        helper.make_node("Concat", ["past_v", "v"], ["present_v"], "append_v", axis=2),
        helper.make_node("Attention", ["q", "present_k", "present_v"], ["y"], "attend"),
        helper.make_node("Concat", ["past_m", "k"], ["present_m"], "joined", axis=2),
        helper.make_node("ReduceMax", ["present_m"], ["m"], "largest"),
    ],
    "decoder",
    [kv("past_k", "past"), kv("past_v", "past"), kv("past_m", "past"), kv("k", 2), kv("v", 2),
     helper.make_tensor_value_info("q", TensorProto.FLOAT, [1, 4, 2, 16])],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 4, 2, 16]), kv("present_k", None), kv("present_v", None),
     kv("present_m", None), helper.make_tensor_value_info("m", TensorProto.FLOAT, None)],
)
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 23)], ir_version=10), sys.argv[1])
random = np.random.default_rng(1)
shapes = {"past_k": (1, 2, 20, 16), "past_v": (1, 2, 20, 16), "past_m": (1, 2, 20, 16), "k": (1, 2, 2, 16), "v": (1, 2, 2, 16),
          "q": (1, 4, 2, 16)}
np.savez(sys.argv[2], **{name: random.standard_normal(shape, dtype=np.float32) for name, shape in shapes.items()})
