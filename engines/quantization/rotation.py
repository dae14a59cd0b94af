"""Rotations for product quantization: where one starts, and the best one for given cells; no pass over rows but one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engines.blocks import block_bounds, map_blocks, single_threaded_blas
from engines.quantization.columns import edges_of
from engines.rows import DerivedRows, scale_for
from engines.survey import Sample
from engines.training import StopToken

Floats = NDArray[Any]
Array = NDArray[np.float64]
RotationStart = Literal["pca", "identity"]


MAX_COLUMNS = 4096
"""A step turns d × d numbers by a decomposition of d³ work that cannot be stopped: more would take many minutes."""


def check_rotatable(d: int) -> None:
    """Raise ValueError where rows have more columns than a rotation can be learned of."""
    if d > MAX_COLUMNS:
        raise ValueError(
            f"n_features={d} should be <= {MAX_COLUMNS} for a rotation to be learned: "
            "take fewer columns, or ProductQuantizer, which learns none."
        )


@dataclass(frozen=True, eq=False)
class Rotated(DerivedRows):
    """Another source's rows x as (x − mean) R, block by block.

    Attributes
    ----------
    mean : (d,), rotation : (d, d)
        In the rows' precision.
    """

    mean: Floats
    rotation: Floats

    def read(self, start: int, stop: int) -> Floats:
        with single_threaded_blas():
            turned: Floats = (self.source.read(start, stop) - self.mean) @ self.rotation
        return turned


def first_rotation(start: RotationStart, sample: Sample, splits: NDArray[np.int64], stop: StopToken) -> Array:
    """The identity, or principal axes shared out so that the subspaces' products of variances are alike, (d, d).

    Each axis, the most variance first, goes to the subspace with the smallest product so far that has room (Ge 2014,
    section 3.2.3, "eigenvalue allocation").
    """
    d = sample.rows.shape[1]
    if start == "identity":
        return np.eye(d)
    with single_threaded_blas():
        variances, axes = np.linalg.eigh(_covariance(sample, stop))
    variances = np.maximum(variances[::-1], np.finfo(float).tiny + 1e-12 * max(variances[-1], 0.0))
    room = np.diff(splits).tolist()
    products = np.zeros(len(room))
    taken: list[list[int]] = [[] for _ in room]
    logs = np.log(variances / variances[-1])  # none negative: a further axis never makes a product smaller
    for axis in range(d):
        free = [s for s in range(len(room)) if len(taken[s]) < room[s]]
        s = min(free, key=lambda s: (products[s], s))
        products[s] += logs[axis]
        taken[s].append(d - 1 - axis)
    return np.ascontiguousarray(axes[:, [axis for own in taken for axis in own]])


def best_rotation(sums: Array, counts: Array, rotation: Array, splits: NDArray[np.int64], reach: float = 1.0) -> Array:
    """The rotation R (d, d) for cells as they are, or one that goes `reach` times as far from the present one.

    Under the present rotation codewords are the means of their cells, C = S R / counts, and with Y the codewords of
    the rows, the error ‖XR − Y‖² is least for R = U Vᵀ of the singular value decomposition of XᵀY (Ge 2014, section
    3.1). XᵀY = Σ S_sᵀ C_s: sums over cells are all it takes. What turns is the antisymmetric part of XᵀYRᵀ, whose
    symmetric part alone would leave R as it is; `reach` multiplies it.

    Parameters
    ----------
    sums : (n_subspaces, K, d)
        Of the centred rows, not rotated, in each cell.
    counts : (n_subspaces, K)
    rotation : (d, d)
        The present one.
    """
    with single_threaded_blas():
        product = np.empty_like(rotation)
        for s, columns in enumerate(edges_of(splits)):
            product[:, columns] = sums[s].T @ cell_means(sums[s], counts[s], rotation[:, columns])
        product = product @ rotation.T
        product += (reach - 1.0) / 2.0 * (product - product.T)
        left, _, right = np.linalg.svd(product)
        turned: Array = left @ right @ rotation
    return turned


def cell_means(sums: Array, counts: Array, axes: Array) -> Array:
    """Means (K, width) of the cells' rows along `axes` (d, width); 0 for empty cells."""
    means: Array = (sums @ axes) / np.where(counts > 0, counts, 1.0)[:, None]
    return means


def _covariance(sample: Sample, stop: StopToken) -> Array:
    """Weighted covariance (d, d) of the rows, summed over blocks in float64, of rows brought to a middling size."""
    rows = sample.rows
    n, d = rows.shape
    mean = sample.mean.astype(rows.dtype)
    scale = scale_for(float(np.sqrt(sample.variance.max())), rows.dtype)

    def one(block: Floats, start: int) -> Array:
        centred = (block - mean) * scale
        weighted = centred
        if sample.weights is not None:
            weighted = centred * sample.weights[start : start + len(block), None].astype(rows.dtype)
        scatter: Array = (weighted.T @ centred).astype(np.float64)
        return scatter

    total = np.zeros((d, d))
    for part in map_blocks(rows, one, block_bounds(n, d, rows.dtype.itemsize, d), n_jobs=sample.n_jobs, stop=stop):
        total += part
    covariance: Array = total / sample.mass / np.square(np.float64(scale))
    return covariance
