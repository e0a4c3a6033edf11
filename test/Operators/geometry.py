"""geometry.py - com.microsoft's operators on matrices and pictures."""
import itertools

import numpy as np

from node import Node, normal


def c_dist():
    for metric, kind in itertools.product(("euclidean", "sqeuclidean"), (np.float32, np.float64)):
        yield Node("CDist", {"A": normal(5, 3).astype(kind), "B": normal(7, 3, seed=1).astype(kind)}, ["D"], {"metric": metric}, domain="com.microsoft")


def inverse():
    """Rows change places in some: an element of the diagonal is 0."""
    for shape, hasZero in itertools.product(((1, 1), (2, 2), (4, 3, 3), (2, 2, 6, 6)), (False, True)):
        x = normal(*shape) + 2 * np.eye(shape[-1], dtype=np.float32)
        if hasZero and shape[-1] > 1:
            x[..., 0, 0] = 0
        yield Node("Inverse", {"X": x}, ["Y"], {}, domain="com.microsoft", rtol=1e-3, atol=1e-4)


def crop_and_resize():
    boxes = np.array([[0, 0, 1, 1], [0.2, 0.1, 0.7, 0.9], [-0.2, 0.3, 0.6, 1.3], [0.8, 0.9, 0.1, 0.2]], np.float32)
    for mode, size, outside in itertools.product(("bilinear", "nearest"), ((4, 5), (1, 3), (9, 1)), (0.0, 7.5)):
        yield Node("CropAndResize", {"X": normal(2, 3, 6, 7), "rois": boxes, "batch": np.array([0, 1, 1, 0], np.int32), "size": np.array(size, np.int32)}, ["Y"],
                   {"mode": mode, "extrapolation_value": outside}, ("size",), domain="com.microsoft", rtol=1e-3, atol=1e-4)


def nhwc_max_pool():
    """Windows of integers, channels last, partly over the edge."""
    for kind, strides, pads, ceil in itertools.product((np.int8, np.uint8), ([1, 1], [2, 1]), ([0, 0, 0, 0], [1, 0, 0, 1]), (0, 1)):
        low = np.iinfo(kind).min
        x = np.random.default_rng(3).integers(low, low + 256, (2, 6, 5, 3)).astype(kind)
        yield Node("NhwcMaxPool", {"X": x}, ["Y"], {"kernel_shape": [3, 2], "strides": strides, "pads": pads, "ceil_mode": ceil}, domain="com.microsoft")
    yield Node("NhwcMaxPool", {"X": x}, ["Y"], {"kernel_shape": [2, 2], "auto_pad": "SAME_UPPER"}, domain="com.microsoft")
