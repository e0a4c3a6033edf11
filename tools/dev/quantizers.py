"""quantizers.py - a model as other tools quantize it; runs in the environment of requirements-quantizers.txt.

    quantizers.py MODEL.onnx CALIB.npz FOLDER

Writes FOLDER/NAME.onnx (ONNX Runtime's quantizers) and FOLDER/NAME.xml (nncf), one for each setting below, and FOLDER/failed.json with
what the tools said where they could not.
"""
import contextlib
import json
import pathlib
import shutil
import sys
import tempfile

import nncf
import numpy as np
import onnx
import openvino
from onnxruntime import quantization as ort
from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

LAYERS = ["Conv", "MatMul", "Gemm"]


class Reader(ort.CalibrationDataReader):
    def __init__(self, samples: list):
        self.left = iter(samples)

    def get_next(self):
        return next(self.left, None)


def samplesOf(model: str, data: dict) -> list:
    """Feeds, one per sample. Where the model's own first axis is the samples', each has one of it."""
    ranks = {i.name: len(i.type.tensor_type.shape.dim) for i in onnx.load(model).graph.input}
    data = {n: v for n, v in data.items() if n in ranks}
    return [{n: v[i : i + 1] if v.ndim == ranks[n] else np.asarray(v[i]) for n, v in data.items()} for i in range(len(next(iter(data.values()))))]


def static(method: str, perChannel: bool, types=None):
    def write(model: str, samples: list, path: pathlib.Path) -> None:
        ort.quantize_static(model, path.with_suffix(".onnx"), Reader(samples), per_channel=perChannel, calibrate_method=getattr(ort.CalibrationMethod, method),
                            activation_type=ort.QuantType.QUInt8, weight_type=ort.QuantType.QInt8, op_types_to_quantize=types)
    return write


def dynamic(perChannel: bool, types):
    def write(model: str, samples: list, path: pathlib.Path) -> None:
        # ONNX Runtime's ConvInteger takes unsigned weights only.
        kind = ort.QuantType.QInt8 if "Conv" not in types else ort.QuantType.QUInt8
        ort.quantize_dynamic(model, path.with_suffix(".onnx"), per_channel=perChannel, weight_type=kind, op_types_to_quantize=types)
    return write


def blocks(bits: int, block: int, symmetric: bool):
    def write(model: str, samples: list, path: pathlib.Path) -> None:
        quantizer = MatMulNBitsQuantizer(onnx.load(model), bits=bits, block_size=block, is_symmetric=symmetric, accuracy_level=4)
        quantizer.process()
        quantizer.model.save_model_to_file(str(path.with_suffix(".onnx")))
    return write


def post(**settings):
    def write(model: str, samples: list, path: pathlib.Path) -> None:
        openvino.save_model(nncf.quantize(openvino.Core().read_model(model), nncf.Dataset(samples), subset_size=len(samples), **settings),
                            path.with_suffix(".xml"), compress_to_fp16=False)
    return write


def compressed(mode: str, usesData: bool = False, **settings):
    def write(model: str, samples: list, path: pathlib.Path) -> None:
        data = {"dataset": nncf.Dataset(samples)} if usesData else {}
        openvino.save_model(nncf.compress_weights(openvino.Core().read_model(model), mode=getattr(nncf.CompressWeightsMode, mode), **data, **settings),
                            path.with_suffix(".xml"), compress_to_fp16=False)
    return write


TRANSFORMER, MIXED = nncf.ModelType.TRANSFORMER, nncf.QuantizationPreset.MIXED
SETTINGS = {
    **{f"ort-static-{m.lower()}-{'channel' if c else 'tensor'}": static(m, c) for m in ("MinMax", "Entropy", "Percentile") for c in (False, True)},
    **{f"ort-static-{m.lower()}-layers": static(m, True, LAYERS) for m in ("MinMax", "Entropy", "Percentile")},
    **{f"ort-dynamic-{'channel' if c else 'tensor'}{n}": dynamic(c, t) for c in (False, True) for n, t in (("", LAYERS), ("-matmul", ["MatMul", "Gemm"]))},
    **{f"ort-int{b}-{g}{'-symmetric' if s else ''}": blocks(b, g, s) for b, g, s in ((4, 32, False), (4, 128, False), (4, 32, True), (8, 128, False))},
    "nncf-performance": post(), "nncf-mixed": post(preset=MIXED), "nncf-bias": post(fast_bias_correction=False),
    "nncf-transformer": post(model_type=TRANSFORMER), "nncf-transformer-mixed": post(model_type=TRANSFORMER, preset=MIXED),
    "nncf-int8": compressed("INT8_ASYM"), "nncf-int8-symmetric": compressed("INT8_SYM"),
    "nncf-int4-32": compressed("INT4_ASYM", group_size=32, ratio=1.0, all_layers=True),
    "nncf-int4-128": compressed("INT4_ASYM", group_size=128, ratio=1.0, all_layers=True),
    "nncf-int4-32-awq": compressed("INT4_ASYM", group_size=32, ratio=1.0, all_layers=True, awq=True, scale_estimation=True, usesData=True),
    "nncf-int4-32-gptq": compressed("INT4_ASYM", group_size=32, ratio=1.0, all_layers=True, gptq=True, usesData=True),
}


def main() -> None:
    model, calibration, folder = sys.argv[1], np.load(sys.argv[2]), pathlib.Path(sys.argv[3])
    folder.mkdir(parents=True, exist_ok=True)
    samples, failed = samplesOf(model, dict(calibration)), {}
    for name, write in SETTINGS.items():
        with tempfile.TemporaryDirectory() as temporary, contextlib.redirect_stdout(sys.stderr):
            try:
                write(model, samples, pathlib.Path(temporary, name))
            except Exception as error:  # noqa: BLE001 - whatever a tool raises is its answer
                failed[name] = f"{type(error).__name__}: {str(error).splitlines()[0][:200] if str(error) else ''}"
                continue
            for file in pathlib.Path(temporary).iterdir():
                shutil.move(file, folder / file.name)
    (folder / "failed.json").write_text(json.dumps(failed, indent=1))


if __name__ == "__main__":
    main()
