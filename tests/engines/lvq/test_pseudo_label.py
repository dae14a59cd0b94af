"""Pseudo-label GLVQ: planted clusters, the metric that tells them apart, the end of the rounds."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import is_clusterer
from sklearn.datasets import load_iris
from sklearn.metrics import adjusted_rand_score

from engines import GMLVQ, KMeans, PseudoLabelGLVQ
from engines.lvq.pseudo_clusters import Clustering, ProjectedRows, ScaledRows
from engines.rows import ArrayRows
from engines.training import StopToken


def planted(seed=0, scale=5.0, n=240, n_noise=2):
    """Three clusters in four features, and features of noise whose units are `scale` times larger."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 3
    means = 2.5 * rng.normal(size=(3, 4))
    return np.c_[means[y] + rng.normal(size=(n, 4)), scale * rng.normal(size=(n, n_noise))], y


def variance_shares(relevances, X):
    """Share of the mean squared distance that each feature makes."""
    shares = relevances * X.var(axis=0)
    return shares / shares.sum()


# --- what is found


@pytest.mark.parametrize("seed", [0, 2, 3, 4])
def test_planted_clusters_are_found_beside_a_noise_of_larger_units_which_k_means_takes_for_them(seed):
    X, y = planted(seed, scale=20.0)
    model = PseudoLabelGLVQ(3, random_state=0).fit(X)
    assert adjusted_rand_score(y, model.labels_) > 0.8
    assert adjusted_rand_score(y, KMeans(3, n_init=10, random_state=0).fit(X).labels_) < 0.1


@pytest.mark.parametrize("seed", range(4))
def test_noise_counts_for_less_than_in_k_means_of_the_rows_and_of_scaled_rows(seed):
    X, _ = planted(seed)
    shares = variance_shares(PseudoLabelGLVQ(3, random_state=0).fit(X).relevances_, X)
    assert np.all(shares[4:] < variance_shares(np.ones(6), X)[4:])
    assert np.all(shares[4:] < 1 / 6)  # what each feature has where all are scaled to variance 1


def test_the_metric_betters_the_clusters_of_scaled_rows():
    X, y = load_iris(return_X_y=True)
    scaled = (X - X.mean(axis=0)) / X.std(axis=0)
    by_k_means = adjusted_rand_score(y, KMeans(3, n_init=10, random_state=0).fit(scaled).labels_)
    assert adjusted_rand_score(y, PseudoLabelGLVQ(3, random_state=0).fit(X).labels_) > by_k_means + 0.2


def test_units_of_single_features_do_not_matter():
    X, _ = planted(1)
    units = np.array([1e-3, 4.0, 1.0, 60.0, 0.5, 1e4])
    one, other = (PseudoLabelGLVQ(3, random_state=0).fit(rows) for rows in (X, X * units))
    assert np.array_equal(one.labels_, other.labels_)
    np.testing.assert_allclose(
        variance_shares(one.relevances_, X), variance_shares(other.relevances_, X * units), rtol=1e-5
    )


@pytest.mark.parametrize("log_det", [0.05, 1.0])
def test_the_metric_does_not_collapse(log_det):
    X, _ = planted(0, scale=1.0)
    X = X / X.std(axis=0)
    model = PseudoLabelGLVQ(3, log_det=log_det, agreement=1.0, random_state=0).fit(X)
    values = np.linalg.svd(model.omega_, compute_uv=False)
    assert values[-1] > 0.1 * values[0]
    np.testing.assert_allclose(np.trace(model.relevance_matrix_), 1, rtol=1e-12)
    free = PseudoLabelGLVQ(3, log_det=0.0, agreement=1.0, random_state=0).fit(X)
    assert np.linalg.svd(free.omega_, compute_uv=False)[-1] < 0.02


# --- rounds


def test_a_round_is_k_means_of_projected_rows_then_gmlvq_of_the_clusters():
    X, _ = planted(1)
    training = PseudoLabelGLVQ(3, n_init=3, random_state=0).train(X)
    first = next(training)
    spread = X.std(axis=0)
    by_hand = KMeans(3, n_init=3, random_state=0).fit(X / spread)
    assert adjusted_rand_score(by_hand.labels_, training._engine.labels_) == 1
    labels = training._engine.labels_
    means = np.array([X[labels == k].mean(axis=0) for k in range(3)])
    np.testing.assert_allclose(first.arrays["prototypes"], means, rtol=1e-12)
    learned = GMLVQ(
        init=means / spread, transfer="identity", metric_warmup=0, tol=1e-4, patience=5, max_iter=100, random_state=0
    ).fit(X / spread, labels)
    within = [snapshot for snapshot in training if snapshot.metrics["round"] == 0]
    np.testing.assert_allclose([first.cost, *(s.cost for s in within)], learned.history_["cost"], rtol=1e-6)
    omega = learned.omega_ / spread
    np.testing.assert_allclose(np.abs(within[-1].arrays["omega"]), np.abs(omega / np.linalg.norm(omega)), rtol=1e-5)


def test_training_ends_when_the_clusters_of_two_rounds_agree():
    X, _ = planted(1)
    training = PseudoLabelGLVQ(3, random_state=0).train(X)
    snapshots = list(training)
    at_starts = [
        s.metrics["agreement"] for a, s in itertools.pairwise(snapshots) if s.metrics["round"] > a.metrics["round"]
    ]
    assert all(agreement < 0.999 for agreement in at_starts[:-1])
    assert at_starts[-1] >= 0.999
    assert training._engine.stability_ == at_starts[-1]
    assert training._engine.n_rounds_ == len(at_starts) + 1
    assert snapshots[-1].message.startswith("the clusters of round")


def test_the_last_round_ends_with_what_it_learned():
    X, _ = planted(1)
    model = PseudoLabelGLVQ(3, max_rounds=1, random_state=0)
    *_, last = model.train(X)
    assert (model.n_rounds_, last.message) == (1, "the last round is done")
    assert np.isnan(model.stability_)
    assert np.array_equal(model.labels_, model.predict(X))


def test_the_cost_falls_within_every_round():
    X, _ = planted(5)
    history = PseudoLabelGLVQ(4, random_state=0)
    history.fit(X)
    rounds, cost = history.history_["round"], history.history_["cost"]
    for number in np.unique(rounds):
        assert np.all(np.diff(cost[rounds == number]) <= 1e-12)


@settings(max_examples=4)
@given(order=st.permutations(range(4)))
def test_names_of_clusters_do_not_matter(order):
    X, _ = planted(2)
    starts = X[[0, 1, 2, 9]]
    one = PseudoLabelGLVQ(4, init=starts).fit(X)
    other = PseudoLabelGLVQ(4, init=starts[list(order)]).fit(X)
    assert adjusted_rand_score(one.labels_, other.labels_) == 1
    np.testing.assert_allclose(one.prototypes_[list(order)], other.prototypes_, rtol=1e-6)
    np.testing.assert_allclose(one.relevance_matrix_, other.relevance_matrix_, atol=1e-4)


def test_labels_counts_and_errors_are_those_of_the_model_at_every_step():
    X, _ = planted(4)
    engine = PseudoLabelGLVQ(3, random_state=0)
    for snapshot in engine.train(X, validation=(X[:50] + 0.1, None)):
        assert np.array_equal(engine.labels_, engine.predict(X))
        assert np.array_equal(engine.counts_, np.bincount(engine.labels_, minlength=3))
        np.testing.assert_allclose(engine.inertia_, np.square(engine.transform(X)).min(axis=1).sum(), rtol=1e-10)
        error = np.square(X - engine.quantize(X)).sum(axis=1).mean()
        np.testing.assert_allclose(snapshot.metrics["error_per_row"], error, rtol=1e-12)
        np.testing.assert_allclose(engine.quantization_error(X), error, rtol=1e-12)
        unseen = np.square(X[:50] + 0.1 - engine.quantize(X[:50] + 0.1)).sum(axis=1).mean()
        np.testing.assert_allclose(snapshot.metrics["validation_error_per_row"], unseen, rtol=1e-12)
    np.testing.assert_allclose(engine.score(X), -error * len(X), rtol=1e-12)


# --- starts, weights, edges


def test_training_goes_on_from_given_prototypes_and_metric():
    X, _ = planted(1)
    settled = PseudoLabelGLVQ(3, random_state=0).fit(X)
    again = PseudoLabelGLVQ(3, init=settled.prototypes_, omega_init=settled.omega_)
    first = next(again.train(X))
    np.testing.assert_allclose(first.arrays["omega"], settled.omega_, rtol=1e-12)
    assert np.array_equal(again.labels_, settled.labels_)


def test_a_weight_counts_as_that_many_equal_rows():
    X, _ = planted(3, n=90)
    weights = np.random.default_rng(0).integers(0, 4, size=90)
    weights[:3] = 1
    one = PseudoLabelGLVQ(3, init=X[:3]).fit(X, sample_weight=weights)
    other = PseudoLabelGLVQ(3, init=X[:3]).fit(np.repeat(X, weights, axis=0))
    np.testing.assert_allclose(one.prototypes_, other.prototypes_, rtol=1e-9)
    np.testing.assert_allclose(one.relevance_matrix_, other.relevance_matrix_, atol=1e-6)
    np.testing.assert_allclose(one.counts_, other.counts_)


def test_one_cluster_has_nothing_to_be_told_apart_from():
    X, _ = planted(0)
    model = PseudoLabelGLVQ(1).fit(X)
    np.testing.assert_allclose(model.prototypes_[0], X.mean(axis=0))
    np.testing.assert_allclose(variance_shares(model.relevances_, X), 1 / 6)
    assert list(model.history_["cost"]) == [0.0]


def test_a_limited_rank_and_starts_by_name_are_those_of_scaled_rows():
    X, _ = planted(0)
    spread = X.std(axis=0)
    start = next(PseudoLabelGLVQ(3, rank=2, omega_init="pca", random_state=0).train(X)).arrays["omega"]
    axes = np.linalg.svd((X - X.mean(axis=0)) / spread, full_matrices=False)[2][:2] / spread
    np.testing.assert_allclose(np.abs(start), np.abs(axes / np.linalg.norm(axes)), rtol=1e-6)


def test_it_is_a_clusterer():
    model = PseudoLabelGLVQ(3, random_state=0)
    assert is_clusterer(model)
    X, _ = planted(0)
    assert np.array_equal(model.fit_predict(X), model.labels_)


def test_rows_seen_through_a_metric_are_the_products():
    rng = np.random.default_rng(0)
    X, omega, spread = rng.normal(size=(20, 4)), rng.normal(size=(2, 4)), rng.exponential(size=4)
    np.testing.assert_allclose(ProjectedRows(ArrayRows(X), omega).read(3, 9), X[3:9] @ omega.T)
    np.testing.assert_array_equal(ScaledRows(ArrayRows(X), spread).read(3, 9), X[3:9] / spread)
    X[:, 1] = 7.0
    found = Clustering.of(ArrayRows(X), None, 2, 1, StopToken()).spread
    assert found[1] == found.max()


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"rank": 7}, "PseudoLabelGLVQ: rank is 7, but the rows have 6 features"),
        ({"init": np.zeros((2, 6))}, r"init has shape \(2, 6\)"),
        ({"n_clusters": 300}, "n_samples=240 should be >= n_clusters=300"),
        ({"beta": 3.0}, "beta has no effect"),
        ({"margin": 0.2}, "margin has no effect"),
        ({"omega_init": np.zeros((6, 6))}, "omega_init must be a finite"),
    ],
)
def test_unfit_parameters_are_refused(parameters, words):
    with pytest.raises(ValueError, match=words):
        PseudoLabelGLVQ(**{"n_clusters": 3, **parameters}).fit(planted(0)[0])
