"""What an edit did to a branch, and what a training that begins anew starts from; nothing is computed or stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from engines import Snapshot, State


@dataclass(frozen=True)
class Edition:
    """One edit of a branch: what was done, and what it did to the error on the training rows.

    Attributes
    ----------
    number : int
        From 1 on, in the order of the edits.
    basis : int
        Number of the edition that was edited; 0 is the branch as it began.
    operation : str
        A function of `engines.surgery`.
    arguments : dict
        JSON: what it was given by name, besides the model and rows.
    measure : {"error rate", "quantization error"}
        As of `engines.surgery.Effect`.
    before, after : float
    n_before, n_after : int
        Prototypes.
    sentence : str
        All that for people.
    """

    number: int
    basis: int
    operation: str
    arguments: Mapping[str, Any]
    measure: str
    before: float
    after: float
    n_before: int
    n_after: int
    sentence: str


@dataclass(frozen=True, eq=False)
class Start:
    """A model that training goes on from, and what there is to see of it before that.

    Attributes
    ----------
    model : fitted engine
    parameters : dict
        JSON: its parameters, but for those that are arrays.
    arrays : dict of str to ndarray
        Its parameters that are arrays, such as prototypes and metric to start from.
    snapshot : Snapshot
        Iteration 0 of its training.
    metrics : dict of str to float
        Those of the snapshot, and figures on each part of the dataset.
    curves : dict of str to (n,) float64 array, or None
        What came before the snapshot, and that; None where there was nothing.
    state : dict or None
        Of a training that goes on from there, instead of one that begins anew.
    """

    model: Any = field(repr=False)
    parameters: dict[str, Any]
    arrays: Mapping[str, NDArray[Any]]
    snapshot: Snapshot
    metrics: Mapping[str, float]
    curves: Mapping[str, NDArray[Any]] | None = None
    state: State | None = None
