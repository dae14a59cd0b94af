"""Finds out how a text table is written (encoding, delimiter, decimal sign, header) from its first bytes."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, Literal

from engines.parameters import Param
from workbench.data.errors import DataError
from workbench.data.labels import MISSING_NUMBERS, MISSING_WORDS

_CANDIDATES = (",", ";", "\t", "|")
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*\Z|\s*[+-]?(inf|infinity)\s*\Z", re.IGNORECASE)
_COMMA_NUMBER = re.compile(r"\s*[+-]?(\d+,\d*|,\d+)([eE][+-]?\d+)?\s*\Z")
_POINT_NUMBER = re.compile(r"\s*[+-]?(\d+\.\d*|\.\d+)([eE][+-]?\d+)?\s*\Z")
_MOSTLY = 0.9
GROUPS = {"comma": ",", "point": ".", "space": " \u00a0\u202f", "apostrophe": "'’"}
"""Signs between thousands."""
GROUPED = {
    name: re.compile(rf"[+-]?\d{{1,3}}([{signs}]\d{{3}})+([{decimal}]\d*)?\Z")
    for (name, signs), decimal in zip(GROUPS.items(), (".", ",", ".,", ".,"), strict=True)
}


@dataclass(frozen=True)
class DelimitedOptions:
    """How a text table is written; "auto" (and -1) is found out from the file."""

    delimiter: Annotated[
        Literal["auto", "tab", "space"] | str, Param("character between two fields; space means any white space")
    ] = "auto"
    encoding: Annotated[Literal["auto"] | str, Param("text encoding, such as utf-8, utf-16 or cp1252")] = "auto"
    decimal: Annotated[Literal["auto", "point", "comma"], Param("decimal sign of numbers")] = "auto"
    thousands: Annotated[
        Literal["auto", "none", "comma", "point", "space", "apostrophe"],
        Param("sign between thousands, as in 1,234,567", advanced=True),
    ] = "auto"
    header: Annotated[Literal["auto", "yes", "no"], Param("whether the first row holds column names")] = "auto"
    quote: Annotated[Literal["double", "single", "none"], Param("quotation mark around fields", advanced=True)] = (
        "double"
    )
    skip_lines: Annotated[int, Param("lines before the table to skip; -1 finds out", low=-1, advanced=True)] = -1
    missing: Annotated[str, Param("more words that mean a missing value, with spaces between", advanced=True)] = ""
    precision: Annotated[Literal["float64", "float32"], Param("how numbers are kept", advanced=True)] = "float64"

    @property
    def separator(self) -> str:
        """The one character between fields."""
        return {"tab": "\t", "space": " "}.get(self.delimiter, self.delimiter)

    @property
    def quote_char(self) -> str | None:
        return {"double": '"', "single": "'", "none": None}[self.quote]

    @cached_property
    def missing_words(self) -> frozenset[str]:
        """What means "missing" in any column."""
        return frozenset((*MISSING_WORDS, *self.missing.split()))

    @cached_property
    def missing_numbers(self) -> frozenset[str]:
        """What means "missing" where a number is due."""
        return self.missing_words | set(MISSING_NUMBERS)


@dataclass(frozen=True)
class Head:
    """The beginning of a table, understood.

    Attributes
    ----------
    options : DelimitedOptions
        Nothing "auto" is left.
    names : tuple of str
        Unique column names.
    records : list of list of str
        The whole data rows of the beginning, all as long as `names`, shorter or longer where the file is ragged.
    warnings : tuple of str
    """

    options: DelimitedOptions
    names: tuple[str, ...]
    records: list[list[str]]
    warnings: tuple[str, ...]


def understand(head: bytes, complete: bool, wished: DelimitedOptions, name: str) -> Head:
    """Resolve every "auto" of `wished` for a file that begins with `head`.

    Parameters
    ----------
    head : bytes
        Decompressed.
    complete : bool
        Whether `head` is the whole file.
    wished : DelimitedOptions
    name : str
        Of the file, for errors.

    Raises
    ------
    DataError
        If this is no text, or has no rows.
    """
    if not head.strip(b"\r\n\t \xef\xbb\xbf\xff\xfe"):
        raise DataError(f"{name} is empty: there is nothing to import.")
    encoding = _encoding_of(head, name) if wished.encoding == "auto" else wished.encoding
    text = decode(head, encoding, complete, name)
    skip = wished.skip_lines if wished.skip_lines >= 0 else _lines_to_skip(text)
    options = replace(wished, encoding=encoding, skip_lines=skip)
    body = without_lines(text, skip)
    if not complete:
        body = body[: max(body.rfind("\n"), body.rfind("\r")) + 1] or body
    if options.delimiter == "auto":
        options = replace(options, delimiter=_delimiter_of(body, options))
    if len(options.separator) != 1 or options.separator in "\r\n":
        raise DataError(f'The delimiter must be one character, "tab" or "space", but it is "{options.delimiter}".')
    records = list(parse(body, options))
    if not complete and len(records) > 2 and options.quote_char and body.count(options.quote_char) % 2:
        records.pop()
    if not records:
        raise DataError(f"{name} has no rows: there is nothing to import.")
    if options.thousands == "auto":
        options = replace(options, thousands=_thousands_of(records, options))
    if options.decimal == "auto":
        options = replace(options, decimal=_decimal_of(records, options))
    if len(records) == 1 and all(as_number(cell, options) is None for cell in records[0]):
        raise DataError(f"{name} has a row of column names at most, and no row of data.")
    if options.header == "auto":
        options = replace(options, header="yes" if has_header(records, options) else "no")
    return _headed(options, records, name)


def decode(data: bytes, encoding: str, complete: bool, name: str) -> str:
    """`data` as text, a character cut at the end left out; raises DataError where it is not in `encoding`."""
    try:
        text = codecs.getincrementaldecoder(encoding)("strict").decode(data, final=complete)
    except LookupError as error:
        raise DataError(f'There is no text encoding "{encoding}"; try utf-8, utf-16 or cp1252.') from error
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise DataError(
            f"{name} is not {encoding} text (line {line} has a byte 0x{data[error.start]:02X}): choose another "
            "encoding, such as cp1252."
        ) from error
    except UnicodeError as error:
        raise DataError(f"{name} is not {encoding} text: choose another encoding.") from error
    return text.removeprefix("\ufeff")


def without_lines(text: str, n_lines: int) -> str:
    """`text` after its first `n_lines` lines."""
    for _ in range(n_lines):
        match = re.search(r"\r\n|\n|\r", text)
        text = text[match.end() :] if match else ""
    return text


def parse(text: str, options: DelimitedOptions) -> Iterator[list[str]]:
    """The records of `text`, blank lines left out."""
    csv.field_size_limit(1 << 30)
    if options.separator == " ":
        text = "\n".join(" ".join(line.split()) for line in text.splitlines())
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=options.separator,
        quotechar=options.quote_char or '"',
        quoting=csv.QUOTE_MINIMAL if options.quote_char else csv.QUOTE_NONE,
        doublequote=True,
    )
    return (record for record in reader if record)


def as_number(text: str, options: DelimitedOptions) -> float | None:
    """The number that `text` is, NaN where it means "missing", None where it is something else."""
    text = text.strip()
    if text in options.missing_numbers:
        return float("nan")
    if options.thousands in GROUPED and GROUPED[options.thousands].match(text):
        text = without_groups(text, options.thousands)
    if options.decimal == "comma" and _COMMA_NUMBER.match(text):
        text = text.replace(",", ".")
    return float(text) if _NUMBER.match(text) and text.isascii() else None


def without_groups(text: str, thousands: str) -> str:
    """A number without the signs between its thousands."""
    return text.translate(dict.fromkeys(map(ord, GROUPS[thousands])))


def _thousands_of(
    records: Sequence[Sequence[str]], options: DelimitedOptions
) -> Literal["none", "comma", "point", "space", "apostrophe"]:
    """The sign that makes a column one of numbers where it can mean nothing else; 1,234 alone may be a decimal."""
    width = min(map(len, records[:500]))
    for k in range(width):
        cells = [cell for record in records[1:500] if (cell := record[k].strip()) not in options.missing_numbers]
        for name, pattern in GROUPED.items():
            grouped = [cell for cell in cells if pattern.match(cell)]
            clear = [cell for cell in grouped if _is_clear(cell, name, options)]
            numbers = sum(bool(_NUMBER.match(cell) or _COMMA_NUMBER.match(cell)) for cell in cells)
            others = sum(bool(_NUMBER.match(cell) or _COMMA_NUMBER.match(cell)) for cell in grouped)
            if clear and len(grouped) + numbers - others >= _MOSTLY * len(cells):
                return name  # type: ignore[return-value]  # of the dict above
    return "none"


def _is_clear(cell: str, name: str, options: DelimitedOptions) -> bool:
    signs = [sign for sign in cell if sign in GROUPS[name]]
    other = {"comma": ".", "point": ","}.get(name)
    return other is None or len(signs) > 1 or other in cell or options.separator == GROUPS[name]


def _encoding_of(head: bytes, name: str) -> str:
    for mark, encoding in ((codecs.BOM_UTF8, "utf-8"), (b"\xff\xfe\0\0", "utf-32"), (codecs.BOM_UTF16_LE, "utf-16")):
        if head.startswith(mark):
            return encoding
    if head.startswith(codecs.BOM_UTF16_BE):
        return "utf-16"
    beginning = head[: 1 << 14]
    if b"\0" in beginning:
        even, odd = beginning[::2].count(0), beginning[1::2].count(0)
        half = len(beginning) // 2
        if odd > 0.4 * half and even < 0.1 * half:
            return "utf-16-le"
        if even > 0.4 * half and odd < 0.1 * half:
            return "utf-16-be"
        raise DataError(f"{name} is not a text table: it holds binary data.")
    control = sum(beginning.count(byte) for byte in range(32) if byte not in b"\t\n\r\f\v")
    if control > 0.02 * len(beginning):
        raise DataError(f"{name} is not a text table: it holds binary data.")
    try:
        codecs.getincrementaldecoder("utf-8")("strict").decode(head)
        return "utf-8"
    except UnicodeDecodeError:
        return "cp1252" if not any(byte in head for byte in b"\x81\x8d\x8f\x90\x9d") else "latin-1"


def _lines_to_skip(text: str) -> int:
    """How many lines of comment (#), of `sep=;` or of nothing come first."""
    for count, line in enumerate(text.splitlines()[:1000]):
        if line.strip() and not line.startswith(("#", "sep=", "%")):
            return count
    return 0


def _delimiter_of(body: str, options: DelimitedOptions) -> str:
    """The candidate that cuts most rows into the same number of fields, with no other candidate left inside."""
    best, best_score = "", (0.0, 0.0, 0)
    for candidate in _CANDIDATES:
        records = _first_records(body, replace(options, delimiter=candidate))
        modal, same = Counter(map(len, records)).most_common(1)[0] if records else (0, 0)
        if modal < 2 or same < 0.5 * len(records):
            continue
        cells = [cell for record in records for cell in record]
        foreign = sum(any(other in cell for other in _CANDIDATES) for cell in cells)
        score = (round(same / len(records), 1), -foreign / len(cells), modal)
        if not best or score > best_score:
            best, best_score = candidate, score
    if best:
        return "tab" if best == "\t" else best
    records = _first_records(body, replace(options, delimiter="space"))
    modal, same = Counter(map(len, records)).most_common(1)[0] if records else (0, 0)
    numbers = sum(bool(_NUMBER.match(cell)) for record in records for cell in record)
    if modal > 1 and same >= _MOSTLY * (len(records) - 1) and numbers >= 0.5 * sum(map(len, records)):
        return "space"
    return ","


def _first_records(body: str, options: DelimitedOptions) -> list[list[str]]:
    records = []
    for record in parse(body[: 1 << 18], options):
        records.append(record)
        if len(records) == 200:
            break
    return records[:-1] if len(records) > 2 and len(body) > 1 << 18 else records


def _decimal_of(records: Sequence[Sequence[str]], options: DelimitedOptions) -> Literal["point", "comma"]:
    if options.separator == "," or options.thousands == "comma":
        return "point"
    if options.thousands == "point":
        return "comma"
    cells = [cell for record in records[:500] for cell in record]
    if options.thousands != "none":
        cells = [without_groups(cell, options.thousands) for cell in cells]
    commas = sum(bool(_COMMA_NUMBER.match(cell)) for cell in cells)
    points = sum(bool(_POINT_NUMBER.match(cell)) for cell in cells)
    return "comma" if commas > points else "point"


def has_header(records: Sequence[Sequence[str]], options: DelimitedOptions) -> bool:
    """Whether the first record reads as names: no numbers in it, and numbers or other words under it."""
    first, rest = records[0], records[1:500]
    named = [cell.strip() for cell in first]
    if not rest or any(as_number(cell, options) is not None for cell in named if cell):
        return False
    if not any(named):
        return False
    for k, cell in enumerate(named):
        below = [record[k] for record in rest if k < len(record) and record[k].strip()]
        if below and sum(as_number(text, options) is not None for text in below) >= _MOSTLY * len(below):
            return True
        if cell in (text.strip() for text in below):
            return False
    return len(set(named)) == len(named)


def _headed(options: DelimitedOptions, records: list[list[str]], name: str) -> Head:
    """Split off the header and make its names unique and as many as the rows have fields."""
    warnings: list[str] = []
    width = Counter(map(len, records[1:] or records)).most_common(1)[0][0]
    if options.header == "no":
        names = [f"column {k + 1}" for k in range(width)]
    else:
        names = [cell.strip() for cell in records[0]]
        records = records[1:]
        if not records:
            raise DataError(f"{name} has a row of column names at most, and no row of data.")
        if len(names) == width - 1:
            trailing = all(record[-1].strip() == "" for record in records if len(record) == width)
            names = [*names, ""] if trailing else ["row", *names]
    unique = unique_names(names)
    changed = [new for old, new in zip(names, unique, strict=True) if old != new]
    if changed:
        shown = ", ".join(f'"{new}"' for new in changed[:3]) + (" …" if len(changed) > 3 else "")
        warnings.append(f"Column names that were empty or appeared twice ({len(changed):,}) are now {shown}.")
    return Head(options, tuple(unique), records, tuple(warnings))


def unique_names(names: Sequence[str]) -> list[str]:
    taken: set[str] = set(names)
    seen: set[str] = set()
    result = []
    for k, name in enumerate(names):
        unique = name or f"column {k + 1}"
        count = 2
        while unique in seen or (unique != name and unique in taken):
            unique = f"{name or f'column {k + 1}'} ({count})"
            count += 1
        seen.add(unique)
        result.append(unique)
    return result
