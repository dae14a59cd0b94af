"""Tables of any length as CSV, Parquet or Excel files, in pieces as they come; what is in them is others' affair."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl

from workbench.reports.cells import cell
from workbench.reports.errors import ReportError

FORMS = ("csv", "parquet", "xlsx")
_MOST_ROWS, _MOST_COLUMNS = 1_048_575, 16_384
"""Of an Excel sheet, under its row of names."""


def write_table(pieces: Iterable[pl.DataFrame], path: Path, form: str) -> None:
    """Write pieces with the same columns, one after the other; Parquet alone is put together in memory.

    Texts never become formulas. A cell without a value is empty.

    Raises
    ------
    ReportError
        If there are more rows or columns than a sheet takes.
    """
    {"csv": _write_csv, "parquet": _write_parquet, "xlsx": _write_excel}[form](pieces, path)


def _write_csv(pieces: Iterable[pl.DataFrame], path: Path) -> None:
    with path.open("wb") as file:
        for k, piece in enumerate(pieces):
            texts = [name for name, dtype in piece.schema.items() if dtype == pl.String]
            safe = [pl.Series(name, [cell(text) for text in piece[name].to_list()], pl.String) for name in texts]
            named = piece.with_columns(safe).rename({name: cell(name) for name in piece.columns if cell(name) != name})
            named.with_columns(pl.selectors.float().fill_nan(None)).write_csv(file, include_header=k == 0)


def _write_parquet(pieces: Iterable[pl.DataFrame], path: Path) -> None:
    pl.concat(list(pieces)).write_parquet(path)


def _write_excel(pieces: Iterable[pl.DataFrame], path: Path) -> None:
    import xlsxwriter

    plain = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(path, plain) as book:
        sheet = book.add_worksheet("Rows")
        sheet.freeze_panes(1, 0)
        bold = book.add_format({"bold": True})
        row = 0
        for piece in pieces:
            if row == 0:
                if piece.width > _MOST_COLUMNS:
                    raise ReportError(f"A sheet takes {_MOST_COLUMNS:,} columns, not {piece.width:,}: choose .parquet.")
                sheet.write_row(0, 0, piece.columns, bold)
            if row + len(piece) > _MOST_ROWS:
                raise ReportError(f"A sheet takes {_MOST_ROWS:,} rows and no more: choose .csv or .parquet.")
            for values in piece.iter_rows():
                row += 1
                for column, value in enumerate(values):
                    _put(sheet, row, column, value)


def _put(sheet: Any, row: int, column: int, value: Any) -> None:
    if isinstance(value, str):
        sheet.write_string(row, column, value)
    elif value is not None and value == value and abs(value) != float("inf"):
        sheet.write_number(row, column, value)
