"""Where the units of a map start: on the plane of the two principal axes, on random rows, or where they are put."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.blocks import block_bounds, map_blocks
from engines.clustering.seeding import random_rows
from engines.clustering.starts import Seeder, seeder
from engines.maps.grid import Grid
from engines.survey import Sample
from engines.training import StopToken

Floats = NDArray[Any]
Doubles = NDArray[np.float64]

WIDEST = 128
"""Columns up to which the principal axes are exact; beyond, they come from iterating on a few."""
FEW, ROUNDS = 12, 20
FLAT = 1e-3
"""A second axis whose standard deviation is under this share of the first's gives no plane."""


def unit_seeder(init: Any, grid: Grid, d: int, dtype: np.dtype[Any]) -> Seeder:
    """The start that `init` ("pca", "random" or an array) names, checked at once.

    Raises
    ------
    ValueError
        If an array is not (rows · cols, d), or not finite.
    """
    if not isinstance(init, str):
        given = np.asarray(init)
        if given.shape == (grid.rows, grid.cols, d):
            given = given.reshape(grid.n_units, d)
        return seeder(given, grid.n_units, d, dtype)
    if init == "random":
        return lambda sample, rng, stop: _random(sample, grid.n_units, rng, stop)
    return lambda sample, rng, stop: principal_plane(sample, grid, stop)


def principal_plane(sample: Sample, grid: Grid, stop: StopToken) -> Floats:
    """Units (M, d) laid evenly over the plane of the two principal axes, one standard deviation to either side.

    The longer side of the grid lies along the first axis; signs are such that the largest component of an axis is
    positive. Where the rows vary along one axis only, all units lie on it, those of a column next to one another, so
    that no two coincide.
    """
    axes, deviations = principal_axes(sample, 2, stop)
    places = grid.positions - grid.positions.mean(axis=0)
    sides = np.ptp(places, axis=0)
    order = (0, 1) if sides[0] >= sides[1] else (1, 0)
    along, across = (places[:, axis] * 2 / (sides[axis] or 1.0) for axis in order)
    if len(axes) == 1 or deviations[1] <= FLAT * deviations[0]:
        n_along = max(grid.rows, grid.cols) if grid.n_units > 1 else 1
        spread = along + across / n_along
        found = sample.mean + np.outer(spread * deviations[0], axes[0])
    else:
        found = sample.mean + np.outer(along * deviations[0], axes[0]) + np.outer(across * deviations[1], axes[1])
    return found.astype(sample.rows.dtype)


def principal_axes(sample: Sample, n_axes: int, stop: StopToken) -> tuple[Doubles, Doubles]:
    """The first principal axes (min(n_axes, d), d) of the rows, weighted, and the standard deviations along them.

    By orthogonal iteration on FEW directions, at most ROUNDS passes over the rows, where there are more than WIDEST
    columns; else in one pass. Nothing is drawn: the same rows give the same axes.
    """
    d = sample.rows.shape[1]
    whole = d <= WIDEST
    basis = np.eye(d) if whole else np.linalg.qr(np.random.default_rng(0).standard_normal((d, FEW)))[0]
    before = np.zeros(n_axes)
    for _ in range(1 if whole else ROUNDS):
        turned = _scatter(sample, basis, stop) / sample.mass
        values, vectors = np.linalg.eigh(basis.T @ turned)
        leading = values[::-1][:n_axes]
        axes = (basis @ vectors[:, ::-1][:, :n_axes]).T
        if np.allclose(leading, before, rtol=1e-4):
            break
        before = leading
        if not whole:
            basis = np.linalg.qr(turned)[0]
    largest = axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)]
    return axes * np.where(largest < 0, -1.0, 1.0)[:, None], np.sqrt(np.maximum(leading, 0.0))


def _scatter(sample: Sample, basis: Doubles, stop: StopToken) -> Doubles:
    """Σ w (x − mean)(x − mean)ᵀ basis: (d, p) from (d, p)."""
    n, d = sample.rows.shape

    def one(block: Floats, start: int) -> Doubles:
        centred = block - sample.mean
        scores = centred @ basis
        if sample.weights is not None:
            scores *= sample.weights[start : start + len(block), None]
        product: Doubles = centred.T @ scores
        return product

    total = np.zeros(basis.shape)
    bounds = block_bounds(n, d, sample.rows.dtype.itemsize, basis.shape[1])
    for part in map_blocks(sample.rows, one, bounds, n_jobs=sample.n_jobs, stop=stop):
        total += part
    return total


def _random(sample: Sample, n_units: int, rng: np.random.Generator, stop: StopToken) -> Floats:
    """Rows drawn by weight, different ones while there are enough, then all of them anew."""
    n_weighty = sample.rows.shape[0] if sample.weights is None else int(np.count_nonzero(sample.weights))
    parts = []
    while n_units:
        n_drawn = min(n_units, n_weighty)
        parts.append(random_rows(sample.rows, sample.weights, n_drawn, rng, stop=stop))
        n_units -= n_drawn
    return np.concatenate(parts)
