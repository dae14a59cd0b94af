"""The cost of RSLVQ against its definition written out, and its gradient against finite differences."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import logsumexp

from engines import blocks
from engines.lvq.distance_cost import Start
from engines.lvq.labels import LabelledRows
from engines.lvq.learned import NoMetric, Omegas, log_det_penalty
from engines.lvq.likelihood_cost import LikelihoodProblem, Width
from engines.lvq.likelihood_kernels import LANES, N_LANES, likelihood_ratios
from engines.rows import ArrayRows
from engines.training import StopToken

COUNTS = (2, 1, 3)
LABELS = np.repeat([0, 1, 2], COUNTS)


def problem(metric="none", variance=0.8, learn=True, log_det=0.1, dtype=np.float64, n_jobs=1):
    learned = NoMetric(5) if metric == "none" else Omegas(5, {"full": 5, "rank 2": 2}[metric], "random", log_det)
    start = Start(np.array(COUNTS), "kmeans++")
    return LikelihoodProblem(start, learned, Width(variance, learn), 5, np.dtype(dtype), n_jobs=n_jobs, allow_nan=True)


def labelled(n=60, seed=0, dtype=np.float64, offset=0.0, missing=False):
    rng = np.random.default_rng(seed)
    X = (rng.normal(size=(n, 5)) + offset).astype(dtype)
    if missing:
        X[rng.uniform(size=X.shape) < 0.2] = np.nan
        X[:, 0] = np.where(np.isnan(X).all(axis=1), 0.5, X[:, 0])
    weights = rng.uniform(0.1, 2, n)
    return LabelledRows(ArrayRows(X), np.arange(n) % 3, weights, float(weights.mean()))


def moved(arrays):
    """Away from a point where the metric's norm and the width's logarithm are special."""
    changes = {"omega": lambda A: A * 1.7, "log_variance": lambda a: a + 0.3}
    return {name: changes.get(name, np.copy)(values) for name, values in arrays.items()}


def by_definition(arrays, one, data, variance, log_det=0.1):
    omega = np.eye(5)
    if "omega" in arrays:
        omega = arrays["omega"] / np.linalg.norm(arrays["omega"])
    variance = variance * np.exp(arrays.get("log_variance", [0.0])[0])
    total = 0.0
    for x, code, weight in zip(data.rows.read(0, len(data)), data.codes, data.weights, strict=True):
        seen = ~np.isnan(x)
        e = np.where(seen, x - arrays["prototypes"] * one._scale, 0)
        d = np.sum((e @ omega.T) ** 2, axis=1) * 5 / seen.sum()
        density = np.exp(-d / (2 * variance)) / (2 * np.pi * variance) ** 2.5 / len(LABELS)
        total -= weight * np.log(density[code == LABELS].sum() / density.sum())
    penalty = log_det_penalty(omega, log_det)[0] if "omega" in arrays else 0.0
    return total / data.weights.sum() + penalty


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("metric", ["none", "full", "rank 2"])
@pytest.mark.parametrize("variance", [0.05, 0.8, 30.0])
def test_cost_is_the_log_likelihood_ratio_of_the_mixture(metric, variance, missing):
    data, one = labelled(missing=missing), problem(metric, variance)
    arrays = moved(one.start(data, np.random.default_rng(1), StopToken()))
    found = one.evaluate(arrays, data, StopToken(), by=())
    assert found.cost == pytest.approx(by_definition(arrays, one, data, variance), rel=1e-12)


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("metric", ["none", "full", "rank 2"])
@pytest.mark.parametrize("variance", [0.05, 0.8])
def test_gradient_agrees_with_central_differences(metric, variance, missing):
    data, one = labelled(missing=missing), problem(metric, variance)
    arrays = moved(one.start(data, np.random.default_rng(1), StopToken()))
    gradient = one.evaluate(arrays, data, StopToken(), by=arrays.keys()).gradient
    assert gradient.keys() == arrays.keys()
    step = 1e-6
    for name, found in gradient.items():
        expected = np.empty_like(found)
        for place in np.ndindex(found.shape):
            costs = []
            for sign in (1, -1):
                beside = {key: values.copy() for key, values in arrays.items()}
                beside[name][place] += sign * step
                costs.append(one.evaluate(beside, data, StopToken(), by=()).cost)
            expected[place] = (costs[0] - costs[1]) / (2 * step)
        assert np.linalg.norm(found - expected) <= 1e-6 * np.linalg.norm(expected), name


def ratios(D, codes, weights, half):
    D = D.copy()
    scratch = (np.empty((len(D), LANES)), np.empty((3, LANES)), np.empty((N_LANES, LANES)))
    return *likelihood_ratios(D, LABELS, codes, weights, half, *scratch), D


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [1e-9, 1.0, 1e3, 1e6, 1e12])
def test_ratios_and_shares_are_right_however_far_a_row_lies_from_its_class(size, dtype):
    rng = np.random.default_rng(3)
    n = 333  # more than two runs of lanes, and a rest
    D = (rng.uniform(0, 1, (6, n)) * rng.uniform(0, size, n)).astype(dtype)
    codes, weights = rng.integers(0, 3, n), rng.uniform(0.1, 2, n)
    cost, n_right, slope, C = ratios(D, codes, weights, 0.7)
    logs, own = -0.7 * D.astype(np.float64), LABELS[:, None] == codes
    mine = logsumexp(np.where(own, logs, -np.inf), axis=0)
    shares = np.where(own, np.exp(np.where(own, logs, -np.inf) - mine), 0) - np.exp(logs - logsumexp(logs, axis=0))
    assert cost == pytest.approx(np.sum(weights * (logsumexp(logs, axis=0) - mine)), rel=1e-12)
    assert n_right == np.sum(LABELS[D.argmin(axis=0)] == codes)
    np.testing.assert_allclose(C, weights * shares, atol=1e-6 if dtype is np.float32 else 1e-12)
    assert slope == pytest.approx(np.sum(weights * shares * D), rel=1e-9)


def test_a_row_amid_its_class_costs_what_little_it_costs():
    D = np.array([[0.0], [0.1], [60.0], [70.0], [71.0], [72.0]])
    cost = ratios(D, np.array([0]), np.ones(1), 0.5)[0]
    assert cost == pytest.approx(sum(np.exp(-d / 2) for d in (60, 70, 71, 72)) / (1 + np.exp(-0.05)), rel=1e-12)


def test_of_equally_near_components_the_first_counts():
    D = np.ones((6, 3))
    assert ratios(D, np.arange(3), np.ones(3), 0.5)[1] == 1
    D[:2] = 2
    assert ratios(D, np.array([0, 1, 2]), np.ones(3), 0.5)[1] == 1
    assert ratios(D, np.array([1, 1, 2]), np.ones(3), 0.5)[1] == 2


def test_a_narrow_mixture_moves_only_the_nearest_right_and_the_nearest_wrong_prototype_of_rows_in_error():
    rng = np.random.default_rng(0)
    D, codes = rng.permuted(np.tile(np.arange(1.0, 7)[:, None], 50), axis=0), rng.integers(0, 3, 50)
    C = ratios(D, codes, np.ones(50), 100.0)[3]
    own = codes == LABELS[:, None]
    plus, minus = np.where(own, D, np.inf).argmin(axis=0), np.where(own, np.inf, D).argmin(axis=0)
    wrong = D.min(axis=0) < D[plus, np.arange(50)]
    expected = np.zeros_like(D)
    expected[plus, np.arange(50)], expected[minus, np.arange(50)] = wrong, -wrong.astype(float)
    np.testing.assert_allclose(C, expected, atol=1e-40)
    assert 0 < wrong.sum() < 50


def test_gradient_in_float32_agrees_with_float64_far_from_the_origin():
    data32 = labelled(dtype=np.float32, offset=1000.0)
    data64 = LabelledRows(ArrayRows(data32.rows.array.astype(np.float64)), data32.codes, data32.weights, 1.0)
    data32 = LabelledRows(data32.rows, data32.codes, data32.weights, 1.0)
    one, other = problem("full", dtype=np.float32), problem("full")
    arrays = one.start(data32, np.random.default_rng(1), StopToken())
    other.start(data64, np.random.default_rng(1), StopToken())
    a = one.evaluate(arrays, data32, StopToken(), by=arrays.keys())
    b = other.evaluate(arrays, data64, StopToken(), by=arrays.keys())
    assert a.cost == pytest.approx(b.cost, rel=1e-5)
    for name in arrays:
        np.testing.assert_allclose(a.gradient[name], b.gradient[name], atol=3e-5 * np.abs(b.gradient[name]).max())


def test_auto_width_is_the_mean_square_of_a_feature_within_the_cells_of_a_class():
    data = labelled()
    for metric in ("none", "full"):
        one = problem(metric, "auto", learn=False)
        arrays = one.start(data, np.random.default_rng(1), StopToken())
        omega = np.eye(5) if metric == "none" else arrays["omega"] / np.linalg.norm(arrays["omega"])
        differences = data.rows.array[:, None] - arrays["prototypes"] * one._scale
        d = np.sum((differences @ omega.T) ** 2, axis=2)
        nearest = np.where(data.codes[:, None] == LABELS, d, np.inf).min(axis=1)
        expected = np.average(nearest, weights=data.weights) / np.sum(omega**2)
        assert one.model(arrays)["variance_"] == pytest.approx(expected, rel=1e-12)


def test_sums_have_the_same_bits_for_any_number_of_threads(monkeypatch):
    monkeypatch.setattr(blocks, "TARGET_WORK", 1)
    data = labelled(5000)
    assert len(blocks.block_bounds(5000, 5, 8)) > 5
    found = []
    for n_jobs in (1, 2, 5):
        one = problem("full", "auto", n_jobs=n_jobs)
        arrays = one.start(data, np.random.default_rng(1), StopToken())
        found.append(one.evaluate(arrays, data, StopToken(), by=arrays.keys()))
    assert len({(f.cost, *(g.tobytes() for g in f.gradient.values())) for f in found}) == 1
