#!/usr/bin/env python3
"""layering.py - which folder may include what, what no file may contain, how C++ is laid out, that errors are in their table, and classes defined once.

    layering.py list | run includes | run planted-violations | run hygiene | run format | run error-codes | run one-definition

The table below is the architecture: every `#include` of the tree is checked against it, and planted violations, one or more
per layer, must be found.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Folders of a layer: the first match counts.
LAYERS = [
    ("tools-common", ["tools/common/"]),
    ("cameo-run", ["tools/cameo-run/"]),
    ("images", ["runtime/images/"]),
    ("runtime", ["runtime/", "include/cameo/Runtime/"]),
    ("support", ["include/cameo/Support/"]),
    ("dialects", ["dialects/", "include/cameo/Dialect/"]),
    ("passes", ["passes/", "include/cameo/Passes/"]),
    # Import and export of a family stand in one file.
    ("import", ["lib/Import/", "include/cameo/Import/", "lib/Export/", "include/cameo/Export/"]),
    ("codegen", ["lib/Codegen/", "include/cameo/Codegen/"]),
    ("pipeline", ["lib/Pipeline/", "include/cameo/Pipeline/"]),
    ("compression", ["lib/Compression/", "include/cameo/Compression/"]),
    ("cuda-sim", ["tools/cuda-sim/"]),
    ("tools", ["tools/"]),
]

# Libraries by their include path.
LIBRARIES = [
    ("standard", r"[a-z_]+$|(std(def|int|io|lib)|locale|time|wctype)\.h$"),
    ("system", r"(cpuid|dlfcn|elf|fcntl|immintrin|pthread|sched|spawn|unistd|linux/\w+|sys/\w+)\.h$"),
    ("llvm-base", r"llvm/(ADT|Support)/"),
    ("mlir-diagnostics", r"mlir/(IR/(Diagnostics|Location)\.h|Support/)"),
    ("mlir-target", r"mlir/(Dialect/(LLVMIR|GPU|X86Vector|AMX|NVGPU)|Target|ExecutionEngine)/"),
    ("mlir", r"mlir/"),
    ("lld", r"lld/"),
    ("llvm", r"(llvm|llvm-c|clang)/"),
    ("protobuf", r"(protozero|google/protobuf|onnx)/"),
    ("pictures", r"(png|jpeglib|jerror|tiffio|openjpeg)\.h|webp/"),
    ("cli", r"CLI/|nlohmann/|zlib\.h"),
]

# What each layer may include besides itself, the standard library and the system.
MAY = {
    "runtime": {"kernel-abi", "images-abi"},
    "images": {"images-abi", "pictures"},
    "support": {"messages", "llvm-base", "mlir-diagnostics"},
    # Ops say which run-time error they raise (an index out of range, a division by zero) by the ABI's numbers.
    "dialects": {"support", "llvm-base", "llvm", "mlir-diagnostics", "mlir", "mlir-target", "kernel-abi"},
    "passes": {"dialects", "support", "llvm-base", "mlir-diagnostics", "mlir"},
    "import": {"dialects", "support", "messages", "llvm-base", "llvm", "mlir-diagnostics", "mlir", "protobuf"},
    "codegen": {"dialects", "support", "llvm-base", "llvm", "lld", "mlir-diagnostics", "mlir", "mlir-target", "kernel-abi"},
    "pipeline": {"support", "dialects", "passes", "import", "codegen", "llvm-base", "llvm", "lld", "mlir-diagnostics", "mlir",
                 "mlir-target", "kernel-abi"},
    "compression": {"support", "messages", "dialects", "passes", "pipeline", "runtime", "kernel-abi", "llvm-base", "llvm", "mlir-diagnostics", "mlir"},
    "tools-common": {"messages", "cli"},
    "tools": {"tools-common", "messages", "cameo-run", "compression", "pipeline", "runtime", "kernel-abi", "support", "llvm-base", "llvm", "mlir-diagnostics", "mlir", "cli"},
    "cuda-sim": {"runtime", "kernel-abi"},
    "cameo-run": {"tools-common", "messages", "runtime", "kernel-abi", "protobuf", "pictures", "cli"},
}
# Headers that both sides share, compiler and runtime, compiler and runner, or runtime and decoder, as layers of their own.
SHARED = {"runtime/images/Images.h": "images-abi", "include/cameo/Runtime/KernelABI.h": "kernel-abi", "include/cameo/Runtime/Digest.h": "kernel-abi", "include/cameo/Support/ExitCode.h": "messages",
          "include/cameo/Support/Escaped.h": "messages"}
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^">]+)[">]', re.M)


def layerOf(path: str) -> str | None:
    return next((layer for layer, folders in LAYERS if any(path.startswith(f) for f in folders)), None)


def target(root: pathlib.Path, file: str, include: str) -> tuple[str, str | None]:
    """(layer or library, file of ours) that an include names."""
    for candidate in (os.path.join(os.path.dirname(file), include), include, f"tools/{include}", f"include/{include}"):
        candidate = os.path.normpath(candidate)
        if (root / candidate).is_file() or candidate == f"include/{include}" and include.startswith("cameo/"):
            if candidate in SHARED:
                return SHARED[candidate], candidate
            return layerOf(candidate), candidate
    return next((name for name, pattern in LIBRARIES if re.match(pattern, include)), "an unknown library"), None


def violations(root: pathlib.Path) -> list[str]:
    found = []
    files = [f.relative_to(root).as_posix() for folder in ("include", "lib", "dialects", "passes", "runtime", "tools")
             for f in sorted((root / folder).rglob("*")) if f.suffix in (".h", ".hpp", ".cpp", ".c", ".td")]
    for file in files:
        layer = layerOf(file)
        if file.startswith("tools/cmake/"):
            continue  # the precompiled header, shared by all layers of the compiler
        if layer is None:
            found.append(f"{file}: belongs to no layer")
            continue
        for include in INCLUDE.findall((root / file).read_text(errors="replace")):
            what, path = target(root, file, include)
            if what in ("standard", "system", layer) or what in MAY[layer]:
                # Areas of passes see each other's public headers only.
                area = path and re.match(r"passes/(\w+)/", path)
                if not area or layer != "passes" or file.startswith(f"passes/{area[1]}/"):
                    continue
            found.append(f"{file}: {layer} may not include {what} ({include})")
    return found


# (file, include): each must be found.
PLANTED = [
    ("runtime/core/Planted.cpp", "mlir/IR/Builders.h"),
    ("runtime/core/Planted2.cpp", "llvm/ADT/StringRef.h"),
    ("runtime/core/Planted3.cpp", "cameo/Support/Error.h"),
    ("runtime/core/Planted4.cpp", "nlohmann/json.hpp"),
    ("runtime/core/Planted5.cpp", "png.h"),
    ("lib/Pipeline/Planted3.cpp", "boost/any.hpp"),
    ("include/cameo/Runtime/Planted.h", "cameo/Dialect/Cameo/Cameo.h"),
    ("include/cameo/Support/Planted.h", "cameo/Dialect/Cameo/Cameo.h"),
    ("dialects/Cameo/Planted.cpp", "cameo/Import/ONNX/Model.h"),
    ("passes/Fusion/Planted.cpp", "cameo/Codegen/CPU/Contraction.h"),
    ("passes/Fusion/Planted2.cpp", "mlir/Dialect/LLVMIR/LLVMDialect.h"),
    ("passes/Fusion/Planted3.cpp", "../Shape/Private.h"),
    ("lib/Import/ONNX/Planted.cpp", "cameo/Passes/Fusion.h"),
    ("lib/Codegen/CPU/Planted.cpp", "cameo/Passes/Fusion.h"),
    ("tools/cuda-sim/Planted.cpp", "cameo/Codegen/Kernel.h"),
    ("lib/Codegen/CPU/Planted2.cpp", "cameo/Runtime/cameo.h"),
    ("lib/Pipeline/Planted.cpp", "cameo/Runtime/cameo.h"),
    ("lib/Pipeline/Planted2.cpp", "cameo/Compression/Samples.h"),
    ("lib/Compression/Planted.cpp", "cameo/Codegen/CPU/Contraction.h"),
    ("tools/cameo-compile/Planted.cpp", "cameo/Codegen/CPU/Contraction.h"),
    ("tools/cameo-run/Planted.cpp", "cameo/Pipeline/Compile.h"),
    ("tools/cameo-run/Planted2.cpp", "llvm/ADT/StringRef.h"),
]
# (file, include): none of these may be reported.
ALLOWED = [
    ("runtime/core/Fine.cpp", "cameo/Runtime/cameo.h"),
    ("runtime/core/Fine2.cpp", "vector"),
    ("lib/Codegen/CPU/Fine.cpp", "cameo/Runtime/KernelABI.h"),
    ("passes/Shape/Fine.cpp", "Private.h"),
    ("lib/Import/ONNX/Fine.cpp", "protozero/pbf_reader.hpp"),
    ("tools/cameo-run/Fine.cpp", "cameo/Runtime/cameo.h"),
]


def runPlanted() -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for file, include in PLANTED + ALLOWED:
            (root / file).parent.mkdir(parents=True, exist_ok=True)
            (root / file).write_text(f'// a test\n#include "{include}"\n')
        (root / "passes/Shape/Private.h").write_text("// of Shape alone\n")
        found = violations(root)
    reported = {line.split(":")[0] for line in found}
    return ([f"not caught: {f} includes {i}" for f, i in PLANTED if f not in reported]
            + [f"wrongly reported: {f} includes {i}" for f, i in ALLOWED if f in reported])


def trackedFiles() -> list[str]:
    if not (ROOT / ".git").exists():
        print("the tree is not a checkout of git, which knows its files")
        sys.exit(77)
    return subprocess.run(["git", "-C", str(ROOT), "ls-files"], capture_output=True, text=True, check=True).stdout.splitlines()


def runHygiene() -> list[str]:
    """Tracked files name no machine of ours; the top level is the agreed one."""
    tracked = trackedFiles()
    folders = {"include", "lib", "dialects", "passes", "runtime", "tools", "test"}
    files = {"CMakeLists.txt", "CMakePresets.json", "README.md", "LICENSE", "pyproject.toml"}
    top = {t.split("/")[0] for t in tracked}
    found = [f"top level: {t}" for t in sorted(top) if t not in folders | files and not t.startswith(".")]
    # Split, so that this file does not hold what it looks for.
    words = re.compile(r"(?<![A-Za-z0-9_.])/(?:wo" r"rk|ho" r"me/\w+)/|\b(?:py" r"pi|npm" r"js)\.(?:org|com)|deb\.deb" r"ian\.org")
    for name in tracked:
        path = ROOT / name
        if path.is_file() and not path.is_symlink() and path.suffix not in (".onnx", ".png", ".npz", ".pb", ".bin"):
            for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
                if words.search(line):
                    found.append(f"{name}:{number}: names a machine: {line.strip()[:100]}")
    return found


def runFormat() -> list[str]:
    """C++ is as `clang-format-22 -i` leaves it (.clang-format)."""
    files = [name for name in trackedFiles() if name.endswith((".c", ".cpp", ".h", ".hpp")) and (ROOT / name).is_file()]
    done = subprocess.run(["clang-format-22", "--dry-run", *files], cwd=ROOT, capture_output=True, text=True, check=True)
    return [line for line in done.stderr.splitlines() if "warning:" in line]


# A comment or text, the beginning of a namespace or of a definition, a brace.
PIECE = re.compile(r'''//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|\bnamespace\s+(?P<space>[\w:]*)\s*\{'''
                   r'''|\b(?:class|struct|enum class|enum)\s+(?P<name>\w+)(?:\s+final)?\s*(?::[^:;{()][^;{()]*)?\{|[{}]''', re.S)


def definitions(text: str) -> list[str]:
    """Qualified names of the classes that a file defines in namespaces with names."""
    found, inside = [], []  # the latter: names of namespaces; None for other braces
    for piece in PIECE.finditer(text):
        if piece["space"] is not None:
            inside.append(piece["space"] or None)
        elif piece["name"]:
            if None not in inside:
                found.append("::".join([*inside, piece["name"]]))
            inside.append(None)
        elif piece[0] == "{":
            inside.append(None)
        elif piece[0] == "}" and inside:
            inside.pop()
    return found


def runOneDefinition() -> list[str]:
    """No two files define a class of the same qualified name: templates over both would be one for the linker."""
    places: dict[str, list[str]] = {}
    for folder in ("include", "lib", "dialects", "passes", "runtime", "tools"):
        for file in sorted((ROOT / folder).rglob("*")):
            if file.suffix in (".cpp", ".h", ".hpp"):
                for name in set(definitions(file.read_text())):
                    places.setdefault(name, []).append(file.relative_to(ROOT).as_posix())
    planted = definitions("namespace a { struct X final : B { struct Y {}; }; namespace b { enum class Z { One }; struct F; void f() {} } namespace { struct L {}; } }")
    if planted != ["a::X", "a::b::Z"]:
        return [f"definitions() finds {planted}"]
    return [f"{name} is defined in {' and '.join(files)}" for name, files in places.items() if len(files) > 1]


def runErrorCodes() -> list[str]:
    """Codes in sources, ErrorCodes.inc and the table of tools/README.md are the same, each with its exit code."""
    exits = dict(re.findall(r"(\w+) = (\d+),", (ROOT / "include/cameo/Support/ExitCode.h").read_text()))
    rows = re.findall(r'CAMEO_ERROR\("(E-\w+)", (\w+), "(.*)"\)', (ROOT / "include/cameo/Support/ErrorCodes.inc").read_text())
    used = {code for folder in ("include", "lib", "dialects", "passes", "runtime", "tools") for file in (ROOT / folder).rglob("*")
            if file.suffix in (".cpp", ".h", ".td") for code in re.findall(r'"(E-[A-Z0-9]+)"', file.read_text())}
    declared = {code for code, _, _ in rows}
    readme = (ROOT / "tools/README.md").read_text()
    return ([f"{code} is in no row of ErrorCodes.inc" for code in sorted(used - declared)]
            + [f"{code} is in ErrorCodes.inc and nowhere else" for code in sorted(declared - used)]
            + [f"tools/README.md lacks the line: {line}" for code, exit, meaning in rows
               if (line := f"| {code} | {exits[exit]} | {meaning} |") not in readme])


def main() -> None:
    cases = {"includes": lambda: violations(ROOT), "planted-violations": runPlanted, "hygiene": runHygiene, "format": runFormat, "error-codes": runErrorCodes,
             "one-definition": runOneDefinition}
    match sys.argv[1:]:
        case ["list"]:
            print("\n".join(cases))
        case ["run", name] if name in cases:
            found = cases[name]()
            print("\n".join(found))
            sys.exit(1 if found else 0)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
