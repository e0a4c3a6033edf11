#!/usr/bin/env python3
"""sequences.py - sequences and optionals whose length only the run knows, against ONNX Runtime.

    sequences.py list | sequences.py run NAME

Each case is a graph in ONNX's text form and what it is fed, several times for one program, at -O0 and -O3. A feed of an error case
must end the run with that error, which names the node, and the next feed must work again.
"""
import pathlib
import sys
import tempfile

import numpy as np
import onnx
import onnx.parser
import onnxruntime

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "test/Support"))
import cameo  # noqa: E402

X = np.arange(12, dtype=np.float32).reshape(4, 3)
CONSTANTS = """
  zero = Constant <value_int = 0> ()  one = Constant <value_int = 1> ()  two = Constant <value_int = 2> ()
  half = Constant <value_float = 0.5> () zeros = Constant <value_ints = [0]> ()  ones = Constant <value_ints = [1]> ()  none = SequenceEmpty <dtype = 1> ()
"""


def grown(element: str, name: str = "s", count: str = "n") -> str:
    """A sequence of `count` elements, which `element` computes from x and the iteration i (j = [i + 1])."""
    return f"""{name} = Loop <body = g{name} (int64 i, bool c{name}, seq(float[]) a{name}) => (bool d{name}, seq(float[]) b{name}) {{
      d{name} = Identity(c{name})  k{name} = Add(i, one)  j = Unsqueeze(k{name}, zeros)
      v{name} = {element}
      b{name} = SequenceInsert(a{name}, v{name})
    }}> ({count}, , none)
    """


ROWS = grown("Slice(x, zeros, j)")  # i + 1 rows of three
COLUMNS = grown("Slice(x, zeros, j, ones)")  # four rows of i + 1
ALIKE = grown("Add(x, x)")
SCALARS = grown("CastLike(i, x)")


def model(text: str, opset: int = 21) -> onnx.ModelProto:
    """`text` is "(inputs) => (outputs) { nodes"."""
    head, _, nodes = text.partition("{")
    return onnx.parser.parse_model(f'<ir_version: 10, opset_import: ["" : {opset}]> m {head} {{ {CONSTANTS} {nodes} }}')


def listed(nodes: str, outputs: str = "seq(float[]) t", position: str = "int64") -> str:
    """A graph whose position p, in a list s of two tensors, only the run knows."""
    return f"(float[r, q] x, {position} p) => ({outputs}) {{ w = Neg(x) s = SequenceConstruct(x, w) {nodes}"


def feeds(x=X, **lists) -> list[dict]:
    """Feeds of x, and of each entry of the lists in turn."""
    rows = zip(*lists.values())
    return [{"x": x} | {name: np.asarray(value, np.int64) for name, value in zip(lists, row)} for row in rows]


N, NP = "(float[r, q] x, int64 n)", "(float[r, q] x, int64 n, int64 p)"
COUNTS = feeds(n=[3, 1, 4])
INTS = [{"x": X, "p": np.array(p, np.int32)} for p in (0, 1, -2)]
BEYOND_LIST = [(feed, f"position is {feed['p']}; expected -2 to 1") for feed in feeds(p=[2, 7, -3])]
PLACES = feeds(n=[3, 3, 3, 1, 4], p=[0, 2, -3, -1, 3])
EMPTY, BEYOND = "the sequence is empty", "position is "
# name -> graph, feeds, feeds that must fail and a part of their error
CASES = {
    "grows": (f"{N} => (seq(float[]) s) {{ {ROWS}", COUNTS + feeds(n=[0]), []),
    "scalars": (f"{N} => (seq(float[]) s, float[] y) {{ {SCALARS} y = ConcatFromSequence <axis = 0, new_axis = 1> (s)", COUNTS, [(feeds(n=[0])[0], EMPTY)]),
    "length": (f"{N} => (int64 y) {{ {ROWS} y = SequenceLength(s)", COUNTS + feeds(n=[0]), []),
    "at": (f"{NP} => (float[] y) {{ {ROWS} y = SequenceAt(s, p)", PLACES,
           [(f, BEYOND) for f in feeds(n=[3, 3, 0], p=[3, -4, 0])]),
    "at_columns": (f"{NP} => (float[] y) {{ {COLUMNS} y = SequenceAt(s, p)", feeds(n=[3, 3], p=[0, 2]), []),
    "at_scalar": (f"{NP} => (float[] y) {{ {SCALARS} y = SequenceAt(s, p)", PLACES, [(feeds(n=[2], p=[2])[0], BEYOND)]),
    "insert_end": (f"{N} => (seq(float[]) t) {{ {ROWS} t = SequenceInsert(s, x)", COUNTS + feeds(n=[0]), []),
    "insert": (f"{NP} => (seq(float[]) t) {{ {ROWS} t = SequenceInsert(s, x, p)", PLACES + feeds(n=[3, 0], p=[3, 0]),
               [(f, BEYOND) for f in feeds(n=[3, 3, 0], p=[4, -4, 1])]),
    "erase_end": (f"{N} => (seq(float[]) t) {{ {ROWS} t = SequenceErase(s)", COUNTS, [(feeds(n=[0])[0], BEYOND)]),
    "erase": (f"{NP} => (seq(float[]) t) {{ {ROWS} t = SequenceErase(s, p)", PLACES, [(f, BEYOND) for f in feeds(n=[3, 3], p=[3, -4])]),
    "erase_length": (f"{NP} => (int64 y) {{ {ROWS} t = SequenceErase(s, p) y = SequenceLength(t)", PLACES, [(f, BEYOND) for f in feeds(n=[3, 3], p=[5, -4])]),
    "insert_length": (f"{NP} => (int64 y) {{ {ROWS} t = SequenceInsert(s, x, p) y = SequenceLength(t)", PLACES, [(f, BEYOND) for f in feeds(n=[3, 3], p=[5, -4])]),
    "list_at": (listed("y = SequenceAt(s, p)", "float[] y"), feeds(p=[0, 1, -1, -2]), BEYOND_LIST),
    "list_at_int32": (listed("y = SequenceAt(s, p)", "float[] y", "int32"), INTS, [({"x": X, "p": np.array(2, np.int32)}, BEYOND)]),
    "list_at_only": (listed("t = SequenceConstruct(w) y = SequenceAt(t, p)", "float[] y"), feeds(p=[0, -1]),
                     [(f, f"position is {f['p']}; expected -1 to 0") for f in feeds(p=[1, -2])]),
    "list_insert": (listed("t = SequenceInsert(s, x, p)"), feeds(p=[0, 1, 2, -1, -2]), [(f, f"position is {f['p']}; expected -2 to 2") for f in feeds(p=[3, -3])]),
    "list_insert_int32": (listed("t = SequenceInsert(s, x, p)", position="int32"), INTS, []),
    "list_insert_first": ("(float[r, q] x, int64 p) => (seq(float[]) t) { s = SequenceEmpty() t = SequenceInsert(s, x, p)", feeds(p=[0]),
                          [(f, BEYOND) for f in feeds(p=[1, -1])]),
    "list_erase": (listed("t = SequenceErase(s, p)"), feeds(p=[0, 1, -1, -2]), BEYOND_LIST),
    "list_erase_int32": (listed("t = SequenceErase(s, p)", position="int32"), INTS, []),
    "concat_rows": (f"{N} => (float[] y) {{ {ROWS} y = ConcatFromSequence <axis = 0> (s)", COUNTS, [(feeds(n=[0])[0], EMPTY)]),
    "concat_columns": (f"{N} => (float[] y) {{ {COLUMNS} y = ConcatFromSequence <axis = 1> (s)", feeds(n=[3, 1, 2]), []),
    "concat_alike": (f"{N} => (float[] y, float[] z) {{ {ALIKE} y = ConcatFromSequence <axis = -1> (s) z = ConcatFromSequence <axis = -2> (s)", COUNTS, []),
    "concat_differing": (f"{N} => (float[] y) {{ {ROWS} y = ConcatFromSequence <axis = 1> (s)", feeds(n=[1]),
                         [(feeds(n=[2])[0], "differ in a size other than that of axis 1")]),
    "stack": (f"{N} => (float[] y, float[] z, float[] w) {{ {ALIKE} y = ConcatFromSequence <axis = 0, new_axis = 1> (s) "
              "z = ConcatFromSequence <axis = 1, new_axis = 1> (s) w = ConcatFromSequence <axis = -1, new_axis = 1> (s)", COUNTS, []),
    "stack_differing": (f"{N} => (float[] y) {{ {ROWS} y = ConcatFromSequence <axis = 0, new_axis = 1> (s)", feeds(n=[1]),
                        [(feeds(n=[2])[0], "differ in shape")]),
    "split_lengths": ("(float[r, q] x, int64[k] p) => (seq(float[]) s, float[] y) { s = SplitToSequence <axis = 0> (x, p) y = ConcatFromSequence <axis = 0> (s)",
                      feeds(p=[[1, 3], [0, 4, 0], [4]]), [(f, e) for f, e in zip(feeds(p=[[1, 2], [5, -1]]), ["the sum of split", "negative"])]),
    "split_list": ("(float[r, q] x, int64[2] p) => (seq(float[]) s) { s = SplitToSequence <axis = 0> (x, p)", feeds(p=[[1, 3], [4, 0]]),
                   [(f, e) for f, e in zip(feeds(p=[[1, 2], [-1, 5]]), ["the sum of split", "negative"])]),
    "split_int32": ("(float[r, q] x, int32[2] p, int32[k] o, int32 n) => (seq(float[]) s, seq(float[]) t, seq(float[]) u) { s = SplitToSequence <axis = 0> (x, p) "
                    "t = SplitToSequence <axis = 0> (x, o) u = SplitToSequence <axis = 0> (x, n)",
                    [{"x": X, "p": np.array([1, 3], np.int32), "o": np.array([2, 1, 1], np.int32), "n": np.array(3, np.int32)}], []),
    # What is split is a tensor of sizes, whose elements are known, and so is the length of the pieces.
    "split_sizes": ("(float[r, q, o, m] x, int64[2] p) => (seq(int64[]) s) { h = Shape(x) s = SplitToSequence <axis = 0> (h, p)",
                    feeds(X.reshape(2, 2, 3, 1), p=[[1, 3], [4, 0]]), [(feeds(X.reshape(2, 2, 3, 1), p=[[1, 2]])[0], "the sum of split")]),
    "split_half": ("(float[r, 3] x) => (seq(float[]) s) { h = Shape <start = 0, end = 1> (x) k = Div(h, two) n = Squeeze(k) s = SplitToSequence <axis = 0> (x, n)",
                   [{"x": X}, {"x": X[:3]}], [({"x": X[:1]}, "split is 0; expected 1 or more")]),
    "split_columns": ("(float[r, q] x, int64[k] p) => (seq(float[]) s, float[] y) { s = SplitToSequence <axis = 1> (x, p) y = ConcatFromSequence <axis = 1> (s)",
                      feeds(p=[[1, 2], [0, 2, 1, 0], [3]]), []),
    "split_middle": ("(float[r, q, o] x, int64 p) => (seq(float[]) s) { s = SplitToSequence <axis = -2> (x, p)",
                     feeds(np.arange(60, dtype=np.float32).reshape(3, 5, 4), p=[2, 1, 5, 7]), []),
    # An element's sizes that are alike in all are known: it is a shape of one number.
    "split_into_shapes": ("(int64[r] x) => (float[] y, float[] z) { s = SplitToSequence <axis = 0> (x) n = SequenceAt(s, zero) y = Expand(half, n) "
                          "h = Shape(x) p = ConstantOfShape <value = int64[1] {1}> (h) t = SplitToSequence <axis = 0> (x, p) m = SequenceAt(t, one) z = Expand(half, m)",
                          [{"x": np.array([3, 2])}, {"x": np.array([0, 5, 1])}], []),
    "split_open": ("(float[r, 3] x, int64 p) => (seq(float[]) s) { s = SplitToSequence <axis = 0> (x, p)", feeds(p=[2, 3, 4]),
                   [(feeds(p=[0])[0], "split is 0; expected 1 or more")]),
    "split_named": ("(float[r, q] x) => (seq(float[]) s) { s = SplitToSequence <axis = 1> (x, two)", [{"x": X}, {"x": X[:, :2]}], []),
    "split_named_keepdims": ("(float[r, q] x) => (seq(float[]) s) { s = SplitToSequence <axis = 0, keepdims = 0> (x, two)", [{"x": X}], []),
    "slices": ("(float[r, q] x) => (seq(float[]) s, seq(float[]) t) { s = SplitToSequence <axis = 0> (x) t = SplitToSequence <axis = 1, keepdims = 0> (x)",
               [{"x": X}, {"x": X[:1]}], []),
    "map": (f"{N} => (seq(float[]) t, seq(int64[]) u) {{ {ROWS} t, u = SequenceMap <body = g (float[] v, float[] w) => (float[] o, int64[] z) {{ "
            "o = ReduceSum(v, zeros) z = Shape(v) }> (s, x)", COUNTS + feeds(n=[0]), []),
    "map_two": (f"{NP} => (seq(float[]) t) {{ {ROWS} {grown('Mul(x, x)', 'u', 'p')} t = SequenceMap <body = g (float[] v, float[] w) => (float[] o) {{ "
                "o = Concat <axis = 0> (v, w) }> (s, u)", feeds(n=[2, 3], p=[2, 3]), [(feeds(n=[2], p=[3])[0], "has not as many elements")]),
    "map_list": (f"{N} => (seq(float[]) t) {{ {ROWS} l = SequenceConstruct(x, x, x) t = SequenceMap <body = g (float[] v, float[] w) => (float[] o) {{ "
                 "o = Concat <axis = 0> (v, w) }> (l, s)", feeds(n=[3]), [(feeds(n=[2])[0], "has not as many elements")]),
    "if_lengths": ("(float[r, q] x, bool b) => (seq(float[]) s, float[] y) { s = If (b) <then_branch = t () => (seq(float[]) u) { u = SequenceConstruct(x, x) }, "
                   "else_branch = f () => (seq(float[]) v) { w = Mul(x, x) v = SequenceConstruct(w) }> y = ConcatFromSequence <axis = 0> (s)",
                   [{"x": X, "b": np.array(b)} for b in (True, False)], []),
    "if_empty": ("(float[r, q] x, bool b) => (seq(float[]) s, int64 y) { s = If (b) <then_branch = t () => (seq(float[]) u) { u = SequenceEmpty() }, "
                 "else_branch = f () => (seq(float[]) v) { v = SequenceConstruct(x) }> y = SequenceLength(s)",
                 [{"x": X, "b": np.array(b)} for b in (True, False)], []),
    # Ends when the elements have p rows together, and collects each length.
    "ends": (f"{NP} => (seq(float[]) s, int64[] y) {{ true = Constant <value = bool {{1}}> () s, y = Loop <body = g (int64 i, bool c, seq(float[]) a) "
             "=> (bool d, seq(float[]) b, int64 l) { k = Add(i, one) j = Unsqueeze(k, zeros) v = Slice(x, zeros, j) b = SequenceInsert(a, v) "
             "w = ConcatFromSequence <axis = 0> (b) h = Shape <start = 0, end = 1> (w) d0 = Less(h, p) d = Squeeze(d0) l = SequenceLength(b) }> (n, true, none)",
             feeds(n=[4, 4, 2], p=[3, 9, 9]), []),
    # A loop in a loop: both grow the sequence, which is also erased from.
    "nested": (f"{NP} => (seq(float[]) s) {{ s = Loop <body = g (int64 i, bool c, seq(float[]) a) => (bool d, seq(float[]) e) {{ d = Identity(c) "
               "b = Loop <body = h (int64 m, bool c2, seq(float[]) a2) => (bool d2, seq(float[]) b2) { d2 = Identity(c2) k = Add(m, one) j = Unsqueeze(k, zeros) "
               "v = Slice(x, zeros, j) b2 = SequenceInsert(a2, v, zero) }> (p, , a) e = SequenceErase(b) }> (n, , none)", feeds(n=[2, 3, 0], p=[3, 2, 2]), []),
    # Keeps its length, so its elements are carried as tensors.
    "replaces": (f"{N} => (seq(float[]) s) {{ l = SequenceConstruct(x, x) s = Loop <body = g (int64 i, bool c, seq(float[]) a) => (bool d, seq(float[]) b) {{ "
                 "d = Identity(c) f = SequenceAt(a, zero) h = Add(f, f) t = SequenceErase(a, zero) b = SequenceInsert(t, h) }> (n, , l)", COUNTS + feeds(n=[0]), []),
    "list_grows": (f"{N} => (seq(float[]) s) {{ l = SequenceConstruct(x) s = Loop <body = g (int64 i, bool c, seq(float[]) a) => (bool d, seq(float[]) b) {{ "
                   "d = Identity(c) f = SequenceAt(a, i) h = ReduceSum(f, zeros) b = SequenceInsert(a, h) }> (n, , l)", COUNTS + feeds(n=[0]), []),
    "ranks": (f"{N} => (seq(float[]) s, int64 y) {{ f = CastLike(one, x) l = SequenceConstruct(f) s = Loop <body = g (int64 i, bool c, seq(float[]) a) => "
              "(bool d, seq(float[]) b) { d = Identity(c) b = SequenceInsert(a, x) }> (n, , l) y = SequenceLength(s)", COUNTS + feeds(n=[0]), []),
    # The rank of a carried tensor changes in each of a known number of iterations.
    "rank_changes": ("(float[r, q] x) => (float[] y) { y = Loop <body = g (int64 i, bool c, float[] a) => (bool d, float[] b) { d = Identity(c) "
                     "b = Unsqueeze(a, zeros) }> (two, , x)", [{"x": X}], []),
    "optional": ("(float[r, q] x, bool b) => (bool h, float[] y) { o = If (b) <then_branch = t () => (optional(float[]) u) { u = Optional <type = float[]> () }, "
                 "else_branch = f () => (optional(float[]) v) { v = Optional(x) }> h = OptionalHasElement(o) "
                 "y = If (h) <then_branch = t2 () => (float[] u2) { u2 = OptionalGetElement(o) }, else_branch = f2 () => (float[] v2) { v2 = Mul(x, x) }>",
                 [{"x": X, "b": np.array(b)} for b in (True, False)], []),
    "optional_output": ("(float[r, q] x, bool b) => (optional(float[]) o) { o = If (b) <then_branch = t () => (optional(float[]) u) { u = Optional <type = float[]> () }, "
                        "else_branch = f () => (optional(float[]) v) { v = Optional(x) }>", [{"x": X, "b": np.array(b)} for b in (True, False)], []),
    "optional_missing": ("(float[r, q] x, bool b) => (float[] y) { o = If (b) <then_branch = t () => (optional(float[]) u) { u = Optional <type = float[]> () }, "
                         "else_branch = f () => (optional(float[]) v) { v = Optional(x) }> y = OptionalGetElement(o)",
                         [{"x": X, "b": np.array(False)}], [({"x": X, "b": np.array(True)}, "is an optional without an element")]),
    "optional_sequence": ("(float[r, q] x, bool b) => (bool h, int64 y) { o = If (b) <then_branch = t () => (optional(seq(float[])) u) { u = Optional <type = seq(float[])> () }, "
                          "else_branch = f () => (optional(seq(float[])) v) { w = SequenceConstruct(x, x) v = Optional(w) }> h = OptionalHasElement(o) "
                          "y = If (h) <then_branch = t2 () => (int64 u2) { e = OptionalGetElement(o) u2 = SequenceLength(e) }, else_branch = f2 () => (int64 v2) { v2 = Neg(one) }>",
                          [{"x": X, "b": np.array(b)} for b in (True, False)], []),
    "texts": ("(string[k] x, int64 p, int64 n) => (seq(string[]) s, string[] y, string[] z) { s = SplitToSequence <axis = 0> (x, p) y = SequenceAt(s, n) z = ConcatFromSequence <axis = 0> (s)",
              feeds(np.array(["one", "two", "", "four"], dtype=object), p=[2, 3], n=[1, 0]), []),
    "halves": ("(float16[r, q] x, int64 p) => (seq(float16[]) s) { s = SplitToSequence <axis = 1> (x, p)", feeds(X.astype(np.float16), p=[2]), []),
    "bools": ("(bool[r, q] x, int64 p) => (seq(bool[]) s) { s = SplitToSequence <axis = 1> (x, p)", feeds(X > 5, p=[2]), []),
}

# ONNX Runtime looks at keepdims although the lengths are given.
AS_REFERENCE = {"split_named_keepdims": CASES["split_named_keepdims"][0].replace(", keepdims = 0", "")}


def same(actual, wanted) -> bool:
    if actual is None or wanted is None:
        return actual is wanted
    if isinstance(wanted, list):
        return isinstance(actual, list) and len(actual) == len(wanted) and all(map(same, actual, wanted))
    wanted = np.asarray(wanted)
    return actual.shape == wanted.shape and (wanted.dtype.kind in "OUT" or actual.dtype == wanted.dtype) and bool((actual == wanted).all())


def run(case: str) -> int:
    text, good, bad = CASES[case]
    made = model(text)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    asReference = model(AS_REFERENCE.get(case, text)).SerializeToString()
    reference = onnxruntime.InferenceSession(asReference, options, providers=["CPUExecutionProvider"])
    wanted = [reference.run(None, feed) for feed in good]
    names = [output.name for output in made.graph.output]
    with tempfile.TemporaryDirectory() as folder:
        onnx.save(made, f"{folder}/model.onnx")
        for level in ("-O0", "-O3"):
            program = cameo.Program(cameo.compileModel(f"{folder}/model.onnx", level), threads=2)
            for feed, error in bad:
                try:
                    program.run(feed)
                    sys.exit(f"{level}: {feed} did not fail")
                except RuntimeError as failed:
                    if error not in str(failed) or "node" not in str(failed):
                        sys.exit(f"{level}: {feed} failed with '{failed}'; expected a node and '{error}'")
            for feed, values in zip(good, wanted):
                outputs = cameo.bindings(names, program.run(feed))
                for name, value in zip(names, values):
                    if not same(outputs[name], value):
                        sys.exit(f"{level}: {feed} gives {name} = {outputs[name]}; expected {value}")
    return 0


if __name__ == "__main__":
    sys.exit(print("\n".join(CASES)) if sys.argv[1] == "list" else run(sys.argv[2]))
