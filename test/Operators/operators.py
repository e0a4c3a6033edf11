#!/usr/bin/env python3
"""operators.py - single operators over combinations of their attributes, against ONNX Runtime, or NumPy where that refuses them.

    operators.py list              one case per operator and optimisation level
    operators.py run NAME-O3       all its combinations; prints those that differ

The combinations are the functions of the tables below, named like the case: each yields Node after Node.
"""
import pathlib
import sys
import tempfile
import types

import numpy as np
import onnx
from onnx import helper, numpy_helper

import attention
import control
import experimental
import forms
import gating
import geometry
import quantized
import recurrent
import tabular
import texts
import volumes
from node import Node, vectors

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "test/Support"))
sys.path.insert(0, str(ROOT / "test/Models"))
import cameo  # noqa: E402
import models  # noqa: E402

TABLES = [attention, control, experimental, forms, gating, geometry, quantized, recurrent, tabular, texts, volumes]


def tables() -> dict[str, types.FunctionType]:
    return {name: function for table in TABLES for name, function in vars(table).items()
            if isinstance(function, types.FunctionType) and function.__module__ == table.__name__ and not name.startswith("_")}


def typeOf(value: np.ndarray | dict) -> onnx.TypeProto:
    if not isinstance(value, dict):
        return helper.make_tensor_type_proto(helper.np_dtype_to_tensor_dtype(value.dtype), value.shape)
    key, element = (helper.np_dtype_to_tensor_dtype(v.dtype) for v in vectors(value))
    return helper.make_map_type_proto(key, helper.make_tensor_type_proto(element, None))


def parts(name: str, value: np.ndarray | dict) -> dict[str, np.ndarray]:
    """What a program takes for an input."""
    return dict(zip((f"{name}.keys", f"{name}.values"), vectors(value))) if isinstance(value, dict) else {name: value}


def model(node: Node) -> onnx.ModelProto:
    """The node alone; inputs that `weights` names are initializers, the others the graph's inputs."""
    given = {name: array for name, array in node.inputs.items() if array is not None}
    names = [name if name in given else "" for name in node.inputs]
    weights = [numpy_helper.from_array(array, name) for name, array in given.items() if name in node.weights]
    inputs = [helper.make_value_info(name, typeOf(value)) for name, value in given.items() if name not in node.weights]
    outputs = [helper.make_empty_tensor_value_info(name) for name in node.outputs if name]
    made = helper.make_node(node.op, names, node.outputs, domain=node.domain, **node.attributes)
    graph = helper.make_graph([made], "operator", inputs, outputs, weights)
    opsets = [helper.make_opsetid("", node.opset)] + [helper.make_opsetid(node.domain, 1)] * bool(node.domain)
    return helper.make_model(graph, opset_imports=opsets, ir_version=10)


def compare(node: Node, opt: str, folder: str) -> str:
    """How the node differs; empty when it agrees."""
    path, program = pathlib.Path(folder) / "model.onnx", f"{folder}/model.cameo"
    onnx.save(model(node), path)
    feeds = {name: array for name, array in node.inputs.items() if array is not None and name not in node.weights}
    wanted = models.reference(path)(feeds) if node.wanted is None else node.wanted
    models.compileModel(path, opt, program)
    found = cameo.Program(program, threads=1).run({part: array for feed in feeds.items() for part, array in parts(*feed).items()})
    for name, array in wanted.items():  # integers within the node's steps count as the same
        if node.steps and array.dtype.kind in "iu" and found[name].shape == array.shape:
            near = np.abs(found[name].astype(int) - array) <= node.steps
            found[name] = np.where(near, array, found[name]).astype(found[name].dtype)
    for name, mask in node.unspecified.items():
        if found[name].shape == wanted[name].shape:
            found[name] = np.where(mask, wanted[name], found[name])
    return models.different(found, wanted, node.rtol, node.atol)


def main() -> None:
    cases = {f"{name}-{opt}": (table, opt) for name, table in tables().items() for opt in ("O0", "O3")}
    match sys.argv[1:]:
        case ["list"]:
            print("\n".join(cases))
        case ["run", name] if name in cases:
            table, opt = cases[name]
            count, failures = 0, 0
            with tempfile.TemporaryDirectory(prefix="cameo-operators-") as folder:
                for node in table():
                    count += 1
                    try:
                        wrong = compare(node, opt, folder)
                    except (SystemExit, RuntimeError) as error:
                        wrong = str(error)
                    except Exception as error:  # ONNX Runtime's own kinds: it refuses the node
                        wrong = f"ONNX Runtime: {error}"
                    if wrong:
                        failures += 1
                        print(f"{node}: {wrong}")
            print(f"{count} nodes, {failures} differ")
            sys.exit(bool(failures))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
