"""graphs.py - random valid ONNX graphs: the builder that the ops of graph_ops draw from, and how values become inputs."""
import copy
import dataclasses
import itertools
import random

import ml_dtypes
import numpy as np
import onnx
from onnx import helper, numpy_helper

FLOATS = [np.float32] * 16 + [np.float64] * 2 + [np.float16] * 2 + [ml_dtypes.bfloat16]
INTEGERS = [np.int64, np.int64, np.int32, np.int32, np.uint8, np.int8, np.int16, np.uint16, np.uint32, np.uint64]
WORDS = ["a", "b", "ab", "Ab", "the cat", "", "1", "-20", "3", "Ünïcode", "a,b"]
UNKNOWN = float("inf")
DOMAINS = {"": None, "com.microsoft": 1, "ai.onnx.ml": 3}


class Impossible(Exception):
    """The op that was drawn does not fit what there is."""


@dataclasses.dataclass(frozen=True)
class Value:
    """`bound`: no element is larger in magnitude, UNKNOWN where that is not known; it keeps conversions to integers defined."""
    name: str
    dtype: type
    shape: tuple[int, ...]
    bound: float = UNKNOWN

    @property
    def rank(self) -> int:
        return len(self.shape)

    @property
    def isFloat(self) -> bool:
        return isFloat(self.dtype)


def isFloat(dtype) -> bool:
    return np.dtype(dtype).kind == "f" or dtype == ml_dtypes.bfloat16


class Graph:
    """Draws its nodes from `random`; the same seed makes the same graph."""

    def __init__(self, seed: str):
        self.draw = random.Random(seed)
        self.numbers = np.random.default_rng(list(seed.encode()))
        self.opset = self.draw.choice([7, 8, 9, 10, 11, 12, 13, 13, 14, 15, 16, 17, 17, 18, 19, 20, 21, 21, 22, 23, 24, 25, 26])
        self.floats = [f for f in FLOATS if self.opset >= 13 or f != ml_dtypes.bfloat16]
        self.isDynamic = self.draw.random() < 0.35
        self.constants = self.draw.choice([0.1, 0.3, 0.3, 0.8])  # how often a leaf is one
        self.sizes = self.draw.sample([1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 33, 64], 4) + [1]
        if self.draw.random() < 0.03:
            self.sizes.append(0)
        self.values: list[Value] = []
        self.nodes: list[onnx.NodeProto] = []
        self.feeds: dict[str, np.ndarray] = {}
        self.inputs: list[Value] = []
        self.initializers: dict[str, np.ndarray] = {}
        self.used: set[str] = set()
        self.parameters: set[str] = set()  # their sizes have no names
        self.count = itertools.count(1)
        self.depth = 0

    # What leaves are made of.

    def name(self, stem: str = "v") -> str:
        return f"{stem}{next(self.count)}"

    def shape(self, low: int = 0, high: int = 4) -> tuple[int, ...]:
        """Of at most 16384 elements."""
        rank = self.draw.choice([r for r in (0, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 5) if low <= r <= high])
        while True:
            shape = tuple(self.draw.choice(self.sizes) for _ in range(rank))
            if np.prod(shape, dtype=np.int64) <= 16384:
                return shape

    def array(self, dtype, shape, low=-2.0, high=2.0) -> np.ndarray:
        if dtype == np.object_:
            return np.array([self.draw.choice(WORDS) for _ in range(int(np.prod(shape)))], object).reshape(shape)
        if np.dtype(dtype).kind == "b":
            return self.numbers.integers(0, 2, shape).astype(bool)
        if np.dtype(dtype).kind in "iu":
            return self.numbers.integers(int(max(low, 0) if np.dtype(dtype).kind == "u" else low), int(high) + 1, shape).astype(dtype)
        return np.asarray(self.numbers.uniform(low, high, shape)).astype(dtype)

    def give(self, array: np.ndarray, asConstant: bool | None = None) -> Value:
        """The array as an input of the run, an initializer, or a node Constant."""
        array = np.asarray(array)
        bound = UNKNOWN if array.dtype == object else float(np.abs(array.astype(np.float64)).max()) if array.size else 0.0
        value = Value(self.name("x"), array.dtype.type, array.shape, bound)
        if asConstant is None:
            asConstant = self.draw.random() < self.constants
        if not asConstant:
            self.inputs.append(value)
            self.feeds[value.name] = array
        elif self.draw.random() < 0.2:
            self.nodes.append(helper.make_node("Constant", [], [value.name], value=numpy_helper.from_array(array)))
        else:
            self.initializers[value.name] = array
        return value

    def constant(self, array, dtype=np.int64, isFixed: bool = False) -> str:
        """A parameter such as a size: mostly an initializer, and always where a rank depends on it."""
        value = self.give(np.asarray(array, dtype), isFixed or self.draw.random() < 0.85)
        self.parameters.add(value.name)
        return self.use(value)

    def leaf(self, dtype, shape, low=-2.0, high=2.0) -> Value:
        value = self.give(self.array(dtype, shape, low, high))
        self.values.append(value)
        return value

    # What ops take.

    def use(self, value: Value) -> str:
        self.used.add(value.name)
        return value.name

    def pick(self, accepts=lambda v: True, dtype=None, low=0, high=5, fresh: float = 0.25) -> Value:
        """A value that fits, the newer the likelier; or a new leaf."""
        fits = [v for v in self.values if low <= v.rank <= high and (dtype is None or v.dtype == dtype) and accepts(v)]
        if fits and self.draw.random() > fresh:
            return fits[max(self.draw.randrange(len(fits)), self.draw.randrange(len(fits)))]
        for _ in range(8):
            value = self.leaf(dtype or self.draw.choice(self.floats), self.shape(low, min(high, 4)))
            if accepts(value):
                return value
        raise Impossible

    def float(self, low=0, high=5, accepts=lambda v: True) -> Value:
        return self.pick(lambda v: v.isFloat and accepts(v), low=low, high=high)

    def integer(self, low=0, high=5) -> Value:
        found = [v for v in self.values if np.dtype(v.dtype).kind in "iu" and low <= v.rank <= high and v.bound < 1e6]
        return self.draw.choice(found) if found and self.draw.random() < 0.6 else self.leaf(self.draw.choice(INTEGERS), self.shape(low, high), -8, 8)

    def boolean(self, shape=None) -> Value:
        found = [v for v in self.values if v.dtype == np.bool_ and (shape is None or v.shape == shape)]
        return self.draw.choice(found) if found and self.draw.random() < 0.7 else self.leaf(np.bool_, self.shape() if shape is None else shape)

    def partner(self, value: Value, low=-2.0, high=2.0) -> Value:
        """Another operand of the same type which broadcasts with `value`."""
        fits = [v for v in self.values if v.dtype == value.dtype and broadcast(v.shape, value.shape) is not None]
        if fits and self.draw.random() < 0.5:
            return self.draw.choice(fits)
        shape = list(value.shape)
        match self.draw.randrange(5):
            case 0:
                shape = []
            case 1:
                shape = [s if self.draw.random() < 0.5 else 1 for s in shape]
            case 2:
                shape = shape[self.draw.randrange(len(shape) + 1):]
        return self.leaf(value.dtype, shape, low, high)

    def axis(self, value: Value) -> int:
        if not value.rank:
            raise Impossible
        return self.draw.randrange(-value.rank if self.opset >= 11 else 0, value.rank)

    # What ops make.

    def add(self, op: str, inputs: list, outputs: list[tuple] | tuple, domain: str = "", **attributes) -> list[Value]:
        """A node; `outputs` are (dtype, shape[, bound]) each, a shape None is one that only the run knows: it has no further users."""
        names = [i if isinstance(i, str) else "" if i is None else self.use(i) for i in inputs]
        made = [Value(self.name(), o[0], o[1] if o[1] is not None else (-1,), o[2] if len(o) > 2 else UNKNOWN) for o in outputs]
        if any(o[1] is not None and np.prod(o[1], dtype=np.float64) > 1 << 17 for o in outputs):
            raise Impossible
        self.nodes.append(helper.make_node(op, names, [v.name for v in made], name=f"{op}_{len(self.nodes)}", domain=domain,
                                           **{k: v for k, v in attributes.items() if v is not None}))
        self.values += [v for v in made if -1 not in v.shape]
        return made

    def inner(self, parameters: list[Value] = ()) -> "Graph":
        """The graph of a branch or a body, which sees all that is here."""
        graph = copy.copy(self)
        graph.values, graph.nodes, graph.initializers, graph.depth = [*self.values, *parameters], [], {}, self.depth + 1
        return graph

    def proto(self, parameters: list[Value], outputs: list[Value]) -> onnx.GraphProto:
        """Of an inner graph. Where no size of an output is known, the rank is not told either."""
        info = lambda v, known=True: helper.make_tensor_value_info(v.name, helper.np_dtype_to_tensor_dtype(np.dtype(v.dtype)), v.shape if known else None)
        initializers = [numpy_helper.from_array(a, n) for n, a in self.initializers.items() if n in self.used]
        nodes = [n for n in self.nodes if n.op_type != "Constant" or n.output[0] in self.used]
        return helper.make_graph(nodes, "inner", [info(p) for p in parameters], [info(o, -1 not in o.shape) for o in outputs], initializers)

    def populate(self, wanted: int) -> None:
        """Draws up to that many ops."""
        import graph_ops

        names = sorted(graph_ops.OPS)
        isOp = lambda n: n.op_type != "Constant"
        for _ in range(wanted * 4):
            if sum(map(isOp, self.nodes)) >= wanted:
                break
            nodes, values, used = len(self.nodes), len(self.values), set(self.used)
            try:
                op = self.draw.choice(names)
                graph_ops.OPS[op](self, op)
            except Impossible:
                # Leaves may stay, nodes that ops had begun with not.
                self.nodes = self.nodes[:nodes] + [n for n in self.nodes[nodes:] if not isOp(n)]
                self.used.intersection_update(used)
                leaves = {n.output[0] for n in self.nodes[nodes:]} | set(self.initializers) | set(self.feeds)
                self.values = self.values[:values] + [v for v in self.values[values:] if v.name in leaves]

    def model(self) -> onnx.ModelProto:
        """With everything that nobody uses as an output, and some of the rest; sizes of inputs are names where the graph is dynamic."""
        made = {name for node in self.nodes for name in node.output}
        outputs = [n for node in self.nodes for n in node.output if node.op_type != "Constant" and (n not in self.used or self.draw.random() < 0.15)]
        inputs = []
        for value in self.inputs:
            if value.name not in self.used:
                del self.feeds[value.name]
                continue
            dims = [f"s{size}" if self.isDynamic and size > 1 and value.name not in self.parameters and self.draw.random() < 0.6 else size for size in value.shape]
            inputs.append(helper.make_tensor_value_info(value.name, helper.np_dtype_to_tensor_dtype(np.dtype(value.dtype)), dims))
        initializers = [numpy_helper.from_array(a, n) for n, a in self.initializers.items() if n in self.used]
        nodes = [n for n in self.nodes if n.op_type != "Constant" or n.output[0] in self.used]
        infos = [helper.make_empty_tensor_value_info(n) for n in outputs if n in made]
        graph = helper.make_graph(nodes, "random", inputs, infos, initializers)
        opsets = [helper.make_opsetid(d, DOMAINS[d] or self.opset) for d in sorted({""} | domains(nodes))]
        return helper.make_model(graph, opset_imports=opsets, ir_version=4 if self.opset < 9 else 8 if self.opset < 21 else 10 if self.opset < 23 else 11)


def domains(nodes) -> set[str]:
    """Also of nodes in branches and bodies."""
    return {n.domain for n in nodes} | {d for n in nodes for a in n.attribute if a.HasField("g") for d in domains(a.g.node)}


def broadcast(a: tuple, b: tuple) -> tuple | None:
    """The common shape, or None where there is none."""
    try:
        return np.broadcast_shapes(a, b)
    except ValueError:
        return None


def generate(seed: str) -> tuple[onnx.ModelProto, dict[str, np.ndarray]]:
    """A model of one to seven nodes that can be valid (ONNX Runtime has the last word), and its inputs."""
    graph = Graph(seed)
    graph.populate(graph.draw.choice([1, 2, 2, 3, 3, 4, 5, 6, 7]))
    if not graph.nodes or all(n.op_type == "Constant" for n in graph.nodes):
        return generate(seed + "+")
    return graph.model(), graph.feeds
