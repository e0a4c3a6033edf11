"""cameo.py - the compiler by its command, and the runtime's C interface through ctypes, for tests and timing that must keep a program loaded.

    program = Program(compileModel("model.onnx", "-O3"), threads=1)
    outputs = program.run({"x": array})      # dict of fresh arrays
Texts are arrays of objects. Not a product: no zero-copy, no numbers below 8 bits.
"""
import ctypes
import os
import pathlib
import subprocess
import sys

import numpy as np

try:
    from ml_dtypes import bfloat16
except ImportError:
    bfloat16 = np.dtype([("bits", np.uint16)])  # can be fed and read, not computed with

BUILD = pathlib.Path(os.environ.get("CAMEO_BUILD", pathlib.Path(__file__).resolve().parents[2] / "build"))
DTYPES = {1: np.float32, 2: np.uint8, 3: np.int8, 4: np.uint16, 5: np.int16, 6: np.int32, 7: np.int64, 8: np.object_, 9: np.bool_,
          10: np.float16, 11: np.float64, 12: np.uint32, 13: np.uint64, 16: bfloat16}
NUMBERS = {np.dtype(t): n for n, t in DTYPES.items()}

# What this machine's CPU can do, and the levels of --cpu that run here.
FLAGS = set(next((line for line in open("/proc/cpuinfo") if line.startswith("flags")), "").split())
LEVELS = ["native"] + ["x86-64-v4"] * ("avx512bw" in FLAGS) + ["x86-64-v3"] * ({"avx2", "fma"} <= FLAGS) + ["x86-64-v2"] * ("sse4_2" in FLAGS)


def compileModel(model, *flags: str, program=None) -> str:
    """The path of the program, `program` or one beside the model; ends the script with what the compiler says where that fails."""
    program = str(program or f"{model}{''.join(flags).replace('/', '-')}.cameo")
    done = subprocess.run([BUILD / "bin/cameo-compile", model, "-o", program, *flags], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"cameo-compile {' '.join(flags)} ended with {done.returncode}: {done.stderr}")
    return program


def expectNoticed(edit: str, message: str, run) -> None:
    """`run` fails with `message` where `edit` (tools/cuda-sim/Driver.cpp) changes the PTX that the simulator executes; else the script ends."""
    os.environ["CAMEO_CUDASIM_EDIT"] = edit
    try:
        run()
    except (SystemExit, RuntimeError) as end:
        if message in str(end):
            return print(f"noticed: {end}")
        raise
    sys.exit("was not noticed")


class Error(ctypes.Structure):
    _fields_ = [("code", ctypes.c_int32), ("message", ctypes.c_char * 1020)]


class Text(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("size", ctypes.c_uint64)]


class ContextOptions(ctypes.Structure):
    _fields_ = [("struct_size", ctypes.c_uint32), ("threads", ctypes.c_uint32), ("memory_budget", ctypes.c_uint64),
                ("trace", ctypes.c_void_p), ("trace_user", ctypes.c_void_p)]


class ProgramOptions(ctypes.Structure):
    _fields_ = [("struct_size", ctypes.c_uint32), ("verify_weights", ctypes.c_uint32), ("variant", ctypes.c_char_p), ("target", ctypes.c_char_p)]


class Tensor(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("dtype", ctypes.c_uint32), ("rank", ctypes.c_uint32), ("dims", ctypes.POINTER(ctypes.c_int64))]


class ValueInfo(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("dtype", ctypes.c_uint32), ("rank", ctypes.c_uint32), ("dims", ctypes.POINTER(ctypes.c_int64)),
                ("symbols", ctypes.POINTER(ctypes.c_char_p))]


def loadLibrary() -> ctypes.CDLL:
    found = BUILD / "lib/libcameo_runtime.so"
    if not found.exists():
        raise FileNotFoundError(f"the runtime's shared library is missing: {found}")
    library = ctypes.CDLL(str(found))
    library.cameo_program_num_inputs.restype = library.cameo_program_num_outputs.restype = ctypes.c_uint64
    library.cameo_program_input.restype = library.cameo_program_output.restype = ctypes.POINTER(ValueInfo)
    return library


def ragged(elements: np.ndarray, shapes: np.ndarray) -> list[np.ndarray]:
    """The tensors of a sequence whose length only the run knows."""
    tensors = []
    for row in shapes:
        shape = row[row >= 0]
        count = int(np.prod(shape))
        tensors.append(elements[:count].reshape(shape))
        elements = elements[count:]
    if elements.size:
        raise ValueError(f"the elements are {elements.size} more than the shapes say")
    return tensors


def bindings(names: list[str], outputs: dict[str, np.ndarray]) -> dict:
    """The outputs of a program under the names of the graph's: a tensor, a list of those of a sequence, None for an optional
    without an element."""
    result = {}
    for name in names:
        if not outputs.get(f"{name}.present", True):
            result[name] = None
        elif name in outputs:
            result[name] = outputs[name]
        elif f"{name}.elements" in outputs:
            result[name] = ragged(outputs[f"{name}.elements"], outputs[f"{name}.shapes"])
        else:
            result[name] = [outputs[f"{name}[{i}]"] for i in range(len(outputs)) if f"{name}[{i}]" in outputs]
    return result


class Program:
    def __init__(self, path: str, threads: int = 0, target: str = "cpu"):
        self.library, self.error = loadLibrary(), Error()
        self.kept: dict = {}  # bound arrays: the context borrows them
        self.program, self.context = ctypes.c_void_p(), ctypes.c_void_p()
        if target == "cuda:sim":  # the runtime then finds it by its name
            ctypes.CDLL(str(BUILD / "lib/libcameo_cudasim.so"))
        programOptions = ProgramOptions(ctypes.sizeof(ProgramOptions), 0, None, target.encode())
        self.check(self.library.cameo_program_load(os.fsencode(path), ctypes.byref(programOptions), ctypes.byref(self.program), ctypes.byref(self.error)))
        options = ContextOptions(ctypes.sizeof(ContextOptions), threads, 0, None, None)
        self.check(self.library.cameo_context_create(self.program, ctypes.byref(options), ctypes.byref(self.context), ctypes.byref(self.error)))
        self.inputs = self.names(self.library.cameo_program_num_inputs, self.library.cameo_program_input)
        self.outputs = self.names(self.library.cameo_program_num_outputs, self.library.cameo_program_output)

    def check(self, code: int) -> None:
        if code:
            raise RuntimeError(self.error.message.decode())

    def names(self, count, item) -> list[str]:
        return [item(self.program, ctypes.c_uint64(i)).contents.name.decode() for i in range(count(self.program))]

    def bind(self, feeds: dict[str, np.ndarray]) -> None:
        for name, array in feeds.items():
            array = np.ascontiguousarray(array).reshape(np.shape(array))
            dims = (ctypes.c_int64 * max(array.ndim, 1))(*array.shape)
            texts = [str(t).encode() for t in array.flat] if array.dtype == object else []
            held = (Text * len(texts))(*[(ctypes.cast(t, ctypes.c_void_p), len(t)) for t in texts])
            tensor = Tensor(ctypes.addressof(held) if texts else array.ctypes.data, NUMBERS[array.dtype], array.ndim, dims)
            self.kept[name] = array, texts, held
            index = ctypes.c_uint64(self.inputs.index(name))
            self.check(self.library.cameo_context_set_input(self.context, index, ctypes.byref(tensor), ctypes.byref(self.error)))

    def execute(self) -> None:
        self.check(self.library.cameo_context_run(self.context, ctypes.byref(self.error)))

    def results(self) -> dict[str, np.ndarray]:
        arrays = {}
        for index, name in enumerate(self.outputs):
            tensor = Tensor()
            self.check(self.library.cameo_context_output(self.context, ctypes.c_uint64(index), ctypes.byref(tensor), ctypes.byref(self.error)))
            shape, dtype = [tensor.dims[i] for i in range(tensor.rank)], np.dtype(DTYPES[tensor.dtype])
            count = int(np.prod(shape, dtype=np.int64))
            if dtype == object:
                texts = ctypes.cast(tensor.data, ctypes.POINTER(Text))
                decode = lambda t: ctypes.string_at(t.data, t.size).decode()
                arrays[name] = np.array([decode(texts[i]) for i in range(count)], dtype).reshape(shape)
                continue
            size = count * dtype.itemsize
            arrays[name] = np.frombuffer(ctypes.string_at(tensor.data, size) if size else b"", dtype).reshape(shape)
        return arrays

    def run(self, feeds: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        self.bind(feeds)
        self.execute()
        return self.results()

    def __del__(self):
        if hasattr(self, "context"):
            self.library.cameo_context_release(self.context)
            self.library.cameo_program_release(self.program)
