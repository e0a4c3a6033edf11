#!/usr/bin/env python3
"""models.py - compiles the models of ../shared/models and of data/zoo, and compares each with ONNX Runtime.

    models.py list             the cases
    models.py run NAME-O3      one case: all sizes and all real inputs from one program
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import typing

import inputs

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
BIN = pathlib.Path(os.environ.get("CAMEO_BUILD", ROOT / "build")) / "bin"
ZOO = ROOT / "test/Models/data/zoo"
SKIPPED = 77


def compileModel(path: pathlib.Path, opt: str, program: str) -> None:
    done = subprocess.run([BIN / "cameo-compile", path, "-o", program, f"-{opt}"], capture_output=True, text=True, timeout=600)
    if done.returncode:
        sys.exit(f"cameo-compile ended with {done.returncode}: {done.stderr}")


def runProgram(program: str, feeds: inputs.Feeds, folder: str) -> dict:
    import numpy as np

    np.savez(f"{folder}/in.npz", **feeds)
    command = [BIN / "cameo-run", program, "--input", f"{folder}/in.npz", "--output", f"{folder}/out.npz", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    if done.returncode:
        sys.exit(f"cameo-run ended with {done.returncode}: {done.stderr}")
    with np.load(f"{folder}/out.npz") as result:
        return dict(result)


def reference(path: pathlib.Path):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    names = [o.name for o in session.get_outputs()]
    return lambda feeds: dict(zip(names, session.run(names, feeds)))


def different(actual: dict, wanted: dict, rtol: float, atol: float) -> str:
    """What is wrong, in one sentence; empty when the two agree."""
    import numpy as np

    if actual.keys() != wanted.keys():
        return f"outputs are {sorted(actual)}, expected {sorted(wanted)}"
    for name, want in wanted.items():
        got = actual[name]
        if (got.dtype, got.shape) != (want.dtype, want.shape):
            return f"output '{name}' is {got.dtype}{list(got.shape)}, expected {want.dtype}{list(want.shape)}"
        wrong = got != want if want.dtype.kind in "biuO" else ~np.isclose(got, want, rtol=rtol, atol=atol, equal_nan=True)
        if wrong.any():
            at = tuple(int(i) for i in np.argwhere(wrong)[0])
            return f"output '{name}': {wrong.sum()} of {wrong.size} values differ, first at {list(at)}: {got[at]} vs {want[at]}"
    return ""


def compareModel(model: inputs.Model, path: pathlib.Path, feeds: typing.Iterable, opt: str) -> None:
    """`feeds`: (label, what is fed) per run."""
    failures, expected = [], reference(path)
    with tempfile.TemporaryDirectory(prefix="cameo-models-") as folder:
        compileModel(path, opt, f"{folder}/model.cameo")
        for label, fed in feeds:
            wrong = different(runProgram(f"{folder}/model.cameo", fed, folder), expected(fed), model.rtol, model.atol)
            print(f"{model.name} {label}: {wrong or 'agrees'}")
            failures += [label] * bool(wrong)
    if failures:
        sys.exit(f"differs from ONNX Runtime: {', '.join(failures)}")


def zooFeeds(stored: pathlib.Path) -> typing.Iterator[tuple[str, inputs.Feeds]]:
    """The runs in an archive of tools/dev/models --store, whose arrays are named `run/input`."""
    import numpy as np

    with np.load(stored) as archive:
        for run in sorted({name.partition("/")[0] for name in archive}):
            yield f"run {run}", {name.partition("/")[2]: archive[name] for name in archive if name.startswith(f"{run}/")}


def compareSmall(path: pathlib.Path, opt: str) -> None:
    compareModel(inputs.Model(path.name, None), path, zooFeeds(path.with_suffix(".npz")), opt)


def magikaLabels(opt: str) -> None:
    """The published label for every file of Magika's test data."""
    from magika import LABELS

    files = inputs.magikaFiles(SHARED / "models/data")
    feeds = {"bytes": inputs.magikaFeatures(SHARED / "models/data")}
    with tempfile.TemporaryDirectory(prefix="cameo-models-") as folder:
        compileModel(SHARED / "models/text/magika_standard_v3_3.onnx", opt, f"{folder}/model.cameo")
        scores = runProgram(f"{folder}/model.cameo", feeds, folder)["target_label"]
    wrong = [f"{e['path']}: {LABELS[row.argmax()]}, expected {e['prediction']['dl']}" for e, row in zip(files, scores)
             if LABELS[row.argmax()] != e["prediction"]["dl"]]
    print(f"{len(files)} files, {len(wrong)} with another label")
    if wrong:
        sys.exit("\n".join(wrong))


def sileroRecording(opt: str) -> None:
    """Speech probabilities over the whole recording, chunk by chunk, the state carried from call to call on each side."""
    import wave

    import numpy as np

    sys.path.insert(0, str(ROOT / "test/Support"))
    import cameo

    with wave.open(str(SHARED / "models/data/audio/aepyx_8k.wav")) as recording:
        samples = np.frombuffer(recording.readframes(recording.getnframes()), np.int16).astype(np.float32) / 32768
    chunk, context = 256, 32  # samples, at 8 kHz
    path = SHARED / "models/audio/silero_vad_a.onnx"
    expected, differences = reference(path), []
    with tempfile.TemporaryDirectory(prefix="cameo-models-") as folder:
        compileModel(path, opt, f"{folder}/model.cameo")
        program = cameo.Program(f"{folder}/model.cameo", threads=1)
        ours = theirs = np.zeros((2, 1, 128), np.float32)
        padded = np.concatenate([np.zeros(context, np.float32), samples])
        for start in range(0, len(samples) - chunk + 1, chunk):
            feeds = {"input": padded[None, start : start + context + chunk], "sr": np.array(8000)}
            a, b = program.run({**feeds, "state": ours}), expected({**feeds, "state": theirs})
            ours, theirs = a["stateN"], b["stateN"]
            differences.append(abs(float(a["output"][0, 0]) - float(b["output"][0, 0])))
    print(f"{len(differences)} chunks, largest difference {max(differences):.2e}")
    # The state feeds rounding back, so the bound of one call (1e-3 of a probability) is the bound of the whole.
    if not max(differences) <= 1e-3:
        sys.exit(f"speech probability differs by {max(differences)} at chunk {differences.index(max(differences))}")


def sameBytes(opt: str) -> None:
    """The same input gives the same file, however many threads compile and wherever it is written."""
    with tempfile.TemporaryDirectory(prefix="cameo-models-") as folder:
        for path in ("vision/squeezenet_fp16.onnx", "audio/silero_vad_a.onnx", "tabular/iris_mlp_network.onnx"):
            programs = []
            for jobs in (1, 2, 2):
                program = pathlib.Path(folder) / f"{len(programs)}-{jobs}.cameo"
                subprocess.run([BIN / "cameo-compile", SHARED / "models" / path, "-o", program, f"-{opt}", "-j", str(jobs)], check=True, timeout=600)
                programs.append(program.read_bytes())
            if len(set(programs)) != 1:
                sys.exit(f"{path}: two compilations differ")
            print(f"{path}: {len(programs[0])} bytes, {len(programs)} times the same")


def loadsAtOnce() -> None:
    """A program is checked and mapped in under 5 ms (best of 9: the machine may be busy)."""
    with tempfile.TemporaryDirectory(prefix="cameo-models-") as folder:
        compileModel(SHARED / "models/vision/squeezenet_fp16.onnx", "O3", f"{folder}/model.cameo")
        command = [BIN / "cameo-run", f"{folder}/model.cameo", "--json"]
        times = [json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["load_ms"] for _ in range(9)]
    print(f"load_ms: {sorted(times)}")
    if min(times) >= 5:
        sys.exit(f"loading takes {min(times)} ms")


def refuseModel(path: str, opt: str) -> None:
    code, words = inputs.REFUSED[path]
    with tempfile.TemporaryDirectory(prefix="cameo-models-") as folder:
        program = pathlib.Path(folder) / "model.cameo"
        done = subprocess.run([BIN / "cameo-compile", SHARED / "models" / path, "-o", program, f"-{opt}"], capture_output=True, text=True, timeout=60)
        print(done.stderr)
        missing = [w for w in words if w not in done.stderr]
        if done.returncode != code or missing or program.exists():
            sys.exit(f"exit code {done.returncode}, expected {code}; not said: {missing}; program written: {program.exists()}")


def main() -> None:
    cases = {}
    for opt in ("O0", "O3"):
        for path in sorted(ZOO.glob("*.onnx")):
            cases[f"zoo/{path.stem}-{opt}"] = lambda path=path, opt=opt: compareSmall(path, opt)
        for model in inputs.MODELS:
            cases[f"{model.name}-{opt}"] = lambda model=model, opt=opt: compareModel(model, SHARED / "models" / model.path, model.feeds(SHARED), opt)
        for path in inputs.REFUSED:
            cases[f"{path.replace('/', '.').removesuffix('.onnx')}-{opt}"] = lambda path=path, opt=opt: refuseModel(path, opt)
        cases[f"magika-labels-{opt}"] = lambda opt=opt: magikaLabels(opt)
        cases[f"silero-recording-{opt}"] = lambda opt=opt: sileroRecording(opt)
        cases[f"same-bytes-{opt}"] = lambda opt=opt: sameBytes(opt)
    cases["loads-at-once"] = loadsAtOnce
    cases["every-model-is-listed"] = everyModelIsListed
    match sys.argv[1:]:
        case ["list"]:
            print("\n".join(cases))
        case ["run", name] if name in cases:
            if not (SHARED / "models").is_dir() and not name.startswith("zoo/"):
                print("skipped: ../shared/models is not here")
                sys.exit(SKIPPED)
            cases[name]()
        case _:
            sys.exit(__doc__)


def everyModelIsListed() -> None:
    listed = {m.path for m in inputs.MODELS} | set(inputs.REFUSED)
    found = {str(p.relative_to(SHARED / "models")) for p in (SHARED / "models").glob("**/*.onnx")}
    if listed != found:
        sys.exit(f"not listed: {sorted(found - listed)}; not there: {sorted(listed - found)}")


if __name__ == "__main__":
    main()
