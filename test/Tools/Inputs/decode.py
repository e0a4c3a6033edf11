"""decode.py MODEL FOLDER - writes a model that decodes a picture of any size and halves its values, and files for it."""
import pathlib
import struct
import sys
import zlib

import numpy as np
import onnx
from onnx import TensorProto, helper

model, folder = sys.argv[1], pathlib.Path(sys.argv[2])
nodes = [helper.make_node("ImageDecoder", ["encoded"], ["pixels"], name="open", pixel_format="Grayscale"),
         helper.make_node("Cast", ["pixels"], ["wide"], to=TensorProto.FLOAT), helper.make_node("Mul", ["wide", "half"], ["y"])]
graph = helper.make_graph(nodes, "decode", [helper.make_tensor_value_info("encoded", TensorProto.UINT8, ["bytes"])],
                          [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, None, 1])],
                          [helper.make_tensor("half", TensorProto.FLOAT, [], [0.5])])
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), model)


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


rows = zlib.compress(bytes([0, 255, 0, 0, 0, 255, 0]))  # a row of a red and a green pixel, not filtered
png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 1, 8, 2, 0, 0, 0)) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
folder.mkdir(exist_ok=True)
for name, data in {"png": png, "short": png[:50], "text": b"no picture"}.items():
    np.savez(folder / f"{name}.npz", encoded=np.frombuffer(data, np.uint8))
