"""gating.py - com.microsoft's gates and parallel streams of newer decoders."""
import itertools

import numpy as np

from node import Node, normal, sigmoid


def _node(op: str, inputs: dict, outputs: list[str] = ["out"], attributes: dict = {}, **options) -> Node:
    return Node(op, inputs, outputs, attributes, domain="com.microsoft", **options)


def scaled_silu():
    for x in (normal(3, 4), normal(2, 3).astype(np.float16)):
        yield _node("ScaledSiLU", {"X": x}, attributes={"alpha": 1.7}, rtol=2e-3)
        yield _node("ScaledSiLU", {"X": x, "scale": np.array(0.3, x.dtype)}, rtol=2e-3)


def gated_add():
    x, y = normal(2, 3, 4), normal(2, 3, 4, seed=1)
    yield _node("GatedAdd", {"X": x, "Y": y, "gate": normal(2, 3, 1)})
    activation, weight = normal(2, 3, 5), normal(5, 1)
    yield _node("GatedAdd", {"X": x, "Y": y, "gate": activation, "gate_weight": weight}, wanted={"out": x + y * sigmoid(activation @ weight)})


def swiglu():
    """Both halves apart and side by side, clamped and not; ONNX Runtime has it for GPUs."""
    for packed, limit, alpha, beta in itertools.product((False, True), (0.0, 0.8), (1.0, 1.702), (0.0, 1.0)):
        gate, up = normal(2, 3, 4), normal(2, 3, 4, seed=1)
        g, u = (np.minimum(gate, limit), np.clip(up, -limit, limit)) if limit else (gate, up)
        inputs = {"gate": np.concatenate([gate, up], -1)} if packed else {"gate": gate, "up": up}
        attributes = {"limit": limit, "activation_alpha": alpha, "activation_beta": beta}
        yield _node("SwiGLU", inputs, attributes=attributes, wanted={"out": g * sigmoid(alpha * g) * (u + np.float32(beta))})


def branchwise_norm():
    for flat, scale in itertools.product((False, True), (None, (12,), (3, 4), (4,))):
        x = normal(2, 5, 12) if flat else normal(2, 5, 3, 4)
        inputs = {"X": x} | ({} if scale is None else {"scale": normal(*scale)})
        yield _node("BranchwiseRMSNorm", inputs, attributes={"epsilon": 1e-3} | ({"num_branches": 3} if flat else {}))


def hyper_connection_pre():
    for flat, gates in itertools.product((False, True), ((3,), (3, 1), (3, 4), (12,))):
        if gates == (12,) and not flat:
            continue
        x = normal(2, 5, 12) if flat else normal(2, 5, 3, 4)
        yield _node("HyperConnectionPreMix", {"streams": x, "pre_mix": normal(2, 5, *gates)}, attributes={"reduction_scale": 0.5} | ({"num_branches": 3} if flat else {}))


def hyper_connection_post():
    for flat, gates, mixed in itertools.product((False, True), ((3,), (3, 1), (3, 4)), (False, True)):
        inputs = {"streams": normal(2, 5, 12) if flat else normal(2, 5, 3, 4), "block_output": normal(2, 5, 4), "post_mix": normal(2, 5, *gates)}
        yield _node("HyperConnectionPostMix", inputs | ({"stream_mix": normal(2, 5, 3, 3)} if mixed else {}), attributes={"num_branches": 3} if flat else {})


def hyper_connection_low_rank():
    """ONNX Runtime has it for GPUs."""
    for prologue in (False, True):
        x, scale, down, up, inject = normal(2, 5, 12), normal(12), normal(12, 2), normal(2, 12), normal(12, 3)
        block, gate = normal(2, 5, 4), normal(2, 5, 3)
        s = x.reshape(2, 5, 3, 4) + (gate[..., None] * block[..., None, :] if prologue else 0)
        hn = (s / np.sqrt((s**2).mean(-1, keepdims=True) + 1e-3) * scale.reshape(3, 4)).reshape(2, 5, 12)
        d = 1.5 * (hn @ down)
        g = sigmoid((d * sigmoid(d)) @ up)
        wanted = {"pre": 0.25 * (hn * g).reshape(2, 5, 3, 4).sum(2), "post": sigmoid(hn @ inject / 2) * 3, "streams_out": s.reshape(2, 5, 12)}
        inputs = {"streams": x, "norm_scale": scale, "down_weight": down, "up_weight": up, "inject_weight": inject}
        attributes = {"num_branches": 3, "epsilon": 1e-3, "silu_alpha": 1.5, "reduction_scale": 0.25, "gate_div": 2.0, "gate_mul": 3.0}
        yield _node("HyperConnectionLowRankMix", inputs | ({"prev_block_output": block, "prev_post_gate": gate} if prologue else {}), list(wanted), attributes,
                    wanted={name: value.astype(np.float32) for name, value in wanted.items()})


def engram_gate():
    for second in (False, True):
        inputs = {"key": normal(2, 5, 3, 4), "query": normal(2, 5, 3, 4, seed=1), "value": normal(2, 5, 4), "ks": normal(3, 4), "qs": normal(3, 4, seed=1)}
        yield _node("EngramGate", inputs | ({"cs": normal(3, 4, seed=2)} if second else {}), ["out", "normed"][: 1 + second], {"epsilon": 1e-3})


def group_router():
    for groups, best, summed, k in ((1, 1, 2, 3), (4, 2, 2, 3), (4, 4, 1, 8), (2, 1, 9, 4)):
        attributes = {"n_group": groups, "topk_group": best, "group_topk": summed, "top_k": k}
        yield _node("MoEGroupRouter", {"logits": normal(5, 8), "bias": normal(8)}, attributes=attributes)
        yield _node("MoEGroupRouter", {"logits": normal(2, 3, 8), "bias": normal(8)}, attributes=attributes | {"router_sentinel": -7.0})
    logits, bias, weights = normal(5, 256), normal(8), normal(8, 256, scale=0.1)
    scores = sigmoid(logits @ weights.T)
    yield _node("MoEGroupRouter", {"logits": logits, "bias": bias, "weights": weights}, ["", "s", "w"], {"top_k": 2}, wanted={"s": scores + bias, "w": scores})
