"""Stability of a metric: against direct loops of fits, brute force over signs and orders, and known spaces."""

from __future__ import annotations

import threading
from itertools import permutations, product

import numpy as np
import pytest
from lvq_cases import clouds
from scipy.linalg import subspace_angles
from scipy.stats import ortho_group, spearmanr

import engines
from engines import GMLVQ
from engines.lvq.refits import Resampling, metric_matrix, refits, relevance_stability
from engines.lvq.stability import Stability, align, aligned, overlap, principal_angles, spectrum
from engines.training import Stopped, StopToken

QUICK = {"init": "mean", "max_iter": 8, "random_state": 0}


def matrix_of(values, axes):
    return (axes.T * values) @ axes


def test_a_bootstrap_is_a_loop_of_fits_on_repeated_rows():
    X, y = clouds()
    model = GMLVQ(**QUICK).fit(X, y)
    how = Resampling("bootstrap", 3, seed=4)
    found = relevance_stability(model, X, y, how, n_jobs=2)
    for k in range(3):
        weights = how.weights(k, y).astype(int)
        assert np.array_equal(np.bincount(y, weights), np.bincount(y))  # as many of each class as there are
        direct = GMLVQ(**QUICK).fit(np.repeat(X, weights, axis=0), np.repeat(y, weights))
        np.testing.assert_allclose(found.relevance_draws[k], direct.relevances_, rtol=1e-6)
        values = np.linalg.eigvalsh(direct.relevance_matrix_)[::-1]
        np.testing.assert_allclose(found.eigenvalue_draws[k], values, atol=1e-7)
        unseen = weights == 0
        assert found.accuracies[k] == pytest.approx(direct.score(X[unseen], y[unseen]))
    np.testing.assert_array_equal(found.relevances, model.relevances_)


def test_folds_leave_every_row_out_once_and_share_out_the_classes():
    X, y = clouds(n=50)
    how = Resampling("folds", 5, seed=1)
    weights = np.array([how.weights(k, y) for k in range(5)])
    np.testing.assert_array_equal((weights == 0).sum(axis=0), 1)
    for k in range(5):
        left_out = np.bincount(y[weights[k] == 0], minlength=3)
        assert left_out.max() - left_out.min() <= 2
    model = GMLVQ(**QUICK).fit(X, y)
    (second,) = refits(model, X, y, how, [1])
    kept = weights[1] > 0
    np.testing.assert_allclose(second.matrix, GMLVQ(**QUICK).fit(X[kept], y[kept]).relevance_matrix_, rtol=1e-9)


def test_seeds_change_what_chance_there_is_and_nothing_else():
    X, y = clouds()
    chance = GMLVQ(2, init="random", max_iter=4, metric_warmup=0, random_state=0).fit(X, y)
    assert np.ptp(relevance_stability(chance, X, y, Resampling("seeds", 4)).relevance_draws, axis=0).max() > 1e-4
    none = GMLVQ(**QUICK).fit(X, y)
    found = relevance_stability(none, X, y, Resampling("seeds", 3))
    np.testing.assert_array_equal(found.relevance_draws, np.repeat(none.relevances_[None], 3, axis=0))
    assert np.isnan(found.accuracies).all()
    np.testing.assert_allclose(found.cosines, 1, atol=1e-12)
    np.testing.assert_allclose(found.rank_correlations, 1)


def test_the_result_does_not_depend_on_the_number_of_threads_nor_on_how_it_is_divided():
    X, y = clouds()
    model = GMLVQ(2, **QUICK).fit(X, y)
    how = Resampling(n_refits=4)
    whole = relevance_stability(model, X, y, how, n_jobs=1)
    for jobs in (2, 3):
        again = relevance_stability(model, X, y, how, n_jobs=jobs)
        assert all(np.array_equal(a, again.to_state()[name]) for name, a in whole.to_state().items())
    parts = Stability.of(metric_matrix(model))
    for numbers in ([0], [1, 2], [3]):
        parts = Stability.from_state(parts.to_state())
        for refit in refits(model, X, y, how, numbers):
            parts = parts.and_refit(refit.matrix, refit.accuracy)
    assert all(np.array_equal(a, parts.to_state()[name]) for name, a in whole.to_state().items())


def test_alignment_is_the_best_of_all_orders_and_signs():
    rng = np.random.default_rng(0)
    for p, d in ((1, 3), (3, 3), (4, 6)):
        reference, other = ortho_group.rvs(d, random_state=rng)[:p], ortho_group.rvs(d, random_state=rng)[:p]
        best = min(
            np.linalg.norm(reference - np.array(signs)[:, None] * other[list(order)])
            for order in permutations(range(p))
            for signs in product((-1, 1), repeat=p)
        )
        assert np.linalg.norm(reference - aligned(reference, other)) == pytest.approx(best, rel=1e-12)
    order, signs = align(reference, -reference[[2, 0, 3, 1]])
    assert order.tolist() == [1, 3, 0, 2]
    assert signs.tolist() == [-1] * 4


def test_principal_angles_are_scipys_and_small_ones_keep_their_digits():
    rng = np.random.default_rng(2)
    one, other = ortho_group.rvs(7, random_state=rng)[:3], ortho_group.rvs(7, random_state=rng)[:3]
    np.testing.assert_allclose(principal_angles(one, other)[::-1], subspace_angles(one.T, other.T), rtol=1e-9)
    assert overlap(one, other) == pytest.approx(np.mean(np.cos(principal_angles(one, other)) ** 2))
    turned = np.array([[np.cos(1e-9), np.sin(1e-9), 0.0]])
    assert principal_angles(np.array([[1.0, 0.0, 0.0]]), turned)[0] == pytest.approx(1e-9, rel=1e-6)


def test_eigenvectors_of_coinciding_eigenvalues_are_one_group_whose_space_is_stable():
    rng = np.random.default_rng(3)
    axes = ortho_group.rvs(5, random_state=rng)
    values = np.array([0.6, 0.15, 0.15, 0.08, 0.02])
    found = Stability.of(matrix_of(values, axes))
    for _ in range(30):
        noise = rng.normal(size=(5, 5)) * 1e-3
        found = found.and_refit(matrix_of(values, axes) + noise + noise.T, 0.9)
    assert found.groups == ((0,), (1, 2), (3,), (4,))
    assert found.cosines[:, 1].min() < 0.95  # one by one they turn at will
    assert found.group_overlaps.min() > 0.99  # together they do not
    assert np.median(found.largest_angles[:, 1]) > 10  # the second alone cuts the group
    assert found.largest_angles[:, 2].max() < 5


def test_eigenvectors_that_are_exchanged_in_every_other_refit_are_not_told_apart_though_eigenvalues_come_sorted():
    found = Stability.of(np.diag([0.5, 0.26, 0.24]))
    for k in range(10):
        found = found.and_refit(np.diag([0.5, 0.28, 0.22] if k % 2 else [0.5, 0.22, 0.28]), 0.9)
    assert found.eigenvalue_bands[0, 1] > found.eigenvalue_bands[2, 2]
    assert found.groups == ((0,), (1, 2))
    np.testing.assert_allclose(found.cosines, 1)  # aligned, they are the same
    np.testing.assert_allclose(found.group_overlaps, 1)


def test_spectra_fall_and_rebuild_the_matrix():
    X, y = clouds()
    matrix = metric_matrix(GMLVQ(**QUICK).fit(X, y))
    values, axes = spectrum(matrix)
    assert np.all(np.diff(values) <= 0)
    np.testing.assert_allclose(matrix_of(values, axes), matrix, atol=1e-14)
    assert np.all(axes.max(axis=1) >= -axes.min(axis=1))


@pytest.mark.parametrize("engine", ["GRLVQ", "LGMLVQ", "MRSLVQ", "PseudoLabelGLVQ"])
def test_every_engine_that_learns_a_metric_has_its_stability(engine):
    X, y = clouds()
    info = engines.engine_info(engine)
    labels = y if info.supervised else None
    more = {} if info.supervised else {info.count: 3}
    model = info.estimator(max_iter=4, random_state=0, **more).fit(X, labels)
    found = relevance_stability(model, X, labels, Resampling(n_refits=2))
    assert found.relevance_draws.shape == (2, 4)
    np.testing.assert_allclose(found.relevance_draws.sum(axis=1), 1)
    assert np.isfinite(found.accuracies).all() == info.supervised


def test_directions_that_the_metric_does_not_have_are_not_compared():
    X, y = clouds()
    found = relevance_stability(GMLVQ(rank=2, **QUICK).fit(X, y), X, y, Resampling(n_refits=2))
    assert found.axis_draws.shape == (2, 2, 4)
    assert found.eigenvalue_draws.shape == (2, 4)


def test_ranks_are_told_as_spearman_tells_them():
    rng = np.random.default_rng(5)
    found = Stability.of(np.diag([0.4, 0.3, 0.2, 0.1]))
    draws = rng.dirichlet(np.ones(4), size=25)
    for draw in draws:
        found = found.and_refit(np.diag(draw), 0.5)
    expected = [spearmanr([0.4, 0.3, 0.2, 0.1], draw).statistic for draw in draws]
    np.testing.assert_allclose(found.rank_correlations, expected)
    np.testing.assert_allclose(found.relevance_bands[1], np.median(draws, axis=0))
    assert found.ranks.tolist() == [1, 2, 3, 4]
    among_two = [np.mean(np.sum(draws > draws[:, [j]], axis=1) < 2) for j in range(4)]
    np.testing.assert_allclose(found.top_shares(2), among_two)
    assert np.isnan(Stability.of(np.eye(2) / 2).relevance_bands).all()


def test_a_refit_from_rows_that_say_the_same_is_more_stable_than_from_noise():
    clear, y = clouds(n=300)
    noise = np.random.default_rng(0).normal(size=(60, 4))
    how = Resampling(n_refits=8)
    spread = {}
    for name, X, labels in (("clear", clear, y), ("noise", noise, np.arange(60) % 3)):
        found = relevance_stability(GMLVQ(**QUICK).fit(X, labels), X, labels, how)
        spread[name] = float(np.mean(found.relevance_bands[2] - found.relevance_bands[0]))
    assert spread["clear"] < spread["noise"] / 2


def test_a_stop_is_felt_in_the_midst_of_refits_and_leaves_no_thread():
    X, y = clouds(n=900)
    model = GMLVQ(5, max_iter=3, random_state=0).fit(X, y).set_params(max_iter=100_000, tol=0, patience=100_000)
    stop = StopToken()
    threading.Timer(0.3, stop.set).start()
    with pytest.raises(Stopped):
        relevance_stability(model, X, y, Resampling(n_refits=5), stop=stop)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("refits")]


@pytest.mark.parametrize(
    ("ask", "told"),
    [
        (lambda X, y: Resampling("jackknife"), "are made by bootstrap, folds, seeds, but not by 'jackknife'"),  # type: ignore[arg-type]
        (lambda X, y: Resampling(n_refits=1), "at least 2 refits"),
        (lambda X, y: Resampling("folds", 3).weights(0, np.array([0, 0, 1])), "Class 1 has one row only"),
        (lambda X, y: relevance_stability(engines.KMeans(2).fit(X), X, y), "KMeans learns no metric"),
        (lambda X, y: relevance_stability(GMLVQ(**QUICK).fit(X, y), X, y[:-1]), "89 labels for 90 rows"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_one_sentence(ask, told):
    X, y = clouds()
    with pytest.raises(ValueError, match=told):
        ask(X, y)
