"""The scikit-learn face that every engine wears: checking of input, `train` and `fit`, feature names, fitted state."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data

from engines.parameters import check_all
from engines.rows import ArrayRows, CheckedRows, RowSource, as_float_rows, check_values, is_row_source
from engines.training import Learner, State, Training

FLOATS = (np.float64, np.float32)


class Engine(BaseEstimator):  # type: ignore[misc]
    """Base of all engines: a scikit-learn estimator whose learning can be pulled step by step.

    An engine writes its `__init__` (each parameter annotated with a `Param`), `_learner`, `FITTED`, and the
    methods that use what was learned. Both float32 and float64 input are computed in their own precision.
    """

    FITTED: ClassVar[tuple[str, ...]] = ()
    """Fitted attributes, with underscore, that make a model whole; the rest are properties of these."""

    def train(
        self,
        X: Any,
        y: Any = None,
        *,
        sample_weight: Any = None,
        validation: tuple[Any, Any] | None = None,
        resume: State | None = None,
    ) -> Training:
        """Start a training that is pulled step by step.

        Parameters
        ----------
        X : array-like of shape (n, d), or RowSource
            Rows; float32 and float64 are kept, anything else becomes float64.
        y : array-like of shape (n,), optional
            Labels, for supervised engines.
        sample_weight : array-like of shape (n,), optional
            Non-negative weight of each row; None weighs all alike.
        validation : pair (X, y), optional
            Rows that are scored and never learned from.
        resume : dict, optional
            What `Training.state` gave: go on from there, bit for bit.

        Raises
        ------
        ValueError
            If a parameter, the data or the state to resume is unfit, in one sentence.
        """
        check_all(self)
        name = type(self).__name__
        if resume is not None and resume.get("engine") != name:
            raise ValueError(f"{name} cannot resume a training of {resume.get('engine')!r}.")
        learner = self._learner(X, y, sample_weight, validation)
        parameters = {"parameter." + key: value for key, value in plain_parameters(self).items()}
        return Training(self, learner, {"engine": name, **parameters}, resume)

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Train to the end.

        Parameters
        ----------
        X : array-like of shape (n, d), or RowSource
        y : array-like of shape (n,), optional
        sample_weight : array-like of shape (n,), optional

        Returns
        -------
        self
        """
        self.train(X, y, sample_weight=sample_weight).run()
        return self

    def __sklearn_is_fitted__(self) -> bool:
        """Whether anything was learned; a training that has only begun to look at the data has not."""
        return all(hasattr(self, name) for name in self.FITTED)

    @abstractmethod
    def _learner(self, X: Any, y: Any, sample_weight: Any, validation: tuple[Any, Any] | None) -> Learner:
        """Check the data and give the learner for it; raises ValueError before anything is computed."""

    def adopt(self, fitted: Mapping[str, Any]) -> None:
        """Take fitted attributes (with underscore) as this engine's own."""
        for name, value in fitted.items():
            setattr(self, name, value)

    @classmethod
    def from_arrays(cls, parameters: Mapping[str, Any], arrays: Mapping[str, Any]) -> Self:
        """A fitted engine from the arrays of a snapshot (names without underscore; others are ignored)."""
        model = cls(**parameters)
        model.adopt({name: arrays[name[:-1]] for name in cls.FITTED if name[:-1] in arrays})
        model.n_features_in_ = cls._n_features_of(arrays)
        return model

    @classmethod
    def _n_features_of(cls, arrays: Mapping[str, Any]) -> int:
        """Width d of the rows that a snapshot's arrays were learned from."""
        return math.prod(np.shape(arrays["prototypes"])[1:])

    def _training_rows(self, X: Any, y: Any = None, *, min_rows: int = 1) -> tuple[RowSource, Any]:
        """Checked rows to learn from, and the labels as given; sets `n_features_in_` and the feature names."""
        if is_row_source(X):
            self.n_features_in_ = X.shape[1]
            if X.shape[0] < min_rows or X.shape[1] < 1:
                raise ValueError(f"Found a source of shape {X.shape} while a minimum of {min_rows} rows is required.")
            return as_float_rows(X), y
        if y is None:
            checked = self._checked(X, ensure_min_samples=min_rows)
            return ArrayRows(checked), None
        checked, labels = self._checked(X, y, ensure_min_samples=min_rows)
        return ArrayRows(checked), labels

    def _validation_rows(self, validation: tuple[Any, Any]) -> RowSource:
        """Checked rows to score while learning; to be called when the training rows have been checked.

        Raises
        ------
        ValueError
            If there are none, or they have another width.
        """
        X = validation[0]
        held_out = X if is_row_source(X) else ArrayRows(self._checked(X, reset=False))
        if held_out.shape[0] < 1 or held_out.shape[1] != self.n_features_in_:
            raise ValueError(
                f"The validation rows have shape {held_out.shape}; at least one row of "
                f"{self.n_features_in_} features is needed."
            )
        return self._watched(held_out) if is_row_source(X) else held_out

    def _new_rows(self, X: Any) -> RowSource:
        """Checked rows for a fitted engine."""
        check_is_fitted(self)
        if is_row_source(X):
            if X.shape[1] != self.n_features_in_:
                raise ValueError(
                    f"X has {X.shape[1]} features, but {type(self).__name__} "
                    f"is expecting {self.n_features_in_} features as input"
                )
            return self._watched(X)
        return ArrayRows(self._checked(X, reset=False))

    def _watched(self, source: RowSource) -> RowSource:
        """Rows of a source as floats, refused as they are read where an array of them would be."""
        return CheckedRows(as_float_rows(source), self._allows_nan)

    @property
    def _allows_nan(self) -> bool:
        return bool(self.__sklearn_tags__().input_tags.allow_nan)

    def _checked(self, X: Any, *y: Any, **asked: Any) -> Any:
        """What scikit-learn's `validate_data` makes of rows; NaN passes where the engine's tags allow it."""
        finite = "allow-nan" if self._allows_nan else True
        with np.errstate(over="ignore", invalid="ignore"):  # it adds values up: infinities of both signs may meet
            checked = validate_data(self, X, *y, dtype=FLOATS, order="C", ensure_all_finite=finite, **asked)
        check_values(checked[0] if y else checked, allow_nan=self._allows_nan)
        return checked


def plain_parameters(engine: BaseEstimator) -> dict[str, Any]:
    """The engine's parameters as JSON values and arrays; a RandomState becomes None, its draw being in the state."""
    plain: dict[str, Any] = {}
    for name, value in engine.get_params(deep=False).items():
        if isinstance(value, np.random.RandomState):
            value = None
        elif isinstance(value, np.generic):
            value = value.item()
        elif isinstance(value, list | tuple):
            value = [v.item() if isinstance(v, np.generic) else v for v in value]
        plain[name] = value
    return plain


def generator(random_state: int | np.random.RandomState | None) -> np.random.Generator:
    """The engine's own random generator; an instance gives a fresh draw each time, as in scikit-learn."""
    if isinstance(random_state, np.random.RandomState):
        return np.random.default_rng(random_state.randint(2**31, size=4))
    return np.random.default_rng(random_state)


def generator_state(rng: np.random.Generator) -> dict[str, Any]:
    """The generator's state as a JSON value (its integers pass 64 bits)."""
    return dict(rng.bit_generator.state)


def generator_from_state(state: Mapping[str, Any]) -> np.random.Generator:
    """The generator that `generator_state` described."""
    rng = np.random.default_rng(0)
    rng.bit_generator.state = dict(state)
    return rng


def check_sample_weight(sample_weight: Any, n_rows: int) -> NDArray[np.float64] | None:
    """Weights as (n,) float64, or None for none.

    Raises
    ------
    ValueError
        If the shape is wrong or a weight is negative, not finite, or all are zero.
    """
    if sample_weight is None:
        return None
    weights = np.asarray(sample_weight, dtype=np.float64)
    if weights.ndim == 0:
        weights = np.full(n_rows, float(weights))
    if weights.shape != (n_rows,):
        raise ValueError(f"sample_weight has shape {weights.shape}, expected ({n_rows},): one weight for each row.")
    if not np.all(np.isfinite(weights)) or weights.min() < 0 or weights.sum() <= 0:
        raise ValueError("sample_weight must be finite, not negative, and not zero everywhere.")
    return weights
