"""Figures of a model over all rows of its dataset, from one pass in bounded memory; neither words nor pictures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.reports.learned import Block, Trained
from workbench.views.confusion import count_confusions


@dataclass(frozen=True, eq=False)
class Assessment:
    """What every row says of the model; an engine of several books, or of bits, counts as one prototype, M = 1.

    Attributes
    ----------
    rows : (3,) int64
        Rows of the training, validation and test part.
    counts : (3, M) int64
        Rows of each part that each prototype stands for.
    distance_sums, squared_sums : (3, M) float64
        Sums of the distances to the nearest prototype, and of their squares.
    farthest : (M,) float64
        Greatest distance of a row to its prototype; 0 without rows.
    classes : (M, C) int64
        Rows of each class that each prototype stands for; (M, 0) without labels.
    class_rows : (3, C) int64
        Rows of each class in each part.
    confusion : (3, C, C) int64 or None
        By part, true class and predicted class; None where no class is predicted.
    """

    rows: NDArray[np.int64]
    counts: NDArray[np.int64]
    distance_sums: NDArray[np.float64]
    squared_sums: NDArray[np.float64]
    farthest: NDArray[np.float64]
    classes: NDArray[np.int64]
    class_rows: NDArray[np.int64]
    confusion: NDArray[np.int64] | None

    @property
    def n_used(self) -> int:
        """Prototypes that stand for at least one training row."""
        return int(np.count_nonzero(self.counts[0]))

    @property
    def perplexity(self) -> float:
        """exp of the entropy of the training counts: how many prototypes are in use, evenly counted."""
        shares = self.counts[0] / max(1, int(self.counts[0].sum()))
        shares = shares[shares > 0]
        return float(np.exp(-(shares * np.log(shares)).sum()))

    def mean_squared_distance(self, part: int) -> float:
        """Mean over the rows of a part of the squared distance to the nearest prototype; NaN without rows."""
        n = int(self.rows[part])
        return float(self.squared_sums[part].sum() / n) if n else float("nan")

    def mean_distance(self) -> NDArray[np.float64]:
        """(M,) mean distance of all rows of each prototype to it; NaN without rows."""
        counts = self.counts.sum(axis=0)
        means: NDArray[np.float64] = np.divide(
            self.distance_sums.sum(axis=0), counts, out=np.full(len(counts), np.nan), where=counts > 0
        )
        return means


def assess(run: Trained, blocks: Iterable[Block]) -> Assessment:
    """Go once through all rows, which are given as `Trained.blocks` gives them."""
    n_prototypes, n_classes = run.n_cells, len(run.data.classes)
    split, codes = run.split, run.row_codes
    supervised = run.run.engine.supervised and codes is not None
    counts = np.zeros((3, n_prototypes), np.int64)
    sums, squares = np.zeros((3, n_prototypes)), np.zeros((3, n_prototypes))
    farthest = np.zeros(n_prototypes)
    classes = np.zeros((n_prototypes, n_classes), np.int64)
    confusion = np.zeros((3, n_classes, n_classes), np.int64)
    for block in blocks:
        here = slice(block.start, block.start + len(block.winners))
        cell = split[here].astype(np.int64) * n_prototypes + block.winners
        for table, weights in ((sums, block.distances), (squares, block.distances**2)):
            table += np.bincount(cell, weights, 3 * n_prototypes).reshape(3, -1)
        counts += np.bincount(cell, minlength=3 * n_prototypes).reshape(3, -1)
        np.maximum.at(farthest, block.winners, block.distances)
        if codes is not None and n_classes:
            known = codes[here] >= 0
            pair = block.winners[known] * n_classes + codes[here][known]
            classes += np.bincount(pair, minlength=classes.size).reshape(classes.shape)
            if block.predicted is not None:
                confusion += count_confusions(codes[here], block.predicted, split[here], n_classes)
    return Assessment(
        rows=np.bincount(split, minlength=3).astype(np.int64),
        counts=counts,
        distance_sums=sums,
        squared_sums=squares,
        farthest=farthest,
        classes=classes,
        class_rows=_class_rows(split, codes, n_classes),
        confusion=confusion if supervised else None,
    )


def _class_rows(split: NDArray[np.uint8], codes: NDArray[np.int32] | None, n_classes: int) -> NDArray[np.int64]:
    if codes is None:
        return np.zeros((3, n_classes), np.int64)
    known = codes >= 0
    cell = split[known].astype(np.int64) * n_classes + codes[known]
    return np.bincount(cell, minlength=3 * n_classes).reshape(3, n_classes).astype(np.int64)
