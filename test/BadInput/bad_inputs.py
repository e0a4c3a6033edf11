#!/usr/bin/env python3
"""bad_inputs.py - what cannot work fails as it should: damaged and hostile models, wrong command lines, full disks, signals.

    bad_inputs.py list            the cases: each file in files/ at two levels; those of generated.py; those of commands.py
    bad_inputs.py run CASE

A case fails on a wrong exit code, an error code or words that are missing, a crash, a hang (10 s of computing, 60 s in all), more than
300 MB and three times the file for a refusal, a line of source code or a stack in the message, or a file left behind.
"""
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile

import commands
import generated

HERE = pathlib.Path(__file__).resolve().parent
BIN = pathlib.Path(os.environ.get("CAMEO_BUILD", HERE.parents[1] / "build")) / "bin"
MEMORY, COMPUTING, SECONDS = 2 << 30, 10, 60
# Another compiler, one with sanitizers (test/Fuzz): these need address space, and memory of their own.
SANITIZED = os.environ.get("CAMEO_SANITIZED_COMPILER")
INTERRUPTED = "74_interrupted"

# Row of the table of bad inputs: exit code, error code, and what the message says: the place, what was found, what was expected or
# what to do. 3 invalid model, 4 unsupported, 5 limit, 6 file.
CONV, NODE = "node #0 (Conv, opset 17)", "node #0 ("
EXPECTED = {
    1: (3, "E-PARSE", "the file is empty"), 2: (3, "E-PARSE", "ends early", "byte 2", "59 bytes"), 3: (3, "E-PARSE", "not a protobuf ModelProto", "byte 11"),
    4: (3, "E-PARSE", "looks like text"), 5: (3, "E-OPSET", "no opset import", "ai.onnx"), 6: (4, "E-OPSET", "999", "newer than 28", "older opset"),
    7: (4, "E-IRVER", "999", "newer than", "export the model"), 8: (3, "E-OPSET", "opset 0", "at least 1"),
    9: (4, "E-OP", NODE, "Frobnicate is not in ai.onnx-17"), 10: (4, "E-DOMAIN", NODE, "evil.corp is not imported"),
    11: (3, "E-CYCLE", "node #1 -> node #0 -> node #1"), 12: (3, "E-SSA", "node #1 (Abs)", "'y'", "node #0"), 13: (3, "E-UNDEF", "node #0 (Relu)", "'nope'"),
    14: (3, "E-OUTPUT", "'y'"), 15: (3, "E-TENSOR", "'w' has 4 bytes", "expected 4000000"), 16: (3, "E-DIM", "'w'", "-5", "at least 0"),
    17: (5, "E-OVERFLOW", "'w'", "8589934592x8589934592", "2^63"), 18: (3, "E-DTYPE", "'w'", "99", "expected 1 to"),
    19: (3, "E-EXTPATH", "'w'", "leaves the model's folder"), 20: (3, "E-EXTPATH", "'/etc/passwd'", "relative"), 21: (6, "E-EXTFILE", "none.bin", "/files'"),
    22: (3, "E-EXTRANGE", "offset 1099511627776", "24 bytes"), 23: (3, "E-EXTRANGE", "1125899906842624", "24 bytes"), 24: (3, "E-EXTRANGE", "'-8'", "at least 0"),
    25: (3, "E-EXTRANGE", "18446744073709551608", "64 bits"), 26: (3, "E-EXTRANGE", "24 bytes from byte 12"), 27: (3, "E-EXTPATH", "link.bin", "--follow-symlinks"),
    28: (3, "E-EXTPATH", "hard.bin", "2 hard links"), 29: (3, "E-RECURSION", "'f' -> 'f'"), 31: (3, "E-ATTR", CONV, "group is 0", "1 or more"),
    32: (3, "E-ATTR", CONV, "strides[0] is 0", "1 or more"), 33: (3, "E-ATTR", CONV, "pads[0] is -9", "0 or more"),
    34: (3, "E-SHAPE", CONV, "group 2", "3 channels"), 36: (3, "E-SHAPE", NODE, "two sizes are -1", "at most one"),
    37: (3, "E-INDEX", NODE, "index 99", "'x'", "-2 to 1"), 38: (5, "E-MEMORY", NODE, "1048576 MiB", "--max-tensor-bytes"), 39: (5, "E-OVERFLOW", NODE, "4611686018427387904x4"),
    40: (3, "E-DIV0", NODE, "constant 0"), 41: (3, "E-ATTR", NODE, "'axis' is FLOAT", "expected INT"), 42: (3, "E-ATTR", NODE, "axis is 77", "-2 to 1"),
    43: (3, "E-SHAPE", NODE, "K=3", "K=5"), 44: (3, "E-SHAPE", NODE, "7x7", "2x3", "--lenient-shapes"), 45: (3, "E-ARITY", NODE, "1 input", "expected 2"),
    46: (3, "E-ARITY", NODE, "3 inputs", "expected 1"), 47: (5, "E-MEMORY", NODE, "2097152x3145728", "--max-tensor-bytes"), 48: (3, "E-ATTR", NODE, "-3", "0 or more"),
    49: (3, "E-QUANT", NODE, "'sc'", "> 0 and finite"), 50: (3, "E-EMPTY", "no nodes and no outputs"), 51: (3, "E-RANGE", NODE, "delta is 0"),
    52: (3, "E-EINSUM", NODE, "'k'"), 53: (3, "E-SHAPE", NODE, "3 elements", "expected 4"), 54: (3, "E-UTF8", "node #0", r"Re\xff\xfe"),
}
# Rows for which more than one answer is right.
EITHER = {"30_nested_if_20": [(0, "")], "30_nested_if_60": [(5, "E-DEPTH", "over 32", "--max-graph-depth")],
          "35_conv_dil_huge": [(5, "E-OVERFLOW"), (3, "E-SHAPE", "dilations[0] is 1099511627776")]}


def makeFolder(folder: pathlib.Path) -> None:
    """files/ plus the two links that a version control system does not keep."""
    shutil.copytree(HERE / "files", folder, symlinks=True)
    (folder.parent / "outside.bin").write_bytes(bytes(24))
    (folder / "link.bin").unlink(missing_ok=True)
    (folder / "link.bin").symlink_to("../outside.bin")
    (folder / "hard.bin").unlink(missing_ok=True)
    os.link(folder.parent / "outside.bin", folder / "hard.bin")


def compileModel(model: pathlib.Path, opt: str, folder: pathlib.Path) -> subprocess.CompletedProcess:
    """Compiles under the limits; a program, if there is one, is left at folder/out.cameo."""
    compiler = [SANITIZED] if SANITIZED else ["prlimit", f"--as={MEMORY}", BIN / "cameo-compile"]
    command = [*compiler, model, "-o", folder / "out.cameo", f"-{opt}"]
    try:
        return subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=SECONDS)
    except subprocess.TimeoutExpired:
        sys.exit(f"took more than {SECONDS} s")


def judge(exitCode: int, message: str, wanted: list[tuple], left: list[str], fileBytes: int = 0) -> None:
    """`wanted`: exit codes and what the message must hold then. What refuses a file needs no more memory than 300 MB and three times its size."""
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10
    print(f"exit code {exitCode}, {peak >> 20} MB\n{message[-4000:]}")
    if exitCode and peak > 300e6 + 3 * fileBytes and not SANITIZED:
        sys.exit(f"took {peak >> 20} MB to refuse a file of {fileBytes} bytes")
    if not any(exitCode == code and all(text in message for text in texts) for code, *texts in wanted):
        sys.exit(f"expected exit code and error {' or '.join(map(str, wanted))}")
    for leak in ("Stack dump", ".cpp:", "terminate called", "Assertion", "Sanitizer"):
        if leak in message:
            sys.exit(f"the message speaks of our source code: {leak}")
    if exitCode and left:
        sys.exit(f"left behind: {left}")


def runFile(name: str, temporary: pathlib.Path) -> None:
    stem, opt = name.rsplit("-", 1)
    makeFolder(temporary / "files")
    done = compileModel(temporary / "files" / f"{stem}.onnx", opt, temporary)
    left = [p.name for p in temporary.iterdir() if p.name not in ("files", "outside.bin")]
    judge(done.returncode, done.stderr, EITHER.get(stem) or [EXPECTED[int(stem.split("_")[0])]], left)


def runGenerated(case: generated.Case, temporary: pathlib.Path) -> None:
    (temporary / "model").mkdir()
    (temporary / "out").mkdir()
    model = case.write(temporary / "model")
    done = compileModel(model, case.opt, temporary / "out")
    judge(done.returncode, done.stderr, [(case.exitCode, case.code, case.text)], os.listdir(temporary / "out"), model.stat().st_size if model.is_file() else 0)


def runCommand(case: commands.Command, temporary: pathlib.Path) -> None:
    environment = commands.prepare(case.line, temporary)
    try:
        done = subprocess.run(["bash", "-c", case.line], cwd=temporary, env=environment, capture_output=True, text=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        sys.exit(f"took more than {SECONDS} s")
    judge(done.returncode, done.stderr, [(case.exitCode, case.code, case.text)], commands.leftovers(temporary, case.left))


def run(name: str) -> None:
    computing = COMPUTING * (3 if SANITIZED else 1)
    resource.setrlimit(resource.RLIMIT_CPU, (computing, computing))  # of each child, which inherits it
    with tempfile.TemporaryDirectory(prefix="cameo-bad-input-") as temporary:
        folder = pathlib.Path(temporary)
        if name in generated.CASES:
            runGenerated(generated.CASES[name], folder)
        elif name in commands.CASES:
            runCommand(commands.CASES[name], folder)
        elif name == INTERRUPTED:
            judge(*commands.interrupted(folder), [(9, "")], [])
        else:
            runFile(name, folder)


def main() -> None:
    files = [f"{f.stem}-{opt}" for f in sorted((HERE / "files").glob("*.onnx")) for opt in ("O0", "O3")]
    cases = [*files, *generated.CASES, *commands.CASES, INTERRUPTED]
    match sys.argv[1:]:
        case ["list"]:
            print("\n".join(cases))
        case ["run", name] if name in cases:
            run(name)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
