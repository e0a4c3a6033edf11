#!/usr/bin/env python3
"""flops.py - the operations that `cameo check` predicts are those that a program's loops do.

    flops.py list | flops.py run NAME

A program compiled by `cameo compile -O0 --count-flops` adds up the arithmetic of each kernel while it runs. Its sum must be the prediction
for the models of ../shared/models, and each kernel's its op's cost for the functions of test/Numerics.
"""
import ctypes
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
for folder in ("Support", "Models", "Numerics"):
    sys.path.insert(0, str(ROOT / "test" / folder))
import cameo  # noqa: E402
import inputs  # noqa: E402
import models  # noqa: E402
import numerics  # noqa: E402

# Ops whose loops are as long as data say, or that compute where data say, so that something else is predicted.
UNPREDICTED = ["rotary_embedding", "count_ngrams", "couple_probabilities", "deform_conv", "det", "max_roi_pool", "roi_align", "scatter_elements", "scatter_nd", "tree_ensemble"]
# Functions whose data end loops, sequences or rows of keys early; what is predicted is the whole.
EARLY = {"branch_true", "loop_collects", "loop_ends_early", "lengths_and_a_first_state", "window_behind_a_cache", "capped_and_padded"}
# Models in which data do that, or whose If has a branch that cannot take the sizes.
EARLY_MODELS = {"llm.genai_static-scatter-bias-decoder__model", "audio.silero_vad_a"}


def run(command: list) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=900)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} ended with {done.returncode}: {done.stderr}")
    return done.stdout


def counted(source: pathlib.Path, feeds: dict, folder: str, flags: list[str]) -> tuple[dict[int, int], list[dict]]:
    """What each kernel counted in one run, and the launches with their predictions."""
    program, report = f"{folder}/{source.stem}.cameo", f"{folder}/report.json"
    run([models.BIN / "cameo-compile", source, "-O0", "--count-flops", "-o", program, "--report", report, *flags])
    loaded = cameo.Program(program, threads=1)  # unloading it would lose the counts
    loaded.run(feeds)
    library = ctypes.CDLL(program)
    names = re.findall(r"\bcameo_flops_(\d+)", run(["nm", "-D", program]))
    counts = {int(n): ctypes.c_int64.in_dll(library, f"cameo_flops_{n}").value for n in names}
    return counts, json.loads(pathlib.Path(report).read_text())["launches"]


def differences(counts: dict[int, int], launches: list[dict]) -> list[str]:
    """Kernels that count something else than their launches predict."""
    predicted, names = {}, {}
    for launch in launches:
        kernel = launch["function"]
        predicted[kernel] = predicted.get(kernel, 0) + (launch["flops"] or 0)
        names[kernel] = f"{launch['name']} ({', '.join(launch['nodes'])})"
    return [f"{names[k]}: predicted {n}, counted {counts.get(k, 0)}" for k, n in predicted.items() if counts.get(k, 0) != n]


def model(entry: inputs.Model) -> None:
    path = models.SHARED / "models" / entry.path
    _, feeds = next(entry.feeds(models.SHARED))
    # Free sizes are those of what is fed, so that everything is known.
    described = json.loads(run([models.BIN / "cameo", "check", "--json", path]))
    flags = [f"--shape={value['name']}:{'x'.join(map(str, feeds[value['name']].shape))}" for value in described["inputs"]
             if not all(dim.isdigit() for dim in value["dims"])]
    predicted = json.loads(run([models.BIN / "cameo", "check", "--json", path, *flags]))["flops"]
    with tempfile.TemporaryDirectory(prefix="cameo-flops-") as folder:
        counts, launches = counted(path, feeds, folder, flags)
    total = sum(counts.values())
    print(f"predicted {predicted}, counted {total}")
    if predicted != total:
        sys.exit("\n".join(differences(counts, launches)))


def functions(file: pathlib.Path) -> None:
    problems = []
    with tempfile.TemporaryDirectory(prefix="cameo-flops-") as folder:
        for i, case in enumerate(numerics.readCases(file)):
            types = " ".join(case.arguments + case.types)
            if "?" in types or "bf16" in types or "string" in types or case.name in EARLY:
                continue
            source = pathlib.Path(folder, f"{file.stem}{i}.mlir")
            source.write_text(numerics.program([case]))
            counts, launches = counted(source, {f"{case.name}.{n}": v for n, v in case.inputs.items()}, folder, [])
            problems += [f"@{case.name}: {text}" for text in differences(counts, launches)]
    if problems:
        sys.exit("\n".join(problems))


def main() -> None:
    cases = {f"op-{f.stem}": (functions, f) for f in sorted((ROOT / "test/Numerics").glob("*.mlir")) if f.stem not in UNPREDICTED}
    cases |= {entry.name: (model, entry) for entry in inputs.MODELS if entry.name not in EARLY_MODELS}
    match sys.argv[1:]:
        case ["list"]:
            print("\n".join(cases))
        case ["run", name] if name in cases:
            function, argument = cases[name]
            if function is model and not (models.SHARED / "models").is_dir():
                print("skipped: ../shared/models is not here")
                sys.exit(models.SKIPPED)
            np.seterr(all="ignore")
            function(argument)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
