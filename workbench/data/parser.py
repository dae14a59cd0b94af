"""Turns chunks of delimited records into numbers and texts; where chunks come from is not known here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.data.dialect import GROUPED, GROUPS, DelimitedOptions, as_number, parse
from workbench.data.errors import DataError
from workbench.data.gathering import Layout
from workbench.data.text_chunks import chunk_text, count_fields
from workbench.data.watch import Watch

_ROWS_BETWEEN_LOOKS = 500
_PATIENCE = 3


@dataclass(frozen=True, eq=False)
class Block:
    """Some rows: (k, d) numbers with NaN where missing, and the columns that are kept as texts."""

    numbers: NDArray[np.float64]
    texts: dict[int, pl.Series]


def _ungrouped(texts: pl.Series, options: DelimitedOptions) -> pl.Series:
    """Numbers without the signs between thousands; raises PolarsError where there is another text among them."""
    texts = texts.str.strip_chars()
    whole = "^" + GROUPED[options.thousands].pattern.replace(r"\Z", "$")
    grouped = texts.str.contains(whole).fill_null(False)
    plain = texts.str.replace_all(f"[{GROUPS[options.thousands]}]", "").zip_with(grouped, texts)
    if options.decimal == "comma":
        plain = plain.str.replace(",", ".", literal=True)
    return plain.replace("", None).cast(pl.Float64)


class RecordParser:
    """Parses by polars and, where polars refuses or may be wrong, by hand.

    The way by hand understands everything that the way by polars does and names the row at fault, so polars need
    only be fast: it hears of the words for "missing" once one has occurred, and is not asked any more after three
    refusals. Rows with a field too few, which polars would fill with nulls, are found by counting separators.
    """

    def __init__(self, layout: Layout, options: DelimitedOptions, path: Path) -> None:
        self._layout = layout
        self._options = options
        self._path = path
        self._n_rows = 0
        self._words: list[str] | None = None
        self._refusals = 0

    def parse(self, chunk: bytes, watch: Watch) -> Block:
        """The rows of `chunk` (whole records, UTF-8).

        Raises
        ------
        DataError
            If a row has too many or too few fields, or a feature holds text; names row and column.
        """
        block = self._by_polars(chunk) if self._refusals < _PATIENCE else None
        if block is None:
            self._refusals += 1
            block = self._by_hand(chunk, watch)
        self._n_rows += len(block.numbers)
        return block

    def _by_polars(self, chunk: bytes) -> Block | None:
        layout = self._layout
        chunk = chunk if chunk.endswith(b"\n") else chunk + b"\n"
        n_rows = self._count(chunk)
        if n_rows is None or len(layout.names) == 1:
            chunk = self._without_blank_lines(chunk)
            n_rows = self._count(chunk)
            if len(layout.names) == 1 and self._options.quote_char and self._options.quote_char.encode() in chunk:
                return None
        if n_rows is None:
            return None
        try:
            frames = self._frames(chunk)
        except pl.exceptions.PolarsError:
            return None
        if any(len(frame) != n_rows for frame in frames):
            return None
        wanted = [f"{k}" for k in layout.numbers]
        numbers = frames[0].select(wanted).to_numpy() if wanted else np.empty((n_rows, 0))
        return Block(numbers, {k: frames[-1][f"{k}"] for k in layout.texts})

    def _count(self, chunk: bytes) -> int | None:
        """The number of records when all have as many fields as there are columns, by counting separators."""
        layout = self._layout
        separators, lines = count_fields(chunk, self._options.separator, self._options.quote_char)
        return lines if separators == lines * (len(layout.names) - 1) else None

    def _without_blank_lines(self, chunk: bytes) -> bytes:
        """`chunk` without its blank lines, which polars takes for rows; as it is where quotes make that hard."""
        quote = self._options.quote_char
        if quote and quote.encode() in chunk:
            return chunk
        return re.sub(rb"\n(?:\r?\n)+", b"\n", chunk).lstrip(b"\r\n")

    def _frames(self, chunk: bytes) -> list[pl.DataFrame]:
        """All wanted columns, numbers in the first frame and texts in the last: one frame, or two once words for
        "missing" occur among the numbers, since among texts these are words like others."""
        layout = self._layout
        if self._words is None:
            try:
                return [self._read(chunk, sorted({*layout.numbers, *layout.texts}), None)]
            except pl.exceptions.PolarsError:
                self._words = sorted(self._options.missing_numbers)
        numbers = self._read(chunk, layout.numbers, self._words)
        return [numbers, self._read(chunk, layout.texts, None)] if layout.texts else [numbers]

    def _read(self, chunk: bytes, places: Sequence[int], words: list[str] | None) -> pl.DataFrame:
        layout, options = self._layout, self._options
        grouped = options.thousands != "none"
        numbers = set() if grouped else set(layout.numbers)
        frame = pl.read_csv(
            chunk,
            has_header=False,
            schema={f"{k}": pl.Float64 if k in numbers else pl.String for k in range(len(layout.names))},
            columns=list(places),
            separator=options.separator,
            quote_char=options.quote_char,
            null_values=words,
            decimal_comma=options.decimal == "comma",
        )
        if not grouped:
            return frame
        wanted = set(places)
        return frame.with_columns(_ungrouped(frame[f"{k}"], options) for k in layout.numbers if k in wanted)

    def _by_hand(self, chunk: bytes, watch: Watch) -> Block:
        layout = self._layout
        records: list[list[str]] = []
        for record in parse(chunk_text(chunk, self._path, self._n_rows), self._options):
            if len(records) % _ROWS_BETWEEN_LOOKS == 0:
                watch.look()
            if len(record) != len(layout.names):
                self._refuse_ragged(record, self._n_rows + len(records) + 1)
            records.append(record)
        self._refuse_open_quote(chunk, records)
        numbers = np.empty((len(records), len(layout.numbers)))
        for i, record in enumerate(records):
            if i % _ROWS_BETWEEN_LOOKS == 0:
                watch.look()
            for j, k in enumerate(layout.numbers):
                number = as_number(record[k], self._options)
                if number is None:
                    self._refuse_text(layout.names[k], self._n_rows + i + 1, record[k])
                numbers[i, j] = number
        texts: dict[int, Any] = {k: [record[k] for record in records] for k in layout.texts}
        return Block(numbers, {k: pl.Series(cells, dtype=pl.String) for k, cells in texts.items()})

    def _refuse_open_quote(self, chunk: bytes, records: list[list[str]]) -> None:
        quote = self._options.quote_char
        if quote and records and chunk.count(quote.encode()) % 2 and any("\n" in cell for cell in records[-1]):
            raise DataError(
                f"A quotation mark that opens in row {self._n_rows + len(records):,} of {self._path.name} is never "
                "closed: mend the row, or set the quote to none."
            )

    def _refuse_ragged(self, record: list[str], row: int) -> None:
        layout = self._layout
        fields = "1 field" if len(record) == 1 else f"{len(record):,} fields"
        raise DataError(
            f"Row {row:,} of {self._path.name} has {fields}, but there are {len(layout.names):,} columns: mend the "
            "row, or correct the delimiter or the quote."
        )

    def _refuse_text(self, column: str, row: int, text: str) -> None:
        shown = text if len(text) <= 40 else text[:37] + "…"
        raise DataError(
            f'Column "{column}", row {row:,} of {self._path.name}, holds "{shown}" where a number is due: correct it, '
            "name it as a word for a missing value, or give the column the role label, id or ignore."
        )
