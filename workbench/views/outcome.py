"""What one threshold to reject rows by does on one part of the data; which threshold, others say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.views.intervals import wilson
from workbench.views.wording import percent


@dataclass(frozen=True, eq=False)
class Outcome:
    """What one threshold does on a part, in all and by true class.

    Attributes
    ----------
    part : str
    n_rows, n_accepted, n_right : int
        All rows, those that are not rejected, and the right ones of these.
    class_rows, class_accepted, class_right : (C,) int64
        The same of the rows of each class.
    """

    part: str
    n_rows: int
    n_accepted: int
    n_right: int
    class_rows: NDArray[np.int64]
    class_accepted: NDArray[np.int64]
    class_right: NDArray[np.int64]

    @property
    def accepted(self) -> float:
        """Share of the rows that are accepted."""
        return self.n_accepted / self.n_rows

    @property
    def accuracy(self) -> float:
        """Share of the accepted rows that are right; NaN where none is accepted."""
        return self.n_right / self.n_accepted if self.n_accepted else float("nan")

    @property
    def words(self) -> str:
        """Accuracy with its 95 % interval, and what is rejected."""
        low, high = wilson(self.n_right, self.n_accepted)
        right = (
            f"{percent(self.accuracy)} right ({percent(low)} to {percent(high)})" if self.n_accepted else "none left"
        )
        return f"{self.part}: {right}, {percent(1 - self.accepted)} of {self.n_rows:,} rejected"


def outcome(
    part: str,
    sure: NDArray[np.float64],
    true: NDArray[np.int64],
    predicted: NDArray[np.int64],
    threshold: float,
    n_classes: int,
) -> Outcome:
    """Count what is left of rows (n,), their certainties rising, when those below the threshold are rejected."""
    first = int(np.searchsorted(sure, threshold))
    kept, right = true[first:], true[first:] == predicted[first:]
    rows = (np.bincount(codes, minlength=n_classes).astype(np.int64) for codes in (true, kept, kept[right]))
    return Outcome(part, len(true), len(kept), int(right.sum()), *rows)
