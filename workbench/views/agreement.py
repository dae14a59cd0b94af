"""How far two runs agree on the same rows: the same cells, the same classes, and whether one is right more often."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.views.scene import PARTS

Codes = NDArray[np.int64]
SAME, ONLY_FIRST, ONLY_SECOND, BOTH_WRONG, UNKNOWN = range(5)
"""Of a row two classifiers say the same; one alone is right; both are wrong, each in its way; or it has no label and
they differ."""


@dataclass(frozen=True)
class PartAgreement:
    """Two classifiers on the labelled rows of one part of the split.

    Attributes
    ----------
    part : str
    n_rows : int
    right_first, right_second : int
        Rows that each has right.
    only_first, only_second : int
        Rows that it alone has right.
    p : float
        Of McNemar's exact test that both are right equally often.
    """

    part: str
    n_rows: int
    right_first: int
    right_second: int
    only_first: int
    only_second: int
    p: float


def mcnemar(only_first: int, only_second: int) -> float:
    """Two-sided p of the exact test (McNemar 1947, Psychometrika 12:153): of n rows that one alone has right, each
    classifier would have a half; 1 where there is none."""
    from scipy.stats import binomtest

    n = only_first + only_second
    return float(binomtest(only_first, n, 0.5).pvalue) if n else 1.0


def verdicts(first: Codes, second: Codes, true: Codes) -> NDArray[np.int8]:
    """(m,) what became of each row of class `true` (-1 unknown) that was predicted `first` and `second`."""
    found = np.full(len(true), BOTH_WRONG, np.int8)
    found[true < 0] = UNKNOWN
    found[(first == true) & (true >= 0)] = ONLY_FIRST
    found[(second == true) & (true >= 0)] = ONLY_SECOND
    found[first == second] = SAME
    return found


def part_agreements(first: Codes, second: Codes, true: Codes, split: NDArray[np.uint8]) -> tuple[PartAgreement, ...]:
    """One for each part that has labelled rows."""
    found = []
    for code, part in enumerate(PARTS):
        mine = (split == code) & (true >= 0)
        if not mine.any():
            continue
        right_first, right_second = first[mine] == true[mine], second[mine] == true[mine]
        only_first, only_second = int((right_first & ~right_second).sum()), int((right_second & ~right_first).sum())
        found.append(
            PartAgreement(
                part,
                int(mine.sum()),
                int(right_first.sum()),
                int(right_second.sum()),
                only_first,
                only_second,
                mcnemar(only_first, only_second),
            )
        )
    return tuple(found)


def cells_agreement(first: Codes, second: Codes) -> tuple[float, float]:
    """Adjusted Rand index and normalised mutual information of two partitions of the same rows; NaN without rows."""
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

    if not len(first):
        return float("nan"), float("nan")
    return float(adjusted_rand_score(first, second)), float(normalized_mutual_info_score(first, second))


def jaccard(first: Codes, second: Codes, a: Codes, b: Codes) -> NDArray[np.float64]:
    """(p,) rows in both of the cells `a` of one partition and `b` of another, by rows in either; NaN for empty ones.

    Parameters
    ----------
    first, second : (m,)
        Cell of each row in either partition.
    a, b : (p,)
        Cells to compare.
    """
    n_first, n_second = (int(max(v.max(initial=-1), w.max(initial=-1))) + 1 for v, w in ((first, a), (second, b)))
    pairs, together = np.unique(first * n_second + second, return_counts=True)
    counts_first, counts_second = np.bincount(first, minlength=n_first), np.bincount(second, minlength=n_second)
    wanted = a * n_second + b
    at = np.minimum(np.searchsorted(pairs, wanted), max(0, len(pairs) - 1))
    both = np.where(pairs[at] == wanted, together[at], 0) if len(pairs) else np.zeros(len(a), np.int64)
    either = counts_first[a] + counts_second[b] - both
    return np.where(either > 0, both / np.maximum(either, 1), np.nan)
