#!/usr/bin/env python3
"""runtime.py - tests of the runtime as a whole: it builds alone, is small, embeds in C, and survives the sanitizers.

usage: runtime.py list | run CASE
"""
import os
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("CAMEO_BUILD", ROOT / "build"))
HEADERS = f"-I{ROOT}/include"
CC = "clang-22"
sys.path.insert(0, str(ROOT / "test/Support"))
import cameo  # noqa: E402


def call(*command, **kwargs) -> str:
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, **kwargs)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} ended with {done.returncode}\n{done.stdout[-4000:]}{done.stderr[-4000:]}")
    return done.stdout


def skip(reason: str) -> None:
    print(reason)
    sys.exit(77)


def configure(build: pathlib.Path, *options: str) -> None:
    call("cmake", "-G", "Ninja", "-S", ROOT / "runtime", "-B", build, f"-DCMAKE_C_COMPILER={CC}", "-DCMAKE_CXX_COMPILER=clang++-22",
         "-DCAMEO_WERROR=ON", *options)


def buildsAlone() -> None:
    """From nothing in under a minute; the library is small and shows nothing but its C interface."""
    with tempfile.TemporaryDirectory() as folder:
        build, start = pathlib.Path(folder), time.time()
        configure(build)
        call("ninja", "-C", build, "-j2", "cameo-runtime", "cameo-runtime-shared")
        seconds = time.time() - start
        library = build / "lib/libcameo_runtime.so"
        call("strip", "-o", build / "stripped.so", library.resolve())
        size = (build / "stripped.so").stat().st_size
        symbols = [line.split()[-1] for line in call("nm", "-D", "--defined-only", library).splitlines()]
        foreign = [s for s in symbols if not s.startswith(("cameo_", "CAMEO_"))]
        llvm = [s for s in call("nm", "-C", library).splitlines() if "llvm::" in s or "mlir::" in s]
        print(f"built in {seconds:.1f} s, {size} bytes stripped, {len(symbols)} symbols")
        if seconds > 60 or size > 1_000_000 or foreign or llvm:
            sys.exit(f"expected under 60 s, under 1000000 bytes, no symbols but cameo_*: {foreign} {llvm}")


def sanitized(sanitizer: str) -> None:
    """The unit tests, those with 32 threads included, under a sanitizer."""
    build = BUILD / f"runtime-{sanitizer.split(',')[0]}"
    configure(build, f"-DCAMEO_SANITIZE={sanitizer}")
    call("ninja", "-C", build, "-j2", "runtime-tests")
    print(call(build / "bin/runtime-tests", "--gtest_brief=1", env={**os.environ, "TSAN_OPTIONS": "halt_on_error=1"}))


def compiled(folder: str, *options: str) -> pathlib.Path:
    compiler = BUILD / "bin/cameo-compile"
    if not compiler.exists():
        skip("cameo-compile is not built")
    output = pathlib.Path(folder) / ("libmodel.a" if options else "model.cameo")
    call(compiler, ROOT / "test/Models/data/mnist.onnx", "-o", output, *options)
    return output


def embed() -> None:
    """runtime/examples/embed.c, at most 40 lines, built as any C program with an installed runtime."""
    source = ROOT / "runtime/examples/embed.c"
    lines = len(source.read_text().splitlines())
    if lines > 40:
        sys.exit(f"{source} has {lines} lines")
    with tempfile.TemporaryDirectory() as folder:
        model = compiled(folder)
        call("cmake", "--install", BUILD, "--component", "runtime", "--prefix", f"{folder}/usr")
        (package,) = pathlib.Path(folder).rglob("cameo.pc")
        lines = package.read_text().replace("${pcfiledir}", str(package.parent)).replace("${prefix}", str(package.parent / "../..")).splitlines()
        flags = dict(line.split(": ", 1) for line in lines if ": " in line)
        (library,) = pathlib.Path(folder).rglob("libcameo_runtime.so")
        call(CC, "-std=c11", "-Wall", "-Wextra", "-Werror", source, *flags["Cflags"].split(), *flags["Libs"].split(),
             f"-Wl,-rpath,{library.parent}", "-o", f"{folder}/embed")
        print(call(f"{folder}/embed", model))


def embedStatic() -> None:
    """The same from a static library, with no program file at run time."""
    with tempfile.TemporaryDirectory() as folder:
        archive = compiled(folder, "--emit=static-lib")
        symbols = [line.split()[-1] for line in call("nm", "--defined-only", archive).splitlines() if line.endswith("_program")]
        if len(symbols) != 1:
            sys.exit(f"{archive} defines {symbols}, expected one symbol cameo_<name>_program")
        call(CC, "-Wall", "-Wextra", "-Werror", f"-DMODEL={symbols[0]}", ROOT / "runtime/examples/embed_static.c", archive, HEADERS,
             BUILD / "lib/libcameo_runtime.a", "-lstdc++", "-lpthread", "-ldl", "-lm", "-o", f"{folder}/embed")
        archive.unlink()
        print(call(f"{folder}/embed"))


def cudaPart() -> None:
    """What serves GPUs is small, and a program for the CPU neither opens the driver's library nor starts anything of it."""
    objects = sorted((BUILD / "runtime/CMakeFiles/cameo-runtime-objects.dir/cuda").glob("*.o"))
    size = sum(int(line.split()[3]) for line in call("size", *objects).splitlines()[1:])
    print(f"the CUDA part has {size} bytes")
    if not objects or size >= 150_000:
        sys.exit("expected objects of runtime/cuda, under 150000 bytes together")
    with tempfile.TemporaryDirectory() as folder:
        model = compiled(folder)

        def loaderLog(*flags: str) -> str:
            return subprocess.run([BUILD / "bin/cameo-run", model, *flags], capture_output=True, text=True,
                                  env={**os.environ, "LD_DEBUG": "files,libs", "LD_LIBRARY_PATH": f"{BUILD}/lib/fake-cuda"}).stderr

        if "libcuda" in loaderLog() or "libcuda" not in loaderLog("--target=cuda:0"):
            sys.exit("expected the dynamic loader to see libcuda when a GPU is asked for, and only then")


def memory() -> None:
    """64 MiB of weights stay in the mapped file: loading brings hardly any of it into memory, and running takes little beside them and
    the arena."""
    import json

    import numpy as np
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    weights = numpy_helper.from_array(np.random.default_rng(0).standard_normal((4096, 4096)).astype(np.float32), "w")
    tensor = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, [8, 4096])
    graph = helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["y"])], "case", [tensor("x")], [tensor("y")], [weights])
    with tempfile.TemporaryDirectory() as folder:
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), f"{folder}/model.onnx")
        call(BUILD / "bin/cameo-compile", f"{folder}/model.onnx", "-o", f"{folder}/model.cameo")
        run = json.loads(call(BUILD / "bin/cameo-run", f"{folder}/model.cameo", "--threads", "1", "--repeat", "2", "--json"))
        resident = lambda: int(pathlib.Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 2**20
        cameo.loadLibrary()
        before = resident()
        program = cameo.Program(f"{folder}/model.cameo", threads=1)
        loaded = resident() - before
        del program
    print(f"loaded in {run['load_ms']:.2f} ms, {loaded:.1f} MiB then, {run['peak_rss_mb']:.1f} MiB at most, {run['working_mb']:.1f} of them working memory")
    if loaded > 4 or not 64 < run["peak_rss_mb"] <= 64 + run["working_mb"] + 15:
        sys.exit("expected at most 4 MiB once loaded, and at most weights, working memory and 15 MiB in a run")


CASES = {"memory": memory, "cuda-part": cudaPart, "builds-alone": buildsAlone, "thread-sanitizer": lambda: sanitized("thread"),
         "address-sanitizer": lambda: sanitized("address,undefined"), "embed": embed, "embed-static": embedStatic}


def main() -> None:
    match sys.argv[1:]:
        case ["list"]:
            print("\n".join(CASES))
        case ["run", name] if name in CASES:
            CASES[name]()
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
