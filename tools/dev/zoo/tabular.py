"""tabular.py - pipelines of scikit-learn through skl2onnx, boosted trees of LightGBM and XGBoost through onnxmltools."""
import pathlib

import numpy as np

from zoo import registry

CLASSES, COLUMNS, ROWS = 3, 6, 160


def data(seed: int, target: str | None):
    """A small table with a learnable target, or with none."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((ROWS, COLUMNS)).astype(np.float32)
    score = x @ rng.standard_normal((COLUMNS, CLASSES)) + 0.3 * rng.standard_normal((ROWS, CLASSES))
    targets = {"classes": score.argmax(1), "two": (score[:, 0] > 0).astype(int), "numbers": score[:, 0], "table": score, "counts": rng.poisson(np.exp(score[:, 0] / 3)),
               "labels": (score > 0).astype(int)}
    return x, targets.get(target)


def takeBooleans() -> None:
    """skl2onnx writes truth values where protobuf 7 wants integers."""
    import onnx.helper

    make = onnx.helper.make_attribute
    plain = lambda v: [int(i) if isinstance(i, (bool, np.bool_)) else i for i in v] if isinstance(v, list) else v
    onnx.helper.make_attribute = lambda key, value, *rest, **named: make(key, plain(value), *rest, **named)


def pipeline(name: str, make, target: str | None = "classes", opset=None, options: dict | None = None, change=lambda x: x, **tolerance) -> None:
    """`make()` returns an estimator or transformer; `change` turns the numeric table into what it takes."""

    def write(path: pathlib.Path) -> list[registry.Feeds]:
        from skl2onnx import convert_sklearn
        from skl2onnx.common.data_types import FloatTensorType, Int64TensorType

        takeBooleans()
        x, y = data(registry.seedOf(name), target)
        x, fitted = change(x), make()
        fitted.fit(x) if y is None else fitted.fit(x, y)
        kind = Int64TensorType if x.dtype == np.int64 else FloatTensorType
        given = {} if options is None else {id(fitted): options}
        model = convert_sklearn(fitted, initial_types=[("x", kind([None, x.shape[1]]))], target_opset=opset, options=given)
        path.write_bytes(model.SerializeToString())
        return [{"x": x[:1]}, {"x": x[:37]}]

    registry.add(registry.Entry(name, "skl2onnx", write, **tolerance))


def sklearn(module: str, kind: str, **arguments):
    def make():
        import importlib

        return getattr(importlib.import_module(f"sklearn.{module}"), kind)(**arguments)

    return make


def chain(*makers):
    def make():
        from sklearn.pipeline import make_pipeline

        return make_pipeline(*(m() for m in makers))

    return make


def union(*makers):
    def make():
        from sklearn.pipeline import make_union

        return make_union(*(m() for m in makers))

    return make


def holes(x):
    x = x.copy()
    x[np.random.default_rng(7).random(x.shape) < 0.1] = np.nan
    return x


def whole(x):
    return np.clip(np.round(x * 2), -3, 3).astype(np.int64)


SEED = {"random_state": 0}
RAW = {"zipmap": False}
CLASSIFIERS = {
    "logistic": sklearn("linear_model", "LogisticRegression"),
    "sgd": sklearn("linear_model", "SGDClassifier", loss="modified_huber", **SEED),
    "perceptron": sklearn("linear_model", "Perceptron", **SEED),
    "ridge-classifier": sklearn("linear_model", "RidgeClassifier"),
    "linear-svc": sklearn("svm", "LinearSVC", **SEED),
    "svc-rbf": sklearn("svm", "SVC", probability=True, **SEED),
    "svc-poly": sklearn("svm", "SVC", kernel="poly", degree=2),
    "nu-svc-sigmoid": sklearn("svm", "NuSVC", kernel="sigmoid", nu=0.3),
    "decision-tree": sklearn("tree", "DecisionTreeClassifier", max_depth=5, **SEED),
    "random-forest": sklearn("ensemble", "RandomForestClassifier", n_estimators=20, **SEED),
    "extra-trees": sklearn("ensemble", "ExtraTreesClassifier", n_estimators=20, **SEED),
    "gradient-boosting": sklearn("ensemble", "GradientBoostingClassifier", n_estimators=15, **SEED),
    "hist-gradient-boosting": sklearn("ensemble", "HistGradientBoostingClassifier", max_iter=15, **SEED),
    "ada-boost": sklearn("ensemble", "AdaBoostClassifier", n_estimators=10, **SEED),
    "bagging": sklearn("ensemble", "BaggingClassifier", n_estimators=5, **SEED),
    "neighbours": sklearn("neighbors", "KNeighborsClassifier", n_neighbors=3),
    "neighbours-distance": sklearn("neighbors", "KNeighborsClassifier", weights="distance", metric="manhattan"),
    "radius-neighbours": sklearn("neighbors", "RadiusNeighborsClassifier", radius=9.0),
    "gaussian-bayes": sklearn("naive_bayes", "GaussianNB"),
    "bernoulli-bayes": sklearn("naive_bayes", "BernoulliNB"),
    "lda": sklearn("discriminant_analysis", "LinearDiscriminantAnalysis"),
    "qda": sklearn("discriminant_analysis", "QuadraticDiscriminantAnalysis"),
    "mlp": sklearn("neural_network", "MLPClassifier", hidden_layer_sizes=(12, 8), max_iter=80, **SEED),
}
for name, make in CLASSIFIERS.items():
    pipeline(f"sklearn-{name}", make)

pipeline("sklearn-logistic-arrays", CLASSIFIERS["logistic"], options=RAW)
pipeline("sklearn-logistic-two", CLASSIFIERS["logistic"], "two", options=RAW)
pipeline("sklearn-svc-two", CLASSIFIERS["svc-rbf"], "two", options=RAW)
pipeline("sklearn-forest-scores", CLASSIFIERS["random-forest"], options={"zipmap": False, "raw_scores": False, "decision_leaf": True})
pipeline("sklearn-forest-labels", CLASSIFIERS["random-forest"], "labels", options=RAW)
pipeline("sklearn-one-versus-rest", lambda: sklearn("multiclass", "OneVsRestClassifier", estimator=CLASSIFIERS["logistic"]())(), options=RAW)
pipeline("sklearn-one-versus-one", lambda: sklearn("multiclass", "OneVsOneClassifier", estimator=CLASSIFIERS["logistic"]())(), options=RAW)
pipeline("sklearn-calibrated", lambda: sklearn("calibration", "CalibratedClassifierCV", estimator=CLASSIFIERS["linear-svc"](), cv=2)(), options=RAW)
pipeline("sklearn-voting", lambda: sklearn("ensemble", "VotingClassifier", flatten_transform=False, estimators=[("a", CLASSIFIERS["logistic"]()), ("b", CLASSIFIERS["decision-tree"]())], voting="soft")(), options=RAW)
pipeline("sklearn-stacking", lambda: sklearn("ensemble", "StackingClassifier", estimators=[("a", CLASSIFIERS["gaussian-bayes"]()), ("b", CLASSIFIERS["decision-tree"]())])(), options=RAW)
for version in (9, 12, 15, 18, 21):
    pipeline(f"sklearn-scaled-logistic-{version}", chain(sklearn("preprocessing", "StandardScaler"), CLASSIFIERS["logistic"]), opset=version)
    pipeline(f"sklearn-boosting-{version}", CLASSIFIERS["gradient-boosting"], opset=version, options=RAW)

REGRESSORS = {
    "linear": sklearn("linear_model", "LinearRegression"),
    "ridge": sklearn("linear_model", "Ridge"),
    "lasso": sklearn("linear_model", "Lasso", alpha=0.1),
    "elastic-net": sklearn("linear_model", "ElasticNet", alpha=0.1),
    "bayesian-ridge": sklearn("linear_model", "BayesianRidge"),
    "huber": sklearn("linear_model", "HuberRegressor"),
    "ransac": sklearn("linear_model", "RANSACRegressor", **SEED),
    "theil-sen": sklearn("linear_model", "TheilSenRegressor", **SEED),
    "svr": sklearn("svm", "SVR"),
    "linear-svr": sklearn("svm", "LinearSVR", **SEED),
    "tree": sklearn("tree", "DecisionTreeRegressor", max_depth=6, **SEED),
    "forest": sklearn("ensemble", "RandomForestRegressor", n_estimators=15, **SEED),
    "boosting": sklearn("ensemble", "GradientBoostingRegressor", n_estimators=20, **SEED),
    "hist-boosting": sklearn("ensemble", "HistGradientBoostingRegressor", max_iter=15, **SEED),
    "ada-boost": sklearn("ensemble", "AdaBoostRegressor", n_estimators=8, **SEED),
    "neighbours": sklearn("neighbors", "KNeighborsRegressor"),
    "mlp": sklearn("neural_network", "MLPRegressor", hidden_layer_sizes=(10,), activation="tanh", max_iter=80, **SEED),
    "gaussian-process": sklearn("gaussian_process", "GaussianProcessRegressor", alpha=0.1, **SEED),
    "pls": sklearn("cross_decomposition", "PLSRegression"),
    "kernel-quantile": sklearn("linear_model", "QuantileRegressor", alpha=0.01),
}
for name, make in REGRESSORS.items():
    pipeline(f"sklearn-{name}-regressor", make, "numbers")
pipeline("sklearn-poisson-regressor", sklearn("linear_model", "PoissonRegressor"), "counts")
pipeline("sklearn-tables-regressor", sklearn("ensemble", "RandomForestRegressor", n_estimators=6, **SEED), "table")

TRANSFORMERS = {
    "standard-scaler": sklearn("preprocessing", "StandardScaler"),
    "min-max-scaler": sklearn("preprocessing", "MinMaxScaler", clip=True),
    "max-abs-scaler": sklearn("preprocessing", "MaxAbsScaler"),
    "robust-scaler": sklearn("preprocessing", "RobustScaler"),
    "normalizer-l1": sklearn("preprocessing", "Normalizer", norm="l1"),
    "normalizer-l2": sklearn("preprocessing", "Normalizer", norm="l2"),
    "binarizer": sklearn("preprocessing", "Binarizer", threshold=0.2),
    "power-transformer": sklearn("preprocessing", "PowerTransformer"),
    "quantile-transformer": sklearn("preprocessing", "QuantileTransformer", n_quantiles=20, **SEED),
    "polynomial-features": sklearn("preprocessing", "PolynomialFeatures", degree=3, interaction_only=False),
    "bins": sklearn("preprocessing", "KBinsDiscretizer", n_bins=4, encode="onehot-dense", quantile_method="linear"),
    "pca": sklearn("decomposition", "PCA", n_components=3, whiten=True, **SEED),
    "incremental-pca": sklearn("decomposition", "IncrementalPCA", n_components=2),
    "truncated-svd": sklearn("decomposition", "TruncatedSVD", n_components=3, **SEED),
    "kernel-pca": sklearn("decomposition", "KernelPCA", n_components=3, kernel="rbf"),
    "k-means": sklearn("cluster", "KMeans", n_clusters=4, n_init=2, **SEED),
    "mini-batch-k-means": sklearn("cluster", "MiniBatchKMeans", n_clusters=4, n_init=2, **SEED),
    "gaussian-mixture": sklearn("mixture", "GaussianMixture", n_components=3, **SEED),
    "one-class-svm": sklearn("svm", "OneClassSVM"),
    "local-outlier-factor": sklearn("neighbors", "LocalOutlierFactor", novelty=True),
    "random-projection": sklearn("random_projection", "GaussianRandomProjection", n_components=3, **SEED),
    "scaled-pca": chain(sklearn("preprocessing", "StandardScaler"), sklearn("decomposition", "PCA", n_components=2)),
}
for name, make in TRANSFORMERS.items():
    pipeline(f"sklearn-{name}", make, None)
for strategy in ("mean", "median", "most_frequent"):
    pipeline(f"sklearn-imputer-{strategy.replace('_', '-')}", chain(sklearn("impute", "SimpleImputer", strategy=strategy), CLASSIFIERS["logistic"]), change=holes)
pipeline("sklearn-neighbours-imputer", sklearn("impute", "KNNImputer", n_neighbors=2), None, change=holes)
pipeline("sklearn-hist-boosting-holes", CLASSIFIERS["hist-gradient-boosting"], change=holes, options=RAW)
pipeline("sklearn-one-hot", sklearn("preprocessing", "OneHotEncoder", sparse_output=False, handle_unknown="ignore"), None, change=whole)
pipeline("sklearn-ordinal", sklearn("preprocessing", "OrdinalEncoder"), None, change=whole)
pipeline("sklearn-one-hot-bayes", chain(sklearn("preprocessing", "OneHotEncoder", handle_unknown="ignore"), sklearn("naive_bayes", "MultinomialNB")), change=whole)
pipeline("sklearn-selected", chain(sklearn("feature_selection", "SelectKBest", k=3), union(sklearn("preprocessing", "StandardScaler"), sklearn("decomposition", "PCA", n_components=2)), CLASSIFIERS["svc-rbf"]))
pipeline("sklearn-variance-threshold", chain(sklearn("feature_selection", "VarianceThreshold", threshold=0.1), REGRESSORS["ridge"]), "numbers")


def columns(name: str, texts: bool, **tolerance) -> None:
    """A table of numbers with holes, codes and (with `texts`) words, each column group with its own steps, one input per group."""

    def write(path: pathlib.Path) -> list[registry.Feeds]:
        from sklearn.compose import make_column_transformer
        from sklearn.impute import SimpleImputer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import OneHotEncoder, StandardScaler
        from skl2onnx import convert_sklearn
        from skl2onnx.common.data_types import FloatTensorType, Int64TensorType, StringTensorType

        import pandas

        rng = np.random.default_rng(registry.seedOf(name))
        table = pandas.DataFrame({"age": rng.normal(40, 9, ROWS), "fare": rng.normal(30, 9, ROWS), "code": rng.integers(0, 4, ROWS)})
        table.loc[::9, "age"] = np.nan
        steps = [(make_pipeline(SimpleImputer(), StandardScaler()), ["age", "fare"]), (OneHotEncoder(handle_unknown="ignore"), ["code"])]
        kinds = [("age", FloatTensorType([None, 1])), ("fare", FloatTensorType([None, 1])), ("code", Int64TensorType([None, 1]))]
        if texts:
            table["port"] = rng.choice(["Q", "S", "C"], ROWS)
            steps.append((OneHotEncoder(handle_unknown="ignore"), ["port"]))
            kinds.append(("port", StringTensorType([None, 1])))
        fitted = make_pipeline(make_column_transformer(*steps), LogisticRegression()).fit(table, rng.integers(0, 2, ROWS))
        model = convert_sklearn(fitted, initial_types=kinds)
        path.write_bytes(model.SerializeToString())
        types = {"age": np.float32, "fare": np.float32, "code": np.int64, "port": np.str_}
        return [{c: table[[c]].to_numpy()[:n].astype(types[c]) for c in table} for n in (1, 23)]

    registry.add(registry.Entry(name, "skl2onnx", write, **tolerance))


columns("sklearn-columns", False)
columns("sklearn-columns-texts", True)


def texts(name: str, make, target: bool) -> None:
    def write(path: pathlib.Path) -> list[registry.Feeds]:
        from skl2onnx import convert_sklearn
        from skl2onnx.common.data_types import StringTensorType

        words = "the cat sat on a mat dogs bark loud birds sing fish swim deep sea sky is blue".split()
        rng = np.random.default_rng(registry.seedOf(name))
        lines = np.array([" ".join(rng.choice(words, rng.integers(3, 9))) for _ in range(60)])
        fitted = make()
        fitted.fit(lines, np.array([("cat" in l) + 0 for l in lines])) if target else fitted.fit(lines)
        vectorizer = fitted if hasattr(fitted, "vocabulary_") else fitted[0]
        locale = {type(vectorizer): {"locale": "C.UTF-8"}}  # one that every system has, for ONNX Runtime
        model = convert_sklearn(fitted, initial_types=[("lines", StringTensorType([None, 1]))], options=locale)
        path.write_bytes(model.SerializeToString())
        return [{"lines": lines[:1, None]}, {"lines": lines[:9, None]}]

    registry.add(registry.Entry(name, "skl2onnx", write))


texts("sklearn-tf-idf", sklearn("feature_extraction.text", "TfidfVectorizer"), False)
texts("sklearn-counts-bayes", chain(sklearn("feature_extraction.text", "CountVectorizer", ngram_range=(1, 2)), sklearn("naive_bayes", "MultinomialNB")), True)


def boosted(name: str, make, target: str, converter: str, opset=None, change=lambda x: x, **options) -> None:
    def write(path: pathlib.Path) -> list[registry.Feeds]:
        import onnxmltools
        from onnxmltools.convert.common.data_types import FloatTensorType

        x, y = data(registry.seedOf(name), target)
        x = change(x)
        fitted = make().fit(x, y)
        model = getattr(onnxmltools, f"convert_{converter}")(fitted, initial_types=[("x", FloatTensorType([None, COLUMNS]))], target_opset=opset, **options)
        path.write_bytes(model.SerializeToString())
        return [{"x": x[:1]}, {"x": x[:37]}]

    registry.add(registry.Entry(name, "onnxmltools", write))


def lightgbm(kind: str, **arguments):
    def make():
        import lightgbm

        return getattr(lightgbm, kind)(n_estimators=12, num_leaves=7, verbose=-1, random_state=0, n_jobs=1, **arguments)

    return make


def xgboost(kind: str, **arguments):
    def make():
        import xgboost

        return getattr(xgboost, kind)(n_estimators=10, max_depth=4, random_state=0, n_jobs=1, **arguments)

    return make


boosted("lightgbm-classifier", lightgbm("LGBMClassifier"), "classes", "lightgbm")
boosted("lightgbm-classifier-arrays", lightgbm("LGBMClassifier"), "classes", "lightgbm", zipmap=False)
boosted("lightgbm-two", lightgbm("LGBMClassifier", boosting_type="dart"), "two", "lightgbm", zipmap=False)
boosted("lightgbm-regressor", lightgbm("LGBMRegressor"), "numbers", "lightgbm")
boosted("lightgbm-regressor-split", lightgbm("LGBMRegressor"), "numbers", "lightgbm", split=4)
boosted("lightgbm-poisson", lightgbm("LGBMRegressor", objective="poisson"), "counts", "lightgbm")
boosted("lightgbm-forest-holes", lightgbm("LGBMRegressor", boosting_type="rf", bagging_freq=1, bagging_fraction=0.7), "numbers", "lightgbm", change=holes)
boosted("xgboost-classifier", xgboost("XGBClassifier"), "classes", "xgboost")
boosted("xgboost-two", xgboost("XGBClassifier", base_score=0.4), "two", "xgboost")
boosted("xgboost-regressor", xgboost("XGBRegressor"), "numbers", "xgboost")
boosted("xgboost-poisson", xgboost("XGBRegressor", objective="count:poisson"), "counts", "xgboost")
boosted("xgboost-linear-dart", xgboost("XGBRegressor", booster="dart"), "numbers", "xgboost")
boosted("xgboost-forest-holes", xgboost("XGBRFClassifier"), "classes", "xgboost", change=holes)
boosted("xgboost-ranker-12", xgboost("XGBRegressor", objective="reg:logistic"), "two", "xgboost", opset=12)
