"""What a fitted model says of rows, in the numbers that views draw: codes of classes, nearest prototypes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.base import Engine

Array = NDArray[Any]

_BLOCK_CELLS = 4_000_000


def flat(values: Array) -> Array:
    """(n, d) of values (n, d), or of matrices (n, k, k) with d = k²."""
    values = np.asarray(values)
    return values.reshape(len(values), -1) if values.ndim > 2 else values


def codes_of(labels: Array, classes: Sequence[Any]) -> NDArray[np.int64]:
    """Positions of `labels` among `classes`, -1 for strangers; (k,) in, (k,) out."""
    values, inverse = np.unique(np.asarray(labels), return_inverse=True)
    position = {value: code for code, value in enumerate(classes)}
    spelled = {str(value): code for code, value in enumerate(classes)}
    known = [position.get(value, spelled.get(str(value), -1)) for value in values.tolist()]
    return np.asarray(known, np.int64)[inverse.ravel()] if len(values) else np.empty(0, np.int64)


def predict_codes(model: Engine, X: Array, classes: Sequence[Any]) -> NDArray[np.int64]:
    """(n,) class codes that `model` gives the (n, d) rows `X`."""
    return codes_of(model.predict(X), classes)


def nearest(model: Engine, X: Array) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Prototype of each row of `X` (n, d) and the distance to it, as `model.transform` measures it.

    It is the nearest one, or the one that the engine predicts where it goes another way (by likelihood, or in stages).
    Works block by block, so that no more than some millions of distances are held at a time.
    """
    n_prototypes = max(1, len(model.prototypes_))
    step = max(1, _BLOCK_CELLS // n_prototypes)
    winners = np.empty(len(X), np.int64)
    distances = np.empty(len(X), np.float64)
    by_prediction = not hasattr(model, "classes_")
    for start in range(0, len(X), step):
        rows = X[start : start + step]
        block = np.asarray(model.transform(rows))
        best = np.asarray(model.predict(rows)) if by_prediction else block.argmin(axis=1)
        winners[start : start + step] = best
        distances[start : start + step] = block[np.arange(len(block)), best]
    return winners, distances


def codes_are_bits(model: Any) -> bool:
    """Whether codes of a fitted `model` of the family "deep" are bits, so that it has neither prototypes nor words.

    Codebooks that it may have are part of its network; a quantizer of books of two words has words, and is not deep.
    """
    return not hasattr(model, "prototypes_") and set(getattr(model, "code_sizes", ())) == {2}
