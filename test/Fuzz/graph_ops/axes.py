"""axes.py - reductions and what else works along axes."""
import math

import ml_dtypes
import numpy as np

from graphs import UNKNOWN, Impossible
from .table import like, op


REDUCTIONS = ["ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp",
              "ReduceSumSquare"]


@op(*REDUCTIONS)
def reduce(g, name):
    x = g.float(low=1, accepts=lambda v: 0 not in v.shape)
    axes = sorted(g.draw.sample(range(x.rank), g.draw.randrange(1, x.rank + 1)))
    count = math.prod(x.shape[i] for i in axes)
    if name == "ReduceProd" and count * math.log(max(x.bound, 1)) > math.log(float(ml_dtypes.finfo(x.dtype).max)):
        raise Impossible  # some orders of multiplying overflow, others do not
    keep = g.draw.randrange(2)
    shape = tuple(1 if i in axes else s for i, s in enumerate(x.shape) if keep or i not in axes)
    if g.opset >= 11:
        axes = [a - g.draw.choice([0, x.rank]) for a in axes]
    bound = x.bound if name in ("ReduceMean", "ReduceMax", "ReduceMin") else UNKNOWN
    if g.opset < (13 if name == "ReduceSum" else 18):
        g.add(name, [x], [(x.dtype, shape, bound)], axes=axes, keepdims=keep)
    else:
        g.add(name, [x, g.constant(axes, isFixed=not keep)], [(x.dtype, shape, bound)], keepdims=keep)


@op("ArgMax", "ArgMin")
def arg(g, name):
    x = g.float(low=1, accepts=lambda v: 0 not in v.shape)
    axis, keep = g.axis(x), g.draw.randrange(2)
    shape = tuple(1 if i == axis % x.rank else s for i, s in enumerate(x.shape) if keep or i != axis % x.rank)
    last = g.draw.randrange(2) if g.opset >= 12 else None
    g.add(name, [x], [(np.int64, shape, 64)], axis=axis, keepdims=keep, select_last_index=last)


@op("CumSum", since=11)
def cumSum(g, name):
    x = g.pick(lambda v: v.dtype in (np.float32, np.float64, np.int32, np.int64), low=1)
    g.add(name, [x, g.constant(g.axis(x))], [(x.dtype, x.shape)], exclusive=g.draw.randrange(2), reverse=g.draw.randrange(2))


@op("Softmax", "LogSoftmax", "Hardmax")
def softmax(g, name):
    x = g.float(low=1, accepts=lambda v: 0 not in v.shape)
    like(g, name, x, 1 if name != "LogSoftmax" else UNKNOWN, **({"axis": g.axis(x)} if g.draw.random() < 0.8 else {}))


@op("LpNormalization")
def lpNormalization(g, name):
    x = g.float(low=1, accepts=lambda v: 0 not in v.shape)
    like(g, name, x, 1, axis=g.axis(x), p=g.draw.choice([1, 2]))


@op("LayerNormalization", since=17)
def layerNorm(g, name):
    x = g.float(low=1, accepts=lambda v: 0 not in v.shape)
    axis = g.draw.randrange(x.rank)
    parameters = [g.leaf(x.dtype, x.shape[axis:]) for _ in range(g.draw.choice([1, 2]))]
    g.add(name, [x, *parameters], [(x.dtype, x.shape)], axis=axis - g.draw.choice([0, x.rank]), epsilon=1e-3)


@op("RMSNormalization", since=23)
def rmsNorm(g, name):
    x = g.float(low=1, accepts=lambda v: 0 not in v.shape)
    g.add(name, [x, g.leaf(x.dtype, x.shape[-1:])], [(x.dtype, x.shape)], axis=-1, epsilon=1e-3)
