"""GLVQ, GRLVQ, GMLVQ and LGMLVQ as people use them: facts, labels, weights, pinned prototypes, missing values."""

from __future__ import annotations

import numpy as np
import pytest
from lvq_cases import clouds
from sklearn.datasets import load_iris

import engines
from engines import GLVQ, GRLVQ, LGMLVQ

X_IRIS, Y_IRIS = load_iris(return_X_y=True)
FAMILY = ("GLVQ", "GRLVQ", "GMLVQ", "LGMLVQ")
EACH = pytest.mark.parametrize("name", FAMILY)
HOW = {
    "lbfgs": {"solver": "lbfgs"},
    "adam on batches": {"solver": "adam", "batch_size": 16},
    "accumulated": {"solver": "adam", "batch_size": 16, "accumulate": 3},
    "sgd": {"solver": "sgd"},
    "momentum, averaged": {"solver": "sgd", "momentum": 0.9, "average": 0.9},
}


def make(name, **parameters):
    return getattr(engines, name)(**{"random_state": 0, "max_iter": 8, **parameters})


def learned(model):
    """Everything learned but labels, by name."""
    return {name: getattr(model, name) for name in model.FITTED if name not in ("classes_", "prototype_labels_")}


def with_gaps(X, share=0.2, seed=0):
    """Some values lost, but never all of a row."""
    lost = np.random.default_rng(seed).random(X.shape) < share
    lost[np.arange(len(X)), np.arange(len(X)) % X.shape[1]] = False
    return np.where(lost, np.nan, X)


def by_hand(model, X):
    """d (n, M) on the observed features, times d/|observed|, from each prototype's Λ."""
    seen = ~np.isnan(X)
    D = np.empty((len(X), len(model.prototypes_)))
    for j, w in enumerate(model.prototypes_):
        e = np.where(seen, X - w, 0)
        D[:, j] = np.einsum("nd,de,ne->n", e, model._metric.matrix(j), e) * X.shape[1] / seen.sum(axis=1)
    return D


# --- facts


def test_glvq_reaches_the_known_optimum_on_raw_iris():
    model = GLVQ(init="mean", transfer="identity", max_iter=500, tol=0).fit(X_IRIS, Y_IRIS)
    assert model.history_["cost"][-1] == pytest.approx(-0.718864, abs=2e-6)
    assert model.score(X_IRIS, Y_IRIS) == pytest.approx(0.9467, abs=1e-4)


@EACH
def test_cost_never_rises_between_lbfgs_iterations(name):
    X, y = clouds()
    cost = make(name, prototypes_per_class=2, restore_best=False, max_iter=40).fit(X, y).history_["cost"]
    assert np.all(np.diff(cost) <= 0)


@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
def test_relevances_are_not_negative_have_sum_one_and_find_the_noise(solver):
    X, y = clouds(600)
    model = GRLVQ(solver=solver, max_iter=60, metric_warmup=0).fit(X, y)
    assert np.all(model.relevances_ >= 0)
    assert model.relevances_.sum() == pytest.approx(1)
    assert model.relevances_[:2].sum() > 0.7
    np.testing.assert_array_equal(model.relevance_matrix_, np.diag(model.relevances_))


@pytest.mark.parametrize(("localization", "k"), [("class", 3), ("prototype", 6)])
def test_every_local_matrix_is_positive_semidefinite_of_trace_one_and_unlike_the_others(localization, k):
    X, y = clouds(300)
    model = LGMLVQ(2, localization=localization, rank=3, random_state=0, max_iter=20).fit(X, y)
    matrices = model.relevance_matrices_
    assert matrices.shape == (k, 4, 4)
    assert model.omegas_.shape == (k, 3, 4)
    np.testing.assert_allclose(np.trace(matrices, axis1=1, axis2=2), 1)
    assert np.linalg.eigvalsh(matrices).min() > -1e-15
    assert len(np.unique(matrices.round(6), axis=0)) == k


@pytest.mark.parametrize(
    ("name", "given", "attribute"),
    [
        ("GRLVQ", "relevances_init", "relevances_"),
        ("GMLVQ", "omega_init", "omega_"),
        ("LGMLVQ", "omega_init", "omegas_"),
    ],
)
def test_training_goes_on_from_a_given_metric(name, given, attribute):
    X, y = clouds()
    model = make(name).fit(X, y)
    metric = getattr(model, attribute)
    start = next(make(name, init=model.prototypes_, **{given: metric}).train(X, y))
    assert start.arrays["prototypes"].tobytes() == model.prototypes_.tobytes()
    np.testing.assert_allclose(start.arrays[attribute[:-1]], metric, rtol=1e-12)
    assert start.cost == pytest.approx(model.history_["cost"][-1], rel=1e-9)


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("GRLVQ", {"relevances_init": np.array([1.0, -1, 1, 1])}, "relevances_init"),
        ("GRLVQ", {"relevances_init": np.zeros(4)}, "relevances_init"),
        ("GRLVQ", {"relevances_init": np.ones(3)}, "relevances_init"),
        ("LGMLVQ", {"omega_init": np.ones((4, 4))}, "omega_init"),
        ("LGMLVQ", {"omega_init": np.stack([np.eye(4), np.eye(4), np.zeros((4, 4))])}, "omega_init"),
        ("LGMLVQ", {"rank": 5}, "rank is 5"),
        ("GLVQ", {"pinned": (3,)}, "pinned names the prototype 3"),
        ("GLVQ", {"accumulate": 2}, "accumulate has no effect"),
    ],
)
def test_unfit_parameters_are_refused_in_a_sentence(name, options, words):
    with pytest.raises(ValueError, match=words):
        make(name, **options).fit(*clouds())


# --- labels and weights


@EACH
def test_any_kind_of_label_gives_the_same_model_and_comes_back(name):
    X, y = clouds()
    expected = learned(make(name).fit(X, y))
    for classes in (np.array(["blau", "grün", "rot"]), np.array([-7, 0, 900]), np.array(list("xyz"), object)):
        model = make(name).fit(X, classes[y])
        assert all(np.array_equal(values, learned(model)[key]) for key, values in expected.items())
        assert set(model.predict(X)) <= set(classes)
    two = make(name).fit(X, y > 0)
    assert two.predict(X).dtype == bool


@EACH
def test_class_and_sample_weights_equal_repeated_rows(name):
    X, y = clouds()
    repeated = np.repeat(np.arange(len(X)), np.array([1, 3, 2])[y])
    by_rows = learned(make(name).fit(X[repeated], y[repeated]))
    by_class = learned(make(name, class_weight={0: 1, 1: 3, 2: 2}).fit(X, y))
    by_sample = learned(make(name).fit(X, y, sample_weight=np.array([1, 3, 2])[y]))
    for key, values in by_rows.items():
        np.testing.assert_allclose(by_class[key], values, rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose(by_sample[key], values, rtol=1e-5, atol=1e-7)


# --- the descent


@EACH
@pytest.mark.parametrize("how", list(HOW))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_pinned_prototypes_keep_their_bits_while_the_others_move(name, how, dtype):
    X, y = clouds()
    start = (X[:6] + 0.1).astype(dtype)
    start[2] = -0.0
    model = make(name, prototypes_per_class=2, init=start, pinned=(2, 5, 2), **HOW[how]).fit(X.astype(dtype), y)
    for j in range(6):
        assert (model.prototypes_[j].tobytes() == start[j].tobytes()) == (j in (2, 5))


@EACH
def test_with_all_prototypes_pinned_only_the_metric_learns(name):
    X, y = clouds()
    model = make(name, init=X[:3], pinned=(0, 1, 2)).fit(X, y)
    assert model.prototypes_.tobytes() == X[:3].tobytes()
    if name != "GLVQ":
        assert model.history_["cost"][-1] < model.history_["cost"][0]


def test_accumulated_batches_make_the_update_of_one_large_batch():
    X, y = clouds(96)
    options = {"solver": "sgd", "max_iter": 5, "random_state": 0}
    small = GLVQ(batch_size=16, accumulate=3, **options).fit(X, y)
    large = GLVQ(batch_size=48, **options).fit(X, y)
    np.testing.assert_allclose(small.prototypes_, large.prototypes_, rtol=1e-10)


# --- missing values


@EACH
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_that_lack_values_are_compared_on_what_is_known(name, dtype):
    X, y = clouds(120)
    holes = with_gaps(X).astype(dtype)
    model = make(name, prototypes_per_class=2).fit(holes, y)
    D = by_hand(model, holes)
    np.testing.assert_allclose(model.transform(holes), np.sqrt(D), rtol=1e-5 if dtype == np.float32 else 1e-10)
    nearest = np.stack([D[:, model.prototype_labels_ == c].min(axis=1) for c in model.classes_], axis=1)
    sure = np.diff(np.sort(nearest, axis=1)[:, :2], axis=1)[:, 0] > 1e-4
    assert np.array_equal(model.predict(holes)[sure], model.classes_[nearest.argmin(axis=1)][sure])
    assert np.all(np.isfinite(model.predict_proba(holes)))


@EACH
def test_learning_survives_a_fifth_of_the_values_missing(name):
    X, y = clouds(300)
    X[:, 2:] = X[:, :2] + 0.3 * X[:, 2:]  # so that what is lost can be told from what is not
    whole = make(name, max_iter=30).fit(X, y)
    holes = make(name, max_iter=30).fit(with_gaps(X), y)
    assert holes.score(X, y) > whole.score(X, y) - 0.08


@pytest.mark.parametrize("init", ["kmeans", "mean", "kmeans++", "random"])
def test_every_start_copes_with_missing_values(init):
    X, y = clouds(60)
    start = next(GLVQ(3, init=init, random_state=0).train(with_gaps(X), y)).arrays["prototypes"]
    assert np.all(np.isfinite(start))
    assert len(np.unique(start, axis=0)) == 9


def test_a_feature_that_nobody_has_changes_no_prediction():
    X, y = clouds()
    more = np.column_stack([X, np.full(len(X), np.nan)])
    one, two = GLVQ(max_iter=10).fit(X, y), GLVQ(max_iter=10).fit(more, y)
    np.testing.assert_allclose(two.prototypes_[:, :4], one.prototypes_, rtol=1e-6)
    assert np.array_equal(two.predict(more), one.predict(X))


@EACH
def test_a_row_without_any_value_is_refused(name):
    X, y = clouds()
    model = make(name, max_iter=1).fit(X, y)
    X[4] = np.nan
    for refused in (lambda: make(name).fit(X, y), lambda: model.predict(X)):
        with pytest.raises(ValueError, match="without any value"):
            refused()


# --- ties


@pytest.mark.parametrize("name", [*FAMILY, "LVQ1", "RSLVQ"])
@pytest.mark.parametrize("missing", [False, True])
def test_training_counts_equally_near_prototypes_as_prediction_does(name, missing):
    X, y = np.full((30, 3), 2.5), np.repeat(["a", "b", "c"], [5, 10, 15])
    if missing:
        X[::2, 0] = np.nan
    model = make(name, max_iter=2).fit(X, y)
    assert model.history_["accuracy"][-1] == model.score(X, y) == pytest.approx(5 / 30)


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (["a", "b", None, "a"], "contains None in row 2: every row needs a label"),
        ([1, "a", 1, "a"], "labels of unlike types, int and str: make all of them text"),
        ([1, "a", None, 1], "contains None in row 2"),
    ],
)
def test_labels_that_are_missing_or_mixed_are_told_in_one_sentence(labels, words):
    X = np.arange(8.0).reshape(4, 2)
    with pytest.raises(ValueError, match=words):
        GLVQ().fit(X, np.array(labels, dtype=object))


@pytest.mark.parametrize(("dtype", "size"), [(np.float32, 1e-22), (np.float32, 1e-30), (np.float64, 1e-155)])
@pytest.mark.parametrize("name", ["GLVQ", "GMLVQ"])
def test_values_too_small_to_be_squared_are_refused(name, dtype, size):
    rng = np.random.default_rng(0)
    y = np.arange(40) % 2
    X = ((rng.normal(size=(40, 3)) + y[:, None]) * size).astype(dtype)
    with pytest.raises(ValueError, match=f"vanish in {np.dtype(dtype)}: scale them"):
        make(name).fit(X, y)
