"""Writes one of the small models of the importer's tests: models.py NAME FILE."""
import sys

import numpy as np
import onnx
import onnx.parser
from onnx import TensorProto, helper, numpy_helper

F, I, B = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL


def value(name, shape, dtype=F):
    return helper.make_tensor_value_info(name, dtype, shape)


def const(name, array):
    return numpy_helper.from_array(np.asarray(array), name)


def parsed(text):
    """A graph in ONNX's text form: (inputs) => (outputs) <initializers and declared values> { nodes }."""
    graph = onnx.parser.parse_graph(f"m {text}")
    return graph.input, graph.output, graph.node, graph.initializer


def signature():
    """Symbolic, anonymous and fixed sizes; one name used twice; an input that is only a default."""
    nodes = [helper.make_node("Add", ["x", "y"], ["s"], name="plus"), helper.make_node("Mul", ["s", "w"], ["z"])]
    return [value("x", ["n", 4]), value("y", ["n", None]), value("w", [4])], [value("z", ["n", 4])], nodes, [
        const("w", np.ones(4, np.float32))]


def unsupported():
    nodes = [helper.make_node("BeamSearch", ["t"], ["u"], name="search", domain="com.microsoft"),
             helper.make_node("Sampling", ["e"], ["p"], name="decode/a", domain="com.microsoft"),
             helper.make_node("Sampling", ["e"], ["q"], name="decode/b", domain="com.microsoft"),
             helper.make_node("Reluu", ["e"], ["r"], name="typo"),
             helper.make_node("LegacyPadding", ["e"], ["s"], name="pad", domain="com.microsoft"),
             helper.make_node("Conv", ["e", "e"], ["w"], name="blocked", domain="com.microsoft.nchwc"),
             helper.make_node("Thing", ["e"], ["v"], name="own", domain="evil.corp")]
    return [value("t", [2], TensorProto.STRING), value("c", [2], TensorProto.COMPLEX64), value("e", [9], TensorProto.UINT8)], [
        value("u", [2], TensorProto.STRING), value("p", None, TensorProto.UINT8), value("q", None, TensorProto.UINT8)], nodes, []


def sequenceType(name, shape=None):
    return helper.make_value_info(name, helper.make_sequence_type_proto(helper.make_tensor_type_proto(F, shape)))


def sequences():
    """A sequence that is given, one that a loop makes, and an optional."""
    body = helper.make_graph(
        [helper.make_node("Cast", ["i"], ["f"], to=F), helper.make_node("SequenceInsert", ["s", "f"], ["t"])], "body",
        [value("i", [], I), value("c", [], B), sequenceType("s")], [value("c", [], B), sequenceType("t")])
    nodes = [helper.make_node("SequenceAt", ["given", "where"], ["chosen"]), helper.make_node("SequenceEmpty", [], ["none"]),
             helper.make_node("Loop", ["two", "", "none"], ["made"], body=body),
             helper.make_node("OptionalHasElement", ["maybe"], ["has"]), helper.make_node("SequenceLength", ["given"], ["count"])]
    maybe = helper.make_value_info("maybe", helper.make_optional_type_proto(helper.make_tensor_type_proto(F, [3])))
    return [sequenceType("given"), maybe, value("where", [], I)], [
        value("chosen", None), sequenceType("made"), value("has", [], B), value("count", [], I)], nodes, [const("two", np.int64(2))]


def ragged(behind, outputs):
    """A sequence s of n + 1 elements: a scalar, and n times x."""
    body = helper.make_graph([helper.make_node("SequenceInsert", ["a", "x"], ["b"])], "body",
                             [value("i", [], I), value("c", [], B), sequenceType("a")], [value("c", [], B), sequenceType("b")])
    nodes = [helper.make_node("SequenceConstruct", ["one"], ["first"]), helper.make_node("Loop", ["n", "", "first"], ["s"], body=body), *behind]
    return [value("x", [2]), value("n", [], I)], outputs, nodes, [const("one", np.float32(1)), const("zero", np.int64(0))]


def raggedRanks():
    return ragged([helper.make_node("SequenceAt", ["s", "zero"], ["y"], name="take")], [value("y", None)])


def raggedNames():
    return ragged([helper.make_node("Identity", ["x"], ["s.shapes"])], [sequenceType("s"), value("s.shapes", [2])])


def openOptional():
    """An operator that takes no optional is given one which may be empty."""
    empty = helper.make_graph([helper.make_node("Optional", [], ["e"], type=helper.make_tensor_type_proto(F, [3]))], "empty", [], [value("e", None)])
    full = helper.make_graph([helper.make_node("Optional", ["x"], ["f"])], "full", [], [value("f", None)])
    return [value("x", [3]), value("c", [], B)], [value("y", None)], [
        helper.make_node("If", ["c"], ["o"], then_branch=empty, else_branch=full), helper.make_node("Neg", ["o"], ["y"], name="negate")], []


def tree(links):
    """A TreeEnsembleRegressor of three nodes; `links` are the branches of node 0."""
    return [value("x", [2, 1])], [value("y", [2, 1])], [helper.make_node(
        "TreeEnsembleRegressor", ["x"], ["y"], name="trees", domain="ai.onnx.ml", n_targets=1, nodes_treeids=[0, 0, 0],
        nodes_nodeids=[0, 1, 2], nodes_featureids=[0, 0, 0], nodes_modes=["BRANCH_LEQ", "BRANCH_LEQ", "LEAF"], nodes_values=[0.0, 1.0, 0.0],
        nodes_truenodeids=[links[0], 2, 0], nodes_falsenodeids=[links[1], 0, 0], target_treeids=[0], target_nodeids=[2], target_ids=[0],
        target_weights=[1.0])], []


def treeloop():
    """Node 1's false branch leads to node 0 again."""
    return tree([1, 2])


def treenowhere():
    return tree([7, 2])


def treeanywidth():
    """One decision on feature 2 of a table whose width only the run knows."""
    return [value("x", ["n", "m"])], [value("y", ["n", 1])], [helper.make_node(
        "TreeEnsembleRegressor", ["x"], ["y"], name="trees", domain="ai.onnx.ml", n_targets=1, nodes_treeids=[0, 0, 0],
        nodes_nodeids=[0, 1, 2], nodes_featureids=[2, 0, 0], nodes_modes=["BRANCH_LEQ", "LEAF", "LEAF"], nodes_values=[0.5, 0.0, 0.0],
        nodes_truenodeids=[1, 0, 0], nodes_falsenodeids=[2, 0, 0], target_treeids=[0, 0], target_nodeids=[1, 2], target_ids=[0, 0],
        target_weights=[1.0, 5.0])], []


def constants():
    """A small one is inline, a large one a resource; both of a kind that is used in a branch too."""
    big = const("big", np.arange(400, dtype=np.float32).reshape(4, 100))
    nodes = [helper.make_node("Gather", ["big", "rows"], ["g"], name="pick"),
             helper.make_node("Constant", [], ["k"], value=const("", np.float32(2))),
             helper.make_node("Mul", ["g", "k"], ["z"])]
    return [value("rows", [2], I)], [value("z", [2, 100])], nodes, [big]


def branches():
    """One If whose condition is a shape that is known, and one that only the run decides."""
    def graph(name, op, out):
        return helper.make_graph([helper.make_node(op, ["x"], [out], name=name)], name, [], [value(out, None)])
    nodes = [helper.make_node("Shape", ["x"], ["s"]), helper.make_node("Size", ["s"], ["rank"]),
             helper.make_node("Equal", ["rank", "two"], ["flat"]),
             helper.make_node("If", ["flat"], ["a"], name="known", then_branch=graph("taken", "Neg", "t"),
                              else_branch=graph("left", "Transpose", "e")),
             helper.make_node("If", ["c"], ["b"], name="open", then_branch=graph("one", "Abs", "t"),
                              else_branch=graph("other", "Neg", "e")),
             helper.make_node("Add", ["a", "b"], ["z"])]
    return [value("x", [2, 3]), value("c", [], B)], [value("z", [2, 3])], nodes, [const("two", np.int64(2))]


def square():
    """An If that asks whether all sizes are equal, by the largest and the smallest."""
    def graph(name, op, out):
        return helper.make_graph([helper.make_node(op, ["x"], [out], name=name)], name, [], [value(out, None)])
    nodes = [helper.make_node("Shape", ["x"], ["s"]), helper.make_node("ReduceMax", ["s"], ["most"], keepdims=0),
             helper.make_node("ReduceMin", ["s"], ["least"], keepdims=0), helper.make_node("Equal", ["most", "least"], ["same"]),
             helper.make_node("If", ["same"], ["z"], name="known", then_branch=graph("taken", "Neg", "t"),
                              else_branch=graph("left", "Flatten", "e"))]
    return [value("x", [4, 4])], [value("z", None)], nodes, []


def loop():
    """The first carried value grows along axis 0, the second keeps its size; one output is collected."""
    body = helper.make_graph(
        [helper.make_node("Concat", ["g", "one"], ["g2"], axis=0), helper.make_node("Add", ["k", "k"], ["k2"]),
         helper.make_node("Identity", ["go"], ["go2"])], "body",
        [value("i", [], I), value("go", [], B), value("g", None), value("k", [3])],
        [value("go2", [], B), value("g2", None), value("k2", [3]), value("k2", [3])])
    body.output[3].name = "k2"
    nodes = [helper.make_node("Loop", ["five", "", "g0", "k0"], ["grown", "kept", "all"], name="grow", body=body)]
    return [value("g0", [1]), value("k0", [3])], [value("grown", None), value("kept", [3]), value("all", [5, 3])], nodes, [
        const("five", np.int64(5)), const("one", np.ones(1, np.float32))]


def vectorNumber():
    """The body takes the iteration's number and the condition as vectors of one element."""
    body = helper.make_graph(
        [helper.make_node("Add", ["i", "one"], ["next"]), helper.make_node("Slice", ["x", "i", "next", "zero"], ["row"], name="row"),
         helper.make_node("Identity", ["go"], ["go2"])], "body", [value("i", [1], I), value("go", [1], B)], [value("go2", [1], B), value("row", [1, 3])])
    nodes = [helper.make_node("Loop", ["n", "true"], ["rows"], name="rows", body=body)]
    return [value("x", ["n", 3]), value("n", [], I)], [value("rows", None)], nodes, [
        const("one", np.ones(1, np.int64)), const("zero", np.zeros(1, np.int64)), const("true", np.array(True))]


def scan():
    body = helper.make_graph([helper.make_node("Add", ["h", "x"], ["h2"]), helper.make_node("Identity", ["h2"], ["y"])],
                             "body", [value("h", [2]), value("x", [2])], [value("h2", [2]), value("y", [2])])
    nodes = [helper.make_node("Scan", ["h0", "xs"], ["h", "ys"], name="sum", body=body, num_scan_inputs=1,
                              scan_input_axes=[1], scan_input_directions=[1], scan_output_axes=[1])]
    return [value("h0", [2]), value("xs", [2, 7])], [value("h", [2]), value("ys", [2, 7])], nodes, []


def lie():
    return [value("x", [2, 3])], [value("y", [7, 7])], [helper.make_node("Relu", ["x"], ["y"], name="act")], []


def guess():
    return [value("x", [2, 3])], [value("y", ["rows", 7])], [helper.make_node("Relu", ["x"], ["y"], name="act")], []


def function():
    """A function of the model, called with one input left out."""
    body = helper.make_function(
        "local", "Twice", ["a", "unused"], ["b"],
        [helper.make_node("Add", ["a", "a"], ["d"], name="inner"),
         helper.make_node("Celu", ["d"], ["b"], alpha=2.0)],
        [helper.make_opsetid("", 21)])
    return [value("x", [2])], [value("y", [2])], [helper.make_node("Twice", ["x"], ["y"], domain="local", name="call")], [], [body]


def branchRanks(behind):
    """The run decides whether the nodes behind an If get a matrix or its only row."""
    row = helper.make_graph([helper.make_node("Squeeze", ["x", "first"], ["row"])], "row", [], [value("row", None)])
    all_ = helper.make_graph([helper.make_node("Identity", ["x"], ["all"])], "all", [], [value("all", None)])
    nodes = [helper.make_node("If", ["is_row"], ["chosen"], name="choose", then_branch=row, else_branch=all_), *behind]
    return [value("x", [1, 3]), value("is_row", [], B)], [value("y", None, I if behind[0].op_type == "Shape" else F)], nodes, [
        const("first", np.array([0], np.int64))]


def eitherRank():
    return branchRanks([helper.make_node("Shape", ["chosen"], ["y"])])


def oneRank():
    return branchRanks([helper.make_node("Transpose", ["chosen"], ["y"], name="turn", perm=[1, 0])])


def noRank():
    return branchRanks([helper.make_node("Transpose", ["chosen"], ["y"], name="turn", perm=[2, 1, 0])])


def ranksInPlace(behind="Shape"):
    """The If of branchRanks in a branch that always runs, inside a function; ranks are one only behind the call."""
    _, _, nodes, initializers = branchRanks([helper.make_node("Identity", ["chosen"], ["given"], name="hand")])
    always = helper.make_graph(nodes, "always", [], [value("given", None)], initializers)
    body = [helper.make_node("Constant", [], ["true"], value=const("", np.array(True))),
            helper.make_node("If", ["true"], ["kept"], name="outer", then_branch=always, else_branch=always),
            helper.make_node("Neg", ["kept"], ["negated"])]
    choice = helper.make_function("local", "Choice", ["x", "is_row"], ["negated"], body, [helper.make_opsetid("", 21)])
    inputs, outputs, _, _ = branchRanks([helper.make_node("Shape", [""], [""])])
    return inputs, outputs, [helper.make_node("Choice", ["x", "is_row"], ["result"], name="call", domain="local"),
                             helper.make_node(behind, ["result"], ["y"], name="behind")], [], [choice]


def deadBranch(other="x"):
    """One branch, or both, takes an element that is not there."""
    branches = [helper.make_graph([helper.make_node("Gather", [x, "fifth"], [f"{name}y"], name=name)], name, [], [value(f"{name}y", None)])
                for name, x in (("beyond", "x"), ("within", other))]
    nodes = [helper.make_node("Concat", ["x"] * 3, ["x3"], axis=0), helper.make_node("If", ["is_long"], ["y"], name="choose", then_branch=branches[0], else_branch=branches[1])]
    return [value("x", [2, 3]), value("is_long", [], B)], [value("y", None)], nodes, [const("fifth", np.array([4], np.int64))]


def openTuples():
    nodes = [helper.make_node("ScatterND", ["x", "indices", "updates"], ["y"], name="scatter")]
    return [value("x", [4, 5]), value("indices", [None, None], I), value("updates", [None])], [value("y", [4, 5])], nodes, []


def openChannels():
    """The filter knows the channels that the input leaves open."""
    nodes = [helper.make_node("Conv", ["x", "w"], ["y"], name="conv")]
    return [value("x", ["b", "c", "n"])], [value("y", None)], nodes, [const("w", np.ones([2, 3, 1], np.float32))]


def openScales():
    """Scales behind a conversion, of sizes that only the run knows: 1, 2, and one that is no fraction of small numbers."""
    nodes = [helper.make_node("Cast", ["scales"], ["wide"], to=F),
             helper.make_node("Resize", ["x", "", "wide"], ["y"], name="double", mode="linear"),
             helper.make_node("Resize", ["x", "", "root"], ["z"], name="shrink", mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor")]
    scales = [const("scales", np.array([1, 1, 2], np.float16)), const("root", np.array([1, 1, 0.70710678], np.float32))]
    return [value("x", ["b", "c", "n"])], [value("y", None), value("z", None)], nodes, scales


def openStarts():
    """Starts and ends come without a length; the axes have one."""
    return [value("x", [4, 5]), value("starts", ["n"], I), value("ends", ["n"], I)], [value("y", None)], [
        helper.make_node("Slice", ["x", "starts", "ends", "axes"], ["y"], name="cut")], [const("axes", np.array([1, 0], np.int64))]


def openPads():
    """Pads come without a length; they are two per axis."""
    return [value("x", [2, 3]), value("pads", ["n"], I)], [value("y", None)], [helper.make_node("Pad", ["x", "pads"], ["y"], name="frame")], []


def openSplit():
    """Sizes of pieces come without a length; there are two outputs."""
    return [value("x", [5]), value("sizes", ["n"], I)], [value("y", None), value("z", None)], [
        helper.make_node("Split", ["x", "sizes"], ["y", "z"], name="pieces")], []


def openHalves():
    return [value("x", ["n"])], [value("y", None), value("z", None)], [helper.make_node("Split", ["x"], ["y", "z"], name="halves")], []


def splitColumns():
    """More pieces than sizes are tracked."""
    count = 100
    return [value("x", ["n", count])], [value(f"y{i}", None) for i in range(count)], [
        helper.make_node("Split", ["x", "sizes"], [f"y{i}" for i in range(count)], name="columns", axis=1)], [const("sizes", np.ones(count, np.int64))]


def openCut():
    """Starts and ends are as many as only the run knows, of the first axes; both are themselves cut out."""
    return parsed("""(float[N, 4] x, int64[K] offsets, int64[1] i, int64[1] j, int64[1] k) => (float[M, P] y) {
      s = Slice(offsets, i, j) e = Slice(offsets, j, k) y = Slice(x, s, e) }""")


def statesWithOneMore():
    """As PyTorch's exporter declares the states of an LSTM."""
    nodes = [helper.make_node("LSTM", ["x", "w", "r"], ["", "h", "c"], name="lstm", hidden_size=2)]
    return [value("x", [3, 4, 5])], [value("h", [1, 1, 4, 2]), value("c", [1, 1, 4, 2])], nodes, [
        const("w", np.full((1, 8, 5), 0.1, np.float32)), const("r", np.full((1, 8, 2), 0.1, np.float32))]


def wholeCondition():
    """As paddle2onnx writes masked_select: a condition of the data's shape."""
    return [value("x", ["n", 3])], [value("y", None)], [helper.make_node("Greater", ["x", "zero"], ["c"]), helper.make_node("Compress", ["x", "c"], ["y"], name="select")], [
        const("zero", np.float32(0))]


def outputTwice():
    """As hummingbird writes a classifier's scores."""
    return [value("x", [3])], [value("y", [3]), value("y", [3])], [helper.make_node("Relu", ["x"], ["y"])], []


def liveBranch():
    return deadBranch("x3")


def samePadding():
    """As many results as steps of the stride, whatever the size."""
    nodes = [helper.make_node("MaxPool", ["x"], ["y"], name="pool", kernel_shape=[3], strides=[2], auto_pad="SAME_UPPER")]
    return [value("x", [1, 1, "n"])], [value("y", None)], nodes, []


def columns():
    """Values per column of a table whose width only the run knows."""
    nodes = [helper.make_node("Scaler", ["x"], ["y"], name="scale", domain="ai.onnx.ml", offset=[1.0, 2.0], scale=[2.0]),
             helper.make_node("Imputer", ["x"], ["z"], name="fill", domain="ai.onnx.ml", imputed_value_floats=[7.0, 8.0], replaced_value_float=0.0)]
    return [value("x", ["n", "m"])], [value("y", None), value("z", None)], nodes, []


def types():
    return [value("x", [2]), value("n", [2], I)], [value("y", [2])], [helper.make_node("Add", ["x", "n"], ["y"], name="mix")], []


def loopRanks():
    """A scalar enters the body and leaves it as one element."""
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["more"]), helper.make_node("Add", ["sum", "step"], ["next"]), helper.make_node("Add", ["i", "next"], ["seen"])],
        "body", [value("i", [], I), value("go", [], B), value("sum", None, I)], [value("more", [], B), value("next", None, I), value("seen", None, I)],
        [const("step", np.array([10], np.int64))])
    return [value("n", [], I), value("go", [], B)], [value("y", None, I), value("all", None, I)], [
        helper.make_node("Loop", ["n", "go", "zero"], ["y", "all"], name="steps", body=body)], [const("zero", np.array(5, np.int64))]


def scalarOutput():
    return [value("x", ["n"])], [value("y", [])], [helper.make_node("Add", ["x", "x"], ["y"], name="twice")], []


def openSqueeze(declared=("m",)):
    return [value("x", ["n", 1, 3])], [value("y", list(declared))], [helper.make_node("Squeeze", ["x"], ["y"], name="drop")], []


def keptSqueeze():
    return openSqueeze(("n", 3))


def deadSizes():
    """What is chosen is a tensor of sizes, whose elements are known."""
    return parsed("(float[3] x, bool c) => (int64[k] y) <int64[1] fourth = {4}> { [choose] y = If (c) <then_branch = t () => (int64[k] u) { u = Shape(x) }, "
                  "else_branch = f () => (int64[k] v) { h = Shape(x) [beyond] v = Gather(h, fourth) }> }")


def givenOutput(declared="n, m"):
    """An output is an initializer, of another shape than is declared."""
    return parsed(f"(float[2] x) => (float[{declared}] w, float[2] y) <float[3] w = {{1, 2, 3}}> {{ y = Neg(x) }}")


def givenBranch():
    """A branch gives an initializer of the main graph."""
    return parsed("(float[2] x, bool c) => (float[k] y, float[n, m] w) <float[3] w = {1, 2, 3}> { y = If (c) <then_branch = t () => (float[k] u) { u = Neg(x) }, "
                  "else_branch = f () => (float[k] w) { }> }")


def scalarType():
    """The shape of a scalar may mean an unknown one; the element type is what it says."""
    return parsed("(int64[2] x) => (float y) { [negate] y = Neg(x) }")


def laterSqueeze():
    """Only without the axis of open size can the nodes behind follow."""
    return parsed("(float[n, 3] x) => (float[5] y) <float[2] w = {7, 8}> { s = Squeeze(x) y = Concat <axis = 0> (s, w) }")


def oneIteration():
    """The body fits what enters it, but not what leaves it."""
    return parsed("(float[3] x) => (float[k, l] y, float[i, k, l] all) <int64 one = {1}, int64[1] first = {0}> { [once] y, all = Loop <body = g (int64 i, bool c, float[k] a) => "
                  "(bool d, float[l, k] b, float[l, k] b) { d = Identity(c) t = Transpose <perm = [0]> (a) b = Unsqueeze(t, first) }> (one, , x) }")


def optionalCondition():
    """Whether a loop goes on is an optional that may be empty."""
    return parsed("(float[3] x, bool c, int64 n) => (float[3] y) { [again] y = Loop <body = g (int64 i, bool go, float[3] a) => (bool d, float[3] b) { b = Neg(a) "
                  "d = If (c) <then_branch = t () => (optional(bool) u) { u = Optional <type = bool> () }, else_branch = f () => (optional(bool) v) { v = Optional(go) }> }> (n, c, x) }")


def optionalState():
    """So is what a Scan carries."""
    return parsed("(float[3] x, float[4, 3] xs, bool c) => (float[3] y) { [sum] y = Scan <num_scan_inputs = 1, body = g (float[3] a, float[3] e) => (float[3] b) { "
                  "b = If (c) <then_branch = t () => (optional(float[3]) u) { u = Optional <type = float[3]> () }, else_branch = f () => (optional(float[3]) v) { v = Optional(e) }> }> (x, xs) }")


def optionalElement():
    """So is what a SequenceMap makes of an element."""
    return parsed("(float[3] x, bool c) => (seq(float[3]) y) { s = SequenceConstruct(x, x) [each] y = SequenceMap <body = g (float[3] a) => (float[3] b) { "
                  "b = If (c) <then_branch = t () => (optional(float[3]) u) { u = Optional <type = float[3]> () }, else_branch = f () => (optional(float[3]) v) { v = Optional(a) }> }> (s) }")


def openConcat(nodes="y = Concat <axis = 1> (a, b)", second="m"):
    """Only the run knows whether what is joined has as many rows."""
    return parsed(f"(float[n, 16] a, float[{second}, 16] b) => (float[k, l] y) {{ {nodes} }}")


def openConcatFused():
    return openConcat("c = Concat <axis = 1> (a, b) y = Neg(c)")


def openConcatInPlace():
    return openConcat("c = Softmax(a) d = Softmax(b) y = Concat <axis = 1> (c, d)")


def fixedConcat():
    """The second operand's size is the result's."""
    return openConcat(second="3")


def crop(*border):
    return [value("x", [1, 1, 4, 4])], [value("y", None)], [helper.make_node("Crop", ["x"], ["y"], name="cut", border=border)], []


def cropFar():
    return crop(2**63 - 1, 2**63 - 1, 2**63 - 1, 2**63 - 1)


def cropBefore():
    return crop(-1, 0, 0, 0)


def scaledIntegers():
    return [value("x", [2], I)], [value("y", [2], I)], [helper.make_node("Scale", ["x"], ["y"], name="quarter", scale=0.25)], []


def openPicture():
    """A bias for each of as many channels as only the run knows."""
    return [value("x", [1, "c", 4, 4])], [value("y", None)], [helper.make_node("ImageScaler", ["x"], ["y"], name="shift", bias=[1.0, 2.0])], []


def manyWeights():
    """More columns than can be counted in pairs by adding."""
    node = helper.make_node("MatMulBnb4", ["x", "b", "absmax"], ["y"], name="multiply", domain="com.microsoft", K=2**63 - 1, N=1, block_size=16, quant_type=1)
    return [value("x", [1, "k"]), value("b", [8], TensorProto.UINT8), value("absmax", [1])], [value("y", None)], [node], []


def farBlocks():
    """Blocks that a row of weights could never fill."""
    node = helper.make_node("MatMulNBits", ["x", "b", "s"], ["y"], name="multiply", domain="com.microsoft", K=2**63 - 1, N=2048, block_size=16)
    return [value("x", [1, "k"]), value("b", [8], TensorProto.UINT8), value("s", [1])], [value("y", None)], [node], []


def longNgrams():
    """Each word of an n-gram is a comparison."""
    node = helper.make_node("NGramRepeatBlock", ["t", "x"], ["y"], name="block", domain="com.microsoft", ngram_size=2**40)
    return [value("t", [1, "n"], I), value("x", [1, 4])], [value("y", None)], [node], []


def manyTargets():
    """Four leaves times the targets is 2^64."""
    return [value("x", [2, 1])], [value("y", None)], [helper.make_node(
        "TreeEnsembleRegressor", ["x"], ["y"], name="trees", domain="ai.onnx.ml", n_targets=2**62, nodes_treeids=[0, 1, 2, 3],
        nodes_nodeids=[0] * 4, nodes_featureids=[0] * 4, nodes_modes=["LEAF"] * 4, nodes_values=[0.0] * 4, nodes_truenodeids=[0] * 4,
        nodes_falsenodeids=[0] * 4, target_treeids=[0], target_nodeids=[0], target_ids=[2**61], target_weights=[1.0])], []


def largeTreeIds():
    """Any numbers may be ids."""
    ids = [2**63 - 1, 2**63 - 2, -2**63]
    return [value("x", [2, 1])], [value("y", [2, 1])], [helper.make_node(
        "TreeEnsembleRegressor", ["x"], ["y"], name="trees", domain="ai.onnx.ml", n_targets=1, nodes_treeids=ids, nodes_nodeids=[0] * 3,
        nodes_featureids=[0] * 3, nodes_modes=["LEAF"] * 3, nodes_values=[0.0] * 3, nodes_truenodeids=[0] * 3, nodes_falsenodeids=[0] * 3,
        target_treeids=ids, target_nodeids=[0] * 3, target_ids=[0] * 3, target_weights=[1.0, 2.0, 4.0])], []


def largeClassIds():
    """A class that has no label."""
    return [value("x", [2, 1])], [value("label", [2], I), value("y", [2, 2])], [helper.make_node(
        "TreeEnsembleClassifier", ["x"], ["label", "y"], name="trees", domain="ai.onnx.ml", classlabels_int64s=[0, 1], nodes_treeids=[0, 0, 0],
        nodes_nodeids=[0, 1, 2], nodes_featureids=[0] * 3, nodes_modes=["BRANCH_LEQ", "LEAF", "LEAF"], nodes_values=[0.0] * 3,
        nodes_truenodeids=[1, 0, 0], nodes_falsenodeids=[2, 0, 0], class_treeids=[0, 0], class_nodeids=[1, 2], class_ids=[0, 2**63 - 1],
        class_weights=[1.0, 1.0])], []


def svm(perClass):
    return [value("x", [2, 1])], [value("label", [2], I), value("y", None)], [helper.make_node(
        "SVMClassifier", ["x"], ["label", "y"], name="machine", domain="ai.onnx.ml", classlabels_ints=list(range(len(perClass))),
        vectors_per_class=perClass, support_vectors=[1.0, 2.0], coefficients=[1.0, -1.0], rho=[0.0], kernel_type="LINEAR")], []


def manyVectors():
    return svm([2**62, 1])


def fewerVectors():
    return svm([-1, 3])


def manyClasses():
    return svm([1, 1] + [0] * 511)


def wideNgrams():
    """The count of a word lies in a column that no memory holds."""
    return [value("x", [2], I)], [value("y", None)], [helper.make_node(
        "TfIdfVectorizer", ["x"], ["y"], name="count", mode="TFIDF", min_gram_length=1, max_gram_length=1, max_skip_count=0, ngram_counts=[0],
        ngram_indexes=[2**31 - 1], pool_int64s=[7], weights=[2.0])], []


def manyHeads():
    """Queries, keys and values of a token side by side; twice the heads of the keys is 2^63."""
    node = helper.make_node("GroupQueryAttention", ["x", "", "", "", "", "ends", "total"], ["y", "k", "v"], name="attend", domain="com.microsoft",
                            num_heads=2, kv_num_heads=2**62)
    return [value("x", [1, 2, "w"]), value("ends", [1], TensorProto.INT32), value("total", [], TensorProto.INT32)], [
        value("y", None), value("k", None), value("v", None)], [node], []


def negativeWidths():
    node = helper.make_node("Attention", ["x", "w"], ["y"], name="attend", domain="com.microsoft", num_heads=1, qkv_hidden_sizes=[4, -4, 4])
    return [value("x", [1, 2, 4]), value("w", [4, 12])], [value("y", None)], [node], []


def farOutput():
    node = helper.make_node("ConvTranspose", ["x", "w"], ["y"], name="widen", output_shape=[-2**63])
    return [value("x", [1, 1, 4]), value("w", [1, 1, 3])], [value("y", None)], [node], []


def longWindows():
    node = helper.make_node("UnfoldTensor", ["x"], ["y"], name="unfold", domain="com.microsoft", size=2**62, step=1)
    return [value("x", ["n"])], [value("y", None)], [node], []


def farStep():
    """The step is one that a double doesn't hold."""
    return [value("start", [], I)], [value("y", None, I)], [helper.make_node("Range", ["start", "limit", "delta"], ["y"])], [
        const("limit", np.int64(2**54 + 2)), const("delta", np.int64(2**53 + 1))]


def farthestStep():
    """Its magnitude is no i64."""
    return [value("start", [], I)], [value("y", None, I)], [helper.make_node("Range", ["start", "limit", "delta"], ["y"])], [
        const("limit", np.int64(-1)), const("delta", np.int64(-2**63))]


def insertOther():
    """The elements of a sequence have one type."""
    return [value("x", [2]), value("n", [2], I)], [sequenceType("t")], [
        helper.make_node("SequenceConstruct", ["x"], ["s"]), helper.make_node("SequenceInsert", ["s", "n"], ["t"], name="add")], []


def nestedLoops(depth=5):
    """Each loop has to find out anew that what it carries grows."""
    nodes = [helper.make_node("Concat", [f"g{depth}", "one"], ["h"], axis=0)]
    for level in reversed(range(depth)):
        result = "h" if level == depth - 1 else f"r{level + 1}"
        body = helper.make_graph([*nodes, helper.make_node("Identity", [f"go{level}"], [f"on{level}"])], f"body{level}",
                                 [value(f"i{level}", [], I), value(f"go{level}", [], B), value(f"g{level + 1}", None)], [value(f"on{level}", [], B), value(result, None)])
        nodes = [helper.make_node("Loop", ["n", "", f"g{level}"], [f"r{level}"], name=f"loop{level}", body=body)]
    return [value("g0", [1]), value("n", [], I)], [value("r0", None)], nodes, [const("one", np.ones(1, np.float32))]


def shiftingLoop():
    """The first carried value grows, and each other one is the one before it: in each try one more is found to change."""
    names = [f"g{i}" for i in range(32)]
    body = helper.make_graph([helper.make_node("Concat", ["g0", "one"], ["h"], axis=0), helper.make_node("Identity", ["go"], ["on"])], "body",
                             [value("i", [], I), value("go", [], B), *(value(name, None) for name in names)],
                             [value("on", [], B), value("h", None), *(value(name, None) for name in names[:-1])])
    nodes = [helper.make_node("Loop", ["n", "", *["one"] * 32], [f"r{i}" for i in range(32)], name="shift", body=body)]
    return [value("n", [], I)], [value("r31", None)], nodes, [const("one", np.ones(1, np.float32))]


def openParts():
    """Whether a signal has imaginary parts is known to the run alone."""
    nodes = [helper.make_node("DFT", ["x", "", "one"], ["y"], name="turn"), helper.make_node("STFT", ["x", "two", "", "four"], ["z"], name="frames", onesided=0)]
    return [value("x", ["n", "m", "parts"])], [value("y", None), value("z", None)], nodes, [
        const(name, np.int64(n)) for name, n in (("one", 1), ("two", 2), ("four", 4))]


def floatRange():
    """As PyTorch writes arange(0.5, x.shape[0]): the limit is a size, converted."""
    return parsed("""(float[n, 2] x) => (float[k] y) <float half = {0.5}, float one = {1}, int64 zero = {0}>
        { sizes = Shape(x) n = Gather(sizes, zero) limit = Cast<to = 1>(n) y = Range(half, limit, one) }""")


def fill(rows):
    nodes = [helper.make_node("ConstantOfShape", ["sizes"], ["y"], value=helper.make_tensor("", F, [1], [2.5]))]
    return [], [value("y", [rows, 1 << 20])], nodes, [const("sizes", np.array([rows, 1 << 20]))]


def smallFill():
    return fill(4)


def largeFill():
    return fill(5)


def wholePrecision():
    nodes = [helper.make_node("FlexAttention", ["x", "x", "x"], ["y"], name="attend", domain="ai.onnx.preview", softmax_precision=I)]
    return [value("x", [1, 2, 3, 4])], [value("y", None)], nodes, []


def farWindow():
    """Windows that no position reaches the end of."""
    most = 2**63 - 1
    shapes = [("q", [1, 3, 8]), ("k", [1, 3, 8]), ("v", [1, 3, 8]), ("none", [1, 2, 0, 4])]
    nodes = [helper.make_node("GroupQueryAttention", ["q", "k", "v", "none", "none", "last", "total"], ["y", "pk", "pv"], domain="com.microsoft", num_heads=2,
                              kv_num_heads=2, local_window_size=most)]
    return [value(*s) for s in shapes], [value(n, None) for n in ("y", "pk", "pv")], nodes, [const("last", np.array([2], np.int32)), const("total", np.int32(3))]


def categories():
    """Two categories; other numbers are an error."""
    return [value("x", ["n", 1], I)], [value("y", ["n", 1, 2])], [
        helper.make_node("OneHotEncoder", ["x"], ["y"], name="encode", domain="ai.onnx.ml", cats_int64s=[3, 7], zeros=0)], []


def texts():
    """Strings in and out, and a constant one."""
    S = TensorProto.STRING
    return [value("name", ["n"], S)], [value("greeting", ["n"], S)], [
        helper.make_node("StringConcat", ["hello", "name"], ["greeting"])], [const("hello", np.array(["hello "], dtype=object))]


def outside():
    """A row that a constant table does not have."""
    nodes = [helper.make_node("ArgMax", ["table"], ["row"], axis=0, keepdims=0), helper.make_node("Gather", ["pair", "row"], ["g"], name="outside"),
             helper.make_node("Add", ["x", "g"], ["y"])]
    return [value("x", [])], [value("y", [])], nodes, [const("table", np.arange(3, dtype=np.float32)), const("pair", np.ones(2, np.float32))]


def maps(op="CastMap", others=()):
    """A map that a node takes."""
    given = helper.make_value_info("m", helper.make_map_type_proto(I, helper.make_tensor_type_proto(F, None)))
    domain = {"domain": "ai.onnx.ml"} if op == "CastMap" else {}
    return [given, *others], [value("y", None)], [helper.make_node(op, ["m"], ["y"], name="take", **domain)], []


def mapOfTensor():
    return maps("Neg")


def mapNames():
    return maps(others=[value("m.keys", [2], I)])


def alignedCorners():
    """Four elements and a scale of which comes no whole number."""
    node = helper.make_node("Resize", ["x", "", "scales"], ["y"], mode="linear", coordinate_transformation_mode="align_corners")
    return [], [value("y", None)], [node], [const("x", np.arange(4, dtype=np.float32)), const("scales", np.array([1.7], np.float32))]



def noIteration(declared=(2, 3)):
    """A loop that carries a sequence and does not run; what it would collect has a size that only an iteration would tell."""
    body = helper.make_graph(
        [helper.make_node("SequenceInsert", ["s", "x"], ["s_next"]), helper.make_node("Identity", ["go"], ["go_next"]), helper.make_node("Reshape", ["x", "sizes"], ["rows"])],
        "body", [value("i", [], I), value("go", [], B), helper.make_tensor_sequence_value_info("s", TensorProto.FLOAT, [6])],
        [value("go_next", [], B), helper.make_tensor_sequence_value_info("s_next", TensorProto.FLOAT, [6]), value("rows", declared)])
    nodes = [helper.make_node("SequenceEmpty", [], ["empty"]), helper.make_node("Loop", ["none", "", "empty"], ["last", "all"], name="rest", body=body),
             helper.make_node("SequenceLength", ["last"], ["length"])]
    return [value("x", [6]), value("sizes", [2], I)], [value("length", [], I), value("all", None)], nodes, [const("none", np.array(0))]


def undeclared():
    return noIteration(None)


inputs, outputs, nodes, initializers, *functions = globals()[sys.argv[1]]()
model = helper.make_model(helper.make_graph(nodes, sys.argv[1], inputs, outputs, initializers),
                          opset_imports=[helper.make_opsetid("", 21), helper.make_opsetid("local", 1), helper.make_opsetid("ai.onnx.ml", 3), helper.make_opsetid("ai.onnx.preview", 1)], ir_version=10,
                          functions=functions[0] if functions else [], producer_name="pytorch" if sys.argv[3:] == ["traced"] else "")
onnx.save(model, sys.argv[2])
