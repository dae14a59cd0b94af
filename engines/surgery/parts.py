"""A fitted engine taken apart into prototypes and what belongs to each, and put together again; nothing is operated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from engines.base import Engine
from engines.catalog import engine_info
from engines.clustering.spherical import SphericalKMeans
from engines.lvq.classifier import PrototypeClassifier
from engines.lvq.labels import codes_of
from engines.parameters import declared

Floats = NDArray[Any]

_STARTS = {"omega_init": ("omega_", "omegas_"), "relevances_init": ("relevances_",), "variance": ("variance_",)}
"""Where a metric or its width starts, and the fitted attribute that it ends as, whichever there is."""
_COUNTED = ("counts_", "wins_")
"""Weights of rows that some engines keep of each prototype."""
_CARRIED = ("rates_",)
"""What else some engines keep of each prototype."""
GOING_ON: dict[str, dict[str, Any]] = {
    "KMeans": {"algorithm": "auto"},  # bisecting takes no given start
    "NeuralGas": {"annealing": 0},  # a wide neighbourhood would forget the start
}
"""Parameters that would not go on from where an engine stands, and the values that do."""


@dataclass(frozen=True, eq=False)
class Parts:
    """Prototypes of a fitted engine and all that belongs to each, those of the first class first.

    Attributes
    ----------
    prototypes : (M, d), in the engine's precision
    codes : int64 array of shape (M,)
        Class of each prototype, as a number among the classes; 0 for an engine without classes.
    pinned : bool array of shape (M,)
        Whether training leaves it where it is.
    omegas : (M, m, d) or None
        Ω of each prototype, for an engine with a metric for each.
    counted : dict of str to (M,) float64 array
        Weights of rows that the engine keeps of each prototype, by attribute.
    carried : dict of str to (M,) float64 array
        What else it keeps of each, by attribute.
    """

    prototypes: Floats
    codes: NDArray[np.int64]
    pinned: NDArray[np.bool_]
    omegas: Floats | None = None
    counted: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    carried: dict[str, NDArray[np.float64]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.prototypes)

    def take(self, index: Any) -> Parts:
        """The prototypes with the numbers in `index`, in that order."""
        return Parts(
            self.prototypes[index],
            self.codes[index],
            self.pinned[index],
            None if self.omegas is None else self.omegas[index],
            {name: weights[index] for name, weights in self.counted.items()},
            {name: values[index] for name, values in self.carried.items()},
        )

    def put_in(self, place: int, other: Parts) -> Parts:
        """These prototypes with those of `other` before number `place`."""

        def joined(mine: Floats, theirs: Floats) -> Floats:
            return np.concatenate([mine[:place], theirs.astype(mine.dtype, copy=False), mine[place:]])

        return Parts(
            joined(self.prototypes, other.prototypes),
            joined(self.codes, other.codes),
            joined(self.pinned, other.pinned),
            None if self.omegas is None or other.omegas is None else joined(self.omegas, other.omegas),
            {name: joined(weights, other.counted[name]) for name, weights in self.counted.items()},
            {name: joined(values, other.carried[name]) for name, values in self.carried.items()},
        )


def parts_of(model: Engine) -> Parts:
    """What `model` consists of.

    Raises
    ------
    NotFittedError
        If nothing is learned yet.
    ValueError
        If the engine's prototypes cannot be operated on, with the reason.
    """
    check_operable(model)
    check_is_fitted(model)
    prototypes = np.array(model.prototypes_)
    codes = np.zeros(len(prototypes), np.int64)
    if isinstance(model, PrototypeClassifier):
        codes = codes_of(model.prototype_labels_, model.classes_)
    pinned = np.zeros(len(prototypes), bool)
    pinned[list(getattr(model, "pinned", None) or ())] = True
    omegas = np.array(model.omegas_) if getattr(model, "localization", "") == "prototype" else None
    counted, carried = (
        {name: np.array(getattr(model, name)) for name in names if name in model.FITTED}
        for names in (_COUNTED, _CARRIED)
    )
    return Parts(prototypes, codes, pinned, omegas, counted, carried)


def put_together(model: Engine, parts: Parts) -> Engine:
    """A new fitted engine like `model` that consists of `parts`, and whose training starts from them."""
    parameters = {p.name for p in declared(type(model))}
    prototypes = settled(model, parts.prototypes)
    changed: dict[str, Any] = {"init": prototypes.copy(), **GOING_ON.get(type(model).__name__, {})}
    fitted = {name: np.array(getattr(model, name)) for name in model.FITTED}
    kept = {**parts.counted, **parts.carried}
    fitted |= {"prototypes_": prototypes, **{name: values.copy() for name, values in kept.items()}}
    if isinstance(model, PrototypeClassifier):
        counts = np.bincount(parts.codes, minlength=len(model.classes_))
        changed["prototypes_per_class"] = tuple(int(count) for count in counts)
        fitted["prototype_labels_"] = model.classes_[parts.codes]
    else:
        changed[engine_info(type(model).__name__).count] = len(prototypes)
    if parts.omegas is not None:
        fitted["omegas_"] = parts.omegas.copy()
    for start, names in _STARTS.items():
        if start in parameters:
            (learned,) = (fitted[name] for name in names if name in fitted)
            changed[start] = learned.copy() if learned.ndim else learned.item()
    if "rank" in parameters:
        changed["rank"] = int(changed["omega_init"].shape[-2])
    if "pinned" in parameters:
        changed["pinned"] = tuple(int(j) for j in np.flatnonzero(parts.pinned)) or None
    made: Engine = clone(model).set_params(**changed)
    made.adopt(fitted)
    made.n_features_in_ = model.n_features_in_
    if hasattr(model, "feature_names_in_"):
        made.feature_names_in_ = model.feature_names_in_.copy()
    return made


def check_operable(model: Engine) -> None:
    """Raise ValueError unless prototypes of such an engine may be merged, split, added and so on, and learn on."""
    name = type(model).__name__
    parameters = {p.name: p for p in declared(type(model))}
    takes_start = "init" in parameters and "array" in parameters["init"].kinds and "prototypes_" in model.FITTED
    takes_start = takes_start and "prototype_indices_" not in model.FITTED  # they are rows
    counts = "prototypes_per_class" in parameters or engine_info(name).count in parameters
    if not (takes_start and counts):
        raise ValueError(
            f"{name} cannot be operated on: surgery needs an engine whose prototypes may lie anywhere, in any number, "
            "and that can start from given ones."
        )


def is_operable(model: Engine) -> bool:
    """Whether `check_operable` has nothing to say."""
    try:
        check_operable(model)
    except ValueError:
        return False
    return True


def settled(model: Engine, prototypes: Floats) -> Floats:
    """Prototypes (M, d) where such an engine can have them: at unit length where it compares directions."""
    if not isinstance(model, SphericalKMeans):
        return prototypes
    lengths = np.linalg.norm(prototypes.astype(np.float64), axis=1, keepdims=True)
    if not np.all(lengths > 0):
        raise ValueError("SphericalKMeans: a prototype of length 0 has no direction.")
    off = np.abs(lengths - 1) > 8 * np.finfo(prototypes.dtype).eps  # what is of unit length keeps its bits
    return np.where(off, prototypes / lengths, prototypes).astype(prototypes.dtype)


def check_which(which: int | Sequence[int], n_prototypes: int, at_least: int = 1) -> NDArray[np.int64]:
    """The numbers of prototypes, increasing.

    Raises
    ------
    ValueError
        If one is no prototype's, or named twice, or they are fewer than `at_least`.
    """
    index = np.atleast_1d(np.asarray(which))
    if index.ndim != 1 or (index.size and index.dtype.kind not in "iu"):
        raise ValueError(f"Prototypes are named by their numbers, got {which!r}.")
    index = np.sort(index.astype(np.int64))
    if len(index) and not (index[0] >= 0 and index[-1] < n_prototypes):
        raise ValueError(f"There are prototypes 0 to {n_prototypes - 1}, but {index.tolist()} were named.")
    if len(np.unique(index)) != len(index):
        raise ValueError(f"A prototype is named twice in {index.tolist()}.")
    if len(index) < at_least:
        raise ValueError(f"At least {at_least} prototype{'s' if at_least > 1 else ''} must be named.")
    return index
