"""The nearest-prototype search against brute force: every label is that of the exact distance."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.kernels import nearest
from engines.kernels.exact import distances, frozen, nearest_rows
from engines.kernels.nearest import Candidates, Codebook, frame_for, place
from engines.kernels.panels import panels_of
from engines.kernels.tiles import LAYOUTS, layouts

BOTH = pytest.mark.parametrize("dtype", [np.float32, np.float64])
SHAPES = [
    (1, 1, 1),
    (3, 1, 2),
    (15, 2, 3),
    (16, 3, 6),
    (17, 5, 7),
    (63, 4, 13),
    (65, 33, 12),
    (130, 100, 5),
    (300, 7, 64),
    (210, 300, 300),  # more than a cache holds of the prototypes
]
FRAMES = {
    "normal": lambda rng, n, d: rng.normal(size=(n, d)),
    "grid": lambda rng, n, d: rng.integers(0, 3, (n, d)),
    "far": lambda rng, n, d: 1e6 + rng.integers(0, 5, (n, d)),
    "outlier": lambda rng, n, d: rng.normal(size=(n, d)) * np.where(np.arange(n) == 0, 1e6, 1)[:, None],
    "huge": lambda rng, n, d: rng.normal(size=(n, d)) * 1e18,
    "tiny": lambda rng, n, d: rng.normal(size=(n, d)) * 1e-18,
    "constant": lambda rng, n, d: np.full((n, d), 0.3),
}


def brute(X, W):
    """Labels and distances, by definition: rounded to the precision of X, the lowest index of equal ones."""
    squared = ((X.astype(np.float64)[:, None] - W.astype(np.float64)[None]) ** 2).sum(axis=2)
    rounded = np.sqrt(squared).astype(X.dtype)
    return rounded.argmin(axis=1), rounded


def labelled(X, W, frame=None, placed=None):
    labels = np.full(len(X), -1, np.int32)
    Codebook(W, frame).label(X, labels, placed)
    return labels


@BOTH
@pytest.mark.parametrize("kind", FRAMES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_labels_are_those_of_brute_force(shape, kind, dtype):
    n, d, n_prototypes = shape
    rng = np.random.default_rng(n + d)
    X = FRAMES[kind](rng, n, d).astype(dtype)
    for W in (X[rng.integers(0, n, n_prototypes)], FRAMES[kind](rng, n_prototypes, d).astype(dtype)):
        _, true = brute(X, W)
        labels = labelled(X, W)
        found = np.empty((n, n_prototypes), dtype)
        distances(frozen(X), frozen(W), found)
        plain = np.empty(n, np.int32)
        nearest_rows(frozen(X), frozen(W), plain)
        assert np.array_equal(labels, found.argmin(axis=1))
        assert np.array_equal(labels, plain)
        assert np.allclose(found, true, rtol=4 * np.finfo(dtype).eps)
        assert np.allclose(true[np.arange(n), labels], true.min(axis=1), rtol=4 * np.finfo(dtype).eps)


@BOTH
@pytest.mark.parametrize("kind", FRAMES)
@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 1, 2), (63, 2, 4), (64, 16, 5), (333, 7, 16), (1000, 3, 64)], ids=str)
def test_rows_laid_out_as_lanes_get_the_same_labels(shape, kind, dtype):
    n, d, n_prototypes = shape
    rng = np.random.default_rng(n + d)
    X = FRAMES[kind](rng, n, d).astype(dtype)
    panels = panels_of(X.dtype, n_prototypes, d)
    if panels is None:
        pytest.skip("this processor has the plain search only")
    frame = frame_for(X.mean(axis=0, dtype=float), float(X.var(axis=0, dtype=float).sum()), X.dtype)
    placed = place(X, frame, panels=panels)
    for W in (X[rng.integers(0, n, n_prototypes)], FRAMES[kind](rng, n_prototypes, d).astype(dtype)):
        assert np.array_equal(labelled(X, W, frame, placed), labelled(X, W))
        middle = n // 128 * 64
        parts = [labelled(X[a:b], W, frame, placed.part(a, b)) for a, b in ((0, middle), (middle, n))]
        assert np.array_equal(np.concatenate(parts), labelled(X, W))


@BOTH
def test_labels_do_not_depend_on_where_the_origin_is_put(dtype):
    rng = np.random.default_rng(3)
    X = rng.integers(0, 4, (200, 6)).astype(dtype)
    W = X[:20] + dtype(0.5)
    expected = labelled(X, W)
    for offset, variance in ((0.0, 1.0), (1e4, 1.0), (-37.0, 1e-12), (2.0, 1e12)):
        frame = frame_for(np.full(6, offset), variance, np.dtype(dtype))
        assert np.array_equal(labelled(X, W, frame, place(X, frame)), expected)


@BOTH
@pytest.mark.parametrize("far", [0.0, 100.0])
def test_placed_rows_can_be_searched_in_parts(dtype, far):
    rng = np.random.default_rng(4)
    X, W = (far + rng.normal(size=(n, 9)).astype(dtype) for n in (333, 11))
    frame = frame_for(X.mean(axis=0), 9.0, X.dtype)
    assert frame.moved == bool(far)
    placed = place(X, frame)
    parts = [labelled(X[a : a + 100], W, frame, placed.part(a, a + 100)) for a in range(0, 333, 100)]
    assert np.array_equal(np.concatenate(parts), labelled(X, W))


@BOTH
def test_the_plain_search_gives_the_same_labels(dtype, monkeypatch):
    rng = np.random.default_rng(5)
    X, W = rng.integers(0, 5, (500, 8)).astype(dtype), rng.integers(0, 5, (30, 8)).astype(dtype)
    expected = labelled(X, W)
    monkeypatch.setattr(nearest, "layout_of", lambda dtype, n_prototypes: None)
    assert np.array_equal(labelled(X, W), expected)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 80),
    st.integers(1, 12),
    st.integers(1, 20),
    st.booleans(),
    st.floats(-1e4, 1e4),
    st.integers(0, 9999),
)
def test_ties_go_to_the_lower_index_whatever_the_shape(n, d, n_prototypes, single, offset, seed):
    rng = np.random.default_rng(seed)
    X = (rng.integers(-2, 3, (n, d)) + offset).astype(np.float32 if single else np.float64)
    W = X[rng.integers(0, n, n_prototypes)]
    found = np.empty((n, n_prototypes), X.dtype)
    distances(frozen(X), frozen(W), found)
    assert np.array_equal(labelled(X, W), found.argmin(axis=1))


@BOTH
@pytest.mark.parametrize("kind", ["normal", "grid", "far", "outlier", "tiny"])
def test_candidate_costs_are_squared_distances_and_never_more_than_before(kind, dtype):
    rng = np.random.default_rng(6)
    X = FRAMES[kind](rng, 150, 20).astype(dtype)
    points = X[:9]
    frame = frame_for(X.mean(axis=0, dtype=float), float(X.var(axis=0, dtype=float).sum()), X.dtype)
    squared = ((X.astype(float)[None] - points.astype(float)[:, None]) ** 2).sum(axis=2)
    for moved in (frame.moved, True):
        seen_from = replace(frame, moved=moved)
        placed = place(X, seen_from)
        costs = Candidates(points, seen_from).costs(X, placed, np.full(150, np.inf))
        assert np.allclose(costs, squared, rtol=0.01)
        assert np.all(costs[np.arange(9), np.arange(9)] == 0)
        before = np.median(squared, axis=0)
        assert np.all(Candidates(points, seen_from).costs(X, placed, before) <= before)


def test_every_layout_fits_the_registers():
    for features, registers in (({"avx512f": True, "fma": True}, 32), ({"fma": True}, 16), ({"neon": True}, 32)):
        for layout in layouts(features).values():
            for used in (layout, layout.few):
                assert used.rows * used.vectors + used.vectors < registers
    assert layouts({"sse2": True}) is None
    assert LAYOUTS is None or set(LAYOUTS) == {"float32", "float64"}


OTHER_PROCESSOR = """
import numpy as np
from engines.kernels import lanes, tiles
lanes.WIDTHS = lanes.widths({"FEATURE": True})
tiles.LAYOUTS = tiles.layouts({"FEATURE": True})
from engines.kernels.exact import frozen, nearest_rows
from engines.kernels.nearest import Codebook
from engines import KMeans
rng = np.random.default_rng(0)
for dtype in (np.float32, np.float64):
    for n, d, k in ((1, 1, 1), (65, 3, 7), (300, 20, 75)):
        for X in (rng.normal(size=(n, d)).astype(dtype), rng.integers(0, 3, (n, d)).astype(dtype)):
            W = X[rng.integers(0, n, k)]
            found, expected = np.empty(n, np.int32), np.empty(n, np.int32)
            Codebook(W).label(X, found)
            nearest_rows(frozen(X), frozen(W), expected)
            assert np.array_equal(found, expected)
            common = {"init": "random", "n_init": 1, "random_state": 0}
            n_clusters = min(k, len(np.unique(W, axis=0)))
            models = [KMeans(n_clusters, algorithm=name, **common).fit(X) for name in ("bounds", "lloyd", "auto")]
            for model in models[1:]:
                assert model.prototypes_.tobytes() == models[0].prototypes_.tobytes()
                assert np.array_equal(model.labels_, models[0].labels_)
"""


@pytest.mark.slow
@pytest.mark.parametrize("feature", ["avx512f", "neon"])
def test_the_layouts_of_other_processors_give_the_same_labels(feature, tmp_path):
    # their vectors are split into this processor's: the same code, slower
    subprocess.run(
        [sys.executable, "-c", OTHER_PROCESSOR.replace("FEATURE", feature)],
        env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[2])},
        check=True,
        timeout=300,
    )
