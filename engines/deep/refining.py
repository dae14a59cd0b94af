"""Codes made better by search, bit by bit, after the pass forward; any coder of signs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.deep.coder import SignCoder, Signs


def flipped_where_better(coder: SignCoder, X: NDArray[Any], signs: Signs, sweeps: int) -> Signs:
    """Codes (b, L) of rows X (b, d) after coordinate descent from `signs`: no single flip is left that it has tried.

    A sweep tries each bit once, the lowest first, and keeps a flip where ‖x - g(b)‖² falls: L passes through the
    decoder. Sweeps end early when one has changed nothing.
    """
    best, found = coder.squared_errors(X, signs), signs.copy()
    for _ in range(sweeps):
        before = found.copy()
        for bit in range(found.shape[1]):
            tried = found.copy()
            tried[:, bit] *= -1
            errors = coder.squared_errors(X, tried)
            better = errors < best
            found[better, bit] *= -1
            best = np.where(better, errors, best)
        if np.array_equal(found, before):
            break
    return found
