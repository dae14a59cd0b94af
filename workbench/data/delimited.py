"""The importer of text tables (CSV, TSV and their kin, gzip or not): first rows, and a streamed read of all."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.data.columns import assign_roles, left_out
from workbench.data.dialect import DelimitedOptions, Head, as_number, understand
from workbench.data.encoding import Encoding
from workbench.data.errors import DataError
from workbench.data.gathering import Gathering, Layout
from workbench.data.parser import RecordParser
from workbench.data.pictures import SUFFIXES as PICTURE_SUFFIXES
from workbench.data.plan import Column, Plan, Sample, Table
from workbench.data.recipe import Recipe
from workbench.data.text_chunks import is_gzip, read_head, record_chunks
from workbench.data.typed_text import typed
from workbench.data.watch import Watch

NAME = "delimited"
TITLE = "Text table (CSV, TSV)"
SUFFIXES = (".csv", ".tsv", ".tab", ".txt", ".dat", ".data", ".asc")
Options = DelimitedOptions
_HEAD_BYTES = 1 << 17
_MOST_HEAD_BYTES = 1 << 24
_HEAD_LINES = 20
_SAMPLE_ROWS = 1000


def recognises(path: Path, head: bytes) -> bool:
    """Whether the file is named as a text table or may be text; asked after every binary format."""
    if path.is_dir():
        return holds_tables(path)
    return _is_named(path) or b"\0" not in head or head[:2] in (b"\xff\xfe", b"\xfe\xff")


def holds_tables(folder: Path) -> bool:
    """Whether text tables are in a folder, and neither pictures nor folders, which a table may be a list of."""
    visible = [path for path in folder.iterdir() if not path.name.startswith(".")]
    return any(map(_is_named, visible)) and not any(
        path.is_dir() or path.name.lower().endswith(PICTURE_SUFFIXES) for path in visible
    )


def _is_named(path: Path) -> bool:
    return path.name.lower().removesuffix(".gz").endswith(SUFFIXES) and not path.name.startswith(".")


def _files(paths: Sequence[Path]) -> list[Path]:
    """Folders as the tables in them, in the order of their names: one after the other they are one table."""
    found = []
    for path in paths:
        found += sorted(filter(_is_named, path.iterdir())) if path.is_dir() else [path]
    if not found:
        raise DataError(f"There is no text table in {paths[0].name}.")
    return found


def sample(paths: Sequence[Path], options: DelimitedOptions) -> Sample:
    """The first rows of the first file; see `Sample`."""
    files = _files(paths)
    path = files[0]
    head, n_bytes, complete = _head_of(path, options)
    records = [record for record in head.records[:_SAMPLE_ROWS] if len(record) == len(head.names)]
    columns: list[Column] = []
    values: list[NDArray[Any]] = []
    doubts: list[str] = []
    encodings: dict[str, Encoding] = {}
    for k, name in enumerate(head.names):
        column, cells, encoding, doubt = typed(name, [record[k] for record in records], head.options)
        columns.append(column)
        values.append(cells)
        doubts.append(doubt)
        if encoding is not None:
            encodings[name] = encoding
    assigned = assign_roles(columns, values)
    gaps = [
        column.name
        for k, column in enumerate(assigned)
        if column.role == "feature" and any(np.isnan(as_number(r[k], head.options) or 0.0) for r in records)
    ]
    warnings = [*head.warnings, *_warnings(path, head, assigned, values, gaps)]
    warnings += [doubt for doubt in doubts if doubt]
    n_rows = len(head.records)
    if not complete or len(files) > 1:
        n_rows = max(n_rows, round(n_rows * sum(file.stat().st_size for file in files) / n_bytes))
    return Sample(
        asdict(head.options),
        assigned,
        values,
        n_rows,
        complete and len(files) == 1,
        warnings=tuple(warnings),
        recipe=Recipe(missing="mean") if gaps else Recipe(),
        encodings=encodings,
    )


def load(plan: Plan, options: DelimitedOptions, watch: Watch) -> Table:
    """All rows, streamed to a temporary file; see `Table`."""
    files = _files([Path(path) for path in plan.paths])
    sizes = np.cumsum([0, *(max(1, file.stat().st_size) for file in files)])
    options = _head_of(files[0], options)[0].options
    layout = Layout.of(plan)
    gathering = Gathering(layout, np.dtype(options.precision), files[0].name, options.missing_words)
    try:
        for file, start, end in zip(files, sizes, sizes[1:], strict=False):
            _check_names(file, files[0], options, layout)
            parser = RecordParser(layout, options, file)
            for chunk in record_chunks(file, options, watch.part(start / sizes[-1], end / sizes[-1])):
                block = parser.parse(chunk, watch)
                gathering.add(block.numbers, block.texts)
        return gathering.table()
    except BaseException:
        gathering.close()
        raise


def _check_names(file: Path, first: Path, options: DelimitedOptions, layout: Layout) -> None:
    """Raise DataError unless the columns of `file` are those of the plan."""
    head, _, _ = _head_of(file, options)
    if head.names == layout.names:
        return
    if file == first:
        raise DataError(f"The columns of {file.name} are not those of the plan: make the preview again.")
    differing = sorted({*head.names} ^ {*layout.names})
    what = f'"{differing[0]}" is in one of them alone' if differing else "their order differs"
    raise DataError(
        f"{file.name} has not the columns of {first.name} ({what}): give all files the same columns, or import them "
        "one by one."
    )


def _head_of(path: Path, options: DelimitedOptions) -> tuple[Head, int, bool]:
    """The beginning, understood, how many bytes of the file it took, and whether that is all."""
    n_bytes = _HEAD_BYTES
    while True:
        data, complete = read_head(path, n_bytes)
        lines = max(data.count(b"\n"), data.count(b"\r"))
        if complete or n_bytes >= _MOST_HEAD_BYTES or lines >= _HEAD_LINES:
            break
        n_bytes *= 4
    head = understand(data, complete, options, path.name)
    taken = len(gzip.compress(data, 6)) if is_gzip(path) else len(data)
    return head, taken, complete


def _warnings(
    path: Path, head: Head, columns: Sequence[Column], values: Sequence[NDArray[Any]], gaps: Sequence[str]
) -> list[str]:
    found = []
    if len(columns) == 1 and columns[0].type == "text":
        found.append(one_column(path.name, columns[0].name, head))
    ragged = sum(len(record) != len(head.names) for record in head.records)
    if ragged:
        found.append(
            f"Among the first rows are some ({ragged:,}) with more or fewer fields than columns ({len(head.names):,})."
        )
    if gaps:
        found.append(
            f'Values are missing in some columns ({len(gaps):,}, "{gaps[0]}" the first): the mean of the training '
            "rows is put in their place unless you choose otherwise."
        )
    found += _texts_among_numbers(columns, head)
    found += left_out(columns, values)
    return found


def _texts_among_numbers(columns: Sequence[Column], head: Head) -> list[str]:
    for k, column in enumerate(columns):
        if column.role != "feature":
            continue
        for row, record in enumerate(head.records[:_SAMPLE_ROWS], 1):
            if k < len(record) and as_number(record[k], head.options) is None:
                return [f'Column "{column.name}" holds numbers, but "{record[k]}" in row {row:,}.']
    return []


def one_column(file: str, name: str, head: Head) -> str:
    """The sentence for a table that looks cut with the wrong delimiter."""
    first = name if head.options.header == "yes" else (head.records[0][0] if head.records else name)
    others = [sign for sign in (";", ",", "\t", "|", " ") if sign in first and sign != head.options.separator]
    hint = {"\t": "tab", " ": "space"}.get(others[0], others[0]) if others else ""
    advice = f'the delimiter may be "{hint}"' if hint else "check the delimiter"
    return f'{file} was read as one column of text with the delimiter "{head.options.delimiter}": {advice}.'
