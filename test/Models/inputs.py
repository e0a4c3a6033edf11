"""inputs.py - the models of ../shared/models and what is fed to each: three sizes where sizes are free, real data where there is any.

`feeds(model, shared)` yields (label, {input: array}). Random values are seeded by the label, so each case can be run alone.
"""
import dataclasses
import gzip
import json
import pathlib
import typing
import zlib

import numpy as np

Feeds = dict[str, np.ndarray]


def image(path: pathlib.Path, width: int, height: int, channels: int = 3) -> np.ndarray:
    """A picture as float32 [height, width, channels], 0..255."""
    from PIL import Image

    picture = Image.open(path).convert("RGB" if channels == 3 else "L").resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(picture, np.float32).reshape(height, width, channels)


def planar(pixels: np.ndarray) -> np.ndarray:
    """[H, W, C] -> [1, C, H, W]"""
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)[None])


def imagenet(pixels: np.ndarray) -> np.ndarray:
    return planar(((pixels / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]).astype(np.float32))


def normal(rng, shape, dtype=np.float32, scale=1.0) -> np.ndarray:
    return (rng.standard_normal(shape) * scale).astype(dtype)


@dataclasses.dataclass
class Model:
    path: str  # below ../shared/models
    random: typing.Callable  # (rng, size) -> feeds
    sizes: list = dataclasses.field(default_factory=lambda: [None])
    real: typing.Callable | None = None  # (folder data/) -> (label, feeds)...
    rtol: float = 1e-3
    atol: float = 1e-4

    @property
    def name(self) -> str:
        return pathlib.Path(self.path).with_suffix("").as_posix().replace("/", ".")

    def feeds(self, shared: pathlib.Path) -> typing.Iterator[tuple[str, Feeds]]:
        for size in self.sizes:
            label = "random" if size is None else f"random {size}"
            yield label, self.random(np.random.default_rng(zlib.crc32(label.encode())), size)
        if self.real:
            yield from self.real(shared / "models/data")


def fixed(name: str, shape: list[int], dtype=np.float32, scale=1.0):
    return lambda rng, _: {name: normal(rng, shape, dtype, scale)}


def sized(name: str, scale=1.0):
    return lambda rng, shape: {name: normal(rng, shape, scale=scale)}


def archive(name: str, *inputs: str):
    def real(data):
        with np.load(data / "tract" / name) as stored:
            yield "stored", {i: stored[i] for i in inputs}

    return real


def gpt2(rng, size) -> Feeds:
    batch, new, past = size
    return {
        "input_ids": rng.integers(0, 1000, (batch, new), np.int32),
        "position_ids": np.tile(np.arange(past, past + new, dtype=np.int32), (batch, 1)),
        "attention_mask": np.ones((batch, new + past), np.int32),
        **{f"past_{i}": normal(rng, (2, batch, 4, past, 8)) for i in range(5)},
    }


def llama(rng, size) -> Feeds:
    batch, new, past = size
    caches = {f"past_key_values.{i}.{k}": normal(rng, (batch, 1, past, 16), np.float16) for i in range(2) for k in ("key", "value")}
    return {
        "input_ids": rng.integers(0, 32000, (batch, new)),
        "position_ids": np.tile(np.arange(past, past + new), (batch, 1)),
        "attention_mask": np.ones((batch, new + past), np.int64),
        **caches,
    }


def scatterDecoder(rng, size) -> Feeds:
    batch, new, past = size
    return {
        "input_ids": rng.integers(0, 256, (batch, new)),
        "position_ids": np.tile(np.arange(past, past + new), (batch, 1)),
        "write_indices": np.full(batch, past),
        "nonpad_kv_seqlen": np.full(batch, past + new),
        **{f"{k}_cache.{i}": normal(rng, (batch, 16, 32)) for i in range(2) for k in ("key", "value")},
    }


def gqaDecode(rng, _) -> Feeds:
    shapes = {"query": (1, 1, 64), "key": (1, 1, 32), "value": (1, 1, 32), "past_key": (1, 2, 5, 16), "past_value": (1, 2, 5, 16),
              "cos_cache": (32, 8), "sin_cache": (32, 8)}
    return {**{n: normal(rng, s) for n, s in shapes.items()}, "seqlens_k": np.array([5], np.int32), "total_sequence_length": np.array(6, np.int32)}


def silero(rng, size) -> Feeds:
    batch, samples, rate = size
    return {"input": normal(rng, (batch, samples), scale=0.1), "state": normal(rng, (2, batch, 128), scale=0.1), "sr": np.array(rate)}


def magika(data: pathlib.Path):
    """One file of the test data at a time: in large batches ONNX Runtime itself is further than the tolerance from the result
    in double precision."""
    for i, features in enumerate(magikaFeatures(data)[::16]):
        yield f"file {16 * i}", {"bytes": features[np.newaxis]}


def magikaFeatures(data: pathlib.Path) -> np.ndarray:
    """What the network reads of every file, in the order of magikaFiles."""
    from magika import features

    return np.stack([features((data / "magika" / e["path"]).read_bytes()) for e in magikaFiles(data)])


def magikaFiles(data: pathlib.Path) -> list[dict]:
    """The published answers for the files which the network itself judges."""
    stored = data / "magika/tests_data/reference/standard_v3_3-inference_examples_by_path.json.gz"
    return [e for e in json.load(gzip.open(stored)) if e["prediction"]["dl"] != "undefined"]


def kitten(name: str, make: typing.Callable, width: int, height: int):
    return lambda data: iter([("kitten", {name: make(image(data / "images/kitten_224.png", width, height))})])


def textPage(data):
    for file, width, height in [("en.jpg", 320, 160), ("text_det.jpg", 256, 256)]:
        yield file, {"image": imagenet(image(data / "ocr" / file, width, height))}


def ramp(name: str):
    values = (np.arange(3 * 224 * 224).reshape(1, 3, 224, 224) / (3 * 224 * 224)).astype(np.float32)
    return lambda data: iter([("ramp", {name: values})])


MODELS = [
    Model("audio/silero_mini.onnx", sized("input", 0.1), [(1, 1536), (2, 4000), (3, 16000)]),
    Model("audio/silero_vad_a.onnx", silero, [(1, 576, 16000), (2, 576, 16000), (3, 288, 8000)]),
    Model("audio/winml_speech_recog.onnx", sized("input"), [(1, 3, 128, 41), (2, 3, 128, 41), (5, 3, 128, 41)]),
    Model("light/light_densenet121.onnx", fixed("data_0", [1, 3, 224, 224]), real=ramp("data_0"), rtol=2e-3),
    Model("light/light_resnet50.onnx", fixed("gpu_0/data_0", [1, 3, 224, 224]), real=ramp("gpu_0/data_0")),
    Model("light/light_squeezenet.onnx", fixed("data_0", [1, 3, 224, 224]), real=ramp("data_0")),
    Model("llm/genai_hf-internal-testing__tiny-random-gpt2-fp32-cuda__past.onnx", gpt2, [(1, 1, 4), (2, 3, 5), (1, 6, 0)]),
    Model("llm/genai_static-scatter-bias-decoder__model.onnx", scatterDecoder, [(1, 1, 4), (2, 3, 5), (1, 6, 0)]),
    Model("llm/tiny_random_llama_fp16/model.onnx", llama, [(1, 1, 4), (2, 1, 7), (1, 6, 0)], rtol=1e-2, atol=1e-2),
    Model("llm/tract_gqa_decode_rope.onnx", gqaDecode),
    Model("ocr/ppocr_mobile_v1.1_det.onnx", sized("image"), [(1, 3, 96, 160), (2, 3, 64, 64), (1, 3, 320, 320)], textPage),
    Model("quant/tract_qlstm_3-2-3_T3_S1.onnx", sized("input"), [(3, 3)], archive("qlstm_3-2-3_T3_S1.io.npz", "input")),
    Model("tabular/iris_mlp_network.onnx", sized("input", 3), [(1, 4), (7, 4), (150, 4)]),
    Model("tabular/tract_lgbm_classifier_tensor.onnx", sized("input", 10), [(1, 13), (5, 13), (64, 13)],
          archive("lgbm_classifier_tensor.io.npz", "input")),
    Model("text/magika_standard_v3_3.onnx", lambda rng, n: {"bytes": rng.integers(0, 257, (n, 2048), np.int32)}, [1, 3, 10], magika),
    Model("text/tract_byte_sb_bidi_lstm.onnx", lambda rng, s: {"input": rng.integers(0, 256, s, np.uint8)}, [(1, 1), (1, 7), (3, 40)],
          archive("byte_sb_bidi_lstm.io.npz", "input")),
    Model("vision/cifar_image_classifier.onnx", sized("modelInput"), [(1, 3, 32, 32), (3, 3, 32, 32), (8, 3, 32, 32)],
          kitten("modelInput", lambda p: planar(p / 127.5 - 1), 32, 32)),
    Model("vision/deeplab_v3_mnv2.onnx", fixed("sub_7", [1, 257, 257, 3]), real=kitten("sub_7", lambda p: p[None] / 127.5 - 1, 257, 257)),
    Model("vision/squeezenet_fp16.onnx", fixed("data_0", [1, 3, 224, 224], np.float16),
          real=kitten("data_0", lambda p: imagenet(p).astype(np.float16), 224, 224), rtol=1e-2, atol=1e-2),
    Model("vision/tvm_mnist-8.onnx", lambda rng, _: {"Input3": rng.integers(0, 256, (1, 1, 28, 28)).astype(np.float32)},
          real=lambda data: iter([("digit", {"Input3": planar(image(data / "images/mnist_28.png", 28, 28, 1))})])),
    Model("vision/yolox_nano.onnx", fixed("images", [1, 3, 416, 416], scale=60), real=kitten("images", planar, 416, 416)),
]

# Models that must be refused: exit code and what the message must say.
REFUSED = {
    "bad_natural/pcb_aoi.onnx": (4, ["com.microsoft", "LegacyPadding"]),
    "bad_natural/spectrogram_stft.onnx": (4, ["com.microsoft.experimental"]),
    "bad_natural/squeezenet_dao_fp16.onnx": (4, ["Debug"]),
    "bad_natural/winml_colorize_me.onnx": (3, ["'Output'"]),
}
