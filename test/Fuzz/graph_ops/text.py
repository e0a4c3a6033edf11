"""text.py - strings, and the tables of classical models."""
import numpy as np

from graphs import WORDS, Impossible
from .table import op

LEARNING = "ai.onnx.ml"


@op("StringNormalizer", since=10)
def normalizer(g, name):
    x = g.leaf(np.object_, g.draw.choice([(3,), (1, 4), (7,)]))
    stops = g.draw.sample(WORDS, 2) if g.draw.random() < 0.5 else None
    g.add(name, [x], [(np.object_, None if stops else x.shape)], case_change_action=g.draw.choice([None, "LOWER", "UPPER", "NONE"]),
          is_case_sensitive=g.draw.randrange(2), stopwords=stops)


@op("StringConcat", "RegexFullMatch", "StringSplit", since=20)
def text(g, name):
    x = g.pick(dtype=np.object_)
    if name == "StringSplit":  # ONNX Runtime finds no piece in the empty text, with a delimiter too
        x = g.give(g.numbers.choice(np.array([w for w in WORDS if w], object), g.shape(0, 3)))
    if name == "StringConcat":
        y = g.partner(x)
        if len(np.broadcast_shapes(x.shape, y.shape)) > 4:
            raise Impossible
        g.add(name, [x, y], [(np.object_, np.broadcast_shapes(x.shape, y.shape))])
    elif name == "RegexFullMatch":
        g.add(name, [x], [(np.bool_, x.shape, 1)], pattern=g.draw.choice(["[a-z]+", "a.*", "-?[0-9]+", "", "(a|the) ?.*"]))
    else:
        g.add(name, [x], [(np.object_, None), (np.int64, x.shape, 64)], delimiter=g.draw.choice([None, ",", "a"]), maxsplit=g.draw.choice([None, 1]))


@op("Equal of text", since=19)
def equal(g, name):
    x = g.pick(dtype=np.object_)
    y = g.partner(x)
    g.add("Equal", [x, y], [(np.bool_, np.broadcast_shapes(x.shape, y.shape), 1)])


@op("LabelEncoder")
def labels(g, name):
    kinds = {"strings": np.object_, "int64s": np.int64, "floats": np.float32}
    keys, values = g.draw.choice([k for k in [("strings", "int64s"), ("int64s", "strings"), ("int64s", "floats"), ("floats", "strings"), ("strings", "floats")]])
    listed = lambda kind: g.draw.sample(WORDS[:4], 3) if kind == "strings" else [1, -2, 3] if kind == "int64s" else [0.5, 1.0, -2.0]
    x = g.leaf(kinds[keys], g.shape(0, 3)) if keys != "floats" else g.give(g.numbers.choice(np.float32([0.5, 1, -2, 7]), g.shape(0, 2)))
    default = {"strings": {"default_string": "none"}, "int64s": {"default_int64": 9}, "floats": {"default_float": 0.25}}[values]
    g.add(name, [x], [(kinds[values], x.shape, 9)], domain=LEARNING, **{f"keys_{keys}": listed(keys), f"values_{values}": listed(values)},
          **(default if g.draw.random() < 0.6 else {}))


@op("TfIdfVectorizer", since=9)
def tfIdf(g, name):
    shape = g.draw.choice([(6,), (2, 5)])
    isText = g.draw.random() < 0.4
    x = g.leaf(np.object_, shape) if isText else g.give(g.numbers.integers(0, 5, shape))
    pool = {"pool_strings": ["a", "b", "ab", "a", "b", "b", "1"]} if isText else {"pool_int64s": [2, 3, 4, 1, 2, 3, 3]}
    mode = g.draw.choice(["TF", "IDF", "TFIDF"])
    weights = {"weights": [0.5, 2.0, 1.5, 0.25, 3.0]} if mode != "TF" else {}
    g.add(name, [x], [(np.float32, (*shape[:-1], 5))], mode=mode, min_gram_length=1, max_gram_length=2, max_skip_count=g.draw.choice([0, 1]),
          ngram_counts=[0, 3], ngram_indexes=[0, 1, 2, 3, 4], **pool, **weights)


@op("Scaler", "Normalizer", "Binarizer", "Imputer", "LinearRegressor", "TreeEnsembleRegressor", "ArrayFeatureExtractor")
def learned(g, name):
    """Models of scikit-learn's kind over a table of numbers."""
    x = g.pick(lambda v: 0 not in v.shape, dtype=np.float32, low=2, high=2)
    rows, columns = x.shape
    numbers = lambda count: [float(v) for v in g.numbers.uniform(-2, 2, count).astype(np.float32)]
    like = lambda **attributes: g.add(name, [x], [(np.float32, x.shape)], domain=LEARNING, **attributes)
    match name:
        case "Scaler":
            like(offset=numbers(columns), scale=numbers(columns))
        case "Normalizer":
            like(norm=g.draw.choice(["MAX", "L1", "L2"]))
        case "Binarizer":
            like(threshold=0.3)
        case "Imputer":
            like(imputed_value_floats=numbers(columns), replaced_value_float=float("nan"))
        case "ArrayFeatureExtractor":
            count = g.draw.choice([1, 3])
            g.add(name, [x, g.constant(g.numbers.integers(0, columns, count))], [(np.float32, (rows, count), x.bound)], domain=LEARNING)
        case "LinearRegressor":
            targets = g.draw.choice([1, 3])
            g.add(name, [x], [(np.float32, (rows, targets))], domain=LEARNING, coefficients=numbers(targets * columns), intercepts=numbers(targets), targets=targets,
                  post_transform=g.draw.choice(["NONE", "LOGISTIC", "SOFTMAX"]) if targets > 1 else None)  # ONNX Runtime has none for one
        case _:
            trees(g, x, numbers)


def trees(g, x, numbers) -> None:
    """Two full trees of depth 2: nodes 0 to 2 decide, 3 to 6 are leaves."""
    count, targets = 2, g.draw.choice([1, 2])
    inner, leaf = (lambda i: i < 3), (lambda i: i >= 3)
    each = [(t, i) for t in range(count) for i in range(7)]
    mode = g.draw.choice(["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GT", "BRANCH_GTE"])
    leaves = [(t, i, k) for t, i in each if leaf(i) for k in range(targets)]  # every target gets a weight from every tree
    g.add("TreeEnsembleRegressor", [x], [(np.float32, (x.shape[0], targets))], domain=LEARNING, n_targets=targets, aggregate_function=g.draw.choice(["SUM", "AVERAGE", "MAX", "MIN"]),
          nodes_treeids=[t for t, _ in each], nodes_nodeids=[i for _, i in each], nodes_featureids=[g.draw.randrange(x.shape[1]) if inner(i) else 0 for _, i in each],
          nodes_values=numbers(len(each)), nodes_modes=[mode if inner(i) else "LEAF" for _, i in each],
          nodes_truenodeids=[2 * i + 1 if inner(i) else 0 for _, i in each], nodes_falsenodeids=[2 * i + 2 if inner(i) else 0 for _, i in each],
          nodes_missing_value_tracks_true=[g.draw.randrange(2) for _ in each],
          target_treeids=[t for t, _, _ in leaves], target_nodeids=[i for _, i, _ in leaves], target_ids=[k for _, _, k in leaves],
          target_weights=numbers(len(leaves)), base_values=numbers(targets) if g.draw.random() < 0.5 else None)
