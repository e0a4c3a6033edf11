"""attention.py - attention in ONNX's form and in those of com.microsoft: heads, masks, caches, windows, rotation."""
import itertools

import numpy as np

from node import Node, normal, sigmoid

B, S, T, H, D = 2, 5, 7, 4, 8  # batch, queries, keys, heads, width of a head
MASK = np.where(np.random.default_rng(1).random((B, 1, S, T)) < 0.3, np.float32(-np.inf), np.float32(0.5))


def attention():
    masks = [None, MASK, np.isfinite(MASK), normal(S, T), np.isfinite(MASK)[0, 0]]
    for mask, (causal, softcap, scale), groups in itertools.product(masks, [(0, 0.0, None), (1, 0.0, 0.3), (0, 2.0, None)], [H, 2]):
        attributes = {"is_causal": causal, "softcap": softcap} | ({"scale": scale} if scale else {})
        yield Node("Attention", {"Q": normal(B, H, S, D), "K": normal(B, groups, T, D, seed=1), "V": normal(B, groups, T, 6, seed=2), "M": mask}, ["Y"],
                   attributes, opset=23)
    for mode, mask in itertools.product(range(4), [None, MASK]):
        yield Node("Attention", {"Q": normal(B, S, H * D), "K": normal(B, T, 2 * D, seed=1), "V": normal(B, T, 2 * D, seed=2), "M": mask},
                   ["Y", "", "", "QK"], {"q_num_heads": H, "kv_num_heads": 2, "qk_matmul_output_mode": mode, "softcap": 3.0}, opset=23)
    for causal in (0, 1):
        yield Node("Attention", {"Q": normal(B, H, S, D), "K": normal(B, H, S, D, seed=1), "V": normal(B, H, S, D, seed=2), "M": None,
                                 "past_key": normal(B, H, 3, D), "past_value": normal(B, H, 3, D, seed=3)},
                   ["Y", "present_key", "present_value"], {"is_causal": causal}, opset=23)


def rotary_embedding():
    for shape, interleaved, width in itertools.product([(B, H, S, D), (B, S, H * D)], (0, 1), (0, 4)):
        half = (width or D) // 2
        yield Node("RotaryEmbedding", {"X": normal(*shape), "cos": np.cos(normal(20, half)), "sin": np.sin(normal(20, half)),
                                       "positions": np.arange(B * S).reshape(B, S)[:, ::-1].copy()}, ["Y"],
                   {"interleaved": interleaved, "rotary_embedding_dim": width} | ({"num_heads": H} if len(shape) == 3 else {}), opset=23)
        if not width:
            for positions in (np.array([3]), np.arange(B * S).reshape(B, S)):
                yield Node("RotaryEmbedding", {"input": normal(*shape), "position_ids": positions, "cos": np.cos(normal(20, half)),
                                               "sin": np.sin(normal(20, half))}, ["Y"], {"interleaved": interleaved}, domain="com.microsoft")


def _attended(q: np.ndarray, k: np.ndarray, v: np.ndarray, scale: float) -> np.ndarray:
    """[B, S, H, D], [B, T, H, D] twice -> [B, S, H * D]."""
    scores = np.einsum("bshd,bthd->bhst", q, k) * scale
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return np.einsum("bhst,bthd->bshd", weights / weights.sum(-1, keepdims=True), v).reshape(*q.shape[:2], -1)


def multi_head_attention():
    width = H * D
    q, k, v = normal(B, S, width), normal(B, T, width, seed=1), normal(B, T, width, seed=2)
    bias = normal(3 * width)
    lengths, rows = np.array([4, 7], np.int32), np.array([[1, 1, 1, 0, 0, 1, 0], [1] * 7], np.int32)
    for given, padding, extra, causal in itertools.product([None, bias], [None, lengths, rows], [None, normal(B, H, S, T)], (0, 1)):
        if causal and (padding is not None or extra is not None):
            continue
        yield Node("MultiHeadAttention", {"query": q, "key": k[:, :S] if causal else k, "value": v[:, :S] if causal else v, "bias": given,
                                          "padding": padding, "extra": extra},
                   ["Y"], {"num_heads": H, "unidirectional": causal}, domain="com.microsoft")
    # Packed tokens, which ONNX Runtime has on GPUs only.
    qkv, kv = normal(B, S, H, 3, D), normal(B, T, H, 2, D)
    yield Node("MultiHeadAttention", {"query": qkv}, ["Y"], {"num_heads": H, "scale": 0.3}, domain="com.microsoft",
               wanted={"Y": _attended(*np.moveaxis(qkv, 3, 0), 0.3)})
    yield Node("MultiHeadAttention", {"query": q, "key": kv}, ["Y"], {"num_heads": H}, domain="com.microsoft",
               wanted={"Y": _attended(q.reshape(B, S, H, D), *np.moveaxis(kv, 3, 0), D**-0.5)})
    yield Node("MultiHeadAttention", {"query": q, "key": k, "value": v, "bias": None, "padding": None, "extra": None,
                                      "past_key": normal(B, H, 3, D), "past_value": normal(B, H, 3, D, seed=1)},
               ["Y", "present_key", "present_value"], {"num_heads": H}, domain="com.microsoft")


def fused_projection_attention():
    x, weights, bias = normal(B, S, 12), normal(12, 3 * H * D, scale=0.3), normal(3 * H * D)
    rows = np.array([[1, 1, 1, 0, 0], [1] * 5], np.int32)
    for causal, padding in itertools.product((0, 1), [None, rows, np.array([3, 5], np.int32)]):
        yield Node("Attention", {"X": x, "W": weights, "bias": bias, "mask": padding}, ["Y"], {"num_heads": H, "unidirectional": causal},
                   ("W", "bias"), domain="com.microsoft")
    yield Node("Attention", {"X": x, "W": weights, "bias": bias, "mask": None, "past": normal(2, B, H, 3, D)}, ["Y", "present"],
               {"num_heads": H, "unidirectional": 1}, ("W", "bias"), domain="com.microsoft")


def group_query_attention():
    # Prompts, of which the second is padded; one more token, into a past as long as needed and into a shared buffer with room for more;
    # several more tokens, which ONNX Runtime takes in batches of one.
    phases = [([S, S], S, 0, S), ([S - 2, S], S, 0, S), ([5, 7], 1, 6, 7), ([5, 7], 1, 9, 7), ([7], 3, 4, 7), ([7], 3, 9, 7)]
    for (ends, tokens, past, total), rotary, groups, (window, softcap) in itertools.product(phases, (0, 1), [2, 1], [(-1, 0.0), (3, 0.0), (-1, 4.0)]):
        batch, lengths = len(ends), np.array(ends, np.int32)
        unused = (np.arange(max(total, past)) >= lengths[:, None])[:, None, :, None]
        yield Node("GroupQueryAttention",
                   {"query": normal(batch, tokens, H * 16), "key": normal(batch, tokens, groups * 16, seed=1),
                    "value": normal(batch, tokens, groups * 16, seed=2), "past_key": normal(batch, groups, past, 16),
                    "past_value": normal(batch, groups, past, 16, seed=3), "seqlens_k": lengths - 1, "total": np.array(total, np.int32),
                    "cos": np.cos(normal(20, 8)) if rotary else None, "sin": np.sin(normal(20, 8)) if rotary else None},
                   ["Y", "present_key", "present_value"],
                   {"num_heads": H, "kv_num_heads": groups, "do_rotary": rotary, "local_window_size": window, "softcap": softcap},
                   ("total",), domain="com.microsoft",
                   unspecified={"present_key": unused, "present_value": unused}
                   | ({} if past else {"Y": np.arange(tokens)[:, None] >= lengths[:, None, None]}))
    yield Node("GroupQueryAttention", {"query": normal(B, S, (H + 4) * 16), "key": None, "value": None, "past_key": None, "past_value": None,
                                       "seqlens_k": np.full(B, S - 1, np.int32), "total": np.array(S, np.int32)},
               ["Y", "present_key", "present_value"], {"num_heads": H, "kv_num_heads": 2}, ("total",), domain="com.microsoft")


def relative_position_bias():
    """ONNX Runtime has it on GPUs only: against T5's own rule in NumPy."""
    for both, (queries, keys), heads in itertools.product((0, 1), ((7, 7), (1, 40), (300, 150)), (1, 3)):
        table = normal(heads, 32)  # it lies column by column
        ahead = np.arange(keys)[None, :] - np.arange(queries)[:, None]
        buckets = 16 if both else 32
        distance = np.abs(ahead) if both else np.maximum(-ahead, 0)
        exact = buckets // 2
        share = np.log(np.maximum(distance, exact).astype(np.float32) / exact) / np.float32(np.log(128 / exact)) * (buckets - exact)
        bucket = np.where(distance < exact, distance, np.minimum(exact + share.astype(np.int64), buckets - 1)) + (ahead > 0) * buckets * both
        node = Node("RelativePositionBias", {"table": table.reshape(32, heads), "queries": np.array([queries]), "keys": np.array([keys])}, ["Y"],
                    {"is_bidirectional": both, "max_distance": 128}, ("table",), domain="com.microsoft")
        node.wanted = {"Y": table[:, bucket][None]}
        yield node


def multimodal_rotary():
    """Three positions of each token, in sections of the columns and in turns."""
    positions = np.random.default_rng(3).integers(0, 20, (3, B, S))
    for shape, interleaved, (layout, sections) in itertools.product([(B, H, S, D), (B, S, H * D)], (0, 1), [(0, [2, 1, 1]), (0, [4, 0, 0]), (1, [2, 1, 1]), (1, [2, 2, 0])]):
        yield Node("MRotaryEmbedding", {"input": normal(*shape), "position_ids": positions, "cos": np.cos(normal(20, D // 2)), "sin": np.sin(normal(20, D // 2))},
                   ["Y"], {"mrope_section": sections, "mrope_layout": layout, "interleaved": interleaved} | ({"num_heads": H} if len(shape) == 3 else {}), domain="com.microsoft")
    half = {"cos": np.cos(normal(20, 2)), "sin": np.sin(normal(20, 2))}
    for shape in ((B, H, S, D), (B, S, H * D)):
        yield Node("MRotaryEmbedding", {"input": normal(*shape), "position_ids": positions} | half, ["Y"],
                   {"mrope_section": [1, 1, 0], "rotary_embedding_dim": 4, "num_heads": H}, domain="com.microsoft")


def masked_decoder_attention():
    """One token, behind a past or over the keys of an encoder."""
    q, k, v, bias = normal(B, 1, H * D), normal(B, 1, H * D, seed=1), normal(B, 1, H * D, seed=2), normal(3 * H * D)
    past = {"past_key": normal(B, H, T + 3, D), "past_value": normal(B, H, T + 3, D, seed=1)}  # with room for more rows than the T - 1 that there are
    mask = np.array([[1, 1, 1, 0, 0, 1, 1], [1] * T], np.int32)
    for padding, extra, given, scale in itertools.product((None, mask), (None, normal(B, H, 1, T)), (None, bias), ({}, {"scale": 0.3})):
        yield Node("DecoderMaskedMultiHeadAttention",
                   {"query": q, "key": k, "value": v, "mask": padding, "extra": extra} | past
                   | {"length": np.array([T - 1], np.int32), "width": None, "beams": None, "bias": given},
                   ["Y", "present_key", "present_value"], {"num_heads": H, "past_present_share_buffer": 1} | scale, domain="com.microsoft")
    for padding in (None, mask):
        yield Node("DecoderMaskedMultiHeadAttention", {"query": q, "key": normal(B, H, T, D), "value": normal(B, H, T, D, seed=1), "mask": padding}, ["Y"],
                   {"num_heads": H}, domain="com.microsoft")


def gated_delta_net():
    """Tokens in one row and in rows of their own, queries, keys and values side by side, gates computed and given."""
    for rule, (heads, groups), wide, flat in itertools.product(("linear", "gated", "delta", "gated_delta"), ((2, 2), (4, 2)), (False, True), (True, False)):
        lead = (B * S,) if flat else (B, S)
        unit = lambda x: x / np.linalg.norm(x, axis=-1, keepdims=True)
        inputs = {"query": normal(*lead, groups, D), "key": unit(normal(*lead, groups, D, seed=1)), "value": normal(*lead, heads, 6), "lengths": None,
                  "decay": -np.abs(normal(*lead, heads, *[D] * wide)) if "gated" in rule else None,
                  "beta": sigmoid(normal(*lead, heads, seed=1)) if "delta" in rule else None, "state": normal(B, heads, 6, D)}
        yield Node("GatedDeltaNet", inputs, ["Y", "last"], {"update_rule": rule}, domain="com.microsoft")
    for gate, shape in itertools.product(("softplus", "sigmoid"), ((4,), (4, D), (4 * D,))):
        inputs = {"query": normal(B * S, 2 * 2 * D + 4 * 6), "key": None, "value": None, "lengths": None, "decay": normal(B * S, 4, *[D] * (shape != (4,))),
                  "beta": normal(B * S, 4), "state": normal(B, 4, 6, D), "a_log": normal(4), "dt_bias": normal(*shape)}
        yield Node("GatedDeltaNet", inputs, ["Y", "last"], {"gate_activation": gate, "beta_activation": "sigmoid", "qk_l2_norm": 1, "scale": 0.4}, domain="com.microsoft")
