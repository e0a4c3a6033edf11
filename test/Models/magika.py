#!/usr/bin/env python3
"""magika.py - tells the kind of files with the Magika model, compiled by Cameo.

The network sees 2048 numbers per file: the first 1024 bytes and the last 1024, each read from a block of 4096 bytes with
white space stripped at the outer end; 256 fills what is missing. magika.json holds these sizes and the labels, as published
with the model. Files of fewer than 8 bytes are not for the network.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

CONFIG = json.loads((pathlib.Path(__file__).parent / "data/magika.json").read_text())
LABELS = CONFIG["target_labels_space"]


def features(content: bytes, config: dict = CONFIG) -> np.ndarray | None:
    """One row of the input `bytes`, int32 [beg_size + end_size]; None when too little is left for the network to judge."""
    fill, begSize, endSize = config["padding_token"], config["beg_size"], config["end_size"]
    begin = content[: config["block_size"]].lstrip()[:begSize]
    end = content[-config["block_size"] :].rstrip()[-endSize:]
    row = np.full(begSize + endSize, fill, np.int32)
    row[: len(begin)] = np.frombuffer(begin, np.uint8)
    if end:
        row[-len(end) :] = np.frombuffer(end, np.uint8)
    enough = len(begin) >= config["min_file_size_for_dl"]
    return row if enough else None


def main() -> int:
    parser = argparse.ArgumentParser(description="tells the kind of files with a compiled Magika model")
    parser.add_argument("--runner", required=True, help="path of cameo-run")
    parser.add_argument("--program", required=True, help="magika.cameo")
    parser.add_argument("files", nargs="+")
    options = parser.parse_args()

    rows = {name: features(pathlib.Path(name).read_bytes()) for name in options.files}
    known = [name for name, row in rows.items() if row is not None]
    with tempfile.TemporaryDirectory() as folder:
        np.savez(f"{folder}/in.npz", bytes=np.stack([rows[name] for name in known]))
        command = [options.runner, options.program, "--input", f"{folder}/in.npz", "--output", f"{folder}/out.npz", "--json"]
        run = subprocess.run(command, capture_output=True, text=True)
        if run.returncode:
            sys.stderr.write(run.stderr)
            return run.returncode
        scores = np.load(f"{folder}/out.npz")["target_label"]
    for name, row in zip(known, scores):
        print(f"  {name}: {LABELS[row.argmax()]} {row.max():.2f}")
    for name in rows.keys() - set(known):
        print(f"  {name}: too short to tell")
    print(f"{len(known)} files in {min(json.loads(run.stdout)['times_ms']):.3f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
