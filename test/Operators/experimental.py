"""experimental.py - ops that early versions of ONNX had and later ones lack; ONNX Runtime still runs them."""

from node import Node, normal


def affine():
    x = normal(2, 3)
    yield Node("Affine", {"X": x}, ["Y"], {"alpha": 2.5, "beta": -0.5}, opset=9)


def scale():
    yield Node("Scale", {"input": normal(2, 3)}, ["output"], {"scale": 0.25}, opset=9)


def parametric_softplus():
    yield Node("ParametricSoftplus", {"X": normal(4, 5, scale=3)}, ["Y"], {"alpha": 1.5, "beta": 0.75}, opset=9)


def scaled_tanh():
    yield Node("ScaledTanh", {"input": normal(4, 5, scale=3)}, ["output"], {"alpha": 1.5, "beta": 0.75}, opset=9)


def image_scaler():
    yield Node("ImageScaler", {"input": normal(2, 3, 4, 5)}, ["output"], {"scale": 0.5, "bias": [1.0, -2.0, 3.0]}, opset=9)


def crop():
    """Borders are left, top, right, bottom; a scale is a height and a width."""
    yield Node("Crop", {"input": normal(1, 2, 6, 8)}, ["output"], {"border": [1, 2, 3, 1]}, opset=9)
    yield Node("Crop", {"input": normal(1, 2, 6, 8)}, ["output"], {"border": [0, 2, 0, 0]}, opset=9)
    yield Node("Crop", {"input": normal(1, 2, 6, 8)}, ["output"], {"border": [1, 2, 0, 0], "scale": [3, 5]}, opset=9)
