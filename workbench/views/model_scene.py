"""A fitted engine beside rows, outside of any project: the same scene that a run gives, so the same views show it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from engines import ArrayRows, Snapshot, engine_info
from engines.base import Engine, plain_parameters
from engines.catalog import DataKind, EngineInfo
from workbench.errors import WorkbenchError
from workbench.session import DataSample
from workbench.session.sampling import drawn
from workbench.views.model_answers import codes_of, flat
from workbench.views.scene import Scene
from workbench.views.scene_rows import EveryRow

Array = NDArray[Any]

MOST_ROWS = 5000
"""So many rows are looked at one by one, as of a run."""


class NotToBeSeen(WorkbenchError):
    """Something was given to be shown that no view can show, or that does not fit together."""


class Exhibit:
    """Whatever gives a scene by itself, without being a run or a dataset of one project.

    Attributes
    ----------
    id, rows_id : str
        Under which prototypes, and rows and features, are picked. Things whose ids are equal share what is picked.
    name : str
    n_rows : int
    """

    id: str
    rows_id: str
    name: str
    n_rows: int

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Of the features before any recipe."""
        raise NotImplementedError

    @property
    def sequence(self) -> int:
        """Counts what was learned: whoever remembers it knows whether there is something new."""
        raise NotImplementedError

    @property
    def active(self) -> bool:
        """Whether something is being learned now."""
        return False

    def scene(self) -> Scene | None:
        """What there is to see now; None while there is nothing."""
        raise NotImplementedError


class ModelOnRows(Exhibit):
    """A fitted engine and rows to look at it with; what it learns later is seen too.

    Attributes
    ----------
    model : Engine
    """

    def __init__(
        self,
        model: Engine,
        X: Any = None,
        y: Any = None,
        *,
        name: str = "",
        feature_names: Sequence[str] | None = None,
        units: Sequence[str] | None = None,
        image_shape: tuple[int, ...] | None = None,
    ) -> None:
        """Look at `model` with rows.

        Parameters
        ----------
        model : Engine
            Fitted; any of `engines.catalog()`.
        X : array-like of shape (n, d), optional
            Rows as the model takes them, or (n, k, k) matrices; None for a model alone.
        y : array-like of shape (n,), optional
            Labels; missing ones (None, NaN) are none.
        name : str, optional
            Title; the engine's, if not given.
        feature_names, units : sequences of d str, optional
            The names are those of the columns of `X`, or that the model saw, if not given.
        image_shape : tuple of int, optional
            (rows, columns) or (rows, columns, channels), where features are pixels.

        Raises
        ------
        NotToBeSeen
            If the model is none of the engines or not fitted, or the rest does not fit it; in one sentence.
        """
        if not isinstance(model, Engine):
            raise NotToBeSeen(_stranger_words(model))
        try:
            check_is_fitted(model)
        except Exception as error:
            raise NotToBeSeen(f"This {type(model).__name__} has learned nothing yet: fit it first.") from error
        self.model = model
        self.id = f"model {id(model)}"
        self.rows_id = f"rows {id(model if X is None else X)}"
        self.name = name or engine_info(type(model).__name__).title
        self._given = X  # kept, so that its id stays its own
        rows = _rows(model, X)
        self.n_rows = len(rows)
        self._alone = self._data_alone(rows, np.shape(X), y, feature_names, units, image_shape)
        self._seen: tuple[Any, ...] = ()
        self._sequence = 0

    @property
    def feature_names(self) -> tuple[str, ...]:
        return self._alone.feature_names

    @property
    def sequence(self) -> int:
        now = tuple(vars(self.model).get(name) for name in (*self.model.FITTED, "history_"))
        if len(now) != len(self._seen) or any(a is not b for a, b in zip(now, self._seen, strict=True)):
            self._seen, self._sequence = now, self._sequence + 1
        return self._sequence

    def scene(self) -> Scene:
        model = self.model
        history = {name: np.asarray(column, np.float64) for name, column in vars(model).get("history_", {}).items()}
        last = {name: float(column[-1]) for name, column in history.items() if len(column)}
        arrays = _arrays(model)
        snapshot = Snapshot(
            iteration=int(last.pop("iteration", 0)),
            n_iterations=None,
            cost=last.pop("cost", math.nan),
            metrics=last,
            make_arrays=lambda: arrays,
        )
        return replace(
            self._alone,
            engine=engine_info(type(model).__name__),
            parameters=plain_parameters(model),
            snapshot=snapshot,
            history=history,
        )

    def _data_alone(
        self,
        rows: Array,
        shape: tuple[int, ...],
        y: Any,
        feature_names: Sequence[str] | None,
        units: Sequence[str] | None,
        image_shape: tuple[int, ...] | None,
    ) -> Scene:
        n, d = rows.shape
        codes, classes = _labels(self.model, y, n)
        names = _names(self.model, self._given, feature_names, d)
        if units is not None and len(units) != d:
            raise NotToBeSeen(f"There are {len(units)} units for {d} features.")
        if image_shape is not None and math.prod(image_shape) != d:
            raise NotToBeSeen(f"A picture of the shape {tuple(image_shape)} has not {d} features, which the rows have.")
        info = engine_info(type(self.model).__name__)
        kind = _kind(info, shape, image_shape)
        if kind == "spd":
            side = math.isqrt(d)
            image_shape = (side, side)
        kept = np.ones(n, bool)
        sampled = drawn(kept, min(n, MOST_ROWS), 0)
        return Scene(
            engine=info,
            parameters={},
            snapshot=Snapshot(0, None, math.nan),
            history={},
            sample=DataSample(rows[sampled], None if codes is None else codes[sampled], sampled, n),
            every=EveryRow(ArrayRows(rows), codes, np.zeros(n, np.uint8), lambda k: rows[k], ArrayRows(rows), kept),
            feature_names=names,
            original_names=names,
            units=tuple(units or ("",) * d),
            classes=classes,
            image_shape=image_shape,
            to_original=lambda W: W,
            name=self.name,
            kind=kind,
        )


def _stranger_words(thing: Any) -> str:
    name = type(thing).__name__
    if name == "Pipeline":
        return "Show the last step of a Pipeline with rows as it sees them: pipeline[-1], pipeline[:-1].transform(X)."
    return f"A {name} cannot be shown: give a run or a dataset of a project, or a fitted engine of this package."


def _rows(model: Engine, X: Any) -> Array:
    """(n, d) floating; none of them, if none are given."""
    if X is None:
        return np.empty((0, int(model.n_features_in_)))
    rows = np.asarray(X)
    if rows.dtype not in (np.float32, np.float64):
        try:
            rows = rows.astype(np.float64)
        except (TypeError, ValueError):
            raise NotToBeSeen("The rows are not numbers alone: give those that the model was fitted to.") from None
    if rows.ndim < 2 or flat(rows).shape[1] != model.n_features_in_:
        raise NotToBeSeen(f"The rows have the shape {rows.shape}, but the model takes {model.n_features_in_} features.")
    return flat(rows)


def _labels(model: Engine, y: Any, n: int) -> tuple[NDArray[np.int32] | None, tuple[Any, ...]]:
    """(n,) class codes, and the classes: the model's, then others; None where no labels are given."""
    known = [] if not hasattr(model, "classes_") else np.asarray(model.classes_).tolist()
    if y is None:
        return None, tuple(known)
    labels = np.asarray(y)
    if labels.shape != (n,):
        raise NotToBeSeen(f"There are labels of the shape {labels.shape} for {n} rows: one for each is needed.")
    missing = np.array([value is None or value != value for value in labels.tolist()], bool)
    found = np.unique(np.asarray(labels[~missing].tolist())).tolist()
    classes = (*known, *(value for value in found if value not in known))
    codes = np.full(n, -1, np.int32)
    codes[~missing] = codes_of(np.asarray(labels[~missing].tolist()), classes)
    return codes, classes


def _names(model: Engine, X: Any, given: Sequence[str] | None, d: int) -> tuple[str, ...]:
    if given is not None and len(given) != d:
        raise NotToBeSeen(f"There are {len(given)} feature names for {d} features.")
    for names in (given, getattr(X, "columns", None), getattr(model, "feature_names_in_", None)):
        if names is not None and len(names) == d:
            return tuple(str(name) for name in names)
    return tuple(f"feature {j}" for j in range(d))


def _kind(info: EngineInfo, shape: tuple[int, ...], image_shape: tuple[int, ...] | None) -> DataKind:
    if info.data_kinds in (("spd",), ("dissimilarity",)):
        return info.data_kinds[0]
    return "spd" if len(shape) == 3 and "spd" in info.data_kinds else "image" if image_shape else "table"


def _arrays(model: Engine) -> dict[str, Any]:
    """All that was learned as arrays, named as in snapshots."""
    fitted = {name: value for name, value in vars(model).items() if name.endswith("_") and not name.startswith("_")}
    fitted.pop("history_", None)
    if "prototypes_" not in fitted and hasattr(model, "prototypes_"):
        fitted["prototypes_"] = model.prototypes_
    return {name[:-1]: value for name, value in fitted.items() if not isinstance(value, dict)}
