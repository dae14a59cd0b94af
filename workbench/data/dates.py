"""Dates and times in texts and typed columns as days since 1970; nothing of files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.data.errors import DataError

_DAYS = (
    *("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d.%m.%y"),
    *("%d/%m/%y", "%m/%d/%y", "%d %b %Y", "%d %B %Y", "%d-%b-%Y", "%b %d, %Y", "%B %d, %Y", "%d-%b-%y"),
)
_TIMES = ("%H:%M:%S%.f", "%H:%M", "%I:%M:%S %p", "%I:%M %p")
FORMATS = (
    *_DAYS,
    *(f"{day}{sep}{time}{zone}" for day in _DAYS for sep in "T " for time in _TIMES for zone in ("", "Z", "%#z")),
    *_TIMES,
)
"""What is tried, day before month where both fit."""
_LOOKS_DATED = re.compile(r"\d{1,4}[-/. ]\w{1,9}[-/. ,]|[A-Za-z]{3,9} \d{1,2}, \d|\d{1,2}:\d\d")
_MICROSECONDS = 86_400e6
_WORTH_TRYING = 20


def format_of(texts: Sequence[str]) -> str:
    """The format that all of `texts` (no missing ones) are written in, "" where there is none."""
    if not texts or not all(map(_LOOKS_DATED.match, texts)):
        return ""
    few, every = pl.Series(texts[:_WORTH_TRYING], dtype=pl.String), pl.Series(texts, dtype=pl.String)
    likely = (form for form in FORMATS if _may_be(texts[0], form))
    return next(
        (form for form in likely if not _has_null(_parsed(few, form)) and not _has_null(_parsed(every, form))), ""
    )


def _may_be(text: str, form: str) -> bool:
    """Whether `text` has what `form` asks for: the parser takes a year 21 for four digits, and does not tell."""
    if ("%Y" in form) != (re.search(r"\d{4}", text) is not None) and ("%Y" in form or "%y" in form):
        return False
    if "%y" in form and not re.search(r"\D\d\d(\D|\Z)", text):
        return False
    literals = re.sub(r"%#?\.?[a-zA-Z]", "", form)
    return (":" in form) == (":" in text) and all(sign in text for sign in literals)


def is_ambiguous(texts: Sequence[str], form: str) -> bool:
    """Whether day and month of all `texts` could as well be the other way round."""
    swapped = form.replace("%d", "\0").replace("%m", "%d").replace("\0", "%m")
    return swapped in FORMATS and swapped != form and not _has_null(_parsed(pl.Series(texts, dtype=pl.String), swapped))


def days_of(values: pl.Series, form: str, missing: Iterable[str] = ()) -> NDArray[np.float64]:
    """(n,) days since 1970-01-01 (UTC where a zone is given), times alone as fractions of a day; NaN where missing.

    Parameters
    ----------
    values : Series of texts, dates, datetimes or times
    form : str
        Of texts.
    missing : iterable of str
        Texts that mean "no value".

    Raises
    ------
    ValueError
        With the text that is not written so.
    """
    if values.dtype != pl.String:
        return _days(values)
    texts = values.str.strip_chars()
    texts = texts.set(texts.is_in(list(missing)), None)
    parsed = _parsed(texts, form)
    wrong = parsed.is_null() & texts.is_not_null()
    if wrong.any():
        raise ValueError(texts.filter(wrong)[0])
    return _days(parsed)


def _parsed(texts: pl.Series, form: str) -> pl.Series:
    """Times, dates or datetimes, null where a text is not written so."""
    try:
        if "%Y" in form or "%y" in form:
            if "%H" in form or "%I" in form:
                return texts.str.to_datetime(form, strict=False, time_unit="us")
            return texts.str.to_date(form, strict=False)
        return texts.str.to_time(form, strict=False)
    except pl.exceptions.PolarsError as error:
        raise DataError(f'"{form}" is no format of dates, such as %d.%m.%Y %H:%M.') from error


def _days(values: pl.Series) -> NDArray[np.float64]:
    if values.dtype == pl.Time:
        return values.cast(pl.Int64).cast(pl.Float64).to_numpy() / (1000 * _MICROSECONDS)
    if values.dtype == pl.Date:
        return values.cast(pl.Int32).cast(pl.Float64).to_numpy()
    if values.dtype == pl.Duration:
        return values.dt.total_microseconds().cast(pl.Float64).to_numpy() / _MICROSECONDS
    return values.dt.epoch("us").cast(pl.Float64).to_numpy() / _MICROSECONDS


def _has_null(values: pl.Series) -> bool:
    return values.null_count() > 0
