"""The cost of the GLVQ kind against its definition written out, and its gradients against finite differences."""

from __future__ import annotations

import numpy as np
import pytest

from engines import blocks
from engines.lvq import relative_cost
from engines.lvq.distance_cost import Start
from engines.lvq.field import Transfer
from engines.lvq.labels import LabelledRows
from engines.lvq.learned import NoMetric, Omegas, Relevances, log_det_penalty
from engines.lvq.relative_cost import RelativeProblem
from engines.rows import ArrayRows
from engines.training import StopToken

PHI = {
    "identity": lambda x, beta: x,
    "sigmoid": lambda x, beta: 1 / (1 + np.exp(-beta * x)),
    "swish": lambda x, beta: x / (1 + np.exp(-beta * x)),
    "relu": lambda x, beta: np.maximum(0, x),
}
METRICS = {
    "none": lambda labels: NoMetric(5),
    "diagonal": lambda labels: Relevances(5, np.array([3.0, 1, 2, 0.5, 1])),
    "full": lambda labels: Omegas(5, 5, "random", 0.0),
    "full with log-det": lambda labels: Omegas(5, 5, "random", 0.1),
    "rank 2 with log-det": lambda labels: Omegas(5, 2, "random", 0.1),
    "rank 1": lambda labels: Omegas(5, 1, "random", 0.0),
    "a matrix a class": lambda labels: Omegas(5, 3, "random", 0.1, labels),
    "a matrix a prototype": lambda labels: Omegas(5, 5, "random", 0.0, np.arange(len(labels))),
}
EACH_METRIC = pytest.mark.parametrize("metric", list(METRICS))


def problem(metric="full", transfer="identity", margin=0.0, counts=(2, 1), dtype=np.float64, n_jobs=1):
    learned = METRICS[metric](np.repeat(np.arange(len(counts)), counts))
    how = Transfer(transfer, 2.0, margin)
    start = Start(np.array(counts), "kmeans++")
    return RelativeProblem(start, learned, how, 5, np.dtype(dtype), n_jobs=n_jobs, allow_nan=True)


def labelled(n=60, seed=0, dtype=np.float64, n_classes=2, offset=0.0, missing=0.0):
    rng = np.random.default_rng(seed)
    X = (rng.normal(size=(n, 5)) + offset).astype(dtype)
    lost = rng.random((n, 5)) < missing
    lost[:, 0] &= lost[:, 1:].sum(axis=1) < 4  # no row loses all
    X[lost] = np.nan
    weights = rng.uniform(0.1, 2, n)
    codes = np.arange(n) % n_classes
    return LabelledRows(ArrayRows(X), codes, weights, float(weights.mean()))


def started(one, data):
    """Arrays at the start, the metric's of a norm other than 1, as an optimizer may leave it."""
    arrays = one.start(data, np.random.default_rng(1), StopToken())
    return {name: values * (1 if name == "prototypes" else 1.7) for name, values in arrays.items()}


def evaluate(one, arrays, data, by=()):
    return one.evaluate(arrays, data, StopToken(), by=by)


def by_definition(one, arrays, data, transfer, margin, labels):
    """The cost, row by row, from the metric's Λ and the prototypes; of a missing value the difference is 0."""
    metric = one.learned.metric(arrays)
    W = arrays["prototypes"] * one._scale
    X = data.rows.read(0, len(data))
    total = 0.0
    for x, code, weight in zip(X, data.codes, data.weights, strict=True):
        e = np.where(np.isnan(x), 0, x - W)
        d = np.array([e[j] @ metric.matrix(j) @ e[j] for j in range(len(W))]) * 5 / np.sum(~np.isnan(x))
        d_plus, d_minus = d[labels == code].min(), d[labels != code].min()
        total += weight * PHI[transfer]((d_plus - d_minus) / (d_plus + d_minus) + margin, 2.0)
    return total / data.weights.sum() + one.learned.penalty(arrays)[0]


@pytest.mark.parametrize("missing", [0.0, 0.3])
@pytest.mark.parametrize("transfer", list(PHI))
@EACH_METRIC
def test_cost_is_the_published_one(metric, transfer, missing):
    data, one = labelled(missing=missing), problem(metric, transfer, margin=0.2)
    arrays = started(one, data)
    expected = by_definition(one, arrays, data, transfer, 0.2, np.array([0, 0, 1]))
    assert evaluate(one, arrays, data).cost == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("transfer", "missing"), [("identity", 0.3), ("sigmoid", 0.0), ("swish", 0.0), ("relu", 0.3)])
@EACH_METRIC
def test_gradient_by_every_array_agrees_with_central_differences(metric, transfer, missing):
    data = labelled(n_classes=3, missing=missing)
    one = problem(metric, transfer, margin=0.2, counts=(2, 1, 2))
    arrays = started(one, data)
    gradient = evaluate(one, arrays, data, tuple(arrays)).gradient
    assert gradient.keys() == arrays.keys()
    step = 1e-6
    for name, found in gradient.items():
        expected = np.empty_like(found)
        for place in np.ndindex(found.shape):
            costs = []
            for sign in (1, -1):
                moved = {key: values.copy() for key, values in arrays.items()}
                moved[name][place] += sign * step
                costs.append(evaluate(one, moved, data).cost)
            expected[place] = (costs[0] - costs[1]) / (2 * step)
        assert np.linalg.norm(found - expected) <= 1e-6 * np.linalg.norm(expected)


@EACH_METRIC
def test_gradient_in_float32_agrees_with_float64_far_from_the_origin(metric):
    data32 = labelled(dtype=np.float32, offset=1000.0, missing=0.05)
    data64 = LabelledRows(ArrayRows(data32.rows.array.astype(np.float64)), data32.codes, data32.weights, 1.0)
    data32 = LabelledRows(data32.rows, data32.codes, data32.weights, 1.0)
    one, other = problem(metric, dtype=np.float32), problem(metric)
    arrays = started(one, data32)
    started(other, data64)
    a, b = evaluate(one, arrays, data32, tuple(arrays)), evaluate(other, arrays, data64, tuple(arrays))
    assert a.cost == pytest.approx(b.cost, rel=1e-5)
    for name in arrays:
        np.testing.assert_allclose(a.gradient[name], b.gradient[name], atol=2e-5 * np.abs(b.gradient[name]).max())


@EACH_METRIC
def test_moving_all_rows_and_prototypes_alike_changes_no_cost(metric):
    data, moved = labelled(), labelled(offset=32.0)
    one, other = problem(metric), problem(metric)
    arrays = started(one, data)
    there = started(other, moved)
    there["prototypes"] = arrays["prototypes"] * (one._scale / other._scale) + 32.0 / other._scale
    assert evaluate(other, there, moved).cost == pytest.approx(evaluate(one, arrays, data).cost, rel=1e-12)


def test_cost_does_not_change_when_the_metrics_arrays_are_scaled():
    for metric in ("diagonal", "full with log-det", "a matrix a class"):
        data, one = labelled(), problem(metric)
        arrays = started(one, data)
        scaled = {name: values * (1 if name == "prototypes" else 3) for name, values in arrays.items()}
        assert evaluate(one, scaled, data).cost == pytest.approx(evaluate(one, arrays, data).cost, rel=1e-13)


def test_relevances_cost_what_a_diagonal_omega_costs_and_equal_matrices_what_one_does():
    data, counts = labelled(n_classes=3), (2, 1, 2)
    relevances, full = problem("diagonal", counts=counts), problem("full with log-det", counts=counts)
    arrays = started(full, data)
    roots = started(relevances, data)["roots"]
    diagonal = evaluate(relevances, {"prototypes": arrays["prototypes"], "roots": roots}, data).cost
    plain = problem("full", counts=counts)
    started(plain, data)
    as_matrix = evaluate(plain, {**arrays, "omega": np.diag(roots)}, data).cost
    assert diagonal == pytest.approx(as_matrix, rel=1e-12)
    labels = np.repeat(np.arange(3), counts)
    several = RelativeProblem(
        Start(np.array(counts), "kmeans++"), Omegas(5, 5, "random", 0.1, labels), Transfer("identity", 2.0, 0.0),
        5, np.dtype(np.float64), n_jobs=1,
    )  # fmt: skip
    started(several, data)
    alike = {**arrays, "omega": np.repeat(arrays["omega"][None], 3, axis=0)}
    assert evaluate(several, alike, data).cost == pytest.approx(evaluate(full, arrays, data).cost, rel=1e-12)


def test_log_det_term_is_infinite_where_the_metric_has_lost_rank():
    assert log_det_penalty(np.array([[1.0, 0, 0], [1.0, 0, 0]]) / np.sqrt(2), 0.1)[0] == np.inf


@pytest.mark.parametrize("missing", [0.0, 0.1])
@pytest.mark.parametrize("metric", ["none", "diagonal", "full", "a matrix a class"])
def test_sums_have_the_same_bits_for_any_number_of_threads(metric, missing, monkeypatch):
    monkeypatch.setattr(blocks, "TARGET_WORK", 1)
    data = labelled(5000, missing=missing)
    assert len(blocks.block_bounds(5000, 5, 8, min_rows=256)) > 5
    found = []
    for n_jobs in (1, 2, 5):
        one = problem(metric, n_jobs=n_jobs)
        arrays = started(one, data)
        found.append(evaluate(one, arrays, data, tuple(arrays)))
    assert len({(f.cost, *(g.tobytes() for g in f.gradient.values())) for f in found}) == 1


def test_a_row_without_any_value_is_refused():
    data = labelled()
    data.rows.array[7] = np.nan
    one = problem()
    with pytest.raises(ValueError, match="without any value"):
        evaluate(one, started(one, data), data)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("n_features", "counts"), [(3, (1, 1)), (7, (5, 4, 20)), (70, (1, 2, 9)), (150, (40, 3, 30))])
@pytest.mark.parametrize("kind", ["none", "diagonal", "full", "low rank", "local"])
def test_the_pass_over_complete_rows_gives_the_sums_of_all_distances(kind, n_features, counts, dtype, monkeypatch):
    labels = np.repeat(np.arange(len(counts)), counts)
    learned = {
        "none": NoMetric(n_features),
        "diagonal": Relevances(n_features, np.arange(n_features) + 1.0),
        "full": Omegas(n_features, n_features, "random", 0.0),
        "low rank": Omegas(n_features, 2, "random", 0.0),
        "local": Omegas(n_features, max(2, n_features // 3), "random", 0.0, labels),
    }[kind]
    rng = np.random.default_rng(0)
    codes = rng.integers(0, len(counts), 1100)
    X = (rng.normal(size=(1100, n_features)) + 0.3 * codes[:, None]).astype(dtype)
    data = LabelledRows(ArrayRows(X), codes, rng.uniform(0.5, 2, 1100), 1.0)
    one = RelativeProblem(
        Start(np.array(counts), "random"), learned, Transfer("sigmoid", 2.0, 0.1), n_features, np.dtype(dtype), n_jobs=1
    )
    arrays = started(one, data)
    arrays["prototypes"] += 0.3 * rng.normal(size=arrays["prototypes"].shape)
    fast = evaluate(one, arrays, data, tuple(arrays))
    monkeypatch.setattr(relative_cost, "LAYOUTS", None)
    slow = evaluate(one, arrays, data, tuple(arrays))
    exact = 1e-12 if dtype == np.float64 else 2e-5
    assert fast.cost == pytest.approx(slow.cost, rel=exact)
    assert fast.accuracy == pytest.approx(slow.accuracy, abs=2e-3)
    for name, expected in slow.gradient.items():
        assert np.linalg.norm(fast.gradient[name] - expected) <= 20 * exact * np.linalg.norm(expected)
