#!/usr/bin/env python3
"""few_rows.py - products of few rows on simulated GPUs against double precision: floats in every layout, quantized weights, fused ops.

    few_rows.py list       the cases, and planted mistakes, each of which is reported
    few_rows.py run CASE   one case, for several chips

A sum of K products in any order, whose factors are as given: |error| <= 2 (K + 4) eps S with eps = 2^-24 and S the sum of |x w|; what a scale
is applied to is a sum of its own. A result in f16 or bf16 is rounded once: + half a unit in the last place. Where NVIDIA's assembler is
installed, it takes each kernel without spilled registers.
"""
import dataclasses
import pathlib
import sys
import tempfile

import ml_dtypes
import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "test/Support"), str(ROOT / "test/Codegen/CUDA")]
import assembler  # noqa: E402
import cameo  # noqa: E402

NAMES = {"f32": np.float32, "f16": np.float16, "bf16": ml_dtypes.bfloat16}
EPSILON = {"f32": 0.0, "f16": 2.0**-11, "bf16": 2.0**-8}
CHIPS = ["sm_75", "sm_80", "sm_90a"]
CASES = {}


def spelled(dims, element: str) -> str:
    return f"tensor<{''.join(('?' if isinstance(d, str) else str(d)) + 'x' for d in dims)}{element}>"


def constant(name: str, array: np.ndarray, element: str) -> str:
    return f"  %{name} = cameo.constant dense<\"0x{array.tobytes().hex()}\"> : {spelled(array.shape, element)}\n"


@dataclasses.dataclass
class Case:
    """x [M, K], or [batch, M, K]; w [K, N], or [N, K] where it is transposed. `block`: w is quantized to `bits` bits. `runs`: values of an M
    with a name."""
    m: int | str
    n: int
    k: int
    element: str = "f32"
    batch: int = 0
    transposed: bool = False
    constant: bool = True
    block: int = 0
    bits: int = 4
    zeros: str = "all"  # the middle number, "uneven": another, or "each"
    scale: str = ""  # its element type, if not that of x
    bias: bool = False
    runs: tuple = ({},)

    def make(self):
        """The module, and the weights [N, K] (of each batch) in double precision."""
        rng = np.random.default_rng(0)
        dtype, lead = NAMES[self.element], [self.batch] if self.batch else []
        xType, yType = spelled([*lead, self.m, self.k], self.element), spelled([*lead, self.m, self.n], self.element)
        arguments, body = {"x": xType}, ""
        self.fed = {}
        if self.block:
            blocks = -(-self.k // self.block)
            numbers = rng.integers(0, 1 << self.bits, (self.n, blocks * self.block), np.uint8)
            scales = (rng.random((self.n, blocks)) + 0.5).astype(NAMES[self.scale or self.element])
            zeros = {"each": rng.integers(0, 1 << self.bits, (self.n, blocks), np.uint8), "all": np.full((self.n, blocks), 1 << self.bits - 1, np.uint8),
                     "uneven": np.full((self.n, blocks), (1 << self.bits) - 3, np.uint8)}[self.zeros]
            packed = numbers if self.bits == 8 else numbers[:, ::2] | numbers[:, 1::2] << 4
            spread = lambda a: np.repeat(a.astype(np.float64), self.block, 1)[:, : self.k]
            weights = (numbers[:, : self.k] - spread(zeros)) * spread(scales)
            body += constant("w", packed, "ui8") + constant("s", scales, self.scale or self.element) + constant("z", zeros, "ui8")
            types = ", ".join([xType, spelled(packed.shape, "ui8"), spelled(scales.shape, self.scale or self.element), spelled(zeros.shape, "ui8")])
            body += f"  %p = cameo.matmul_nbits %x, %w, %s, %z {{block = {self.block} : i64}} : ({types}) -> {yType}\n"
        else:
            stored = rng.standard_normal([*([] if self.constant else lead), *((self.n, self.k) if self.transposed else (self.k, self.n))]).astype(dtype)
            weights = stored.astype(np.float64)
            weights = weights if self.transposed else weights.swapaxes(-1, -2)
            wType = spelled(stored.shape, self.element)
            if self.constant:
                body += constant("w", stored, self.element)
            else:
                arguments["w"], self.fed["w"] = wType, stored
            body += f"  %p = cameo.matmul %x, %w{' {transposeRhs}' if self.transposed else ''} : ({xType}, {wType}) -> {yType}\n"
        bias = np.zeros(self.n)
        if self.bias:
            stored = rng.standard_normal(self.n).astype(dtype)
            bias = stored.astype(np.float64)
            body += constant("b", stored, self.element) + f"  %q = cameo.add %p, %b : ({yType}, {spelled([self.n], self.element)}) -> {yType}\n"
            body += f"  %y = cameo.relu %q : ({yType}) -> {yType}\n"
        result = "%y" if self.bias else "%p"
        head = f"func.func @main({', '.join(f'%{n}: {t}' for n, t in arguments.items())}) -> {yType} {{\n"
        return head + body + f"  return {result} : {yType}\n}}\n", weights, bias

    def feeds(self, sizes) -> dict:
        shape = [*([self.batch] if self.batch else []), sizes.get(self.m, self.m), self.k]
        return {"x": np.random.default_rng(1).standard_normal(shape).astype(NAMES[self.element])} | self.fed


def case(name: str, *arguments, **keywords) -> None:
    CASES[name] = Case(*arguments, **keywords)


for element in NAMES:
    case(f"{element}-one-row", 1, 300, 1024, element)
    case(f"{element}-five-rows", 5, 100, 776, element, bias=True)
    case(f"{element}-sixteen-rows", 16, 72, 520, element, transposed=True)
    case(f"{element}-ragged", 3, 37, 77, element, bias=True)
    case(f"{element}-transposed-of-the-run", 2, 50, 264, element, transposed=True, constant=False)
    case(f"{element}-of-the-run", 3, 80, 300, element, constant=False, bias=True)
    case(f"{element}-of-the-run-ragged", 11, 72, 77, element, batch=2, constant=False)
    case(f"{element}-batches", 2, 40, 136, element, batch=3, transposed=True, constant=False)
    case(f"{element}-nibbles", 1, 130, 1024, element, block=128)
    case(f"{element}-nibbles-with-zeros", 4, 72, 608, element, block=32, zeros="each", bias=True)
    case(f"{element}-nibbles-ragged", 3, 37, 100, element, block=16, zeros="each")
    case(f"{element}-nibbles-of-any-rows", "m", 72, 256 if element == "f16" else 200, element, block=64, zeros="each", runs=tuple({"m": m} for m in (1, 7, 33, 257)))
    case(f"{element}-nibbles-of-many-rows", 260, 40, 80 if element == "f32" else 77, element, block=32, bias=True)
    case(f"{element}-bytes", 1, 130, 1024, element, block=128, bits=8)
    case(f"{element}-bytes-of-columns", 5, 72, 1000, element, block=1024, bits=8, zeros="uneven")
    case(f"{element}-bytes-with-zeros", 4, 72, 608, element, block=32, bits=8, zeros="each", bias=True)
    case(f"{element}-bytes-ragged", 3, 37, 100, element, block=16, bits=8, zeros="each")
    case(f"{element}-bytes-of-any-rows", "m", 72, 264, element, block=192, bits=8, zeros="each", scale="f32", runs=tuple({"m": m} for m in (1, 33, 258)))
    case(f"{element}-any-rows", "m", 72, 264, element, bias=True, runs=tuple({"m": m} for m in (1, 5, 16, 17, 40)))
    case(f"{element}-any-rows-transposed", "m", 40, 136, element, transposed=True, runs=tuple({"m": m} for m in (3, 50)))
    case(f"{element}-any-rows-ragged", "m", 37, 77, element, runs=tuple({"m": m} for m in (2, 20)))
    case(f"{element}-any-rows-of-the-run", "m", 80, 300, element, constant=False, runs=tuple({"m": m} for m in (1, 20)))
case("f32-wide", 2, 4100, 64)
case("bf16-wide", 9, 9000, 64, "bf16")
case("f32-tiny", 1, 1, 4)
case("f16-tiny", 1, 1, 8, "f16", transposed=True)
case("bf16-nibbles-long", 1, 40, 8192, "bf16", block=256, zeros="each", scale="f32")
case("f16-nibbles-scales-of-f32", 2, 40, 512, "f16", block=32, scale="f32")

# A case, what is replaced in its PTX (see tools/cuda-sim/Driver.cpp), and what is said of it.
PLANTED = {
    "lane-left-out": ("f32-one-row", r"shfl\.sync\.bfly\.b32 (\s*%r\d+), %r\d+, 1, 31, -1;=>mov.b32 $1, 0f00000000;", "times the bound"),
    "group-left-out": ("f32-of-the-run", r"shfl\.sync\.bfly\.b32 (\s*%r\d+), %r\d+, 16, 31, -1;=>mov.b32 $1, 0f00000000;", "times the bound"),
    "warp-twice": ("f32-one-row", r"(ld\.shared\.v4\.b32 \s*\{[^}]*\}, \[%rd\d+)\+64\]=>$1+32]", "times the bound"),
    "barrier-dropped": ("bf16-one-row", r"bar\.sync \s*0;=>", "races"),
    "nibble-order": ("bf16-nibbles", r"shr\.u32 (\s*%r\d+, %r\d+), 4;=>shr.u32 $1, 8;", "times the bound"),
    "fragment-order": ("bf16-nibbles", r"(mma\.sync[^{]*\{[^}]*\},\s*\{%r\d+, )(%r\d+), (%r\d+)=>$1$3, $2", "times the bound"),
    "other-zero-point": ("bf16-nibbles-with-zeros", r"ld\.global(?:\.nc)?\.b8 (\s*%r\d+), \[(%rd\d+)\];=>ld.global.nc.b8 $1, [$2+1];", "times the bound"),
    "byte-order": ("bf16-bytes", r"shr\.u32 (\s*%r\d+, %r\d+), 8;=>mov.b32 $1;", "times the bound"),
    "top-bits-forgotten": ("bf16-bytes", r"and\.b32 (\s*%r\d+, %r\d+), 8388736;=>and.b32 $1, 128;", "times the bound"),
    "scale-forgotten": ("bf16-nibbles-with-zeros", r"(ld\.global(?:\.nc)?\.b16 \s*%r\d+, [^;]*;\s*)shl\.b32 (\s*%r\d+), %r\d+, 16;=>$1mov.b32 $2, 0f3F800000;", "times the bound"),
    "end-of-rows-forgotten": ("bf16-ragged", r"selp\.b64 (\s*%rd\d+), (%rd\d+), %rd\d+, %p\d+;(\s*ld\.global(?:\.nc)?\.b16 )=>mov.b64 $1, $2;$3", "past the end"),
}


def compileForGpu(path: str, chip: str) -> str:
    program = cameo.compileModel(path, "-O3", "--target=cuda", f"--chip={chip}")
    if ptxas := assembler.findPtxas():
        spilled = {name: need for name, need in assembler.assembleProgram(ptxas, pathlib.Path(program), chip).items() if need.spills}
        if spilled:
            sys.exit(f"{chip}: registers are spilled: {spilled}")
    return program


def run(name: str, chips=CHIPS) -> None:
    made = CASES[name]
    module, weights, bias = made.make()
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "main.mlir")
        path.write_text(module)
        programs = {chip: cameo.Program(compileForGpu(str(path), chip), 1, "cuda:sim") for chip in chips}
        for sizes in made.runs:
            fed = made.feeds(sizes)
            x, w = fed["x"].astype(np.float64), weights.swapaxes(-1, -2)
            wanted, scale = x @ w + bias, np.abs(x) @ np.abs(w) + np.abs(bias)
            wanted = np.maximum(wanted, 0) if made.bias else wanted
            # Of many rows, weights of few bits are rounded to the type of x before they are multiplied.
            rounded = EPSILON[made.element] if made.block and wanted.shape[-2] > 256 else 0
            bound = (2 * (made.k + 4) * 2.0**-24 + rounded) * scale + EPSILON[made.element] * np.abs(wanted) + 2.0**-25
            for chip, program in programs.items():
                (found,) = program.run(dict(zip(program.inputs, fed.values()))).values()
                if found.shape != wanted.shape:
                    sys.exit(f"{chip} at {sizes}: shape {found.shape} against {wanted.shape}")
                excess = np.abs(found.astype(np.float64) - wanted) / bound
                share = float("inf") if np.isnan(excess).any() else excess.max()
                if not share <= 1:
                    sys.exit(f"{chip} at {sizes}: error is {share:.3g} times the bound")
                print(f"{chip} at {sizes}: error is {share:.2f} of the bound")


def planted(name: str) -> None:
    case, edit, message = PLANTED[name]
    cameo.expectNoticed(edit, message, lambda: run(case, ["sm_80"]))


if __name__ == "__main__":
    if sys.argv[1] == "list":
        print("\n".join([*CASES, *(f"planted-{name}" for name in PLANTED)]))
    elif sys.argv[2].startswith("planted-"):
        planted(sys.argv[2].removeprefix("planted-"))
    else:
        run(sys.argv[2])
