"""The training part of a dataset cut in folds: what is learned from and what is held out, each with its own recipe."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines import RowSource
from workbench.data import FittedRecipe
from workbench.data.fitting import fit_recipe
from workbench.data.rows import KeptColumns
from workbench.data.watch import Watch
from workbench.session.checks import trained_classes
from workbench.session.dataset import Dataset
from workbench.session.errors import SessionError
from workbench.session.rows import HELD_BYTES, TrainingRows, held

Rows = NDArray[Any] | RowSource
Cut = tuple[NDArray[np.int64], NDArray[np.int64]]


@dataclass(frozen=True, eq=False)
class Fold:
    """What is learned from, and what is held out and judged.

    Attributes
    ----------
    X, y
        Rows (n, d) of an array or a source, and labels (n,), or None.
    X_out, y_out
        Those held out.
    """

    X: Rows
    y: NDArray[Any] | None
    X_out: Rows
    y_out: NDArray[Any] | None


class Folds:
    """The folds of one dataset, the same for every trial; the validation and the test part are not in them.

    The preprocessing is fitted anew for each fold, without the rows that are held out, so that nothing is known of
    them when they are judged.

    Parameters
    ----------
    dataset : Dataset
    supervised : bool
        Whether the engine learns from labels: then the rows that have one are cut, each class alike.
    n_folds, seed : int
    cancelled : callable
        Whether to give up; what is asked for then raises Cancelled.
    """

    def __init__(
        self, dataset: Dataset, supervised: bool, n_folds: int, seed: int, cancelled: Callable[[], bool]
    ) -> None:
        self._dataset = dataset
        self._supervised = supervised
        self._cancelled = cancelled
        self.cuts = cut(dataset, supervised, n_folds, seed)
        row = dataset.n_features * dataset.recipe.dtype.itemsize
        self._keep = n_folds * dataset.n_in("train", labelled=supervised) * row <= HELD_BYTES
        self._kept: dict[int, Fold] = {}
        self._recipes: dict[int, FittedRecipe] = {}

    def __getitem__(self, k: int) -> Fold:
        """Fold `k`; kept for the next trial where there is memory for all of them."""
        fold = self._kept.get(k)
        if fold is None:
            learned, out = self.cuts[k]
            recipe = self._recipe(k)
            fold = Fold(
                self._rows(recipe, learned, learned), self._labels(learned),
                self._rows(recipe, out, learned), self._labels(out),
            )  # fmt: skip
            if self._keep:
                self._kept[k] = fold
        return fold

    def _recipe(self, k: int) -> FittedRecipe:
        """The dataset's recipe as fitted without the rows that fold `k` holds out.

        Rows that were dropped since count in it, as they do in the recipe that a run learns with.
        """
        dataset = self._dataset
        if dataset.recipe.changes_nothing:
            return dataset.recipe
        if k not in self._recipes:
            training = dataset.split == 0
            training[self.cuts[k][1]] = False
            recipe, names = dataset.recipe.recipe, dataset.raw_names
            self._recipes[k] = fit_recipe(recipe, dataset.raw, names, training, Watch(stop=self._cancelled))
        return self._recipes[k]

    def _rows(self, recipe: FittedRecipe, index: NDArray[np.int64], learned: NDArray[np.int64]) -> Rows:
        rows: RowSource = TrainingRows(self._dataset.raw, recipe, index)
        if self._dataset.kind == "dissimilarity":  # from the rows that are learned from, and from no others
            columns = self._dataset.index("train", labelled=self._dataset.has_labels)
            places = learned if columns is None else np.searchsorted(columns, learned)
            rows = KeptColumns(rows, places)
        n, d = rows.shape
        return held(rows, self._cancelled) if n * d * rows.dtype.itemsize <= HELD_BYTES else rows

    def _labels(self, index: NDArray[np.int64]) -> NDArray[Any] | None:
        codes = self._dataset.codes if self._supervised else None
        return None if codes is None else np.asarray(self._dataset.classes)[codes[index]]


def cut(dataset: Dataset, supervised: bool, n_folds: int, seed: int) -> list[Cut]:
    """Row numbers, increasing, that each fold learns from and holds out.

    They are those of scikit-learn's `StratifiedKFold` or, without labels to learn from, `KFold`, shuffled by `seed`.
    """
    from sklearn.model_selection import KFold, StratifiedKFold

    index = dataset.index("train", labelled=supervised)
    index = np.arange(dataset.n_rows) if index is None else index
    codes = dataset.codes if supervised else None
    kind = KFold if codes is None else StratifiedKFold
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of rare classes, which `check_folds` tells of
        splits = kind(n_folds, shuffle=True, random_state=seed).split(index, None if codes is None else codes[index])
        return [(index[learned], index[out]) for learned, out in splits]


def check_folds(dataset: Dataset, supervised: bool, n_folds: int) -> tuple[str, ...]:
    """Remarks on folds of this number.

    Raises
    ------
    SessionError
        If there cannot be so many.
    """
    n_rows = dataset.n_in("train", labelled=supervised)
    if not 2 <= n_folds <= n_rows:
        raise SessionError(
            f"{n_folds} folds cannot be made of the {n_rows:,} training rows of dataset '{dataset.name}': choose 2 or "
            "more, but no more than rows."
        )
    if not supervised or dataset.codes is None:
        return ()
    index = dataset.index("train", labelled=True)
    sizes = np.bincount(dataset.codes if index is None else dataset.codes[index], minlength=len(dataset.classes))
    sizes = sizes[trained_classes(dataset)]
    if sizes.max() < n_folds:
        raise SessionError(
            f"{n_folds} folds are more than any class of dataset '{dataset.name}' has training rows: choose at most "
            f"{sizes.max()}."
        )
    rare = [str(dataset.classes[code]) for code, n in zip(trained_classes(dataset), sizes, strict=True) if n < n_folds]
    if not rare:
        return ()
    named = ", ".join(rare[:3]) + (f" and {len(rare) - 3} more" if len(rare) > 3 else "")
    return (f"There are fewer rows than folds of {named}: some folds hold none of them out.",)
