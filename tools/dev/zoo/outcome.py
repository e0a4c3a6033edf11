"""outcome.py - writes one model, compiles it, compares it with ONNX Runtime, and keeps the table of outcomes."""
import dataclasses
import json
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import time
import traceback

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[3]
BIN = pathlib.Path(os.environ.get("CAMEO_BUILD", ROOT / "build")) / "bin"
TABLE = ROOT / "test/Models/zoo.md"
COLUMNS = ["model", "exporter", "opset", "nodes", "sizes", "cameo check", "-O0", "-O3"]


def preload() -> None:
    """Imports what is slow to import, so that the processes of many models start with it; much of it comes with a first export."""
    import onnxruntime, skl2onnx, sklearn.pipeline, torch, torchvision, transformers.modeling_utils  # noqa: E401, F401

    torch.set_num_threads(1)
    for dynamo in (True, False):
        torch.onnx.export(torch.nn.Linear(2, 2), (torch.zeros(1, 2),), os.devnull, dynamo=dynamo, verbose=False)


def inProcess(name: str, output: pathlib.Path, check: bool, keep: bool) -> bool:
    """Writes (and checks) one model in a process of its own: exporters keep what they traced, and one that dies takes only its
    own model along. Says what came of it; True when it was written and agrees."""
    folder = output / name
    folder.mkdir(parents=True, exist_ok=True)
    result, started = folder / "result.json", time.monotonic()
    result.unlink(missing_ok=True)
    sys.stdout.flush()
    if not (child := os.fork()):
        log = os.open(folder / "log.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.dup2(log, 1), os.dup2(log, 2)
        code = 1
        try:
            work(name, folder, check)
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush(), sys.stderr.flush()
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code or not result.exists():
        last = (folder / "log.txt").read_text().strip().splitlines()[-1:]
        print(f"{name}: not written, exit code {code}: {' '.join(last)[:300]}; see {folder}/log.txt", flush=True)
        return False
    outcome = json.loads(result.read_text())
    print(f"{name}: {'  '.join(f'{k} {v}' for k, v in outcome['row'].items() if k != 'model')}  [{time.monotonic() - started:.0f} s]", flush=True)
    if check:
        updateTable(outcome["row"])
    if check and outcome["agrees"] and not keep:
        shutil.rmtree(folder)
    return outcome["agrees"]


def work(name: str, place: pathlib.Path, check: bool) -> None:
    from zoo import catalogue

    entry = catalogue.entries()[name]
    model = place / "model.onnx"
    if model.exists():
        feeds = [dict(np.load(f, allow_pickle=True)) for f in sorted(place.glob("feeds-*.npz"))]
    else:
        partial = place / "partial.onnx"
        feeds = entry.write(partial)
        for i, f in enumerate(feeds):
            np.savez(place / f"feeds-{i}.npz", **f)
        partial.rename(model)
    row = {"model": name, "exporter": entry.exporter, **facts(model)}
    agrees = True
    if check:
        wanted = reference(model, feeds)
        good, row["cameo check"] = cameoCheck(model)
        agrees &= good
        for opt in ("-O0", "-O3"):
            good, row[opt] = compileAndCompare(entry, model, opt, feeds, wanted)
            agrees &= good
    (place / "result.json").write_text(json.dumps({"row": row, "agrees": agrees}))


def store(folders: list[pathlib.Path]) -> None:
    """What test/Models/models.py reads: NAME.onnx, and NAME.npz with arrays that are named `run/input`."""
    for folder in folders:
        target = ROOT / "test/Models/data/zoo" / folder.name
        shutil.copy(folder / "model.onnx", target.with_suffix(".onnx"))
        feeds = enumerate(np.load(f) for f in sorted(folder.glob("feeds-*.npz")))
        np.savez_compressed(target.with_suffix(".npz"), **{f"{i}/{name}": f[name] for i, f in feeds for name in f})
        print(f"{target}: {target.with_suffix('.onnx').stat().st_size / 1024:.0f} kB")


def facts(path: pathlib.Path) -> dict:
    """What the table says of the file: opsets, number of nodes, the sizes of its inputs that are open."""
    import onnx

    model = onnx.load(path, load_external_data=False)
    used = {n.domain for n in model.graph.node}
    opsets = sorted({f"{o.domain} {o.version}".strip() for o in model.opset_import if o.domain in used})
    sizes = [d.dim_param or "?" for i in model.graph.input for d in i.type.tensor_type.shape.dim if not d.HasField("dim_value")]
    return {"opset": ", ".join(opsets), "nodes": len(model.graph.node), "sizes": ", ".join(dict.fromkeys(sizes)) or "fixed"}


def reference(model: pathlib.Path, feeds: list) -> list[dict]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    names = [o.name for o in session.get_outputs()]
    return [{n: plain(v) for n, v in zip(names, session.run(names, f))} for f in feeds]


def plain(value) -> np.ndarray:
    """A list of maps, which ZipMap gives, as Cameo gives it: the table [rows, labels] that the maps were made of."""
    return np.array([list(row.values()) for row in value], np.float32) if isinstance(value, list) else value


def firstError(text: str, model: pathlib.Path) -> str:
    lines = [l for l in text.splitlines() if "error" in l] or text.splitlines() or ["nothing was said"]
    return lines[0].replace(f"{model}: ", "").replace("cameo: ", "").replace("|", "/")[:300]


def cameoCheck(model: pathlib.Path) -> tuple[bool, str]:
    used = lambda: sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])  # processor seconds: the machine may be busy
    before = used()
    compiles = subprocess.run([BIN / "cameo", "check", model], capture_output=True, timeout=600).returncode == 0
    seconds = used() - before
    return compiles and seconds < 1, ("compiles" if compiles else "refused") + (f", after {seconds:.1f} s" if seconds > 1 else "")


def compileAndCompare(entry, model: pathlib.Path, opt: str, feeds: list, wanted: list) -> tuple[bool, str]:
    program = model.with_suffix(".cameo")
    try:
        done = subprocess.run([BIN / "cameo-compile", model, "-o", program, opt], capture_output=True, text=True, timeout=900)
        if done.returncode:
            return False, f"compile {done.returncode}: {firstError(done.stderr, model)}"
        worst = Difference()
        for f, want in zip(feeds, wanted):
            np.savez(model.parent / "in.npz", **f)
            out = model.parent / "out.npz"
            run = subprocess.run([BIN / "cameo-run", program, "--input", model.parent / "in.npz", "--output", out, "--json"],
                                 capture_output=True, text=True, timeout=1800)
            if run.returncode:
                return False, f"run {run.returncode}: {firstError(run.stderr, model)}"
            with np.load(out, allow_pickle=True) as result:
                worst.take(dict(result), want, entry.rtol, entry.atol)
        return worst.share <= 1, worst.words or ("equal" if not worst.absolute else f"{worst.absolute:.0e} ({100 * worst.share:.2g} %)")
    except subprocess.TimeoutExpired as expired:
        return False, f"timeout: {pathlib.Path(expired.cmd[0]).name} takes over {expired.timeout:.0f} s"
    finally:
        program.unlink(missing_ok=True)


@dataclasses.dataclass
class Difference:
    """The largest difference so far, also as a share of what is allowed; `words` when the two can't be compared at all."""

    absolute: float = 0
    share: float = 0
    words: str = ""

    def take(self, actual: dict, wanted: dict, rtol: float, atol: float) -> None:
        for name, want in wanted.items():
            got = actual.get(name)
            if got is None or (got.dtype, got.shape) != (want.dtype, want.shape):
                found = "missing" if got is None else f"{got.dtype}{list(got.shape)}"
                self.words, self.share = f"output '{name}' is {found}, expected {want.dtype}{list(want.shape)}", np.inf
            elif want.dtype.kind in "biuOUS":
                if (wrong := int((got != want).sum())):
                    self.words, self.share = f"output '{name}': {wrong} of {want.size} values differ", np.inf
            elif want.size:
                got, want = got.astype(np.float64), want.astype(np.float64)
                with np.errstate(invalid="ignore"):
                    difference = np.where((got == want) | (np.isnan(got) & np.isnan(want)), 0, np.abs(got - want))
                    share = np.where(difference == 0, 0, difference / (atol + rtol * np.abs(want)))
                if np.isnan(share).any():
                    self.words, self.share = f"output '{name}': {int(np.isnan(share).sum())} of {want.size} values are NaN on one side", np.inf
                else:
                    self.absolute, self.share = max(self.absolute, float(difference.max())), max(self.share, float(share.max()))


def updateTable(row: dict) -> None:
    """Replaces or adds the row of one model; everything above the table stays."""
    lines = TABLE.read_text().splitlines()
    start = next(i for i, l in enumerate(lines) if l.startswith("| model |"))
    rows = {l.split(" | ")[0].removeprefix("| "): l for l in lines[start + 2 :] if l.startswith("| ")}
    rows[row["model"]] = "| " + " | ".join(str(row[c]) for c in COLUMNS) + " |"
    TABLE.write_text("\n".join([*lines[:start], "| " + " | ".join(COLUMNS) + " |", "|" + "---|" * len(COLUMNS), *(rows[n] for n in sorted(rows))]) + "\n")
