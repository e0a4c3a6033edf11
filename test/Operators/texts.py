"""texts.py - com.microsoft's operators on texts."""
import itertools

import numpy as np

from node import Node, normal

LINES = ["the cat  sat, on a mat.", "", "x", "naïve café: 3_4 été!", "don't stop--now", "aaa aab aabb b", "  two  spaces "]
EXPRESSIONS = ["[a-zA-Z0-9_]+", r"\w\w+", ".", r"\b\w+\b", r"\B\w", "a*", "a|ab|aabb", "[^ ]+", "^[a-z]+", "(?i)[B-T]+", "é|ï", r"[^\W\d]+", "[0-9]+$"]
SEPARATORS = [[" "], [" ", "[.]", r"\?", ",", ";", ":", r"\!"], ["aa", "b"], ["b", "aa"], [""], ["[a-m]+"], ["é", " +"], ["x*"]]


def _node(lines: list[str], shape: tuple[int, ...], **attributes) -> Node:
    return Node("Tokenizer", {"X": np.array(lines, object).reshape(shape)}, ["Y"], {"mark": 0, "pad_value": "#", "mincharnum": 1} | attributes,
                domain="com.microsoft")


def tokenizer_expression():
    for expression, least, mark in itertools.product(EXPRESSIONS, (1, 3), (0, 1)):
        if (expression, least) != (".", 3):  # a character, which has no three
            yield _node(LINES, (7,), tokenexp=expression, mincharnum=least, mark=mark)


def tokenizer_separators():
    for separators, least, mark in itertools.product(SEPARATORS, (1, 2), (0, 1)):
        if (separators, least) != ([""], 2):
            yield _node(LINES, (7,), separators=separators, mincharnum=least, mark=mark)


def tokenizer_shapes():
    """Rows of texts, and texts without any token."""
    for mark in (0, 1):
        yield _node(LINES[:6], (2, 3), tokenexp="[a-z]+", mark=mark)
        yield _node(["", "."], (2,), tokenexp="[a-z]+", mark=mark)
        yield _node(["", "."], (1, 2), separators=["."], mark=mark)


def murmur_hash():
    texts = np.array([LINES + ["abc", "abcd", "abcde"]], object)
    numbers = [normal(3, 4, scale=100).astype(kind) for kind in (np.float32, np.float64, np.int32, np.int64)]
    numbers += [np.abs(normal(5, scale=1e6)).astype(kind) for kind in (np.uint32, np.uint64)] + [np.array([-1, 2**62, -2**63])]
    for x, seed, positive in itertools.product([texts] + numbers, (0, 42, 2**32 - 1), (0, 1)):
        yield Node("MurmurHash3", {"X": x}, ["Y"], {"seed": seed, "positive": positive}, domain="com.microsoft")


def unique():
    """Texts of which one begins as another goes on, and some with bytes of 0x80 and above; rows and columns of texts, equal up to the last."""
    words = np.array(["b", "a", "", "ab", "é", "b", "a\0", "żółw", "a", "", "z", "😀"], object)
    rows = np.array([["a", "b"], ["a", "a"], ["", "b"], ["a", "b"]], object)
    for x, ordered in itertools.product((words, words[:1], words[:0], rows), (0, 1)):
        for axis in [{}] + [{"axis": axis} for axis in range(-1, x.ndim) if x.size]:
            yield Node("Unique", {"x": x}, ["y", "first", "inverse", "counts"], {"sorted": ordered, **axis})
