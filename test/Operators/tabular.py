"""tabular.py - operators of ai.onnx.ml on tables of numbers and texts."""
import itertools

import numpy as np

from node import Node


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
