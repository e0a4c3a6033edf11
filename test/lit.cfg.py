# lit.cfg.py - the test suite: what is a test, which tools a RUN line may call, which features it may require.
#
# Tools are on PATH by their names: cameo-opt, cameo-compile, cameo-run, FileCheck, not, split-file, mlir-opt.
# Substitutions: %python (build/venv), %source (root of the tree), %build (the build folder), %data (test/Models/data).
# Features: avx2, sanitizer. Folders whose tests are scripts set config.test_format to ScriptCases
# (script_cases.py) in a lit.local.cfg. Unit tests are a suite of their own, see lit.unit.cfg.py.in.
import os
import sys

import lit.formats

config.name = "Cameo"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs", "data", "files"]
config.test_source_root = os.path.join(config.cameo_source, "test")
config.test_exec_root = os.path.join(config.cameo_build, "test")
sys.path.insert(0, config.test_source_root)

config.python = os.path.join(config.cameo_build, "venv/bin/python")
if not os.path.exists(config.python):
    config.python = os.environ.get("CAMEO_PYTHON", sys.executable)
tools = os.path.join(config.cameo_build, "bin")
config.environment["PATH"] = os.pathsep.join([tools, os.path.join(config.llvm_root, "bin"), os.environ["PATH"]])
config.environment["CAMEO_SOURCE"] = config.cameo_source
config.environment["CAMEO_BUILD"] = config.cameo_build
# cameo-run keeps what it compiles here, not in the home of whoever runs the tests.
config.environment["XDG_CACHE_HOME"] = os.path.join(config.test_exec_root, "cache")

config.substitutions += [
    ("%python", config.python),
    ("%source", config.cameo_source),
    ("%build", config.cameo_build),
    ("%data", os.path.join(config.test_source_root, "Models/data")),
]

if config.sanitize:
    config.available_features.add("sanitizer")
flags = set(next((l for l in open("/proc/cpuinfo") if l.startswith("flags")), "").split())
if {"avx2", "fma"} <= flags:
    config.available_features.add("avx2")
