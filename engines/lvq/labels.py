"""Labels and weights of rows: class codes, class weights, prototypes per class, and the rows that carry all of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d

from engines.rows import RowSource, SelectedRows


@dataclass(frozen=True, eq=False)
class LabelledRows:
    """Rows with their class and weight.

    Attributes
    ----------
    rows : RowSource of shape (n, d)
    codes : int64 array of shape (n,)
        Class of each row, as a number among the sorted classes.
    weights : float64 array of shape (n,)
        Weight sᵢ of each row, class weights included.
    mean_weight : float
        What Σsᵢ/n is over all the rows that these were taken from, so that batches stay unbiased.
    """

    rows: RowSource
    codes: NDArray[np.int64]
    weights: NDArray[np.float64]
    mean_weight: float

    def __len__(self) -> int:
        return len(self.codes)

    def part(self, index: NDArray[np.int64], mean_weight: float | None = None) -> LabelledRows:
        """The rows with the numbers in `index`, in that order."""
        rows = self.rows
        if isinstance(rows, SelectedRows):
            selected = SelectedRows(rows.source, rows.index[index])
        else:
            selected = SelectedRows(rows, index)
        return LabelledRows(
            selected, self.codes[index], self.weights[index], self.mean_weight if mean_weight is None else mean_weight
        )

    def alone(self, index: NDArray[np.int64]) -> LabelledRows:
        """As `part`, but as a whole of its own."""
        return self.part(index, float(self.weights[index].mean()))


def encode_labels(y: Any, n_rows: int, owner: str) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Sorted classes, and each row's number among them.

    Raises
    ------
    ValueError
        If there are no labels, not one a row, not of classes, or of one class only.
    """
    labels = check_labels(y, n_rows, owner)
    classes, codes = np.unique(labels, return_inverse=True)
    if len(classes) < 2:
        raise ValueError(f"{owner} needs rows of at least two classes, but all rows are of one class, {classes[0]!r}.")
    return classes, codes.astype(np.int64)


def check_labels(y: Any, n_rows: int, owner: str) -> NDArray[Any]:
    """Labels as a (n,) array; raises ValueError unless there is one class label for each row."""
    if y is None:
        raise ValueError(f"{owner} requires y to be passed, but the target y is None.")
    labels = column_or_1d(y, warn=True)
    if len(labels) != n_rows:
        raise ValueError(f"There are {len(labels)} labels for {n_rows} rows: one label for each row is needed.")
    if labels.dtype.kind == "f" and not np.all(np.isfinite(labels)):
        raise ValueError("Input y contains NaN or infinity: every row needs a label.")
    if labels.dtype.kind == "O":
        _check_objects(labels.tolist())
    check_classification_targets(labels)
    return np.asarray(labels)


def _check_objects(labels: list[Any]) -> None:
    """Raise ValueError if a label is missing, or some are text and others are not."""
    for i, label in enumerate(labels):
        if label is None:
            raise ValueError(f"Input y contains None in row {i}: every row needs a label.")
    kinds = {type(label) for label in labels}
    if str in kinds and len(kinds) > 1:
        names = " and ".join(sorted(kind.__name__ for kind in kinds))
        raise ValueError(f"Input y contains labels of unlike types, {names}: make all of them text.")


def codes_of(labels: NDArray[Any], classes: NDArray[Any]) -> NDArray[np.int64]:
    """Each label's number among the sorted `classes`.

    Raises
    ------
    ValueError
        If a label is none of them.
    """
    place = {value: k for k, value in enumerate(classes.tolist())}
    try:
        return np.array([place[value] for value in labels.tolist()], dtype=np.int64)
    except KeyError as error:
        raise ValueError(f"The validation rows have the class {error.args[0]!r}, which no training row has.") from None


def row_weights(
    class_weight: Mapping[Any, float] | str | None,
    classes: NDArray[Any],
    codes: NDArray[np.int64],
    sample_weight: NDArray[np.float64] | None,
) -> NDArray[np.float64]:
    """Weight of each row: its sample weight times the weight of its class.

    "balanced" gives each class the same total; a mapping gives weights by class value, or by its text, and 1 to
    the classes it leaves out.

    Raises
    ------
    ValueError
        If the mapping names a class that there is not, or a weight is negative or not finite.
    """
    weights = np.ones(len(codes)) if sample_weight is None else sample_weight
    if class_weight is None:
        return weights
    if isinstance(class_weight, str):
        totals = np.bincount(codes, weights, len(classes))
        factors = totals.sum() / (len(classes) * totals)
    else:
        factors = np.ones(len(classes))
        place = {str(value): k for k, value in enumerate(classes.tolist())}
        for value, weight in class_weight.items():
            if str(value) not in place:
                raise ValueError(f"class_weight names the class {value!r}, which no row has.")
            if not (math.isfinite(weight) and weight >= 0):
                raise ValueError(f"class_weight of {value!r} must be finite and not negative, got {weight!r}.")
            factors[place[str(value)]] = weight
        if not factors[codes] @ weights > 0:
            raise ValueError("class_weight leaves no row any weight.")
    return np.asarray(weights * factors[codes])


def prototype_counts(
    per_class: int | Sequence[int] | str, codes: NDArray[np.int64], classes: NDArray[Any]
) -> NDArray[np.int64]:
    """Number of prototypes of each class: given, or "auto" for 10√C shared evenly by the C classes.

    "auto" gives no class more prototypes than it has rows.

    Raises
    ------
    ValueError
        If a list has another length than there are classes.
    """
    n_classes = len(classes)
    if isinstance(per_class, str):
        share = max(1, round(10 * math.sqrt(n_classes) / n_classes))
        return np.minimum(share, np.bincount(codes, minlength=n_classes)).astype(np.int64)
    counts = np.full(n_classes, per_class) if isinstance(per_class, int | np.integer) else np.asarray(per_class)
    if counts.shape != (n_classes,):
        raise ValueError(f"prototypes_per_class has {len(counts)} numbers for {n_classes} classes: one each is needed.")
    return counts.astype(np.int64)
