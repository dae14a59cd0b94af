"""Granular LVQ: its distance against sets, its rule against plain Python, and the laws that the abstract states."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lvq_cases import clouds
from sklearn.datasets import load_iris, load_wine

from engines import LVQ1, GranularLVQ
from engines.clustering.competitive import Schedule
from engines.lvq.epochs import Roster, epoch
from engines.lvq.explain import is_explainable
from engines.lvq.gaps import hold
from engines.lvq.granules import GranularWinner, Granulation
from engines.lvq.labels import LabelledRows
from engines.rows import ArrayRows
from engines.training import StopToken

BOTH = pytest.mark.parametrize("dtype", [np.float32, np.float64])
KINDS = pytest.mark.parametrize("relative", [True, False])


def granule(value, column, radius):
    """The reference rows whose value is near."""
    return {j for j, other in enumerate(column) if abs(value - other) <= radius}


def by_sets(x, w, references, radii, relative):
    """The granular distance as it is defined."""
    parts = []
    for a in range(len(x)):
        if np.isnan(x[a]):
            continue
        s, t = granule(x[a], references[:, a], radii[a]), granule(w[a], references[:, a], radii[a])
        size = len(s | t) if relative else np.count_nonzero(~np.isnan(references[:, a]))
        parts.append(len(s ^ t) / size if size else 0.0)
    return np.mean(parts)


@BOTH
@KINDS
@pytest.mark.parametrize("gaps", [0.0, 0.2])
def test_distances_are_those_of_sets_of_reference_rows(relative, dtype, gaps):
    """Quarters, so that many values lie exactly at a radius."""
    rng = np.random.default_rng(0)
    references, X, W = (rng.integers(-8, 9, (n, 5)).astype(dtype) / 4 for n in (40, 30, 7))
    for table in (references, X):
        table[rng.random(table.shape) < gaps] = np.nan
    X[:, 0] = np.where(np.isnan(X).all(axis=1), 1.0, X[:, 0])
    X[0], W[0] = 99.0, -99.0  # near no reference: both granules are empty
    radii = np.array([0.5, 0.25, 0.0, 1.0, 9.0], dtype)
    granulation = Granulation(np.sort(references, axis=0), radii, relative)
    found = granulation.prepare(W, np.zeros(5), np.dtype(dtype)).distances(X)
    expected = [[by_sets(x, w, references, radii, relative) ** 2 for x in X] for w in W]
    np.testing.assert_allclose(found, expected, atol=1e-6 if dtype == np.float32 else 1e-14)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.booleans())
def test_the_distance_is_a_metric_of_granules(seed, relative):
    rng = np.random.default_rng(seed)
    references, points = rng.integers(-5, 6, (20, 3)).astype(float), rng.integers(-6, 7, (3, 3)).astype(float)
    granulation = Granulation(np.sort(references, axis=0), np.array([0.0, 1.0, 2.0]), relative)
    D = np.sqrt(granulation.prepare(points, np.zeros(3), np.dtype(float)).distances(points))
    np.testing.assert_allclose(D, D.T, atol=1e-15)
    assert np.all(np.diagonal(D) == 0)
    assert np.all(D <= 1)
    for i, j, k in np.ndindex(3, 3, 3):
        assert D[i, k] <= D[i, j] + D[j, k] + 1e-12


def by_hand(X, y, W, c, references, radii, relative, rate, cooperation):
    for x, label in zip(X, y, strict=True):
        D = np.array([by_sets(x, w, references, radii, relative) for w in W])
        s = int(np.argmin(D))
        step = rate if c[s] == label else -rate
        others = [k for k in np.argsort(D, kind="stable") if c[k] == c[s] and k != s]
        for r, k in enumerate([s, *others]):
            for a in np.flatnonzero(~np.isnan(x)) if cooperation**r >= 1e-3 else ():
                mine, its = (granule(v, references[:, a], radii[a]) for v in (W[k, a], x[a]))
                if step > 0 or mine & its:
                    W[k, a] += step * cooperation**r * (x[a] - W[k, a])


@KINDS
@pytest.mark.parametrize("cooperation", [0.0, 0.4])
@pytest.mark.parametrize("gaps", [0.0, 0.2])
def test_an_epoch_is_that_of_the_rule_row_by_row(relative, cooperation, gaps):
    X, y = clouds(120)
    X[np.random.default_rng(0).random(X.shape) < gaps] = np.nan
    X[:, 0] = np.where(np.isnan(X).all(axis=1), 1.0, X[:, 0])
    rows = hold(LabelledRows(ArrayRows(X), y.astype(np.int64), np.ones(120), 1.0), StopToken())
    rule = GranularWinner(Schedule("hyperbolic", 0.1, 0.0), 0.5, relative, cooperation, 1000)
    rule = rule.of_rows(rows, np.random.default_rng(0), StopToken())
    roster = Roster(np.arange(3), np.array([3, 2, 4]), ())
    W = np.random.default_rng(1).normal(size=(9, 4))
    expected = W.copy()
    by_hand(X, y, expected, roster.codes, X, rule.taken["radii_"], relative, 0.1, cooperation)
    found, _, moved = epoch(rule, roster, rows, None, W, np.empty(0), 0.0, StopToken())
    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert 0.5 < moved <= 1


def test_a_prototype_that_shares_nothing_with_a_row_is_not_repelled_by_it():
    X, y = np.array([[0.0], [1.0], [20.0]]), np.array([0, 0, 1])
    start = np.array([[90.0], [-90.0]])  # no reference is near either: all distances are the same, and the first wins
    repelled = GranularLVQ(init=start, delta=0.1).partial_fit(X, y, sample_weight=[0, 0, 1])
    assert np.array_equal(repelled.prototypes_, start)
    attracted = GranularLVQ(init=start, delta=0.1).partial_fit(X, y, sample_weight=[1, 0, 0])
    assert attracted.prototypes_[0, 0] < 90.0


def test_radii_are_standard_deviations_and_references_a_sorted_draw_of_rows():
    X, y = clouds(200)
    model = GranularLVQ(delta=0.3, random_state=0).fit(X, y)
    np.testing.assert_allclose(model.radii_, 0.3 * X.std(axis=0))
    assert np.array_equal(model.references_, np.sort(X, axis=0))
    few = GranularLVQ(n_references=50, random_state=0).fit(X, y)
    assert few.references_.shape == (50, 4)
    assert np.all(np.isin(few.references_, X))
    assert np.all(np.diff(few.references_, axis=0) >= 0)


@KINDS
@pytest.mark.parametrize(("data", "least"), [(load_iris, 0.94), (load_wine, 0.96)])
def test_flowers_and_wines_are_told_apart(data, least, relative):
    X, y = data(return_X_y=True)
    model = GranularLVQ(2, distance="relative" if relative else "absolute", random_state=0).fit(X, y)
    assert model.score(X, y) >= least
    assert model.score(X, y) == model.history_["accuracy"][-1]


def test_units_do_not_matter():
    """Where LVQ1 sees one feature only."""
    X, y = load_wine(return_X_y=True)
    units = 10.0 ** np.arange(13)
    assert GranularLVQ(2, random_state=0).fit(X * units, y).score(X * units, y) > 0.95
    assert LVQ1(2, random_state=0).fit(X * units, y).score(X * units, y) < 0.8


def test_neighbours_move_with_the_winner_only_in_its_class():
    X, y = np.array([[0.0], [0.1], [5.0], [5.2]]), np.array([0, 0, 1, 1])
    start = np.array([[0.5], [1.0], [4.0], [6.0]])
    alone, together = (
        GranularLVQ(2, init=start, delta=2.0, cooperation=k, decay=0.0).partial_fit(X, y) for k in (0.0, 0.5)
    )
    assert not np.array_equal(alone.prototypes_, together.prototypes_)
    assert np.all(together.prototypes_[:2] < start[:2])
    assert np.all(np.abs(together.prototypes_[2:] - 5.1) < np.abs(start[2:] - 5.1))


def test_parts_learned_one_after_another_keep_the_granules_of_the_first():
    X, y = clouds(200)
    model = GranularLVQ(2, random_state=0).partial_fit(X[:100], y[:100])
    references = model.references_.copy()
    model.partial_fit(X[100:], y[100:])
    assert np.array_equal(model.references_, references)
    assert np.array_equal(references, np.sort(X[:100], axis=0))


def test_no_metric_over_features_explains_it():
    assert not is_explainable(GranularLVQ)
