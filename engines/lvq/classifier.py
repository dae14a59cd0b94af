"""The face of classifiers by labelled prototypes: checks of labels and weights, and all uses of the one distance."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin

from engines.base import check_sample_weight
from engines.lvq.kernels import class_distances
from engines.lvq.labels import LabelledRows, check_labels, codes_of, encode_labels, row_weights
from engines.lvq.measured import MeasuredCodebook
from engines.rows import ArrayRows, RowSource, is_row_source


class PrototypeClassifier(ClassifierMixin, MeasuredCodebook):  # type: ignore[misc]
    """Base of engines that classify by the nearest of labelled prototypes.

    Everything below stands on the distance of `MeasuredCodebook`.

    Attributes
    ----------
    prototypes_ : ndarray of shape (M, d)
    prototype_labels_ : ndarray of shape (M,)
        Class values.
    classes_ : ndarray of shape (C,)
        Sorted class values.
    """

    FITTED: ClassVar[tuple[str, ...]] = ("prototypes_", "prototype_labels_", "classes_")

    prototype_labels_: NDArray[Any]
    classes_: NDArray[Any]

    def predict(self, X: Any) -> NDArray[Any]:
        """Class (n,) of each row's nearest prototype; of equally near classes the first."""
        nearest = self._class_distances(X).argmin(axis=1)
        return np.asarray(self.classes_[nearest])

    def predict_proba(self, X: Any) -> NDArray[Any]:
        """Confidence (n, C) in each class: (1/D_c) / Σ(1/D), with D_c the squared distance to the nearest of class c.

        For two classes it is (1 - μ)/2 with μ the relative distance that training minimises. It is 1 at a prototype,
        does not depend on units, and its largest entry is the predicted class. It is not a calibrated probability.
        """
        D = self._class_distances(X)
        nearest = D.min(axis=1, keepdims=True)
        with np.errstate(invalid="ignore", divide="ignore"):
            closeness = np.where(nearest == D, 1, nearest / D)  # also where a prototype is hit, D = 0
        return np.asarray(closeness / closeness.sum(axis=1, keepdims=True))

    def decision_function(self, X: Any) -> NDArray[Any]:
        """-μ of each class, as if it were the row's: (D_others - D_c)/(D_others + D_c), from -1 to 1.

        Returns
        -------
        ndarray
            (n, C); for two classes (n,), that of the second class, so that positive means the second.
        """
        D = self._class_distances(X)
        order = np.argsort(D, axis=1, kind="stable")
        first = np.take_along_axis(D, order[:, :1], axis=1)
        second = np.take_along_axis(D, order[:, 1:2], axis=1)
        others = np.where(np.arange(D.shape[1]) == order[:, :1], second, first)
        total = others + D
        scores = np.divide(others - D, total, out=np.zeros_like(D), where=(total > 0) & np.isfinite(total))
        return np.asarray(scores[:, 1] if len(self.classes_) == 2 else scores)

    def _class_distances(self, X: Any) -> NDArray[Any]:
        """Squared distance (n, C) of each row to the nearest prototype of each class."""
        rows = self._new_rows(X)
        labels = codes_of(self.prototype_labels_, self.classes_)
        found = np.empty((rows.shape[0], len(self.classes_)), dtype=rows.dtype)

        def one(D: NDArray[Any], here: slice) -> None:
            class_distances(D, labels, found[here])

        self._each_block(rows, one)
        return found

    def _labelled(
        self, X: Any, y: Any, sample_weight: Any, class_weight: Any, validation: tuple[Any, Any] | None
    ) -> tuple[LabelledRows, LabelledRows | None, NDArray[Any]]:
        """Checked rows with codes and weights, those to validate on, and the classes; rows of weight 0 are left out."""
        name = type(self).__name__
        if y is None:
            raise ValueError(f"{name} requires y to be passed, but the target y is None.")
        rows, labels = self._training_rows(X, y, min_rows=2)
        weights = check_sample_weight(sample_weight, rows.shape[0])
        labels = check_labels(labels, rows.shape[0], name)
        weighty = np.arange(len(labels)) if weights is None else np.flatnonzero(weights)
        classes, codes = encode_labels(labels[weighty], len(weighty), name)
        s = row_weights(class_weight, classes, codes, None if weights is None else weights[weighty])
        data = LabelledRows(rows, codes, s, float(s.mean()))
        if len(weighty) < len(labels):
            every = np.zeros(len(labels), dtype=np.int64)
            every[weighty] = codes
            spread = np.zeros(len(labels))
            spread[weighty] = s
            data = LabelledRows(rows, every, spread, 1.0).alone(weighty)
        return data, self._labelled_validation(validation, rows, classes), classes

    def _labelled_validation(
        self, validation: tuple[Any, Any] | None, rows: RowSource, classes: NDArray[Any]
    ) -> LabelledRows | None:
        if validation is None:
            return None
        X, y = validation
        if is_row_source(X):
            if X.shape[1] != self.n_features_in_:
                raise ValueError(
                    f"The validation rows have {X.shape[1]} features, the training rows {self.n_features_in_}."
                )
            there = self._watched(X)
        else:
            checked = self._checked(X, reset=False)
            there = ArrayRows(checked.astype(rows.dtype, copy=False))
        codes = codes_of(check_labels(y, there.shape[0], type(self).__name__), classes)
        return LabelledRows(there, codes, np.ones(len(codes)), 1.0)
