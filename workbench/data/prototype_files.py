"""Reads prototypes from files: codebooks as we export them, and tables, arrays and JSON that others wrote."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.data import hdf5, isolated, npz
from workbench.data.catalog import importer
from workbench.data.errors import DataError
from workbench.data.importing import existing, guess
from workbench.data.plan import Plan
from workbench.data.prototypes import METRIC, Prototypes, spelled
from workbench.data.text_chunks import read_head
from workbench.data.watch import Watch

MOST_BYTES = 512 << 20
_MOST_JSON = 256 << 20
_MOST_PROTOTYPES = 1 << 17
_KEYS = (("prototype",), ("prototype", "row", "column"), ("code",))
"""What tells prototypes apart in our own tables, before their label and count."""
_WORDS = ("book", "word")
_VALUES = r"(prototypes?|codebook|code_?book|cent(er|re|roid)s|cluster_centers_?|means?|weights?|codewords|w)_?\Z"
_NUMBERED = re.compile(r"column \d+\Z")
"""Names that importers give to columns without one."""
_ROUNDING = 1e-6
_LABELS = r"(prototype_labels|labels?|classes|y|targets?)_?\Z"


def read_prototypes(path: Path | str) -> Prototypes:
    """The prototypes that a file holds.

    Parameters
    ----------
    path : path
        Of a codebook that was exported here in any form, or of any file that can be imported and has one prototype a
        row: a table, a .npy file, the array of an .npz or HDF5 file that is named like prototypes, or JSON: a list of
        rows, or an object with these as "prototypes" and perhaps "labels".

    Raises
    ------
    DataError
        If there is no such file, or no prototypes can be made of it.
    """
    (path,) = existing(path)
    head = b"" if path.is_dir() else read_head(path, 1 << 12)[0]
    if path.suffix.lower() == ".json" or head.lstrip()[:1] in (b"{", b"["):
        found = _of_json(path)
    elif npz.recognises(path, head):
        found = _of_arrays(path, isolated.arrays_of(npz.__name__, path, MOST_BYTES))
    elif not path.is_dir() and hdf5.recognises(path, head):
        found = _of_arrays(path, isolated.arrays_of(hdf5.__name__, path, MOST_BYTES))
    else:
        found = _of_table(path)
    if len(found) > _MOST_PROTOTYPES:
        raise DataError(
            f"{path.name} has {len(found):,} rows, more than any codebook has prototypes: import it as data instead."
        )
    if not found.values.size:
        raise DataError(f"{path.name} holds no prototype.")
    return found


def _of_table(path: Path) -> Prototypes:
    """All columns of a table that an importer reads, those of numbers and those of texts."""
    plan = guess(path)
    roles = {column.name: column.role for column in plan.columns}
    chosen = importer(plan.importer)
    everything = replace(plan, columns=tuple(replace(c, role="feature") for c in plan.columns if c.type != "date"))
    dates = tuple(replace(c, role="ignore") for c in plan.columns if c.type == "date")
    wanted = replace(everything, columns=_in_file_order(plan, (*everything.columns, *dates)))
    table = chosen.load(wanted, chosen.checked(dict(plan.options)), Watch())
    try:
        n_rows = table.rows.shape[0]
        if n_rows > _MOST_PROTOTYPES or n_rows * table.rows.shape[1] * 8 > MOST_BYTES:
            raise DataError(
                f"{path.name} has {n_rows:,} rows, more than any codebook has prototypes: import it as data instead."
            )
        rows = np.array(table.rows.read(0, n_rows))
    finally:
        table.rows.close()
    names = [column.name for column in everything.columns]
    texts = {
        names[k]: tuple(levels[int(place)] if place >= 0 else "" for place in np.nan_to_num(rows[:, k], nan=-1.0))
        for k, levels in table.texts.items()
    }
    numbers = [k for k in range(len(names)) if k not in table.texts]
    return _told(path, names, rows, numbers, texts, roles)


def _in_file_order(plan: Plan, columns: Sequence[Any]) -> tuple[Any, ...]:
    made = {column.name: column for column in columns}
    return tuple(made[column.name] for column in plan.columns)


def _told(
    path: Path,
    names: Sequence[str],
    rows: NDArray[Any],
    numbers: Sequence[int],
    texts: dict[str, tuple[str, ...]],
    roles: Mapping[str, str],
) -> Prototypes:
    """What the columns of a table are: ours by their heads, others by what the guess makes of them."""
    own = _n_heads(path, names)
    if own:
        values = [k for k in numbers if k >= own]
        if names[values[0]] == "weight" and abs(rows[:, values[0]].sum() - 1) < _ROUNDING:  # of a mixture
            del values[0]
        labels = texts.get("label") or spelled(rows[:, names.index("label")])
        known = None if set(labels) <= {"", "nan"} else labels
        grid = _grid(rows, names) if names[:3] == list(_KEYS[1]) else None
        return Prototypes(path.name, rows[:, values], tuple(names[k] for k in values), True, labels=known, grid=grid)
    return Prototypes(
        path.name,
        rows[:, list(numbers)],
        tuple("" if _NUMBERED.match(names[k]) else names[k] for k in numbers),
        texts=texts,
        spare=tuple(place for place, k in enumerate(numbers) if roles[names[k]] in ("id", "label")),
        likely=next((name for name, role in roles.items() if role == "label"), ""),
    )


def _n_heads(path: Path, names: Sequence[str]) -> int:
    """How many columns stand before the features in a table that was exported here; 0 for any other."""
    if "label" not in names:
        return 0
    place = list(names).index("label")
    keys = tuple(names[:place])
    if names[place + 1 : place + 2] != ["training rows"] or keys not in (*_KEYS, _WORDS):
        return 0
    if keys == _WORDS:
        raise _no_prototypes(path)
    return place + 2


def _no_prototypes(path: Path) -> DataError:
    return DataError(
        f"{path.name} holds words of several books, of which each is a part of a prototype: load the model instead."
    )


def _grid(rows: NDArray[Any], names: Sequence[str]) -> tuple[int, int]:
    row, column = (rows[:, list(names).index(name)] for name in ("row", "column"))
    return int(row.max()) + 1, int(column.max()) + 1


def _of_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> Prototypes:
    """Of named arrays those that are ours, or are named like prototypes and labels."""
    about = _json_object(arrays.get("about"))
    if set(_WORDS) <= arrays.keys():
        raise _no_prototypes(path)
    if {"prototypes", "training_rows", "feature_names"} <= arrays.keys():
        return Prototypes(
            path.name,
            _flat(arrays["prototypes"]),
            tuple(arrays["feature_names"].tolist()),
            True,
            arrays.get("prototypes_training_units"),
            None if "prototype_labels" not in arrays else tuple(arrays["prototype_labels"].tolist()),
            metric={name: arrays[name] for name in METRIC if name in arrays},
            grid=_pair(arrays.get("grid")),
            about=about,
        )
    tables = {name: a for name, a in arrays.items() if a.dtype.kind in "biuf" and a.ndim > 1}
    named = [name for name in tables if re.match(_VALUES, _last(name), re.IGNORECASE)]
    if not named and len(tables) != 1:
        listed = ", ".join(tables) if tables else "none of two dimensions"
        raise DataError(
            f'{path.name} has no array called "prototypes": give that name to the one that holds them; there are '
            f"{listed}."
        )
    chosen = (named or list(tables))[0]
    values = _flat(tables[chosen]).astype(np.float64)
    fitting = {n: a for n, a in arrays.items() if a.shape == (len(values),) and re.match(_LABELS, _last(n), re.I)}
    labels = next(iter(fitting.values()), None)
    return Prototypes(
        path.name, values, ("",) * values.shape[1], labels=None if labels is None else tuple(labels.tolist())
    )


def _last(name: str) -> str:
    return name.rpartition("/")[2]


def _flat(values: NDArray[Any]) -> NDArray[Any]:
    return values.reshape(len(values), -1)


def _pair(values: Any) -> tuple[int, int] | None:
    return None if values is None else (int(values[0]), int(values[1]))


def _json_object(text: NDArray[Any] | None) -> dict[str, Any]:
    try:
        value = json.loads(str(text)) if text is not None else {}
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _of_json(path: Path) -> Prototypes:
    """Our own JSON, or rows of numbers."""
    if path.stat().st_size > _MOST_JSON:
        raise DataError(
            f"{path.name} is larger than {_MOST_JSON >> 20} MB: export the codebook as .npz, and load that."
        )
    try:
        whole = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path.name} is no JSON, or is damaged ({str(error).splitlines()[0]}).") from None
    try:
        return _own_json(path, whole) if _is_own(whole) else _other_json(path, whole)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise DataError(
            f"{path.name} holds no prototypes that can be read ({type(error).__name__}: {error}): a list of rows of "
            'numbers is needed, alone or called "prototypes".'
        ) from None


def _is_own(whole: Any) -> bool:
    return isinstance(whole, dict) and {"about", "features", "training_features", "prototypes"} <= whole.keys()


def _own_json(path: Path, whole: Mapping[str, Any]) -> Prototypes:
    entries, further = whole["prototypes"], whole["further"]
    if entries and set(_WORDS) <= entries[0].keys():
        raise _no_prototypes(path)
    labels = tuple(entry["label"] for entry in entries)
    metric = {name: np.array(further[name], np.float64) for name in METRIC if name in further}
    if whole["omega"] is not None:
        metric["omega"] = np.array(whole["omega"], np.float64)
    return Prototypes(
        path.name,
        np.array([entry["values"] for entry in entries], np.float64),
        tuple(feature["name"] for feature in whole["features"]),
        True,
        np.array([entry["training_values"] for entry in entries], np.float64),
        None if all(label is None for label in labels) else labels,
        metric=metric,
        grid=_pair(further.get("grid")),
        about=whole["about"],
    )


def _other_json(path: Path, whole: Any) -> Prototypes:
    rows = whole["prototypes"] if isinstance(whole, dict) else whole
    labels = whole.get("labels") if isinstance(whole, dict) else None
    values = np.array(rows, np.float64)
    if values.ndim < 2:
        raise ValueError(f"{values.ndim} dimensions")
    values = _flat(values)
    if labels is not None and len(labels) != len(values):
        raise ValueError(f"{len(labels)} labels of {len(values)} prototypes")
    return Prototypes(path.name, values, ("",) * values.shape[1], labels=None if labels is None else tuple(labels))
