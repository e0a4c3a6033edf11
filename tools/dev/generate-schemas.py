#!/usr/bin/env python3
"""Writes the table of ONNX op schemas that the compiler is built with.

    generate-schemas.py OUT.inc

OUT.inc is one C++ string literal: a binary blob which lib/Import/ONNX/Schema.cpp decodes at first use. A blob keeps the
compile time of 659 schemas at a tenth of a second. It holds, in this order, with all numbers as LEB128 varints:

    newest IR version
    strings:   count, then length and bytes of each; everything below names strings by number
    domains:   count, then name, newest version
    typeSets:  count, then bit mask of allowed tensor element types, count of other types, their names
    schemas:   count, sorted by domain, name, version; then for each
        domain, name, since, min/max inputs, min/max outputs, flags (1 deprecated, 2 not deterministic, 4 context-dependent body)
        inputs:     count, then name, type name, kind, homogeneous, min arity, type set
        outputs:    the same
        attributes: count, then name, AttributeProto.AttributeType, flags (1 required, 2 default), the default
        functions:  count, then opset, FunctionProto bytes (as a string number)

Defaults: INT zigzag; FLOAT its 32 bits; STRING a string; lists a count and the elements.
The output depends on nothing but the installed onnx package.
"""

import struct
import sys

import onnx
from onnx import AttributeProto, TensorProto, defs

WANTED = "1.23."


class Writer:
    def __init__(self):
        self.bytes = bytearray()

    def number(self, value):
        assert value >= 0
        while value > 0x7F:
            self.bytes.append(value & 0x7F | 0x80)
            value >>= 7
        self.bytes.append(value)

    def zigzag(self, value):
        self.number(value << 1 if value >= 0 else (-value << 1) - 1)


class Interned:
    """Values numbered in the order of their first use."""

    def __init__(self):
        self.numbers = {}

    def number(self, value):
        return self.numbers.setdefault(value, len(self.numbers))


STRINGS = Interned()
TYPE_SETS = Interned()
KINDS = {
    defs.OpSchema.FormalParameterOption.Single: 0,
    defs.OpSchema.FormalParameterOption.Optional: 1,
    defs.OpSchema.FormalParameterOption.Variadic: 2,
}
TENSOR_TYPES = {f"tensor({name.lower()})": number for name, number in TensorProto.DataType.items()}


def string(out, value):
    out.number(STRINGS.number(value if isinstance(value, bytes) else value.encode()))


def type_set(types):
    mask = sum(1 << TENSOR_TYPES[t] for t in types if t in TENSOR_TYPES)
    others = tuple(sorted(t for t in types if t not in TENSOR_TYPES))
    return TYPE_SETS.number((mask, others))


def parameters(out, formal):
    out.number(len(formal))
    for p in formal:
        string(out, p.name)
        string(out, p.type_str)
        out.number(KINDS[p.option])
        out.number(int(p.is_homogeneous))
        out.number(p.min_arity)
        out.number(type_set(p.types))


def default(out, attribute):
    def scalar(kind, value):
        if kind == AttributeProto.INT:
            out.zigzag(value)
        elif kind == AttributeProto.FLOAT:
            out.number(struct.unpack("<I", struct.pack("<f", value))[0])
        elif kind == AttributeProto.STRING:
            string(out, value)
        else:
            sys.exit(f"generate-schemas: attribute {attribute.name} has a default of a kind that the table has no form for")

    plural = {AttributeProto.INTS: "ints", AttributeProto.FLOATS: "floats", AttributeProto.STRINGS: "strings"}
    singular = {AttributeProto.INT: "i", AttributeProto.FLOAT: "f", AttributeProto.STRING: "s"}
    if attribute.type in plural:
        values = getattr(attribute, plural[attribute.type])
        element = {"ints": AttributeProto.INT, "floats": AttributeProto.FLOAT, "strings": AttributeProto.STRING}
        out.number(len(values))
        for value in values:
            scalar(element[plural[attribute.type]], value)
    else:
        scalar(attribute.type, getattr(attribute, singular.get(attribute.type, "name")))


def attributes(out, schema):
    out.number(len(schema.attributes))
    for name in sorted(schema.attributes):
        a = schema.attributes[name]
        has_default = a.default_value.type != AttributeProto.UNDEFINED
        string(out, name)
        out.number(a.type.value)
        out.number(int(a.required) | 2 * has_default)
        if has_default:
            default(out, a.default_value)


def functions(out, schema):
    versions = sorted(schema.function_opset_versions) if schema.has_function else []
    out.number(len(versions))
    for version in versions:
        body = onnx.FunctionProto()
        body.ParseFromString(schema.get_function_with_opset_version(version))
        body.ClearField("doc_string")
        for node in body.node:
            node.ClearField("doc_string")
        out.number(version)
        string(out, body.SerializeToString(deterministic=True))


def schemas():
    out = Writer()
    everything = sorted(defs.get_all_schemas_with_history(), key=lambda s: (s.domain, s.name, s.since_version))
    out.number(len(everything))
    for s in everything:
        string(out, s.domain)
        string(out, s.name)
        for value in (s.since_version, s.min_input, s.max_input, s.min_output, s.max_output):
            out.number(value)
        deterministic = s.node_determinism != defs.OpSchema.NodeDeterminism.NonDeterministic
        out.number(int(s.deprecated) | 2 * (not deterministic) | 4 * s.has_context_dependent_function)
        parameters(out, s.inputs)
        parameters(out, s.outputs)
        attributes(out, s)
        functions(out, s)
    return out.bytes


def blob():
    body = schemas()
    domains = Writer()
    versions = {d: v[1] for d, v in sorted(defs.C.schema_version_map().items())}
    domains.number(len(versions))
    for domain, newest in versions.items():
        string(domains, domain)
        domains.number(newest)
    sets = Writer()
    sets.number(len(TYPE_SETS.numbers))
    for mask, others in TYPE_SETS.numbers:
        sets.number(mask)
        sets.number(len(others))
        for other in others:
            string(sets, other)
    head = Writer()
    head.number(onnx.IR_VERSION)
    head.number(len(STRINGS.numbers))
    for value in STRINGS.numbers:
        head.number(len(value))
        head.bytes += value
    return bytes(head.bytes + domains.bytes + sets.bytes + body)


def literal(data):
    """Octal escapes of three digits, so that no following character can join them."""
    text = ['""' if not data else ""]
    plain = set(range(0x20, 0x7F)) - set(b'"\\?')
    for start in range(0, len(data), 100):
        text.append('"' + "".join(chr(b) if b in plain else f"\\{b:03o}" for b in data[start : start + 100]) + '"\n')
    return "".join(text)


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: generate-schemas.py OUT.inc")
    if not onnx.__version__.startswith(WANTED):
        sys.exit(
            f"generate-schemas: the onnx package is {onnx.__version__}, but the schema table wants {WANTED}*; "
            "run tools/dev/quickstart, which makes build/venv with the right one"
        )
    with open(sys.argv[1], "w", encoding="ascii") as out:
        out.write(f"// Written by tools/dev/generate-schemas.py from onnx {onnx.__version__}; see there for the form.\n")
        out.write(literal(blob()))


if __name__ == "__main__":
    main()
