#!/usr/bin/env python3
"""scripts.py - the scripts of tools/dev keep their word, shown with stand-ins for the tools where the real ones would do right.

    scripts.py list | scripts.py run CASE
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("CAMEO_BUILD", ROOT / "build"))
SKIPPED = 77
sys.path.insert(0, str(ROOT / "test/Conformance"))


def standIn(folder: pathlib.Path, compile: str, run: str) -> dict:
    """A tools folder with two shell scripts and the smallest case that uses them."""
    import numpy as np
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [2])
    onnx.save(helper.make_model(helper.make_graph([], "case", [], [y])), folder / "model.onnx")
    for name, body in (("cameo-compile", compile), ("cameo-run", run)):
        (folder / name).write_text("#!/bin/sh\n" + body)
        (folder / name).chmod(0o755)
    (folder / "output_0.pb").write_bytes(numpy_helper.from_array(np.array([1, 2], np.float32)).SerializeToString())
    np.savez(folder / "good.npz", y=np.array([1, 2.0005], np.float32))
    np.savez(folder / "bad.npz", y=np.array([1, 3], np.float32))
    np.savez(folder / "double.npz", y=np.array([1, 2], np.float64))
    np.savez(folder / "shape.npz", y=np.array([[1, 2]], np.float32))
    return {"name": "node/test", "model": str(folder / "model.onnx"), "rtol": 1e-3, "atol": 1e-7, "random": False,
            "sets": [{"inputs": [], "outputs": [["y", str(folder / "output_0.pb")]]}]}


def harnessOutcomes() -> None:
    """Every way a case can end is told apart, and none takes the harness with it."""
    import harness

    harness.SECONDS, harness.WAITING = 2, 10
    copy = 'while [ $# -gt 0 ]; do [ "$1" = --output ] && cp "$(dirname "$0")/{}.npz" "$2"; shift; done'
    table = [
        ("pass", "exit 0", copy.format("good")),
        ("mismatch", "exit 0", copy.format("bad")),
        ("mismatch", "exit 0", copy.format("double")),
        ("mismatch", "exit 0", copy.format("shape")),
        ("unsupported", "echo 'error[E-OP]: no such op' >&2; exit 4", ""),
        ("compile-error", "exit 3", ""),
        ("internal", "exit 70", ""),
        ("crash", "kill -SEGV $$", ""),
        ("crash", "exit 0", "kill -ABRT $$"),
        ("timeout", "exit 0", "while :; do :; done"),
        ("timeout", "exit 0", "exec sleep 30"),
        ("run-error", "exit 0", "exit 8"),
        ("run-error", "exit 0", "exit 0"),  # promised an archive, wrote none
    ]
    for wanted, compile, run in table:
        with tempfile.TemporaryDirectory() as folder:
            case = standIn(pathlib.Path(folder), compile, run)
            found, detail = harness.runCase(case, pathlib.Path(folder), 3)
        print(f"{wanted}: {detail}")
        if found != wanted:
            sys.exit(f"'{compile}' then '{run}' is a {found}, expected {wanted}")


def expectationsDrift() -> None:
    """An update keeps reasons that still hold, drops cases that pass, and refuses to declare a crash."""
    import expectations

    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "expectations.txt"
        path.write_text("node/a unsupported unsupported because of A\nnode/b mismatch mismatch because of B\nnode/gone mismatch pass old\n")
        known = {"node/a", "node/b", "node/c", "node/d"}
        found = expectations.Expectations(path)
        found.update(0, {"node/a": ("unsupported", "new words"), "node/b": ("pass", ""), "node/c": ("crash", "SIGSEGV"), "node/d": ("mismatch", "D is off")}, known)
        found.update(3, {"node/a": ("unsupported", "new words"), "node/b": ("pass", ""), "node/c": ("pass", ""), "node/d": ("pass", "")}, known)
        again = expectations.Expectations(path)
        rows = {case: (o[0], o[3], reason) for case, (o, reason) in again.rows.items()}
    wanted = {"node/a": ("unsupported", "unsupported", "because of A"), "node/d": ("mismatch", "pass", "D is off")}
    if rows != wanted:
        sys.exit(f"found {rows}, expected {wanted}")


def expectationsAreExplained() -> None:
    """Each line of expectations.txt has a reason and no outcome that cannot be declared."""
    import expectations

    rows = expectations.Expectations(ROOT / "test/Conformance/expectations.txt").rows
    wrong = [case for case, (o, reason) in rows.items() if reason == "not yet explained" or expectations.NEVER & set(o.values())]
    if wrong:
        sys.exit(f"no reason, or an outcome that cannot be declared: {' '.join(wrong)}")


def quickstartAgain() -> None:
    """A second quickstart answers, in seconds. (The bound leaves room for the tests that run beside it.)"""
    start = time.time()
    done = subprocess.run([ROOT / "tools/dev/quickstart"], capture_output=True, text=True, env=dict(os.environ, CAMEO_BUILD=str(BUILD)))
    seconds = time.time() - start
    print(done.stdout, done.stderr, f"{seconds:.1f} s")
    missing = [w for w in ("README.md: markdown", "CMakeLists.txt: cmake", "it is a three", "compiled in", "run in") if w not in done.stdout]
    if done.returncode or missing or seconds > 30:
        sys.exit(f"exit code {done.returncode}, not said: {missing}, {seconds:.1f} s")


def readmeTour() -> None:
    """The README's tour prints what the README says; a line `…` stands for any lines, and numbers count where they are the model's alone."""
    tour = re.search(r"^## A tour.*?(?=^## )", (ROOT / "README.md").read_text(), re.M | re.S)[0]
    commands: list[tuple[str, list[str]]] = []
    for line in tour.splitlines():
        if not line.startswith("    "):
            continue
        text = line.removeprefix("    ")
        if text.startswith("$ "):
            commands.append((text[2:], []))
        elif commands and text.strip():
            commands[-1][1].append(text)

    def masked(command: str, lines: list[str]) -> list[str]:
        """CPUs, times and sizes of code differ from machine to machine, and so does what is aligned to them."""
        lines = [re.sub(r"^(\w+) \([\w-]+\), ", r"\1 (CPU), ", line) for line in lines]
        numbers = r"(?!)" if command.startswith("cameo check") else r"-?[\d.]+(?: [kMG])?"
        return [re.sub(r"\s+", " ", re.sub(numbers, "N", line)).strip() for line in lines if line.strip()]

    with tempfile.TemporaryDirectory() as folder:
        environment = dict(os.environ, PATH=f"{BUILD}/bin:{os.environ['PATH']}")
        for command, wanted in commands:
            done = subprocess.run(["bash", "-c", command.replace("/tmp/", f"{folder}/")], cwd=ROOT, env=environment, capture_output=True, text=True)
            found = [line.replace(f"{folder}/", "/tmp/") for line in (done.stdout + done.stderr).splitlines()]
            pattern = r"\n".join("(.*\n)*?.*" if line == "…" else re.escape(line) for line in masked(command, wanted))
            if done.returncode or not re.fullmatch(pattern, "\n".join(masked(command, found))):
                sys.exit(f"$ {command}\nprints\n" + "\n".join(found) + "\nand the README says\n" + "\n".join(wanted))
    if len(commands) < 3:
        sys.exit(f"the tour has {len(commands)} commands")


def compareEngines() -> None:
    """compare agrees with ONNX Runtime on a small model, says what it measured, and does not time what is wrong."""
    import json

    import onnx
    from onnx import helper

    node = helper.make_node("Softmax", ["x"], ["y"], axis=-1)
    values = [helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, ["n", 8]) for n in "xy"]
    with tempfile.TemporaryDirectory() as folder:
        model, figures = f"{folder}/softmax.onnx", pathlib.Path(folder, "figures.json")
        onnx.save(helper.make_model(helper.make_graph([node], "g", values[:1], values[1:]), opset_imports=[helper.make_opsetid("", 18)]), model)
        compare = lambda *flags: subprocess.run([ROOT / "tools/dev/compare", model, "--rounds=2", "--seconds=0.001", *flags], capture_output=True, text=True)
        done = compare("--dim=n:3", "--threads=1,2", f"--json={figures}")
        rows = json.loads(figures.read_text())
        for row in rows:
            engines = row["engines"]
            if set(engines) != {"cameo", "ort"} or any(e["outputs"] != "agree" or e["min_ms"] <= 0 for e in engines.values()) or len(row["rounds"]) != 2:
                sys.exit(f"figures are {row}")
        if done.returncode or [r["threads"] for r in rows] != [1, 2] or "geometric mean" not in done.stdout:
            sys.exit(f"exit code {done.returncode}: {done.stdout}{done.stderr}")
        refused = compare("--peers=ort,gcc")
        if refused.returncode != 2 or "names gcc; known are ort" not in refused.stderr:
            sys.exit(f"an unknown peer ends with {refused.returncode}: {refused.stderr}")


def shellSyntax() -> None:
    scripts = [p for folder in ("tools/dev", ".ci") for p in (ROOT / folder).iterdir()
               if p.is_file() and (p.suffix == ".sh" or p.read_text().startswith("#!/usr/bin/env bash"))]
    for script in scripts:
        subprocess.run(["bash", "-n", script], check=True)
    if len(scripts) < 4:
        sys.exit(f"only {len(scripts)} scripts found")


def modelsTable() -> None:
    """Every row of the table of exported models is of a model that tools/dev/models can still write, and says that it agrees."""
    sys.path.insert(0, str(ROOT / "tools/dev"))
    from zoo import catalogue

    entries = catalogue.entries()
    rows = [line.strip("| ").split(" | ") for line in (ROOT / "test/Models/zoo.md").read_text().splitlines() if line.startswith("| ")][1:]
    unknown = [row[0] for row in rows if row[0] not in entries]
    failing = [row[0] for row in rows if row[-3] != "compiles" or not all(re.fullmatch(r"equal|.* \(.* %\)", outcome) for outcome in row[-2:])]
    if unknown or failing or len(rows) < 100:
        sys.exit(f"{len(rows)} rows; not of a model: {unknown}; not agreeing: {failing}")


def randomResults() -> None:
    """Draws are told from draws by another probability, and dropped elements from those that are only missing."""
    import numpy as np
    import onnx
    import randomness

    rng = np.random.default_rng(0)
    p = np.array([0.1, 0.5, 0.9], np.float32)
    x = np.concatenate([p] * randomness.COPIES)
    draws = (rng.random(x.shape) < x).astype(np.float32)
    kept = rng.random(x.shape) < 0.75
    with tempfile.TemporaryDirectory() as folder:
        def file(name: str, value) -> list[str]:
            path = pathlib.Path(folder, name)
            path.write_bytes(onnx.numpy_helper.from_array(np.asarray(value, np.float32), name).SerializeToString())
            return [name, str(path)]

        bernoulli = {"given": [file("x", x)]}
        dropout = {"given": [file("x", x), file("ratio", 0.25), file("training", 1)]}
        case, wanted = {"name": "node/test"}, {"y": p}
        for data, good, bad in ((bernoulli, draws, (rng.random(x.shape) < x + 0.05).astype(np.float32)),
                                (dropout, np.where(kept, x / np.float32(0.75), 0), np.where(kept, x, 0)),
                                (dropout, np.where(kept, x / np.float32(0.75), 0), np.where(rng.random(x.shape) < 0.7, x / np.float32(0.75), 0))):
            if problem := randomness.check(case, data, {"y": good.astype(np.float32)}, wanted):
                sys.exit(f"right draws are refused: {problem}")
            if not randomness.check(case, data, {"y": bad.astype(np.float32)}, wanted):
                sys.exit("wrong draws are accepted")


def gpuCheck() -> None:
    """gpu-check says that there is no GPU; on the simulator its small cases are right, and a mistake in their code is told."""
    script = ROOT / "tools/dev/gpu-check"

    def run(folder: str, *arguments: str, **environment: str) -> tuple[int, str]:
        done = subprocess.run([sys.executable, f"{folder}/gpu-check", "run", folder, *arguments], capture_output=True, text=True,
                              env=os.environ | environment)
        return done.returncode, done.stdout + done.stderr

    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, script, "prepare", folder, "--small", "--model", ROOT / "test/Models/data/mnist.onnx"], check=True)
        report = f"{folder}/report.json"
        code, text = run(folder, "--json", report, CUDA_VISIBLE_DEVICES="-1")
        if code or "no GPU: " not in text or json.load(open(report))["gpu"] is not None:
            sys.exit(f"without a GPU: {code} {text}")
        code, text = run(folder, "--simulator", "--json", report)
        if code or "20 right, 0 wrong, 0 not reached" not in text or len(json.load(open(report))["cases"]) != 20:
            sys.exit(f"on the simulator: {code} {text}")
        # The registers of two fragments are exchanged.
        edit = r"(mma\.sync[^{]*\{[^}]*\},\s*\{%r\d+, )(%r\d+), (%r\d+)=>$1$3, $2"
        code, text = run(folder, "--simulator", "--filter=product-bf16-70x", CAMEO_CUDASIM_EDIT=edit)
        if code != 1 or "wrong: product-bf16" not in text:
            sys.exit(f"with a mistake: {code} {text}")


CASES = {"random-results": randomResults, "harness-outcomes": harnessOutcomes, "expectations-drift": expectationsDrift, "expectations-are-explained": expectationsAreExplained,
         "quickstart-again": quickstartAgain, "readme-tour": readmeTour, "compare-engines": compareEngines, "shell-syntax": shellSyntax,
         "models-table": modelsTable, "gpu-check": gpuCheck}

if __name__ == "__main__":
    match sys.argv[1:]:
        case ["list"]:
            print("\n".join(CASES))
        case ["run", name] if name in CASES:
            CASES[name]()
        case _:
            sys.exit(__doc__)
