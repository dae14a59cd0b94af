"""LogEuclideanGLVQ against GLVQ of logarithms, its distance and gradient against definitions, and its refusals."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import scipy.linalg
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score

from engines import GLVQ, LogEuclideanGLVQ, load, save
from engines.lvq.distance_cost import Start
from engines.lvq.explain import explain
from engines.lvq.labels import LabelledRows
from engines.lvq.learned import NoMetric
from engines.lvq.polytopes import common_matrix
from engines.lvq.relative_cost import Transfer
from engines.rows import ArrayRows
from engines.spd.log_euclidean import LogEuclideanProblem
from engines.spd.matrices import logarithm, stack_of, vectors_of
from engines.spd.rows import LogRows
from engines.surgery import merge
from engines.training import StopToken
from tests.signals import random_spd, two_kinds, two_kinds_of_matrices


def overlapping(n=60, k=3, seed=0):
    """SPD matrices (n, k, k) of two classes that no prototypes tell apart fully."""
    X = random_spd(n, k, seed)
    y = np.arange(n) % 2
    X[y == 1, 0, 0] += 0.8
    return X, y


# --- the same as GLVQ of logarithms


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("parameters", [{}, {"solver": "adam", "batch_size": 16, "prototypes_per_class": 2}])
def test_learning_is_that_of_glvq_on_vectors_of_logarithms(dtype, parameters):
    X, y = overlapping()
    X = X.astype(dtype)
    S = vectors_of(logarithm(X)).astype(dtype)
    ours = LogEuclideanGLVQ(random_state=0, max_iter=15, **parameters).fit(X, y)
    plain = GLVQ(random_state=0, max_iter=15, **parameters).fit(S, y)
    assert np.array_equal(ours.log_prototypes_, plain.prototypes_)
    assert np.array_equal(ours.transform(X), plain.transform(S))
    assert np.array_equal(ours.project(X), S)
    assert ours.prototypes_.dtype == dtype


def test_numbers_are_matrices_whose_logarithms_glvq_learns():
    x = np.exp(np.random.default_rng(0).normal(size=40)) + (np.arange(40) % 2)
    y = np.arange(40) % 2
    ours = LogEuclideanGLVQ(random_state=0).fit(x[:, None, None], y)
    plain = GLVQ(random_state=0).fit(np.log(x)[:, None], y)
    assert np.array_equal(ours.log_prototypes_, plain.prototypes_)
    np.testing.assert_allclose(ours.prototypes_.ravel(), np.exp(plain.prototypes_.ravel()), rtol=1e-12)


def test_diagonal_matrices_are_learned_as_the_logarithms_of_their_diagonals():
    rng = np.random.default_rng(1)
    y = np.arange(90) % 2
    diagonals = np.exp(rng.normal(size=(90, 3)) + y[:, None] * [1.0, 0.0, -1.0])
    thorough = {"random_state": 0, "max_iter": 500, "tol": 1e-13}
    ours = LogEuclideanGLVQ(**thorough).fit(diagonals[:, None] * np.eye(3), y)
    plain = GLVQ(**thorough).fit(np.log(diagonals), y)
    assert ours.history_["cost"][-1] == pytest.approx(plain.history_["cost"][-1], rel=1e-6)
    off = ours.prototypes_[:, ~np.eye(3, dtype=bool)]
    np.testing.assert_allclose(off, 0, atol=1e-12)
    assert np.array_equal(ours.predict(diagonals[:, None] * np.eye(3)), plain.predict(np.log(diagonals)))


# --- distance and gradient


def test_distances_are_frobenius_norms_between_logarithms():
    X, y = overlapping()
    model = LogEuclideanGLVQ(prototypes_per_class=2, random_state=0).fit(X, y)
    S, T = ([scipy.linalg.logm(a) for a in stack] for stack in (X, model.prototypes_))
    expected = [[np.linalg.norm(s - t) for t in T] for s in S]
    np.testing.assert_allclose(model.transform(X), expected, rtol=1e-8)
    nearest = np.argmin(expected, axis=1)
    assert np.array_equal(model.predict(X), model.prototype_labels_[nearest])
    assert np.array_equal(model.quantize(X), model.prototypes_[nearest])


def test_the_gradient_is_that_of_the_cost_written_out():
    X, y = overlapping(n=30)
    data = LabelledRows(LogRows(ArrayRows(X.reshape(30, 9))), y, np.ones(30), 1.0)
    start = Start(np.array([2, 1]), random_spd(3, 3, seed=5))
    problem = LogEuclideanProblem(start, NoMetric(6), Transfer("identity", 1.0, 0.0), 6, np.dtype(float), n_jobs=1)
    arrays = problem.start(data, np.random.default_rng(0), StopToken())
    scale, labels = problem.state()["scale"], np.array([0, 0, 1])
    S = logarithm(X)

    def cost(vectors):
        d = ((S[:, None] - stack_of(vectors * scale)[None]) ** 2).sum(axis=(2, 3))
        plus = np.where(labels == y[:, None], d, np.inf).min(axis=1)
        minus = np.where(labels != y[:, None], d, np.inf).min(axis=1)
        return np.mean((plus - minus) / (plus + minus))

    found = problem.evaluate(arrays, data, StopToken(), by=("prototypes",))
    W, step = arrays["prototypes"], 1e-6
    assert found.cost == pytest.approx(cost(W), rel=1e-12)
    numeric = np.empty_like(W)
    for index in np.ndindex(W.shape):
        move = np.zeros_like(W)
        move[index] = step
        numeric[index] = (cost(W + move) - cost(W - move)) / (2 * step)
    np.testing.assert_allclose(found.gradient["prototypes"], numeric, rtol=1e-6, atol=1e-9)


def test_rotation_scaling_and_inversion_of_all_matrices_change_no_answer():
    X, y = overlapping()
    Q = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    plain = LogEuclideanGLVQ(random_state=0, max_iter=20).fit(X, y)
    for change in (lambda A: Q @ A @ Q.T, lambda A: 1e-4 * A, np.linalg.inv):
        other = LogEuclideanGLVQ(random_state=0, max_iter=20).fit(change(X), y)
        np.testing.assert_allclose(other.history_["cost"], plain.history_["cost"], rtol=1e-5)
        np.testing.assert_allclose(other.prototypes_, change(plain.prototypes_), rtol=1e-3)
        np.testing.assert_allclose(other.predict_proba(change(X)), plain.predict_proba(X), atol=1e-4)


# --- matrices in, matrices out


def test_prototypes_are_positive_definite_however_far_they_are_driven():
    X, y = overlapping()
    for snapshot in LogEuclideanGLVQ(solver="sgd", learning_rate=3.0, max_iter=20, restore_best=False).train(X, y):
        W = snapshot.arrays["prototypes"]
        assert W.shape == (2, 3, 3)
        assert np.array_equal(W, W.swapaxes(1, 2))
        assert np.all(np.linalg.eigvalsh(W) > 0)


def test_matrices_may_be_given_row_by_row_or_as_lists():
    X, y = overlapping()
    model = LogEuclideanGLVQ(random_state=0, max_iter=5).fit(X, y)
    assert model.n_features_in_ == 9
    for form in (X.reshape(60, 9), X.tolist(), ArrayRows(X.reshape(60, 9))):
        other = LogEuclideanGLVQ(random_state=0, max_iter=5).fit(form, y)
        assert np.array_equal(other.log_prototypes_, model.log_prototypes_)
        assert np.array_equal(other.predict_proba(form), model.predict_proba(X))


def test_validation_matrices_are_watched_in_any_form():
    X, y = overlapping()
    held_out, labels = overlapping(n=20, seed=9)
    curves = []
    for form in (held_out, held_out.reshape(20, 9), ArrayRows(held_out.reshape(20, 9))):
        model = LogEuclideanGLVQ(random_state=0, max_iter=8)
        model.train(X, y, validation=(form, labels)).run()
        curves.append(model.history_["validation_accuracy"])
        assert np.array_equal(curves[-1], curves[0])
    best = int(np.argmin(model.history_["validation_cost"]))
    assert curves[0][best] == pytest.approx(model.score(held_out, labels))


def test_works_with_the_tools_of_scikit_learn_on_stacks():
    X, y = two_kinds_of_matrices(n=60)
    engine = LogEuclideanGLVQ(max_iter=5)
    tags = engine.__sklearn_tags__().input_tags
    assert (tags.three_d_array, tags.two_d_array, tags.allow_nan) == (True, False, False)
    search = GridSearchCV(clone(engine), {"regularization": [0.0, 0.5]}, cv=3).fit(X, y)
    assert search.best_score_ > 0.9
    assert search.best_estimator_.prototypes_.shape == (2, 4, 4)


def test_logarithms_even_out_how_strong_signals_are_and_entries_do_not():
    X, y = two_kinds_of_matrices(n=200, channels=6, seed=3)
    on_logarithms = cross_val_score(LogEuclideanGLVQ(), X, y, cv=5).mean()
    on_entries = cross_val_score(GLVQ(), X.reshape(200, -1), y, cv=5).mean()
    assert on_logarithms == 1.0
    assert on_entries < 0.99


def test_a_saved_model_gives_the_same_matrices_and_answers(tmp_path):
    X, y = overlapping()
    model = LogEuclideanGLVQ(random_state=0, regularization=0.1, max_iter=5).fit(X, y)
    save(model, tmp_path / "model.safetensors")
    other = load(tmp_path / "model.safetensors")
    assert np.array_equal(other.prototypes_, model.prototypes_)
    assert np.array_equal(other.predict_proba(X), model.predict_proba(X))


def test_learning_goes_on_from_given_prototypes_of_which_some_are_pinned():
    X, y = overlapping()
    first = LogEuclideanGLVQ(random_state=0, max_iter=4).fit(X, y)
    again = LogEuclideanGLVQ(init=first.prototypes_, pinned=(1,), max_iter=30).fit(X, y)
    assert again.history_["cost"][0] == pytest.approx(first.history_["cost"][-1], rel=1e-8)
    assert np.array_equal(again.log_prototypes_[1], vectors_of(logarithm(first.prototypes_))[1])
    assert not np.allclose(again.log_prototypes_[0], first.log_prototypes_[0])


def test_regularization_evens_matrices_out_in_learning_and_in_use():
    X, y = overlapping()
    evened = 0.8 * X + 0.2 * np.trace(X, axis1=1, axis2=2)[:, None, None] / 3 * np.eye(3)
    ours = LogEuclideanGLVQ(random_state=0, regularization=0.2, max_iter=10).fit(X, y)
    plain = LogEuclideanGLVQ(random_state=0, max_iter=10).fit(evened, y)
    np.testing.assert_allclose(ours.history_["cost"], plain.history_["cost"], rtol=1e-6)
    np.testing.assert_allclose(ours.transform(X), plain.transform(evened), rtol=1e-5)


# --- what is refused


def test_singular_matrices_are_refused_with_what_to_do_and_then_taken():
    signals, y = two_kinds(n=40, channels=5)
    low = signals.copy()
    low[:, 4] = low[:, 0] + low[:, 1]
    X = np.stack([np.cov(signal) for signal in low])
    with pytest.raises(ValueError, match=r"^Matrix \d+ is singular: .*: set regularization above 0, such as 0.01"):
        LogEuclideanGLVQ().fit(X, y)
    assert LogEuclideanGLVQ(regularization=0.01).fit(X, y).score(X, y) > 0.9


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda x: x.__setitem__((0, 1), 9.0),
            r"Matrix 7 is not symmetric: its entries \(0, 1\) and \(1, 0\) are 9 ",
        ),
        (lambda x: x.__isub__(5 * np.eye(3)), "Matrix 7 is not positive definite: its smallest eigenvalue is -"),
        (lambda x: x.__setitem__((1, 1), np.nan), "Input X contains NaN"),
        (lambda x: x.__setitem__((1, 1), np.inf), "Input X contains infinity"),
    ],
)
def test_a_matrix_that_is_not_spd_is_refused_in_learning_and_in_use(change, words):
    X, y = overlapping()
    model = LogEuclideanGLVQ(max_iter=2).fit(X, y)
    change(X[7])
    for call in (lambda: LogEuclideanGLVQ().fit(X, y), lambda: model.predict(X), lambda: model.transform(X)):
        with pytest.raises(ValueError, match=words):
            call()


@pytest.mark.parametrize("shape", [(60, 3, 4), (60, 3, 3, 1), (60,), (60, 8)])
def test_what_is_no_stack_of_matrices_is_refused(shape):
    with pytest.raises(ValueError, match=r"[Mm]atrices|Expected 2D|dim"):
        LogEuclideanGLVQ().fit(np.ones(shape), np.arange(60) % 2)


def test_what_reads_features_out_of_distances_is_refused():
    X, y = overlapping()
    model = LogEuclideanGLVQ(max_iter=2).fit(X, y)
    for call in (lambda: explain(model, X), lambda: common_matrix(model), lambda: merge(model, [0, 1])):
        with pytest.raises(ValueError, match="LogEuclideanGLVQ"):
            call()


def test_a_start_that_is_not_spd_is_refused():
    X, y = overlapping()
    for wrong, words in (
        (-np.stack([np.eye(3)] * 2), "init must be symmetric positive-definite matrices: Matrix 0 is not positive"),
        (np.ones((2, 9)), r"init must be symmetric .* shape \(n, k, k\)"),
        (np.stack([np.eye(2)] * 2), "init has shape"),
        (np.stack([np.eye(3)] * 3), "init has shape"),
    ):
        with pytest.raises(ValueError, match=words):
            LogEuclideanGLVQ(init=wrong, max_iter=1).fit(X, y)


def test_scikit_learn_knows_that_it_has_no_checks_for_it():
    from sklearn.exceptions import SkipTestWarning
    from sklearn.utils.estimator_checks import check_estimator

    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        check_estimator(LogEuclideanGLVQ(), on_skip=None)
    assert any(issubclass(warning.category, SkipTestWarning) for warning in told)
