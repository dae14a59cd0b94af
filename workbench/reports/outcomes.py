"""What several runs make of the same rows, kept row by row, and what that says of each pair of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.reports.assessment import Assessment, assess
from workbench.reports.learned import Block, Trained, Watch
from workbench.views.agreement import PartAgreement, cells_agreement, part_agreements
from workbench.views.intervals import mean_interval
from workbench.views.model_answers import flat


@dataclass(frozen=True, eq=False)
class Outcomes:
    """One run on all rows that are kept, in their order.

    Attributes
    ----------
    cells : (n,) int32 or None
        Prototype of each row; None where rows do not belong to prototypes.
    predicted : (n,) int32 or None
        Class codes; None for an engine that predicts no classes.
    squares : (n,) float64 or None
        Squared Euclidean distance, in training units, of each row to what stands for it, whatever metric the engine
        has; NaN where a value is missing. None where nothing stands for a row in these units.
    """

    cells: NDArray[np.int32] | None
    predicted: NDArray[np.int32] | None
    squares: NDArray[np.float64] | None


@dataclass(frozen=True)
class Pair:
    """Two runs, by their numbers, on the same rows.

    Attributes
    ----------
    first, second : int
    classes : PartAgreement or None
        Of two classifiers on the labelled rows of one part.
    gain : (mean, low, high) or None
        Squares of the first less those of the second, on average over the rows of that part, with the 95 % interval.
    cells : (adjusted Rand index, normalised mutual information) or None
        Of their cells, over all rows.
    """

    first: int
    second: int
    classes: PartAgreement | None
    gain: tuple[float, float, float] | None
    cells: tuple[float, float] | None


def assess_rows(run: Trained, watch: Watch) -> tuple[Assessment, Outcomes]:
    """Go once through all rows, and keep what becomes of each."""
    n = len(run.numbers)
    has_squares = run.data.kind != "dissimilarity" and _lies_among_rows(run)
    kept = Outcomes(
        cells=np.empty(n, np.int32) if run.has_prototypes else None,
        predicted=np.empty(n, np.int32) if run.run.engine.supervised else None,
        squares=np.empty(n) if has_squares else None,
    )
    return assess(run, _recorded(run, kept, watch)), kept


def _recorded(run: Trained, kept: Outcomes, watch: Watch) -> Iterator[Block]:
    for block in run.blocks(watch):
        here = slice(block.start, block.start + len(block.winners))
        if kept.cells is not None:
            kept.cells[here] = block.winners
        if kept.predicted is not None and block.predicted is not None:
            kept.predicted[here] = block.predicted
        if kept.squares is not None:
            kept.squares[here] = _squares(run, block)
        yield block


def _lies_among_rows(run: Trained) -> bool:
    """Whether what stands for a row is a row in training units."""
    return not run.has_prototypes or run.prototypes.shape[1] == run.data.n_features


def _squares(run: Trained, block: Block) -> NDArray[Any]:
    if not run.has_prototypes:  # what the codes decode to
        return np.square(block.distances)
    stands = np.asarray(run.prototypes, np.float64)[block.winners]
    return np.asarray(np.square(flat(block.X).astype(np.float64) - stands).sum(axis=1))


def pairs_of(
    outcomes: Sequence[Outcomes], codes: NDArray[np.int32] | None, split: NDArray[np.uint8], part: int
) -> tuple[Pair, ...]:
    """Every pair of runs, compared on the rows of one part, and their cells on all rows.

    Parameters
    ----------
    codes : (n,) or None
        Class codes of the rows, -1 without a label.
    split : (n,)
        Part of each row, as in `views.PARTS`.
    """
    mine = split == part
    return tuple(
        Pair(
            i,
            j,
            None if codes is None else _classes(outcomes[i], outcomes[j], codes, split, mine),
            _gain(outcomes[i], outcomes[j], mine),
            _cells(outcomes[i], outcomes[j]),
        )
        for i, j in combinations(range(len(outcomes)), 2)
    )


def _classes(
    one: Outcomes, other: Outcomes, codes: NDArray[np.int32], split: NDArray[np.uint8], mine: NDArray[np.bool_]
) -> PartAgreement | None:
    if one.predicted is None or other.predicted is None:
        return None
    first, second, true = (values[mine].astype(np.int64) for values in (one.predicted, other.predicted, codes))
    return next(iter(part_agreements(first, second, true, split[mine])), None)


def _gain(one: Outcomes, other: Outcomes, mine: NDArray[np.bool_]) -> tuple[float, float, float] | None:
    if one.squares is None or other.squares is None:
        return None
    return mean_interval(one.squares[mine] - other.squares[mine])


def _cells(one: Outcomes, other: Outcomes) -> tuple[float, float] | None:
    if one.cells is None or other.cells is None:
        return None
    return cells_agreement(one.cells.astype(np.int64), other.cells.astype(np.int64))
