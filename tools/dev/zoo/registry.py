"""registry.py - what an entry of the zoo is, and how PyTorch modules become entries.

An entry writes one ONNX file and says what to feed it. Shapes are tuples of numbers and symbols ("batch", "past+seq"); `sizes`
gives the symbols' values, one dict per run, and the last one is what the exporter traces with, so its values should differ and be
above 1. Weights and inputs are random and seeded by the entry's name: a model is the same on every machine.
"""
import dataclasses
import pathlib
import typing
import zlib

import numpy as np

Feeds = dict[str, np.ndarray]
ENTRIES: dict[str, "Entry"] = {}


@dataclasses.dataclass
class Entry:
    name: str
    exporter: str  # as the table of test/Models/zoo.md names it
    write: typing.Callable[[pathlib.Path], list[Feeds]]  # writes the model, returns what to run it with
    rtol: float = 1e-3
    atol: float = 1e-4


def add(entry: Entry) -> None:
    if entry.name in ENTRIES:
        raise ValueError(f"two entries are named {entry.name}")
    ENTRIES[entry.name] = entry


def seedOf(name: str) -> int:
    return zlib.crc32(name.encode())


@dataclasses.dataclass
class Spec:
    """One input: `fill(rng, shape)` makes its values."""

    shape: tuple
    fill: typing.Callable[[np.random.Generator, tuple], np.ndarray]

    def make(self, rng: np.random.Generator, sizes: dict) -> np.ndarray:
        return self.fill(rng, tuple(eval(d, {}, sizes) if isinstance(d, str) else d for d in self.shape))

    def symbols(self) -> dict[int, str]:
        return {axis: d.replace("+", "_plus_") for axis, d in enumerate(self.shape) if isinstance(d, str)}


def normal(*shape, scale: float = 1.0) -> Spec:
    return Spec(shape, lambda rng, s: (rng.standard_normal(s) * scale).astype(np.float32))


def uniform(*shape) -> Spec:
    return Spec(shape, lambda rng, s: rng.random(s, np.float32))


def ids(*shape, high: int) -> Spec:
    return Spec(shape, lambda rng, s: rng.integers(0, high, s))


def ones(*shape, dtype=np.int64) -> Spec:
    return Spec(shape, lambda rng, s: np.ones(s, dtype))


def padding(*shape) -> Spec:
    """An attention mask [batch, seq]: each row but the first is cut to a random length."""

    def fill(rng, s):
        lengths = rng.integers(1, s[1] + 1, s[0])
        lengths[0] = s[1]
        return (np.arange(s[1]) < lengths[:, None]).astype(np.int64)

    return Spec(shape, fill)


def positions(*shape, past: int = 0) -> Spec:
    return Spec(shape, lambda rng, s: np.broadcast_to(np.arange(past, past + s[-1]), s).copy())


def withParameters(module, names: list[str]):
    """The module as one that has a parameter per input: torch.export names its guards by them, and fails on *inputs."""
    import torch

    parameters = ", ".join(n.replace(".", "_") for n in names)
    methods: dict = {}
    exec(f"def forward(self, {parameters}):\n    return self.module({parameters})", methods)
    whole = type("Whole", (torch.nn.Module,), {"forward": methods["forward"]})()
    whole.module = module
    return whole.eval()


def torchModel(name: str, make: typing.Callable, inputs: dict[str, Spec], sizes: list[dict] = [{}], dynamo: bool = True, opset: int = 18,
               outputs: typing.Sequence[str] | None = None, **tolerance) -> None:
    """`make()` returns a module in evaluation mode that takes the inputs in their order and returns tensors."""

    def write(path: pathlib.Path) -> list[Feeds]:
        import torch

        torch.manual_seed(seedOf(name))
        torch.set_num_threads(1)
        torch.backends.mha.set_fastpath_enabled(False)  # fused encoder layers have no ONNX form
        module = make().eval()
        rng = np.random.default_rng(seedOf(name))
        feeds = [{n: spec.make(rng, s) for n, spec in inputs.items()} for s in sizes]
        arguments = tuple(torch.from_numpy(v) for v in feeds[-1].values())
        symbols = {n: spec.symbols() for n, spec in inputs.items()}
        with torch.no_grad():
            results = module(*arguments)
            count = len(results) if isinstance(results, (tuple, list)) else 1
            names = list(outputs or [f"output_{i}" for i in range(count)])
            if dynamo:
                shapes = tuple(symbols.values())
                torch.onnx.export(withParameters(module, list(inputs)), arguments, path, opset_version=opset, dynamo=True, input_names=list(inputs),
                                  output_names=names, dynamic_shapes=shapes if any(shapes) else None, external_data=False, verbose=False)
            else:
                torch.onnx.export(module, arguments, path, opset_version=opset, dynamo=False, input_names=list(inputs), output_names=names,
                                  dynamic_axes={n: s for n, s in symbols.items() if s})
        return feeds

    add(Entry(name, f"torch.onnx, dynamo={dynamo}", write, **tolerance))
