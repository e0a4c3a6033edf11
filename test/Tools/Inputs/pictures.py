"""pictures.py LIBRARY - libcameo_images.so against Pillow: what Pillow writes in each format and mode is read alike, and damaged files are
decoded or refused by name, never more than that. The last line counts."""
import ctypes
import io
import random
import sys

import numpy as np
from PIL import Image, TiffImagePlugin

LIBRARY = ctypes.CDLL(sys.argv[1])
MODES = {"BMP": ["RGB", "L", "P", "1"], "PNG": ["RGB", "L", "P", "1", "RGBA", "LA"], "PPM": ["RGB", "L", "1"], "TIFF": ["RGB", "L", "P", "1", "RGBA"],
         "JPEG": ["RGB", "L"], "WEBP": ["RGB", "RGBA"], "JPEG2000": ["RGB", "L", "RGBA"]}


def decode(file: bytes) -> np.ndarray | str:
    """Pixels, or why there are none."""
    height, width, reason, room = ctypes.c_int64(), ctypes.c_int64(), ctypes.create_string_buffer(300), ctypes.c_uint64(300)
    size = ctypes.c_uint64(len(file))
    if LIBRARY.cameo_image_size(file, size, ctypes.byref(height), ctypes.byref(width), reason, room):
        return reason.value.decode(errors="replace")
    if height.value * width.value > 1 << 20:
        return "large"
    pixels = np.zeros((height.value, width.value, 3), np.uint8)
    if LIBRARY.cameo_image_decode(file, size, pixels.ctypes.data_as(ctypes.c_void_p), height, width, reason, room):
        return reason.value.decode(errors="replace")
    return pixels


def written(image: Image.Image, format: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def expect(name: str, found: np.ndarray | str, wanted: np.ndarray) -> None:
    if isinstance(found, str) or found.shape != wanted.shape or not np.array_equal(found, wanted):
        sys.exit(f"{name}: {found if isinstance(found, str) else 'other pixels than those that Pillow reads'}")


def main() -> None:
    colors = (np.add.outer(np.arange(50) * 3, np.arange(37) * 2)[:, :, None] + np.array([0, 60, 100])).astype(np.uint8)
    image = Image.fromarray(colors)
    image.putalpha(Image.fromarray((colors[:, :, 0] | 1)))
    files = {}
    for format, modes in MODES.items():
        for mode in modes:
            files[f"{format} {mode}"] = written(image.convert(mode) if "A" in mode else image.convert("RGB").convert(mode), format)
    files["PNG with a gamma"] = files["PNG RGB"][:33] + b"\0\0\0\4gAMA\0\1\x86\xa0\x31\xe8\x96\x5f" + files["PNG RGB"][33:]
    files["JPEG by scans"] = written(image.convert("RGB"), "JPEG", progressive=True)
    for name, file in files.items():
        expect(name, decode(file), np.asarray(Image.open(io.BytesIO(file)).convert("RGBA"))[:, :, :3])
    # Pillow turns such a picture; what is stored is the same.
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[274] = 3
    expect("TIFF upside down", decode(written(image.convert("RGB"), "TIFF", tiffinfo=tags)), colors)

    for name, file in files.items():
        if name.startswith(("BMP", "PNG", "PPM", "JPEG ", "WEBP")):
            found = decode(file[:len(file) * 3 // 4])
            if not isinstance(found, str):
                sys.exit(f"{name}: three quarters of the file are decoded")
    scan = files["JPEG RGB"].index(b"\xff\xdb")
    found = decode(files["JPEG RGB"][:scan] + b"junk" + files["JPEG RGB"][scan:].replace(b"\xff\xdb", b"\xff\xe5", 9))
    if not isinstance(found, str):
        sys.exit("JPEG: pixels without quantization tables")

    rng, all, refused = random.Random(1), list(files.values()), 0
    for _ in range(4000):
        file = bytearray(rng.choice(all))
        for _ in range(rng.choice([1, 1, 2, 4])):
            at = rng.randrange(min(len(file), rng.choice([20, 60, len(file)])))
            if rng.random() < 0.8:
                file[at] = rng.choice([0, 1, 127, 128, 255, rng.randrange(256)])
            else:
                del file[at + 1:]
        refused += isinstance(decode(bytes(file)), str)
    print(f"{len(files) + 1} files alike, 4000 damaged ones, of which {'some' if 400 < refused < 3600 else 'too many or too few'} are refused")


main()
