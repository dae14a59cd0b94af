"""Arrays whose rows are SPD matrices, or signals that covariances are made of: told apart, checked, never changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray

from engines.parameters import Param
from engines.rows import RowSource
from engines.spd.covariances import ESTIMATORS, Estimator, covariances
from engines.spd.matrices import Fault, as_stack, eigen, faults, side_of
from workbench.data.columns import MOST_COLUMNS
from workbench.data.errors import DataError
from workbench.data.plan import Column
from workbench.data.recipe import Recipe
from workbench.data.rows import Spool, row_blocks
from workbench.data.watch import Watch

Matrices = Annotated[
    Literal["auto", "none", "given", "empirical", "oas", "ledoit-wolf"],
    Param(
        "SPD matrices: the rows as they are given (n, k, k), or covariances of signals (n, channels, times), "
        "empirical or shrunk; none for pictures and plain columns"
    ),
]
"""An option of importers of arrays."""


@dataclass(frozen=True)
class MatrixRows:
    """How rows become SPD matrices.

    Attributes
    ----------
    k : int
        Rows and columns of a matrix.
    estimator : str or None
        Of the covariance of the signal that a row is; None where the rows are matrices themselves.
    """

    k: int
    estimator: Estimator | None

    @property
    def columns(self) -> tuple[Column, ...]:
        """One feature per entry, row by row, counted from 0."""
        return tuple(Column(f"entry {i},{j}") for i in range(self.k) for j in range(self.k))

    def told(self, n_values: int) -> tuple[str, ...]:
        """What becomes of rows of so many values, in a sentence for people; none where they stay as they are."""
        if self.estimator is None:
            return ()
        times = n_values // self.k
        return (f"Each row is a signal, {self.k:,} channels × {times:,} times, and becomes its covariance matrix.",)

    def of(self, block: NDArray[Any]) -> NDArray[Any]:
        """Rows (b, d) of the array as matrices, row by row (b, k²); NaN throughout where a signal has a gap."""
        if self.estimator is None:
            return block
        made = np.full((len(block), self.k**2), np.nan)
        whole = np.isfinite(block).all(axis=1)
        signals = block[whole].reshape(-1, self.k, block.shape[1] // self.k)
        made[whole] = covariances(signals, self.estimator).reshape(-1, self.k**2)
        return made

    def spooled(self, rows: RowSource, places: NDArray[np.intp] | None, watch: Watch) -> Spool:
        """All rows (n, d) of the array as matrices in a temporary file, or these entries of them."""
        spool = Spool(self.k**2 if places is None else len(places), np.float64)
        try:
            for start, stop in row_blocks(*rows.shape):
                watch(start / rows.shape[0])
                made = self.of(rows.read(start, stop))
                spool.append(made if places is None else made[:, places])
        except BaseException:
            spool.close()
            raise
        return spool


def matrix_rows(choice: str, shape: tuple[int, ...], name: str) -> MatrixRows | None:
    """What the option, found out already, makes of an array; None for "none".

    Raises
    ------
    DataError
        If an array of this shape has no such rows.
    """
    if choice == "none":
        return None
    signals = choice in ESTIMATORS
    fits = len(shape) == 3 and (shape[2] > 1 if signals else shape[1] == shape[2])
    if not fits:
        wanted = "signals (n, channels, times)" if signals else "matrices (n, k, k)"
        raise DataError(f"{name} has the shape {shape}, but {wanted} are needed: choose none for the option matrices.")
    return MatrixRows(shape[1], choice if signals else None)  # type: ignore[arg-type]


def found_out(choice: str, shape: tuple[int, ...], dtype: np.dtype[Any], beginning: Callable[[], NDArray[Any]]) -> str:
    """The option, "auto" replaced: "given" for real matrices (n, k, k) of which the first ones are fit, else "none".

    Long real signals that have too many values to be columns become covariances, which is all that can be made of them.

    Parameters
    ----------
    beginning : callable
        Gives the first rows (b, d).
    """
    if choice != "auto":
        return choice
    if len(shape) != 3 or 0 in shape or dtype.kind != "f":
        return "none"
    _, channels, times = shape
    if channels * times > MOST_COLUMNS and 4 * channels <= times:
        return "oas"
    return "given" if channels == times > 1 and _look_like_matrices(beginning(), channels) else "none"


def _look_like_matrices(block: NDArray[Any], k: int) -> bool:
    """Whether rows (b, k²) are symmetric and positive semi-definite, but for those with gaps."""
    seen = block[np.isfinite(block).all(axis=1)]
    first, rest = seen[:1], seen[1:]  # of pictures the first tells, without eigenvalues of hundreds
    return bool(np.any(seen)) and all(fault.singular for part in (first, rest) for fault in _faults(part, k))


def recipe_faults(recipe: Recipe) -> tuple[str, ...]:
    """Why a recipe does not fit matrices: a sentence for each step that would change them entry by entry."""
    found = []
    if recipe.scaling != "none" or recipe.contrast or recipe.whitening != "none":
        found.append(
            "SPD matrices stay as they are, since scaling, contrast and whitening of single entries would make other "
            'matrices of them: choose none of these, or "none" for the option matrices.'
        )
    if recipe.missing not in ("error", "drop"):
        found.append("Gaps of SPD matrices cannot be filled or left entry by entry: choose to leave such rows out.")
    return tuple(found)


def check_matrices(rows: RowSource, watch: Watch) -> tuple[str, ...]:
    """Look at all matrices (n, k²); gives remarks for people.

    Raises
    ------
    DataError
        If one is not symmetric, or has a negative eigenvalue beyond rounding.
    """
    n, d = rows.shape
    k, n_singular = side_of(d), 0
    for start, stop in row_blocks(n, d):
        watch(start / n)
        for fault in _faults(rows.read(start, stop), k):
            if not fault.singular:
                raise DataError(
                    f"The matrix of row {start + fault.which + 1:,} {fault.reason}: check how it was made, leave it "
                    "out, or choose none for the option matrices."
                )
            n_singular += 1
    if not n_singular:
        return ()
    return (
        f"Matrices that are singular, so that they have no logarithm: {n_singular:,} of {n:,}. An engine for SPD "
        "matrices needs a regularization above 0, or covariances that are shrunk (oas, ledoit-wolf).",
    )


def _faults(block: NDArray[Any], k: int) -> Iterator[Fault]:
    """What is wrong with the matrices of a finite block (b, k²)."""
    stack = as_stack(np.asarray(block).reshape(-1, k, k))
    return faults(stack, eigen(stack)[0])
