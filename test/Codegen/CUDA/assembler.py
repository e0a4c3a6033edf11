#!/usr/bin/env python3
"""assembler.py - NVIDIA's assembler takes the PTX of whole models, and its report is held against limits: no register is spilled, and
a kernel's stack holds only the arrays that its op asks for.

    assembler.py list | assembler.py run CHIP/MODEL | assembler.py all [CHIP...]

ptxas comes from the CUDA toolkit where that is installed, else from the package nvidia-cuda-nvcc. Without it the cases are skipped.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[3]
BUILD = pathlib.Path(os.environ.get("CAMEO_BUILD", ROOT / "build"))
SHARED = ROOT.parent / "shared/models"
SKIPPED = 77
CHIPS = ["sm_75", "sm_80", "sm_90a"]
# Small models that between them have most kinds of kernels; `all` takes every one.
MODELS = {"mnist": ROOT / "test/Models/data/mnist.onnx", "magika": ROOT / "test/Models/data/magika.onnx",
          "yolox_nano": SHARED / "vision/yolox_nano.onnx", "silero_mini": SHARED / "audio/silero_mini.onnx",
          "gqa": SHARED / "llm/tract_gqa_decode_rope.onnx"}
# (model, kernel): bytes of spills that are known and why they are there. Empty: none is.
SPILLS: dict[tuple[str, str], int] = {}


def findPtxas() -> str | None:
    packaged = sorted(BUILD.glob("venv/lib/python*/site-packages/nvidia/*/bin/ptxas"))
    return shutil.which("ptxas") or (str(packaged[0]) if packaged else None)


def assemble(ptxas: str, model: pathlib.Path, chip: str, folder: str) -> list[str]:
    """What is wrong with the kernels of a model; raises CalledProcessError where a tool fails."""
    text = f"{folder}/{model.stem}-{chip}.ptx"
    subprocess.run([BUILD / "bin/cameo-compile", model, "--target=cuda", f"--chip={chip}", "--emit=ptx", "-o", text], check=True,
                   capture_output=True, text=True)
    done = subprocess.run([ptxas, "-v", f"-arch={chip}", text, "-o", "/dev/null"], check=True, capture_output=True, text=True)
    problems, kernel, count = [], "", 0
    for line in (done.stdout + done.stderr).splitlines():
        if found := re.search(r"Compiling entry function '(\w+)'", line):
            kernel, count = found[1], count + 1
        if (found := re.search(r"(\d+) bytes spill stores", line)) and int(found[1]) > SPILLS.get((model.stem, kernel), 0):
            problems.append(f"{kernel}: {line.strip()}")
        if "warning" in line.lower():
            problems.append(line.strip())
    print(f"{model.stem} for {chip}: {count} kernels assembled")
    return problems if count else [f"{model.stem}: no kernel"]


def run(ptxas: str, model: pathlib.Path, chip: str) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        try:
            problems = assemble(ptxas, model, chip, folder)
        except subprocess.CalledProcessError as error:
            problems = [f"{model.stem} for {chip}: {error.cmd[0]} failed:", error.stderr]
    print("".join(f"{p}\n" for p in problems), end="")
    return not problems


def main() -> int:
    match sys.argv[1:]:
        case ["list"]:
            print("\n".join(f"{chip}/{name}" for name in MODELS for chip in CHIPS))
            return 0
        case ["run", case]:
            chip, name = case.split("/")
            models, chips = [MODELS[name]], [chip]
        case ["all", *given]:
            models, chips = sorted({*SHARED.glob("*/*.onnx"), *MODELS.values()}), given or CHIPS
        case _:
            sys.exit(__doc__)
    ptxas = findPtxas()
    if not ptxas or not models[0].exists():
        print("skipped: ptxas is neither on PATH nor in the package nvidia-cuda-nvcc" if not ptxas else f"skipped: {models[0]} is not here")
        return SKIPPED
    return 0 if all([run(ptxas, model, chip) for model in models for chip in chips]) else 1


if __name__ == "__main__":
    sys.exit(main())
