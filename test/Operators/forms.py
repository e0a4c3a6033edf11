"""forms.py - com.microsoft's forms of operators that ONNX has too, and its normalizations and gates."""
import itertools

import numpy as np

from node import Node, normal


def _node(op: str, inputs: dict, outputs: list[str], weights: tuple[str, ...] = (), **attributes) -> Node:
    return Node(op, inputs, outputs, attributes, weights, domain="com.microsoft")


def range_and_pad():
    for start, limit, delta in ((0, 5, None), (3, -4, -2), (1, 1, 1)):
        for kind in (np.int64, np.float32):
            step = None if delta is None else np.array(delta, kind)
            yield _node("Range", {"start": np.array(start, kind), "limit": np.array([limit], kind), "delta": step}, ["Y"])
    for mode, pads in itertools.product(("constant", "reflect", "edge"), ([1, 0, 0, 2], [-1, 1, 0, 0])):
        yield _node("Pad", {"data": normal(3, 4), "pads": np.array(pads), "value": np.array([2.5], np.float32) if mode == "constant" else None}, ["Y"], mode=mode)


def gather_nd_and_expand_dims():
    yield _node("GatherND", {"data": normal(3, 4, 2), "indices": np.array([[0, 1], [2, 3]])}, ["Y"])
    yield _node("GatherND", {"data": normal(3, 4), "indices": np.array([[[2]], [[1]]], np.int32)}, ["Y"])
    for axis in (0, 2, -1):
        yield _node("ExpandDims", {"X": normal(3, 4), "axis": np.array(axis, np.int32)}, ["Y"], ("axis",))


def unfold_tensor():
    """The windows' elements are a last axis; elements behind the last whole window are in none."""
    yield _node("UnfoldTensor", {"input": normal(3, 5)}, ["output"], size=2)
    yield _node("UnfoldTensor", {"input": normal(2, 7, 3)}, ["output"], dim=1, size=3, step=2)
    yield _node("UnfoldTensor", {"input": np.arange(10)}, ["output"], dim=-1, size=10)


def ngram_repeat_block():
    """The last n - 1 tokens, followed by what once followed them; too few tokens repeat nothing."""
    tokens = np.array([[1, 2, 3, 1, 2], [4, 4, 4, 4, 4], [0, 1, 2, 3, 4]])
    for size in (1, 2, 3, 5, 6):
        yield _node("NGramRepeatBlock", {"input_ids": tokens, "scores": normal(3, 6)}, ["scores_out"], ngram_size=size)


def unique_in_order():
    for x in (np.array([2, 1, 1, 3, 4, 3], np.float32), np.array([5, 5, -1])):
        yield _node("Unique", {"x": x.astype(np.float32)}, ["y", "idx", "counts"])


def integer_product_16():
    a, b = (np.random.default_rng(i).integers(-300, 300, shape).astype(np.int16) for i, shape in ((0, (2, 3, 4)), (1, (4, 5))))
    yield _node("MatMulInteger16", {"A": a, "B": b}, ["Y"])


def quantized_embedding():
    """Two rows of three tokens; without segments; with a mask."""
    tables = {"word": (7, 8), "position": (5, 8), "segment": (2, 8), "gamma": (8,), "beta": (8,)}
    quantized = {name: np.random.default_rng([1, *shape]).integers(0, 256, shape).astype(np.uint8) for name, shape in tables.items()}
    scales = {f"{name}_scale": np.array(0.01 * (i + 1), np.float32) for i, name in enumerate(tables)}
    zeros = {f"{name}_zero": np.array(100 + 7 * i, np.uint8) for i, name in enumerate(tables)}
    ids = np.array([[1, 6, 0], [3, 3, 2]], np.int32)
    for hasSegments, hasMask in itertools.product((True, False), (True, False)):
        given = {"ids": ids, "segments": np.array([[0, 0, 1], [1, 1, 0]], np.int32), "mask": np.array([[1, 1, 0], [1, 1, 1]], np.int32)}
        inputs = {"ids": ids, "segments": given["segments"], **quantized, "mask": given["mask"], **scales, **zeros}
        inputs = {name: None if ("segment" in name and not hasSegments) or (name == "mask" and not hasMask) else x for name, x in inputs.items()}
        yield _node("QEmbedLayerNormalization", inputs, ["Y", "mask_index"], tuple([*tables, *scales, *zeros]), epsilon=1e-6)


def _groupNorm(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, groups: int, activation: int) -> np.ndarray:
    """Of channels last."""
    rows = x.reshape(x.shape[0], -1, groups, x.shape[-1] // groups).astype(np.float64)
    centred = rows - rows.mean((1, 3), keepdims=True)
    y = (centred / np.sqrt((centred**2).mean((1, 3), keepdims=True) + 1e-5)).reshape(x.shape) * gamma + beta
    return (y / (1 + np.exp(-y)) if activation else y).astype(np.float32)


def group_norm():
    """ONNX Runtime has these on GPUs only."""
    for groups, activation, isLast in itertools.product((1, 4), (0, 1), (0, 1)):
        x, skip, gamma, beta = normal(2, 3, 5, 8), normal(2, 8, seed=1), 1 + normal(8), normal(8, seed=1)
        bias = normal(8, seed=2)
        order = (0, 1, 2, 3) if isLast else (0, 3, 1, 2)
        attributes = {"groups": groups, "activation": activation, "channels_last": isLast}
        given = {"X": x.transpose(order).copy(), "gamma": gamma, "beta": beta}
        made = _node("GroupNorm", given, ["Y"], ("gamma", "beta"), **attributes)
        made.wanted = {"Y": _groupNorm(x, gamma, beta, groups, activation).transpose(order)}
        yield made
        total = x + skip[:, None, None] + bias
        made = _node("SkipGroupNorm", given | {"skip": skip, "bias": bias}, ["Y", "S"], ("gamma", "beta", "bias"), **attributes)
        made.wanted = {"Y": _groupNorm(total, gamma, beta, groups, activation).transpose(order), "S": total.transpose(order)}
        yield made


def nhwc_conv():
    """ONNX Runtime has these on GPUs only: against the same sums in NumPy."""
    x, b = normal(2, 5, 6, 4), normal(3, seed=1)
    w = normal(6, 2, 3, 2)
    padded = np.pad(x, ((0, 0), (1, 1), (0, 1), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 2), (1, 2))  # n h w c kh kw
    y = np.concatenate([np.einsum("nhwcij,mcij->nhwm", windows[..., 2 * g : 2 * g + 2, :, :], w[3 * g : 3 * g + 3]) for g in (0, 1)], -1)
    y = (y + np.tile(b, 2)).astype(np.float32)
    z = normal(*y.shape, seed=4)
    inputs = {"X": x, "W": w, "B": np.tile(b, 2)}
    last = {"W": w.transpose(0, 2, 3, 1)}  # its filter has the channels last as well
    for op, more, wanted in (("NhwcConv", last, y), ("NhwcFusedConv", {"Z": z}, np.maximum(y + z, 0))):
        made = _node(op, inputs | more, ["Y"], ("W", "B"), kernel_shape=[3, 2], pads=[1, 0, 1, 1], group=2, **({"activation": "Relu"} if "Z" in more else {}))
        made.wanted = {"Y": wanted}
        yield made


def gated_norm():
    for activation, width in itertools.product(("silu", "swish", "sigmoid"), (4, 12)):
        yield _node("GatedRMSNorm", {"X": normal(2, 3, 12), "scale": normal(width, seed=1), "gate": normal(2, 3, 12, seed=2)}, ["Y"], ("scale",), activation=activation)


def linear_attention_gate():
    a, b = normal(2, 3, 4, scale=8), normal(2, 3, 4, seed=1)
    per = {"dt_bias": normal(4), "decay_scale": -np.exp(normal(4, seed=3))}
    yield _node("LinearAttentionGate", {"a": a, **per, "b": b}, ["decay", "beta"])
    yield _node("LinearAttentionGate", {"a": a, **per}, ["decay"])


def gemm_fast_gelu():
    """ONNX Runtime has it on GPUs only."""
    x, w, b = normal(2, 3, 4), normal(4, 5), normal(5)
    for bias in (None, b):
        s = x @ w + (0 if bias is None else bias)
        made = _node("GemmFastGelu", {"X": x, "W": w, "bias": bias}, ["Y"], ("W",))
        made.wanted = {"Y": (0.5 * s * (1 + np.tanh(np.sqrt(2 / np.pi) * (s + 0.044715 * s**3)))).astype(np.float32)}
        yield made


def causal_conv():
    for taps, dilation, tokens, hasPast, activation in itertools.product((1, 4), (1, 3), (1, 5), (False, True), ("none", "silu")):
        past = normal(2, 6, (taps - 1) * dilation) if hasPast and taps > 1 else None
        yield _node("CausalConvWithState", {"input": normal(2, 6, tokens), "weight": normal(6, 1, taps), "bias": normal(6), "past_state": past},
                    ["output", "present_state"], ("weight", "bias"), activation=activation, dilation=dilation)


def linear_attention():
    for rule, tokens, (heads, groups), perHead in itertools.product(("linear", "gated", "delta", "gated_delta"), (1, 5), ((2, 2), (4, 2)), (False, True)):
        keys = normal(2, tokens, groups, 3, seed=1)
        inputs = {"q": normal(2, tokens, heads * 3), "k": (keys / np.linalg.norm(keys, axis=-1, keepdims=True)).reshape(2, tokens, -1),
                  "v": normal(2, tokens, groups * 5, seed=2), "past": normal(2, groups, 3, 5),
                  "decay": -np.abs(normal(2, tokens, groups * (1 if perHead else 3), seed=3)) if "gated" in rule else None,
                  "beta": np.abs(np.tanh(normal(2, tokens, groups, seed=4))) if "delta" in rule else None}
        yield _node("LinearAttention", inputs, ["Y", "state"], q_num_heads=heads, kv_num_heads=groups, update_rule=rule)
