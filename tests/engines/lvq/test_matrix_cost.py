"""The cost of GMLVQ against its definition written out, and its gradient against finite differences."""

from __future__ import annotations

import numpy as np
import pytest

from engines import blocks
from engines.lvq.labels import LabelledRows
from engines.lvq.matrix_cost import MatrixProblem, MatrixSettings, log_det_penalty
from engines.rows import ArrayRows
from engines.training import StopToken

PHI = {
    "identity": lambda x, beta: x,
    "sigmoid": lambda x, beta: 1 / (1 + np.exp(-beta * x)),
    "swish": lambda x, beta: x / (1 + np.exp(-beta * x)),
    "relu": lambda x, beta: np.maximum(0, x),
}


BOTH = ("prototypes", "omega")


def problem(transfer="identity", rank=4, log_det=0.0, margin=0.0, beta=2.0, dtype=np.float64, n_jobs=1, counts=(2, 1)):
    settings = MatrixSettings(
        np.array(counts), "kmeans++", rank, "random", transfer, beta, margin, log_det, n_jobs=n_jobs
    )
    return MatrixProblem(settings, 5, np.dtype(dtype))


def labelled(n=60, seed=0, dtype=np.float64, n_classes=2, offset=0.0):
    rng = np.random.default_rng(seed)
    X = (rng.normal(size=(n, 5)) + offset).astype(dtype)
    weights = rng.uniform(0.1, 2, n)
    codes = np.arange(n) % n_classes
    return LabelledRows(ArrayRows(X), codes, weights, float(weights.mean()))


def by_definition(arrays, scale, data, transfer, beta, margin, log_det, labels):
    omega = arrays["omega"] / np.linalg.norm(arrays["omega"])
    relevance = omega.T @ omega
    W = arrays["prototypes"] * scale
    X = data.rows.read(0, len(data))
    total = 0.0
    for x, code, weight in zip(X, data.codes, data.weights, strict=True):
        d = np.array([(x - w) @ relevance @ (x - w) for w in W])
        d_plus, d_minus = d[labels == code].min(), d[labels != code].min()
        total += weight * PHI[transfer]((d_plus - d_minus) / (d_plus + d_minus) + margin, beta)
    penalty = -log_det / 2 * np.log(np.linalg.det(omega @ omega.T)) if log_det else 0.0
    return total / data.weights.sum() + penalty


@pytest.mark.parametrize("transfer", list(PHI))
@pytest.mark.parametrize(("rank", "log_det"), [(5, 0.0), (5, 0.1), (2, 0.1), (1, 0.0)])
def test_cost_is_the_published_one(transfer, rank, log_det):
    data = labelled()
    one = problem(transfer, rank, log_det, margin=0.2)
    arrays = one.start(data, np.random.default_rng(1), StopToken())
    found = one.evaluate(arrays, data, StopToken(), by=())
    expected = by_definition(arrays, one._scale, data, transfer, 2.0, 0.2, log_det, np.array([0, 0, 1]))
    assert found.cost == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("transfer", list(PHI))
@pytest.mark.parametrize(("rank", "log_det"), [(5, 0.0), (5, 0.1), (2, 0.1), (1, 0.0)])
@pytest.mark.parametrize("name", ["prototypes", "omega"])
def test_gradient_agrees_with_central_differences(transfer, rank, log_det, name):
    data = labelled(n_classes=3)
    one = problem(transfer, rank, log_det, margin=0.2, counts=(2, 1, 2))
    arrays = one.start(data, np.random.default_rng(1), StopToken())
    arrays["omega"] = arrays["omega"] * 1.7  # a norm other than 1, as an optimizer may leave it
    gradient = one.evaluate(arrays, data, StopToken(), by=BOTH).gradient[name]
    expected = np.empty_like(gradient)
    step = 1e-6
    for place in np.ndindex(gradient.shape):
        costs = []
        for sign in (1, -1):
            moved = {key: values.copy() for key, values in arrays.items()}
            moved[name][place] += sign * step
            costs.append(one.evaluate(moved, data, StopToken(), by=()).cost)
        expected[place] = (costs[0] - costs[1]) / (2 * step)
    assert np.linalg.norm(gradient - expected) <= 1e-6 * np.linalg.norm(expected)


def test_gradient_in_float32_agrees_with_float64_far_from_the_origin():
    data32 = labelled(dtype=np.float32, offset=1000.0)
    data64 = LabelledRows(ArrayRows(data32.rows.array.astype(np.float64)), data32.codes, data32.weights, 1.0)
    data32 = LabelledRows(data32.rows, data32.codes, data32.weights, 1.0)
    one, other = problem(dtype=np.float32), problem(dtype=np.float64)
    arrays = one.start(data32, np.random.default_rng(1), StopToken())
    other.start(data64, np.random.default_rng(1), StopToken())
    a = one.evaluate(arrays, data32, StopToken(), by=BOTH)
    b = other.evaluate(arrays, data64, StopToken(), by=BOTH)
    assert a.cost == pytest.approx(b.cost, rel=1e-5)
    for name in arrays:
        np.testing.assert_allclose(a.gradient[name], b.gradient[name], atol=2e-5 * np.abs(b.gradient[name]).max())


def test_cost_does_not_change_when_omega_is_scaled():
    data, one = labelled(), problem(log_det=0.3)
    arrays = one.start(data, np.random.default_rng(1), StopToken())
    scaled = {**arrays, "omega": arrays["omega"] * 3}
    costs = [one.evaluate(a, data, StopToken(), by=()).cost for a in (arrays, scaled)]
    assert costs[0] == pytest.approx(costs[1], rel=1e-13)


def test_log_det_term_is_infinite_where_the_metric_has_lost_rank():
    assert log_det_penalty(np.array([[1.0, 0, 0], [1.0, 0, 0]]) / np.sqrt(2), 0.1, gradient=True)[0] == np.inf


def test_sums_have_the_same_bits_for_any_number_of_threads(monkeypatch):
    monkeypatch.setattr(blocks, "TARGET_WORK", 1)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(5000, 5))
    data = LabelledRows(ArrayRows(X), rng.integers(0, 2, 5000), np.ones(5000), 1.0)
    assert len(blocks.block_bounds(5000, 5, 8)) > 5
    found = []
    for n_jobs in (1, 2, 5):
        one = problem(n_jobs=n_jobs)
        arrays = one.start(data, np.random.default_rng(1), StopToken())
        found.append(one.evaluate(arrays, data, StopToken(), by=BOTH))
    assert len({(f.cost, *(g.tobytes() for g in f.gradient.values())) for f in found}) == 1
