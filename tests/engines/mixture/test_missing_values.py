"""Mixtures of rows with missing values, against EM written densely, row by row."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from engines import GaussianMixture, blocks

KINDS = ("full", "tied", "diag", "spherical")
EVERY_KIND = pytest.mark.parametrize("kind", KINDS)
K, D = 3, 4


def rows(n=150, share=0.25, seed=0):
    """Rows (n, D) of three clouds, a share of the values missing at random; the last row lacks everything."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, D)) @ rng.normal(size=(D, D)) + rng.integers(0, K, (n, 1)) * [3.0, 0.0, -2.0, 1.0]
    X[rng.random(X.shape) < share] = np.nan
    X[-1] = np.nan
    return X


def start(X, kind):
    means = np.nan_to_num(X[:K]) + np.arange(K)[:, None]
    shape = {"full": np.tile(np.eye(D), (K, 1, 1)), "tied": np.eye(D), "diag": np.ones((K, D)), "spherical": np.ones(K)}
    return means, np.full(K, 1 / K), shape[kind]


def dense_em(X, weights, kind, n_iter):
    """EM with conditional means and covariances, one row and one component at a time; likelihood before each step."""
    means, shares, _ = start(X, kind)
    covariances = np.tile(np.eye(D), (K, 1, 1))
    likelihoods = []
    for _ in range(n_iter + 1):
        logs = np.zeros((len(X), K))
        filled, extra = np.zeros((len(X), K, D)), np.zeros((len(X), K, D, D))
        for i, x in enumerate(X):
            o, m = np.flatnonzero(~np.isnan(x)), np.flatnonzero(np.isnan(x))
            for k in range(K):
                S = covariances[k]
                logs[i, k] = np.log(shares[k])
                gain = np.zeros((len(m), len(o)))
                if len(o):
                    logs[i, k] += multivariate_normal(means[k, o], S[np.ix_(o, o)]).logpdf(x[o])
                    gain = S[np.ix_(m, o)] @ np.linalg.inv(S[np.ix_(o, o)])
                filled[i, k, o] = x[o]
                filled[i, k, m] = means[k, m] + gain @ (x[o] - means[k, o])
                extra[i, k][np.ix_(m, m)] = S[np.ix_(m, m)] - gain @ S[np.ix_(o, m)]
        density = logsumexp(logs, axis=1)
        likelihoods.append(weights @ density / weights.sum())
        if len(likelihoods) > n_iter:
            return means, covariances, shares, likelihoods
        r = np.exp(logs - density[:, None]) * weights[:, None]
        counts = r.sum(axis=0)
        shares = counts / counts.sum()
        means = np.einsum("nk,nkd->kd", r, filled) / counts[:, None]
        gap = filled - means
        scatter = np.einsum("nk,nki,nkj->kij", r, gap, gap) + np.einsum("nk,nkij->kij", r, extra)
        if kind == "tied":
            covariances = np.tile(scatter.sum(axis=0) / counts.sum(), (K, 1, 1))
        else:
            covariances = scatter / counts[:, None, None]
        if kind in ("diag", "spherical"):
            variances = np.stack([np.diag(c) for c in covariances])
            variances = variances if kind == "diag" else np.tile(variances.mean(axis=1)[:, None], D)
            covariances = np.stack([np.diag(v) for v in variances])
    raise AssertionError


def model(X, kind, **parameters):
    means, shares, precisions = start(X, kind)
    return GaussianMixture(
        K, covariance_type=kind, init=means, weights_init=shares, precisions_init=precisions, reg_covar=0, **parameters
    )


def dense(fitted, kind):
    c = fitted.covariances_
    return {
        "full": lambda: c,
        "tied": lambda: np.tile(c, (K, 1, 1)),
        "diag": lambda: np.stack([np.diag(v) for v in c]),
        "spherical": lambda: np.stack([np.eye(D) * v for v in c]),
    }[kind]()


@EVERY_KIND
@pytest.mark.parametrize("weighted", [False, True])
def test_em_takes_the_steps_of_the_dense_one(kind, weighted):
    X = rows()
    weights = np.random.default_rng(1).random(len(X)) + 0.5 if weighted else np.ones(len(X))
    means, covariances, shares, likelihoods = dense_em(X, weights, kind, 4)
    fitted = model(X, kind, tol=0, max_iter=4).fit(X, sample_weight=weights)
    assert np.allclose(fitted.means_, means, rtol=1e-8, atol=1e-9)
    assert np.allclose(dense(fitted, kind), covariances, rtol=1e-8, atol=1e-8)
    assert np.allclose(fitted.weights_, shares)
    assert np.allclose(fitted.history_["log_likelihood_per_row"], likelihoods, rtol=1e-9)


@EVERY_KIND
def test_the_likelihood_of_what_is_observed_never_falls(kind):
    X = rows(300, 0.25, seed=3)
    fitted = model(X, kind, tol=0, max_iter=60).fit(X)
    gains = np.diff(fitted.history_["log_likelihood_per_row"])
    assert len(gains) == 60  # a step that would lower it is not taken and ends the run
    assert np.all(gains > 0)
    assert fitted.score(X) == pytest.approx(fitted.lower_bound_, rel=1e-10)


@EVERY_KIND
def test_one_gap_in_a_thousand_rows_hardly_matters_and_none_not_at_all(kind):
    X = rows(1000, share=0.0)[:-1]
    whole = model(X, kind, max_iter=5, tol=0).fit(X)
    gap = X.copy()
    gap[17, 2] = np.nan
    near = model(X, kind, max_iter=5, tol=0).fit(gap)
    assert not np.array_equal(whole.means_, near.means_)
    assert np.allclose(whole.means_, near.means_, atol=0.05)
    assert np.allclose(whole.covariances_, near.covariances_, atol=0.3)


@EVERY_KIND
def test_answers_go_by_what_is_observed(kind):
    X = rows()
    fitted = GaussianMixture(K, covariance_type=kind, random_state=0).fit(X)
    covariances = dense(fitted, kind)
    shares, distances, density = fitted.predict_proba(X), fitted.transform(X), fitted.score_samples(X)
    for i in (0, 1, 2, 3, len(X) - 1):
        o = np.flatnonzero(~np.isnan(X[i]))
        logs = np.log(fitted.weights_)
        for k in range(K):
            if len(o):
                own = multivariate_normal(fitted.means_[k, o], covariances[k][np.ix_(o, o)])
                logs[k] += own.logpdf(X[i, o])
            gap = X[i, o] - fitted.means_[k, o]
            squared = gap @ np.linalg.inv(covariances[k][np.ix_(o, o)]) @ gap if len(o) else 0.0
            assert distances[i, k] == pytest.approx(np.sqrt(squared))
        assert density[i] == pytest.approx(logsumexp(logs))
        assert np.allclose(shares[i], np.exp(logs - logsumexp(logs)))
    assert np.allclose(shares[-1], fitted.weights_)
    squared = np.nansum((X - fitted.quantize(X)) ** 2, axis=1)
    assert fitted.quantization_error(X) == pytest.approx(squared.mean())
    assert fitted.history_["error_per_row"][-1] == pytest.approx(squared.mean())


def test_what_is_missing_is_recovered_better_than_by_column_means():
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(2000, 1)) * [1.0, 2.0, -1.0] + rng.normal(size=(2000, 3)) * 0.1
    X = truth.copy()
    X[rng.random(X.shape) < 0.3] = np.nan
    fitted = GaussianMixture(1, tol=1e-8, max_iter=500).fit(X)
    assert np.allclose(fitted.covariances_[0], np.cov(truth.T), rtol=0.1)
    naive = np.cov(np.where(np.isnan(X), np.nanmean(X, axis=0), X).T)
    assert np.abs(naive - np.cov(truth.T)).max() > 0.2 * np.abs(np.cov(truth.T)).max()


@EVERY_KIND
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("init", ["k-means", "k-means++", "random", "pca"])
def test_bits_do_not_depend_on_threads_and_a_state_goes_on_with_values_missing(kind, dtype, init, monkeypatch):
    monkeypatch.setattr(blocks, "MIN_ROWS", 64)
    monkeypatch.setattr(blocks, "TARGET_WORK", 1)
    X = rows(400).astype(dtype)
    parameters = {"covariance_type": kind, "init": init, "max_iter": 4, "tol": 0, "random_state": 0}
    one = GaussianMixture(K, n_jobs=1, **parameters).fit(X)
    other = GaussianMixture(K, n_jobs=3, **parameters)
    training = other.train(X)
    next(training), next(training)
    resumed = GaussianMixture(K, n_jobs=2, **parameters)
    list(resumed.train(X, resume=training.state()))
    list(training)
    for name in ("means_", "covariances_", "weights_", "counts_", "lower_bound_"):
        assert np.array_equal(getattr(one, name), getattr(other, name))
        assert np.array_equal(getattr(one, name), getattr(resumed, name))
    assert np.array_equal(one.predict_proba(X), other.predict_proba(X))


def test_a_column_without_any_value_and_infinities_are_refused():
    X = rows()
    X[:, 2] = np.nan
    with pytest.raises(ValueError, match="Column 2 of X contains NaN only"):
        GaussianMixture(2).fit(X)
    X = rows()
    X[5, 1] = np.inf
    with pytest.raises(ValueError, match="contains infinity"):
        GaussianMixture(2).fit(X)
