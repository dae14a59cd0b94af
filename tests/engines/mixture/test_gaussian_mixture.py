"""Gaussian mixtures against their mathematics: published likelihoods, scikit-learn from one start, laws of EM."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.datasets import load_iris
from sklearn.mixture import GaussianMixture as PeerMixture

from engines import GaussianMixture, blocks

BOTH = pytest.mark.parametrize("dtype", [np.float32, np.float64])
KINDS = ("full", "tied", "diag", "spherical")
EVERY_KIND = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks of 64 rows, so that little data make several."""
    monkeypatch.setattr(blocks, "MIN_ROWS", 64)
    monkeypatch.setattr(blocks, "TARGET_WORK", 1)


def clouds(n=400, d=3, k=3, seed=0, apart=3.0):
    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(k, d, d)) / np.sqrt(d) + np.eye(d)
    centres = rng.normal(size=(k, d)) * apart
    labels = rng.integers(0, k, n)
    return np.einsum("nij,nj->ni", mixing[labels], rng.normal(size=(n, d))) + centres[labels]


def precisions(kind, k, d, scale=1.0):
    return {
        "full": np.tile(np.eye(d) * scale, (k, 1, 1)),
        "tied": np.eye(d) * scale,
        "diag": np.full((k, d), scale),
        "spherical": np.full(k, scale),
    }[kind]


def given_start(X, kind, k, **parameters):
    """Parameters, ours and scikit-learn's, of one and the same start."""
    n, d = X.shape
    means = X[np.linspace(0, n - 1, k).astype(int)].copy()
    weights = np.arange(1, k + 1) / np.sum(np.arange(1, k + 1))
    start = {"weights_init": weights, "precisions_init": precisions(kind, k, d), "tol": 0.0, **parameters}
    ours = GaussianMixture(k, covariance_type=kind, init=means, **start)
    peer = PeerMixture(k, covariance_type=kind, means_init=means, init_params="random_from_data", **start)
    return ours, peer


def dense(model, kind, k, d):
    """The covariances as (k, d, d)."""
    c = model.covariances_
    return {
        "full": lambda: c,
        "tied": lambda: np.tile(c, (k, 1, 1)),
        "diag": lambda: np.stack([np.diag(v) for v in c]),
        "spherical": lambda: np.stack([np.eye(d) * v for v in c]),
    }[kind]()


# --- what it finds


@pytest.mark.parametrize(
    ("kind", "published"), [("full", -1.20124), ("tied", -1.70903), ("diag", -2.04785), ("spherical", -2.56209)]
)
def test_iris_reaches_the_known_likelihood(kind, published):
    X = load_iris().data
    model = GaussianMixture(3, covariance_type=kind, n_init=10, tol=1e-7, max_iter=1000, random_state=0).fit(X)
    assert model.converged_
    assert model.lower_bound_ == pytest.approx(published, abs=5e-6)
    assert model.score(X) == pytest.approx(model.lower_bound_, rel=1e-12)


@EVERY_KIND
def test_em_takes_the_same_steps_as_scikit_learn(kind):
    X = clouds(500, 4)
    for max_iter in (1, 2, 5, 12):
        ours, peer = given_start(X, kind, 3, max_iter=max_iter)
        ours.fit(X)
        with pytest.warns(UserWarning, match="did not converge"):
            peer.fit(X)
        assert ours.n_iter_ == max_iter
        for name in ("means_", "covariances_", "weights_", "precisions_cholesky_", "precisions_"):
            assert np.allclose(getattr(ours, name), getattr(peer, name), rtol=1e-8, atol=1e-10), name
        assert np.allclose(ours.predict_proba(X), peer.predict_proba(X), rtol=1e-6, atol=1e-9)
        assert np.allclose(ours.score_samples(X), peer.score_samples(X), rtol=1e-9)
        assert ours.bic(X) == pytest.approx(peer.bic(X), rel=1e-9)
        assert ours.aic(X) == pytest.approx(peer.aic(X), rel=1e-9)


@EVERY_KIND
@pytest.mark.parametrize("d", [1, 2, 5, 8])
@pytest.mark.parametrize("k", [1, 4, 7])
def test_one_step_of_any_width_is_that_of_scikit_learn(kind, d, k):
    X = clouds(431, d, seed=d)
    ours, peer = given_start(X, kind, k, max_iter=1)
    ours.fit(X)
    with pytest.warns(UserWarning, match="did not converge"):
        peer.fit(X)
    assert np.allclose(ours.means_, peer.means_, rtol=1e-9, atol=1e-11)
    assert np.allclose(ours.covariances_, peer.covariances_, rtol=1e-9, atol=1e-10)


@EVERY_KIND
def test_float32_follows_float64(kind):
    X = clouds(600, 5).astype(np.float32)
    one = given_start(X, kind, 3, max_iter=8)[0].fit(X)
    two = given_start(X.astype(np.float64), kind, 3, max_iter=8)[0].fit(X.astype(np.float64))
    assert one.means_.dtype == np.float32
    assert np.allclose(one.means_, two.means_, rtol=1e-4, atol=1e-4)
    assert np.allclose(one.covariances_, two.covariances_, rtol=1e-3, atol=1e-4)
    assert one.lower_bound_ == pytest.approx(two.lower_bound_, rel=1e-5)


@EVERY_KIND
def test_one_component_is_the_sample_mean_and_covariance(kind):
    X = clouds(300, 4, apart=1.0)
    model = GaussianMixture(1, covariance_type=kind, reg_covar=0).fit(X)
    scatter = np.cov(X.T, bias=True)
    expected = {
        "full": scatter[None],
        "tied": scatter,
        "diag": np.diag(scatter)[None],
        "spherical": np.array([np.trace(scatter) / 4]),
    }[kind]
    assert np.allclose(model.means_[0], X.mean(axis=0))
    assert np.allclose(model.covariances_, expected)
    assert model.weights_ == [1.0]


def test_narrow_spheres_are_the_cells_of_k_means():
    X = clouds(400, 3, k=4)
    start = X[:5].copy()
    model = GaussianMixture(
        5, covariance_type="spherical", init=start, precisions_init=np.full(5, 1e6), weights_init=np.full(5, 0.2)
    )
    training = model.train(X)
    next(training)
    squared = ((X[:, None] - start) ** 2).sum(axis=2)
    labels = squared.argmin(axis=1)
    assert np.array_equal(model.predict(X), labels)
    assert np.allclose(model.predict_proba(X), np.eye(5)[labels])
    next(training)
    assert np.allclose(model.means_, [X[labels == k].mean(axis=0) for k in range(5)])


# --- the bound


@settings(max_examples=40, deadline=None)
@given(
    arrays(np.float64, st.tuples(st.integers(12, 60), st.integers(1, 4)), elements=st.integers(-6, 6)),
    st.integers(1, 3),
    st.sampled_from(KINDS),
    st.sampled_from([0.0, 1e3, 1e6]),
    st.integers(0, 5),
)
def test_the_bound_never_falls_and_is_the_likelihood_of_the_arrays(X, k, kind, offset, seed):
    noise = np.random.default_rng(seed).normal(size=X.shape)  # no component can collapse into a plane
    X = X + noise + offset
    engine = GaussianMixture(k, covariance_type=kind, reg_covar=1e-3, tol=0, max_iter=15, random_state=seed)
    previous = -np.inf
    for snapshot in engine.train(X):
        bound = snapshot.metrics["log_likelihood_per_row"]
        assert bound >= previous
        previous = bound
        assert -snapshot.cost == pytest.approx(bound * len(X))
        shown = GaussianMixture.from_arrays(engine.get_params(), snapshot.arrays)
        assert shown.score(X) == pytest.approx(bound, rel=1e-9, abs=1e-9)
        brute = np.zeros(len(X))
        for weight, mean, covariance in zip(
            shown.weights_, shown.means_, dense(shown, kind, k, X.shape[1]), strict=True
        ):
            gap = X - mean
            squared = np.einsum("ni,ni->n", gap, np.linalg.solve(covariance, gap.T).T)
            brute += weight * np.exp(-squared / 2) / np.sqrt(np.linalg.det(2 * np.pi * covariance))
        assert bound == pytest.approx(np.log(brute).mean(), rel=1e-6, abs=1e-6)
        assert snapshot.arrays["counts"].sum() == pytest.approx(len(X))
        assert snapshot.arrays["prototypes"] is not None


@EVERY_KIND
@BOTH
def test_no_step_but_the_last_fails_to_raise_the_likelihood(kind, dtype):
    """Steps that lower it are not taken, and end the run: so they must not come before the gain is rounding."""
    X = clouds(500, 4).astype(dtype)
    model = GaussianMixture(4, covariance_type=kind, reg_covar=0, tol=0, max_iter=2000, random_state=0).fit(X)
    gains = model.history_["gain"][1:]
    assert np.all(gains >= 0)
    assert gains[-2] < (1e-5 if dtype == np.float32 else 1e-11)


def test_the_kept_restart_is_the_likeliest():
    X = clouds(300)
    model = GaussianMixture(5, init="random", n_init=5, tol=1e-4, random_state=3).fit(X)
    history = model.history_
    ends = [history["log_likelihood_per_row"][history["restart"] == restart].max() for restart in range(5)]
    assert model.lower_bound_ == max(ends) == history["log_likelihood_per_row"][-1]
    assert len(set(ends)) > 1


def test_tol_is_the_gain_of_a_row_that_ends_a_run():
    X = clouds(500)
    model = GaussianMixture(3, init="random", tol=1e-3, random_state=1).fit(X)
    gains = model.history_["gain"][1:]
    assert model.converged_
    assert gains[-1] <= 1e-3 < gains[:-1].min()
    assert not GaussianMixture(3, init="random", tol=0, max_iter=1, random_state=1).fit(X).converged_


def test_the_metrics_are_what_they_are_called():
    X = clouds(300)
    weights = np.random.default_rng(1).random(len(X))
    held_out = clouds(50, seed=9)
    engine = GaussianMixture(3, random_state=0)
    for snapshot in engine.train(X, sample_weight=weights, validation=(held_out, None)):
        squared = ((X - engine.quantize(X)) ** 2).sum(axis=1)
        metrics = snapshot.metrics
        assert metrics["error_per_row"] == pytest.approx(np.average(squared, weights=weights))
        assert metrics["error_per_component"] == pytest.approx(metrics["error_per_row"] / 3)
        assert engine.quantization_error(X, weights) == pytest.approx(metrics["error_per_row"])
        assert metrics["log_likelihood_per_row"] == pytest.approx(engine.score(X, sample_weight=weights))
        assert metrics["validation_log_likelihood_per_row"] == pytest.approx(engine.score(held_out))
        assert metrics["validation_error_per_row"] == pytest.approx(engine.quantization_error(held_out))
        assert metrics["smallest_weight"] == engine.weights_.min()


# --- what a fitted mixture tells


@EVERY_KIND
@BOTH
def test_answers_agree_with_one_another(kind, dtype):
    X = clouds(300, 4).astype(dtype)
    model = GaussianMixture(4, covariance_type=kind, random_state=0).fit(X)
    shares = model.predict_proba(X)
    assert shares.dtype == dtype
    assert np.allclose(shares.sum(axis=1), 1, rtol=1e-6)
    labels = model.predict(X)
    assert np.array_equal(labels, shares.argmax(axis=1))
    assert np.array_equal(model.encode(X), labels)
    assert np.array_equal(model.decode(model.encode(X, packed=True)), model.means_[labels])
    assert np.array_equal(model.prototypes_, model.means_)
    assert model.code_sizes == (4,)
    assert np.allclose(model.counts_, shares.sum(axis=0), rtol=1e-4)
    assert np.array_equal(GaussianMixture(4, covariance_type=kind, random_state=0).fit_predict(X), labels)


@EVERY_KIND
def test_transform_is_the_mahalanobis_distance(kind):
    X = clouds(200, 4)
    model = GaussianMixture(3, covariance_type=kind, random_state=0).fit(X)
    for k, covariance in enumerate(dense(model, kind, 3, 4)):
        gap = X - model.means_[k]
        expected = np.sqrt(np.einsum("ni,ij,nj->n", gap, np.linalg.inv(covariance), gap))
        assert np.allclose(model.transform(X)[:, k], expected)


@EVERY_KIND
def test_samples_have_the_moments_of_the_mixture(kind):
    X = clouds(500, 3)
    model = GaussianMixture(3, covariance_type=kind, random_state=0).fit(X)
    drawn, labels = model.sample(60_000, random_state=1)
    assert drawn.dtype == model.means_.dtype
    assert np.allclose(np.bincount(labels) / 60_000, model.weights_, atol=0.01)
    for k, covariance in enumerate(dense(model, kind, 3, 3)):
        own = drawn[labels == k]
        size = np.sqrt(np.abs(covariance).max())
        assert np.allclose(own.mean(axis=0), model.means_[k], atol=0.05 * size)
        assert np.allclose(np.cov(own.T), covariance, atol=0.1 * size**2)
    assert model.score(drawn) == pytest.approx(model.score(model.sample(60_000, random_state=2)[0]), abs=0.05)
    assert np.array_equal(model.sample(5)[0], model.sample(5)[0])
    assert not np.array_equal(model.sample(5, random_state=4)[0], model.sample(5)[0])


# --- weights


@EVERY_KIND
@BOTH
def test_whole_weights_are_repeated_rows_for_a_given_start(kind, dtype):
    X = clouds(200).astype(dtype)
    weights = np.random.default_rng(0).integers(0, 4, 200)
    start = X[weights > 0][:3]
    weighted = GaussianMixture(3, covariance_type=kind, init=start, max_iter=8, tol=0).fit(X, sample_weight=weights)
    repeated = GaussianMixture(3, covariance_type=kind, init=start, max_iter=8, tol=0).fit(
        np.repeat(X, weights, axis=0)
    )
    close = {"rtol": 1e-3, "atol": 1e-4} if dtype == np.float32 else {"rtol": 1e-8, "atol": 1e-9}
    for name in ("means_", "covariances_", "weights_", "counts_"):
        assert np.allclose(getattr(weighted, name), getattr(repeated, name), **close)
    assert weighted.lower_bound_ == pytest.approx(repeated.lower_bound_, rel=1e-5)
    assert weighted.bic(X, weights) == pytest.approx(repeated.bic(np.repeat(X, weights, axis=0)), rel=1e-4)


def test_rows_of_weight_zero_are_absent():
    X = clouds(200)
    far = np.vstack([X, X[:20] + 1e4])
    weights = np.r_[np.ones(200), np.zeros(20)]
    one = GaussianMixture(3, init=X[:3], max_iter=5, tol=0).fit(far, sample_weight=weights)
    two = GaussianMixture(3, init=X[:3], max_iter=5, tol=0).fit(X)
    assert np.allclose(one.means_, two.means_)
    assert np.allclose(one.covariances_, two.covariances_)


# --- data that are hard


@EVERY_KIND
def test_an_offset_of_a_million_changes_nothing_but_the_means(kind):
    X = np.round(clouds(400, 4) * 1024) / 1024  # so that the offset loses no digit
    one = given_start(X, kind, 3, max_iter=6, reg_covar=0.0)[0].fit(X)
    two = given_start(X + 2.0**20, kind, 3, max_iter=6, reg_covar=0.0)[0].fit(X + 2.0**20)
    assert np.allclose(one.means_, two.means_ - 2.0**20, atol=1e-8)
    assert np.allclose(one.covariances_, two.covariances_, rtol=1e-6, atol=1e-8)
    assert one.lower_bound_ == pytest.approx(two.lower_bound_, abs=1e-8)


@pytest.mark.parametrize("kind", ["diag", "spherical", "full"])
def test_clusters_far_apart_and_narrow_keep_their_spread(kind):
    rng = np.random.default_rng(0)
    labels = np.arange(400) % 2
    X = rng.normal(size=(400, 2)) * 1e-3 + labels[:, None] * 1e5
    model = GaussianMixture(2, covariance_type=kind, init=X[:2], reg_covar=0).fit(X)
    for k in range(2):
        own = X[labels == k]
        assert np.allclose(np.diag(dense(model, kind, 2, 2)[k]).mean(), own.var(axis=0).mean(), rtol=1e-5)


@EVERY_KIND
def test_equal_rows_constant_columns_and_as_many_components_as_rows_stay_finite(kind):
    rng = np.random.default_rng(0)
    equal = np.repeat(rng.normal(size=(4, 3)), 10, axis=0)
    constant = np.c_[rng.normal(size=(40, 2)), np.full(40, 7.0)]
    few = rng.normal(size=(5, 3))
    for X, k in ((equal, 4), (equal, 7), (constant, 3), (few, 5), (np.ones((6, 2)), 2)):
        model = GaussianMixture(k, covariance_type=kind, random_state=0).fit(X)
        for name in ("means_", "covariances_", "weights_", "lower_bound_"):
            assert np.all(np.isfinite(getattr(model, name)))
        assert np.allclose(model.predict_proba(X).sum(axis=1), 1)


@EVERY_KIND
def test_a_covariance_that_collapses_says_so(kind):
    with pytest.raises(ValueError, match=r"not positive definite.*Raise reg_covar"):
        GaussianMixture(2, covariance_type=kind, reg_covar=0, random_state=0).fit(
            np.repeat([[0.0, 1.0], [2.0, 5.0]], 9, axis=0)
        )


def test_many_columns_and_one_row_more_than_components():
    X = np.random.default_rng(0).normal(size=(6, 10_001)).astype(np.float32)
    for kind in ("diag", "spherical"):
        model = GaussianMixture(5, covariance_type=kind, random_state=0).fit(X)
        assert np.isfinite(model.lower_bound_)
        assert model.transform(X).shape == (6, 5)


def test_a_component_without_rows_stays_what_it_is():
    X = clouds(100, 2, k=1)
    start = np.vstack([X.mean(axis=0), X.mean(axis=0) + 1e4])
    model = GaussianMixture(
        2, init=start, precisions_init=precisions("full", 2, 2), weights_init=[0.5, 0.5], max_iter=3, tol=0
    ).fit(X)
    assert np.array_equal(model.means_[1], start[1])
    assert np.array_equal(model.covariances_[1], np.eye(2))
    assert model.weights_[1] == 0
    assert np.allclose(model.means_[0], X.mean(axis=0))


def test_too_few_rows_and_unfit_starts_are_refused_in_one_sentence():
    X = clouds(20)
    with pytest.raises(ValueError, match=r"n_samples=20 should be >= n_components=21"):
        GaussianMixture(21).fit(X)
    with pytest.raises(ValueError, match=r"init has shape \(2, 3\), expected \(3, 3\)"):
        GaussianMixture(3, init=X[:2]).fit(X)
    with pytest.raises(ValueError, match="weights_init must be 2 numbers"):
        GaussianMixture(2, weights_init=[0.7, 0.7]).fit(X)
    with pytest.raises(ValueError, match=r"precisions_init has shape \(2, 3\), expected \(2, 3, 3\)"):
        GaussianMixture(2, precisions_init=np.ones((2, 3))).fit(X)
    for kind in KINDS:
        with pytest.raises(ValueError, match="precisions_init must hold positive definite"):
            GaussianMixture(2, covariance_type=kind, precisions_init=-precisions(kind, 2, 3)).fit(X)
    with pytest.raises(ValueError, match="n_samples must be an integer of at least 1"):
        GaussianMixture(2).fit(X).sample(0)


def test_a_row_beyond_all_densities_is_refused_and_not_answered_with_nonsense():
    model = GaussianMixture(2, random_state=0).fit(clouds(50).astype(np.float32))
    with pytest.raises(ValueError, match="density is zero to the computer"):
        model.predict_proba(np.full((1, 3), 1e30, np.float32))


@pytest.mark.parametrize(
    "convert", [np.asfortranarray, lambda X: X.astype(np.float16), lambda X: np.round(X).astype(int)]
)
def test_any_layout_and_number_is_learned_as_the_same_values(convert):
    X = clouds(100)
    given = convert(X)
    given.flags.writeable = False
    one = GaussianMixture(2, init=X[:2], max_iter=3).fit(given)
    two = GaussianMixture(2, init=X[:2], max_iter=3).fit(np.ascontiguousarray(given, np.float64))
    assert np.array_equal(one.means_, two.means_)


@EVERY_KIND
@BOTH
def test_wide_data_take_the_same_steps_in_small_panels(kind, dtype, small_blocks):
    """So wide that panels are narrow and blocks several: against scikit-learn."""
    X = clouds(260, 37, k=2, apart=0.5).astype(dtype)
    ours, peer = given_start(X, kind, 6, max_iter=2)
    ours.fit(X)
    with pytest.warns(UserWarning, match="did not converge"):
        peer.fit(X.astype(np.float64))
    close = {"rtol": 1e-2, "atol": 1e-3} if dtype == np.float32 else {"rtol": 1e-6, "atol": 1e-8}
    assert np.allclose(ours.means_, peer.means_, **close)
    assert np.allclose(ours.covariances_, peer.covariances_, **close)
