"""Median LVQ against exhaustive search, recomputed competition, and the metrics that SciPy computes."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lvq_cases import clouds
from scipy.spatial.distance import cdist
from sklearn.datasets import load_iris
from sklearn.exceptions import EstimatorCheckFailedWarning
from sklearn.model_selection import GridSearchCV
from sklearn.utils.estimator_checks import check_estimator

from engines import MedianLVQ
from engines.lvq.dissimilarity import MetricName

METRICS = [name for name in MetricName.__args__ if name != "precomputed"]


def nearest(D, y, places, labels):
    """d⁺ and d⁻ (n,) of rows, from all their dissimilarities D (n, n)."""
    own = labels[None] == y[:, None]
    to_prototypes = D[:, places]
    return np.where(own, to_prototypes, np.inf).min(axis=1), np.where(own, np.inf, to_prototypes).min(axis=1)


def opposite(D, y, places, labels):
    """-μ (n,)."""
    plus, minus = nearest(D, y, places, labels)
    return (minus - plus) / (minus + plus)


def squared(X):
    return cdist(X, X, "sqeuclidean")


def sigmoid(x):
    return 1 / (1 + np.exp(-8 * x))


# --- the optimum


def test_the_published_optimum_on_iris_is_reached_from_nine_of_ten_seeds():
    X, y = load_iris(return_X_y=True)
    found = [MedianLVQ(transfer="identity", random_state=seed).fit(X, y) for seed in range(10)]
    reached = [model for model in found if model.prototype_indices_.tolist() == [0, 71, 104]]
    assert len(reached) >= 9
    np.testing.assert_allclose([model.history_["cost"].min() for model in reached], -0.713423, atol=5e-7)
    assert MedianLVQ(transfer="identity", init="medoids").fit(X, y).prototype_indices_.tolist() == [0, 71, 104]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("transfer", ["identity", "sigmoid"])
def test_small_sets_are_solved_as_exhaustive_search_solves_them(seed, transfer):
    X, y = clouds(24, seed, n_classes=2)
    D, labels = squared(X), np.array([0, 1])
    phi = sigmoid if transfer == "sigmoid" else np.positive
    every = itertools.product(*(np.flatnonzero(y == c) for c in labels))
    best = min(-phi(opposite(D, y, list(places), labels)).mean() for places in every)
    model = MedianLVQ(transfer=transfer, n_init=40, random_state=0).fit(X, y)
    np.testing.assert_allclose(model.history_["cost"][-1], best, rtol=1e-12)


@pytest.mark.parametrize("transfer", ["identity", "sigmoid"])
def test_in_the_end_no_single_move_raises_the_likelihood(transfer):
    X, y = clouds(60, seed=3)
    D, labels = squared(X), np.repeat(np.arange(3), 3)
    phi = sigmoid if transfer == "sigmoid" else np.positive
    model = MedianLVQ(3, transfer=transfer, n_init=1, random_state=0).fit(X, y)
    places = model.prototype_indices_
    f = 1 + phi(opposite(D, y, places, labels))
    gamma = f / f.sum()
    for j, k in itertools.product(range(9), range(60)):
        if y[k] == labels[j] and k not in places:
            tried = places.copy()
            tried[j] = k
            there = 1 + phi(opposite(D, y, tried, labels))
            assert gamma @ np.log(there) <= gamma @ np.log(f) + 1e-11


def test_a_sweep_makes_the_best_move_of_one_prototype_after_another():
    X, y = clouds(45, seed=5)
    D, labels = squared(X), np.repeat(np.arange(3), 2)
    training = MedianLVQ(2, transfer="identity", init="random", n_init=1, random_state=4).train(X, y)
    places = next(training).arrays["prototype_indices"].copy()
    for snapshot in itertools.islice(training, 2):
        for j in range(6):
            f = 1 + opposite(D, y, places, labels)
            gamma, options = f / f.sum(), {}
            for k in np.flatnonzero(y == labels[j]):
                if k == places[j] or k not in places:
                    tried = places.copy()
                    tried[j] = k
                    options[k] = gamma @ np.log(1 + opposite(D, y, tried, labels))
            places[j] = max(options, key=options.get)
        assert snapshot.arrays["prototype_indices"].tolist() == places.tolist()


@settings(max_examples=40)
@given(
    seed=st.integers(0, 10**6),
    per_class=st.integers(1, 4),
    transfer=st.sampled_from(["identity", "sigmoid", "swish", "relu"]),
    form=st.sampled_from(["vectors", "few values", "asymmetric"]),
)
def test_the_cost_never_rises_and_prototypes_of_a_class_stay_distinct(seed, per_class, transfer, form):
    rng = np.random.default_rng(seed)
    X, y = clouds(30, seed)
    if form == "few values":
        X = np.round(X[:, :2])
    elif form == "asymmetric":
        X = rng.exponential(size=(30, 30)) * (1 - np.eye(30))
    metric = "precomputed" if form == "asymmetric" else "sqeuclidean"
    model = MedianLVQ(per_class, metric=metric, transfer=transfer, init="random", n_init=1, random_state=seed)
    costs = []
    for snapshot in model.train(X, y, sample_weight=rng.exponential(size=30)):
        costs.append(snapshot.cost)
        places = snapshot.arrays["prototype_indices"]
        assert len(set(places.tolist())) == 3 * per_class
        assert np.array_equal(y[places], snapshot.arrays["prototype_labels"])
        assert np.array_equal(X[places], snapshot.arrays["prototypes"])
    assert all(later < former for former, later in itertools.pairwise(costs[:-1]))
    assert costs[-1] == costs[-2]


def test_no_prototype_moves_to_where_another_of_its_class_is():
    X, y = clouds(30, seed=1)
    X, y = np.repeat(X, 5, axis=0), np.repeat(y, 5)
    model = MedianLVQ(4, init="kmeans++", n_init=3, random_state=0).fit(X, y)
    for label in range(3):
        assert len(np.unique(model.prototypes_[model.prototype_labels_ == label], axis=0)) == 4


# --- dissimilarities


@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_of_scipy_gives_what_scipy_gives(metric):
    X, y = clouds(60)
    X = np.abs(X) * (X > -0.5)
    X[:, 0] += 0.1  # no row of zeros
    parameters = {"minkowski": {"p": 1.5}, "cityblock": {"w": [1, 2, 3, 4]}}.get(metric)
    model = MedianLVQ(metric=metric, metric_params=parameters, n_init=1, random_state=0).fit(X[:40], y[:40])
    named = {"seuclidean": {"V": X[:40].var(axis=0)}, "mahalanobis": {"VI": np.linalg.inv(np.cov(X[:40].T, ddof=0))}}
    truth = metric in ("dice", "jaccard", "rogerstanimoto", "russellrao", "sokalsneath", "yule")
    rows, prototypes = (values != 0 if truth else values for values in (X[40:], model.prototypes_))
    expected = cdist(rows, prototypes, metric, **named.get(metric, parameters or {}))
    expected = np.sqrt(expected) if metric == "sqeuclidean" else expected
    np.testing.assert_allclose(model.transform(X[40:]), expected, rtol=1e-10, atol=1e-12)
    assert np.array_equal(model.predict(X[40:]), model.prototype_labels_[expected.argmin(axis=1)])


@pytest.mark.parametrize("metric", ["sqeuclidean", "cityblock", "cosine", "seuclidean"])
def test_a_matrix_of_the_same_dissimilarities_gives_the_same_prototypes(metric):
    X, y = clouds(80)
    V = {"V": X[:50].var(axis=0)} if metric == "seuclidean" else {}
    D = cdist(X, X[:50], metric, **V)
    one = MedianLVQ(2, metric=metric, random_state=0).fit(X[:50], y[:50])
    other = MedianLVQ(2, metric="precomputed", random_state=0).fit(D[:50], y[:50])
    assert one.prototype_indices_.tolist() == other.prototype_indices_.tolist()
    np.testing.assert_allclose(one.predict_proba(X[50:]), other.predict_proba(D[50:]), atol=1e-10)
    np.testing.assert_allclose(one.history_["cost"], other.history_["cost"], rtol=1e-10)


def test_a_matrix_that_is_not_symmetric_is_read_from_row_to_prototype():
    rng = np.random.default_rng(0)
    D, y = rng.exponential(size=(20, 20)), np.arange(20) % 2
    model = MedianLVQ(transfer="identity", metric="precomputed", n_init=30, random_state=0).fit(D, y)
    pairs = itertools.product(np.flatnonzero(y == 0), np.flatnonzero(y == 1))
    best = min(pairs, key=lambda places: -opposite(D, y, list(places), np.arange(2)).mean())
    assert tuple(model.prototype_indices_) == best
    assert np.array_equal(model.transform(D), D[:, best])


def test_a_model_of_a_matrix_works_in_a_search_that_cuts_it():
    X, y = clouds(60)
    search = GridSearchCV(MedianLVQ(metric="precomputed", random_state=0), {"prototypes_per_class": [1, 2]}, cv=3)
    vectors = GridSearchCV(MedianLVQ(random_state=0), {"prototypes_per_class": [1, 2]}, cv=3)
    found, expected = search.fit(squared(X), y), vectors.fit(X, y)
    assert np.array_equal(found.cv_results_["mean_test_score"], expected.cv_results_["mean_test_score"])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("metric", ["sqeuclidean", "canberra"])
def test_dissimilarities_computed_anew_each_time_are_those_that_are_kept(metric, dtype, monkeypatch):
    X, y = clouds(90)
    fits = []
    for n_bytes in (2**30, 0):
        monkeypatch.setattr("engines.lvq.dissimilarity.HELD_BYTES", n_bytes)
        monkeypatch.setattr("engines.lvq.median_board.BLOCK_WORK", 2**14)
        fits.append(MedianLVQ(2, metric=metric, random_state=0).fit(X.astype(dtype), y))
    assert fits[0].prototypes_.tobytes() == fits[1].prototypes_.tobytes()
    assert np.array_equal(fits[0].history_["cost"], fits[1].history_["cost"])


@pytest.mark.parametrize(
    ("D", "words"),
    [
        (np.ones((30, 29)), "square"),
        (np.ones((30, 30)) - 2 * np.eye(30), "Negative"),
        (np.where(np.eye(30), np.nan, 1), "NaN"),
    ],
)
def test_what_is_no_matrix_of_dissimilarities_is_refused(D, words):
    with pytest.raises(ValueError, match=words):
        MedianLVQ(metric="precomputed").fit(D, np.arange(30) % 2)


def test_a_negative_dissimilarity_is_refused_in_use():
    X, y = clouds(30)
    model = MedianLVQ(metric="precomputed").fit(squared(X), y)
    with pytest.raises(ValueError, match="Negative"):
        model.predict(-np.ones((2, 30)))


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"metric": "minkowski", "metric_params": {"q": 3}}, "metric_params does not fit metric='minkowski'"),
        ({"metric": "cosine", "metric_params": {"w": [1.0, 2.0]}}, "metric_params does not fit metric='cosine'"),
        ({"metric": "precomputed", "metric_params": {"p": 2}}, "metric_params has no effect"),
        ({"transfer": "identity", "beta": 2.0}, "beta has no effect"),
        ({"init": np.zeros((2, 4))}, "init has shape"),
        ({"init": np.array([0, 1, 1])}, "init names the row 1"),
        ({"init": np.array([0, 1, 90])}, "init names the row 90"),
        ({"init": np.array([0, 0, 1, 2]), "prototypes_per_class": (2, 1, 1)}, "init names a row twice"),
        ({"pinned": (3,)}, "pinned names the prototype 3"),
        ({"prototypes_per_class": 31}, "30 rows but 31 prototypes"),
        ({"metric": "euclid"}, "metric must be"),
    ],
)
def test_unfit_parameters_are_refused_in_one_sentence(parameters, words):
    X, y = clouds(90)
    X = squared(X) if parameters.get("metric") == "precomputed" else X
    with pytest.raises(ValueError, match=words.replace("(", r"\(")):
        MedianLVQ(**parameters).fit(X, y)


def test_a_metric_that_gives_no_number_for_a_row_is_told():
    X, y = clouds(30)
    X[4] = 0
    with pytest.raises(ValueError, match="gives no number"):
        MedianLVQ(metric="cosine").fit(X, y)


# --- starts, weights, validation


def test_given_numbers_and_the_vectors_of_those_rows_start_alike():
    X, y = clouds(60)
    numbers = np.array([6, 0, 1, 4, 5, 2])
    starts = [next(MedianLVQ(2, init=init).train(X, y)).arrays for init in (numbers, X[numbers], X[numbers] + 1e-6)]
    assert all(start["prototype_indices"].tolist() == numbers.tolist() for start in starts)


def test_vectors_that_are_nearest_to_the_same_row_start_at_different_ones():
    X, y = clouds(60)
    start = next(MedianLVQ(2, init=np.repeat(X[[0, 1, 2]], 2, axis=0)).train(X, y)).arrays["prototype_indices"]
    second = [np.argsort(squared(X)[k] + 1e9 * (y != y[k]))[1] for k in range(3)]
    assert start.tolist() == [0, second[0], 1, second[1], 2, second[2]]


def test_medoids_are_the_rows_of_least_dissimilarity_from_their_class():
    X, y = clouds(60)
    start = next(MedianLVQ(2, init="medoids", metric="cityblock").train(X, y)).arrays["prototype_indices"]
    for c in range(3):
        rows = np.flatnonzero(y == c)
        D = cdist(X[rows], X[rows], "cityblock")
        first = D.sum(axis=0).argmin()
        second = np.minimum(D, D[:, [first]]).sum(axis=0).argmin()
        assert start[2 * c : 2 * c + 2].tolist() == rows[[first, second]].tolist()


def test_pinned_prototypes_stay_while_the_others_move():
    X, y = clouds(60)
    training = MedianLVQ(2, init="random", n_init=1, pinned=(1, 4), random_state=3).train(X, y)
    first, *_, last = [snapshot.arrays["prototype_indices"] for snapshot in training]
    assert np.array_equal(first[[1, 4]], last[[1, 4]])
    assert not np.array_equal(first, last)


def test_a_weight_counts_as_that_many_equal_rows():
    X, y = clouds(40)
    weights = np.random.default_rng(0).integers(0, 4, size=40)
    weights[:3] = 2
    repeated = np.repeat(np.arange(40), weights)
    first = np.array([0, 1, 2])
    one = MedianLVQ(init=first).fit(X, y, sample_weight=weights)
    other = MedianLVQ(init=np.searchsorted(repeated, first)).fit(X[repeated], y[repeated])
    np.testing.assert_array_equal(one.prototypes_, other.prototypes_)
    np.testing.assert_allclose(one.history_["cost"], other.history_["cost"], rtol=1e-12)
    assert np.all(weights[one.prototype_indices_] > 0)


def test_rows_of_no_weight_are_no_prototypes_and_keep_their_columns_of_a_matrix():
    X, y = clouds(60)
    weights = (np.arange(60) % 5 > 0).astype(float)
    kept = np.flatnonzero(weights)
    D = squared(X)
    whole = MedianLVQ(2, metric="precomputed", random_state=0).fit(D, y, sample_weight=weights)
    part = MedianLVQ(2, metric="precomputed", random_state=0).fit(D[np.ix_(kept, kept)], y[kept])
    assert np.array_equal(whole.prototype_indices_, kept[part.prototype_indices_])
    assert np.array_equal(whole.predict(D), part.predict(D[:, kept]))


def test_the_scores_of_rows_held_out_are_those_of_the_model():
    X, y = clouds(120)
    model = MedianLVQ(2, n_init=1, metric="cityblock", random_state=0)
    model.train(X[:80], y[:80], validation=(X[80:], y[80:])).run()
    plus, minus = (
        np.where(own, model.transform(X[80:]), np.inf).min(axis=1)
        for own in (model.prototype_labels_ == y[80:, None], model.prototype_labels_ != y[80:, None])
    )
    expected = -sigmoid((minus - plus) / (minus + plus)).mean()
    np.testing.assert_allclose(model.history_["validation_cost"][-1], expected, rtol=1e-12)
    assert model.history_["validation_accuracy"][-1] == model.score(X[80:], y[80:])
    unseen = MedianLVQ(2, n_init=1, metric="cityblock", random_state=0).fit(X[:80], y[:80])
    assert np.array_equal(unseen.prototype_indices_, model.prototype_indices_)


# --- scikit-learn


@pytest.mark.slow
@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, {}),
        ({"metric": "precomputed"}, {"check_decision_proba_consistency": "it gives vectors to a pairwise estimator"}),
    ],
)
def test_default_and_pairwise_estimators_pass_scikit_learns_checks(parameters, expected):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EstimatorCheckFailedWarning)
        results = check_estimator(MedianLVQ(**parameters), on_skip=None, expected_failed_checks=expected)
    assert {result["check_name"] for result in results if result["status"] == "xfail"} == set(expected)
