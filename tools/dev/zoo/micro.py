"""micro.py - single operators at the sizes that networks run them at: what kernels are timed with (tools/dev/compare)."""
import math
import pathlib

import numpy as np

from zoo import registry
from zoo.blocks import module
from zoo.registry import Spec, ids, normal, torchModel


def single(name: str, op: str, inputs: dict[str, Spec], weights: dict[str, tuple] = {}, opset: int = 20, **attributes) -> None:
    """A model of one node, which reads the inputs and then constants of the given shapes."""

    def write(path: pathlib.Path) -> list[registry.Feeds]:
        import onnx
        from onnx import helper, numpy_helper

        rng = np.random.default_rng(registry.seedOf(name))
        feeds = {n: spec.make(rng, {}) for n, spec in inputs.items()}
        scale = {n: 1 / math.sqrt(math.prod(s[1:]) or 1) for n, s in weights.items()}
        constants = [numpy_helper.from_array((rng.standard_normal(s) * scale[n]).astype(np.float32), n) for n, s in weights.items()]
        typed = [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(v.dtype), v.shape) for n, v in feeds.items()]
        # The order of a schema: a Gather's table is a constant and comes first.
        reads = [*weights, *inputs] if op == "Gather" else [*inputs, *weights]
        node = helper.make_node(op, reads, ["y"], **attributes)
        graph = helper.make_graph([node], name, typed, [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, None)], constants)
        onnx.save(onnx.shape_inference.infer_shapes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)), path)
        return [feeds]

    registry.add(registry.Entry(name, "onnx.helper", write))


def matmul(m: int, n: int, k: int) -> None:
    single(f"matmul-{m}x{n}x{k}", "MatMul", {"x": normal(m, k)}, {"w": (k, n)})


def conv(name: str, channels: int, size: tuple, results: int, kernel: int, stride: int = 1, group: int = 1) -> None:
    rank = len(size)
    single(name, "Conv", {"x": normal(1, channels, *size)}, {"w": (results, channels // group, *[kernel] * rank), "b": (results,)},
           strides=[stride] * rank, pads=[kernel // 2] * (2 * rank), group=group)


for sizes in ((1024, 1024, 1024), (128, 768, 768), (128, 3072, 768), (128, 768, 3072), (197, 768, 768), (8, 4096, 4096), (1, 4096, 4096), (1, 5632, 2048),
              (1, 32000, 2048), (1000, 1, 2048), (127, 129, 131)):
    matmul(*sizes)

conv("conv-stem-7x7", 3, (224, 224), 64, 7, 2)
for channels, size in ((64, 56), (128, 28), (256, 14), (512, 7)):
    conv(f"conv-3x3-{channels}-at-{size}", channels, (size, size), channels, 3)
conv("conv-3x3-stride-2-128-at-56", 128, (56, 56), 128, 3, 2)
for channels, results, size in ((64, 256, 56), (1024, 256, 14), (2048, 512, 7)):
    conv(f"conv-1x1-{channels}-to-{results}-at-{size}", channels, (size, size), results, 1)
conv("conv-grouped-32", 256, (28, 28), 256, 3, group=32)
conv("conv-1d-80-to-512", 80, (3000,), 512, 3)
for channels, size, kernel, stride in ((144, 56, 3, 1), (384, 14, 3, 1), (144, 56, 3, 2), (576, 14, 3, 2), (240, 28, 5, 1), (240, 28, 5, 2), (672, 14, 5, 2)):
    conv(f"depthwise-{kernel}x{kernel}{'-stride-2' * (stride == 2)}-{channels}-at-{size}", channels, (size, size), channels, kernel, stride, channels)

single("softmax-12x1024x1024", "Softmax", {"x": normal(1, 12, 1024, 1024)}, axis=-1)
single("layernorm-512x4096", "LayerNormalization", {"x": normal(512, 4096)}, {"scale": (4096,), "bias": (4096,)}, axis=-1)
single("rmsnorm-512x4096", "RMSNormalization", {"x": normal(512, 4096)}, {"scale": (4096,)}, opset=23, axis=-1)
single("gelu-4m", "Gelu", {"x": normal(4, 1024, 1024)}, approximate="tanh")
single("gelu-erf-4m", "Gelu", {"x": normal(4, 1024, 1024)})
single("gather-32000x2048", "Gather", {"tokens": ids(512, high=32000)}, {"table": (32000, 2048)})
single("transpose-1024x4096", "Transpose", {"x": normal(1024, 4096)}, perm=[1, 0])
single("transpose-heads", "Transpose", {"x": normal(1, 1024, 12, 64)}, perm=[0, 2, 1, 3])
single("concat-channels", "Concat", {"a": normal(1, 256, 56, 56), "b": normal(1, 64, 56, 56)}, axis=1)


def attention(causal: bool):
    return lambda torch: ({}, lambda self, q, k, v: torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=causal))


for length in (1024, 4096):
    for causal in (False, True):
        heads = {n: normal(1, 12, length, 64) for n in "qkv"}
        suffix = f"s{length}{'-causal' * causal}"
        single(f"attention-op-{suffix}", "Attention", heads, opset=23, is_causal=int(causal))
        torchModel(f"attention-decomposed-{suffix}", module(attention(causal)), heads, outputs=["y"])
