"""Prototypes as a file tells of them, and which of its columns are those that are wanted; nothing is read here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.data.errors import DataError

_UNIT = re.compile(r"(?P<name>.*\S)\s*\[(?P<unit>[^\[\]]*)\]\s*\Z")
_SHOWN = 8
METRIC = ("omega", "omegas", "relevances", "variance", "weights", "covariances")
"""What is learned of distances beside prototypes, by the names in `Prototypes.metric`."""


@dataclass(frozen=True, eq=False)
class Prototypes:
    """The prototypes of one file.

    Attributes
    ----------
    name : str
        Of the file.
    values : (M, k) float
        Its columns of numbers, NaN where there is none.
    names : tuple of k str
        "" where the file names no columns.
    are_original : bool or None
        Whether these are in the units of the data as they were imported; None where the file does not tell.
    training : (M, d') float or None
        The same prototypes as an engine used them, after a recipe.
    labels : (M,) tuple or None
        Class values, where the file tells which these are.
    texts : dict of str to (M,) tuple of str
        Columns of texts that may be labels.
    spare : tuple of int
        Columns of numbers that look like labels or numbers of rows.
    likely : str
        Name of the column that looks most like labels; "" for none.
    metric : dict of str to array
        Of "omega" (m, d'), "omegas" (k, m, d'), "relevances" (d',), "variance" (), and of a mixture "weights" (M,) and
        "covariances", what was learned with `training`.
    grid : (rows, columns) or None
        Of a map.
    about : dict
        JSON: run, engine, dataset and so on, as our own files tell it; empty for others.
    """

    name: str
    values: NDArray[Any]
    names: tuple[str, ...]
    are_original: bool | None = None
    training: NDArray[Any] | None = None
    labels: tuple[Any, ...] | None = None
    texts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    spare: tuple[int, ...] = ()
    likely: str = ""
    metric: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    grid: tuple[int, int] | None = None
    about: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True, eq=False)
class Matched:
    """Which columns of a file are those that are wanted.

    Attributes
    ----------
    rows : (M, d) float
    columns : (d,) int64
    remarks : tuple of str
        What was taken for what, where that is not plain.
    """

    rows: NDArray[Any]
    columns: NDArray[np.int64]
    remarks: tuple[str, ...]


def matched(
    prototypes: Prototypes, names: Sequence[str], units: Sequence[str], classes: Sequence[Any], whose: str
) -> Matched:
    """Find the columns called `names` in a file, whatever their order.

    Where the file has none of these names, its columns of numbers are taken in their order if there are as many; those
    that look like labels or numbers of rows do not count.

    Parameters
    ----------
    names, units : sequence of d str
        Of the columns that are wanted; units are "" where there is none.
    classes : sequence
        Class values; empty where there are none.
    whose : str
        Who wants these, for people, e.g. "dataset 'iris'".

    Raises
    ------
    DataError
        If there are other columns, or a value is missing.
    """
    columns, remarks = _named(prototypes, names, units, whose)
    if columns is None:
        missing = _missing(prototypes, names)
        columns = _in_order(prototypes, len(names), classes)
        if len(missing) < len(names) or len(columns) != len(names):
            raise DataError(_refusal(prototypes, len(columns), missing, len(names), whose))
        first, last = prototypes.names[columns[0]], prototypes.names[columns[-1]]
        if first and last:
            remarks = [
                f'The columns are named otherwise than in {whose}, so they are taken in their order: "{first}" is '
                f'"{names[0]}", and so on to "{last}", which is "{names[-1]}".'
            ]
    rows = prototypes.values[:, columns]
    absent = ~np.isfinite(rows)
    if absent.any():
        row, column = (int(index[0]) for index in np.nonzero(absent))
        raise DataError(f'Prototype {row} in {prototypes.name} has no value of "{names[column]}": fill it in.')
    return Matched(rows, np.array(columns, np.int64), tuple(remarks))


def labels_among(
    prototypes: Prototypes, taken: Sequence[int], classes: Sequence[Any], whose: str
) -> NDArray[np.int64] | None:
    """The class of each prototype (M,) as a number among `classes`; None where the file does not tell.

    Where it does not say which column that is, one that holds nothing but classes is taken.

    Parameters
    ----------
    taken : sequence of int
        Columns of numbers that are something else.

    Raises
    ------
    DataError
        If a prototype is of another class.
    """
    known: dict[Any, int] = {str(value): code for code, value in enumerate(classes)}
    known |= {value: code for code, value in enumerate(classes)}
    labels = prototypes.labels
    if labels is None:
        left = [k for k in (*prototypes.spare, *range(len(prototypes.names))) if k not in taken]
        columns = dict(prototypes.texts)
        columns |= {prototypes.names[k] or str(k): spelled(prototypes.values[:, k]) for k in left}
        fitting = (texts for texts in columns.values() if set(texts) <= known.keys())
        labels = next(fitting, columns.get(prototypes.likely))
    if labels is None:
        return None
    codes = [known.get(value, known.get(str(value), -1)) for value in labels]
    if min(codes) < 0:
        shown = ", ".join(map(str, classes[:_SHOWN])) + (" …" if len(classes) > _SHOWN else "")
        raise DataError(
            f'A prototype in {prototypes.name} is of the class "{labels[codes.index(-1)]}", which {whose} does not '
            f"have; its classes are {shown}."
        )
    return np.array(codes, np.int64)


def spelled(values: NDArray[Any]) -> tuple[str, ...]:
    """Numbers (M,) as texts, whole ones without a point."""
    return tuple(f"{value:.15g}" for value in values.tolist())


def _named(
    prototypes: Prototypes, names: Sequence[str], units: Sequence[str], whose: str
) -> tuple[list[int] | None, list[str]]:
    """Where columns of these names are, None unless all are there, and what is to be told of their units."""
    there = {name: k for k, name in enumerate(prototypes.names) if name}
    bare = {found["name"]: (k, found["unit"]) for name, k in there.items() if (found := _UNIT.match(name))}
    places, remarks = [], []
    for name, unit in zip(names, units, strict=True):
        if name in there:
            places.append(there[name])
        elif name in bare:
            place, other = bare[name]
            places.append(place)
            if unit and other != unit:
                remarks.append(f'"{name}" is in {other} there, but in {unit} in {whose}: it is taken as it stands.')
        else:
            return None, []
    return places, remarks


def _in_order(prototypes: Prototypes, n_wanted: int, classes: Sequence[Any]) -> list[int]:
    """The columns of numbers that are not spare; if there is one too many, the last or first one may be labels."""
    columns = [k for k in range(len(prototypes.names)) if k not in prototypes.spare]
    if len(columns) + len(prototypes.spare) == n_wanted:
        return sorted([*columns, *prototypes.spare])
    known = {str(value) for value in classes}
    if len(columns) == n_wanted + 1 and prototypes.labels is None:
        for k in (columns[-1], columns[0]):
            if set(spelled(prototypes.values[:, k])) <= known:
                return [column for column in columns if column != k]
    return columns


def _missing(prototypes: Prototypes, names: Sequence[str]) -> list[str]:
    there = {name for full in prototypes.names for name in (full, _UNIT.sub(r"\g<name>", full))}
    return [name for name in names if name not in there]


def _refusal(prototypes: Prototypes, n: int, missing: Sequence[str], n_wanted: int, whose: str) -> str:
    if len(missing) < n_wanted:
        more = f" and {len(missing) - 1:,} more" if len(missing) > 1 else ""
        return f'{prototypes.name} lacks the column "{missing[0]}"{more} of {whose}: choose another file or dataset.'
    columns = f"{n:,} column{'' if n == 1 else 's'} of numbers"
    return f"{prototypes.name} has {columns}, but {whose} has {n_wanted:,} features: choose another file or dataset."
