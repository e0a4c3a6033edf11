#!/usr/bin/env python3
"""attention.py - cameo.attention at -O3 and -O0 against double precision, on several CPU levels and thread counts, and on simulated GPUs.

    attention.py list       the cases, and planted mistakes, each of which is reported
    attention.py run CASE   one case; gpu-CASE: the case on the simulator of GPUs, for several chips

A score is a sum of D products, |ds| <= 2 (D + 4) eps |scale| sum |q k| with eps = 2^-24, for the factors are rounded as well; a
softcap or a mask adds roundings of its own. A weight then is off by a factor 1 + ds - ds' + 8 eps (the exponential, the sum's N
roundings aside), and a result, a sum of N products, by (2 max |ds| + (2 N + 16) eps) sum |p v|. With products of bf16 weights are rounded to
bf16: + 2^-8 sum |p v|. Tensor cores take weights in f16 or bf16 and may sum them as rounded: + 2^-10 or 2^-7 sum |p v|, and 2^-25 |v| for each weight that f16 has no
exponent for; the exponential of GPUs is off by 2^-22. Results in f16 and bf16 are rounded once more: + half a unit in the last place of |y|. Results must be bitwise equal for one, two and three threads.
"""
import pathlib
import sys
import tempfile

import ml_dtypes
import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "test/Support"))
import cameo  # noqa: E402

LEVELS = [level for level in cameo.LEVELS if level != "x86-64-v4"]  # native is as wide
NAMES = {"f32": np.float32, "f16": np.float16, "bf16": ml_dtypes.bfloat16, "i1": np.bool_, "i32": np.int32, "i64": np.int64}
EPSILON = {"f32": 2.0**-24, "f16": 2.0**-11, "bf16": 2.0**-8}
CHIPS = ["sm_75", "sm_80", "sm_90a"]
CASES = {}


def spelled(dims, element: str) -> str:
    """A tensor type; sizes with names are dynamic."""
    return f"tensor<{''.join(('?' if isinstance(d, str) else str(d)) + 'x' for d in dims)}{element}>"


class Case:
    """Sizes may be names, whose values `runs` gives. `feeds` makes the other operands from a generator and the sizes."""

    def __init__(self, q, k, width=None, runs=({},), element="f32", feeds=None, grow=False, **attributes):
        self.q, self.k, self.v = q, k, [*k[:3], width or k[3]]
        self.runs, self.element, self.attributes, self.grow = runs, element, attributes, grow
        self.others = feeds or (lambda rng, sizes: {})

    def feeds(self, sizes) -> dict:
        rng = np.random.default_rng(0)
        at = lambda shape: [sizes.get(d, d) for d in shape]
        q, k, v = (rng.standard_normal(at(s)) for s in (self.q, self.k, self.v))
        if self.grow:  # later keys agree more: each block of keys raises the maximum
            k *= np.linspace(0.1, 3, k.shape[2])[:, None]
            q, k = np.abs(q), np.abs(k)
        made = {n: a.astype(NAMES[self.element]) for n, a in zip("qkv", (q, k, v))}
        return made | self.others(rng, sizes)

    def module(self) -> str:
        """The op as a program; symbols become dynamic sizes."""
        sizes = {d: 3 + i for i, d in enumerate({d for s in (self.q, self.k, self.v) for d in s if isinstance(d, str)})}
        fed, types = self.feeds(self.runs[0] or sizes), {}
        dynamic = any(isinstance(d, str) for d in [*self.q, *self.k])
        for name, array in fed.items():
            own = {"q": self.q, "k": self.k, "v": self.v}.get(name, ["?" if dynamic and d > 1 else d for d in array.shape])
            element = self.element if array.dtype == NAMES[self.element] else {np.dtype(t): n for n, t in NAMES.items()}[array.dtype]
            types[name] = spelled(own, element)
        result = spelled([*self.q[:3], self.v[3]], self.element)
        text = "".join(f" {word} %{n}" for n, word in zip("mlos", ("mask", "lengths", "offsets", "sinks")) if n in fed)
        attributes = ", ".join(f"{n} = {v} : {'i64' if n in ('left', 'right') else 'f32'}" for n, v in ({"scale": 0.25} | self.attributes).items())
        return (f"func.func @main({', '.join(f'%{n}: {t}' for n, t in types.items())}) -> {result} {{\n"
                f"  %y = cameo.attention %q, %k, %v{text} {{{attributes}}} : ({', '.join(types[n] for n in 'qkvmlos' if n in types)}) -> {result}\n"
                f"  return %y : {result}\n}}\n")


def reference(case: Case, fed: dict, rescale: bool = True, onGpu: bool = False):
    """The result in double precision, and the bound on what f32 makes of it."""
    q, k, v = (fed[n].astype(np.float64) for n in "qkv")
    batch, heads, rows, depth = q.shape
    k, v = (np.repeat(x, heads // x.shape[1], axis=1) for x in (k, v))
    count, eps = k.shape[2], 2.0**-24
    scale = case.attributes.get("scale", 0.25)
    s = scale * q @ k.swapaxes(2, 3)
    error = 2 * (depth + 4) * eps * abs(scale) * (np.abs(q) @ np.abs(k).swapaxes(2, 3))
    if cap := case.attributes.get("softcap"):
        s = cap * np.tanh(s / cap)
        error += 4 * eps * cap
    out = np.zeros((batch, 1, rows, count), bool)
    if "m" in fed:
        columns = fed["m"].shape[-1]
        if columns not in (1, count):
            out |= np.arange(count) >= columns
        mask = np.zeros((*np.broadcast_shapes(fed["m"].shape[:-1], (batch, heads, rows)), count))
        mask[..., : columns if columns != 1 else count] = np.where(fed["m"], 0.0, -np.inf) if fed["m"].dtype == bool else fed["m"]
        s = s + mask
        error += 4 * eps * np.abs(np.where(np.isfinite(mask), mask, 0))
    position = np.arange(rows)[None, :] + fed.get("o", np.zeros(1, np.int64))[:, None]
    keys = np.arange(count)
    if "l" in fed:
        out |= keys >= fed["l"].reshape(-1, 1, 1, 1)
    if (left := case.attributes.get("left")) is not None:
        out |= (keys < position[..., None] - left)[:, None]
    if (right := case.attributes.get("right")) is not None:
        out |= (keys > position[..., None] + right)[:, None]
    s = np.where(out, -np.inf, s)
    sink = fed["s"].astype(np.float64)[None, :, None, None] if "s" in fed else np.full((1, 1, 1, 1), -np.inf)
    top = np.maximum(s.max(-1, keepdims=True), sink)
    top = np.where(np.isfinite(top), top, 0)
    p = np.exp(s - top)
    if not rescale:  # each block of 64 keys by a maximum of its own
        tops = np.stack([s[..., i : i + 64].max(-1) for i in range(0, count, 64)], -1)
        p = np.exp(s - np.repeat(np.maximum.accumulate(tops, -1), 64, -1)[..., :count])
    total = p.sum(-1, keepdims=True) + np.exp(sink - top)
    p = np.where(total > 0, p / np.where(total > 0, total, 1), 0)
    magnitudes = p @ np.abs(v)
    live = np.where(np.isfinite(s), error, 0).max(-1, keepdims=True)
    weights = {"bf16": 2.0**-7, "f16": 2.0**-10} if onGpu else {"bf16": 2.0**-8}
    bound = (2 * live + (2 * count + 16) * eps + weights.get(case.element, 0)) * magnitudes + 1e-30
    if onGpu and case.element == "f16":
        bound += 2.0**-25 * np.abs(v).sum(-2, keepdims=True)
    return p @ v, bound


def case(name: str, *arguments, **keywords) -> None:
    CASES[name] = Case(*arguments, **keywords)


def masked(kind: str, shape, low: float = -np.inf):
    """A mask of `shape`, whose entries may be names: a third of it is out."""
    def make(rng, sizes):
        keep = rng.random([sizes.get(d, d) for d in shape]) < 0.66
        return {"m": keep if kind == "i1" else np.where(keep, rng.standard_normal(keep.shape), low).astype(NAMES[kind])}
    return make


def given(**makers):
    return lambda rng, sizes: {n: np.asarray(m) for n, m in makers.items()}


case("plain", [1, 2, 70, 16], [1, 2, 300, 16])
case("whole-blocks", [1, 2, 128, 64], [1, 2, 512, 64])
case("ragged", [2, 3, 77, 20], [2, 3, 131, 20], 12)
case("odd-widths", [1, 2, 19, 7], [1, 2, 45, 7], 5)
case("narrow", [1, 1, 33, 3], [1, 1, 290, 3], 1)
case("wide", [1, 2, 65, 128], [1, 2, 260, 128])
case("very-wide", [1, 1, 40, 320], [1, 1, 70, 320], 264)
case("too-wide-for-blocks", [1, 1, 5, 2100], [1, 1, 40, 2100])
case("growing-maxima", [1, 2, 80, 16], [1, 2, 1100, 16], grow=True, scale=1.0)
case("causal", [1, 2, 300, 32], [1, 2, 300, 32], right=0)
case("causal-behind-a-cache", [2, 2, 70, 16], [2, 2, 400, 16], right=0, feeds=given(o=np.array([330, 3])))
case("window", [1, 2, 700, 16], [1, 2, 700, 16], left=100, right=0)
case("window-to-the-right", [1, 1, 200, 16], [1, 1, 200, 16], left=3, right=17)
case("before-all-keys", [1, 1, 40, 8], [1, 1, 30, 8], right=0, feeds=given(o=np.array([-20])))
case("groups", [2, 6, 50, 16], [2, 2, 120, 16])
case("groups-causal", [1, 6, 50, 16], [1, 2, 50, 16], right=0)
case("groups-masked", [2, 4, 30, 16], [2, 2, 90, 16], feeds=masked("f32", (2, 4, 1, 90)))
case("decode", [2, 4, 1, 64], [2, 4, 333, 64])
case("decode-groups", [1, 8, 1, 64], [1, 1, 333, 64], feeds=given(l=np.array([200])))
# Blocks that share keys (lib/Codegen/CUDA/Attention.h).
case("decode-of-a-long-cache", [1, 8, 1, 64], [1, 2, 1500, 64], right=0, feeds=given(o=np.array([1400])))
case("decode-window", [2, 4, 3, 20], [2, 2, 900, 20], 12, left=300, right=0, feeds=given(o=np.array([600, 100])))
case("decode-dynamic", ["b", 4, 1, 32], ["b", 2, "t", 32], runs=[{"b": b, "t": t} for b, t in [(1, 1), (1, 700), (3, 70)]])
case("decode-masked-with-sinks", [1, 4, 1, 16], [1, 2, 500, 16],
     feeds=lambda rng, sizes: masked("f32", (1, 1, 1, 500))(rng, sizes) | {"s": np.array([-np.inf, 3, 0, -2], np.float32)})
# Few queries (lib/Codegen/CPU/AttentionFew.cpp).
case("few-growing-maxima", [1, 6, 1, 16], [1, 2, 1100, 16], grow=True, scale=1.0)
case("few-odd-widths", [2, 2, 5, 7], [2, 2, 131, 7], 5)
case("few-very-wide", [1, 16, 1, 300], [1, 2, 70, 300], 264)
case("few-masked-per-head", [1, 6, 1, 20], [1, 2, 333, 20], feeds=masked("f32", (1, 6, 1, 333)))
case("few-masked-queries", [2, 2, 4, 16], [2, 2, 270, 16], softcap=1.5, feeds=masked("i1", (2, 1, 4, 270)))
case("few-in-a-window", [2, 8, 1, 20], [2, 2, 400, 20], 12, left=100, right=0, feeds=given(o=np.array([350, 3])))
case("few-with-sinks", [1, 4, 2, 16], [1, 2, 300, 16], feeds=given(s=np.array([-np.inf, 3, 0, -2], np.float32)))
case("few-dynamic-groups", ["b", 8, "s", 16], ["b", 2, "t", 16], right=0, feeds=given(o=np.array([200])),
     runs=[{"b": b, "s": s, "t": t} for b, s, t in [(1, 1, 300), (1, 2, 300), (1, 1, 7)]])
case("few-f16", [1, 7, 1, 40], [1, 1, 301, 40], 33, element="f16", grow=True, scale=1.0)
case("few-bf16", [1, 8, 1, 128], [1, 2, 333, 128], element="bf16", feeds=given(l=np.array([300])))
case("lengths", [2, 2, 20, 16], [2, 2, 600, 16], feeds=given(l=np.array([600, 17])))
case("nothing-left", [2, 2, 20, 16], [2, 2, 64, 16], feeds=given(l=np.array([0, 3])))
case("mask", [2, 2, 40, 16], [2, 2, 270, 16], feeds=masked("f32", (40, 270)))
case("mask-per-head", [2, 3, 40, 16], [2, 3, 70, 16], feeds=masked("f32", (1, 3, 40, 70)))
case("mask-of-rows", [2, 3, 40, 16], [2, 3, 70, 16], feeds=masked("f32", (2, 1, 1, 70)))
case("mask-of-queries", [2, 3, 40, 16], [2, 3, 70, 16], feeds=masked("f32", (40, 1)))
case("mask-lowest", [2, 3, 40, 16], [2, 3, 70, 16], feeds=given(m=np.full((2, 1, 1, 70), np.finfo(np.float32).min)))
case("mask-bool", [2, 2, 40, 16], [2, 2, 270, 16], feeds=masked("i1", (2, 1, 40, 270)))
case("mask-bool-of-rows", [2, 2, 40, 16], [2, 2, 270, 16], feeds=masked("i1", (2, 1, 1, 270)))
case("mask-ends-early", [1, 2, 40, 16], [1, 2, 270, 16], feeds=masked("f32", (40, 133)))
case("softcap", [1, 2, 70, 16], [1, 2, 300, 16], softcap=1.5)
case("softcap-and-mask", [1, 2, 70, 16], [1, 2, 300, 16], softcap=1.5, right=3, feeds=masked("f32", (70, 300)))
case("sinks", [1, 4, 70, 16], [1, 2, 300, 16], feeds=given(s=np.array([-np.inf, 3, 0, -2], np.float32)))
case("dynamic", ["b", 2, "s", 16], ["b", 2, "t", 16], runs=[{"b": 1, "s": s, "t": t} for s, t in [(1, 1), (1, 300), (17, 64), (64, 257), (150, 20)]])
case("dynamic-causal", [1, 4, "s", 16], [1, 2, "s", 16], right=0, runs=[{"s": s} for s in (1, 9, 40, 64, 200)])
case("dynamic-masked", ["b", 2, "s", 16], ["b", 2, "t", 16], feeds=masked("f32", ("b", 1, "s", "t")),
     runs=[{"b": 2, "s": s, "t": t} for s, t in [(17, 64), (64, 257), (150, 20)]])
for narrow in ("f16", "bf16"):
    case(f"{narrow}", [1, 2, 70, 48], [1, 2, 300, 48], element=narrow)
    case(f"{narrow}-causal-groups", [1, 4, 70, 20], [1, 2, 70, 20], element=narrow, right=0)
    case(f"{narrow}-masked", [1, 2, 30, 16], [1, 2, 70, 16], element=narrow, feeds=masked(narrow, (30, 70)))
    case(f"{narrow}-masked-by-f32", [1, 2, 30, 16], [1, 2, 70, 16], element=narrow, feeds=masked("f32", (30, 70)))
case("bf16-growing-maxima", [1, 2, 40, 32], [1, 2, 200, 32], element="bf16", grow=True, scale=1.0)
case("bf16-growing-maxima-of-few-keys", [1, 2, 40, 32], [1, 2, 128, 32], element="bf16", grow=True, scale=1.0)
case("bf16-sinks-of-f32", [1, 4, 70, 16], [1, 2, 300, 16], element="bf16", feeds=given(s=np.array([-np.inf, 3, 0, -2], np.float32)))
case("bf16-ragged", [1, 2, 77, 20], [1, 2, 301, 20], 12, element="bf16")
case("bf16-odd-widths", [1, 2, 19, 7], [1, 2, 45, 7], 5, element="bf16")
case("bf16-decode", [1, 4, 1, 64], [1, 2, 333, 64], element="bf16", softcap=2.0, feeds=given(l=np.array([201])))
case("bf16-decode-of-a-long-cache", [2, 8, 1, 128], [2, 2, 1000, 128], element="bf16")
case("f16-decode-of-a-long-cache", [1, 4, 2, 64], [1, 4, 777, 64], element="f16", right=0, feeds=given(o=np.array([775])))
case("bf16-dynamic", [1, 4, "s", 16], [1, 2, "t", 16], element="bf16", right=0, runs=[{"s": s, "t": t} for s, t in [(1, 1), (70, 71), (200, 333)]])

# Enough rows for warpgroups: blocks of 128 and of 64 rows, keys in blocks of 128 and of 64.
case("warpgroups-causal-groups", [2, 40, 130, 64], [2, 20, 200, 64], element="bf16", right=0, feeds=given(o=np.array([70, 3])))
case("warpgroups-wide", [1, 52, 130, 128], [1, 52, 150, 128], 96, element="f16")
case("warpgroups-very-wide", [1, 102, 70, 192], [1, 102, 90, 192], 128, element="bf16", feeds=masked("f32", (70, 90)))
case("warpgroups-few-rows", [4, 26, 50, 40], [4, 26, 300, 40], element="f16", softcap=1.5)
case("warpgroups-dynamic", ["b", 4, "s", 64], ["b", 2, "t", 64], element="bf16", left=100, right=0, runs=[{"b": 1, "s": 1, "t": 1}, {"b": 2, "s": 200, "t": 333}])
case("warpgroups-growing-maxima", [1, 100, 70, 64], [1, 50, 300, 64], element="bf16", grow=True, scale=1.0)

# Mistakes in the code for GPUs: a case, what is replaced in its PTX (see tools/cuda-sim/Driver.cpp), and what is said of it.
PLANTED = {
    "rows-not-rescaled": ("bf16-growing-maxima", r"ex2\.approx\.ftz\.f32 (\s*%r\d+), %r\d+;=>mov.b32 $1, 0f3F800000;", "times the bound"),
    "tile-too-few": ("bf16-growing-maxima-of-few-keys", r"setp\.ne\.b32 (\s*%p\d+, %r\d+), 8192;=>setp.ne.b32 $1, 6144;", "times the bound"),
    "part-not-rescaled": ("bf16-growing-maxima", r"(add\.s64 \s*%rd\d+, %rd\d+, %rd\d+;\s*ld\.global(?:\.nc)?\.v2[\s\S]*?)ex2\.approx\.ftz\.f32 (\s*%r\d+), %r\d+;=>$1mov.b32 $2, 0f3F800000;", "times the bound"),
    "part-left-out": ("bf16-decode", r"(max\.f32[^;]*;\s*setp\.eq\.f32[\s\S]*?)ex2\.approx\.ftz\.f32 (\s*%r\d+), %r\d+;=>$1mov.b32 $2, 0f00000000;", "times the bound"),
    "state-misplaced": ("growing-maxima", r"(st\.global\.v2\.b32 \s*\[%rd\d+)\]=>$1+8]", "past the end"),
    "fragment-order": ("bf16-growing-maxima", r"(mma\.sync[^{]*\{[^}]*\},\s*\{%r\d+, )(%r\d+), (%r\d+)=>$1$3, $2", "times the bound"),
    "wait-dropped": ("bf16-growing-maxima", r"cp\.async\.wait_group \s*0;\s*bar=>bar", "an asynchronous copy may still write"),
    "barrier-dropped": ("bf16-growing-maxima", r"bar\.sync \s*0;=>", "races"),
    "barrier-of-warps-dropped": ("growing-maxima", r"bar\.warp\.sync[^;]*;=>", "races"),
    "weights-exchanged": ("warpgroups-growing-maxima", r"(wgmma\.mma_async[^}]*\}, \{%r\d+, )(%r\d+), (%r\d+)=>$1$3, $2", "times the bound"),
    "scores-not-waited-for": ("warpgroups-growing-maxima", r"(aligned 1;[\s\S]*?)wgmma\.wait_group\.sync\.aligned 0;=>$1", "a register of a wgmma that nothing has waited for"),
    "values-not-waited-for": ("warpgroups-growing-maxima", r"(commit_group\.sync\.aligned;\s*)wgmma\.wait_group\.sync\.aligned 0;=>$1", "a wgmma may still read"),
    "keys-not-shown": ("warpgroups-growing-maxima", r"fence\.proxy[^;]*;=>", "no fence.proxy.async"),
}


def compileForGpu(path: str, chip: str) -> str:
    return cameo.compileModel(path, "-O3", "--target=cuda", f"--chip={chip}")


def excess(found, wanted, bound, element: str) -> float:
    """Largest error in units of the bound."""
    if found.shape != wanted.shape:
        sys.exit(f"shape {found.shape} against {wanted.shape}")
    if element != "f32":
        bound = bound + EPSILON[element] * np.abs(wanted) + 2.0**-24
    error = np.abs(found.astype(np.float64) - wanted) / bound
    return float("inf") if np.isnan(error).any() else error.max()


def run(name: str) -> None:
    made = CASES[name]
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "main.mlir")
        path.write_text(made.module())
        programs = {"-O0": cameo.compileModel(str(path), "-O0")}
        programs |= {level: cameo.compileModel(str(path), "-O3", f"--cpu={level}") for level in LEVELS}
        for sizes in made.runs:
            fed = made.feeds(sizes)
            wanted, bound = reference(made, fed)
            arguments = lambda program: dict(zip(program.inputs, fed.values()))
            for level, program in programs.items():
                found = []
                for threads in (1, 2, 3):
                    loaded = cameo.Program(program, threads)
                    found += loaded.run(arguments(loaded)).values()
                if any(other.tobytes() != found[0].tobytes() for other in found):
                    sys.exit(f"{level} at {sizes}: results of one, two and three threads differ")
                share = excess(found[0], wanted, bound, made.element)
                if not share <= 1:
                    sys.exit(f"{level} at {sizes}: error is {share:.3g} times the bound")
                print(f"{level} at {sizes}: error is {share:.2f} of the bound")


def runOnGpus(name: str, chips=CHIPS) -> None:
    made = CASES[name]
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "main.mlir")
        path.write_text(made.module())
        programs = {chip: cameo.Program(compileForGpu(str(path), chip), 1, "cuda:sim") for chip in chips}
        for sizes in made.runs:
            fed = made.feeds(sizes)
            wanted, bound = reference(made, fed, onGpu=True)
            for chip, program in programs.items():
                (found,) = program.run(dict(zip(program.inputs, fed.values()))).values()
                share = excess(found, wanted, bound, made.element)
                if not share <= 1:
                    sys.exit(f"{chip} at {sizes}: error is {share:.3g} times the bound")
                print(f"{chip} at {sizes}: error is {share:.2f} of the bound")


def plantedOnGpu(name: str) -> None:
    case, edit, message = PLANTED[name]
    cameo.expectNoticed(edit, message, lambda: runOnGpus(case, ["sm_90a" if case.startswith("warpgroups") else "sm_80"]))


def planted() -> None:
    """The mistake of summing blocks that were scaled by different maxima is larger than the bound."""
    made = CASES["growing-maxima"]
    fed = made.feeds({})
    wanted, bound = reference(made, fed)
    wrong, _ = reference(made, fed, rescale=False)
    share = excess(wrong, wanted, bound, "f32")
    if not share > 100:
        sys.exit(f"without rescaling the error is {share:.3g} times the bound; expected far more than that")
    print(f"without rescaling the error is {share:.3g} times the bound")


if __name__ == "__main__":
    if sys.argv[1] == "list":
        print("\n".join([*CASES, *(f"gpu-{name}" for name in CASES), "planted", *(f"planted-{name}" for name in PLANTED)]))
    elif sys.argv[2] == "planted":
        planted()
    elif sys.argv[2].startswith("planted-"):
        plantedOnGpu(sys.argv[2].removeprefix("planted-"))
    elif sys.argv[2].startswith("gpu-"):
        name = sys.argv[2].removeprefix("gpu-")
        runOnGpus(name, ["sm_90a"] if name.startswith("warpgroups") else CHIPS)
    else:
        run(sys.argv[2])
