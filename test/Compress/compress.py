#!/usr/bin/env python3
"""compress.py - calibrating, quantizing and compressing whole models; networks.py says which.

    compress.py list | run CASE
"""
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import networks  # noqa: E402

CAMEO = pathlib.Path(networks.BUILD) / "bin/cameo"
CASES = {}


def case(function):
    CASES[function.__name__.replace("_", "-")] = function
    return function


def cameo(*arguments, code: int = 0, says: str = "") -> str:
    """What a command prints; it must end with `code` and print `says`."""
    done = subprocess.run([CAMEO, *map(str, arguments)], capture_output=True, text=True)
    text = done.stdout + done.stderr
    print(text)
    assert done.returncode == code, f"{arguments[0]} ended with {done.returncode}; expected {code}"
    assert says in text, f"expected: {says}"
    return text


# ---- calibration

@case
def ranges_are_those_of_the_data(folder: pathlib.Path) -> None:
    networks.write("digits", folder)
    cameo("calibrate", folder / "model.onnx", "--calib", folder / "calib.npz", "--range=min-max", says="4 layers, 128 samples")


@case
def stopped_and_resumed_gives_the_same_ranges(folder: pathlib.Path) -> None:
    networks.write("digits", folder)
    state = folder / "state"
    data = dict(np.load(folder / "calib.npz"))
    samples = folder / "samples"
    samples.mkdir()
    for i in range(len(data["image"])):
        np.savez(samples / f"{i:03}.npz", image=data["image"][i : i + 1])
    whole = cameo("calibrate", folder / "model.onnx", "--calib", samples)
    cameo("calibrate", folder / "model.onnx", "--calib", samples, "--state", state, "--stop-after-samples=64")
    assert cameo("calibrate", folder / "model.onnx", "--calib", samples, "--state", state) == whole
    # Other data are not taken for these.
    cameo("calibrate", folder / "model.onnx", "--calib", folder / "calib.npz", "--state", state, code=3, says="E-CALIB")


def refused(change, says: str):
    def run(folder: pathlib.Path) -> None:
        networks.write("digits", folder)
        data = {"image": np.load(folder / "calib.npz")["image"]}
        np.savez(folder / "bad.npz", **change(data))
        cameo("calibrate", folder / "model.onnx", "--calib", folder / "bad.npz", code=8, says=says)
    return run


def withNan(data):
    data["image"][3, 0, 2, 1] = np.nan
    return data


CASES["nan-is-refused"] = refused(withNan, "sample 3: input 'image' holds a NaN, first as element 17 of 64")
CASES["wrong-shape-is-refused"] = refused(lambda d: {"image": d["image"][:, :, :7]}, "input 'image' has shape 1x1x7x8; the model takes ?x1x8x8")
CASES["wrong-type-is-refused"] = refused(lambda d: {"image": d["image"].astype(np.float64)}, "is of type f64; the model takes f32")
CASES["missing-input-is-refused"] = refused(lambda d: {"label": np.zeros(9)}, "input 'image' is missing")
CASES["unknown-name-is-refused"] = refused(lambda d: {**d, "imag": d["image"]}, "'imag' is no input; the model has 'image'")
CASES["too-few-samples-are-refused"] = refused(lambda d: {"image": d["image"][:7]}, "has too few samples: 7; at least 8 are needed")


@case
def empty_folder_is_refused(folder: pathlib.Path) -> None:
    networks.write("digits", folder)
    (folder / "empty").mkdir()
    cameo("calibrate", folder / "model.onnx", "--calib", folder / "empty", code=8, says="is empty: there is no .npz, .npy or .pb file in it")


@case
def random_warns(folder: pathlib.Path) -> None:
    networks.write("digits", folder)
    cameo("calibrate", folder / "model.onnx", "--calib=random", says="warning: random inputs say little")


def main() -> int:
    if sys.argv[1] == "list":
        print("\n".join(CASES))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        try:
            CASES[sys.argv[2]](pathlib.Path(folder))
        except networks.Missing as missing:
            print(f"skipped: {missing}")
            return 77
    return 0


if __name__ == "__main__":
    sys.exit(main())
