#!/usr/bin/env python3
"""numerics.py - ops compute the right numbers: inputs and expected values stand in the .mlir files of this folder, one file per op.

    numerics.py list | numerics.py run FILE-O0 | run FILE-O3 | run every-op-has-values

Above each function stand the values of its arguments and, in order, of its results:

    // x = [1, -2, nan]
    // y = [1, 0, nan]
    func.func @nan_stays(%x: tensor<3xf32>) -> tensor<3xf32> {

A value is a list, or `spread(2x3)`: element i is ((37 i) mod 41 - 20) / 8, which every float type holds exactly; for integers
(37 i) mod 41 - 20. A result may be `naive`: what -O0 gives for it, for shapes too large to write down. A line `// rtol = 3e-7: why` (or atol)
states and derives the tolerance, |found - expected| <= atol + rtol |expected|, for a function, or above the first one for all; without it
results are exact. All functions of a file become one program, so a file costs one compilation. After each run an error of four times
the tolerance is planted into every expected result and must be found.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BIN = pathlib.Path(os.environ.get("CAMEO_BUILD", ROOT / "build")) / "bin"
FUNCTION = re.compile(r"((?:^//[^\n]*\n)*)^func\.func @(\w+)\(([^{]*?)\)\s*->\s*(\([^{]*?\)|[^{(]*?)\s*\{\n(.*?)^\}", re.M | re.S)
VALUE = re.compile(r"^// (\w+) = (.*(?:\n//  .*)*)", re.M)
NUMPY = {"f32": "float32", "f64": "float64", "f16": "float16", "i1": "bool", "bf16": "bfloat16", "!cameo.string": "str"}
TOLERANCES = ("rtol", "atol")


def parseType(text: str):
    """"tensor<2x?xf32>" -> ("2x?", numpy dtype)."""
    import ml_dtypes
    import numpy as np

    sizes, element = re.fullmatch(r"tensor<((?:[\d?]+x)*)([\w!.]+)>", text.strip()).groups()
    name = NUMPY.get(element) or re.sub(r"^(u?)i", r"\1int", element)
    return sizes[:-1], np.dtype(ml_dtypes.bfloat16 if name == "bfloat16" else name)


def parseValue(text: str, dtype):
    import numpy as np

    if spread := re.fullmatch(r"spread\(([\dx]*)\)", text):
        shape = [int(n) for n in spread[1].split("x") if n]
        steps = (np.arange(int(np.prod(shape))) * 37 % 41 - 20).reshape(shape)
        return (steps / 8 if dtype.kind not in "iub" else steps).astype(dtype)
    names = {"nan": float("nan"), "inf": float("inf"), "true": True, "false": False}
    with np.errstate(over="ignore"):
        return np.array(eval(text.replace("//", ""), {"__builtins__": {}}, names)).astype(dtype)


class Case:
    """One function: its text with all names made unique, its inputs and expected outputs."""

    def __init__(self, comment: str, name: str, arguments: str, results: str, body: str, tolerance: dict):
        self.name = name
        values = dict(VALUE.findall(comment))
        self.tolerance = tolerance | {k: float(values.pop(k).split(":")[0]) for k in TOLERANCES if k in values}
        typed = re.findall(r"%(\w+):\s*(tensor<[^>]*>)", arguments)
        self.inputs = {n: parseValue(values.pop(n), parseType(t)[1]) for n, t in typed}
        self.types = re.findall(r"tensor<[^>]*>", results)
        if len(values) != len(self.types):
            sys.exit(f"@{name} has {len(self.types)} results, and values for {list(values)}")
        self.expected = {n: None if v == "naive" else parseValue(v, parseType(t)[1]) for (n, v), t in zip(values.items(), self.types)}
        body = re.sub(r"%(\w+)", rf"%{name}_\1", body)
        self.body, returned = re.match(r"(.*)^\s*return ([^\n]*?) : [^\n]*\n\Z", body, re.M | re.S).groups()
        self.returned = returned.split(", ")
        self.arguments = [f'%{name}_{n}: {t} {{cameo.name = "{name}.{n}"}}' for n, t in typed]
        self.results = [f'{t} {{cameo.name = "{name}.{n}"}}' for n, t in zip(self.expected, self.types)]


def readCases(file: pathlib.Path) -> list[Case]:
    text = file.read_text()
    head = text[: FUNCTION.search(text).start()]
    tolerance = dict.fromkeys(TOLERANCES, 0.0) | {k: float(v.split(":")[0]) for k, v in VALUE.findall(head) if k in TOLERANCES}
    return [Case(*groups, tolerance) for groups in FUNCTION.findall(text)]


def program(cases: list[Case]) -> str:
    """One @main that does what all functions do."""
    join = lambda lists: ", ".join(x for each in lists for x in each)
    types = join(c.types for c in cases)
    return (f"func.func @main({join(c.arguments for c in cases)}) -> ({join(c.results for c in cases)}) {{\n"
            + "".join(c.body for c in cases) + f"  return {join(c.returned for c in cases)} : {types}\n}}\n")


def compute(cases: list[Case], opt: int, folder: pathlib.Path) -> dict:
    """Result name -> array, from a program compiled at -O<opt>."""
    import numpy as np

    (folder / "main.mlir").write_text(program(cases))
    bits = lambda a: a.view(np.uint16) if a.dtype.name == "bfloat16" else a
    np.savez(folder / "in.npz", **{f"{c.name}.{n}": bits(v) for c in cases for n, v in c.inputs.items()})
    for command in ([BIN / "cameo-compile", folder / "main.mlir", "-o", folder / f"O{opt}.cameo", f"-O{opt}"],
                    [BIN / "cameo-run", folder / f"O{opt}.cameo", "--input", folder / "in.npz", "--output", folder / "out.npz"]):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{command[0].name} ended with {done.returncode}: {done.stderr}\n{program(cases)}")
    return dict(np.load(folder / "out.npz"))


def difference(case: Case, name: str, found, expected) -> str | None:
    """What is wrong, in words."""
    import numpy as np

    dtype = parseType(case.types[list(case.expected).index(name)])[1]
    if dtype.name == "bfloat16" and found.dtype == np.uint16:
        found = found.view(dtype)
    if dtype.kind == "U" and found.dtype.kind == "U":
        dtype = found.dtype  # of any width
    if found.dtype != dtype or found.shape != expected.shape:
        return f"@{case.name}: {name} is {found.dtype}{list(found.shape)}, expected {dtype}{list(expected.shape)}"
    if dtype.kind in "iubU":
        wrong = found != expected
    else:
        f, e = found.astype(np.float64), expected.astype(np.float64)
        with np.errstate(invalid="ignore"):
            close = np.abs(f - e) <= case.tolerance["atol"] + case.tolerance["rtol"] * np.abs(e)
        wrong = ~(close | (f == e) | (np.isnan(f) & np.isnan(e)))
    if not wrong.any():
        return None
    at = tuple(int(i) for i in np.argwhere(wrong)[0])
    return f"@{case.name}: {name}{list(at)} is {found[at]!r}, expected {expected[at]!r}; {int(wrong.sum())} of {wrong.size} differ"


def planted(case: Case, expected):
    """`expected` with its first element off by four times the tolerance, or by a step of its type where that is more."""
    import numpy as np

    wrong = np.array(expected).reshape(-1)
    if wrong.dtype.kind == "U":
        wrong = np.append([wrong[0] + "?"], wrong[1:])
    elif wrong.dtype.kind == "b":
        wrong[0] = not wrong[0]
    elif wrong.dtype.kind in "iu":
        wrong[0] = wrong[0] - 1 if wrong[0] == np.iinfo(wrong.dtype).max else wrong[0] + 1
    elif not np.isfinite(float(wrong[0])):
        wrong[0] = 1
    else:
        value = float(wrong[0])
        step = 4 * max(case.tolerance["atol"] + case.tolerance["rtol"] * abs(value), abs(float(np.spacing(wrong[0]))))
        wrong[0] = value + step
    return wrong.reshape(expected.shape)


def run(file: pathlib.Path, opt: int) -> None:
    cases = readCases(file)
    with tempfile.TemporaryDirectory() as folder:
        found = compute(cases, opt, pathlib.Path(folder))
        isOpen = any(e is None for c in cases for e in c.expected.values())
        naive = compute(cases, 0, pathlib.Path(folder)) if isOpen and opt else found
    problems = []
    for case in cases:
        for name, expected in case.expected.items():
            full = f"{case.name}.{name}"
            if expected is None:
                expected = naive[full].view(parseType(case.types[0])[1]) if naive[full].dtype.name == "uint16" else naive[full]
            problem = difference(case, name, found[full], expected)
            if problem:
                problems.append(problem)
            elif expected.size and not difference(case, name, found[full], planted(case, expected)):
                problems.append(f"@{case.name}: a planted error in {name} is not found")
    if problems:
        sys.exit("\n".join(problems))
    print(f"{len(cases)} functions")


def everyOpHasValues() -> None:
    """An op without a file of its own here is in some file here."""
    sys.path.insert(0, str(ROOT / "test/Examples"))
    import examples

    text = "".join(f.read_text() for f in HERE.glob("*.mlir"))
    missing = [op for op in examples.definitions() if not re.search(rf"\bcameo\.{op}\b", text) and op not in ("constant", "kernel")]
    if missing:
        sys.exit(f"no values are given for {' '.join(missing)}")


if __name__ == "__main__":
    files = {f.stem: f for f in sorted(HERE.glob("*.mlir"))}
    match sys.argv[1:]:
        case ["list"]:
            print("\n".join([f"{stem}-O{opt}" for stem in files for opt in (0, 3)] + ["every-op-has-values"]))
        case ["run", "every-op-has-values"]:
            everyOpHasValues()
        case ["run", case] if case[:-3] in files and case[-3:] in ("-O0", "-O3"):
            run(files[case[:-3]], int(case[-1]))
        case _:
            sys.exit(__doc__)
