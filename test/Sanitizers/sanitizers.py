#!/usr/bin/env python3
"""sanitizers.py - builds the runtime with a sanitizer and runs its unit and stress tests.

    sanitizers.py list | sanitizers.py run thread | sanitizers.py run address
"""
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("CAMEO_BUILD", ROOT / "build"))
FLAGS = {"thread": "thread", "address": "address,undefined"}


def do(command: list, **more) -> None:
    code = subprocess.run(command, **more).returncode
    if code:
        sys.exit(f"{' '.join(map(str, command))} ended with {code}")


def run(name: str) -> None:
    folder = BUILD / f"runtime-{name}"
    do(["cmake", "-G", "Ninja", "-S", ROOT / "runtime", "-B", folder, "-DCMAKE_C_COMPILER=clang-22", "-DCMAKE_CXX_COMPILER=clang++-22",
                    f"-DCAMEO_SANITIZE={FLAGS[name]}"])
    do(["ninja", "-C", folder, "-j", "1"])
    tests = sorted(folder.glob("bin/*-tests"))
    if not tests:
        sys.exit(f"no tests in {folder}/bin")
    for test in tests:
        options = {"TSAN_OPTIONS": "halt_on_error=1", "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1", "ASAN_OPTIONS": "detect_leaks=1"}
        do([test], env=dict(os.environ, CAMEO_SOURCE=str(ROOT), **options))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["list"]:
            print("\n".join(FLAGS))
        case ["run", name] if name in FLAGS:
            run(name)
        case _:
            sys.exit(__doc__)
