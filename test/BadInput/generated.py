"""generated.py - bad models that are too large, or too many, to lie in files/: each case writes what it needs and says what must come of it."""
import dataclasses
import os
import pathlib
import typing

import numpy as np
from onnx import AttributeProto, TensorProto, helper, numpy_helper

F = TensorProto.FLOAT


@dataclasses.dataclass
class Case:
    """`write(folder)` gives the model's path. `code` is empty where the model is fine; then `text` is in a warning."""
    write: typing.Callable[[pathlib.Path], pathlib.Path]
    exitCode: int
    code: str
    text: str = ""
    opt: str = "O0"


def info(name, shape=(2,), dtype=F):
    return helper.make_tensor_value_info(name, dtype, shape)


def model(nodes=None, inputs=None, outputs=None, **graph):
    """One Relu where nothing else is given."""
    nodes = nodes if nodes is not None else [helper.make_node("Relu", ["x"], ["y"])]
    made = helper.make_graph(nodes, "g", inputs if inputs is not None else [info("x")], outputs if outputs is not None else [info("y")], **graph)
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)


def saved(make) -> typing.Callable[[pathlib.Path], pathlib.Path]:
    def write(folder: pathlib.Path) -> pathlib.Path:
        path = folder / "model.onnx"
        made = make()
        path.write_bytes(made if isinstance(made, bytes) else made.SerializeToString())
        return path
    return write


def field(number: int, payload: bytes) -> bytes:
    """A length-delimited protobuf field."""
    size, length = len(payload), b""
    while True:
        length += bytes([size & 127 | (128 if size > 127 else 0)])
        size >>= 7
        if not size:
            return bytes([number << 3 | 2]) + length + payload


def tenMillionNodes() -> bytes:
    node = field(1, field(1, b"x") + field(2, b"y") + field(4, b"Relu"))
    opset = field(8, field(1, b"") + b"\x10\x15")
    return b"\x08\x0a" + opset + field(7, node * 10_000_000)


def hugeAttribute() -> bytes:
    attribute = helper.make_attribute("keys_strings", [b"k" * 1000] * 100_000)
    made = model()
    made.graph.node[0].attribute.append(attribute)
    return made.SerializeToString()


def manyOpsets() -> bytes:
    return model().SerializeToString() + field(8, field(1, b"d") + b"\x10\x01") * 1_000_000


def hugeRank():
    return model([helper.make_node("ConstantOfShape", ["s"], ["y"])], [], [info("y", None)],
                 initializer=[numpy_helper.from_array(np.ones(1_000_000, np.int64), "s")])


def twoTypes():
    return model([helper.make_node("Add", ["x", "x"], ["y"])], initializer=[numpy_helper.from_array(np.ones(2, np.int64), "x")])


def twiceInitialized():
    w = numpy_helper.from_array(np.ones(2, np.float32), "w")
    return model([helper.make_node("Add", ["x", "w"], ["y"])], initializer=[w, w])


def sparse(index: int):
    values = numpy_helper.from_array(np.ones(1, np.float32), "w")
    tensor = helper.make_sparse_tensor(values, numpy_helper.from_array(np.array([index]), "i"), [2])
    return model([helper.make_node("Add", ["x", "w"], ["y"])], sparse_initializer=[tensor])


def sparseOutside():
    made = sparse(0)
    values = made.graph.sparse_initializer[0].values
    values.ClearField("raw_data")
    values.data_location = TensorProto.EXTERNAL
    values.external_data.add(key="location", value="../../secret")
    return made


def external(location: str, **more: str):
    made = model([helper.make_node("Add", ["x", "w"], ["y"])], initializer=[TensorProto(name="w", data_type=F, dims=[2])])
    tensor = made.graph.initializer[0]
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, **more}.items():
        tensor.external_data.add(key=key, value=value)
    return made


def unknownKey(folder: pathlib.Path) -> pathlib.Path:
    (folder / "w.bin").write_bytes(np.ones(2, np.float32).tobytes())
    return saved(lambda: external("w.bin", compression="zip"))(folder)


def attribute(**fields):
    made = model([helper.make_node("LeakyRelu", ["x"], ["y"])])
    made.graph.node[0].attribute.append(AttributeProto(name="alpha", **fields))
    return made


def unknownAttributeType() -> bytes:
    # Field 20 is the type, an enum; 77 is none of its values.
    made = attribute(f=0.5, type=AttributeProto.FLOAT).SerializeToString()
    assert made.count(b"\xa0\x01\x01") == 1
    return made.replace(b"\xa0\x01\x01", b"\xa0\x01\x4d")


def ofType(type_proto):
    made = model([helper.make_node("Identity", ["x"], ["y"])])
    made.graph.input[0].type.CopyFrom(type_proto)
    made.graph.output[0].type.CopyFrom(type_proto)
    return made


def endlessLoop():
    """2^63-1 times, and the condition is true."""
    nodes = [helper.make_node("Add", ["v", "v"], ["sum"]), helper.make_node("Identity", ["go"], ["on"])]
    body = helper.make_graph(nodes, "body", [info("i", (), TensorProto.INT64), info("go", (), TensorProto.BOOL), info("v")], [info("on", (), TensorProto.BOOL), info("sum")])
    return model([helper.make_node("Loop", ["trips", "true", "x"], ["y"], body=body)],
                 initializer=[numpy_helper.from_array(np.int64(2**63 - 1), "trips"), numpy_helper.from_array(np.array(True), "true")])


def longSequence():
    return model([helper.make_node("SplitToSequence", ["x"], ["s"]), helper.make_node("ConcatFromSequence", ["s"], ["y"], axis=0)],
                 [info("x", (1 << 30, 1))], [info("y", None)])


def hugeRange():
    """The count of floats is a number that only folding, or the run, finds."""
    constants = {"half": np.float32(2**35), "zero": np.float32(0), "one": np.float32(1)}
    return model([helper.make_node("Add", ["half", "half"], ["limit"]), helper.make_node("Range", ["zero", "limit", "one"], ["y"], name="r")], [],
                 [info("y", None)], initializer=[numpy_helper.from_array(a, n) for n, a in constants.items()])


def hugeSkips():
    """Bigrams whose tokens may lie any distance apart; folding counts them."""
    node = helper.make_node("TfIdfVectorizer", ["x"], ["y"], mode="TF", min_gram_length=2, max_gram_length=2, max_skip_count=2**62, ngram_counts=[0, 0], ngram_indexes=[0], pool_int64s=[1, 2])
    return model([node], [], [info("y", (1,))], initializer=[numpy_helper.from_array(np.array([1, 3, 2]), "x")])


def hugeBlock():
    return model([helper.make_node("QuantizeLinear", ["x", "s"], ["y"], axis=0, block_size=2**63 - 1)], [info("x", (2, 3)), info("s", (1, 3))],
                 [helper.make_empty_tensor_value_info("y")])


def groupQueryAttention(inputs: list[str], **shapes):
    """An op that ONNX has no schema of; each input is of floats with the shape given, or [1]."""
    made = model([helper.make_node("GroupQueryAttention", inputs, ["y"], name="gqa", domain="com.microsoft", num_heads=2, kv_num_heads=2)],
                 [info(name, shapes.get(name, (1,))) for name in dict.fromkeys(inputs) if name], [helper.make_empty_tensor_value_info("y")])
    made.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    return made


def beforeItsOpset(op: str, inputs: list[str]):
    """An op of opset 9 or later in a model of opset 1, which no schema checks."""
    made = model([helper.make_node(op, inputs, ["y"], name="n")])
    made.opset_import[0].version = 1
    return made


def microsoft(op: str, **given):
    """An op of com.microsoft: tuples are inputs of floats (of integers where the name is p) with that shape, None is an input left out, the rest attributes."""
    shapes = {name: shape for name, shape in given.items() if shape is None or isinstance(shape, tuple)}
    attributes = {name: value for name, value in given.items() if name not in shapes}
    inputs = [info(name, shape, TensorProto.INT64 if name == "p" else F) for name, shape in shapes.items() if shape is not None]
    made = model([helper.make_node(op, ["" if shape is None else name for name, shape in shapes.items()], ["y"], name="n", domain="com.microsoft", **attributes)],
                 inputs, [helper.make_empty_tensor_value_info("y")])
    made.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    return made


def gatedDeltaNet(**attributes):
    """Two tokens of two heads."""
    token = (1, 2, 2, 4)
    return microsoft("GatedDeltaNet", q=token, k=token, v=token, lengths=None, decay=(1, 2, 2), beta=(1, 2, 2), update_rule="gated_delta", **attributes)


def mapNode(op: str, isMap: bool = True, **attributes):
    """An op of ai.onnx.ml that takes a map from integers to floats, and is given one or not."""
    x = helper.make_value_info("x", helper.make_map_type_proto(TensorProto.INT64, helper.make_tensor_type_proto(F, []))) if isMap else info("x", [2])
    made = model([helper.make_node(op, ["x"], ["y"], name="n", domain="ai.onnx.ml", **attributes)], [x], [helper.make_empty_tensor_value_info("y")])
    made.opset_import.append(helper.make_opsetid("ai.onnx.ml", 3))
    return made


def calledWithout():
    """A function whose call leaves out an input that an op in it needs."""
    made = model([helper.make_node("Twice", [""], ["y"], domain="d")])
    made.functions.append(helper.make_function("d", "Twice", ["a"], ["b"], [helper.make_node("Add", ["a", "a"], ["b"], name="sum")], made.opset_import))
    made.opset_import.append(helper.make_opsetid("d", 1))
    return made


def windowOf(name: str, value: int):
    """A convolution over an axis of any length."""
    attributes = {"strides": [1], "dilations": [1], "pads": [0, 0]} | {name: [value] * (2 if name == "pads" else 1)}
    return model([helper.make_node("Conv", ["x", "w"], ["y"], name="c", **attributes)], [info("x", (1, 2, "n"))], [info("y", None)],
                 initializer=[numpy_helper.from_array(np.ones((2, 2, 3), np.float32), "w")])


def skipNormalization():
    """Of integers, which it does not take."""
    inputs = [info("x", (1, 2, 4), TensorProto.INT64), info("g", (4,), TensorProto.INT64)]
    made = model([helper.make_node("SkipSimplifiedLayerNormalization", ["x", "x", "g"], ["y"], name="n", domain="com.microsoft", epsilon=1e-5)],
                 inputs, [helper.make_empty_tensor_value_info("y")])
    made.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    return made


def growingSequence():
    """A loop that carries a sequence is unrolled, 2^40 times if nothing prevents it."""
    sequence = lambda name: helper.make_tensor_sequence_value_info(name, F, (2,))
    nodes = [helper.make_node("SequenceInsert", ["s", "x"], ["longer"]), helper.make_node("Identity", ["go"], ["on"])]
    body = helper.make_graph(nodes, "body", [info("i", (), TensorProto.INT64), info("go", (), TensorProto.BOOL), sequence("s")], [info("on", (), TensorProto.BOOL), sequence("longer")])
    return model([helper.make_node("SequenceEmpty", [], ["none"]), helper.make_node("Loop", ["trips", "true", "none"], ["all"], body=body),
                  helper.make_node("ConcatFromSequence", ["all"], ["y"], axis=0)], outputs=[info("y", None)],
                 initializer=[numpy_helper.from_array(np.int64(2**40), "trips"), numpy_helper.from_array(np.array(True), "true")])


def openAxis():
    """-2^63 is what MLIR's types mean an open size by."""
    node = helper.make_node("Col2Im", ["x", "image", "block"], ["y"])
    return model([node], [info("x", (1, 1, 4)), info("block", (2,), TensorProto.INT64)], [info("y", None)],
                 initializer=[numpy_helper.from_array(np.array([2, -2**63]), "image")])


TENSOR = helper.make_tensor_type_proto(F, [2])


def text(content: str) -> typing.Callable[[pathlib.Path], pathlib.Path]:
    def write(folder: pathlib.Path) -> pathlib.Path:
        path = folder / "model.mlir"
        path.write_text(content)
        return path
    return write


def fifo(folder: pathlib.Path) -> pathlib.Path:
    os.mkfifo(folder / "model.onnx")
    return folder / "model.onnx"


MAIN = "func.func @main(%x: tensor<2xf32>) -> tensor<2xf32> {{\n  {}\n  return %y : tensor<2xf32>\n}}\n"
RESOURCE = "{{-# dialect_resources: {{ builtin: {{ w: \"{}\" }} }} #-}}\n"
LOOP = ("func.func @main(%x: tensor<2xf32>) -> tensor<2xf32> {{\n  %c = cameo.constant dense<{0}> : tensor<i1>\n  %n = cameo.constant {1}\n"
        "  %y = cameo.loop times %n carry (%x) {{\n  ^bb0(%i: tensor<i64>, %go: tensor<i1>, %v: tensor<2xf32>):\n    cameo.yield %c, %v : tensor<i1>, tensor<2xf32>\n"
        "  }} : (tensor<{2}xi64>, tensor<2xf32>) -> tensor<2xf32>\n  return %y : tensor<2xf32>\n}}\n")
# By the row of the table of bad inputs.
CASES = {
    "04_lfs_pointer": Case(saved(lambda: b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"), 3, "E-PARSE", "Git LFS pointer; run `git lfs pull`"),
    "04_web_page": Case(saved(lambda: b"<!DOCTYPE html><html></html>"), 3, "E-PARSE", "web page"),
    "55_endless_loop": Case(saved(endlessLoop), 0, ""),
    "56_rank_million": Case(saved(hugeRank), 5, "E-RANK", "rank 1000000; the limit is 64"),
    "57_ten_million_nodes": Case(saved(tenMillionNodes), 5, "E-LIMIT", "--max-nodes"),
    "57_huge_attribute": Case(saved(hugeAttribute), 5, "E-LIMIT", "--max-attribute-bytes"),
    "57_many_opsets": Case(saved(manyOpsets), 5, "E-LIMIT", "--max-opset-imports"),
    "57_range_of_constants": Case(saved(hugeRange), 0, "", opt="O3"),
    "57_huge_skips": Case(saved(hugeSkips), 0, "", opt="O3"),
    "57_huge_block": Case(saved(hugeBlock), 5, "E-OVERFLOW", "block_size is 9223372036854775807; expected at most"),
    "57_size_of_open_axis": Case(saved(openAxis), 3, "E-SHAPE", "negative size: 1x?x2x-9223372036854775808"),
    "57_long_sequence": Case(saved(longSequence), 5, "E-LIMIT", "--max-sequence-length"),
    "57_growing_sequence": Case(saved(growingSequence), 5, "E-LIMIT", "--max-sequence-length"),
    "58_duplicate_initializer": Case(saved(twiceInitialized), 3, "E-SSA", "'w'"),
    "58_input_of_other_type": Case(saved(twoTypes), 3, "E-SSA", "'x'"),
    "59_sparse_index": Case(saved(lambda: sparse(7)), 3, "E-SPARSE", "7"),
    "59_sparse_external": Case(saved(sparseOutside), 3, "E-EXTPATH", "../../secret"),
    "60_nul_in_location": Case(saved(lambda: external("w\0.bin")), 3, "E-EXTPATH", "\\x00"),
    "60_memory_address": Case(saved(lambda: external("*/_ORT_MEM_ADDR_/*")), 3, "E-EXTPATH", "_ORT_MEM_ADDR_"),
    "60_unknown_key": Case(unknownKey, 0, "", "'compression'"),
    "61_unknown_attribute_type": Case(saved(unknownAttributeType), 3, "E-ATTR", "77"),
    "61_two_payloads": Case(saved(lambda: attribute(f=0.5, i=3, type=AttributeProto.FLOAT)), 3, "E-ATTR", "'alpha'"),
    "61_no_payload": Case(saved(lambda: attribute(type=AttributeProto.FLOAT)), 3, "E-ATTR", "'alpha'"),
    "45_variadic_left_out": Case(saved(lambda: model([helper.make_node("Concat", ["", "x"], ["y"], name="c", axis=0)])), 3, "E-ARITY", "'inputs'"),
    "45_no_schema": Case(saved(lambda: groupQueryAttention(["q", "k", "v"], q=(1, 1, 8), k=(1, 1, 8), v=(1, 1, 8))), 3, "E-ARITY", "(seqlens_k) is missing"),
    "45_left_out_by_call": Case(saved(calledWithout), 3, "E-ARITY", "'a' is left out where its function is called"),
    "35_stride_huge": Case(saved(lambda: windowOf("strides", 2**40)), 5, "E-OVERFLOW", "strides[0] is 1099511627776; expected at most 2147483647"),
    "35_pad_huge": Case(saved(lambda: windowOf("pads", 2**62)), 5, "E-OVERFLOW", "pads[0] is 4611686018427387904"),
    "45_no_schema_value": Case(saved(lambda: groupQueryAttention(["q", "k", "", "", "", "n", "n"], q=(1, 1, 8), k=(1, 1, 8))), 3, "E-ARITY", "key or value is left out"),
    "46_no_schema": Case(saved(lambda: groupQueryAttention(["q"] * 20, q=(1, 1, 8))), 3, "E-ARITY", "expected at most 14"),
    "42_more_starts_than_axes": Case(saved(lambda: model([helper.make_node("Slice", ["x", "s", "s"], ["y"], name="n")], [info("x"), info("s", [2**28], TensorProto.INT64)],
                                                         [helper.make_empty_tensor_value_info("y")])), 3, "E-SHAPE", "there are 268435456 starts; expected 1 at most"),
    "45_before_its_opset": Case(saved(lambda: beforeItsOpset("Erf", [""])), 3, "E-ARITY", "0 of them given; expected 1"),
    "45_first_before_its_opset": Case(saved(lambda: beforeItsOpset("Erf", ["", "x"])), 3, "E-ARITY", "it has 2 inputs, 1 of them given; expected 1"),
    "45_axes_of_no_axis": Case(saved(lambda: model([helper.make_node("Pad", ["x", "p", "", "a"], ["y"], name="n")], [info("x"), info("p", [2], TensorProto.INT64), info("a", [], TensorProto.INT64)],
                                                   [helper.make_empty_tensor_value_info("y")])), 3, "E-SHAPE", "axes has rank 0; expected a vector"),
    "44_declared_in_another_order": Case(saved(lambda: model([helper.make_node("Transpose", ["x"], ["y"], name="n", perm=[1, 0])], [info("x", [1, 4])], [info("y", [1, 4])])), 3, "E-SHAPE",
                                         "is declared with shape 1x4, but inferred as 4x1"),
    "46_before_its_opset": Case(saved(lambda: beforeItsOpset("Erf", ["x", "x"])), 3, "E-ARITY", "it has 2 inputs, 2 of them given; expected 1"),
    "45_no_schema_rank": Case(saved(lambda: groupQueryAttention(["q", "k", "v", "p", "p", "n", "n"], q=(1, 1, 8), k=(1, 1, 8), v=(1, 1, 8))), 3, "E-SHAPE", "(past_key) has rank 1; expected 4"),
    "45_no_schema_type": Case(saved(lambda: skipNormalization()), 3, "E-DTYPE", "other types than it takes"),
    "45_gates_of_no_axis": Case(saved(lambda: microsoft("HyperConnectionPreMix", s=(2, 3, 4), g=())), 3, "E-SHAPE", "gates of rank 0 are for streams of rank 3"),
    "45_scores_of_no_axis": Case(saved(lambda: microsoft("MoEGroupRouter", x=(), b=(4,), top_k=1)), 3, "E-SHAPE", "expected rows of 4, one per expert"),
    "45_scores_of_fewer_experts": Case(saved(lambda: microsoft("MoEGroupRouter", x=(4, 6), b=(8,), top_k=1)), 3, "E-SHAPE", "4x6; expected rows of 8"),
    "45_gate_of_no_axis": Case(saved(lambda: microsoft("SwiGLU", g=())), 3, "E-SHAPE", "gate is a scalar; expected rank 1 or more"),
    "45_streams_of_no_axis": Case(saved(lambda: microsoft("HyperConnectionPreMix", s=(4,), g=(4,))), 3, "E-SHAPE", "has rank 1; expected 2 or more, or num_branches"),
    "45_streams_that_do_not_divide": Case(saved(lambda: microsoft("HyperConnectionPreMix", s=(2, 7), g=(2, 3), num_branches=3)), 3, "E-SHAPE", "is to be split into 3 streams"),
    "45_groups_that_do_not_divide": Case(saved(lambda: microsoft("MoEGroupRouter", x=(4, 8), b=(8,), top_k=1, n_group=3)), 3, "E-ATTR", "top_k is 1, n_group 3"),
    "45_more_experts_than_there_are": Case(saved(lambda: microsoft("MoEGroupRouter", x=(4, 8), b=(8,), top_k=5, n_group=2)), 3, "E-ATTR", "top_k is 5, n_group 2"),
    "45_two_sections": Case(saved(lambda: microsoft("MRotaryEmbedding", x=(1, 2, 8), p=(3, 1, 2), c=(9, 4), s=(9, 4), mrope_section=[2, 2])), 3, "E-ATTR", "mrope_section has 2 entries"),
    "62_no_vocabulary": Case(saved(lambda: mapNode("DictVectorizer", string_vocabulary=["a"])), 3, "E-ATTR", "no vocabulary for keys of type int64"),
    "62_cast_to": Case(saved(lambda: mapNode("CastMap", cast_to="TO_BOOL")), 3, "E-ATTR", "cast_to is 'TO_BOOL'"),
    "62_map_form": Case(saved(lambda: mapNode("CastMap", map_form="ROWS")), 3, "E-ATTR", "map_form is 'ROWS'"),
    "62_no_columns": Case(saved(lambda: mapNode("CastMap", map_form="SPARSE", max_map=0)), 3, "E-ATTR", "max_map is 0"),
    "45_unknown_gate": Case(saved(lambda: gatedDeltaNet(gate_activation="relu")), 3, "E-ATTR", "gate_activation is 'relu'"),
    "45_gate_without_rates": Case(saved(lambda: gatedDeltaNet(gate_activation="kda")), 3, "E-ARITY", "needs the inputs a_log and dt_bias"),
    "45_unknown_beta": Case(saved(lambda: gatedDeltaNet(beta_activation="relu")), 3, "E-ATTR", "beta_activation is 'relu'"),
    "42_ragged_tokens": Case(saved(lambda: gatedDeltaNet(state_update_capacity=2)), 4, "E-UNSUPPORTED", "cu_seqlens or state_update_capacity is given"),
    "45_odd_gate": Case(saved(lambda: microsoft("SwiGLU", g=(2, 3))), 3, "E-SHAPE", "rows of 3 elements; expected an even number"),
    "45_two_positions": Case(saved(lambda: microsoft("MRotaryEmbedding", x=(1, 2, 8), p=(2, 1, 2), c=(9, 4), s=(9, 4), mrope_section=[2, 1, 1])), 3, "E-SHAPE", "expected three positions of each token"),
    "45_huge_sections": Case(saved(lambda: microsoft("MRotaryEmbedding", x=(1, 2, 8), p=(3, 1, 2), c=(0, 2**33), s=(0, 2**33), mrope_section=[2**33, 0, 0])), 3, "E-ATTR", "known and at most 65536"),
    "62_tensor_for_map": Case(saved(lambda: mapNode("CastMap", isMap=False)), 3, "E-DTYPE", "has type float; expected map(int64,"),
    "62_sequence": Case(saved(lambda: ofType(helper.make_sequence_type_proto(TENSOR))), 4, "E-TYPE", "'x'"),
    "62_map": Case(saved(lambda: ofType(helper.make_map_type_proto(TensorProto.INT64, helper.make_sequence_type_proto(TENSOR)))), 4, "E-TYPE", "'x'"),
    "62_complex": Case(saved(lambda: ofType(helper.make_tensor_type_proto(TensorProto.COMPLEX64, [2]))), 4, "E-TYPE", "'x'"),
    "65_no_file": Case(lambda folder: folder / "none.onnx", 6, "E-FILE", "no such file"),
    "65_directory": Case(lambda folder: folder, 6, "E-FILE", "directory"),
    "65_fifo": Case(fifo, 6, "E-FILE", "not a regular file"),
    "65_no_text_file": Case(lambda folder: folder / "none.mlir", 6, "E-FILE", "no such file"),
    "73_unknown_dialect": Case(text(MAIN.format("%y = bogus.relu %x : tensor<2xf32>")), 3, "E-PARSE", "model.mlir:2:8"),
    "73_not_verified": Case(text(MAIN.format("%y = cameo.relu %x : (tensor<2xf32>) -> tensor<3xf32>").replace("return %y : tensor<2xf32>", "return %x : tensor<2xf32>")), 3, "E-PARSE", "model.mlir:2:8"),
    "73_deep_nesting": Case(text("#a = " + "[" * 1_000_000), 3, "E-PARSE", "model.mlir:1:"),
    "73_huge_integer": Case(text(MAIN.format("%y = cameo.leaky_relu %x {alpha = " + "9" * 100_000 + " : i64} : (tensor<2xf32>) -> tensor<2xf32>")), 3, "E-PARSE", "model.mlir:2:"),
    "73_other_dialect": Case(text(MAIN.format("%y = arith.addf %x, %x : tensor<2xf32>")), 3, "E-PARSE", "arith.addf"),
    "73_no_return": Case(text("func.func @main(%x: tensor<2xf32>) -> tensor<2xf32> {\n  llvm.unreachable\n}\n"), 3, "E-PARSE", "expected func.return"),
    "73_sparse_constant": Case(text(MAIN.format("%y = cameo.constant sparse<[[0]], [1.0]> : tensor<2xf32>")), 3, "E-PARSE", "neither dense nor a dense resource"),
    "73_short_resource": Case(text(MAIN.format("%y = cameo.constant dense_resource<w> : tensor<2xf32>") + RESOURCE.format("0x040000000000803F")), 3, "E-PARSE", "has 4 bytes of data; expected 8"),
    "73_long_resource": Case(text(MAIN.format("%y = cameo.constant dense_resource<w> : tensor<2xf32>") + RESOURCE.format("0x040000000000803F0000803F0000803F")), 3, "E-PARSE", "has 12 bytes of data; expected 8"),
    "73_trip_counts": Case(text(LOOP.format("1", "dense<[2, 3]> : tensor<2xi64>", "2")), 3, "E-PARSE", "number of elements of the trip count"),
    "73_no_trip_count": Case(text(LOOP.format("1", "dense<> : tensor<0xi64>", "0")), 3, "E-PARSE", "number of elements of the trip count"),
    "73_no_main": Case(text("func.func @other() {\n  return\n}\n"), 3, "E-PARSE", "@main"),
}
