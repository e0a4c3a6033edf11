"""commands.py - command lines, places and moments at which the tools must fail well: exit code, error code, nothing left behind."""
import dataclasses
import os
import pathlib
import signal
import subprocess
import time

import generated

HERE = pathlib.Path(__file__).resolve().parent
DATA = HERE.parents[1] / "test/Models/data"
BIN = pathlib.Path(os.environ.get("CAMEO_BUILD", HERE.parents[1] / "build")) / "bin"


@dataclasses.dataclass
class Command:
    """`line` is a shell command in a folder of its own, with the tools on PATH; mnist.onnx and mnist.cameo lie there when it names them."""
    line: str
    exitCode: int
    code: str
    text: str = ""
    left: tuple = ()  # files that may be there afterwards


NUMPY = "python3 -c 'import numpy as n; n.save(\"a.npy\", {})'; cameo-run mnist.cameo --input a.npy"
CASES = {
    "66_unknown_flag": Command("cameo-compile mnist.onnx --emti=asm", 2, "E-USAGE", "did you mean --emit?"),
    "66_unknown_verb": Command("cameo chekc mnist.onnx", 2, "E-USAGE", "there is no verb 'chekc'"),
    "66_no_verb": Command("cameo", 2, "E-USAGE", "a verb is missing"),
    "66_verb_flag": Command("cameo compile mnist.onnx --lenient-shape", 2, "E-USAGE", "did you mean --lenient-shapes?"),
    "66_repeated_flag": Command("cameo-compile mnist.onnx -o a -o b", 2, "E-USAGE", "-o"),
    "66_missing_value": Command("cameo-compile mnist.onnx -o", 2, "E-USAGE", "-o"),
    "66_no_model": Command("cameo-compile", 2, "E-USAGE", "no model"),
    "66_level_9": Command("cameo-compile mnist.onnx -O9", 2, "E-USAGE", "0 to 3"),
    "66_emit": Command("cameo-compile mnist.onnx --emit=exe", 2, "E-USAGE", "static-lib"),
    "66_phase": Command("cameo-compile mnist.onnx --stop-after=fusoin", 2, "E-USAGE", "did you mean 'fusion'"),
    "66_dim": Command("cameo-compile mnist.onnx --dim=batch=3", 2, "E-USAGE", "NAME:VALUE"),
    "66_block": Command("cameo quantize mnist.onnx --calib=random --kind=weights --block=24 -o q.cameo", 2, "E-USAGE", "--block"),
    "66_bits_of_static": Command("cameo quantize mnist.onnx --calib=random --bits=3 -o q.cameo", 2, "E-USAGE", "expected --kind=weights"),
    "66_threads_of_a_run": Command("cameo calibrate mnist.onnx --calib=random --threads=1000", 2, "E-USAGE", "--threads"),
    "66_seconds_and_repeat": Command("cameo bench mnist.cameo --seconds=1 --repeat=3", 2, "E-USAGE", "--repeat"),
    "66_chip_of_cpu": Command("cameo-compile mnist.onnx --chip=sm_80", 2, "E-USAGE", "add --target=cuda"),
    "66_count_flops": Command("cameo-compile mnist.onnx --count-flops", 2, "E-USAGE", "add -O0"),
    "66_verb_help": Command("cameo info mnist.cameo --josn", 2, "E-USAGE", "see cameo info --help"),
    "66_report": Command("cameo compress mnist.onnx --calib=random --repeat=1 -o q.cameo --report=nowhere/r.html", 6, "E-FILE", "cannot write nowhere/r.html"),
    "66_dim_unknown": Command("cameo-compile mnist.onnx --dim=nope:3", 2, "E-USAGE", "nope"),
    "66_limit": Command("cameo-compile mnist.onnx --max-nodes=-1", 2, "E-USAGE", "--max-nodes"),
    "66_cpu": Command("cameo-compile mnist.onnx --cpu=x86-64-v5", 2, "E-USAGE", "x86-64-v4"),
    "66_run_flag": Command("cameo-run mnist.cameo --imput=x", 2, "E-USAGE", "did you mean --input?"),
    "67_target": Command("cameo-compile mnist.onnx --target=vulkan", 4, "E-TARGET", "use cpu or cuda"),
    "68_no_folder": Command("cameo-compile mnist.onnx -o none/out.cameo", 6, "E-FILE", "none/out.cameo"),
    "68_folder": Command("mkdir out && cameo-compile mnist.onnx -o out", 6, "E-FILE", "directory", ("out",)),
    "68_report": Command("cameo-compile mnist.onnx -o out.cameo --report=none/r.json", 6, "E-FILE", "none/r.json", ("out.cameo",)),
    "68_full_device": Command("cameo-compile mnist.onnx --emit=asm -o /dev/full", 6, "E-FILE", "no space left"),
    "68_disk_full": Command("prlimit --fsize=10000 cameo-compile mnist.onnx -o out.cameo", 6, "E-FILE", "too large"),
    "69_truncated": Command("head -c 20000 mnist.cameo > short.cameo; cameo-run short.cameo", 7, "E-CHECKSUM", "the file has 20000 bytes", ("short.cameo",)),
    "69_bit_flip": Command("printf x | dd of=mnist.cameo bs=1 seek=700 conv=notrunc status=none; cameo-run mnist.cameo", 7, "E-CHECKSUM", "mnist.cameo"),
    "70_unknown_input": Command("cameo-run mnist.cameo --input nope=ones", 8, "E-INPUT", "Input3"),
    "70_random_input_over_budget": Command("cameo-run mnist.cameo --memory-budget=3kb", 5, "E-MEMORY", "'Input3' has 3136 bytes, more than are left of --memory-budget=3072"),
    "70_missing_file": Command("cameo-run mnist.cameo --input Input3=none.npy", 6, "E-FILE", "none.npy"),
    "70_wrong_shape": Command("python3 -c 'import numpy as n; n.save(\"a.npy\", n.ones((1, 1, 2, 2), n.float32))'; cameo-run mnist.cameo --input a.npy", 8, "E-INPUT", "28", ("a.npy",)),
    "70_wrong_type": Command("python3 -c 'import numpy as n; n.save(\"a.npy\", n.ones((1, 1, 28, 28)))'; cameo-run mnist.cameo --input a.npy", 8, "E-INPUT", "f64", ("a.npy",)),
    "70_wrong_rank": Command(NUMPY.format("n.ones((28, 28), n.float32)"), 8, "E-INPUT", "28x28, expected 1x1x28x28", ("a.npy",)),
    "70_wrong_bytes": Command(NUMPY.format("n.ones((1, 1, 28, 28), n.float32)").replace("; cameo-run", "; truncate -s -9 a.npy; cameo-run"), 8, "E-NPY", "3127 bytes of data, its shape 1x1x28x28 needs 3136", ("a.npy",)),
    "70_conflicting_sizes": Command("cameo-compile dynamic.onnx -O0 -o d.cameo && python3 -c 'import numpy as n; n.savez(\"a.npz\", x=n.ones((2, 3, 4), n.float32), y=n.ones((5, 3, 2), n.float32))'; cameo-run d.cameo --input a.npz", 8, "E-INPUT", "an earlier input has batch = 2", ("a.npz", "d.cameo", "dynamic.onnx")),
    "70_nan": Command(NUMPY.format("n.full((1, 1, 28, 28), n.nan, n.float32)") + " --reject-nan", 8, "E-INPUT", "'Input3' holds a NaN, first as element 0 of 784", ("a.npy",)),
    "71_big_endian": Command(NUMPY.format("n.ones((1, 1, 28, 28), \">f4\")"), 8, "E-NPY", "big-endian ('>f4'); save it as little-endian", ("a.npy",)),
    "71_fortran": Command(NUMPY.format("n.ones((28, 28, 1, 1), n.float32).T"), 8, "E-NPY", "Fortran order; save numpy.ascontiguousarray", ("a.npy",)),
    "71_objects": Command("python3 -c 'import numpy as n; n.save(\"a.npy\", n.array([{}]))'; cameo-run mnist.cameo --input a.npy", 8, "E-NPY", "", ("a.npy",)),
    "71_huge_header": Command(r"printf '\x93NUMPY\x02\x00\xff\xff\xff\x7f{' > a.npy; cameo-run mnist.cameo --input a.npy", 8, "E-NPY", "", ("a.npy",)),
    "69_onnx": Command("cp mnist.onnx a.cameo; cameo-run a.cameo", 7, "E-ARTIFACT", "not an ELF file", ("a.cameo",)),
    "57_range_of_constants_run": Command("cameo-compile range.onnx -O3 -o r.cameo; cameo-run r.cameo --memory-budget=1GB", 5, "E-MEMORY", "needs 256 GiB", ("range.onnx", "r.cameo")),
    "74_run_interrupted": Command("cameo-compile loop.onnx -O0 -o l.cameo; timeout --preserve-status -s INT 1 cameo-run l.cameo", 9, "E-CANCELLED", "cancelled", ("loop.onnx", "l.cameo")),
    "74_run_terminated": Command("cameo-compile loop.onnx -O3 -o l.cameo; timeout --preserve-status -s TERM 1 cameo-run l.cameo", 9, "E-CANCELLED", "cancelled", ("loop.onnx", "l.cameo")),
    "74_compress_interrupted": Command("timeout --preserve-status -s INT 8 cameo compress mnist.onnx --calib=random --repeat=100000 -o l.cameo", 9, "E-CANCELLED",
                                       "nothing was written"),
    "74_closed_pipe": Command("set -o pipefail; cameo-compile mnist.onnx --emit=asm -o - | (exec <&-; sleep 3)", 9, "E-CANCELLED", "has gone"),
}


def prepare(line: str, folder: pathlib.Path) -> dict:
    """The files that a command names, and its environment."""
    environment = dict(os.environ, PATH=f"{BIN}:{BIN.parent}/venv/bin:{os.environ['PATH']}", TMPDIR=str(folder / "tmp"), XDG_CACHE_HOME=str(folder / "tmp"))
    (folder / "tmp").mkdir()
    if "mnist" in line:
        (folder / "mnist.onnx").write_bytes((DATA / "mnist.onnx").read_bytes())
    if "dynamic" in line:
        (folder / "dynamic.onnx").write_bytes((HERE.parent / "Fuzz/corpus/dynamic.onnx").read_bytes())
    for name, make in (("loop.onnx", generated.endlessLoop), ("range.onnx", generated.hugeRange)):
        if name in line:
            (folder / name).write_bytes(make().SerializeToString())
    if "mnist.cameo" in line:
        subprocess.run([BIN / "cameo-compile", folder / "mnist.onnx", "-o", folder / "mnist.cameo", "-O0"], check=True)
    return environment


def leftovers(folder: pathlib.Path, allowed: tuple) -> list[str]:
    names = [p.name for p in folder.iterdir() if p.name not in ("tmp", "mnist.onnx", "mnist.cameo", *allowed)]
    return names + [f"tmp/{p.name}" for p in (folder / "tmp").iterdir()]


def interrupted(folder: pathlib.Path) -> tuple[int, str]:
    """SIGINT while a program is being written over and over: nothing is left whenever it comes, but for the program where the message says so."""
    environment = prepare("mnist.onnx", folder)
    for delay in (0.02, 0.05, 0.1, 0.15, 0.2, 0.3):
        child = subprocess.Popen([BIN / "cameo-compile", folder / "mnist.onnx", "-o", folder / "out.cameo"], env=environment, stderr=subprocess.PIPE, text=True)
        time.sleep(delay)
        child.send_signal(signal.SIGINT)
        message = child.communicate(timeout=20)[1]
        # Before main() has taken over, the signal's default ends the process; after the last write there is nothing to cancel.
        if child.returncode not in (9, -signal.SIGINT, 0):
            return child.returncode, message
        if child.returncode == 9 and "E-CANCELLED" not in message:
            return 1, message
        isWritten = child.returncode == 0 or "written before that: " in message
        if left := leftovers(folder, ("out.cameo",) if isWritten else ()):
            return 1, f"left behind after {delay} s: {left}"
        (folder / "out.cameo").unlink(missing_ok=True)
    return 9, message
