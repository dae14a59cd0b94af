"""Prototypes of a file, and the metric learned with them, in the units in which a dataset is learned from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from workbench.data import FittedRecipe, Prototypes
from workbench.data.prototypes import labels_among, matched
from workbench.session.dataset import Dataset
from workbench.session.errors import SessionError

Units = Literal["original", "training"]
_CLOSE = 1e-6
"""Relative; what the same recipe gives may differ in the last digits on another machine."""


@dataclass(frozen=True, eq=False)
class Carried:
    """Prototypes as an engine can start from them.

    Attributes
    ----------
    prototypes : (M, d') float
        In training units of the dataset.
    labels : (M,) class values, or None
    metric : dict of str to array
        As of `Prototypes`, in training units of the dataset; what cannot be brought over is left out.
    units : {"original", "training"}
        In which the file was read.
    remarks : tuple of str
    """

    prototypes: NDArray[Any]
    labels: NDArray[Any] | None
    metric: dict[str, NDArray[Any]]
    units: Units
    remarks: tuple[str, ...]


def carried_over(
    found: Prototypes, recipe: FittedRecipe | None, data: Dataset, units: Units | None, *, labelled: bool
) -> Carried:
    """Bring what a file holds to a dataset.

    Parameters
    ----------
    found : Prototypes
    recipe : FittedRecipe or None
        That they were learned with, where it is known.
    units : {"original", "training"} or None
        None is what the file says; original where it says nothing.
    labelled : bool
        Whether classes are wanted.

    Raises
    ------
    DataError, SessionError
        If columns or classes are others than those of the dataset.
    """
    whose = f"dataset '{data.name}'"
    if units == "training" or (units is None and found.are_original is False):
        return _as_trained(found, data, labelled, whose)
    there = matched(found, data.raw_names, data.raw_units, data.classes, whose)
    labels = labels_among(found, there.columns.tolist(), data.classes, whose) if labelled else None
    prototypes, metric, remarks = data.recipe.back(there.rows), dict(found.metric), list(there.remarks)
    training = found.training
    if training is not None and _are_same(data.recipe, training, there.rows):
        prototypes = np.ascontiguousarray(training, data.recipe.dtype)
    elif metric:
        metric = {} if recipe is None else _metric_over(metric, recipe, data.recipe, there.columns)
        lost = ", ".join(name for name in found.metric if name not in metric)
        if lost:
            remarks.append(
                f"What was learned beside prototypes ({lost}) stays behind: it is in the units of other rows."
            )
    return Carried(prototypes, _values(labels, data), metric, "original", tuple(remarks))


def _as_trained(found: Prototypes, data: Dataset, labelled: bool, whose: str) -> Carried:
    """The numbers as they stand, which are those of an engine."""
    if found.training is not None:
        rows, taken, remarks = found.training, list(range(len(found.names))), tuple[str, ...]()
        if rows.shape[1] != data.n_features:
            raise SessionError(
                f"{found.name} has {rows.shape[1]:,} columns in training units, but rows of {whose} have "
                f"{data.n_features:,} there: load it in original units."
            )
    else:
        there = matched(found, data.feature_names, ("",) * data.n_features, data.classes, whose)
        rows, taken, remarks = there.rows, there.columns.tolist(), there.remarks
    labels = labels_among(found, taken, data.classes, whose) if labelled else None
    prototypes = np.ascontiguousarray(rows, data.recipe.dtype)
    return Carried(prototypes, _values(labels, data), dict(found.metric), "training", tuple(remarks))


def _are_same(recipe: FittedRecipe, training: NDArray[Any], original: NDArray[Any]) -> bool:
    """Whether `training` are prototypes that this very recipe brings to `original`."""
    if training.shape[1] != len(recipe.feature_names):
        return False
    largest = float(np.abs(original).max(initial=0.0))
    return bool(np.allclose(recipe.inverse(training), original, rtol=_CLOSE, atol=_CLOSE**2 * largest))


def _metric_over(
    metric: dict[str, NDArray[Any]], before: FittedRecipe, after: FittedRecipe, columns: NDArray[np.int64]
) -> dict[str, NDArray[Any]]:
    """Ω and λ for which rows are as far apart after another recipe as they were before; the variance stays behind.

    With x = Tr + t before and x' = T'r + t' after of a raw row r, Ω' = Ω T T'⁻¹ measures in x' what Ω does in x; the
    relevances of single columns have such an equivalent where no column is mixed with another.

    Parameters
    ----------
    columns : (d,) int64
        Which raw column before each one after is.
    """
    old, new = before.affine(), after.affine()
    if old is None or new is None or new[0].shape[0] != new[0].shape[1]:
        return {}
    turned = np.linalg.solve(new[0].T, old[0][:, columns].T).T
    found: dict[str, NDArray[Any]] = {
        name: np.asarray(metric[name] @ turned) for name in ("omega", "omegas") if name in metric
    }
    if "relevances" in metric:
        matrix = (turned.T * metric["relevances"]) @ turned
        if not np.any(matrix - np.diag(np.diag(matrix))):
            found["relevances"] = np.diag(matrix).copy()
    return found


def _values(labels: NDArray[np.int64] | None, data: Dataset) -> NDArray[Any] | None:
    return None if labels is None else np.asarray(data.classes)[labels]
