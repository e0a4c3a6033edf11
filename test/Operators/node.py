"""node.py - one operator with its inputs, as operators.py compares it."""
import dataclasses

import numpy as np


@dataclasses.dataclass
class Node:
    op: str
    inputs: dict[str, np.ndarray | dict | None]  # in order; None is left out, a dict is a map
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
        shape = lambda value: f"map of {len(value)}" if isinstance(value, dict) else f"{value.dtype}{list(value.shape)}"
        shapes = ", ".join(f"{name} {shape(value)}" for name, value in self.inputs.items() if value is not None)
        return f"{self.op} {self.attributes} of {shapes}"


def vectors(entries: dict) -> tuple[np.ndarray, np.ndarray]:
    """Keys and values of a map: texts, int64, float32 for Python's floats and float64 for NumPy's."""
    kinds = {str: object, int: np.int64, float: np.float32, np.float64: np.float64}
    return tuple(np.array(list(part), kinds[type(next(iter(part)))]) for part in (entries.keys(), entries.values()))


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def normal(*shape: int, seed: int = 0, scale: float = 1.0) -> np.ndarray:
    return (np.random.default_rng([seed, *shape]).standard_normal(shape) * scale).astype(np.float32)
