"""quantized.py - com.microsoft's operators on quantized weights and activations."""
import itertools

import ml_dtypes
import numpy as np

from node import Node, normal


def _bytes(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng([seed, *shape]).integers(0, 256, shape, np.uint8)


def mat_mul_n_bits():
    rows = 10
    for bits, block, columns, zero, bias in itertools.product((2, 4, 8), (16, 32), (64, 72), (None, "bytes", "floats"), (False, True)):
        blocks = -(-columns // block)
        weights, scales = _bytes(rows, blocks, block * bits // 8), normal(rows * blocks, scale=0.1)
        zeros = {None: None, "bytes": _bytes(rows * -(-blocks * bits // 8)), "floats": np.abs(normal(rows * blocks)) * 3}[zero]
        wanted = None
        if bits == 8 and zero == "floats":  # ONNX Runtime has this for fewer bits only
            real = (weights - zeros.reshape(rows, blocks, 1)) * scales.reshape(rows, blocks, 1)
            wanted = {"Y": normal(3, columns) @ real.reshape(rows, -1)[:, :columns].T + (normal(rows) if bias else np.float32(0))}
        yield Node("MatMulNBits",
                   {"A": normal(3, columns), "B": weights, "scales": scales, "zeros": zeros, "g_idx": None, "bias": normal(rows) if bias else None},
                   ["Y"], {"K": columns, "N": rows, "bits": bits, "block_size": block}, ("B", "scales", "zeros", "bias"), domain="com.microsoft",
                   rtol=1e-3, atol=1e-3, wanted=wanted)


def few_bits():
    """The kernels of weights of 4 and 8 bits: sizes with rests of every kind, one row and many; with accuracy_level 4 A is rounded to 8 bits on both
    sides, in other ways: each element of A may be off by half a step, 1/254 of its block's largest."""
    for bits, level, block, (rows, columns, outputs), zero in itertools.product((4, 8), (0, 4), (16, 32, 128), ((1, 256, 96), (5, 200, 70), (37, 128, 33)), (False, True)):
        blocks = -(-columns // block)
        a, scales = normal(rows, columns), np.abs(normal(outputs * blocks, scale=0.1))
        attributes = {"K": columns, "N": outputs, "bits": bits, "block_size": block, "accuracy_level": level}
        error = (1e-4 if level == 0 else 0.5 / 127 * 4 * 15 * 0.4 * columns**0.5) * (16 if bits == 8 else 1)
        yield Node("MatMulNBits", {"A": a, "B": _bytes(outputs, blocks, block * bits // 8), "scales": scales, "zeros": _bytes(outputs * -(-blocks * bits // 8)) if zero else None},
                   ["Y"], attributes, ("B", "scales", "zeros"), domain="com.microsoft", rtol=1e-3, atol=error)


def gather_block_quantized():
    for bits, zero in itertools.product((4, 8), (False, True)):
        packed = 64 * bits // 8
        yield Node("GatherBlockQuantized", {"data": _bytes(20, packed), "indices": np.array([[1, 19], [0, 7]]), "scales": normal(20, 4, scale=0.1),
                                            "zeros": _bytes(20, 4 * bits // 8) if zero else None},
                   ["Y"], {"bits": bits, "block_size": 16, "gather_axis": 0, "quantize_axis": 1}, ("data", "scales", "zeros"), domain="com.microsoft")
    nibbles = {"int4": np.arange(20 * 40).reshape(20, 40) % 16 - 8, "uint4": np.arange(20 * 40).reshape(20, 40) * 3 % 16}  # a last block of 8
    for (kind, data), gather, zero in itertools.product(nibbles.items(), (0, 1), (False, True)):
        data = data.astype(getattr(ml_dtypes, kind))
        scales = normal(*((20, 3) if gather == 0 else (2, 40)), scale=0.1)
        yield Node("GatherBlockQuantized", {"data": data, "indices": np.array([[1, 19], [0, 7]]), "scales": scales, "zeros": data[: scales.shape[0], : scales.shape[1]] if zero else None},
                   ["Y"], {"block_size": 16, "gather_axis": gather, "quantize_axis": 1 - gather}, ("data", "scales", "zeros"), domain="com.microsoft")


def _signed(*shape: int, seed: int = 0) -> np.ndarray:
    return _bytes(*shape, seed=seed).view(np.int8)


SCALE, ZERO = np.array(0.05, np.float32), np.array(120, np.uint8)


def q_linear():
    x, y = {"x": _bytes(2, 3, 4, 4), "x_scale": SCALE, "x_zero": ZERO}, {"y": _bytes(3, 1, 4, seed=1), "y_scale": SCALE * 2, "y_zero": ZERO}
    result = {"z_scale": np.array(0.07, np.float32), "z_zero": np.array(100, np.uint8)}
    unit = {"z_scale": np.array(1 / 256, np.float32), "z_zero": np.array(0, np.uint8)}
    weights = ("x_scale", "x_zero", "y_scale", "y_zero", "z_scale", "z_zero")
    where = {"condition": normal(2, 3, 4, 4) > 0}
    for op, inputs, attributes in [
        ("QLinearAdd", x | y | result, {}), ("QLinearMul", x | y | result, {}), ("QLinearSigmoid", x | unit, {}),
        ("QLinearLeakyRelu", x | result, {"alpha": 0.3}), ("QLinearWhere", where | x | y | result, {}),
        ("QLinearConcat", result | x | {"x2": _bytes(2, 5, 4, 4), "x2_scale": SCALE * 3, "x2_zero": ZERO}, {"axis": 1}),
        ("QLinearSoftmax", x | unit, {"axis": -1, "opset": 13}), ("QLinearGlobalAveragePool", x | result, {"channels_last": 0}),
        ("QLinearGlobalAveragePool", x | result, {"channels_last": 1}),
    ]:
        # One step of the result: both sides round a real number, and theirs comes from a table or from fixed-point arithmetic.
        yield Node(op, inputs, ["z"], attributes, weights + ("x2_scale", "x2_zero"), domain="com.microsoft", steps=1)
    # ONNX Runtime knows it, and has it nowhere.
    mean = ((x["x"] - float(ZERO)) * SCALE).mean((1, 3))
    yield Node("QLinearReduceMean", x | result, ["z"], {"axes": [1, 3], "keepdims": 0}, weights, domain="com.microsoft", steps=1,
               wanted={"z": np.clip(np.rint(mean / result["z_scale"]) + 100, 0, 255).astype(np.uint8)})


def q_gemm():
    for transA, transB, bias, rounded in itertools.product((0, 1), (0, 1), (False, True), (False, True)):
        yield Node("QGemm", {"A": _bytes(8, 5) if transA else _bytes(5, 8), "a_scale": SCALE, "a_zero": ZERO,
                             "B": _signed(6, 8) if transB else _signed(8, 6), "b_scale": SCALE, "b_zero": np.array(3, np.int8),
                             "C": _signed(6).astype(np.int32) * 20 if bias else None,
                             **({"y_scale": np.array(0.6, np.float32), "y_zero": ZERO} if rounded else {})},
                   ["Y"], {"transA": transA, "transB": transB, "alpha": 1.0 if rounded else 0.5},
                   ("a_scale", "a_zero", "B", "b_scale", "b_zero", "C", "y_scale", "y_zero"), domain="com.microsoft", steps=1)


def integer_products():
    for columns, bias in itertools.product((False, True), (None, normal(6))):
        scale = np.abs(normal(6)) * 0.1 if columns else SCALE
        zero = _signed(6, seed=2) if columns else np.array(3, np.int8)
        yield Node("DynamicQuantizeMatMul", {"A": normal(2, 5, 8), "B": _signed(8, 6), "b_scale": scale, "b_zero": zero, "bias": bias}, ["Y"],
                   weights=("B", "b_scale", "b_zero", "bias"), domain="com.microsoft")
        yield Node("MatMulIntegerToFloat", {"A": _bytes(2, 5, 8), "B": _signed(8, 6), "a_scale": SCALE, "b_scale": scale, "a_zero": ZERO,
                                            "b_zero": zero, "bias": bias}, ["Y"], weights=("B", "b_scale", "b_zero", "bias"), domain="com.microsoft")


def q_attention():
    x, weights = _bytes(2, 5, 12), _signed(12, 3 * 32)
    for causal, mask in itertools.product((0, 1), (None, np.array([3, 5], np.int32))):
        yield Node("QAttention", {"X": x, "W": weights, "bias": normal(3 * 32), "x_scale": SCALE * 0.1, "w_scale": SCALE * 0.1, "mask": mask,
                                  "x_zero": ZERO, "w_zero": np.array(0, np.int8)}, ["Y"], {"num_heads": 4, "unidirectional": causal},
                   ("W", "bias", "x_scale", "w_scale", "x_zero", "w_zero"), domain="com.microsoft", rtol=1e-3, atol=1e-4)


def dynamic_quantize_lstm():
    for direction in ("forward", "bidirectional"):
        count = 2 if direction == "bidirectional" else 1
        scale, zero = np.full(count, 0.005, np.float32), np.zeros(count, np.int8)
        # ONNX Runtime rounds inputs and states to 8 bits at every step.
        yield Node("DynamicQuantizeLSTM", {"X": normal(4, 2, 8), "W": _signed(count, 8, 64), "R": _signed(count, 16, 64), "B": normal(count, 128),
                                           "lengths": None, "h": None, "c": None, "P": None, "w_scale": scale, "w_zero": zero, "r_scale": scale,
                                           "r_zero": zero}, ["Y", "Y_h", "Y_c"], {"hidden_size": 16, "direction": direction},
                   ("W", "R", "B", "w_scale", "w_zero", "r_scale", "r_zero"), domain="com.microsoft", rtol=0, atol=2e-2)


def q_linear_average_pool():
    result = {"z_scale": np.array(0.03, np.float32), "z_zero": np.array(100, np.uint8)}
    for last, attributes in itertools.product((0, 1), ({"strides": [2, 2]}, {"pads": [1, 1, 1, 1]}, {"pads": [1, 0, 1, 0], "count_include_pad": 1}, {"auto_pad": "SAME_UPPER"})):
        yield Node("QLinearAveragePool", {"x": _bytes(2, 5, 6, 7), "x_scale": SCALE, "x_zero": ZERO} | result, ["z"], {"kernel_shape": [3, 2], "channels_last": last, **attributes},
                   ("x_scale", "x_zero", "z_scale", "z_zero"), domain="com.microsoft", steps=1)


def q_linear_conv():
    """ONNX Runtime's form, channels last."""
    for group, bias, last in itertools.product((1, 2), (None, _signed(6).astype(np.int32) * 9), (0, 1)):
        scale = np.abs(normal(6)) * 0.01 + 0.001
        yield Node("QLinearConv", {"x": _bytes(2, 5, 7, 4) if last else _bytes(2, 4, 5, 7), "x_scale": SCALE, "x_zero": ZERO, "w": _signed(6, 4 // group, 3, 3), "w_scale": scale,
                                   "w_zero": np.zeros(6, np.int8), "y_scale": np.array(0.5, np.float32), "y_zero": ZERO, "bias": bias}, ["y"],
                   {"group": group, "pads": [1, 1, 1, 1], "channels_last": last}, ("x_scale", "x_zero", "w", "w_scale", "w_zero", "y_scale", "y_zero", "bias"), domain="com.microsoft", steps=1)


def mat_mul_bnb4():
    """FP4 and NF4; a last block that is shorter, and rows that share blocks."""
    for kind, (rows, columns, block) in itertools.product((0, 1), ((8, 32, 16), (5, 24, 32), (3, 21, 16))):
        count = rows * columns
        yield Node("MatMulBnb4", {"A": normal(4, columns), "B": _bytes(-(-count // 2)), "absmax": np.abs(normal(-(-count // block)))}, ["Y"],
                   {"K": columns, "N": rows, "block_size": block, "quant_type": kind}, ("B", "absmax"), domain="com.microsoft")
