"""graph_ops - how each op of a random graph draws its operands and attributes; the table OPS by ONNX name, a file per family.

Shapes are computed here, so that later nodes can fit; what ONNX leaves open (conversions out of range, shifts by more than the width,
indices out of range, padding by negative amounts that nobody asked for) is not drawn.
"""
from . import attention, axes, control, images, movement, pointwise, quantized, text, windows
from .table import OPS

__all__ = ["OPS", "attention", "axes", "control", "images", "movement", "pointwise", "quantized", "text", "windows"]
