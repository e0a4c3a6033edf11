#!/usr/bin/env python3
"""extremes.py - operators with integers at the ends of their range, in each attribute and each input in turn.

    extremes.py [--every=N] [WORD...]   all of them, or each N-th; or those whose name holds a word, with what came of them

One node of each operator, from the cases of the `onnx` package and the tables of test/Operators. Of lists and tensors the first and the last element are
changed; inputs are constants, and then the run's. Whatever comes of it is a program or an error: see Outcome.finding. The files of findings lie
in build/fuzz-findings.
"""
import collections
import dataclasses
import pathlib
import resource
import sys
import tempfile
import typing
import warnings

import numpy as np
import onnx
from onnx import AttributeProto, defs, helper, numpy_helper
from server import BUILD, Server

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Operators"))
import operators  # noqa: E402

VALUES = [-1, 0, 7, 2**31, 2**62, 2**63 - 1, -2**63]
LARGEST_FILE = 1 << 30


@dataclasses.dataclass
class Case:
    name: str
    model: onnx.ModelProto
    feeds: dict[str, np.ndarray]


def nodes() -> list[Case]:
    """For each operator and number of inputs, the node with the most attributes. The sizes of its outputs are not declared."""
    from onnx.backend.test.case import node as cases

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = [Case("", c.model, dict(zip((i.name for i in c.model.graph.input), c.data_sets[0][0]))) for c in cases.collect_testcases(None)]
    for node in (node for table in operators.tables().values() for node in table()):
        made.append(Case("", operators.model(node), {k: v for k, v in node.inputs.items() if v is not None and k not in node.weights}))
    chosen: dict[tuple, Case] = {}
    for case in made:
        graph = case.model.graph
        if len(graph.node) != 1 or case.model.functions or not all(isinstance(v, (np.ndarray, np.generic)) for v in case.feeds.values()):
            continue
        node = graph.node[0]
        if any(a.type == AttributeProto.GRAPH for a in node.attribute):  # a loop may take its time
            continue
        key = (node.domain, node.op_type, len(node.input))
        if key not in chosen or len(node.attribute) > len(chosen[key].model.graph.node[0].attribute):
            chosen[key] = dataclasses.replace(case, name=f"{node.op_type}-{len(node.input)}")
    for case in chosen.values():
        for output in case.model.graph.output:
            if output.type.HasField("tensor_type"):
                output.type.tensor_type.ClearField("shape")
    return [chosen[key] for key in sorted(chosen)]


def attributes(case: Case) -> typing.Iterator[Case]:
    """Each integer attribute that the node has or, where ONNX knows the operator, could have."""
    node = case.model.graph.node[0]
    lists = {AttributeProto.INT: False, AttributeProto.INTS: True}
    found = {a.name: lists[a.type] for a in node.attribute if a.type in lists}
    version = next((o.version for o in case.model.opset_import if o.domain == node.domain), 1)
    if defs.has(node.op_type, version, node.domain):
        known = defs.get_schema(node.op_type, version, node.domain).attributes.values()
        found |= {a.name: lists[int(a.type)] for a in known if int(a.type) in lists}
    for name, isList in sorted(found.items()):
        given = next((list(a.ints) for a in node.attribute if a.name == name), None) or [0]
        for at in sorted({0, len(given) - 1}):
            for value in VALUES:
                model = onnx.ModelProto()
                model.CopyFrom(case.model)
                changed = model.graph.node[0]
                kept = [a for a in node.attribute if a.name != name]
                del changed.attribute[:]
                changed.attribute.extend([*kept, helper.make_attribute(name, given[:at] + [value] + given[at + 1:] if isList else value)])
                yield Case(f"{case.name}-{name}[{at}]={value}", model, case.feeds)


def inputs(case: Case) -> typing.Iterator[Case]:
    graph = case.model.graph
    constants = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    feeds = {k: np.asarray(v) for k, v in case.feeds.items()}
    for name, array in (feeds | constants).items():
        if array.dtype.kind not in "iu" or array.dtype.itemsize < 4 or not 0 < array.size <= 64:
            continue
        ends = np.iinfo(array.dtype)
        for at in sorted({0, array.size - 1}):
            for value in sorted({min(max(v, ends.min), ends.max) for v in VALUES}):
                changed = array.copy()
                changed.reshape(-1)[at] = value
                for place in ["constant", "run"] if name in feeds else ["constant"]:
                    fixed = constants | ({name: changed} if place == "constant" else {})
                    free = {k: changed if k == name else v for k, v in feeds.items() if k not in fixed}
                    model = onnx.ModelProto()
                    model.CopyFrom(case.model)
                    del model.graph.initializer[:], model.graph.input[:]
                    model.graph.initializer.extend(numpy_helper.from_array(v, k) for k, v in fixed.items())
                    model.graph.input.extend(helper.make_tensor_value_info(k, helper.np_dtype_to_tensor_dtype(v.dtype), v.shape) for k, v in free.items())
                    yield Case(f"{case.name}-{name}[{at}]={value}-{place}", model, free)


def outcomes(server: Server, case: Case, folder: pathlib.Path, opt: str):
    """What the tools did, one after the other; at last, words where check and compile disagree."""
    file, program, feeds = folder / "model.onnx", folder / "model.cameo", folder / "feeds.npz"
    file.write_bytes(case.model.SerializeToString())
    check = server.call("cameo", "check", file)
    yield "check", check, ""
    if check.exit:
        return
    compiled = server.call("cameo", "compile", file, opt, "-j1", "-o", program)
    yield f"compile {opt}", compiled, "check says that it compiles" if compiled.exit else ""
    if compiled.exit:
        return
    np.savez(feeds, **case.feeds)
    given = ["--input", feeds] if case.feeds else []
    yield "run", server.call("cameo-run", program, "--memory-budget=256MB", "--threads=1", *given), ""


def main(arguments: list[str]) -> int:
    """The number of findings."""
    every = next((int(a.removeprefix("--every=")) for a in arguments if a.startswith("--every=")), 1)
    words = [a for a in arguments if not a.startswith("--")]
    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE, LARGEST_FILE))
    cases = [c for node in nodes() for c in (*attributes(node), *inputs(node))]
    server, counts, found = Server(), collections.Counter(), 0
    with tempfile.TemporaryDirectory(prefix="cameo-extremes-") as folder:
        for i, case in enumerate(cases):
            if i % every or words and not any(word in case.name for word in words):
                continue
            for step, outcome, other in outcomes(server, case, pathlib.Path(folder), "-O0" if i // every % 2 else "-O3"):
                counts[f"{step.split()[0]}: {outcome.exit}"] += 1
                if words:
                    print(f"{case.name}: {step}: {outcome.exit} {outcome.text[-300:]}")
                if finding := outcome.finding(case.model.ByteSize()) or other:
                    found += 1
                    kept = BUILD / "fuzz-findings" / f"extremes-{case.name}.onnx"
                    kept.parent.mkdir(exist_ok=True)
                    onnx.save(case.model, kept)
                    print(f"{kept}: {step}: {finding}\n{outcome.text[-1000:]}", flush=True)
    server.close()
    print(f"{len(cases)} cases, each {every}th tried: exit codes {dict(sorted(counts.items()))}, {found} findings")
    return found


if __name__ == "__main__":
    sys.exit(bool(main(sys.argv[1:])))
