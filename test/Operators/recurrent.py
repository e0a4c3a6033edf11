"""recurrent.py - RNN, GRU and LSTM: directions, optional inputs, activations, sizes. ONNX Runtime has no layout but 0."""
import itertools

import numpy as np

from node import Node, normal

LENGTHS = np.array([5, 2, 4], np.int32)


def _nodes(op: str, gates: int, variants: list[dict], activations: list[list[str]]):
    for direction, variant in itertools.product(("forward", "reverse", "bidirectional"), variants):
        steps, batch, inputs, hidden = variant.get("sizes", (5, 3, 4, 9))
        count = 2 if direction == "bidirectional" else 1
        attributes = {"hidden_size": hidden, "direction": direction, **variant.get("attributes", {})}
        if "functions" in variant:
            attributes["activations"] = activations[variant["functions"]] * count
        for name in ("activation_alpha", "activation_beta"):
            if name in attributes:
                attributes[name] = attributes[name] * count
        optional = {
            "B": normal(count, 2 * gates * hidden),
            "sequence_lens": LENGTHS,
            "initial_h": normal(count, batch, hidden, seed=1),
            "initial_c": normal(count, batch, hidden, seed=2),
            "P": normal(count, 3 * hidden),
        }
        given = variant.get("given", ())
        yield Node(
            op,
            {"X": normal(steps, batch, inputs), "W": normal(count, gates * hidden, inputs, scale=0.4),
             "R": normal(count, gates * hidden, hidden, scale=0.4),
             **{name: optional[name] if name in given else None for name in list(optional)[: 5 if op == "LSTM" else 3]}},
            ["Y", "Y_h", "Y_c"][: 3 if op == "LSTM" else 2],
            attributes,
            ("W", "R", "B", "P"),
        )


COMMON = [
    {},
    {"given": ("B", "initial_h")},
    {"given": ("B", "sequence_lens", "initial_h")},
    {"given": ("B",), "attributes": {"clip": 0.3}},
    {"given": ("B",), "sizes": (1, 1, 7, 32)},
    {"given": ("B",), "functions": 0},
    {"given": ("B",), "functions": 1, "attributes": {"activation_alpha": [0.3, 0.6], "activation_beta": [0.2, 0.7]}},
]


def rnn():
    yield from _nodes("RNN", 1, COMMON[:-1], [["Relu"], ["Softsign"]])


def gru():
    linear = {"linear_before_reset": 1}
    yield from _nodes("GRU", 3, COMMON + [{"attributes": linear}, {"given": ("B", "sequence_lens", "initial_h"), "attributes": linear}],
                      [["Softsign", "Softplus"], ["HardSigmoid", "ScaledTanh"]])


def lstm():
    cell = ("B", "initial_h", "initial_c", "P")
    yield from _nodes("LSTM", 4, COMMON + [{"given": cell}, {"given": ("sequence_lens", *cell)}, {"given": cell, "attributes": {"input_forget": 1}}],
                      [["Sigmoid", "Relu", "Softsign"], ["HardSigmoid", "LeakyRelu", "Elu"]])
