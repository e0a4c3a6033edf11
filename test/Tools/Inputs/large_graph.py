"""large_graph.py KIND NODES FILE - a model of so many nodes: `layers` of matrices and residual sums, a `chain` of pointwise ops, `views` by computed sizes,
or `sums` whose sizes have formulas with more paths than there are nodes."""
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def layers(count):
    weights = [numpy_helper.from_array(np.full((64, 64), 0.01 * (i + 1), np.float32), f"w{i}") for i in range(8)]
    nodes, last = [], "x"
    for i in range(count // 4):
        nodes += [helper.make_node("MatMul", [last, f"w{i % 8}"], [f"m{i}"]), helper.make_node("Add", [f"m{i}", last], [f"a{i}"]),
                  helper.make_node("Relu", [f"a{i}"], [f"r{i}"]), helper.make_node("Add", [f"r{i}", last], [f"s{i}"])]
        last = f"s{i}"
    return nodes, weights, last


def chain(count):
    nodes, last = [], "x"
    for i in range(count // 2):
        nodes += [helper.make_node("Add", [last, "x"], [f"a{i}"]), helper.make_node("Tanh", [f"a{i}"], [f"t{i}"])]
        last = f"t{i}"
    return nodes, [], last


def views(count):
    numbers = {"zero": [0], "cube": [8, 8], "flat": [-1, 64]}
    nodes, last = [], "x"
    for i in range(count // 7):
        nodes += [helper.make_node("Shape", [last], [f"all{i}"]), helper.make_node("Gather", [f"all{i}", "zero"], [f"rows{i}"]),
                  helper.make_node("Concat", [f"rows{i}", "cube"], [f"to{i}"], axis=0), helper.make_node("Reshape", [last, f"to{i}"], [f"cubes{i}"]),
                  helper.make_node("Transpose", [f"cubes{i}"], [f"turned{i}"], perm=[0, 2, 1]),
                  helper.make_node("Reshape", [f"turned{i}", "flat"], [f"rest{i}"]), helper.make_node("Exp", [f"rest{i}"], [f"e{i}"])]
        last = f"e{i}"
    return nodes, [numpy_helper.from_array(np.array(v, np.int64), k) for k, v in numbers.items()], last


def sums(count):
    """Row 0 twice as large each time: the other rows would make the sizes differ."""
    nodes, last = [], "x"
    for i in range(count // 3):
        nodes += [helper.make_node("Slice", [last, "one", "all", "zero"], [f"rest{i}"]), helper.make_node("Concat", [last, f"rest{i}"], [f"more{i}"], axis=0),
                  helper.make_node("Add", [last, f"more{i}"], [f"sum{i}"])]
        last = f"sum{i}"
    numbers = {"zero": [0], "one": [1], "all": [2**62]}
    return nodes, [numpy_helper.from_array(np.array(v, np.int64), k) for k, v in numbers.items()], last


nodes, weights, last = globals()[sys.argv[1]](int(sys.argv[2]))
graph = helper.make_graph(nodes, sys.argv[1], [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 64])],
                          [helper.make_tensor_value_info(last, TensorProto.FLOAT, ["N", 64])], weights)
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), sys.argv[3])
