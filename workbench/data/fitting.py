"""Takes from the training rows the numbers that a recipe needs, block by block in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.rows import RowSource
from workbench.data.errors import DataError
from workbench.data.recipe import FittedRecipe, Recipe
from workbench.data.rows import row_blocks
from workbench.data.watch import Watch

MOST_WHITENED = 4096
_MEDIAN_BYTES = 128 << 20
_ROUNDING = 8 * float(np.finfo(np.float64).eps)
"""Of the largest value of a column that does not vary: by so much it may seem to."""


def fit_recipe(
    recipe: Recipe,
    rows: RowSource,
    names: tuple[str, ...],
    training: NDArray[np.bool_] | None = None,
    watch: Watch | None = None,
) -> FittedRecipe:
    """Fit `recipe` on the rows marked in `training`.

    Sums run in float64, blocks combined in order, by the pairwise update of Chan, Golub and LeVeque (1983);
    medians are exact. A constant column is shifted but not scaled.

    Parameters
    ----------
    recipe : Recipe
    rows : RowSource of (n, d) raw values
    names : tuple of d str
    training : (n,) bool, optional
        All rows by default.
    watch : Watch, optional

    Raises
    ------
    DataError
        If a column holds no number at all where its mean or median is needed, or whitening is asked for more
        than 4,096 columns.
    """
    watch = watch or Watch()
    n, d = rows.shape
    training = np.ones(n, bool) if training is None else training
    dtype = np.dtype(np.float64 if np.dtype(rows.dtype) == np.float64 else np.float32)
    fitted = FittedRecipe(recipe, names, dtype)
    if recipe.whitening != "none" and d > MOST_WHITENED:
        raise DataError(
            f"Whitening {d:,} columns needs a {d:,} × {d:,} matrix; it is offered up to {MOST_WHITENED:,} columns: "
            "use smaller images or patches, or no whitening."
        )
    source = _Training(rows, training)
    if recipe.missing in ("mean", "median") or recipe.scaling != "none":
        moments = _moments(source, watch.part(0.0, 0.25))
        _refuse_empty(recipe, moments, names)
        fitted = replace(fitted, **_fill(recipe, moments, source, watch.part(0.25, 0.5)))
        fitted = replace(fitted, **_scaling(recipe, moments))
    if recipe.contrast:
        fitted = replace(fitted, **_contrast(fitted, source, watch.part(0.5, 0.7)))
    if recipe.whitening != "none":
        fitted = replace(fitted, **_whitening(fitted, source, watch.part(0.7, 1.0)))
    watch(1.0)
    return fitted


@dataclass(frozen=True)
class _Training:
    """The training rows, block by block."""

    rows: RowSource
    mask: NDArray[np.bool_]

    def blocks(self, watch: Watch) -> Iterator[NDArray[np.float64]]:
        n, d = self.rows.shape
        for start, stop in row_blocks(n, d):
            watch(start / n)
            inside = self.mask[start:stop]
            if inside.any():
                yield np.asarray(self.rows.read(start, stop)[inside], np.float64)


@dataclass
class _Moments:
    """Per column over finite values: how many, mean, sum of squared deviations, least and greatest."""

    count: NDArray[np.float64]
    mean: NDArray[np.float64]
    squares: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def _moments(source: _Training, watch: Watch) -> _Moments:
    d = source.rows.shape[1]
    total = _Moments(np.zeros(d), np.zeros(d), np.zeros(d), np.full(d, np.inf), np.full(d, -np.inf))
    for block in source.blocks(watch):
        finite = np.isfinite(block)
        count = finite.sum(axis=0).astype(np.float64)
        mean = np.divide(np.where(finite, block, 0).sum(axis=0), count, out=np.zeros(d), where=count > 0)
        deviation = np.where(finite, block - mean, 0) if not finite.all() else block - mean
        both = total.count + count
        share = np.divide(count, both, out=np.zeros(d), where=both > 0)
        delta = mean - total.mean
        total.mean += delta * share
        total.squares += np.square(deviation).sum(axis=0) + np.square(delta) * total.count * share
        total.low = np.minimum(total.low, np.where(finite, block, np.inf).min(axis=0))
        total.high = np.maximum(total.high, np.where(finite, block, -np.inf).max(axis=0))
        total.count = both
    return total


def _refuse_empty(recipe: Recipe, moments: _Moments, names: tuple[str, ...]) -> None:
    empty = np.flatnonzero(moments.count == 0)
    if len(empty) and recipe.missing != "keep":
        more = f" (and {len(empty) - 1:,} more)" if len(empty) > 1 else ""
        raise DataError(
            f'Column "{names[empty[0]]}"{more} has no number in any training row, so there is nothing to fill it '
            "with: give it the role ignore."
        )


def _fill(recipe: Recipe, moments: _Moments, source: _Training, watch: Watch) -> dict[str, Any]:
    if recipe.missing == "mean":
        return {"fill": moments.mean.copy()}
    if recipe.missing == "median":
        return {"fill": _medians(source, watch)}
    return {}


def _medians(source: _Training, watch: Watch) -> NDArray[np.float64]:
    """Exact medians of the finite values: whole columns, as many at a time as 128 MiB hold."""
    n, d = source.rows.shape
    width = max(1, _MEDIAN_BYTES // (8 * max(1, n)))
    medians = np.empty(d)
    for first in range(0, d, width):
        part = watch.part(first / d, min(first + width, d) / d)
        columns = np.concatenate([block[:, first : first + width] for block in source.blocks(part)])
        columns[~np.isfinite(columns)] = np.nan
        for k in range(columns.shape[1]):
            medians[first + k] = np.nanmedian(columns[:, k])
    return medians


def _scaling(recipe: Recipe, moments: _Moments) -> dict[str, Any]:
    if recipe.scaling == "none":
        return {}
    seen = moments.count > 0
    low, high = np.where(seen, moments.low, 0.0), np.where(seen, moments.high, 0.0)
    if recipe.scaling == "standard":
        shift, scale = moments.mean.copy(), np.sqrt(moments.squares / np.maximum(moments.count, 1))
    elif recipe.scaling == "minmax":
        shift, scale = low, high - low
    else:
        shift, scale = low / 2 + high / 2, high / 2 - low / 2
    noise = _ROUNDING * np.maximum(np.abs(low), np.abs(high))
    return {"shift": shift, "scale": np.where((scale > noise) & np.isfinite(scale), scale, 1.0)}


def _contrast(fitted: FittedRecipe, source: _Training, watch: Watch) -> dict[str, Any]:
    """Mean over rows of the rows' means and deviations, after filling and scaling."""
    before = replace(fitted, recipe=replace(fitted.recipe, contrast=False, whitening="none"), dtype=np.dtype(float))
    n = means = variances = 0.0
    for block in source.blocks(watch.part(0.0, 0.5)):
        rows = before.transform(block)
        n += len(rows)
        means += float(rows.mean(axis=1).sum())
        variances += float(rows.var(axis=1).sum())
    floor = fitted.recipe.contrast_floor * variances / n or 1.0
    deviations = 0.0
    for block in source.blocks(watch.part(0.5, 1.0)):
        deviations += float(np.sqrt(before.transform(block).var(axis=1) + floor).sum())
    return {"row_mean": means / n, "row_deviation": deviations / n, "row_floor": floor}


def _whitening(fitted: FittedRecipe, source: _Training, watch: Watch) -> dict[str, Any]:
    """Eigenvectors of the covariance of the training rows, after every earlier step.

    Variance that rounding alone may have made counts as none: whitened, it would be as loud as the rest.
    """
    d = source.rows.shape[1]
    before = replace(fitted, recipe=replace(fitted.recipe, whitening="none"), dtype=np.dtype(float))
    n, size, center, scatter = 0, 0.0, np.zeros(d), np.zeros((d, d))
    for block in source.blocks(watch):
        rows = before.transform(block)
        size = max(size, float(np.abs(rows).max()))
        mean = rows.mean(axis=0)
        deviation = rows - mean
        delta = mean - center
        both = n + len(rows)
        scatter += deviation.T @ deviation + np.outer(delta, delta) * (n * len(rows) / both)
        center += delta * (len(rows) / both)
        n = both
    values, vectors = np.linalg.eigh(scatter / n)
    values, vectors = values[::-1], vectors[:, ::-1]
    values = np.where(values > d * (_ROUNDING * size) ** 2, values, 0.0)
    floor = fitted.recipe.whitening_floor * values.mean() or 1.0
    if fitted.recipe.whitening == "pca":
        spanned = max(1, int(np.count_nonzero(values > 1e-12 * values[0])))
        values, vectors = values[:spanned], vectors[:, :spanned]
    gains = 1.0 / np.sqrt(values + floor)
    return {"center": center, "vectors": np.ascontiguousarray(vectors), "gains": gains}
