"""ask_for_features.py PROGRAM - makes a program's header ask for every CPU feature there is a bit for, and some that no CPU has."""
import hashlib
import pathlib
import sys

path = pathlib.Path(sys.argv[1])
file = bytearray(path.read_bytes())
start = file.index(b"CAMEO\r\n\x1a") if b"CAMEO\r\n\x1a" in file else sys.exit("no header")
features, digest, size = start + 24, start + 120, 152
file[features : features + 8] = b"\xff" * 8
file[digest : start + size] = hashlib.sha256(file[start:digest]).digest()
path.write_bytes(file)
