#!/usr/bin/env python3
"""fuzz.py - short, seeded runs of what tools/dev/mutate, random-graphs and fuzz do at length; planted findings must be found.

    fuzz.py list | fuzz.py run CASE
"""
import os
import pathlib
import subprocess
import sys

import server

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "test/BadInput"))
import generated  # noqa: E402

SKIPPED = 77


def script(name: str, *arguments: str) -> None:
    """A script of tools/dev, which ends with 1 where it found something."""
    sys.exit(subprocess.run([ROOT / "tools/dev" / name, *arguments]).returncode)


def mutations() -> None:
    if not (ROOT.parent / "shared/models").exists():
        print("the folder ../shared is not beside the tree")
        sys.exit(SKIPPED)
    script("mutate", "--count=12", "--no-build")


def planted() -> None:
    """Each kind of finding is one; what users cause is none."""
    served = server.Server(seconds=1)
    table = [("kill -SEGV $$", "signal 11"), ("while :; do :; done", "takes too long"), ("exit 70", "exit code 70"), ("exit 3", "without an error"),
             ("echo 'error[E-OP]: no'; exit 4", ""), ("exit 0", ""),
             (f"{sys.executable} -c 'print(\"error[E-OP]\"); x = b\"x\" * 400_000_000; exit(4)'; exit 4", "refused with")]
    for command, wanted in table:
        found = served.call("sh", "-c", command).finding(fileBytes=1000)
        print(f"{command}: {found}")
        if (wanted not in found) or bool(wanted) != bool(found):
            sys.exit(f"expected '{wanted}'")
    outcome = served.call("cameo", "check", "/none.onnx")
    if outcome.exit != 6 or "error[E-FILE]" not in outcome.text:
        sys.exit(f"the server's own driver: {outcome}")
    served.close()


def instrumented(name: str) -> pathlib.Path:
    """An executable that is not part of the plain build."""
    path = server.BUILD / "bin" / name
    if not path.exists():
        print(f"skipped: {name} is not built; `tools/dev/test` builds it, and so does the target cameo-instrumented")
        sys.exit(77)
    return path


def targets() -> None:
    """Each target of libFuzzer for a few seconds."""
    instrumented("fuzz-import")
    script("fuzz", "--seconds=3")


def sanitized() -> None:
    """The models of test/BadInput, given to a compiler whose reader and importer have AddressSanitizer, with its search for leaks, and UndefinedBehaviorSanitizer."""
    compiler = instrumented("cameo-compile-instrumented")
    environment = dict(os.environ, CAMEO_SANITIZED_COMPILER=str(compiler),
                       ASAN_OPTIONS="detect_container_overflow=0:detect_leaks=1", UBSAN_OPTIONS="print_stacktrace=1")
    badInputs = [sys.executable, ROOT / "test/BadInput/bad_inputs.py"]
    cases = subprocess.run([*badInputs, "list"], capture_output=True, text=True, check=True).stdout.split()
    failed = 0
    for case in (c for c in cases if c in generated.CASES or c.endswith("-O0")):
        done = subprocess.run([*badInputs, "run", case], capture_output=True, text=True, env=environment)
        if done.returncode:
            failed += 1
            print(f"{case}: {done.stdout}{done.stderr}")
    sys.exit(bool(failed))


def graphs() -> None:
    script("random-graphs", "--count=40", "--seed=7", "--no-build")


def differences() -> None:
    """What counts as a different result: not the noise of a sum that cancels, on the way or at the end, but a wrong element; other bits on
    another number of threads."""
    import importlib.machinery
    import importlib.util

    import numpy as np
    from onnx import parser

    loader = importlib.machinery.SourceFileLoader("random_graphs", str(ROOT / "tools/dev/random-graphs"))
    graphs = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(graphs)
    tester = graphs.Tester.__new__(graphs.Tester)
    model = parser.parse_model("""<ir_version: 8, opset_import: ["" : 13]>
        sum (float[100] x) => (y, z) <float[1] mean = {150.0}> { s = ReduceSum(x) y = Sub(s, mean) t = Tan(s) z = Identity(t) }""")
    feeds = {"x": np.linspace(1, 2, 100, dtype=np.float32)}
    steps = graphs.Steps(model)
    wanted = {n: steps.run(feeds)[n] for n in "yz"}
    found = lambda **values: bool(tester.differs(wanted | values, wanted, steps.run, feeds))
    y, z = wanted["y"], wanted["z"]
    noise = found(y=y + np.float32(3e-5)), found(z=z * np.float32(1.001))
    wrong = found(y=y + np.float32(0.1)), found(z=z * np.float32(1.1)), found(y=y.astype(np.float64))
    if any(noise) or not all(wrong) or graphs.same(y + np.float32(3e-5), y) or not graphs.same(np.float32([np.nan]), -np.float32([np.nan])):
        sys.exit(f"noise, a wrong element, a wrong type: {noise}, {wrong}")


def extremes() -> None:
    import extremes as integers

    sys.exit(bool(integers.main(["--every=24"])))


CASES = {"planted": planted, "differences": differences, "mutations": mutations, "graphs": graphs, "extremes": extremes, "targets": targets, "sanitized": sanitized}

if __name__ == "__main__":
    match sys.argv[1:]:
        case ["list"]:
            print("\n".join(CASES))
        case ["run", name] if name in CASES:
            CASES[name]()
        case _:
            sys.exit(__doc__)
