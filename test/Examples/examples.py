#!/usr/bin/env python3
"""examples.py - the example in every op's description parses, verifies, prints and parses again.

    examples.py list          one case per op defined in dialects/
    examples.py run NAME

A description has a line "Example: `%y = cameo.op %x {…} : (types) -> type`"; the operands are made here, with the types it names.
An op with regions has its example in Inputs/<op>.mlir, where there is room for it.
"""
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
OPT = pathlib.Path(os.environ.get("CAMEO_BUILD", ROOT / "build")) / "bin/cameo-opt"
# `def Cameo_AddOp : Cameo_Binary<"add", …`, with everything up to the next definition.
OP = re.compile(r'^def Cameo_\w+Op\s*:\s*\w+<\s*"(\w+)"(.*?)(?=^(?:def|class|multiclass|defm|let|foreach)\b|\Z)', re.M | re.S)
EXAMPLE = re.compile(r"Example:\s*(?:```(?:mlir)?\n(.*?)```|`([^`]+)`)", re.S)


def definitions() -> dict[str, tuple[str, str]]:
    """Op name -> (file, text of its definition)."""
    return {match[1]: (file.relative_to(ROOT).as_posix(), match[2])
            for file in sorted((ROOT / "dialects").glob("**/*.td")) for match in OP.finditer(file.read_text())}


def splitTypes(text: str) -> list[str]:
    """Splits a type list at its top-level commas."""
    parts, depth, current = [], 0, ""
    for character in text:
        depth += (character in "<([") - (character in ">)]")
        if character == "," and not depth:
            parts.append(current)
            current = ""
        else:
            current += character
    return [p.strip() for p in [*parts, current] if p.strip()]


def module(example: str) -> str:
    """The example in a function, its free operands as the function's arguments."""
    results, body = re.match(r"\s*(?:(%[^=]*?)\s*=\s*)?(.*)", example, re.S).groups()
    defined = set(re.findall(r"%\w+", results or "")) | set(re.findall(r"(%\w+)\s*:\s*[\w!<>?]+\s*[,)]", body.split("{", 1)[-1]) if "^bb" in body else [])
    operands = [name for name in dict.fromkeys(re.findall(r"%\w+", body)) if name not in defined]
    types = re.search(r":\s*\(([^()]*)\)\s*->", body)
    types = splitTypes(types[1] if types else body.rsplit(" : ", 1)[-1] if operands else "")
    if len(types) == 1:
        types *= len(operands)
    if len(types) != len(operands):
        raise ValueError(f"operands {operands}, types {types}")
    arguments = ", ".join(f"{name}: {type}" for name, type in zip(operands, types))
    return f"func.func @example({arguments}) {{\n  {example.strip()}\n  return\n}}\n"


def run(name: str) -> None:
    file, text = definitions()[name]
    found, stored = EXAMPLE.search(text), ROOT / f"test/Examples/Inputs/{name}.mlir"
    if stored.exists():
        source = stored.read_text()
    elif not found:
        sys.exit(f"{file}: cameo.{name} has no example in its description")
    elif "ONNX" not in text:
        sys.exit(f"{file}: cameo.{name} does not say which ONNX operator and version it comes from")
    else:
        source = module(found[1] or found[2])
    if not re.search(rf"cameo\.{name}\b", source):
        sys.exit(f"{file}: the example of cameo.{name} shows another op: {source}")
    done = subprocess.run([OPT, "-", "--verify-roundtrip", "-o", "-"], input=source, capture_output=True, text=True)
    print(source, done.stderr)
    if done.returncode or f"cameo.{name}" not in done.stdout:
        sys.exit(f"{file}: the example of cameo.{name} does not survive a round trip; exit code {done.returncode}")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["list"]:
            print("\n".join(definitions()))
        case ["run", name] if name in definitions():
            run(name)
        case _:
            sys.exit(__doc__)
