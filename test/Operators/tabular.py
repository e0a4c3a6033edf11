"""tabular.py - operators of ai.onnx.ml on tables of numbers and texts."""
import itertools

import numpy as np

from node import Node, vectors


def one_hot_encoder():
    """Whether unknown categories would be zeros or an error; here all are known where they would be an error."""
    for texts, zeros in itertools.product((False, True), (0, 1)):
        names, numbers = ["b", "a", "c"], [3, -1, 7]
        known = np.random.default_rng(5).integers(0, 3, (4, 2))
        x = np.array(names, object)[known] if texts else np.array(numbers)[known].astype(np.float32)
        if zeros:
            x[1, 1] = "z" if texts else 5
        categories = {"cats_strings": names} if texts else {"cats_int64s": numbers}
        yield Node("OneHotEncoder", {"X": x}, ["Y"], {**categories, "zeros": zeros}, domain="ai.onnx.ml")


def tf_idf_vectorizer():
    """Many n-grams of few tokens, so that hashes meet; tokens apart; rows that are shorter than n-grams."""
    rng = np.random.default_rng(11)
    for tokens, skips, (least, most), mode in itertools.product((1, 40), (0, 3, 60), ((1, 1), (1, 3), (2, 3)), ("TF", "IDF", "TFIDF")):
        grams = [sorted({tuple(rng.integers(0, 9, n)) for _ in range(150)}) for n in (1, 2, 3)]
        pool = [int(t) for n in grams for gram in n for t in gram]
        counts = [0, len(grams[0]), len(grams[0]) + 2 * len(grams[1])]
        indexes = [int(i) for i in rng.permutation(sum(map(len, grams)))]
        yield Node("TfIdfVectorizer", {"X": rng.integers(0, 10, (3, tokens))}, ["Y"],
                   {"pool_int64s": pool, "ngram_counts": counts, "ngram_indexes": indexes, "weights": rng.random(len(indexes)).tolist(), "mode": mode,
                    "min_gram_length": least, "max_gram_length": most, "max_skip_count": skips})


def dict_vectorizer():
    """Words that are no keys, keys that are no words, and numbers and texts as either; ONNX Runtime for Python takes floats only."""
    maps = [{"a": 1.5, "c": -2.0, "z": 3.0}, {"c": np.float64(0.1)}, {"b": 7, "a": -2**60}, {3: 1.5, -4: 2.5}, {4: np.float64(1e300), 5: np.float64(2)},
            {"q": 1.0}, {3: "é", 8: "z"}]
    for entries in maps:
        words = ["c", "b", "a"] if isinstance(next(iter(entries)), str) else [4, -4, 9, 3]
        kind = vectors(entries)[1].dtype
        wanted = None if kind == np.float32 else {"y": np.array([[entries.get(word, kind.type() if kind != object else "") for word in words]], kind)}
        yield Node("DictVectorizer", {"x": entries}, ["y"], {"string_vocabulary" if words[0] == "c" else "int64_vocabulary": words}, domain="ai.onnx.ml", wanted=wanted)


def cast_map():
    """Keys in any order, and beyond the columns that there are; ONNX Runtime for Python takes no texts as values."""
    numbers, texts = {8: 1.75, 3: 1.5, 1: -2.5, 0: 0.25}, {8: "8", 3: "15", 1: "-2"}
    for form, kind, columns in itertools.product(("DENSE", "SPARSE"), ("TO_FLOAT", "TO_INT64"), (1, 5, 9)):
        yield Node("CastMap", {"x": numbers}, ["y"], {"map_form": form, "cast_to": kind, "max_map": columns}, domain="ai.onnx.ml")
    yield Node("CastMap", {"x": numbers}, ["y"], domain="ai.onnx.ml")
    for form, (kind, dtype), entries in itertools.product(("DENSE", "SPARSE"), (("TO_FLOAT", np.float32), ("TO_INT64", np.int64), ("TO_STRING", object)), (numbers, texts)):
        if entries is numbers and kind != "TO_STRING":
            continue
        written = {k: str(v) if kind == "TO_STRING" else float(v) for k, v in entries.items()}
        none = 0 if kind != "TO_STRING" else "" if entries is texts else "0"
        row = [written.get(k, none) for k in range(5)] if form == "SPARSE" else [written[k] for k in sorted(written)]
        yield Node("CastMap", {"x": entries}, ["y"], {"map_form": form, "cast_to": kind, "max_map": 5}, domain="ai.onnx.ml", wanted={"y": np.array([row], dtype)})
