"""harness.py - compiles and runs one case in processes of its own and says how it ended.

A case that crashes, hangs or eats memory ends its own process only. Outcomes:

    pass           shapes and types equal, values within the suite's tolerance
    mismatch       it ran, but names, types, shapes or values differ
    unsupported    the compiler refused it with exit code 4
    compile-error  the compiler refused it with any other code
    run-error      the program refused its input or failed
    assembler      NVIDIA's assembler refuses a kernel, or spills registers beyond Codegen/CUDA/case-spills.txt
    internal       exit code 70: the tool itself says it has a bug
    crash          ended by a signal
    sanitizer      ended by AddressSanitizer or a leak found by it
    timeout        too slow
"""
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import zipfile

import numpy as np

import modes
import randomness

sys.path += [str(pathlib.Path(__file__).resolve().parents[1] / folder) for folder in ("Codegen/CUDA", "Support")]
import assembler
import cameo

SECONDS = 60  # of the processor, so that it does not matter what else the machine does
WAITING = 600  # of the clock, for what waits forever
MEMORY = 8 << 30
SANITIZER_EXIT = 99
# ONNX element types that NumPy lacks; cameo-run stores their bits in an unsigned integer of the same size.
BITS = {"bfloat16": np.uint16, "float8_e4m3fn": np.uint8, "float8_e4m3fnuz": np.uint8, "float8_e5m2": np.uint8,
        "float8_e5m2fnuz": np.uint8, "float8_e8m0fnu": np.uint8, "float4_e2m1fn": np.uint8}
# Integers below 8 bits, whose values it stores.
WIDE = {"int4": np.int8, "uint4": np.uint8, "int2": np.int8, "uint2": np.uint8}


class Failed(Exception):
    def __init__(self, outcome: str, detail: str):
        self.outcome, self.detail = outcome, detail


def firstError(stderr: str, model: str) -> str:
    """The line which a user would read first, without paths of this machine."""
    lines = [line for line in stderr.splitlines() if line.strip()]
    line = next((line for line in lines if "error" in line), lines[0] if lines else "no message")
    line = line.replace(model, "model.onnx").replace(str(pathlib.Path(model).parent) + "/", "")
    return re.sub(r"^\S*cameo(-\w+)?: ", "", line)[:300]


def call(command: list[str], model: str, sanitized: bool) -> str:
    """Runs a tool under limits; its standard output, or Failed."""
    stage = "compile" if "cameo-compile" in command[0] else "run"
    limits = ["prlimit", f"--cpu={SECONDS}:{SECONDS + 5}", "--core=0", *([] if sanitized else [f"--as={MEMORY}"])]
    # libLLVM and libMLIR have no sanitizers: what crosses their border and what their arenas poison would be reported.
    foreign = "allow_user_poisoning=0:detect_container_overflow=0:detect_odr_violation=0"
    env = dict(os.environ, ASAN_OPTIONS=f"exitcode={SANITIZER_EXIT}:detect_leaks=1:{foreign}", LSAN_OPTIONS=f"exitcode={SANITIZER_EXIT}")
    try:
        done = subprocess.run([*limits, *command], capture_output=True, timeout=WAITING, env=env)
    except subprocess.TimeoutExpired:
        raise Failed("timeout", f"{stage}: did not end within {WAITING} s") from None
    code, stderr = done.returncode, done.stderr.decode(errors="replace")
    if code == 0:
        return done.stdout.decode(errors="replace")
    if code == -signal.SIGXCPU:
        raise Failed("timeout", f"{stage}: more than {SECONDS} s of the processor")
    if code < 0 or code > 128:
        number = -code if code < 0 else code - 128
        name = signal.Signals(number).name if number in set(signal.Signals) else str(number)
        raise Failed("crash", f"{stage}: {name}; {stderr.strip().splitlines()[0][:200] if stderr.strip() else 'no message'}")
    if code == SANITIZER_EXIT and sanitized:
        raise Failed("sanitizer", f"{stage}: " + next((line for line in stderr.splitlines() if "ERROR:" in line), ""))
    outcome = "internal" if code == 70 else "run-error" if stage == "run" else "unsupported" if code == 4 else "compile-error"
    raise Failed(outcome, firstError(stderr, model))


def readTensors(name: str, path: str, kind) -> dict | None:
    """What a program calls the tensors of a stored value of type `kind`: the name, or NAME[0], NAME[1], ... for a sequence. Nothing
    for an optional without an element; None for what holds no tensors."""
    import onnx

    def tensorsOf(value, kind):
        which = kind.WhichOneof("value")
        if which == "tensor_type":
            return {name: value}
        if which == "sequence_type" and kind.sequence_type.elem_type.WhichOneof("value") == "tensor_type":
            return {f"{name}[{i}]": tensor for i, tensor in enumerate(value.tensor_values)}
        if which == "optional_type":
            inner = kind.optional_type.elem_type
            isTensor = inner.WhichOneof("value") == "tensor_type"
            if not value.elem_type:
                return {}
            return tensorsOf(value.tensor_value if isTensor else value.sequence_value, inner)
        return None

    messages = {"tensor_type": onnx.TensorProto, "sequence_type": onnx.SequenceProto, "optional_type": onnx.OptionalProto}
    message = messages.get(kind.WhichOneof("value"))
    if message is None:
        return None
    value = message()
    value.ParseFromString(pathlib.Path(path).read_bytes())
    return tensorsOf(value, kind)


def storedValues(case: dict, folder: str) -> tuple[list[str], list[tuple[list[str], dict]]]:
    """The flags that fix the lengths of sequence inputs, and for each data set the inputs and the wanted arrays."""
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(case["model"], load_external_data=False).graph
    kinds = {value.name: value.type for value in [*graph.input, *graph.output]}
    shapes, sets = {}, []
    for data in case["sets"]:
        inputs, wanted = [], {}
        for name, path in data["inputs"]:
            tensors = readTensors(name, path, kinds[name])
            if kinds[name].WhichOneof("value") == "tensor_type":
                inputs += ["--input", f"{name}={path}"]
                continue
            if not tensors:
                shapes[name] = "none"
            for element, tensor in (tensors or {}).items():
                shapes[element] = "x".join(map(str, tensor.dims)) or "scalar"
                pathlib.Path(folder, f"{element}.pb").write_bytes(tensor.SerializeToString())
                inputs += ["--input", f"{element}={folder}/{element}.pb"]
        for name, path in data["outputs"]:
            tensors = readTensors(name, path, kinds[name])
            if tensors is None:
                raise Failed("mismatch", f"output '{name}' holds no tensors")
            wanted |= {element: numpy_helper.to_array(tensor) for element, tensor in tensors.items()}
        sets.append((inputs, wanted))
    return [f"--shape={name}:{shape}" for name, shape in shapes.items()], sets


def givenTensors(outputs) -> dict[str, np.ndarray]:
    """What a program gave, under the names of readTensors: the elements of sequences whose length only the run knows (NAME.elements,
    NAME.shapes), and of optionals (NAME.present) those which are there."""
    tensors = {}
    for name in outputs:
        base, _, part = name.rpartition(".")
        isRagged = f"{base}.elements" in outputs and f"{base}.shapes" in outputs
        isOptional = isRagged or base in outputs or f"{base}[0]" in outputs
        if isRagged and part == "elements":
            try:
                elements = cameo.ragged(outputs[name], outputs[f"{base}.shapes"])
            except ValueError as problem:
                raise Failed("mismatch", f"output '{base}': {problem}") from None
            tensors |= {f"{base}[{i}]": element for i, element in enumerate(elements)}
        elif not (isRagged and part == "shapes") and not (isOptional and part == "present"):
            tensors[name] = outputs[name]
    absent = [name.removesuffix(".present") for name in outputs if name not in tensors and name.endswith(".present") and not outputs[name]]
    return {name: value for name, value in tensors.items() if name.partition("[")[0] not in absent}


def compare(name: str, actual: np.ndarray, wanted: np.ndarray, rtol: float, atol: float) -> None:
    if wanted.dtype.name in BITS and actual.dtype == BITS[wanted.dtype.name]:
        actual = actual.view(wanted.dtype)
    if wanted.dtype.name in WIDE:
        wanted = wanted.astype(WIDE[wanted.dtype.name])
    if wanted.dtype.kind == "O" and actual.dtype.kind == "U":
        wanted = np.array([t.decode() if isinstance(t, bytes) else t for t in wanted.ravel()], dtype=str).reshape(wanted.shape)
        actual, wanted = actual.astype(object), wanted.astype(object)
    if actual.dtype != wanted.dtype:
        raise Failed("mismatch", f"output '{name}' has type {actual.dtype}, expected {wanted.dtype}")
    if actual.shape != wanted.shape:
        raise Failed("mismatch", f"output '{name}' has shape {list(actual.shape)}, expected {list(wanted.shape)}")
    if wanted.dtype.name == "bfloat16":
        rtol = max(rtol, 2.0**-6)  # two units in the last place, as in the suite's own runner
    if wanted.dtype.kind not in "fcO":
        if wanted.dtype.kind == "V" or wanted.dtype.name in BITS:
            actual, wanted = actual.astype(np.float32), wanted.astype(np.float32)
        else:
            rtol = atol = 0
    if wanted.dtype.kind in "biuO":
        wrong = actual != wanted
    else:
        with np.errstate(all="ignore"):
            wrong = ~np.isclose(actual, wanted, rtol=rtol, atol=atol, equal_nan=True)
    if wrong.any():
        at = tuple(int(i) for i in np.argwhere(wrong)[0])
        found, expected = actual[at], wanted[at]
        raise Failed("mismatch", f"output '{name}': {int(wrong.sum())} of {wrong.size} values differ, first at {list(at)}: {found} vs {expected}")


def runCase(case: dict, tools: pathlib.Path, opt: int, sanitized: bool = False, mode: str = "static",
            chip: str | None = None) -> tuple[str, str]:
    """(outcome, detail) of one case; of its variants, the first that does not pass. With `chip`, on the simulator of GPUs."""
    with tempfile.TemporaryDirectory(prefix="cameo-conformance-") as folder:
        if case["random"]:
            case = randomness.enlarged(case, folder)
        if mode == "export":
            return runExported(case, tools, opt, folder, sanitized)
        outcomes = (runVariant(variant, tools, opt, sanitized, chip=chip) for variant in modes.variants(case, mode, folder))
        return next((outcome for outcome in outcomes if outcome[0] != "pass"), ("pass", ""))


def runExported(case: dict, tools: pathlib.Path, opt: int, folder: str, sanitized: bool) -> tuple[str, str]:
    """The case by way of an ONNX file that Cameo wrote: the checker likes it, ONNX Runtime and Cameo give the same results."""
    import exported as written

    exported = f"{folder}/exported.onnx"
    try:
        shapes, _ = storedValues(case, folder)
        call([str(tools / "cameo-compile"), case["model"], "-o", exported, "--emit=onnx", f"-O{opt}", *shapes], case["model"], sanitized)
        if problem := written.check(case, case["model"], exported, SECONDS):
            return "mismatch", f"exported: {problem}"
    except Failed as failure:
        return failure.outcome, failure.detail
    outcome, detail = runVariant(case, tools, opt, sanitized, exported)
    return outcome, f"exported: {detail}" if detail else ""


def checkKernels(case: str, program: str, chip: str) -> None:
    """Has the kernels of a program assembled, where the assembler is here."""
    if ptxas := assembler.findPtxas():
        try:
            kernels = assembler.assembleProgram(ptxas, pathlib.Path(program), chip)
        except assembler.Refused as refusal:
            raise Failed("assembler", str(refusal)) from None
        if spilling := [f"{name} spills {need.spills} bytes" for name, need in kernels.items() if need.spills > assembler.allowedSpills(case)]:
            raise Failed("assembler", ", ".join(spilling))


def runVariant(case: dict, tools: pathlib.Path, opt: int, sanitized: bool, model: str = "", chip: str | None = None) -> tuple[str, str]:
    """`model`: a file to compile in place of the case's, with the elements of sequences as inputs and outputs."""
    compileFlags, runFlags = (["--target=cuda", f"--chip={chip}"], ["--target=cuda:sim"]) if chip else ([], [])
    with tempfile.TemporaryDirectory(prefix="cameo-conformance-") as folder:
        program, result = f"{folder}/case.cameo", f"{folder}/out.npz"
        try:
            shapes, sets = storedValues(case, folder)
            command = [model] if model else [case["model"], *shapes]
            call([str(tools / "cameo-compile"), *command, "-o", program, f"-O{opt}", "-j", "1", *compileFlags], model or case["model"], sanitized)
            if chip:
                checkKernels(case["name"], program, chip)
            for data, (inputs, wanted) in zip(case["sets"], sets):
                call([str(tools / "cameo-run"), program, *inputs, "--threads", "1", "--output", result, "--json", *runFlags], case["model"], sanitized)
                with np.load(result) as outputs:
                    actual = givenTensors(outputs)
                    if unexpected := set(actual) - set(wanted):
                        raise Failed("mismatch", f"output '{min(unexpected)}' is not expected")
                    if missing := set(wanted) - set(actual):
                        raise Failed("mismatch", f"output '{min(missing)}' is missing")
                    if case["random"]:
                        if problem := randomness.check(case, data, actual, wanted):
                            raise Failed("mismatch", problem)
                        continue
                    for name, value in wanted.items():
                        compare(name, actual[name], value, case["rtol"], case["atol"])
        except Failed as failure:
            return failure.outcome, failure.detail
        except (OSError, ValueError, zipfile.BadZipFile) as error:
            return "run-error", f"what cameo-run wrote cannot be read: {error}"
    return "pass", ""
