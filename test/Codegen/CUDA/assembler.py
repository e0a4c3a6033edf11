#!/usr/bin/env python3
"""assembler.py - NVIDIA's assembler takes the PTX of whole models, and its report is held against limits.txt: what a model's
kernels need at most of registers, shared memory and stack. No register is spilled but where the list says so; no wgmma waits where nobody asked.

    assembler.py list | assembler.py run CHIP/MODEL | assembler.py all [CHIP...] | assembler.py update

`all` takes every model of ../shared/models that Cameo takes, `update` writes the list. ptxas comes from the CUDA toolkit where that is installed,
else from the package nvidia-cuda-nvcc. Without it the cases are skipped. tools/dev/conformance --target=CHIP assembles its kernels too.
"""
import dataclasses
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
LIMITS = pathlib.Path(__file__).with_name("limits.txt")
CASE_SPILLS = pathlib.Path(__file__).with_name("case-spills.txt")
SKIPPED = 77
CHIPS = ["sm_75", "sm_80", "sm_90a"]
# Small models that between them have most kinds of kernels; `all` takes every one.
MODELS = {"attention": pathlib.Path(__file__).with_name("attention.mlir"), "products": pathlib.Path(__file__).with_name("products.mlir"), "parts": pathlib.Path(__file__).with_name("parts.mlir"), "mnist": ROOT / "test/Models/data/mnist.onnx", "magika": ROOT / "test/Models/data/magika.onnx",
          "yolox_nano": SHARED / "vision/yolox_nano.onnx", "silero_mini": SHARED / "audio/silero_mini.onnx",
          "gqa": SHARED / "llm/tract_gqa_decode_rope.onnx", "lstm": SHARED / "text/tract_byte_sb_bidi_lstm.onnx"}


@dataclasses.dataclass
class Need:
    """The most that a kernel of a model takes: registers of a thread, bytes of the rest."""
    registers: int = 0
    shared: int = 0
    stack: int = 0
    spills: int = 0

    def __or__(self, other: "Need") -> "Need":
        return Need(*map(max, dataclasses.astuple(self), dataclasses.astuple(other)))


class Refused(Exception):
    """The assembler does not take a text, or warns."""


def findPtxas() -> str | None:
    packaged = sorted(BUILD.glob("venv/lib/python*/site-packages/nvidia/*/bin/ptxas"))
    return shutil.which("ptxas") or (str(packaged[0]) if packaged else None)


def assemble(ptxas: str, text: str, chip: str) -> dict[str, Need]:
    """What each kernel of a PTX file needs. Raises Refused."""
    done = subprocess.run([ptxas, "-v", f"-arch={chip}", text, "-o", "/dev/null"], capture_output=True, text=True)
    report = done.stdout + done.stderr
    # C75..: products of warpgroups run one after the other, or are waited for where nobody asked.
    said = [line for line in report.splitlines() if not line.startswith("ptxas info") or "(C75" in line]
    if done.returncode or any("warning" in line.lower() or "(C75" in line for line in said):
        raise Refused("\n".join(said)[:2000])
    kernels, need = {}, Need()
    for line in report.splitlines():
        if found := re.search(r"Compiling entry function '(\w+)'", line):
            need = kernels[found[1]] = Need()
        if found := re.search(r"(\d+) bytes stack frame, (\d+) bytes spill stores", line):
            need.stack, need.spills = int(found[1]), int(found[2])
        if found := re.search(r"Used (\d+) registers", line):
            need.registers = int(found[1])
        if found := re.search(r"(\d+) bytes smem", line):
            need.shared = int(found[1])
    return kernels


def assembleProgram(ptxas: str, program: pathlib.Path, chip: str) -> dict[str, Need]:
    """The same for the code in a program file."""
    images = re.findall(rb"\.version [^\0]*", program.read_bytes())
    with tempfile.NamedTemporaryFile(suffix=".ptx") as text:
        text.write(max(images, key=len, default=b""))
        text.flush()
        return assemble(ptxas, text.name, chip) if images else {}


def readLimits() -> dict[tuple[str, str], Need]:
    rows = [line.split() for line in LIMITS.read_text().splitlines() if line and not line.startswith("#")]
    return {(model, chip): Need(*map(int, numbers)) for model, chip, *numbers in rows}


def allowedSpills(case: str) -> int:
    """Bytes that a kernel of this case of the conformance suite may spill."""
    rows = [line.split(maxsplit=2) for line in CASE_SPILLS.read_text().splitlines() if line and not line.startswith("#")]
    return max((int(size) for pattern, size, _ in rows if re.fullmatch(pattern, case)), default=0)


def needOf(ptxas: str, model: pathlib.Path, chip: str, problems: list[str]) -> Need:
    with tempfile.TemporaryDirectory() as folder:
        text = f"{folder}/{model.stem}.ptx"
        done = subprocess.run([BUILD / "bin/cameo-compile", model, "--target=cuda", f"--chip={chip}", "--emit=ptx", "-o", text],
                              capture_output=True, text=True)
        if done.returncode:
            problems.append(f"{model.stem} for {chip} does not compile: {done.stderr}")
            return Need()
        try:
            kernels = assemble(ptxas, text, chip)
        except Refused as refusal:
            problems.append(f"{model.stem} for {chip}: ptxas says: {refusal}")
            return Need()
    most = Need()
    for need in kernels.values():
        most |= need
    print(f"{model.stem} for {chip}: {len(kernels)} kernels assembled; the most is {most}")
    if not kernels:
        problems.append(f"{model.stem} for {chip}: no kernel")
    return most


def run(ptxas: str, models: list[pathlib.Path], chips: list[str]) -> int:
    limits, problems = readLimits(), []
    for model in models:
        for chip in chips:
            need = needOf(ptxas, model, chip, problems)
            limit = limits.get((model.stem, chip), dataclasses.replace(need, spills=0))
            if need | limit != limit:
                problems.append(f"{model.stem} for {chip} needs {need}, limits.txt allows {limit}; assembler.py update writes what is")
    print("".join(f"{p}\n" for p in problems), end="")
    return 1 if problems else 0


def update(ptxas: str) -> int:
    head, byHand = LIMITS.read_text().split("# Of assembler.py all")
    head, problems = [line for line in head.splitlines() if line.startswith("#")], []
    for model in MODELS.values():
        for chip in CHIPS:
            need = needOf(ptxas, model, chip, problems)
            head.append(f"{model.stem:24} {chip:8}" + "".join(f"{n:10}" for n in dataclasses.astuple(need)))
    LIMITS.write_text("\n".join(head) + "\n# Of assembler.py all" + byHand)
    print("\n".join(problems))
    return 1 if problems else 0


def main() -> int:
    match sys.argv[1:]:
        case ["list"]:
            print("\n".join(f"{chip}/{name}" for name in MODELS for chip in CHIPS))
            return 0
        case ["run", case]:
            chip, name = case.split("/")
            models, chips = [MODELS[name]], [chip]
        case ["all", *given]:
            models, chips = sorted({*(m for m in SHARED.glob("*/*.onnx") if m.parent.name != "bad_natural"), *MODELS.values()}), given or CHIPS
        case ["update"]:
            models, chips = [*MODELS.values()], CHIPS
        case _:
            sys.exit(__doc__)
    ptxas = findPtxas()
    if not ptxas or not models[0].exists():
        print("skipped: ptxas is neither on PATH nor in the package nvidia-cuda-nvcc" if not ptxas else f"skipped: {models[0]} is not here")
        return SKIPPED
    return update(ptxas) if sys.argv[1] == "update" else run(ptxas, models, chips)


if __name__ == "__main__":
    sys.exit(main())
