#!/usr/bin/env python3
"""quantized.py - models quantized by ONNX Runtime's quantizer, layer by layer against ONNX Runtime.

    quantized.py list            the cases, and `planted`: a wrong scale is reported
    quantized.py run CASE        CASE is NET-TYPE: `convolutions-u8`
    quantized.py layers MODEL    the same for the QDQ model in a file, with a table of layers that differ

The model is cut at every QuantizeLinear: what it gives is an output, what reads it gets an input of its own. So each layer computes on
what ONNX Runtime computed for it. At least 99.9 % of a model's elements are ONNX Runtime's, and none is further away than one step: both
round the same real number, which may lie near a tie. Softmax is not counted, because ONNX Runtime takes it from a table of rounded
numbers. Programs are compiled at -O3 and run on one thread and two, which agree bit for bit.
"""
import pathlib
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "test/Support"))
import cameo  # noqa: E402


class Net:
    """A float model under construction; weights are seeded and scaled so that activations keep their size."""

    def __init__(self):
        self.rng, self.nodes, self.weights = np.random.default_rng(0), [], []

    def weight(self, *shape: int, gain: float = 2.0) -> str:
        terms = int(np.prod(shape[1:])) if len(shape) > 2 else shape[0]
        return self.constant((self.rng.standard_normal(shape) * np.sqrt(gain / terms)).astype(np.float32))

    def constant(self, value: np.ndarray) -> str:
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(value, name))
        return name

    def op(self, kind: str, *inputs: str, **attributes) -> str:
        name = f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name

    def conv(self, x: str, channels: int, outputs: int, kernel: int, stride: int = 1, group: int = 1) -> str:
        weights = self.weight(outputs, channels // group, kernel, kernel)
        bias = self.constant((self.rng.standard_normal(outputs) * 0.1).astype(np.float32))
        return self.op("Conv", x, weights, bias, strides=[stride] * 2, pads=[kernel // 2] * 4, group=group)

    def linear(self, x: str, inputs: int, outputs: int, gain: float = 1.0) -> str:
        product = self.op("MatMul", x, self.weight(inputs, outputs, gain=gain))
        return self.op("Add", product, self.constant((self.rng.standard_normal(outputs) * 0.1).astype(np.float32)))

    def model(self, y: str, shape: list[int]) -> onnx.ModelProto:
        x = helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)
        graph = helper.make_graph(self.nodes, "net", [x], [onnx.ValueInfoProto(name=y)], self.weights)
        return onnx.shape_inference.infer_shapes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8))


def convolutions() -> tuple[onnx.ModelProto, list[int]]:
    """What convolutional networks are made of: a wide first kernel, bottlenecks, depthwise and grouped layers, branches that meet."""
    net = Net()
    x = net.op("Relu", net.conv("x", 3, 24, 7, 2))
    x = net.op("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    y = net.conv(net.op("Relu", net.conv(net.op("Relu", net.conv(x, 24, 16, 1)), 16, 16, 3)), 16, 24, 1)
    x = net.op("Relu", net.op("Add", x, y))
    y = net.op("Clip", net.conv(x, 24, 24, 3, 2, group=24), net.constant(np.float32(0)), net.constant(np.float32(6)))
    x = net.op("Concat", net.conv(y, 24, 20, 1), net.op("LeakyRelu", net.conv(y, 24, 12, 3), alpha=0.1), axis=1)
    x = net.op("Sigmoid", net.conv(x, 32, 32, 3, group=4))
    x = net.op("Flatten", net.op("GlobalAveragePool", x))
    return net.model(net.op("Gemm", x, net.weight(10, 32), net.constant(np.ones(10, np.float32)), transB=1), [2, 3, 61, 53]), [2, 3, 61, 53]


def transformer() -> tuple[onnx.ModelProto, list[int]]:
    """One layer: products with weights and of activations, softmax, layer normalization, GELU."""
    net, tokens, width, heads = Net(), 19, 48, 4
    split, merged = net.constant(np.array([1, tokens, heads, width // heads])), net.constant(np.array([1, tokens, width]))

    def projected(permutation: list[int]) -> str:
        return net.op("Transpose", net.op("Reshape", net.linear("x", width, width), split), perm=permutation)

    def normalized(x: str) -> str:
        return net.op("LayerNormalization", x, net.constant(np.ones(width, np.float32)), net.constant(np.zeros(width, np.float32)))

    scores = net.op("Mul", net.op("MatMul", projected([0, 2, 1, 3]), projected([0, 2, 3, 1])), net.constant(np.float32(0.3)))
    mixed = net.op("MatMul", net.op("Softmax", scores), projected([0, 2, 1, 3]))
    x = normalized(net.op("Add", net.linear(net.op("Reshape", net.op("Transpose", mixed, perm=[0, 2, 1, 3]), merged), width, width), "x"))
    hidden = net.linear(x, width, 100, gain=16)  # so that erf reaches -1 and 1, and erf + 1 lies between two steps
    erf = net.op("Erf", net.op("Div", hidden, net.constant(np.float32(np.sqrt(2)))))
    gelu = net.op("Mul", net.op("Mul", hidden, net.op("Add", erf, net.constant(np.float32(1)))), net.constant(np.float32(0.5)))
    return net.model(normalized(net.op("Add", net.linear(gelu, 100, width), x)), [1, tokens, width]), [1, tokens, width]


NETS = {"convolutions": convolutions, "transformer": transformer}


def quantized(model: onnx.ModelProto, shape: list[int], kind: str, path: str) -> onnx.ModelProto:
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    class Samples(CalibrationDataReader):
        def __init__(self):
            self.samples = iter([{"x": np.random.default_rng(i).standard_normal(shape).astype(np.float32)} for i in range(3)])

        def get_next(self):
            return next(self.samples, None)

    onnx.save(model, path)
    activations = QuantType.QUInt8 if kind == "u8" else QuantType.QInt8
    quantize_static(path, path, Samples(), quant_format=QuantFormat.QDQ, per_channel=True, activation_type=activations, weight_type=QuantType.QInt8)
    return onnx.load(path)


def random_feeds(model: onnx.ModelProto) -> dict:
    """Normal numbers, or ids for the vocabulary; masks and segment ids are 1, which both are valid."""
    rng, feeds = np.random.default_rng(7), {}
    for value in model.graph.input:
        kind, shape = value.type.tensor_type.elem_type, [d.dim_value or 1 for d in value.type.tensor_type.shape.dim]
        if kind == TensorProto.FLOAT:
            feeds[value.name] = rng.standard_normal(shape).astype(np.float32)
        else:
            ids = rng.integers(0, 1000, shape) if "ids" in value.name and "type" not in value.name else np.ones(shape)
            feeds[value.name] = ids.astype(helper.tensor_dtype_to_np_dtype(kind))
    return feeds


def cut(model: onnx.ModelProto, inputs: dict) -> tuple[onnx.ModelProto, dict, dict]:
    """The model in pieces, the inputs of the pieces, and ONNX Runtime's outputs of them."""
    import onnxruntime

    quantizes = [node for node in model.graph.node if node.op_type == "QuantizeLinear"]
    types = {i.name: i.data_type for i in model.graph.initializer}
    whole, pieces = onnx.ModelProto(), onnx.ModelProto()
    whole.CopyFrom(model)
    pieces.CopyFrom(model)
    for node in quantizes:
        whole.graph.output.append(helper.make_tensor_value_info(node.output[0], types[node.input[2]], None))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    session = onnxruntime.InferenceSession(whole.SerializeToString(), options, providers=["CPUExecutionProvider"])
    names = [node.output[0] for node in quantizes]
    values = dict(zip(names, session.run(names, inputs)))
    feeds = dict(inputs)
    for node in pieces.graph.node:
        for i, name in enumerate(node.input):
            if name in values:
                node.input[i] = f"{name}.read"
                feeds[f"{name}.read"] = values[name]
    del pieces.graph.output[:], pieces.graph.value_info[:]
    for name, value in values.items():
        pieces.graph.output.append(helper.make_tensor_value_info(name, types_of(value), value.shape))
        if f"{name}.read" in feeds:
            pieces.graph.input.append(helper.make_tensor_value_info(f"{name}.read", types_of(value), value.shape))
    kept, needed = [], set(names)
    for node in reversed(pieces.graph.node):  # what only the model's own outputs need is gone
        if any(output in needed for output in node.output):
            kept.append(node)
            needed.update(node.input)
    del pieces.graph.node[:]
    pieces.graph.node.extend(reversed(kept))
    return pieces, {name: value for name, value in feeds.items() if name in needed}, values


def types_of(value: np.ndarray) -> int:
    return helper.np_dtype_to_tensor_dtype(value.dtype)


def compare(model: onnx.ModelProto, inputs: dict, folder: str, change=lambda pieces: pieces, table=False) -> list[str]:
    pieces, feeds, wanted = cut(model, inputs)
    unread = [i for i in pieces.graph.input if i.name not in feeds]
    for value in unread:
        pieces.graph.input.remove(value)
    onnx.save(change(pieces), f"{folder}/pieces.onnx")
    program = cameo.compileModel(f"{folder}/pieces.onnx", "-O3")
    alone, shared = (cameo.Program(program, threads=threads).run(feeds) for threads in (1, 2))
    problems, elements, off = [], 0, 0
    for name, value in wanted.items():
        distance = np.abs(alone[name].astype(np.int32) - value)
        if not name.startswith("Softmax"):
            elements, off = elements + value.size, off + np.count_nonzero(distance)
        if table and distance.any():
            print(f"{name}: {np.count_nonzero(distance)} of {value.size} differ, at most by {distance.max()}")
        if distance.max(initial=0) > 1:
            problems.append(f"{name} is off by {distance.max()} steps")
        if alone[name].tobytes() != shared[name].tobytes():
            problems.append(f"{name}: two threads give other bits than one")
    if table:
        print(f"{off} of {elements} elements differ")
    if off > elements * 0.001:
        problems.append(f"{off} of {elements} elements differ")
    return problems


def spoiled(pieces: onnx.ModelProto) -> onnx.ModelProto:
    scale = next(i for i in pieces.graph.initializer if i.name == "Conv_0_scale" or i.name == "Relu_1_scale")
    scale.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(scale) * np.float32(1.02), scale.name))
    return pieces


def run(case: str) -> list[str]:
    net, kind = ("convolutions", "u8") if case == "planted" else case.split("-")
    with tempfile.TemporaryDirectory() as folder:
        model, shape = NETS[net]()
        model = quantized(model, shape, kind, f"{folder}/m.onnx")
        x = {"x": np.random.default_rng(7).standard_normal(shape).astype(np.float32)}
        if case == "planted":
            return [] if compare(model, x, folder, spoiled) else ["a wrong scale was not reported"]
        return compare(model, x, folder)


if __name__ == "__main__":
    if sys.argv[1] == "list":
        print("\n".join([f"{net}-{kind}" for net in NETS for kind in ("u8", "s8")] + ["planted"]))
    elif sys.argv[1] == "layers":
        given = onnx.load(sys.argv[2])
        with tempfile.TemporaryDirectory() as scratch:
            print("\n".join(compare(given, random_feeds(given), scratch, table=True)))
    else:
        found = run(sys.argv[2])
        print("\n".join(found))
        sys.exit(int(bool(found)))
