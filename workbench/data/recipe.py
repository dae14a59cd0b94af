"""What is done to raw rows before an engine sees them, as a wish and as fitted numbers; the fitting is in `fitting`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.rows import RowSource
from workbench.data.errors import DataError

MISSING = ("error", "drop", "mean", "median", "keep")
SCALING = ("none", "standard", "minmax", "symmetric")
WHITENING = ("none", "pca", "zca")

_AS_IT_IS = ("error", "none", False, "none")

FloatArray = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Split:
    """Fractions of the rows that train, validate and test.

    Attributes
    ----------
    train, validation, test : float
        Non-negative, summing to 1.
    stratify : bool
        Whether each class is dealt in these fractions, where there are classes.
    seed : int
    """

    train: float = 1.0
    validation: float = 0.0
    test: float = 0.0
    stratify: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        parts = (self.train, self.validation, self.test)
        if min(parts) < 0 or abs(sum(parts) - 1) > 1e-6 or self.train == 0:
            raise DataError(
                f"A split of {self.train:g} / {self.validation:g} / {self.test:g} cannot be made: the three parts "
                "must add up to 1, none may be negative, and some rows must be left for training."
            )
        if self.seed < 0:
            raise DataError(f"The seed of the split must not be negative, but it is {self.seed}.")


@dataclass(frozen=True)
class Recipe:
    """How raw rows become what an engine sees; the steps apply in the order of these attributes.

    Attributes
    ----------
    missing : {"error", "drop", "mean", "median", "keep"}
        What becomes of a feature value that is missing or infinite: refuse the file, leave the row out, put the
        training part's mean or median of the column there, or leave it to the engine.
    scaling : {"none", "standard", "minmax", "symmetric"}
        Per column: mean 0 and standard deviation 1, range [0, 1], or range [-1, 1], all over the training part.
    contrast : bool
        Per row: subtract the row's mean and divide by sqrt(variance + contrast_floor).
    contrast_floor : float
        Keeps flat rows from becoming noise; relative to the mean variance of the training rows.
    whitening : {"none", "pca", "zca"}
        Decorrelate columns and give them variance 1, in the eigenvector frame or turned back to the columns.
    whitening_floor : float
        Added to every eigenvalue, relative to their mean; what is far below it is damped, not amplified.
    dissimilarities : bool
        Whether column k holds the dissimilarity of each row from row k. Only the columns of rows that are trained on
        are then kept, and values stay as they are.
    split : Split
    """

    missing: str = "error"
    scaling: str = "none"
    contrast: bool = False
    contrast_floor: float = 0.01
    whitening: str = "none"
    whitening_floor: float = 1e-6
    dissimilarities: bool = False
    split: Split = field(default_factory=Split)

    def __post_init__(self) -> None:
        for name, allowed in (("missing", MISSING), ("scaling", SCALING), ("whitening", WHITENING)):
            if getattr(self, name) not in allowed:
                words = ", ".join(allowed)
                raise DataError(f'The recipe has {name} = "{getattr(self, name)}"; it must be one of {words}.')
        if self.missing == "keep" and (self.contrast or self.whitening != "none"):
            raise DataError(
                "Contrast normalisation and whitening need every value: choose to fill missing values with the "
                "mean or the median, or to leave out their rows."
            )
        if self.dissimilarities and (self.missing, self.scaling, self.contrast, self.whitening) != _AS_IT_IS:
            raise DataError(
                "Dissimilarities stay as they are, and every one is needed: choose no scaling, contrast or whitening, "
                "and to refuse missing values."
            )
        if not (self.contrast_floor > 0 and self.whitening_floor > 0):
            raise DataError("The floors of contrast normalisation and of whitening must be above 0.")

    def to_json(self) -> dict[str, Any]:
        """This recipe as what JSON can hold."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Recipe:
        """The recipe that `to_json` gave; absent entries take their defaults. Raises DataError for foreign ones."""
        entries = dict(value)
        try:
            split = Split(**entries.pop("split", {}))
            return cls(split=split, **entries)
        except TypeError as error:
            known = ", ".join(entry.name for entry in fields(cls))
            raise DataError(f"The recipe has an entry that is not known; it may hold {known}.") from error


@dataclass(frozen=True, eq=False)
class FittedRecipe:
    """A recipe with the numbers it took from the training rows: d raw columns in, d' columns out.

    Attributes
    ----------
    recipe : Recipe
    names : tuple of str
        Of the d raw columns.
    dtype : dtype
        float32 or float64, of what `transform` gives.
    fill : (d,) float64 or None
        What stands in for missing values.
    shift, scale : (d,) float64 or None
        Column scaling: (x - shift) / scale.
    row_mean, row_deviation, row_floor : float
        Means over the training rows of a row's mean and of its sqrt(variance + floor), and that floor.
    center : (d,) float64 or None
    vectors : (d, k) float64 or None
        Eigenvectors of the covariance of the training rows, greatest eigenvalue first.
    gains : (k,) float64 or None
        1 / sqrt(eigenvalue + floor).
    """

    recipe: Recipe
    names: tuple[str, ...]
    dtype: np.dtype[Any]
    fill: NDArray[np.float64] | None = None
    shift: NDArray[np.float64] | None = None
    scale: NDArray[np.float64] | None = None
    row_mean: float = 0.0
    row_deviation: float = 1.0
    row_floor: float = 0.0
    center: NDArray[np.float64] | None = None
    vectors: NDArray[np.float64] | None = None
    gains: NDArray[np.float64] | None = None

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the d' columns that `transform` gives."""
        if self.recipe.whitening == "pca" and self.vectors is not None:
            return tuple(f"component {k + 1}" for k in range(self.vectors.shape[1]))
        return self.names

    @property
    def changes_nothing(self) -> bool:
        """Whether `transform` only converts the dtype of complete rows."""
        return self.shift is None and self.vectors is None and self.fill is None and not self.recipe.contrast

    def transform(self, block: NDArray[Any]) -> FloatArray:
        """Raw rows as an engine shall see them.

        Parameters
        ----------
        block : (n, d) array of numbers, NaN where missing

        Returns
        -------
        (n, d') float32 or float64

        Raises
        ------
        DataError
            If the number of columns differs, or a value is missing and the recipe has no answer to it.
        """
        block = np.asarray(block)
        if block.ndim != 2 or block.shape[1] != len(self.names):
            got = block.shape[1] if block.ndim == 2 else block.shape
            raise DataError(f"These rows have {got} columns, but the recipe was fitted on {len(self.names)}.")
        rows = self._complete(block)
        if self.shift is not None and self.scale is not None:
            rows = (np.asarray(rows, np.float64) - self.shift) / self.scale
        if self.recipe.contrast:
            rows = self._contrasted(np.asarray(rows, np.float64))
        if self.forward is not None:
            rows = (rows - self.center) @ self.forward
        return np.ascontiguousarray(rows, dtype=self.dtype)

    def inverse(self, W: NDArray[Any], raw: NDArray[Any] | None = None) -> FloatArray:
        """Rows that an engine made (prototypes, reconstructions) in the units of the raw columns.

        Contrast normalisation forgets each row's own mean and deviation, so those of `raw`, or else the training rows'
        average, stand in for them; every other step is undone to rounding (PCA: within the span of the training rows).

        Parameters
        ----------
        W : (m, d') array
        raw : (m, d) array, optional
            Raw rows that W was made of.

        Returns
        -------
        (m, d) float32 or float64

        Raises
        ------
        DataError
            If the number of columns differs.
        """
        rows = np.asarray(W, np.float64)
        if rows.ndim != 2 or rows.shape[1] != len(self.feature_names):
            raise DataError(f"Rows of {len(self.feature_names)} columns are needed, but the shape is {rows.shape}.")
        if self.backward is not None and self.center is not None:
            rows = rows @ self.backward + self.center
        if self.recipe.contrast:
            mean, deviation = (self.row_mean, self.row_deviation) if raw is None else self._contrast_of(raw)
            rows = rows * deviation + mean
        if self.shift is not None and self.scale is not None:
            rows = rows * self.scale + self.shift
        return np.ascontiguousarray(rows, dtype=self.dtype)

    def back(self, prototypes: NDArray[Any]) -> FloatArray:
        """Prototypes in the units of the raw columns as an engine has them: what `inverse` undoes, not `transform`.

        They differ where contrast is normalised: a prototype is no row, so it takes off the training rows' average.

        Parameters
        ----------
        prototypes : (m, d) array, finite

        Returns
        -------
        (m, d') float32 or float64
        """
        rows = np.asarray(prototypes, np.float64)
        if self.shift is not None and self.scale is not None:
            rows = (rows - self.shift) / self.scale
        if self.recipe.contrast:
            rows = (rows - self.row_mean) / self.row_deviation
        if self.forward is not None and self.center is not None:
            rows = (rows - self.center) @ self.forward
        return np.ascontiguousarray(rows, dtype=self.dtype)

    def is_like(self, other: FittedRecipe) -> bool:
        """Whether both do the same to every row, whatever split they were fitted on."""
        ours, theirs = self.to_state(), other.to_state()
        for state in (ours, theirs):
            state["recipe"] = {name: value for name, value in state["recipe"].items() if name != "split"}
        return ours.keys() == theirs.keys() and all(np.array_equal(ours[name], theirs[name]) for name in ours)

    def affine(self) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """T (d', d) and t (d',) for which a complete raw row x becomes Tx + t; None where contrast forbids one.

        So half-spaces and planes in training units are half-spaces and planes in the units of the raw columns.
        """
        if self.recipe.contrast:
            return None
        d = len(self.names)
        scale = np.ones(d) if self.scale is None else self.scale
        shift = np.zeros(d) if self.shift is None else self.shift
        T, t = np.diag(1 / scale), -shift / scale
        if self.forward is not None and self.center is not None:
            T, t = self.forward.T / scale, (t - self.center) @ self.forward
        return T, t

    @cached_property
    def forward(self) -> NDArray[np.float64] | None:
        """Whitening as a matrix (d, d') by which centred rows are multiplied; None without."""
        if self.vectors is None or self.gains is None:
            return None
        forward: NDArray[np.float64] = self.vectors * self.gains
        return forward @ self.vectors.T if self.recipe.whitening == "zca" else forward

    @cached_property
    def backward(self) -> NDArray[np.float64] | None:
        """The matrix (d', d) that undoes it."""
        if self.vectors is None or self.gains is None:
            return None
        backward: NDArray[np.float64] = (self.vectors / self.gains).T
        return self.vectors @ backward if self.recipe.whitening == "zca" else backward

    def rows(self, raw: RowSource) -> RowSource:
        """The rows of `raw`, transformed as they are read."""
        return TransformedRows(raw, self)

    def to_state(self) -> dict[str, Any]:
        """Everything as a flat dict of arrays and JSON values, from which `from_state` makes the same recipe."""
        state: dict[str, Any] = {"recipe": self.recipe.to_json(), "names": list(self.names), "dtype": self.dtype.name}
        for name in ("row_mean", "row_deviation", "row_floor"):
            state[name] = getattr(self, name)
        for name in _ARRAYS:
            if getattr(self, name) is not None:
                state[name] = getattr(self, name)
        return state

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> FittedRecipe:
        """The fitted recipe that `to_state` gave, bit for bit."""
        entries = dict(state)
        arrays = {name: np.asarray(entries.pop(name)) for name in _ARRAYS if entries.get(name) is not None}
        return cls(
            recipe=Recipe.from_json(entries["recipe"]),
            names=tuple(entries["names"]),
            dtype=np.dtype(entries["dtype"]),
            row_mean=float(entries["row_mean"]),
            row_deviation=float(entries["row_deviation"]),
            row_floor=float(entries["row_floor"]),
            **arrays,
        )

    def _complete(self, block: NDArray[Any]) -> NDArray[Any]:
        if block.dtype.kind != "f" or self.recipe.missing == "keep":
            return block
        absent = ~np.isfinite(block)
        if not absent.any():
            return block
        if self.fill is not None:
            return np.where(absent, self.fill, block)
        row, column = (int(index[0]) for index in np.nonzero(absent))
        raise DataError(
            f'Column "{self.names[column]}" has no value in row {row + 1} of these rows, and the recipe does not '
            "say how to fill it: fill it in, or use a recipe that fills missing values."
        )

    def _contrasted(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        mean, deviation = self._mean_and_deviation(rows)
        return (rows - mean) / deviation

    def _mean_and_deviation(self, rows: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(m, 1), (m, 1) of scaled rows, the deviation with the floor."""
        mean = rows.mean(axis=1, keepdims=True)
        return mean, np.sqrt(np.square(rows - mean).mean(axis=1, keepdims=True) + self.row_floor)

    def _contrast_of(self, raw: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(m, 1), (m, 1) mean and deviation that contrast normalisation takes off raw rows."""
        rows = np.asarray(self._complete(raw), np.float64)
        if self.shift is not None and self.scale is not None:
            rows = (rows - self.shift) / self.scale
        return self._mean_and_deviation(rows)


_ARRAYS = ("fill", "shift", "scale", "center", "vectors", "gains")


@dataclass(frozen=True, eq=False)
class TransformedRows:
    """Raw rows seen through a fitted recipe, as a `RowSource`."""

    raw: RowSource
    fitted: FittedRecipe

    @property
    def shape(self) -> tuple[int, int]:
        return self.raw.shape[0], len(self.fitted.feature_names)

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.fitted.dtype

    def read(self, start: int, stop: int) -> FloatArray:
        """Rows `start` to `stop` as the engine sees them."""
        return self.fitted.transform(self.raw.read(start, stop))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return self.read(0, self.shape[0]).astype(dtype or self.dtype, copy=False)
