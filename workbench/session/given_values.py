"""The parameters by which an engine starts from given prototypes and a given metric; nothing of files."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines import EngineInfo
from workbench.data import Prototypes
from workbench.session.carried_over import Carried
from workbench.session.errors import SessionError

BESIDE = frozenset({"SOM", "GaussianMixture", "LogEuclideanGLVQ"})
"""Engines that start from given prototypes, beside those that go on from any model."""
_METRIC = {"omega_init": ("omega", "omegas"), "relevances_init": ("relevances",), "variance": ("variance",)}
"""Where an engine starts a metric, and what that is in a file."""


def starting_values(
    info: EngineInfo, carried: Carried, found: Prototypes, own: Mapping[str, Any], wanted: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """What follows from the prototypes: parameters as JSON, and those that are arrays.

    Parameters
    ----------
    found : Prototypes
        As the file has them.
    own, wanted : mapping
        Parameters of the model that they are of, and those that a person chose, which count for more.

    Raises
    ------
    SessionError
        If a map is to have another number of units.
    """
    prototypes, names = carried.prototypes, {parameter.name for parameter in info.parameters}
    values: dict[str, Any] = {}
    order = np.arange(len(prototypes))
    counts: NDArray[np.int64] = np.zeros(0, np.int64)
    if carried.labels is not None and "prototypes_per_class" in names:
        order = np.argsort(carried.labels, kind="stable")
        counts = np.unique(carried.labels, return_counts=True)[1]
        values["prototypes_per_class"] = counts.tolist()
    elif "shape" in names:
        values["shape"] = _shape(len(prototypes), found.grid, wanted.get("shape"))
    else:
        values[info.count] = len(prototypes)
    init = prototypes[order]
    if info.data_kinds == ("spd",):
        side = math.isqrt(init.shape[1])
        init = init.reshape(len(init), side, side)
    arrays: dict[str, NDArray[Any]] = {"init": init}
    for name, kinds in _METRIC.items():
        learned = next((carried.metric[kind] for kind in kinds if kind in carried.metric), None)
        if name not in names or name in wanted or learned is None:
            continue
        if name == "variance":
            values[name] = float(learned)
        elif name == "relevances_init" or _is_fitting(learned, info, counts):
            arrays[name] = _in_order(learned, order, counts)
    if "omega_init" in arrays:
        omega = arrays["omega_init"]
        values["rank"] = int(omega.shape[-2])
        if omega.ndim == 3:
            values["localization"] = "class" if len(omega) == len(counts) else "prototype"
    if "precisions_init" in names:
        values, arrays = _mixture(carried, {**found.about.get("parameters", {}), **own}, wanted, values, arrays)
    return values, arrays


def going_on_values(info: EngineInfo) -> dict[str, Any]:
    """Parameters with which an engine goes on from where it starts, rather than forget it."""
    from engines.surgery.parts import GOING_ON  # only here: it brings the compiler

    return dict(GOING_ON.get(info.name, {}))


def _mixture(
    carried: Carried,
    own: Mapping[str, Any],
    wanted: Mapping[str, Any],
    values: dict[str, Any],
    arrays: dict[str, NDArray[Any]],
) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """With the weights and covariances of a mixture, where they are of the form that is wanted."""
    kind = own.get("covariance_type")
    if not {"weights", "covariances"} <= carried.metric.keys() or wanted.get("covariance_type", kind) != kind:
        return values, arrays
    covariances = carried.metric["covariances"]
    precisions = 1 / covariances if kind in ("diag", "spherical") else np.linalg.inv(covariances)
    more = {"weights_init": np.asarray(carried.metric["weights"]), "precisions_init": precisions}
    return {**values, "covariance_type": kind}, {**arrays, **more}


def _is_fitting(omega: NDArray[Any], info: EngineInfo, counts: NDArray[np.int64]) -> bool:
    """Whether an engine takes Ω of this shape: one of all, or one for each class or prototype."""
    is_local = any(parameter.name == "localization" for parameter in info.parameters)
    return omega.ndim == 2 or (is_local and len(omega) in (len(counts), int(counts.sum())))


def _in_order(found: NDArray[Any], order: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[Any]:
    """Matrices of single prototypes in the order of their classes; all others as they are."""
    return found[order] if found.ndim == 3 and len(found) == len(order) != len(counts) else found


def _shape(n: int, grid: tuple[int, int] | None, wanted: Any) -> list[int]:
    """Rows and columns of a map of n units: those wanted, those it had, or as square as can be."""
    if wanted is not None:
        rows, columns = (int(side) for side in wanted)
        if rows * columns != n:
            raise SessionError(f"A map of {rows} × {columns} has {rows * columns:,} units, but the file has {n:,}.")
        return [rows, columns]
    if grid is not None and grid[0] * grid[1] == n:
        return list(grid)
    rows = next(k for k in range(math.isqrt(n), 0, -1) if n % k == 0)
    return [rows, n // rows]
