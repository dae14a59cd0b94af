"""Which rows train, validate and test: a seeded, stratified split; nothing of columns."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

TRAIN, VALIDATION, TEST = 0, 1, 2


def split_rows(
    n_rows: int,
    fractions: tuple[float, float, float],
    seed: int,
    codes: NDArray[np.integer[Any]] | None = None,
) -> tuple[NDArray[np.uint8], str]:
    """Deal rows to training (0), validation (1) and test (2).

    Rows are put in random order, sorted by class (stably), and dealt by systematic sampling: the k-th row goes to
    validation where floor(k m / n) steps, m of n being wanted. So the totals are exact and every class gets its
    share to within one row of each part. A class that would be left without a training row gets one back.

    Parameters
    ----------
    n_rows : int
    fractions : (train, validation, test)
        Non-negative, summing to 1.
    seed : int
    codes : (n_rows,) int, optional
        Class of each row, -1 where unknown; None for a split that looks at no class.

    Returns
    -------
    split : (n_rows,) uint8
    warning : str
        "" or one sentence, when classes were too small for every part.
    """
    split = np.zeros(n_rows, np.uint8)
    n_validation, n_test = (round(n_rows * fraction) for fraction in fractions[1:])
    if fractions[0] > 0 and n_validation + n_test >= n_rows:
        n_validation = min(n_validation, max(0, n_rows - 1 - n_test))
        n_test = max(0, n_rows - 1 - n_validation)
    n_test = min(n_test, n_rows - n_validation)
    if n_validation + n_test == 0:
        return split, ""
    order = np.random.default_rng(seed).permutation(n_rows)
    if codes is not None:
        order = order[np.argsort(codes[order], kind="stable")]
    chosen = _every_nth(n_rows, n_validation)
    split[order[chosen]] = VALIDATION
    rest = order[~chosen]
    split[rest[_every_nth(len(rest), n_test)]] = TEST
    if codes is None or fractions[0] == 0:
        return split, ""
    return split, _give_back(split, codes)


def _every_nth(n: int, m: int) -> NDArray[np.bool_]:
    """A mask of n with exactly m places set, evenly apart."""
    steps = (np.arange(n + 1, dtype=np.int64) * m + m // 2) // max(n, 1)
    return np.diff(steps) > 0


def _give_back(split: NDArray[np.uint8], codes: NDArray[np.integer[Any]]) -> str:
    """Move one row of every class that does not train to the training part; says how many."""
    classes, first = np.unique(codes, return_index=True)
    trained = np.unique(codes[split == TRAIN])
    lonely = ~np.isin(classes, trained) & (classes >= 0)
    if not lonely.any():
        return ""
    split[first[lonely]] = TRAIN
    return f"Classes too small for the split ({int(lonely.sum()):,}) keep one row each in the training part."
