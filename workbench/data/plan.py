"""What is asked of an import and what comes of it, as plain records; how files are read is not known here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.catalog import DataKind
from engines.rows import RowSource
from workbench.data.encoding import Encoding
from workbench.data.errors import DataError
from workbench.data.recipe import FittedRecipe, Recipe

ROLES = ("feature", "label", "id", "ignore")
Label = str | int | float | bool


@dataclass(frozen=True)
class Column:
    """One column of the file and what it is for.

    Attributes
    ----------
    name : str
        Unique among the columns.
    role : {"feature", "label", "id", "ignore"}
    type : {"number", "text", "date", "pixel"}
        What it holds, as far as the first rows tell.
    unit, note : str
        The user's own words.
    source : str
        Name of the column of the file that it was encoded from; "" where it is one of these itself.
    """

    name: str
    role: str = "feature"
    type: str = "number"
    unit: str = ""
    note: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        if self.role not in ROLES:
            raise DataError(f'Column "{self.name}" has the role "{self.role}"; a role is one of {", ".join(ROLES)}.')


@dataclass(frozen=True)
class Plan:
    """Everything that decides what an import gives; JSON both ways, so that it can be corrected and replayed.

    Attributes
    ----------
    paths : tuple of str
    importer : str
        Name in the catalog.
    options : dict
        Declared by the importer (`Importer.parameters`), all of them resolved.
    columns : tuple of Column
    recipe : Recipe
    name : str
        Proposed name of the dataset.
    encodings : dict of str to Encoding
        How columns that are features become numbers, by name; where none is named, numbers stay as they are, dates
        become days, and texts one column for each or, where there are many, a hash.
    """

    paths: tuple[str, ...]
    importer: str
    options: Mapping[str, Any] = field(default_factory=dict)
    columns: tuple[Column, ...] = ()
    recipe: Recipe = field(default_factory=Recipe)
    name: str = ""
    encodings: Mapping[str, Encoding] = field(default_factory=dict)

    def with_roles(self, roles: Mapping[str, str]) -> Plan:
        """This plan with `roles` by column name; making a column the label or id sets the former one to ignore.

        Raises
        ------
        DataError
            If a column or a role does not exist.
        """
        self._check_names(roles)
        unique = {role for role in roles.values() if role in ("label", "id")}
        columns = tuple(
            replace(column, role=roles[column.name])
            if column.name in roles
            else (replace(column, role="ignore") if column.role in unique else column)
            for column in self.columns
        )
        return replace(self, columns=columns)

    def with_encodings(self, encodings: Mapping[str, Encoding]) -> Plan:
        """This plan with `encodings` by column name; these columns are features then.

        Where an encoding names no format of dates, the one that was known stays.

        Raises
        ------
        DataError
            If a column does not exist.
        """
        self._check_names(encodings)
        columns = tuple(replace(c, role="feature") if c.name in encodings else c for c in self.columns)
        known = {name: encoding.format for name, encoding in self.encodings.items()}
        completed = {
            name: replace(encoding, format=encoding.format or known.get(name, ""))
            for name, encoding in encodings.items()
        }
        return replace(self, columns=columns, encodings={**self.encodings, **completed})

    def with_words(self, which: str, words: Mapping[str, str]) -> Plan:
        """This plan with these units, or notes, by column name; `which` is "unit" or "note".

        Raises
        ------
        DataError
            If a column does not exist.
        """
        self._check_names(words)
        columns = tuple(replace(c, **{which: words[c.name]}) if c.name in words else c for c in self.columns)
        return replace(self, columns=columns)

    def _check_names(self, names: Iterable[str]) -> None:
        known = {column.name for column in self.columns}
        for name in names:
            if name not in known:
                shown = ", ".join(column.name for column in self.columns[:12])
                raise DataError(f'There is no column "{name}" in {self.name}; its columns are {shown}.')

    def to_json(self) -> dict[str, Any]:
        """This plan as what JSON can hold."""
        return {
            "paths": list(self.paths),
            "importer": self.importer,
            "options": dict(self.options),
            "columns": [dict(vars(column)) for column in self.columns],
            "recipe": self.recipe.to_json(),
            "name": self.name,
            "encodings": {name: encoding.to_json() for name, encoding in self.encodings.items()},
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Plan:
        """The plan that `to_json` gave."""
        try:
            return cls(
                paths=tuple(value["paths"]),
                importer=value["importer"],
                options=dict(value["options"]),
                columns=tuple(Column(**column) for column in value["columns"]),
                recipe=Recipe.from_json(value["recipe"]),
                name=value["name"],
                encodings={name: Encoding.from_json(encoding) for name, encoding in value.get("encodings", {}).items()},
            )
        except (KeyError, TypeError) as error:
            raise DataError(f"This is not an import plan: {error} is missing or wrong.") from error


@dataclass(frozen=True, eq=False)
class ColumnSummary:
    """What the first rows say of one column; numbers are NaN and the histogram empty where it is text.

    Attributes
    ----------
    column : Column
    n_missing, n_distinct : int
        Among the rows of the preview.
    minimum, maximum, mean : float
    counts : tuple of int
        Histogram in equal bins from minimum to maximum.
    examples : tuple of str
        The first few distinct values, of text.
    encoding : Encoding or None
        How a feature becomes numbers.
    """

    column: Column
    n_missing: int
    n_distinct: int
    minimum: float = np.nan
    maximum: float = np.nan
    mean: float = np.nan
    counts: tuple[int, ...] = ()
    examples: tuple[str, ...] = ()
    encoding: Encoding | None = None


@dataclass(frozen=True)
class Offer:
    """One value that a file offers for an option of its importer.

    Attributes
    ----------
    value, about : str
        What the option takes, and what it is, for people: "(1797, 8, 8) uint8".
    """

    value: str
    about: str = ""


@dataclass(frozen=True, eq=False)
class Preview:
    """A first look at what a plan would import, from the beginning of the file alone.

    Attributes
    ----------
    columns : tuple of ColumnSummary
    rows : tuple of tuple of str
        The first rows as text, one entry per column; for images, none.
    n_rows : int
        How many there are or, unless `exact`, about how many.
    exact : bool
    n_seen : int
        Rows that the summaries stand on.
    images : (k, h, w) or (k, h, w, 3) uint8, or None
    captions : tuple of str
        One per image.
    warnings : tuple of str
    offers : dict of str to tuple of Offer
        By option of the importer: what the file holds to choose from.
    """

    columns: tuple[ColumnSummary, ...]
    rows: tuple[tuple[str, ...], ...]
    n_rows: int
    exact: bool
    n_seen: int
    images: NDArray[np.uint8] | None = None
    captions: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    offers: Mapping[str, tuple[Offer, ...]] = field(default_factory=dict)


@dataclass(eq=False)
class Imported:
    """What an import gives; `close` (or leaving a `with` block) frees the temporary file behind `X`.

    Attributes
    ----------
    X : RowSource of (n, d) raw values, uint8, float32 or float64
        NaN where missing.
    codes : (n,) int32 or None
        Index into `classes`, -1 where the label is missing.
    classes : tuple
        The labels in order; all of one type.
    ids : (n,) StringDType array or None
    split : (n,) uint8
        0 training, 1 validation, 2 test.
    columns : tuple of Column
        All of the file's columns, encoded ones in the place of those they are made of; the features among them, in
        order, are the columns of `X`.
    kind : {"table", "image", "spd", "dissimilarity"}
        What a row is: plain numbers, a picture, a symmetric positive-definite matrix, or dissimilarities from the rows
        that are trained on.
    image_shape : tuple of int or None
        (h, w) or (h, w, 3) when the rows of `X` are images, (k, k) when they are matrices.
    recipe : FittedRecipe
        Fitted on the training rows.
    plan : Plan
        As it was carried out, with all levels of encodings found out.
    provenance : dict
        JSON: files with size and hash, importer, options, versions, what was changed on the way.
    warnings : tuple of str
    """

    X: RowSource
    codes: NDArray[np.int32] | None
    classes: tuple[Label, ...]
    ids: NDArray[Any] | None
    split: NDArray[np.uint8]
    columns: tuple[Column, ...]
    kind: DataKind
    image_shape: tuple[int, ...] | None
    recipe: FittedRecipe
    plan: Plan
    provenance: dict[str, Any]
    warnings: tuple[str, ...] = ()
    _close: Callable[[], None] = lambda: None

    @property
    def n_rows(self) -> int:
        return self.X.shape[0]

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the columns of `X`."""
        return tuple(column.name for column in self.columns if column.role == "feature")

    @property
    def y(self) -> NDArray[Any] | None:
        """The labels themselves, None when there are none; raises DataError when some are missing."""
        if self.codes is None:
            return None
        if (self.codes < 0).any():
            raise DataError(f"{int((self.codes < 0).sum()):,} rows carry no label.")
        return np.asarray(self.classes)[self.codes]

    def close(self) -> None:
        """Free the temporary file; `X` cannot be read afterwards."""
        self._close()

    def __enter__(self) -> Imported:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass(frozen=True, eq=False)
class Sample:
    """What an importer tells from the beginning of a file.

    Attributes
    ----------
    options : dict
        All of the importer's options, resolved.
    columns : tuple of Column
        With the roles that seem right.
    values : tuple of arrays, one per column
        float64 with NaN for numbers, StringDType or object for text with "" for missing; the same length each.
    n_rows, exact : int, bool
        Rows in all, exactly or about.
    images, captions
        As in `Preview`.
    warnings : tuple of str
    recipe : Recipe
        What the importer proposes.
    kind
        As in `Imported`.
    encodings : dict of str to Encoding
        What is known of columns of dates.
    offers
        As in `Preview`.
    """

    options: Mapping[str, Any]
    columns: tuple[Column, ...]
    values: Sequence[NDArray[Any]]
    n_rows: int
    exact: bool
    images: NDArray[np.uint8] | None = None
    captions: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    recipe: Recipe = field(default_factory=Recipe)
    kind: DataKind = "table"
    encodings: Mapping[str, Encoding] = field(default_factory=dict)
    offers: Mapping[str, tuple[Offer, ...]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Table:
    """What an importer reads: raw rows, before anything is left out, split or fitted.

    Attributes
    ----------
    rows : RowSource
        One column per feature of the plan: its numbers, days since 1970 of dates, or places in `texts`; NaN where
        missing; has `close`.
    texts : dict of int to tuple of str
        The levels of each column of texts among `rows`.
    codes, classes, ids, kind, image_shape
        As in `Imported`.
    warnings : tuple of str
    told : dict
        JSON: what else the provenance shall say.
    """

    rows: Any
    codes: NDArray[np.int32] | None = None
    classes: tuple[Label, ...] = ()
    ids: NDArray[Any] | None = None
    kind: DataKind = "table"
    image_shape: tuple[int, ...] | None = None
    warnings: tuple[str, ...] = ()
    told: Mapping[str, Any] = field(default_factory=dict)
    texts: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
