"""kerasmodels.py - networks of Keras and functions of TensorFlow through tf2onnx."""
import os
import pathlib

import numpy as np

from zoo import registry
from zoo.registry import Spec, ids, normal, uniform


def function(name: str, make, inputs: dict[str, Spec], sizes: list[dict] = [{}], opset: int = 17, **tolerance) -> None:
    """`make(tf, keras)` returns a Keras model or a function of as many tensors as there are inputs."""

    def write(path: pathlib.Path) -> list[registry.Feeds]:
        os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="-1")
        import keras
        import onnx
        import tensorflow as tf
        import tf2onnx

        keras.utils.set_random_seed(registry.seedOf(name))
        made = make(tf, keras)
        call = (lambda *x: made(x if len(x) > 1 else x[0], training=False)) if isinstance(made, keras.Model) else made
        rng = np.random.default_rng(registry.seedOf(name))
        feeds = [{n: spec.make(rng, s) for n, spec in inputs.items()} for s in sizes]
        signature = [tf.TensorSpec([None if isinstance(d, str) else d for d in spec.shape], feeds[0][n].dtype, n) for n, spec in inputs.items()]
        model, _ = tf2onnx.convert.from_function(tf.function(call, input_signature=signature), input_signature=signature, opset=opset)
        onnx.save(model, path)
        return feeds

    registry.add(registry.Entry(name, "tf2onnx", write, **tolerance))


def application(name: str, kind: str, side: int, opset: int, **arguments) -> None:
    function(f"keras-{name}", lambda tf, keras: getattr(keras.applications, kind)(weights=None, input_shape=(side, side, 3), classes=10, **arguments),
             {"image": uniform("batch", side, side, 3)}, [{"batch": 1}, {"batch": 2}], opset)


application("mobilenet", "MobileNet", 64, 9)
application("mobilenet-v3", "MobileNetV3Small", 64, 15)
application("efficientnet-b0", "EfficientNetB0", 64, 12, include_top=True)
application("nasnet", "NASNetMobile", 64, 14)


def layers(name: str, shape: tuple, build, spec: Spec, sizes: list[dict], opset: int = 17, dtype: str = "float32") -> None:
    """`build(layers)` gives the layers in their order."""

    def make(tf, keras):
        x = start = keras.Input(shape, dtype=dtype)
        for layer in build(keras.layers):
            x = layer(x)
        return keras.Model(start, x)

    function(f"keras-{name}", make, {"x": spec}, sizes, opset)


SEQUENCES = [{"batch": 1, "seq": 4}, {"batch": 3, "seq": 7}]
for opset in (9, 14, 18):
    layers(f"lstm-{opset}", (None, 6), lambda L: [L.LSTM(8, return_sequences=True), L.LSTM(5)], normal("batch", "seq", 6), SEQUENCES, opset)
layers("gru", (None, 6), lambda L: [L.GRU(8, return_sequences=True), L.Bidirectional(L.GRU(5))], normal("batch", "seq", 6), SEQUENCES)
layers("masked-lstm", (None,), lambda L: [L.Embedding(50, 6, mask_zero=True), L.Bidirectional(L.LSTM(8, return_sequences=True)), L.Dense(3)], ids("batch", "seq", high=50), SEQUENCES,
       dtype="int64")
layers("conv-lstm", (5, 8, 8, 3), lambda L: [L.ConvLSTM2D(4, 3, padding="same", return_sequences=True), L.ConvLSTM2D(2, 3)], normal("batch", 5, 8, 8, 3), [{"batch": 1}, {"batch": 2}])
layers("frames", (5, 8, 8, 3), lambda L: [L.TimeDistributed(L.Conv2D(4, 3, strides=2, padding="same")), L.TimeDistributed(L.GlobalAveragePooling2D()), L.LSTM(4)],
       normal("batch", 5, 8, 8, 3), [{"batch": 1}, {"batch": 2}])
layers("volume", (8, 9, 10, 2), lambda L: [L.Conv3D(4, 3, strides=2, padding="same"), L.Conv3DTranspose(3, 2, strides=2, padding="same"), L.AveragePooling3D(2), L.UpSampling3D(2)],
       normal("batch", 8, 9, 10, 2), [{"batch": 1}, {"batch": 2}])
layers("causal-conv", (None, 5), lambda L: [L.Conv1D(8, 3, padding="causal", dilation_rate=2, activation="relu"), L.Conv1DTranspose(4, 4, strides=2), L.GlobalMaxPooling1D()],
       normal("batch", "seq", 5), [{"batch": 1, "seq": 9}, {"batch": 2, "seq": 20}])

BOXES = Spec((30, 4), lambda rng, s: np.concatenate([a := rng.random((30, 2)), a + 0.3], 1).astype(np.float32))
ROWS = [{"rows": 1}, {"rows": 5}]
function("tensorflow-suppression", lambda tf, keras: lambda b, s: tf.gather(b, tf.image.non_max_suppression(b, s, 10, 0.5, 0.2)), {"boxes": BOXES, "scores": uniform(30)})
function("tensorflow-loop", lambda tf, keras: lambda x: tf.while_loop(lambda i, a: i < 5, lambda i, a: (i + 1, a * 1.1 + tf.cast(i, tf.float32)), [0, x])[1], {"x": normal("rows", 3)}, ROWS)
function("tensorflow-map", lambda tf, keras: lambda x: tf.map_fn(lambda row: tf.cumsum(row) * 2, x), {"x": normal("rows", 3)}, ROWS)
function("tensorflow-branch", lambda tf, keras: lambda x: tf.cond(tf.reduce_sum(x) > 0, lambda: x * 2, lambda: tf.concat([x, x], 0)), {"x": normal("rows", 3)}, ROWS)
function("tensorflow-spectrogram", lambda tf, keras: lambda x: tf.abs(tf.signal.stft(x, 64, 32)), {"x": normal(1, 512)})
function("tensorflow-segments", lambda tf, keras: lambda x, i: (tf.math.unsorted_segment_sum(x, i, 4), tf.math.segment_max(x, i)),
         {"x": normal("rows", 3), "segments": Spec(("rows",), lambda rng, s: np.sort(rng.integers(0, 3, s)).astype(np.int32))}, [{"rows": 5}, {"rows": 9}])
