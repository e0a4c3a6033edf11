"""control.py - state and control flow."""
import numpy as np

from graphs import Graph, Impossible, Value
from .table import op


@op("RNN", "GRU", "LSTM")
def recurrent(g, name):
    length, batch, size, hidden = g.draw.choice([1, 3, 5]), g.draw.choice([1, 2]), g.draw.choice([2, 5]), g.draw.choice([1, 3, 8])
    gates, direction = {"RNN": 1, "GRU": 3, "LSTM": 4}[name], g.draw.choice(["forward", "reverse", "bidirectional"])
    d = 2 if direction == "bidirectional" else 1
    bias = [g.leaf(np.float32, (d, 2 * gates * hidden))] if g.draw.random() < 0.7 else [None]
    lengths = [g.give(g.numbers.integers(1, length + 1, batch).astype(np.int32))] if g.draw.random() < 0.3 else [None]
    state = [g.leaf(np.float32, (d, batch, hidden)) for _ in range(g.draw.randrange(2 if name != "LSTM" else 3))]
    outputs = [(np.float32, (length, d, batch, hidden)), (np.float32, (d, batch, hidden)), *([(np.float32, (d, batch, hidden))] if name == "LSTM" else [])]
    more = {"linear_before_reset": g.draw.randrange(2)} if name == "GRU" else {}
    g.add(name, [g.leaf(np.float32, (length, batch, size)), g.leaf(np.float32, (d, gates * hidden, size)), g.leaf(np.float32, (d, gates * hidden, hidden)),
                 *bias, *lengths, *state], outputs, hidden_size=hidden, direction=direction, **more)


def body(g: Graph, parameters: list[Value]) -> Graph:
    """Some nodes over the parameters and what lies outside."""
    if g.depth > 1:
        raise Impossible
    inner = g.inner(parameters)
    inner.populate(g.draw.choice([1, 1, 2, 3]))
    return inner


def made(inner: Graph, outside: list[Value], accepts) -> Value | None:
    """A value that the inner graph computes, the last ones first."""
    known = {v.name for v in outside}
    computed = {o for n in inner.nodes if n.op_type != "Constant" for o in n.output}
    return next((v for v in reversed(inner.values) if v.name not in known and v.name in computed and accepts(v)), None)


def end(inner: Graph, value: Value) -> Value:
    """As an output, which must be computed inside and once."""
    return inner.add("Identity", [value], [(value.dtype, value.shape, value.bound)])[0]


@op("If", since=11)
def branch(g, name):
    """Branches of one element type and rank, mostly of one shape."""
    then = body(g, [])
    x = made(then, g.values, lambda v: True) or g.pick()
    other = body(g, [])
    fits = lambda v: v.dtype == x.dtype and v.rank == x.rank
    y = made(other, g.values, lambda v: v.dtype == x.dtype and v.shape == x.shape)
    y = y or g.draw.choice([v for v in other.values if fits(v)] or [other.leaf(x.dtype, x.shape)])
    graphs = {"then_branch": then.proto([], [end(then, x)]), "else_branch": other.proto([], [end(other, y)])}
    g.add(name, [g.leaf(np.bool_, ())], [(x.dtype, x.shape if y.shape == x.shape else None, max(x.bound, y.bound))], **graphs)


def nextState(inner: Graph, parameters: list[Value], outside: list[Value], state: Value) -> Value:
    """A value of the state's type and shape."""
    value = made(inner, [*outside, *parameters], lambda v: v.dtype == state.dtype and v.shape == state.shape)
    if value is None and state.isFloat:
        value = inner.add(inner.draw.choice(["Add", "Mul", "Sub"]), [state, inner.leaf(state.dtype, state.shape[1:])], [(state.dtype, state.shape)])[0]
    return end(inner, value or state)


@op("Loop", since=11)
def loop(g, name):
    """Over a count, a condition or both; states, and what each turn gives."""
    states = [g.pick(lambda v: v.dtype != np.object_) for _ in range(g.draw.choice([1, 1, 2]))]
    turn, goes = Value(g.name("i"), np.int64, (), 16), Value(g.name("c"), np.bool_, (), 1)
    held = [Value(g.name("s"), s.dtype, s.shape) for s in states]
    parameters = [turn, goes, *held]
    inner = body(g, parameters)
    following = [nextState(inner, parameters, g.values, h) for h in held]
    scanned = made(inner, [*g.values, *parameters], lambda v: True)
    slices = [end(inner, scanned)] if scanned and g.draw.random() < 0.6 else []
    # No slice, no size that only a slice would have.
    trips = g.draw.choice([1, 3] if g.isDynamic else [0, 1, 3])
    isWhile = g.draw.random() < 0.3
    limit = g.draw.choice([1, 2])
    if isWhile:
        goOn = inner.add("Less", [turn, inner.constant(limit)], [(np.bool_, (), 1)])[0]
        trips = min(trips, limit + 1)
    else:
        goOn = inner.add("Identity", [goes], [(np.bool_, (), 1)])[0]
    count = None if isWhile and trips == limit + 1 and g.draw.random() < 0.5 else g.constant(trips)
    g.add(name, [count, g.constant(True, np.bool_) if count is None or g.draw.random() < 0.8 else None, *states],
          [*[(s.dtype, s.shape) for s in states], *[(v.dtype, (trips, *v.shape), v.bound) for v in slices]], body=inner.proto(parameters, [goOn, *following, *slices]))


@op("Scan", since=9)
def scan(g, name):
    """One state, one or two inputs cut along an axis."""
    length = g.draw.choice([1, 3, 5])
    state = g.leaf(np.float32, g.shape(0, 2))
    directions, axes, inputs, cuts = [], [], [], []
    for _ in range(g.draw.choice([1, 2])):
        shape = list(g.shape(0, 2))
        axis = g.draw.randrange(len(shape) + 1)
        cuts.append(Value(g.name("t"), np.float32, tuple(shape), 2.0))
        shape.insert(axis, length)
        inputs.append(g.leaf(np.float32, shape))
        axes.append(axis), directions.append(g.draw.randrange(2))
    held = Value(g.name("s"), np.float32, state.shape)
    parameters = [held, *cuts]
    inner = body(g, parameters)
    following = nextState(inner, parameters, g.values, held)
    scanned = made(inner, [*g.values, *parameters], lambda v: v.rank < 5) or cuts[0]
    slices = [end(inner, scanned)]
    at = g.draw.randrange(scanned.rank + 1)
    out = (*scanned.shape[:at], length, *scanned.shape[at:])
    g.add(name, [state, *inputs], [(np.float32, state.shape), (scanned.dtype, out, scanned.bound)], num_scan_inputs=len(inputs), scan_input_axes=axes,
          scan_input_directions=directions, scan_output_axes=[at], scan_output_directions=[g.draw.randrange(2)], body=inner.proto(parameters, [following, *slices]))


@op("sequence", since=11)
def sequence(g, name):
    """Tensors in a sequence, and what is taken out of it again."""
    x = g.pick(lambda v: v.dtype in (np.float32, np.int64, np.float64), low=1)
    items = [x, *[g.draw.choice([v for v in g.values if v.dtype == x.dtype and v.shape == x.shape]) for _ in range(g.draw.choice([0, 1, 2]))]]
    node = lambda kind, operands, outputs, **attributes: g.add(kind, operands, outputs, **attributes)[0]
    made = lambda kind, operands, **attributes: node(kind, operands, [(x.dtype, None)], **attributes)
    count = len(items)
    if g.draw.random() < 0.3 and x.shape[0] > 1:
        x = g.leaf(x.dtype, x.shape)
        g.parameters.add(x.name)  # a size is the sequence's length
        count = x.shape[0]
        s = made("SplitToSequence", [x], axis=0, keepdims=1)
        shape = (1, *x.shape[1:])
    else:
        s, shape = made("SequenceConstruct", items), x.shape
    if g.draw.random() < 0.4:
        at = [g.constant(g.draw.randrange(-count, count + 1))] if g.draw.random() < 0.7 else []
        s, count = made("SequenceInsert", [s, g.leaf(x.dtype, shape), *at]), count + 1
    if g.draw.random() < 0.3 and count > 1:
        at = [g.constant(g.draw.randrange(-count, count))] if g.draw.random() < 0.7 else []
        s, count = made("SequenceErase", [s, *at]), count - 1
    match g.draw.randrange(4):
        case 0:
            node("SequenceLength", [s], [(np.int64, (), 64)])
        case 1:
            axis = g.draw.randrange(len(shape))
            node("ConcatFromSequence", [s], [(x.dtype, (*shape[:axis], shape[axis] * count, *shape[axis + 1:]))], axis=axis)
        case 2:
            axis = g.draw.randrange(len(shape) + 1)
            node("ConcatFromSequence", [s], [(x.dtype, (*shape[:axis], count, *shape[axis:]))], axis=axis, new_axis=1)
        case _:
            node("SequenceAt", [s, g.constant(g.draw.randrange(-count, count))], [(x.dtype, shape)])
