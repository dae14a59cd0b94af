"""What is read off a map, against loops over its units and rows."""

from __future__ import annotations

import numpy as np
import pytest

from engines.maps.grid import Grid
from engines.maps.inspection import component_planes, hits, mean_distance, topographic_error, u_matrix

GRIDS = [Grid(4, 5), Grid(4, 5, toroidal=True), Grid(4, 5, "hexagonal"), Grid(4, 5, "hexagonal", toroidal=True)]


@pytest.mark.parametrize("grid", GRIDS, ids=str)
def test_the_u_matrix_is_the_mean_distance_to_the_neighbours(grid):
    W = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
    apart = np.linalg.norm(W[:, None].astype(float) - W[None], axis=2)
    brute = [apart[k][grid.adjacent[k]].mean() for k in range(20)]
    np.testing.assert_allclose(u_matrix(W, grid), brute, rtol=1e-12)


def test_the_u_matrix_is_minisoms():
    minisom = pytest.importorskip("minisom")
    som = minisom.MiniSom(6, 4, 3, random_seed=0)
    peer = som.distance_map(scaling="sum")
    neighbours = Grid(6, 4).adjacent.sum(axis=1)
    ours = u_matrix(som.get_weights().reshape(24, 3), Grid(6, 4)) * neighbours
    np.testing.assert_allclose((ours / ours.max()).reshape(6, 4), peer, rtol=1e-12)


def test_the_u_matrix_of_a_lone_unit_is_zero():
    assert u_matrix([[3.0, 4.0]], Grid(1, 1)).tolist() == [0.0]


def test_hits_count_rows_or_their_weight():
    grid = Grid(2, 3)
    labels = np.array([0, 5, 5, 2], np.int32)
    assert hits(labels, grid).tolist() == [[1, 0, 1], [0, 0, 2]]
    assert hits(labels, grid, [0.5, 2, 1, 0]).tolist() == [[0.5, 0, 0], [0, 0, 3]]
    assert hits([], grid).sum() == 0
    with pytest.raises(ValueError, match="lie from 0 to 5"):
        hits([6], grid)


def test_component_planes_show_each_feature_on_the_grid():
    W = np.arange(24.0).reshape(6, 4)
    planes = component_planes(W, Grid(2, 3))
    assert planes.shape == (4, 2, 3)
    for k, (row, col) in enumerate(np.ndindex(2, 3)):
        np.testing.assert_array_equal(planes[:, row, col], W[k])


@pytest.mark.parametrize("read", [u_matrix, component_planes])
def test_prototypes_of_another_grid_are_refused(read):
    with pytest.raises(ValueError, match=r"2 x 3 units needs 6 prototypes, got shape \(5, 2\)"):
        read(np.zeros((5, 2)), Grid(2, 3))


@pytest.mark.parametrize("grid", GRIDS, ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_both_errors_are_those_of_a_loop_over_the_rows(grid, dtype):
    rng = np.random.default_rng(1)
    X, W, weights = rng.normal(size=(300, 3)).astype(dtype), rng.normal(size=(20, 3)).astype(dtype), rng.random(300)
    torn, near = [], []
    for x in X:
        apart = np.linalg.norm(x.astype(float) - W, axis=1)
        best, second = np.argsort(apart)[:2]
        near.append(apart[best])
        torn.append(not grid.adjacent[best, second])
    assert 0 < np.mean(torn) < 1
    assert topographic_error(X, W, grid) == pytest.approx(np.mean(torn), abs=1e-12)
    assert topographic_error(X, W, grid, sample_weight=weights) == pytest.approx(np.average(torn, weights=weights))
    assert mean_distance(X, W) == pytest.approx(np.mean(near))
    assert mean_distance(X, W, sample_weight=weights) == pytest.approx(np.average(near, weights=weights))


def test_a_map_of_one_unit_is_never_torn():
    assert topographic_error(np.ones((4, 2)), np.zeros((1, 2)), Grid(1, 1)) == 0.0
