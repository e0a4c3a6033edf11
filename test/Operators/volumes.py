"""volumes.py - convolutions over three spatial axes and Fourier transforms, whose code is that of other operators."""
import itertools

import numpy as np

from node import Node, normal


def conv_3d():
    """Strides, dilations and padding of each axis for itself; groups; a filter per channel; one tap along the slices."""
    for kernel, strides, dilations, pads in (([3, 3, 3], [1, 1, 1], [1, 1, 1], [1, 1, 1, 1, 1, 1]), ([3, 2, 1], [2, 1, 2], [1, 2, 1], [0, 1, 0, 2, 0, 0]),
                                             ([1, 3, 3], [1, 2, 2], [1, 1, 1], [0, 1, 1, 0, 1, 1]), ([2, 1, 1], [1, 1, 1], [2, 1, 1], [2, 0, 0, 0, 0, 0]),
                                             ([1, 1, 1], [3, 1, 1], [1, 1, 1], [0, 0, 0, 0, 0, 0])):
        for batch, group, outputs in ((1, 1, 5), (2, 1, 5), (2, 2, 4), (1, 6, 6), (2, 6, 12)):
            yield Node("Conv", {"X": normal(batch, 6, 7, 6, 5), "W": normal(outputs, 6 // group, *kernel, seed=1)}, ["Y"],
                       {"kernel_shape": kernel, "strides": strides, "dilations": dilations, "pads": pads, "group": group}, ("W",), rtol=1e-3, atol=1e-4)


def conv_transpose_3d():
    """Slices of the result with one tap, several and none."""
    for kernel, strides, pads, dilations, more in (([2, 2, 2], [2, 2, 2], [0] * 6, [1, 1, 1], [0, 0, 0]), ([3, 3, 3], [2, 2, 2], [1] * 6, [1, 1, 1], [1, 1, 1]),
                                                   ([3, 2, 2], [1, 1, 1], [1, 0, 0, 1, 0, 0], [1, 1, 1], [0, 0, 0]), ([1, 2, 2], [3, 2, 1], [0] * 6, [1, 1, 1], [0, 0, 0]),
                                                   ([2, 3, 1], [2, 1, 2], [0, 1, 0, 1, 0, 0], [3, 1, 1], [1, 0, 1])):
        for batch, group in ((1, 1), (2, 1), (2, 2)):
            yield Node("ConvTranspose", {"X": normal(batch, 4, 3, 4, 5), "W": normal(4, 3, *kernel, seed=1)}, ["Y"],
                       {"kernel_shape": kernel, "strides": strides, "pads": pads, "dilations": dilations, "output_padding": more, "group": group}, ("W",), rtol=1e-3, atol=1e-4)


def dft():
    """Of real and complex numbers along each axis, longer and shorter than they are; onesided ones back and forth."""
    for parts, axis, length, (inverse, onesided) in itertools.product((1, 2), (1, 2, -2), (None, 5, 12), ((0, 0), (1, 0), (0, 1))):
        if parts == 2 and onesided:
            continue
        x = normal(2, 8, 6, parts)
        whole = x[..., 0] + (1j * x[..., 1] if parts == 2 else 0)
        at = axis if axis > 0 else 2
        y = (np.fft.ifft if inverse else np.fft.rfft if onesided else np.fft.fft)(whole, length, at)
        inputs = {"x": x, "n": None if length is None else np.array(length), "axis": np.array(axis)}
        yield Node("DFT", inputs, ["y"], {"inverse": inverse, "onesided": onesided}, ("n", "axis"), wanted={"y": np.stack([y.real, y.imag], -1).astype(np.float32)})


def dft_prime_and_long():
    for length in (1, 2, 7, 97, 400, 1024):
        x = normal(3, length, 1)
        y = np.fft.rfft(x[..., 0])
        yield Node("DFT", {"x": x, "n": None, "axis": np.array(1)}, ["y"], {"onesided": 1}, ("axis",), rtol=1e-4, atol=1e-4,
                   wanted={"y": np.stack([y.real, y.imag], -1).astype(np.float32)})


def stft():
    for length, step, windowed in itertools.product((16, 25), (4, 7), (False, True)):
        window = np.hanning(length).astype(np.float32)
        yield Node("STFT", {"signal": normal(2, 130, 1), "frame_step": np.array(step), "window": window if windowed else None,
                            "frame_length": None if windowed else np.array(length)}, ["output"], {"onesided": 1}, ("frame_step", "window", "frame_length"), rtol=1e-3, atol=1e-4)
