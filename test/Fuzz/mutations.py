"""mutations.py - changed copies of a model: every field of every message deleted, doubled, negated, made huge, exchanged or cut short.

Fields are drawn by kind (message, field, and for nodes the op), so that a field that stands a thousand times in the file is not
changed a thousand times as often as one that stands there once.
"""
import math
import random
import typing

import onnx
from google.protobuf.descriptor import FieldDescriptor as F
from google.protobuf.message import Message

INTEGERS = [0, 1, -1, 2, 3, 7, 16, 255, 2**31 - 1, -2**31, 2**31, 2**40, 2**62, 2**63 - 1, -2**63]
FLOATS = [0.0, -0.0, 1.0, -1.0, 1e38, -1e38, 1e-45, math.inf, -math.inf, math.nan]


class Site(typing.NamedTuple):
    """A field of a message, or one element of a repeated field."""
    parent: Message
    field: F
    index: int | None

    def get(self):
        value = getattr(self.parent, self.field.name)
        return value if self.index is None else value[self.index]

    def set(self, value) -> None:
        if self.index is None:
            setattr(self.parent, self.field.name, value)
        else:
            getattr(self.parent, self.field.name)[self.index] = value


def sites(message: Message, kind: str = "") -> typing.Iterator[tuple[str, Site]]:
    """(kind, site) of everything in the message. Long lists of numbers are weights: a few of theirs will do."""
    for field, value in message.ListFields():
        name = f"{kind}.{field.name}" if kind else f"{message.DESCRIPTOR.name}.{field.name}"
        indices: typing.Iterable[int | None] = [None]
        if field.is_repeated:
            indices = range(len(value) if field.type == F.TYPE_MESSAGE else min(len(value), 64))
        for index in indices:
            yield name, Site(message, field, index)
            if field.type == F.TYPE_MESSAGE:
                inner = value if index is None else value[index]
                yield from sites(inner, f"Node({inner.op_type})" if isinstance(inner, onnx.NodeProto) else
                                 f"{name}({inner.name})" if isinstance(inner, onnx.AttributeProto) else "")


def changedBytes(draw: random.Random, value: bytes) -> bytes:
    size = len(value)
    match draw.randrange(6):
        case 0:
            return b""
        case 1:
            return value[:size // 2]
        case 2:
            return value[:-1]
        case 3:
            return value + value[:64]
        case 4:
            return value[:-8] + b"\xff" * min(8, size)
        case _:
            at = draw.randrange(max(size, 1))
            return value[:at] + bytes([draw.randrange(256)]) + value[at + 1:]


def changedText(draw: random.Random, value: str, others: list[str]) -> str:
    match draw.randrange(5):
        case 0:
            return ""
        case 1:
            return value[:len(value) // 2]
        case 2:
            return value + draw.choice(["_", "\x01", "é", "\u2028", "x" * 70_000])
        case _:
            return draw.choice(others)


def change(draw: random.Random, site: Site, alike: list[Site]) -> str:
    """Makes one change; says which."""
    field, repeated = site.field, site.index is not None
    container = getattr(site.parent, field.name)
    isMessage = field.type == F.TYPE_MESSAGE
    kinds = ["delete", "change", "change", "change"] + (["double", "swap"] if repeated else [])
    what = draw.choice(kinds)
    if what == "delete" or isMessage and not repeated:
        if repeated:
            del container[site.index]
        else:
            site.parent.ClearField(field.name)
        return "delete"
    if what == "double" or isMessage and what == "change" and draw.random() < 0.3:
        if isMessage:
            container.add().CopyFrom(container[site.index])
        else:
            container.append(container[site.index])
        return "double"
    other = draw.choice(alike)
    if isMessage:
        copy = type(site.get())()
        copy.CopyFrom(other.get())
        site.get().CopyFrom(copy)
        return "becomes another"
    value = site.get()
    if what == "swap":
        mine, its = value, other.get()
        site.set(its)
        other.set(mine)
        return "exchange"
    match field.cpp_type:
        case F.CPPTYPE_STRING if field.type == F.TYPE_BYTES:
            new = changedBytes(draw, value)
        case F.CPPTYPE_STRING:
            new = changedText(draw, value, [s.get() for s in draw.sample(alike, min(8, len(alike)))])
        case F.CPPTYPE_FLOAT | F.CPPTYPE_DOUBLE:
            new = draw.choice([*FLOATS, -value, value * 1e20])
        case F.CPPTYPE_ENUM:
            new = draw.choice(sorted(field.enum_type.values_by_number))
        case _:
            new = draw.choice([*INTEGERS, -value, value + 1, value - 1, value * 2])
            low, high = {F.CPPTYPE_INT32: (-2**31, 2**31 - 1), F.CPPTYPE_UINT64: (0, 2**64 - 1)}.get(field.cpp_type, (-2**63, 2**63 - 1))
            new = min(max(new, low), high)
    site.set(new)
    return f"{str(value)[:40]!r} becomes {str(new)[:40]!r}"


def mutate(model: onnx.ModelProto, seed: str) -> tuple[str, bytes]:
    """(what was changed, the file) for a seed."""
    draw = random.Random(seed)
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    said = []
    if draw.random() < 0.04:  # damage that no writer of protobuf would do
        return "bytes", changedBytes(draw, changed.SerializeToString())
    for _ in range(draw.choice([1, 1, 1, 2, 3])):
        groups: dict[str, list[Site]] = {}
        for kind, site in sites(changed):
            groups.setdefault(kind, []).append(site)
        kind = draw.choice(sorted(groups))
        said.append(f"{kind}: {change(draw, draw.choice(groups[kind]), groups[kind])}")
    return "; ".join(said), changed.SerializeToString()
