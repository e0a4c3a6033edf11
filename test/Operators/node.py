"""node.py - one operator with its inputs, as operators.py compares it."""
import dataclasses

import numpy as np


@dataclasses.dataclass
class Node:
    op: str
    inputs: dict[str, np.ndarray | None]  # in order; None is left out
    outputs: list[str]  # "" is left out
    attributes: dict = dataclasses.field(default_factory=dict)
    weights: tuple[str, ...] = ()
    domain: str = ""
    opset: int = 21
    rtol: float = 1e-4
    atol: float = 1e-5
    steps: int = 0  # how far integers may be from ONNX Runtime's
    unspecified: dict[str, np.ndarray] = dataclasses.field(default_factory=dict)  # true where an output may hold anything; broadcasts
    wanted: dict[str, np.ndarray] | None = None  # the results of a node that ONNX Runtime refuses

    def __str__(self) -> str:
        shapes = ", ".join(f"{name} {array.dtype}{list(array.shape)}" for name, array in self.inputs.items() if array is not None)
        return f"{self.op} {self.attributes} of {shapes}"


def normal(*shape: int, seed: int = 0, scale: float = 1.0) -> np.ndarray:
    return (np.random.default_rng([seed, *shape]).standard_normal(shape) * scale).astype(np.float32)
