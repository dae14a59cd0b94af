"""Samples, tables and arrays as files in a folder, written in one process, read in another; never pickled."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.rows import RowSource
from workbench.data.encoding import Encoding
from workbench.data.plan import Column, Offer, Sample, Table
from workbench.data.recipe import Recipe
from workbench.data.rows import FileRows, Spool, row_blocks

_TOLD, _NUMBERS, _TEXTS, _IMAGES, _CODES, _IDS = "told.json", "numbers.npy", "texts", "images.npy", "codes.npy", "ids"
_TEXTS_IN_A_LINE = 1 << 16


def pack_sample(sample: Sample, folder: Path) -> None:
    """Write `sample` as files of the empty `folder`."""
    numeric = [values.dtype.kind in "biuf" for values in sample.values]
    numbers = [values for values, number in zip(sample.values, numeric, strict=True) if number]
    if numbers:
        np.save(folder / _NUMBERS, np.stack(numbers))
    for k, (values, number) in enumerate(zip(sample.values, numeric, strict=True)):
        if not number:
            _write_texts(folder / f"{_TEXTS}{k}", values)
    if sample.images is not None:
        np.save(folder / _IMAGES, sample.images)
    told = {
        "options": dict(sample.options),
        "columns": [asdict(column) for column in sample.columns],
        "numeric": numeric,
        "n_rows": sample.n_rows,
        "exact": sample.exact,
        "captions": sample.captions,
        "warnings": sample.warnings,
        "recipe": sample.recipe.to_json(),
        "kind": sample.kind,
        "encodings": {name: encoding.to_json() for name, encoding in sample.encodings.items()},
        "offers": {name: [asdict(offer) for offer in offers] for name, offers in sample.offers.items()},
    }
    _write_told(folder, told)


def unpack_sample(folder: Path) -> Sample:
    """The sample that `pack_sample` wrote."""
    told = _read_told(folder)
    numeric = told["numeric"]
    numbers = iter(_array(folder / _NUMBERS) if any(numeric) else ())
    values = [next(numbers) if number else _read_texts(folder / f"{_TEXTS}{k}") for k, number in enumerate(numeric)]
    return Sample(
        told["options"],
        tuple(Column(**column) for column in told["columns"]),
        values,
        told["n_rows"],
        told["exact"],
        _array(folder / _IMAGES) if (folder / _IMAGES).exists() else None,
        tuple(told["captions"]),
        tuple(told["warnings"]),
        Recipe.from_json(told["recipe"]),
        told["kind"],
        {name: Encoding.from_json(encoding) for name, encoding in told["encodings"].items()},
        {name: tuple(Offer(**offer) for offer in offers) for name, offers in told["offers"].items()},
    )


def pack_table(table: Table, folder: Path) -> None:
    """Write `table` as files of `folder`, which its rows, where they are a `Spool`, lie in already."""
    spool = table.rows if isinstance(table.rows, Spool) else _spooled(table.rows)
    told = {
        "shape": spool.shape,
        "dtype": spool.dtype.str,
        "rows": spool.hand_over().name,
        "classes": table.classes,
        "kind": table.kind,
        "image_shape": table.image_shape,
        "warnings": table.warnings,
        "told": dict(table.told),
        "texts": sorted(table.texts),
    }
    for k, texts in table.texts.items():
        _write_texts(folder / f"{_TEXTS}{k}", texts)
    if table.codes is not None:
        np.save(folder / _CODES, table.codes)
    if table.ids is not None:
        _write_texts(folder / _IDS, table.ids)
    _write_told(folder, told)


def unpack_table(folder: Path) -> Table:
    """The table that `pack_table` wrote; the folder can go at once, and the rows' file goes when they are closed."""
    told = _read_told(folder)
    path = (folder / told["rows"]).replace(folder.with_name(folder.name + "-rows"))
    dtype = np.dtype(told["dtype"])
    return Table(
        FileRows(path, 0, tuple(told["shape"]), dtype, dtype, temporary=True),
        _array(folder / _CODES) if (folder / _CODES).exists() else None,
        tuple(told["classes"]),
        _read_texts(folder / _IDS) if (folder / _IDS).exists() else None,
        told["kind"],
        None if told["image_shape"] is None else tuple(told["image_shape"]),
        tuple(told["warnings"]),
        told["told"],
        {k: tuple(_read_texts(folder / f"{_TEXTS}{k}").tolist()) for k in told["texts"]},
    )


def pack_arrays(arrays: Mapping[str, NDArray[Any]], folder: Path) -> None:
    """Write arrays of numbers or texts as files of the empty `folder`."""
    told = []
    for k, (name, values) in enumerate(arrays.items()):
        is_text = values.dtype.kind in "UST"
        told.append({"name": name, "shape": values.shape, "text": is_text})
        if is_text:
            _write_texts(folder / f"{_TEXTS}{k}", _decoded(values.ravel()))
        else:
            np.save(folder / f"array{k}.npy", values)
    _write_told(folder, {"arrays": told})


def unpack_arrays(folder: Path) -> dict[str, NDArray[Any]]:
    """The arrays that `pack_arrays` wrote; texts come as StringDType."""
    found: dict[str, NDArray[Any]] = {}
    for k, told in enumerate(_read_told(folder)["arrays"]):
        if told["text"]:
            found[told["name"]] = _read_texts(folder / f"{_TEXTS}{k}").reshape(told["shape"])
        else:
            found[told["name"]] = _array(folder / f"array{k}.npy")
    return found


def _decoded(texts: NDArray[Any]) -> list[str]:
    return [text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text) for text in texts.tolist()]


def _spooled(rows: RowSource) -> Spool:
    spool = Spool(rows.shape[1], rows.dtype)
    for start, stop in row_blocks(*rows.shape):
        spool.append(rows.read(start, stop))
    return spool


def _write_told(folder: Path, told: dict[str, Any]) -> None:
    (folder / _TOLD).write_text(json.dumps(told, default=_plain), "utf-8")


def _read_told(folder: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((folder / _TOLD).read_text("utf-8"))
    return told


def _plain(value: Any) -> Any:
    """What JSON can hold, of NumPy's numbers."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} cannot be handed over")


def _write_texts(path: Path, texts: NDArray[Any] | Sequence[str]) -> None:
    with path.open("w", encoding="utf-8") as file:
        for start in range(0, len(texts), _TEXTS_IN_A_LINE):
            file.write(json.dumps([str(text) for text in texts[start : start + _TEXTS_IN_A_LINE]]) + "\n")


def _read_texts(path: Path) -> NDArray[Any]:
    dtype = np.dtypes.StringDType()

    def pieces() -> Iterator[NDArray[Any]]:
        yield np.zeros(0, dtype)
        with path.open(encoding="utf-8") as file:
            for line in file:
                yield np.array(json.loads(line), dtype)

    return np.concatenate(list(pieces()))


def _array(path: Path) -> NDArray[Any]:
    loaded: NDArray[Any] = np.load(path, allow_pickle=False)
    return loaded
