"""table.py - the table of ops, and how a family enters its own."""
from graphs import UNKNOWN, Graph, Impossible, Value

OPS: dict = {}


def op(*names: str, since: int = 1, until: int = 99):
    def register(function):
        def guarded(g: Graph, name: str):
            if not since <= g.opset <= until:
                raise Impossible
            function(g, name)
        for name in names:
            OPS[name] = guarded
        return function
    return register


def like(g: Graph, name: str, x: Value, bound: float = UNKNOWN, **attributes) -> None:
    g.add(name, [x], [(x.dtype, x.shape, bound)], **attributes)
