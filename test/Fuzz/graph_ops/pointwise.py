"""pointwise.py - functions of elements."""
import math

import numpy as np

from graphs import UNKNOWN, Impossible, broadcast
from .table import like, op


BOUNDED = {"Sigmoid": 1, "Tanh": 1, "Softsign": 1, "HardSigmoid": 1, "Sin": 1, "Cos": 1, "Erf": 1, "Atan": 2, "Sign": 1}


@op("Sigmoid", "Tanh", "Softsign", "HardSigmoid", "Sin", "Cos", "Erf", "Atan", "Sign", "Asinh")
def squash(g, name):
    if name in ("Sign", "Erf", "Asinh") and g.opset < 9:
        raise Impossible
    like(g, name, g.float(), BOUNDED.get(name, UNKNOWN), **({"alpha": 0.3, "beta": 0.4} if name == "HardSigmoid" and g.draw.random() < 0.5 else {}))


@op("Relu", "Abs", "Neg", "Identity", "Floor", "Ceil", "LeakyRelu", "Elu", "Selu", "ThresholdedRelu", "Softplus")
def keep(g, name):
    x = g.float()
    alpha = g.draw.choice([0.1, 0.5, 1.5]) if name in ("LeakyRelu", "Elu", "ThresholdedRelu", "Selu") and g.draw.random() < 0.5 else None
    if name == "ThresholdedRelu" and g.opset < 10:
        raise Impossible
    like(g, name, x, 2 * x.bound + 1, alpha=alpha)


@op("Round", since=11)
def roundEven(g, name):
    x = g.float()
    like(g, name, x, x.bound + 1)


@op("HardSwish", "Celu", "Mish", "Gelu", "Swish")
def newer(g, name):
    if g.opset < {"HardSwish": 14, "Celu": 12, "Mish": 18, "Gelu": 20, "Swish": 24}[name]:
        raise Impossible
    x = g.float(accepts=lambda v: name != "Celu" or v.dtype == np.float32)
    attributes = {"Celu": {"alpha": g.draw.choice([0.5, 1.0, 2.0])}, "Gelu": {"approximate": g.draw.choice(["none", "tanh"])}}.get(name, {})
    like(g, name, x, 2 * x.bound + 1, **attributes)


@op("Exp", "Sinh", "Cosh")
def grow(g, name):
    if name != "Exp" and g.opset < 9:
        raise Impossible
    x = g.float(accepts=lambda v: v.bound <= 8)
    like(g, name, x, math.exp(x.bound))


@op("Log", "Sqrt", "Reciprocal", "Asin", "Acos", "Tan", "Acosh", "Atanh")
def partial(g, name):
    if name in ("Acosh", "Atanh") and g.opset < 9:
        raise Impossible
    low, high = {"Acosh": (1, 3), "Log": (0.1, 3), "Sqrt": (0, 3)}.get(name, (-1, 1))
    like(g, name, g.leaf(g.draw.choice([np.float32, np.float64]), g.shape(), low, high) if g.draw.random() < 0.7 else g.float())


@op("Shrink", since=9)
def shrink(g, name):
    x = g.float()
    like(g, name, x, x.bound + 1, bias=g.draw.choice([0.0, 0.5]), lambd=g.draw.choice([0.2, 1.0]))


@op("Clip")
def clip(g, name):
    x = g.float()
    low, high = sorted(g.draw.choice([(-1.0, 1.0), (0.0, 6.0), (-0.5, 2.5), (1.0, 1.0)]))
    if g.opset < 11:
        if x.dtype != np.float32:
            raise Impossible
        like(g, name, x, max(abs(low), high), min=low, max=high)
    else:
        ends = [g.constant(low, x.dtype) if g.draw.random() < 0.8 else None, g.constant(high, x.dtype) if g.draw.random() < 0.8 else None]
        g.add(name, [x, *ends], [(x.dtype, x.shape, max(abs(low), high) if None not in ends else UNKNOWN)])


@op("IsNaN", "IsInf", "Not")
def ask(g, name):
    if name != "Not" and g.opset < 10:
        raise Impossible
    x = g.boolean() if name == "Not" else g.pick(dtype=np.float32)
    g.add(name, [x], [(np.bool_, x.shape, 1)])


@op("Add", "Sub", "Mul", "Max", "Min", "Sum", "Mean")
def combine(g, name):
    integers = g.opset >= 13 and name not in ("Sum", "Mean") and g.draw.random() < 0.3
    x = g.integer() if integers else g.float()
    y = g.partner(x)
    operands = [(x, y) if g.draw.random() < 0.5 else (y, x)][0]
    if name in ("Max", "Min", "Sum", "Mean") and g.draw.random() < 0.4:
        operands = (*operands, g.partner(x))
    shape: tuple | None = ()
    for v in operands:
        shape = broadcast(shape, v.shape) if shape is not None else None
    if shape is None or g.opset < 8 and name in ("Max", "Min", "Sum", "Mean") and len({v.shape for v in operands}) > 1:
        raise Impossible
    bounds = [v.bound for v in operands]
    bound = {"Mul": math.prod(bounds), "Add": sum(bounds), "Sub": sum(bounds), "Sum": sum(bounds)}.get(name, max(bounds))
    g.add(name, list(operands), [(x.dtype, shape, bound if bound == bound and np.dtype(x.dtype).kind != "u" else UNKNOWN)])


@op("Div", "Mod")
def divide(g, name):
    if name == "Mod" and g.opset < 10:
        raise Impossible
    isFloat = g.draw.random() < 0.6
    x = g.float() if isFloat else g.integer()
    y = g.leaf(x.dtype, g.draw.choice([x.shape, ()]), 1, 5)
    if not isFloat and np.dtype(x.dtype).kind == "i" and g.draw.random() < 0.4:
        y = g.leaf(x.dtype, (), -5, -1)
    fmod = 1 if isFloat or g.draw.random() < 0.3 else 0
    g.add(name, [x, y], [(x.dtype, x.shape, x.bound)], **({"fmod": fmod} if name == "Mod" else {}))


@op("Pow")
def power(g, name):
    x = g.float(accepts=lambda v: v.bound <= 16)
    exponent = g.give(np.asarray(g.draw.choice([0.0, 0.5, 1.0, 2.0, 3.0, -1.0, 2.5]), x.dtype))
    g.add(name, [x, exponent], [(x.dtype, x.shape)])


@op("PRelu")
def prelu(g, name):
    x = g.float(low=1)
    slope = g.leaf(x.dtype, g.draw.choice([(1,), x.shape, (*x.shape[1:2], *[1] * (x.rank - 2)) if x.rank > 1 else x.shape]))
    g.add(name, [x, slope], [(x.dtype, x.shape)])


@op("Equal", "Greater", "Less", "GreaterOrEqual", "LessOrEqual")
def compare(g, name):
    if g.opset < 9 and name != "Equal" or "OrEqual" in name and g.opset < 12:
        raise Impossible
    x = g.integer() if g.opset < 11 or g.draw.random() < 0.5 else g.float()
    y = g.partner(x)
    g.add(name, [x, y], [(np.bool_, broadcast(x.shape, y.shape), 1)])


@op("And", "Or", "Xor")
def logic(g, name):
    x = g.boolean()
    y = g.partner(x)
    g.add(name, [x, y], [(np.bool_, broadcast(x.shape, y.shape), 1)])


@op("Where", since=9)
def where(g, name):
    x = g.pick()
    y = g.partner(x)
    shape = broadcast(x.shape, y.shape)
    condition = g.boolean(g.draw.choice([shape, shape[1:], ()]))
    g.add(name, [condition, x, y], [(x.dtype, shape, max(x.bound, y.bound))])


@op("BitShift", since=11)
def shift(g, name):
    x = g.leaf(g.draw.choice([np.uint8, np.uint32, np.uint64]), g.shape(), 0, 200)
    y = g.leaf(x.dtype, x.shape, 0, 7)
    g.add(name, [x, y], [(x.dtype, x.shape)], direction=g.draw.choice(["LEFT", "RIGHT"]))


@op("BitwiseAnd", "BitwiseOr", "BitwiseXor", since=18)
def bits(g, name):
    x = g.integer()
    y = g.partner(x)
    g.add(name, [x, y], [(x.dtype, broadcast(x.shape, y.shape))])


@op("Cast")
def cast(g, name):
    x = g.pick(lambda v: v.bound <= 100 or np.dtype(v.dtype).kind in "ub")
    to = g.draw.choice([np.float32, np.float32, np.float16, np.float64, np.int64, np.int32, np.bool_] + ([np.int8, np.int16] if x.bound <= 100 else []))
    from onnx import helper
    g.add(name, [x], [(to, x.shape, x.bound if to != np.bool_ else 1)], to=helper.np_dtype_to_tensor_dtype(np.dtype(to)))
