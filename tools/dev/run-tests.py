"""run-tests.py - runs lit and the conformance suite on a build and adds up: the part of tools/dev/test after the build."""
import collections
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PASSED = {"PASS", "XFAIL", "FLAKYPASS"}
SKIPPED = {"UNSUPPORTED", "SKIPPED"}


# Tests of minutes, which begin first: lit knows what took long from the run before, and a fresh checkout has none.
LONG = {"Recipes/follow-the-readmes": 600, "Runtime/address-sanitizer": 200, "Runtime/thread-sanitizer": 100, "Tools/large-graph.test": 90,
        "Compress/ways-of-quantizing-a-language-model-are-in-order": 120}


def runLit(build: pathlib.Path, pattern: str) -> collections.Counter:
    report, times = build / "test/results.json", build / "test/.lit_test_times.txt"
    if not times.exists():
        times.write_text("".join(f"{seconds}.0 {name}\n" for name, seconds in LONG.items()))
    report.unlink(missing_ok=True)
    command = ["lit-22", "-j", str(os.cpu_count()), "-v", "--timeout", "1200", "--allow-empty-runs", "-o", str(report)]
    if pattern:
        command += ["--filter", pattern]
    # lit prints the failures in full, then the slowest and the counts; passing tests are one line each.
    status = subprocess.run([*command, str(build / "test"), str(build / "test/Unit")]).returncode
    if not report.exists():
        return collections.Counter(failed=1)
    counts = collections.Counter()
    for test in json.loads(report.read_text())["tests"]:
        if test["code"] != "EXCLUDED":
            counts["passed" if test["code"] in PASSED else "skipped" if test["code"] in SKIPPED else "failed"] += 1
    if status and not counts["failed"]:
        print("lit ended with an error of its own")
        counts["failed"] += 1
    return counts


# Runs of the conformance suite: all cases as written, samples in the other modes and on the simulator of GPUs.
CONFORMANCE = [["--opt=0"], ["--opt=3"], ["--opt=3", "--mode=dynamic", "--sample=500"], ["--opt=3", "--mode=constant", "--sample=500"],
               ["--opt=3", "--target=sm_80", "--sample=300"], ["--opt=0", "--target=sm_90a", "--sample=100"]]


def runConformance(build: pathlib.Path, flags: list[str], pattern: str) -> collections.Counter:
    report = build / f"test/conformance{'-'.join(flags).replace('--', '').replace('=', '-')}.json"
    report.unlink(missing_ok=True)
    command = [str(ROOT / "tools/dev/conformance"), *flags, "--filter", pattern, "--json", str(report)]
    status = subprocess.run(command, env=dict(os.environ, CAMEO_BUILD=str(build))).returncode
    if report.exists():
        found = json.loads(report.read_text())
        return collections.Counter({key: found[key] for key in ("passed", "failed", "skipped")})
    return collections.Counter(failed=1) if status else collections.Counter(skipped=1)


def main() -> int:
    build, pattern = pathlib.Path(sys.argv[1]), sys.argv[2]
    try:
        re.compile(pattern)
    except re.error as error:
        sys.exit(f"FILTER '{pattern}' is not a regular expression: {error}")
    counts = runLit(build, pattern)
    for flags in CONFORMANCE:
        counts += runConformance(build, flags, pattern)
    if not counts.total():
        print(f"no test matches '{pattern}'")
        return 1
    print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
