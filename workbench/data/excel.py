"""The importer of spreadsheets (Excel, OpenDocument): one sheet, or a range of it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

import fastexcel
import polars as pl

from engines.parameters import Param
from workbench.data.dialect import DelimitedOptions, has_header, unique_names
from workbench.data.errors import DataError
from workbench.data.frames import SAMPLE_ROWS, sample_of_frame, table_of_frames
from workbench.data.plan import Offer, Plan, Sample, Table
from workbench.data.watch import Watch

NAME = "excel"
TITLE = "Spreadsheet (Excel, OpenDocument)"
SUFFIXES = (".xlsx", ".xls", ".xlsm", ".xlsb", ".ods")
FOREIGN = True
_ZIP, _OLE = b"PK", b"\xd0\xcf\x11\xe0"
_HEAD_ROWS = 500
_PLAIN = DelimitedOptions(decimal="point", thousands="none")
_RANGE = re.compile(r"([A-Za-z]{1,3})([1-9][0-9]{0,6})?(?::([A-Za-z]{1,3})([1-9][0-9]{0,6})?)?\Z")


@dataclass(frozen=True)
class Options:
    """Which part of the workbook is the table; "auto" is found out."""

    sheet: Annotated[Literal["auto"] | str, Param("name of the sheet")] = "auto"
    range: Annotated[str, Param("cells of the table, such as B3:F200 or B:F; empty takes all that are used")] = ""
    header: Annotated[Literal["auto", "yes", "no"], Param("whether the first row holds column names")] = "auto"
    precision: Annotated[Literal["float64", "float32"], Param("how numbers are kept", advanced=True)] = "float64"


@dataclass(frozen=True)
class _Range:
    """First and last column and row, from 0; the last ones None where open."""

    left: int = 0
    top: int = 0
    right: int | None = None
    bottom: int | None = None

    def takes(self, column: int) -> bool:
        """Whether a column of the sheet, counted from 0, is in it."""
        return self.left <= column and (self.right is None or column <= self.right)

    @classmethod
    def of(cls, text: str) -> _Range:
        if not text.strip():
            return cls()
        match = _RANGE.match(text.strip().replace("$", ""))
        if match is None:
            raise DataError(f'"{text}" is no range of cells, such as B3:F200 or B:F.')
        first, top, last, bottom = match.groups()
        found = cls(
            _column_number(first),
            int(top) - 1 if top else 0,
            _column_number(last) if last else None,
            int(bottom) - 1 if bottom else None,
        )
        if (found.right is not None and found.right < found.left) or (
            found.bottom is not None and found.bottom < found.top
        ):
            raise DataError(f'The range "{text}" ends before it begins.')
        return found


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = 26 * number + ord(letter) - ord("A") + 1
    return number - 1


def recognises(path: Path, head: bytes) -> bool:
    """Whether the file is named as a spreadsheet and packed as one."""
    return path.suffix.lower() in SUFFIXES and head.startswith((_ZIP, _OLE))


def sample(paths: Sequence[Path], options: Options) -> Sample:
    """The first rows; see `Sample`."""
    options, frame, told, sheets = _frame(paths[0], options)
    seen = sample_of_frame(frame.head(SAMPLE_ROWS), asdict(options), len(frame), True, told)
    return replace(seen, offers={"sheet": tuple(map(Offer, sheets))})


def load(plan: Plan, options: Options, watch: Watch) -> Table:
    """All rows."""
    path = Path(plan.paths[0])
    options, frame, _, _ = _frame(path, options)
    watch(0.5)
    return table_of_frames(plan, [frame], options.precision, path.name, watch.part(0.5, 1.0))


@dataclass(frozen=True)
class _Found:
    """Where in a sheet the table lies.

    Attributes
    ----------
    sheet : str
    skipped : int
        Rows of the sheet above the first row of data.
    names : tuple of str
        Of the columns; "" where the sheet has none.
    header : bool
    told : tuple of str
    """

    sheet: str
    skipped: int
    names: tuple[str, ...]
    header: bool
    told: tuple[str, ...]


def _frame(path: Path, options: Options) -> tuple[Options, pl.DataFrame, tuple[str, ...], list[str]]:
    """The options with all found out, the table, what is to be told, and all sheets."""
    area = _Range.of(options.range)
    try:
        book = fastexcel.read_excel(path)
        found = _found(book, path.name, area, options)
        n_rows = None if area.bottom is None else max(0, area.bottom + 1 - found.skipped)
        frame = _cells(book, found.sheet, area, found.skipped, n_rows)
    except fastexcel.FastExcelError as error:
        raise DataError(f"{path.name} is no spreadsheet that can be read, or is damaged or locked.") from error
    names = [*found.names, *[""] * (frame.width - len(found.names))]
    filled = [k for k in range(frame.width) if names[k] or frame.to_series(k).null_count() < len(frame)]
    unique = unique_names([names[k] for k in filled])
    frame = frame.select(pl.nth(k).alias(name) for k, name in zip(filled, unique, strict=True))
    frame = frame.filter(~pl.all_horizontal(pl.all().is_null()))
    if len(frame) == 0:
        raise DataError(f"{path.name} has a row of column names at most, and no row of data.")
    options = replace(options, sheet=found.sheet, header="yes" if found.header else "no")
    return options, frame, found.told, book.sheet_names


def _found(book: fastexcel.ExcelReader, file: str, area: _Range, options: Options) -> _Found:
    """The first sheet with anything in it, or the one that is named, and where its table begins."""
    sheets = book.sheet_names
    if options.sheet != "auto" and options.sheet not in sheets:
        raise DataError(f'{file} has no sheet "{options.sheet}"; it has {", ".join(sheets[:12])}.')
    n_rows = _HEAD_ROWS if area.bottom is None else min(_HEAD_ROWS, area.bottom + 1 - area.top)
    for sheet in sheets if options.sheet == "auto" else [options.sheet]:
        records = _cells(book, sheet, area, area.top, n_rows, as_text=True).fill_null("").rows()
        widths = [sum(map(bool, record)) for record in records]
        if not any(widths):
            continue
        usual = Counter(width for width in widths if width).most_common(1)[0][0]
        # a title above a table stands alone in its row
        above = next(k for k, width in enumerate(widths) if width > 1 or (width and usual == 1))
        body = [[*record] for record, width in zip(records[above:], widths[above:], strict=True) if width]
        header = options.header == "yes" or (options.header == "auto" and has_header(body, _PLAIN))
        others = [other for other in sheets if other != sheet]
        told = [f"Sheet {sheet} is taken; there are others: {', '.join(others[:6])}."] if others else []
        titles = sum(map(bool, widths[:above]))
        told += [f"Rows above the table left out: {titles:,}."] if titles else []
        names = tuple(name.strip() for name in body[0]) if header else ()
        return _Found(sheet, area.top + above + header, names, header, tuple(told))
    where = f'sheet "{options.sheet}"' if options.sheet != "auto" else "any sheet"
    within = f" within {options.range}" if options.range else ""
    raise DataError(f"{file} has nothing in {where}{within}: there is nothing to import.")


def _cells(
    book: fastexcel.ExcelReader, sheet: str, area: _Range, skipped: int, n_rows: int | None, *, as_text: bool = False
) -> pl.DataFrame:
    """Cells of a sheet below its first `skipped` rows, none where it ends before."""
    try:
        found = book.load_sheet(
            sheet,
            header_row=None,
            skip_rows=skipped,
            n_rows=n_rows,
            use_columns=lambda column: area.takes(column.absolute_index),
            schema_sample_rows=None,
            dtypes="string" if as_text else None,
        )
    except fastexcel.InvalidParametersError:  # the sheet ends before
        return pl.DataFrame()
    return found.to_polars()
