#!/usr/bin/env python3
"""bad_inputs.py - what cannot work fails as it should: damaged and hostile models, wrong command lines, full disks, signals.

    bad_inputs.py list            the cases: each file in files/ at two levels; those of generated.py; those of commands.py
    bad_inputs.py run CASE

A case fails on a wrong exit code, a missing error code, a crash, a hang (20 s), more than 2 GB of memory, a line of source
code or a stack in the message, or a file left behind.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import commands
import generated

HERE = pathlib.Path(__file__).resolve().parent
BIN = pathlib.Path(os.environ.get("CAMEO_BUILD", HERE.parents[1] / "build")) / "bin"
MEMORY, SECONDS = 2 << 30, 20
INTERRUPTED = "74_interrupted"

# Row of the table of bad inputs: exit code and the error codes that fit. 3 invalid model, 4 unsupported, 5 limit, 6 file.
EXPECTED = {
    1: (3, "E-PARSE"), 2: (3, "E-PARSE"), 3: (3, "E-PARSE"), 4: (3, "E-PARSE"), 5: (3, "E-OPSET"), 6: (4, "E-OPSET"), 7: (4, "E-IRVER"),
    8: (3, "E-OPSET"), 9: (4, "E-OP"), 10: (4, "E-DOMAIN"), 11: (3, "E-CYCLE"), 12: (3, "E-SSA"), 13: (3, "E-UNDEF"), 14: (3, "E-OUTPUT"),
    15: (3, "E-TENSOR"), 16: (3, "E-DIM"), 17: (5, "E-OVERFLOW"), 18: (3, "E-DTYPE"), 19: (3, "E-EXTPATH"), 20: (3, "E-EXTPATH"),
    21: (6, "E-EXTFILE"), 22: (3, "E-EXTRANGE"), 23: (3, "E-EXTRANGE"), 24: (3, "E-EXTRANGE"), 25: (3, "E-EXTRANGE"), 26: (3, "E-EXTRANGE"),
    27: (3, "E-EXTPATH"), 28: (3, "E-EXTPATH"), 29: (3, "E-RECURSION"), 31: (3, "E-ATTR"), 32: (3, "E-ATTR"), 33: (3, "E-ATTR"),
    34: (3, "E-SHAPE"), 36: (3, "E-SHAPE"), 37: (3, "E-INDEX"), 38: (5, "E-MEMORY"), 39: (5, "E-OVERFLOW"), 40: (3, "E-DIV0"),
    41: (3, "E-ATTR"), 42: (3, "E-ATTR"), 43: (3, "E-SHAPE"), 44: (3, "E-SHAPE"), 45: (3, "E-ARITY"), 46: (3, "E-ARITY"), 47: (5, "E-MEMORY"),
    48: (3, "E-ATTR"), 49: (3, "E-QUANT"), 50: (3, "E-EMPTY"), 51: (3, "E-RANGE"), 52: (3, "E-EINSUM"), 53: (3, "E-SHAPE"), 54: (3, "E-UTF8"),
}
# Rows for which more than one answer is right.
EITHER = {"30_nested_if_20": [(0, "")], "30_nested_if_60": [(5, "E-DEPTH")], "35_conv_dil_huge": [(5, "E-OVERFLOW"), (3, "E-SHAPE")]}


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
    command = ["prlimit", f"--as={MEMORY}", BIN / "cameo-compile", model, "-o", folder / "out.cameo", f"-{opt}"]
    try:
        return subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=SECONDS)
    except subprocess.TimeoutExpired:
        sys.exit(f"took more than {SECONDS} s")


def judge(exitCode: int, message: str, wanted: list[tuple[int, str]], left: list[str]) -> None:
    """`wanted`: exit codes and what the message must hold then."""
    print(f"exit code {exitCode}\n{message[-4000:]}")
    if not any(exitCode == code and all(text in message for text in texts) for code, *texts in wanted):
        sys.exit(f"expected exit code and error {' or '.join(map(str, wanted))}")
    for leak in ("Stack dump", ".cpp:", "terminate called", "Assertion"):
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
    done = compileModel(case.write(temporary / "model"), "O0", temporary / "out")
    judge(done.returncode, done.stderr, [(case.exitCode, case.code, case.text)], os.listdir(temporary / "out"))


def runCommand(case: commands.Command, temporary: pathlib.Path) -> None:
    environment = commands.prepare(case.line, temporary)
    try:
        done = subprocess.run(["bash", "-c", case.line], cwd=temporary, env=environment, capture_output=True, text=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        sys.exit(f"took more than {SECONDS} s")
    judge(done.returncode, done.stderr, [(case.exitCode, case.code, case.text)], commands.leftovers(temporary, case.left))


def run(name: str) -> None:
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
