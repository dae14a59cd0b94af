"""What learners of prototypes ask of a state before they go on from it; what else is in it is their own affair."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.rows import RowSource
from engines.training import State


def resumed_prototypes(state: State, rows: RowSource, n_prototypes: int) -> NDArray[Any]:
    """The prototypes (K, d) of a state that also tells the `shape` of its rows.

    Raises
    ------
    ValueError
        If they, or the rows, are of another shape.
    """
    found = np.asarray(state["prototypes"])
    if list(state["shape"]) != list(rows.shape) or found.shape != (n_prototypes, rows.shape[1]):
        raise ValueError(
            f"The state to resume has {len(found)} prototypes for data of shape {tuple(state['shape'])}, "
            f"which does not fit {n_prototypes} prototypes for data of shape {rows.shape}."
        )
    return np.ascontiguousarray(found, rows.dtype)


def counts_of(state: State, name: str, n_prototypes: int) -> NDArray[np.float64]:
    """One number for each prototype (K,); raises ValueError where the state has others."""
    found = np.asarray(state[name], np.float64)
    if found.shape != (n_prototypes,):
        raise ValueError(f"The state to resume has {name} of shape {found.shape} for {n_prototypes} prototypes.")
    return found


def check_same_data(state: State, cost: float, mass: float) -> None:
    """Raise ValueError where a state's `cost` is not what these rows, of weight `mass`, cost under its prototypes."""
    if not np.isclose(cost, state["cost"], rtol=1e-6, atol=1e-12 * mass):
        raise ValueError("The state to resume was left by a training on other data.")
