#!/usr/bin/env python3
"""recipes.py - the READMEs' recipes (add an op, add a pass, …) are followed to the letter in a scratch copy, which is built and run.

    recipes.py list | recipes.py run follow-the-readmes

A recipe is made of fenced code blocks whose info string names it and says what to do with the block:

    ```tablegen recipe=pointwise append=dialects/Cameo/PointwiseOps.td     put at the end of the file (before a closing #endif)
    ```c++ recipe=pass append=lib/Pipeline/Phases.cpp after=WORD           put after the first line that has WORD in it
    ```c++ recipe=pass create=passes/Demo/DropNothing.cpp                  a new file
    ```sh recipe=pass run                                                  must succeed, with the scratch build's tools on PATH

`touches` counts the files that a recipe writes, tests aside; the numbers below are a promise of the architecture.
"""
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("CAMEO_BUILD", ROOT / "build"))
SCRATCH = BUILD / "recipes"
BLOCK = re.compile(r"^```\S+ (recipe=\S+[^\n]*)\n(.*?)^```$", re.M | re.S)
MOST_TOUCHES = {"pointwise": 1, "structured": 3, "pass": 2}


def readRecipes() -> dict[str, list[tuple[str, str, str, str | None]]]:
    """Recipe -> (action, file, text, after)... in the READMEs' order."""
    recipes: dict[str, list] = {}
    for readme in sorted(ROOT.glob("**/README.md")):
        if BUILD in readme.parents or SCRATCH in readme.parents:
            continue
        for words, text in BLOCK.findall(readme.read_text()):
            options = dict(word.partition("=")[::2] for word in words.split())
            action = next((a for a in ("append", "create", "run") if a in options), None)
            if action is None:
                sys.exit(f"{readme}: recipe {options['recipe']}: append=, create= or run is missing")
            recipes.setdefault(options["recipe"], []).append((action, options[action], text, options.get("after")))
    return recipes


def appended(old: str, text: str, after: str | None) -> str:
    if after:
        line = re.search(rf"^.*{re.escape(after)}.*\n", old, re.M)
        if not line:
            sys.exit(f"no line has '{after}' in it")
        return old[: line.end()] + text + old[line.end() :]
    end = re.search(r"^#endif.*\n*\Z", old, re.M)
    return old[: end.start()] + text + old[end.start() :] if end else old + text


def copyTree(changed: dict[str, str]) -> None:
    """Makes SCRATCH/tree this tree with `changed` on top; untouched files keep their times, so that ninja does little."""
    names = subprocess.run(["git", "-C", ROOT, "ls-files", "--cached", "--others", "--exclude-standard"], capture_output=True, text=True, check=True)
    wanted = {n: None for n in names.stdout.splitlines() if (ROOT / n).is_file()} | changed
    tree = SCRATCH / "tree"
    for file in [f for f in tree.rglob("*") if f.is_file()]:
        if file.relative_to(tree).as_posix() not in wanted:
            file.unlink()
    for name, text in wanted.items():
        content = (ROOT / name).read_bytes() if text is None else text.encode()
        target = tree / name
        if not target.exists() or target.read_bytes() != content:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            target.chmod(0o755 if text is None and os.access(ROOT / name, os.X_OK) else 0o644)


def follow() -> None:
    recipes = readRecipes()
    missing = set(MOST_TOUCHES) - set(recipes)
    if missing:
        sys.exit(f"no README has the recipe {sorted(missing)}")
    changed: dict[str, str] = {}
    for name, steps in recipes.items():
        touched = {file for action, file, *_ in steps if action != "run" and not file.startswith("test/")}
        if len(touched) > MOST_TOUCHES.get(name, 9):
            sys.exit(f"recipe {name} touches {sorted(touched)}, promised are {MOST_TOUCHES[name]} places")
        for action, file, text, after in steps:
            if action == "append":
                changed[file] = appended(changed.get(file) or (ROOT / file).read_text(), text, after)
            elif action == "create":
                if (ROOT / file).exists():
                    sys.exit(f"recipe {name} creates {file}, which is there")
                changed[file] = text
    copyTree(changed)
    environment = dict(os.environ, PATH=f"{SCRATCH}/build/bin:{BUILD}/venv/bin:/usr/lib/llvm-22/bin:{os.environ['PATH']}")
    build = ["cmake", "--preset", "default", "-B", SCRATCH / "build", f"-DCAMEO_PYTHON={BUILD}/venv/bin/python", "-DCMAKE_BUILD_TYPE=Debug",
             "-DCMAKE_CXX_FLAGS_DEBUG=-O0", "-DCMAKE_C_FLAGS_DEBUG=-O0"]
    subprocess.run(build, cwd=SCRATCH / "tree", check=True, stdout=subprocess.DEVNULL)
    if subprocess.run(["ninja", "-C", SCRATCH / "build", "-j", str(os.cpu_count()), "cameo-opt", "cameo-compile", "cameo-run"]).returncode:
        sys.exit("the scratch copy does not build")
    for name, steps in recipes.items():
        for action, _, text, _ in steps:
            if action == "run":
                print(f"{name}: {text.strip()}")
                if subprocess.run(["bash", "-euo", "pipefail", "-c", text], cwd=SCRATCH / "tree", env=environment).returncode:
                    sys.exit(f"recipe {name} does not do what its README says")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["list"]:
            print("follow-the-readmes")
        case ["run", "follow-the-readmes"]:
            follow()
        case _:
            sys.exit(__doc__)
