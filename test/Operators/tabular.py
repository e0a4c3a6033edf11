"""tabular.py - operators of ai.onnx.ml on tables of numbers and texts."""
import itertools

import numpy as np

from node import Node


def one_hot_encoder():
    """Whether unknown categories would be zeros or an error; here all are known where they would be an error."""
    for texts, zeros in itertools.product((False, True), (0, 1)):
        names, numbers = ["b", "a", "c"], [3, -1, 7]
        known = np.random.default_rng(5).integers(0, 3, (4, 2))
        x = np.array(names, object)[known] if texts else np.array(numbers)[known].astype(np.float32)
        if zeros:
            x[1, 1] = "z" if texts else 5
        categories = {"cats_strings": names} if texts else {"cats_int64s": numbers}
        yield Node("OneHotEncoder", {"X": x}, ["Y"], {**categories, "zeros": zeros}, domain="ai.onnx.ml")
